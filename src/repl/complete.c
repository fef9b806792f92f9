/* Tab.  The session knows what may stand at the cursor; here its answers are fitted to
 * readline's idea of a word, and listed with their types. */

#include "repl/terminal_internal.h"

#include <readline/readline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED_MAX = 200 };

/* readline's hooks take no argument of ours. */
static struct {
    cf_terminal *terminal;
    char *before; /* the lines of the statement above the current one */
    size_t before_size;
    cf_completions found;
} tab;

void cf_complete_context(const char *before, size_t size) {
    char *copy = size > 0 ? malloc(size) : NULL;
    free(tab.before);
    tab.before = copy;
    tab.before_size = copy != NULL ? size : 0;
    if (copy != NULL) memcpy(copy, before, size);
}

static void find(void) {
    const size_t line = strlen(rl_line_buffer), size = tab.before_size + line;
    char *text = malloc(size + 1);
    cf_completions_clear(&tab.found);
    if (text == NULL) return;
    if (tab.before_size > 0) memcpy(text, tab.before, tab.before_size);
    memcpy(text + tab.before_size, rl_line_buffer, line + 1);
    tab.found = cf_session_complete(tab.terminal->session, text, size,
                                    tab.before_size + (size_t)rl_point);
    free(text);
}

/* The item as a replacement for readline's word, which begins at `start` of the line and need
 * not be where the session's begins.  NULL: it does not fit there. */
static char *fit(const char *item, size_t start) {
    if (tab.found.begin < tab.before_size) return NULL;
    const size_t begin = tab.found.begin - tab.before_size, size = strlen(item);
    const size_t lead = begin > start ? begin - start : 0,
                 skip = start > begin ? start - begin : 0;
    if (skip > size || memcmp(item, rl_line_buffer + begin, skip) != 0) return NULL;
    char *word = malloc(lead + size - skip + 1);
    if (word == NULL) return NULL;
    memcpy(word, rl_line_buffer + start, lead);
    memcpy(word + lead, item + skip, size - skip + 1);
    return word;
}

static size_t common(const char *a, const char *b) {
    size_t n = 0;
    while (a[n] != '\0' && a[n] == b[n])
        n++;
    while (n > 0 && ((unsigned char)a[n] & 0xC0) == 0x80)
        n--; /* not inside a character */
    return n;
}

/* What all words share; at least what was typed. */
static char *shared_start(char **words, size_t count, const char *typed) {
    size_t n = strlen(words[0]);
    for (size_t i = 1; i < count; i++) {
        const size_t c = common(words[0], words[i]);
        if (c < n) n = c;
    }
    return n < strlen(typed) ? strdup(typed) : strndup(words[0], n);
}

/* A call wants an argument next; after a column anything may follow. */
static void choose_what_follows(const cf_completion *only) {
    static const char *const spaced[] = {"verb", "function", "command"};
    rl_completion_append_character = '\0';
    for (size_t i = 0; only != NULL && i < sizeof(spaced) / sizeof(spaced[0]); i++)
        if (strcmp(only->kind, spaced[i]) == 0) rl_completion_append_character = ' ';
}

static char **attempt(const char *typed, int start, int end) {
    (void)end;
    rl_attempted_completion_over =
        1; /* no file names instead: the session offers them itself */
    find();
    const size_t count = tab.found.count;
    char **matches = count > 0 ? calloc(count + 2, sizeof(*matches)) : NULL;
    if (matches == NULL) return NULL;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        char *word = fit(tab.found.items[i].text, (size_t)start);
        if (word == NULL) continue;
        const cf_completion swap = tab.found.items[kept]; /* the list is kept in step */
        tab.found.items[kept] = tab.found.items[i];
        tab.found.items[i] = swap;
        matches[1 + kept++] = word;
    }
    if (kept > 0) matches[0] = shared_start(matches + 1, kept, typed);
    if (kept == 1) {
        free(matches[0]);
        matches[0] = matches[1];
        matches[1] = NULL;
    }
    choose_what_follows(kept == 1 ? &tab.found.items[0] : NULL);
    if (kept > 0 && matches[0] != NULL) return matches;
    for (size_t i = 1; i <= kept; i++)
        free(matches[i]);
    free(matches);
    return NULL;
}

static int width_of(const char *text) {
    int width = 0;
    for (size_t left = strlen(text); left > 0;) {
        unsigned columns;
        const size_t n = cf_char_width(text, left, &columns);
        width += (int)columns;
        text += n;
        left -= n;
    }
    return width;
}

static const char *type_of(const cf_completion *item, bool types) {
    return types && item->type != NULL ? item->type : "";
}

static int cell_width(const cf_completion *item, bool types) {
    const int type = width_of(type_of(item, types));
    return width_of(item->text) + (type > 0 ? 2 + type : 0);
}

static void print_cell(const cf_completion *item, bool types, int width, bool last) {
    const char *type = type_of(item, types);
    const bool color = tab.terminal->color_out;
    fputs(item->text, rl_outstream);
    if (*type != '\0')
        fprintf(rl_outstream, "  %s%s%s", color ? "\033[2m" : "", type, color ? "\033[0m" : "");
    if (!last) fprintf(rl_outstream, "%*s", width - cell_width(item, types), "");
}

/* As many columns as fit side by side. */
typedef struct {
    bool types;
    int count, width, across, down;
} grid;

static grid grid_of(int count, unsigned columns, bool types) {
    grid g = {.types = types, .count = count, .width = 1};
    for (int i = 0; i < count; i++) {
        const int w = cell_width(&tab.found.items[i], types) + 3;
        if (w > g.width) g.width = w;
    }
    g.across = (int)columns / g.width > 1 ? (int)columns / g.width : 1;
    g.down = (count + g.across - 1) / g.across;
    return g;
}

static void list(char **matches, int count, int length_max) {
    (void)matches;
    (void)length_max;
    unsigned columns, lines;
    cf_screen_size(&columns, &lines);
    int shown = count < LISTED_MAX ? count : LISTED_MAX;
    if ((size_t)shown > tab.found.count) shown = (int)tab.found.count;
    grid g = grid_of(shown, columns, true);
    if (g.down + 2 > (int)lines) g = grid_of(shown, columns, false); /* else it scrolls away */
    rl_crlf();
    for (int row = 0; row < g.down; row++) {
        for (int i = row; i < shown; i += g.down)
            print_cell(&tab.found.items[i], g.types, g.width, i + g.down >= shown);
        rl_crlf();
    }
    if (count > shown) fprintf(rl_outstream, "and %d more\n", count - shown);
    rl_forced_update_display();
}

void cf_complete_start(cf_terminal *t) {
    tab.terminal = t;
    rl_attempted_completion_function = attempt;
    rl_completion_display_matches_hook = list;
    rl_completer_word_break_characters = " \t\n\"'`@$><=;|&{}()[],!+*/%";
    rl_completer_quote_characters = "";
    rl_basic_quote_characters = "";
    rl_sort_completion_matches = 0;
    rl_ignore_completion_duplicates = 0;
}
