/* Thrift's compact protocol.  A field is a byte (step from the last field's number, type) and
 * its value; integers are zigzag varints; a struct ends with a zero byte. */

#include "io/parquet_thrift.h"

#define DEPTH_MAX 32 /* of values inside values that we pass over */

static uint8_t take_byte(cf_thrift *t) {
    if (t->at >= t->end) {
        t->bad = true;
        t->at = t->end;
        return 0;
    }
    return *t->at++;
}

static uint64_t take_varint(cf_thrift *t) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        const uint8_t b = take_byte(t);
        if (shift < 64) value |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) return value;
    }
    t->bad = true;
    return 0;
}

static int64_t take_zigzag(cf_thrift *t) {
    const uint64_t raw = take_varint(t);
    return (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
}

static cf_str take_binary(cf_thrift *t) {
    const uint64_t size = take_varint(t);
    if (t->bad || size > (uint64_t)(t->end - t->at)) {
        t->bad = true;
        return (cf_str){"", 0};
    }
    const cf_str text = {(const char *)t->at, (size_t)size};
    t->at += size;
    return text;
}

bool cf_thrift_next(cf_thrift *t, cf_thrift_field *field) {
    const uint8_t head = take_byte(t);
    if (t->bad || head == CF_THRIFT_STOP) return false;
    const int step = head >> 4;
    if (step != 0) {
        field->id += step;
    } else {
        const int64_t id = take_zigzag(t);
        if (id < INT16_MIN || id > INT16_MAX) t->bad = true;
        field->id = t->bad ? 0 : (int)id;
    }
    field->type = head & 15;
    if (field->id > INT16_MAX) t->bad = true;
    return !t->bad;
}

static void skip_value(cf_thrift *t, int type, unsigned depth);

static void skip_bytes(cf_thrift *t, uint64_t size) {
    if (size > (uint64_t)(t->end - t->at)) {
        t->bad = true;
        return;
    }
    t->at += size;
}

/* The head of a list: a byte with small counts and the element's type. */
static uint64_t take_list_head(cf_thrift *t, int *element) {
    const uint8_t head = take_byte(t);
    *element = head & 15;
    const uint64_t count = head >> 4 == 15 ? take_varint(t) : head >> 4;
    if (count > (uint64_t)(t->end - t->at))
        t->bad = true; /* every element takes a byte at least */
    return t->bad ? 0 : count;
}

/* Unlike a field, which has its truth in its head, an element of a collection takes a byte. */
static void skip_element(cf_thrift *t, int type, unsigned depth) {
    if (type == CF_THRIFT_TRUE || type == CF_THRIFT_FALSE) {
        (void)take_byte(t);
    } else {
        skip_value(t, type, depth + 1);
    }
}

static void skip_list(cf_thrift *t, unsigned depth) {
    int element;
    const uint64_t count = take_list_head(t, &element);
    for (uint64_t i = 0; i < count && !t->bad; i++)
        skip_element(t, element, depth);
}

static void skip_map(cf_thrift *t, unsigned depth) {
    const uint64_t count = take_varint(t);
    if (count == 0 || t->bad) return;
    const uint8_t types = take_byte(t);
    for (uint64_t i = 0; i < count && !t->bad; i++) {
        skip_element(t, types >> 4, depth);
        skip_element(t, types & 15, depth);
    }
}

static void skip_struct(cf_thrift *t, unsigned depth) {
    cf_thrift_field field = {0, 0};
    while (cf_thrift_next(t, &field))
        skip_value(t, field.type, depth + 1);
}

static void skip_value(cf_thrift *t, int type, unsigned depth) {
    if (depth > DEPTH_MAX) {
        t->bad = true;
        return;
    }
    switch (type) {
    case CF_THRIFT_TRUE:
    case CF_THRIFT_FALSE: break;
    case CF_THRIFT_BYTE: skip_bytes(t, 1); break;
    case CF_THRIFT_I16:
    case CF_THRIFT_I32:
    case CF_THRIFT_I64: (void)take_varint(t); break;
    case CF_THRIFT_DOUBLE: skip_bytes(t, 8); break;
    case CF_THRIFT_BINARY: (void)take_binary(t); break;
    case CF_THRIFT_LIST:
    case CF_THRIFT_SET: skip_list(t, depth); break;
    case CF_THRIFT_MAP: skip_map(t, depth); break;
    case CF_THRIFT_STRUCT: skip_struct(t, depth); break;
    default: t->bad = true; break;
    }
}

void cf_thrift_skip(cf_thrift *t, const cf_thrift_field *field) {
    skip_value(t, field->type, 0);
}

int64_t cf_thrift_int(cf_thrift *t, const cf_thrift_field *field) {
    if (field->type == CF_THRIFT_BYTE) return (int8_t)take_byte(t);
    if (field->type >= CF_THRIFT_I16 && field->type <= CF_THRIFT_I64) return take_zigzag(t);
    cf_thrift_skip(t, field);
    return 0;
}

bool cf_thrift_bool(const cf_thrift_field *field) {
    return field->type == CF_THRIFT_TRUE;
}

cf_str cf_thrift_text(cf_thrift *t, const cf_thrift_field *field) {
    if (field->type == CF_THRIFT_BINARY) return take_binary(t);
    cf_thrift_skip(t, field);
    return (cf_str){"", 0};
}

uint32_t cf_thrift_list(cf_thrift *t, const cf_thrift_field *field, int element) {
    if (field->type != CF_THRIFT_LIST) {
        cf_thrift_skip(t, field);
        return 0;
    }
    int found;
    const uint64_t count = take_list_head(t, &found);
    if (count != 0 && found != element) t->bad = true;
    if (count > UINT32_MAX) t->bad = true;
    return t->bad ? 0 : (uint32_t)count;
}

bool cf_thrift_is_struct(cf_thrift *t, const cf_thrift_field *field) {
    if (field->type == CF_THRIFT_STRUCT) return true;
    cf_thrift_skip(t, field);
    return false;
}

int64_t cf_thrift_element_int(cf_thrift *t) {
    return take_zigzag(t);
}

cf_str cf_thrift_element_text(cf_thrift *t) {
    return take_binary(t);
}

static void put_varint(cf_thrift_out *t, uint64_t value) {
    while (value >= 0x80) {
        cf_text_addc(t->out, (char)(uint8_t)(value | 0x80));
        value >>= 7;
    }
    cf_text_addc(t->out, (char)(uint8_t)value);
}

static void put_zigzag(cf_thrift_out *t, int64_t value) {
    put_varint(t, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

static void put_head(cf_thrift_out *t, int id, int type) {
    const int step = id - t->last[t->depth];
    if (step > 0 && step < 16) {
        cf_text_addc(t->out, (char)(uint8_t)(step << 4 | type));
    } else {
        cf_text_addc(t->out, (char)(uint8_t)type);
        put_zigzag(t, id);
    }
    t->last[t->depth] = id;
}

void cf_thrift_put_int(cf_thrift_out *t, int id, int type, int64_t value) {
    put_head(t, id, type);
    if (type == CF_THRIFT_BYTE) {
        cf_text_addc(t->out, (char)value);
    } else {
        put_zigzag(t, value);
    }
}

void cf_thrift_put_bool(cf_thrift_out *t, int id, bool value) {
    put_head(t, id, value ? CF_THRIFT_TRUE : CF_THRIFT_FALSE);
}

void cf_thrift_put_element_text(cf_thrift_out *t, const void *data, size_t size) {
    put_varint(t, size);
    cf_text_add(t->out, data, size);
}

void cf_thrift_put_text(cf_thrift_out *t, int id, const void *data, size_t size) {
    put_head(t, id, CF_THRIFT_BINARY);
    cf_thrift_put_element_text(t, data, size);
}

void cf_thrift_put_list(cf_thrift_out *t, int id, int element, size_t count) {
    put_head(t, id, CF_THRIFT_LIST);
    if (count < 15) {
        cf_text_addc(t->out, (char)(uint8_t)((count << 4) | (unsigned)element));
    } else {
        cf_text_addc(t->out, (char)(uint8_t)(0xf0 | element));
        put_varint(t, count);
    }
}

void cf_thrift_put_element_int(cf_thrift_out *t, int64_t value) {
    put_zigzag(t, value);
}

void cf_thrift_put_element_struct(cf_thrift_out *t) {
    CF_ASSERT(t->depth + 1 < (int)CF_COUNT(t->last));
    t->last[++t->depth] = 0;
}

void cf_thrift_put_struct(cf_thrift_out *t, int id) {
    put_head(t, id, CF_THRIFT_STRUCT);
    cf_thrift_put_element_struct(t);
}

void cf_thrift_put_end(cf_thrift_out *t) {
    cf_text_addc(t->out, 0);
    t->depth--;
}
