#include "dist/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_SIZE ((size_t)256 << 10)
#define NAME      "cutflow-exec"

extern char **environ;

void cf_child_program(char *path, size_t size) {
    const char *given = getenv("CUTFLOW_EXEC");
    if (given != NULL && given[0] != '\0') {
        (void)snprintf(path, size, "%s", given);
        return;
    }
    char own[4096];
    const ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(own, '/');
    if (slash != NULL) {
        slash[1] = '\0';
        const int written = snprintf(path, size, "%s" NAME, own);
        if (written > 0 && (size_t)written < size && access(path, X_OK) == 0) return;
    }
    (void)snprintf(path, size, "%s", NAME);
}

/* A group of its own, so that Ctrl-C at a terminal is the caller's alone to act on; and no
 * signal ignored or blocked that the caller ignores or blocks. */
static int attributes_of(posix_spawnattr_t *a) {
    sigset_t none, usual;
    (void)sigemptyset(&none);
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGINT);
    (void)sigaddset(&usual, SIGTERM);
    (void)sigaddset(&usual, SIGUSR1);
    (void)sigaddset(&usual, SIGPIPE);
    (void)posix_spawnattr_setsigmask(a, &none);
    (void)posix_spawnattr_setsigdefault(a, &usual);
    (void)posix_spawnattr_setpgroup(a, 0);
    return posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                           POSIX_SPAWN_SETPGROUP);
}

static int spawn(const char *program, int fd, pid_t *pid) {
    char name[] = NAME;
    char *const arguments[] = {name, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0) return ENOMEM;
    int status = posix_spawnattr_init(&attributes);
    if (status == 0) {
        status = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
        if (status == 0) status = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
        if (status == 0) status = attributes_of(&attributes);
        if (status == 0)
            status = posix_spawnp(pid, program, &actions, &attributes, arguments, environ);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return status;
}

cf_status cf_child_start(cf_child *c, cf_error *err) {
    char program[4200];
    int ends[2];
    *c = (cf_child){.fd = -1};
    cf_child_program(program, sizeof program);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return cf_fail(err, CF_E_EXECUTOR, CF_NOWHERE, "cannot talk to an executor: %s",
                       cf_errno_text());
    const int status = spawn(program, ends[1], &c->pid);
    (void)close(ends[1]);
    if (status != 0) {
        errno = status;
        (void)cf_fail(err, CF_E_EXECUTOR, CF_NOWHERE, "cannot start %.300s: %s", program,
                      cf_errno_text());
        cf_error_hint(err, "it belongs beside cutflow, or into a folder of PATH");
        (void)close(ends[0]);
        c->pid = 0;
        return CF_E_EXECUTOR;
    }
    c->fd = ends[0];
    (void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->heard_ns = cf_clock_ns();
    cf_put_hello(&c->out, CF_PROTOCOL_VERSION);
    return CF_OK;
}

bool cf_child_flush(cf_child *c) {
    if (c->out.failed) return false;
    while (c->sent < c->out.size) {
        const ssize_t n =
            send(c->fd, c->out.data + c->sent, c->out.size - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN;
        c->sent += (size_t)n;
    }
    c->out.size = c->sent = 0;
    if (c->out.capacity > READ_SIZE) cf_text_clear(&c->out);
    return true;
}

bool cf_child_receive(cf_child *c) {
    char *bytes = malloc(READ_SIZE);
    ssize_t n = -1;
    if (bytes == NULL) return false;
    do
        n = recv(c->fd, bytes, READ_SIZE, 0);
    while (n < 0 && errno == EINTR);
    const bool nothing = n < 0 && errno == EAGAIN;
    bool fine = nothing || n > 0;
    if (n > 0) {
        c->heard_ns = cf_clock_ns();
        fine = cf_frame_feed(&c->in, bytes, (size_t)n);
    }
    free(bytes);
    return fine;
}

static void forget(cf_child *c) {
    if (c->fd >= 0) (void)close(c->fd);
    cf_frame_reader_clear(&c->in);
    cf_text_clear(&c->out);
    *c = (cf_child){.fd = -1};
}

static void in_words(int status, char *how, size_t size) {
    if (WIFSIGNALED(status))
        (void)snprintf(how, size, "it was ended by signal %d", WTERMSIG(status));
    else
        (void)snprintf(how, size, "it ended with exit code %d", WEXITSTATUS(status));
}

void cf_child_end(cf_child *c, char *how, size_t size) {
    int status = 0;
    if (c->pid <= 0) return;
    /* Its end of the socket closes a moment before it can be waited for. */
    for (int i = 0; how != NULL && i < 20; i++) {
        const pid_t gone = waitpid(c->pid, &status, WNOHANG);
        if (gone == c->pid) {
            in_words(status, how, size);
            c->pid = 0;
            break;
        }
        (void)poll(NULL, 0, 1);
    }
    if (c->pid > 0) {
        if (kill(-c->pid, SIGKILL) != 0) /* its group: what it may have started, too */
            (void)kill(c->pid, SIGKILL);
        while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    forget(c);
}

void cf_child_dismiss(cf_child *c) {
    if (c->pid > 0) (void)shutdown(c->fd, SHUT_WR);
}

void cf_child_await(cf_child *c, int64_t until_ns) {
    int status;
    while (c->pid > 0 && cf_clock_ns() < until_ns) {
        if (waitpid(c->pid, &status, WNOHANG) == c->pid)
            c->pid = 0;
        else
            (void)poll(NULL, 0, 1);
    }
    if (c->pid > 0)
        cf_child_end(c, NULL, 0);
    else
        forget(c);
}

bool cf_child_has_plan(const cf_child *c, uint64_t plan) {
    const size_t kept = c->plans_sent < CF_CHILD_PLANS ? c->plans_sent : CF_CHILD_PLANS;
    for (size_t i = 0; i < kept; i++)
        if (c->plans[i] == plan) return true;
    return false;
}

void cf_child_note_plan(cf_child *c, uint64_t plan) {
    c->plans[c->plans_sent++ % CF_CHILD_PLANS] = plan;
}
