#include "io/rows.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    cf_cursor *cursor;
    int64_t begin, end;
    cf_error *err;
} request;

static cf_status no_memory(const request *r) {
    return cf_fail(r->err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for rows of %s",
                   r->cursor->source->where);
}

/* A copy that is never NULL for lack of bytes. */
static void *copy_of(const void *from, size_t bytes) {
    void *copy = malloc(bytes + 1);
    if (copy != NULL && bytes > 0) memcpy(copy, from, bytes);
    return copy;
}

static cf_status read_node(const request *r, const cf_field *f, cf_array *out) {
    return cf_cursor_read(r->cursor, f->node, r->begin, r->end, out, r->err);
}

/* ---- basic values ---- */

static cf_status read_texts(const request *r, const cf_array *a, uint8_t *valid,
                            cf_column **out) {
    const cf_view *views = a->values;
    size_t bytes = 0;
    for (size_t i = 0; i < a->count; i++)
        bytes += views[i].size;
    char *data = malloc(bytes + 1);
    int64_t *offsets = malloc((a->count + 1) * sizeof *offsets);
    if (data == NULL || offsets == NULL) {
        free(data);
        free(offsets);
        free(valid);
        return no_memory(r);
    }
    offsets[0] = 0;
    for (size_t i = 0; i < a->count; i++) {
        if (views[i].size > 0) memcpy(data + offsets[i], views[i].data, views[i].size);
        offsets[i + 1] = offsets[i] + (int64_t)views[i].size;
    }
    *out = cf_column_new(&cf_type_text, (int64_t)a->count, valid, data, offsets, NULL, 0);
    return *out == NULL ? no_memory(r) : CF_OK;
}

static cf_status read_basic(const request *r, const cf_field *f, cf_column **out) {
    cf_array a;
    CF_TRY(read_node(r, f, &a));
    uint8_t *valid = a.valid == NULL ? NULL : copy_of(a.valid, a.count);
    if (a.valid != NULL && valid == NULL) return no_memory(r);
    if (f->type->kind == CF_TEXT) return read_texts(r, &a, valid, out);
    void *values = copy_of(a.values, a.count * cf_kind_size(f->type->kind));
    if (values == NULL) {
        free(valid);
        return no_memory(r);
    }
    *out = cf_column_new(f->type, (int64_t)a.count, valid, values, NULL, NULL, 0);
    return *out == NULL ? no_memory(r) : CF_OK;
}

/* ---- nested values ---- */

static cf_status read_field(const request *r, const cf_field *f, const cf_field *const *path,
                            size_t path_size, cf_column **out);

/* The only child of a list, or all fields of a tuple, under one column; frees the array. */
static cf_status wrap(const request *r, const cf_type *type, int64_t length, uint8_t *valid,
                      int64_t *offsets, cf_column **children, cf_column **out) {
    *out = cf_column_new(type, length, valid, NULL, offsets, children, type->field_count);
    free(children);
    return *out == NULL ? no_memory(r) : CF_OK;
}

static cf_status read_list(const request *r, const cf_field *f, const cf_field *const *path,
                           size_t path_size, cf_column **out) {
    cf_column *child = NULL;
    CF_TRY(read_field(r, path_size > 1 ? path[1] : &f->type->fields[0],
                      path_size > 1 ? path + 1 : NULL, path_size > 1 ? path_size - 1 : 0,
                      &child));
    cf_array a;
    const cf_status status = read_node(r, f, &a);
    cf_column **children = status == CF_OK ? malloc(sizeof(cf_column *)) : NULL;
    int64_t *offsets = children == NULL ? NULL : malloc((a.count + 1) * sizeof *offsets);
    uint8_t *valid = offsets == NULL || a.valid == NULL ? NULL : copy_of(a.valid, a.count);
    if (status != CF_OK || offsets == NULL || (a.valid != NULL && valid == NULL)) {
        free(offsets);
        free(children);
        cf_column_release(child);
        return status != CF_OK ? status : no_memory(r);
    }
    for (size_t i = 0; i <= a.count; i++)
        offsets[i] = ((const int32_t *)a.values)[i];
    children[0] = child;
    const cf_field element = {
        .name = "", .type = child->type, .nullable = child->valid != NULL, .node = -1};
    const cf_type list = {.kind = CF_LIST, .field_count = 1, .fields = &element};
    return wrap(r, &list, (int64_t)a.count, valid, offsets, children, out);
}

static cf_status read_fields(const request *r, const cf_type *type, cf_column **children) {
    for (uint32_t i = 0; i < type->field_count; i++)
        CF_TRY(read_field(r, &type->fields[i], NULL, 0, &children[i]));
    return CF_OK;
}

static cf_status read_tuple(const request *r, const cf_field *f, cf_column **out) {
    const cf_type *type = f->type;
    cf_column **children = calloc((size_t)type->field_count + 1, sizeof(cf_column *));
    if (children == NULL) return no_memory(r);
    cf_status status = read_fields(r, type, children);
    cf_array a = {0};
    if (status == CF_OK && f->nullable) status = read_node(r, f, &a);
    uint8_t *valid = a.valid == NULL ? NULL : copy_of(a.valid, a.count);
    if (status == CF_OK && a.valid != NULL && valid == NULL) status = no_memory(r);
    if (status != CF_OK) {
        for (uint32_t i = 0; i < type->field_count; i++)
            cf_column_release(children[i]);
        free(children);
        return status;
    }
    const int64_t length = type->field_count > 0 ? children[0]->length : (int64_t)a.count;
    return wrap(r, type, length, valid, NULL, children, out);
}

static cf_status read_field(const request *r, const cf_field *f, const cf_field *const *path,
                            size_t path_size, cf_column **out) {
    if (f->type->kind == CF_LIST) return read_list(r, f, path, path_size, out);
    if (f->type->kind != CF_TUPLE) return read_basic(r, f, out);
    if (path_size > 1) return read_field(r, path[1], path + 1, path_size - 1, out);
    return read_tuple(r, f, out);
}

cf_status cf_rows_read(cf_cursor *cursor, const cf_field *column, const cf_field *const *path,
                       size_t path_size, int64_t begin, int64_t end, cf_column **rows,
                       cf_error *err) {
    const request r = {cursor, begin, end, err};
    return read_field(&r, column, path, path_size, rows);
}

/* ---- whole sources ---- */

static size_t list_nodes(const cf_type *type, int32_t *nodes, size_t count) {
    for (uint32_t i = 0; i < type->field_count; i++) {
        nodes[count++] = type->fields[i].node;
        count = list_nodes(type->fields[i].type, nodes, count);
    }
    return count;
}

static cf_status read_partition(cf_source *source, uint32_t partition, const int32_t *nodes,
                                size_t count, cf_column **out, cf_error *err) {
    cf_cursor *cursor = NULL;
    CF_TRY(cf_cursor_open(source, partition, nodes, count, &cursor, err));
    const request r = {cursor, 0, source->partitions[partition].rows, err};
    const cf_field table = {.name = "", .type = source->schema, .node = -1};
    const cf_status status = read_tuple(&r, &table, out);
    cf_cursor_close(cursor, NULL);
    return status;
}

static cf_column *empty_table(const cf_type *schema) {
    cf_builder *builder = cf_builder_new(schema);
    return builder == NULL ? NULL : cf_builder_finish(builder);
}

cf_status cf_rows_read_all(cf_source *source, cf_table **table, cf_error *err) {
    const uint32_t count = source->partition_count;
    cf_column **parts = calloc((size_t)count + 1, sizeof(cf_column *));
    int32_t *nodes = malloc(((size_t)source->node_count + 1) * sizeof *nodes);
    cf_status status = CF_OK;
    if (parts == NULL || nodes == NULL)
        status =
            cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for %s", source->where);
    const size_t node_count = nodes == NULL ? 0 : list_nodes(source->schema, nodes, 0);
    for (uint32_t i = 0; i < count && status == CF_OK; i++)
        status = read_partition(source, i, nodes, node_count, &parts[i], err);
    if (status == CF_OK) {
        *table = count == 0 ? empty_table(source->schema) : cf_column_concat(parts, count);
        if (*table == NULL)
            status = cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for %s",
                             source->where);
    }
    for (uint32_t i = 0; parts != NULL && i < count; i++)
        cf_column_release(parts[i]);
    free(parts);
    free(nodes);
    return status;
}
