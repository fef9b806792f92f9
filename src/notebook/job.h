#ifndef CF_NOTEBOOK_JOB_H
#define CF_NOTEBOOK_JOB_H

/* One notebook on its way through its cells.  A job never waits: run.c tells it when something
 * has come from its executor, when it is late, and when all has to end. */

#include "notebook/executor.h"
#include "notebook/report.h"

typedef struct cf_nb_job cf_nb_job;

cf_nb_job *cf_nb_job_new(const char *path, const cf_nb_options *options,
                         cf_nb_reporter *reporter);
void cf_nb_job_free(cf_nb_job *job);

/* Reads the notebook and starts its first cell.  A job that cannot start is done. */
void cf_nb_job_start(cf_nb_job *job);
bool cf_nb_job_is_done(const cf_nb_job *job);
cf_nb_suite *cf_nb_job_suite(cf_nb_job *job);

/* The descriptor to wait for; -1: none.  Then receive. */
int cf_nb_job_fd(const cf_nb_job *job);
void cf_nb_job_receive(cf_nb_job *job);
/* When tick must be called at the latest; clock of cf_nb_now_ns. */
int64_t cf_nb_job_wake_ns(const cf_nb_job *job);
void cf_nb_job_tick(cf_nb_job *job);
/* A signal came: the cell is asked to stop, and nothing is run after it.  now: do not wait. */
void cf_nb_job_stop(cf_nb_job *job, int signal, bool now);

int64_t cf_nb_now_ns(void);

#endif
