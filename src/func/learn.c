/* Parts of plans for learning: filling and padding arrays, one-hot items, fitted scalings. */
#include "func/func_internal.h"

#include <math.h>

/* x in float32; `fill` where it is null. */
static cf_status filled_float32(cf_call *call) {
    float *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const double *x = ARG(call, 0, double), *fill = ARG(call, 1, double);
    for (size_t i = 0; i < call->n; i++)
        out[i] =
            (float)(cf_arg_valid(call, 0, i) ? x[i * STEP(call, 0)] : fill[i * STEP(call, 1)]);
    return CF_OK;
}

/* Where the padding of a list of `count` rows begins, counted from 1. */
static cf_status pad_from(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *count = ARG(call, 0, int64_t), *n = ARG(call, 1, int64_t);
    for (size_t i = 0; i < call->n; i++) {
        const int64_t rows = count[i * STEP(call, 0)], room = n[i * STEP(call, 1)];
        if (rows > room) {
            const cf_status status =
                cf_fail(call->err, CF_E_RANGE, call->span,
                        "a list has %lld rows, more than the %lld of `pad`", (long long)rows,
                        (long long)room);
            cf_error_hint(call->err, "`take %lld` before it keeps the first ones",
                          (long long)room);
            return status;
        }
        out[i] = rows + 1;
    }
    return CF_OK;
}

static cf_status one_hot_item(cf_call *call) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *class = ARG(call, 0, int64_t), *item = ARG(call, 1, int64_t),
                  *n = ARG(call, 2, int64_t);
    for (size_t i = 0; i < call->n; i++) {
        const int64_t k = class[i * STEP(call, 0)], count = n[i * STEP(call, 2)];
        out[i] = k == item[i * STEP(call, 1)] ? 1 : 0;
        if (cf_row_valid(call, i) && (k < 0 || k >= count))
            return cf_fail(call->err, CF_E_RANGE, call->span,
                           "class %lld is not one of 0 to %lld (row %zu of these)",
                           (long long)k, (long long)count - 1, i + 1);
    }
    return CF_OK;
}

/* (x - shift) / scale; `constant` for a feature that had one value only. */
static cf_status rescale(cf_call *call) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const double *x = ARG(call, 0, double), *shift = ARG(call, 1, double),
                 *scale = ARG(call, 2, double), *constant = ARG(call, 3, double);
    for (size_t i = 0; i < call->n; i++) {
        const double width = scale[i * STEP(call, 2)];
        out[i] = width == 0 ? constant[i * STEP(call, 3)]
                            : (x[i * STEP(call, 0)] - shift[i * STEP(call, 1)]) / width;
    }
    return CF_OK;
}

/* Of n values, from their sample standard deviation; 0 for one value. */
static cf_status population_sd(cf_call *call) {
    double *out = cf_call_alloc(call);
    uint8_t *valid = out == NULL ? NULL : cf_call_alloc_valid(call);
    if (valid == NULL) return CF_E_MEMORY;
    const double *sd = ARG(call, 0, double);
    const int64_t *n = ARG(call, 1, int64_t);
    for (size_t i = 0; i < call->n; i++) {
        const int64_t count = n[i * STEP(call, 1)];
        valid[i] = count > 0;
        const double x = sd[i * STEP(call, 0)];
        out[i] = count > 1 ? sqrt(x * x * ((double)(count - 1) / (double)count)) : 0;
    }
    return CF_OK;
}

/* One more than the larger of two classes. */
static cf_status class_count(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *a = ARG(call, 0, int64_t), *b = ARG(call, 1, int64_t),
                  *most = ARG(call, 2, int64_t);
    for (size_t i = 0; i < call->n; i++) {
        const int64_t x = a[i * STEP(call, 0)], y = b[i * STEP(call, 1)];
        out[i] = (x > y ? x : y) + 1;
        if (cf_row_valid(call, i) && out[i] > most[i * STEP(call, 2)])
            return cf_fail(call->err, CF_E_RANGE, call->span,
                           "there are at most %lld classes, and one is number %lld",
                           (long long)most[i * STEP(call, 2)], (long long)out[i] - 1);
    }
    return CF_OK;
}

static const cf_func filled_functions[] = {
    FN("filled_float32", filled_float32, CF_TOTAL, FLOAT32, CF_FLOAT64, CF_FLOAT64)};
static const cf_func pad_functions[] = {
    FN("pad_from", pad_from, CF_STRICT, INT64, CF_INT64, CF_INT64)};
static const cf_func one_hot_functions[] = {
    FN("one_hot_item", one_hot_item, CF_STRICT, FLOAT64, CF_INT64, CF_INT64, CF_INT64)};
static const cf_func rescale_functions[] = {
    FN("rescale", rescale, PURE, FLOAT64, CF_FLOAT64, CF_FLOAT64, CF_FLOAT64, CF_FLOAT64)};
static const cf_func sd_functions[] = {
    FN("population_sd", population_sd, CF_TOTAL, FLOAT64, CF_FLOAT64, CF_INT64)};

static const cf_func class_functions[] = {
    FN("class_count", class_count, CF_STRICT, INT64, CF_INT64, CF_INT64, CF_INT64)};

static const cf_builtin builtins[] = {
    {"class_count", CF_BUILTIN_MAP, "class_count a b most",
     "One more than the larger of two classes.", "from [{x = 1}]", NULL,
     OVERLOADS(class_functions), NULL, "confusion"},
    {"filled_float32", CF_BUILTIN_MAP, "filled_float32 x fill",
     "x with the precision of float32; `fill` where it is null.", "from [{x = 1.5}]", NULL,
     OVERLOADS(filled_functions), NULL, "matrix"},
    {"pad_from", CF_BUILTIN_MAP, "pad_from count n",
     "The row after `count`; more than n rows are an error.", "from [{x = 1}]", NULL,
     OVERLOADS(pad_functions), NULL, "pad"},
    {"one_hot_item", CF_BUILTIN_MAP, "one_hot_item k i n",
     "1.0 if k is i, else 0.0; k outside 0 .. n - 1 is an error.", "from [{k = 1}]", NULL,
     OVERLOADS(one_hot_functions), NULL, "one_hot"},
    {"rescale", CF_BUILTIN_MAP, "rescale x shift scale constant",
     "(x - shift) / scale; `constant` where scale is 0.", "from [{x = 1.5}]", NULL,
     OVERLOADS(rescale_functions), NULL, "fit_minmax fit_zscore"},
    {"population_sd", CF_BUILTIN_MAP, "population_sd sd n",
     "The standard deviation of n values about their own mean, from the sample's.",
     "from [{x = 1.5}]", NULL, OVERLOADS(sd_functions), NULL, "fit_zscore"},
};

const cf_family cf_family_learn = {"parts for learning", builtins, CF_COUNT(builtins)};
