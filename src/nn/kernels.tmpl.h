/* The kernels over a vector type; no guard: every kernels_<set>.c includes it once, after it
 * has defined vf (a vector of LANES floats), vi (as many ints), vmask and the operations. */

#include <float.h>

#define INLINE static inline __attribute__((always_inline))

/* --- products -------------------------------------------------------------------------------
 *
 * C is cut into tiles of up to TILE_ROWS rows and TILE_VECTORS vectors, whose sums stay in
 * registers while k runs.  B's columns of a tile are read in place while they fit the cache
 * well, else copied side by side first (PANEL_ROWS rows at once). */

#define PANEL_ROWS 256

typedef struct {
    size_t k;
    const float *a;
    size_t row_stride, column_stride;
    const float *b;
    size_t ldb;
    float *c;
    size_t ldc;
    vmask last; /* lanes of the last vector that are columns */
    cf_gemm_mode mode;
    const float *bias;
} tile_place;

/* Without it the sums of a tile would live in memory. */
#define UNROLL _Pragma("GCC unroll 8")

INLINE void tile(const tile_place *t, const int rows, const int vectors) {
    vf sum[TILE_ROWS][TILE_VECTORS];
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
    for (int j = 0; j < vectors; j++) {
        const float *from = t->mode == CF_GEMM_BIAS ? t->bias + j * LANES
                                                    : t->c + (size_t)i * t->ldc + j * LANES;
        sum[i][j] = t->mode == CF_GEMM_SET ? vset(0.0f)
                    : j == vectors - 1     ? vload_some(from, t->last)
                                           : vload(from);
    }
    const float *a = t->a, *b = t->b;
    const size_t row_stride = t->row_stride, column_stride = t->column_stride, ldb = t->ldb;
    const vmask last = t->last;
    for (size_t p = 0; p < t->k; p++) {
        vf column[TILE_VECTORS];
        UNROLL
        for (int j = 0; j < vectors - 1; j++)
            column[j] = vload(b + j * LANES);
        column[vectors - 1] = vload_some(b + (vectors - 1) * LANES, last);
        UNROLL
        for (int i = 0; i < rows; i++) {
            const vf x = vset(a[(size_t)i * row_stride]);
            UNROLL
            for (int j = 0; j < vectors; j++)
                sum[i][j] = vfma(x, column[j], sum[i][j]);
        }
        a += column_stride;
        b += ldb;
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        float *to = t->c + (size_t)i * t->ldc;
        UNROLL
        for (int j = 0; j < vectors - 1; j++)
            vstore(to + j * LANES, sum[i][j]);
        vstore_some(to + (vectors - 1) * LANES, last, sum[i][vectors - 1]);
    }
}

#define TILE(r, v)                                    \
    static void tile_##r##_##v(const tile_place *t) { \
        tile(t, r, v);                                \
    }
#if TILE_VECTORS == 3
#define TILES(r) TILE(r, 1) TILE(r, 2) TILE(r, 3)
#define NAMES(r) \
    { tile_##r##_1, tile_##r##_2, tile_##r##_3 }
#else
#define TILES(r) TILE(r, 1) TILE(r, 2)
#define NAMES(r) \
    { tile_##r##_1, tile_##r##_2 }
#endif

TILES(1)
TILES(2)
TILES(3)
TILES(4)
#if TILE_ROWS > 4
TILES(5)
TILES(6)
#endif
#if TILE_ROWS > 6
TILES(7)
TILES(8)
#endif

typedef void tile_fn(const tile_place *t);
static tile_fn *const tiles[TILE_ROWS][TILE_VECTORS] = {
    NAMES(1), NAMES(2), NAMES(3), NAMES(4),
#if TILE_ROWS > 4
    NAMES(5), NAMES(6),
#endif
#if TILE_ROWS > 6
    NAMES(7), NAMES(8),
#endif
};

/* One column of tiles. */
static void tile_column(tile_place t, size_t m, size_t vectors) {
    const size_t row_stride = t.row_stride;
    for (size_t i = 0; i < m;) {
        const size_t rows = m - i < TILE_ROWS ? m - i : TILE_ROWS;
        tiles[rows - 1][vectors - 1](&t);
        t.a += rows * row_stride;
        t.c += rows * t.ldc;
        i += rows;
    }
}

/* rows of B's next columns behind each other, the last vector filled up with 0 */
static void copy_panel(float *to, const tile_place *t, size_t vectors) {
    const float *b = t->b;
    for (size_t p = 0; p < t->k; p++, b += t->ldb, to += vectors * LANES) {
        for (size_t j = 0; j + 1 < vectors; j++)
            vstore(to + j * LANES, vload(b + j * LANES));
        vstore(to + (vectors - 1) * LANES, vload_some(b + (vectors - 1) * LANES, t->last));
    }
}

/* The next column of tiles: three vectors, or two where that leaves no single one. */
static size_t vectors_of(size_t left) {
    if (left == TILE_VECTORS + 1) return (left + 1) / 2;
    return left < TILE_VECTORS ? left : TILE_VECTORS;
}

static void gemm_part(const cf_gemm *g, size_t k0, size_t k1) {
    float panel[PANEL_ROWS * TILE_VECTORS * LANES];
    const bool copies = g->m >= 8 * TILE_ROWS && (k1 - k0) * g->ldb > 8192;
    for (size_t j = 0; j < g->n;) {
        const size_t left = g->n - j, vectors = vectors_of((left + LANES - 1) / LANES);
        const size_t columns = left < vectors * LANES ? left : vectors * LANES;
        tile_place t = {.k = k1 - k0,
                        .a = g->a + k0 * g->column_stride,
                        .row_stride = g->row_stride,
                        .column_stride = g->column_stride,
                        .b = g->b + k0 * g->ldb + j,
                        .ldb = g->ldb,
                        .c = g->c + j,
                        .ldc = g->ldc,
                        .last = vmask_of(columns - (vectors - 1) * LANES),
                        .mode = k0 == 0 ? g->mode : CF_GEMM_ADD,
                        .bias = g->bias == NULL ? NULL : g->bias + j};
        if (copies) {
            copy_panel(panel, &t, vectors);
            t.b = panel;
            t.ldb = vectors * LANES;
        }
        tile_column(t, g->m, vectors);
        j += columns;
    }
}

static void gemm(const cf_gemm *g) {
    for (size_t k = 0; k == 0 || k < g->k; k += PANEL_ROWS)
        gemm_part(g, k, g->k - k < PANEL_ROWS ? g->k : k + PANEL_ROWS);
}

/* --- functions ------------------------------------------------------------------------------
 */

/* e^x within 2e-7 of its value: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial in r times
 * 2^n.  Below -87.3 it is 1.2e-38, above 88 1.7e38. */
INLINE vf vexp(vf x) {
    x = vmin(vset(88.02f), vmax(vset(-87.33f), x)); /* in this order NaN stays NaN */
    const vf n = vround(x * vset(1.44269504f));
    vf r = vfma(n, vset(-0.693359375f), x);
    r = vfma(n, vset(2.12194440e-4f), r);
    vf p = vset(1.9875691500e-4f);
    p = vfma(p, r, vset(1.3981999507e-3f));
    p = vfma(p, r, vset(8.3334519073e-3f));
    p = vfma(p, r, vset(4.1665795894e-2f));
    p = vfma(p, r, vset(1.6666665459e-1f));
    p = vfma(p, r, vset(5.0000001201e-1f));
    p = vfma(p, r * r, r + vset(1.0f));
    const vi power = (__builtin_convertvector(n, vi) + 127) << 23;
    return p * (vf)power;
}

INLINE vf vsigmoid(vf x) {
    return vset(1.0f) / (vset(1.0f) + vexp(vset(0.0f) - x));
}

INLINE vf vhard(vf x) {
    return vmin(vset(1.0f), vmax(vset(0.0f), vfma(vset(0.2f), x, vset(0.5f))));
}

/* Near 0 an odd polynomial, which keeps the relative precision; else 1 - 2 / (e^2x + 1). */
INLINE vf vtanh(vf x) {
    const vf s = x * x, magnitude = vmax(x, vset(0.0f) - x);
    vf p = vset(-5.70498872745e-3f);
    p = vfma(p, s, vset(2.06390887954e-2f));
    p = vfma(p, s, vset(-5.37397155531e-2f));
    p = vfma(p, s, vset(1.33314422036e-1f));
    p = vfma(p, s, vset(-3.33332819422e-1f));
    p = vfma(p * s, x, x);
    const vf e = vexp(x + x);
    const vf q = vset(1.0f) - vset(2.0f) / (e + vset(1.0f));
    return vless(magnitude, vset(0.625f), p, q);
}

INLINE vf value_of(const cf_nn_activation f, vf x) {
    if (f == CF_NN_RELU) return vmax(vset(0.0f), x);
    if (f == CF_NN_TANH) return vtanh(x);
    if (f == CF_NN_SIGMOID) return vsigmoid(x);
    return f == CF_NN_HARD_SIGMOID ? vhard(x) : x;
}

/* f' from y = f(x) */
INLINE vf slope_of(const cf_nn_activation f, vf y) {
    const vf zero = vset(0.0f), one = vset(1.0f);
    if (f == CF_NN_RELU) return vless(zero, y, one, zero);
    if (f == CF_NN_TANH) return one - y * y;
    if (f == CF_NN_SIGMOID) return y * (one - y);
    if (f == CF_NN_HARD_SIGMOID) return vless(zero, y, vless(y, one, vset(0.2f), zero), zero);
    return one;
}

INLINE void activate_as(const cf_nn_activation f, float *x, size_t n) {
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        vstore(x + i, value_of(f, vload(x + i)));
    if (i == n) return;
    const vmask rest = vmask_of(n - i);
    vstore_some(x + i, rest, value_of(f, vload_some(x + i, rest)));
}

INLINE void activate_back_as(const cf_nn_activation f, float *dy, const float *y, size_t n) {
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        vstore(dy + i, vload(dy + i) * slope_of(f, vload(y + i)));
    if (i == n) return;
    const vmask rest = vmask_of(n - i);
    vstore_some(dy + i, rest, vload_some(dy + i, rest) * slope_of(f, vload_some(y + i, rest)));
}

static void activate(cf_nn_activation f, float *x, size_t n) {
    switch (f) {
    case CF_NN_RELU: activate_as(CF_NN_RELU, x, n); break;
    case CF_NN_TANH: activate_as(CF_NN_TANH, x, n); break;
    case CF_NN_SIGMOID: activate_as(CF_NN_SIGMOID, x, n); break;
    case CF_NN_HARD_SIGMOID: activate_as(CF_NN_HARD_SIGMOID, x, n); break;
    case CF_NN_LINEAR:
    case CF_NN_SOFTMAX:
    case CF_NN_ACTIVATION_COUNT: break;
    }
}

static void activate_back(cf_nn_activation f, float *dy, const float *y, size_t n) {
    switch (f) {
    case CF_NN_RELU: activate_back_as(CF_NN_RELU, dy, y, n); break;
    case CF_NN_TANH: activate_back_as(CF_NN_TANH, dy, y, n); break;
    case CF_NN_SIGMOID: activate_back_as(CF_NN_SIGMOID, dy, y, n); break;
    case CF_NN_HARD_SIGMOID: activate_back_as(CF_NN_HARD_SIGMOID, dy, y, n); break;
    case CF_NN_LINEAR:
    case CF_NN_SOFTMAX:
    case CF_NN_ACTIVATION_COUNT: break;
    }
}

static void exp_all(float *x, size_t n) {
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        vstore(x + i, vexp(vload(x + i)));
    if (i == n) return;
    const vmask rest = vmask_of(n - i);
    vstore_some(x + i, rest, vexp(vload_some(x + i, rest)));
}

static float largest_of(const float *x, size_t n) {
    size_t i = 0;
    float most = x[0];
    if (n >= LANES) {
        vf top = vload(x);
        for (i = LANES; n - i >= LANES; i += LANES)
            top = vmax(top, vload(x + i));
        for (int lane = 0; lane < LANES; lane++)
            most = most < top[lane] ? top[lane] : most;
    }
    for (; i < n; i++)
        most = most < x[i] ? x[i] : most;
    return most;
}

static float sum_of(const float *x, size_t n) {
    size_t i = 0;
    float total = 0.0f;
    if (n >= LANES) {
        vf sums = vload(x);
        for (i = LANES; n - i >= LANES; i += LANES)
            sums = sums + vload(x + i);
        for (int lane = 0; lane < LANES; lane++)
            total += sums[lane];
    }
    for (; i < n; i++)
        total += x[i];
    return total;
}

/* Rows are narrow more often than not, so the exponentials of all rows are one pass. */
static void softmax(float *x, size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i++) {
        float *row = x + i * columns;
        const float most = largest_of(row, columns);
        for (size_t j = 0; j < columns; j++)
            row[j] -= most;
    }
    exp_all(x, rows * columns);
    for (size_t i = 0; i < rows; i++) {
        float *row = x + i * columns;
        const float scale = 1.0f / sum_of(row, columns);
        for (size_t j = 0; j < columns; j++)
            row[j] *= scale;
    }
}

static void column_sums(float *sums, const float *x, size_t ldx, size_t rows, size_t columns) {
    size_t j = 0;
    for (; j < columns; j += LANES) {
        const vmask some = vmask_of(columns - j < LANES ? columns - j : LANES);
        vf sum = vload_some(sums + j, some);
        for (size_t i = 0; i < rows; i++)
            sum = sum + vload_some(x + i * ldx + j, some);
        vstore_some(sums + j, some, sum);
    }
}

static void add(float *sum, const float *x, size_t n) {
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        vstore(sum + i, vload(sum + i) + vload(x + i));
    for (; i < n; i++)
        sum[i] += x[i];
}

static void adam(float *w, float *m, float *v, const float *g, size_t n, const float rates[4]) {
    const vf c1 = vset(rates[0]), c2 = vset(rates[1]), lr = vset(rates[2]),
             eps = vset(rates[3]);
    for (size_t i = 0; i < n; i += LANES) {
        const vmask some = vmask_of(n - i < LANES ? n - i : LANES);
        const vf grad = vload_some(g + i, some);
        const vf m0 = vload_some(m + i, some), v0 = vload_some(v + i, some);
        const vf m1 = vfma(grad - m0, c1, m0),
                 v1 = vfma(vfma(grad, grad, vset(0.0f) - v0), c2, v0);
        vstore_some(m + i, some, m1);
        vstore_some(v + i, some, v1);
        vstore_some(w + i, some, vload_some(w + i, some) - lr * m1 / (vsqrt(v1) + eps));
    }
}

/* --- recurrent cells ------------------------------------------------------------------------
 *
 * One pass over the units of every row.  EACH_VECTOR gives the names `j` (first unit of the
 * vector) and `some` (its lanes). */

#define EACH_ROW(cell) for (size_t row = 0; row < (cell)->rows; row++)
#define EACH_VECTOR(u)                                                            \
    for (size_t j = 0; j < (u); j += LANES)                                       \
        for (vmask some = vmask_of((u)-j < LANES ? (u)-j : LANES), *once = &some; \
             once != NULL; once = NULL)

INLINE void gru_after_as(const cf_cell *s, const cf_nn_activation gate) {
    const size_t u = s->units;
    EACH_ROW(s) {
        float *z = s->gates + row * 3 * u, *r = z + u, *g = r + u;
        const float *sums = s->sums + row * 3 * u, *before = s->before + row * u;
        float *h = s->h + row * u, *reset = s->reset + row * u;
        EACH_VECTOR(u) {
            const vf zs = vload_some(z + j, some) + vload_some(sums + j, some);
            const vf rs = vload_some(r + j, some) + vload_some(sums + u + j, some);
            const vf q = vload_some(sums + 2 * u + j, some);
            const vf zv = value_of(gate, zs), rv = value_of(gate, rs);
            const vf gv = vtanh(vfma(rv, q, vload_some(g + j, some)));
            vstore_some(reset + j, some, q);
            vstore_some(z + j, some, zv);
            vstore_some(r + j, some, rv);
            vstore_some(g + j, some, gv);
            vstore_some(h + j, some, vfma(zv, vload_some(before + j, some) - gv, gv));
        }
    }
}

INLINE void gru_after_back_as(const cf_cell *s, const cf_nn_activation gate) {
    const size_t u = s->units;
    const vf one = vset(1.0f);
    EACH_ROW(s) {
        float *z = s->gates + row * 3 * u, *r = z + u, *g = r + u;
        float *sums = s->sums + row * 3 * u, *dh = s->dh + row * u;
        const float *before = s->before + row * u, *q = s->reset + row * u;
        EACH_VECTOR(u) {
            const vf d = vload_some(dh + j, some), zv = vload_some(z + j, some);
            const vf rv = vload_some(r + j, some), gv = vload_some(g + j, some);
            const vf dz = d * (vload_some(before + j, some) - gv) * slope_of(gate, zv);
            const vf dg = d * (one - zv) * (one - gv * gv);
            const vf dr = dg * vload_some(q + j, some) * slope_of(gate, rv);
            vstore_some(z + j, some, dz);
            vstore_some(r + j, some, dr);
            vstore_some(g + j, some, dg);
            vstore_some(sums + j, some, dz);
            vstore_some(sums + u + j, some, dr);
            vstore_some(sums + 2 * u + j, some, dg * rv);
            vstore_some(dh + j, some, d * zv);
        }
    }
}

INLINE void gru_before_1_as(const cf_cell *s, const cf_nn_activation gate) {
    const size_t u = s->units;
    EACH_ROW(s) {
        float *z = s->gates + row * 3 * u, *r = z + u;
        float *rh = s->reset + row * u;
        const float *before = s->before + row * u;
        EACH_VECTOR(u) {
            const vf rv = value_of(gate, vload_some(r + j, some));
            vstore_some(z + j, some, value_of(gate, vload_some(z + j, some)));
            vstore_some(r + j, some, rv);
            vstore_some(rh + j, some, rv * vload_some(before + j, some));
        }
    }
}

static void gru_before_2(const cf_cell *s) {
    const size_t u = s->units;
    EACH_ROW(s) {
        float *z = s->gates + row * 3 * u, *g = z + 2 * u, *h = s->h + row * u;
        const float *before = s->before + row * u;
        EACH_VECTOR(u) {
            const vf gv = vtanh(vload_some(g + j, some));
            vstore_some(g + j, some, gv);
            vstore_some(h + j, some,
                        vfma(vload_some(z + j, some), vload_some(before + j, some) - gv, gv));
        }
    }
}

INLINE void gru_before_back_1_as(const cf_cell *s, const cf_nn_activation gate) {
    const size_t u = s->units;
    const vf one = vset(1.0f);
    EACH_ROW(s) {
        float *z = s->gates + row * 3 * u, *g = z + 2 * u, *dh = s->dh + row * u;
        const float *before = s->before + row * u;
        EACH_VECTOR(u) {
            const vf d = vload_some(dh + j, some), zv = vload_some(z + j, some);
            const vf gv = vload_some(g + j, some);
            vstore_some(z + j, some,
                        d * (vload_some(before + j, some) - gv) * slope_of(gate, zv));
            vstore_some(g + j, some, d * (one - zv) * (one - gv * gv));
            vstore_some(dh + j, some, d * zv);
        }
    }
}

INLINE void gru_before_back_2_as(const cf_cell *s, const cf_nn_activation gate) {
    const size_t u = s->units;
    EACH_ROW(s) {
        float *r = s->gates + row * 3 * u + u, *dh = s->dh + row * u;
        const float *drh = s->reset + row * u, *before = s->before + row * u;
        EACH_VECTOR(u) {
            const vf rv = vload_some(r + j, some), d = vload_some(drh + j, some);
            vstore_some(dh + j, some, vfma(d, rv, vload_some(dh + j, some)));
            vstore_some(r + j, some, d * vload_some(before + j, some) * slope_of(gate, rv));
        }
    }
}

INLINE void lstm_as(const cf_cell *s, const cf_nn_activation gate) {
    const size_t u = s->units;
    EACH_ROW(s) {
        float *i = s->gates + row * 4 * u, *f = i + u, *g = f + u, *o = g + u;
        float *h = s->h + row * u, *c = s->c + row * u;
        const float *before = s->c_before + row * u;
        EACH_VECTOR(u) {
            const vf iv = value_of(gate, vload_some(i + j, some));
            const vf fv = value_of(gate, vload_some(f + j, some));
            const vf gv = vtanh(vload_some(g + j, some));
            const vf ov = value_of(gate, vload_some(o + j, some));
            const vf cv = vfma(fv, vload_some(before + j, some), iv * gv);
            vstore_some(i + j, some, iv);
            vstore_some(f + j, some, fv);
            vstore_some(g + j, some, gv);
            vstore_some(o + j, some, ov);
            vstore_some(c + j, some, cv);
            vstore_some(h + j, some, ov * vtanh(cv));
        }
    }
}

INLINE void lstm_back_as(const cf_cell *s, const cf_nn_activation gate) {
    const size_t u = s->units;
    const vf one = vset(1.0f);
    EACH_ROW(s) {
        float *i = s->gates + row * 4 * u, *f = i + u, *g = f + u, *o = g + u;
        float *dh = s->dh + row * u, *dc = s->dc + row * u;
        const float *before = s->c_before + row * u;
        EACH_VECTOR(u) {
            const vf iv = vload_some(i + j, some), fv = vload_some(f + j, some);
            const vf gv = vload_some(g + j, some), ov = vload_some(o + j, some);
            const vf cb = vload_some(before + j, some), d = vload_some(dh + j, some);
            const vf tc = vtanh(vfma(fv, cb, iv * gv));
            const vf dcv = vfma(d * ov, one - tc * tc, vload_some(dc + j, some));
            vstore_some(i + j, some, dcv * gv * slope_of(gate, iv));
            vstore_some(f + j, some, dcv * cb * slope_of(gate, fv));
            vstore_some(g + j, some, dcv * iv * (one - gv * gv));
            vstore_some(o + j, some, d * tc * slope_of(gate, ov));
            vstore_some(dc + j, some, dcv * fv);
        }
    }
}

/* A function for each of the two gates' functions. */
#define BOTH_GATES(name)                      \
    static void name(const cf_cell *s) {      \
        if (s->hard)                          \
            name##_as(s, CF_NN_HARD_SIGMOID); \
        else                                  \
            name##_as(s, CF_NN_SIGMOID);      \
    }
BOTH_GATES(gru_after)
BOTH_GATES(gru_after_back)
BOTH_GATES(gru_before_1)
BOTH_GATES(gru_before_back_1)
BOTH_GATES(gru_before_back_2)
BOTH_GATES(lstm)
BOTH_GATES(lstm_back)

const cf_nn_kernels KERNELS = {
    .name = KERNEL_NAME,
    .gemm = gemm,
    .activate = activate,
    .activate_back = activate_back,
    .softmax = softmax,
    .column_sums = column_sums,
    .gru_after = gru_after,
    .gru_after_back = gru_after_back,
    .gru_before_1 = gru_before_1,
    .gru_before_2 = gru_before_2,
    .gru_before_back_1 = gru_before_back_1,
    .gru_before_back_2 = gru_before_back_2,
    .lstm = lstm,
    .lstm_back = lstm_back,
    .adam = adam,
    .add = add,
};
