/* Makes the kernel known to Jupyter: a folder with kernel.json and logos where Jupyter looks,
 * and beside it the extension for JupyterLab, if it came with this program. */

#include "kernel/install.h"

#include "kernel/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    const char *name, *display_name, *prefix, *program;
    bool sys_prefix, user, replace;
} options;

static int fail(const char *what, const char *which) {
    fprintf(stderr, "cutflow-kernel install: %s%s%s\n", what, which[0] != 0 ? ": " : "", which);
    return 1;
}

/* ---- options ---- */

/* `--name VALUE` or `--name=VALUE`; NULL: another option, or no value. */
static const char *value_of(const char *name, int argc, char *const *argv, int *at) {
    const size_t n = strlen(name);
    if (strncmp(argv[*at], name, n) != 0) return NULL;
    if (argv[*at][n] == '=') return argv[*at] + n + 1;
    return argv[*at][n] == 0 && *at + 1 < argc ? argv[++*at] : NULL;
}

static bool read_option(options *o, int argc, char *const *argv, int *at) {
    const struct {
        const char *name;
        const char **value;
        bool *flag;
    } known[] = {{"--name", &o->name, NULL},      {"--display-name", &o->display_name, NULL},
                 {"--prefix", &o->prefix, NULL},  {"--program", &o->program, NULL},
                 {"--user", NULL, &o->user},      {"--sys-prefix", NULL, &o->sys_prefix},
                 {"--replace", NULL, &o->replace}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].flag != NULL) {
            if (strcmp(argv[*at], known[i].name) != 0) continue;
            return *known[i].flag = true;
        }
        const char *value = value_of(known[i].name, argc, argv, at);
        if (value != NULL) {
            *known[i].value = value;
            return true;
        }
    }
    return false;
}

/* Jupyter's rule for the folder's name. */
static bool good_name(const char *name) {
    const size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    return n > 0 && name[n] == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* ---- places ---- */

static const char *set_variable(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != 0 ? value : NULL;
}

/* Jupyter's data folder; false: *why. */
static bool find_data(const options *o, cf_growing *to, const char **why) {
    const char *own = set_variable("JUPYTER_DATA_DIR"), *data = set_variable("XDG_DATA_HOME"),
               *home = set_variable("HOME"), *venv = set_variable("VIRTUAL_ENV"),
               *conda = set_variable("CONDA_PREFIX");
    if (o->prefix != NULL) {
        cf_growing_addf(to, "%s/share/jupyter", o->prefix);
    } else if (o->sys_prefix) {
        *why = "no environment is active (VIRTUAL_ENV, CONDA_PREFIX): use --prefix";
        if (venv == NULL && conda == NULL) return false;
        cf_growing_addf(to, "%s/share/jupyter", venv != NULL ? venv : conda);
    } else if (own != NULL) {
        cf_growing_adds(to, own);
    } else {
        *why = "HOME is not set: use --prefix";
        if (data == NULL && home == NULL) return false;
        if (data != NULL)
            cf_growing_addf(to, "%s/jupyter", data);
        else
            cf_growing_addf(to, "%s/.local/share/jupyter", home);
    }
    return true;
}

static bool own_path(char *to, size_t size) {
    const ssize_t n = readlink("/proc/self/exe", to, size - 1);
    if (n > 0) to[n] = 0;
    return n > 0;
}

static bool make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        (void)mkdir(path, 0777);
        *slash = '/';
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

/* ---- files ---- */

static bool write_file(const char *folder, const char *name, const void *data, size_t size) {
    cf_growing path = {0};
    cf_growing_addf(&path, "%s/%s", folder, name);
    FILE *f = fopen(path.data, "we");
    bool ok = f != NULL && fwrite(data, 1, size, f) == size;
    ok = f != NULL && fclose(f) == 0 && ok;
    if (!ok) (void)fail("cannot write", path.data);
    cf_growing_clear(&path);
    return ok;
}

static bool write_spec(const options *o, const char *program, const char *folder) {
    cf_growing text = {0};
    cf_growing_adds(&text, "{\n \"argv\": [\n  ");
    cf_put_string(&text, program);
    cf_growing_adds(&text, ",\n  \"-f\",\n  \"{connection_file}\"\n ],\n \"display_name\": ");
    cf_put_string(&text, o->display_name);
    cf_growing_adds(&text, ",\n \"language\": \"cutflow\",\n \"interrupt_mode\": \"message\",\n"
                           " \"kernel_protocol_version\": \"5.5\",\n \"metadata\": {\n"
                           "  \"debugger\": false,\n"
                           "  \"supported_encryption\": [\n   \"curve\"\n  ]\n }\n}\n");
    const bool ok = write_file(folder, "kernel.json", text.data, text.size);
    cf_growing_clear(&text);
    return ok;
}

static bool copy_file(const char *from, const char *folder, const char *name) {
    FILE *f = fopen(from, "re");
    if (f == NULL) return false;
    cf_growing content = {0};
    char piece[16384];
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        cf_growing_add(&content, piece, n);
    fclose(f);
    const bool ok =
        !content.failed &&
        write_file(folder, name, content.data != NULL ? content.data : "", content.size);
    cf_growing_clear(&content);
    return ok;
}

enum { DEPTH_MAX = 8 };

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the folders */
static bool copy_folder(const char *from, char *to, int depth) {
    DIR *dir = depth < DEPTH_MAX && make_folders(to) ? opendir(from) : NULL;
    if (dir == NULL) return false;
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.') continue;
        cf_growing source = {0}, target = {0};
        struct stat s;
        cf_growing_addf(&source, "%s/%s", from, e->d_name);
        cf_growing_addf(&target, "%s/%s", to, e->d_name);
        if (stat(source.data, &s) == 0 && S_ISDIR(s.st_mode))
            ok = copy_folder(source.data, target.data, depth + 1);
        else
            ok = copy_file(source.data, to, e->d_name);
        cf_growing_clear(&source);
        cf_growing_clear(&target);
    }
    closedir(dir);
    return ok;
}

/* The extension lies where `make install` or the build put it, seen from the program. */
static bool install_extension(const char *data) {
    static const char *const places[] = {"../share/jupyter/labextensions/cutflow",
                                         "share/jupyter/labextensions/cutflow"};
    char program[4096];
    if (!own_path(program, sizeof program)) return true;
    char *slash = strrchr(program, '/');
    if (slash != NULL) *slash = 0;
    bool ok = true;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        cf_growing from = {0}, to = {0};
        struct stat source, target;
        cf_growing_addf(&from, "%s/%s", program, places[i]);
        cf_growing_addf(&to, "%s/labextensions/cutflow", data);
        const bool there = stat(from.data, &source) == 0 && S_ISDIR(source.st_mode);
        const bool same = there && stat(to.data, &target) == 0 &&
                          source.st_ino == target.st_ino && source.st_dev == target.st_dev;
        if (there && !same) ok = copy_folder(from.data, to.data, 0);
        cf_growing_clear(&from);
        cf_growing_clear(&to);
        if (there) break;
    }
    return ok;
}

static int install(const options *o, const char *program, const char *data) {
    cf_growing folder = {0}, spec = {0};
    cf_growing_addf(&folder, "%s/kernels/%s", data, o->name);
    cf_growing_addf(&spec, "%s/kernel.json", folder.data);
    int code = 0;
    if (!o->replace && access(spec.data, F_OK) == 0)
        code = fail("there is a kernel of that name (--replace)", folder.data);
    else if (!make_folders(folder.data))
        code = fail("cannot make the folder", folder.data);
    bool ok = code == 0;
    for (size_t i = 0; i < cf_logo_count && ok; i++)
        ok = write_file(folder.data, cf_logos[i].name, cf_logos[i].data, cf_logos[i].size);
    ok = ok && write_spec(o, program, folder.data) && install_extension(data);
    if (ok) printf("installed the kernel `%s` in %s\n", o->name, folder.data);
    cf_growing_clear(&folder);
    cf_growing_clear(&spec);
    return ok ? 0 : 1;
}

int cf_install(int argc, char *const *argv) {
    options o = {.name = "cutflow", .display_name = "Cutflow"};
    char program[4096];
    for (int i = 1; i < argc; i++)
        if (!read_option(&o, argc, argv, &i)) {
            (void)fail("not an option, or one without its value", argv[i]);
            return 2;
        }
    if (!good_name(o.name)) return fail("a kernel's name has letters a-z, 0-9 . _ -", o.name);
    if ((o.prefix != NULL) + o.sys_prefix + o.user > 1)
        return fail("only one of --user, --prefix and --sys-prefix is possible", "");
    if (o.program == NULL && !own_path(program, sizeof program))
        return fail("cannot find the path of this program: use --program", "");
    cf_growing data = {0};
    const char *why = "";
    const int code = find_data(&o, &data, &why)
                         ? install(&o, o.program != NULL ? o.program : program, data.data)
                         : fail(why, "");
    cf_growing_clear(&data);
    return code;
}
