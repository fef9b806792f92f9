#include "lang/dump.h"
#include "lang/fmt_internal.h"

#include <string.h>

/* Programs in canonical form: statements in their order, comments where they stood, at most one
 * blank line in a row.  The result is read again and compared with what was read; if it ever
 * differed, the text would be left as it is. */

/* ---- text -------------------------------------------------------------------------------- */

void cf_fmt_newline(cf_fmt *f) {
    if (f->flat) {
        f->fit = CF_FMT_FORCED;
        return;
    }
    cf_text_addc(f->out, '\n');
    for (unsigned i = 0; i < f->indent; i++)
        cf_text_addc(f->out, ' ');
}

void cf_fmt_add_str(cf_fmt *f, cf_str s) {
    if (f->flat && f->fit != CF_FMT_FITS) return;
    cf_text_add(f->out, s.data, s.size);
    if (!f->flat) return;
    const char *line = f->out->data + f->line_begin;
    const size_t bytes = f->out->size - f->line_begin;
    const char *newline = memchr(line, '\n', bytes); /* only in a text: its first line counts */
    const size_t first = newline == NULL ? bytes : (size_t)(newline - line);
    if (first > CF_FMT_WIDTH && cf_utf8_width(line, first) > CF_FMT_WIDTH)
        f->fit = CF_FMT_TOO_WIDE;
}

void cf_fmt_add(cf_fmt *f, const char *text) {
    cf_fmt_add_str(f, cf_str_of(text));
}

void cf_fmt_insert(cf_fmt *f, size_t at, const char *text) {
    const size_t size = strlen(text), behind = f->out->size - at;
    cf_text_adds(f->out, text);
    if (f->out->failed) return;
    memmove(f->out->data + at + size, f->out->data + at, behind);
    memcpy(f->out->data + at, text, size);
}

/* ---- comments and blank lines ------------------------------------------------------------ */

bool cf_fmt_newline_between(const cf_fmt *f, size_t begin, size_t end) {
    return end > begin && memchr(f->stream->text + begin, '\n', end - begin) != NULL;
}

bool cf_fmt_newline_behind(const cf_fmt *f, size_t at) {
    const char *text = f->stream->text;
    while (at < f->stream->size && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r'))
        at++;
    return at < f->stream->size && (text[at] == '\n' || text[at] == '#');
}

/* Is there an empty line between the last printed thing and `begin`? */
static bool blank_line_before(const cf_fmt *f, size_t begin) {
    const char *text = f->stream->text;
    bool line_is_empty = false;
    for (size_t i = f->last_end; i < begin; i++) {
        if (text[i] == '\n' && line_is_empty) return true;
        if (text[i] == '\n')
            line_is_empty = true;
        else if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
            line_is_empty = false;
    }
    return false;
}

void cf_fmt_blank_line(cf_fmt *f, size_t begin) {
    if (!blank_line_before(f, begin)) return;
    while (f->out->size > 0 && f->out->data[f->out->size - 1] == ' ')
        f->out->size--;
    cf_fmt_newline(f);
}

bool cf_fmt_has_comment(const cf_fmt *f, cf_span at) {
    size_t low = f->comment, high = f->comment_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (f->comments[middle]->span.begin < at.begin)
            low = middle + 1;
        else
            high = middle;
    }
    return low < f->comment_count && f->comments[low]->span.begin < at.end;
}

static const cf_token *next_comment(const cf_fmt *f, size_t limit) {
    if (f->comment == f->comment_count) return NULL;
    const cf_token *c = f->comments[f->comment];
    return c->span.begin < limit ? c : NULL;
}

static void add_comment(cf_fmt *f, const cf_token *c) {
    cf_text_add(f->out, f->stream->text + c->span.begin, c->span.end - c->span.begin);
    if (c->span.end > f->last_end) f->last_end = c->span.end;
    f->after_comment = f->out->size;
    f->comment++;
}

void cf_fmt_comments_before(cf_fmt *f, size_t begin) {
    const cf_token *c;
    if (f->flat) return;
    while ((c = next_comment(f, begin)) != NULL) {
        if (f->out->size > 0) cf_fmt_newline(f);
        if (f->out->size > 0) cf_fmt_blank_line(f, c->span.begin);
        add_comment(f, c);
    }
}

void cf_fmt_comments_behind(cf_fmt *f, size_t end, size_t limit) {
    if (f->flat) return;
    if (end > f->last_end) f->last_end = end;
    bool first = f->out->size != f->after_comment; /* two comments do not fit in a line */
    const cf_token *c;
    while ((c = next_comment(f, limit)) != NULL) {
        const bool inside = c->span.begin < end;
        if (!inside && (!first || cf_fmt_newline_between(f, end, c->span.begin))) return;
        if (first)
            cf_fmt_add(f, " ");
        else
            cf_fmt_newline(f);
        add_comment(f, c);
        first = false;
    }
}

/* ---- where a line may begin -------------------------------------------------------------- */

static bool starts_with_word(const char *text, size_t size, const char *word) {
    const size_t n = strlen(word);
    return size >= n && memcmp(text, word, n) == 0 &&
           (size == n ||
            !(text[n] == '_' || (text[n] >= '0' && text[n] <= '9') ||
              (text[n] >= 'a' && text[n] <= 'z') || (text[n] >= 'A' && text[n] <= 'Z')));
}

static bool ends_with_word(const char *text, size_t size, const char *word) {
    const size_t n = strlen(word);
    return size >= n && memcmp(text + size - n, word, n) == 0 &&
           (size == n || text[size - n - 1] == ' ' || text[size - n - 1] == '(');
}

bool cf_fmt_goes_on(const cf_fmt *f, size_t begin) {
    static const char *const words[] = {"in", "as", "let", "into"};
    for (size_t i = 0; i < CF_COUNT(words); i++)
        if (ends_with_word(f->out->data + begin, f->out->size - begin, words[i])) return true;
    return false;
}

bool cf_fmt_joins_line(const cf_fmt *f, size_t begin) {
    const char *text = f->out->data + begin;
    const size_t size = f->out->size - begin;
    return size > 0 && strchr("-+=*/<>~&?%:.|,", *text) != NULL &&
           !(size > 1 && text[0] == '.' && text[1] == '.');
}

bool cf_fmt_needs_pipe(const cf_fmt *f, size_t begin) {
    static const char *const words[] = {"from", "import", "module", "type", "into"};
    for (size_t i = 0; i < CF_COUNT(words); i++)
        if (starts_with_word(f->out->data + begin, f->out->size - begin, words[i])) return true;
    return cf_fmt_joins_line(f, begin);
}

/* ---- statements -------------------------------------------------------------------------- */

static void add_statements(cf_fmt *f, cf_stmt *const *stmts, size_t count, size_t limit);

static void add_let(cf_fmt *f, const cf_stmt *s) {
    cf_fmt_add(f, s->kind == CF_STMT_LET ? "let " : "type ");
    cf_fmt_name(f, s->name);
    if (s->kind == CF_STMT_TYPE) {
        cf_fmt_add(f, " = ");
        cf_fmt_type(f, s->type);
        return;
    }
    if (s->type != NULL) {
        cf_fmt_add(f, " <");
        cf_fmt_type(f, s->type);
        cf_fmt_add(f, ">");
    }
    cf_fmt_add(f, " = ");
    cf_fmt_value(f, s->value);
}

static void add_import(cf_fmt *f, const cf_stmt *s) {
    cf_fmt_add(f, "import ");
    for (size_t i = 0; i < s->path_count; i++) {
        if (i > 0) cf_fmt_add(f, ".");
        cf_fmt_name(f, s->path[i]);
    }
}

static void add_module(cf_fmt *f, const cf_stmt *s) {
    cf_fmt_add(f, "module ");
    cf_fmt_name(f, s->name);
    cf_fmt_add(f, " {");
    f->indent += 2;
    f->last_end = s->name.span.end;
    while (f->stream->text[f->last_end] != '{') /* a brace in a comment would do no harm */
        f->last_end++;
    f->last_end++;
    add_statements(f, s->body, s->body_count, s->span.end - 1);
    f->indent -= 2;
    cf_fmt_newline(f);
    cf_fmt_add(f, "}");
}

static void add_pipeline(cf_fmt *f, const cf_stmt *s, size_t limit) {
    const bool into = s->name.text.data != NULL;
    const size_t start = f->out->size;
    cf_fmt_pipeline(f, s->value, into || s->hidden ? 0 : limit); /* 0: comments wait */
    if (!into) return;
    const bool lines =
        f->out->size > start && memchr(f->out->data + start, '\n', f->out->size - start);
    if (lines) {
        cf_fmt_comments_before(f, s->name.span.begin);
        cf_fmt_newline(f);
    }
    cf_fmt_add(f, lines ? "into " : " | into ");
    cf_fmt_name(f, s->name);
}

/* Returns whether a line behind it would be read as part of it. */
static bool add_statement(cf_fmt *f, const cf_stmt *s, size_t limit) {
    const size_t begin = f->out->size;
    switch (s->kind) {
    case CF_STMT_LET:
    case CF_STMT_TYPE: add_let(f, s); break;
    case CF_STMT_IMPORT: add_import(f, s); break;
    case CF_STMT_MODULE: add_module(f, s); break;
    case CF_STMT_PIPELINE: add_pipeline(f, s, limit); break;
    case CF_STMT_COMMAND:
        cf_fmt_add(f, "%");
        cf_fmt_add_str(f, s->command);
        if (s->rest.size > 0) cf_fmt_add(f, " ");
        cf_fmt_add_str(f, s->rest);
        break;
    case CF_STMT_HELP: {
        const char *text = f->stream->text + s->span.begin;
        cf_fmt_add_str(f, (cf_str){text, s->span.end - s->span.begin});
        break;
    }
    }
    const bool goes_on = cf_fmt_goes_on(f, begin);
    if (s->hidden) cf_fmt_add(f, ";");
    cf_fmt_comments_behind(f, s->span.end, limit);
    if (s->span.end > f->last_end) f->last_end = s->span.end;
    return goes_on;
}

static size_t statement_begin(const cf_stmt *s) {
    const bool annotated = s->annotation != NULL && s->annotation->span.begin < s->span.begin;
    return annotated ? s->annotation->span.begin - 1 : s->span.begin;
}

/* Must a blank line part the statements, or do their lines suffice? */
static bool needs_blank_line(const cf_fmt *f, const cf_stmt *before, const cf_stmt *s,
                             bool goes_on, size_t begin) {
    if (s->kind != CF_STMT_PIPELINE || before->hidden) return false;
    if (starts_with_word(f->out->data + begin, f->out->size - begin, "from")) return false;
    return before->kind == CF_STMT_PIPELINE || goes_on || cf_fmt_joins_line(f, begin);
}

static bool has_blank_line(const cf_fmt *f, size_t begin, size_t end) {
    for (size_t i = begin + 1; i < end; i++)
        if (f->out->data[i] == '\n' && f->out->data[i - 1] == '\n') return true;
    return false;
}

static void add_statements(cf_fmt *f, cf_stmt *const *stmts, size_t count, size_t limit) {
    bool goes_on = false;
    for (size_t i = 0; i < count; i++) {
        const cf_stmt *s = stmts[i];
        const size_t begin = statement_begin(s);
        const size_t gap = f->out->size;
        cf_fmt_comments_before(f, begin);
        if (f->out->size > 0) cf_fmt_newline(f);
        if (i > 0 || (f->indent == 0 && f->out->size > 0)) cf_fmt_blank_line(f, begin);
        if (s->annotation != NULL) {
            cf_fmt_add(f, "@");
            cf_fmt_value(f, s->annotation);
            cf_fmt_comments_behind(f, s->annotation->span.end, s->span.begin);
            cf_fmt_comments_before(f, s->span.begin);
            cf_fmt_newline(f);
        }
        const size_t at = f->out->size;
        const size_t next = i + 1 < count ? statement_begin(stmts[i + 1]) : limit;
        const bool next_goes_on = add_statement(f, s, next);
        if (i > 0 && !has_blank_line(f, gap, at) &&
            needs_blank_line(f, stmts[i - 1], s, goes_on, at))
            cf_fmt_insert(f, gap, "\n");
        goes_on = next_goes_on;
    }
    cf_fmt_comments_before(f, limit);
}

/* ---- the whole --------------------------------------------------------------------------- */

static void collect_comments(cf_fmt *f, cf_arena *arena) {
    const cf_stream *s = f->stream;
    f->comments = CF_NEWS(arena, const cf_token *, s->token_count);
    for (size_t i = 0; i < s->token_count; i++)
        if (s->tokens[i].kind == CF_TOK_COMMENT || s->tokens[i].kind == CF_TOK_DOC)
            f->comments[f->comment_count++] = &s->tokens[i];
}

typedef struct {
    cf_stream stream;
    cf_program *program;
    cf_span header;
} reading;

static bool read_program(cf_arena *arena, const char *text, size_t size, reading *r,
                         cf_error *err) {
    cf_diags diags = {0};
    r->stream = (cf_stream){.source = 1, .text = text, .size = size};
    cf_stream_make(&r->stream, arena, false, 0, size, &diags);
    cf_parser p;
    cf_parser_init(&p, arena, &r->stream, &diags);
    r->program = cf_parse_statements(&p, &r->header);
    if (diags.count > 0 && err != NULL) *err = diags.errors[0];
    return diags.count == 0;
}

static void write_program(cf_arena *arena, const reading *r, cf_text *out) {
    cf_fmt f = {.out = out, .stream = &r->stream};
    collect_comments(&f, arena);
    if (r->header.source != 0) {
        cf_fmt_comments_before(&f, r->header.begin);
        if (out->size > 0) cf_fmt_newline(&f);
        cf_text_add(out, r->stream.text + r->header.begin, r->header.end - r->header.begin);
        f.last_end = r->header.end;
    }
    add_statements(&f, r->program->stmts, r->program->count, r->stream.size);
    if (out->size > 0) cf_text_addc(out, '\n');
}

/* Do both texts mean the same, with as many comments? */
static bool means_the_same(cf_arena *arena, const reading *r, const cf_text *out) {
    reading again;
    cf_text was = {0}, is = {0};
    if (!read_program(arena, out->data, out->size, &again, NULL)) return false;
    cf_program_dump(&was, r->program, true);
    cf_program_dump(&is, again.program, true);
    cf_fmt before = {.stream = &r->stream}, after = {.stream = &again.stream};
    collect_comments(&before, arena);
    collect_comments(&after, arena);
    const bool same = was.size == is.size &&
                      (was.size == 0 || memcmp(was.data, is.data, is.size) == 0) &&
                      before.comment_count == after.comment_count;
    cf_text_clear(&was);
    cf_text_clear(&is);
    return same;
}

#define PASSES_MAX 5

/* Formats until nothing changes: a comment that has found its place may let a line be broken
 * otherwise.  One pass and one to see that it was enough are the rule. */
static bool write_settled(cf_arena *arena, const reading *r, cf_text *out) {
    write_program(arena, r, out);
    for (int pass = 1; pass < PASSES_MAX; pass++) {
        reading again;
        cf_text next = {0};
        if (!read_program(arena, out->data, out->size, &again, NULL)) return false;
        write_program(arena, &again, &next);
        const bool same = next.size == out->size &&
                          (next.size == 0 || memcmp(next.data, out->data, next.size) == 0);
        cf_text_clear(out);
        *out = next;
        if (same) return means_the_same(arena, r, out);
    }
    return false;
}

cf_status cf_format_program(const char *text, size_t size, cf_text *out, cf_error *err) {
    reading r;
    if (size > CF_SOURCE_BYTES_MAX)
        return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "this program is too large: %zu MiB",
                       size >> 20);
    cf_arena *arena = cf_arena_new((size_t)64 << 10);
    if (arena == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory");
    cf_error first = {0};
    if (!read_program(arena, text, size, &r, &first)) {
        if (err != NULL) *err = first;
        cf_arena_free(arena);
        return first.status;
    }
    cf_text formatted = {0};
    const bool same = write_settled(arena, &r, &formatted);
#ifdef CF_FMT_STRICT /* for those who look for such texts */
    CF_ASSERT(same);
#endif
    if (same)
        cf_text_add(out, formatted.data, formatted.size);
    else
        cf_text_add(out, text, size);
    const bool failed = formatted.failed || out->failed;
    cf_text_clear(&formatted);
    cf_arena_free(arena);
    return failed ? cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory") : CF_OK;
}
