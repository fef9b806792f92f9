/* Verbs: relation to relation.  Documentation; the binder knows each by name.  All work on the
 * rows of a relation and, in brackets, on a list inside each row. */
#include "func/doc_only.h"

static const cf_builtin builtins[] = {
    ENTRY(VERB, "from", "from table; from x = table; from [{a = 1}, ..]",
          "The rows of a table, of a `let`, or of a list written out.  `x =` gives the row a "
          "name.  from\n"
          "events.Jet is all jets of all events, one after the other, with the jet's fields "
          "only (explode keeps\n"
          "the event's).",
          "from [{a = 1}, {a = 2}]", "a\n1\n2\n", "let explode read_root"),
    ENTRY(VERB, "select", "select {a, b = e}; select !{a}; select t.*",
          "Keeps or computes columns, in the order written.  !{..} keeps all but these.  An "
          "unnamed expression is\n"
          "named by its text.  {mu.*, x = 1} spreads a tuple.",
          THREE "select {k, y = x * 2}", "k,y\na,2\nb,4\na,6\n", "derive"),
    ENTRY(VERB, "derive", "derive {b = e, c = b}; derive b = e",
          "Adds columns, from left to right, so that later ones may use earlier ones.  A name "
          "that exists is\n"
          "replaced in its place.  A tuple in braces becomes one column with fields.",
          THREE "derive y = x * 2", "k,x,y\na,1,2\nb,2,4\na,3,6\n", "select"),
    ENTRY(VERB, "filter", "filter cond; filter name:\"label\" cond",
          "Keeps the rows where the condition is true; false and null drop.  `name:` is the "
          "row's label in a\n"
          "cutflow.  A condition that is a list (Jet.pt > 40) needs any or all.",
          THREE "filter x > 1", "k,x\nb,2\na,3\n", "cutflow any all take"),
    ENTRY(VERB, "sort", "sort a; sort {a, -b}",
          "Orders rows; -b from large to small.  Equal rows keep their order.  nan, then null "
          "come last, both\n"
          "ways.  Texts sort by code point.",
          THREE "sort {k, -x}", "k,x\na,3\na,1\nb,2\n", "take rank min_by"),
    ENTRY(VERB, "take", "take n; take a..b; take -n",
          "Rows by position, counted from 1: the first n, from a to b (both included; an end "
          "may be missing), or\n"
          "the last n.  Fewer rows than that are no error.",
          THREE "take 2", "k,x\na,1\nb,2\n", "first sort sample"),
    LATER(VERB, "join", "join side:inner t (==k); join t (this.a == that.b)",
          "Rows of both tables that belong together; side: inner, left, right or full (null "
          "where there is no\n"
          "partner).  (==k) compares the columns k of both; true pairs all with all.  The left "
          "order stays.  A\n"
          "null key matches nothing.",
          "let t = (from [{k = \"a\", n = 10}])\n" THREE "join t (==k)", "cross append"),
    ENTRY(VERB, "group", "group k (pipeline); group {a, b} (pipeline)",
          "Runs the pipeline on each part of the rows with equal keys, parts in the order in "
          "which they first\n"
          "appear.  After `aggregate` the keys stand in front.  null equals null, nan equals "
          "nan.\n"
          "group t.* (take 1) keeps one of equal rows.",
          THREE "group k (aggregate {n = count this, s = sum x})", "k,n,s\na,2,4\nb,1,2\n",
          "aggregate distinct window"),
    ENTRY(VERB, "aggregate", "aggregate {n = count this, m = max x}",
          "All rows to one; within `group`, one row for each part.",
          THREE "aggregate {n = count this, m = max x}", "n,m\n3,3\n",
          "group sum count average"),
    LATER(VERB, "window", "window rows:a..b (pipeline); rolling:n; expanding:true",
          "Which neighbours the aggregates in a `derive` see: rows relative to this one "
          "(rows:-2..0), the last n\n"
          "(rolling:n), all up to this one (expanding:true).  Without `window` they see the "
          "whole part.",
          THREE "window rolling:2 (derive {s = sum x})", "lag lead sum"),
    ENTRY(
        VERB, "append", "append t; append by:name t",
        "The rows of this relation, then those of t.  Columns match by position and must have "
        "the same types\n"
        "(int meets float as float); with by:name by name, and what one of them lacks is null.",
        "from [{a = 1}]\nappend by:name [{a = 2, b = 3}]", "a,b\n1,\n2,3\n", "union join"),
    ENTRY(VERB, "remove", "remove t",
          "Takes away one row for each equal row of t, the earliest first: [1, 2, 2, 3] remove "
          "[2] is 1, 2, 3.",
          "from [{a = 1}, {a = 2}, {a = 2}]\nremove [{a = 2}]", "a\n1\n2\n", "except filter"),
    LATER(VERB, "intersect", "intersect t", "Keeps the rows that t has, too, one for one.",
          "from [{a = 1}, {a = 2}]\nintersect [{a = 2}]", "remove except union"),
    LATER(VERB, "union", "union t", "The different rows of both.",
          "from [{a = 1}]\nunion [{a = 1}, {a = 2}]", "append distinct"),
    LATER(VERB, "except", "except t", "The different rows that t has not.",
          "from [{a = 1}, {a = 2}]\nexcept [{a = 2}]", "remove intersect"),
    ENTRY(VERB, "distinct", "distinct; distinct k",
          "One of each kind of rows, the first, in order; with k, of each value of k.  null "
          "equals null, nan\n"
          "equals nan.",
          THREE "distinct k", "k,x\na,1\nb,2\n", "group count_distinct"),
    LATER(VERB, "loop", "loop (pipeline)",
          "Runs the pipeline on its own output until there are no rows left; gives all rows "
          "seen.",
          "from [{n = 1}]\nloop (filter n < 4 | select {n = n + 1})", "append"),
    LATER(VERB, "pivot", "pivot k v", "A column for each value of k, with v in it.",
          THREE "pivot k x", "unpivot group"),
    LATER(VERB, "unpivot", "unpivot {a, b}",
          "The columns a and b as rows: their name and value.",
          "from [{id = 1, a = 2, b = 3}]\nunpivot {a, b}", "pivot"),
    ENTRY(
        VERB, "min_by", "list | min_by e",
        "The row with the smallest e, a tuple; of equal ones the first.  Null does not count, "
        "nan only\n"
        "if there is nothing else.  None: null.",
        JETS "select {id, pt = (Jet | min_by abs(eta)).pt}", "id,pt\n1,50.0\n2,20.0\n",
        "max_by first min"),
    ENTRY(VERB, "max_by", "list | max_by e",
          "The row with the largest e, a tuple; of equal ones the first.  Null does not count, "
          "nan only\n"
          "if there is nothing else.  None: null.",
          JETS "select {id, pt = (Jet | max_by pt).pt}", "id,pt\n1,50.0\n2,20.0\n",
          "min_by last max"),
    ENTRY(VERB, "pairs", "list | pairs; list | pairs {l1, l2}",
          "All pairs of rows, as tuples {a, b} (or with the names given), the first always the "
          "earlier one: n rows\n"
          "give n (n - 1) / 2.",
          JETS "select {id, sums = (Jet | pairs | select {s = a.pt + b.pt}).s}", NULL,
          "triplets combine cross"),
    ENTRY(VERB, "triplets", "list | triplets; list | triplets {x, y, z}",
          "All triples of rows, as tuples {a, b, c}, in the order of the list.",
          JETS "select {id, n = (Jet | triplets | count)}", "id,n\n1,0\n2,0\n",
          "pairs combine"),
    ENTRY(VERB, "combine", "list | combine n",
          "All sets of n rows (2 to 4), as tuples {a, b, c, d}, in the order of the list.",
          JETS "select {id, n = (Jet | combine 2 | count)}", "id,n\n1,1\n2,0\n",
          "pairs triplets cross"),
    ENTRY(VERB, "cross", "list | cross other",
          "All pairs of a row of one list and a row of the other, as tuples {a, b}.",
          JETS "select {id, n = (Jet | cross Jet | count)}", "id,n\n1,4\n2,1\n",
          "pairs combine join"),
    ENTRY(VERB, "explode", "explode Jet; explode side:left Jet",
          "A row for each element of the list: the event's columns again and the element as a "
          "tuple column of the\n"
          "same name.  Rows with an empty list vanish, with side:left they stay with null.",
          JETS "explode Jet\nselect {id, pt = Jet.pt}", "id,pt\n1,50.0\n1,30.0\n2,20.0\n",
          "collect from"),
    ENTRY(VERB, "collect", "collect this",
          "In `aggregate`: the rows (of the group) as a list of tuples; collect {a, b} takes "
          "those columns.",
          THREE "group k (aggregate {rows = collect this})\nselect {k, s = sum rows.x}",
          "k,s\na,4\nb,2\n", "explode concat_array"),
    ENTRY(VERB, "zip", "zip {pt = jet_pt, eta = jet_eta}",
          "A list of tuples out of lists of equal length; a longer one is an error that names "
          "the row.",
          "from [{a = [1, 2], b = [3, 4]}]\nderive z = zip {x = a, y = b}\nselect {xs = z.x}",
          NULL, "cross"),
    ENTRY(VERB, "sample", "sample 0.1 seed:1; sample 100 seed:1",
          "Each row with that chance; or, for a whole number, so many rows, in their order.  "
          "Depends on seed and\n"
          "position only: the same on every machine and however often it is computed.",
          THREE "sample 1.0 seed:1", "k,x\na,1\nb,2\na,3\n", "shuffle split take"),
    ENTRY(VERB, "shuffle", "shuffle seed:42",
          "The rows in an order that depends on seed and position only.  shuffle | take n is a "
          "sample of exactly n.",
          THREE "shuffle seed:42\naggregate {n = count this}", "n\n3\n", "sample split sort"),
    ENTRY(VERB, "split", "split 0.8 seed:42",
          "Two relations in a tuple, {train, test}: each row goes to train with that chance, "
          "by a hash of seed and\n"
          "position.",
          "let sets = (" THREE
          "split 1.0 seed:42)\nfrom sets.train | aggregate {n = count this}",
          NULL, "shuffle sample"),
    ENTRY(VERB, "hist", "hist x bins:n range:a..b weight:w",
          "How often x lies in each of n equal bins: a row for each bin, {low, high, count, "
          "error}, and a drawing.\n"
          "Bins hold their lower edge, not their upper one.  The first row (low null) counts "
          "what is below, the\n"
          "last one (high null) what is above; nan and null are left out.  With weight, count "
          "is the sum of\n"
          "weights; error is the root of the sum of squared weights.  Without range: from the "
          "smallest to the\n"
          "largest finite value, rounded outward; without bins: 50.  A list fills all its "
          "elements.",
          "from [{x = 0.5}, {x = 1.5}, {x = 1.7}]\nhist x bins:2 range:0..2 | select {low, "
          "high, count}",
          "low,high,count\n,0.0,0\n0.0,1.0,1\n1.0,2.0,2\n2.0,,0\n", "hist2d line bar"),
    ENTRY(VERB, "hist2d", "hist2d x y bins:{nx, ny} range:{a..b, c..d} weight:w",
          "How often (x, y) lies in each of nx times ny cells: {x_low, x_high, y_low, y_high, "
          "count, error} with\n"
          "rows for below and above on both axes, x slow.",
          "from [{x = 0.5, y = 0.5}]\nhist2d x y bins:{1, 1} range:{0..1, 0..1}\naggregate {n "
          "= sum count, rows = count this}",
          "n,rows\n1,9\n", "hist heatmap"),
    ENTRY(VERB, "line", "line x y; line x {y1, y2}",
          "Draws y over x as a line, or several; passes the rows on.", THREE "line x x", NULL,
          "scatter bar hist"),
    ENTRY(VERB, "scatter", "scatter x y", "Draws a point for each row; passes the rows on.",
          THREE "scatter x x", NULL, "line hist2d"),
    ENTRY(VERB, "bar", "bar label y", "Draws a bar for each row; passes the rows on.",
          THREE "bar k x", NULL, "hist line"),
    ENTRY(VERB, "heatmap", "heatmap x y z",
          "Draws z in colour over x and y; passes the rows on.",
          "from [{x = 1, y = 1, z = 2}]\nheatmap x y z", NULL, "hist2d"),
    ENTRY(
        VERB, "cutflow", "cutflow; cutflow by:label",
        "How many rows each filter passed: {cut, passed, share, total_share}, a row for each "
        "filter of the\n"
        "pipeline in front (also through `let`), the first row for all.  share: of the cut "
        "before; by: a cut flow\n"
        "for each value.",
        THREE
        "filter name:\"two or more\" x > 1\nfilter k == \"a\"\ncutflow | select {cut, passed}",
        "cut,passed\nall,3\ntwo or more,2\n\"k == \"\"a\"\"\",1\n", "filter"),
    ENTRY(VERB, "describe", "describe",
          "A row for each column: {column, type, count, nulls, nan, min, max, mean, stddev, "
          "sum}; of lists all\n"
          "elements.",
          THREE "describe | select {column, count, min, max}", NULL, "%schema hist"),
};

const cf_family cf_family_verbs = {"verbs", builtins, CF_COUNT(builtins)};
