#include "prim/group.h"

#include "prim/simd.h"

#include <stdlib.h>
#include <string.h>

/* Lists of a few rows compare each row with the groups found so far; longer ones use a hash
 * table, one for all lists, of which each list clears as much as it used. */

#define SHORT_MAX  12
#define STOP_EVERY 65536

CF_SIMD void cf_prim_equal_f64(uint64_t *restrict out, const double *restrict x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double value = x[i] + 0.0;
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        out[i] = value == value ? bits : UINT64_C(0x7FF8000000000000);
    }
}

typedef struct {
    const uint64_t *const *keys;
    size_t key_count;
    int32_t *group, *first;
    int32_t groups;
    int32_t *table; /* group numbers + 1; 0: empty */
    size_t table_size;
} grouping;

static bool rows_equal(const grouping *g, int32_t a, int32_t b) {
    for (size_t k = 0; k < g->key_count; k++)
        if (g->keys[k][a] != g->keys[k][b]) return false;
    return true;
}

static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 32)) * UINT64_C(0xD6E8FEB86659FD93);
    x = (x ^ (x >> 32)) * UINT64_C(0xD6E8FEB86659FD93);
    return x ^ (x >> 32);
}

static uint64_t row_hash(const grouping *g, int32_t row) {
    uint64_t h = 0;
    for (size_t k = 0; k < g->key_count; k++)
        h = mix(h + g->keys[k][row] + UINT64_C(0x9E3779B97F4A7C15));
    return h;
}

static void group_add(grouping *g, int32_t row) {
    g->first[g->groups] = row;
    g->group[row] = g->groups++;
}

static void group_short(grouping *g, int32_t begin, int32_t end) {
    const int32_t before = g->groups;
    for (int32_t row = begin; row < end; row++) {
        int32_t at = before;
        while (at < g->groups && !rows_equal(g, row, g->first[at]))
            at++;
        if (at == g->groups)
            group_add(g, row);
        else
            g->group[row] = at;
    }
}

static size_t table_slot(const grouping *g, int32_t row) {
    size_t at = (size_t)row_hash(g, row) & (g->table_size - 1);
    while (g->table[at] != 0 && !rows_equal(g, row, g->first[g->table[at] - 1]))
        at = (at + 1) & (g->table_size - 1);
    return at;
}

/* Twice the room for this list's groups, which begin at `before`. */
static bool table_grow(grouping *g, int32_t before) {
    const size_t size = g->table_size * 2;
    int32_t *table = calloc(size, sizeof *table);
    if (table == NULL) return false;
    free(g->table);
    g->table = table;
    g->table_size = size;
    for (int32_t i = before; i < g->groups; i++)
        table[table_slot(g, g->first[i])] = i + 1;
    return true;
}

static int64_t group_long(grouping *g, int32_t begin, int32_t end, const _Atomic bool *stop) {
    const int32_t before = g->groups;
    memset(g->table, 0, g->table_size * sizeof *g->table);
    for (int32_t row = begin; row < end; row++) {
        if ((size_t)(g->groups - before) * 2 >= g->table_size && !table_grow(g, before))
            return -1;
        if ((row & (STOP_EVERY - 1)) == 0 && stop != NULL && atomic_load(stop)) return -2;
        const size_t at = table_slot(g, row);
        if (g->table[at] == 0) {
            group_add(g, row);
            g->table[at] = g->groups;
        } else {
            g->group[row] = g->table[at] - 1;
        }
    }
    return 0;
}

/* A list that needed a large table must not make all later, shorter ones clear it. */
static bool table_for(grouping *g, size_t rows) {
    size_t size = 64;
    while (size < rows && size < 4096)
        size *= 2;
    if (g->table != NULL && g->table_size <= size * 4 && g->table_size >= size) return true;
    free(g->table);
    g->table_size = size;
    g->table = calloc(size, sizeof *g->table);
    return g->table != NULL;
}

int64_t cf_prim_group(int32_t *group, int32_t *first, int32_t *group_offsets,
                      const uint64_t *const *keys, size_t key_count, const int32_t *offsets,
                      size_t lists, const _Atomic bool *stop) {
    grouping g = {.keys = keys, .key_count = key_count, .group = group, .first = first};
    int64_t status = 0;
    group_offsets[0] = 0;
    for (size_t p = 0; p < lists && status == 0; p++) {
        const int32_t rows = offsets[p + 1] - offsets[p];
        if (rows <= SHORT_MAX)
            group_short(&g, offsets[p], offsets[p + 1]);
        else if (!table_for(&g, (size_t)rows))
            status = -1;
        else
            status = group_long(&g, offsets[p], offsets[p + 1], stop);
        group_offsets[p + 1] = g.groups;
    }
    free(g.table);
    return status != 0 ? status : g.groups;
}

void cf_prim_members(int32_t *restrict rows, int32_t *restrict member_offsets,
                     const int32_t *restrict group, size_t n, size_t groups) {
    memset(member_offsets, 0, (groups + 1) * sizeof *member_offsets);
    for (size_t i = 0; i < n; i++)
        member_offsets[group[i] + 1]++;
    for (size_t g = 0; g < groups; g++)
        member_offsets[g + 1] += member_offsets[g];
    for (size_t i = 0; i < n; i++)
        rows[member_offsets[group[i]]++] = (int32_t)i;
    for (size_t g = groups; g > 0; g--)
        member_offsets[g] = member_offsets[g - 1];
    member_offsets[0] = 0;
}
