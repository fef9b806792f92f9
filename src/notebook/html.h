#ifndef CF_NOTEBOOK_HTML_H
#define CF_NOTEBOOK_HTML_H

/* A notebook as one page that needs nothing else: no scripts, pictures within it. */

#include "notebook/book.h"

cf_nb_str cf_nb_html_page(const cf_nb_book *book, cf_nb_pool *pool);

/* The part of Markdown that notebooks use: headings, paragraphs, lists, quotes, code, tables,
 * rules, emphasis, links, pictures.  HTML in it is shown, not obeyed; formulas stay as they
 * are. attachments: of the cell, for `attachment:NAME`; NULL: none. */
void cf_nb_markdown(cf_nb_text *out, cf_nb_str text, const cf_nb_json *attachments);

void cf_nb_html_text(cf_nb_text *out, cf_nb_str text); /* & < > " escaped */
void cf_nb_html_ansi(cf_nb_text *out, cf_nb_str text); /* colours become spans */

#endif
