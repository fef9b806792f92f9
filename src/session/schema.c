#include "session/describe.h"

/* `cutflow schema FILE`: names and types as the language sees them, and where they come from.
 */

#include "session/render.h"

#include "cutflow/session.h"

#include <string.h>

typedef struct {
    cf_text out;
    unsigned tables;
} schema_text;

typedef struct {
    int name, type, file; /* widths of the columns */
} widths;

/* What the second column says: nested fields have lines of their own. */
static void add_type(cf_text *out, const cf_type *type) {
    if (type->kind == CF_LIST) {
        cf_text_addc(out, '[');
        add_type(out, type->fields[0].type);
        cf_text_addc(out, ']');
        if (type->fixed_length > 0) cf_text_addf(out, " of %u", type->fixed_length);
    } else if (type->kind == CF_TUPLE) {
        cf_text_adds(out, "{..}");
    } else {
        cf_type_print(out, type, true);
    }
}

/* The tuple whose fields are listed below a field, through any lists; NULL: none. */
static const cf_type *tuple_below(const cf_type *type) {
    while (type->kind == CF_LIST)
        type = type->fields[0].type;
    return type->kind == CF_TUPLE ? type : NULL;
}

/* The file's name for a field, if it is another one. */
static const char *file_name(const cf_field *f) {
    for (const cf_field *at = f;; at = &at->type->fields[0]) {
        if (at->file_name != NULL)
            return strcmp(at->file_name, f->name) == 0 ? "" : at->file_name;
        if (at->type->kind != CF_LIST) return "";
    }
}

static int type_width(const cf_type *type) {
    cf_text text = {0};
    add_type(&text, type);
    const int width = (int)text.size;
    cf_text_clear(&text);
    return width;
}

static int text_width(const char *text) {
    return cf_utf8_width(text, strlen(text));
}

static void measure(const cf_type *tuple, int depth, widths *w) {
    if (depth > 32) return;
    for (uint32_t i = 0; i < tuple->field_count; i++) {
        const cf_field *f = &tuple->fields[i];
        const int name = 2 * depth + text_width(f->name), type = type_width(f->type);
        const int file = text_width(file_name(f));
        if (name > w->name) w->name = name;
        if (type > w->type) w->type = type;
        if (file > w->file) w->file = file;
        const cf_type *below = tuple_below(f->type);
        if (below != NULL) measure(below, depth + 1, w);
    }
}

static void add_field(cf_text *out, const cf_field *f, int depth, const widths *w) {
    const size_t begin = out->size;
    const char *file = file_name(f);
    cf_put_spaces(out, 2 + 2 * depth);
    cf_text_adds(out, f->name);
    cf_put_spaces(out, w->name - 2 * depth - text_width(f->name) + 2);
    add_type(out, f->type);
    cf_put_spaces(out, w->type - type_width(f->type) + 2);
    cf_text_adds(out, file);
    if (w->file > 0) cf_put_spaces(out, w->file - text_width(file) + 2);
    if (f->unit != NULL) cf_text_addf(out, "[%s] ", f->unit);
    if (f->doc != NULL && strcmp(f->doc, f->name) != 0 && strcmp(f->doc, file) != 0)
        cf_put_cut(out, f->doc, strlen(f->doc), 60, true);
    if (f->unreadable != NULL) cf_text_addf(out, " not readable: %s", f->unreadable);
    while (out->size > begin && out->data[out->size - 1] == ' ')
        out->size--;
    cf_text_addc(out, '\n');
}

static void add_fields(cf_text *out, const cf_type *tuple, int depth, const widths *w) {
    if (depth > 32) return;
    for (uint32_t i = 0; i < tuple->field_count; i++) {
        const cf_field *f = &tuple->fields[i];
        add_field(out, f, depth, w);
        const cf_type *below = f->unreadable != NULL ? NULL : tuple_below(f->type);
        if (below != NULL) add_fields(out, below, depth + 1, w);
    }
}

static cf_status schema_of_table(void *user, const char *name, cf_source *source,
                                 cf_error *err) {
    schema_text *s = user;
    (void)err;
    widths w = {0};
    if (s->tables++ > 0) cf_text_addc(&s->out, '\n');
    cf_text_addf(&s->out, "%s: ", name);
    cf_put_count(&s->out, source->rows);
    cf_text_addf(&s->out, " row%s in %u part%s, %s file %s\n", source->rows == 1 ? "" : "s",
                 source->partition_count, source->partition_count == 1 ? "" : "s",
                 source->format, source->where);
    measure(source->schema, 0, &w);
    add_fields(&s->out, source->schema, 0, &w);
    return CF_OK;
}

static void table_failed(void *user, const char *name, const cf_error *why) {
    schema_text *s = user;
    cf_text_addf(&s->out, "%s%s: not readable: %s\n", s->tables++ > 0 ? "\n" : "", name,
                 why->message);
}

char *cf_schema_file(const char *path, cf_error *err) {
    schema_text s = {0};
    cf_status status = cf_tables_of(path, schema_of_table, table_failed, &s, err);
    if (status == CF_OK && s.out.failed)
        status = cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the schema of %s",
                         path);
    if (status != CF_OK) cf_text_clear(&s.out);
    return status == CF_OK ? s.out.data : NULL;
}
