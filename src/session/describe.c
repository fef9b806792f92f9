#include "session/describe.h"

/* `cutflow describe FILE`: every basic member of every column, counted and summed straight from
 * the reader.  Nothing of the language takes part, so that it can judge a reader alone.
 *
 * Sums of integers and decimals are exact; of floats compensated (Neumaier).  NaN is counted,
 * and left out of sum, min and max.  A member that cannot be read to its end has its error in
 * its place; the others are still told. */

#include "io/rows.h"
#include "io/scalar_text.h"
#include "session/render.h"

#include "cutflow/session.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_ROWS 16384

typedef struct {
    cf_member member;
    const char *name; /* the member's, made unique in the table */
    int64_t values, nulls, nans;
    cf_int128 exact;  /* sum of integers */
    bool exact_lost;  /* it went over 128 bits */
    double sum, lost; /* of floats: and what rounding took from it */
    double min, max;  /* of floats */
    cf_int128 int_min, int_max;
    bool any;                  /* min and max are set */
    char *text_min, *text_max; /* malloc'd; with sizes, for they may hold zero bytes */
    size_t text_min_size, text_max_size;
    cf_text first, last; /* JSON: `1, 2` and `3` */
    char *error;         /* in the arena; NULL: all was read */
} facts;

typedef struct {
    cf_arena *arena;
    cf_text out;
    bool json;
    const char *path;
    const _Atomic bool *cancel;
    unsigned tables;
} description;

/* ---- counting ---- */

static void count_int(facts *f, cf_int128 x) {
    f->exact_lost |= __builtin_add_overflow(f->exact, x, &f->exact);
    if (!f->any || x < f->int_min) f->int_min = x;
    if (!f->any || x > f->int_max) f->int_max = x;
    f->any = true;
}

static void count_float(facts *f, double x) {
    if (isnan(x)) {
        f->nans++;
        return;
    }
    const double sum = f->sum + x;
    if (isfinite(sum))
        f->lost += fabs(f->sum) >= fabs(x) ? (f->sum - sum) + x : (x - sum) + f->sum;
    f->sum = sum;
    if (!f->any || x < f->min) f->min = x;
    if (!f->any || x > f->max) f->max = x;
    f->any = true;
}

static bool keep_text(char **to, size_t *size, cf_view text) {
    char *copy = realloc(*to, text.size + 1);
    if (copy == NULL) return false;
    if (text.size > 0) memcpy(copy, text.data, text.size);
    *to = copy;
    *size = text.size;
    return true;
}

static bool count_text(facts *f, cf_view text) {
    const cf_str s = {text.data, text.size};
    const bool lower =
        !f->any || cf_str_compare(s, (cf_str){f->text_min, f->text_min_size}) < 0;
    const bool upper =
        !f->any || cf_str_compare(s, (cf_str){f->text_max, f->text_max_size}) > 0;
    f->any = true;
    return (!lower || keep_text(&f->text_min, &f->text_min_size, text)) &&
           (!upper || keep_text(&f->text_max, &f->text_max_size, text));
}

#define COUNT_INTS(kind, type)                              \
    case kind:                                              \
        for (size_t i = 0; i < a->count; i++)               \
            if (a->valid == NULL || a->valid[i] != 0)       \
                count_int(f, ((const type *)a->values)[i]); \
        return true;
#define COUNT_FLOATS(kind, type)                                      \
    case kind:                                                        \
        for (size_t i = 0; i < a->count; i++)                         \
            if (a->valid == NULL || a->valid[i] != 0)                 \
                count_float(f, (double)((const type *)a->values)[i]); \
        return true;

static bool count_values(facts *f, cf_kind kind, const cf_array *a) {
    switch (kind) {
        COUNT_INTS(CF_BOOL, uint8_t)
        COUNT_INTS(CF_INT8, int8_t)
        COUNT_INTS(CF_INT16, int16_t)
        COUNT_INTS(CF_INT32, int32_t)
        COUNT_INTS(CF_INT64, int64_t)
        COUNT_INTS(CF_UINT8, uint8_t)
        COUNT_INTS(CF_UINT16, uint16_t)
        COUNT_INTS(CF_UINT32, uint32_t)
        COUNT_INTS(CF_UINT64, uint64_t)
        COUNT_INTS(CF_DATE, int64_t)
        COUNT_INTS(CF_TIME, int64_t)
        COUNT_INTS(CF_TIMESTAMP, int64_t)
        COUNT_INTS(CF_DURATION, int64_t)
        COUNT_INTS(CF_DECIMAL, cf_int128)
        COUNT_FLOATS(CF_FLOAT32, float)
        COUNT_FLOATS(CF_FLOAT64, double)
    case CF_TEXT:
        for (size_t i = 0; i < a->count; i++)
            if ((a->valid == NULL || a->valid[i] != 0) &&
                !count_text(f, ((const cf_view *)a->values)[i]))
                return false;
        return true;
    default: return true;
    }
}

static cf_status count_array(facts *f, const cf_array *a, cf_error *err) {
    int64_t nulls = 0;
    for (size_t i = 0; a->valid != NULL && i < a->count; i++)
        nulls += a->valid[i] == 0;
    f->nulls += nulls;
    f->values += (int64_t)a->count - nulls;
    if (count_values(f, cf_member_field(&f->member)->type->kind, a)) return CF_OK;
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to describe `%s`", f->name);
}

/* ---- reading ---- */

static cf_status keep_row(facts *f, cf_cursor *cursor, int64_t row, cf_text *to,
                          cf_error *err) {
    cf_column *value = NULL;
    CF_TRY(cf_rows_read(cursor, f->member.column, f->member.path, f->member.path_size, row,
                        row + 1, &value, err));
    if (to->size > 0) cf_text_adds(to, ", ");
    cf_value_add_json(to, value, 0);
    cf_column_release(value);
    return CF_OK;
}

/* Rows [begin, end) of a partition, and those among them that are shown. */
static cf_status count_chunk(facts *f, cf_cursor *cursor, int64_t begin, int64_t end,
                             cf_error *err) {
    const cf_source *source = cursor->source;
    const int64_t before = source->partitions[cursor->partition].first_row;
    for (int64_t row = 0; row < 2; row++)
        if (row >= before + begin && row < before + end)
            CF_TRY(keep_row(f, cursor, row - before, &f->first, err));
    if (source->rows > 0 && source->rows - 1 >= before + begin &&
        source->rows - 1 < before + end)
        CF_TRY(keep_row(f, cursor, source->rows - 1 - before, &f->last, err));
    cf_array a;
    CF_TRY(cf_cursor_read(cursor, cf_member_field(&f->member)->node, begin, end, &a, err));
    return count_array(f, &a, err);
}

static bool is_cancelled(const description *d) {
    return d->cancel != NULL && atomic_load_explicit(d->cancel, memory_order_relaxed);
}

/* An error of one member stays with it; only these stop everything. */
static bool is_fatal(cf_status status) {
    return status == CF_E_MEMORY || status == CF_E_CANCELLED;
}

static void note_error(const description *d, facts *f, const cf_error *own) {
    f->error = cf_arena_printf(d->arena, "%s%s%s", own->message,
                               own->trail[0] != '\0' ? ", " : "", own->trail);
}

static cf_status count_rows(const description *d, facts *members, uint32_t count,
                            cf_cursor *cursor, int64_t rows, cf_error *err) {
    for (int64_t begin = 0; begin < rows; begin += CHUNK_ROWS) {
        const int64_t end = rows - begin < CHUNK_ROWS ? rows : begin + CHUNK_ROWS;
        if (is_cancelled(d)) return cf_fail(err, CF_E_CANCELLED, CF_NOWHERE, "interrupted");
        for (uint32_t i = 0; i < count; i++) {
            cf_error own = {0};
            if (members[i].error != NULL) continue;
            const cf_status status = count_chunk(&members[i], cursor, begin, end, &own);
            if (status == CF_OK) continue;
            if (is_fatal(status)) {
                if (err != NULL) *err = own;
                return status;
            }
            note_error(d, &members[i], &own);
        }
    }
    return CF_OK;
}

/* A cursor for all of the members that are still good.  Lists above them come along. */
static cf_status open_cursor(const facts *members, uint32_t count, cf_source *source,
                             uint32_t partition, cf_arena *arena, cf_cursor **cursor,
                             cf_error *err) {
    size_t room = 0, used = 0;
    for (uint32_t i = 0; i < count; i++)
        room += members[i].member.path_size;
    int32_t *nodes = CF_NEWS(arena, int32_t, room);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; members[i].error == NULL && k < members[i].member.path_size; k++)
            nodes[used++] = members[i].member.path[k]->node;
    return cf_cursor_open(source, partition, nodes, used, cursor, err);
}

static cf_status count_partition(const description *d, facts *members, uint32_t count,
                                 cf_source *source, uint32_t partition, cf_error *err) {
    cf_arena *scratch = cf_arena_new(4096);
    if (scratch == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory");
    cf_cursor *cursor = NULL;
    cf_error own = {0};
    cf_status status = open_cursor(members, count, source, partition, scratch, &cursor, &own);
    cf_arena_free(scratch);
    if (status == CF_OK) {
        status = count_rows(d, members, count, cursor, source->partitions[partition].rows, err);
        cf_cursor_close(cursor, NULL);
        return status;
    }
    if (is_fatal(status) && err != NULL) *err = own;
    if (is_fatal(status)) return status;
    if (count == 1) {
        note_error(d, members, &own);
        return CF_OK;
    }
    for (uint32_t i = 0; i < count; i++) /* find the one that cannot be opened */
        if (members[i].error == NULL)
            CF_TRY(count_partition(d, &members[i], 1, source, partition, err));
    return CF_OK;
}

/* Members are read together where that saves work: texts are parsed once for all columns, the
 * other formats column by column, which needs less memory. */
static uint32_t batch_end(const facts *members, uint32_t count, uint32_t begin,
                          const cf_source *source) {
    if (strcmp(source->format, "csv") == 0) return count;
    uint32_t end = begin + 1;
    while (end < count && members[end].member.column == members[begin].member.column)
        end++;
    return end;
}

static cf_status count_all(const description *d, facts *members, uint32_t count,
                           cf_source *source, cf_error *err) {
    for (uint32_t begin = 0, end = 0; begin < count; begin = end) {
        end = batch_end(members, count, begin, source);
        for (uint32_t i = 0; i < source->partition_count; i++) {
            bool left = false;
            for (uint32_t k = begin; k < end; k++)
                left |= members[k].error == NULL;
            if (left) CF_TRY(count_partition(d, members + begin, end - begin, source, i, err));
        }
    }
    return CF_OK;
}

/* ---- values as text ---- */

typedef enum { NUMBER_EXACT, NUMBER_FLOAT, MOMENT, TEXT } family;

static family family_of(const facts *f) {
    const cf_kind kind = cf_member_field(&f->member)->type->kind;
    if (kind == CF_TEXT) return TEXT;
    if (kind >= CF_DATE && kind <= CF_DURATION) return MOMENT;
    return cf_kind_is_float(kind) ? NUMBER_FLOAT : NUMBER_EXACT;
}

static void add_int128(cf_text *out, cf_int128 x, unsigned scale) {
    char digits[48];
    size_t at = sizeof digits;
    const bool negative = x < 0;
    for (unsigned i = 0; x != 0 || i <= scale; i++, x /= 10) {
        const int digit = (int)(x % 10);
        if (i == scale && scale > 0) digits[--at] = '.';
        digits[--at] = (char)('0' + (digit < 0 ? -digit : digit));
    }
    if (negative) digits[--at] = '-';
    cf_text_add(out, digits + at, sizeof digits - at);
}

/* `narrow`: it is a float32, which needs fewer digits. */
static void add_float(cf_text *out, double x, bool narrow, bool json) {
    char text[32];
    const size_t size =
        narrow && !json ? cf_format_f32(text, (float)x) : cf_format_f64(text, x);
    const char *quote = json && !isfinite(x) ? "\"" : "";
    cf_text_addf(out, "%s%.*s%s", quote, (int)size, text, quote);
}

/* A date, time, timestamp or duration, by way of a column of one row. */
static void add_moment(cf_text *out, const cf_type *type, int64_t x, bool json) {
    cf_builder *b = cf_builder_new(type);
    cf_column *c = NULL;
    if (b != NULL && cf_builder_int(b, x))
        c = cf_builder_finish(b);
    else
        cf_builder_free(b);
    out->failed |= c == NULL;
    if (c != NULL && json) cf_value_add_json(out, c, 0);
    if (c != NULL && !json) cf_value_add_bare(out, c, 0);
    cf_column_release(c);
}

static void add_extreme(cf_text *out, const facts *f, bool max, bool json) {
    const cf_type *type = cf_member_field(&f->member)->type;
    const char *text = max ? f->text_max : f->text_min;
    const size_t size = max ? f->text_max_size : f->text_min_size;
    if (!f->any) {
        cf_text_adds(out, json ? "null" : "");
        return;
    }
    switch (family_of(f)) {
    case NUMBER_EXACT: add_int128(out, max ? f->int_max : f->int_min, type->scale); return;
    case NUMBER_FLOAT:
        add_float(out, max ? f->max : f->min, type->kind == CF_FLOAT32, json);
        return;
    case MOMENT: add_moment(out, type, (int64_t)(max ? f->int_max : f->int_min), json); return;
    case TEXT:
        if (json)
            cf_text_add_json(out, text, size);
        else
            cf_text_add(out, text, size);
        return;
    }
}

static void add_sum(cf_text *out, const facts *f, bool json) {
    const cf_type *type = cf_member_field(&f->member)->type;
    const family kind = family_of(f);
    if (kind == NUMBER_EXACT && !f->exact_lost)
        add_int128(out, f->exact, type->scale);
    else if (kind == NUMBER_FLOAT)
        add_float(out, isfinite(f->sum) ? f->sum + f->lost : f->sum, false, json);
    else
        cf_text_adds(out, json ? "null" : "");
}

/* ---- JSON ---- */

static void add_key(cf_text *out, const char *key) {
    cf_text_add_json(out, key, strlen(key));
    cf_text_adds(out, ": ");
}

static void add_json_member(cf_text *out, const facts *f) {
    cf_text type = {0};
    cf_member_type(&type, &f->member);
    add_key(out, f->name);
    cf_text_adds(out, "{\"type\": ");
    cf_text_add_json(out, type.data == NULL ? "" : type.data, type.size);
    cf_text_clear(&type);
    if (f->error != NULL) {
        cf_text_adds(out, ", \"error\": ");
        cf_text_add_json(out, f->error, strlen(f->error));
        cf_text_addc(out, '}');
        return;
    }
    cf_text_addf(out, ", \"values\": %lld, \"nulls\": %lld, \"sum\": ", (long long)f->values,
                 (long long)f->nulls);
    add_sum(out, f, true);
    cf_text_adds(out, ", \"min\": ");
    add_extreme(out, f, false, true);
    cf_text_adds(out, ", \"max\": ");
    add_extreme(out, f, true, true);
    cf_text_addf(out, ", \"nan\": %lld, \"first\": [%s], \"last\": %s}", (long long)f->nans,
                 f->first.data == NULL ? "" : f->first.data,
                 f->last.data == NULL ? "null" : f->last.data);
}

static void begin_json_table(description *d, const char *name) {
    cf_text_adds(&d->out, d->tables++ == 0 ? "\n  " : ",\n  ");
    add_key(&d->out, name);
}

static void add_json_table(description *d, const char *name, const cf_source *source,
                           const facts *members, uint32_t count) {
    begin_json_table(d, name);
    cf_text_addf(&d->out, "{\"entries\": %lld, \"columns\": {", (long long)source->rows);
    for (uint32_t i = 0; i < count; i++) {
        cf_text_adds(&d->out, i == 0 ? "\n    " : ",\n    ");
        add_json_member(&d->out, &members[i]);
    }
    cf_text_adds(&d->out, "}}");
}

/* ---- for people ---- */

enum { COLUMN, TYPE, VALUES, NULLS, NANS, MIN, MAX, SUM, COLUMN_COUNT };

static bool put_text(cf_builder *table, uint32_t column, cf_text *text) {
    const size_t limit = 60; /* of a text that is the smallest or largest */
    cf_text cut = {0};
    cf_put_cut(&cut, text->data == NULL ? "" : text->data, text->size, (int)limit, true);
    const bool ok = !cut.failed && !text->failed &&
                    cf_builder_text(cf_builder_child(table, column),
                                    cut.data == NULL ? "" : cut.data, cut.size);
    cf_text_clear(&cut);
    cf_text_clear(text);
    return ok;
}

static bool put_count(cf_builder *table, uint32_t column, const facts *f, int64_t x) {
    cf_builder *b = cf_builder_child(table, column);
    return f->error == NULL ? cf_builder_int(b, x) : cf_builder_null(b);
}

static bool put_member(cf_builder *table, const facts *f) {
    cf_text name = {0}, type = {0}, min = {0}, max = {0}, sum = {0};
    cf_text_adds(&name, f->name);
    cf_member_type(&type, &f->member);
    if (f->error == NULL) {
        add_extreme(&min, f, false, false);
        add_extreme(&max, f, true, false);
        add_sum(&sum, f, false);
    } else {
        cf_text_adds(&min, "not readable: ");
        cf_text_adds(&min, f->error);
    }
    const bool counts = put_count(table, VALUES, f, f->values) &&
                        put_count(table, NULLS, f, f->nulls) &&
                        put_count(table, NANS, f, f->nans);
    const bool texts[] = {put_text(table, COLUMN, &name), put_text(table, TYPE, &type),
                          put_text(table, MIN, &min), put_text(table, MAX, &max),
                          put_text(table, SUM, &sum)};
    for (size_t i = 0; i < CF_COUNT(texts); i++)
        if (!texts[i]) return false;
    return counts && cf_builder_end_tuple(table);
}

static cf_column *make_table(const facts *members, uint32_t count) {
    static const cf_field fields[] = {
        [COLUMN] = {.name = "column", .type = &cf_type_text, .node = -1},
        [TYPE] = {.name = "type", .type = &cf_type_text, .node = -1},
        [VALUES] = {.name = "values", .type = &cf_type_int, .nullable = true, .node = -1},
        [NULLS] = {.name = "nulls", .type = &cf_type_int, .nullable = true, .node = -1},
        [NANS] = {.name = "nan", .type = &cf_type_int, .nullable = true, .node = -1},
        [MIN] = {.name = "min", .type = &cf_type_text, .node = -1},
        [MAX] = {.name = "max", .type = &cf_type_text, .node = -1},
        [SUM] = {.name = "sum", .type = &cf_type_text, .node = -1}};
    const cf_type type = {.kind = CF_TUPLE, .field_count = COLUMN_COUNT, .fields = fields};
    cf_builder *table = cf_builder_new(&type);
    for (uint32_t i = 0; table != NULL && i < count; i++)
        if (!put_member(table, &members[i])) {
            cf_builder_free(table);
            return NULL;
        }
    return table == NULL ? NULL : cf_builder_finish(table);
}

static void add_heading(description *d, const char *name, const cf_source *source,
                        uint32_t count) {
    if (d->tables++ > 0) cf_text_addc(&d->out, '\n');
    cf_text_addf(&d->out, "%s: ", name);
    cf_put_count(&d->out, source->rows);
    cf_text_addf(&d->out, " row%s, %u column%s in %s\n", source->rows == 1 ? "" : "s", count,
                 count == 1 ? "" : "s", source->where);
}

static void add_people_table(description *d, const char *name, const cf_source *source,
                             const facts *members, uint32_t count) {
    cf_column *rows = make_table(members, count);
    cf_result *r = cf_result_new(CF_RESULT_RELATION);
    add_heading(d, name, source, count);
    if (rows == NULL || r == NULL) {
        d->out.failed = true;
        cf_column_release(rows);
    } else {
        r->rows = rows;
        r->total = rows->length;
        const cf_render_options options = {.format = CF_FORMAT_PLAIN, .unicode = true};
        cf_render_table(&d->out, r, &options);
    }
    cf_result_release(r);
}

/* ---- a table ---- */

/* Two members of one name (an object that the file stores whole): the language's path tells
 * them apart. */
static void name_members(const description *d, facts *members, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const cf_member *m = &members[i].member;
        members[i].name = m->name;
        const bool same = (i > 0 && strcmp(members[i - 1].member.name, m->name) == 0) ||
                          (i + 1 < count && strcmp(members[i + 1].member.name, m->name) == 0);
        const char *own = "";
        for (uint32_t k = 1; k < m->path_size; k++)
            if (m->path[k]->name[0] != '\0')
                own = cf_arena_printf(d->arena, "%s.%s", own, m->path[k]->name);
        if (same) members[i].name = cf_arena_printf(d->arena, "%s%s", m->name, own);
    }
}

static cf_status describe_table(void *user, const char *name, cf_source *source,
                                cf_error *err) {
    description *d = user;
    uint32_t count = 0;
    const cf_member *list = cf_members_of(source->schema, d->arena, &count);
    facts *members = CF_NEWS(d->arena, facts, count);
    for (uint32_t i = 0; i < count; i++) {
        members[i].member = list[i];
        if (list[i].unreadable != NULL)
            members[i].error = cf_str_dup(d->arena, cf_str_of(list[i].unreadable));
    }
    name_members(d, members, count);
    const cf_status status = count_all(d, members, count, source, err);
    if (status == CF_OK && d->json) add_json_table(d, name, source, members, count);
    if (status == CF_OK && !d->json) add_people_table(d, name, source, members, count);
    for (uint32_t i = 0; i < count; i++) {
        cf_text_clear(&members[i].first);
        cf_text_clear(&members[i].last);
        free(members[i].text_min);
        free(members[i].text_max);
    }
    return status;
}

static void table_failed(void *user, const char *name, const cf_error *why) {
    description *d = user;
    if (d->json) {
        begin_json_table(d, name);
        cf_text_adds(&d->out, "{\"error\": ");
        cf_text_add_json(&d->out, why->message, strlen(why->message));
        cf_text_addc(&d->out, '}');
        return;
    }
    cf_text_addf(&d->out, "%s%s: not readable: %s\n", d->tables++ > 0 ? "\n" : "", name,
                 why->message);
}

char *cf_describe_file(const char *path, bool json, const _Atomic bool *cancel, cf_error *err) {
    description d = {
        .arena = cf_arena_new(1 << 14), .json = json, .path = path, .cancel = cancel};
    if (d.arena == NULL) {
        (void)cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to describe %s", path);
        return NULL;
    }
    if (json) cf_text_adds(&d.out, "{\"tables\": {");
    cf_status status = cf_tables_of(path, describe_table, table_failed, &d, err);
    if (json) cf_text_adds(&d.out, "}}\n");
    if (status == CF_OK && d.out.failed)
        status =
            cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to describe %s", path);
    cf_arena_free(d.arena);
    if (status != CF_OK) cf_text_clear(&d.out);
    return status == CF_OK ? d.out.data : NULL;
}
