#include "base/base.h"
#include "test.h"

static void texts_compare_by_bytes_and_then_length(void) {
    CHECK(cf_str_equal(CF_STR("pt"), cf_str_of("pt")));
    CHECK(!cf_str_equal(CF_STR("pt"), CF_STR("pto")));
    CHECK(cf_str_is(CF_STR("eta"), "eta") && !cf_str_is(CF_STR("eta"), "et"));
    CHECK(cf_str_compare(CF_STR("a"), CF_STR("b")) < 0);
    CHECK(cf_str_compare(CF_STR("ab"), CF_STR("a")) > 0);
    CHECK(cf_str_compare(CF_STR("\xC3\xA9"), CF_STR("z")) > 0);
    CHECK(cf_str_compare((cf_str){NULL, 0}, CF_STR("")) == 0);
}

static void a_text_grows_by_any_of_its_parts(void) {
    cf_text t = {0};
    for (int i = 0; i < 300; i++) {
        cf_text_add(&t, "ab", 2);
        cf_text_adds(&t, "-");
        cf_text_addc(&t, 'x');
        cf_text_addf(&t, "%03d;", i);
    }
    CHECK(t.size == 300 * 8 && strlen(t.data) == t.size && !t.failed);
    CHECK(memcmp(t.data + t.size - 8, "ab-x299;", 8) == 0);
    cf_text_clear(&t);
    CHECK(t.data == NULL && t.size == 0);
}

static void an_arena_keeps_copies_and_printed_texts(void) {
    cf_arena *arena = cf_arena_new(256);
    CHECK_STR(cf_str_dup(arena, (cf_str){"Muon_pt", 4}), "Muon");
    CHECK_STR(cf_arena_printf(arena, "%s_%d", "n", 12), "n_12");
    cf_arena_free(arena);
}

static void valid_utf8_decodes_and_encodes(void) {
    static const char *const texts[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    static const uint32_t points[] = {'a', 0xE9, 0x20AC, 0x1F600};
    for (size_t i = 0; i < CF_COUNT(texts); i++) {
        uint32_t x;
        char again[4];
        CHECK(cf_utf8_next(texts[i], strlen(texts[i]), &x) == i + 1 && x == points[i]);
        CHECK(cf_utf8_put(again, x) == i + 1 && memcmp(again, texts[i], i + 1) == 0);
        CHECK(cf_utf8_valid(texts[i], i + 1));
    }
}

static void every_code_point_survives_the_way_there_and_back(void) {
    for (uint32_t x = 0; x <= 0x10FFFF; x++) {
        if (x >= 0xD800 && x <= 0xDFFF) continue;
        char bytes[4];
        uint32_t again;
        const size_t size = cf_utf8_put(bytes, x);
        CHECK(cf_utf8_next(bytes, size, &again) == size && again == x);
    }
}

static void bad_bytes_are_replaced_one_by_one(void) {
    static const char *const bad[] = {"\x80",     "\xC0\x80",     "\xC3",
                                      "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                      "\xFF",     "\xE0\x80\x80", "\xF0\x80\x80\x80"};
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        uint32_t x;
        CHECK(cf_utf8_next(bad[i], strlen(bad[i]), &x) == 1 && x == 0xFFFD);
        CHECK(!cf_utf8_valid(bad[i], strlen(bad[i])));
        CHECK(cf_utf8_count(bad[i], strlen(bad[i])) == strlen(bad[i]));
    }
    CHECK(cf_utf8_valid("\xEF\xBF\xBD", 3));
}

static int width(const char *text) {
    return cf_utf8_width(text, strlen(text));
}

static void width_counts_terminal_columns(void) {
    CHECK(width("") == 0);
    CHECK(width("p\xCC\x84t") == 2);               /* p with a macron above, t */
    CHECK(width("\xCE\x94\xCF\x86") == 2);         /* Greek */
    CHECK(width("\xE6\xBC\xA2\xE5\xAD\x97") == 4); /* Chinese */
    CHECK(width("\xF0\x9F\x98\x80") == 2);         /* emoji */
    CHECK(width("\xE2\x80\x8B") == 0);             /* zero-width space */
    CHECK(width("a\x01\x7F") == 1);
    CHECK(width("\xE2\x94\x82") == 1); /* line drawing */
}

static size_t distance(const char *a, const char *b) {
    return cf_edit_distance(cf_str_of(a), cf_str_of(b));
}

static void distance_counts_slips(void) {
    CHECK(distance("", "") == 0);
    CHECK(distance("", "abc") == 3);
    CHECK(distance("Muoon", "Muon") == 1);
    CHECK(distance("Moun", "Muon") == 1);
    CHECK(distance("filtre", "filter") == 1);
    CHECK(distance("btag", "mtag") == 1);
    CHECK(distance("kitten", "sitting") == 3);
    CHECK(distance("\xCE\xB7", "e") == 1);
}

static void very_long_names_are_far_from_each_other(void) {
    char a[300], b[300];
    memset(a, 'a', sizeof a);
    memset(b, 'a', sizeof b);
    CHECK(cf_edit_distance((cf_str){a, 300}, (cf_str){b, 300}) == 0);
    CHECK(cf_edit_distance((cf_str){a, 300}, (cf_str){b, 299}) == 300);
    CHECK(cf_edit_distance((cf_str){a, 128}, (cf_str){b, 120}) == 8);
}

int main(void) {
    RUN(texts_compare_by_bytes_and_then_length);
    RUN(a_text_grows_by_any_of_its_parts);
    RUN(an_arena_keeps_copies_and_printed_texts);
    RUN(valid_utf8_decodes_and_encodes);
    RUN(every_code_point_survives_the_way_there_and_back);
    RUN(bad_bytes_are_replaced_one_by_one);
    RUN(width_counts_terminal_columns);
    RUN(distance_counts_slips);
    RUN(very_long_names_are_far_from_each_other);
    return cf_test_failures != 0;
}
