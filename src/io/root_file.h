#ifndef CF_IO_ROOT_FILE_H
#define CF_IO_ROOT_FILE_H

/* The container of a ROOT file: header, keys, directories, and the bytes of an object. */

#include "io/codec.h"
#include "io/root_buffer.h"
#include "io/storage.h"

typedef struct {
    int64_t bytes;        /* header and stored object */
    int64_t object_bytes; /* unpacked */
    uint32_t header_bytes;
    int32_t cycle;
    uint64_t seek;
    const char *class_name, *name, *title;
} cf_root_key;

typedef struct {
    cf_storage *storage; /* owned */
    const char *path;
    int32_t version;
    uint64_t begin, end;
    uint64_t info_seek; /* the list of class descriptions */
    uint64_t info_bytes;
    uint32_t name_bytes;
    cf_arena *arena; /* borrowed: holds names and keys */
} cf_root_file;

/* An object of the file that can be opened as a relation. */
typedef struct {
    const char *path; /* `dir/tree` */
    cf_root_key key;
} cf_root_entry;

typedef struct {
    cf_root_entry *entries;
    size_t count;
    const char *refused; /* path of an RNTuple, if there is one: says why there is no tree */
} cf_root_listing;

/* Takes the storage over, also when it fails. */
cf_status cf_root_file_open(cf_storage *storage, cf_arena *arena, cf_root_file *file,
                            cf_error *err);
void cf_root_file_close(cf_root_file *file);

/* Every tree, in the order of the directories; of several cycles the highest. */
cf_status cf_root_file_list(const cf_root_file *file, cf_root_listing *listing, cf_error *err);

/* A key header at the start of `b`. */
bool cf_root_key_read(cf_root_buffer *b, cf_arena *arena, cf_root_key *key);

/* The unpacked object behind a key: malloc'd, with its header in front, as positions inside
 * count from there. */
cf_status cf_root_object_load(const cf_root_file *file, uint64_t seek, uint64_t bytes,
                              uint8_t **data, size_t *size, size_t *header, cf_error *err);

#endif
