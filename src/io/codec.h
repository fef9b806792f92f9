#ifndef CF_IO_CODEC_H
#define CF_IO_CODEC_H

/* The one door to every decompressor that the file formats need.  A cf_codec holds the work
 * areas (which cost more to make than a small block costs to unpack); it belongs to one thread.
 */

#include "base/base.h"

typedef struct cf_codec cf_codec;

typedef enum {
    CF_CODEC_NONE,       /* stored as it is */
    CF_CODEC_DEFLATE,    /* raw deflate */
    CF_CODEC_ZLIB,       /* deflate with zlib's header and checksum */
    CF_CODEC_GZIP,       /* one or more gzip members end to end */
    CF_CODEC_LZMA,       /* an .xz stream */
    CF_CODEC_LZ4,        /* one raw LZ4 block */
    CF_CODEC_LZ4_HADOOP, /* Parquet's old LZ4: framed as Hadoop does, or raw, or an LZ4 frame */
    CF_CODEC_ZSTD,
    CF_CODEC_SNAPPY, /* raw snappy */
    CF_CODEC_BROTLI,
    CF_CODEC_COUNT
} cf_codec_kind;

/* NULL: no memory. */
cf_codec *cf_codec_new(void);
void cf_codec_free(cf_codec *codec); /* NULL is fine */

/* Unpacks src into dst, which has room for dst_size bytes; never writes more.  *written says
 * how many there are (written == NULL: anything but dst_size is an error).  Damage is
 * CF_E_FORMAT. */
cf_status cf_codec_unpack(cf_codec *codec, cf_codec_kind kind, const void *src, size_t src_size,
                          void *dst, size_t dst_size, size_t *written, cf_error *err);

const char *cf_codec_name(cf_codec_kind kind); /* "zlib" */

/* ROOT's framing: blocks of at most 16 MiB, each behind nine bytes that name method and sizes.
 * Fills dst exactly or fails.  The check looks at the sizes alone, before dst is allocated. */
cf_status cf_codec_check_root(const void *src, size_t src_size, size_t dst_size, cf_error *err);
cf_status cf_codec_unpack_root(cf_codec *codec, const void *src, size_t src_size, void *dst,
                               size_t dst_size, cf_error *err);

#endif
