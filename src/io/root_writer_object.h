#ifndef CF_IO_ROOT_WRITER_OBJECT_H
#define CF_IO_ROOT_WRITER_OBJECT_H

/* Objects as ROOT stores them, written by the same class descriptions that go into the file. */

#include "base/base.h"

/* --- big-endian bytes --- */

/* A record in the making.  Positions inside it count from `before` bytes before the first one:
 * the key that will stand there. */
typedef struct {
    cf_text bytes;
    uint32_t before;
} cf_root_out;

void cf_root_put8(cf_root_out *o, unsigned x);
void cf_root_put16(cf_root_out *o, unsigned x);
void cf_root_put32(cf_root_out *o, uint32_t x);
void cf_root_put64(cf_root_out *o, uint64_t x);
void cf_root_put_text(cf_root_out *o, const char *text);
/* `size` bytes behind their length. */
void cf_root_put_chars(cf_root_out *o, const char *data, size_t size);
/* A byte count that is filled in by the end, then a version. */
size_t cf_root_put_begin(cf_root_out *o, unsigned version);
void cf_root_put_end(cf_root_out *o, size_t begin);

/* --- class descriptions --- */

typedef enum {
    CF_ROOT_FORM_CLASS,
    CF_ROOT_FORM_BASE,
    CF_ROOT_FORM_NUMBER,
    CF_ROOT_FORM_NUMBERS, /* a pointer to as many as another member says */
    CF_ROOT_FORM_STRING,
    CF_ROOT_FORM_OBJECT,
    CF_ROOT_FORM_ANY,
    CF_ROOT_FORM_POINTER,
} cf_root_form;

/* A class or, behind it, one of its members. */
typedef struct {
    cf_root_form form;
    const char *name;
    int type; /* CF_ROOT_... */
    const char *type_name;
    int bytes;           /* in memory */
    int version;         /* CLASS, BASE */
    uint32_t checksum;   /* CLASS, BASE */
    const char *counter; /* NUMBERS */
    const char *title;   /* NULL: none */
} cf_root_member;

/* A class of the file's own, besides those of a tree. */
typedef struct {
    const char *name;
    int version;
    uint32_t checksum;
    const cf_root_member *members;
    uint32_t count;
} cf_root_own_class;

/* What ROOT computes from the names and types of members. */
uint32_t cf_root_class_checksum(const char *name, const cf_root_member *first, uint32_t count);

/* The list of all descriptions, as the record `StreamerInfo` holds it. */
void cf_root_put_classes(cf_root_out *o, const cf_root_own_class *own, uint32_t own_count);

/* --- objects --- */

typedef struct cf_root_thing cf_root_thing;

typedef enum {
    CF_ROOT_HAS_NUMBER,
    CF_ROOT_HAS_REAL,
    CF_ROOT_HAS_TEXT,
    CF_ROOT_HAS_NUMBERS,
    CF_ROOT_HAS_THINGS,
    CF_ROOT_HAS_THING,
} cf_root_has;

typedef struct {
    const char *member;
    cf_root_has has;
    int64_t number; /* NUMBER; NUMBERS, THINGS: how many */
    double real;
    const char *text;
    const int64_t *numbers;
    cf_root_thing *const *things;
} cf_root_value;

enum { CF_ROOT_VALUES_MAX = 32 };

/* An object to be written: the members that are not zero.  It is spelled out where a pointer
 * first leads to it; later pointers name that place. */
struct cf_root_thing {
    const char *class_name;
    uint32_t bits; /* of its TObject */
    uint32_t place;
    uint32_t count;
    cf_root_value values[CF_ROOT_VALUES_MAX];
};

cf_root_thing *cf_root_thing_new(cf_arena *arena, const char *class_name, const char *name,
                                 const char *title);
void cf_root_thing_number(cf_root_thing *t, const char *member, int64_t x);
void cf_root_thing_real(cf_root_thing *t, const char *member, double x);
void cf_root_thing_text(cf_root_thing *t, const char *member, const char *text);
void cf_root_thing_numbers(cf_root_thing *t, const char *member, const int64_t *x, int64_t n);
void cf_root_thing_things(cf_root_thing *t, const char *member, cf_root_thing *const *x,
                          int64_t n);
/* `to` is read when t is written. */
void cf_root_thing_pointer(cf_root_thing *t, const char *member, cf_root_thing *const *to);

/* An object as the content of a record. */
void cf_root_put_thing(cf_root_out *o, cf_root_thing *t);

#endif
