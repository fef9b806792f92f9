#ifndef CF_KERNEL_WIRE_H
#define CF_KERNEL_WIRE_H

/* Messages on the wire: `[identity..., <IDS|MSG>, signature, header, parent, metadata, content,
 * buffer...]`.  Signatures are checked on the bytes as they came, before anything is parsed. */

#include "kernel/text.h"

#include <pthread.h>
#include <stdatomic.h>

typedef enum { CF_SHELL, CF_CONTROL, CF_STDIN, CF_CHANNEL_COUNT } cf_channel;

/** A message from a client; never changed once it is made, so all threads may hold it. */
typedef struct cf_request {
    atomic_int references;
    cf_channel channel;
    cf_growing route;                 /* identity frames, each after its size */
    cf_slice header, parent, content; /* in `memory`, as they came */
    char *memory;
    char *type, *id; /* msg_type, msg_id */
    char *subshell;  /* NULL: the main shell */
} cf_request;

cf_request *cf_request_retain(const cf_request *r);
void cf_request_release(const cf_request *r);

/** A message to be sent.  The content is filled by who makes it. */
typedef struct cf_message {
    struct cf_message *next;
    cf_channel channel;
    cf_growing route, header, parent, metadata, content;
} cf_message;

void cf_message_free(cf_message *m);

typedef struct cf_seen cf_seen;

/** How this kernel signs and names its messages. */
typedef struct {
    char session[40], ids[24]; /* the kernel's session; what its message ids begin with */
    atomic_uint_fast64_t count;
    void *mac; /* NULL: messages are not signed */
    size_t signature_size;
    pthread_mutex_t lock; /* of what follows */
    cf_seen *seen;
    unsigned complained; /* bits of `cf_received`: said once */
} cf_wire;

/** False: there is no such scheme (`hmac-sha256`). */
bool cf_wire_init(cf_wire *w, const char *scheme, const char *key);
void cf_wire_clear(cf_wire *w);

typedef enum {
    CF_RECEIVED,
    CF_NOTHING, /* no message waits, or the socket is gone */
    CF_MALFORMED,
    CF_UNSIGNED, /* a signature that is not ours */
    CF_REPLAYED,
    CF_UNREADABLE /* signed, and yet no message */
} cf_received;

/** Takes one message, without waiting.  What is not a good message is dropped; the first of
 * each kind is reported on standard error. */
cf_received cf_wire_receive(cf_wire *w, void *socket, cf_channel channel, cf_request **request);

/** 0, or errno.  `flags` as of zmq_send for the first frame. The message stays the caller's. */
int cf_wire_send(const cf_wire *w, void *socket, const cf_message *m, int flags);

/** Header, parent (byte for byte; NULL: none) and empty metadata are there.  A reply takes the
 * way back; without parent or on iopub set the route by cf_message_topic. */
cf_message *cf_message_new(cf_wire *w, const char *type, const cf_request *parent);
void cf_message_topic(cf_message *m, const char *topic, size_t size);
/** `2026-11-22T18:46:14.123456Z` */
void cf_date_now(char out[32]);

#endif
