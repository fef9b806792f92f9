#include "io/open.h"
#include "session/describe.h"

#include <string.h>

/* ---- members ---- */

typedef struct {
    cf_arena *arena;
    cf_member *members;
    uint32_t count, capacity;
    const cf_field *path[64];
    const char *names[64]; /* at each level, as far as it is known there */
    const char *why[64];   /* unreadable */
} walk;

static cf_member *member_add(walk *w) {
    if (w->count == w->capacity) {
        const uint32_t capacity = w->capacity == 0 ? 64 : 2 * w->capacity;
        cf_member *members = CF_NEWS(w->arena, cf_member, capacity);
        if (w->count > 0) memcpy(members, w->members, w->count * sizeof *members);
        w->members = members;
        w->capacity = capacity;
    }
    return &w->members[w->count++];
}

/* A name that the file has for this place counts from its start; else it is one more step. */
static const char *name_at(const walk *w, const cf_field *f, uint32_t depth) {
    if (f->file_name != NULL) return f->file_name;
    const char *above = depth == 0 ? "" : w->names[depth - 1];
    if (f->name[0] == '\0') return above;
    return above[0] == '\0' ? f->name : cf_arena_printf(w->arena, "%s.%s", above, f->name);
}

static void walk_field(walk *w, const cf_field *f, uint32_t depth) {
    if (depth == CF_COUNT(w->path)) return;
    w->path[depth] = f;
    w->names[depth] = name_at(w, f, depth);
    w->why[depth] = f->unreadable != NULL || depth == 0 ? f->unreadable : w->why[depth - 1];
    if (w->why[depth] == NULL)
        for (uint32_t i = 0; i < f->type->field_count; i++)
            walk_field(w, &f->type->fields[i], depth + 1);
    if (f->type->field_count > 0 && w->why[depth] == NULL) return;
    cf_member *m = member_add(w);
    const cf_field **path = CF_NEWS(w->arena, const cf_field *, depth + 1);
    memcpy(path, w->path, (depth + 1) * sizeof(const cf_field *));
    *m = (cf_member){w->names[depth], w->path[0], path, depth + 1, w->why[depth]};
}

cf_member *cf_members_of(const cf_type *schema, cf_arena *arena, uint32_t *count) {
    walk w = {.arena = arena};
    for (uint32_t i = 0; i < schema->field_count; i++)
        walk_field(&w, &schema->fields[i], 0);
    *count = w.count;
    return w.members;
}

const cf_field *cf_member_field(const cf_member *m) {
    return m->path[m->path_size - 1];
}

void cf_member_type(cf_text *out, const cf_member *m) {
    uint32_t lists = 0;
    for (uint32_t i = 0; i + 1 < m->path_size; i++)
        lists += m->path[i]->type->kind == CF_LIST;
    for (uint32_t i = 0; i < lists; i++)
        cf_text_addc(out, '[');
    cf_type_print(out, cf_member_field(m)->type, true);
    for (uint32_t i = 0; i < lists; i++)
        cf_text_addc(out, ']');
}

/* ---- tables ---- */

/* `dir/events.csv` is `events`. */
static const char *stem_of(const char *path, cf_arena *arena) {
    const size_t whole = strlen(path);
    size_t end = whole;
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    const char *dot = NULL;
    for (size_t i = begin + 1; i < end; i++)
        if (path[i] == '.') dot = path + i;
    if (dot != NULL) end = (size_t)(dot - path);
    return cf_str_dup(arena, (cf_str){path + begin, end - begin});
}

static cf_status visit_table(const char *path, const char *tree, const char *name,
                             cf_table_visit *visit, void *user, cf_error *err) {
    const cf_open_options options = {.tree = tree};
    cf_source *source = NULL;
    CF_TRY(cf_open(path, &options, &source, err));
    const cf_status status = visit(user, name, source, err);
    cf_source_release(source);
    return status;
}

static cf_status visit_tables(const char *path, cf_arena *arena, cf_table_visit *visit,
                              void (*failed)(void *user, const char *name, const cf_error *why),
                              void *user, cf_error *err) {
    const char *const *names = NULL;
    size_t count = 0, good = 0;
    CF_TRY(cf_open_list(path, arena, &names, &count, err));
    if (count == 0) return cf_fail(err, CF_E_NO_TREE, CF_NOWHERE, "%s has no tables", path);
    cf_error first = {0};
    for (size_t i = 0; i < count; i++) {
        const bool named = names[i][0] != '\0';
        const char *name = named ? names[i] : stem_of(path, arena);
        cf_error own = {0};
        const cf_status status =
            visit_table(path, named ? names[i] : NULL, name, visit, user, &own);
        good += status == CF_OK;
        if (status == CF_OK) continue;
        if (first.status == CF_OK) first = own;
        if (status == CF_E_CANCELLED || status == CF_E_MEMORY) break;
        failed(user, name, &own);
    }
    const bool stopped = first.status == CF_E_CANCELLED || first.status == CF_E_MEMORY;
    if (good > 0 && !stopped) return CF_OK;
    if (err != NULL) *err = first;
    return first.status;
}

cf_status cf_tables_of(const char *path, cf_table_visit *visit,
                       void (*failed)(void *user, const char *name, const cf_error *why),
                       void *user, cf_error *err) {
    cf_arena *arena = cf_arena_new(4096);
    if (arena == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to open %s", path);
    const cf_status status = visit_tables(path, arena, visit, failed, user, err);
    cf_arena_free(arena);
    return status;
}
