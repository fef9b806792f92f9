#ifndef CF_NOTEBOOK_JSON_H
#define CF_NOTEBOOK_JSON_H

/* JSON as a tree that forgets nothing: numbers keep their text, so what a notebook holds comes
 * out as it went in (a library that turns 0.10 or 12345678901234567890 into a double cannot do
 * that), and values know their line, so that a fault has a place.
 *
 *  Accepts what Python's reader accepts, NaN and Infinity too; writes what nbformat writes:
 * indented by one, sorted keys, UTF-8 as it is. */

#include "notebook/pool.h"

#include <stdint.h>

typedef enum {
    CF_NB_NULL,
    CF_NB_FALSE,
    CF_NB_TRUE,
    CF_NB_NUMBER,
    CF_NB_STRING,
    CF_NB_LIST,
    CF_NB_OBJECT
} cf_nb_kind;

typedef struct cf_nb_json cf_nb_json;
struct cf_nb_json {
    cf_nb_kind kind;
    uint32_t line;  /* in its file, from 1; 0: not from a file */
    cf_nb_str text; /* of a string; of a number as it was written */
    size_t count, capacity;
    cf_nb_json **items;
    cf_nb_str *keys; /* of an object; of equal ones the last counts */
};

/* err names line and column. */
cf_status cf_nb_json_read(cf_nb_pool *pool, cf_nb_str text, cf_nb_json **out, cf_error *err);

/* The same text with every byte that is not UTF-8 as U+FFFD. */
void cf_nb_utf8_clean(cf_nb_text *out, cf_nb_str text);

/* pretty: as nbformat; else on one line. Without a newline at the end. */
void cf_nb_json_write(cf_nb_text *out, const cf_nb_json *value, bool pretty);
void cf_nb_json_write_string(cf_nb_text *out, cf_nb_str s);

/* As Python prints a float: the shortest digits that read back equal. */
void cf_nb_number_print(char out[32], double x);
/* Numbers of a value become what Python would print after reading them. */
void cf_nb_json_plain_numbers(cf_nb_pool *pool, cf_nb_json *value);

cf_nb_json *cf_nb_json_null(cf_nb_pool *pool);
cf_nb_json *cf_nb_json_bool(cf_nb_pool *pool, bool value);
cf_nb_json *cf_nb_json_int(cf_nb_pool *pool, int64_t value);
cf_nb_json *cf_nb_json_float(cf_nb_pool *pool, double value);
cf_nb_json *cf_nb_json_string(cf_nb_pool *pool, cf_nb_str value); /* copies */
cf_nb_json *cf_nb_json_text(cf_nb_pool *pool, const char *zero_terminated);
cf_nb_json *cf_nb_json_list(cf_nb_pool *pool);
cf_nb_json *cf_nb_json_object(cf_nb_pool *pool);

void cf_nb_append(cf_nb_pool *pool, cf_nb_json *list, cf_nb_json *item);
void cf_nb_insert(cf_nb_pool *pool, cf_nb_json *list, size_t at, cf_nb_json *item);
void cf_nb_set(cf_nb_pool *pool, cf_nb_json *object, const char *key, cf_nb_json *value);
bool cf_nb_remove(cf_nb_json *object, const char *key);

/* These accept a NULL or a value of another kind and then find nothing. */
cf_nb_json *cf_nb_get(const cf_nb_json *object, const char *key);
cf_nb_json *cf_nb_get_str(const cf_nb_json *object, cf_nb_str key);
cf_nb_str cf_nb_get_text(const cf_nb_json *object, const char *key); /* "": no such text */
bool cf_nb_is(const cf_nb_json *value, cf_nb_kind kind);
bool cf_nb_is_text(const cf_nb_json *value, const char *text);
bool cf_nb_truth(const cf_nb_json *value);                       /* true */
bool cf_nb_number(const cf_nb_json *value, double *number);      /* false: not one */
bool cf_nb_holds(const cf_nb_json *list, const char *text);      /* a string in a list */
bool cf_nb_json_equal(const cf_nb_json *a, const cf_nb_json *b); /* number texts too */

/* Positions of an object's keys in order, each name once; malloc'd, *count of them. */
size_t *cf_nb_sorted_keys(const cf_nb_json *object, size_t *count);

#endif
