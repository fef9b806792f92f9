/* `cutflow nb diff`: cells side by side by their ids, sources line by line, outputs in short.
 */

#include "notebook/book.h"
#include "notebook/compare.h"
#include "notebook/linediff.h"
#include "notebook/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    cf_nb_pool *pool;
    cf_nb_text out;
    bool color, only_sources;
    bool different;
} differ;

static void heading(differ *d, char sign, const cf_nb_json *cell, const char *what) {
    const char *on = !d->color     ? ""
                     : sign == '-' ? "\033[31m"
                     : sign == '+' ? "\033[32m"
                                   : "\033[1m";
    const cf_nb_str title = cf_nb_cell_title(cell), id = cf_nb_cell_id(cell);
    d->different = true;
    cf_nb_text_addf(&d->out, "%s%c cell %.*s, %.*s: %s%s", on, sign, CF_NB_STR_ARGS(id),
                    CF_NB_STR_ARGS(cf_nb_get_text(cell, "cell_type")), what,
                    *on != '\0' ? "\033[0m" : "");
    if (title.size > 0)
        cf_nb_text_addf(&d->out, "  (%.*s)", (int)(title.size < 50 ? title.size : 50),
                        title.data);
    cf_nb_text_addc(&d->out, '\n');
}

static void whole_cell(differ *d, char sign, const cf_nb_json *cell) {
    heading(d, sign, cell, sign == '-' ? "gone" : "new");
    const cf_nb_str none = {"", 0}, source = cf_nb_cell_source(cell);
    cf_nb_line_diff(&d->out, sign == '-' ? source : none, sign == '-' ? none : source, "    ",
                    d->color);
}

static cf_nb_str printed(differ *d, const cf_nb_json *v) {
    cf_nb_text text = {0};
    if (v == NULL) return (cf_nb_str){"", 0};
    cf_nb_json_write(&text, v, true);
    return cf_nb_text_keep(&text, d->pool);
}

static void compare_metadata(differ *d, const cf_nb_json *a, const cf_nb_json *b,
                             const char *indent) {
    cf_nb_line_diff(&d->out, printed(d, a), printed(d, b), indent, d->color);
}

static const cf_nb_json *outputs_of(differ *d, const cf_nb_json *cell) {
    const cf_nb_json *outputs = cf_nb_get(cell, "outputs");
    return outputs != NULL ? outputs : cf_nb_json_list(d->pool);
}

static void compare_outputs(differ *d, const cf_nb_json *a, const cf_nb_json *b) {
    const cf_nb_json *before = outputs_of(d, a), *now = outputs_of(d, b);
    const cf_nb_tolerance exact = {.strict = true};
    if (d->only_sources || cf_nb_json_equal(before, now)) return;
    heading(d, '~', b, "outputs");
    cf_nb_text diff = {0};
    if (cf_nb_outputs_agree(before, now, &exact, d->color, &diff))
        cf_nb_text_adds(&diff, "written differently, with the same content\n");
    cf_nb_str rest = cf_nb_text_view(&diff), line;
    while (cf_nb_str_line(&rest, &line))
        cf_nb_text_addf(&d->out, "    %.*s\n", CF_NB_STR_ARGS(line));
    cf_nb_text_clear(&diff);
}

static void compare_cells(differ *d, const cf_nb_json *a, const cf_nb_json *b) {
    const cf_nb_json *meta_a = cf_nb_get(a, "metadata"), *meta_b = cf_nb_get(b, "metadata");
    if (!cf_nb_json_equal(cf_nb_get(a, "cell_type"), cf_nb_get(b, "cell_type")))
        heading(d, '~', b, "another kind of cell");
    if (!cf_nb_str_equal(cf_nb_cell_source(a), cf_nb_cell_source(b))) {
        heading(d, '~', b, "source");
        cf_nb_line_diff(&d->out, cf_nb_cell_source(a), cf_nb_cell_source(b), "    ", d->color);
    }
    if (d->only_sources) return;
    if (!cf_nb_json_equal(meta_a, meta_b)) {
        heading(d, '~', b, "metadata");
        compare_metadata(d, meta_a, meta_b, "    ");
    }
    if (!cf_nb_json_equal(cf_nb_get(a, "attachments"), cf_nb_get(b, "attachments")))
        heading(d, '~', b, "attachments");
    compare_outputs(d, a, b);
    if (!cf_nb_json_equal(cf_nb_get(a, "execution_count"), cf_nb_get(b, "execution_count")) &&
        cf_nb_json_equal(outputs_of(d, a), outputs_of(d, b)))
        heading(d, '~', b, "execution count");
}

/* Where the cell of that id is, from `from` on; count: nowhere. */
static size_t find_id(const cf_nb_json *cells, cf_nb_str id, size_t from) {
    size_t i = from;
    while (i < cells->count && !cf_nb_str_equal(cf_nb_cell_id(cells->items[i]), id))
        i++;
    return i;
}

static void compare_books(differ *d, const cf_nb_book *a, const cf_nb_book *b) {
    size_t i = 0, j = 0;
    while (i < a->cells->count || j < b->cells->count) {
        const cf_nb_json *left = i < a->cells->count ? a->cells->items[i] : NULL,
                         *right = j < b->cells->count ? b->cells->items[j] : NULL;
        const bool left_later =
            left != NULL && find_id(b->cells, cf_nb_cell_id(left), j) < b->cells->count;
        if (left != NULL && right != NULL &&
            cf_nb_str_equal(cf_nb_cell_id(left), cf_nb_cell_id(right))) {
            compare_cells(d, left, right);
            i++;
            j++;
        } else if (left != NULL && !left_later) {
            whole_cell(d, '-', left);
            i++;
        } else {
            whole_cell(d, '+', right);
            j++;
        }
    }
    const cf_nb_json *meta_a = cf_nb_get(a->root, "metadata"),
                     *meta_b = cf_nb_get(b->root, "metadata");
    if (d->only_sources || cf_nb_json_equal(meta_a, meta_b)) return;
    d->different = true;
    cf_nb_text_adds(&d->out, "~ metadata of the notebook\n");
    compare_metadata(d, meta_a, meta_b, "    ");
}

static int diff_files(differ *d, const char *before, const char *after) {
    cf_nb_book a, b;
    cf_error err = {0};
    if (cf_nb_book_load(d->pool, before, &a, &err) != CF_OK ||
        cf_nb_book_load(d->pool, after, &b, &err) != CF_OK) {
        fprintf(stderr, "cutflow nb: %s\n", err.message);
        return CF_NB_TOOL_USAGE;
    }
    cf_nb_book_upgrade(&a); /* equal cells of old notebooks get equal ids */
    cf_nb_book_upgrade(&b);
    compare_books(d, &a, &b);
    if (d->out.size > 0) {
        printf("--- %s\n+++ %s\n", before, after);
        fwrite(d->out.data, 1, d->out.size, stdout);
    }
    return d->different ? CF_NB_TOOL_FAILED : 0;
}

int cf_nb_tool_diff(int argc, char *const *argv) {
    const char *files[2] = {NULL, NULL}, *no_color = getenv("NO_COLOR");
    size_t count = 0;
    differ d = {.color = isatty(STDOUT_FILENO) != 0 && (no_color == NULL || *no_color == '\0')};
    bool good = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--sources") == 0)
            d.only_sources = true;
        else if (strcmp(argv[i], "--color") == 0 && i + 1 < argc)
            d.color = strcmp(argv[++i], "always") == 0;
        else if (argv[i][0] == '-' || count == 2)
            good = false;
        else
            files[count++] = argv[i];
    }
    if (!good || count != 2) {
        fputs("cutflow nb: diff needs two notebooks\nTry `cutflow nb --help`.\n", stderr);
        return CF_NB_TOOL_USAGE;
    }
    d.pool = cf_nb_pool_new();
    const int code = diff_files(&d, files[0], files[1]);
    cf_nb_text_clear(&d.out);
    cf_nb_pool_free(d.pool);
    return code;
}
