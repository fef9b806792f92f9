/* %help, name?, inspection and completion: all from the table of built-ins and the binder's
 * names. */

#include "lang/parse.h"
#include "session/session_internal.h"

#include <ctype.h>
#include <dirent.h>
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
    const cf_builtin *f = cf_builtin_find(name);
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

/* %schema: all tables; %schema events; %schema events.Jet or Jet: that column. */
char *cf_schema_text(cf_session *s, const char *name, cf_error *err) {
    cf_text out = {0};
    if (name[0] == 0) {
        for (size_t i = 0; i < s->table_count; i++) {
            if (s->tables[i].clash != NULL) continue;
            cf_source *source = NULL;
            if (cf_tables_find(s, cf_str_of(s->tables[i].name), &source, err) != CF_OK) {
                cf_text_clear(&out);
                return NULL;
            }
            cf_text_addf(&out, "%s = ", s->tables[i].name);
            cf_schema_print(&out, source);
            cf_source_release(source);
        }
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
    cf_arena_free(arena);
    if (out.data == NULL)
        (void)cf_fail(err, CF_E_UNKNOWN_TABLE, CF_NOWHERE, "no table, value or column `%s`",
                      name);
    return out.data;
}

/* ---- what stands at the cursor ---- */

static bool name_char(char c) {
    return isalnum((unsigned char)c) || c == '_' || (c & 0x80) != 0;
}

static size_t word_start(const char *text, size_t cursor) {
    while (cursor > 0 && name_char(text[cursor - 1]))
        cursor--;
    return cursor;
}

char *cf_session_inspect(cf_session *s, const char *text, size_t size, size_t cursor,
                         int detail) {
    (void)detail;
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

typedef struct {
    cf_completions *out;
    const char *prefix;
    size_t prefix_size;
} collector;

static char *copy_text(const char *s) {
    char *out = strdup(s);
    CF_ASSERT(out != NULL);
    return out;
}

static void put(collector *c, const char *name, const char *kind, const char *type) {
    if (strncmp(name, c->prefix, c->prefix_size) != 0) return;
    for (size_t i = 0; i < c->out->count; i++)
        if (strcmp(c->out->items[i].text, name) == 0) return;
    cf_completion *grown = realloc(c->out->items, (c->out->count + 1) * sizeof *grown);
    if (grown == NULL) return;
    c->out->items = grown;
    grown[c->out->count++] = (cf_completion){
        .text = copy_text(name), .kind = copy_text(kind), .type = copy_text(type)};
}

static void put_name(void *user, const char *name, const char *kind, const char *type) {
    put(user, name, kind, type);
}

static void put_builtins(collector *c, bool verbs) {
    size_t count = 0;
    const cf_family *families = cf_families(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < families[i].count; k++) {
            const cf_builtin *f = &families[i].builtins[k];
            const bool verb = f->class == CF_BUILTIN_VERB;
            if (f->class == CF_BUILTIN_COMMAND || !isalpha((unsigned char)f->name[0]) ||
                f->since != NULL)
                continue;
            if (verbs && !verb && f->class != CF_BUILTIN_AGGREGATE) continue;
            put(c, f->name, verb ? "verb" : "function", f->usage);
        }
}

static void put_tables(cf_session *s, collector *c) {
    for (size_t i = 0; i < s->table_count; i++)
        if (s->tables[i].clash == NULL) put(c, s->tables[i].name, "table", "relation");
    for (size_t i = 0; i < cf_module_count(s->module); i++) {
        const cf_let *let = cf_module_at(s->module, i);
        char name[256];
        (void)snprintf(name, sizeof name, "%.*s", CF_STR_ARGS(let->name));
        put(c, name, let->stmt->value->kind == CF_AST_LAMBDA ? "function" : "value", "");
    }
}

static void put_commands(collector *c) {
    size_t count = 0;
    const cf_family *families = cf_families(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < families[i].count; k++)
            if (families[i].builtins[k].class == CF_BUILTIN_COMMAND) {
                const char *name = families[i].builtins[k].name;
                put(c, name[0] == '%' ? name + 1 : name, "command",
                    families[i].builtins[k].usage);
            }
}

/* Where the pipeline around the cursor begins, and where its last finished stage ends; brackets
 * that are still open start a pipeline of their own. */
typedef struct {
    size_t starts[64]; /* of the statement, then of each open bracket's inside */
    size_t pipes[64];  /* the last `|` at that depth, or 0 */
    size_t depth;
} place;

static place find_place(const char *text, size_t cursor) {
    place p = {.depth = 0};
    for (size_t i = 0; i < cursor; i++) {
        const char c = text[i];
        if (c == '"' || c == '\'') { /* over a text */
            size_t k = i + 1;
            while (k < cursor && text[k] != c)
                k += text[k] == '\\' ? 2 : 1;
            i = k;
        } else if (c == '#')
            while (i < cursor && text[i] != '\n')
                i++;
        else if ((c == '(' || c == '{' || c == '[') && p.depth + 1 < CF_COUNT(p.starts)) {
            p.depth++;
            p.starts[p.depth] = i + 1;
            p.pipes[p.depth] = 0;
        } else if ((c == ')' || c == '}' || c == ']') && p.depth > 0)
            p.depth--;
        else if (c == '|' && i + 1 < cursor && text[i + 1] == '|')
            i++;
        else if (c == '|' ||
                 (c == '\n' && p.pipes[p.depth] == 0 && p.depth == 0 && i > p.starts[0]))
            p.pipes[p.depth] = i;
        else if (c == '\n' && i + 1 < cursor && text[i + 1] == '\n' && p.depth == 0) {
            p.starts[0] = i + 1;
            p.pipes[0] = 0;
        }
    }
    return p;
}

/* The stages before the cursor up to a depth, as a pipeline that can be bound: a pipeline in
 * brackets becomes the column INNER of the rows around it, which is all that they keep.  Leaves
 * those brackets open and gives their number. */
#define INNER "cutflow_inner"

static unsigned add_stages(cf_text *program, const char *text, const place *p, size_t depth) {
    unsigned open = 0;
    cf_text_add(program, text + p->starts[0], p->pipes[0] - p->starts[0]);
    for (size_t d = 1; d <= depth; d++) {
        if (p->pipes[d] == 0) continue;
        cf_text_adds(program, "\n| select " INNER " = (");
        cf_text_add(program, text + p->starts[d], p->pipes[d] - p->starts[d]);
        open++;
    }
    return open;
}

/* Puts the columns of the innermost rows of a program; takes its text. */
static void put_columns(cf_session *s, collector *c, cf_text *program, unsigned open) {
    for (; open > 0; open--)
        cf_text_addc(program, ')');
    cf_arena *arena = cf_arena_new(16 * 1024);
    cf_diags diags = {0};
    const cf_program *parsed = cf_parse(arena, 0, program->data, program->size, &diags);
    if (diags.count == 0 && parsed->count > 0) {
        const cf_stmt *last = parsed->stmts[parsed->count - 1];
        if (last->kind == CF_STMT_PIPELINE || last->kind == CF_STMT_LET)
            cf_bind_names_inside(s->module, &s->env, last->value, INNER, put_name, c);
    }
    cf_arena_free(arena);
    cf_text_clear(program);
}

/* Columns of the row at one depth: of the finished stages before the cursor. */
static void columns_at(cf_session *s, collector *c, const char *text, const place *p,
                       size_t depth) {
    if (p->pipes[0] == 0) return;
    cf_text program = {0};
    const unsigned open = add_stages(&program, text, p, depth);
    put_columns(s, c, &program, open);
}

/* `Jet.` : the fields of what stands before the dot, at the innermost rows that know it. */
static void members(cf_session *s, collector *c, const char *text, const place *p,
                    size_t path_begin, size_t path_end) {
    const size_t before = c->out->count;
    cf_text program = {0};
    for (size_t d = p->depth + 1; p->pipes[0] != 0 && d-- > 0 && c->out->count == before;) {
        if (d > 0 && p->pipes[d] == 0) continue;
        const unsigned open = add_stages(&program, text, p, d);
        cf_text_adds(&program, "\n| select " INNER " = (");
        cf_text_add(&program, text + path_begin, path_end - path_begin);
        put_columns(s, c, &program, open + 1);
    }
    if (c->out->count > before) return;
    cf_text_adds(&program, "from ");
    cf_text_add(&program, text + path_begin, path_end - path_begin);
    put_columns(s, c, &program, 0);
}

static void put_files(collector *c, const char *text, size_t begin, size_t cursor) {
    char path[4096];
    if (cursor - begin >= sizeof path) return;
    memcpy(path, text + begin, cursor - begin);
    path[cursor - begin] = 0;
    char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    char folder[4096] = ".";
    if (slash != NULL)
        (void)snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path),
                       path);
    DIR *dir = opendir(folder);
    if (dir == NULL) return;
    for (struct dirent *e = readdir(dir); e != NULL;
         e = readdir(dir)) { /* NOLINT(concurrency-mt-unsafe): own DIR */
        if (e->d_name[0] == '.' || strncmp(e->d_name, base, strlen(base)) != 0) continue;
        char full[8192];
        (void)snprintf(full, sizeof full, "%.*s%s", (int)(base - path), path, e->d_name);
        collector all = {.out = c->out, .prefix = "", .prefix_size = 0};
        put(&all, full, "file", "");
    }
    closedir(dir);
}

static bool in_text(const char *text, size_t cursor, size_t *begin) {
    bool inside = false;
    char quote = 0;
    for (size_t i = 0; i < cursor; i++) {
        if (inside && text[i] == quote)
            inside = false;
        else if (!inside && (text[i] == '"' || text[i] == '\'')) {
            inside = true;
            quote = text[i];
            *begin = i + 1;
        } else if (text[i] == '\n')
            inside = false;
    }
    return inside;
}

cf_completions cf_session_complete(cf_session *s, const char *text, size_t size,
                                   size_t cursor) {
    cf_completions out = {0};
    if (cursor > size) cursor = size;
    size_t begin = 0;
    collector c = {.out = &out};
    if (in_text(text, cursor, &begin)) {
        out.begin = begin;
        out.end = cursor;
        put_files(&c, text, begin, cursor);
        return out;
    }
    begin = word_start(text, cursor);
    out.begin = begin;
    out.end = cursor;
    c.prefix = text + begin;
    c.prefix_size = cursor - begin;
    if (begin > 0 && text[begin - 1] == '%') {
        put_commands(&c);
        return out;
    }
    const place p = find_place(text, begin);
    if (begin > 0 && text[begin - 1] == '.') {
        size_t path = begin - 1;
        while (path > 0 && (name_char(text[path - 1]) || text[path - 1] == '.'))
            path--;
        members(s, &c, text, &p, path, begin - 1);
        return out;
    }
    size_t before = begin;
    while (before > 0 && (text[before - 1] == ' ' || text[before - 1] == '\n'))
        before--;
    const bool stage_start =
        before == 0 || text[before - 1] == '|' ||
        (begin > 0 && before < begin && text[before] == '\n' && p.depth == 0);
    const bool after_from = before >= 4 && strncmp(text + before - 4, "from", 4) == 0;
    if (after_from) {
        put_tables(s, &c);
        return out;
    }
    if (stage_start) {
        put_builtins(&c, true);
        if (before == 0) put_tables(s, &c);
        return out;
    }
    for (size_t d = p.depth + 1; d-- > 0;)
        columns_at(s, &c, text, &p, d);
    put_tables(s, &c);
    put_builtins(&c, false);
    return out;
}

void cf_completions_clear(cf_completions *c) {
    for (size_t i = 0; i < c->count; i++) {
        free(c->items[i].text);
        free(c->items[i].kind);
        free(c->items[i].type);
    }
    free(c->items);
    *c = (cf_completions){0};
}
