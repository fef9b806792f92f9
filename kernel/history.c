/* What was run, over all sessions.  Any number of kernels append to one file: each line is
 * written under a lock, in one piece. */

#include "kernel/history.h"

#include "kernel/json.h"
#include "kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_SIZE_MAX = 8 << 20, FILE_SIZE_KEPT = 4 << 20 };

void cf_history_init(cf_history *h) {
    *h = (cf_history){.session = 0};
}

void cf_history_clear(cf_history *h) {
    cf_growing_clear(&h->lines);
}

/* ---- the file ---- */

static void make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        (void)mkdir(path, 0700);
        *slash = '/';
    }
}

/* False: no history is kept on disk. */
static bool find_path(cf_growing *path) {
    const char *own = getenv("CUTFLOW_HISTORY"), *data = getenv("XDG_DATA_HOME"),
               *home = getenv("HOME");
    if (own != NULL)
        cf_growing_adds(path, own);
    else if (data != NULL && data[0] == '/')
        cf_growing_addf(path, "%s/cutflow/kernel-history.jsonl", data);
    else if (home != NULL && home[0] == '/')
        cf_growing_addf(path, "%s/.local/share/cutflow/kernel-history.jsonl", home);
    return path->size > 0;
}

/* Is this still the file of that name?  Another kernel may have written it anew. */
static bool is_current(int fd, const char *path) {
    struct stat open_one, named;
    return fstat(fd, &open_one) == 0 && stat(path, &named) == 0 &&
           open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* Opened and locked; -1: there is none. */
static int open_file(const char *path) {
    for (int attempt = 0; attempt < 3; attempt++) {
        const int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) return -1;
        int locked;
        do
            locked = flock(fd, LOCK_EX);
        while (locked != 0 && errno == EINTR);
        if (locked == 0 && is_current(fd, path)) return fd;
        close(fd);
    }
    return -1;
}

static int open_history(cf_growing *path) {
    if (!find_path(path)) return -1;
    make_folders(path->data);
    return open_file(path->data);
}

static void read_all(int fd, cf_growing *to) {
    char piece[16384];
    off_t at = 0;
    for (ssize_t n; (n = pread(fd, piece, sizeof piece, at)) > 0; at += n)
        cf_growing_add(to, piece, (size_t)n);
}

static bool write_all(int fd, cf_slice text) {
    while (text.size > 0) {
        const ssize_t n = write(fd, text.data, text.size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        text.data += n;
        text.size -= (size_t)n;
    }
    return true;
}

/* Keeps the newer half of a file that has become large. */
static void shorten(const char *path, cf_slice text) {
    if (text.size <= FILE_SIZE_MAX) return;
    const size_t skipped = text.size - FILE_SIZE_KEPT;
    const char *start = memchr(text.data + skipped, '\n', text.size - skipped);
    if (start == NULL) return;
    const size_t kept = (size_t)(text.data + text.size - (start + 1));
    cf_growing temporary = {0};
    cf_growing_addf(&temporary, "%s.%ld", path, (long)getpid());
    const int fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        const bool ok = write_all(fd, (cf_slice){start + 1, kept});
        close(fd);
        if (!ok || rename(temporary.data, path) != 0) (void)unlink(temporary.data);
    }
    cf_growing_clear(&temporary);
}

/* Each line, without its end; false: no more. */
static bool next_line(cf_slice *text, cf_slice *line) {
    if (text->size == 0) return false;
    const char *end = memchr(text->data, '\n', text->size);
    line->data = text->data;
    line->size = end != NULL ? (size_t)(end - text->data) : text->size;
    const size_t used = line->size + (end != NULL ? 1 : 0);
    text->data += used;
    text->size -= used;
    return true;
}

static int64_t greatest_session(cf_slice text) {
    static const char start[] = "{\"session\":";
    int64_t greatest = 0;
    for (cf_slice line; next_line(&text, &line);) {
        if (line.size < sizeof start + 1 || memcmp(line.data, start, sizeof start - 1) != 0)
            continue;
        const long long n = strtoll(line.data + sizeof start - 1, NULL, 10);
        if (n > greatest && n < INT64_MAX) greatest = n;
    }
    return greatest;
}

/* A session gets its number when it first has something to keep. */
static void begin_session(cf_history *h) {
    if (h->session != 0) return;
    cf_growing path = {0}, text = {0}, line = {0};
    int fd = open_history(&path);
    h->session = 1;
    if (fd >= 0) {
        char date[32];
        read_all(fd, &text);
        cf_date_now(date);
        h->session = greatest_session(cf_growing_slice(&text)) + 1;
        cf_growing_addf(&line, "{\"session\":%lld,\"date\":\"%s\"}\n", (long long)h->session,
                        date);
        (void)write_all(fd, cf_growing_slice(&line));
        shorten(path.data, cf_growing_slice(&text));
        close(fd);
    }
    cf_growing_clear(&path);
    cf_growing_clear(&text);
    cf_growing_clear(&line);
}

void cf_history_append(cf_history *h, int64_t line, cf_slice input) {
    begin_session(h);
    cf_growing text = {0}, path = {0};
    cf_growing_addf(&text, "{\"session\":%lld,\"line\":%lld,\"input\":", (long long)h->session,
                    (long long)line);
    cf_put_text(&text, input);
    cf_growing_adds(&text, "}\n");
    const int fd = open_history(&path);
    if (fd >= 0) {
        (void)write_all(fd, cf_growing_slice(&text));
        close(fd);
    } else {
        cf_growing_add(&h->lines, text.data, text.size);
    }
    cf_growing_clear(&path);
    cf_growing_clear(&text);
}

/* ---- questions ---- */

typedef struct {
    int64_t session, line;
    cf_slice input; /* quoted */
} row;

typedef struct {
    row *rows;
    size_t count, capacity;
} rows;

static void add_row(rows *to, row r) {
    if (to->count == to->capacity) {
        const size_t capacity = to->capacity == 0 ? 256 : 2 * to->capacity;
        row *grown = realloc(to->rows, capacity * sizeof *grown);
        if (grown == NULL) return;
        to->rows = grown;
        to->capacity = capacity;
    }
    to->rows[to->count++] = r;
}

static int compare_rows(const void *a, const void *b) {
    const row *x = a, *y = b;
    if (x->session != y->session) return x->session < y->session ? -1 : 1;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    return (x->input.data > y->input.data) - (x->input.data < y->input.data);
}

static rows read_rows(cf_slice text) {
    rows all = {0};
    for (cf_slice line; next_line(&text, &line);) {
        row r;
        if (!cf_jread_is_strict_object(line) ||
            !cf_jread_member_int(line, "session", &r.session) ||
            !cf_jread_member_int(line, "line", &r.line) ||
            !cf_jread_member(line, "input", &r.input) || r.input.data[0] != '"')
            continue;
        add_row(&all, r);
    }
    if (all.count > 0) qsort(all.rows, all.count, sizeof *all.rows, compare_rows);
    return all;
}

/* `*` is any text, `?` one character.  Only the last star is ever tried again. */
static bool glob_matches(cf_slice pattern, cf_slice text) {
    size_t p = 0, t = 0, star = SIZE_MAX, star_t = 0;
    while (t < text.size) {
        uint32_t point;
        const cf_slice rest = {text.data + t, text.size - t};
        if (p < pattern.size && pattern.data[p] == '*') {
            star = p++;
            star_t = t;
        } else if (p < pattern.size && pattern.data[p] == '?') {
            p++;
            t += cf_point_at(rest, &point);
        } else if (p < pattern.size && pattern.data[p] == text.data[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++star_t;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*')
        p++;
    return p == pattern.size;
}

typedef struct {
    char *pattern; /* NULL: not a search */
    size_t pattern_size;
    bool range, unique;
    int64_t session, start, stop; /* of a range */
    int64_t n;                    /* the last so many; negative: all */
} question;

static question read_question(cf_history *h, cf_slice request) {
    question q = {.n = -1, .stop = INT64_MAX};
    char *kind = cf_jread_member_text(request, "hist_access_type", NULL);
    if (kind != NULL && strcmp(kind, "search") == 0) {
        q.pattern = cf_jread_member_text(request, "pattern", &q.pattern_size);
        if (q.pattern == NULL) {
            q.pattern = cf_need_copy("*", 1);
            q.pattern_size = 1;
        }
        q.unique = cf_jread_member_bool(request, "unique", false);
    }
    q.range = kind != NULL && strcmp(kind, "range") == 0;
    free(kind);
    if (!q.range) {
        (void)cf_jread_member_int(request, "n", &q.n);
        return q;
    }
    (void)cf_jread_member_int(request, "session", &q.session);
    (void)cf_jread_member_int(request, "start", &q.start);
    (void)cf_jread_member_int(request, "stop", &q.stop);
    if (q.session <= 0) { /* 0: this one, -1: the one before */
        begin_session(h);
        q.session += h->session;
    }
    return q;
}

static bool wanted(const question *q, const row *r) {
    if (q->range) return r->session == q->session && r->line >= q->start && r->line < q->stop;
    if (q->pattern == NULL) return true;
    size_t size;
    char *input = cf_jread_text(r->input, &size);
    const bool yes = input != NULL && glob_matches((cf_slice){q->pattern, q->pattern_size},
                                                   (cf_slice){input, size});
    free(input);
    return yes;
}

/* Bytewise equal is equal: all lines are written by the same hand. */
static int compare_inputs(const void *a, const void *b) {
    const row *x = *(row *const *)a, *y = *(row *const *)b;
    const size_t n = x->input.size < y->input.size ? x->input.size : y->input.size;
    const int order = memcmp(x->input.data, y->input.data, n);
    if (order != 0) return order;
    if (x->input.size != y->input.size) return x->input.size < y->input.size ? -1 : 1;
    return (x > y) - (x < y);
}

static bool same_input(const row *a, const row *b) {
    return a->input.size == b->input.size &&
           memcmp(a->input.data, b->input.data, a->input.size) == 0;
}

/* Of equal inputs only the last stays. */
static void drop_repeated(rows *all) {
    row **order = malloc((all->count + 1) * sizeof *order);
    if (order == NULL) return;
    for (size_t i = 0; i < all->count; i++)
        order[i] = &all->rows[i];
    if (all->count > 0) qsort(order, all->count, sizeof *order, compare_inputs);
    for (size_t i = 0; i + 1 < all->count; i++)
        if (same_input(order[i], order[i + 1])) order[i]->session = INT64_MIN;
    free(order);
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].session != INT64_MIN) all->rows[kept++] = all->rows[i];
    all->count = kept;
}

/* Outputs are not kept: a question for them gets null. */
static void put_row(cf_growing *to, const row *r, bool output) {
    cf_growing_addf(to, "[%lld,%lld,%s", (long long)r->session, (long long)r->line,
                    output ? "[" : "");
    cf_growing_add(to, r->input.data, r->input.size);
    cf_growing_adds(to, output ? ",null]]" : "]");
}

static void put_rows(cf_slice text, const question *q, bool output, cf_growing *to) {
    rows all = read_rows(text);
    size_t kept = 0;
    for (size_t i = 0; i < all.count; i++)
        if (wanted(q, &all.rows[i])) all.rows[kept++] = all.rows[i];
    all.count = kept;
    if (q->unique) drop_repeated(&all);
    size_t first = 0;
    if (q->n >= 0 && (uint64_t)q->n < all.count) first = all.count - (size_t)q->n;
    cf_growing_adds(to, "[");
    for (size_t i = first; i < all.count; i++) {
        if (i > first) cf_growing_adds(to, ",");
        put_row(to, &all.rows[i], output);
    }
    cf_growing_adds(to, "]");
    free(all.rows);
}

void cf_history_put(cf_history *h, cf_slice request, cf_growing *to) {
    question q = read_question(h, request);
    cf_growing path = {0}, text = {0};
    const int fd = open_history(&path);
    if (fd >= 0) {
        read_all(fd, &text);
        close(fd);
    }
    const cf_slice lines = fd >= 0 ? cf_growing_slice(&text) : cf_growing_slice(&h->lines);
    put_rows(lines, &q, cf_jread_member_bool(request, "output", false), to);
    cf_growing_clear(&path);
    cf_growing_clear(&text);
    free(q.pattern);
}

void cf_answer_history(cf_kernel *k, cf_worker *w, const cf_request *r) {
    cf_message *m = cf_reply_new(k, r);
    cf_growing_adds(&m->content, "{\"status\":\"ok\",\"history\":");
    cf_history_put(&w->history, r->content, &m->content);
    cf_growing_adds(&m->content, "}");
    cf_reply_send(k, m);
}
