/* Commands: a word behind `%` at the start of a line.  Documentation. */
#include "func/doc_only.h"

static const cf_builtin builtins[] = {
    ENTRY(COMMAND, "help", "%help; %help name; %help E0012; name?",
          "Explains a verb, function, table or error code; alone, lists them.", "%help filter",
          NULL, "schema tables"),
    ENTRY(COMMAND, "tables", "%tables", "The tables and `let`s there are.", "%tables", NULL,
          "schema"),
    ENTRY(COMMAND, "schema", "%schema table; %schema table.list",
          "The columns with their types and, where it differs, their names in the file.",
          "let t = (from [{a = 1}])\n%schema t", NULL, "tables describe"),
    ENTRY(COMMAND, "set", "%set; %set key value",
          "Shows or changes settings: rows (that are shown), threads, memory, ...",
          "%set rows 20", NULL, "time"),
    ENTRY(COMMAND, "time", "%time statement",
          "Runs the statement and shows time, rows and bytes.", "%time from [{a = 1}]", NULL,
          "explain set"),
    ENTRY(COMMAND, "engine", "%engine; %engine threads; %engine processes",
          "Shows who does the work, or changes it: threads of this program, or programs "
          "`cutflow-exec` beside it.",
          "%engine", NULL, "set time"),
    ENTRY(COMMAND, "explain", "%explain statement",
          "Shows how the statement would be computed, without doing so.",
          "%explain from [{a = 1}]", NULL, "time"),
    ENTRY(COMMAND, "print", "%print e; %print err:true e",
          "Writes a value as plain text to the output (or to the error output).",
          "%print \"hello\"", NULL, "save"),
    ENTRY(COMMAND, "clear", "%clear", "Clears the screen (at the prompt).", "%clear", NULL,
          NULL),
    ENTRY(COMMAND, "edit", "%edit",
          "Opens the last statement in $EDITOR and runs what is saved (at the prompt).",
          "%edit", NULL, "last"),
    ENTRY(COMMAND, "last", "%last", "Shows the last result again, in full (at the prompt).",
          "%last", NULL, "set"),
    ENTRY(COMMAND, "exit", "%exit; %quit; exit; quit",
          "Leaves the prompt, as the end of input (Ctrl-D) does.", "%exit", NULL, NULL),
    ENTRY(COMMAND, "load", "%load file.cf",
          "Runs the statements of a file, as if they stood here.", "%load setup.cf", NULL,
          "import"),
};

const cf_family cf_family_commands = {"commands", builtins, CF_COUNT(builtins)};
