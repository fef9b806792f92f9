#ifndef CF_LANG_BIND_LEARN_H
#define CF_LANG_BIND_LEARN_H

/* What the files about learning share (bind_net.c, bind_train.c, bind_model.c). */

#include "lang/bind_internal.h"

#define CF_NET_INPUTS 16

/* What x of a row is for a network: FLOAT64 values, vectors as lists, sequences as lists of
 * vectors. */
typedef struct {
    cf_val *values[CF_NET_INPUTS];
    cf_train_input inputs[CF_NET_INPUTS];
    size_t count;
} cf_net_inputs;

/* ---- named arguments; all leave *x as it is when there is none; false: reported ---- */
bool cf_verb_named_number(cf_verb_call *c, const char *name, double min, double max, double *x);
bool cf_verb_named_count(cf_verb_call *c, const char *name, int64_t min, int64_t max,
                         int64_t *x);
/* One of a few words, given as a text. */
bool cf_verb_named_word(cf_verb_call *c, const char *name, const char *words,
                        const char **choice);
/* A number or a list of numbers. */
bool cf_verb_named_numbers(cf_verb_call *c, const char *name, const double **numbers,
                           size_t *count);

/* ---- networks and their inputs (bind_net.c, bind_train.c) ---- */
cf_val *cf_val_model(cf_binder *b, const cf_net *net, const cf_trained *trained);
cf_val *cf_learn_input(cf_verb_call *c, cf_val *v, cf_id rows, cf_span span,
                       cf_train_input *input);
bool cf_learn_inputs(cf_verb_call *c, const cf_ast *ast, cf_scope *scope, cf_id rows,
                     cf_net_inputs *in);
void cf_learn_fail(cf_binder *b, const cf_error *err, cf_span span);

/* Rows of constants as a relation (bind_model.c). */
cf_val *cf_learn_rows(cf_binder *b, cf_id **columns, const cf_str *names, size_t count,
                      size_t rows);

#endif
