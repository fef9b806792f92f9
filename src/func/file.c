/* Reading and saving.  Documentation; the binder opens and the formats read. */
#include "func/doc_only.h"

#define PATHS                                                                                \
    "\nThe name may hold wildcards (\"data/*.root\"): several files of one kind are one "    \
    "relation, in order of\n"                                                                \
    "their names.  Only the columns that a program uses are read.  A folder with folders "   \
    "key=value in it\n"                                                                      \
    "(\"set\" of set/year=2018/a.parquet) is one relation; the keys are columns behind the " \
    "files' own."

static const cf_builtin builtins[] = {
    ENTRY(VERB, "read_root", "read_root \"f.root\" tree:\"Events\" flat:true",
          "A tree of a ROOT file.  Without `tree`: the only one, else Events.  Branches "
          "Jet_pt[nJet], Jet_eta[nJet]\n"
          "become one list of tuples, Jet; MET_pt, MET_phi one tuple, MET; flat:true switches "
          "that off." PATHS,
          "let events = (read_root \"events.root\")\n%schema events", NULL,
          "read_parquet save %schema"),
    ENTRY(VERB, "read_parquet", "read_parquet \"f.parquet\"", "A Parquet file." PATHS,
          "from [{a = 1, b = [2, 3]}] | save \"example.parquet\";\nfrom (read_parquet "
          "\"example.parquet\")",
          NULL, "read_root read_csv save"),
    ENTRY(VERB, "read_csv", "read_csv \"f.csv\" separator:\";\" header:false",
          "Text with separators; types are found by looking at the values.  An empty cell is "
          "null, \"\" the empty\n"
          "text." PATHS,
          "from [{a = 1, b = \"x\"}] | save \"example.csv\";\nfrom (read_csv \"example.csv\")",
          NULL, "read_json save"),
    ENTRY(VERB, "read_json", "read_json \"f.json\"",
          "An array of objects, or an object a line." PATHS,
          "from [{a = 1, b = [2, 3]}] | save \"example.json\";\nfrom (read_json "
          "\"example.json\")",
          NULL, "read_csv from_text"),
    LATER(VERB, "from_text", "from_text format:csv t",
          "A relation from a text: format csv or json.", "from_text format:csv \"a,b\\n1,2\"",
          "read_csv read_json"),
    ENTRY(
        VERB, "save", "save \"f.parquet\" format:parquet compression:zstd",
        "Writes the rows to a file and passes them on; the format is known by the ending "
        "(.parquet, .root,\n"
        ".tfrecord, .csv, .tsv, .json, .jsonl) or given.  At the end of a statement it shows "
        "rows, bytes and path.\n"
        "Not inside `let`.\n"
        "Parquet: compression:zstd, snappy or none.  `by:label` (`by:{year, month}`) writes a "
        "folder of Parquet\n"
        "files, dir/label=0/part-00000.parquet; rows_per_file:n begins new files; a folder "
        "that is there is\n"
        "refused unless overwrite:true.\n"
        "ROOT: a tree called Events, or tree:\"name\"; compression:zstd, lz4, zlib or none.  "
        "`X: [{a, b}]` is stored as\n"
        "X_a[nX], X_b[nX], which reads back as X; layout:delphes as a TClonesArray with X.a, "
        "X.b.  A null float is\n"
        "NaN, other nulls are errors; dates and times are integers, decimals doubles.\n"
        "TFRecord: a tf.train.Example a row; ints, floats (32 bits) or texts under the "
        "columns' names; lists inside\n"
        "lists are laid end to end and must be equally long; a null is left out.",
        "from [{a = 1}]\nsave \"example.csv\"", NULL, "read_parquet read_root read_csv"),
};

const cf_family cf_family_files = {"files", builtins, CF_COUNT(builtins)};
