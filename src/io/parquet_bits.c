/* Unpacking of bits.  Eight values of w bits take w bytes, so groups of eight begin on bytes
 * and each value of a group has its own constant shift: the loops below are written once for a
 * width that the compiler knows and instantiated for all widths. */

#include "io/parquet_bits.h"

#include <string.h>

unsigned cf_bit_width(uint32_t value) {
    unsigned width = 0;
    while (value != 0) {
        width++;
        value >>= 1;
    }
    return width;
}

static inline uint64_t load64(const uint8_t *p) {
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x; /* Cutflow runs on little-endian machines only */
}

/* At most eight bytes; those at or after `end` count as zero. */
static uint64_t load_some(const uint8_t *p, const uint8_t *end) {
    uint64_t x = 0;
    if (p >= end) return 0;
    const size_t have = (size_t)(end - p);
    memcpy(&x, p, have < sizeof x ? have : sizeof x);
    return x;
}

static inline uint32_t mask32(unsigned width) {
    return (uint32_t)(((uint64_t)1 << width) - 1);
}

/* Eight values of `width` bits at p; reads up to seven bytes more than they take. */
static inline __attribute__((always_inline)) void eight_u32(const uint8_t *p, unsigned width,
                                                            uint32_t *restrict out) {
    const uint32_t mask = mask32(width);
    for (unsigned j = 0; j < 8; j++)
        out[j] = (uint32_t)(load64(p + (j * width) / 8) >> ((j * width) % 8)) & mask;
}

/* clang-format off */
#define WIDTHS(W)                                                                           \
    W(1)                                                                                    \
    W(2) W(3) W(4) W(5) W(6) W(7) W(8) W(9) W(10) W(11) W(12) W(13) W(14) W(15) W(16) W(17) \
        W(18) W(19) W(20) W(21) W(22) W(23) W(24) W(25) W(26) W(27) W(28) W(29) W(30) W(31) \
            W(32)
/* clang-format on */

#define W(width)                                                                          \
    static void groups_##width(const uint8_t *p, size_t groups, uint32_t *restrict out) { \
        for (size_t g = 0; g < groups; g++)                                               \
            eight_u32(p + g * (width), (width), out + 8 * g);                             \
    }
WIDTHS(W)
#undef W

typedef void groups_fn(const uint8_t *p, size_t groups, uint32_t *restrict out);
static groups_fn *const groups_of_width[33] = {NULL,
#define W(width) groups_##width,
                                               WIDTHS(W)
#undef W
};

static uint32_t one_u32(const uint8_t *p, const uint8_t *end, unsigned width, size_t i) {
    const size_t bit = i * width;
    return (uint32_t)(load_some(p + bit / 8, end) >> (bit % 8)) & mask32(width);
}

/* Do values start .. start + n - 1 lie before `end`? */
static bool inside(const uint8_t *p, const uint8_t *end, unsigned width, size_t start,
                   size_t n) {
    const size_t bytes = (size_t)(end - p);
    const size_t room = bytes > SIZE_MAX / 8 ? SIZE_MAX : bytes * 8;
    return start <= room / width && n <= room / width - start;
}

bool cf_unpack_u32(const uint8_t *p, const uint8_t *end, unsigned width, size_t start, size_t n,
                   uint32_t *out) {
    if (width == 0) {
        memset(out, 0, n * sizeof *out);
        return true;
    }
    if (!inside(p, end, width, start, n)) return false;
    size_t i = 0;
    while (i < n && (start + i) % 8 != 0) {
        out[i] = one_u32(p, end, width, start + i);
        i++;
    }
    /* Whole groups, but for those so near the end that loading eight bytes would overrun it. */
    const uint8_t *at = p + (start + i) / 8 * width;
    const size_t rest = (size_t)(end - at), safe = rest >= 8 ? (rest - 8) / width : 0;
    size_t groups = (n - i) / 8;
    if (groups > safe) groups = safe;
    groups_of_width[width](at, groups, out + i);
    for (i += groups * 8; i < n; i++)
        out[i] = one_u32(p, end, width, start + i);
    return true;
}

/* Bit j of x becomes byte j. */
static inline uint64_t spread_1(uint64_t x) {
    const uint64_t bits = (x & 0xff) * 0x0101010101010101u & 0x8040201008040201u;
    return (bits + 0x7f7f7f7f7f7f7f7fu) >> 7 & 0x0101010101010101u;
}

static inline uint64_t spread_2(uint64_t x) {
    x &= 0xffff;
    x = (x | x << 24) & 0x000000ff000000ffu;
    x = (x | x << 12) & 0x000f000f000f000fu;
    return (x | x << 6) & 0x0303030303030303u;
}

static inline uint64_t spread(uint64_t x, unsigned width) {
    const uint64_t mask = mask32(width);
    uint64_t out = 0;
    for (unsigned j = 0; j < 8; j++)
        out |= (x >> (j * width) & mask) << (8 * j);
    return out;
}

static void groups_u8(const uint8_t *p, const uint8_t *end, unsigned width, size_t groups,
                      uint8_t *restrict out) {
    if (width == 1) {
        for (size_t g = 0; g < groups; g++) {
            const uint64_t x = spread_1(p[g]);
            memcpy(out + 8 * g, &x, 8);
        }
    } else if (width == 2) {
        for (size_t g = 0; g < groups; g++) {
            const uint64_t x = spread_2((uint64_t)p[2 * g] | (uint64_t)p[2 * g + 1] << 8);
            memcpy(out + 8 * g, &x, 8);
        }
    } else {
        for (size_t g = 0; g < groups; g++) {
            const uint8_t *at = p + g * width;
            const uint64_t x = spread(end - at >= 8 ? load64(at) : load_some(at, end), width);
            memcpy(out + 8 * g, &x, 8);
        }
    }
}

bool cf_unpack_u8(const uint8_t *p, const uint8_t *end, unsigned width, size_t start, size_t n,
                  uint8_t *out) {
    if (width == 0) {
        memset(out, 0, n);
        return true;
    }
    if (!inside(p, end, width, start, n)) return false;
    size_t i = 0;
    while (i < n && (start + i) % 8 != 0) {
        out[i] = (uint8_t)one_u32(p, end, width, start + i);
        i++;
    }
    const size_t groups = (n - i) / 8;
    groups_u8(p + (start + i) / 8 * width, end, width, groups, out + i);
    for (i += groups * 8; i < n; i++)
        out[i] = (uint8_t)one_u32(p, end, width, start + i);
    return true;
}

/* ---- runs ---- */

void cf_runs_init(cf_runs *r, const uint8_t *data, size_t size, unsigned width) {
    *r = (cf_runs){.at = data, .end = data + size, .width = width};
}

static bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (*at >= end) return false;
        const uint8_t b = *(*at)++;
        *value |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) return true;
    }
    return false;
}

static bool begin_packed(cf_runs *r, uint64_t groups) {
    const uint64_t have = (uint64_t)(r->end - r->at);
    r->packed = true;
    r->data = r->at;
    r->start = 0;
    if (groups > UINT32_MAX) return false;
    uint64_t bytes = groups * r->width;
    r->left = groups * 8;
    if (bytes > have) { /* some writers cut the padding of the last group */
        bytes = have;
        r->left = have * 8 / r->width;
    }
    r->at += bytes;
    return true;
}

static bool begin_equal(cf_runs *r, uint64_t count) {
    const unsigned bytes = (r->width + 7) / 8;
    if (bytes > (size_t)(r->end - r->at)) return false;
    r->packed = false;
    r->value = (uint32_t)load_some(r->at, r->at + bytes);
    r->left = count;
    r->at += bytes;
    return r->width >= 32 || r->value <= mask32(r->width);
}

bool cf_runs_more(cf_runs *r) {
    while (r->left == 0) {
        uint64_t head;
        if (!take_varint(&r->at, r->end, &head)) return false;
        if (!((head & 1) != 0 ? begin_packed(r, head >> 1) : begin_equal(r, head >> 1)))
            return false;
    }
    return true;
}

static size_t run_take(cf_runs *r, size_t n) {
    const size_t m = n < r->left ? n : (size_t)r->left;
    r->left -= m;
    return m;
}

bool cf_runs_u8(cf_runs *r, uint8_t *out, size_t n) {
    while (n > 0) {
        if (!cf_runs_more(r)) return false;
        const size_t m = run_take(r, n);
        if (!r->packed) {
            memset(out, (int)r->value, m);
        } else {
            if (!cf_unpack_u8(r->data, r->end, r->width, r->start, m, out)) return false;
            r->start += m;
        }
        out += m;
        n -= m;
    }
    return true;
}

bool cf_runs_u32(cf_runs *r, uint32_t *out, size_t n) {
    while (n > 0) {
        if (!cf_runs_more(r)) return false;
        const size_t m = run_take(r, n);
        if (!r->packed) {
            for (size_t i = 0; i < m; i++)
                out[i] = r->value;
        } else {
            if (!cf_unpack_u32(r->data, r->end, r->width, r->start, m, out)) return false;
            r->start += m;
        }
        out += m;
        n -= m;
    }
    return true;
}

bool cf_runs_skip(cf_runs *r, uint64_t n) {
    while (n > 0) {
        if (!cf_runs_more(r)) return false;
        const uint64_t m = n < r->left ? n : r->left;
        r->left -= m;
        if (r->packed) r->start += (size_t)m;
        n -= m;
    }
    return true;
}

/* ---- differences ---- */

static uint64_t unzigzag(uint64_t raw) {
    return (raw >> 1) ^ (0 - (raw & 1));
}

bool cf_steps_init(cf_steps *s, const uint8_t *data, size_t size) {
    *s = (cf_steps){.at = data, .end = data + size};
    uint64_t first;
    if (!take_varint(&s->at, s->end, &s->per_block)) return false;
    if (!take_varint(&s->at, s->end, &s->parts)) return false;
    if (!take_varint(&s->at, s->end, &s->left)) return false;
    if (!take_varint(&s->at, s->end, &first)) return false;
    s->last = unzigzag(first);
    if (s->parts == 0 || s->per_block == 0 || s->per_block > 1u << 30) return false;
    s->per_part = s->per_block / s->parts;
    s->part = s->parts;
    return s->per_part * s->parts == s->per_block && s->per_part % 8 == 0;
}

static bool next_part(cf_steps *s) {
    if (s->part == s->parts) {
        uint64_t raw;
        if (!take_varint(&s->at, s->end, &raw)) return false;
        if (s->parts > (uint64_t)(s->end - s->at)) return false;
        s->step_min = unzigzag(raw);
        s->widths = s->at;
        s->at += s->parts;
        s->part = 0;
    }
    s->width = s->widths[s->part++];
    if (s->width > 64) return false;
    s->data = s->at;
    s->part_left = s->per_part;
    const uint64_t need = s->per_part / 8 * s->width;
    const uint64_t have = (uint64_t)(s->end - s->at);
    if (need > have && s->left >= s->per_part) return false;
    s->at += need < have ? need : have; /* the last part may lack its padding */
    return true;
}

static bool unpack_u64(const cf_steps *s, size_t start, size_t n, uint64_t *out) {
    for (size_t i = 0; i < n; i++) {
        const size_t bit = (start + i) * s->width;
        const uint8_t *p = s->data + bit / 8;
        if ((size_t)(s->end - s->data) * 8 < bit + s->width) return false;
        uint64_t x = load_some(p, s->end) >> (bit % 8);
        if (bit % 8 + s->width > 64) x |= load_some(p + 8, s->end) << (64 - bit % 8);
        out[i] = s->width == 64 ? x : x & (((uint64_t)1 << s->width) - 1);
    }
    return true;
}

enum { STEP_BLOCK = 256 };

static bool read_part(cf_steps *s, int64_t *out, size_t n) {
    const size_t start = (size_t)(s->per_part - s->part_left);
    uint64_t last = s->last;
    if (s->width <= 32) {
        uint32_t steps[STEP_BLOCK];
        if (!cf_unpack_u32(s->data, s->end, s->width, start, n, steps)) return false;
        for (size_t i = 0; i < n; i++) {
            last += s->step_min + steps[i];
            out[i] = (int64_t)last;
        }
    } else {
        uint64_t steps[STEP_BLOCK];
        if (!unpack_u64(s, start, n, steps)) return false;
        for (size_t i = 0; i < n; i++) {
            last += s->step_min + steps[i];
            out[i] = (int64_t)last;
        }
    }
    s->last = last;
    s->part_left -= n;
    s->left -= n;
    return true;
}

bool cf_steps_read(cf_steps *s, int64_t *out, size_t n) {
    if (n > s->left) return false;
    if (n > 0 && !s->started) {
        *out++ = (int64_t)s->last;
        s->started = true;
        s->left--;
        n--;
    }
    while (n > 0) {
        if (s->part_left == 0 && !next_part(s)) return false;
        size_t m = n < STEP_BLOCK ? n : STEP_BLOCK;
        if (m > s->part_left) m = (size_t)s->part_left;
        if (!read_part(s, out, m)) return false;
        out += m;
        n -= m;
    }
    return true;
}

bool cf_steps_skip(cf_steps *s, uint64_t n) {
    int64_t block[STEP_BLOCK];
    while (n > 0) {
        const size_t m = n < STEP_BLOCK ? (size_t)n : STEP_BLOCK;
        if (!cf_steps_read(s, block, m)) return false;
        n -= m;
    }
    return true;
}

const uint8_t *cf_steps_end(const cf_steps *s) {
    cf_steps t = *s;
    if (t.left > 0 && !t.started) t.left--;
    while (t.left > t.part_left) {
        t.left -= t.part_left;
        t.part_left = 0;
        if (!next_part(&t)) return NULL;
    }
    return t.at;
}
