#include "session/render.h"

/* cf_result_render: the machine formats, and the way to the others. */

#include "io/csv.h"
#include "io/scalar_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- machine formats ---- */

static void render_separated(cf_text *out, const cf_table *rows, char separator) {
    cf_csv_add_header(out, rows->type, separator);
    for (int64_t row = 0; row < rows->length; row++)
        cf_csv_add_row(out, rows, row, separator);
}

static void render_json(cf_text *out, const cf_table *rows) {
    cf_text_addc(out, '[');
    for (int64_t row = 0; row < rows->length; row++) {
        if (row > 0) cf_text_adds(out, ", ");
        cf_value_add_json(out, rows, row);
    }
    cf_text_adds(out, "]\n");
}

static void render_jsonlines(cf_text *out, const cf_table *rows) {
    for (int64_t row = 0; row < rows->length; row++) {
        cf_value_add_json(out, rows, row);
        cf_text_addc(out, '\n');
    }
}

static bool is_json(cf_format format) {
    return format == CF_FORMAT_JSON || format == CF_FORMAT_JSONLINES;
}

/* ---- kinds of results ---- */

static bool wants_drawing(const cf_result *r, const cf_render_options *o) {
    return o->drawing && r->draw != CF_DRAW_NONE &&
           (o->format == CF_FORMAT_BOX || o->format == CF_FORMAT_PLAIN);
}

static void render_relation(cf_text *out, const cf_result *r, const cf_render_options *o) {
    if (wants_drawing(r, o)) {
        cf_render_drawing(out, r, o);
        return;
    }
    switch (o->format) {
    case CF_FORMAT_CSV: render_separated(out, r->rows, ','); return;
    case CF_FORMAT_TSV: render_separated(out, r->rows, '\t'); return;
    case CF_FORMAT_JSON: render_json(out, r->rows); return;
    case CF_FORMAT_JSONLINES: render_jsonlines(out, r->rows); return;
    case CF_FORMAT_VERTICAL: cf_render_vertical(out, r, o); return;
    default: cf_render_table(out, r, o); return;
    }
}

static void render_value(cf_text *out, const cf_result *r, const cf_render_options *o) {
    const cf_column *value = r->rows->children[0];
    const cf_style style = {.budget = o->width == 0 ? 0 : 8 * (size_t)o->width,
                            .unicode = o->unicode};
    const bool separated = o->format == CF_FORMAT_CSV || o->format == CF_FORMAT_TSV;
    const bool nested = value->type->kind == CF_LIST || value->type->kind == CF_TUPLE;
    if (is_json(o->format) || (separated && nested))
        cf_value_add_json(out, value, 0);
    else if (separated && value->type->kind == CF_TEXT && !cf_column_is_null(value, 0)) {
        const cf_view text = cf_column_text(value, 0); /* a text alone, without quotes */
        cf_text_add(out, text.data, text.size);
    } else if (separated)
        cf_value_add_csv(out, value, 0, o->format == CF_FORMAT_CSV ? ',' : '\t');
    else
        cf_put_value(out, value, 0, &style);
    cf_text_addc(out, '\n');
}

/* A text or a note: lines as they are; to a reader of JSON a text. */
static void render_text(cf_text *out, const char *text, const cf_render_options *o) {
    const size_t size = strlen(text);
    if (is_json(o->format))
        cf_text_add_json(out, text, size);
    else
        cf_text_add(out, text, size);
    if (out->size > 0 && out->data[out->size - 1] != '\n') cf_text_addc(out, '\n');
}

static void render(cf_text *out, const cf_result *r, const cf_render_options *o) {
    if (o->format == CF_FORMAT_NONE) return;
    if (r->note != NULL)
        render_text(out, r->note, o);
    else if (r->kind == CF_RESULT_TEXT)
        render_text(out, r->text == NULL ? "" : r->text, o);
    else if (r->rows == NULL)
        return;
    else if (r->kind == CF_RESULT_VALUE)
        render_value(out, r, o);
    else
        render_relation(out, r, o);
}

char *cf_result_render(const cf_result *r, const cf_render_options *options, size_t *size) {
    cf_text out = {0};
    cf_text_add(&out, "", 0);
    render(&out, r, options);
    if (size != NULL) *size = out.size;
    if (!out.failed) return out.data;
    cf_text_clear(&out);
    return NULL;
}

/* ---- what is missing ---- */

void cf_render_footer(cf_text *out, const cf_result *r, uint32_t columns_shown, bool always,
                      const cf_render_options *o) {
    const int64_t rows = r->rows->length, total = r->total;
    const uint32_t columns = r->rows->child_count;
    const bool cut = total > rows, hidden = columns_shown < columns;
    if (!always && !cut && !hidden) return;
    cf_put_ink(out, CF_INK_DIM, o->color);
    cf_put_count(out, cut ? total : rows);
    cf_text_adds(out, (cut ? total : rows) == 1 ? " row" : " rows");
    if (cut) {
        cf_text_adds(out, ", showing ");
        cf_put_count(out, rows);
    } else if (total < 0 && always) {
        cf_text_adds(out, " shown");
    }
    if (hidden) {
        cf_text_adds(out, "; ");
        cf_put_count(out, columns);
        cf_text_adds(out, " columns, showing ");
        cf_put_count(out, columns_shown);
    }
    cf_put_ink(out, CF_INK_NONE, o->color);
    cf_text_addc(out, '\n');
}
