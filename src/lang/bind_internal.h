#ifndef CF_LANG_BIND_INTERNAL_H
#define CF_LANG_BIND_INTERNAL_H

/* How the binder thinks of values while it builds a plan.
 *
 * A `cf_val` is a value of the language at one level of the plan.  Basic values are plan nodes.
 * A tuple is a set of named values, made only when asked for (a filter over 1,500 columns makes
 * no node until one of them is used).  A list is a level with an element value; a relation is a
 * list at UNIT.  A function is a tree with its surroundings, or a built-in, with the arguments
 * it has so far. */

#include "lang/bind.h"

typedef struct cf_binder cf_binder;
typedef struct cf_val cf_val;
typedef struct cf_scope cf_scope;

typedef struct cf_lazy cf_lazy;
struct cf_lazy { /* makes a tuple's field when it is first used */
    cf_val *(*make)(cf_binder *b, const cf_lazy *lazy);
    cf_val *from; /* tuple whose field `at` it is made of */
    size_t at;
    cf_id index, level;
    const cf_field *stored; /* of a source's column */
    uint32_t source;
    cf_val **parts; /* of a concatenation: tuples (or NULL: null there) */
    size_t *part_at, part_count;
};

typedef struct {
    cf_str name;
    bool hidden;
    const char *unit, *doc;
    cf_str table;  /* where the column comes from (`t.c` stays valid); size 0: nowhere */
    cf_span span;  /* of the item that made it; source 0: of a file */
    cf_val *value; /* NULL: lazy */
    const cf_lazy *lazy;
} cf_slot;

typedef enum {
    CF_VAL_BASIC,
    CF_VAL_TUPLE,
    CF_VAL_LIST,
    CF_VAL_FUNC,
    CF_VAL_RANGE,
    CF_VAL_MODEL
} cf_val_kind;

struct cf_val {
    cf_val_kind kind;
    cf_id level;    /* where it has one value a row */
    cf_id node;     /* BASIC */
    cf_id valid;    /* TUPLE, LIST: BOOL at level; 0: never null */
    cf_slot *slots; /* TUPLE */
    size_t slot_count;
    cf_id of;        /* TUPLE: tag of the list whose row it is, carried unchanged; 0: unknown */
    cf_id rows;      /* LIST: the level of its elements */
    cf_val *elem;    /* LIST: at `rows` */
    cf_str name;     /* LIST: what its rows are called in messages ("Jet", "events") */
    cf_str row_name; /* LIST: `from t`, `x = r`: names its rows in expressions; size 0: nothing
                        does */
    cf_val *carried; /* LIST: the list that this one is, carried unchanged to other rows (for
                        the radius join); or NULL */
    bool aggregated; /* LIST: made by `aggregate`: a group puts its keys in front */
    cf_id *sort_keys; /* LIST: keys of the last sort, values at `rows` */
    size_t sort_key_count;
    const struct cf_cut *cuts; /* LIST: the filters so far, last first */
    cf_val *cut_start;         /* LIST: the relation before the first filter; NULL: none yet */
    cf_shape *shape;           /* LIST: how it wants to be drawn; NULL: as rows */
    /* FUNC */
    const cf_ast *lambda; /* user function; NULL: built-in, or a composed pipeline */
    const cf_ast *stages; /* a pipeline that waits for its input */
    const cf_builtin *builtin;
    cf_scope *scope; /* where it was written */
    cf_str func_name;
    cf_str home;                    /* of the module that a user's function stands in */
    const struct cf_args *bound;    /* arguments given so far */
    const struct cf_scaler *scaler; /* made by fit_minmax or fit_zscore; or NULL */
    /* MODEL */
    const cf_net *net;         /* its layers; NULL: only `trained` knows */
    bool is_trained;           /* by `train` or `load_model` */
    const cf_trained *trained; /* NULL: not trained, or only names are wanted */
    const char *saved_as;      /* the file that `save` wrote; or NULL */
    /* RANGE: ends as values; NULL: open */
    cf_val *low, *high;
    bool shared_row; /* TUPLE: the row of a scope (`this`) */
};

typedef struct cf_cut { /* one filter of the cut flow */
    const struct cf_cut *before;
    cf_str label;
    cf_val *list; /* what passed */
} cf_cut;

/* An argument, not yet evaluated: a tree with the scope it was written in, or a value. */
typedef struct {
    cf_name name; /* of a named argument; or text.data NULL */
    bool assign;
    const cf_ast *ast;
    cf_scope *scope;
    cf_val *value; /* evaluated; or NULL */
    cf_span span;
} cf_arg;

typedef struct cf_args {
    cf_arg *items;
    size_t count;
} cf_args;

typedef enum { CF_SCOPE_ROW, CF_SCOPE_PARAMS, CF_SCOPE_MODULE } cf_scope_kind;

struct cf_scope {
    cf_scope_kind kind;
    cf_scope *outer;
    /* ROW */
    cf_val *row; /* TUPLE or other element value, at `level` */
    cf_id level;
    cf_val *list; /* the relation whose row it is (sort keys, names) */
    cf_str name;  /* of the row; size 0: none */
    /* PARAMS */
    cf_arg *params;
    size_t param_count;
    cf_str home; /* PARAMS, MODULE: of the module that the text stands in; size 0: none */
};

struct cf_binder {
    cf_plan_builder *plan;
    cf_arena *arena;
    cf_module *module;
    const cf_bind_env *env;
    cf_diags *diags;
    cf_error err; /* of this statement */
    bool failed;
    bool mismatch;  /* two values lie on different branches: the pipeline is tried again,
                       broadcast */
    unsigned depth; /* of calls and nesting */
    cf_scope *root; /* MODULE scope */
    cf_id tags;     /* given out to lists, for cf_val.of */
    struct {
        cf_save save;
        cf_val *list;
    } saves[16];
    size_t save_count;
    unsigned in_let; /* > 0: inside a let value: `save` is an error */
    struct {
        const cf_let *let;
        cf_val *value;
        bool open;
    } * lets;
    size_t let_count, let_capacity;
};

#define CF_BIND_DEPTH 200

/* ---- errors: all return NULL so that a caller can `return cf_bind_fail(...)` ---- */
CF_PRINTF(4, 5)
void *cf_bind_fail(cf_binder *b, cf_status status, cf_span at, const char *fmt, ...);
CF_PRINTF(2, 3) void cf_bind_hint(cf_binder *b, const char *fmt, ...);
CF_PRINTF(2, 3) void cf_bind_label(cf_binder *b, const char *fmt, ...);
void *cf_bind_mismatch(cf_binder *b);
CF_PRINTF(3, 4) void cf_bind_warn(cf_binder *b, cf_span at, const char *fmt, ...);
/* An equivalent of a word from another language as the hint; false: it is none. */
bool cf_bind_habit(cf_binder *b, cf_str name);
/* What could have been meant by the name of no function (bind_hint.c has this and what
 * follows). */
void cf_bind_function_hint(cf_binder *b, cf_str name);
/* A function where a value is needed: what its call lacks. */
void *cf_bind_unfinished(cf_binder *b, const cf_val *func, cf_span span);
/* A verb got two arguments for one: the brackets that were forgotten; false: no idea. */
bool cf_bind_many_hint(cf_binder *b, const char *verb, const struct cf_args *args);
/* `what` does not take values of these types: how they are written together. */
void cf_bind_type_hint(cf_binder *b, const char *what, cf_val **args, size_t count);
/* The columns of a tuple for a message: nearest first, at most 8, then "and 21 more". */
void cf_bind_list_columns(cf_binder *b, cf_str wanted, cf_val *tuple, cf_text *out);

/* ---- values (bind_value.c) ---- */
cf_val *cf_val_basic(cf_binder *b, cf_id node);
cf_val *cf_val_tuple(cf_binder *b, cf_id level, size_t slots);
cf_val *cf_val_list(cf_binder *b, cf_id rows, cf_val *elem);
cf_val *cf_val_copy(cf_binder *b, const cf_val *v);
cf_kind cf_val_kind_of(const cf_binder *b,
                       const cf_val *v); /* BASIC: the node's kind; else CF_LIST, ... */
cf_val *cf_val_field(cf_binder *b, cf_val *tuple, size_t i);   /* makes it if lazy */
bool cf_val_find(const cf_val *tuple, cf_str name, size_t *i); /* exact case */
bool cf_val_find_nocase(const cf_val *tuple, const char *const *names,
                        size_t *i); /* first of the names that is there */
void cf_val_set(cf_val *tuple, size_t i, cf_str name, cf_val *value);
cf_val *cf_val_with(cf_binder *b, const cf_val *tuple, cf_str name,
                    cf_val *value); /* replaces in place or appends */
cf_val *cf_val_gather(cf_binder *b, cf_val *v, cf_id index,
                      cf_id level); /* v (at index's target) at index's level */
cf_val *cf_val_broadcast(cf_binder *b, cf_val *v, cf_id level); /* from an ancestor level */
cf_val *cf_val_at_rows(cf_binder *b, cf_val *list, cf_id rows,
                       unsigned slot); /* a list with other rows made from it by index slot */
cf_val *cf_val_of_table(cf_binder *b, cf_source *source, cf_str name);
cf_val *cf_val_null_like(cf_binder *b, const cf_val *v);
cf_id cf_val_is_null(cf_binder *b, cf_val *v);           /* BOOL node */
cf_id cf_val_number(cf_binder *b, cf_val *v);            /* widened node of a BASIC */
void cf_val_type(cf_binder *b, cf_val *v, cf_text *out); /* in the user's words */
cf_out *cf_val_out(cf_binder *b, cf_val *v,
                   const char *name); /* for a plan's result; NULL: failed */
cf_val *cf_val_concat(cf_binder *b, cf_id level, cf_val **values, size_t count,
                      cf_span span); /* element of a CONCAT level */
cf_val *cf_val_unify_basic(cf_binder *b, cf_val **values, size_t count,
                           cf_span span); /* casts to one kind, in place */
/* The items of a list that has the same number of them in every row: `count` values at its
 * level.  False: it is no such list. */
bool cf_val_array_items(const cf_binder *b, const cf_val *list, const cf_id **items,
                        size_t *count);
/* So many values of each row of `level` as a list. */
cf_val *cf_val_array(cf_binder *b, cf_id level, cf_val **items, size_t count);
bool cf_val_const_int(const cf_binder *b, const cf_val *v, int64_t *x);
bool cf_val_const_float(const cf_binder *b, const cf_val *v, double *x);
bool cf_val_const_text(const cf_binder *b, const cf_val *v, cf_str *x);

/* ---- names (bind_name.c) ---- */
cf_scope *cf_scope_row(cf_binder *b, cf_scope *outer, cf_val *list);
cf_id cf_scope_level(const cf_scope *s); /* level of the innermost row; UNIT */
const cf_scope *cf_scope_inner_row(const cf_scope *s);
cf_val *cf_bind_path(cf_binder *b, const cf_ast *path, cf_scope *scope);
/* A name as value; NULL without an error when there is none. */
cf_val *cf_bind_name(cf_binder *b, cf_str name, cf_scope *scope, cf_span span);
cf_val *cf_bind_member(cf_binder *b, cf_val *base, cf_name name);
cf_val *cf_bind_let_value(cf_binder *b, const cf_let *let);
cf_str cf_scope_home(const cf_scope *scope); /* of the module around a place; or empty */
/* The `let` that a name means at a place: of the module around it, else of the program. */
const cf_let *cf_bind_find_let(const cf_binder *b, const cf_scope *scope, cf_str name);

/* ---- expressions (bind_expr.c) ---- */
cf_val *cf_bind_expr(cf_binder *b, const cf_ast *ast, cf_scope *scope);
cf_val *cf_bind_arg(cf_binder *b, cf_arg *arg);
cf_val *cf_bind_map(cf_binder *b, const cf_builtin *f, cf_val **args, size_t count,
                    cf_span span);
cf_val *cf_bind_map_named(cf_binder *b, const char *builtin, cf_val **args, size_t count,
                          cf_span span);
cf_val *cf_bind_cast(cf_binder *b, cf_val *v, cf_str word, cf_span span); /* `as` */
cf_val *cf_bind_in_values(cf_binder *b, cf_val *x, cf_val *set, cf_span span);
cf_id cf_bind_condition(cf_binder *b, cf_val *v, cf_span span,
                        const char *verb); /* BOOL node; 0: failed */
cf_str cf_bind_source_text(cf_binder *b, cf_span span);
cf_val *cf_bind_tuple(cf_binder *b, const cf_ast *ast, cf_scope *scope, cf_val *onto);

/* ---- guards (bind_guard.c): what can fail is computed where the mask (BOOL) is true ---- */
bool cf_guard_needed(const cf_binder *b, const cf_val *v);
cf_val *cf_guard(cf_binder *b, cf_val *v, cf_id mask);
cf_id cf_guard_unless(cf_binder *b, cf_id x, bool value); /* BOOL: x is not `value` */

/* ---- calls and pipelines (bind_call.c) ---- */
cf_val *cf_bind_pipe(cf_binder *b, const cf_ast *pipeline, cf_scope *scope);
cf_val *cf_bind_stage(cf_binder *b, const cf_ast *stage, cf_val *piped,
                      cf_scope *scope); /* piped NULL: none */
cf_val *cf_bind_call(cf_binder *b, cf_val *func, cf_args args, cf_val *piped, cf_scope *scope,
                     cf_span span);
cf_val *cf_bind_apply(cf_binder *b, const cf_arg *function,
                      cf_val *relation); /* a relation -> relation argument */

/* ---- verbs: relation -> relation (bind_verb.c, bind_group.c, bind_draw.c, bind_sample.c) ----
 */
typedef struct {
    cf_binder *b;
    cf_val *rel;  /* the piped list; NULL: none */
    cf_arg *args; /* positional, without the piped one */
    size_t count;
    cf_arg *named;
    size_t named_count;
    cf_scope *scope; /* the caller's */
    cf_span span;    /* of the stage */
    const char *verb;
} cf_verb_call;

typedef cf_val *cf_verb_fn(cf_verb_call *c);

typedef struct {
    const char *name;
    cf_verb_fn *fn;
    uint8_t min, max; /* positional arguments besides the piped relation */
    bool needs_relation;
    const char *named; /* names of named arguments, blank-separated; NULL: none */
} cf_verb;

const cf_verb *cf_verb_find(cf_str name);
/* Tables that end with a NULL name, one a file. */
extern const cf_verb cf_verbs_rows[], cf_verbs_list[], cf_verbs_draw[], cf_verbs_file[],
    cf_verbs_learn[], cf_verbs_net[], cf_verbs_train[], cf_verbs_model[], cf_verbs_judge[];
cf_val *cf_verb_row_arg(cf_verb_call *c, size_t i,
                        cf_val *rel); /* evaluated in the rows of rel */
cf_val *cf_verb_caller_arg(cf_verb_call *c, size_t i);
cf_arg *cf_verb_named(cf_verb_call *c, const char *name); /* NULL: not given */
cf_val *cf_verb_with_elem(cf_binder *b, const cf_val *rel,
                          cf_val *elem); /* other columns, same rows */
cf_id cf_verb_node_at(cf_binder *b, cf_id node,
                      cf_id rows);         /* at exactly these rows; 0: mismatch */
bool cf_verb_alias_error(cf_verb_call *c); /* `name =` where a condition is needed: reported */
cf_val *cf_verb_flattened(cf_binder *b, cf_val *list,
                          cf_id owner);               /* its elements as rows over `owner` */
cf_val *cf_verb_unnested(cf_verb_call *c, cf_val *v); /* a list of lists as a relation */
const cf_ast *cf_verb_items(cf_verb_call *c);         /* the first argument as a tuple's tree */
bool cf_verb_columns(cf_binder *b, const cf_val *tuple); /* false: one is no column; reported */
cf_val *cf_verb_tuple_rows(cf_binder *b, cf_val *rel);   /* its rows as tuples */
bool cf_verb_same_owner(cf_binder *b, cf_val **x, cf_val **y); /* false: mismatch */
cf_val *cf_verb_filter_by(cf_binder *b, cf_val *rel, cf_id mask, cf_str label);
cf_val *cf_verb_take_rows(cf_binder *b, cf_val *rel, cf_id from, cf_id to, bool last);
cf_val *cf_bind_reduce(cf_binder *b, const cf_builtin *f, cf_val *list, cf_val *value,
                       cf_span span);

cf_val *cf_val_model_member(cf_binder *b, const cf_val *model, cf_name name); /* m.history */
cf_val *cf_verb_save_model(cf_verb_call *c, const char *path);
cf_id cf_verb_position(cf_binder *b, cf_id rows); /* of each row in its parent, from 0 */
cf_val *cf_scaler_call(cf_binder *b, const struct cf_scaler *s, cf_val *x, cf_span span);

/* ---- decimals (bind_decimal.c) ---- */
/* The exact form of an operator; NULL without an error: there is none, compute with floats. */
cf_val *cf_decimal_map(cf_binder *b, const cf_builtin *f, cf_val **args, size_t count,
                       cf_span span);
/* Decimals and ints become decimals of one scale, in place; false: there are others, or no
 * decimal at all. */
bool cf_decimal_unify(cf_binder *b, cf_val **values, size_t count);
/* Comparisons and MIN, MAX, COUNT_DISTINCT of unsigned integers of 64 bits; NULL: no such. */
cf_val *cf_uint64_map(cf_binder *b, const cf_builtin *f, cf_val **args, size_t count);
cf_val *cf_uint64_reduce(cf_binder *b, cf_reduce kind, cf_val *list, cf_val *value);
/* As cf_val_number, but for telling values apart and sorting them: exact. */
cf_id cf_val_key(cf_binder *b, cf_val *v);

/* ---- four-vectors (bind_vector.c) ---- */
bool cf_vector_is(const cf_val *v);
cf_val *cf_vector_call(cf_binder *b, const cf_builtin *f, cf_val **args, size_t count,
                       cf_span span);
cf_val *cf_vector_add(cf_binder *b, cf_val *x, cf_val *y, bool subtract, cf_span span);

#endif
