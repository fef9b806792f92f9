#include "exec/state.h"

#include "prim/group.h"
#include "prim/reduce.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide_int;

/* Different values seen so far.  Texts lie one after the other in `bytes`. */
typedef struct {
    uint32_t *table; /* entry + 1; 0: free */
    size_t table_size;
    uint64_t *key; /* [count] the number, or the text's hash */
    uint64_t *at;  /* [count + 1] texts only: where in bytes */
    size_t count, capacity;
    cf_text bytes;
} value_set;

struct cf_state {
    cf_reduce kind;
    cf_kind value_kind;
    int64_t count;    /* rows that count: all, valid, NaN, .. */
    cf_lanes sum;     /* of floats; STDDEV: of x - shift */
    cf_lanes squares; /* STDDEV: of (x - shift) squared */
    double shift;     /* STDDEV: the first value */
    bool sealed;      /* then mean and squared are set, or total */
    double total;     /* of floats */
    double mean, squared;
    wide_int whole; /* the sum of whole numbers */
    bool any, all;
    bool have; /* MIN, MAX: a value; NaN only while there is no other */
    int64_t best_int;
    double best_float;
    cf_text text; /* MIN, MAX of texts; CONCAT */
    value_set set;
};

cf_state *cf_state_new(cf_reduce kind, cf_kind value_kind) {
    cf_state *s = calloc(1, sizeof *s);
    if (s == NULL) return NULL;
    s->kind = kind;
    s->value_kind = value_kind;
    s->all = true;
    return s;
}

void cf_state_free(cf_state *s) {
    if (s == NULL) return;
    cf_text_clear(&s->text);
    cf_text_clear(&s->set.bytes);
    free(s->set.table);
    free(s->set.key);
    free(s->set.at);
    free(s);
}

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for an aggregate");
}

int cf_state_compare_text(cf_view a, cf_view b) {
    return cf_str_compare((cf_str){a.data, (size_t)a.size}, (cf_str){b.data, (size_t)b.size});
}

/* --- different values --- */

static bool set_same(const value_set *s, size_t entry, uint64_t key, cf_view text,
                     bool is_text) {
    if (s->key[entry] != key) return false;
    if (!is_text) return true;
    const uint64_t size = s->at[entry + 1] - s->at[entry];
    return size == text.size &&
           (size == 0 || memcmp(s->bytes.data + s->at[entry], text.data, size) == 0);
}

static size_t set_find(const value_set *s, uint64_t key, cf_view text, bool is_text) {
    size_t at = (size_t)cf_hash_u64(key, 0) & (s->table_size - 1);
    while (s->table[at] != 0 && !set_same(s, s->table[at] - 1, key, text, is_text))
        at = (at + 1) & (s->table_size - 1);
    return at;
}

static bool set_grow_table(value_set *s) {
    const size_t size = s->table_size == 0 ? 64 : s->table_size * 2;
    uint32_t *table = calloc(size, sizeof *table);
    if (table == NULL) return false;
    for (size_t i = 0; i < s->table_size; i++) {
        if (s->table[i] == 0) continue;
        size_t at = (size_t)cf_hash_u64(s->key[s->table[i] - 1], 0) & (size - 1);
        while (table[at] != 0)
            at = (at + 1) & (size - 1);
        table[at] = s->table[i];
    }
    free(s->table);
    s->table = table;
    s->table_size = size;
    return true;
}

static bool set_grow_entries(value_set *s) {
    const size_t capacity = s->capacity == 0 ? 32 : s->capacity * 2;
    uint64_t *key = realloc(s->key, capacity * sizeof *key);
    if (key == NULL) return false;
    s->key = key;
    uint64_t *at = realloc(s->at, (capacity + 1) * sizeof *at);
    if (at == NULL) return false;
    s->at = at;
    s->capacity = capacity;
    return true;
}

static bool set_add(value_set *s, uint64_t key, cf_view text, bool is_text) {
    if (s->count * 2 >= s->table_size && !set_grow_table(s)) return false;
    const size_t at = set_find(s, key, text, is_text);
    if (s->table[at] != 0) return true;
    if (s->count >= UINT32_MAX - 1 || (s->count == s->capacity && !set_grow_entries(s)))
        return false;
    s->table[at] = (uint32_t)s->count + 1;
    s->key[s->count] = key;
    s->at[s->count] = s->bytes.size;
    if (is_text) cf_text_add(&s->bytes, text.data, (size_t)text.size);
    s->at[++s->count] = s->bytes.size;
    return !s->bytes.failed;
}

static uint64_t text_hash(cf_view v) {
    return cf_hash_bytes(v.data, (size_t)v.size, 0);
}

static uint64_t number_at(const cf_vec *x, size_t i) {
    uint64_t key;
    if (x->kind == CF_FLOAT64)
        cf_prim_equal_f64(&key, CF_VEC_DATA(*x, double) + i, 1);
    else if (x->kind == CF_BOOL)
        key = CF_VEC_DATA(*x, uint8_t)[i];
    else
        key = CF_VEC_DATA(*x, uint64_t)[i];
    return key;
}

static bool add_distinct(cf_state *s, const cf_vec *x, size_t begin, size_t end) {
    const bool is_text = x->kind == CF_TEXT;
    for (size_t i = begin; i < end; i++) {
        if (x->valid != NULL && !x->valid[i]) continue;
        const cf_view text = is_text ? CF_VEC_DATA(*x, cf_view)[i] : (cf_view){NULL, 0};
        if (!set_add(&s->set, is_text ? text_hash(text) : number_at(x, i), text, is_text))
            return false;
    }
    return true;
}

static bool merge_distinct(cf_state *left, const cf_state *right) {
    const bool is_text = left->value_kind == CF_TEXT;
    const value_set *r = &right->set;
    for (size_t i = 0; i < r->count; i++) {
        cf_view text = {NULL, 0};
        if (is_text && r->bytes.data != NULL)
            text = (cf_view){r->bytes.data + r->at[i], r->at[i + 1] - r->at[i]};
        if (!set_add(&left->set, r->key[i], text, is_text)) return false;
    }
    return true;
}

/* --- adding rows --- */

static int64_t valid_count(const cf_vec *x, size_t begin, size_t end) {
    if (x->valid == NULL) return (int64_t)(end - begin);
    return cf_prim_count_u8(x->valid + begin, end - begin);
}

static void add_sum(cf_state *s, const cf_vec *x, size_t begin, size_t end) {
    s->count += valid_count(x, begin, end);
    if (x->kind == CF_FLOAT64) {
        cf_prim_lanes_add(&s->sum, CF_VEC_DATA(*x, double) + begin, end - begin);
    } else if (x->kind == CF_BOOL) {
        s->whole += cf_prim_count_u8(CF_VEC_DATA(*x, uint8_t) + begin, end - begin);
    } else {
        const int64_t *v = CF_VEC_DATA(*x, int64_t);
        for (size_t i = begin; i < end; i++)
            s->whole += v[i];
    }
}

#define PIECE 256

/* Whole numbers as doubles, piece by piece. */
static const double *as_doubles(const cf_vec *x, size_t begin, size_t count, double *room) {
    if (x->kind == CF_FLOAT64) return CF_VEC_DATA(*x, double) + begin;
    for (size_t i = 0; i < count; i++)
        room[i] = x->kind == CF_BOOL ? (double)CF_VEC_DATA(*x, uint8_t)[begin + i]
                                     : (double)CF_VEC_DATA(*x, int64_t)[begin + i];
    return room;
}

static void add_spread(cf_state *s, const cf_vec *x, size_t begin, size_t end) {
    double room[PIECE];
    for (; begin < end; begin += PIECE) {
        const size_t count = end - begin < PIECE ? end - begin : PIECE;
        const double *v = as_doubles(x, begin, count, room);
        const uint8_t *valid = x->valid == NULL ? NULL : x->valid + begin;
        for (size_t i = 0; i < count && !s->have; i++) {
            s->have = valid == NULL || valid[i];
            if (s->have) s->shift = v[i];
        }
        s->count += valid_count(x, begin, begin + count);
        if (s->have) {
            cf_prim_lanes_add_shifted(&s->sum, v, valid, s->shift, count);
            cf_prim_lanes_add_squares(&s->squares, v, valid, s->shift, count);
        } else { /* nothing but nulls so far: they add zero */
            s->sum.ordinal += count;
            s->squares.ordinal += count;
        }
    }
}

static bool keep_text(cf_state *s, cf_view v) {
    s->text.size = 0;
    cf_text_add(&s->text, v.data, (size_t)v.size);
    return !s->text.failed;
}

static bool add_best_text(cf_state *s, cf_view v) {
    const cf_view best = {s->text.data, s->text.size};
    const int order = s->have ? cf_state_compare_text(v, best) : 0;
    if (s->have && !(s->kind == CF_R_MAX ? order > 0 : order < 0)) return true;
    s->have = true;
    return keep_text(s, v);
}

static void add_best_float(cf_state *s, double v) {
    const double best = s->best_float;
    const bool better = s->kind == CF_R_MAX ? v > best : v < best;
    if (!s->have || better || (best != best && v == v)) s->best_float = v;
    s->have = true;
}

static void add_best_int(cf_state *s, int64_t v) {
    if (!s->have || (s->kind == CF_R_MAX ? v > s->best_int : v < s->best_int)) s->best_int = v;
    s->have = true;
}

static bool add_best(cf_state *s, const cf_vec *x, size_t begin, size_t end) {
    if (x->kind != CF_TEXT && x->kind != CF_BOOL) { /* the first best row of all */
        const int32_t offsets[2] = {0, (int32_t)(end - begin)};
        const uint8_t *valid = x->valid == NULL ? NULL : x->valid + begin;
        int32_t row;
        const bool largest = s->kind == CF_R_MAX;
        if (x->kind == CF_FLOAT64) {
            const double *v = CF_VEC_DATA(*x, double) + begin;
            cf_prim_best_row_f64(&row, v, valid, offsets, 1, largest);
            if (row >= 0) add_best_float(s, v[row]);
        } else {
            const int64_t *v = CF_VEC_DATA(*x, int64_t) + begin;
            cf_prim_best_row_i64(&row, v, valid, offsets, 1, largest);
            if (row >= 0) add_best_int(s, v[row]);
        }
        return true;
    }
    for (size_t i = begin; i < end; i++) {
        if (x->valid != NULL && !x->valid[i]) continue;
        if (x->kind == CF_BOOL)
            add_best_int(s, CF_VEC_DATA(*x, uint8_t)[i]);
        else if (!add_best_text(s, CF_VEC_DATA(*x, cf_view)[i]))
            return false;
    }
    return true;
}

static void add_bool(cf_state *s, const cf_vec *x, size_t begin, size_t end) {
    const int32_t offsets[2] = {0, (int32_t)(end - begin)};
    const uint8_t *v = CF_VEC_DATA(*x, uint8_t) + begin;
    uint8_t any, all;
    cf_prim_any(&any, v, offsets, 1);
    cf_prim_all(&all, v, x->valid == NULL ? NULL : x->valid + begin, offsets, 1);
    s->any = s->any || any;
    s->all = s->all && all;
}

static bool add_texts(cf_state *s, const cf_vec *x, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        const cf_view v = CF_VEC_DATA(*x, cf_view)[i];
        if (v.size > 0) cf_text_add(&s->text, v.data, (size_t)v.size); /* null is empty */
    }
    return !s->text.failed;
}

void cf_state_add_count(cf_state *s, size_t rows) {
    s->count += (int64_t)rows;
}

cf_status cf_state_add(cf_state *s, const cf_vec *x, size_t begin, size_t end, cf_error *err) {
    bool fine = true;
    switch (s->kind) {
    case CF_R_COUNT: cf_state_add_count(s, end - begin); break;
    case CF_R_COUNT_VALID: s->count += valid_count(x, begin, end); break;
    case CF_R_COUNT_NAN:
        if (x->kind == CF_FLOAT64)
            s->count += cf_prim_count_nan(CF_VEC_DATA(*x, double) + begin, end - begin);
        break;
    case CF_R_SUM:
    case CF_R_AVERAGE: add_sum(s, x, begin, end); break;
    case CF_R_STDDEV: add_spread(s, x, begin, end); break;
    case CF_R_ANY:
    case CF_R_ALL: add_bool(s, x, begin, end); break;
    case CF_R_MIN:
    case CF_R_MAX: fine = add_best(s, x, begin, end); break;
    case CF_R_COUNT_DISTINCT: fine = add_distinct(s, x, begin, end); break;
    case CF_R_CONCAT: fine = add_texts(s, x, begin, end); break;
    default: CF_ASSERT(false && "a reduction"); break;
    }
    return fine ? CF_OK : no_memory(err);
}

/* --- merging --- */

void cf_state_seal(cf_state *s) {
    if (s->sealed) return;
    s->sealed = true;
    s->total = cf_prim_lanes_sum(&s->sum);
    if (s->kind != CF_R_STDDEV || s->count == 0) return;
    const double n = (double)s->count;
    s->mean = s->shift + s->total / n;
    s->squared = cf_prim_lanes_sum(&s->squares) - s->total * (s->total / n);
}

/* Means and squared distances from them, of two parts. */
static void merge_spread(cf_state *left, const cf_state *right) {
    if (right->count == 0) return;
    if (left->count == 0) {
        left->mean = right->mean;
        left->squared = right->squared;
        return;
    }
    const double a = (double)left->count, b = (double)right->count;
    const double apart = right->mean - left->mean;
    left->mean += apart * (b / (a + b));
    left->squared += right->squared + apart * apart * (a * b / (a + b));
}

static bool merge_best(cf_state *left, const cf_state *right) {
    if (!right->have) return true;
    if (left->value_kind == CF_TEXT)
        return add_best_text(left, (cf_view){right->text.data, right->text.size});
    if (left->value_kind == CF_FLOAT64)
        add_best_float(left, right->best_float);
    else
        add_best_int(left, right->best_int);
    return true;
}

cf_status cf_state_merge(cf_state *left, cf_state *right, cf_error *err) {
    cf_state_seal(left);
    cf_state_seal(right);
    bool fine = true;
    if (left->kind == CF_R_STDDEV) merge_spread(left, right);
    if (left->kind == CF_R_MIN || left->kind == CF_R_MAX) fine = merge_best(left, right);
    if (left->kind == CF_R_COUNT_DISTINCT) fine = merge_distinct(left, right);
    if (left->kind == CF_R_CONCAT && right->text.size > 0) {
        cf_text_add(&left->text, right->text.data, right->text.size);
        fine = !left->text.failed;
    }
    left->count += right->count;
    left->total += right->total;
    left->whole += right->whole;
    left->any = left->any || right->any;
    left->all = left->all && right->all;
    cf_state_free(right);
    return fine ? CF_OK : no_memory(err);
}

/* --- the result --- */

static cf_status value_text(const cf_state *s, cf_arena *arena, cf_view *out, cf_error *err) {
    char *copy = cf_arena_alloc(arena, s->text.size + 1, 1);
    if (copy == NULL) return no_memory(err);
    if (s->text.size > 0) memcpy(copy, s->text.data, s->text.size);
    *out = (cf_view){copy, s->text.size};
    return CF_OK;
}

static cf_status value_whole(const cf_state *s, int64_t *out, cf_span span, cf_error *err) {
    if (s->whole > INT64_MAX || s->whole < INT64_MIN)
        return cf_fail(err, CF_E_OVERFLOW, span, "the sum does not fit into 64 bits");
    *out = (int64_t)s->whole;
    return CF_OK;
}

static double average(const cf_state *s) {
    if (s->count == 0) return 0.0;
    return (s->value_kind == CF_FLOAT64 ? s->total : (double)s->whole) / (double)s->count;
}

static double deviation(const cf_state *s) {
    if (s->count < 2) return 0.0;
    const double squared = s->squared < 0.0 ? 0.0 : s->squared; /* rounding; NaN stays */
    return __builtin_sqrt(squared / (double)(s->count - 1));
}

static cf_status value_best(const cf_state *s, cf_arena *arena, void *out, cf_error *err) {
    if (!s->have) return CF_OK;
    if (s->value_kind == CF_TEXT) return value_text(s, arena, out, err);
    if (s->value_kind == CF_FLOAT64)
        *(double *)out = s->best_float;
    else if (s->value_kind == CF_BOOL)
        *(uint8_t *)out = (uint8_t)s->best_int;
    else
        *(int64_t *)out = s->best_int;
    return CF_OK;
}

static size_t out_size(const cf_state *s) {
    if (s->kind == CF_R_CONCAT) return 16;
    if (s->kind == CF_R_ANY || s->kind == CF_R_ALL) return 1;
    if (s->kind == CF_R_MIN || s->kind == CF_R_MAX) return cf_kind_size(s->value_kind);
    return 8;
}

cf_status cf_state_value(cf_state *s, cf_arena *arena, void *out, uint8_t *valid, cf_span span,
                         cf_error *err) {
    cf_state_seal(s);
    *valid = 1;
    memset(out, 0, out_size(s));
    switch (s->kind) {
    case CF_R_SUM:
        if (s->value_kind != CF_FLOAT64) return value_whole(s, out, span, err);
        *(double *)out = s->total;
        return CF_OK;
    case CF_R_AVERAGE:
        *valid = s->count > 0;
        *(double *)out = average(s);
        return CF_OK;
    case CF_R_STDDEV:
        *valid = s->count > 1;
        *(double *)out = deviation(s);
        return CF_OK;
    case CF_R_ANY: *(uint8_t *)out = s->any; return CF_OK;
    case CF_R_ALL: *(uint8_t *)out = s->all; return CF_OK;
    case CF_R_MIN:
    case CF_R_MAX: *valid = s->have; return value_best(s, arena, out, err);
    case CF_R_COUNT_DISTINCT: *(int64_t *)out = (int64_t)s->set.count; return CF_OK;
    case CF_R_CONCAT: return value_text(s, arena, out, err);
    default: *(int64_t *)out = s->count; return CF_OK;
    }
}
