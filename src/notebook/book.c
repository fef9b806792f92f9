/* Notebook files: joined lines while they are here, split ones in the file, as nbformat does.
 */

#include "notebook/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
    [CF_NB_CODE] = "code", [CF_NB_MARKDOWN] = "markdown", [CF_NB_RAW] = "raw"};

/* ---- texts and lists of lines ---- */

bool cf_nb_mime_is_json(cf_nb_str mime) {
    if (cf_nb_str_is(mime, "application/json")) return true;
    return cf_nb_str_starts(mime, "application/") && mime.size > 5 &&
           memcmp(mime.data + mime.size - 5, "+json", 5) == 0;
}

static bool all_texts(const cf_nb_json *list) {
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i]->kind != CF_NB_STRING) return false;
    return true;
}

/* A list of lines becomes a text; anything else stays. */
static void join_lines(cf_nb_pool *pool, cf_nb_json *v) {
    if (!cf_nb_is(v, CF_NB_LIST) || !all_texts(v)) return;
    cf_nb_text text = {0};
    for (size_t i = 0; i < v->count; i++)
        cf_nb_text_addt(&text, v->items[i]->text);
    const uint32_t line = v->count > 0 ? v->items[0]->line : v->line;
    *v = (cf_nb_json){.kind = CF_NB_STRING, .line = line};
    v->text = cf_nb_text_keep(&text, pool);
}

static void join_bundle(cf_nb_pool *pool, cf_nb_json *bundle) {
    if (!cf_nb_is(bundle, CF_NB_OBJECT)) return;
    for (size_t i = 0; i < bundle->count; i++)
        if (!cf_nb_mime_is_json(bundle->keys[i])) join_lines(pool, bundle->items[i]);
}

static bool is_bundle_output(const cf_nb_json *output) {
    const cf_nb_str type = cf_nb_get_text(output, "output_type");
    return cf_nb_str_is(type, "display_data") || cf_nb_str_is(type, "execute_result");
}

static void join_cell(cf_nb_pool *pool, cf_nb_json *cell) {
    join_lines(pool, cf_nb_get(cell, "source"));
    const cf_nb_json *attachments = cf_nb_get(cell, "attachments");
    for (size_t i = 0; cf_nb_is(attachments, CF_NB_OBJECT) && i < attachments->count; i++)
        join_bundle(pool, attachments->items[i]);
    const cf_nb_json *outputs = cf_nb_get(cell, "outputs");
    if (cf_nb_cell_kind_of(cell) != CF_NB_CODE || !cf_nb_is(outputs, CF_NB_LIST)) return;
    for (size_t i = 0; i < outputs->count; i++)
        if (is_bundle_output(outputs->items[i]))
            join_bundle(pool, cf_nb_get(outputs->items[i], "data"));
        else
            join_lines(pool, cf_nb_get(outputs->items[i], "text"));
}

/* Bytes of the line end at s[0]; 0: none.  Python knows more of them than most. */
static size_t line_end(const char *s, size_t left) {
    const unsigned char c = (unsigned char)s[0];
    if (c == '\r') return left > 1 && s[1] == '\n' ? 2 : 1;
    if ((c >= '\n' && c <= '\f') || (c >= 0x1C && c <= 0x1E)) return 1;
    if (c == 0xC2 && left > 1 && (unsigned char)s[1] == 0x85) return 2;
    if (c == 0xE2 && left > 2 && (unsigned char)s[1] == 0x80 &&
        ((unsigned char)s[2] == 0xA8 || (unsigned char)s[2] == 0xA9))
        return 3;
    return 0;
}

bool cf_nb_split_line(cf_nb_str *rest, cf_nb_str *line) {
    if (rest->size == 0) return false;
    size_t at = 0, end = 0;
    while (at < rest->size && (end = line_end(rest->data + at, rest->size - at)) == 0)
        at++;
    *line = (cf_nb_str){rest->data, at + end};
    *rest = (cf_nb_str){rest->data + at + end, rest->size - at - end};
    return true;
}

static cf_nb_json *split_lines(cf_nb_pool *pool, cf_nb_json *v) {
    if (!cf_nb_is(v, CF_NB_STRING)) return v;
    cf_nb_json *list = cf_nb_json_list(pool);
    cf_nb_str rest = v->text, line;
    while (cf_nb_split_line(&rest, &line))
        cf_nb_append(pool, list, cf_nb_json_string(pool, line));
    return list;
}

static cf_nb_json *copy_shallow(cf_nb_pool *pool, const cf_nb_json *v) {
    cf_nb_json *copy = cf_nb_json_null(pool);
    *copy = *v;
    copy->items = cf_nb_alloc(pool, v->count + 1, sizeof(*copy->items));
    if (v->count > 0) memcpy(copy->items, v->items, v->count * sizeof(*copy->items));
    copy->capacity = v->count + 1;
    if (v->kind == CF_NB_OBJECT) {
        copy->keys = cf_nb_alloc(pool, v->count + 1, sizeof(*copy->keys));
        if (v->count > 0) memcpy(copy->keys, v->keys, v->count * sizeof(*copy->keys));
    }
    return copy;
}

static bool mime_is_split(cf_nb_str mime) {
    return cf_nb_str_starts(mime, "text/") || cf_nb_str_is(mime, "application/javascript") ||
           cf_nb_str_is(mime, "image/svg+xml");
}

static cf_nb_json *split_bundle(cf_nb_pool *pool, cf_nb_json *bundle) {
    if (!cf_nb_is(bundle, CF_NB_OBJECT)) return bundle;
    cf_nb_json *copy = copy_shallow(pool, bundle);
    for (size_t i = 0; i < copy->count; i++)
        if (mime_is_split(copy->keys[i])) copy->items[i] = split_lines(pool, copy->items[i]);
    return copy;
}

/* Replaces a member of a copy, if it has it. */
static void change(cf_nb_pool *pool, cf_nb_json *object, const char *key,
                   cf_nb_json *(*how)(cf_nb_pool *, cf_nb_json *)) {
    cf_nb_json *v = cf_nb_get(object, key);
    if (v != NULL) cf_nb_set(pool, object, key, how(pool, v));
}

static cf_nb_json *split_attachments(cf_nb_pool *pool, cf_nb_json *attachments) {
    if (!cf_nb_is(attachments, CF_NB_OBJECT)) return attachments;
    cf_nb_json *copy = copy_shallow(pool, attachments);
    for (size_t i = 0; i < copy->count; i++)
        copy->items[i] = split_bundle(pool, copy->items[i]);
    return copy;
}

static cf_nb_json *split_outputs(cf_nb_pool *pool, cf_nb_json *outputs) {
    if (!cf_nb_is(outputs, CF_NB_LIST)) return outputs;
    cf_nb_json *copy = copy_shallow(pool, outputs);
    for (size_t i = 0; i < copy->count; i++) {
        cf_nb_json *output = copy->items[i];
        if (!cf_nb_is(output, CF_NB_OBJECT)) continue;
        copy->items[i] = output = copy_shallow(pool, output);
        if (is_bundle_output(output))
            change(pool, output, "data", split_bundle);
        else if (cf_nb_is_text(cf_nb_get(output, "output_type"), "stream"))
            change(pool, output, "text", split_lines);
    }
    return copy;
}

static cf_nb_json *without(cf_nb_pool *pool, cf_nb_json *object, const char *const *keys) {
    if (!cf_nb_is(object, CF_NB_OBJECT)) return object;
    cf_nb_json *copy = copy_shallow(pool, object);
    for (; *keys != NULL; keys++)
        cf_nb_remove(copy, *keys);
    return copy;
}

/* What nbformat calls transient is never written. */
static cf_nb_json *lasting_cell_metadata(cf_nb_pool *pool, cf_nb_json *metadata) {
    return without(pool, metadata, (const char *const[]){"trusted", NULL});
}

static cf_nb_json *lasting_metadata(cf_nb_pool *pool, cf_nb_json *metadata) {
    return without(
        pool, metadata,
        (const char *const[]){"orig_nbformat", "orig_nbformat_minor", "signature", NULL});
}

static cf_nb_json *split_cells(cf_nb_pool *pool, cf_nb_json *cells) {
    cf_nb_json *copy = copy_shallow(pool, cells);
    for (size_t i = 0; i < copy->count; i++) {
        cf_nb_json *cell = copy->items[i] = copy_shallow(pool, copy->items[i]);
        change(pool, cell, "source", split_lines);
        change(pool, cell, "attachments", split_attachments);
        change(pool, cell, "metadata", lasting_cell_metadata);
        if (cf_nb_cell_kind_of(cell) == CF_NB_CODE)
            change(pool, cell, "outputs", split_outputs);
    }
    return copy;
}

cf_nb_str cf_nb_book_print(const cf_nb_book *book, cf_nb_pool *pool) {
    cf_nb_json *copy = copy_shallow(pool, book->root);
    change(pool, copy, "cells", split_cells);
    change(pool, copy, "metadata", lasting_metadata);
    cf_nb_text text = {0};
    cf_nb_json_write(&text, copy, true);
    cf_nb_text_addc(&text, '\n');
    return cf_nb_text_keep(&text, pool);
}

cf_status cf_nb_book_save(const cf_nb_book *book, const char *path, cf_error *err) {
    cf_nb_pool *pool = cf_nb_pool_new();
    const cf_status status = cf_nb_file_write(path, cf_nb_book_print(book, pool), err);
    cf_nb_pool_free(pool);
    return status;
}

/* ---- reading ---- */

static cf_status check_version(const cf_nb_book *book, cf_error *err) {
    double major = 0, minor = 0;
    if (!cf_nb_number(cf_nb_get(book->root, "nbformat"), &major))
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s is no notebook: it has no `nbformat`",
                       book->path);
    if (major < 4) {
        (void)cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                      "%s has the format of version %g; 4.0 to 4.5 can be read", book->path,
                      major);
        cf_error_hint(err, "`jupyter nbconvert --to notebook --nbformat 4` makes it new");
        return CF_E_UNSUPPORTED;
    }
    cf_nb_number(cf_nb_get(book->root, "nbformat_minor"), &minor);
    if (major == 4 && minor >= 0) return CF_OK; /* newer minors only add */
    return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                   "%s has the format of version %g.%g; 4.0 to 4.5 can be read", book->path,
                   major, minor);
}

static cf_status check_cell(const cf_nb_book *book, const cf_nb_json *cell, size_t number,
                            cf_error *err) {
    const cf_nb_json *source = cf_nb_get(cell, "source"), *outputs = cf_nb_get(cell, "outputs");
    const char *fault = NULL;
    if (cell->kind != CF_NB_OBJECT)
        fault = "is no object";
    else if (!cf_nb_is(cf_nb_get(cell, "cell_type"), CF_NB_STRING))
        fault = "has no `cell_type`";
    else if (!cf_nb_is(source, CF_NB_STRING) && cf_nb_cell_kind_of(cell) != CF_NB_OTHER)
        fault = "has no text as `source`";
    else if (!cf_nb_is(cf_nb_get(cell, "metadata"), CF_NB_OBJECT))
        fault = "has no object as `metadata`";
    else if (outputs != NULL && outputs->kind != CF_NB_LIST)
        fault = "has `outputs` that are no list";
    if (fault == NULL) return CF_OK;
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s, line %u: cell %zu %s", book->path,
                   cell->line, number, fault);
}

static cf_status check_cells(cf_nb_book *book, cf_error *err) {
    if (!cf_nb_is(book->cells, CF_NB_LIST))
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "%s is no notebook: it has no list `cells`", book->path);
    if (!cf_nb_is(cf_nb_get(book->root, "metadata"), CF_NB_OBJECT))
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "%s is no notebook: it has no object `metadata`", book->path);
    for (size_t i = 0; i < book->cells->count; i++) {
        join_cell(book->pool, book->cells->items[i]);
        CF_TRY(check_cell(book, book->cells->items[i], i + 1, err));
    }
    return CF_OK;
}

cf_status cf_nb_book_parse(cf_nb_pool *pool, const char *path, cf_nb_str text, cf_nb_book *out,
                           cf_error *err) {
    cf_error inner = {0};
    *out = (cf_nb_book){.pool = pool, .path = path, .original = text};
    if (cf_nb_json_read(pool, text, &out->root, &inner) != CF_OK)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s, %s", path, inner.message);
    CF_TRY(check_version(out, err));
    out->cells = cf_nb_get(out->root, "cells");
    return check_cells(out, err);
}

cf_status cf_nb_book_load(cf_nb_pool *pool, const char *path, cf_nb_book *out, cf_error *err) {
    cf_nb_str text;
    CF_TRY(cf_nb_file_read(pool, path, &text, err));
    return cf_nb_book_parse(pool, path, text, out, err);
}

/* ---- making ---- */

cf_nb_book cf_nb_book_new(cf_nb_pool *pool, const char *path) {
    static const char *const metadata =
        "{\"kernelspec\": {\"display_name\": \"Cutflow\", \"language\": \"cutflow\", "
        "\"name\": \"cutflow\"}, \"language_info\": {\"file_extension\": \".cf\", "
        "\"name\": \"cutflow\", \"pygments_lexer\": \"prql\"}}";
    cf_nb_book book = {.pool = pool, .path = path};
    cf_nb_json *known = NULL;
    book.root = cf_nb_json_object(pool);
    book.cells = cf_nb_json_list(pool);
    if (cf_nb_json_read(pool, cf_nb_str_of(metadata), &known, NULL) != CF_OK) abort();
    cf_nb_set(pool, book.root, "cells", book.cells);
    cf_nb_set(pool, book.root, "metadata", known);
    cf_nb_set(pool, book.root, "nbformat", cf_nb_json_int(pool, 4));
    cf_nb_set(pool, book.root, "nbformat_minor", cf_nb_json_int(pool, 5));
    return book;
}

cf_nb_json *cf_nb_cell_make(cf_nb_pool *pool, cf_nb_cell_kind kind, cf_nb_str id,
                            cf_nb_str source) {
    cf_nb_json *cell = cf_nb_json_object(pool);
    cf_nb_set(pool, cell, "cell_type", cf_nb_json_text(pool, kinds[kind]));
    if (id.size > 0) cf_nb_set(pool, cell, "id", cf_nb_json_string(pool, id));
    cf_nb_set(pool, cell, "metadata", cf_nb_json_object(pool));
    cf_nb_set(pool, cell, "source", cf_nb_json_string(pool, source));
    if (kind != CF_NB_CODE) return cell;
    cf_nb_set(pool, cell, "execution_count", cf_nb_json_null(pool));
    cf_nb_set(pool, cell, "outputs", cf_nb_json_list(pool));
    return cell;
}

static uint64_t hash_text(cf_nb_str s, uint64_t hash) { /* FNV-1a */
    for (size_t i = 0; i < s.size; i++)
        hash = (hash ^ (unsigned char)s.data[i]) * 0x100000001B3u;
    return hash;
}

static bool id_used(const cf_nb_book *book, cf_nb_str id, size_t before) {
    for (size_t i = 0; i < before; i++)
        if (cf_nb_str_equal(cf_nb_cell_id(book->cells->items[i]), id)) return true;
    return false;
}

static bool id_used_later(const cf_nb_book *book, cf_nb_str id, size_t after) {
    for (size_t i = after; i < book->cells->count; i++)
        if (cf_nb_str_equal(cf_nb_cell_id(book->cells->items[i]), id)) return true;
    return false;
}

static void give_id(cf_nb_book *book, size_t at) {
    cf_nb_json *cell = book->cells->items[at];
    uint64_t hash = hash_text(cf_nb_cell_source(cell), 0xCBF29CE484222325u + at);
    cf_nb_str id;
    do {
        id = cf_nb_str_of(cf_nb_printf(book->pool, "%08x", (unsigned)(hash ^ (hash >> 32))));
        hash = hash_text(id, hash);
    } while (id_used(book, id, at) || id_used_later(book, id, at + 1));
    cf_nb_set(book->pool, cell, "id", cf_nb_json_string(book->pool, id));
}

static bool id_is_good(cf_nb_str id) {
    if (id.size == 0 || id.size > 64) return false;
    for (size_t i = 0; i < id.size; i++) {
        const char c = id.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return true;
}

void cf_nb_book_upgrade(cf_nb_book *book) {
    double minor = 0;
    cf_nb_number(cf_nb_get(book->root, "nbformat_minor"), &minor);
    if (minor < 5)
        cf_nb_set(book->pool, book->root, "nbformat_minor", cf_nb_json_int(book->pool, 5));
    for (size_t i = 0; i < book->cells->count; i++) {
        const cf_nb_str id = cf_nb_cell_id(book->cells->items[i]);
        if (!id_is_good(id) || id_used(book, id, i)) give_id(book, i);
    }
}

/* ---- cells ---- */

cf_nb_cell_kind cf_nb_cell_kind_of(const cf_nb_json *cell) {
    const cf_nb_str type = cf_nb_get_text(cell, "cell_type");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (cf_nb_str_is(type, kinds[i])) return (cf_nb_cell_kind)i;
    return CF_NB_OTHER;
}

cf_nb_str cf_nb_cell_source(const cf_nb_json *cell) {
    return cf_nb_get_text(cell, "source");
}

cf_nb_str cf_nb_cell_id(const cf_nb_json *cell) {
    return cf_nb_get_text(cell, "id");
}

bool cf_nb_cell_has_tag(const cf_nb_json *cell, const char *tag) {
    return cf_nb_holds(cf_nb_get(cf_nb_get(cell, "metadata"), "tags"), tag);
}

cf_nb_json *cf_nb_own_metadata(const cf_nb_json *holder) {
    return cf_nb_get(cf_nb_get(holder, "metadata"), "cutflow");
}

uint32_t cf_nb_cell_line(const cf_nb_json *cell, uint32_t source_line) {
    const cf_nb_json *source = cf_nb_get(cell, "source");
    return source != NULL && source->line > 0 ? source->line + source_line : 0;
}

cf_nb_str cf_nb_cell_title(const cf_nb_json *cell) {
    cf_nb_str rest = cf_nb_cell_source(cell), line;
    while (cf_nb_str_line(&rest, &line)) {
        line = cf_nb_str_trim(line);
        while (line.size > 0 && line.data[0] == '#')
            line = cf_nb_str_trim((cf_nb_str){line.data + 1, line.size - 1});
        if (line.size > 0) return line;
    }
    return (cf_nb_str){"", 0};
}
