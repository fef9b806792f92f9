/* JSON as it comes from clients, read where it lies: no tree is built, a value is the piece of
 * text that it stands in, so it can be passed on byte for byte. */

#include "kernel/json.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 200, UNKNOWN_POINT = 0xFFFD };

static const char *skip_blanks(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* All of these return NULL when what they expect is not there. */

static const char *skip_string(const char *p, const char *end) {
    if (p == end || *p != '"') return NULL;
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\' && ++p == end) return NULL;
    return p < end ? p + 1 : NULL;
}

static const char *skip_word(const char *p, const char *end) {
    static const char *const words[] = {"true",     "false",     "null", "NaN",
                                        "Infinity", "-Infinity", NULL};
    for (size_t i = 0; words[i] != NULL; i++) {
        const size_t size = strlen(words[i]);
        if ((size_t)(end - p) >= size && memcmp(p, words[i], size) == 0) return p + size;
    }
    return NULL;
}

static const char *skip_number(const char *p, const char *end) {
    bool digit = false;
    for (; p < end && *p != 0 && strchr("+-.eE0123456789", *p) != NULL; p++)
        digit |= *p >= '0' && *p <= '9';
    return digit ? p : NULL;
}

static const char *skip_scalar(const char *p, const char *end) {
    if (*p == '"') return skip_string(p, end);
    const char *after = skip_word(p, end);
    return after != NULL ? after : skip_number(p, end);
}

static const char *skip_key(const char *p, const char *end) {
    p = skip_string(skip_blanks(p, end), end);
    if (p == NULL) return NULL;
    p = skip_blanks(p, end);
    return p < end && *p == ':' ? p + 1 : NULL;
}

/* The brackets that are open, as the characters that will close them. */
typedef struct {
    char closers[DEPTH_MAX];
    size_t depth;
} brackets;

/* Over an opening bracket; *empty: and over its closing one. */
static const char *skip_open(const char *p, const char *end, brackets *b, bool *empty) {
    if (b->depth == DEPTH_MAX) return NULL;
    const char closer = *p == '{' ? '}' : ']';
    p = skip_blanks(p + 1, end);
    *empty = p < end && *p == closer;
    if (*empty) return p + 1;
    b->closers[b->depth++] = closer;
    return closer == '}' ? skip_key(p, end) : p;
}

/* After a value: over closing brackets, to the next value or to the end of all (depth 0). */
static const char *skip_close(const char *p, const char *end, brackets *b) {
    while (b->depth > 0) {
        const char closer = b->closers[b->depth - 1];
        p = skip_blanks(p, end);
        if (p == end) return NULL;
        if (*p == ',') return closer == '}' ? skip_key(p + 1, end) : p + 1;
        if (*p != closer) return NULL;
        p++;
        b->depth--;
    }
    return p;
}

static const char *skip_value(const char *p, const char *end) {
    brackets b = {.depth = 0};
    do {
        p = skip_blanks(p, end);
        if (p == end) return NULL;
        bool value_ended = true;
        if (*p == '{' || *p == '[')
            p = skip_open(p, end, &b, &value_ended);
        else
            p = skip_scalar(p, end);
        if (p != NULL && value_ended) p = skip_close(p, end, &b);
    } while (p != NULL && b.depth > 0);
    return p;
}

bool cf_jread_is_object(cf_slice text) {
    const char *end = text.data + text.size, *p = skip_blanks(text.data, end);
    if (p == end || *p != '{') return false;
    p = skip_value(p, end);
    return p != NULL && skip_blanks(p, end) == end;
}

static size_t digits_at(const char *p, const char *end) {
    size_t n = 0;
    while (p + n < end && p[n] >= '0' && p[n] <= '9')
        n++;
    return n;
}

static const char *strict_number(const char *p, const char *end) {
    if (p < end && *p == '-') p++;
    size_t n = digits_at(p, end);
    if (n == 0 || (n > 1 && *p == '0')) return NULL;
    p += n;
    if (p < end && *p == '.') {
        n = digits_at(++p, end);
        if (n == 0) return NULL;
        p += n;
    }
    if (p == end || (*p | 32) != 'e') return p;
    p++;
    if (p < end && (*p == '+' || *p == '-')) p++;
    n = digits_at(p, end);
    return n > 0 ? p + n : NULL;
}

/* Nothing of a number may be left behind it: `1-2`. */
static const char *number_alone(const char *p, const char *end) {
    p = strict_number(p, end);
    if (p == NULL || p == end) return p;
    return *p != 0 && strchr("+-.eE0123456789", *p) != NULL ? NULL : p;
}

static bool hex4(const char *p, const char *end, uint32_t *x);

static const char *strict_string(const char *p, const char *end) {
    for (p++; p < end && *p != '"'; p++) {
        uint32_t x;
        if ((unsigned char)*p < 0x20) return NULL;
        if (*p != '\\') continue;
        if (++p == end || *p == 0 || strchr("\"\\/bfnrtu", *p) == NULL) return NULL;
        if (*p == 'u' && !hex4(p + 1, end, &x)) return NULL;
    }
    return p < end ? p + 1 : NULL;
}

/* The structure is known to be right: what is left are the letters of strings and numbers. */
bool cf_jread_is_strict_object(cf_slice text) {
    if (!cf_jread_is_object(text)) return false;
    const char *p = text.data, *end = p + text.size;
    while (p != NULL && p < end) {
        if (*p == '"')
            p = strict_string(p, end);
        else if (*p == '-' || *p == '+' || *p == '.' || (*p >= '0' && *p <= '9'))
            p = number_alone(p, end);
        else if (*p == 'N' || *p == 'I')
            p = NULL;
        else
            p++;
    }
    return p != NULL;
}

bool cf_jread_next(cf_slice container, size_t *at, cf_slice *key, cf_slice *value) {
    const char *end = container.data + container.size, *p = container.data + *at;
    p = skip_blanks(p, end);
    if (p == end || (*at > 0 && *p != ',')) return false;
    p = skip_blanks(p + 1, end); /* over the bracket or the comma */
    if (p == end || *p == '}' || *p == ']') return false;
    if (key != NULL) {
        const char *after = skip_string(p, end);
        if (after == NULL) return false;
        *key = (cf_slice){p, (size_t)(after - p)};
        p = skip_key(p, end);
        if (p == NULL) return false;
    }
    p = skip_blanks(p, end);
    const char *after = p < end ? skip_value(p, end) : NULL;
    if (after == NULL) return false;
    *value = (cf_slice){p, (size_t)(after - p)};
    *at = (size_t)(after - container.data);
    return true;
}

static bool key_is(cf_slice quoted, const char *key) {
    if (cf_slice_is((cf_slice){quoted.data + 1, quoted.size - 2}, key)) return true;
    if (memchr(quoted.data, '\\', quoted.size) == NULL) return false;
    char *text = cf_jread_text(quoted, NULL);
    const bool same = text != NULL && strcmp(text, key) == 0;
    free(text);
    return same;
}

bool cf_jread_member(cf_slice object, const char *key, cf_slice *value) {
    bool found = false;
    cf_slice name, each;
    if (object.size == 0 || object.data[0] != '{') return false;
    for (size_t at = 0; cf_jread_next(object, &at, &name, &each);)
        if (key_is(name, key)) {
            found = !cf_slice_is(each, "null");
            *value = each;
        }
    return found;
}

/* ---- strings ---- */

static bool hex4(const char *p, const char *end, uint32_t *x) {
    *x = 0;
    if (end - p < 4) return false;
    for (int i = 0; i < 4; i++) {
        const char c = p[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            digit = (uint32_t)((c | 32) - 'a' + 10);
        else
            return false;
        *x = *x << 4 | digit;
    }
    return true;
}

/* `\uD83D\uDE00` from behind the first `u`: one character; a half alone is unknown. */
static const char *unescape_point(cf_growing *b, const char *p, const char *end) {
    uint32_t x, low;
    if (!hex4(p, end, &x)) {
        cf_point_put(b, UNKNOWN_POINT);
        return p;
    }
    p += 4;
    if (x >= 0xD800 && x < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
        hex4(p + 2, end, &low) && low >= 0xDC00 && low < 0xE000) {
        x = 0x10000 + ((x - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    } else if (x >= 0xD800 && x < 0xE000) {
        x = UNKNOWN_POINT;
    }
    cf_point_put(b, x);
    return p;
}

static const char *unescape(cf_growing *b, const char *p, const char *end) {
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    if (*p == 'u') return unescape_point(b, p + 1, end);
    const char *letter = *p != 0 ? strchr(letters, *p) : NULL;
    cf_growing_add(b, letter != NULL ? &meanings[letter - letters] : p, 1);
    return p + 1;
}

char *cf_jread_text(cf_slice value, size_t *size) {
    if (value.size < 2 || value.data[0] != '"') return NULL;
    cf_growing b = {0};
    cf_growing_add(&b, "", 0);
    const char *p = value.data + 1, *end = value.data + value.size - 1;
    while (p < end) {
        uint32_t point;
        if (*p == '\\' && p + 1 < end) {
            p = unescape(&b, p + 1, end);
        } else if ((unsigned char)*p < 0x80) {
            const char *from = p;
            while (p < end && *p != '\\' && (unsigned char)*p < 0x80)
                p++;
            if (p == from) p++;
            cf_growing_add(&b, from, (size_t)(p - from));
        } else {
            p += cf_point_at((cf_slice){p, (size_t)(end - p)}, &point);
            cf_point_put(&b, point);
        }
    }
    if (b.failed) cf_growing_clear(&b);
    if (size != NULL) *size = b.size;
    return b.data;
}

char *cf_jread_member_text(cf_slice object, const char *key, size_t *size) {
    cf_slice value;
    return cf_jread_member(object, key, &value) ? cf_jread_text(value, size) : NULL;
}

bool cf_jread_member_bool(cf_slice object, const char *key, bool otherwise) {
    cf_slice value;
    if (!cf_jread_member(object, key, &value)) return otherwise;
    if (cf_slice_is(value, "true") || cf_slice_is(value, "1")) return true;
    return cf_slice_is(value, "false") || cf_slice_is(value, "0") ? false : otherwise;
}

bool cf_jread_member_int(cf_slice object, const char *key, int64_t *value) {
    cf_slice text;
    char digits[40];
    if (!cf_jread_member(object, key, &text) || text.size >= sizeof digits) return false;
    memcpy(digits, text.data, text.size);
    digits[text.size] = 0;
    char *end;
    const double x = strtod(digits, &end);
    if (end == digits || *end != 0 || !(x > -9e18 && x < 9e18)) return false;
    *value = (int64_t)x;
    return true;
}
