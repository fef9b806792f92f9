/* Encoding of levels and dictionaries. */

#include "io/parquet_encode.h"

#include <stdlib.h>
#include <string.h>

enum {
    DICTIONARY_MAX = CF_DICTIONARY_MAX,
    SAMPLE = 4096, /* values after which a hopeless column is given up */
    EIGHT = 8      /* compared together */
};
#define GROUPS_MAX ((size_t)1 << 16) /* in one stretch of packed values */

/* Small things are put together before they go to the text. */
typedef struct {
    cf_text *out;
    size_t size;
    char bytes[512];
} gathered;

static void flush(gathered *g) {
    cf_text_add(g->out, g->bytes, g->size);
    g->size = 0;
}

static void put_byte(gathered *g, uint64_t byte) {
    if (g->size == sizeof g->bytes) flush(g);
    g->bytes[g->size++] = (char)(uint8_t)byte;
}

static void put_varint(gathered *g, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        put_byte(g, value | 0x80);
    put_byte(g, value);
}

static void put_equal(gathered *g, uint32_t value, size_t n, unsigned width) {
    put_varint(g, (uint64_t)n << 1);
    for (unsigned byte = 0; byte < (width + 7) / 8; byte++)
        put_byte(g, value >> (8 * byte));
}

/* Written once for levels (bytes) and indexes.
 * packed: the last group is filled up with zeroes, so only the very last stretch may be uneven;
 * others have whole groups because they borrow from the run behind them. */
#define RUNS(T, packed, all_equal, run_length, put_runs)                            \
    static bool all_equal(const T *values, T value) {                               \
        T differ = 0;                                                               \
        for (size_t i = 0; i < EIGHT; i++)                                          \
            differ |= (T)(values[i] ^ value);                                       \
        return differ == 0;                                                         \
    }                                                                               \
                                                                                    \
    static void packed(gathered *g, const T *values, size_t n, unsigned width) {    \
        const size_t groups = (n + 7) / 8;                                          \
        uint64_t bits = 0;                                                          \
        unsigned held = 0;                                                          \
        put_varint(g, (uint64_t)groups << 1 | 1);                                   \
        for (size_t i = 0; i < groups * 8; i++) {                                   \
            bits |= (uint64_t)(i < n ? values[i] : 0) << held;                      \
            for (held += width; held >= 8; held -= 8) {                             \
                put_byte(g, bits);                                                  \
                bits >>= 8;                                                         \
            }                                                                       \
        }                                                                           \
    }                                                                               \
                                                                                    \
    static size_t run_length(const T *values, size_t n) {                           \
        size_t i = 1;                                                               \
        while (i + EIGHT <= n && all_equal(values + i, values[0]))                  \
            i += EIGHT;                                                             \
        while (i < n && values[i] == values[0])                                     \
            i++;                                                                    \
        return i;                                                                   \
    }                                                                               \
                                                                                    \
    void put_runs(cf_text *out, const T *values, size_t n, unsigned width) {        \
        gathered g = {.out = out, .size = 0};                                       \
        size_t begin = 0, i = 0; /* values begin .. i - 1 wait to be packed */      \
        while (i < n) {                                                             \
            const size_t run = run_length(values + i, n - i);                       \
            const size_t borrowed = (8 - (i - begin) % 8) % 8;                      \
            if (run < borrowed + 8) {                                               \
                i += run;                                                           \
                for (; i - begin >= GROUPS_MAX * 8; begin += GROUPS_MAX * 8)        \
                    packed(&g, values + begin, GROUPS_MAX * 8, width);              \
                continue;                                                           \
            }                                                                       \
            if (i > begin) packed(&g, values + begin, i + borrowed - begin, width); \
            put_equal(&g, values[i], i > begin ? run - borrowed : run, width);      \
            i += run;                                                               \
            begin = i;                                                              \
        }                                                                           \
        if (i > begin) packed(&g, values + begin, i - begin, width);                \
        flush(&g);                                                                  \
    }
RUNS(uint8_t, packed_u8, all_equal_u8, run_length_u8, cf_runs_put_u8)
RUNS(uint32_t, packed_u32, all_equal_u32, run_length_u32, cf_runs_put)

/* ---- dictionary ---- */

typedef struct {
    const cf_plain_values *plain;
    cf_dictionary *out;
    uint32_t *slots; /* number of a value + 1, 0: free */
    size_t *places;  /* where each value lies in `out->values` */
    size_t mask;
} table;

static size_t size_at(const cf_plain_values *plain, size_t at) {
    uint32_t size;
    if (plain->value_size > 0) return plain->value_size;
    memcpy(&size, plain->data + at, sizeof size);
    return size + sizeof size;
}

/* The number of the value at `at`, a new one if it was not seen; UINT32_MAX: too many. */
static uint32_t find(table *t, size_t at, size_t size) {
    const uint8_t *value = t->plain->data + at;
    size_t slot = (size_t)cf_hash_bytes(value, size, 0) & t->mask;
    for (; t->slots[slot] != 0; slot = (slot + 1) & t->mask) {
        const uint32_t number = t->slots[slot] - 1;
        const size_t place = t->places[number];
        const size_t end =
            number + 1 < t->out->count ? t->places[number + 1] : t->out->values.size;
        if (end - place == size && memcmp(t->out->values.data + place, value, size) == 0)
            return number;
    }
    if (t->out->count == DICTIONARY_MAX) return UINT32_MAX;
    t->slots[slot] = t->out->count + 1;
    t->places[t->out->count] = t->out->values.size;
    cf_text_add(&t->out->values, (const char *)value, size);
    return t->out->count++;
}

static bool fill(table *t) {
    const cf_plain_values *plain = t->plain;
    size_t at = 0;
    for (size_t i = 0; i < plain->count; i++) {
        const size_t size = size_at(plain, at);
        const uint32_t number = find(t, at, size);
        if (number == UINT32_MAX || t->out->values.failed) return false;
        if (i == SAMPLE && t->out->count > SAMPLE / 2) return false;
        t->out->index[i] = number;
        at += size;
    }
    return (uint64_t)t->out->count * 2 <= plain->count || plain->count < 16;
}

bool cf_dictionary_build(const cf_plain_values *plain, cf_dictionary *out) {
    const size_t slots = (size_t)4 * DICTIONARY_MAX;
    *out = (cf_dictionary){.count = 0};
    if (plain->count < 16) return false;
    table t = {.plain = plain, .out = out, .mask = slots - 1};
    t.slots = calloc(slots, sizeof *t.slots);
    t.places = malloc((DICTIONARY_MAX + 1) * sizeof *t.places);
    out->index = malloc(plain->count * sizeof *out->index);
    const bool good = t.slots != NULL && t.places != NULL && out->index != NULL && fill(&t);
    free(t.slots);
    free(t.places);
    if (!good) cf_dictionary_clear(out);
    return good;
}

void cf_dictionary_clear(cf_dictionary *d) {
    cf_text_clear(&d->values);
    free(d->index);
    *d = (cf_dictionary){.count = 0};
}
