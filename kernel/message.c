/* Requests and messages: their lives, and what stands in a header. */

#include "kernel/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* The count is all that ever changes in a request. */
static cf_request *counted(const cf_request *r) {
    union {
        const cf_request *fixed;
        cf_request *open;
    } same = {.fixed = r};
    return same.open;
}

cf_request *cf_request_retain(const cf_request *r) {
    atomic_fetch_add(&counted(r)->references, 1);
    return counted(r);
}

void cf_request_release(const cf_request *r) {
    if (r == NULL || atomic_fetch_sub(&counted(r)->references, 1) > 1) return;
    cf_request *own = counted(r);
    cf_growing_clear(&own->route);
    free(own->memory);
    free(own->type);
    free(own->id);
    free(own->subshell);
    free(own);
}

void cf_message_free(cf_message *m) {
    if (m == NULL) return;
    cf_growing_clear(&m->route);
    cf_growing_clear(&m->header);
    cf_growing_clear(&m->parent);
    cf_growing_clear(&m->metadata);
    cf_growing_clear(&m->content);
    free(m);
}

void cf_date_now(char out[32]) {
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    const size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + n, 32 - n, ".%06ldZ", now.tv_nsec / 1000 % 1000000);
}

static void put_header(cf_wire *w, cf_growing *to, const char *type) {
    char date[32];
    cf_date_now(date);
    const unsigned long long number = atomic_fetch_add(&w->count, 1);
    cf_growing_addf(to,
                    "{\"msg_id\":\"%s-%ld-%llu\",\"username\":\"cutflow\",\"session\":\"%s\","
                    "\"date\":\"%s\",\"msg_type\":\"%s\",\"version\":\"5.5\"}",
                    w->ids, (long)getpid(), number, w->session, date, type);
}

cf_message *cf_message_new(cf_wire *w, const char *type, const cf_request *parent) {
    cf_message *m = cf_need(calloc(1, sizeof *m));
    put_header(w, &m->header, type);
    cf_growing_adds(&m->metadata, "{}");
    if (parent == NULL) {
        cf_growing_adds(&m->parent, "{}");
        return m;
    }
    m->channel = parent->channel;
    cf_growing_add(&m->parent, parent->header.data, parent->header.size);
    const cf_slice route = cf_growing_slice(&parent->route);
    cf_growing_add(&m->route, route.data, route.size);
    return m;
}

void cf_message_topic(cf_message *m, const char *topic, size_t size) {
    m->route.size = 0;
    cf_growing_add(&m->route, &size, sizeof size);
    cf_growing_add(&m->route, topic, size);
}
