/* Grouping of columns by prefix: sort them by prefix, then look at each stretch of equal
 * prefixes once and choose the one set of lists, or else the set of scalars, that may take the
 * name. */

#include "io/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const cf_group_item *item;
    uint32_t index;
    size_t prefix; /* length */
} entry;

static int compare_text(const char *a, const char *b) {
    if (a == NULL || b == NULL) return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

/* By prefix, then lists before scalars, then counter and shape, then as in the file. */
static int compare_entries(const void *left, const void *right) {
    const entry *a = left, *b = right;
    const size_t shorter = a->prefix < b->prefix ? a->prefix : b->prefix;
    int order = memcmp(a->item->name, b->item->name, shorter);
    if (order == 0) order = (a->prefix > b->prefix) - (a->prefix < b->prefix);
    if (order == 0) order = (int)b->item->list - (int)a->item->list;
    if (order == 0 && a->item->list) {
        order = compare_text(a->item->counter, b->item->counter);
        if (order == 0)
            order = (a->item->shape > b->item->shape) - (a->item->shape < b->item->shape);
    }
    if (order == 0) order = (a->index > b->index) - (a->index < b->index);
    return order;
}

static bool same_prefix(const entry *a, const entry *b) {
    return a->prefix == b->prefix && memcmp(a->item->name, b->item->name, a->prefix) == 0;
}

static bool same_set(const entry *a, const entry *b) {
    if (a->item->list != b->item->list) return false;
    if (!a->item->list) return true;
    return compare_text(a->item->counter, b->item->counter) == 0 &&
           a->item->shape == b->item->shape;
}

/* Is the set's counter the prefix with an `n` before it? */
static bool counted_by_name(const entry *e) {
    const char *counter = e->item->counter;
    return counter != NULL && counter[0] == 'n' && strlen(counter) == e->prefix + 1 &&
           memcmp(counter + 1, e->item->name, e->prefix) == 0;
}

static int compare_names(const void *left, const void *right) {
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

typedef struct {
    cf_grouping *out;
    cf_arena *arena;
    const char **names; /* all of them, sorted */
    uint32_t name_count;
    bool scalars;
} grouper;

/* Of the sets in [first, last), all of one prefix, the best one. */
static void choose(const grouper *g, const entry *first, const entry *last, const entry **from,
                   const entry **to) {
    int best = 0;
    for (const entry *set = first; set < last;) {
        const entry *end = set + 1;
        while (end < last && same_set(set, end))
            end++;
        int score = end - set >= 2 ? 2 : 0;
        if (counted_by_name(set)) score = 3;
        if (!set->item->list) score = g->scalars && end - set >= 2 ? 1 : 0;
        if (score > best) {
            best = score;
            *from = set;
            *to = end;
        }
        set = end;
    }
}

static void take_prefix(grouper *g, const entry *first, const entry *last) {
    const entry *from = NULL, *to = NULL;
    choose(g, first, last, &from, &to);
    if (from == NULL) return;
    const char *name = cf_str_dup(g->arena, (cf_str){from->item->name, from->prefix});
    if (bsearch(&name, g->names, g->name_count, sizeof *g->names, compare_names) != NULL)
        return;
    const int32_t number = (int32_t)g->out->group_count++;
    g->out->groups[number] = (cf_group){name, from->item->list, (uint32_t)(to - from)};
    for (const entry *e = from; e < to; e++) {
        g->out->group_of[e->index] = number;
        g->out->member[e->index] =
            cf_str_dup(g->arena, cf_str_of(e->item->name + e->prefix + 1));
    }
}

/* Groups were found in order of their names: number them by their first members. */
static void renumber(cf_grouping *out, uint32_t count, int32_t *fresh, cf_group *groups) {
    for (uint32_t i = 0; i < out->group_count; i++)
        fresh[i] = -1;
    int32_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t old = out->group_of[i];
        if (old < 0) continue;
        if (fresh[old] < 0) {
            groups[next] = out->groups[old];
            fresh[old] = next++;
        }
        out->group_of[i] = fresh[old];
    }
    out->groups = groups;
}

static uint32_t list_entries(const cf_group_item *items, uint32_t count, entry *entries) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        const char *bar = strchr(items[i].name, '_');
        if (items[i].alone || bar == NULL || bar == items[i].name || bar[1] == '\0') continue;
        entries[n++] = (entry){&items[i], i, (size_t)(bar - items[i].name)};
    }
    qsort(entries, n, sizeof *entries, compare_entries);
    return n;
}

bool cf_group_columns(const cf_group_item *items, uint32_t count, bool scalars, cf_arena *arena,
                      cf_grouping *out) {
    const size_t room = (size_t)count + 1;
    *out = (cf_grouping){
        .groups = cf_arena_alloc(arena, room * sizeof *out->groups, _Alignof(cf_group)),
        .group_of = cf_arena_alloc(arena, room * sizeof *out->group_of, _Alignof(int32_t)),
        .member = cf_arena_alloc(arena, room * sizeof *out->member, _Alignof(char *)),
    };
    cf_group *groups = cf_arena_alloc(arena, room * sizeof *groups, _Alignof(cf_group));
    int32_t *fresh = cf_arena_alloc(arena, room * sizeof *fresh, _Alignof(int32_t));
    entry *entries = cf_arena_alloc(arena, room * sizeof *entries, _Alignof(entry));
    const char **names = cf_arena_alloc(arena, room * sizeof *names, _Alignof(char *));
    if (out->groups == NULL || out->group_of == NULL || out->member == NULL || groups == NULL ||
        fresh == NULL || entries == NULL || names == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        out->group_of[i] = -1;
        out->member[i] = NULL;
        names[i] = items[i].name;
    }
    qsort(names, count, sizeof *names, compare_names);
    const uint32_t n = list_entries(items, count, entries);
    grouper g = {out, arena, names, count, scalars};
    for (uint32_t first = 0; first < n;) {
        uint32_t last = first + 1;
        while (last < n && same_prefix(&entries[first], &entries[last]))
            last++;
        take_prefix(&g, entries + first, entries + last);
        first = last;
    }
    renumber(out, count, fresh, groups);
    return true;
}
