#include "exec/pass.h"

/* The result of one task as bytes: what a remote executor sends.  The plan and the pass say
 * what must be there, in which order; the bytes only say how much of it. */

#include <stdlib.h>
#include <string.h>

#define VERSION 1

static void sink_write(const cf_sink *sink, const cf_sink_state *s, cf_text *out) {
    cf_put_u8(out, (uint8_t)sink->kind);
    switch (sink->kind) {
    case CF_SINK_REDUCE: cf_state_write(s->state, out); break;
    case CF_SINK_GROUPS: cf_groups_write(s->groups, out); break;
    case CF_SINK_FIRST: cf_store_write(s->first, out); break;
    case CF_SINK_BINS: cf_put_array(out, s->bins, (size_t)s->k, 8); break;
    }
}

cf_status cf_partial_write(const cf_pass *pass, const cf_partial *p, cf_text *out,
                           cf_error *err) {
    cf_put_u8(out, VERSION);
    cf_put_u64(out, pass->sink_count);
    cf_put_u64(out, pass->delivery_count);
    cf_put_u64(out, (uint64_t)p->rows);
    cf_put_u64(out, (uint64_t)p->io.bytes_requested);
    cf_put_u64(out, (uint64_t)p->io.bytes_read);
    cf_put_u64(out, (uint64_t)p->io.bytes_unpacked);
    for (size_t i = 0; i < pass->sink_count; i++)
        sink_write(&pass->sinks[i], &p->sinks[i], out);
    for (size_t i = 0; i < pass->delivery_count; i++)
        cf_part_write(pass->deliveries[i]->collection, p->parts[i], out);
    if (!out->failed) return CF_OK;
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for a partition's state");
}

/* --- back --- */

static bool sink_read(const cf_pass *pass, const cf_sink *sink, const cf_sink_state *sinks,
                      cf_sink_state *out, cf_reader *r) {
    const cf_node *n = &pass->run->plan->nodes[sink->id];
    const cf_groups *its = sink->groups < 0 ? NULL : sinks[sink->groups].groups;
    const size_t groups = its == NULL ? 1 : its->count;
    if (cf_get_u8(r) != sink->kind) r->bad = true;
    if (r->bad) return false;
    switch (sink->kind) {
    case CF_SINK_REDUCE:
        out->state = cf_state_read((cf_reduce)n->i0, cf_sink_value_kind(pass, sink), groups, r);
        return out->state != NULL;
    case CF_SINK_GROUPS:
        out->groups = cf_groups_read(sink->key_kinds, sink->key_count, r);
        return out->groups != NULL;
    case CF_SINK_FIRST:
        out->first = cf_store_read(cf_sink_value_kind(pass, sink), groups, r);
        return out->first != NULL;
    default:
        out->k = cf_sink_bins(pass, sink);
        out->bins = calloc((size_t)out->k + 1, 8);
        return out->bins != NULL && cf_get_array(r, out->bins, (size_t)out->k, 8);
    }
}

static int64_t get_amount(cf_reader *r) {
    const uint64_t x = cf_get_u64(r);
    if (x >> 50 != 0) r->bad = true; /* sums of them fit */
    return r->bad ? 0 : (int64_t)x;
}

static bool partial_read(const cf_pass *pass, cf_partial *p, cf_reader *r) {
    if (cf_get_u8(r) != VERSION || cf_get_u64(r) != pass->sink_count ||
        cf_get_u64(r) != pass->delivery_count)
        r->bad = true;
    p->rows = get_amount(r);
    p->io.bytes_requested = get_amount(r);
    p->io.bytes_read = get_amount(r);
    p->io.bytes_unpacked = get_amount(r);
    bool fine = !r->bad;
    for (size_t i = 0; i < pass->sink_count && fine; i++)
        fine = sink_read(pass, &pass->sinks[i], p->sinks, &p->sinks[i], r);
    for (size_t i = 0; i < pass->delivery_count && fine; i++) {
        p->parts[i] = cf_part_read(pass->deliveries[i]->collection, r);
        fine = p->parts[i] != NULL;
    }
    if (r->left > 0) r->bad = true;
    return fine && !r->bad;
}

cf_status cf_partial_read(const cf_pass *pass, const char *data, size_t size, cf_partial **out,
                          cf_error *err) {
    cf_reader r = {data, size, false};
    cf_partial *p = calloc(1, sizeof *p);
    bool fine = p != NULL;
    if (fine) {
        p->sinks = calloc(pass->sink_count + 1, sizeof *p->sinks);
        p->parts = calloc(pass->delivery_count + 1, sizeof(cf_part *));
        fine = p->sinks != NULL && p->parts != NULL && partial_read(pass, p, &r);
    }
    if (fine) {
        *out = p;
        return CF_OK;
    }
    cf_partial_free(pass, p);
    if (!r.bad)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE,
                       "not enough memory for a partition's state");
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                   "the result of a partition cannot be read: it is damaged, or another "
                   "version's");
}
