#include "column/scan.h"

/* What all sources have in common: counting, the checks of a reader's caller, the schema's
 * hash. */

#include <stdatomic.h>
#include <string.h>

cf_source *cf_source_retain(cf_source *source) {
    atomic_fetch_add_explicit(&source->refs, 1, memory_order_relaxed);
    return source;
}

void cf_source_release(cf_source *source) {
    if (source == NULL) return;
    if (atomic_fetch_sub_explicit(&source->refs, 1, memory_order_acq_rel) == 1)
        source->class->close(source);
}

cf_status cf_cursor_open(cf_source *source, uint32_t partition, const int32_t *nodes,
                         size_t node_count, cf_cursor **cursor, cf_error *err) {
    CF_ASSERT(partition < source->partition_count);
    for (size_t i = 0; i < node_count; i++)
        CF_ASSERT(nodes[i] >= 0 && nodes[i] < source->node_count);
    *cursor = NULL;
    CF_TRY(source->class->cursor_open(source, partition, nodes, node_count, cursor, err));
    (*cursor)->source = cf_source_retain(source);
    (*cursor)->partition = partition;
    return CF_OK;
}

cf_status cf_cursor_read(cf_cursor *cursor, int32_t node, int64_t begin, int64_t end,
                         cf_array *out, cf_error *err) {
    const cf_source *source = cursor->source;
    CF_ASSERT(node >= 0 && node < source->node_count);
    CF_ASSERT(begin >= 0 && begin <= end && end <= source->partitions[cursor->partition].rows);
    *out = (cf_array){0};
    return source->class->cursor_read(cursor, node, begin, end, out, err);
}

void cf_cursor_close(cf_cursor *cursor, cf_io_stats *add) {
    if (cursor == NULL) return;
    cf_source *source = cursor->source;
    source->class->cursor_close(cursor, add);
    cf_source_release(source);
}

static uint64_t hash_string(const char *s, uint64_t seed) {
    return s == NULL ? cf_hash_u64(0, seed) : cf_hash_bytes(s, strlen(s), seed);
}

static uint64_t hash_type(const cf_type *type, uint64_t seed) {
    seed = cf_hash_u64((uint64_t)type->kind << 8 | type->scale, seed);
    seed = cf_hash_u64((uint64_t)type->fixed_length << 32 | type->field_count, seed);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const cf_field *field = &type->fields[i];
        seed = hash_string(field->name, seed);
        seed = hash_string(field->file_name, seed);
        seed = cf_hash_u64((uint64_t)field->nullable << 1 | field->hidden, seed);
        seed = hash_type(field->type, seed);
    }
    return seed;
}

uint64_t cf_source_schema_hash(const cf_source *source) {
    return hash_type(source->schema, 0);
}
