#include "io/root_writer_pack.h"

#include <libdeflate.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static const struct {
    const char *word;
    char tag[2];
    uint8_t method; /* third byte of a block */
    int number;     /* ROOT's number of the method */
    int level;
} packs[CF_ROOT_PACK_COUNT] = {
    [CF_ROOT_PACK_ZSTD] = {"zstd", {'Z', 'S'}, 1, 5, 1},
    [CF_ROOT_PACK_LZ4] = {"lz4", {'L', '4'}, 1, 4, 1},
    [CF_ROOT_PACK_ZLIB] = {"zlib", {'Z', 'L'}, 8, 1, 1},
    [CF_ROOT_PACK_NONE] = {"none", {0, 0}, 0, 0, 0},
};

enum { BLOCK_MAX = 0xffffff, HEADER = 9, CHECKSUM = 8 };

struct cf_root_packer {
    cf_root_pack pack;
    ZSTD_CCtx *zstd;
    struct libdeflate_compressor *zlib;
};

cf_root_pack cf_root_pack_of(const char *word) {
    if (word == NULL) return CF_ROOT_PACK_ZSTD;
    for (int i = 0; i < CF_ROOT_PACK_COUNT; i++)
        if (strcmp(word, packs[i].word) == 0) return (cf_root_pack)i;
    return CF_ROOT_PACK_COUNT;
}

int cf_root_pack_setting(cf_root_pack pack) {
    return 100 * packs[pack].number + packs[pack].level;
}

cf_root_packer *cf_root_packer_new(cf_root_pack pack) {
    cf_root_packer *p = calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    p->pack = pack;
    if (pack == CF_ROOT_PACK_ZSTD) p->zstd = ZSTD_createCCtx();
    if (pack == CF_ROOT_PACK_ZLIB) p->zlib = libdeflate_alloc_compressor(packs[pack].level);
    const bool good = (pack != CF_ROOT_PACK_ZSTD || p->zstd != NULL) &&
                      (pack != CF_ROOT_PACK_ZLIB || p->zlib != NULL);
    if (good) return p;
    cf_root_packer_free(p);
    return NULL;
}

void cf_root_packer_free(cf_root_packer *p) {
    if (p == NULL) return;
    (void)ZSTD_freeCCtx(p->zstd);
    if (p->zlib != NULL) libdeflate_free_compressor(p->zlib);
    free(p);
}

/* --- the checksum before an LZ4 block: XXH64 with seed 0 --- */

#define P1 UINT64_C(0x9E3779B185EBCA87)
#define P2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define P3 UINT64_C(0x165667B19E3779F9)
#define P4 UINT64_C(0x85EBCA77C2B2AE63)
#define P5 UINT64_C(0x27D4EB2F165667C5)

static uint64_t rotate(uint64_t x, unsigned bits) {
    return x << bits | x >> (64 - bits);
}

static uint64_t little(const uint8_t *p, unsigned bytes) {
    uint64_t x = 0;
    for (unsigned i = 0; i < bytes; i++)
        x |= (uint64_t)p[i] << (8 * i);
    return x;
}

static uint64_t lane_round(uint64_t lane, uint64_t word) {
    return rotate(lane + word * P2, 31) * P1;
}

static uint64_t lanes_run(const uint8_t **p, size_t *left) {
    uint64_t lane[4] = {P1 + P2, P2, 0, (uint64_t)0 - P1};
    for (; *left >= 32; *left -= 32, *p += 32)
        for (int i = 0; i < 4; i++)
            lane[i] = lane_round(lane[i], little(*p + 8 * i, 8));
    uint64_t h =
        rotate(lane[0], 1) + rotate(lane[1], 7) + rotate(lane[2], 12) + rotate(lane[3], 18);
    for (int i = 0; i < 4; i++)
        h = (h ^ lane_round(0, lane[i])) * P1 + P4;
    return h;
}

static uint64_t checksum_of(const void *data, size_t size) {
    const uint8_t *p = data;
    size_t left = size;
    uint64_t h = (size >= 32 ? lanes_run(&p, &left) : P5) + size;
    for (; left >= 8; left -= 8, p += 8)
        h = rotate(h ^ lane_round(0, little(p, 8)), 27) * P1 + P4;
    if (left >= 4) {
        h = rotate(h ^ little(p, 4) * P1, 23) * P2 + P3;
        left -= 4;
        p += 4;
    }
    for (; left > 0; left--, p++)
        h = rotate(h ^ *p * P5, 11) * P1;
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

/* --- blocks --- */

/* Bytes written, 0: they do not fit `room`. */
static size_t method_run(cf_root_packer *p, const char *src, size_t size, char *dst,
                         size_t room) {
    size_t n = 0;
    switch (p->pack) {
    case CF_ROOT_PACK_ZSTD:
        n = ZSTD_compressCCtx(p->zstd, dst, room, src, size, packs[p->pack].level);
        return ZSTD_isError(n) ? 0 : n;
    case CF_ROOT_PACK_ZLIB: return libdeflate_zlib_compress(p->zlib, src, size, dst, room);
    case CF_ROOT_PACK_LZ4: {
        if (room <= CHECKSUM) return 0;
        const int wrote =
            LZ4_compress_default(src, dst + CHECKSUM, (int)size, (int)(room - CHECKSUM));
        if (wrote <= 0) return 0;
        const uint64_t sum = checksum_of(dst + CHECKSUM, (size_t)wrote);
        for (unsigned i = 0; i < CHECKSUM; i++)
            dst[i] = (char)(uint8_t)(sum >> (8 * (CHECKSUM - 1 - i)));
        return (size_t)wrote + CHECKSUM;
    }
    default: return 0;
    }
}

static void put_size(char *to, size_t size) {
    for (unsigned i = 0; i < 3; i++)
        to[i] = (char)(uint8_t)(size >> (8 * i));
}

/* One block at `dst`; bytes used, 0: no gain. */
static size_t block_run(cf_root_packer *p, const char *src, size_t size, char *dst,
                        size_t room) {
    if (room <= HEADER) return 0;
    size_t inside = room - HEADER;
    if (inside > BLOCK_MAX) inside = BLOCK_MAX;
    const size_t n = method_run(p, src, size, dst + HEADER, inside);
    if (n == 0) return 0;
    memcpy(dst, packs[p->pack].tag, 2);
    dst[2] = (char)packs[p->pack].method;
    put_size(dst + 3, n);
    put_size(dst + 6, size);
    return HEADER + n;
}

static bool make_room(cf_text *out, size_t size) {
    if (out->capacity >= size) return true;
    char *data = realloc(out->data, size);
    if (data == NULL) return false;
    out->data = data;
    out->capacity = size;
    return true;
}

bool cf_root_packer_run(cf_root_packer *p, const void *src, size_t size, cf_text *out) {
    out->size = 0;
    if (p->pack == CF_ROOT_PACK_NONE || size <= 64 || !make_room(out, size)) return false;
    for (size_t at = 0; at < size; at += BLOCK_MAX) {
        const size_t part = size - at < BLOCK_MAX ? size - at : BLOCK_MAX;
        const size_t n = block_run(p, (const char *)src + at, part, out->data + out->size,
                                   size - 1 - out->size);
        if (n == 0) return false;
        out->size += n;
    }
    return true;
}
