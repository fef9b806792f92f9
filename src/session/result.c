#include "session/result.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

cf_result *cf_result_new(cf_result_kind kind) {
    cf_result *r = calloc(1, sizeof *r);
    if (r == NULL) return NULL;
    atomic_init(&r->refs, 1);
    r->kind = kind;
    r->total = -1;
    r->entries = -1;
    r->moment = (double)NAN;
    return r;
}

cf_result *cf_result_retain(cf_result *r) {
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void cf_result_release(cf_result *r) {
    if (r == NULL || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1) return;
    cf_column_release(r->rows);
    free(r->text);
    free(r->caption);
    free(r->label_x);
    free(r->label_y);
    free(r->note);
    free(r);
}

cf_result_kind cf_result_kind_of(const cf_result *r) {
    return r->kind;
}

cf_draw cf_result_draw(const cf_result *r) {
    return r->draw;
}

int64_t cf_result_rows(const cf_result *r) {
    return r->rows == NULL ? 0 : r->rows->length;
}

int64_t cf_result_total(const cf_result *r) {
    return r->total;
}

cf_format cf_format_of(const char *word) {
    static const char *const words[] = {
#define CF_FORMAT(name, text) text,
#include "cutflow/formats.def"
#undef CF_FORMAT
    };
    for (size_t i = 0; i < CF_COUNT(words); i++)
        if (strcmp(words[i], word) == 0) return (cf_format)i;
    return CF_FORMAT_COUNT;
}
