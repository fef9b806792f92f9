/* Lines that a terminal shows beside the results: progress, timing, coloured messages.
 * Functions from values to text and nothing else, so that tests can read what users see. */

#include "repl/terminal_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void count_text(char out[24], double n) {
    static const char unit[] = " kMGT";
    size_t u = 0;
    while (n >= 9999.5 && u + 2 < sizeof(unit)) {
        n /= 1000;
        u++;
    }
    if (u == 0)
        snprintf(out, 24, "%.0f", n);
    else
        snprintf(out, 24, "%.*f%c", n < 99.95 ? 1 : 0, n, unit[u]);
}

static void bytes_text(char out[24], double n) {
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    size_t u = 0;
    while (n >= 999.5 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
        n /= 1000;
        u++;
    }
    snprintf(out, 24, "%.*f %s", u > 0 && n < 99.95 ? 1 : 0, n, unit[u]);
}

static void seconds_text(char out[24], double s) {
    if (s < 0.9995)
        snprintf(out, 24, "%.3g ms", s * 1000);
    else if (s < 99.95)
        snprintf(out, 24, "%.1f s", s);
    else if (s < 3600)
        snprintf(out, 24, "%d min %02d s", (int)s / 60, (int)s % 60);
    else if (s < 1e9)
        snprintf(out, 24, "%d h %02d min", (int)s / 3600, (int)s % 3600 / 60);
    else
        snprintf(out, 24, "very long");
}

static size_t min_size(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t bar(char *out, size_t capacity, double share, bool unicode) {
    const int cells = 20, full = (int)(share * cells + 0.5);
    size_t n = 0;
    for (int i = 0; i < cells && n + 4 < capacity; i++) {
        const char *cell = unicode ? (i < full ? "█" : "░") : (i < full ? "#" : "-");
        const size_t size = strlen(cell);
        memcpy(out + n, cell, size);
        n += size;
    }
    out[n] = '\0';
    return n;
}

static size_t progress(char *out, size_t capacity, const cf_progress_report *p,
                       unsigned columns, bool unicode) {
    char done[24], total[24], bytes[24], passed[24], left[40] = "", meter[100] = "",
                                                     step[32] = "";
    count_text(done, (double)p->rows_done);
    bytes_text(bytes, (double)p->bytes_read);
    seconds_text(passed, p->seconds);
    if (p->eta_seconds >= 0) {
        char eta[24];
        seconds_text(eta, p->eta_seconds);
        snprintf(left, sizeof(left), ", %s left", eta);
    }
    if (p->steps > 1) snprintf(step, sizeof(step), "step %u of %u  ", p->step, p->steps);
    if (p->rows_total <= 0) {
        const int n =
            snprintf(out, capacity, "%s%s rows  %s  %s%s", step, done, bytes, passed, left);
        return min_size((size_t)n, capacity - 1);
    }
    double share = (double)p->rows_done / (double)p->rows_total;
    if (share > 1) share = 1;
    if (columns >= 110) {
        const size_t n = bar(meter, sizeof(meter) - 2, share, unicode);
        memcpy(meter + n, "  ", 3);
    }
    count_text(total, (double)p->rows_total);
    const int n = snprintf(out, capacity, "%s%s%3.0f%%  %s of %s rows  %s  %s%s", step, meter,
                           share * 100, done, total, bytes, passed, left);
    return min_size((size_t)n, capacity - 1);
}

size_t cf_style_progress(char *out, size_t capacity, const cf_progress_report *p,
                         unsigned columns, bool unicode) {
    const size_t size = progress(out, capacity, p, columns, unicode);
    if (p->note == NULL || p->note[0] == '\0') return size;
    const int more = snprintf(out + size, capacity - size, "  %s", p->note);
    return min_size(size + (size_t)more, capacity - 1);
}

size_t cf_style_timing(char *out, size_t capacity, const cf_timing *timing) {
    char wall[24], cpu[24], rows[24], read[24], unpacked[24], peak[24];
    seconds_text(wall, (double)timing->wall_ns / 1e9);
    seconds_text(cpu, (double)timing->cpu_ns / 1e9);
    count_text(rows, (double)timing->rows);
    bytes_text(read, (double)timing->bytes_read);
    bytes_text(unpacked, (double)timing->bytes_unpacked);
    bytes_text(peak, (double)timing->peak_bytes);
    const int n =
        snprintf(out, capacity, "time: %s, cpu %s, %s rows, %s read, %s unpacked, peak %s",
                 wall, cpu, rows, read, unpacked, peak);
    return min_size((size_t)n, capacity - 1);
}

/* A text that grows, with one flag for "memory ran out". */
typedef struct {
    char *data;
    size_t size, capacity;
    bool failed;
} buffer;

static void add(buffer *b, const char *data, size_t size) {
    if (b->data == NULL || b->size + size + 1 > b->capacity) {
        const size_t capacity = 2 * b->capacity + size + 256;
        char *grown = realloc(b->data, capacity);
        if (grown == NULL) {
            b->failed = true;
            return;
        }
        b->data = grown;
        b->capacity = capacity;
    }
    memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = '\0';
}

static void add_styled(buffer *b, const char *style, const char *data, size_t size) {
    add(b, style, strlen(style));
    add(b, data, size);
    add(b, "\033[0m", 4);
}

/* `error[E0012]: no column ...`: the word in its colour, the rest of the line bold. */
static bool add_headline(buffer *b, const char *line, size_t size) {
    const bool error = strncmp(line, "error", 5) == 0,
               warning = strncmp(line, "warning", 7) == 0;
    const char *colon = memchr(line, ':', size);
    if (!(error || warning) || colon == NULL) return false;
    const size_t word = (size_t)(colon - line) + 1;
    add_styled(b, error ? "\033[1;31m" : "\033[1;33m", line, word);
    add_styled(b, "\033[1m", line + word, size - word);
    return true;
}

/* `    |    ^^^^ unknown name`: only blanks, a number and a bar may stand before the carets. */
static bool add_carets(buffer *b, const char *line, size_t size) {
    const char *bar = memchr(line, '|', size);
    if (bar == NULL) return false;
    size_t at = (size_t)(bar - line) + 1;
    while (at < size && line[at] == ' ')
        at++;
    if (at == size || line[at] != '^') return false;
    add(b, line, at);
    add_styled(b, "\033[1;31m", line + at, size - at);
    return true;
}

char *cf_style_error(const char *rendered) {
    buffer b = {0};
    for (const char *line = rendered; *line != '\0';) {
        const size_t size = strcspn(line, "\n");
        if (strncmp(line, "help:", 5) == 0) {
            add_styled(&b, "\033[1;36m", line, 5);
            add(&b, line + 5, size - 5);
        } else if (!add_headline(&b, line, size) && !add_carets(&b, line, size)) {
            add(&b, line, size);
        }
        line += size;
        if (*line == '\n') {
            add(&b, "\n", 1);
            line++;
        }
    }
    if (b.data == NULL) add(&b, "", 0);
    if (!b.failed) return b.data;
    free(b.data);
    return NULL;
}
