#ifndef CF_IO_ROOT_TYPE_NAME_H
#define CF_IO_ROOT_TYPE_NAME_H

/* The names of C++ types as files spell them. */

#include "base/base.h"

typedef enum {
    CF_ROOT_NAME_BASIC, /* `type` tells which */
    CF_ROOT_NAME_TEXT,  /* std::string, TString */
    CF_ROOT_NAME_LIST,  /* vector, list, deque, set, ...: one argument */
    CF_ROOT_NAME_MAP,   /* map, multimap, ...: two arguments */
    CF_ROOT_NAME_PAIR,
    CF_ROOT_NAME_CLASS,
} cf_root_name_kind;

typedef struct {
    cf_root_name_kind kind;
    int type;            /* CF_ROOT_INT ... */
    cf_str name;         /* without `std::` and blanks around */
    cf_str arguments[2]; /* the first two */
} cf_root_type_name;

cf_root_type_name cf_root_type_name_of(cf_str text);

#endif
