/* Pages, levels and windows of one column. */

#include "io/parquet_stream.h"

#include <libdeflate.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    AHEAD = 32 << 10, /* bytes read to see a page's header */
    PAD_MAX = 128,    /* old writers forgot a header's size in the size of the column */
    BATCH_MIN = 512
};

bool cf_pq_keep(cf_pq_stream *s, cf_pq_bytes *bytes) {
    if (s->kept_count > 0 && s->kept[s->kept_count - 1] == bytes) return true;
    if (s->kept_count == s->kept_room) {
        const size_t room = s->kept_room == 0 ? 4 : 2 * s->kept_room;
        cf_pq_bytes **kept = realloc(s->kept, room * sizeof(cf_pq_bytes *));
        if (kept == NULL) return false;
        s->kept = kept;
        s->kept_room = room;
    }
    bytes->refs++;
    s->kept[s->kept_count++] = bytes;
    return true;
}

static void drop_kept(cf_pq_stream *s) {
    for (size_t i = 0; i < s->kept_count; i++)
        cf_pq_bytes_put(s->shared, s->kept[i]);
    s->kept_count = 0;
}

/* ---- errors ---- */

cf_status cf_pq_damaged(const cf_pq_stream *s, cf_error *err, const char *fmt, ...) {
    char what[160];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s: column `%s` is damaged: %s",
                   cf_storage_path(s->shared->storage), s->leaf->name, what);
}

cf_status cf_pq_no_memory(const cf_pq_stream *s, cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for column `%s`",
                   s->leaf->name);
}

/* ---- beginning and end ---- */

cf_status cf_pq_stream_init(cf_pq_stream *s, cf_pq_shared *shared, const cf_pq_leaf *leaf,
                            const cf_pq_chunk *chunk, int64_t rows, cf_error *err) {
    *s = (cf_pq_stream){
        .shared = shared, .leaf = leaf, .chunk = chunk, .rows = rows, .begin = -1};
    if (!cf_pq_codec(chunk->codec, &s->codec))
        return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                       "column `%s` is packed with an unknown codec", leaf->name);
    const uint64_t behind = cf_storage_size(shared->storage) - chunk->start - chunk->size;
    s->size = (size_t)(chunk->size + (behind < PAD_MAX ? behind : PAD_MAX));
    s->entries_max = ((uint64_t)1 << 24) + chunk->size * 1024;
    s->data = cf_storage_view(shared->storage, chunk->start, s->size, NULL);
    return CF_OK;
}

static void page_clear(cf_pq_stream *s, cf_pq_page *page) {
    cf_pq_bytes_put(s->shared, page->bytes);
    cf_pq_bytes_put(s->shared, page->stored);
    cf_text_clear(&page->values.previous);
}

void cf_pq_stream_clear(cf_pq_stream *s) {
    if (s->shared == NULL) return;
    for (size_t i = 0; i < s->page_count; i++)
        page_clear(s, &s->pages[i]);
    drop_kept(s);
    cf_pq_bytes_put(s->shared, s->ahead);
    cf_pq_bytes_put(s->shared, s->dictionary_page);
    cf_pq_bytes_put(s->shared, s->dictionary_text);
    cf_pq_bytes_put(s->shared, s->dictionary_values);
    free(s->places_owned);
    free(s->rep);
    free(s->def);
    free(s->pages);
    free(s->out);
    free(s->valid);
    free(s->kept);
    *s = (cf_pq_stream){0};
}

/* ---- levels ---- */

static bool levels_read(cf_pq_levels *l, uint8_t *out, size_t n) {
    if (!l->old_order) return cf_runs_u8(&l->runs, out, n);
    for (size_t i = 0; i < n; i++) {
        unsigned value = 0;
        for (unsigned b = 0; b < l->width; b++) {
            const size_t bit = l->at++;
            if (bit / 8 >= l->size) return false;
            value = value << 1 | (l->data[bit / 8] >> (7 - bit % 8) & 1u);
        }
        out[i] = (uint8_t)value;
    }
    return true;
}

static uint8_t largest(const uint8_t *p, size_t n) {
    uint8_t max = 0;
    for (size_t i = 0; i < n; i++)
        max = p[i] > max ? p[i] : max;
    return max;
}

/* How many of p[0 .. n-1] equal x: in bytes, 128 at a time, as the compiler can do that 16 at
 * once. */
static size_t count_equal(const uint8_t *p, size_t n, uint8_t x) {
    size_t total = 0;
    while (n > 0) {
        const size_t m = n < 128 ? n : 128;
        uint8_t some = 0;
        for (size_t i = 0; i < m; i++)
            some = (uint8_t)(some + (p[i] == x));
        total += some;
        p += m;
        n -= m;
    }
    return total;
}

/* Values that are there among entries from .. from + n - 1. */
static size_t count_present(const cf_pq_stream *s, size_t from, size_t n) {
    return s->def == NULL ? n : count_equal(s->def + from, n, s->leaf->def_max);
}

static bool level_stream(cf_pq_levels *l, int encoding, unsigned max, uint64_t entries,
                         const uint8_t **at, const uint8_t *end) {
    const unsigned width = cf_bit_width(max);
    uint64_t size;
    if (max == 0) return true;
    if (encoding == CF_PQ_BIT_PACKED) {
        size = (entries * width + 7) / 8;
    } else {
        uint32_t stored;
        if (end - *at < 4) return false;
        memcpy(&stored, *at, sizeof stored);
        *at += 4;
        size = stored;
    }
    if (size > (uint64_t)(end - *at)) return false;
    *l = (cf_pq_levels){.old_order = encoding == CF_PQ_BIT_PACKED,
                        .data = *at,
                        .size = (size_t)size,
                        .width = width};
    cf_runs_init(&l->runs, *at, (size_t)size, width);
    *at += size;
    return true;
}

static void level_stream_v2(cf_pq_levels *l, unsigned max, const uint8_t *at, uint32_t size) {
    *l = (cf_pq_levels){0};
    cf_runs_init(&l->runs, at, size, cf_bit_width(max));
}

/* From the page's bytes to decoders at its first entry. */
static cf_status page_begin(cf_pq_stream *s, cf_pq_page *page, cf_error *err) {
    const cf_pq_page_header *h = &page->header;
    const uint8_t *at = page->levels;
    page->left = h->values;
    page->held = 0;
    page->skip = 0;
    if (h->type == CF_PQ_DATA_V2) {
        level_stream_v2(&page->rep, s->leaf->rep_max, at, h->rep_size);
        level_stream_v2(&page->def, s->leaf->def_max, at + h->rep_size, h->def_size);
    } else {
        if (!level_stream(&page->rep, h->rep_encoding, s->leaf->rep_max, h->values, &at,
                          page->end) ||
            !level_stream(&page->def, h->def_encoding, s->leaf->def_max, h->values, &at,
                          page->end))
            return cf_pq_damaged(s, err, "the levels of a page are cut off");
        page->body = at;
    }
    return cf_pq_values_begin(s, page, err);
}

/* ---- pages ---- */

/* At least `want` of the bytes at s->at, or all there are. */
static cf_status look(cf_pq_stream *s, size_t want, const uint8_t **bytes, size_t *size,
                      cf_error *err) {
    const size_t rest = s->size - s->at;
    if (want > rest) want = rest;
    if (s->data != NULL) {
        *bytes = s->data + s->at;
        *size = rest;
        return CF_OK;
    }
    if (s->ahead == NULL || s->at < s->ahead_at || s->at + want > s->ahead_at + s->ahead_size) {
        cf_pq_bytes_put(s->shared, s->ahead);
        s->ahead_size = 0;
        s->ahead = cf_pq_bytes_get(s->shared, want > AHEAD ? want : AHEAD);
        if (s->ahead == NULL) return cf_pq_no_memory(s, err);
        const size_t n = want > AHEAD ? want : rest < AHEAD ? rest : AHEAD;
        CF_TRY(cf_storage_read(s->shared->storage, s->chunk->start + s->at, n, s->ahead->data,
                               &s->shared->stats, err));
        s->ahead_at = s->at;
        s->ahead_size = n;
    }
    *bytes = s->ahead->data + (s->at - s->ahead_at);
    *size = s->ahead_at + s->ahead_size - s->at;
    return CF_OK;
}

/* The header at s->at, of 0 bytes if there is none.  Headers are short, but may hold
 * statistics. */
static cf_status read_header(cf_pq_stream *s, cf_pq_page_header *h, size_t *header_size,
                             cf_error *err) {
    for (size_t want = 256;; want *= 16) {
        const uint8_t *bytes = NULL;
        size_t size = 0;
        CF_TRY(look(s, want, &bytes, &size, err));
        *header_size = cf_pq_page_header_read(bytes, size, h);
        if (*header_size > 0 || size >= s->size - s->at || want > (16u << 20)) return CF_OK;
    }
}

/* The next header.  *found is false at the end: all entries were seen, or there is nothing left
 * to read, or what stands in the padding is no page. */
static cf_status peek_header(cf_pq_stream *s, cf_pq_page_header *h, size_t *header_size,
                             bool *found, cf_error *err) {
    *found = false;
    if (s->entries_seen >= (uint64_t)s->chunk->values || s->at >= s->size) return CF_OK;
    CF_TRY(read_header(s, h, header_size, err));
    *found = *header_size > 0 && h->packed_size <= s->size - s->at - *header_size;
    if (*found || s->at >= s->chunk->size) return CF_OK;
    return *header_size == 0 ? cf_pq_damaged(s, err, "a page header cannot be read")
                             : cf_pq_damaged(s, err, "a page is longer than the column");
}

/* Counts bytes that lay in memory; others were counted when they were read. */
static void count_io(cf_pq_stream *s, size_t stored) {
    if (s->data == NULL) return;
    s->shared->stats.bytes_requested += (int64_t)stored;
    s->shared->stats.bytes_read += (int64_t)stored;
}

/* The stored bytes of the page whose header is at s->at.  *bytes owns them, or is NULL where
 * they lie in memory.  Version 2 tells where the values begin: there they are aligned. */
static cf_status read_body(cf_pq_stream *s, const cf_pq_page_header *h, size_t header_size,
                           cf_pq_bytes **bytes, const uint8_t **stored, cf_error *err) {
    const size_t begin = s->at + header_size, size = h->packed_size;
    const size_t pad = (0 - (size_t)h->rep_size - h->def_size) & 7;
    *bytes = NULL;
    if (s->data != NULL) {
        *stored = s->data + begin;
        return CF_OK;
    }
    *bytes = cf_pq_bytes_get(s->shared, size + pad);
    if (*bytes == NULL) return cf_pq_no_memory(s, err);
    uint8_t *to = (*bytes)->data + pad;
    size_t have = s->ahead_at + s->ahead_size > begin ? s->ahead_at + s->ahead_size - begin : 0;
    if (have > size) have = size;
    if (have > 0) memcpy(to, s->ahead->data + (begin - s->ahead_at), have);
    *stored = to;
    if (have == size) return CF_OK;
    const cf_status status = cf_storage_read(s->shared->storage, s->chunk->start + begin + have,
                                             size - have, to + have, &s->shared->stats, err);
    if (status == CF_OK) return CF_OK;
    cf_pq_bytes_put(s->shared, *bytes);
    *bytes = NULL;
    return status;
}

static bool expansion_is_sane(uint64_t packed, uint64_t unpacked) {
    return unpacked <= (uint64_t)64 << 20 || unpacked / 1100 <= packed;
}

/* Unpacks into *bytes, or leaves it NULL if `from` can be used as it is. */
static cf_status unpack(cf_pq_stream *s, const uint8_t *from, size_t packed, size_t size,
                        cf_pq_bytes **bytes, cf_error *err) {
    *bytes = NULL;
    s->shared->stats.bytes_unpacked += (int64_t)size;
    if (!expansion_is_sane(packed, size))
        return cf_pq_damaged(s, err, "a page of %zu bytes claims to hold %zu", packed, size);
    *bytes = cf_pq_bytes_get(s->shared, size);
    if (*bytes == NULL) return cf_pq_no_memory(s, err);
    if (size == 0) return CF_OK;
    const cf_status status = cf_codec_unpack(s->shared->codec, s->codec, from, packed,
                                             (*bytes)->data, size, NULL, err);
    if (status == CF_OK) return CF_OK;
    cf_error_while(err, "reading column `%s` of %s", s->leaf->name,
                   cf_storage_path(s->shared->storage));
    cf_pq_bytes_put(s->shared, *bytes);
    *bytes = NULL;
    return status;
}

/* Fills in where levels and values lie; unpacks what is packed.  Packed levels of version 2
 * stay in the stored page. */
static cf_status page_unpack(cf_pq_stream *s, cf_pq_page *page, const uint8_t *stored,
                             cf_error *err) {
    const cf_pq_page_header *h = &page->header;
    size_t levels = 0;
    bool packed = s->codec != CF_CODEC_NONE;
    if (h->type == CF_PQ_DATA_V2) {
        levels = (size_t)h->rep_size + h->def_size;
        if (levels > h->packed_size || levels > h->size)
            return cf_pq_damaged(s, err, "the levels of a page are longer than the page");
        packed = packed && h->packed;
    }
    page->levels = stored;
    page->body = stored + levels;
    page->end = stored + h->packed_size;
    if (!packed) return CF_OK;
    cf_pq_bytes *bytes;
    CF_TRY(unpack(s, page->body, h->packed_size - levels, h->size - levels, &bytes, err));
    page->body = bytes->data;
    page->end = page->body + (h->size - levels);
    if (h->type != CF_PQ_DATA_V2) page->levels = page->body;
    page->stored = levels > 0 ? page->bytes : NULL;
    if (levels == 0) cf_pq_bytes_put(s->shared, page->bytes);
    page->bytes = bytes;
    return CF_OK;
}

static cf_status check_crc(const cf_pq_stream *s, const cf_pq_page_header *h,
                           const uint8_t *stored, cf_error *err) {
    if (!h->has_crc || libdeflate_crc32(0, stored, h->packed_size) == h->crc) return CF_OK;
    return cf_pq_damaged(s, err, "the checksum of a page is wrong");
}

/* Reads the page whose header is at s->at.  What it holds is freed by page_clear, also on
 * failure. */
static cf_status page_open(cf_pq_stream *s, cf_pq_page *page, size_t header_size,
                           cf_error *err) {
    const uint8_t *stored = NULL;
    CF_TRY(read_body(s, &page->header, header_size, &page->bytes, &stored, err));
    CF_TRY(check_crc(s, &page->header, stored, err));
    return page_unpack(s, page, stored, err);
}

static cf_status read_dictionary(cf_pq_stream *s, const cf_pq_page_header *h,
                                 size_t header_size, cf_error *err) {
    if (s->dictionary != NULL && s->dictionary_at == s->at) return CF_OK; /* rewound */
    if (s->dictionary != NULL) return cf_pq_damaged(s, err, "it has two dictionaries");
    s->dictionary_at = s->at;
    cf_pq_page page = {.header = *h};
    if (h->encoding != CF_PQ_PLAIN && h->encoding != CF_PQ_PLAIN_DICTIONARY)
        return cf_pq_damaged(s, err, "its dictionary has an unknown encoding");
    const cf_status status = page_open(s, &page, header_size, err);
    s->dictionary_page = page.bytes;
    if (status != CF_OK) return status;
    return cf_pq_dictionary_read(s, h, page.body, (size_t)(page.end - page.body), err);
}

static cf_status page_room(cf_pq_stream *s, cf_error *err) {
    if (s->page_count < s->page_room) return CF_OK;
    const size_t room = s->page_room == 0 ? 2 : 2 * s->page_room;
    cf_pq_page *pages = realloc(s->pages, room * sizeof *pages);
    if (pages == NULL) return cf_pq_no_memory(s, err);
    s->pages = pages;
    s->page_room = room;
    return CF_OK;
}

/* Is the header one of values?  Others are taken in or passed over. */
static cf_status next_data_header(cf_pq_stream *s, cf_pq_page_header *h, size_t *header_size,
                                  bool *found, cf_error *err) {
    for (;;) {
        CF_TRY(peek_header(s, h, header_size, found, err));
        if (!*found) return CF_OK;
        if (h->type == CF_PQ_DATA || h->type == CF_PQ_DATA_V2) {
            if (h->type == CF_PQ_DATA_V2 && h->rows > h->values)
                return cf_pq_damaged(s, err, "a page has more rows than values");
            return CF_OK;
        }
        if (h->type == CF_PQ_DICTIONARY) {
            CF_TRY(read_dictionary(s, h, *header_size, err));
        }
        count_io(s, *header_size + h->packed_size);
        s->at += *header_size + h->packed_size;
    }
}

static cf_status load_page(cf_pq_stream *s, const cf_pq_page_header *h, size_t header_size,
                           cf_error *err) {
    CF_TRY(page_room(s, err));
    cf_pq_page *page = &s->pages[s->page_count++];
    *page = (cf_pq_page){.header = *h, .first_row = -1};
    CF_TRY(page_open(s, page, header_size, err));
    count_io(s, header_size + h->packed_size);
    s->at += header_size + h->packed_size;
    s->entries_seen += h->values;
    return page_begin(s, page, err);
}

/* Drops a page of which nothing is needed any more. */
static void drop_used_pages(cf_pq_stream *s) {
    size_t kept = 0;
    for (size_t i = 0; i < s->page_count; i++) {
        const cf_pq_page *page = &s->pages[i];
        const bool last = i + 1 == s->page_count; /* stays, to be rewound */
        if (page->left == 0 && page->held == 0 && !last) {
            page_clear(s, &s->pages[i]);
        } else {
            s->pages[kept++] = s->pages[i];
        }
    }
    s->page_count = kept;
}

/* ---- decoding levels ---- */

static bool grow_bytes(uint8_t **p, size_t size) {
    uint8_t *grown = realloc(*p, size);
    if (grown != NULL) *p = grown;
    return grown != NULL;
}

static cf_status level_room(cf_pq_stream *s, size_t more, cf_error *err) {
    const size_t need = s->count + more;
    if (need > s->entries_max)
        return cf_pq_damaged(s, err, "more values in a few rows than the column can hold");
    if (need <= s->capacity || s->leaf->def_max == 0) return CF_OK;
    size_t capacity = s->capacity < 4096 ? 4096 : s->capacity;
    while (capacity < need)
        capacity *= 2;
    if (!grow_bytes(&s->def, capacity + CF_PQ_SLACK) ||
        (s->leaf->rep_max > 0 && !grow_bytes(&s->rep, capacity + CF_PQ_SLACK)))
        return cf_pq_no_memory(s, err);
    s->capacity = capacity;
    return CF_OK;
}

static bool decode_one(cf_pq_levels *l, unsigned max, uint8_t *out, size_t n) {
    if (!levels_read(l, out, n)) return false;
    return (max & (max + 1)) == 0 || largest(out, n) <= max;
}

/* Levels of at most `want` more entries of the last page. */
static cf_status decode(cf_pq_stream *s, size_t want, cf_error *err) {
    cf_pq_page *page = &s->pages[s->page_count - 1];
    const size_t n = want < page->left ? want : (size_t)page->left;
    CF_TRY(level_room(s, n, err));
    if (s->leaf->rep_max > 0 && !decode_one(&page->rep, s->leaf->rep_max, s->rep + s->count, n))
        return cf_pq_damaged(s, err, "the levels of a page are wrong");
    if (s->leaf->def_max > 0 && !decode_one(&page->def, s->leaf->def_max, s->def + s->count, n))
        return cf_pq_damaged(s, err, "the levels of a page are wrong");
    if (page->left == page->header.values && (s->rep == NULL || s->rep[s->count] == 0))
        page->first_row = s->rows_begun;
    s->rows_begun += (int64_t)(s->rep == NULL ? n : count_equal(s->rep + s->count, n, 0));
    s->count += n;
    page->left -= n;
    page->held += n;
    return CF_OK;
}

/* Makes the last page one with entries left; *found is false at the end. */
static cf_status need_page(cf_pq_stream *s, bool *found, cf_error *err) {
    cf_pq_page_header h;
    size_t header_size;
    *found = true;
    while (s->page_count == 0 || s->pages[s->page_count - 1].left == 0) {
        CF_TRY(next_data_header(s, &h, &header_size, found, err));
        if (!*found) return CF_OK;
        CF_TRY(load_page(s, &h, header_size, err));
        drop_used_pages(s);
    }
    return CF_OK;
}

/* ---- moving ---- */

/* Passes the first n entries; their values too unless they were taken. */
static void pass(cf_pq_stream *s, size_t n, bool taken) {
    size_t from = 0;
    for (size_t i = 0; i < s->page_count && from < n; i++) {
        cf_pq_page *page = &s->pages[i];
        const size_t m = n - from < page->held ? n - from : page->held;
        if (!taken) page->skip += count_present(s, from, m);
        page->held -= m;
        from += m;
    }
    const size_t rest = s->count - n;
    if (s->def != NULL) memmove(s->def, s->def + n, rest);
    if (s->rep != NULL) memmove(s->rep, s->rep + n, rest);
    s->count = rest;
    drop_used_pages(s);
}

/* The place of the (k+1)th zero in rep[0 .. count-1], counted on from *seen zeros before *from.
 */
static bool find_row(const cf_pq_stream *s, uint64_t k, size_t *from, uint64_t *seen) {
    while (*from < s->count) {
        const size_t m = s->count - *from < 128 ? s->count - *from : 128;
        const size_t zeros = count_equal(s->rep + *from, m, 0);
        if (*seen + zeros > k) break;
        *seen += zeros;
        *from += m;
    }
    while (*from < s->count) {
        if (s->rep[*from] == 0) {
            if (*seen == k) return true;
            (*seen)++;
        }
        (*from)++;
    }
    return false;
}

static cf_status ends_early(const cf_pq_stream *s, cf_error *err) {
    return cf_pq_damaged(s, err, "its pages end before row %lld of %lld",
                         (long long)s->rows_begun + 1, (long long)s->rows);
}

static void read_places(cf_pq_stream *s) {
    s->places_read = true;
    if (s->chunk->index_size == 0) return;
    const uint8_t *index = cf_storage_view(s->shared->storage, s->chunk->index_at,
                                           s->chunk->index_size, &s->shared->stats);
    uint8_t *copy = NULL;
    if (index == NULL) {
        copy = malloc(s->chunk->index_size);
        if (copy != NULL &&
            cf_storage_read(s->shared->storage, s->chunk->index_at, s->chunk->index_size, copy,
                            &s->shared->stats, NULL) == CF_OK)
            index = copy;
    }
    if (index != NULL)
        s->places_owned =
            cf_pq_offset_index_read(index, s->chunk->index_size, s->rows, &s->place_count);
    s->places = s->places_owned;
    free(copy);
}

/* The rows of the page at s->at if they can be told without unpacking it; -1: no. */
static int64_t rows_of_page(cf_pq_stream *s, const cf_pq_page_header *h) {
    if (s->leaf->rep_max == 0) return h->values;
    if (h->type == CF_PQ_DATA_V2) return h->rows;
    if (!s->places_read) read_places(s);
    const uint64_t offset = s->chunk->start + s->at;
    while (s->place < s->place_count && s->places[s->place].offset < offset)
        s->place++;
    if (s->place >= s->place_count || s->places[s->place].offset != offset) return -1;
    const int64_t next =
        s->place + 1 < s->place_count ? s->places[s->place + 1].first_row : s->rows;
    if (s->places[s->place].first_row != s->rows_begun || next < s->rows_begun) return -1;
    return next - s->places[s->place].first_row;
}

/* Passes over whole pages as long as `row` lies behind them.  All decoded entries belong to
 * rows before the next page and are given up. */
static cf_status skip_pages(cf_pq_stream *s, int64_t row, cf_error *err) {
    cf_pq_page_header h;
    size_t header_size;
    bool found;
    for (;;) {
        CF_TRY(next_data_header(s, &h, &header_size, &found, err));
        if (!found) return CF_OK;
        const int64_t rows = rows_of_page(s, &h);
        if (rows < 0 || rows > row - s->rows_begun) return CF_OK;
        if (s->count > 0) pass(s, s->count, false);
        count_io(s, header_size);
        s->at += header_size + h.packed_size;
        s->entries_seen += h.values;
        s->rows_begun += rows;
        s->row = s->rows_begun;
    }
}

/* Back to the first page, or only to the start of the page at hand. */
static cf_status rewind_to(cf_pq_stream *s, int64_t row, cf_error *err) {
    const int64_t last = s->page_count > 0 ? s->pages[s->page_count - 1].first_row : -1;
    const bool near = last >= 0 && last <= row;
    if (near && s->page_count > 1) {
        const cf_pq_page page = s->pages[s->page_count - 1];
        for (size_t i = 0; i + 1 < s->page_count; i++)
            page_clear(s, &s->pages[i]);
        s->pages[0] = page;
        s->page_count = 1;
    } else if (!near) {
        for (size_t i = 0; i < s->page_count; i++)
            page_clear(s, &s->pages[i]);
        s->page_count = 0;
        s->at = 0;
        s->entries_seen = 0;
        s->place = 0;
    }
    s->count = 0;
    s->row = near ? s->pages[0].first_row : 0;
    s->rows_begun = s->row;
    return near ? page_begin(s, &s->pages[0], err) : CF_OK;
}

/* Values of columns without levels cost nothing to pass. */
static void pass_plain(cf_pq_stream *s, int64_t row) {
    cf_pq_page *page = &s->pages[s->page_count - 1];
    const uint64_t want = (uint64_t)(row - s->row);
    const uint64_t n = want < page->left ? want : page->left;
    page->left -= n;
    page->skip += n;
    s->row += (int64_t)n;
    s->rows_begun = s->row;
}

static size_t smaller(uint64_t a, size_t b) {
    return a < b ? (size_t)a : b;
}

static cf_status seek_flat(cf_pq_stream *s, int64_t row, cf_error *err) {
    enum { BATCH = 1 << 16 };
    while (s->row < row) {
        bool found;
        if (s->count > 0) {
            const size_t n = smaller((uint64_t)(row - s->row), s->count);
            pass(s, n, false);
            s->row += (int64_t)n;
            continue;
        }
        if (s->page_count == 0 || s->pages[s->page_count - 1].left == 0)
            CF_TRY(skip_pages(s, row, err));
        if (s->row == row) break;
        CF_TRY(need_page(s, &found, err));
        if (!found) return ends_early(s, err);
        if (s->leaf->def_max == 0) {
            if (s->pages[s->page_count - 1].left == s->pages[s->page_count - 1].header.values)
                s->pages[s->page_count - 1].first_row = s->row;
            pass_plain(s, row);
        } else {
            CF_TRY(decode(s, smaller((uint64_t)(row - s->row), BATCH), err));
        }
    }
    return CF_OK;
}

/* Passes n rows, which were all decoded: the row behind them may go on in entries to come. */
static void pass_rows(cf_pq_stream *s, uint64_t n) {
    size_t at = 0;
    uint64_t seen = 0;
    (void)find_row(s, n, &at, &seen);
    pass(s, at, false);
    s->row += (int64_t)n;
}

/* Until the entry that begins `row` is the first one. */
static cf_status seek_lists(cf_pq_stream *s, int64_t row, cf_error *err) {
    while (s->row < row) {
        size_t at = 0;
        uint64_t seen = 0;
        bool found;
        if (find_row(s, (uint64_t)(row - s->row), &at, &seen)) {
            pass(s, at, false);
            s->row = row;
            return CF_OK;
        }
        if (s->page_count == 0 || s->pages[s->page_count - 1].left == 0)
            CF_TRY(skip_pages(s, row, err));
        if (s->row == row) return CF_OK;
        CF_TRY(need_page(s, &found, err));
        if (!found && s->rows_begun != row) return ends_early(s, err);
        if (!found) {
            pass(s, s->count, false);
            s->row = row;
            return CF_OK;
        }
        if (seen > 1) pass_rows(s, seen - 1);
        CF_TRY(decode(s, 1 << 16, err));
        if (s->rep[0] != 0) return cf_pq_damaged(s, err, "a page begins inside a row");
    }
    return CF_OK;
}

static cf_status fill_flat(cf_pq_stream *s, size_t rows, cf_error *err) {
    while (s->count < rows) {
        bool found;
        CF_TRY(need_page(s, &found, err));
        if (!found) return ends_early(s, err);
        CF_TRY(decode(s, rows - s->count, err));
    }
    s->entries = rows;
    return CF_OK;
}

/* A page of version 2 begins with a row; so what lies before it is complete. */
static bool next_page_begins_row(const cf_pq_stream *s) {
    return s->page_count > 0 && s->pages[s->page_count - 1].left == 0 &&
           s->pages[s->page_count - 1].header.type == CF_PQ_DATA_V2;
}

static size_t guess_batch(const cf_pq_stream *s, uint64_t rows) {
    const double mean = (double)s->chunk->values / (double)(s->rows > 0 ? s->rows : 1);
    const double guess = mean * (double)rows * 1.02;
    return guess < BATCH_MIN ? BATCH_MIN : guess > (1 << 20) ? 1 << 20 : (size_t)guess;
}

static cf_status fill_lists(cf_pq_stream *s, uint64_t rows, cf_error *err) {
    size_t at = 0;
    uint64_t seen = 0;
    while (!find_row(s, rows, &at, &seen)) {
        bool found;
        if (seen == rows && next_page_begins_row(s)) break;
        CF_TRY(need_page(s, &found, err));
        if (!found) {
            if (seen != rows) return ends_early(s, err);
            break;
        }
        CF_TRY(decode(s, guess_batch(s, rows - seen + 1), err));
        if (s->rep[0] != 0) return cf_pq_damaged(s, err, "a row begins in the middle");
    }
    s->entries = at;
    return CF_OK;
}

/* Gives up the window at hand, then moves. */
static cf_status move(cf_pq_stream *s, int64_t begin, cf_error *err) {
    if (s->begin >= 0) {
        pass(s, s->entries, s->taken);
        s->row = s->end;
        s->begin = -1;
        s->entries = 0;
    }
    s->taken = false;
    if (begin < s->row) CF_TRY(rewind_to(s, begin, err));
    if (s->row == begin) return CF_OK;
    return s->leaf->rep_max == 0 ? seek_flat(s, begin, err) : seek_lists(s, begin, err);
}

cf_status cf_pq_stream_window(cf_pq_stream *s, int64_t begin, int64_t end, cf_error *err) {
    if (s->begin == begin && s->end == end) return CF_OK;
    if (s->broken) return cf_pq_damaged(s, err, "reading it failed before");
    s->broken = true; /* until all went well */
    CF_TRY(move(s, begin, err));
    CF_TRY(s->leaf->rep_max == 0 ? fill_flat(s, (size_t)(end - begin), err)
                                 : fill_lists(s, (uint64_t)(end - begin), err));
    s->begin = begin;
    s->end = end;
    s->broken = false;
    return CF_OK;
}

/* ---- values ---- */

static bool grow_out(void **p, size_t *size, size_t need) {
    if (need <= *size && *p != NULL) return true;
    const size_t room = need + need / 4 + CF_PQ_SLACK;
    free(*p);
    *p = malloc(room);
    *size = *p != NULL ? room : 0;
    return *p != NULL;
}

/* Values came end to end; moves them to their slots, last one first, so that none is
 * overwritten before it was moved.  Null places are zero. */
/* NOLINTBEGIN(bugprone-macro-parentheses): types do not stand in parentheses */
#define SPREAD(T)                                          \
    do {                                                   \
        T *v = values;                                     \
        const T zero = {0};                                \
        for (size_t i = slots, from = present; i-- > 0;) { \
            if (valid[i] != 0) {                           \
                v[i] = v[--from];                          \
            } else {                                       \
                v[i] = zero;                               \
            }                                              \
        }                                                  \
    } while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

static void spread(void *values, const uint8_t *valid, size_t slots, size_t present,
                   size_t size) {
    switch (size) {
    case 1: SPREAD(uint8_t); break;
    case 2: SPREAD(uint16_t); break;
    case 4: SPREAD(uint32_t); break;
    case 8: SPREAD(uint64_t); break;
    default: SPREAD(cf_view); break;
    }
}

/* One byte for each slot: is there a value? */
static void mark_valid(const cf_pq_stream *s, uint8_t *restrict valid) {
    const uint8_t *def = s->def, full = s->leaf->def_max,
                  exists = s->leaf->list_def[s->leaf->rep_max];
    const size_t n = s->entries;
    if (s->leaf->rep_max == 0) {
        for (size_t i = 0; i < n; i++)
            valid[i] = def[i] == full;
        return;
    }
    size_t slot = 0;
    for (size_t i = 0; i < n; i++) {
        valid[slot] = def[i] == full;
        slot += def[i] >= exists;
    }
}

/* Entries that are elements of the innermost list. */
static size_t count_slots(const cf_pq_stream *s) {
    const uint8_t exists = s->leaf->list_def[s->leaf->rep_max];
    size_t missing = 0;
    if (exists == 0) return s->entries;
    for (size_t at = 0; at < s->entries; at += 128) {
        const size_t m = s->entries - at < 128 ? s->entries - at : 128;
        uint8_t some = 0;
        for (size_t i = 0; i < m; i++)
            some = (uint8_t)(some + (s->def[at + i] < exists));
        missing += some;
    }
    return s->entries - missing;
}

/* Decodes the values of the window's entries, page by page. */
static cf_status take_values(cf_pq_stream *s, uint8_t *out, cf_error *err) {
    const size_t kind_size = cf_kind_size(s->leaf->kind);
    size_t from = 0;
    for (size_t i = 0; i < s->page_count && from < s->entries; i++) {
        cf_pq_page *page = &s->pages[i];
        const size_t m = s->entries - from < page->held ? s->entries - from : page->held;
        const size_t n = count_present(s, from, m);
        CF_TRY(cf_pq_values_skip(s, page, page->skip, err));
        page->skip = 0;
        CF_TRY(cf_pq_values_read(s, page, n, out, err));
        out += n * kind_size;
        from += m;
    }
    return CF_OK;
}

/* All values of the window where they lie, if one page has them all. */
static const void *view_values(cf_pq_stream *s, size_t n, cf_error *err) {
    cf_pq_page *page = NULL;
    for (size_t i = 0; i < s->page_count && page == NULL; i++) {
        if (s->pages[i].held > 0) page = &s->pages[i];
    }
    if (page == NULL || page->held < s->entries) return NULL;
    if (cf_pq_values_skip(s, page, page->skip, err) != CF_OK) return NULL;
    page->skip = 0;
    return cf_pq_values_view(s, page, n);
}

static cf_status decode_values(cf_pq_stream *s, size_t slots, size_t present, cf_error *err) {
    const size_t kind_size = cf_kind_size(s->leaf->kind);
    cf_error local = {0};
    s->array = (cf_array){.count = slots};
    if (slots == present && s->entries > 0) {
        s->array.values = view_values(s, present, &local);
        if (s->array.values != NULL) return CF_OK;
        if (local.status != CF_OK)
            return cf_pq_damaged(s, err, "a page has fewer values than it says");
    }
    if (!grow_out(&s->out, &s->out_size, slots * kind_size)) return cf_pq_no_memory(s, err);
    CF_TRY(take_values(s, s->out, err));
    s->array.values = s->out;
    if (slots == present) return CF_OK;
    void *valid = s->valid;
    const bool grown = grow_out(&valid, &s->valid_size, slots + 1);
    s->valid = valid;
    if (!grown) return cf_pq_no_memory(s, err);
    mark_valid(s, s->valid);
    spread(s->out, s->valid, slots, present, kind_size);
    s->array.valid = s->valid;
    return CF_OK;
}

cf_status cf_pq_stream_values(cf_pq_stream *s, cf_array *out, cf_error *err) {
    CF_ASSERT(s->begin >= 0);
    if (!s->taken) {
        if (s->broken) return cf_pq_damaged(s, err, "reading it failed before");
        s->broken = true;
        const size_t slots = count_slots(s), present = count_present(s, 0, s->entries);
        drop_kept(s);
        CF_TRY(decode_values(s, slots, present, err));
        s->taken = true;
        s->broken = false;
    }
    *out = s->array;
    return CF_OK;
}

/* ---- finding rows ---- */

/* Rows that begin in the page at hand; *inside: its first entry goes on with a row. */
static cf_status count_rows(cf_pq_stream *s, cf_pq_page *page, int64_t *rows, bool *inside,
                            cf_error *err) {
    uint8_t rep[4096];
    *rows = 0;
    *inside = false;
    while (page->left > 0) {
        const size_t n = page->left < sizeof rep ? (size_t)page->left : sizeof rep;
        if (!levels_read(&page->rep, rep, n))
            return cf_pq_damaged(s, err, "the levels of a page are wrong");
        if (page->left == page->header.values) *inside = rep[0] != 0;
        *rows += (int64_t)count_equal(rep, n, 0);
        page->left -= n;
    }
    return CF_OK;
}

static cf_status add_place(cf_pq_stream *s, cf_pq_page_place place, cf_error *err) {
    if ((s->place_count & (s->place_count + 1)) == 0) { /* room for the next power of two */
        cf_pq_page_place *grown =
            realloc(s->places_owned, (2 * s->place_count + 2) * sizeof *grown);
        if (grown == NULL) return cf_pq_no_memory(s, err);
        s->places_owned = grown;
    }
    s->places_owned[s->place_count++] = place;
    return CF_OK;
}

static cf_status find_places(cf_pq_stream *s, cf_error *err) {
    for (;;) {
        cf_pq_page_header h;
        size_t header_size;
        bool found, inside = false;
        int64_t rows = 0;
        CF_TRY(next_data_header(s, &h, &header_size, &found, err));
        if (!found) return CF_OK;
        const uint64_t offset = s->chunk->start + s->at;
        CF_TRY(load_page(s, &h, header_size, err));
        drop_used_pages(s);
        CF_TRY(count_rows(s, &s->pages[s->page_count - 1], &rows, &inside, err));
        CF_TRY(add_place(s, (cf_pq_page_place){offset, inside ? -1 : s->rows_begun}, err));
        s->rows_begun += rows;
    }
}

cf_status cf_pq_places_find(cf_pq_shared *shared, const cf_pq_leaf *leaf,
                            const cf_pq_chunk *chunk, int64_t rows, cf_pq_page_place **places,
                            size_t *count, cf_error *err) {
    cf_pq_stream s;
    CF_ASSERT(leaf->rep_max > 0);
    cf_status status = cf_pq_stream_init(&s, shared, leaf, chunk, rows, err);
    if (status == CF_OK) status = find_places(&s, err);
    *places = status == CF_OK ? s.places_owned : NULL;
    *count = status == CF_OK ? s.place_count : 0;
    if (status == CF_OK) s.places_owned = NULL;
    cf_pq_stream_clear(&s);
    return status;
}
