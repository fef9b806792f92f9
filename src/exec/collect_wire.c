#include "exec/collect_internal.h"

/* Collected rows as bytes, and back. */

#include <string.h>

static void write_value(const cf_plan *plan, cf_id id, const cf_part_value *v, cf_text *out) {
    const cf_kind kind = plan->nodes[id].kind;
    cf_put_u64(out, (uint64_t)v->rows);
    cf_put_u8(out, v->valid.size > 0);
    cf_put_array(out, v->valid.data, v->valid.size, 1);
    if (kind != CF_TEXT) {
        cf_put_array(out, v->data.data, v->data.size, 1);
        return;
    }
    const cf_view *texts = (const cf_view *)(const void *)v->data.data;
    for (int64_t i = 0; i < v->rows; i++)
        cf_put_u64(out, texts[i].size);
    for (int64_t i = 0; i < v->rows; i++)
        cf_put_array(out, texts[i].data, (size_t)texts[i].size, 1);
}

void cf_part_write(const cf_collection *c, const cf_part *p, cf_text *out) {
    cf_put_u64(out, (uint64_t)p->top_rows);
    for (size_t i = 0; i < c->level_count; i++) {
        const cf_part_level *l = &p->levels[i];
        cf_put_u64(out, (uint64_t)l->rows);
        cf_put_u64(out, l->offsets.size / sizeof(int32_t));
        cf_put_array(out, l->offsets.data, l->offsets.size, 1);
    }
    for (size_t i = 0; i < c->value_count; i++)
        write_value(c->plan, c->values[i], &p->values[i], out);
}

static bool read_buffer(cf_buffer *b, size_t count, size_t size, cf_reader *r) {
    if (count > r->left / size) r->bad = true;
    if (r->bad || count == 0) return !r->bad;
    void *room = cf_buffer_room(b, count * size);
    return room != NULL && cf_get_array(r, room, count, size);
}

/* Rows of a level: as many as its lists say, of which there is one for each row round it. */
static bool read_level(const cf_collection *c, cf_part *p, size_t i, cf_reader *r) {
    cf_part_level *l = &p->levels[i];
    const cf_id parent = c->plan->nodes[c->levels[i]].level;
    const uint64_t rows = cf_get_u64(r);
    const size_t lists = cf_get_count(r, sizeof(int32_t));
    if (!read_buffer(&l->offsets, lists, sizeof(int32_t), r)) return false;
    const int32_t *ends = (const int32_t *)(const void *)l->offsets.data;
    const int64_t expected = parent == 1 ? 0 : p->levels[cf_collection_slot(c, parent)].rows;
    int64_t at = 0;
    for (size_t k = 0; k < lists; k++) {
        if (ends[k] < at) r->bad = true;
        at = ends[k];
    }
    if ((int64_t)lists != expected || rows > INT32_MAX) r->bad = true;
    if (parent != 1 && (int64_t)rows != at) r->bad = true;
    l->rows = (int64_t)rows;
    return !r->bad;
}

static bool read_texts(cf_part *p, cf_part_value *v, cf_reader *r) {
    const size_t rows = (size_t)v->rows;
    const char *sizes = cf_get_bytes(r, rows, sizeof(uint64_t));
    uint64_t total = 0;
    for (size_t i = 0; i < rows && !r->bad; i++) {
        uint64_t size;
        memcpy(&size, sizes + i * sizeof size, sizeof size);
        if (size > r->left || total + size > r->left) r->bad = true;
        total += size;
    }
    const char *bytes = r->bad ? NULL : cf_get_bytes(r, (size_t)total, 1);
    if (r->bad || rows == 0) return !r->bad;
    if (p->texts == NULL) p->texts = cf_arena_new(65536);
    char *own = p->texts == NULL ? NULL : cf_arena_alloc(p->texts, (size_t)total + 1, 1);
    cf_view *views = own == NULL ? NULL : cf_buffer_room(&v->data, rows * sizeof *views);
    if (views == NULL) return false;
    if (total > 0) memcpy(own, bytes, (size_t)total);
    for (size_t i = 0; i < rows; i++) {
        memcpy(&views[i].size, sizes + i * sizeof views[i].size, sizeof views[i].size);
        views[i].data = own;
        own += views[i].size;
    }
    return true;
}

/* Bytes that the rest of the program trusts to be 0 or 1, and rows that it trusts to exist. */
static void check_values(const cf_collection *c, const cf_part *p, cf_id id,
                         const cf_part_value *v, cf_reader *r) {
    const cf_kind kind = c->plan->nodes[id].kind;
    const uint8_t *valid = (const uint8_t *)v->valid.data;
    const uint8_t *bools = (const uint8_t *)v->data.data;
    const int32_t *index = (const int32_t *)(const void *)v->data.data;
    const cf_id target = kind == CF_INDEX ? cf_index_target(c->plan, id) : 1;
    const size_t slot = cf_collection_slot(c, target);
    const int64_t rows = target == 1             ? 1
                         : slot < c->level_count ? p->levels[slot].rows
                                                 : INT32_MAX; /* whole: not here to be asked */
    for (size_t i = 0; i < v->valid.size; i++)
        if (valid[i] > 1) r->bad = true;
    for (int64_t i = 0; i < v->rows; i++) {
        if (kind == CF_BOOL && bools[i] > 1) r->bad = true;
        if (kind == CF_INDEX && (index[i] < -1 || index[i] >= rows)) r->bad = true;
    }
}

static bool read_value(const cf_collection *c, cf_part *p, size_t i, cf_reader *r) {
    cf_part_value *v = &p->values[i];
    const cf_node *n = &c->plan->nodes[c->values[i]];
    const uint64_t rows = cf_get_u64(r);
    const int64_t expected =
        n->level == 1 ? -1 : p->levels[cf_collection_slot(c, n->level)].rows;
    const uint8_t nulls = cf_get_u8(r);
    if (rows > INT32_MAX || (int64_t)rows != expected || nulls > 1) r->bad = true;
    if (r->bad) return false;
    v->rows = (int64_t)rows;
    if (nulls == 1 && !read_buffer(&v->valid, (size_t)rows, 1, r)) return false;
    const bool fine = n->kind == CF_TEXT
                          ? read_texts(p, v, r)
                          : read_buffer(&v->data, (size_t)rows, cf_kind_size(n->kind), r);
    if (fine) check_values(c, p, c->values[i], v, r);
    return fine && !r->bad;
}

cf_part *cf_part_read(const cf_collection *c, cf_reader *r) {
    cf_part *p = cf_part_new(c);
    const uint64_t top_rows = cf_get_u64(r);
    bool fine = p != NULL && top_rows >> 50 == 0;
    if (!fine) r->bad = r->bad || p != NULL;
    for (size_t i = 0; i < c->level_count && fine; i++)
        fine = read_level(c, p, i, r);
    for (size_t i = 0; i < c->value_count && fine; i++)
        fine = read_value(c, p, i, r);
    if (fine) {
        p->top_rows = (int64_t)top_rows;
        return p;
    }
    cf_part_free(p);
    return NULL;
}
