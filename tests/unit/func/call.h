/* Calls built-ins by plan name on small arrays. */
#ifndef CF_TEST_CALL_H
#define CF_TEST_CALL_H

#include "func/func.h"
#include "test.h"

#define NaN ((double)NAN)
#define Inf ((double)INFINITY)

static cf_arena *call_arena;
static cf_error call_error;
static cf_status call_status;

static cf_vec column(cf_kind kind, const void *data, const uint8_t *valid, size_t n) {
    return (cf_vec){.kind = kind, .n = (uint32_t)n, .data = data, .valid = valid};
}

static cf_vec constant(cf_kind kind, const void *data, const uint8_t *valid) {
    return (cf_vec){.kind = kind, .constant = true, .data = data, .valid = valid};
}

#define FLOATS(...) \
    column(CF_FLOAT64, (const double[]){__VA_ARGS__}, NULL, sizeof((double[]){__VA_ARGS__}) / 8)
#define INTS(...) \
    column(CF_INT64, (const int64_t[]){__VA_ARGS__}, NULL, sizeof((int64_t[]){__VA_ARGS__}) / 8)
#define BOOLS(...) \
    column(CF_BOOL, (const uint8_t[]){__VA_ARGS__}, NULL, sizeof((uint8_t[]){__VA_ARGS__}))
#define FLOAT(x) constant(CF_FLOAT64, (const double[]){x}, NULL)
#define INT(x)   constant(CF_INT64, (const int64_t[]){x}, NULL)
#define TEXT(x)  constant(CF_TEXT, (const cf_view[]){{x, sizeof(x) - 1}}, NULL)
#define OF_KIND(k, v)                   \
    ((cf_vec){.kind = (k),              \
              .constant = (v).constant, \
              .n = (v).n,               \
              .data = (v).data,         \
              .valid = (v).valid})
#define VALID(v, ...)                   \
    ((cf_vec){.kind = (v).kind,         \
              .constant = (v).constant, \
              .n = (v).n,               \
              .data = (v).data,         \
              .valid = (const uint8_t[]){__VA_ARGS__}})

static cf_vec call_rows(const char *name, size_t n, const cf_vec *args, uint32_t count) {
    if (call_arena == NULL) call_arena = cf_arena_new(1 << 16);
    const cf_func *f = cf_func_find(cf_str_of(name));
    cf_vec out = {0};
    call_error = (cf_error){0};
    call_status = CF_E_INTERNAL;
    CHECK(f != NULL);
    if (f == NULL) {
        printf("no function %s\n", name);
        return out;
    }
    out.kind = f->result;
    cf_call call = {.n = n,
                    .args = args,
                    .arg_count = count,
                    .out = &out,
                    .arena = call_arena,
                    .err = &call_error};
    call_status = cf_func_call(f, &call);
    if (call_status != CF_OK) out = (cf_vec){.kind = f->result};
    return out;
}

#define CALL(name, n, ...)                            \
    call_rows(name, n, (const cf_vec[]){__VA_ARGS__}, \
              (uint32_t)(sizeof((const cf_vec[]){__VA_ARGS__}) / sizeof(cf_vec)))

static double float_at(cf_vec v, size_t i) {
    return v.data == NULL ? -12345.0 : CF_VEC_DATA(v, double)[i];
}

static int64_t int_at(cf_vec v, size_t i) {
    return v.data == NULL ? -12345 : CF_VEC_DATA(v, int64_t)[i];
}

static int bool_at(cf_vec v, size_t i) {
    return v.data == NULL ? -1 : CF_VEC_DATA(v, uint8_t)[i];
}

/* A copy, zero-terminated. */
static const char *text_at(cf_vec v, size_t i) {
    if (v.data == NULL) return "(failed)";
    const cf_view t = CF_VEC_DATA(v, cf_view)[i];
    return cf_str_dup(call_arena, (cf_str){t.size == 0 ? "" : t.data, (size_t)t.size});
}

static bool null_at(cf_vec v, size_t i) {
    return v.valid != NULL && v.valid[i] == 0;
}

/* Not every program uses each of them. */
static inline void call_unused(void) {
    (void)column, (void)constant, (void)float_at, (void)int_at, (void)bool_at, (void)text_at,
        (void)null_at, (void)call_rows;
}

static int call_end(void) {
    cf_arena_free(call_arena);
    call_unused();
    return cf_test_failures != 0;
}

#endif
