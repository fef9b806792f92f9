/* Outputs of a cell side by side: streams first, each as one text, then what is shown in its
 * order. */

#include "notebook/compare.h"

#include "notebook/book.h"
#include "notebook/linediff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UNORDERED_MAX = 3000 };

/* ---- JSON ---- */

static bool numbers_agree(const cf_nb_json *want, const cf_nb_json *got,
                          const cf_nb_tolerance *t) {
    double a = 0, b = 0;
    if (cf_nb_str_equal(want->text, got->text)) return true;
    cf_nb_number(want, &a);
    cf_nb_number(got, &b);
    return a == b || (isnan(a) && isnan(b)) || fabs(b - a) <= t->atol + t->rtol * fabs(a);
}

static bool objects_agree(const cf_nb_json *want, const cf_nb_json *got,
                          const cf_nb_tolerance *t) {
    size_t n = 0, m = 0;
    size_t *left = cf_nb_sorted_keys(want, &n), *right = cf_nb_sorted_keys(got, &m);
    bool agree = n == m;
    for (size_t i = 0; agree && i < n; i++)
        agree = cf_nb_str_equal(want->keys[left[i]], got->keys[right[i]]) &&
                cf_nb_json_agrees(want->items[left[i]], got->items[right[i]], t);
    free(left);
    free(right);
    return agree;
}

/* Each item of one side finds one of the other that is not taken yet. */
static bool sets_agree(size_t count, bool (*agree)(void *user, size_t want, size_t got),
                       void *user) {
    bool *taken = calloc(count + 1, sizeof(*taken)), all = taken != NULL;
    for (size_t i = 0; all && i < count; i++) {
        size_t j = 0;
        while (j < count && (taken[j] || !agree(user, i, j)))
            j++;
        all = j < count;
        if (all) taken[j] = true;
    }
    free(taken);
    return all;
}

typedef struct {
    const cf_nb_json *want, *got;
    const cf_nb_tolerance *tolerance;
} json_pair;

static bool items_agree(void *user, size_t want, size_t got) {
    const json_pair *p = user;
    return cf_nb_json_agrees(p->want->items[want], p->got->items[got], p->tolerance);
}

static bool lists_agree(const cf_nb_json *want, const cf_nb_json *got,
                        const cf_nb_tolerance *t) {
    json_pair pair = {want, got, t};
    if (want->count != got->count) return false;
    bool in_order = true;
    for (size_t i = 0; in_order && i < want->count; i++)
        in_order = cf_nb_json_agrees(want->items[i], got->items[i], t);
    if (in_order || !t->unordered || want->count > UNORDERED_MAX) return in_order;
    return sets_agree(want->count, items_agree, &pair);
}

bool cf_nb_json_agrees(const cf_nb_json *want, const cf_nb_json *got,
                       const cf_nb_tolerance *tolerance) {
    if (want->kind != got->kind) return false;
    switch (want->kind) {
    case CF_NB_NUMBER: return numbers_agree(want, got, tolerance);
    case CF_NB_STRING:
        return cf_nb_text_agrees(want->text, got->text, tolerance->rtol, tolerance->atol, 0);
    case CF_NB_LIST: return lists_agree(want, got, tolerance);
    case CF_NB_OBJECT: return objects_agree(want, got, tolerance);
    case CF_NB_NULL:
    case CF_NB_FALSE:
    case CF_NB_TRUE: break;
    }
    return true;
}

/* ---- texts whose lines or rows have no order ---- */

typedef struct {
    cf_nb_str *want, *got;
    size_t want_count, got_count;
    const cf_nb_tolerance *tolerance;
    bool markup;
} parts;

static bool parts_agree(void *user, size_t want, size_t got) {
    const parts *p = user;
    if (p->markup) return cf_nb_markup_agrees(p->want[want], p->got[got], p->tolerance);
    return cf_nb_text_agrees(p->want[want], p->got[got], p->tolerance->rtol, p->tolerance->atol,
                             CF_NB_COLLAPSE);
}

/* Where the next part begins: a line, or a row of a table. */
static size_t part_size(cf_nb_str s, bool markup) {
    if (!markup) {
        const char *end = memchr(s.data, '\n', s.size);
        return end != NULL ? (size_t)(end - s.data) + 1 : s.size;
    }
    static const char *const marks[] = {"<tr", "</table", "</tbody"};
    for (size_t i = 1; i < s.size; i++)
        for (size_t k = 0; s.data[i] == '<' && k < sizeof(marks) / sizeof(marks[0]); k++)
            if (cf_nb_str_starts((cf_nb_str){s.data + i, s.size - i}, marks[k])) return i;
    return s.size;
}

static size_t cut_parts(cf_nb_pool *pool, cf_nb_str text, bool markup, cf_nb_str **out) {
    size_t count = 0;
    *out = cf_nb_alloc(pool, UNORDERED_MAX, sizeof(**out));
    while (text.size > 0 && count < UNORDERED_MAX) {
        const size_t size = part_size(text, markup);
        (*out)[count++] = (cf_nb_str){text.data, size};
        text = (cf_nb_str){text.data + size, text.size - size};
    }
    return count;
}

static bool unordered_agrees(cf_nb_str want, cf_nb_str got, bool markup,
                             const cf_nb_tolerance *t) {
    cf_nb_pool *pool = cf_nb_pool_new();
    parts p = {.tolerance = t, .markup = markup};
    p.want_count = cut_parts(pool, want, markup, &p.want);
    p.got_count = cut_parts(pool, got, markup, &p.got);
    const bool agree = p.want_count == p.got_count && p.want_count < UNORDERED_MAX &&
                       sets_agree(p.want_count, parts_agree, &p);
    cf_nb_pool_free(pool);
    return agree;
}

static bool texts_agree(cf_nb_str want, cf_nb_str got, const cf_nb_tolerance *t) {
    return cf_nb_text_agrees(want, got, t->rtol, t->atol, 0) ||
           (t->unordered && unordered_agrees(want, got, false, t));
}

static bool markups_agree(cf_nb_str want, cf_nb_str got, const cf_nb_tolerance *t) {
    return cf_nb_str_equal(want, got) || cf_nb_markup_agrees(want, got, t) ||
           (t->unordered && unordered_agrees(want, got, true, t));
}

/* ---- streams ---- */

static size_t last_character(const cf_nb_text *line) {
    size_t at = line->size;
    while (at > 0 && ((unsigned char)line->data[--at] & 0xC0) == 0x80) {
    }
    return at;
}

/* The end of an ANSI sequence that starts here. */
static size_t escape_size(cf_nb_str s) {
    if (s.size < 2 || s.data[1] != '[') return 1;
    size_t i = 2;
    while (i < s.size && (s.data[i] < '@' || s.data[i] > '~'))
        i++;
    return i < s.size ? i + 1 : s.size;
}

/* Text after \r writes over what the line had; what is longer than it stays. */
static void over(cf_nb_text *line, size_t *column, const char *s, size_t size) {
    if (*column >= line->size) {
        cf_nb_text_add(line, s, size);
        *column = line->size;
        return;
    }
    size_t old = 1;
    while (*column + old < line->size &&
           ((unsigned char)line->data[*column + old] & 0xC0) == 0x80)
        old++;
    cf_nb_text rest = {0};
    cf_nb_text_add(&rest, line->data + *column + old, line->size - *column - old);
    line->size = *column;
    cf_nb_text_add(line, s, size);
    *column = line->size;
    cf_nb_text_addt(line, cf_nb_text_view(&rest));
    cf_nb_text_clear(&rest);
}

static void end_line(cf_nb_text *out, cf_nb_text *line, size_t *column, bool newline) {
    cf_nb_text_addt(out, cf_nb_text_view(line));
    if (newline) cf_nb_text_addc(out, '\n');
    line->size = 0;
    *column = 0;
}

static size_t character_size(cf_nb_str s, size_t at) {
    size_t n = 1;
    while (at + n < s.size && ((unsigned char)s.data[at + n] & 0xC0) == 0x80)
        n++;
    return n;
}

cf_nb_str cf_nb_stream_shown(cf_nb_pool *pool, cf_nb_str text) {
    static const char controls[] = "\r\b\033";
    bool plain = true;
    for (size_t i = 0; plain && i < text.size; i++)
        plain = text.data[i] == '\0' || strchr(controls, text.data[i]) == NULL;
    if (plain) return text;
    cf_nb_text out = {0}, line = {0};
    size_t column = 0;
    for (size_t i = 0; i < text.size;) {
        const char c = text.data[i];
        if (c == '\033') {
            i += escape_size((cf_nb_str){text.data + i, text.size - i});
            continue;
        }
        const size_t n = character_size(text, i);
        if (c == '\n')
            end_line(&out, &line, &column, true);
        else if (c == '\r')
            column = 0;
        else if (c == '\b')
            line.size = column = column == line.size ? last_character(&line) : column;
        else
            over(&line, &column, text.data + i, n);
        i += n;
    }
    end_line(&out, &line, &column, false);
    cf_nb_text_clear(&line);
    return cf_nb_text_keep(&out, pool);
}

/* ---- outputs ---- */

typedef struct {
    cf_nb_pool *pool;
    const cf_nb_tolerance *tolerance;
    cf_nb_text *diff;
    bool color, agree;
} comparison;

static bool is_type(const cf_nb_json *output, const char *type) {
    return cf_nb_is_text(cf_nb_get(output, "output_type"), type);
}

static cf_nb_str stream_text(comparison *c, const cf_nb_json *outputs, const char *name) {
    cf_nb_text text = {0};
    for (size_t i = 0; i < outputs->count; i++)
        if (is_type(outputs->items[i], "stream") &&
            cf_nb_is_text(cf_nb_get(outputs->items[i], "name"), name))
            cf_nb_text_addt(&text, cf_nb_get_text(outputs->items[i], "text"));
    return cf_nb_stream_shown(c->pool, cf_nb_text_keep(&text, c->pool));
}

/* Both sides as they are compared: the built-in rules are for texts about the run, not for
 * data. */
static cf_nb_str cleaned(const comparison *c, cf_nb_str text, bool builtin) {
    const cf_nb_tolerance *t = c->tolerance;
    text = cf_nb_sanitized(c->pool, text, t->rules);
    return builtin && !t->strict ? cf_nb_sanitized(c->pool, text, t->builtin) : text;
}

static void report(comparison *c, const char *what, cf_nb_str want, cf_nb_str got) {
    c->agree = false;
    cf_nb_text_addf(c->diff, "%s%s%s\n", c->color ? "\033[1m" : "", what,
                    c->color ? "\033[0m" : "");
    cf_nb_line_diff(c->diff, want, got, "  ", c->color);
}

static void compare_stream(comparison *c, const cf_nb_json *want, const cf_nb_json *got,
                           const char *name) {
    if (cf_nb_holds(c->tolerance->ignore, name)) return;
    const cf_nb_str a = cleaned(c, stream_text(c, want, name), true),
                    b = cleaned(c, stream_text(c, got, name), true);
    if (!texts_agree(a, b, c->tolerance)) report(c, name, a, b);
}

static bool is_markup(cf_nb_str mime) {
    return cf_nb_str_is(mime, "text/html") || cf_nb_str_is(mime, "image/svg+xml") ||
           cf_nb_str_is(mime, "text/xml");
}

static cf_nb_str shown_json(cf_nb_pool *pool, const cf_nb_json *v) {
    cf_nb_text text = {0};
    if (v->kind == CF_NB_STRING) return v->text;
    cf_nb_json_write(&text, v, true);
    return cf_nb_text_keep(&text, pool);
}

static bool values_agree(comparison *c, cf_nb_str mime, const cf_nb_json *want,
                         const cf_nb_json *got, bool is_data) {
    if (cf_nb_str_is(mime, "image/png")) return cf_nb_png_agrees(want->text, got->text);
    if (want->kind != CF_NB_STRING || got->kind != CF_NB_STRING)
        return cf_nb_json_agrees(want, got, c->tolerance);
    const cf_nb_str a = cleaned(c, want->text, !is_data), b = cleaned(c, got->text, !is_data);
    return is_markup(mime) ? markups_agree(a, b, c->tolerance)
                           : texts_agree(a, b, c->tolerance);
}

static bool has_svg(const cf_nb_json *want, const cf_nb_json *got) {
    return cf_nb_get(want, "image/svg+xml") != NULL && cf_nb_get(got, "image/svg+xml") != NULL;
}

/* PNG is a copy of the SVG beside it, drawn by a library that not every machine has. */
static bool is_left_out(const comparison *c, cf_nb_str mime, const cf_nb_json *want,
                        const cf_nb_json *got) {
    if (cf_nb_str_is(mime, "image/png") && has_svg(want, got)) return true;
    for (size_t i = 0;
         cf_nb_is(c->tolerance->ignore, CF_NB_LIST) && i < c->tolerance->ignore->count; i++)
        if (cf_nb_str_equal(c->tolerance->ignore->items[i]->text, mime)) return true;
    return false;
}

static void report_value(comparison *c, size_t number, cf_nb_str mime, const cf_nb_json *want,
                         const cf_nb_json *got, bool first) {
    const char *what = cf_nb_printf(c->pool, "output %zu, %.*s", number, CF_NB_STR_ARGS(mime));
    const cf_nb_str none = {"", 0};
    if (first && !cf_nb_str_is(mime, "image/png")) {
        report(c, what, want != NULL ? shown_json(c->pool, want) : none,
               got != NULL ? shown_json(c->pool, got) : none);
        return;
    }
    c->agree = false;
    cf_nb_text_addf(c->diff, "%s %s\n", what,
                    want == NULL  ? "is new"
                    : got == NULL ? "is gone"
                                  : "differs too");
}

/* text/plain first: where it differs it says most, and the others are only named. */
static void compare_bundles(comparison *c, size_t number, const cf_nb_json *want,
                            const cf_nb_json *got) {
    const bool is_data = cf_nb_get(want, "text/html") != NULL || has_svg(want, got);
    bool first = true;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < want->count + got->count; i++) {
            const bool old = i < want->count;
            const cf_nb_str mime = old ? want->keys[i] : got->keys[i - want->count];
            if (cf_nb_str_is(mime, "text/plain") != (round == 0)) continue;
            const cf_nb_json *a = cf_nb_get_str(want, mime), *b = cf_nb_get_str(got, mime);
            if ((!old && a != NULL) || is_left_out(c, mime, want, got)) continue;
            if (a != NULL && b != NULL && values_agree(c, mime, a, b, is_data)) continue;
            report_value(c, number, mime, a, b, first);
            first = false;
        }
}

static cf_nb_str error_text(comparison *c, const cf_nb_json *output) {
    cf_nb_text text = {0};
    const cf_nb_json *traceback = cf_nb_get(output, "traceback");
    cf_nb_text_addt(&text, cf_nb_get_text(output, "ename"));
    cf_nb_text_adds(&text, ": ");
    cf_nb_text_addt(&text, cf_nb_get_text(output, "evalue"));
    for (size_t i = 0; cf_nb_is(traceback, CF_NB_LIST) && i < traceback->count; i++) {
        cf_nb_text_addc(&text, '\n');
        cf_nb_text_addt(&text, traceback->items[i]->text);
    }
    return cleaned(c, cf_nb_stream_shown(c->pool, cf_nb_text_keep(&text, c->pool)), true);
}

static const cf_nb_json *data_of(const cf_nb_json *output) {
    const cf_nb_json *data = cf_nb_get(output, "data");
    return cf_nb_is(data, CF_NB_OBJECT) ? data : NULL;
}

static void compare_outputs(comparison *c, size_t number, const cf_nb_json *want,
                            const cf_nb_json *got) {
    if (data_of(want) != NULL && data_of(got) != NULL) {
        compare_bundles(c, number, data_of(want), data_of(got));
    } else if (is_type(want, "error") && is_type(got, "error")) {
        const cf_nb_str a = error_text(c, want), b = error_text(c, got);
        if (!texts_agree(a, b, c->tolerance)) report(c, "the error", a, b);
    } else {
        report(c, cf_nb_printf(c->pool, "output %zu", number),
               cf_nb_get_text(want, "output_type"), cf_nb_get_text(got, "output_type"));
    }
}

/* The next output that is no stream; NULL at the end. */
static const cf_nb_json *next_output(const cf_nb_json *outputs, size_t *at) {
    while (*at < outputs->count)
        if (!is_type(outputs->items[(*at)++], "stream")) return outputs->items[*at - 1];
    return NULL;
}

static cf_nb_str summary(comparison *c, const cf_nb_json *output) {
    const cf_nb_json *plain = cf_nb_get(cf_nb_get(output, "data"), "text/plain");
    if (cf_nb_is(plain, CF_NB_STRING)) return plain->text;
    return is_type(output, "error") ? error_text(c, output)
                                    : cf_nb_get_text(output, "output_type");
}

bool cf_nb_outputs_agree(const cf_nb_json *want, const cf_nb_json *got,
                         const cf_nb_tolerance *tolerance, bool color, cf_nb_text *diff) {
    comparison c = {cf_nb_pool_new(), tolerance, diff, color, true};
    compare_stream(&c, want, got, "stdout");
    compare_stream(&c, want, got, "stderr");
    const cf_nb_str none = {"", 0};
    size_t i = 0, j = 0, number = 0;
    for (;;) {
        const cf_nb_json *a = next_output(want, &i), *b = next_output(got, &j);
        if (a == NULL && b == NULL) break;
        number++;
        if (a != NULL && b != NULL)
            compare_outputs(&c, number, a, b);
        else
            report(&c,
                   cf_nb_printf(c.pool, "output %zu is %s", number, a == NULL ? "new" : "gone"),
                   a != NULL ? summary(&c, a) : none, b != NULL ? summary(&c, b) : none);
    }
    cf_nb_pool_free(c.pool);
    return c.agree;
}
