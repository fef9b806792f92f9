#include "io/writer.h"

/* Writing relations: by suffix to one of the formats.  The text formats are here; everything
 * goes to a temporary file beside the target, which finish puts in the target's place. */

#include "io/csv.h"
#include "io/json.h"
#include "io/parquet.h"
#include "io/root_writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FLUSH_BYTES ((size_t)1 << 18)
#define KNOWN       "it can be .parquet, .root, .tfrecord, .csv, .tsv, .json or .jsonl"

typedef enum { CSV, TSV, JSON, JSONLINES, PARQUET, ROOT, TFRECORD } target;

/* What it may be told. */
enum { CAN_TREE = 1, CAN_COMPRESSION = 2 };

static const struct {
    const char *name, *suffix;
    target to;
    unsigned can;
} targets[] = {
    {"parquet", ".parquet", PARQUET, CAN_COMPRESSION},
    {"root", ".root", ROOT, CAN_TREE | CAN_COMPRESSION},
    {"tfrecord", ".tfrecord", TFRECORD, 0},
    {"tfrecord", ".tfrecords", TFRECORD, 0},
    {"csv", ".csv", CSV, 0},
    {"tsv", ".tsv", TSV, 0},
    {"json", ".json", JSON, 0},
    {"jsonl", ".jsonl", JSONLINES, 0},
    {"jsonlines", ".ndjson", JSONLINES, 0},
};

/* ---- text ---- */

typedef struct {
    target to;
    cf_new_file file;
    cf_text text; /* not written yet */
    int64_t rows;
} text_writer;

static cf_status no_memory(const char *path, cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write %s", path);
}

static char separator_of(target to) {
    return to == TSV ? '\t' : ',';
}

static void text_abandon(void *state) {
    text_writer *w = state;
    cf_new_file_close(&w->file);
    cf_text_clear(&w->text);
    free(w);
}

static cf_status flush(text_writer *w, cf_error *err) {
    if (w->text.failed) return no_memory(w->file.path, err);
    CF_TRY(cf_new_file_add(&w->file, w->text.data, w->text.size, err));
    w->text.size = 0;
    return CF_OK;
}

static void add_row(text_writer *w, const cf_table *rows, int64_t row) {
    if (w->to == CSV || w->to == TSV) {
        cf_csv_add_row(&w->text, rows, row, separator_of(w->to));
        return;
    }
    if (w->to == JSON) cf_text_adds(&w->text, w->rows == 0 ? "\n" : ",\n");
    cf_json_add_row(&w->text, rows, row);
    if (w->to == JSONLINES) cf_text_addc(&w->text, '\n');
}

static cf_status text_add(void *state, const cf_table *rows, cf_error *err) {
    text_writer *w = state;
    for (int64_t row = 0; row < rows->length; row++) {
        add_row(w, rows, row);
        w->rows++;
        if (w->text.size >= FLUSH_BYTES || w->text.failed) CF_TRY(flush(w, err));
    }
    return CF_OK;
}

static cf_status text_finish(void *state, int64_t *bytes, cf_error *err) {
    text_writer *w = state;
    if (w->to == JSON) cf_text_adds(&w->text, w->rows == 0 ? "]\n" : "\n]\n");
    cf_status status = flush(w, err);
    if (status == CF_OK) status = cf_new_file_finish(&w->file, err);
    if (bytes != NULL) *bytes = w->file.bytes;
    text_abandon(w);
    return status;
}

static cf_status text_open(const char *path, target to, const cf_type *schema,
                           cf_writer *writer, cf_error *err) {
    static const cf_writer_class class = {text_add, text_finish, text_abandon};
    text_writer *w = calloc(1, sizeof *w);
    if (w == NULL) return no_memory(path, err);
    w->to = to;
    const cf_status status = cf_new_file_open(path, &w->file, err);
    if (status != CF_OK) {
        free(w);
        return status;
    }
    if (to == CSV || to == TSV) cf_csv_add_header(&w->text, schema, separator_of(to));
    if (to == JSON) cf_text_addc(&w->text, '[');
    *writer = (cf_writer){&class, w};
    return CF_OK;
}

/* ---- Parquet ---- */

static cf_status parquet_add(void *state, const cf_table *rows, cf_error *err) {
    return cf_parquet_writer_add(state, rows, err);
}
static cf_status parquet_finish(void *state, int64_t *bytes, cf_error *err) {
    return cf_parquet_writer_finish(state, bytes, err);
}
static void parquet_abandon(void *state) {
    cf_parquet_writer_abandon(state);
}

static cf_status parquet_pack(const char *word, cf_parquet_pack *pack, cf_error *err) {
    static const struct {
        const char *word;
        cf_parquet_pack pack;
    } packs[] = {{"zstd", CF_PARQUET_PACK_ZSTD},
                 {"snappy", CF_PARQUET_PACK_SNAPPY},
                 {"none", CF_PARQUET_PACK_NONE}};
    *pack = CF_PARQUET_PACK_DEFAULT;
    if (word == NULL) return CF_OK;
    for (size_t i = 0; i < CF_COUNT(packs); i++) {
        if (strcmp(word, packs[i].word) != 0) continue;
        *pack = packs[i].pack;
        return CF_OK;
    }
    return cf_fail(err, CF_E_RANGE, CF_NOWHERE, "compression is zstd, snappy or none, not `%s`",
                   word);
}

static cf_status parquet_open(const char *path, const cf_save_options *options,
                              const cf_type *schema, cf_writer *writer, cf_error *err) {
    static const cf_writer_class class = {parquet_add, parquet_finish, parquet_abandon};
    cf_parquet_write_options how = {.pack = CF_PARQUET_PACK_DEFAULT};
    cf_parquet_writer *state = NULL;
    CF_TRY(parquet_pack(options->compression, &how.pack, err));
    CF_TRY(cf_parquet_writer_open(path, schema, &how, &state, err));
    *writer = (cf_writer){&class, state};
    return CF_OK;
}

/* ---- ROOT ---- */

static cf_status root_add(void *state, const cf_table *rows, cf_error *err) {
    return cf_root_writer_add(state, rows, err);
}
static cf_status root_finish(void *state, int64_t *bytes, cf_error *err) {
    return cf_root_writer_finish(state, bytes, err);
}
static void root_abandon(void *state) {
    cf_root_writer_abandon(state);
}

static cf_status root_open(const char *path, const cf_save_options *options,
                           const cf_type *schema, cf_writer *writer, cf_error *err) {
    static const cf_writer_class class = {root_add, root_finish, root_abandon};
    const cf_root_write_options how = {
        .tree = options->tree, .compression = options->compression, .layout = options->layout};
    cf_root_writer *state = NULL;
    CF_TRY(cf_root_writer_open(path, schema, &how, &state, err));
    *writer = (cf_writer){&class, state};
    return CF_OK;
}

/* ---- any ---- */

static cf_status choose_target(const char *path, const char *format, size_t *which,
                               cf_error *err) {
    const char *slash = strrchr(path, '/');
    const char *suffix = strrchr(slash == NULL ? path : slash, '.');
    for (size_t i = 0; i < CF_COUNT(targets); i++) {
        const bool fits = format != NULL
                              ? strcmp(format, targets[i].name) == 0
                              : suffix != NULL && strcmp(suffix, targets[i].suffix) == 0;
        if (!fits) continue;
        *which = i;
        return CF_OK;
    }
    const cf_status status =
        cf_fail(err, CF_E_WRITE, CF_NOWHERE, "no format to write %s in%s%s", path,
                format == NULL ? "" : ": ", format == NULL ? "" : format);
    cf_error_hint(err, KNOWN);
    return status;
}

static cf_status refuse_option(size_t which, const char *option, cf_error *err) {
    return cf_fail(err, CF_E_UNKNOWN_ARGUMENT, CF_NOWHERE, "a %s file has no `%s`",
                   targets[which].name, option);
}

static cf_status check_options(size_t which, const cf_save_options *o, cf_error *err) {
    const unsigned can = targets[which].can;
    if (o->tree != NULL && !(can & CAN_TREE)) return refuse_option(which, "tree", err);
    if (o->layout != NULL && !(can & CAN_TREE)) return refuse_option(which, "layout", err);
    if (o->compression != NULL && !(can & CAN_COMPRESSION))
        return refuse_option(which, "compression", err);
    if (o->by == NULL && o->rows_per_file != 0)
        return cf_fail(err, CF_E_UNKNOWN_ARGUMENT, CF_NOWHERE,
                       "`rows_per_file` goes with `by`, which makes a folder of files");
    return CF_OK;
}

static cf_status open_target(const char *path, size_t which, const cf_save_options *options,
                             const cf_type *schema, cf_writer *w, cf_error *err) {
    CF_TRY(check_options(which, options, err));
    if (options->by != NULL)
        return cf_partition_writer_open(path, targets[which].name, targets[which].suffix,
                                        options, schema, w, err);
    switch (targets[which].to) {
    case PARQUET: return parquet_open(path, options, schema, w, err);
    case ROOT: return root_open(path, options, schema, w, err);
    case TFRECORD: return cf_tfrecord_writer_open(path, schema, w, err);
    default: return text_open(path, targets[which].to, schema, w, err);
    }
}

/* What a symbolic link leads to, malloc'd: that is replaced, and the link stays; NULL: it is
 * none, or leads nowhere. */
static char *behind_link(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode) ? realpath(path, NULL) : NULL;
}

cf_status cf_writer_open_with(const char *path, const char *format,
                              const cf_save_options *options, const cf_type *schema,
                              cf_writer **writer, cf_error *err) {
    static const cf_save_options plain = {.tree = NULL};
    size_t which = 0;
    *writer = NULL;
    if (options == NULL) options = &plain;
    if (format == NULL && options->by != NULL) format = "parquet";
    CF_TRY(choose_target(path, format, &which, err));
    cf_writer *w = calloc(1, sizeof *w);
    if (w == NULL) return no_memory(path, err);
    char *real = behind_link(path);
    const cf_status status =
        open_target(real != NULL ? real : path, which, options, schema, w, err);
    free(real);
    if (status == CF_OK)
        *writer = w;
    else
        free(w);
    return status;
}

cf_status cf_writer_open(const char *path, const char *format, const cf_type *schema,
                         cf_writer **writer, cf_error *err) {
    return cf_writer_open_with(path, format, NULL, schema, writer, err);
}

cf_status cf_writer_add(cf_writer *w, const cf_table *rows, cf_error *err) {
    return w->class->add(w->state, rows, err);
}

cf_status cf_writer_finish(cf_writer *w, int64_t *bytes, cf_error *err) {
    const cf_status status = w->class->finish(w->state, bytes, err);
    free(w);
    return status;
}

void cf_writer_abandon(cf_writer *w) {
    if (w == NULL) return;
    w->class->abandon(w->state);
    free(w);
}
