#ifndef CF_IO_ROOT_WRITER_PACK_H
#define CF_IO_ROOT_WRITER_PACK_H

/* ROOT's compressed blocks: at most 16 MiB each, behind nine bytes of method and sizes. */

#include "base/base.h"

typedef enum {
    CF_ROOT_PACK_ZSTD,
    CF_ROOT_PACK_LZ4,
    CF_ROOT_PACK_ZLIB,
    CF_ROOT_PACK_NONE,
    CF_ROOT_PACK_COUNT
} cf_root_pack;

/* `zstd`, ..; COUNT: there is no such word.  NULL: the default. */
cf_root_pack cf_root_pack_of(const char *word);
/* As ROOT numbers methods and levels in its own settings. */
int cf_root_pack_setting(cf_root_pack pack);

typedef struct cf_root_packer cf_root_packer;
cf_root_packer *cf_root_packer_new(cf_root_pack pack); /* NULL: no memory */
void cf_root_packer_free(cf_root_packer *p);

/* Packs into `out`, which is emptied first.  False: it would not get smaller (or there is no
 * memory for it), and the bytes are to be stored as they are. */
bool cf_root_packer_run(cf_root_packer *p, const void *src, size_t size, cf_text *out);

#endif
