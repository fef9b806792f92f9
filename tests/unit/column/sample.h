/* Tables that several tests use. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "column/column.h"

#include <stdio.h>

/* {event = int, name = text?, met = float32, jets = [{pt = float, tags = [text]}]?} */
static inline const cf_type *sample_type(cf_arena *arena) {
    const cf_field jet[] = {{.name = "pt", .type = &cf_type_float},
                            {.name = "tags", .type = cf_type_list(arena, &cf_type_text)}};
    const cf_type *jets = cf_type_list(arena, cf_type_tuple(arena, jet, 2));
    const cf_field columns[] = {{.name = "event", .type = &cf_type_int},
                                {.name = "name", .type = &cf_type_text},
                                {.name = "met", .type = cf_type_of_kind(CF_FLOAT32)},
                                {.name = "jets", .type = jets}};
    return cf_type_tuple(arena, columns, CF_COUNT(columns));
}

/* Row i: name null if i % 5 == 3; i % 4 jets (null if i % 7 == 6), jet j with j tags "i.j.k".
 */
static inline void sample_add_row(cf_builder *b, int64_t i) {
    (void)cf_builder_int(cf_builder_child(b, 0), i);
    cf_builder *name = cf_builder_child(b, 1), *jets = cf_builder_child(b, 3);
    char text[64];
    const int size = snprintf(text, sizeof text, "event %lld", (long long)i);
    (void)(i % 5 == 3 ? cf_builder_null(name) : cf_builder_text(name, text, (size_t)size));
    (void)cf_builder_float(cf_builder_child(b, 2), (double)i / 2);
    cf_builder *jet = cf_builder_child(jets, 0), *tags = cf_builder_child(jet, 1);
    for (int64_t j = 0; i % 7 != 6 && j < i % 4; j++) {
        (void)cf_builder_float(cf_builder_child(jet, 0), (double)(10 * i + j));
        for (int64_t k = 0; k < j; k++) {
            const int used = snprintf(text, sizeof text, "%lld.%lld.%lld", (long long)i,
                                      (long long)j, (long long)k);
            (void)cf_builder_text(cf_builder_child(tags, 0), text, (size_t)used);
        }
        (void)cf_builder_end_list(tags);
        (void)cf_builder_end_tuple(jet);
    }
    (void)(i % 7 == 6 ? cf_builder_null(jets) : cf_builder_end_list(jets));
    (void)cf_builder_end_tuple(b);
}

static inline cf_column *sample_table(int64_t begin, int64_t end) {
    cf_arena *arena = cf_arena_new(1024);
    cf_builder *b = cf_builder_new(sample_type(arena));
    cf_arena_free(arena);
    for (int64_t i = begin; i < end; i++)
        sample_add_row(b, i);
    return cf_builder_finish(b);
}

#endif
