/* What a cell shows while it runs. */

#include "kernel/output.h"

#include "kernel/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 1000, UPDATE_MS = 250, BAR_WIDTH = 30, NS_PER_MS = 1000000 };
static const size_t shown_size_max = (size_t)16 << 20; /* more is not shown again */

/* ---- sending ---- */

static void send(cf_output *o, const char *type, const cf_growing *content) {
    cf_kernel *k = o->kernel;
    cf_iopub_wait_for_room(k, &o->worker->interrupted);
    cf_message *m = cf_message_new(&k->wire, type, o->request);
    cf_message_topic(m, type, strlen(type));
    cf_growing_add(&m->content, content->data, content->size);
    if (content->failed) m->content.failed = true;
    cf_iopub_send(k, m);
}

/* Takes the content over. */
static void remember(cf_output *o, const char *type, cf_growing *content) {
    const bool wanted = o->progress_wanted && o->shown_size <= shown_size_max;
    cf_shown *grown = wanted ? realloc(o->shown, (o->shown_count + 1) * sizeof *grown) : NULL;
    if (grown == NULL) {
        cf_growing_clear(content);
        return;
    }
    o->shown = grown;
    o->shown_size += content->size;
    grown[o->shown_count++] = (cf_shown){type, *content};
    *content = (cf_growing){0};
}

static void forget_shown(cf_output *o) {
    for (size_t i = 0; i < o->shown_count; i++)
        cf_growing_clear(&o->shown[i].content);
    free(o->shown);
    o->shown = NULL;
    o->shown_count = 0;
}

static void send_clear(cf_output *o, bool wait) {
    cf_growing content = {0};
    cf_growing_addf(&content, "{\"wait\":%s}", wait ? "true" : "false");
    send(o, "clear_output", &content);
    cf_growing_clear(&content);
}

static void put_display(cf_growing *to, const char *bundle, const char *metadata,
                        const char *display_id) {
    cf_growing_addf(to, "{\"data\":");
    cf_growing_adds(to, bundle);
    cf_growing_addf(to, ",\"metadata\":%s,\"transient\":{", metadata);
    if (display_id != NULL) cf_growing_addf(to, "\"display_id\":\"%s\"", display_id);
    cf_growing_adds(to, "}}");
}

/* The progress display goes.  Clearing takes all that the cell has shown, so that is shown
 * again; if it was too much to keep, the display is emptied instead. */
static void end_live(cf_output *o, bool more_follows) {
    if (!o->live) return;
    o->live = false;
    free(o->partial);
    o->partial = NULL;
    if (o->shown_size > shown_size_max) {
        char id[96];
        cf_growing content = {0};
        snprintf(id, sizeof id, "%.40s-%lld-%u", o->kernel->wire.session,
                 (long long)o->start_ns, o->lives);
        put_display(&content, "{\"text/plain\":\"\"}", "{}", id);
        send(o, "update_display_data", &content);
        cf_growing_clear(&content);
        return;
    }
    send_clear(o, more_follows || o->shown_count > 0);
    for (size_t i = 0; i < o->shown_count; i++)
        send(o, o->shown[i].type, &o->shown[i].content);
}

/* Takes the content over. */
static void show(cf_output *o, const char *type, cf_growing *content) {
    if (!o->silent) {
        end_live(o, true);
        send(o, type, content);
    }
    remember(o, type, content);
}

static void show_display(cf_output *o, const char *bundle, const char *metadata) {
    cf_growing content = {0};
    put_display(&content, bundle, metadata, NULL);
    show(o, "display_data", &content);
}

static void show_stream(cf_output *o, bool to_stderr, cf_slice text) {
    if (o->silent || text.size == 0) return;
    end_live(o, true);
    cf_iopub_wait_for_room(o->kernel, &o->worker->interrupted);
    cf_iopub_stream(o->kernel, o->request, to_stderr, text);
    if (!o->progress_wanted) return;
    cf_growing content = {0};
    cf_growing_addf(&content, "{\"name\":\"%s\",\"text\":", to_stderr ? "stderr" : "stdout");
    cf_put_text(&content, text);
    cf_growing_adds(&content, "}");
    remember(o, "stream", &content);
}

/* ---- results ---- */

static void release_held(cf_output *o) {
    if (o->held == NULL) return;
    show_display(o, o->held, "{}");
    free(o->held);
    o->held = NULL;
}

static char *bundle_of(const cf_result *r) {
    char *bundle = cf_result_bundle(r, NULL);
    static const char none[] = "{\"text/plain\":\"(not enough memory to show this)\"}";
    return bundle != NULL ? bundle : cf_need_copy(none, sizeof none - 1);
}

static void add_page(cf_output *o, const char *bundle) {
    if (o->payload.size > 0) cf_growing_adds(&o->payload, ",");
    cf_growing_adds(&o->payload, "{\"source\":\"page\",\"data\":");
    cf_growing_adds(&o->payload, bundle);
    cf_growing_adds(&o->payload, ",\"start\":0}");
}

static void on_result(void *user, cf_result *r) {
    cf_output *o = user;
    if (o->silent) return;
    release_held(o);
    char *bundle = bundle_of(r);
    if (cf_result_kind_of(r) != CF_RESULT_TEXT) {
        o->held = bundle;
        return;
    }
    if (o->pages)
        add_page(o, bundle);
    else
        show_display(o, bundle, "{}");
    free(bundle);
}

static void on_text(void *user, bool to_stderr, const char *data, size_t size) {
    cf_output *o = user;
    if (o->silent) return;
    release_held(o);
    show_stream(o, to_stderr, (cf_slice){data, size});
}

/* ---- errors ---- */

/* Is the coloured text the plain one, but for colours? */
static bool same_text(const char *colored, const char *plain) {
    for (; *colored != 0; colored++) {
        if (*colored == '\033') {
            while (*colored != 0 && *colored != 'm')
                colored++;
            if (*colored == 0) return false;
            continue;
        }
        if (*colored != *plain++) return false;
    }
    return *plain == 0;
}

static void add_traceback(cf_output *o, const char *text) {
    while (*text != 0) {
        const size_t size = strcspn(text, "\n");
        if (o->traceback.size > 0) cf_growing_adds(&o->traceback, ",");
        cf_put_text(&o->traceback, (cf_slice){text, size});
        text += size + (text[size] == '\n' ? 1 : 0);
    }
}

/* The message in one line: `evalue` stands in tables and test reports. */
static void set_error(cf_output *o, const cf_error *e) {
    if (o->failed)
        return; /* the first names the cell's error; the others are in its traceback */
    o->failed = true;
    cf_error_name(e, o->ename);
    cf_growing_adds(&o->evalue, e->message);
    for (size_t i = 0; i < o->evalue.size; i++)
        if (o->evalue.data[i] == '\n') o->evalue.data[i] = ' ';
}

/* The place of an error may be in another cell, which only the session knows: then its text is
 * taken as it is, without colours. */
static void on_diagnostic(void *user, const char *rendered, const cf_error *e, bool warning) {
    cf_output *o = user;
    if (warning) {
        on_text(o, true, rendered, strlen(rendered));
        return;
    }
    set_error(o, e);
    char *colored = cf_error_traceback(e, o->cell->text, o->cell->size, o->cell->name);
    add_traceback(o, colored != NULL && same_text(colored, rendered) ? colored : rendered);
    free(colored);
}

void cf_output_put_error(const cf_output *o, cf_growing *to) {
    cf_growing_adds(to, "\"ename\":");
    cf_put_string(to, o->ename);
    cf_growing_adds(to, ",\"evalue\":");
    cf_put_text(to, cf_growing_slice(&o->evalue));
    cf_growing_adds(to, ",\"traceback\":[");
    cf_growing_add(to, o->traceback.data, o->traceback.size);
    cf_growing_adds(to, "]");
}

void cf_output_send_error(cf_output *o) {
    cf_growing content = {0};
    cf_growing_adds(&content, "{");
    cf_output_put_error(o, &content);
    cf_growing_adds(&content, "}");
    show(o, "error", &content);
}

/* ---- progress ---- */

static bool takes_long(const cf_output *o) {
    return o->progress_wanted &&
           cf_now_ns() - o->statement_ns >= (int64_t)PATIENCE_MS * NS_PER_MS;
}

static void show_live(cf_output *o, const char *bundle) {
    char id[96];
    cf_growing content = {0};
    if (!o->live) o->lives++;
    snprintf(id, sizeof id, "%.40s-%lld-%u", o->kernel->wire.session, (long long)o->start_ns,
             o->lives);
    put_display(&content, bundle, "{}", id);
    send(o, o->live ? "update_display_data" : "display_data", &content);
    o->live = true;
    cf_growing_clear(&content);
}

static void put_amount(cf_growing *to, int64_t n) {
    static const char *const units[] = {"", " k", " M", " G", " T"};
    double x = (double)n;
    size_t unit = 0;
    for (; x >= 10000 && unit < 4; unit++)
        x /= 1000;
    cf_growing_addf(to, "%.*f%s", unit > 0 && x < 100 ? 1 : 0, x, units[unit]);
}

static void put_progress_words(cf_growing *to, const cf_progress_report *p) {
    put_amount(to, p->rows_done);
    if (p->rows_total > 0) {
        cf_growing_adds(to, " of ");
        put_amount(to, p->rows_total);
    }
    cf_growing_addf(to, " rows, %.0f s", p->seconds);
    if (p->steps > 1) cf_growing_addf(to, ", step %u of %u", p->step + 1, p->steps);
    if (p->eta_seconds >= 0) cf_growing_addf(to, ", %.0f s left", p->eta_seconds);
    if (p->note != NULL) cf_growing_addf(to, ", %s", p->note);
}

static double share_done(const cf_progress_report *p) {
    if (p->rows_total <= 0) return -1;
    double share = (double)p->rows_done / (double)p->rows_total;
    if (p->steps > 1) share = ((double)p->step + share) / (double)p->steps;
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

static void put_escaped(cf_growing *to, cf_slice text) {
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        if (c == '<' || c == '>' || c == '&')
            cf_growing_addf(to, "&#%d;", c);
        else
            cf_growing_add(to, &c, 1);
    }
}

static void put_bar(cf_growing *bundle, const cf_progress_report *p) {
    cf_growing words = {0}, plain = {0}, html = {0};
    put_progress_words(&words, p);
    const double share = share_done(p);
    if (share >= 0) {
        const int full = (int)(share * BAR_WIDTH);
        cf_growing_addf(&plain, "[%.*s%.*s] %3.0f%%  ", full, "##############################",
                        BAR_WIDTH - full, "------------------------------", share * 100);
        cf_growing_addf(&html, "<progress value=\"%.3f\" style=\"width:20em\"></progress> ",
                        share);
    } else {
        cf_growing_adds(&html, "<progress style=\"width:20em\"></progress> ");
    }
    cf_growing_add(&plain, words.data, words.size);
    cf_growing_adds(&html, "<small>");
    put_escaped(&html, cf_growing_slice(&words));
    cf_growing_adds(&html, "</small>");
    cf_growing_adds(bundle, "{\"text/html\":");
    cf_put_text(bundle, cf_growing_slice(&html));
    cf_growing_adds(bundle, ",\"text/plain\":");
    cf_put_text(bundle, cf_growing_slice(&plain));
    cf_growing_adds(bundle, "}");
    cf_growing_clear(&words);
    cf_growing_clear(&plain);
    cf_growing_clear(&html);
}

static void on_progress(void *user, const cf_progress_report *p) {
    cf_output *o = user;
    const int64_t now = cf_now_ns();
    if (o->partial != NULL || !takes_long(o) ||
        now - o->updated_ns < (int64_t)UPDATE_MS * NS_PER_MS)
        return;
    o->updated_ns = now;
    cf_growing bundle = {0};
    put_bar(&bundle, p);
    if (!bundle.failed) show_live(o, bundle.data);
    cf_growing_clear(&bundle);
}

static void on_partial(void *user, cf_result *so_far) {
    cf_output *o = user;
    if (!takes_long(o)) return; /* the session leaves time between them */
    free(o->partial);
    o->partial = bundle_of(so_far);
    show_live(o, o->partial);
}

/* If this statement will show something, what is held is not the last. */
static void on_next(void *user, bool gives_result) {
    cf_output *o = user;
    if (gives_result) release_held(o);
    o->statement_ns = cf_now_ns();
}

static void on_timing(void *user, const cf_timing *t) {
    cf_output *o = user;
    o->timing.cpu_ns += t->cpu_ns;
    o->timing.rows += t->rows;
    o->timing.bytes_read += t->bytes_read;
    o->timing.bytes_unpacked += t->bytes_unpacked;
    if (t->peak_bytes > o->timing.peak_bytes) o->timing.peak_bytes = t->peak_bytes;
}

static char *on_input(void *user, const char *prompt) {
    cf_output *o = user;
    release_held(o);
    end_live(o, false);
    return cf_question_ask(o->kernel, o->worker, o->request, prompt);
}

cf_callbacks cf_output_callbacks(cf_output *o, bool allow_input) {
    o->start_ns = o->statement_ns = cf_now_ns();
    return (cf_callbacks){.user = o,
                          .result = on_result,
                          .text = on_text,
                          .diagnostic = on_diagnostic,
                          .progress = o->progress_wanted ? on_progress : NULL,
                          .timing = on_timing,
                          .partial = o->progress_wanted ? on_partial : NULL,
                          .input = allow_input ? on_input : NULL,
                          .next = on_next};
}

/* ---- the end ---- */

static void name_status(cf_output *o, cf_status status) {
    cf_error e = {.status = status};
    const char *title = cf_status_title((int)status);
    snprintf(e.message, sizeof e.message, "%s", title != NULL ? title : "the cell failed");
    set_error(o, &e);
    char *text = cf_error_traceback(&e, NULL, 0, NULL);
    add_traceback(o, text != NULL ? text : e.message);
    free(text);
}

static void show_last(cf_output *o) {
    cf_growing content = {0};
    cf_growing_addf(&content, "{\"execution_count\":%lld,\"data\":", (long long)o->count);
    cf_growing_adds(&content, o->held);
    cf_growing_adds(&content, ",\"metadata\":{}}");
    show(o, "execute_result", &content);
    free(o->held);
    o->held = NULL;
}

void cf_output_end(cf_output *o, cf_status status) {
    o->timing.wall_ns = cf_now_ns() - o->start_ns;
    if (status != CF_OK && !o->failed) name_status(o, status);
    if (o->failed) {
        release_held(o);
    } else if (o->held != NULL) {
        show_last(o);
    }
    char *partial = o->partial; /* who interrupts keeps what there was */
    o->partial = NULL;
    if (partial != NULL && status == CF_E_CANCELLED)
        show_display(o, partial, "{\"cutflow\":{\"partial\":true}}");
    end_live(o, false);
    free(partial);
}

static void put_size(cf_growing *to, double bytes) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1000;
    cf_growing_addf(to, "%.*f %s", unit > 0 && bytes < 100 ? 1 : 0, bytes, units[unit]);
}

static void put_part(cf_growing *to, const char *name, int64_t bytes) {
    if (bytes <= 0) return;
    cf_growing_adds(to, name);
    put_size(to, (double)bytes);
}

void cf_output_footer(cf_output *o) {
    cf_growing line = {0}, bundle = {0}, html = {0};
    cf_growing_addf(&line, "%.2f s, CPU %.2f s", (double)o->timing.wall_ns / 1e9,
                    (double)o->timing.cpu_ns / 1e9);
    if (o->timing.rows > 0) {
        cf_growing_adds(&line, ", ");
        put_amount(&line, o->timing.rows);
        cf_growing_adds(&line, " rows");
    }
    put_part(&line, ", read ", o->timing.bytes_read);
    put_part(&line, ", peak ", o->timing.peak_bytes);
    cf_growing_addf(&html, "<small style=\"color:var(--jp-ui-font-color2,#888)\">%s</small>",
                    line.data);
    cf_growing_adds(&bundle, "{\"text/html\":");
    cf_put_text(&bundle, cf_growing_slice(&html));
    cf_growing_adds(&bundle, ",\"text/plain\":");
    cf_put_text(&bundle, cf_growing_slice(&line));
    cf_growing_adds(&bundle, "}");
    if (!bundle.failed) show_display(o, bundle.data, "{\"cutflow\":{\"footer\":true}}");
    cf_growing_clear(&line);
    cf_growing_clear(&bundle);
    cf_growing_clear(&html);
}

void cf_output_put_timing(const cf_output *o, cf_growing *to) {
    cf_growing_adds(to, "\"wall_seconds\":");
    cf_put_number(to, (double)o->timing.wall_ns / 1e9);
    cf_growing_adds(to, ",\"cpu_seconds\":");
    cf_put_number(to, (double)o->timing.cpu_ns / 1e9);
    cf_growing_addf(to, ",\"rows\":%lld,\"bytes_read\":%lld,\"peak_bytes\":%lld",
                    (long long)o->timing.rows, (long long)o->timing.bytes_read,
                    (long long)o->timing.peak_bytes);
}

void cf_output_clear(cf_output *o) {
    forget_shown(o);
    free(o->held);
    free(o->partial);
    cf_growing_clear(&o->payload);
    cf_growing_clear(&o->evalue);
    cf_growing_clear(&o->traceback);
}
