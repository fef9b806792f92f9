#include "nn/hdf5.h"
#include "nn/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Weights from Keras: a model in HDF5 (`model_weights/dense_1/dense_1/kernel:0`), weights alone
 * (`layers/dense_1/vars/0`, from Keras 3 on; `dense_1/dense_1/kernel:0` before), or a .keras
 * file, a zip archive that holds the second form.
 *
 * A layer of ours takes the first layer of the file, not taken yet, that has all its weights in
 * their shapes; layers of the file go by name, dense_2 before dense_10, which is the order in
 * which Keras made them. */

/* --- one layer of the file ------------------------------------------------------------------
 */

typedef struct {
    cf_str name; /* "dense_1" */
    size_t first, count;
    bool taken;
} file_layer;

typedef struct {
    cf_hdf5_arrays all;
    file_layer *layers;
    size_t count;
} file_layers;

static cf_str layer_of(const char *path) {
    return (cf_str){path, strcspn(path, "/")};
}

/* "dense" < "dense_2" < "dense_10" */
static int compare_names(cf_str a, cf_str b) {
    size_t i = a.size, k = b.size;
    while (i > 0 && a.data[i - 1] >= '0' && a.data[i - 1] <= '9')
        i--;
    while (k > 0 && b.data[k - 1] >= '0' && b.data[k - 1] <= '9')
        k--;
    const int stem = cf_str_compare((cf_str){a.data, i}, (cf_str){b.data, k});
    if (stem != 0) return stem;
    if (a.size != b.size) return a.size < b.size ? -1 : 1;
    return cf_str_compare(a, b);
}

static int by_layer(const void *a, const void *b) {
    const cf_hdf5_array *x = a, *y = b;
    const int order = compare_names(layer_of(x->path), layer_of(y->path));
    return order != 0 ? order : strcmp(x->path, y->path);
}

static void group_layers(cf_arena *arena, file_layers *f) {
    qsort(f->all.arrays, f->all.count, sizeof *f->all.arrays, by_layer);
    f->layers = CF_NEWS(arena, file_layer, f->all.count);
    for (size_t i = 0; i < f->all.count; i++) {
        const cf_str name = layer_of(f->all.arrays[i].path);
        if (f->count == 0 || !cf_str_equal(f->layers[f->count - 1].name, name))
            f->layers[f->count++] = (file_layer){.name = name, .first = i};
        f->layers[f->count - 1].count++;
    }
}

/* --- matching -------------------------------------------------------------------------------
 */

/* "query_kernel": the part "query", the leaf "kernel", number 0 of that part. */
typedef struct {
    cf_str part, leaf;
    uint32_t number;
} role;

static role role_of(const cf_layer *l, const cf_weight *w, uint32_t index) {
    const char *split = l->kind == CF_NN_ATTENTION ? strchr(w->name, '_') : NULL;
    if (split == NULL) return (role){{w->name, 0}, cf_str_of(w->name), index};
    return (role){{w->name, (size_t)(split - w->name)}, cf_str_of(split + 1), index % 2};
}

static bool has_part(const char *path, cf_str part) {
    for (const char *at = path; part.size > 0; at++) {
        at = strchr(at, '/');
        if (at == NULL) return false;
        if (strncmp(at + 1, part.data, part.size) == 0 ||
            (strncmp(at + 1, "attention_", 10) == 0 &&
             strncmp(at + 11, part.data, part.size) == 0))
            return true;
    }
    return true;
}

static bool has_leaf(const char *path, const role *r) {
    const char *leaf = strrchr(path, '/');
    leaf = leaf == NULL ? path : leaf + 1;
    const cf_str name = {leaf, strcspn(leaf, ":")};
    char number[16];
    (void)snprintf(number, sizeof number, "%u", r->number);
    return cf_str_equal(name, r->leaf) || cf_str_is(name, number);
}

/* [rows][columns] with axes split, as (width, heads, key) is. */
static bool has_shape(const cf_hdf5_array *a, const cf_weight *w) {
    uint64_t rows = 1;
    if (a->count != (size_t)w->rows * w->columns) return false;
    if (w->rows == 1) return true;
    for (size_t i = 0; i < a->rank; i++) {
        rows *= a->dims[i];
        if (rows == w->rows) return true;
    }
    return false;
}

static const cf_hdf5_array *find_array(const file_layers *f, const file_layer *from,
                                       const cf_layer *l, const cf_weight *w, uint32_t index) {
    const role r = role_of(l, w, index);
    for (size_t i = from->first; i < from->first + from->count; i++) {
        const cf_hdf5_array *a = &f->all.arrays[i];
        const char *inside = a->path + from->name.size;
        if (has_shape(a, w) && has_part(inside, r.part) && has_leaf(a->path, &r)) return a;
    }
    return NULL;
}

static bool take_layer(const cf_graph *g, const cf_layer *l, const file_layers *f,
                       const file_layer *from, float *weights) {
    if (from->taken || from->count < l->weight_count) return false;
    for (uint32_t i = 0; i < l->weight_count; i++)
        if (find_array(f, from, l, &g->weights[l->first_weight + i], i) == NULL) return false;
    for (uint32_t i = 0; i < l->weight_count; i++) {
        const cf_weight *w = &g->weights[l->first_weight + i];
        const cf_hdf5_array *a = find_array(f, from, l, w, i);
        memcpy(weights + w->at, a->values, a->count * sizeof *weights);
    }
    return true;
}

static cf_status take_all(const cf_graph *g, file_layers *f, float *weights, const char *path,
                          cf_error *err) {
    for (uint32_t i = 0; i < g->layer_count; i++) {
        const cf_layer *l = &g->layers[i];
        size_t k = 0;
        if (l->weight_count == 0) continue;
        while (k < f->count && !take_layer(g, l, f, &f->layers[k], weights))
            k++;
        if (k == f->count)
            return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                           "%s has no layer whose weights have the shapes of %s", path,
                           l->name);
        f->layers[k].taken = true;
    }
    for (size_t k = 0; k < f->count; k++)
        if (!f->layers[k].taken)
            return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                           "layer %.*s of %s has no place in the model",
                           CF_STR_ARGS(f->layers[k].name), path);
    return CF_OK;
}

static cf_status import_hdf5(cf_model *m, cf_arena *arena, const char *file, const char *path,
                             cf_error *err) {
    static const char *const begin[] = {"model_weights", "layers", NULL};
    file_layers f = {0};
    const size_t n = m->graph.parameters;
    CF_TRY(cf_hdf5_read(file, begin, n + n / 8 + 1024, arena, &f.all, err));
    float *weights = cf_arena_alloc(arena, n * sizeof *weights, 64);
    if (weights == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to read %s", path);
    group_layers(arena, &f);
    CF_TRY(take_all(&m->graph, &f, weights, path, err));
    for (size_t i = 0; i < n; i++)
        if (!(weights[i] - weights[i] == 0.0f))
            return cf_fail(err, CF_E_VALUE, CF_NOWHERE, "%s has a weight that is not finite",
                           path);
    memcpy(m->weights, weights, n * sizeof *weights);
    return CF_OK;
}

/* --- .keras ---------------------------------------------------------------------------------
 */

static uint32_t get_u32(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t get_u16(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

/* The bytes of a member that is stored, not packed; NULL: there is none.  Source: PKWARE's
 * APPNOTE, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.16 (end). */
static const unsigned char *zip_member(const unsigned char *zip, size_t size, const char *name,
                                       size_t *out_size) {
    const size_t name_size = strlen(name);
    size_t end = size < 22 ? 0 : size - 22;
    while (end > 0 && get_u32(zip + end) != 0x06054B50u && size - end < 70000)
        end--;
    if (size < 22 || get_u32(zip + end) != 0x06054B50u) return NULL;
    size_t at = get_u32(zip + end + 16);
    for (uint32_t left = get_u16(zip + end + 10); left > 0; left--) {
        if (at > end || end - at < 46 || get_u32(zip + at) != 0x02014B50u) return NULL;
        const size_t n = get_u16(zip + at + 28), begin = get_u32(zip + at + 42);
        const size_t stored = get_u32(zip + at + 24);
        if (end - at < 46 + n) return NULL;
        const bool wanted = n == name_size && memcmp(zip + at + 46, name, n) == 0;
        if (wanted && get_u16(zip + at + 10) == 0 && begin < end && end - begin > 30) {
            const size_t data =
                begin + 30 + get_u16(zip + begin + 26) + get_u16(zip + begin + 28);
            if (data > end || stored > end - data) return NULL;
            *out_size = stored;
            return zip + data;
        }
        at += 46 + n + get_u16(zip + at + 30) + get_u16(zip + at + 32);
    }
    return NULL;
}

static cf_status write_all(int file, const unsigned char *data, size_t size, cf_error *err) {
    while (size > 0) {
        const ssize_t n = write(file, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "cannot write a temporary file: %s",
                           cf_errno_text());
        data += n;
        size -= (size_t)n;
    }
    return CF_OK;
}

/* The library reads files only: the member goes to a temporary one. */
static cf_status import_zip(cf_model *m, cf_arena *arena, const unsigned char *zip, size_t size,
                            const char *path, cf_error *err) {
    size_t member_size = 0;
    const unsigned char *member = zip_member(zip, size, "model.weights.h5", &member_size);
    if (member == NULL)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "%s holds no unpacked model.weights.h5, or is damaged", path);
    const char *folder = getenv("TMPDIR");
    char *name = cf_arena_printf(arena, "%s/cutflow-keras-XXXXXX",
                                 folder == NULL || *folder == '\0' ? "/tmp" : folder);
    const int file = mkstemp(name);
    if (file < 0)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "no temporary file: %s", cf_errno_text());
    cf_status status = write_all(file, member, member_size, err);
    if (status == CF_OK) status = import_hdf5(m, arena, name, path, err);
    close(file);
    (void)unlink(name);
    return status;
}

#define FILE_MAX ((off_t)8 << 30)

static unsigned char *read_file(cf_arena *arena, int file, size_t size) {
    unsigned char *bytes = cf_arena_alloc(arena, size + 1, 64);
    size_t done = 0;
    while (bytes != NULL && done < size) {
        const ssize_t n = read(file, bytes + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return NULL;
        done += (size_t)n;
    }
    return bytes;
}

static cf_status import_file(cf_model *m, cf_arena *arena, int file, const char *path,
                             cf_error *err) {
    struct stat info;
    char begin[4] = {0};
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > FILE_MAX)
        return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "%s is no file of Keras", path);
    if (pread(file, begin, sizeof begin, 0) != (ssize_t)sizeof begin ||
        memcmp(begin, "PK\3\4", sizeof begin) != 0)
        return import_hdf5(m, arena, path, path, err);
    const size_t size = (size_t)info.st_size;
    const unsigned char *zip = read_file(arena, file, size);
    if (zip == NULL) return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "%s cannot be read", path);
    return import_zip(m, arena, zip, size, path, err);
}

cf_status cf_model_import_keras(cf_model *m, const char *path, cf_error *err) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "cannot open %s: %s", path, cf_errno_text());
    cf_arena *arena = cf_arena_new(1 << 16);
    const cf_status status = import_file(m, arena, file, path, err);
    cf_arena_free(arena);
    close(file);
    return status;
}
