/* Stands in for libFuzzer where there is none: gives the fuzzer's function every file named, or
 * found in a folder named, and the same files with a few bytes damaged in a fixed way. */

#define _GNU_SOURCE /* nftw */

#include <errno.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DAMAGES = 16, SIZE_MAX_REPLAYED = 1 << 20 };

static size_t files;

static uint64_t next_random(uint64_t *state) {
    *state += 0x9E3779B97F4A7C15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* A copy of exact size, so that a read past its end is seen. */
static void give(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void give_damaged(uint8_t *data, size_t size) {
    uint64_t state = size;
    for (int i = 0; size > 0 && i < DAMAGES; i++) {
        const size_t at = next_random(&state) % size;
        const uint8_t before = data[at];
        data[at] = (uint8_t)next_random(&state);
        give(data, size);
        data[at] = before;
        give(data, next_random(&state) % size); /* cut short */
    }
}

static int replay(const char *path, const struct stat *info, int type, struct FTW *place) {
    (void)place;
    if (type != FTW_F || info->st_size > SIZE_MAX_REPLAYED) return 0;
    FILE *f = fopen(path, "re");
    uint8_t *data = malloc((size_t)info->st_size + 1);
    if (f == NULL || data == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    const size_t size = fread(data, 1, (size_t)info->st_size, f);
    fclose(f);
    if (getenv("REPLAY_NAMES") != NULL) fprintf(stderr, "%s\n", path);
    give(data, size);
    give_damaged(data, size);
    free(data);
    files++;
    return 0;
}

int main(int count, char **paths) {
    for (int i = 1; i < count; i++)
        if (nftw(paths[i], replay, 16, FTW_PHYS) != 0) {
            fprintf(stderr, "cannot read %s: %s\n", paths[i], strerror(errno));
            return 1;
        }
    give((const uint8_t *)"", 0);
    printf("%zu files replayed\n", files);
    return files == 0;
}
