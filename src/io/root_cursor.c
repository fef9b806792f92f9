#include "io/root_cursor.h"

/* A basket holds some entries of one branch.  The reader keeps the last two of each branch that
 * it was asked for, since ranges are read in order and a range may lie over a border.
 *
 * Values of one size go straight from the unpacked basket into the array that is handed out,
 * all in one loop.  The lengths of counted lists come from the counter; the branch's own table
 * of entry offsets gives the place in the basket, or the counter does where there is no table.
 * What needs steps is made once for the whole basket and copied from there. */

#include "io/root_run.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    void *data;
    size_t size; /* bytes there is room for */
} buffer;

/* An unpacked basket. */
typedef struct {
    int64_t number; /* -1: none */
    int64_t first, rows;
    const uint8_t *values; /* [border] */
    size_t border;
    const uint8_t *table; /* [rows] big-endian places counted from `header`; NULL: none */
    uint32_t header;
    buffer bytes;     /* what values and table point into, unless they are embedded */
    uint32_t *places; /* [rows + 1] elements of the counted list before each entry */
    size_t places_size;
    bool has_places, has_made;
    cf_root_run run; /* what the steps made */
} basket;

typedef struct {
    basket baskets[2];
    int last; /* used */
} branch_state;

typedef struct {
    buffer values, text;
    /* COUNTED: the lengths of the range asked for last, as offsets */
    buffer offsets;
    int64_t begin, end;
} node_state;

struct cf_root_reader {
    const cf_root_part *part;
    branch_state **branches; /* by index; NULL: not used yet */
    node_state **nodes;
    cf_codec *codec;
    buffer stored, numbers;
    cf_io_stats stats;
};

cf_root_reader *cf_root_reader_new(const cf_root_part *part) {
    cf_root_reader *r = calloc(1, sizeof *r);
    if (r == NULL) return NULL;
    r->part = part;
    r->branches = calloc(part->tree.all_count + (size_t)1, sizeof *r->branches);
    r->nodes = calloc((size_t)part->schema.node_count + 1, sizeof *r->nodes);
    r->codec = cf_codec_new();
    if (r->branches != NULL && r->nodes != NULL && r->codec != NULL) return r;
    cf_root_reader_free(r);
    return NULL;
}

static void branch_free(branch_state *s) {
    if (s == NULL) return;
    for (int i = 0; i < 2; i++) {
        free(s->baskets[i].bytes.data);
        free(s->baskets[i].places);
        cf_root_run_clear(&s->baskets[i].run);
    }
    free(s);
}

static void node_free(node_state *s) {
    if (s == NULL) return;
    free(s->values.data);
    free(s->text.data);
    free(s->offsets.data);
    free(s);
}

void cf_root_reader_free(cf_root_reader *r) {
    if (r == NULL) return;
    if (r->branches != NULL)
        for (uint32_t i = 0; i < r->part->tree.all_count; i++)
            branch_free(r->branches[i]);
    if (r->nodes != NULL)
        for (int32_t i = 0; i < r->part->schema.node_count; i++)
            node_free(r->nodes[i]);
    free(r->branches);
    free(r->nodes);
    free(r->stored.data);
    free(r->numbers.data);
    cf_codec_free(r->codec);
    free(r);
}

cf_io_stats cf_root_reader_stats(cf_root_reader *r) {
    const cf_io_stats stats = r->stats;
    r->stats = (cf_io_stats){0};
    return stats;
}

/* --- small things --- */

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for a column's values");
}

/* Room for `size` bytes; what was there is lost. */
static cf_status buffer_need(buffer *b, size_t size, cf_error *err) {
    if (size <= b->size && b->data != NULL) return CF_OK;
    free(b->data);
    const size_t wanted = size < 256 ? 256 : size + size / 4;
    b->data = malloc(wanted);
    b->size = b->data != NULL ? wanted : 0;
    return b->data != NULL ? CF_OK : no_memory(err);
}

/* The same, but keeps what was there. */
static cf_status buffer_grow(buffer *b, size_t size, cf_error *err) {
    if (size <= b->size && b->data != NULL) return CF_OK;
    const size_t wanted = size < 256 ? 256 : size + size / 2;
    void *more = realloc(b->data, wanted);
    if (more == NULL) return no_memory(err);
    b->data = more;
    b->size = wanted;
    return CF_OK;
}

static node_state *node_state_of(cf_root_reader *r, int32_t node) {
    if (r->nodes[node] == NULL) {
        r->nodes[node] = calloc(1, sizeof(node_state));
        if (r->nodes[node] != NULL) r->nodes[node]->begin = -1;
    }
    return r->nodes[node];
}

static branch_state *branch_state_of(cf_root_reader *r, const cf_root_branch *br) {
    if (r->branches[br->index] == NULL) {
        r->branches[br->index] = calloc(1, sizeof(branch_state));
        if (r->branches[br->index] != NULL)
            r->branches[br->index]->baskets[0].number =
                r->branches[br->index]->baskets[1].number = -1;
    }
    return r->branches[br->index];
}

static cf_status branch_fail(const cf_root_reader *r, const cf_root_branch *br, int64_t first,
                             cf_error *err, const char *what) {
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                   "branch `%s` of %s is damaged in the basket of entry %lld: %s", br->name,
                   r->part->file.path, (long long)first, what);
}

/* --- baskets --- */

static const cf_root_embedded *embedded_find(const cf_root_branch *br, int64_t number) {
    for (uint32_t i = 0; i < br->embedded_count; i++)
        if (br->embedded[i].number == number) return &br->embedded[i];
    return NULL;
}

/* A key header, then what a basket adds to it. */
typedef struct {
    uint32_t bytes, header_bytes, object_bytes;
    uint32_t rows, last, flag;
} basket_header;

static bool header_read(const uint8_t *stored, size_t size, basket_header *h) {
    cf_root_buffer b = cf_root_buffer_of(stored, size);
    h->bytes = cf_root_u32(&b);
    const bool big = cf_root_i16(&b) > 1000;
    h->object_bytes = cf_root_u32(&b);
    (void)cf_root_u32(&b);
    h->header_bytes = cf_root_u16(&b);
    (void)cf_root_bytes(&b, big ? 18 : 10);
    for (int i = 0; i < 3; i++)
        (void)cf_root_text(&b);
    (void)cf_root_bytes(&b, 6);
    const bool more =
        cf_root_i32(&b) < 0; /* bytes of the table; negative: a byte of options follows */
    if (more) (void)cf_root_u8(&b);
    h->rows = cf_root_u32(&b);
    h->last = cf_root_u32(&b);
    h->flag = cf_root_u8(&b);
    return !b.bad && h->header_bytes <= size && h->object_bytes <= INT32_MAX &&
           h->last >= h->header_bytes && h->last - h->header_bytes <= h->object_bytes;
}

/* Behind the values may stand the places of the entries: a count, and one more than entries. */
static void table_find(basket *k, const basket_header *h) {
    const size_t rest = h->object_bytes - k->border;
    const uint8_t *p = k->values + k->border;
    k->table = NULL;
    if (rest < 4) return;
    const uint32_t count = cf_root_load32(p);
    if (count < (uint64_t)k->rows || count > (rest - 4) / 4) return;
    k->table = p + 4;
}

static cf_status basket_unpack(cf_root_reader *r, const cf_root_branch *br,
                               const uint8_t *stored, size_t size, basket *k, cf_error *err) {
    basket_header h;
    if (!header_read(stored, size, &h))
        return branch_fail(r, br, k->first, err, "it has no valid header");
    if ((int64_t)h.rows != k->rows)
        return branch_fail(r, br, k->first, err,
                           "it has another number of entries than its tree says");
    const uint8_t *packed = stored + h.header_bytes;
    const size_t packed_size = size - h.header_bytes;
    if (h.object_bytes > packed_size)
        CF_TRY(cf_codec_check_root(packed, packed_size, h.object_bytes, err));
    CF_TRY(buffer_need(&k->bytes, h.object_bytes, err));
    if (h.object_bytes > packed_size)
        CF_TRY(cf_codec_unpack_root(r->codec, packed, packed_size, k->bytes.data,
                                    h.object_bytes, err));
    else
        memcpy(k->bytes.data, packed, h.object_bytes);
    r->stats.bytes_unpacked += h.object_bytes;
    k->values = k->bytes.data;
    k->header = h.header_bytes;
    k->border = h.last - h.header_bytes;
    table_find(k, &h);
    return CF_OK;
}

static cf_status basket_fetch(cf_root_reader *r, const cf_root_branch *br, int64_t number,
                              basket *k, cf_error *err) {
    const uint64_t seek = br->basket_seek[number];
    const uint32_t size = br->basket_bytes[number];
    const cf_storage *storage = r->part->file.storage;
    if (seek == 0 || size < 64 || seek > cf_storage_size(storage) ||
        size > cf_storage_size(storage) - seek)
        return branch_fail(r, br, k->first, err, "it lies beyond the end of the file");
    const uint8_t *stored = cf_storage_view(storage, seek, size, &r->stats);
    if (stored == NULL) {
        CF_TRY(buffer_need(&r->stored, size, err));
        CF_TRY(cf_storage_read(storage, seek, size, r->stored.data, &r->stats, err));
        stored = r->stored.data;
    }
    return basket_unpack(r, br, stored, size, k, err);
}

static cf_status basket_load(cf_root_reader *r, const cf_root_branch *br, int64_t number,
                             basket *k, cf_error *err) {
    k->number = -1;
    k->has_places = k->has_made = false;
    k->first = br->basket_entry[number];
    k->rows = br->basket_entry[number + 1] - k->first;
    const cf_root_embedded *e = embedded_find(br, number);
    if (e != NULL) {
        if (e->rows != k->rows)
            return branch_fail(r, br, k->first, err,
                               "it has another number of entries than its tree says");
        k->values = e->values;
        k->border = e->border;
        k->header = e->header;
        k->table = e->offsets;
    } else {
        const cf_status status = basket_fetch(r, br, number, k, err);
        if (status != CF_OK) {
            cf_error_while(err, "reading the basket of entry %lld of branch `%s`",
                           (long long)k->first, br->name);
            return status;
        }
    }
    k->number = number;
    return CF_OK;
}

/* The number of the basket with that entry. */
static int64_t basket_number(const cf_root_branch *br, int64_t entry) {
    int64_t low = 0, high = br->basket_count;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (br->basket_entry[middle] <= entry)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The basket with that entry, as it was left or freshly read over the one not used last. */
static cf_status basket_of(cf_root_reader *r, const cf_root_branch *br, int64_t entry,
                           basket **out, cf_error *err) {
    branch_state *s = branch_state_of(r, br);
    if (s == NULL) return no_memory(err);
    if (br->basket_count == 0 || entry >= br->basket_entry[br->basket_count] ||
        entry < br->basket_entry[0])
        return branch_fail(r, br, entry, err, "there is no such basket");
    for (int i = 0; i < 2; i++) {
        basket *k = &s->baskets[i];
        if (k->number >= 0 && entry >= k->first && entry - k->first < k->rows) {
            s->last = i;
            *out = k;
            return CF_OK;
        }
    }
    s->last = 1 - s->last;
    *out = &s->baskets[s->last];
    return basket_load(r, br, basket_number(br, entry), *out, err);
}

/* --- the entries [begin, end) basket by basket --- */

typedef struct {
    basket *k;
    int64_t begin, end; /* within the basket */
} piece;

static cf_status piece_next(cf_root_reader *r, const cf_root_branch *br, int64_t at,
                            int64_t end, piece *p, cf_error *err) {
    CF_TRY(basket_of(r, br, at, &p->k, err));
    p->begin = at - p->k->first;
    const int64_t left = end - p->k->first;
    p->end = left < p->k->rows ? left : p->k->rows;
    return CF_OK;
}

/* --- lengths of counted lists --- */

/* The values of a counter for some entries as int64, into r->numbers. */
static cf_status counts_read(cf_root_reader *r, const cf_root_node *n, int64_t begin,
                             int64_t end, cf_error *err) {
    size_t done = 0;
    for (int64_t at = begin; at < end;) {
        piece p;
        CF_TRY(piece_next(r, n->branch, at, end, &p, err));
        const size_t count = (size_t)(p.end - p.begin);
        if ((uint64_t)p.end * n->stride > p.k->border)
            return branch_fail(r, n->branch, p.k->first, err, "it is too short");
        CF_TRY(buffer_grow(&r->numbers, (done + count) * sizeof(int64_t), err));
        cf_root_decode_int64(&n->decoder,
                             p.k->values + (uint64_t)p.begin * n->stride + n->offset, n->stride,
                             count, (int64_t *)r->numbers.data + done);
        done += count;
        at += p.end - p.begin;
    }
    return CF_OK;
}

/* From counts to offsets that start at 0. */
static bool offsets_sum(const int64_t *counts, size_t rows, int32_t *offsets) {
    int64_t sum = 0;
    bool good = true;
    offsets[0] = 0;
    for (size_t i = 0; i < rows; i++) {
        good = good & (counts[i] >= 0) & (counts[i] <= INT32_MAX) & (sum <= INT32_MAX);
        sum = (int64_t)((uint64_t)sum + (uint64_t)counts[i]);
        offsets[i + 1] = (int32_t)sum;
    }
    return good && sum <= INT32_MAX;
}

static cf_status counts_fail(const cf_root_reader *r, const cf_root_node *n, int64_t begin,
                             size_t rows, cf_error *err) {
    const int64_t *counts = r->numbers.data;
    for (size_t i = 0; i < rows; i++)
        if (counts[i] < 0 || counts[i] > INT32_MAX)
            return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                           "counter `%s` of %s is %lld in entry %lld", n->branch->name,
                           r->part->file.path, (long long)counts[i],
                           (long long)begin + (long long)i);
    return cf_fail(err, CF_E_LIMIT, CF_NOWHERE,
                   "counter `%s` of %s asks for more than 2147483647 values at once",
                   n->branch->name, r->part->file.path);
}

/* Offsets of a counted list for the entries; kept, since each of its columns asks for them. */
static cf_status counted_offsets(cf_root_reader *r, int32_t node, int64_t begin, int64_t end,
                                 const int32_t **offsets, cf_error *err) {
    const cf_root_node *n = &r->part->schema.nodes[node];
    node_state *s = node_state_of(r, node);
    if (s == NULL) return no_memory(err);
    *offsets = s->offsets.data;
    if (s->begin == begin && s->end == end) return CF_OK;
    s->begin = -1;
    const size_t rows = (size_t)(end - begin);
    CF_TRY(
        counts_read(r, n, begin, end, err)); /* only then is it sure that there are so many */
    CF_TRY(buffer_need(&s->offsets, (rows + 1) * sizeof(int32_t), err));
    if (!offsets_sum(r->numbers.data, rows, s->offsets.data))
        return counts_fail(r, n, begin, rows, err);
    s->begin = begin;
    s->end = end;
    *offsets = s->offsets.data;
    return CF_OK;
}

/* For a basket without entry table: how many elements lie before each entry. */
static cf_status places_make(cf_root_reader *r, const cf_root_node *counted, basket *k,
                             cf_error *err) {
    if (k->has_places) return CF_OK;
    const size_t rows = (size_t)k->rows;
    CF_TRY(counts_read(r, counted, k->first, k->first + k->rows, err));
    if (k->places_size < rows + 1) {
        free(k->places);
        k->places = malloc((rows + 1) * sizeof *k->places);
        k->places_size = k->places != NULL ? rows + 1 : 0;
        if (k->places == NULL) return no_memory(err);
    }
    const int64_t *counts = r->numbers.data;
    uint64_t sum = 0;
    k->places[0] = 0;
    for (size_t i = 0; i < rows; i++) {
        if (counts[i] < 0 || counts[i] > INT32_MAX || sum + (uint64_t)counts[i] > INT32_MAX)
            return counts_fail(r, counted, k->first, rows, err);
        sum += (uint64_t)counts[i];
        k->places[i + 1] = (uint32_t)sum;
    }
    k->has_places = true;
    return CF_OK;
}

/* --- values side by side --- */

/* Where entry i (or the end) begins among the values of a basket with a table. */
static uint64_t table_place(const basket *k, int64_t i) {
    if (i == k->rows) return k->border;
    return (uint64_t)cf_root_load32(k->table + 4 * i) - k->header;
}

/* The bytes of the entries of a piece, by table or counter.  False: they cannot be. */
static bool piece_bytes(const basket *k, const piece *p, size_t width, uint64_t *from,
                        uint64_t *to) {
    if (k->table != NULL) {
        *from = table_place(k, p->begin);
        *to = table_place(k, p->end);
    } else {
        *from = k->places[p->begin] * (uint64_t)width;
        *to = k->places[p->end] * (uint64_t)width;
    }
    return *from <= *to && *to <= k->border && (*to - *from) % width == 0;
}

static cf_status mismatch(cf_root_reader *r, int32_t node, int64_t begin, int64_t end,
                          cf_error *err) {
    const cf_root_node *n = &r->part->schema.nodes[node];
    const cf_root_node *counted = &r->part->schema.nodes[n->counted];
    const size_t width = (size_t)n->per * n->decoder.width;
    const int32_t *offsets = NULL;
    CF_TRY(counted_offsets(r, n->counted, begin, end, &offsets, err));
    for (int64_t at = begin; at < end;) {
        piece p;
        CF_TRY(piece_next(r, n->branch, at, end, &p, err));
        for (int64_t i = p.begin; i < p.end && p.k->table != NULL; i++) {
            const uint64_t bytes = table_place(p.k, i + 1) - table_place(p.k, i);
            const int64_t row = p.k->first + i;
            const int64_t want = offsets[row - begin + 1] - offsets[row - begin];
            if (bytes != (uint64_t)want * width)
                return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                               "in entry %lld of %s `%s` has %llu values, but its counter `%s` "
                               "says %lld",
                               (long long)row, r->part->file.path, n->branch->name,
                               (unsigned long long)(bytes / width), counted->branch->name,
                               (long long)want);
        }
        at += p.end - p.begin;
    }
    return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                   "`%s` of %s has another number of values than its counter `%s` says",
                   n->branch->name, r->part->file.path, counted->branch->name);
}

/* Which bytes of its basket a piece is, and how many elements (or entries). */
static cf_status piece_find(cf_root_reader *r, const cf_root_node *n, const piece *p,
                            uint64_t *from, size_t *elements, cf_error *err) {
    basket *k = p->k;
    if (n->counted < 0) {
        *from = (uint64_t)p->begin * n->stride;
        *elements = (size_t)(p->end - p->begin);
        if ((uint64_t)p->end * n->stride > k->border)
            return branch_fail(r, n->branch, k->first, err, "it is too short");
        return CF_OK;
    }
    const size_t width = (size_t)n->per * n->decoder.width;
    uint64_t to;
    if (k->table == NULL) CF_TRY(places_make(r, &r->part->schema.nodes[n->counted], k, err));
    if (!piece_bytes(k, p, width, from, &to))
        return branch_fail(r, n->branch, k->first, err, "its table of entries is wrong");
    *elements = (size_t)((to - *from) / width);
    return CF_OK;
}

static cf_status read_values(cf_root_reader *r, int32_t node, int64_t begin, int64_t end,
                             cf_array *out, cf_error *err) {
    const cf_root_node *n = &r->part->schema.nodes[node];
    node_state *s = node_state_of(r, node);
    if (s == NULL) return no_memory(err);
    size_t total = (size_t)(end - begin), done = 0;
    if (n->counted >= 0) {
        const int32_t *offsets = NULL;
        CF_TRY(counted_offsets(r, n->counted, begin, end, &offsets, err));
        total = (size_t)offsets[total];
    }
    const size_t size = cf_kind_size(n->decoder.kind) * n->per;
    CF_TRY(buffer_grow(&s->values, 64, err));
    for (int64_t at = begin; at < end;) {
        piece p;
        uint64_t from = 0;
        size_t elements = 0;
        CF_TRY(piece_next(r, n->branch, at, end, &p, err));
        CF_TRY(piece_find(r, n, &p, &from, &elements, err));
        if (elements > total - done) return mismatch(r, node, begin, end, err);
        /* Room comes piece by piece: what a damaged file promises does not count. */
        CF_TRY(buffer_grow(&s->values, (done + elements) * size, err));
        cf_root_decode_strided(&n->decoder, p.k->values + from + n->offset,
                               n->counted < 0 ? n->stride : n->per * n->decoder.width, elements,
                               n->per, (uint8_t *)s->values.data + done * size);
        done += elements;
        at += p.end - p.begin;
    }
    if (done != total) return mismatch(r, node, begin, end, err);
    *out = (cf_array){.count = total * n->per, .values = s->values.data};
    return CF_OK;
}

/* --- what steps make --- */

static cf_status steps_fail(const cf_root_reader *r, const cf_root_branch *br, const basket *k,
                            int64_t row, cf_error *err) {
    if (k->run.no_memory) return no_memory(err);
    return cf_fail(
        err, CF_E_FORMAT, CF_NOWHERE, "branch `%s` of %s cannot be read in entry %lld: %s",
        br->name, r->part->file.path, (long long)(k->first + row),
        k->run.problem != NULL ? k->run.problem : "its bytes are not what its class says");
}

/* Runs a branch's steps over a whole basket. */
static cf_status basket_make(cf_root_reader *r, const cf_root_branch *br, basket *k,
                             cf_error *err) {
    if (k->has_made) return CF_OK;
    const cf_root_program *program = &r->part->schema.programs[br->index];
    if (program->counted >= 0)
        CF_TRY(places_make(r, &r->part->schema.nodes[program->counted], k, err));
    if (k->run.made == NULL && !cf_root_run_init(&k->run, program->slot_count))
        return no_memory(err);
    cf_root_run_reset(&k->run);
    cf_root_buffer b = cf_root_buffer_of(k->values, k->border);
    for (int64_t i = 0; i < k->rows; i++) {
        if (k->table != NULL) {
            const uint64_t from = table_place(k, i), to = table_place(k, i + 1);
            if (from > to || to > k->border)
                return branch_fail(r, br, k->first, err, "its table of entries is wrong");
            b.at = (size_t)from;
            b.size = (size_t)to;
        }
        const size_t count = program->counted >= 0 ? k->places[i + 1] - k->places[i] : 1;
        if (k->table == NULL && count > 0 && cf_root_left(&b) == 0)
            k->run.problem = "its basket ends before";
        if (program->prefix > 0) {
            const uint8_t *flag = cf_root_bytes(&b, program->prefix);
            if (count > 0 && (flag == NULL || *flag == 0))
                k->run.problem = "it has no values where its counter says there are some";
        }
        if (k->run.problem != NULL || !cf_root_run_step(&k->run, program->step, &b, count))
            return steps_fail(r, br, k, i, err);
    }
    k->has_made = true;
    return CF_OK;
}

/* Which of a node's instances belong to the entries of a piece. */
static void made_range(const cf_root_schema *schema, const basket *k, int32_t list,
                       const piece *p, size_t *from, size_t *to) {
    *from = (size_t)p->begin;
    *to = (size_t)p->end;
    if (list < 0) return;
    const cf_root_node *n = &schema->nodes[list];
    if (n->kind == CF_ROOT_NODE_COUNTED) {
        *from = k->places[p->begin];
        *to = k->places[p->end];
        return;
    }
    made_range(schema, k, n->list, p, from, to);
    if (n->kind == CF_ROOT_NODE_FIXED) {
        *from *= n->length;
        *to *= n->length;
    } else if (k->run.made[n->slot].count > 0) {
        const uint32_t *offsets = (const uint32_t *)(const void *)k->run.made[n->slot].values;
        *from = offsets[*from];
        *to = offsets[*to];
    } else {
        *from = *to = 0;
    }
}

static bool made_fits(const cf_root_made *m, size_t from, size_t to, bool list) {
    return from <= to && (from == to || to + (list ? 1 : 0) <= m->count);
}

/* Copies texts behind each other; the views are pointed at them when all are there. */
static cf_status texts_append(node_state *s, const cf_view *views, size_t count, size_t at,
                              size_t *bytes, cf_error *err) {
    size_t more = 0;
    for (size_t i = 0; i < count; i++)
        more += views[i].size;
    CF_TRY(buffer_grow(&s->text, *bytes + more + 1, err));
    char *text = (char *)s->text.data + *bytes;
    cf_view *out = (cf_view *)s->values.data + at;
    for (size_t i = 0; i < count; i++) {
        if (views[i].size > 0) memcpy(text, views[i].data, views[i].size);
        text += views[i].size;
        out[i] = views[i];
    }
    *bytes += more;
    return CF_OK;
}

static void texts_point(node_state *s, size_t count) {
    const char *text = s->text.data;
    cf_view *views = s->values.data;
    for (size_t i = 0; i < count; i++) {
        views[i].data = text;
        text += views[i].size;
    }
}

static cf_status offsets_append(node_state *s, const uint32_t *offsets, size_t count, size_t at,
                                cf_error *err) {
    int32_t *out = (int32_t *)s->values.data + at;
    const uint64_t base = (uint64_t)out[0], start = offsets[0];
    if (base + (offsets[count] - start) > INT32_MAX)
        return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "more than 2147483647 values at once");
    for (size_t i = 1; i <= count; i++)
        out[i] = (int32_t)(base + (offsets[i] - start));
    return CF_OK;
}

static cf_status read_made(cf_root_reader *r, int32_t node, int64_t begin, int64_t end,
                           cf_array *out, cf_error *err) {
    const cf_root_schema *schema = &r->part->schema;
    const cf_root_node *n = &schema->nodes[node];
    const bool list = n->kind == CF_ROOT_NODE_LIST;
    node_state *s = node_state_of(r, node);
    if (s == NULL) return no_memory(err);
    size_t done = 0, bytes = 0;
    CF_TRY(buffer_grow(&s->values, 64, err));
    if (list) *(int32_t *)s->values.data = 0;
    bool text = false;
    for (int64_t at = begin; at < end;) {
        piece p;
        size_t from, to;
        CF_TRY(piece_next(r, n->branch, at, end, &p, err));
        CF_TRY(basket_make(r, n->branch, p.k, err));
        at += p.end - p.begin;
        made_range(schema, p.k, n->list, &p, &from, &to);
        const cf_root_made *m = &p.k->run.made[n->slot];
        if (!made_fits(m, from, to, list))
            return branch_fail(r, n->branch, p.k->first, err, "its lists do not fit together");
        const size_t count = to - from;
        if (count == 0) continue;
        CF_TRY(buffer_grow(&s->values, (done + count + 1) * m->size, err));
        const uint8_t *src = m->values + from * m->size;
        text = m->size == sizeof(cf_view);
        if (list)
            CF_TRY(offsets_append(s, (const uint32_t *)(const void *)src, count, done, err));
        else if (text)
            CF_TRY(
                texts_append(s, (const cf_view *)(const void *)src, count, done, &bytes, err));
        else
            memcpy((uint8_t *)s->values.data + done * m->size, src, count * m->size);
        done += count;
    }
    if (text) texts_point(s, done);
    *out = (cf_array){.count = done, .values = s->values.data};
    return CF_OK;
}

/* --- lists --- */

/* How many values a level has for the entries: the elements of `list`. */
static cf_status level_count(cf_root_reader *r, int32_t list, int64_t begin, int64_t end,
                             uint64_t *count, cf_error *err) {
    *count = (uint64_t)(end - begin);
    if (list < 0) return CF_OK;
    const cf_root_node *n = &r->part->schema.nodes[list];
    if (n->kind == CF_ROOT_NODE_COUNTED) {
        const int32_t *offsets = NULL;
        CF_TRY(counted_offsets(r, list, begin, end, &offsets, err));
        *count = (uint64_t)offsets[*count];
        return CF_OK;
    }
    if (n->kind == CF_ROOT_NODE_FIXED) {
        CF_TRY(level_count(r, n->list, begin, end, count, err));
        *count *= n->length;
        return CF_OK;
    }
    *count = 0;
    for (int64_t at = begin; at < end;) {
        piece p;
        size_t from, to;
        CF_TRY(piece_next(r, n->branch, at, end, &p, err));
        CF_TRY(basket_make(r, n->branch, p.k, err));
        made_range(&r->part->schema, p.k, list, &p, &from, &to);
        *count += to - from;
        at += p.end - p.begin;
    }
    return CF_OK;
}

static cf_status read_fixed(cf_root_reader *r, int32_t node, int64_t begin, int64_t end,
                            cf_array *out, cf_error *err) {
    const cf_root_node *n = &r->part->schema.nodes[node];
    node_state *s = node_state_of(r, node);
    if (s == NULL) return no_memory(err);
    uint64_t count = 0;
    CF_TRY(level_count(r, n->list, begin, end, &count, err));
    if (count > INT32_MAX || count * n->length > INT32_MAX)
        return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "more than 2147483647 values at once");
    CF_TRY(buffer_need(&s->values, (count + 1) * sizeof(int32_t), err));
    int32_t *offsets = s->values.data;
    for (size_t i = 0; i <= count; i++)
        offsets[i] = (int32_t)(i * n->length);
    *out = (cf_array){.count = count, .values = offsets};
    return CF_OK;
}

static cf_status read_counted(cf_root_reader *r, int32_t node, int64_t begin, int64_t end,
                              cf_array *out, cf_error *err) {
    const int32_t *offsets = NULL;
    CF_TRY(counted_offsets(r, node, begin, end, &offsets, err));
    node_state *s = node_state_of(r, node);
    const size_t count = (size_t)(end - begin);
    CF_TRY(buffer_need(&s->values, (count + 1) * sizeof(int32_t), err));
    memcpy(s->values.data, offsets, (count + 1) * sizeof(int32_t));
    *out = (cf_array){.count = count, .values = s->values.data};
    return CF_OK;
}

cf_status cf_root_reader_read(cf_root_reader *r, int32_t node, int64_t begin, int64_t end,
                              cf_array *out, cf_error *err) {
    CF_ASSERT(node >= 0 && node < r->part->schema.node_count && begin <= end);
    const cf_root_node *n = &r->part->schema.nodes[node];
    *out = (cf_array){0};
    switch (n->kind) {
    case CF_ROOT_NODE_VALUE: return read_values(r, node, begin, end, out, err);
    case CF_ROOT_NODE_FIXED: return read_fixed(r, node, begin, end, out, err);
    case CF_ROOT_NODE_COUNTED: return read_counted(r, node, begin, end, out, err);
    case CF_ROOT_NODE_LIST:
    case CF_ROOT_NODE_MADE: return read_made(r, node, begin, end, out, err);
    case CF_ROOT_NODE_TUPLE: {
        uint64_t count = 0;
        CF_TRY(level_count(r, n->list, begin, end, &count, err));
        out->count = count;
        return CF_OK;
    }
    case CF_ROOT_NODE_UNREADABLE: break;
    }
    return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE, "a column of %s cannot be read: %s",
                   r->part->file.path, n->why);
}
