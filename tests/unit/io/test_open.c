#define _XOPEN_SOURCE 700 /* nftw */

#include "io/open.h"
#include "source_text.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of its own for each run. */
static char folder[64];

static const char *path_of(const char *name) {
    static char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw) {
    (void)status, (void)kind, (void)ftw;
    return remove(path);
}

static void remove_all(void) {
    CHECK(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

static void put(const char *name, const char *text) {
    FILE *file = fopen(path_of(name), "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void check(const char *name, const char *want) {
    cf_source *source = NULL;
    cf_error err = {0};
    const cf_status status = cf_open(path_of(name), NULL, &source, &err);
    char *got = status == CF_OK ? text_of_source(source) : strdup(err.message);
    for (char *at = got; (at = strstr(at, folder)) != NULL;) /* messages name the whole path */
        memmove(at, at + strlen(folder) + 1, strlen(at + strlen(folder)));
    CHECK_STR(got, want);
    free(got);
}

static void formats_are_found_by_content_and_suffix(void) {
    put("a.csv", "a,b\n1,x\n");
    put("a.tsv", "a\tb\n1\tx\n");
    put("a.json", "[{\"a\": 1, \"b\": \"x\"}]");
    put("a.jsonl", "{\"a\": 1, \"b\": \"x\"}\n");
    put("unnamed", "a;b\n1;x\n");
    put("bare", " [{\"a\": 1, \"b\": \"x\"}]");
    static const char *const names[] = {"a.csv",   "a.tsv",   "a.json",
                                        "a.jsonl", "unnamed", "bare"};
    for (size_t i = 0; i < CF_COUNT(names); i++)
        check(names[i], "{a = int, b = text}\n{\"a\": 1, \"b\": \"x\"}\n");
}

static void files_of_no_format_are_refused(void) {
    put("noise.bin", "\x01\x02\x03");
    put("empty.csv", "");
    put("old.gz", "\x1F\x8B\x08");
    check("noise.bin", "noise.bin is of no format that Cutflow knows");
    check("empty.csv", "empty.csv is empty");
    check("old.gz", "old.gz is compressed by gzip");
    check("none.csv", "cannot open none.csv: No such file or directory");
}

static void globs_and_folders_are_one_relation_in_order(void) {
    CHECK(mkdir(path_of("parts"), 0777) == 0);
    put("parts/2.csv", "a\n3\n");
    put("parts/1.csv", "a\n1\n2\n");
    put("parts/README", "not data");
    const char *want = "{a = int}\n{\"a\": 1}\n{\"a\": 2}\n{\"a\": 3}\n";
    check("parts/*.csv", want);
    check("parts/[12].csv", want);
    check("parts", want);
    check("parts/*.root", "no file is called like parts/*.root");
    put("parts/1.json", "[{\"a\": 1}]");
    check("parts/1.*",
          "parts/1.csv is csv and parts/1.json is json: they cannot be one relation");
}

static void make(const char *name) {
    CHECK(mkdir(path_of(name), 0777) == 0);
}

static void folders_called_key_value_are_columns(void) {
    make("set");
    make("set/year=2018");
    make("set/year=2018/site=a%20b");
    make("set/year=2019");
    make("set/year=2019/site=__HIVE_DEFAULT_PARTITION__");
    put("set/year=2018/site=a%20b/1.csv", "x\n1\n2\n");
    put("set/year=2019/site=__HIVE_DEFAULT_PARTITION__/1.csv", "x\n3\n");
    check("set", "{x = int, year = int, site = text}\n"
                 "{\"x\": 1, \"year\": 2018, \"site\": \"a b\"}\n"
                 "{\"x\": 2, \"year\": 2018, \"site\": \"a b\"}\n"
                 "{\"x\": 3, \"year\": 2019, \"site\": null}\n");
    check("set/year=2018", "{x = int, site = text}\n{\"x\": 1, \"site\": \"a b\"}\n"
                           "{\"x\": 2, \"site\": \"a b\"}\n");
    make("set/month=1");
    put("set/month=1/1.csv", "x\n3\n");
    check("set", "set/month=1/1.csv and set/year=2018/site=a%20b/1.csv cannot be one relation: "
                 "their folders name different keys");
    make("other");
    make("other/k=1");
    make("other/k=2");
    put("other/k=1/1.json", "[{\"a\": 1}]");
    put("other/k=2/1.json", "[{\"a\": \"x\"}]");
    check("other",
          "other/k=1/1.json and other/k=2/1.json cannot be one relation: column `a` is "
          "not the same in both");
}

static void json_files_are_chained(void) {
    CHECK(mkdir(path_of("json"), 0777) == 0);
    put("json/1.json", "[{\"a\": [1]}, {\"a\": []}]");
    put("json/2.json", "[{\"a\": [2, 3]}, {\"a\": null}]");
    check("json/?.json",
          "{a = [int]}\n{\"a\": [1]}\n{\"a\": []}\n{\"a\": [2, 3]}\n{\"a\": null}\n");
}

static cf_table *sample(cf_arena *arena) {
    const cf_field fields[] = {
        {.name = "n", .type = &cf_type_int, .nullable = true, .node = -1},
        {.name = "s", .type = &cf_type_text, .nullable = true, .node = -1}};
    cf_builder *b = cf_builder_new(cf_type_tuple(arena, fields, 2));
    CHECK(cf_builder_int(cf_builder_child(b, 0), 1) &&
          cf_builder_text(cf_builder_child(b, 1), "a,b", 3));
    CHECK(cf_builder_end_tuple(b));
    CHECK(cf_builder_null(cf_builder_child(b, 0)) &&
          cf_builder_text(cf_builder_child(b, 1), "", 0));
    CHECK(cf_builder_end_tuple(b));
    return cf_builder_finish(b);
}

static char *content(const char *name) {
    static char text[256];
    FILE *file = fopen(path_of(name), "r");
    text[0] = '\0';
    if (file == NULL) return text;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

static void texts_are_written_through_a_file_beside(void) {
    static const struct {
        const char *name, *want;
    } cases[] = {
        {"out.csv", "n,s\n1,\"a,b\"\n,\"\"\n"},
        {"out.tsv", "n\ts\n1\ta,b\n\t\"\"\n"},
        {"out.json", "[\n{\"n\": 1, \"s\": \"a,b\"},\n{\"n\": null, \"s\": \"\"}\n]\n"},
        {"out.jsonl", "{\"n\": 1, \"s\": \"a,b\"}\n{\"n\": null, \"s\": \"\"}\n"}};
    cf_arena *arena = cf_arena_new(1024);
    cf_table *table = sample(arena);
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_writer *w = NULL;
        int64_t bytes = 0;
        CHECK(cf_writer_open(path_of(cases[i].name), NULL, table->type, &w, NULL) == CF_OK);
        CHECK(cf_writer_add(w, table, NULL) == CF_OK);
        CHECK_STR(content(cases[i].name), "");
        CHECK(cf_writer_finish(w, &bytes, NULL) == CF_OK);
        CHECK_STR(content(cases[i].name), cases[i].want);
        CHECK(bytes == (int64_t)strlen(cases[i].want));
    }
    cf_column_release(table);
    cf_arena_free(arena);
}

static void what_is_abandoned_leaves_the_old_file(void) {
    cf_arena *arena = cf_arena_new(1024);
    cf_table *table = sample(arena);
    cf_writer *w = NULL;
    put("kept.csv", "old\n");
    CHECK(cf_writer_open(path_of("kept.csv"), NULL, table->type, &w, NULL) == CF_OK);
    CHECK(cf_writer_add(w, table, NULL) == CF_OK);
    cf_writer_abandon(w);
    CHECK_STR(content("kept.csv"), "old\n");
    CHECK(cf_writer_open(path_of("x"), NULL, table->type, &w, NULL) == CF_E_WRITE);
    CHECK(cf_writer_open(path_of("no/such/x.csv"), NULL, table->type, &w, NULL) == CF_E_WRITE);
    cf_column_release(table);
    cf_arena_free(arena);
}

int main(void) {
    (void)snprintf(folder, sizeof folder, "/tmp/cutflow-test-XXXXXX");
    if (mkdtemp(folder) == NULL) return 1;
    RUN(formats_are_found_by_content_and_suffix);
    RUN(files_of_no_format_are_refused);
    RUN(globs_and_folders_are_one_relation_in_order);
    RUN(folders_called_key_value_are_columns);
    RUN(json_files_are_chained);
    RUN(texts_are_written_through_a_file_beside);
    RUN(what_is_abandoned_leaves_the_old_file);
    remove_all();
    return cf_test_failures > 0;
}
