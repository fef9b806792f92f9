/* The start of a job: the notebook, its parameters, the cells that are to run. */

#include "notebook/job_internal.h"
#include "notebook/script.h"

#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *suffix) {
    const size_t size = strlen(text), n = strlen(suffix);
    return size >= n && strcmp(text + size - n, suffix) == 0;
}

static cf_status load(cf_nb_job *j, cf_error *err) {
    const char *path = j->suite.path;
    if (ends_with(path, ".ipynb")) {
        CF_TRY(cf_nb_book_load(j->pool, path, &j->book, err));
        cf_nb_book_upgrade(&j->book);
        return CF_OK;
    }
    cf_nb_str text;
    CF_TRY(cf_nb_file_read(j->pool, path, &text, err));
    cf_nb_script_read(j->pool, path, text, &j->book);
    return CF_OK;
}

static cf_status check_language(const cf_nb_job *j, cf_error *err) {
    const cf_nb_json *metadata = cf_nb_get(j->book.root, "metadata");
    cf_nb_str name = cf_nb_get_text(cf_nb_get(metadata, "language_info"), "name");
    if (name.size == 0) name = cf_nb_get_text(cf_nb_get(metadata, "kernelspec"), "language");
    if (name.size == 0 || cf_nb_str_is(name, "cutflow")) return CF_OK;
    return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE, "%s is a notebook in %.*s", j->suite.path,
                   CF_NB_STR_ARGS(name));
}

static bool has_tagged(const cf_nb_book *book, const char *tag) {
    for (size_t i = 0; i < book->cells->count; i++)
        if (cf_nb_cell_has_tag(book->cells->items[i], tag)) return true;
    return false;
}

/* An id, or a number from 1. */
static cf_status find_cell(const cf_nb_job *j, const char *what, size_t *at, cf_error *err) {
    char *end;
    if (what == NULL) return CF_OK;
    for (size_t i = 0; i < j->book.cells->count; i++)
        if (cf_nb_str_is(cf_nb_cell_id(cf_nb_job_cell(j, i)), what)) {
            *at = i;
            return CF_OK;
        }
    const unsigned long number = strtoul(what, &end, 10);
    if (*end == '\0' && number >= 1 && number <= j->book.cells->count) {
        *at = number - 1;
        return CF_OK;
    }
    return cf_fail(err, CF_E_PARAMETER, CF_NOWHERE, "%s has no cell `%s`", j->suite.path, what);
}

static void add_case(cf_nb_job *j, size_t at) {
    const cf_nb_json *cell = cf_nb_job_cell(j, at), *outputs = cf_nb_get(cell, "outputs");
    cell_state *state = &j->cells[at];
    if (cf_nb_cell_kind_of(cell) != CF_NB_CODE) return;
    state->saved = cf_nb_json_list(j->pool);
    for (size_t i = 0; outputs != NULL && i < outputs->count; i++)
        cf_nb_append(j->pool, state->saved, outputs->items[i]);
    state->report = &j->suite.cases[j->suite.count++];
    *state->report = (cf_nb_case){.id = cf_nb_cell_id(cell),
                                  .title = cf_nb_cell_title(cell),
                                  .number = j->suite.count,
                                  .message = "",
                                  .line = cf_nb_cell_line(cell, 0)};
}

cf_status cf_nb_job_open(cf_nb_job *j, cf_error *err) {
    CF_TRY(load(j, err));
    CF_TRY(check_language(j, err));
    cf_nb_params_warn_unknown(&j->options->params, &j->book);
    if (!j->book.is_script || has_tagged(&j->book, "parameters"))
        cf_nb_params_inject(&j->options->params, &j->book);
    const size_t count = j->book.cells->count;
    j->last = count > 0 ? count - 1 : 0;
    CF_TRY(find_cell(j, j->options->from, &j->first, err));
    CF_TRY(find_cell(j, j->options->to, &j->last, err));
    j->suite.cases = cf_nb_alloc(j->pool, count + 1, sizeof(*j->suite.cases));
    j->cells = cf_nb_alloc(j->pool, count + 1, sizeof(*j->cells));
    for (size_t i = 0; i < count; i++)
        add_case(j, i);
    j->suite.code_cells = j->suite.count;
    return CF_OK;
}
