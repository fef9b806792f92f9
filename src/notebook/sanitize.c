/* Python's regular expressions as POSIX extended ones, and the rules made of them. */

#include "notebook/sanitize.h"

#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GROUPS_MAX = 10, STEPS_MAX = 1000000 };

typedef struct {
    regex_t regex;
    char *replace;
    unsigned group_of[GROUPS_MAX]; /* Python's group number to ours: (?: counts here */
} rule;

struct cf_nb_rules {
    rule *rules;
    size_t count;
};

/* ---- patterns ---- */

typedef struct {
    cf_nb_str in;
    size_t at;
    cf_nb_text out;
    rule *to;
    unsigned groups, ours; /* Python's, and POSIX's, so far */
    const char *fault;
} translation;

static void translate_class_escape(translation *t, char c, bool in_set) {
    static const struct {
        char letter;
        const char *alone, *inside;
    } classes[] = {{'d', "[0-9]", "0-9"},
                   {'w', "[[:alnum:]_]", "[:alnum:]_"},
                   {'s', "[[:space:]]", "[:space:]"},
                   {'D', "[^0-9]", NULL},
                   {'W', "[^[:alnum:]_]", NULL},
                   {'S', "[^[:space:]]", NULL},
                   {'b', "\\b", NULL},
                   {'B', "\\B", NULL},
                   {'n', "\n", "\n"},
                   {'t', "\t", "\t"},
                   {'r', "\r", "\r"},
                   {'f', "\f", "\f"},
                   {'A', "^", NULL},
                   {'Z', "$", NULL}};
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (classes[i].letter != c) continue;
        const char *text = in_set ? classes[i].inside : classes[i].alone;
        if (text == NULL)
            t->fault = "such a class cannot stand in a set";
        else
            cf_nb_text_adds(&t->out, text);
        return;
    }
    if (c >= '1' && c <= '9' && !in_set) {
        t->fault = "a back reference";
    } else if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        t->fault = "an escape that POSIX does not know";
    } else if (in_set) {
        if (c == ']' || c == '[' || c == '-' || c == '^' || c == '\\')
            cf_nb_text_addf(&t->out, c == '[' || c == '\\' ? "%c" : "[.%c.]", c);
        else
            cf_nb_text_addc(&t->out, c);
    } else {
        cf_nb_text_addf(&t->out, strchr("\\.[](){}*+?^$|", c) != NULL ? "\\%c" : "%c", c);
    }
}

/* From behind `[`.  A `]` in first place is an ordinary sign in both languages. */
static void translate_set(translation *t) {
    cf_nb_text_addc(&t->out, '[');
    if (t->at < t->in.size && t->in.data[t->at] == '^')
        cf_nb_text_addc(&t->out, t->in.data[t->at++]);
    for (bool first = true; t->at < t->in.size && t->fault == NULL; first = false) {
        const char c = t->in.data[t->at++];
        if (c == ']' && !first) {
            cf_nb_text_addc(&t->out, ']');
            return;
        }
        if (c == '\\' && t->at < t->in.size)
            translate_class_escape(t, t->in.data[t->at++], true);
        else if (c == '[')
            cf_nb_text_adds(&t->out, "[.[.]");
        else
            cf_nb_text_addc(&t->out, c);
    }
    if (t->fault == NULL) t->fault = "a `[` without `]`";
}

/* From behind `(`. */
static void translate_group(translation *t) {
    const cf_nb_str rest = {t->in.data + t->at, t->in.size - t->at};
    cf_nb_text_addc(&t->out, '(');
    t->ours++;
    if (cf_nb_str_starts(rest, "?:")) {
        t->at += 2;
        return;
    }
    if (cf_nb_str_starts(rest, "?P<")) {
        const char *end = memchr(rest.data, '>', rest.size);
        if (end == NULL)
            t->fault = "a group's name without `>`";
        else
            t->at += (size_t)(end - rest.data) + 1;
    } else if (cf_nb_str_starts(rest, "?")) {
        t->fault = "a look-around or a flag, `(?`";
    }
    if (++t->groups < GROUPS_MAX && t->ours < GROUPS_MAX) t->to->group_of[t->groups] = t->ours;
}

static void translate(translation *t) {
    while (t->at < t->in.size && t->fault == NULL) {
        const char c = t->in.data[t->at++];
        const char next = t->at < t->in.size ? t->in.data[t->at] : '\0';
        if (c == '\\') {
            t->at++;
            if (next == '\0')
                t->fault = "a backslash at the end";
            else
                translate_class_escape(t, next, false);
        } else if (c == '[') {
            translate_set(t);
        } else if (c == '(') {
            translate_group(t);
        } else {
            cf_nb_text_addc(&t->out, c);
            if (strchr("*+?}", c) != NULL && (next == '?' || next == '+'))
                t->fault = "a repetition that takes as little as it can";
        }
    }
}

static cf_status fail_rule(const char *path, cf_nb_str name, const char *fault, cf_error *err) {
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s: the pattern of [%.*s] cannot be used: %s",
                   path, CF_NB_STR_ARGS(name), fault);
}

static cf_status add_rule(cf_nb_rules *rules, const char *path, cf_nb_str name, cf_nb_str regex,
                          cf_nb_str replace, cf_error *err) {
    rule *grown = realloc(rules->rules, (rules->count + 1) * sizeof(*grown));
    if (grown == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory");
    rules->rules = grown;
    rule *r = &rules->rules[rules->count];
    *r = (rule){.replace = NULL};
    translation t = {.in = regex, .to = r};
    translate(&t);
    char what[128] = "";
    int code = 0;
    if (t.fault == NULL) {
        code = regcomp(&r->regex, t.out.data != NULL ? t.out.data : "",
                       REG_EXTENDED | REG_NEWLINE);
        if (code != 0) {
            regerror(code, &r->regex, what, sizeof(what));
            t.fault = what;
        }
    }
    cf_nb_text_clear(&t.out);
    if (t.fault != NULL) return fail_rule(path, name, t.fault, err);
    r->replace = strndup(replace.data, replace.size);
    rules->count++;
    return r->replace != NULL ? CF_OK
                              : cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory");
}

/* ---- files of rules ---- */

typedef struct {
    cf_nb_str name, regex, replace;
    bool has_regex, has_replace;
} section;

static cf_status close_section(cf_nb_rules *rules, const char *path, const section *s,
                               cf_error *err) {
    if (s->name.data == NULL) return CF_OK;
    if (!s->has_regex || !s->has_replace)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s: [%.*s] needs `regex:` and `replace:`",
                       path, CF_NB_STR_ARGS(s->name));
    return add_rule(rules, path, s->name, s->regex, s->replace, err);
}

static cf_status read_setting(const char *path, unsigned number, cf_nb_str line, section *s,
                              cf_error *err) {
    size_t at = 0;
    while (at < line.size && line.data[at] != ':' && line.data[at] != '=')
        at++;
    const cf_nb_str key = cf_nb_str_trim((cf_nb_str){line.data, at});
    const size_t skip = at < line.size ? at + 1 : at;
    const cf_nb_str value = cf_nb_str_trim((cf_nb_str){line.data + skip, line.size - skip});
    if (cf_nb_str_is(key, "regex") && s->name.data != NULL) {
        s->regex = value;
        s->has_regex = true;
    } else if (cf_nb_str_is(key, "replace") && s->name.data != NULL) {
        s->replace = value;
        s->has_replace = true;
    } else {
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "%s, line %u: here `[name]`, `regex:` or `replace:` is needed", path,
                       number);
    }
    return CF_OK;
}

static cf_status read_rules(cf_nb_rules *rules, const char *path, cf_nb_str text,
                            cf_error *err) {
    cf_nb_str rest = text, line;
    section s = {0};
    for (unsigned number = 1; cf_nb_str_line(&rest, &line); number++) {
        line = cf_nb_str_trim(line);
        if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';') continue;
        if (line.data[0] == '[' && line.data[line.size - 1] == ']') {
            CF_TRY(close_section(rules, path, &s, err));
            s = (section){.name = {line.data + 1, line.size - 2}};
        } else {
            CF_TRY(read_setting(path, number, line, &s, err));
        }
    }
    return close_section(rules, path, &s, err);
}

cf_nb_rules *cf_nb_rules_read(const char *path, cf_nb_str text, cf_error *err) {
    cf_nb_rules *rules = calloc(1, sizeof(*rules));
    if (rules == NULL) return NULL;
    if (read_rules(rules, path, text, err) == CF_OK) return rules;
    cf_nb_rules_free(rules);
    return NULL;
}

/* A literal text as a pattern. */
static void add_quoted(cf_nb_text *out, const char *text) {
    for (; *text != '\0'; text++)
        cf_nb_text_addf(out, strchr("\\.[](){}*+?^$|", *text) != NULL ? "\\%c" : "%c", *text);
}

static void add_literal(cf_nb_rules *rules, const char *text, const char *replace) {
    if (text == NULL || strlen(text) < 2) return;
    cf_nb_text pattern = {0};
    add_quoted(&pattern, text);
    (void)add_rule(rules, "", cf_nb_str_of("built-in"), cf_nb_text_view(&pattern),
                   cf_nb_str_of(replace), NULL);
    cf_nb_text_clear(&pattern);
}

cf_nb_rules *cf_nb_rules_builtin(const char *cwd) {
    static const char *const known[][2] = {
        {"\\b\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:?\\d\\d)?",
         "DATE"},
        {"\\b\\d{4}-\\d\\d-\\d\\d\\b", "DATE"},
        {"\\b\\d\\d?:\\d\\d:\\d\\d(\\.\\d+)?\\b", "CLOCK"},
        {"\\b\\d+(\\.\\d+)?(e[+-]?\\d+)? ?(ns|us|µs|ms|s|min|h|sec|secs|seconds|minutes)\\b",
         "TIME"},
        {"\\(\\d+(\\.\\d+)?(e[+-]?\\d+)? a second\\)", "(RATE)"},
        {"\\bcell \\d+, line\\b", "cell N, line"}, /* counts shift when a cell is put in */
        {"/(var/)?tmp/[A-Za-z0-9_./-]+", "TEMPORARY"},
    };
    cf_nb_rules *rules = calloc(1, sizeof(*rules));
    char host[256] = "";
    if (rules == NULL) return NULL;
    add_literal(rules, cwd, "FOLDER");
    add_literal(rules, getenv("HOME"), "HOME");
    if (gethostname(host, sizeof(host) - 1) == 0) add_literal(rules, host, "HOST");
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        (void)add_rule(rules, "", cf_nb_str_of("built-in"), cf_nb_str_of(known[i][0]),
                       cf_nb_str_of(known[i][1]), NULL);
    return rules;
}

void cf_nb_rules_free(cf_nb_rules *rules) {
    if (rules == NULL) return;
    for (size_t i = 0; i < rules->count; i++) {
        regfree(&rules->rules[i].regex);
        free(rules->rules[i].replace);
    }
    free(rules->rules);
    free(rules);
}

/* ---- replacing ---- */

static void add_group(cf_nb_text *out, const char *base, const rule *r,
                      const regmatch_t *groups, unsigned number) {
    const unsigned ours = number == 0 ? 0 : number < GROUPS_MAX ? r->group_of[number] : 0;
    if (number > 0 && ours == 0) return;
    const regmatch_t m = groups[ours];
    if (m.rm_so >= 0) cf_nb_text_add(out, base + m.rm_so, (size_t)(m.rm_eo - m.rm_so));
}

/* \1 and \g<1> name groups. */
static void add_replacement(cf_nb_text *out, const char *base, const rule *r,
                            const regmatch_t *groups) {
    for (const char *at = r->replace; *at != '\0'; at++) {
        if (*at != '\\' || at[1] == '\0') {
            cf_nb_text_addc(out, *at);
            continue;
        }
        at++;
        char *end = NULL;
        if (*at >= '0' && *at <= '9') {
            add_group(out, base, r, groups, (unsigned)(*at - '0'));
        } else if (at[0] == 'g' && at[1] == '<' && at[2] >= '0' && at[2] <= '9') {
            const unsigned long number = strtoul(at + 2, &end, 10);
            add_group(out, base, r, groups,
                      number < GROUPS_MAX ? (unsigned)number : GROUPS_MAX);
            at = *end == '>' ? end : end - 1;
        } else {
            cf_nb_text_addc(out, *at == 'n' ? '\n' : *at == 't' ? '\t' : *at);
        }
    }
}

static cf_nb_str apply(cf_nb_pool *pool, cf_nb_str text, const rule *r) {
    cf_nb_text out = {0};
    size_t at = 0, from = 0;
    regmatch_t groups[GROUPS_MAX];
    for (int steps = 0; at <= text.size && steps < STEPS_MAX; steps++) {
        groups[0] = (regmatch_t){(regoff_t)at, (regoff_t)text.size};
        const int flags = REG_STARTEND | (at > 0 && text.data[at - 1] != '\n' ? REG_NOTBOL : 0);
        if (regexec(&r->regex, text.data, GROUPS_MAX, groups, flags) != 0) break;
        const size_t begin = (size_t)groups[0].rm_so, end = (size_t)groups[0].rm_eo;
        cf_nb_text_add(&out, text.data + from, begin - from);
        add_replacement(&out, text.data, r, groups);
        from = end;
        at = end > begin ? end : end + 1;
    }
    if (from == 0 && out.size == 0) return text;
    cf_nb_text_add(&out, text.data + from, text.size - from);
    return cf_nb_text_keep(&out, pool);
}

cf_nb_str cf_nb_sanitized(cf_nb_pool *pool, cf_nb_str text, const cf_nb_rules *rules) {
    if (text.size >= INT_MAX) return text;
    for (size_t i = 0; rules != NULL && i < rules->count; i++)
        text = apply(pool, text, &rules->rules[i]);
    return text;
}
