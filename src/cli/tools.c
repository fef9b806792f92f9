/* The sub-commands that need no session. */

#include "cli/tools.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_bool cancelled; /* set by SIGINT */

static void on_interrupt(int number) {
    (void)number;
    if (cancelled) _exit(130);
    cancelled = true;
}

static char *read_stream(FILE *f, size_t *size) {
    size_t used = 0, capacity = 16384;
    char *text = malloc(capacity);
    while (text != NULL) {
        used += fread(text + used, 1, capacity - 1 - used, f);
        if (used + 1 < capacity) break;
        char *grown = realloc(text, capacity *= 2);
        if (grown == NULL) free(text);
        text = grown;
    }
    if (text == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    text[used] = '\0';
    *size = used;
    return text;
}

/* strerror is not for threads, but only the main thread is here. */
static void say_cannot(const char *what, const char *path, int error) {
    fprintf(stderr, "cutflow: cannot %s %s: %s\n", what, path, strerror(error)); /* NOLINT */
}

char *cf_cli_read(const char *path, size_t *size) {
    const bool input = strcmp(path, "-") == 0;
    char *text = NULL;
    errno = 0;
    FILE *f = input ? stdin : fopen(path, "re");
    if (f != NULL) text = read_stream(f, size);
    if (f != NULL && ferror(f)) {
        free(text);
        text = NULL;
    }
    if (text == NULL)
        say_cannot("read", input ? "standard input" : path, errno != 0 ? errno : EIO);
    if (f != NULL && !input) fclose(f);
    return text;
}

int cf_cli_finish(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "cutflow: cannot write to standard output\n");
    return code != 0 ? code : 1;
}

void cf_cli_say(const cf_error *err) {
    char *rendered = cf_error_render(err, NULL, 0, NULL, false);
    const char *message = rendered != NULL ? rendered : err->message;
    const size_t size = strlen(message);
    fprintf(stderr, "%s%s", message, size > 0 && message[size - 1] == '\n' ? "" : "\n");
    free(rendered);
}

static int fail(const cf_error *err) {
    cf_cli_say(err);
    return err->status == CF_E_CANCELLED ? 130 : 1;
}

int cf_cli_describe(const cf_cli_options *options) {
    cf_error err = {0};
    struct sigaction action = {0};
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, NULL);
    char *text = options->job == CF_CLI_SCHEMA
                     ? cf_schema_file(options->data[0], &err)
                     : cf_describe_file(options->data[0], options->json, &cancelled, &err);
    if (text == NULL) return fail(&err);
    const size_t size = strlen(text);
    fwrite(text, 1, size, stdout);
    if (size > 0 && text[size - 1] != '\n') putchar('\n');
    free(text);
    return cf_cli_finish(0);
}

/* A new file takes the old one's place, whole or not at all, with its permissions. */
static bool replace(const char *path, const char *text) {
    struct stat info;
    const size_t size = strlen(path) + 8;
    char *temporary = malloc(size);
    if (temporary == NULL) return false;
    snprintf(temporary, size, "%s.XXXXXX", path);
    const int fd = mkstemp(temporary);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = f != NULL && stat(path, &info) == 0 && fchmod(fd, info.st_mode & 07777) == 0;
    if (f != NULL) {
        const bool written = fputs(text, f) >= 0, closed = fclose(f) == 0;
        ok = ok && written && closed;
    }
    ok = ok && rename(temporary, path) == 0;
    if (!ok && fd >= 0) unlink(temporary);
    free(temporary);
    return ok;
}

static int put_formatted(const char *path, const char *before, const char *after, bool check) {
    if (check) {
        if (strcmp(before, after) == 0) return 0;
        printf("%s: not in canonical form\n", path);
        return 1;
    }
    if (strcmp(path, "-") == 0) {
        fputs(after, stdout);
        return 0;
    }
    if (strcmp(before, after) == 0 || replace(path, after)) return 0;
    say_cannot("write", path, errno);
    return 1;
}

static int format_one(const char *path, bool check) {
    size_t size = 0;
    char *message = NULL, *before = cf_cli_read(path, &size);
    if (before == NULL) return 1;
    if (memchr(before, 0, size) != NULL) {
        fprintf(stderr, "cutflow: %s is no text: it holds a zero byte\n",
                strcmp(path, "-") == 0 ? "standard input" : path);
        free(before);
        return 1;
    }
    char *after =
        cf_text_format(before, size, strcmp(path, "-") == 0 ? "stdin" : path, &message);
    int code = 1;
    if (after != NULL)
        code = put_formatted(path, before, after, check);
    else
        fprintf(stderr, "%s\n", message != NULL ? message : "cutflow: not enough memory");
    free(before);
    free(after);
    free(message);
    return code;
}

int cf_cli_fmt(const cf_cli_options *options) {
    int code = 0;
    if (options->safe && !options->check) {
        for (size_t i = 0; i < options->data_count; i++)
            if (strcmp(options->data[i], "-") != 0) {
                fprintf(stderr, "cutflow: fmt writes files, which --safe does not allow\n");
                return 2;
            }
    }
    for (size_t i = 0; i < options->data_count; i++)
        if (format_one(options->data[i], options->check) != 0) code = 1;
    return cf_cli_finish(code);
}

/* The one beside this program comes first: they belong together. */
int cf_cli_kernel(char **argv) {
    static char name[] = "cutflow-kernel";
    char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof name);
    if (n > 0) path[n] = 0;
    char *slash = n > 0 ? strrchr(path, '/') : NULL;
    argv[0] = name;
    if (slash != NULL) {
        memcpy(slash + 1, name, sizeof name);
        (void)execv(path, argv);
    }
    (void)execvp(name, argv);
    fprintf(stderr, "cutflow: cannot start %s: %s\n", name, strerror(errno)); /* NOLINT */
    return 1;
}
