#ifndef CF_NOTEBOOK_COMPARE_H
#define CF_NOTEBOOK_COMPARE_H

/* Do the outputs of a cell agree with those that the notebook holds?  What depends on the run
 * and not on the result (numbers within a tolerance, white space that only aligns, the order of
 * JSON keys and XML attributes, how a picture is packed) is no difference. */

#include "notebook/json.h"
#include "notebook/sanitize.h"

typedef struct {
    double rtol, atol; /* |got - want| <= atol + rtol |want| */
    bool unordered;    /* rows of tables, lines of text, items of JSON lists in any order */
    bool strict;       /* without the built-in rules */
    const cf_nb_rules *rules;   /* the user's; NULL: none */
    const cf_nb_rules *builtin; /* timings, dates, host, folders */
    const cf_nb_json *ignore;   /* a list of MIME types or "stdout", "stderr"; NULL: none */
} cf_nb_tolerance;

/* Appends to *diff what differs; color: ANSI. */
bool cf_nb_outputs_agree(const cf_nb_json *want, const cf_nb_json *got,
                         const cf_nb_tolerance *tolerance, bool color, cf_nb_text *diff);

/* ---- the parts, for tests ---- */

enum {
    CF_NB_COLLAPSE = 1,     /* white space is one blank */
    CF_NB_AFTER_LETTERS = 2 /* M1.5 holds a number (paths of SVG) */
};
bool cf_nb_text_agrees(cf_nb_str want, cf_nb_str got, double rtol, double atol, int flags);
bool cf_nb_markup_agrees(cf_nb_str want, cf_nb_str got, const cf_nb_tolerance *tolerance);
bool cf_nb_json_agrees(const cf_nb_json *want, const cf_nb_json *got,
                       const cf_nb_tolerance *tolerance);
/* Base64 of two PNG files; false too where one cannot be read. */
bool cf_nb_png_agrees(cf_nb_str want, cf_nb_str got);
/* What a terminal shows of a stream: \r and \b obeyed, colours gone. */
cf_nb_str cf_nb_stream_shown(cf_nb_pool *pool, cf_nb_str text);

#endif
