/* Learning: arrays of fixed shape, scaling, training, judging.  Documentation. */
#include "func/doc_only.h"

static const cf_builtin builtins[] = {
    ENTRY(VERB, "matrix", "list | matrix {a, b} fill:0",
          "The columns of a list as rows of numbers, [[float]], with the precision of float32, "
          "as "
          "training\nuses them; null becomes `fill`.",
          JETS "select {id, m = (Jet | matrix {pt, eta} fill:0)}",
          "id,m\n1,\"[[50.0, 0.5], [30.0, -1.0]]\"\n2,\"[[20.0, 2.0]]\"\n", "pad"),
    ENTRY(VERB, "pad", "list | pad n",
          "Fills a list of numbers, of tuples of numbers, or a matrix, with zeros up to n "
          "rows; more "
          "than n is an\nerror (take first).",
          JETS "select {id, m = (Jet | matrix {pt} | pad 3)}",
          "id,m\n1,\"[[50.0], [30.0], [0.0]]\"\n2,\"[[20.0], [0.0], [0.0]]\"\n", "matrix take"),
    ENTRY(VERB, "one_hot", "one_hot n k",
          "n numbers, 1 at place k (from 0), else 0; k outside 0..n-1 is an error.",
          "from [{k = 1}]\nselect {y = one_hot 3 k}", "y\n\"[0.0, 1.0, 0.0]\"\n", "train"),
    ENTRY(VERB, "fit_minmax", "rel | fit_minmax e",
          "A function that brings e, a number or a list of numbers, into 0..1: the smallest "
          "value "
          "in these\nrows becomes 0, the largest 1 (each place of a list by itself), and other "
          "values lie outside.\nWhere all values are equal it gives 0.5.\nRows of numbers in a "
          "list ([[float]]) are scaled place by place, over all rows of all lists.",
          "let scale = (" THREE "fit_minmax x)\n" THREE "select {k, s = scale(x)}",
          "k,s\na,0.0\nb,0.5\na,1.0\n", "fit_zscore train"),
    ENTRY(
        VERB, "fit_zscore", "rel | fit_zscore e",
        "A function that brings e, a number or a list of numbers, to mean 0 and standard "
        "deviation 1\n(of these rows, divided by n; each place of a list by itself).  Where "
        "all "
        "values are equal it gives 0.\nRows of numbers in a list ([[float]]) are scaled place "
        "by place, over all rows of all lists.",
        "let scale = (from [{x = 1}, {x = 3}] | fit_zscore x)\nfrom [{x = 1}, {x = 4}] | "
        "select {s = scale(x)}",
        "s\n-1.0\n2.0\n", "fit_minmax train"),
    ENTRY(VERB, "mlp", "mlp [50, 20] activation:\"relu\"",
          "A network: dense layers of that many units on each other.  `train` adds the layer "
          "that "
          "gives a\nprobability for each class.",
          "mlp [50, 20]", NULL, "dense train"),
    ENTRY(VERB, "dense", "layers | dense n activation:\"linear\"",
          "A layer of n units, each connected with all values below.  activation: relu, tanh, "
          "sigmoid, linear,\nsoftmax.",
          "gru 50 | dense 25 activation:\"relu\"", NULL, "mlp dropout"),
    ENTRY(
        VERB, "dropout", "layers | dropout rate",
        "While training, leaves out that share of the values, others each time, and scales the "
        "rest up.",
        "mlp [50] | dropout 0.2", NULL, "dense"),
    ENTRY(
        VERB, "gru", "layers | gru n steps:\"all\" reset:\"after\" biases:2 gate:\"sigmoid\"",
        "A gated recurrent unit of size n, reading a list of rows from the first to the last; "
        "gives its last\nstate.  steps: all rows, \"masked\" (rows of zeros are skipped) or "
        "\"padded\".  reset:\"before\" with one bias\nis the older form.",
        "gru 50 | dropout 0.2", NULL, "lstm"),
    ENTRY(VERB, "lstm", "layers | lstm n steps:\"all\" gate:\"sigmoid\"",
          "A long short-term memory of size n, reading a list of rows; gives its last output.",
          "lstm 50 | dense 25 activation:\"relu\"", NULL, "gru"),
    ENTRY(VERB, "attention", "layers | attention heads:8 key:19",
          "Self-attention among the rows of a list, in several heads; keeps the shape.",
          "attention heads:2 key:8 | layer_norm | flatten", NULL, "layer_norm flatten"),
    ENTRY(VERB, "layer_norm", "layers | layer_norm epsilon:1e-6",
          "Brings each row's values to mean 0 and variance 1, then scales and shifts them by "
          "learned factors.",
          "attention heads:2 key:8 | layer_norm | flatten", NULL, "attention"),
    ENTRY(VERB, "flatten", "layers | flatten",
          "The rows of a list behind each other, filled with zeros: for lists of a known "
          "greatest "
          "length (`pad`).",
          "attention heads:2 key:8 | flatten | dense 10", NULL, "pool pad"),
    ENTRY(VERB, "pool", "layers | pool \"mean\"",
          "One row of a list: the mean, sum or max of each column.",
          "dense 20 activation:\"relu\" | pool \"sum\" | dense 10", NULL, "flatten"),
    ENTRY(VERB, "boosted_trees", "boosted_trees rounds:100 depth:6 eta:0.3",
          "Decision trees, each round correcting the ones before; for `train`, in place of a "
          "network.  They are grown by\nthe XGBoost library, where it is installed.",
          "boosted_trees rounds:50", NULL, "random_forest train"),
    ENTRY(VERB, "random_forest", "random_forest trees:100 depth:10",
          "Decision trees side by side, each on a part of the rows and columns; for `train`.  "
          "Grown by the XGBoost\nlibrary, where it is installed.",
          "random_forest trees:50", NULL, "boosted_trees train"),
    ENTRY(
        VERB, "concat", "concat {(layers), (layers)}",
        "Puts the values of several branches next to each other.  Branch 1 begins at the first "
        "input, branch 2\nat the second: `x:{particles, hlf}`.",
        "concat {(gru 50 | dropout 0.2), (dropout 0.2)} | dense 25 activation:\"relu\"", NULL,
        "train"),
    ENTRY(VERB, "train",
          "rows | train (mlp [50, 20]) x:x y:y epochs:10 batch:128 valid:rows seed:0",
          "Trains a network (or goes on training a model) to predict y from x, and gives the "
          "model.\n"
          "x: a number, a list or tuple of numbers (always as many), a list of such rows (a "
          "sequence), or a\n"
          "tuple of these for a network with several inputs.  y: a class (int from 0, or bool) "
          "or a list with a\n"
          "share for each class (one_hot).\n"
          "rate:0.001 (or one for each epoch: [0.001, 0.0005]) decay:0.7 every:1 "
          "optimizer:\"adam\" (or \"sgd\"\n"
          "momentum:0.9) patience:3 (stops when the validation gets no better) weight: "
          "class_weight:[..]\n"
          "valid: a relation, or the share of rows to keep apart.  steps:801: the longest "
          "sequence, where a layer must know.\n"
          "`model.history` has a row for each epoch.  Ctrl-C ends the training after a step "
          "and keeps what was learned.",
          "let m = (from [{a = 0, y = 0}, {a = 1, y = 1}] | train (mlp [4]) x:a y:y epochs:2)\n"
          "from m.history | select epoch",
          "epoch\n1\n2\n", "mlp predict split grid"),
    ENTRY(VERB, "grid",
          "rows | grid {n = [20, 50], b = [64, 128]} (mlp [n]) x:x y:y batch:b folds:5",
          "Trains the network with every combination of the parameters' values, on each of k "
          "folds of the rows,\nand gives a row for each combination, with the mean accuracy on "
          "the part that was left out.",
          "from [{a = 0, y = 0}, {a = 1, y = 1}, {a = 0, y = 0}, {a = 1, y = 1}]\n"
          "grid {n = [2, 3]} (mlp [n]) x:a y:y epochs:1 folds:2\nselect n",
          "n\n2\n3\n", "train"),
    ENTRY(
        VERB, "load_model", "load_model \"m.cfm\"",
        "The model that `m | save \"m.cfm\"` wrote.  It predicts, and `train` goes on with it.",
        "let m = (load_model \"m.cfm\")", NULL, "train predict save"),
    ENTRY(VERB, "load_weights", "model | load_weights \"m.keras\"",
          "A model of the same layers with the weights of a Keras file (.keras, .weights.h5, "
          ".h5), "
          "layer by layer in\norder, where the shapes fit.",
          "let n = (m | load_weights \"m.keras\")", NULL, "load_model train"),
    ENTRY(
        VERB, "predict", "rows | predict model x:x",
        "Adds p (a probability for each class) and pred (the likeliest class).  x is what the "
        "model learned\nfrom, unless given.",
        "let m = (from [{a = 0, y = 0}, {a = 1, y = 1}] | train (mlp [4]) x:a y:y epochs:1)\n"
        "from [{a = 0}] | predict m | select {n = count(p)}",
        "n\n2\n", "train confusion roc"),
    ENTRY(
        VERB, "confusion", "rows | confusion label pred names:[..]",
        "How often each class was predicted as each: {true, predicted, count, share}; share is "
        "of the true class.",
        "from [{y = 0, g = 0}, {y = 0, g = 1}, {y = 1, g = 1}]\nconfusion y g",
        "true,predicted,count,share\n0,0,1,0.5\n0,1,1,0.5\n1,0,0,0.0\n1,1,1,1.0\n",
        "roc predict accuracy"),
    ENTRY(
        VERB, "roc", "rows | roc (label == 1) p",
        "The curve of true over false positives as the threshold falls: {threshold, fpr, tpr}, "
        "with the area\nunder it in its caption.  Rows where either is null or nan are left "
        "out.",
        "from [{y = true, p = 0.9}, {y = false, p = 0.2}, {y = true, p = 0.1}]\nroc y p",
        "threshold,fpr,tpr\ninf,0.0,0.0\n0.9,0.0,0.5\n0.2,1.0,0.5\n0.1,1.0,1.0\n",
        "auc confusion"),
    ENTRY(VERB, "auc", "aggregate {a = auc y p}",
          "The area under the ROC curve of score p for what is true (y): 0.5 for a coin, 1 for "
          "perfect.",
          "from [{y = true, p = 0.9}, {y = false, p = 0.2}]\naggregate {a = auc y p}",
          "a\n1.0\n", "roc"),
    ENTRY(VERB, "accuracy", "aggregate {a = accuracy label pred}",
          "The share of rows in which two classes are equal.",
          "from [{y = 1, g = 1}, {y = 0, g = 1}]\naggregate {a = accuracy y g}", "a\n0.5\n",
          "confusion predict"),
};

const cf_family cf_family_models = {"learning", builtins, CF_COUNT(builtins)};
