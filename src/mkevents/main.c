/* cutflow-mkevents: events of one class into a ROOT or Parquet file.  Threads make them in
 * batches, this one writes them in order. */

#include "io/open.h"
#include "mkevents/batch.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 256, MAKERS_MAX = 16 };

static const char usage[] =
    "usage: cutflow-mkevents --events N [--seed S] [--class qcd|ttbar|wjets]\n"
    "                        [--compression WORD] [--threads N] -o FILE.root|FILE.parquet\n"
    "\n"
    "Made-up collision events in Delphes' layout; event i is the same whatever N is.\n"
    "WORD: zstd, lz4, zlib or none (Parquet: zstd, snappy or none).\n";

typedef struct {
    int64_t events;
    uint64_t seed;
    cf_mk_class class;
    const char *compression, *path;
    unsigned threads;
} options;

/* --- makers: each has one batch ready --- */

typedef struct {
    pthread_t thread;
    struct crew *crew;
    unsigned number;
    cf_table *ready; /* NULL: none, unless `failed` */
    bool failed;
} maker;

typedef struct crew {
    const cf_mk_model *model;
    const cf_type *schema;
    int64_t events;
    unsigned count, started;
    bool stop;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    maker makers[MAKERS_MAX];
} crew;

static int64_t batch_count(const crew *c) {
    return (c->events + BATCH - 1) / BATCH;
}

static int64_t batch_size(const crew *c, int64_t batch) {
    const int64_t left = c->events - batch * BATCH;
    return left < BATCH ? left : BATCH;
}

/* Hands a batch over as soon as the one before is taken; false: nobody wants more. */
static bool hand_over(maker *m, cf_table *table) {
    crew *c = m->crew;
    (void)pthread_mutex_lock(&c->lock);
    while (m->ready != NULL && !c->stop)
        (void)pthread_cond_wait(&c->changed, &c->lock);
    const bool stop = c->stop;
    if (!stop) {
        m->ready = table;
        m->failed = table == NULL;
    }
    (void)pthread_cond_broadcast(&c->changed);
    (void)pthread_mutex_unlock(&c->lock);
    if (stop) cf_column_release(table);
    return !stop && table != NULL;
}

static void *make(void *user) {
    maker *m = user;
    const crew *c = m->crew;
    for (int64_t batch = m->number; batch < batch_count(c); batch += c->count) {
        cf_table *table =
            cf_mk_batch(c->model, c->schema, (uint64_t)(batch * BATCH), batch_size(c, batch));
        if (!hand_over(m, table)) break;
    }
    return NULL;
}

static cf_table *take(crew *c, int64_t batch) {
    maker *m = &c->makers[batch % c->count];
    (void)pthread_mutex_lock(&c->lock);
    while (m->ready == NULL && !m->failed)
        (void)pthread_cond_wait(&c->changed, &c->lock);
    cf_table *table = m->ready;
    m->ready = NULL;
    (void)pthread_cond_broadcast(&c->changed);
    (void)pthread_mutex_unlock(&c->lock);
    return table;
}

static cf_status crew_start(crew *c, cf_error *err) {
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->changed, NULL);
    for (; c->started < c->count; c->started++) {
        maker *m = &c->makers[c->started];
        *m = (maker){.crew = c, .number = c->started};
        if (pthread_create(&m->thread, NULL, make, m) != 0)
            return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "only %u threads can be started",
                           c->started);
    }
    return CF_OK;
}

static void crew_stop(crew *c) {
    (void)pthread_mutex_lock(&c->lock);
    c->stop = true;
    (void)pthread_cond_broadcast(&c->changed);
    (void)pthread_mutex_unlock(&c->lock);
    for (unsigned i = 0; i < c->started; i++) {
        (void)pthread_join(c->makers[i].thread, NULL);
        cf_column_release(c->makers[i].ready);
    }
    (void)pthread_mutex_destroy(&c->lock);
    (void)pthread_cond_destroy(&c->changed);
}

/* --- the file --- */

static cf_status write_all(crew *c, cf_writer *w, cf_error *err) {
    for (int64_t batch = 0; batch < batch_count(c); batch++) {
        cf_table *table = take(c, batch);
        if (table == NULL)
            return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the events");
        const cf_status status = cf_writer_add(w, table, err);
        cf_column_release(table);
        CF_TRY(status);
    }
    return CF_OK;
}

static cf_status write_file(const options *o, crew *c, int64_t *bytes, cf_error *err) {
    const char *suffix = strrchr(o->path, '.');
    const bool root = suffix != NULL && strcmp(suffix, ".root") == 0;
    const cf_save_options how = {.tree = root ? "Delphes" : NULL,
                                 .layout = root ? "delphes" : NULL,
                                 .compression = o->compression};
    cf_writer *w = NULL;
    CF_TRY(cf_writer_open_with(o->path, NULL, &how, c->schema, &w, err));
    cf_status status = crew_start(c, err);
    if (status == CF_OK) status = write_all(c, w, err);
    crew_stop(c);
    if (status == CF_OK) return cf_writer_finish(w, bytes, err);
    cf_writer_abandon(w);
    return status;
}

static int run(const options *o) {
    cf_error err = {.status = CF_OK};
    int64_t bytes = 0;
    cf_arena *arena = cf_arena_new((size_t)16 << 10);
    cf_mk_model *model = cf_mk_model_new(o->class, o->seed);
    crew *c = calloc(1, sizeof *c);
    cf_status status = CF_E_MEMORY;
    if (arena != NULL && model != NULL && c != NULL) {
        c->model = model;
        c->schema = cf_mk_schema(arena);
        c->events = o->events;
        c->count = o->threads;
        status = write_file(o, c, &bytes, &err);
    } else {
        status = cf_fail(&err, CF_E_MEMORY, CF_NOWHERE, "not enough memory");
    }
    free(c);
    cf_mk_model_free(model);
    cf_arena_free(arena);
    if (status == CF_OK) {
        printf("%lld %s events, %lld bytes: %s\n", (long long)o->events,
               cf_mk_class_word(o->class), (long long)bytes, o->path);
        return 0;
    }
    (void)fprintf(stderr, "cutflow-mkevents: %s\n", err.message);
    if (err.hint[0] != '\0') (void)fprintf(stderr, "help: %s\n", err.hint);
    return 1;
}

/* --- options --- */

static bool number_of(const char *text, uint64_t most, uint64_t *out) {
    char *end = NULL;
    errno = 0;
    const unsigned long long x = strtoull(text, &end, 10);
    *out = x;
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && x <= most;
}

static bool class_of(const char *text, cf_mk_class *out) {
    for (int i = 0; i < CF_MK_CLASSES; i++)
        if (strcmp(text, cf_mk_class_word((cf_mk_class)i)) == 0) {
            *out = (cf_mk_class)i;
            return true;
        }
    return false;
}

static bool take_option(options *o, const char *name, const char *value) {
    uint64_t x = 0;
    if (strcmp(name, "--events") == 0) {
        const bool good = number_of(value, INT64_MAX / BATCH, &x);
        o->events = (int64_t)x;
        return good;
    }
    if (strcmp(name, "--seed") == 0) return number_of(value, UINT64_MAX, &o->seed);
    if (strcmp(name, "--class") == 0) return class_of(value, &o->class);
    if (strcmp(name, "--threads") == 0) {
        const bool good = number_of(value, MAKERS_MAX, &x) && x > 0;
        o->threads = (unsigned)x;
        return good;
    }
    if (strcmp(name, "--compression") == 0)
        o->compression = value;
    else if (strcmp(name, "-o") == 0)
        o->path = value;
    else
        return false;
    return true;
}

static unsigned usual_threads(void) {
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > 4 ? 4 : (unsigned)cores;
}

int main(int argc, char **argv) {
    options o = {.events = -1, .seed = 1, .threads = usual_threads()};
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        (void)fputs(usage, stdout);
        return 0;
    }
    bool good = true;
    for (int i = 1; i < argc && good; i += 2)
        good = i + 1 < argc && take_option(&o, argv[i], argv[i + 1]);
    if (good && o.events >= 0 && o.path != NULL) return run(&o);
    (void)fputs(usage, stderr);
    return 2;
}
