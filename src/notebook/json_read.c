/* Reading JSON: bytes are checked for UTF-8 first, then one pass with a depth limit. */

#include "notebook/json.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 500 };

typedef struct {
    cf_nb_pool *pool;
    const char *at, *end, *line_begin;
    uint32_t line;
    unsigned depth;
    cf_error *err;
} reader;

static cf_status fail(reader *r, const char *what) {
    return cf_fail(r->err, CF_E_FORMAT, CF_NOWHERE, "line %u, column %zu: %s", r->line,
                   (size_t)(r->at - r->line_begin) + 1, what);
}

static void skip_space(reader *r) {
    for (; r->at < r->end; r->at++) {
        if (*r->at == '\n') {
            r->line++;
            r->line_begin = r->at + 1;
        } else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r') {
            return;
        }
    }
}

static bool is_word(const reader *r, const char *word) {
    const size_t n = strlen(word);
    return (size_t)(r->end - r->at) >= n && memcmp(r->at, word, n) == 0;
}

static bool digit_at(const reader *r, const char *at) {
    return at < r->end && *at >= '0' && *at <= '9';
}

static const char *after_digits(const reader *r, const char *at) {
    while (digit_at(r, at))
        at++;
    return at;
}

/* The end of the number at r->at; NULL: none. */
static const char *number_end(const reader *r) {
    const char *at = r->at;
    if (at < r->end && *at == '-') at++;
    if (!digit_at(r, at)) return NULL;
    at = *at == '0' ? at + 1 : after_digits(r, at);
    if (at < r->end && *at == '.' && digit_at(r, at + 1)) at = after_digits(r, at + 1);
    if (at < r->end && (*at == 'e' || *at == 'E')) {
        const char *exponent = at + 1;
        if (exponent < r->end && (*exponent == '+' || *exponent == '-')) exponent++;
        if (digit_at(r, exponent)) at = after_digits(r, exponent);
    }
    return at;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool read_hex4(reader *r, uint32_t *code) {
    *code = 0;
    if (r->end - r->at < 4) return false;
    for (int i = 0; i < 4; i++, r->at++) {
        const int digit = hex_value(*r->at);
        if (digit < 0) return false;
        *code = *code * 16 + (uint32_t)digit;
    }
    return true;
}

static void put_utf8(cf_nb_text *out, uint32_t c) {
    char b[4];
    size_t n = 0;
    if (c < 0x80) {
        b[n++] = (char)c;
    } else if (c < 0x800) {
        b[n++] = (char)(0xC0 | (c >> 6));
        b[n++] = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        b[n++] = (char)(0xE0 | (c >> 12));
        b[n++] = (char)(0x80 | ((c >> 6) & 0x3F));
        b[n++] = (char)(0x80 | (c & 0x3F));
    } else {
        b[n++] = (char)(0xF0 | (c >> 18));
        b[n++] = (char)(0x80 | ((c >> 12) & 0x3F));
        b[n++] = (char)(0x80 | ((c >> 6) & 0x3F));
        b[n++] = (char)(0x80 | (c & 0x3F));
    }
    cf_nb_text_add(out, b, n);
}

/* After `\u`.  Half of a pair alone, which browsers can produce, is no character: U+FFFD. */
static bool read_unicode(reader *r, cf_nb_text *out) {
    uint32_t code, low;
    if (!read_hex4(r, &code)) return false;
    if (code >= 0xD800 && code < 0xDC00 && is_word(r, "\\u")) {
        const char *mark = r->at;
        r->at += 2;
        if (!read_hex4(r, &low)) return false;
        if (low >= 0xDC00 && low < 0xE000) {
            put_utf8(out, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
            return true;
        }
        r->at = mark;
    }
    put_utf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
    return true;
}

static bool read_escape(reader *r, cf_nb_text *out) {
    static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (r->at >= r->end) return false;
    const char c = *r->at++;
    if (c == 'u') return read_unicode(r, out);
    const char *known = c != '\0' ? strchr(letters, c) : NULL;
    if (known != NULL) cf_nb_text_addc(out, means[known - letters]);
    return known != NULL;
}

static cf_status read_string(reader *r, cf_nb_str *out) {
    cf_nb_text text = {0};
    const char *opened = r->at++;
    while (r->at < r->end && *r->at != '"') {
        const char *from = r->at;
        while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= 32)
            r->at++;
        cf_nb_text_add(&text, from, (size_t)(r->at - from));
        if (r->at >= r->end || *r->at == '"') break;
        const char *mark = r->at;
        const bool escape = *mark == '\\';
        if (escape) r->at++;
        if (escape && read_escape(r, &text)) continue;
        cf_nb_text_clear(&text);
        r->at = mark;
        return fail(r, escape ? "no such escape in a text" : "a control character in a text");
    }
    if (r->at >= r->end) {
        cf_nb_text_clear(&text);
        r->at = opened;
        return fail(r, "this text has no end");
    }
    r->at++;
    *out = cf_nb_text_keep(&text, r->pool);
    return CF_OK;
}

static cf_status read_value(reader *r, cf_nb_json **out);

/* One `key: value` or one item. */
static cf_status read_member(reader *r, cf_nb_json *to) {
    cf_nb_str key = {"", 0};
    cf_nb_json *value = NULL;
    skip_space(r);
    if (to->kind == CF_NB_OBJECT) {
        if (r->at >= r->end || *r->at != '"') return fail(r, "here a name in quotes is needed");
        CF_TRY(read_string(r, &key));
        skip_space(r);
        if (r->at >= r->end || *r->at != ':') return fail(r, "here `:` is needed");
        r->at++;
        skip_space(r);
    }
    CF_TRY(read_value(r, &value));
    cf_nb_append(r->pool, to, value); /* makes room for the key too */
    if (to->kind == CF_NB_OBJECT) to->keys[to->count - 1] = key;
    return CF_OK;
}

static cf_status read_members(reader *r, cf_nb_json *to) {
    const char close = to->kind == CF_NB_LIST ? ']' : '}';
    r->at++;
    skip_space(r);
    if (r->at < r->end && *r->at == close) {
        r->at++;
        return CF_OK;
    }
    for (;;) {
        CF_TRY(read_member(r, to));
        skip_space(r);
        if (r->at >= r->end) return fail(r, "the text ends too early");
        const char c = *r->at;
        if (c != ',' && c != close)
            return fail(r, close == ']' ? "here `,` or `]` is needed"
                                        : "here `,` or `}` is needed");
        r->at++;
        if (c == close) return CF_OK;
    }
}

static cf_status read_scalar(reader *r, cf_nb_json *v) {
    static const struct {
        const char *word;
        cf_nb_kind kind;
    } words[] = {{"null", CF_NB_NULL},       {"true", CF_NB_TRUE},
                 {"false", CF_NB_FALSE},     {"NaN", CF_NB_NUMBER},
                 {"Infinity", CF_NB_NUMBER}, {"-Infinity", CF_NB_NUMBER}};
    size_t size = 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && size == 0; i++)
        if (is_word(r, words[i].word)) {
            v->kind = words[i].kind;
            size = strlen(words[i].word);
        }
    if (size == 0) {
        const char *end = number_end(r);
        if (end == NULL) return fail(r, "here a value is needed");
        v->kind = CF_NB_NUMBER;
        size = (size_t)(end - r->at);
    }
    if (v->kind == CF_NB_NUMBER) v->text = cf_nb_dup(r->pool, (cf_nb_str){r->at, size});
    r->at += size;
    return CF_OK;
}

static cf_status read_value(reader *r, cf_nb_json **out) {
    cf_nb_json *v = cf_nb_json_null(r->pool);
    v->line = r->line;
    *out = v;
    if (r->at >= r->end) return fail(r, "the text ends too early");
    if (*r->at == '"') {
        v->kind = CF_NB_STRING;
        return read_string(r, &v->text);
    }
    if (*r->at != '[' && *r->at != '{') return read_scalar(r, v);
    if (++r->depth > DEPTH_MAX) return fail(r, "nested too deep");
    v->kind = *r->at == '[' ? CF_NB_LIST : CF_NB_OBJECT;
    CF_TRY(read_members(r, v));
    r->depth--;
    return CF_OK;
}

/* Bytes of the character at `s`; 0: not UTF-8. */
static size_t utf8_size(const unsigned char *s, size_t left) {
    const unsigned c = s[0];
    if (c < 0x80) return 1;
    const size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0xC2 || c > 0xF4 || n > left) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    const bool bad = (c == 0xE0 && s[1] < 0xA0) || (c == 0xED && s[1] >= 0xA0) ||
                     (c == 0xF0 && s[1] < 0x90) || (c == 0xF4 && s[1] >= 0x90);
    return bad ? 0 : n;
}

void cf_nb_utf8_clean(cf_nb_text *out, cf_nb_str text) {
    size_t from = 0, at = 0;
    while (at < text.size) {
        const size_t n = utf8_size((const unsigned char *)text.data + at, text.size - at);
        if (n == 0) {
            cf_nb_text_add(out, text.data + from, at - from);
            cf_nb_text_adds(out, "\xEF\xBF\xBD");
            from = at + 1;
        }
        at += n == 0 ? 1 : n;
    }
    cf_nb_text_add(out, text.data + from, text.size - from);
}

static cf_status check_utf8(reader *r) {
    for (const char *at = r->at; at < r->end;) {
        if (*at == '\n') {
            r->line++;
            r->line_begin = at + 1;
        }
        const size_t n = utf8_size((const unsigned char *)at, (size_t)(r->end - at));
        if (n == 0) {
            r->at = at;
            return fail(r, "a byte that is not UTF-8");
        }
        at += n;
    }
    r->line = 1;
    r->line_begin = r->at;
    return CF_OK;
}

cf_status cf_nb_json_read(cf_nb_pool *pool, cf_nb_str text, cf_nb_json **out, cf_error *err) {
    reader r = {pool, text.data, text.data + text.size, text.data, 1, 0, err};
    if (is_word(&r, "\xEF\xBB\xBF")) r.line_begin = r.at += 3;
    CF_TRY(check_utf8(&r));
    skip_space(&r);
    CF_TRY(read_value(&r, out));
    skip_space(&r);
    return r.at == r.end ? CF_OK : fail(&r, "text after the end of the value");
}
