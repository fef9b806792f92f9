/* The commands that belong to the terminal and not to the session: leaving, the editor, the
 * last result again, a clean screen. */

#include "repl/terminal_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void trim(const char **text, size_t *size) {
    while (*size > 0 && isspace((unsigned char)**text)) {
        (*text)++;
        (*size)--;
    }
    while (*size > 0 && isspace((unsigned char)(*text)[*size - 1]))
        (*size)--;
}

/* Is it the command, alone or with an argument? */
static bool is_command(const char *text, size_t size, const char *name, const char **rest,
                       size_t *rest_size) {
    const size_t n = strlen(name);
    if (size < n || memcmp(text, name, n) != 0) return false;
    if (size > n && !isspace((unsigned char)text[n])) return false;
    *rest = text + n;
    *rest_size = size - n;
    trim(rest, rest_size);
    return memchr(text, '\n', size) == NULL;
}

static cf_command_outcome leave(cf_command *c, const char *code, size_t size) {
    char digits[8], *end = digits;
    long value = 0;
    if (size > 0 && size < sizeof(digits)) {
        memcpy(digits, code, size);
        digits[size] = '\0';
        value = strtol(digits, &end, 10);
    }
    if (size >= sizeof(digits) || (size > 0 && *end != '\0') || value < 0 || value > 255) {
        cf_show_note(c->terminal, "the exit code is a number from 0 to 255: %exit 3");
        return CF_MINE;
    }
    c->exit_code = (int)value;
    return CF_MINE_EXIT;
}

static cf_command_outcome clear_screen(const cf_command *c) {
    const char *term = getenv("TERM");
    if (c->terminal->out_tty && term != NULL && strcmp(term, "dumb") != 0) {
        fputs("\033[H\033[2J\033[3J", stdout);
        fflush(stdout);
    }
    return CF_MINE;
}

static char *read_file(const char *path) {
    FILE *f = fopen(path, "re");
    if (f == NULL) return NULL;
    size_t size = 0, capacity = 4096;
    char *text = malloc(capacity);
    while (text != NULL) {
        size += fread(text + size, 1, capacity - 1 - size, f);
        if (size + 1 < capacity) break;
        char *grown = realloc(text, capacity *= 2);
        if (grown == NULL) free(text);
        text = grown;
    }
    if (text != NULL) text[size] = '\0';
    fclose(f);
    return text;
}

static bool write_file(int fd, const char *text) {
    FILE *f = fdopen(fd, "w");
    if (f == NULL) {
        close(fd);
        return false;
    }
    const bool ok = fputs(text, f) >= 0;
    return (fclose(f) == 0) && ok;
}

static const char *editor(void) {
    const char *visual = getenv("VISUAL"), *plain = getenv("EDITOR");
    if (visual != NULL && *visual != '\0') return visual;
    return plain != NULL && *plain != '\0' ? plain : "vi";
}

/* The text as the user leaves it in the editor; NULL: nothing is to be run. */
static char *edit(cf_terminal *t, const char *before) {
    const char *folder = getenv("TMPDIR");
    char path[512], command[512];
    snprintf(path, sizeof(path), "%s/cutflow-XXXXXX.cf",
             folder != NULL && *folder != '\0' ? folder : "/tmp");
    snprintf(command, sizeof(command), "%s \"$1\"", editor());
    const int fd = mkstemps(path, 3);
    if (fd < 0 || !write_file(fd, before)) {
        char note[600];
        snprintf(note, sizeof(note), "%%edit: cannot write %s: %s", path,
                 strerror(errno)); /* NOLINT */
        cf_show_note(t, note);
        if (fd >= 0) unlink(path);
        return NULL;
    }
    const int status = cf_child_run(t, command, path);
    char *after = status == 0 ? read_file(path) : NULL;
    if (status != 0) cf_show_note(t, "the editor ended with an error; nothing is run");
    unlink(path);
    return after;
}

static cf_command_outcome edit_last(cf_command *c, const char *text, size_t size) {
    if (c->terminal->safe) {
        cf_show_note(c->terminal, "%edit starts a program, which --safe does not allow");
        return CF_MINE;
    }
    char *start =
        size > 0 ? strndup(text, size) : strdup(c->last_cell != NULL ? c->last_cell : "");
    char *edited = start != NULL ? edit(c->terminal, start) : NULL;
    free(start);
    const char *body = edited;
    size_t left = edited != NULL ? strlen(edited) : 0;
    if (edited != NULL) trim(&body, &left);
    if (left == 0) {
        free(edited);
        return CF_MINE;
    }
    c->run = edited;
    return CF_MINE_RUN;
}

static bool set_rows(cf_terminal *t, const char *rows) {
    return cf_session_set(t->session, "rows", rows, NULL) == CF_OK;
}

/* Only the first rows were delivered: the cell is run again for all of them, silently. */
static bool fetch_all(cf_command *c) {
    cf_terminal *t = c->terminal;
    if (c->last_cell == NULL || strstr(c->last_cell, "save") != NULL) {
        cf_show_note(
            t, "the rest is not kept, and what was run saves a file: run it without `save`");
        return false;
    }
    char *rows = cf_session_get(t->session, "rows");
    if (rows == NULL || !set_rows(t, "all")) {
        free(rows);
        return false;
    }
    const cf_cell cell = {c->last_cell, strlen(c->last_cell), NULL};
    t->quiet = true;
    const cf_run_outcome outcome = cf_runner_run(t, &cell);
    t->quiet = false;
    (void)set_rows(t, rows);
    free(rows);
    return outcome.status == CF_OK;
}

/* How results look is the terminal's business; a session that has the setting itself keeps it.
 */
static cf_command_outcome set_format(const cf_command *c, const char *word, size_t size) {
    char *known = cf_session_get(c->terminal->session, "format");
    char name[16] = "";
    free(known);
    if (known != NULL) return CF_NOT_MINE;
    if (size < sizeof(name)) memcpy(name, word, size);
    const cf_format format = cf_format_of(name);
    if (format != CF_FORMAT_COUNT)
        c->terminal->format = format;
    else
        cf_show_note(c->terminal,
                     "%set format takes box, plain, csv, tsv, json, jsonlines, markdown, "
                     "vertical or none");
    return CF_MINE;
}

static cf_command_outcome show_last(cf_command *c) {
    cf_terminal *t = c->terminal;
    if (t->last == NULL) {
        cf_show_note(t, "no result was shown yet");
        return CF_MINE;
    }
    const bool partial = cf_result_kind_of(t->last) == CF_RESULT_RELATION &&
                         cf_result_total(t->last) != cf_result_rows(t->last);
    if (partial && !fetch_all(c)) return CF_MINE;
    size_t size = 0;
    char *text = cf_show_render(t, t->last, true, &size);
    if (text == NULL)
        cf_show_note(t, "not enough memory to show the result");
    else
        cf_show_text(t, text, size);
    free(text);
    return CF_MINE;
}

/* ---- habits of other prompts ---- */

static bool is_one_of(const char *const *words, size_t count, const char *text, size_t size) {
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == size && memcmp(words[i], text, size) == 0) return true;
    return false;
}

static bool means_leave(const char *text, size_t size) {
    static const char *const words[] = {"exit",  "exit()", "exit;", "quit", "quit()", "quit;",
                                        ".exit", ".quit",  ".q",    ":q",   "\\q"};
    return is_one_of(words, sizeof(words) / sizeof(words[0]), text, size);
}

static bool is_word(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)text[i]) && strchr("_.%", text[i]) == NULL) return false;
    return size > 0;
}

/* `help`, `?`, `help filter`: as %help. */
static cf_command_outcome ask_help(cf_command *c, const char *text, size_t size) {
    static const char *const words[] = {"help", "help()", "help;", "?", ".help", "\\?", "\\h"};
    const char *topic;
    size_t topic_size;
    const bool about =
        is_command(text, size, "help", &topic, &topic_size) && is_word(topic, topic_size);
    if (!about && !is_one_of(words, sizeof(words) / sizeof(words[0]), text, size))
        return CF_NOT_MINE;
    c->run = malloc(size + 8);
    if (c->run == NULL) return CF_NOT_MINE;
    snprintf(c->run, size + 8, "%%help %.*s", about ? (int)topic_size : 0, about ? topic : "");
    return CF_MINE_INSTEAD;
}

/* `.schema events`, `\d`, `show tables`: the words of other shells are not ours, but known. */
static cf_command_outcome explain_habit(const cf_command *c, const char *text, size_t size) {
    static const char *const listing[] = {".tables", ".ls",         "\\d",          "\\dt",
                                          "ls",      "show tables", "show tables;", "tables"};
    const bool lists = is_one_of(listing, sizeof(listing) / sizeof(listing[0]), text, size);
    const bool foreign = size > 1 && (text[0] == '.' || (text[0] == '\\' && size == 2)) &&
                         isalpha((unsigned char)text[1]);
    const size_t word = strcspn(text, " \n");
    if (lists)
        cf_show_note(c->terminal, "the tables are listed by `%tables`");
    else if (foreign && text[0] == '.') {
        char note[160];
        snprintf(note, sizeof(note), "commands start with %%: `%%%.*s`? `%%help` lists them",
                 word < 40 ? (int)word - 1 : 40, text + 1);
        cf_show_note(c->terminal, note);
    } else if (foreign)
        cf_show_note(c->terminal, "commands start with %: `%help` lists them");
    return lists || foreign ? CF_MINE : CF_NOT_MINE;
}

cf_command_outcome cf_command_do(cf_command *c, const char *text) {
    const char *rest;
    size_t size = strlen(text), rest_size;
    trim(&text, &size);
    if (means_leave(text, size)) return leave(c, "", 0);
    if (is_command(text, size, "%exit", &rest, &rest_size)) return leave(c, rest, rest_size);
    if (is_command(text, size, "%quit", &rest, &rest_size)) return leave(c, rest, rest_size);
    if (is_command(text, size, "%clear", &rest, &rest_size)) return clear_screen(c);
    if (is_command(text, size, "%edit", &rest, &rest_size))
        return edit_last(c, rest, rest_size);
    if (is_command(text, size, "%set format", &rest, &rest_size) && rest_size > 0)
        return set_format(c, rest, rest_size);
    if (is_command(text, size, "%last", &rest, &rest_size)) return show_last(c);
    const cf_command_outcome outcome = ask_help(c, text, size);
    return outcome == CF_NOT_MINE ? explain_habit(c, text, size) : outcome;
}
