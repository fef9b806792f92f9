/* The prompt: readline's callback interface in a loop over the keyboard and the signal pipe.
 *
 * The parser says when a statement is complete; until then further lines get the second prompt.
 * What readline hands over is a line as typed or a whole paste with its newlines; either way
 * the statement is one text, one entry of the history, one cell. */

#include "repl/terminal_internal.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <readline/readline.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HISTORY_ENTRIES_MAX = 5000, ENDS_MAX = 100 };

typedef struct {
    cf_terminal *terminal;
    char *text; /* the statement so far, NULL at its first line */
    size_t size;
    unsigned indent;
    bool installed; /* readline has the terminal */
    bool got_line, leaving, told_hidden;
    int ends; /* Ctrl-D in a row that did not leave */
    int exit_code;
    char *last_cell, *history;
} prompt;

static prompt *active; /* readline's callbacks take no argument of ours */

static const char *prompt_text(const prompt *p) {
    const bool color = p->terminal->color_out;
    if (p->text != NULL)
        return color ? "\001\033[2m\002      ...>\001\033[0m\002 " : "      ...> ";
    return color ? "\001\033[1;32m\002cutflow>\001\033[0m\002 " : "cutflow> ";
}

static void forget_text(prompt *p) {
    free(p->text);
    p->text = NULL;
    p->size = 0;
    p->indent = 0;
    cf_complete_context(NULL, 0);
}

static bool add_line(prompt *p, const char *line) {
    const size_t size = strlen(line), lead = p->text != NULL ? p->size + 1 : 0;
    char *grown = realloc(p->text, lead + size + 1);
    if (grown == NULL) return false;
    if (lead > 0) grown[lead - 1] = '\n';
    memcpy(grown + lead, line, size + 1);
    p->text = grown;
    p->size = lead + size;
    return true;
}

static int put_indent(void) {
    for (unsigned i = 0; i < active->indent; i++)
        rl_insert_text(" ");
    active->indent = 0;
    return 0;
}

static void on_line(char *line);

static void install(prompt *p) {
    rl_reset_screen_size();
    rl_callback_handler_install(prompt_text(p), on_line);
    p->installed = true;
}

static void uninstall(prompt *p) {
    if (p->installed) rl_callback_handler_remove();
    p->installed = false;
}

/* Called by readline with a line of ours to free, or NULL for Ctrl-D on an empty line. */
static void on_line(char *line) {
    prompt *p = active;
    uninstall(p);
    p->got_line = true;
    if (line == NULL) {
        fputc('\n', rl_outstream);
        fflush(rl_outstream);
        if (p->text == NULL || ++p->ends > ENDS_MAX) p->leaving = true;
        return;
    }
    p->ends = 0;
    if (!add_line(p, line)) forget_text(p);
    free(line);
}

static bool blank(const char *text) {
    while (isspace((unsigned char)*text))
        text++;
    return *text == '\0';
}

static void leave_by_signal(prompt *p, int number) {
    p->leaving = true;
    p->exit_code = 128 + number;
}

/* One pipeline with a `;` at its end, out of habit. */
static bool hides_result(const char *text) {
    static const char *const silent[] = {"let", "import", "module", "type", "@", "%"};
    const char *semicolon = strchr(text, ';');
    while (isspace((unsigned char)*text))
        text++;
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        if (strncmp(text, silent[i], strlen(silent[i])) == 0) return false;
    return semicolon != NULL && blank(semicolon + 1) && strchr(text, '#') == NULL;
}

static void run_text(prompt *p, char *text) {
    const cf_cell cell = {text, strlen(text), NULL};
    p->terminal->shown = false;
    const cf_run_outcome outcome = cf_runner_run(p->terminal, &cell);
    if (outcome.signal != 0) leave_by_signal(p, outcome.signal);
    if (outcome.status == CF_OK && !p->told_hidden && hides_result(text)) {
        cf_show_note(p->terminal, "the `;` hides the result; without it, it is shown");
        p->told_hidden = true;
    }
    free(p->last_cell);
    p->last_cell = text;
}

static void remember(const prompt *p, const char *text) {
    if (text[0] != ' ') cf_history_add(p->history, text);
}

static void run_edited(prompt *p, char *text) {
    fprintf(rl_outstream, "%s%s", text, text[strlen(text) - 1] == '\n' ? "" : "\n");
    fflush(rl_outstream);
    remember(p, text);
    run_text(p, text);
}

/* The statement is complete: a command of the terminal's own, or a cell. */
static void take_statement(prompt *p) {
    char *text = p->text;
    p->text = NULL;
    forget_text(p);
    remember(p, text);
    cf_command command = {.terminal = p->terminal, .last_cell = p->last_cell};
    switch (cf_command_do(&command, text)) {
    case CF_NOT_MINE: run_text(p, text); return;
    case CF_MINE: break;
    case CF_MINE_RUN: run_edited(p, command.run); break;
    case CF_MINE_INSTEAD: run_text(p, command.run); break;
    case CF_MINE_EXIT:
        p->leaving = true;
        p->exit_code = command.exit_code;
        break;
    }
    free(text);
}

static void take_line(prompt *p) {
    p->got_line = false;
    if (p->text != NULL && blank(p->text)) forget_text(p);
    if (p->text == NULL) return;
    unsigned indent = 0;
    if (cf_text_is_complete(p->text, p->size, &indent) == CF_TEXT_INCOMPLETE) {
        p->indent = indent;
        char *before = malloc(p->size + 1);
        if (before == NULL) return;
        memcpy(before, p->text, p->size);
        before[p->size] = '\n';
        cf_complete_context(before, p->size + 1);
        free(before);
        return;
    }
    take_statement(p);
}

/* Ctrl-C: everything typed so far goes, above all lines of it, and nothing else happens. */
static void clear_input(prompt *p) {
    rl_point = rl_end;
    rl_redisplay(); /* the cursor below the last line */
    rl_free_line_state();
    rl_callback_sigcleanup();
    rl_replace_line("", 1);
    forget_text(p);
    rl_set_prompt(prompt_text(p));
    rl_crlf();
    rl_on_new_line();
    rl_redisplay();
}

static void suspend(void) {
    rl_deprep_terminal();
    signal(SIGTSTP, SIG_DFL);
    raise(SIGTSTP);
    cf_signals_start(true);
    rl_prep_terminal(1);
    rl_resize_terminal();
    rl_forced_update_display();
}

static void on_signal_at_prompt(prompt *p, int number) {
    switch (number) {
    case SIGINT: clear_input(p); break;
    case SIGWINCH: rl_resize_terminal(); break;
    case SIGTSTP: suspend(); break;
    case SIGTERM:
    case SIGHUP: leave_by_signal(p, number); break;
    default: break;
    }
}

static void wait_for_line(prompt *p) {
    install(p);
    while (!p->got_line && !p->leaving) {
        struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {cf_signals_fd(), POLLIN, 0}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) p->leaving = true;
        for (int n = cf_signals_next(); n != 0; n = cf_signals_next())
            on_signal_at_prompt(p, n);
        if (p->leaving) break;
        if (fds[0].revents & POLLIN)
            rl_callback_read_char();
        else if (fds[0].revents != 0)
            p->leaving = true; /* the terminal is gone */
    }
    uninstall(p);
}

static int insert_newline(int count, int key) {
    (void)count;
    (void)key;
    return rl_insert_text("\n");
}

/* Before readline reads ~/.inputrc, so that the user's bindings win. */
static void start_readline(cf_terminal *t) {
    rl_readline_name = "cutflow";
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0; /* it comes through our pipe, and the window is redrawn at once */
    rl_change_environment = 0;
    if (!t->out_tty) rl_outstream = stderr;
    rl_startup_hook = put_indent;
    rl_bind_keyseq_in_map("\033[A", rl_history_search_backward, emacs_standard_keymap);
    rl_bind_keyseq_in_map("\033[B", rl_history_search_forward, emacs_standard_keymap);
    rl_bind_keyseq_in_map("\033OA", rl_history_search_backward, emacs_standard_keymap);
    rl_bind_keyseq_in_map("\033OB", rl_history_search_forward, emacs_standard_keymap);
    rl_bind_keyseq_in_map("\033\r", insert_newline, emacs_standard_keymap);
    rl_bind_keyseq_in_map("\033\n", insert_newline, emacs_standard_keymap);
    cf_complete_start(t);
    rl_initialize();
}

static void run_rc(prompt *p, const cf_cell *rc) {
    if (rc == NULL) return;
    const cf_run_outcome outcome = cf_runner_run(p->terminal, rc);
    if (outcome.signal != 0) leave_by_signal(p, outcome.signal);
}

int cf_terminal_prompt(cf_terminal *t, const cf_cell *rc) {
    prompt p = {.terminal = t, .history = cf_history_path()};
    t->prompting = true;
    if (!cf_signals_start(true)) {
        free(p.history);
        return 1;
    }
    active = &p;
    run_rc(&p, rc);
    start_readline(t);
    cf_history_load(p.history, HISTORY_ENTRIES_MAX);
    fprintf(rl_outstream, "Cutflow %s. Type %%help for help, Ctrl-D to leave.\n", cf_version());
    while (!p.leaving) {
        wait_for_line(&p);
        if (p.got_line && !p.leaving) take_line(&p);
    }
    forget_text(&p);
    free(p.last_cell);
    free(p.history);
    active = NULL;
    return p.exit_code;
}
