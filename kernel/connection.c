/* The connection file, and sockets bound or connected as it says. */

#include "kernel/connection.h"

#include "kernel/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { FILE_MAX = 1 << 20, RETRY_MS = 50, RETRIES = 40, LINGER_MS = 1000, WATER_MARK = 100000 };
static const int64_t message_size_max = (int64_t)1
                                        << 30; /* a client asks for no more than that */

const char *const cf_port_keys[CF_PORT_COUNT] = {"shell_port", "iopub_port", "stdin_port",
                                                 "control_port", "hb_port"};

static bool read_whole(const char *path, cf_growing *to) {
    FILE *f = fopen(path, "re");
    if (f == NULL) return false;
    char piece[4096];
    for (size_t n; to->size < FILE_MAX && (n = fread(piece, 1, sizeof piece, f)) > 0;)
        cf_growing_add(to, piece, n);
    fclose(f);
    return to->data != NULL && !to->failed;
}

/* False: it is there, but too long. */
static bool copy_member(cf_slice object, const char *key, char *to, size_t size) {
    char *text = cf_jread_member_text(object, key, NULL);
    if (text == NULL) return true;
    const bool fits = strlen(text) < size;
    if (fits) snprintf(to, size, "%s", text);
    free(text);
    return fits;
}

static bool read_ports(cf_connection *c, cf_slice object) {
    for (size_t i = 0; i < CF_PORT_COUNT; i++) {
        int64_t port;
        if (!cf_jread_member_int(object, cf_port_keys[i], &port) || port < 0 || port > 65535)
            return false;
        c->ports[i] = (int)port;
    }
    return true;
}

static const char *read_members(cf_connection *c, cf_slice object) {
    if (!cf_jread_is_object(object)) return "it is no JSON object";
    if (!copy_member(object, "transport", c->transport, sizeof c->transport) ||
        (strcmp(c->transport, "tcp") != 0 && strcmp(c->transport, "ipc") != 0))
        return "the transport is neither tcp nor ipc";
    if (!copy_member(object, "ip", c->ip, sizeof c->ip)) return "the address is too long";
    if (!copy_member(object, "signature_scheme", c->scheme, sizeof c->scheme))
        return "the signature scheme is unknown";
    if (!read_ports(c, object)) return "a port is missing or no number";
    if (!copy_member(object, "curve_publickey", c->curve_public, sizeof c->curve_public) ||
        !copy_member(object, "curve_secretkey", c->curve_secret, sizeof c->curve_secret))
        return "a curve key is too long";
    c->key = cf_jread_member_text(object, "key", NULL);
    if (c->key == NULL) c->key = cf_need_copy("", 0);
    return NULL;
}

bool cf_connection_read(cf_connection *c, const char *path, const char **why) {
    *c = (cf_connection){.transport = "tcp", .ip = "127.0.0.1", .scheme = "hmac-sha256"};
    cf_growing text = {0};
    *why = "it cannot be read";
    if (read_whole(path, &text)) *why = read_members(c, cf_growing_slice(&text));
    cf_growing_clear(&text);
    return *why == NULL;
}

void cf_connection_clear(cf_connection *c) {
    free(c->key);
    c->key = NULL;
}

static int chosen_port(const cf_connection *c, cf_slice quoted_key) {
    for (size_t i = 0; i < CF_PORT_COUNT; i++)
        if (cf_slice_is((cf_slice){quoted_key.data + 1, quoted_key.size - 2}, cf_port_keys[i]))
            return c->ports[i];
    return -1;
}

static void put_file(cf_growing *out, const cf_connection *c, cf_slice object) {
    cf_slice key, value;
    for (size_t at = 0; cf_jread_next(object, &at, &key, &value);) {
        cf_growing_addf(out, "%s  %.*s: ", out->size == 0 ? "{\n" : ",\n", (int)key.size,
                        key.data);
        const int port = chosen_port(c, key);
        if (port >= 0)
            cf_put_int(out, port);
        else
            cf_growing_add(out, value.data, value.size);
    }
    cf_growing_adds(out, "\n}\n");
}

bool cf_connection_write(const cf_connection *c, const char *path) {
    cf_growing before = {0}, after = {0}, temporary = {0};
    bool ok = read_whole(path, &before);
    if (ok) put_file(&after, c, cf_growing_slice(&before));
    cf_growing_addf(&temporary, "%s.%ld", path, (long)getpid());
    if (ok) {
        const mode_t old = umask(077);
        FILE *f = fopen(temporary.data, "we");
        umask(old);
        ok = f != NULL && fwrite(after.data, 1, after.size, f) == after.size;
        ok = f != NULL && fclose(f) == 0 && ok;
        ok = ok && rename(temporary.data, path) == 0;
    }
    cf_growing_clear(&before);
    cf_growing_clear(&after);
    cf_growing_clear(&temporary);
    return ok;
}

/* ---- sockets ---- */

static void set_int(void *socket, int option, int value) {
    (void)zmq_setsockopt(socket, option, &value, sizeof value);
}

static void *new_socket(void *context, int type) {
    void *socket = zmq_socket(context, type);
    if (socket == NULL) return NULL;
    set_int(socket, ZMQ_LINGER, LINGER_MS);
    (void)zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_size_max, sizeof message_size_max);
    if (type == ZMQ_ROUTER) {
        set_int(socket, ZMQ_ROUTER_HANDOVER,
                1);                     /* a client that comes back keeps its identity */
        set_int(socket, ZMQ_RCVHWM, 0); /* requests are taken at once anyway */
    }
    if (type == ZMQ_XPUB) {
        set_int(socket, ZMQ_SNDHWM, WATER_MARK); /* messages that a client may lag behind */
        set_int(socket, ZMQ_XPUB_NODROP, 1);
        set_int(socket, ZMQ_XPUB_MANUAL, 1);
    }
    if (type == ZMQ_SUB) set_int(socket, ZMQ_RCVHWM, 0);
    return socket;
}

static bool use_curve(const cf_connection *c, void *socket) {
    if (c->curve_secret[0] == 0) return true;
    const int server = 1;
    return zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &server, sizeof server) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, c->curve_secret,
                          strlen(c->curve_secret) + 1) == 0;
}

static void put_address(cf_growing *to, const cf_connection *c, int port) {
    if (strcmp(c->transport, "ipc") == 0)
        cf_growing_addf(to, "ipc://%s-%d", c->ip, port);
    else if (port == 0)
        cf_growing_addf(to, "tcp://%s:*", c->ip);
    else
        cf_growing_addf(to, "tcp://%s:%d", c->ip, port);
}

static void wait_ms(long ms) {
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* A kernel that restarts finds its old ports busy for a moment. */
static bool bind_patiently(void *socket, const char *address) {
    for (int i = 0; zmq_bind(socket, address) != 0; i++) {
        if (errno != EADDRINUSE || i == RETRIES) return false;
        wait_ms(RETRY_MS);
    }
    return true;
}

static void learn_port(cf_connection *c, void *socket, cf_port port) {
    char endpoint[512];
    size_t size = sizeof endpoint;
    if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0) return;
    const char *colon = strrchr(endpoint, ':');
    if (colon != NULL) c->ports[port] = (int)strtol(colon + 1, NULL, 10);
    c->chosen = true;
}

/* Over ipc a port is a part of a name: the first that no file has. */
static void choose_ipc_port(cf_connection *c, cf_port port) {
    for (int n = 1; c->ports[port] == 0 && n < 65536; n++) {
        cf_growing path = {0};
        cf_growing_addf(&path, "%s-%d", c->ip, n);
        if (access(path.data, F_OK) != 0) c->ports[port] = n;
        cf_growing_clear(&path);
    }
    c->chosen = true;
}

void *cf_connection_bind(cf_connection *c, void *context, cf_port port, int type) {
    void *socket = new_socket(context, type);
    const bool ipc = strcmp(c->transport, "ipc") == 0, choose = c->ports[port] == 0;
    if (choose && ipc) choose_ipc_port(c, port);
    cf_growing address = {0};
    put_address(&address, c, c->ports[port]);
    bool ok = socket != NULL && use_curve(c, socket) && bind_patiently(socket, address.data);
    const int error = errno;
    cf_growing_clear(&address);
    if (ok) {
        if (choose && !ipc) learn_port(c, socket, port);
        return socket;
    }
    if (socket != NULL) zmq_close(socket);
    errno = error;
    return NULL;
}

void *cf_connection_connect(const cf_connection *c, void *context, cf_port port, int type) {
    void *socket = new_socket(context, type);
    cf_growing address = {0};
    put_address(&address, c, c->ports[port]);
    if (socket != NULL && zmq_connect(socket, address.data) != 0) {
        zmq_close(socket);
        socket = NULL;
    }
    cf_growing_clear(&address);
    return socket;
}
