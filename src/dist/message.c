#include "dist/message.h"

#include "exec/bytes.h"
#include "plan/plan.h"

#include <string.h>

static void put_str(cf_text *out, cf_str s) {
    cf_put_u64(out, s.size);
    cf_put_array(out, s.data, s.size, 1);
}

static cf_str get_str(cf_reader *r) {
    const size_t size = cf_get_count(r, 1);
    const char *data = cf_get_bytes(r, size, 1);
    return r->bad ? (cf_str){"", 0} : (cf_str){data, size};
}

static cf_reader reader_of(const cf_frame *f) {
    return (cf_reader){f->data, f->size, false};
}

static bool complete(const cf_reader *r) {
    return !r->bad && r->left == 0;
}

/* --- hello --- */

const char *cf_build_id(void) {
#ifdef __VERSION__
    return CF_VERSION " " __VERSION__;
#else
    return CF_VERSION;
#endif
}

void cf_put_hello(cf_text *out, uint64_t protocol) {
    const size_t begin = cf_frame_begin(out, CF_FRAME_HELLO);
    cf_put_u64(out, protocol);
    cf_put_u64(out, CF_PLAN_VERSION);
    put_str(out, cf_str_of(cf_build_id()));
    cf_frame_end(out, begin);
}

cf_status cf_check_hello(const cf_frame *f, const char *whose, cf_error *err) {
    cf_reader r = reader_of(f);
    const uint64_t protocol = cf_get_u64(&r), plan = cf_get_u64(&r);
    const cf_str build = get_str(&r);
    if (f->type != CF_FRAME_HELLO || r.bad)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s does not say hello", whose);
    if (protocol == CF_PROTOCOL_VERSION && plan == CF_PLAN_VERSION &&
        cf_str_is(build, cf_build_id()))
        return CF_OK;
    const cf_status status = cf_fail(
        err, CF_E_UNSUPPORTED, CF_NOWHERE,
        "%s is another build: %.*s, protocol %llu, plans %llu; this one is %s, protocol "
        "%d, plans %d",
        whose, build.size > 120 ? 120 : (int)build.size, build.data,
        (unsigned long long)protocol, (unsigned long long)plan, cf_build_id(),
        CF_PROTOCOL_VERSION, CF_PLAN_VERSION);
    cf_error_hint(err, "install cutflow and cutflow-exec together");
    return status;
}

/* --- to the executor --- */

void cf_put_plan(cf_text *out, const cf_plan_message *m) {
    const size_t begin = cf_frame_begin(out, CF_FRAME_PLAN);
    cf_put_u64(out, m->id);
    put_str(out, m->folder);
    put_str(out, m->sizes);
    put_str(out, m->json);
    cf_frame_end(out, begin);
}

bool cf_get_plan(const cf_frame *f, cf_plan_message *m) {
    cf_reader r = reader_of(f);
    m->id = cf_get_u64(&r);
    m->folder = get_str(&r);
    m->sizes = get_str(&r);
    m->json = get_str(&r);
    return complete(&r);
}

void cf_put_job(cf_text *out, const cf_job_message *m) {
    const uint64_t numbers[] = {m->id,     m->plan,         m->step,
                                m->stream, m->memory_limit, m->chunk_rows};
    const size_t begin = cf_frame_begin(out, CF_FRAME_JOB);
    cf_put_array(out, numbers, CF_COUNT(numbers), sizeof *numbers);
    put_str(out, m->wholes);
    cf_frame_end(out, begin);
}

bool cf_get_job(const cf_frame *f, cf_job_message *m) {
    cf_reader r = reader_of(f);
    m->id = cf_get_u64(&r);
    m->plan = cf_get_u64(&r);
    m->step = cf_get_u64(&r);
    m->stream = cf_get_u64(&r);
    m->memory_limit = cf_get_u64(&r);
    m->chunk_rows = cf_get_u64(&r);
    m->wholes = get_str(&r);
    return complete(&r) && m->step <= UINT32_MAX && m->stream <= UINT32_MAX &&
           m->chunk_rows <= UINT32_MAX;
}

static void put_address(cf_text *out, const cf_task_message *m) {
    cf_put_u64(out, m->job);
    cf_put_u64(out, m->task);
    cf_put_u64(out, m->attempt);
}

static void get_address(cf_reader *r, cf_task_message *m) {
    m->job = cf_get_u64(r);
    m->task = cf_get_u64(r);
    m->attempt = cf_get_u64(r);
}

void cf_put_task(cf_text *out, const cf_task_message *m) {
    const size_t begin = cf_frame_begin(out, CF_FRAME_TASK);
    put_address(out, m);
    cf_frame_end(out, begin);
}

bool cf_get_task(const cf_frame *f, cf_task_message *m) {
    cf_reader r = reader_of(f);
    get_address(&r, m);
    return complete(&r);
}

/* --- from the executor --- */

void cf_put_result(cf_text *out, const cf_task_message *m, const cf_task_metrics *metrics,
                   cf_str partial) {
    const uint64_t numbers[] = {metrics->wall_ns,    metrics->cpu_ns,
                                metrics->peak_bytes, metrics->bytes_requested,
                                metrics->bytes_read, metrics->bytes_unpacked,
                                metrics->rows};
    const size_t begin = cf_frame_begin(out, CF_FRAME_RESULT);
    put_address(out, m);
    cf_put_array(out, numbers, CF_COUNT(numbers), sizeof *numbers);
    cf_put_array(out, partial.data, partial.size, 1);
    cf_frame_end(out, begin);
}

bool cf_get_result(const cf_frame *f, cf_task_message *m, cf_task_metrics *metrics,
                   cf_str *partial) {
    cf_reader r = reader_of(f);
    uint64_t *const numbers[] = {&metrics->wall_ns,    &metrics->cpu_ns,
                                 &metrics->peak_bytes, &metrics->bytes_requested,
                                 &metrics->bytes_read, &metrics->bytes_unpacked,
                                 &metrics->rows};
    get_address(&r, m);
    for (size_t i = 0; i < CF_COUNT(numbers); i++) {
        *numbers[i] = cf_get_u64(&r);
        if (*numbers[i] >> 62 != 0) r.bad = true; /* sums of them fit */
    }
    *partial = (cf_str){r.at, r.left};
    return !r.bad;
}

static void put_span(cf_text *out, cf_span s) {
    cf_put_u64(out, s.source);
    cf_put_u64(out, s.begin);
    cf_put_u64(out, s.end);
}

static cf_span get_span(cf_reader *r) {
    const uint64_t source = cf_get_u64(r), begin = cf_get_u64(r), end = cf_get_u64(r);
    return (cf_span){(uint32_t)source, (uint32_t)begin, (uint32_t)end};
}

static void get_words(cf_reader *r, char *to, size_t room) {
    const cf_str s = get_str(r);
    const size_t size = s.size < room ? s.size : room - 1;
    memcpy(to, s.data, size);
    to[size] = '\0';
}

void cf_put_error(cf_text *out, const cf_task_message *m, cf_status status,
                  const cf_error *err) {
    const size_t begin = cf_frame_begin(out, CF_FRAME_ERROR);
    put_address(out, m);
    cf_put_u64(out, (uint64_t)status);
    cf_put_u64(out, (uint64_t)err->status);
    put_span(out, err->span);
    put_span(out, err->cause);
    put_str(out, cf_str_of(err->message));
    put_str(out, cf_str_of(err->label));
    put_str(out, cf_str_of(err->because));
    put_str(out, cf_str_of(err->hint));
    put_str(out, cf_str_of(err->trail));
    cf_frame_end(out, begin);
}

bool cf_get_error(const cf_frame *f, cf_task_message *m, cf_status *status, cf_error *err) {
    cf_reader r = reader_of(f);
    get_address(&r, m);
    const uint64_t outer = cf_get_u64(&r), inner = cf_get_u64(&r);
    *err = (cf_error){.span = get_span(&r)};
    err->cause = get_span(&r);
    get_words(&r, err->message, sizeof err->message);
    get_words(&r, err->label, sizeof err->label);
    get_words(&r, err->because, sizeof err->because);
    get_words(&r, err->hint, sizeof err->hint);
    get_words(&r, err->trail, sizeof err->trail);
    /* a number without a meaning here is no error that can be shown */
    if (outer == 0 || outer > INT32_MAX || cf_status_title((int)outer) == NULL) r.bad = true;
    if (inner > INT32_MAX || (inner != 0 && cf_status_title((int)inner) == NULL)) r.bad = true;
    if (r.bad) return false;
    *status = (cf_status)outer;
    err->status = (cf_status)inner;
    return complete(&r);
}

void cf_put_heartbeat(cf_text *out) {
    cf_frame_end(out, cf_frame_begin(out, CF_FRAME_HEARTBEAT));
}
