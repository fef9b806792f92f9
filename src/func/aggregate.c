/* Aggregates: many rows to one value.  Documentation; the loops are the plan's reductions. */
#include "func/doc_only.h"

#define WHERE                                                                              \
    "\nIn `aggregate` it runs over the rows of the relation or group; of a list, `sum "    \
    "Jet.pt` or\n"                                                                         \
    "`(Jet | sum pt)`, over the list's elements: one value a row.  In derive, filter and " \
    "sort an aggregate\n"                                                                  \
    "of a single value runs over all rows (of the group) and gives each row the same value."
#define ROW(name, usage, doc, example, shows, related) \
    ENTRY(AGGREGATE, name, usage, doc WHERE, example, shows, related)

static const cf_builtin builtins[] = {
    ROW("count", "count this",
        "Number of rows, or of elements of a list; `count x` counts nulls, too (count_valid "
        "does not).\n"
        "None: 0.",
        THREE "group k (aggregate {n = count this})", "k,n\na,2\nb,1\n",
        "count_valid count_distinct sum"),
    ROW("count_valid", "count_valid x",
        "Number of rows in which x is not null; nan is a value.  None: 0.",
        "from [{x = 1}, {x = null}]\naggregate {n = count_valid x}", "n\n1\n",
        "count count_distinct"),
    ROW("count_distinct", "count_distinct x",
        "Number of different values, null not counted; nan equals nan, -0.0 equals 0.0.  None: "
        "0.",
        THREE "aggregate {n = count_distinct k}", "n\n2\n", "count distinct"),
    ROW("sum", "sum x",
        "Sum; null is skipped, nan is not.  Of ints an int (one that does not fit into 64 bits "
        "is an error),\n"
        "of floats a float, of bools the number of true ones, of durations a duration.  None: "
        "0.  The last bit\n"
        "does not depend on threads or machines.",
        THREE "aggregate {s = sum x}", "s\n6\n", "average count +"),
    ROW("average", "average x",
        "Mean, a float; null is skipped, nan is not.  Of bools the share of true ones.  None: "
        "null.",
        THREE "aggregate {m = average x}", "m\n2.0\n", "sum stddev"),
    ROW("stddev", "stddev x",
        "Standard deviation of a sample: the root of the sum of squared deviations divided by "
        "n - 1.  Null is\n"
        "skipped, nan is not.  Fewer than two values: null.",
        THREE "aggregate {s = stddev x}", "s\n1.0\n", "average"),
    ROW("min", "min x",
        "Smallest value: of numbers, texts (by code point), dates and times.  Null is skipped, "
        "and nan unless\n"
        "all are.  None: null.",
        THREE "aggregate {m = min x}", "m\n1\n", "max min_by sort"),
    ROW("max", "max x",
        "Largest value: of numbers, texts (by code point), dates and times.  Null is skipped, "
        "and nan unless\n"
        "all are.  None: null.",
        THREE "aggregate {m = max x}", "m\n3\n", "min max_by sort"),
    ROW("any", "any c",
        "True if the condition is true somewhere; null is skipped.  None: false.",
        JETS "filter (Jet | any pt > 40)\nselect {id}", "id\n1\n", "all ||"),
    ROW("all", "all c",
        "True if the condition is true everywhere; null is skipped.  None: true.",
        JETS "filter (Jet | all pt < 40)\nselect {id}", "id\n2\n", "any &&"),
    ROW("concat_array", "concat_array t",
        "The texts one after the other, in order; null is skipped.  None: the empty text.",
        THREE "aggregate {t = concat_array k}", "t\naba\n", "collect"),
    ROW("count_nan", "count_nan x", "Number of rows in which x is nan.  None: 0.",
        "from [{x = 0.0}, {x = 1.0}]\naggregate {n = count_nan (x / 0)}", NULL, "is_nan count"),
};

const cf_family cf_family_aggregates = {"aggregates", builtins, CF_COUNT(builtins)};
