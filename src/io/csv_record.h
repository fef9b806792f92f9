#ifndef CF_IO_CSV_RECORD_H
#define CF_IO_CSV_RECORD_H

/* Cutting CSV into records and fields. */

#include "base/base.h"

typedef struct {
    const char *data; /* without the quotes */
    size_t size;
    bool quoted;
    bool doubled; /* has "" inside: cf_csv_unescape */
} cf_csv_field;

typedef struct {
    const char *at, *end; /* what is left; *end is readable and '\n' */
    bool last;            /* nothing comes after `end` */
    char separator;
    bool special[256]; /* bytes that end a bare field */
} cf_csv_scan;

typedef enum {
    CF_CSV_RECORD,     /* a record; `at` is behind it */
    CF_CSV_END,        /* nothing is left */
    CF_CSV_CUT,        /* the record goes on behind `end`; `at` is where it begins */
    CF_CSV_OPEN_QUOTE, /* a quote that is never closed; `at` is there */
    CF_CSV_AFTER_QUOTE /* text after a closing quote; `at` is there */
} cf_csv_outcome;

void cf_csv_scan_init(cf_csv_scan *s, const char *data, size_t size, bool last, char separator);
/* The next record.  *count is the number of its fields, which may be more than `capacity`; only
 * so many are stored.  A line without anything has one empty field. */
cf_csv_outcome cf_csv_next(cf_csv_scan *s, cf_csv_field *fields, size_t capacity,
                           size_t *count);
/* Halves the doubled quotes in place. */
void cf_csv_unescape(cf_csv_field *field);
/* Of , tab ; | the one that cuts the records at the start of a file most evenly; else
 * `otherwise`. */
char cf_csv_guess_separator(const char *data, size_t size, bool last, char otherwise);

#endif
