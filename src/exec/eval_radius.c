#include "exec/eval.h"
cf_status cf_eval_radius(cf_eval *e, cf_id id, cf_rows *out) { (void)id; (void)out; return cf_fail(e->err, CF_E_NOT_YET, CF_NOWHERE, "radius"); }
