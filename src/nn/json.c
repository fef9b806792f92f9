#include "nn/json.h"

#include "nn/graph.h"

#include <string.h>

/* Specs as JSON and back.  Which fields a kind has is one table. */

static cf_status bad(cf_error *err, const char *key, const char *want) {
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "`%s` of the model is not %s", key, want);
}

cf_status cf_json_u64(const json_t *object, const char *key, uint64_t *out, cf_error *err) {
    const json_t *v = json_object_get(object, key);
    if (!json_is_integer(v) || json_integer_value(v) < 0) return bad(err, key, "a count");
    *out = (uint64_t)json_integer_value(v);
    return CF_OK;
}

cf_status cf_json_u32(const json_t *object, const char *key, uint32_t *out, cf_error *err) {
    uint64_t wide = 0;
    CF_TRY(cf_json_u64(object, key, &wide, err));
    if (wide > UINT32_MAX) return bad(err, key, "a count below 2^32");
    *out = (uint32_t)wide;
    return CF_OK;
}

cf_status cf_json_real(const json_t *object, const char *key, double *out, cf_error *err) {
    const json_t *v = json_object_get(object, key);
    if (!json_is_number(v)) return bad(err, key, "a number");
    *out = json_number_value(v);
    return CF_OK;
}

cf_status cf_json_bool(const json_t *object, const char *key, bool *out, cf_error *err) {
    const json_t *v = json_object_get(object, key);
    if (!json_is_boolean(v)) return bad(err, key, "true or false");
    *out = json_is_true(v);
    return CF_OK;
}

cf_status cf_json_text(const json_t *object, const char *key, const char **out, cf_error *err) {
    const json_t *v = json_object_get(object, key);
    if (!json_is_string(v)) return bad(err, key, "a text");
    *out = json_string_value(v);
    return CF_OK;
}

cf_status cf_json_array(const json_t *object, const char *key, const json_t **out,
                        cf_error *err) {
    const json_t *v = json_object_get(object, key);
    if (!json_is_array(v)) return bad(err, key, "an array");
    *out = v;
    return CF_OK;
}

void cf_json_add_text(cf_text *out, const char *text) {
    cf_text_addc(out, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            cf_text_addf(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            cf_text_addf(out, "\\u%04x", (unsigned)*c);
        else
            cf_text_addc(out, *c);
    }
    cf_text_addc(out, '"');
}

/* --- fields ---------------------------------------------------------------------------------
 */

typedef enum { HAS_COUNT, HAS_REAL, HAS_BOOL, HAS_ACTIVATION, HAS_STEPS, HAS_POOL } field_type;

typedef struct {
    const char *key;
    field_type type;
    size_t at; /* in cf_nn_spec */
    unsigned kinds;
} field;

#define OF(kind)   (1u << CF_NN_##kind)
#define AT(member) offsetof(cf_nn_spec, member)

static const field fields[] = {
    {"input", HAS_COUNT, AT(input), OF(INPUT)},
    {"units", HAS_COUNT, AT(units), OF(DENSE) | OF(GRU) | OF(LSTM)},
    {"activation", HAS_ACTIVATION, AT(activation), OF(DENSE)},
    {"gate", HAS_ACTIVATION, AT(gate), OF(GRU) | OF(LSTM)},
    {"steps", HAS_STEPS, AT(steps), OF(GRU) | OF(LSTM)},
    {"reset_after", HAS_BOOL, AT(reset_after), OF(GRU)},
    {"biases", HAS_COUNT, AT(biases), OF(GRU)},
    {"rate", HAS_REAL, AT(rate), OF(DROPOUT)},
    {"epsilon", HAS_REAL, AT(epsilon), OF(LAYER_NORM)},
    {"heads", HAS_COUNT, AT(heads), OF(ATTENTION)},
    {"key_size", HAS_COUNT, AT(key_size), OF(ATTENTION)},
    {"pool", HAS_POOL, AT(pool), OF(POOL)},
    {"rounds", HAS_COUNT, AT(rounds), OF(TREES)},
    {"depth", HAS_COUNT, AT(depth), OF(TREES)},
    {"forest", HAS_COUNT, AT(forest), OF(TREES)},
    {"eta", HAS_REAL, AT(eta), OF(TREES)},
    {"subsample", HAS_REAL, AT(subsample), OF(TREES)},
    {"columns", HAS_REAL, AT(columns), OF(TREES)},
};

/* The member of a spec as its own type. */
#define MEMBER(type, spec, f) (*(const type *)(const void *)((const char *)(spec) + (f)->at))

static void add_field(cf_text *out, const cf_nn_spec *spec, const field *f) {
    char number[32];
    cf_text_addf(out, ", \"%s\": ", f->key);
    switch (f->type) {
    case HAS_COUNT: cf_text_addf(out, "%u", MEMBER(uint32_t, spec, f)); break;
    case HAS_REAL:
        cf_format_f64(number, MEMBER(double, spec, f));
        cf_text_adds(out, number);
        break;
    case HAS_BOOL: cf_text_adds(out, MEMBER(bool, spec, f) ? "true" : "false"); break;
    case HAS_ACTIVATION:
        cf_json_add_text(out, cf_nn_activation_name(MEMBER(cf_nn_activation, spec, f)));
        break;
    case HAS_STEPS:
        cf_json_add_text(out, cf_nn_steps_name(MEMBER(cf_nn_steps, spec, f)));
        break;
    case HAS_POOL: cf_json_add_text(out, cf_nn_pool_name(MEMBER(cf_nn_pool, spec, f))); break;
    }
}

static void add_layer(cf_text *out, const cf_layer_order *o, uint32_t number) {
    const cf_nn_spec *spec = o->specs[number];
    cf_text_addf(out, "{\"kind\": \"%s\"", cf_nn_kind_name(spec->kind));
    if (spec->from_count > 0) {
        cf_text_adds(out, ", \"from\": [");
        for (uint32_t i = 0; i < spec->from_count; i++)
            cf_text_addf(out, "%s%u", i > 0 ? ", " : "", o->from[number][i]);
        cf_text_addc(out, ']');
    }
    for (size_t i = 0; i < CF_COUNT(fields); i++)
        if ((fields[i].kinds >> spec->kind & 1u) != 0) add_field(out, spec, &fields[i]);
    cf_text_addc(out, '}');
}

void cf_nn_layers_to_json(const cf_nn_spec *spec, cf_text *out) {
    cf_arena *arena = cf_arena_new(1 << 14);
    cf_layer_order *o = CF_NEW(arena, cf_layer_order);
    cf_text_addc(out, '[');
    if (cf_layer_order_of(arena, spec, o))
        for (uint32_t i = 0; i < o->count; i++) {
            if (i > 0) cf_text_adds(out, ", ");
            add_layer(out, o, i);
        }
    cf_text_addc(out, ']');
    cf_arena_free(arena);
}

void cf_nn_spec_to_json(const cf_nn_spec *spec, cf_text *out) {
    cf_text_adds(out, "{\"layers\": ");
    cf_nn_layers_to_json(spec, out);
    cf_text_addc(out, '}');
}

/* --- back -----------------------------------------------------------------------------------
 */

static cf_status get_name(const json_t *object, const field *f, cf_nn_spec *spec,
                          cf_error *err) {
    const char *name = NULL;
    CF_TRY(cf_json_text(object, f->key, &name, err));
    const cf_str text = cf_str_of(name);
    const bool found =
        f->type == HAS_ACTIVATION
            ? cf_nn_activation_find(text, f->at == AT(gate) ? &spec->gate : &spec->activation)
        : f->type == HAS_STEPS ? cf_nn_steps_find(text, &spec->steps)
                               : cf_nn_pool_find(text, &spec->pool);
    return found ? CF_OK : bad(err, f->key, "a known name");
}

static cf_status get_field(const json_t *object, const field *f, cf_nn_spec *spec,
                           cf_error *err) {
    void *to = (char *)spec + f->at;
    switch (f->type) {
    case HAS_COUNT: return cf_json_u32(object, f->key, to, err);
    case HAS_REAL: return cf_json_real(object, f->key, to, err);
    case HAS_BOOL: return cf_json_bool(object, f->key, to, err);
    case HAS_ACTIVATION:
    case HAS_STEPS:
    case HAS_POOL: return get_name(object, f, spec, err);
    }
    return CF_OK;
}

static cf_status get_kind(const json_t *object, cf_nn_kind *out, cf_error *err) {
    const char *name = NULL;
    CF_TRY(cf_json_text(object, "kind", &name, err));
    for (size_t i = 0; i < CF_NN_KIND_COUNT; i++)
        if (cf_str_is(cf_str_of(name), cf_nn_kind_name((cf_nn_kind)i))) {
            *out = (cf_nn_kind)i;
            return CF_OK;
        }
    return bad(err, "kind", "a kind of layer");
}

/* Layers name earlier ones only, so there are no circles. */
static cf_status get_from(cf_arena *arena, const json_t *object, cf_nn_spec *specs,
                          size_t number, cf_error *err) {
    const json_t *from = NULL;
    if (specs[number].kind == CF_NN_INPUT) return CF_OK;
    CF_TRY(cf_json_array(object, "from", &from, err));
    const size_t count = json_array_size(from);
    if (count > CF_NN_LAYERS_MAX) return bad(err, "from", "a list of layers");
    const cf_nn_spec **list = CF_NEWS(arena, const cf_nn_spec *, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *v = json_array_get(from, i);
        const json_int_t at = json_integer_value(v);
        if (!json_is_integer(v) || at < 0 || (uint64_t)at >= number)
            return bad(err, "from", "a list of earlier layers");
        list[i] = &specs[at];
    }
    specs[number].from = list;
    specs[number].from_count = (uint32_t)count;
    return CF_OK;
}

static cf_status get_layer(cf_arena *arena, const json_t *object, cf_nn_spec *specs,
                           size_t number, cf_error *err) {
    cf_nn_spec *spec = &specs[number];
    CF_TRY(get_kind(object, &spec->kind, err));
    CF_TRY(get_from(arena, object, specs, number, err));
    for (size_t i = 0; i < CF_COUNT(fields); i++)
        if ((fields[i].kinds >> spec->kind & 1u) != 0)
            CF_TRY(get_field(object, &fields[i], spec, err));
    return CF_OK;
}

cf_status cf_nn_layers_from_json(cf_arena *arena, const json_t *layers, const cf_nn_spec **out,
                                 cf_error *err) {
    const size_t count = json_array_size(layers);
    if (count == 0 || count > CF_NN_LAYERS_MAX)
        return bad(err, "layers", "a list of 1 to 1000 layers");
    cf_nn_spec *specs = CF_NEWS(arena, cf_nn_spec, count);
    for (size_t i = 0; i < count; i++)
        CF_TRY(get_layer(arena, json_array_get(layers, i), specs, i, err));
    *out = &specs[count - 1];
    return CF_OK;
}

cf_status cf_nn_spec_from_json(cf_arena *arena, cf_str json, const cf_nn_spec **out,
                               cf_error *err) {
    json_error_t where;
    const json_t *layers = NULL;
    json_t *root = json_loadb(json.data, json.size, 0, &where);
    if (root == NULL)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "the model is not JSON: %s", where.text);
    cf_status status = cf_json_array(root, "layers", &layers, err);
    if (status == CF_OK) status = cf_nn_layers_from_json(arena, layers, out, err);
    json_decref(root);
    return status;
}
