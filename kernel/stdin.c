/* A cell that asks its user for a line.  The question goes to whoever sent the cell, and to
 * nobody else; the answer is taken from there only, and an interrupt ends the waiting. */

#include "kernel/json.h"
#include "kernel/kernel.h"

#include <stdlib.h>
#include <string.h>

static cf_message *input_request(cf_kernel *k, const cf_request *r, const char *prompt) {
    cf_message *m = cf_message_new(&k->wire, "input_request", r);
    m->channel = CF_STDIN;
    cf_growing_adds(&m->content, "{\"prompt\":");
    cf_put_string(&m->content, prompt);
    cf_growing_adds(&m->content, ",\"password\":false}");
    return m;
}

char *cf_question_ask(cf_kernel *k, const cf_worker *w, const cf_request *r,
                      const char *prompt) {
    cf_question *q = &k->question;
    cf_message *m = input_request(k, r, prompt);
    cf_iopub_flush(k); /* what was printed before is seen before */
    pthread_mutex_lock(&q->lock);
    q->asker = r;
    q->question = cf_jread_member_text(cf_growing_slice(&m->header), "msg_id", NULL);
    q->answered = false;
    cf_shell_send(k, m);
    while (!q->answered && !w->interrupted && !k->stopping)
        pthread_cond_wait(&q->wake, &q->lock);
    char *answer = q->answer;
    q->asker = NULL;
    q->answer = NULL;
    free(q->question);
    q->question = NULL;
    pthread_mutex_unlock(&q->lock);
    return answer;
}

/* A reply that names another question is an old one.  Some clients name none. */
static bool answers(const cf_question *q, const cf_request *reply) {
    if (q->asker == NULL || q->answered || strcmp(reply->type, "input_reply") != 0)
        return false;
    const cf_slice from = cf_growing_slice(&reply->route),
                   to = cf_growing_slice(&q->asker->route);
    if (from.size != to.size || memcmp(from.data, to.data, to.size) != 0) return false;
    char *id = cf_jread_member_text(reply->parent, "msg_id", NULL);
    const bool ours = id == NULL || strcmp(id, q->asker->id) == 0 ||
                      (q->question != NULL && strcmp(id, q->question) == 0);
    free(id);
    return ours;
}

void cf_question_answer(cf_kernel *k, const cf_request *reply) {
    cf_question *q = &k->question;
    pthread_mutex_lock(&q->lock);
    if (answers(q, reply)) {
        q->answer = cf_jread_member_text(reply->content, "value", NULL);
        if (q->answer != NULL && strcmp(q->answer, "\x04") == 0) { /* end of input */
            free(q->answer);
            q->answer = NULL;
        }
        q->answered = true;
        pthread_cond_broadcast(&q->wake);
    }
    pthread_mutex_unlock(&q->lock);
}

void cf_question_wake(cf_kernel *k) {
    pthread_mutex_lock(&k->question.lock);
    pthread_cond_broadcast(&k->question.wake);
    pthread_mutex_unlock(&k->question.lock);
}
