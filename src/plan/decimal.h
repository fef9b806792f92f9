#ifndef CF_PLAN_DECIMAL_H
#define CF_PLAN_DECIMAL_H

/* Decimals in a plan.  A node says only that it is a decimal; its scale follows from where the
 * value comes from: a stored column, or the function that made it (func/decimal.c). */

#include "plan/build.h"

/* The scale of a DECIMAL node, -1: it holds nothing but nulls, so any will do.  nodes[id]. */
int cf_decimal_scale(const cf_plan *plan, cf_id id);
int cf_plan_decimal_scale(const cf_plan_builder *b, cf_id id);

/* The conversions that know the scale: to FLOAT64, INT64 or TEXT. */
cf_id cf_plan_decimal_cast(cf_plan_builder *b, cf_id value, cf_kind to);
/* An INT64 or DECIMAL node with this scale, which is not smaller than its own. */
cf_id cf_plan_decimal_rescale(cf_plan_builder *b, cf_id value, int scale);
/* A text that compares as the decimals do (all of one scale), for keys. */
cf_id cf_plan_decimal_key(cf_plan_builder *b, cf_id value);
/* SUM, MIN, MAX (decimals), AVERAGE (a float), COUNT_DISTINCT. */
cf_id cf_plan_decimal_reduce(cf_plan_builder *b, cf_reduce kind, cf_id level, cf_id value);

#endif
