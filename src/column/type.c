#include "column/type.h"

#include <string.h>

static const struct {
    const char *word;
    size_t bytes;
} kinds[] = {
#define CF_KIND(name, bytes, word) {word, bytes},
    CF_KINDS(CF_KIND)
#undef CF_KIND
};

/* One shared type for each kind; those of LIST and TUPLE are never handed out. */
static const cf_type types[] = {
#define CF_KIND(name, bytes, word) {.kind = CF_##name},
    CF_KINDS(CF_KIND)
#undef CF_KIND
};

const cf_type cf_type_null = {.kind = CF_NULL}, cf_type_bool = {.kind = CF_BOOL},
              cf_type_int = {.kind = CF_INT64}, cf_type_float = {.kind = CF_FLOAT64},
              cf_type_text = {.kind = CF_TEXT}, cf_type_date = {.kind = CF_DATE},
              cf_type_time = {.kind = CF_TIME}, cf_type_timestamp = {.kind = CF_TIMESTAMP},
              cf_type_duration = {.kind = CF_DURATION};

size_t cf_kind_size(cf_kind kind) {
    return kinds[kind].bytes;
}

const char *cf_kind_word(cf_kind kind) {
    return kinds[kind].word;
}

bool cf_kind_is_integer(cf_kind kind) {
    return kind == CF_INT64 || (kind >= CF_INT8 && kind <= CF_UINT64);
}

bool cf_kind_is_float(cf_kind kind) {
    return kind == CF_FLOAT64 || kind == CF_FLOAT32;
}

bool cf_kind_is_number(cf_kind kind) {
    return cf_kind_is_integer(kind) || cf_kind_is_float(kind) || kind == CF_DECIMAL;
}

cf_kind cf_kind_widened(cf_kind kind) {
    if (cf_kind_is_integer(kind)) return CF_INT64;
    if (cf_kind_is_number(kind)) return CF_FLOAT64;
    return kind;
}

const cf_type *cf_type_of_kind(cf_kind kind) {
    CF_ASSERT(kind < CF_KIND_COUNT && kind != CF_LIST && kind != CF_TUPLE);
    return &types[kind];
}

const cf_type *cf_type_list(cf_arena *arena, const cf_type *element) {
    cf_field *field = CF_NEW(arena, cf_field);
    *field = (cf_field){.name = "", .type = element, .nullable = true, .node = -1};
    cf_type *list = CF_NEW(arena, cf_type);
    *list = (cf_type){.kind = CF_LIST, .field_count = 1, .fields = field};
    return list;
}

const cf_type *cf_type_tuple(cf_arena *arena, const cf_field *fields, uint32_t count) {
    cf_field *copy = CF_NEWS(arena, cf_field, count);
    if (count > 0) memcpy(copy, fields, sizeof *copy * count);
    cf_type *tuple = CF_NEW(arena, cf_type);
    *tuple = (cf_type){.kind = CF_TUPLE, .field_count = count, .fields = copy};
    return tuple;
}

static const char *string_copy(cf_arena *arena, const char *s) {
    return s == NULL ? NULL : cf_str_dup(arena, cf_str_of(s));
}

const cf_type *cf_type_copy(cf_arena *arena, const cf_type *type) {
    cf_type *copy = CF_NEW(arena, cf_type);
    *copy = *type;
    if (type->field_count == 0) return copy;
    cf_field *fields = CF_NEWS(arena, cf_field, type->field_count);
    for (uint32_t i = 0; i < type->field_count; i++) {
        fields[i] = type->fields[i];
        fields[i].name = string_copy(arena, type->fields[i].name);
        fields[i].type = cf_type_copy(arena, type->fields[i].type);
        fields[i].file_name = string_copy(arena, type->fields[i].file_name);
        fields[i].unit = string_copy(arena, type->fields[i].unit);
        fields[i].doc = string_copy(arena, type->fields[i].doc);
        fields[i].unreadable = string_copy(arena, type->fields[i].unreadable);
    }
    copy->fields = fields;
    return copy;
}

bool cf_type_equal(const cf_type *a, const cf_type *b) {
    if (a == b) return true;
    if (a->kind != b->kind || a->scale != b->scale || a->field_count != b->field_count)
        return false;
    for (uint32_t i = 0; i < a->field_count; i++) {
        if (strcmp(a->fields[i].name, b->fields[i].name) != 0) return false;
        if (!cf_type_equal(a->fields[i].type, b->fields[i].type)) return false;
    }
    return true;
}

const cf_field *cf_type_field(const cf_type *tuple, cf_str name) {
    for (uint32_t i = 0; i < tuple->field_count; i++)
        if (cf_str_is(name, tuple->fields[i].name)) return &tuple->fields[i];
    return NULL;
}

/* Letters (any above ASCII too), digits, underscores. */
static bool is_plain_name(const char *name) {
    for (const char *p = name; *p != '\0'; p++) {
        const char c = *p;
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                            (unsigned char)c >= 0x80;
        if (!letter && (p == name || c < '0' || c > '9')) return false;
    }
    return true;
}

static void print_name(cf_text *out, const char *name) {
    const char *quote = is_plain_name(name) ? "" : "`";
    cf_text_adds(out, quote);
    cf_text_adds(out, name);
    cf_text_adds(out, quote);
    cf_text_adds(out, " = ");
}

static void print_fields(cf_text *out, const cf_type *type, bool width) {
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (i > 0) cf_text_adds(out, ", ");
        if (type->fields[i].name[0] != '\0') print_name(out, type->fields[i].name);
        cf_type_print(out, type->fields[i].type, width);
    }
}

void cf_type_print(cf_text *out, const cf_type *type, bool width) {
    const bool list = type->kind == CF_LIST;
    if (list || type->kind == CF_TUPLE) {
        cf_text_addc(out, list ? '[' : '{');
        print_fields(out, type, width);
        cf_text_addc(out, list ? ']' : '}');
        return;
    }
    /* A decimal stays one: users meet it as exact digits, whatever arithmetic makes of it. */
    const bool widen = !width && type->kind != CF_DECIMAL;
    cf_text_adds(out, cf_kind_word(widen ? cf_kind_widened(type->kind) : type->kind));
}
