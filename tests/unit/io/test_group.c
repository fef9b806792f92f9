/* Which flat columns belong together. */

#include "io/group.h"
#include "test.h"

/* The groups as text: `Muon[pt eta] MET{pt phi}`. */
static const char *grouped(const cf_group_item *items, uint32_t count, bool scalars) {
    static char text[512];
    cf_arena *arena = cf_arena_new(1024);
    cf_grouping g;
    size_t n = 0;
    text[0] = '\0';
    CHECK(cf_group_columns(items, count, scalars, arena, &g));
    for (uint32_t k = 0; k < g.group_count; k++) {
        uint32_t members = 0;
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s%c", k > 0 ? " " : "",
                              g.groups[k].name, g.groups[k].list ? '[' : '{');
        for (uint32_t i = 0; i < count; i++) {
            if (g.group_of[i] == (int32_t)k)
                n += (size_t)snprintf(text + n, sizeof text - n, "%s%s",
                                      members++ > 0 ? " " : "", g.member[i]);
        }
        n += (size_t)snprintf(text + n, sizeof text - n, "%c", g.groups[k].list ? ']' : '}');
        CHECK(members == g.groups[k].count);
    }
    cf_arena_free(arena);
    return text;
}

#define GROUPED(scalars, ...)                     \
    grouped((const cf_group_item[]){__VA_ARGS__}, \
            (uint32_t)CF_COUNT(((const cf_group_item[]){__VA_ARGS__})), scalars)
#define LIST(n, c) \
    { .name = n, .list = true, .counter = c }
#define SCALAR(n) \
    { .name = n }

static void lists_of_one_counter_are_a_list_of_tuples(void) {
    CHECK_STR(
        GROUPED(true, SCALAR("nMuon"), LIST("Muon_pt", "nMuon"), LIST("Muon_eta", "nMuon")),
        "Muon[pt eta]");
    CHECK_STR(GROUPED(true, LIST("jet_pt", "jet_n"), LIST("jet_eta", "jet_n")), "jet[pt eta]");
    CHECK_STR(GROUPED(true, LIST("jet_pt", NULL), LIST("jet_eta", NULL)), "jet[pt eta]");
}

static void one_list_is_enough_if_the_counter_says_so(void) {
    CHECK_STR(GROUPED(true, LIST("PSWeight_x", "nPSWeight")), "PSWeight[x]");
    CHECK_STR(GROUPED(true, LIST("jet_pt", "jet_n")), "");
    CHECK_STR(GROUPED(true, LIST("LHEPdfWeight", "nLHEPdfWeight")), "");
}

static void only_the_first_underscore_counts(void) {
    CHECK_STR(GROUPED(true, LIST("Jet_btag_a", "nJet"), LIST("Jet_btag_b", "nJet")),
              "Jet[btag_a btag_b]");
    CHECK_STR(GROUPED(true, SCALAR("_a"), SCALAR("_b"), SCALAR("c_"), SCALAR("d_")), "");
}

static void lists_of_different_length_stay_apart(void) {
    CHECK_STR(GROUPED(true, LIST("x_a", "n1"), LIST("x_b", "n2"), LIST("x_c", "n2")), "x[b c]");
    CHECK_STR(grouped((const cf_group_item[]){{.name = "x_a", .list = true, .shape = 1},
                                              {.name = "x_b", .list = true, .shape = 2}},
                      2, true),
              "");
}

static void scalars_are_a_tuple_where_that_is_asked_for(void) {
    CHECK_STR(GROUPED(true, SCALAR("MET_pt"), SCALAR("MET_phi"), SCALAR("PV_x")),
              "MET{pt phi}");
    CHECK_STR(GROUPED(false, SCALAR("MET_pt"), SCALAR("MET_phi")), "");
}

static void a_column_of_that_name_forbids_the_group(void) {
    CHECK_STR(GROUPED(true, SCALAR("MET"), SCALAR("MET_pt"), SCALAR("MET_phi")), "");
    CHECK_STR(GROUPED(true, LIST("SV_x", "nSV"), SCALAR("SV_a"), SCALAR("SV_b")), "SV[x]");
}

static void groups_come_in_the_order_of_the_file(void) {
    CHECK_STR(GROUPED(true, SCALAR("z_a"), LIST("a_b", "na"), SCALAR("z_c"), LIST("a_d", "na")),
              "z{a c} a[b d]");
}

int main(void) {
    RUN(lists_of_one_counter_are_a_list_of_tuples);
    RUN(one_list_is_enough_if_the_counter_says_so);
    RUN(only_the_first_underscore_counts);
    RUN(lists_of_different_length_stay_apart);
    RUN(scalars_are_a_tuple_where_that_is_asked_for);
    RUN(a_column_of_that_name_forbids_the_group);
    RUN(groups_come_in_the_order_of_the_file);
    return cf_test_failures == 0 ? 0 : 1;
}
