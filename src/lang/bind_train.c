/* Training: what a network reads, as the plan's numbers; a plan for the rows to learn from,
 * which goes to the session; and grids of trainings. */

#include "lang/bind_learn.h"

#include <string.h>

#define BATCH_MAX   100000000
#define CLASSES_MAX 10000
#define STEPS_MAX   10000000

/* ---- what a network reads ---- */

/* Numbers as the plan's FLOAT64 at `rows`; 0: failed. */
static cf_id number_at(cf_verb_call *c, cf_val *v, cf_id rows, cf_span span) {
    cf_binder *b = c->b;
    const cf_kind kind =
        v->kind == CF_VAL_BASIC ? cf_plan_node(b->plan, cf_val_number(b, v))->kind : CF_TEXT;
    if (kind != CF_INT64 && kind != CF_FLOAT64 && kind != CF_BOOL) {
        cf_text type = {0};
        cf_val_type(b, v, &type);
        cf_bind_fail(b, CF_E_TYPE, span, "`%s` takes numbers, and this is %s", c->verb,
                     type.data);
        cf_text_clear(&type);
        return 0;
    }
    return cf_verb_node_at(b, cf_plan_cast(b->plan, cf_val_number(b, v), CF_FLOAT64), rows);
}

/* A tuple of numbers as a vector. */
static cf_val *vector_of(cf_verb_call *c, cf_val *tuple, cf_id rows, cf_span span) {
    cf_binder *b = c->b;
    const cf_id level =
        cf_plan_level(b->plan, CF_L_ITEMS, &rows, 1, (int64_t)tuple->slot_count);
    cf_val **items = CF_NEWS(b->arena, cf_val *, tuple->slot_count);
    for (size_t k = 0; k < tuple->slot_count; k++) {
        cf_val *v = cf_val_field(b, tuple, k);
        const cf_id node = v == NULL ? 0 : number_at(c, v, rows, span);
        if (node == 0) return NULL;
        items[k] = cf_val_basic(b, node);
    }
    cf_val *elem = cf_val_concat(b, level, items, tuple->slot_count, span);
    return elem == NULL ? NULL : cf_val_list(b, level, elem);
}

static uint32_t fixed_width(const cf_binder *b, const cf_val *list) {
    const cf_node *level = cf_plan_node(b->plan, list->rows);
    return level->op == CF_L_ITEMS && level->i0 <= UINT32_MAX ? (uint32_t)level->i0 : 0;
}

/* One input: a number, a vector (tuple or list of numbers), or a sequence of vectors; as
 * FLOAT64. */
cf_val *cf_learn_input(cf_verb_call *c, cf_val *v, cf_id rows, cf_span span,
                       cf_train_input *input) {
    cf_binder *b = c->b;
    if (v->kind == CF_VAL_TUPLE && v->slot_count > 0) v = vector_of(c, v, rows, span);
    if (v == NULL) return NULL;
    if (v->kind != CF_VAL_LIST) {
        const cf_id node = number_at(c, v, rows, span);
        input->width = 1;
        return node == 0 ? NULL : cf_val_basic(b, node);
    }
    if (!cf_plan_is_ancestor(b->plan, v->level, rows)) return cf_bind_mismatch(b);
    v = cf_val_broadcast(b, v, rows);
    cf_val *elem = cf_val_broadcast(b, v->elem, v->rows);
    if (elem->kind == CF_VAL_BASIC) { /* a vector */
        const cf_id node = number_at(c, elem, v->rows, span);
        input->width = fixed_width(b, v);
        return node == 0 ? NULL : cf_val_list(b, v->rows, cf_val_basic(b, node));
    }
    if (elem->kind == CF_VAL_TUPLE) elem = vector_of(c, elem, v->rows, span);
    if (elem == NULL) return NULL;
    cf_val *number =
        elem->kind == CF_VAL_LIST ? cf_val_broadcast(b, elem->elem, elem->rows) : elem;
    const cf_id node = elem->kind == CF_VAL_LIST ? number_at(c, number, elem->rows, span) : 0;
    if (node == 0) return NULL;
    input->sequence = true;
    input->width = fixed_width(b, elem);
    return cf_val_list(b, v->rows, cf_val_list(b, elem->rows, cf_val_basic(b, node)));
}

static const cf_ast *unwrapped(const cf_ast *a) {
    while (a != NULL && a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
        a = a->as.list.items[0].value;
    return a;
}

static bool only_numbers(cf_binder *b, cf_val *tuple) {
    for (size_t k = 0; k < tuple->slot_count; k++) {
        const cf_val *v = cf_val_field(b, tuple, k);
        if (v != NULL && v->kind != CF_VAL_BASIC) return false;
    }
    return true;
}

/* x: one input, or a tuple of inputs if not all of it are numbers. */
bool cf_learn_inputs(cf_verb_call *c, const cf_ast *ast, cf_scope *scope, cf_id rows,
                     cf_net_inputs *in) {
    cf_binder *b = c->b;
    cf_val *x = cf_bind_expr(b, ast, scope);
    if (x == NULL) return false;
    const cf_ast *tuple = unwrapped(ast);
    const bool several = x->kind == CF_VAL_TUPLE && !only_numbers(b, x);
    in->count = several ? x->slot_count : 1;
    if (in->count > CF_NET_INPUTS) {
        cf_bind_fail(b, CF_E_LIMIT, ast->span, "a network has at most %d inputs",
                     CF_NET_INPUTS);
        return false;
    }
    for (size_t i = 0; i < in->count; i++) {
        cf_val *v = several ? cf_val_field(b, x, i) : x;
        const bool own =
            several && tuple->kind == CF_AST_TUPLE && tuple->as.list.count == in->count;
        const cf_ast *part = own ? tuple->as.list.items[i].value : ast;
        const cf_str text = own || !several ? cf_bind_source_text(b, part->span) : (cf_str){0};
        in->inputs[i] =
            (cf_train_input){.name = several ? cf_str_dup(b->arena, x->slots[i].name) : "x",
                             .text = cf_str_dup(b->arena, text)};
        in->values[i] =
            v == NULL ? NULL : cf_learn_input(c, v, rows, part->span, &in->inputs[i]);
        if (in->values[i] == NULL) return false;
    }
    return true;
}

/* ---- train ---- */

static bool settings_of(cf_verb_call *c, cf_train_settings *s) {
    const char *optimizer = "adam";
    static const double rate = 0.001;
    *s = (cf_train_settings){
        .epochs = 10, .batch = 128, .every = 1, .rates = &rate, .rate_count = 1};
    if (!cf_verb_named_count(c, "epochs", 1, 1000000, &s->epochs) ||
        !cf_verb_named_count(c, "batch", 1, BATCH_MAX, &s->batch) ||
        !cf_verb_named_count(c, "seed", 0, INT64_C(1) << 53, &s->seed) ||
        !cf_verb_named_count(c, "patience", 0, 1000000, &s->patience) ||
        !cf_verb_named_count(c, "classes", 2, CLASSES_MAX, &s->classes) ||
        !cf_verb_named_count(c, "steps", 1, STEPS_MAX, &s->steps) ||
        !cf_verb_named_count(c, "every", 1, 1000000, &s->every) ||
        !cf_verb_named_number(c, "momentum", 0, 1, &s->momentum) ||
        !cf_verb_named_number(c, "decay", 0, 1, &s->decay) ||
        !cf_verb_named_numbers(c, "rate", &s->rates, &s->rate_count) ||
        !cf_verb_named_numbers(c, "class_weight", &s->class_weight, &s->class_weight_count) ||
        !cf_verb_named_word(c, "optimizer", "adam sgd", &optimizer))
        return false;
    s->sgd = strcmp(optimizer, "sgd") == 0;
    for (size_t i = 0; i < s->rate_count; i++)
        if (!(s->rates[i] > 0 && s->rates[i] <= 1000)) {
            cf_bind_fail(c->b, CF_E_RANGE, cf_verb_named(c, "rate")->span,
                         "a learning rate lies above 0");
            return false;
        }
    return true;
}

static cf_val *target_value(cf_verb_call *c, cf_arg *y, cf_scope *scope, cf_id rows,
                            cf_train_data *data, cf_train_settings *s) {
    cf_binder *b = c->b;
    cf_val *v = cf_bind_expr(b, y->ast, scope);
    if (v == NULL) return NULL;
    if (v->kind == CF_VAL_LIST || v->kind == CF_VAL_TUPLE) {
        cf_train_input shares = {0};
        cf_val *list = cf_learn_input(c, v, rows, y->span, &shares);
        if (list == NULL) return NULL;
        if (shares.sequence)
            return cf_bind_fail(b, CF_E_TYPE, y->span,
                                "`y` is a class, or a list with a share for each class");
        data->target = CF_TARGET_SHARES;
        if (s->classes == 0) s->classes = shares.width;
        return list;
    }
    const cf_kind kind = cf_kind_widened(cf_val_kind_of(b, v));
    if (v->kind != CF_VAL_BASIC || (kind != CF_INT64 && kind != CF_BOOL)) {
        cf_text type = {0};
        cf_val_type(b, v, &type);
        cf_bind_fail(
            b, CF_E_TYPE, y->span,
            "`y` is a class (an int from 0, or a bool) or a list with a share for each "
            "class, and this is %s",
            type.data);
        cf_text_clear(&type);
        return NULL;
    }
    data->target = CF_TARGET_CLASS;
    if (kind == CF_BOOL && s->classes == 0) s->classes = 2;
    const cf_id node =
        cf_verb_node_at(b, cf_plan_cast(b->plan, cf_val_number(b, v), CF_INT64), rows);
    return node == 0 ? NULL : cf_val_basic(b, node);
}

/* A plan for {x0, x1, .., y, w} of the rows of rel. */
static cf_plan *rows_plan(cf_verb_call *c, cf_val *rel, cf_train_data *data,
                          cf_train_settings *s, cf_net_inputs *in) {
    cf_binder *b = c->b;
    cf_scope *caller = cf_verb_named(c, "x")->scope;
    cf_scope *scope = cf_scope_row(b, caller, rel);
    cf_arg *weight = cf_verb_named(c, "weight");
    if (!cf_learn_inputs(c, cf_verb_named(c, "x")->ast, scope, rel->rows, in)) return NULL;
    cf_val *y = target_value(c, cf_verb_named(c, "y"), scope, rel->rows, data, s);
    if (y == NULL) return NULL;
    const size_t count = in->count + 1 + (weight != NULL);
    cf_val *row = cf_val_tuple(b, rel->rows, count);
    for (size_t i = 0; i < in->count; i++)
        cf_val_set(row, i, cf_str_of(cf_arena_printf(b->arena, "x%zu", i)), in->values[i]);
    cf_val_set(row, in->count, CF_STR("y"), y);
    if (weight != NULL) {
        cf_val *w = cf_bind_expr(b, weight->ast, scope);
        const cf_id node = w == NULL ? 0 : number_at(c, w, rel->rows, weight->span);
        if (node == 0) return NULL;
        cf_val_set(row, count - 1, CF_STR("w"), cf_val_basic(b, node));
        data->weighted = true;
    }
    cf_out *shown = cf_val_out(b, row, ""), *kept = cf_val_out(b, row, "");
    if (shown == NULL || kept == NULL) return NULL;
    cf_plan *plan = cf_plan_snapshot(b->plan);
    if (plan == NULL) return cf_bind_fail(b, CF_E_MEMORY, c->span, "not enough memory");
    plan->level = rel->rows;
    plan->rows = shown;
    plan->limit = 0;
    plan->saves = CF_NEW(plan->arena, cf_save);
    plan->saves[0] = (cf_save){.path = "", .level = rel->rows, .rows = kept, .span = c->span};
    plan->save_count = 1;
    cf_plan_compact(plan);
    return plan;
}

/* valid: a relation, or the share of the rows to keep apart (then *rel is what remains). */
static bool valid_rows(cf_verb_call *c, const cf_train_settings *s, cf_val **rel,
                       cf_val **valid) {
    cf_binder *b = c->b;
    cf_arg *a = cf_verb_named(c, "valid");
    double share = 0;
    if (a == NULL) return true;
    cf_val *v = cf_bind_arg(b, a);
    if (v == NULL) return false;
    if (v->kind == CF_VAL_LIST && v->level == CF_UNIT) {
        *valid = v;
        return true;
    }
    if (!cf_val_const_float(b, v, &share) || !(share > 0 && share < 1)) {
        cf_bind_fail(b, CF_E_TYPE, a->span,
                     "`valid` is a relation, or the share of the rows to keep apart");
        return false;
    }
    const cf_id chance = cf_plan_map_named(
        b->plan, "random",
        (cf_id[]){cf_plan_const_int(b->plan, s->seed), cf_verb_position(b, (*rel)->rows)}, 2);
    const cf_id kept = cf_plan_map_named(
        b->plan, "lt_float", (cf_id[]){chance, cf_plan_const_float(b->plan, share)}, 2);
    *valid = cf_verb_filter_by(b, *rel, kept, (cf_str){0});
    *rel = cf_verb_filter_by(b, *rel, cf_plan_map_named(b->plan, "not_bool", &kept, 1),
                             (cf_str){0});
    return *valid != NULL && *rel != NULL;
}

static bool needs_xy(cf_verb_call *c) {
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? "x" : "y";
        const cf_arg *a = cf_verb_named(c, name);
        if (a != NULL && a->ast != NULL) continue;
        cf_bind_fail(c->b, CF_E_MISSING_ARGUMENT, c->span, "`%s` needs `%s:`, what is %s",
                     c->verb, name, i == 0 ? "learned from" : "to be learned");
        return false;
    }
    if (c->rel->level == CF_UNIT) return true;
    cf_bind_fail(c->b, CF_E_AXIS, c->span,
                 "`%s` learns from whole relations, not from lists inside rows", c->verb);
    return false;
}

static void data_free(const cf_train_data *data) {
    cf_plan_free(data->rows);
    cf_plan_free(data->valid);
    cf_plan_free(data->largest);
}

/* A plan for the largest class among the rows of rel. */
static cf_plan *largest_class(cf_verb_call *c, cf_val *rel) {
    cf_binder *b = c->b;
    const cf_arg *y = cf_verb_named(c, "y");
    cf_val *v = cf_bind_expr(b, y->ast, cf_scope_row(b, y->scope, rel));
    const cf_id node = v == NULL ? 0 : cf_verb_node_at(b, cf_val_number(b, v), rel->rows);
    if (node == 0) return NULL;
    cf_val *row = cf_val_tuple(b, CF_UNIT, 1);
    cf_val_set(row, 0, CF_STR("largest"),
               cf_val_basic(b, cf_plan_reduce(b->plan, CF_R_MAX, rel->rows, node)));
    cf_out *out = cf_val_out(b, row, "");
    cf_plan *plan = out == NULL ? NULL : cf_plan_snapshot(b->plan);
    if (plan == NULL) return NULL;
    plan->rows = out;
    cf_plan_compact(plan);
    return plan;
}

static bool data_of(cf_verb_call *c, cf_train_settings *s, cf_train_data *data) {
    cf_net_inputs *in = CF_NEW(c->b->arena, cf_net_inputs),
                  *valid_in = CF_NEW(c->b->arena, cf_net_inputs);
    cf_val *rel = c->rel, *valid = NULL;
    if (!valid_rows(c, s, &rel, &valid)) return false;
    data->rows = rows_plan(c, rel, data, s, in);
    if (data->rows != NULL && valid != NULL)
        data->valid = rows_plan(c, valid, data, s, valid_in);
    data->inputs = in->inputs;
    data->input_count = in->count;
    bool fine = data->rows != NULL && (valid == NULL || data->valid != NULL);
    if (fine && data->target == CF_TARGET_CLASS && s->classes == 0)
        fine = (data->largest = largest_class(c, rel)) != NULL;
    if (!fine) data_free(data);
    return fine;
}

static const char *json_of(cf_binder *b, const cf_net *net) {
    cf_text t = {0};
    cf_net_json(net, &t);
    const char *out = cf_str_dup(b->arena, (cf_str){t.data, t.size});
    cf_text_clear(&t);
    return out;
}

void cf_learn_fail(cf_binder *b, const cf_error *err, cf_span span) {
    if (b->err.status != CF_OK) return;
    b->err = *err;
    if (b->err.span.source == 0) b->err.span = span;
}

static cf_val *verb_train(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *net = cf_verb_caller_arg(c, 0);
    if (net == NULL) return NULL;
    if (net->kind != CF_VAL_MODEL) {
        cf_bind_fail(b, CF_E_MODEL, c->args[0].span, "`train` needs a network");
        cf_bind_hint(b, "`train (mlp [50, 20]) x:.. y:..`");
        return NULL;
    }
    cf_train_job job = {.start = net->trained};
    cf_train_data data = {0};
    if (!needs_xy(c) || !settings_of(c, &job.settings) || !data_of(c, &job.settings, &data))
        return NULL;
    if (net->trained == NULL) job.net = json_of(b, net->net);
    const cf_learner *learner = b->env->learner;
    const cf_trained *trained = NULL;
    cf_error err = {0};
    cf_status status = CF_OK;
    if (learner != NULL) status = learner->train(learner->user, &data, &job, &trained, &err);
    data_free(&data);
    if (status != CF_OK) {
        cf_learn_fail(b, &err, c->span);
        return NULL;
    }
    cf_val *out = cf_val_model(b, net->net, trained);
    out->is_trained = true;
    return out;
}

/* ---- grid ---- */

/* The values that one parameter of the grid takes. */
typedef struct {
    cf_str name;
    const cf_id *nodes; /* constants */
    size_t count;
} grid_axis;

static bool grid_axes(cf_verb_call *c, grid_axis *axes, size_t *count, size_t *points) {
    cf_binder *b = c->b;
    const cf_ast *a = unwrapped(c->args[0].ast);
    if (a == NULL || a->kind != CF_AST_TUPLE || a->as.list.count == 0 ||
        a->as.list.count > CF_NET_INPUTS) {
        cf_bind_fail(b, CF_E_TYPE, c->args[0].span,
                     "`grid` takes the values of each parameter: `{n = [20, 50], batch = [64, "
                     "128]}`");
        return false;
    }
    *count = a->as.list.count;
    *points = 1;
    for (size_t i = 0; i < *count; i++) {
        const cf_item *item = &a->as.list.items[i];
        cf_val *v = cf_bind_expr(b, item->value, c->scope);
        if (v == NULL) return false;
        const cf_node *n = v->kind == CF_VAL_LIST && v->elem->kind == CF_VAL_BASIC
                               ? cf_plan_node(b->plan, v->elem->node)
                               : NULL;
        bool constant = n != NULL && n->op == CF_V_ITEMSV;
        for (uint32_t k = 0; constant && k < n->arg_count; k++)
            constant = cf_plan_node(b->plan, n->args[k])->op == CF_V_CONST;
        if (!constant || item->name.text.data == NULL) {
            cf_bind_fail(
                b, CF_E_TYPE, item->value->span,
                "a parameter of `grid` is a name and a list of known values: `n = [20, "
                "50]`");
            return false;
        }
        axes[i] = (grid_axis){item->name.text, n->args, n->arg_count};
        *points *= n->arg_count;
        if (*points > 100000) {
            cf_bind_fail(b, CF_E_LIMIT, c->args[0].span,
                         "`grid` tries at most 100000 combinations");
            return false;
        }
    }
    return true;
}

/* One combination: its network and settings are evaluated with the parameters' values. */
static bool grid_job(cf_verb_call *c, const grid_axis *axes, size_t count, size_t point,
                     cf_id *chosen, cf_train_job *job) {
    cf_binder *b = c->b;
    cf_scope *scope = CF_NEW(b->arena, cf_scope);
    *scope = (cf_scope){.kind = CF_SCOPE_PARAMS,
                        .outer = c->scope,
                        .params = CF_NEWS(b->arena, cf_arg, count),
                        .param_count = count};
    size_t rest = point;
    for (size_t i = count; i-- > 0;) {
        chosen[i] = axes[i].nodes[rest % axes[i].count];
        rest /= axes[i].count;
        scope->params[i] =
            (cf_arg){.name = {.text = axes[i].name}, .value = cf_val_basic(b, chosen[i])};
    }
    cf_verb_call here = *c;
    here.named = CF_NEWS(b->arena, cf_arg, c->named_count + 1);
    for (size_t i = 0; i < c->named_count; i++) {
        here.named[i] = c->named[i];
        here.named[i].scope = scope;
        here.named[i].value = NULL;
    }
    cf_val *net = cf_bind_expr(b, c->args[1].ast, scope);
    if (net == NULL || !settings_of(&here, &job->settings)) return false;
    if (net->kind != CF_VAL_MODEL || net->net == NULL) {
        cf_bind_fail(b, CF_E_MODEL, c->args[1].span,
                     "`grid` needs a network that is not trained");
        return false;
    }
    job->net = json_of(b, net->net);
    return true;
}

static cf_val *grid_result(cf_verb_call *c, const grid_axis *axes, size_t count,
                           cf_id **columns, const cf_grid_score *scores, size_t points) {
    cf_binder *b = c->b;
    cf_str names[CF_NET_INPUTS + 4];
    for (size_t i = 0; i < count; i++)
        names[i] = axes[i].name;
    static const char *const found[4] = {"accuracy", "accuracy_sd", "loss", "seconds"};
    for (size_t k = 0; k < 4; k++) {
        names[count + k] = cf_str_of(found[k]);
        columns[count + k] = CF_NEWS(b->arena, cf_id, points);
    }
    for (size_t p = 0; p < points; p++) {
        const double of[4] = {scores[p].accuracy, scores[p].accuracy_sd, scores[p].loss,
                              scores[p].seconds};
        for (size_t k = 0; k < 4; k++)
            columns[count + k][p] = cf_plan_const_float(b->plan, of[k]);
    }
    cf_val *out = cf_learn_rows(b, columns, names, count + 4, points);
    if (out != NULL) out->name = CF_STR("grid");
    return out;
}

static cf_val *verb_grid(cf_verb_call *c) {
    cf_binder *b = c->b;
    grid_axis axes[CF_NET_INPUTS];
    size_t count = 0, points = 0;
    cf_grid_request request = {.folds = 5};
    if (!needs_xy(c) || !grid_axes(c, axes, &count, &points) ||
        !cf_verb_named_count(c, "folds", 2, 100, &request.folds))
        return NULL;
    cf_id **columns = CF_NEWS(b->arena, cf_id *, count + 4), chosen[CF_NET_INPUTS];
    for (size_t i = 0; i < count; i++)
        columns[i] = CF_NEWS(b->arena, cf_id, points);
    cf_train_job *jobs = CF_NEWS(b->arena, cf_train_job, points);
    for (size_t p = 0; p < points; p++) {
        if (!grid_job(c, axes, count, p, chosen, &jobs[p])) return NULL;
        for (size_t i = 0; i < count; i++)
            columns[i][p] = chosen[i];
    }
    request.jobs = jobs;
    request.count = points;
    request.seed = jobs[0].settings.seed;
    cf_train_data data = {0};
    if (!data_of(c, &jobs[0].settings, &data)) return NULL;
    for (size_t p = 1; p < points; p++)
        jobs[p].settings.classes = jobs[0].settings.classes;
    cf_grid_score *scores = CF_NEWS(b->arena, cf_grid_score, points);
    const cf_learner *learner = b->env->learner;
    cf_error err = {0};
    cf_status status = CF_OK;
    if (learner != NULL) status = learner->grid(learner->user, &data, &request, scores, &err);
    data_free(&data);
    if (status == CF_OK) return grid_result(c, axes, count, columns, scores, points);
    cf_learn_fail(b, &err, c->span);
    return NULL;
}

#define TRAIN_NAMES                                                                    \
    "x y weight epochs batch valid seed rate decay every momentum optimizer patience " \
    "class_weight classes steps"

const cf_verb cf_verbs_train[] = {
    {"train", verb_train, 1, 1, true, TRAIN_NAMES},
    {"grid", verb_grid, 2, 2, true, TRAIN_NAMES " folds"},
    {0},
};
