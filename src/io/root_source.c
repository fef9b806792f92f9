#include "io/root.h"

/* Trees of one or more files as a cf_source: chooses the tree, checks that the files agree,
 * cuts partitions along the clusters, keeps readers between partitions. */

#include "io/root_cursor.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    cf_source source;
    cf_root_part *parts; /* [file_count] */
    size_t part_count;
    int64_t *first_rows; /* [part_count] */
    pthread_mutex_t lock;
    cf_root_reader **idle; /* readers that wait for the next partition */
    uint32_t *idle_part;
    size_t idle_count, idle_capacity;
} root_source;

typedef struct {
    cf_cursor cursor;
    cf_root_reader *reader;
    uint32_t part;
    int64_t first; /* entry of the file at row 0 */
    int64_t rows;
} root_cursor;

/* --- readers --- */

static cf_root_reader *reader_take(root_source *s, uint32_t part) {
    cf_root_reader *reader = NULL;
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = s->idle_count; i > 0 && reader == NULL; i--)
        if (s->idle_part[i - 1] == part) {
            reader = s->idle[i - 1];
            s->idle_count--;
            s->idle[i - 1] = s->idle[s->idle_count];
            s->idle_part[i - 1] = s->idle_part[s->idle_count];
        }
    (void)pthread_mutex_unlock(&s->lock);
    return reader != NULL ? reader : cf_root_reader_new(&s->parts[part]);
}

/* Kept for the next partition of the file, unless there are many already. */
static void reader_give(root_source *s, uint32_t part, cf_root_reader *reader) {
    (void)pthread_mutex_lock(&s->lock);
    if (s->idle_count < s->idle_capacity) {
        s->idle[s->idle_count] = reader;
        s->idle_part[s->idle_count++] = part;
        reader = NULL;
    } else if (s->idle_capacity > 0) { /* another file's turn is over: let its reader go */
        cf_root_reader *old = s->idle[0];
        s->idle[0] = reader;
        s->idle_part[0] = part;
        reader = old;
    }
    (void)pthread_mutex_unlock(&s->lock);
    cf_root_reader_free(reader);
}

/* --- the class --- */

static void source_close(cf_source *source) {
    root_source *s = (root_source *)(void *)source;
    for (size_t i = 0; i < s->idle_count; i++)
        cf_root_reader_free(s->idle[i]);
    for (size_t i = 0; i < s->part_count; i++) {
        cf_root_tree_close(&s->parts[i].tree);
        cf_root_file_close(&s->parts[i].file);
    }
    (void)pthread_mutex_destroy(&s->lock);
    cf_arena_free(source->arena);
}

static cf_status cursor_open(cf_source *source, uint32_t partition, const int32_t *nodes,
                             size_t node_count, cf_cursor **cursor, cf_error *err) {
    (void)nodes;
    (void)node_count;
    root_source *s = (root_source *)(void *)source;
    const cf_partition *p = &source->partitions[partition];
    root_cursor *c = calloc(1, sizeof *c);
    cf_root_reader *reader = reader_take(s, p->file);
    if (c == NULL || reader == NULL) {
        free(c);
        cf_root_reader_free(reader);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to read %s", source->where);
    }
    c->cursor = (cf_cursor){.source = source, .partition = partition};
    c->reader = reader;
    c->part = p->file;
    c->first = p->first_row - s->first_rows[p->file];
    c->rows = p->rows;
    *cursor = &c->cursor;
    return CF_OK;
}

static cf_status cursor_read(cf_cursor *cursor, int32_t node, int64_t begin, int64_t end,
                             cf_array *out, cf_error *err) {
    root_cursor *c = (root_cursor *)(void *)cursor;
    CF_ASSERT(begin >= 0 && begin <= end && end <= c->rows);
    return cf_root_reader_read(c->reader, node, c->first + begin, c->first + end, out, err);
}

static void cursor_close(cf_cursor *cursor, cf_io_stats *add) {
    root_cursor *c = (root_cursor *)(void *)cursor;
    const cf_io_stats stats = cf_root_reader_stats(c->reader);
    if (add != NULL) {
        add->bytes_requested += stats.bytes_requested;
        add->bytes_read += stats.bytes_read;
        add->bytes_unpacked += stats.bytes_unpacked;
    }
    reader_give((root_source *)(void *)cursor->source, c->part, c->reader);
    free(c);
}

static const cf_source_class root_class = {
    .close = source_close,
    .cursor_open = cursor_open,
    .cursor_read = cursor_read,
    .cursor_close = cursor_close,
    .may_match = NULL,
};

/* --- partitions --- */

/* Clusters are joined up to the first size.  Those beyond the second are cut into such of about
 * half of it where the biggest branch has a basket's end: other branches' baskets lie across
 * and are unpacked twice, so it must be worth it.  Bytes are unpacked, of all columns. */
enum { partition_count_max = 65536, join_rows = 25000, cut_rows = 120000 };
static const double join_bytes = 8e6, cut_bytes = 64e6;

/* The ends of the clusters of a tree, one after the other. */
typedef struct {
    const cf_root_tree *tree;
    uint32_t range;              /* of the recorded cluster ranges */
    const cf_root_branch *guide; /* without clusters: the borders of its baskets */
    uint32_t basket;
} clusters;

/* Where a tree has no clusters, its biggest branch says where a cut costs least. */
static const cf_root_branch *biggest_branch(const cf_root_tree *tree) {
    const cf_root_branch *best = NULL;
    for (uint32_t i = 0; i < tree->all_count; i++) {
        const cf_root_branch *br = tree->all[i];
        if (br->bad_baskets == NULL && br->basket_count > 0 && br->entries == tree->entries &&
            (best == NULL || br->total_bytes > best->total_bytes))
            best = br;
    }
    return best;
}

static int64_t cluster_end(clusters *c, int64_t begin) {
    const cf_root_tree *t = c->tree;
    int64_t start = 0, rows = t->auto_flush > 0 ? t->auto_flush : 0, stop = t->entries;
    while (c->range < t->cluster_count && t->cluster_end[c->range] < begin)
        c->range++;
    if (c->range < t->cluster_count) {
        rows = t->cluster_rows[c->range];
        stop = t->cluster_end[c->range];
        if (stop < t->entries) stop++; /* the range's last entry is recorded */
    }
    if (c->range > 0) start = t->cluster_end[c->range - 1] + 1;
    if (stop <= begin || start > begin) return t->entries;
    if (rows > 0) {
        const int64_t end = start + ((begin - start) / rows + 1) * rows;
        return end < stop ? end : stop;
    }
    if (c->guide == NULL) return stop;
    while (c->basket < c->guide->basket_count && c->guide->basket_entry[c->basket] <= begin)
        c->basket++;
    const int64_t end = c->guide->basket_entry[c->basket];
    return end > begin && end < stop ? end : stop;
}

typedef struct {
    cf_partition *list;
    size_t count, capacity;
} partitions;

static bool partition_add(partitions *p, cf_partition one) {
    if (p->count == p->capacity) {
        const size_t capacity = p->capacity == 0 ? 16 : 2 * p->capacity;
        cf_partition *more = realloc(p->list, capacity * sizeof *more);
        if (more == NULL) return false;
        p->list = more;
        p->capacity = capacity;
    }
    p->list[p->count++] = one;
    return true;
}

static int64_t all_bytes(const cf_root_tree *tree) {
    int64_t bytes = 0;
    for (uint32_t i = 0; i < tree->all_count; i++) {
        const int64_t more = tree->all[i]->total_bytes;
        if (more > 0 && more < INT64_MAX / 2 - bytes) bytes += more;
    }
    return bytes;
}

static int64_t rows_of(int64_t rows, double bytes, double bytes_per_row, int64_t entries) {
    if (bytes_per_row * (double)rows > bytes) rows = (int64_t)(bytes / bytes_per_row);
    if (rows < entries / partition_count_max) rows = entries / partition_count_max;
    return rows < 1 ? 1 : rows;
}

/* The end of a basket of the guide in the middle of a long cluster, or the end as it was. */
static int64_t cluster_cut(const clusters *c, int64_t begin, int64_t end, int64_t long_rows) {
    if (c->guide == NULL || end - begin <= long_rows) return end;
    uint32_t low = 0, high = c->guide->basket_count;
    while (low < high) { /* the first that ends far enough from the beginning */
        const uint32_t middle = low + (high - low) / 2;
        if (c->guide->basket_entry[middle] < begin + long_rows / 2)
            low = middle + 1;
        else
            high = middle;
    }
    const int64_t at = c->guide->basket_entry[low];
    return at > begin && at < end - long_rows / 4 ? at : end;
}

static bool partitions_of_file(partitions *out, const cf_root_part *part, uint32_t file,
                               int64_t first_row) {
    const cf_root_tree *tree = &part->tree;
    const int64_t entries = tree->entries;
    if (entries == 0) return true;
    const double bytes_per_row = (double)all_bytes(tree) / (double)entries;
    const double stored_per_row = (double)cf_storage_size(part->file.storage) / (double)entries;
    const int64_t enough = rows_of(join_rows, join_bytes, bytes_per_row, entries);
    const int64_t long_rows = rows_of(cut_rows, cut_bytes, bytes_per_row, entries);
    clusters c = {.tree = tree, .guide = biggest_branch(tree)};
    for (int64_t begin = 0; begin < entries;) {
        int64_t end = cluster_cut(&c, begin, cluster_end(&c, begin), long_rows);
        while (end < entries && end - begin < enough) {
            const int64_t next = cluster_end(&c, end);
            if (next - begin > long_rows) break;
            end = next;
        }
        const cf_partition one = {.rows = end - begin,
                                  .bytes = (int64_t)(stored_per_row * (double)(end - begin)),
                                  .file = file,
                                  .first_row = first_row + begin};
        if (!partition_add(out, one)) return false;
        begin = end;
    }
    return true;
}

static cf_status partitions_make(root_source *s, cf_error *err) {
    partitions out = {0};
    int64_t rows = 0;
    bool good = true;
    for (size_t i = 0; i < s->part_count && good; i++) {
        s->first_rows[i] = rows;
        good = partitions_of_file(&out, &s->parts[i], (uint32_t)i, rows);
        rows += s->parts[i].tree.entries;
    }
    cf_partition *list =
        good ? cf_arena_alloc(s->source.arena, (out.count + 1) * sizeof *list, 8) : NULL;
    if (list != NULL && out.count > 0) memcpy(list, out.list, out.count * sizeof *list);
    free(out.list);
    if (list == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to open %s", s->source.where);
    s->source.partitions = list;
    s->source.partition_count = (uint32_t)out.count;
    s->source.rows = rows;
    return CF_OK;
}

/* --- opening --- */

static void names_join(const cf_root_listing *l, cf_text *out) {
    for (size_t i = 0; i < l->count && i < 8; i++)
        cf_text_addf(out, "%s`%s`", i > 0 ? ", " : "", l->entries[i].path);
    if (l->count > 8) cf_text_addf(out, " and %zu more", l->count - 8);
}

static cf_status tree_missing(const cf_root_file *file, const cf_root_listing *l,
                              const char *tree, cf_error *err) {
    if (l->count == 0 && l->refused != NULL)
        return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                       "%s holds the RNTuple `%s`, which cannot be read yet", file->path,
                       l->refused);
    if (l->count == 0)
        return cf_fail(err, CF_E_NO_TREE, CF_NOWHERE, "%s holds no tree", file->path);
    cf_text names = {0};
    names_join(l, &names);
    const cf_status status =
        tree != NULL ? cf_fail(err, CF_E_NO_TREE, CF_NOWHERE, "%s has no tree `%s`, but %s",
                               file->path, tree, names.failed ? "others" : names.data)
                     : cf_fail(err, CF_E_NO_TREE, CF_NOWHERE, "%s holds several trees: %s",
                               file->path, names.failed ? "" : names.data);
    cf_error_hint(err, "say which: `read_root f tree:\"%s\"`", l->entries[0].path);
    cf_text_clear(&names);
    return status;
}

/* The tree asked for; else the only one, else `Events`. */
static cf_status tree_choose(const cf_root_file *file, const cf_root_listing *l,
                             const char *tree, const cf_root_entry **out, cf_error *err) {
    const char *wanted = tree != NULL ? tree : "Events";
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->entries[i].path, wanted) == 0) {
            *out = &l->entries[i];
            return CF_OK;
        }
    if (tree != NULL || l->count != 1) return tree_missing(file, l, tree, err);
    *out = &l->entries[0];
    return CF_OK;
}

static cf_status part_open(root_source *s, cf_root_part *part, cf_storage *storage,
                           const cf_open_options *options, const char **tree, cf_error *err) {
    cf_root_listing listing;
    const cf_root_entry *entry = NULL;
    CF_TRY(cf_root_file_open(storage, s->source.arena, &part->file, err));
    s->part_count++; /* from here on close looks after it */
    CF_TRY(cf_root_file_list(&part->file, &listing, err));
    CF_TRY(tree_choose(&part->file, &listing, *tree, &entry, err));
    *tree = entry->path;
    CF_TRY(cf_root_tree_read(&part->file, &entry->key, &part->tree, err));
    if (part->tree.entries < 0 || part->tree.entries > INT64_MAX / 8)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "tree `%s` of %s has an impossible length",
                       entry->path, part->file.path);
    const bool flat = options != NULL && options->flat;
    return cf_root_schema_make(&part->file, &part->tree, flat, &part->schema, err);
}

/* Names the first column that differs. */
static cf_status mismatch(const root_source *s, const cf_root_part *part, cf_error *err) {
    const cf_type *a = s->parts[0].schema.type, *b = part->schema.type;
    const char *first = s->parts[0].file.path;
    for (uint32_t i = 0; i < a->field_count; i++) {
        const char *name = a->fields[i].name;
        if (i >= b->field_count || strcmp(name, b->fields[i].name) != 0)
            return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                           "%s has not the columns of %s: `%s` is missing or elsewhere",
                           part->file.path, first, name);
        if (!cf_type_equal(a->fields[i].type, b->fields[i].type))
            return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                           "column `%s` has another type in %s than in %s", name,
                           part->file.path, first);
    }
    return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE, "%s has the column `%s`, which %s has not",
                   part->file.path, b->fields[a->field_count].name, first);
}

static cf_status parts_open(root_source *s, cf_storage *const *storages, size_t count,
                            const cf_open_options *options, cf_error *err) {
    const char *tree = options != NULL ? options->tree : NULL;
    cf_status status = CF_OK;
    for (size_t i = 0; i < count; i++) {
        if (status == CF_OK) {
            cf_root_part *part = &s->parts[i];
            status = part_open(s, part, storages[i], options, &tree, err);
            if (status == CF_OK && i > 0 &&
                !cf_type_equal(s->parts[0].schema.type, part->schema.type))
                status = mismatch(s, part, err);
        } else {
            cf_storage_close(storages[i]);
        }
    }
    s->source.where =
        tree != NULL && count > 0 && status == CF_OK
            ? cf_arena_printf(s->source.arena, "%s:%s", s->parts[0].file.path, tree)
            : "";
    s->source.open_tree = tree;
    return status;
}

/* Counts files and what a source tells about itself. */
static void source_fill(root_source *s, const cf_open_options *options, const char **paths) {
    cf_source *source = &s->source;
    for (size_t i = 0; i < s->part_count; i++)
        paths[i] = s->parts[i].file.path;
    source->class = &root_class;
    source->refs = 1;
    source->format = "root";
    source->schema = s->parts[0].schema.type;
    source->node_count = s->parts[0].schema.node_count;
    source->file_count = (uint32_t)s->part_count;
    source->files = paths;
    source->open_flat = options != NULL && options->flat;
    if (source->open_tree != NULL)
        source->open_tree = cf_str_dup(source->arena, cf_str_of(source->open_tree));
}

cf_status cf_root_open_storages(cf_storage *const *storages, size_t count,
                                const cf_open_options *options, cf_source **source,
                                cf_error *err) {
    CF_ASSERT(count > 0 && count < UINT32_MAX);
    cf_arena *arena = cf_arena_new((size_t)64 << 10);
    if (arena == NULL) {
        for (size_t i = 0; i < count; i++)
            cf_storage_close(storages[i]);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to open a file");
    }
    root_source *s = CF_NEW(arena, root_source);
    s->source.arena = arena;
    s->parts = CF_NEWS(arena, cf_root_part, count);
    s->first_rows = CF_NEWS(arena, int64_t, count);
    s->idle_capacity = 64;
    s->idle = CF_NEWS(arena, cf_root_reader *, s->idle_capacity);
    s->idle_part = CF_NEWS(arena, uint32_t, s->idle_capacity);
    const char **paths = CF_NEWS(arena, const char *, count);
    (void)pthread_mutex_init(&s->lock, NULL);
    cf_status status = parts_open(s, storages, count, options, err);
    if (status == CF_OK) {
        source_fill(s, options, paths);
        status = partitions_make(s, err);
    }
    if (status != CF_OK) {
        source_close(&s->source);
        return status;
    }
    *source = &s->source;
    return CF_OK;
}

cf_status cf_root_open(const char *const *paths, size_t count, const cf_open_options *options,
                       cf_source **source, cf_error *err) {
    cf_storage **storages = calloc(count, sizeof *storages);
    if (storages == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to open %zu files", count);
    cf_status status = CF_OK;
    size_t opened = 0;
    for (; opened < count && status == CF_OK; opened++)
        status = cf_storage_open(paths[opened], &storages[opened], err);
    if (status == CF_OK)
        status = cf_root_open_storages(storages, count, options, source, err);
    else
        for (size_t i = 0; i < opened; i++)
            cf_storage_close(storages[i]);
    free(storages);
    return status;
}

cf_status cf_root_list(const char *path, cf_arena *arena, const char *const **names,
                       size_t *count, cf_error *err) {
    cf_storage *storage = NULL;
    cf_root_file file;
    cf_root_listing listing;
    CF_TRY(cf_storage_open(path, &storage, err));
    CF_TRY(cf_root_file_open(storage, arena, &file, err));
    const cf_status status = cf_root_file_list(&file, &listing, err);
    cf_root_file_close(&file);
    CF_TRY(status);
    const char **list = CF_NEWS(arena, const char *, listing.count);
    for (size_t i = 0; i < listing.count; i++)
        list[i] = listing.entries[i].path;
    *names = list;
    *count = listing.count;
    return CF_OK;
}
