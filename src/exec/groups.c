#include "exec/groups.h"

#include <stdlib.h>
#include <string.h>

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the groups");
}

cf_groups *cf_groups_new(const cf_kind *kinds, size_t key_count) {
    cf_groups *g = calloc(1, sizeof *g);
    if (g == NULL) return NULL;
    g->key_count = key_count;
    g->keys = calloc(key_count + 1, sizeof(cf_store *));
    bool fine = g->keys != NULL;
    for (size_t k = 0; k < key_count && fine; k++) {
        g->keys[k] = cf_store_new(kinds[k]);
        fine = g->keys[k] != NULL;
    }
    if (fine) return g;
    cf_groups_free(g);
    return NULL;
}

void cf_groups_free(cf_groups *g) {
    if (g == NULL) return;
    for (size_t k = 0; g->keys != NULL && k < g->key_count; k++)
        cf_store_free(g->keys[k]);
    free(g->keys);
    free(g->hash);
    free(g->table);
    free(g);
}

size_t cf_groups_bytes(const cf_groups *g) {
    size_t bytes = g->capacity * sizeof *g->hash + g->table_size * sizeof *g->table;
    for (size_t k = 0; k < g->key_count; k++)
        bytes += cf_store_bytes(g->keys[k]);
    return bytes;
}

/* --- hashing: by the values alone, the same for all partitions --- */

static bool is_null(const cf_vec *v, size_t row) {
    return v->valid != NULL && !v->valid[row];
}

static void hash_rows(uint64_t *hash, const cf_vec *keys, size_t key_count, size_t rows) {
    memset(hash, 0, rows * sizeof *hash);
    for (size_t k = 0; k < key_count; k++) {
        const cf_vec *v = &keys[k];
        for (size_t i = 0; i < rows; i++) {
            uint64_t x = 0;
            if (is_null(v, i))
                x = UINT64_C(0x6E756C6C);
            else if (v->kind == CF_TEXT)
                x = cf_hash_bytes(CF_VEC_DATA(*v, cf_view)[i].data,
                                  (size_t)CF_VEC_DATA(*v, cf_view)[i].size, 0);
            else
                x = CF_VEC_DATA(*v, uint64_t)[i];
            hash[i] = cf_hash_u64(x, hash[i]);
        }
    }
}

static bool same_text(const cf_store *s, size_t group, cf_view text) {
    const uint64_t *ends = s->data;
    const uint64_t begin = group == 0 ? 0 : ends[group - 1];
    return ends[group] - begin == text.size &&
           (text.size == 0 || memcmp(s->bytes.data + begin, text.data, (size_t)text.size) == 0);
}

static bool same_row(const cf_groups *g, size_t group, const cf_vec *keys, size_t row) {
    for (size_t k = 0; k < g->key_count; k++) {
        const cf_store *s = g->keys[k];
        const bool null = is_null(&keys[k], row);
        if (null != (s->valid != NULL && !s->valid[group])) return false;
        if (null) continue;
        const bool same =
            s->kind == CF_TEXT
                ? same_text(s, group, CF_VEC_DATA(keys[k], cf_view)[row])
                : ((const uint64_t *)s->data)[group] == CF_VEC_DATA(keys[k], uint64_t)[row];
        if (!same) return false;
    }
    return true;
}

static bool grow_table(cf_groups *g) {
    const size_t size = g->table_size == 0 ? 64 : g->table_size * 2;
    uint32_t *table = calloc(size, sizeof *table);
    if (table == NULL) return false;
    free(g->table);
    g->table = table;
    g->table_size = size;
    for (size_t i = 0; i < g->count; i++) {
        size_t at = (size_t)g->hash[i] & (size - 1);
        while (table[at] != 0)
            at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i + 1;
    }
    return true;
}

static cf_status add_group(cf_groups *g, const cf_vec *keys, int32_t row, uint64_t hash,
                           cf_error *err) {
    if (g->count >= INT32_MAX)
        return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "there are more than 2^31 groups");
    if (g->count == g->capacity) {
        const size_t capacity = g->capacity * 2 + 32;
        uint64_t *grown = realloc(g->hash, capacity * sizeof *grown);
        if (grown == NULL) return no_memory(err);
        g->hash = grown;
        g->capacity = capacity;
    }
    for (size_t k = 0; k < g->key_count; k++)
        CF_TRY(cf_store_add(g->keys[k], &keys[k], &row, 1, err));
    g->hash[g->count++] = hash;
    return CF_OK;
}

/* The slot of the row's group, or the free one where it belongs. */
static size_t find_slot(const cf_groups *g, const cf_vec *keys, size_t row, uint64_t hash) {
    size_t at = (size_t)hash & (g->table_size - 1);
    while (g->table[at] != 0) {
        const size_t group = g->table[at] - 1;
        CF_ASSERT(g->hash != NULL);
        if (g->hash[group] == hash && same_row(g, group, keys, row)) break;
        at = (at + 1) & (g->table_size - 1);
    }
    return at;
}

static cf_status add_rows(cf_groups *g, const cf_vec *keys, size_t rows, const uint64_t *hash,
                          int32_t *group, int32_t *fresh, size_t *fresh_count, cf_error *err) {
    for (size_t i = 0; i < rows; i++) {
        if (g->count * 2 >= g->table_size && !grow_table(g)) return no_memory(err);
        const size_t at = find_slot(g, keys, i, hash[i]);
        if (g->table[at] == 0) {
            CF_TRY(add_group(g, keys, (int32_t)i, hash[i], err));
            g->table[at] = (uint32_t)g->count;
            fresh[(*fresh_count)++] = (int32_t)i;
        }
        group[i] = (int32_t)(g->table[at] - 1);
    }
    return CF_OK;
}

cf_status cf_groups_add(cf_groups *g, const cf_vec *keys, size_t rows, int32_t *group,
                        int32_t *fresh, size_t *fresh_count, cf_error *err) {
    uint64_t *hash = malloc((rows + 1) * sizeof *hash);
    if (hash == NULL) return no_memory(err);
    *fresh_count = 0;
    hash_rows(hash, keys, g->key_count, rows);
    const cf_status status = add_rows(g, keys, rows, hash, group, fresh, fresh_count, err);
    free(hash);
    return status;
}

static cf_status key_vecs(const cf_groups *g, cf_arena *arena, cf_vec **out, cf_error *err) {
    *out = cf_arena_alloc(arena, (g->key_count + 1) * sizeof **out, 16);
    if (*out == NULL) return no_memory(err);
    for (size_t k = 0; k < g->key_count; k++)
        CF_TRY(cf_store_vec(g->keys[k], false, arena, &(*out)[k], err));
    return CF_OK;
}

cf_status cf_groups_merge(cf_groups *left, const cf_groups *right, cf_arena *arena,
                          int32_t **map, int32_t **fresh, size_t *fresh_count, cf_error *err) {
    cf_vec *keys;
    CF_TRY(key_vecs(right, arena, &keys, err));
    *map = cf_arena_alloc(arena, (right->count + 1) * sizeof **map, 16);
    *fresh = cf_arena_alloc(arena, (right->count + 1) * sizeof **fresh, 16);
    if (*map == NULL || *fresh == NULL) return no_memory(err);
    *fresh_count = 0;
    return add_rows(left, keys, right->count, right->hash, *map, *fresh, fresh_count, err);
}

/* --- bytes --- */

void cf_groups_write(const cf_groups *g, cf_text *out) {
    if (g->key_count > 0)
        cf_put_u64(out, g->count);
    else
        cf_put_u8(out, (uint8_t)g->count);
    for (size_t k = 0; k < g->key_count; k++)
        cf_store_write(g->keys[k], out);
}

/* The groups are found again from their keys, which must all be different. */
static bool read_keys(cf_groups *g, const cf_kind *kinds, cf_reader *r, cf_arena *arena) {
    cf_error ignored = {0};
    /* without keys all rows are one group */
    const size_t count = g->key_count > 0 ? cf_get_count(r, 1) : cf_get_u8(r);
    if (g->key_count == 0 && count > 1) r->bad = true;
    cf_vec *keys = cf_arena_alloc(arena, (g->key_count + 1) * sizeof *keys, 16);
    int32_t *room = cf_arena_alloc(arena, (count + 1) * 2 * sizeof *room, 16);
    bool fine = keys != NULL && room != NULL && !r->bad;
    for (size_t k = 0; k < g->key_count && fine; k++) {
        cf_store *key = cf_store_read(kinds[k], count, r);
        fine = key != NULL && cf_store_vec(key, true, arena, &keys[k], &ignored) == CF_OK;
        cf_store_free(key);
    }
    size_t fresh = 0;
    fine = fine &&
           cf_groups_add(g, keys, count, room, room + count + 1, &fresh, &ignored) == CF_OK;
    if (fine && fresh != count) r->bad = true;
    return fine && !r->bad;
}

cf_groups *cf_groups_read(const cf_kind *kinds, size_t key_count, cf_reader *r) {
    cf_groups *g = cf_groups_new(kinds, key_count);
    cf_arena *arena = cf_arena_new(65536);
    const bool fine = g != NULL && arena != NULL && read_keys(g, kinds, r, arena);
    cf_arena_free(arena);
    if (fine) return g;
    cf_groups_free(g);
    return NULL;
}
