#include "io/csv.h"

/* CSV as a source.  Opening reads all of it once, block by block: a block ends where a record
 * does, becomes a partition, and its fields tell the kinds of the columns.  A cursor reads its
 * block again and makes arrays of the columns it was asked for; texts point into the block. */

#include "io/csv_record.h"
#include "io/scalar_text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES     ((size_t)8 << 20)
#define BLOCK_BYTES_MAX ((size_t)1 << 30) /* no record is longer */
#define COLUMNS_MAX     100000

typedef struct {
    uint64_t offset;
    size_t size;
    int64_t line; /* of its first byte, from 1 */
} block;

typedef struct {
    cf_source base;
    cf_storage **storages; /* one a file */
    block *blocks;         /* one a partition */
    cf_kind *kinds;        /* one a column */
    uint32_t columns;
    char separator;
} csv_source;

/* ---- errors ---- */

static int64_t count_lines(const char *data, size_t size) {
    int64_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    return lines;
}

/* The place of `at` in a block: its line. */
typedef struct {
    const char *path;
    const char *data;
    int64_t line;
} place;

static long long line_at(const place *p, const char *at) {
    return (long long)(p->line + count_lines(p->data, (size_t)(at - p->data)));
}

static cf_status no_memory(cf_error *err, const char *path) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to read %s", path);
}

static cf_status record_error(const place *p, const char *at, cf_csv_outcome outcome,
                              cf_error *err) {
    const cf_status status =
        cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                outcome == CF_CSV_OPEN_QUOTE
                    ? "%s, line %lld: a quote is opened here and never closed"
                    : "%s, line %lld: there is text between a closing quote and "
                      "the next separator",
                p->path, line_at(p, at));
    if (outcome != CF_CSV_OPEN_QUOTE)
        cf_error_hint(err, "a quote inside a quoted field is written twice: \"\"");
    return status;
}

/* ---- records of a known number of fields ---- */

/* The next record that is not a blank line (in a file of one column a blank line is a null). */
static cf_csv_outcome next_row(cf_csv_scan *s, cf_csv_field *fields, uint32_t columns,
                               const char **begin, size_t *count) {
    for (;;) {
        *begin = s->at;
        const cf_csv_outcome outcome = cf_csv_next(s, fields, columns, count);
        if (outcome != CF_CSV_RECORD || *count != 1 || columns == 1) return outcome;
        if (columns > 1 && (fields[0].size > 0 || fields[0].quoted)) return outcome;
    }
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Without the blanks around it. */
static cf_str trimmed(const cf_csv_field *f) {
    cf_str s = {f->data, f->size};
    while (s.size > 0 && is_blank(s.data[0])) {
        s.data++;
        s.size--;
    }
    while (s.size > 0 && is_blank(s.data[s.size - 1]))
        s.size--;
    return s;
}

/* ---- learning the columns ---- */

typedef struct {
    unsigned seen; /* a bit for each kind; UINT64, DECIMAL: integers too large for the others */
    bool negative; /* an integer below 0 */
    bool nulls;    /* a field without anything */
    bool blanks;   /* a field of nothing but blanks: null unless the column is text */
} column_facts;

typedef struct {
    csv_source *m;
    cf_error *err;
    const cf_open_options *options;
    char *data; /* a block, and '\n' behind it */
    size_t capacity;
    cf_csv_field *fields;
    column_facts *facts;
    const char **names; /* as in the header */
    size_t block_count, block_capacity;
    cf_partition *partitions;
    uint32_t file; /* the one being read */
    bool header;   /* files begin with one */
} learner;

static unsigned bit(cf_kind kind) {
    return 1u << kind;
}

static bool all_digits(cf_str s) {
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] < '0' || s.data[i] > '9') return false;
    return s.size > 0;
}

static bool text_to_uint64(cf_str s, uint64_t *x) {
    if (!all_digits(s)) return false;
    *x = 0;
    for (size_t i = 0; i < s.size; i++)
        if (__builtin_mul_overflow(*x, 10u, x) ||
            __builtin_add_overflow(*x, (uint64_t)(s.data[i] - '0'), x))
            return false;
    return true;
}

/* An integer that is none of 64 bits looks like a float, which would lose digits. */
static cf_kind large_integer(cf_str s) {
    uint64_t x;
    const cf_str digits = s.data[0] == '-' ? (cf_str){s.data + 1, s.size - 1} : s;
    if (digits.size < 19 || !all_digits(digits)) return CF_FLOAT64;
    if (digits.size == s.size && text_to_uint64(s, &x))
        return x > INT64_MAX ? CF_UINT64 : CF_INT64;
    int64_t y;
    return cf_text_to_int(s.data, s.size, &y) ? CF_INT64 : CF_DECIMAL;
}

static void learn_field(column_facts *c, const cf_csv_field *f) {
    if (f->size == 0 && !f->quoted) {
        c->nulls = true;
        return;
    }
    if (c->seen & bit(CF_TEXT)) return;
    const cf_str s = trimmed(f);
    if (s.size == 0 && !f->quoted) {
        c->blanks = true;
        return;
    }
    const bool likely_float = (c->seen & bit(CF_FLOAT64)) != 0;
    cf_kind kind = f->doubled || s.size == 0
                       ? CF_TEXT
                       : cf_text_kind(s.data, s.size, likely_float ? CF_FLOAT64 : CF_INT64);
    if (kind == CF_FLOAT64) kind = large_integer(s);
    c->seen |= bit(kind);
    c->negative |= s.size > 0 && s.data[0] == '-';
}

static cf_kind kind_of(const column_facts *c) {
    const unsigned integers = bit(CF_INT64) | bit(CF_UINT64) | bit(CF_DECIMAL);
    const unsigned numbers = integers | bit(CF_FLOAT64);
    const unsigned moments = bit(CF_DATE) | bit(CF_TIMESTAMP);
    if (c->seen == bit(CF_INT64)) return CF_INT64;
    if (c->seen != 0 && (c->seen & ~integers) == 0) /* identifiers: every digit counts */
        return (c->seen & bit(CF_DECIMAL)) == 0 && !c->negative ? CF_UINT64 : CF_TEXT;
    if (c->seen == bit(CF_DATE)) return CF_DATE;
    if (c->seen == bit(CF_BOOL)) return CF_BOOL;
    if (c->seen != 0 && (c->seen & ~numbers) == 0) return CF_FLOAT64;
    if (c->seen != 0 && (c->seen & ~moments) == 0) return CF_TIMESTAMP;
    return CF_TEXT;
}

/* ---- reading blocks ---- */

static const char *path_of(const learner *l) {
    return cf_storage_path(l->m->storages[l->file]);
}

static cf_status read_block(learner *l, uint64_t offset, size_t size) {
    if (size + 1 > l->capacity) {
        char *data = realloc(l->data, size + 1);
        if (data == NULL) return no_memory(l->err, path_of(l));
        l->data = data;
        l->capacity = size + 1;
    }
    CF_TRY(cf_storage_read(l->m->storages[l->file], offset, size, l->data, NULL, l->err));
    l->data[size] = '\n';
    return CF_OK;
}

static bool is_ascii(const char *data, size_t size) {
    unsigned char bits = 0;
    for (size_t i = 0; i < size; i++)
        bits |= (unsigned char)data[i];
    return bits < 0x80;
}

/* Bytes at the start that are text: UTF-8 without zero bytes. */
static size_t text_bytes(const char *data, size_t size) {
    const char *zero = memchr(data, '\0', size);
    if (zero != NULL) size = (size_t)(zero - data);
    if (is_ascii(data, size)) return size;
    uint32_t x;
    for (size_t at = 0; at < size;) {
        const size_t used = cf_utf8_next(data + at, size - at, &x);
        if (used == 1 && (unsigned char)data[at] >= 0x80) return at;
        at += used;
    }
    return size;
}

static cf_status check_text(const learner *l, size_t size, int64_t line, bool last) {
    const size_t good = text_bytes(l->data, size);
    if (good == size || (!last && size - good < 4 && l->data[good] != '\0')) return CF_OK;
    const long long at = (long long)(line + count_lines(l->data, good));
    if (l->data[good] == '\0')
        return cf_fail(l->err, CF_E_FORMAT, CF_NOWHERE,
                       "%s, line %lld: there is a zero byte, so this is not CSV in UTF-8",
                       path_of(l), at);
    const cf_status status = cf_fail(l->err, CF_E_FORMAT, CF_NOWHERE,
                                     "%s, line %lld: the text is not UTF-8", path_of(l), at);
    cf_error_hint(l->err, "if it is Latin-1: iconv -f latin1 -t utf-8 < old.csv > new.csv");
    return status;
}

/* ---- the header ---- */

static bool all_texts(const cf_csv_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const cf_str s = trimmed(&fields[i]);
        if (s.size > 0 && !fields[i].quoted &&
            cf_text_kind(s.data, s.size, CF_INT64) != CF_TEXT)
            return false;
    }
    return true;
}

static const char *header_name(cf_arena *arena, cf_csv_field *f, size_t position) {
    cf_csv_unescape(f);
    const cf_str s = trimmed(f);
    return s.size > 0 ? cf_str_dup(arena, s)
                      : cf_arena_printf(arena, "column%zu", position + 1);
}

static cf_status first_record(learner *l, size_t count, bool header) {
    csv_source *m = l->m;
    cf_arena *arena = m->base.arena;
    if (count > COLUMNS_MAX)
        return cf_fail(l->err, CF_E_LIMIT, CF_NOWHERE, "%s: more than %d columns", path_of(l),
                       COLUMNS_MAX);
    m->columns = (uint32_t)count;
    l->facts = CF_NEWS(arena, column_facts, count);
    l->names = CF_NEWS(arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        l->names[i] = header ? header_name(arena, &l->fields[i], i)
                             : cf_arena_printf(arena, "column%zu", i + 1);
    return CF_OK;
}

/* The first record of a file after the first. */
static cf_status same_header(const learner *l, size_t count) {
    const char *path = path_of(l), *first = cf_storage_path(l->m->storages[0]);
    if (count != l->m->columns)
        return cf_fail(l->err, CF_E_MISMATCH, CF_NOWHERE, "%s has %zu columns, but %s has %u",
                       path, count, first, l->m->columns);
    for (size_t i = 0; i < count; i++) {
        const char *name = header_name(l->m->base.arena, &l->fields[i], i);
        if (strcmp(name, l->names[i]) != 0)
            return cf_fail(l->err, CF_E_MISMATCH, CF_NOWHERE,
                           "column %zu of %s is `%s`, but that of %s is `%s`", i + 1, path,
                           name, first, l->names[i]);
    }
    return CF_OK;
}

static bool skip_blank_lines(cf_csv_scan *s) {
    while (s->at < s->end && (*s->at == '\n' || *s->at == '\r'))
        s->at++;
    return s->at < s->end;
}

/* Reads the first record twice: to count its fields, then to keep them. */
static cf_status take_first_record(learner *l, cf_csv_scan *s, cf_csv_outcome *outcome) {
    const place p = {path_of(l), l->data, 1};
    const char *begin = s->at;
    size_t count;
    *outcome = cf_csv_next(s, NULL, 0, &count);
    if (*outcome == CF_CSV_CUT) return CF_OK;
    if (*outcome != CF_CSV_RECORD) return record_error(&p, s->at, *outcome, l->err);
    s->at = begin;
    cf_csv_field *fields = realloc(l->fields, count * sizeof *fields);
    if (fields == NULL) return no_memory(l->err, p.path);
    l->fields = fields;
    (void)cf_csv_next(s, fields, count, &count);
    if (l->file == 0) l->header = !l->options->no_header && all_texts(fields, count);
    if (!l->header) s->at = begin; /* it is data */
    if (l->file == 0) return first_record(l, count, l->header);
    return l->header ? same_header(l, count) : CF_OK;
}

/* What comes before the first row of a file: a byte order mark, blank lines, the header. */
static cf_status start_of_file(learner *l, size_t size, bool last, size_t *used,
                               cf_csv_outcome *outcome) {
    const char *path = path_of(l);
    if (size >= 2 &&
        (memcmp(l->data, "\xFF\xFE", 2) == 0 || memcmp(l->data, "\xFE\xFF", 2) == 0))
        return cf_fail(l->err, CF_E_UNSUPPORTED, CF_NOWHERE, "%s is UTF-16 text, not UTF-8",
                       path);
    const size_t mark = size >= 3 && memcmp(l->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    csv_source *m = l->m;
    if (l->file == 0 && m->separator == '\0') {
        const size_t length = strlen(path);
        const bool tsv = length > 4 && strcmp(path + length - 4, ".tsv") == 0;
        m->separator =
            cf_csv_guess_separator(l->data + mark, size - mark, last, tsv ? '\t' : ',');
    }
    cf_csv_scan s;
    cf_csv_scan_init(&s, l->data + mark, size - mark, last, m->separator);
    if (!skip_blank_lines(&s))
        return cf_fail(l->err, CF_E_FORMAT, CF_NOWHERE, "%s has no text in it", path);
    CF_TRY(take_first_record(l, &s, outcome));
    *used = (size_t)(s.at - l->data);
    return CF_OK;
}

/* ---- the rows ---- */

static cf_status add_block(learner *l, const block *b, int64_t rows) {
    csv_source *m = l->m;
    if (l->block_count == l->block_capacity) {
        const size_t capacity = l->block_capacity == 0 ? 16 : 2 * l->block_capacity;
        block *blocks = realloc(m->blocks, capacity * sizeof *blocks);
        if (blocks != NULL) m->blocks = blocks;
        cf_partition *partitions = realloc(l->partitions, capacity * sizeof *partitions);
        if (partitions != NULL) l->partitions = partitions;
        if (blocks == NULL || partitions == NULL) return no_memory(l->err, path_of(l));
        l->block_capacity = capacity;
    }
    m->blocks[l->block_count] = *b;
    l->partitions[l->block_count++] = (cf_partition){
        .rows = rows, .bytes = (int64_t)b->size, .file = l->file, .first_row = m->base.rows};
    m->base.rows += rows;
    return CF_OK;
}

static cf_status ragged(const learner *l, const place *p, const char *at, size_t count) {
    return cf_fail(l->err, CF_E_FORMAT, CF_NOWHERE,
                   "%s, line %lld: %zu field%s, but the first line "
                   "has %u",
                   p->path, line_at(p, at), count, count == 1 ? "" : "s", l->m->columns);
}

/* Learns the whole records of a buffer: *used bytes, *rows records. */
static cf_status learn_rows(learner *l, size_t begin, size_t size, bool last, int64_t line,
                            size_t *used, int64_t *rows) {
    const place p = {path_of(l), l->data, line};
    cf_csv_scan s;
    cf_csv_scan_init(&s, l->data + begin, size - begin, last, l->m->separator);
    *rows = 0;
    for (;;) {
        const char *at;
        size_t count;
        const cf_csv_outcome outcome = next_row(&s, l->fields, l->m->columns, &at, &count);
        *used = (size_t)(s.at - l->data);
        if (outcome == CF_CSV_END || outcome == CF_CSV_CUT) return CF_OK;
        if (outcome != CF_CSV_RECORD) return record_error(&p, s.at, outcome, l->err);
        if (count != l->m->columns) return ragged(l, &p, at, count);
        for (size_t i = 0; i < count; i++)
            learn_field(&l->facts[i], &l->fields[i]);
        ++*rows;
    }
}

/* One block from `offset`; *size: bytes to try, then the bytes of whole records (0: too few).
 */
static cf_status learn_block(learner *l, uint64_t offset, int64_t line, size_t *size) {
    const uint64_t left = cf_storage_size(l->m->storages[l->file]) - offset;
    const bool last = left <= *size;
    if (last) *size = (size_t)left;
    CF_TRY(read_block(l, offset, *size));
    CF_TRY(check_text(l, *size, line, last));
    size_t begin = 0, used = 0;
    cf_csv_outcome outcome = CF_CSV_RECORD;
    if (offset == 0) CF_TRY(start_of_file(l, *size, last, &begin, &outcome));
    int64_t rows = 0;
    if (outcome == CF_CSV_RECORD) CF_TRY(learn_rows(l, begin, *size, last, line, &used, &rows));
    const block b = {offset + begin, used - begin, line + count_lines(l->data, begin)};
    *size = used;
    return rows == 0 ? CF_OK : add_block(l, &b, rows);
}

static cf_status learn_file(learner *l) {
    const uint64_t end = cf_storage_size(l->m->storages[l->file]);
    uint64_t offset = 0;
    int64_t line = 1;
    size_t wanted = BLOCK_BYTES;
    if (end == 0) return cf_fail(l->err, CF_E_FORMAT, CF_NOWHERE, "%s is empty", path_of(l));
    while (offset < end) {
        size_t size = wanted;
        CF_TRY(learn_block(l, offset, line, &size));
        if (size == 0) { /* not one whole record */
            if (wanted >= BLOCK_BYTES_MAX)
                return cf_fail(l->err, CF_E_LIMIT, CF_NOWHERE,
                               "%s, line %lld: a record is longer than %zu bytes: is a quote "
                               "never closed?",
                               path_of(l), (long long)line, BLOCK_BYTES_MAX);
            wanted *= 2;
            continue;
        }
        line += count_lines(l->data, size);
        offset += size;
        wanted = BLOCK_BYTES;
    }
    return CF_OK;
}

/* ---- the schema ---- */

/* Names in use: open addressing, a power of two of places. */
typedef struct {
    const char **places;
    size_t mask;
} name_set;

/* False: it was there. */
static bool name_set_add(name_set *set, const char *name) {
    size_t at = (size_t)cf_hash_bytes(name, strlen(name), 0) & set->mask;
    for (; set->places[at] != NULL; at = (at + 1) & set->mask)
        if (strcmp(set->places[at], name) == 0) return false;
    set->places[at] = name;
    return true;
}

/* Names of the header; one that was there before gets its column's number behind it. */
static cf_status name_fields(const learner *l, cf_field *fields) {
    const uint32_t n = l->m->columns;
    name_set set = {NULL, 15};
    while (set.mask < 4 * (size_t)n)
        set.mask = set.mask * 2 + 1;
    set.places = calloc(set.mask + 1, sizeof *set.places);
    if (set.places == NULL) return no_memory(l->err, path_of(l));
    for (uint32_t i = 0; i < n; i++) {
        fields[i].name = fields[i].file_name = l->names[i];
        fields[i].node = name_set_add(&set, l->names[i]) ? 0 : -1;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (fields[i].node == 0) continue;
        do
            fields[i].name = cf_arena_printf(l->m->base.arena, "%s_%u", fields[i].name, i + 1);
        while (!name_set_add(&set, fields[i].name));
    }
    free(set.places);
    return CF_OK;
}

static cf_status make_schema(learner *l) {
    csv_source *m = l->m;
    cf_arena *arena = m->base.arena;
    cf_field *fields = CF_NEWS(arena, cf_field, m->columns);
    m->kinds = CF_NEWS(arena, cf_kind, m->columns);
    CF_TRY(name_fields(l, fields));
    for (uint32_t i = 0; i < m->columns; i++) {
        m->kinds[i] = kind_of(&l->facts[i]);
        fields[i].type = cf_type_of_kind(m->kinds[i]);
        fields[i].nullable =
            l->facts[i].nulls || (l->facts[i].blanks && m->kinds[i] != CF_TEXT);
        fields[i].node = (int32_t)i;
    }
    m->base.schema = cf_type_tuple(arena, fields, m->columns);
    m->base.node_count = (int32_t)m->columns;
    return CF_OK;
}

static void name_files(csv_source *m) {
    cf_arena *arena = m->base.arena;
    const uint32_t count = m->base.file_count;
    const char **files = CF_NEWS(arena, const char *, count);
    for (uint32_t i = 0; i < count; i++) {
        const char *path = cf_storage_path(m->storages[i]);
        char *full = realpath(path, NULL);
        files[i] = cf_str_dup(arena, cf_str_of(full != NULL ? full : path));
        free(full);
    }
    const char *first = cf_storage_path(m->storages[0]);
    m->base.files = files;
    m->base.where = count == 1 ? cf_str_dup(arena, cf_str_of(first))
                               : cf_arena_printf(arena, "%s and %u more", first, count - 1);
}

static cf_status learn(csv_source *m, const cf_open_options *options, cf_error *err) {
    learner l = {.m = m, .err = err, .options = options};
    cf_status status = CF_OK;
    for (l.file = 0; l.file < m->base.file_count && status == CF_OK; l.file++)
        status = learn_file(&l);
    l.file = 0;
    if (status == CF_OK) status = make_schema(&l);
    cf_partition *partitions = CF_NEWS(m->base.arena, cf_partition, l.block_count);
    if (l.block_count > 0) memcpy(partitions, l.partitions, l.block_count * sizeof *partitions);
    m->base.partitions = partitions;
    m->base.partition_count = (uint32_t)l.block_count;
    free(l.partitions);
    free(l.fields);
    free(l.data);
    return status;
}

/* ---- cursors ---- */

typedef struct {
    void *values;   /* NULL: not asked for */
    uint8_t *valid; /* NULL: no nulls in the column */
} array;

typedef struct {
    cf_cursor base;
    array *arrays;   /* one a column */
    uint8_t *wanted; /* [columns] */
    cf_csv_field *fields;
    char *data; /* the block; NULL: not read yet */
    cf_io_stats stats;
} csv_cursor;

static void csv_cursor_close(cf_cursor *cursor, cf_io_stats *add) {
    csv_cursor *c = (csv_cursor *)cursor;
    const csv_source *m = (const csv_source *)cursor->source;
    if (add != NULL) {
        add->bytes_requested += c->stats.bytes_requested;
        add->bytes_read += c->stats.bytes_read;
        add->bytes_unpacked += c->stats.bytes_unpacked;
    }
    for (uint32_t i = 0; c->arrays != NULL && i < m->columns; i++) {
        free(c->arrays[i].values);
        free(c->arrays[i].valid);
    }
    free(c->arrays);
    free(c->wanted);
    free(c->fields);
    free(c->data);
    free(c);
}

static cf_status csv_cursor_open(cf_source *source, uint32_t partition, const int32_t *nodes,
                                 size_t node_count, cf_cursor **cursor, cf_error *err) {
    const csv_source *m = (const csv_source *)source;
    (void)partition;
    csv_cursor *c = calloc(1, sizeof *c);
    if (c == NULL) return no_memory(err, source->where);
    c->base.source = source;
    c->arrays = calloc(m->columns, sizeof *c->arrays);
    c->wanted = calloc(m->columns, 1);
    c->fields = calloc(m->columns, sizeof *c->fields);
    if (c->arrays == NULL || c->wanted == NULL || c->fields == NULL) {
        csv_cursor_close(&c->base, NULL);
        return no_memory(err, source->where);
    }
    for (size_t i = 0; i < node_count; i++)
        c->wanted[nodes[i]] = 1;
    *cursor = &c->base;
    return CF_OK;
}

/* A field as the column's kind; false: it is none. *null: it is a null. */
static bool put_field(cf_kind kind, cf_csv_field *f, void *values, int64_t row, bool *null) {
    *null = f->size == 0 && !f->quoted;
    if (*null) return true;
    if (kind == CF_TEXT) {
        cf_csv_unescape(f);
        ((cf_view *)values)[row] = (cf_view){f->data, f->size};
        return true;
    }
    const cf_str s = trimmed(f);
    *null = s.size == 0 && !f->quoted;
    if (*null) return true;
    int64_t *x = (int64_t *)values + row;
    bool truth = false;
    switch (kind) {
    case CF_INT64: return cf_text_to_int(s.data, s.size, x);
    case CF_UINT64: return text_to_uint64(s, (uint64_t *)values + row);
    case CF_FLOAT64: return cf_text_to_float(s.data, s.size, (double *)values + row);
    case CF_DATE: return cf_text_to_date(s.data, s.size, x);
    case CF_BOOL:
        if (!cf_text_to_bool(s.data, s.size, &truth)) return false;
        ((uint8_t *)values)[row] = truth;
        return true;
    default:
        if (cf_text_to_timestamp(s.data, s.size, x)) return true;
        if (!cf_text_to_date(s.data, s.size, x)) return false;
        *x *= INT64_C(86400000000);
        return true;
    }
}

static cf_status changed(const place *p, const char *at, cf_error *err) {
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                   "%s, line %lld: the file changed after it was opened", p->path,
                   line_at(p, at));
}

static bool put_row(csv_cursor *c, const csv_source *m, int64_t row) {
    for (uint32_t i = 0; i < m->columns; i++) {
        bool null;
        const array *a = &c->arrays[i];
        if (a->values == NULL) continue;
        if (!put_field(m->kinds[i], &c->fields[i], a->values, row, &null)) return false;
        if (null && a->valid == NULL) return false;
        if (a->valid != NULL) a->valid[row] = !null;
    }
    return true;
}

static cf_status parse_block(csv_cursor *c, const csv_source *m, size_t size, const place *p,
                             cf_error *err) {
    const int64_t rows = m->base.partitions[c->base.partition].rows;
    cf_csv_scan s;
    cf_csv_scan_init(&s, c->data, size, true, m->separator);
    for (int64_t row = 0; row < rows; row++) {
        const char *at;
        size_t count;
        const cf_csv_outcome outcome = next_row(&s, c->fields, m->columns, &at, &count);
        if (outcome != CF_CSV_RECORD || count != m->columns || !put_row(c, m, row))
            return changed(p, at, err);
    }
    return CF_OK;
}

static bool make_arrays(csv_cursor *c, const csv_source *m, size_t rows) {
    for (uint32_t i = 0; i < m->columns; i++) {
        if (!c->wanted[i]) continue;
        array *a = &c->arrays[i];
        a->values = calloc(rows + 1, cf_kind_size(m->kinds[i]));
        if (m->base.schema->fields[i].nullable) a->valid = malloc(rows + 1);
        if (a->values == NULL || (a->valid == NULL && m->base.schema->fields[i].nullable))
            return false;
    }
    return true;
}

static cf_status load_block(csv_cursor *c, cf_error *err) {
    const csv_source *m = (const csv_source *)c->base.source;
    const cf_partition *partition = &m->base.partitions[c->base.partition];
    const block *b = &m->blocks[c->base.partition];
    const cf_storage *storage = m->storages[partition->file];
    char *data = malloc(b->size + 1);
    if (data == NULL || !make_arrays(c, m, (size_t)partition->rows)) {
        free(data);
        return no_memory(err, cf_storage_path(storage));
    }
    c->data = data;
    CF_TRY(cf_storage_read(storage, b->offset, b->size, data, &c->stats, err));
    c->stats.bytes_unpacked += (int64_t)b->size;
    data[b->size] = '\n';
    const place p = {cf_storage_path(storage), data, b->line};
    return parse_block(c, m, b->size, &p, err);
}

static cf_status csv_cursor_read(cf_cursor *cursor, int32_t node, int64_t begin, int64_t end,
                                 cf_array *out, cf_error *err) {
    csv_cursor *c = (csv_cursor *)cursor;
    const csv_source *m = (const csv_source *)cursor->source;
    CF_ASSERT(c->wanted[node]);
    if (c->data == NULL) CF_TRY(load_block(c, err));
    const array *a = &c->arrays[node];
    const size_t skipped = (size_t)begin * cf_kind_size(m->kinds[node]);
    out->count = (size_t)(end - begin);
    out->values = (const char *)a->values + skipped;
    out->valid = a->valid == NULL ? NULL : a->valid + begin;
    return CF_OK;
}

/* ---- opening and closing ---- */

static void csv_close(cf_source *source) {
    csv_source *m = (csv_source *)source;
    for (uint32_t i = 0; m->storages != NULL && i < source->file_count; i++)
        cf_storage_close(m->storages[i]);
    free(m->storages);
    free(m->blocks);
    cf_arena_free(source->arena);
    free(m);
}

static const cf_source_class csv_class = {
    .close = csv_close,
    .cursor_open = csv_cursor_open,
    .cursor_read = csv_cursor_read,
    .cursor_close = csv_cursor_close,
};

/* Without storages yet. */
static csv_source *source_new(uint32_t file_count) {
    csv_source *m = calloc(1, sizeof *m);
    if (m == NULL) return NULL;
    m->base.class = &csv_class;
    atomic_init(&m->base.refs, 1);
    m->base.format = "csv";
    m->base.file_count = file_count;
    m->base.arena = cf_arena_new(4096);
    m->storages = calloc(file_count, sizeof(cf_storage *));
    if (m->base.arena != NULL && m->storages != NULL) return m;
    cf_arena_free(m->base.arena);
    free(m->storages);
    free(m);
    return NULL;
}

static cf_status finish_open(csv_source *m, const cf_open_options *options, cf_source **source,
                             cf_error *err) {
    const cf_open_options none = {0};
    if (options == NULL) options = &none;
    m->separator = options->separator;
    name_files(m);
    const cf_status status = learn(m, options, err);
    if (status == CF_OK)
        *source = &m->base;
    else
        csv_close(&m->base);
    return status;
}

cf_status cf_csv_open_storages(cf_storage **storages, uint32_t count,
                               const cf_open_options *options, cf_source **source,
                               cf_error *err) {
    csv_source *m = source_new(count);
    if (m == NULL) {
        const cf_status status = no_memory(err, cf_storage_path(storages[0]));
        for (uint32_t i = 0; i < count; i++)
            cf_storage_close(storages[i]);
        return status;
    }
    memcpy(m->storages, storages, count * sizeof(cf_storage *));
    return finish_open(m, options, source, err);
}

cf_status cf_csv_open(const char *const *paths, uint32_t count, const cf_open_options *options,
                      cf_source **source, cf_error *err) {
    csv_source *m = source_new(count);
    if (m == NULL) return no_memory(err, paths[0]);
    for (uint32_t i = 0; i < count; i++) {
        const cf_status status = cf_storage_open(paths[i], &m->storages[i], err);
        if (status == CF_OK) continue;
        csv_close(&m->base);
        return status;
    }
    return finish_open(m, options, source, err);
}

/* ---- writing ---- */

void cf_csv_add_header(cf_text *out, const cf_type *schema, char separator) {
    for (uint32_t i = 0; i < schema->field_count; i++) {
        const char *name = schema->fields[i].name;
        if (i > 0) cf_text_addc(out, separator);
        cf_text_add_csv(out, name, strlen(name), separator);
    }
    cf_text_addc(out, '\n');
}

void cf_csv_add_row(cf_text *out, const cf_table *rows, int64_t row, char separator) {
    for (uint32_t i = 0; i < rows->child_count; i++) {
        if (i > 0) cf_text_addc(out, separator);
        cf_value_add_csv(out, rows->children[i], row, separator);
    }
    cf_text_addc(out, '\n');
}
