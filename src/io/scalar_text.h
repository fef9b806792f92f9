#ifndef CF_IO_SCALAR_TEXT_H
#define CF_IO_SCALAR_TEXT_H

/* Numbers, dates and whole values from text and as text, for the formats that are text. */

#include "column/column.h"

/* Each takes the whole text or says no.  Integers: digits with a sign, no superfluous leading
 * zero (an identifier like 007 is a text), within int64.  Floats: decimal, nearest double; nan,
 * inf and infinity in any case.  Dates: 2012-03-01.  Timestamps: ISO 8601, `T` or a blank in
 * the middle, seconds and fraction optional, zone Z or +hh:mm; below a microsecond cut off. */
bool cf_text_to_int(const char *s, size_t size, int64_t *x);
bool cf_text_to_float(const char *s, size_t size, double *x);
bool cf_text_to_bool(const char *s, size_t size, bool *x); /* true True TRUE, false .. */
bool cf_text_to_date(const char *s, size_t size, int64_t *days);
bool cf_text_to_timestamp(const char *s, size_t size, int64_t *microseconds);

/* The most telling kind that can hold the text: INT64 FLOAT64 BOOL DATE TIMESTAMP or TEXT.
 * `likely` (INT64, FLOAT64 or anything) is tried first; a FLOAT64 that is likely may be an int.
 */
cf_kind cf_text_kind(const char *s, size_t size, cf_kind likely);

/* A value without quotes: a text bare, a float in its shortest exact form, dates and times ISO
 * 8601, durations as the language writes them (90minutes), null as nothing; lists and tuples as
 * JSON. */
void cf_value_add_bare(cf_text *out, const cf_column *c, int64_t row);
/* A value as JSON: nan and infinities as the texts "nan", "inf", "-inf". */
void cf_value_add_json(cf_text *out, const cf_column *c, int64_t row);
void cf_text_add_json(cf_text *out, const char *data, size_t size); /* a text in quotes */
/* One cell of CSV: quoted when it must be; null is nothing, the empty text is "". */
void cf_value_add_csv(cf_text *out, const cf_column *c, int64_t row, char separator);
void cf_text_add_csv(cf_text *out, const char *data, size_t size, char separator);

#endif
