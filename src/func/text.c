/* Functions of texts.  Positions and lengths count characters (code points), from 1.  Results
 * that are part of their argument borrow its bytes. */
#include "func/func_internal.h"
#include "func/letters.h"

typedef cf_view part_fn(cf_view v);

static cf_status each(cf_call *call, part_fn *f) {
    cf_view *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const cf_view *x = ARG(call, 0, cf_view);
    for (size_t i = 0; i < call->n; i++)
        out[i] = f(x[i]);
    return CF_OK;
}

/* ---- case ---- */

typedef uint32_t letter_fn(uint32_t c);

/* The mapping never makes a letter longer by more than one byte in two. */
static size_t put_mapped(char *out, cf_view v, letter_fn *f) {
    size_t size = 0;
    for (size_t at = 0; at < v.size;) {
        const unsigned char byte = (unsigned char)v.data[at];
        uint32_t c = byte;
        const size_t used = byte < 0x80 ? 1 : cf_utf8_next(v.data + at, v.size - at, &c);
        if (byte < 0x80)
            out[size++] = (char)f(c);
        else if (used == 1)
            out[size++] = v.data[at]; /* no UTF-8: as it is */
        else
            size += cf_utf8_put(out + size, f(c));
        at += used;
    }
    return size;
}

static cf_status map_letters(cf_call *call, letter_fn *f) {
    cf_view *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const cf_view *x = ARG(call, 0, cf_view);
    for (size_t i = 0; i < call->n; i++) {
        char *room = cf_call_text(call, (size_t)x[i].size * 2 + 4);
        if (room == NULL) return CF_E_MEMORY;
        out[i] = (cf_view){room, put_mapped(room, x[i], f)};
    }
    return CF_OK;
}

static cf_status lower(cf_call *call) {
    return map_letters(call, cf_lower);
}

static cf_status upper(cf_call *call) {
    return map_letters(call, cf_upper);
}

/* ---- parts ---- */

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static cf_view left_trimmed(cf_view v) {
    while (v.size > 0 && is_blank(*v.data))
        v = (cf_view){v.data + 1, v.size - 1};
    return v;
}

static cf_view right_trimmed(cf_view v) {
    while (v.size > 0 && is_blank(v.data[v.size - 1]))
        v.size--;
    return v;
}

static cf_view both_trimmed(cf_view v) {
    return left_trimmed(right_trimmed(v));
}

static cf_status trim(cf_call *call) {
    return each(call, both_trimmed);
}

static cf_status ltrim(cf_call *call) {
    return each(call, left_trimmed);
}

static cf_status rtrim(cf_call *call) {
    return each(call, right_trimmed);
}

static cf_status length(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const cf_view *x = ARG(call, 0, cf_view);
    for (size_t i = 0; i < call->n; i++)
        out[i] = (int64_t)cf_utf8_count(x[i].data, (size_t)x[i].size);
    return CF_OK;
}

static size_t skip(cf_view v, size_t at, int64_t characters) {
    uint32_t c;
    for (; characters > 0 && at < v.size; characters--)
        at += cf_utf8_next(v.data + at, v.size - at, &c);
    return at;
}

/* The characters at positions from .. from + count - 1, as many as there are. */
static cf_view extracted(cf_view v, int64_t from, int64_t count) {
    if (count <= 0) return (cf_view){NULL, 0};
    int64_t end;
    if (__builtin_add_overflow(from, count, &end)) end = INT64_MAX;
    if (from < 1) from = 1;
    if (end <= from) return (cf_view){NULL, 0};
    const size_t begin = skip(v, 0, from - 1);
    const size_t stop = skip(v, begin, end - from);
    return stop == begin ? (cf_view){NULL, 0} : (cf_view){v.data + begin, stop - begin};
}

static cf_status extract(cf_call *call) {
    cf_view *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++)
        out[i] = extracted(ARG(call, 2, cf_view)[i * STEP(call, 2)],
                           ARG(call, 0, int64_t)[i * STEP(call, 0)],
                           ARG(call, 1, int64_t)[i * STEP(call, 1)]);
    return CF_OK;
}

/* ---- finding ---- */

static bool starts(cf_view v, cf_view with) {
    return with.size <= v.size && (with.size == 0 || memcmp(v.data, with.data, with.size) == 0);
}

static bool ends(cf_view v, cf_view with) {
    return with.size <= v.size &&
           (with.size == 0 || memcmp(v.data + (v.size - with.size), with.data, with.size) == 0);
}

/* Where `what` (not empty) begins at or after `at`; v.size: nowhere. */
static size_t find(cf_view v, cf_view what, size_t at) {
    while (at + what.size <= v.size) {
        const char *hit = memchr(v.data + at, what.data[0], v.size - at - what.size + 1);
        if (hit == NULL) break;
        at = (size_t)(hit - v.data);
        if (memcmp(hit, what.data, what.size) == 0) return at;
        at++;
    }
    return v.size;
}

static bool holds(cf_view v, cf_view what) {
    return what.size == 0 || find(v, what, 0) < v.size;
}

typedef bool test_fn(cf_view v, cf_view what);

/* The text looked for comes first, the text searched last. */
static cf_status test(cf_call *call, test_fn *f) {
    uint8_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const cf_view *what = ARG(call, 0, cf_view), *x = ARG(call, 1, cf_view);
    for (size_t i = 0; i < call->n; i++)
        out[i] = f(x[i * STEP(call, 1)], what[i * STEP(call, 0)]);
    return CF_OK;
}

static cf_status starts_with(cf_call *call) {
    return test(call, starts);
}

static cf_status ends_with(cf_call *call) {
    return test(call, ends);
}

static cf_status contains(cf_call *call) {
    return test(call, holds);
}

static bool replaced(cf_call *call, cf_view v, cf_view what, cf_view by, cf_view *out) {
    size_t count = 0;
    *out = v;
    if (what.size == 0 || v.size == 0) return true;
    for (size_t at = find(v, what, 0); at < v.size; at = find(v, what, at + what.size))
        count++;
    if (count == 0) return true;
    size_t size;
    if (__builtin_mul_overflow(count, (size_t)by.size, &size) ||
        __builtin_add_overflow(size, (size_t)v.size - count * what.size, &size))
        return false;
    char *room = cf_call_text(call, size + 1);
    if (room == NULL) return false;
    *out = (cf_view){room, size};
    size_t from = 0;
    for (size_t at = find(v, what, 0);; at = find(v, what, from)) {
        memcpy(room, v.data + from, at - from);
        room += at - from;
        if (at == v.size) return true;
        if (by.size > 0) memcpy(room, by.data, by.size);
        room += by.size;
        from = at + what.size;
    }
}

static cf_status replace(cf_call *call) {
    cf_view *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++)
        if (!replaced(call, ARG(call, 2, cf_view)[i * STEP(call, 2)],
                      ARG(call, 0, cf_view)[i * STEP(call, 0)],
                      ARG(call, 1, cf_view)[i * STEP(call, 1)], &out[i]))
            return CF_NO_MEMORY(call);
    return CF_OK;
}

#define PART(name) \
    static const cf_func name##_functions[] = {FN("text_" #name, name, PURE, TEXT, CF_TEXT)};
#define TEST(name)                              \
    static const cf_func name##_functions[] = { \
        FN("text_" #name, name, PURE, BOOL, CF_TEXT, CF_TEXT)};
PART(lower)
PART(upper)
PART(trim)
PART(ltrim)
PART(rtrim)
TEST(starts_with)
TEST(ends_with)
TEST(contains)
static const cf_func length_functions[] = {FN("text_length", length, PURE, INT64, CF_TEXT)};
static const cf_func extract_functions[] = {
    FN("text_extract", extract, PURE, TEXT, CF_INT64, CF_INT64, CF_TEXT)};
static const cf_func replace_functions[] = {
    FN("text_replace", replace, PURE, TEXT, CF_TEXT, CF_TEXT, CF_TEXT)};

#define ROW(name, usage, doc, example, shows, related)             \
    {                                                              \
        "text." #name, CF_BUILTIN_MAP, usage, doc, example, shows, \
            OVERLOADS(name##_functions), NULL, related             \
    }
#define NULLS "  Null gives null."

static const cf_builtin builtins[] = {
    ROW(lower, "text.lower t",
        "The text in small letters: Latin, Greek, Cyrillic and Armenian, letter by letter,\nin "
        "every locale alike." NULLS,
        "from [{t = \"AC/DC\"}]\nselect {u = (t | text.lower)}", "u\nac/dc\n", "text.upper"),
    ROW(upper, "text.upper t",
        "The text in capital letters: Latin, Greek, Cyrillic and Armenian, letter by letter "
        "(\"ß\" stays)." NULLS,
        "from [{t = \"rock\"}]\nselect {u = (t | text.upper)}", "u\nROCK\n", "text.lower"),
    ROW(trim, "text.trim t", "The text without blanks, tabs and line ends at both ends." NULLS,
        "from [{t = \"  a b \"}]\nselect {u = (t | text.trim)}", "u\na b\n",
        "text.ltrim text.rtrim"),
    ROW(ltrim, "text.ltrim t",
        "The text without blanks, tabs and line ends at its beginning." NULLS,
        "from [{t = \"  a\"}]\nselect {u = (t | text.ltrim)}", "u\na\n",
        "text.trim text.rtrim"),
    ROW(rtrim, "text.rtrim t", "The text without blanks, tabs and line ends at its end." NULLS,
        "from [{t = \"a  \"}]\nselect {u = (t | text.rtrim)}", "u\na\n",
        "text.trim text.ltrim"),
    ROW(length, "text.length t", "How many characters the text has." NULLS,
        "from [{t = \"Bühne\"}]\nselect {n = (t | text.length)}", "n\n5\n", "text.extract"),
    ROW(extract, "text.extract i n t",
        "n characters of the text, beginning with the i-th (the first is 1); fewer where the "
        "text ends.\n"
        "What lies before the first does not exist: extract 0 2 gives one character." NULLS,
        "from [{t = \"AC/DC\"}]\nselect {u = (t | text.extract 1 2)}", "u\nAC\n",
        "text.length text.replace"),
    ROW(replace, "text.replace a b t",
        "The text with b wherever a stands, from left to right; a is taken as it is, without "
        "wildcards.\n"
        "An empty a changes nothing." NULLS,
        "from [{t = \"AC/DC\"}]\nselect {u = (t | text.replace \"/\" \"-\")}", "u\nAC-DC\n",
        "text.contains ~="),
    ROW(starts_with, "text.starts_with a t",
        "True if the text begins with a; no wildcards, case matters." NULLS,
        "from [{t = \"Accept\"}]\nselect {b = (t | text.starts_with \"Ac\")}", "b\ntrue\n",
        "text.ends_with text.contains ~="),
    ROW(ends_with, "text.ends_with a t",
        "True if the text ends with a; no wildcards, case matters." NULLS,
        "from [{t = \"Accept\"}]\nselect {b = (t | text.ends_with \"Ac\")}", "b\nfalse\n",
        "text.starts_with text.contains"),
    ROW(contains, "text.contains a t",
        "True if a stands somewhere in the text; no wildcards, case matters." NULLS,
        "from [{t = \"Led Zeppelin\"}]\nselect {b = (t | text.contains \"Zep\")}", "b\ntrue\n",
        "text.starts_with ~="),
    {"text.split", CF_BUILTIN_MAP, "text.split a t",
     "The parts of the text between the places where a stands, as a list.",
     "from [{t = \"a,b\"}]\nselect {u = (t | text.split \",\")}", NULL, NO_OVERLOADS,
     "`text.split` comes later", "text.join"},
    {"text.join", CF_BUILTIN_MAP, "text.join a l",
     "The texts of a list as one text, with a between them.",
     "from [{l = [\"a\", \"b\"]}]\nselect {u = (l | text.join \",\")}", NULL, NO_OVERLOADS,
     "`text.join` comes later", "text.split concat_array"},
};

const cf_family cf_family_text = {"text", builtins, CF_COUNT(builtins)};
