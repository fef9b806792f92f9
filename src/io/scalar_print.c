#include "io/scalar_text.h"

/* Values as text: bare, as JSON, as a cell of CSV. */

#include <math.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)

/* ---- scalars ---- */

static void add_decimal(cf_text *out, const cf_column *c, int64_t row) {
    cf_int128 x;
    memcpy(&x, (const char *)c->values + (size_t)row * sizeof x, sizeof x);
    char digits[48];
    size_t at = sizeof digits;
    uint128 rest = x < 0 ? -(uint128)x : (uint128)x;
    const unsigned scale = c->type->scale <= 38 ? c->type->scale : 38;
    for (unsigned i = 0; rest != 0 || i <= scale; i++) {
        if (i == scale && scale > 0) digits[--at] = '.';
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    if (x < 0) digits[--at] = '-';
    cf_text_add(out, digits + at, sizeof digits - at);
}

static int64_t floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static void add_date(cf_text *out, int64_t days) {
    int64_t year;
    unsigned month, day;
    cf_civil_from_days(days, &year, &month, &day);
    cf_text_addf(out, year < 0 ? "%05lld-%02u-%02u" : "%04lld-%02u-%02u", (long long)year,
                 month, day);
}

/* 13:05:00, with milliseconds or microseconds where there are some. */
static void add_clock(cf_text *out, int64_t microseconds) {
    const long long seconds = microseconds / SECOND, fraction = microseconds % SECOND;
    cf_text_addf(out, "%02lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (fraction == 0) return;
    if (fraction % 1000 == 0)
        cf_text_addf(out, ".%03lld", fraction / 1000);
    else
        cf_text_addf(out, ".%06lld", fraction);
}

static void add_duration(cf_text *out, int64_t microseconds) {
    static const struct {
        int64_t size;
        const char *word;
    } units[] = {{DAY, "days"},       {3600 * SECOND, "hours"}, {60 * SECOND, "minutes"},
                 {SECOND, "seconds"}, {1000, "milliseconds"},   {1, "microseconds"}};
    size_t i = 0;
    while (microseconds % units[i].size != 0)
        i++;
    cf_text_addf(out, "%lld%s", (long long)(microseconds / units[i].size), units[i].word);
}

/* A float32 too has the digits of its float64, so that any reader gets the same number. */
static void add_float(cf_text *out, const cf_column *c, int64_t row) {
    char text[32];
    cf_text_add(out, text, cf_format_f64(text, cf_column_float(c, row)));
}

static void add_integer(cf_text *out, const cf_column *c, int64_t row) {
    char text[32];
    const int64_t x = cf_column_int(c, row);
    if (c->type->kind == CF_UINT64)
        cf_text_addf(out, "%llu", (unsigned long long)x);
    else
        cf_text_add(out, text, cf_format_i64(text, x));
}

/* Anything but lists, tuples and null. */
static void add_scalar(cf_text *out, const cf_column *c, int64_t row) {
    switch (c->type->kind) {
    case CF_BOOL: cf_text_adds(out, cf_column_int(c, row) != 0 ? "true" : "false"); return;
    case CF_TEXT: {
        const cf_view text = cf_column_text(c, row);
        cf_text_add(out, text.data, text.size);
        return;
    }
    case CF_DECIMAL: add_decimal(out, c, row); return;
    case CF_FLOAT32:
    case CF_FLOAT64: add_float(out, c, row); return;
    default: break;
    }
    const int64_t x = cf_column_int(c, row);
    switch (c->type->kind) {
    case CF_DATE: add_date(out, x); return;
    case CF_TIME: add_clock(out, x); return;
    case CF_DURATION: add_duration(out, x); return;
    case CF_TIMESTAMP:
        add_date(out, floor_divide(x, DAY));
        cf_text_addc(out, 'T');
        add_clock(out, x - floor_divide(x, DAY) * DAY);
        return;
    default: add_integer(out, c, row); return;
    }
}

static bool is_nested(const cf_column *c) {
    return c->type->kind == CF_LIST || c->type->kind == CF_TUPLE;
}

static bool is_nothing(const cf_column *c, int64_t row) {
    return c->type->kind == CF_NULL || c->type->kind == CF_FUNCTION ||
           cf_column_is_null(c, row);
}

void cf_value_add_bare(cf_text *out, const cf_column *c, int64_t row) {
    if (is_nested(c))
        cf_value_add_json(out, c, row);
    else if (!is_nothing(c, row))
        add_scalar(out, c, row);
}

/* ---- JSON ---- */

static bool is_plain_in_json(char c) {
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

static void add_escape(cf_text *out, char c) {
    static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
    if ((unsigned char)c >= 0x80) {
        cf_text_adds(out, "\xEF\xBF\xBD"); /* a byte that is no UTF-8 */
        return;
    }
    const char *at = c == '\0' ? NULL : strchr(from, c);
    if (at == NULL) {
        cf_text_addf(out, "\\u%04x", (unsigned)(unsigned char)c);
        return;
    }
    cf_text_addc(out, '\\');
    cf_text_addc(out, to[at - from]);
}

/* Bytes of the next character if it can stand as it is, else 0. */
static size_t plain_in_json(const char *data, size_t size) {
    if ((unsigned char)data[0] < 0x80) return is_plain_in_json(data[0]);
    uint32_t code_point;
    const size_t used = cf_utf8_next(data, size, &code_point);
    return used > 1 ? used : 0;
}

void cf_text_add_json(cf_text *out, const char *data, size_t size) {
    cf_text_addc(out, '"');
    size_t begin = 0;
    for (size_t at = 0; at < size;) {
        const size_t plain = plain_in_json(data + at, size - at);
        if (plain == 0) {
            cf_text_add(out, data + begin, at - begin);
            add_escape(out, data[at]);
            begin = at + 1;
        }
        at += plain > 0 ? plain : 1;
    }
    cf_text_add(out, data + begin, size - begin);
    cf_text_addc(out, '"');
}

static void add_json_list(cf_text *out, const cf_column *c, int64_t row) {
    cf_text_addc(out, '[');
    for (int64_t i = c->offsets[row]; i < c->offsets[row + 1]; i++) {
        if (i > c->offsets[row]) cf_text_adds(out, ", ");
        cf_value_add_json(out, c->children[0], i);
    }
    cf_text_addc(out, ']');
}

static void add_json_tuple(cf_text *out, const cf_column *c, int64_t row) {
    cf_text_addc(out, '{');
    for (uint32_t i = 0; i < c->child_count; i++) {
        const char *name = c->type->fields[i].name;
        if (i > 0) cf_text_adds(out, ", ");
        cf_text_add_json(out, name, strlen(name));
        cf_text_adds(out, ": ");
        cf_value_add_json(out, c->children[i], row);
    }
    cf_text_addc(out, '}');
}

static bool is_bare_in_json(const cf_column *c, int64_t row) {
    const cf_kind kind = c->type->kind;
    if (cf_kind_is_float(kind)) return isfinite(cf_column_float(c, row));
    return cf_kind_is_number(kind) || kind == CF_BOOL || kind == CF_INDEX;
}

void cf_value_add_json(cf_text *out, const cf_column *c, int64_t row) {
    if (is_nothing(c, row)) {
        cf_text_adds(out, "null");
    } else if (c->type->kind == CF_LIST) {
        add_json_list(out, c, row);
    } else if (c->type->kind == CF_TUPLE) {
        add_json_tuple(out, c, row);
    } else if (c->type->kind == CF_TEXT) {
        const cf_view text = cf_column_text(c, row);
        cf_text_add_json(out, text.data, text.size);
    } else {
        const char *quote = is_bare_in_json(c, row) ? "" : "\"";
        cf_text_adds(out, quote);
        add_scalar(out, c, row);
        cf_text_adds(out, quote);
    }
}

/* ---- CSV ---- */

static bool must_quote(const char *data, size_t size, char separator) {
    if (size == 0 || data[0] == ' ' || data[size - 1] == ' ') return true;
    for (size_t i = 0; i < size; i++)
        if (data[i] == separator || data[i] == '"' || data[i] == '\n' || data[i] == '\r')
            return true;
    return size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0;
}

void cf_text_add_csv(cf_text *out, const char *data, size_t size, char separator) {
    if (!must_quote(data, size, separator)) {
        cf_text_add(out, data, size);
        return;
    }
    cf_text_addc(out, '"');
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '"') cf_text_addc(out, '"');
        cf_text_addc(out, data[i]);
    }
    cf_text_addc(out, '"');
}

void cf_value_add_csv(cf_text *out, const cf_column *c, int64_t row, char separator) {
    if (is_nothing(c, row)) return;
    if (c->type->kind == CF_TEXT) {
        const cf_view text = cf_column_text(c, row);
        cf_text_add_csv(out, text.data, text.size, separator);
    } else if (is_nested(c)) {
        cf_text json = {0};
        cf_value_add_json(&json, c, row);
        cf_text_add_csv(out, json.data == NULL ? "" : json.data, json.size, separator);
        out->failed |= json.failed;
        cf_text_clear(&json);
    } else {
        add_scalar(out, c, row);
    }
}
