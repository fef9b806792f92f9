/* The floor below any reader of a ROOT file: reads and unpacks baskets on one thread, and does
 * nothing with them.
 *
 *     ingest_floor FILE.root < PLACES
 *
 * PLACES has a line "offset size" for each basket.  Prints seconds (of the processor) and the
 * bytes unpacked. */

#include <fcntl.h>
#include <libdeflate.h>
#include <lz4.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

enum { KEY_LENGTH_AT = 14, OBJECT_LENGTH_AT = 6, BLOCK_HEAD = 9, LZ4_CHECKSUM = 8 };

typedef struct {
    unsigned char *data;
    size_t size;
} buffer;

static struct libdeflate_decompressor *inflater;

static _Noreturn void stop(const char *why) {
    fprintf(stderr, "ingest_floor: %s\n", why);
    exit(1);
}

static void grow(buffer *b, size_t size) {
    if (size <= b->size) return;
    free(b->data);
    b->data = malloc(size);
    b->size = size;
    if (b->data == NULL) stop("no memory");
}

static size_t big(const unsigned char *p, size_t size) {
    size_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | p[i];
    return value;
}

static size_t little(const unsigned char *p) {
    return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
}

static void unpack_block(const unsigned char *head, const unsigned char *in, size_t in_size,
                         unsigned char *out, size_t out_size) {
    size_t got = 0;
    if (memcmp(head, "ZL", 2) == 0) {
        if (libdeflate_zlib_decompress(inflater, in, in_size, out, out_size, &got) != 0)
            stop("broken zlib block");
    } else if (memcmp(head, "L4", 2) == 0) {
        if (in_size < LZ4_CHECKSUM) stop("broken LZ4 block");
        const int n = LZ4_decompress_safe((const char *)in + LZ4_CHECKSUM, (char *)out,
                                          (int)(in_size - LZ4_CHECKSUM), (int)out_size);
        got = n < 0 ? 0 : (size_t)n;
    } else if (memcmp(head, "ZS", 2) == 0)
        got = ZSTD_decompress(out, out_size, in, in_size);
    else
        stop("a compression that is not known here");
    if (got != out_size) stop("a block has another length than its head says");
}

/* Bytes that a basket holds when unpacked. */
static size_t unpack(const unsigned char *key, size_t size, buffer *out) {
    const size_t head = big(key + KEY_LENGTH_AT, 2), bytes = big(key + OBJECT_LENGTH_AT, 4);
    grow(out, bytes);
    if (size - head == bytes) {
        memcpy(out->data, key + head, bytes);
        return bytes;
    }
    size_t at = head, done = 0;
    while (at + BLOCK_HEAD <= size && done < bytes) {
        const size_t packed = little(key + at + 3), plain = little(key + at + 6);
        if (at + BLOCK_HEAD + packed > size || done + plain > bytes) stop("broken block");
        unpack_block(key + at, key + at + BLOCK_HEAD, packed, out->data + done, plain);
        at += BLOCK_HEAD + packed;
        done += plain;
    }
    return done;
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
    const int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    inflater = libdeflate_alloc_decompressor();
    if (fd < 0 || inflater == NULL) stop("usage: ingest_floor FILE.root < PLACES");
    buffer in = {0}, out = {0};
    unsigned long long at = 0, size = 0, total = 0;
    const double start = seconds();
    while (scanf("%llu %llu", &at, &size) == 2) {
        grow(&in, size);
        if (pread(fd, in.data, size, (off_t)at) != (ssize_t)size) stop("cannot read");
        total += unpack(in.data, size, &out);
    }
    printf("%.6f %llu\n", seconds() - start, total);
    return 0;
}
