/* Networks as values: layers are put on each other as stages of a pipeline, and become JSON
 * when somebody trains them. */

#include "lang/bind_learn.h"

#include <math.h>
#include <string.h>

#define UNITS_MAX 1000000

/* ---- arguments ---- */

bool cf_verb_named_number(cf_verb_call *c, const char *name, double min, double max,
                          double *x) {
    cf_arg *a = cf_verb_named(c, name);
    if (a == NULL) return true;
    cf_val *v = cf_bind_arg(c->b, a);
    if (v == NULL) return false;
    if (!cf_val_const_float(c->b, v, x)) {
        cf_bind_fail(c->b, CF_E_NOT_CONSTANT, a->span, "`%s` is a number known beforehand",
                     name);
        return false;
    }
    if (*x >= min && *x <= max) return true;
    cf_bind_fail(c->b, CF_E_RANGE, a->span, "`%s` lies between %g and %g", name, min, max);
    return false;
}

bool cf_verb_named_count(cf_verb_call *c, const char *name, int64_t min, int64_t max,
                         int64_t *x) {
    double number = (double)*x;
    if (!cf_verb_named_number(c, name, (double)min, (double)max, &number)) return false;
    *x = (int64_t)number;
    if ((double)*x == number) return true;
    cf_bind_fail(c->b, CF_E_RANGE, cf_verb_named(c, name)->span, "`%s` is a whole number",
                 name);
    return false;
}

/* One of a few words, as a text; *choice stays when it is not given. */
bool cf_verb_named_word(cf_verb_call *c, const char *name, const char *words,
                        const char **choice) {
    cf_arg *a = cf_verb_named(c, name);
    cf_str text = {0};
    if (a == NULL) return true;
    cf_val *v = cf_bind_arg(c->b, a);
    if (v == NULL) return false;
    if (cf_val_const_text(c->b, v, &text))
        for (const char *at = words; *at != 0; at += strspn(at, " ")) {
            const size_t size = strcspn(at, " ");
            if (size == text.size && memcmp(at, text.data, size) == 0) {
                *choice = cf_str_dup(c->b->arena, text);
                return true;
            }
            at += size;
        }
    cf_bind_fail(c->b, CF_E_RANGE, a->span, "`%s` is one of the texts %s", name, words);
    return false;
}

/* A number or a list of numbers, known beforehand. */
bool cf_verb_named_numbers(cf_verb_call *c, const char *name, const double **numbers,
                           size_t *count) {
    cf_arg *a = cf_verb_named(c, name);
    if (a == NULL) return true;
    cf_val *v = cf_bind_arg(c->b, a);
    if (v == NULL) return false;
    double *out = NULL;
    const cf_node *n = v->kind == CF_VAL_LIST && v->elem->kind == CF_VAL_BASIC
                           ? cf_plan_node(c->b->plan, v->elem->node)
                           : NULL;
    if (v->kind == CF_VAL_BASIC) {
        out = CF_NEW(c->b->arena, double);
        *count = 1;
        if (cf_val_const_float(c->b, v, out)) {
            *numbers = out;
            return true;
        }
    } else if (n != NULL && n->op == CF_V_ITEMSV) {
        out = CF_NEWS(c->b->arena, double, n->arg_count);
        *count = n->arg_count;
        bool fine = true;
        for (size_t i = 0; i < *count; i++)
            fine = fine && cf_val_const_float(c->b, cf_val_basic(c->b, n->args[i]), &out[i]);
        *numbers = out;
        if (fine) return true;
    }
    cf_bind_fail(c->b, CF_E_NOT_CONSTANT, a->span,
                 "`%s` is a number, or a list of numbers, known beforehand", name);
    return false;
}

static bool units_arg(cf_verb_call *c, size_t i, int64_t *n) {
    cf_val *v = cf_verb_caller_arg(c, i);
    if (v == NULL) return false;
    if (cf_val_const_int(c->b, v, n) && *n >= 1 && *n <= UNITS_MAX) return true;
    cf_bind_fail(c->b, CF_E_RANGE, c->args[i].span, "`%s` takes a number of units, 1 to %d",
                 c->verb, UNITS_MAX);
    return false;
}

/* ---- layers ---- */

cf_val *cf_val_model(cf_binder *b, const cf_net *net, const cf_trained *trained) {
    cf_val *v = CF_NEW(b->arena, cf_val);
    *v = (cf_val){.kind = CF_VAL_MODEL, .level = CF_UNIT, .net = net, .trained = trained};
    return v;
}

static cf_val *layer(cf_verb_call *c, const char *kind, const char *settings) {
    cf_binder *b = c->b;
    if (c->rel != NULL && (c->rel->kind != CF_VAL_MODEL || c->rel->is_trained)) {
        cf_bind_fail(b, CF_E_MODEL, c->span, "`%s` is a layer, and goes on other layers only",
                     c->verb);
        cf_bind_hint(b, "a network is built first, then trained: `train (gru 50 | dropout 0.2) "
                        "x:.. y:..`");
        return NULL;
    }
    const cf_net **from = CF_NEW(b->arena, const cf_net *);
    from[0] = c->rel == NULL ? NULL : c->rel->net;
    cf_net *net = CF_NEW(b->arena, cf_net);
    *net = (cf_net){.kind = kind, .settings = settings, .from_count = 1, .from = from};
    return cf_val_model(b, net, NULL);
}

#define ACTIVATIONS "relu tanh sigmoid linear"

static cf_val *verb_dense(cf_verb_call *c) {
    int64_t units = 0;
    const char *activation = "linear";
    if (!units_arg(c, 0, &units) ||
        !cf_verb_named_word(c, "activation", ACTIVATIONS " softmax", &activation))
        return NULL;
    return layer(c, "dense",
                 cf_arena_printf(c->b->arena, "\"units\":%lld,\"activation\":\"%s\"",
                                 (long long)units, activation));
}

static cf_val *verb_mlp(cf_verb_call *c) {
    const double *units = NULL;
    size_t count = 0;
    const char *activation = "relu";
    cf_arg widths = c->args[0];
    widths.name.text = CF_STR("mlp"); /* read as if it were named */
    cf_arg *named = CF_NEWS(c->b->arena, cf_arg, c->named_count + 1);
    memcpy(named, c->named, c->named_count * sizeof *named);
    named[c->named_count] = widths;
    c->named = named;
    c->named_count++;
    if (!cf_verb_named_numbers(c, "mlp", &units, &count) ||
        !cf_verb_named_word(c, "activation", ACTIVATIONS, &activation))
        return NULL;
    cf_val *v = c->rel;
    for (size_t i = 0; i < count; i++) {
        if (!(units[i] >= 1 && units[i] <= UNITS_MAX && units[i] == floor(units[i])))
            return cf_bind_fail(c->b, CF_E_RANGE, c->args[0].span,
                                "`mlp` takes numbers of units, 1 to %d", UNITS_MAX);
        v = layer(c, "dense",
                  cf_arena_printf(c->b->arena, "\"units\":%lld,\"activation\":\"%s\"",
                                  (long long)units[i], activation));
        if (v == NULL) return NULL;
        c->rel = v;
    }
    return v;
}

static cf_val *verb_dropout(cf_verb_call *c) {
    double rate = 0;
    cf_val *v = cf_verb_caller_arg(c, 0);
    if (v == NULL) return NULL;
    if (!cf_val_const_float(c->b, v, &rate) || !(rate >= 0 && rate < 1))
        return cf_bind_fail(
            c->b, CF_E_RANGE, c->args[0].span,
            "`dropout` takes the share of values to leave out, from 0 to below 1");
    char number[32];
    number[cf_format_f64(number, rate)] = 0;
    return layer(c, "dropout", cf_arena_printf(c->b->arena, "\"rate\":%s", number));
}

#define STEPS "all masked padded"
#define GATES "sigmoid hard_sigmoid"

static cf_val *verb_gru(cf_verb_call *c) {
    int64_t units = 0, biases = 0;
    const char *steps = "all", *gate = "sigmoid", *reset = "after";
    if (!units_arg(c, 0, &units) || !cf_verb_named_word(c, "steps", STEPS, &steps) ||
        !cf_verb_named_word(c, "gate", GATES, &gate) ||
        !cf_verb_named_word(c, "reset", "after before", &reset) ||
        !cf_verb_named_count(c, "biases", 1, 2, &biases))
        return NULL;
    const bool after = strcmp(reset, "after") == 0;
    if (biases == 0) biases = after ? 2 : 1;
    if (biases == 2 && !after)
        return cf_bind_fail(c->b, CF_E_RANGE, c->span,
                            "a `gru` with reset:\"before\" has one bias vector");
    return layer(
        c, "gru",
        cf_arena_printf(
            c->b->arena,
            "\"units\":%lld,\"gate\":\"%s\",\"steps\":\"%s\",\"reset_after\":%s,\"biases\":%d",
            (long long)units, gate, steps, after ? "true" : "false", (int)biases));
}

static cf_val *verb_lstm(cf_verb_call *c) {
    int64_t units = 0;
    const char *steps = "all", *gate = "sigmoid";
    if (!units_arg(c, 0, &units) || !cf_verb_named_word(c, "steps", STEPS, &steps) ||
        !cf_verb_named_word(c, "gate", GATES, &gate))
        return NULL;
    return layer(c, "lstm",
                 cf_arena_printf(c->b->arena, "\"units\":%lld,\"gate\":\"%s\",\"steps\":\"%s\"",
                                 (long long)units, gate, steps));
}

static cf_val *verb_layer_norm(cf_verb_call *c) {
    double epsilon = 1e-6;
    if (!cf_verb_named_number(c, "epsilon", 0, 1, &epsilon)) return NULL;
    char number[32];
    number[cf_format_f64(number, epsilon)] = 0;
    return layer(c, "layer_norm", cf_arena_printf(c->b->arena, "\"epsilon\":%s", number));
}

static cf_val *verb_attention(cf_verb_call *c) {
    int64_t heads = 8, key = 0;
    if (!cf_verb_named_count(c, "heads", 1, 1024, &heads) ||
        !cf_verb_named_count(c, "key", 1, UNITS_MAX, &key))
        return NULL;
    if (key == 0)
        return cf_bind_fail(c->b, CF_E_MISSING_ARGUMENT, c->span,
                            "`attention` needs `key:`, the size of its keys and values");
    return layer(c, "attention",
                 cf_arena_printf(c->b->arena, "\"heads\":%lld,\"key_size\":%lld",
                                 (long long)heads, (long long)key));
}

static cf_val *verb_flatten(cf_verb_call *c) {
    return layer(c, "flatten", "");
}

static cf_val *verb_pool(cf_verb_call *c) {
    cf_val *v = cf_verb_caller_arg(c, 0);
    cf_str word = {0};
    if (v == NULL) return NULL;
    if (!cf_val_const_text(c->b, v, &word) ||
        (!cf_str_is(word, "mean") && !cf_str_is(word, "sum") && !cf_str_is(word, "max")))
        return cf_bind_fail(c->b, CF_E_RANGE, c->args[0].span,
                            "`pool` is one of the texts mean sum max");
    return layer(c, "pool",
                 cf_arena_printf(c->b->arena, "\"pool\":\"%.*s\"", CF_STR_ARGS(word)));
}

/* ---- trees ---- */

/* What boosted trees and forests have in common; the library's names and defaults. */
typedef struct {
    int64_t rounds, depth, forest;
    double eta, subsample, columns;
} tree_settings;

static cf_val *trees(cf_verb_call *c, tree_settings t) {
    if (!cf_verb_named_count(c, "rounds", 1, 100000, &t.rounds) ||
        !cf_verb_named_count(c, "trees", 1, 100000, &t.forest) ||
        !cf_verb_named_count(c, "depth", 1, 30, &t.depth) ||
        !cf_verb_named_number(c, "eta", 0, 1, &t.eta) ||
        !cf_verb_named_number(c, "subsample", 0, 1, &t.subsample) ||
        !cf_verb_named_number(c, "columns", 0, 1, &t.columns))
        return NULL;
    char eta[32], subsample[32], columns[32];
    eta[cf_format_f64(eta, t.eta)] = 0;
    subsample[cf_format_f64(subsample, t.subsample)] = 0;
    columns[cf_format_f64(columns, t.columns)] = 0;
    return layer(c, "trees",
                 cf_arena_printf(c->b->arena,
                                 "\"rounds\":%lld,\"depth\":%lld,\"forest\":%lld,\"eta\":%s,"
                                 "\"subsample\":%s,\"columns\":%s",
                                 (long long)t.rounds, (long long)t.depth, (long long)t.forest,
                                 eta, subsample, columns));
}

static cf_val *verb_boosted_trees(cf_verb_call *c) {
    return trees(c, (tree_settings){100, 6, 1, 0.3, 1, 1});
}

static cf_val *verb_random_forest(cf_verb_call *c) {
    return trees(c, (tree_settings){1, 10, 100, 1, 0.63, 0.5});
}

/* concat {(gru 50), (dropout 0.2)}: branch k begins at input k. */
static cf_val *verb_concat(cf_verb_call *c) {
    cf_binder *b = c->b;
    const cf_ast *a = c->args[0].ast;
    while (a != NULL && a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
        a = a->as.list.items[0].value;
    if (a == NULL || (a->kind != CF_AST_TUPLE && a->kind != CF_AST_ARRAY) || c->rel != NULL ||
        a->as.list.count == 0 || a->as.list.count > CF_NET_INPUTS) {
        cf_bind_fail(b, CF_E_MODEL, c->span, "`concat` takes a tuple of branches");
        cf_bind_hint(b, "`concat {(gru 50 | dropout 0.2), (dropout 0.2)} | dense 25`");
        return NULL;
    }
    const size_t count = a->as.list.count;
    const cf_net **from = CF_NEWS(b->arena, const cf_net *, count);
    for (size_t i = 0; i < count; i++) {
        cf_val *v = cf_bind_expr(b, a->as.list.items[i].value, c->scope);
        if (v == NULL) return NULL;
        if (v->kind != CF_VAL_MODEL || v->trained != NULL)
            return cf_bind_fail(b, CF_E_MODEL, a->as.list.items[i].value->span,
                                "a branch of `concat` is made of layers");
        from[i] = v->net;
    }
    cf_net *net = CF_NEW(b->arena, cf_net);
    *net =
        (cf_net){.kind = "concat", .settings = "", .from_count = (uint32_t)count, .from = from};
    return cf_val_model(b, net, NULL);
}

/* ---- networks as JSON ---- */

typedef struct {
    cf_text *out;
    unsigned next;             /* number of the next layer */
    int inputs[CF_NET_INPUTS]; /* number of the layer of each input, -1: none yet */
} writing_net;

static void begin_layer(writing_net *w, const char *kind) {
    cf_text_addf(w->out, "%s{\"kind\":\"%s\"", w->next == 0 ? "" : ",", kind);
}

static unsigned put_input(writing_net *w, unsigned input) {
    if (w->inputs[input] >= 0) return (unsigned)w->inputs[input];
    begin_layer(w, "input");
    cf_text_addf(w->out, ",\"input\":%u}", input);
    w->inputs[input] = (int)w->next;
    return w->next++;
}

/* input < 0: the branches of the next concat take one each. */
static unsigned put_net(writing_net *w, const cf_net *net, int input) {
    if (net == NULL) return put_input(w, input < 0 ? 0 : (unsigned)input);
    unsigned from[CF_NET_INPUTS];
    const bool branches = input < 0 && strcmp(net->kind, "concat") == 0;
    for (uint32_t i = 0; i < net->from_count; i++)
        from[i] = put_net(w, net->from[i], branches ? (int)i : input);
    begin_layer(w, net->kind);
    cf_text_adds(w->out, ",\"from\":[");
    for (uint32_t i = 0; i < net->from_count; i++)
        cf_text_addf(w->out, "%s%u", i == 0 ? "" : ",", from[i]);
    cf_text_addf(w->out, "]%s%s}", net->settings[0] == 0 ? "" : ",", net->settings);
    return w->next++;
}

void cf_net_json(const cf_net *net, cf_text *out) {
    writing_net w = {.out = out};
    for (size_t i = 0; i < CF_NET_INPUTS; i++)
        w.inputs[i] = -1;
    cf_text_adds(out, "{\"layers\":[");
    (void)put_net(&w, net, -1);
    cf_text_adds(out, "]}");
}

void cf_net_print(const cf_net *net, cf_text *out) {
    const bool branches = strcmp(net->kind, "concat") == 0;
    if (!branches && net->from[0] != NULL) {
        cf_net_print(net->from[0], out);
        cf_text_adds(out, " | ");
    }
    cf_text_adds(out, net->kind);
    for (uint32_t i = 0; branches && i < net->from_count; i++) {
        cf_text_adds(out, i == 0 ? " {(" : ", (");
        cf_net_print(net->from[i], out);
        cf_text_addc(out, ')');
    }
    if (branches) cf_text_addc(out, '}');
    for (const char *at = net->settings; *at != 0; at++)
        if (*at == ',')
            cf_text_addc(out, ' ');
        else if (*at != '"')
            cf_text_addc(out, *at);
        else if (at == net->settings)
            cf_text_addc(out, ' ');
}

const cf_verb cf_verbs_net[] = {
    {"mlp", verb_mlp, 1, 1, false, "activation"},
    {"dense", verb_dense, 1, 1, false, "activation"},
    {"dropout", verb_dropout, 1, 1, false, NULL},
    {"gru", verb_gru, 1, 1, false, "steps reset biases gate"},
    {"lstm", verb_lstm, 1, 1, false, "steps gate"},
    {"layer_norm", verb_layer_norm, 0, 0, false, "epsilon"},
    {"attention", verb_attention, 0, 0, false, "heads key"},
    {"flatten", verb_flatten, 0, 0, false, NULL},
    {"pool", verb_pool, 1, 1, false, NULL},
    {"boosted_trees", verb_boosted_trees, 0, 0, false, "rounds depth eta subsample columns"},
    {"random_forest", verb_random_forest, 0, 0, false, "trees depth subsample columns"},
    {"concat", verb_concat, 1, 1, false, NULL},
    {0},
};
