#ifndef CF_FUNC_LETTERS_H
#define CF_FUNC_LETTERS_H

/* Upper and lower case of one letter, by the simple one-to-one mapping of Latin, Greek,
 * Cyrillic and Armenian; the same in every locale.  Anything else stays as it is. */

#include <stdint.h>

uint32_t cf_lower(uint32_t c);
uint32_t cf_upper(uint32_t c);

#endif
