#include "io/root_file.h"

/* A ROOT file is a header, then records behind key headers.  A directory lists the keys of what
 * it holds; sub-directories are records of their own. */

#include <stdlib.h>
#include <string.h>

enum { depth_max = 32 };
static const int64_t object_bytes_max = INT64_C(1) << 31;

static cf_status damaged(const cf_root_file *file, cf_error *err, const char *what) {
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s is damaged: %s", file->path, what);
}

static cf_status header_read(cf_root_file *file, cf_error *err) {
    uint8_t bytes[64];
    const uint64_t size = cf_storage_size(file->storage);
    const size_t take = size < sizeof bytes ? (size_t)size : sizeof bytes;
    CF_TRY(cf_storage_read(file->storage, 0, take, bytes, NULL, err));
    cf_root_buffer b = cf_root_buffer_of(bytes, take);
    if (cf_root_u32(&b) != UINT32_C(0x726f6f74))
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s is not a ROOT file", file->path);
    file->version = cf_root_i32(&b);
    const bool big = file->version >= 1000000;
    file->begin = cf_root_u32(&b);
    file->end = big ? cf_root_u64(&b) : cf_root_u32(&b);
    (void)cf_root_bytes(&b, big ? 16 : 12); /* the list of free space */
    file->name_bytes = cf_root_u32(&b);
    (void)cf_root_bytes(&b, 5);
    file->info_seek = big ? cf_root_u64(&b) : cf_root_u32(&b);
    file->info_bytes = cf_root_u32(&b);
    if (b.bad) return damaged(file, err, "the header is cut off");
    return CF_OK;
}

cf_status cf_root_file_open(cf_storage *storage, cf_arena *arena, cf_root_file *file,
                            cf_error *err) {
    *file = (cf_root_file){.storage = storage, .arena = arena};
    file->path = cf_str_dup(arena, cf_str_of(cf_storage_path(storage)));
    const cf_status status = header_read(file, err);
    if (status != CF_OK) cf_root_file_close(file);
    return status;
}

void cf_root_file_close(cf_root_file *file) {
    cf_storage_close(file->storage);
    file->storage = NULL;
}

bool cf_root_key_read(cf_root_buffer *b, cf_arena *arena, cf_root_key *key) {
    const size_t start = b->at;
    key->bytes = cf_root_i32(b);
    const int version = cf_root_i16(b);
    key->object_bytes = cf_root_i32(b);
    (void)cf_root_u32(b);
    key->header_bytes = cf_root_u16(b);
    key->cycle = cf_root_i16(b);
    const bool big = version > 1000;
    key->seek = big ? cf_root_u64(b) : cf_root_u32(b);
    (void)cf_root_bytes(b, big ? 8 : 4);
    key->class_name = cf_str_dup(arena, cf_root_text(b));
    key->name = cf_str_dup(arena, cf_root_text(b));
    key->title = cf_str_dup(arena, cf_root_text(b));
    return !b->bad && key->header_bytes >= b->at - start && key->object_bytes >= 0;
}

/* Reads a record: key header and what is stored behind it. */
static cf_status record_read(const cf_root_file *file, uint64_t seek, uint64_t bytes,
                             uint8_t **data, cf_error *err) {
    const uint64_t size = cf_storage_size(file->storage);
    if (seek > size || bytes > size - seek || bytes == 0)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "%s is damaged: a record at byte %llu lies beyond its end (truncated?)",
                       file->path, (unsigned long long)seek);
    *data = malloc(bytes);
    if (*data == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to read %s", file->path);
    const cf_status status = cf_storage_read(file->storage, seek, bytes, *data, NULL, err);
    if (status != CF_OK) free(*data);
    return status;
}

/* From a stored record to the unpacked one; frees `stored` or makes it the result. */
static cf_status record_unpack(const cf_root_file *file, const cf_root_key *key,
                               uint8_t *stored, size_t bytes, uint8_t **data, size_t *size,
                               cf_error *err) {
    const size_t head = key->header_bytes, packed = bytes - head;
    *size = head + (size_t)key->object_bytes;
    if ((size_t)key->object_bytes <= packed) {
        *data = stored;
        return CF_OK;
    }
    cf_status status = CF_OK;
    uint8_t *out = NULL;
    cf_codec *codec = NULL;
    status = cf_codec_check_root(stored + head, packed, (size_t)key->object_bytes, err);
    if (status == CF_OK) {
        out = malloc(*size);
        codec = cf_codec_new();
    }
    if (status == CF_OK && (out == NULL || codec == NULL)) {
        status = cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to read %s", file->path);
    } else if (status == CF_OK) {
        memcpy(out, stored, head);
        status = cf_codec_unpack_root(codec, stored + head, packed, out + head,
                                      (size_t)key->object_bytes, err);
    }
    cf_codec_free(codec);
    free(stored);
    if (status != CF_OK) {
        cf_error_while(err, "reading the record at byte %llu of %s",
                       (unsigned long long)key->seek, file->path);
        free(out);
        return status;
    }
    *data = out;
    return CF_OK;
}

cf_status cf_root_object_load(const cf_root_file *file, uint64_t seek, uint64_t bytes,
                              uint8_t **data, size_t *size, size_t *header, cf_error *err) {
    uint8_t *stored = NULL;
    CF_TRY(record_read(file, seek, bytes, &stored, err));
    cf_root_buffer b = cf_root_buffer_of(stored, bytes);
    cf_root_key key = {0};
    if (!cf_root_key_read(&b, file->arena, &key) || key.header_bytes > bytes ||
        key.object_bytes > object_bytes_max) {
        free(stored);
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "%s is damaged: there is no key at byte %llu", file->path,
                       (unsigned long long)seek);
    }
    key.seek = seek;
    *header = key.header_bytes;
    return record_unpack(file, &key, stored, bytes, data, size, err);
}

/* --- directories --- */

typedef struct {
    const cf_root_file *file;
    cf_root_listing *listing;
    size_t capacity;
    uint64_t seen[1024]; /* directories, so that a loop ends */
    size_t seen_count;
} walk;

static cf_status directory_walk(walk *w, uint64_t seek, uint64_t skip, const char *prefix,
                                int depth, cf_error *err);

static void entry_add(walk *w, const char *path, const cf_root_key *key) {
    cf_root_listing *l = w->listing;
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->entries[i].path, path) == 0) {
            if (key->cycle > l->entries[i].key.cycle) l->entries[i].key = *key;
            return;
        }
    if (l->count == w->capacity) {
        const size_t capacity = w->capacity == 0 ? 8 : 2 * w->capacity;
        cf_root_entry *more = CF_NEWS(w->file->arena, cf_root_entry, capacity);
        if (l->count > 0) memcpy(more, l->entries, l->count * sizeof *more);
        l->entries = more;
        w->capacity = capacity;
    }
    l->entries[l->count++] = (cf_root_entry){path, *key};
}

static bool is_tree(const char *class_name) {
    static const char *const trees[] = {"TTree", "TNtuple", "TNtupleD"};
    for (size_t i = 0; i < CF_COUNT(trees); i++)
        if (strcmp(class_name, trees[i]) == 0) return true;
    return false;
}

static cf_status key_visit(walk *w, const cf_root_key *key, const char *prefix, int depth,
                           cf_error *err) {
    cf_arena *arena = w->file->arena;
    const char *path =
        prefix[0] == '\0' ? key->name : cf_arena_printf(arena, "%s/%s", prefix, key->name);
    if (strcmp(key->class_name, "TDirectory") == 0 ||
        strcmp(key->class_name, "TDirectoryFile") == 0)
        return directory_walk(w, key->seek, key->header_bytes, path, depth + 1, err);
    if (key->bytes < key->header_bytes) return damaged(w->file, err, "a key without an object");
    if (is_tree(key->class_name)) entry_add(w, path, key);
    if (strstr(key->class_name, "RNTuple") != NULL) w->listing->refused = path;
    return CF_OK;
}

static cf_status keys_visit(walk *w, uint64_t seek, uint64_t bytes, const char *prefix,
                            int depth, cf_error *err) {
    uint8_t *data = NULL;
    CF_TRY(record_read(w->file, seek, bytes, &data, err));
    cf_root_buffer b = cf_root_buffer_of(data, bytes);
    cf_root_key key = {0};
    cf_status status = CF_OK;
    bool good = cf_root_key_read(&b, w->file->arena, &key);
    const uint32_t count = good ? cf_root_u32(&b) : 0;
    for (uint32_t i = 0; i < count && good && status == CF_OK; i++) {
        good = cf_root_key_read(&b, w->file->arena, &key);
        if (good) status = key_visit(w, &key, prefix, depth, err);
    }
    free(data);
    if (status == CF_OK && !good)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "%s is damaged: the list of keys at byte %llu cannot be read",
                       w->file->path, (unsigned long long)seek);
    return status;
}

/* A directory's record: where its keys are. */
static cf_status directory_walk(walk *w, uint64_t seek, uint64_t skip, const char *prefix,
                                int depth, cf_error *err) {
    if (depth > depth_max || w->seen_count == CF_COUNT(w->seen))
        return damaged(w->file, err, "too many directories inside each other");
    for (size_t i = 0; i < w->seen_count; i++)
        if (w->seen[i] == seek) return CF_OK;
    w->seen[w->seen_count++] = seek;

    uint8_t bytes[60];
    const uint64_t size = cf_storage_size(w->file->storage), at = seek + skip;
    if (at >= size || at < seek) return damaged(w->file, err, "a directory beyond its end");
    const size_t take = size - at < sizeof bytes ? (size_t)(size - at) : sizeof bytes;
    CF_TRY(cf_storage_read(w->file->storage, at, take, bytes, NULL, err));
    cf_root_buffer b = cf_root_buffer_of(bytes, take);
    const bool big = cf_root_i16(&b) > 1000;
    (void)cf_root_bytes(&b, 8); /* two dates */
    const uint32_t key_bytes = cf_root_u32(&b);
    (void)cf_root_bytes(&b, big ? 20 : 12);
    const uint64_t keys = big ? cf_root_u64(&b) : cf_root_u32(&b);
    if (b.bad) return damaged(w->file, err, "a directory is cut off");
    if (keys == 0 || key_bytes == 0) return CF_OK; /* nothing was ever written into it */
    return keys_visit(w, keys, key_bytes, prefix, depth, err);
}

cf_status cf_root_file_list(const cf_root_file *file, cf_root_listing *listing, cf_error *err) {
    *listing = (cf_root_listing){0};
    walk *w = CF_NEW(file->arena, walk);
    *w = (walk){.file = file, .listing = listing};
    return directory_walk(w, file->begin, file->name_bytes, "", 0, err);
}
