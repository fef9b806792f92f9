#include "dist/frame.h"

#include "exec/bytes.h"

#include <string.h>

#define MAGIC     0x31584643u /* "CFX1" */
#define SIZE_MOST ((uint64_t)1 << 36)
#define IDLE_ROOM ((size_t)1 << 20) /* kept from frame to frame */

typedef struct {
    uint32_t magic, type;
    uint64_t size, checksum;
} header;

_Static_assert(sizeof(header) == CF_FRAME_HEADER, "a header has no gaps");

static uint64_t checksum_of(const header *h, const char *data) {
    return cf_hash_bytes(data, (size_t)h->size, cf_hash_u64(h->size, h->type));
}

bool cf_frame_feed(cf_frame_reader *r, const char *data, size_t size) {
    if (r->used > 0) {
        const size_t left = r->bytes.size - r->used;
        if (left == 0 && r->bytes.capacity > IDLE_ROOM) cf_text_clear(&r->bytes);
        if (left > 0) memmove(r->bytes.data, r->bytes.data + r->used, left);
        r->bytes.size = left;
        r->used = 0;
    }
    cf_text_add(&r->bytes, data, size);
    return !r->bytes.failed;
}

cf_frame_state cf_frame_next(cf_frame_reader *r, cf_frame *out, const char **why) {
    header h;
    const size_t left = r->bytes.size - r->used;
    if (left > 0) { /* the first wrong byte is enough */
        const uint32_t magic = MAGIC;
        const size_t seen = left < sizeof magic ? left : sizeof magic;
        *why = "what came is no frame";
        if (memcmp(r->bytes.data + r->used, &magic, seen) != 0) return CF_FRAME_BAD;
    }
    if (left < sizeof h) return CF_FRAME_NONE;
    memcpy(&h, r->bytes.data + r->used, sizeof h);
    *why = "a frame of a type or size that does not exist";
    if (h.type == 0 || h.type >= CF_FRAME_END || h.size > SIZE_MOST) return CF_FRAME_BAD;
    if (left - sizeof h < h.size) return CF_FRAME_NONE;
    const char *data = r->bytes.data + r->used + sizeof h;
    *why = "a frame with a wrong checksum";
    if (checksum_of(&h, data) != h.checksum) return CF_FRAME_BAD;
    *out = (cf_frame){(cf_frame_type)h.type, data, (size_t)h.size};
    r->used += sizeof h + (size_t)h.size;
    return CF_FRAME_READY;
}

void cf_frame_reader_clear(cf_frame_reader *r) {
    cf_text_clear(&r->bytes);
    r->used = 0;
}

size_t cf_frame_begin(cf_text *out, cf_frame_type type) {
    const size_t begin = out->size;
    const header h = {.magic = MAGIC, .type = type};
    cf_put_array(out, &h, 1, sizeof h);
    return begin;
}

void cf_frame_end(cf_text *out, size_t begin) {
    header h;
    if (out->failed) return;
    memcpy(&h, out->data + begin, sizeof h);
    h.size = out->size - begin - sizeof h;
    h.checksum = checksum_of(&h, out->data + begin + sizeof h);
    memcpy(out->data + begin, &h, sizeof h);
}
