/* The heartbeat: what a client sends comes back, whatever else the kernel does. */

#include "kernel/kernel.h"

#include <zmq.h>

static void echo(void *socket) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    while (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) >= 0) {
        const int more = zmq_msg_more(&part) ? ZMQ_SNDMORE : 0;
        if (zmq_msg_send(&part, socket, more | ZMQ_DONTWAIT) < 0) break;
    }
    zmq_msg_close(&part);
}

void *cf_heartbeat_main(void *kernel) {
    cf_kernel *k = kernel;
    void *socket = k->sockets[CF_PORT_HB];
    zmq_pollitem_t items[] = {{socket, 0, ZMQ_POLLIN, 0}, {NULL, k->stop_fd, ZMQ_POLLIN, 0}};
    while ((items[1].revents & ZMQ_POLLIN) == 0) {
        (void)zmq_poll(items, 2, -1); /* a signal: once more */
        echo(socket);
    }
    return NULL;
}
