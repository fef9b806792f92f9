#include "io/root_writer.h"

/* Rows go in blocks to every branch; a branch whose basket is full writes it, and at the end of
 * a cluster all do.  So no more is held than a basket a branch. */

#include "io/root_writer_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_ROWS = 64,
    BASKET_BYTES = 1 << 18,
    CLUSTER_BYTES = 1 << 24, /* of baskets; the first cluster tells how many rows that is */
    BASKET_VERSION = 3,
};

struct cf_root_writer {
    cf_arena *arena;
    cf_root_plan plan;
    cf_root_target target;
    int64_t rows, cluster, cluster_begin, cluster_bytes;
};

static cf_status no_memory(const char *path, cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write %s", path);
}

/* --- baskets --- */

static bool note_basket(cf_root_out_branch *b, const cf_root_place *at, int64_t first) {
    if (b->basket_count == b->basket_room) {
        const int64_t room = b->basket_room == 0 ? 16 : 2 * b->basket_room;
        int64_t **all[] = {&b->basket_bytes, &b->basket_entry, &b->basket_seek};
        for (size_t i = 0; i < CF_COUNT(all); i++) {
            int64_t *more = realloc(*all[i], (size_t)room * sizeof *more);
            if (more == NULL) return false;
            *all[i] = more;
        }
        b->basket_room = room;
    }
    b->basket_bytes[b->basket_count] = at->bytes;
    b->basket_entry[b->basket_count] = first;
    b->basket_seek[b->basket_count++] = (int64_t)at->seek;
    return true;
}

/* Where entries begin, counted from the key: the number of them, and one more. */
static bool add_offsets(cf_root_out_branch *b, uint32_t key_bytes) {
    cf_root_out ends = {.before = 0};
    cf_root_put32(&ends, (uint32_t)b->rows + 1);
    for (int64_t i = 0; i < b->rows; i++) {
        uint32_t at;
        memcpy(&at, b->ends.data + (size_t)i * sizeof at, sizeof at);
        cf_root_put32(&ends, at + key_bytes);
    }
    cf_root_put32(&ends, 0);
    if (!ends.bytes.failed) cf_text_add(&b->data, ends.bytes.data, ends.bytes.size);
    const bool good = !ends.bytes.failed && !b->data.failed;
    cf_text_clear(&ends.bytes);
    return good;
}

static void put_basket_head(cf_root_out *o, const cf_root_out_branch *b, uint32_t last) {
    const int64_t each = (int64_t)b->per * b->stored->width;
    const int64_t sizes = cf_root_has_offsets(b) ? b->rows + 1 : each;
    cf_root_put16(o, BASKET_VERSION);
    cf_root_put32(o, last < 32000 ? 32000 : last);
    cf_root_put32(o, (uint32_t)sizes);
    cf_root_put32(o, (uint32_t)b->rows);
    cf_root_put32(o, last);
    cf_root_put8(o, 0); /* the values follow */
}

static cf_status write_basket(cf_root_writer *w, cf_root_out_branch *b, cf_error *err) {
    enum { HEAD_BYTES = 19 };
    const uint32_t key_bytes =
        (uint32_t)cf_root_key_bytes("TBasket", b->name, w->plan.tree) + HEAD_BYTES;
    const size_t values = b->data.size;
    cf_root_out head = {.before = 0};
    if (values > INT32_MAX / 2)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                       "`%s` has more than a gigabyte in %lld rows, too much for ROOT",
                       b->column, (long long)b->rows);
    if (cf_root_has_offsets(b) && !add_offsets(b, key_bytes))
        return no_memory(w->target.path, err);
    put_basket_head(&head, b, key_bytes + (uint32_t)values);
    const cf_root_record r = {.class_name = "TBasket",
                              .name = b->name,
                              .title = w->plan.tree,
                              .more = head.bytes.data,
                              .more_size = head.bytes.size,
                              .content = b->data.data,
                              .size = b->data.size};
    cf_root_place at = {0, 0};
    cf_status status = head.bytes.failed ? no_memory(w->target.path, err)
                                         : cf_root_target_add(&w->target, &r, &at, err);
    if (status == CF_OK && !note_basket(b, &at, w->rows - b->rows))
        status = no_memory(w->target.path, err);
    cf_text_clear(&head.bytes);
    b->total += (int64_t)(key_bytes + b->data.size);
    b->packed += at.bytes;
    if ((int64_t)b->data.size > b->largest_basket) b->largest_basket = (int64_t)b->data.size;
    w->cluster_bytes += (int64_t)b->data.size;
    b->data.size = b->ends.size = 0;
    b->rows = 0;
    return status;
}

static cf_status write_baskets(cf_root_writer *w, size_t from_bytes, cf_error *err) {
    for (uint32_t i = 0; i < w->plan.count; i++) {
        cf_root_out_branch *b = w->plan.branches[i];
        if (b->rows > 0 && b->data.size >= from_bytes) CF_TRY(write_basket(w, b, err));
    }
    return CF_OK;
}

/* --- rows --- */

static int64_t bytes_held(const cf_root_writer *w) {
    int64_t bytes = w->cluster_bytes;
    for (uint32_t i = 0; i < w->plan.count; i++)
        bytes += (int64_t)w->plan.branches[i]->data.size;
    return bytes;
}

/* All clusters have as many rows as the first, which ends when it is large enough. */
static cf_status end_cluster(cf_root_writer *w, cf_error *err) {
    const int64_t rows = w->rows - w->cluster_begin;
    if (w->cluster == 0 && bytes_held(w) >= CLUSTER_BYTES) w->cluster = rows;
    if (w->cluster == 0 || rows < w->cluster) return CF_OK;
    CF_TRY(write_baskets(w, 0, err));
    w->cluster_begin = w->rows;
    w->cluster_bytes = 0;
    return CF_OK;
}

static int64_t block_end(const cf_root_writer *w, int64_t begin, int64_t length) {
    int64_t rows = BLOCK_ROWS;
    if (w->cluster > 0 && w->cluster_begin + w->cluster - w->rows < rows)
        rows = w->cluster_begin + w->cluster - w->rows;
    return length - begin < rows ? length : begin + rows;
}

cf_status cf_root_writer_add(cf_root_writer *w, const cf_table *rows, cf_error *err) {
    for (int64_t begin = 0, end; begin < rows->length; begin = end) {
        end = block_end(w, begin, rows->length);
        CF_ASSERT(end > begin);
        for (uint32_t i = 0; i < w->plan.count; i++)
            CF_TRY(cf_root_fill(w->plan.branches[i], rows, begin, end, w->rows, err));
        w->rows += end - begin;
        CF_TRY(write_baskets(w, BASKET_BYTES, err));
        CF_TRY(end_cluster(w, err));
    }
    return CF_OK;
}

/* --- beginning and end --- */

static void writer_free(cf_root_writer *w) {
    for (uint32_t i = 0; i < w->plan.count; i++) {
        cf_root_out_branch *b = w->plan.branches[i];
        cf_text_clear(&b->data);
        cf_text_clear(&b->ends);
        free(b->basket_bytes);
        free(b->basket_entry);
        free(b->basket_seek);
    }
    cf_root_target_close(&w->target);
    cf_arena_free(w->arena);
    free(w);
}

void cf_root_writer_abandon(cf_root_writer *w) {
    if (w != NULL) writer_free(w);
}

static cf_status choose(const cf_root_write_options *o, cf_root_writer *w, cf_root_pack *pack,
                        cf_error *err) {
    const char *tree = o->tree != NULL ? o->tree : "Events";
    const char *layout = o->layout != NULL ? o->layout : "flat";
    *pack = cf_root_pack_of(o->compression);
    if (*pack == CF_ROOT_PACK_COUNT)
        return cf_fail(err, CF_E_RANGE, CF_NOWHERE,
                       "compression is zstd, lz4, zlib or none, not `%s`", o->compression);
    if (strcmp(layout, "flat") != 0 && strcmp(layout, "delphes") != 0)
        return cf_fail(err, CF_E_RANGE, CF_NOWHERE, "layout is flat or delphes, not `%s`",
                       layout);
    if (tree[0] == '\0' || strpbrk(tree, "/;") != NULL)
        return cf_fail(err, CF_E_RANGE, CF_NOWHERE,
                       "`%s` cannot be the name of a tree: folders cannot be written", tree);
    w->plan.tree = cf_str_dup(w->arena, cf_str_of(tree));
    w->plan.delphes = layout[0] == 'd';
    return CF_OK;
}

cf_status cf_root_writer_open(const char *path, const cf_type *schema,
                              const cf_root_write_options *options, cf_root_writer **out,
                              cf_error *err) {
    static const cf_root_write_options plain = {.tree = NULL};
    CF_ASSERT(schema->kind == CF_TUPLE);
    cf_root_writer *w = calloc(1, sizeof *w);
    cf_arena *arena = cf_arena_new((size_t)16 << 10);
    cf_root_pack pack = CF_ROOT_PACK_NONE;
    if (w == NULL || arena == NULL) {
        free(w);
        cf_arena_free(arena);
        return no_memory(path, err);
    }
    w->arena = w->plan.arena = arena;
    w->plan.schema = cf_type_copy(arena, schema);
    cf_status status = choose(options != NULL ? options : &plain, w, &pack, err);
    if (status == CF_OK) status = cf_root_plan_make(&w->plan, err);
    if (status == CF_OK) status = cf_root_target_open(path, arena, pack, &w->target, err);
    if (status != CF_OK) {
        writer_free(w);
        return status;
    }
    *out = w;
    return CF_OK;
}

static cf_status write_tree(cf_root_writer *w, cf_error *err) {
    const char *tree = w->plan.tree;
    cf_root_out o = {.before = (uint32_t)cf_root_key_bytes("TTree", tree, tree)};
    const int64_t cluster = w->cluster > 0 ? w->cluster : w->rows;
    cf_root_put_tree(&w->plan, w->target.setting, w->rows, cluster, &o);
    const cf_root_record r = {.class_name = "TTree",
                              .name = tree,
                              .title = tree,
                              .content = o.bytes.data,
                              .size = o.bytes.size,
                              .listed = true};
    cf_root_place at;
    const cf_status status = o.bytes.failed ? no_memory(w->target.path, err)
                                            : cf_root_target_add(&w->target, &r, &at, err);
    cf_text_clear(&o.bytes);
    return status;
}

cf_status cf_root_writer_finish(cf_root_writer *w, int64_t *bytes, cf_error *err) {
    cf_status status = write_baskets(w, 0, err);
    if (status == CF_OK) status = write_tree(w, err);
    if (status == CF_OK)
        status = cf_root_target_finish(&w->target, w->plan.classes, w->plan.class_count, err);
    if (bytes != NULL) *bytes = (int64_t)w->target.at;
    writer_free(w);
    return status;
}
