/* Buffers for pages.  Fresh memory of the size of a page costs page faults, more than decoding
 * does, so used buffers go to the cursor's list, and from there to the source's pool. */

#include "io/parquet_stream.h"

#include <stdlib.h>

enum {
    SPARE_MAX = 4, /* unused buffers that a cursor keeps */
    POOL_MAX = 256 /* that a source keeps */
};

#define POOL_BYTES_MAX ((size_t)128 << 20)

static void bytes_free(cf_pq_bytes *b) {
    free(b->data);
    free(b);
}

/* The smallest buffer of the list that is large enough, taken out of it. */
static cf_pq_bytes *take_spare(cf_pq_bytes **list, size_t size) {
    cf_pq_bytes **best = NULL;
    for (cf_pq_bytes **at = list; *at != NULL; at = &(*at)->next) {
        if ((*at)->capacity >= size && (best == NULL || (*at)->capacity < (*best)->capacity))
            best = at;
    }
    if (best == NULL) return NULL;
    cf_pq_bytes *b = *best;
    *best = b->next;
    b->next = NULL;
    b->refs = 1;
    return b;
}

static cf_pq_bytes *take_pooled(cf_pq_pool *pool, size_t size) {
    (void)pthread_mutex_lock(&pool->lock);
    cf_pq_bytes *b = take_spare(&pool->spare, size);
    if (b != NULL) {
        pool->count--;
        pool->bytes -= b->capacity;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return b;
}

static cf_pq_bytes *bytes_new(size_t size) {
    cf_pq_bytes *b = calloc(1, sizeof *b);
    if (b == NULL || size > SIZE_MAX / 2) {
        free(b);
        return NULL;
    }
    /* A little more than asked for, so that the next page fits too. */
    b->capacity = size < (size_t)16 << 20 ? size + size / 8 : size;
    b->refs = 1;
    b->data = malloc(b->capacity + CF_PQ_SLACK);
    if (b->data != NULL) return b;
    free(b);
    return NULL;
}

cf_pq_bytes *cf_pq_bytes_get(cf_pq_shared *shared, size_t size) {
    cf_pq_bytes *b = take_spare(&shared->spare, size);
    if (b != NULL) {
        shared->spare_count--;
        return b;
    }
    b = take_pooled(shared->pool, size);
    return b != NULL ? b : bytes_new(size);
}

static void give_pooled(cf_pq_pool *pool, cf_pq_bytes *b) {
    (void)pthread_mutex_lock(&pool->lock);
    const bool room = pool->count < POOL_MAX && b->capacity <= POOL_BYTES_MAX - pool->bytes;
    if (room) {
        b->next = pool->spare;
        pool->spare = b;
        pool->count++;
        pool->bytes += b->capacity;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    if (!room) bytes_free(b);
}

void cf_pq_bytes_put(cf_pq_shared *shared, cf_pq_bytes *bytes) {
    if (bytes == NULL || --bytes->refs > 0) return;
    if (shared->spare_count >= SPARE_MAX) {
        give_pooled(shared->pool, bytes);
        return;
    }
    bytes->next = shared->spare;
    shared->spare = bytes;
    shared->spare_count++;
}

void cf_pq_shared_clear(cf_pq_shared *shared) {
    while (shared->spare != NULL) {
        cf_pq_bytes *b = shared->spare;
        shared->spare = b->next;
        give_pooled(shared->pool, b);
    }
    shared->spare_count = 0;
}

void cf_pq_pool_init(cf_pq_pool *pool) {
    *pool = (cf_pq_pool){.spare = NULL};
    (void)pthread_mutex_init(&pool->lock, NULL);
}

void cf_pq_pool_clear(cf_pq_pool *pool) {
    while (pool->spare != NULL) {
        cf_pq_bytes *next = pool->spare->next;
        bytes_free(pool->spare);
        pool->spare = next;
    }
    (void)pthread_mutex_destroy(&pool->lock);
}
