#include "io/csv_record.h"

/* The loop that everything of CSV goes through: a table tells the bytes that end a bare field,
 * and a newline behind the buffer stops every search. */

#include <string.h>

void cf_csv_scan_init(cf_csv_scan *s, const char *data, size_t size, bool last,
                      char separator) {
    *s = (cf_csv_scan){.at = data, .end = data + size, .last = last, .separator = separator};
    s->special[(unsigned char)separator] = true;
    s->special[(unsigned char)'\n'] = true;
}

/* From behind the opening quote to the closing one, NULL: there is none. */
static const char *closing_quote(const char *at, const char *end, bool *doubled) {
    *doubled = false;
    for (;;) {
        const char *quote = at == end ? NULL : memchr(at, '"', (size_t)(end - at));
        if (quote == NULL || quote + 1 == end || quote[1] != '"') return quote;
        *doubled = true;
        at = quote + 2;
    }
}

/* A field in quotes that begins at `at`; *next: the separator or line end behind it. */
static cf_csv_outcome quoted_field(const cf_csv_scan *s, const char *at, cf_csv_field *field,
                                   const char **next) {
    const char *quote = closing_quote(at + 1, s->end, &field->doubled);
    *next = at;
    if (quote == NULL) return s->last ? CF_CSV_OPEN_QUOTE : CF_CSV_CUT;
    field->data = at + 1;
    field->size = (size_t)(quote - field->data);
    field->quoted = true;
    *next = quote + 1;
    while (*next < s->end && (**next == ' ' || **next == '\r'))
        ++*next;
    return s->special[(unsigned char)**next] ? CF_CSV_RECORD : CF_CSV_AFTER_QUOTE;
}

static const char *bare_field(const cf_csv_scan *s, const char *at, cf_csv_field *field) {
    const char *p = at;
    while (!s->special[(unsigned char)*p])
        p++;
    field->data = at;
    field->size = (size_t)(p - at);
    field->quoted = field->doubled = false;
    if (*p == '\n' && p > at && p[-1] == '\r') field->size--;
    return p;
}

cf_csv_outcome cf_csv_next(cf_csv_scan *s, cf_csv_field *fields, size_t capacity,
                           size_t *count) {
    cf_csv_field beyond;
    *count = 0;
    if (s->at == s->end) return CF_CSV_END;
    const char *p = s->at;
    for (;;) {
        cf_csv_field *field = *count < capacity ? &fields[*count] : &beyond;
        ++*count;
        if (*p == '"' && p < s->end) {
            const cf_csv_outcome outcome = quoted_field(s, p, field, &p);
            if (outcome != CF_CSV_RECORD) {
                if (outcome != CF_CSV_CUT) s->at = p;
                return outcome;
            }
        } else {
            p = bare_field(s, p, field);
        }
        if (p == s->end && !s->last) return CF_CSV_CUT;
        if (*p == '\n') break;
        p++;
    }
    s->at = p < s->end ? p + 1 : p;
    return CF_CSV_RECORD;
}

void cf_csv_unescape(cf_csv_field *field) {
    if (!field->doubled) return;
    /* The bytes are the caller's own buffer: they become its text. */
    char *to = (char *)(uintptr_t)field->data;
    size_t size = 0;
    for (size_t i = 0; i < field->size; i++) {
        to[size++] = field->data[i];
        if (field->data[i] == '"') i++;
    }
    field->size = size;
    field->doubled = false;
}

/* How well a separator cuts: records with as many fields as the first, of all looked at. */
typedef struct {
    size_t columns, even, records;
} cutting;

static cutting try_separator(const char *data, size_t size, bool last, char separator) {
    cf_csv_scan s;
    cf_csv_scan_init(&s, data, size, last, separator);
    cutting c = {0};
    size_t count;
    while (c.records < 200) {
        const bool blank = s.at < s.end && (*s.at == '\n' || *s.at == '\r');
        if (cf_csv_next(&s, NULL, 0, &count) != CF_CSV_RECORD) break;
        if (blank && count == 1) continue;
        if (c.records++ == 0) c.columns = count;
        c.even += count == c.columns;
    }
    return c;
}

char cf_csv_guess_separator(const char *data, size_t size, bool last, char otherwise) {
    static const char candidates[] = {',', '\t', ';', '|'};
    char best = otherwise;
    cutting best_cut = {0, 0, 1};
    for (size_t i = 0; i < CF_COUNT(candidates); i++) {
        const cutting c = try_separator(data, size, last, candidates[i]);
        if (c.columns < 2 || 2 * c.even <= c.records) continue;
        const size_t left = c.even * best_cut.records, right = best_cut.even * c.records;
        if (left < right || (left == right && c.columns <= best_cut.columns)) continue;
        best = candidates[i];
        best_cut = c;
    }
    return best;
}
