/* Writing JSON as Python's json module does with the options of nbformat. */

#include "notebook/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 17 };

/* The digits and the exponent of the shortest decimal that reads back equal. */
static int shortest_digits(double x, char digits[DIGITS_MAX + 1]) {
    char text[40];
    for (int precision = 0; precision < DIGITS_MAX; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, x);
        if (strtod(text, NULL) == x) break;
    }
    size_t n = 0;
    const char *at = text;
    for (; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9') digits[n++] = *at;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
    return (int)strtol(at + 1, NULL, 10);
}

/* 0.00012, 123.0: the point lies `exponent` digits after the first. */
static void print_fixed(char out[32], const char *digits, int exponent) {
    const int n = (int)strlen(digits);
    size_t used = 0;
    for (int i = exponent < 0 ? exponent : 0; i <= exponent || i < n; i++) {
        out[used++] = i >= 0 && i < n ? digits[i] : '0';
        if (i == exponent) out[used++] = '.';
    }
    if (out[used - 1] == '.') out[used++] = '0';
    out[used] = '\0';
}

void cf_nb_number_print(char out[32], double x) {
    char digits[DIGITS_MAX + 1] = "0";
    if (isnan(x) || isinf(x)) {
        snprintf(out, 32, "%s", isnan(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity");
        return;
    }
    const int exponent = shortest_digits(fabs(x), digits);
    const bool negative = signbit(x) != 0;
    char *body = out + negative;
    char text[32];
    if (exponent >= -4 && exponent < 16)
        print_fixed(text, digits, exponent);
    else
        snprintf(text, sizeof(text), "%c%s%se%c%02d", digits[0], digits[1] != '\0' ? "." : "",
                 digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
    if (negative) out[0] = '-';
    snprintf(body, 32 - (size_t)negative, "%s", text);
}

static bool is_whole(cf_nb_str number) {
    for (size_t i = 0; i < number.size; i++)
        if (strchr(".eEIN", number.data[i]) != NULL) return false;
    return true;
}

void cf_nb_json_plain_numbers(cf_nb_pool *pool, cf_nb_json *value) {
    if (value->kind == CF_NB_NUMBER && !is_whole(value->text)) {
        char text[32];
        cf_nb_number_print(text, strtod(value->text.data, NULL));
        value->text = cf_nb_dup(pool, cf_nb_str_of(text));
    }
    for (size_t i = 0; i < value->count; i++)
        cf_nb_json_plain_numbers(pool, value->items[i]);
}

void cf_nb_json_write_string(cf_nb_text *out, cf_nb_str s) {
    static const char means[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    size_t from = 0;
    cf_nb_text_addc(out, '"');
    for (size_t i = 0; i < s.size; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (c >= 32 && c != '"' && c != '\\') continue;
        cf_nb_text_add(out, s.data + from, i - from);
        from = i + 1;
        const char *known = c != 0 ? strchr(means, c) : NULL;
        if (known != NULL)
            cf_nb_text_addf(out, "\\%c", letters[known - means]);
        else
            cf_nb_text_addf(out, "\\u%04x", (unsigned)c);
    }
    cf_nb_text_add(out, s.data + from, s.size - from);
    cf_nb_text_addc(out, '"');
}

typedef struct {
    cf_nb_text *out;
    bool pretty;
    int depth;
} writer;

static void new_line(const writer *w) {
    if (!w->pretty) return;
    cf_nb_text_addc(w->out, '\n');
    for (int i = 0; i < w->depth; i++)
        cf_nb_text_addc(w->out, ' ');
}

static void write_value(writer *w, const cf_nb_json *value);

static void write_list(writer *w, const cf_nb_json *list) {
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) cf_nb_text_addc(w->out, ',');
        new_line(w);
        write_value(w, list->items[i]);
    }
}

static void write_object(writer *w, const cf_nb_json *object) {
    size_t count = 0, *places = cf_nb_sorted_keys(object, &count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) cf_nb_text_addc(w->out, ',');
        new_line(w);
        cf_nb_json_write_string(w->out, object->keys[places[i]]);
        cf_nb_text_adds(w->out, w->pretty ? ": " : ":");
        write_value(w, object->items[places[i]]);
    }
    free(places);
}

static void write_value(writer *w, const cf_nb_json *value) {
    static const char *const words[] = {
        [CF_NB_NULL] = "null", [CF_NB_FALSE] = "false", [CF_NB_TRUE] = "true"};
    if (value->kind <= CF_NB_TRUE) {
        cf_nb_text_adds(w->out, words[value->kind]);
    } else if (value->kind == CF_NB_NUMBER) {
        cf_nb_text_addt(w->out, value->text);
    } else if (value->kind == CF_NB_STRING) {
        cf_nb_json_write_string(w->out, value->text);
    } else {
        const bool list = value->kind == CF_NB_LIST;
        cf_nb_text_addc(w->out, list ? '[' : '{');
        w->depth++;
        if (list)
            write_list(w, value);
        else
            write_object(w, value);
        w->depth--;
        if (value->count > 0) new_line(w);
        cf_nb_text_addc(w->out, list ? ']' : '}');
    }
}

void cf_nb_json_write(cf_nb_text *out, const cf_nb_json *value, bool pretty) {
    writer w = {out, pretty, 0};
    write_value(&w, value);
}
