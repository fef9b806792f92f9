#ifndef CF_PLAN_H
#define CF_PLAN_H

/* What to do, once every name and type is known: a graph of nodes without cycles, read-only
 * once built, the same for one thread and for a remote executor.
 *
 * Two sorts of nodes:
 *   - a LEVEL is a set of rows.  UNIT has one row.  Every other level has a parent level and,
 * at run time, offsets: rows offsets[p] .. offsets[p+1] belong to the parent's row p.  A
 * relation is a level with parent UNIT; a list column is a level whose parent is its owner's
 * level.  A level made from others (filter, sort, pairs, ...) also has index arrays: for each
 * of its rows the row of the level it was made from.
 *   - a VALUE is one array at a level: a value a row, of a basic kind, nulls possible.  Tuples
 * and lists do not exist in a plan: a tuple is a set of values at one level, a list is a level
 * with values; cf_out puts them together again for the result.
 *
 * Every expression is computed for whole arrays at the level of its deepest operand. */

#include "column/save.h"
#include "column/scan.h"
#include "func/func.h"

typedef uint32_t cf_id; /* of a node; 0: none.  Arguments have smaller numbers than the node. */

/* clang-format off */
/* CF_LEVEL(NAME)   arguments -> what.  "over X": its parent is X.
 *   UNIT                                one row; node 1 of every plan
 *   SCAN      i0 source, i1 ordinal     all rows of a source, over UNIT (ordinal keeps two scans
 *                                       of one source apart)
 *   LIST      i0 source, i1 list node,  the elements of a list column, over its owner's level
 *             {owner level}             (SCAN or LIST)
 *   FLAT      {X, A}                    the rows of X, over A, an ancestor of X's parent; index 0
 *                                       into X is the identity (gathering by it is free)
 *   FILTER    {X, mask at X}            rows of X where mask is true (null drops), over X's
 *                                       parent; index 0 into X
 *   SORT      {X, keys at X...},        within each parent row, stable; NaN, then null last both
 *             i0 bit k: key k descends  ways; index 0 into X
 *   SLICE     {X, from, to}             rows by position in each parent row, from 1, inclusive;
 *                                       from, to: INT64 at X's parent or UNIT, 0: open.  i0 = 1:
 *                                       from is 0, `to` counts the last rows (take -n); index 0
 *   COMBINE   {X}, i0 = k (2..4)        all i<j<.. of the rows of X in each parent row, in index
 *                                       order; index 0..k-1
 *   CROSS     {X, Y}                    same parent: all pairs, X slow; index 0 into X, 1 into Y
 *   CONCAT    {X1, X2, ...}             same parent: in each parent row the rows of X1, then X2,
 *                                       ...; no index (use CONCATV)
 *   CONCATL   {C, L1, L2, ...}          lists of a CONCAT level C whose sources X1, X2, ... own
 *                                       the lists L1, L2, ...: over C; a row of C that came from
 *                                       Xi has Li's list of that row; no index (use CONCATV with
 *                                       this level and values at L1, ...).  In a streaming branch
 *                                       it is Li itself
 *   ITEMS     {P}, i0 = k               k rows in each row of P, over P (use ITEMSV)
 *   REPEAT    {P, k}                    k (INT64 value at UNIT) rows in each row of P, over P
 *   REGATHER  {Q, index at L}           lists of Q carried to other rows: over L; row l gets the
 *                                       list of Q's parent row index[l] (-1: empty); index 0
 *   GROUP     {X, keys at X...}         a row for each distinct key tuple in each parent row, in
 *                                       order of first appearance (nulls equal, NaN equal,
 *                                       -0 == 0); over X's parent; index 0: its first row in X
 *   MEMBERS   {G}                       over G: the rows of X of each group, in order; index 0
 *   RADIUS    {T, L, eta at L, phi at   for each row of L the rows of T in T's parent row
 *             L, eta at T, phi at T,    index[l] with delta_r compared so, in T's order; over L;
 *             R (FLOAT64 at UNIT),      index 0 into T.  = FILTER of REGATHER without making it
 *             index at L}               whole.  i0 bit 0: <= R, not < R; CF_RADIUS_LIST_FIRST:
 *                                       T's row is delta_r's first operand
 *   EXPLODE   {X}                       rows of X, and one row for each parent row without any;
 *                                       over X's parent; index 0 into X, -1 for those
 */
#define CF_LEVELS(CF_LEVEL)                                                          \
    CF_LEVEL(UNIT) CF_LEVEL(SCAN) CF_LEVEL(LIST) CF_LEVEL(FLAT) CF_LEVEL(FILTER)     \
    CF_LEVEL(SORT) CF_LEVEL(SLICE) CF_LEVEL(COMBINE) CF_LEVEL(CROSS) CF_LEVEL(CONCAT)\
    CF_LEVEL(CONCATL)                                                                \
    CF_LEVEL(ITEMS) CF_LEVEL(REPEAT) CF_LEVEL(REGATHER) CF_LEVEL(GROUP)              \
    CF_LEVEL(MEMBERS) CF_LEVEL(RADIUS) CF_LEVEL(EXPLODE)
/* clang-format on */

/* clang-format off */
/* CF_VALUE(NAME)    arguments -> what; the node's `level` is where its rows live.
 *   CONST      i0, f0 or text           the immediate of `kind` (null with CF_NODE_NULL), at UNIT
 *   LOAD       i0 source, i1 leaf node  a stored column in storage kind, at its SCAN or LIST
 *   VALID      i0 source, i1 list or    BOOL: is that list or tuple present, at its owner's level
 *              tuple node
 *   MAP        func, args               each at this level or at UNIT
 *   BROADCAST  {x}                      x from an ancestor level
 *   GATHER     {x, index}               x[index], null at -1; at the index's level
 *   INDEX      {L}, i0 slot             INDEX: index array `slot` of level L, at L
 *   REDUCE     {Q, x or 0},             at Q's parent
 *              i0 = cf_reduce
 *   PICK       {Q, key or 0},           INDEX into Q, at Q's parent; -1 when there is none
 *              i0 = cf_pick
 *   NTH        {Q, position}            INDEX into Q, at Q's parent: offset from 0; outside or
 *                                       null: -1; i0 = 1: negative counts from the end; position
 *                                       at Q's parent or UNIT
 *   WINDOW     {Q, x or 0, ...},        at Q, within each parent row
 *              i0 = cf_window, i1 i2
 *   CONCATV    {x1, x2, ...}            at the CONCAT level's sources, in its order
 *   ITEMSV     {x1, ... xk}             each at P or UNIT, for an ITEMS level
 *   DISTINCT   {Q, keys...}             BOOL: the first of its kind in the parent row
 *   REMOVE     {L, M, keys at L...,     BOOL at L: false for rows matched one for one (earliest
 *              keys at M...}            first, all keys equal) by rows of M; as many keys of L as
 *                                       of M.  i0 = 1: every row of M is known to be a row of L:
 *                                       keys are evaluated one by one, until those so far match
 *                                       each row of M with one row of L only
 *   BINCOUNT   {Q, bin at Q (INT64),    at a REPEAT level over Q's parent (or any ancestor of Q):
 *              weight at Q or 0}        sum of weights of each bin; bin outside 0..k-1 or null is
 *                                       left out; INT64 without weight, else FLOAT64
 *   ALIGN      {L, x}                   x at another level M with L's parent: the same values at
 *                                       L; CF_E_LENGTHS naming the event where lists differ
 *   PREDICT    {x of input 1, x of      at an ITEMS level over rows R: the outputs (FLOAT64) of
 *              input 2, ...}, i0 model, the plan's model for each row.  An input (FLOAT64) is a
 *                                       number at R, numbers at a level over R (a vector, of one
 *                                       width everywhere), or numbers at a level over that (a
 *                                       sequence of vectors)
 */
#define CF_VALUES(CF_VALUE)                                                          \
    CF_VALUE(CONST) CF_VALUE(LOAD) CF_VALUE(VALID) CF_VALUE(MAP) CF_VALUE(BROADCAST) \
    CF_VALUE(GATHER) CF_VALUE(INDEX) CF_VALUE(REDUCE) CF_VALUE(PICK) CF_VALUE(NTH)   \
    CF_VALUE(WINDOW) CF_VALUE(CONCATV) CF_VALUE(ITEMSV) CF_VALUE(DISTINCT)           \
    CF_VALUE(REMOVE) CF_VALUE(BINCOUNT) CF_VALUE(ALIGN) CF_VALUE(PREDICT)
/* clang-format on */

typedef enum {
    CF_NODE_NONE,
#define CF_LEVEL(name) CF_L_##name,
    CF_LEVELS(CF_LEVEL)
#undef CF_LEVEL
        CF_NODE_VALUES, /* level nodes are below, value nodes above */
#define CF_VALUE(name) CF_V_##name,
    CF_VALUES(CF_VALUE)
#undef CF_VALUE
        CF_NODE_KINDS
} cf_node_op;

/* Empty: COUNT 0, SUM 0, ANY false, ALL true, else null.  Nulls are skipped except by COUNT.
 * SUM of INT64 is INT64 (overflow: error), of BOOL INT64; float sums run in eight lanes by
 * ordinal of the non-null... of every row in its parent row (null adds 0), modulo 8. */
/* clang-format off */
#define CF_REDUCES(CF_REDUCE)                                                            \
    CF_REDUCE(COUNT, "count") CF_REDUCE(COUNT_VALID, "count_valid") CF_REDUCE(SUM, "sum")\
    CF_REDUCE(MIN, "min") CF_REDUCE(MAX, "max") CF_REDUCE(ANY, "any") CF_REDUCE(ALL, "all") \
    CF_REDUCE(AVERAGE, "average") CF_REDUCE(STDDEV, "stddev")                            \
    CF_REDUCE(COUNT_DISTINCT, "count_distinct") CF_REDUCE(COUNT_NAN, "count_nan")        \
    CF_REDUCE(CONCAT, "concat_array")
/* clang-format on */
typedef enum {
#define CF_REDUCE(name, word) CF_R_##name,
    CF_REDUCES(CF_REDUCE)
#undef CF_REDUCE
        CF_REDUCE_COUNT
} cf_reduce;

/* Ties: the first.  MIN_BY MAX_BY ignore null keys, and NaN unless all are. */
typedef enum { CF_PICK_FIRST, CF_PICK_LAST, CF_PICK_MIN_BY, CF_PICK_MAX_BY } cf_pick;

/* ROW_NUMBER from 1.  LAG LEAD: i1 = n.  RANK DENSE_RANK: args are the sort keys of the level,
 * equal neighbours tie. FIRST LAST: of the parent row; LAST with keys after x: the last row
 * that does not sort after this one. Frames (for `window`): SUM MIN MAX AVERAGE COUNT over rows
 * i1..i2 relative to this one (INT64_MIN / MAX: open). */
typedef enum {
    CF_W_ROW_NUMBER,
    CF_W_LAG,
    CF_W_LEAD,
    CF_W_RANK,
    CF_W_DENSE_RANK,
    CF_W_FIRST,
    CF_W_LAST,
    CF_W_SUM,
    CF_W_MIN,
    CF_W_MAX,
    CF_W_AVERAGE,
    CF_W_COUNT
} cf_window;

enum { CF_NODE_NULL = 1 };

/* The slot of INDEX that every level has: for each of its rows its parent row. */
#define CF_SLOT_PARENT       9
#define CF_RADIUS_LIST_FIRST 2 /* a bit of RADIUS's i0 */

typedef struct {
    cf_node_op op;
    cf_kind kind; /* of a value; levels: CF_NULL */
    uint8_t flags;
    cf_id level; /* a value's level; a level's parent (UNIT: 0) */
    uint32_t arg_count;
    const cf_id *args;
    int64_t i0, i1, i2;
    double f0;
    cf_str text;         /* CONST of kind TEXT; FILTER: its label for the cut flow */
    const cf_func *func; /* MAP */
    cf_span span;        /* where the user wrote it, for errors and %explain */
} cf_node;

/* How a result is put together from values and levels. */
typedef enum { CF_OUT_VALUE, CF_OUT_LIST, CF_OUT_TUPLE } cf_out_shape;
typedef struct cf_out cf_out;
struct cf_out {
    cf_out_shape shape;
    const char *name;
    const char *unit, *doc; /* carried from the source's schema; or NULL */
    cf_id node;             /* VALUE: the value; LIST: the level of its elements */
    cf_id valid; /* LIST, TUPLE: BOOL value at the owner's level, false: null; 0: never null */
    bool hidden;
    uint32_t child_count; /* LIST: 1; TUPLE: fields */
    cf_out **children;
};

/* A trained model, as a plan sees it; who trains them implements it.  Counted; used by many
 * threads at once. */
typedef struct {
    const float *values;     /* [rows][width]; a sequence: of all rows behind each other */
    const uint32_t *lengths; /* [rows], of a sequence; else NULL */
    uint32_t width;
} cf_model_input;
typedef struct cf_predictor cf_predictor;
typedef struct {
    cf_status (*predict)(const cf_predictor *p, size_t rows, const cf_model_input *inputs,
                         float *out /* [rows][outputs] */, cf_error *err);
    void (*retain)(cf_predictor *p);
    void (*release)(cf_predictor *p);
} cf_predictor_class;
struct cf_predictor {
    const cf_predictor_class *class;
    uint64_t id; /* of its content */
    uint32_t outputs, input_count;
};

/* What the plan does with rows besides showing them. */
typedef struct {
    const char *path;
    const char *format; /* NULL: by suffix */
    cf_save_options options;
    cf_id level;  /* a relation */
    cf_out *rows; /* a TUPLE */
    cf_span span;
    cf_rows_fn *to; /* takes the rows in place of a file, in order; not part of plans as JSON */
    void *to_user;
} cf_save;

#define CF_PLAN_VERSION 1

typedef struct {
    cf_arena *arena; /* holds everything but the sources */
    cf_node *nodes;  /* [1 .. node_count]; nodes[0] is unused */
    cf_id node_count;
    cf_source **sources; /* retained */
    uint32_t source_count;
    /* The result: a relation (level over UNIT, rows: TUPLE) or, with level == UNIT, one value
     * (any shape). */
    cf_id level;
    cf_out *rows;
    int64_t limit;   /* rows to deliver, the rest is only counted; -1: all */
    bool count_rows; /* with a limit: is the total wanted? */
    cf_save *saves;
    uint32_t save_count;
    cf_predictor **models; /* retained; from JSON: NULL until cf_plan_attach */
    uint64_t *model_ids;
    uint32_t model_count;
} cf_plan;

/* Drops the nodes that neither result nor saves need, and numbers the others anew.  Once, when
 * they are set. */
void cf_plan_compact(cf_plan *plan);
void cf_plan_free(cf_plan *plan); /* frees the arena, too */

/* JSON, versioned; floats as shortest text that reads back equal, NaN and infinities as texts,
 * int64 exactly. Sources travel as open_pattern, tree, flat and schema hash; from JSON they are
 * opened again by `open` (NULL: the sources array given is used, in order). */
char *cf_plan_to_json(const cf_plan *plan, cf_error *err); /* malloc'd; NULL: error */
typedef cf_status cf_plan_open_fn(void *user, const char *format, const char *pattern,
                                  const char *tree, bool flat, cf_source **source,
                                  cf_error *err);
cf_status cf_plan_from_json(const char *json, cf_plan_open_fn *open, void *user,
                            cf_source *const *sources, uint32_t source_count, cf_plan **plan,
                            cf_error *err);
/* Gives a plan that came from JSON its models, found by id; CF_E_MODEL if one is missing. */
cf_status cf_plan_attach(cf_plan *plan, cf_predictor *const *models, uint32_t count,
                         cf_error *err);
/* What the plan computes, as a number: spans and the place in memory do not matter. */
uint64_t cf_plan_hash(const cf_plan *plan);
/* Structure checks: argument order, levels, kinds; used after from_json and by CF_ASSERT in
 * tests. */
cf_status cf_plan_check(const cf_plan *plan, cf_error *err);

/* A node in words for %explain: "filter Jet (mask #12)". */
void cf_plan_print(const cf_plan *plan, cf_text *out);
const char *cf_node_op_name(cf_node_op op);

#endif
