/* Errors as people read them: code, source line, carets under the smallest place, help. */

#include "session/session_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t number, begin, end; /* line from 1; its bytes */
} line_place;

static line_place line_of(const char *text, size_t size, size_t at) {
    line_place p = {1, 0, size};
    if (at > size) at = size;
    for (size_t i = 0; i < at; i++)
        if (text[i] == '\n') {
            p.number++;
            p.begin = i + 1;
        }
    const char *end = p.begin < size ? memchr(text + p.begin, '\n', size - p.begin) : NULL;
    p.end = end == NULL ? size : (size_t)(end - text);
    return p;
}

static void add_spaces(cf_text *out, int n) {
    for (int i = 0; i < n; i++)
        cf_text_addc(out, ' ');
}

/* A line that is longer than the page is cut around the place that matters. */
#define LINE_WIDTH 72

static void add_source_line(cf_text *out, const char *text, line_place p, size_t begin,
                            size_t end, const char *label, const char *name) {
    char head[160];
    if (name != NULL)
        (void)snprintf(head, sizeof head, "  %s, line %zu | ", name, p.number);
    else
        (void)snprintf(head, sizeof head, "  %zu | ", p.number);
    const int head_width = cf_utf8_width(head, strlen(head));
    size_t from = p.begin, to = p.end;
    if (end > p.end) end = p.end;
    if (to - from > LINE_WIDTH) {
        if (begin > from + LINE_WIDTH / 2) from = begin - LINE_WIDTH / 2;
        while (from > p.begin && ((unsigned char)text[from] & 0xC0) == 0x80)
            from--;
        if (to > from + LINE_WIDTH) to = from + LINE_WIDTH;
        while (to < p.end && ((unsigned char)text[to] & 0xC0) == 0x80)
            to++;
    }
    cf_text_adds(out, head);
    for (size_t i = from; i < to; i++)
        cf_text_addc(out, text[i] == '\t' ? ' ' : text[i]);
    cf_text_addc(out, '\n');
    add_spaces(out, head_width - 2);
    cf_text_adds(out, "| ");
    if (begin >= from) add_spaces(out, cf_utf8_width(text + from, begin - from));
    int carets = end > begin ? cf_utf8_width(text + begin, (end < to ? end : to) > begin
                                                               ? (end < to ? end : to) - begin
                                                               : 0)
                             : 1;
    if (carets < 1) carets = 1;
    for (int i = 0; i < carets; i++)
        cf_text_addc(out, '^');
    if (label[0] != 0) cf_text_addf(out, " %s", label);
    cf_text_addc(out, '\n');
}

static void add_place(cf_text *out, const char *text, size_t size, cf_span span,
                      const char *label, const char *name) {
    if (text == NULL || span.source == 0 || span.begin > size) return;
    size_t begin = span.begin, end = span.end > size ? size : span.end;
    while (end > begin + 1 && (text[end - 1] == '\n' || text[end - 1] == ' '))
        end--;
    if (begin == size && begin > 0 && text[begin - 1] == '\n') begin--;
    const line_place p = line_of(text, size, begin);
    add_source_line(out, text, p, begin, end, label, name);
}

char *cf_error_render(const cf_error *e, const char *text, size_t size, const char *name,
                      bool warning) {
    cf_text out = {0};
    if (warning)
        cf_text_addf(&out, "warning: %s\n", e->message);
    else
        cf_text_addf(&out, "error[E%04d]: %s\n", (int)e->status, e->message);
    if (e->cause.source != 0 && e->cause.begin < e->span.begin)
        add_place(&out, text, size, e->cause, e->because, name);
    add_place(&out, text, size, e->span, e->label, name);
    if (e->cause.source != 0 && e->cause.begin >= e->span.begin)
        add_place(&out, text, size, e->cause, e->because, name);
    if (e->trail[0] != 0) cf_text_addf(&out, "  %s\n", e->trail);
    if (e->hint[0] != 0) cf_text_addf(&out, "help: %s\n", e->hint);
    return out.data;
}
