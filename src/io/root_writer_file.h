#ifndef CF_IO_ROOT_WRITER_FILE_H
#define CF_IO_ROOT_WRITER_FILE_H

/* The container: a header, records behind keys, and at the end the lists of them.  All places
 * are written in 64 bits, so a file may grow beyond 2 GB. */

#include "io/root_writer_object.h"
#include "io/root_writer_pack.h"

#include <stdio.h>

typedef struct {
    const char *path, *temporary, *name; /* in the arena */
    cf_arena *arena;
    FILE *file;
    uint64_t at;      /* bytes written */
    uint64_t content; /* a hash of what was written */
    cf_root_packer *packer;
    int setting; /* of the compression, in ROOT's numbers */
    cf_text packed;
    /* For the list of keys. */
    cf_root_out keys;
    uint32_t key_count;
} cf_root_target;

/* A record: `more` stands between key and content and counts to the key. */
typedef struct {
    const char *class_name, *name, *title;
    const void *more;
    size_t more_size;
    const void *content;
    size_t size;
    bool plain;  /* never packed */
    bool listed; /* among the keys of the file */
} cf_root_record;

typedef struct {
    uint64_t seek;
    uint32_t bytes;
} cf_root_place;

cf_status cf_root_target_open(const char *path, cf_arena *arena, cf_root_pack pack,
                              cf_root_target *t, cf_error *err);
/* Bytes of a key. */
size_t cf_root_key_bytes(const char *class_name, const char *name, const char *title);
cf_status cf_root_target_add(cf_root_target *t, const cf_root_record *r, cf_root_place *place,
                             cf_error *err);
/* Class descriptions, lists, header; the file gets its name. */
cf_status cf_root_target_finish(cf_root_target *t, const cf_root_own_class *own,
                                uint32_t own_count, cf_error *err);
/* Frees what it holds; a file without its name is removed. */
void cf_root_target_close(cf_root_target *t);

#endif
