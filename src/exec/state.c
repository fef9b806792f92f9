#include "exec/state_internal.h"

/* Making states, and rows going in. */

#include "prim/group.h"

#include <stdlib.h>
#include <string.h>

const uint8_t cf_state_sizes[CF_ARRAYS] = {
    [CF_A_COUNT] = sizeof(int64_t),
    [CF_A_SUM] = sizeof(cf_lanes),
    [CF_A_SQUARES] = sizeof(cf_lanes),
    [CF_A_SHIFT] = sizeof(double),
    [CF_A_TOTAL] = sizeof(double),
    [CF_A_MEAN] = sizeof(double),
    [CF_A_SQUARED] = sizeof(double),
    [CF_A_WHOLE] = sizeof(cf_wide),
    [CF_A_FLAG] = 1,
    [CF_A_BEST] = sizeof(double),
    [CF_A_TEXT] = sizeof(cf_text),
};

static unsigned arrays_of(cf_reduce kind, cf_kind value_kind) {
    const bool floats = value_kind == CF_FLOAT64, texts = value_kind == CF_TEXT;
    const unsigned sum = floats ? 1U << CF_A_SUM | 1U << CF_A_TOTAL : 1U << CF_A_WHOLE;
    switch (kind) {
    case CF_R_SUM: return sum;
    case CF_R_AVERAGE: return sum | 1U << CF_A_COUNT;
    case CF_R_STDDEV:
        return CF_UNTIL_SEALED | 1U << CF_A_COUNT | 1U << CF_A_MEAN | 1U << CF_A_SQUARED |
               1U << CF_A_FLAG;
    case CF_R_MIN:
    case CF_R_MAX: return 1U << CF_A_FLAG | 1U << (texts ? CF_A_TEXT : CF_A_BEST);
    case CF_R_ANY:
    case CF_R_ALL: return 1U << CF_A_FLAG;
    case CF_R_CONCAT: return 1U << CF_A_TEXT;
    default: return 1U << CF_A_COUNT;
    }
}

cf_state *cf_state_new(cf_reduce kind, cf_kind value_kind) {
    cf_state *s = calloc(1, sizeof *s);
    if (s == NULL) return NULL;
    s->kind = kind;
    s->value_kind = value_kind;
    s->uses = arrays_of(kind, value_kind);
    s->set.texts = value_kind == CF_TEXT;
    return s;
}

void cf_state_free(cf_state *s) {
    if (s == NULL) return;
    for (size_t g = 0; cf_state_text(s) != NULL && g < s->groups; g++)
        cf_text_clear(&cf_state_text(s)[g]);
    for (size_t a = 0; a < CF_ARRAYS; a++)
        free(s->array[a]);
    cf_value_set_clear(&s->set);
    free(s);
}

cf_status cf_state_no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for an aggregate");
}

size_t cf_state_bytes(const cf_state *s) {
    size_t bytes = s->text_bytes + cf_value_set_bytes(&s->set);
    for (unsigned a = 0; a < CF_ARRAYS; a++)
        if (cf_state_has(s, a)) bytes += s->capacity * cf_state_sizes[a];
    return bytes;
}

cf_status cf_state_grow(cf_state *s, size_t groups, cf_error *err) {
    if (groups > s->capacity) {
        const size_t capacity = groups == 1 ? 1 : groups + groups / 2 + 8;
        for (unsigned a = 0; a < CF_ARRAYS; a++) {
            if (!cf_state_has(s, a)) continue;
            void *grown = realloc(s->array[a], capacity * cf_state_sizes[a]);
            if (grown == NULL) return cf_state_no_memory(err);
            s->array[a] = grown;
        }
        s->capacity = capacity;
    }
    for (unsigned a = 0; a < CF_ARRAYS && groups > s->groups; a++)
        if (cf_state_has(s, a))
            memset((char *)s->array[a] + s->groups * cf_state_sizes[a], 0,
                   (groups - s->groups) * cf_state_sizes[a]);
    if (groups > s->groups) s->groups = groups;
    return CF_OK;
}

int cf_state_compare_text(cf_view a, cf_view b) {
    return cf_str_compare((cf_str){a.data, (size_t)a.size}, (cf_str){b.data, (size_t)b.size});
}

/* --- one value to one group --- */

bool cf_state_append(cf_state *s, size_t g, cf_view v) {
    cf_text *text = &cf_state_text(s)[g];
    const size_t before = text->capacity;
    if (v.size > 0) cf_text_add(text, v.data, (size_t)v.size);
    s->text_bytes += text->capacity - before;
    return !text->failed;
}

bool cf_state_best_text(cf_state *s, size_t g, cf_view v) {
    cf_text *text = &cf_state_text(s)[g];
    const bool have = cf_state_flag(s)[g];
    const int order = have ? cf_state_compare_text(v, (cf_view){text->data, text->size}) : 0;
    if (have && !(s->kind == CF_R_MAX ? order > 0 : order < 0)) return true;
    cf_state_flag(s)[g] = 1;
    text->size = 0;
    return cf_state_append(s, g, v);
}

void cf_state_best_float(cf_state *s, size_t g, double v) {
    double *best = &cf_state_best_floats(s)[g];
    const bool better = s->kind == CF_R_MAX ? v > *best : v < *best;
    if (!cf_state_flag(s)[g] || better || (*best != *best && v == v)) *best = v;
    cf_state_flag(s)[g] = 1;
}

void cf_state_best_int(cf_state *s, size_t g, int64_t v) {
    int64_t *best = &cf_state_best_ints(s)[g];
    if (!cf_state_flag(s)[g] || (s->kind == CF_R_MAX ? v > *best : v < *best)) *best = v;
    cf_state_flag(s)[g] = 1;
}

bool cf_state_distinct(cf_state *s, size_t g, uint64_t key, cf_view text) {
    const cf_set_added added = cf_value_set_add(&s->set, (uint32_t)g, key, text);
    cf_state_count(s)[g] += added == CF_SET_NEW;
    return added != CF_SET_NO_MEMORY;
}

/* A number that is equal for equal values. */
static uint64_t number_at(const cf_vec *x, size_t i) {
    uint64_t key;
    switch (x->kind) {
    case CF_FLOAT64: cf_prim_equal_f64(&key, CF_VEC_DATA(*x, double) + i, 1); return key;
    case CF_BOOL: return CF_VEC_DATA(*x, uint8_t)[i];
    case CF_INDEX: return (uint64_t)CF_VEC_DATA(*x, int32_t)[i];
    default: return CF_VEC_DATA(*x, uint64_t)[i];
    }
}

/* Any kind of value, but for those kinds of reductions that have loops of their own. */
static bool add_one(cf_state *s, size_t g, const cf_vec *x, size_t i) {
    if (x->valid != NULL && !x->valid[i]) return true;
    const bool text = x->kind == CF_TEXT;
    const cf_view view = text ? CF_VEC_DATA(*x, cf_view)[i] : (cf_view){NULL, 0};
    if (s->kind == CF_R_COUNT_DISTINCT)
        return cf_state_distinct(s, g, text ? 0 : number_at(x, i), view);
    if (s->kind == CF_R_CONCAT) return cf_state_append(s, g, view);
    if (text) return cf_state_best_text(s, g, view);
    if (x->kind == CF_FLOAT64)
        cf_state_best_float(s, g, CF_VEC_DATA(*x, double)[i]);
    else
        cf_state_best_int(s, g, (int64_t)number_at(x, i));
    return true;
}

/* --- many rows to one group --- */

static int64_t valid_count(const cf_vec *x, size_t begin, size_t end) {
    if (x->valid == NULL) return (int64_t)(end - begin);
    return cf_prim_count_u8(x->valid + begin, end - begin);
}

static void add_sum(cf_state *s, size_t g, const cf_vec *x, size_t begin, size_t end) {
    if (x->kind == CF_FLOAT64) {
        cf_prim_lanes_add(&cf_state_sum(s)[g], CF_VEC_DATA(*x, double) + begin, end - begin);
    } else if (x->kind == CF_BOOL) {
        cf_state_whole(s)[g] += cf_prim_count_u8(CF_VEC_DATA(*x, uint8_t) + begin, end - begin);
    } else {
        const int64_t *v = CF_VEC_DATA(*x, int64_t);
        cf_wide sum = 0;
        for (size_t i = begin; i < end; i++)
            sum += v[i];
        cf_state_whole(s)[g] += sum;
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

/* The first value that there is becomes the one that distances are measured from. */
static bool find_shift(cf_state *s, size_t g, const double *v, const uint8_t *valid,
                       size_t count) {
    uint8_t *have = &cf_state_flag(s)[g];
    for (size_t i = 0; i < count && !*have; i++) {
        *have = valid == NULL || valid[i];
        if (*have) cf_state_shift(s)[g] = v[i];
    }
    return *have;
}

static void add_piece(cf_state *s, size_t g, const double *v, const uint8_t *valid,
                      size_t count) {
    cf_lanes *sum = &cf_state_sum(s)[g], *squares = &cf_state_squares(s)[g];
    if (!find_shift(s, g, v, valid, count)) { /* nothing but nulls so far: they add zero */
        sum->ordinal += count;
        squares->ordinal += count;
        return;
    }
    const double shift = cf_state_shift(s)[g];
    cf_prim_lanes_add_shifted(sum, v, valid, shift, count);
    cf_prim_lanes_add_squares(squares, v, valid, shift, count);
}

static void add_spread(cf_state *s, size_t g, const cf_vec *x, size_t begin, size_t end) {
    double room[PIECE];
    for (; begin < end; begin += PIECE) {
        const size_t count = end - begin < PIECE ? end - begin : PIECE;
        const double *v = as_doubles(x, begin, count, room);
        cf_state_count(s)[g] += valid_count(x, begin, begin + count);
        add_piece(s, g, v, x->valid == NULL ? NULL : x->valid + begin, count);
    }
}

/* The first best row of all. */
static bool add_best(cf_state *s, size_t g, const cf_vec *x, size_t begin, size_t end) {
    const int32_t offsets[2] = {0, (int32_t)(end - begin)};
    const uint8_t *valid = x->valid == NULL ? NULL : x->valid + begin;
    const bool largest = s->kind == CF_R_MAX;
    int32_t row;
    if (x->kind == CF_FLOAT64)
        cf_prim_best_row_f64(&row, CF_VEC_DATA(*x, double) + begin, valid, offsets, 1, largest);
    else
        cf_prim_best_row_i64(&row, CF_VEC_DATA(*x, int64_t) + begin, valid, offsets, 1,
                             largest);
    return row < 0 || add_one(s, g, x, begin + (size_t)row);
}

static void add_bool(cf_state *s, size_t g, const cf_vec *x, size_t begin, size_t end) {
    const int32_t offsets[2] = {0, (int32_t)(end - begin)};
    const uint8_t *v = CF_VEC_DATA(*x, uint8_t) + begin;
    uint8_t result;
    if (s->kind == CF_R_ANY)
        cf_prim_any(&result, v, offsets, 1);
    else
        cf_prim_all(&result, v, x->valid == NULL ? NULL : x->valid + begin, offsets, 1);
    cf_state_flag(s)[g] |= s->kind == CF_R_ANY ? result : !result;
}

static bool add_each(cf_state *s, size_t g, const cf_vec *x, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++)
        if (!add_one(s, g, x, i)) return false;
    return true;
}

void cf_state_add_count(cf_state *s, size_t g, size_t rows) {
    cf_state_count(s)[g] += (int64_t)rows;
}

cf_status cf_state_add(cf_state *s, size_t g, const cf_vec *x, size_t begin, size_t end,
                       cf_error *err) {
    bool fine = true;
    if (s->kind == CF_R_COUNT) cf_state_add_count(s, g, end - begin);
    if (s->kind == CF_R_COUNT || s->value_kind == CF_NULL) return CF_OK; /* all are null */
    switch (s->kind) {
    case CF_R_COUNT_VALID: cf_state_count(s)[g] += valid_count(x, begin, end); break;
    case CF_R_COUNT_NAN:
        if (x->kind == CF_FLOAT64)
            cf_state_count(s)[g] +=
                cf_prim_count_nan(CF_VEC_DATA(*x, double) + begin, end - begin);
        break;
    case CF_R_AVERAGE: cf_state_count(s)[g] += valid_count(x, begin, end); /* fall through */
    case CF_R_SUM: add_sum(s, g, x, begin, end); break;
    case CF_R_STDDEV: add_spread(s, g, x, begin, end); break;
    case CF_R_ANY:
    case CF_R_ALL: add_bool(s, g, x, begin, end); break;
    case CF_R_MIN:
    case CF_R_MAX:
        fine = x->kind == CF_TEXT || x->kind == CF_BOOL ? add_each(s, g, x, begin, end)
                                                        : add_best(s, g, x, begin, end);
        break;
    default: fine = add_each(s, g, x, begin, end); break;
    }
    return fine ? CF_OK : cf_state_no_memory(err);
}

/* --- each row to its group --- */

static void lane_add(cf_lanes *lanes, double x) {
    lanes->lane[lanes->ordinal++ & 7] += x;
}

static void count_rows(cf_state *s, const int32_t *group, const uint8_t *valid, size_t n) {
    int64_t *count = cf_state_count(s);
    if (valid == NULL)
        for (size_t i = 0; i < n; i++)
            count[group[i]]++;
    else
        for (size_t i = 0; i < n; i++)
            count[group[i]] += valid[i];
}

static void sum_rows(cf_state *s, const int32_t *group, const cf_vec *x, size_t n) {
    if (x->kind == CF_FLOAT64) {
        for (size_t i = 0; i < n; i++)
            lane_add(&cf_state_sum(s)[group[i]], CF_VEC_DATA(*x, double)[i]);
    } else if (x->kind == CF_BOOL) {
        for (size_t i = 0; i < n; i++)
            cf_state_whole(s)[group[i]] += CF_VEC_DATA(*x, uint8_t)[i];
    } else {
        for (size_t i = 0; i < n; i++)
            cf_state_whole(s)[group[i]] += CF_VEC_DATA(*x, int64_t)[i];
    }
}

static void spread_rows(cf_state *s, const int32_t *group, const cf_vec *x, size_t n) {
    double room[PIECE];
    for (size_t begin = 0; begin < n; begin += PIECE) {
        const size_t count = n - begin < PIECE ? n - begin : PIECE;
        const double *v = as_doubles(x, begin, count, room);
        for (size_t i = 0; i < count; i++) {
            const size_t g = (size_t)group[begin + i];
            const bool valid = x->valid == NULL || x->valid[begin + i];
            if (valid && !cf_state_flag(s)[g]) {
                cf_state_flag(s)[g] = 1;
                cf_state_shift(s)[g] = v[i];
            }
            const double moved = valid ? v[i] - cf_state_shift(s)[g] : 0.0;
            cf_state_count(s)[g] += valid;
            lane_add(&cf_state_sum(s)[g], moved);
            lane_add(&cf_state_squares(s)[g], moved * moved);
        }
    }
}

static void bool_rows(cf_state *s, const int32_t *group, const cf_vec *x, size_t n) {
    const uint8_t *v = CF_VEC_DATA(*x, uint8_t);
    uint8_t *flag = cf_state_flag(s);
    for (size_t i = 0; i < n; i++) {
        const bool valid = x->valid == NULL || x->valid[i];
        flag[group[i]] |= s->kind == CF_R_ANY ? valid && v[i] : valid && !v[i];
    }
}

static void best_rows(cf_state *s, const int32_t *group, const cf_vec *x, size_t n) {
    const bool floats = x->kind == CF_FLOAT64;
    for (size_t i = 0; i < n; i++) {
        if (x->valid != NULL && !x->valid[i]) continue;
        if (floats)
            cf_state_best_float(s, (size_t)group[i], CF_VEC_DATA(*x, double)[i]);
        else
            cf_state_best_int(s, (size_t)group[i], CF_VEC_DATA(*x, int64_t)[i]);
    }
}

static bool each_row(cf_state *s, const int32_t *group, const cf_vec *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!add_one(s, (size_t)group[i], x, i)) return false;
    return true;
}

static void nan_rows(cf_state *s, const int32_t *group, const cf_vec *x, size_t n) {
    const double *v = CF_VEC_DATA(*x, double);
    for (size_t i = 0; x->kind == CF_FLOAT64 && i < n; i++)
        cf_state_count(s)[group[i]] += v[i] != v[i];
}

cf_status cf_state_add_rows(cf_state *s, const int32_t *group, const cf_vec *x, size_t n,
                            cf_error *err) {
    bool fine = true;
    if (s->kind == CF_R_COUNT) count_rows(s, group, NULL, n);
    if (s->kind == CF_R_COUNT || s->value_kind == CF_NULL) return CF_OK;
    switch (s->kind) {
    case CF_R_COUNT_VALID: count_rows(s, group, x->valid, n); break;
    case CF_R_COUNT_NAN: nan_rows(s, group, x, n); break;
    case CF_R_AVERAGE: count_rows(s, group, x->valid, n); /* fall through */
    case CF_R_SUM: sum_rows(s, group, x, n); break;
    case CF_R_STDDEV: spread_rows(s, group, x, n); break;
    case CF_R_ANY:
    case CF_R_ALL: bool_rows(s, group, x, n); break;
    case CF_R_MIN:
    case CF_R_MAX:
        if (x->kind != CF_TEXT && x->kind != CF_BOOL) {
            best_rows(s, group, x, n);
            break;
        } /* fall through */
    default: fine = each_row(s, group, x, n); break;
    }
    return fine ? CF_OK : cf_state_no_memory(err);
}
