#ifndef CF_NN_HDF5_H
#define CF_NN_HDF5_H

/* Numbers out of an HDF5 file.  The library is loaded when it is first needed, so the program
 * starts without it and runs where it is not installed. */

#include "base/base.h"

typedef struct {
    const char *path; /* "layers/dense/vars/0", below where the walk began */
    size_t rank;
    uint64_t dims[8];
    size_t count; /* product of dims */
    float *values;
} cf_hdf5_array;

typedef struct {
    cf_hdf5_array *arrays;
    size_t count;
} cf_hdf5_arrays;

/* Every array of floats below the first of the groups `begin` (a list that ends with NULL) that
 * the file has, read into the arena; at most `limit` values in all.  CF_E_UNSUPPORTED: no HDF5
 * library; CF_E_FORMAT. */
cf_status cf_hdf5_read(const char *file, const char *const *begin, size_t limit,
                       cf_arena *arena, cf_hdf5_arrays *out, cf_error *err);

#endif
