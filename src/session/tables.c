/* Data by name: files and folders given on the command line become tables named by their stem;
 * nothing is opened before it is used. */

#include "io/keys.h"
#include "session/session_internal.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static char *copy(const char *s, size_t size) {
    char *out = malloc(size + 1);
    CF_ASSERT(out != NULL);
    memcpy(out, s, size);
    out[size] = 0;
    return out;
}

static char *copy_text(const char *s) {
    return copy(s, strlen(s));
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static const char *const suffixes[] = {".root", ".parquet", ".csv", ".tsv",
                                       ".json", ".jsonl",   ".txt"};

static bool is_data_file(const char *path) {
    const size_t size = strlen(path);
    for (size_t i = 0; i < CF_COUNT(suffixes); i++) {
        const size_t n = strlen(suffixes[i]);
        if (size > n && strcasecmp(path + size - n, suffixes[i]) == 0)
            return i + 1 < CF_COUNT(suffixes);
    }
    return false;
}

static size_t stem_size(const char *base) {
    const char *dot = strrchr(base, '.');
    return dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base);
}

static cf_table_entry *find_entry(cf_session *s, const char *name, size_t size) {
    for (size_t i = 0; i < s->table_count; i++)
        if (strlen(s->tables[i].name) == size && memcmp(s->tables[i].name, name, size) == 0)
            return &s->tables[i];
    return NULL;
}

static cf_table_entry *new_entry(cf_session *s, char *name, const char *path) {
    if (s->table_count == s->table_capacity) {
        s->table_capacity = s->table_capacity == 0 ? 16 : s->table_capacity * 2;
        cf_table_entry *grown = realloc(s->tables, s->table_capacity * sizeof *grown);
        CF_ASSERT(grown != NULL);
        s->tables = grown;
    }
    cf_table_entry *e = &s->tables[s->table_count++];
    *e = (cf_table_entry){.name = name, .path = copy_text(path)};
    return e;
}

/* media_types.csv and media_types.json: media_types_csv, media_types_json; the bare name is an
 * error. */
static char *name_with_suffix(const char *path) {
    char *name = copy_text(base_name(path));
    for (char *c = name; *c != 0; c++)
        if (*c == '.') *c = '_';
    return name;
}

static void add_file(cf_session *s, const char *path) {
    const char *base = base_name(path);
    const size_t size = stem_size(base);
    cf_table_entry *old = find_entry(s, base, size);
    if (old == NULL) {
        (void)new_entry(s, copy(base, size), path);
        return;
    }
    if (old->clash == NULL && strcmp(old->path, path) != 0) {
        char *first = name_with_suffix(old->path), *second = name_with_suffix(path);
        char text[512];
        (void)snprintf(text, sizeof text, "`%s` or `%s`", first, second);
        char *old_path = copy_text(old->path);
        old->clash = copy_text(text);
        (void)new_entry(s, first, old_path);
        (void)new_entry(s, second, path);
        free(old_path);
        return;
    }
    if (old->clash != NULL) (void)new_entry(s, name_with_suffix(path), path);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **folder_entries(const char *path, size_t *count, bool *partitioned) {
    DIR *dir = opendir(path);
    char **names = NULL;
    *count = 0;
    if (dir == NULL) return NULL;
    for (struct dirent *e = readdir(dir); e != NULL;
         e = readdir(dir)) { /* NOLINT(concurrency-mt-unsafe): own DIR */
        if (e->d_name[0] == '.') continue;
        char **grown = realloc(names, (*count + 1) * sizeof *grown);
        CF_ASSERT(grown != NULL);
        names = grown;
        names[(*count)++] = copy_text(e->d_name);
        if (cf_is_key_folder(e->d_name) && !is_data_file(e->d_name)) *partitioned = true;
    }
    closedir(dir);
    if (*count > 1) qsort(names, *count, sizeof *names, compare_names);
    return names;
}

static cf_status add_folder(cf_session *s, const char *path, cf_error *err) {
    size_t count = 0, added = 0;
    bool partitioned = false;
    char **names = folder_entries(path, &count, &partitioned);
    if (names == NULL && access(path, R_OK | X_OK) != 0)
        return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "cannot open the folder %s: %s", path,
                       cf_errno_text());
    if (partitioned) {
        size_t end = strlen(path);
        while (end > 1 && path[end - 1] == '/')
            end--;
        size_t begin = end;
        while (begin > 0 && path[begin - 1] != '/')
            begin--;
        (void)new_entry(s, copy(path + begin, end - begin), path);
        added++;
    }
    for (size_t i = 0; names != NULL && i < count; i++) {
        char *full = malloc(strlen(path) + strlen(names[i]) + 2);
        CF_ASSERT(full != NULL);
        const size_t size = strlen(path);
        (void)snprintf(full, size + strlen(names[i]) + 2, "%s%s%s", path,
                       size > 0 && path[size - 1] == '/' ? "" : "/", names[i]);
        if (!partitioned && is_data_file(names[i])) {
            add_file(s, full);
            added++;
        }
        free(full);
        free(names[i]);
    }
    free(names);
    if (added == 0)
        return cf_fail(err, CF_E_OPEN, CF_NOWHERE,
                       "%s holds no data files (.root .parquet .csv .tsv .json)", path);
    return CF_OK;
}

static bool is_identifier(const char *s, size_t size) {
    if (size == 0 || (s[0] >= '0' && s[0] <= '9')) return false;
    for (size_t i = 0; i < size; i++)
        if (!(s[i] == '_' || (s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'z') ||
              (s[i] >= 'A' && s[i] <= 'Z')))
            return false;
    return true;
}

/* `NAME=PATH`: a plain name, or any (`'my data'=f.csv`) in front of a file that is there. */
static bool is_name(const char *data, const char *equals) {
    struct stat st;
    const size_t size = (size_t)(equals - data);
    if (is_identifier(data, size)) return true;
    return size > 0 && memchr(data, '/', size) == NULL && stat(equals + 1, &st) == 0;
}

/* Exactly one file given: it is also `events`. */
static void alias_events(cf_session *s) {
    for (size_t i = 0; i < s->table_count; i++)
        if (strcmp(s->tables[i].name, "events") == 0) return;
    if (s->table_count == 1) (void)new_entry(s, copy_text("events"), s->tables[0].path);
}

static void drop_events_alias(cf_session *s) {
    if (s->table_count != 2 || strcmp(s->tables[1].name, "events") != 0 ||
        strcmp(s->tables[1].path, s->tables[0].path) != 0)
        return;
    cf_table_entry *e = &s->tables[--s->table_count];
    free(e->name);
    free(e->path);
    cf_source_release(e->source);
}

cf_status cf_tables_add(cf_session *s, const char *data, cf_error *err) {
    const char *equals = strchr(data, '=');
    const char *path = data;
    char *name = NULL;
    struct stat st;
    if (equals != NULL && is_name(data, equals) && stat(data, &st) != 0) {
        name = copy(data, (size_t)(equals - data));
        path = equals + 1;
    }
    const bool glob = strpbrk(path, "*?[") != NULL;
    if (!glob && stat(path, &st) != 0) {
        free(name);
        return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "there is no file or folder %s", path);
    }
    drop_events_alias(s);
    cf_status status = CF_OK;
    if (name != NULL) {
        if (find_entry(s, name, strlen(name)) != NULL) {
            status =
                cf_fail(err, CF_E_DUPLICATE, CF_NOWHERE, "two tables are called `%s`", name);
            free(name);
        } else
            (void)new_entry(s, name, path);
    } else if (!glob && S_ISDIR(st.st_mode))
        status = add_folder(s, path, err);
    else
        add_file(s, path);
    alias_events(s);
    return status;
}

void cf_tables_clear(cf_session *s) {
    for (size_t i = 0; i < s->table_count; i++) {
        free(s->tables[i].name);
        free(s->tables[i].path);
        free(s->tables[i].tree);
        free(s->tables[i].clash);
        if (s->tables[i].source != NULL) cf_source_release(s->tables[i].source);
    }
    for (size_t i = 0; i < s->file_count; i++) {
        free(s->files[i].name);
        cf_source_release(s->files[i].source);
    }
    free(s->tables);
    free(s->files);
}

static cf_status open_entry(cf_table_entry *e, cf_source **source, cf_error *err) {
    const cf_open_options options = {0};
    if (e->source == NULL) CF_TRY(cf_open(e->path, &options, &e->source, err));
    *source = cf_source_retain(e->source);
    return CF_OK;
}

/* `stem.Tree`, for one of several trees in a file. */
static cf_status find_tree(cf_session *s, cf_str name, cf_source **source, cf_error *err) {
    for (size_t i = 1; i + 1 < name.size; i++) {
        if (name.data[i] != '.') continue;
        cf_table_entry *e = find_entry(s, name.data, i);
        if (e == NULL || e->clash != NULL) continue;
        char *tree = copy(name.data + i + 1, name.size - i - 1);
        const cf_open_options options = {.tree = tree};
        const cf_status status = cf_tables_open(s, e->path, &options, source, err);
        free(tree);
        return status;
    }
    return cf_fail(err, CF_E_UNKNOWN_TABLE, CF_NOWHERE, "no table `%.*s`", CF_STR_ARGS(name));
}

cf_status cf_tables_find(void *session, cf_str name, cf_source **source, cf_error *err) {
    cf_session *s = session;
    cf_table_entry *e = find_entry(s, name.data, name.size);
    if (e == NULL) return find_tree(s, name, source, err);
    if (e->clash != NULL) {
        cf_status status =
            cf_fail(err, CF_E_AMBIGUOUS, CF_NOWHERE, "two files are called `%s`", e->name);
        cf_error_hint(err, "write %s", e->clash);
        return status;
    }
    return open_entry(e, source, err);
}

size_t cf_tables_trees(const cf_table_entry *e, cf_arena *arena, const char *const **names) {
    const size_t size = strlen(e->path);
    size_t count = 0;
    if (e->clash != NULL || size < 5 || strcasecmp(e->path + size - 5, ".root") != 0 ||
        strpbrk(e->path, "*?[") != NULL ||
        cf_open_list(e->path, arena, names, &count, NULL) != CF_OK)
        return 0;
    return count > 1 ? count : 0;
}

size_t cf_tables_names(void *session, cf_str *names, size_t max) {
    cf_session *s = session;
    size_t n = 0;
    for (size_t i = 0; i < s->table_count && n < max; i++)
        if (s->tables[i].clash == NULL) names[n++] = cf_str_of(s->tables[i].name);
    return n;
}

/* read_root "f" twice in a session opens the file once, as long as it stays the same. */
cf_status cf_tables_open(void *session, const char *pattern, const cf_open_options *options,
                         cf_source **source, cf_error *err) {
    cf_session *s = session;
    struct stat st = {0};
    (void)stat(pattern, &st);
    char key[4096 + 256];
    (void)snprintf(key, sizeof key, "%s|%s|%s|%d|%d|%d|%lld|%lld.%ld", pattern,
                   options->format == NULL ? "" : options->format,
                   options->tree == NULL ? "" : options->tree, options->flat,
                   options->separator, options->no_header, (long long)st.st_size,
                   (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    for (size_t i = 0; i < s->file_count; i++)
        if (strcmp(s->files[i].name, key) == 0) {
            *source = cf_source_retain(s->files[i].source);
            return CF_OK;
        }
    CF_TRY(cf_open(pattern, options, source, err));
    if (strpbrk(pattern, "*?[") != NULL || S_ISDIR(st.st_mode))
        return CF_OK; /* its files may change */
    cf_table_entry *grown = realloc(s->files, (s->file_count + 1) * sizeof *grown);
    if (grown == NULL) return CF_OK;
    s->files = grown;
    s->files[s->file_count++] =
        (cf_table_entry){.name = copy_text(key), .source = cf_source_retain(*source)};
    return CF_OK;
}
