/* `cutflow nb`: what one does with notebooks without running them. */

#include "notebook/tools.h"

#include "notebook/script.h"
#include "notebook/validate.h"

#include "cutflow/notebook.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cutflow nb strip [OPTION...] NOTEBOOK...|-    without outputs, for version "
    "control\n"
    "         --check            change nothing; exit 1 if there is something to strip\n"
    "         --stdout           write to standard output\n"
    "         --keep-output      keep outputs     --keep-count   keep execution counts\n"
    "         --keep-metadata KEY  keep cell metadata that is stripped otherwise\n"
    "         --extra KEY        strip also metadata.KEY or cell.metadata.KEY\n"
    "       cutflow nb validate NOTEBOOK...               faults, with their lines\n"
    "       cutflow nb diff [--color WHEN] [--sources] A B  cells by their ids; exit 1 if "
    "different\n"
    "       cutflow nb to-script [--ids] NOTEBOOK [-o FILE]    a program in the percent "
    "format\n"
    "       cutflow nb from-script PROGRAM.cf [-o FILE]        and back\n";

static int usage(const char *what, const char *word) {
    fprintf(stderr, "cutflow nb: %s%s%s\nTry `cutflow nb --help`.\n", what, word, "");
    return CF_NB_TOOL_USAGE;
}

static int fail(const cf_error *err) {
    fprintf(stderr, "cutflow nb: %s\n", err->message);
    return CF_NB_TOOL_USAGE;
}

/* ---- strip ---- */

typedef struct {
    bool check, to_stdout, keep_output, keep_count;
    const char **keep, **extra, **files;
    size_t keep_count_keys, extra_count, file_count;
} strip_options;

/* Removes `a.b.c` below an object. */
static void remove_path(cf_nb_pool *pool, cf_nb_json *object, const char *path) {
    for (const char *dot = strchr(path, '.'); dot != NULL && !cf_nb_remove(object, path);
         dot = strchr(path, '.')) {
        object =
            cf_nb_get(object, cf_nb_dup(pool, (cf_nb_str){path, (size_t)(dot - path)}).data);
        path = dot + 1;
    }
    cf_nb_remove(object, path);
}

/* What tells how the cell looked or ran, not what it is. */
static void strip_metadata(cf_nb_pool *pool, cf_nb_json *cell, const strip_options *o) {
    static const char *const passing[] = {"collapsed",         "ExecuteTime", "execution",
                                          "heading_collapsed", "hidden",      "scrolled"};
    cf_nb_json *metadata = cf_nb_get(cell, "metadata");
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        bool kept = false;
        for (size_t k = 0; k < o->keep_count_keys; k++)
            kept |= strcmp(o->keep[k], passing[i]) == 0;
        if (!kept) cf_nb_remove(metadata, passing[i]);
    }
    for (size_t i = 0; i < o->extra_count; i++)
        if (strncmp(o->extra[i], "cell.metadata.", 14) == 0)
            remove_path(pool, metadata, o->extra[i] + 14);
}

/* A cell may ask to keep its outputs, in the ways that nbstripout knows. */
static bool keeps_output(const cf_nb_json *cell, const strip_options *o) {
    const cf_nb_json *metadata = cf_nb_get(cell, "metadata"),
                     *init = cf_nb_get(metadata, "init_cell"),
                     *keep = cf_nb_get(metadata, "keep_output");
    if (init != NULL) return cf_nb_truth(init);
    if (cf_nb_cell_has_tag(cell, "keep_output") || cf_nb_truth(keep)) return true;
    return keep == NULL && o->keep_output;
}

static void strip_cell(cf_nb_pool *pool, cf_nb_json *cell, const strip_options *o) {
    strip_metadata(pool, cell, o);
    if (cf_nb_cell_kind_of(cell) != CF_NB_CODE) return;
    if (!keeps_output(cell, o)) cf_nb_set(pool, cell, "outputs", cf_nb_json_list(pool));
    if (o->keep_count) return;
    if (cf_nb_get(cell, "execution_count") != NULL)
        cf_nb_set(pool, cell, "execution_count", cf_nb_json_null(pool));
    const cf_nb_json *outputs = cf_nb_get(cell, "outputs");
    for (size_t i = 0; outputs != NULL && i < outputs->count; i++)
        if (cf_nb_get(outputs->items[i], "execution_count") != NULL)
            cf_nb_set(pool, outputs->items[i], "execution_count", cf_nb_json_null(pool));
}

static void strip_book(cf_nb_book *book, const strip_options *o) {
    cf_nb_json *metadata = cf_nb_get(book->root, "metadata");
    cf_nb_remove(metadata, "widgets");
    for (size_t i = 0; i < o->extra_count; i++)
        if (strncmp(o->extra[i], "metadata.", 9) == 0)
            remove_path(book->pool, metadata, o->extra[i] + 9);
    for (size_t i = 0; i < book->cells->count; i++)
        strip_cell(book->pool, book->cells->items[i], o);
}

static int strip_file(const char *path, const strip_options *o) {
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_book book;
    cf_error err = {0};
    int code = 0;
    if (cf_nb_book_load(pool, path, &book, &err) == CF_OK) {
        strip_book(&book, o);
        const cf_nb_str text = cf_nb_book_print(&book, pool);
        const bool same = cf_nb_str_equal(text, book.original);
        if (o->check && !same) {
            printf("%s: can be stripped\n", path);
            code = CF_NB_TOOL_FAILED;
        } else if (!o->check &&
                   cf_nb_file_write(o->to_stdout ? "-" : path, text, &err) != CF_OK) {
            code = fail(&err);
        }
    } else {
        code = fail(&err);
    }
    cf_nb_pool_free(pool);
    return code;
}

static bool read_strip_option(strip_options *o, const char *word) {
    static const struct {
        const char *name;
        size_t offset;
    } flags[] = {{"--check", offsetof(strip_options, check)},
                 {"--stdout", offsetof(strip_options, to_stdout)},
                 {"--keep-output", offsetof(strip_options, keep_output)},
                 {"--keep-count", offsetof(strip_options, keep_count)}};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (strcmp(word, flags[i].name) == 0) {
            memcpy((char *)o + flags[i].offset, &(bool){true}, sizeof(bool));
            return true;
        }
    return false;
}

static int strip_all(strip_options *o, int argc, char *const *argv) {
    for (int i = 1; i < argc; i++) {
        const bool keep = strcmp(argv[i], "--keep-metadata") == 0,
                   extra = strcmp(argv[i], "--extra") == 0;
        if ((keep || extra) && i + 1 >= argc) return usage(argv[i], " needs a key");
        if (keep)
            o->keep[o->keep_count_keys++] = argv[++i];
        else if (extra)
            o->extra[o->extra_count++] = argv[++i];
        else if (argv[i][0] != '-' || argv[i][1] == '\0')
            o->files[o->file_count++] = argv[i];
        else if (!read_strip_option(o, argv[i]))
            return usage("strip has no option ", argv[i]);
    }
    if (o->file_count == 0) return usage("strip needs a notebook", "");
    int code = 0;
    for (size_t i = 0; i < o->file_count; i++) {
        const int one = strip_file(o->files[i], o);
        if (one > code) code = one;
    }
    return code;
}

int cf_nb_tool_strip(int argc, char *const *argv) {
    cf_nb_pool *pool = cf_nb_pool_new();
    const size_t n = (size_t)argc;
    strip_options o = {.keep = cf_nb_alloc(pool, n, sizeof(char *)),
                       .extra = cf_nb_alloc(pool, n, sizeof(char *)),
                       .files = cf_nb_alloc(pool, n, sizeof(char *))};
    const int code = strip_all(&o, argc, argv);
    cf_nb_pool_free(pool);
    return code;
}

/* ---- validate ---- */

static int validate_file(const char *path) {
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_str text;
    cf_nb_json *root = NULL;
    cf_nb_text out = {0};
    cf_error err = {0};
    int code = 0;
    if (cf_nb_file_read(pool, path, &text, &err) != CF_OK) {
        code = fail(&err);
    } else if (cf_nb_json_read(pool, text, &root, &err) != CF_OK) {
        printf("%s: %s\n", path, err.message);
        code = CF_NB_TOOL_FAILED;
    } else if (cf_nb_validate(root, path, &out) > 0) {
        fputs(out.data, stdout);
        code = CF_NB_TOOL_FAILED;
    }
    cf_nb_text_clear(&out);
    cf_nb_pool_free(pool);
    return code;
}

int cf_nb_tool_validate(int argc, char *const *argv) {
    int code = 0;
    if (argc < 2) return usage("validate needs a notebook", "");
    for (int i = 1; i < argc; i++) {
        const int one = validate_file(argv[i]);
        if (one > code) code = one;
    }
    return code;
}

/* ---- scripts ---- */

typedef struct {
    const char *in, *out;
    bool ids;
} script_options;

static bool read_script_options(script_options *o, int argc, char *const *argv) {
    *o = (script_options){.out = "-"};
    for (int i = 1; i < argc; i++) {
        const bool output = strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0;
        if (strcmp(argv[i], "--ids") == 0)
            o->ids = true;
        else if (output && i + 1 < argc)
            o->out = argv[++i];
        else if ((argv[i][0] == '-' && argv[i][1] != '\0') || o->in != NULL)
            return false;
        else
            o->in = argv[i];
    }
    return o->in != NULL;
}

int cf_nb_tool_to_script(int argc, char *const *argv) {
    script_options o;
    if (!read_script_options(&o, argc, argv)) return usage("to-script needs one notebook", "");
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_book book;
    cf_error err = {0};
    int code = 0;
    if (cf_nb_book_load(pool, o.in, &book, &err) != CF_OK ||
        cf_nb_file_write(o.out, cf_nb_script_write(&book, pool, o.ids), &err) != CF_OK)
        code = fail(&err);
    cf_nb_pool_free(pool);
    return code;
}

int cf_nb_tool_from_script(int argc, char *const *argv) {
    script_options o;
    if (!read_script_options(&o, argc, argv)) return usage("from-script needs one program", "");
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_str text;
    cf_error err = {0};
    int code = 0;
    if (cf_nb_file_read(pool, o.in, &text, &err) == CF_OK) {
        cf_nb_book book;
        cf_nb_text clean = {0};
        cf_nb_utf8_clean(&clean, text); /* a notebook is UTF-8 */
        cf_nb_script_read(pool, o.in, cf_nb_text_keep(&clean, pool), &book);
        if (cf_nb_book_save(&book, o.out, &err) != CF_OK) code = fail(&err);
    } else {
        code = fail(&err);
    }
    cf_nb_pool_free(pool);
    return code;
}

/* ---- which ---- */

int cf_notebook_tool(int argc, char *const *argv) {
    static const struct {
        const char *name;
        int (*run)(int, char *const *);
    } tools[] = {{"strip", cf_nb_tool_strip},
                 {"validate", cf_nb_tool_validate},
                 {"diff", cf_nb_tool_diff},
                 {"to-script", cf_nb_tool_to_script},
                 {"from-script", cf_nb_tool_from_script}};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return fflush(stdout) == 0 ? 0 : CF_NB_TOOL_FAILED;
        }
    for (size_t i = 0; argc > 1 && i < sizeof(tools) / sizeof(tools[0]); i++)
        if (strcmp(argv[1], tools[i].name) == 0) {
            const int code = tools[i].run(argc - 1, argv + 1);
            if (fflush(stdout) == 0 && !ferror(stdout)) return code;
            fputs("cutflow nb: cannot write to standard output\n", stderr);
            return code != 0 ? code : CF_NB_TOOL_FAILED;
        }
    return usage(argc > 1 ? "there is no `nb " : "what is to be done?",
                 argc > 1 ? argv[1] : "");
}
