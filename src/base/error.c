#include "cutflow/error.h"

/* Every text of a cf_error is cut to the room it has, between characters and never inside one.
 */

#include "base/base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *cf_errno_text(void) {
    static _Thread_local char text[128];
    const int code = errno;
    if (strerror_r(code, text, sizeof text) != 0)
        (void)snprintf(text, sizeof text, "error %d", code);
    return text;
}

/* Takes back the bytes of a character that vsnprintf cut in two. */
static void drop_cut_character(char *text, size_t size) {
    size_t start = size;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0) return;
    start--;
    if ((unsigned char)text[start] < 0x80) return;
    uint32_t code_point;
    const size_t used = cf_utf8_next(text + start, size - start, &code_point);
    if (used == 1 || used != size - start) text[start] = '\0';
}

CF_PRINTF(3, 0)
static void print_cut(char *out, size_t room, const char *fmt, va_list args) {
    const int wanted = vsnprintf(out, room, fmt, args);
    if (wanted >= 0 && (size_t)wanted >= room) drop_cut_character(out, strlen(out));
}

cf_status cf_fail(cf_error *err, cf_status status, cf_span at, const char *fmt, ...) {
    CF_ASSERT(status != CF_OK);
    if (err == NULL || err->status != CF_OK) return status;
    err->status = status;
    err->span = at;
    va_list args;
    va_start(args, fmt);
    print_cut(err->message, sizeof err->message, fmt, args);
    va_end(args);
    return status;
}

void cf_error_while(cf_error *err, const char *fmt, ...) {
    if (err == NULL || err->status == CF_OK) return;
    size_t used = strlen(err->trail);
    const char *lead = used == 0 ? "while " : ", while ";
    if (used + strlen(lead) + 1 >= sizeof err->trail) return;
    memcpy(err->trail + used, lead, strlen(lead) + 1);
    used += strlen(lead);
    va_list args;
    va_start(args, fmt);
    print_cut(err->trail + used, sizeof err->trail - used, fmt, args);
    va_end(args);
}

void cf_error_hint(cf_error *err, const char *fmt, ...) {
    if (err == NULL || err->status == CF_OK) return;
    va_list args;
    va_start(args, fmt);
    print_cut(err->hint, sizeof err->hint, fmt, args);
    va_end(args);
}

void cf_error_label(cf_error *err, const char *fmt, ...) {
    if (err == NULL || err->status == CF_OK) return;
    va_list args;
    va_start(args, fmt);
    print_cut(err->label, sizeof err->label, fmt, args);
    va_end(args);
}

void cf_error_because(cf_error *err, cf_span cause, const char *fmt, ...) {
    if (err == NULL || err->status == CF_OK) return;
    err->cause = cause;
    va_list args;
    va_start(args, fmt);
    print_cut(err->because, sizeof err->because, fmt, args);
    va_end(args);
}

const char *cf_status_title(int code) {
    switch (code) {
#define CF_ERR(number, name, title) \
    case number:                    \
        return title;
#include "cutflow/errors.def"
#undef CF_ERR
    default: return NULL;
    }
}

void cf_assert_failed(const char *what, const char *file, int line) {
    (void)fflush(stdout);
    (void)fprintf(stderr, "cutflow: internal mistake at %s:%d: not true: %s\n", file, line,
                  what);
    abort();
}
