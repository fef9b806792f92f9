/* The longest common lines by dynamic programming, after equal beginnings and ends are cut off.
 */

#include "notebook/linediff.h"

#include <stdint.h>
#include <stdlib.h>

enum { CONTEXT = 2 };
#define CELLS_MAX                                                               \
    ((size_t)4000000) /* of the table; larger texts are shown as wholly changed \
                       */

typedef struct {
    cf_nb_str *lines;
    size_t count;
} text_lines;

typedef struct {
    char sign; /* ' ', '-', '+' */
    cf_nb_str line;
} step;

typedef struct {
    step *steps;
    size_t count;
} script;

static text_lines split(cf_nb_pool *pool, cf_nb_str text) {
    cf_nb_str rest = text, line;
    text_lines t = {NULL, 0};
    size_t count = 1;
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == '\n';
    t.lines = cf_nb_alloc(pool, count, sizeof(*t.lines));
    while (cf_nb_str_line(&rest, &line))
        t.lines[t.count++] = line;
    return t;
}

static void add(script *s, char sign, cf_nb_str line) {
    s->steps[s->count++] = (step){sign, line};
}

/* table[i][j]: common lines of a from i and b from j. */
static void middle(script *s, cf_nb_pool *pool, text_lines a, text_lines b) {
    const size_t wide = b.count + 1;
    uint32_t *table = NULL;
    if ((a.count + 1) <= CELLS_MAX / wide)
        table = cf_nb_alloc(pool, (a.count + 1) * wide, sizeof(*table));
    for (size_t i = a.count; table != NULL && i-- > 0;)
        for (size_t j = b.count; j-- > 0;) {
            const uint32_t down = table[(i + 1) * wide + j], right = table[i * wide + j + 1];
            table[i * wide + j] = cf_nb_str_equal(a.lines[i], b.lines[j])
                                      ? table[(i + 1) * wide + j + 1] + 1
                                  : down > right ? down
                                                 : right;
        }
    size_t i = 0, j = 0;
    while (table != NULL && i < a.count && j < b.count) {
        if (cf_nb_str_equal(a.lines[i], b.lines[j])) {
            add(s, ' ', a.lines[i++]);
            j++;
        } else if (table[(i + 1) * wide + j] >= table[i * wide + j + 1]) {
            add(s, '-', a.lines[i++]);
        } else {
            add(s, '+', b.lines[j++]);
        }
    }
    while (i < a.count)
        add(s, '-', a.lines[i++]);
    while (j < b.count)
        add(s, '+', b.lines[j++]);
}

static bool near_change(const script *s, size_t at) {
    const size_t begin = at > CONTEXT ? at - CONTEXT : 0;
    for (size_t i = begin; i < s->count && i <= at + CONTEXT; i++)
        if (s->steps[i].sign != ' ') return true;
    return false;
}

static void print(cf_nb_text *out, const script *s, const char *indent, bool color) {
    bool gap = false;
    for (size_t i = 0; i < s->count; i++) {
        const char sign = s->steps[i].sign;
        if (sign == ' ' && !near_change(s, i)) {
            if (!gap) cf_nb_text_addf(out, "%s  ...\n", indent);
            gap = true;
            continue;
        }
        gap = false;
        const char *on = !color ? "" : sign == '-' ? "\033[31m" : sign == '+' ? "\033[32m" : "";
        cf_nb_text_addf(out, "%s%s%c ", indent, on, sign);
        cf_nb_text_addt(out, s->steps[i].line);
        cf_nb_text_adds(out, *on != '\0' ? "\033[0m\n" : "\n");
    }
}

void cf_nb_line_diff(cf_nb_text *out, cf_nb_str before, cf_nb_str after, const char *indent,
                     bool color) {
    cf_nb_pool *pool = cf_nb_pool_new();
    text_lines a = split(pool, before), b = split(pool, after);
    script s = {cf_nb_alloc(pool, a.count + b.count + 1, sizeof(*s.steps)), 0};
    size_t same = 0, end = 0;
    while (same < a.count && same < b.count && cf_nb_str_equal(a.lines[same], b.lines[same]))
        add(&s, ' ', a.lines[same++]);
    while (end < a.count - same && end < b.count - same &&
           cf_nb_str_equal(a.lines[a.count - 1 - end], b.lines[b.count - 1 - end]))
        end++;
    middle(&s, pool, (text_lines){a.lines + same, a.count - same - end},
           (text_lines){b.lines + same, b.count - same - end});
    for (size_t i = a.count - end; i < a.count; i++)
        add(&s, ' ', a.lines[i]);
    print(out, &s, indent, color);
    cf_nb_pool_free(pool);
}
