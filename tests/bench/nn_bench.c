/* Speed of training, and of the products below it beside OpenBLAS:
 *
 *     tests/bench/nn.sh [threads]
 *
 * Events are random; times are the best of several epochs, after one to warm up, by the clock
 * and by the processor time of all threads (which suffers less from neighbours).  Gflop/s
 * counts products only (forward, and backward twice as much), by processor time. */
#include "nn/kernels.h"
#include "nn/nn.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double seconds(void) {
    return (double)cf_clock_cpu_ns() * 1e-9;
}

static void stop(const cf_error *err) {
    printf("%s\n", err->message);
    exit(1);
}

/* --- training -------------------------------------------------------------------------------
 */

static const cf_nn_input hlf = {"hlf", 14, false, 0}, list = {"particles", 19, true, 801};

typedef enum { PADDED, RAGGED } fill;

static cf_dataset *make_data(size_t rows, bool with_list, bool with_hlf, fill form) {
    cf_nn_input inputs[2];
    cf_dataset *d = NULL;
    cf_error err = {0};
    size_t count = 0;
    if (with_list) inputs[count++] = list;
    if (with_hlf) inputs[count++] = hlf;
    if (cf_dataset_new(inputs, count, 3, UINT64_MAX, &d, &err) != CF_OK) stop(&err);
    float *x = calloc(801 * 19, sizeof *x), y[14], target[3];
    for (size_t row = 0; row < rows; row++) {
        const uint64_t h = cf_hash_u64(row, 1);
        /* lengths as in the sample: 470 on average, 150 to 790 */
        const uint32_t length = form == PADDED ? 801 : 150 + (uint32_t)(h % 641);
        for (size_t i = 0; with_list && i < (size_t)length * 19; i++)
            x[i] = (float)cf_random_unit(row, i) - 0.5f;
        for (size_t i = 0; i < 14; i++)
            y[i] = (float)cf_random_unit(row + 1000000, i);
        memset(target, 0, sizeof target);
        target[y[0] + y[1] > 1.2f ? 0 : y[2] > 0.5f ? 1 : 2] = 1.0f;
        cf_nn_values values[2];
        count = 0;
        if (with_list) values[count++] = (cf_nn_values){x, &length};
        if (with_hlf) values[count++] = (cf_nn_values){y, NULL};
        const cf_nn_block block = {1, values, target, NULL};
        if (cf_dataset_append(d, &block, &err) != CF_OK) stop(&err);
    }
    free(x);
    if (cf_dataset_seal(d, &err) != CF_OK) stop(&err);
    return d;
}

typedef struct {
    double events_per_s, events_per_cpu_s, gflop_per_cpu_s;
    int64_t cpu_ns; /* at the end of the epoch before */
} speed;

static void note(void *user, const cf_nn_progress *p) {
    speed *best = user;
    if (!p->epoch_end) return;
    const int64_t now = cf_clock_cpu_ns();
    const double cpu = (double)(now - best->cpu_ns) * 1e-9, rows = (double)p->rows;
    best->cpu_ns = now;
    if (p->epoch == 1) return;
    best->events_per_s = fmax(best->events_per_s, p->events_per_s);
    best->events_per_cpu_s = fmax(best->events_per_cpu_s, rows / cpu);
    best->gflop_per_cpu_s =
        fmax(best->gflop_per_cpu_s, p->gflop_per_s * rows / p->events_per_s / cpu);
}

static void train(const char *name, const cf_nn_spec *spec, const cf_nn_input *inputs,
                  size_t count, const cf_dataset *d, uint32_t batch, uint32_t epochs,
                  unsigned threads) {
    cf_error err = {0};
    cf_model *m = NULL;
    speed best = {0};
    cf_train_options o = cf_train_options_default();
    o.epochs = epochs;
    o.batch = batch;
    o.threads = threads;
    o.progress = note;
    o.user = &best;
    if (cf_model_new(spec, inputs, count, 3, 1, &m, &err) != CF_OK) stop(&err);
    if (cf_model_train(m, d, NULL, &o, &err) != CF_OK) stop(&err);
    printf("%-34s %5u %12.0f %12.0f %10.1f\n", name, batch, best.events_per_s,
           best.events_per_cpu_s, best.gflop_per_cpu_s);
    (void)fflush(stdout);
    cf_model_release(m);
}

static const cf_nn_spec *inclusive(cf_arena *a, const cf_nn_spec *branch) {
    const cf_nn_spec *both[] = {cf_nn_spec_dropout(a, branch, 0.2),
                                cf_nn_spec_dropout(a, cf_nn_spec_input(a, 1), 0.2)};
    return cf_nn_spec_dense(a, cf_nn_spec_concat(a, both, 2), 25, CF_NN_RELU);
}

static void bench_lists(cf_arena *a, fill form, unsigned threads) {
    const cf_nn_input both[] = {list, hlf};
    const cf_nn_spec *x = cf_nn_spec_input(a, 0);
    const cf_nn_recurrent all = {0}, old = {.reset_before = true, .hard_sigmoid = true};
    const char *what = form == PADDED ? "padded" : "ragged";
    char name[80];
    cf_dataset *d = make_data(1024, true, false, form);
    (void)snprintf(name, sizeof name, "gru 50, %s", what);
    train(name, cf_nn_spec_gru(a, x, 50, all), both, 1, d, 128, 4, threads);
    (void)snprintf(name, sizeof name, "gru 50 reset-before, %s", what);
    train(name, cf_nn_spec_gru(a, x, 50, old), both, 1, d, 128, 4, threads);
    (void)snprintf(name, sizeof name, "lstm 50, %s", what);
    train(name, cf_nn_spec_lstm(a, x, 50, all), both, 1, d, 128, 4, threads);
    cf_dataset_release(d);
    d = make_data(1024, true, true, form);
    (void)snprintf(name, sizeof name, "inclusive gru, %s", what);
    train(name, inclusive(a, cf_nn_spec_gru(a, x, 50, all)), both, 2, d, 128, 4, threads);
    cf_dataset_release(d);
}

static void bench_transformer(cf_arena *a, unsigned threads) {
    const cf_nn_input both[] = {list, hlf};
    const cf_nn_spec *x = cf_nn_spec_attention(a, cf_nn_spec_input(a, 0), 8, 19);
    cf_dataset *d = make_data(128, true, true, PADDED);
    x = cf_nn_spec_dropout(a, cf_nn_spec_layer_norm(a, x, 1e-6), 0.2);
    x = cf_nn_spec_flatten(a, cf_nn_spec_dense(a, x, 20, CF_NN_RELU));
    x = cf_nn_spec_dense(a, x, 10, CF_NN_RELU);
    train("inclusive transformer, padded", inclusive(a, x), both, 2, d, 128, 2, threads);
    cf_dataset_release(d);
}

static void bench_training(unsigned threads) {
    const uint32_t hlf_units[] = {50, 20, 10}, wide[] = {512, 512, 512};
    cf_arena *a = cf_arena_new(1 << 14);
    printf("%-34s %5s %12s %12s %10s   (threads: %u)\n", "training", "batch", "events/s",
           "per cpu s", "Gflop/s", threads);
    cf_dataset *d = make_data(200000, false, true, PADDED);
    for (uint32_t batch = 128; batch <= 16384; batch *= 8)
        train("hlf 14-50-20-10-3", cf_nn_spec_mlp(a, NULL, hlf_units, 3), &hlf, 1, d, batch, 6,
              threads);
    train("mlp 14-512-512-512-3", cf_nn_spec_mlp(a, NULL, wide, 3), &hlf, 1, d, 1024, 2,
          threads);
    cf_dataset_release(d);
    bench_lists(a, PADDED, threads);
    bench_lists(a, RAGGED, threads);
    bench_transformer(a, threads);
    cf_arena_free(a);
}

/* --- products -------------------------------------------------------------------------------
 */

typedef void sgemm_fn(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc);

static double gflops(sgemm_fn *blas, const cf_gemm *g) {
    const double flop = 2.0 * (double)g->m * (double)g->n * (double)g->k;
    const size_t repeat = (size_t)(3e8 / flop) + 1;
    double best = 1e9;
    for (int again = 0; again < 5; again++) {
        const double begin = seconds(); /* of the processor */
        for (size_t i = 0; i < repeat; i++) {
            if (blas != NULL)
                blas(101, 111, 111, (int)g->m, (int)g->n, (int)g->k, 1.0f, g->a, (int)g->k,
                     g->b, (int)g->n, 0.0f, g->c, (int)g->n);
            else
                cf_nn_kernels_best()->gemm(g);
        }
        best = fmin(best, (seconds() - begin) / (double)repeat);
    }
    return flop / best * 1e-9;
}

static void bench_products(void) {
    static const size_t sizes[][3] = {{128, 50, 14},  {128, 20, 50},  {128, 10, 20},
                                      {128, 3, 10},   {8, 150, 50},   {8, 50, 150},
                                      {256, 150, 19}, {512, 512, 512}};
    sgemm_fn *blas = NULL;
    void *library = dlopen("libopenblas.so.0", RTLD_NOW);
    if (library == NULL)
        library =
            dlopen("/usr/lib/x86_64-linux-gnu/openblas-serial/libopenblas.so.0", RTLD_NOW);
    if (library != NULL) {
        void *found = dlsym(library, "cblas_sgemm");
        memcpy(&blas, &found, sizeof blas);
    }
    const char *core = getenv("OPENBLAS_CORETYPE");
    printf("\n%-20s %12s %12s\n", "Gflop/s of m n k", cf_nn_kernels_best()->name,
           core == NULL ? "openblas" : core);
    for (size_t i = 0; i < CF_COUNT(sizes); i++) {
        const size_t m = sizes[i][0], n = sizes[i][1], k = sizes[i][2];
        float *a = calloc(m * k, sizeof *a), *b = calloc(k * n, sizeof *b);
        float *c = calloc(m * n, sizeof *c);
        const cf_gemm g = {.m = m,
                           .n = n,
                           .k = k,
                           .a = a,
                           .row_stride = k,
                           .column_stride = 1,
                           .b = b,
                           .ldb = n,
                           .c = c,
                           .ldc = n,
                           .mode = CF_GEMM_SET};
        printf("%5zu %5zu %5zu    %12.1f %12.1f\n", m, n, k, gflops(NULL, &g),
               blas == NULL ? (double)NAN : gflops(blas, &g));
        free(a);
        free(b);
        free(c);
    }
}

int main(int argc, char **argv) {
    bench_training(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1);
    bench_products();
    return 0;
}
