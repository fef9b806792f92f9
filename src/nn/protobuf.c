#include "nn/protobuf.h"

#include <string.h>

enum { VARINT = 0, BYTES = 2, FIXED32 = 5 };

static void add_varint(cf_text *out, uint64_t x) {
    for (; x >= 0x80; x >>= 7)
        cf_text_addc(out, (char)(unsigned char)(x | 0x80));
    cf_text_addc(out, (char)x);
}

static void add_tag(cf_text *out, unsigned field, unsigned type) {
    add_varint(out, (uint64_t)field << 3 | type);
}

void cf_pb_int(cf_text *out, unsigned field, uint64_t value) {
    add_tag(out, field, VARINT);
    add_varint(out, value);
}

void cf_pb_float(cf_text *out, unsigned field, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_tag(out, field, FIXED32);
    for (int i = 0; i < 4; i++)
        cf_text_addc(out, (char)(unsigned char)(bits >> (8 * i)));
}

void cf_pb_bytes(cf_text *out, unsigned field, const void *data, size_t size) {
    add_tag(out, field, BYTES);
    add_varint(out, size);
    if (size > 0) cf_text_add(out, data, size);
}

void cf_pb_text(cf_text *out, unsigned field, const char *text) {
    cf_pb_bytes(out, field, text, strlen(text));
}

void cf_pb_message(cf_text *out, unsigned field, cf_text *inner) {
    if (inner->failed) out->failed = true;
    cf_pb_bytes(out, field, inner->data, inner->size);
    cf_text_clear(inner);
}
