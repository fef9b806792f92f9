/* Starting, stopping and talking to the child process. */

#define _GNU_SOURCE /* SOCK_CLOEXEC, prctl */

#include "notebook/executor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE_MAX ((size_t)1 << 30)
enum { WAIT_MS = 3000, STEP_MS = 5, EXIT_DIED = 3 };

struct cf_nb_executor {
    pid_t pid;
    int fd;
    cf_nb_text in; /* received and not yet taken */
    size_t taken, searched;
};

static cf_status fail_errno(cf_error *err, const char *what) {
    return cf_fail(err, CF_E_INTERNAL, CF_NOWHERE, "cannot %s: %s", what,
                   strerror(errno)); /* NOLINT */
}

/* ---- the child ---- */

/* An interrupt that comes before somebody can hear it is not to kill. */
static void reset_signals(void) {
    const int numbers[] = {SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        signal(numbers[i], SIG_DFL);
    signal(SIGINT, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
}

/* Ctrl-C at the terminal is the parent's to hear; when the parent dies, so does the child. */
static void detach(pid_t parent) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_DIED);
    reset_signals();
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
}

/* The kernel's environment is ours with a fixed locale and time zone. */
static _Noreturn void run_kernel(int fd, const cf_nb_start *start) {
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    char **fixed = calloc(count + 3, sizeof(*fixed));
    size_t n = 0;
    for (size_t i = 0; fixed != NULL && i < count; i++)
        if (strncmp(environ[i], "LC_ALL=", 7) != 0 && strncmp(environ[i], "TZ=", 3) != 0)
            fixed[n++] = environ[i];
    static char locale[] = "LC_ALL=C.UTF-8", zone[] = "TZ=UTC", client[] = "client";
    char *program = strdup(start->kernel);
    if (fixed == NULL || program == NULL) _exit(EXIT_DIED);
    fixed[n++] = locale;
    fixed[n] = zone;
    dup2(fd, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    signal(SIGINT, SIG_DFL);
    char *const arguments[] = {program, client, NULL};
    execve(program, arguments, fixed);
    _exit(127);
}

static void say_fatal(int fd, const char *what, const char *name) {
    cf_nb_text line = {0}, message = {0};
    cf_nb_text_addf(&message, "%s %s: %s", what, name, strerror(errno)); /* NOLINT */
    cf_nb_text_adds(&line, "{\"fatal\":");
    cf_nb_json_write_string(&line, cf_nb_text_view(&message));
    cf_nb_text_adds(&line, "}\n");
    if (write(fd, line.data, line.size) < 0) _exit(EXIT_DIED);
    _exit(EXIT_DIED);
}

static _Noreturn void be_child(int fd, const cf_nb_start *start, pid_t parent) {
    detach(parent);
    if (start->cwd != NULL && chdir(start->cwd) != 0)
        say_fatal(fd, "cannot work in the folder", start->cwd);
    if (start->kernel != NULL) run_kernel(fd, start);
    _exit(cf_nb_serve(fd, start));
}

/* ---- the parent ---- */

cf_nb_executor *cf_nb_executor_start(const cf_nb_start *start, cf_error *err) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        (void)fail_errno(err, "make a pair of sockets");
        return NULL;
    }
    fflush(stdout);
    fflush(stderr);
    const pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        close(ends[0]);
        be_child(ends[1], start, parent);
    }
    close(ends[1]);
    cf_nb_executor *e = pid > 0 ? calloc(1, sizeof(*e)) : NULL;
    if (e == NULL) {
        (void)fail_errno(err, "start a process");
        close(ends[0]);
        return NULL;
    }
    setpgid(pid, pid);
    e->pid = pid;
    e->fd = ends[0];
    return e;
}

int cf_nb_executor_fd(const cf_nb_executor *e) {
    return e->fd;
}

static bool send_all(int fd, cf_nb_str text) {
    while (text.size > 0) {
        const ssize_t n = send(fd, text.data, text.size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        text = (cf_nb_str){text.data + n, text.size - (size_t)n};
    }
    return true;
}

bool cf_nb_executor_send(cf_nb_executor *e, cf_nb_str code, double timeout) {
    cf_nb_text line = {0};
    char number[32];
    cf_nb_number_print(number, timeout);
    cf_nb_text_adds(&line, "{\"code\":");
    cf_nb_json_write_string(&line, code);
    cf_nb_text_addf(&line, ",\"timeout\":%s}\n", number);
    const bool sent = send_all(e->fd, cf_nb_text_view(&line));
    cf_nb_text_clear(&line);
    return sent;
}

static void forget_taken(cf_nb_executor *e) {
    if (e->taken == 0) return;
    memmove(e->in.data, e->in.data + e->taken, e->in.size - e->taken);
    e->in.size -= e->taken;
    e->searched -= e->taken;
    e->taken = 0;
}

bool cf_nb_executor_receive(cf_nb_executor *e) {
    char buffer[1 << 16];
    forget_taken(e);
    for (int rounds = 0; rounds < 16; rounds++) {
        const ssize_t n = recv(e->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN;
        if (n == 0 || e->in.size > LINE_SIZE_MAX) return false;
        cf_nb_text_add(&e->in, buffer, (size_t)n);
    }
    return true;
}

bool cf_nb_executor_line(cf_nb_executor *e, cf_nb_str *line) {
    if (e->in.data == NULL) return false;
    const char *end = memchr(e->in.data + e->searched, '\n', e->in.size - e->searched);
    if (end == NULL) {
        e->searched = e->in.size;
        return false;
    }
    *line = (cf_nb_str){e->in.data + e->taken, (size_t)(end - e->in.data) - e->taken};
    e->taken = e->searched = (size_t)(end - e->in.data) + 1;
    return true;
}

void cf_nb_executor_interrupt(cf_nb_executor *e) {
    kill(e->pid, SIGINT);
}

static void describe(int status, char how[64]) {
    if (WIFSIGNALED(status))
        snprintf(how, 64, "signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status))); /* NOLINT: one thread */
    else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        snprintf(how, 64, "exit code %d", WEXITSTATUS(status));
}

/* Gives it a little time to go by itself. */
static bool wait_for(pid_t pid, int *status) {
    for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
        const pid_t gone = waitpid(pid, status, WNOHANG);
        if (gone == pid || (gone < 0 && errno != EINTR)) return true;
        nanosleep(&(struct timespec){0, STEP_MS * 1000000L}, NULL);
    }
    return false;
}

void cf_nb_executor_end(cf_nb_executor *e, bool force, char how[64]) {
    int status = 0;
    how[0] = '\0';
    if (e == NULL) return;
    if (force) kill(-e->pid, SIGKILL);
    shutdown(e->fd, SHUT_RDWR);
    if (wait_for(e->pid, &status)) {
        if (!force) describe(status, how);
    } else {
        kill(-e->pid, SIGKILL);
        while (waitpid(e->pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    close(e->fd);
    cf_nb_text_clear(&e->in);
    free(e);
}
