/* `cutflow-kernel`: the Jupyter kernel, its installation, and a client that runs cells in it.
 */

#include "kernel/client.h"
#include "kernel/install.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: cutflow-kernel -f CONNECTION_FILE     a kernel, as Jupyter starts it\n"
    "       cutflow-kernel install [OPTION...]    make it known to Jupyter\n"
    "       cutflow-kernel client                 run cells given as JSON lines\n"
    "\n"
    "install:\n"
    "      --user             for you (as without an option): in $JUPYTER_DATA_DIR or\n"
    "                         ~/.local/share/jupyter\n"
    "      --prefix PATH      in PATH/share/jupyter\n"
    "      --sys-prefix       in the active virtual or conda environment\n"
    "      --name NAME        the kernel's name: cutflow\n"
    "      --display-name TEXT  what menus show: Cutflow\n"
    "      --program PATH     the program that the kernel runs: this one\n"
    "      --replace          even if there is one of that name\n"
    "\n"
    "client: reads {\"code\": TEXT, \"timeout\": SECONDS} a line, writes {\"status\", \n"
    "\"execution_count\", \"outputs\"} a line\n"
    "\n"
    "exit codes: 0 all is well, 1 it failed, 2 wrong usage, 3 the client's kernel died\n";

static int usage(const char *what) {
    fprintf(stderr, "cutflow-kernel: %s\nTry `cutflow-kernel --help`.\n", what);
    return 2;
}

int main(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
        printf("cutflow-kernel %s\n", cf_version());
        return 0;
    }
    if (strcmp(word, "install") == 0) return cf_install(argc - 1, argv + 1);
    if (strcmp(word, "client") == 0)
        return argc == 2 ? cf_client_run() : usage("`client` takes no arguments");
    if (strcmp(word, "-f") == 0)
        return argc == 3 ? cf_kernel_run(argv[2]) : usage("`-f` takes one file");
    return usage(word[0] == 0 ? "a connection file is needed: -f FILE" : "that is no command");
}
