/* f-strings: values in a given form, and joining the pieces.  A form is
 *   [[fill] < > ^ =] [+ - blank] [0] [width] [,] [.places] [type]
 * as many languages have it: types f e g % for floats, d x b o for ints. */
#include "func/func_internal.h"

#include <math.h>
#include <stdio.h>

typedef struct {
    uint32_t fill;
    char align; /* < > ^ = or 0 */
    char sign;  /* + blank or 0 */
    bool comma;
    int width, places; /* places -1: not given */
    char type;         /* 0: not given */
} form;

#define WIDTH_MAX  1000
#define PLACES_MAX 100

static bool is_align(char c) {
    return c == '<' || c == '>' || c == '^' || c == '=';
}

static void advance(cf_str *s, size_t bytes) {
    s->data += bytes;
    s->size -= bytes;
}

static bool take_count(cf_str *s, int most, int *x) {
    for (*x = 0; s->size > 0 && *s->data >= '0' && *s->data <= '9'; advance(s, 1)) {
        *x = *x * 10 + (*s->data - '0');
        if (*x > most) return false;
    }
    return true;
}

static void take_fill(cf_str *s, form *f) {
    uint32_t c;
    const size_t used = cf_utf8_next(s->data, s->size, &c);
    if (s->size > used && is_align(s->data[used])) {
        f->fill = c;
        f->align = s->data[used];
        advance(s, used + 1);
    } else if (s->size > 0 && is_align(*s->data)) {
        f->align = *s->data;
        advance(s, 1);
    }
}

static bool take_if(cf_str *s, char c) {
    if (s->size == 0 || *s->data != c) return false;
    advance(s, 1);
    return true;
}

static bool parse_form(cf_str s, const char *types, form *f) {
    *f = (form){.fill = ' ', .places = -1};
    take_fill(&s, f);
    if (s.size > 0 && (*s.data == '+' || *s.data == '-' || *s.data == ' ')) {
        if (*s.data != '-') f->sign = *s.data;
        advance(&s, 1);
    }
    if (take_if(&s, '0') && f->align == 0) {
        f->fill = '0';
        f->align = '=';
    }
    if (!take_count(&s, WIDTH_MAX, &f->width)) return false;
    f->comma = take_if(&s, ',');
    if (take_if(&s, '.')) {
        const size_t before = s.size;
        if (!take_count(&s, PLACES_MAX, &f->places) || s.size == before) return false;
    }
    if (s.size == 0) return true;
    f->type = *s.data;
    return s.size == 1 && strchr(types, f->type) != NULL;
}

static cf_status bad_form(cf_call *call, cf_view spec, const char *hint) {
    (void)cf_fail(call->err, CF_E_VALUE, call->span, "`%.*s` is not a format",
                  spec.size > 40 ? 40 : (int)spec.size, spec.size == 0 ? "" : spec.data);
    cf_error_hint(call->err, "%s", hint);
    return CF_E_VALUE;
}

/* Commas between groups of three digits at the beginning of `digits`. */
static void add_grouped(cf_text *t, const char *digits, bool comma) {
    const size_t whole = strspn(digits, "0123456789");
    for (size_t i = 0; i < whole; i++) {
        if (comma && i > 0 && (whole - i) % 3 == 0) cf_text_addc(t, ',');
        cf_text_addc(t, digits[i]);
    }
    cf_text_adds(t, digits + whole);
}

static void add_fill(cf_text *t, uint32_t c, size_t count) {
    char bytes[4];
    const size_t size = cf_utf8_put(bytes, c);
    for (size_t i = 0; i < count; i++)
        cf_text_add(t, bytes, size);
}

/* Sign and digits at the form's width. */
static void add_padded(cf_text *t, const form *f, const char *sign, cf_str body, char align) {
    const size_t size = strlen(sign) + cf_utf8_count(body.data, body.size),
                 width = (size_t)f->width;
    const size_t pad = width > size ? width - size : 0;
    if (f->align != 0) align = f->align;
    const size_t left = align == '>' ? pad : align == '^' ? pad / 2 : 0;
    add_fill(t, f->fill, left);
    cf_text_adds(t, sign);
    if (align == '=') add_fill(t, f->fill, pad);
    cf_text_add(t, body.data, body.size);
    if (align != '=') add_fill(t, f->fill, pad - left);
}

static const char *sign_of(const form *f, bool negative) {
    return negative ? "-" : f->sign == '+' ? "+" : f->sign == ' ' ? " " : "";
}

static void add_float(cf_text *t, const form *f, double x) {
    char digits[512] = "";
    const double size = fabs(x);
    const int places = f->places < 0 ? 6 : f->places;
    if (!isfinite(x))
        (void)snprintf(digits, sizeof digits, isnan(x) ? "nan" : "inf");
    else if (f->type == 0 && f->places < 0)
        (void)cf_format_f64(digits, size);
    else if (f->type == 'e')
        (void)snprintf(digits, sizeof digits, "%.*e", places, size);
    else if (f->type == 'f' || f->type == '%')
        (void)snprintf(digits, sizeof digits, "%.*f", places,
                       f->type == '%' ? size * 100 : size);
    else
        (void)snprintf(digits, sizeof digits, "%.*g", places, size);
    cf_text body = {0};
    add_grouped(&body, digits, f->comma);
    if (f->type == '%') cf_text_addc(&body, '%');
    add_padded(t, f, sign_of(f, signbit(x) != 0 && !isnan(x)), (cf_str){body.data, body.size},
               '>');
    t->failed |= body.failed;
    cf_text_clear(&body);
}

static void add_int(cf_text *t, const form *f, int64_t x) {
    char digits[72] = "";
    uint64_t size = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    size_t at = sizeof digits;
    const unsigned base = f->type == 'x' ? 16 : f->type == 'b' ? 2 : f->type == 'o' ? 8 : 10;
    digits[--at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[size % base];
        size /= base;
    } while (size > 0);
    cf_text body = {0};
    add_grouped(&body, digits + at, f->comma);
    add_padded(t, f, sign_of(f, x < 0), (cf_str){body.data, body.size}, '>');
    t->failed |= body.failed;
    cf_text_clear(&body);
}

/* The texts of a call, one after the other in one block; ends[i]: where the i-th stops. */
static cf_status views_of(cf_call *call, cf_text *t, cf_view *out, const size_t *stops) {
    char *block = t->failed ? NULL : cf_call_text(call, t->size + 1);
    if (block != NULL && t->size > 0) memcpy(block, t->data, t->size);
    cf_text_clear(t);
    if (block == NULL) return CF_NO_MEMORY(call);
    size_t at = 0;
    for (size_t i = 0; i < call->n; i++) {
        out[i] = (cf_view){block + at, stops[i] - at};
        at = stops[i];
    }
    return CF_OK;
}

#define FLOAT_TYPES "feg%"
#define INT_TYPES   "dxbofeg%"
#define HINT        "like f\"{x:.2f}\", f\"{x:>8.1e}\", f\"{x:.1%}\", f\"{n:05d}\" or f\"{n:,}\""

typedef enum { OF_FLOAT, OF_INT, OF_TEXT } subject;

static void add_value(cf_text *t, const form *f, const cf_call *call, subject what, size_t i) {
    const size_t at = i * STEP(call, 0);
    if (what == OF_TEXT) {
        const cf_view v = ARG(call, 0, cf_view)[at];
        cf_str s = {v.data, (size_t)v.size};
        uint32_t c;
        size_t keep = 0;
        for (int k = 0; f->places >= 0 && k < f->places && keep < s.size; k++)
            keep += cf_utf8_next(s.data + keep, s.size - keep, &c);
        if (f->places >= 0) s.size = keep;
        add_padded(t, f, "", s, '<');
    } else if (what == OF_FLOAT) {
        add_float(t, f, ARG(call, 0, double)[at]);
    } else {
        const int64_t x = ARG(call, 0, int64_t)[at];
        if (f->type == 0 || strchr("dxbo", f->type) != NULL)
            add_int(t, f, x);
        else
            add_float(t, f, (double)x);
    }
}

static cf_status format_all(cf_call *call, subject what) {
    static const char *const types[] = {FLOAT_TYPES, INT_TYPES, "s"};
    cf_view *out = cf_call_alloc(call);
    size_t *stops = cf_arena_alloc(call->arena, call->n * sizeof *stops, sizeof *stops);
    if (out == NULL || stops == NULL) return CF_NO_MEMORY(call);
    const cf_view *spec = ARG(call, 1, cf_view);
    cf_text t = {0};
    form f = {0};
    for (size_t i = 0; i < call->n; i++) {
        const cf_view s = spec[i * STEP(call, 1)];
        if (cf_row_valid(call, i)) {
            if ((i == 0 || STEP(call, 1) == 1 || f.fill == 0) &&
                !parse_form((cf_str){s.data, (size_t)s.size}, types[what], &f)) {
                cf_text_clear(&t);
                return bad_form(call, s, HINT);
            }
            add_value(&t, &f, call, what, i);
        }
        stops[i] = t.size;
    }
    return views_of(call, &t, out, stops);
}

static cf_status format_float(cf_call *call) {
    return format_all(call, OF_FLOAT);
}

static cf_status format_int(cf_call *call) {
    return format_all(call, OF_INT);
}

static cf_status format_text(cf_call *call) {
    return format_all(call, OF_TEXT);
}

/* All pieces of all rows into one block, sized beforehand. */
static cf_status text_concat(cf_call *call) {
    cf_view *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    uint64_t total = 0;
    for (size_t i = 0; i < call->n; i++)
        for (uint32_t a = 0; a < call->arg_count; a++)
            if (cf_row_valid(call, i) &&
                __builtin_add_overflow(total, ARG(call, a, cf_view)[i * STEP(call, a)].size,
                                       &total))
                return CF_NO_MEMORY(call);
    char *block = cf_call_text(call, (size_t)total + 1);
    if (block == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        out[i] = (cf_view){block, 0};
        for (uint32_t a = 0; a < call->arg_count && cf_row_valid(call, i); a++) {
            const cf_view v = ARG(call, a, cf_view)[i * STEP(call, a)];
            if (v.size > 0) memcpy(block, v.data, v.size);
            block += v.size;
            out[i].size += v.size;
        }
    }
    return CF_OK;
}

static const cf_func format_functions[] = {
    FN("format_float", format_float, CF_STRICT, TEXT, CF_FLOAT64, CF_TEXT),
    FN("format_int", format_int, CF_STRICT, TEXT, CF_INT64, CF_TEXT),
    FN("format_text", format_text, CF_STRICT, TEXT, CF_TEXT, CF_TEXT),
};
static const cf_func concat_functions[] = {
    FN("text_concat", text_concat, PURE | CF_VARIADIC, TEXT, CF_TEXT)};

static const cf_builtin builtins[] = {
    {"format", CF_BUILTIN_MAP, "format x form",
     "x as text in the given form; what f\"{x:form}\" does.",
     "from [{x = 2.5}]\nselect {t = format x \".2f\"}", NULL, OVERLOADS(format_functions), NULL,
     "as"},
    {"text_concat", CF_BUILTIN_MAP, "text_concat a b ...",
     "The texts one after the other; what f\"{a}{b}\" does.",
     "from [{x = \"a\"}]\nselect {t = text_concat x \"b\"}", NULL, OVERLOADS(concat_functions),
     NULL, "format"},
};

const cf_family cf_family_format = {"forms", builtins, CF_COUNT(builtins)};
