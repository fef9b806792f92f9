#include "rich_samples.h"
#include "session/rich.h"
#include "test.h"

#include "cutflow/session.h"

#include <jansson.h>

/* The forms of results for notebooks.  With a folder as argument every form of every sample is
 * written there, for eyes and for judges in other languages (tests/py/test_rich.py). */

/* ---- for other judges ---- */

static void put_file(const char *folder, const char *name, const char *ending, const char *data,
                     size_t size) {
    char path[1024];
    if (data == NULL) return;
    (void)snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    if (file == NULL) return;
    CHECK(fwrite(data, 1, size, file) == size);
    CHECK(fclose(file) == 0);
}

static void put_form(const char *folder, const sample *s, cf_rich form, const char *ending) {
    size_t size = 0;
    char *data = cf_result_rich(s->r, form, &size);
    put_file(folder, s->name, ending, data, size);
    free(data);
}

static int put_samples(const char *folder) {
    sample s[SAMPLES];
    const size_t count = make_samples(s);
    for (size_t i = 0; i < count; i++) {
        put_form(folder, &s[i], CF_RICH_HTML, "html");
        put_form(folder, &s[i], CF_RICH_VEGALITE, "vl.json");
        put_form(folder, &s[i], CF_RICH_SVG, "svg");
        put_form(folder, &s[i], CF_RICH_PNG, "png");
        size_t size = 0;
        char *bundle = cf_result_bundle(s[i].r, &size);
        put_file(folder, s[i].name, "bundle.json", bundle, size);
        free(bundle);
        cf_result_release(s[i].r);
    }
    return cf_test_failures > 0;
}

/* ---- errors ---- */

static void errors_have_a_name_and_a_traceback_in_colours(void) {
    static const char text[] = "from t\nfilter ptt > 3\n";
    cf_error e = {0};
    char name[32];
    (void)cf_fail(&e, (cf_status)12, (cf_span){1, 14, 17}, "no column `ptt` in t");
    cf_error_hint(&e, "did you mean `pt`?");
    cf_error_name(&e, name);
    CHECK_STR(name, "E0012");
    char *plain = cf_error_render(&e, text, sizeof text - 1, "cell 3", false);
    CHECK_STR(plain, "error[E0012]: no column `ptt` in t\n"
                     "  cell 3, line 2 | filter ptt > 3\n"
                     "                 |        ^^^\n"
                     "help: did you mean `pt`?\n");
    char *color = cf_error_traceback(&e, text, sizeof text - 1, "cell 3");
    CHECK(strstr(color, "\033[1;31merror[E0012]\033[0m") == color);
    size_t kept = 0;
    for (const char *c = color; *c != '\0'; c++) /* without colours it is the same text */
        if (*c == '\033')
            c = strchr(c, 'm');
        else
            color[kept++] = *c;
    color[kept] = '\0';
    CHECK_STR(color, plain);
    e.status = CF_E_CANCELLED;
    cf_error_name(&e, name);
    CHECK_STR(name, "KeyboardInterrupt");
    free(plain);
    free(color);
}

/* ---- tables ---- */

static char *html_of(cf_result *r) {
    char *html = cf_result_rich(r, CF_RICH_HTML, NULL);
    cf_result_release(r);
    return html;
}

static void a_page_cannot_be_broken_by_names_or_values(void) {
    char *html = html_of(sample_nasty());
    CHECK(holds(html, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    CHECK(holds(html, "&lt;b&gt;&amp;amp;&quot;&#39;&lt;/b&gt;"));
    CHECK(!holds(html, "<script") && !holds(html, "<b>"));
    CHECK(holds(html, "a\\nb\\x00c\\x1bd\xEF\xBF\xBD"));
    CHECK(cf_utf8_valid(html, strlen(html)));
    for (const char *c = html; *c != '\0'; c++)
        CHECK((unsigned char)*c >= 0x20 || *c == '\n');
    free(html);
}

static void a_table_has_types_and_says_what_is_missing(void) {
    char *html = html_of(sample_events(10));
    CHECK(holds(html, "<th class=\"n\">event</th>"));
    CHECK(holds(html, "<th class=\"n\">int</th>"));
    CHECK(holds(html, ">[{pt = float, eta = float, charg…</th>"));
    CHECK(holds(html, "<td class=\"u\">null</td>"));
    CHECK(holds(html, "<summary>[3 rows]</summary><table"));
    CHECK(holds(html, "<td>{pt = 30.2455, phi = 2.85317}</td>"));
    CHECK(holds(html, "<p>10 of 1,234,567 rows</p>"));
    free(html);
}

static cf_result *sample_wide(int columns, int rows, const char *value) {
    cf_text t = {0};
    for (int i = 0; i < rows; i++) {
        sample_next(&t);
        cf_text_addc(&t, '{');
        for (int k = 0; k < columns; k++)
            cf_text_addf(&t, "%s\"c%d\": %s", k > 0 ? ", " : "", k, value);
        cf_text_addc(&t, '}');
    }
    cf_text_addc(&t, ']');
    cf_result *r = sample_relation(t.data);
    cf_text_clear(&t);
    return r;
}

static void columns_that_are_too_many_are_named_below(void) {
    char *html = html_of(sample_wide(52, 1, "1"));
    CHECK(holds(html, "<th class=\"n\">c39</th>") && !holds(html, "<th class=\"n\">c40</th>"));
    CHECK(holds(html, "<p>1 row, and 12 more columns: c40, c41, "));
    free(html);
}

static void points_of_numbers_are_below_each_other(void) {
    char *html = html_of(sample_relation("[{\"x\": 1.5}, {\"x\": 10.125}, {\"x\": \"nan\"}]"));
    CHECK(holds(html, "<td class=\"n\">1.5\xE2\x80\x87\xE2\x80\x87</td>"));
    CHECK(holds(html, "<td class=\"n\">10.125</td>"));
    CHECK(holds(html, "<td class=\"n\">nan</td>"));
    free(html);
}

static void long_cells_are_cut_and_long_lists_unfold(void) {
    cf_text t = {0};
    cf_text_adds(&t, "[{\"text\": \"");
    for (int i = 0; i < 300; i++)
        cf_text_adds(&t, "é");
    cf_text_adds(&t, "\", \"list\": [1");
    for (int i = 0; i < 2999; i++)
        cf_text_adds(&t, ", 17");
    cf_text_adds(&t, "], \"rows\": [{\"a\": 1}");
    for (int i = 0; i < 99; i++)
        cf_text_adds(&t, ", {\"a\": 2}");
    cf_text_adds(&t, "]}]");
    char *html = html_of(sample_relation(t.data));
    const char *cell = html == NULL ? NULL : strstr(html, "<td class=\"w\" title=\"éé");
    CHECK(cell != NULL);
    if (cell != NULL) {
        cell = strchr(cell, '>') + 1;
        CHECK(cf_utf8_count(cell, (size_t)(strchr(cell, '<') - cell)) == 201);
    }
    CHECK(holds(html, "<summary>[3,000 values]</summary>[1, 17, "));
    CHECK(holds(html, "<summary>[100 rows]</summary>") && holds(html, "20 of 100 rows</p>"));
    CHECK(strlen(html) < 8000);
    cf_text_clear(&t);
    free(html);
}

static void a_page_stays_below_a_megabyte(void) {
    cf_result *r = sample_wide(
        60, 1200, "[{\"pt\": 1.5, \"q\": [{\"a\": 1}, {\"a\": 2}], \"t\": \"abc\"}]");
    size_t size = 0;
    char *html = cf_result_rich(r, CF_RICH_HTML, &size);
    CHECK(size > 300000 && size < 500000);
    CHECK(holds(html, " of 1,200 rows, and 20 more columns"));
    char *bundle = cf_result_bundle(r, &size);
    CHECK(size < 1000000);
    free(bundle);
    free(html);
    cf_result_release(r);
}

static void only_values_with_rows_are_tables(void) {
    static const char *const without[] = {"1", "\"<b>\"", "[1, 2]", "{\"a\": 1}", "null"};
    for (size_t i = 0; i < CF_COUNT(without); i++)
        CHECK(html_of(sample_value(without[i])) == NULL);
    char *html = html_of(sample_value("[{\"a\": 1}, {\"a\": 2}]"));
    CHECK(holds(html, "<p>2 rows</p>") && holds(html, "<td class=\"n\">2</td>"));
    free(html);
    html = html_of(sample_value("{\"train\": [{\"a\": 1}], \"test\": [{\"a\": 2}]}"));
    CHECK(holds(html, "<th>train</th>") && holds(html, "<summary>[1 row]</summary>"));
    free(html);
}

/* ---- bundles ---- */

static json_t *bundle_of(const cf_result *r) {
    size_t size = 0;
    char *text = cf_result_bundle(r, &size);
    CHECK(text != NULL && size == strlen(text));
    json_error_t err;
    json_t *bundle = json_loadb(text, size, JSON_REJECT_DUPLICATES, &err);
    if (bundle == NULL) printf("%s: %.200s\n", err.text, text);
    CHECK(bundle != NULL);
    free(text);
    return bundle;
}

static void check_keys(cf_result *r, const char *want) {
    json_t *bundle = bundle_of(r), *value;
    const char *key;
    cf_text keys = {0};
    cf_text_add(&keys, "", 0);
    json_object_foreach(bundle, key, value) {
        if (strcmp(key, "image/png") != 0) cf_text_addf(&keys, "%s ", key);
    }
    CHECK_STR(keys.data, want);
    cf_text_clear(&keys);
    json_decref(bundle);
    cf_result_release(r);
}

static void a_bundle_has_the_forms_that_a_notebook_shows_best(void) {
    static const char all[] = "application/vnd.vegalite.v5+json image/svg+xml text/plain ";
    check_keys(sample_events(3), "text/html text/plain ");
    check_keys(sample_value("3"), "text/plain ");
    check_keys(sample_cuts(true), all);
    check_keys(sample_hist(10, 0, 1, 1), all);
    cf_result *text = cf_result_new(CF_RESULT_TEXT);
    text->text = strdup("plan\n  scan\n");
    check_keys(cf_result_retain(text), "text/plain ");
    json_t *bundle = bundle_of(text);
    CHECK_STR(json_string_value(json_object_get(bundle, "text/plain")), "plan\n  scan");
    json_decref(bundle);
    cf_result_release(text);
    cf_result *odd = sample_relation("[{\"a\": 1}]"); /* not what a histogram needs */
    odd->draw = CF_DRAW_HIST;
    check_keys(odd, "text/html text/plain ");
}

static void plain_text_of_a_bundle_is_what_a_terminal_shows(void) {
    cf_result *r = sample_relation("[{\"a\": 1, \"b\": \"x\"}]");
    json_t *bundle = bundle_of(r);
    CHECK_STR(json_string_value(json_object_get(bundle, "text/plain")), "┌─────┬──────┐\n"
                                                                        "│   a │ b    │\n"
                                                                        "│ int │ text │\n"
                                                                        "├─────┼──────┤\n"
                                                                        "│   1 │ x    │\n"
                                                                        "└─────┴──────┘\n"
                                                                        "1 row");
    json_decref(bundle);
    cf_result_release(r);
}

static void json_never_holds_what_is_no_text(void) {
    cf_text t = {0};
    cf_rich_add_json(&t, "a\0b\xFF\"\n", 6);
    CHECK_STR(t.data, "\"a\xEF\xBF\xBD"
                      "b\xEF\xBF\xBD\\\"\\n\"");
    cf_text_clear(&t);
}

static uint32_t base64_digit(char c) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(digits, c);
    return at == NULL ? 0 : (uint32_t)(at - digits);
}

/* Decoded again, the bundle's picture is the picture; it is twice as large as the SVG. */
static void pixels_survive_the_bundle(void) {
    cf_result *r = sample_cuts(false);
    size_t size = 0;
    char *png = cf_result_rich(r, CF_RICH_PNG, &size);
    if (png == NULL) {
        printf("no drawing library: pixels are not tested\n");
        cf_result_release(r);
        return;
    }
    json_t *bundle = bundle_of(r);
    const json_t *form = json_object_get(bundle, "image/png");
    const char *code = json_string_value(form);
    CHECK(json_string_length(form) == (size + 2) / 3 * 4);
    size_t at = 0;
    for (size_t i = 0; code[i] != '\0'; i += 4) {
        const uint32_t x = base64_digit(code[i]) << 18 | base64_digit(code[i + 1]) << 12 |
                           base64_digit(code[i + 2]) << 6 | base64_digit(code[i + 3]);
        for (int k = 0; k < 3 && at < size; k++, at++)
            CHECK((unsigned char)png[at] == (x >> (16 - 8 * k) & 255));
    }
    CHECK(at == size && memcmp(png, "\x89PNG\r\n\x1a\n", 8) == 0);
    const unsigned char *head = (const unsigned char *)png + 16;
    char *svg = cf_result_rich(r, CF_RICH_SVG, NULL), want[80];
    (void)snprintf(want, sizeof want, "width=\"%d\" height=\"%d\"",
                   (head[2] << 8 | head[3]) / 2, (head[6] << 8 | head[7]) / 2);
    CHECK(holds(svg, want));
    free(svg);
    free(png);
    json_decref(bundle);
    cf_result_release(r);
}

static void the_same_result_gives_the_same_bytes(void) {
    sample a[SAMPLES], b[SAMPLES];
    const size_t count = make_samples(a);
    (void)make_samples(b);
    for (size_t i = 0; i < count; i++) {
        size_t n = 0, m = 0;
        char *one = cf_result_bundle(a[i].r, &n), *two = cf_result_bundle(b[i].r, &m);
        CHECK(n == m && memcmp(one, two, n) == 0);
        CHECK(n < 1000000);
        free(one);
        free(two);
        cf_result_release(a[i].r);
        cf_result_release(b[i].r);
    }
}

int main(int argc, char **argv) {
    if (argc > 1) return put_samples(argv[1]);
    RUN(errors_have_a_name_and_a_traceback_in_colours);
    RUN(a_page_cannot_be_broken_by_names_or_values);
    RUN(a_table_has_types_and_says_what_is_missing);
    RUN(columns_that_are_too_many_are_named_below);
    RUN(points_of_numbers_are_below_each_other);
    RUN(long_cells_are_cut_and_long_lists_unfold);
    RUN(a_page_stays_below_a_megabyte);
    RUN(only_values_with_rows_are_tables);
    RUN(a_bundle_has_the_forms_that_a_notebook_shows_best);
    RUN(plain_text_of_a_bundle_is_what_a_terminal_shows);
    RUN(json_never_holds_what_is_no_text);
    RUN(pixels_survive_the_bundle);
    RUN(the_same_result_gives_the_same_bytes);
    return cf_test_failures > 0;
}
