#include "exec/value_set.h"

#include <stdlib.h>
#include <string.h>

void cf_value_set_clear(cf_value_set *s) {
    cf_text_clear(&s->bytes);
    free(s->table);
    free(s->key);
    free(s->group);
    free(s->end);
}

size_t cf_value_set_bytes(const cf_value_set *s) {
    const size_t entry = sizeof *s->key + sizeof *s->group + (s->texts ? sizeof *s->end : 0);
    return s->table_size * sizeof *s->table + s->capacity * entry + s->bytes.capacity;
}

cf_view cf_value_set_text(const cf_value_set *s, size_t entry) {
    if (!s->texts || s->bytes.data == NULL) return (cf_view){"", 0};
    const uint64_t begin = entry == 0 ? 0 : s->end[entry - 1];
    return (cf_view){s->bytes.data + begin, s->end[entry] - begin};
}

static bool same(const cf_value_set *s, size_t entry, uint32_t group, uint64_t key,
                 cf_view text) {
    if (s->key[entry] != key || s->group[entry] != group) return false;
    if (!s->texts) return true;
    const cf_view have = cf_value_set_text(s, entry);
    return have.size == text.size &&
           (text.size == 0 || memcmp(have.data, text.data, (size_t)text.size) == 0);
}

static size_t first_slot(const cf_value_set *s, uint32_t group, uint64_t key) {
    return (size_t)cf_hash_u64(key, group) & (s->table_size - 1);
}

static bool grow_table(cf_value_set *s) {
    const size_t size = s->table_size == 0 ? 64 : s->table_size * 2;
    uint32_t *table = calloc(size, sizeof *table);
    if (table == NULL) return false;
    free(s->table);
    s->table = table;
    s->table_size = size;
    for (size_t i = 0; i < s->count; i++) {
        size_t at = first_slot(s, s->group[i], s->key[i]);
        while (table[at] != 0)
            at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i + 1;
    }
    return true;
}

static bool grow_entries(cf_value_set *s, size_t capacity) {
    uint64_t *key = realloc(s->key, capacity * sizeof *key);
    if (key != NULL) s->key = key;
    uint32_t *group = realloc(s->group, capacity * sizeof *group);
    if (group != NULL) s->group = group;
    uint64_t *end = s->texts ? realloc(s->end, capacity * sizeof *end) : NULL;
    if (end != NULL) s->end = end;
    if (key == NULL || group == NULL || (s->texts && end == NULL)) return false;
    s->capacity = capacity;
    return true;
}

cf_set_added cf_value_set_add(cf_value_set *s, uint32_t group, uint64_t key, cf_view text) {
    if (s->texts) key = cf_hash_bytes(text.data, (size_t)text.size, 0);
    if (s->count * 2 >= s->table_size && !grow_table(s)) return CF_SET_NO_MEMORY;
    size_t at = first_slot(s, group, key);
    while (s->table[at] != 0 && !same(s, s->table[at] - 1, group, key, text))
        at = (at + 1) & (s->table_size - 1);
    if (s->table[at] != 0) return CF_SET_THERE;
    if (s->count >= UINT32_MAX - 1) return CF_SET_NO_MEMORY;
    if (s->count == s->capacity && !grow_entries(s, s->capacity * 2 + 32))
        return CF_SET_NO_MEMORY;
    if (s->texts) {
        if (text.size > 0) cf_text_add(&s->bytes, text.data, (size_t)text.size);
        if (s->bytes.failed) return CF_SET_NO_MEMORY;
        s->end[s->count] = s->bytes.size;
    }
    s->key[s->count] = key;
    s->group[s->count] = group;
    s->table[at] = (uint32_t)++s->count;
    return CF_SET_NEW;
}

void cf_value_set_write(const cf_value_set *s, cf_text *out) {
    cf_put_u64(out, s->count);
    cf_put_array(out, s->group, s->count, sizeof *s->group);
    if (!s->texts) {
        cf_put_array(out, s->key, s->count, sizeof *s->key);
        return;
    }
    for (size_t i = 0; i < s->count; i++)
        cf_put_u64(out, cf_value_set_text(s, i).size);
    cf_put_array(out, s->bytes.data, s->bytes.size, 1);
}

/* The table is made anew, entry by entry: nothing of it is taken on trust. */
bool cf_value_set_read(cf_value_set *s, cf_reader *r, size_t groups) {
    const size_t count = cf_get_count(r, sizeof *s->group);
    const char *group = cf_get_bytes(r, count, sizeof *s->group);
    const char *number = cf_get_bytes(r, count, sizeof *s->key);
    for (size_t i = 0; i < count && !r->bad; i++) {
        uint32_t g;
        uint64_t key;
        memcpy(&g, group + i * sizeof g, sizeof g);
        memcpy(&key, number + i * sizeof key, sizeof key);
        cf_view text = {"", 0};
        if (s->texts) {
            const char *bytes = cf_get_bytes(r, (size_t)key, 1);
            if (bytes != NULL) text = (cf_view){bytes, key};
        }
        if (g >= groups) r->bad = true;
        if (r->bad) break;
        const cf_set_added added = cf_value_set_add(s, g, key, text);
        if (added == CF_SET_NO_MEMORY) return false;
        if (added == CF_SET_THERE) r->bad = true;
    }
    return !r->bad;
}
