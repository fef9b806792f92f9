#ifndef CF_MKEVENTS_MODEL_H
#define CF_MKEVENTS_MODEL_H

/* One event: what the detector saw, in collections of particles. */

#include "mkevents/shapes.h"

typedef enum { CF_MK_QCD, CF_MK_TTBAR, CF_MK_WJETS, CF_MK_CLASSES } cf_mk_class;

const char *cf_mk_class_word(cf_mk_class c); /* "qcd" */

/* The collections, each with fields of 32 bits; what they are called: batch.c. */
typedef enum {
    CF_MK_EVENT,
    CF_MK_TRACK,
    CF_MK_PHOTON,
    CF_MK_NEUTRAL,
    CF_MK_ELECTRON,
    CF_MK_MUON,
    CF_MK_JET,
    CF_MK_MET,
    CF_MK_LISTS
} cf_mk_list_kind;

enum { CF_MK_FIELDS_MAX = 8 };

typedef union {
    float f;
    int32_t i;
    uint32_t u;
} cf_mk_cell;

/* A collection over many events. */
typedef struct {
    cf_mk_cell *fields[CF_MK_FIELDS_MAX];
    size_t field_count, count, room;
    bool failed; /* memory ran out */
} cf_mk_list;

/* A place for one more; NULL: no memory.  Fields are set at index count - 1. */
bool cf_mk_grow(cf_mk_list *l);

typedef struct cf_mk_model cf_mk_model;
cf_mk_model *cf_mk_model_new(cf_mk_class c, uint64_t seed); /* NULL: no memory */
void cf_mk_model_free(cf_mk_model *m);

/* Appends event `number` to the lists; safe from several threads on lists of their own. */
void cf_mk_model_run(const cf_mk_model *m, uint64_t number, cf_mk_list lists[CF_MK_LISTS]);

#endif
