#ifndef CF_CLI_PARAMS_H
#define CF_CLI_PARAMS_H

#include "cutflow/session.h"

/* `--params FILE`: a JSON object of single values, or lines `name = value` or `name: value`
 * with # comments.  Zero, or the exit code after a message was written. */
int cf_cli_params(cf_session *session, const char *path);

#endif
