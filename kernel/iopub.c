/* What all clients see.  The thread takes messages from a queue; the socket is an XPUB that
 * welcomes every subscription and drops nothing: while a client is slow the queue grows, and
 * when much is queued the cell that prints waits.  A client that takes nothing at all for ten
 * seconds loses messages from then on, so that it cannot hold up the others. */

#include "kernel/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum {
    BATCH_MS = 40,           /* a stream waits so long for more text */
    BATCH_SIZE = 64 * 1024,  /* or until there is so much */
    PIECE_SIZE = 256 * 1024, /* a longer text is cut */
    PATIENCE_MS = 10000,
    END_MS = 300,
    NS_PER_MS = 1000000
};
static const size_t queue_size_max = (size_t)256 << 20;

/* A queued message, or text of a stream that may still grow while it is the last. */
typedef struct entry {
    struct entry *next;
    cf_message *message;
    const cf_request *cause; /* of a stream */
    bool to_stderr, closed;
    cf_growing text;
    int64_t born_ns;
} entry;

struct cf_iopub {
    pthread_t thread;
    pthread_mutex_t lock; /* of the queue */
    pthread_cond_t room;
    entry *first, *last;
    size_t size;
    int wake_fd;
    bool stopping;
    bool frozen; /* a client takes nothing; the thread's own, as what follows */
    int64_t deadline_ns;
};

/* ---- the queue ---- */

static size_t entry_size(const entry *e) {
    return e->message != NULL ? e->message->content.size + e->message->parent.size + 512
                              : e->text.size + 512;
}

static void entry_free(entry *e) {
    cf_message_free(e->message);
    cf_request_release(e->cause);
    cf_growing_clear(&e->text);
    free(e);
}

static void append(cf_iopub *p, entry *e) {
    if (p->last != NULL)
        p->last->next = e;
    else
        p->first = e;
    p->last = e;
    p->size += entry_size(e);
}

void cf_iopub_send(cf_kernel *k, cf_message *m) {
    cf_iopub *p = k->iopub;
    entry *e = cf_need(calloc(1, sizeof *e));
    e->message = m;
    pthread_mutex_lock(&p->lock);
    append(p, e);
    pthread_mutex_unlock(&p->lock);
    cf_eventfd_raise(p->wake_fd);
}

void cf_iopub_status(cf_kernel *k, const cf_request *cause, const char *state) {
    cf_message *m = cf_message_new(&k->wire, "status", cause);
    cf_message_topic(m, "status", 6);
    cf_growing_addf(&m->content, "{\"execution_state\":\"%s\"}", state);
    cf_iopub_send(k, m);
}

static bool can_grow(const entry *e, const cf_request *cause, bool to_stderr) {
    return e != NULL && e->message == NULL && !e->closed && e->cause == cause &&
           e->to_stderr == to_stderr && e->text.size < BATCH_SIZE;
}

static void stream_piece(cf_iopub *p, const cf_request *cause, bool to_stderr, cf_slice piece) {
    pthread_mutex_lock(&p->lock);
    const bool grows = can_grow(p->last, cause, to_stderr);
    if (!grows) {
        entry *e = cf_need(calloc(1, sizeof *e));
        e->cause = cf_request_retain(cause);
        e->to_stderr = to_stderr;
        e->born_ns = cf_now_ns();
        append(p, e);
    }
    cf_growing_add(&p->last->text, piece.data, piece.size);
    p->size += piece.size;
    pthread_mutex_unlock(&p->lock);
    if (!grows) cf_eventfd_raise(p->wake_fd);
}

void cf_iopub_stream(cf_kernel *k, const cf_request *cause, bool to_stderr, cf_slice text) {
    while (text.size > 0) {
        size_t n = text.size < PIECE_SIZE ? text.size : PIECE_SIZE;
        while (n < text.size && n > 1 && ((unsigned char)text.data[n] & 0xC0) == 0x80)
            n--; /* never within a character */
        stream_piece(k->iopub, cause, to_stderr, (cf_slice){text.data, n});
        text.data += n;
        text.size -= n;
    }
}

void cf_iopub_flush(cf_kernel *k) {
    cf_iopub *p = k->iopub;
    pthread_mutex_lock(&p->lock);
    if (p->last != NULL) p->last->closed = true;
    pthread_mutex_unlock(&p->lock);
    cf_eventfd_raise(p->wake_fd);
}

void cf_iopub_wait_for_room(cf_kernel *k, const atomic_bool *cancel) {
    cf_iopub *p = k->iopub;
    pthread_mutex_lock(&p->lock);
    while (p->size > queue_size_max && !*cancel && !k->stopping) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        pthread_cond_timedwait(&p->room, &p->lock, &until);
    }
    pthread_mutex_unlock(&p->lock);
}

/* The next entry that may go; or NULL, and how long to wait for one (-1: for ever). */
static entry *take(cf_iopub *p, long *wait_ms) {
    entry *e = p->first;
    *wait_ms = -1;
    if (e == NULL) return NULL;
    if (e->message == NULL && e == p->last && !e->closed && !p->stopping &&
        e->text.size < BATCH_SIZE) {
        const int64_t age_ms = (cf_now_ns() - e->born_ns) / NS_PER_MS;
        if (age_ms < BATCH_MS) {
            *wait_ms = (long)(BATCH_MS - age_ms);
            return NULL;
        }
    }
    p->first = e->next;
    if (p->first == NULL) p->last = NULL;
    p->size -= entry_size(e);
    if (p->size <= queue_size_max / 2) pthread_cond_broadcast(&p->room);
    return e;
}

/* ---- sending ---- */

static void set_nodrop(void *socket, int on) {
    (void)zmq_setsockopt(socket, ZMQ_XPUB_NODROP, &on, sizeof on);
}

/* Messages that subscribers send: `\1topic` begins, `\0topic` ends a subscription.  Handled by
 * hand, so that the welcome is the first thing that a subscriber gets. */
static void answer_subscriber(cf_kernel *k, void *socket, cf_slice frame) {
    if (frame.size == 0 || (frame.data[0] != 0 && frame.data[0] != 1)) return;
    const char *topic = frame.data + 1;
    const size_t size = frame.size - 1;
    if (frame.data[0] == 0) {
        (void)zmq_setsockopt(socket, ZMQ_UNSUBSCRIBE, topic, size);
        return;
    }
    (void)zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, size);
    cf_message *m = cf_message_new(&k->wire, "iopub_welcome", NULL);
    cf_message_topic(m, topic, size);
    cf_growing_adds(&m->content, "{\"subscription\":");
    cf_put_text(&m->content, (cf_slice){topic, size});
    cf_growing_adds(&m->content, "}");
    set_nodrop(socket, 0); /* nobody waits for a welcome */
    (void)cf_wire_send(&k->wire, socket, m, ZMQ_DONTWAIT);
    set_nodrop(socket, !k->iopub->frozen);
    cf_message_free(m);
}

static void answer_subscribers(cf_kernel *k, void *socket) {
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    while (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0)
        answer_subscriber(k, socket, (cf_slice){zmq_msg_data(&frame), zmq_msg_size(&frame)});
    zmq_msg_close(&frame);
}

static int64_t patience_ns(const cf_iopub *p, int64_t now) {
    int64_t patience = p->frozen ? 0 : (int64_t)PATIENCE_MS * NS_PER_MS;
    if (p->deadline_ns != 0 && p->deadline_ns - now < patience) patience = p->deadline_ns - now;
    return patience;
}

/* Until every subscriber has room for it; who has none for too long does not get it. */
static void send_to_all(cf_kernel *k, void *socket, const cf_message *m) {
    cf_iopub *p = k->iopub;
    int error = cf_wire_send(&k->wire, socket, m, ZMQ_DONTWAIT);
    if (error == 0) p->frozen = false;
    const int64_t start = cf_now_ns(), patience = error == EAGAIN ? patience_ns(p, start) : 0;
    while (error == EAGAIN && cf_now_ns() - start < patience) {
        answer_subscribers(k, socket);
        cf_sleep_ms(1);
        error = cf_wire_send(&k->wire, socket, m, ZMQ_DONTWAIT);
        if (error == 0) p->frozen = false;
    }
    if (error != EAGAIN) return;
    if (!p->frozen)
        fputs("cutflow-kernel: a client takes no output; it does not get all\n", stderr);
    p->frozen = true;
    set_nodrop(socket, 0);
    (void)cf_wire_send(&k->wire, socket, m, ZMQ_DONTWAIT);
    set_nodrop(socket, 1);
}

static cf_message *stream_message(cf_kernel *k, const entry *e) {
    cf_message *m = cf_message_new(&k->wire, "stream", e->cause);
    cf_message_topic(m, e->to_stderr ? "stream.stderr" : "stream.stdout", 13);
    cf_growing_addf(&m->content,
                    "{\"name\":\"%s\",\"text\":", e->to_stderr ? "stderr" : "stdout");
    cf_put_text(&m->content, cf_growing_slice(&e->text));
    cf_growing_adds(&m->content, "}");
    return m;
}

static void send_entry(cf_kernel *k, void *socket, entry *e) {
    if (e->message == NULL) e->message = stream_message(k, e);
    send_to_all(k, socket, e->message);
    entry_free(e);
}

/* Sends what may go; how long to wait for the rest. */
static long send_queued(cf_kernel *k, void *socket, bool *end) {
    cf_iopub *p = k->iopub;
    long wait_ms;
    for (;;) {
        pthread_mutex_lock(&p->lock);
        entry *e = take(p, &wait_ms);
        if (p->stopping && p->deadline_ns == 0)
            p->deadline_ns = cf_now_ns() + (int64_t)END_MS * NS_PER_MS;
        *end = p->stopping && e == NULL;
        pthread_mutex_unlock(&p->lock);
        if (e == NULL) return wait_ms;
        send_entry(k, socket, e);
        answer_subscribers(k, socket);
    }
}

static void *iopub_main(void *kernel) {
    cf_kernel *k = kernel;
    void *socket = k->sockets[CF_PORT_IOPUB];
    for (bool end = false; !end;) {
        answer_subscribers(k, socket);
        const long wait_ms = send_queued(k, socket, &end);
        zmq_pollitem_t items[] = {{socket, 0, ZMQ_POLLIN, 0},
                                  {NULL, k->iopub->wake_fd, ZMQ_POLLIN, 0}};
        if (!end) (void)zmq_poll(items, 2, wait_ms);
        cf_eventfd_lower(k->iopub->wake_fd);
    }
    return NULL;
}

bool cf_iopub_start(cf_kernel *k) {
    cf_iopub *p = k->iopub = cf_need(calloc(1, sizeof *p));
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->room, NULL);
    p->wake_fd = cf_eventfd_new();
    return p->wake_fd >= 0 && pthread_create(&p->thread, NULL, iopub_main, k) == 0;
}

void cf_iopub_stop(cf_kernel *k) {
    cf_iopub *p = k->iopub;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_mutex_unlock(&p->lock);
    cf_eventfd_raise(p->wake_fd);
    pthread_join(p->thread, NULL);
    while (p->first != NULL) {
        entry *next = p->first->next;
        entry_free(p->first);
        p->first = next;
    }
    close(p->wake_fd);
    pthread_cond_destroy(&p->room);
    pthread_mutex_destroy(&p->lock);
    free(p);
    k->iopub = NULL;
}
