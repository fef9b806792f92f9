/* The options of `cutflow run`, read from one table. */

#include "notebook/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char cf_nb_run_help[] =
    "usage: cutflow run [OPTION...] NOTEBOOK.ipynb|PROGRAM.cf...\n"
    "\n"
    "parameters:\n"
    "  -p, --param NAME=VALUE    a value: 5, 1.5, true, null, [1, 2], {a: 1} or a text\n"
    "  -r, --raw NAME=TEXT       a text, whatever it looks like\n"
    "  -y, --yaml TEXT           names and values as YAML\n"
    "      --params FILE         the same from a file (JSON or YAML)\n"
    "      --list-params         say which parameters there are\n"
    "      --data [NAME=]PATH    a table, as for `cutflow`\n"
    "\n"
    "results (without any of these: STEM.executed.ipynb beside the notebook):\n"
    "  -o, --output PATH         the executed notebook; {stem} {dir} {date} {PARAMETER}; a\n"
    "                            folder; - for standard output\n"
    "      --inplace             the executed notebook takes the place of the notebook\n"
    "      --no-output           write no notebook\n"
    "      --html PATH           a page that needs nothing else\n"
    "      --junit FILE          a report for CI\n"
    "      --json                events on standard output, a JSON object a line\n"
    "      --timing              when each cell ran, in its metadata\n"
    "\n"
    "comparison:\n"
    "      --check               the outputs must be those that the notebook holds\n"
    "      --lax                 only cells with the tag nbval-check-output\n"
    "      --rtol X, --atol X    how far numbers may lie apart\n"
    "      --sanitize FILE       replacements in both texts (nbval's format)\n"
    "      --strict              without the built-in replacements\n"
    "      --update              accept what differs: it is written into the notebook\n"
    "      --repeat N            run N times; all must agree\n"
    "\n"
    "control:\n"
    "      --timeout SECONDS     for a notebook\n"
    "      --cell-timeout SECONDS  for a cell\n"
    "      --grace SECONDS       from asking it to stop to killing it (5)\n"
    "      --allow-errors        cells may fail\n"
    "      --keep-going          run the cells after one that failed, too\n"
    "      --from ID, --to ID    the first and the last cell to run: ids or numbers from 1\n"
    "      --cwd FOLDER          where to run (the notebook's folder)\n"
    "  -j, --jobs N              notebooks at a time (1)\n"
    "      --threads N, --memory SIZE, --seed N, --safe   as for a session\n"
    "      --via-kernel          run in the Jupyter kernel too; both must agree\n"
    "      --progress            how far the running cell is, on a terminal\n"
    "      --color WHEN          auto, always or never\n"
    "  -q, --quiet               only what is wrong\n"
    "\n"
    "exit codes: 0 all is well, 1 a cell failed, 2 wrong usage or no notebook, 3 the session\n"
    "died, 4 outputs differ, 124 too long, 130 and 143 ended by a signal; of several notebooks "
    "the worst\n";

typedef enum {
    OPT_PARAM,
    OPT_RAW,
    OPT_YAML,
    OPT_PARAMS,
    OPT_DATA,
    OPT_RTOL,
    OPT_ATOL,
    OPT_SANITIZE,
    OPT_TIMEOUT,
    OPT_CELL_TIMEOUT,
    OPT_GRACE,
    OPT_JOBS,
    OPT_REPEAT,
    OPT_THREADS,
    OPT_MEMORY,
    OPT_COLOR,
    OPT_FLAG, /* sets a bool */
    OPT_WORD  /* sets a text */
} option_id;

typedef struct {
    const char *name;
    char letter;
    option_id id;
    size_t offset; /* of the bool or text */
} option;

#define AT(member) offsetof(cf_nb_options, member)
static const option known[] = {
    {"param", 'p', OPT_PARAM, 0},
    {"raw", 'r', OPT_RAW, 0},
    {"yaml", 'y', OPT_YAML, 0},
    {"params", '\0', OPT_PARAMS, 0},
    {"data", '\0', OPT_DATA, 0},
    {"list-params", '\0', OPT_FLAG, AT(list_params)},
    {"output", 'o', OPT_WORD, AT(output)},
    {"inplace", '\0', OPT_FLAG, AT(inplace)},
    {"no-output", '\0', OPT_FLAG, AT(no_output)},
    {"html", '\0', OPT_WORD, AT(html)},
    {"junit", '\0', OPT_WORD, AT(junit)},
    {"json", '\0', OPT_FLAG, AT(json)},
    {"timing", '\0', OPT_FLAG, AT(timing)},
    {"check", '\0', OPT_FLAG, AT(check)},
    {"lax", '\0', OPT_FLAG, AT(lax)},
    {"rtol", '\0', OPT_RTOL, 0},
    {"atol", '\0', OPT_ATOL, 0},
    {"sanitize", '\0', OPT_SANITIZE, 0},
    {"strict", '\0', OPT_FLAG, AT(tolerance.strict)},
    {"update", '\0', OPT_FLAG, AT(update)},
    {"repeat", '\0', OPT_REPEAT, 0},
    {"timeout", '\0', OPT_TIMEOUT, 0},
    {"cell-timeout", '\0', OPT_CELL_TIMEOUT, 0},
    {"grace", '\0', OPT_GRACE, 0},
    {"allow-errors", '\0', OPT_FLAG, AT(allow_errors)},
    {"keep-going", '\0', OPT_FLAG, AT(keep_going)},
    {"from", '\0', OPT_WORD, AT(from)},
    {"to", '\0', OPT_WORD, AT(to)},
    {"cwd", '\0', OPT_WORD, AT(cwd)},
    {"jobs", 'j', OPT_JOBS, 0},
    {"threads", '\0', OPT_THREADS, 0},
    {"memory", '\0', OPT_MEMORY, 0},
    {"seed", '\0', OPT_WORD, AT(seed)},
    {"safe", '\0', OPT_FLAG, AT(safe)},
    {"via-kernel", '\0', OPT_FLAG, AT(via_kernel)},
    {"progress", '\0', OPT_FLAG, AT(progress)},
    {"color", '\0', OPT_COLOR, 0},
    {"quiet", 'q', OPT_FLAG, AT(quiet)},
};
enum { KNOWN_COUNT = sizeof(known) / sizeof(known[0]) };

CF_PRINTF(1, 2) static bool wrong(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("cutflow run: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\nTry `cutflow run --help`.\n", stderr);
    va_end(arguments);
    return false;
}

static bool failed(const cf_error *err) {
    fprintf(stderr, "cutflow run: %s\n", err->message);
    return false;
}

/* ---- values ---- */

static bool read_number(const char *name, const char *value, double *to) {
    char *end;
    errno = 0;
    *to = strtod(value, &end);
    if (end != value && *end == '\0' && errno == 0 && *to >= 0 && *to <= 1e9) return true;
    return wrong("`--%s` takes a number from 0 on, not `%s`", name, value);
}

static bool read_count(const char *name, const char *value, unsigned *to) {
    double n = 0;
    if (!read_number(name, value, &n)) return false;
    *to = (unsigned)n;
    return n <= 10000 && (double)*to == n && n >= 1
               ? true
               : wrong("`--%s` takes a whole number from 1 to 10000, not `%s`", name, value);
}

static bool read_memory(cf_nb_options *o, const char *value) {
    static const char units[] = "kmgt";
    char *end;
    double n = strtod(value, &end);
    const char *unit = *end != '\0' ? strchr(units, *end | 0x20) : NULL;
    for (const char *u = units; unit != NULL && u <= unit; u++)
        n *= 1024;
    if (unit != NULL) end++;
    if (end == value || *end != '\0' || !(n >= 1024.0 * 1024) || !(n < 0x1p60))
        return wrong("`--memory` takes a size from 1M on, such as 4G, not `%s`", value);
    o->memory = (size_t)n;
    return true;
}

static bool read_color(cf_nb_options *o, const char *value) {
    if (strcmp(value, "always") == 0)
        o->color = true;
    else if (strcmp(value, "never") == 0)
        o->color = false;
    else if (strcmp(value, "auto") != 0)
        return wrong("`--color` takes auto, always or never, not `%s`", value);
    return true;
}

static bool read_params(cf_nb_options *o, const char *path) {
    cf_error err = {0};
    cf_nb_str text;
    if (cf_nb_file_read(o->pool, path, &text, &err) == CF_OK &&
        cf_nb_params_add_yaml(&o->params, o->pool, path, text, &err) == CF_OK)
        return true;
    return failed(&err);
}

static bool read_rules(cf_nb_options *o, const char *path) {
    cf_error err = {0};
    cf_nb_str text;
    if (cf_nb_file_read(o->pool, path, &text, &err) == CF_OK)
        o->tolerance.rules = o->rules = cf_nb_rules_read(path, text, &err);
    return o->rules != NULL ? true : failed(&err);
}

static bool read_param(cf_nb_options *o, const char *value, bool raw) {
    cf_error err = {0};
    return cf_nb_params_add(&o->params, o->pool, value, raw, &err) == CF_OK ? true
                                                                            : failed(&err);
}

static bool read_yaml(cf_nb_options *o, const char *value) {
    cf_error err = {0};
    return cf_nb_params_add_yaml(&o->params, o->pool, "-y", cf_nb_str_of(value), &err) == CF_OK
               ? true
               : failed(&err);
}

/* A path stays right when the notebook runs in its own folder. */
static bool add_data(cf_nb_options *o, const char *value) {
    const char *equals = strchr(value, '='), *path = equals != NULL ? equals + 1 : value;
    char *real = realpath(path, NULL);
    const char *absolute = real != NULL ? real : path;
    o->data[o->data_count++] =
        cf_nb_printf(o->pool, "%.*s%s", (int)(path - value), value, absolute);
    free(real);
    return true;
}

static bool apply(cf_nb_options *o, const option *known_one, const char *value) {
    char *base = (char *)o;
    switch (known_one->id) {
    case OPT_PARAM: return read_param(o, value, false);
    case OPT_RAW: return read_param(o, value, true);
    case OPT_YAML: return read_yaml(o, value);
    case OPT_PARAMS: return read_params(o, value);
    case OPT_DATA: return add_data(o, value);
    case OPT_RTOL: return read_number("rtol", value, &o->tolerance.rtol);
    case OPT_ATOL: return read_number("atol", value, &o->tolerance.atol);
    case OPT_SANITIZE: return read_rules(o, value);
    case OPT_TIMEOUT: return read_number("timeout", value, &o->timeout);
    case OPT_CELL_TIMEOUT: return read_number("cell-timeout", value, &o->cell_timeout);
    case OPT_GRACE: return read_number("grace", value, &o->grace);
    case OPT_JOBS: return read_count("jobs", value, &o->jobs);
    case OPT_REPEAT: return read_count("repeat", value, &o->repeat);
    case OPT_THREADS: return read_count("threads", value, &o->threads);
    case OPT_MEMORY: return read_memory(o, value);
    case OPT_COLOR: return read_color(o, value);
    case OPT_FLAG: memcpy(base + known_one->offset, &(bool){true}, sizeof(bool)); return true;
    case OPT_WORD: memcpy(base + known_one->offset, &value, sizeof(value)); return true;
    }
    return false;
}

/* ---- words ---- */

static const option *option_named(const char *name, size_t size) {
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (strlen(known[i].name) == size && memcmp(known[i].name, name, size) == 0)
            return &known[i];
    return NULL;
}

static const option *option_lettered(char letter) {
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (known[i].letter == letter) return &known[i];
    return NULL;
}

static bool read_long(cf_nb_options *o, int argc, char *const *argv, int *at) {
    const char *name = argv[*at] + 2, *equals = strchr(name, '=');
    const option *found =
        option_named(name, equals != NULL ? (size_t)(equals - name) : strlen(name));
    if (found == NULL) return wrong("no option `%s`", argv[*at]);
    if (found->id == OPT_FLAG)
        return equals == NULL ? apply(o, found, NULL)
                              : wrong("`--%s` takes no value", found->name);
    if (equals != NULL) return apply(o, found, equals + 1);
    if (*at + 1 >= argc) return wrong("`--%s` needs a value", found->name);
    return apply(o, found, argv[++*at]);
}

static bool read_short(cf_nb_options *o, int argc, char *const *argv, int *at) {
    const char *word = argv[*at];
    const option *found = option_lettered(word[1]);
    if (found == NULL) return wrong("no option `%s`", word);
    if (found->id == OPT_FLAG)
        return word[2] == '\0' ? apply(o, found, NULL) : wrong("no option `%s`", word);
    if (word[2] != '\0') return apply(o, found, word + 2);
    if (*at + 1 >= argc) return wrong("`%s` needs a value", word);
    return apply(o, found, argv[++*at]);
}

static bool has_suffix(const char *path, const char *suffix) {
    const size_t size = strlen(path), n = strlen(suffix);
    return size > n && strcmp(path + size - n, suffix) == 0;
}

static bool check(const cf_nb_options *o) {
    if (o->file_count == 0) return wrong("no notebook is given");
    for (size_t i = 0; i < o->file_count; i++) {
        if (!has_suffix(o->files[i], ".ipynb") && !has_suffix(o->files[i], ".cf"))
            return wrong("`%s` is no notebook (.ipynb) and no program (.cf)", o->files[i]);
        if ((o->inplace || o->update) && has_suffix(o->files[i], ".cf"))
            return wrong("`%s` is a program, which cannot hold outputs; use -o", o->files[i]);
    }
    if (o->inplace && o->output != NULL) return wrong("`--inplace` or `-o`, not both");
    if (o->update && o->params.values != NULL)
        return wrong("`--update` is for the notebook's own parameters, so no -p with it");
    if (o->lax && !o->check && !o->update) return wrong("`--lax` belongs to `--check`");
    if (o->via_kernel && o->data_count > 0)
        return wrong("the kernel takes no `--data`; read the files in a cell");
    const char *const paths[] = {o->output, o->html};
    for (size_t i = 0; i < 2 && o->file_count > 1; i++)
        if (paths[i] != NULL && strcmp(paths[i], "-") != 0 && strchr(paths[i], '{') == NULL &&
            !has_suffix(paths[i], "/"))
            return wrong("of several notebooks, all would be written to `%s`; "
                         "use {stem}, or end it in `/`",
                         paths[i]);
    return true;
}

/* The kernel lies beside our own program, unless CUTFLOW_KERNEL names it. */
static const char *kernel_path(cf_nb_pool *pool) {
    char self[4096];
    const char *given = getenv("CUTFLOW_KERNEL");
    if (given != NULL && *given != '\0') return given;
    const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n <= 0) return "cutflow-kernel";
    self[n] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL) *slash = '\0';
    const char *beside = cf_nb_printf(pool, "%s/cutflow-kernel", self);
    if (access(beside, X_OK) == 0) return beside;
    return cf_nb_printf(pool, "%s/kernel/cutflow-kernel", self); /* in a build folder */
}

static void set_defaults(cf_nb_options *o, int argc) {
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    *o = (cf_nb_options){.pool = cf_nb_pool_new(), .jobs = 1, .repeat = 1, .grace = 5};
    o->files = cf_nb_alloc(o->pool, (size_t)argc + 1, sizeof(*o->files));
    o->data = cf_nb_alloc(o->pool, (size_t)argc + 1, sizeof(*o->data));
    o->color = isatty(STDERR_FILENO) && (no_color == NULL || *no_color == '\0') &&
               (term == NULL || strcmp(term, "dumb") != 0);
    const char *actions = getenv("GITHUB_ACTIONS");
    o->github = actions != NULL && strcmp(actions, "true") == 0;
}

bool cf_nb_options_read(cf_nb_options *o, int argc, char *const *argv) {
    bool only_words = false;
    set_defaults(o, argc);
    for (int at = 1; at < argc; at++) {
        const char *a = argv[at];
        if (only_words || a[0] != '-' || a[1] == '\0')
            o->files[o->file_count++] = a;
        else if (strcmp(a, "--") == 0)
            only_words = true;
        else if (a[1] == '-' ? !read_long(o, argc, argv, &at) : !read_short(o, argc, argv, &at))
            return false;
    }
    if (o->update) o->check = true;
    if (o->via_kernel) o->kernel = kernel_path(o->pool);
    return check(o);
}
