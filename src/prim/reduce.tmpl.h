/* The best row of each list.  T: the type; NAME(op); BETTER: `<` or `>`; WORST: what nothing is
 * worse than. */

static void NAME(best_valid)(int32_t *restrict out, const T *restrict x,
                             const uint8_t *restrict valid, const int32_t *restrict offsets,
                             size_t lists) {
    for (size_t p = 0; p < lists; p++) {
        int32_t row = -1;
        T best = WORST;
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++) {
            const bool take = valid[i] & ((x[i] BETTER best) | ((row < 0) & (x[i] == best)));
            best = take ? x[i] : best;
            row = take ? i : row;
        }
        out[p] = row >= 0 ? row : first_valid(valid, offsets[p], offsets[p + 1]);
    }
}

static void NAME(best)(int32_t *restrict out, const T *restrict x,
                       const int32_t *restrict offsets, size_t lists) {
    for (size_t p = 0; p < lists; p++) {
        int32_t row = -1;
        T best = WORST;
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++) {
            const bool take = (x[i] BETTER best) | ((row < 0) & (x[i] == best));
            best = take ? x[i] : best;
            row = take ? i : row;
        }
        out[p] = row >= 0 ? row : first_valid(NULL, offsets[p], offsets[p + 1]);
    }
}

#undef T
#undef NAME
#undef BETTER
#undef WORST
