#include "io/root_streamer.h"

/* The descriptions describe everything but themselves: this layout is fixed.  Each element
 * carries a byte count, so what newer versions add at its end is passed over. */

#include "io/root_refs.h"

#include <stdlib.h>
#include <string.h>

void cf_root_tobject_skip(cf_root_buffer *b) {
    size_t end;
    (void)cf_root_version(b, &end);
    (void)cf_root_u32(b);
    const uint32_t bits = cf_root_u32(b);
    if (bits & UINT32_C(0x10))
        (void)cf_root_u16(b); /* is referenced: a process number follows */
}

void cf_root_tnamed(cf_root_buffer *b, cf_str *name, cf_str *title) {
    size_t end;
    (void)cf_root_version(b, &end);
    cf_root_tobject_skip(b);
    *name = cf_root_text(b);
    *title = cf_root_text(b);
    cf_root_finish(b, end);
}

static void element_dims(cf_root_buffer *b, int version, cf_root_element *e) {
    const int stored = version == 1 ? cf_root_i32(b) : 5;
    for (int i = 0; i < stored && i < 5; i++)
        e->dims[i] = cf_root_i32(b);
    if (e->dim_count < 0 || e->dim_count > 5) e->dim_count = 0;
}

/* TStreamerElement, the common part. */
static void element_common(cf_root_buffer *b, cf_arena *arena, cf_root_element *e) {
    size_t end;
    cf_str name, title;
    const int version = cf_root_version(b, &end);
    cf_root_tnamed(b, &name, &title);
    e->name = cf_str_dup(arena, name);
    e->title = cf_str_dup(arena, title);
    e->type = cf_root_i32(b);
    (void)cf_root_i32(b); /* size in memory */
    e->length = cf_root_i32(b);
    e->dim_count = cf_root_i32(b);
    element_dims(b, version, e);
    e->type_name = cf_str_dup(arena, cf_root_text(b));
    e->member = -1;
    cf_root_finish(b, end);
}

static void element_read(cf_root_buffer *b, cf_arena *arena, const char *class_name,
                         cf_root_element *e) {
    size_t end;
    const int version = cf_root_version(b, &end);
    const bool is_string = strcmp(class_name, "TStreamerSTLstring") == 0;
    size_t inner_end;
    if (is_string) (void)cf_root_version(b, &inner_end); /* it is a TStreamerSTL first */
    element_common(b, arena, e);
    e->count_name = "";
    if (strcmp(class_name, "TStreamerBase") == 0) {
        e->is_base = true;
        if (version > 2) e->base_version = cf_root_i32(b);
    } else if (is_string || strcmp(class_name, "TStreamerSTL") == 0) {
        e->is_stl = true;
    } else if (strcmp(class_name, "TStreamerBasicPointer") == 0 ||
               strcmp(class_name, "TStreamerLoop") == 0) {
        (void)cf_root_i32(b);
        e->count_name = cf_str_dup(arena, cf_root_text(b));
    }
    cf_root_finish(b, end);
}

/* TObjArray of elements. */
static void elements_read(cf_root_buffer *b, cf_root_refs *refs, cf_arena *arena,
                          cf_root_class *c) {
    size_t end;
    const int version = cf_root_version(b, &end);
    if (version > 2) cf_root_tobject_skip(b);
    if (version > 1) (void)cf_root_text(b);
    const uint32_t count = cf_root_u32(b);
    (void)cf_root_u32(b);
    if (b->bad || end == SIZE_MAX || end < b->at || count > (end - b->at) / 32) {
        b->bad = true; /* an element takes more than 32 bytes */
        return;
    }
    c->elements = CF_NEWS(arena, cf_root_element, count);
    for (uint32_t i = 0; i < count && !b->bad; i++) {
        cf_root_pointed p = cf_root_pointer(b, refs);
        if (p.class_name == NULL) continue;
        element_read(b, arena, p.class_name, &c->elements[c->count++]);
        cf_root_finish(b, p.end);
    }
    cf_root_finish(b, end);
}

static void class_read(cf_root_buffer *b, cf_root_refs *refs, cf_arena *arena,
                       cf_root_class *c) {
    size_t end;
    cf_str name, title;
    (void)cf_root_version(b, &end);
    cf_root_tnamed(b, &name, &title);
    c->name = cf_str_dup(arena, name);
    c->checksum = cf_root_u32(b);
    c->version = cf_root_i32(b);
    cf_root_pointed p = cf_root_pointer(b, refs);
    if (p.class_name != NULL) elements_read(b, refs, arena, c);
    cf_root_finish(b, end);
}

/* The record is a TList whose first items are the descriptions; a list of rules may follow. */
static bool list_read(cf_root_buffer *b, cf_root_refs *refs, cf_arena *arena,
                      cf_root_classes *classes) {
    size_t end;
    (void)cf_root_version(b, &end);
    cf_root_tobject_skip(b);
    (void)cf_root_text(b);
    const uint32_t count = cf_root_u32(b);
    if (b->bad || count > cf_root_left(b) / 4) return false;
    classes->classes = CF_NEWS(arena, cf_root_class, count);
    for (uint32_t i = 0; i < count && !b->bad; i++) {
        cf_root_pointed p = cf_root_pointer(b, refs);
        if (p.class_name != NULL && strcmp(p.class_name, "TStreamerInfo") == 0)
            class_read(b, refs, arena, &classes->classes[classes->count++]);
        cf_root_finish(b, p.end);
        (void)cf_root_text(b);
    }
    return !b->bad;
}

cf_status cf_root_classes_read(const cf_root_file *file, cf_root_classes *classes,
                               cf_error *err) {
    *classes = (cf_root_classes){0};
    if (file->info_seek == 0 || file->info_bytes == 0) return CF_OK;
    uint8_t *data = NULL;
    size_t size = 0, header = 0;
    CF_TRY(cf_root_object_load(file, file->info_seek, file->info_bytes, &data, &size, &header,
                               err));
    cf_root_buffer b = cf_root_buffer_of(data, size);
    b.at = header;
    cf_root_refs refs = {.arena = file->arena};
    const bool good = list_read(&b, &refs, file->arena, classes);
    free(data);
    if (!good)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "%s is damaged: its class descriptions cannot be read", file->path);
    return CF_OK;
}

const cf_root_class *cf_root_class_find(const cf_root_classes *classes, const char *name,
                                        int version) {
    const cf_root_class *best = NULL;
    for (size_t i = 0; i < classes->count; i++) {
        const cf_root_class *c = &classes->classes[i];
        if (strcmp(c->name, name) != 0) continue;
        if (c->version == version) return c;
        if (best == NULL || c->version > best->version) best = c;
    }
    return version < 0 ? best : NULL;
}

const cf_root_class *cf_root_class_by_checksum(const cf_root_classes *classes, const char *name,
                                               uint32_t checksum) {
    for (size_t i = 0; i < classes->count; i++) {
        const cf_root_class *c = &classes->classes[i];
        if (c->checksum == checksum && strcmp(c->name, name) == 0) return c;
    }
    return NULL;
}
