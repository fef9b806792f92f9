/* Any bytes as frames from an executor, in pieces of any size: no crash, no hang, and what can
 * be read as a message holds what it says.  First byte: how large the pieces are. */

#include "dist/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(const cf_frame *f) {
    cf_plan_message plan;
    cf_job_message job;
    cf_task_message task;
    cf_task_metrics metrics;
    cf_status status = CF_OK;
    cf_error err;
    cf_str bytes;
    cf_text again = {0};
    (void)cf_check_hello(f, "it", NULL);
    if (cf_get_plan(f, &plan)) cf_put_plan(&again, &plan);
    if (cf_get_job(f, &job)) cf_put_job(&again, &job);
    if (cf_get_task(f, &task)) cf_put_task(&again, &task);
    if (cf_get_result(f, &task, &metrics, &bytes))
        cf_put_result(&again, &task, &metrics, bytes);
    if (cf_get_error(f, &task, &status, &err)) {
        CF_ASSERT(status != CF_OK && cf_status_title((int)status) != NULL);
        cf_put_error(&again, &task, status, &err);
    }
    cf_text_clear(&again);
}

/* The reader asks for right checksums, which damage never has: the payload is tried as it is.
 */
static void take_bare(const uint8_t *data, size_t size) {
    for (int type = CF_FRAME_HELLO; type < CF_FRAME_END; type++) {
        const cf_frame f = {(cf_frame_type)type, (const char *)data, size};
        take(&f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_frame_reader r = {0};
    if (size == 0) return 0;
    const size_t piece = 1 + data[0] % 64;
    cf_frame_state state = CF_FRAME_NONE;
    for (size_t at = 1; at < size && state != CF_FRAME_BAD; at += piece) {
        const char *why = NULL;
        cf_frame f;
        const size_t n = size - at < piece ? size - at : piece;
        CF_ASSERT(cf_frame_feed(&r, (const char *)data + at, n));
        while ((state = cf_frame_next(&r, &f, &why)) == CF_FRAME_READY)
            take(&f);
        CF_ASSERT(state == CF_FRAME_NONE || why != NULL);
    }
    cf_frame_reader_clear(&r);
    take_bare(data + 1, size - 1);
    if (size > 1 + CF_FRAME_HEADER)
        take_bare(data + 1 + CF_FRAME_HEADER, size - 1 - CF_FRAME_HEADER);
    return 0;
}
