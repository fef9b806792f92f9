#ifndef CUTFLOW_ERROR_H
#define CUTFLOW_ERROR_H

/** Errors.  A function that can fail returns a cf_status and takes a `cf_error *` last, which
 * may be NULL.  The callee writes the message once, where most is known: one phrase, lower
 * case, no full stop, in the user's words.  Callers on the way up may add what they were doing
 * with cf_error_while().  Only a front end prints; only then do byte offsets become lines and
 * carets.
 *
 *  cf_error is a plain struct of fixed size: it can report running out of memory, cross a
 * thread and come back from another machine. */

#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__)
#define CF_MUST_CHECK        __attribute__((warn_unused_result))
/* NOLINTNEXTLINE(bugprone-macro-parentheses): an attribute takes none */
#define CF_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define CF_MUST_CHECK
#define CF_PRINTF(fmt, args)
#endif

/** 0 is success; every other value is the number in `error[E0012]` (errors.def). */
typedef enum {
    CF_OK = 0,
#define CF_ERR(code, name, title) CF_E_##name = (code),
#include "cutflow/errors.def"
#undef CF_ERR
} cf_status;

/** A piece of source text: half-open byte offsets.  source 0 means "no place". */
typedef struct {
    uint32_t
        source; /* which text: REPL statement, notebook cell, file (numbered by the session) */
    uint32_t begin;
    uint32_t end;
} cf_span;

typedef struct {
    cf_status status;
    cf_span span;  /* where; carets go under it */
    cf_span cause; /* a second place (the opening bracket, the definition); source 0: none */
    char message[512]; /* `no column `btagg` in Jet` */
    char label[128];   /* at the carets: `unknown name` */
    char because[128]; /* at the second place */
    char hint[768];    /* after `help:`; may have several lines */
    char trail[512];   /* "while reading x, while ..." added on the way up */
} cf_error;

/** Sets the error (the first one wins) and returns `status`.  err may be NULL. */
CF_PRINTF(4, 5)
cf_status cf_fail(cf_error *err, cf_status status, cf_span at, const char *fmt, ...);

/** Adds to an error already set; all accept NULL. */
CF_PRINTF(2, 3) void cf_error_while(cf_error *err, const char *fmt, ...);
CF_PRINTF(2, 3) void cf_error_hint(cf_error *err, const char *fmt, ...);
CF_PRINTF(2, 3) void cf_error_label(cf_error *err, const char *fmt, ...);
CF_PRINTF(3, 4) void cf_error_because(cf_error *err, cf_span cause, const char *fmt, ...);

/** "a column is missing"-like title of a code for `%help E0012`; NULL if there is no such code.
 */
const char *cf_status_title(int code);

#define CF_NOWHERE ((cf_span){0, 0, 0})

#define CF_TRY(expr)                          \
    do {                                      \
        const cf_status cf_try_ = (expr);     \
        if (cf_try_ != CF_OK) return cf_try_; \
    } while (0)

#endif
