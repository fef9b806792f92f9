#ifndef CF_FUNC_H
#define CF_FUNC_H

/* Built-ins: what a user types (cf_builtin: name, usage, doc, example) and the loops behind it
 * (cf_func: one for each combination of kinds, named as plans name it).  One file a family;
 * doc, example and loop stand together there. */

#include "column/vec.h"

/* One evaluation over a chunk.  args[i].n == n or args[i].constant.  The function allocates its
 * output in `arena` with cf_call_alloc and fills data for all n rows. */
typedef struct {
    size_t n;
    const cf_vec *args;
    uint32_t arg_count;
    cf_vec *out; /* kind and n are set; the function sets data (and valid if not STRICT) */
    cf_arena *arena;
    cf_span span; /* for errors */
    cf_error *err;
} cf_call;

/* out->data for n values of out->kind (aligned 64); NULL after cf_fail(MEMORY). */
void *cf_call_alloc(cf_call *call);
uint8_t *cf_call_alloc_valid(cf_call *call); /* not STRICT functions: sets out->valid too */

typedef cf_status cf_map_fn(cf_call *call);

enum {
    CF_STRICT = 1,  /* null in, null out: the caller joins validity, the loop ignores it (values
                       at null places are zero) */
    CF_TOTAL = 2,   /* cannot fail whatever the values: may be computed for rows that a filter
                       would drop */
    CF_VARIADIC = 4 /* the last argument kind repeats, arg_count is a minimum */
};

#define CF_FUNC_ARGS 9

typedef struct {
    const char *name; /* "add_float": as a plan names it; unique */
    cf_map_fn *fn;
    cf_kind result;
    uint8_t flags;
    uint8_t arg_count;
    cf_kind args[CF_FUNC_ARGS];
} cf_func;

typedef enum {
    CF_BUILTIN_MAP,       /* value(s) to value, row by row: `overloads` */
    CF_BUILTIN_AGGREGATE, /* many rows to one: `reduce` names the plan's reduction */
    CF_BUILTIN_WINDOW,    /* row_number lag lead rank rank_dense first last */
    CF_BUILTIN_VECTOR,    /* four-vectors: the binder takes the tuple apart */
    CF_BUILTIN_VERB,      /* relation to relation: the binder knows it by name */
    CF_BUILTIN_COMMAND    /* %word */
} cf_builtin_class;

typedef struct {
    const char *name; /* "abs", "text.lower", "filter" */
    cf_builtin_class class;
    const char *usage;   /* "abs x" */
    const char *doc;     /* what it does, shapes, units, edge cases; several lines are fine */
    const char *example; /* a program that runs without any file */
    const char *shows;   /* what it prints with --format csv (tested); NULL: not tested here */
    const cf_func *overloads;
    uint32_t overload_count;
    const char *since;   /* NULL: works; else text for the error "comes later" (CF_E_NOT_YET) */
    const char *related; /* names, blank-separated; or NULL */
} cf_builtin;

/* A family's table; func.c joins them. */
typedef struct {
    const char *title; /* "math", "text": for %help's list */
    const cf_builtin *builtins;
    size_t count;
} cf_family;

const cf_family *cf_families(size_t *count);
const cf_builtin *
cf_builtin_find(cf_str name); /* "abs", "math.abs", "text.lower"; NULL: none.  Bare text./date.
                                 names are not found without prefix. */
const cf_func *cf_func_find(cf_str name); /* by plan name */
/* The overload for these kinds: exact first, then with int -> float, storage kinds as widened,
 * and CF_NULL matching any.  NULL: none fits. */
const cf_func *cf_func_choose(const cf_builtin *b, const cf_kind *kinds, size_t count);

/* Operators as functions: "==", "+", "&&", "!", "neg", "??", "case", "~=", "//" ... have
 * builtins of class MAP under those names.  Conversions are the builtin "as" with plan
 * functions named cast_<from>_<to> ("cast_float32_float", "cast_int_text", "cast_text_float",
 * ...). */
const cf_func *cf_func_cast(cf_kind from, cf_kind to); /* NULL: no such conversion */

/* Runs f with the null rule applied: joins the arguments' validity when f is STRICT. */
cf_status cf_func_call(const cf_func *f, cf_call *call);

#endif
