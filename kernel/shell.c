/* The shell thread: takes requests from the shell socket as soon as they arrive and puts them
 * into their worker's queue; sends replies; and passes on what comes on stdin. */

#include "kernel/kernel.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

struct cf_shell {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t drained;
    cf_message *first, *last; /* to be sent */
    uint64_t drains_wanted, drains_done;
    int wake_fd;
    bool stopping;
};

void cf_shell_send(cf_kernel *k, cf_message *m) {
    cf_shell *s = k->shell;
    pthread_mutex_lock(&s->lock);
    if (s->last != NULL)
        s->last->next = m;
    else
        s->first = m;
    s->last = m;
    pthread_mutex_unlock(&s->lock);
    cf_eventfd_raise(s->wake_fd);
}

void cf_shell_drain(cf_kernel *k) {
    cf_shell *s = k->shell;
    pthread_mutex_lock(&s->lock);
    const uint64_t mine = ++s->drains_wanted;
    cf_eventfd_raise(s->wake_fd);
    while (s->drains_done < mine && !s->stopping)
        pthread_cond_wait(&s->drained, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

static cf_message *take(cf_shell *s, uint64_t *drains, bool *end) {
    pthread_mutex_lock(&s->lock);
    cf_message *m = s->first;
    if (m != NULL) s->first = m->next;
    if (s->first == NULL) s->last = NULL;
    *drains = s->drains_wanted;
    *end = s->stopping && m == NULL;
    pthread_mutex_unlock(&s->lock);
    return m;
}

/* Sends all there is; then *drains is what was wanted before. */
static bool send_queued(cf_kernel *k, uint64_t *drains) {
    bool end;
    for (cf_message *m; (m = take(k->shell, drains, &end)) != NULL; cf_message_free(m))
        (void)cf_wire_send(&k->wire,
                           k->sockets[m->channel == CF_STDIN ? CF_PORT_STDIN : CF_PORT_SHELL],
                           m, ZMQ_DONTWAIT);
    return !end;
}

/* ---- requests ---- */

static cf_worker *worker_of(cf_kernel *k, const cf_request *r) {
    if (r->subshell == NULL) return &k->main;
    for (cf_worker *w = k->subshells; w != NULL; w = w->next)
        if (strcmp(r->subshell, w->id) == 0 && !cf_worker_is_leaving(w)) return w;
    return NULL;
}

static void answer_lost(cf_kernel *k, const cf_request *r) {
    cf_iopub_status(k, r, "busy");
    cf_reply_error(k, r, "SubshellNotFound", "there is no such subshell");
    cf_iopub_status(k, r, "idle");
}

static void hand_over(cf_kernel *k, const cf_request *r) {
    pthread_mutex_lock(&k->subshell_lock);
    const bool closed = k->closed;
    cf_worker *w = closed ? NULL : worker_of(k, r);
    if (w != NULL) cf_worker_push(w, r);
    pthread_mutex_unlock(&k->subshell_lock);
    if (w == NULL && !closed) answer_lost(k, r);
}

static void take_requests(cf_kernel *k) {
    cf_request *r;
    cf_received what;
    while ((what = cf_wire_receive(&k->wire, k->sockets[CF_PORT_SHELL], CF_SHELL, &r)) !=
           CF_NOTHING)
        if (what == CF_RECEIVED) {
            hand_over(k, r);
            cf_request_release(r);
        }
}

static void take_answers(cf_kernel *k) {
    cf_request *r;
    cf_received what;
    while ((what = cf_wire_receive(&k->wire, k->sockets[CF_PORT_STDIN], CF_STDIN, &r)) !=
           CF_NOTHING)
        if (what == CF_RECEIVED) {
            cf_question_answer(k, r);
            cf_request_release(r);
        }
}

static void say_drained(cf_shell *s, uint64_t drains) {
    pthread_mutex_lock(&s->lock);
    s->drains_done = drains;
    pthread_cond_broadcast(&s->drained);
    pthread_mutex_unlock(&s->lock);
}

static void *shell_main(void *kernel) {
    cf_kernel *k = kernel;
    cf_shell *s = k->shell;
    zmq_pollitem_t items[] = {{k->sockets[CF_PORT_SHELL], 0, ZMQ_POLLIN, 0},
                              {k->sockets[CF_PORT_STDIN], 0, ZMQ_POLLIN, 0},
                              {NULL, s->wake_fd, ZMQ_POLLIN, 0}};
    uint64_t drains = 0;
    while (send_queued(k, &drains)) {
        take_requests(k);
        take_answers(k);
        say_drained(s, drains);
        (void)zmq_poll(items, 3, -1);
        cf_eventfd_lower(s->wake_fd);
    }
    return NULL;
}

bool cf_shell_start(cf_kernel *k) {
    cf_shell *s = k->shell = cf_need(calloc(1, sizeof *s));
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->drained, NULL);
    s->wake_fd = cf_eventfd_new();
    return s->wake_fd >= 0 && pthread_create(&s->thread, NULL, shell_main, k) == 0;
}

void cf_shell_stop(cf_kernel *k) {
    cf_shell *s = k->shell;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->drained);
    pthread_mutex_unlock(&s->lock);
    cf_eventfd_raise(s->wake_fd);
    pthread_join(s->thread, NULL);
    close(s->wake_fd);
    pthread_cond_destroy(&s->drained);
    pthread_mutex_destroy(&s->lock);
    free(s);
    k->shell = NULL;
}
