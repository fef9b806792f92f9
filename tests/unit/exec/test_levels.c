/* Every way of making rows from rows, against loops over the events. */
#include "events.h"

static cf_id map2(frame *f, const char *func, cf_id a, cf_id b) {
    const cf_id args[] = {a, b};
    return cf_plan_map_named(f->b, func, args, 2);
}

static void scan_gives_all_columns(void) {
    frame f = frame_new(120);
    cf_out *rows =
        TUPLE(&f, out_value(&f, "x", f.x), out_value(&f, "w", f.w), out_value(&f, "t", f.t),
              out_list(&f, "pt", f.jets, out_value(&f, "", f.pt)));
    cf_plan *plan = finish(&f, f.ev, rows);
    int64_t total;
    cf_table *t = run_all_ways(plan, &total);
    CHECK(total == EVENTS && t->length == EVENTS);
    int64_t at = 0;
    for (int i = 0; i < EVENTS; i++) {
        const event *e = &events[i];
        CHECK(cf_column_int(column_at(t, 0), i) == e->x);
        CHECK(cf_column_is_null(column_at(t, 1), i) == e->w_null);
        const cf_view text = cf_column_text(column_at(t, 2), i);
        CHECK(text.size == strlen(e->t) && memcmp(text.data, e->t, text.size) == 0);
        for (int k = 0; k < e->jets; k++)
            CHECK(cf_column_float(column_at(t, 3)->children[0], at++) == e->pt[k]);
        CHECK(column_at(t, 3)->offsets[i + 1] == at);
    }
    cf_column_release(t);
    cf_plan_free(plan);
}

static void filter_drops_rows_and_keeps_lists(void) {
    frame f = frame_new(77);
    const cf_id keep = cf_plan_filter(
        f.b, f.ev, map2(&f, "gt_int", f.x, cf_plan_const_int(f.b, 3)), (cf_str){0});
    const cf_id index = cf_plan_index(f.b, keep, 0);
    const cf_id args[] = {f.jets, index};
    const cf_id jets = cf_plan_level(f.b, CF_L_REGATHER, args, 2, 0);
    const cf_id pt = cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, jets, 0));
    const cf_id hard = cf_plan_filter(
        f.b, jets, map2(&f, "gt_float", pt, cf_plan_const_float(f.b, 40.0)), (cf_str){0});
    const cf_id hard_pt = cf_plan_gather(f.b, pt, cf_plan_index(f.b, hard, 0));
    cf_out *rows = TUPLE(&f, out_value(&f, "x", cf_plan_gather(f.b, f.x, index)),
                         out_list(&f, "hard", hard, out_value(&f, "", hard_pt)));
    cf_plan *plan = finish(&f, keep, rows);
    cf_table *t = run_all_ways(plan, NULL);
    int64_t row = 0, at = 0;
    for (int i = 0; i < EVENTS; i++) {
        const event *e = &events[i];
        if (e->x <= 3) continue;
        CHECK(cf_column_int(column_at(t, 0), row) == e->x);
        for (int k = 0; k < e->jets; k++)
            if (e->pt[k] > 40.0)
                CHECK(cf_column_float(column_at(t, 1)->children[0], at++) == e->pt[k]);
        CHECK(column_at(t, 1)->offsets[++row] == at);
    }
    CHECK(t->length == row);
    cf_column_release(t);
    cf_plan_free(plan);
}

static void combinations_come_in_index_order(void) {
    for (int64_t k = 2; k <= 4; k++) {
        frame f = frame_new(200);
        const cf_id sets = cf_plan_level(f.b, CF_L_COMBINE, &f.jets, 1, k);
        cf_id sum = cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, sets, 0));
        for (unsigned i = 1; i < k; i++)
            sum =
                map2(&f, "add_float", map2(&f, "mul_float", sum, cf_plan_const_float(f.b, 3.0)),
                     cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, sets, i)));
        cf_plan *plan =
            finish(&f, f.ev, TUPLE(&f, out_list(&f, "s", sets, out_value(&f, "", sum))));
        cf_table *t = run_all_ways(plan, NULL);
        const cf_column *s = column_at(t, 0);
        int64_t at = 0;
        for (int e = 0; e < EVENTS; e++) {
            const double *pt = events[e].pt;
            const int n = events[e].jets;
            for (int a = 0; a < n; a++)
                for (int b = a + 1; b < n; b++)
                    for (int c = k > 2 ? b + 1 : 0; c < (k > 2 ? n : 1); c++)
                        for (int d = k > 3 ? c + 1 : 0; d < (k > 3 ? n : 1); d++) {
                            double want = pt[a] * 3 + pt[b];
                            if (k > 2) want = want * 3 + pt[c];
                            if (k > 3) want = want * 3 + pt[d];
                            CHECK(cf_column_float(s->children[0], at++) == want);
                        }
            CHECK(s->offsets[e + 1] == at);
        }
        cf_column_release(t);
        cf_plan_free(plan);
    }
}

static void cross_has_all_pairs(void) {
    frame f = frame_new(EVENTS);
    const cf_id args[] = {f.jets, f.tracks};
    const cf_id pairs = cf_plan_level(f.b, CF_L_CROSS, args, 2, 0);
    const cf_id difference =
        map2(&f, "sub_float", cf_plan_gather(f.b, f.eta, cf_plan_index(f.b, pairs, 0)),
             cf_plan_gather(f.b, f.track_eta, cf_plan_index(f.b, pairs, 1)));
    cf_plan *plan =
        finish(&f, f.ev, TUPLE(&f, out_list(&f, "d", pairs, out_value(&f, "", difference))));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t at = 0;
    for (int e = 0; e < EVENTS; e++)
        for (int a = 0; a < events[e].jets; a++)
            for (int b = 0; b < events[e].tracks; b++)
                CHECK(cf_column_float(column_at(t, 0)->children[0], at++) ==
                      events[e].eta[a] - events[e].track_eta[b]);
    CHECK(column_at(t, 0)->offsets[EVENTS] == at);
    cf_column_release(t);
    cf_plan_free(plan);
}

static void lists_are_sorted_and_sliced(void) {
    frame f = frame_new(99);
    const cf_id sort_args[] = {f.jets, f.q, f.pt};
    const cf_id sorted = cf_plan_level(f.b, CF_L_SORT, sort_args, 3, 2); /* q up, pt down */
    const cf_id pt = cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, sorted, 0));
    const cf_id slice_args[] = {sorted, cf_plan_const_int(f.b, 2), cf_plan_const_int(f.b, 4)};
    const cf_id sliced_level = cf_plan_level(f.b, CF_L_SLICE, slice_args, 3, 0);
    const cf_id cut = cf_plan_gather(f.b, pt, cf_plan_index(f.b, sliced_level, 0));
    const cf_id last_args[] = {sorted, cf_plan_const_int(f.b, 0), cf_plan_const_int(f.b, 2)};
    const cf_id last = cf_plan_level(f.b, CF_L_SLICE, last_args, 3, 1);
    const cf_id last_pt = cf_plan_gather(f.b, pt, cf_plan_index(f.b, last, 0));
    cf_plan *plan = finish(&f, f.ev,
                           TUPLE(&f, out_list(&f, "s", sorted, out_value(&f, "", pt)),
                                 out_list(&f, "c", sliced_level, out_value(&f, "", cut)),
                                 out_list(&f, "l", last, out_value(&f, "", last_pt))));
    cf_table *t = run_all_ways(plan, NULL);
    for (int e = 0; e < EVENTS; e++) {
        const event *v = &events[e];
        int order[8];
        for (int i = 0; i < v->jets; i++) {
            int at = i;
            while (at > 0 &&
                   (v->q[i] < v->q[order[at - 1]] ||
                    (v->q[i] == v->q[order[at - 1]] && v->pt[i] > v->pt[order[at - 1]]))) {
                order[at] = order[at - 1];
                at--;
            }
            order[at] = i;
        }
        const cf_column *s = column_at(t, 0), *c = column_at(t, 1), *l = column_at(t, 2);
        for (int i = 0; i < v->jets; i++)
            CHECK(cf_column_float(s->children[0], s->offsets[e] + i) == v->pt[order[i]]);
        const int n = v->jets < 2 ? 0 : (v->jets > 4 ? 4 : v->jets) - 1;
        CHECK(c->offsets[e + 1] - c->offsets[e] == n);
        for (int i = 0; i < n; i++)
            CHECK(cf_column_float(c->children[0], c->offsets[e] + i) == v->pt[order[i + 1]]);
        const int m = v->jets < 2 ? v->jets : 2;
        CHECK(l->offsets[e + 1] - l->offsets[e] == m);
        for (int i = 0; i < m; i++)
            CHECK(cf_column_float(l->children[0], l->offsets[e] + i) ==
                  v->pt[order[v->jets - m + i]]);
    }
    cf_column_release(t);
    cf_plan_free(plan);
}

static void groups_in_lists_and_their_members(void) {
    frame f = frame_new(130);
    const cf_id args[] = {f.jets, f.q};
    const cf_id groups = cf_plan_level(f.b, CF_L_GROUP, args, 2, 0);
    const cf_id members = cf_plan_level(f.b, CF_L_MEMBERS, &groups, 1, 0);
    const cf_id q = cf_plan_gather(f.b, f.q, cf_plan_index(f.b, groups, 0));
    const cf_id pt = cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, members, 0));
    const cf_id sum = cf_plan_reduce(f.b, CF_R_SUM, members, pt);
    cf_out *group = TUPLE(&f, out_value(&f, "q", q), out_value(&f, "sum", sum),
                          out_list(&f, "pt", members, out_value(&f, "", pt)));
    cf_plan *plan = finish(&f, f.ev, TUPLE(&f, out_list(&f, "g", groups, group)));
    cf_table *t = run_all_ways(plan, NULL);
    const cf_column *g = column_at(t, 0), *tuple = g->children[0];
    int64_t at = 0, member = 0;
    for (int e = 0; e < EVENTS; e++) {
        const event *v = &events[e];
        bool seen[8] = {false};
        for (int i = 0; i < v->jets; i++) {
            if (seen[i]) continue;
            CHECK(cf_column_int(tuple->children[0], at) == v->q[i]);
            double want = 0;
            for (int k = i; k < v->jets; k++) {
                if (v->q[k] != v->q[i]) continue;
                seen[k] = true;
                want += v->pt[k];
                CHECK(cf_column_float(tuple->children[2]->children[0], member++) == v->pt[k]);
            }
            CHECK_NEAR(cf_column_float(tuple->children[1], at), want, 1e-9);
            at++;
            CHECK(tuple->children[2]->offsets[at] == member);
        }
        CHECK(g->offsets[e + 1] == at);
    }
    cf_column_release(t);
    cf_plan_free(plan);
}

static void rows_grouped_over_the_whole_source(void) {
    frame f = frame_new(61);
    const cf_id args[] = {f.ev, f.t};
    const cf_id groups = cf_plan_level(f.b, CF_L_GROUP, args, 2, 0);
    const cf_id members = cf_plan_level(f.b, CF_L_MEMBERS, &groups, 1, 0);
    const cf_id text = cf_plan_gather(f.b, f.t, cf_plan_index(f.b, groups, 0));
    const cf_id x = cf_plan_gather(f.b, f.x, cf_plan_index(f.b, members, 0));
    cf_plan *plan =
        finish(&f, groups,
               TUPLE(&f, out_value(&f, "t", text),
                     out_value(&f, "n", cf_plan_reduce(f.b, CF_R_COUNT, members, 0)),
                     out_value(&f, "x", cf_plan_reduce(f.b, CF_R_SUM, members, x))));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t row = 0;
    for (int e = 0; e < EVENTS; e++) {
        bool first = true;
        int64_t n = 0, sum = 0;
        for (int i = 0; i < EVENTS; i++) {
            if (strcmp(events[i].t, events[e].t) != 0) continue;
            if (i < e) first = false;
            n++;
            sum += events[i].x;
        }
        if (!first) continue;
        const cf_view got = cf_column_text(column_at(t, 0), row);
        CHECK(got.size == strlen(events[e].t) && memcmp(got.data, events[e].t, got.size) == 0);
        CHECK(cf_column_int(column_at(t, 1), row) == n);
        CHECK(cf_column_int(column_at(t, 2), row) == sum);
        row++;
    }
    CHECK(t->length == row);
    cf_column_release(t);
    cf_plan_free(plan);
}

static void rows_sorted_over_the_whole_source_keep_their_lists(void) {
    frame f = frame_new(61);
    const cf_id args[] = {f.ev, f.w, f.x};
    const cf_id sorted = cf_plan_level(f.b, CF_L_SORT, args, 3, 1); /* w down */
    const cf_id index = cf_plan_index(f.b, sorted, 0);
    const cf_id list_args[] = {f.jets, index};
    const cf_id jets = cf_plan_level(f.b, CF_L_REGATHER, list_args, 2, 0);
    const cf_id pt = cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, jets, 0));
    cf_plan *plan = finish(&f, sorted,
                           TUPLE(&f, out_value(&f, "w", cf_plan_gather(f.b, f.w, index)),
                                 out_value(&f, "x", cf_plan_gather(f.b, f.x, index)),
                                 out_list(&f, "pt", jets, out_value(&f, "", pt))));
    cf_table *t = run_all_ways(plan, NULL);
    CHECK(t->length == EVENTS);
    const cf_column *w = column_at(t, 0), *x = column_at(t, 1);
    int stage = 0; /* numbers, NaN, null */
    for (int64_t i = 0; i < t->length; i++) {
        const bool null = cf_column_is_null(w, i);
        const double v = cf_column_float(w, i);
        const int now = null ? 2 : isnan(v) ? 1 : 0;
        CHECK(now >= stage);
        if (now == stage && i > 0) {
            const double before = cf_column_float(w, i - 1);
            CHECK(now > 0 || before >= v);
            if (now > 0 || before == v) CHECK(cf_column_int(x, i - 1) <= cf_column_int(x, i));
        }
        stage = now;
    }
    int64_t jets_in_all = 0;
    for (int e = 0; e < EVENTS; e++)
        jets_in_all += events[e].jets;
    CHECK(column_at(t, 2)->offsets[EVENTS] == jets_in_all);
    cf_column_release(t);
    cf_plan_free(plan);
}

static void appended_rows_follow(void) {
    cf_source *s = events_source(80);
    frame f = frame_over(cf_plan_builder_new(), s, 0);
    const frame g = frame_over(f.b, s, 1);
    cf_source_release(s);
    const cf_id some = cf_plan_filter(
        f.b, g.ev, map2(&f, "lt_int", g.x, cf_plan_const_int(f.b, 0)), (cf_str){0});
    const cf_id some_index = cf_plan_index(f.b, some, 0);
    const cf_id args[] = {f.ev, some};
    const cf_id all = cf_plan_level(f.b, CF_L_CONCAT, args, 2, 0);
    const cf_id x_args[] = {f.x, cf_plan_gather(f.b, g.x, some_index)};
    const cf_id x = cf_plan_value(f.b, CF_V_CONCATV, CF_INT64, all, x_args, 2, 0, 0, 0);
    const cf_id regather[] = {g.jets, some_index};
    const cf_id some_jets = cf_plan_level(f.b, CF_L_REGATHER, regather, 2, 0);
    const cf_id list_args[] = {all, f.jets, some_jets};
    const cf_id jets = cf_plan_level(f.b, CF_L_CONCATL, list_args, 3, 0);
    const cf_id pt_args[] = {f.pt, cf_plan_gather(f.b, g.pt, cf_plan_index(f.b, some_jets, 0))};
    const cf_id pt = cf_plan_value(f.b, CF_V_CONCATV, CF_FLOAT64, jets, pt_args, 2, 0, 0, 0);
    const cf_id odd =
        cf_plan_filter(f.b, all, map2(&f, "ne_int", x, cf_plan_const_int(f.b, 7)), (cf_str){0});
    const cf_id odd_index = cf_plan_index(f.b, odd, 0);
    const cf_id odd_args[] = {jets, odd_index};
    const cf_id odd_jets = cf_plan_level(f.b, CF_L_REGATHER, odd_args, 2, 0);
    const cf_id odd_pt = cf_plan_gather(f.b, pt, cf_plan_index(f.b, odd_jets, 0));
    cf_plan *plan = finish(
        &f, odd,
        TUPLE(&f, out_value(&f, "x", cf_plan_gather(f.b, x, odd_index)),
              out_list(&f, "pt", odd_jets, out_value(&f, "", odd_pt)),
              out_value(&f, "n",
                        cf_plan_broadcast(f.b, cf_plan_reduce(f.b, CF_R_COUNT, all, 0), odd))));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t row = 0, at = 0, count = EVENTS;
    for (int e = 0; e < EVENTS; e++)
        count += events[e].x < 0;
    for (int e = 0; e < 2 * EVENTS; e++) {
        const event *v = &events[e % EVENTS];
        if (v->x == 7 || (e >= EVENTS && v->x >= 0)) continue;
        CHECK(cf_column_int(column_at(t, 0), row) == v->x);
        CHECK(cf_column_int(column_at(t, 2), row) == count);
        for (int k = 0; k < v->jets; k++)
            CHECK(cf_column_float(column_at(t, 1)->children[0], at++) == v->pt[k]);
        CHECK(column_at(t, 1)->offsets[++row] == at);
    }
    CHECK(t->length == row);
    cf_column_release(t);
    cf_plan_free(plan);
}

static void lists_of_an_event_are_joined_end_to_end(void) {
    frame f = frame_new(300);
    const cf_id args[] = {f.jets, f.tracks};
    const cf_id both = cf_plan_level(f.b, CF_L_CONCAT, args, 2, 0);
    const cf_id eta_args[] = {f.eta, f.track_eta};
    const cf_id eta = cf_plan_value(f.b, CF_V_CONCATV, CF_FLOAT64, both, eta_args, 2, 0, 0, 0);
    const cf_id items = cf_plan_level(f.b, CF_L_ITEMS, &f.ev, 1, 3);
    const cf_id item_args[] = {f.x, cf_plan_const_int(f.b, 5), f.x};
    const cf_id item = cf_plan_value(f.b, CF_V_ITEMSV, CF_INT64, items, item_args, 3, 0, 0, 0);
    const cf_id repeat_args[] = {f.ev, cf_plan_const_int(f.b, 2)};
    const cf_id twice = cf_plan_level(f.b, CF_L_REPEAT, repeat_args, 2, 0);
    const cf_id number_args[] = {twice, 0};
    const cf_id number =
        cf_plan_value(f.b, CF_V_WINDOW, CF_INT64, twice, number_args, 2, CF_W_ROW_NUMBER, 0, 0);
    cf_plan *plan = finish(&f, f.ev,
                           TUPLE(&f, out_list(&f, "eta", both, out_value(&f, "", eta)),
                                 out_list(&f, "i", items, out_value(&f, "", item)),
                                 out_list(&f, "r", twice, out_value(&f, "", number))));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t at = 0;
    for (int e = 0; e < EVENTS; e++) {
        const event *v = &events[e];
        for (int k = 0; k < v->jets; k++)
            CHECK(cf_column_float(column_at(t, 0)->children[0], at++) == v->eta[k]);
        for (int k = 0; k < v->tracks; k++)
            CHECK(cf_column_float(column_at(t, 0)->children[0], at++) == v->track_eta[k]);
        const cf_column *i = column_at(t, 1)->children[0], *r = column_at(t, 2)->children[0];
        CHECK(cf_column_int(i, 3 * e) == v->x && cf_column_int(i, 3 * e + 1) == 5 &&
              cf_column_int(i, 3 * e + 2) == v->x);
        CHECK(cf_column_int(r, 2 * e) == 1 && cf_column_int(r, 2 * e + 1) == 2);
    }
    cf_column_release(t);
    cf_plan_free(plan);
}

static void explode_keeps_rows_without_elements(void) {
    frame f = frame_new(111);
    const cf_id rows = cf_plan_level(f.b, CF_L_EXPLODE, &f.jets, 1, 0);
    const cf_id flat_args[] = {rows, CF_UNIT};
    const cf_id flat = cf_plan_level(f.b, CF_L_FLAT, flat_args, 2, 0);
    const cf_id here = cf_plan_index(f.b, flat, 0);
    const cf_id pt =
        cf_plan_gather(f.b, cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, rows, 0)), here);
    const cf_id x = cf_plan_gather(f.b, cf_plan_broadcast(f.b, f.x, rows), here);
    cf_plan *plan = finish(&f, flat, TUPLE(&f, out_value(&f, "x", x), out_value(&f, "pt", pt)));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t row = 0;
    for (int e = 0; e < EVENTS; e++)
        for (int k = 0; k < (events[e].jets > 0 ? events[e].jets : 1); k++, row++) {
            CHECK(cf_column_int(column_at(t, 0), row) == events[e].x);
            CHECK(cf_column_is_null(column_at(t, 1), row) == (events[e].jets == 0));
            if (events[e].jets > 0)
                CHECK(cf_column_float(column_at(t, 1), row) == events[e].pt[k]);
        }
    CHECK(t->length == row);
    cf_column_release(t);
    cf_plan_free(plan);
}

int main(void) {
    events_make();
    RUN(scan_gives_all_columns);
    RUN(filter_drops_rows_and_keeps_lists);
    RUN(combinations_come_in_index_order);
    RUN(cross_has_all_pairs);
    RUN(lists_are_sorted_and_sliced);
    RUN(groups_in_lists_and_their_members);
    RUN(rows_grouped_over_the_whole_source);
    RUN(rows_sorted_over_the_whole_source_keep_their_lists);
    RUN(appended_rows_follow);
    RUN(lists_of_an_event_are_joined_end_to_end);
    RUN(explode_keeps_rows_without_elements);
    return cf_test_failures != 0;
}
