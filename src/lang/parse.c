#include "lang/parse_internal.h"

#include <string.h>

/* Expressions, calls and pipelines, by recursive descent over the stream.
 *
 * A function that meets a mistake reports it and returns NULL; the stage (or the item of a
 * tuple) is then skipped and the next one is looked at.  What is in brackets recovers by
 * itself, since the stream knows where they end: the expression around it goes on, and the
 * statement is only marked as bad.
 *
 * `sort -pt` is read twice, as a subtraction and as a call (rulings, 4).  Operands are
 * remembered by the token that they begin at, so that the second reading costs nothing and
 * brackets within brackets do not double the work at every level. */

typedef struct {
    unsigned height; /* of the tree below: kept, so that it can be limited */
    cf_ast node;
} tall;

static unsigned height_of(const cf_ast *node) {
    const char *at = (const char *)node - offsetof(tall, node);
    unsigned height = 0;
    memcpy(&height, at, sizeof height);
    return height;
}

static cf_ast *new_node(cf_parser *p, cf_ast_kind kind, cf_span at) {
    cf_ast *node = &CF_NEW(p->arena, tall)->node;
    node->kind = kind;
    node->span = at;
    return node;
}

/* Says that `child` hangs below `node`. */
static void hang(cf_parser *p, cf_ast *node, const cf_ast *child) {
    if (child == NULL) return;
    const unsigned height = height_of(child) + 1;
    if (height > height_of(node))
        memcpy((char *)node - offsetof(tall, node), &height, sizeof height);
    if (height <= CF_HEIGHT_MAX || p->too_deep) return;
    cf_error *e = cf_complain(p, CF_E_SYNTAX, child->span,
                              "this expression is too long or too deeply nested");
    cf_error_label(e, "more than %u levels", CF_HEIGHT_MAX);
    cf_error_hint(e, "give its parts names with `let` or `derive`");
    cf_report(p);
    p->too_deep = true;
}

/* ---- small things ------------------------------------------------------------------------ */

void cf_parser_init(cf_parser *p, cf_arena *arena, const cf_stream *stream, cf_diags *diags) {
    memset(p, 0, sizeof *p);
    p->arena = arena;
    p->stream = stream;
    p->at = p->stage = stream->items;
    p->memos = CF_NEWS(arena, cf_memo, stream->count);
    p->diags = diags;
}

cf_str cf_span_text(const cf_parser *p, cf_span at) {
    return (cf_str){p->stream->text + at.begin, at.end - at.begin};
}

cf_span cf_span_join(cf_span from, cf_span to) {
    return (cf_span){from.source, from.begin, to.end > from.end ? to.end : from.end};
}

cf_span cf_since(const cf_parser *p, cf_span from) {
    return p->at > p->stream->items ? cf_span_join(from, p->at[-1].span) : from;
}

bool cf_at_sign(const cf_lexeme *t, cf_sign sign) {
    return t->sign == sign;
}

char cf_at_bracket(const cf_parser *p, const cf_lexeme *t) {
    return t->kind == CF_TOK_OPEN ? p->stream->text[t->span.begin] : '\0';
}

/* Words are names too, except for the values and `let`. */
bool cf_at_name(const cf_lexeme *t) {
    if (t->kind == CF_TOK_KEYWORD) return t->sign > CF_WORD_NULL && t->sign != CF_WORD_LET;
    return t->kind == CF_TOK_NAME || t->kind == CF_TOK_QUOTED;
}

static bool take_sign(cf_parser *p, cf_sign sign) {
    if (p->at->sign != sign) return false;
    p->at++;
    return true;
}

bool cf_parse_name(cf_parser *p, cf_name *name) {
    if (!cf_at_name(p->at)) return false;
    const bool quoted = p->at->kind == CF_TOK_QUOTED;
    const cf_str text = cf_span_text(p, p->at->span);
    const cf_str inside = {text.data + quoted, text.size - 2 * (size_t)quoted};
    name->text = (cf_str){cf_str_dup(p->arena, inside), inside.size};
    name->span = p->at->span;
    name->quoted = quoted;
    p->at++;
    return true;
}

cf_item *cf_items_push(cf_parser *p, cf_items *list) {
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 2 : list->capacity * 2;
        cf_item *grown = CF_NEWS(p->arena, cf_item, capacity);
        if (list->count > 0) memcpy(grown, list->items, list->count * sizeof *grown);
        list->items = grown;
        list->capacity = capacity;
    }
    return &list->items[list->count++];
}

static void hang_items(cf_parser *p, cf_ast *node, const cf_items *list) {
    for (size_t i = 0; i < list->count; i++) {
        hang(p, node, list->items[i].cond);
        hang(p, node, list->items[i].value);
    }
}

static bool enter(cf_parser *p) {
    if (p->depth < CF_NESTING_MAX) {
        p->depth++;
        return true;
    }
    if (!p->too_deep) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span, "too deeply nested");
        cf_error_label(e, "more than %u levels", CF_NESTING_MAX);
        cf_report(p);
    }
    p->too_deep = p->bad = true;
    return false;
}

static void leave(cf_parser *p) {
    p->depth--;
}

/* Could the token begin a value? */
bool cf_at_operand(const cf_lexeme *t) {
    switch (t->kind) {
    case CF_TOK_NAME:
    case CF_TOK_QUOTED:
    case CF_TOK_PARAM:
    case CF_TOK_INT:
    case CF_TOK_FLOAT:
    case CF_TOK_TEXT:
    case CF_TOK_FSTRING:
    case CF_TOK_DATE:
    case CF_TOK_DURATION:
    case CF_TOK_OPEN: return true;
    case CF_TOK_KEYWORD: return t->sign != CF_WORD_LET;
    case CF_TOK_OPERATOR:
        return t->sign == CF_SIGN_NOT || t->sign == CF_SIGN_SUB || t->sign == CF_SIGN_ADD ||
               t->sign == CF_SIGN_EQ || t->sign == CF_SIGN_RANGE;
    default: return false;
    }
}

/* Could it begin one more argument?  What may be a binary operator is one. */
static bool at_argument(const cf_lexeme *t) {
    if (t->kind == CF_TOK_KEYWORD)
        return t->sign != CF_WORD_IN && t->sign != CF_WORD_AS && t->sign != CF_WORD_INTO &&
               t->sign != CF_WORD_LET;
    if (t->kind == CF_TOK_OPERATOR)
        return t->sign == CF_SIGN_NOT ||
               (t->sign == CF_SIGN_RANGE && t->space_before && !t->space_after);
    return cf_at_operand(t);
}

/* ---- types ------------------------------------------------------------------------------- */

static cf_type_ast *parse_list_type(cf_parser *p, cf_type_ast *type) {
    const cf_lexeme *close = p->stream->items + p->at->match;
    type->kind = CF_TYPE_LIST;
    p->at++;
    type->element = cf_parse_type(p);
    if (type->element != NULL && p->at != close) cf_complain_unexpected(p, 0);
    if (type->element != NULL && p->at != close) type = NULL;
    p->at = close + 1;
    return type == NULL || type->element == NULL ? NULL : type;
}

static bool parse_type_field(cf_parser *p, cf_type_ast *type, size_t capacity) {
    CF_ASSERT(type->count < capacity);
    if (!cf_parse_name(p, &type->names[type->count]) || !take_sign(p, CF_SIGN_ASSIGN)) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span,
                                  "a type's fields are written `name = type`");
        cf_error_label(e, "in this tuple type");
        cf_report(p);
        return false;
    }
    type->types[type->count] = cf_parse_type(p);
    return type->types[type->count++] != NULL;
}

static cf_type_ast *parse_tuple_type(cf_parser *p, cf_type_ast *type) {
    const cf_lexeme *close = p->stream->items + p->at->match;
    const size_t capacity =
        (size_t)(close - p->at) / 2 + 1; /* a field and its comma: > 2 tokens */
    type->kind = CF_TYPE_TUPLE;
    type->names = CF_NEWS(p->arena, cf_name, capacity);
    type->types = CF_NEWS(p->arena, cf_type_ast *, capacity);
    p->at++;
    while (p->at < close) {
        const bool good = parse_type_field(p, type, capacity);
        if (good && p->at->kind != CF_TOK_COMMA && p->at != close) cf_complain_unexpected(p, 0);
        if (!good || (p->at->kind != CF_TOK_COMMA && p->at != close)) {
            p->at = close + 1;
            return NULL;
        }
        if (p->at != close) p->at++;
    }
    p->at++;
    return type;
}

cf_type_ast *cf_parse_type(cf_parser *p) {
    if (!enter(p)) return NULL;
    cf_type_ast *type = CF_NEW(p->arena, cf_type_ast);
    const cf_span from = p->at->span;
    cf_name name = {0};
    if (cf_at_bracket(p, p->at) == '[') {
        type = parse_list_type(p, type);
    } else if (cf_at_bracket(p, p->at) == '{') {
        type = parse_tuple_type(p, type);
    } else if (cf_parse_name(p, &name)) {
        type->kind = CF_TYPE_NAME;
        type->name = name.text;
    } else {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span, "a type is missing");
        cf_error_label(e, "type expected");
        cf_error_hint(e,
                      "types are `int float bool text date time timestamp duration`, `[type]`, "
                      "`{name = type}`, `relation`, `func`");
        cf_report(p);
        type = NULL;
    }
    if (type != NULL) type->span = cf_since(p, from);
    leave(p);
    return type;
}

/* `<type>`; the current token is the `<`.  In `let x <int>= 3` the `>=` is two signs. */
cf_type_ast *cf_parse_type_in_angles(cf_parser *p) {
    p->at++;
    cf_type_ast *type = cf_parse_type(p);
    if (type == NULL) return NULL;
    if (take_sign(p, CF_SIGN_GT) || cf_at_sign(p->at, CF_SIGN_GE)) return type;
    cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span, "the type needs a `>` behind it");
    cf_error_label(e, "`>` expected");
    cf_report(p);
    return NULL;
}

/* ---- brackets ---------------------------------------------------------------------------- */

/* Skips to where the current list of stages or items may go on. */
static void skip_stage(cf_parser *p, unsigned flags) {
    for (;; p->at++) {
        if (p->at->kind == CF_TOK_OPEN)
            p->at = p->stream->items + p->at->match;
        else if (p->at->kind == CF_TOK_PIPE)
            return;
        else if (p->at->kind == CF_TOK_COMMA && (flags & CF_STAGES_COMMA))
            return;
        else if (p->at->kind == CF_TOK_NEWLINE && (p->at->stop || (flags & CF_STAGES_LINES)))
            return;
        else if (p->at->kind == CF_TOK_CLOSE || p->at->kind == CF_TOK_END ||
                 p->at->kind == CF_TOK_SEMICOLON)
            return;
    }
}

typedef bool item_parser(cf_parser *p, cf_item *item);

/* `[..]`, `{..}` and the brackets of a tight call: items between commas.  The current token is
 * the opening bracket; afterwards it is the one behind the closing bracket. */
static void parse_items(cf_parser *p, item_parser *parse_item, cf_items *out) {
    const cf_lexeme *open = p->at, *close = p->stream->items + open->match;
    p->quiet += open->broken;
    p->bad |= open->broken;
    p->at++;
    while (p->at < close) {
        cf_item item = {0};
        bool good = parse_item(p, &item);
        if (good && p->at->kind != CF_TOK_COMMA && p->at != close) {
            cf_complain_unexpected(p, CF_STAGES_COMMA);
            good = false;
        }
        if (good) *cf_items_push(p, out) = item;
        while (!good && p->at < close && p->at->kind != CF_TOK_COMMA) {
            skip_stage(p, CF_STAGES_COMMA);
            if (p->at < close && p->at->kind != CF_TOK_COMMA) p->at++;
        }
        if (p->at < close) p->at++;
    }
    p->at = close + 1;
    p->quiet -= open->broken;
}

static bool at_named(const cf_lexeme *t, cf_sign sign) {
    return cf_at_name(t) && t[1].sign == sign;
}

static bool parse_item_value(cf_parser *p, cf_item *item) {
    item->value = cf_parse_stages_node(p, CF_STAGES_COMMA);
    return item->value != NULL;
}

static bool parse_tuple_item(cf_parser *p, cf_item *item) {
    if (at_named(p->at, CF_SIGN_ASSIGN)) {
        (void)cf_parse_name(p, &item->name);
        p->at++;
    } else if (p->at[1].sign == CF_SIGN_COLON &&
               (cf_at_name(p->at) || p->at->kind == CF_TOK_TEXT)) {
        const cf_str name = cf_span_text(p, p->at->span);
        const size_t quote = p->at->kind == CF_TOK_TEXT;
        cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at[1].span,
                                  "a tuple's items are written `name = value`");
        cf_error_label(e, "`=` expected");
        if (name.size > 2 * quote)
            cf_error_hint(e, "write `%.*s = ..`", (int)(name.size - 2 * quote),
                          name.data + quote);
        cf_report(p);
        return false;
    }
    return parse_item_value(p, item);
}

static bool parse_array_item(cf_parser *p, cf_item *item) {
    if (!at_named(p->at, CF_SIGN_ASSIGN)) return parse_item_value(p, item);
    cf_error *e =
        cf_complain(p, CF_E_SYNTAX, p->at[1].span, "the elements of a list have no names");
    cf_error_label(e, "unexpected `=`");
    cf_error_hint(e, "a tuple is written in braces: `[{%.*s = ..}]`",
                  CF_STR_ARGS(cf_span_text(p, p->at->span)));
    cf_report(p);
    return false;
}

static bool parse_case_arm(cf_parser *p, cf_item *item) {
    item->cond = cf_parse_expr(p);
    if (item->cond == NULL) return false;
    if (!take_sign(p, CF_SIGN_FAT_ARROW)) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span,
                                  "an arm of `case` is written `condition => value`");
        cf_error_label(e, "`=>` expected");
        cf_report(p);
        return false;
    }
    return parse_item_value(p, item);
}

/* An argument in the brackets of `f(a, n:3, name = b)`: each may be a pipeline. */
static bool parse_tight_argument(cf_parser *p, cf_item *item) {
    if (at_named(p->at, CF_SIGN_COLON) || at_named(p->at, CF_SIGN_ASSIGN)) {
        item->assign = p->at[1].sign == CF_SIGN_ASSIGN;
        (void)cf_parse_name(p, &item->name);
        p->at++;
    }
    item->value = cf_parse_stages_node(p, CF_STAGES_COMMA | CF_STAGES_LINES);
    return item->value != NULL;
}

static cf_ast *parse_list(cf_parser *p, cf_ast_kind kind, item_parser *parse_item) {
    const cf_span from = p->at->span;
    cf_items list = {0};
    if (kind == CF_AST_CASE) p->at++;
    parse_items(p, parse_item, &list);
    cf_ast *node = new_node(p, kind, cf_since(p, from));
    node->as.list.items = list.items;
    node->as.list.count = list.count;
    hang_items(p, node, &list);
    return node;
}

cf_ast *cf_parse_tuple(cf_parser *p) {
    if (!enter(p)) return NULL;
    cf_ast *node = parse_list(p, CF_AST_TUPLE, parse_tuple_item);
    leave(p);
    return node;
}

/* `(pipeline)`: the stage itself if it is only one without a name. */
static cf_ast *parse_parens(cf_parser *p) {
    const cf_lexeme *open = p->at, *close = p->stream->items + open->match;
    cf_ast *node = NULL;
    p->at++;
    p->quiet += open->broken;
    p->bad |= open->broken;
    if (p->at == close) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, cf_span_join(open->span, close->span),
                                  "there is nothing in these parentheses");
        cf_error_label(e, "value expected");
        cf_report(p);
    } else {
        node = cf_parse_stages_node(p, CF_STAGES_NAMED | CF_STAGES_LINES);
    }
    p->quiet -= open->broken;
    p->at = close + 1;
    if (node == NULL) node = new_node(p, CF_AST_NULL, open->span); /* the statement is bad */
    node->span = cf_span_join(open->span, close->span);
    node->parens = true;
    return node;
}

static cf_ast *parse_bracket(cf_parser *p) {
    const cf_lexeme *open = p->at;
    if (!enter(p)) {
        p->at = p->stream->items + open->match + 1;
        return new_node(p, CF_AST_NULL, open->span);
    }
    const char c = cf_at_bracket(p, open);
    cf_ast *node = c == '('   ? parse_parens(p)
                   : c == '[' ? parse_list(p, CF_AST_ARRAY, parse_array_item)
                              : parse_list(p, CF_AST_TUPLE, parse_tuple_item);
    leave(p);
    return node;
}

static cf_ast *parse_case(cf_parser *p) {
    if (!enter(p)) return NULL;
    cf_ast *node = parse_list(p, CF_AST_CASE, parse_case_arm);
    leave(p);
    return node;
}

/* ---- operands ---------------------------------------------------------------------------- */

static cf_ast *parse_path(cf_parser *p) {
    cf_ast *node = new_node(p, CF_AST_PATH, p->at->span);
    node->as.path.names = CF_NEW(p->arena, cf_name);
    node->as.path.count = 1;
    (void)cf_parse_name(p, node->as.path.names);
    if (node->as.path.names->text.size > 0) return node;
    cf_complain(p, CF_E_SYNTAX, node->span, "a name in backticks cannot be empty");
    cf_report(p);
    return NULL;
}

static cf_ast *parse_literal(cf_parser *p) {
    const cf_span at = p->at->span;
    cf_ast *n = new_node(p, CF_AST_NULL, at);
    bool good = true;
    switch (p->at->kind) {
    case CF_TOK_INT:
        n->kind = CF_AST_INT;
        good = cf_literal_int(p, at, false, &n->as.integer);
        break;
    case CF_TOK_FLOAT:
        n->kind = CF_AST_FLOAT;
        good = cf_literal_float(p, at, &n->as.number);
        break;
    case CF_TOK_TEXT:
        n->kind = CF_AST_TEXT;
        good = cf_literal_text(p, at, &n->as.text);
        break;
    case CF_TOK_FSTRING:
        n->kind = CF_AST_FSTRING;
        good = cf_literal_fstring(p, at, n);
        for (size_t i = 0; good && i < n->as.fstring.count; i++)
            hang(p, n, n->as.fstring.pieces[i].value);
        break;
    case CF_TOK_DATE: good = cf_literal_date(p, at, &n->kind, &n->as.integer); break;
    case CF_TOK_DURATION:
        n->kind = CF_AST_DURATION;
        good = cf_literal_duration(p, at, &n->as.duration.count, &n->as.duration.unit);
        break;
    case CF_TOK_PARAM:
        n->kind = CF_AST_PARAM;
        n->as.text.size = at.end - at.begin - 1;
        n->as.text.data =
            cf_str_dup(p->arena, (cf_str){p->stream->text + at.begin + 1, n->as.text.size});
        break;
    default: CF_ASSERT(false);
    }
    (void)good; /* if not, it was reported, and the statement will not be kept */
    p->at++;
    return n;
}

static cf_ast *parse_word(cf_parser *p) {
    const cf_lexeme *t = p->at;
    if (t->sign == CF_WORD_CASE && cf_at_bracket(p, t + 1) == '[') return parse_case(p);
    if (t->sign == CF_WORD_LET) {
        cf_error *e =
            cf_complain(p, CF_E_SYNTAX, t->span, "`let` begins a statement of its own");
        cf_error_label(e, "in the middle of another");
        cf_report(p);
        return NULL;
    }
    if (t->sign > CF_WORD_NULL) return parse_path(p);
    cf_ast *node = new_node(p, t->sign == CF_WORD_NULL ? CF_AST_NULL : CF_AST_BOOL, t->span);
    if (t->sign != CF_WORD_NULL) node->as.boolean = t->sign == CF_WORD_TRUE;
    p->at++;
    return node;
}

static cf_ast *parse_primary(cf_parser *p) {
    switch (p->at->kind) {
    case CF_TOK_NAME:
    case CF_TOK_QUOTED: return parse_path(p);
    case CF_TOK_KEYWORD: return parse_word(p);
    case CF_TOK_OPEN: return parse_bracket(p);
    case CF_TOK_INT:
    case CF_TOK_FLOAT:
    case CF_TOK_TEXT:
    case CF_TOK_FSTRING:
    case CF_TOK_DATE:
    case CF_TOK_DURATION:
    case CF_TOK_PARAM: return parse_literal(p);
    default: cf_complain_missing_operand(p); return NULL;
    }
}

static void append_to_path(cf_parser *p, cf_ast *path, cf_name name) {
    const size_t n = path->as.path.count;
    cf_name *names = CF_NEWS(p->arena, cf_name, n + 1);
    memcpy(names, path->as.path.names, n * sizeof *names);
    names[n] = name;
    path->as.path.names = names;
    path->as.path.count = n + 1;
    path->span = cf_since(p, path->span);
}

static cf_ast *make_field(cf_parser *p, cf_ast *base, cf_name name) {
    cf_ast *node = new_node(p, CF_AST_FIELD, cf_since(p, base->span));
    node->as.field.base = base;
    node->as.field.name = name;
    hang(p, node, base);
    return node;
}

static bool is_open_path(const cf_ast *node) {
    return node->kind == CF_AST_PATH && !node->parens && !node->as.path.star;
}

#define PATH_NAMES_MAX 64

/* `.name` or `.*` behind base. */
static cf_ast *parse_field(cf_parser *p, cf_ast *base) {
    const cf_span sign = p->at->span;
    if (take_sign(p, CF_SIGN_STAR)) {
        const cf_name star = {CF_STR("*"), {sign.source, sign.end - 1, sign.end}, false};
        if (!is_open_path(base)) return make_field(p, base, star);
        base->as.path.star = true;
        base->span = cf_since(p, base->span);
        return base;
    }
    p->at++;
    cf_name name = {0};
    if (p->at->space_before || !cf_parse_name(p, &name)) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, sign, "a field's name is missing after `.`");
        cf_error_label(e, "name expected");
        cf_report(p);
        return NULL;
    }
    if (!is_open_path(base) || base->as.path.count >= PATH_NAMES_MAX)
        return make_field(p, base, name);
    append_to_path(p, base, name);
    return base;
}

static cf_ast *parse_index(cf_parser *p, cf_ast *base) {
    const cf_lexeme *open = p->at, *close = p->stream->items + open->match;
    cf_ast *at = NULL;
    p->quiet += open->broken;
    p->bad |= open->broken;
    p->at++;
    if (enter(p)) {
        at = cf_parse_expr(p);
        if (at != NULL && p->at != close) cf_complain_unexpected(p, 0);
        leave(p);
    }
    p->quiet -= open->broken;
    p->at = close + 1;
    cf_ast *node = new_node(p, CF_AST_INDEX, cf_since(p, base->span));
    node->as.index.base = base;
    node->as.index.at = at;
    hang(p, node, base);
    hang(p, node, at);
    return node;
}

static cf_ast *make_call(cf_parser *p, cf_ast *callee, const cf_items *args, bool tight) {
    cf_ast *node = new_node(p, CF_AST_CALL, cf_since(p, callee->span));
    node->as.call.callee = callee;
    node->as.call.args = args->items;
    node->as.call.count = args->count;
    node->as.call.tight = tight;
    hang(p, node, callee);
    hang_items(p, node, args);
    return node;
}

static cf_ast *parse_tight_call(cf_parser *p, cf_ast *callee) {
    cf_items args = {0};
    const cf_lexeme *open = p->at;
    if (enter(p)) {
        parse_items(p, parse_tight_argument, &args);
        leave(p);
    } else {
        p->at = p->stream->items + open->match + 1;
    }
    return make_call(p, callee, &args, true);
}

static bool is_callable(const cf_ast *node) {
    return !node->parens && (is_open_path(node) || (node->kind == CF_AST_FIELD &&
                                                    !cf_str_is(node->as.field.name.text, "*")));
}

static cf_ast *parse_postfix(cf_parser *p) {
    cf_memo *memo = &p->memos[p->at - p->stream->items];
    if (memo->node != NULL) {
        p->at = memo->end;
        return memo->node;
    }
    cf_ast *node = parse_primary(p);
    while (node != NULL && !p->at->space_before) {
        const char bracket = cf_at_bracket(p, p->at);
        if (p->at->sign == CF_SIGN_DOT || p->at->sign == CF_SIGN_STAR)
            node = parse_field(p, node);
        else if (bracket == '[')
            node = parse_index(p, node);
        else if (bracket == '(' && is_callable(node))
            node = parse_tight_call(p, node);
        else
            break;
    }
    memo->node = node;
    memo->end = p->at;
    return node;
}

/* ---- operators --------------------------------------------------------------------------- */

static const struct {
    bool is_binary;
    cf_op op;
    unsigned char precedence;
} binary_ops[CF_SIGN_COUNT] = {
    [CF_SIGN_OR] = {true, CF_OP_OR, 1},
    [CF_SIGN_AND] = {true, CF_OP_AND, 2},
    [CF_SIGN_COALESCE] = {true, CF_OP_COALESCE, 3},
    [CF_SIGN_EQ] = {true, CF_OP_EQ, 4},
    [CF_SIGN_NE] = {true, CF_OP_NE, 4},
    [CF_SIGN_LT] = {true, CF_OP_LT, 4},
    [CF_SIGN_LE] = {true, CF_OP_LE, 4},
    [CF_SIGN_GT] = {true, CF_OP_GT, 4},
    [CF_SIGN_GE] = {true, CF_OP_GE, 4},
    [CF_SIGN_MATCH] = {true, CF_OP_MATCH, 4},
    [CF_WORD_IN] = {true, CF_OP_IN, 4},
    [CF_SIGN_ADD] = {true, CF_OP_ADD, 5},
    [CF_SIGN_SUB] = {true, CF_OP_SUB, 5},
    [CF_SIGN_MUL] = {true, CF_OP_MUL, 6},
    [CF_SIGN_DIV] = {true, CF_OP_DIV, 6},
    [CF_SIGN_IDIV] = {true, CF_OP_IDIV, 6},
    [CF_SIGN_MOD] = {true, CF_OP_MOD, 6},
    [CF_SIGN_POW] = {true, CF_OP_POW, 7},
};

static const cf_op unary_ops[CF_SIGN_COUNT] = {
    [CF_SIGN_SUB] = CF_OP_NEG,
    [CF_SIGN_ADD] = CF_OP_PLUS,
    [CF_SIGN_NOT] = CF_OP_NOT,
    [CF_SIGN_EQ] = CF_OP_SAME,
};

static bool at_unary(const cf_lexeme *t) {
    return t->kind == CF_TOK_OPERATOR && unary_ops[t->sign] != 0;
}

/* The one integer whose minus belongs to it: 2^63 is too large for an int, -2^63 is not. */
static cf_ast *parse_smallest_int(cf_parser *p) {
    const cf_lexeme *t = p->at + 1;
    const cf_str digits = cf_span_text(p, t->span);
    if (p->at->sign != CF_SIGN_SUB || t->kind != CF_TOK_INT || t->space_before ||
        !cf_str_is(digits, "9223372036854775808"))
        return NULL;
    cf_ast *node = new_node(p, CF_AST_INT, cf_span_join(p->at->span, t->span));
    node->as.integer = INT64_MIN;
    p->at += 2;
    return node;
}

/* `not x`: reported, and read as x. */
static bool at_not(const cf_parser *p, const cf_lexeme *t) {
    return cf_habit_word(p, t) == CF_SIGN_NOT && t[1].space_before && at_argument(t + 1);
}

static cf_ast *parse_unary(cf_parser *p) {
    if (at_not(p, p->at)) cf_complain_word(p, p->at++);
    if (!at_unary(p->at)) return parse_postfix(p);
    cf_ast *smallest = parse_smallest_int(p);
    if (smallest != NULL) return smallest;
    if (!enter(p)) return NULL;
    const cf_lexeme *sign = p->at++;
    cf_ast *right = parse_unary(p);
    leave(p);
    if (right == NULL) return NULL;
    cf_ast *node = new_node(p, CF_AST_UNARY, cf_span_join(sign->span, right->span));
    node->as.op.op = unary_ops[sign->sign];
    node->as.op.op_span = sign->span;
    node->as.op.right = right;
    hang(p, node, right);
    return node;
}

static cf_ast *parse_cast(cf_parser *p) {
    cf_ast *value = parse_unary(p);
    while (value != NULL && p->at->sign == CF_WORD_AS) {
        p->at++;
        cf_type_ast *type = cf_parse_type(p);
        if (type == NULL) return NULL;
        cf_ast *node = new_node(p, CF_AST_CAST, cf_since(p, value->span));
        node->as.cast.value = value;
        node->as.cast.type = type;
        hang(p, node, value);
        value = node;
    }
    return value;
}

/* Has the range whose `..` was just taken an upper end?  `24.. x` has none: the blank tells. */
static bool range_has_high(const cf_parser *p, bool has_low) {
    const cf_lexeme *dots = &p->at[-1];
    if (!cf_at_operand(p->at) || (p->at->kind == CF_TOK_KEYWORD && !at_argument(p->at)))
        return false;
    if (!dots->space_after) return true;
    return has_low && dots->space_before;
}

static cf_ast *parse_range(cf_parser *p) {
    const cf_span from = p->at->span;
    cf_ast *low = NULL, *high = NULL;
    if (p->at->sign != CF_SIGN_RANGE) {
        low = parse_cast(p);
        const bool argument = p->at->space_before && !p->at->space_after;
        if (low == NULL || p->at->sign != CF_SIGN_RANGE || argument) return low;
    }
    p->at++;
    if (range_has_high(p, low != NULL)) {
        high = parse_cast(p);
        if (high == NULL) return NULL;
    }
    cf_ast *node = new_node(p, CF_AST_RANGE, cf_since(p, from));
    node->as.range.low = low;
    node->as.range.high = high;
    hang(p, node, low);
    hang(p, node, high);
    return node;
}

static cf_ast *make_binary(cf_parser *p, cf_op op, cf_span sign, cf_ast *left, cf_ast *right) {
    cf_ast *node = new_node(p, CF_AST_BINARY, cf_span_join(left->span, right->span));
    node->as.op.op = op;
    node->as.op.op_span = sign;
    node->as.op.left = left;
    node->as.op.right = right;
    hang(p, node, left);
    hang(p, node, right);
    return node;
}

/* -1: < <=, 1: > >=, 0: no comparison that chains. */
static int direction(cf_op op) {
    return op == CF_OP_LT || op == CF_OP_LE ? -1 : op == CF_OP_GT || op == CF_OP_GE ? 1 : 0;
}

/* `60 < m < 120` is `60 < m && m < 120` with one node for both m.  `before` is the operator
 * that made `left` in the same run of operators (else CF_OP_COUNT), `middle` its right side. */
static cf_ast *combine(cf_parser *p, cf_op op, cf_span sign, cf_ast *left, cf_ast *right,
                       cf_op before, cf_ast *middle) {
    if (direction(op) == 0 || direction(op) != direction(before))
        return make_binary(p, op, sign, left, right);
    CF_ASSERT(middle != NULL);
    cf_ast *second = make_binary(p, op, sign, middle, right);
    return make_binary(p, CF_OP_AND, sign, left, second);
}

/* The words of other languages, `<>` and `=`: reported, then read as what was meant. */
static bool take_habit(cf_parser *p, unsigned min, cf_op *op) {
    const cf_lexeme *t = p->at;
    if (t->sign == CF_SIGN_LT && t[1].sign == CF_SIGN_GT && !t[1].space_before && min <= 4) {
        const cf_span at = cf_span_join(t->span, t[1].span);
        cf_error *e = cf_complain(p, CF_E_SYNTAX, at, "`<>` is no operator");
        cf_error_label(e, "not equal?");
        cf_error_hint(e, "write `!=`");
        cf_report(p);
        p->at++;
        *op = CF_OP_NE;
        return true;
    }
    const cf_sign word = cf_habit_word(p, t);
    if ((word != CF_SIGN_AND && word != CF_SIGN_OR) || !cf_at_operand(t + 1)) return false;
    if (min > (word == CF_SIGN_OR ? 1u : 2u)) return false;
    cf_complain_word(p, t);
    *op = binary_ops[word].op;
    return true;
}

static cf_ast *parse_binary(cf_parser *p, unsigned min) {
    cf_ast *left = parse_range(p), *middle = NULL;
    cf_op before = CF_OP_COUNT;
    while (left != NULL) {
        cf_op op = binary_ops[p->at->sign].op;
        unsigned precedence = binary_ops[p->at->sign].precedence;
        if (take_habit(p, min, &op))
            precedence = op == CF_OP_NE ? 4 : op == CF_OP_AND ? 2 : 1;
        else if (!binary_ops[p->at->sign].is_binary || precedence < min)
            break;
        if (!enter(p)) return NULL;
        const cf_span sign = p->at++->span;
        cf_ast *right = parse_binary(p, op == CF_OP_POW ? precedence : precedence + 1);
        leave(p);
        if (right == NULL) return NULL;
        left =
            combine(p, op, sign, left, right, precedence == 4 ? before : CF_OP_COUNT, middle);
        before = op;
        middle = right;
    }
    return left;
}

cf_ast *cf_parse_expr(cf_parser *p) {
    return parse_binary(p, 1);
}

/* ---- stages ------------------------------------------------------------------------------ */

/* ruling 3: the verbs in which `name =` takes the rest of the stage as one call. */
static bool takes_rest(const cf_ast *callee) {
    if (callee->kind != CF_AST_PATH || callee->as.path.count != 1) return false;
    const cf_str name = callee->as.path.names[0].text;
    return cf_str_is(name, "select") || cf_str_is(name, "derive") ||
           cf_str_is(name, "aggregate");
}

static cf_ast *parse_stage(cf_parser *p);

static bool parse_argument(cf_parser *p, bool first, const cf_ast *callee, cf_item *item) {
    const cf_lexeme *t = p->at;
    bool whole = false;
    if (at_named(t, CF_SIGN_COLON) || at_named(t, CF_SIGN_ASSIGN)) {
        item->assign = t[1].sign == CF_SIGN_ASSIGN;
        (void)cf_parse_name(p, &item->name);
        p->at++;
        whole = item->assign && first && takes_rest(callee);
    }
    if (whole && !enter(p)) return false;
    item->value = whole ? parse_stage(p) : cf_parse_expr(p);
    if (whole) leave(p);
    return item->value != NULL;
}

/* `a and b`, `a not in b`: the word is no argument. */
static bool at_infix_word(const cf_parser *p) {
    const cf_sign word = cf_habit_word(p, p->at);
    if (word == CF_SIGN_NOT) return p->at[1].sign == CF_WORD_IN;
    return word != CF_SIGN_NONE && cf_at_operand(p->at + 1);
}

/* The arguments of a juxtaposed call, up to the end of the stage; NULL: a mistake. */
static cf_ast *parse_call(cf_parser *p, cf_ast *callee) {
    cf_items args = {0};
    bool first = true, minus = at_unary(p->at);
    if (callee->kind == CF_AST_CALL) { /* `f(a) b`: the rest of its arguments */
        for (size_t i = 0; i < callee->as.call.count; i++)
            *cf_items_push(p, &args) = callee->as.call.args[i];
        callee = callee->as.call.callee;
    }
    while ((at_argument(p->at) && !at_infix_word(p)) || minus) {
        cf_item item = {0};
        if (!parse_argument(p, first, callee, &item)) return NULL;
        if (item.name.text.data == NULL || item.assign) first = false;
        *cf_items_push(p, &args) = item;
        minus = false;
    }
    return make_call(p, callee, &args, false);
}

/* After a name: `-` with a blank before and none after may be a sign (language D4). */
static bool at_loose_sign(const cf_lexeme *t) {
    return (t->sign == CF_SIGN_SUB || t->sign == CF_SIGN_ADD) && t->space_before &&
           !t->space_after;
}

static cf_ast *parse_either(cf_parser *p, const cf_lexeme *start, cf_ast *head) {
    const cf_lexeme *behind_head = p->at;
    p->at = start;
    cf_ast *value = cf_parse_expr(p);
    const cf_lexeme *value_end = p->at;
    p->at = behind_head;
    cf_ast *call = parse_call(p, head);
    if (call == NULL || value == NULL || p->at != value_end) return call;
    cf_ast *node = new_node(p, CF_AST_EITHER, value->span);
    node->as.either.value = value;
    node->as.either.call = call;
    hang(p, node, value);
    hang(p, node, call);
    return node;
}

/* A lambda has an arrow before anything that ends a stage. */
static bool at_lambda(const cf_parser *p) {
    if (!cf_at_name(p->at) && p->at->sign != CF_SIGN_ARROW) return false;
    for (const cf_lexeme *t = p->at;; t++) {
        if (t->kind == CF_TOK_OPEN) t = p->stream->items + t->match;
        switch (t->kind) {
        case CF_TOK_END:
        case CF_TOK_NEWLINE:
        case CF_TOK_PIPE:
        case CF_TOK_COMMA:
        case CF_TOK_SEMICOLON: return false;
        case CF_TOK_CLOSE:
            if (t->match > (uint32_t)(p->at - p->stream->items))
                break; /* of a bracket skipped */
            return false;
        default: break;
        }
        if (t->sign == CF_SIGN_ARROW) return true;
        if (t->sign == CF_SIGN_ASSIGN || t->sign == CF_SIGN_FAT_ARROW) return false;
    }
}

static bool parse_param(cf_parser *p, cf_param *param) {
    if (!cf_parse_name(p, &param->name)) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span,
                                  "a parameter's name is expected before `->`");
        cf_error_label(e, "not a name");
        cf_error_hint(e, "a function is written `a b n:2 -> value`");
        cf_report(p);
        return false;
    }
    if (p->at->sign == CF_SIGN_LT) {
        param->type = cf_parse_type_in_angles(p);
        if (param->type == NULL) return false;
    }
    if (!take_sign(p, CF_SIGN_COLON)) return true;
    param->fallback = parse_range(p);
    return param->fallback != NULL;
}

static cf_ast *parse_lambda(cf_parser *p) {
    const cf_span from = p->at->span;
    cf_param *params = NULL;
    size_t count = 0, capacity = 0;
    while (p->at->sign != CF_SIGN_ARROW) {
        cf_param param = {0};
        if (!parse_param(p, &param)) return NULL;
        if (count == capacity) {
            capacity = capacity == 0 ? 4 : capacity * 2;
            cf_param *grown = CF_NEWS(p->arena, cf_param, capacity);
            if (count > 0) memcpy(grown, params, count * sizeof *grown);
            params = grown;
        }
        params[count++] = param;
    }
    p->at++;
    cf_type_ast *result = NULL;
    if (p->at->sign == CF_SIGN_LT) {
        result = cf_parse_type_in_angles(p);
        if (result == NULL) return NULL;
    }
    if (!enter(p)) return NULL;
    cf_ast *body = cf_parse_stages_node(p, CF_STAGES_ONE_LINE | CF_STAGES_COMMA);
    leave(p);
    if (body == NULL) return NULL;
    cf_ast *node = new_node(p, CF_AST_LAMBDA, cf_since(p, from));
    node->as.lambda.params = params;
    node->as.lambda.count = count;
    node->as.lambda.result = result;
    node->as.lambda.body = body;
    for (size_t i = 0; i < count; i++)
        hang(p, node, params[i].fallback);
    hang(p, node, body);
    return node;
}

/* A stage is a call (`filter x > 3`), an expression or a function. */
static cf_ast *parse_stage(cf_parser *p) {
    const cf_lexeme *start = p->at;
    if (at_lambda(p)) return parse_lambda(p);
    if (!cf_at_name(start) || at_not(p, start)) return cf_parse_expr(p);
    cf_ast *head = parse_postfix(p);
    if (head == NULL) return NULL;
    const bool tight = head->kind == CF_AST_CALL && !head->parens;
    if (is_callable(head) && at_loose_sign(p->at)) return parse_either(p, start, head);
    if ((is_callable(head) || tight) && at_argument(p->at) && !at_infix_word(p))
        return parse_call(p, head);
    p->at = start;
    return cf_parse_expr(p);
}

/* ---- pipelines --------------------------------------------------------------------------- */

static bool at_into(const cf_parser *p, unsigned flags) {
    return (flags & CF_STAGES_TOP) && p->at->sign == CF_WORD_INTO && cf_at_name(p->at + 1);
}

static bool at_stages_end(const cf_parser *p, unsigned flags) {
    switch (p->at->kind) {
    case CF_TOK_END:
    case CF_TOK_CLOSE:
    case CF_TOK_SEMICOLON: return true;
    case CF_TOK_COMMA: return (flags & CF_STAGES_COMMA) != 0;
    case CF_TOK_NEWLINE: return p->at->stop || (flags & CF_STAGES_ONE_LINE);
    default: return at_into(p, flags);
    }
}

static bool at_stage_break(const cf_parser *p, unsigned flags) {
    if (p->at->kind == CF_TOK_NEWLINE) return !p->at->stop && (flags & CF_STAGES_LINES);
    return p->at->kind == CF_TOK_PIPE;
}

/* `x = 3` in a line of its own names nothing. */
static void complain_let(cf_parser *p, const cf_lexeme *name, const cf_lexeme *end) {
    const cf_str text = cf_span_text(p, cf_span_join(name->span, end[-1].span));
    const bool shown = text.size <= 60 && memchr(text.data, '\n', text.size) == NULL;
    cf_error *e = cf_complain(p, CF_E_SYNTAX, name[1].span, "`=` alone does not name a value");
    cf_error_label(e, "unexpected `=`");
    if (shown)
        cf_error_hint(e, "write `let %.*s`", CF_STR_ARGS(text));
    else
        cf_error_hint(e, "write `let %.*s = ..`", CF_STR_ARGS(cf_span_text(p, name->span)));
    cf_report(p);
}

static bool is_plain_value(const cf_ast *node) {
    return node->kind != CF_AST_CALL && node->kind != CF_AST_PATH &&
           node->kind != CF_AST_EITHER && !node->parens;
}

static bool parse_named_stage(cf_parser *p, unsigned flags, bool first, cf_item *item) {
    const cf_lexeme *start = p->at;
    p->stage = start;
    if (cf_complain_sql(p)) return false;
    const bool named = (flags & CF_STAGES_NAMED) && at_named(start, CF_SIGN_ASSIGN);
    if (named) {
        (void)cf_parse_name(p, &item->name);
        p->at++;
    }
    item->value = parse_stage(p);
    if (item->value == NULL) return false;
    const bool new_line = !first && start[-1].kind == CF_TOK_NEWLINE;
    if (!named || !(flags & CF_STAGES_TOP)) return true;
    if (!first && !(new_line && is_plain_value(item->value))) return true;
    complain_let(p, start, p->at);
    return false;
}

static void complain_empty_stage(cf_parser *p, bool first) {
    cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span,
                              first ? "there is nothing before this `|`"
                                    : "there is no stage between these `|`");
    cf_error_label(e, "stage expected before it");
    if (first)
        cf_error_hint(e, "a blank line ends a statement; start with a relation: `from t | ..`");
    cf_report(p);
}

void cf_parse_stages(cf_parser *p, unsigned flags, cf_items *out) {
    for (bool first = true;; first = false) {
        cf_item stage = {0};
        if (p->at->kind == CF_TOK_PIPE) {
            complain_empty_stage(p, first);
        } else if (at_into(p, flags) && !first) {
            return;
        } else if (at_stages_end(p, flags)) {
            cf_complain_missing_operand(p);
        } else if (!parse_named_stage(p, flags, first, &stage)) {
            skip_stage(p, flags);
        } else {
            *cf_items_push(p, out) = stage;
        }
        if (!at_stages_end(p, flags) && !at_stage_break(p, flags)) {
            cf_complain_unexpected(p, flags);
            skip_stage(p, flags);
        }
        if (!at_stage_break(p, flags)) return;
        p->at++;
    }
}

cf_ast *cf_parse_stages_node(cf_parser *p, unsigned flags) {
    const cf_span from = p->at->span;
    const cf_lexeme *outer = p->stage;
    cf_items list = {0};
    cf_parse_stages(p, flags, &list);
    p->stage = outer;
    if (list.count == 0) return NULL;
    if (list.count == 1 && list.items[0].name.text.data == NULL) return list.items[0].value;
    cf_ast *node = new_node(p, CF_AST_PIPELINE, cf_since(p, from));
    node->as.list.items = list.items;
    node->as.list.count = list.count;
    hang_items(p, node, &list);
    return node;
}
