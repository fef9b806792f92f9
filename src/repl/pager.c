/* The screen: how large it is, what does not fit, and the programs that borrow it: the pager
 * and the editor.  While one of them runs, an interrupt is its business and not ours. */

#define _GNU_SOURCE /* pipe2, wcwidth */

#include "repl/terminal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

void cf_screen_size(unsigned *columns, unsigned *rows) {
    struct winsize size;
    *columns = 80;
    *rows = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return;
    if (size.ws_col > 0) *columns = size.ws_col;
    if (size.ws_row > 0) *rows = size.ws_row;
}

/* Bytes of an escape sequence `ESC [ ... letter` at the start of the text; 0: none. */
static size_t escape_size(const char *text, size_t size) {
    if (size < 2 || text[0] != '\033' || text[1] != '[') return 0;
    size_t n = 2;
    while (n < size && (text[n] < '@' || text[n] > '~'))
        n++;
    return n < size ? n + 1 : n;
}

size_t cf_char_width(const char *text, size_t size, unsigned *columns) {
    mbstate_t state = {0};
    wchar_t c;
    const size_t escape = escape_size(text, size);
    *columns = 0;
    if (escape > 0) return escape;
    const size_t n = mbrtowc(&c, text, size, &state); /* NOLINT: the state is ours */
    const bool known =
        n > 0 && n <= size; /* else no character of this locale: a byte, one column */
    const int width = known ? wcwidth(c) : 1;
    if (width > 0) *columns = (unsigned)width;
    return known ? n : 1;
}

bool cf_text_exceeds(const char *text, size_t size, unsigned columns, unsigned rows) {
    unsigned line = 0, width = 0;
    for (size_t i = 0; i < size;) {
        if (text[i] == '\n') {
            if (++line >= rows) return true; /* the prompt needs a row too */
            width = 0;
            i++;
            continue;
        }
        unsigned more;
        i += cf_char_width(text + i, size - i, &more);
        width += more;
        if (width > columns) return true;
    }
    return false;
}

/* The command, or NULL: the user wants none. */
static const char *pager_command(void) {
    const char *own = getenv("CUTFLOW_PAGER");
    if (own != NULL) return *own != '\0' ? own : NULL;
    const char *common = getenv("PAGER");
    if (common != NULL) return *common != '\0' ? common : NULL;
    return "less -SRF";
}

/* A shell with default signals, reading from `input` (-1: ours). */
static pid_t spawn_shell(const char *command, const char *argument, int input) {
    char shell[] = "sh", option[] = "-c", name[] = "sh";
    char *copy = strdup(command), *file = strdup(argument != NULL ? argument : "");
    pid_t pid = -1;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    if (copy == NULL || file == NULL || posix_spawnattr_init(&attributes) != 0) goto out;
    if (posix_spawn_file_actions_init(&actions) == 0) {
        char *arguments[] = {shell, option, copy, name, argument != NULL ? file : NULL, NULL};
        sigset_t defaults, none;
        sigfillset(&defaults);
        sigemptyset(&none);
        posix_spawnattr_setsigdefault(&attributes, &defaults);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
        if (input >= 0) posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        if (posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, environ) != 0)
            pid = -1;
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
out:
    free(copy);
    free(file);
    return pid;
}

static int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        const ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return; /* the reader left early, as pagers do */
        data += n;
        size -= (size_t)n;
    }
}

bool cf_pager_show(cf_terminal *t, const char *text, size_t size) {
    const char *command = pager_command();
    int ends[2];
    if (command == NULL || t->safe || pipe2(ends, O_CLOEXEC) != 0) return false;
    t->child = true;
    const pid_t pid = spawn_shell(command, NULL, ends[0]);
    close(ends[0]);
    if (pid > 0) write_all(ends[1], text, size);
    close(ends[1]);
    const int status = pid > 0 ? wait_for(pid) : -1;
    t->child = false;
    return status >= 0 && status != 126 && status != 127; /* the shell found no such program */
}

int cf_child_run(cf_terminal *t, const char *command, const char *argument) {
    t->child = true;
    const pid_t pid = spawn_shell(command, argument, -1);
    const int status = pid > 0 ? wait_for(pid) : -1;
    t->child = false;
    return status;
}
