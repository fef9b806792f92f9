/* Modules: `import hep` finds hep.cf and defines what it holds as hep.x; `module hep { .. }`
 * does the same in place. */

#include "lang/parse.h"
#include "session/session_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 4096
#define DEPTH_MAX 20

cf_status cf_session_library(cf_session *s, const char *folder, cf_error *err) {
    char *copy = folder == NULL ? NULL : strdup(folder);
    if (folder != NULL && copy == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory");
    free(s->library);
    s->library = copy;
    return CF_OK;
}

/* ---- finding the file ---- */

static bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static bool in_folder(const char *folder, size_t size, const char *file, char *path) {
    const int n =
        snprintf(path, PATH_ROOM, "%.*s%s%s", (int)size, folder, size > 0 ? "/" : "", file);
    return n > 0 && n < PATH_ROOM && is_file(path);
}

/* share/cutflow/lib of the installation that this program belongs to. */
static bool in_share(const char *file, char *path) {
    char own[PATH_ROOM];
    const ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    if (n <= 0) return false;
    own[n] = 0;
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(own, '/');
        if (slash == NULL) return false;
        *slash = 0;
    }
    const int size = snprintf(path, PATH_ROOM, "%s/share/cutflow/lib/%s", own, file);
    return size > 0 && size < PATH_ROOM && is_file(path);
}

static bool find_module(const cf_session *s, const char *file, char *path) {
    const char *library = s->library == NULL ? "" : s->library;
    if (in_folder(library, strlen(library), file, path)) return true;
    for (const char *at = getenv("CUTFLOW_PATH"); at != NULL && *at != 0;) {
        const size_t size = strcspn(at, ":");
        if (size > 0 && in_folder(at, size, file, path)) return true;
        at += size + (at[size] == ':');
    }
    return in_share(file, path);
}

/* ---- defining ---- */

static cf_status import_failed(cf_run *r, const cf_stmt *stmt, cf_error *e) {
    if (e->span.source == 0) e->span = stmt->span;
    cf_run_error(r, e, false);
    return e->status;
}

static cf_status define(cf_run *r, cf_stmt *const *body, size_t count, cf_str prefix,
                        unsigned depth) {
    cf_diags diags = {0};
    cf_status status = CF_OK;
    for (size_t i = 0; i < count && status == CF_OK; i++)
        status = body[i]->kind == CF_STMT_IMPORT
                     ? cf_run_import(r, body[i], depth + 1)
                     : cf_bind_module(r->s->module, prefix, &body[i], 1, &diags);
    cf_run_diagnose(r, &diags);
    return status;
}

cf_status cf_run_module(cf_run *r, const cf_stmt *stmt) {
    cf_text prefix = {0};
    cf_text_addf(&prefix, "%.*s.", CF_STR_ARGS(stmt->name.text));
    const cf_str name = cf_bind_keep_name(r->s->module, (cf_str){prefix.data, prefix.size});
    cf_text_clear(&prefix);
    return define(r, stmt->body, stmt->body_count, name, 0);
}

static cf_status import_text(cf_run *r, const char *text, size_t size, const char *path,
                             cf_str prefix, unsigned depth) {
    cf_diags diags = {0};
    uint32_t source = 0;
    const cf_program *program = cf_run_parse_as(r, text, size, path, &source, &diags);
    cf_run_diagnose(r, &diags);
    if (diags.count > 0) return diags.errors[0].status;
    return define(r, program->stmts, program->count, prefix, depth);
}

cf_status cf_run_import(cf_run *r, const cf_stmt *stmt, unsigned depth) {
    cf_error e = {0};
    cf_text file = {0}, prefix = {0};
    char path[PATH_ROOM];
    size_t size = 0;
    for (size_t i = 0; i < stmt->path_count; i++) {
        cf_text_addf(&file, "%s%.*s", i > 0 ? "/" : "", CF_STR_ARGS(stmt->path[i].text));
        cf_text_addf(&prefix, "%.*s.", CF_STR_ARGS(stmt->path[i].text));
    }
    cf_text_adds(&file, ".cf");
    char *text = NULL;
    cf_status status = CF_OK;
    if (depth > DEPTH_MAX)
        status =
            cf_fail(&e, CF_E_RECURSION, stmt->span, "modules import each other without end");
    else if (!find_module(r->s, file.data, path)) {
        status = cf_fail(&e, CF_E_OPEN, stmt->span, "there is no module file %s", file.data);
        cf_error_hint(&e, "it lies beside the program, or in a folder of $CUTFLOW_PATH");
    } else if ((text = cf_session_text(path, &size, &e)) == NULL)
        status = e.status;
    if (status != CF_OK)
        status = import_failed(r, stmt, &e);
    else
        status = import_text(
            r, text, size, file.data,
            cf_bind_keep_name(r->s->module, (cf_str){prefix.data, prefix.size}), depth);
    free(text);
    cf_text_clear(&file);
    cf_text_clear(&prefix);
    return status;
}
