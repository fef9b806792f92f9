#ifndef CF_NOTEBOOK_YAML_H
#define CF_NOTEBOOK_YAML_H

/* The part of YAML that parameter files use, read as a JSON tree: `key: value` by indentation,
 * `- item`, [a, b] and {a: 1} on one line, texts plain or quoted, numbers, true, false, null,
 * comments.  Anchors, tags and texts over several lines are refused by name.  JSON is YAML, so
 * a text that starts with a brace is read as JSON. */

#include "notebook/json.h"

cf_status cf_nb_yaml_read(cf_nb_pool *pool, cf_nb_str text, cf_nb_json **out, cf_error *err);

/* A value as the command line gives it: 5, 1.5, true, null, [1, 2], {a: 1}, "text" or a plain
 * text. */
cf_nb_json *cf_nb_yaml_scalar(cf_nb_pool *pool, cf_nb_str text);

#endif
