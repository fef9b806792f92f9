/* Markdown to HTML, block by block and then sign by sign.  Whatever is not understood is shown
 * as it stands, so nothing is ever lost. */

#include "notebook/html.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 8, SPAN_DEPTH_MAX = 8 };

typedef struct {
    cf_nb_text *out;
    const cf_nb_json *attachments;
    unsigned depth;
} page;

static cf_nb_str cut(cf_nb_str s, size_t n) {
    if (n > s.size) n = s.size;
    return (cf_nb_str){s.data + n, s.size - n};
}

static void put(const page *p, const char *text) {
    cf_nb_text_adds(p->out, text);
}

static bool is_blank(cf_nb_str line) {
    return cf_nb_str_trim(line).size == 0;
}

/* ---- within a line ---- */

static void spans(page *p, cf_nb_str s);

/* Where `mark` stands next, not after a backslash; s.size: nowhere. */
static size_t find(cf_nb_str s, size_t from, const char *mark) {
    const size_t n = strlen(mark);
    for (size_t i = from; i + n <= s.size; i++) {
        if (memcmp(s.data + i, mark, n) == 0) return i;
        if (s.data[i] == '\\') i++;
    }
    return s.size;
}

static bool is_safe(cf_nb_str target) {
    static const char *const good[] = {"http://", "https://", "mailto:", "#", "/", "./", "../"};
    const char *colon = target.size > 0 ? memchr(target.data, ':', target.size) : NULL;
    if (colon == NULL) return true;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (cf_nb_str_starts(target, good[i])) return true;
    return false;
}

static void put_attachment(page *p, cf_nb_str name) {
    const cf_nb_json *bundle = cf_nb_get_str(p->attachments, name);
    if (!cf_nb_is(bundle, CF_NB_OBJECT) || bundle->count == 0 ||
        !cf_nb_is(bundle->items[0], CF_NB_STRING))
        return;
    put(p, "data:");
    cf_nb_html_text(p->out, bundle->keys[0]);
    put(p, ";base64,");
    cf_nb_html_text(p->out, bundle->items[0]->text);
}

/* [text](target "title") or ![text](target); returns its size, 0: it is none. */
static size_t link_at(page *p, cf_nb_str s) {
    const bool picture = s.data[0] == '!';
    const size_t open = picture, close = find(s, open + 1, "](");
    if (close == s.size) return 0;
    const size_t end = find(s, close + 2, ")");
    if (end == s.size) return 0;
    const cf_nb_str text = {s.data + open + 1, close - open - 1};
    cf_nb_str target = cf_nb_str_trim((cf_nb_str){s.data + close + 2, end - close - 2});
    const char *space = target.size > 0 ? memchr(target.data, ' ', target.size) : NULL;
    if (space != NULL) target.size = (size_t)(space - target.data);
    if (memchr(text.data, '\n', text.size) != NULL && text.size > 500) return 0;
    const bool attached = cf_nb_str_starts(target, "attachment:");
    if (!attached && !is_safe(target)) return 0;
    put(p, picture ? "<img src=\"" : "<a href=\"");
    if (attached)
        put_attachment(p, cut(target, 11));
    else
        cf_nb_html_text(p->out, target);
    put(p, picture ? "\" alt=\"" : "\">");
    if (picture)
        cf_nb_html_text(p->out, text);
    else
        spans(p, text);
    put(p, picture ? "\">" : "</a>");
    return end + 1;
}

/* **strong**, *emphasis*, ~~deleted~~, the same with underscores. */
static size_t emphasis_at(page *p, cf_nb_str s, char before) {
    static const struct {
        const char *mark, *tag;
    } kinds[] = {{"**", "strong"}, {"__", "strong"}, {"~~", "del"}, {"*", "em"}, {"_", "em"}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *mark = kinds[i].mark;
        const size_t n = strlen(mark);
        if (!cf_nb_str_starts(s, mark) || s.size <= n || s.data[n] == ' ') continue;
        const bool in_word =
            mark[0] == '_' && ((before >= '0' && before <= '9') ||
                               ((before | 0x20) >= 'a' && (before | 0x20) <= 'z'));
        const size_t end = in_word ? s.size : find(s, n, mark);
        if (end == s.size || end == n || s.data[end - 1] == ' ') continue;
        cf_nb_text_addf(p->out, "<%s>", kinds[i].tag);
        spans(p, (cf_nb_str){s.data + n, end - n});
        cf_nb_text_addf(p->out, "</%s>", kinds[i].tag);
        return end + n;
    }
    return 0;
}

/* `code`, with as many backticks at both ends. */
static size_t code_at(page *p, cf_nb_str s) {
    char fence[8] = "";
    size_t n = 0;
    while (n < s.size && n < sizeof(fence) - 1 && s.data[n] == '`')
        fence[n++] = '`';
    size_t end = n;
    while (end + n <= s.size && memcmp(s.data + end, fence, n) != 0)
        end++;
    if (end + n > s.size) return 0;
    put(p, "<code>");
    cf_nb_html_text(p->out, cf_nb_str_trim((cf_nb_str){s.data + n, end - n}));
    put(p, "</code>");
    return end + n;
}

/* $x$ and $$x$$: left for whoever shows formulas, so nothing in them is emphasis. */
static size_t formula_at(page *p, cf_nb_str s) {
    const char *mark = cf_nb_str_starts(s, "$$") ? "$$" : "$";
    const size_t n = strlen(mark), end = find(s, n, mark);
    if (end == s.size || end == n) return 0;
    if (n == 1 && (s.data[1] == ' ' || s.data[end - 1] == ' ')) return 0;
    cf_nb_html_text(p->out, (cf_nb_str){s.data, end + n});
    return end + n;
}

static size_t plain_link_at(page *p, cf_nb_str s) {
    const bool angle = s.data[0] == '<';
    const cf_nb_str rest = cut(s, angle);
    if (!cf_nb_str_starts(rest, "http://") && !cf_nb_str_starts(rest, "https://")) return 0;
    size_t n = 0;
    while (n < rest.size && strchr(" \t\n<>\"'`)", rest.data[n]) == NULL)
        n++;
    if (angle && (n == rest.size || rest.data[n] != '>')) return 0;
    while (!angle && n > 0 && strchr(".,;:!?", rest.data[n - 1]) != NULL)
        n--;
    const cf_nb_str target = {rest.data, n};
    put(p, "<a href=\"");
    cf_nb_html_text(p->out, target);
    put(p, "\">");
    cf_nb_html_text(p->out, target);
    put(p, "</a>");
    return n + 2U * angle;
}

static size_t span_at(page *p, cf_nb_str s, char before) {
    switch (s.data[0]) {
    case '`': return code_at(p, s);
    case '$': return formula_at(p, s);
    case '*':
    case '_':
    case '~': return emphasis_at(p, s, before);
    case '[': return link_at(p, s);
    case '!': return s.size > 1 && s.data[1] == '[' ? link_at(p, s) : 0;
    case '<':
    case 'h': return plain_link_at(p, s);
    case '\\':
        if (s.size < 2 || strchr("\\`*_{}[]()#+-.!|<>~$", s.data[1]) == NULL) return 0;
        cf_nb_html_text(p->out, (cf_nb_str){s.data + 1, 1});
        return 2;
    case ' ':
        if (!cf_nb_str_starts(s, "  \n")) return 0;
        put(p, "<br>\n");
        return 3;
    default: return 0;
    }
}

static void spans(page *p, cf_nb_str s) {
    if (++p->depth > SPAN_DEPTH_MAX) {
        cf_nb_html_text(p->out, s);
        p->depth--;
        return;
    }
    char before = ' ';
    while (s.size > 0) {
        const size_t n = span_at(p, s, before);
        if (n == 0) cf_nb_html_text(p->out, (cf_nb_str){s.data, 1});
        before = s.data[n > 0 ? n - 1 : 0];
        s = cut(s, n > 0 ? n : 1);
    }
    p->depth--;
}

/* ---- blocks ---- */

typedef struct {
    cf_nb_str *lines;
    size_t count;
} block_lines;

static void blocks(page *p, block_lines b, unsigned depth);

static size_t indent_of(cf_nb_str line) {
    size_t n = 0;
    while (n < line.size && line.data[n] == ' ')
        n++;
    return n;
}

static size_t heading_level(cf_nb_str line) {
    size_t n = 0;
    while (n < line.size && n < 7 && line.data[n] == '#')
        n++;
    return n >= 1 && n <= 6 && (n == line.size || line.data[n] == ' ') ? n : 0;
}

static bool is_rule(cf_nb_str line) {
    line = cf_nb_str_trim(line);
    size_t count = 0;
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] == ' ') continue;
        if (line.data[i] != line.data[0] || strchr("-*_", line.data[0]) == NULL) return false;
        count++;
    }
    return count >= 3;
}

static bool is_fence(cf_nb_str line) {
    line = cf_nb_str_trim(line);
    return cf_nb_str_starts(line, "```") || cf_nb_str_starts(line, "~~~");
}

/* The size of a list's mark with the blank after it; 0: none. */
static size_t list_mark(cf_nb_str line, bool *ordered) {
    size_t n = indent_of(line), from = n;
    *ordered = false;
    if (n < line.size && strchr("-*+", line.data[n]) != NULL)
        return n + 1 < line.size && line.data[n + 1] == ' ' && !is_rule(line) ? n + 2 : 0;
    while (n < line.size && n - from < 9 && line.data[n] >= '0' && line.data[n] <= '9')
        n++;
    *ordered = true;
    if (n == from || n + 1 >= line.size) return 0;
    return (line.data[n] == '.' || line.data[n] == ')') && line.data[n + 1] == ' ' ? n + 2 : 0;
}

static bool is_table_rule(cf_nb_str line) {
    line = cf_nb_str_trim(line);
    bool dash = false, bar = false;
    for (size_t i = 0; i < line.size; i++) {
        if (strchr("|-: ", line.data[i]) == NULL) return false;
        dash |= line.data[i] == '-';
        bar |= line.data[i] == '|';
    }
    return dash && bar;
}

static bool has_bar(cf_nb_str line) {
    return line.size > 0 && memchr(line.data, '|', line.size) != NULL;
}

static size_t put_fence(page *p, block_lines b, size_t at) {
    const cf_nb_str mark = {cf_nb_str_trim(b.lines[at]).data, 3};
    put(p, "<pre><code>");
    for (at++; at < b.count; at++) {
        const cf_nb_str line = cf_nb_str_trim(b.lines[at]);
        if (line.size >= 3 && memcmp(line.data, mark.data, 3) == 0) {
            at++;
            break;
        }
        cf_nb_html_text(p->out, b.lines[at]);
        put(p, "\n");
    }
    put(p, "</code></pre>\n");
    return at;
}

static size_t put_indented(page *p, block_lines b, size_t at) {
    put(p, "<pre><code>");
    for (; at < b.count && indent_of(b.lines[at]) >= 4; at++) {
        cf_nb_html_text(p->out, cut(b.lines[at], 4));
        put(p, "\n");
    }
    put(p, "</code></pre>\n");
    return at;
}

/* `:--`, `--:`, `:-:` of the n-th column. */
static const char *alignment(cf_nb_str rule, size_t column) {
    rule = cf_nb_str_trim(rule);
    if (rule.size > 0 && rule.data[0] == '|') rule = cut(rule, 1);
    for (size_t i = 0; i < column; i++) {
        const size_t bar = find(rule, 0, "|");
        rule = cut(rule, bar + 1);
    }
    const cf_nb_str cell = cf_nb_str_trim((cf_nb_str){rule.data, find(rule, 0, "|")});
    if (cell.size == 0 || cell.data[cell.size - 1] != ':') return "";
    return cell.data[0] == ':' ? " style=\"text-align:center\"" : " style=\"text-align:right\"";
}

static void put_row(page *p, cf_nb_str line, cf_nb_str rule, const char *tag) {
    line = cf_nb_str_trim(line);
    if (line.size > 0 && line.data[0] == '|') line = cut(line, 1);
    put(p, "<tr>");
    for (size_t column = 0; line.size > 0 && column < 1000; column++) {
        const size_t bar = find(line, 0, "|");
        cf_nb_text_addf(p->out, "<%s%s>", tag, alignment(rule, column));
        spans(p, cf_nb_str_trim((cf_nb_str){line.data, bar}));
        cf_nb_text_addf(p->out, "</%s>", tag);
        line = cut(line, bar + 1);
    }
    put(p, "</tr>\n");
}

static size_t put_table(page *p, block_lines b, size_t at) {
    const cf_nb_str rule = b.lines[at + 1];
    put(p, "<table>\n");
    put_row(p, b.lines[at], rule, "th");
    for (at += 2; at < b.count && has_bar(b.lines[at]); at++)
        put_row(p, b.lines[at], rule, "td");
    put(p, "</table>\n");
    return at;
}

static size_t put_quote(page *p, block_lines b, size_t at, unsigned depth) {
    const size_t from = at;
    for (; at < b.count && cf_nb_str_starts(b.lines[at], ">"); at++)
        b.lines[at] = cut(b.lines[at], cf_nb_str_starts(b.lines[at], "> ") ? 2 : 1);
    put(p, "<blockquote>\n");
    blocks(p, (block_lines){b.lines + from, at - from}, depth + 1);
    put(p, "</blockquote>\n");
    return at;
}

/* One item: its first line, and those below that are indented as far as its text. */
static size_t put_item(page *p, block_lines b, size_t at, size_t mark, unsigned depth) {
    const size_t from = at;
    bool simple = true;
    b.lines[at] = cut(b.lines[at], mark);
    for (at++; at < b.count; at++) {
        const bool blank = is_blank(b.lines[at]);
        const size_t indent = indent_of(b.lines[at]);
        bool ordered;
        if (!blank && indent < 2 && list_mark(b.lines[at], &ordered) > 0) break;
        if (!blank && indent < 2 && is_blank(b.lines[at - 1])) break;
        if (!blank) b.lines[at] = cut(b.lines[at], indent < mark ? indent : mark);
        simple &= !blank && list_mark(b.lines[at], &ordered) == 0;
    }
    size_t end = at;
    while (end > from + 1 && is_blank(b.lines[end - 1]))
        end--;
    put(p, "<li>");
    if (simple || end == from + 1) {
        for (size_t i = from; i < end; i++) {
            if (i > from) put(p, "\n");
            spans(p, b.lines[i]);
        }
    } else {
        blocks(p, (block_lines){b.lines + from, end - from}, depth + 1);
    }
    put(p, "</li>\n");
    return at;
}

static size_t put_list(page *p, block_lines b, size_t at, unsigned depth) {
    bool ordered, this_one;
    list_mark(b.lines[at], &ordered);
    put(p, ordered ? "<ol>\n" : "<ul>\n");
    for (size_t mark = 0;
         at < b.count && (mark = list_mark(b.lines[at], &this_one)) > 0 && this_one == ordered;)
        at = put_item(p, b, at, mark, depth);
    put(p, ordered ? "</ol>\n" : "</ul>\n");
    return at;
}

static bool ends_paragraph(block_lines b, size_t at) {
    bool ordered;
    const cf_nb_str line = b.lines[at];
    return is_blank(line) || heading_level(line) > 0 || is_fence(line) || is_rule(line) ||
           cf_nb_str_starts(line, ">") || list_mark(line, &ordered) > 0 ||
           (at + 1 < b.count && has_bar(line) && is_table_rule(b.lines[at + 1]));
}

static size_t put_paragraph(page *p, block_lines b, size_t at) {
    cf_nb_text text = {0};
    const size_t from = at;
    const char *tag = "p";
    for (; at < b.count && (at == from || !ends_paragraph(b, at)); at++) {
        const cf_nb_str line = cf_nb_str_trim(b.lines[at]);
        if (at > from && line.size > 0 && strspn(line.data, "=") >= line.size) {
            tag = "h1"; /* underlined */
            at++;
            break;
        }
        if (at > from) cf_nb_text_addc(&text, '\n');
        cf_nb_text_addt(&text, b.lines[at]);
    }
    cf_nb_text_addf(p->out, "<%s>", tag);
    spans(p, cf_nb_text_view(&text));
    cf_nb_text_addf(p->out, "</%s>\n", tag);
    cf_nb_text_clear(&text);
    return at;
}

static size_t put_heading(page *p, block_lines b, size_t at) {
    const size_t level = heading_level(b.lines[at]);
    cf_nb_str text = cf_nb_str_trim(cut(b.lines[at], level));
    while (text.size > 0 && text.data[text.size - 1] == '#')
        text.size--;
    cf_nb_text_addf(p->out, "<h%zu>", level);
    spans(p, cf_nb_str_trim(text));
    cf_nb_text_addf(p->out, "</h%zu>\n", level);
    return at + 1;
}

static size_t put_block(page *p, block_lines b, size_t at, unsigned depth) {
    const cf_nb_str line = b.lines[at];
    bool ordered;
    if (is_blank(line)) return at + 1;
    if (is_fence(line)) return put_fence(p, b, at);
    if (heading_level(line) > 0) return put_heading(p, b, at);
    if (depth < DEPTH_MAX && list_mark(line, &ordered) > 0) return put_list(p, b, at, depth);
    if (is_rule(line)) {
        put(p, "<hr>\n");
        return at + 1;
    }
    if (depth < DEPTH_MAX && cf_nb_str_starts(line, ">")) return put_quote(p, b, at, depth);
    if (at + 1 < b.count && has_bar(line) && is_table_rule(b.lines[at + 1]))
        return put_table(p, b, at);
    if (indent_of(line) >= 4) return put_indented(p, b, at);
    return put_paragraph(p, b, at);
}

static void blocks(page *p, block_lines b, unsigned depth) {
    for (size_t at = 0; at < b.count;)
        at = put_block(p, b, at, depth);
}

void cf_nb_markdown(cf_nb_text *out, cf_nb_str text, const cf_nb_json *attachments) {
    cf_nb_pool *pool = cf_nb_pool_new();
    page p = {out, attachments, 0};
    size_t count = 1;
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == '\n';
    block_lines b = {cf_nb_alloc(pool, count, sizeof(cf_nb_str)), 0};
    cf_nb_str line;
    while (cf_nb_str_line(&text, &line)) {
        if (line.size > 0 && line.data[line.size - 1] == '\r') line.size--;
        b.lines[b.count++] = line;
    }
    blocks(&p, b, 0);
    cf_nb_pool_free(pool);
}
