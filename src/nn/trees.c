#include "nn/trees.h"

#include "nn/batch.h"
#include "nn/json.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Growing trees with XGBoost: boosted, or a forest of trees that are grown side by side.
 * Source of the calls and of the JSON form: xgboost's c_api.h and "Introduction to Model IO".
 */

typedef uint64_t count_type; /* bst_ulong */

#define CALLS(CALL)                                                                        \
    CALL(const char *, XGBGetLastError, (void))                                            \
    CALL(int, XGDMatrixCreateFromMat,                                                      \
         (const float *x, count_type rows, count_type columns, float missing, void **out)) \
    CALL(int, XGDMatrixSetFloatInfo,                                                       \
         (void *matrix, const char *field, const float *x, count_type count))              \
    CALL(int, XGDMatrixFree, (void *matrix))                                               \
    CALL(int, XGBoosterCreate, (void *const *matrices, count_type count, void **out))      \
    CALL(int, XGBoosterFree, (void *booster))                                              \
    CALL(int, XGBoosterSetParam, (void *booster, const char *name, const char *value))     \
    CALL(int, XGBoosterUpdateOneIter, (void *booster, int round, void *matrix))            \
    CALL(int, XGBoosterEvalOneIter,                                                        \
         (void *booster, int round, void *const *matrices, const char *const *names,       \
          count_type count, const char **out))                                             \
    CALL(int, XGBoosterSaveModelToBuffer,                                                  \
         (void *booster, const char *form, count_type *size, const char **out))

typedef struct {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes none */
#define CALL(result, name, parameters) result(*name) parameters;
    CALLS(CALL)
#undef CALL
} calls;

static cf_status load(calls *c, cf_error *err) {
    bool all = true;
    void *library = dlopen("libxgboost.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) library = dlopen("libxgboost.so", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                "growing trees needs the XGBoost library, which is not installed");
        cf_error_hint(err, "install it: apt install libxgboost0");
        return CF_E_UNSUPPORTED;
    }
#define CALL(result, name, parameters)            \
    {                                             \
        void *found = dlsym(library, #name);      \
        memcpy(&c->name, &found, sizeof c->name); \
        all = all && found != NULL;               \
    }
    CALLS(CALL)
#undef CALL
    if (all) return CF_OK; /* the library stays loaded: it has threads of its own */
    return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                   "the XGBoost library here is older than 1.6");
}

typedef struct {
    cf_model *m;
    const cf_nn_spec *spec;
    const cf_train_options *options;
    calls c;
    void *matrices[2]; /* training, validation */
    const cf_dataset *sets[2];
    void *booster;
    size_t set_count;
    cf_error *err;
    int64_t begin_ns, round_ns;
} grower;

static cf_status call(const grower *g, int result, const char *what) {
    if (result == 0) return CF_OK;
    return cf_fail(g->err, CF_E_VALUE, CF_NOWHERE, "XGBoost cannot %s: %.300s", what,
                   g->c.XGBGetLastError());
}

static bool cancelled(const grower *g) {
    return g->options->cancel != NULL && atomic_load(g->options->cancel);
}

/* --- features -------------------------------------------------------------------------------
 */

typedef struct {
    float *x, *label, *weight; /* [rows][width], [rows], [rows] */
} features;

static double class_factor(const grower *g, const float *target) {
    double factor = 0.0;
    if (g->options->class_weight == NULL) return 1.0;
    for (uint32_t k = 0; k < g->m->graph.classes; k++)
        factor += g->options->class_weight[k] * (double)target[k];
    return factor;
}

/* The values that the trees take, through whatever layers lie before them. */
static bool piece_features(const grower *g, cf_arena *arena, const cf_dataset *d,
                           uint64_t first, size_t events, const features *to) {
    const cf_graph *graph = &g->m->graph;
    const cf_layer *trees = cf_graph_output(graph), *from = cf_graph_from(graph, trees, 0);
    uint32_t rows[256];
    cf_answers answers;
    for (size_t i = 0; i < events; i++)
        rows[i] = (uint32_t)(first + i);
    cf_graph before = *graph;
    before.parameters = 0; /* the trees add nothing yet */
    cf_pass p = {.graph = &before,
                 .kernels = cf_nn_kernels_best(),
                 .arena = arena,
                 .weights = g->m->weights,
                 .events = events};
    if (!cf_pass_gather(&p, d, rows, &answers) || !cf_pass_forward(&p)) return false;
    memcpy(to->x + first * from->width, p.values[trees->from[0]].y,
           events * from->width * sizeof *to->x);
    for (size_t i = 0; i < events; i++) {
        const float *target = answers.targets + i * graph->classes;
        uint32_t best = 0;
        for (uint32_t k = 1; k < graph->classes; k++)
            if (target[k] > target[best]) best = k;
        to->label[first + i] = (float)best;
        to->weight[first + i] = (float)((double)answers.weights[i] * class_factor(g, target));
    }
    return true;
}

static bool all_features(const grower *g, const cf_dataset *d, const features *to) {
    const uint64_t rows = cf_dataset_rows(d);
    cf_arena *arena = cf_arena_new(1 << 20);
    bool good = true;
    for (uint64_t first = 0; good && first < rows; first += 64) {
        cf_arena_reset(arena);
        good = piece_features(g, arena, d, first,
                              rows - first < 64 ? (size_t)(rows - first) : 64, to);
    }
    cf_arena_free(arena);
    return good;
}

static cf_status fill_matrix(grower *g, const features *f, uint64_t rows, uint32_t width,
                             void **out) {
    CF_TRY(call(g, g->c.XGDMatrixCreateFromMat(f->x, rows, width, NAN, out), "take the data"));
    CF_TRY(
        call(g, g->c.XGDMatrixSetFloatInfo(*out, "label", f->label, rows), "take the labels"));
    return call(g, g->c.XGDMatrixSetFloatInfo(*out, "weight", f->weight, rows),
                "take the weights");
}

static cf_status make_matrix(grower *g, const cf_dataset *d, void **out) {
    const cf_graph *graph = &g->m->graph;
    const uint32_t width = cf_graph_from(graph, cf_graph_output(graph), 0)->width;
    const uint64_t rows = cf_dataset_rows(d);
    features f = {.x = calloc(rows, width * sizeof *f.x),
                  .label = calloc(rows, sizeof *f.label),
                  .weight = calloc(rows, sizeof *f.weight)};
    cf_status status = CF_OK;
    if (f.x == NULL || f.label == NULL || f.weight == NULL || !all_features(g, d, &f))
        status = cf_fail(g->err, CF_E_MEMORY, CF_NOWHERE,
                         "no memory for %llu rows to grow trees on", (unsigned long long)rows);
    if (status == CF_OK) status = fill_matrix(g, &f, rows, width, out);
    free(f.x);
    free(f.label);
    free(f.weight);
    return status;
}

/* --- rounds ---------------------------------------------------------------------------------
 */

static cf_status set(const grower *g, const char *name, const char *value) {
    return call(g, g->c.XGBoosterSetParam(g->booster, name, value), name);
}

static cf_status set_number(const grower *g, const char *name, double value) {
    char text[32];
    if (value == floor(value) && fabs(value) < 1e15)
        cf_format_i64(text, (int64_t)value);
    else
        cf_format_f64(text, value);
    return set(g, name, text);
}

static cf_status set_parameters(const grower *g) {
    const cf_nn_spec *s = g->spec;
    CF_TRY(set(g, "verbosity", "0"));
    CF_TRY(set(g, "objective", "multi:softprob"));
    CF_TRY(set(g, "tree_method", "hist"));
    CF_TRY(set(g, "eval_metric", "mlogloss"));
    CF_TRY(set(g, "eval_metric", "merror"));
    CF_TRY(set_number(g, "num_class", (double)g->m->graph.classes));
    CF_TRY(set_number(g, "nthread", (double)g->options->threads));
    CF_TRY(set_number(g, "seed", (double)(g->options->seed % 2147483647u)));
    CF_TRY(set_number(g, "max_depth", (double)s->depth));
    CF_TRY(set_number(g, "eta", s->eta));
    CF_TRY(set_number(g, "subsample", s->subsample));
    CF_TRY(set_number(g, s->forest > 1 ? "colsample_bynode" : "colsample_bytree", s->columns));
    return set_number(g, "num_parallel_tree", (double)s->forest);
}

/* "...train-mlogloss:0.25..." */
static double metric(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at == NULL ? (double)NAN : strtod(at + strlen(name), NULL);
}

static void report(const grower *g, const cf_nn_epoch *e) {
    const cf_train_options *o = g->options;
    const uint64_t rows = cf_dataset_rows(g->sets[0]);
    const double spent = (double)(cf_clock_ns() - g->begin_ns) * 1e-9;
    const cf_nn_progress p = {
        .epoch = e->epoch,
        .epochs = g->spec->rounds,
        .done = rows,
        .rows = rows,
        .epoch_end = true,
        .loss = e->loss,
        .accuracy = e->accuracy,
        .events_per_s = e->seconds > 0.0 ? (double)rows / e->seconds : 0.0,
        .seconds_left = spent / (double)e->epoch * (double)(g->spec->rounds - e->epoch),
        .last = *e};
    if (o->progress != NULL) o->progress(o->user, &p);
}

static cf_status run_round(grower *g, uint32_t round) {
    static const char *const names[] = {"train", "valid"};
    const char *text = "";
    const int64_t begin = cf_clock_ns();
    CF_TRY(call(g, g->c.XGBoosterUpdateOneIter(g->booster, (int)round, g->matrices[0]),
                "grow a tree"));
    CF_TRY(call(g,
                g->c.XGBoosterEvalOneIter(g->booster, (int)round, g->matrices, names,
                                          g->set_count, &text),
                "measure"));
    const cf_nn_epoch epoch = {.epoch = round + 1,
                               .loss = metric(text, "train-mlogloss:"),
                               .accuracy = 1.0 - metric(text, "train-merror:"),
                               .val_loss = metric(text, "valid-mlogloss:"),
                               .val_accuracy = 1.0 - metric(text, "valid-merror:"),
                               .lr = g->spec->eta,
                               .seconds = (double)(cf_clock_ns() - begin) * 1e-9};
    CF_TRY(cf_model_add_epoch(g->m, &epoch, g->err));
    report(g, &epoch);
    return CF_OK;
}

/* The trees so far become the model's. */
static cf_status take_trees(grower *g) {
    count_type size = 0;
    size_t count = 0;
    const char *json = NULL;
    float *block = NULL;
    const cf_graph *graph = &g->m->graph;
    const uint32_t width = cf_graph_from(graph, cf_graph_output(graph), 0)->width;
    CF_TRY(call(
        g, g->c.XGBoosterSaveModelToBuffer(g->booster, "{\"format\": \"json\"}", &size, &json),
        "hand its trees out"));
    CF_TRY(cf_trees_from_json((cf_str){json, (size_t)size}, graph->classes, &block, &count,
                              g->err));
    if (!cf_trees_valid(block, count, width, graph->classes)) {
        free(block);
        return cf_fail(g->err, CF_E_UNSUPPORTED, CF_NOWHERE,
                       "XGBoost's trees are not of the form that is known here");
    }
    free(g->m->weights);
    g->m->weights = block;
    g->m->graph.parameters = count;
    return CF_OK;
}

static cf_status grow(grower *g) {
    for (size_t i = 0; i < g->set_count; i++)
        CF_TRY(make_matrix(g, g->sets[i], &g->matrices[i]));
    CF_TRY(call(g, g->c.XGBoosterCreate(g->matrices, g->set_count, &g->booster), "begin"));
    CF_TRY(set_parameters(g));
    g->begin_ns = cf_clock_ns();
    g->m->epochs = 0;
    uint32_t round = 0;
    while (round < g->spec->rounds && !cancelled(g))
        CF_TRY(run_round(g, round++));
    if (round > 0) CF_TRY(take_trees(g));
    if (round < g->spec->rounds)
        return cf_fail(g->err, CF_E_CANCELLED, CF_NOWHERE, "training was interrupted");
    return CF_OK;
}

cf_status cf_trees_train(cf_model *m, const cf_dataset *train, const cf_dataset *valid,
                         const cf_train_options *options, cf_error *err) {
    grower g = {.m = m,
                .spec = cf_graph_output(&m->graph)->spec,
                .options = options,
                .sets = {train, valid},
                .set_count = valid == NULL ? 1 : 2,
                .err = err};
    CF_TRY(load(&g.c, err));
    const cf_status status = grow(&g);
    if (g.booster != NULL) (void)g.c.XGBoosterFree(g.booster);
    for (size_t i = 0; i < g.set_count; i++)
        if (g.matrices[i] != NULL) (void)g.c.XGDMatrixFree(g.matrices[i]);
    return status;
}

/* --- the library's JSON ---------------------------------------------------------------------
 */

static const json_t *at_path(const json_t *root, const char *const *keys) {
    for (; root != NULL && *keys != NULL; keys++)
        root = json_object_get(root, *keys);
    return root;
}

static double number_at(const json_t *array, size_t i) {
    return json_number_value(json_array_get(array, i));
}

/* The tree's nodes behind each other; false: not of the form. */
static bool add_tree(cf_text *out, const json_t *tree, size_t *count) {
    const json_t *left = json_object_get(tree, "left_children");
    const json_t *right = json_object_get(tree, "right_children");
    const json_t *split = json_object_get(tree, "split_indices");
    const json_t *condition = json_object_get(tree, "split_conditions");
    *count = json_array_size(left);
    if (*count == 0 || json_array_size(right) != *count || json_array_size(split) != *count ||
        json_array_size(condition) != *count)
        return false;
    for (size_t i = 0; i < *count; i++) {
        const bool leaf = number_at(left, i) < 0.0;
        const float node[CF_TREE_NODE] = {
            leaf ? -1.0f : (float)number_at(split, i), (float)number_at(condition, i),
            leaf ? 0.0f : (float)number_at(left, i), leaf ? 0.0f : (float)number_at(right, i)};
        cf_text_add(out, (const char *)node, sizeof node);
    }
    return true;
}

/* Starting values of the classes that differ (XGBoost 3 has some): a leaf for each. */
static size_t add_base(cf_text *heads, cf_text *nodes, const char *base, uint32_t classes) {
    if (base == NULL || *base != '[') return 0;
    uint32_t k = 0;
    for (char *end = NULL; k < classes; k++, base = end) {
        const float value = strtof(base + 1, &end);
        if (end == base + 1) break;
        const float head[] = {(float)k, 1.0f};
        const float node[CF_TREE_NODE] = {-1.0f, value, 0.0f, 0.0f};
        cf_text_add(heads, (const char *)head, sizeof head);
        cf_text_add(nodes, (const char *)node, sizeof node);
    }
    return k;
}

static cf_status join(size_t trees, cf_text *heads, cf_text *nodes, float **out,
                      size_t *out_count, cf_error *err) {
    const size_t bytes = sizeof **out + heads->size + nodes->size;
    float *block = heads->failed || nodes->failed ? NULL : malloc(bytes);
    if (block == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for the trees");
    CF_ASSERT(heads->data != NULL && nodes->data != NULL);
    block[0] = (float)trees;
    memcpy(block + 1, heads->data, heads->size);
    memcpy(block + 1 + 2 * trees, nodes->data, nodes->size);
    *out = block;
    *out_count = bytes / sizeof *block;
    return CF_OK;
}

static cf_status add_trees(const json_t *root, uint32_t classes, cf_text *heads, cf_text *nodes,
                           size_t *trees) {
    static const char *const model[] = {"learner", "gradient_booster", "model", NULL};
    static const char *const base[] = {"learner", "learner_model_param", "base_score", NULL};
    const json_t *where = at_path(root, model);
    const json_t *list = json_object_get(where, "trees"),
                 *info = json_object_get(where, "tree_info");
    const size_t n = json_array_size(list);
    if (n == 0 || json_array_size(info) != n) return CF_E_FORMAT;
    *trees = n + add_base(heads, nodes, json_string_value(at_path(root, base)), classes);
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        if (!add_tree(nodes, json_array_get(list, i), &count)) return CF_E_FORMAT;
        const float head[] = {(float)number_at(info, i), (float)count};
        cf_text_add(heads, (const char *)head, sizeof head);
    }
    return CF_OK;
}

cf_status cf_trees_from_json(cf_str json, uint32_t classes, float **out, size_t *out_count,
                             cf_error *err) {
    json_error_t where;
    cf_text heads = {0}, nodes = {0};
    size_t trees = 0;
    json_t *root = json_loadb(json.data, json.size, 0, &where);
    cf_status status =
        root == NULL ? CF_E_FORMAT : add_trees(root, classes, &heads, &nodes, &trees);
    if (status == CF_E_FORMAT)
        status = cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                         "XGBoost's description of its trees is not of the form that is known");
    if (status == CF_OK) status = join(trees, &heads, &nodes, out, out_count, err);
    cf_text_clear(&heads);
    cf_text_clear(&nodes);
    if (root != NULL) json_decref(root);
    return status;
}
