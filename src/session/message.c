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

/* ANSI colours of a message: what went wrong, where, and what helps. */
typedef enum { PLAIN, WRONG, BOLD, PLACE, HELP } tint;

typedef struct {
    cf_text text;
    bool color;
} page;

static void begin_tint(page *p, tint t) {
    static const char *const codes[] = {"0", "1;31", "1", "1;36", "32"};
    if (p->color) cf_text_addf(&p->text, "\033[%sm", codes[t]);
}

static void end_tint(page *p) {
    begin_tint(p, PLAIN);
}

static void add_spaces(cf_text *out, int n) {
    for (int i = 0; i < n; i++)
        cf_text_addc(out, ' ');
}

/* A line that is longer than the page is cut around the place that matters. */
#define LINE_WIDTH 72

static void add_head(page *to, const char *head) {
    begin_tint(to, PLACE);
    cf_text_adds(&to->text, head);
    end_tint(to);
}

/* A tab as a blank; what is no character, or would command the terminal, as a replacement. */
static void add_visible(cf_text *out, const char *text, size_t size) {
    for (size_t i = 0; i < size;) {
        uint32_t c = 0;
        char utf8[4];
        i += cf_utf8_next(text + i, size - i, &c);
        if (c == '\t') c = ' ';
        if (c < 0x20 || (c >= 0x7F && c < 0xA0)) c = 0xFFFD;
        cf_text_add(out, utf8, cf_utf8_put(utf8, c));
    }
}

static void add_source_line(page *on, const char *text, line_place p, size_t begin, size_t end,
                            const char *label, const char *name) {
    cf_text *out = &on->text;
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
    add_head(on, head);
    const bool cut = from > p.begin && begin >= from + 2 && (text[from] & 0x80) == 0 &&
                     (text[from + 1] & 0x80) == 0;
    if (cut) cf_text_adds(out, "..");
    add_visible(out, text + from + (cut ? 2 : 0), to - from - (cut ? 2 : 0));
    cf_text_addc(out, '\n');
    add_spaces(out, head_width - 2);
    add_head(on, "| ");
    if (begin >= from) add_spaces(out, cf_utf8_width(text + from, begin - from));
    int carets = end > begin ? cf_utf8_width(text + begin, (end < to ? end : to) > begin
                                                               ? (end < to ? end : to) - begin
                                                               : 0)
                             : 1;
    if (carets < 1) carets = 1;
    begin_tint(on, WRONG);
    for (int i = 0; i < carets; i++)
        cf_text_addc(out, '^');
    if (label[0] != 0) cf_text_addf(out, " %s", label);
    end_tint(on);
    cf_text_addc(out, '\n');
}

static void add_place(page *out, const char *text, size_t size, cf_span span, const char *label,
                      const char *name) {
    if (text == NULL || span.source == 0 || span.begin > size) return;
    size_t begin = span.begin, end = span.end > size ? size : span.end;
    while (end > begin + 1 && (text[end - 1] == '\n' || text[end - 1] == ' '))
        end--;
    if (begin == size && begin > 0 && text[begin - 1] == '\n') begin--;
    const line_place p = line_of(text, size, begin);
    add_source_line(out, text, p, begin, end, label, name);
}

static void add_title(page *p, const cf_error *e, bool warning) {
    begin_tint(p, warning ? PLACE : WRONG);
    if (warning)
        cf_text_adds(&p->text, "warning");
    else
        cf_text_addf(&p->text, "error[E%04d]", (int)e->status);
    end_tint(p);
    begin_tint(p, BOLD);
    cf_text_addf(&p->text, ": %s", e->message);
    end_tint(p);
    cf_text_addc(&p->text, '\n');
}

static void add_help(page *p, const char *hint) {
    begin_tint(p, HELP);
    cf_text_adds(&p->text, "help");
    end_tint(p);
    cf_text_addf(&p->text, ": %s\n", hint);
}

static char *render(const cf_error *e, const char *text, size_t size, const char *name,
                    bool warning, bool color) {
    page p = {.color = color};
    add_title(&p, e, warning);
    const bool cause = e->cause.source != 0, before = e->cause.begin < e->span.begin;
    if (cause && before) add_place(&p, text, size, e->cause, e->because, name);
    add_place(&p, text, size, e->span, e->label, name);
    if (cause && !before) add_place(&p, text, size, e->cause, e->because, name);
    if (e->trail[0] != 0) cf_text_addf(&p.text, "  %s\n", e->trail);
    if (e->hint[0] != 0) add_help(&p, e->hint);
    return p.text.data;
}

char *cf_error_render(const cf_error *e, const char *text, size_t size, const char *name,
                      bool warning) {
    return render(e, text, size, name, warning, false);
}

char *cf_error_traceback(const cf_error *e, const char *text, size_t size, const char *name) {
    return render(e, text, size, name, false, true);
}

void cf_error_name(const cf_error *e, char name[32]) {
    if (e->status == CF_E_CANCELLED)
        (void)snprintf(name, 32, "KeyboardInterrupt");
    else
        (void)snprintf(name, 32, "E%04d", (int)e->status);
}
