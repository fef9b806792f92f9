#ifndef CF_NN_FILE_H
#define CF_NN_FILE_H

#include "base/base.h"

/* Writes under another name first and renames: a reader sees the old file or the new one. */
cf_status cf_file_replace(const cf_text *bytes, const char *path, cf_error *err);

#endif
