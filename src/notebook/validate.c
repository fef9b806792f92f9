/* A walk over the tree that knows what must be where. */

#include "notebook/validate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *path;
    cf_nb_text *out;
    cf_nb_text place; /* `cells[2].outputs[0]` */
    size_t faults;
    double minor;
} validator;

CF_PRINTF(3, 4)
static void fault(validator *v, const cf_nb_json *at, const char *format, ...) {
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    v->faults++;
    if (v->faults > 100) return;
    cf_nb_text_addf(v->out, "%s:%u: %s: %s\n", v->path, at != NULL ? at->line : 0,
                    v->place.size > 0 ? v->place.data : "the notebook", what);
}

/* Enters a member or item; leave() with what this returned. */
static size_t enter(validator *v, const char *name) {
    const size_t before = v->place.size;
    if (before > 0) cf_nb_text_addc(&v->place, '.');
    cf_nb_text_adds(&v->place, name);
    return before;
}

static size_t enter_item(validator *v, size_t index) {
    const size_t before = v->place.size;
    cf_nb_text_addf(&v->place, "[%zu]", index);
    return before;
}

static void leave(validator *v, size_t before) {
    v->place.size = before;
    if (v->place.data != NULL) v->place.data[before] = '\0';
}

static const char *kind_name(const cf_nb_json *v) {
    static const char *const names[] = {
        [CF_NB_NULL] = "null",       [CF_NB_FALSE] = "false",   [CF_NB_TRUE] = "true",
        [CF_NB_NUMBER] = "a number", [CF_NB_STRING] = "a text", [CF_NB_LIST] = "a list",
        [CF_NB_OBJECT] = "an object"};
    return names[v->kind];
}

/* The member, if it is there and of its kind. */
static const cf_nb_json *need(validator *v, const cf_nb_json *object, const char *key,
                              cf_nb_kind kind, bool required) {
    const cf_nb_json *member = cf_nb_get(object, key);
    static const char *const wanted[] = {[CF_NB_NUMBER] = "a number",
                                         [CF_NB_STRING] = "a text",
                                         [CF_NB_LIST] = "a list",
                                         [CF_NB_OBJECT] = "an object"};
    if (member == NULL) {
        if (required) fault(v, object, "`%s` is missing", key);
        return NULL;
    }
    if (member->kind == kind) return member;
    const size_t before = enter(v, key);
    fault(v, member, "must be %s, not %s", wanted[kind], kind_name(member));
    leave(v, before);
    return NULL;
}

static void check_keys(validator *v, const cf_nb_json *object, const char *const *known) {
    for (size_t i = 0; i < object->count; i++) {
        bool found = false;
        for (const char *const *k = known; *k != NULL && !found; k++)
            found = cf_nb_str_is(object->keys[i], *k);
        if (!found)
            fault(v, object->items[i], "`%.*s` does not belong here",
                  CF_NB_STR_ARGS(object->keys[i]));
    }
}

/* A text, or a list of texts. */
static void check_lines(validator *v, const cf_nb_json *object, const char *key,
                        bool required) {
    const cf_nb_json *member = cf_nb_get(object, key);
    if (member == NULL) {
        if (required) fault(v, object, "`%s` is missing", key);
        return;
    }
    const size_t before = enter(v, key);
    if (member->kind != CF_NB_STRING && member->kind != CF_NB_LIST)
        fault(v, member, "must be a text or a list of texts, not %s", kind_name(member));
    for (size_t i = 0; member->kind == CF_NB_LIST && i < member->count; i++)
        if (member->items[i]->kind != CF_NB_STRING) {
            fault(v, member->items[i], "item %zu must be a text, not %s", i,
                  kind_name(member->items[i]));
            break;
        }
    leave(v, before);
}

static void check_bundle(validator *v, const cf_nb_json *object, const char *key) {
    const cf_nb_json *bundle = need(v, object, key, CF_NB_OBJECT, true);
    if (bundle == NULL) return;
    const size_t before = enter(v, key);
    for (size_t i = 0; i < bundle->count; i++) {
        cf_nb_pool *pool = cf_nb_pool_new();
        if (!cf_nb_mime_is_json(bundle->keys[i]))
            check_lines(v, bundle, cf_nb_dup(pool, bundle->keys[i]).data, true);
        cf_nb_pool_free(pool);
    }
    leave(v, before);
}

static void check_count(validator *v, const cf_nb_json *object) {
    const cf_nb_json *count = cf_nb_get(object, "execution_count");
    double n = 0;
    if (count == NULL)
        fault(v, object, "`execution_count` is missing");
    else if (count->kind != CF_NB_NULL &&
             (!cf_nb_number(count, &n) || n < 0 || strpbrk(count->text.data, ".eE") != NULL))
        fault(v, count, "`execution_count` must be a whole number from 0 on, or null");
}

/* ---- outputs ---- */

static void check_stream(validator *v, const cf_nb_json *output) {
    check_keys(v, output, (const char *const[]){"output_type", "name", "text", NULL});
    need(v, output, "name", CF_NB_STRING, true);
    check_lines(v, output, "text", true);
}

static void check_display(validator *v, const cf_nb_json *output) {
    check_keys(v, output, (const char *const[]){"output_type", "data", "metadata", NULL});
    check_bundle(v, output, "data");
    need(v, output, "metadata", CF_NB_OBJECT, true);
}

static void check_result(validator *v, const cf_nb_json *output) {
    check_keys(
        v, output,
        (const char *const[]){"output_type", "data", "metadata", "execution_count", NULL});
    check_bundle(v, output, "data");
    need(v, output, "metadata", CF_NB_OBJECT, true);
    check_count(v, output);
}

static void check_error(validator *v, const cf_nb_json *output) {
    check_keys(v, output,
               (const char *const[]){"output_type", "ename", "evalue", "traceback", NULL});
    need(v, output, "ename", CF_NB_STRING, true);
    need(v, output, "evalue", CF_NB_STRING, true);
    const cf_nb_json *lines = need(v, output, "traceback", CF_NB_LIST, true);
    for (size_t i = 0; lines != NULL && i < lines->count; i++)
        if (lines->items[i]->kind != CF_NB_STRING) {
            fault(v, lines->items[i], "traceback: item %zu must be a text", i);
            return;
        }
}

static void check_output(validator *v, const cf_nb_json *output) {
    static const struct {
        const char *type;
        void (*check)(validator *, const cf_nb_json *);
    } types[] = {{"stream", check_stream},
                 {"display_data", check_display},
                 {"execute_result", check_result},
                 {"error", check_error}};
    if (output->kind != CF_NB_OBJECT) {
        fault(v, output, "must be an object, not %s", kind_name(output));
        return;
    }
    const cf_nb_json *type = need(v, output, "output_type", CF_NB_STRING, true);
    if (type == NULL) return;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (cf_nb_is_text(type, types[i].type)) {
            types[i].check(v, output);
            return;
        }
    fault(v, type, "no output_type `%.*s`", CF_NB_STR_ARGS(type->text));
}

/* ---- cells ---- */

static void check_tags(validator *v, const cf_nb_json *metadata) {
    const cf_nb_json *tags = need(v, metadata, "tags", CF_NB_LIST, false);
    for (size_t i = 0; tags != NULL && i < tags->count; i++) {
        const cf_nb_json *tag = tags->items[i];
        if (tag->kind != CF_NB_STRING || tag->text.size == 0 ||
            memchr(tag->text.data, ',', tag->text.size) != NULL) {
            fault(v, tag, "metadata.tags: a tag is a text without commas");
            continue;
        }
        for (size_t k = 0; k < i; k++)
            if (cf_nb_json_equal(tags->items[k], tag)) {
                fault(v, tag, "metadata.tags: `%.*s` stands twice", CF_NB_STR_ARGS(tag->text));
                break;
            }
    }
}

static void check_cell_metadata(validator *v, const cf_nb_json *cell) {
    const cf_nb_json *metadata = need(v, cell, "metadata", CF_NB_OBJECT, true);
    if (metadata == NULL) return;
    check_tags(v, metadata);
    const cf_nb_json *name = cf_nb_get(metadata, "name");
    if (name != NULL && (name->kind != CF_NB_STRING || name->text.size == 0))
        fault(v, name, "metadata.name: must be a text that is not empty");
    need(v, metadata, "jupyter", CF_NB_OBJECT, false);
    if (cf_nb_cell_kind_of(cell) == CF_NB_CODE)
        need(v, metadata, "execution", CF_NB_OBJECT, false);
}

static bool id_is_good(cf_nb_str id) {
    for (size_t i = 0; i < id.size; i++) {
        const char c = id.data[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') return false;
    }
    return id.size >= 1 && id.size <= 64;
}

static void check_id(validator *v, const cf_nb_json *cell) {
    const cf_nb_json *id = cf_nb_get(cell, "id");
    if (v->minor < 5) {
        if (id != NULL) fault(v, id, "`id` does not belong here before version 4.5");
        return;
    }
    id = need(v, cell, "id", CF_NB_STRING, true);
    if (id != NULL && !id_is_good(id->text))
        fault(v, id, "`%.*s` is no id: 1 to 64 letters, digits, - and _",
              CF_NB_STR_ARGS(id->text));
}

static void check_cell(validator *v, const cf_nb_json *cell) {
    static const char *const common[] = {"id",     "cell_type",   "metadata",
                                         "source", "attachments", NULL};
    static const char *const code[] = {"id",      "cell_type",       "metadata", "source",
                                       "outputs", "execution_count", NULL};
    if (cell->kind != CF_NB_OBJECT) {
        fault(v, cell, "must be an object, not %s", kind_name(cell));
        return;
    }
    const cf_nb_json *type = need(v, cell, "cell_type", CF_NB_STRING, true);
    if (type == NULL) return;
    const cf_nb_cell_kind kind = cf_nb_cell_kind_of(cell);
    if (kind == CF_NB_OTHER) {
        fault(v, type, "no cell_type `%.*s`", CF_NB_STR_ARGS(type->text));
        return;
    }
    check_keys(v, cell, kind == CF_NB_CODE ? code : common);
    check_id(v, cell);
    check_cell_metadata(v, cell);
    check_lines(v, cell, "source", true);
    const cf_nb_json *attachments = need(v, cell, "attachments", CF_NB_OBJECT, false);
    if (attachments != NULL && kind != CF_NB_CODE) {
        const size_t before = enter(v, "attachments");
        for (size_t i = 0; i < attachments->count; i++) {
            cf_nb_pool *pool = cf_nb_pool_new();
            check_bundle(v, attachments, cf_nb_dup(pool, attachments->keys[i]).data);
            cf_nb_pool_free(pool);
        }
        leave(v, before);
    }
    if (kind != CF_NB_CODE) return;
    check_count(v, cell);
    const cf_nb_json *outputs = need(v, cell, "outputs", CF_NB_LIST, true);
    const size_t before = enter(v, "outputs");
    for (size_t i = 0; outputs != NULL && i < outputs->count; i++) {
        const size_t item = enter_item(v, i);
        check_output(v, outputs->items[i]);
        leave(v, item);
    }
    leave(v, before);
}

static void check_unique_ids(validator *v, const cf_nb_json *cells) {
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_json *seen = cf_nb_json_object(pool); /* sorted_keys finds equal ones */
    for (size_t i = 0; i < cells->count; i++) {
        const cf_nb_json *id = cf_nb_get(cells->items[i], "id");
        if (!cf_nb_is(id, CF_NB_STRING)) continue;
        cf_nb_append(pool, seen, cf_nb_json_null(pool));
        seen->keys[seen->count - 1] = id->text;
    }
    size_t distinct = 0;
    free(cf_nb_sorted_keys(seen, &distinct));
    for (size_t i = 0; distinct < seen->count && i < cells->count; i++)
        for (size_t k = 0; k < i; k++) {
            const cf_nb_json *id = cf_nb_get(cells->items[i], "id");
            if (!cf_nb_is(id, CF_NB_STRING) ||
                !cf_nb_str_equal(id->text, cf_nb_cell_id(cells->items[k])))
                continue;
            fault(v, id, "cells[%zu] and cells[%zu] have the same id `%.*s`", k, i,
                  CF_NB_STR_ARGS(id->text));
            break;
        }
    cf_nb_pool_free(pool);
}

/* ---- the notebook ---- */

static void check_metadata(validator *v, const cf_nb_json *root) {
    const cf_nb_json *metadata = need(v, root, "metadata", CF_NB_OBJECT, true);
    if (metadata == NULL) return;
    const size_t before = enter(v, "metadata");
    const cf_nb_json *spec = need(v, metadata, "kernelspec", CF_NB_OBJECT, false),
                     *language = need(v, metadata, "language_info", CF_NB_OBJECT, false);
    if (spec != NULL) {
        const size_t inner = enter(v, "kernelspec");
        need(v, spec, "name", CF_NB_STRING, true);
        need(v, spec, "display_name", CF_NB_STRING, true);
        leave(v, inner);
    }
    if (language != NULL) {
        const size_t inner = enter(v, "language_info");
        need(v, language, "name", CF_NB_STRING, true);
        leave(v, inner);
    }
    need(v, metadata, "title", CF_NB_STRING, false);
    need(v, metadata, "authors", CF_NB_LIST, false);
    leave(v, before);
}

static bool check_version(validator *v, const cf_nb_json *root) {
    const cf_nb_json *major = need(v, root, "nbformat", CF_NB_NUMBER, true),
                     *minor = need(v, root, "nbformat_minor", CF_NB_NUMBER, true);
    double n = 0;
    if (major == NULL || minor == NULL) return false;
    cf_nb_number(minor, &v->minor);
    if (cf_nb_number(major, &n) && n == 4 && v->minor >= 0 && v->minor <= 5) return true;
    fault(v, major, "version %.*s.%.*s; 4.0 to 4.5 are known", CF_NB_STR_ARGS(major->text),
          CF_NB_STR_ARGS(minor->text));
    return false;
}

size_t cf_nb_validate(const cf_nb_json *root, const char *path, cf_nb_text *out) {
    validator v = {.path = path, .out = out};
    if (root->kind != CF_NB_OBJECT) {
        fault(&v, root, "must be an object, not %s", kind_name(root));
    } else if (check_version(&v, root)) {
        check_keys(
            &v, root,
            (const char *const[]){"metadata", "nbformat", "nbformat_minor", "cells", NULL});
        check_metadata(&v, root);
        const cf_nb_json *cells = need(&v, root, "cells", CF_NB_LIST, true);
        const size_t before = enter(&v, "cells");
        for (size_t i = 0; cells != NULL && i < cells->count; i++) {
            const size_t item = enter_item(&v, i);
            check_cell(&v, cells->items[i]);
            leave(&v, item);
        }
        leave(&v, before);
        if (cells != NULL) check_unique_ids(&v, cells);
    }
    cf_nb_text_clear(&v.place);
    return v.faults;
}
