#include "io/root_refs.h"

#include <string.h>

static const uint32_t has_count = UINT32_C(0x40000000), new_class = UINT32_C(0xffffffff),
                      is_class = UINT32_C(0x80000000);
enum { place_offset = 2 }; /* 0 and 1 mean null and the record itself */

static void add(cf_root_refs *refs, uint32_t place, const char *class_name, void *object) {
    if (refs->count == refs->capacity) {
        refs->capacity = refs->capacity == 0 ? 64 : 2 * refs->capacity;
        cf_root_ref *more = CF_NEWS(refs->arena, cf_root_ref, refs->capacity);
        if (refs->count > 0) memcpy(more, refs->refs, refs->count * sizeof *more);
        refs->refs = more;
    }
    size_t i = refs->count++;
    for (; i > 0 && refs->refs[i - 1].place > place; i--) /* nearly always at the end already */
        refs->refs[i] = refs->refs[i - 1];
    refs->refs[i] = (cf_root_ref){place, class_name, object};
}

static const cf_root_ref *find(const cf_root_refs *refs, uint32_t place) {
    size_t low = 0, high = refs->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (refs->refs[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low < refs->count && refs->refs[low].place == place ? &refs->refs[low] : NULL;
}

/* A class name ends with a NUL here. */
static const char *class_name_read(cf_root_buffer *b, cf_arena *arena) {
    const uint8_t *begin = b->data + b->at;
    const uint8_t *end = memchr(begin, 0, cf_root_left(b));
    if (end == NULL) {
        b->bad = true;
        return NULL;
    }
    b->at += (size_t)(end - begin) + 1;
    return cf_str_dup(arena, (cf_str){(const char *)begin, (size_t)(end - begin)});
}

cf_root_pointed cf_root_pointer(cf_root_buffer *b, cf_root_refs *refs) {
    const size_t start = b->at;
    cf_root_pointed p = {.end = SIZE_MAX, .place = (uint32_t)start + place_offset};
    uint32_t tag = cf_root_u32(b);
    uint32_t tag_place;
    if ((tag & has_count) != 0 && tag != new_class) {
        const size_t bytes = tag & ~has_count;
        if (bytes > cf_root_left(b)) b->bad = true;
        p.end = b->at + bytes;
        tag_place = (uint32_t)b->at + place_offset;
        tag = cf_root_u32(b);
    } else { /* very old records number things instead */
        p.place = tag_place = (uint32_t)refs->count + 1;
    }
    if (b->bad || tag == 0) return p;
    if (tag == new_class) {
        p.class_name = class_name_read(b, refs->arena);
        if (p.class_name != NULL) add(refs, tag_place, p.class_name, NULL);
        return p;
    }
    const cf_root_ref *ref = find(refs, tag & ~is_class);
    if ((tag & is_class) == 0) {
        if (ref != NULL) p.object = ref->object;
        return p;
    }
    if (ref == NULL)
        b->bad = true;
    else
        p.class_name = ref->class_name;
    return p;
}

void cf_root_refs_enter(cf_root_refs *refs, const cf_root_pointed *p, void *object) {
    add(refs, p->place, p->class_name, object);
}
