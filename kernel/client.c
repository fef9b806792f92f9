/* `cutflow-kernel client`: a kernel as a child, and the smallest client that can run cells in
 * it. The files that connect the two lie in a folder that only their user can enter. */

#include "kernel/client.h"

#include "kernel/connection.h"
#include "kernel/json.h"
#include "kernel/notebook_outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

extern char **environ;

enum {
    START_MS_MAX = 30000,
    GRACE_MS = 5000, /* between a cell's timeout and the end of the kernel */
    END_MS_MAX = 2500,
    STEP_MS = 50,
    FOLDER_MAX = 80, /* the name of a socket in it has to be shorter than 108 */
    EXIT_DIED = 3
};

typedef struct {
    char folder[FOLDER_MAX + 32], file[FOLDER_MAX + 64];
    cf_connection connection;
    cf_wire wire;
    void *zmq, *shell, *control, *iopub;
    pid_t child;
    bool child_gone;
} client;

static volatile sig_atomic_t signalled;

static void on_signal(int number) {
    signalled = number;
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool complain(const char *what) {
    fprintf(stderr, "cutflow-kernel client: %s\n", what);
    return false;
}

/* ---- the kernel ---- */

static bool make_folder(client *c) {
    const char *temporary = getenv("TMPDIR");
    if (temporary == NULL || temporary[0] != '/' || strlen(temporary) > FOLDER_MAX)
        temporary = "/tmp";
    snprintf(c->folder, sizeof c->folder, "%s/cutflow-kernel-XXXXXX", temporary);
    if (mkdtemp(c->folder) == NULL) {
        c->folder[0] = 0;
        return complain("cannot make a folder for temporary files");
    }
    snprintf(c->file, sizeof c->file, "%s/connection.json", c->folder);
    return true;
}

/* The key is a wire's random session. */
static bool write_connection(const client *c) {
    cf_wire random;
    if (!cf_wire_init(&random, "", "")) return false;
    cf_growing text = {0};
    cf_growing_adds(&text, "{\"transport\":\"ipc\",\"ip\":");
    char path[sizeof c->folder + 8];
    snprintf(path, sizeof path, "%s/s", c->folder);
    cf_put_string(&text, path);
    cf_growing_addf(&text, ",\"signature_scheme\":\"hmac-sha256\",\"key\":\"%s\"",
                    random.session);
    for (int i = 0; i < CF_PORT_COUNT; i++)
        cf_growing_addf(&text, ",\"%s\":%d", cf_port_keys[i], i + 1);
    cf_growing_adds(&text, "}\n");
    cf_wire_clear(&random);
    const int fd = open(c->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool ok =
        fd >= 0 && text.data != NULL && write(fd, text.data, text.size) == (ssize_t)text.size;
    if (fd >= 0) close(fd);
    cf_growing_clear(&text);
    return ok || complain("cannot write the connection file");
}

/* A group of its own: who presses Ctrl-C means the client, which ends the kernel properly. */
static bool start_kernel(client *c) {
    char program[4096], parent[48], word[] = "cutflow-kernel", option[] = "-f";
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0) return complain("cannot find this program");
    program[n] = 0;
    snprintf(parent, sizeof parent, "JPY_PARENT_PID=%ld", (long)getpid());
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    char **environment = cf_need(calloc(count + 2, sizeof *environment));
    environment[0] = parent; /* the first of that name counts */
    for (size_t i = 0; i < count; i++)
        environment[i + 1] = environ[i];
    char *const arguments[] = {word, option, c->file, NULL};
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int error =
        posix_spawn(&c->child, program, NULL, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    free(environment);
    if (error != 0) c->child = 0;
    return error == 0 || complain("cannot start the kernel");
}

static bool is_gone(client *c) {
    if (c->child_gone || c->child == 0) return true;
    pid_t ended;
    do
        ended = waitpid(c->child, NULL, WNOHANG);
    while (ended < 0 && errno == EINTR);
    c->child_gone = ended != 0;
    return c->child_gone;
}

static bool wait_gone(client *c, long ms) {
    for (const int64_t deadline = now_ms() + ms; !is_gone(c) && now_ms() < deadline;) {
        const struct timespec t = {0, 5 * 1000000};
        nanosleep(&t, NULL);
    }
    return is_gone(c);
}

/* ---- messages ---- */

static char *send_request(client *c, void *socket, const char *type, const char *content) {
    cf_message *m = cf_message_new(&c->wire, type, NULL);
    cf_growing_adds(&m->content, content);
    char *id = cf_jread_member_text(cf_growing_slice(&m->header), "msg_id", NULL);
    (void)cf_wire_send(&c->wire, socket, m, ZMQ_DONTWAIT);
    cf_message_free(m);
    return cf_need(id);
}

static void tell(client *c, const char *type, const char *content) {
    free(send_request(c, c->control, type, content));
}

static bool is_answer(const cf_request *m, const char *id) {
    char *parent = cf_jread_member_text(m->parent, "msg_id", NULL);
    const bool yes = parent != NULL && strcmp(parent, id) == 0;
    free(parent);
    return yes;
}

static void wait_for_messages(const client *c) {
    zmq_pollitem_t items[] = {{c->shell, 0, ZMQ_POLLIN, 0}, {c->iopub, 0, ZMQ_POLLIN, 0}};
    (void)zmq_poll(items, 2, STEP_MS);
}

/* ---- the beginning ---- */

/* Ready: it answers, and what it publishes arrives. */
static bool wait_ready(client *c) {
    bool answered = false, welcome = false;
    free(send_request(c, c->shell, "kernel_info_request", "{}"));
    for (const int64_t deadline = now_ms() + START_MS_MAX; !answered || !welcome;) {
        if (is_gone(c) || signalled != 0 || now_ms() > deadline)
            return complain("the kernel does not start");
        wait_for_messages(c);
        cf_request *m;
        if (cf_wire_receive(&c->wire, c->shell, CF_SHELL, &m) == CF_RECEIVED) {
            answered |= strcmp(m->type, "kernel_info_reply") == 0;
            cf_request_release(m);
        }
        if (cf_wire_receive(&c->wire, c->iopub, CF_SHELL, &m) == CF_RECEIVED) {
            welcome |= strcmp(m->type, "iopub_welcome") == 0;
            cf_request_release(m);
        }
    }
    return true;
}

static bool connect_all(client *c) {
    const char *why;
    c->zmq = zmq_ctx_new();
    if (c->zmq == NULL || !cf_connection_read(&c->connection, c->file, &why) ||
        !cf_wire_init(&c->wire, c->connection.scheme, c->connection.key))
        return complain("cannot connect");
    c->shell = cf_connection_connect(&c->connection, c->zmq, CF_PORT_SHELL, ZMQ_DEALER);
    c->control = cf_connection_connect(&c->connection, c->zmq, CF_PORT_CONTROL, ZMQ_DEALER);
    c->iopub = cf_connection_connect(&c->connection, c->zmq, CF_PORT_IOPUB, ZMQ_SUB);
    if (c->shell == NULL || c->control == NULL || c->iopub == NULL)
        return complain("cannot connect");
    return zmq_setsockopt(c->iopub, ZMQ_SUBSCRIBE, "", 0) == 0;
}

/* ---- cells ---- */

typedef struct {
    char *id;
    const char *status;
    char reply_status[16];
    int64_t count;
    cf_notebook_outputs outputs;
    bool replied, idle;
    int64_t deadline_ms; /* 0: none */
    bool interrupted;
} running;

static void take_reply(running *r, const cf_request *m) {
    if (!is_answer(m, r->id)) return;
    char *status = cf_jread_member_text(m->content, "status", NULL);
    snprintf(r->reply_status, sizeof r->reply_status, "%s", status != NULL ? status : "error");
    free(status);
    (void)cf_jread_member_int(m->content, "execution_count", &r->count);
    r->replied = true;
}

static void take_output(running *r, const cf_request *m) {
    if (!is_answer(m, r->id)) return;
    if (strcmp(m->type, "status") == 0) {
        char *state = cf_jread_member_text(m->content, "execution_state", NULL);
        r->idle |= state != NULL && strcmp(state, "idle") == 0;
        free(state);
    }
    cf_notebook_outputs_take(&r->outputs, m->type, m->content);
}

static bool take_messages(client *c, running *r) {
    bool any = false;
    for (cf_received what = CF_RECEIVED; what != CF_NOTHING;) {
        cf_request *m;
        what = cf_wire_receive(&c->wire, c->shell, CF_SHELL, &m);
        if (what != CF_RECEIVED) continue;
        take_reply(r, m);
        cf_request_release(m);
        any = true;
    }
    for (cf_received what = CF_RECEIVED; what != CF_NOTHING;) {
        cf_request *m;
        what = cf_wire_receive(&c->wire, c->iopub, CF_SHELL, &m);
        if (what != CF_RECEIVED) continue;
        take_output(r, m);
        cf_request_release(m);
        any = true;
    }
    return any;
}

/* A cell that takes too long is interrupted; if that does not help, the kernel is killed. */
static void watch(client *c, running *r) {
    const bool late = r->deadline_ms != 0 && now_ms() > r->deadline_ms;
    if (!late && (signalled == 0 || r->interrupted)) return;
    if (r->interrupted) {
        (void)kill(c->child, SIGKILL);
        return;
    }
    if (late) r->status = "timeout";
    r->interrupted = true;
    r->deadline_ms = now_ms() + GRACE_MS;
    tell(c, "interrupt_request", "{}");
}

static void finish_cell(client *c, running *r) {
    while (!r->replied || !r->idle) {
        wait_for_messages(c);
        const bool any = take_messages(c, r);
        watch(c, r);
        if (!any && is_gone(c) && !take_messages(c, r)) {
            if (r->status == NULL) r->status = "died";
            return;
        }
    }
    if (r->status == NULL) r->status = r->reply_status;
}

static bool write_line(const running *r) {
    cf_growing line = {0};
    cf_growing_addf(&line, "{\"status\":\"%s\",\"execution_count\":", r->status);
    if (r->count > 0)
        cf_put_int(&line, r->count);
    else
        cf_growing_adds(&line, "null");
    cf_growing_adds(&line, ",\"outputs\":");
    cf_notebook_outputs_put(&r->outputs, &line);
    for (size_t i = 0; i < line.size;
         i++) /* a reply is one line; JSON has blanks only between tokens */
        if (line.data[i] == '\n') line.data[i] = ' ';
    cf_growing_adds(&line, "}\n");
    const bool ok = !line.failed && fwrite(line.data, 1, line.size, stdout) == line.size &&
                    fflush(stdout) == 0;
    cf_growing_clear(&line);
    return ok;
}

static void send_cell(client *c, running *r, cf_slice line) {
    cf_slice code, timeout;
    cf_growing content = {0};
    cf_growing_adds(&content, "{\"code\":");
    if (cf_jread_member(line, "code", &code))
        cf_growing_add(&content, code.data, code.size);
    else
        cf_growing_adds(&content, "\"\"");
    cf_growing_adds(&content,
                    ",\"silent\":false,\"store_history\":true,\"user_expressions\":{},"
                    "\"allow_stdin\":false,\"stop_on_error\":true}");
    if (cf_jread_member(line, "timeout", &timeout)) {
        const double seconds = strtod(timeout.data, NULL); /* a valid object follows it */
        if (seconds > 0 && seconds < 1e9) r->deadline_ms = now_ms() + (int64_t)(seconds * 1000);
    }
    r->id = send_request(c, c->shell, "execute_request", content.data);
    cf_growing_clear(&content);
}

/* 0: go on. */
static int run_line(client *c, cf_slice line) {
    if (!cf_jread_is_object(line)) {
        (void)complain("a line is no JSON object");
        return 1;
    }
    running r = {.count = 0};
    send_cell(c, &r, line);
    finish_cell(c, &r);
    const bool written = write_line(&r);
    cf_notebook_outputs_clear(&r.outputs);
    free(r.id);
    if (is_gone(c)) return EXIT_DIED;
    return written ? 0 : 1;
}

static int run_lines(client *c) {
    char *line = NULL;
    size_t capacity = 0;
    int code = 0;
    for (ssize_t n;
         code == 0 && signalled == 0 && (n = getline(&line, &capacity, stdin)) > 0;) {
        const size_t blank = strspn(line, " \t\r\n");
        if (blank < (size_t)n) code = run_line(c, (cf_slice){line, (size_t)n});
    }
    free(line);
    return signalled != 0 ? 128 + signalled : code;
}

/* ---- the end ---- */

static void end_kernel(client *c) {
    if (is_gone(c)) return;
    if (c->control != NULL) tell(c, "shutdown_request", "{\"restart\":false}");
    if (wait_gone(c, END_MS_MAX)) return;
    (void)kill(c->child, SIGKILL);
    (void)wait_gone(c, END_MS_MAX);
}

static void close_all(client *c) {
    void *const sockets[] = {c->shell, c->control, c->iopub};
    const int linger = 0;
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++)
        if (sockets[i] != NULL) {
            (void)zmq_setsockopt(sockets[i], ZMQ_LINGER, &linger, sizeof linger);
            zmq_close(sockets[i]);
        }
    if (c->zmq != NULL) (void)zmq_ctx_term(c->zmq);
    if (c->wire.seen != NULL) cf_wire_clear(&c->wire);
    cf_connection_clear(&c->connection);
}

static void remove_folder(const client *c) {
    if (c->folder[0] == 0) return;
    for (int i = 1; i <= CF_PORT_COUNT; i++) {
        char path[sizeof c->folder + 16];
        snprintf(path, sizeof path, "%s/s-%d", c->folder, i);
        (void)unlink(path);
    }
    (void)unlink(c->file);
    (void)rmdir(c->folder);
}

int cf_client_run(void) {
    client c = {.child = 0};
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: reading ends too */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    int code = 1;
    if (make_folder(&c) && write_connection(&c) && start_kernel(&c) && connect_all(&c)) {
        const bool ready = wait_ready(&c);
        code = ready ? run_lines(&c) : signalled != 0 ? 128 + signalled : EXIT_DIED;
    }
    end_kernel(&c);
    close_all(&c);
    remove_folder(&c);
    return code;
}
