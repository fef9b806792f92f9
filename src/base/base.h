#ifndef CF_BASE_H
#define CF_BASE_H

/* The small things that every folder uses.  Nothing here knows about columns or the language.
 */

#include "base/arena.h"

#include "cutflow/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A broken promise of our own: stops in release too, since a stop beats a wrong number. */
#define CF_ASSERT(cond)                                           \
    do {                                                          \
        if (!(cond)) cf_assert_failed(#cond, __FILE__, __LINE__); \
    } while (0)
_Noreturn void cf_assert_failed(const char *what, const char *file, int line);

/* Text that is borrowed: not NUL-terminated. */
typedef struct {
    const char *data;
    size_t size;
} cf_str;

#define CF_STR(literal) ((cf_str){(literal), sizeof(literal) - 1})
#define CF_STR_ARGS(s)  (int)(s).size, (s).data /* for "%.*s" */

cf_str cf_str_of(const char *zero_terminated);
bool cf_str_equal(cf_str a, cf_str b);
bool cf_str_is(cf_str a, const char *b);
int cf_str_compare(cf_str a, cf_str b);      /* by bytes, which for UTF-8 is by code point */
char *cf_str_dup(cf_arena *arena, cf_str s); /* zero-terminated copy */
const char *
cf_errno_text(void); /* what went wrong in the system; until the thread's next call */
CF_PRINTF(2, 3) char *cf_arena_printf(cf_arena *arena, const char *fmt, ...);

/* A text that grows.  Zero-initialise; append never fails but sets `failed` when memory ran
 * out. */
typedef struct {
    char *data; /* zero-terminated once anything was appended; else NULL */
    size_t size, capacity;
    bool failed;
} cf_text;

void cf_text_add(cf_text *t, const char *data, size_t size);
void cf_text_adds(cf_text *t, const char *zero_terminated);
void cf_text_addc(cf_text *t, char c);
CF_PRINTF(2, 3) void cf_text_addf(cf_text *t, const char *fmt, ...);
void cf_text_clear(cf_text *t); /* frees */

/* Numbers as text.  Shortest text that reads back equal; 1.0 prints as "1.0"; never more than
 * 31 characters and a NUL.  nan, inf, -inf. */
size_t cf_format_f64(char out[32], double x);
size_t cf_format_f32(char out[32], float x); /* shortest that reads back equal as a float32 */
size_t cf_format_i64(char out[32], int64_t x);

/* UTF-8 */
size_t cf_utf8_next(const char *data, size_t size,
                    uint32_t *code_point); /* bytes used; bad byte: 1, U+FFFD */
size_t cf_utf8_count(const char *data, size_t size);
int cf_utf8_width(const char *data, size_t size); /* terminal columns */
size_t cf_utf8_put(char out[4], uint32_t code_point);
bool cf_utf8_valid(const char *data, size_t size);

/* Hashing and randomness: fixed functions of their input, the same on every machine. */
uint64_t cf_hash_bytes(const void *data, size_t size, uint64_t seed);
uint64_t cf_hash_u64(uint64_t x, uint64_t seed);
double cf_random_unit(uint64_t seed, uint64_t row); /* [0, 1), 53 bits */

/* Clock */
int64_t cf_clock_ns(void); /* monotonic */
/* Of the machine; 4 GiB where it does not say. */
size_t cf_memory_bytes(void);
int64_t cf_clock_cpu_ns(void); /* this process, user + system */

/* Distance for "did you mean": insert, delete, replace, swap of neighbours each cost 1. */
size_t cf_edit_distance(cf_str a, cf_str b);

/* Days since 1970-01-01 and back; proleptic Gregorian. */
int64_t cf_days_from_civil(int64_t year, unsigned month, unsigned day);
void cf_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);

#endif
