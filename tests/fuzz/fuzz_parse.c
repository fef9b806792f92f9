/* Any bytes through lexer, parser, is-complete and formatter.  What the formatter gives must be
 * a program again, and stay as it is when formatted once more. */

#include "lang/dump.h"
#include "lang/parse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int cond) {
    if (!cond) abort();
}

static void check_tokens(cf_arena *arena, const char *text, size_t size) {
    size_t count = 0;
    const cf_token *t = cf_lex(arena, 1, text, size, &count);
    require(count > 0 && t[count - 1].kind == CF_TOK_END);
    for (size_t i = 0; i < count; i++) {
        require(t[i].span.begin <= t[i].span.end && t[i].span.end <= size);
        require(i == 0 || t[i].span.begin >= t[i - 1].span.end);
        require(t[i].kind == CF_TOK_END || t[i].span.end > t[i].span.begin);
    }
}

static void check_format(const char *text, size_t size) {
    cf_text once = {0}, twice = {0};
    cf_error err = {0};
    require(cf_format_program(text, size, &once, &err) == CF_OK);
    require(cf_format_program(once.data, once.size, &twice, &err) == CF_OK);
    require(once.size == twice.size &&
            (once.size == 0 || memcmp(once.data, twice.data, once.size) == 0));
    cf_text_clear(&once);
    cf_text_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + (size == 0)); /* exactly as large: reading on is an error */
    cf_arena *arena = cf_arena_new(1 << 16);
    require(text != NULL && arena != NULL);
    if (size > 0) memcpy(text, data, size);
    cf_diags diags = {0};
    cf_text dump = {0};
    unsigned indent = 0;
    check_tokens(arena, text, size);
    const cf_program *program = cf_parse(arena, 1, text, size, &diags);
    cf_program_dump(&dump, program, false);
    for (size_t i = 0; i < diags.count; i++)
        require(diags.errors[i].status != CF_OK && diags.errors[i].span.end <= size);
    const cf_completeness complete = cf_is_complete(text, size, &indent);
    require((diags.count == 0) == (complete == CF_COMPLETE) || complete == CF_INCOMPLETE);
    if (diags.count == 0) check_format(text, size);
    cf_text_clear(&dump);
    cf_arena_free(arena);
    free(text);
    return 0;
}
