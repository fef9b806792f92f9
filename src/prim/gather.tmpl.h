/* For one width: T is the type that carries the bytes, NAME(op) the function's name. */

CF_SIMD static void NAME(take)(T *restrict out, const T *restrict x,
                               const int32_t *restrict index, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = x[index[i]];
}

CF_SIMD static void NAME(take_or_zero)(T *restrict out, const T *restrict x,
                                       const int32_t *restrict index, size_t n) {
    static const T zero;
    for (size_t i = 0; i < n; i++) {
        const T value = x[index[i] >= 0 ? index[i] : 0];
        out[i] = index[i] >= 0 ? value : zero;
    }
}

CF_SIMD static void NAME(spread)(T *restrict out, const T *restrict x,
                                 const int32_t *restrict offsets, size_t n) {
    for (size_t p = 0; p < n; p++) {
        const T value = x[p];
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            out[i] = value;
    }
}

static void NAME(merge)(T *restrict out, const void *const *restrict sources,
                        const uint8_t *restrict steps, const int32_t *restrict source,
                        const int32_t *restrict row, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const T *from = sources[source[i]];
        out[i] = from[(size_t)row[i] * steps[source[i]]];
    }
}

static void NAME(strided)(T *restrict out, const T *restrict x, size_t step, size_t count,
                          size_t n) {
    const T value = x[0];
    for (size_t i = 0; i < n; i++)
        out[i * count] = step == 0 ? value : x[i];
}

/* In blocks of rows that stay in the cache while each column fills its places. */
static void NAME(interleave)(T *restrict out, const void *const *restrict sources,
                             const uint8_t *restrict steps, size_t count, size_t n) {
    for (size_t begin = 0; begin < n; begin += 128) {
        const size_t rows = n - begin < 128 ? n - begin : 128;
        for (size_t k = 0; k < count; k++) {
            const T *x = sources[k];
            NAME(strided)
            (out + begin * count + k, x + begin * steps[k], steps[k], count, rows);
        }
    }
}

CF_SIMD static void NAME(fill)(T *restrict out, const T *restrict value, size_t n) {
    const T x = *value;
    for (size_t i = 0; i < n; i++)
        out[i] = x;
}

#undef T
#undef NAME
