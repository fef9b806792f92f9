/* The percent format.  Between cells stands one empty line that belongs to neither; a line of a
 * source that looks like a marker gets one `# ` more. */

#include "notebook/script.h"

#include "notebook/yaml.h"

#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

/* `# %%` with any number of `# ` before it; *extra: how many. */
static bool looks_like_marker(cf_nb_str line, size_t *extra) {
    *extra = 0;
    while (cf_nb_str_starts(line, "# # ")) {
        line = (cf_nb_str){line.data + 2, line.size - 2};
        ++*extra;
    }
    return cf_nb_str_starts(line, "# %%");
}

static bool is_marker(cf_nb_str line) {
    size_t extra;
    if (!looks_like_marker(line, &extra) || extra > 0) return false;
    return line.size == 4 || line.data[4] == ' ' || line.data[4] == '\t' ||
           line.data[4] == '\r';
}

/* Lines of a source: "a\n" has two, the second one empty. */
static bool next_line(cf_nb_str *rest, bool *more, cf_nb_str *line) {
    if (!*more) return false;
    const char *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
    *more = end != NULL;
    const size_t size = end != NULL ? (size_t)(end - rest->data) : rest->size;
    *line = (cf_nb_str){rest->data, size};
    *rest = (cf_nb_str){rest->data + size + *more, rest->size - size - *more};
    return true;
}

/* ---- writing ---- */

static void write_member(cf_nb_text *out, cf_nb_str key, const cf_nb_json *value) {
    cf_nb_text_addc(out, ' ');
    cf_nb_text_addt(out, key);
    cf_nb_text_addc(out, '=');
    cf_nb_json_write(out, value, false);
}

static bool key_is_plain(cf_nb_str key) {
    for (size_t i = 0; i < key.size; i++)
        if (strchr(" \t\n\r=\"[]{}", key.data[i]) != NULL) return false;
    return key.size > 0;
}

static void write_marker(cf_nb_text *out, const cf_nb_json *cell, bool ids) {
    static const char *const words[] = {[CF_NB_CODE] = "# %%",
                                        [CF_NB_MARKDOWN] = "# %% [markdown]",
                                        [CF_NB_RAW] = "# %% [raw]",
                                        [CF_NB_OTHER] = "# %% [raw]"};
    cf_nb_text_adds(out, words[cf_nb_cell_kind_of(cell)]);
    const cf_nb_json *metadata = cf_nb_get(cell, "metadata"), *id = cf_nb_get(cell, "id");
    if (ids && id != NULL) write_member(out, cf_nb_str_of("id"), id);
    size_t count = 0, *places = cf_nb_sorted_keys(metadata, &count);
    for (size_t i = 0; i < count; i++) {
        const cf_nb_str key = metadata->keys[places[i]];
        if (!key_is_plain(key) || cf_nb_str_is(key, "id")) continue;
        write_member(out, key, metadata->items[places[i]]);
    }
    free(places);
    cf_nb_text_addc(out, '\n');
}

static void write_source(cf_nb_text *out, const cf_nb_json *cell) {
    const bool comment = cf_nb_cell_kind_of(cell) != CF_NB_CODE;
    cf_nb_str rest = cf_nb_cell_source(cell), line;
    size_t extra;
    for (bool more = rest.size > 0; next_line(&rest, &more, &line);) {
        cf_nb_text text = {0};
        if (comment) cf_nb_text_adds(&text, line.size > 0 ? "# " : "#");
        cf_nb_text_addt(&text, line);
        if (looks_like_marker(cf_nb_text_view(&text), &extra)) cf_nb_text_adds(out, "# ");
        cf_nb_text_addt(out, cf_nb_text_view(&text));
        cf_nb_text_addc(out, '\n');
        cf_nb_text_clear(&text);
    }
}

static void write_header(cf_nb_text *out, const cf_nb_book *book) {
    const cf_nb_json *spec = cf_nb_get(cf_nb_get(book->root, "metadata"), "kernelspec");
    if (!cf_nb_is(spec, CF_NB_OBJECT)) return;
    cf_nb_text_adds(out, "# ---\n# jupyter:\n#   kernelspec:\n");
    size_t count = 0, *places = cf_nb_sorted_keys(spec, &count);
    for (size_t i = 0; i < count; i++) {
        const cf_nb_json *value = spec->items[places[i]];
        if (value->kind != CF_NB_STRING || !key_is_plain(spec->keys[places[i]])) continue;
        cf_nb_text_addf(out, "#     %.*s: ", CF_NB_STR_ARGS(spec->keys[places[i]]));
        cf_nb_json_write(out, value, false);
        cf_nb_text_addc(out, '\n');
    }
    free(places);
    cf_nb_text_adds(out, "# ---\n\n");
}

cf_nb_str cf_nb_script_write(const cf_nb_book *book, cf_nb_pool *pool, bool ids) {
    cf_nb_text out = {0};
    write_header(&out, book);
    for (size_t i = 0; i < book->cells->count; i++) {
        if (i > 0) cf_nb_text_addc(&out, '\n');
        write_marker(&out, book->cells->items[i], ids);
        write_source(&out, book->cells->items[i]);
    }
    return cf_nb_text_keep(&out, pool);
}

/* ---- reading ---- */

/* The size of the JSON text at the start: up to a blank outside of quotes and brackets. */
static size_t value_size(cf_nb_str s) {
    bool quoted = false;
    size_t depth = 0, i = 0;
    for (; i < s.size; i++) {
        const char c = s.data[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{'))
            depth++;
        else if (!quoted && (c == ']' || c == '}') && depth > 0)
            depth--;
        else if (!quoted && depth == 0 && c == ' ')
            break;
    }
    return i < s.size ? i : s.size;
}

/* `key=JSON` pairs after a marker; what comes before the first is the title. */
static void read_members(cf_nb_pool *pool, cf_nb_str rest, cf_nb_json *cell) {
    cf_nb_json *metadata = cf_nb_get(cell, "metadata");
    while (rest.size > 0) {
        size_t name = 0;
        while (name < rest.size && rest.data[name] != ' ' && rest.data[name] != '=')
            name++;
        if (name == 0 || name >= rest.size || rest.data[name] != '=') {
            const size_t skip = name < rest.size ? name + 1 : name; /* a word of the title */
            rest = (cf_nb_str){rest.data + skip, rest.size - skip};
            continue;
        }
        const char *key = cf_nb_dup(pool, (cf_nb_str){rest.data, name}).data;
        rest = (cf_nb_str){rest.data + name + 1, rest.size - name - 1};
        const size_t end = value_size(rest);
        cf_nb_json *value = NULL;
        if (cf_nb_json_read(pool, (cf_nb_str){rest.data, end}, &value, NULL) != CF_OK) return;
        if (strcmp(key, "id") == 0)
            cf_nb_set(pool, cell, "id", value);
        else
            cf_nb_set(pool, metadata, key, value);
        rest = cf_nb_str_trim((cf_nb_str){rest.data + end, rest.size - end});
    }
}

static cf_nb_json *cell_of_marker(cf_nb_pool *pool, cf_nb_str marker) {
    cf_nb_str rest = cf_nb_str_trim((cf_nb_str){marker.data + 4, marker.size - 4});
    static const struct {
        const char *word;
        cf_nb_cell_kind kind;
    } words[] = {
        {"[markdown]", CF_NB_MARKDOWN}, {"[md]", CF_NB_MARKDOWN}, {"[raw]", CF_NB_RAW}};
    cf_nb_cell_kind kind = CF_NB_CODE;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (cf_nb_str_starts(rest, words[i].word)) {
            const size_t n = strlen(words[i].word);
            kind = words[i].kind;
            rest = cf_nb_str_trim((cf_nb_str){rest.data + n, rest.size - n});
        }
    cf_nb_json *cell = cf_nb_cell_make(pool, kind, (cf_nb_str){"", 0}, (cf_nb_str){"", 0});
    read_members(pool, rest, cell);
    return cell;
}

static cf_nb_str cut(cf_nb_str s, size_t n) {
    return (cf_nb_str){s.data + n, s.size - n};
}

static cf_nb_str uncommented(cf_nb_str line, cf_nb_cell_kind kind) {
    size_t extra = 0;
    if (looks_like_marker(line, &extra) && extra > 0) line = cut(line, 2);
    if (kind == CF_NB_CODE) return line;
    return cut(line, cf_nb_str_starts(line, "# ") ? 2 : cf_nb_str_starts(line, "#") ? 1 : 0);
}

/* The lines of a body, of which the last one is the gap to the next cell, if it is empty. */
static void set_source(cf_nb_pool *pool, cf_nb_json *cell, cf_nb_str body, bool last,
                       uint32_t line_number) {
    const cf_nb_cell_kind kind = cf_nb_cell_kind_of(cell);
    if (!last && body.size > 0 && body.data[body.size - 1] == '\n' &&
        (body.size == 1 || body.data[body.size - 2] == '\n'))
        body.size--;
    cf_nb_text text = {0};
    cf_nb_str line;
    for (bool first = true; cf_nb_str_line(&body, &line); first = false) {
        if (!first) cf_nb_text_addc(&text, '\n');
        cf_nb_text_addt(&text, uncommented(line, kind));
    }
    cf_nb_json *source = cf_nb_json_string(pool, cf_nb_text_view(&text));
    source->line = line_number;
    cf_nb_set(pool, cell, "source", source);
    cf_nb_text_clear(&text);
}

/* The comment between two lines `# ---` at the top: kernelspec.  Returns its size. */
static size_t read_header(cf_nb_pool *pool, cf_nb_str text, cf_nb_book *book, uint32_t *lines) {
    cf_nb_str rest = text, line;
    cf_nb_text yaml = {0};
    *lines = 1;
    if (!cf_nb_str_line(&rest, &line) || !cf_nb_str_is(line, "# ---")) return 0;
    bool closed = false;
    while (!closed && cf_nb_str_line(&rest, &line) && cf_nb_str_starts(line, "#")) {
        ++*lines;
        closed = cf_nb_str_is(line, "# ---");
        cf_nb_text_addt(&yaml, uncommented(line, CF_NB_RAW));
        cf_nb_text_addc(&yaml, '\n');
    }
    cf_nb_json *header = NULL;
    if (closed) {
        if (cf_nb_yaml_read(pool, cf_nb_text_view(&yaml), &header, NULL) != CF_OK)
            header = NULL;
        cf_nb_json *spec = cf_nb_get(cf_nb_get(header, "jupyter"), "kernelspec");
        if (spec != NULL)
            cf_nb_set(pool, cf_nb_get(book->root, "metadata"), "kernelspec", spec);
        if (cf_nb_str_starts(rest, "\n")) {
            rest = (cf_nb_str){rest.data + 1, rest.size - 1};
            ++*lines;
        }
    }
    cf_nb_text_clear(&yaml);
    if (closed) return (size_t)(rest.data - text.data);
    *lines = 0;
    return 0;
}

void cf_nb_script_read(cf_nb_pool *pool, const char *path, cf_nb_str text, cf_nb_book *out) {
    *out = cf_nb_book_new(pool, path);
    out->is_script = true;
    uint32_t number = 0;
    const size_t header = read_header(pool, text, out, &number);
    if (header == 0) number = 0;
    cf_nb_str rest = {text.data + header, text.size - header}, line;
    cf_nb_json *cell = NULL; /* NULL: before the first marker */
    const char *body = rest.data;
    uint32_t first_line = number + 1;
    for (;;) {
        const char *before = rest.data;
        const bool more = cf_nb_str_line(&rest, &line), marker = more && is_marker(line);
        number += more;
        if (more && !marker) continue;
        const cf_nb_str all = {body, (size_t)(before - body)};
        if (cell == NULL && cf_nb_str_trim(all).size > 0)
            cell = cf_nb_cell_make(pool, CF_NB_CODE, (cf_nb_str){"", 0}, (cf_nb_str){"", 0});
        if (cell != NULL) {
            set_source(pool, cell, all, !more, first_line);
            cf_nb_append(pool, out->cells, cell);
        }
        if (!more) break;
        cell = cell_of_marker(pool, line);
        body = rest.data;
        first_line = number + 1;
    }
    cf_nb_book_upgrade(out);
}
