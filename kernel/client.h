#ifndef CF_KERNEL_CLIENT_H
#define CF_KERNEL_CLIENT_H

/** `cutflow-kernel client`: starts a kernel, runs the cells that standard input gives as JSON
 * lines,
 * `{"code": text, "timeout": seconds}`, and writes for each a line `{"status",
 * "execution_count", "outputs"}`, the outputs as a notebook holds them.  Exit code: 0, 1 it
 * failed, 3 the kernel died. */
int cf_client_run(void);

#endif
