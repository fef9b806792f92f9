#include "session/render.h"

/* Values for people. */

#include "io/scalar_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 32

void cf_put_spaces(cf_text *out, int count) {
    for (int i = 0; i < count; i++)
        cf_text_addc(out, ' ');
}

void cf_put_ink(cf_text *out, cf_ink ink, bool color) {
    static const char *const codes[] = {"\033[0m", "\033[1m", "\033[2m", "\033[36m"};
    if (color) cf_text_adds(out, codes[ink]);
}

void cf_put_count(cf_text *out, int64_t x) {
    char digits[32];
    const size_t size = cf_format_i64(digits, x);
    for (size_t i = 0; i < size; i++) {
        cf_text_addc(out, digits[i]);
        const size_t left = size - 1 - i;
        if (left > 0 && left % 3 == 0 && digits[i] != '-') cf_text_addc(out, ',');
    }
}

/* ---- floats ---- */

void cf_put_rounded(cf_text *out, double x) {
    char text[64];
    const double size = fabs(x);
    if (isfinite(x) && x != 0 && (size >= 1e15 || size < 1e-4)) {
        (void)snprintf(text, sizeof text, "%.5e", x);
        x = strtod(text, NULL);
    }
    if (!isfinite(x) || x == 0 || size >= 1e15 || size < 1e-4) {
        cf_text_add(out, text, cf_format_f64(text, x));
        return;
    }
    const int decimals = 5 - (int)floor(log10(size));
    int used = snprintf(text, sizeof text, "%.*f", decimals > 0 ? decimals : 0, x);
    if (strchr(text, '.') != NULL) {
        while (text[used - 1] == '0' && text[used - 2] != '.')
            used--;
    } else if (x == floor(x)) {
        text[used++] = '.';
        text[used++] = '0';
    }
    cf_text_add(out, text, (size_t)used);
}

int cf_put_fraction_width(const char *number) {
    const size_t sign = number[0] == '-', digits = strspn(number + sign, "0123456789");
    const char *rest = number + sign + digits;
    if (digits == 0 || (*rest != '\0' && *rest != '.') || strchr(rest, 'e') != NULL) return -1;
    return (int)strlen(rest);
}

/* ---- texts ---- */

static void add_one_line(cf_text *out, const char *data, size_t size) {
    static const char from[] = "\n\r\t", to[] = "nrt";
    for (size_t i = 0; i < size; i++) {
        const char *at = data[i] == '\0' ? NULL : strchr(from, data[i]);
        if (at != NULL)
            cf_text_addf(out, "\\%c", to[at - from]);
        else if ((unsigned char)data[i] < 0x20 || data[i] == 0x7f)
            cf_text_addf(out, "\\x%02x", (unsigned)(unsigned char)data[i]);
        else
            cf_text_addc(out, data[i]);
    }
}

/* Bytes that are no UTF-8 would spoil a terminal: they become U+FFFD. */
static void add_text(cf_text *out, cf_view text, bool one_line) {
    if (cf_utf8_valid(text.data, text.size)) {
        if (one_line)
            add_one_line(out, text.data, text.size);
        else
            cf_text_add(out, text.data, text.size);
        return;
    }
    for (size_t at = 0; at < text.size;) {
        uint32_t code_point;
        char bytes[4];
        at += cf_utf8_next(text.data + at, text.size - at, &code_point);
        const size_t size = cf_utf8_put(bytes, code_point);
        if (one_line)
            add_one_line(out, bytes, size);
        else
            cf_text_add(out, bytes, size);
    }
}

void cf_put_cut(cf_text *out, const char *data, size_t size, int width, bool unicode) {
    if (cf_utf8_width(data, size) <= width) {
        cf_text_add(out, data, size);
        return;
    }
    const char *mark = unicode ? "…" : "...";
    const int room = width - (unicode ? 1 : 3);
    int used = 0;
    for (size_t at = 0; at < size;) {
        uint32_t code_point;
        const size_t step = cf_utf8_next(data + at, size - at, &code_point);
        const int wide = cf_utf8_width(data + at, step);
        if (used + wide > room) break;
        cf_text_add(out, data + at, step);
        used += wide;
        at += step;
    }
    cf_text_adds(out, mark);
}

/* ---- nested values ---- */

typedef struct {
    const cf_style *style;
    size_t begin; /* of the value in the text */
    int depth;
} nest;

static bool is_over(const cf_text *out, const nest *n) {
    return n->depth > NESTING_MAX ||
           (n->style->budget > 0 && out->size - n->begin > n->style->budget);
}

static void add_value(cf_text *out, const cf_column *c, int64_t row, nest n);

static const char *more(const nest *n) {
    return n->style->unicode ? "…" : "...";
}

static void add_list(cf_text *out, const cf_column *c, int64_t row, nest n) {
    cf_text_addc(out, '[');
    for (int64_t i = c->offsets[row]; i < c->offsets[row + 1]; i++) {
        if (i > c->offsets[row]) cf_text_adds(out, ", ");
        if (is_over(out, &n)) {
            cf_text_adds(out, more(&n));
            break;
        }
        add_value(out, c->children[0], i, n);
    }
    cf_text_addc(out, ']');
}

static bool is_name(const char *name) {
    for (const char *p = name; *p != '\0'; p++) {
        const char c = *p;
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                            (unsigned char)c >= 0x80;
        if (!letter && (p == name || c < '0' || c > '9')) return false;
    }
    return name[0] != '\0';
}

static void add_tuple(cf_text *out, const cf_column *c, int64_t row, nest n) {
    cf_text_addc(out, '{');
    for (uint32_t i = 0; i < c->child_count; i++) {
        const char *name = c->type->fields[i].name, *quote = is_name(name) ? "" : "`";
        if (i > 0) cf_text_adds(out, ", ");
        if (is_over(out, &n)) {
            cf_text_adds(out, more(&n));
            break;
        }
        if (name[0] != '\0') cf_text_addf(out, "%s%s%s = ", quote, name, quote);
        add_value(out, c->children[i], row, n);
    }
    cf_text_addc(out, '}');
}

static void add_value(cf_text *out, const cf_column *c, int64_t row, nest n) {
    n.depth++;
    if (c->type->kind == CF_NULL || cf_column_is_null(c, row)) {
        cf_text_adds(out, "null");
    } else if (c->type->kind == CF_LIST) {
        add_list(out, c, row, n);
    } else if (c->type->kind == CF_TUPLE) {
        add_tuple(out, c, row, n);
    } else if (c->type->kind == CF_TEXT && n.depth > 1) {
        const cf_view text = cf_column_text(c, row);
        cf_text_add_json(out, text.data, text.size);
    } else if (c->type->kind == CF_TEXT) {
        add_text(out, cf_column_text(c, row), n.style->one_line);
    } else if (n.style->rounded && cf_kind_is_float(c->type->kind)) {
        cf_put_rounded(out, cf_column_float(c, row));
    } else {
        cf_value_add_bare(out, c, row);
    }
}

void cf_put_value(cf_text *out, const cf_column *c, int64_t row, const cf_style *style) {
    add_value(out, c, row, (nest){style, out->size, 0});
}
