#ifndef CF_NOTEBOOK_PARAMS_H
#define CF_NOTEBOOK_PARAMS_H

/* Parameters of a notebook, with papermill's tags and placement: the cell tagged `parameters`
 * holds the defaults; the values given stand in a cell tagged `injected-parameters` after it,
 * or at the top, and replace those of an earlier run. */

#include "notebook/book.h"

typedef struct {
    cf_nb_json *values; /* an object; the last value given for a name counts */
} cf_nb_params;

/* `name=value`; raw: the value is a text whatever it looks like. */
cf_status cf_nb_params_add(cf_nb_params *p, cf_nb_pool *pool, const char *assignment, bool raw,
                           cf_error *err);
/* The members of a YAML or JSON text; from: what to call it in messages. */
cf_status cf_nb_params_add_yaml(cf_nb_params *p, cf_nb_pool *pool, const char *from,
                                cf_nb_str text, cf_error *err);

/* A value as a literal of the language. */
void cf_nb_params_literal(cf_nb_text *out, const cf_nb_json *value);
/* `name=literal` of each scalar, for the session. */
const char **cf_nb_params_assignments(const cf_nb_params *p, cf_nb_pool *pool, size_t *count);

void cf_nb_params_inject(const cf_nb_params *p, cf_nb_book *book);

/* One line for each name that the notebook does not know. */
void cf_nb_params_warn_unknown(const cf_nb_params *p, const cf_nb_book *book);
void cf_nb_params_list(const cf_nb_book *book, cf_nb_text *out);

/* "{stem}", "{dir}", "{date}" and "{NAME}" of a parameter in a path; "{{" is a brace. */
cf_status cf_nb_params_path(const cf_nb_params *p, cf_nb_pool *pool, const char *pattern,
                            const char *notebook, const char **out, cf_error *err);

#endif
