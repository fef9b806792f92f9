/* Comparing texts and markup, where numbers within them may differ a little. */

#include "notebook/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *begin, *at, *end;
    int flags;
} cursor;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Lines, blocks and dots that draw tables, bars and plots: U+2500 to U+259F, U+2800 to U+28FF.
 */
static bool is_drawing(const cursor *c) {
    if (c->end - c->at < 3) return false;
    const unsigned char *s = (const unsigned char *)c->at;
    if (s[0] != 0xE2) return false;
    return (s[1] >= 0x94 && s[1] <= 0x96) || (s[1] >= 0xA0 && s[1] <= 0xA3);
}

/* `----` and `====` under headings are as long as the column is wide. */
static size_t rule_size(const cursor *c) {
    if (c->at >= c->end || (*c->at != '-' && *c->at != '=')) return 0;
    size_t n = 1;
    while (c->at + n < c->end && c->at[n] == *c->at)
        n++;
    return n >= 2 ? n : 0;
}

/* White space, and in tolerant comparison what is only drawn. */
static bool skip_filler(cursor *c, bool tolerant) {
    const char *from = c->at;
    for (;;) {
        const size_t rule = tolerant ? rule_size(c) : 0;
        if (c->at < c->end && is_blank(*c->at))
            c->at++;
        else if (rule > 0)
            c->at += rule;
        else if (tolerant && is_drawing(c))
            c->at += 3;
        else
            return c->at != from;
    }
}

/* The size of the number here; 0: none. */
static size_t number_size(const cursor *c) {
    const char *at = c->at;
    const char before = at > c->begin ? at[-1] : ' ';
    if ((is_letter(before) && (c->flags & CF_NB_AFTER_LETTERS) == 0) || is_digit(before))
        return 0;
    if (at < c->end && (*at == '-' || *at == '+')) at++;
    const char *digits = at;
    while (at < c->end && is_digit(*at))
        at++;
    size_t count = (size_t)(at - digits);
    if (at < c->end && *at == '.') {
        const char *point = at++;
        while (at < c->end && is_digit(*at))
            at++;
        count += (size_t)(at - point - 1);
        if (at == point + 1) at = point; /* a full stop */
    }
    if (count == 0) return 0;
    if (at < c->end && (*at == 'e' || *at == 'E')) {
        const char *e = at + 1;
        if (e < c->end && (*e == '-' || *e == '+')) e++;
        if (e < c->end && is_digit(*e)) {
            while (e < c->end && is_digit(*e))
                e++;
            at = e;
        }
    }
    return (size_t)(at - c->at);
}

static double number_at(const cursor *c, size_t size) {
    char text[64];
    if (size >= sizeof(text)) size = sizeof(text) - 1;
    memcpy(text, c->at, size);
    text[size] = '\0';
    return strtod(text, NULL);
}

static bool close_enough(double want, double got, double rtol, double atol) {
    if (want == got || (isnan(want) && isnan(got))) return true;
    return fabs(got - want) <= atol + rtol * fabs(want);
}

static bool tolerant_agrees(cursor want, cursor got, double rtol, double atol) {
    bool after_number = true; /* at the ends, white space does not matter */
    for (;;) {
        const bool gap_want = skip_filler(&want, true), gap_got = skip_filler(&got, true);
        if (want.at == want.end || got.at == got.end)
            return want.at == want.end && got.at == got.end;
        const size_t n = number_size(&want), m = number_size(&got);
        if ((n > 0) != (m > 0)) return false;
        if (gap_want != gap_got && !after_number && n == 0) return false;
        after_number = n > 0;
        if (n > 0) {
            const bool same = n == m && memcmp(want.at, got.at, n) == 0;
            if (!same && !close_enough(number_at(&want, n), number_at(&got, m), rtol, atol))
                return false;
            want.at += n;
            got.at += m;
        } else if (*want.at++ != *got.at++) {
            return false;
        }
    }
}

static bool collapsed_agrees(cursor want, cursor got) {
    skip_filler(&want, false);
    skip_filler(&got, false);
    while (want.at < want.end && got.at < got.end) {
        const bool gap_want = skip_filler(&want, false), gap_got = skip_filler(&got, false);
        const bool end = want.at == want.end || got.at == got.end;
        if (end) break;
        if (gap_want != gap_got || *want.at++ != *got.at++) return false;
    }
    skip_filler(&want, false);
    skip_filler(&got, false);
    return want.at == want.end && got.at == got.end;
}

bool cf_nb_text_agrees(cf_nb_str want, cf_nb_str got, double rtol, double atol, int flags) {
    if (cf_nb_str_equal(want, got)) return true;
    const cursor w = {want.data, want.data, want.data + want.size, flags},
                 g = {got.data, got.data, got.data + got.size, flags};
    if (rtol > 0 || atol > 0) return tolerant_agrees(w, g, rtol, atol);
    return (flags & CF_NB_COLLAPSE) != 0 && collapsed_agrees(w, g);
}

/* ---- HTML and SVG ---- */

enum { ATTRIBUTES_MAX = 64 };

typedef struct {
    cf_nb_str name, value;
} attribute;

typedef struct {
    bool is_tag;
    cf_nb_str text; /* between tags; of a tag its name, with the `/` of a closing one */
    attribute attributes[ATTRIBUTES_MAX];
    size_t count;
} token;

static size_t find(cf_nb_str s, const char *what) {
    const size_t n = strlen(what);
    for (size_t i = 0; i + n <= s.size; i++)
        if (memcmp(s.data + i, what, n) == 0) return i;
    return s.size;
}

static cf_nb_str from(cf_nb_str s, size_t at) {
    if (at > s.size) at = s.size;
    return (cf_nb_str){s.data + at, s.size - at};
}

static int by_name(const void *a, const void *b) {
    const attribute *left = a, *right = b;
    return cf_nb_str_compare(left->name, right->name);
}

/* name="value", name='value', name=value, name */
static cf_nb_str read_attribute(cf_nb_str s, token *to) {
    size_t name = 0;
    while (name < s.size && !is_blank(s.data[name]) && s.data[name] != '=')
        name++;
    attribute a = {{s.data, name}, {"", 0}};
    s = cf_nb_str_trim(from(s, name));
    if (s.size > 0 && s.data[0] == '=') {
        s = cf_nb_str_trim(from(s, 1));
        size_t size = 0;
        const char quote = s.size > 0 ? s.data[0] : '\0';
        if (quote == '"' || quote == '\'') {
            s = from(s, 1);
            while (size < s.size && s.data[size] != quote)
                size++;
            a.value = (cf_nb_str){s.data, size};
            s = from(s, size + 1);
        } else {
            while (size < s.size && !is_blank(s.data[size]))
                size++;
            a.value = (cf_nb_str){s.data, size};
            s = from(s, size);
        }
    }
    if (to->count < ATTRIBUTES_MAX) to->attributes[to->count++] = a;
    return cf_nb_str_trim(s);
}

static void read_tag(cf_nb_str inside, token *to) {
    to->is_tag = true;
    to->count = 0;
    if (inside.size > 0 && inside.data[inside.size - 1] == '/')
        inside.size--; /* <br/> is <br> */
    size_t name = 0;
    while (name < inside.size && !is_blank(inside.data[name]))
        name++;
    to->text = (cf_nb_str){inside.data, name};
    cf_nb_str rest = cf_nb_str_trim(from(inside, name));
    while (rest.size > 0) {
        const cf_nb_str after = read_attribute(rest, to);
        if (after.size >= rest.size) break;
        rest = after;
    }
    qsort(to->attributes, to->count, sizeof(*to->attributes), by_name);
}

/* The end of a tag: a `>` outside of quotes. */
static size_t tag_end(cf_nb_str s) {
    char quote = '\0';
    for (size_t i = 1; i < s.size; i++) {
        const char c = s.data[i];
        if (quote != '\0') {
            if (c == quote) quote = '\0';
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            return i;
        }
    }
    return s.size;
}

/* Comments and white space between tags are no tokens. */
static bool next_token(cf_nb_str *rest, token *to) {
    while (rest->size > 0) {
        if (cf_nb_str_starts(*rest, "<!--")) {
            *rest = from(*rest, find(*rest, "-->") + 3);
        } else if (rest->data[0] == '<') {
            const size_t end = tag_end(*rest);
            read_tag((cf_nb_str){rest->data + 1, end > 0 ? end - 1 : 0}, to);
            *rest = from(*rest, end + 1);
            return true;
        } else {
            const size_t end = find(*rest, "<");
            *to = (token){.text = cf_nb_str_trim((cf_nb_str){rest->data, end})};
            *rest = from(*rest, end);
            if (to->text.size > 0) return true;
        }
    }
    return false;
}

static bool tokens_agree(const token *want, const token *got, const cf_nb_tolerance *t) {
    if (want->is_tag != got->is_tag) return false;
    if (!want->is_tag)
        return cf_nb_text_agrees(want->text, got->text, t->rtol, t->atol, CF_NB_COLLAPSE);
    if (!cf_nb_str_equal(want->text, got->text) || want->count != got->count) return false;
    for (size_t i = 0; i < want->count; i++) {
        const attribute *a = &want->attributes[i], *b = &got->attributes[i];
        if (!cf_nb_str_equal(a->name, b->name) ||
            !cf_nb_text_agrees(a->value, b->value, t->rtol, t->atol,
                               CF_NB_COLLAPSE | CF_NB_AFTER_LETTERS))
            return false;
    }
    return true;
}

bool cf_nb_markup_agrees(cf_nb_str want, cf_nb_str got, const cf_nb_tolerance *tolerance) {
    token *pair = calloc(2, sizeof(*pair)); /* large for a stack */
    if (pair == NULL) return false;
    bool agree = true, more = true;
    while (agree && more) {
        more = next_token(&want, &pair[0]);
        agree = more == next_token(&got, &pair[1]);
        if (agree && more) agree = tokens_agree(&pair[0], &pair[1], tolerance);
    }
    free(pair);
    return agree;
}
