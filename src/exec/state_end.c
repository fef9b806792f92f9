#include "exec/state_internal.h"

/* States once all rows are in: merged, as values, as bytes. */

#include <stdlib.h>
#include <string.h>

static void seal_group(cf_state *s, size_t g) {
    const double sum = cf_prim_lanes_sum(&cf_state_sum(s)[g]);
    if (s->kind != CF_R_STDDEV) {
        cf_state_total(s)[g] = sum;
        return;
    }
    const int64_t count = cf_state_count(s)[g];
    if (count == 0) return;
    const double n = (double)count;
    cf_state_mean(s)[g] = cf_state_shift(s)[g] + sum / n;
    cf_state_squared(s)[g] = cf_prim_lanes_sum(&cf_state_squares(s)[g]) - sum * (sum / n);
}

void cf_state_seal(cf_state *s) {
    if (s->sealed) return;
    s->sealed = true;
    if ((s->uses & CF_UNTIL_SEALED) == 0) return;
    for (size_t g = 0; g < s->groups; g++)
        seal_group(s, g);
    for (unsigned a = 0; a < CF_ARRAYS; a++) {
        if ((CF_UNTIL_SEALED & 1U << a) == 0) continue;
        free(s->array[a]);
        s->array[a] = NULL;
    }
    s->uses &= ~CF_UNTIL_SEALED;
}

/* --- merging --- */

/* Means and squared distances from them, of two parts. */
static void merge_spread(cf_state *left, size_t l, const cf_state *right, size_t r) {
    const double a = (double)cf_state_count(left)[l], b = (double)cf_state_count(right)[r];
    double *mean = &cf_state_mean(left)[l], *squared = &cf_state_squared(left)[l];
    if (b == 0) return;
    if (a == 0) {
        *mean = cf_state_mean(right)[r];
        *squared = cf_state_squared(right)[r];
        return;
    }
    const double apart = cf_state_mean(right)[r] - *mean;
    *mean += apart * (b / (a + b));
    *squared += cf_state_squared(right)[r] + apart * apart * (a * b / (a + b));
}

static bool merge_best(cf_state *left, size_t l, const cf_state *right, size_t r) {
    if (!cf_state_flag(right)[r]) return true;
    if (left->value_kind == CF_TEXT) {
        const cf_text *text = &cf_state_text(right)[r];
        return cf_state_best_text(left, l, (cf_view){text->data, text->size});
    }
    if (left->value_kind == CF_FLOAT64)
        cf_state_best_float(left, l, cf_state_best_floats(right)[r]);
    else
        cf_state_best_int(left, l, cf_state_best_ints(right)[r]);
    return true;
}

/* No true numbers overflow these; what was read from bytes may be anything. */
static void add_int(int64_t *to, int64_t x) {
    *to = (int64_t)((uint64_t)*to + (uint64_t)x);
}

static void add_wide(cf_wide *to, cf_wide x) {
    __extension__ typedef unsigned __int128 bits;
    *to = (cf_wide)((bits)*to + (bits)x);
}

static bool merge_group(cf_state *left, size_t l, const cf_state *right, size_t r) {
    if (left->kind == CF_R_STDDEV) merge_spread(left, l, right, r);
    if (left->kind == CF_R_MIN || left->kind == CF_R_MAX) return merge_best(left, l, right, r);
    if (left->kind == CF_R_COUNT_DISTINCT) return true; /* counted as the values come */
    if (cf_state_has(left, CF_A_COUNT))
        add_int(&cf_state_count(left)[l], cf_state_count(right)[r]);
    if (cf_state_has(left, CF_A_TOTAL)) cf_state_total(left)[l] += cf_state_total(right)[r];
    if (cf_state_has(left, CF_A_WHOLE))
        add_wide(&cf_state_whole(left)[l], cf_state_whole(right)[r]);
    if (cf_state_has(left, CF_A_FLAG)) cf_state_flag(left)[l] |= cf_state_flag(right)[r];
    if (left->kind != CF_R_CONCAT) return true;
    const cf_text *text = &cf_state_text(right)[r];
    return cf_state_append(left, l, (cf_view){text->data, text->size});
}

cf_status cf_state_merge(cf_state *left, const cf_state *right, const int32_t *map,
                         cf_error *err) {
    bool fine = true;
    CF_ASSERT(right->sealed);
    cf_state_seal(left);
    for (size_t g = 0; g < right->groups && fine; g++)
        fine = merge_group(left, map == NULL ? g : (size_t)map[g], right, g);
    for (size_t i = 0; i < right->set.count && fine; i++) {
        const uint32_t g = right->set.group[i];
        fine = cf_state_distinct(left, map == NULL ? g : (size_t)map[g], right->set.key[i],
                                 cf_value_set_text(&right->set, i));
    }
    return fine ? CF_OK : cf_state_no_memory(err);
}

/* --- the results --- */

static cf_status value_text(const cf_state *s, size_t g, cf_arena *arena, cf_view *out,
                            cf_error *err) {
    const cf_text *text = &cf_state_text(s)[g];
    char *copy = cf_arena_alloc(arena, text->size + 1, 1);
    if (copy == NULL) return cf_state_no_memory(err);
    if (text->size > 0) memcpy(copy, text->data, text->size);
    *out = (cf_view){copy, text->size};
    return CF_OK;
}

static cf_status value_whole(const cf_state *s, size_t g, int64_t *out, cf_span span,
                             cf_error *err) {
    const cf_wide sum = cf_state_whole(s)[g];
    if (sum > INT64_MAX || sum < INT64_MIN)
        return cf_fail(err, CF_E_OVERFLOW, span, "the sum does not fit into 64 bits");
    *out = (int64_t)sum;
    return CF_OK;
}

static double average(const cf_state *s, size_t g) {
    const double n = (double)cf_state_count(s)[g];
    if (n == 0) return 0.0;
    return (s->value_kind == CF_FLOAT64 ? cf_state_total(s)[g] : (double)cf_state_whole(s)[g]) /
           n;
}

static double deviation(const cf_state *s, size_t g) {
    const int64_t n = cf_state_count(s)[g];
    if (n < 2) return 0.0;
    const double squared = cf_state_squared(s)[g];
    /* below zero only by rounding; NaN stays */
    return __builtin_sqrt((squared < 0.0 ? 0.0 : squared) / (double)(n - 1));
}

static cf_status value_best(const cf_state *s, size_t g, cf_arena *arena, void *out,
                            cf_error *err) {
    if (s->value_kind == CF_TEXT) return value_text(s, g, arena, out, err);
    if (s->value_kind == CF_FLOAT64)
        *(double *)out = cf_state_best_floats(s)[g];
    else if (s->value_kind == CF_BOOL)
        *(uint8_t *)out = cf_state_best_ints(s)[g] != 0;
    else
        *(int64_t *)out = cf_state_best_ints(s)[g];
    return CF_OK;
}

/* out: zeroed. */
static cf_status value_of(const cf_state *s, size_t g, cf_arena *arena, void *out,
                          uint8_t *valid, cf_span span, cf_error *err) {
    *valid = 1;
    switch (s->kind) {
    case CF_R_SUM:
        if (s->value_kind != CF_FLOAT64) return value_whole(s, g, out, span, err);
        *(double *)out = cf_state_total(s)[g];
        return CF_OK;
    case CF_R_AVERAGE:
        *valid = cf_state_count(s)[g] > 0;
        *(double *)out = average(s, g);
        return CF_OK;
    case CF_R_STDDEV:
        *valid = cf_state_count(s)[g] > 1;
        *(double *)out = deviation(s, g);
        return CF_OK;
    case CF_R_ANY: *(uint8_t *)out = cf_state_flag(s)[g] != 0; return CF_OK;
    case CF_R_ALL: *(uint8_t *)out = cf_state_flag(s)[g] == 0; return CF_OK;
    case CF_R_MIN:
    case CF_R_MAX:
        *valid = cf_state_flag(s)[g] != 0;
        return *valid ? value_best(s, g, arena, out, err) : CF_OK;
    case CF_R_CONCAT: return value_text(s, g, arena, out, err);
    default: *(int64_t *)out = cf_state_count(s)[g]; return CF_OK;
    }
}

cf_status cf_state_values(cf_state *s, size_t size, cf_arena *arena, void *out, uint8_t *valid,
                          cf_span span, cf_error *err) {
    cf_state_seal(s);
    memset(out, 0, s->groups * size);
    if (s->value_kind == CF_NULL && s->kind != CF_R_COUNT && s->kind != CF_R_COUNT_VALID) {
        memset(valid, 0, s->groups);
        return CF_OK;
    }
    for (size_t g = 0; g < s->groups; g++)
        CF_TRY(value_of(s, g, arena, (char *)out + g * size, &valid[g], span, err));
    return CF_OK;
}

/* --- bytes --- */

void cf_state_write(const cf_state *s, cf_text *out) {
    CF_ASSERT(s->sealed);
    for (unsigned a = 0; a < CF_ARRAYS; a++)
        if (cf_state_has(s, a) && a != CF_A_TEXT)
            cf_put_array(out, s->array[a], s->groups, cf_state_sizes[a]);
    for (size_t g = 0; cf_state_has(s, CF_A_TEXT) && g < s->groups; g++) {
        cf_put_u64(out, cf_state_text(s)[g].size);
        cf_put_array(out, cf_state_text(s)[g].data, cf_state_text(s)[g].size, 1);
    }
    if (s->kind == CF_R_COUNT_DISTINCT) cf_value_set_write(&s->set, out);
}

static bool read_texts(cf_state *s, cf_reader *r) {
    for (size_t g = 0; g < s->groups; g++) {
        const size_t size = cf_get_count(r, 1);
        const char *bytes = cf_get_bytes(r, size, 1);
        if (r->bad || !cf_state_append(s, g, (cf_view){bytes, size})) return false;
    }
    return true;
}

/* Counts of different values are what the values say. */
static bool read_set(cf_state *s, cf_reader *r) {
    if (!cf_value_set_read(&s->set, r, s->groups)) return false;
    memset(cf_state_count(s), 0, s->groups * sizeof(int64_t));
    for (size_t i = 0; i < s->set.count; i++)
        cf_state_count(s)[s->set.group[i]]++;
    return true;
}

static bool read_arrays(cf_state *s, size_t groups, cf_reader *r) {
    size_t bytes = cf_state_has(s, CF_A_TEXT) ? sizeof(uint64_t) : 0;
    for (unsigned a = 0; a < CF_ARRAYS; a++)
        if (cf_state_has(s, a) && a != CF_A_TEXT) bytes += cf_state_sizes[a];
    if (groups > r->left / bytes) r->bad = true;
    cf_error ignored = {0};
    if (r->bad || cf_state_grow(s, groups, &ignored) != CF_OK) return false;
    for (unsigned a = 0; a < CF_ARRAYS; a++)
        if (cf_state_has(s, a) && a != CF_A_TEXT)
            if (!cf_get_array(r, s->array[a], groups, cf_state_sizes[a])) return false;
    return true;
}

cf_state *cf_state_read(cf_reduce kind, cf_kind value_kind, size_t groups, cf_reader *r) {
    cf_state *s = cf_state_new(kind, value_kind);
    if (s == NULL) return NULL;
    cf_state_seal(s);
    bool fine = read_arrays(s, groups, r);
    if (fine && cf_state_has(s, CF_A_TEXT)) fine = read_texts(s, r);
    if (fine && kind == CF_R_COUNT_DISTINCT) fine = read_set(s, r);
    if (fine) return s;
    cf_state_free(s);
    return NULL;
}
