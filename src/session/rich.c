#include "session/rich.h"

/* Which forms a result has, and all of them as a MIME bundle. */

#include "io/scalar_text.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN_WIDTH 100
#define ROWS_MAX    1000 /* of a table as text */

/* ---- texts ---- */

static const char *entity(uint32_t x) {
    switch (x) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

/* What a page may not contain, in any spelling. */
static bool is_forbidden(uint32_t x) {
    return (x < 0x20 && x != '\n' && x != '\t') || (x >= 0x7F && x < 0xA0) || x == 0xFFFE ||
           x == 0xFFFF;
}

bool cf_rich_add_escaped(cf_text *out, const char *data, size_t size, size_t most) {
    size_t at = 0;
    for (size_t count = 0; at < size && count < most; count++) {
        uint32_t x;
        char bytes[4];
        at += cf_utf8_next(data + at, size - at, &x);
        const char *name = entity(x);
        if (name != NULL)
            cf_text_adds(out, name);
        else
            cf_text_add(out, bytes, cf_utf8_put(bytes, is_forbidden(x) ? 0xFFFD : x));
    }
    if (at < size) cf_text_adds(out, "…");
    return at >= size;
}

void cf_rich_add_clean(cf_text *out, const char *data, size_t size) {
    for (size_t at = 0; at < size;) {
        uint32_t x;
        char bytes[4];
        at += cf_utf8_next(data + at, size - at, &x);
        cf_text_add(out, bytes, cf_utf8_put(bytes, x == 0 ? 0xFFFD : x));
    }
}

void cf_rich_add_json(cf_text *out, const char *data, size_t size) {
    if (cf_utf8_valid(data, size) && memchr(data, 0, size) == NULL) {
        cf_text_add_json(out, data, size);
        return;
    }
    cf_text clean = {0};
    cf_text_add(&clean, "", 0);
    cf_rich_add_clean(&clean, data, size);
    if (clean.failed)
        out->failed = true;
    else
        cf_text_add_json(out, clean.data, clean.size);
    cf_text_clear(&clean);
}

static void add_base64(cf_text *out, const unsigned char *data, size_t size) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        const size_t rest = size - i;
        const uint32_t x = (uint32_t)data[i] << 16 |
                           (rest > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                           (rest > 2 ? data[i + 2] : 0u);
        const char four[4] = {digits[x >> 18], digits[x >> 12 & 63],
                              rest > 1 ? digits[x >> 6 & 63] : '=',
                              rest > 2 ? digits[x & 63] : '='};
        cf_text_add(out, four, 4);
    }
}

/* ---- one form ---- */

static bool has_rows(const cf_result *r) {
    return r->rows != NULL && r->note == NULL && r->kind != CF_RESULT_TEXT;
}

static bool add_form(cf_text *out, const cf_result *r, cf_rich form) {
    if (!has_rows(r)) return false;
    const bool draws = r->kind == CF_RESULT_RELATION && r->draw != CF_DRAW_NONE;
    switch (form) {
    case CF_RICH_HTML: return !draws && cf_rich_html(out, r);
    case CF_RICH_VEGALITE: return draws && cf_rich_vega(out, r);
    case CF_RICH_SVG: return draws && cf_rich_svg(out, r);
    case CF_RICH_PNG: return draws && cf_rich_png(out, r);
    }
    return false;
}

static char *finish(cf_text *out, bool good, size_t *size) {
    if (good && !out->failed && out->data != NULL) {
        if (size != NULL) *size = out->size;
        return out->data;
    }
    cf_text_clear(out);
    if (size != NULL) *size = 0;
    return NULL;
}

char *cf_result_rich(const cf_result *r, cf_rich form, size_t *size) {
    cf_text out = {0};
    const bool good = add_form(&out, r, form);
    return finish(&out, good, size);
}

/* ---- the bundle ---- */

/* The first rows only: a box measures and prints every row it gets. */
static char *plain_text(const cf_result *r) {
    const cf_render_options o = {
        .format = CF_FORMAT_BOX, .width = PLAIN_WIDTH, .unicode = true, .drawing = true};
    const bool draws = r->draw != CF_DRAW_NONE;
    if (!has_rows(r) || draws || r->rows->length <= ROWS_MAX)
        return cf_result_render(r, &o, NULL);
    cf_result first = *r;
    if (first.total < first.rows->length) first.total = first.rows->length;
    first.rows = cf_column_slice(r->rows, 0, ROWS_MAX);
    char *text = first.rows == NULL ? NULL : cf_result_render(&first, &o, NULL);
    cf_column_release(first.rows);
    return text;
}

static void add_key(cf_text *out, const char *mime) {
    cf_text_addf(out, "%s\"%s\": ", out->size > 1 ? ", " : "", mime);
}

static bool add_text_form(cf_text *out, const cf_result *r, cf_rich form, const char *mime) {
    size_t size = 0;
    char *text = cf_result_rich(r, form, &size);
    if (text == NULL) return false;
    add_key(out, mime);
    if (form == CF_RICH_VEGALITE) {
        cf_text_add(out, text, size);
    } else if (form == CF_RICH_PNG) {
        cf_text_addc(out, '"');
        add_base64(out, (const unsigned char *)text, size);
        cf_text_addc(out, '"');
    } else {
        cf_rich_add_json(out, text, size);
    }
    free(text);
    return true;
}

static void add_plain(cf_text *out, const cf_result *r) {
    char *text = plain_text(r);
    if (text == NULL) {
        out->failed = true;
        return;
    }
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == '\n')
        size--;
    add_key(out, "text/plain");
    cf_rich_add_json(out, text, size);
    free(text);
}

/* Rows that cannot be drawn are a table. */
static bool add_drawings(cf_text *out, const cf_result *r) {
    if (!add_text_form(out, r, CF_RICH_VEGALITE, "application/vnd.vegalite.v5+json"))
        return false;
    (void)add_text_form(out, r, CF_RICH_SVG, "image/svg+xml");
    (void)add_text_form(out, r, CF_RICH_PNG, "image/png");
    return true;
}

char *cf_result_bundle(const cf_result *r, size_t *size) {
    cf_text out = {0};
    cf_text_addc(&out, '{');
    if (!add_drawings(&out, r)) {
        cf_result as_table = *r;
        as_table.draw = CF_DRAW_NONE;
        (void)add_text_form(&out, &as_table, CF_RICH_HTML, "text/html");
    }
    add_plain(&out, r);
    cf_text_addc(&out, '}');
    return finish(&out, true, size);
}
