#include "io/open.h"

/* Which files a pattern means, and which reader is theirs. */

#include "io/chain.h"
#include "io/csv.h"
#include "io/json.h"
#include "io/keys.h"
#include "io/parquet.h"
#include "io/root.h"

#include <dirent.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READABLE "ROOT, Parquet, CSV (.csv .tsv .txt) and JSON (.json .jsonl)"

/* ---- formats ---- */

typedef cf_status open_fn(const char *const *paths, uint32_t count,
                          const cf_open_options *options, cf_source **source, cf_error *err);

static cf_status open_root(const char *const *paths, uint32_t count,
                           const cf_open_options *options, cf_source **source, cf_error *err) {
    return cf_root_open(paths, count, options, source, err);
}

/* A reader of single files over several. */
typedef cf_status open_one_fn(const char *path, cf_source **source, cf_error *err);
static cf_status open_each(open_one_fn *open_one, const char *const *paths, uint32_t count,
                           cf_source **source, cf_error *err) {
    cf_source **parts = calloc(count, sizeof(cf_source *));
    if (parts == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to open %u files",
                       count);
    cf_status status = CF_OK;
    uint32_t opened = 0;
    while (opened < count && status == CF_OK) {
        status = open_one(paths[opened], &parts[opened], err);
        opened += status == CF_OK;
    }
    if (status == CF_OK)
        status = cf_source_chain(parts, count, source, err);
    else
        for (uint32_t i = 0; i < opened; i++)
            cf_source_release(parts[i]);
    free(parts);
    return status;
}

static cf_status open_json(const char *const *paths, uint32_t count,
                           const cf_open_options *options, cf_source **source, cf_error *err) {
    (void)options;
    return open_each(cf_json_open, paths, count, source, err);
}

static cf_status open_parquet(const char *const *paths, uint32_t count,
                              const cf_open_options *options, cf_source **source,
                              cf_error *err) {
    return cf_parquet_open(paths, count, options, source, err);
}

typedef struct {
    const char *name;
    const char *suffixes; /* each with a blank behind it */
    open_fn *open;
} format;

static const format formats[] = {
    {"root", ".root ", open_root},
    {"parquet", ".parquet .parq .pq ", open_parquet},
    {"csv", ".csv .tsv .txt .tab .psv .dat ", cf_csv_open},
    {"json", ".json .jsonl .ndjson ", open_json},
};

static const format *format_named(const char *name) {
    for (size_t i = 0; i < CF_COUNT(formats); i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

static const char *suffix_of(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash == NULL ? path : slash, '.');
    return dot == NULL ? "" : dot;
}

static const format *format_of_suffix(const char *path) {
    const char *suffix = suffix_of(path);
    const size_t size = strlen(suffix);
    for (size_t i = 0; i < CF_COUNT(formats) && size > 0; i++)
        for (const char *at = formats[i].suffixes; *at != '\0'; at = strchr(at, ' ') + 1)
            if (strcspn(at, " ") == size && strncmp(at, suffix, size) == 0) return &formats[i];
    return NULL;
}

/* ---- finding the format ---- */

/* What the first bytes say; *known false: they say nothing. */
static cf_status format_of_bytes(const char *path, const unsigned char *head, size_t size,
                                 const format **found, cf_error *err) {
    *found = NULL;
    if (size >= 5 && memcmp(head, "root", 5) == 0) /* with the zero: a version number */
        *found = format_named("root");
    if (size >= 4 && (memcmp(head, "PAR1", 4) == 0 || memcmp(head, "PARE", 4) == 0))
        *found = format_named("parquet");
    if (size >= 2 && head[0] == 0x1F && head[1] == 0x8B) {
        const cf_status status =
            cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE, "%s is compressed by gzip", path);
        cf_error_hint(err, "unpack it first: gunzip -k %s", path);
        return status;
    }
    return CF_OK;
}

/* No suffix that is known: what the text looks like. */
static const format *format_of_text(const unsigned char *head, size_t size) {
    size_t at = 0;
    for (size_t i = 0; i < size; i++)
        if (head[i] < 0x20 && strchr("\t\n\r", head[i]) == NULL) return NULL;
    while (at < size && strchr(" \t\r\n", head[at]) != NULL)
        at++;
    if (at == size) return NULL;
    return format_named(head[at] == '{' || head[at] == '[' ? "json" : "csv");
}

static cf_status find_format(const char *path, const format **found, cf_error *err) {
    cf_storage *storage = NULL;
    unsigned char head[64] = {0};
    CF_TRY(cf_storage_open(path, &storage, err));
    const uint64_t whole = cf_storage_size(storage);
    const size_t size = whole < sizeof head ? (size_t)whole : sizeof head;
    cf_status status = cf_storage_read(storage, 0, size, head, NULL, err);
    cf_storage_close(storage);
    if (status == CF_OK && whole == 0)
        status = cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s is empty", path);
    if (status == CF_OK) status = format_of_bytes(path, head, size, found, err);
    if (status != CF_OK || *found != NULL) return status;
    *found = format_of_suffix(path);
    if (*found == NULL) *found = format_of_text(head, size);
    if (*found != NULL) return CF_OK;
    status =
        cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s is of no format that Cutflow knows", path);
    cf_error_hint(err, "it reads " READABLE);
    return status;
}

static cf_status choose_format(const char *path, const cf_open_options *options,
                               const format **found, cf_error *err) {
    if (options == NULL || options->format == NULL) return find_format(path, found, err);
    *found = format_named(options->format);
    if (*found != NULL) return CF_OK;
    const cf_status status =
        cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE, "no format is called `%s`", options->format);
    cf_error_hint(err, "there are root, parquet, csv and json");
    return status;
}

/* ---- which files ---- */

typedef struct {
    char **paths;
    size_t count, capacity;
} path_list;

static void paths_clear(path_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (path_list){0};
}

/* Takes over path (malloc'd, NULL: no memory). */
static bool paths_add(path_list *list, char *path) {
    if (path != NULL && list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 16 : 2 * list->capacity;
        char **paths = realloc(list->paths, capacity * sizeof(char *));
        if (paths != NULL) {
            list->paths = paths;
            list->capacity = capacity;
        }
    }
    if (path == NULL || list->count == list->capacity) {
        free(path);
        return false;
    }
    list->paths[list->count++] = path;
    return true;
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void paths_sort(path_list *list) {
    if (list->count > 1) qsort(list->paths, list->count, sizeof(char *), compare_paths);
}

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static char *joined_path(const char *folder, const char *name) {
    cf_text path = {0};
    cf_text_adds(&path, folder);
    if (path.size > 0 && path.data[path.size - 1] != '/') cf_text_addc(&path, '/');
    cf_text_adds(&path, name);
    if (!path.failed) return path.data;
    cf_text_clear(&path);
    return NULL;
}

/* A folder that is being listed, and the ones it lies in: a link back to one of them ends
 * there. */
typedef struct visit {
    const struct visit *outer;
    const char *path;
    dev_t device;
    ino_t number;
} visit;

#define FOLDERS_DEEP 64

static cf_status check_visit(const visit *v, cf_error *err) {
    int depth = 0;
    for (const visit *o = v->outer; o != NULL; o = o->outer, depth++)
        if (o->device == v->device && o->number == v->number)
            return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "%s is a link back to %s", v->path,
                           o->path);
    if (depth < FOLDERS_DEEP) return CF_OK;
    return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "%s lies more than %d folders deep", v->path,
                   FOLDERS_DEEP);
}

/* Its data files (those whose suffix is known) and folders, each in order of name; what begins
 * with a dot or an underscore does not count. */
static cf_status read_folder(const char *folder, path_list *files, path_list *folders,
                             cf_error *err) {
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "cannot open %s: %s", folder,
                       cf_errno_text());
    bool ok = true;
    for (const struct dirent *entry; ok && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.' || entry->d_name[0] == '_') continue;
        char *path = joined_path(folder, entry->d_name);
        if (path != NULL && !is_folder(path) && format_of_suffix(path) == NULL)
            free(path);
        else
            ok = paths_add(path != NULL && is_folder(path) ? folders : files, path);
    }
    (void)closedir(dir);
    if (!ok)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to list %s", folder);
    paths_sort(files);
    paths_sort(folders);
    return CF_OK;
}

static bool any_key(const path_list *folders) {
    for (size_t i = 0; i < folders->count; i++)
        if (cf_is_key_folder(strrchr(folders->paths[i], '/') + 1)) return true;
    return false;
}

/* The files of a folder.  Those of its folders belong to it only if it is a partitioned
 * dataset: if folders in it are called `key=value`. */
static cf_status list_folder(const char *folder, const visit *outer, path_list *list,
                             cf_error *err) {
    struct stat st = {0};
    path_list folders = {0}, files = {0};
    (void)stat(folder, &st);
    const visit own = {outer, folder, st.st_dev, st.st_ino};
    CF_TRY(check_visit(&own, err));
    cf_status status = read_folder(folder, &files, &folders, err);
    for (size_t i = 0; i < files.count && status == CF_OK; i++) {
        char *path = files.paths[i];
        files.paths[i] = NULL;
        if (!paths_add(list, path))
            status =
                cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to list %s", folder);
    }
    const bool deeper = outer != NULL || any_key(&folders);
    for (size_t i = 0; i < folders.count && deeper && status == CF_OK; i++)
        status = list_folder(folders.paths[i], &own, list, err);
    paths_clear(&folders);
    paths_clear(&files);
    return status;
}

static cf_status expand_glob(const char *pattern, path_list *list, cf_error *err) {
    glob_t found = {0};
    const int outcome =
        glob(pattern, 0, NULL, &found); /* NOLINT(concurrency-mt-unsafe): no ~ */
    bool ok = outcome != GLOB_NOSPACE;
    for (size_t i = 0; i < found.gl_pathc && ok; i++)
        if (!is_folder(found.gl_pathv[i])) ok = paths_add(list, strdup(found.gl_pathv[i]));
    globfree(&found);
    if (!ok)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to list %s", pattern);
    if (list->count == 0)
        return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "no file is called like %s", pattern);
    return CF_OK;
}

static cf_status expand(const char *pattern, path_list *list, cf_error *err) {
    struct stat status;
    const bool there = stat(pattern, &status) == 0;
    if (there && S_ISDIR(status.st_mode)) {
        CF_TRY(list_folder(pattern, NULL, list, err));
        if (list->count == 0)
            return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "the folder %s has no data files",
                           pattern);
        return CF_OK;
    } else if (!there && strpbrk(pattern, "*?[") != NULL) {
        CF_TRY(expand_glob(pattern, list, err));
    } else if (!paths_add(list, strdup(pattern))) {
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to open %s", pattern);
    }
    paths_sort(list);
    return CF_OK;
}

/* ---- opening ---- */

static cf_status one_format(const path_list *list, const cf_open_options *options,
                            const format **found, cf_error *err) {
    CF_ASSERT(list->count > 0 && list->paths != NULL); /* expand: else it failed */
    CF_TRY(choose_format(list->paths[0], options, found, err));
    CF_ASSERT(*found != NULL);
    for (size_t i = 1; i < list->count; i++) {
        const format *other = NULL;
        CF_TRY(choose_format(list->paths[i], options, &other, err));
        if (other != *found)
            return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                           "%s is %s and %s is %s: they cannot be one relation", list->paths[0],
                           (*found)->name, list->paths[i], other->name);
    }
    return CF_OK;
}

/* Where a path begins to differ from the pattern: folders before it are the same for all. */
static size_t common_part(const char *pattern) {
    if (is_folder(pattern)) return strlen(pattern);
    size_t at = strcspn(pattern, "*?["), whole = strlen(pattern);
    if (at == whole || access(pattern, F_OK) == 0) return whole; /* one file: no keys */
    while (at > 0 && pattern[at - 1] != '/')
        at--;
    return at;
}

/* Folders called `key=value` add columns. */
static cf_status add_keys(const path_list *list, const char *pattern, cf_source **source,
                          cf_error *err) {
    const size_t from = common_part(pattern);
    bool any = false;
    for (size_t i = 0; i < list->count && !any; i++)
        any = strlen(list->paths[i]) > from && strchr(list->paths[i] + from, '=') != NULL;
    if (!any) return CF_OK;
    return cf_source_with_keys(*source, (const char *const *)list->paths, (uint32_t)list->count,
                               from, pattern, source, err);
}

/* A file with options of its own cannot be opened elsewhere: plans do not carry them. */
static void remember(cf_source *s, const char *pattern, const cf_open_options *options) {
    if (options != NULL && (options->separator != 0 || options->no_header)) return;
    s->open_pattern = cf_str_dup(s->arena, cf_str_of(pattern));
    if (options == NULL) return;
    s->open_flat = options->flat;
    s->open_tree =
        options->tree == NULL ? NULL : cf_str_dup(s->arena, cf_str_of(options->tree));
}

cf_status cf_open(const char *pattern, const cf_open_options *options, cf_source **source,
                  cf_error *err) {
    const cf_open_options none = {0};
    path_list list = {0};
    const format *found = NULL;
    *source = NULL;
    cf_status status = expand(pattern, &list, err);
    if (status == CF_OK) status = one_format(&list, options, &found, err);
    if (status == CF_OK && list.count > 1000000)
        status =
            cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "%s means more than a million files", pattern);
    if (status == CF_OK)
        status = found->open((const char *const *)list.paths, (uint32_t)list.count,
                             options == NULL ? &none : options, source, err);
    if (status == CF_OK) status = add_keys(&list, pattern, source, err);
    if (status == CF_OK) remember(*source, pattern, options);
    paths_clear(&list);
    return status;
}

cf_status cf_open_list(const char *path, cf_arena *arena, const char *const **names,
                       size_t *count, cf_error *err) {
    static const char *const unnamed[] = {""};
    path_list list = {0};
    const format *found = NULL;
    cf_status status = expand(path, &list, err);
    CF_ASSERT(status != CF_OK || list.paths != NULL);
    if (status == CF_OK) status = find_format(list.paths[0], &found, err);
    if (status == CF_OK && strcmp(found->name, "root") == 0) {
        status = cf_root_list(list.paths[0], arena, names, count, err);
    } else {
        *names = unnamed;
        *count = 1;
    }
    paths_clear(&list);
    return status;
}
