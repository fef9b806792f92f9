/* Building and asking JSON trees. */

#include "notebook/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cf_nb_json *make(cf_nb_pool *pool, cf_nb_kind kind) {
    cf_nb_json *v = cf_nb_alloc(pool, 1, sizeof(*v));
    v->kind = kind;
    return v;
}

cf_nb_json *cf_nb_json_null(cf_nb_pool *pool) {
    return make(pool, CF_NB_NULL);
}

cf_nb_json *cf_nb_json_bool(cf_nb_pool *pool, bool value) {
    return make(pool, value ? CF_NB_TRUE : CF_NB_FALSE);
}

cf_nb_json *cf_nb_json_int(cf_nb_pool *pool, int64_t value) {
    cf_nb_json *v = make(pool, CF_NB_NUMBER);
    v->text = cf_nb_str_of(cf_nb_printf(pool, "%" PRId64, value));
    return v;
}

cf_nb_json *cf_nb_json_float(cf_nb_pool *pool, double value) {
    char digits[32];
    cf_nb_number_print(digits, value);
    cf_nb_json *v = make(pool, CF_NB_NUMBER);
    v->text = cf_nb_dup(pool, cf_nb_str_of(digits));
    return v;
}

cf_nb_json *cf_nb_json_string(cf_nb_pool *pool, cf_nb_str value) {
    cf_nb_json *v = make(pool, CF_NB_STRING);
    v->text = cf_nb_dup(pool, value);
    return v;
}

cf_nb_json *cf_nb_json_text(cf_nb_pool *pool, const char *zero_terminated) {
    return cf_nb_json_string(pool, cf_nb_str_of(zero_terminated));
}

cf_nb_json *cf_nb_json_list(cf_nb_pool *pool) {
    return make(pool, CF_NB_LIST);
}

cf_nb_json *cf_nb_json_object(cf_nb_pool *pool) {
    return make(pool, CF_NB_OBJECT);
}

/* ---- changing ---- */

static void reserve(cf_nb_pool *pool, cf_nb_json *v) {
    if (v->count < v->capacity) return;
    v->capacity = v->capacity < 4 ? 4 : v->capacity * 2;
    cf_nb_json **items = cf_nb_alloc(pool, v->capacity, sizeof(*items));
    if (v->count > 0) memcpy(items, v->items, v->count * sizeof(*items));
    v->items = items;
    if (v->kind != CF_NB_OBJECT) return;
    cf_nb_str *keys = cf_nb_alloc(pool, v->capacity, sizeof(*keys));
    if (v->count > 0) memcpy(keys, v->keys, v->count * sizeof(*keys));
    v->keys = keys;
}

void cf_nb_insert(cf_nb_pool *pool, cf_nb_json *list, size_t at, cf_nb_json *item) {
    reserve(pool, list);
    for (size_t i = list->count; i > at; i--)
        list->items[i] = list->items[i - 1];
    list->items[at] = item;
    list->count++;
}

void cf_nb_append(cf_nb_pool *pool, cf_nb_json *list, cf_nb_json *item) {
    cf_nb_insert(pool, list, list->count, item);
}

static size_t place_of(const cf_nb_json *object, cf_nb_str key) {
    for (size_t i = object->count; i > 0; i--)
        if (cf_nb_str_equal(object->keys[i - 1], key)) return i - 1;
    return SIZE_MAX;
}

void cf_nb_set(cf_nb_pool *pool, cf_nb_json *object, const char *key, cf_nb_json *value) {
    const size_t at = place_of(object, cf_nb_str_of(key));
    if (at != SIZE_MAX) {
        object->items[at] = value;
        return;
    }
    reserve(pool, object);
    object->keys[object->count] = cf_nb_dup(pool, cf_nb_str_of(key));
    object->items[object->count++] = value;
}

bool cf_nb_remove(cf_nb_json *object, const char *key) {
    if (!cf_nb_is(object, CF_NB_OBJECT)) return false;
    bool found = false;
    for (size_t at = place_of(object, cf_nb_str_of(key)); at != SIZE_MAX;
         at = place_of(object, cf_nb_str_of(key))) {
        for (size_t i = at + 1; i < object->count; i++) {
            object->items[i - 1] = object->items[i];
            object->keys[i - 1] = object->keys[i];
        }
        object->count--;
        found = true;
    }
    return found;
}

/* ---- asking ---- */

bool cf_nb_is(const cf_nb_json *value, cf_nb_kind kind) {
    return value != NULL && value->kind == kind;
}

cf_nb_json *cf_nb_get_str(const cf_nb_json *object, cf_nb_str key) {
    if (!cf_nb_is(object, CF_NB_OBJECT)) return NULL;
    const size_t at = place_of(object, key);
    return at != SIZE_MAX ? object->items[at] : NULL;
}

cf_nb_json *cf_nb_get(const cf_nb_json *object, const char *key) {
    return cf_nb_get_str(object, cf_nb_str_of(key));
}

cf_nb_str cf_nb_get_text(const cf_nb_json *object, const char *key) {
    const cf_nb_json *v = cf_nb_get(object, key);
    return cf_nb_is(v, CF_NB_STRING) ? v->text : (cf_nb_str){"", 0};
}

bool cf_nb_is_text(const cf_nb_json *value, const char *text) {
    return cf_nb_is(value, CF_NB_STRING) && cf_nb_str_is(value->text, text);
}

bool cf_nb_truth(const cf_nb_json *value) {
    return cf_nb_is(value, CF_NB_TRUE);
}

bool cf_nb_number(const cf_nb_json *value, double *number) {
    if (!cf_nb_is(value, CF_NB_NUMBER)) return false;
    *number = strtod(value->text.data, NULL); /* texts of values end in a zero */
    return true;
}

bool cf_nb_holds(const cf_nb_json *list, const char *text) {
    if (!cf_nb_is(list, CF_NB_LIST)) return false;
    for (size_t i = 0; i < list->count; i++)
        if (cf_nb_is_text(list->items[i], text)) return true;
    return false;
}

typedef struct {
    cf_nb_str key;
    size_t at;
} entry;

static int by_key(const void *left, const void *right) {
    const entry *a = left, *b = right;
    const int order = cf_nb_str_compare(a->key, b->key);
    if (order != 0) return order;
    return (a->at > b->at) - (a->at < b->at);
}

size_t *cf_nb_sorted_keys(const cf_nb_json *object, size_t *count) {
    const size_t n = object->count;
    entry *entries = calloc(n + 1, sizeof(*entries));
    size_t *places = calloc(n + 1, sizeof(*places));
    if (entries == NULL || places == NULL) abort();
    for (size_t i = 0; i < n; i++)
        entries[i] = (entry){object->keys[i], i};
    qsort(entries, n, sizeof(*entries), by_key);
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && cf_nb_str_equal(entries[i].key, entries[i + 1].key)) continue;
        places[(*count)++] = entries[i].at;
    }
    free(entries);
    return places;
}

static bool objects_equal(const cf_nb_json *a, const cf_nb_json *b) {
    size_t n = 0, m = 0;
    size_t *in_a = cf_nb_sorted_keys(a, &n), *in_b = cf_nb_sorted_keys(b, &m);
    bool equal = n == m;
    for (size_t i = 0; equal && i < n; i++)
        equal = cf_nb_str_equal(a->keys[in_a[i]], b->keys[in_b[i]]) &&
                cf_nb_json_equal(a->items[in_a[i]], b->items[in_b[i]]);
    free(in_a);
    free(in_b);
    return equal;
}

bool cf_nb_json_equal(const cf_nb_json *a, const cf_nb_json *b) {
    if (a == b) return true;
    if (a == NULL || b == NULL || a->kind != b->kind) return false;
    if (a->kind == CF_NB_OBJECT) return objects_equal(a, b);
    if (a->kind != CF_NB_LIST) return cf_nb_str_equal(a->text, b->text);
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!cf_nb_json_equal(a->items[i], b->items[i])) return false;
    return true;
}
