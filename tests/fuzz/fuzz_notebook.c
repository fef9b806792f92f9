/* Any bytes as a notebook, a program in the percent format, a parameter file, a sanitise file
 * and a page: no crash, no hang.  What is read as a notebook comes out the same when it is read
 * again, and its sources survive the way to a script and back. */

#include "notebook/compare.h"
#include "notebook/html.h"
#include "notebook/script.h"
#include "notebook/validate.h"
#include "notebook/yaml.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool cond) {
    if (!cond) abort();
}

static void check_sources(cf_nb_pool *pool, cf_nb_book *book) {
    cf_nb_book back;
    cf_nb_script_read(pool, "x.cf", cf_nb_script_write(book, pool, true), &back);
    require(back.cells->count == book->cells->count);
    for (size_t i = 0; i < back.cells->count; i++)
        require(cf_nb_str_equal(cf_nb_cell_source(back.cells->items[i]),
                                cf_nb_cell_source(book->cells->items[i])));
}

static void check_book(cf_nb_pool *pool, cf_nb_book *book) {
    cf_nb_book again;
    cf_nb_book_upgrade(book);
    const cf_nb_str text = cf_nb_book_print(book, pool);
    require(cf_nb_book_parse(pool, "again", text, &again, NULL) == CF_OK);
    require(cf_nb_str_equal(cf_nb_book_print(&again, pool), text));
    cf_nb_html_page(book, pool);
    check_sources(pool, book);
    const cf_nb_tolerance t = {.rtol = 1e-3, .unordered = true};
    cf_nb_text diff = {0};
    for (size_t i = 0; i + 1 < book->cells->count; i++) {
        const cf_nb_json *a = cf_nb_get(book->cells->items[i], "outputs"),
                         *b = cf_nb_get(book->cells->items[i + 1], "outputs");
        if (a != NULL && b != NULL) cf_nb_outputs_agree(a, b, &t, false, &diff);
        if (a != NULL) require(cf_nb_outputs_agree(a, a, &t, false, &diff));
    }
    cf_nb_text_clear(&diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_nb_pool *pool = cf_nb_pool_new();
    const cf_nb_str text = cf_nb_dup(pool, (cf_nb_str){(const char *)data, size});
    cf_nb_json *v = NULL;
    cf_nb_book book;
    cf_nb_text out = {0};
    if (cf_nb_json_read(pool, text, &v, NULL) == CF_OK) cf_nb_validate(v, "x", &out);
    if (cf_nb_book_parse(pool, "x", text, &book, NULL) == CF_OK) check_book(pool, &book);
    cf_nb_script_read(pool, "x.cf", text, &book);
    check_sources(pool, &book);
    (void)cf_nb_yaml_read(pool, text, &v, NULL);
    cf_nb_rules *rules = cf_nb_rules_read("x", text, NULL);
    if (rules != NULL && size < 4096) cf_nb_sanitized(pool, text, rules);
    cf_nb_rules_free(rules);
    cf_nb_markdown(&out, text, NULL);
    const cf_nb_tolerance t = {.rtol = 1e-3};
    require(cf_nb_markup_agrees(text, text, &t));
    cf_nb_stream_shown(pool, text);
    cf_nb_text_clear(&out);
    cf_nb_pool_free(pool);
    return 0;
}
