#include "session/rich.h"

/* A picture as SVG: plain elements without scripts, styles or ids, so that many may stand in
 * one page; the same bytes for the same marks. */

#include "session/picture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Hundredths are enough. */
static void add_number(cf_text *out, double x) {
    char text[352]; /* of any double */
    int used = snprintf(text, sizeof text, "%.2f", x);
    while (used > 0 && text[used - 1] == '0')
        used--;
    if (used > 0 && text[used - 1] == '.') used--;
    if (used == 2 && memcmp(text, "-0", 2) == 0)
        cf_text_addc(out, '0');
    else
        cf_text_add(out, text, (size_t)used);
}

static void add_attribute(cf_text *out, const char *name, double x) {
    cf_text_addf(out, " %s=\"", name);
    add_number(out, x);
    cf_text_addc(out, '"');
}

static void add_pair(cf_text *out, char command, double x, double y) {
    cf_text_addc(out, command);
    add_number(out, x);
    cf_text_addc(out, ' ');
    add_number(out, y);
}

/* ---- paths ---- */

static void add_rect(cf_text *out, const double *r) {
    add_pair(out, 'M', r[0], r[1]);
    cf_text_addc(out, 'h');
    add_number(out, r[2]);
    cf_text_addc(out, 'v');
    add_number(out, r[3]);
    cf_text_addc(out, 'h');
    add_number(out, -r[2]);
    cf_text_addc(out, 'z');
}

static void add_line(cf_text *out, const cf_mark *m) {
    bool before = false;
    for (size_t i = 0; i < m->count; i++) {
        const double *at = m->at + 2 * i;
        const bool here = isfinite(at[0]) && isfinite(at[1]);
        if (here) add_pair(out, before ? 'L' : 'M', at[0], at[1]);
        before = here;
    }
    if (m->kind == CF_MARK_AREA) cf_text_addc(out, 'z');
}

static void add_items(cf_text *out, const cf_mark *m) {
    if (m->kind == CF_MARK_LINE || m->kind == CF_MARK_AREA) {
        add_line(out, m);
        return;
    }
    for (size_t i = 0; i < m->count; i++) {
        const double *at = m->at + i * cf_mark_stride(m->kind);
        if (m->kind == CF_MARK_RECTS) {
            add_rect(out, at);
            continue;
        }
        add_pair(out, 'M', at[0], at[1]);
        if (m->kind == CF_MARK_SEGMENTS)
            add_pair(out, 'L', at[2], at[3]);
        else
            cf_text_adds(out, "h0"); /* a line of no length with round ends is a dot */
    }
}

static void add_path(cf_text *out, const cf_mark *m) {
    const bool filled = m->kind == CF_MARK_RECTS || m->kind == CF_MARK_AREA;
    cf_text_adds(out, "<path d=\"");
    add_items(out, m);
    cf_text_adds(out, "\"");
    if (filled) {
        cf_text_addf(out, " fill=\"#%06x\"", m->pen.color);
        if (m->kind == CF_MARK_RECTS) cf_text_adds(out, " shape-rendering=\"crispEdges\"");
    } else {
        cf_text_addf(out, " fill=\"none\" stroke=\"#%06x\"", m->pen.color);
        add_attribute(out, "stroke-width", m->pen.size);
        if (m->kind == CF_MARK_DOTS) cf_text_adds(out, " stroke-linecap=\"round\"");
        if (m->kind == CF_MARK_LINE) cf_text_adds(out, " stroke-linejoin=\"round\"");
    }
    if (m->pen.opacity < 1) add_attribute(out, "opacity", m->pen.opacity);
    cf_text_adds(out, "/>\n");
}

static void add_letters(cf_text *out, const cf_mark *m) {
    static const char *const anchors[] = {"start", "middle", "end"};
    cf_text_adds(out, "<text");
    if (m->pen.turned) {
        cf_text_adds(out, " transform=\"translate(");
        add_pair(out, ' ', m->at[0], m->at[1]);
        cf_text_adds(out, ") rotate(-90)\"");
    } else {
        add_attribute(out, "x", m->at[0]);
        add_attribute(out, "y", m->at[1]);
    }
    add_attribute(out, "font-size", m->pen.size);
    if (m->pen.anchor != CF_ANCHOR_START)
        cf_text_addf(out, " text-anchor=\"%s\"", anchors[m->pen.anchor]);
    if (m->pen.bold) cf_text_adds(out, " font-weight=\"bold\"");
    cf_text_addf(out, " fill=\"#%06x\">", m->pen.color);
    (void)cf_rich_add_escaped(out, m->text, strlen(m->text), SIZE_MAX);
    cf_text_adds(out, "</text>\n");
}

static void add_picture(cf_text *out, const cf_picture *p) {
    cf_text_adds(out, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    add_attribute(out, "width", p->width);
    add_attribute(out, "height", p->height);
    cf_text_adds(out, " viewBox=\"0 0 ");
    add_number(out, p->width);
    cf_text_addc(out, ' ');
    add_number(out, p->height);
    cf_text_adds(out, "\" font-family=\"Helvetica, Arial, sans-serif\">\n");
    for (size_t i = 0; i < p->count; i++)
        if (p->marks[i].kind == CF_MARK_TEXT)
            add_letters(out, &p->marks[i]);
        else
            add_path(out, &p->marks[i]);
    cf_text_adds(out, "</svg>\n");
}

bool cf_rich_svg(cf_text *out, const cf_result *r) {
    cf_arena *arena = cf_arena_new(1 << 16);
    if (arena == NULL) return false;
    cf_picture p = {.arena = arena};
    const bool good = cf_chart_draw(&p, r);
    if (good) add_picture(out, &p);
    cf_arena_free(arena);
    return good;
}
