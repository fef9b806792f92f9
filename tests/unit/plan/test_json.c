#include "column/column.h"
#include "plan/build.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>

static cf_source *numbers_source(const char *second) {
    cf_field columns[] = {{.name = "x", .type = &cf_type_float, .node = -1},
                          {.name = second, .type = &cf_type_text, .node = -1}};
    cf_arena *arena = cf_arena_new(1024);
    cf_builder *b = cf_builder_new(cf_type_tuple(arena, columns, 2));
    cf_column *table = cf_builder_finish(b);
    cf_source *source = NULL;
    CHECK(cf_source_of_table(table, "numbers", &source, NULL) == CF_OK);
    cf_column_release(table);
    cf_arena_free(arena);
    return source;
}

static cf_out *out_of(cf_plan_builder *b, const char *name, cf_id node) {
    cf_out *o = CF_NEW(cf_plan_builder_arena(b), cf_out);
    *o = (cf_out){.shape = CF_OUT_VALUE, .name = name, .node = node, .unit = "GeV"};
    return o;
}

static cf_plan *sample_plan(cf_source *s) {
    cf_plan_builder *b = cf_plan_builder_new();
    const uint32_t n = cf_plan_add_source(b, s);
    cf_plan_at(b, (cf_span){1, 5, 9});
    const cf_id ev = cf_plan_scan(b, n, 0);
    const cf_id x = cf_plan_load(b, n, s->schema->fields[0].node, CF_FLOAT64, ev);
    const double values[] = {0.1,
                             1e-300,
                             -0.0,
                             5e-324,
                             1.7976931348623157e308,
                             100.0,
                             (double)NAN,
                             (double)INFINITY,
                             -(double)INFINITY};
    cf_id sum = x;
    for (size_t i = 0; i < CF_COUNT(values); i++) {
        const cf_id args[] = {sum, cf_plan_const_float(b, values[i])};
        sum = cf_plan_map_named(b, "add_float", args, 2);
    }
    const cf_id args[] = {sum, cf_plan_const_float(b, 2.0)};
    const cf_id keep = cf_plan_filter(b, ev, cf_plan_map_named(b, "gt_float", args, 2),
                                      CF_STR("cut \"one\"\n\\"));
    cf_out **fields = CF_NEWS(cf_plan_builder_arena(b), cf_out *, 4);
    fields[0] = out_of(b, "sum", cf_plan_gather(b, sum, cf_plan_index(b, keep, 0)));
    fields[1] = out_of(b, "text", cf_plan_const_text(b, CF_STR("a\0b\xC3\xA9")));
    fields[2] = out_of(b, "bytes", cf_plan_const_text(b, CF_STR("\xFF\x01")));
    fields[3] = out_of(b, "low", cf_plan_const_int(b, INT64_MIN));
    cf_out *rows = CF_NEW(cf_plan_builder_arena(b), cf_out);
    *rows = (cf_out){.shape = CF_OUT_TUPLE, .child_count = 4, .children = fields};
    cf_plan *plan = cf_plan_finish(b);
    plan->level = keep;
    plan->rows = rows;
    plan->limit = 10;
    plan->count_rows = true;
    plan->saves = CF_NEW(plan->arena, cf_save);
    plan->saves[0] = (cf_save){.path = "out.csv", .level = keep, .rows = rows};
    plan->save_count = 1;
    return plan;
}

static void a_plan_reads_back_equal(void) {
    cf_source *s = numbers_source("t");
    cf_plan *plan = sample_plan(s), *again = NULL;
    cf_error err = {0};
    char *json = cf_plan_to_json(plan, &err);
    CHECK(json != NULL);
    CHECK(strstr(json, "0.1,") != NULL || strstr(json, "0.1}") != NULL ||
          strstr(json, ":0.1") != NULL);
    const cf_status status = cf_plan_from_json(json, NULL, NULL, &s, 1, &again, &err);
    if (status != CF_OK) printf("%s\n", err.message);
    CHECK(status == CF_OK);
    if (status == CF_OK) {
        char *second = cf_plan_to_json(again, &err);
        CHECK_STR(second, json);
        free(second);
        for (cf_id id = 1; id <= plan->node_count; id++) {
            const cf_node *a = &plan->nodes[id], *b = &again->nodes[id];
            CHECK(a->op == b->op && a->func == b->func && a->i0 == b->i0);
            CHECK(memcmp(&a->f0, &b->f0, sizeof a->f0) == 0 || (isnan(a->f0) && isnan(b->f0)));
            CHECK(cf_str_equal(a->text, b->text));
        }
        cf_plan_free(again);
    }
    free(json);
    cf_plan_free(plan);
    cf_source_release(s);
}

static void another_schema_is_noticed(void) {
    cf_source *s = numbers_source("t"), *other = numbers_source("u");
    cf_plan *plan = sample_plan(s), *again = NULL;
    cf_error err = {0};
    char *json = cf_plan_to_json(plan, &err);
    CHECK(cf_plan_from_json(json, NULL, NULL, &other, 1, &again, &err) == CF_E_MISMATCH);
    free(json);
    cf_plan_free(plan);
    cf_source_release(s);
    cf_source_release(other);
}

/* Every change of one character gives a plan that passes the checks, or an error. */
static void damaged_plans_are_errors(void) {
    cf_source *s = numbers_source("t");
    cf_plan *plan = sample_plan(s);
    char *json = cf_plan_to_json(plan, NULL);
    const size_t size = strlen(json);
    static const char put[] = "019,]}\"x";
    size_t errors = 0;
    for (size_t i = 0; i < size; i++)
        for (size_t k = 0; k + 1 < sizeof put; k++) {
            const char was = json[i];
            json[i] = put[k];
            cf_plan *again = NULL;
            cf_error err = {0};
            if (cf_plan_from_json(json, NULL, NULL, &s, 1, &again, &err) == CF_OK)
                cf_plan_free(again);
            else
                errors++;
            json[i] = was;
        }
    CHECK(errors > size);
    free(json);
    cf_plan_free(plan);
    cf_source_release(s);
}

int main(void) {
    RUN(a_plan_reads_back_equal);
    RUN(another_schema_is_noticed);
    RUN(damaged_plans_are_errors);
    return cf_test_failures != 0;
}
