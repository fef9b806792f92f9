#include "plan/plan.h"

/* A plan as JSON.  Written by hand, since numbers must come out as the shortest text that reads
 * back equal; read by jansson (json_read.c). */

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put_string(cf_text *out, const char *data, size_t size) {
    cf_text_addc(out, '"');
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)data[i];
        if (c == '"' || c == '\\')
            cf_text_addf(out, "\\%c", c);
        else if (c < 0x20)
            cf_text_addf(out, "\\u%04x", c);
        else
            cf_text_addc(out, (char)c);
    }
    cf_text_addc(out, '"');
}

static void put_word(cf_text *out, const char *key, const char *value) {
    cf_text_addf(out, ",\"%s\":", key);
    if (value == NULL)
        cf_text_adds(out, "null");
    else
        put_string(out, value, strlen(value));
}

/* Bytes that are no UTF-8 cannot stand in JSON: in hex then. */
static void put_text(cf_text *out, cf_str text) {
    if (cf_utf8_valid(text.data, text.size)) {
        cf_text_adds(out, ",\"text\":");
        put_string(out, text.data, text.size);
        return;
    }
    cf_text_adds(out, ",\"hex\":\"");
    for (size_t i = 0; i < text.size; i++)
        cf_text_addf(out, "%02x", (unsigned char)text.data[i]);
    cf_text_addc(out, '"');
}

static void put_float(cf_text *out, double x) {
    char digits[32];
    const size_t size = cf_format_f64(digits, x);
    cf_text_adds(out, ",\"f\":");
    if (isfinite(x))
        cf_text_add(out, digits, size);
    else
        put_string(out, digits, size);
}

static void put_int(cf_text *out, const char *key, int64_t x) {
    if (x != 0) cf_text_addf(out, ",\"%s\":%lld", key, (long long)x);
}

static void put_node(cf_text *out, const cf_node *n) {
    cf_text_addf(out, "{\"op\":\"%s\",\"level\":%u", cf_node_op_name(n->op), n->level);
    if (n->op > CF_NODE_VALUES) put_word(out, "kind", cf_kind_word(n->kind));
    if (n->flags != 0) put_int(out, "flags", n->flags);
    if (n->arg_count > 0) {
        cf_text_adds(out, ",\"args\":[");
        for (uint32_t i = 0; i < n->arg_count; i++)
            cf_text_addf(out, "%s%u", i == 0 ? "" : ",", n->args[i]);
        cf_text_addc(out, ']');
    }
    put_int(out, "i0", n->i0);
    put_int(out, "i1", n->i1);
    put_int(out, "i2", n->i2);
    if (n->op == CF_V_CONST && n->kind == CF_FLOAT64) put_float(out, n->f0);
    if (n->text.size > 0) put_text(out, n->text);
    if (n->func != NULL) put_word(out, "func", n->func->name);
    if (n->span.source != 0)
        cf_text_addf(out, ",\"span\":[%u,%u,%u]", n->span.source, n->span.begin, n->span.end);
    cf_text_addc(out, '}');
}

static void put_out(cf_text *out, const cf_out *o) {
    static const char *const shapes[] = {"value", "list", "tuple"};
    cf_text_addf(out, "{\"shape\":\"%s\"", shapes[o->shape]);
    put_word(out, "name", o->name);
    if (o->unit != NULL) put_word(out, "unit", o->unit);
    if (o->doc != NULL) put_word(out, "doc", o->doc);
    put_int(out, "node", o->node);
    put_int(out, "valid", o->valid);
    put_int(out, "hidden", o->hidden);
    if (o->child_count > 0) {
        cf_text_adds(out, ",\"children\":[");
        for (uint32_t i = 0; i < o->child_count; i++) {
            if (i > 0) cf_text_addc(out, ',');
            put_out(out, o->children[i]);
        }
        cf_text_addc(out, ']');
    }
    cf_text_addc(out, '}');
}

static void put_source(cf_text *out, const cf_source *s) {
    cf_text_addf(out, "{\"schema\":\"%016llx\"", (unsigned long long)cf_source_schema_hash(s));
    put_word(out, "format", s->format);
    put_word(out, "pattern", s->open_pattern);
    put_word(out, "tree", s->open_tree);
    cf_text_addf(out, ",\"flat\":%s}", s->open_flat ? "true" : "false");
}

static void put_save(cf_text *out, const cf_save *s) {
    cf_text_addf(out, "{\"level\":%u", s->level);
    put_word(out, "path", s->path);
    put_word(out, "format", s->format);
    put_word(out, "tree", s->options.tree);
    put_word(out, "layout", s->options.layout);
    put_word(out, "compression", s->options.compression);
    put_word(out, "by", s->options.by);
    cf_text_addf(out, ",\"rows_per_file\":%lld,\"overwrite\":%s",
                 (long long)s->options.rows_per_file, s->options.overwrite ? "true" : "false");
    cf_text_addf(out, ",\"span\":[%u,%u,%u],\"rows\":", s->span.source, s->span.begin,
                 s->span.end);
    put_out(out, s->rows);
    cf_text_addc(out, '}');
}

char *cf_plan_to_json(const cf_plan *plan, cf_error *err) {
    cf_text t = {0};
    cf_text_addf(&t, "{\"cutflow_plan\":%d,\"sources\":[", CF_PLAN_VERSION);
    for (uint32_t i = 0; i < plan->source_count; i++) {
        cf_text_adds(&t, i == 0 ? "\n" : ",\n");
        put_source(&t, plan->sources[i]);
    }
    cf_text_adds(&t, "],\"models\":[");
    for (uint32_t i = 0; i < plan->model_count; i++)
        cf_text_addf(&t, "%s\"%016llx\"", i == 0 ? "" : ",",
                     (unsigned long long)plan->model_ids[i]);
    cf_text_adds(&t, "],\"nodes\":[");
    for (cf_id id = 1; id <= plan->node_count; id++) {
        cf_text_adds(&t, id == 1 ? "\n" : ",\n");
        put_node(&t, &plan->nodes[id]);
    }
    cf_text_adds(&t, "],\"saves\":[");
    for (uint32_t i = 0; i < plan->save_count; i++) {
        cf_text_adds(&t, i == 0 ? "\n" : ",\n");
        put_save(&t, &plan->saves[i]);
    }
    cf_text_addf(&t, "],\"level\":%u,\"limit\":%lld,\"count_rows\":%s,\"rows\":", plan->level,
                 (long long)plan->limit, plan->count_rows ? "true" : "false");
    put_out(&t, plan->rows);
    cf_text_adds(&t, "}\n");
    if (!t.failed) return t.data;
    cf_text_clear(&t);
    (void)cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write the plan");
    return NULL;
}
