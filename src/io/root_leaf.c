#include "io/root_schema_internal.h"

/* What the values of a leaf are and how many an entry has. */

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *class_name;
    cf_root_decoder plain, unsigned_;
} leaf_classes[] = {
    {"TLeafB", {CF_ROOT_COPY, CF_INT8, 1, 0, 0, 0}, {CF_ROOT_COPY, CF_UINT8, 1, 0, 0, 0}},
    {"TLeafS", {CF_ROOT_SWAP16, CF_INT16, 2, 0, 0, 0}, {CF_ROOT_SWAP16, CF_UINT16, 2, 0, 0, 0}},
    {"TLeafI", {CF_ROOT_SWAP32, CF_INT32, 4, 0, 0, 0}, {CF_ROOT_SWAP32, CF_UINT32, 4, 0, 0, 0}},
    {"TLeafL", {CF_ROOT_SWAP64, CF_INT64, 8, 0, 0, 0}, {CF_ROOT_SWAP64, CF_UINT64, 8, 0, 0, 0}},
    {"TLeafG", {CF_ROOT_SWAP64, CF_INT64, 8, 0, 0, 0}, {CF_ROOT_SWAP64, CF_UINT64, 8, 0, 0, 0}},
    {"TLeafF",
     {CF_ROOT_SWAP32, CF_FLOAT32, 4, 0, 0, 0},
     {CF_ROOT_SWAP32, CF_FLOAT32, 4, 0, 0, 0}},
    {"TLeafD",
     {CF_ROOT_SWAP64, CF_FLOAT64, 8, 0, 0, 0},
     {CF_ROOT_SWAP64, CF_FLOAT64, 8, 0, 0, 0}},
    {"TLeafO", {CF_ROOT_TRUTH, CF_BOOL, 1, 0, 0, 0}, {CF_ROOT_TRUTH, CF_BOOL, 1, 0, 0, 0}},
};

/* By number of the type; width 0: none of these. */
static const cf_root_decoder type_decoders[20] = {
    [CF_ROOT_CHAR] = {CF_ROOT_COPY, CF_INT8, 1, 0, 0, 0},
    [CF_ROOT_SHORT] = {CF_ROOT_SWAP16, CF_INT16, 2, 0, 0, 0},
    [CF_ROOT_INT] = {CF_ROOT_SWAP32, CF_INT32, 4, 0, 0, 0},
    [CF_ROOT_LONG] = {CF_ROOT_SWAP64, CF_INT64, 8, 0, 0, 0},
    [CF_ROOT_FLOAT] = {CF_ROOT_SWAP32, CF_FLOAT32, 4, 0, 0, 0},
    [CF_ROOT_COUNTER] = {CF_ROOT_SWAP32, CF_INT32, 4, 0, 0, 0},
    [CF_ROOT_DOUBLE] = {CF_ROOT_SWAP64, CF_FLOAT64, 8, 0, 0, 0},
    [CF_ROOT_LEGACY_CHAR] = {CF_ROOT_COPY, CF_INT8, 1, 0, 0, 0},
    [CF_ROOT_UCHAR] = {CF_ROOT_COPY, CF_UINT8, 1, 0, 0, 0},
    [CF_ROOT_USHORT] = {CF_ROOT_SWAP16, CF_UINT16, 2, 0, 0, 0},
    [CF_ROOT_UINT] = {CF_ROOT_SWAP32, CF_UINT32, 4, 0, 0, 0},
    [CF_ROOT_ULONG] = {CF_ROOT_SWAP64, CF_UINT64, 8, 0, 0, 0},
    [CF_ROOT_LONG64] = {CF_ROOT_SWAP64, CF_INT64, 8, 0, 0, 0},
    [CF_ROOT_ULONG64] = {CF_ROOT_SWAP64, CF_UINT64, 8, 0, 0, 0},
    [CF_ROOT_BOOL] = {CF_ROOT_TRUTH, CF_BOOL, 1, 0, 0, 0},
};

/* A number as ranges spell it: `-2*pi`, `pi/2`, `1e3`. */
static double range_number(const char *text, const char **end) {
    while (*text == ' ')
        text++;
    double sign = 1;
    if (*text == '-' || *text == '+') sign = *text++ == '-' ? -1 : 1;
    double x = 1;
    char *after = NULL;
    const bool number = (*text >= '0' && *text <= '9') || *text == '.';
    if (number) {
        x = strtod(text, &after);
        text = after;
        if (*text == '*') text++;
    }
    if (strncmp(text, "two", 3) == 0) {
        x *= 2;
        text += 3;
    }
    if (strncmp(text, "pi", 2) == 0) {
        x *= 3.14159265358979323846;
        text += 2;
        if (*text == '/') {
            const double by = strtod(text + 1, &after);
            if (by != 0) x /= by;
            text = after;
        }
    } else if (!number) {
        x = 0;
    }
    *end = text;
    return sign * x;
}

/* `[low, high, bits]` in a title; the last bracket with a comma counts. */
static bool range_find(const char *title, double *low, double *high, long *bits) {
    const char *open = NULL;
    for (const char *p = title; (p = strchr(p, '[')) != NULL; p++) {
        const size_t inside = strcspn(p, "]");
        if (memchr(p, ',', inside) != NULL) open = p;
    }
    if (open == NULL) return false;
    const char *p = open + 1;
    *low = range_number(p, &p);
    p += strspn(p, " ,");
    *high = range_number(p, &p);
    p += strspn(p, " ,");
    *bits = strtol(p, NULL, 10);
    return true;
}

/* Float16_t (`is_short`) and Double32_t. */
static cf_root_decoder packed_decoder(bool is_short, const char *title) {
    cf_root_decoder d = {.how = is_short ? CF_ROOT_SHORTENED : CF_ROOT_WIDEN,
                         .kind = is_short ? CF_FLOAT32 : CF_FLOAT64,
                         .width = is_short ? 3 : 4,
                         .bits = is_short ? 12 : 0};
    double low = 0, high = 0;
    long bits = 0;
    if (!range_find(title, &low, &high, &bits)) return d;
    if (low < high) {
        if (bits < 2 || bits > 32) bits = 32;
        const double steps = bits < 32 ? (double)(UINT64_C(1) << bits) : 4294967295.0;
        return (cf_root_decoder){.how = CF_ROOT_SCALED,
                                 .kind = d.kind,
                                 .width = 4,
                                 .low = low,
                                 .step = steps / (high - low)};
    }
    if (bits >= 2 && bits < 15) {
        d.how = CF_ROOT_SHORTENED;
        d.width = 3;
        d.bits = (uint8_t)bits;
    }
    return d;
}

bool cf_root_type_decoder(int type, const char *title, cf_root_decoder *d) {
    if (type == CF_ROOT_FLOAT16 || type == CF_ROOT_DOUBLE32) {
        *d = packed_decoder(type == CF_ROOT_FLOAT16, title);
        return true;
    }
    if (type <= 0 || type >= 20 || type_decoders[type].width == 0) return false;
    *d = type_decoders[type];
    return true;
}

const cf_root_element *cf_root_branch_element(const cf_root_maker *k,
                                              const cf_root_branch *br) {
    const cf_root_class *c =
        cf_root_class_find(&k->tree->classes, br->object_class, br->class_version);
    if (c == NULL)
        c = cf_root_class_by_checksum(&k->tree->classes, br->object_class, br->checksum);
    if (c == NULL || br->member_id < 0 || (uint32_t)br->member_id >= c->count) return NULL;
    return &c->elements[br->member_id];
}

static bool element_decoder(const cf_root_maker *k, const cf_root_branch *br,
                            cf_root_decoder *d) {
    const int type = br->member_type;
    if (type <= 0 || type >= CF_ROOT_COUNTED || type == CF_ROOT_BITS) return false;
    const cf_root_element *e = cf_root_branch_element(k, br);
    return cf_root_type_decoder(type % CF_ROOT_ARRAY, e != NULL ? e->title : "", d);
}

bool cf_root_leaf_decoder(const cf_root_maker *k, const cf_root_leaf *leaf,
                          cf_root_decoder *d) {
    if (leaf->branch->is_element) return element_decoder(k, leaf->branch, d);
    if (strcmp(leaf->class_name, "TLeafF16") == 0 ||
        strcmp(leaf->class_name, "TLeafD32") == 0) {
        *d = packed_decoder(leaf->class_name[5] == 'F', leaf->title);
        return true;
    }
    for (size_t i = 0; i < CF_COUNT(leaf_classes); i++)
        if (strcmp(leaf->class_name, leaf_classes[i].class_name) == 0) {
            *d = leaf->is_unsigned ? leaf_classes[i].unsigned_ : leaf_classes[i].plain;
            return true;
        }
    return false;
}

uint32_t cf_root_leaf_length(const cf_root_leaf *leaf) {
    return leaf->length > 0 ? (uint32_t)leaf->length : 1;
}

const cf_root_leaf *cf_root_leaf_counter(const cf_root_leaf *leaf) {
    return leaf->counter != NULL && leaf->counter->branch != NULL ? leaf->counter : NULL;
}

/* The numbers in brackets: `x[n][3][4]` has 3 and 4.  Their product. */
static uint64_t dims_of(const char *text, uint32_t dims[8], uint32_t *count) {
    uint64_t product = 1;
    *count = 0;
    for (const char *p = text; (p = strchr(p, '[')) != NULL; p++) {
        char *end = NULL;
        const unsigned long n = strtoul(p + 1, &end, 10);
        if (end == p + 1 || *end != ']' || n > UINT32_MAX || *count == 8) continue;
        dims[(*count)++] = (uint32_t)n;
        product *= n;
        if (product > INT32_MAX) return 0;
    }
    return product;
}

/* The fixed dimensions of a leaf: as its title or its branch's name tells, if that fits. */
uint32_t cf_root_leaf_dims(const cf_root_leaf *leaf, uint32_t dims[8]) {
    const char *const told[] = {leaf->title, leaf->branch->name, leaf->branch->title};
    const uint64_t length = cf_root_leaf_length(leaf);
    uint32_t count = 0;
    for (size_t i = 0; i < CF_COUNT(told); i++)
        if (dims_of(told[i], dims, &count) == length && count > 0) return count;
    dims[0] = (uint32_t)length;
    return length > 1 ? 1 : 0;
}
