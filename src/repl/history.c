/* The history of whole statements.  GNU history tells one entry of several lines from several
 * entries by time stamps (`#1700000000`) in the file.  A statement is appended before it runs,
 * under a lock, so neither a crash nor a second session loses it; the file is cut at the next
 * start. */

#include "repl/terminal_internal.h"

#include <ctype.h>
#include <fcntl.h>
#include <readline/history.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

char *cf_history_path(void) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    const bool own = state != NULL && state[0] == '/';
    if (!own && (home == NULL || home[0] != '/')) return NULL;
    const char *base = own ? state : home,
               *rest = own ? "/cutflow/history" : "/.local/state/cutflow/history";
    const size_t size = strlen(base) + strlen(rest) + 1;
    char *path = malloc(size);
    if (path == NULL) return NULL;
    snprintf(path, size, "%s%s", base, rest);
    make_folders(path);
    return path;
}

/* The file, locked; -1: not to be had.  Another session may have put a new file in its place
 * while this one waited for the lock. */
static int open_locked(const char *path) {
    for (;;) {
        const int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        struct stat mine, there;
        if (fd < 0) return -1;
        if (flock(fd, LOCK_EX) != 0 || fstat(fd, &mine) != 0) {
            close(fd);
            return -1;
        }
        if (stat(path, &there) == 0 && there.st_ino == mine.st_ino &&
            there.st_dev == mine.st_dev)
            return fd;
        close(fd);
    }
}

/* Keeps the newest entries_max entries of the file: a new file takes its place, whole or not at
 * all. */
static void cut_file(const char *path, int entries_max) {
    const size_t size = strlen(path) + 32;
    char *temporary = malloc(size);
    if (temporary == NULL) return;
    snprintf(temporary, size, "%s.%ld", path, (long)getpid());
    stifle_history(entries_max);
    if (write_history(temporary) != 0 || chmod(temporary, 0600) != 0 ||
        rename(temporary, path) != 0)
        unlink(temporary);
    free(temporary);
}

void cf_history_load(const char *path, int entries_max) {
    history_comment_char = '#';
    history_write_timestamps = 1;
    using_history();
    const int fd = path != NULL ? open_locked(path) : -1;
    if (fd >= 0) {
        read_history(path);
        if (history_length > entries_max + entries_max / 8) cut_file(path, entries_max);
        close(fd);
    }
    stifle_history(entries_max);
    using_history();
}

static void forget(const char *statement) {
    for (int i = history_length - 1; i >= 0; i--) {
        const HIST_ENTRY *entry = history_get(history_base + i);
        if (entry == NULL || strcmp(entry->line, statement) != 0) continue;
        HIST_ENTRY *removed = remove_history(i);
        if (removed != NULL) free_history_entry(removed);
    }
}

/* A comment line such as `#1 cut` would read as a time stamp: it gets a blank, which is nothing
 * in a comment. */
static void put_entry(FILE *f, const char *statement) {
    fprintf(f, "#%lld\n", (long long)time(NULL));
    for (const char *at = statement; *at != '\0';) {
        const size_t n = strcspn(at, "\n");
        if (at[0] == '#' && isdigit((unsigned char)at[1]))
            fprintf(f, "# %.*s\n", (int)n - 1, at + 1);
        else
            fprintf(f, "%.*s\n", (int)n, at);
        at += n + (at[n] == '\n');
    }
}

static void append_to_file(const char *path, const char *statement) {
    const int fd = open_locked(path);
    FILE *f = fd >= 0 ? fdopen(fd, "a") : NULL;
    if (f == NULL) {
        if (fd >= 0) close(fd);
        return;
    }
    put_entry(f, statement);
    fclose(f); /* and unlocks */
}

void cf_history_add(const char *path, const char *statement) {
    char *text = strdup(statement);
    if (text == NULL) return;
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1]))
        text[--size] = '\0';
    const HIST_ENTRY *last =
        history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
    const bool again = last != NULL && strcmp(last->line, text) == 0;
    if (size > 0 && !again) {
        forget(text);
        add_history(text);
        if (path != NULL) append_to_file(path, text);
    }
    using_history();
    free(text);
}
