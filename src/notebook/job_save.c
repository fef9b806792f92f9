/* The end of a job: fresh outputs into the tree, the tree into the files that are asked for. */

#include "notebook/html.h"
#include "notebook/job_internal.h"

#include <string.h>
#include <sys/stat.h>

static void set_outputs(cf_nb_job *j, size_t at, cf_nb_json *outputs, int count) {
    cf_nb_json *cell = cf_nb_job_cell(j, at);
    cf_nb_set(j->pool, cell, "outputs", outputs);
    cf_nb_set(j->pool, cell, "execution_count",
              count > 0 ? cf_nb_json_int(j->pool, count) : cf_nb_json_null(j->pool));
}

/* Fresh outputs into the tree.  When differences are accepted, only cells that differ change.
 */
static void apply_outputs(cf_nb_job *j, bool only_updated) {
    for (size_t i = 0; i < j->book.cells->count; i++) {
        const cell_state *c = &j->cells[i];
        if (c->report == NULL) continue;
        if (only_updated) {
            if (c->report->verdict == CF_NB_UPDATED) set_outputs(j, i, c->fresh, c->count);
        } else if (c->fresh != NULL) {
            set_outputs(j, i, c->fresh, c->count);
        } else if (c->report->verdict == CF_NB_NOT_RUN) {
            set_outputs(j, i, cf_nb_json_list(j->pool), 0);
        }
    }
}

static bool is_folder(const char *path) {
    struct stat info;
    const size_t size = strlen(path);
    return path[size - 1] == '/' || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

/* Where a file goes that is named by a pattern; a folder gets STEM and the suffix. */
static cf_status target(cf_nb_job *j, const char *pattern, const char *suffix,
                        const char **path, cf_error *err) {
    if (*pattern != '\0' && is_folder(pattern)) {
        const bool slash = pattern[strlen(pattern) - 1] == '/';
        pattern = cf_nb_printf(j->pool, "%s%s{stem}%s", pattern, slash ? "" : "/", suffix);
    }
    return cf_nb_params_path(&j->options->params, j->pool, pattern, j->suite.path, path, err);
}

static cf_status save_notebook(cf_nb_job *j, cf_error *err) {
    const cf_nb_options *o = j->options;
    const char *path = j->suite.path, *pattern = o->output;
    if (o->update) {
        apply_outputs(j, true);
        return cf_nb_book_save(&j->book, path, err);
    }
    apply_outputs(j, false);
    if (o->inplace) return cf_nb_book_save(&j->book, path, err);
    const bool asked = o->check || o->no_output || o->html != NULL || j->book.is_script;
    if (pattern == NULL && asked) return CF_OK;
    if (pattern == NULL) pattern = "{dir}/{stem}.executed.ipynb";
    CF_TRY(target(j, pattern, ".ipynb", &path, err));
    return cf_nb_book_save(&j->book, path, err);
}

static cf_status save_html(cf_nb_job *j, cf_error *err) {
    if (j->options->html == NULL) return CF_OK;
    const char *path;
    CF_TRY(target(j, j->options->html, ".html", &path, err));
    return cf_nb_file_write(path, cf_nb_html_page(&j->book, j->pool), err);
}

void cf_nb_job_save(cf_nb_job *j) {
    cf_error err = {0};
    if (j->book.root == NULL || j->cells == NULL) return;
    if (save_notebook(j, &err) == CF_OK && save_html(j, &err) == CF_OK) return;
    j->suite.fault = cf_nb_printf(j->pool, "%s", err.message);
    j->suite.code = cf_nb_worse(j->suite.code, CF_NB_EXIT_FAILED);
}
