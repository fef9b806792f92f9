#ifndef CF_CLI_TOOLS_H
#define CF_CLI_TOOLS_H

#include "cli/options.h"

#include <stddef.h>

/* All of a file or of standard input (path "-"), zero-terminated, malloc'd.  NULL: a message
 * was written. */
char *cf_cli_read(const char *path, size_t *size);

/* The error to standard error, with its hint. */
void cf_cli_say(const cf_error *err);

/* `describe`, `schema` and `fmt`; they return the exit code. */
int cf_cli_describe(const cf_cli_options *options);
int cf_cli_fmt(const cf_cli_options *options);

/* `kernel`: becomes `cutflow-kernel` with the arguments behind argv[0]; returns only if there
 * is no such program. */
int cf_cli_kernel(char **argv);

/* Flushes standard output: code, or 1 with a message when it could not be written. */
int cf_cli_finish(int code);

#endif
