#include "mkevents/model.h"

/* An event is a lepton, jets, missing energy, and about 1,200 soft particles from other
 * collisions of the same bunch crossing.  All numbers below are quantiles of simulated events
 * (PYTHIA and Delphes, 16 collisions a crossing). */

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979F

/* --- what is the same in all classes: the soft particles --- */

static const cf_mk_points track_counts = {
    {{0, 80}, {.05F, 176}, {.25F, 267}, {.5F, 338}, {.75F, 417}, {.95F, 551}, {1, 800}}};
static const cf_mk_points photon_counts = {
    {{0, 130}, {.05F, 275}, {.25F, 400}, {.5F, 496}, {.75F, 600}, {.95F, 775}, {1, 1100}}};
static const cf_mk_points neutral_counts = {
    {{0, 110}, {.05F, 213}, {.25F, 302}, {.5F, 373}, {.75F, 446}, {.95F, 563}, {1, 780}}};

static const cf_mk_points track_pt = {{{0, .2F},
                                       {.01F, .217F},
                                       {.05F, .275F},
                                       {.1F, .334F},
                                       {.25F, .482F},
                                       {.5F, .747F},
                                       {.75F, 1.14F},
                                       {.9F, 1.71F},
                                       {.95F, 2.19F},
                                       {.99F, 3.56F},
                                       {.999F, 6.6F},
                                       {1, 24}}};
static const cf_mk_points photon_et = {{{0, .06F},
                                        {.01F, .075F},
                                        {.05F, .108F},
                                        {.1F, .139F},
                                        {.25F, .219F},
                                        {.5F, .383F},
                                        {.75F, .662F},
                                        {.9F, 1.09F},
                                        {.95F, 1.46F},
                                        {.99F, 2.54F},
                                        {.999F, 5},
                                        {1, 40}}};
static const cf_mk_points neutral_et = {{{0, .1F},
                                         {.01F, .141F},
                                         {.05F, .196F},
                                         {.1F, .247F},
                                         {.25F, .385F},
                                         {.5F, .676F},
                                         {.75F, 1.21F},
                                         {.9F, 2},
                                         {.95F, 2.67F},
                                         {.99F, 4.5F},
                                         {.999F, 8.2F},
                                         {1, 40}}};

static const cf_mk_points track_eta = {
    {{0, 0}, {.1F, .378F}, {.25F, .94F}, {.5F, 1.89F}, {.75F, 2.87F}, {.9F, 3.53F}, {1, 4}}};
static const cf_mk_points photon_eta = {
    {{0, 0}, {.1F, .96F}, {.25F, 1.76F}, {.5F, 2.55F}, {.75F, 3.72F}, {.9F, 4.52F}, {1, 5}}};
static const cf_mk_points neutral_eta = {
    {{0, 0}, {.1F, 1.66F}, {.25F, 2.28F}, {.5F, 2.89F}, {.75F, 4.25F}, {.9F, 4.69F}, {1, 5}}};
static const cf_mk_points jet_radius = {
    {{0, .001F}, {.05F, .03F}, {.25F, .1F}, {.5F, .19F}, {.75F, .295F}, {1, .4F}}};

/* --- what tells the classes apart --- */

static const struct {
    const char *word;
    int32_t process;
    float isolated; /* share of leading leptons */
    float extra;    /* most that an isolated lepton has around it, by its pT */
    float electron; /* share of leading leptons */
    float more_electrons, more_muons;
    float jets[11]; /* shares of events with 0, 1, .. jets besides the lepton's */
    float tag_hard, tag_soft, tau, lepton_tag;
    float tags[7]; /* shares of the bit patterns 1 to 7 */
    cf_mk_points lepton_pt, jet_pt, jet_eta, met, angle, electron_pt, muon_pt, scale;
} classes[CF_MK_CLASSES] = {
    [CF_MK_QCD] =
        {.word = "qcd",
         .process = 124,
         .isolated = .165F,
         .extra = .4F,
         .electron = .446F,
         .more_electrons = .06F,
         .more_muons = .56F,
         .jets = {.0546F, .562F, .28F, .0785F, .019F, .0039F, .002F},
         .tag_hard = .64F,
         .tag_soft = .3F,
         .tau = .015F,
         .lepton_tag = .93F,
         .tags = {.33F, .09F, .23F, .04F, .11F, .04F, .16F},
         .lepton_pt = {{{0, 20},
                        {.1F, 20.5F},
                        {.25F, 21.4F},
                        {.5F, 23.5F},
                        {.75F, 27.3F},
                        {.9F, 32.8F},
                        {.95F, 37.1F},
                        {.99F, 53},
                        {1, 80}}},
         .jet_pt = {{{0, 15},
                     {.1F, 17.3F},
                     {.25F, 21.7F},
                     {.5F, 30.6F},
                     {.75F, 45.5F},
                     {.9F, 63.8F},
                     {.99F, 120},
                     {1, 300}}},
         .jet_eta = {{{0, 0}, {.25F, .69F}, {.5F, 1.45F}, {.75F, 2.4F}, {.9F, 3.4F}, {1, 5}}},
         .met = {{{0, .7F},
                  {.05F, 6.1F},
                  {.1F, 8.6F},
                  {.25F, 14.4F},
                  {.5F, 22.9F},
                  {.75F, 33.4F},
                  {.95F, 51.7F},
                  {.99F, 67},
                  {1, 90}}},
         .angle = {{{0, 0}, {.25F, .56F}, {.5F, 1.24F}, {.75F, 2.13F}, {.95F, 2.93F}, {1, PI}}},
         .electron_pt = {{{0, 4}, {.1F, 5.5F}, {.5F, 10.4F}, {.9F, 16.1F}, {1, 22}}},
         .muon_pt = {{{0, .19F}, {.1F, .43F}, {.5F, 1.32F}, {.9F, 6.9F}, {1, 40}}},
         .scale = {{{0, 30}, {.1F, 34}, {.5F, 48}, {.9F, 80}, {1, 330}}}},
    [CF_MK_TTBAR] =
        {.word = "ttbar",
         .process = 601,
         .isolated = .79F,
         .extra = .02F,
         .electron = .452F,
         .more_electrons = .29F,
         .more_muons = .84F,
         .jets = {0, .0054F, .0677F, .179F, .289F, .226F, .142F, .06F, .0231F, .0046F, .0032F},
         .tag_hard = .53F,
         .tag_soft = .19F,
         .tau = .027F,
         .lepton_tag = .93F,
         .tags = {.31F, .09F, .25F, .02F, .1F, .04F, .19F},
         .lepton_pt = {{{0, 20},
                        {.05F, 22.1F},
                        {.1F, 24.3F},
                        {.25F, 31.2F},
                        {.5F, 45.7F},
                        {.75F, 70},
                        {.9F, 102},
                        {.95F, 133},
                        {.99F, 196},
                        {1, 360}}},
         .jet_pt = {{{0, 15},
                     {.1F, 18.7F},
                     {.25F, 26.6F},
                     {.5F, 44.1F},
                     {.75F, 72.6F},
                     {.9F, 112},
                     {.99F, 246},
                     {1, 700}}},
         .jet_eta = {{{0, 0}, {.25F, .5F}, {.5F, 1.09F}, {.75F, 1.87F}, {.9F, 2.67F}, {1, 5}}},
         .met = {{{0, .4F},
                  {.05F, 12.7F},
                  {.1F, 19.2F},
                  {.25F, 33.3F},
                  {.5F, 55.3F},
                  {.75F, 90.4F},
                  {.9F, 130},
                  {.95F, 155},
                  {.99F, 227},
                  {1, 500}}},
         .angle = {{{0, 0}, {.25F, .67F}, {.5F, 1.37F}, {.75F, 2.27F}, {.95F, 2.98F}, {1, PI}}},
         .electron_pt = {{{0, 4}, {.1F, 5.3F}, {.5F, 12.6F}, {.9F, 34}, {1, 95}}},
         .muon_pt =
             {{{0, .2F}, {.1F, .63F}, {.5F, 2.5F}, {.75F, 9.4F}, {.9F, 22.8F}, {1, 120}}},
         .scale = {{{0, 170}, {.1F, 178}, {.5F, 207}, {.9F, 290}, {1, 680}}}},
    [CF_MK_WJETS] =
        {.word = "wjets",
         .process = 222,
         .isolated = .99F,
         .extra = .01F,
         .electron = .475F,
         .more_electrons = .005F,
         .more_muons = .345F,
         .jets = {.658F, .24F, .08F, .0185F, .0031F, .0008F},
         .tag_hard = .16F,
         .tag_soft = .09F,
         .tau = .011F,
         .lepton_tag = .5F,
         .tags = {.77F, .05F, .08F, .05F, .03F, 0, .02F},
         .lepton_pt = {{{0, 20},
                        {.05F, 21.8F},
                        {.1F, 23.7F},
                        {.25F, 27.9F},
                        {.5F, 34.4F},
                        {.75F, 40.7F},
                        {.9F, 48.1F},
                        {.95F, 56.6F},
                        {.99F, 87},
                        {1, 140}}},
         .jet_pt = {{{0, 15},
                     {.1F, 16},
                     {.25F, 17.9F},
                     {.5F, 23.7F},
                     {.75F, 34.7F},
                     {.9F, 55.3F},
                     {.99F, 104},
                     {1, 240}}},
         .jet_eta = {{{0, 0}, {.25F, .69F}, {.5F, 1.47F}, {.75F, 2.47F}, {.9F, 3.3F}, {1, 5}}},
         .met = {{{0, .8F},
                  {.05F, 11.2F},
                  {.1F, 16.2F},
                  {.25F, 27},
                  {.5F, 38.9F},
                  {.75F, 51.9F},
                  {.9F, 66},
                  {.95F, 74},
                  {.99F, 97},
                  {1, 180}}},
         .angle = {{{0, 0}, {.05F, .98F}, {.25F, 2.2F}, {.5F, 2.67F}, {.75F, 2.93F}, {1, PI}}},
         .electron_pt = {{{0, 4}, {.1F, 4.8F}, {.5F, 6}, {.9F, 10.8F}, {1, 11}}},
         .muon_pt = {{{0, .19F}, {.1F, .4F}, {.5F, .98F}, {.9F, 2.4F}, {1, 30}}},
         .scale = {{{0, 45}, {.1F, 77.5F}, {.5F, 80.4F}, {.9F, 83.5F}, {1, 260}}}},
};

static const cf_mk_points lepton_eta = {
    {{0, 0}, {.05F, .11F}, {.25F, .5F}, {.5F, 1.05F}, {.75F, 1.7F}, {.95F, 2.35F}, {1, 2.8F}}};
/* Momentum around a lepton that is not isolated, by its own. */
static const cf_mk_points around = {
    {{0, .4F}, {.1F, .5F}, {.25F, .65F}, {.5F, .95F}, {.75F, 1.4F}, {.9F, 2}, {1, 4}}};
static const cf_mk_points momentum_share = {{{0, 2e-4F}, {.1F, 7e-4F}, {.5F, .008F}, {1, .5F}}};

/* Charged particles: PDG number, charge, share of those of one sign. */
static const struct {
    int32_t pid;
    float share;
} species[] = {{211, .78F},    {321, .129F},  {2212, .064F}, {-3112, .0086F},
               {3222, .0092F}, {-11, .0046F}, {-13, .003F},  {-3312, .0016F}};

struct cf_mk_model {
    cf_mk_class class;
    uint64_t seed;
    cf_mk_shape counts[3], pt[3], eta[3]; /* of tracks, photons, neutral hadrons */
    cf_mk_shape radius, lepton_pt, lepton_eta, around, share;
    cf_mk_shape jet_pt, jet_eta, met, angle, electron_pt, muon_pt, scale;
};

const char *cf_mk_class_word(cf_mk_class c) {
    return classes[c].word;
}

cf_mk_model *cf_mk_model_new(cf_mk_class c, uint64_t seed) {
    cf_mk_model *m = calloc(1, sizeof *m);
    if (m == NULL) return NULL;
    m->class = c;
    m->seed = cf_hash_u64(seed, (uint64_t)c + 1);
    const struct {
        cf_mk_shape *shape;
        const cf_mk_points *points;
    } all[] = {
        {&m->counts[0], &track_counts},
        {&m->counts[1], &photon_counts},
        {&m->counts[2], &neutral_counts},
        {&m->pt[0], &track_pt},
        {&m->pt[1], &photon_et},
        {&m->pt[2], &neutral_et},
        {&m->eta[0], &track_eta},
        {&m->eta[1], &photon_eta},
        {&m->eta[2], &neutral_eta},
        {&m->radius, &jet_radius},
        {&m->lepton_pt, &classes[c].lepton_pt},
        {&m->lepton_eta, &lepton_eta},
        {&m->around, &around},
        {&m->share, &momentum_share},
        {&m->jet_pt, &classes[c].jet_pt},
        {&m->jet_eta, &classes[c].jet_eta},
        {&m->met, &classes[c].met},
        {&m->angle, &classes[c].angle},
        {&m->electron_pt, &classes[c].electron_pt},
        {&m->muon_pt, &classes[c].muon_pt},
        {&m->scale, &classes[c].scale},
    };
    for (size_t i = 0; i < CF_COUNT(all); i++)
        cf_mk_shape_make(all[i].shape, all[i].points);
    return m;
}

void cf_mk_model_free(cf_mk_model *m) {
    free(m);
}

/* --- lists --- */

bool cf_mk_grow(cf_mk_list *l) {
    if (l->count == l->room) {
        const size_t room = l->room == 0 ? 1024 : 2 * l->room;
        for (size_t i = 0; i < l->field_count; i++) {
            cf_mk_cell *more = realloc(l->fields[i], room * sizeof *more);
            if (more == NULL) {
                l->failed = true;
                return false;
            }
            l->fields[i] = more;
        }
        l->room = room;
    }
    l->count++;
    return true;
}

typedef struct {
    float pt, eta, phi;
} direction;

typedef struct {
    const cf_mk_model *m;
    cf_mk_random r;
    cf_mk_list *lists;
    float vertices[32]; /* z of the collisions; the first is the one that matters */
    int vertex_count;
    direction jets[16];
    int jet_count;
    direction lepton;
    bool electron;
    float lepton_around; /* momentum around it, by its own */
} event;

static float wrap(float phi) {
    if (phi >= PI) return phi - 2 * PI;
    return phi < -PI ? phi + 2 * PI : phi;
}

static float any_phi(event *e) {
    return (2 * cf_mk_unit(&e->r) - 1) * PI;
}

static float either_sign(event *e, float x) {
    return cf_mk_bits(&e->r) & 1 ? x : -x;
}

/* --- particles --- */

static int32_t any_species(event *e) {
    float u = cf_mk_unit(&e->r);
    size_t i = 0;
    while (i + 1 < CF_COUNT(species) && u > species[i].share)
        u -= species[i++].share;
    return species[i].pid;
}

static void add_track(event *e, direction d, int32_t pid, int32_t charge, float z) {
    cf_mk_list *l = &e->lists[CF_MK_TRACK];
    if (!cf_mk_grow(l)) return;
    const size_t at = l->count - 1;
    float x = 0, y = 0;
    if (cf_mk_chance(&e->r, .06F)) { /* from a decay on the way */
        x = cf_mk_normal(&e->r) * .8F;
        y = cf_mk_normal(&e->r) * .8F;
    }
    l->fields[0][at].i = pid;
    l->fields[1][at].i = charge;
    l->fields[2][at].f = d.pt;
    l->fields[3][at].f = d.eta;
    l->fields[4][at].f = d.phi;
    l->fields[5][at].f = x;
    l->fields[6][at].f = y;
    l->fields[7][at].f = z;
}

static void add_any_track(event *e, direction d, float z) {
    const int32_t sign = cf_mk_bits(&e->r) & 1 ? 1 : -1;
    add_track(e, d, sign * any_species(e), sign, z);
}

static void add_tower(event *e, cf_mk_list_kind kind, direction d) {
    cf_mk_list *l = &e->lists[kind];
    if (!cf_mk_grow(l)) return;
    const size_t at = l->count - 1;
    const float up = expf(d.eta);
    l->fields[0][at].f = d.pt;
    l->fields[1][at].f = d.eta;
    l->fields[2][at].f = d.phi;
    l->fields[3][at].f = d.pt * .5F * (up + 1 / up);
}

static void add_particle(event *e, int kind, direction d, float z) {
    if (kind == 0)
        add_any_track(e, d, z);
    else
        add_tower(e, (cf_mk_list_kind)(CF_MK_TRACK + kind), d);
}

/* The other collisions.  The three counts go together. */
static void add_soft(event *e) {
    const float busy = cf_mk_unit(&e->r);
    for (int kind = 0; kind < 3; kind++) {
        float share = busy + .05F * cf_mk_normal(&e->r);
        if (share < 0) share = -share;
        if (share >= 1) share = 1.999F - share;
        const int count = (int)cf_mk_at(&e->m->counts[kind], share);
        for (int i = 0; i < count; i++) {
            const direction d = {cf_mk_draw(&e->m->pt[kind], &e->r),
                                 either_sign(e, cf_mk_draw(&e->m->eta[kind], &e->r)),
                                 any_phi(e)};
            const uint64_t vertex = cf_mk_bits(&e->r) % (uint64_t)e->vertex_count;
            add_particle(e, kind, d, e->vertices[vertex]);
        }
    }
}

/* `count` particles with `pt` between them, within 0.4 (or `narrow` times that). */
static void add_cone(event *e, int kind, direction axis, int count, float pt, float narrow) {
    float shares[64], sum = 0;
    if (count > (int)CF_COUNT(shares)) count = (int)CF_COUNT(shares);
    for (int i = 0; i < count; i++)
        sum += shares[i] = cf_mk_draw(&e->m->share, &e->r);
    for (int i = 0; i < count; i++) {
        const float radius = narrow * cf_mk_draw(&e->m->radius, &e->r), turn = any_phi(e);
        direction d = {pt * shares[i] / sum, axis.eta + radius * cosf(turn),
                       wrap(axis.phi + radius * sinf(turn))};
        if (d.pt < .25F) d.pt = .25F + .3F * cf_mk_unit(&e->r);
        add_particle(e, kind, d, e->vertices[0]);
    }
}

/* --- jets --- */

static void fill_jet(event *e, direction jet) {
    const float width = logf(jet.pt) - 2.8F;
    const float more = .7F + .6F * cf_mk_unit(&e->r);
    add_cone(e, 0, jet, 2 + cf_mk_poisson(&e->r, 3.3F + 2.6F * width), .65F * more * jet.pt, 1);
    add_cone(e, 1, jet, 1 + cf_mk_poisson(&e->r, 2.3F + 2.5F * width), .26F * jet.pt, 1);
    add_cone(e, 2, jet, 1 + cf_mk_poisson(&e->r, 1.F + .3F * width),
             (1.9F - more) * .2F * jet.pt, 1);
}

static void put_jet(event *e, direction d, bool tagged) {
    cf_mk_list *l = &e->lists[CF_MK_JET];
    if (!cf_mk_grow(l)) return;
    const size_t at = l->count - 1;
    uint32_t bits = 0;
    if (tagged) {
        float u = cf_mk_unit(&e->r);
        while (bits < 6 && u > classes[e->m->class].tags[bits])
            u -= classes[e->m->class].tags[bits++];
        bits++;
    }
    l->fields[0][at].f = d.pt;
    l->fields[1][at].f = d.eta;
    l->fields[2][at].f = d.phi;
    l->fields[3][at].f = d.pt * (.06F + .18F * cf_mk_unit(&e->r));
    l->fields[4][at].u = bits;
    l->fields[5][at].u = cf_mk_chance(&e->r, classes[e->m->class].tau);
}

static void draw_jets(event *e) {
    const float *shares = classes[e->m->class].jets;
    float u = cf_mk_unit(&e->r);
    while (e->jet_count < 10 && u > shares[e->jet_count])
        u -= shares[e->jet_count++];
    for (int i = 0; i < e->jet_count; i++)
        e->jets[i] = (direction){cf_mk_draw(&e->m->jet_pt, &e->r),
                                 either_sign(e, cf_mk_draw(&e->m->jet_eta, &e->r)), any_phi(e)};
}

static int compare_pt(const void *left, const void *right) {
    const direction *a = left, *b = right;
    return (a->pt < b->pt) - (a->pt > b->pt);
}

/* The lepton is a jet too, with what is around it; all are sorted by momentum. */
static void add_jets(event *e) {
    const float around_it = e->lepton_around;
    const direction lepton = {e->lepton.pt * (1 + .8F * around_it), e->lepton.eta,
                              e->lepton.phi};
    for (int i = 0; i < e->jet_count; i++)
        fill_jet(e, e->jets[i]);
    e->jets[e->jet_count++] = lepton;
    qsort(e->jets, (size_t)e->jet_count, sizeof *e->jets, compare_pt);
    for (int i = 0; i < e->jet_count; i++) {
        const direction d = e->jets[i];
        const bool is_lepton = d.phi == lepton.phi && d.pt == lepton.pt;
        float p = d.pt > 30 ? classes[e->m->class].tag_hard : classes[e->m->class].tag_soft;
        if (fabsf(d.eta) > 2.6F) p *= .4F;
        if (is_lepton) p = around_it > .4F ? classes[e->m->class].lepton_tag : .1F;
        put_jet(e, d, cf_mk_chance(&e->r, p));
    }
}

/* --- leptons --- */

static void put_lepton(event *e, bool electron, direction d, float isolation) {
    cf_mk_list *l = &e->lists[electron ? CF_MK_ELECTRON : CF_MK_MUON];
    const int32_t charge = cf_mk_bits(&e->r) & 1 ? 1 : -1;
    if (!cf_mk_grow(l)) return;
    const size_t at = l->count - 1;
    l->fields[0][at].f = d.pt;
    l->fields[1][at].f = d.eta;
    l->fields[2][at].f = d.phi;
    l->fields[3][at].i = charge;
    l->fields[4][at].f = isolation;
    add_track(e, d, -charge * (electron ? 11 : 13), charge, e->vertices[0]);
}

static void draw_lepton(event *e) {
    const bool isolated = cf_mk_chance(&e->r, classes[e->m->class].isolated);
    e->electron = cf_mk_chance(&e->r, classes[e->m->class].electron);
    e->lepton = (direction){cf_mk_draw(&e->m->lepton_pt, &e->r),
                            either_sign(e, cf_mk_draw(&e->m->lepton_eta, &e->r)), any_phi(e)};
    e->lepton_around = isolated ? classes[e->m->class].extra * cf_mk_unit(&e->r)
                                : cf_mk_draw(&e->m->around, &e->r);
    put_lepton(e, e->electron, e->lepton, e->lepton_around);
    const float pt = e->lepton.pt * e->lepton_around;
    if (pt < .5F) return;
    const float tracks = .35F + .35F * cf_mk_unit(&e->r), rest = (1 - tracks) * pt;
    const float photons = cf_mk_unit(&e->r);
    add_cone(e, 0, e->lepton, 1 + cf_mk_poisson(&e->r, 3 * e->lepton_around), tracks * pt, .7F);
    add_cone(e, 1, e->lepton, 1 + cf_mk_poisson(&e->r, 2 * e->lepton_around), photons * rest,
             .7F);
    add_cone(e, 2, e->lepton, 1 + cf_mk_poisson(&e->r, e->lepton_around), (1 - photons) * rest,
             .7F);
}

/* Softer ones, mostly from decays inside jets; sorted by momentum. */
static void more_leptons(event *e, bool electron, float mean, const cf_mk_shape *pt) {
    direction found[8];
    int count = cf_mk_poisson(&e->r, mean);
    if (count > (int)CF_COUNT(found)) count = (int)CF_COUNT(found);
    for (int i = 0; i < count; i++) {
        direction d = {cf_mk_draw(pt, &e->r),
                       either_sign(e, cf_mk_draw(&e->m->lepton_eta, &e->r)), any_phi(e)};
        if (e->jet_count > 0 && cf_mk_chance(&e->r, .7F)) {
            const direction jet = e->jets[cf_mk_bits(&e->r) % (uint64_t)e->jet_count];
            d.eta = jet.eta + .1F * cf_mk_normal(&e->r);
            d.phi = wrap(jet.phi + .1F * cf_mk_normal(&e->r));
        }
        if (d.pt > e->lepton.pt) d.pt = e->lepton.pt * cf_mk_unit(&e->r);
        if (fabsf(d.eta) > 2.8F) d.eta = d.eta > 0 ? 2.8F : -2.8F;
        found[i] = d;
    }
    qsort(found, (size_t)count, sizeof *found, compare_pt);
    for (int i = 0; i < count; i++)
        put_lepton(e, electron, found[i], cf_mk_draw(&e->m->around, &e->r));
}

/* --- the rest --- */

static void add_met(event *e) {
    cf_mk_list *l = &e->lists[CF_MK_MET];
    if (!cf_mk_grow(l)) return;
    const size_t at = l->count - 1;
    l->fields[0][at].f = cf_mk_draw(&e->m->met, &e->r);
    l->fields[1][at].f = 0;
    l->fields[2][at].f = wrap(e->lepton.phi + either_sign(e, cf_mk_draw(&e->m->angle, &e->r)));
}

static void add_head(event *e) {
    cf_mk_list *l = &e->lists[CF_MK_EVENT];
    if (!cf_mk_grow(l)) return;
    const size_t at = l->count - 1;
    l->fields[0][at].i = classes[e->m->class].process;
    l->fields[1][at].f = 1;
    l->fields[2][at].f = cf_mk_draw(&e->m->scale, &e->r);
    for (int i = 3; i < 5; i++) /* partons: gluons and quarks */
        l->fields[i][at].i =
            cf_mk_chance(&e->r, .6F) ? 21 : (int32_t)(cf_mk_bits(&e->r) % 5) + 1;
    for (int i = 5; i < 7; i++)
        l->fields[i][at].f = expf(-7 + 5.5F * cf_mk_unit(&e->r));
}

static void draw_vertices(event *e) {
    e->vertex_count = 1 + cf_mk_poisson(&e->r, 16);
    if (e->vertex_count > (int)CF_COUNT(e->vertices))
        e->vertex_count = (int)CF_COUNT(e->vertices);
    for (int i = 0; i < e->vertex_count; i++)
        e->vertices[i] = 53 * cf_mk_normal(&e->r);
}

void cf_mk_model_run(const cf_mk_model *m, uint64_t number, cf_mk_list lists[CF_MK_LISTS]) {
    event e = {.m = m, .r = cf_mk_random_of(m->seed, number), .lists = lists};
    add_head(&e);
    draw_vertices(&e);
    draw_jets(&e);
    draw_lepton(&e);
    more_leptons(&e, true, classes[m->class].more_electrons, &m->electron_pt);
    more_leptons(&e, false, classes[m->class].more_muons, &m->muon_pt);
    add_jets(&e);
    add_met(&e);
    add_soft(&e);
}
