#include "column/column.h"
#include "plan/build.h"
#include "test.h"

#include <stdlib.h>

/* A source of one row with a list: {x: 1.0, jets: [{pt, eta, phi}]}. */
static cf_source *tiny_source(void) {
    cf_arena *arena = cf_arena_new(1024);
    cf_field jet[3], columns[2];
    static const char *const names[] = {"pt", "eta", "phi"};
    for (int i = 0; i < 3; i++)
        jet[i] = (cf_field){.name = names[i], .type = &cf_type_float, .node = -1};
    columns[0] = (cf_field){.name = "x", .type = &cf_type_float, .node = -1};
    columns[1] = (cf_field){
        .name = "jets", .type = cf_type_list(arena, cf_type_tuple(arena, jet, 3)), .node = -1};
    cf_builder *b = cf_builder_new(cf_type_tuple(arena, columns, 2));
    cf_builder_float(cf_builder_child(b, 0), 1.0);
    cf_builder_end_list(cf_builder_child(b, 1));
    cf_builder_end_tuple(b);
    cf_column *table = cf_builder_finish(b);
    cf_source *source = NULL;
    CHECK(cf_source_of_table(table, "tiny", &source, NULL) == CF_OK);
    cf_column_release(table);
    cf_arena_free(arena);
    return source;
}

typedef struct {
    cf_plan_builder *b;
    cf_id ev, x, jets, pt, eta, phi;
} frame;

static frame frame_new(void) {
    cf_source *s = tiny_source();
    frame f = {.b = cf_plan_builder_new()};
    const uint32_t n = cf_plan_add_source(f.b, s);
    CHECK(cf_plan_add_source(f.b, s) == n);
    const cf_field *jets = cf_type_field(s->schema, CF_STR("jets"));
    const cf_type *jet = jets->type->fields[0].type;
    f.ev = cf_plan_scan(f.b, n, 0);
    f.x = cf_plan_load(f.b, n, cf_type_field(s->schema, CF_STR("x"))->node, CF_FLOAT64, f.ev);
    f.jets = cf_plan_list(f.b, n, jets->node, f.ev);
    f.pt = cf_plan_load(f.b, n, jet->fields[0].node, CF_FLOAT64, f.jets);
    f.eta = cf_plan_load(f.b, n, jet->fields[1].node, CF_FLOAT64, f.jets);
    f.phi = cf_plan_load(f.b, n, jet->fields[2].node, CF_FLOAT64, f.jets);
    cf_source_release(s);
    return f;
}

static cf_id map2(frame *f, const char *func, cf_id a, cf_id b) {
    const cf_id args[] = {a, b};
    return cf_plan_map_named(f->b, func, args, 2);
}

static void equal_nodes_are_one_node(void) {
    frame f = frame_new();
    CHECK(map2(&f, "add_float", f.x, f.x) == map2(&f, "add_float", f.x, f.x));
    CHECK(cf_plan_const_float(f.b, 0.0) != cf_plan_const_float(f.b, -0.0));
    CHECK(cf_plan_const_int(f.b, 1) != cf_plan_const_bool(f.b, true));
    CHECK(cf_plan_level(f.b, CF_L_COMBINE, &f.jets, 1, 2) ==
          cf_plan_level(f.b, CF_L_COMBINE, &f.jets, 1, 2));
    CHECK(cf_plan_level(f.b, CF_L_COMBINE, &f.jets, 1, 2) !=
          cf_plan_level(f.b, CF_L_COMBINE, &f.jets, 1, 3));
    cf_plan_builder_free(f.b);
}

static void constants_are_folded_unless_that_fails(void) {
    frame f = frame_new();
    const cf_node *sum = cf_plan_node(
        f.b, map2(&f, "add_int", cf_plan_const_int(f.b, 2), cf_plan_const_int(f.b, 3)));
    CHECK(sum->op == CF_V_CONST && sum->i0 == 5);
    const cf_node *over = cf_plan_node(
        f.b, map2(&f, "add_int", cf_plan_const_int(f.b, INT64_MAX), cf_plan_const_int(f.b, 1)));
    CHECK(over->op == CF_V_MAP);
    const cf_node *null = cf_plan_node(
        f.b, map2(&f, "add_int", cf_plan_const_null(f.b, CF_INT64), cf_plan_const_int(f.b, 1)));
    CHECK(null->op == CF_V_CONST && (null->flags & CF_NODE_NULL) != 0 &&
          null->kind == CF_INT64);
    cf_plan_builder_free(f.b);
}

static void values_go_to_the_deepest_level(void) {
    frame f = frame_new();
    const cf_node *n = cf_plan_node(f.b, map2(&f, "mul_float", f.pt, f.x));
    CHECK(n->op == CF_V_MAP && n->level == f.jets);
    CHECK(cf_plan_node(f.b, n->args[1])->op == CF_V_BROADCAST);
    const cf_node *with_constant =
        cf_plan_node(f.b, map2(&f, "mul_float", f.pt, cf_plan_const_float(f.b, 2.0)));
    CHECK(with_constant->args[1] == cf_plan_const_float(f.b, 2.0));
    CHECK(cf_plan_depth(f.b, f.jets) == 2 && cf_plan_is_ancestor(f.b, CF_UNIT, f.jets));
    CHECK(!cf_plan_is_ancestor(f.b, f.jets, f.ev));
    cf_plan_builder_free(f.b);
}

static void what_depends_on_one_jet_is_computed_before_the_pairs(void) {
    frame f = frame_new();
    const cf_id pairs = cf_plan_level(f.b, CF_L_COMBINE, &f.jets, 1, 2);
    const cf_id a = cf_plan_index(f.b, pairs, 0), b = cf_plan_index(f.b, pairs, 1);
    const cf_id pt = cf_plan_gather(f.b, f.pt, a), eta = cf_plan_gather(f.b, f.eta, a);
    const cf_node *n = cf_plan_node(f.b, map2(&f, "mul_float", pt, eta));
    CHECK(n->op == CF_V_GATHER && n->args[1] == a);
    CHECK(cf_plan_node(f.b, n->args[0])->level == f.jets);
    const cf_node *mixed =
        cf_plan_node(f.b, map2(&f, "mul_float", pt, cf_plan_gather(f.b, f.pt, b)));
    CHECK(mixed->op == CF_V_MAP && mixed->level == pairs);
    const cf_node *outer = cf_plan_node(f.b, map2(&f, "mul_float", pt, f.x));
    CHECK(outer->op == CF_V_GATHER); /* an event's value is the same for the jet and the pair */
    cf_plan_builder_free(f.b);
}

static void a_filter_is_not_computed_around(void) {
    frame f = frame_new();
    const cf_id keep = cf_plan_filter(
        f.b, f.jets, map2(&f, "gt_float", f.pt, cf_plan_const_float(f.b, 1.0)), (cf_str){0});
    const cf_id index = cf_plan_index(f.b, keep, 0);
    const cf_node *n = cf_plan_node(f.b, map2(&f, "mul_float", cf_plan_gather(f.b, f.pt, index),
                                              cf_plan_gather(f.b, f.eta, index)));
    CHECK(n->op == CF_V_MAP && n->level == keep);
    const cf_id same = cf_plan_gather(f.b, cf_plan_broadcast(f.b, f.x, f.jets), index);
    CHECK(same == cf_plan_broadcast(f.b, f.x, keep));
    CHECK(cf_plan_gather(f.b, f.x, cf_plan_index(f.b, keep, CF_SLOT_PARENT)) == same);
    cf_plan_builder_free(f.b);
}

static void constants_do_not_pass_a_hole(void) {
    frame f = frame_new();
    const cf_id one = cf_plan_const_int(f.b, 1);
    CHECK(
        cf_plan_node(f.b, cf_plan_gather(f.b, one, cf_plan_pick(f.b, CF_PICK_FIRST, f.jets, 0)))
            ->op == CF_V_GATHER);
    const cf_id pairs = cf_plan_level(f.b, CF_L_COMBINE, &f.jets, 1, 2);
    CHECK(cf_plan_gather(f.b, one, cf_plan_index(f.b, pairs, 0)) == one);
    cf_plan_builder_free(f.b);
}

static void near_elements_become_a_radius_level(void) {
    frame f = frame_new();
    const cf_id args[] = {f.jets, cf_plan_index(f.b, f.jets, CF_SLOT_PARENT)};
    const cf_id all = cf_plan_level(f.b, CF_L_REGATHER, args, 2, 0);
    const cf_id i = cf_plan_index(f.b, all, 0);
    const cf_id r_args[] = {cf_plan_broadcast(f.b, f.eta, all),
                            cf_plan_broadcast(f.b, f.phi, all), cf_plan_gather(f.b, f.eta, i),
                            cf_plan_gather(f.b, f.phi, i)};
    const cf_id r = cf_plan_map_named(f.b, "delta_r_of", r_args, 4);
    const cf_id limit = cf_plan_const_float(f.b, 0.4);
    const cf_node *below = cf_plan_node(
        f.b, cf_plan_filter(f.b, all, map2(&f, "lt_float", r, limit), (cf_str){0}));
    CHECK(below->op == CF_L_RADIUS && below->i0 == 0 && below->level == f.jets);
    const cf_node *turned = cf_plan_node(
        f.b, cf_plan_filter(f.b, all, map2(&f, "ge_float", limit, r), (cf_str){0}));
    CHECK(turned->op == CF_L_RADIUS && turned->i0 == 1);
    const cf_node *above = cf_plan_node(
        f.b, cf_plan_filter(f.b, all, map2(&f, "gt_float", r, limit), (cf_str){0}));
    CHECK(above->op == CF_L_FILTER);
    cf_plan_builder_free(f.b);
}

static void plans_print_a_node_a_line(void) {
    frame f = frame_new();
    const cf_id sum = cf_plan_reduce(f.b, CF_R_SUM, f.jets, f.pt);
    cf_out *value = CF_NEW(cf_plan_builder_arena(f.b), cf_out);
    *value = (cf_out){.shape = CF_OUT_VALUE, .name = "s", .node = sum};
    cf_out *rows = CF_NEW(cf_plan_builder_arena(f.b), cf_out);
    *rows = (cf_out){.shape = CF_OUT_TUPLE, .child_count = 1, .children = &value};
    cf_plan *plan = cf_plan_finish(f.b);
    plan->level = f.ev;
    plan->rows = rows;
    CHECK(cf_plan_check(plan, NULL) == CF_OK);
    cf_text text = {0};
    cf_plan_print(plan, &text);
    CHECK_STR(text.data, "reads tiny (1 rows, 1 partition): x, jets.pt, jets.eta, jets.phi\n"
                         "#1 unit\n"
                         "#2 scan tiny  over #1\n"
                         "#3 float load x  at #2\n"
                         "#4 list jets  over #2\n"
                         "#5 float load jets.pt  at #4\n"
                         "#6 float load jets.eta  at #4\n"
                         "#7 float load jets.phi  at #4\n"
                         "#8 float reduce sum #4 #5  at #2\n"
                         "result at #2\n"
                         "  : tuple\n"
                         "    s: #8\n");
    cf_text_clear(&text);
    cf_plan_free(plan);
}

int main(void) {
    RUN(equal_nodes_are_one_node);
    RUN(constants_are_folded_unless_that_fails);
    RUN(values_go_to_the_deepest_level);
    RUN(what_depends_on_one_jet_is_computed_before_the_pairs);
    RUN(a_filter_is_not_computed_around);
    RUN(constants_do_not_pass_a_hole);
    RUN(near_elements_become_a_radius_level);
    RUN(plans_print_a_node_a_line);
    return cf_test_failures != 0;
}
