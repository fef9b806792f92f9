#ifndef CF_KERNEL_JSON_H
#define CF_KERNEL_JSON_H

/* JSON as it comes from clients, read where it lies.  More is accepted than the standard does,
 * since a request must never be lost for it: lone halves of surrogate pairs, NUL, bytes that
 * are no UTF-8, numbers of any size, NaN and Infinity. */

#include "kernel/text.h"

/** Is the text one value, and an object? */
bool cf_jread_is_object(cf_slice text);
/** The same, and by the letter of the standard: others can read it when it is passed on. */
bool cf_jread_is_strict_object(cf_slice text);

/** The value of a key (the last, if there are several); false: none, or null.  `object` is
 * valid. */
bool cf_jread_member(cf_slice object, const char *key, cf_slice *value);

/** Steps through an object's or array's values: *at begins as 0; `key` is NULL for arrays. Keys
 * come as they stand, with quotes. */
bool cf_jread_next(cf_slice container, size_t *at, cf_slice *key, cf_slice *value);

/** Decoded, malloc'd and zero-terminated; NULL: the value is no string.  size may be NULL. */
char *cf_jread_text(cf_slice value, size_t *size);
/** The same of a member; NULL: none. */
char *cf_jread_member_text(cf_slice object, const char *key, size_t *size);

bool cf_jread_member_bool(cf_slice object, const char *key, bool otherwise);
/** Whole numbers, also written as 3.0 or 3e2. */
bool cf_jread_member_int(cf_slice object, const char *key, int64_t *value);

#endif
