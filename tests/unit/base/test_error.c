#include "base/base.h"
#include "test.h"

static void the_first_error_wins(void) {
    cf_error err = {0};
    const cf_span at = {1, 10, 15};
    CHECK(cf_fail(&err, CF_E_UNKNOWN_COLUMN, at, "no column `%s` in %s", "btagg", "Jet") ==
          CF_E_UNKNOWN_COLUMN);
    CHECK(cf_fail(&err, CF_E_TYPE, CF_NOWHERE, "later") == CF_E_TYPE);
    CHECK(err.status == CF_E_UNKNOWN_COLUMN && err.span.begin == 10 && err.span.end == 15);
    CHECK_STR(err.message, "no column `btagg` in Jet");
}

static void callers_add_a_trail_a_hint_and_labels(void) {
    cf_error err = {0};
    cf_error_while(&err, "nothing is wrong yet");
    CHECK_STR(err.trail, "");
    (void)cf_fail(&err, CF_E_FORMAT, CF_NOWHERE, "bad magic");
    cf_error_while(&err, "reading %s", "a.root");
    cf_error_while(&err, "running cell %d", 3);
    cf_error_hint(&err, "is it a %s file?", "ROOT");
    cf_error_label(&err, "here");
    cf_error_because(&err, (cf_span){2, 3, 4}, "opened %s", "there");
    CHECK_STR(err.trail, "while reading a.root, while running cell 3");
    CHECK_STR(err.hint, "is it a ROOT file?");
    CHECK_STR(err.label, "here");
    CHECK_STR(err.because, "opened there");
    CHECK(err.cause.source == 2 && err.cause.end == 4);
}

static void no_error_to_fill_is_fine(void) {
    CHECK(cf_fail(NULL, CF_E_MEMORY, CF_NOWHERE, "x") == CF_E_MEMORY);
    cf_error_while(NULL, "x");
    cf_error_hint(NULL, "x");
    cf_error_label(NULL, "x");
    cf_error_because(NULL, CF_NOWHERE, "x");
}

static void long_texts_are_cut_between_characters(void) {
    for (size_t lead = 0; lead < 4; lead++) {
        cf_text long_text = {0};
        for (size_t i = 0; i < lead; i++)
            cf_text_addc(&long_text, 'x');
        for (int i = 0; i < 400; i++)
            cf_text_adds(&long_text, "\xE2\x82\xAC");
        cf_error err = {0};
        (void)cf_fail(&err, CF_E_VALUE, CF_NOWHERE, "%s", long_text.data);
        for (int i = 0; i < 5; i++)
            cf_error_while(&err, "%s", long_text.data);
        CHECK(strlen(err.message) >= sizeof err.message - 4);
        CHECK(cf_utf8_valid(err.message, strlen(err.message)));
        CHECK(strlen(err.trail) < sizeof err.trail);
        CHECK(cf_utf8_valid(err.trail, strlen(err.trail)));
        cf_text_clear(&long_text);
    }
}

static void codes_have_titles(void) {
    CHECK_STR(cf_status_title(12), "no column of that name");
    CHECK(cf_status_title(0) == NULL);
    CHECK(cf_status_title(98) == NULL);
}

int main(void) {
    RUN(the_first_error_wins);
    RUN(callers_add_a_trail_a_hint_and_labels);
    RUN(no_error_to_fill_is_fine);
    RUN(long_texts_are_cut_between_characters);
    RUN(codes_have_titles);
    return cf_test_failures != 0;
}
