/* The tables of built-ins: complete, findable, choosable. */
#include "call.h"

static const cf_builtin *find(const char *name) {
    return cf_builtin_find(cf_str_of(name));
}

static void every_builtin_has_usage_doc_and_example(void) {
    size_t families;
    const cf_family *f = cf_families(&families);
    size_t count = 0;
    for (size_t i = 0; i < families; i++)
        for (size_t b = 0; b < f[i].count; b++, count++) {
            const cf_builtin *x = &f[i].builtins[b];
            const bool good = x->usage != NULL && x->doc != NULL && x->example != NULL &&
                              x->doc[0] != '\0' && x->usage[0] != '\0' && x->example[0] != '\0';
            if (!good) printf("%s\n", x->name);
            CHECK(good);
            CHECK(f[i].title != NULL);
        }
    CHECK(count > 130);
}

static void related_names_exist(void) {
    size_t families;
    const cf_family *f = cf_families(&families);
    for (size_t i = 0; i < families; i++)
        for (size_t b = 0; b < f[i].count; b++) {
            const char *at = f[i].builtins[b].related;
            for (size_t size; at != NULL && *at != '\0'; at += size + (at[size] == ' ')) {
                size = strcspn(at, " ");
                const size_t skip = *at == '%' && size > 1;
                const bool known = cf_builtin_find((cf_str){at + skip, size - skip}) != NULL;
                if (!known) printf("%s: %.*s\n", f[i].builtins[b].name, (int)size, at);
                CHECK(known);
            }
        }
}

static void lines_of_documentation_fit_a_terminal(void) {
    size_t families;
    const cf_family *f = cf_families(&families);
    for (size_t i = 0; i < families; i++)
        for (size_t b = 0; b < f[i].count; b++)
            for (const char *at = f[i].builtins[b].doc; *at != '\0';) {
                const size_t size = strcspn(at, "\n");
                if (size > 118) printf("%s: %zu\n", f[i].builtins[b].name, size);
                CHECK(size <= 118);
                at += size + (at[size] == '\n');
            }
}

static void functions_that_work_have_loops_and_plan_names(void) {
    size_t families;
    const cf_family *f = cf_families(&families);
    for (size_t i = 0; i < families; i++)
        for (size_t b = 0; b < f[i].count; b++) {
            const cf_builtin *x = &f[i].builtins[b];
            if (x->class == CF_BUILTIN_MAP && x->since == NULL) CHECK(x->overload_count > 0);
            for (uint32_t o = 0; o < x->overload_count; o++) {
                CHECK(x->overloads[o].fn != NULL);
                CHECK(cf_func_find(cf_str_of(x->overloads[o].name)) == &x->overloads[o]);
            }
        }
}

static void names_are_found_with_and_without_math(void) {
    CHECK(find("abs") != NULL);
    CHECK(find("math.abs") == find("abs"));
    CHECK(find("text.lower") != NULL);
    CHECK(find("lower") == NULL);
    CHECK(find("math.lower") == NULL);
    CHECK(find("math.filter") == NULL);
    CHECK(find("year") == NULL);
    CHECK(find("date.year") != NULL);
    CHECK(find("nonsense") == NULL);
    CHECK(find("") == NULL);
    CHECK(cf_func_find(CF_STR("add")) == NULL);
    CHECK(find("last")->class == CF_BUILTIN_WINDOW);
}

static const char *chosen(const char *name, cf_kind a, cf_kind b) {
    const cf_kind kinds[2] = {a, b};
    const cf_func *f = cf_func_choose(find(name), kinds, 2);
    return f == NULL ? "none" : f->name;
}

static void overloads_are_chosen_by_kind(void) {
    CHECK_STR(chosen("+", CF_INT64, CF_INT64), "add_int");
    CHECK_STR(chosen("+", CF_INT64, CF_FLOAT64), "add_float");
    CHECK_STR(chosen("+", CF_INT32, CF_UINT8), "add_int");
    CHECK_STR(chosen("+", CF_FLOAT32, CF_INT16), "add_float");
    CHECK_STR(chosen("+", CF_NULL, CF_FLOAT64), "add_float");
    CHECK_STR(chosen("+", CF_NULL, CF_NULL), "add_int");
    CHECK_STR(chosen("+", CF_TEXT, CF_TEXT), "none");
    CHECK_STR(chosen("+", CF_BOOL, CF_INT64), "none");
    CHECK_STR(chosen("+", CF_DATE, CF_DURATION), "add_date_duration");
    CHECK_STR(chosen("-", CF_DATE, CF_DATE), "sub_date");
    CHECK_STR(chosen("-", CF_DATE, CF_TIMESTAMP), "sub_timestamp");
    CHECK_STR(chosen("/", CF_INT64, CF_INT64), "div_float");
    CHECK_STR(chosen("//", CF_INT64, CF_INT64), "idiv_int");
    CHECK_STR(chosen("==", CF_BOOL, CF_BOOL), "eq_bool");
    CHECK_STR(chosen("==", CF_DATE, CF_TIMESTAMP), "eq_timestamp");
    CHECK_STR(chosen("<", CF_BOOL, CF_INT64), "none");
    CHECK_STR(chosen("<", CF_BOOL, CF_BOOL), "none");
    CHECK_STR(chosen("??", CF_INT64, CF_FLOAT64), "coalesce_float");
    CHECK_STR(chosen("round", CF_INT64, CF_FLOAT64), "round_float");
    CHECK_STR(chosen("round", CF_INT64, CF_INT64), "round_int");
    const cf_kind one = CF_TEXT;
    CHECK_STR(cf_func_choose(find("is_null"), &one, 1)->name, "is_null");
    CHECK(cf_func_choose(find("sqrt"), &one, 1) == NULL);
    CHECK(cf_func_choose(find("pi"), NULL, 0) != NULL);
    const cf_kind three[3] = {CF_TEXT, CF_TEXT, CF_TEXT};
    CHECK_STR(cf_func_choose(find("text_concat"), three, 3)->name, "text_concat");
}

static void conversions_exist_where_they_should(void) {
    static const cf_kind numbers[] = {CF_INT8,   CF_INT16,  CF_INT32, CF_UINT8,
                                      CF_UINT16, CF_UINT32, CF_UINT64};
    for (size_t i = 0; i < CF_COUNT(numbers); i++) {
        CHECK(cf_func_cast(numbers[i], CF_INT64) != NULL);
        CHECK(cf_func_cast(numbers[i], CF_FLOAT64) != NULL);
    }
    CHECK(cf_func_cast(CF_FLOAT32, CF_FLOAT64) != NULL);
    CHECK(cf_func_cast(CF_DECIMAL, CF_FLOAT64) != NULL);
    for (cf_kind k = CF_BOOL; k <= CF_DURATION; k++) {
        CHECK(cf_func_cast(CF_NULL, k) != NULL);
        CHECK(k == CF_TEXT || cf_func_cast(k, CF_TEXT) != NULL);
        CHECK(k == CF_TEXT || cf_func_cast(CF_TEXT, k) != NULL);
        CHECK(cf_func_cast(k, k) == NULL);
    }
    CHECK(cf_func_cast(CF_DATE, CF_INT64) == NULL);
    CHECK(cf_func_cast(CF_FLOAT64, CF_BOOL) == NULL);
}

int main(void) {
    RUN(every_builtin_has_usage_doc_and_example);
    RUN(related_names_exist);
    RUN(lines_of_documentation_fit_a_terminal);
    RUN(functions_that_work_have_loops_and_plan_names);
    RUN(names_are_found_with_and_without_math);
    RUN(overloads_are_chosen_by_kind);
    RUN(conversions_exist_where_they_should);
    return call_end();
}
