#include "notebook/html.h"
#include "test.h"

#include <stdlib.h>

static void gives(const char *markdown, const char *want) {
    cf_nb_text out = {0};
    cf_nb_markdown(&out, cf_nb_str_of(markdown), NULL);
    CHECK_STR(out.data != NULL ? out.data : "", want);
    cf_nb_text_clear(&out);
}

static void headings_paragraphs_and_rules(void) {
    gives("# A\ntext\nmore\n\n## B ##\n***\n",
          "<h1>A</h1>\n<p>text\nmore</p>\n<h2>B</h2>\n<hr>\n");
    gives("#no\n", "<p>#no</p>\n");
    gives("Title\n=====\n", "<h1>Title</h1>\n");
    gives("", "");
}

static void emphasis_code_and_links(void) {
    gives("*a* **b** __c__ ~~d~~ `e*f*` a_b_c 2 * 3",
          "<p><em>a</em> <strong>b</strong> <strong>c</strong> "
          "<del>d</del> <code>e*f*</code> a_b_c 2 * 3</p>\n");
    gives("[x *y*](http://a.b/?c&d \"t\") https://e.f/g. <http://h>",
          "<p><a href=\"http://a.b/?c&amp;d\">x <em>y</em></a> <a "
          "href=\"https://e.f/g\">https://e.f/g</a>. "
          "<a href=\"http://h\">http://h</a></p>\n");
    gives("![p](a.png) [b](javascript:x)",
          "<p><img src=\"a.png\" alt=\"p\"> [b](javascript:x)</p>\n");
    gives("\\*no\\* a  \nb", "<p>*no* a<br>\nb</p>\n");
}

static void formulas_stay_as_they_are(void) {
    gives("$a_1 * b * c_2 < 3$ and $$x_i$$", "<p>$a_1 * b * c_2 &lt; 3$ and $$x_i$$</p>\n");
    gives("5 $ and 6 $", "<p>5 $ and 6 $</p>\n");
}

static void html_is_shown_and_not_obeyed(void) {
    gives("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n");
    gives("[a](http://x\"onclick=y)", "<p><a href=\"http://x&quot;onclick=y\">a</a></p>\n");
}

static void lists_nest(void) {
    gives("- a\n- b\n  - c\n\n1. x\n2. y\n",
          "<ul>\n<li>a</li>\n<li><p>b</p>\n<ul>\n<li>c</li>\n</ul>\n</li>\n</ul>\n"
          "<ol>\n<li>x</li>\n<li>y</li>\n</ol>\n");
}

static void code_and_quotes(void) {
    gives("```python\na < b\n\n# c\n```\ntext",
          "<pre><code>a &lt; b\n\n# c\n</code></pre>\n<p>text</p>\n");
    gives("    x\n", "<pre><code>x\n</code></pre>\n");
    gives("> a\n> # b\n", "<blockquote>\n<p>a</p>\n<h1>b</h1>\n</blockquote>\n");
    gives("```\nopen", "<pre><code>open\n</code></pre>\n");
}

static void tables_have_alignment(void) {
    gives("| a | b |\n|---|:-:|\n| 1 | *2* |\n",
          "<table>\n<tr><th>a</th><th style=\"text-align:center\">b</th></tr>\n"
          "<tr><td>1</td><td style=\"text-align:center\"><em>2</em></td></tr>\n</table>\n");
}

static void attachments_become_part_of_the_page(void) {
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_json *attachments = NULL;
    cf_nb_text out = {0};
    CHECK(cf_nb_json_read(pool, cf_nb_str_of("{\"a.png\": {\"image/png\": \"QUJD\"}}"),
                          &attachments, NULL) == CF_OK);
    cf_nb_markdown(&out, cf_nb_str_of("![p](attachment:a.png)"), attachments);
    CHECK_STR(out.data, "<p><img src=\"data:image/png;base64,QUJD\" alt=\"p\"></p>\n");
    cf_nb_text_clear(&out);
    cf_nb_pool_free(pool);
}

static void colours_become_spans(void) {
    cf_nb_text out = {0};
    cf_nb_html_ansi(&out, cf_nb_str_of("a\033[1;31m<b>\033[0mc\033[2Kd\033[3"));
    CHECK_STR(out.data, "a<span style=\"font-weight:bold;color:#c62828\">&lt;b&gt;</span>cd");
    cf_nb_text_clear(&out);
}

int main(void) {
    RUN(headings_paragraphs_and_rules);
    RUN(emphasis_code_and_links);
    RUN(formulas_stay_as_they_are);
    RUN(html_is_shown_and_not_obeyed);
    RUN(lists_nest);
    RUN(code_and_quotes);
    RUN(tables_have_alignment);
    RUN(attachments_become_part_of_the_page);
    RUN(colours_become_spans);
    return cf_test_failures != 0;
}
