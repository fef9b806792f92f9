#include "func/pattern.h"

/* A pattern is read into a tree, the tree becomes a program of few instructions, and the
 * program runs on all its possible states at once, one character after the other (K. Thompson,
 * "Regular expression search algorithm", CACM 1968).  A pattern without special characters is
 * looked for directly. */

#include "func/letters.h"

#include <string.h>

#define DEPTH_MAX   100
#define REPEAT_MAX  1000
#define PROGRAM_MAX 20000

typedef struct {
    uint32_t first, last;
} range;

typedef struct {
    bool inverted;
    uint32_t count;
    const range *ranges;
} class;

/* ---- the tree ---- */

typedef enum {
    T_EMPTY,
    T_CHAR,
    T_ANY,
    T_CLASS,
    T_BEGIN,
    T_END,
    T_WORD,
    T_NOT_WORD,
    T_THEN,
    T_OR,
    T_REPEAT
} tree_kind;

typedef struct tree {
    tree_kind kind;
    uint32_t c;
    int min, max; /* REPEAT; max -1: any number */
    const class *set;
    const struct tree *left, *right;
} tree;

typedef enum { CHAR, ANY, CLASS, BEGIN, END, WORD, NOT_WORD, SPLIT, JUMP, MATCH } opcode;

typedef struct {
    opcode op;
    uint32_t a, b; /* character or targets */
    const class *set;
} instruction;

struct cf_pattern {
    bool plain; /* only characters: look for `literal` */
    bool fold;  /* case does not matter */
    cf_str literal;
    uint32_t count;
    const instruction *program;
};

typedef struct {
    cf_arena *arena;
    cf_str s;
    size_t at;
    int depth;
    bool fold;
    const char *why;
    instruction *program;
    uint32_t count;
    uint32_t work; /* parts emitted: (){1000} repeats nothing, but often */
} compiler;

static const tree *bad(compiler *c, const char *why) {
    if (c->why == NULL) c->why = why;
    return NULL;
}

static tree *node(compiler *c, tree_kind kind) {
    tree *t = CF_NEW(c->arena, tree);
    t->kind = kind;
    return t;
}

static const tree *join(compiler *c, tree_kind kind, const tree *left, const tree *right) {
    tree *t = node(c, kind);
    t->left = left;
    t->right = right;
    return t;
}

static bool more(const compiler *c) {
    return c->at < c->s.size;
}

static char peek(const compiler *c) {
    if (!more(c)) return '\0';
    return c->s.data[c->at];
}

static bool take(compiler *c, const char *what) {
    const size_t size = strlen(what);
    if (c->s.size - c->at < size || memcmp(c->s.data + c->at, what, size) != 0) return false;
    c->at += size;
    return true;
}

static uint32_t next_char(compiler *c) {
    uint32_t x = 0;
    c->at += cf_utf8_next(c->s.data + c->at, c->s.size - c->at, &x);
    return x;
}

/* ---- classes ---- */

#define CLASS_ROOM 256

typedef struct {
    range ranges[CLASS_ROOM];
    uint32_t count;
    bool full;
} set_builder;

static void add_range(set_builder *b, uint32_t first, uint32_t last) {
    if (b->count == CLASS_ROOM)
        b->full = true;
    else
        b->ranges[b->count++] = (range){first, last};
}

/* \d \w \s and [:names:]; the capital forms are the rest. */
static const struct {
    char letter;
    const char *name;
    range ranges[4];
} classes[] = {
    {'d', "digit", {{'0', '9'}, {1, 0}, {1, 0}, {1, 0}}},
    {'w', "word", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}, {'_', '_'}}},
    {'s', "space", {{'\t', '\r'}, {' ', ' '}, {1, 0}, {1, 0}}},
    {0, "alpha", {{'A', 'Z'}, {'a', 'z'}, {1, 0}, {1, 0}}},
    {0, "alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}, {1, 0}}},
    {0, "upper", {{'A', 'Z'}, {1, 0}, {1, 0}, {1, 0}}},
    {0, "lower", {{'a', 'z'}, {1, 0}, {1, 0}, {1, 0}}},
    {0, "punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
    {0, "blank", {{' ', ' '}, {'\t', '\t'}, {1, 0}, {1, 0}}},
    {0, "xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}, {1, 0}}},
};

static void add_class(set_builder *b, size_t index) {
    for (size_t i = 0; i < 4; i++)
        if (classes[index].ranges[i].first <= classes[index].ranges[i].last)
            add_range(b, classes[index].ranges[i].first, classes[index].ranges[i].last);
}

/* Everything but class `index`, whose ranges are in order once sorted. */
static void add_rest(set_builder *b, size_t index) {
    uint32_t from = 0;
    while (from <= 0x10FFFF) {
        range next = {0x110000, 0x110000};
        for (size_t i = 0; i < 4; i++) {
            const range r = classes[index].ranges[i];
            if (r.first <= r.last && r.first >= from && r.first < next.first) next = r;
        }
        if (next.first > from) add_range(b, from, next.first - 1);
        from = next.last + 1;
    }
}

/* \d and the like after the backslash; false: some other escape. */
static bool take_class_letter(compiler *c, set_builder *b) {
    for (size_t i = 0; i < 3; i++) {
        if (peek(c) == classes[i].letter)
            add_class(b, i);
        else if (peek(c) == classes[i].letter - 32)
            add_rest(b, i);
        else
            continue;
        c->at++;
        return true;
    }
    return false;
}

static int hex_value(char d) {
    if (d >= '0' && d <= '9') return d - '0';
    if (d >= 'a' && d <= 'f') return d - 'a' + 10;
    return d >= 'A' && d <= 'F' ? d - 'A' + 10 : -1;
}

static bool take_hex(compiler *c, size_t digits, uint32_t *x) {
    *x = 0;
    for (size_t i = 0; i < digits; i++, c->at++) {
        const int value = hex_value(peek(c));
        if (value < 0) return false;
        *x = *x * 16 + (uint32_t)value;
    }
    return true;
}

/* A single escaped character after the backslash. */
static bool take_escape(compiler *c, uint32_t *x) {
    static const char letters[] = "ntrfv0", values[] = "\n\t\r\f\v\0";
    if (!more(c)) return bad(c, "a backslash at the end") != NULL;
    const char e = peek(c);
    const char *hit = strchr(letters, e);
    if (e == 'x') {
        c->at++;
        if (take_hex(c, 2, x)) return true;
        return bad(c, "\\x needs two hexadecimal digits") != NULL;
    }
    if (hit != NULL) {
        c->at++;
        *x = (unsigned char)values[hit - letters];
        return true;
    }
    if (e >= '1' && e <= '9')
        return bad(c, "back references like \\1 do not exist here") != NULL;
    if ((e >= 'a' && e <= 'z') || (e >= 'A' && e <= 'Z'))
        return bad(c, "unknown escape") != NULL;
    *x = next_char(c);
    return true;
}

static bool take_named_class(compiler *c, set_builder *b) {
    for (size_t i = 0; i < CF_COUNT(classes); i++) {
        const size_t before = c->at;
        if (take(c, "[:") && take(c, classes[i].name) && take(c, ":]")) {
            add_class(b, i);
            return true;
        }
        c->at = before;
    }
    return false;
}

/* One end of a range within brackets; false also for \d and the like, which were added then. */
static bool take_set_char(compiler *c, set_builder *b, uint32_t *x) {
    if (!take(c, "\\")) {
        *x = next_char(c);
        return true;
    }
    if (take(c, "b")) {
        *x = '\b';
        return true;
    }
    return !take_class_letter(c, b) && take_escape(c, x);
}

static void take_set_item(compiler *c, set_builder *b) {
    uint32_t first = 0, last = 0;
    if (take_named_class(c, b) || !take_set_char(c, b, &first)) return;
    last = first;
    if (peek(c) == '-' && c->at + 1 < c->s.size && c->s.data[c->at + 1] != ']') {
        c->at++;
        if (!take_set_char(c, b, &last) || last < first) {
            (void)bad(c, "a range of characters that goes backwards");
            return;
        }
    }
    add_range(b, first, last);
}

static const tree *set_node(compiler *c, const set_builder *b, bool inverted) {
    if (b->full) return bad(c, "too many characters in brackets");
    class *set = CF_NEW(c->arena, class);
    range *ranges = CF_NEWS(c->arena, range, b->count + 1);
    memcpy(ranges, b->ranges, b->count * sizeof *ranges);
    *set = (class){inverted, b->count, ranges};
    tree *t = node(c, T_CLASS);
    t->set = set;
    return t;
}

/* After the opening bracket. */
static const tree *take_set(compiler *c) {
    set_builder b;
    b.count = 0;
    b.full = false;
    const bool inverted = take(c, "^");
    for (bool first = true; c->why == NULL; first = false) {
        if (!more(c)) return bad(c, "`[` without `]`");
        if (!first && take(c, "]")) break;
        take_set_item(c, &b);
    }
    return c->why != NULL ? NULL : set_node(c, &b, inverted);
}

/* ---- the parser ---- */

static const tree *take_or(compiler *c);

static const tree *take_group(compiler *c) {
    if (take(c, "?")) {
        if (take(c, "P<") ||
            (peek(c) == '<' && c->at + 1 < c->s.size && c->s.data[c->at + 1] != '=' &&
             c->s.data[c->at + 1] != '!' && take(c, "<"))) {
            while (more(c) && peek(c) != '>')
                c->at++;
            if (!take(c, ">")) return bad(c, "a group's name without `>`");
        } else if (!take(c, ":"))
            return bad(c, "this kind of group does not exist here");
    }
    if (++c->depth > DEPTH_MAX) return bad(c, "too many brackets in one another");
    const tree *inside = take_or(c);
    c->depth--;
    if (inside == NULL) return NULL;
    return take(c, ")") ? inside : bad(c, "`(` without `)`");
}

static const tree *take_backslash(compiler *c) {
    set_builder b;
    b.count = 0;
    b.full = false;
    if (take(c, "b")) return node(c, T_WORD);
    if (take(c, "B")) return node(c, T_NOT_WORD);
    if (take(c, "A")) return node(c, T_BEGIN);
    if (take(c, "z") || take(c, "Z")) return node(c, T_END);
    if (take_class_letter(c, &b)) return set_node(c, &b, false);
    tree *t = node(c, T_CHAR);
    return take_escape(c, &t->c) ? t : NULL;
}

static const tree *take_atom(compiler *c) {
    if (take(c, "(")) return take_group(c);
    if (take(c, "[")) return take_set(c);
    if (take(c, ".")) return node(c, T_ANY);
    if (take(c, "^")) return node(c, T_BEGIN);
    if (take(c, "$")) return node(c, T_END);
    if (take(c, "\\")) return take_backslash(c);
    if (peek(c) == '*' || peek(c) == '+' || peek(c) == '?')
        return bad(c, "nothing in front of the sign to repeat");
    tree *t = node(c, T_CHAR);
    t->c = next_char(c);
    return t;
}

static bool take_number(compiler *c, int *x) {
    const size_t before = c->at;
    for (*x = 0; peek(c) >= '0' && peek(c) <= '9'; c->at++)
        if ((*x = *x * 10 + (peek(c) - '0')) > REPEAT_MAX)
            return bad(c, "a repetition of more than 1000 times") != NULL;
    return c->at > before;
}

/* {m} {m,} {m,n}; anything else leaves `{` as a character. */
static bool take_counts(compiler *c, int *min, int *max) {
    const size_t before = c->at;
    if (take(c, "{") && take_number(c, min)) {
        *max = *min;
        if (take(c, ",") && !take_number(c, max)) *max = -1;
        if (take(c, "}")) return true;
    }
    if (c->why == NULL) c->at = before;
    return false;
}

static const tree *take_repeated(compiler *c) {
    const tree *t = take_atom(c);
    for (int times = 0; t != NULL && more(c); times++) {
        int min = 0, max = -1;
        if (take(c, "+"))
            min = 1;
        else if (take(c, "?"))
            max = 1;
        else if (!take(c, "*") && !take_counts(c, &min, &max))
            break;
        if (times > 3) return bad(c, "too many repetitions of a repetition");
        if (max >= 0 && max < min) return bad(c, "a repetition that goes backwards");
        (void)take(c, "?"); /* as few as possible: finds the same texts */
        tree *r = node(c, T_REPEAT);
        r->min = min;
        r->max = max;
        r->left = t;
        t = r;
    }
    return c->why != NULL ? NULL : t;
}

static const tree *take_then(compiler *c) {
    const tree *t = NULL;
    while (more(c) && peek(c) != '|' && peek(c) != ')') {
        const tree *next = take_repeated(c);
        if (next == NULL) return NULL;
        t = t == NULL ? next : join(c, T_THEN, t, next);
    }
    return t == NULL ? node(c, T_EMPTY) : t;
}

static const tree *take_or(compiler *c) {
    const tree *t = take_then(c);
    while (t != NULL && take(c, "|")) {
        const tree *right = take_then(c);
        if (right == NULL) return NULL;
        t = join(c, T_OR, t, right);
    }
    return t;
}

/* ---- the program ---- */

static uint32_t put(compiler *c, opcode op, uint32_t a) {
    if (c->count >= PROGRAM_MAX) {
        (void)bad(c, "the pattern is too large");
        return 0;
    }
    c->program[c->count] = (instruction){op, a, 0, NULL};
    return c->count++;
}

static void emit(compiler *c, const tree *t);

/* T_THEN leans to the left as far as the pattern is long: walked without recursion. */
static void emit_then(compiler *c, const tree *t) {
    size_t count = 0;
    for (const tree *at = t; at->kind == T_THEN; at = at->left)
        count++;
    const tree **parts = CF_NEWS(c->arena, const tree *, count + 1);
    size_t i = count;
    for (; t->kind == T_THEN; t = t->left)
        parts[i--] = t->right;
    parts[0] = t;
    for (i = 0; i <= count && c->why == NULL; i++)
        emit(c, parts[i]);
}

/* So does T_OR:  split 1, next; 1: first part; jump end; next: split ... */
static void emit_or(compiler *c, const tree *t) {
    size_t count = 0;
    for (const tree *at = t; at->kind == T_OR; at = at->left)
        count++;
    const tree **parts = CF_NEWS(c->arena, const tree *, count + 1);
    uint32_t *jumps = CF_NEWS(c->arena, uint32_t, count + 1);
    size_t i = count;
    for (; t->kind == T_OR; t = t->left)
        parts[i--] = t->right;
    parts[0] = t;
    for (i = 0; i <= count && c->why == NULL; i++) {
        const uint32_t split = i < count ? put(c, SPLIT, c->count + 1) : 0;
        emit(c, parts[i]);
        if (i == count) break;
        jumps[i] = put(c, JUMP, 0);
        c->program[split].b = c->count;
    }
    for (i = 0; i < count && c->why == NULL; i++)
        c->program[jumps[i]].a = c->count;
}

static void emit_repeat(compiler *c, const tree *t) {
    for (int i = 0; i < t->min && c->why == NULL; i++)
        emit(c, t->left);
    if (t->max < 0) {
        const uint32_t split = put(c, SPLIT, c->count + 1);
        emit(c, t->left);
        (void)put(c, JUMP, split);
        c->program[split].b = c->count;
        return;
    }
    const uint32_t optional = (uint32_t)(t->max - t->min);
    uint32_t *splits = CF_NEWS(c->arena, uint32_t, optional + 1);
    for (uint32_t i = 0; i < optional && c->why == NULL; i++) {
        splits[i] = put(c, SPLIT, c->count + 1);
        emit(c, t->left);
    }
    for (uint32_t i = 0; i < optional && c->why == NULL; i++)
        c->program[splits[i]].b = c->count;
}

static void emit(compiler *c, const tree *t) {
    if (++c->work > 10 * PROGRAM_MAX) (void)bad(c, "the pattern is too large");
    if (c->why != NULL) return;
    switch (t->kind) {
    case T_EMPTY: return;
    case T_CHAR: (void)put(c, CHAR, c->fold ? cf_lower(t->c) : t->c); return;
    case T_ANY: (void)put(c, ANY, 0); return;
    case T_CLASS: c->program[put(c, CLASS, 0)].set = t->set; return;
    case T_BEGIN: (void)put(c, BEGIN, 0); return;
    case T_END: (void)put(c, END, 0); return;
    case T_WORD: (void)put(c, WORD, 0); return;
    case T_NOT_WORD: (void)put(c, NOT_WORD, 0); return;
    case T_THEN: emit_then(c, t); return;
    case T_OR: emit_or(c, t); return;
    case T_REPEAT: emit_repeat(c, t); return;
    }
}

const cf_pattern *cf_pattern_compile(cf_arena *arena, cf_str source, const char **why,
                                     size_t *at) {
    compiler c = {.arena = arena, .s = source};
    cf_pattern *p = CF_NEW(arena, cf_pattern);
    c.fold = take(&c, "(?i)");
    p->fold = c.fold;
    const cf_str rest = {source.data + c.at, source.size - c.at};
    p->plain = !c.fold;
    for (size_t i = 0; i < rest.size; i++)
        p->plain =
            p->plain && strchr("\\^$.|?*+()[]{}", rest.data[i]) == NULL && rest.data[i] != '\0';
    p->literal = rest;
    if (p->plain) return p;
    if (source.size > PROGRAM_MAX) {
        *why = "the pattern is too large";
        *at = 0;
        return NULL;
    }
    const tree *t = take_or(&c);
    if (t != NULL && more(&c)) (void)bad(&c, "`)` without `(`");
    *at = c.at;
    if (c.why == NULL) {
        c.program = CF_NEWS(arena, instruction, PROGRAM_MAX + 1);
        emit(&c, t);
        (void)put(&c, MATCH, 0);
    }
    *why = c.why;
    p->program = c.program;
    p->count = c.count;
    return c.why == NULL ? p : NULL;
}

/* ---- searching ---- */

typedef struct {
    uint32_t *states; /* instructions, each once */
    uint32_t count;
} states;

struct cf_search {
    states now, next;
    uint32_t *stack;
    uint32_t *seen; /* of an instruction: the step it was last added in */
    uint32_t step;
};

cf_search *cf_search_make(cf_arena *arena, const cf_pattern *pattern) {
    cf_search *s = CF_NEW(arena, cf_search);
    const size_t bytes = ((size_t)pattern->count + 1) * sizeof(uint32_t);
    s->now.states = cf_arena_alloc(arena, bytes, sizeof(uint32_t));
    s->next.states = cf_arena_alloc(arena, bytes, sizeof(uint32_t));
    s->stack = cf_arena_alloc(arena, 2 * bytes, sizeof(uint32_t));
    s->seen = cf_arena_alloc(arena, bytes, sizeof(uint32_t));
    if (s->now.states == NULL || s->next.states == NULL || s->stack == NULL || s->seen == NULL)
        return NULL;
    memset(s->seen, 0, bytes);
    return s;
}

static bool in_class(const class *set, uint32_t c) {
    for (uint32_t i = 0; i < set->count; i++)
        if (c >= set->ranges[i].first && c <= set->ranges[i].last) return true;
    return false;
}

static bool matches(const cf_pattern *p, const instruction *i, uint32_t c) {
    if (i->op == CHAR) return i->a == (p->fold ? cf_lower(c) : c);
    if (i->op == ANY) return c != '\n';
    const bool in =
        in_class(i->set, c) ||
        (p->fold && (in_class(i->set, cf_lower(c)) || in_class(i->set, cf_upper(c))));
    return in != i->set->inverted;
}

static bool is_word(uint32_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           c == '_';
}

/* Where in the text: what comes before and after, for ^ $ \b. */
typedef struct {
    bool begin, end, word_before, word_after;
} place;

static bool passes(opcode op, place at) {
    switch (op) {
    case BEGIN: return at.begin;
    case END: return at.end;
    case WORD: return at.word_before != at.word_after;
    default: return at.word_before == at.word_after;
    }
}

/* Adds instruction `first` and all that it leads to without a character; true: a match. */
static bool add_state(const cf_pattern *p, cf_search *s, states *to, uint32_t first, place at) {
    size_t depth = 0;
    s->stack[depth++] = first;
    while (depth > 0) {
        const uint32_t i = s->stack[--depth];
        if (s->seen[i] == s->step) continue;
        s->seen[i] = s->step;
        const instruction *in = &p->program[i];
        switch (in->op) {
        case MATCH: return true;
        case CHAR:
        case ANY:
        case CLASS: to->states[to->count++] = i; break;
        case JUMP: s->stack[depth++] = in->a; break;
        case SPLIT:
            s->stack[depth++] = in->b;
            s->stack[depth++] = in->a;
            break;
        default:
            if (passes(in->op, at)) s->stack[depth++] = i + 1;
        }
    }
    return false;
}

static void new_step(const cf_pattern *p, cf_search *s) {
    if (++s->step != 0) return;
    memset(s->seen, 0, p->count * sizeof *s->seen);
    s->step = 1;
}

static bool run(const cf_pattern *p, cf_search *s, cf_str text) {
    place at = {.begin = true};
    size_t position = 0;
    uint32_t c = 0;
    size_t used = cf_utf8_next(text.data, text.size, &c);
    s->now.count = 0;
    new_step(p, s);
    for (;;) {
        at.end = position == text.size;
        at.word_after = !at.end && is_word(c);
        if (add_state(p, s, &s->now, 0, at)) return true;
        if (at.end) return false;
        /* what follows the states that take c, seen from behind it */
        const uint32_t taken = c;
        position += used;
        used = cf_utf8_next(text.data + position, text.size - position, &c);
        at = (place){false, position == text.size, is_word(taken),
                     position < text.size && is_word(c)};
        s->next.count = 0;
        new_step(p, s);
        for (uint32_t k = 0; k < s->now.count; k++) {
            const uint32_t i = s->now.states[k];
            if (matches(p, &p->program[i], taken) && add_state(p, s, &s->next, i + 1, at))
                return true;
        }
        const states swap = s->now;
        s->now = s->next;
        s->next = swap;
    }
}

static bool find_plain(cf_str text, cf_str what) {
    if (what.size == 0) return true;
    for (size_t at = 0; what.size <= text.size - at;) {
        const char *hit = memchr(text.data + at, what.data[0], text.size - at - what.size + 1);
        if (hit == NULL) return false;
        if (memcmp(hit, what.data, what.size) == 0) return true;
        at = (size_t)(hit - text.data) + 1;
        if (at > text.size) return false;
    }
    return false;
}

bool cf_pattern_found(const cf_pattern *pattern, cf_search *search, cf_str text) {
    if (text.data == NULL) text = CF_STR("");
    return pattern->plain ? find_plain(text, pattern->literal) : run(pattern, search, text);
}
