/* The command line, read from one table of options. */

#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char cf_cli_help[] =
    "usage: cutflow [OPTION...] [NAME=]DATA...               the prompt, with the data as "
    "tables\n"
    "       cutflow [OPTION...] PROGRAM.cf [[NAME=]DATA...]  run a program\n"
    "       cutflow describe FILE [--json]                   every column: type, count, range, "
    "sum\n"
    "       cutflow schema FILE                              the columns and where they come "
    "from\n"
    "       cutflow fmt [--check] FILE...|-                  programs in canonical form\n"
    "       cutflow run [OPTION...] NOTEBOOK...              notebooks without Jupyter; see "
    "run --help\n"
    "       cutflow nb strip|validate|diff|to-script|from-script   tools for notebooks\n"
    "       cutflow kernel install [OPTION...]               the kernel for Jupyter; see "
    "kernel "
    "--help\n"
    "\n"
    "programs, run in the order given:\n"
    "  PROGRAM.cf            a file\n"
    "  -f, --file FILE       a file of any name\n"
    "  -c, --command TEXT    a text\n"
    "  -                     standard input; also when it is no terminal and no program is "
    "given\n"
    "\n"
    "options, in any order:\n"
    "  -i, --interactive     the prompt after the programs\n"
    "  -p, --param NAME=VALUE  the value of a parameter\n"
    "      --params FILE     values of parameters: a JSON object, or lines name = value\n"
    "      --threads N       threads to use (one a core)\n"
    "      --engine NAME     threads, or processes (cutflow-exec)\n"
    "      --memory SIZE     memory for rows, such as 4G (three quarters of the machine's)\n"
    "      --format FORMAT   box, plain, csv, tsv, json, jsonlines, markdown, vertical or "
    "none\n"
    "      --color WHEN      auto, always or never\n"
    "      --no-init         without ~/.config/cutflow/init.cf, which the prompt runs first\n"
    "      --keep-going      go on after a statement that failed\n"
    "      --safe            write no file, start no program\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n"
    "\n"
    "exit codes: 0 all is well, 1 a program failed, 2 wrong usage, 130 interrupted\n";

typedef enum {
    OPT_COMMAND,
    OPT_FILE,
    OPT_INTERACTIVE,
    OPT_PARAM,
    OPT_PARAMS,
    OPT_THREADS,
    OPT_ENGINE,
    OPT_MEMORY,
    OPT_FORMAT,
    OPT_COLOR,
    OPT_NO_INIT,
    OPT_KEEP_GOING,
    OPT_SAFE,
    OPT_HELP,
    OPT_VERSION,
    OPT_JSON,
    OPT_CHECK
} option_id;

typedef struct {
    const char *name;
    char letter;
    bool takes_value;
    option_id id;
} option;

static const option options_known[] = {
    {"command", 'c', true, OPT_COMMAND},
    {"file", 'f', true, OPT_FILE},
    {"interactive", 'i', false, OPT_INTERACTIVE},
    {"param", 'p', true, OPT_PARAM},
    {"params", '\0', true, OPT_PARAMS},
    {"threads", '\0', true, OPT_THREADS},
    {"engine", '\0', true, OPT_ENGINE},
    {"memory", '\0', true, OPT_MEMORY},
    {"format", '\0', true, OPT_FORMAT},
    {"color", '\0', true, OPT_COLOR},
    {"no-init", '\0', false, OPT_NO_INIT},
    {"keep-going", '\0', false, OPT_KEEP_GOING},
    {"safe", '\0', false, OPT_SAFE},
    {"help", 'h', false, OPT_HELP},
    {"version", 'V', false, OPT_VERSION},
    {"json", '\0', false, OPT_JSON},
    {"check", '\0', false, OPT_CHECK},
};
enum { OPTION_COUNT = sizeof(options_known) / sizeof(options_known[0]), NAME_MAX_SIZE = 16 };

static const char *const jobs[] = {
    [CF_CLI_DESCRIBE] = "describe", [CF_CLI_SCHEMA] = "schema", [CF_CLI_FMT] = "fmt"};

CF_PRINTF(2, 3) static bool wrong(cf_cli_options *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(to->message, sizeof(to->message), format, arguments);
    va_end(arguments);
    return false;
}

static size_t min3(size_t a, size_t b, size_t c) {
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Letters to insert, delete or replace; names are short. */
static size_t distance(const char *a, const char *b) {
    size_t row[NAME_MAX_SIZE + 1];
    const size_t size = strlen(b);
    if (size > NAME_MAX_SIZE) return SIZE_MAX;
    for (size_t j = 0; j <= size; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < size; j++) {
            const size_t above = row[j + 1];
            row[j + 1] = min3(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[size];
}

static bool unknown_option(cf_cli_options *to, const char *name) {
    const char *nearest = NULL;
    size_t least = strlen(name) / 3 + 1;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const size_t d = distance(name, options_known[i].name);
        if (d > least || (d == least && nearest != NULL)) continue;
        least = d;
        nearest = options_known[i].name;
    }
    if (nearest == NULL) return wrong(to, "no option `--%s`", name);
    return wrong(to, "no option `--%s`; did you mean `--%s`?", name, nearest);
}

static bool read_threads(cf_cli_options *to, const char *value) {
    char *end;
    errno = 0;
    const unsigned long n = strtoul(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || n < 1 || n > 1024)
        return wrong(to, "`--threads` takes a number from 1 to 1024, not `%s`", value);
    to->threads = (unsigned)n;
    return true;
}

static bool read_engine(cf_cli_options *to, const char *value) {
    to->engine = value;
    return strcmp(value, "threads") == 0 || strcmp(value, "processes") == 0 ||
           wrong(to, "`--engine` is `threads` or `processes`, not `%s`", value);
}

/* `4G`, `1.5 GiB`, `800MB`, `1000000`: units of 1024, as memory has them. */
static bool read_memory(cf_cli_options *to, const char *value) {
    static const char units[] = "KMGT";
    char *end;
    double n = strtod(value, &end);
    const bool number = isdigit((unsigned char)value[0]) && end != value;
    if (*end == ' ') end++;
    const char *unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (unit != NULL) {
        for (const char *u = units; u <= unit; u++)
            n *= 1024;
        end++;
        if (*end == 'i') end++;
    }
    if (*end == 'B' || *end == 'b') end++;
    if (!number || *end != '\0' || !(n >= 1024.0 * 1024) || !(n < 0x1p60))
        return wrong(to, "`--memory` takes a size from 1M on, such as 4G or 800M, not `%s`",
                     value);
    to->memory = (size_t)n;
    return true;
}

static bool read_format(cf_cli_options *to, const char *value) {
    to->format = cf_format_of(value);
    if (to->format != CF_FORMAT_COUNT) return true;
    return wrong(to,
                 "no format `%s`; there are box, plain, csv, tsv, json, jsonlines, markdown, "
                 "vertical and none",
                 value);
}

static bool read_color(cf_cli_options *to, const char *value) {
    static const char *const words[] = {
        [CF_COLOR_AUTO] = "auto", [CF_COLOR_ALWAYS] = "always", [CF_COLOR_NEVER] = "never"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(value, words[i]) == 0) {
            to->color = (cf_color)i;
            return true;
        }
    return wrong(to, "`--color` takes auto, always or never, not `%s`", value);
}

static bool read_param(cf_cli_options *to, const char *value) {
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value)
        return wrong(to, "`-p` takes name=value, not `%s`", value);
    to->params[to->param_count++] = value;
    return true;
}

static bool add_program(cf_cli_options *to, cf_cli_source source, const char *value) {
    to->programs[to->program_count++] = (cf_cli_program){source, value};
    return true;
}

static bool add_param_file(cf_cli_options *to, const char *value) {
    to->param_files[to->param_file_count++] = value;
    return true;
}

static bool set(bool *flag) {
    *flag = true;
    return true;
}

static bool apply(cf_cli_options *to, const option *o, const char *value) {
    switch (o->id) {
    case OPT_COMMAND: return add_program(to, CF_CLI_TEXT, value);
    case OPT_FILE: return add_program(to, CF_CLI_FILE, value);
    case OPT_PARAM: return read_param(to, value);
    case OPT_PARAMS: return add_param_file(to, value);
    case OPT_THREADS: return read_threads(to, value);
    case OPT_ENGINE: return read_engine(to, value);
    case OPT_MEMORY: return read_memory(to, value);
    case OPT_FORMAT: return read_format(to, value);
    case OPT_COLOR: return read_color(to, value);
    case OPT_INTERACTIVE: return set(&to->stay);
    case OPT_NO_INIT: return set(&to->no_init);
    case OPT_KEEP_GOING: return set(&to->keep_going);
    case OPT_SAFE: return set(&to->safe);
    case OPT_JSON: return set(&to->json);
    case OPT_CHECK: return set(&to->check);
    case OPT_HELP: to->job = CF_CLI_HELP; return true;
    case OPT_VERSION:
        if (to->job != CF_CLI_HELP) to->job = CF_CLI_VERSION;
        return true;
    }
    return false;
}

static const option *option_named(const char *name, size_t size) {
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(options_known[i].name) == size &&
            memcmp(options_known[i].name, name, size) == 0)
            return &options_known[i];
    return NULL;
}

static const option *option_lettered(char letter) {
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (options_known[i].letter == letter) return &options_known[i];
    return NULL;
}

/* `--name`, `--name value` or `--name=value`; moves *at over a value of its own. */
static bool read_long(cf_cli_options *to, char **argv, int argc, int *at) {
    const char *name = argv[*at] + 2, *equals = strchr(name, '=');
    const size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const option *o = option_named(name, size);
    if (o == NULL) {
        char copy[64];
        snprintf(copy, sizeof(copy), "%.*s", (int)size, name);
        return unknown_option(to, copy);
    }
    if (!o->takes_value)
        return equals == NULL ? apply(to, o, "") : wrong(to, "`--%s` takes no value", o->name);
    if (equals != NULL) return apply(to, o, equals + 1);
    if (*at + 1 >= argc) return wrong(to, "`--%s` needs a value", o->name);
    return apply(to, o, argv[++*at]);
}

/* `-c value`, `-cvalue`; letters without values may stand together: `-iV`. */
static bool read_short(cf_cli_options *to, char **argv, int argc, int *at) {
    for (const char *letter = argv[*at] + 1; *letter != '\0'; letter++) {
        const option *o = option_lettered(*letter);
        if (o == NULL) return wrong(to, "no option `-%c`", *letter);
        if (!o->takes_value) {
            if (!apply(to, o, "")) return false;
            continue;
        }
        if (letter[1] != '\0') return apply(to, o, letter + 1);
        if (*at + 1 >= argc) return wrong(to, "`-%c` needs a value", *letter);
        return apply(to, o, argv[++*at]);
    }
    return true;
}

static bool has_suffix(const char *text, const char *suffix) {
    const size_t size = strlen(text), n = strlen(suffix);
    return size > n && strcmp(text + size - n, suffix) == 0;
}

static bool names_job(cf_cli_options *to, const char *word) {
    for (size_t i = CF_CLI_DESCRIBE; i <= CF_CLI_FMT && to->job == CF_CLI_RUN; i++)
        if (strcmp(word, jobs[i]) == 0) {
            to->job = (cf_cli_job)i;
            return true;
        }
    return false;
}

/* A word that is no option: the first one may name a sub-command, whose files the others are.
 */
static void read_word(cf_cli_options *to, const char *word, bool first) {
    if (first && names_job(to, word)) return;
    const bool runs = to->job == CF_CLI_RUN;
    if (runs && strcmp(word, "-") == 0)
        add_program(to, CF_CLI_STDIN, word);
    else if (runs && has_suffix(word, ".cf"))
        add_program(to, CF_CLI_FILE, word);
    else
        to->data[to->data_count++] = word;
}

static bool check_job(cf_cli_options *o) {
    if (o->json && o->job != CF_CLI_DESCRIBE)
        return wrong(
            o, "`--json` belongs to `cutflow describe`; for results there is `--format json`");
    if (o->check && o->job != CF_CLI_FMT) return wrong(o, "`--check` belongs to `cutflow fmt`");
    if (o->job != CF_CLI_DESCRIBE && o->job != CF_CLI_SCHEMA && o->job != CF_CLI_FMT)
        return true;
    if (o->program_count > 0 || o->stay || o->param_count + o->param_file_count > 0)
        return wrong(o, "`cutflow %s` takes files and no program", jobs[o->job]);
    if (o->data_count == 0) return wrong(o, "`cutflow %s` needs a file", jobs[o->job]);
    if (o->data_count > 1 && o->job != CF_CLI_FMT)
        return wrong(o, "`cutflow %s` takes one file", jobs[o->job]);
    return true;
}

static bool check_programs(cf_cli_options *o) {
    size_t from_input = 0;
    for (size_t i = 0; i < o->program_count; i++)
        from_input += o->programs[i].source == CF_CLI_STDIN;
    if (from_input > 1) return wrong(o, "standard input can be the program only once");
    if (from_input > 0 && o->stay)
        return wrong(o,
                     "with `-i` the prompt reads the keyboard, so the program cannot be `-`");
    return true;
}

static bool read_all(cf_cli_options *to, int argc, char **argv) {
    bool only_words = false, first = true;
    for (int at = 1; at < argc; at++) {
        const char *a = argv[at];
        if (only_words || a[0] != '-' || a[1] == '\0') {
            read_word(to, a, first);
            first = false;
        } else if (strcmp(a, "--") == 0) {
            only_words = true;
        } else if (a[1] == '-' ? !read_long(to, argv, argc, &at)
                               : !read_short(to, argv, argc, &at)) {
            return false;
        }
    }
    return check_job(to) && check_programs(to);
}

bool cf_cli_parse(cf_cli_options *options, int argc, char **argv) {
    const size_t n = (size_t)argc + 1;
    *options = (cf_cli_options){.format = CF_FORMAT_COUNT};
    options->programs = calloc(n, sizeof(*options->programs));
    options->data = calloc(n, sizeof(*options->data));
    options->params = calloc(n, sizeof(*options->params));
    options->param_files = calloc(n, sizeof(*options->param_files));
    if (options->programs == NULL || options->data == NULL || options->params == NULL ||
        options->param_files == NULL)
        return wrong(options, "not enough memory");
    return read_all(options, argc, argv);
}

void cf_cli_clear(cf_cli_options *options) {
    free(options->programs);
    free(options->data);
    free(options->params);
    free(options->param_files);
}
