#include "io/root_writer_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FIRST = 100,            /* the first record: the directory */
    FILE_VERSION = 1062400, /* places of 64 bits, and the version of ROOT that this resembles */
    KEY_VERSION = 1004,
    DIRECTORY_VERSION = 1005,
    FREE_VERSION = 1001,
    KEY_FIXED = 34,
    UUID_BYTES = 18,
};

/* 1995-01-01, from which ROOT counts: equal rows make equal files. */
#define NO_DATE UINT32_C(0x00420000)

static cf_status no_memory(const cf_root_target *t, cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write %s", t->path);
}

static cf_status write_failed(const cf_root_target *t, cf_error *err) {
    return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "cannot write %s: %s", t->path,
                   cf_errno_text());
}

static cf_status put_bytes(cf_root_target *t, const void *data, size_t size, cf_error *err) {
    if (size > 0 && fwrite(data, 1, size, t->file) != size) return write_failed(t, err);
    t->content = cf_hash_bytes(data, size, t->content);
    t->at += size;
    return CF_OK;
}

/* --- keys and records --- */

static size_t text_bytes(const char *text) {
    const size_t size = strlen(text);
    return size + (size < 255 ? 1 : 5);
}

size_t cf_root_key_bytes(const char *class_name, const char *name, const char *title) {
    return KEY_FIXED + text_bytes(class_name) + text_bytes(name) + text_bytes(title);
}

static void put_key(cf_root_out *o, const cf_root_record *r, uint64_t seek, size_t key_bytes,
                    size_t stored) {
    cf_root_put32(o, (uint32_t)(key_bytes + stored));
    cf_root_put16(o, KEY_VERSION);
    cf_root_put32(o, (uint32_t)r->size);
    cf_root_put32(o, NO_DATE);
    cf_root_put16(o, (unsigned)key_bytes);
    cf_root_put16(o, r->more_size > 0 ? 0 : 1); /* cycle */
    cf_root_put64(o, seek);
    cf_root_put64(o, seek == FIRST ? 0 : FIRST);
    cf_root_put_text(o, r->class_name);
    cf_root_put_text(o, r->name);
    cf_root_put_text(o, r->title);
}

cf_status cf_root_target_add(cf_root_target *t, const cf_root_record *r, cf_root_place *place,
                             cf_error *err) {
    const size_t key_bytes = cf_root_key_bytes(r->class_name, r->name, r->title) + r->more_size;
    if (key_bytes > INT16_MAX)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "the name `%.60s..` is too long for ROOT",
                       r->name);
    const void *stored = r->content;
    size_t size = r->size;
    if (size > INT32_MAX / 2)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                       "`%s` has more than a gigabyte in a few rows, too much for ROOT",
                       r->name);
    if (!r->plain && cf_root_packer_run(t->packer, r->content, r->size, &t->packed)) {
        stored = t->packed.data;
        size = t->packed.size;
    }
    *place = (cf_root_place){t->at, (uint32_t)(key_bytes + size)};
    cf_root_out key = {.before = 0};
    put_key(&key, r, t->at, key_bytes, size);
    if (r->listed) {
        cf_text_add(&t->keys.bytes, key.bytes.data, key.bytes.size);
        t->key_count++;
    }
    cf_status status = key.bytes.failed ? no_memory(t, err) : CF_OK;
    if (status == CF_OK) status = put_bytes(t, key.bytes.data, key.bytes.size, err);
    if (status == CF_OK) status = put_bytes(t, r->more, r->more_size, err);
    if (status == CF_OK) status = put_bytes(t, stored, size, err);
    cf_text_clear(&key.bytes);
    return status;
}

/* --- the directory and the header --- */

/* An identity that follows from the content, in the form of a random one. */
static void put_uuid(const cf_root_target *t, cf_root_out *o) {
    const uint64_t high = cf_hash_u64(t->content, 1), low = cf_hash_u64(t->content, 2);
    cf_root_put16(o, 1);
    cf_root_put64(o, (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000));
    cf_root_put64(o, (low & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63);
}

typedef struct {
    cf_root_place keys, classes, gaps;
} tail;

static size_t directory_name_bytes(const cf_root_target *t) {
    return cf_root_key_bytes("TFile", t->name, "") + text_bytes(t->name) + text_bytes("");
}

static void put_directory(const cf_root_target *t, const tail *end, cf_root_out *o) {
    cf_root_put_text(o, t->name);
    cf_root_put_text(o, "");
    cf_root_put16(o, DIRECTORY_VERSION);
    cf_root_put32(o, NO_DATE);
    cf_root_put32(o, NO_DATE);
    cf_root_put32(o, end->keys.bytes);
    cf_root_put32(o, (uint32_t)directory_name_bytes(t));
    cf_root_put64(o, FIRST);
    cf_root_put64(o, 0);
    cf_root_put64(o, end->keys.seek);
    put_uuid(t, o);
}

static void put_header(const cf_root_target *t, const tail *end, cf_root_out *o) {
    cf_text_add(&o->bytes, "root", 4);
    cf_root_put32(o, FILE_VERSION);
    cf_root_put32(o, FIRST);
    cf_root_put64(o, t->at);
    cf_root_put64(o, end->gaps.seek);
    cf_root_put32(o, end->gaps.bytes);
    cf_root_put32(o, 1); /* one gap: behind the end */
    cf_root_put32(o, (uint32_t)directory_name_bytes(t));
    cf_root_put8(o, 8); /* bytes of a place */
    cf_root_put32(o, (uint32_t)t->setting);
    cf_root_put64(o, end->classes.seek);
    cf_root_put32(o, end->classes.bytes);
    put_uuid(t, o);
    while (!o->bytes.failed && o->bytes.size < FIRST)
        cf_root_put8(o, 0);
}

/* Header and directory: at the beginning, and once more when it is known what they say. */
static cf_status put_head(cf_root_target *t, const tail *end, cf_error *err) {
    cf_root_out head = {.before = 0}, directory = {.before = 0};
    put_directory(t, end, &directory);
    put_header(t, end, &head);
    const cf_root_record r = {.class_name = "TFile",
                              .name = t->name,
                              .title = "",
                              .content = directory.bytes.data,
                              .size = directory.bytes.size,
                              .plain = true};
    cf_root_place place;
    cf_status status = head.bytes.failed || directory.bytes.failed ? no_memory(t, err) : CF_OK;
    t->at = 0;
    if (status == CF_OK) status = put_bytes(t, head.bytes.data, head.bytes.size, err);
    if (status == CF_OK) status = cf_root_target_add(t, &r, &place, err);
    cf_text_clear(&head.bytes);
    cf_text_clear(&directory.bytes);
    return status;
}

cf_status cf_root_target_open(const char *path, cf_arena *arena, cf_root_pack pack,
                              cf_root_target *t, cf_error *err) {
    const char *slash = strrchr(path, '/');
    *t = (cf_root_target){.arena = arena, .setting = cf_root_pack_setting(pack)};
    t->path = cf_str_dup(arena, cf_str_of(path));
    t->name = cf_str_dup(arena, cf_str_of(slash == NULL ? path : slash + 1));
    t->packer = cf_root_packer_new(pack);
    if (t->packer == NULL) return no_memory(t, err);
    t->temporary = cf_arena_printf(arena, "%s.part-%ld", path, (long)getpid());
    t->file = fopen(t->temporary, "wbe");
    if (t->file == NULL) return write_failed(t, err);
    const tail nothing = {.keys = {0, 0}};
    return put_head(t, &nothing, err);
}

static cf_status put_plain(cf_root_target *t, const char *name, cf_root_out *o,
                           cf_root_place *place, cf_error *err) {
    const cf_root_record r = {.class_name = "TFile",
                              .name = name,
                              .title = "",
                              .content = o->bytes.data,
                              .size = o->bytes.size,
                              .plain = true};
    const cf_status status =
        o->bytes.failed ? no_memory(t, err) : cf_root_target_add(t, &r, place, err);
    cf_text_clear(&o->bytes);
    return status;
}

static cf_status put_classes(cf_root_target *t, const cf_root_own_class *own,
                             uint32_t own_count, cf_root_place *place, cf_error *err) {
    static const char name[] = "StreamerInfo", title[] = "Doubly linked list";
    cf_root_out o = {.before = (uint32_t)cf_root_key_bytes("TList", name, title)};
    cf_root_put_classes(&o, own, own_count);
    const cf_root_record r = {.class_name = "TList",
                              .name = name,
                              .title = title,
                              .content = o.bytes.data,
                              .size = o.bytes.size};
    const cf_status status =
        o.bytes.failed ? no_memory(t, err) : cf_root_target_add(t, &r, place, err);
    cf_text_clear(&o.bytes);
    return status;
}

static cf_status put_key_list(cf_root_target *t, cf_root_place *place, cf_error *err) {
    cf_root_out o = {.before = 0};
    cf_root_put32(&o, t->key_count);
    cf_text_add(&o.bytes, t->keys.bytes.data, t->keys.bytes.size);
    o.bytes.failed = o.bytes.failed || t->keys.bytes.failed;
    return put_plain(t, t->name, &o, place, err);
}

/* The one gap reaches from the end to a place that no file will. */
static cf_status put_gaps(cf_root_target *t, cf_root_place *place, cf_error *err) {
    enum { GAP_BYTES = 18 };
    const uint64_t end = t->at + cf_root_key_bytes("TFile", t->name, "") + GAP_BYTES;
    cf_root_out o = {.before = 0};
    cf_root_put16(&o, FREE_VERSION);
    cf_root_put64(&o, end);
    cf_root_put64(&o, end + 2000000000);
    return put_plain(t, t->name, &o, place, err);
}

cf_status cf_root_target_finish(cf_root_target *t, const cf_root_own_class *own,
                                uint32_t own_count, cf_error *err) {
    tail end = {.keys = {0, 0}};
    CF_TRY(put_classes(t, own, own_count, &end.classes, err));
    CF_TRY(put_key_list(t, &end.keys, err));
    CF_TRY(put_gaps(t, &end.gaps, err));
    const uint64_t size = t->at;
    if (fseek(t->file, 0, SEEK_SET) != 0) return write_failed(t, err);
    CF_TRY(put_head(t, &end, err));
    t->at = size;
    const bool closed = fclose(t->file) == 0;
    t->file = NULL;
    if (closed && rename(t->temporary, t->path) == 0) return CF_OK;
    const cf_status status = write_failed(t, err);
    (void)unlink(t->temporary);
    return status;
}

void cf_root_target_close(cf_root_target *t) {
    if (t->file != NULL) {
        (void)fclose(t->file);
        (void)unlink(t->temporary);
    }
    cf_root_packer_free(t->packer);
    cf_text_clear(&t->packed);
    cf_text_clear(&t->keys.bytes);
}
