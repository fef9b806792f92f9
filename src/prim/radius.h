#ifndef CF_PRIM_RADIUS_H
#define CF_PRIM_RADIUS_H

/* Which points lie within a distance in eta and phi (phi wraps round).  The points of a list
 * are put into cells as large as the distance, so that a question looks at nine of them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows [begin, end) of two arrays. */
typedef struct {
    const double *eta, *phi;
    int32_t begin, end;
} cf_near_points;

typedef struct {
    double eta, phi, r;
    bool closed;      /* distance <= r, not < r */
    bool point_first; /* which operand of the subtractions the list's point is */
} cf_near_question;

/* Rows of the points that are near, ascending; out has room for all points.  The distance is
 * sqrt((eta1 - eta2)^2 + wrapped(phi1 - phi2)^2), each operation rounded: as delta_r computes
 * it.  Looks at every point: for a few questions. */
size_t cf_near_scan(const cf_near_points *points, const cf_near_question *question,
                    int32_t *out);

/* Lists in cells.  Their arrays are borrowed until the next reset. */
typedef struct cf_near cf_near;

cf_near *cf_near_new(void); /* NULL: no memory */
void cf_near_free(cf_near *near);
void cf_near_reset(cf_near *near);        /* forgets all lists */
size_t cf_near_held(const cf_near *near); /* points of all lists */
/* Adds a list for questions of distance r; returns its number; -1: no memory. */
int32_t cf_near_load(cf_near *near, const cf_near_points *points, double r);
/* As cf_near_scan; the question's distance is the list's. */
size_t cf_near_find(cf_near *near, int32_t list, const cf_near_question *question,
                    int32_t *out);

#endif
