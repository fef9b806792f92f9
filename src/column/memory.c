#include "column/column.h"
#include "column/scan.h"

/* A table in memory as a source.  Nothing is read ahead: an array is a pointer into the table's
 * own buffers, except for offsets, which start at 0 in each read, and texts, which become
 * views. */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PARTITION_ROWS 65536

typedef struct {
    const cf_column *column;
    int32_t parent; /* the node above; -1: a column of the table */
} node;

typedef struct {
    cf_source base;
    cf_column *table;
    node *nodes;
} memory_source;

typedef struct {
    cf_cursor base;
    void **buffers; /* one a node, made when needed */
} memory_cursor;

static void memory_close(cf_source *source) {
    memory_source *m = (memory_source *)source;
    cf_column_release(m->table);
    cf_arena_free(source->arena);
    free(m);
}

static cf_status memory_cursor_open(cf_source *source, uint32_t partition, const int32_t *nodes,
                                    size_t node_count, cf_cursor **cursor, cf_error *err) {
    (void)partition, (void)nodes, (void)node_count;
    memory_cursor *c = calloc(1, sizeof *c);
    if (c != NULL) c->buffers = calloc((size_t)source->node_count + 1, sizeof *c->buffers);
    if (c == NULL || c->buffers == NULL) {
        free(c);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to read %s",
                       source->where);
    }
    *cursor = &c->base;
    return CF_OK;
}

static void memory_cursor_close(cf_cursor *cursor, cf_io_stats *add) {
    (void)add; /* nothing comes from storage */
    memory_cursor *c = (memory_cursor *)cursor;
    for (int32_t i = 0; i < cursor->source->node_count; i++)
        free(c->buffers[i]);
    free(c->buffers);
    free(c);
}

/* From rows of the table to places in the node's column: through the lists above it. */
static void range_of(const memory_source *m, int32_t at, int64_t *begin, int64_t *end) {
    const int32_t parent = m->nodes[at].parent;
    if (parent < 0) return;
    range_of(m, parent, begin, end);
    const int64_t *offsets = m->nodes[parent].column->offsets;
    if (offsets == NULL) return; /* a tuple: its fields have its rows */
    *begin = offsets[*begin];
    *end = offsets[*end];
}

/* A buffer of the node, in place of its last one. */
static void *buffer_renew(memory_cursor *c, int32_t at, size_t count, size_t size) {
    free(c->buffers[at]);
    c->buffers[at] = malloc((count + 1) * size);
    return c->buffers[at];
}

static bool read_offsets(memory_cursor *c, int32_t at, const int64_t *from, cf_array *out) {
    int32_t *offsets = buffer_renew(c, at, out->count, sizeof *offsets);
    for (size_t i = 0; offsets != NULL && i <= out->count; i++)
        offsets[i] = (int32_t)(from[i] - from[0]);
    out->values = offsets;
    return offsets != NULL;
}

static bool read_texts(memory_cursor *c, int32_t at, const cf_column *from, int64_t begin,
                       cf_array *out) {
    cf_view *views = buffer_renew(c, at, out->count, sizeof *views);
    for (size_t i = 0; views != NULL && i < out->count; i++)
        views[i] = cf_column_text(from, begin + (int64_t)i);
    out->values = views;
    return views != NULL;
}

static cf_status memory_cursor_read(cf_cursor *cursor, int32_t at, int64_t begin, int64_t end,
                                    cf_array *out, cf_error *err) {
    memory_cursor *c = (memory_cursor *)cursor;
    const memory_source *m = (const memory_source *)cursor->source;
    const cf_column *from = m->nodes[at].column;
    begin += m->base.partitions[cursor->partition].first_row;
    end += m->base.partitions[cursor->partition].first_row;
    range_of(m, at, &begin, &end);
    out->count = (size_t)(end - begin);
    out->valid = from->valid == NULL ? NULL : from->valid + begin;
    bool ok = true;
    if (from->type->kind == CF_LIST) {
        if (from->offsets[end] - from->offsets[begin] > INT32_MAX)
            return cf_fail(err, CF_E_LIMIT, CF_NOWHERE,
                           "more than %d list elements in one read of %s", INT32_MAX,
                           m->base.where);
        ok = read_offsets(c, at, from->offsets + begin, out);
    } else if (from->type->kind == CF_TEXT) {
        ok = read_texts(c, at, from, begin, out);
    } else if (from->values != NULL) {
        out->values =
            (const char *)from->values + (size_t)begin * cf_kind_size(from->type->kind);
    }
    if (!ok)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to read %s",
                       m->base.where);
    return CF_OK;
}

static const cf_source_class memory_class = {
    .close = memory_close,
    .cursor_open = memory_cursor_open,
    .cursor_read = memory_cursor_read,
    .cursor_close = memory_cursor_close,
};

static int32_t count_nodes(const cf_type *type) {
    int32_t count = 0;
    for (uint32_t i = 0; i < type->field_count; i++)
        count += 1 + count_nodes(type->fields[i].type);
    return count;
}

/* The type with its nodes numbered depth first, and the columns under their numbers. */
static const cf_type *number_nodes(memory_source *m, const cf_column *c, int32_t parent,
                                   int32_t *next) {
    cf_arena *arena = m->base.arena;
    cf_type *type = CF_NEW(arena, cf_type);
    *type = *c->type;
    cf_field *fields = CF_NEWS(arena, cf_field, c->child_count);
    for (uint32_t i = 0; i < c->child_count; i++) {
        const int32_t number = (*next)++;
        m->nodes[number] = (node){c->children[i], parent};
        fields[i] = c->type->fields[i]; /* its texts live in the table, which is retained */
        fields[i].node = number;
        fields[i].nullable = c->children[i]->valid != NULL;
        fields[i].type = number_nodes(m, c->children[i], number, next);
    }
    type->fields = c->child_count == 0 ? NULL : fields;
    return type;
}

static void cut_partitions(cf_source *s) {
    s->partition_count = (uint32_t)((s->rows + PARTITION_ROWS - 1) / PARTITION_ROWS);
    cf_partition *partitions = CF_NEWS(s->arena, cf_partition, s->partition_count);
    for (uint32_t i = 0; i < s->partition_count; i++) {
        const int64_t first = (int64_t)i * PARTITION_ROWS, left = s->rows - first;
        partitions[i].first_row = first;
        partitions[i].rows = left < PARTITION_ROWS ? left : PARTITION_ROWS;
    }
    s->partitions = partitions;
}

cf_status cf_source_of_table(cf_column *table, const char *name, cf_source **source,
                             cf_error *err) {
    CF_ASSERT(table->type->kind == CF_TUPLE);
    memory_source *m = calloc(1, sizeof *m);
    cf_arena *arena = m == NULL ? NULL : cf_arena_new(4096);
    if (arena == NULL) {
        free(m);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the table %s",
                       name);
    }
    cf_source *s = &m->base;
    s->class = &memory_class;
    atomic_init(&s->refs, 1);
    s->format = "memory";
    s->arena = arena;
    s->where = cf_str_dup(arena, cf_str_of(name));
    s->rows = table->length;
    s->node_count = count_nodes(table->type);
    m->table = cf_column_retain(table);
    m->nodes = CF_NEWS(arena, node, s->node_count);
    int32_t next = 0;
    s->schema = number_nodes(m, table, -1, &next);
    cut_partitions(s);
    *source = s;
    return CF_OK;
}
