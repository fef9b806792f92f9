#ifndef CF_LANG_FMT_INTERNAL_H
#define CF_LANG_FMT_INTERNAL_H

/* The formatter's two halves: programs and comments (fmt.c), values (fmt_node.c).
 *
 * A value is first tried in one line.  That fails when it is too wide, holds a comment, or
 * when its author broke the line right behind its bracket or between its stages.  Then its
 * brackets are opened, an item or a stage a line, and every part is tried in one line again. */

#include "lang/parse_internal.h"

#define CF_FMT_WIDTH 96

typedef enum { CF_FMT_FITS, CF_FMT_TOO_WIDE, CF_FMT_FORCED } cf_fmt_fit;

typedef struct {
    cf_text *out;
    const cf_stream *stream;
    const cf_token **comments;
    size_t comment_count, comment; /* the next one to print */
    size_t after_comment;          /* where in `out` the last one ended */
    unsigned indent;
    size_t last_end; /* where in the source the last printed thing ended */
    bool flat;
    cf_fmt_fit fit;    /* of the try in one line */
    size_t line_begin; /* in `out`, of that try's line */
} cf_fmt;

/* fmt.c */
void cf_fmt_newline(cf_fmt *f);
void cf_fmt_add(cf_fmt *f, const char *text);
void cf_fmt_insert(cf_fmt *f, size_t at, const char *text); /* at out[at] */
void cf_fmt_add_str(cf_fmt *f, cf_str s);
void cf_fmt_comments_before(cf_fmt *f, size_t begin); /* each in a line of its own */
/* Those of the element that ended at `end` in the source, up to `limit`, behind it. */
void cf_fmt_comments_behind(cf_fmt *f, size_t end, size_t limit);
bool cf_fmt_has_comment(const cf_fmt *f, cf_span at);
void cf_fmt_blank_line(cf_fmt *f, size_t begin);        /* one, if the source has some there */
bool cf_fmt_newline_behind(const cf_fmt *f, size_t at); /* is a newline (or comment) next? */
bool cf_fmt_newline_between(const cf_fmt *f, size_t begin, size_t end);
/* Of a line that begins at out[begin]: would it be read as part of the one before? */
bool cf_fmt_joins_line(const cf_fmt *f, size_t begin);
bool cf_fmt_needs_pipe(const cf_fmt *f, size_t begin); /* that, or as a statement of its own */
bool cf_fmt_goes_on(const cf_fmt *f, size_t begin);    /* would the next one be part of it? */

/* fmt_node.c */
void cf_fmt_value(cf_fmt *f, const cf_ast *node);
void cf_fmt_stages(cf_fmt *f, const cf_ast *node, size_t limit);   /* a stage a line */
void cf_fmt_pipeline(cf_fmt *f, const cf_ast *node, size_t limit); /* without brackets */
void cf_fmt_type(cf_fmt *f, const cf_type_ast *type);
void cf_fmt_name(cf_fmt *f, cf_name name);
size_t cf_fmt_item_begin(const cf_item *item);

#endif
