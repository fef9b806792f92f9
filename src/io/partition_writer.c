#include "io/writer.h"

/* A relation as a folder: `dir/label=0/part-00000.parquet`.  The columns in `by` are in the
 * folders' names and not in the files.
 *
 * Everything is written into a folder beside the target that gets the target's name at the end,
 * with an empty file _SUCCESS in it as other programs do it.  A few files are open at a time;
 * rows that come after a partition's file was closed begin its next one. */

#include "io/scalar_text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_MAX = 16, KEYS_MAX = 16, PARTITIONS_MAX = 10000, PATH_ROOM = 4096 };

#define NO_VALUE "__HIVE_DEFAULT_PARTITION__"

typedef struct {
    char *folder;      /* `year=2018/month=1` */
    cf_writer *writer; /* NULL: none is open */
    int64_t in_file, last_use;
    uint32_t files;
    int64_t *rows; /* of the table at hand */
    size_t row_count, row_room;
} partition;

typedef struct {
    cf_arena *arena;
    const char *path, *temporary, *format, *suffix;
    cf_save_options options;
    const cf_type *schema; /* of the files: without the keys */
    uint32_t keys[KEYS_MAX], key_count;
    uint32_t *kept; /* columns of the table that go into the files */
    uint32_t kept_count;
    partition *partitions;
    uint32_t count, room, open;
    uint32_t *slots; /* hash of folder to number + 1; as many as `slot_count` */
    uint32_t slot_count;
    int64_t clock, bytes;
    cf_text folder;
    bool made; /* the folder beside the target is there */
} part_writer;

static cf_status no_memory(const part_writer *w, cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write %s", w->path);
}

static cf_status write_error(const char *path, cf_error *err) {
    return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "cannot write %s: %s", path, cf_errno_text());
}

/* --- folders --- */

static bool join(char out[PATH_ROOM], const char *folder, const char *name) {
    const int size = snprintf(out, PATH_ROOM, "%s/%s", folder, name);
    return size > 0 && size < PATH_ROOM;
}

static bool is_folder(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Would a writer like this one have made it?  Only such things are ever removed. */
static bool is_ours(const char *name, bool folder) {
    if (folder) return strchr(name, '=') != NULL;
    return strncmp(name, "part-", 5) == 0 || strcmp(name, "_SUCCESS") == 0;
}

typedef bool visit_fn(const char *path, bool folder);

/* Visits what lies in a folder, the inner first; stops where `visit` says false. */
static bool walk(const char *folder, visit_fn *visit, int depth) {
    DIR *dir = depth > KEYS_MAX + 1 ? NULL : opendir(folder);
    bool good = dir != NULL;
    for (const struct dirent *e; good && (e = readdir(dir)) != NULL;) {
        char path[PATH_ROOM];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        good = join(path, folder, e->d_name);
        const bool inner = good && is_folder(path);
        good = good && is_ours(e->d_name, inner) && (!inner || walk(path, visit, depth + 1)) &&
               visit(path, inner);
    }
    if (dir != NULL) (void)closedir(dir);
    return good;
}

static bool visit_nothing(const char *path, bool folder) {
    (void)path;
    (void)folder;
    return true;
}

static bool visit_remove(const char *path, bool folder) {
    return (folder ? rmdir(path) : unlink(path)) == 0;
}

static void remove_folder(const char *folder) {
    (void)walk(folder, visit_remove, 0);
    (void)rmdir(folder);
}

static cf_status check_target(const part_writer *w, cf_error *err) {
    struct stat status;
    if (lstat(w->path, &status) != 0) return CF_OK;
    if (!w->options.overwrite) {
        const cf_status there =
            cf_fail(err, CF_E_WRITE, CF_NOWHERE, "%s is there already", w->path);
        cf_error_hint(err, "overwrite:true replaces it");
        return there;
    }
    if (S_ISDIR(status.st_mode) && walk(w->path, visit_nothing, 0)) return CF_OK;
    return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                   "%s is not replaced: it holds other things than a saved relation", w->path);
}

/* `year=2018` and then `year=2018/month=1`, below the folder beside the target. */
static cf_status make_folders(const part_writer *w, const char *folder, cf_error *err) {
    char path[PATH_ROOM];
    if (!join(path, w->temporary, folder))
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "the path below %s is too long", w->path);
    for (char *slash = path + strlen(w->temporary) + 1; slash != NULL;) {
        slash = strchr(slash, '/');
        if (slash != NULL) *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) return write_error(path, err);
        if (slash != NULL) *slash++ = '/';
    }
    return CF_OK;
}

/* --- which partition --- */

/* Letters, digits and a few signs stay; the rest is %20. */
static void add_encoded(cf_text *out, const char *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        const char c = data[i];
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || strchr("-_.+ ,@", c) != NULL ||
                           (uint8_t)c >= 128;
        if (plain && c != '\0')
            cf_text_addc(out, c);
        else
            cf_text_addf(out, "%%%02X", (unsigned)(uint8_t)c);
    }
}

static void add_key(part_writer *w, const char *name, const cf_column *c, int64_t row) {
    cf_text value = {0};
    if (w->folder.size > 0) cf_text_addc(&w->folder, '/');
    add_encoded(&w->folder, name, strlen(name));
    cf_text_addc(&w->folder, '=');
    cf_value_add_bare(&value, c, row);
    if (cf_column_is_null(c, row) || value.size == 0)
        cf_text_adds(&w->folder, NO_VALUE);
    else
        add_encoded(&w->folder, value.data, value.size);
    w->folder.failed = w->folder.failed || value.failed;
    cf_text_clear(&value);
}

static uint32_t *slot_of(const part_writer *w, const char *folder) {
    uint64_t at = cf_hash_bytes(folder, strlen(folder), 0) & (w->slot_count - 1);
    while (w->slots[at] != 0 && strcmp(w->partitions[w->slots[at] - 1].folder, folder) != 0)
        at = (at + 1) & (w->slot_count - 1);
    return &w->slots[at];
}

static cf_status partition_new(part_writer *w, uint32_t *slot, cf_error *err) {
    if (w->count == PARTITIONS_MAX)
        return cf_fail(err, CF_E_LIMIT, CF_NOWHERE,
                       "`by` has more than %d values, which would be as many folders",
                       PARTITIONS_MAX);
    if (w->count == w->room) {
        const uint32_t room = w->room == 0 ? 16 : 2 * w->room;
        partition *all = realloc(w->partitions, room * sizeof *all);
        if (all == NULL) return no_memory(w, err);
        w->partitions = all;
        w->room = room;
    }
    char *folder = strdup(w->folder.data);
    if (folder == NULL) return no_memory(w, err);
    w->partitions[w->count] = (partition){.folder = folder};
    *slot = ++w->count;
    return make_folders(w, folder, err);
}

static cf_status note_row(part_writer *w, const cf_table *rows, int64_t row, cf_error *err) {
    w->folder.size = 0;
    for (uint32_t k = 0; k < w->key_count; k++)
        add_key(w, rows->type->fields[w->keys[k]].name, rows->children[w->keys[k]], row);
    if (w->folder.failed) return no_memory(w, err);
    uint32_t *slot = slot_of(w, w->folder.data);
    if (*slot == 0) CF_TRY(partition_new(w, slot, err));
    partition *p = &w->partitions[*slot - 1];
    if (p->row_count == p->row_room) {
        const size_t room = p->row_room == 0 ? 256 : 2 * p->row_room;
        int64_t *more = realloc(p->rows, room * sizeof *more);
        if (more == NULL) return no_memory(w, err);
        p->rows = more;
        p->row_room = room;
    }
    p->rows[p->row_count++] = row;
    return CF_OK;
}

/* --- some rows of a table --- */

static cf_column *take(const cf_column *c, const int64_t *rows, int64_t count);

/* The elements of the lists (the bytes of the texts) of those rows. */
static int64_t *elements_of(const cf_column *c, const int64_t *rows, int64_t count,
                            int64_t *offsets) {
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        offsets[i] = n;
        n += c->offsets[rows[i] + 1] - c->offsets[rows[i]];
    }
    offsets[count] = n;
    int64_t *elements = malloc(((size_t)n + 1) * sizeof *elements);
    for (int64_t i = 0; elements != NULL && i < count; i++)
        for (int64_t k = 0; k < offsets[i + 1] - offsets[i]; k++)
            elements[offsets[i] + k] = c->offsets[rows[i]] + k;
    return elements;
}

static void copy_values(const cf_column *c, const int64_t *rows, int64_t count, size_t size,
                        char *out) {
    for (int64_t i = 0; i < count; i++)
        memcpy(out + (size_t)i * size, (const char *)c->values + (size_t)rows[i] * size, size);
}

static bool take_children(const cf_column *c, const int64_t *rows, int64_t count,
                          cf_column **children) {
    for (uint32_t i = 0; i < c->child_count; i++)
        if ((children[i] = take(c->children[i], rows, count)) == NULL) return false;
    return true;
}

static cf_column *take(const cf_column *c, const int64_t *rows, int64_t count) {
    const bool text = c->type->kind == CF_TEXT, listed = text || c->type->kind == CF_LIST;
    const size_t n = (size_t)count, size = text ? 1 : cf_kind_size(c->type->kind);
    uint8_t *valid = c->valid != NULL ? malloc(n + 1) : NULL;
    int64_t *offsets = listed ? malloc((n + 1) * sizeof *offsets) : NULL;
    int64_t *elements = offsets != NULL ? elements_of(c, rows, count, offsets) : NULL;
    cf_column **children = calloc(c->child_count + 1, sizeof *children);
    const int64_t inner = elements != NULL ? offsets[count] : count;
    char *values = size > 0 ? malloc((size_t)inner * size + 1) : NULL;
    bool good = children != NULL && (c->valid == NULL || valid != NULL) &&
                (!listed || elements != NULL) && (size == 0 || values != NULL);
    if (good && valid != NULL)
        for (size_t i = 0; i < n; i++)
            valid[i] = c->valid[rows[i]];
    if (good && size > 0) copy_values(c, text ? elements : rows, inner, size, values);
    if (good) good = take_children(c, listed ? elements : rows, inner, children);
    free(elements);
    cf_column *out = NULL;
    if (good) {
        out = cf_column_new(c->type, count, valid, values, offsets, children, c->child_count);
    } else {
        for (uint32_t i = 0; children != NULL && i < c->child_count; i++)
            cf_column_release(children[i]);
        free(valid);
        free(values);
        free(offsets);
    }
    free(children);
    return out;
}

/* Those rows without the keys. */
static cf_column *rows_of(const part_writer *w, const cf_table *rows, const partition *p,
                          size_t begin, size_t count) {
    cf_column **children = calloc(w->kept_count + 1, sizeof *children);
    bool good = children != NULL;
    for (uint32_t i = 0; i < w->kept_count && good; i++) {
        children[i] = take(rows->children[w->kept[i]], p->rows + begin, (int64_t)count);
        good = children[i] != NULL;
    }
    cf_column *out = NULL;
    if (good)
        out =
            cf_column_new(w->schema, (int64_t)count, NULL, NULL, NULL, children, w->kept_count);
    for (uint32_t i = 0; i < w->kept_count && children != NULL && !good; i++)
        cf_column_release(children[i]);
    free(children);
    return out;
}

/* --- files --- */

static cf_status close_file(part_writer *w, partition *p, cf_error *err) {
    int64_t bytes = 0;
    cf_writer *writer = p->writer;
    p->writer = NULL;
    p->in_file = 0;
    w->open--;
    CF_TRY(cf_writer_finish(writer, &bytes, err));
    w->bytes += bytes;
    return CF_OK;
}

static cf_status close_oldest(part_writer *w, cf_error *err) {
    partition *oldest = NULL;
    for (uint32_t i = 0; i < w->count; i++) {
        partition *p = &w->partitions[i];
        if (p->writer != NULL && (oldest == NULL || p->last_use < oldest->last_use)) oldest = p;
    }
    CF_ASSERT(oldest != NULL);
    return close_file(w, oldest, err);
}

static cf_status open_file(part_writer *w, partition *p, cf_error *err) {
    char path[PATH_ROOM];
    cf_save_options options = w->options;
    options.by = NULL;
    options.rows_per_file = 0;
    options.overwrite = false;
    if (w->open == OPEN_MAX) CF_TRY(close_oldest(w, err));
    const int size = snprintf(path, sizeof path, "%s/%s/part-%05u%s", w->temporary, p->folder,
                              p->files, w->suffix);
    if (size < 0 || (size_t)size >= sizeof path)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "the path below %s is too long", w->path);
    CF_TRY(cf_writer_open_with(path, w->format, &options, w->schema, &p->writer, err));
    p->files++;
    w->open++;
    return CF_OK;
}

static cf_status add_part(part_writer *w, partition *p, const cf_table *rows, cf_error *err) {
    for (size_t begin = 0, count; begin < p->row_count; begin += count) {
        const int64_t most = w->options.rows_per_file;
        count = p->row_count - begin;
        if (p->writer == NULL) CF_TRY(open_file(w, p, err));
        if (most > 0 && (int64_t)count > most - p->in_file) count = (size_t)(most - p->in_file);
        cf_column *some = rows_of(w, rows, p, begin, count);
        if (some == NULL) return no_memory(w, err);
        const cf_status status = cf_writer_add(p->writer, some, err);
        cf_column_release(some);
        CF_TRY(status);
        p->last_use = ++w->clock;
        p->in_file += (int64_t)count;
        if (most > 0 && p->in_file == most) CF_TRY(close_file(w, p, err));
    }
    p->row_count = 0;
    return CF_OK;
}

static cf_status part_add(void *state, const cf_table *rows, cf_error *err) {
    part_writer *w = state;
    for (int64_t row = 0; row < rows->length; row++)
        CF_TRY(note_row(w, rows, row, err));
    for (uint32_t i = 0; i < w->count; i++)
        if (w->partitions[i].row_count > 0) CF_TRY(add_part(w, &w->partitions[i], rows, err));
    return CF_OK;
}

/* --- beginning and end --- */

static void part_abandon(void *state) {
    part_writer *w = state;
    for (uint32_t i = 0; i < w->count; i++) {
        cf_writer_abandon(w->partitions[i].writer);
        free(w->partitions[i].folder);
        free(w->partitions[i].rows);
    }
    if (w->made) remove_folder(w->temporary);
    free(w->partitions);
    free(w->slots);
    cf_text_clear(&w->folder);
    cf_arena_free(w->arena);
    free(w);
}

/* What is there already steps aside first, and is removed only when the new one has its name.
 */
static cf_status put_in_place(part_writer *w, cf_error *err) {
    const char *old = cf_arena_printf(w->arena, "%s.old-%ld", w->path, (long)getpid());
    CF_TRY(check_target(w, err));
    const bool there = is_folder(w->path);
    if (there && rename(w->path, old) != 0) return write_error(w->path, err);
    if (rename(w->temporary, w->path) != 0) {
        const cf_status status = write_error(w->path, err);
        if (there) (void)rename(old, w->path);
        return status;
    }
    w->made = false;
    if (there) remove_folder(old);
    return CF_OK;
}

static cf_status mark_success(const part_writer *w, cf_error *err) {
    char path[PATH_ROOM];
    if (!join(path, w->temporary, "_SUCCESS")) return write_error(w->path, err);
    FILE *file = fopen(path, "wbe");
    if (file == NULL || fclose(file) != 0) return write_error(path, err);
    return CF_OK;
}

static cf_status part_finish(void *state, int64_t *bytes, cf_error *err) {
    part_writer *w = state;
    cf_status status = CF_OK;
    for (uint32_t i = 0; i < w->count && status == CF_OK; i++)
        if (w->partitions[i].writer != NULL) status = close_file(w, &w->partitions[i], err);
    if (status == CF_OK) status = mark_success(w, err);
    if (status == CF_OK) status = put_in_place(w, err);
    if (bytes != NULL) *bytes = w->bytes;
    part_abandon(w);
    return status;
}

static cf_status add_key_column(part_writer *w, const cf_type *schema, cf_str name,
                                cf_error *err) {
    const cf_field *f = cf_type_field(schema, name);
    if (f == NULL)
        return cf_fail(err, CF_E_UNKNOWN_COLUMN, CF_NOWHERE, "no column `%.*s` to save by",
                       CF_STR_ARGS(name));
    const cf_kind kind = f->type->kind;
    const bool good =
        cf_kind_is_integer(kind) || kind == CF_BOOL || kind == CF_TEXT || kind == CF_DATE;
    if (!good)
        return cf_fail(err, CF_E_TYPE, CF_NOWHERE,
                       "`by` takes columns of ints, texts, bools or dates; `%s` is a %s",
                       f->name, cf_kind_word(kind));
    if (w->key_count == KEYS_MAX)
        return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "`by` takes at most %d columns", KEYS_MAX);
    w->keys[w->key_count++] = (uint32_t)(f - schema->fields);
    return CF_OK;
}

static bool is_key(const part_writer *w, uint32_t column) {
    for (uint32_t k = 0; k < w->key_count; k++)
        if (w->keys[k] == column) return true;
    return false;
}

static cf_status choose_columns(part_writer *w, const cf_type *schema, cf_error *err) {
    for (const char *name = w->options.by; name != NULL;) {
        const size_t size = strcspn(name, "\n");
        CF_TRY(add_key_column(w, schema, (cf_str){name, size}, err));
        name = name[size] == '\n' ? name + size + 1 : NULL;
    }
    cf_field *fields = CF_NEWS(w->arena, cf_field, schema->field_count);
    w->kept = CF_NEWS(w->arena, uint32_t, schema->field_count);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        if (is_key(w, i)) continue;
        fields[w->kept_count] = schema->fields[i];
        w->kept[w->kept_count++] = i;
    }
    if (w->kept_count == 0)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                       "no column is left for the files: all are in `by`");
    w->schema = cf_type_copy(w->arena, cf_type_tuple(w->arena, fields, w->kept_count));
    return CF_OK;
}

static cf_status begin_folder(part_writer *w, cf_error *err) {
    CF_TRY(check_target(w, err));
    if (mkdir(w->temporary, 0777) != 0) return write_error(w->path, err);
    w->made = true;
    return CF_OK;
}

/* Without slashes at the end. */
static const char *trimmed(cf_arena *arena, const char *path) {
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    return cf_str_dup(arena, (cf_str){path, size});
}

static const char *dup_or_null(cf_arena *arena, const char *text) {
    return text == NULL ? NULL : cf_str_dup(arena, cf_str_of(text));
}

cf_status cf_partition_writer_open(const char *path, const char *format, const char *suffix,
                                   const cf_save_options *options, const cf_type *schema,
                                   cf_writer *writer, cf_error *err) {
    static const cf_writer_class class = {part_add, part_finish, part_abandon};
    part_writer *w = calloc(1, sizeof *w);
    cf_arena *arena = cf_arena_new((size_t)4 << 10);
    if (w == NULL || arena == NULL) {
        free(w);
        cf_arena_free(arena);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write %s", path);
    }
    w->arena = arena;
    w->path = trimmed(arena, path);
    w->temporary = cf_arena_printf(arena, "%s.part-%ld", w->path, (long)getpid());
    w->format = format;
    w->suffix = suffix;
    w->options = *options;
    w->options.by = dup_or_null(arena, options->by);
    w->options.tree = dup_or_null(arena, options->tree);
    w->options.layout = dup_or_null(arena, options->layout);
    w->options.compression = dup_or_null(arena, options->compression);
    w->slot_count = 32768; /* more than twice as many as there can be folders */
    w->slots = calloc(w->slot_count, sizeof *w->slots);
    cf_status status = w->slots == NULL ? no_memory(w, err) : choose_columns(w, schema, err);
    if (status == CF_OK && options->rows_per_file < 0)
        status = cf_fail(err, CF_E_RANGE, CF_NOWHERE, "`rows_per_file` is at least 1");
    if (status == CF_OK) status = begin_folder(w, err);
    if (status != CF_OK) {
        part_abandon(w);
        return status;
    }
    *writer = (cf_writer){&class, w};
    return CF_OK;
}
