/* Tags of nbclient and nbval, markers of nbval, metadata of our own. */

#include "notebook/directive.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

/* A line `# NBVAL_SKIP` and the like. */
static bool has_marker(const cf_nb_json *cell, const char *marker) {
    cf_nb_str rest = cf_nb_cell_source(cell), line;
    while (cf_nb_str_line(&rest, &line)) {
        line = cf_nb_str_trim(line);
        if (line.size == 0 || line.data[0] != '#') continue;
        const cf_nb_str word = cf_nb_str_trim((cf_nb_str){line.data + 1, line.size - 1});
        if (cf_nb_str_is(word, marker)) return true;
    }
    return false;
}

static bool asks(const cf_nb_json *cell, const char *tag, const char *marker) {
    return cf_nb_cell_has_tag(cell, tag) || has_marker(cell, marker);
}

bool cf_nb_is_skipped(const cf_nb_json *cell) {
    return cf_nb_cell_has_tag(cell, "skip-execution") || asks(cell, "nbval-skip", "NBVAL_SKIP");
}

bool cf_nb_expects_error(const cf_nb_json *cell) {
    return cf_nb_cell_has_tag(cell, "raises-exception") ||
           asks(cell, "nbval-raises-exception", "NBVAL_RAISES_EXCEPTION");
}

cf_status cf_nb_ename_matches(const cf_nb_json *cell, cf_nb_str ename, bool *matches,
                              cf_error *err) {
    const cf_nb_json *pattern = cf_nb_get(cf_nb_own_metadata(cell), "ename");
    *matches = true;
    if (!cf_nb_is(pattern, CF_NB_STRING)) return CF_OK;
    char whole[512];
    const int size = snprintf(whole, sizeof(whole), "^(%.*s)$", CF_NB_STR_ARGS(pattern->text));
    regex_t regex;
    if (size >= (int)sizeof(whole) || regcomp(&regex, whole, REG_EXTENDED | REG_NOSUB) != 0)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "metadata.cutflow.ename is no pattern: `%.*s`",
                       CF_NB_STR_ARGS(pattern->text));
    char name[64];
    snprintf(name, sizeof(name), "%.*s", CF_NB_STR_ARGS(ename));
    *matches = regexec(&regex, name, 0, NULL, 0) == 0;
    regfree(&regex);
    return CF_OK;
}

static const cf_nb_json *execution_metadata(const cf_nb_book *book) {
    return cf_nb_get(cf_nb_get(book->root, "metadata"), "execution");
}

bool cf_nb_errors_allowed(const cf_nb_book *book) {
    return cf_nb_truth(cf_nb_get(execution_metadata(book), "allow_errors"));
}

double cf_nb_cell_timeout(const cf_nb_book *book, const cf_nb_json *cell, double given) {
    double seconds = given;
    if (!cf_nb_number(cf_nb_get(cf_nb_own_metadata(cell), "timeout"), &seconds))
        cf_nb_number(cf_nb_get(execution_metadata(book), "timeout"), &seconds);
    return seconds > 0 && seconds < 1e9 ? seconds : 0;
}

bool cf_nb_is_compared(const cf_nb_json *cell, bool lax) {
    if (cf_nb_is_text(cf_nb_get(cf_nb_own_metadata(cell), "compare"), "ignore")) return false;
    if (asks(cell, "nbval-ignore-output", "NBVAL_IGNORE_OUTPUT") ||
        has_marker(cell, "PYTEST_VALIDATE_IGNORE_OUTPUT"))
        return false;
    return !lax || asks(cell, "nbval-check-output", "NBVAL_CHECK_OUTPUT");
}

cf_nb_tolerance cf_nb_cell_tolerance(const cf_nb_json *cell, const cf_nb_tolerance *given) {
    cf_nb_tolerance t = *given;
    const cf_nb_json *compare = cf_nb_get(cf_nb_own_metadata(cell), "compare");
    if (cf_nb_is_text(compare, "unordered")) t.unordered = true;
    if (cf_nb_is_text(compare, "exact")) t.rtol = t.atol = 0;
    if (!cf_nb_is(compare, CF_NB_OBJECT)) return t;
    if (cf_nb_truth(cf_nb_get(compare, "unordered"))) t.unordered = true;
    cf_nb_number(cf_nb_get(compare, "rtol"), &t.rtol);
    cf_nb_number(cf_nb_get(compare, "atol"), &t.atol);
    t.ignore = cf_nb_get(compare, "ignore");
    return t;
}
