/* The words of the language itself, so that help finds them.  Documentation. */
#include "func/doc_only.h"

static const cf_builtin builtins[] = {
    ENTRY(VERB, "let", "let name = value; let f = a b:1 -> body",
          "Names a value, a relation or a function.  Relations are computed when they are "
          "used.  A function's\n"
          "parameters may have a type (x <float>, rel <relation>) and a default (b:1); called "
          "with fewer arguments\n"
          "it gives a function.  A later `let` of the same name replaces it.",
          "let twice = x -> x * 2\nfrom [{a = 1}]\nselect {b = twice a}", "b\n2\n",
          "func from"),
    ENTRY(VERB, "func", "a b -> body",
          "A function: parameters, an arrow, what it gives.  Names in the body are looked up "
          "in the body, then in\n"
          "the rows round the call, then among `let`s.",
          "let add = a b -> a + b\nfrom [{x = 1}]\nselect {y = (x | add 2)}", "y\n3\n", "let"),
    ENTRY(VERB, "case", "case [cond => value, .., true => value]",
          "The value behind the first condition that is true; null if none is.  All values "
          "have one type (int meets\n"
          "float as float).",
          "from [{x = 1}, {x = 5}]\nselect {size = case [x > 3 => \"big\", true => \"small\"]}",
          "size\nsmall\nbig\n", "?? if"),
    ENTRY(VERB, "this", "this; this.x",
          "The innermost row; in `join`, the left one (`that` is the right one).",
          JETS "select {n = (Jet | filter this.pt > 25 | count)}", "n\n2\n0\n", "from count"),
    ENTRY(VERB, "import", "import hep",
          "The definitions of hep.cf as the module hep: hep.f.  The file is looked for beside "
          "the "
          "program, in the\nfolders of $CUTFLOW_PATH and in the library.  It holds `let`, "
          "`module` "
          "and `import`.",
          "import hep", NULL, "module let"),
    ENTRY(VERB, "module", "module name { let f = .. }", "Definitions under a name: name.f.",
          "module m { let two = 2 }\nfrom [{a = m.two}]", "a\n2\n", "import let"),
    LATER(VERB, "type", "type name = {a = int, b = [float]}",
          "Names a type, for parameters and conversions.",
          "type point = {x = float, y = float}", "as let"),
    LATER(MAP, "input", "let name = input \"prompt\"",
          "Asks the user for a value (on standard input).", "let cut = input \"pt above?\"",
          "let"),
};

const cf_family cf_family_statements = {"language", builtins, CF_COUNT(builtins)};
