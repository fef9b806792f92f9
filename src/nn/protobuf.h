#ifndef CF_NN_PROTOBUF_H
#define CF_NN_PROTOBUF_H

/* The little of protocol buffers' wire format that writing a file takes: fields by number, a
 * message inside a message as bytes.  Source: the encoding page of protobuf's documentation. */

#include "base/base.h"

void cf_pb_int(cf_text *out, unsigned field, uint64_t value); /* varint */
void cf_pb_float(cf_text *out, unsigned field, float value);  /* fixed 32 bits */
void cf_pb_bytes(cf_text *out, unsigned field, const void *data, size_t size);
void cf_pb_text(cf_text *out, unsigned field, const char *text);
/* Appends `inner` as a message and frees it. */
void cf_pb_message(cf_text *out, unsigned field, cf_text *inner);

#endif
