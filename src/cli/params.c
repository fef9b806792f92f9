/* Parameter files.  Both forms end as `name=value`, as after -p: a text without its quotes, a
 * number, true, false or null as written. */

#include "cli/params.h"

#include "cli/tools.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    cf_session *session;
    const char *path;
    const char *text, *at, *end;
    char *out; /* `name=value`, never longer than what it was read from */
    size_t size;
} reader;

static bool wrong(const reader *r, const char *what) {
    size_t line = 1;
    for (const char *c = r->text; c < r->at; c++)
        line += *c == '\n';
    fprintf(stderr, "cutflow: %s, line %zu: %s\n", r->path, line, what);
    return false;
}

static void put(reader *r, char c) {
    r->out[r->size++] = c;
}

static bool give(reader *r) {
    cf_error err = {0};
    r->out[r->size] = '\0';
    r->size = 0;
    if (cf_session_param(r->session, r->out, &err) == CF_OK) return true;
    return wrong(r, err.message);
}

/* ---- JSON ---- */

static void skip_blanks(reader *r) {
    while (r->at < r->end && strchr(" \t\r\n", *r->at) != NULL)
        r->at++;
}

static bool take(reader *r, char c) {
    skip_blanks(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool hex4(reader *r, uint32_t *code) {
    *code = 0;
    if (r->end - r->at < 4) return false;
    for (int i = 0; i < 4; i++) {
        const char c = (char)tolower((unsigned char)*r->at++);
        if (!isxdigit((unsigned char)c)) return false;
        *code = *code * 16 + (uint32_t)(isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10);
    }
    return true;
}

static void put_code(reader *r, uint32_t x) {
    if (x < 0x80) {
        put(r, (char)x);
        return;
    }
    const int more = x < 0x800 ? 1 : x < 0x10000 ? 2 : 3;
    static const uint32_t heads[] = {0, 0xC0, 0xE0, 0xF0};
    put(r, (char)(heads[more] | x >> 6 * more));
    for (int i = more - 1; i >= 0; i--)
        put(r, (char)(0x80 | (x >> 6 * i & 0x3F)));
}

/* After `\u`; two of them may make one character. */
static bool read_code(reader *r) {
    uint32_t x = 0, low = 0;
    if (!hex4(r, &x)) return false;
    if (x >= 0xD800 && x < 0xDC00) {
        if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u') return false;
        r->at += 2;
        if (!hex4(r, &low) || low < 0xDC00 || low > 0xDFFF) return false;
        x = 0x10000 + ((x - 0xD800) << 10) + (low - 0xDC00);
    } else if (x >= 0xDC00 && x <= 0xDFFF)
        return false;
    put_code(r, x);
    return x != 0;
}

static bool read_escape(reader *r) {
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end) return false;
    const char c = *r->at++;
    const char *found = c == '\0' ? NULL : strchr(letters, c);
    if (found != NULL) put(r, meant[found - letters]);
    return found != NULL || (c == 'u' && read_code(r));
}

/* Behind the opening quote. */
static bool read_string(reader *r) {
    while (r->at < r->end && *r->at != '"' && (unsigned char)*r->at >= 0x20) {
        const char c = *r->at++;
        if (c != '\\')
            put(r, c);
        else if (!read_escape(r))
            return wrong(r, "there is no such character in a text");
    }
    if (r->at == r->end || *r->at != '"') return wrong(r, "this text does not end");
    r->at++;
    return true;
}

static bool read_value(reader *r) {
    if (take(r, '"')) return read_string(r);
    const size_t before = r->size;
    while (r->at < r->end && (isalnum((unsigned char)*r->at) || strchr("+-.", *r->at) != NULL))
        put(r, *r->at++);
    if (r->size > before) return true;
    return wrong(r, "a parameter is a text, a number, true, false or null");
}

static bool read_json(reader *r) {
    if (!take(r, '{')) return wrong(r, "`{` is missing");
    bool more = !take(r, '}');
    while (more) {
        if (!take(r, '"')) return wrong(r, "a name in quotes is missing");
        if (!read_string(r)) return false;
        if (r->size == 0 || memchr(r->out, '=', r->size) != NULL)
            return wrong(r, "no parameter is called like this");
        if (!take(r, ':')) return wrong(r, "`:` is missing");
        put(r, '=');
        if (!read_value(r) || !give(r)) return false;
        more = take(r, ',');
        if (!more && !take(r, '}')) return wrong(r, "`,` or `}` is missing");
    }
    skip_blanks(r);
    return r->at == r->end || wrong(r, "there is text after the last `}`");
}

/* ---- lines ---- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* Without blanks round it, a comment, or its quotes. */
static bool put_plain(reader *r, const char *begin, const char *end) {
    while (begin < end && is_blank(*begin))
        begin++;
    const char quote = begin < end && (*begin == '"' || *begin == '\'') ? *begin : '\0';
    const char *close =
        quote == '\0' ? NULL : memchr(begin + 1, quote, (size_t)(end - begin - 1));
    if (quote != '\0' && close == NULL) return wrong(r, "this text does not end");
    if (close != NULL) {
        begin++;
        end = close;
    } else {
        for (const char *c = begin; c < end; c++)
            if (*c == '#' && (c == begin || is_blank(c[-1]))) end = c;
        while (end > begin && is_blank(end[-1]))
            end--;
    }
    while (begin < end)
        put(r, *begin++);
    return true;
}

static bool read_line(reader *r, const char *end) {
    const char *begin = r->at, *sign = begin;
    while (begin < end && is_blank(*begin))
        begin++;
    if (begin == end || *begin == '#') return true;
    if (end - begin >= 3 && memcmp(begin, "---", 3) == 0) return true; /* YAML's first line */
    while (sign < end && *sign != '=' && *sign != ':')
        sign++;
    if (sign == end || sign == begin)
        return wrong(r, "a line reads `name = value` or `name: value`");
    if (!put_plain(r, begin, sign)) return false;
    put(r, '=');
    return put_plain(r, sign + 1, end) && give(r);
}

static bool read_lines(reader *r) {
    while (r->at < r->end) {
        const char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
        if (end == NULL) end = r->end;
        if (!read_line(r, end)) return false;
        r->at = end < r->end ? end + 1 : end;
    }
    return true;
}

int cf_cli_params(cf_session *session, const char *path) {
    size_t size = 0;
    char *text = cf_cli_read(path, &size);
    reader r = {session, path, text, text, text == NULL ? NULL : text + size, NULL, 0};
    if (text == NULL) return 1;
    r.out = malloc(size + 2);
    bool ok = r.out != NULL || wrong(&r, "not enough memory");
    const char *zero = memchr(text, '\0', size);
    if (ok && zero != NULL) {
        r.at = zero;
        ok = wrong(&r, "this is no text");
    }
    if (ok) {
        if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) r.at += 3;
        const char *start = r.at;
        skip_blanks(&r);
        const bool json = r.at < r.end && *r.at == '{';
        if (!json) r.at = start;
        ok = json ? read_json(&r) : read_lines(&r);
    }
    free(r.out);
    free(text);
    return ok ? 0 : 1;
}
