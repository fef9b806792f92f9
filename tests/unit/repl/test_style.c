/* The lines that a terminal shows beside the results, and where a program may be cut. */

#include "repl/terminal_internal.h"
#include "test.h"

#include <stdlib.h>

static void progress_says_how_far_and_how_long(void) {
    const cf_progress_report p = {1200000, 4800000, 98000000, 2.04, 6.1, 1, 1, NULL};
    char line[256];
    cf_style_progress(line, sizeof(line), &p, 80, false);
    CHECK_STR(line, " 25%  1200k of 4800k rows  98.0 MB  2.0 s, 6.1 s left");
    cf_style_progress(line, sizeof(line), &p, 120, false);
    CHECK_STR(line,
              "#####---------------   25%  1200k of 4800k rows  98.0 MB  2.0 s, 6.1 s left");
}

static void progress_without_a_total_names_no_share(void) {
    const cf_progress_report p = {50, 0, 999, 61, -1, 2, 3, NULL};
    char line[256];
    cf_style_progress(line, sizeof(line), &p, 80, true);
    CHECK_STR(line, "step 2 of 3  50 rows  999 B  61.0 s");
}

static void progress_ends_with_the_note(void) {
    const cf_progress_report p = {50, 0, 999, 61, -1, 1, 1, "epoch 3/10"};
    char line[256];
    cf_style_progress(line, sizeof(line), &p, 80, true);
    CHECK_STR(line, "50 rows  999 B  61.0 s  epoch 3/10");
}

static void progress_never_overruns(void) {
    const cf_progress_report p = {INT64_MAX, INT64_MAX, INT64_MAX, 1e300,
                                  1e300,     ~0U,       ~0U,       "note"};
    char line[16];
    CHECK(cf_style_progress(line, sizeof(line), &p, 200, true) == sizeof(line) - 1);
    CHECK(strlen(line) == sizeof(line) - 1);
}

static void timing_is_one_line(void) {
    const cf_timing t = {3700000000000, 95000000, 12, 0, 1000, 123456789};
    char line[256];
    cf_style_timing(line, sizeof(line), &t);
    CHECK_STR(line,
              "time: 1 h 01 min, cpu 95 ms, 12 rows, 0 B read, 1.0 kB unpacked, peak 123 MB");
}

static void colours_stand_on_the_headline_the_carets_and_the_help(void) {
    char *s = cf_style_error("error[E0012]: no `x`\n  1 | a | ^x\n    |     ^ here\nhelp: y\n");
    CHECK(s != NULL);
    if (s == NULL) return;
    CHECK_STR(s, "\033[1;31merror[E0012]:\033[0m\033[1m no `x`\033[0m\n  1 | a | ^x\n    |     "
                 "\033[1;31m^ here\033[0m\n\033[1;36mhelp:\033[0m y\n");
    free(s);
}

static void wide_and_tall_texts_need_a_pager(void) {
    CHECK(!cf_text_exceeds("abc\nab\n", 7, 3, 3));
    CHECK(cf_text_exceeds("abcd\n", 5, 3, 3));
    CHECK(cf_text_exceeds("a\nb\nc\n", 6, 3, 3));
    CHECK(!cf_text_exceeds("\033[1;31mab\033[0m\n", 14, 3, 3));
}

static void a_program_is_cut_at_blank_lines_and_beginnings(void) {
    const char *text = "from a\nfilter x\n\nlet y = (\n\n  1\n)\nfrom b\n";
    const size_t size = strlen(text);
    size_t end = cf_statement_end(text, size, 0);
    CHECK(end == 16);
    end = cf_statement_end(text, size, end);
    CHECK(end == strlen(text) - 7);
    CHECK(cf_statement_end(text, size, end) == size);
}

static void an_annotation_stays_with_its_let(void) {
    const char *text = "@{param}\nlet a = 1\nlet b = 2\n";
    CHECK(cf_statement_end(text, strlen(text), 0) == 19);
}

static void a_part_keeps_its_line_numbers(void) {
    char *part = cf_statement_alone("ab\nc\nd\n", 3, 5);
    CHECK(part != NULL);
    if (part == NULL) return;
    CHECK_STR(part, "  \nc\n");
    free(part);
}

int main(void) {
    RUN(progress_says_how_far_and_how_long);
    RUN(progress_without_a_total_names_no_share);
    RUN(progress_ends_with_the_note);
    RUN(progress_never_overruns);
    RUN(timing_is_one_line);
    RUN(colours_stand_on_the_headline_the_carets_and_the_help);
    RUN(wide_and_tall_texts_need_a_pager);
    RUN(a_program_is_cut_at_blank_lines_and_beginnings);
    RUN(an_annotation_stays_with_its_let);
    RUN(a_part_keeps_its_line_numbers);
    return cf_test_failures != 0;
}
