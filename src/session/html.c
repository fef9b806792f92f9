#include "session/rich.h"

/* Tables as HTML, for notebooks and pages.
 *
 * The style is scoped by a class and takes its colours from JupyterLab's variables where they
 * exist, else from half-transparent grey, which is right on white and on black.  Without the
 * style (some readers strip it) a plain table remains.  Lists of rows become tables to unfold,
 * as long as the whole stays small; after that they are told in a line.  The text is XML too,
 * so that any parser can check it. */

#include "session/render.h"

#include <string.h>

#define ROWS_MAX          1000
#define COLUMNS_MAX       40
#define INNER_ROWS_MAX    20
#define INNER_COLUMNS_MAX 12
#define CELL_MAX          200 /* characters */
#define TITLE_MAX         1000
#define INLINE_MAX        60       /* characters of a nested value that need no unfolding */
#define SUMMARY_MAX       44       /* characters of a folded tuple */
#define TYPE_MAX          32       /* characters */
#define DEPTH_MAX         4        /* tables in tables */
#define BYTES_UNFOLDED    (300000) /* after so many, nested values are lines */
#define BYTES_MAX         (400000) /* after so many, no further row */

static const char style[] =
    "<style>"
    ".cutflow{overflow-x:auto;margin:.3em 0;color:var(--jp-content-font-color1,inherit);"
    "font-family:var(--jp-content-font-family,system-ui,sans-serif);"
    "font-size:var(--jp-content-font-size1,14px);line-height:1.4}"
    ".cutflow table.cutflow-t{border-collapse:collapse;border:none;margin:0;table-layout:auto;"
    "font-size:.93em;font-variant-numeric:tabular-nums}"
    ".cutflow .cutflow-t th,.cutflow .cutflow-t td{padding:3px 12px 3px 7px;border:none;"
    "text-align:left;vertical-align:top;white-space:pre;max-width:none}"
    ".cutflow .cutflow-t .n{text-align:right;padding:3px 7px 3px 12px}"
    ".cutflow .cutflow-t td.w{white-space:pre-wrap;min-width:20em;max-width:36em;"
    "overflow-wrap:anywhere}"
    ".cutflow .cutflow-t thead{border-bottom:1px solid "
    "var(--jp-border-color1,rgba(128,128,128,.6));vertical-align:bottom}"
    ".cutflow .cutflow-t thead th{font-weight:600;padding-bottom:0;background:none}"
    ".cutflow .cutflow-t thead .y th{font-weight:400;font-size:.85em;padding-top:0;"
    "padding-bottom:.3em;color:var(--jp-content-font-color2,#808080)}"
    ".cutflow table.cutflow-t tbody tr{background:none}"
    ".cutflow table.cutflow-t>tbody>tr:nth-child(even){background:rgba(128,128,128,.08)}"
    ".cutflow table.cutflow-t>tbody>tr:hover{background:rgba(64,140,220,.13)}"
    ".cutflow .u{opacity:.5;font-style:italic}"
    ".cutflow details{margin:0}"
    ".cutflow summary{cursor:pointer;color:var(--jp-content-link-color,#3a86c8);"
    "display:list-item;padding:0}"
    ".cutflow details>table.cutflow-t{margin:.2em 0 .4em .6em;"
    "border-left:2px solid rgba(128,128,128,.3)}"
    ".cutflow p{margin:.4em .5em;font-size:.88em;color:var(--jp-content-font-color2,#808080)}"
    "</style>";

typedef struct {
    cf_text *out;
    size_t begin;
    cf_text cell; /* scratch */
} page;

static size_t used(const page *p) {
    return p->out->size - p->begin;
}

/* ---- texts ---- */

static void add_title(page *p, const char *data, size_t size) {
    cf_text_adds(p->out, " title=\"");
    (void)cf_rich_add_escaped(p->out, data, size, TITLE_MAX);
    cf_text_adds(p->out, "\"");
}

static bool is_longer(const char *data, size_t size, size_t most) {
    return size > most && cf_utf8_count(data, size) > most;
}

/* ---- cells ---- */

static void make_text(page *p, const cf_column *c, int64_t row, size_t budget) {
    const cf_style s = {.budget = budget, .rounded = true, .unicode = true, .one_line = true};
    p->cell.size = 0;
    cf_text_add(&p->cell, "", 0);
    cf_put_value(&p->cell, c, row, &s);
    p->out->failed |= p->cell.failed;
}

static bool is_nested(const cf_column *c) {
    return c->type->kind == CF_LIST || c->type->kind == CF_TUPLE;
}

static bool is_number(const cf_column *c) {
    return cf_kind_is_number(c->type->kind) || c->type->kind == CF_INDEX;
}

static bool is_rows(const cf_column *c) {
    return c->type->kind == CF_LIST && c->children[0]->type->kind == CF_TUPLE;
}

/* Characters after the point of the number in `cell`, the point counted; -1: no such number. */
static int fraction(const page *p) {
    return p->cell.data == NULL ? -1 : cf_put_fraction_width(p->cell.data);
}

static int widest_fraction(page *p, const cf_column *c, int64_t begin, int64_t end) {
    int widest = 0;
    if (!cf_kind_is_float(c->type->kind) && c->type->kind != CF_DECIMAL) return 0;
    for (int64_t row = begin; row < end; row++) {
        make_text(p, c, row, CELL_MAX);
        const int width = fraction(p);
        if (width > widest) widest = width;
    }
    return widest;
}

/* Blanks as wide as a point and as digits, so that the points are below each other. */
static void add_fraction_blanks(page *p, int widest) {
    const int own = fraction(p);
    if (own < 0) return;
    if (own == 0 && widest > 0) cf_text_adds(p->out, "\xE2\x80\x88");
    for (int i = own == 0 ? 1 : own; i < widest; i++)
        cf_text_adds(p->out, "\xE2\x80\x87");
}

static void add_table(page *p, const cf_column *tuple, int64_t begin, int64_t end,
                      uint32_t columns, int depth);

static void add_counted(page *p, int64_t count, const char *one, const char *many) {
    cf_put_count(p->out, count);
    cf_text_addf(p->out, " %s", count == 1 ? one : many);
}

static void add_inner_table(page *p, const cf_column *tuple, int64_t begin, int64_t end,
                            int depth) {
    const int64_t shown = end - begin > INNER_ROWS_MAX ? INNER_ROWS_MAX : end - begin;
    const uint32_t columns =
        tuple->child_count > INNER_COLUMNS_MAX ? INNER_COLUMNS_MAX : tuple->child_count;
    add_table(p, tuple, begin, begin + shown, columns, depth + 1);
    if (shown == end - begin && columns == tuple->child_count) return;
    cf_text_adds(p->out, "<p>");
    cf_put_count(p->out, shown);
    cf_text_adds(p->out, " of ");
    add_counted(p, end - begin, "row", "rows");
    if (columns < tuple->child_count)
        cf_text_addf(p->out, ", and %u more columns", tuple->child_count - columns);
    cf_text_adds(p->out, "</p>");
}

static void add_unfolding(page *p, const cf_column *c, int64_t row, int depth) {
    cf_text_adds(p->out, "<details><summary>");
    if (c->type->kind == CF_TUPLE) {
        (void)cf_rich_add_escaped(p->out, p->cell.data, p->cell.size, SUMMARY_MAX);
        cf_text_adds(p->out, "</summary>");
        add_inner_table(p, c, row, row + 1, depth);
    } else {
        const int64_t begin = c->offsets[row], end = c->offsets[row + 1];
        cf_text_addc(p->out, '[');
        add_counted(p, end - begin, is_rows(c) ? "row" : "value",
                    is_rows(c) ? "rows" : "values");
        cf_text_adds(p->out, "]</summary>");
        if (is_rows(c))
            add_inner_table(p, c->children[0], begin, end, depth);
        else {
            make_text(p, c, row, TITLE_MAX);
            (void)cf_rich_add_escaped(p->out, p->cell.data, p->cell.size, TITLE_MAX);
        }
    }
    cf_text_adds(p->out, "</details>");
}

static bool is_unfolded(page *p, const cf_column *c, int64_t row, int depth) {
    if (!is_nested(c) || depth >= DEPTH_MAX || used(p) > BYTES_UNFOLDED) return false;
    if (is_rows(c)) return c->offsets[row + 1] > c->offsets[row];
    return is_longer(p->cell.data, p->cell.size, INLINE_MAX);
}

static void add_cell(page *p, const cf_column *c, int64_t row, int widest, int depth) {
    if (c->type->kind == CF_NULL || cf_column_is_null(c, row)) {
        cf_text_addf(p->out, "<td class=\"u%s\">null</td>", is_number(c) ? " n" : "");
        return;
    }
    make_text(p, c, row, CELL_MAX);
    if (p->cell.data == NULL) return;
    if (is_unfolded(p, c, row, depth)) {
        cf_text_adds(p->out,
                     is_rows(c) || c->type->kind == CF_TUPLE ? "<td>" : "<td class=\"w\">");
        add_unfolding(p, c, row, depth);
        cf_text_adds(p->out, "</td>");
        return;
    }
    cf_text_adds(p->out, "<td");
    if (is_number(c))
        cf_text_adds(p->out, " class=\"n\"");
    else if (is_longer(p->cell.data, p->cell.size, 2 * INLINE_MAX / 3))
        cf_text_adds(p->out, " class=\"w\"");
    if (is_longer(p->cell.data, p->cell.size, CELL_MAX))
        add_title(p, p->cell.data, p->cell.size);
    cf_text_addc(p->out, '>');
    (void)cf_rich_add_escaped(p->out, p->cell.data, p->cell.size, CELL_MAX);
    if (widest > 0) add_fraction_blanks(p, widest);
    cf_text_adds(p->out, "</td>");
}

/* ---- tables ---- */

static void add_type(page *p, const cf_field *field, const cf_column *c) {
    cf_text type = {0};
    cf_type_print(&type, c->type, false);
    if (field->unit != NULL) cf_text_addf(&type, " in %s", field->unit);
    cf_text_addf(p->out, "<th%s", is_number(c) ? " class=\"n\"" : "");
    if (type.data != NULL && is_longer(type.data, type.size, TYPE_MAX))
        add_title(p, type.data, type.size);
    cf_text_addc(p->out, '>');
    if (type.data != NULL) (void)cf_rich_add_escaped(p->out, type.data, type.size, TYPE_MAX);
    cf_text_adds(p->out, "</th>");
    p->out->failed |= type.failed;
    cf_text_clear(&type);
}

static void add_head(page *p, const cf_column *tuple, uint32_t columns) {
    cf_text_adds(p->out, "<thead><tr>");
    for (uint32_t i = 0; i < columns; i++) {
        const char *name = tuple->type->fields[i].name;
        const size_t size = strlen(name);
        cf_text_addf(p->out, "<th%s", is_number(tuple->children[i]) ? " class=\"n\"" : "");
        if (is_longer(name, size, CELL_MAX)) add_title(p, name, size);
        cf_text_addc(p->out, '>');
        (void)cf_rich_add_escaped(p->out, name, size, CELL_MAX);
        cf_text_adds(p->out, "</th>");
    }
    cf_text_adds(p->out, "</tr><tr class=\"y\">");
    for (uint32_t i = 0; i < columns; i++)
        add_type(p, &tuple->type->fields[i], tuple->children[i]);
    cf_text_adds(p->out, "</tr></thead>\n");
}

/* Rows until the page is full: how many. */
static int64_t add_rows(page *p, const cf_column *tuple, int64_t begin, int64_t end,
                        uint32_t columns, int depth) {
    int widest[COLUMNS_MAX];
    CF_ASSERT(columns <= COLUMNS_MAX);
    for (uint32_t i = 0; i < columns; i++)
        widest[i] = widest_fraction(p, tuple->children[i], begin, end);
    int64_t row = begin;
    for (; row < end && (row == begin || used(p) < BYTES_MAX); row++) {
        cf_text_adds(p->out, "<tr>");
        for (uint32_t i = 0; i < columns; i++)
            add_cell(p, tuple->children[i], row, widest[i], depth);
        cf_text_adds(p->out, "</tr>\n");
    }
    return row - begin;
}

static int64_t add_whole_table(page *p, const cf_column *tuple, int64_t begin, int64_t end,
                               uint32_t columns, int depth) {
    cf_text_adds(p->out, "<table class=\"cutflow-t\">");
    add_head(p, tuple, columns);
    cf_text_adds(p->out, "<tbody>\n");
    const int64_t shown = add_rows(p, tuple, begin, end, columns, depth);
    cf_text_adds(p->out, "</tbody></table>");
    return shown;
}

static void add_table(page *p, const cf_column *tuple, int64_t begin, int64_t end,
                      uint32_t columns, int depth) {
    (void)add_whole_table(p, tuple, begin, end, columns, depth);
}

/* ---- the note below ---- */

static void add_hidden_columns(page *p, const cf_column *tuple, uint32_t shown) {
    const uint32_t hidden = tuple->child_count - shown;
    if (hidden == 0) return;
    cf_text_adds(p->out, ", and ");
    add_counted(p, hidden, "more column: ", "more columns: ");
    for (uint32_t i = 0; i < hidden && i < 20; i++) {
        const char *name = tuple->type->fields[shown + i].name;
        if (i > 0) cf_text_adds(p->out, ", ");
        (void)cf_rich_add_escaped(p->out, name, strlen(name), 40);
    }
    if (hidden > 20) cf_text_adds(p->out, ", …");
}

static void add_note(page *p, const cf_column *tuple, int64_t shown, int64_t rows,
                     int64_t total, uint32_t columns, const char *caption) {
    cf_text_adds(p->out, "<p>");
    const int64_t all = total > rows ? total : rows;
    if (shown < all) {
        cf_put_count(p->out, shown);
        cf_text_adds(p->out, total < 0 ? " of at least " : " of ");
    }
    add_counted(p, all, "row", "rows");
    if (shown == all && total < 0) cf_text_adds(p->out, " shown");
    add_hidden_columns(p, tuple, columns);
    if (caption != NULL) {
        cf_text_adds(p->out, "; ");
        (void)cf_rich_add_escaped(p->out, caption, strlen(caption), TITLE_MAX);
    }
    cf_text_adds(p->out, "</p>");
}

static void add_relation(page *p, const cf_column *tuple, int64_t begin, int64_t end,
                         int64_t total, const char *caption) {
    const uint32_t columns =
        tuple->child_count > COLUMNS_MAX ? COLUMNS_MAX : tuple->child_count;
    const int64_t last = end - begin > ROWS_MAX ? begin + ROWS_MAX : end;
    cf_text_adds(p->out, "<div class=\"cutflow\">");
    cf_text_adds(p->out, style);
    const int64_t shown = add_whole_table(p, tuple, begin, last, columns, 0);
    add_note(p, tuple, shown, end - begin, total, columns, caption);
    cf_text_adds(p->out, "</div>\n");
}

/* ---- results ---- */

static bool holds_rows(const cf_column *c) {
    if (is_rows(c)) return true;
    for (uint32_t i = 0; c->type->kind == CF_TUPLE && i < c->child_count; i++)
        if (is_rows(c->children[i])) return true;
    return false;
}

/* Only values with rows in them gain from being a table. */
static bool add_value(page *p, const cf_column *value) {
    if (value->length < 1 || !holds_rows(value) || cf_column_is_null(value, 0)) return false;
    if (value->type->kind == CF_TUPLE) {
        add_relation(p, value, 0, 1, 1, NULL);
        return true;
    }
    const int64_t begin = value->offsets[0], end = value->offsets[1];
    add_relation(p, value->children[0], begin, end, end - begin, NULL);
    return true;
}

bool cf_rich_html(cf_text *out, const cf_result *r) {
    page p = {.out = out, .begin = out->size};
    bool good = true;
    if (r->kind == CF_RESULT_VALUE)
        good = r->rows->child_count > 0 && add_value(&p, r->rows->children[0]);
    else
        add_relation(&p, r->rows, 0, r->rows->length, r->total, r->caption);
    cf_text_clear(&p.cell);
    return good;
}
