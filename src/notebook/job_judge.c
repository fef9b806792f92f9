/* What is to be said about a cell that has run. */

#include "notebook/directive.h"
#include "notebook/job_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cf_nb_job_add_error(cf_nb_job *j, const char *ename, const char *evalue) {
    cf_nb_json *output = cf_nb_json_object(j->pool), *traceback = cf_nb_json_list(j->pool);
    cf_nb_set(j->pool, output, "output_type", cf_nb_json_text(j->pool, "error"));
    cf_nb_set(j->pool, output, "ename", cf_nb_json_text(j->pool, ename));
    cf_nb_set(j->pool, output, "evalue", cf_nb_json_text(j->pool, evalue));
    cf_nb_append(j->pool, traceback,
                 cf_nb_json_text(j->pool, cf_nb_printf(j->pool, "%s: %s", ename, evalue)));
    cf_nb_set(j->pool, output, "traceback", traceback);
    cf_nb_append(j->pool, j->outputs, output);
}

static const cf_nb_json *error_of(const cf_nb_json *outputs) {
    for (size_t i = outputs->count; i > 0; i--)
        if (cf_nb_is_text(cf_nb_get(outputs->items[i - 1], "output_type"), "error"))
            return outputs->items[i - 1];
    return NULL;
}

static void remove_last_error(cf_nb_json *outputs) {
    const cf_nb_json *error = error_of(outputs);
    if (error != NULL && outputs->items[outputs->count - 1] == error) outputs->count--;
}

static cf_nb_str traceback_of(cf_nb_job *j, const cf_nb_json *error) {
    cf_nb_text text = {0};
    const cf_nb_json *lines = cf_nb_get(error, "traceback");
    for (size_t i = 0; cf_nb_is(lines, CF_NB_LIST) && i < lines->count; i++) {
        cf_nb_text_addt(&text, lines->items[i]->text);
        cf_nb_text_addc(&text, '\n');
    }
    const cf_nb_str all = cf_nb_text_keep(&text, j->pool);
    return j->options->color ? all : cf_nb_stream_shown(j->pool, all);
}

/* The traceback says `cell 3, line 2`: the line of the file is that far down. */
static uint32_t file_line(cf_nb_job *j, const cf_nb_json *error) {
    const cf_nb_str text = cf_nb_stream_shown(j->pool, traceback_of(j, error));
    const char *found = text.size > 0 ? strstr(text.data, ", line ") : NULL;
    const unsigned long line = found != NULL ? strtoul(found + 7, NULL, 10) : 1;
    return cf_nb_cell_line(cf_nb_job_cell(j, j->at),
                           line > 0 && line < 1000000 ? (uint32_t)line - 1 : 0);
}

cf_nb_str cf_nb_job_printed(cf_nb_job *j) {
    cf_nb_text text = {0};
    for (size_t i = 0; i < j->outputs->count; i++) {
        const cf_nb_json *output = j->outputs->items[i];
        if (cf_nb_is_text(cf_nb_get(output, "name"), "stdout"))
            cf_nb_text_addt(&text, cf_nb_get_text(output, "text"));
    }
    return cf_nb_text_keep(&text, j->pool);
}

void cf_nb_job_judge(cf_nb_job *j, cf_nb_verdict verdict, const char *message) {
    cf_nb_case *c = cf_nb_job_case(j);
    c->verdict = verdict;
    c->message = message;
}

void cf_nb_job_judge_error(cf_nb_job *j) {
    const cf_nb_json *error = error_of(j->outputs), *cell = cf_nb_job_cell(j, j->at);
    const cf_nb_str ename = cf_nb_get_text(error, "ename"),
                    evalue = cf_nb_get_text(error, "evalue");
    cf_error err = {0};
    bool matches = false;
    if (cf_nb_expects_error(cell)) {
        if (cf_nb_ename_matches(cell, ename, &matches, &err) != CF_OK)
            cf_nb_job_judge(j, CF_NB_FAILED, cf_nb_printf(j->pool, "%s", err.message));
        else if (!matches)
            cf_nb_job_judge(j, CF_NB_FAILED,
                            cf_nb_printf(j->pool, "raised %.*s, which is not what was expected",
                                         CF_NB_STR_ARGS(ename)));
    } else if (!j->options->allow_errors && !cf_nb_errors_allowed(&j->book)) {
        cf_nb_job_judge(
            j, CF_NB_FAILED,
            cf_nb_printf(j->pool, "%.*s: %.*s", CF_NB_STR_ARGS(ename), CF_NB_STR_ARGS(evalue)));
    }
    if (cf_nb_job_case(j)->verdict == CF_NB_FAILED)
        cf_nb_job_case(j)->details = traceback_of(j, error);
    cf_nb_job_case(j)->line = file_line(j, error);
}

static void compare_with(cf_nb_job *j, const cf_nb_json *want, const cf_nb_json *got,
                         const cf_nb_tolerance *tolerance, cf_nb_verdict verdict,
                         const char *message) {
    cf_nb_text diff = {0};
    if (!cf_nb_outputs_agree(want, got, tolerance, j->options->color, &diff)) {
        cf_nb_job_judge(j, verdict, message);
        cf_nb_job_case(j)->details = cf_nb_text_keep(&diff, j->pool);
    }
    cf_nb_text_clear(&diff);
}

/* Against the notebook, the first of several rounds, and the kernel. */
void cf_nb_job_compare(cf_nb_job *j) {
    const cf_nb_json *cell = cf_nb_job_cell(j, j->at);
    const cell_state *state = &j->cells[j->at];
    const cf_nb_tolerance own = cf_nb_cell_tolerance(cell, &j->tolerance);
    const cf_nb_tolerance exact = {
        .builtin = j->builtin, .rules = j->tolerance.rules, .ignore = own.ignore};
    if (j->round == 0 && j->options->check && cf_nb_is_compared(cell, j->options->lax))
        compare_with(j, state->saved, j->outputs, &own,
                     j->options->update ? CF_NB_UPDATED : CF_NB_DIFFERS, "");
    if (j->round > 0 && cf_nb_is_compared(cell, false))
        compare_with(j, state->fresh, j->outputs, &exact, CF_NB_DIFFERS,
                     cf_nb_printf(j->pool, "round %u is not as the first", j->round + 1));
    if (j->in_kernel && cf_nb_is_compared(cell, false))
        compare_with(j, j->outputs, j->session_outputs, &exact, CF_NB_DIFFERS,
                     "the kernel (-) and the session (+) disagree");
}

void cf_nb_job_judge_stopped(cf_nb_job *j, const char *more) {
    const char *text = cf_nb_printf(j->pool, "%s%s", j->why, more);
    remove_last_error(j->outputs); /* the interrupt is only how it was done */
    if (j->signal != 0)
        cf_nb_job_add_error(j, "KeyboardInterrupt", text);
    else
        cf_nb_job_add_error(j, "CellTimeoutError", text);
    cf_nb_job_judge(j, j->signal != 0 ? CF_NB_FAILED : CF_NB_TIMEOUT, text);
}
