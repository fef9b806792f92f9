/* Whole files in, whole files out. */

#include "notebook/book.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX ((size_t)1 << 31)

/* strerror is not for threads, of which there are none here. */
static cf_status fail_errno(cf_error *err, cf_status status, const char *what,
                            const char *path) {
    return cf_fail(err, status, CF_NOWHERE, "cannot %s %s: %s", what, path,
                   strerror(errno)); /* NOLINT */
}

static cf_status read_all(int fd, const char *path, cf_nb_text *text, cf_error *err) {
    char buffer[1 << 16];
    for (;;) {
        const ssize_t n = read(fd, buffer, sizeof(buffer));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(err, CF_E_OPEN, "read", path);
        if (n == 0) return CF_OK;
        cf_nb_text_add(text, buffer, (size_t)n);
        if (text->size > FILE_SIZE_MAX)
            return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "%s is larger than 2 GiB", path);
    }
}

cf_status cf_nb_file_read(cf_nb_pool *pool, const char *path, cf_nb_str *out, cf_error *err) {
    const bool input = strcmp(path, "-") == 0;
    const char *name = input ? "standard input" : path;
    const int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail_errno(err, CF_E_OPEN, "read", name);
    cf_nb_text text = {0};
    const cf_status status = read_all(fd, name, &text, err);
    if (!input) close(fd);
    *out = cf_nb_text_keep(&text, pool);
    return status;
}

static bool is_same(const char *path, cf_nb_str text) {
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || (size_t)info.st_size != text.size)
        return false;
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_str now = {"", 0};
    const bool same =
        cf_nb_file_read(pool, path, &now, NULL) == CF_OK && cf_nb_str_equal(now, text);
    cf_nb_pool_free(pool);
    return same;
}

/* mkdir -p of the folder of a path. */
static void make_folders(const char *path) {
    char *copy = strdup(path);
    for (char *at = copy != NULL ? strchr(copy + 1, '/') : NULL; at != NULL;
         at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(copy, 0777);
        *at = '/';
    }
    free(copy);
}

static bool write_all(int fd, cf_nb_str text) {
    while (text.size > 0) {
        const ssize_t n = write(fd, text.data, text.size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        text = (cf_nb_str){text.data + n, text.size - (size_t)n};
    }
    return true;
}

/* The permissions of the file that is replaced, or those that a new file gets. */
static mode_t mode_for(const char *path) {
    struct stat info;
    if (stat(path, &info) == 0) return info.st_mode & 07777;
    const mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static cf_status write_plainly(const char *path, cf_nb_str text, cf_error *err) {
    const int fd = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO)
                                          : open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    const bool ok = fd >= 0 && write_all(fd, text);
    if (!ok) (void)fail_errno(err, CF_E_WRITE, "write", path);
    if (fd >= 0) close(fd);
    return ok ? CF_OK : CF_E_WRITE;
}

static cf_status replace(const char *path, cf_nb_str text, cf_error *err) {
    const size_t size = strlen(path) + 8;
    char *temporary = malloc(size);
    if (temporary == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory");
    snprintf(temporary, size, "%s.XXXXXX", path);
    const int fd = mkstemp(temporary);
    bool ok = fd >= 0 && write_all(fd, text) && fchmod(fd, mode_for(path)) == 0;
    if (fd >= 0 && close(fd) != 0) ok = false;
    ok = ok && rename(temporary, path) == 0;
    if (!ok) (void)fail_errno(err, CF_E_WRITE, "write", path);
    if (!ok && fd >= 0) unlink(temporary);
    free(temporary);
    return ok ? CF_OK : CF_E_WRITE;
}

cf_status cf_nb_file_write(const char *path, cf_nb_str text, cf_error *err) {
    struct stat info;
    if (strcmp(path, "-") == 0) return write_plainly(path, text, err);
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) return write_plainly(path, text, err);
    if (is_same(path, text)) return CF_OK;
    make_folders(path);
    char *real = realpath(path, NULL); /* a link stays a link */
    const cf_status status = replace(real != NULL ? real : path, text, err);
    free(real);
    return status;
}
