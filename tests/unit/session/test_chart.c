#include "rich_samples.h"
#include "session/chart.h"
#include "test.h"

#include <jansson.h>

/* Drawings show the numbers of their rows, in every form: read back from the marks of the
 * picture, from the specification, and from the letters. */

static json_t *vega_of(const cf_result *r) {
    char *text = cf_result_rich(r, CF_RICH_VEGALITE, NULL);
    json_t *spec = text == NULL ? NULL : json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    CHECK(spec != NULL);
    free(text);
    return spec;
}

static const json_t *values_of(const json_t *spec) {
    return json_object_get(json_object_get(spec, "data"), "values");
}

static double number(const json_t *values, size_t i, const char *key) {
    return json_number_value(json_object_get(json_array_get(values, i), key));
}

static const cf_mark *first_mark(const cf_picture *p, cf_mark_kind kind, size_t skip) {
    for (size_t i = 0; i < p->count; i++)
        if (p->marks[i].kind == kind && skip-- == 0) return &p->marks[i];
    return NULL;
}

/* The numbers at the y axis stand where they should, and the frame stands on zero. */
static void check_scale(const cf_picture *p, double zero, double unit) {
    static const char *const numbers[] = {"0", "200", "1000"};
    for (size_t k = 0; k < CF_COUNT(numbers); k++) {
        const cf_mark *found = NULL;
        for (size_t i = 0; i < p->count; i++)
            if (p->marks[i].kind == CF_MARK_TEXT && strcmp(p->marks[i].text, numbers[k]) == 0)
                found = &p->marks[i];
        CHECK(found != NULL);
        if (found != NULL)
            CHECK_NEAR(found->at[1] - 4.5, zero - unit * strtod(numbers[k], NULL), 1e-6);
    }
    const cf_mark *frame = first_mark(p, CF_MARK_LINE, 1);
    CHECK(frame != NULL && frame->count == 5);
    if (frame != NULL) CHECK_NEAR(frame->at[5], zero, 1e-6);
}

/* Bins of the picture and of the specification, measured against the rows. */
static void a_histogram_is_the_same_in_every_form(void) {
    cf_result *r = sample_hist(50, 60, 120, 1);
    const cf_column *low = r->rows->children[0], *count = r->rows->children[2];
    cf_picture p = {.arena = cf_arena_new(4096)};
    json_t *spec = vega_of(r);
    const json_t *values = values_of(spec);
    CHECK(cf_chart_draw(&p, r));
    const cf_mark *area = first_mark(&p, CF_MARK_AREA, 0);
    CHECK(json_array_size(values) == 50 && area != NULL && area->count == 102);
    const double zero = area->at[1], unit = (zero - area->at[3]) / cf_column_float(count, 1);
    const double left = area->at[0], wide = (area->at[202] - left) / 60;
    for (int i = 0; i < 50; i++) {
        const double n = cf_column_float(count, i + 1), x = cf_column_float(low, i + 1);
        CHECK_NEAR(number(values, (size_t)i, "count"), n, 0);
        CHECK_NEAR(number(values, (size_t)i, "low"), x, 0);
        CHECK_NEAR((zero - area->at[4 * i + 3]) / unit, n, 1e-6 * n);
        CHECK_NEAR((area->at[4 * i + 2] - left) / wide + 60, x, 1e-6);
    }
    check_scale(&p, zero, unit);
    char *svg = cf_result_rich(r, CF_RICH_SVG, NULL);
    char *plain = cf_result_render(
        r, &(cf_render_options){.format = CF_FORMAT_BOX, .width = 100, .drawing = true}, NULL);
    static const char told[] = "17,171 entries, underflow 3, overflow 12, mean 84.3899";
    CHECK(holds(svg, told) && holds(plain, told));
    CHECK_STR(json_string_value(json_object_get(json_object_get(spec, "title"), "text")), told);
    free(svg);
    free(plain);
    json_decref(spec);
    cf_arena_free(p.arena);
    cf_result_release(r);
}

static void weighted_bins_have_error_bars_at_their_middles(void) {
    cf_result *r = sample_hist(40, 0, 200, 0.5);
    const cf_column *count = r->rows->children[2], *error = r->rows->children[3];
    cf_picture p = {.arena = cf_arena_new(4096)};
    CHECK(cf_chart_draw(&p, r));
    const cf_mark *area = first_mark(&p, CF_MARK_AREA, 0), *bars = NULL;
    for (size_t i = 0; i < p.count; i++)
        if (p.marks[i].kind == CF_MARK_SEGMENTS && p.marks[i].count == 40) bars = &p.marks[i];
    CHECK(bars != NULL);
    const double unit = (area->at[1] - area->at[3]) / cf_column_float(count, 1);
    for (int i = 0; bars != NULL && i < 40; i++) {
        const double *bar = bars->at + 4 * i;
        const double middle = 0.5 * (area->at[4 * i + 2] + area->at[4 * i + 4]);
        CHECK_NEAR(bar[0], middle, 1e-6);
        CHECK_NEAR(bar[2], middle, 1e-6);
        CHECK_NEAR(0.5 * (bar[1] + bar[3]), area->at[4 * i + 3], 1e-6);
        CHECK_NEAR((bar[1] - bar[3]) / unit, 2 * cf_column_float(error, i + 1), 1e-6);
    }
    json_t *spec = vega_of(r);
    CHECK_NEAR(number(values_of(spec), 3, "plus"),
               cf_column_float(count, 4) + cf_column_float(error, 4), 1e-9);
    CHECK(json_array_size(json_object_get(spec, "layer")) == 2);
    json_decref(spec);
    cf_arena_free(p.arena);
    cf_result_release(r);
}

/* Numbers that are written in every form. */
static void check_told(cf_result *r, const char *const *told, size_t count) {
    char *svg = cf_result_rich(r, CF_RICH_SVG, NULL);
    char *plain = cf_result_render(
        r, &(cf_render_options){.format = CF_FORMAT_BOX, .width = 100, .drawing = true}, NULL);
    for (size_t i = 0; i < count; i++) {
        if (!holds(svg, told[i]) || !holds(plain, told[i])) printf("not told: %s\n", told[i]);
        CHECK(holds(svg, told[i]) && holds(plain, told[i]));
    }
    free(svg);
    free(plain);
}

static void a_cut_flow_is_the_same_in_every_form(void) {
    static const char *const told[] = {"W + jets", "a b jet", "45,210", "10,854", "2,825"};
    cf_result *r = sample_cuts(true);
    check_told(r, told, CF_COUNT(told));
    json_t *spec = vega_of(r);
    const json_t *values = values_of(spec);
    CHECK(json_array_size(values) == 15);
    for (int i = 0; i < 15; i++)
        CHECK_NEAR(number(values, (size_t)i, "passed"),
                   cf_column_float(r->rows->children[2], i), 0);
    /* the bars, two rectangles a cut after the paper: the second is as long as its share */
    cf_picture p = {.arena = cf_arena_new(4096)};
    CHECK(cf_chart_draw(&p, r));
    for (size_t i = 0; i < 15; i++) {
        const cf_mark *whole = first_mark(&p, CF_MARK_RECTS, 1 + 2 * i);
        const cf_mark *part = first_mark(&p, CF_MARK_RECTS, 2 + 2 * i);
        CHECK_NEAR(part->at[2] / whole->at[2], number(values, i, "passed") / 45210, 1e-9);
    }
    json_decref(spec);
    cf_arena_free(p.arena);
    cf_result_release(r);
}

static void a_confusion_matrix_is_the_same_in_every_form(void) {
    static const char *const told[] = {"top pair", "W + jets", "800", "807", "199", "46", "53"};
    cf_result *r = sample_matrix(4, false);
    check_told(r, told, CF_COUNT(told));
    json_t *spec = vega_of(r);
    double sum = 0, want = 0;
    for (size_t i = 0; i < 16; i++)
        sum += number(values_of(spec), i, "value");
    for (int i = 0; i < 16; i++)
        want += cf_column_float(r->rows->children[2], i);
    CHECK_NEAR(sum, want, 0);
    json_decref(spec);
    cf_result_release(r);
}

static void points_and_bars_are_the_same_in_every_form(void) {
    cf_result *r = sample_scatter(300);
    cf_picture p = {.arena = cf_arena_new(4096)};
    json_t *spec = vega_of(r);
    CHECK(cf_chart_draw(&p, r));
    const cf_mark *dots = first_mark(&p, CF_MARK_DOTS, 0);
    CHECK(dots->count == 300 && json_array_size(values_of(spec)) == 300);
    const cf_column *x = r->rows->children[0];
    const double unit =
        (dots->at[2 * 299] - dots->at[0]) / (cf_column_float(x, 299) - cf_column_float(x, 0));
    for (size_t i = 0; i < 300; i++) {
        const double want = cf_column_float(x, (int64_t)i);
        CHECK_NEAR((dots->at[2 * i] - dots->at[0]) / unit + cf_column_float(x, 0), want, 1e-6);
        CHECK_NEAR(number(values_of(spec), i, "x"), want, 0);
    }
    json_decref(spec);
    cf_result_release(r);
    r = sample_bars(5, false);
    spec = vega_of(r);
    cf_picture bars = {.arena = p.arena};
    CHECK(cf_chart_draw(&bars, r));
    for (size_t i = 0; i < 5; i++) {
        const double want = cf_column_float(r->rows->children[1], (int64_t)i);
        const cf_mark *bar = first_mark(&bars, CF_MARK_RECTS, 1 + i);
        const cf_mark *first = first_mark(&bars, CF_MARK_RECTS, 1);
        CHECK_NEAR(number(values_of(spec), i, "value"), want, 0);
        CHECK_NEAR(bar->at[3] / first->at[3], want / cf_column_float(r->rows->children[1], 0),
                   1e-9);
    }
    json_decref(spec);
    cf_arena_free(p.arena);
    cf_result_release(r);
}

static void what_is_no_number_is_left_out_of_pictures(void) {
    cf_result *r = sample_relation(
        "[{\"x\": 0, \"y\": 1.5}, {\"x\": 1, \"y\": \"nan\"}, {\"x\": 2, \"y\": \"inf\"}, "
        "{\"x\": 3, \"y\": 2.5}, {\"x\": 4, \"y\": 3.5}, {\"x\": null, \"y\": 3.5}]");
    r->draw = CF_DRAW_LINE;
    r->draw_column_count = 2;
    r->draw_columns[1] = 1;
    char *vega = cf_result_rich(r, CF_RICH_VEGALITE, NULL);
    char *svg = cf_result_rich(r, CF_RICH_SVG, NULL);
    CHECK(holds(vega, "{\"x\":1,\"y\":null,\"row\":1}"));
    CHECK(!holds(vega, "nan") && !holds(vega, "inf"));
    CHECK(!holds(svg, "nan") && !holds(svg, "inf"));
    free(vega);
    free(svg);
    r->draw_columns[0] = 1; /* no two points */
    cf_result_release(r);
}

static void numbers_without_bounds_are_a_table(void) {
    cf_result *r = sample_relation("[{\"x\": -1.7e308, \"y\": 1}, {\"x\": 1.7e308, \"y\": 2}]");
    r->draw = CF_DRAW_SCATTER;
    r->draw_column_count = 2;
    r->draw_columns[1] = 1;
    CHECK(cf_result_rich(r, CF_RICH_SVG, NULL) == NULL);
    CHECK(cf_result_rich(r, CF_RICH_VEGALITE, NULL) == NULL);
    char *bundle = cf_result_bundle(r, NULL);
    CHECK(holds(bundle, "\"text/html\": ") && !holds(bundle, "image"));
    free(bundle);
    cf_result_release(r);
}

static void axes_of_dates_have_dates(void) {
    static const char *const days[] = {"2012-07-05", "2012-07-09"};
    static const char *const years[] = {"2020"};
    cf_result *r = sample_days(1);
    check_told(r, days, 2);
    json_t *spec = vega_of(r);
    CHECK_NEAR(number(values_of(spec), 1, "x"), 15526 * 86400000.0, 0);
    json_decref(spec);
    cf_result_release(r);
    r = sample_days(500);
    check_told(r, years, 1);
    cf_result_release(r);
    cf_plot_labels t;
    CHECK(cf_plot_time_ticks(CF_TIMESTAMP, 0, 7.2e9, 6, &t) && t.count == 5);
    CHECK_STR(t.text[0], "1970-01-01");
    CHECK_STR(t.text[1], "00:30");
    CHECK_NEAR(t.at[4], 7.2e9, 0);
    CHECK(cf_plot_time_ticks(CF_DATE, -40, 50, 6, &t));
    CHECK_STR(t.text[0], "1969-12"); /* before 1970 too */
    CHECK_NEAR(t.at[0], -31, 0);
    CHECK(!cf_plot_time_ticks(CF_TIMESTAMP, 0, 10, 6, &t));
    CHECK(!cf_plot_time_ticks(CF_TIMESTAMP, 0, 9e18, 6, &t));
    CHECK(!cf_plot_time_ticks(CF_FLOAT64, 0, 10, 6, &t));
}

/* ---- less of a plot ---- */

static void joined_bins_keep_their_sums(void) {
    cf_result *r = sample_hist(5003, 0, 10, 0.5);
    cf_arena *arena = cf_arena_new(4096);
    cf_plot_hist whole, joined;
    CHECK(cf_plot_hist_read(r, arena, &whole));
    joined = whole;
    CHECK(cf_plot_hist_join(&joined, arena, 500));
    CHECK(joined.joined == 11 && joined.count == 455);
    CHECK_NEAR(joined.edges[455], 10, 0);
    CHECK_NEAR(joined.edges[1], 10.0 * 11 / 5003, 1e-12);
    double count = 0, square = 0, want = 0;
    for (int i = 0; i < 11; i++) {
        count += whole.counts[i];
        square += whole.errors[i] * whole.errors[i];
    }
    CHECK_NEAR(joined.counts[0], count, 1e-9);
    CHECK_NEAR(joined.errors[0], sqrt(square), 1e-9);
    count = 0;
    for (uint32_t i = 0; i < 5003; i++)
        want += whole.counts[i];
    for (uint32_t i = 0; i < 455; i++)
        count += joined.counts[i];
    CHECK_NEAR(count, want, 1e-6);
    cf_arena_free(arena);
    cf_result_release(r);
}

static void joined_cells_keep_their_sums(void) {
    cf_result *r = sample_hist2d(130, 50);
    cf_arena *arena = cf_arena_new(4096);
    cf_plot_grid whole, joined;
    CHECK(cf_plot_grid_read(r, arena, &whole));
    joined = whole;
    CHECK(cf_plot_grid_join(&joined, arena, 100));
    CHECK(joined.nx == 65 && joined.ny == 50 && joined.x_joined == 2 && joined.y_joined == 1);
    CHECK_NEAR(joined.counts[10 * 50 + 7],
               whole.counts[20 * 50 + 7] + whole.counts[21 * 50 + 7], 0);
    CHECK_NEAR(joined.x_edges[65], 3, 0);
    char *svg = cf_result_rich(r, CF_RICH_SVG, NULL);
    CHECK(holds(svg, "each cell joins 2 x 1 bins"));
    free(svg);
    cf_arena_free(arena);
    cf_result_release(r);
}

static void a_thinned_line_keeps_its_peaks(void) {
    enum { N = 100000 };
    cf_arena *arena = cf_arena_new(4096);
    double *x = cf_arena_alloc(arena, N * sizeof *x, 8), *y = cf_arena_alloc(arena, N * 8, 8);
    for (int i = 0; i < N; i++) {
        x[i] = i;
        y[i] = i == 54321 ? 100 : i == 77777 ? (double)NAN : cf_random_unit(9, (uint64_t)i);
    }
    const double *series[1] = {y};
    const cf_plot_lines l = {.count = N, .series_count = 1, .x = x, .y = series};
    cf_plot_picks line, dots, all;
    CHECK(cf_plot_thin(&l, 0, 5000, true, arena, &line));
    CHECK(cf_plot_thin(&l, 0, 5000, false, arena, &dots));
    CHECK(cf_plot_thin(&l, 0, N, true, arena, &all));
    CHECK(line.count > 2000 && line.count <= 5000 && dots.count == 5000 && all.count == N);
    bool peak = false, gap = false;
    for (uint32_t i = 0; i < line.count; i++) {
        peak |= line.rows[i] == 54321;
        gap |= line.rows[i] == 77777;
        CHECK(i == 0 || line.rows[i] > line.rows[i - 1]);
    }
    CHECK(peak && gap && line.rows[0] == 0 && line.rows[line.count - 1] == N - 1);
    for (uint32_t i = 1; i < dots.count; i++)
        CHECK(dots.rows[i] > dots.rows[i - 1]);
    cf_arena_free(arena);
}

static void equal_names_of_bars_are_told_apart(void) {
    cf_result *r =
        sample_relation("[{\"n\": \"a\", \"v\": 1}, {\"n\": \"a\", \"v\": 2}, {\"n\": "
                        "\"b\", \"v\": 3}, {\"n\": \"a\", \"v\": 4}]");
    r->draw = CF_DRAW_BAR;
    r->draw_column_count = 2;
    r->draw_columns[1] = 1;
    json_t *spec = vega_of(r);
    static const char *const want[] = {"a", "a (2)", "b", "a (3)"};
    for (size_t i = 0; i < 4; i++)
        CHECK_STR(
            json_string_value(json_object_get(json_array_get(values_of(spec), i), "name")),
            want[i]);
    json_decref(spec);
    cf_result_release(r);
}

static void colours_are_told_apart_and_scales_get_lighter(void) {
    int before = -1;
    for (int i = 0; i <= 100; i++) {
        const uint32_t c = cf_chart_shade(CF_SCALE_COUNTS, i / 100.0);
        const int light =
            (int)(299 * (c >> 16 & 255) + 587 * (c >> 8 & 255) + 114 * (c & 255)) / 1000;
        CHECK(light >= before);
        before = light;
    }
    CHECK(cf_chart_shade(CF_SCALE_SIGNED, 0) == 0xf5f5f5);
    CHECK(cf_chart_shade(CF_SCALE_TABLE, 7) == 0x0a3a6b);
    for (uint32_t i = 0; i < CF_CHART_COLORS; i++)
        for (uint32_t k = 0; k < i; k++)
            CHECK(cf_chart_color(i) != cf_chart_color(k));
}

/* ---- anything at all ---- */

static const char *odd_number(uint64_t seed, uint64_t i) {
    static const char *const numbers[] = {
        "0",      "1",      "-1",      "null", "\"nan\"",  "\"inf\"", "\"-inf\"", "1e308",
        "-1e308", "5e-324", "1e-300",  "0.1",  "12345678", "1e15",    "-0.0",     "3",
        "2",      "1e15",   "4.25e18", "-7.5", "100",      "1e22",    "0.3",      "42"};
    return numbers[cf_hash_u64(i, seed) % CF_COUNT(numbers)];
}

static cf_result *odd_drawing(uint64_t seed) {
    static const char *const names[4][6] = {
        {"low", "high", "count", "error", "a", "b"},
        {"x_low", "x_high", "y_low", "y_high", "count", "error"},
        {"cut", "passed", "share", "total_share", "by", "b"},
        {"x", "y", "z", "u", "v", "w"}};
    const cf_draw draw = (cf_draw)(1 + cf_hash_u64(1, seed) % 7);
    const char *const *columns = names[draw == CF_DRAW_HIST      ? 0
                                       : draw == CF_DRAW_HIST2D  ? 1
                                       : draw == CF_DRAW_CUTFLOW ? 2
                                                                 : 3];
    const uint64_t rows = 1 + cf_hash_u64(2, seed) % 12;
    cf_text t = {0};
    for (uint64_t row = 0; row < rows; row++) {
        sample_next(&t);
        for (uint64_t i = 0; i < 6; i++)
            cf_text_addf(&t, "%s\"%s\": %s", i == 0 ? "{" : ", ", columns[i],
                         odd_number(seed, 16 * row + i));
        cf_text_addc(&t, '}');
    }
    return sample_drawing(&t, draw, "<&\xFF\"", seed % 2 ? "y" : NULL,
                          2 + (uint32_t)(cf_hash_u64(3, seed) % 3));
}

/* Paths are letters of commands and plain numbers; `nan` and `inf` have others. */
static bool has_numbers_only(const char *svg) {
    for (const char *d = strstr(svg, " d=\""); d != NULL; d = strstr(d, " d=\"")) {
        d += 4;
        d += strspn(d, "MLhvz0123456789.- ");
        if (*d != '"') return false;
    }
    return strstr(svg, "=\"nan") == NULL && strstr(svg, "=\"inf") == NULL &&
           strstr(svg, "=\"-nan") == NULL;
}

static void any_numbers_give_well_formed_pictures_or_none(void) {
    int drawn = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        cf_result *r = odd_drawing(seed);
        char *svg = cf_result_rich(r, CF_RICH_SVG, NULL);
        char *vega = cf_result_rich(r, CF_RICH_VEGALITE, NULL);
        char *plain = cf_result_render(
            r, &(cf_render_options){.format = CF_FORMAT_BOX, .width = 80, .drawing = true},
            NULL);
        if ((svg == NULL) != (vega == NULL)) printf("seed %d\n", (int)seed);
        CHECK(plain != NULL && (svg != NULL) == (vega != NULL));
        CHECK(svg == NULL || has_numbers_only(svg));
        json_t *spec = vega == NULL ? NULL : json_loads(vega, 0, NULL);
        CHECK(vega == NULL || spec != NULL);
        drawn += svg != NULL;
        json_decref(spec);
        free(svg);
        free(vega);
        free(plain);
        cf_result_release(r);
    }
    CHECK(drawn > 200);
}

int main(void) {
    RUN(a_histogram_is_the_same_in_every_form);
    RUN(weighted_bins_have_error_bars_at_their_middles);
    RUN(a_cut_flow_is_the_same_in_every_form);
    RUN(a_confusion_matrix_is_the_same_in_every_form);
    RUN(points_and_bars_are_the_same_in_every_form);
    RUN(what_is_no_number_is_left_out_of_pictures);
    RUN(numbers_without_bounds_are_a_table);
    RUN(axes_of_dates_have_dates);
    RUN(joined_bins_keep_their_sums);
    RUN(joined_cells_keep_their_sums);
    RUN(a_thinned_line_keeps_its_peaks);
    RUN(equal_names_of_bars_are_told_apart);
    RUN(colours_are_told_apart_and_scales_get_lighter);
    RUN(any_numbers_give_well_formed_pictures_or_none);
    return cf_test_failures > 0;
}
