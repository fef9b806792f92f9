/* The ROOT reader against what other programs read from the same files: number of values, sum,
 * smallest, largest, the first two entries and the last one, column by column. */

#include "io/root.h"
#include "test.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

static const char *corpus(void) {
    const char *path = getenv("CUTFLOW_CORPUS");
    return path != NULL ? path : "../shared/data";
}

/* --- what we read --- */

enum { keep_max = 4096 };

typedef struct {
    int64_t count, nan;
    double sum, min, max;
    bool numbers;           /* else texts: sum is their length */
    double first[keep_max]; /* the values of entries 0 and 1 */
    size_t first_count;
    double last[keep_max];
    size_t last_count;
    char text_first[256]; /* the first text */
} profile;

static void profile_number(profile *p, double x) {
    p->numbers = true;
    p->count++;
    if (isnan(x)) {
        p->nan++;
        return;
    }
    p->sum += x;
    if (!(p->min <= x)) p->min = x;
    if (!(p->max >= x)) p->max = x;
}

static void keep(double *to, size_t *count, double x) {
    if (*count < keep_max) to[*count] = x;
    (*count)++;
}

static double number_at(cf_kind kind, const void *values, size_t i) {
    switch (kind) {
    case CF_BOOL:
    case CF_UINT8: return ((const uint8_t *)values)[i];
    case CF_INT8: return ((const int8_t *)values)[i];
    case CF_INT16: return ((const int16_t *)values)[i];
    case CF_UINT16: return ((const uint16_t *)values)[i];
    case CF_INT32: return ((const int32_t *)values)[i];
    case CF_UINT32: return ((const uint32_t *)values)[i];
    case CF_INT64: return (double)((const int64_t *)values)[i];
    case CF_UINT64: return (double)((const uint64_t *)values)[i];
    case CF_FLOAT32: return (double)((const float *)values)[i];
    case CF_FLOAT64: return ((const double *)values)[i];
    default: return 0;
    }
}

typedef enum { KEEP_NONE, KEEP_FIRST, KEEP_LAST } keeping;

static void profile_array(profile *p, cf_kind kind, const cf_array *a, keeping keeps) {
    for (size_t i = 0; i < a->count; i++) {
        if (kind == CF_TEXT) {
            const cf_view v = ((const cf_view *)a->values)[i];
            if (keeps == KEEP_NONE) {
                if (p->count == 0)
                    (void)snprintf(p->text_first, sizeof p->text_first, "%.*s", (int)v.size,
                                   v.data);
                p->count++;
                p->sum += (double)v.size;
            }
            continue;
        }
        const double x = number_at(kind, a->values, i);
        if (keeps == KEEP_NONE) profile_number(p, x);
        if (keeps == KEEP_FIRST) keep(p->first, &p->first_count, x);
        if (keeps == KEEP_LAST) keep(p->last, &p->last_count, x);
    }
}

/* The basic nodes below a field. */
typedef struct {
    int32_t node[512];
    cf_kind kind[512];
    size_t count;
    const char *unreadable;
} leaves;

static void leaves_find(const cf_field *f, leaves *out) {
    if (f->unreadable != NULL) {
        if (out->unreadable == NULL) out->unreadable = f->unreadable;
        return;
    }
    if (f->type->field_count == 0 && out->count < 512) {
        out->node[out->count] = f->node;
        out->kind[out->count++] = f->type->kind;
    }
    for (uint32_t i = 0; i < f->type->field_count; i++)
        leaves_find(&f->type->fields[i], out);
}

/* The `skip`-th field that has this name in the file: names may come twice. */
static const cf_field *field_find(const cf_type *type, const char *file_name, int *skip) {
    for (uint32_t i = 0; i < type->field_count; i++) {
        const cf_field *f = &type->fields[i];
        if (f->file_name != NULL && strcmp(f->file_name, file_name) == 0 && (*skip)-- == 0)
            return f;
        const cf_field *below = field_find(f->type, file_name, skip);
        if (below != NULL) return below;
    }
    return NULL;
}

/* The same; a member of a list that cannot be read is the list. */
static const cf_field *column_find(const cf_type *type, const char *file_name, int skip) {
    char name[512];
    int left = skip;
    const cf_field *f = field_find(type, file_name, &left);
    (void)snprintf(name, sizeof name, "%s", file_name);
    char *dot = strrchr(name, '.');
    if (f != NULL || dot == NULL || skip > 0) return f;
    *dot = '\0';
    f = column_find(type, name, 0);
    return f != NULL && f->unreadable != NULL ? f : NULL;
}

static bool read_rows(cf_cursor *c, const leaves *l, int64_t begin, int64_t end, profile *p,
                      keeping keeps, cf_error *err) {
    for (size_t i = 0; i < l->count; i++) {
        cf_array a;
        if (cf_cursor_read(c, l->node[i], begin, end, &a, err) != CF_OK) return false;
        profile_array(p, l->kind[i], &a, keeps);
    }
    return true;
}

/* Reads a field in ranges of `step` rows. */
static bool profile_field(cf_source *s, const leaves *l, int64_t step, profile *p,
                          cf_error *err) {
    memset(p, 0, sizeof *p);
    p->min = p->max = (double)NAN;
    for (uint32_t i = 0; i < s->partition_count; i++) {
        const cf_partition *part = &s->partitions[i];
        cf_cursor *c = NULL;
        bool good = cf_cursor_open(s, i, l->node, l->count, &c, err) == CF_OK;
        if (!good) return false;
        for (int64_t at = 0; at < part->rows && good; at += step)
            good = read_rows(c, l, at, at + step < part->rows ? at + step : part->rows, p,
                             KEEP_NONE, err);
        for (int64_t row = 0; row < 2 && part->first_row == 0 && row < part->rows && good;
             row++)
            good = read_rows(c, l, row, row + 1, p, KEEP_FIRST, err);
        if (part->first_row + part->rows == s->rows && good)
            good = read_rows(c, l, part->rows - 1, part->rows, p, KEEP_LAST, err);
        cf_cursor_close(c, NULL);
        if (!good) return false;
    }
    return true;
}

/* --- what they read --- */

static bool close_to(double a, double b, double relative) {
    if (a == b || (isnan(a) && isnan(b))) return true;
    return fabs(a - b) <= relative * fmax(fabs(a), fabs(b));
}

/* Numbers of a nested JSON array in order; -1: something else is among them. */
static long flatten(const json_t *j, double *out, long count) {
    if (count < 0) return -1;
    if (json_is_array(j)) {
        for (size_t i = 0; i < json_array_size(j) && count >= 0; i++)
            count = flatten(json_array_get(j, i), out, count);
        return count;
    }
    if (json_is_boolean(j)) {
        if (count < keep_max) out[count] = json_is_true(j) ? 1 : 0;
        return count + 1;
    }
    if (!json_is_number(j)) return -1;
    if (count < keep_max) out[count] = json_number_value(j);
    return count + 1;
}

static const char *compare_list(const json_t *want, const double *got, size_t count) {
    static double numbers[keep_max];
    const long n = flatten(want, numbers, 0);
    if (n < 0) return NULL; /* texts and objects: the sums must do */
    if ((size_t)n != count) return "another number of values in the first or last entries";
    for (size_t i = 0; i < count && i < keep_max; i++)
        if (!close_to(got[i], numbers[i], 1e-9))
            return "other values in the first or last entries";
    return NULL;
}

static double json_double(const json_t *o, const char *key) {
    const json_t *x = json_object_get(o, key);
    return json_is_number(x) ? json_number_value(x) : (double)NAN;
}

/* What is wrong, or NULL. */
static const char *compare(const json_t *want, const profile *got) {
    if ((double)got->count != json_double(want, "nvals")) return "another number of values";
    const double sum = json_double(want, "sum");
    const double scale = (double)got->count * fmax(fabs(got->min), fabs(got->max)) * 1e-11;
    if (json_is_number(json_object_get(want, "sum")) && !close_to(got->sum, sum, 1e-8) &&
        !(fabs(got->sum - sum) <= scale))
        return "another sum";
    if (got->numbers && got->count > got->nan) { /* JSON has no infinities */
        if (isfinite(got->min) && !close_to(got->min, json_double(want, "min"), 1e-12))
            return "another minimum";
        if (isfinite(got->max) && !close_to(got->max, json_double(want, "max"), 1e-12))
            return "another maximum";
    }
    if ((double)got->nan != json_double(want, "nan")) return "another number of NaN";
    if (!got->numbers) return NULL;
    const char *problem =
        compare_list(json_object_get(want, "first"), got->first, got->first_count);
    return problem != NULL
               ? problem
               : compare_list(json_object_get(want, "last"), got->last, got->last_count);
}

static bool ends_with(const char *text, const char *end) {
    const size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* Where the other reader is known to be wrong or shows something else. */
static bool not_comparable(const char *branch, const json_t *want) {
    char *text = json_dumps(want, JSON_COMPACT);
    const json_t *kinds = json_object_get(want, "kinds");
    const char *leaf = json_string_value(json_object_get(want, "leaf"));
    const bool no =
        /* the two bytes more of referenced objects are taken for values */
        ends_with(branch, "fBits") ||
        /* objects: counts TObject's members inside members, too; misses headers */
        strstr(text, "_typename") != NULL ||
        /* arrays of characters: shown as texts */
        (json_object_get(kinds, "string") != NULL && leaf != NULL &&
         strchr(leaf, 'B') != NULL) ||
        /* a bool that the writer never set: we give 0 or 1 */
        strcmp(branch, "MCparticles.fHyperCandidate") == 0;
    free(text);
    return no;
}

/* --- file by file --- */

static bool verbose;
static int compared, unreadable, unknown;

static void report(const char *file, const char *branch, const char *what) {
    printf("%s: %s: %s\n", file, branch, what);
    cf_test_failures++;
}

static void compare_branch(cf_source *s, const char *file, const char *branch,
                           const json_t *want, int64_t step) {
    static profile got;
    cf_error err = {0};
    leaves l = {.count = 0};
    const cf_field *f = column_find(s->schema, branch, 0);
    if (f == NULL) {
        report(file, branch, "no such column");
        return;
    }
    leaves_find(f, &l);
    if (l.unreadable != NULL) {
        unreadable++;
        if (verbose) printf("  unreadable %s: %s: %s\n", file, branch, l.unreadable);
        return;
    }
    if (json_object_get(want, "error") != NULL || json_object_get(want, "note") != NULL ||
        not_comparable(branch, want)) {
        unknown++;
        if (!profile_field(s, &l, step, &got, &err)) report(file, branch, err.message);
        if (verbose)
            printf("  only us %s: %s: %lld values, sum %.12g, min %.9g, max %.9g %s\n", file,
                   branch, (long long)got.count, got.sum, got.min, got.max, got.text_first);
        return;
    }
    compared++;
    if (!profile_field(s, &l, step, &got, &err)) {
        report(file, branch, err.message);
        if (err.trail[0] != '\0') printf("    %s\n", err.trail);
        return;
    }
    const char *problem = compare(want, &got);
    const cf_field *second = problem != NULL ? column_find(s->schema, branch, 1) : NULL;
    if (second != NULL) { /* their table has the last of two columns with one name */
        l = (leaves){.count = 0};
        leaves_find(second, &l);
        problem = profile_field(s, &l, step, &got, &err) ? compare(want, &got) : err.message;
    }
    if (problem == NULL) return;
    char *text = json_dumps(want, JSON_COMPACT);
    printf("    ours: %lld values, sum %.12g, min %.17g, max %.17g, nan %lld\n    theirs: "
           "%.400s\n",
           (long long)got.count, got.sum, got.min, got.max, (long long)got.nan, text);
    free(text);
    report(file, branch, problem);
}

static void compare_tree(const char *path, const char *tree, const json_t *want, int64_t step) {
    cf_source *s = NULL;
    cf_error err = {0};
    const cf_open_options options = {.tree = tree};
    if (cf_root_open(&path, 1, &options, &s, &err) != CF_OK) {
        report(path, tree, err.message);
        return;
    }
    if ((double)s->rows != json_double(want, "entries")) report(path, tree, "another length");
    const char *branch;
    json_t *b;
    json_object_foreach(json_object_get(want, "branches"), branch, b)
        compare_branch(s, strrchr(path, '/') + 1, branch, b, step);
    cf_source_release(s);
}

/* A profile made by jsroot. */
static void compare_file(const char *folder, const char *name, int64_t step) {
    char path[512], root[512];
    (void)snprintf(path, sizeof path, "%s/reference/root-profiles/%s/%s.json", corpus(), folder,
                   name);
    (void)snprintf(root, sizeof root, "%s/root/%s/%s", corpus(), folder, name);
    json_t *j = json_load_file(path, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    if (j == NULL) {
        report(path, "", "no such profile");
        return;
    }
    const int before_c = compared, before_u = unreadable, before_k = unknown;
    const char *tree;
    json_t *t;
    json_object_foreach(json_object_get(j, "trees"), tree, t) compare_tree(root, tree, t, step);
    printf("     %s/%s: %d columns compared, %d not readable, %d read by us only\n", folder,
           name, compared - before_c, unreadable - before_u, unknown - before_k);
    json_decref(j);
}

static void compare_folder(const char *folder, int64_t step) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/reference/root-profiles/%s", corpus(), folder);
    struct dirent **list = NULL;
    const int count = scandir(path, &list, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const size_t size = strlen(list[i]->d_name);
        if (size > 5 && strcmp(list[i]->d_name + size - 5, ".json") == 0) {
            list[i]->d_name[size - 5] = '\0';
            compare_file(folder, list[i]->d_name, step);
        }
        free(list[i]);
    }
    free(list);
}

static void every_codec_gives_the_same_values(void) {
    compare_folder("compression", 777);
}

static void files_of_experiments_give_what_others_read(void) {
    compare_folder("hep", 1000);
}

static void every_type_gives_what_others_read(void) {
    compare_folder("types", 3);
    compare_folder("structure", 997);
    compare_folder("versions", 7);
    compare_folder("scan", 5);
    compare_folder("split", 11);
    compare_folder("jagged", 13);
}

/* --- Delphes: profiles made by uproot --- */

static const char *compare_uproot(const json_t *want, const profile *got) {
    if ((double)got->count != json_double(want, "n")) return "another number of values";
    const double scale = (double)got->count * fmax(fabs(got->min), fabs(got->max)) * 1e-12;
    if (!close_to(got->sum, json_double(want, "sum"), 1e-9) &&
        !(fabs(got->sum - json_double(want, "sum")) <= scale))
        return "another sum";
    if (got->count == 0) return NULL;
    if (!close_to(got->min, json_double(want, "min"), 1e-12)) return "another minimum";
    if (!close_to(got->max, json_double(want, "max"), 1e-12)) return "another maximum";
    return NULL;
}

static void compare_delphes(const char *name) {
    char path[512];
    cf_error err = {0};
    static profile got;
    (void)snprintf(path, sizeof path, "%s/delphes/%s.profile.json", corpus(), name);
    json_t *j = json_load_file(path, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    (void)snprintf(path, sizeof path, "%s/delphes/%s.root", corpus(), name);
    cf_source *s = NULL;
    const char *file = path;
    if (j == NULL || cf_root_open(&file, 1, NULL, &s, &err) != CF_OK) {
        report(path, "", err.message);
        return;
    }
    const char *branch;
    json_t *b;
    int count = 0, refused = 0;
    json_object_foreach(json_object_get(j, "branches"), branch, b) {
        leaves l = {.count = 0};
        const cf_field *f = column_find(s->schema, branch, 0);
        if (f != NULL) leaves_find(f, &l);
        if (l.unreadable != NULL || f == NULL) {
            report(name, branch, f == NULL ? "no such column" : l.unreadable);
            refused++;
            continue;
        }
        const char *problem =
            profile_field(s, &l, 97, &got, &err) ? compare_uproot(b, &got) : err.message;
        if (problem != NULL && !ends_with(branch, "fBits")) report(name, branch, problem);
        count++;
    }
    int only = 0;
    json_object_foreach(json_object_get(j, "unread"), branch, b) {
        leaves l = {.count = 0};
        const cf_field *f = column_find(s->schema, branch, 0);
        if (f != NULL) leaves_find(f, &l);
        if (f == NULL || l.unreadable != NULL) {
            refused++;
            if (verbose)
                printf("  unreadable %s: %s: %s\n", name, branch,
                       f != NULL ? l.unreadable : "no column");
        } else if (!profile_field(s, &l, 7, &got, &err))
            report(name, branch, err.message);
        else
            only++;
    }
    printf("     delphes/%s: %d columns compared, %d not readable, %d read by us only\n", name,
           count, refused, only);
    cf_source_release(s);
    json_decref(j);
}

static void delphes_files_give_what_uproot_reads(void) {
    static const char *const names[] = {
        "qcd",          "qcd_hlf",   "qcd_isolated",  "qcd_isolated_hlf",
        "qcd_unpruned", "ttbar",     "ttbar_hlf",     "ttbar_unpruned",
        "wjets",        "wjets_hlf", "wjets_unpruned"};
    for (size_t i = 0; i < CF_COUNT(names); i++)
        compare_delphes(names[i]);
}

/* --- how files appear --- */

static cf_source *open_file(const char *name, const cf_open_options *options, cf_error *err) {
    char path[512];
    const char *paths[1] = {path};
    cf_source *s = NULL;
    (void)snprintf(path, sizeof path, "%s/root/%s", corpus(), name);
    if (cf_root_open(paths, 1, options, &s, err) != CF_OK) printf("%s\n", err->message);
    return s;
}

static void check_type(const cf_source *s, const char *column, const char *want) {
    const cf_field *f = s != NULL ? cf_type_field(s->schema, cf_str_of(column)) : NULL;
    CHECK(f != NULL);
    if (f == NULL) return;
    cf_text text = {0};
    cf_type_print(&text, f->type, true);
    CHECK_STR(text.data, want);
    cf_text_clear(&text);
}

static void branches_that_share_a_prefix_are_one_column(void) {
    cf_error err = {0};
    cf_source *s = open_file("hep/Run2012B_SingleMu_1000.root", NULL, &err);
    check_type(s, "run", "int32");
    check_type(s, "nJet", "uint32");
    check_type(s, "Jet",
               "[{pt = float32, eta = float32, phi = float32, mass = float32, puId = bool, "
               "btag = float32}]");
    check_type(s, "PV", "{npvs = int32, x = float32, y = float32, z = float32}");
    if (s == NULL) return;
    const cf_field *jet = cf_type_field(s->schema, CF_STR("Jet"));
    CHECK_STR(jet->type->fields[0].type->fields[5].file_name, "Jet_btag");
    CHECK_STR(s->format, "root");
    cf_source_release(s);
}

static void flat_keeps_the_branches_apart(void) {
    cf_error err = {0};
    const cf_open_options options = {.flat = true};
    cf_source *s = open_file("hep/Run2012B_SingleMu_1000.root", &options, &err);
    CHECK(s != NULL && s->schema->field_count == 86);
    check_type(s, "Jet_pt", "[float32]");
    check_type(s, "MET_pt", "float32");
    cf_source_release(s);
}

static void objects_are_tuples_and_vectors_have_their_components(void) {
    cf_error err = {0};
    cf_source *s = open_file("split/tlv-split99.root", NULL, &err);
    check_type(s, "p4",
               "{px = float, py = float, pz = float, e = float, fUniqueID = uint32, fBits = "
               "uint32, `fUniqueID#2` = uint32, `fBits#2` = uint32}");
    const cf_field *p4 = s != NULL ? cf_type_field(s->schema, CF_STR("p4")) : NULL;
    CHECK(p4 != NULL && !p4->type->fields[3].hidden && p4->type->fields[4].hidden);
    cf_source_release(s);
    s = open_file("split/small-evnt-tree-fullsplit.root", NULL, &err);
    const cf_field *evt = s != NULL ? cf_type_field(s->schema, CF_STR("evt")) : NULL;
    CHECK(evt != NULL && cf_type_field(evt->type, CF_STR("P3")) != NULL);
    CHECK(evt != NULL &&
          cf_type_field(evt->type, CF_STR("ArrayI16"))->type->fixed_length == 10);
    cf_source_release(s);
    s = open_file("jagged/stl_containers.root", NULL, &err);
    check_type(s, "map_string_vector_string", "[{key = text, value = [text]}]");
    cf_source_release(s);
}

static void trees_are_found_in_directories_and_by_name(void) {
    char path[512];
    cf_error err = {0};
    cf_arena *arena = cf_arena_new(4096);
    const char *const *names = NULL;
    size_t count = 0;
    (void)snprintf(path, sizeof path, "%s/root/structure/nesteddirs.root", corpus());
    CHECK(cf_root_list(path, arena, &names, &count, &err) == CF_OK && count == 3);
    if (count == 3) CHECK_STR(names[0], "one/two/tree");
    cf_arena_free(arena);
    cf_open_options options = {.tree = "three/tree"};
    cf_source *s = open_file("structure/nesteddirs.root", &options, &err);
    CHECK(s != NULL && s->rows == 100);
    cf_source_release(s);
    options.tree = "four";
    CHECK(open_file("structure/nesteddirs.root", &options, &err) == NULL);
    CHECK(err.status == CF_E_NO_TREE && strstr(err.message, "one/tree") != NULL);
    err = (cf_error){0};
    s = open_file("structure/tree_cycles_hist.root", NULL, &err); /* of two cycles the higher */
    CHECK(s != NULL);
    cf_source_release(s);
}

static void files_follow_each_other_in_a_chain(void) {
    char first[512], second[512];
    const char *paths[2] = {first, second};
    cf_error err = {0};
    cf_source *s = NULL;
    (void)snprintf(first, sizeof first, "%s/root/structure/chain.1.root", corpus());
    (void)snprintf(second, sizeof second, "%s/root/structure/chain.2.root", corpus());
    CHECK(cf_root_open(paths, 2, NULL, &s, &err) == CF_OK);
    if (s == NULL) return;
    CHECK(s->rows == 20 && s->partition_count == 2 && s->file_count == 2);
    CHECK(s->partitions[1].first_row == 10 && s->partitions[1].file == 1);
    cf_cursor *c = NULL;
    cf_array a;
    const cf_field *evt = cf_type_field(s->schema, CF_STR("evt"));
    const int32_t beg = cf_type_field(evt->type, CF_STR("Beg"))->node;
    CHECK(cf_cursor_open(s, 1, &beg, 1, &c, &err) == CF_OK);
    CHECK(cf_cursor_read(c, beg, 0, 1, &a, &err) == CF_OK && a.count == 1);
    const cf_view v = a.count == 1 ? ((const cf_view *)a.values)[0] : (cf_view){"", 0};
    CHECK(v.size == 7 && memcmp(v.data, "beg-010", 7) == 0);
    cf_cursor_close(c, NULL);
    cf_source_release(s);
    (void)snprintf(second, sizeof second, "%s/root/types/simple.root", corpus());
    CHECK(cf_root_open(paths, 2, NULL, &s, &err) == CF_E_MISMATCH);
    CHECK(strstr(err.message, "evt") != NULL);
}

static void partitions_cover_the_tree_without_gaps(void) {
    static const char *const names[] = {"structure/bigfile_64bit_1M.root",
                                        "structure/multiproc_race_86892.root",
                                        "compression/lz4_taus_1M.root"};
    for (size_t i = 0; i < CF_COUNT(names); i++) {
        cf_error err = {0};
        cf_source *s = open_file(names[i], NULL, &err);
        CHECK(s != NULL && s->partition_count > 1);
        if (s == NULL) continue;
        int64_t row = 0;
        for (uint32_t p = 0; p < s->partition_count; p++) {
            CHECK(s->partitions[p].first_row == row && s->partitions[p].rows > 0);
            row += s->partitions[p].rows;
        }
        CHECK(row == s->rows);
        cf_source_release(s);
    }
}

static void lists_inside_fixed_lists_keep_their_order(void) {
    cf_error err = {0};
    cf_source *s = open_file("jagged/tree_with_doubly_jagged.root", NULL, &err);
    CHECK(s != NULL);
    if (s == NULL) return;
    const cf_field *outer = &s->schema->fields[0];
    const int32_t lists = outer->node, inner = outer->type->fields[0].node;
    const int32_t values = outer->type->fields[0].type->fields[0].node;
    cf_cursor *c = NULL;
    cf_array a, b, v;
    CHECK(cf_cursor_open(s, 0, &values, 1, &c, &err) == CF_OK);
    CHECK(cf_cursor_read(c, lists, 1, s->rows, &a, &err) == CF_OK);
    CHECK(cf_cursor_read(c, inner, 1, s->rows, &b, &err) == CF_OK);
    CHECK(cf_cursor_read(c, values, 1, s->rows, &v, &err) == CF_OK);
    CHECK(a.count == (size_t)s->rows - 1 && ((const int32_t *)a.values)[0] == 0);
    CHECK((size_t)((const int32_t *)a.values)[a.count] == b.count);
    CHECK((size_t)((const int32_t *)b.values)[b.count] == v.count);
    cf_cursor_close(c, NULL);
    cf_source_release(s);
}

/* --- damaged files --- */

static uint8_t *file_bytes(const char *name, size_t *size) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", corpus(), name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) return NULL;
    (void)fseek(f, 0, SEEK_END);
    *size = (size_t)ftell(f);
    (void)fseek(f, 0, SEEK_SET);
    uint8_t *data = malloc(*size + 1);
    if (data != NULL && fread(data, 1, *size, f) != *size) *size = 0;
    (void)fclose(f);
    return data;
}

/* Opens the bytes and reads all there is; an error must say something.  True: no error at all.
 */
static bool read_everything(const char *name, const uint8_t *data, size_t size) {
    cf_storage *storage = NULL;
    cf_source *s = NULL;
    cf_error err = {0};
    if (cf_storage_of_memory(name, data, size, &storage, &err) != CF_OK) return false;
    if (cf_root_open_storages(&storage, 1, NULL, &s, &err) != CF_OK) {
        CHECK(err.status != CF_OK && err.message[0] != '\0');
        return false;
    }
    bool good = true;
    for (uint32_t p = 0; p < s->partition_count && p < 4; p++) {
        const int64_t rows = s->partitions[p].rows;
        cf_cursor *c = NULL;
        CHECK(cf_cursor_open(s, p, NULL, 0, &c, NULL) == CF_OK);
        for (int32_t node = 0; node < s->node_count; node++) {
            cf_array a;
            cf_error e = {0};
            if (cf_cursor_read(c, node, 0, rows < 5000 ? rows : 5000, &a, &e) != CF_OK) {
                CHECK(e.message[0] != '\0');
                good = good && e.status == CF_E_UNSUPPORTED;
            }
        }
        cf_cursor_close(c, NULL);
    }
    cf_source_release(s);
    return good;
}

static uint64_t random_next(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Bits turned, bytes set, files cut: refused or read, and nothing else. */
static void damage(const char *name, int rounds) {
    size_t size = 0;
    uint8_t *data = file_bytes(name, &size);
    CHECK(data != NULL && size > 0);
    if (data == NULL || size == 0) return;
    CHECK(read_everything(name, data, size));
    uint64_t state = size;
    int refused = 0;
    for (int i = 0; i < rounds; i++) {
        uint8_t *copy = malloc(size);
        if (copy == NULL) break;
        memcpy(copy, data, size);
        size_t length = size;
        const uint64_t flips = 1 + random_next(&state) % 4;
        for (uint64_t k = 0; k < flips; k++) {
            const size_t at = random_next(&state) % size;
            if (random_next(&state) % 2 == 0)
                copy[at] ^= (uint8_t)(1u << (random_next(&state) % 8));
            else
                copy[at] = (uint8_t)random_next(&state);
        }
        if (random_next(&state) % 4 == 0) length = random_next(&state) % size;
        uint8_t *exact = malloc(length > 0 ? length : 1); /* so that a step too far is seen */
        if (exact != NULL) {
            memcpy(exact, copy, length);
            if (!read_everything(name, exact, length)) refused++;
        }
        free(exact);
        free(copy);
    }
    printf("     %s: %d of %d damaged copies refused\n", name, refused, rounds);
    free(data);
}

static void damaged_copies_are_refused_or_read(void) {
    static const char *const names[] = {"root/types/leaves.root",
                                        "root/split/small-evnt-tree-fullsplit.root",
                                        "root/jagged/stl_containers.root",
                                        "root/split/small-evnt-tree-nosplit.root",
                                        "root/types/double32-float16.root",
                                        "root/versions/sample-6.20.04-uncompressed.root",
                                        "root/structure/tree_with_clusters.root",
                                        "root/scan/ggss207.root",
                                        "root/jagged/rvec.root",
                                        "root/compression/zstd_int_array.root"};
    for (size_t i = 0; i < CF_COUNT(names); i++)
        damage(names[i], 40);
}

static void files_that_are_none_are_refused(void) {
    static const char *const names[] = {"issue70_no_streamerinfo.root",
                                        "rntuple_pre1.0_experimental.root", "st-notree.root"};
    for (size_t i = 0; i < CF_COUNT(names); i++) {
        char name[128];
        size_t size = 0;
        (void)snprintf(name, sizeof name, "root/bad/%s", names[i]);
        uint8_t *data = file_bytes(name, &size);
        CHECK(data != NULL && !read_everything(name, data, size));
        free(data);
    }
}

int main(int argc, char **argv) {
    verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    if (access(corpus(), R_OK) != 0) {
        printf("skipped: no corpus\n");
        return 77;
    }
    RUN(branches_that_share_a_prefix_are_one_column);
    RUN(flat_keeps_the_branches_apart);
    RUN(objects_are_tuples_and_vectors_have_their_components);
    RUN(trees_are_found_in_directories_and_by_name);
    RUN(files_follow_each_other_in_a_chain);
    RUN(partitions_cover_the_tree_without_gaps);
    RUN(lists_inside_fixed_lists_keep_their_order);
    RUN(every_codec_gives_the_same_values);
    RUN(files_of_experiments_give_what_others_read);
    RUN(every_type_gives_what_others_read);
    RUN(delphes_files_give_what_uproot_reads);
    RUN(damaged_copies_are_refused_or_read);
    RUN(files_that_are_none_are_refused);
    printf("%d columns compared, %d not readable, %d read by us only\n", compared, unreadable,
           unknown);
    return cf_test_failures != 0;
}
