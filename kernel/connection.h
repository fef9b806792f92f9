#ifndef CF_KERNEL_CONNECTION_H
#define CF_KERNEL_CONNECTION_H

/* The connection file, and sockets bound or connected as it says. */

#include "kernel/wire.h"

typedef enum {
    CF_PORT_SHELL,
    CF_PORT_IOPUB,
    CF_PORT_STDIN,
    CF_PORT_CONTROL,
    CF_PORT_HB
} cf_port;
enum { CF_PORT_COUNT = 5 };
extern const char *const cf_port_keys[CF_PORT_COUNT]; /* `shell_port` ... */

typedef struct {
    char transport[8], ip[256], scheme[32];
    char *key;
    char curve_public[41], curve_secret[41]; /* empty: no encryption */
    int ports[CF_PORT_COUNT];
    bool chosen; /* ports that were 0 in the file have been chosen */
} cf_connection;

/** False: *why (static or in the connection) says what is wrong. */
bool cf_connection_read(cf_connection *c, const char *path, const char **why);
void cf_connection_clear(cf_connection *c);
/** Writes the ports that were chosen back into the file; keys that are not ours stay. */
bool cf_connection_write(const cf_connection *c, const char *path);

/** A socket of this type bound to the port; retries for two seconds while the address is still
 * in use.  NULL: errno says why. */
void *cf_connection_bind(cf_connection *c, void *context, cf_port port, int type);
/** The client's side. */
void *cf_connection_connect(const cf_connection *c, void *context, cf_port port, int type);

#endif
