#ifndef CF_LANG_LEARN_H
#define CF_LANG_LEARN_H

/* Learning, as the binder sees it.  A network is a tree of layers, a value of the language; to
 * train one the binder makes plans for the rows to learn from and asks the session, which runs
 * them and keeps what was learned. */

#include "plan/plan.h"

/* A layer on the layers that it takes its values from; NULL among them: an input. */
typedef struct cf_net cf_net;
struct cf_net {
    const char *kind;     /* "dense" */
    const char *settings; /* members of a JSON object: `"units":50,"activation":"relu"`; "" */
    uint32_t from_count;
    const cf_net *const *from;
};

/* {"layers": [..]}: a layer names earlier ones by number, the last is the output.  The branches
 * of the outermost concat take the inputs in order; else there is only input 0. */
void cf_net_json(const cf_net *net, cf_text *out);
/* The same for people: `gru 50 | dropout 0.2`. */
void cf_net_print(const cf_net *net, cf_text *out);

/* What the values of a row are for a network. */
typedef struct {
    const char *name; /* of the column or tuple item; "x" */
    const char *text; /* the expression as written, for `predict`; "" : not known */
    uint32_t width;   /* numbers in a row (of the sequence); 0: the data tell */
    bool sequence;    /* a list of rows an event */
} cf_train_input;

typedef enum {
    CF_TARGET_SHARES, /* a list of numbers: one_hot, or probabilities */
    CF_TARGET_CLASS   /* an int: 0, 1, .. */
} cf_target;

typedef struct {
    int64_t epochs, batch, seed, patience, every;
    int64_t classes; /* 0: the data tell */
    int64_t steps;   /* of a sequence at most, for padded and flattened ones; 0: any number */
    double momentum, decay; /* decay: factor of the rate after `every` epochs (0: each) */
    bool sgd, keep_order;
    const double *rates; /* [rate_count] by epoch, the last one from then on */
    size_t rate_count;
    const double *class_weight; /* [class_weight_count]; count 0: none */
    size_t class_weight_count;
} cf_train_settings;

/* A model that learned something.  The session owns it for its whole life. */
typedef struct {
    cf_predictor *predictor;
    const cf_train_input *inputs;
    size_t input_count;
    const char *summary; /* the layers as a table */
    /* One entry an epoch. */
    size_t epochs;
    const double *loss, *accuracy, *val_loss, *val_accuracy, *seconds;
} cf_trained;

/* Rows to learn from: a relation of the columns x0, x1, .., y and, if weighted, w.  Numbers are
 * FLOAT64 (a class INT64), vectors lists of them, sequences lists of vectors. */
typedef struct {
    cf_plan *rows, *valid; /* valid NULL: none */
    cf_plan *largest; /* one INT64: the largest class; NULL: the number of classes is known */
    const cf_train_input *inputs;
    size_t input_count;
    cf_target target;
    bool weighted;
} cf_train_data;

/* One training: a network with settings. */
typedef struct {
    const char *net;         /* JSON; NULL: `start` goes on */
    const cf_trained *start; /* or NULL */
    cf_train_settings settings;
} cf_train_job;

/* Several trainings on the same rows, each on `folds` parts of them. */
typedef struct {
    const cf_train_job *jobs;
    size_t count;
    int64_t folds, seed;
} cf_grid_request;

typedef struct {
    double accuracy, accuracy_sd, loss, seconds; /* over the folds; seconds in all */
} cf_grid_score;

/* What the session does for the binder; all of it may take long and be interrupted. */
typedef struct {
    void *user;
    cf_status (*train)(void *user, const cf_train_data *data, const cf_train_job *job,
                       const cf_trained **model, cf_error *err);
    cf_status (*grid)(void *user, const cf_train_data *data, const cf_grid_request *request,
                      cf_grid_score *scores, cf_error *err);
    cf_status (*load)(void *user, const char *path, const cf_trained **model, cf_error *err);
    /* A model like `of`, with the weights of a Keras file. */
    cf_status (*weights)(void *user, const cf_trained *of, const char *path,
                         const cf_trained **model, cf_error *err);
    cf_status (*save)(void *user, const cf_trained *model, const char *path, cf_error *err);
} cf_learner;

#endif
