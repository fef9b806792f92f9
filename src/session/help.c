/* %help, name?, inspection and completion: all from the table of built-ins and the binder's
 * names. */

#include "lang/parse.h"
#include "session/session_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_overview(cf_text *out) {
    cf_text_adds(
        out, "A pipeline starts with a table and goes through verbs:\n"
             "    from events | filter count(Muon) >= 2 | hist MET.pt bins:50 range:0..200\n"
             "%help NAME explains a verb, function or error code (E0012); %tables lists the "
             "data, %schema the columns.\n\n");
    size_t count = 0;
    const cf_family *families = cf_families(&count);
    for (size_t i = 0; i < count; i++) {
        cf_text_addf(out, "%s:\n   ", families[i].title);
        size_t width = 3;
        for (size_t k = 0; k < families[i].count; k++) {
            const char *name = families[i].builtins[k].name;
            if (width + strlen(name) + 1 > 78) {
                cf_text_adds(out, "\n   ");
                width = 3;
            }
            cf_text_addf(out, " %s", name);
            width += strlen(name) + 1;
        }
        cf_text_addc(out, '\n');
    }
}

static void add_indented(cf_text *out, const char *text) {
    for (const char *line = text; *line != 0;) {
        const size_t n = strcspn(line, "\n");
        cf_text_addf(out, "    %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

static void add_builtin(cf_text *out, const cf_builtin *f) {
    cf_text_addf(out, "%s\n", f->usage == NULL ? f->name : f->usage);
    if (f->since != NULL) cf_text_adds(out, "(comes later: this does not work yet)\n");
    if (f->doc != NULL) cf_text_addf(out, "\n%s\n", f->doc);
    if (f->example != NULL) {
        cf_text_adds(out, "\nexample:\n");
        add_indented(out, f->example);
    }
    if (f->example != NULL && f->shows != NULL) {
        cf_text_adds(out, "gives:\n");
        add_indented(out, f->shows);
    }
    if (f->related != NULL) cf_text_addf(out, "\nsee also: %s\n", f->related);
}

static const struct {
    cf_status code;
    const char *meaning, *fails, *mended;
} error_helps[] = {
#define CF_ERROR_HELP(name, meaning, fails, mended) {CF_E_##name, meaning, fails, mended},
#include "session/error_help.def"
#undef CF_ERROR_HELP
};

static bool add_error(cf_text *out, const char *topic) {
    if ((topic[0] != 'E' && topic[0] != 'e') || strlen(topic) != 5) return false;
    const int code = (int)strtol(topic + 1, NULL, 10);
    const char *title = cf_status_title(code);
    if (title == NULL) return false;
    cf_text_addf(out, "E%04d: %s\n", code, title);
    for (size_t i = 0; i < CF_COUNT(error_helps); i++) {
        if ((int)error_helps[i].code != code) continue;
        cf_text_addf(out, "\n%s\n", error_helps[i].meaning);
        if (error_helps[i].fails[0] != 0)
            cf_text_addf(out, "\nfails:   %s\n", error_helps[i].fails);
        if (error_helps[i].mended[0] != 0)
            cf_text_addf(out, "mended:  %s\n", error_helps[i].mended);
    }
    return true;
}

static bool add_let(cf_text *out, cf_session *s, cf_str name) {
    const cf_let *let = cf_module_find(s->module, name);
    if (let == NULL) return false;
    const cf_str text = s->env.text(s, let->stmt->span.source);
    if (let->stmt->span.end <= text.size)
        cf_text_addf(out, "%.*s\n", (int)(let->stmt->span.end - let->stmt->span.begin),
                     text.data + let->stmt->span.begin);
    if (let->stmt->doc.size > 0) cf_text_addf(out, "\n%.*s\n", CF_STR_ARGS(let->stmt->doc));
    return true;
}

static bool add_table(cf_text *out, cf_session *s, cf_str name) {
    cf_source *source = NULL;
    if (cf_tables_find(s, name, &source, NULL) != CF_OK) return false;
    cf_schema_print(out, source);
    cf_source_release(source);
    return true;
}

/* Parts of plans have built-ins, too, which nobody writes. */
static bool is_listed(cf_str name) {
    size_t count = 0;
    const cf_family *families = cf_families(&count);
    const bool math = name.size > 5 && memcmp(name.data, "math.", 5) == 0;
    if (math) name = (cf_str){name.data + 5, name.size - 5};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < families[i].count; k++)
            if (cf_str_is(name, families[i].builtins[k].name)) return true;
    return false;
}

char *cf_help_text(cf_session *s, const char *topic) {
    cf_text out = {0};
    while (*topic == ' ')
        topic++;
    if (*topic == '%' && isalpha((unsigned char)topic[1]))
        topic++; /* `%hist` is `hist`; `%` divides */
    if (*topic == 0) {
        add_overview(&out);
        return out.data;
    }
    const cf_str name = cf_str_of(topic);
    const cf_builtin *f = is_listed(name) ? cf_builtin_find(name) : NULL;
    if (f != NULL)
        add_builtin(&out, f);
    else if (!add_error(&out, topic) && !add_let(&out, s, name))
        (void)add_table(&out, s, name);
    return out.data;
}

cf_status cf_help_unknown(const char *topic, cf_error *err) {
    const cf_status status =
        cf_fail(err, CF_E_UNKNOWN_FUNCTION, CF_NOWHERE, "no help on `%s`", topic);
    size_t families = 0, best = strlen(topic) / 3 + 1;
    const cf_family *f = cf_families(&families);
    const char *near = NULL;
    for (size_t i = 0; i < families; i++)
        for (size_t k = 0; k < f[i].count; k++) {
            const size_t d =
                cf_edit_distance(cf_str_of(topic), cf_str_of(f[i].builtins[k].name));
            if (d >= best) continue;
            best = d;
            near = f[i].builtins[k].name;
        }
    if (near != NULL)
        cf_error_hint(err, "did you mean %%help %s?", near);
    else
        cf_error_hint(err, "`%%help` lists what there is");
    return status;
}

/* ---- schemas ---- */

static void add_field(cf_text *out, const cf_field *f, int depth) {
    const cf_type *t = f->type;
    cf_text_addf(out, "%*s%s: ", depth * 2 + 2, "", f->name);
    const bool list = t->kind == CF_LIST && t->fields[0].type->kind == CF_TUPLE;
    const bool deep = list || t->kind == CF_TUPLE;
    if (deep)
        cf_text_adds(out, list ? "[{" : "{");
    else
        cf_type_print(out, t, true);
    if (f->unit != NULL) cf_text_addf(out, " [%s]", f->unit);
    if (f->unreadable != NULL) cf_text_addf(out, "   (cannot be read: %s)", f->unreadable);
    if (!deep && f->file_name != NULL && strcmp(f->file_name, f->name) != 0)
        cf_text_addf(out, "   (%s)", f->file_name);
    if (f->doc != NULL && f->doc[0] != 0) cf_text_addf(out, "   # %s", f->doc);
    cf_text_addc(out, '\n');
    if (!deep) return;
    const cf_type *tuple = list ? t->fields[0].type : t;
    for (uint32_t i = 0; i < tuple->field_count; i++)
        if (!tuple->fields[i].hidden) add_field(out, &tuple->fields[i], depth + 1);
    cf_text_addf(out, "%*s%s\n", depth * 2 + 2, "", list ? "}]" : "}");
}

void cf_schema_print(cf_text *out, const cf_source *source) {
    cf_text_addf(out, "%s: %lld rows, %u partition%s, %s\n", source->where,
                 (long long)source->rows, source->partition_count,
                 source->partition_count == 1 ? "" : "s", source->format);
    for (uint32_t i = 0; i < source->schema->field_count; i++)
        add_field(out, &source->schema->fields[i], 0);
}

static cf_status add_named_schema(cf_text *out, cf_session *s, const char *name,
                                  cf_error *err) {
    cf_source *source = NULL;
    CF_TRY(cf_tables_find(s, cf_str_of(name), &source, err));
    cf_text_addf(out, "%s = ", name);
    cf_schema_print(out, source);
    cf_source_release(source);
    return CF_OK;
}

/* A table; of a file with several trees that are no table together, each of them. */
static void add_schema_of(cf_text *out, cf_session *s, const cf_table_entry *e) {
    cf_error err = {0};
    if (add_named_schema(out, s, e->name, &err) == CF_OK) return;
    cf_arena *arena = cf_arena_new(4096);
    const char *const *names = NULL;
    const size_t count = arena == NULL ? 0 : cf_tables_trees(e, arena, &names);
    for (size_t i = 0; i < count; i++) {
        const char *name = cf_arena_printf(arena, "%s.%s", e->name, names[i]);
        cf_error why = {0};
        if (add_named_schema(out, s, name, &why) != CF_OK)
            cf_text_addf(out, "%s: %s\n", name, why.message);
    }
    if (count == 0) cf_text_addf(out, "%s: %s\n", e->name, err.message);
    cf_arena_free(arena);
}

/* What may have been meant by a name: a table, a column of one, a `let`. */
static void hint_schema(cf_session *s, const char *name, cf_error *err) {
    cf_str names[4096];
    size_t n = cf_tables_names(s, names, 256);
    for (size_t i = 0; i < cf_module_count(s->module) && n < CF_COUNT(names); i++)
        names[n++] = cf_module_at(s->module, i)->name;
    for (size_t t = 0; t < s->table_count; t++) {
        const cf_type *type = s->tables[t].source == NULL ? NULL : s->tables[t].source->schema;
        for (uint32_t k = 0; type != NULL && k < type->field_count && n < CF_COUNT(names); k++)
            names[n++] = cf_str_of(type->fields[k].name);
    }
    const cf_str near = cf_bind_nearest(cf_str_of(name), names, n);
    if (near.size > 0)
        cf_error_hint(err, "did you mean %%schema %.*s?", CF_STR_ARGS(near));
    else
        cf_error_hint(err, "%%tables lists the tables");
}

/* %schema: all tables; %schema events; %schema events.Jet or Jet: that column. */
/* A column of a `let` relation. */
static void add_column(void *user, const char *name, const char *kind, const char *type) {
    if (strcmp(kind, "column") == 0) cf_text_addf(user, "  %-24s %s\n", name, type);
}

char *cf_schema_text(cf_session *s, const char *name, cf_error *err) {
    cf_text out = {0};
    if (name[0] == 0) {
        for (size_t i = 0; i < s->table_count; i++)
            if (s->tables[i].clash == NULL) add_schema_of(&out, s, &s->tables[i]);
        if (out.data == NULL) cf_text_adds(&out, "no tables\n");
        return out.data;
    }
    if (add_table(&out, s, cf_str_of(name))) return out.data;
    const char *dot = strrchr(name, '.');
    const char *column = dot == NULL ? name : dot + 1;
    for (size_t i = 0; i < s->table_count; i++) {
        if (dot != NULL && (strlen(s->tables[i].name) != (size_t)(dot - name) ||
                            strncmp(s->tables[i].name, name, (size_t)(dot - name)) != 0))
            continue;
        cf_source *source = NULL;
        if (s->tables[i].clash != NULL ||
            cf_tables_find(s, cf_str_of(s->tables[i].name), &source, NULL) != CF_OK)
            continue;
        const cf_field *f = cf_type_field(source->schema, cf_str_of(column));
        if (f != NULL) add_field(&out, f, -1);
        cf_source_release(source);
        if (f != NULL) return out.data;
    }
    /* a let: the type of its value */
    cf_arena *arena = cf_arena_new(4096);
    cf_diags diags = {0};
    const cf_program *p = cf_parse(arena, 0, name, strlen(name), &diags);
    char *type = diags.count == 0 && p->count == 1 && p->stmts[0]->kind == CF_STMT_PIPELINE
                     ? cf_bind_type(s->module, &s->env, p->stmts[0]->value, arena)
                     : NULL;
    if (type != NULL) cf_text_addf(&out, "%s: %s\n", name, type);
    if (type != NULL && type[0] == '[')
        cf_bind_names(s->module, &s->env, p->stmts[0]->value, add_column, &out);
    cf_arena_free(arena);
    if (out.data == NULL) {
        (void)cf_fail(err, CF_E_UNKNOWN_TABLE, CF_NOWHERE, "no table, value or column `%s`",
                      name);
        hint_schema(s, name, err);
    }
    return out.data;
}

/* ---- what stands at the cursor ---- */

static bool name_char(char c) {
    return isalnum((unsigned char)c) || c == '_' || (c & 0x80) != 0;
}

static char *inspect(cf_session *s, const char *text, size_t size, size_t cursor) {
    if (cursor > size) cursor = size;
    size_t begin = cursor, end = cursor;
    while (begin > 0 &&
           (name_char(text[begin - 1]) || text[begin - 1] == '.' || text[begin - 1] == '%'))
        begin--;
    while (end < size && name_char(text[end]))
        end++;
    if (begin == end) return NULL;
    char *word = strndup(text + begin, end - begin);
    char *out = word == NULL ? NULL : cf_help_text(s, word);
    if (out == NULL && word != NULL) out = cf_schema_text(s, word, NULL);
    free(word);
    return out;
}

char *cf_session_inspect(cf_session *s, const char *text, size_t size, size_t cursor,
                         int detail) {
    (void)detail;
    pthread_mutex_lock(&s->names);
    char *out = inspect(s, text, size, cursor);
    pthread_mutex_unlock(&s->names);
    return out;
}
