#ifndef CF_CLI_TOOLS_H
#define CF_CLI_TOOLS_H

#include "cli/options.h"

#include <stddef.h>

/* All of a file or of standard input (path "-"), zero-terminated, malloc'd.  NULL: a message
 * was written. */
char *cf_cli_read(const char *path, size_t *size);

/* `describe`, `schema` and `fmt`; they return the exit code. */
int cf_cli_describe(const cf_cli_options *options);
int cf_cli_fmt(const cf_cli_options *options);

/* Flushes standard output: code, or 1 with a message when it could not be written. */
int cf_cli_finish(int code);

#endif
