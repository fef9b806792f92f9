#include "session/result.h"

/* Golden texts of every format.  Rows are written as JSON: the reader is tested elsewhere. */

#include "io/json.h"
#include "io/rows.h"
#include "test.h"

#include <stdlib.h>

static cf_result *relation(const char *json) {
    cf_storage *storage = NULL;
    cf_source *source = NULL;
    cf_result *r = cf_result_new(CF_RESULT_RELATION);
    CHECK(cf_storage_of_memory("test", json, strlen(json), &storage, NULL) == CF_OK);
    CHECK(cf_json_open_storage(storage, &source, NULL) == CF_OK);
    CHECK(cf_rows_read_all(source, &r->rows, NULL) == CF_OK);
    cf_source_release(source);
    cf_storage_close(storage);
    r->total = r->rows->length;
    return r;
}

static cf_result *value(const char *json) {
    cf_text rows = {0};
    cf_text_addf(&rows, "[{\"value\": %s}]", json);
    cf_result *r = relation(rows.data);
    r->kind = CF_RESULT_VALUE;
    cf_text_clear(&rows);
    return r;
}

/* Releases the result. */
static void check(cf_result *r, cf_render_options options, const char *want) {
    size_t size = 0;
    char *got = cf_result_render(r, &options, &size);
    CHECK(got != NULL && size == strlen(got));
    CHECK_STR(got, want);
    free(got);
    cf_result_release(r);
}

static const char muons[] =
    "[{\"event\": 1, \"pt\": 10.84461, \"name\": \"a|b\", \"mu\": [{\"pt\": 1.5, "
    "\"q\": -1}, {\"pt\": 2, \"q\": 1}]}, {\"event\": 20, \"pt\": \"nan\", "
    "\"name\": \"\", \"mu\": []}, {\"event\": 3, \"pt\": 1.07, \"mu\": null}]";

static void csv_tells_null_from_nothing(void) {
    check(relation(muons), (cf_render_options){.format = CF_FORMAT_CSV},
          "event,pt,name,mu\n"
          "1,10.84461,a|b,\"[{\"\"pt\"\": 1.5, \"\"q\"\": -1}, {\"\"pt\"\": 2.0, \"\"q\"\": "
          "1}]\"\n"
          "20,nan,\"\",[]\n"
          "3,1.07,,\n");
    check(relation("[{\"a\": \"x\\ty\", \"b\": \"inf\"}, {\"a\": \"z\", \"b\": -1e300}]"),
          (cf_render_options){.format = CF_FORMAT_TSV}, "a\tb\n\"x\ty\"\tinf\nz\t-1e300\n");
}

static void json_is_one_line(void) {
    check(relation(muons), (cf_render_options){.format = CF_FORMAT_JSON},
          "[{\"event\": 1, \"pt\": 10.84461, \"name\": \"a|b\", \"mu\": [{\"pt\": 1.5, \"q\": "
          "-1}, "
          "{\"pt\": 2.0, \"q\": 1}]}, {\"event\": 20, \"pt\": \"nan\", \"name\": \"\", \"mu\": "
          "[]}, "
          "{\"event\": 3, \"pt\": 1.07, \"name\": null, \"mu\": null}]\n");
    check(relation("[{\"a\": 1}, {\"a\": 2}]"),
          (cf_render_options){.format = CF_FORMAT_JSONLINES}, "{\"a\": 1}\n{\"a\": 2}\n");
}

static void plain_is_aligned_and_complete(void) {
    check(relation(muons), (cf_render_options){.format = CF_FORMAT_PLAIN, .unicode = true},
          "event        pt  name  mu\n"
          "    1  10.84461  a|b   [{pt = 1.5, q = -1}, {pt = 2.0, q = 1}]\n"
          "   20       nan        []\n"
          "    3   1.07     null  null\n");
}

static void a_box_shows_types_and_says_how_many_rows(void) {
    cf_result *r = relation(muons);
    r->total = 1234567;
    check(r, (cf_render_options){.format = CF_FORMAT_BOX, .width = 80, .unicode = true},
          "┌───────┬─────────┬──────┬─────────────────────────────────────────┐\n"
          "│ event │      pt │ name │ mu                                      │\n"
          "│   int │   float │ text │ [{pt = float, q = int}]                 │\n"
          "├───────┼─────────┼──────┼─────────────────────────────────────────┤\n"
          "│     1 │ 10.8446 │ a|b  │ [{pt = 1.5, q = -1}, {pt = 2.0, q = 1}] │\n"
          "│    20 │     nan │      │ []                                      │\n"
          "│     3 │  1.07   │ null │ null                                    │\n"
          "└───────┴─────────┴──────┴─────────────────────────────────────────┘\n"
          "1,234,567 rows, showing 3\n");
}

static void a_narrow_box_cuts_texts_but_no_numbers(void) {
    check(relation(muons),
          (cf_render_options){.format = CF_FORMAT_BOX, .width = 50, .unicode = true},
          "┌───────┬─────────┬──────┬───────────────────────┐\n"
          "│ event │      pt │ name │ mu                    │\n"
          "│   int │   float │ text │ [{pt = float, q = in… │\n"
          "├───────┼─────────┼──────┼───────────────────────┤\n"
          "│     1 │ 10.8446 │ a|b  │ [{pt = 1.5, q = -1},… │\n"
          "│    20 │     nan │      │ []                    │\n"
          "│     3 │  1.07   │ null │ null                  │\n"
          "└───────┴─────────┴──────┴───────────────────────┘\n"
          "3 rows\n");
}

static void columns_that_do_not_fit_are_left_out_and_told(void) {
    check(relation("[{\"a\": 1000001, \"b\": 1000002, \"c\": 1000003, \"d\": 1000004, \"e\": "
                   "1000005}]"),
          (cf_render_options){.format = CF_FORMAT_BOX, .width = 40},
          "+---------+---------+---+---------+\n"
          "|       a |       b | . |       e |\n"
          "|     int |     int | . |     int |\n"
          "+---------+---------+---+---------+\n"
          "| 1000001 | 1000002 | . | 1000005 |\n"
          "+---------+---------+---+---------+\n"
          "1 row; 5 columns, showing 3\n");
}

static void wide_characters_keep_their_columns(void) {
    check(relation("[{\"s\": \"日本\"}, {\"s\": \"a\\nb\"}]"),
          (cf_render_options){.format = CF_FORMAT_BOX, .width = 80, .unicode = true},
          "┌──────┐\n│ s    │\n│ text │\n├──────┤\n│ 日本 │\n│ a\\nb │\n└──────┘\n2 rows\n");
}

static void markdown_escapes_bars(void) {
    check(relation("[{\"n\": 1, \"s\": \"a|b\"}]"),
          (cf_render_options){.format = CF_FORMAT_MARKDOWN},
          "| n | s   |\n|--:|-----|\n| 1 | a\\|b |\n");
}

static void vertical_is_a_block_a_row(void) {
    check(relation("[{\"n\": 1, \"name\": \"x\"}, {\"n\": 2, \"name\": null}]"),
          (cf_render_options){.format = CF_FORMAT_VERTICAL},
          "row 1\n  n    = 1\n  name = x\nrow 2\n  n    = 2\n  name = null\n");
}

static void values_are_bare(void) {
    const cf_render_options plain = {.format = CF_FORMAT_PLAIN, .unicode = true};
    check(value("0.1"), plain, "0.1\n");
    check(value("3"), plain, "3\n");
    check(value("\"a text\""), plain, "a text\n");
    check(value("{\"pt\": 1.5, \"name\": \"x\"}"), plain, "{pt = 1.5, name = \"x\"}\n");
    check(value("[1, 2, null]"), plain, "[1, 2, null]\n");
    check(value("\"a text\""), (cf_render_options){.format = CF_FORMAT_JSON}, "\"a text\"\n");
    check(value("[1, 2]"), (cf_render_options){.format = CF_FORMAT_CSV}, "[1, 2]\n");
    check(value("\"a, text\""), (cf_render_options){.format = CF_FORMAT_CSV}, "a, text\n");
}

static void texts_and_notes_end_with_a_newline(void) {
    cf_result *text = cf_result_new(CF_RESULT_TEXT);
    text->text = strdup("two\nlines");
    check(text, (cf_render_options){.format = CF_FORMAT_BOX}, "two\nlines\n");
    cf_result *note = cf_result_new(CF_RESULT_RELATION);
    note->note = strdup("3 rows, 120 bytes to a.csv");
    check(note, (cf_render_options){.format = CF_FORMAT_PLAIN}, "3 rows, 120 bytes to a.csv\n");
}

static void rounding_keeps_six_digits(void) {
    check(relation(
              "[{\"x\": 1234567.8}, {\"x\": 0.000123456789}, {\"x\": 1e-7}, {\"x\": 2.5e20}, "
              "{\"x\": -99999.95}, {\"x\": 0}, {\"x\": 123456.7}]"),
          (cf_render_options){.format = CF_FORMAT_PLAIN, .width = 80},
          "                x\n1234568\n      0.000123457\n             1e-7\n           "
          "2.5e20\n -99999.9\n      0.0\n 123457\n");
}

static cf_result *histogram(void) {
    cf_result *r =
        relation("[{\"low\": null, \"high\": 0.0, \"count\": 2, \"error\": 1.4},"
                 " {\"low\": 0, \"high\": 10, \"count\": 4, \"error\": 2},"
                 " {\"low\": 10, \"high\": 20, \"count\": 8, \"error\": 2.8284271247461903},"
                 " {\"low\": 20, \"high\": 30, \"count\": 1, \"error\": 1},"
                 " {\"low\": 30, \"high\": 40, \"count\": 0, \"error\": 0},"
                 " {\"low\": 40, \"high\": null, \"count\": 5, \"error\": 2.2}]");
    r->draw = CF_DRAW_HIST;
    r->label_x = strdup("pt");
    r->caption = strdup("3 nan left out");
    return r;
}

static void a_histogram_is_drawn(void) {
    check(histogram(),
          (cf_render_options){
              .format = CF_FORMAT_BOX, .width = 40, .unicode = true, .drawing = true},
          "  │         █████████\n"
          "  │         █████████\n"
          "  │         █████████\n"
          "5 ┤         █████████\n"
          "  │██████████████████\n"
          "  │██████████████████\n"
          "  │██████████████████\n"
          "  │███████████████████████████\n"
          "0 └┬────────┬────────┬────────┬────────┬\n"
          "   0       10       20       30       40\n"
          "                    pt\n"
          "20 entries, underflow 2, overflow 5, mean 12.6923, 3 nan left out\n");
    check(histogram(),
          (cf_render_options){.format = CF_FORMAT_BOX, .width = 40, .drawing = true},
          "  |         #########\n"
          "  |         #########\n"
          "  |         #########\n"
          "5 +         #########\n"
          "  |##################\n"
          "  |##################\n"
          "  |##################\n"
          "  |###########################\n"
          "0 ++--------+--------+--------+--------+\n"
          "   0       10       20       30       40\n"
          "                    pt\n"
          "20 entries, underflow 2, overflow 5, mean 12.6923, 3 nan left out\n");
}

static void a_histogram_stays_data_for_programs(void) {
    check(histogram(), (cf_render_options){.format = CF_FORMAT_CSV, .drawing = true},
          "low,high,count,error\n,0.0,2,1.4\n0,10.0,4,2.0\n10,20.0,8,2.8284271247461903\n20,30."
          "0,1,1.0\n30,40."
          "0,0,0.0\n40,,5,2.2\n");
}

static void a_cut_flow_is_a_table_with_bars(void) {
    cf_result *r = relation(
        "[{\"cut\": \"all\", \"passed\": 1000, \"share\": 1.0, \"total_share\": 1.0},"
        " {\"cut\": \"two muons\", \"passed\": 250, \"share\": 0.25, \"total_share\": 0.25},"
        " {\"cut\": \"MET.pt > 9\", \"passed\": 1, \"share\": 0.004, \"total_share\": "
        "0.0002}]");
    r->draw = CF_DRAW_CUTFLOW;
    check(r,
          (cf_render_options){
              .format = CF_FORMAT_BOX, .width = 60, .unicode = true, .drawing = true},
          "cut         passed     share     total\n"
          "all          1,000    100.0%    100.0%  ████████████████\n"
          "two muons      250     25.0%     25.0%  ████\n"
          "MET.pt > 9       1      0.4%     0.02%  ▏\n");
}

static void bars_have_labels_and_values(void) {
    cf_result *r = relation("[{\"k\": \"qcd\", \"n\": 4}, {\"k\": \"tt\", \"n\": 1}]");
    r->draw = CF_DRAW_BAR;
    r->draw_column_count = 2;
    r->draw_columns[1] = 1;
    check(r,
          (cf_render_options){
              .format = CF_FORMAT_BOX, .width = 24, .unicode = true, .drawing = true},
          "    n\nqcd 4 ▏████████████████\ntt  1 ▏████\n");
}

static void a_drawing_without_data_shows_its_rows(void) {
    cf_result *r = relation("[{\"x\": null, \"y\": null}]");
    r->draw = CF_DRAW_LINE;
    r->draw_column_count = 2;
    r->draw_columns[1] = 1;
    check(
        r, (cf_render_options){.format = CF_FORMAT_BOX, .width = 24, .drawing = true},
        "+------+------+\n| x    | y    |\n| text | text |\n+------+------+\n| null | null |\n"
        "+------+------+\n1 row\n");
}

int main(void) {
    RUN(csv_tells_null_from_nothing);
    RUN(json_is_one_line);
    RUN(plain_is_aligned_and_complete);
    RUN(a_box_shows_types_and_says_how_many_rows);
    RUN(a_narrow_box_cuts_texts_but_no_numbers);
    RUN(columns_that_do_not_fit_are_left_out_and_told);
    RUN(wide_characters_keep_their_columns);
    RUN(markdown_escapes_bars);
    RUN(vertical_is_a_block_a_row);
    RUN(values_are_bare);
    RUN(texts_and_notes_end_with_a_newline);
    RUN(rounding_keeps_six_digits);
    RUN(a_histogram_is_drawn);
    RUN(a_histogram_stays_data_for_programs);
    RUN(a_cut_flow_is_a_table_with_bars);
    RUN(bars_have_labels_and_values);
    RUN(a_drawing_without_data_shows_its_rows);
    return cf_test_failures > 0;
}
