/* Results of every kind, as the engine would make them, for the tests of their forms. */
#ifndef CF_RICH_SAMPLES_H
#define CF_RICH_SAMPLES_H

#include "io/json.h"
#include "io/rows.h"
#include "session/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows written as JSON: the reader is tested elsewhere. */
static inline cf_result *sample_relation(const char *json) {
    cf_storage *storage = NULL;
    cf_source *source = NULL;
    cf_result *r = cf_result_new(CF_RESULT_RELATION);
    cf_error err = {0};
    if (cf_storage_of_memory("test", json, strlen(json), &storage, &err) != CF_OK ||
        cf_json_open_storage(storage, &source, &err) != CF_OK ||
        cf_rows_read_all(source, &r->rows, &err) != CF_OK) {
        fprintf(stderr, "bad sample: %s\n%.300s\n", err.message, json);
        abort();
    }
    cf_source_release(source);
    cf_storage_close(storage);
    r->total = r->rows->length;
    return r;
}

static inline cf_result *sample_value(const char *json) {
    cf_text rows = {0};
    cf_text_addf(&rows, "[{\"value\": %s}]", json);
    cf_result *r = sample_relation(rows.data);
    r->kind = CF_RESULT_VALUE;
    cf_text_clear(&rows);
    return r;
}

/* Rows that are built; takes the text. */
static inline cf_result *sample_drawing(cf_text *json, cf_draw draw, const char *label_x,
                                        const char *label_y, uint32_t columns) {
    cf_text_adds(json, "]");
    cf_result *r = sample_relation(json->data);
    cf_text_clear(json);
    r->draw = draw;
    if (label_x != NULL) r->label_x = strdup(label_x);
    if (label_y != NULL) r->label_y = strdup(label_y);
    r->draw_column_count = columns;
    for (uint32_t i = 0; i < columns; i++)
        r->draw_columns[i] = i;
    return r;
}

static inline void sample_next(cf_text *json) {
    cf_text_adds(json, json->size == 0 ? "[" : ", ");
}

/* `bins` of [low, high) with a peak; weight 1: plain counts. */
static inline cf_result *sample_hist(int bins, double low, double high, double weight) {
    cf_text t = {0};
    sample_next(&t);
    cf_text_addf(&t, "{\"low\": null, \"high\": %.17g, \"count\": %g, \"error\": %.17g}", low,
                 3 * weight, sqrt(3.0) * weight);
    for (int i = 0; i < bins; i++) {
        const double x = (i + 0.5) / bins;
        const double n = floor(900 * exp(-0.5 * pow((x - 0.45) / 0.1, 2)) + 300 * exp(-3 * x) +
                               40 * cf_random_unit(7, (uint64_t)i));
        sample_next(&t);
        cf_text_addf(&t,
                     "{\"low\": %.17g, \"high\": %.17g, \"count\": %.17g, \"error\": %.17g}",
                     low + (high - low) * i / bins, low + (high - low) * (i + 1) / bins,
                     n * weight, sqrt(n) * fabs(weight));
    }
    sample_next(&t);
    cf_text_addf(&t, "{\"low\": %.17g, \"high\": null, \"count\": %g, \"error\": %.17g}", high,
                 12 * weight, sqrt(12.0) * weight);
    return sample_drawing(&t, CF_DRAW_HIST, "mass(mu1 + mu2)",
                          weight == 1 ? "entries" : "sum of weights", 0);
}

static inline void sample_edge(cf_text *t, const char *name, bool there, double x) {
    if (there)
        cf_text_addf(t, "\"%s\": %.17g, ", name, x);
    else
        cf_text_addf(t, "\"%s\": null, ", name);
}

static inline cf_result *sample_hist2d(int nx, int ny) {
    cf_text t = {0};
    for (int x = 0; x < nx + 2; x++)
        for (int y = 0; y < ny + 2; y++) {
            const double u = (x - 0.5) / nx - 0.5, v = (y - 0.5) / ny - 0.5;
            sample_next(&t);
            cf_text_adds(&t, "{");
            sample_edge(&t, "x_low", x > 0, -3.0 + 6.0 * (x - 1) / nx);
            sample_edge(&t, "x_high", x <= nx, -3.0 + 6.0 * x / nx);
            sample_edge(&t, "y_low", y > 0, 200.0 * (y - 1) / ny);
            sample_edge(&t, "y_high", y <= ny, 200.0 * y / ny);
            const double n = floor(260 * exp(-20 * u * u - 9 * (v + 0.2 - u) * (v + 0.2 - u)));
            cf_text_addf(&t, "\"count\": %.0f, \"error\": %.17g}", n, sqrt(n));
        }
    return sample_drawing(&t, CF_DRAW_HIST2D, "eta", "pt", 0);
}

static inline cf_result *sample_line(int points) {
    cf_text t = {0};
    for (int i = 0; i <= points; i++) {
        const double x = (double)i / points;
        sample_next(&t);
        cf_text_addf(&t, "{\"false positive rate\": %.17g, \"forest\": %.17g, \"network\": ", x,
                     pow(x, 0.35));
        cf_text_addf(&t, i == points / 3 ? "null}" : "%.17g}", pow(x, 0.18));
    }
    return sample_drawing(&t, CF_DRAW_LINE, NULL, NULL, 3);
}

static inline cf_result *sample_scatter(int points) {
    cf_text t = {0};
    for (int i = 0; i < points; i++) {
        const uint64_t row = (uint64_t)i;
        const double a = cf_random_unit(1, row), b = cf_random_unit(2, row);
        const double c = sqrt(-2 * log(a + 1e-12));
        sample_next(&t);
        cf_text_addf(&t, "{\"eta\": %.6g, \"phi <rad>\": %.6g}", c * cos(6.2831853 * b),
                     2 * c * sin(6.2831853 * b) + c * cos(6.2831853 * b));
    }
    return sample_drawing(&t, CF_DRAW_SCATTER, NULL, NULL, 2);
}

static inline cf_result *sample_bars(int count, bool two) {
    cf_text t = {0};
    for (int i = 0; i < count; i++) {
        sample_next(&t);
        cf_text_addf(&t, "{\"channel\": \"%s %d\", \"data\": %d", i % 2 ? "mu" : "e & tau", i,
                     (i * 37) % 91 + 10);
        if (two) cf_text_addf(&t, ", \"simulation\": %d", (i * 53) % 97 - 8);
        cf_text_adds(&t, "}");
    }
    return sample_drawing(&t, CF_DRAW_BAR, NULL, NULL, two ? 3 : 2);
}

static inline cf_result *sample_matrix(int n, bool with_sign) {
    static const char *const names[] = {"top pair", "W + jets", "QCD", "Z",
                                        "diboson",  "H",        "tW",  "s-channel"};
    cf_text t = {0};
    for (int x = 0; x < n; x++)
        for (int y = 0; y < n; y++) {
            const double z =
                with_sign ? cos(0.9 * (x - y)) : floor(800 * exp(-1.5 * abs(x - y)) + 7 * x);
            sample_next(&t);
            cf_text_addf(&t, "{\"true\": \"%s\", \"predicted\": \"%s\", \"count\": %.17g}",
                         names[x % 8], names[y % 8], with_sign ? floor(z * 100) / 100 : z);
        }
    return sample_drawing(&t, CF_DRAW_HEATMAP, NULL, NULL, 3);
}

static inline cf_result *sample_cuts(bool by) {
    static const char *const cuts[] = {"all", "a lepton", "two jets", "a b jet",
                                       "pt > 25 && x"};
    static const char *const of[] = {"top pair", "W + jets", "QCD"};
    cf_text t = {0};
    for (int g = 0; g < (by ? 3 : 1); g++) {
        double before = 45210;
        for (int i = 0; i < 5; i++) {
            const double now = i == 0 ? before : floor(before * (0.9 - 0.2 * g));
            sample_next(&t);
            cf_text_adds(&t, "{");
            if (by) cf_text_addf(&t, "\"process\": \"%s\", ", of[g]);
            cf_text_addf(&t,
                         "\"cut\": \"%s\", \"passed\": %.0f, \"share\": %.17g, "
                         "\"total_share\": %.17g}",
                         cuts[i], now, now / before, now / 45210);
            before = now;
        }
    }
    return sample_drawing(&t, CF_DRAW_CUTFLOW, NULL, NULL, 0);
}

static const char nasty[] = "[{\"<script>alert('x')</script>\": 1, \"n\": 1.5, \"text\": "
                            "\"<b>&amp;\\\"'</b>\", \"mu\": "
                            "[{\"pt\": 1.5, \"q\": -1}, {\"pt\": 22.25, \"q\": 1}]}, "
                            "{\"<script>alert('x')</script>\": 20, \"n\": \"nan\", \"text\": "
                            "\"a\\nb\\u0000c\\u001bdXXXeY\", "
                            "\"mu\": []}, {\"<script>alert('x')</script>\": 3, \"n\": 1.075, "
                            "\"text\": null, \"mu\": null}]";

/* XXX becomes half of a surrogate pair, Y a byte that never occurs in UTF-8. */
static inline cf_result *sample_nasty(void) {
    cf_result *r = sample_relation(nasty);
    cf_column *text = r->rows->children[2];
    char *bytes = text->values;
    CF_ASSERT(text->type->kind == CF_TEXT);
    for (int64_t i = 0; i < text->offsets[text->length]; i++) {
        if (bytes[i] == 'Y') bytes[i] = (char)0xFF;
        if (i >= 2 && memcmp(bytes + i - 2, "XXX", 3) == 0)
            memcpy(bytes + i - 2, "\xED\xA0\x80", 3);
    }
    return r;
}

static inline cf_result *sample_events(int rows) {
    cf_text t = {0};
    for (int i = 0; i < rows; i++) {
        sample_next(&t);
        cf_text_addf(&t,
                     "{\"run\": %d, \"event\": %d, \"MET\": {\"pt\": %.5f, \"phi\": %.5f}, ",
                     194533, 10000 + 7919 * i, 20 + 30 * cf_random_unit(3, (uint64_t)i),
                     6.28 * cf_random_unit(4, (uint64_t)i) - 3.14);
        cf_text_adds(&t, "\"Muon\": [");
        for (int k = 0; k < i % 4; k++)
            cf_text_addf(&t, "%s{\"pt\": %.4f, \"eta\": %.4f, \"charge\": %d}",
                         k > 0 ? ", " : "", 60 * cf_random_unit(5, (uint64_t)(i * 9 + k)),
                         5 * cf_random_unit(6, (uint64_t)(i * 9 + k)) - 2.5, k % 2 ? 1 : -1);
        cf_text_addf(
            &t,
            "], \"triggers\": [\"IsoMu24\", \"Ele%d\"], \"weights\": [1.0, 0.5, 0.25], "
            "\"good\": %s, \"process\": %s}",
            27 + i, i % 3 ? "true" : "false", i % 5 == 4 ? "null" : "\"top pair\"");
    }
    cf_text_adds(&t, "]");
    cf_result *r = sample_relation(t.data);
    cf_text_clear(&t);
    r->total = 1234567;
    return r;
}

/* JSON has no dates. */
static inline cf_result *sample_days(int step) {
    const cf_field fields[] = {{.name = "day", .type = &cf_type_date},
                               {.name = "events", .type = &cf_type_int}};
    cf_arena *arena = cf_arena_new(4096);
    cf_builder *b = cf_builder_new(cf_type_tuple(arena, fields, 2));
    for (int i = 0; i < 12; i++) {
        CF_ASSERT(cf_builder_int(cf_builder_child(b, 0), 15525 + step * i)); /* 2012-07-04 */
        CF_ASSERT(cf_builder_int(cf_builder_child(b, 1), 1000 + i * i));
        CF_ASSERT(cf_builder_end_tuple(b));
    }
    cf_result *r = cf_result_new(CF_RESULT_RELATION);
    r->rows = cf_builder_finish(b);
    r->total = 12;
    r->draw = CF_DRAW_LINE;
    r->draw_column_count = 2;
    r->draw_columns[1] = 1;
    cf_arena_free(arena);
    return r;
}

typedef struct {
    const char *name;
    cf_result *r;
} sample;

#define SAMPLES 21

static inline size_t make_samples(sample s[SAMPLES]) {
    size_t n = 0;
    s[n++] = (sample){"hist", sample_hist(50, 60, 120, 1)};
    s[n++] = (sample){"hist_weighted", sample_hist(40, 0, 5e6, 0.37)};
    s[n++] = (sample){"hist_negative", sample_hist(30, -1, 1, -0.2)};
    s[n++] = (sample){"hist_many", sample_hist(5000, 0, 200, 1)};
    s[n++] = (sample){"hist2d", sample_hist2d(60, 50)};
    s[n++] = (sample){"line", sample_line(60)};
    s[n++] = (sample){"line_long", sample_line(20000)};
    s[n++] = (sample){"line_dates", sample_days(40)};
    s[n++] = (sample){"scatter", sample_scatter(300)};
    s[n++] = (sample){"scatter_many", sample_scatter(20000)};
    s[n++] = (sample){"bar", sample_bars(5, false)};
    s[n++] = (sample){"bar_two", sample_bars(6, true)};
    s[n++] = (sample){"bar_many", sample_bars(70, false)};
    s[n++] = (sample){"confusion", sample_matrix(4, false)};
    s[n++] = (sample){"correlation", sample_matrix(8, true)};
    s[n++] = (sample){"cutflow", sample_cuts(false)};
    s[n++] = (sample){"cutflow_by", sample_cuts(true)};
    s[n++] = (sample){"table", sample_events(10)};
    s[n++] = (sample){"nasty", sample_nasty()};
    s[n++] =
        (sample){"value", sample_value("[{\"a\": 1, \"b\": \"x\"}, {\"a\": 2, \"b\": null}]")};
    s[n++] = (sample){"scalar", sample_value("91.1876")};
    CF_ASSERT(n == SAMPLES);
    return n;
}

static inline bool holds(const char *text, const char *part) {
    return text != NULL && strstr(text, part) != NULL;
}

#endif
