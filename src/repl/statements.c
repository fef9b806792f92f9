/* Cuts a program where a statement may end, for --keep-going.  The rule is the language's own:
 * a blank line, or a line that starts a statement, ends what is complete before it. */

#include "repl/terminal_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool starts_statement(const char *line, size_t size) {
    static const char *const words[] = {"from", "let", "import", "module", "type", "@{"};
    if (size >= 2 && line[0] == '%' && isalpha((unsigned char)line[1])) return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const size_t n = strlen(words[i]);
        if (size < n || memcmp(line, words[i], n) != 0) continue;
        if (words[i][0] == '@') return true;
        if (size > n && (line[n] == ' ' || line[n] == '\t')) return true;
    }
    return false;
}

static size_t line_size(const char *text, size_t size, size_t at) {
    const char *newline = memchr(text + at, '\n', size - at);
    return newline != NULL ? (size_t)(newline - text) - at : size - at;
}

static bool blank(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (!isspace((unsigned char)text[i])) return false;
    return true;
}

size_t cf_statement_end(const char *text, size_t size, size_t begin) {
    bool annotated = false; /* `@{...}` belongs to the `let` below it */
    for (size_t at = begin; at < size;) {
        const size_t n = line_size(text, size, at);
        const bool ends = blank(text + at, n) || (starts_statement(text + at, n) && !annotated);
        if (ends && !blank(text + begin, at - begin)) {
            unsigned indent;
            if (cf_text_is_complete(text + begin, at - begin, &indent) != CF_TEXT_INCOMPLETE)
                return at;
        }
        annotated = n >= 2 && memcmp(text + at, "@{", 2) == 0;
        at += n < size - at ? n + 1 : n;
    }
    return size;
}

char *cf_statement_alone(const char *text, size_t begin, size_t end) {
    char *alone = malloc(end + 1);
    if (alone == NULL) return NULL;
    for (size_t i = 0; i < begin; i++)
        alone[i] = text[i] == '\n' ? '\n' : ' ';
    memcpy(alone + begin, text + begin, end - begin);
    alone[end] = '\0';
    return alone;
}
