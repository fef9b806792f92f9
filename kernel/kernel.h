#ifndef CF_KERNEL_KERNEL_H
#define CF_KERNEL_KERNEL_H

/* The running kernel: who owns what.
 *
 *   thread       owns                    does
 *   main         -                       signals, the parent's death, repeated interrupts, the
 * end shell        shell and stdin socket  requests to the workers' queues, replies out control
 * control socket          interrupt, shutdown, subshells; never waits for a cell iopub iopub
 * socket            sends what the others queue; welcomes subscribers heartbeat    heartbeat
 * socket        echoes worker       -                       one for the main shell, one for
 * each subshell
 *
 * A socket is used by its thread alone.  Threads meet in queues under locks, and wake each
 * other through eventfds, which zmq_poll can wait for. */

#include "kernel/connection.h"
#include "kernel/history.h"

#include "cutflow/session.h"

typedef struct cf_iopub cf_iopub;
typedef struct cf_shell cf_shell;
typedef struct cf_kernel cf_kernel;

/** A queue of requests and the thread that serves it, in order. */
typedef struct cf_worker {
    struct cf_worker *next;
    cf_kernel *kernel;
    char *id; /* of the subshell; NULL: the main shell */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows up to the blank line */
    pthread_cond_t wake;
    struct cf_queued *first, *last;
    uint64_t taken_in, abort_through; /* requests queued so far; executes up to this one are
                                         answered `aborted` */
    bool leaving, left;
    bool executing;

    atomic_bool interrupted; /* the cell that runs */
    int64_t count;           /* execution_count; its own thread's */
    cf_history history;
} cf_worker;

/** A cell that waits for the user (stdin.c). */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    const cf_request *asker; /* NULL: nobody waits */
    char *question;          /* the input_request's msg_id */
    bool answered;
    char *answer;
} cf_question;

struct cf_kernel {
    cf_connection connection;
    cf_wire wire;
    void *zmq;
    void *sockets[CF_PORT_COUNT];
    cf_session *session;
    pthread_mutex_t running; /* held by the worker that runs a cell */
    cf_iopub *iopub;
    cf_shell *shell;
    cf_question question;
    cf_worker main;
    pthread_mutex_t subshell_lock; /* of the list, the count, and `closed` */
    cf_worker *subshells;
    unsigned subshell_count;
    bool closed; /* no worker is given anything any more */
    pthread_t main_thread, control_thread, heartbeat_thread;
    double usage_cpu, usage_wall; /* at the last usage_request; the control thread's */
    atomic_bool stopping;
    int stop_fd; /* readable once sockets are to be closed */
    int exit_code;
};

/** `cutflow-kernel -f FILE`: runs until shutdown; the exit code. */
int cf_kernel_run(const char *connection_file);

/** Any thread: ends what runs now with CF_E_CANCELLED; harmless when idle. */
void cf_kernel_interrupt(cf_kernel *k);
/** Any thread: begins the end of the kernel. */
void cf_kernel_stop(cf_kernel *k);

int cf_eventfd_new(void);
void cf_eventfd_raise(int fd);
void cf_eventfd_lower(int fd);

/* ---- iopub.c: what all clients see ---- */

bool cf_iopub_start(cf_kernel *k);
/** Sends what is queued, for at most 300 ms, and ends the thread. */
void cf_iopub_stop(cf_kernel *k);
/** Takes the message over. */
void cf_iopub_send(cf_kernel *k, cf_message *m);
void cf_iopub_status(cf_kernel *k, const cf_request *cause, const char *state);
/** Text for a stream; pieces that follow each other closely become one message. */
void cf_iopub_stream(cf_kernel *k, const cf_request *cause, bool to_stderr, cf_slice text);
/** What is queued goes out now. */
void cf_iopub_flush(cf_kernel *k);
/** Waits while too much is queued, unless *cancel becomes true. */
void cf_iopub_wait_for_room(cf_kernel *k, const atomic_bool *cancel);

/* ---- shell.c ---- */

bool cf_shell_start(cf_kernel *k);
void cf_shell_stop(cf_kernel *k);
/** Takes the message over; its channel says where it goes. */
void cf_shell_send(cf_kernel *k, cf_message *m);
/** Returns when every request that has arrived is in its queue. */
void cf_shell_drain(cf_kernel *k);

/* ---- worker.c ---- */

bool cf_worker_start(cf_worker *w, cf_kernel *k, const char *id);
/** It leaves after what it does now; what waits in its queue is answered `aborted`. */
void cf_worker_leave(cf_worker *w);
bool cf_worker_is_leaving(cf_worker *w);
/** Waits for its end until a moment on the monotonic clock; false: it has not ended. */
bool cf_worker_join(cf_worker *w, int64_t deadline_ns);
/** Takes a reference of its own. */
void cf_worker_push(cf_worker *w, const cf_request *r);
/** Executes that wait now will be answered `aborted`. */
void cf_worker_abort_queued(cf_worker *w);
/** Publishes busy, handles the request, publishes idle. `worker` NULL: on control. */
void cf_request_handle(cf_kernel *k, cf_worker *w, const cf_request *r);

/* ---- answers ---- */

/** `{"msg_type": "x_reply"}` for a request, and sends it, taking it over. */
cf_message *cf_reply_new(cf_kernel *k, const cf_request *r);
void cf_reply_send(cf_kernel *k, cf_message *m);
void cf_reply_error(cf_kernel *k, const cf_request *r, const char *name, const char *what);

void cf_execute(cf_kernel *k, cf_worker *w, const cf_request *r);         /* execute.c */
void cf_answer_aborted(cf_kernel *k, cf_worker *w, const cf_request *r);  /* execute.c */
void cf_answer_complete(cf_kernel *k, cf_worker *w, const cf_request *r); /* language.c */
void cf_answer_inspect(cf_kernel *k, cf_worker *w, const cf_request *r);  /* language.c */
void cf_answer_is_complete(cf_kernel *k, cf_worker *w, const cf_request *r);
void cf_answer_kernel_info(cf_kernel *k, cf_worker *w, const cf_request *r); /* info.c */
void cf_answer_connect(cf_kernel *k, cf_worker *w, const cf_request *r);
void cf_answer_comm_info(cf_kernel *k, cf_worker *w, const cf_request *r);
void cf_answer_comm_open(cf_kernel *k, cf_worker *w, const cf_request *r);
void cf_answer_usage(cf_kernel *k, cf_worker *w, const cf_request *r);
void cf_answer_history(cf_kernel *k, cf_worker *w, const cf_request *r);  /* history.c */
void cf_answer_shutdown(cf_kernel *k, cf_worker *w, const cf_request *r); /* control.c */
void cf_answer_interrupt(cf_kernel *k, cf_worker *w, const cf_request *r);
void cf_answer_subshell(cf_kernel *k, cf_worker *w, const cf_request *r);

void *cf_control_main(void *kernel);   /* control.c: a thread */
void *cf_heartbeat_main(void *kernel); /* heartbeat.c: a thread */

/* ---- stdin.c ---- */

/** Asks whoever sent `r`; a malloc'd line, or NULL: end of input, interrupted. */
char *cf_question_ask(cf_kernel *k, const cf_worker *w, const cf_request *r,
                      const char *prompt);
/** The shell thread hands in what came on stdin; keeps nothing of it. */
void cf_question_answer(cf_kernel *k, const cf_request *reply);
void cf_question_wake(cf_kernel *k);

/* ---- clock ---- */
int64_t cf_now_ns(void);
void cf_sleep_ms(long ms);

#endif
