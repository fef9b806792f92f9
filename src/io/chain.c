#include "io/chain.h"

/* The partitions of all parts, numbered on.  The schema is the first part's; every part has a
 * table from those nodes to its own. */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t part;
    uint32_t partition; /* of the part */
} location;

typedef struct {
    cf_source base;
    cf_source **parts;
    uint32_t part_count;
    int32_t **nodes;     /* [part][node] */
    location *locations; /* [partition] */
} chain;

typedef struct {
    cf_cursor base;
    cf_cursor *inner;
} chain_cursor;

/* ---- reading ---- */

static const location *locate(const cf_source *source, uint32_t partition) {
    return &((const chain *)source)->locations[partition];
}

static cf_status chain_cursor_open(cf_source *source, uint32_t partition, const int32_t *nodes,
                                   size_t node_count, cf_cursor **cursor, cf_error *err) {
    const chain *c = (const chain *)source;
    const location *at = locate(source, partition);
    chain_cursor *outer = calloc(1, sizeof *outer);
    int32_t *own = malloc((node_count + 1) * sizeof *own);
    cf_status status;
    if (outer == NULL || own == NULL) {
        status = cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to read %s",
                         source->where);
    } else {
        for (size_t i = 0; i < node_count; i++)
            own[i] = c->nodes[at->part][nodes[i]];
        status = cf_cursor_open(c->parts[at->part], at->partition, own, node_count,
                                &outer->inner, err);
    }
    free(own);
    if (status != CF_OK) {
        free(outer);
        return status;
    }
    *cursor = &outer->base;
    return CF_OK;
}

static cf_status chain_cursor_read(cf_cursor *cursor, int32_t node, int64_t begin, int64_t end,
                                   cf_array *out, cf_error *err) {
    const chain *c = (const chain *)cursor->source;
    const location *at = locate(cursor->source, cursor->partition);
    cf_cursor *inner = ((chain_cursor *)cursor)->inner;
    return cf_cursor_read(inner, c->nodes[at->part][node], begin, end, out, err);
}

static void chain_cursor_close(cf_cursor *cursor, cf_io_stats *add) {
    cf_cursor_close(((chain_cursor *)cursor)->inner, add);
    free(cursor);
}

static bool chain_may_match(cf_source *source, uint32_t partition, const cf_bound *bounds,
                            size_t count) {
    const chain *c = (const chain *)source;
    const location *at = locate(source, partition);
    cf_source *part = c->parts[at->part];
    cf_bound *own = malloc((count + 1) * sizeof *own);
    if (own == NULL || part->class->may_match == NULL) {
        free(own);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        own[i] = bounds[i];
        own[i].node = c->nodes[at->part][bounds[i].node];
    }
    const bool may = part->class->may_match(part, at->partition, own, count);
    free(own);
    return may;
}

static void chain_close(cf_source *source) {
    chain *c = (chain *)source;
    for (uint32_t i = 0; i < c->part_count; i++)
        cf_source_release(c->parts[i]);
    cf_arena_free(source->arena);
    free(c);
}

static const cf_source_class chain_class = {
    .close = chain_close,
    .cursor_open = chain_cursor_open,
    .cursor_read = chain_cursor_read,
    .cursor_close = chain_cursor_close,
    .may_match = chain_may_match,
};

/* ---- joining the schemas ---- */

/* The part's nodes under the chain's numbers, and its nulls added; false: they differ, *name
 * tells where (the outermost column). */
static bool match(const cf_type *first, const cf_type *other, int32_t *nodes,
                  const char **name) {
    if (first->kind != other->kind || first->scale != other->scale) return false;
    for (uint32_t i = 0; i < first->field_count; i++) {
        const cf_field *a = &first->fields[i];
        *name = a->name;
        if (i >= other->field_count) return false;
        const cf_field *b = &other->fields[i];
        const char *inner;
        if (strcmp(a->name, b->name) != 0 || !match(a->type, b->type, nodes, &inner))
            return false;
        if (a->node >= 0) nodes[a->node] = b->node;
    }
    if (other->field_count > first->field_count) *name = other->fields[first->field_count].name;
    return first->field_count == other->field_count;
}

/* A copy that is nullable, or unreadable, where any of the parts is. */
static const cf_type *join_types(cf_arena *arena, const cf_type *const *types, uint32_t count) {
    cf_type *joined = CF_NEW(arena, cf_type);
    *joined = *types[0];
    if (joined->field_count == 0) return joined;
    cf_field *fields = CF_NEWS(arena, cf_field, joined->field_count);
    const cf_type **inner = CF_NEWS(arena, const cf_type *, count);
    for (uint32_t i = 0; i < joined->field_count; i++) {
        fields[i] = types[0]->fields[i]; /* texts live in the parts */
        for (uint32_t k = 0; k < count; k++) {
            const cf_field *field = &types[k]->fields[i];
            fields[i].nullable |= field->nullable;
            if (fields[i].unreadable == NULL) fields[i].unreadable = field->unreadable;
            inner[k] = field->type;
            if (types[k]->fixed_length != joined->fixed_length) joined->fixed_length = 0;
        }
        fields[i].type = join_types(arena, inner, count);
    }
    joined->fields = fields;
    return joined;
}

static cf_status join_schemas(chain *c, cf_error *err) {
    cf_arena *arena = c->base.arena;
    const cf_source *first = c->parts[0];
    const cf_type **types = CF_NEWS(arena, const cf_type *, c->part_count);
    c->nodes = CF_NEWS(arena, int32_t *, c->part_count);
    for (uint32_t i = 0; i < c->part_count; i++) {
        const char *name = "";
        types[i] = c->parts[i]->schema;
        c->nodes[i] = CF_NEWS(arena, int32_t, first->node_count);
        if (!match(first->schema, types[i], c->nodes[i], &name))
            return cf_fail(
                err, CF_E_MISMATCH, CF_NOWHERE,
                "%s and %s cannot be one relation: column `%s` is not the same in both",
                first->where, c->parts[i]->where, name);
    }
    c->base.schema = join_types(arena, types, c->part_count);
    c->base.node_count = first->node_count;
    return CF_OK;
}

/* ---- joining the partitions ---- */

static void count_up(chain *c) {
    cf_source *s = &c->base;
    uint64_t partitions = 0;
    for (uint32_t i = 0; i < c->part_count; i++) {
        partitions += c->parts[i]->partition_count;
        s->file_count += c->parts[i]->file_count;
    }
    s->partition_count = (uint32_t)partitions;
}

static void join_partitions(chain *c) {
    cf_source *s = &c->base;
    count_up(c);
    cf_partition *partitions = CF_NEWS(s->arena, cf_partition, s->partition_count);
    const char **files = CF_NEWS(s->arena, const char *, s->file_count);
    c->locations = CF_NEWS(s->arena, location, s->partition_count);
    uint32_t at = 0, file = 0;
    for (uint32_t i = 0; i < c->part_count; i++) {
        const cf_source *part = c->parts[i];
        for (uint32_t k = 0; k < part->partition_count; k++, at++) {
            c->locations[at] = (location){i, k};
            partitions[at] = part->partitions[k];
            partitions[at].file += file;
            partitions[at].first_row += s->rows;
        }
        for (uint32_t k = 0; k < part->file_count; k++)
            files[file++] = part->files[k];
        s->rows += part->rows;
    }
    s->partitions = partitions;
    s->files = files;
}

static chain *chain_new(cf_source *const *parts, uint32_t count) {
    chain *c = calloc(1, sizeof *c);
    cf_arena *arena = c == NULL ? NULL : cf_arena_new(4096);
    if (arena == NULL) {
        free(c);
        return NULL;
    }
    c->base.class = &chain_class;
    c->base.arena = arena;
    atomic_init(&c->base.refs, 1);
    c->base.format = parts[0]->format;
    c->base.where = cf_arena_printf(arena, "%s and %u more", parts[0]->where, count - 1);
    c->parts = CF_NEWS(arena, cf_source *, count);
    memcpy(c->parts, parts, count * sizeof(cf_source *));
    c->part_count = count;
    return c;
}

cf_status cf_source_chain(cf_source *const *parts, uint32_t count, cf_source **source,
                          cf_error *err) {
    CF_ASSERT(count > 0);
    if (count == 1) {
        *source = parts[0];
        return CF_OK;
    }
    chain *c = chain_new(parts, count);
    if (c == NULL) {
        for (uint32_t i = 0; i < count; i++)
            cf_source_release(parts[i]);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to open %u files",
                       count);
    }
    const cf_status status = join_schemas(c, err);
    if (status != CF_OK) {
        chain_close(&c->base);
        return status;
    }
    join_partitions(c);
    *source = &c->base;
    return CF_OK;
}
