#include "io/keys.h"

/* A source around a source.  A key has one value a file, so a cursor fills an array with it
 * once and hands out as much of it as is asked for, and a filter on a key decides about whole
 * files before anything of them is read.
 *
 * The values are texts in the folders' names; if all of a key's values are ints, or all dates,
 * that is the column's type. */

#include "io/scalar_text.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 64
#define NO_VALUE "__HIVE_DEFAULT_PARTITION__"

typedef struct {
    const char *name;
    cf_kind kind; /* INT64, DATE or TEXT */
    bool nullable;
    cf_view *texts;   /* [file]; data NULL: null */
    int64_t *numbers; /* [file]; not of a TEXT */
} key;

typedef struct {
    cf_source base;
    cf_source *inner;
    key *keys;
    uint32_t key_count;
} keyed;

typedef struct { /* of one key in one partition */
    void *values;
    uint8_t *valid;
    size_t room;
} filled;

typedef struct {
    cf_cursor base;
    cf_cursor *inner;
    filled filled[];
} keyed_cursor;

static cf_status no_memory(const char *where, cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to read %s", where);
}

/* ---- reading ---- */

static cf_status open_inner(keyed *k, uint32_t partition, const int32_t *nodes,
                            size_t node_count, cf_cursor **inner, cf_error *err) {
    int32_t *own = malloc((node_count + 1) * sizeof *own);
    size_t count = 0;
    if (own == NULL) return no_memory(k->base.where, err);
    for (size_t i = 0; i < node_count; i++)
        if (nodes[i] < k->inner->node_count) own[count++] = nodes[i];
    const cf_status status = cf_cursor_open(k->inner, partition, own, count, inner, err);
    free(own);
    return status;
}

static cf_status keyed_cursor_open(cf_source *source, uint32_t partition, const int32_t *nodes,
                                   size_t node_count, cf_cursor **cursor, cf_error *err) {
    keyed *k = (keyed *)source;
    keyed_cursor *c = calloc(1, sizeof *c + k->key_count * sizeof(filled));
    if (c == NULL) return no_memory(source->where, err);
    const cf_status status = open_inner(k, partition, nodes, node_count, &c->inner, err);
    if (status != CF_OK) {
        free(c);
        return status;
    }
    *cursor = &c->base;
    return CF_OK;
}

static bool fill(filled *f, const key *of, uint32_t file, size_t rows) {
    const size_t size = cf_kind_size(of->kind);
    const bool valid = of->texts[file].data != NULL;
    free(f->values);
    free(f->valid);
    f->room = 0;
    f->values = calloc(rows, size);
    f->valid = of->nullable ? malloc(rows) : NULL;
    if (f->values == NULL || (of->nullable && f->valid == NULL)) return false;
    f->room = rows;
    if (f->valid != NULL) memset(f->valid, valid, rows);
    for (size_t i = 0; i < rows && valid; i++)
        if (of->kind == CF_TEXT)
            ((cf_view *)f->values)[i] = of->texts[file];
        else
            ((int64_t *)f->values)[i] = of->numbers[file];
    return true;
}

static cf_status keyed_cursor_read(cf_cursor *cursor, int32_t node, int64_t begin, int64_t end,
                                   cf_array *out, cf_error *err) {
    const keyed *k = (const keyed *)cursor->source;
    keyed_cursor *c = (keyed_cursor *)cursor;
    if (node < k->inner->node_count)
        return cf_cursor_read(c->inner, node, begin, end, out, err);
    const int32_t which = node - k->inner->node_count;
    filled *f = &c->filled[which];
    const size_t rows = (size_t)(end - begin);
    const uint32_t file = k->base.partitions[cursor->partition].file;
    if (rows > f->room && !fill(f, &k->keys[which], file, rows))
        return no_memory(k->base.where, err);
    *out = (cf_array){rows, f->values, f->valid};
    return CF_OK;
}

static void keyed_cursor_close(cf_cursor *cursor, cf_io_stats *add) {
    keyed_cursor *c = (keyed_cursor *)cursor;
    const keyed *k = (const keyed *)cursor->source;
    cf_cursor_close(c->inner, add);
    for (uint32_t i = 0; i < k->key_count; i++) {
        free(c->filled[i].values);
        free(c->filled[i].valid);
    }
    free(c);
}

static int compare_views(cf_view a, cf_view b) {
    const size_t size = (size_t)(a.size < b.size ? a.size : b.size);
    const int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
    if (order != 0) return order;
    return (a.size > b.size) - (a.size < b.size);
}

static bool may_hold(const key *of, uint32_t file, const cf_bound *bound) {
    if (of->texts[file].data == NULL) return false; /* no comparison holds for null */
    int order;
    if (of->kind == CF_TEXT) {
        if (bound->text.data == NULL) return true;
        order = compare_views(of->texts[file], bound->text);
    } else {
        const int64_t exact = INT64_C(1) << 53;
        const double value = (double)of->numbers[file];
        if (of->numbers[file] > exact || of->numbers[file] < -exact) return true;
        order = (value > bound->value) - (value < bound->value);
    }
    switch (bound->compare) {
    case CF_CMP_EQ: return order == 0;
    case CF_CMP_LT: return order < 0;
    case CF_CMP_LE: return order <= 0;
    case CF_CMP_GT: return order > 0;
    case CF_CMP_GE: return order >= 0;
    }
    return true;
}

static bool keyed_may_match(cf_source *source, uint32_t partition, const cf_bound *bounds,
                            size_t count) {
    const keyed *k = (const keyed *)source;
    const uint32_t file = source->partitions[partition].file;
    cf_bound *rest = malloc((count + 1) * sizeof *rest);
    size_t rest_count = 0;
    bool may = true;
    for (size_t i = 0; i < count && may; i++) {
        const int32_t which = bounds[i].node - k->inner->node_count;
        if (which >= 0)
            may = may_hold(&k->keys[which], file, &bounds[i]);
        else if (rest != NULL)
            rest[rest_count++] = bounds[i];
    }
    if (may && rest_count > 0 && k->inner->class->may_match != NULL)
        may = k->inner->class->may_match(k->inner, partition, rest, rest_count);
    free(rest);
    return may;
}

static void keyed_close(cf_source *source) {
    keyed *k = (keyed *)source;
    cf_source_release(k->inner);
    cf_arena_free(source->arena);
    free(k);
}

static const cf_source_class keyed_class = {
    .close = keyed_close,
    .cursor_open = keyed_cursor_open,
    .cursor_read = keyed_cursor_read,
    .cursor_close = keyed_cursor_close,
    .may_match = keyed_may_match,
};

/* ---- the folders' names ---- */

bool cf_is_key_folder(const char *name) {
    const char *equals = strchr(name, '=');
    return equals != NULL && equals > name;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* `%20` is a blank; what is no such pair stays. */
static cf_view decoded(cf_arena *arena, cf_str s) {
    char *out = cf_arena_alloc(arena, s.size + 1, 1);
    size_t size = 0;
    for (size_t i = 0; i < s.size; i++) {
        const bool pair = s.data[i] == '%' && i + 2 < s.size;
        const int high = pair ? hex_digit(s.data[i + 1]) : -1,
                  low = pair ? hex_digit(s.data[i + 2]) : -1;
        const bool good = high >= 0 && low >= 0 && (high != 0 || low != 0);
        out[size++] = good ? (char)(high * 16 + low) : s.data[i];
        i += good ? 2 : 0;
    }
    out[size] = '\0';
    return (cf_view){out, size};
}

typedef struct {
    cf_str name, value; /* as they stand in the path */
} pair;

/* The `key=value` folders of a path; the file's own name is none. */
static size_t pairs_of(const char *path, size_t from, pair *pairs) {
    size_t count = 0;
    for (const char *at = path + from, *slash; (slash = strchr(at, '/')) != NULL;
         at = slash + 1) {
        const char *equals = memchr(at, '=', (size_t)(slash - at));
        if (equals == NULL || equals == at) continue;
        if (count < KEYS_MAX)
            pairs[count] =
                (pair){{at, (size_t)(equals - at)}, {equals + 1, (size_t)(slash - equals - 1)}};
        count++;
    }
    return count;
}

static cf_status differing(const char *first, const char *other, cf_error *err) {
    const cf_status status = cf_fail(
        err, CF_E_MISMATCH, CF_NOWHERE,
        "%s and %s cannot be one relation: their folders name different keys", first, other);
    cf_error_hint(err, "every file lies in folders like `year=2018/month=1`, in this order");
    return status;
}

static cf_status read_pairs(keyed *k, const char *const *paths, uint32_t count, size_t from,
                            cf_error *err) {
    cf_arena *arena = k->base.arena;
    pair first[KEYS_MAX], own[KEYS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        const size_t found = pairs_of(paths[i], from, i == 0 ? first : own);
        if (found > KEYS_MAX)
            return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "%s: more than %d keys in its folders",
                           paths[i], KEYS_MAX);
        if (i == 0) {
            k->keys = CF_NEWS(arena, key, found + 1);
            k->key_count = (uint32_t)found;
        }
        if (found != k->key_count) return differing(paths[0], paths[i], err);
        for (uint32_t n = 0; n < found; n++) {
            const pair *p = i == 0 ? &first[n] : &own[n];
            key *of = &k->keys[n];
            if (!cf_str_equal(p->name, first[n].name))
                return differing(paths[0], paths[i], err);
            if (i == 0) {
                of->name = decoded(arena, p->name).data;
                of->texts = CF_NEWS(arena, cf_view, count);
                of->numbers = CF_NEWS(arena, int64_t, count);
            }
            const bool none = cf_str_is(p->value, NO_VALUE);
            of->texts[i] = none ? (cf_view){0} : decoded(arena, p->value);
            of->nullable |= none;
        }
    }
    return CF_OK;
}

/* ---- types ---- */

static bool read_int(cf_view v, int64_t *out) {
    const bool negative = v.size > 0 && v.data[0] == '-';
    int64_t x = 0;
    if (v.size == negative) return false;
    for (uint64_t i = negative; i < v.size; i++) {
        const int digit = v.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(x, 10, &x) ||
            __builtin_add_overflow(x, negative ? -digit : digit, &x))
            return false;
    }
    *out = x;
    return true;
}

static bool read_date(cf_view v, int64_t *out) {
    return cf_text_to_date(v.data, (size_t)v.size, out);
}

static bool all_are(key *k, uint32_t count, bool (*read)(cf_view, int64_t *)) {
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        if (k->texts[i].data == NULL) continue;
        if (!read(k->texts[i], &k->numbers[i])) return false;
        any = true;
    }
    return any;
}

/* ---- opening ---- */

static const cf_type *joined_schema(keyed *k) {
    const cf_type *inner = k->inner->schema;
    cf_field *fields = CF_NEWS(k->base.arena, cf_field, inner->field_count + k->key_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < inner->field_count; i++) {
        bool hidden_by_key = false;
        for (uint32_t n = 0; n < k->key_count; n++)
            hidden_by_key |= strcmp(inner->fields[i].name, k->keys[n].name) == 0;
        if (!hidden_by_key) fields[count++] = inner->fields[i];
    }
    for (uint32_t n = 0; n < k->key_count; n++)
        fields[count++] = (cf_field){.name = k->keys[n].name,
                                     .type = cf_type_of_kind(k->keys[n].kind),
                                     .nullable = k->keys[n].nullable,
                                     .node = k->inner->node_count + (int32_t)n};
    return cf_type_tuple(k->base.arena, fields, count);
}

static void take_on(keyed *k, const char *where) {
    const cf_source *inner = k->inner;
    cf_source *s = &k->base;
    s->format = inner->format;
    s->where = cf_str_dup(s->arena, cf_str_of(where));
    s->schema = joined_schema(k);
    s->node_count = inner->node_count + (int32_t)k->key_count;
    s->rows = inner->rows;
    s->partition_count = inner->partition_count;
    s->partitions = inner->partitions;
    s->file_count = inner->file_count;
    s->files = inner->files;
}

static keyed *keyed_new(cf_source *inner) {
    keyed *k = calloc(1, sizeof *k);
    cf_arena *arena = k == NULL ? NULL : cf_arena_new(4096);
    if (arena == NULL) {
        free(k);
        return NULL;
    }
    k->base.class = &keyed_class;
    k->base.arena = arena;
    atomic_init(&k->base.refs, 1);
    k->inner = inner;
    return k;
}

cf_status cf_source_with_keys(cf_source *inner, const char *const *paths, uint32_t count,
                              size_t from, const char *where, cf_source **source,
                              cf_error *err) {
    keyed *k = keyed_new(inner);
    if (k == NULL) {
        cf_source_release(inner);
        return no_memory(where, err);
    }
    CF_ASSERT(inner->file_count == count);
    const cf_status status = read_pairs(k, paths, count, from, err);
    if (status == CF_OK && k->key_count > 0) {
        for (uint32_t n = 0; n < k->key_count; n++) {
            key *of = &k->keys[n];
            of->kind = all_are(of, count, read_int)    ? CF_INT64
                       : all_are(of, count, read_date) ? CF_DATE
                                                       : CF_TEXT;
        }
        take_on(k, where);
        *source = &k->base;
        return CF_OK;
    }
    if (status == CF_OK) *source = cf_source_retain(inner);
    keyed_close(&k->base);
    return status;
}
