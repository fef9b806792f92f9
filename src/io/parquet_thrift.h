#ifndef CF_IO_PARQUET_THRIFT_H
#define CF_IO_PARQUET_THRIFT_H

/* Thrift's compact protocol, as much of it as Parquet's footers and page headers need. */

#include "base/base.h"

typedef enum {
    CF_THRIFT_STOP = 0,
    CF_THRIFT_TRUE = 1,
    CF_THRIFT_FALSE = 2,
    CF_THRIFT_BYTE = 3,
    CF_THRIFT_I16 = 4,
    CF_THRIFT_I32 = 5,
    CF_THRIFT_I64 = 6,
    CF_THRIFT_DOUBLE = 7,
    CF_THRIFT_BINARY = 8,
    CF_THRIFT_LIST = 9,
    CF_THRIFT_SET = 10,
    CF_THRIFT_MAP = 11,
    CF_THRIFT_STRUCT = 12
} cf_thrift_type;

/* Reading.  Once something does not fit, `bad` is set and everything after it reads as zero. */
typedef struct {
    const uint8_t *at, *end;
    bool bad;
} cf_thrift;

/* The field at hand of a struct that is being read; start with zeroes. */
typedef struct {
    int id;
    int type;
} cf_thrift_field;

/* Steps to the next field; false at the end of the struct (or when the input is bad). */
bool cf_thrift_next(cf_thrift *t, cf_thrift_field *field);
/* Each reads the field's value if it has the right type and else passes over it and gives 0. */
int64_t cf_thrift_int(cf_thrift *t, const cf_thrift_field *field); /* byte, i16, i32, i64 */
bool cf_thrift_bool(const cf_thrift_field *field);
cf_str cf_thrift_text(cf_thrift *t, const cf_thrift_field *field); /* borrowed */
/* Number of elements; 0 where the field is no list of `element`.  Never more than there are
 * bytes left. */
uint32_t cf_thrift_list(cf_thrift *t, const cf_thrift_field *field, int element);
bool cf_thrift_is_struct(cf_thrift *t, const cf_thrift_field *field);
void cf_thrift_skip(cf_thrift *t, const cf_thrift_field *field);
/* Elements of lists have no header of their own. */
int64_t cf_thrift_element_int(cf_thrift *t);
cf_str cf_thrift_element_text(cf_thrift *t);

/* Writing: bytes are added to a cf_text. */
typedef struct {
    cf_text *out;
    int last[16]; /* the last field's number, for each open struct */
    int depth;
} cf_thrift_out;

void cf_thrift_put_int(cf_thrift_out *t, int id, int type, int64_t value);
void cf_thrift_put_bool(cf_thrift_out *t, int id, bool value);
void cf_thrift_put_text(cf_thrift_out *t, int id, const void *data, size_t size);
void cf_thrift_put_list(cf_thrift_out *t, int id, int element, size_t count);
void cf_thrift_put_element_int(cf_thrift_out *t, int64_t value);
void cf_thrift_put_element_text(cf_thrift_out *t, const void *data, size_t size);
void cf_thrift_put_struct(cf_thrift_out *t, int id);
void cf_thrift_put_element_struct(cf_thrift_out *t);
void cf_thrift_put_end(cf_thrift_out *t); /* of the innermost struct */

#endif
