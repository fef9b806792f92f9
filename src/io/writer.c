#include "io/open.h"

/* Writing relations: by suffix to Parquet or to one of the text formats.  Everything goes to a
 * temporary file beside the target, which finish puts in the target's place. */

#include "io/csv.h"
#include "io/json.h"
#include "io/parquet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_BYTES ((size_t)1 << 18)

typedef enum { TEXT_CSV, TEXT_TSV, TEXT_JSON, TEXT_JSONLINES, PARQUET } target;

static const struct {
    const char *name, *suffix;
    target to;
} targets[] = {
    {"csv", ".csv", TEXT_CSV},
    {"tsv", ".tsv", TEXT_TSV},
    {"json", ".json", TEXT_JSON},
    {"jsonl", ".jsonl", TEXT_JSONLINES},
    {"jsonlines", ".ndjson", TEXT_JSONLINES},
    {"parquet", ".parquet", PARQUET},
};

struct cf_writer {
    target to;
    cf_parquet_writer *parquet; /* of PARQUET; then nothing below is used but the path */
    char *path, *temporary;     /* temporary NULL: the path is no file (a device, a pipe) */
    int fd;
    cf_text text; /* not written yet */
    int64_t bytes, rows;
};

/* ---- the file ---- */

static cf_status write_error(const cf_writer *w, cf_error *err) {
    return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "cannot write %s: %s", w->path,
                   cf_errno_text());
}

static cf_status no_memory(const char *path, cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write %s", path);
}

static cf_status flush(cf_writer *w, cf_error *err) {
    if (w->text.failed) return no_memory(w->path, err);
    size_t done = 0;
    while (done < w->text.size) {
        const ssize_t wrote = write(w->fd, w->text.data + done, w->text.size - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return write_error(w, err);
        done += (size_t)wrote;
    }
    w->bytes += (int64_t)done;
    w->text.size = 0;
    return CF_OK;
}

static bool is_device(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static cf_status open_file(cf_writer *w, cf_error *err) {
    if (is_device(w->path)) {
        w->fd = open(w->path, O_WRONLY | O_CLOEXEC);
        return w->fd < 0 ? write_error(w, err) : CF_OK;
    }
    const size_t size = strlen(w->path) + 48;
    w->temporary = malloc(size);
    if (w->temporary == NULL) return no_memory(w->path, err);
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(w->temporary, size, "%s.%ld-%u.part", w->path, (long)getpid(), i);
        w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (w->fd >= 0 || errno != EEXIST) break;
    }
    if (w->fd >= 0) return CF_OK;
    free(w->temporary); /* it is not ours to remove */
    w->temporary = NULL;
    return write_error(w, err);
}

/* ---- opening ---- */

static cf_status choose_target(const char *path, const char *format, target *to,
                               cf_error *err) {
    const char *slash = strrchr(path, '/');
    const char *suffix = strrchr(slash == NULL ? path : slash, '.');
    for (size_t i = 0; i < CF_COUNT(targets); i++) {
        const bool fits = format != NULL
                              ? strcmp(format, targets[i].name) == 0
                              : suffix != NULL && strcmp(suffix, targets[i].suffix) == 0;
        if (!fits) continue;
        *to = targets[i].to;
        return CF_OK;
    }
    const bool root = strcmp(format != NULL   ? format
                             : suffix == NULL ? ""
                                              : suffix + 1,
                             "root") == 0;
    const cf_status status =
        root ? cf_fail(err, CF_E_NOT_YET, CF_NOWHERE, "ROOT files cannot be written yet: %s",
                       path)
             : cf_fail(err, CF_E_WRITE, CF_NOWHERE, "no format to write %s in%s%s", path,
                       format == NULL ? "" : ": ", format == NULL ? "" : format);
    cf_error_hint(err, "it can be .parquet, .csv, .tsv, .json or .jsonl");
    return status;
}

static char separator_of(target to) {
    return to == TEXT_TSV ? '\t' : ',';
}

static cf_status open_target(cf_writer *w, const cf_type *schema, cf_error *err) {
    if (w->to == PARQUET)
        return cf_parquet_writer_open(w->path, schema, NULL, &w->parquet, err);
    CF_TRY(open_file(w, err));
    if (w->to == TEXT_CSV || w->to == TEXT_TSV)
        cf_csv_add_header(&w->text, schema, separator_of(w->to));
    if (w->to == TEXT_JSON) cf_text_addc(&w->text, '[');
    return CF_OK;
}

static void writer_free(cf_writer *w) {
    free(w->path);
    free(w->temporary);
    cf_text_clear(&w->text);
    free(w);
}

cf_status cf_writer_open(const char *path, const char *format, const cf_type *schema,
                         cf_writer **writer, cf_error *err) {
    target to = TEXT_CSV;
    *writer = NULL;
    CF_TRY(choose_target(path, format, &to, err));
    cf_writer *w = calloc(1, sizeof *w);
    if (w != NULL) w->path = strdup(path);
    if (w == NULL || w->path == NULL) {
        free(w);
        return no_memory(path, err);
    }
    w->to = to;
    w->fd = -1;
    const cf_status status = open_target(w, schema, err);
    if (status == CF_OK)
        *writer = w;
    else
        writer_free(w);
    return status;
}

/* ---- rows ---- */

static void add_row(cf_writer *w, const cf_table *rows, int64_t row) {
    if (w->to == TEXT_CSV || w->to == TEXT_TSV) {
        cf_csv_add_row(&w->text, rows, row, separator_of(w->to));
        return;
    }
    if (w->to == TEXT_JSON) cf_text_adds(&w->text, w->rows == 0 ? "\n" : ",\n");
    cf_json_add_row(&w->text, rows, row);
    if (w->to == TEXT_JSONLINES) cf_text_addc(&w->text, '\n');
}

cf_status cf_writer_add(cf_writer *w, const cf_table *rows, cf_error *err) {
    if (w->parquet != NULL) return cf_parquet_writer_add(w->parquet, rows, err);
    for (int64_t row = 0; row < rows->length; row++) {
        add_row(w, rows, row);
        w->rows++;
        if (w->text.size >= FLUSH_BYTES || w->text.failed) CF_TRY(flush(w, err));
    }
    return CF_OK;
}

/* ---- the end ---- */

static cf_status finish_file(cf_writer *w, cf_error *err) {
    if (w->to == TEXT_JSON) cf_text_adds(&w->text, w->rows == 0 ? "]\n" : "\n]\n");
    CF_TRY(flush(w, err));
    const int fd = w->fd;
    w->fd = -1;
    if (close(fd) != 0) return write_error(w, err);
    if (w->temporary != NULL && rename(w->temporary, w->path) != 0) return write_error(w, err);
    free(w->temporary);
    w->temporary = NULL;
    return CF_OK;
}

cf_status cf_writer_finish(cf_writer *w, int64_t *bytes, cf_error *err) {
    if (w->parquet != NULL) {
        const cf_status status = cf_parquet_writer_finish(w->parquet, bytes, err);
        writer_free(w);
        return status;
    }
    const cf_status status = finish_file(w, err);
    if (bytes != NULL) *bytes = w->bytes;
    if (status == CF_OK)
        writer_free(w);
    else
        cf_writer_abandon(w);
    return status;
}

void cf_writer_abandon(cf_writer *w) {
    if (w == NULL) return;
    if (w->parquet != NULL) cf_parquet_writer_abandon(w->parquet);
    if (w->fd >= 0) (void)close(w->fd);
    if (w->temporary != NULL) (void)unlink(w->temporary);
    writer_free(w);
}
