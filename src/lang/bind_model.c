/* Models as values: their history, files, and `predict`, which is a node of the plan. */

#include "lang/bind_learn.h"
#include "lang/parse.h"

#include <math.h>
#include <string.h>

/* Rows of constants. */
cf_val *cf_learn_rows(cf_binder *b, cf_id **columns, const cf_str *names, size_t count,
                      size_t rows) {
    const cf_id unit = CF_UNIT,
                level = cf_plan_level(b->plan, CF_L_ITEMS, &unit, 1, (int64_t)rows);
    cf_val *row = cf_val_tuple(b, level, count);
    for (size_t k = 0; k < count; k++) {
        cf_val **values = CF_NEWS(b->arena, cf_val *, rows);
        for (size_t i = 0; i < rows; i++)
            values[i] = cf_val_basic(b, columns[k][i]);
        cf_val *v = cf_val_concat(b, level, values, rows, CF_NOWHERE);
        if (v == NULL) return NULL;
        cf_val_set(row, k, names[k], v);
    }
    return cf_val_list(b, level, row);
}

/* ---- models as values ---- */

cf_val *cf_val_model_member(cf_binder *b, const cf_val *model, cf_name name) {
    const cf_trained *t = model->trained;
    if (!cf_str_is(name.text, "history")) {
        cf_bind_fail(b, CF_E_UNKNOWN_COLUMN, name.span, "a model has no `%.*s`",
                     CF_STR_ARGS(name.text));
        cf_bind_hint(b, "it has `history`: {epoch, loss, accuracy, val_loss, val_accuracy, "
                        "seconds}");
        return NULL;
    }
    static const char *const words[6] = {"epoch",    "loss",         "accuracy",
                                         "val_loss", "val_accuracy", "seconds"};
    const size_t rows = t == NULL ? 0 : t->epochs, room = rows == 0 ? 1 : rows;
    cf_id *columns[6];
    cf_str names[6];
    for (size_t k = 0; k < 6; k++) {
        const double *of =
            t == NULL ? NULL
                      : (const double *const[6]){NULL,        t->loss,         t->accuracy,
                                                 t->val_loss, t->val_accuracy, t->seconds}[k];
        names[k] = cf_str_of(words[k]);
        columns[k] = CF_NEWS(b->arena, cf_id, room);
        for (size_t i = 0; i < room; i++)
            columns[k][i] = k == 0         ? cf_plan_const_int(b->plan, (int64_t)i + 1)
                            : of == NULL   ? cf_plan_const_null(b->plan, CF_FLOAT64)
                            : isnan(of[i]) ? cf_plan_const_null(b->plan, CF_FLOAT64)
                                           : cf_plan_const_float(b->plan, of[i]);
    }
    cf_val *out = cf_learn_rows(b, columns, names, 6, room);
    if (out == NULL) return NULL;
    out->name = CF_STR("history");
    return rows > 0 ? out
                    : cf_verb_take_rows(b, out, cf_plan_const_int(b->plan, 1),
                                        cf_plan_const_int(b->plan, -1), false);
}

static bool path_arg(cf_verb_call *c, const char **path) {
    cf_val *v = cf_verb_caller_arg(c, 0);
    cf_str s = {0};
    if (v == NULL) return false;
    if (!cf_val_const_text(c->b, v, &s)) {
        cf_bind_fail(c->b, CF_E_TYPE, c->args[0].span,
                     "the file's name is a text known beforehand");
        return false;
    }
    *path = cf_str_dup(c->b->arena, s);
    return true;
}

static cf_val *verb_load_model(cf_verb_call *c) {
    cf_binder *b = c->b;
    const char *path = NULL;
    const cf_trained *trained = NULL;
    cf_error err = {0};
    if (!path_arg(c, &path)) return NULL;
    const cf_learner *learner = b->env->learner;
    if (learner != NULL && learner->load(learner->user, path, &trained, &err) != CF_OK) {
        cf_learn_fail(b, &err, c->args[0].span);
        return NULL;
    }
    cf_val *out = cf_val_model(b, NULL, trained);
    out->is_trained = true;
    return out;
}

/* model | load_weights "m.keras": a model of the same layers with the file's weights */
static cf_val *verb_load_weights(cf_verb_call *c) {
    cf_binder *b = c->b;
    const char *path = NULL;
    const cf_trained *trained = NULL;
    cf_error err = {0};
    if (!path_arg(c, &path)) return NULL;
    if (c->rel == NULL || c->rel->kind != CF_VAL_MODEL || !c->rel->is_trained) {
        cf_bind_fail(b, CF_E_MODEL, c->span, "`load_weights` needs a model in front of it");
        cf_bind_hint(b, "train one of the same layers for an epoch; its weights are replaced");
        return NULL;
    }
    const cf_learner *learner = b->env->learner;
    if (learner != NULL &&
        learner->weights(learner->user, c->rel->trained, path, &trained, &err) != CF_OK) {
        cf_learn_fail(b, &err, c->args[0].span);
        return NULL;
    }
    cf_val *out = cf_val_model(b, c->rel->net, trained);
    out->is_trained = true;
    return out;
}

/* model | save "m.cfm" */
cf_val *cf_verb_save_model(cf_verb_call *c, const char *path) {
    cf_binder *b = c->b;
    cf_error err = {0};
    if (!c->rel->is_trained)
        return cf_bind_fail(b, CF_E_MODEL, c->span, "a network is saved after it was trained");
    const cf_learner *learner = b->env->learner;
    if (learner != NULL && learner->save(learner->user, c->rel->trained, path, &err) != CF_OK) {
        cf_learn_fail(b, &err, c->args[0].span);
        return NULL;
    }
    cf_val *out = cf_val_copy(b, c->rel);
    out->saved_as = path;
    return out;
}

/* ---- predict ---- */

/* The expression that the model learned from, in the rows at hand. */
static bool remembered_inputs(cf_verb_call *c, const cf_trained *t, cf_scope *scope, cf_id rows,
                              cf_net_inputs *in) {
    cf_binder *b = c->b;
    for (size_t i = 0; i < t->input_count; i++) {
        const char *text = t->inputs[i].text;
        cf_diags diags = {0};
        cf_program *program = cf_parse(b->arena, 0, text, strlen(text), &diags);
        if (diags.count > 0 || program->count != 1 ||
            program->stmts[0]->kind != CF_STMT_PIPELINE) {
            cf_bind_fail(b, CF_E_MODEL, c->span,
                         "the model does not say what it learned from: give it as `x:`");
            return false;
        }
        cf_val *v = cf_bind_expr(b, program->stmts[0]->value, scope);
        if (v == NULL) {
            if (b->err.status != CF_OK) {
                b->err.span = c->span;
                b->err.hint[0] = 0;
                cf_bind_hint(b,
                             "the model learned from `%s`; `predict m x:..` names it otherwise",
                             text);
            }
            return false;
        }
        in->inputs[i] = t->inputs[i];
        in->inputs[i].width = 0;
        in->inputs[i].sequence = false;
        in->values[i] = cf_learn_input(c, v, rows, c->span, &in->inputs[i]);
        if (in->values[i] == NULL) return false;
    }
    in->count = t->input_count;
    return true;
}

static bool inputs_fit(cf_verb_call *c, const cf_trained *t, const cf_net_inputs *in) {
    cf_binder *b = c->b;
    if (in->count != t->input_count) {
        cf_bind_fail(b, CF_E_MODEL, c->span, "the model has %zu inputs, not %zu",
                     t->input_count, in->count);
        return false;
    }
    for (size_t i = 0; i < in->count; i++) {
        const cf_train_input *have = &in->inputs[i], *want = &t->inputs[i];
        if (have->sequence == want->sequence &&
            (have->width == 0 || have->width == want->width))
            continue;
        cf_bind_fail(b, CF_E_MODEL, c->span,
                     "input `%s` of the model is %s of %u numbers, and this is %s of %u",
                     want->name, want->sequence ? "a sequence" : "a list", want->width,
                     have->sequence ? "a sequence" : "a list", have->width);
        return false;
    }
    return true;
}

static cf_val *with_prediction(cf_verb_call *c, const cf_trained *t, const cf_net_inputs *in) {
    cf_binder *b = c->b;
    cf_val *rel = c->rel;
    const uint32_t outputs = t == NULL ? 2 : t->predictor->outputs;
    const cf_id level = cf_plan_level(b->plan, CF_L_ITEMS, &rel->rows, 1, outputs);
    cf_id *args = CF_NEWS(b->arena, cf_id, in->count + 1);
    for (size_t i = 0; i < in->count; i++) {
        const cf_val *v = in->values[i];
        while (v->kind == CF_VAL_LIST)
            v = v->elem;
        args[i] = v->node;
    }
    const uint32_t model = t == NULL ? 0 : cf_plan_add_model(b->plan, t->predictor);
    const cf_id node =
        cf_plan_value(b->plan, CF_V_PREDICT, CF_FLOAT64, level, args, in->count, model, 0, 0);
    const cf_id best = cf_plan_pick(b->plan, CF_PICK_MAX_BY, level, node);
    const cf_id class = cf_plan_gather(b->plan, cf_verb_position(b, level), best);
    cf_val *row = cf_verb_tuple_rows(b, rel);
    row = cf_val_with(b, row, CF_STR("p"), cf_val_list(b, level, cf_val_basic(b, node)));
    row = cf_val_with(b, row, CF_STR("pred"), cf_val_basic(b, class));
    return cf_verb_with_elem(b, rel, row);
}

static cf_val *verb_predict(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *model = cf_verb_caller_arg(c, 0);
    if (model == NULL) return NULL;
    if (model->kind != CF_VAL_MODEL || !model->is_trained) {
        cf_bind_fail(b, CF_E_MODEL, c->args[0].span,
                     "`predict` needs a model that was trained");
        cf_bind_hint(b, "`let m = (rows | train (mlp [50]) x:.. y:..)`, then `predict m`");
        return NULL;
    }
    const cf_trained *t = model->trained;
    cf_net_inputs *in = CF_NEW(b->arena, cf_net_inputs);
    cf_arg *x = cf_verb_named(c, "x");
    cf_scope *scope = cf_scope_row(b, x != NULL ? x->scope : c->scope, c->rel);
    if (x != NULL && x->ast != NULL) {
        if (!cf_learn_inputs(c, x->ast, scope, c->rel->rows, in)) return NULL;
    } else if (t != NULL && !remembered_inputs(c, t, scope, c->rel->rows, in))
        return NULL;
    if (t != NULL && !inputs_fit(c, t, in)) return NULL;
    return with_prediction(c, t, in);
}

const cf_verb cf_verbs_model[] = {
    {"load_model", verb_load_model, 1, 1, false, NULL},
    {"load_weights", verb_load_weights, 1, 1, false, NULL},
    {"predict", verb_predict, 1, 1, true, "x"},
    {0},
};
