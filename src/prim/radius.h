#ifndef CF_PRIM_RADIUS_H
#define CF_PRIM_RADIUS_H

/* Which points lie within a distance in eta and phi (phi wraps round): the points of one list
 * are put into eta bins once, then each question looks only at the bins within reach. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cf_near cf_near;

cf_near *cf_near_new(void); /* NULL: no memory */
void cf_near_free(cf_near *near);
/* The points [begin, end) of the arrays, for questions of distance up to r.  False: no memory.
 */
bool cf_near_load(cf_near *near, const double *eta, const double *phi, int32_t begin,
                  int32_t end, double r);

typedef struct {
    double eta, phi, r;
    bool closed;      /* distance <= r, not < r */
    bool point_first; /* which operand of the subtractions the list's point is */
} cf_near_question;

/* Rows of the points that are near, ascending; out has room for all points.  The distance is
 * sqrt((eta1 - eta2)^2 + wrapped(phi1 - phi2)^2), each operation rounded: as delta_r computes
 * it. */
size_t cf_near_find(cf_near *near, const cf_near_question *question, int32_t *out);

#endif
