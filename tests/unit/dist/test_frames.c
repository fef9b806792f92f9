/* Frames and messages: they come back equal, in pieces of any size; damage is noticed. */
#include "dist/message.h"
#include "test.h"

#include <string.h>

static void put_samples(cf_text *out) {
    const cf_task_message task = {7, 3, 2};
    const cf_task_metrics metrics = {1, 2, 3, 4, 5, 6, 7};
    cf_error err = {0};
    cf_put_hello(out, CF_PROTOCOL_VERSION);
    cf_put_plan(out, &(cf_plan_message){11, CF_STR("/data"), CF_STR("12345678"), CF_STR("{}")});
    cf_put_job(out, &(cf_job_message){7, 11, 1, 2, 1u << 30, 16, CF_STR("\0\1\2")});
    cf_put_task(out, &task);
    cf_put_result(out, &task, &metrics, CF_STR("state"));
    (void)cf_fail(&err, CF_E_OVERFLOW, (cf_span){1, 2, 3}, "too large");
    cf_error_hint(&err, "smaller");
    cf_put_error(out, &task, CF_E_OVERFLOW, &err);
    cf_put_heartbeat(out);
}

static void check_frame(const cf_frame *f, unsigned number) {
    cf_plan_message plan;
    cf_job_message job;
    cf_task_message task = {0};
    cf_task_metrics metrics = {0};
    cf_status status = CF_OK;
    cf_error err = {0};
    cf_str bytes;
    switch (number) {
    case 0: CHECK(cf_check_hello(f, "it", &err) == CF_OK); break;
    case 1:
        CHECK(cf_get_plan(f, &plan) && plan.id == 11 && cf_str_is(plan.folder, "/data"));
        CHECK(cf_str_is(plan.sizes, "12345678") && cf_str_is(plan.json, "{}"));
        break;
    case 2:
        CHECK(cf_get_job(f, &job) && job.id == 7 && job.plan == 11 && job.stream == 2);
        CHECK(job.wholes.size == 3 && memcmp(job.wholes.data, "\0\1\2", 3) == 0);
        break;
    case 3: CHECK(cf_get_task(f, &task) && task.task == 3 && task.attempt == 2); break;
    case 4:
        CHECK(cf_get_result(f, &task, &metrics, &bytes) && task.job == 7);
        CHECK(metrics.rows == 7 && metrics.wall_ns == 1 && cf_str_is(bytes, "state"));
        break;
    case 5:
        CHECK(cf_get_error(f, &task, &status, &err) && status == CF_E_OVERFLOW);
        CHECK(err.status == CF_E_OVERFLOW && err.span.end == 3);
        CHECK(strcmp(err.message, "too large") == 0 && strcmp(err.hint, "smaller") == 0);
        break;
    default: CHECK(f->type == CF_FRAME_HEARTBEAT && f->size == 0); break;
    }
}

static void frames_come_in_pieces(void) {
    cf_text sent = {0};
    put_samples(&sent);
    for (size_t piece = 1; piece < sent.size + 7; piece += 1 + piece / 8) {
        cf_frame_reader r = {0};
        unsigned number = 0;
        for (size_t at = 0; at < sent.size; at += piece) {
            const char *why = NULL;
            cf_frame f;
            const size_t n = sent.size - at < piece ? sent.size - at : piece;
            CHECK(cf_frame_feed(&r, sent.data + at, n));
            while (cf_frame_next(&r, &f, &why) == CF_FRAME_READY)
                check_frame(&f, number++);
        }
        CHECK(number == 7);
        cf_frame_reader_clear(&r);
    }
    cf_text_clear(&sent);
}

/* Any bit that flips anywhere: fewer frames, none of them wrong. */
static void damage_is_noticed(void) {
    cf_text sent = {0};
    put_samples(&sent);
    for (size_t bit = 0; bit < sent.size * 8; bit++) {
        cf_frame_reader r = {0};
        const char *why = NULL;
        cf_frame f;
        unsigned number = 0;
        sent.data[bit / 8] ^= (char)(1 << (bit % 8));
        CHECK(cf_frame_feed(&r, sent.data, sent.size));
        while (cf_frame_next(&r, &f, &why) == CF_FRAME_READY)
            check_frame(&f, number++);
        CHECK(number < 7);
        cf_frame_reader_clear(&r);
        sent.data[bit / 8] ^= (char)(1 << (bit % 8));
    }
    cf_text_clear(&sent);
}

static void messages_that_end_early_are_refused(void) {
    cf_text sent = {0};
    put_samples(&sent);
    cf_frame_reader r = {0};
    const char *why = NULL;
    cf_frame f;
    CHECK(cf_frame_feed(&r, sent.data, sent.size));
    while (cf_frame_next(&r, &f, &why) == CF_FRAME_READY) {
        for (size_t size = 0; size < f.size; size++) {
            const cf_frame cut = {f.type, f.data, size};
            cf_plan_message plan;
            cf_job_message job;
            cf_task_message task;
            cf_status status;
            cf_error err = {0};
            CHECK(f.type != CF_FRAME_HELLO || cf_check_hello(&cut, "it", &err) != CF_OK);
            CHECK(f.type != CF_FRAME_PLAN || !cf_get_plan(&cut, &plan));
            CHECK(f.type != CF_FRAME_JOB || !cf_get_job(&cut, &job));
            CHECK(f.type != CF_FRAME_TASK || !cf_get_task(&cut, &task));
            CHECK(f.type != CF_FRAME_ERROR || !cf_get_error(&cut, &task, &status, &err));
        }
    }
    cf_frame_reader_clear(&r);
    cf_text_clear(&sent);
}

static void another_version_is_refused(void) {
    cf_text sent = {0};
    cf_frame_reader r = {0};
    const char *why = NULL;
    cf_frame f;
    cf_error err = {0};
    cf_put_hello(&sent, CF_PROTOCOL_VERSION + 1);
    CHECK(cf_frame_feed(&r, sent.data, sent.size));
    CHECK(cf_frame_next(&r, &f, &why) == CF_FRAME_READY);
    CHECK(cf_check_hello(&f, "that one", &err) == CF_E_UNSUPPORTED);
    CHECK(strstr(err.message, "that one is another build") != NULL);
    cf_frame_reader_clear(&r);
    cf_text_clear(&sent);
}

/* A size that nothing follows takes no memory. */
static void sizes_are_not_believed(void) {
    cf_text sent = {0};
    cf_frame_reader r = {0};
    const char *why = NULL;
    cf_frame f;
    cf_frame_end(&sent, cf_frame_begin(&sent, CF_FRAME_RESULT));
    sent.data[12] = 8; /* 32 GiB */
    CHECK(cf_frame_feed(&r, sent.data, sent.size));
    CHECK(cf_frame_next(&r, &f, &why) == CF_FRAME_NONE);
    CHECK(r.bytes.capacity < 4096);
    sent.data[15] = 1; /* more than there can be */
    cf_frame_reader_clear(&r);
    CHECK(cf_frame_feed(&r, sent.data, sent.size));
    CHECK(cf_frame_next(&r, &f, &why) == CF_FRAME_BAD);
    cf_frame_reader_clear(&r);
    cf_text_clear(&sent);
}

int main(void) {
    RUN(frames_come_in_pieces);
    RUN(damage_is_noticed);
    RUN(messages_that_end_early_are_refused);
    RUN(another_version_is_refused);
    RUN(sizes_are_not_believed);
    return cf_test_failures > 0;
}
