#ifndef CF_IO_WRITER_H
#define CF_IO_WRITER_H

/* What a format offers to be written. */

#include "io/open.h"

typedef struct {
    cf_status (*add)(void *state, const cf_table *rows, cf_error *err);
    cf_status (*finish)(void *state, int64_t *bytes, cf_error *err); /* frees state */
    void (*abandon)(void *state); /* frees state, removes what was written */
} cf_writer_class;

struct cf_writer {
    const cf_writer_class *class;
    void *state;
};

/* partition_writer.c: a folder of `key=value` folders with files in them. */
cf_status cf_partition_writer_open(const char *path, const char *format, const char *suffix,
                                   const cf_save_options *options, const cf_type *schema,
                                   cf_writer *writer, cf_error *err);

/* tfrecord_writer.c: a tf.train.Example a row. */
cf_status cf_tfrecord_writer_open(const char *path, const cf_type *schema, cf_writer *writer,
                                  cf_error *err);

/* A file that is written beside its path and renamed in the end.  A path that is a device is
 * written directly. */
typedef struct {
    char *path, *temporary; /* temporary NULL: none is there to remove */
    int fd;
    int64_t bytes; /* written so far */
} cf_new_file;

cf_status cf_new_file_open(const char *path, cf_new_file *f, cf_error *err);
cf_status cf_new_file_add(cf_new_file *f, const void *data, size_t size, cf_error *err);
cf_status cf_new_file_finish(cf_new_file *f, cf_error *err); /* then close */
void cf_new_file_close(cf_new_file *f); /* removes it if it was not finished */

#endif
