#include "nn/hdf5.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* The part of HDF5's C interface (1.10 and later, whose handles have 64 bits) that reading
 * takes, found by name at run time.  Debian's library is not for several threads at once: one
 * lock. */

typedef int64_t handle; /* hid_t; negative: failed */

typedef struct {
    int storage;
    unsigned long long links;
    int64_t order_max;
    bool mounted;
} group_info; /* H5G_info_t */

enum { KIND_GROUP = 2, KIND_DATASET = 5 };     /* H5I_type_t */
enum { CLASS_FLOAT = 1 };                      /* H5T_class_t */
enum { INDEX_NAME = 0, ORDER_INCREASING = 0 }; /* H5_index_t, H5_iter_order_t */

/* CALL(result, name, parameters) */
#define CALLS(CALL)                                                                    \
    CALL(int, H5open, (void))                                                          \
    CALL(int, H5get_libversion, (unsigned *major, unsigned *minor, unsigned *release)) \
    CALL(int, H5Eset_auto2, (handle stack, void *fn, void *data))                      \
    CALL(handle, H5Fopen, (const char *name, unsigned flags, handle access))           \
    CALL(int, H5Fclose, (handle file))                                                 \
    CALL(int, H5Lexists, (handle place, const char *name, handle access))              \
    CALL(handle, H5Oopen, (handle place, const char *name, handle access))             \
    CALL(int, H5Oclose, (handle object))                                               \
    CALL(int, H5Iget_type, (handle object))                                            \
    CALL(int, H5Gget_info, (handle group, group_info * out))                           \
    CALL(ptrdiff_t, H5Lget_name_by_idx,                                                \
         (handle place, const char *group, int index, int order, unsigned long long n, \
          char *name, size_t size, handle access))                                     \
    CALL(handle, H5Dget_space, (handle dataset))                                       \
    CALL(handle, H5Dget_type, (handle dataset))                                        \
    CALL(int, H5Dread,                                                                 \
         (handle dataset, handle memory_type, handle memory_space, handle file_space,  \
          handle transfer, void *to))                                                  \
    CALL(int, H5Tget_class, (handle type))                                             \
    CALL(int, H5Tclose, (handle type))                                                 \
    CALL(int, H5Sget_simple_extent_ndims, (handle space))                              \
    CALL(int, H5Sget_simple_extent_dims,                                               \
         (handle space, unsigned long long *dims, unsigned long long *most))           \
    CALL(int, H5Sclose, (handle space))

typedef struct {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes none */
#define CALL(result, name, parameters) result(*name) parameters;
    CALLS(CALL)
#undef CALL
    const handle *native_float;
    void *library;
} calls;

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static const char *const libraries[] = {"libhdf5_serial.so.103", "libhdf5.so.103",
                                        "libhdf5_serial.so",     "libhdf5.so",
                                        "libhdf5_serial.so.310", "libhdf5.so.310"};

/* Pointers to functions and to data differ in type only. */
static bool find(void *library, const char *name, void *to) {
    void *found = dlsym(library, name);
    memcpy(to, &found, sizeof found);
    return found != NULL;
}

static bool find_calls(calls *c) {
    bool all = true;
#define CALL(result, name, parameters) all = find(c->library, #name, &c->name) && all;
    CALLS(CALL)
#undef CALL
    return find(c->library, "H5T_NATIVE_FLOAT_g", &c->native_float) && all;
}

static cf_status load(calls *c, cf_error *err) {
    unsigned version[3] = {0, 0, 0};
    for (size_t i = 0; c->library == NULL && i < CF_COUNT(libraries); i++)
        c->library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    if (c->library == NULL) {
        cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                "reading Keras files needs the HDF5 library, which is not installed");
        cf_error_hint(err, "install it: apt install libhdf5-103-1 (or libhdf5-310)");
        return CF_E_UNSUPPORTED;
    }
    if (!find_calls(c) || c->H5open() < 0 ||
        c->H5get_libversion(&version[0], &version[1], &version[2]) < 0 || version[0] != 1 ||
        version[1] < 10)
        return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                       "the HDF5 library here is %u.%u, 1.10 or later is needed", version[0],
                       version[1]);
    (void)c->H5Eset_auto2(0, NULL, NULL); /* it would print its errors */
    return CF_OK;
}

/* --- the walk -------------------------------------------------------------------------------
 */

#define DEPTH_MAX  16u
#define ARRAYS_MAX 10000u
#define LINKS_MAX  100000u

typedef struct {
    const calls *c;
    cf_arena *arena;
    cf_hdf5_arrays *out;
    size_t left; /* values that may still be read */
    const char *file;
    cf_error *err;
} walk;

static cf_status damaged(const walk *w, const char *path, const char *how) {
    return cf_fail(w->err, CF_E_FORMAT, CF_NOWHERE, "%s: %s: %s", w->file,
                   *path == '\0' ? "/" : path, how);
}

static bool shape_of(const calls *c, handle dataset, cf_hdf5_array *a) {
    unsigned long long dims[CF_COUNT(a->dims)] = {0};
    const handle space = c->H5Dget_space(dataset);
    const int rank = space < 0 ? -1 : c->H5Sget_simple_extent_ndims(space);
    const bool good = rank >= 0 && rank <= (int)CF_COUNT(a->dims) &&
                      c->H5Sget_simple_extent_dims(space, dims, NULL) >= 0;
    if (space >= 0) (void)c->H5Sclose(space);
    a->rank = good ? (size_t)rank : 0;
    a->count = 1;
    for (size_t i = 0; good && i < a->rank; i++) {
        a->dims[i] = dims[i];
        if (dims[i] == 0 || dims[i] > SIZE_MAX / 8 / a->count) return false;
        a->count *= (size_t)dims[i];
    }
    return good;
}

static bool is_float(const calls *c, handle dataset) {
    const handle type = c->H5Dget_type(dataset);
    const bool yes = type >= 0 && c->H5Tget_class(type) == CLASS_FLOAT;
    if (type >= 0) (void)c->H5Tclose(type);
    return yes;
}

static cf_status read_dataset(walk *w, handle dataset, const char *path) {
    cf_hdf5_array a = {.path = path};
    if (!is_float(w->c, dataset)) return CF_OK;
    if (!shape_of(w->c, dataset, &a)) return damaged(w, path, "a shape that cannot be");
    if (a.count > w->left) return damaged(w, path, "more values than the model has");
    if (w->out->count == ARRAYS_MAX) return damaged(w, path, "too many arrays");
    a.values = cf_arena_alloc(w->arena, a.count * sizeof *a.values, 64);
    if (a.values == NULL)
        return cf_fail(w->err, CF_E_MEMORY, CF_NOWHERE, "no memory to read %s", w->file);
    if (w->c->H5Dread(dataset, *w->c->native_float, 0, 0, 0, a.values) < 0)
        return damaged(w, path, "cannot be read");
    w->left -= a.count;
    w->out->arrays[w->out->count++] = a;
    return CF_OK;
}

static cf_status read_object(walk *w, handle object, const char *path, unsigned depth);

static cf_status read_member(walk *w, handle group, const char *path, unsigned long long n,
                             unsigned depth) {
    char name[256];
    const ptrdiff_t size = w->c->H5Lget_name_by_idx(group, ".", INDEX_NAME, ORDER_INCREASING, n,
                                                    name, sizeof name, 0);
    if (size <= 0 || size >= (ptrdiff_t)sizeof name)
        return damaged(w, path, "a member without a good name");
    const char *full =
        cf_arena_printf(w->arena, "%s%s%s", path, *path == '\0' ? "" : "/", name);
    const handle object = w->c->H5Oopen(group, name, 0);
    if (object < 0) return damaged(w, full, "cannot be opened");
    const cf_status status = read_object(w, object, full, depth + 1);
    (void)w->c->H5Oclose(object);
    return status;
}

static cf_status read_object(walk *w, handle object, const char *path, unsigned depth) {
    group_info info = {0};
    const int kind = w->c->H5Iget_type(object);
    if (kind == KIND_DATASET) return read_dataset(w, object, path);
    if (kind != KIND_GROUP) return CF_OK;
    if (depth > DEPTH_MAX) return damaged(w, path, "groups in groups without end");
    if (w->c->H5Gget_info(object, &info) < 0 || info.links > LINKS_MAX)
        return damaged(w, path, "no good group");
    for (unsigned long long i = 0; i < info.links; i++)
        CF_TRY(read_member(w, object, path, i, depth));
    return CF_OK;
}

static cf_status read_file(walk *w, const char *const *begin) {
    const handle file = w->c->H5Fopen(w->file, 0, 0);
    if (file < 0)
        return cf_fail(w->err, CF_E_FORMAT, CF_NOWHERE, "%s is not an HDF5 file", w->file);
    const char *start = "/";
    for (size_t i = 0; begin[i] != NULL; i++)
        if (w->c->H5Lexists(file, begin[i], 0) > 0) {
            start = begin[i];
            break;
        }
    const handle object = w->c->H5Oopen(file, start, 0);
    const cf_status status =
        object < 0 ? damaged(w, start, "cannot be opened") : read_object(w, object, "", 0);
    if (object >= 0) (void)w->c->H5Oclose(object);
    (void)w->c->H5Fclose(file);
    return status;
}

cf_status cf_hdf5_read(const char *file, const char *const *begin, size_t limit,
                       cf_arena *arena, cf_hdf5_arrays *out, cf_error *err) {
    calls c = {0};
    *out = (cf_hdf5_arrays){.arrays = CF_NEWS(arena, cf_hdf5_array, ARRAYS_MAX)};
    walk w = {.c = &c, .arena = arena, .out = out, .left = limit, .file = file, .err = err};
    pthread_mutex_lock(&one_at_a_time);
    cf_status status = load(&c, err);
    if (status == CF_OK) status = read_file(&w, begin);
    pthread_mutex_unlock(&one_at_a_time);
    return status; /* the library stays: it cannot be unloaded and loaded again safely */
}
