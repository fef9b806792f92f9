/* A Parquet file, or several of one schema, as a source: row groups are partitions, large ones
 * several; a cursor holds a stream for each column that is read and derives offsets and
 * validity from the streams' levels. */

#include "io/parquet.h"
#include "io/parquet_stream.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    cf_storage *storage;
    cf_pq_footer footer;
} file;

/* Where the pages of a column begin, found by the first cursor that needs to know. */
typedef struct {
    enum { MAP_ABSENT, MAP_BUILDING, MAP_READY, MAP_FAILED } state;
    cf_pq_page_place *places;
    size_t count;
} page_map;

typedef struct {
    uint32_t file, group;
    int64_t row;    /* of the row group that the partition begins with */
    page_map *maps; /* [leaf count] of a row group that makes several partitions; else NULL */
} place;

enum {
    SPLIT_ABOVE = 200000, /* rows: larger row groups make several partitions */
    SPLIT_ROWS = 1 << 17
};

typedef struct {
    cf_source base;
    file *files;
    uint32_t file_count;
    cf_pq_schema schema;
    place *places; /* of the partitions */
    cf_pq_pool pool;
    pthread_mutex_t map_lock; /* over all maps' states */
    pthread_cond_t map_done;
} source;

/* What a cursor holds for a list or a tuple. */
typedef struct {
    bool leader_known;
    uint32_t leader; /* the leaf that offsets are read from */
    bool reference_known;
    uint32_t reference; /* the leaf that others were last compared with */
    int32_t *offsets;
    uint8_t *valid;
    size_t offsets_size, valid_size;
} node_state;

typedef struct {
    cf_cursor base;
    source *src;
    const cf_pq_row_group *group;
    const place *at;
    int64_t first_row; /* of the row group, in the source */
    cf_pq_shared shared;
    cf_pq_stream **streams; /* [leaf count] NULL: not begun */
    bool *wanted;           /* [leaf count] named when the cursor was opened */
    node_state *nodes;      /* [node count] */
} cursor;

/* ---- streams ---- */

static cf_status unreadable(const cf_pq_leaf *leaf, const char *why, cf_error *err) {
    return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE, "column `%s` cannot be read: %s",
                   leaf->name, why);
}

static const char *trouble_of(const cursor *c, uint32_t leaf) {
    const char *why = c->src->schema.leaves[leaf].unreadable;
    return why != NULL ? why : c->group->chunks[leaf].unreadable;
}

/* Waits while another cursor builds the map.  True: build it. */
static bool map_begin(source *src, page_map *map) {
    (void)pthread_mutex_lock(&src->map_lock);
    while (map->state == MAP_BUILDING)
        (void)pthread_cond_wait(&src->map_done, &src->map_lock);
    const bool mine = map->state == MAP_ABSENT;
    if (mine) map->state = MAP_BUILDING;
    (void)pthread_mutex_unlock(&src->map_lock);
    return mine;
}

static void map_end(source *src, page_map *map, bool good) {
    (void)pthread_mutex_lock(&src->map_lock);
    map->state = good ? MAP_READY : MAP_FAILED;
    (void)pthread_cond_broadcast(&src->map_done);
    (void)pthread_mutex_unlock(&src->map_lock);
}

/* Lets a stream that begins in the middle of a row group pass over pages.  Without the map it
 * would unpack them, which is right too, and says what is wrong if something is. */
static void give_map(cursor *c, uint32_t number, cf_pq_stream *s) {
    if (c->at->row == 0 || s->leaf->rep_max == 0 || s->chunk->index_size > 0) return;
    page_map *map = &c->at->maps[number];
    if (map_begin(c->src, map)) {
        const cf_status status = cf_pq_places_find(
            &c->shared, s->leaf, s->chunk, c->group->rows, &map->places, &map->count, NULL);
        map_end(c->src, map, status == CF_OK);
    }
    if (map->state != MAP_READY) return;
    s->places = map->places;
    s->place_count = map->count;
    s->places_read = true;
}

static cf_status stream_at(cursor *c, uint32_t number, cf_pq_stream **out, cf_error *err) {
    const cf_pq_leaf *leaf = &c->src->schema.leaves[number];
    *out = c->streams[number];
    if (*out != NULL) return CF_OK;
    const char *why = trouble_of(c, number);
    if (why != NULL) return unreadable(leaf, why, err);
    cf_pq_stream *s = malloc(sizeof *s);
    if (s == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to read a column");
    const cf_status status =
        cf_pq_stream_init(s, &c->shared, leaf, &c->group->chunks[number], c->group->rows, err);
    c->streams[number] = s; /* cleared with the cursor in any case */
    *out = s;
    if (status == CF_OK) give_map(c, number, s);
    return status;
}

/* ---- do the columns of a list agree? ---- */

/* The list's place among what lies above the leaf. */
static const cf_pq_above *above_of(const cf_pq_leaf *leaf, int32_t node) {
    for (uint32_t i = 0; i < leaf->above_count; i++) {
        if (leaf->above[i].node == node) return &leaf->above[i];
    }
    return NULL;
}

/* One level of lists, as in nearly every file: the same rows begin and the same entries exist.
 */
static bool simple_agree(const cf_pq_stream *a, const cf_pq_stream *b) {
    const uint8_t exists_a = a->leaf->list_def[1], exists_b = b->leaf->list_def[1];
    if (a->entries != b->entries || memcmp(a->rep, b->rep, a->entries) != 0) return false;
    if (exists_a == exists_b && memcmp(a->def, b->def, a->entries) == 0) return true;
    uint8_t wrong = 0;
    for (size_t i = 0; i < a->entries; i++)
        wrong |= (uint8_t)((a->def[i] >= exists_a) ^ (b->def[i] >= exists_b));
    return wrong == 0;
}

/* Walks the lists of one leaf: the number of elements of each. */
typedef struct {
    const cf_pq_stream *s;
    uint8_t level, parent_def, exists;
    size_t at;
    int64_t row;
} walk;

static walk walk_begin(const cf_pq_stream *s, uint8_t level) {
    return (walk){s, level,       s->leaf->list_def[level], s->leaf->list_def[level + 1],
                  0, s->begin - 1};
}

static bool walk_next(walk *w, size_t *elements) {
    const cf_pq_stream *s = w->s;
    size_t i = w->at;
    *elements = 0;
    while (i < s->entries && !(s->rep[i] <= w->level && s->def[i] >= w->parent_def)) {
        w->row += s->rep[i] == 0;
        i++;
    }
    if (i == s->entries) return false;
    do {
        w->row += s->rep[i] == 0;
        *elements += s->rep[i] <= w->level + 1 && s->def[i] >= w->exists;
        i++;
    } while (i < s->entries && s->rep[i] > w->level);
    w->at = i;
    return true;
}

static cf_status mismatch(const cursor *c, const cf_pq_stream *a, const cf_pq_stream *b,
                          int64_t row, cf_error *err) {
    return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                   "%s: `%s` and `%s` have lists of different length in row %lld",
                   cf_storage_path(c->shared.storage), b->leaf->name, a->leaf->name,
                   (long long)(c->first_row + row));
}

static cf_status lists_agree(const cursor *c, const cf_pq_stream *a, const cf_pq_stream *b,
                             uint8_t level, cf_error *err) {
    if (a->leaf->rep_max == 1 && b->leaf->rep_max == 1 && simple_agree(a, b)) return CF_OK;
    walk x = walk_begin(a, level), y = walk_begin(b, level);
    for (;;) {
        size_t n, m;
        const bool more_x = walk_next(&x, &n), more_y = walk_next(&y, &m);
        if (more_x != more_y || n != m) return mismatch(c, a, b, more_x ? x.row : y.row, err);
        if (!more_x) return CF_OK;
    }
}

/* Compares the leaf with the one that was read last for the same rows, for each list above it.
 */
static cf_status check_lists(cursor *c, uint32_t number, cf_error *err) {
    const cf_pq_leaf *leaf = &c->src->schema.leaves[number];
    const cf_pq_stream *s = c->streams[number];
    for (uint32_t i = 0; i < leaf->above_count; i++) {
        if (!leaf->above[i].list) continue;
        node_state *node = &c->nodes[leaf->above[i].node];
        if (node->reference_known && node->reference != number) {
            const cf_pq_stream *other = c->streams[node->reference];
            if (other->begin == s->begin && other->end == s->end)
                CF_TRY(lists_agree(c, other, s, leaf->above[i].level, err));
        }
        node->reference_known = true;
        node->reference = number;
    }
    return CF_OK;
}

/* ---- offsets and validity ---- */

/* The cheapest readable leaf below the node, one that is read anyway if there is one. */
static cf_status find_leader(cursor *c, int32_t number, cf_error *err) {
    const cf_pq_node *node = &c->src->schema.nodes[number];
    node_state *state = &c->nodes[number];
    const char *why = "it has no columns";
    for (uint32_t i = 0; i < node->leaf_count; i++) {
        const uint32_t leaf = node->leaves[i];
        const char *trouble = trouble_of(c, leaf);
        if (trouble != NULL) {
            why = trouble;
            continue;
        }
        const bool better =
            !state->leader_known || (c->wanted[leaf] && !c->wanted[state->leader]) ||
            (c->wanted[leaf] == c->wanted[state->leader] &&
             c->group->chunks[leaf].size < c->group->chunks[state->leader].size);
        if (better) state->leader = leaf;
        state->leader_known = true;
    }
    if (state->leader_known) return CF_OK;
    return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE, "column cannot be read: %s", why);
}

static bool grow(void **p, size_t *size, size_t need) {
    if (need <= *size && *p != NULL) return true;
    free(*p);
    *p = malloc(need + need / 4 + 64);
    *size = *p != NULL ? need + need / 4 + 64 : 0;
    return *p != NULL;
}

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE,
                   "not enough memory for the lists of these rows");
}

/* Where each list of `level` begins among the elements; the outermost lists of simple columns.
 */
static size_t simple_offsets(const cf_pq_stream *s, int32_t *restrict out) {
    const uint8_t *rep = s->rep, *def = s->def, exists = s->leaf->list_def[1];
    const size_t n = s->entries;
    size_t lists = 0;
    int32_t elements = 0;
    for (size_t i = 0; i < n; i++) {
        out[lists] = elements;
        lists += rep[i] == 0;
        elements += def[i] >= exists;
    }
    out[lists] = elements;
    return lists;
}

static size_t general_offsets(const cf_pq_stream *s, unsigned level, int32_t *restrict out) {
    const uint8_t *rep = s->rep, *def = s->def;
    const uint8_t parent = s->leaf->list_def[level], exists = s->leaf->list_def[level + 1];
    const size_t n = s->entries;
    size_t lists = 0;
    int32_t elements = 0;
    for (size_t i = 0; i < n; i++) {
        out[lists] = elements;
        lists += (size_t)((rep[i] <= level) & (def[i] >= parent));
        elements += (rep[i] <= level + 1) & (def[i] >= exists);
    }
    out[lists] = elements;
    return lists;
}

static cf_status read_offsets(cursor *c, node_state *state, const cf_pq_stream *s,
                              const cf_pq_above *above, cf_array *out, cf_error *err) {
    void *p = state->offsets;
    if (s->entries > INT32_MAX) return no_memory(err);
    const bool grown = grow(&p, &state->offsets_size, (s->entries + 2) * sizeof(int32_t));
    state->offsets = p;
    if (!grown) return no_memory(err);
    out->count = s->leaf->rep_max == 1 ? simple_offsets(s, state->offsets)
                                       : general_offsets(s, above->level, state->offsets);
    out->values = state->offsets;
    if (above->level == 0 && out->count != (size_t)(s->end - s->begin))
        return cf_pq_damaged(s, err, "its rows do not add up");
    (void)c;
    return CF_OK;
}

/* The slots at `level`: how many, and which of them are not null. */
static size_t read_slots(const cf_pq_stream *s, const cf_pq_above *above,
                         uint8_t *restrict valid) {
    const uint8_t parent = s->leaf->list_def[above->level];
    size_t slots = 0;
    if (s->def == NULL) return s->entries;
    for (size_t i = 0; i < s->entries; i++) {
        if (valid != NULL) valid[slots] = s->def[i] >= above->valid_def;
        const unsigned rep = s->rep == NULL ? 0 : s->rep[i];
        slots += (size_t)((rep <= above->level) & (s->def[i] >= parent));
    }
    return slots;
}

static bool any_null(const cf_pq_stream *s, const cf_pq_above *above) {
    const uint8_t parent = s->leaf->list_def[above->level], valid_def = above->valid_def;
    uint8_t found = 0;
    if (valid_def == 0) return false;
    for (size_t i = 0; i < s->entries; i++)
        found |= (uint8_t)((s->def[i] >= parent) & (s->def[i] < valid_def));
    return found != 0;
}

static cf_status read_validity(node_state *state, const cf_pq_stream *s,
                               const cf_pq_above *above, cf_array *out, cf_error *err) {
    if (!any_null(s, above)) {
        if (!above->list) out->count = read_slots(s, above, NULL);
        return CF_OK;
    }
    void *p = state->valid;
    const bool grown = grow(&p, &state->valid_size, s->entries + 1);
    state->valid = p;
    if (!grown) return no_memory(err);
    out->count = read_slots(s, above, state->valid);
    out->valid = state->valid;
    return CF_OK;
}

static cf_status read_above(cursor *c, int32_t node, int64_t begin, int64_t end, cf_array *out,
                            cf_error *err) {
    node_state *state = &c->nodes[node];
    cf_pq_stream *s;
    if (!state->leader_known) CF_TRY(find_leader(c, node, err));
    CF_TRY(stream_at(c, state->leader, &s, err));
    CF_TRY(cf_pq_stream_window(s, begin, end, err));
    CF_TRY(check_lists(c, state->leader, err));
    const cf_pq_above *above = above_of(s->leaf, node);
    if (above->list) CF_TRY(read_offsets(c, state, s, above, out, err));
    return read_validity(state, s, above, out, err);
}

static cf_status read_leaf(cursor *c, uint32_t number, int64_t begin, int64_t end,
                           cf_array *out, cf_error *err) {
    cf_pq_stream *s;
    CF_TRY(stream_at(c, number, &s, err));
    CF_TRY(cf_pq_stream_window(s, begin, end, err));
    if (s->leaf->rep_max > 0) CF_TRY(check_lists(c, number, err));
    return cf_pq_stream_values(s, out, err);
}

/* ---- the cursor ---- */

static cf_status parquet_cursor_read(cf_cursor *base, int32_t node, int64_t begin, int64_t end,
                                     cf_array *out, cf_error *err) {
    cursor *c = (cursor *)base;
    const cf_pq_node *n = &c->src->schema.nodes[node];
    *out = (cf_array){0};
    begin += c->at->row;
    end += c->at->row;
    if (n->kind == CF_PQ_NODE_BASIC) return read_leaf(c, n->leaves[0], begin, end, out, err);
    return read_above(c, node, begin, end, out, err);
}

static void parquet_cursor_close(cf_cursor *base, cf_io_stats *add) {
    cursor *c = (cursor *)base;
    const cf_pq_schema *schema = &c->src->schema;
    for (uint32_t i = 0; c->streams != NULL && i < schema->leaf_count; i++) {
        if (c->streams[i] == NULL) continue;
        cf_pq_stream_clear(c->streams[i]);
        free(c->streams[i]);
    }
    for (int32_t i = 0; c->nodes != NULL && i < schema->node_count; i++) {
        free(c->nodes[i].offsets);
        free(c->nodes[i].valid);
    }
    if (add != NULL) {
        add->bytes_requested += c->shared.stats.bytes_requested;
        add->bytes_read += c->shared.stats.bytes_read;
        add->bytes_unpacked += c->shared.stats.bytes_unpacked;
    }
    cf_pq_shared_clear(&c->shared);
    cf_codec_free(c->shared.codec);
    free(c->streams);
    free(c->wanted);
    free(c->nodes);
    free(c);
}

static cf_status parquet_cursor_open(cf_source *base, uint32_t partition, const int32_t *nodes,
                                     size_t node_count, cf_cursor **out, cf_error *err) {
    source *src = (source *)base;
    const place *at = &src->places[partition];
    const file *f = &src->files[at->file];
    cursor *c = calloc(1, sizeof *c);
    if (c == NULL) return no_memory(err);
    c->base = (cf_cursor){base, partition};
    c->src = src;
    c->group = &f->footer.groups[at->group];
    c->at = at;
    c->first_row = base->partitions[partition].first_row - at->row;
    c->shared.storage = f->storage;
    c->shared.pool = &src->pool;
    c->shared.codec = cf_codec_new();
    c->streams = calloc(src->schema.leaf_count + (size_t)1, sizeof(cf_pq_stream *));
    c->wanted = calloc(src->schema.leaf_count + (size_t)1, sizeof *c->wanted);
    c->nodes = calloc((size_t)src->schema.node_count + 1, sizeof *c->nodes);
    if (c->shared.codec == NULL || c->streams == NULL || c->wanted == NULL ||
        c->nodes == NULL) {
        parquet_cursor_close(&c->base, NULL);
        return no_memory(err);
    }
    for (size_t i = 0; i < node_count; i++) {
        const cf_pq_node *n = &src->schema.nodes[nodes[i]];
        if (n->kind == CF_PQ_NODE_BASIC) c->wanted[n->leaves[0]] = true;
    }
    *out = &c->base;
    return CF_OK;
}

/* ---- statistics ---- */

static bool load(cf_str stored, void *out, size_t size) {
    if (stored.size != size) return false;
    memcpy(out, stored.data, size);
    return true;
}

/* A whole number as double, moved outward where doubles are coarser. */
static double outward(int64_t x, int direction) {
    const double d = (double)x;
    if (d > -0x1p53 && d < 0x1p53) return d;
    const double toward = direction < 0 ? -(double)INFINITY : (double)INFINITY;
    return nextafter(nextafter(d, toward), toward);
}

static bool is_unsigned(cf_kind kind) {
    return kind == CF_UINT8 || kind == CF_UINT16 || kind == CF_UINT32 || kind == CF_UINT64;
}

static bool whole_bound(const cf_pq_leaf *leaf, cf_str stored, int direction, double *out) {
    int32_t narrow;
    int64_t x;
    if (leaf->physical == CF_PQ_INT32) {
        if (!load(stored, &narrow, sizeof narrow)) return false;
        x = is_unsigned(leaf->kind) ? (int64_t)(uint32_t)narrow : narrow;
    } else {
        if (!load(stored, &x, sizeof x)) return false;
        if (leaf->kind == CF_UINT64 && x < 0) {
            *out = direction < 0 ? 0x1p63 : 0x1p64;
            return true;
        }
    }
    *out = outward(x, direction);
    if (leaf->convert == CF_PQ_I32_I64_1000 || leaf->convert == CF_PQ_I64_1000)
        *out = (double)x * 1000.0 + direction * fabs((double)x) * 1e-12;
    if (leaf->convert == CF_PQ_I64_NANOS) *out = outward(x / 1000 + direction, direction);
    return true;
}

/* The smallest (direction -1) or largest value of a column in a row group. */
static bool bound_of(const cf_pq_leaf *leaf, const cf_pq_chunk *chunk, int direction,
                     double *out) {
    const cf_str stored = direction < 0 ? chunk->min : chunk->max;
    float f;
    uint8_t bit;
    if (leaf->kind == CF_DECIMAL || (chunk->old_order && is_unsigned(leaf->kind))) return false;
    switch (leaf->physical) {
    case CF_PQ_INT32:
    case CF_PQ_INT64: return whole_bound(leaf, stored, direction, out);
    case CF_PQ_FLOAT:
        if (!load(stored, &f, sizeof f)) return false;
        *out = (double)f;
        return !isnan(f);
    case CF_PQ_DOUBLE: return load(stored, out, sizeof *out) && !isnan(*out);
    case CF_PQ_BOOLEAN:
        if (!load(stored, &bit, sizeof bit)) return false;
        *out = bit;
        return bit <= 1;
    default: return false;
    }
}

static bool may_hold(const cf_bound *bound, bool has_min, double min, bool has_max,
                     double max) {
    switch (bound->compare) {
    case CF_CMP_EQ: return !(has_min && bound->value < min) && !(has_max && bound->value > max);
    case CF_CMP_LT: return !(has_min && min >= bound->value);
    case CF_CMP_LE: return !(has_min && min > bound->value);
    case CF_CMP_GT: return !(has_max && max <= bound->value);
    case CF_CMP_GE: return !(has_max && max < bound->value);
    }
    return true;
}

static bool parquet_may_match(cf_source *base, uint32_t partition, const cf_bound *bounds,
                              size_t count) {
    const source *src = (const source *)base;
    const place *at = &src->places[partition];
    const cf_pq_row_group *group = &src->files[at->file].footer.groups[at->group];
    for (size_t i = 0; i < count; i++) {
        const cf_pq_node *node = &src->schema.nodes[bounds[i].node];
        if (node->kind != CF_PQ_NODE_BASIC) continue;
        const cf_pq_leaf *leaf = &src->schema.leaves[node->leaves[0]];
        const cf_pq_chunk *chunk = &group->chunks[node->leaves[0]];
        if (leaf->rep_max > 0 || leaf->unreadable != NULL || chunk->unreadable != NULL)
            continue;
        if (chunk->null_count == group->rows && group->rows > 0) return false;
        double min = 0, max = 0;
        const bool has_min = bound_of(leaf, chunk, -1, &min),
                   has_max = bound_of(leaf, chunk, 1, &max);
        if (has_min && has_max && min > max) continue; /* makes no sense: not to be trusted */
        if (!may_hold(&bounds[i], has_min, min, has_max, max)) return false;
    }
    return true;
}

/* ---- opening ---- */

static void maps_free(source *src) {
    for (uint32_t i = 0; i < src->base.partition_count; i++) {
        const place *at = &src->places[i];
        if (at->maps == NULL || at->row > 0)
            continue; /* the partitions of a row group share them */
        for (uint32_t k = 0; k < src->schema.leaf_count; k++)
            free(at->maps[k].places);
    }
    (void)pthread_mutex_destroy(&src->map_lock);
    (void)pthread_cond_destroy(&src->map_done);
}

static void parquet_close(cf_source *base) {
    source *src = (source *)base;
    maps_free(src);
    for (uint32_t i = 0; i < src->file_count; i++)
        cf_storage_close(src->files[i].storage);
    cf_pq_pool_clear(&src->pool);
    cf_arena_free(src->base.arena);
    free(src);
}

static const cf_source_class parquet_class = {
    .close = parquet_close,
    .cursor_open = parquet_cursor_open,
    .cursor_read = parquet_cursor_read,
    .cursor_close = parquet_cursor_close,
    .may_match = parquet_may_match,
};

static cf_status add_file(source *src, uint32_t i, const char **names, cf_error *err) {
    file *f = &src->files[i];
    const char *path = cf_storage_path(f->storage);
    CF_TRY(cf_pq_footer_read(f->storage, src->base.arena, &f->footer, err));
    char *absolute = realpath(path, NULL);
    names[i] = cf_str_dup(src->base.arena, cf_str_of(absolute != NULL ? absolute : path));
    free(absolute);
    if (i == 0) return CF_OK;
    return cf_pq_schema_compare(&src->files[0].footer, &f->footer,
                                cf_storage_path(src->files[0].storage), path, err);
}

/* A large row group makes several partitions, so that all threads have work. */
static uint32_t parts_of(const cf_pq_row_group *g) {
    if (g->rows <= SPLIT_ABOVE) return g->rows > 0 ? 1 : 0;
    return (uint32_t)((g->rows + SPLIT_ROWS / 2) / SPLIT_ROWS);
}

/* An upper limit for damaged files: rows beyond it stay together. */
enum { PARTS_MAX = 1 << 12 };

static uint32_t parts_in(const cf_pq_footer *footer, uint32_t group) {
    const uint32_t parts = parts_of(&footer->groups[group]);
    return parts < PARTS_MAX ? parts : PARTS_MAX;
}

static cf_status add_partitions(source *src, cf_partition *partitions, uint32_t *n,
                                uint32_t file_number, uint32_t group, cf_error *err) {
    const cf_pq_footer *footer = &src->files[file_number].footer;
    const cf_pq_row_group *g = &footer->groups[group];
    const uint32_t parts = parts_in(footer, group);
    const size_t size = ((size_t)footer->leaf_count + 1) * sizeof(page_map);
    page_map *maps =
        parts > 1 ? cf_arena_alloc(src->base.arena, size, _Alignof(page_map)) : NULL;
    if (parts > 1 && maps == NULL) return no_memory(err);
    if (maps != NULL) memset(maps, 0, size);
    for (uint32_t i = 0; i < parts; i++) {
        const int64_t begin = g->rows / parts * i,
                      end = i + 1 == parts ? g->rows : g->rows / parts * (i + 1);
        partitions[*n] = (cf_partition){end - begin, (int64_t)(g->bytes / parts), file_number,
                                        src->base.rows};
        src->places[(*n)++] = (place){file_number, group, begin, maps};
        src->base.rows += end - begin;
    }
    return CF_OK;
}

static cf_status list_partitions(source *src, cf_error *err) {
    size_t count = 0;
    for (uint32_t i = 0; i < src->file_count; i++) {
        for (uint32_t g = 0; g < src->files[i].footer.group_count; g++)
            count += parts_in(&src->files[i].footer, g);
    }
    cf_partition *partitions = cf_arena_alloc(src->base.arena, (count + 1) * sizeof *partitions,
                                              _Alignof(cf_partition));
    src->places =
        cf_arena_alloc(src->base.arena, (count + 1) * sizeof *src->places, _Alignof(place));
    if (partitions == NULL || src->places == NULL || count > UINT32_MAX) return no_memory(err);
    uint32_t n = 0;
    for (uint32_t i = 0; i < src->file_count; i++) {
        for (uint32_t g = 0; g < src->files[i].footer.group_count; g++)
            CF_TRY(add_partitions(src, partitions, &n, i, g, err));
    }
    src->base.partitions = partitions;
    src->base.partition_count = n;
    return CF_OK;
}

static cf_status open_files(source *src, const cf_open_options *options, cf_error *err) {
    const bool flat = options != NULL && options->flat;
    const char **names = CF_NEWS(src->base.arena, const char *, src->file_count);
    for (uint32_t i = 0; i < src->file_count; i++)
        CF_TRY(add_file(src, i, names, err));
    CF_TRY(cf_pq_schema_build(&src->files[0].footer, flat,
                              cf_storage_path(src->files[0].storage), src->base.arena,
                              &src->schema, err));
    CF_TRY(list_partitions(src, err));
    src->base.where = names[0];
    src->base.files = names;
    src->base.file_count = src->file_count;
    src->base.schema = src->schema.type;
    src->base.node_count = src->schema.node_count;
    src->base.open_pattern = src->file_count == 1 ? names[0] : NULL;
    src->base.open_flat = flat;
    return CF_OK;
}

static cf_status new_source(size_t count, source **out, cf_error *err) {
    source *src = calloc(1, sizeof *src);
    cf_arena *arena = cf_arena_new((size_t)64 << 10);
    file *files = arena != NULL && count < UINT32_MAX
                      ? cf_arena_alloc(arena, (count + 1) * sizeof *files, _Alignof(file))
                      : NULL;
    if (src == NULL || files == NULL) {
        free(src);
        cf_arena_free(arena);
        return no_memory(err);
    }
    src->base.class = &parquet_class;
    src->base.format = "parquet";
    src->base.arena = arena;
    atomic_init(&src->base.refs, 1);
    src->files = files;
    cf_pq_pool_init(&src->pool);
    (void)pthread_mutex_init(&src->map_lock, NULL);
    (void)pthread_cond_init(&src->map_done, NULL);
    *out = src;
    return CF_OK;
}

static cf_status finish_open(source *src, cf_status status, const cf_open_options *options,
                             cf_source **out, cf_error *err) {
    if (status == CF_OK) status = open_files(src, options, err);
    if (status != CF_OK) {
        parquet_close(&src->base);
        return status;
    }
    *out = &src->base;
    return CF_OK;
}

cf_status cf_parquet_open(const char *const *paths, size_t count,
                          const cf_open_options *options, cf_source **out, cf_error *err) {
    source *src;
    CF_ASSERT(count > 0);
    CF_TRY(new_source(count, &src, err));
    cf_status status = CF_OK;
    for (size_t i = 0; i < count && status == CF_OK; i++) {
        status = cf_storage_open(paths[i], &src->files[i].storage, err);
        if (status == CF_OK) src->file_count++;
    }
    return finish_open(src, status, options, out, err);
}

cf_status cf_parquet_open_memory(const char *name, const void *data, size_t size,
                                 const cf_open_options *options, cf_source **out,
                                 cf_error *err) {
    source *src;
    CF_TRY(new_source(1, &src, err));
    const cf_status status =
        cf_storage_of_memory(name, data, size, &src->files[0].storage, err);
    if (status == CF_OK) src->file_count = 1;
    return finish_open(src, status, options, out, err);
}
