/* Every way of making values from rows, against loops over the events. */
#include "events.h"

static cf_id map2(frame *f, const char *func, cf_id a, cf_id b) {
    const cf_id args[] = {a, b};
    return cf_plan_map_named(f->b, func, args, 2);
}

/* The eight lanes, as the sum of a list is defined. */
static double lanes_sum(const double *x, int n) {
    double lane[8] = {0};
    for (int i = 0; i < n; i++)
        lane[i % 8] += x[i];
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) +
           ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

static void lists_are_reduced(void) {
    frame f = frame_new(150);
    const cf_id big = map2(&f, "gt_float", f.pt, cf_plan_const_float(f.b, 50.0));
    cf_out *rows =
        TUPLE(&f, out_value(&f, "n", cf_plan_reduce(f.b, CF_R_COUNT, f.jets, 0)),
              out_value(&f, "sum", cf_plan_reduce(f.b, CF_R_SUM, f.jets, f.pt)),
              out_value(&f, "isum", cf_plan_reduce(f.b, CF_R_SUM, f.jets, f.q)),
              out_value(&f, "min", cf_plan_reduce(f.b, CF_R_MIN, f.jets, f.pt)),
              out_value(&f, "max", cf_plan_reduce(f.b, CF_R_MAX, f.jets, f.q)),
              out_value(&f, "any", cf_plan_reduce(f.b, CF_R_ANY, f.jets, big)),
              out_value(&f, "all", cf_plan_reduce(f.b, CF_R_ALL, f.jets, big)),
              out_value(&f, "avg", cf_plan_reduce(f.b, CF_R_AVERAGE, f.jets, f.pt)),
              out_value(&f, "dev", cf_plan_reduce(f.b, CF_R_STDDEV, f.jets, f.pt)),
              out_value(&f, "distinct", cf_plan_reduce(f.b, CF_R_COUNT_DISTINCT, f.jets, f.q)),
              out_value(&f, "tracks", cf_plan_reduce(f.b, CF_R_SUM, f.tracks, f.track_eta)),
              out_value(&f, "wide", cf_plan_reduce(f.b, CF_R_SUM, f.jets, big)));
    cf_plan *plan = finish(&f, f.ev, rows);
    cf_table *t = run_all_ways(plan, NULL);
    for (int e = 0; e < EVENTS; e++) {
        const event *v = &events[e];
        int64_t isum = 0, qmax = INT64_MIN, distinct = 0, wide = 0;
        double min = (double)INFINITY, mean = 0, squares = 0;
        for (int i = 0; i < v->jets; i++) {
            bool seen = false;
            isum += v->q[i];
            if (v->q[i] > qmax) qmax = v->q[i];
            if (v->pt[i] < min) min = v->pt[i];
            for (int k = 0; k < i; k++)
                seen = seen || v->q[k] == v->q[i];
            distinct += !seen;
            wide += v->pt[i] > 50.0;
            mean += v->pt[i] / v->jets;
        }
        for (int i = 0; i < v->jets; i++)
            squares += (v->pt[i] - mean) * (v->pt[i] - mean);
        CHECK(cf_column_int(column_at(t, 0), e) == v->jets);
        CHECK(cf_column_float(column_at(t, 1), e) == lanes_sum(v->pt, v->jets));
        CHECK(cf_column_int(column_at(t, 2), e) == isum);
        CHECK(cf_column_is_null(column_at(t, 3), e) == (v->jets == 0));
        if (v->jets > 0) {
            CHECK(cf_column_float(column_at(t, 3), e) == min);
            CHECK(cf_column_int(column_at(t, 4), e) == qmax);
            CHECK_NEAR(cf_column_float(column_at(t, 7), e), mean, 1e-12 * mean);
        }
        CHECK(cf_column_int(column_at(t, 5), e) == (wide > 0));
        CHECK(cf_column_int(column_at(t, 6), e) == (wide == v->jets));
        CHECK(cf_column_is_null(column_at(t, 8), e) == (v->jets < 2));
        if (v->jets > 1)
            CHECK_NEAR(cf_column_float(column_at(t, 8), e), sqrt(squares / (v->jets - 1)),
                       1e-9);
        CHECK(cf_column_int(column_at(t, 9), e) == distinct);
        CHECK(cf_column_float(column_at(t, 10), e) == lanes_sum(v->track_eta, v->tracks));
        CHECK(cf_column_int(column_at(t, 11), e) == wide);
    }
    cf_column_release(t);
    cf_plan_free(plan);
}

static void streams_are_reduced_to_one_row(void) {
    frame f = frame_new(37);
    const cf_id number = map2(&f, "mul_float", f.w, cf_plan_const_float(f.b, 1.0));
    cf_out *rows =
        TUPLE(&f, out_value(&f, "n", cf_plan_reduce(f.b, CF_R_COUNT, f.ev, 0)),
              out_value(&f, "valid", cf_plan_reduce(f.b, CF_R_COUNT_VALID, f.ev, f.w)),
              out_value(&f, "nan", cf_plan_reduce(f.b, CF_R_COUNT_NAN, f.ev, f.w)),
              out_value(&f, "min", cf_plan_reduce(f.b, CF_R_MIN, f.ev, number)),
              out_value(&f, "x", cf_plan_reduce(f.b, CF_R_SUM, f.ev, f.x)),
              out_value(&f, "avg", cf_plan_reduce(f.b, CF_R_AVERAGE, f.ev, f.x)),
              out_value(&f, "dev", cf_plan_reduce(f.b, CF_R_STDDEV, f.ev, f.x)),
              out_value(&f, "t", cf_plan_reduce(f.b, CF_R_MAX, f.ev, f.t)),
              out_value(&f, "nt", cf_plan_reduce(f.b, CF_R_COUNT_DISTINCT, f.ev, f.t)),
              out_value(&f, "cat", cf_plan_reduce(f.b, CF_R_CONCAT, f.ev, f.t)));
    cf_plan *plan = finish(&f, CF_UNIT, rows);
    cf_table *t = run_all_ways(plan, NULL);
    int64_t valid = 0, nan = 0, sum = 0;
    double min = (double)INFINITY, squares = 0;
    const char *most = "";
    size_t letters = 0, kinds = 0;
    for (int e = 0; e < EVENTS; e++) {
        const event *v = &events[e];
        valid += !v->w_null;
        nan += isnan(v->w);
        if (!v->w_null && v->w < min) min = v->w;
        sum += v->x;
        if (strcmp(v->t, most) > 0) most = v->t;
        letters += strlen(v->t);
        bool seen = false;
        for (int k = 0; k < e; k++)
            seen = seen || strcmp(events[k].t, v->t) == 0;
        kinds += !seen;
    }
    const double mean = (double)sum / EVENTS;
    for (int e = 0; e < EVENTS; e++)
        squares += ((double)events[e].x - mean) * ((double)events[e].x - mean);
    CHECK(t->length == 1);
    CHECK(cf_column_int(column_at(t, 0), 0) == EVENTS);
    CHECK(cf_column_int(column_at(t, 1), 0) == valid);
    CHECK(cf_column_int(column_at(t, 2), 0) == nan);
    CHECK(cf_column_float(column_at(t, 3), 0) == min);
    CHECK(cf_column_int(column_at(t, 4), 0) == sum);
    CHECK_NEAR(cf_column_float(column_at(t, 5), 0), mean, 1e-12);
    CHECK_NEAR(cf_column_float(column_at(t, 6), 0), sqrt(squares / (EVENTS - 1)), 1e-9);
    const cf_view text = cf_column_text(column_at(t, 7), 0);
    CHECK(text.size == strlen(most) && memcmp(text.data, most, text.size) == 0);
    CHECK(cf_column_int(column_at(t, 8), 0) == (int64_t)kinds);
    CHECK(cf_column_text(column_at(t, 9), 0).size == letters);
    cf_column_release(t);
    cf_plan_free(plan);
}

/* share = pt / (sum of all pt): the sum is a pass of its own. */
static void a_second_pass_uses_the_first(void) {
    frame f = frame_new(90);
    const cf_id flat_args[] = {f.jets, CF_UNIT};
    const cf_id flat = cf_plan_level(f.b, CF_L_FLAT, flat_args, 2, 0);
    const cf_id pt = cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, flat, 0));
    const cf_id total = cf_plan_reduce(f.b, CF_R_SUM, flat, pt);
    const cf_id share = map2(&f, "div_float", pt, total);
    const cf_id keep = cf_plan_filter(
        f.b, flat, map2(&f, "gt_float", share, cf_plan_const_float(f.b, 0.001)), (cf_str){0});
    const cf_id kept = cf_plan_gather(f.b, share, cf_plan_index(f.b, keep, 0));
    const cf_id sum = cf_plan_reduce(f.b, CF_R_SUM, keep, kept);
    cf_plan *plan = finish(&f, keep,
                           TUPLE(&f, out_value(&f, "share", kept),
                                 out_value(&f, "of", map2(&f, "div_float", kept, sum))));
    cf_table *t = run_all_ways(plan, NULL);
    double all = 0, some = 0;
    for (int e = 0; e < EVENTS; e++)
        for (int i = 0; i < events[e].jets; i++)
            all += events[e].pt[i];
    for (int e = 0; e < EVENTS; e++)
        for (int i = 0; i < events[e].jets; i++)
            if (events[e].pt[i] / all > 0.001) some += events[e].pt[i] / all;
    int64_t row = 0;
    for (int e = 0; e < EVENTS; e++)
        for (int i = 0; i < events[e].jets; i++) {
            if (!(events[e].pt[i] / all > 0.001)) continue;
            CHECK_NEAR(cf_column_float(column_at(t, 0), row), events[e].pt[i] / all, 1e-14);
            CHECK_NEAR(cf_column_float(column_at(t, 1), row), events[e].pt[i] / all / some,
                       1e-12);
            row++;
        }
    CHECK(t->length == row);
    cf_column_release(t);
    cf_plan_free(plan);
}

static void rows_are_picked_from_lists(void) {
    frame f = frame_new(150);
    cf_out *fields[8];
    static const char *const names[] = {"first", "last", "min", "max"};
    for (cf_pick k = CF_PICK_FIRST; k <= CF_PICK_MAX_BY; k++) {
        const cf_id row = cf_plan_pick(f.b, k, f.jets, k >= CF_PICK_MIN_BY ? f.pt : 0);
        fields[k] = out_value(&f, names[k], cf_plan_gather(f.b, f.q, row));
    }
    const cf_id nth_args[] = {f.jets, f.x};
    const cf_id nth = cf_plan_value(f.b, CF_V_NTH, CF_INDEX, f.ev, nth_args, 2, 0, 0, 0);
    const cf_id back = cf_plan_value(f.b, CF_V_NTH, CF_INDEX, f.ev, nth_args, 2, 1, 0, 0);
    fields[4] = out_value(&f, "nth", cf_plan_gather(f.b, f.pt, nth));
    fields[5] = out_value(&f, "back", cf_plan_gather(f.b, f.pt, back));
    cf_plan *plan = finish(&f, f.ev, out_tuple(&f, fields, 6));
    cf_table *t = run_all_ways(plan, NULL);
    for (int e = 0; e < EVENTS; e++) {
        const event *v = &events[e];
        int low = 0, high = 0;
        for (int i = 0; i < v->jets; i++) {
            if (v->pt[i] < v->pt[low]) low = i;
            if (v->pt[i] > v->pt[high]) high = i;
        }
        const int want[] = {0, v->jets - 1, low, high};
        for (uint32_t k = 0; k < 4; k++) {
            CHECK(cf_column_is_null(column_at(t, k), e) == (v->jets == 0));
            if (v->jets > 0) CHECK(cf_column_int(column_at(t, k), e) == v->q[want[k]]);
        }
        const bool inside = v->x >= 0 && v->x < v->jets;
        const int64_t at = v->x < 0 ? v->x + v->jets : v->x;
        CHECK(cf_column_is_null(column_at(t, 4), e) == !inside);
        CHECK(cf_column_is_null(column_at(t, 5), e) == (at < 0 || at >= v->jets));
        if (inside) CHECK(cf_column_float(column_at(t, 4), e) == v->pt[v->x]);
        if (at >= 0 && at < v->jets) CHECK(cf_column_float(column_at(t, 5), e) == v->pt[at]);
    }
    cf_column_release(t);
    cf_plan_free(plan);
}

static cf_id window_of(frame *f, cf_id level, cf_id x, cf_kind kind, cf_window op, int64_t i1,
                       int64_t i2) {
    const cf_id args[] = {level, x};
    return cf_plan_value(f->b, CF_V_WINDOW, kind, level, args, 2, op, i1, i2);
}

static void windows_look_at_neighbours(void) {
    for (int whole = 0; whole < 2; whole++) {
        frame f = frame_new(150);
        const cf_id level = whole ? f.ev : f.jets, x = whole ? f.x : f.q;
        cf_out *fields[] = {
            out_value(&f, "x", x),
            out_value(&f, "row", window_of(&f, level, 0, CF_INT64, CF_W_ROW_NUMBER, 0, 0)),
            out_value(&f, "lag", window_of(&f, level, x, CF_INT64, CF_W_LAG, 2, 0)),
            out_value(&f, "lead", window_of(&f, level, x, CF_INT64, CF_W_LEAD, 1, 0)),
            out_value(&f, "first", window_of(&f, level, x, CF_INT64, CF_W_FIRST, 0, 0)),
            out_value(&f, "sum", window_of(&f, level, x, CF_INT64, CF_W_SUM, -1, 1)),
            out_value(&f, "min", window_of(&f, level, x, CF_INT64, CF_W_MIN, INT64_MIN, 0)),
            out_value(&f, "avg",
                      window_of(&f, level, x, CF_FLOAT64, CF_W_AVERAGE, INT64_MIN, INT64_MAX)),
        };
        cf_out *tuple = out_tuple(&f, fields, 8);
        cf_plan *plan = whole ? finish(&f, level, tuple)
                              : finish(&f, f.ev, TUPLE(&f, out_list(&f, "j", level, tuple)));
        cf_table *t = run_all_ways(plan, NULL);
        const cf_column *c = whole ? t : column_at(t, 0)->children[0];
        int64_t at = 0;
        for (int e = 0; e < (whole ? 1 : EVENTS); e++) {
            const int n = whole ? EVENTS : events[e].jets;
            double mean = 0;
            int64_t low = INT64_MAX;
            for (int i = 0; i < n; i++)
                mean += (double)(whole ? events[i].x : events[e].q[i]) / n;
            for (int i = 0; i < n; i++, at++) {
#define X(k) (whole ? events[k].x : events[e].q[k])
                int64_t sum = 0;
                for (int k = i - 1; k <= i + 1; k++)
                    if (k >= 0 && k < n) sum += X(k);
                if (X(i) < low) low = X(i);
                CHECK(cf_column_int(c->children[0], at) == X(i));
                CHECK(cf_column_int(c->children[1], at) == i + 1);
                CHECK(cf_column_is_null(c->children[2], at) == (i < 2));
                if (i >= 2) CHECK(cf_column_int(c->children[2], at) == X(i - 2));
                CHECK(cf_column_is_null(c->children[3], at) == (i == n - 1));
                if (i < n - 1) CHECK(cf_column_int(c->children[3], at) == X(i + 1));
                CHECK(cf_column_int(c->children[4], at) == X(0));
                CHECK(cf_column_int(c->children[5], at) == sum);
                CHECK(cf_column_int(c->children[6], at) == low);
                CHECK_NEAR(cf_column_float(c->children[7], at), mean, 1e-9);
            }
        }
        cf_column_release(t);
        cf_plan_free(plan);
    }
}

static void repeated_and_removed_rows_are_found(void) {
    frame f = frame_new(70);
    const cf_id distinct_args[] = {f.jets, f.q};
    const cf_id distinct =
        cf_plan_value(f.b, CF_V_DISTINCT, CF_BOOL, f.jets, distinct_args, 2, 0, 0, 0);
    const cf_id slice_args[] = {f.jets, cf_plan_const_int(f.b, 2), cf_plan_const_int(f.b, 3)};
    const cf_id two = cf_plan_level(f.b, CF_L_SLICE, slice_args, 3, 0);
    const cf_id two_index = cf_plan_index(f.b, two, 0);
    const cf_id remove_args[] = {f.jets,
                                 two,
                                 f.q,
                                 f.pt,
                                 cf_plan_gather(f.b, f.q, two_index),
                                 cf_plan_gather(f.b, f.pt, two_index)};
    cf_out *jet = TUPLE(
        &f, out_value(&f, "d", distinct),
        out_value(&f, "r",
                  cf_plan_value(f.b, CF_V_REMOVE, CF_BOOL, f.jets, remove_args, 6, 0, 0, 0)),
        out_value(&f, "s",
                  cf_plan_value(f.b, CF_V_REMOVE, CF_BOOL, f.jets, remove_args, 6, 1, 0, 0)));
    cf_plan *plan = finish(&f, f.ev, TUPLE(&f, out_list(&f, "j", f.jets, jet)));
    cf_table *t = run_all_ways(plan, NULL);
    const cf_column *j = column_at(t, 0)->children[0];
    int64_t at = 0;
    for (int e = 0; e < EVENTS; e++) {
        const event *v = &events[e];
        bool gone[8] = {false};
        for (int m = 1; m < 3 && m < v->jets; m++)
            for (int i = 0; i < v->jets; i++)
                if (!gone[i] && v->q[i] == v->q[m] && v->pt[i] == v->pt[m]) {
                    gone[i] = true;
                    break;
                }
        for (int i = 0; i < v->jets; i++, at++) {
            bool first = true;
            for (int k = 0; k < i; k++)
                first = first && v->q[k] != v->q[i];
            CHECK(cf_column_int(j->children[0], at) == first);
            CHECK(cf_column_int(j->children[1], at) == !gone[i]);
            CHECK(cf_column_int(j->children[2], at) == !gone[i]);
        }
    }
    cf_column_release(t);
    cf_plan_free(plan);
}

static void bins_are_counted(void) {
    frame f = frame_new(53);
    const cf_id k = cf_plan_const_int(f.b, 4);
    const cf_id unit_args[] = {CF_UNIT, k}, event_args[] = {f.ev, k};
    const cf_id bins = cf_plan_level(f.b, CF_L_REPEAT, unit_args, 2, 0);
    const cf_id event_bins = cf_plan_level(f.b, CF_L_REPEAT, event_args, 2, 0);
    const cf_id plain_args[] = {f.jets, f.q, 0}, heavy_args[] = {f.jets, f.q, f.pt};
    const cf_id plain =
        cf_plan_value(f.b, CF_V_BINCOUNT, CF_INT64, bins, plain_args, 3, 0, 0, 0);
    const cf_id heavy =
        cf_plan_value(f.b, CF_V_BINCOUNT, CF_FLOAT64, bins, heavy_args, 3, 0, 0, 0);
    const cf_id each =
        cf_plan_value(f.b, CF_V_BINCOUNT, CF_INT64, event_bins, plain_args, 3, 0, 0, 0);
    const cf_id most = cf_plan_reduce(f.b, CF_R_MAX, event_bins, each);
    const cf_id all = cf_plan_reduce(f.b, CF_R_SUM, f.ev, most);
    cf_plan *plan = finish(&f, bins,
                           TUPLE(&f, out_value(&f, "n", plain), out_value(&f, "w", heavy),
                                 out_value(&f, "m", cf_plan_broadcast(f.b, all, bins))));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t n[4] = {0}, sum = 0;
    double w[4] = {0};
    for (int e = 0; e < EVENTS; e++) {
        int64_t here[4] = {0}, top = 0;
        for (int i = 0; i < events[e].jets; i++) {
            const int64_t q = events[e].q[i];
            if (q < 0 || q > 3) continue;
            n[q]++;
            w[q] += events[e].pt[i];
            if (++here[q] > top) top = here[q];
        }
        sum += top;
    }
    for (int b = 0; b < 4; b++) {
        CHECK(cf_column_int(column_at(t, 0), b) == n[b]);
        CHECK_NEAR(cf_column_float(column_at(t, 1), b), w[b], 1e-8);
        CHECK(cf_column_int(column_at(t, 2), b) == sum);
    }
    CHECK(t->length == 4);
    cf_column_release(t);
    cf_plan_free(plan);
}

static double wrapped(double d) {
    while (d > 3.14159265358979323846)
        d -= 2 * 3.14159265358979323846;
    while (d < -3.14159265358979323846)
        d += 2 * 3.14159265358979323846;
    return d;
}

static void near_elements_are_the_filtered_pairs(void) {
    frame f = frame_new(100);
    const cf_id parent = cf_plan_index(f.b, f.jets, CF_SLOT_PARENT);
    const cf_id args[] = {f.tracks, parent};
    const cf_id all = cf_plan_level(f.b, CF_L_REGATHER, args, 2, 0);
    const cf_id index = cf_plan_index(f.b, all, 0);
    const cf_id r_args[] = {
        cf_plan_gather(f.b, f.track_eta, index), cf_plan_gather(f.b, f.track_phi, index),
        cf_plan_broadcast(f.b, f.eta, all), cf_plan_broadcast(f.b, f.phi, all)};
    const cf_id distance = cf_plan_map_named(f.b, "delta_r_of", r_args, 4);
    const cf_id limit = cf_plan_const_float(f.b, 0.8);
    const cf_id near =
        cf_plan_filter(f.b, all, map2(&f, "lt_float", distance, limit), (cf_str){0});
    CHECK(cf_plan_node(f.b, near)->op == CF_L_RADIUS);
    const cf_id far =
        cf_plan_filter(f.b, all, map2(&f, "ge_float", distance, limit), (cf_str){0});
    CHECK(cf_plan_node(f.b, far)->op == CF_L_FILTER);
    const cf_id eta = cf_plan_gather(f.b, f.track_eta, cf_plan_index(f.b, near, 0));
    const cf_id far_eta = cf_plan_gather(f.b, cf_plan_gather(f.b, f.track_eta, index),
                                         cf_plan_index(f.b, far, 0));
    cf_out *jet = TUPLE(&f, out_list(&f, "near", near, out_value(&f, "", eta)),
                        out_list(&f, "far", far, out_value(&f, "", far_eta)));
    cf_plan *plan = finish(&f, f.ev, TUPLE(&f, out_list(&f, "j", f.jets, jet)));
    cf_table *t = run_all_ways(plan, NULL);
    const cf_column *j = column_at(t, 0)->children[0];
    int64_t at = 0, rows[2] = {0, 0};
    for (int e = 0; e < EVENTS; e++)
        for (int i = 0; i < events[e].jets; i++, at++) {
            for (int k = 0; k < events[e].tracks; k++) {
                const double de = events[e].track_eta[k] - events[e].eta[i];
                const double dp = wrapped(events[e].track_phi[k] - events[e].phi[i]);
                const int which = sqrt(de * de + dp * dp) < 0.8 ? 0 : 1;
                CHECK(cf_column_float(j->children[which]->children[0], rows[which]++) ==
                      events[e].track_eta[k]);
            }
            CHECK(j->children[0]->offsets[at + 1] == rows[0]);
            CHECK(j->children[1]->offsets[at + 1] == rows[1]);
        }
    CHECK(rows[0] > 100 && rows[1] > 100);
    cf_column_release(t);
    cf_plan_free(plan);
}

/* A window over all rows, looked at through a filter. */
static void whole_values_meet_streamed_filters(void) {
    frame f = frame_new(45);
    const cf_id number = window_of(&f, f.ev, 0, CF_INT64, CF_W_ROW_NUMBER, 0, 0);
    const cf_id keep = cf_plan_filter(
        f.b, f.ev, map2(&f, "gt_int", f.x, cf_plan_const_int(f.b, 10)), (cf_str){0});
    const cf_id index = cf_plan_index(f.b, keep, 0);
    const cf_id jets = cf_plan_broadcast(f.b, number, f.jets);
    const cf_id sum = cf_plan_reduce(f.b, CF_R_SUM, f.jets, jets);
    cf_plan *plan = finish(&f, keep,
                           TUPLE(&f, out_value(&f, "i", cf_plan_gather(f.b, number, index)),
                                 out_value(&f, "s", cf_plan_gather(f.b, sum, index)),
                                 out_value(&f, "x", cf_plan_gather(f.b, f.x, index))));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t row = 0;
    for (int e = 0; e < EVENTS; e++) {
        if (events[e].x <= 10) continue;
        CHECK(cf_column_int(column_at(t, 0), row) == e + 1);
        CHECK(cf_column_int(column_at(t, 1), row) == (int64_t)(e + 1) * events[e].jets);
        CHECK(cf_column_int(column_at(t, 2), row++) == events[e].x);
    }
    CHECK(t->length == row);
    cf_column_release(t);
    cf_plan_free(plan);
}

int main(void) {
    events_make();
    RUN(lists_are_reduced);
    RUN(streams_are_reduced_to_one_row);
    RUN(a_second_pass_uses_the_first);
    RUN(rows_are_picked_from_lists);
    RUN(windows_look_at_neighbours);
    RUN(repeated_and_removed_rows_are_found);
    RUN(bins_are_counted);
    RUN(near_elements_are_the_filtered_pairs);
    RUN(whole_values_meet_streamed_filters);
    return cf_test_failures != 0;
}
