/* Parquet files written by others, compared with what other readers saw in them: for each
 * column the number of values, their sum, extremes, the first rows and the last. */

#include "io/parquet.h"
#include "test.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

__extension__ typedef __int128 int128;

static const char *corpus;

static const char *in_corpus(const char *sub, const char *name) {
    static char paths[4][2048];
    static int next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s/%s", corpus, sub, name);
    return path;
}

/* ---- a column of a partition ---- */

enum { NODES_MAX = 4096 };

typedef struct {
    cf_cursor *cursor;
    cf_array *arrays; /* by node, of all rows */
    int64_t rows;
} loaded;

static cf_status load_field(loaded *l, const cf_field *f, int64_t begin, int64_t end,
                            cf_error *err) {
    CF_TRY(cf_cursor_read(l->cursor, f->node, begin, end, &l->arrays[f->node], err));
    for (uint32_t i = 0; i < f->type->field_count; i++)
        CF_TRY(load_field(l, &f->type->fields[i], begin, end, err));
    return CF_OK;
}

static size_t list_nodes(const cf_field *f, int32_t *nodes, size_t n) {
    nodes[n++] = f->node;
    for (uint32_t i = 0; i < f->type->field_count; i++)
        n = list_nodes(&f->type->fields[i], nodes, n);
    return n;
}

static cf_status load_column(cf_source *source, const cf_field *f, uint32_t partition,
                             loaded *l, cf_error *err) {
    static int32_t nodes[NODES_MAX];
    const size_t count = list_nodes(f, nodes, 0);
    l->rows = source->partitions[partition].rows;
    CF_TRY(cf_cursor_open(source, partition, nodes, count, &l->cursor, err));
    return load_field(l, f, 0, l->rows, err);
}

/* ---- bytes ---- */

/* Bytes are shown as digits here; the recorded reader shows them as text or as numbers. */
static enum { BYTES_AS_DIGITS, BYTES_AS_TEXT, BYTES_AS_NUMBERS } bytes_as;

static int digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes behind the digits; those of a UUID have dashes between. */
static size_t bytes_of(cf_view v, char *out, size_t room) {
    size_t n = 0;
    for (size_t i = 0; i + 1 < v.size && n < room; i += 2) {
        if (v.data[i] == '-') i++;
        const int high = digit(v.data[i]), low = digit(v.data[i + 1]);
        if (high < 0 || low < 0) return 0;
        out[n++] = (char)(unsigned char)(high * 16 + low);
    }
    return n;
}

static cf_view shown(cf_view v) {
    static char buffer[1 << 20];
    if (bytes_as == BYTES_AS_DIGITS) return v;
    return (cf_view){buffer, bytes_of(v, buffer, sizeof buffer)};
}

/* ---- a value as JSON ---- */

static json_t *number_json(double x) {
    if (isnan(x)) return json_string("NaN");
    if (isinf(x)) return json_string(x > 0 ? "Infinity" : "-Infinity");
    return json_real(x);
}

static json_t *bytes_json(cf_view v) {
    json_t *out = json_array();
    for (size_t i = 0; i < v.size; i++)
        json_array_append_new(out, json_real((unsigned char)v.data[i]));
    return out;
}

static json_t *iso_time(int64_t us) {
    int64_t day = us / 86400000000, year;
    int64_t rest = us % 86400000000;
    unsigned month, dom;
    char text[64];
    if (rest < 0) {
        rest += 86400000000;
        day--;
    }
    cf_civil_from_days(day, &year, &month, &dom);
    const int64_t ms = rest / 1000;
    (void)snprintf(text, sizeof text, "%s%0*d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                   year > 9999 ? "+" : "",
                   year > 9999 ? 6
                   : year < 0  ? 7
                               : 4,
                   (int)year, month, dom, (int)(ms / 3600000), (int)(ms / 60000 % 60),
                   (int)(ms / 1000 % 60), (int)(ms % 1000));
    return json_string(text);
}

static double number_at(const cf_type *type, const void *values, size_t i) {
    switch (type->kind) {
    case CF_BOOL: return ((const uint8_t *)values)[i];
    case CF_INT8: return ((const int8_t *)values)[i];
    case CF_INT16: return ((const int16_t *)values)[i];
    case CF_INT32: return ((const int32_t *)values)[i];
    case CF_UINT8: return ((const uint8_t *)values)[i];
    case CF_UINT16: return ((const uint16_t *)values)[i];
    case CF_UINT32: return ((const uint32_t *)values)[i];
    case CF_UINT64: return (double)((const uint64_t *)values)[i];
    case CF_FLOAT32: return (double)((const float *)values)[i];
    case CF_FLOAT64: return ((const double *)values)[i];
    case CF_DECIMAL: return (double)((const int128 *)values)[i] / pow(10, type->scale);
    default: return (double)((const int64_t *)values)[i];
    }
}

static json_t *value_at(const loaded *l, const cf_field *f, size_t i) {
    const cf_array *a = &l->arrays[f->node];
    const cf_type *t = f->type;
    if (a->valid != NULL && a->valid[i] == 0) return json_null();
    if (t->kind == CF_TUPLE) {
        json_t *out = json_object();
        for (uint32_t k = 0; k < t->field_count; k++)
            json_object_set_new_nocheck(out, t->fields[k].name, value_at(l, &t->fields[k], i));
        return out;
    }
    if (t->kind == CF_LIST) {
        const int32_t *offsets = a->values;
        json_t *out = json_array();
        for (int32_t k = offsets[i]; k < offsets[i + 1]; k++)
            json_array_append_new(out, value_at(l, &t->fields[0], (size_t)k));
        return out;
    }
    if (t->kind == CF_TEXT) {
        const cf_view v = shown(((const cf_view *)a->values)[i]);
        return bytes_as == BYTES_AS_NUMBERS ? bytes_json(v)
                                            : json_stringn_nocheck(v.data, v.size);
    }
    if (t->kind == CF_TIMESTAMP) return iso_time(((const int64_t *)a->values)[i]);
    if (t->kind == CF_DATE) return iso_time(((const int64_t *)a->values)[i] * 86400000000);
    if (t->kind == CF_BOOL) return json_boolean(((const uint8_t *)a->values)[i]);
    return number_json(number_at(t, a->values, i));
}

/* ---- is it what the other reader saw? ---- */

static bool near(double a, double b, double relative) {
    return a == b || fabs(a - b) <= relative * fmax(fabs(a), fabs(b));
}

static bool as_number(const json_t *j, double *out) {
    if (json_is_number(j)) *out = json_number_value(j);
    if (json_is_boolean(j)) *out = json_is_true(j);
    if (json_is_string(j)) {
        char *end;
        *out = strtod(json_string_value(j), &end);
        return *end == '\0' && end != json_string_value(j);
    }
    return json_is_number(j) || json_is_boolean(j);
}

static bool same(const json_t *want, const json_t *got);

static bool same_map(const json_t *want, const json_t *got) {
    size_t i;
    json_t *pair;
    json_array_foreach(got, i, pair) {
        const json_t *key = json_object_get(pair, "key");
        char text[64];
        if (json_is_number(key))
            (void)snprintf(text, sizeof text, "%.17g", json_number_value(key));
        const json_t *value = json_object_get(want, json_is_string(key) ? json_string_value(key)
                                                    : json_is_number(key) ? text
                                                                          : "");
        if (value == NULL || !same(value, json_object_get(pair, "value"))) return false;
    }
    return json_object_size(want) == json_array_size(got);
}

/* Texts longer than the profile keeps end in an ellipsis; whole values may be texts of JSON. */
static bool same_text(const json_t *want, const json_t *got) {
    const char *w = json_string_value(want);
    const size_t n = json_string_length(want);
    if (n >= 3 && memcmp(w + n - 3, "\xe2\x80\xa6", 3) == 0) {
        if (!json_is_string(got)) return true; /* sums must do */
        char *quoted = w[0] == '"' ? json_dumps(got, JSON_ENCODE_ANY) : NULL;
        const bool good =
            strncmp(w, quoted != NULL ? quoted : json_string_value(got), n - 3) == 0;
        free(quoted);
        return good;
    }
    if (json_is_string(got) && strcmp(w, json_string_value(got)) == 0) return true;
    double a, b;
    if (json_is_number(got) && as_number(want, &a) && as_number(got, &b))
        return near(a, b, 1e-9);
    return false;
}

static bool same(const json_t *want, const json_t *got) {
    size_t i;
    const char *key;
    json_t *w;
    double a, b;
    if (json_is_null(want)) /* NaN is null in JSON */
        return json_is_null(got) ||
               (json_is_string(got) && strcmp(json_string_value(got), "NaN") == 0);
    if (json_is_object(want) && json_is_array(got)) return same_map(want, got);
    if (json_is_object(want)) {
        json_object_foreach((json_t *)(uintptr_t)want, key, w) {
            if (!same(w, json_object_get(got, key))) return false;
        }
        return json_object_size(want) == json_object_size(got);
    }
    if (json_is_array(want)) {
        if (!json_is_array(got) || json_array_size(want) != json_array_size(got)) return false;
        json_array_foreach(want, i, w) {
            if (!same(w, json_array_get(got, i))) return false;
        }
        return true;
    }
    if (json_is_string(want)) return same_text(want, got);
    return as_number(want, &a) && as_number(got, &b) && near(a, b, 1e-9);
}

/* ---- sums ---- */

typedef struct {
    int64_t entries, values, nan;
    double sum, min, max, magnitude;
    bool any;
} profile;

static void add_number(profile *p, double x) {
    p->values++;
    if (isnan(x)) {
        p->nan++;
        return;
    }
    p->sum += x;
    p->magnitude += fabs(x);
    if (!p->any || x < p->min) p->min = x;
    if (!p->any || x > p->max) p->max = x;
    p->any = true;
}

/* Lengths of texts are counted as JavaScript does. */
static double text_length(cf_view v) {
    double n = 0;
    for (size_t i = 0; i < v.size;) {
        uint32_t c;
        i += cf_utf8_next(v.data + i, v.size - i, &c);
        n += c >= 0x10000 ? 2 : 1;
    }
    return n;
}

static void add_text(profile *p, double length) {
    p->values++;
    p->sum += length;
    p->magnitude = p->sum;
}

static void add_values(profile *p, const cf_type *t, const cf_array *a) {
    for (size_t i = 0; i < a->count; i++) {
        if (a->valid != NULL && a->valid[i] == 0) continue;
        if (t->kind == CF_TEXT) {
            const cf_view v = shown(((const cf_view *)a->values)[i]);
            for (size_t k = 0; k < v.size && bytes_as == BYTES_AS_NUMBERS; k++)
                add_number(p, (unsigned char)v.data[k]);
            if (bytes_as != BYTES_AS_NUMBERS) add_text(p, text_length(v));
        } else if (t->kind == CF_TIMESTAMP || t->kind == CF_DATE) {
            json_t *text = t->kind == CF_DATE
                               ? iso_time(((const int64_t *)a->values)[i] * 86400000000)
                               : iso_time(((const int64_t *)a->values)[i]);
            add_text(p, (double)json_string_length(text));
            json_decref(text);
        } else {
            add_number(p, number_at(t, a->values, i));
        }
    }
}

static bool is_pair(const cf_type *t) {
    return t->kind == CF_TUPLE && t->field_count == 2 &&
           strcmp(t->fields[0].name, "key") == 0 && strcmp(t->fields[1].name, "value") == 0;
}

static cf_status add_field(profile *p, loaded *l, const cf_field *f, int64_t begin, int64_t end,
                           cf_error *err) {
    cf_array a;
    CF_TRY(cf_cursor_read(l->cursor, f->node, begin, end, &a, err));
    const bool basic = f->type->kind != CF_LIST && f->type->kind != CF_TUPLE;
    if (basic) add_values(p, f->type, &a);
    /* Maps are objects there: keys are no values. */
    for (uint32_t i = is_pair(f->type) ? 1 : 0; i < f->type->field_count; i++)
        CF_TRY(add_field(p, l, &f->type->fields[i], begin, end, err));
    return CF_OK;
}

/* Once through with windows of `step` rows; then some windows backward must not disturb. */
static cf_status sum_column(cf_source *source, const cf_field *f, int64_t step, profile *p,
                            cf_error *err) {
    static int32_t nodes[NODES_MAX];
    *p = (profile){0};
    for (uint32_t k = 0; k < source->partition_count; k++) {
        loaded l = {.rows = source->partitions[k].rows};
        cf_status status =
            cf_cursor_open(source, k, nodes, list_nodes(f, nodes, 0), &l.cursor, err);
        for (int64_t row = 0; row < l.rows && status == CF_OK; row += step) {
            const int64_t end = row + step < l.rows ? row + step : l.rows;
            status = add_field(p, &l, f, row, end, err);
        }
        cf_cursor_close(l.cursor, NULL);
        if (status != CF_OK) return status;
        p->entries += l.rows;
    }
    return CF_OK;
}

static double member(const json_t *column, const char *name) {
    double x = (double)NAN;
    (void)as_number(json_object_get(column, name), &x);
    return x;
}

static bool sums_agree(const json_t *want, const profile *p, char *why, size_t size) {
    const bool numbers = json_is_number(json_object_get(want, "min"));
    if ((double)p->entries != member(want, "entries") ||
        (double)p->values != member(want, "nvals") || (double)p->nan != member(want, "nan")) {
        (void)snprintf(why, size, "%lld entries, %lld values, %lld nan: wanted %g %g %g",
                       (long long)p->entries, (long long)p->values, (long long)p->nan,
                       member(want, "entries"), member(want, "nvals"), member(want, "nan"));
        return false;
    }
    const double sum = member(want, "sum");
    if (!isnan(sum) && fabs(sum - p->sum) > 1e-9 * p->magnitude + 1e-9) {
        (void)snprintf(why, size, "sum %.17g, wanted %.17g", p->sum, sum);
        return false;
    }
    if (numbers && p->any &&
        (!near(p->min, member(want, "min"), 1e-9) ||
         !near(p->max, member(want, "max"), 1e-9))) {
        (void)snprintf(why, size, "min %.17g max %.17g, wanted %.17g %.17g", p->min, p->max,
                       member(want, "min"), member(want, "max"));
        return false;
    }
    return true;
}

/* ---- first and last rows ---- */

static bool row_agrees(cf_source *source, const cf_field *f, int64_t row, const json_t *want,
                       char *why, size_t size) {
    loaded l = {.arrays = calloc((size_t)source->node_count, sizeof(cf_array))};
    cf_error err = {0};
    bool good = false;
    for (uint32_t k = 0; k < source->partition_count; k++) {
        const cf_partition *p = &source->partitions[k];
        if (row < p->first_row || row >= p->first_row + p->rows) continue;
        if (load_column(source, f, k, &l, &err) == CF_OK) {
            json_t *got = value_at(&l, f, (size_t)(row - p->first_row));
            good = same(want, got);
            if (!good) {
                char *g = json_dumps(got, JSON_ENCODE_ANY),
                     *w = json_dumps(want, JSON_ENCODE_ANY);
                (void)snprintf(why, size, "row %lld is %.450s, wanted %.450s", (long long)row,
                               g != NULL ? g : "?", w);
                free(g);
                free(w);
            }
            json_decref(got);
        } else {
            (void)snprintf(why, size, "%s", err.message);
        }
        cf_cursor_close(l.cursor, NULL);
    }
    free(l.arrays);
    return good;
}

static bool rows_agree(cf_source *source, const cf_field *f, const json_t *want, char *why,
                       size_t size) {
    const json_t *first = json_object_get(want, "first"), *last = json_object_get(want, "last");
    for (size_t i = 0; i < json_array_size(first) && (int64_t)i < source->rows; i++) {
        if (!row_agrees(source, f, (int64_t)i, json_array_get(first, i), why, size))
            return false;
    }
    return source->rows == 0 || last == NULL ||
           row_agrees(source, f, source->rows - 1, last, why, size);
}

/* ---- files ---- */

/* Columns that we show otherwise than the recorded reader, and why. */
static const struct {
    const char *file, *column, *why;
} known[] = {
#include "parquet_known.def"
};

static const char *known_why(const char *file, const char *column) {
    for (size_t i = 0; i < CF_COUNT(known); i++) {
        if (strcmp(known[i].file, file) == 0 &&
            (strcmp(known[i].column, "*") == 0 || strcmp(known[i].column, column) == 0))
            return known[i].why;
    }
    return NULL;
}

static int files_good, files_known, columns_good, columns_known;

static bool column_agrees(cf_source *source, const cf_field *f, const json_t *want, char *why,
                          size_t size) {
    static const int64_t steps[] = {1 << 20, 1000, 7};
    profile p = {0};
    cf_error err = {0};
    for (size_t i = 0; i < CF_COUNT(steps); i++) {
        if (steps[i] == 7 && source->rows > 5000) continue;
        if (sum_column(source, f, steps[i], &p, &err) != CF_OK) {
            (void)snprintf(why, size, "%s%s", err.message, err.trail);
            return false;
        }
        if (!sums_agree(want, &p, why, size)) return false;
    }
    return rows_agree(source, f, want, why, size);
}

/* Bytes may have been taken for text or for numbers there. */
static bool agrees_somehow(cf_source *source, const cf_field *f, const json_t *want, char *why,
                           size_t size) {
    char other[1100];
    bytes_as = BYTES_AS_DIGITS;
    bool good = column_agrees(source, f, want, why, size);
    for (int i = BYTES_AS_TEXT; i <= BYTES_AS_NUMBERS && !good; i++) {
        bytes_as = i == BYTES_AS_TEXT ? BYTES_AS_TEXT : BYTES_AS_NUMBERS;
        good = column_agrees(source, f, want, other, sizeof other);
    }
    bytes_as = BYTES_AS_DIGITS;
    return good;
}

static bool check_columns(cf_source *source, const char *file, const json_t *columns) {
    const char *name;
    json_t *want;
    bool good = true;
    json_object_foreach((json_t *)(uintptr_t)columns, name, want) {
        const cf_field *f = cf_type_field(source->schema, cf_str_of(name));
        char why[1100] = "no such column";
        if (json_object_get(want, "error") != NULL) continue;
        const bool agrees = f != NULL && agrees_somehow(source, f, want, why, sizeof why);
        const char *excuse = agrees ? NULL : known_why(file, name);
        columns_good += agrees;
        columns_known += excuse != NULL;
        if (agrees || excuse != NULL) continue;
        printf("%s: column %s: %s\n", file, name, why);
        cf_test_failures++;
        good = false;
    }
    return good;
}

static void check_file(const char *file) {
    char name[1100];
    (void)snprintf(name, sizeof name, "%s.json", file);
    json_t *profile_json =
        json_load_file(in_corpus("reference/parquet-profiles", name), 0, NULL);
    const json_t *columns = json_object_get(profile_json, "columns");
    cf_source *source = NULL;
    cf_error err = {0};
    const char *path = in_corpus("parquet", file);
    const cf_open_options options = {.flat = true};
    if (cf_parquet_open(&path, 1, &options, &source, &err) != CF_OK) {
        if (known_why(file, "*") != NULL) {
            files_known++;
        } else if (columns != NULL) {
            printf("%s: %s\n", file, err.message);
            cf_test_failures++;
        }
    } else if (check_columns(source, file, columns)) {
        files_good++;
    }
    cf_source_release(source);
    json_decref(profile_json);
}

static void check_folder(const char *folder) {
    char path[2048];
    (void)snprintf(path, sizeof path, "%s", in_corpus("reference/parquet-profiles", folder));
    struct dirent **entries;
    const int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char sub[512];
        struct stat st;
        const size_t n = strlen(entries[i]->d_name);
        (void)snprintf(sub, sizeof sub, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' &&
            stat(in_corpus("reference/parquet-profiles", sub), &st) == 0) {
            if (S_ISDIR(st.st_mode)) {
                check_folder(sub);
            } else if (n > 5 && strcmp(entries[i]->d_name + n - 5, ".json") == 0) {
                sub[strlen(sub) - 5] = '\0';
                check_file(sub);
            }
        }
        free(entries[i]);
    }
    free(entries);
}

#define FOLDER(name, folder)  \
    static void name(void) {  \
        check_folder(folder); \
    }
FOLDER(event_files_agree, "hep")
FOLDER(conformance_files_agree, "apache")
FOLDER(files_of_hyparquet_agree, "hyparquet")
FOLDER(files_of_duckdb_agree, "duckdb")
FOLDER(files_of_fastparquet_agree, "fastparquet")
FOLDER(files_of_awkward_agree, "awkward")
FOLDER(tpch_tables_agree, "tpch-sf0.01")
FOLDER(variants_are_tuples_of_bytes, "variant")

/* ---- whole rows ---- */

static int rows_good;

static bool cell_agrees(cf_source *source, const cf_field *f, int64_t row, const json_t *want,
                        char *why, size_t size) {
    bool good = false;
    for (int i = BYTES_AS_DIGITS; i <= BYTES_AS_NUMBERS && !good; i++) {
        bytes_as = i == 0 ? BYTES_AS_DIGITS : i == 1 ? BYTES_AS_TEXT : BYTES_AS_NUMBERS;
        good = row_agrees(source, f, row, want, why, size);
    }
    bytes_as = BYTES_AS_DIGITS;
    return good;
}

static void check_rows_of(const char *file, cf_source *source, const json_t *rows) {
    for (uint32_t k = 0; k < source->schema->field_count; k++) {
        const cf_field *f = &source->schema->fields[k];
        char why[1100] = "";
        bool good = true;
        for (size_t i = 0; i < json_array_size(rows) && i < 40 && good; i++)
            good = cell_agrees(source, f, (int64_t)i,
                               json_array_get(json_array_get(rows, i), k), why, sizeof why);
        rows_good += good;
        if (good || known_why(file, f->name) != NULL) continue;
        printf("%s: column %s: %s\n", file, f->name, why);
        cf_test_failures++;
    }
}

/* Recorded rows have the name of a file of some folder. */
static void check_recorded(const char *name) {
    static const char *const folders[] = {"hyparquet", "apache", "variant"};
    json_t *rows = json_load_file(in_corpus("reference/parquet-hyparquet", name), 0, NULL);
    for (size_t i = 0; i < CF_COUNT(folders); i++) {
        char file[1100];
        cf_source *source = NULL;
        const cf_open_options options = {.flat = true};
        (void)snprintf(file, sizeof file, "%s/%.*s.parquet", folders[i],
                       (int)(strlen(name) - strlen(".rows.json")), name);
        const char *path = in_corpus("parquet", file);
        if (access(path, R_OK) != 0) continue;
        if (cf_parquet_open(&path, 1, &options, &source, NULL) == CF_OK)
            check_rows_of(file, source, rows);
        cf_source_release(source);
    }
    json_decref(rows);
}

static void recorded_rows_agree(void) {
    struct dirent **entries;
    const int count =
        scandir(in_corpus("reference", "parquet-hyparquet"), &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (strstr(entries[i]->d_name, ".rows.json") != NULL)
            check_recorded(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    CHECK(rows_good > 0);
}

/* ---- grouping ---- */

static const cf_field *field_of(const cf_field *f, const char *name) {
    const cf_type *t = f->type->kind == CF_LIST ? f->type->fields[0].type : f->type;
    return cf_type_field(t, cf_str_of(name));
}

static void flat_event_files_appear_nested(void) {
    const char *path = in_corpus("parquet", "hep/Run2012B_SingleMu-1000.parquet");
    cf_source *source = NULL;
    cf_error err = {0};
    CHECK(cf_parquet_open(&path, 1, NULL, &source, &err) == CF_OK);
    if (source == NULL) return;
    const cf_field *muon = cf_type_field(source->schema, CF_STR("Muon"));
    const cf_field *met = cf_type_field(source->schema, CF_STR("MET"));
    CHECK(muon != NULL && muon->type->kind == CF_LIST);
    CHECK(met != NULL && met->type->kind == CF_TUPLE);
    CHECK(cf_type_field(source->schema, CF_STR("nMuon")) != NULL);
    CHECK(cf_type_field(source->schema, CF_STR("run")) != NULL);
    if (muon != NULL && met != NULL) {
        const cf_field *pt = field_of(muon, "pt");
        CHECK(pt != NULL && pt->type->kind == CF_FLOAT32);
        CHECK_STR(pt->file_name, "Muon_pt");
        CHECK(field_of(met, "sumet") != NULL);
        profile p;
        CHECK(sum_column(source, muon, 300, &p, &err) == CF_OK);
        CHECK(p.values == 19920);
        CHECK_NEAR(p.sum, -1279894.73548, 0.01);
    }
    cf_source_release(source);
}

static void ordinary_tables_keep_their_columns(void) {
    const char *path = in_corpus("parquet", "tpch-sf0.01/customer.parquet");
    cf_source *source = NULL;
    CHECK(cf_parquet_open(&path, 1, NULL, &source, NULL) == CF_OK);
    if (source == NULL) return;
    CHECK(cf_type_field(source->schema, CF_STR("c_custkey")) != NULL);
    CHECK(cf_type_field(source->schema, CF_STR("c")) == NULL);
    cf_source_release(source);
}

/* ---- damage ---- */

/* Reads everything there is; errors are fine, each with a message. */
static void read_all(cf_source *source) {
    static int32_t nodes[NODES_MAX];
    for (uint32_t k = 0; k < source->partition_count && k < 4; k++) {
        const int64_t rows =
            source->partitions[k].rows < 20000 ? source->partitions[k].rows : 20000;
        for (uint32_t i = 0; i < source->schema->field_count; i++) {
            const cf_field *f = &source->schema->fields[i];
            loaded l = {.rows = rows};
            profile p = {0};
            cf_error err = {0};
            CHECK(cf_cursor_open(source, k, nodes, list_nodes(f, nodes, 0), &l.cursor, &err) ==
                  CF_OK);
            for (int64_t row = 0; row < rows && err.status == CF_OK; row += 1000)
                (void)add_field(&p, &l, f, row, row + 1000 < rows ? row + 1000 : rows, &err);
            CHECK((err.status == CF_OK) == (err.message[0] == '\0'));
            cf_cursor_close(l.cursor, NULL);
        }
    }
}

static void try_file(const char *path) {
    cf_source *source = NULL;
    cf_error err = {0};
    if (cf_parquet_open(&path, 1, NULL, &source, &err) == CF_OK) {
        read_all(source);
    } else {
        CHECK(err.message[0] != '\0');
    }
    cf_source_release(source);
}

static void try_folder(const char *path) {
    struct dirent **entries;
    const int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char sub[2048];
        struct stat st;
        (void)snprintf(sub, sizeof sub, "%.1500s/%.400s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && stat(sub, &st) == 0) {
            if (S_ISDIR(st.st_mode)) {
                try_folder(sub);
            } else {
                try_file(sub);
            }
        }
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

static void damaged_files_do_no_harm(void) {
    static const char *const folders[] = {"bad", "fuzz", "fuzz-encoding"};
    for (size_t i = 0; i < CF_COUNT(folders); i++) {
        char path[2048];
        (void)snprintf(path, sizeof path, "%.1500s", in_corpus("parquet", folders[i]));
        try_folder(path);
    }
}

static void try_bytes(const unsigned char *data, size_t size) {
    cf_source *source = NULL;
    if (cf_parquet_open_memory("damaged", data, size, NULL, &source, NULL) == CF_OK)
        read_all(source);
    cf_source_release(source);
}

/* One bit, or everything behind a place: the same ones every time. */
static void damage_file(const char *name, int times) {
    static unsigned char data[1 << 16];
    FILE *f = fopen(in_corpus("parquet", name), "rb");
    CHECK(f != NULL);
    if (f == NULL) return;
    const size_t size = fread(data, 1, sizeof data, f);
    (void)fclose(f);
    for (int i = 0; i < times; i++) {
        const uint64_t draw = cf_hash_u64((uint64_t)i, size);
        const size_t at = (size_t)(draw >> 8) % size;
        data[at] ^= (unsigned char)(1u << (draw & 7));
        try_bytes(data, size);
        data[at] ^= (unsigned char)(1u << (draw & 7));
        if (i % 8 == 0) try_bytes(data, at);
    }
}

static void flipped_bits_do_no_harm(void) {
    damage_file("apache/nested_lists.snappy.parquet", 400);
    damage_file("apache/nullable.impala.parquet", 400);
    damage_file("apache/alltypes_plain.parquet", 400);
    damage_file("apache/datapage_v2.snappy.parquet", 400);
    damage_file("hyparquet/byte_stream_split_v2.parquet", 200);
    damage_file("apache/delta_encoding_required_column.parquet", 200);
    damage_file("duckdb/compression/generated/data_page=2_ZSTD.parquet", 200);
}

static void encrypted_columns_leave_the_others_readable(void) {
    const char *path =
        in_corpus("parquet", "bad/encrypt_columns_plaintext_footer.parquet.encrypted");
    cf_source *source = NULL;
    cf_error err = {0};
    CHECK(cf_parquet_open(&path, 1, NULL, &source, &err) == CF_OK);
    if (source == NULL) return;
    const cf_field *secret = cf_type_field(source->schema, CF_STR("float_field"));
    const cf_field *open = cf_type_field(source->schema, CF_STR("boolean_field"));
    CHECK(secret->unreadable != NULL && open->unreadable == NULL);
    profile p;
    CHECK(sum_column(source, open, 100, &p, &err) == CF_OK && p.entries == 50);
    CHECK(sum_column(source, secret, 100, &p, &err) == CF_E_UNSUPPORTED);
    CHECK(strstr(err.message, "float_field") != NULL &&
          strstr(err.message, "encrypted") != NULL);
    cf_source_release(source);
}

int main(void) {
    corpus = getenv("CUTFLOW_CORPUS");
    if (corpus == NULL) corpus = "../shared/data";
    if (access(in_corpus("parquet", "hep"), R_OK) != 0) {
        printf("skipped: no corpus\n");
        return 77;
    }
    RUN(event_files_agree);
    RUN(conformance_files_agree);
    RUN(files_of_hyparquet_agree);
    RUN(files_of_duckdb_agree);
    RUN(files_of_fastparquet_agree);
    RUN(files_of_awkward_agree);
    RUN(tpch_tables_agree);
    RUN(variants_are_tuples_of_bytes);
    RUN(recorded_rows_agree);
    RUN(flat_event_files_appear_nested);
    RUN(ordinary_tables_keep_their_columns);
    RUN(damaged_files_do_no_harm);
    RUN(flipped_bits_do_no_harm);
    RUN(encrypted_columns_leave_the_others_readable);
    printf("%d files and %d columns agree; %d files and %d columns are known to differ; "
           "%d columns agree row by row\n",
           files_good, columns_good, files_known, columns_known, rows_good);
    return cf_test_failures == 0 ? 0 : 1;
}
