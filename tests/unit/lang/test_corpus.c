#include "lang/dump.h"
#include "lang/parse.h"
#include "test.h"

#include <dirent.h>
#include <stdlib.h>

/* Whole programs: they parse, formatting keeps their meaning and is done after once, and none
 * of their damaged copies crashes anything.  The programs with recorded rows are not part of
 * the repository: CUTFLOW_LANGTESTS is their folder. */

#define PROGRAMS_MAX 400
#define BYTES_MAX    (1 << 16)

static struct {
    char *name, *text;
    size_t size;
} programs[PROGRAMS_MAX];
static size_t program_count;

static void add_file(const char *folder, const char *name) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL || program_count == PROGRAMS_MAX) {
        printf("cannot read %s\n", path);
        cf_test_failures++;
        if (file != NULL) (void)fclose(file);
        return;
    }
    char *text = malloc(BYTES_MAX), *copy = strdup(path);
    if (text == NULL || copy == NULL) exit(1);
    programs[program_count].size = fread(text, 1, BYTES_MAX, file);
    programs[program_count].text = text;
    programs[program_count++].name = copy;
    (void)fclose(file);
}

static size_t add_folder(const char *folder, const char *ending) {
    DIR *dir = opendir(folder);
    const size_t before = program_count;
    if (dir == NULL) return 0;
    for (const struct dirent *entry;
         (entry = readdir(dir)) != NULL;) { /* NOLINT(concurrency-mt-unsafe) */
        const size_t size = strlen(entry->d_name), tail = strlen(ending);
        if (size > tail && strcmp(entry->d_name + size - tail, ending) == 0)
            add_file(folder, entry->d_name);
    }
    (void)closedir(dir);
    return program_count - before;
}

static const char *tree(cf_arena *arena, const char *text, size_t size, cf_diags *diags,
                        cf_text *out) {
    cf_program_dump(out, cf_parse(arena, 1, text, size, diags), true);
    return out->data == NULL ? "" : out->data;
}

static void all_programs_parse(void) {
    for (size_t i = 0; i < program_count; i++) {
        cf_arena *arena = cf_arena_new(1 << 16);
        cf_diags diags = {0};
        const cf_program *p = cf_parse(arena, 1, programs[i].text, programs[i].size, &diags);
        if (diags.count > 0) printf("%s: %s\n", programs[i].name, diags.errors[0].message);
        CHECK(diags.count == 0 && p->count > 0);
        unsigned indent = 0;
        CHECK(cf_is_complete(programs[i].text, programs[i].size, &indent) == CF_COMPLETE);
        cf_arena_free(arena);
    }
}

static void formatting_keeps_the_tree_and_is_done_after_once(void) {
    for (size_t i = 0; i < program_count; i++) {
        cf_arena *arena = cf_arena_new(1 << 16);
        cf_diags diags = {0};
        cf_error err = {0};
        cf_text once = {0}, twice = {0}, before = {0}, after = {0};
        CHECK(cf_format_program(programs[i].text, programs[i].size, &once, &err) == CF_OK);
        CHECK(cf_format_program(once.data, once.size, &twice, &err) == CF_OK);
        CHECK_STR(twice.data, once.data);
        CHECK_STR(tree(arena, once.data, once.size, &diags, &after),
                  tree(arena, programs[i].text, programs[i].size, &diags, &before));
        cf_text_clear(&once);
        cf_text_clear(&twice);
        cf_text_clear(&before);
        cf_text_clear(&after);
        cf_arena_free(arena);
    }
}

/* ---- damage ------------------------------------------------------------------------------ */

static uint64_t random_state = 1;

static size_t below(size_t limit) {
    random_state += 0x9e3779b97f4a7c15u;
    return limit == 0 ? 0 : (size_t)(cf_hash_u64(random_state, 7) % limit);
}

static void splice(char *text, size_t *size, size_t at, size_t cut, const char *piece,
                   size_t add) {
    if (*size + add > BYTES_MAX || at + cut > *size) return;
    memmove(text + at + add, text + at + cut, *size - at - cut);
    if (add > 0) memcpy(text + at, piece, add);
    *size = *size - cut + add;
}

static void damage(char *text, size_t *size) {
    static const char *const pieces[] = {
        "(",      ")",        "[",        "]",          "{",         "}",   "|",      "\n",
        "\n\n",   " -",       " ",        "=",          "==",        ":",   "->",     "=>",
        "..",     "\"",       "'",        "f\"{",       "}\"",       "`",   "#c\n",   "#!d\n",
        "%time ", "@{a}\n",   "let x = ", "from ",      "into y",    "in ", "as int", "and ",
        "not ",   "x?",       "\\\n",     ";",          ",",         "*",   "!",      "$p",
        "10days", "@16:54",   "case [",   "module m {", "type t = ", "f(",  "<int>",  "??",
        "\xff",   "\xc3\xa9",
    };
    char other[32];
    for (size_t n = below(5) + 1; n > 0; n--) {
        const size_t at = below(*size + 1), p = below(CF_COUNT(pieces)), from = below(*size);
        switch (below(4)) {
        case 0: splice(text, size, at, 0, pieces[p], strlen(pieces[p])); break;
        case 1: splice(text, size, at, below(8), NULL, 0); break;
        case 2: text[from] = (char)below(256); break;
        default: {
            const size_t bytes = below(sizeof other);
            if (from + bytes > *size) break;
            memcpy(other, text + from, bytes);
            splice(text, size, at, 0, other, bytes);
        }
        }
    }
}

static void look_at(const char *text, size_t size) {
    char *exact = malloc(size + (size == 0)); /* reading on would be seen */
    cf_arena *arena = cf_arena_new(1 << 16);
    cf_diags diags = {0};
    cf_text dump = {0}, once = {0}, twice = {0};
    unsigned indent = 0;
    if (exact == NULL || arena == NULL) exit(1);
    memcpy(exact, text, size);
    (void)tree(arena, exact, size, &diags, &dump);
    const cf_completeness complete = cf_is_complete(exact, size, &indent);
    CHECK((complete == CF_COMPLETE) == (diags.count == 0) || complete == CF_INCOMPLETE);
    const cf_status status = cf_format_program(exact, size, &once, NULL);
    CHECK((status == CF_OK) == (diags.count == 0));
    if (status == CF_OK) {
        CHECK(cf_format_program(once.data, once.size, &twice, NULL) == CF_OK);
        CHECK(once.size == twice.size &&
              (once.size == 0 || memcmp(once.data, twice.data, once.size) == 0));
    }
    cf_text_clear(&dump);
    cf_text_clear(&once);
    cf_text_clear(&twice);
    cf_arena_free(arena);
    free(exact);
}

static void damaged_programs_give_errors_and_nothing_else(void) {
    static char text[BYTES_MAX];
    for (size_t i = 0; i < program_count; i++) {
        for (int round = 0; round < 60; round++) {
            size_t size = programs[i].size;
            memcpy(text, programs[i].text, size);
            damage(text, &size);
            const int before = cf_test_failures;
            look_at(text, size);
            if (cf_test_failures > before) printf("----\n%.*s\n----\n", (int)size, text);
        }
    }
}

static void cut_off_programs_give_errors_and_nothing_else(void) {
    for (size_t i = 0; i < program_count; i++)
        for (size_t size = 0; size < programs[i].size; size += 1 + programs[i].size / 40)
            look_at(programs[i].text, size);
}

int main(void) {
    const char *folder = getenv("CUTFLOW_LANGTESTS"); /* NOLINT(concurrency-mt-unsafe) */
    if (folder == NULL) folder = "../shared/language-tests";
    CHECK(add_folder("tests/hep", ".cf") >= 10);
    const bool found = add_folder(folder, ".prql") > 0;
    RUN(all_programs_parse);
    RUN(formatting_keeps_the_tree_and_is_done_after_once);
    RUN(damaged_programs_give_errors_and_nothing_else);
    RUN(cut_off_programs_give_errors_and_nothing_else);
    for (size_t i = 0; i < program_count; i++) {
        free(programs[i].text);
        free(programs[i].name);
    }
    if (!found) printf("skipped: no language tests\n");
    return cf_test_failures != 0 ? 1 : found ? 0 : 77;
}
