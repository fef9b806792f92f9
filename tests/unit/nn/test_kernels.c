/* The inner loops of every set of instructions against plain ones in double precision. */
#include "nn/kernels.h"
#include "test.h"

#include <float.h>
#include <stdlib.h>

static const cf_nn_kernels *kernels;

static float *numbers(size_t n, uint64_t seed) {
    float *x = malloc(n * sizeof *x + 4); /* of just this size: reading on is seen */
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(2.0 * cf_random_unit(seed, i) - 1.0);
    return x;
}

static double element(const cf_gemm *g, size_t i, size_t j, double before) {
    double sum = g->mode == CF_GEMM_ADD    ? before
                 : g->mode == CF_GEMM_BIAS ? (double)g->bias[j]
                                           : 0.0;
    for (size_t p = 0; p < g->k; p++)
        sum += (double)g->a[i * g->row_stride + p * g->column_stride] *
               (double)g->b[p * g->ldb + j];
    return sum;
}

/* a transposed or not; rows of b and c further apart than they are long. */
static void check_gemm(size_t m, size_t n, size_t k, bool transposed, cf_gemm_mode mode) {
    const size_t ldb = n + 3, ldc = n + 2;
    float *a = numbers(m * k, 1), *b = numbers(k * ldb, 2), *c = numbers(m * ldc, 3);
    float *bias = numbers(n, 4), *before = numbers(m * ldc, 3);
    const cf_gemm g = {.m = m,
                       .n = n,
                       .k = k,
                       .a = a,
                       .row_stride = transposed ? 1 : k,
                       .column_stride = transposed ? m : 1,
                       .b = b,
                       .ldb = ldb,
                       .c = c,
                       .ldc = ldc,
                       .mode = mode,
                       .bias = mode == CF_GEMM_BIAS ? bias : NULL};
    double worst = 0.0;
    kernels->gemm(&g);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < ldc; j++) {
            const double old = (double)before[i * ldc + j];
            const double want = j < n ? element(&g, i, j, old) : old;
            worst = fmax(worst, fabs((double)c[i * ldc + j] - want));
        }
    if (!(worst <= 1e-6 * (double)(k + 10))) {
        printf("%s: %zu x %zu x %zu%s, mode %d is wrong by %g\n", kernels->name, m, n, k,
               transposed ? " transposed" : "", (int)mode, worst);
        cf_test_failures++;
    }
    free(a);
    free(b);
    free(c);
    free(bias);
    free(before);
}

static void products_of_every_shape(void) {
    static const size_t ks[] = {1, 19, 50, 300};
    for (size_t m = 1; m <= 19; m++)
        for (size_t n = 1; n <= 70; n += n < 20 ? 1 : 7)
            for (int mode = CF_GEMM_SET; mode <= CF_GEMM_ADD; mode++)
                check_gemm(m, n, ks[(m + n) % CF_COUNT(ks)], (m + n) % 2 == 1,
                           (cf_gemm_mode)mode);
    check_gemm(130, 150, 600, false, CF_GEMM_BIAS); /* columns of B copied together */
    check_gemm(130, 150, 600, true, CF_GEMM_ADD);
    check_gemm(5, 7, 0, false, CF_GEMM_BIAS);
    check_gemm(5, 7, 0, false, CF_GEMM_SET);
}

static double plain(cf_nn_activation f, double x) {
    switch (f) {
    case CF_NN_RELU: return x > 0.0 ? x : 0.0;
    case CF_NN_TANH: return tanh(x);
    case CF_NN_SIGMOID: return 1.0 / (1.0 + exp(-x));
    case CF_NN_HARD_SIGMOID: return fmin(1.0, fmax(0.0, 0.2 * x + 0.5));
    case CF_NN_LINEAR:
    case CF_NN_SOFTMAX:
    case CF_NN_ACTIVATION_COUNT: break;
    }
    return x;
}

static double plain_slope(cf_nn_activation f, double y) {
    switch (f) {
    case CF_NN_RELU: return y > 0.0;
    case CF_NN_TANH: return 1.0 - y * y;
    case CF_NN_SIGMOID: return y * (1.0 - y);
    case CF_NN_HARD_SIGMOID: return y > 0.0 && y < 1.0 ? 0.2 : 0.0;
    case CF_NN_LINEAR:
    case CF_NN_SOFTMAX:
    case CF_NN_ACTIVATION_COUNT: break;
    }
    return 1.0;
}

#define MANY 20011u

static void functions_are_close_to_the_real_ones(void) {
    float *x = malloc(MANY * sizeof *x), *y = malloc(MANY * sizeof *y);
    float *d = malloc(MANY * sizeof *d);
    for (int f = CF_NN_LINEAR; f < CF_NN_SOFTMAX; f++) {
        double worst = 0.0, worst_slope = 0.0;
        for (size_t i = 0; i < MANY; i++) { /* -100 .. 100, half of them small */
            x[i] = ((float)i / (MANY / 2) - 1.0f) * (i % 2 == 0 ? 100.0f : 1.5f);
            y[i] = x[i];
            d[i] = 2.0f;
        }
        kernels->activate((cf_nn_activation)f, y, MANY);
        kernels->activate_back((cf_nn_activation)f, d, y, MANY);
        for (size_t i = 0; i < MANY; i++) {
            const double want = plain((cf_nn_activation)f, (double)x[i]);
            worst = fmax(worst, fabs((double)y[i] - want) /
                                    fmax(fabs(want), f == CF_NN_HARD_SIGMOID ? 1.0 : 1e-6));
            worst_slope =
                fmax(worst_slope,
                     fabs((double)d[i] - 2.0 * plain_slope((cf_nn_activation)f, (double)y[i])));
        }
        if (!(worst < 1e-6 && worst_slope < 1e-6)) {
            printf("%s: %s is wrong by %g, its slope by %g\n", kernels->name,
                   cf_nn_activation_name((cf_nn_activation)f), worst, worst_slope);
            cf_test_failures++;
        }
    }
    free(x);
    free(y);
    free(d);
}

static void nan_stays_nan_and_huge_values_stay_finite(void) {
    for (int f = CF_NN_LINEAR; f < CF_NN_SOFTMAX; f++) {
        float x[19];
        for (size_t i = 0; i < 19; i++)
            x[i] = i % 2 == 0 ? (float)NAN : i % 4 == 1 ? FLT_MAX : -FLT_MAX;
        kernels->activate((cf_nn_activation)f, x, 19);
        for (size_t i = 0; i < 19; i++)
            CHECK(i % 2 == 0 ? isnan(x[i]) : isfinite(x[i]));
    }
}

static void softmax_rows_add_up_to_one(void) {
    static const size_t widths[] = {1, 2, 3, 15, 16, 17, 100, 801};
    for (size_t w = 0; w < CF_COUNT(widths); w++) {
        const size_t n = widths[w], rows = 7;
        float *x = numbers(rows * n, 9), *y = numbers(rows * n, 9);
        for (size_t i = 0; i < rows * n; i++)
            x[i] = y[i] = 40.0f * x[i] + (i < n ? 1e4f : 0.0f);
        kernels->softmax(y, rows, n);
        for (size_t r = 0; r < rows; r++) {
            double most = -1e30, sum = 0.0;
            for (size_t i = 0; i < n; i++)
                most = fmax(most, (double)x[r * n + i]);
            for (size_t i = 0; i < n; i++)
                sum += exp((double)x[r * n + i] - most);
            for (size_t i = 0; i < n; i++)
                CHECK_NEAR((double)y[r * n + i], exp((double)x[r * n + i] - most) / sum, 1e-6);
        }
        free(x);
        free(y);
    }
}

static void sums_and_steps(void) {
    for (size_t n = 1; n < 50; n += 3) {
        float *x = numbers(5 * (n + 2), 1), *sums = numbers(n, 2), *first = numbers(n, 2);
        kernels->column_sums(sums, x, n + 2, 5, n);
        for (size_t j = 0; j < n; j++) {
            double want = (double)first[j];
            for (size_t i = 0; i < 5; i++)
                want += (double)x[i * (n + 2) + j];
            CHECK_NEAR((double)sums[j], want, 2e-6);
        }
        const float before = sums[n - 1];
        kernels->add(sums, x, n);
        CHECK(sums[n - 1] == before + x[n - 1]);
        float *w = numbers(n, 3), *m = numbers(n, 4), *v = numbers(n, 5), *g = numbers(n, 6);
        float *w0 = numbers(n, 3), *m0 = numbers(n, 4), *v0 = numbers(n, 5);
        const float rates[] = {0.1f, 0.001f, 0.01f, 1e-7f};
        for (size_t j = 0; j < n; j++)
            v[j] = v0[j] = fabsf(v0[j]);
        kernels->adam(w, m, v, g, n, rates);
        for (size_t j = 0; j < n; j++) {
            const double gj = (double)g[j];
            const double mj = (double)m0[j] + (gj - (double)m0[j]) * (double)rates[0];
            const double vj = (double)v0[j] + (gj * gj - (double)v0[j]) * (double)rates[1];
            CHECK_NEAR((double)m[j], mj, 1e-6);
            CHECK_NEAR((double)v[j], vj, 1e-6);
            CHECK_NEAR((double)w[j], (double)w0[j] - (double)rates[2] * mj / (sqrt(vj) + 1e-7),
                       2e-6);
        }
        float *const all[] = {x, sums, first, w, m, v, g, w0, m0, v0};
        for (size_t i = 0; i < CF_COUNT(all); i++)
            free(all[i]);
    }
}

static void transposing_twice_changes_nothing(void) {
    for (size_t rows = 1; rows < 40; rows += 5)
        for (size_t columns = 1; columns < 40; columns += 6) {
            float *x = numbers(rows * (columns + 1), 1), *t = numbers(rows * columns, 2);
            cf_nn_transpose(t, x, columns + 1, rows, columns);
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < columns; j++)
                    CHECK(t[j * rows + i] == x[i * (columns + 1) + j]);
            free(x);
            free(t);
        }
}

int main(void) {
    for (size_t i = 0; (kernels = cf_nn_kernels_at(i)) != NULL; i++) {
        printf("%s:\n", kernels->name);
        RUN(products_of_every_shape);
        RUN(functions_are_close_to_the_real_ones);
        RUN(nan_stays_nan_and_huge_values_stay_finite);
        RUN(softmax_rows_add_up_to_one);
        RUN(sums_and_steps);
    }
    RUN(transposing_twice_changes_nothing);
    return cf_test_failures != 0;
}
