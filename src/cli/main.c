/* The `cutflow` command: opens the data, runs the programs or the prompt, and says by its exit
 * code how that went. */

#include "cli/options.h"
#include "cli/params.h"
#include "cli/tools.h"

#include "cutflow/notebook.h"
#include "cutflow/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130, ROWS_FOR_PEOPLE = 10 };

static int exit_code_of(cf_status status) {
    if (status == CF_OK) return 0;
    return status == CF_E_CANCELLED ? EXIT_INTERRUPTED : EXIT_FAILED;
}

static int report(const cf_error *err) {
    cf_cli_say(err);
    return exit_code_of(err->status);
}

/* ${XDG_CONFIG_HOME:-~/.config}/cutflow/init.cf; NULL: there is none. malloc'd. */
static char *init_path(void) {
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    const bool own = config != NULL && config[0] == '/';
    if (!own && (home == NULL || *home == '\0')) return NULL;
    const char *base = own ? config : home,
               *rest = own ? "/cutflow/init.cf" : "/.config/cutflow/init.cf";
    const size_t size = strlen(base) + strlen(rest) + 1;
    char *path = malloc(size);
    if (path == NULL) return NULL;
    snprintf(path, size, "%s%s", base, rest);
    if (access(path, R_OK) == 0) return path;
    free(path);
    return NULL;
}

static int prompt(cf_terminal *terminal, const cf_cli_options *options) {
    cf_cell rc = {NULL, 0, "init.cf"};
    char *path = options->no_init ? NULL : init_path(), *text = NULL;
    if (path != NULL) text = cf_cli_read(path, &rc.size);
    rc.text = text;
    const int code = cf_terminal_prompt(terminal, text != NULL ? &rc : NULL);
    free(text);
    free(path);
    return code;
}

/* Messages name a program by its file's name: the folder would only push the source line aside.
 */
static const char *short_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* The modules that a program imports lie beside it. */
static cf_status import_from(cf_session *session, const cf_cli_program *program) {
    const char *slash = program->source == CF_CLI_FILE ? strrchr(program->value, '/') : NULL;
    if (slash == NULL) return cf_session_library(session, NULL, NULL);
    char *folder = strndup(program->value, (size_t)(slash - program->value) + 1);
    const cf_status status =
        folder == NULL ? CF_E_MEMORY : cf_session_library(session, folder, NULL);
    free(folder);
    return status;
}

static int run_program(cf_session *session, cf_terminal *terminal,
                       const cf_cli_options *options, const cf_cli_program *program) {
    if (import_from(session, program) != CF_OK) return EXIT_FAILED;
    cf_cell cell = {.name = short_name(program->value)};
    char *read = NULL;
    if (program->source == CF_CLI_TEXT) {
        cell = (cf_cell){program->value, strlen(program->value), "-c"};
    } else {
        read = cf_cli_read(program->value, &cell.size);
        if (read == NULL) return EXIT_FAILED;
        if (memchr(read, '\0', cell.size) != NULL) {
            fprintf(stderr, "cutflow: %s is no program: it holds zero bytes\n",
                    program->source == CF_CLI_STDIN ? "standard input" : program->value);
            free(read);
            return EXIT_FAILED;
        }
        cell.text = read;
        if (program->source == CF_CLI_STDIN) cell.name = "stdin";
    }
    const int code = exit_code_of(cf_terminal_run(terminal, &cell, options->keep_going));
    free(read);
    return code;
}

/* Programs run in order in one session, until one fails. */
static int run_programs(cf_session *session, cf_terminal *terminal,
                        const cf_cli_options *options) {
    int code = 0;
    for (size_t i = 0; i < options->program_count; i++) {
        const int this = run_program(session, terminal, options, &options->programs[i]);
        if (code == 0) code = this;
        if (this == EXIT_INTERRUPTED) return this;
        if (this != 0 && !options->keep_going) return code;
    }
    return code;
}

static void warn_unused(cf_session *session) {
    for (const char *name; (name = cf_session_unused_param(session)) != NULL;)
        fprintf(stderr, "warning: no program has a parameter `%s`\n", name);
}

static int finish(const cf_terminal *terminal, int code) {
    const int error = cf_terminal_output_error(terminal);
    if (error == 0) return cf_cli_finish(code);
    fprintf(stderr, "cutflow: cannot write to standard output: %s\n",
            strerror(error)); /* NOLINT */
    return code != 0 && code != EXIT_INTERRUPTED ? code : EXIT_FAILED;
}

static int run_session(cf_session *session, const cf_cli_options *options) {
    bool input_taken = false;
    for (size_t i = 0; i < options->program_count; i++)
        input_taken |= options->programs[i].source == CF_CLI_STDIN;
    const cf_terminal_options shown = {options->format, options->color, options->safe,
                                       input_taken};
    cf_terminal *terminal = cf_terminal_new(session, &shown);
    if (terminal == NULL) {
        fprintf(stderr, "cutflow: not enough memory\n");
        return EXIT_FAILED;
    }
    int code = run_programs(session, terminal, options);
    if (options->program_count > 0) warn_unused(session);
    if (options->program_count == 0 || (options->stay && code != EXIT_INTERRUPTED))
        code = prompt(terminal, options);
    code = finish(terminal, code);
    cf_terminal_free(terminal);
    return code;
}

static cf_status open_all(cf_session *session, const cf_cli_options *options, cf_error *err) {
    if (options->engine != NULL)
        CF_TRY(cf_session_set(session, "engine", options->engine, err));
    for (size_t i = 0; i < options->data_count; i++)
        CF_TRY(cf_session_open(session, options->data[i], err));
    for (size_t i = 0; i < options->param_count; i++)
        CF_TRY(cf_session_param(session, options->params[i], err));
    return CF_OK;
}

static int run(const cf_cli_options *options) {
    const cf_session_options start = {
        .threads = options->threads,
        .memory = options->memory,
        .rows_shown = cf_terminal_shows_all(options->format) ? -1 : ROWS_FOR_PEOPLE,
        .safe = options->safe,
    };
    cf_error err = {0};
    cf_session *session = cf_session_new(&start, &err);
    if (session == NULL) return report(&err);
    int code = 0; /* what -p says counts more than a file, so it comes last */
    for (size_t i = 0; i < options->param_file_count && code == 0; i++)
        code = cf_cli_params(session, options->param_files[i]);
    if (code == 0)
        code = open_all(session, options, &err) == CF_OK ? run_session(session, options)
                                                         : report(&err);
    cf_session_free(session);
    return code;
}

/* Without a keyboard the program comes from standard input. */
static int choose(cf_cli_options *options) {
    const bool keyboard = isatty(STDIN_FILENO);
    if (options->stay && !keyboard) {
        fprintf(stderr, "cutflow: `-i` needs a terminal\n");
        return EXIT_USAGE;
    }
    if (options->program_count == 0 && !keyboard)
        options->programs[options->program_count++] = (cf_cli_program){CF_CLI_STDIN, "-"};
    return run(options);
}

static int dispatch(cf_cli_options *options) {
    switch (options->job) {
    case CF_CLI_HELP: fputs(cf_cli_help, stdout); return cf_cli_finish(0);
    case CF_CLI_VERSION: printf("cutflow %s\n", cf_version()); return cf_cli_finish(0);
    case CF_CLI_DESCRIBE:
    case CF_CLI_SCHEMA: return cf_cli_describe(options);
    case CF_CLI_FMT: return cf_cli_fmt(options);
    case CF_CLI_RUN: return choose(options);
    }
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    cf_cli_options options;
    int code = EXIT_USAGE;
    if (argc > 1 && strcmp(argv[1], "run") == 0) return cf_notebook_run(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "nb") == 0) return cf_notebook_tool(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "kernel") == 0) return cf_cli_kernel(argv + 1);
    if (cf_cli_parse(&options, argc, argv))
        code = dispatch(&options);
    else
        fprintf(stderr, "cutflow: %s\nTry `cutflow --help`.\n", options.message);
    cf_cli_clear(&options);
    return code;
}
