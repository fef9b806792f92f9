/* Completion, help and "is this all?".  Clients count in code points, the session in bytes. */

#include "kernel/json.h"
#include "kernel/kernel.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *text;
    size_t size, cursor; /* in bytes */
} asked;

static asked read_asked(const cf_request *r) {
    asked a = {.size = 0};
    a.text = cf_jread_member_text(r->content, "code", &a.size);
    if (a.text == NULL) a = (asked){.text = cf_need_copy("", 0)};
    int64_t points = 0;
    const bool given = cf_jread_member_int(r->content, "cursor_pos", &points);
    a.cursor = given ? cf_points_to_bytes((cf_slice){a.text, a.size}, points) : a.size;
    return a;
}

static size_t points_before(const asked *a, size_t byte) {
    return cf_points_count((cf_slice){a->text, byte < a->size ? byte : a->size});
}

/* What JupyterLab shows beside a match; it looks it up by the match's number. */
static void put_type(cf_growing *to, const cf_completion *c, size_t start, size_t end) {
    cf_growing_addf(to, "{\"start\":%zu,\"end\":%zu,\"text\":", start, end);
    cf_put_string(to, c->text);
    cf_growing_adds(to, ",\"type\":");
    cf_put_string(to, c->kind);
    cf_growing_adds(to, ",\"signature\":");
    cf_put_string(to, c->type);
    cf_growing_adds(to, "}");
}

void cf_answer_complete(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    asked a = read_asked(r);
    cf_completions c = cf_session_complete(k->session, a.text, a.size, a.cursor);
    const size_t start = points_before(&a, c.begin), end = points_before(&a, c.end);
    cf_message *m = cf_reply_new(k, r);
    cf_growing types = {0};
    cf_growing_adds(&m->content, "{\"status\":\"ok\",\"matches\":[");
    for (size_t i = 0; i < c.count; i++) {
        if (i > 0) cf_growing_adds(&m->content, ",");
        if (i > 0) cf_growing_adds(&types, ",");
        cf_put_string(&m->content, c.items[i].text);
        put_type(&types, &c.items[i], start, end);
    }
    cf_growing_addf(&m->content,
                    "],\"cursor_start\":%zu,\"cursor_end\":%zu,"
                    "\"metadata\":{\"_jupyter_types_experimental\":[",
                    start, end);
    cf_growing_add(&m->content, types.data, types.size);
    cf_growing_adds(&m->content, "]}}");
    cf_reply_send(k, m);
    cf_growing_clear(&types);
    cf_completions_clear(&c);
    free(a.text);
}

void cf_answer_inspect(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    asked a = read_asked(r);
    int64_t detail = 0;
    (void)cf_jread_member_int(r->content, "detail_level", &detail);
    char *text = cf_session_inspect(k->session, a.text, a.size, a.cursor, detail > 0 ? 1 : 0);
    cf_message *m = cf_reply_new(k, r);
    cf_growing_addf(&m->content, "{\"status\":\"ok\",\"found\":%s,\"data\":{",
                    text != NULL ? "true" : "false");
    if (text != NULL) {
        cf_growing_adds(&m->content, "\"text/plain\":");
        cf_put_string(&m->content, text);
    }
    cf_growing_adds(&m->content, "},\"metadata\":{}}");
    cf_reply_send(k, m);
    free(text);
    free(a.text);
}

void cf_answer_is_complete(cf_kernel *k, cf_worker *w, const cf_request *r) {
    (void)w;
    asked a = read_asked(r);
    unsigned indent = 0;
    const cf_text_state state = cf_text_is_complete(a.text, a.size, &indent);
    cf_message *m = cf_reply_new(k, r);
    if (state == CF_TEXT_INCOMPLETE)
        cf_growing_addf(&m->content, "{\"status\":\"incomplete\",\"indent\":\"%*s\"}",
                        (int)(indent < 64 ? indent : 64), "");
    else
        cf_growing_addf(&m->content, "{\"status\":\"%s\"}",
                        state == CF_TEXT_COMPLETE ? "complete" : "invalid");
    cf_reply_send(k, m);
    free(a.text);
}
