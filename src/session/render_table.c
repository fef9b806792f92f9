#include "session/render.h"

/* box, plain and markdown: one layout, three kinds of lines.
 *
 * Every cell is made twice, once to measure and once to print, so that a long relation is not
 * held as text in pieces.  A box that is wider than the terminal first narrows columns of texts
 * and nested values, then leaves out columns in the middle; the footer says so. */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NARROW 12 /* columns that can be cut become no narrower than this */

typedef struct {
    const cf_column *column;
    const char *name;
    char *type; /* malloc'd */
    bool right; /* a number */
    int name_width, type_width;
    int before, after; /* of numbers: before the point, from the point on */
    int width;
} column_layout;

typedef struct {
    const cf_result *r;
    const cf_render_options *o;
    cf_style style;
    column_layout *columns;
    uint32_t count;
    uint32_t front, back; /* columns shown at both sides; front + back == count: all */
    cf_text cell;         /* scratch */
    bool box, markdown;
} layout;

/* ---- cells ---- */

static void make_cell(layout *l, const column_layout *c, int64_t row) {
    l->cell.size = 0;
    cf_text_add(&l->cell, "", 0);
    cf_put_value(&l->cell, c->column, row, &l->style);
}

static int cell_width(const layout *l) {
    return cf_utf8_width(l->cell.data == NULL ? "" : l->cell.data, l->cell.size);
}

/* Blanks behind a number so that the points are below each other: the column has `after` places
 * from the point on.  Cells of other letters (nan, null, 1e-7) end where the column ends. */
static int fraction_width(const layout *l) {
    return l->cell.data == NULL ? -1 : cf_put_fraction_width(l->cell.data);
}

static bool has_point(const cf_column *c) {
    return cf_kind_is_float(c->type->kind) || c->type->kind == CF_DECIMAL;
}

/* ---- measuring ---- */

static void measure_cell(layout *l, column_layout *c, int64_t row) {
    make_cell(l, c, row);
    const int width = cell_width(l);
    const int after = has_point(c->column) ? fraction_width(l) : -1;
    if (after < 0 && width > c->width) c->width = width;
    if (after >= 0 && width - after > c->before) c->before = width - after;
    if (after > c->after) c->after = after;
}

static void measure_column(layout *l, column_layout *c) {
    cf_text type = {0};
    const cf_kind kind = c->column->type->kind;
    cf_type_print(&type, c->column->type, false);
    c->type = type.data;
    c->right = cf_kind_is_number(kind) || kind == CF_INDEX;
    c->name_width = cf_utf8_width(c->name, strlen(c->name));
    c->type_width = c->type == NULL ? 0 : cf_utf8_width(c->type, type.size);
    for (int64_t row = 0; row < l->r->rows->length; row++)
        measure_cell(l, c, row);
    if (c->before + c->after > c->width) c->width = c->before + c->after;
    if (c->name_width > c->width) c->width = c->name_width;
    const bool nested = kind == CF_LIST || kind == CF_TUPLE;
    const int type_room = nested && c->type_width > 24 ? 24 : c->type_width;
    if (l->box && type_room > c->width) c->width = type_room;
    if (c->width == 0) c->width = 1;
}

/* ---- fitting ---- */

static bool is_shown(const layout *l, uint32_t i) {
    return i < l->front || i >= l->count - l->back;
}

/* Lines and blanks round a cell. */
static int frame(const layout *l) {
    return l->box ? 3 : 2;
}

/* Numbers are never cut: a wrong digit is worse than a missing column. */
static int narrowed(const column_layout *c, int level) {
    return c->right || c->width < level ? c->width : level;
}

static int total_width(const layout *l, int level) {
    const bool all = l->front + l->back >= l->count;
    int total = (l->box ? 1 : 0) + (all ? 0 : frame(l) + 1);
    for (uint32_t i = 0; i < l->count && total < INT_MAX / 2; i++)
        if (is_shown(l, i)) total += narrowed(&l->columns[i], level) + frame(l);
    return total;
}

/* As many columns as fit when narrow, from both ends. */
static void choose_columns(layout *l, int width) {
    l->front = 1;
    l->back = 0;
    while (l->front + l->back < l->count) {
        const bool to_front = l->front <= 2 * l->back + 1;
        l->front += to_front;
        l->back += !to_front;
        if (total_width(l, NARROW) <= width) continue;
        l->front -= to_front;
        l->back -= !to_front;
        return;
    }
}

static void fit(layout *l) {
    const int width = l->o->width > INT_MAX / 4 ? INT_MAX / 4 : (int)l->o->width;
    l->front = l->count;
    if (width == 0 || l->markdown || total_width(l, INT_MAX) <= width) return;
    if (total_width(l, NARROW) > width) choose_columns(l, width);
    int level = NARROW;
    while (level < width && total_width(l, level + 1) <= width)
        level++;
    for (uint32_t i = 0; i < l->count; i++) {
        column_layout *c = &l->columns[i];
        c->width = narrowed(c, level);
        if (l->count == 1 && c->width > width - frame(l) - 1 && width > 16)
            c->width = width - frame(l) - 1;
    }
}

/* ---- lines ---- */

static const char *const unicode_lines[] = {"┌", "─", "┬", "┐", "├", "┼",
                                            "┤", "└", "┴", "┘", "│"};
static const char *const ascii_lines[] = {"+", "-", "+", "+", "+", "+",
                                          "+", "+", "+", "+", "|"};
enum { TOP = 0, MIDDLE = 4, BOTTOM = 7, BAR = 10 };

static const char *line_part(const layout *l, int part) {
    return (l->o->unicode ? unicode_lines : ascii_lines)[part];
}

static int gap_width(const layout *l) {
    (void)l;
    return 1;
}

/* ┌──┬──┐ */
static void add_rule(cf_text *out, const layout *l, int kind) {
    const char *left = line_part(l, kind);
    const char *cross = line_part(l, kind == TOP ? 2 : kind == MIDDLE ? 5 : 8);
    const char *right = line_part(l, kind == TOP ? 3 : kind == MIDDLE ? 6 : 9);
    cf_put_ink(out, CF_INK_DIM, l->o->color);
    cf_text_adds(out, left);
    bool first = true, gap = false;
    for (uint32_t i = 0; i < l->count; i++) {
        if (!is_shown(l, i) && gap) continue;
        const int width = is_shown(l, i) ? l->columns[i].width : gap_width(l);
        gap |= !is_shown(l, i);
        if (!first) cf_text_adds(out, cross);
        first = false;
        for (int k = 0; k < width + 2; k++)
            cf_text_adds(out, line_part(l, 1));
    }
    cf_text_adds(out, right);
    cf_put_ink(out, CF_INK_NONE, l->o->color);
    cf_text_addc(out, '\n');
}

static void add_bar(cf_text *out, const layout *l) {
    if (l->markdown) {
        cf_text_addc(out, '|');
        return;
    }
    cf_put_ink(out, CF_INK_DIM, l->o->color);
    cf_text_adds(out, line_part(l, BAR));
    cf_put_ink(out, CF_INK_NONE, l->o->color);
}

static void begin_cell(cf_text *out, const layout *l, uint32_t i) {
    if (l->box || l->markdown) {
        add_bar(out, l);
        cf_text_addc(out, ' ');
    } else if (i > 0) {
        cf_text_adds(out, "  ");
    }
}

static void end_line(cf_text *out, const layout *l, size_t begin) {
    if (l->box || l->markdown)
        add_bar(out, l);
    else
        while (out->size > begin && out->data[out->size - 1] == ' ')
            out->size--;
    cf_text_addc(out, '\n');
}

/* A text in its column; `pad`: blanks that a number has behind it to align the points. */
static void add_cell(cf_text *out, const layout *l, const column_layout *c, const char *data,
                     size_t size, int pad, cf_ink ink) {
    int width = cf_utf8_width(data, size);
    const int blanks = c->width > width + pad ? c->width - width - pad : 0;
    if (c->right) cf_put_spaces(out, blanks);
    if (ink != CF_INK_NONE) cf_put_ink(out, ink, l->o->color);
    if (l->markdown || (!l->box && l->o->width == 0))
        cf_text_add(out, data, size);
    else
        cf_put_cut(out, data, size, c->width, l->o->unicode);
    if (ink != CF_INK_NONE) cf_put_ink(out, CF_INK_NONE, l->o->color);
    if (c->right)
        cf_put_spaces(out, width + pad <= c->width ? pad : 0);
    else
        cf_put_spaces(out, blanks);
    if (l->box || l->markdown) cf_text_addc(out, ' ');
}

static void add_gap(cf_text *out, const layout *l, uint32_t i) {
    begin_cell(out, l, i);
    cf_text_adds(out, l->o->unicode ? "…" : ".");
    if (l->box) cf_text_addc(out, ' ');
}

/* Names or types. */
static void add_head(cf_text *out, const layout *l, bool types) {
    const size_t begin = out->size;
    bool gap = false;
    for (uint32_t i = 0; i < l->count; i++) {
        const column_layout *c = &l->columns[i];
        if (!is_shown(l, i)) {
            if (!gap) add_gap(out, l, i);
            gap = true;
            continue;
        }
        const char *text = types ? c->type : c->name;
        begin_cell(out, l, i);
        add_cell(out, l, c, text == NULL ? "" : text, text == NULL ? 0 : strlen(text), 0,
                 types ? CF_INK_DIM : CF_INK_HEAD);
    }
    end_line(out, l, begin);
}

static void escape_bars(cf_text *cell) {
    cf_text out = {0};
    if (cell->data == NULL || memchr(cell->data, '|', cell->size) == NULL) return;
    for (size_t i = 0; i < cell->size; i++) {
        if (cell->data[i] == '|') cf_text_addc(&out, '\\');
        cf_text_addc(&out, cell->data[i]);
    }
    cf_text_clear(cell);
    *cell = out;
}

static void add_row(cf_text *out, layout *l, int64_t row) {
    const size_t begin = out->size;
    bool gap = false;
    for (uint32_t i = 0; i < l->count; i++) {
        const column_layout *c = &l->columns[i];
        if (!is_shown(l, i)) {
            if (!gap) add_gap(out, l, i);
            gap = true;
            continue;
        }
        make_cell(l, c, row);
        const int fraction = has_point(c->column) ? fraction_width(l) : -1;
        if (l->markdown) escape_bars(&l->cell);
        begin_cell(out, l, i);
        const bool null = cf_column_is_null(c->column, row);
        add_cell(out, l, c, l->cell.data, l->cell.size, fraction < 0 ? 0 : c->after - fraction,
                 null ? CF_INK_DIM : CF_INK_NONE);
    }
    end_line(out, l, begin);
}

static void add_markdown_rule(cf_text *out, const layout *l) {
    for (uint32_t i = 0; i < l->count; i++) {
        const column_layout *c = &l->columns[i];
        cf_text_addc(out, '|');
        for (int k = 0; k < c->width + 1; k++)
            cf_text_addc(out, '-');
        cf_text_addc(out, c->right ? ':' : '-');
    }
    cf_text_adds(out, "|\n");
}

/* ---- the whole ---- */

static bool layout_init(layout *l, const cf_result *r, const cf_render_options *o) {
    *l = (layout){.r = r, .o = o, .count = r->rows->child_count};
    l->markdown = o->format == CF_FORMAT_MARKDOWN;
    l->box = o->format == CF_FORMAT_BOX;
    l->style = (cf_style){.budget = o->width == 0 ? 0 : (size_t)o->width,
                          .one_line = true,
                          .rounded = l->box || o->width > 0,
                          .unicode = o->unicode};
    if (l->markdown) l->style.budget = 0;
    l->columns = calloc((size_t)l->count + 1, sizeof *l->columns);
    if (l->columns == NULL) return false;
    for (uint32_t i = 0; i < l->count; i++) {
        l->columns[i].column = r->rows->children[i];
        l->columns[i].name = r->rows->type->fields[i].name;
        measure_column(l, &l->columns[i]);
    }
    fit(l);
    return true;
}

static void layout_clear(layout *l) {
    for (uint32_t i = 0; i < l->count; i++)
        free(l->columns[i].type);
    free(l->columns);
    cf_text_clear(&l->cell);
}

void cf_render_table(cf_text *out, const cf_result *r, const cf_render_options *o) {
    layout l;
    if (!layout_init(&l, r, o)) {
        out->failed = true;
        return;
    }
    if (l.count > 0) {
        if (l.box) add_rule(out, &l, TOP);
        add_head(out, &l, false);
        if (l.box) add_head(out, &l, true);
        if (l.box) add_rule(out, &l, MIDDLE);
        if (l.markdown) add_markdown_rule(out, &l);
        for (int64_t row = 0; row < r->rows->length; row++)
            add_row(out, &l, row);
        if (l.box) add_rule(out, &l, BOTTOM);
    }
    const uint32_t shown = l.front + l.back < l.count ? l.front + l.back : l.count;
    if (l.markdown) cf_text_adds(out, r->total > r->rows->length ? "\n" : "");
    cf_render_footer(out, r, shown, l.box, o);
    if (r->caption != NULL && l.box) cf_text_addf(out, "%s\n", r->caption);
    out->failed |= l.cell.failed;
    layout_clear(&l);
}

/* ---- a block a row ---- */

static void add_field(cf_text *out, const cf_result *r, uint32_t i, int64_t row, int name_width,
                      const cf_style *style, const cf_render_options *o) {
    const char *name = r->rows->type->fields[i].name;
    cf_text value = {0};
    cf_text_add(&value, "", 0);
    cf_put_value(&value, r->rows->children[i], row, style);
    cf_put_ink(out, CF_INK_HEAD, o->color);
    cf_text_addf(out, "  %s", name);
    cf_put_ink(out, CF_INK_NONE, o->color);
    cf_put_spaces(out, name_width - cf_utf8_width(name, strlen(name)));
    cf_text_adds(out, " = ");
    const int room = (int)o->width - name_width - 5;
    if (o->width == 0)
        cf_text_add(out, value.data, value.size);
    else
        cf_put_cut(out, value.data, value.size, room > 8 ? room : 8, o->unicode);
    cf_text_addc(out, '\n');
    out->failed |= value.failed;
    cf_text_clear(&value);
}

void cf_render_vertical(cf_text *out, const cf_result *r, const cf_render_options *o) {
    const cf_style style = {.budget = (size_t)o->width,
                            .rounded = o->width > 0,
                            .one_line = true,
                            .unicode = o->unicode};
    const uint32_t count = r->rows->child_count;
    int name_width = 0;
    for (uint32_t i = 0; i < count; i++) {
        const char *name = r->rows->type->fields[i].name;
        const int width = cf_utf8_width(name, strlen(name));
        if (width > name_width) name_width = width;
    }
    for (int64_t row = 0; row < r->rows->length; row++) {
        cf_text_addf(out, "row %lld\n", (long long)row + 1);
        for (uint32_t i = 0; i < count; i++)
            add_field(out, r, i, row, name_width, &style, o);
    }
    cf_render_footer(out, r, count, false, o);
}
