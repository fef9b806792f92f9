/* A cell's outputs as a notebook holds them: streams that follow each other are one, displays
 * are updated in place, and clear_output clears.  Values stay as they came, byte for byte. */

#include "kernel/notebook_outputs.h"

#include "kernel/json.h"

#include <stdlib.h>
#include <string.h>

static void free_items(cf_notebook_outputs *o) {
    for (size_t i = 0; i < o->count; i++) {
        cf_growing_clear(&o->items[i].head);
        cf_growing_clear(&o->items[i].text);
        free(o->items[i].display_id);
    }
    o->count = 0;
}

void cf_notebook_outputs_clear(cf_notebook_outputs *o) {
    free_items(o);
    free(o->items);
    *o = (cf_notebook_outputs){0};
}

static cf_notebook_output *add(cf_notebook_outputs *o) {
    if (o->clear_next) free_items(o);
    o->clear_next = false;
    if (o->count == o->capacity) {
        o->capacity = o->capacity == 0 ? 8 : 2 * o->capacity;
        o->items = cf_need(realloc(o->items, o->capacity * sizeof *o->items));
    }
    o->items[o->count] = (cf_notebook_output){.stream = 0};
    return &o->items[o->count++];
}

static void put_member(cf_growing *to, cf_slice content, const char *key,
                       const char *otherwise) {
    cf_slice value;
    const bool there = cf_jread_member(content, key, &value);
    cf_growing_addf(to, ",\"%s\":", key);
    if (there)
        cf_growing_add(to, value.data, value.size);
    else
        cf_growing_adds(to, otherwise);
}

static void take_stream(cf_notebook_outputs *o, cf_slice content) {
    size_t size = 0;
    char *name = cf_jread_member_text(content, "name", NULL),
         *text = cf_jread_member_text(content, "text", &size);
    const bool to_stderr = name != NULL && strcmp(name, "stderr") == 0;
    const char stream = to_stderr ? 'e' : 'o';
    cf_notebook_output *last = o->count > 0 && !o->clear_next ? &o->items[o->count - 1] : NULL;
    if (last == NULL || last->stream != stream) {
        last = add(o);
        last->stream = stream;
        cf_growing_addf(&last->head, "{\"output_type\":\"stream\",\"name\":\"%s\",\"text\":",
                        to_stderr ? "stderr" : "stdout");
    }
    if (text != NULL) cf_growing_add(&last->text, text, size);
    free(name);
    free(text);
}

static void put_display(cf_growing *to, cf_slice content) {
    to->size = 0;
    cf_growing_adds(to, "{\"output_type\":\"display_data\"");
    put_member(to, content, "data", "{}");
    put_member(to, content, "metadata", "{}");
    cf_growing_adds(to, "}");
}

static char *display_id_of(cf_slice content) {
    cf_slice transient;
    if (!cf_jread_member(content, "transient", &transient)) return NULL;
    return cf_jread_member_text(transient, "display_id", NULL);
}

static void take_display(cf_notebook_outputs *o, cf_slice content) {
    cf_notebook_output *to = add(o);
    put_display(&to->head, content);
    to->display_id = display_id_of(content);
}

static void take_update(cf_notebook_outputs *o, cf_slice content) {
    char *id = display_id_of(content);
    for (size_t i = 0; id != NULL && i < o->count; i++)
        if (o->items[i].display_id != NULL && strcmp(o->items[i].display_id, id) == 0)
            put_display(&o->items[i].head, content);
    free(id);
}

static void take_result(cf_notebook_outputs *o, cf_slice content) {
    cf_growing *to = &add(o)->head;
    cf_growing_adds(to, "{\"output_type\":\"execute_result\"");
    put_member(to, content, "execution_count", "null");
    put_member(to, content, "data", "{}");
    put_member(to, content, "metadata", "{}");
    cf_growing_adds(to, "}");
}

static void take_error(cf_notebook_outputs *o, cf_slice content) {
    cf_growing *to = &add(o)->head;
    cf_growing_adds(to, "{\"output_type\":\"error\"");
    put_member(to, content, "ename", "\"\"");
    put_member(to, content, "evalue", "\"\"");
    put_member(to, content, "traceback", "[]");
    cf_growing_adds(to, "}");
}

static void take_clear(cf_notebook_outputs *o, cf_slice content) {
    if (cf_jread_member_bool(content, "wait", false))
        o->clear_next = true;
    else
        free_items(o);
}

void cf_notebook_outputs_take(cf_notebook_outputs *o, const char *type, cf_slice content) {
    static const struct {
        const char *type;
        void (*take)(cf_notebook_outputs *o, cf_slice content);
    } kinds[] = {{"stream", take_stream},         {"display_data", take_display},
                 {"execute_result", take_result}, {"update_display_data", take_update},
                 {"clear_output", take_clear},    {"error", take_error}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(type, kinds[i].type) == 0) kinds[i].take(o, content);
}

void cf_notebook_outputs_put(const cf_notebook_outputs *o, cf_growing *to) {
    cf_growing_adds(to, "[");
    for (size_t i = 0; i < o->count; i++) {
        const cf_notebook_output *each = &o->items[i];
        if (i > 0) cf_growing_adds(to, ",");
        cf_growing_add(to, each->head.data, each->head.size);
        if (each->stream == 0) continue;
        cf_put_text(to, cf_growing_slice(&each->text));
        cf_growing_adds(to, "}");
    }
    cf_growing_adds(to, "]");
}
