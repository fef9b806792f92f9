#ifndef CF_SESSION_RICH_H
#define CF_SESSION_RICH_H

/* The forms of a result for notebooks: what their writers share. */

#include "session/result.h"

/* A text in quotes for JSON that any reader takes: bytes that are no UTF-8, and NUL, become
 * U+FFFD. */
void cf_rich_add_json(cf_text *out, const char *data, size_t size);

/* For HTML and XML: at most `most` characters, then an ellipsis; true: that was all.  What they
 * do not allow in any spelling becomes U+FFFD. */
bool cf_rich_add_escaped(cf_text *out, const char *data, size_t size, size_t most);
/* Valid UTF-8 without NUL. */
void cf_rich_add_clean(cf_text *out, const char *data, size_t size);

/* Each appends one whole form; false (and perhaps half of it appended): there is none. */
bool cf_rich_html(cf_text *out, const cf_result *r);
bool cf_rich_vega(cf_text *out, const cf_result *r);
bool cf_rich_svg(cf_text *out, const cf_result *r);
bool cf_rich_png(cf_text *out, const cf_result *r); /* bytes, with zeros among them */

#endif
