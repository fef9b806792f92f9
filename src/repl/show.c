/* Shows what a session hands over: results on standard output, messages and progress on
 * standard error.  Results are written as they come, so that a reader at the other end of a
 * pipe sees the first one while the second is being computed. */

#define _GNU_SOURCE /* pipe2 */

#include "repl/terminal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_AFTER_MS = 500 };

static bool for_people(cf_format format) {
    return format == CF_FORMAT_BOX || format == CF_FORMAT_PLAIN ||
           format == CF_FORMAT_MARKDOWN || format == CF_FORMAT_VERTICAL;
}

bool cf_terminal_shows_all(cf_format format) {
    return !isatty(STDOUT_FILENO) || !(format == CF_FORMAT_COUNT || for_people(format));
}

static bool dumb_terminal(void) {
    const char *term = getenv("TERM");
    return term == NULL || *term == '\0' || strcmp(term, "dumb") == 0;
}

static bool wants_color(cf_color color, bool tty) {
    if (color != CF_COLOR_AUTO) return color == CF_COLOR_ALWAYS;
    const char *no = getenv("NO_COLOR");
    return tty && !dumb_terminal() && (no == NULL || *no == '\0');
}

static void say_format(const cf_terminal *t) {
    static const char *const words[] = {
#define CF_FORMAT(name, word) word,
#include "cutflow/formats.def"
#undef CF_FORMAT
    };
    (void)cf_session_set(t->session, "format", words[t->format], NULL);
}

/* Where nobody has chosen a locale (containers), UTF-8: programs and files are. */
static void choose_locale(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    bool chosen = false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        chosen |= value != NULL && *value != '\0';
    }
    setlocale(LC_CTYPE, chosen ? "" : "C.UTF-8"); /* NOLINT: no other thread is there yet */
}

cf_terminal *cf_terminal_new(cf_session *session, const cf_terminal_options *options) {
    cf_terminal *t = calloc(1, sizeof(*t));
    if (t == NULL) return NULL;
    choose_locale();
    t->session = session;
    t->out_tty = isatty(STDOUT_FILENO);
    t->err_tty = isatty(STDERR_FILENO);
    t->format = options->format != CF_FORMAT_COUNT ? options->format
                : t->out_tty                       ? CF_FORMAT_BOX
                                                   : CF_FORMAT_PLAIN;
    t->color_out = wants_color(options->color, t->out_tty);
    t->color_err = wants_color(options->color, t->err_tty);
    t->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    t->safe = options->safe;
    t->stdin_taken = options->stdin_taken;
    if (pipe2(t->wake, O_CLOEXEC | O_NONBLOCK) != 0) t->wake[0] = t->wake[1] = -1;
    say_format(t);
    return t;
}

void cf_terminal_free(cf_terminal *t) {
    if (t == NULL) return;
    if (t->last != NULL) cf_result_release(t->last);
    if (t->wake[0] >= 0) close(t->wake[0]);
    if (t->wake[1] >= 0) close(t->wake[1]);
    free(t);
}

int cf_terminal_output_error(const cf_terminal *t) {
    return t->output_errno;
}

/* `%set format` may have changed it since the start. */
static cf_format format_now(const cf_terminal *t) {
    char *word = cf_session_get(t->session, "format");
    const cf_format format = word != NULL ? cf_format_of(word) : CF_FORMAT_COUNT;
    free(word);
    return format != CF_FORMAT_COUNT ? format : t->format;
}

static void progress_clear(cf_terminal *t) {
    if (!t->progress_drawn) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    t->progress_drawn = false;
}

void cf_show_settle(cf_terminal *t) {
    progress_clear(t);
    fflush(stdout);
}

static void put_out(cf_terminal *t, const char *data, size_t size) {
    progress_clear(t);
    if (t->output_errno != 0) return;
    if (fwrite(data, 1, size, stdout) == size && fflush(stdout) == 0) return;
    t->output_errno = errno;
    clearerr(stdout);
    if (!t->prompting) cf_session_interrupt(t->session); /* nobody can read the rest */
}

static void put_line(cf_terminal *t, const char *data, size_t size) {
    put_out(t, data, size);
    if (size > 0 && data[size - 1] != '\n') put_out(t, "\n", 1);
}

void cf_show_text(cf_terminal *t, const char *text, size_t size) {
    if (t->prompting && t->out_tty) {
        unsigned columns, rows;
        cf_screen_size(&columns, &rows);
        progress_clear(t);
        if (cf_text_exceeds(text, size, columns, rows) && cf_pager_show(t, text, size)) return;
    }
    put_line(t, text, size);
}

char *cf_show_render(const cf_terminal *t, const cf_result *r, bool whole, size_t *size) {
    const cf_format format = format_now(t);
    unsigned columns = 0, rows;
    if (t->out_tty && !whole) cf_screen_size(&columns, &rows);
    const cf_render_options options = {
        .format = format,
        .width = columns,
        .color = t->color_out && for_people(format),
        .unicode = t->unicode,
        .drawing = format == CF_FORMAT_BOX,
    };
    return cf_result_render(r, &options, size);
}

/* People get a blank line between two results, and so do csv and plain; JSON goes on a line
 * each. */
static void put_separator(cf_terminal *t) {
    const cf_format format = format_now(t);
    if (t->shown && format != CF_FORMAT_JSON && format != CF_FORMAT_JSONLINES)
        put_out(t, "\n", 1);
    t->shown = true;
}

static void on_result(void *user, cf_result *r) {
    cf_terminal *t = user;
    cf_result_retain(r);
    if (t->last != NULL) cf_result_release(t->last);
    t->last = r;
    if (t->quiet) return;
    size_t size = 0;
    char *text = cf_show_render(t, r, false, &size);
    if (text == NULL) cf_show_note(t, "not enough memory to show a result");
    if (text != NULL && size > 0) {
        put_separator(t);
        cf_show_text(t, text, size);
    }
    free(text);
}

static void on_text(void *user, bool to_stderr, const char *data, size_t size) {
    cf_terminal *t = user;
    if (t->quiet) return;
    if (!to_stderr) {
        put_out(t, data, size);
        return;
    }
    progress_clear(t);
    fwrite(data, 1, size, stderr);
    fflush(stderr);
}

void cf_show_note(cf_terminal *t, const char *line) {
    progress_clear(t);
    fflush(stdout);
    fprintf(stderr, "%s\n", line);
    fflush(stderr);
}

void cf_show_error(cf_terminal *t, const char *rendered) {
    char *colored = t->color_err ? cf_style_error(rendered) : NULL;
    const char *text = colored != NULL ? colored : rendered;
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == '\n')
        size--;
    progress_clear(t);
    fflush(stdout);
    fprintf(stderr, "%.*s\n", (int)size, text);
    fflush(stderr);
    free(colored);
}

static void on_diagnostic(void *user, const char *rendered, const cf_error *e, bool warning) {
    (void)e;
    (void)warning;
    cf_show_error(user, rendered);
}

static void on_progress(void *user, const cf_progress_report *p) {
    cf_terminal *t = user;
    if (!t->err_tty || dumb_terminal() || p->seconds * 1000 < PROGRESS_AFTER_MS) return;
    char line[256];
    unsigned columns, rows;
    cf_screen_size(&columns, &rows);
    cf_style_progress(line, sizeof(line), p, columns, t->unicode);
    if (cf_text_exceeds(line, strlen(line), columns - 1, 2))
        line[columns > 1 ? columns - 1 : 0] = '\0';
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    t->progress_drawn = true;
}

static bool timer_on(const cf_terminal *t) {
    char *value = cf_session_get(t->session, "timer");
    const bool on = value != NULL && (strcmp(value, "on") == 0 || strcmp(value, "true") == 0);
    free(value);
    return on;
}

static void on_timing(void *user, const cf_timing *timing) {
    cf_terminal *t = user;
    if (t->quiet || !timer_on(t)) return;
    char line[256];
    cf_style_timing(line, sizeof(line), timing);
    cf_show_note(t, line);
}

/* One byte of standard input, or -1: the end, or the cell was interrupted. */
static int wait_byte(const cf_terminal *t) {
    struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {t->wake[0], POLLIN, 0}};
    for (;;) {
        if (poll(fds, 2, -1) < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        if (fds[1].revents != 0) return -1;
        unsigned char c;
        const ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR) continue;
        return n == 1 ? c : -1;
    }
}

static char *read_line(const cf_terminal *t) {
    size_t size = 0, capacity = 128;
    char *line = malloc(capacity);
    int c = -1;
    while (line != NULL && (c = wait_byte(t)) >= 0 && c != '\n') {
        if (size + 1 == capacity) {
            char *grown = realloc(line, capacity *= 2);
            if (grown == NULL) free(line);
            line = grown;
            if (line == NULL) return NULL;
        }
        line[size++] = (char)c;
    }
    if (line == NULL || (c < 0 && size == 0)) {
        free(line);
        return NULL;
    }
    line[size] = '\0';
    return line;
}

static char *on_input(void *user, const char *prompt) {
    cf_terminal *t = user;
    if (t->stdin_taken) return NULL;
    progress_clear(t);
    if (prompt != NULL && isatty(STDIN_FILENO)) {
        fflush(stdout);
        fputs(prompt, stderr);
        fflush(stderr);
    }
    return read_line(t);
}

cf_callbacks cf_show_callbacks(cf_terminal *t) {
    return (cf_callbacks){
        .user = t,
        .result = on_result,
        .text = on_text,
        .diagnostic = on_diagnostic,
        .progress = on_progress,
        .timing = on_timing,
        .input = on_input,
    };
}
