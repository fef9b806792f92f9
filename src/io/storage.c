#include "io/storage.h"

/* Local files by pread (a mapping of a file that somebody truncates would kill the program),
 * and memory for tests and fuzzers. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct cf_storage {
    int fd;              /* -1: memory */
    const uint8_t *data; /* memory only */
    uint64_t size;
    char *path;
};

static cf_status storage_new(const char *path, cf_storage **storage, cf_error *err) {
    cf_storage *s = calloc(1, sizeof *s);
    char *copy = strdup(path);
    if (s == NULL || copy == NULL) {
        free(s);
        free(copy);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to open %s", path);
    }
    s->fd = -1;
    s->path = copy;
    *storage = s;
    return CF_OK;
}

static cf_status storage_open_fd(cf_storage *s, cf_error *err) {
    struct stat status;
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (s->fd < 0 || fstat(s->fd, &status) != 0)
        return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "cannot open %s: %s", s->path,
                       cf_errno_text());
    if (!S_ISREG(status.st_mode))
        return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "cannot open %s: not a file", s->path);
    s->size = (uint64_t)status.st_size;
    return CF_OK;
}

cf_status cf_storage_open(const char *path, cf_storage **storage, cf_error *err) {
    cf_storage *s = NULL;
    CF_TRY(storage_new(path, &s, err));
    const cf_status status = storage_open_fd(s, err);
    if (status != CF_OK) {
        cf_storage_close(s);
        return status;
    }
    *storage = s;
    return CF_OK;
}

cf_status cf_storage_of_memory(const char *name, const void *data, size_t size,
                               cf_storage **storage, cf_error *err) {
    CF_TRY(storage_new(name, storage, err));
    (*storage)->data = data;
    (*storage)->size = size;
    return CF_OK;
}

void cf_storage_close(cf_storage *storage) {
    if (storage == NULL) return;
    if (storage->fd >= 0) (void)close(storage->fd);
    free(storage->path);
    free(storage);
}

uint64_t cf_storage_size(const cf_storage *storage) {
    return storage->size;
}

const char *cf_storage_path(const cf_storage *storage) {
    return storage->path;
}

static bool inside(const cf_storage *s, uint64_t offset, size_t size) {
    return offset <= s->size && size <= s->size - offset;
}

static cf_status read_file(const cf_storage *s, uint64_t offset, size_t size, uint8_t *dst,
                           cf_error *err) {
    while (size > 0) {
        const ssize_t got = pread(s->fd, dst, size, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return cf_fail(err, CF_E_OPEN, CF_NOWHERE, "cannot read %s: %s", s->path,
                           cf_errno_text());
        if (got == 0)
            return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s became shorter while being read",
                           s->path);
        dst += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return CF_OK;
}

cf_status cf_storage_read(const cf_storage *storage, uint64_t offset, size_t size, void *dst,
                          cf_io_stats *stats, cf_error *err) {
    if (stats != NULL) stats->bytes_requested += (int64_t)size;
    if (!inside(storage, offset, size))
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "%s ends at byte %llu, before bytes %llu to %llu that it refers to",
                       storage->path, (unsigned long long)storage->size,
                       (unsigned long long)offset, (unsigned long long)offset + size);
    if (storage->data == NULL)
        CF_TRY(read_file(storage, offset, size, dst, err));
    else if (size > 0)
        memcpy(dst, storage->data + offset, size);
    if (stats != NULL) stats->bytes_read += (int64_t)size;
    return CF_OK;
}

const void *cf_storage_view(const cf_storage *storage, uint64_t offset, size_t size,
                            cf_io_stats *stats) {
    if (storage->data == NULL || !inside(storage, offset, size)) return NULL;
    if (stats != NULL) {
        stats->bytes_requested += (int64_t)size;
        stats->bytes_read += (int64_t)size;
    }
    return storage->data + offset;
}
