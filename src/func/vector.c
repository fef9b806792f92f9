/* Four-vectors.  The binder takes tuples apart; the functions here work on components: momenta
 * and energies in one unit (GeV), angles in radians, pseudorapidity eta.  They never fail: nan
 * in, nan out. */
#include "func/func_internal.h"
#include "prim/angle.h"
#include "prim/math.h"

#include <math.h>

CF_SIMD static void multiply(double *restrict out, const double *restrict x, size_t n,
                             size_t step) {
    if (step == 0)
        for (size_t i = 0; i < n; i++)
            out[i] *= *x;
    else
        for (size_t i = 0; i < n; i++)
            out[i] *= x[i];
}

/* f of argument 1 (once, if it is a constant), times argument 0; NULL after failing. */
static double *product(cf_call *call, cf_math_1_fn *f) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return NULL;
    if (STEP(call, 1) == 0) {
        double one;
        f(&one, ARG(call, 1, double), 1);
        for (size_t i = 0; i < call->n; i++)
            out[i] = one;
    } else
        f(out, ARG(call, 1, double), call->n);
    multiply(out, ARG(call, 0, double), call->n, STEP(call, 0));
    return out;
}

static cf_status times(cf_call *call, cf_math_1_fn *f) {
    return product(call, f) == NULL ? CF_E_MEMORY : CF_OK;
}

static cf_status px_of(cf_call *call) {
    return times(call, cf_prim_cos);
}

static cf_status py_of(cf_call *call) {
    return times(call, cf_prim_sin);
}

static cf_status pz_of(cf_call *call) {
    return times(call, cf_prim_sinh);
}

CF_SIMD static void energy_loop(double *restrict p, const double *restrict m, size_t n,
                                size_t step) {
    if (step == 0) {
        const double square = *m * *m;
        for (size_t i = 0; i < n; i++)
            p[i] = sqrt(p[i] * p[i] + square);
    } else
        for (size_t i = 0; i < n; i++)
            p[i] = sqrt(p[i] * p[i] + m[i] * m[i]);
}

static cf_status e_of(cf_call *call) {
    double *out = product(call, cf_prim_cosh);
    if (out == NULL) return CF_E_MEMORY;
    energy_loop(out, ARG(call, 2, double), call->n, STEP(call, 2));
    return CF_OK;
}

KERNEL_2(pt_of, double, double, double, sqrt(a *a + b * b))

/* The arguments as whole arrays; false after failing. */
static bool arrays(cf_call *call, const double **x, size_t count) {
    for (size_t i = 0; i < count; i++) {
        x[i] = cf_call_doubles(call, i);
        if (x[i] == NULL) return false;
    }
    return true;
}

static cf_status phi_of(cf_call *call) {
    const double *p[2];
    double *out = cf_call_alloc(call);
    if (out == NULL || !arrays(call, p, 2)) return CF_E_MEMORY;
    cf_prim_atan2(out, p[1], p[0], call->n);
    return CF_OK;
}

CF_SIMD static void slope(double *restrict out, const double *restrict px,
                          const double *restrict py, const double *restrict pz, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double pt = sqrt(px[i] * px[i] + py[i] * py[i]);
        out[i] = pt == 0.0 && pz[i] == 0.0 ? 0.0 : pz[i] / pt;
    }
}

/* asinh(pz / pt): good near 0 and along the beam (where it is inf). */
static cf_status eta_of(cf_call *call) {
    const double *p[3];
    double *out = cf_call_alloc(call);
    double *ratio = cf_arena_alloc(call->arena, call->n * sizeof *ratio, 64);
    if (ratio == NULL) return CF_NO_MEMORY(call);
    if (out == NULL || !arrays(call, p, 3)) return CF_E_MEMORY;
    slope(ratio, p[0], p[1], p[2], call->n);
    cf_prim_asinh(out, ratio, call->n);
    return CF_OK;
}

/* m2 = (e - p)(e + p), which cancels less than e^2 - p^2; rounding may make it negative: 0. */
CF_SIMD static void mass_loop(double *restrict out, const double *restrict px,
                              const double *restrict py, const double *restrict pz,
                              const double *restrict e, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double p = sqrt(px[i] * px[i] + py[i] * py[i] + pz[i] * pz[i]);
        const double square = (e[i] - p) * (e[i] + p);
        out[i] = sqrt(square < 0.0 ? 0.0 : square);
    }
}

static cf_status mass_of(cf_call *call) {
    const double *p[4];
    double *out = cf_call_alloc(call);
    if (out == NULL || !arrays(call, p, 4)) return CF_E_MEMORY;
    mass_loop(out, p[0], p[1], p[2], p[3], call->n);
    return CF_OK;
}

/* y = ln((e + pz) / (e - pz)) / 2 = ln(1 + 2|pz| / (e - |pz|)) / 2 with pz's sign: good near 0.
 */
static cf_status rapidity_of(cf_call *call) {
    const double *p[2];
    double *out = cf_call_alloc(call);
    double *ratio = cf_arena_alloc(call->arena, call->n * sizeof *ratio, 64);
    if (ratio == NULL) return CF_NO_MEMORY(call);
    if (out == NULL || !arrays(call, p, 2)) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        const double z = fabs(p[0][i]);
        ratio[i] = z == 0.0 ? z : 2.0 * z / (p[1][i] - z);
    }
    cf_prim_log1p(out, ratio, call->n);
    for (size_t i = 0; i < call->n; i++)
        out[i] = copysign(0.5 * out[i], p[0][i]);
    return CF_OK;
}

KERNEL_2(delta_phi_of, double, double, double, cf_wrap_angle(a - b))

/* One four-vector is often the same for all rows of a call, but as often not: arrays serve
 * both. */
CF_SIMD static void delta_r_loop(double *restrict out, const double *restrict eta1,
                                 const double *restrict phi1, const double *restrict eta2,
                                 const double *restrict phi2, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double eta = eta1[i] - eta2[i], phi = cf_wrap_angle(phi1[i] - phi2[i]);
        out[i] = sqrt(eta * eta + phi * phi);
    }
}

static cf_status delta_r_of(cf_call *call) {
    const double *x[4];
    double *out = cf_call_alloc(call);
    if (out == NULL || !arrays(call, x, 4)) return CF_E_MEMORY;
    delta_r_loop(out, x[0], x[1], x[2], x[3], call->n);
    return CF_OK;
}

/* sqrt(2 pt1 pt2 (1 - cos dphi)) = 2 sqrt(pt1 pt2) |sin(dphi / 2)|, which does not cancel. */
static cf_status mt_of(cf_call *call) {
    const double *x[4];
    double *out = cf_call_alloc(call);
    double *half = cf_arena_alloc(call->arena, call->n * sizeof *half, 64);
    if (half == NULL) return CF_NO_MEMORY(call);
    if (out == NULL || !arrays(call, x, 4)) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++)
        half[i] = 0.5 * (x[1][i] - x[3][i]);
    cf_prim_sin(out, half, call->n);
    for (size_t i = 0; i < call->n; i++)
        out[i] = 2.0 * sqrt(x[0][i] * x[2][i]) * fabs(out[i]);
    return CF_OK;
}

/* v = (a0..a3) as an observer sees it who moves with w = (b0..b3): with M the mass of w,
 *   e' = (e E - p.P) / M,   p' = p + P ((p.P) / (M (M + E)) - e / M) */
static cf_status boost(cf_call *call, size_t component) {
    const double *x[8];
    double *out = cf_call_alloc(call);
    if (out == NULL || !arrays(call, x, 8)) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        const double dot = x[0][i] * x[4][i] + x[1][i] * x[5][i] + x[2][i] * x[6][i];
        const double big = sqrt(x[4][i] * x[4][i] + x[5][i] * x[5][i] + x[6][i] * x[6][i]);
        const double e = x[3][i], energy = x[7][i];
        const double mass = sqrt((energy - big) * (energy + big));
        if (component == 3)
            out[i] = (e * energy - dot) / mass;
        else
            out[i] = x[component][i] +
                     x[4 + component][i] * (dot / (mass * (mass + energy)) - e / mass);
    }
    return CF_OK;
}

#define BOOST(name, component)             \
    static cf_status name(cf_call *call) { \
        return boost(call, component);     \
    }
BOOST(boost_px, 0)
BOOST(boost_py, 1)
BOOST(boost_pz, 2)
BOOST(boost_e, 3)

#define F               CF_FLOAT64
#define PART(name, ...) FN(#name, name, PURE, FLOAT64, __VA_ARGS__)
static const cf_func pt_functions[] = {PART(pt_of, F, F), PART(px_of, F, F), PART(py_of, F, F),
                                       PART(pz_of, F, F)};
static const cf_func eta_functions[] = {PART(eta_of, F, F, F)};
static const cf_func phi_functions[] = {PART(phi_of, F, F)};
static const cf_func mass_functions[] = {PART(mass_of, F, F, F, F)};
static const cf_func energy_functions[] = {PART(e_of, F, F, F)};
static const cf_func rapidity_functions[] = {PART(rapidity_of, F, F)};
static const cf_func delta_phi_functions[] = {PART(delta_phi_of, F, F)};
static const cf_func delta_r_functions[] = {PART(delta_r_of, F, F, F, F)};
static const cf_func mt_functions[] = {PART(mt_of, F, F, F, F)};
static const cf_func boost_functions[] = {
    PART(boost_px, F, F, F, F, F, F, F, F), PART(boost_py, F, F, F, F, F, F, F, F),
    PART(boost_pz, F, F, F, F, F, F, F, F), PART(boost_e, F, F, F, F, F, F, F, F)};

#define VECTOR                                                                                \
    "\nA four-vector is a tuple with the fields pt, eta, phi and mass (or m; if absent, 0), " \
    "in any case;\n"                                                                          \
    "et or met stand in for pt; or with px, py, pz and e.  Momenta, masses and energies "     \
    "share one unit\n"                                                                        \
    "(GeV in most files), angles are radians.  Of a list of tuples the result is a list.  "   \
    "Null gives null."
#define TWO_MUONS                                                                            \
    "from [{a = {pt = 30.0, eta = 0.5, phi = 3.0, mass = 0.1}, b = {pt = 40.0, eta = -0.5, " \
    "phi = -3.0, mass = 0.1}}]\n"
#define ROW(name, usage, doc, example, shows, related)               \
    {                                                                \
#name, CF_BUILTIN_VECTOR, usage, doc VECTOR, example, shows, \
            OVERLOADS(name##_functions), NULL, related               \
    }

static const cf_builtin builtins[] = {
    {"p4", CF_BUILTIN_VECTOR, "p4 v",
     "The four-vector in components: {px, py, pz, e}, which all of these functions take, "
     "too." VECTOR,
     "from [{v = {pt = 3.0, eta = 0.0, phi = 0.0, mass = 4.0}}]\nselect {p = p4 v}\nselect "
     "{p.px, p.py, p.pz, p.e}",
     "px,py,pz,e\n3.0,0.0,0.0,5.0\n", NO_OVERLOADS, NULL, "pt eta phi mass energy +"},
    ROW(pt, "pt v", "Momentum across the beam: sqrt(px**2 + py**2).",
        "from [{v = {px = 3.0, py = 4.0, pz = 0.0, e = 5.0}}]\nselect {a = pt v}", "a\n5.0\n",
        "eta phi mass p4"),
    ROW(eta, "eta v",
        "Pseudorapidity: asinh(pz / pt); inf along the beam, 0 for no momentum at all.",
        "from [{v = {px = 3.0, py = 4.0, pz = 0.0, e = 5.0}}]\nselect {a = eta v}", "a\n0.0\n",
        "rapidity pt phi"),
    ROW(phi, "phi v", "Angle round the beam, from -pi to pi: atan2(py, px).",
        "from [{v = {px = 3.0, py = 0.0, pz = 0.0, e = 5.0}}]\nselect {a = phi v}", "a\n0.0\n",
        "delta_phi pt eta"),
    ROW(mass, "mass v",
        "Invariant mass: sqrt(e**2 - p**2); 0 where rounding makes the square negative.  "
        "mass(a + b) is the\n"
        "mass of a pair.",
        TWO_MUONS "select {m = (mass(a + b) | round 3)}", NULL, "m energy p4"),
    {"m", CF_BUILTIN_VECTOR, "m v", "Invariant mass; the same as mass." VECTOR,
     "from [{v = {px = 0.0, py = 0.0, pz = 3.0, e = 5.0}}]\nselect {a = m v}", "a\n4.0\n",
     NO_OVERLOADS, NULL, "mass"},
    ROW(energy, "energy v", "sqrt(p**2 + mass**2) with p = pt * cosh(eta).",
        "from [{v = {pt = 3.0, eta = 0.0, phi = 0.0, mass = 4.0}}]\nselect {a = energy v}",
        "a\n5.0\n", "mass p4"),
    ROW(rapidity, "rapidity v",
        "ln((e + pz) / (e - pz)) / 2; the same as eta where the mass is 0.",
        "from [{v = {px = 3.0, py = 4.0, pz = 0.0, e = 6.0}}]\nselect {a = rapidity v}",
        "a\n0.0\n", "eta"),
    ROW(delta_phi, "delta_phi a b", "phi of a minus phi of b, brought into -pi to pi.",
        TWO_MUONS "select {d = (delta_phi a b | round 4)}", "d\n-0.2832\n", "delta_r phi"),
    ROW(delta_r, "delta_r a b",
        "Distance in eta and phi: sqrt(delta_eta**2 + delta_phi**2), phi wrapped.",
        TWO_MUONS "select {d = (delta_r a b | round 4)}", "d\n1.0393\n", "delta_phi"),
    ROW(mt, "mt a b",
        "Transverse mass of two massless particles: sqrt(2 pt1 pt2 (1 - cos delta_phi)), as of "
        "a lepton and\n"
        "the missing energy; eta is not needed.",
        "from [{met = {pt = 40.0, phi = 0.0}, mu = {pt = 40.0, eta = 0.5, phi = "
        "3.141592653589793}}]\nselect {w = (mt met mu | round 3)}",
        "w\n80.0\n", "mass delta_phi"),
    ROW(boost, "boost v w",
        "v as it looks from w: {px, py, pz, e} in the frame in which w is at rest.  w must "
        "have a mass.",
        "from [{v = {px = 0.0, py = 0.0, pz = 3.0, e = 5.0}}]\nselect {r = boost v v}\nselect "
        "{r.e}",
        "e\n4.0\n", "p4"),
};

const cf_family cf_family_vector = {"four-vectors", builtins, CF_COUNT(builtins)};
