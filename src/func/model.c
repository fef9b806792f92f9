/* Learning: arrays of fixed shape, scaling, training, judging.  Documentation. */
#include "func/doc_only.h"

static const cf_builtin builtins[] = {
    LATER(VERB, "matrix", "list | matrix {a, b} fill:0",
          "The columns of a list as rows of numbers, [[float]]; null becomes `fill`.",
          JETS "select {id, m = (Jet | matrix {pt, eta} fill:0)}", "pad"),
    LATER(VERB, "pad", "pad n",
          "Fills a matrix with rows of zeros up to n; more than n is an error (take first).",
          JETS "select {id, m = (Jet | matrix {pt} fill:0 | pad 3)}", "matrix take"),
    LATER(MAP, "one_hot", "one_hot n k",
          "n numbers, 1 at place k (from 0), else 0; k outside 0..n-1 is an error.",
          "from [{k = 1}]\nselect {y = one_hot 3 k}", "train"),
    LATER(VERB, "fit_minmax", "rel | fit_minmax e",
          "A function that brings e into 0..1, as the rows of this relation show its range.",
          "let scale = (" THREE "fit_minmax x)", "fit_zscore train"),
    LATER(VERB, "fit_zscore", "rel | fit_zscore e",
          "A function that brings e to mean 0 and standard deviation 1.",
          "let scale = (" THREE "fit_zscore x)", "fit_minmax train"),
    LATER(VERB, "train", "train (mlp [50, 20]) x:x y:y epochs:5 batch:128 valid:rows seed:42",
          "Trains a network that predicts y from x; gives the model, with its history {epoch, "
          "loss, accuracy,\n"
          "val_loss, val_accuracy, seconds}.",
          "let model = (" THREE "train (mlp [4]) x:[x] y:(one_hot 2 0) epochs:1)",
          "mlp predict split"),
    LATER(MAP, "mlp", "mlp [50, 20]", "A network of layers of that many units, for `train`.",
          "let net = mlp [50, 20]", "train"),
    LATER(VERB, "predict", "predict model",
          "Adds p (a probability for each class) and pred (the likeliest class).",
          THREE "predict model", "train confusion roc"),
    LATER(VERB, "confusion", "confusion label pred names:[..]",
          "How often each class was predicted as each: {true, predicted, count, share}.",
          "from [{label = 0, pred = 0}]\nconfusion label pred", "roc predict"),
    LATER(VERB, "roc", "roc (label == 1) p",
          "The curve of true over false positives: {threshold, fpr, tpr}, with the area in its "
          "caption.",
          "from [{label = 1, p = 0.9}]\nroc (label == 1) p", "auc confusion"),
    LATER(AGGREGATE, "auc", "auc y p",
          "The area under the ROC curve, 0.5 for a coin, 1 for perfect.",
          "from [{y = true, p = 0.9}, {y = false, p = 0.2}]\naggregate {a = auc y p}", "roc"),
};

const cf_family cf_family_models = {"learning", builtins, CF_COUNT(builtins)};
