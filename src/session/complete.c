/* Tab: what may stand at the cursor.  The text before it need not be a program, so brackets and
 * pipes are looked for by hand; the finished stages in front are then bound as a program of
 * their own, and the columns of their rows offered. */

#include "lang/parse.h"
#include "session/session_internal.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool name_char(char c) {
    return isalnum((unsigned char)c) || c == '_' || (c & 0x80) != 0;
}

static size_t word_start(const char *text, size_t cursor) {
    while (cursor > 0 && name_char(text[cursor - 1]))
        cursor--;
    return cursor;
}

typedef struct {
    cf_completions *out;
    const char *prefix;
    size_t prefix_size;
    bool any_case;
} collector;

static char *copy_text(const char *s) {
    char *out = strdup(s);
    CF_ASSERT(out != NULL);
    return out;
}

static void put(collector *c, const char *name, const char *kind, const char *type) {
    if ((c->any_case ? strncasecmp : strncmp)(name, c->prefix, c->prefix_size) != 0) return;
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

/* Which functions belong where. */
typedef enum {
    AT_START, /* of a statement: what a stage may be, and `let` */
    AT_STAGE, /* verbs, and the aggregates that may end a pipeline */
    AT_VALUE, /* functions */
    AT_OPEN   /* after `(`: functions, and what reads a file */
} where;

static bool belongs(const cf_builtin *f, where at) {
    const bool verb = f->class == CF_BUILTIN_VERB;
    if (f->class == CF_BUILTIN_COMMAND || !isalpha((unsigned char)f->name[0]) ||
        f->since != NULL || strcmp(f->name, "neg") == 0)
        return false;
    if (at == AT_START) return verb;
    static const char *const not_after_pipe[] = {"let", "func", "case", "this", "from"};
    for (size_t i = 0; at == AT_STAGE && i < CF_COUNT(not_after_pipe); i++)
        if (strcmp(f->name, not_after_pipe[i]) == 0) return false;
    if (at == AT_STAGE) return verb || f->class == CF_BUILTIN_AGGREGATE;
    const bool value = strcmp(f->name, "case") == 0 || strcmp(f->name, "this") == 0;
    return !verb || value || (at == AT_OPEN && strncmp(f->name, "read_", 5) == 0);
}

static void put_builtins(collector *c, where at) {
    size_t count = 0;
    const cf_family *families = cf_families(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < families[i].count; k++) {
            const cf_builtin *f = &families[i].builtins[k];
            if (belongs(f, at))
                put(c, f->name, f->class == CF_BUILTIN_VERB ? "verb" : "function", f->usage);
        }
}

/* The arguments `name:` that a function's usage shows. */
static void put_arguments(collector *c, const char *function, size_t size) {
    const cf_builtin *f = cf_builtin_find((cf_str){function, size});
    for (const char *at = f == NULL ? "" : f->usage; *at != '\0';) {
        size_t n = 0;
        while (name_char(at[n]))
            n++;
        if (n > 0 && at[n] == ':' && at[n + 1] != ':') {
            char name[64];
            (void)snprintf(name, sizeof name, "%.*s:", (int)n, at);
            put(c, name, "argument", "");
        }
        at += n > 0 ? n : 1;
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
            if (families[i].builtins[k].class == CF_BUILTIN_COMMAND &&
                families[i].builtins[k].since == NULL) {
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
        struct stat st;
        if (stat(full, &st) == 0 && S_ISDIR(st.st_mode) && strlen(full) + 2 < sizeof full)
            memcpy(full + strlen(full), "/", 2);
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

/* ---- commands ---- */

static void put_words(collector *c, const char *words) {
    while (*words != '\0') {
        const size_t n = strcspn(words, " ");
        char word[64];
        (void)snprintf(word, sizeof word, "%.*s", (int)n, words);
        put(c, word, "value", "");
        words += n + (words[n] == ' ');
    }
}

static void put_topics(cf_session *s, collector *c) {
    put_builtins(c, AT_START);
    put_builtins(c, AT_STAGE);
    put_builtins(c, AT_VALUE);
    put_commands(c);
    put_tables(s, c);
}

/* `%set format cs`: the line's words so far say what comes next.  False: a program follows, as
 * after %time. */
static bool complete_command(cf_session *s, collector *c, const char *line, size_t size) {
    char word[3][32] = {"", "", ""};
    int count = 0;
    for (size_t i = 0; i < size && count < 3;) {
        size_t n = 0;
        while (i + n < size && line[i + n] != ' ' && line[i + n] != '=')
            n++;
        if (n > 0) (void)snprintf(word[count++], sizeof word[0], "%.*s", (int)n, line + i);
        i += n > 0 ? n : 1;
    }
    if (count == 0) {
        put_commands(c);
        return true;
    }
    if (strcmp(word[0], "set") == 0) {
        for (size_t i = 0; count == 1 && cf_setting_key(i) != NULL; i++)
            put(c, cf_setting_key(i), "value", "");
        if (count == 2) put_words(c, cf_setting_words(word[1]));
        return true;
    }
    if (strcmp(word[0], "help") == 0 || strcmp(word[0], "schema") == 0) {
        if (count == 1 && word[0][0] == 'h') put_topics(s, c);
        if (count == 1 && word[0][0] == 's') put_tables(s, c);
        return true;
    }
    return strcmp(word[0], "time") != 0 && strcmp(word[0], "explain") != 0 &&
           strcmp(word[0], "print") != 0;
}

/* The start of the line that the cursor is in, if a command stands there; else NULL. */
static const char *command_line(const char *text, size_t begin) {
    size_t at = begin;
    while (at > 0 && text[at - 1] != '\n')
        at--;
    while (at < begin && text[at] == ' ')
        at++;
    return at < begin && text[at] == '%' ? text + at + 1 : NULL;
}

/* ---- all together ---- */

static void complete_member(cf_session *s, collector *c, const char *text, size_t begin) {
    const place p = find_place(text, begin);
    size_t path = begin - 1;
    while (path > 0 && (name_char(text[path - 1]) || text[path - 1] == '.'))
        path--;
    members(s, c, text, &p, path, begin - 1);
}

/* The call that the cursor is an argument of: the first word of its stage. */
static void complete_arguments(collector *c, const char *text, const place *p, size_t begin) {
    size_t at = p->pipes[p->depth] > 0 ? p->pipes[p->depth] + 1 : p->starts[p->depth];
    while (at < begin && isspace((unsigned char)text[at]))
        at++;
    size_t end = at;
    while (end < begin && (name_char(text[end]) || text[end] == '.'))
        end++;
    if (end > at && end < begin) put_arguments(c, text + at, end - at);
}

static void complete_word(cf_session *s, collector *c, const char *text, size_t begin) {
    const place p = find_place(text, begin);
    size_t before = begin;
    while (before > 0 && (text[before - 1] == ' ' || text[before - 1] == '\n'))
        before--;
    const bool stage_start =
        before == 0 || text[before - 1] == '|' || text[before - 1] == ';' ||
        (begin > 0 && before < begin && text[before] == '\n' && p.depth == 0);
    const bool after_from = before >= 4 && strncmp(text + before - 4, "from", 4) == 0 &&
                            (before == 4 || !name_char(text[before - 5]));
    if (after_from) {
        put_tables(s, c);
        return;
    }
    if (stage_start) {
        const bool piped = before > 0 && text[before - 1] == '|';
        put_builtins(c, piped ? AT_STAGE : AT_START);
        if (before == 0) put_tables(s, c);
        return;
    }
    complete_arguments(c, text, &p, begin);
    for (size_t d = p.depth + 1; d-- > 0;)
        columns_at(s, c, text, &p, d);
    put_tables(s, c);
    if (c->prefix_size == 0 && c->out->count > 0 && text[before - 1] != '(')
        return; /* functions from the first letter on: all of them would bury the columns */
    put_builtins(c, text[before - 1] == '(' ? AT_OPEN : AT_VALUE);
}

static void complete(cf_session *s, collector *c, const char *text, size_t begin) {
    const char *line = command_line(text, begin);
    if (line != NULL && complete_command(s, c, line, (size_t)(text + begin - line))) return;
    if (begin > 0 && text[begin - 1] == '.')
        complete_member(s, c, text, begin);
    else
        complete_word(s, c, text, begin);
}

static cf_completions complete_at(cf_session *s, const char *text, size_t size, size_t cursor) {
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
    complete(s, &c, text, begin);
    if (out.count > 0 || c.prefix_size == 0) return out;
    c.any_case = true;
    complete(s, &c, text, begin);
    return out;
}

cf_completions cf_session_complete(cf_session *s, const char *text, size_t size,
                                   size_t cursor) {
    pthread_mutex_lock(&s->names);
    const cf_completions out = complete_at(s, text, size, cursor);
    pthread_mutex_unlock(&s->names);
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
