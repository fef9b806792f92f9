/* A report that CI systems read: a notebook is a suite, a cell is a case. */

#include "notebook/report.h"

/* XML 1.0 has no control characters, not even escaped. */
static void add(cf_nb_text *out, cf_nb_str s) {
    for (size_t i = 0; i < s.size; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        switch (c) {
        case '&': cf_nb_text_adds(out, "&amp;"); break;
        case '<': cf_nb_text_adds(out, "&lt;"); break;
        case '>': cf_nb_text_adds(out, "&gt;"); break;
        case '"': cf_nb_text_adds(out, "&quot;"); break;
        default:
            if (c >= 32 || c == '\n' || c == '\t') cf_nb_text_addc(out, (char)c);
        }
    }
}

static void attribute(cf_nb_text *out, const char *name, cf_nb_str value) {
    cf_nb_text_addf(out, " %s=\"", name);
    add(out, value);
    cf_nb_text_addc(out, '"');
}

static void element(cf_nb_text *out, const char *name, const char *message, cf_nb_str text) {
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_text_addf(out, "      <%s", name);
    if (message != NULL) attribute(out, "message", cf_nb_str_of(message));
    cf_nb_text_addc(out, '>');
    add(out, cf_nb_stream_shown(pool, text)); /* without colours */
    cf_nb_text_addf(out, "</%s>\n", name);
    cf_nb_pool_free(pool);
}

static bool is_error(const cf_nb_case *c) { /* of the run, not of the cell */
    return c->verdict == CF_NB_TIMEOUT || c->verdict == CF_NB_DIED;
}

static bool is_failure(const cf_nb_case *c) {
    return c->verdict == CF_NB_FAILED || c->verdict == CF_NB_DIFFERS;
}

static bool is_skipped(const cf_nb_case *c) {
    return c->verdict == CF_NB_SKIPPED || c->verdict == CF_NB_NOT_RUN;
}

static void add_case(cf_nb_text *out, const cf_nb_suite *suite, const cf_nb_case *c) {
    cf_nb_text name = {0};
    cf_nb_text_addt(&name, c->id);
    if (c->title.size > 0) cf_nb_text_adds(&name, ": ");
    cf_nb_text_addt(&name, c->title);
    cf_nb_text_adds(out, "    <testcase");
    attribute(out, "classname", cf_nb_str_of(suite->path));
    attribute(out, "name", cf_nb_text_view(&name));
    cf_nb_text_addf(out, " time=\"%.3f\">\n", c->seconds);
    cf_nb_text_clear(&name);
    if (is_failure(c)) element(out, "failure", c->message, c->details);
    if (is_error(c)) element(out, "error", c->message, c->details);
    if (is_skipped(c))
        element(out, "skipped", c->verdict == CF_NB_NOT_RUN ? "not run" : NULL,
                (cf_nb_str){"", 0});
    if (c->printed.size > 0) element(out, "system-out", NULL, c->printed);
    cf_nb_text_adds(out, "    </testcase>\n");
}

static size_t how_many(const cf_nb_suite *suite, bool (*is)(const cf_nb_case *)) {
    size_t count = 0;
    for (size_t i = 0; i < suite->count; i++)
        count += is(&suite->cases[i]);
    return count;
}

static void add_suite(cf_nb_text *out, const cf_nb_suite *suite) {
    cf_nb_text_adds(out, "  <testsuite");
    attribute(out, "name", cf_nb_str_of(suite->path));
    cf_nb_text_addf(out,
                    " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
                    "time=\"%.3f\">\n",
                    suite->count + (suite->fault != NULL), how_many(suite, is_failure),
                    how_many(suite, is_error) + (suite->fault != NULL),
                    how_many(suite, is_skipped), suite->seconds);
    for (size_t i = 0; i < suite->count; i++)
        add_case(out, suite, &suite->cases[i]);
    if (suite->fault != NULL) {
        cf_nb_text_adds(out, "    <testcase");
        attribute(out, "classname", cf_nb_str_of(suite->path));
        cf_nb_text_adds(out, " name=\"notebook\" time=\"0.000\">\n");
        element(out, "error", suite->fault, (cf_nb_str){"", 0});
        cf_nb_text_adds(out, "    </testcase>\n");
    }
    cf_nb_text_adds(out, "  </testsuite>\n");
}

cf_nb_str cf_nb_junit(cf_nb_pool *pool, const cf_nb_suite *suites, size_t count) {
    cf_nb_text out = {0};
    cf_nb_text_adds(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (size_t i = 0; i < count; i++)
        add_suite(&out, &suites[i]);
    cf_nb_text_adds(&out, "</testsuites>\n");
    return cf_nb_text_keep(&out, pool);
}
