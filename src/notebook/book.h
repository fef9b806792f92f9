#ifndef CF_NOTEBOOK_BOOK_H
#define CF_NOTEBOOK_BOOK_H

/* A notebook: the JSON tree of its file, in which only what is meant to change does.  Texts
 * that the file holds as lists of lines are single texts here. */

#include "notebook/json.h"

typedef struct {
    cf_nb_pool *pool;
    const char *path;   /* for messages */
    cf_nb_json *root;   /* the whole file */
    cf_nb_json *cells;  /* its list of cells, never NULL */
    cf_nb_str original; /* the file as it was; a script: empty */
    bool is_script;     /* came from a .cf file */
} cf_nb_book;

typedef enum { CF_NB_CODE, CF_NB_MARKDOWN, CF_NB_RAW, CF_NB_OTHER } cf_nb_cell_kind;

/* A file, or standard input ("-"), whole.  err says what is wrong with which file. */
cf_status cf_nb_file_read(cf_nb_pool *pool, const char *path, cf_nb_str *out, cf_error *err);
/* A new file takes the place of an old one whole or not at all; nothing is touched if it is the
 * same already. */
cf_status cf_nb_file_write(const char *path, cf_nb_str text, cf_error *err);

/* Reads a notebook (.ipynb); what this program relies on is checked, other faults are left to
 * `nb validate`. */
cf_status cf_nb_book_load(cf_nb_pool *pool, const char *path, cf_nb_book *out, cf_error *err);
cf_status cf_nb_book_parse(cf_nb_pool *pool, const char *path, cf_nb_str text, cf_nb_book *out,
                           cf_error *err);
/* An empty notebook in our language. */
cf_nb_book cf_nb_book_new(cf_nb_pool *pool, const char *path);

/* nbformat 4.5: every cell gets an id.  One that is missing or used twice is made from the
 * cell's place and text, so that the same notebook always gets the same. */
void cf_nb_book_upgrade(cf_nb_book *book);

/* The file's text. */
cf_nb_str cf_nb_book_print(const cf_nb_book *book, cf_nb_pool *pool);
cf_status cf_nb_book_save(const cf_nb_book *book, const char *path, cf_error *err);

/* ---- cells ---- */

cf_nb_cell_kind cf_nb_cell_kind_of(const cf_nb_json *cell);
cf_nb_str cf_nb_cell_source(const cf_nb_json *cell);
cf_nb_str cf_nb_cell_id(const cf_nb_json *cell);
bool cf_nb_cell_has_tag(const cf_nb_json *cell, const char *tag);
/* metadata.cutflow of a cell or a notebook, or NULL. */
cf_nb_json *cf_nb_own_metadata(const cf_nb_json *holder);
cf_nb_json *cf_nb_cell_make(cf_nb_pool *pool, cf_nb_cell_kind kind, cf_nb_str id,
                            cf_nb_str source);
/* The line of the file on which a line of the source (from 0) stands; 0: unknown. */
uint32_t cf_nb_cell_line(const cf_nb_json *cell, uint32_t source_line);
/* Its first line with something in it, without the marker of a comment. */
cf_nb_str cf_nb_cell_title(const cf_nb_json *cell);

/* Lines as Python's splitlines(keepends) has them: false at the end. */
bool cf_nb_split_line(cf_nb_str *rest, cf_nb_str *line);

/* Is a MIME type's value any JSON, rather than text? */
bool cf_nb_mime_is_json(cf_nb_str mime);

#endif
