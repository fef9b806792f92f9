/* Messages on the wire: framing, signatures, and a memory of signatures seen so that no message
 * counts twice. */

#include "kernel/wire.h"

#include "kernel/json.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { PARTS = 5, SEEN_MAX = 65536, SEEN_SLOTS = 2 * SEEN_MAX, MAC_SIZE_MAX = 64 };
static const char delimiter[] = "<IDS|MSG>";

/* ---- signatures seen ---- */

/* Two sets of first halves of signatures.  When the younger is full it becomes the older, so
 * the last 65,536 are always known and never more than twice as many are kept. */
typedef struct {
    uint64_t high, low; /* 0, 0: free */
} digest;

struct cf_seen {
    digest *sets[2];
    size_t count; /* in sets[0], the younger */
};

static cf_seen *seen_new(void) {
    cf_seen *s = cf_need(calloc(1, sizeof *s));
    for (size_t i = 0; i < 2; i++)
        s->sets[i] = cf_need(calloc(SEEN_SLOTS, sizeof *s->sets[i]));
    return s;
}

static void seen_free(cf_seen *s) {
    if (s == NULL) return;
    free(s->sets[0]);
    free(s->sets[1]);
    free(s);
}

/* The slot that holds the digest, or the free one where it belongs. */
static digest *seen_slot(digest *set, digest d) {
    size_t i = d.low % SEEN_SLOTS;
    while ((set[i].high != 0 || set[i].low != 0) &&
           (set[i].high != d.high || set[i].low != d.low))
        i = (i + 1) % SEEN_SLOTS;
    return &set[i];
}

static bool is_free(const digest *slot) {
    return slot->high == 0 && slot->low == 0;
}

/* True if it is new; then it is remembered. */
static bool seen_add(cf_seen *s, const unsigned char *mac) {
    digest d;
    memcpy(&d, mac, sizeof d);
    digest *slot = seen_slot(s->sets[0], d);
    if (!is_free(slot) || !is_free(seen_slot(s->sets[1], d))) return false;
    if (s->count == SEEN_MAX) {
        digest *older = s->sets[1];
        s->sets[1] = s->sets[0];
        s->sets[0] = older;
        s->count = 0;
        memset(older, 0, SEEN_SLOTS * sizeof *older);
        slot = seen_slot(older, d);
    }
    *slot = d;
    s->count++;
    return true;
}

/* ---- signing ---- */

static bool start_mac(cf_wire *w, const char *hash, const char *key) {
    char name[32];
    snprintf(name, sizeof name, "%s", hash);
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end()};
    if (context == NULL ||
        EVP_MAC_init(context, (const unsigned char *)key, strlen(key), parameters) != 1) {
        EVP_MAC_CTX_free(context);
        return false;
    }
    w->mac = context;
    w->signature_size = 2 * EVP_MAC_CTX_get_mac_size(context);
    return w->signature_size >= 2 * sizeof(digest) && w->signature_size <= 2 * MAC_SIZE_MAX;
}

/* 128 random bits as hex digits, or less random ones if the system gives none. */
static void make_session(char out[40]) {
    unsigned char bytes[16] = {0};
    FILE *f = fopen("/dev/urandom", "re");
    if (f == NULL || fread(bytes, 1, sizeof bytes, f) != sizeof bytes) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        memcpy(bytes, &now, sizeof bytes);
    }
    if (f != NULL) fclose(f);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

bool cf_wire_init(cf_wire *w, const char *scheme, const char *key) {
    *w = (cf_wire){.mac = NULL};
    make_session(w->session);
    snprintf(w->ids, sizeof w->ids, "%.16s", w->session);
    pthread_mutex_init(&w->lock, NULL);
    w->seen = seen_new();
    if (key[0] == 0) return true;
    return strncmp(scheme, "hmac-", 5) == 0 && start_mac(w, scheme + 5, key);
}

void cf_wire_clear(cf_wire *w) {
    EVP_MAC_CTX_free(w->mac);
    w->mac = NULL;
    seen_free(w->seen);
    w->seen = NULL;
    pthread_mutex_destroy(&w->lock);
}

static bool sign(const cf_wire *w, const cf_slice parts[4], unsigned char mac[MAC_SIZE_MAX]) {
    EVP_MAC_CTX *context = EVP_MAC_CTX_dup(w->mac);
    size_t size = 0;
    bool ok = context != NULL;
    for (size_t i = 0; i < 4 && ok; i++)
        ok = EVP_MAC_update(context, (const unsigned char *)parts[i].data, parts[i].size) == 1;
    ok = ok && EVP_MAC_final(context, mac, &size, MAC_SIZE_MAX) == 1;
    EVP_MAC_CTX_free(context);
    return ok;
}

static void to_hex(const unsigned char *mac, size_t size, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[mac[i] >> 4];
        out[2 * i + 1] = digits[mac[i] & 15];
    }
}

/* ---- receiving ---- */

typedef struct {
    zmq_msg_t *frames;
    size_t count, capacity;
} frames;

static void frames_clear(frames *f) {
    for (size_t i = 0; i < f->count; i++)
        zmq_msg_close(&f->frames[i]);
    free(f->frames);
}

/* All parts of a message; parts come together, so only the first may be missing. */
static bool take_frames(void *socket, frames *f) {
    for (int more = 1; more;) {
        if (f->count == f->capacity) {
            f->capacity = f->capacity == 0 ? 8 : 2 * f->capacity;
            f->frames = cf_need(realloc(f->frames, f->capacity * sizeof *f->frames));
        }
        zmq_msg_t *m = &f->frames[f->count];
        zmq_msg_init(m);
        int n;
        do
            n = zmq_msg_recv(m, socket, ZMQ_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n < 0) {
            zmq_msg_close(m);
            return false;
        }
        f->count++;
        more = zmq_msg_more(m);
    }
    return true;
}

static cf_slice frame_at(const frames *f, size_t i) {
    return (cf_slice){zmq_msg_data(&f->frames[i]), zmq_msg_size(&f->frames[i])};
}

static cf_received check_signature(cf_wire *w, cf_slice signature, const cf_slice parts[4]) {
    unsigned char mac[MAC_SIZE_MAX];
    char hex[2 * MAC_SIZE_MAX];
    if (w->mac == NULL) return CF_RECEIVED;
    if (signature.size != w->signature_size || !sign(w, parts, mac)) return CF_UNSIGNED;
    to_hex(mac, w->signature_size / 2, hex);
    if (CRYPTO_memcmp(hex, signature.data, signature.size) != 0) return CF_UNSIGNED;
    pthread_mutex_lock(&w->lock);
    const bool new = seen_add(w->seen, mac);
    pthread_mutex_unlock(&w->lock);
    return new ? CF_RECEIVED : CF_REPLAYED;
}

static bool is_utf8(cf_slice text) {
    for (uint32_t point; text.size > 0;) {
        const size_t used = cf_point_at(text, &point);
        if (used == 1 && (unsigned char)text.data[0] >= 0x80) return false;
        text.data += used;
        text.size -= used;
    }
    return true;
}

static cf_slice keep(char **at, cf_slice part) {
    memcpy(*at, part.data, part.size);
    *at += part.size;
    return (cf_slice){*at - part.size, part.size};
}

static void keep_route(cf_growing *route, const frames *f, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const cf_slice id = frame_at(f, i);
        cf_growing_add(route, &id.size, sizeof id.size);
        cf_growing_add(route, id.data, id.size);
    }
}

/* The header is sent back byte for byte, so it has to be clean. */
static cf_request *make_request(const frames *f, size_t ids, const cf_slice parts[4]) {
    if (!cf_jread_is_strict_object(parts[0]) || !is_utf8(parts[0]) ||
        !cf_jread_is_object(parts[3]))
        return NULL;
    cf_request *r = cf_need(calloc(1, sizeof *r));
    r->references = 1;
    char *at = r->memory = malloc(parts[0].size + parts[1].size + parts[3].size + 1);
    if (at == NULL) {
        free(r);
        return NULL;
    }
    r->header = keep(&at, parts[0]);
    r->parent = keep(&at, cf_jread_is_object(parts[1]) ? parts[1] : (cf_slice){"{}", 0});
    r->content = keep(&at, parts[3]);
    r->type = cf_jread_member_text(r->header, "msg_type", NULL);
    r->id = cf_jread_member_text(r->header, "msg_id", NULL);
    r->subshell = cf_jread_member_text(r->header, "subshell_id", NULL);
    keep_route(&r->route, f, ids);
    if (r->type != NULL && r->id != NULL && !r->route.failed) return r;
    cf_request_release(r);
    return NULL;
}

static cf_received read_frames(cf_wire *w, const frames *f, cf_request **request) {
    size_t ids = 0;
    while (ids < f->count && !cf_slice_is(frame_at(f, ids), delimiter))
        ids++;
    if (ids + PARTS >= f->count) return CF_MALFORMED;
    cf_slice parts[4];
    for (size_t i = 0; i < 4; i++)
        parts[i] = frame_at(f, ids + 2 + i);
    const cf_received signature = check_signature(w, frame_at(f, ids + 1), parts);
    if (signature != CF_RECEIVED) return signature;
    *request = make_request(f, ids, parts);
    return *request != NULL ? CF_RECEIVED : CF_UNREADABLE;
}

static void complain_once(cf_wire *w, cf_received what) {
    static const char *const texts[] = {[CF_MALFORMED] = "a message without the parts of one",
                                        [CF_UNSIGNED] = "a message with a wrong signature",
                                        [CF_REPLAYED] = "a message that came twice",
                                        [CF_UNREADABLE] =
                                            "a message whose header or content cannot be read"};
    pthread_mutex_lock(&w->lock);
    const bool first = (w->complained >> what & 1) == 0;
    w->complained |= 1u << what;
    pthread_mutex_unlock(&w->lock);
    if (first)
        fprintf(stderr, "cutflow-kernel: ignored %s; more of that kind are ignored silently\n",
                texts[what]);
}

cf_received cf_wire_receive(cf_wire *w, void *socket, cf_channel channel,
                            cf_request **request) {
    frames f = {0};
    cf_received what = CF_NOTHING;
    if (take_frames(socket, &f)) what = read_frames(w, &f, request);
    if (what == CF_RECEIVED) (*request)->channel = channel;
    if (what > CF_NOTHING) complain_once(w, what);
    frames_clear(&f);
    return what;
}

/* ---- sending ---- */

static int send_part(void *socket, cf_slice part, int flags) {
    int n;
    do
        n = zmq_send(socket, part.data, part.size, flags);
    while (n < 0 && errno == EINTR);
    return n < 0 ? errno : 0;
}

static int send_route(void *socket, cf_slice route, int flags) {
    while (route.size > sizeof(size_t)) {
        size_t size;
        memcpy(&size, route.data, sizeof size);
        const int error =
            send_part(socket, (cf_slice){route.data + sizeof size, size}, flags | ZMQ_SNDMORE);
        if (error != 0) return error;
        route.data += sizeof size + size;
        route.size -= sizeof size + size;
    }
    return 0;
}

int cf_wire_send(const cf_wire *w, void *socket, const cf_message *m, int flags) {
    const cf_slice parts[4] = {cf_growing_slice(&m->header), cf_growing_slice(&m->parent),
                               cf_growing_slice(&m->metadata), cf_growing_slice(&m->content)};
    unsigned char mac[MAC_SIZE_MAX];
    char hex[2 * MAC_SIZE_MAX];
    cf_slice signature = {hex, 0};
    if (m->header.failed || m->parent.failed || m->metadata.failed || m->content.failed)
        return ENOMEM;
    if (w->mac != NULL) {
        if (!sign(w, parts, mac)) return ENOMEM;
        signature.size = w->signature_size;
        to_hex(mac, signature.size / 2, hex);
    }
    int error = send_route(socket, cf_growing_slice(&m->route), flags);
    if (error == 0) error = send_part(socket, cf_slice_of(delimiter), flags | ZMQ_SNDMORE);
    if (error == 0) error = send_part(socket, signature, flags | ZMQ_SNDMORE);
    for (size_t i = 0; i < 4 && error == 0; i++)
        error = send_part(socket, parts[i], flags | (i < 3 ? ZMQ_SNDMORE : 0));
    return error;
}
