/* The page: style, cells, outputs in their best form. */

#include "notebook/html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;"
    "color:#1c1e21;background:#fff}\n"
    "pre,code{font:13px/1.4 ui-monospace,monospace}pre{overflow-x:auto;margin:0}\n"
    ".code{background:#f5f6f8;border-left:3px solid #4c78a8;padding:.6em .8em;margin:1em 0 0}\n"
    ".count{float:right;color:#8a8f98;font-size:12px}\n"
    ".out{padding:.4em .8em;margin:.3em 0}.stderr{background:#fff4e5}\n"
    ".error{background:#fdecea;border-left:3px solid #c62828}\n"
    ".raw{color:#555}svg,img{max-width:100%;height:auto}\n"
    "table{border-collapse:collapse;font-size:13px}th,td{padding:.2em .7em;text-align:left;"
    "border-bottom:1px solid #e3e5e8}\n"
    "blockquote{border-left:3px solid #ccd;margin-left:0;padding-left:1em;color:#555}\n"
    "@media (prefers-color-scheme:dark){body{color:#e4e6ea;background:#16181c}"
    ".code{background:#202329}.stderr{background:#3a2e1c}.error{background:#3b1f1f}"
    "th,td{border-color:#34383f}svg,img{background:#fff}}\n";

void cf_nb_html_text(cf_nb_text *out, cf_nb_str text) {
    size_t from = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char *instead = NULL;
        switch (text.data[i]) {
        case '&': instead = "&amp;"; break;
        case '<': instead = "&lt;"; break;
        case '>': instead = "&gt;"; break;
        case '"': instead = "&quot;"; break;
        default: break;
        }
        if (instead == NULL) continue;
        cf_nb_text_add(out, text.data + from, i - from);
        cf_nb_text_adds(out, instead);
        from = i + 1;
    }
    cf_nb_text_add(out, text.data + from, text.size - from);
}

/* ---- colours of a terminal ---- */

typedef struct {
    bool bold, faint;
    int color; /* 30 to 37, 90 to 97; 0: none */
} look;

static const char *color_of(int code) {
    static const char *const colors[] = {"#24292f", "#c62828", "#2e7d32", "#9a6700",
                                         "#1565c0", "#8e24aa", "#00838f", "#6e7781"};
    return colors[(code >= 90 ? code - 90 : code - 30) & 7];
}

static void apply_code(look *l, long code) {
    if (code == 0) *l = (look){0};
    if (code == 1) l->bold = true;
    if (code == 2) l->faint = true;
    if (code == 22) l->bold = l->faint = false;
    if (code == 39) l->color = 0;
    if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) l->color = (int)code;
}

/* From behind the escape sign; returns what is after the sequence. */
static cf_nb_str read_escape(cf_nb_str s, look *l) {
    size_t i = 0;
    if (s.size == 0 || s.data[0] != '[') return s;
    long code = 0;
    for (i = 1; i < s.size && (s.data[i] < '@' || s.data[i] > '~'); i++) {
        if (s.data[i] >= '0' && s.data[i] <= '9' && code < 1000)
            code = code * 10 + (s.data[i] - '0');
        if (s.data[i] == ';') {
            apply_code(l, code);
            code = 0;
        }
    }
    if (i < s.size && s.data[i] == 'm') apply_code(l, code);
    const size_t end = i < s.size ? i + 1 : s.size;
    return (cf_nb_str){s.data + end, s.size - end};
}

static bool is_plain(const look *l) {
    return !l->bold && !l->faint && l->color == 0;
}

void cf_nb_html_ansi(cf_nb_text *out, cf_nb_str text) {
    look l = {0};
    while (text.size > 0) {
        const char *escape = memchr(text.data, '\033', text.size);
        const size_t size = escape != NULL ? (size_t)(escape - text.data) : text.size;
        if (size > 0 && !is_plain(&l)) {
            cf_nb_text_addf(out, "<span style=\"%s%s", l.bold ? "font-weight:bold;" : "",
                            l.faint ? "opacity:.7;" : "");
            if (l.color != 0) cf_nb_text_addf(out, "color:%s", color_of(l.color));
            cf_nb_text_adds(out, "\">");
        }
        cf_nb_html_text(out, (cf_nb_str){text.data, size});
        if (size > 0 && !is_plain(&l)) cf_nb_text_adds(out, "</span>");
        text = (cf_nb_str){text.data + size, text.size - size};
        if (text.size > 0) text = read_escape((cf_nb_str){text.data + 1, text.size - 1}, &l);
    }
}

/* ---- outputs ---- */

/* Pictures and tables come from the notebook's file, which may be anybody's: they are shown in
 * a frame of their own that runs no scripts. */
static void put_framed_svg(cf_nb_text *out, cf_nb_str svg) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    cf_nb_text_adds(out, "<img alt=\"plot\" src=\"data:image/svg+xml;base64,");
    for (size_t i = 0; i < svg.size; i += 3) {
        unsigned char b[3] = {0};
        const size_t n = svg.size - i < 3 ? svg.size - i : 3;
        memcpy(b, svg.data + i, n);
        const unsigned bits = (unsigned)b[0] << 16 | (unsigned)b[1] << 8 | b[2];
        cf_nb_text_addc(out, digits[bits >> 18]);
        cf_nb_text_addc(out, digits[bits >> 12 & 63]);
        cf_nb_text_addc(out, n > 1 ? digits[bits >> 6 & 63] : '=');
        cf_nb_text_addc(out, n > 2 ? digits[bits & 63] : '=');
    }
    cf_nb_text_adds(out, "\">\n");
}

static bool starts_any_case(cf_nb_str s, const char *what) {
    size_t k = 0;
    while (what[k] != '\0' && k < s.size &&
           (s.data[k] == what[k] || (s.data[k] | 0x20) == what[k]))
        k++;
    return what[k] == '\0';
}

/* ` onclick =` and the like. */
static bool is_handler(cf_nb_str s) {
    if (s.size < 4 || strchr(" \t\r\n\f\"'/", s.data[0]) == NULL) return false;
    s = (cf_nb_str){s.data + 1, s.size - 1};
    if (!starts_any_case(s, "on")) return false;
    size_t i = 2;
    while (i < s.size && (s.data[i] | 0x20) >= 'a' && (s.data[i] | 0x20) <= 'z')
        i++;
    while (i < s.size && strchr(" \t\r\n\f", s.data[i]) != NULL)
        i++;
    return i < s.size && s.data[i] == '=';
}

/* A table of ours has no scripts, no handlers and no addresses; what has is not trusted. */
static bool is_harmless(cf_nb_str html) {
    static const char *const bad[] = {"<script", "<iframe", "<object", "<embed",     "<link",
                                      "<meta",   "<base",   "<form",   "<svg",       "<math",
                                      "<img",    "url(",    "@import", "javascript:"};
    for (size_t at = 0; at < html.size; at++) {
        const cf_nb_str rest = {html.data + at, html.size - at};
        if (is_handler(rest)) return false;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
            if (starts_any_case(rest, bad[i])) return false;
    }
    return true;
}

static void put_pre(cf_nb_text *out, const char *class, cf_nb_str text) {
    cf_nb_text_addf(out, "<div class=\"out %s\"><pre>", class);
    cf_nb_html_ansi(out, text);
    cf_nb_text_adds(out, "</pre></div>\n");
}

static void put_bundle(cf_nb_text *out, const cf_nb_json *data) {
    const cf_nb_json *svg = cf_nb_get(data, "image/svg+xml"),
                     *html = cf_nb_get(data, "text/html"), *png = cf_nb_get(data, "image/png"),
                     *markdown = cf_nb_get(data, "text/markdown");
    const bool rich = cf_nb_is(svg, CF_NB_STRING) || cf_nb_is(png, CF_NB_STRING) ||
                      cf_nb_is(markdown, CF_NB_STRING) ||
                      (cf_nb_is(html, CF_NB_STRING) && is_harmless(html->text));
    if (!rich) {
        put_pre(out, "", cf_nb_get_text(data, "text/plain"));
        return;
    }
    cf_nb_text_adds(out, "<div class=\"out\">");
    if (cf_nb_is(svg, CF_NB_STRING)) {
        put_framed_svg(out, svg->text);
    } else if (cf_nb_is(html, CF_NB_STRING) && is_harmless(html->text)) {
        cf_nb_text_addt(out, html->text);
    } else if (cf_nb_is(png, CF_NB_STRING)) {
        cf_nb_text_adds(out, "<img alt=\"plot\" src=\"data:image/png;base64,");
        cf_nb_html_text(out, cf_nb_str_trim(png->text));
        cf_nb_text_adds(out, "\">");
    } else {
        cf_nb_markdown(out, markdown->text, NULL);
    }
    cf_nb_text_adds(out, "</div>\n");
}

static void put_error(cf_nb_text *out, const cf_nb_json *output) {
    cf_nb_text text = {0};
    const cf_nb_json *lines = cf_nb_get(output, "traceback");
    for (size_t i = 0; cf_nb_is(lines, CF_NB_LIST) && i < lines->count; i++) {
        cf_nb_text_addt(&text, lines->items[i]->text);
        cf_nb_text_addc(&text, '\n');
    }
    if (text.size == 0) {
        cf_nb_text_addt(&text, cf_nb_get_text(output, "ename"));
        cf_nb_text_adds(&text, ": ");
        cf_nb_text_addt(&text, cf_nb_get_text(output, "evalue"));
    }
    put_pre(out, "error", cf_nb_text_view(&text));
    cf_nb_text_clear(&text);
}

static void put_output(cf_nb_text *out, const cf_nb_json *output) {
    const cf_nb_str type = cf_nb_get_text(output, "output_type");
    if (cf_nb_str_is(type, "stream"))
        put_pre(out, cf_nb_is_text(cf_nb_get(output, "name"), "stderr") ? "stderr" : "",
                cf_nb_get_text(output, "text"));
    else if (cf_nb_str_is(type, "error"))
        put_error(out, output);
    else
        put_bundle(out, cf_nb_get(output, "data"));
}

/* ---- cells ---- */

static void put_code(cf_nb_text *out, const cf_nb_json *cell) {
    const cf_nb_json *count = cf_nb_get(cell, "execution_count"),
                     *outputs = cf_nb_get(cell, "outputs");
    cf_nb_text_adds(out, "<div class=\"code\">");
    if (cf_nb_is(count, CF_NB_NUMBER)) {
        cf_nb_text_adds(out, "<span class=\"count\">");
        cf_nb_html_text(out, count->text);
        cf_nb_text_adds(out, "</span>");
    }
    cf_nb_text_adds(out, "<pre>");
    cf_nb_html_text(out, cf_nb_cell_source(cell));
    cf_nb_text_adds(out, "</pre></div>\n");
    for (size_t i = 0; cf_nb_is(outputs, CF_NB_LIST) && i < outputs->count; i++)
        put_output(out, outputs->items[i]);
}

static void put_cell(cf_nb_text *out, const cf_nb_json *cell) {
    cf_nb_text_adds(out, "<section id=\"");
    cf_nb_html_text(out, cf_nb_cell_id(cell));
    cf_nb_text_adds(out, "\">\n");
    const cf_nb_cell_kind kind = cf_nb_cell_kind_of(cell);
    if (kind == CF_NB_MARKDOWN) {
        cf_nb_markdown(out, cf_nb_cell_source(cell), cf_nb_get(cell, "attachments"));
    } else if (kind == CF_NB_CODE) {
        put_code(out, cell);
    } else {
        cf_nb_text_adds(out, "<pre class=\"raw\">");
        cf_nb_html_text(out, cf_nb_cell_source(cell));
        cf_nb_text_adds(out, "</pre>\n");
    }
    cf_nb_text_adds(out, "</section>\n");
}

static cf_nb_str title_of(const cf_nb_book *book) {
    const cf_nb_str given = cf_nb_get_text(cf_nb_get(book->root, "metadata"), "title");
    if (given.size > 0) return given;
    for (size_t i = 0; i < book->cells->count; i++)
        if (cf_nb_cell_kind_of(book->cells->items[i]) == CF_NB_MARKDOWN &&
            cf_nb_str_starts(cf_nb_cell_source(book->cells->items[i]), "# "))
            return cf_nb_cell_title(book->cells->items[i]);
    const char *slash = strrchr(book->path, '/');
    return cf_nb_str_of(slash != NULL ? slash + 1 : book->path);
}

cf_nb_str cf_nb_html_page(const cf_nb_book *book, cf_nb_pool *pool) {
    cf_nb_text out = {0};
    cf_nb_text_adds(&out,
                    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    cf_nb_html_text(&out, title_of(book));
    cf_nb_text_adds(&out, "</title>\n<style>\n");
    cf_nb_text_adds(&out, style);
    cf_nb_text_adds(&out, "</style>\n</head>\n<body>\n");
    for (size_t i = 0; i < book->cells->count; i++)
        put_cell(&out, book->cells->items[i]);
    cf_nb_text_adds(&out, "</body>\n</html>\n");
    return cf_nb_text_keep(&out, pool);
}
