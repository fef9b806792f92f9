#include "io/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static cf_status write_error(const cf_new_file *f, cf_error *err) {
    return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "cannot write %s: %s", f->path,
                   cf_errno_text());
}

static bool is_device(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static void open_beside(cf_new_file *f, size_t size) {
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(f->temporary, size, "%s.%ld-%u.part", f->path, (long)getpid(), i);
        f->fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f->fd >= 0 || errno != EEXIST) return;
    }
}

cf_status cf_new_file_open(const char *path, cf_new_file *f, cf_error *err) {
    const size_t size = strlen(path) + 48;
    *f = (cf_new_file){.path = strdup(path), .temporary = malloc(size), .fd = -1};
    if (f->path == NULL || f->temporary == NULL) {
        cf_new_file_close(f);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write %s", path);
    }
    const bool device = is_device(path);
    if (device)
        f->fd = open(path, O_WRONLY | O_CLOEXEC);
    else
        open_beside(f, size);
    const cf_status status = f->fd < 0 ? write_error(f, err) : CF_OK;
    if (device || status != CF_OK) { /* nothing to remove */
        free(f->temporary);
        f->temporary = NULL;
    }
    if (status != CF_OK) cf_new_file_close(f);
    return status;
}

cf_status cf_new_file_add(cf_new_file *f, const void *data, size_t size, cf_error *err) {
    for (size_t done = 0; done < size;) {
        const ssize_t wrote = write(f->fd, (const char *)data + done, size - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return write_error(f, err);
        done += (size_t)wrote;
    }
    f->bytes += (int64_t)size;
    return CF_OK;
}

cf_status cf_new_file_finish(cf_new_file *f, cf_error *err) {
    const int fd = f->fd;
    f->fd = -1;
    if (close(fd) != 0) return write_error(f, err);
    if (f->temporary != NULL && rename(f->temporary, f->path) != 0) return write_error(f, err);
    free(f->temporary);
    f->temporary = NULL;
    return CF_OK;
}

void cf_new_file_close(cf_new_file *f) {
    if (f->fd >= 0) (void)close(f->fd);
    if (f->temporary != NULL) (void)unlink(f->temporary);
    free(f->path);
    free(f->temporary);
    *f = (cf_new_file){.fd = -1};
}
