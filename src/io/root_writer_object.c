#include "io/root_writer_object.h"

/* One table of classes serves twice: it is written into the file, and objects are written by
 * it.  So what the file says about its layout is what the layout is. */

#include "io/root_streamer.h"

#include <stdio.h>
#include <string.h>

/* --- big-endian bytes --- */

static void put_big(cf_root_out *o, uint64_t x, unsigned bytes) {
    char out[8];
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (char)(uint8_t)(x >> (8 * (bytes - 1 - i)));
    cf_text_add(&o->bytes, out, bytes);
}

void cf_root_put8(cf_root_out *o, unsigned x) {
    cf_text_addc(&o->bytes, (char)(uint8_t)x);
}
void cf_root_put16(cf_root_out *o, unsigned x) {
    put_big(o, x, 2);
}
void cf_root_put32(cf_root_out *o, uint32_t x) {
    put_big(o, x, 4);
}
void cf_root_put64(cf_root_out *o, uint64_t x) {
    put_big(o, x, 8);
}

void cf_root_put_chars(cf_root_out *o, const char *data, size_t size) {
    if (size < 255) {
        cf_root_put8(o, (unsigned)size);
    } else {
        cf_root_put8(o, 255);
        cf_root_put32(o, (uint32_t)size);
    }
    cf_text_add(&o->bytes, data, size);
}

void cf_root_put_text(cf_root_out *o, const char *text) {
    cf_root_put_chars(o, text, strlen(text));
}

#define COUNT_MARK UINT32_C(0x40000000)

static void patch32(cf_root_out *o, size_t at, uint32_t x) {
    if (o->bytes.failed) return;
    for (unsigned i = 0; i < 4; i++)
        o->bytes.data[at + i] = (char)(uint8_t)(x >> (8 * (3 - i)));
}

size_t cf_root_put_begin(cf_root_out *o, unsigned version) {
    const size_t begin = o->bytes.size;
    cf_root_put32(o, 0);
    cf_root_put16(o, version);
    return begin;
}

void cf_root_put_end(cf_root_out *o, size_t begin) {
    patch32(o, begin, (uint32_t)(o->bytes.size - begin - 4) | COUNT_MARK);
}

/* --- the table of classes --- */

#define CLASS(name, version, sum) \
    {CF_ROOT_FORM_CLASS, name, 0, "", 0, version, sum, NULL, NULL},
#define BASE(name, type, bytes, version, sum) \
    {CF_ROOT_FORM_BASE, name, type, "BASE", bytes, version, sum, NULL, NULL},
#define NUMBER(name, type, word, bytes) \
    {CF_ROOT_FORM_NUMBER, name, type, word, bytes, 0, 0, NULL, NULL},
#define NUMBERS(name, type, word, counter) \
    {CF_ROOT_FORM_NUMBERS, name, type, word, 8, 0, 0, counter, NULL},
#define STRING(name) \
    {CF_ROOT_FORM_STRING, name, CF_ROOT_TSTRING, "TString", 24, 0, 0, NULL, NULL},
#define OBJECT(name, class, bytes) \
    {CF_ROOT_FORM_OBJECT, name, CF_ROOT_OBJECT, class, bytes, 0, 0, NULL, NULL},
#define ANY(name, class, bytes) \
    {CF_ROOT_FORM_ANY, name, CF_ROOT_ANY, class, bytes, 0, 0, NULL, NULL},
#define POINTER(name, word) \
    {CF_ROOT_FORM_POINTER, name, CF_ROOT_OBJECT_POINTER, word, 8, 0, 0, NULL, NULL},

static const cf_root_member members[] = {
#include "io/root_writer_classes.def"
};

/* A class's members, up to the next class. */
static cf_root_own_class class_at(size_t i) {
    cf_root_own_class c = {members[i].name, members[i].version, members[i].checksum,
                           &members[i + 1], 0};
    while (i + 1 + c.count < CF_COUNT(members) &&
           members[i + 1 + c.count].form != CF_ROOT_FORM_CLASS)
        c.count++;
    return c;
}

static cf_root_own_class class_find(const char *name) {
    for (size_t i = 0; i < CF_COUNT(members); i++)
        if (members[i].form == CF_ROOT_FORM_CLASS && strcmp(members[i].name, name) == 0)
            return class_at(i);
    CF_ASSERT(!"a class that the writer knows");
    return (cf_root_own_class){0};
}

/* --- objects --- */

/* Classes are pointed at like objects, once they were spelled out. */
typedef struct {
    cf_root_out *o;
    struct {
        const char *name;
        uint32_t place;
    } known[32];
    uint32_t known_count;
} writing;

#define NEW_CLASS    UINT32_C(0xffffffff)
#define CLASS_MARK   UINT32_C(0x80000000)
#define PLACE_OFFSET 2 /* 0 and 1 mean something else */

static void put_tobject(cf_root_out *o, uint32_t bits) {
    cf_root_put16(o, 1);
    cf_root_put32(o, 0);
    cf_root_put32(o, UINT32_C(0x03000000) | bits); /* on the heap, alive */
}

static void put_tnamed(cf_root_out *o, const char *name, const char *title) {
    const size_t begin = cf_root_put_begin(o, 1);
    put_tobject(o, 0);
    cf_root_put_text(o, name);
    cf_root_put_text(o, title);
    cf_root_put_end(o, begin);
}

static uint32_t place_here(const cf_root_out *o) {
    return (uint32_t)o->bytes.size + o->before + PLACE_OFFSET;
}

static void put_class_name(writing *w, const char *name) {
    for (uint32_t i = 0; i < w->known_count; i++)
        if (strcmp(w->known[i].name, name) == 0) {
            cf_root_put32(w->o, w->known[i].place | CLASS_MARK);
            return;
        }
    CF_ASSERT(w->known_count < CF_COUNT(w->known));
    w->known[w->known_count].name = name;
    w->known[w->known_count++].place = place_here(w->o);
    cf_root_put32(w->o, NEW_CLASS);
    cf_text_add(&w->o->bytes, name, strlen(name) + 1);
}

static void put_object(writing *w, const char *class_name, cf_root_thing *t);

static void put_pointer(writing *w, cf_root_thing *t) {
    if (t == NULL) {
        cf_root_put32(w->o, 0);
        return;
    }
    if (t->place != 0) {
        cf_root_put32(w->o, t->place);
        return;
    }
    const size_t begin = w->o->bytes.size;
    t->place = place_here(w->o);
    cf_root_put32(w->o, 0);
    put_class_name(w, t->class_name);
    put_object(w, t->class_name, t);
    cf_root_put_end(w->o, begin);
}

static void put_things(writing *w, const cf_root_value *v) {
    const size_t begin = cf_root_put_begin(w->o, 3);
    put_tobject(w->o, 0);
    cf_root_put_text(w->o, "");
    cf_root_put32(w->o, v == NULL ? 0 : (uint32_t)v->number);
    cf_root_put32(w->o, 0); /* counted from 0 */
    for (int64_t i = 0; v != NULL && i < v->number; i++)
        put_pointer(w, v->things[i]);
    cf_root_put_end(w->o, begin);
}

static unsigned width_of(int type) {
    switch (type) {
    case CF_ROOT_CHAR:
    case CF_ROOT_UCHAR:
    case CF_ROOT_BOOL: return 1;
    case CF_ROOT_SHORT: return 2;
    case CF_ROOT_DOUBLE:
    case CF_ROOT_LONG64: return 8;
    default: return 4;
    }
}

static void put_number(cf_root_out *o, int type, const cf_root_value *v) {
    uint64_t bits = v != NULL && v->has == CF_ROOT_HAS_NUMBER ? (uint64_t)v->number : 0;
    if (v != NULL && v->has == CF_ROOT_HAS_REAL && type == CF_ROOT_DOUBLE)
        memcpy(&bits, &v->real, sizeof v->real);
    if (v != NULL && v->has == CF_ROOT_HAS_REAL && type == CF_ROOT_FLOAT) {
        const float x = (float)v->real;
        uint32_t bits32;
        memcpy(&bits32, &x, sizeof x);
        bits = bits32;
    }
    put_big(o, bits, width_of(type));
}

/* A flag says whether any follow. */
static void put_numbers(cf_root_out *o, int type, const cf_root_value *v) {
    const int64_t count = v == NULL ? 0 : v->number;
    cf_root_put8(o, count > 0);
    for (int64_t i = 0; i < count; i++)
        put_big(o, (uint64_t)v->numbers[i], width_of(type - CF_ROOT_COUNTED));
}

/* Members of other classes, all of them empty. */
static void put_any(writing *w, const cf_root_member *m) {
    if (strncmp(m->type_name, "TArray", 6) == 0) {
        cf_root_put32(w->o, 0);
        return;
    }
    const cf_root_own_class c = class_find(m->type_name);
    const size_t begin = cf_root_put_begin(w->o, 0); /* no version but a checksum */
    cf_root_put32(w->o, c.checksum);
    for (uint32_t i = 0; i < c.count; i++)
        put_number(w->o, c.members[i].type, NULL);
    cf_root_put_end(w->o, begin);
}

static const cf_root_value *value_of(const cf_root_thing *t, const char *member) {
    for (uint32_t i = 0; i < t->count; i++)
        if (strcmp(t->values[i].member, member) == 0) return &t->values[i];
    return NULL;
}

static void put_member(writing *w, const cf_root_member *m, cf_root_thing *t) {
    const cf_root_value *v = value_of(t, m->name);
    switch (m->form) {
    case CF_ROOT_FORM_BASE:
        if (m->type == CF_ROOT_TOBJECT)
            put_tobject(w->o, t->bits);
        else
            put_object(w, m->name, t);
        break;
    case CF_ROOT_FORM_NUMBER: put_number(w->o, m->type, v); break;
    case CF_ROOT_FORM_NUMBERS: put_numbers(w->o, m->type, v); break;
    case CF_ROOT_FORM_STRING: cf_root_put_text(w->o, v == NULL ? "" : v->text); break;
    case CF_ROOT_FORM_OBJECT: put_things(w, v); break;
    case CF_ROOT_FORM_ANY: put_any(w, m); break;
    case CF_ROOT_FORM_POINTER: put_pointer(w, v == NULL ? NULL : v->things[0]); break;
    case CF_ROOT_FORM_CLASS: break;
    }
}

static void put_object(writing *w, const char *class_name, cf_root_thing *t) {
    const cf_root_own_class c = class_find(class_name);
    const size_t begin = cf_root_put_begin(w->o, (unsigned)c.version);
    for (uint32_t i = 0; i < c.count; i++)
        put_member(w, &c.members[i], t);
    cf_root_put_end(w->o, begin);
}

void cf_root_put_thing(cf_root_out *o, cf_root_thing *t) {
    writing w = {.o = o};
    put_object(&w, t->class_name, t);
}

static cf_root_value *value_new(cf_root_thing *t, const char *member, cf_root_has has) {
    CF_ASSERT(t->count < CF_ROOT_VALUES_MAX);
    cf_root_value *v = &t->values[t->count++];
    *v = (cf_root_value){.member = member, .has = has};
    return v;
}

cf_root_thing *cf_root_thing_new(cf_arena *arena, const char *class_name, const char *name,
                                 const char *title) {
    cf_root_thing *t = CF_NEW(arena, cf_root_thing);
    t->class_name = class_name;
    cf_root_thing_text(t, "fName", name);
    cf_root_thing_text(t, "fTitle", title);
    return t;
}

void cf_root_thing_number(cf_root_thing *t, const char *member, int64_t x) {
    value_new(t, member, CF_ROOT_HAS_NUMBER)->number = x;
}
void cf_root_thing_real(cf_root_thing *t, const char *member, double x) {
    value_new(t, member, CF_ROOT_HAS_REAL)->real = x;
}
void cf_root_thing_text(cf_root_thing *t, const char *member, const char *text) {
    value_new(t, member, CF_ROOT_HAS_TEXT)->text = text;
}
void cf_root_thing_numbers(cf_root_thing *t, const char *member, const int64_t *x, int64_t n) {
    cf_root_value *v = value_new(t, member, CF_ROOT_HAS_NUMBERS);
    v->numbers = x;
    v->number = n;
}
void cf_root_thing_things(cf_root_thing *t, const char *member, cf_root_thing *const *x,
                          int64_t n) {
    cf_root_value *v = value_new(t, member, CF_ROOT_HAS_THINGS);
    v->things = x;
    v->number = n;
}
void cf_root_thing_pointer(cf_root_thing *t, const char *member, cf_root_thing *const *to) {
    cf_root_value *v = value_new(t, member, CF_ROOT_HAS_THING);
    v->things = to;
    v->number = 1;
}

/* --- class descriptions --- */

static void checksum_add(uint32_t *sum, const char *text) {
    for (; *text != '\0'; text++)
        *sum = *sum * 3 + (uint8_t)*text;
}

uint32_t cf_root_class_checksum(const char *name, const cf_root_member *first, uint32_t count) {
    uint32_t sum = 0;
    checksum_add(&sum, name);
    for (uint32_t i = 0; i < count; i++) {
        checksum_add(&sum, first[i].name);
        if (first[i].form == CF_ROOT_FORM_BASE)
            sum = sum * 3 + first[i].checksum;
        else
            checksum_add(&sum, first[i].type_name);
    }
    return sum;
}

/* What describes a member of each form. */
static const struct {
    const char *class_name;
    unsigned version;
} descriptions[] = {
    [CF_ROOT_FORM_BASE] = {"TStreamerBase", 3},
    [CF_ROOT_FORM_NUMBER] = {"TStreamerBasicType", 2},
    [CF_ROOT_FORM_NUMBERS] = {"TStreamerBasicPointer", 2},
    [CF_ROOT_FORM_STRING] = {"TStreamerString", 2},
    [CF_ROOT_FORM_OBJECT] = {"TStreamerObject", 2},
    [CF_ROOT_FORM_ANY] = {"TStreamerObjectAny", 2},
    [CF_ROOT_FORM_POINTER] = {"TStreamerObjectPointer", 2},
};

/* The title of a counted pointer names its counter. */
static void put_element(cf_root_out *o, const cf_root_member *m) {
    char counter[64] = "";
    if (m->form == CF_ROOT_FORM_NUMBERS)
        (void)snprintf(counter, sizeof counter, "[%s]", m->counter);
    const size_t begin = cf_root_put_begin(o, 4);
    put_tnamed(o, m->name, m->title != NULL ? m->title : counter);
    cf_root_put32(o, (uint32_t)m->type);
    cf_root_put32(o, (uint32_t)m->bytes);
    cf_root_put32(o, 0); /* no dimensions */
    cf_root_put32(o, 0);
    for (int i = 0; i < 5; i++)
        cf_root_put32(o, i == 1 ? m->checksum : 0);
    cf_root_put_text(o, m->type_name);
    cf_root_put_end(o, begin);
}

static void put_member_description(writing *w, const cf_root_own_class *c,
                                   const cf_root_member *m) {
    const size_t pointer = w->o->bytes.size;
    cf_root_put32(w->o, 0);
    put_class_name(w, descriptions[m->form].class_name);
    const size_t begin = cf_root_put_begin(w->o, descriptions[m->form].version);
    put_element(w->o, m);
    if (m->form == CF_ROOT_FORM_BASE) cf_root_put32(w->o, (uint32_t)m->version);
    if (m->form == CF_ROOT_FORM_NUMBERS) {
        cf_root_put32(w->o, (uint32_t)c->version);
        cf_root_put_text(w->o, m->counter);
        cf_root_put_text(w->o, c->name);
    }
    cf_root_put_end(w->o, begin);
    cf_root_put_end(w->o, pointer);
}

static void put_class(writing *w, const cf_root_own_class *c) {
    const size_t pointer = w->o->bytes.size;
    cf_root_put32(w->o, 0);
    put_class_name(w, "TStreamerInfo");
    const size_t begin = cf_root_put_begin(w->o, 9);
    put_tnamed(w->o, c->name, "");
    cf_root_put32(w->o, c->checksum);
    cf_root_put32(w->o, (uint32_t)c->version);
    const size_t list_pointer = w->o->bytes.size;
    cf_root_put32(w->o, 0);
    put_class_name(w, "TObjArray");
    const size_t list = cf_root_put_begin(w->o, 3);
    put_tobject(w->o, 0);
    cf_root_put_text(w->o, "");
    cf_root_put32(w->o, c->count);
    cf_root_put32(w->o, 0);
    for (uint32_t i = 0; i < c->count; i++)
        put_member_description(w, c, &c->members[i]);
    cf_root_put_end(w->o, list);
    cf_root_put_end(w->o, list_pointer);
    cf_root_put_end(w->o, begin);
    cf_root_put_end(w->o, pointer);
    cf_root_put8(w->o, 0); /* an option of the list */
}

void cf_root_put_classes(cf_root_out *o, const cf_root_own_class *own, uint32_t own_count) {
    writing w = {.o = o};
    uint32_t count = own_count;
    for (size_t i = 0; i < CF_COUNT(members); i++)
        count += members[i].form == CF_ROOT_FORM_CLASS;
    const size_t begin = cf_root_put_begin(o, 5);
    put_tobject(o, 0);
    cf_root_put_text(o, "");
    cf_root_put32(o, count);
    for (size_t i = 0; i < CF_COUNT(members); i++) {
        if (members[i].form != CF_ROOT_FORM_CLASS) continue;
        const cf_root_own_class c = class_at(i);
        put_class(&w, &c);
    }
    for (uint32_t i = 0; i < own_count; i++)
        put_class(&w, &own[i]);
    cf_root_put_end(o, begin);
}
