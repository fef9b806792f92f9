#include "mkevents/batch.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    cf_kind kind;
    const char *unit;
} field;

static const struct {
    const char *name;
    field fields[CF_MK_FIELDS_MAX];
} lists[CF_MK_LISTS] = {
    [CF_MK_EVENT] = {"Event",
                     {{"ProcessID", CF_INT32, NULL},
                      {"Weight", CF_FLOAT32, NULL},
                      {"Scale", CF_FLOAT32, "GeV"},
                      {"ID1", CF_INT32, NULL},
                      {"ID2", CF_INT32, NULL},
                      {"X1", CF_FLOAT32, NULL},
                      {"X2", CF_FLOAT32, NULL}}},
    [CF_MK_TRACK] = {"EFlowTrack",
                     {{"PID", CF_INT32, NULL},
                      {"Charge", CF_INT32, NULL},
                      {"PT", CF_FLOAT32, "GeV"},
                      {"Eta", CF_FLOAT32, NULL},
                      {"Phi", CF_FLOAT32, NULL},
                      {"X", CF_FLOAT32, "mm"},
                      {"Y", CF_FLOAT32, "mm"},
                      {"Z", CF_FLOAT32, "mm"}}},
    [CF_MK_PHOTON] = {"EFlowPhoton",
                      {{"ET", CF_FLOAT32, "GeV"},
                       {"Eta", CF_FLOAT32, NULL},
                       {"Phi", CF_FLOAT32, NULL},
                       {"E", CF_FLOAT32, "GeV"}}},
    [CF_MK_NEUTRAL] = {"EFlowNeutralHadron",
                       {{"ET", CF_FLOAT32, "GeV"},
                        {"Eta", CF_FLOAT32, NULL},
                        {"Phi", CF_FLOAT32, NULL},
                        {"E", CF_FLOAT32, "GeV"}}},
    [CF_MK_ELECTRON] = {"Electron",
                        {{"PT", CF_FLOAT32, "GeV"},
                         {"Eta", CF_FLOAT32, NULL},
                         {"Phi", CF_FLOAT32, NULL},
                         {"Charge", CF_INT32, NULL},
                         {"IsolationVar", CF_FLOAT32, NULL}}},
    [CF_MK_MUON] = {"MuonTight",
                    {{"PT", CF_FLOAT32, "GeV"},
                     {"Eta", CF_FLOAT32, NULL},
                     {"Phi", CF_FLOAT32, NULL},
                     {"Charge", CF_INT32, NULL},
                     {"IsolationVar", CF_FLOAT32, NULL}}},
    [CF_MK_JET] = {"Jet",
                   {{"PT", CF_FLOAT32, "GeV"},
                    {"Eta", CF_FLOAT32, NULL},
                    {"Phi", CF_FLOAT32, NULL},
                    {"Mass", CF_FLOAT32, "GeV"},
                    {"BTag", CF_UINT32, NULL},
                    {"TauTag", CF_UINT32, NULL}}},
    [CF_MK_MET] = {"MissingET",
                   {{"MET", CF_FLOAT32, "GeV"},
                    {"Eta", CF_FLOAT32, NULL},
                    {"Phi", CF_FLOAT32, NULL}}},
};

static uint32_t field_count(int list) {
    uint32_t n = 0;
    while (n < CF_MK_FIELDS_MAX && lists[list].fields[n].name != NULL)
        n++;
    return n;
}

/* Event.Number is the one field of 64 bits; it comes first. */
static cf_field list_field(cf_arena *arena, int list) {
    cf_field fields[CF_MK_FIELDS_MAX + 1];
    uint32_t n = 0;
    if (list == CF_MK_EVENT)
        fields[n++] = (cf_field){.name = "Number", .type = &cf_type_int, .node = -1};
    for (uint32_t i = 0; i < field_count(list); i++)
        fields[n++] = (cf_field){.name = lists[list].fields[i].name,
                                 .type = cf_type_of_kind(lists[list].fields[i].kind),
                                 .unit = lists[list].fields[i].unit,
                                 .node = -1};
    return (cf_field){.name = lists[list].name,
                      .type = cf_type_list(arena, cf_type_tuple(arena, fields, n)),
                      .node = -1};
}

const cf_type *cf_mk_schema(cf_arena *arena) {
    cf_field fields[2 * CF_MK_LISTS];
    for (int i = 0; i < CF_MK_LISTS; i++) {
        fields[2 * i] = list_field(arena, i);
        fields[2 * i + 1] = (cf_field){.name = cf_arena_printf(arena, "%s_size", lists[i].name),
                                       .type = cf_type_of_kind(CF_INT32),
                                       .node = -1};
    }
    return cf_type_tuple(arena, fields, CF_COUNT(fields));
}

typedef struct {
    cf_mk_list lists[CF_MK_LISTS];
    int64_t *offsets[CF_MK_LISTS];
    int32_t *sizes[CF_MK_LISTS];
    int64_t *numbers;
} batch;

static void batch_clear(batch *b) {
    for (int i = 0; i < CF_MK_LISTS; i++) {
        for (size_t k = 0; k < b->lists[i].field_count; k++)
            free(b->lists[i].fields[k]);
        free(b->offsets[i]);
        free(b->sizes[i]);
    }
    free(b->numbers);
}

static bool batch_init(batch *b, int64_t count) {
    const size_t n = (size_t)count + 1;
    bool good = (b->numbers = malloc(n * sizeof *b->numbers)) != NULL;
    for (int i = 0; i < CF_MK_LISTS; i++) {
        b->lists[i].field_count = field_count(i);
        b->offsets[i] = malloc(n * sizeof *b->offsets[i]);
        b->sizes[i] = malloc(n * sizeof *b->sizes[i]);
        good = good && b->offsets[i] != NULL && b->sizes[i] != NULL;
    }
    return good;
}

static bool batch_run(batch *b, const cf_mk_model *m, uint64_t first, int64_t count) {
    for (int i = 0; i < CF_MK_LISTS; i++)
        b->offsets[i][0] = 0;
    for (int64_t k = 0; k < count; k++) {
        cf_mk_model_run(m, first + (uint64_t)k, b->lists);
        b->numbers[k] = (int64_t)first + k;
        for (int i = 0; i < CF_MK_LISTS; i++) {
            b->offsets[i][k + 1] = (int64_t)b->lists[i].count;
            b->sizes[i][k] = (int32_t)(b->offsets[i][k + 1] - b->offsets[i][k]);
            if (b->lists[i].failed) return false;
        }
    }
    return true;
}

/* A column of numbers, taken over from *values. */
static cf_column *numbers(const cf_type *type, int64_t length, void *values) {
    return cf_column_new(type, length, NULL, values, NULL, NULL, 0);
}

static bool all_there(cf_column *const *columns, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (columns[i] == NULL) return false;
    return true;
}

/* Puts columns together, or lets them go. */
static cf_column *assemble(const cf_type *type, int64_t length, int64_t *offsets,
                           cf_column **children, uint32_t count) {
    if (all_there(children, count))
        return cf_column_new(type, length, NULL, NULL, offsets, children, count);
    for (uint32_t i = 0; i < count; i++)
        cf_column_release(children[i]);
    free(offsets);
    return NULL;
}

static cf_column *list_column(batch *b, int list, const cf_type *type, int64_t rows) {
    const cf_type *tuple = type->fields[0].type;
    cf_column *fields[CF_MK_FIELDS_MAX + 1];
    const int64_t count = (int64_t)b->lists[list].count;
    uint32_t n = 0;
    if (list == CF_MK_EVENT) {
        fields[n++] = numbers(&cf_type_int, count, b->numbers);
        b->numbers = NULL;
    }
    for (size_t i = 0; i < b->lists[list].field_count; i++, n++) {
        fields[n] = numbers(tuple->fields[n].type, count, b->lists[list].fields[i]);
        b->lists[list].fields[i] = NULL;
    }
    cf_column *element = assemble(tuple, count, NULL, fields, n);
    int64_t *offsets = b->offsets[list];
    b->offsets[list] = NULL;
    return assemble(type, rows, offsets, &element, 1);
}

static cf_table *batch_table(batch *b, const cf_type *schema, int64_t rows) {
    cf_column *columns[2 * CF_MK_LISTS];
    for (uint32_t i = 0; i < CF_MK_LISTS; i++) {
        columns[2 * i] = list_column(b, (int)i, schema->fields[2 * i].type, rows);
        columns[2 * i + 1] = numbers(schema->fields[2 * i + 1].type, rows, b->sizes[i]);
        b->sizes[i] = NULL;
    }
    return assemble(schema, rows, NULL, columns, CF_COUNT(columns));
}

cf_table *cf_mk_batch(const cf_mk_model *m, const cf_type *schema, uint64_t first,
                      int64_t count) {
    batch b = {.numbers = NULL};
    cf_table *table = NULL;
    if (batch_init(&b, count) && batch_run(&b, m, first, count))
        table = batch_table(&b, schema, count);
    batch_clear(&b);
    return table;
}
