#include "nn/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Records behind each other, in memory or, beyond the limit, in a file without a name. */

#define FLUSH_FLOATS ((size_t)1 << 20)
#define ROWS_MAX     ((uint64_t)UINT32_MAX - 1)

struct cf_dataset {
    atomic_uint references;
    cf_arena *arena;
    cf_nn_input *inputs;
    size_t input_count, list_count;
    uint32_t classes;
    uint64_t limit; /* bytes in memory */
    uint64_t rows;
    uint64_t floats; /* of all records */
    uint64_t *steps; /* [inputs]: rows of all lists */
    bool sealed;

    float *memory; /* the records, or those not yet in the file */
    size_t used, capacity;
    int file; /* -1: none */
    float *map;
    size_t map_bytes;

    size_t record;   /* floats of a record when no input is a list; else 0 */
    uint64_t *begin; /* [rows] first float of a record, with lists */
    size_t begin_capacity;
};

cf_status cf_dataset_new(const cf_nn_input *inputs, size_t input_count, uint32_t classes,
                         uint64_t memory_limit_bytes, cf_dataset **out, cf_error *err) {
    *out = NULL;
    if (input_count == 0 || input_count > 64 || classes == 0 || classes > 1 << 16)
        return cf_fail(err, CF_E_RANGE, CF_NOWHERE, "%zu inputs and %u classes", input_count,
                       classes);
    cf_dataset *d = calloc(1, sizeof *d);
    if (d == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for training data");
    atomic_init(&d->references, 1);
    d->arena = cf_arena_new(4096);
    d->inputs = CF_NEWS(d->arena, cf_nn_input, input_count);
    d->steps = CF_NEWS(d->arena, uint64_t, input_count);
    d->input_count = input_count;
    d->classes = classes;
    d->limit = memory_limit_bytes;
    d->file = -1;
    d->record = classes + 1;
    for (size_t i = 0; i < input_count; i++) {
        d->inputs[i] = inputs[i];
        d->inputs[i].name = cf_str_dup(d->arena, cf_str_of(inputs[i].name));
        d->list_count += inputs[i].ragged;
        d->record += inputs[i].width;
    }
    if (d->list_count > 0) d->record = 0;
    *out = d;
    return CF_OK;
}

cf_dataset *cf_dataset_retain(cf_dataset *d) {
    atomic_fetch_add(&d->references, 1);
    return d;
}

void cf_dataset_release(cf_dataset *d) {
    if (d == NULL || atomic_fetch_sub(&d->references, 1) != 1) return;
    if (d->map != NULL) munmap(d->map, d->map_bytes);
    if (d->file >= 0) close(d->file);
    free(d->memory);
    free(d->begin);
    cf_arena_free(d->arena);
    free(d);
}

uint64_t cf_dataset_rows(const cf_dataset *d) {
    return d->rows;
}

uint64_t cf_dataset_bytes(const cf_dataset *d) {
    return d->floats * sizeof(float);
}

bool cf_dataset_spilled(const cf_dataset *d) {
    return d->file >= 0;
}

const cf_nn_input *cf_dataset_inputs(const cf_dataset *d, size_t *count) {
    *count = d->input_count;
    return d->inputs;
}

uint32_t cf_dataset_classes(const cf_dataset *d) {
    return d->classes;
}

double cf_dataset_mean_steps(const cf_dataset *d, size_t input) {
    const double mean = d->rows == 0 ? 0.0 : (double)d->steps[input] / (double)d->rows;
    return mean > 1.0 ? mean : 1.0;
}

/* --- storage --------------------------------------------------------------------------------
 */

static cf_status no_memory(const cf_dataset *d, cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for %llu events of training data",
                   (unsigned long long)d->rows);
}

static cf_status open_file(cf_dataset *d, cf_error *err) {
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || *folder == '\0') folder = "/tmp";
    char *path = cf_arena_printf(d->arena, "%s/cutflow-training-XXXXXX", folder);
    d->file = mkstemp(path);
    if (d->file < 0)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "no temporary file in %s: %s", folder,
                       cf_errno_text());
    (void)unlink(path);
    return CF_OK;
}

/* Everything in memory goes behind what the file has. */
static cf_status flush(cf_dataset *d, cf_error *err) {
    const char *from = (const char *)d->memory;
    size_t left = d->used * sizeof *d->memory;
    while (left > 0) {
        const ssize_t n = write(d->file, from, left);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                           "training data do not fit the temporary file: %s", cf_errno_text());
        from += n;
        left -= (size_t)n;
    }
    d->used = 0;
    return CF_OK;
}

static cf_status grow(cf_dataset *d, size_t need, cf_error *err) {
    size_t capacity = d->capacity < 1024 ? 1024 : d->capacity;
    while (capacity < need)
        capacity += capacity / 2;
    float *memory = realloc(d->memory, capacity * sizeof *memory);
    if (memory == NULL) return no_memory(d, err);
    d->memory = memory;
    d->capacity = capacity;
    return CF_OK;
}

/* Room for one record. */
static cf_status reserve(cf_dataset *d, size_t floats, cf_error *err) {
    const bool over = (d->used + floats) * sizeof(float) > d->limit;
    if (d->file < 0 && over) {
        CF_TRY(open_file(d, err));
        CF_TRY(flush(d, err));
    }
    if (d->file >= 0 && d->used >= FLUSH_FLOATS) CF_TRY(flush(d, err));
    return d->used + floats > d->capacity ? grow(d, d->used + floats, err) : CF_OK;
}

static cf_status note_begin(cf_dataset *d, cf_error *err) {
    if (d->rows == d->begin_capacity) {
        const size_t capacity = d->begin_capacity < 256 ? 256 : d->begin_capacity * 2;
        uint64_t *begin = realloc(d->begin, capacity * sizeof *begin);
        if (begin == NULL) return no_memory(d, err);
        d->begin = begin;
        d->begin_capacity = capacity;
    }
    d->begin[d->rows] = d->floats;
    return CF_OK;
}

cf_status cf_dataset_seal(cf_dataset *d, cf_error *err) {
    if (d->sealed) return CF_OK;
    if (d->file >= 0) {
        CF_TRY(flush(d, err));
        free(d->memory);
        d->memory = NULL;
        d->map_bytes = (size_t)(d->floats * sizeof(float));
        void *map = mmap(NULL, d->map_bytes, PROT_READ, MAP_SHARED, d->file, 0);
        if (map == MAP_FAILED)
            return cf_fail(err, CF_E_MEMORY, CF_NOWHERE,
                           "the file of training data cannot be mapped: %s", cf_errno_text());
        d->map = map;
    }
    d->sealed = true;
    return CF_OK;
}

/* --- appending ------------------------------------------------------------------------------
 */

static bool all_finite(const float *x, size_t n) {
    float zero = 0.0f;
    for (size_t i = 0; i < n; i++)
        zero += x[i] * 0.0f;
    return zero == 0.0f;
}

static cf_status not_finite(const cf_dataset *d, const char *what, cf_error *err) {
    return cf_fail(err, CF_E_VALUE, CF_NOWHERE,
                   "%s of row %llu holds a value that is not finite", what,
                   (unsigned long long)d->rows);
}

static size_t rows_in(const cf_nn_input *input, const cf_nn_values *values, size_t row) {
    return input->ragged ? values->lengths[row] : 1;
}

/* The record's parts are checked while they are copied; *at runs over the record. */
static cf_status put_input(cf_dataset *d, size_t input, const cf_nn_values *values, size_t row,
                           const float *from, float **at, cf_error *err) {
    const cf_nn_input *in = &d->inputs[input];
    const size_t steps = rows_in(in, values, row), count = steps * in->width;
    if (in->ragged && in->steps_max > 0 && steps > in->steps_max)
        return cf_fail(err, CF_E_VALUE, CF_NOWHERE,
                       "input %s of row %llu has %zu rows, the most is %u", in->name,
                       (unsigned long long)d->rows, steps, in->steps_max);
    if (!all_finite(from, count)) {
        char what[80];
        (void)snprintf(what, sizeof what, "input %.60s", in->name);
        return not_finite(d, what, err);
    }
    if (count > 0) memcpy(*at, from, count * sizeof *from);
    *at += count;
    return CF_OK;
}

static cf_status put_target(cf_dataset *d, const cf_nn_block *block, size_t row, float *at,
                            cf_error *err) {
    const float *target = block->targets + row * d->classes;
    const float weight = block->weights == NULL ? 1.0f : block->weights[row];
    if (!all_finite(target, d->classes)) return not_finite(d, "the target", err);
    if (!(weight >= 0.0f) || !isfinite(weight))
        return cf_fail(err, CF_E_VALUE, CF_NOWHERE, "the weight of row %llu is %g",
                       (unsigned long long)d->rows, (double)weight);
    memcpy(at, target, d->classes * sizeof *target);
    at[d->classes] = weight;
    return CF_OK;
}

static cf_status put_row(cf_dataset *d, const cf_nn_block *block, size_t row,
                         const float *const *from, size_t floats, cf_error *err) {
    float *at = d->memory + d->used;
    for (size_t i = 0; i < d->input_count; i++)
        if (d->inputs[i].ragged) memcpy(at++, &block->inputs[i].lengths[row], sizeof(uint32_t));
    for (size_t i = 0; i < d->input_count; i++)
        CF_TRY(put_input(d, i, &block->inputs[i], row, from[i], &at, err));
    CF_TRY(put_target(d, block, row, at, err));
    d->used += floats;
    d->floats += floats;
    d->rows++;
    return CF_OK;
}

cf_status cf_dataset_append(cf_dataset *d, const cf_nn_block *block, cf_error *err) {
    CF_ASSERT(!d->sealed);
    const float *from[64];
    for (size_t i = 0; i < d->input_count; i++)
        from[i] = block->inputs[i].values;
    for (size_t row = 0; row < block->rows; row++) {
        size_t floats = d->list_count + d->classes + 1;
        for (size_t i = 0; i < d->input_count; i++)
            floats += rows_in(&d->inputs[i], &block->inputs[i], row) * d->inputs[i].width;
        if (d->rows == ROWS_MAX)
            return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "more than %llu events to train on",
                           (unsigned long long)ROWS_MAX);
        CF_TRY(reserve(d, floats, err));
        if (d->record == 0) CF_TRY(note_begin(d, err));
        CF_TRY(put_row(d, block, row, from, floats, err));
        for (size_t i = 0; i < d->input_count; i++) {
            const size_t steps = rows_in(&d->inputs[i], &block->inputs[i], row);
            from[i] += steps * d->inputs[i].width;
            d->steps[i] += steps;
        }
    }
    return CF_OK;
}

/* --- reading --------------------------------------------------------------------------------
 */

static const float *record_at(const cf_dataset *d, uint64_t row) {
    const float *all = d->map != NULL ? d->map : d->memory;
    return all + (d->record > 0 ? row * d->record : d->begin[row]);
}

void cf_dataset_prefetch(const cf_dataset *d, uint64_t row) {
    const float *at = record_at(d, row);
    __builtin_prefetch(at);
    __builtin_prefetch(at + 16);
}

cf_record cf_dataset_record(const cf_dataset *d, uint64_t row) {
    cf_record r = {.lengths = record_at(d, row)};
    r.values = r.lengths + d->list_count;
    r.targets = r.values;
    for (size_t i = 0, list = 0; i < d->input_count; i++)
        r.targets += d->inputs[i].ragged
                         ? (size_t)cf_record_length(&r, list++) * d->inputs[i].width
                         : d->inputs[i].width;
    r.weight = r.targets[d->classes];
    return r;
}
