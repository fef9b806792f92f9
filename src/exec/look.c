#include "exec/pass.h"

/* A look at the result while the last pass runs: the states of the partitions that are done are
 * folded into a copy, and the rows computed from it as they will be at the end. */

#include <stdlib.h>
#include <string.h>

#define EVERY_MS   500
#define SHARE      20         /* of the time, at most one part in so many */
#define STATES_MAX (4U << 20) /* bytes: more is no histogram */

static bool is_before(const cf_pass *pass, uint32_t step, cf_id stream) {
    return step < pass->step || (step == pass->step && stream < pass->stream);
}

/* Does this pass leave small states only, which everything after it is made of? */
static bool is_last(const cf_pass *pass) {
    const cf_run *run = pass->run;
    if (pass->delivery_count > 0 || pass->sink_count == 0 || run->plan->save_count > 0)
        return false;
    for (size_t i = 0; i < run->delivery_count; i++) {
        const cf_delivery *d = &run->deliveries[i];
        if (d->purpose != CF_FOR_WHOLE || !is_before(pass, d->step, d->stream)) return false;
    }
    for (cf_id id = 1; id <= run->plan->node_count; id++) {
        const cf_spot *s = &run->places.spots[id];
        const bool state = s->place == CF_PLACE_SINK || s->place == CF_PLACE_GROUP;
        const bool here = s->step == pass->step && s->stream == pass->stream;
        if (state && !here && !is_before(pass, s->step, s->stream)) return false;
    }
    return true;
}

static bool is_small(const cf_pass *pass) {
    size_t bytes = 0;
    for (size_t i = 0; i < pass->task_count; i++)
        if (pass->blocks[i] != NULL) bytes += cf_sinks_bytes(pass, pass->blocks[i]);
    return bytes > 0 && bytes <= STATES_MAX;
}

/* Everything whole that is known by now can be used as it is; what is computed from the states
 * so far goes into memory of its own. */
static cf_status look_whole(const cf_pass *pass, cf_sink_state *sinks, cf_eval *e,
                            cf_exec_result *out) {
    const cf_run *run = pass->run;
    const size_t nodes = run->plan->node_count + 1u;
    e->arena = cf_arena_new((size_t)64 << 10);
    e->memo = malloc(nodes * sizeof *e->memo);
    if (e->arena == NULL || e->memo == NULL) return cf_eval_no_memory(e);
    memcpy(e->memo, run->whole.memo, nodes * sizeof *e->memo);
    CF_TRY(cf_sinks_publish(pass, sinks, e));
    return cf_run_rows(run, e, NULL, out);
}

static void look(const cf_pass *pass) {
    const cf_run *run = pass->run;
    cf_error ignored = {0};
    cf_sink_state *sinks = NULL;
    cf_exec_result so_far = {.total_rows = -1, .rows_scanned = run->result->rows_scanned};
    if (cf_fold_look(pass, &sinks, &ignored) != CF_OK) return;
    cf_eval e = run->whole;
    e.err = &ignored;
    e.stats = NULL;
    e.arena = NULL;
    e.memo = NULL;
    if (look_whole(pass, sinks, &e, &so_far) == CF_OK)
        run->options->partial(run->options->user, &so_far);
    cf_exec_result_clear(&so_far);
    cf_arena_free(e.arena);
    free(e.memo);
    cf_sinks_free(pass, sinks);
}

void cf_pass_look(const cf_pass *pass) {
    cf_run *run = pass->run;
    if (run->options->partial == NULL) return;
    const uint32_t asked = run->options->partial_ms;
    const int64_t every = (asked > 0 ? asked : EVERY_MS) * INT64_C(1000000);
    const int64_t now = cf_clock_ns();
    if (run->next_look_ns == 0) run->next_look_ns = now + every;
    if (now < run->next_look_ns || !is_last(pass) || !is_small(pass)) return;
    look(pass);
    const int64_t after = cf_clock_ns(), rest = SHARE * (after - now);
    run->next_look_ns = after + (rest > every ? rest : every);
}
