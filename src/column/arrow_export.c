#include "column/arrow.h"

/* Every structure owns what hangs below it in one `shell`.  A receiver may move a child out of
 * its parent (and so clear the child's release), which is why each child is released on its
 * own. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the schema ---- */

typedef struct {
    char format[32];
    char *name;
    struct ArrowSchema *children;
    struct ArrowSchema **pointers;
} schema_shell;

static void schema_release(struct ArrowSchema *schema) {
    schema_shell *shell = schema->private_data;
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]->release != NULL)
            schema->children[i]->release(schema->children[i]);
    free(shell->name);
    free(shell->children);
    free(shell->pointers);
    free(shell);
    schema->release = NULL;
}

static const char *format_of(cf_kind kind) {
    switch (kind) {
    case CF_NULL: return "n";
    case CF_BOOL: return "b";
    case CF_INT64: return "l";
    case CF_FLOAT64: return "g";
    case CF_TEXT: return "U";
    case CF_DATE: return "tdD";
    case CF_TIME: return "ttu";
    case CF_TIMESTAMP: return "tsu:UTC";
    case CF_DURATION: return "tDu";
    case CF_INT8: return "c";
    case CF_INT16: return "s";
    case CF_INDEX:
    case CF_INT32: return "i";
    case CF_UINT8: return "C";
    case CF_UINT16: return "S";
    case CF_UINT32: return "I";
    case CF_UINT64: return "L";
    case CF_FLOAT32: return "f";
    case CF_LIST: return "+L";
    case CF_TUPLE: return "+s";
    default: return NULL;
    }
}

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to hand over a column");
}

/* An empty schema that can be released. */
static schema_shell *schema_begin(struct ArrowSchema *schema, const char *name,
                                  uint32_t children) {
    schema_shell *shell = calloc(1, sizeof *shell);
    if (shell == NULL) return NULL;
    const size_t name_size = strlen(name) + 1;
    shell->name = malloc(name_size);
    shell->children = calloc((size_t)children + 1, sizeof *shell->children);
    shell->pointers = calloc((size_t)children + 1, sizeof *shell->pointers);
    *schema = (struct ArrowSchema){.private_data = shell, .release = schema_release};
    if (shell->name == NULL || shell->children == NULL || shell->pointers == NULL) {
        schema_release(schema);
        return NULL;
    }
    memcpy(shell->name, name, name_size);
    schema->format = shell->format;
    schema->name = shell->name;
    schema->children = shell->pointers;
    return shell;
}

static cf_status export_schema(const cf_type *type, const char *name, bool nullable,
                               struct ArrowSchema *schema, cf_error *err) {
    const char *format = format_of(type->kind);
    if (format == NULL && type->kind != CF_DECIMAL)
        return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE, "`%s`: a %s cannot be handed over",
                       name, cf_kind_word(type->kind));
    schema_shell *shell = schema_begin(schema, name, type->field_count);
    if (shell == NULL) return no_memory(err);
    if (format != NULL)
        (void)snprintf(shell->format, sizeof shell->format, "%s", format);
    else
        (void)snprintf(shell->format, sizeof shell->format, "d:38,%u", (unsigned)type->scale);
    schema->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
    for (uint32_t i = 0; i < type->field_count; i++) {
        const cf_field *field = &type->fields[i];
        const char *child_name = type->kind == CF_LIST ? "item" : field->name;
        const cf_status status =
            export_schema(field->type, child_name, field->nullable, &shell->children[i], err);
        if (status != CF_OK) {
            schema_release(schema);
            return status;
        }
        shell->pointers[i] = &shell->children[i];
        schema->n_children = (int64_t)i + 1;
    }
    return CF_OK;
}

/* ---- the array ---- */

typedef struct {
    cf_column *column; /* kept: its buffers are handed out */
    void *bits;        /* validity */
    void *converted;   /* values whose layout differs */
    const void *buffers[3];
    struct ArrowArray *children;
    struct ArrowArray **pointers;
} array_shell;

static void array_release(struct ArrowArray *array) {
    array_shell *shell = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++)
        if (array->children[i]->release != NULL)
            array->children[i]->release(array->children[i]);
    cf_column_release(shell->column);
    free(shell->bits);
    free(shell->converted);
    free(shell->children);
    free(shell->pointers);
    free(shell);
    array->release = NULL;
}

static array_shell *array_begin(struct ArrowArray *array, cf_column *c) {
    array_shell *shell = calloc(1, sizeof *shell);
    if (shell == NULL) return NULL;
    shell->column = cf_column_retain(c);
    shell->children = calloc((size_t)c->child_count + 1, sizeof *shell->children);
    shell->pointers = calloc((size_t)c->child_count + 1, sizeof *shell->pointers);
    *array = (struct ArrowArray){.private_data = shell, .release = array_release};
    if (shell->children == NULL || shell->pointers == NULL) {
        array_release(array);
        return NULL;
    }
    array->length = c->length;
    array->buffers = shell->buffers;
    array->children = shell->pointers;
    return shell;
}

/* Bytes 0/1 as bits, the first in the lowest place. */
static uint8_t *bits_of(const uint8_t *bytes, int64_t count) {
    uint8_t *bits = calloc((size_t)count / 8 + 1, 1);
    for (int64_t i = 0; bits != NULL && i < count; i++)
        bits[i / 8] = (uint8_t)(bits[i / 8] | (bytes[i] != 0) << i % 8);
    return bits;
}

static int64_t count_nulls(const cf_column *c) {
    if (c->type->kind == CF_NULL) return c->length;
    int64_t nulls = 0;
    for (int64_t i = 0; c->valid != NULL && i < c->length; i++)
        nulls += c->valid[i] == 0;
    return nulls;
}

static cf_status days_as_int32(const cf_column *c, void **out, cf_error *err) {
    int32_t *days = malloc(((size_t)c->length + 1) * sizeof *days);
    if (days == NULL) return no_memory(err);
    *out = days;
    for (int64_t i = 0; i < c->length; i++) {
        const int64_t day = cf_column_int(c, i);
        if (day < INT32_MIN || day > INT32_MAX)
            return cf_fail(err, CF_E_VALUE, CF_NOWHERE,
                           "the date in row %lld is too far away to be handed over",
                           (long long)i);
        days[i] = (int32_t)day;
    }
    return CF_OK;
}

static cf_status fill_buffers(struct ArrowArray *array, array_shell *shell, cf_error *err) {
    const cf_column *c = shell->column;
    const cf_kind kind = c->type->kind;
    array->null_count = count_nulls(c);
    array->n_buffers = kind == CF_NULL ? 0 : kind == CF_TUPLE ? 1 : kind == CF_TEXT ? 3 : 2;
    if (array->null_count > 0 && kind != CF_NULL) {
        shell->bits = bits_of(c->valid, c->length);
        if (shell->bits == NULL) return no_memory(err);
    }
    shell->buffers[0] = shell->bits;
    if (kind == CF_BOOL) {
        shell->converted = bits_of(c->values, c->length);
        if (shell->converted == NULL) return no_memory(err);
    }
    if (kind == CF_DATE) CF_TRY(days_as_int32(c, &shell->converted, err));
    shell->buffers[1] = c->offsets != NULL         ? (const void *)c->offsets
                        : shell->converted != NULL ? shell->converted
                                                   : c->values;
    shell->buffers[2] = kind == CF_TEXT ? c->values : NULL;
    return CF_OK;
}

static cf_status export_array(cf_column *c, struct ArrowArray *array, cf_error *err) {
    array_shell *shell = array_begin(array, c);
    if (shell == NULL) return no_memory(err);
    cf_status status = fill_buffers(array, shell, err);
    for (uint32_t i = 0; i < c->child_count && status == CF_OK; i++) {
        status = export_array(c->children[i], &shell->children[i], err);
        if (status != CF_OK) break;
        shell->pointers[i] = &shell->children[i];
        array->n_children = (int64_t)i + 1;
    }
    if (status != CF_OK) array_release(array);
    return status;
}

cf_status cf_arrow_export(cf_column *c, const char *name, struct ArrowSchema *schema,
                          struct ArrowArray *array, cf_error *err) {
    CF_TRY(export_schema(c->type, name, c->valid != NULL, schema, err));
    const cf_status status = export_array(c, array, err);
    if (status != CF_OK) schema->release(schema);
    return status;
}
