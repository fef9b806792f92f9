#ifndef CF_KERNEL_INSTALL_H
#define CF_KERNEL_INSTALL_H

#include <stddef.h>

/** `cutflow-kernel install ...`; argv[0] is "install".  The exit code. */
int cf_install(int argc, char *const *argv);

/** Files of the kernelspec, built into the program (logos.c is made from kernel/share). */
typedef struct {
    const char *name;
    const unsigned char *data;
    size_t size;
} cf_logo;
extern const cf_logo cf_logos[];
extern const size_t cf_logo_count;

#endif
