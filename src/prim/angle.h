#ifndef CF_PRIM_ANGLE_H
#define CF_PRIM_ANGLE_H

#include <math.h>

#define CF_PI 3.14159265358979323846

/* A difference of angles brought into [-pi, pi].  One that lies there is not touched. */
static inline double cf_wrap_angle(double d) {
    const double turns = rint(d * (0.5 / CF_PI));
    const double near = (d - turns * 0x1.921fb54442d18p+2) -
                        turns * 0x1.1a62633145c07p-52; /* 2 pi, two parts */
    const double kept = fabs(d) <= CF_PI ? d : near;
    return kept > CF_PI ? CF_PI : kept < -CF_PI ? -CF_PI : kept;
}

#endif
