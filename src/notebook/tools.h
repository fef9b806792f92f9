#ifndef CF_NOTEBOOK_TOOLS_H
#define CF_NOTEBOOK_TOOLS_H

/* The sub-commands of `cutflow nb`; argv[0] is the sub-command.  They return the exit code. */

int cf_nb_tool_strip(int argc, char *const *argv);
int cf_nb_tool_validate(int argc, char *const *argv);
int cf_nb_tool_diff(int argc, char *const *argv);
int cf_nb_tool_to_script(int argc, char *const *argv);
int cf_nb_tool_from_script(int argc, char *const *argv);

enum { CF_NB_TOOL_FAILED = 1, CF_NB_TOOL_USAGE = 2 };

#endif
