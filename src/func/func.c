#include "func/func.h"

/* The registry: which families there are, finding by name, choosing by kinds, and the call with
 * the null rule round it. */

#include "func/func_internal.h"

#include <pthread.h>

/* In the order of `%help`; the first LISTED of them are shown to users. */
static const cf_family *const all_families[] = {
    &cf_family_statements, &cf_family_verbs,   &cf_family_aggregates, &cf_family_windows,
    &cf_family_operators,  &cf_family_compare, &cf_family_logic,      &cf_family_cast,
    &cf_family_math,       &cf_family_text,    &cf_family_regex,      &cf_family_date,
    &cf_family_vector,     &cf_family_files,   &cf_family_models,     &cf_family_commands,
    &cf_family_format,     &cf_family_parts,   &cf_family_learn,      &cf_family_decimal,
};
#define LISTED 16

static cf_family listed[LISTED];
static pthread_once_t listed_once = PTHREAD_ONCE_INIT;

/* Functions by plan name: open addressing, filled once. */
#define SLOTS 2048
static const cf_func *slots[SLOTS];

static size_t slot_of(cf_str name) {
    return (size_t)cf_hash_bytes(name.data, name.size, 0) % SLOTS;
}

static void slot_add(const cf_func *f, size_t *count) {
    size_t at = slot_of(cf_str_of(f->name));
    while (slots[at] != NULL) {
        CF_ASSERT(strcmp(slots[at]->name, f->name) != 0);
        at = (at + 1) % SLOTS;
    }
    slots[at] = f;
    ++*count;
    CF_ASSERT(*count < SLOTS / 2);
}

static void registry_fill(void) {
    size_t count = 0;
    for (size_t f = 0; f < CF_COUNT(all_families); f++) {
        const cf_family *family = all_families[f];
        if (f < LISTED) listed[f] = *family;
        for (size_t b = 0; b < family->count; b++)
            for (uint32_t o = 0; o < family->builtins[b].overload_count; o++)
                slot_add(&family->builtins[b].overloads[o], &count);
    }
}

const cf_family *cf_families(size_t *count) {
    (void)pthread_once(&listed_once, registry_fill);
    *count = LISTED;
    return listed;
}

static const cf_builtin *find_in(const cf_family *family, cf_str name) {
    for (size_t i = 0; i < family->count; i++)
        if (cf_str_is(name, family->builtins[i].name)) return &family->builtins[i];
    return NULL;
}

const cf_builtin *cf_builtin_find(cf_str name) {
    if (name.size > 5 && memcmp(name.data, "math.", 5) == 0)
        return find_in(&cf_family_math, (cf_str){name.data + 5, name.size - 5});
    for (size_t f = 0; f < CF_COUNT(all_families); f++) {
        const cf_builtin *b = find_in(all_families[f], name);
        if (b != NULL) return b;
    }
    return NULL;
}

const cf_func *cf_func_find(cf_str name) {
    (void)pthread_once(&listed_once, registry_fill);
    for (size_t at = slot_of(name); slots[at] != NULL; at = (at + 1) % SLOTS)
        if (cf_str_is(name, slots[at]->name)) return slots[at];
    return NULL;
}

/* Choosing */

#define NO_FIT 1000u

/* How far a value of kind `have` is from a parameter of kind `want`. */
static unsigned distance(cf_kind have, cf_kind want) {
    const cf_kind wide = cf_kind_widened(have);
    if (have == want) return 0;
    if (wide == want) return 1;
    if (want == CF_NULL) return 5; /* takes anything */
    if (have == CF_NULL) return 1;
    if (wide == CF_INT64 && want == CF_FLOAT64) return 10;
    if (have == CF_DATE && want == CF_TIMESTAMP) return 10;
    return NO_FIT;
}

static unsigned distance_all(const cf_func *f, const cf_kind *kinds, size_t count) {
    const bool variadic = (f->flags & CF_VARIADIC) != 0;
    if (count < f->arg_count || (count > f->arg_count && !variadic)) return NO_FIT;
    unsigned sum = 0;
    for (size_t i = 0; i < count && sum < NO_FIT; i++)
        sum += distance(kinds[i], f->args[i < f->arg_count ? i : f->arg_count - 1u]);
    return sum;
}

const cf_func *cf_func_choose(const cf_builtin *b, const cf_kind *kinds, size_t count) {
    const cf_func *best = NULL;
    unsigned least = NO_FIT;
    for (uint32_t i = 0; i < b->overload_count; i++) {
        const unsigned d = distance_all(&b->overloads[i], kinds, count);
        if (d >= least) continue;
        least = d;
        best = &b->overloads[i];
    }
    return best;
}

const cf_func *cf_func_cast(cf_kind from, cf_kind to) {
    const cf_builtin *as = find_in(&cf_family_cast, CF_STR("as"));
    for (uint32_t i = 0; i < as->overload_count; i++)
        if (as->overloads[i].args[0] == from && as->overloads[i].result == to)
            return &as->overloads[i];
    return NULL;
}

/* Calling */

static void *room(cf_call *call, size_t bytes) {
    void *memory = cf_arena_alloc(call->arena, bytes, 64);
    if (memory == NULL) (void)CF_NO_MEMORY(call);
    return memory;
}

void *cf_call_alloc(cf_call *call) {
    void *data = room(call, call->n * cf_kind_size(call->out->kind));
    call->out->data = data;
    return data;
}

uint8_t *cf_call_alloc_valid(cf_call *call) {
    uint8_t *valid = room(call, call->n);
    call->out->valid = valid;
    return valid;
}

char *cf_call_text(cf_call *call, size_t bytes) {
    char *text = cf_arena_alloc(call->arena, bytes, 1);
    if (text == NULL) (void)CF_NO_MEMORY(call);
    return text;
}

const double *cf_call_doubles(cf_call *call, size_t index) {
    const double *x = call->args[index].data;
    if (!call->args[index].constant) return x;
    double *all = room(call, call->n * sizeof *all);
    for (size_t i = 0; all != NULL && i < call->n; i++)
        all[i] = *x;
    return all;
}

CF_SIMD static void and_bytes(uint8_t *restrict valid, const uint8_t *restrict other,
                              size_t n) {
    for (size_t i = 0; i < n; i++)
        valid[i] &= other[i];
}

uint8_t *cf_call_join_own(cf_call *call) {
    uint8_t *valid = cf_call_alloc_valid(call);
    if (valid == NULL) return NULL;
    memset(valid, 1, call->n);
    for (uint32_t a = 0; a < call->arg_count; a++) {
        const cf_vec *v = &call->args[a];
        if (v->valid == NULL) continue;
        if (!v->constant)
            and_bytes(valid, v->valid, call->n);
        else if (*v->valid == 0)
            memset(valid, 0, call->n);
    }
    return valid;
}

cf_status cf_call_join(cf_call *call) {
    const uint8_t *only = NULL;
    unsigned with = 0;
    for (uint32_t a = 0; a < call->arg_count; a++) {
        const cf_vec *v = &call->args[a];
        if (v->valid == NULL || (v->constant && *v->valid != 0)) continue;
        only = v->valid;
        with += v->constant ? 2 : 1; /* a constant's byte cannot be borrowed */
    }
    call->out->valid = with == 1 ? only : NULL;
    if (with > 1 && cf_call_join_own(call) == NULL) return CF_E_MEMORY;
    return CF_OK;
}

CF_SIMD static void clear_1(uint8_t *restrict data, const uint8_t *restrict valid, size_t n) {
    for (size_t i = 0; i < n; i++)
        data[i] &= (uint8_t)-valid[i];
}

CF_SIMD static void clear_8(uint64_t *restrict data, const uint8_t *restrict valid, size_t n) {
    for (size_t i = 0; i < n; i++)
        data[i] &= (uint64_t)0 - valid[i];
}

void cf_call_clear_nulls(cf_call *call) {
    const uint8_t *valid = call->out->valid;
    void *data; /* the function's own array, which it made a moment ago */
    memcpy(&data, &call->out->data, sizeof data);
    if (valid == NULL) return;
    const size_t size = cf_kind_size(call->out->kind);
    if (size == 1)
        clear_1(data, valid, call->n);
    else if (size == 8)
        clear_8(data, valid, call->n);
    else
        for (size_t i = 0; i < call->n; i++)
            if (valid[i] == 0) memset((char *)data + i * size, 0, size);
}

static cf_status call_rows(const cf_func *f, cf_call *call) {
    const bool strict = (f->flags & CF_STRICT) != 0;
    if (strict) CF_TRY(cf_call_join(call));
    CF_TRY(f->fn(call));
    if (strict) cf_call_clear_nulls(call);
    return CF_OK;
}

/* Row 0 of an array, n times. */
static cf_status repeat(cf_call *call, const cf_vec *one) {
    const size_t size = cf_kind_size(call->out->kind);
    char *data = cf_call_alloc(call);
    if (data == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++)
        memcpy(data + i * size, one->data, size);
    if (one->valid == NULL || one->valid[0] != 0) return CF_OK;
    uint8_t *valid = cf_call_alloc_valid(call);
    if (valid == NULL) return CF_E_MEMORY;
    memset(valid, 0, call->n);
    return CF_OK;
}

static cf_status call_constants(const cf_func *f, cf_call *call) {
    cf_vec *args = room(call, sizeof *args * (call->arg_count + 1u));
    if (args == NULL) return CF_E_MEMORY;
    for (uint32_t a = 0; a < call->arg_count; a++) {
        args[a] = call->args[a];
        args[a].constant = false;
        args[a].n = 1;
    }
    cf_vec one = *call->out;
    one.n = 1;
    cf_call single = *call;
    single.n = 1;
    single.args = args;
    single.out = &one;
    CF_TRY(call_rows(f, &single));
    return repeat(call, &one);
}

cf_status cf_func_call(const cf_func *f, cf_call *call) {
    CF_ASSERT(call->arg_count == f->arg_count ||
              (call->arg_count > f->arg_count && (f->flags & CF_VARIADIC) != 0));
    call->out->kind = f->result;
    call->out->constant = false;
    call->out->n = (uint32_t)call->n;
    call->out->data = NULL;
    call->out->valid = NULL;
    bool constants = true;
    for (uint32_t a = 0; a < call->arg_count; a++)
        constants = constants && call->args[a].constant;
    if (call->n == 0) return cf_call_alloc(call) == NULL ? CF_E_MEMORY : CF_OK;
    return constants ? call_constants(f, call) : call_rows(f, call);
}
