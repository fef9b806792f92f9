#include "prim/radius.h"

#include "prim/angle.h"
#include "prim/simd.h"

#include <stdlib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Points stand as floats, eta from the list's lowest one, phi in [-pi, pi].  A float's distance
 * decides where it is clear; where it is closer to r than floats can tell, doubles do.  Beside
 * the first and the last column of cells stand copies of the other end's, a turn away, so that
 * nobody needs to wrap anything. */

#define LANES       8 /* points looked at together */
#define FEW         8 /* points that are not worth cells */
#define COLUMNS_MAX 32
#define FAR         1e6 /* eta beyond: doubles lose digits, too */
#define TURNS       100.0

typedef struct {
    cf_near_points points;
    size_t first, start; /* in the arrays */
    double low, width, reach;
    double per_eta, per_phi; /* cell = floor of eta or phi times this */
    int32_t rows, columns;   /* columns without the copies; 0: no cells */
    float sure, out;         /* squares: nearer than this certainly, farther certainly not */
} near_list;

struct cf_near {
    float *eta, *phi;
    int32_t *row;
    int32_t *start; /* of each cell, from the list's first point; then the end */
    int32_t *cell;  /* [points of a list] */
    uint8_t *mark;
    near_list *lists;
    size_t count, room, start_count, start_room, list_count, list_room, cell_room;
};

cf_near *cf_near_new(void) {
    return calloc(1, sizeof(cf_near));
}

void cf_near_free(cf_near *near) {
    if (near == NULL) return;
    free(near->eta);
    free(near->phi);
    free(near->row);
    free(near->start);
    free(near->cell);
    free(near->mark);
    free(near->lists);
    free(near);
}

void cf_near_reset(cf_near *near) {
    near->count = near->start_count = near->list_count = 0;
}

size_t cf_near_held(const cf_near *near) {
    return near->count;
}

/* --- every point --- */

static bool is_near(const cf_near_points *p, const cf_near_question *q, size_t i) {
    const double eta = q->point_first ? p->eta[i] - q->eta : q->eta - p->eta[i];
    const double phi = cf_wrap_angle(q->point_first ? p->phi[i] - q->phi : q->phi - p->phi[i]);
    const double distance = sqrt(eta * eta + phi * phi);
    return q->closed ? distance <= q->r : distance < q->r;
}

/* Squares, with room for rounding: what passes is looked at exactly. */
CF_SIMD static void likely(uint8_t *restrict hit, const double *restrict eta,
                           const double *restrict phi, double eta0, double phi0, double limit,
                           size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double e = eta[i] - eta0, p = cf_wrap_angle(phi[i] - phi0);
        hit[i] = e * e + p * p <= limit;
    }
}

size_t cf_near_scan(const cf_near_points *p, const cf_near_question *q, int32_t *out) {
    enum { BLOCK = 512 };
    uint8_t hit[BLOCK];
    size_t found = 0;
    if (!(q->r >= 0.0)) return 0;
    const double limit = q->r * q->r * (1.0 + 1e-9) + 1e-290;
    for (int32_t at = p->begin; at < p->end; at += BLOCK) {
        const int32_t n = p->end - at < BLOCK ? p->end - at : BLOCK;
        likely(hit, p->eta + at, p->phi + at, q->eta, q->phi, limit, (size_t)n);
        for (int32_t i = 0; i < n; i++)
            if (hit[i] && is_near(p, q, (size_t)(at + i))) out[found++] = at + i;
    }
    return found;
}

/* --- room --- */

static bool grow(void **array, size_t bytes) {
    void *grown = realloc(*array, bytes);
    if (grown != NULL) *array = grown;
    return grown != NULL;
}

/* For a list of n points, of which some have copies. */
static bool points_room(cf_near *near, size_t n) {
    if (n > near->cell_room) {
        if (!grow((void **)&near->cell, 2 * n * sizeof *near->cell) ||
            !grow((void **)&near->mark, 2 * n))
            return false;
        near->cell_room = 2 * n;
    }
    const size_t most = near->count + 2 * n + LANES;
    if (most <= near->room) return true;
    if (!grow((void **)&near->eta, 2 * most * sizeof *near->eta) ||
        !grow((void **)&near->phi, 2 * most * sizeof *near->phi) ||
        !grow((void **)&near->row, 2 * most * sizeof *near->row))
        return false;
    near->room = 2 * most;
    return true;
}

static bool cells_room(cf_near *near, size_t cells) {
    const size_t most = near->start_count + cells;
    if (most <= near->start_room) return true;
    if (!grow((void **)&near->start, 2 * most * sizeof *near->start)) return false;
    near->start_room = 2 * most;
    return true;
}

static near_list *list_room(cf_near *near) {
    if (near->list_count == near->list_room) {
        const size_t room = near->list_room * 2 + 16;
        if (!grow((void **)&near->lists, room * sizeof *near->lists)) return NULL;
        near->list_room = room;
    }
    return &near->lists[near->list_count];
}

/* --- loading --- */

static bool is_point(double eta, double phi) {
    return isfinite(eta) && isfinite(phi);
}

/* The lowest eta and the width; false: something lies where cells cannot serve. */
static bool measure(near_list *l) {
    const cf_near_points *p = &l->points;
    double low = (double)INFINITY, high = -(double)INFINITY, turned = 0.0;
    for (int32_t i = p->begin; i < p->end; i++) {
        if (!is_point(p->eta[i], p->phi[i])) continue;
        low = p->eta[i] < low ? p->eta[i] : low;
        high = p->eta[i] > high ? p->eta[i] : high;
        turned = fabs(p->phi[i]) > turned ? fabs(p->phi[i]) : turned;
    }
    l->low = low;
    l->width = high - low;
    return low >= -FAR && high <= FAR && turned <= TURNS;
}

/* Floats are off by half a unit in the last place each: of eta by as much of the width, of phi
 * of a turn and a half. */
static bool set_limits(near_list *l, double r) {
    const double off = 2e-6 + 2e-7 * (l->width + r);
    const double sure = r - off, out = r + off;
    l->reach = out;
    l->sure = (float)(sure * sure * (1.0 - 1e-6));
    l->out = (float)(out * out * (1.0 + 1e-6));
    return off < r / 8.0;
}

/* Cells at least as large as the distance, and not more than there are points to fill them. */
static bool set_cells(near_list *l, size_t n, double r) {
    const double columns = 2.0 * CF_PI / (1.001 * r), rows = l->width / (1.001 * r);
    if (!(columns >= 2.0)) return false;
    l->columns = columns > COLUMNS_MAX ? COLUMNS_MAX : (int32_t)columns;
    const double most = (double)(4 * n) / l->columns + 1.0;
    l->rows = rows < 1.0 ? 1 : rows > most ? (int32_t)most : (int32_t)rows;
    l->per_eta = l->width > 0.0 ? l->rows / l->width : 0.0;
    l->per_phi = l->columns / (2.0 * CF_PI);
    return true;
}

static int32_t cell_within(double at, int32_t count) {
    const int32_t cell = (int32_t)at;
    return cell < 0 ? 0 : cell >= count ? count - 1 : cell;
}

static int32_t row_of(const near_list *l, double eta) {
    return cell_within((eta - l->low) * l->per_eta, l->rows);
}

static int32_t column_of(const near_list *l, double turned) {
    return cell_within((turned + CF_PI) * l->per_phi, l->columns);
}

/* Where the copy of a column's points stands: how many cells further; 0: it has none. */
static int32_t copy_of(const near_list *l, int32_t column) {
    return column == 0 ? l->columns : column == l->columns - 1 ? -l->columns : 0;
}

static void count_cells(const cf_near *near, const near_list *l, int32_t *start) {
    const cf_near_points *p = &l->points;
    for (int32_t i = p->begin; i < p->end; i++) {
        near->cell[i - p->begin] = -1;
        if (!is_point(p->eta[i], p->phi[i])) continue;
        const int32_t column = column_of(l, cf_wrap_angle(p->phi[i]));
        const int32_t cell = row_of(l, p->eta[i]) * (l->columns + 2) + column + 1;
        const int32_t copy = copy_of(l, column);
        near->cell[i - p->begin] = cell;
        start[cell + 1]++;
        if (copy != 0) start[cell + copy + 1]++;
    }
}

static void put(cf_near *near, const near_list *l, int32_t at, int32_t row, double phi) {
    near->eta[l->first + (size_t)at] = (float)(l->points.eta[row] - l->low);
    near->phi[l->first + (size_t)at] = (float)phi;
    near->row[l->first + (size_t)at] = row;
}

/* start[cell] moves from the cell's begin to its end; the caller shifts it by one. */
static void fill_cells(cf_near *near, const near_list *l, int32_t *start) {
    const cf_near_points *p = &l->points;
    for (int32_t i = p->begin; i < p->end; i++) {
        const int32_t cell = near->cell[i - p->begin];
        if (cell < 0) continue;
        const double phi = cf_wrap_angle(p->phi[i]);
        const int32_t copy = copy_of(l, cell % (l->columns + 2) - 1);
        put(near, l, start[cell]++, i, phi);
        if (copy != 0)
            put(near, l, start[cell + copy]++, i,
                copy > 0 ? phi + 2.0 * CF_PI : phi - 2.0 * CF_PI);
    }
}

/* A counting sort. */
static bool sort_cells(cf_near *near, near_list *l) {
    const size_t cells = (size_t)l->rows * (size_t)(l->columns + 2);
    if (!cells_room(near, cells + 2)) return false;
    int32_t *start = near->start + near->start_count + 1;
    memset(start - 1, 0, (cells + 2) * sizeof *start);
    count_cells(near, l, start);
    for (size_t c = 0; c < cells; c++)
        start[c + 1] += start[c];
    fill_cells(near, l, start);
    l->start = near->start_count; /* one before, where cells begin now */
    near->start_count += cells + 2;
    near->count += (size_t)start[cells - 1];
    for (size_t i = 0; i < LANES; i++)
        near->eta[near->count + i] = near->phi[near->count + i] = 0.0f;
    return true;
}

int32_t cf_near_load(cf_near *near, const cf_near_points *points, double r) {
    const size_t n = (size_t)(points->end - points->begin);
    near_list *l = list_room(near);
    if (l == NULL || !points_room(near, n)) return -1;
    *l = (near_list){.points = *points, .first = near->count};
    const bool cells =
        n >= FEW && r > 0.0 && measure(l) && set_limits(l, r) && set_cells(l, n, r);
    if (!cells)
        l->columns = 0;
    else if (!sort_cells(near, l))
        return -1;
    return (int32_t)near->list_count++;
}

/* --- asking --- */

/* Which of eight points are within the limits: a bit each. */
#if defined(__SSE2__)
static unsigned within(__m128 eta, __m128 phi, __m128 eta0, __m128 phi0, __m128 sure,
                       __m128 out, unsigned *certain) {
    const __m128 e = _mm_sub_ps(eta, eta0), p = _mm_sub_ps(phi, phi0);
    const __m128 d = _mm_add_ps(_mm_mul_ps(e, e), _mm_mul_ps(p, p));
    *certain = (unsigned)_mm_movemask_ps(_mm_cmple_ps(d, sure));
    return (unsigned)_mm_movemask_ps(_mm_cmple_ps(d, out));
}

static unsigned compare(const float *eta, const float *phi, float eta0, float phi0,
                        const near_list *l, unsigned *certain) {
    const __m128 e = _mm_set1_ps(eta0), p = _mm_set1_ps(phi0);
    const __m128 sure = _mm_set1_ps(l->sure), out = _mm_set1_ps(l->out);
    unsigned high_certain;
    const unsigned low = within(_mm_loadu_ps(eta), _mm_loadu_ps(phi), e, p, sure, out, certain);
    const unsigned high =
        within(_mm_loadu_ps(eta + 4), _mm_loadu_ps(phi + 4), e, p, sure, out, &high_certain);
    *certain |= high_certain << 4;
    return low | high << 4;
}
#else
static unsigned compare(const float *eta, const float *phi, float eta0, float phi0,
                        const near_list *l, unsigned *certain) {
    unsigned within = 0;
    *certain = 0;
    for (unsigned i = 0; i < LANES; i++) {
        const float e = eta[i] - eta0, p = phi[i] - phi0;
        const float d = e * e + p * p;
        *certain |= (unsigned)(d <= l->sure) << i;
        within |= (unsigned)(d <= l->out) << i;
    }
    return within;
}
#endif

typedef struct {
    const near_list *list;
    const cf_near_question *question;
    float eta, phi;
} asking;

static size_t keep(const cf_near *near, const asking *a, int32_t at, bool certain,
                   int32_t *restrict out, size_t found) {
    const int32_t row = near->row[a->list->first + (size_t)at];
    if (certain || is_near(&a->list->points, a->question, (size_t)row)) out[found++] = row;
    return found;
}

static size_t ask_range(const cf_near *near, const asking *a, int32_t begin, int32_t end,
                        int32_t *restrict out, size_t found) {
    const float *eta = near->eta + a->list->first, *phi = near->phi + a->list->first;
    for (int32_t at = begin; at < end; at += LANES) {
        unsigned certain;
        unsigned hits = compare(eta + at, phi + at, a->eta, a->phi, a->list, &certain);
        if (end - at < LANES) hits &= (1U << (end - at)) - 1U;
        for (; hits != 0; hits &= hits - 1U) {
            const unsigned bit = (unsigned)__builtin_ctz(hits);
            found = keep(near, a, at + (int32_t)bit, certain >> bit & 1U, out, found);
        }
    }
    return found;
}

/* Three ranges of at most eight points: nothing to decide until all are compared. */
static size_t ask_three(const cf_near *near, const asking *a, const int32_t *begin,
                        const int32_t *end, int32_t *restrict out) {
    const float *eta = near->eta + a->list->first, *phi = near->phi + a->list->first;
    unsigned hits = 0, certain = 0;
    for (unsigned i = 0; i < 3; i++) {
        unsigned sure;
        const unsigned within =
            compare(eta + begin[i], phi + begin[i], a->eta, a->phi, a->list, &sure);
        hits |= (within & ((1U << (end[i] - begin[i])) - 1U)) << (i * LANES);
        certain |= sure << (i * LANES);
    }
    size_t found = 0;
    for (; hits != 0; hits &= hits - 1U) {
        const unsigned bit = (unsigned)__builtin_ctz(hits);
        const int32_t at = begin[bit / LANES] + (int32_t)(bit % LANES);
        found = keep(near, a, at, certain >> bit & 1U, out, found);
    }
    return found;
}

static void sort_few(int32_t *row, size_t n) {
    for (size_t i = 1; i < n; i++) {
        const int32_t moved = row[i];
        size_t at = i;
        for (; at > 0 && row[at - 1] > moved; at--)
            row[at] = row[at - 1];
        row[at] = moved;
    }
}

/* Many rows of one list: marked, then read off in order. */
static void sort_many(const cf_near *near, const cf_near_points *p, int32_t *row, size_t n) {
    uint8_t *mark = near->mark;
    memset(mark, 0, (size_t)(p->end - p->begin));
    for (size_t i = 0; i < n; i++)
        mark[row[i] - p->begin] = 1;
    size_t at = 0;
    for (int32_t i = p->begin; i < p->end; i++)
        if (mark[i - p->begin]) row[at++] = i;
}

size_t cf_near_find(cf_near *near, int32_t list, const cf_near_question *q, int32_t *out) {
    const near_list *l = &near->lists[list];
    if (l->columns == 0 || fabs(q->phi) > TURNS) return cf_near_scan(&l->points, q, out);
    const double eta = q->eta - l->low;
    if (!(eta >= -l->reach && eta <= l->width + l->reach) || isnan(q->phi)) return 0;
    const double phi = cf_wrap_angle(q->phi);
    const int32_t row = row_of(l, q->eta), columns = l->columns + 2;
    const int32_t *start = near->start + l->start + column_of(l, phi);
    const asking a = {.list = l, .question = q, .eta = (float)eta, .phi = (float)phi};
    int32_t begin[3], end[3], longest = 0;
    for (int32_t i = 0; i < 3; i++) {
        const int32_t at = row - 1 + i;
        const bool there = at >= 0 && at < l->rows;
        begin[i] = there ? start[at * columns] : 0;
        end[i] = there ? start[at * columns + 3] : 0;
        longest = end[i] - begin[i] > longest ? end[i] - begin[i] : longest;
    }
    size_t found = 0;
    if (longest <= LANES)
        found = ask_three(near, &a, begin, end, out);
    else
        for (size_t i = 0; i < 3; i++)
            found = ask_range(near, &a, begin[i], end[i], out, found);
    if (found > 24)
        sort_many(near, &l->points, out, found);
    else
        sort_few(out, found);
    return found;
}
