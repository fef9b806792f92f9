#ifndef CF_CLI_OPTIONS_H
#define CF_CLI_OPTIONS_H

/* The command line as values.  All of it is read before anything happens, so the order of
 * options never matters; only programs, data and parameters keep theirs. */

#include "cutflow/terminal.h"

typedef enum {
    CF_CLI_RUN,
    CF_CLI_DESCRIBE,
    CF_CLI_SCHEMA,
    CF_CLI_FMT,
    CF_CLI_HELP,
    CF_CLI_VERSION
} cf_cli_job;

typedef enum { CF_CLI_TEXT, CF_CLI_FILE, CF_CLI_STDIN } cf_cli_source;

typedef struct {
    cf_cli_source source;
    const char *value; /* the text, or the path */
} cf_cli_program;

typedef struct {
    cf_cli_job job;
    cf_cli_program *programs;
    const char **data;   /* of a sub-command: its files */
    const char **params; /* name=value */
    const char **param_files;
    size_t program_count, data_count, param_count, param_file_count;
    unsigned threads;
    const char *engine; /* NULL: not given */
    size_t memory;
    cf_format format; /* CF_FORMAT_COUNT: not given */
    cf_color color;
    bool stay, no_init, keep_going, safe, json, check;
    char message[512]; /* what is wrong */
} cf_cli_options;

/** False: `message` says what is wrong.  Borrows the arguments; clear frees the lists. */
bool cf_cli_parse(cf_cli_options *options, int argc, char **argv);
void cf_cli_clear(cf_cli_options *options);

extern const char cf_cli_help[];

#endif
