#ifndef CUTFLOW_NOTEBOOK_H
#define CUTFLOW_NOTEBOOK_H

/** Saved notebooks without Jupyter: replay, comparison, tools.  A front end over session.h; the
 * `cutflow` command calls it.
 *
 *  Exit codes: 0 all is well; 1 a cell failed; 2 usage, or a notebook that cannot be read; 3
 * the kernel died; 4 outputs differ; 124 a cell took too long; 130, 143 ended by a signal.  Of
 * several notebooks the worst. */

/** `cutflow run [OPTION...] FILE.ipynb|FILE.cf...`; argv[0] is "run".  Returns the exit code.
 */
int cf_notebook_run(int argc, char *const *argv);

/** `cutflow nb strip|validate|diff|to-script|from-script ...`; argv[0] is "nb". */
int cf_notebook_tool(int argc, char *const *argv);

#endif
