/* The control thread: answers while a cell runs, and never waits for one. */

#include "kernel/json.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

void *cf_control_main(void *kernel) {
    cf_kernel *k = kernel;
    void *socket = k->sockets[CF_PORT_CONTROL];
    zmq_pollitem_t items[] = {{socket, 0, ZMQ_POLLIN, 0}, {NULL, k->stop_fd, ZMQ_POLLIN, 0}};
    while ((items[1].revents & ZMQ_POLLIN) == 0) {
        (void)zmq_poll(items, 2, -1);
        cf_request *r;
        cf_received what;
        while ((what = cf_wire_receive(&k->wire, socket, CF_CONTROL, &r)) != CF_NOTHING)
            if (what == CF_RECEIVED) {
                cf_request_handle(k, NULL, r);
                cf_request_release(r);
            }
    }
    return NULL;
}

void cf_answer_interrupt(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    cf_kernel_interrupt(k);
    cf_message *m = cf_reply_new(k, r);
    cf_growing_adds(&m->content, "{\"status\":\"ok\"}");
    cf_reply_send(k, m);
}

/* The reply goes to who asked, a copy to all. */
void cf_answer_shutdown(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    const char *restart = cf_jread_member_bool(r->content, "restart", false) ? "true" : "false";
    cf_message *reply = cf_reply_new(k, r), *copy = cf_reply_new(k, r);
    cf_message_topic(copy, "shutdown", 8);
    cf_growing_addf(&reply->content, "{\"status\":\"ok\",\"restart\":%s}", restart);
    cf_growing_addf(&copy->content, "{\"status\":\"ok\",\"restart\":%s}", restart);
    cf_kernel_interrupt(k);
    cf_reply_send(k, reply);
    cf_iopub_send(k, copy); /* the end begins after `idle` */
}

/* ---- subshells ---- */

enum { SUBSHELLS_MAX = 64 };

/* Takes those that have left out of the list. */
static void reap(cf_kernel *k) {
    for (cf_worker **at = &k->subshells; *at != NULL;) {
        cf_worker *w = *at;
        if (!cf_worker_is_leaving(w) || !cf_worker_join(w, 0)) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        free(w);
    }
}

/* NULL: there are too many. */
static cf_worker *create(cf_kernel *k, char id[64]) {
    pthread_mutex_lock(&k->subshell_lock);
    reap(k);
    size_t n = 0;
    for (const cf_worker *w = k->subshells; w != NULL; w = w->next)
        n++;
    cf_worker *new = n < SUBSHELLS_MAX ? cf_need(calloc(1, sizeof *new)) : NULL;
    snprintf(id, 64, "%.16s-%u", k->wire.session, ++k->subshell_count);
    if (new != NULL && cf_worker_start(new, k, id)) {
        new->next = k->subshells;
        k->subshells = new;
    } else {
        free(new);
        new = NULL;
    }
    pthread_mutex_unlock(&k->subshell_lock);
    return new;
}

static void answer_create(cf_kernel *k, const cf_request *r) {
    char id[64];
    if (create(k, id) == NULL) {
        cf_reply_error(k, r, "SubshellLimit", "there are too many subshells");
        return;
    }
    cf_message *m = cf_reply_new(k, r);
    cf_growing_addf(&m->content, "{\"status\":\"ok\",\"subshell_id\":\"%s\"}", id);
    cf_reply_send(k, m);
}

/* It answers what it has begun; the thread is joined when the kernel ends. */
static bool remove_subshell(cf_kernel *k, const char *id) {
    pthread_mutex_lock(&k->subshell_lock);
    cf_worker *w = k->subshells;
    while (w != NULL && (cf_worker_is_leaving(w) || strcmp(w->id, id) != 0))
        w = w->next;
    if (w != NULL) cf_worker_leave(w);
    pthread_mutex_unlock(&k->subshell_lock);
    return w != NULL;
}

static void answer_delete(cf_kernel *k, const cf_request *r) {
    char *id = cf_jread_member_text(r->content, "subshell_id", NULL);
    if (id == NULL || !remove_subshell(k, id)) {
        cf_reply_error(k, r, "SubshellNotFound", "there is no such subshell");
    } else {
        cf_message *m = cf_reply_new(k, r);
        cf_growing_adds(&m->content, "{\"status\":\"ok\"}");
        cf_reply_send(k, m);
    }
    free(id);
}

static void answer_list(cf_kernel *k, const cf_request *r) {
    cf_message *m = cf_reply_new(k, r);
    const char *comma = "";
    cf_growing_adds(&m->content, "{\"status\":\"ok\",\"subshell_id\":[");
    pthread_mutex_lock(&k->subshell_lock);
    for (cf_worker *w = k->subshells; w != NULL; w = w->next) {
        if (cf_worker_is_leaving(w)) continue;
        cf_growing_addf(&m->content, "%s\"%s\"", comma, w->id);
        comma = ",";
    }
    pthread_mutex_unlock(&k->subshell_lock);
    cf_growing_adds(&m->content, "]}");
    cf_reply_send(k, m);
}

void cf_answer_subshell(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    if (strncmp(r->type, "create", 6) == 0)
        answer_create(k, r);
    else if (strncmp(r->type, "delete", 6) == 0)
        answer_delete(k, r);
    else
        answer_list(k, r);
}
