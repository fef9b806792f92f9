/* Workers: a queue of requests and the thread that serves it, in order.  The main shell is one,
 * each subshell is another. */

#include "kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct cf_queued {
    struct cf_queued *next;
    const cf_request *request;
    uint64_t number;
};

/* ---- one request ---- */

typedef void (*handler)(cf_kernel *k, cf_worker *w, const cf_request *r);

enum { ON_SHELL = 1 << CF_SHELL, ON_CONTROL = 1 << CF_CONTROL };

/* What is not listed is seen, and not answered: clients may know more than we do. */
static const struct {
    const char *type;
    int channels;
    handler handle;
} handlers[] = {
    {"execute_request", ON_SHELL, cf_execute},
    {"complete_request", ON_SHELL, cf_answer_complete},
    {"inspect_request", ON_SHELL, cf_answer_inspect},
    {"is_complete_request", ON_SHELL, cf_answer_is_complete},
    {"history_request", ON_SHELL, cf_answer_history},
    {"comm_info_request", ON_SHELL, cf_answer_comm_info},
    {"comm_open", ON_SHELL, cf_answer_comm_open},
    {"kernel_info_request", ON_SHELL | ON_CONTROL, cf_answer_kernel_info},
    {"connect_request", ON_SHELL | ON_CONTROL, cf_answer_connect},
    {"shutdown_request", ON_SHELL | ON_CONTROL, cf_answer_shutdown},
    {"usage_request", ON_CONTROL, cf_answer_usage},
    {"interrupt_request", ON_CONTROL, cf_answer_interrupt},
    {"create_subshell_request", ON_CONTROL, cf_answer_subshell},
    {"delete_subshell_request", ON_CONTROL, cf_answer_subshell},
    {"list_subshell_request", ON_CONTROL, cf_answer_subshell},
};

static handler handler_of(const cf_request *r) {
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
        if (strcmp(r->type, handlers[i].type) == 0 && handlers[i].channels >> r->channel & 1)
            return handlers[i].handle;
    return NULL;
}

void cf_request_handle(cf_kernel *k, cf_worker *w, const cf_request *r) {
    const handler handle = handler_of(r);
    cf_iopub_status(k, r, "busy");
    if (handle != NULL) handle(k, w, r);
    cf_iopub_status(k, r, "idle");
    if (handle == cf_answer_shutdown) cf_kernel_stop(k);
}

/* ---- the queue ---- */

void cf_worker_push(cf_worker *w, const cf_request *r) {
    struct cf_queued *q = cf_need(calloc(1, sizeof *q));
    q->request = cf_request_retain(r);
    pthread_mutex_lock(&w->lock);
    q->number = ++w->taken_in;
    if (w->last != NULL)
        w->last->next = q;
    else
        w->first = q;
    w->last = q;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void cf_worker_abort_queued(cf_worker *w) {
    pthread_mutex_lock(&w->lock);
    w->abort_through = w->taken_in;
    pthread_mutex_unlock(&w->lock);
}

static bool is_execute(const cf_request *r) {
    return strcmp(r->type, "execute_request") == 0;
}

/* The next request, or NULL at the end.  A cell counts as running from here on, so that no
 * interrupt is lost that comes after `busy`. */
static struct cf_queued *take(cf_worker *w, bool *aborted) {
    pthread_mutex_lock(&w->lock);
    while (w->first == NULL && !w->leaving)
        pthread_cond_wait(&w->wake, &w->lock);
    struct cf_queued *q = w->first;
    if (q != NULL) {
        w->first = q->next;
        if (w->first == NULL) w->last = NULL;
        *aborted = is_execute(q->request) && (w->leaving || q->number <= w->abort_through);
        w->executing = is_execute(q->request) && !*aborted;
        w->interrupted = false;
    }
    pthread_mutex_unlock(&w->lock);
    return q;
}

static void answer_aborted(cf_worker *w, const cf_request *r) {
    cf_iopub_status(w->kernel, r, "busy");
    cf_answer_aborted(w->kernel, w, r);
    cf_iopub_status(w->kernel, r, "idle");
}

static void *worker_main(void *worker) {
    cf_worker *w = worker;
    bool aborted = false;
    for (struct cf_queued *q; (q = take(w, &aborted)) != NULL; free(q)) {
        if (aborted)
            answer_aborted(w, q->request);
        else
            cf_request_handle(w->kernel, w, q->request);
        cf_request_release(q->request);
        pthread_mutex_lock(&w->lock);
        w->executing = false;
        pthread_mutex_unlock(&w->lock);
    }
    pthread_mutex_lock(&w->lock);
    w->left = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

bool cf_worker_start(cf_worker *w, cf_kernel *k, const char *id) {
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    w->kernel = k;
    w->id = id != NULL ? cf_need_copy(id, strlen(id)) : NULL;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, &clock);
    pthread_condattr_destroy(&clock);
    cf_history_init(&w->history);
    return pthread_create(&w->thread, NULL, worker_main, w) == 0;
}

void cf_worker_leave(cf_worker *w) {
    pthread_mutex_lock(&w->lock);
    w->leaving = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

bool cf_worker_is_leaving(cf_worker *w) {
    pthread_mutex_lock(&w->lock);
    const bool leaving = w->leaving;
    pthread_mutex_unlock(&w->lock);
    return leaving;
}

bool cf_worker_join(cf_worker *w, int64_t deadline_ns) {
    const struct timespec until = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    int error = 0;
    pthread_mutex_lock(&w->lock);
    while (!w->left && error == 0)
        error = pthread_cond_timedwait(&w->wake, &w->lock, &until);
    const bool left = w->left;
    pthread_mutex_unlock(&w->lock);
    if (!left) return false;
    pthread_join(w->thread, NULL);
    for (struct cf_queued *q = w->first, *next; q != NULL; q = next) { /* came too late */
        next = q->next;
        cf_request_release(q->request);
        free(q);
    }
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    cf_history_clear(&w->history);
    free(w->id);
    return true;
}

/* ---- replies ---- */

/* `execute_request` is answered by `execute_reply`. */
cf_message *cf_reply_new(cf_kernel *k, const cf_request *r) {
    static const char request[] = "_request";
    char type[64];
    size_t n = strlen(r->type);
    const size_t tail = sizeof request - 1, most = sizeof type - sizeof "_reply";
    if (n > tail && strcmp(r->type + n - tail, request) == 0) n -= tail;
    snprintf(type, sizeof type, "%.*s_reply", (int)(n < most ? n : most), r->type);
    return cf_message_new(&k->wire, type, r);
}

/* The control thread owns its socket; everything else goes by the shell thread. */
void cf_reply_send(cf_kernel *k, cf_message *m) {
    if (m->channel != CF_CONTROL) {
        cf_shell_send(k, m);
        return;
    }
    (void)cf_wire_send(&k->wire, k->sockets[CF_PORT_CONTROL], m, 0);
    cf_message_free(m);
}

void cf_reply_error(cf_kernel *k, const cf_request *r, const char *name, const char *what) {
    cf_message *m = cf_reply_new(k, r);
    cf_growing_adds(&m->content, "{\"status\":\"error\",\"ename\":");
    cf_put_string(&m->content, name);
    cf_growing_adds(&m->content, ",\"evalue\":");
    cf_put_string(&m->content, what);
    cf_growing_adds(&m->content, ",\"traceback\":[]}");
    cf_reply_send(k, m);
}
