#include "io/codec.h"

/* Decompression for every format.  One function a method, all of one shape, in one table; the
 * library objects are made on first use and kept. */

#include <brotli/decode.h>
#include <libdeflate.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct cf_codec {
    struct libdeflate_decompressor *deflate;
    ZSTD_DCtx *zstd;
};

/* One call: all of src into at most dst_size bytes.  NULL: done, *written is set; else what is
 * wrong. */
typedef const char *unpack_fn(cf_codec *codec, const uint8_t *src, size_t src_size,
                              uint8_t *dst, size_t dst_size, size_t *written);

static const char no_memory[] = "no memory";

cf_codec *cf_codec_new(void) {
    return calloc(1, sizeof(cf_codec));
}

void cf_codec_free(cf_codec *codec) {
    if (codec == NULL) return;
    libdeflate_free_decompressor(codec->deflate);
    (void)ZSTD_freeDCtx(codec->zstd);
    free(codec);
}

static const char *unpack_none(cf_codec *codec, const uint8_t *src, size_t src_size,
                               uint8_t *dst, size_t dst_size, size_t *written) {
    (void)codec;
    if (src_size > dst_size) return "more bytes than announced";
    if (src_size > 0) memcpy(dst, src, src_size);
    *written = src_size;
    return NULL;
}

static bool deflate_ready(cf_codec *codec) {
    if (codec->deflate == NULL) codec->deflate = libdeflate_alloc_decompressor();
    return codec->deflate != NULL;
}

static const char *deflate_problem(enum libdeflate_result result) {
    switch (result) {
    case LIBDEFLATE_SUCCESS: return NULL;
    case LIBDEFLATE_INSUFFICIENT_SPACE: return "more bytes than announced";
    default: return "damaged data";
    }
}

static const char *unpack_deflate(cf_codec *codec, const uint8_t *src, size_t src_size,
                                  uint8_t *dst, size_t dst_size, size_t *written) {
    if (!deflate_ready(codec)) return no_memory;
    return deflate_problem(
        libdeflate_deflate_decompress(codec->deflate, src, src_size, dst, dst_size, written));
}

static const char *unpack_zlib(cf_codec *codec, const uint8_t *src, size_t src_size,
                               uint8_t *dst, size_t dst_size, size_t *written) {
    if (!deflate_ready(codec)) return no_memory;
    return deflate_problem(
        libdeflate_zlib_decompress(codec->deflate, src, src_size, dst, dst_size, written));
}

static const char *unpack_gzip(cf_codec *codec, const uint8_t *src, size_t src_size,
                               uint8_t *dst, size_t dst_size, size_t *written) {
    if (!deflate_ready(codec)) return no_memory;
    size_t in = 0, out = 0;
    do {
        size_t used = 0, made = 0;
        const char *problem = deflate_problem(libdeflate_gzip_decompress_ex(
            codec->deflate, src + in, src_size - in, dst + out, dst_size - out, &used, &made));
        if (problem != NULL) return problem;
        in += used;
        out += made;
    } while (in < src_size);
    *written = out;
    return NULL;
}

static const char *unpack_lzma(cf_codec *codec, const uint8_t *src, size_t src_size,
                               uint8_t *dst, size_t dst_size, size_t *written) {
    (void)codec;
    uint64_t memory = UINT64_C(256) << 20; /* the largest preset needs 65 MiB */
    size_t in = 0, out = 0;
    const lzma_ret result = lzma_stream_buffer_decode(&memory, LZMA_CONCATENATED, NULL, src,
                                                      &in, src_size, dst, &out, dst_size);
    *written = out;
    switch (result) {
    case LZMA_OK: return NULL;
    case LZMA_MEM_ERROR: return no_memory;
    case LZMA_MEMLIMIT_ERROR: return "a dictionary of more than 256 MiB";
    case LZMA_BUF_ERROR: return "more bytes than announced";
    default: return "damaged data";
    }
}

static const char *unpack_lz4(cf_codec *codec, const uint8_t *src, size_t src_size,
                              uint8_t *dst, size_t dst_size, size_t *written) {
    (void)codec;
    if (src_size > INT32_MAX || dst_size > INT32_MAX) return "a block of more than 2 GiB";
    const int made =
        LZ4_decompress_safe((const char *)src, (char *)dst, (int)src_size, (int)dst_size);
    if (made < 0) return "damaged data";
    *written = (size_t)made;
    return NULL;
}

static uint32_t big_u32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Frames of (unpacked size, packed size, block): each block may unpack to a part of its frame.
 */
static const char *unpack_hadoop_frames(cf_codec *codec, const uint8_t *src, size_t src_size,
                                        uint8_t *dst, size_t dst_size, size_t *written) {
    size_t in = 0, out = 0;
    while (in < src_size) {
        if (src_size - in < 8) return "damaged data";
        size_t want = big_u32(src + in);
        in += 4;
        if (want > dst_size - out) return "more bytes than announced";
        while (want > 0) {
            if (src_size - in < 4) return "damaged data";
            const size_t packed = big_u32(src + in);
            in += 4;
            size_t made = 0;
            if (packed > src_size - in) return "damaged data";
            const char *problem = unpack_lz4(codec, src + in, packed, dst + out, want, &made);
            if (problem != NULL) return problem;
            if (made == 0) return "damaged data";
            in += packed;
            out += made;
            want -= made;
        }
    }
    *written = out;
    return NULL;
}

static const char *unpack_lz4_frame(const uint8_t *src, size_t src_size, uint8_t *dst,
                                    size_t dst_size, size_t *written) {
    LZ4F_dctx *ctx = NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION))) return no_memory;
    size_t in = 0, out = 0, hint = 1;
    const char *problem = NULL;
    while (hint != 0 && problem == NULL) {
        size_t used = src_size - in, made = dst_size - out;
        hint = LZ4F_decompress(ctx, dst + out, &made, src + in, &used, NULL);
        if (LZ4F_isError(hint) || (used == 0 && made == 0)) problem = "damaged data";
        in += used;
        out += made;
    }
    (void)LZ4F_freeDecompressionContext(ctx);
    *written = out;
    return problem;
}

static const char *unpack_lz4_hadoop(cf_codec *codec, const uint8_t *src, size_t src_size,
                                     uint8_t *dst, size_t dst_size, size_t *written) {
    static const uint8_t frame_magic[4] = {0x04, 0x22, 0x4d, 0x18};
    if (unpack_hadoop_frames(codec, src, src_size, dst, dst_size, written) == NULL) return NULL;
    if (src_size >= 4 && memcmp(src, frame_magic, 4) == 0)
        return unpack_lz4_frame(src, src_size, dst, dst_size, written);
    return unpack_lz4(codec, src, src_size, dst, dst_size, written);
}

static const char *unpack_zstd(cf_codec *codec, const uint8_t *src, size_t src_size,
                               uint8_t *dst, size_t dst_size, size_t *written) {
    if (codec->zstd == NULL) codec->zstd = ZSTD_createDCtx();
    if (codec->zstd == NULL) return no_memory;
    const size_t made = ZSTD_decompressDCtx(codec->zstd, dst, dst_size, src, src_size);
    if (ZSTD_isError(made)) return ZSTD_getErrorName(made);
    *written = made;
    return NULL;
}

static const char *unpack_snappy(cf_codec *codec, const uint8_t *src, size_t src_size,
                                 uint8_t *dst, size_t dst_size, size_t *written) {
    (void)codec;
    size_t size = 0;
    if (snappy_uncompressed_length((const char *)src, src_size, &size) != SNAPPY_OK)
        return "damaged data";
    if (size > dst_size) return "more bytes than announced";
    size = dst_size;
    if (snappy_uncompress((const char *)src, src_size, (char *)dst, &size) != SNAPPY_OK)
        return "damaged data";
    *written = size;
    return NULL;
}

static const char *unpack_brotli(cf_codec *codec, const uint8_t *src, size_t src_size,
                                 uint8_t *dst, size_t dst_size, size_t *written) {
    (void)codec;
    size_t size = dst_size;
    if (BrotliDecoderDecompress(src_size, src, &size, dst) != BROTLI_DECODER_RESULT_SUCCESS)
        return "damaged data";
    *written = size;
    return NULL;
}

static const struct {
    const char *name;
    unpack_fn *unpack;
} codecs[CF_CODEC_COUNT] = {
    [CF_CODEC_NONE] = {"uncompressed", unpack_none},
    [CF_CODEC_DEFLATE] = {"deflate", unpack_deflate},
    [CF_CODEC_ZLIB] = {"zlib", unpack_zlib},
    [CF_CODEC_GZIP] = {"gzip", unpack_gzip},
    [CF_CODEC_LZMA] = {"lzma", unpack_lzma},
    [CF_CODEC_LZ4] = {"lz4", unpack_lz4},
    [CF_CODEC_LZ4_HADOOP] = {"lz4 (hadoop)", unpack_lz4_hadoop},
    [CF_CODEC_ZSTD] = {"zstd", unpack_zstd},
    [CF_CODEC_SNAPPY] = {"snappy", unpack_snappy},
    [CF_CODEC_BROTLI] = {"brotli", unpack_brotli},
};

const char *cf_codec_name(cf_codec_kind kind) {
    return (unsigned)kind < CF_CODEC_COUNT ? codecs[kind].name : "unknown";
}

cf_status cf_codec_unpack(cf_codec *codec, cf_codec_kind kind, const void *src, size_t src_size,
                          void *dst, size_t dst_size, size_t *written, cf_error *err) {
    CF_ASSERT((unsigned)kind < CF_CODEC_COUNT);
    uint8_t nothing = 0; /* some libraries want a place to write even where there is nothing */
    size_t made = 0;
    const char *problem = codecs[kind].unpack(codec, src, src_size,
                                              dst != NULL ? dst : &nothing, dst_size, &made);
    if (problem == no_memory)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to unpack %s data",
                       codecs[kind].name);
    if (problem != NULL)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "cannot unpack %s data: %s",
                       codecs[kind].name, problem);
    if (written == NULL && made != dst_size)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "cannot unpack %s data: %zu bytes where %zu were announced",
                       codecs[kind].name, made, dst_size);
    if (written != NULL) *written = made;
    return CF_OK;
}

/* What a ROOT block can be: its two letters, how it is unpacked, the bytes before the stream.
 */
static const struct {
    char tag[3];
    cf_codec_kind kind;
    size_t skip;      /* LZ4: a checksum of the packed bytes */
    size_t expansion; /* no stream of this method gives more bytes a byte */
} root_blocks[] = {
    {"ZL", CF_CODEC_ZLIB, 0, 1040},    {"XZ", CF_CODEC_LZMA, 0, 1 << 16},
    {"L4", CF_CODEC_LZ4, 8, 256},      {"ZS", CF_CODEC_ZSTD, 0, 1 << 16},
    {"CS", CF_CODEC_DEFLATE, 0, 1040},
};

static size_t little_u24(const uint8_t *p) {
    return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
}

static int root_block_find(const uint8_t *header) {
    for (size_t i = 0; i < CF_COUNT(root_blocks); i++)
        if (memcmp(header, root_blocks[i].tag, 2) == 0) return (int)i;
    return -1;
}

/* Walks the headers alone, so that a false size is found before memory is asked for. */
static cf_status root_blocks_check(const uint8_t *src, size_t src_size, size_t size,
                                   cf_error *err) {
    size_t in = 0, out = 0;
    while (out < size) {
        if (src_size - in < 9)
            return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                           "compressed data end after %zu of %zu unpacked bytes", out, size);
        const int which = root_block_find(src + in);
        if (which < 0)
            return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "unknown compression `%02x%02x`",
                           src[in], src[in + 1]);
        const size_t packed = little_u24(src + in + 3), unpacked = little_u24(src + in + 6);
        if (packed > src_size - in - 9 || packed < root_blocks[which].skip || unpacked == 0 ||
            unpacked > size - out || unpacked / root_blocks[which].expansion > packed)
            return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                           "a compressed block announces sizes that cannot be");
        in += 9 + packed;
        out += unpacked;
    }
    return CF_OK;
}

cf_status cf_codec_check_root(const void *src, size_t src_size, size_t size, cf_error *err) {
    return root_blocks_check(src, src_size, size, err);
}

cf_status cf_codec_unpack_root(cf_codec *codec, const void *src, size_t src_size, void *dst,
                               size_t dst_size, cf_error *err) {
    CF_TRY(root_blocks_check(src, src_size, dst_size, err));
    const uint8_t *in = src;
    uint8_t *out = dst;
    for (size_t left = dst_size; left > 0;) {
        const int which = root_block_find(in);
        const size_t packed = little_u24(in + 3), unpacked = little_u24(in + 6);
        const size_t skip = root_blocks[which].skip;
        CF_TRY(cf_codec_unpack(codec, root_blocks[which].kind, in + 9 + skip, packed - skip,
                               out, unpacked, NULL, err));
        in += 9 + packed;
        out += unpacked;
        left -= unpacked;
    }
    return CF_OK;
}
