#ifndef CF_DIST_MESSAGE_H
#define CF_DIST_MESSAGE_H

/* What the frames say: numbers and texts, in a fixed order.  Every `put` appends a whole frame;
 * every `get` is false for bytes that are no such message.  Texts that were read point into the
 * frame. */

#include "dist/frame.h"

#define CF_PROTOCOL_VERSION 1

/* Both ends must be of one build, or the last bits may differ. */
const char *cf_build_id(void);
void cf_put_hello(cf_text *out, uint64_t protocol); /* CF_PROTOCOL_VERSION, but in tests */
/* Refuses another version or build, in words. */
cf_status cf_check_hello(const cf_frame *f, const char *whose, cf_error *err);

typedef struct {
    uint64_t id;
    cf_str folder; /* where relative paths begin */
    cf_str sizes;  /* of each source: rows, partitions (uint64 each) */
    cf_str json;
} cf_plan_message;
void cf_put_plan(cf_text *out, const cf_plan_message *m);
bool cf_get_plan(const cf_frame *f, cf_plan_message *m);

typedef struct {
    uint64_t id, plan;
    uint64_t step, stream, memory_limit, chunk_rows;
    cf_str wholes;
} cf_job_message;
void cf_put_job(cf_text *out, const cf_job_message *m);
bool cf_get_job(const cf_frame *f, cf_job_message *m);

typedef struct {
    uint64_t job, task, attempt;
} cf_task_message;
void cf_put_task(cf_text *out, const cf_task_message *m);
bool cf_get_task(const cf_frame *f, cf_task_message *m);

typedef struct {
    uint64_t wall_ns, cpu_ns, peak_bytes;
    uint64_t bytes_requested, bytes_read, bytes_unpacked, rows;
} cf_task_metrics;

/* A result's payload is everything after its metrics. */
void cf_put_result(cf_text *out, const cf_task_message *m, const cf_task_metrics *metrics,
                   cf_str partial);
bool cf_get_result(const cf_frame *f, cf_task_message *m, cf_task_metrics *metrics,
                   cf_str *partial);
void cf_put_error(cf_text *out, const cf_task_message *m, cf_status status,
                  const cf_error *err);
bool cf_get_error(const cf_frame *f, cf_task_message *m, cf_status *status, cf_error *err);
void cf_put_heartbeat(cf_text *out);

#endif
