/* From a page's bytes to values of the leaf's kind: one function for each encoding, one for
 * each conversion.  Conversions take values as they are stored, end to end, at any alignment.
 */

#include "io/parquet_stream.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024 };

/* Text that a window may grow to by shared beginnings (DELTA_BYTE_ARRAY). */
#define TEXT_MAX ((uint64_t)256 << 20)

static const char *encoding_name(int encoding) {
    static const char *const names[] = {
        "PLAIN",
        "1",
        "PLAIN_DICTIONARY",
        "RLE",
        "BIT_PACKED",
        "DELTA_BINARY_PACKED",
        "DELTA_LENGTH_BYTE_ARRAY",
        "DELTA_BYTE_ARRAY",
        "RLE_DICTIONARY",
        "BYTE_STREAM_SPLIT",
    };
    return encoding >= 0 && encoding < (int)CF_COUNT(names) ? names[encoding]
                                                            : "an unknown encoding";
}

static cf_status too_few(const cf_pq_stream *s, cf_error *err) {
    return cf_pq_damaged(s, err, "a page has fewer values than it says");
}

/* ---- conversions ---- */

static inline int32_t load_i32(const uint8_t *p) {
    int32_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline int64_t load_i64(const uint8_t *p) {
    int64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* Narrow integers are stored in 32 bits; one that does not fit is damage, not something to cut
 * off. */
/* NOLINTBEGIN(bugprone-macro-parentheses): types do not stand in parentheses */
#define NARROW(name, T)                                                        \
    static bool name(const uint8_t *restrict src, size_t n, T *restrict out) { \
        int32_t wrong = 0;                                                     \
        for (size_t i = 0; i < n; i++) {                                       \
            const int32_t x = load_i32(src + 4 * i);                           \
            out[i] = (T)x;                                                     \
            wrong |= x ^ (int32_t)out[i];                                      \
        }                                                                      \
        return wrong == 0;                                                     \
    }
/* NOLINTEND(bugprone-macro-parentheses) */
NARROW(narrow_i8, int8_t)
NARROW(narrow_u8, uint8_t)
NARROW(narrow_i16, int16_t)
NARROW(narrow_u16, uint16_t)

static bool widen_i32(const uint8_t *restrict src, size_t n, int64_t factor,
                      int64_t *restrict out) {
    for (size_t i = 0; i < n; i++)
        out[i] = load_i32(src + 4 * i) * factor;
    return true;
}

static bool millis(const uint8_t *restrict src, size_t n, int64_t *restrict out) {
    bool wrong = false;
    for (size_t i = 0; i < n; i++)
        wrong |= __builtin_mul_overflow(load_i64(src + 8 * i), (int64_t)1000, &out[i]);
    return !wrong;
}

static bool nanos(const uint8_t *restrict src, size_t n, int64_t *restrict out) {
    for (size_t i = 0; i < n; i++) {
        const int64_t x = load_i64(src + 8 * i);
        out[i] = x / 1000 - (x % 1000 < 0);
    }
    return true;
}

/* Nanoseconds of the day, then the day counted from 4713 BC. */
static bool int96(const uint8_t *src, size_t n, int64_t *out) {
    bool wrong = false;
    for (size_t i = 0; i < n; i++) {
        const int64_t ns = load_i64(src + 12 * i);
        const int64_t day = (int64_t)(uint32_t)load_i32(src + 12 * i + 8) - 2440588;
        int64_t us;
        wrong |= __builtin_mul_overflow(day, (int64_t)86400000000, &us);
        wrong |= __builtin_add_overflow(us, ns / 1000 - (ns % 1000 < 0), &out[i]);
    }
    return !wrong;
}

static float half_to_float(uint16_t h) {
    const uint32_t sign = (uint32_t)(h >> 15) << 31;
    const uint32_t exponent = h >> 10 & 31, fraction = h & 1023;
    uint32_t bits;
    float f;
    if (exponent ==
        0) { /* zero and the numbers below the smallest normal one: fraction * 2^-24 */
        f = (float)fraction * 0x1p-24f;
        return sign != 0 ? -f : f;
    }
    const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    bits = sign | wide << 23 | fraction << 13;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static bool float16(const uint8_t *src, size_t n, float *out) {
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, src + 2 * i, sizeof h);
        out[i] = half_to_float(h);
    }
    return true;
}

/* __extension__: 128 bits are GCC's and Clang's, not C17's. */
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/* Big-endian, two's complement; bytes before the last sixteen may only repeat the sign. */
static bool big_endian(const uint8_t *p, size_t size, int128 *out) {
    const uint8_t sign = size > 0 && p[0] >= 0x80 ? 0xff : 0;
    uint128 x = sign != 0 ? ~(uint128)0 : 0;
    bool wrong = false;
    for (size_t i = 0; i < size; i++) {
        if (size - i > 16) wrong |= p[i] != sign;
        x = x << 8 | p[i];
    }
    if (size > 16) wrong |= (p[size - 16] >= 0x80) != (sign != 0);
    memcpy(out, &x, sizeof x);
    return !wrong;
}

static bool decimals(const cf_pq_leaf *leaf, const uint8_t *src, size_t n, int128 *out) {
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        if (leaf->convert == CF_PQ_I32_DECIMAL) {
            out[i] = load_i32(src + 4 * i);
        } else if (leaf->convert == CF_PQ_I64_DECIMAL) {
            out[i] = load_i64(src + 8 * i);
        } else {
            good &= big_endian(src + i * leaf->length, leaf->length, &out[i]);
        }
    }
    return good;
}

/* ---- text ---- */

/* ASCII is seen at a glance; only where there is more each value is looked at. */
static bool all_ascii(const uint8_t *p, size_t size) {
    uint64_t seen = 0;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t x;
        memcpy(&x, p + i, sizeof x);
        seen |= x;
    }
    for (; i < size; i++)
        seen |= (uint64_t)p[i] << 56;
    return (seen & 0x8080808080808080u) == 0;
}

static cf_status check_utf8(const cf_pq_stream *s, const cf_view *views, size_t n,
                            cf_error *err) {
    for (size_t i = 0; i < n; i++) {
        if (!all_ascii((const uint8_t *)views[i].data, views[i].size) &&
            !cf_utf8_valid(views[i].data, views[i].size))
            return cf_pq_damaged(s, err, "it holds text that is not UTF-8");
    }
    return CF_OK;
}

static void put_hex(char *out, const uint8_t *p, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
}

static size_t put_uuid(char *out, const uint8_t *p) {
    static const uint8_t parts[] = {4, 2, 2, 2, 6};
    char *at = out;
    for (size_t i = 0; i < CF_COUNT(parts); i++) {
        if (i > 0) *at++ = '-';
        put_hex(at, p, parts[i]);
        at += 2 * parts[i];
        p += parts[i];
    }
    return (size_t)(at - out);
}

/* Replaces the bytes that the views show by their digits. */
static cf_status hex_views(cf_pq_stream *s, cf_view *views, size_t n, cf_error *err) {
    const bool uuid = s->leaf->convert == CF_PQ_FIXED_UUID;
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += 2 * views[i].size + (uuid ? 4 : 0);
    cf_pq_bytes *bytes = cf_pq_bytes_get(s->shared, (size_t)total);
    if (bytes == NULL) return cf_pq_no_memory(s, err);
    const bool kept = cf_pq_keep(s, bytes);
    cf_pq_bytes_put(s->shared, bytes);
    if (!kept) return cf_pq_no_memory(s, err);
    char *at = (char *)bytes->data;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *from = (const uint8_t *)views[i].data;
        const size_t size = uuid ? 36 : 2 * (size_t)views[i].size;
        if (uuid) {
            (void)put_uuid(at, from);
        } else {
            put_hex(at, from, (size_t)views[i].size);
        }
        views[i] = (cf_view){at, size};
        at += size;
    }
    return CF_OK;
}

/* Fixed sizes: text is shown where it lies. */
static cf_status fixed_text(cf_pq_stream *s, const uint8_t *src, size_t n, cf_view *out,
                            cf_error *err) {
    const size_t length = s->leaf->length;
    for (size_t i = 0; i < n; i++)
        out[i] = (cf_view){(const char *)src + i * length, length};
    if (s->leaf->convert == CF_PQ_FIXED_TEXT) return check_utf8(s, out, n, err);
    return hex_views(s, out, n, err);
}

static cf_status convert(cf_pq_stream *s, const uint8_t *src, size_t n, void *out,
                         cf_error *err) {
    const cf_pq_leaf *leaf = s->leaf;
    bool good = true;
    switch (leaf->convert) {
    case CF_PQ_SAME: memcpy(out, src, n * leaf->length); break;
    case CF_PQ_I32_I8: good = narrow_i8(src, n, out); break;
    case CF_PQ_I32_U8: good = narrow_u8(src, n, out); break;
    case CF_PQ_I32_I16: good = narrow_i16(src, n, out); break;
    case CF_PQ_I32_U16: good = narrow_u16(src, n, out); break;
    case CF_PQ_I32_I64: good = widen_i32(src, n, 1, out); break;
    case CF_PQ_I32_I64_1000: good = widen_i32(src, n, 1000, out); break;
    case CF_PQ_I64_1000: good = millis(src, n, out); break;
    case CF_PQ_I64_NANOS: good = nanos(src, n, out); break;
    case CF_PQ_I96: good = int96(src, n, out); break;
    case CF_PQ_F16: good = float16(src, n, out); break;
    case CF_PQ_I32_DECIMAL:
    case CF_PQ_I64_DECIMAL:
    case CF_PQ_FIXED_DECIMAL: good = decimals(leaf, src, n, out); break;
    case CF_PQ_FIXED_TEXT:
    case CF_PQ_FIXED_HEX:
    case CF_PQ_FIXED_UUID: return fixed_text(s, src, n, out, err);
    case CF_PQ_BITS_BOOL:
    case CF_PQ_BYTES_DECIMAL:
    case CF_PQ_BYTES_TEXT:
    case CF_PQ_BYTES_HEX: CF_ASSERT(false);
    }
    if (!good)
        return cf_pq_damaged(s, err, "a value does not fit its type %s",
                             cf_kind_word(leaf->kind));
    return CF_OK;
}

/* Fixed sizes that came as views: laid end to end, then as above. */
static cf_status convert_loose(cf_pq_stream *s, const cf_view *views, size_t n, void *out,
                               cf_error *err) {
    const size_t length = s->leaf->length;
    cf_pq_bytes *bytes = cf_pq_bytes_get(s->shared, n * length);
    if (bytes == NULL) return cf_pq_no_memory(s, err);
    cf_status status = CF_OK;
    for (size_t i = 0; i < n && status == CF_OK; i++) {
        if (views[i].size != length) {
            status = cf_pq_damaged(s, err, "a value of %zu bytes has another size", length);
        } else {
            memcpy(bytes->data + i * length, views[i].data, length);
        }
    }
    if (status == CF_OK && s->leaf->kind == CF_TEXT && !cf_pq_keep(s, bytes))
        status = cf_pq_no_memory(s, err);
    if (status == CF_OK) status = convert(s, bytes->data, n, out, err);
    cf_pq_bytes_put(s->shared, bytes);
    return status;
}

/* `views` and `out` are the same array for text. */
static cf_status convert_views(cf_pq_stream *s, cf_view *views, size_t n, void *out,
                               cf_error *err) {
    if (s->leaf->physical == CF_PQ_FIXED) return convert_loose(s, views, n, out, err);
    if (s->leaf->convert == CF_PQ_BYTES_TEXT) return check_utf8(s, views, n, err);
    if (s->leaf->convert == CF_PQ_BYTES_HEX) return hex_views(s, views, n, err);
    CF_ASSERT(s->leaf->convert == CF_PQ_BYTES_DECIMAL);
    int128 *numbers = out;
    for (size_t i = 0; i < n; i++) {
        if (!big_endian((const uint8_t *)views[i].data, (size_t)views[i].size, &numbers[i]))
            return cf_pq_damaged(s, err, "a decimal has more than 38 digits");
    }
    return CF_OK;
}

/* ---- values of varying size ---- */

/* Each is its size and its bytes. */
static cf_status plain_views(cf_pq_stream *s, cf_pq_values *v, size_t n, cf_view *out,
                             cf_error *err) {
    const uint8_t *at = v->at, *const end = v->end;
    for (size_t i = 0; i < n; i++) {
        if (end - at < 4) return too_few(s, err);
        const uint32_t size = (uint32_t)load_i32(at);
        at += 4;
        if (size > (size_t)(end - at))
            return cf_pq_damaged(s, err, "a value is longer than its page");
        out[i] = (cf_view){(const char *)at, size};
        at += size;
    }
    v->at = at;
    return CF_OK;
}

/* All sizes come first, then all bytes. */
static cf_status length_views(cf_pq_stream *s, cf_pq_values *v, size_t n, cf_view *out,
                              cf_error *err) {
    int64_t sizes[BLOCK];
    while (n > 0) {
        const size_t m = n < BLOCK ? n : BLOCK;
        if (!cf_steps_read(&v->sizes, sizes, m)) return too_few(s, err);
        for (size_t i = 0; i < m; i++) {
            const uint32_t size = (uint32_t)sizes[i];
            if (size > (size_t)(v->end - v->at))
                return cf_pq_damaged(s, err, "a value is longer than its page");
            out[i] = (cf_view){(const char *)v->at, size};
            v->at += size;
        }
        out += m;
        n -= m;
    }
    return CF_OK;
}

/* One value from the beginning of the one before and the bytes that follow. */
static cf_status grow_value(cf_pq_stream *s, cf_pq_values *v, int64_t shared, int64_t rest,
                            cf_error *err) {
    if (shared < 0 || (uint64_t)shared > v->previous.size || rest < 0 || rest > v->end - v->at)
        return cf_pq_damaged(s, err, "a value is longer than its page");
    v->previous.size = (size_t)shared;
    cf_text_add(&v->previous, (const char *)v->at, (size_t)rest);
    if (v->previous.failed) return cf_pq_no_memory(s, err);
    v->at += rest;
    return CF_OK;
}

/* Builds at most BLOCK values; `sizes` gets theirs, `out` their bytes end to end. */
static cf_status grow_block(cf_pq_stream *s, cf_pq_values *v, size_t n, uint32_t *sizes,
                            cf_text *out, cf_error *err) {
    int64_t shared[BLOCK], rest[BLOCK];
    if (!cf_steps_read(&v->steps, shared, n) || !cf_steps_read(&v->sizes, rest, n))
        return too_few(s, err);
    for (size_t i = 0; i < n; i++) {
        CF_TRY(grow_value(s, v, (int32_t)shared[i], (int32_t)rest[i], err));
        if (out == NULL) continue;
        sizes[i] = (uint32_t)v->previous.size;
        if (out->size + v->previous.size > TEXT_MAX)
            return cf_fail(err, CF_E_LIMIT, CF_NOWHERE,
                           "column `%s` has too much text in these rows", s->leaf->name);
        cf_text_add(out, v->previous.data, v->previous.size);
    }
    return CF_OK;
}

static cf_status grown_text(cf_pq_stream *s, cf_pq_values *v, size_t n, cf_view *out,
                            cf_text *text, cf_error *err) {
    uint32_t sizes[BLOCK];
    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t m = n - i < BLOCK ? n - i : BLOCK;
        CF_TRY(grow_block(s, v, m, sizes, text, err));
        for (size_t j = 0; j < m; j++)
            out[i + j].size = sizes[j];
    }
    return text->failed ? cf_pq_no_memory(s, err) : CF_OK;
}

static cf_status grown_views(cf_pq_stream *s, cf_pq_values *v, size_t n, cf_view *out,
                             cf_error *err) {
    cf_text text = {0};
    cf_status status = grown_text(s, v, n, out, &text, err);
    cf_pq_bytes *bytes = status == CF_OK ? cf_pq_bytes_get(s->shared, text.size) : NULL;
    if (bytes != NULL && cf_pq_keep(s, bytes)) {
        if (text.size > 0) memcpy(bytes->data, text.data, text.size);
        const char *at = (const char *)bytes->data;
        for (size_t i = 0; i < n; i++) {
            out[i].data = at;
            at += out[i].size;
        }
    } else if (status == CF_OK) {
        status = cf_pq_no_memory(s, err);
    }
    cf_pq_bytes_put(s->shared, bytes);
    cf_text_clear(&text);
    return status;
}

static cf_status views_of(cf_pq_stream *s, cf_pq_page *page, size_t n, cf_view *out,
                          cf_error *err) {
    cf_pq_values *v = &page->values;
    if (v->encoding == CF_PQ_DELTA_BYTE_ARRAY) return grown_views(s, v, n, out, err);
    if (page->bytes != NULL && !cf_pq_keep(s, page->bytes)) return cf_pq_no_memory(s, err);
    return v->encoding == CF_PQ_PLAIN ? plain_views(s, v, n, out, err)
                                      : length_views(s, v, n, out, err);
}

static cf_status read_views(cf_pq_stream *s, cf_pq_page *page, size_t n, void *out,
                            cf_error *err) {
    if (s->leaf->kind == CF_TEXT && s->leaf->physical == CF_PQ_BYTES) {
        CF_TRY(views_of(s, page, n, out, err));
        return convert_views(s, out, n, out, err);
    }
    const size_t kind_size = cf_kind_size(s->leaf->kind);
    cf_view views[BLOCK / 4];
    for (size_t i = 0; i < n; i += CF_COUNT(views)) {
        const size_t m = n - i < CF_COUNT(views) ? n - i : CF_COUNT(views);
        CF_TRY(views_of(s, page, m, views, err));
        CF_TRY(convert_views(s, views, m, (uint8_t *)out + i * kind_size, err));
    }
    return CF_OK;
}

/* ---- dictionary ---- */

static bool indexes_fit(const uint32_t *index, size_t n, uint32_t count) {
    uint32_t wrong = 0;
    for (size_t i = 0; i < n; i++)
        wrong |= index[i] >= count;
    return wrong == 0;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): types do not stand in parentheses */
#define GATHER(T)                               \
    do {                                        \
        const T *restrict from = s->dictionary; \
        T *restrict to = out;                   \
        for (size_t i = 0; i < n; i++)          \
            to[i] = from[index[i]];             \
    } while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

static void gather(const cf_pq_stream *s, const uint32_t *restrict index, size_t n, void *out) {
    switch (cf_kind_size(s->leaf->kind)) {
    case 1: GATHER(uint8_t); break;
    case 2: GATHER(uint16_t); break;
    case 4: GATHER(uint32_t); break;
    case 8: GATHER(uint64_t); break;
    default: GATHER(cf_view); break; /* sixteen bytes, of whatever kind */
    }
}

/* NOLINTBEGIN(bugprone-macro-parentheses): types do not stand in parentheses */
#define FILL(T)                                        \
    do {                                               \
        const T x = ((const T *)s->dictionary)[index]; \
        T *restrict to = out;                          \
        for (size_t i = 0; i < n; i++)                 \
            to[i] = x;                                 \
    } while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

static void fill(const cf_pq_stream *s, uint32_t index, size_t n, void *out) {
    switch (cf_kind_size(s->leaf->kind)) {
    case 1: FILL(uint8_t); break;
    case 2: FILL(uint16_t); break;
    case 4: FILL(uint32_t); break;
    case 8: FILL(uint64_t); break;
    default: FILL(cf_view); break;
    }
}

static cf_status bad_index(const cf_pq_stream *s, cf_error *err) {
    return cf_pq_damaged(s, err, "a value is not in the dictionary of %u", s->dictionary_count);
}

static cf_status read_indexed(cf_pq_stream *s, cf_runs *r, size_t n, uint8_t *out,
                              cf_error *err) {
    const size_t kind_size = cf_kind_size(s->leaf->kind);
    const bool any_fits = r->width < 32 && (uint64_t)1 << r->width <= s->dictionary_count;
    if (n > 0 && s->dictionary_count == 0) return bad_index(s, err);
    while (n > 0) {
        uint32_t index[BLOCK];
        if (!cf_runs_more(r)) return too_few(s, err);
        size_t m = n < r->left ? n : (size_t)r->left;
        if (!r->packed) {
            if (r->value >= s->dictionary_count) return bad_index(s, err);
            fill(s, r->value, m, out);
            r->left -= m;
        } else {
            if (m > BLOCK) m = BLOCK;
            if (!cf_runs_u32(r, index, m)) return too_few(s, err);
            if (!any_fits && !indexes_fit(index, m, s->dictionary_count))
                return bad_index(s, err);
            gather(s, index, m, out);
        }
        out += m * kind_size;
        n -= m;
    }
    return CF_OK;
}

/* The page holds `count` values as PLAIN has them. */
static cf_status fill_dictionary(cf_pq_stream *s, cf_pq_page *page, uint32_t count,
                                 cf_error *err) {
    cf_pq_values *v = &page->values;
    const size_t stored = s->leaf->length > 0 ? s->leaf->length : 4;
    if (s->leaf->physical == CF_PQ_BOOLEAN || count > (size_t)(v->end - v->at) / stored)
        return cf_pq_damaged(s, err, "its dictionary is larger than its page");
    s->dictionary_values = cf_pq_bytes_get(s->shared, count * cf_kind_size(s->leaf->kind));
    if (s->dictionary_values == NULL) return cf_pq_no_memory(s, err);
    s->dictionary = s->dictionary_values->data;
    CF_TRY(cf_pq_values_read(s, page, count, s->dictionary, err));
    s->dictionary_count = count;
    return CF_OK;
}

cf_status cf_pq_dictionary_read(cf_pq_stream *s, const cf_pq_page_header *h,
                                const uint8_t *data, size_t size, cf_error *err) {
    cf_pq_page page = {
        .header = *h, .body = data, .end = data + size, .bytes = s->dictionary_page};
    page.header.encoding = CF_PQ_PLAIN;
    CF_TRY(cf_pq_values_begin(s, &page, err));
    const cf_status status = fill_dictionary(s, &page, h->values, err);
    cf_text_clear(&page.values.previous);
    /* What reading the dictionary made (digits of bytes) lives as long as the dictionary. */
    for (size_t i = 0; i < s->kept_count; i++) {
        if (s->dictionary_text == NULL && s->kept[i] != s->dictionary_page) {
            s->dictionary_text = s->kept[i];
        } else {
            cf_pq_bytes_put(s->shared, s->kept[i]);
        }
    }
    s->kept_count = 0;
    return status;
}

/* ---- the other encodings ---- */

static cf_status read_steps(cf_pq_stream *s, cf_pq_values *v, size_t n, uint8_t *out,
                            cf_error *err) {
    const size_t kind_size = cf_kind_size(s->leaf->kind);
    int64_t wide[BLOCK];
    int32_t narrow[BLOCK];
    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t m = n - i < BLOCK ? n - i : BLOCK;
        if (!cf_steps_read(&v->steps, wide, m)) return too_few(s, err);
        const void *from = wide;
        if (s->leaf->physical == CF_PQ_INT32) {
            for (size_t j = 0; j < m; j++)
                narrow[j] = (int32_t)(uint32_t)(uint64_t)wide[j];
            from = narrow;
        }
        CF_TRY(convert(s, from, m, out + i * kind_size, err));
    }
    return CF_OK;
}

/* Byte k of all values stands in stretch k. */
static void join_bytes(const cf_pq_values *v, size_t length, size_t n, uint8_t *restrict out) {
    const uint8_t *from = v->at + v->taken;
    if (length == 4) {
        const uint8_t *a = from, *b = a + v->count, *c = b + v->count, *d = c + v->count;
        for (size_t i = 0; i < n; i++) {
            const uint32_t x = (uint32_t)a[i] | (uint32_t)b[i] << 8 | (uint32_t)c[i] << 16 |
                               (uint32_t)d[i] << 24;
            memcpy(out + 4 * i, &x, sizeof x);
        }
        return;
    }
    for (size_t k = 0; k < length; k++) {
        for (size_t i = 0; i < n; i++)
            out[i * length + k] = from[k * v->count + i];
    }
}

static cf_status read_split(cf_pq_stream *s, cf_pq_values *v, size_t n, uint8_t *out,
                            cf_error *err) {
    const size_t length = s->leaf->length, kind_size = cf_kind_size(s->leaf->kind);
    if (n > v->count - v->taken) return too_few(s, err);
    if (s->leaf->kind == CF_TEXT) { /* the views need bytes that stay */
        cf_pq_bytes *bytes = cf_pq_bytes_get(s->shared, n * length);
        if (bytes == NULL) return cf_pq_no_memory(s, err);
        const bool kept = cf_pq_keep(s, bytes);
        cf_pq_bytes_put(s->shared, bytes);
        if (!kept) return cf_pq_no_memory(s, err);
        join_bytes(v, length, n, bytes->data);
        v->taken += n;
        return convert(s, bytes->data, n, out, err);
    }
    uint8_t block[4096];
    const size_t most = sizeof block / length; /* longer values are never of a number's kind */
    if (most == 0) return cf_pq_damaged(s, err, "a number takes %zu bytes", length);
    for (size_t i = 0; i < n; i += most) {
        const size_t m = n - i < most ? n - i : most;
        join_bytes(v, length, m, block);
        v->taken += m;
        CF_TRY(convert(s, block, m, out + i * kind_size, err));
    }
    return CF_OK;
}

static cf_status read_bits(cf_pq_stream *s, cf_pq_values *v, size_t n, uint8_t *out,
                           cf_error *err) {
    if (!cf_unpack_u8(v->at, v->end, 1, v->bit, n, out)) return too_few(s, err);
    v->bit += n;
    return CF_OK;
}

static cf_status read_plain(cf_pq_stream *s, cf_pq_page *page, size_t n, void *out,
                            cf_error *err) {
    cf_pq_values *v = &page->values;
    const size_t length = s->leaf->length;
    if (n > (size_t)(v->end - v->at) / length) return too_few(s, err);
    if (s->leaf->kind == CF_TEXT && page->bytes != NULL && !cf_pq_keep(s, page->bytes))
        return cf_pq_no_memory(s, err);
    CF_TRY(convert(s, v->at, n, out, err));
    v->at += n * length;
    return CF_OK;
}

/* ---- the door ---- */

static bool encoding_fits(int encoding, cf_pq_physical p) {
    switch (encoding) {
    case CF_PQ_PLAIN: return true;
    case CF_PQ_RLE_DICTIONARY: return p != CF_PQ_BOOLEAN;
    case CF_PQ_RLE: return p == CF_PQ_BOOLEAN;
    case CF_PQ_DELTA_BINARY_PACKED: return p == CF_PQ_INT32 || p == CF_PQ_INT64;
    case CF_PQ_DELTA_LENGTH_BYTE_ARRAY: return p == CF_PQ_BYTES;
    case CF_PQ_DELTA_BYTE_ARRAY: return p == CF_PQ_BYTES || p == CF_PQ_FIXED;
    case CF_PQ_BYTE_STREAM_SPLIT:
        return p != CF_PQ_BOOLEAN && p != CF_PQ_BYTES && p != CF_PQ_INT96;
    default: return false;
    }
}

static bool begin_grown(cf_pq_values *v) {
    if (!cf_steps_init(&v->steps, v->at, (size_t)(v->end - v->at))) return false;
    const uint8_t *sizes = cf_steps_end(&v->steps);
    if (sizes == NULL || !cf_steps_init(&v->sizes, sizes, (size_t)(v->end - sizes)))
        return false;
    v->at = cf_steps_end(&v->sizes);
    return v->at != NULL;
}

static bool begin_lengths(cf_pq_values *v) {
    if (!cf_steps_init(&v->sizes, v->at, (size_t)(v->end - v->at))) return false;
    v->at = cf_steps_end(&v->sizes);
    return v->at != NULL;
}

/* The first byte is the width of the indexes. */
static bool begin_indexes(cf_pq_values *v) {
    if (v->at[0] > 32) return false;
    cf_runs_init(&v->runs, v->at + 1, (size_t)(v->end - v->at - 1), v->at[0]);
    return true;
}

static bool begin_booleans(cf_pq_values *v) {
    if (v->end - v->at < 4) return false;
    const uint32_t size = (uint32_t)load_i32(v->at);
    if (size > (size_t)(v->end - v->at - 4)) return false;
    cf_runs_init(&v->runs, v->at + 4, size, 1);
    return true;
}

cf_status cf_pq_values_begin(cf_pq_stream *s, cf_pq_page *page, cf_error *err) {
    cf_pq_values *v = &page->values;
    cf_text previous = v->previous;
    previous.size = 0;
    *v = (cf_pq_values){.encoding = page->header.encoding,
                        .at = page->body,
                        .end = page->end,
                        .previous = previous};
    if (v->encoding == CF_PQ_PLAIN_DICTIONARY) v->encoding = CF_PQ_RLE_DICTIONARY;
    if (!encoding_fits(v->encoding, s->leaf->physical))
        return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE, "%s: column `%s` is stored as %s",
                       cf_storage_path(s->shared->storage), s->leaf->name,
                       encoding_name(v->encoding));
    if (v->at == v->end) return CF_OK; /* no values; reading one will say so */
    bool good = true;
    switch (v->encoding) {
    case CF_PQ_RLE_DICTIONARY: good = begin_indexes(v); break;
    case CF_PQ_RLE: good = begin_booleans(v); break;
    case CF_PQ_DELTA_BINARY_PACKED:
        good = cf_steps_init(&v->steps, v->at, (size_t)(v->end - v->at));
        break;
    case CF_PQ_DELTA_LENGTH_BYTE_ARRAY: good = begin_lengths(v); break;
    case CF_PQ_DELTA_BYTE_ARRAY: good = begin_grown(v); break;
    case CF_PQ_BYTE_STREAM_SPLIT: v->count = (size_t)(v->end - v->at) / s->leaf->length; break;
    default: break;
    }
    if (!good) return cf_pq_damaged(s, err, "a page cannot be decoded");
    return CF_OK;
}

cf_status cf_pq_values_read(cf_pq_stream *s, cf_pq_page *page, size_t n, void *out,
                            cf_error *err) {
    cf_pq_values *v = &page->values;
    if (n == 0) return CF_OK;
    switch (v->encoding) {
    case CF_PQ_RLE_DICTIONARY: return read_indexed(s, &v->runs, n, out, err);
    case CF_PQ_RLE: return cf_runs_u8(&v->runs, out, n) ? CF_OK : too_few(s, err);
    case CF_PQ_DELTA_BINARY_PACKED: return read_steps(s, v, n, out, err);
    case CF_PQ_BYTE_STREAM_SPLIT: return read_split(s, v, n, out, err);
    case CF_PQ_PLAIN:
        if (s->leaf->physical == CF_PQ_BOOLEAN) return read_bits(s, v, n, out, err);
        if (s->leaf->physical != CF_PQ_BYTES) return read_plain(s, page, n, out, err);
        break;
    default: break;
    }
    return read_views(s, page, n, out, err);
}

/* ---- passing over ---- */

static cf_status skip_views(cf_pq_stream *s, cf_pq_values *v, uint64_t n, cf_error *err) {
    cf_view views[BLOCK / 4];
    while (n > 0) {
        const size_t m = n < CF_COUNT(views) ? (size_t)n : CF_COUNT(views);
        CF_TRY(v->encoding == CF_PQ_PLAIN              ? plain_views(s, v, m, views, err)
               : v->encoding == CF_PQ_DELTA_BYTE_ARRAY ? grow_block(s, v, m, NULL, NULL, err)
                                                       : length_views(s, v, m, views, err));
        n -= m;
    }
    return CF_OK;
}

static cf_status skip_plain(cf_pq_stream *s, cf_pq_values *v, uint64_t n, cf_error *err) {
    if (s->leaf->physical == CF_PQ_BYTES) return skip_views(s, v, n, err);
    if (s->leaf->physical == CF_PQ_BOOLEAN) {
        v->bit += (size_t)n; /* reading checks it */
        return CF_OK;
    }
    if (n > (size_t)(v->end - v->at) / s->leaf->length) return too_few(s, err);
    v->at += n * s->leaf->length;
    return CF_OK;
}

cf_status cf_pq_values_skip(cf_pq_stream *s, cf_pq_page *page, uint64_t n, cf_error *err) {
    cf_pq_values *v = &page->values;
    bool good = true;
    if (n == 0) return CF_OK;
    switch (v->encoding) {
    case CF_PQ_RLE_DICTIONARY:
    case CF_PQ_RLE: good = cf_runs_skip(&v->runs, n); break;
    case CF_PQ_DELTA_BINARY_PACKED: good = cf_steps_skip(&v->steps, n); break;
    case CF_PQ_BYTE_STREAM_SPLIT:
        good = n <= v->count - v->taken;
        if (good) v->taken += (size_t)n;
        break;
    case CF_PQ_PLAIN: return skip_plain(s, v, n, err);
    default: return skip_views(s, v, n, err);
    }
    return good ? CF_OK : too_few(s, err);
}

const void *cf_pq_values_view(cf_pq_stream *s, cf_pq_page *page, size_t n) {
    cf_pq_values *v = &page->values;
    const size_t length = s->leaf->length;
    if (v->encoding != CF_PQ_PLAIN || s->leaf->convert != CF_PQ_SAME) return NULL;
    if (n > (size_t)(v->end - v->at) / length || (uintptr_t)v->at % length != 0) return NULL;
    if (page->bytes != NULL && !cf_pq_keep(s, page->bytes)) return NULL;
    const void *values = v->at;
    v->at += n * length;
    return values;
}
