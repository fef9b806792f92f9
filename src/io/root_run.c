#include "io/root_run.h"

/* Serialised bytes have no more structure than what the steps know.  Memory is bounded by the
 * bytes: whatever takes none of them is refused. */

#include <stdlib.h>
#include <string.h>

bool cf_root_run_init(cf_root_run *run, uint32_t slot_count) {
    *run = (cf_root_run){.slot_count = slot_count};
    run->made = calloc(slot_count + (size_t)1, sizeof *run->made);
    return run->made != NULL;
}

void cf_root_run_clear(cf_root_run *run) {
    if (run->made != NULL)
        for (uint32_t i = 0; i < run->slot_count; i++)
            free(run->made[i].values);
    free(run->made);
    *run = (cf_root_run){0};
}

void cf_root_run_reset(cf_root_run *run) {
    for (uint32_t i = 0; i < run->slot_count; i++)
        run->made[i].count = 0;
    run->no_memory = false;
    run->problem = NULL;
}

/* Room for `count` more values of `size` bytes. */
static void *room(cf_root_run *run, int32_t slot, size_t size, size_t count) {
    cf_root_made *m = &run->made[slot];
    m->size = size;
    if (m->values == NULL || count > m->capacity - m->count) {
        size_t capacity = m->capacity + m->capacity / 2;
        if (capacity < m->count + count) capacity = m->count + count;
        if (capacity < 64) capacity = 64;
        uint8_t *more =
            capacity <= SIZE_MAX / size ? realloc(m->values, capacity * size) : NULL;
        if (more == NULL) {
            run->no_memory = true;
            return NULL;
        }
        m->values = more;
        m->capacity = capacity;
    }
    void *place = m->values + m->count * size;
    m->count += count;
    return place;
}

static void basic(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b, size_t count) {
    if (count > cf_root_left(b) / s->decoder.width) {
        run->problem = "an entry has fewer bytes than values";
        return;
    }
    const uint8_t *src = cf_root_bytes(b, count * s->decoder.width);
    if (s->node < 0) return;
    void *dst = room(run, s->slot, cf_kind_size(s->decoder.kind), count);
    if (dst != NULL) cf_root_decode(&s->decoder, src, count, dst);
}

/* Some old files left empty texts out altogether: an entry without bytes is one. */
static void text(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b, size_t count) {
    if (count > cf_root_left(b) + 1) {
        run->problem = "an entry has fewer bytes than texts";
        return;
    }
    for (size_t i = 0; i < count && run->problem == NULL; i++) {
        const cf_str str = cf_root_left(b) > 0 ? cf_root_text(b) : (cf_str){"", 0};
        if (b->bad) run->problem = "a text is longer than its entry";
        const char *nul = s->size != 0 ? memchr(str.data, 0, str.size) : NULL; /* a C string */
        const size_t size = nul != NULL ? (size_t)(nul - str.data) : str.size;
        cf_view *view = s->node >= 0 ? room(run, s->slot, sizeof *view, 1) : NULL;
        if (view != NULL) *view = (cf_view){str.data, size};
        if (run->no_memory) return;
    }
}

static void flags(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b, size_t count) {
    if (count > cf_root_left(b) / 4) {
        run->problem = "an entry has fewer bytes than values";
        return;
    }
    uint32_t *dst = s->node >= 0 ? room(run, s->slot, sizeof *dst, count) : NULL;
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = cf_root_u32(b);
        if (bits & UINT32_C(0x10)) (void)cf_root_u16(b); /* is referenced: by which process */
        if (dst != NULL) dst[i] = bits;
    }
}

/* `char *` and the like: a text behind four bytes of length. */
static void chars(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b) {
    const size_t size = cf_root_u32(b);
    const uint8_t *p = cf_root_bytes(b, size);
    cf_view *view = s->node >= 0 && p != NULL ? room(run, s->slot, sizeof *view, 1) : NULL;
    if (view != NULL) *view = (cf_view){(const char *)p, size};
}

static void children(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b) {
    for (uint32_t i = 0; i < s->child_count && run->problem == NULL && !run->no_memory; i++)
        (void)cf_root_run_step(run, s->children[i], b, 1);
}

/* Members stored apart: first all values of one member, then all of the next. */
static void members_apart(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b,
                          size_t count) {
    for (uint32_t i = 0; i < s->child_count && run->problem == NULL && !run->no_memory; i++) {
        if (s->children[i]->kind == CF_ROOT_STEP_BASE)
            members_apart(run, s->children[i], b, count);
        else
            (void)cf_root_run_step(run, s->children[i], b, count);
    }
}

/* Remembers where a list ends among its elements; the first offset is 0. */
static void list_end(cf_root_run *run, const cf_root_step *s, size_t elements) {
    if (s->node < 0) return;
    const bool first = run->made[s->slot].count == 0;
    uint32_t *offsets = room(run, s->slot, sizeof *offsets, first ? 2 : 1);
    if (offsets == NULL) return;
    uint64_t end = elements;
    if (first)
        *offsets++ = 0;
    else
        end += offsets[-1];
    if (end > INT32_MAX) run->problem = "a basket has more than 2147483647 elements";
    *offsets = (uint32_t)end;
}

static void list(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b, size_t elements,
                 bool apart) {
    if (elements > cf_root_left(b)) { /* there is no element without a byte */
        run->problem = "a list is longer than its entry";
        return;
    }
    (void)cf_root_bytes(b, s->kind == CF_ROOT_STEP_LIST ? s->size : 0);
    list_end(run, s, elements);
    const cf_root_step *e = s->children[0];
    const bool object = e->kind == CF_ROOT_STEP_OBJECT || e->kind == CF_ROOT_STEP_TUPLE;
    if (elements == 0 || run->problem != NULL) return;
    if (apart && object)
        members_apart(run, e, b, elements);
    else
        (void)cf_root_run_step(run, e, b, elements);
}

/* The value that another step read last. */
static size_t counted(const cf_root_run *run, const cf_root_step *counter) {
    if (counter->node < 0) return SIZE_MAX;
    const cf_root_made *m = &run->made[counter->slot];
    if (m->count == 0) return SIZE_MAX;
    const uint8_t *p = m->values + (m->count - 1) * m->size;
    int64_t n = 0;
    if (m->size == 1) {
        int8_t n8;
        memcpy(&n8, p, sizeof n8);
        n = n8; /* NOLINT(bugprone-signed-char-misuse): a number, no character */
    } else if (m->size == 2) {
        int16_t n16;
        memcpy(&n16, p, sizeof n16);
        n = n16;
    } else if (m->size == 4) {
        int32_t n32;
        memcpy(&n32, p, sizeof n32);
        n = n32;
    } else {
        memcpy(&n, p, sizeof n);
    }
    return n < 0 ? SIZE_MAX : (size_t)n;
}

static void leaf_list(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b) {
    size_t elements = counted(run, s->counter);
    if (s->size > 0) { /* a pointer: 0 says that nothing follows */
        const uint8_t *flag = cf_root_bytes(b, s->size);
        if (flag != NULL && *flag == 0) elements = 0;
    }
    list(run, s, b, elements, false);
}

/* A version; classes that ROOT does not know well have version 0 and a checksum. */
static int class_version(cf_root_buffer *b, size_t *end) {
    const int version = cf_root_version(b, end);
    if (version == 0) (void)cf_root_u32(b);
    return version;
}

static void object(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b) {
    size_t end;
    const int version = class_version(b, &end);
    if (s->size != 0 && version > 0 && (uint32_t)version != s->size && run->problem == NULL)
        run->problem = "an object was written by another version of its class";
    children(run, s, b);
    cf_root_finish(b, end);
}

/* A collection: its version tells if the members of its elements are stored apart. */
static void header(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b, size_t count) {
    size_t end;
    if (count == 0) return;
    const int version = cf_root_version(b, &end);
    const bool apart = (version & 0x4000) != 0;
    const cf_root_step *child = s->children[0];
    if (!apart) {
        (void)cf_root_run_step(run, child, b, count);
    } else if (child->kind != CF_ROOT_STEP_LIST) {
        run->problem = "its members are stored apart";
    } else {
        if (cf_root_u16(b) == 0) (void)cf_root_u32(b); /* the elements' class version */
        for (size_t i = 0; i < count && run->problem == NULL && !b->bad; i++)
            list(run, child, b, cf_root_u32(b), true);
    }
    cf_root_finish(b, end);
}

static void pointer(cf_root_buffer *b) {
    const uint32_t tag = cf_root_u32(b);
    if ((tag & UINT32_C(0x40000000)) != 0 && tag != UINT32_C(0xffffffff))
        (void)cf_root_bytes(b, tag & UINT32_C(0x3fffffff));
    else if (tag == UINT32_C(0xffffffff))
        b->bad = true; /* without byte count there is no way over it */
}

static void once(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b) {
    switch (s->kind) {
    case CF_ROOT_STEP_CHARS: chars(run, s, b); break;
    case CF_ROOT_STEP_SKIP: (void)cf_root_bytes(b, s->size); break;
    case CF_ROOT_STEP_CLASS_NAME:
        (void)cf_root_text(b);
        (void)cf_root_u8(b);
        break;
    case CF_ROOT_STEP_POINTER: pointer(b); break;
    case CF_ROOT_STEP_TUPLE: children(run, s, b); break;
    case CF_ROOT_STEP_OBJECT:
    case CF_ROOT_STEP_BASE: object(run, s, b); break;
    case CF_ROOT_STEP_LIST: list(run, s, b, cf_root_u32(b), false); break;
    case CF_ROOT_STEP_LEAF_LIST: leaf_list(run, s, b); break;
    default: break;
    }
}

bool cf_root_run_step(cf_root_run *run, const cf_root_step *s, cf_root_buffer *b,
                      size_t count) {
    switch (s->kind) {
    case CF_ROOT_STEP_BASIC: basic(run, s, b, count); break;
    case CF_ROOT_STEP_TEXT: text(run, s, b, count); break;
    case CF_ROOT_STEP_BITS: flags(run, s, b, count); break;
    case CF_ROOT_STEP_HEADER: header(run, s, b, count); break;
    case CF_ROOT_STEP_FIXED:
        if (s->size != 0 && count > SIZE_MAX / s->size)
            run->problem = "an entry has fewer bytes than values";
        else
            (void)cf_root_run_step(run, s->children[0], b, count * s->size);
        break;
    default:
        if (count > cf_root_left(b) + 1) /* so that what takes no bytes comes to an end */
            run->problem = "an entry has fewer bytes than values";
        for (size_t i = 0; i < count && run->problem == NULL && !b->bad && !run->no_memory; i++)
            once(run, s, b);
    }
    if (b->bad && run->problem == NULL) run->problem = "an entry ends too early";
    return run->problem == NULL && !run->no_memory;
}
