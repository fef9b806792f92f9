#include "nn/file.h"
#include "nn/json.h"
#include "nn/model.h"
#include "nn/trees.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ".cfm": see nn.h.  A file is believed nothing: the hash is checked first, then every number
 * in the header, and the size must be what the header's model needs. */

static const char magic[8] = {'C', 'F', 'M', 'O', 'D', 'E', 'L', '1'};
#define HASH_SEED  UINT64_C(0x63666D31)
#define HEADER_MAX ((size_t)64 << 20)

/* --- little-endian --------------------------------------------------------------------------
 */

static void add_u64(cf_text *out, uint64_t x) {
    for (int i = 0; i < 8; i++)
        cf_text_addc(out, (char)(x >> (8 * i) & 0xFF));
}

static uint64_t get_u64(const char *from) {
    uint64_t x = 0;
    for (int i = 0; i < 8; i++)
        x |= (uint64_t)(unsigned char)from[i] << (8 * i);
    return x;
}

static void add_floats(cf_text *out, const float *x, size_t n) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    cf_text_add(out, (const char *)x, n * sizeof *x);
#else
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        for (int k = 0; k < 4; k++)
            cf_text_addc(out, (char)(bits >> (8 * k) & 0xFF));
    }
#endif
}

static void get_floats(float *to, const char *from, size_t n) {
    for (size_t i = 0; i < n; i++, from += 4) {
        const uint32_t bits =
            (uint32_t)(unsigned char)from[0] | (uint32_t)(unsigned char)from[1] << 8 |
            (uint32_t)(unsigned char)from[2] << 16 | (uint32_t)(unsigned char)from[3] << 24;
        memcpy(&to[i], &bits, sizeof bits);
    }
}

/* --- writing --------------------------------------------------------------------------------
 */

static void add_real(cf_text *out, const char *key, double x) {
    char number[32];
    cf_format_f64(number, x);
    cf_text_addf(out, ", \"%s\": %s", key, isfinite(x) ? number : "null");
}

static void add_history(cf_text *out, const cf_model *m) {
    cf_text_adds(out, ", \"history\": [");
    for (uint32_t i = 0; i < m->epochs; i++) {
        const cf_nn_epoch *e = &m->history[i];
        cf_text_addf(out, "%s{\"epoch\": %u", i > 0 ? ", " : "", e->epoch);
        add_real(out, "loss", e->loss);
        add_real(out, "accuracy", e->accuracy);
        add_real(out, "val_loss", e->val_loss);
        add_real(out, "val_accuracy", e->val_accuracy);
        add_real(out, "lr", e->lr);
        add_real(out, "seconds", e->seconds);
        cf_text_addc(out, '}');
    }
    cf_text_addc(out, ']');
}

static const char *state_name(const cf_model *m) {
    return m->m == NULL ? "none" : m->optimiser == CF_NN_ADAM ? "adam" : "sgd";
}

static void add_header(cf_text *out, const cf_model *m) {
    const cf_graph *g = &m->graph;
    cf_text_adds(out, "{\"version\": 1, \"layers\": ");
    cf_nn_layers_to_json(m->spec, out);
    cf_text_adds(out, ", \"inputs\": [");
    for (uint32_t i = 0; i < g->input_count; i++) {
        const cf_nn_input *in = &g->inputs[i];
        cf_text_adds(out, i > 0 ? ", {\"name\": " : "{\"name\": ");
        cf_json_add_text(out, in->name);
        cf_text_addf(out, ", \"width\": %u, \"ragged\": %s, \"steps_max\": %u}", in->width,
                     in->ragged ? "true" : "false", in->steps_max);
    }
    cf_text_addf(out, "], \"classes\": %u, \"parameters\": %zu, \"optimiser\": \"%s\"",
                 g->classes, g->parameters, state_name(m));
    cf_text_addf(out, ", \"steps\": %llu", (unsigned long long)m->steps);
    add_history(out, m);
    cf_text_addc(out, '}');
}

cf_status cf_model_encode(const cf_model *m, cf_text *out, cf_error *err) {
    const size_t begin = out->size, n = m->graph.parameters;
    cf_text header = {0};
    add_header(&header, m);
    cf_text_add(out, magic, sizeof magic);
    add_u64(out, header.size);
    if (header.data != NULL) cf_text_add(out, header.data, header.size);
    add_floats(out, m->weights, n);
    if (m->m != NULL) add_floats(out, m->m, n);
    if (m->m != NULL && m->optimiser == CF_NN_ADAM) add_floats(out, m->v, n);
    const bool failed = header.failed || out->failed;
    cf_text_clear(&header);
    if (!failed) add_u64(out, cf_hash_bytes(out->data + begin, out->size - begin, HASH_SEED));
    if (failed || out->failed)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to write a model");
    return CF_OK;
}

static cf_status cannot(cf_error *err, cf_status status, const char *what, const char *path) {
    return cf_fail(err, status, CF_NOWHERE, "cannot %s %s: %s", what, path, cf_errno_text());
}

static cf_status write_all(int file, const cf_text *bytes, const char *path, cf_error *err) {
    for (size_t done = 0; done < bytes->size;) {
        const ssize_t n = write(file, bytes->data + done, bytes->size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return cannot(err, CF_E_WRITE, "write", path);
        done += (size_t)n;
    }
    return CF_OK;
}

cf_status cf_file_replace(const cf_text *bytes, const char *path, cf_error *err) {
    cf_text name = {0};
    cf_text_addf(&name, "%s.%ld.tmp", path, (long)getpid());
    if (name.failed) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for a file name");
    const int file = open(name.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    cf_status status =
        file < 0 ? cannot(err, CF_E_WRITE, "write", path) : write_all(file, bytes, path, err);
    if (file >= 0 && close(file) != 0 && status == CF_OK)
        status = cannot(err, CF_E_WRITE, "write", path);
    if (status == CF_OK && rename(name.data, path) != 0)
        status = cannot(err, CF_E_WRITE, "write", path);
    if (status != CF_OK && file >= 0) (void)unlink(name.data);
    cf_text_clear(&name);
    return status;
}

cf_status cf_model_save(const cf_model *m, const char *path, cf_error *err) {
    cf_text bytes = {0};
    cf_status status = cf_model_encode(m, &bytes, err);
    if (status == CF_OK) status = cf_file_replace(&bytes, path, err);
    cf_text_clear(&bytes);
    return status;
}

/* --- reading --------------------------------------------------------------------------------
 */

static cf_status damaged(cf_error *err, const char *how) {
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "not a model file of Cutflow, or damaged: %s",
                   how);
}

typedef struct {
    const json_t *root;
    cf_nn_input inputs[CF_NN_INPUTS_MAX];
    size_t input_count;
    uint32_t classes;
    const cf_nn_spec *spec;
} header;

static cf_status get_inputs(header *h, cf_error *err) {
    const json_t *list = NULL;
    CF_TRY(cf_json_array(h->root, "inputs", &list, err));
    h->input_count = json_array_size(list);
    if (h->input_count == 0 || h->input_count > CF_NN_INPUTS_MAX)
        return damaged(err, "no inputs, or too many");
    for (size_t i = 0; i < h->input_count; i++) {
        const json_t *in = json_array_get(list, i);
        CF_TRY(cf_json_text(in, "name", &h->inputs[i].name, err));
        CF_TRY(cf_json_u32(in, "width", &h->inputs[i].width, err));
        CF_TRY(cf_json_bool(in, "ragged", &h->inputs[i].ragged, err));
        CF_TRY(cf_json_u32(in, "steps_max", &h->inputs[i].steps_max, err));
    }
    return CF_OK;
}

/* A number, or null for NaN. */
static cf_status get_real(const json_t *object, const char *key, double *out, cf_error *err) {
    *out = (double)NAN;
    return json_is_null(json_object_get(object, key)) ? CF_OK
                                                      : cf_json_real(object, key, out, err);
}

static cf_status get_epoch(const json_t *o, cf_nn_epoch *e, cf_error *err) {
    CF_TRY(cf_json_u32(o, "epoch", &e->epoch, err));
    CF_TRY(get_real(o, "loss", &e->loss, err));
    CF_TRY(get_real(o, "accuracy", &e->accuracy, err));
    CF_TRY(get_real(o, "val_loss", &e->val_loss, err));
    CF_TRY(get_real(o, "val_accuracy", &e->val_accuracy, err));
    CF_TRY(get_real(o, "lr", &e->lr, err));
    return get_real(o, "seconds", &e->seconds, err);
}

static cf_status get_history(cf_model *m, const json_t *root, cf_error *err) {
    const json_t *list = NULL;
    CF_TRY(cf_json_array(root, "history", &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        cf_nn_epoch epoch;
        CF_TRY(get_epoch(json_array_get(list, i), &epoch, err));
        CF_TRY(cf_model_add_epoch(m, &epoch, err));
    }
    return CF_OK;
}

static cf_status get_state(cf_model *m, const json_t *root, cf_str floats, cf_error *err) {
    const size_t n = m->graph.parameters;
    const char *state = NULL;
    CF_TRY(cf_json_text(root, "optimiser", &state, err));
    const bool adam = strcmp(state, "adam") == 0, sgd = strcmp(state, "sgd") == 0;
    if (!adam && !sgd && strcmp(state, "none") != 0) return damaged(err, "unknown optimiser");
    const size_t blocks = adam ? 3 : sgd ? 2 : 1;
    if (floats.size != blocks * n * sizeof(float))
        return damaged(err, "its size is not that of its model");
    get_floats(m->weights, floats.data, n);
    if (!adam && !sgd) return CF_OK;
    CF_TRY(cf_model_need_optimiser(m, adam ? CF_NN_ADAM : CF_NN_SGD, err));
    get_floats(m->m, floats.data + n * sizeof(float), n);
    if (adam) get_floats(m->v, floats.data + 2 * n * sizeof(float), n);
    return cf_json_u64(root, "steps", &m->steps, err);
}

static cf_status check_trees(const cf_model *m, cf_error *err) {
    const cf_graph *g = &m->graph;
    const uint32_t width = cf_graph_from(g, cf_graph_output(g), 0)->width;
    if (cf_trees_valid(m->weights, g->parameters, width, g->classes)) return CF_OK;
    return damaged(err, "its trees are not well-formed");
}

static cf_status fill(cf_model *m, const header *h, cf_str floats, cf_error *err) {
    const bool trees = cf_graph_is_trees(&m->graph);
    if (trees) CF_TRY(cf_model_resize(m, floats.size / sizeof(float), err));
    CF_TRY(get_state(m, h->root, floats, err));
    CF_TRY(get_history(m, h->root, err));
    if (trees) return check_trees(m, err);
    for (size_t i = 0; i < m->graph.parameters; i++)
        if (!isfinite(m->weights[i])) return damaged(err, "a weight is not finite");
    return CF_OK;
}

/* The size the header claims is checked before memory for it is taken. */
static cf_status make_model(const header *h, cf_str floats, cf_model **out, cf_error *err) {
    cf_arena *arena = cf_arena_new(1 << 13);
    cf_graph graph;
    cf_status status =
        cf_graph_make(arena, h->spec, h->inputs, h->input_count, h->classes, &graph, err);
    if (status == CF_OK && floats.size < graph.parameters * sizeof(float))
        status = damaged(err, "it ends too early");
    cf_arena_free(arena);
    CF_TRY(status);
    CF_TRY(cf_model_blank(h->spec, h->inputs, h->input_count, h->classes, out, err));
    status = fill(*out, h, floats, err);
    if (status != CF_OK) {
        cf_model_release(*out);
        *out = NULL;
    }
    return status;
}

static cf_status read_header(cf_arena *arena, const json_t *root, cf_str floats, cf_model **out,
                             cf_error *err) {
    header *h = CF_NEW(arena, header);
    const json_t *layers = NULL;
    uint32_t version = 0;
    h->root = root;
    CF_TRY(cf_json_u32(root, "version", &version, err));
    if (version != 1)
        return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                       "the model file is of version %u, this program reads 1", version);
    CF_TRY(cf_json_array(root, "layers", &layers, err));
    CF_TRY(cf_nn_layers_from_json(arena, layers, &h->spec, err));
    CF_TRY(get_inputs(h, err));
    CF_TRY(cf_json_u32(root, "classes", &h->classes, err));
    return make_model(h, floats, out, err);
}

cf_status cf_model_decode(cf_str bytes, cf_model **out, cf_error *err) {
    *out = NULL;
    if (bytes.size < sizeof magic + 16 || memcmp(bytes.data, magic, sizeof magic) != 0)
        return damaged(err, "it does not begin like one");
    const size_t end = bytes.size - 8;
    if (cf_hash_bytes(bytes.data, end, HASH_SEED) != get_u64(bytes.data + end))
        return damaged(err, "its checksum is wrong");
    const uint64_t header_size = get_u64(bytes.data + sizeof magic);
    if (header_size > HEADER_MAX || header_size > end - sizeof magic - 8)
        return damaged(err, "its header does not fit");
    const char *json = bytes.data + sizeof magic + 8;
    json_error_t where;
    json_t *root = json_loadb(json, (size_t)header_size, 0, &where);
    if (root == NULL) return damaged(err, where.text);
    cf_arena *arena = cf_arena_new(1 << 14);
    const cf_str floats = {json + header_size,
                           (size_t)(bytes.data + end - json) - (size_t)header_size};
    const cf_status status = read_header(arena, root, floats, out, err);
    cf_arena_free(arena);
    json_decref(root);
    return status;
}

static cf_status read_all(int file, size_t size, char *to, const char *path, cf_error *err) {
    for (size_t done = 0; done < size;) {
        const ssize_t n = read(file, to + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cannot(err, CF_E_OPEN, "read", path);
        if (n == 0) return damaged(err, "it became shorter while it was read");
        done += (size_t)n;
    }
    return CF_OK;
}

static cf_status load_file(int file, const char *path, cf_model **out, cf_error *err) {
    struct stat info;
    if (fstat(file, &info) != 0) return cannot(err, CF_E_OPEN, "read", path);
    if (!S_ISREG(info.st_mode)) return damaged(err, "it is no file");
    const size_t size = (size_t)info.st_size;
    char *bytes = malloc(size + 1);
    if (bytes == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for %s", path);
    cf_status status = read_all(file, size, bytes, path, err);
    if (status == CF_OK) status = cf_model_decode((cf_str){bytes, size}, out, err);
    free(bytes);
    return status;
}

cf_status cf_model_load(const char *path, cf_model **out, cf_error *err) {
    *out = NULL;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return cannot(err, CF_E_OPEN, "open", path);
    const cf_status status = load_file(file, path, out, err);
    close(file);
    if (status != CF_OK) cf_error_while(err, "reading the model %s", path);
    return status;
}
