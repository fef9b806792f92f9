#ifndef CF_NOTEBOOK_JOB_INTERNAL_H
#define CF_NOTEBOOK_JOB_INTERNAL_H

/* What a job holds; for the files job*.c. */

#include "notebook/job.h"

#include <time.h>

typedef struct {
    cf_nb_json *saved;  /* outputs as the notebook had them */
    cf_nb_json *fresh;  /* of the first round; NULL: it was not run */
    int count;          /* execution_count; 0: none */
    cf_nb_case *report; /* NULL: not a cell of code */
} cell_state;

struct cf_nb_job {
    const cf_nb_options *options;
    cf_nb_reporter *reporter;
    cf_nb_pool *pool;
    cf_nb_book book;
    cf_nb_suite suite;
    cf_nb_rules *builtin;
    cf_nb_tolerance tolerance;
    cell_state *cells;
    size_t at, first, last; /* the cell that runs, and those that may */
    unsigned round;
    int count;
    bool done, halted;
    int signal;

    cf_nb_executor *session, *kernel;
    bool in_kernel;      /* the cell has run in the session, and runs there now */
    cf_nb_json *outputs; /* of the cell, so far */
    cf_nb_json *tail;    /* its newest output, if that is a stream that may go on */
    cf_nb_text tail_text;
    cf_nb_json *session_outputs; /* while it runs in the kernel */
    bool raised;
    int64_t start_ns, cell_ns, deadline_ns, cell_deadline_ns;
    bool asked;      /* to stop */
    const char *why; /* it was asked: for the message */
    int64_t kill_ns, again_ns;
    struct timespec cell_clock; /* for metadata */
};

static inline cf_nb_json *cf_nb_job_cell(const cf_nb_job *j, size_t at) {
    return j->book.cells->items[at];
}

static inline cf_nb_case *cf_nb_job_case(const cf_nb_job *j) {
    return j->cells[j->at].report;
}

/* Reads the notebook, puts the parameters in, finds the cells to run (job_open.c). */
cf_status cf_nb_job_open(cf_nb_job *j, cf_error *err);

/* The verdict on the cell that ran (job_judge.c). */
void cf_nb_job_judge(cf_nb_job *j, cf_nb_verdict verdict, const char *message);
void cf_nb_job_judge_error(cf_nb_job *j);
void cf_nb_job_judge_stopped(cf_nb_job *j, const char *more);
void cf_nb_job_compare(cf_nb_job *j);
void cf_nb_job_add_error(cf_nb_job *j, const char *ename, const char *evalue);
cf_nb_str cf_nb_job_printed(cf_nb_job *j);

/* Outputs into the tree, the tree into files (job_save.c). */
void cf_nb_job_save(cf_nb_job *j);

#endif
