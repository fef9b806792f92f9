#ifndef CF_TYPE_H
#define CF_TYPE_H

/* Types of values, as the language sees them and as they lie in storage. */

#include "base/base.h"

/* CF_KIND(NAME, bytes a value takes in an array, word for the user, is it a number)
 * The first block are the kinds that expressions compute with; the storage kinds are read from
 * files and widened (int64 or float64) before any arithmetic. */
#define CF_KINDS(CF_KIND)              \
    CF_KIND(NULL, 1, "null")           \
    CF_KIND(BOOL, 1, "bool")           \
    CF_KIND(INT64, 8, "int")           \
    CF_KIND(FLOAT64, 8, "float")       \
    CF_KIND(TEXT, 16, "text")          \
    CF_KIND(DATE, 8, "date")           \
    CF_KIND(TIME, 8, "time")           \
    CF_KIND(TIMESTAMP, 8, "timestamp") \
    CF_KIND(DURATION, 8, "duration")   \
    CF_KIND(INDEX, 4, "row")           \
    CF_KIND(INT8, 1, "int8")           \
    CF_KIND(INT16, 2, "int16")         \
    CF_KIND(INT32, 4, "int32")         \
    CF_KIND(UINT8, 1, "uint8")         \
    CF_KIND(UINT16, 2, "uint16")       \
    CF_KIND(UINT32, 4, "uint32")       \
    CF_KIND(UINT64, 8, "uint64")       \
    CF_KIND(FLOAT32, 4, "float32")     \
    CF_KIND(DECIMAL, 16, "decimal")    \
    CF_KIND(LIST, 0, "list")           \
    CF_KIND(TUPLE, 0, "tuple")         \
    CF_KIND(FUNCTION, 0, "func")

typedef enum {
#define CF_KIND(name, bytes, word) CF_##name,
    CF_KINDS(CF_KIND)
#undef CF_KIND
        CF_KIND_COUNT
} cf_kind;

__extension__ typedef __int128 cf_int128; /* a DECIMAL in an array */

/* DATE: days since 1970-01-01.  TIME: microseconds since midnight.  TIMESTAMP: microseconds
 * since 1970-01-01T00:00 UTC.  DURATION: microseconds.  DECIMAL: __int128 times 10^-scale.
 * TEXT: a cf_view.  BOOL: a byte 0 or 1.  INDEX: int32 row number, -1 for none (plans only). */

/* A text value in an array: 16 bytes, borrowed, UTF-8. */
typedef struct {
    const char *data;
    uint64_t size;
} cf_view;

typedef struct cf_type cf_type;
typedef struct cf_field cf_field;

struct cf_type {
    cf_kind kind;
    uint8_t scale;         /* DECIMAL: digits after the point */
    uint32_t fixed_length; /* LIST: every list has this many elements; 0: they vary */
    uint32_t field_count;  /* TUPLE: any; LIST: 1, its element; else 0 */
    const cf_field *fields;
};

/* A column, a tuple's field or a list's element (whose name is ""). */
struct cf_field {
    const char *name; /* as the language sees it */
    const cf_type *type;
    bool nullable; /* a null may occur */
    bool hidden;   /* bookkeeping (fBits): readable, but left out of `select *`-like shows */
    int32_t node;  /* number for the readers: see scan.h; -1 outside a schema */
    const char
        *file_name;   /* as the file has it (`Muon_pt`, `EFlowTrack.PT`); NULL: as `name` */
    const char *unit; /* NULL: none known */
    const char *doc;  /* title or comment stored with the data; NULL: none */
    const char *unreadable; /* why this column cannot be read; NULL: it can */
};

size_t cf_kind_size(cf_kind kind);
const char *cf_kind_word(cf_kind kind); /* with width: "int32" */
bool cf_kind_is_integer(cf_kind kind);  /* any width */
bool cf_kind_is_float(cf_kind kind);    /* any width */
bool cf_kind_is_number(cf_kind kind);   /* integer, float or decimal; not bool */
cf_kind cf_kind_widened(
    cf_kind kind); /* INT8..UINT64 -> INT64, FLOAT32 DECIMAL -> FLOAT64, else itself */

extern const cf_type cf_type_null, cf_type_bool, cf_type_int, cf_type_float, cf_type_text,
    cf_type_date, cf_type_time, cf_type_timestamp, cf_type_duration;
const cf_type *cf_type_of_kind(cf_kind kind); /* the shared type of a kind without fields */

/* The element may be null.  The parts of a type are shared, not copied: they live as long as
 * the arena. */
const cf_type *cf_type_list(cf_arena *arena, const cf_type *element);
const cf_type *cf_type_tuple(cf_arena *arena, const cf_field *fields,
                             uint32_t count);                      /* copies the array */
const cf_type *cf_type_copy(cf_arena *arena, const cf_type *type); /* deep */
bool cf_type_equal(const cf_type *a, const cf_type *b); /* kinds, scales and field names */
const cf_field *cf_type_field(const cf_type *tuple, cf_str name); /* NULL if there is none */

/* As a user would write it: `[float]`, `{pt = float, q = int}`; `width`: storage widths
 * (`[float32]`). */
void cf_type_print(cf_text *out, const cf_type *type, bool width);

#endif
