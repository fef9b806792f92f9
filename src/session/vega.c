#include "session/rich.h"

/* Drawings as Vega-Lite v5 specifications with their data inside.
 *
 * Only what belongs to the plot is said; colours of text and paper are left to the reader, who
 * may have a dark page.  Numbers are shortest texts that read back equal; what is no number is
 * null. */

#include "session/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA    "https://vega.github.io/schema/vega-lite/v5.json"
#define BAR_COLOR "#338ec1" /* to be seen on white and on dark grey */

typedef struct {
    cf_text *out;
    const cf_result *r;
    cf_arena *arena;
} writer;

/* ---- JSON ---- */

static void add_number(cf_text *out, double x) {
    char text[32];
    if (!isfinite(x))
        cf_text_adds(out, "null");
    else if (x == floor(x) && fabs(x) < 1e15)
        cf_text_add(out, text, cf_format_i64(text, (int64_t)x));
    else
        cf_text_add(out, text, cf_format_f64(text, x));
}

static void add_text(cf_text *out, const char *text) {
    cf_rich_add_json(out, text, strlen(text));
}

/* `"key":1.5` of a datum; the first one opens it.  No blanks: there may be thousands. */
static void add_datum(cf_text *out, bool first, const char *key, double x) {
    cf_text_addf(out, "%s\"%s\":", first ? "{" : ",", key);
    add_number(out, x);
}

static void add_name_datum(cf_text *out, bool first, const char *key, const char *name) {
    cf_text_addf(out, "%s\"%s\":", first ? "{" : ",", key);
    add_text(out, name);
}

static void end_datum(cf_text *out, size_t *rows) {
    cf_text_addc(out, '}');
    ++*rows;
}

static void next_datum(cf_text *out, size_t rows) {
    if (rows > 0) cf_text_adds(out, ",\n");
}

/* width 0: the parts of the plot say how large they are. */
static void begin_spec(const writer *w, const char *caption, double width, double height) {
    cf_text_adds(w->out, "{\"$schema\": \"" SCHEMA "\"");
    if (width > 0) {
        cf_text_adds(w->out, ", \"width\": ");
        add_number(w->out, round(width));
        cf_text_adds(w->out, ", \"height\": ");
        add_number(w->out, round(height));
    }
    if (caption != NULL && caption[0] != '\0') {
        cf_text_adds(w->out, ", \"title\": {\"text\": ");
        add_text(w->out, caption);
        cf_text_adds(w->out, ", \"anchor\": \"end\", \"fontSize\": 11, \"fontWeight\": "
                             "\"normal\", \"limit\": 600, \"frame\": \"group\"}");
    }
    cf_text_adds(
        w->out,
        ", \"config\": {\"axis\": {\"grid\": false, \"labelFontSize\": 11, "
        "\"titleFontSize\": 13, \"titleFontWeight\": \"normal\", "
        "\"labelLimit\": 240, \"labelFlush\": false}, \"legend\": {\"labelFontSize\": 11, "
        "\"titleFontSize\": 12}}, \"data\": {\"values\": [\n");
}

static void end_values(const writer *w) {
    cf_text_adds(w->out, "]},\n");
}

/* `"x": {"field": "a", "type": "quantitative", "title": .., ` and then what the caller adds. */
static void begin_channel(const writer *w, const char *channel, const char *field,
                          const char *type, const char *title) {
    cf_text_addf(w->out, "\"%s\": {\"field\": \"%s\", \"type\": \"%s\"", channel, field, type);
    cf_text_adds(w->out, ", \"title\": ");
    if (title == NULL || title[0] == '\0')
        cf_text_adds(w->out, "null");
    else
        add_text(w->out, title);
}

/* The same channel in the tooltip. */
static void add_tip(const writer *w, bool first, const char *field, const char *type,
                    const char *title) {
    cf_text_addf(w->out, "%s{\"field\": \"%s\", \"type\": \"%s\", \"title\": ",
                 first ? "\"tooltip\": [" : ", ", field, type);
    add_text(w->out, title);
    cf_text_addc(w->out, '}');
}

static void add_color_range(const writer *w, cf_scale scale) {
    size_t count;
    const uint32_t *anchors = cf_chart_anchors(scale, &count);
    cf_text_adds(w->out, "\"range\": [");
    for (size_t i = 0; i < count; i++)
        cf_text_addf(w->out, "%s\"#%06x\"", i > 0 ? ", " : "", anchors[i]);
    cf_text_adds(w->out, "], \"interpolate\": \"rgb\"");
}

static void add_series_range(const writer *w) {
    cf_text_adds(w->out, "\"scale\": {\"range\": [");
    for (uint32_t i = 0; i < CF_CHART_COLORS; i++)
        cf_text_addf(w->out, "%s\"#%06x\"", i > 0 ? ", " : "", cf_chart_color(i));
    cf_text_adds(w->out, "]}");
}

/* ---- histogram ---- */

static void hist_values(const writer *w, const cf_plot_hist *h) {
    size_t rows = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        next_datum(w->out, rows);
        add_datum(w->out, true, "low", h->edges[i]);
        add_datum(w->out, false, "high", h->edges[i + 1]);
        add_datum(w->out, false, "count", h->counts[i]);
        if (h->errors != NULL) {
            add_datum(w->out, false, "error", h->errors[i]);
            add_datum(w->out, false, "minus", h->counts[i] - h->errors[i]);
            add_datum(w->out, false, "plus", h->counts[i] + h->errors[i]);
        }
        end_datum(w->out, &rows);
    }
}

static void hist_x(const writer *w, const cf_plot_hist *h) {
    begin_channel(w, "x", "low", "quantitative", w->r->label_x);
    cf_text_adds(w->out, ", \"bin\": \"binned\", \"axis\": {\"tickCount\": 8}, \"scale\": "
                         "{\"zero\": false, \"nice\": false, \"domain\": [");
    add_number(w->out, h->edges[0]);
    cf_text_adds(w->out, ", ");
    add_number(w->out, h->edges[h->count]);
    cf_text_adds(w->out, "]}}, \"x2\": {\"field\": \"high\"}");
}

/* Error bars at the middles of the bins. */
static void hist_errors(const writer *w, const char *title) {
    cf_text_adds(w->out,
                 ",\n{\"transform\": [{\"calculate\": \"(datum.low + datum.high) / 2\", "
                 "\"as\": \"middle\"}], \"mark\": {\"type\": \"rule\", \"color\": "
                 "\"#888888\", \"strokeWidth\": 1.2}, \"encoding\": {");
    begin_channel(w, "x", "middle", "quantitative", w->r->label_x);
    cf_text_adds(w->out, "}, ");
    begin_channel(w, "y", "minus", "quantitative", title);
    cf_text_adds(w->out, "}, \"y2\": {\"field\": \"plus\"}}}");
}

static bool add_hist(const writer *w) {
    cf_plot_hist h;
    if (!cf_plot_hist_read(w->r, w->arena, &h) ||
        !cf_plot_hist_join(&h, w->arena, CF_CHART_BINS))
        return false;
    cf_text caption = {0};
    cf_plot_hist_caption(&caption, &h);
    cf_chart_own_caption(&caption, w->r);
    char *title = cf_chart_bins_title(&h, w->r->label_y);
    const bool many = h.count > 130;
    const double pixels = fmax(1, round(520.0 / h.count)); /* whole ones: no stripes */
    begin_spec(w, caption.data, many ? pixels * h.count : 520, 320);
    hist_values(w, &h);
    end_values(w);
    cf_text_addf(w->out,
                 "\"layer\": [{\"mark\": {\"type\": \"bar\", \"color\": \"" BAR_COLOR "\", "
                 "\"opacity\": %s, \"binSpacing\": %d%s}, \"encoding\": {",
                 h.weighted ? "0.65" : "1", !many,
                 many ? ", \"stroke\": \"" BAR_COLOR "\", \"strokeWidth\": 0.5" : "");
    hist_x(w, &h);
    cf_text_adds(w->out, ", ");
    begin_channel(w, "y", "count", "quantitative", title);
    if (h.max > 0 && !h.negative && !h.weighted) { /* the highest bar stays below the frame */
        cf_text_adds(w->out, ", \"scale\": {\"domainMax\": ");
        add_number(w->out, ceil(105 * h.max) / 100);
        cf_text_addc(w->out, '}');
    }
    cf_text_adds(w->out, "}, ");
    add_tip(w, true, "low", "quantitative", "from");
    add_tip(w, false, "high", "quantitative", "to");
    add_tip(w, false, "count", "quantitative", "count");
    if (h.errors != NULL) add_tip(w, false, "error", "quantitative", "error");
    cf_text_adds(w->out, "]}}");
    if (h.weighted && h.errors != NULL) hist_errors(w, title);
    cf_text_adds(w->out, "]}");
    cf_text_clear(&caption);
    free(title);
    return true;
}

/* ---- two dimensions ---- */

static void grid_values(const writer *w, const cf_plot_grid *g) {
    size_t rows = 0;
    for (uint32_t x = 0; x < g->nx; x++)
        for (uint32_t y = 0; y < g->ny; y++) {
            const double count = g->counts[(size_t)x * g->ny + y];
            if (!(count > 0)) continue; /* empty cells are paper */
            next_datum(w->out, rows);
            add_datum(w->out, true, "x", g->x_edges[x]);
            add_datum(w->out, false, "x2", g->x_edges[x + 1]);
            add_datum(w->out, false, "y", g->y_edges[y]);
            add_datum(w->out, false, "y2", g->y_edges[y + 1]);
            add_datum(w->out, false, "count", count);
            end_datum(w->out, &rows);
        }
}

static void grid_axis(const writer *w, const char *channel, const char *title, double low,
                      double high) {
    begin_channel(w, channel, channel, "quantitative", title);
    cf_text_adds(w->out, ", \"bin\": \"binned\", \"axis\": {\"tickCount\": 8}, \"scale\": "
                         "{\"zero\": false, \"nice\": false, \"domain\": [");
    add_number(w->out, low);
    cf_text_adds(w->out, ", ");
    add_number(w->out, high);
    cf_text_addf(w->out, "]}}, \"%s2\": {\"field\": \"%s2\"}, ", channel, channel);
}

static void grid_scale(const writer *w) {
    cf_text_adds(w->out, ", \"scale\": {\"domainMin\": 0, ");
    add_color_range(w, CF_SCALE_COUNTS);
    cf_text_adds(w->out, "}}, ");
}

static bool add_grid(const writer *w) {
    cf_plot_grid g;
    if (!cf_plot_grid_read(w->r, w->arena, &g) ||
        !cf_plot_grid_join(&g, w->arena, CF_CHART_CELLS))
        return false;
    cf_text caption = {0};
    cf_plot_grid_caption(&caption, &g);
    cf_chart_own_caption(&caption, w->r);
    begin_spec(w, caption.data, 480, 360);
    grid_values(w, &g);
    end_values(w);
    cf_text_adds(w->out, "\"mark\": {\"type\": \"rect\", \"strokeWidth\": 0.7, \"stroke\": "
                         "{\"expr\": \"scale('color', datum.count)\"}}, \"encoding\": {");
    grid_axis(w, "x", w->r->label_x, g.x_edges[0], g.x_edges[g.nx]);
    grid_axis(w, "y", w->r->label_y, g.y_edges[0], g.y_edges[g.ny]);
    begin_channel(w, "color", "count", "quantitative", "count");
    grid_scale(w);
    add_tip(w, true, "x", "quantitative", "x from");
    add_tip(w, false, "x2", "quantitative", "x to");
    add_tip(w, false, "y", "quantitative", "y from");
    add_tip(w, false, "y2", "quantitative", "y to");
    add_tip(w, false, "count", "quantitative", "count");
    cf_text_adds(w->out, "]}}");
    cf_text_clear(&caption);
    return true;
}

/* ---- lines and points ---- */

/* Milliseconds since 1970 for dates and timestamps, as browsers count. */
static double browser_x(cf_kind kind, double x) {
    return kind == CF_DATE ? x * 86400000.0 : kind == CF_TIMESTAMP ? x / 1000.0 : x;
}

static bool is_sorted(const cf_plot_lines *l) {
    for (uint32_t i = 1; i < l->count; i++)
        if (!(l->x[i] >= l->x[i - 1])) return false;
    return true;
}

static bool lines_values(const writer *w, const cf_plot_lines *l, bool connected,
                         uint32_t *drawn) {
    size_t rows = 0;
    for (uint32_t s = 0; s < l->series_count; s++) {
        cf_plot_picks picks;
        if (!cf_plot_thin(l, s, cf_chart_points_most(l), connected, w->arena, &picks))
            return false;
        if (s == 0) *drawn = picks.count;
        for (uint32_t i = 0; i < picks.count; i++) {
            const uint32_t row = picks.rows[i];
            const bool here = isfinite(l->x[row]) && isfinite(l->y[s][row]);
            if (!here && !connected) continue;
            next_datum(w->out, rows);
            add_datum(w->out, true, "x", browser_x(l->x_kind, l->x[row]));
            add_datum(w->out, false, "y", l->y[s][row]);
            if (connected) add_datum(w->out, false, "row", row);
            if (l->series_count > 1) add_name_datum(w->out, false, "series", l->names[s]);
            end_datum(w->out, &rows);
        }
    }
    return true;
}

static void lines_x(const writer *w, const cf_plot_lines *l, const char *title,
                    bool connected) {
    const bool calendar = cf_plot_is_calendar(l->x_kind);
    begin_channel(w, "x", "x", calendar ? "temporal" : "quantitative", title);
    cf_text_addf(w->out, ", \"scale\": {%s}},\n",
                 calendar    ? "\"type\": \"utc\""
                 : connected ? "\"zero\": false, \"nice\": false"
                             : "\"zero\": false, \"padding\": 12");
}

static void lines_encoding(const writer *w, const cf_plot_lines *l, bool connected) {
    const char *x_title = w->r->label_x != NULL ? w->r->label_x : l->x_name;
    const char *y_title = w->r->label_y != NULL  ? w->r->label_y
                          : l->series_count == 1 ? l->names[0]
                                                 : NULL;
    cf_text_adds(w->out, "\"encoding\": {");
    lines_x(w, l, x_title, connected);
    begin_channel(w, "y", "y", "quantitative", y_title);
    cf_text_adds(w->out, ", \"scale\": {\"zero\": false}},\n");
    if (l->series_count > 1) {
        begin_channel(w, "color", "series", "nominal", NULL);
        cf_text_adds(w->out, ", \"sort\": null, ");
        add_series_range(w);
        cf_text_adds(w->out, "}, ");
    }
    if (connected && !is_sorted(l)) {
        begin_channel(w, "order", "row", "quantitative", NULL);
        cf_text_adds(w->out, "}, ");
    }
    add_tip(w, true, "x", cf_plot_is_calendar(l->x_kind) ? "temporal" : "quantitative",
            x_title == NULL ? "x" : x_title);
    add_tip(w, false, "y", "quantitative", y_title == NULL ? "y" : y_title);
    if (l->series_count > 1) add_tip(w, false, "series", "nominal", "series");
    cf_text_adds(w->out, "]}}");
}

static bool add_lines(const writer *w, bool connected) {
    cf_plot_lines l;
    if (!cf_plot_lines_read(w->r, w->arena, &l) || !l.any) return false;
    cf_text caption = {0};
    cf_plot_picks picks;
    if (!cf_plot_thin(&l, 0, cf_chart_points_most(&l), connected, w->arena, &picks))
        return false;
    cf_chart_lines_caption(&caption, w->r, &l, connected, picks.count);
    begin_spec(w, caption.data, 520, 320);
    cf_text_clear(&caption);
    uint32_t drawn = 0;
    if (!lines_values(w, &l, connected, &drawn)) return false;
    end_values(w);
    const bool many = l.count > 500;
    if (connected)
        cf_text_addf(w->out, "\"mark\": {\"type\": \"line\", \"point\": %s",
                     l.count <= 40 ? "true" : "false");
    else
        cf_text_addf(w->out,
                     "\"mark\": {\"type\": \"point\", \"filled\": true, \"size\": %d, "
                     "\"opacity\": %s",
                     many ? 9 : 36, many ? "0.5" : "0.9");
    if (l.series_count == 1) cf_text_addf(w->out, ", \"color\": \"#%06x\"", cf_chart_color(0));
    cf_text_adds(w->out, "},\n");
    lines_encoding(w, &l, connected);
    return true;
}

/* ---- categories ---- */

static void bars_values(const writer *w, const cf_plot_bars *b) {
    size_t rows = 0;
    for (uint32_t i = 0; i < b->count; i++)
        for (uint32_t s = 0; s < b->series_count; s++) {
            next_datum(w->out, rows);
            add_name_datum(w->out, true, "name", b->names[i]);
            add_datum(w->out, false, "value", b->values[s][i]);
            if (b->series_count > 1) add_name_datum(w->out, false, "series", b->series[s]);
            end_datum(w->out, &rows);
        }
}

static bool add_bars(const writer *w) {
    cf_plot_bars b;
    if (!cf_plot_bars_read(w->r, w->arena, CF_CHART_BARS, &b)) return false;
    const bool upright = cf_bars_are_upright(&b);
    const double thick = fmax(20, 9.0 * b.series_count + 6);
    cf_text caption = {0};
    cf_chart_rows_caption(&caption, w->r, b.count, b.rows);
    const char *value = w->r->label_y != NULL ? w->r->label_y
                        : b.series_count == 1 ? b.series[0]
                                              : NULL;
    const char *name = w->r->label_x != NULL ? w->r->label_x : b.x_name;
    begin_spec(w, caption.data, upright ? 520 : 420, upright ? 320 : thick * b.count);
    bars_values(w, &b);
    end_values(w);
    cf_text_addf(w->out, "\"mark\": {\"type\": \"bar\"%s",
                 b.series_count == 1 ? ", \"color\": \"" BAR_COLOR "\"}" : "}");
    cf_text_adds(w->out, ", \"encoding\": {");
    begin_channel(w, upright ? "x" : "y", "name", "nominal", name);
    cf_text_addf(w->out, ", \"sort\": null%s}, ",
                 upright ? ", \"axis\": {\"labelAngle\": 0}" : "");
    begin_channel(w, upright ? "y" : "x", "value", "quantitative", value);
    cf_text_adds(w->out, ", \"axis\": {\"grid\": true}}, ");
    if (b.series_count > 1) {
        cf_text_addf(w->out, "\"%s\": {\"field\": \"series\", \"sort\": null}, ",
                     upright ? "xOffset" : "yOffset");
        begin_channel(w, "color", "series", "nominal", NULL);
        cf_text_adds(w->out, ", \"sort\": null, ");
        add_series_range(w);
        cf_text_adds(w->out, "}, ");
    }
    add_tip(w, true, "name", "nominal", name);
    add_tip(w, false, "value", "quantitative", value == NULL ? "value" : value);
    if (b.series_count > 1) add_tip(w, false, "series", "nominal", "series");
    cf_text_adds(w->out, "]}}");
    cf_text_clear(&caption);
    return true;
}

/* ---- crossings ---- */

static void matrix_values(const writer *w, const cf_plot_matrix *m) {
    size_t rows = 0;
    for (uint32_t y = 0; y < m->ny; y++)
        for (uint32_t x = 0; x < m->nx; x++) {
            next_datum(w->out, rows);
            add_name_datum(w->out, true, "x", m->x_names[x]);
            add_name_datum(w->out, false, "y", m->y_names[y]);
            add_datum(w->out, false, "value", m->values[(size_t)x * m->ny + y]);
            end_datum(w->out, &rows);
        }
}

static void matrix_color(const writer *w, const cf_plot_matrix *m, const char *title) {
    const double size = fmax(fabs(m->min), fabs(m->max));
    begin_channel(w, "color", "value", "quantitative", title);
    cf_text_adds(w->out, ", \"scale\": {\"domain\": [");
    if (m->min < 0) {
        add_number(w->out, -size);
        cf_text_adds(w->out, ", 0, ");
    } else {
        cf_text_adds(w->out, "0, ");
    }
    add_number(w->out, size > 0 ? size : 1);
    cf_text_adds(w->out, "], ");
    add_color_range(w, m->min < 0 ? CF_SCALE_SIGNED : CF_SCALE_TABLE);
    cf_text_adds(w->out, "}}");
}

/* Numbers in the cells, light on dark ones. */
static void matrix_numbers(const writer *w, const cf_plot_matrix *m) {
    const double size = fmax(fabs(m->min), fabs(m->max));
    cf_text_adds(w->out, ",\n{\"mark\": {\"type\": \"text\", \"fontSize\": 12}, \"encoding\": "
                         "{\"text\": {\"field\": \"value\", \"type\": \"quantitative\", "
                         "\"format\": \".5~g\"}, \"color\": {\"condition\": {\"test\": "
                         "\"abs(datum.value) > ");
    add_number(w->out, 0.55 * size);
    cf_text_adds(w->out, "\", \"value\": \"#ffffff\"}, \"value\": \"#1a1a1a\"}}}");
}

static bool add_matrix(const writer *w) {
    cf_plot_matrix m;
    if (!cf_plot_matrix_read(w->r, w->arena, &m)) return false;
    const cf_field *fields = w->r->rows->type->fields;
    const char *x = fields[w->r->draw_columns[0]].name, *y = fields[w->r->draw_columns[1]].name;
    const char *z = fields[w->r->draw_columns[2]].name;
    const bool numbers = m.nx <= 12 && m.ny <= 20;
    const double wide = numbers ? 60 : fmax(4, 480.0 / m.nx),
                 tall = numbers ? 40 : fmax(4, 400.0 / m.ny);
    begin_spec(w, w->r->caption, fmin(wide * m.nx, 560), fmin(tall * m.ny, 800));
    matrix_values(w, &m);
    end_values(w);
    cf_text_adds(w->out, "\"encoding\": {");
    begin_channel(w, "x", "x", "nominal", x);
    cf_text_addf(w->out, ", \"sort\": null, \"axis\": {\"labelAngle\": %d}}, ",
                 m.nx > 8 ? -90 : 0);
    begin_channel(w, "y", "y", "nominal", y);
    cf_text_adds(w->out,
                 ", \"sort\": null}}, \"layer\": [{\"mark\": \"rect\", \"encoding\": {");
    matrix_color(w, &m, z);
    cf_text_adds(w->out, ", ");
    add_tip(w, true, "x", "nominal", x);
    add_tip(w, false, "y", "nominal", y);
    add_tip(w, false, "value", "quantitative", z);
    cf_text_adds(w->out, "]}}");
    if (numbers) matrix_numbers(w, &m);
    cf_text_adds(w->out, "]}");
    return true;
}

/* ---- cut flow ---- */

static void cuts_values(const writer *w, const cf_plot_cuts *c) {
    size_t rows = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        next_datum(w->out, rows);
        add_name_datum(w->out, true, "cut", c->cuts[i]);
        add_datum(w->out, false, "passed", c->passed[i]);
        add_datum(w->out, false, "share", c->share[i]);
        add_datum(w->out, false, "total", c->total[i]);
        if (c->by != NULL) add_name_datum(w->out, false, "by", c->by[i]);
        end_datum(w->out, &rows);
    }
}

/* Bars, and `38 (97.4 %)` at their ends. */
static void cuts_layers(const writer *w, double max) {
    cf_text_adds(w->out,
                 "\"layer\": [{\"mark\": {\"type\": \"bar\", \"color\": \"" BAR_COLOR "\"}, "
                 "\"encoding\": {");
    add_tip(w, true, "cut", "nominal", "cut");
    add_tip(w, false, "passed", "quantitative", "passed");
    cf_text_adds(w->out, ", {\"field\": \"share\", \"type\": \"quantitative\", \"format\": "
                         "\".1%\", \"title\": \"of previous\"}, {\"field\": \"total\", "
                         "\"type\": \"quantitative\", \"format\": \".1%\", \"title\": \"of "
                         "all\"}]}},\n");
    /* this grey can be read on white and on dark grey */
    cf_text_adds(w->out, "{\"transform\": [{\"calculate\": \"format(datum.passed, ',') + "
                         "(isValid(datum.share) ? '  (' + format(datum.share, '.1%') + ')' : "
                         "'')\", \"as\": \"told\"}], \"mark\": {\"type\": \"text\", \"align\": "
                         "\"left\", \"dx\": 5, \"color\": \"#8a8a8a\"}, \"encoding\": "
                         "{\"text\": {\"field\": \"told\"}}}], ");
    cf_text_adds(w->out, "\"encoding\": {");
    begin_channel(w, "y", "cut", "nominal", NULL);
    cf_text_adds(w->out, ", \"sort\": null}, ");
    begin_channel(w, "x", "passed", "quantitative", "passed");
    cf_text_adds(
        w->out,
        ", \"axis\": {\"tickCount\": 6}, \"scale\": {\"domainMax\": "); /* room for the texts */
    add_number(w->out, max > 0 ? ceil(1.3 * max) : 1);
    cf_text_adds(w->out, "}}}");
}

/* As they come; left alone, they would be sorted by name. */
static void facet_order(const writer *w, const cf_plot_cuts *c) {
    cf_text_adds(w->out, ", \"sort\": [");
    for (uint32_t i = 0; i < c->count; i++) {
        if (i > 0 && strcmp(c->by[i], c->by[i - 1]) == 0) continue;
        if (i > 0) cf_text_adds(w->out, ", ");
        add_text(w->out, c->by[i]);
    }
    cf_text_addc(w->out, ']');
}

static bool add_cuts(const writer *w) {
    cf_plot_cuts c;
    if (!cf_plot_cuts_read(w->r, w->arena, CF_CHART_CUTS, &c)) return false;
    cf_text caption = {0};
    cf_chart_rows_caption(&caption, w->r, c.count, c.rows);
    uint32_t each = 1;
    while (each < c.count && (c.by == NULL || strcmp(c.by[each], c.by[0]) == 0))
        each++;
    const double width = 420, height = 24.0 * each;
    begin_spec(w, caption.data, c.by == NULL ? width : 0, height);
    cuts_values(w, &c);
    end_values(w);
    if (c.by != NULL) {
        cf_text_adds(w->out, "\"facet\": {");
        begin_channel(w, "row", "by", "nominal", NULL);
        facet_order(w, &c);
        cf_text_addf(w->out,
                     ", \"header\": {\"labelAngle\": 0, \"labelAlign\": "
                     "\"left\", \"labelFontWeight\": \"bold\"}}}, \"spacing\": 8, \"spec\": "
                     "{\"width\": %.0f, \"height\": %.0f, ",
                     width, height);
    }
    cuts_layers(w, c.max);
    cf_text_adds(w->out, c.by != NULL ? "}}" : "}");
    cf_text_clear(&caption);
    return true;
}

/* ---- choosing ---- */

static bool add_spec(const writer *w) {
    switch (w->r->draw) {
    case CF_DRAW_HIST: return add_hist(w);
    case CF_DRAW_HIST2D: return add_grid(w);
    case CF_DRAW_LINE: return add_lines(w, true);
    case CF_DRAW_SCATTER: return add_lines(w, false);
    case CF_DRAW_BAR: return add_bars(w);
    case CF_DRAW_HEATMAP: return add_matrix(w);
    case CF_DRAW_CUTFLOW: return add_cuts(w);
    case CF_DRAW_NONE: break;
    }
    return false;
}

bool cf_rich_vega(cf_text *out, const cf_result *r) {
    cf_arena *arena = cf_arena_new(1 << 16);
    if (arena == NULL) return false;
    const writer w = {out, r, arena};
    const bool good = add_spec(&w);
    cf_arena_free(arena);
    return good;
}
