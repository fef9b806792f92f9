#include "lang/fmt_internal.h"

#include <string.h>

/* How each kind of value is written.  Literals keep the author's spelling. */

typedef enum {
    AS_IS,       /* calls keep their style */
    LATER_STAGE, /* `x | f(a)` becomes `x | f a` */
    OPERAND      /* `1 + (f a)` becomes `1 + f(a)` */
} style;

static void render(cf_fmt *f, const cf_ast *node, style how);

/* Where the line began that is at out[at]; not far back, since a longer one is too wide anyway.
 */
static size_t line_begin(const cf_fmt *f, size_t at) {
    const size_t limit = at > 8 * CF_FMT_WIDTH ? at - 8 * CF_FMT_WIDTH : 0;
    while (at > limit && f->out->data[at - 1] != '\n')
        at--;
    return at;
}

/* In one line if that can be, else opened up. */
static void emit(cf_fmt *f, const cf_ast *node, style how) {
    if (f->flat) {
        render(f, node, how);
        return;
    }
    const size_t start = f->out->size;
    f->flat = true;
    f->fit = cf_fmt_has_comment(f, node->span) ? CF_FMT_FORCED : CF_FMT_FITS;
    f->line_begin = line_begin(f, start);
    if (f->fit == CF_FMT_FITS) render(f, node, how);
    f->flat = false;
    if (f->fit == CF_FMT_FITS) return;
    f->out->size = start;
    render(f, node, how);
}

void cf_fmt_value(cf_fmt *f, const cf_ast *node) {
    const bool bare = node->kind == CF_AST_PIPELINE && !node->parens;
    if (!bare) {
        emit(f, node, AS_IS);
        return;
    }
    cf_ast wrapped = *node;
    wrapped.parens = true;
    emit(f, &wrapped, AS_IS);
}

void cf_fmt_name(cf_fmt *f, cf_name name) {
    if (name.quoted) cf_fmt_add(f, "`");
    cf_fmt_add_str(f, name.text);
    if (name.quoted) cf_fmt_add(f, "`");
}

void cf_fmt_type(cf_fmt *f, const cf_type_ast *type) {
    switch (type->kind) {
    case CF_TYPE_NAME: cf_fmt_add_str(f, type->name); return;
    case CF_TYPE_LIST:
        cf_fmt_add(f, "[");
        cf_fmt_type(f, type->element);
        cf_fmt_add(f, "]");
        return;
    case CF_TYPE_TUPLE:
        cf_fmt_add(f, "{");
        for (size_t i = 0; i < type->count; i++) {
            if (i > 0) cf_fmt_add(f, ", ");
            cf_fmt_name(f, type->names[i]);
            cf_fmt_add(f, " = ");
            cf_fmt_type(f, type->types[i]);
        }
        cf_fmt_add(f, "}");
        return;
    }
}

static void add_source(cf_fmt *f, cf_span at) {
    cf_fmt_add_str(f, (cf_str){f->stream->text + at.begin, at.end - at.begin});
}

static const cf_lexeme *first_item(const cf_stream *s, size_t begin) {
    size_t low = 0, high = s->count - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (s->items[middle].span.begin < begin)
            low = middle + 1;
        else
            high = middle;
    }
    return &s->items[low];
}

/* A literal as typed, without the brackets that its node may stand in. */
static void add_literal(cf_fmt *f, const cf_ast *node) {
    cf_span at = node->span;
    const char *text = f->stream->text;
    if (!node->parens) {
        add_source(f, at);
        return;
    }
    const cf_lexeme *t = first_item(f->stream, at.begin);
    while (t->kind == CF_TOK_OPEN || t->kind == CF_TOK_NEWLINE)
        t++;
    add_source(f, text[t->span.begin] == '-' ? cf_span_join(t->span, t[1].span) : t->span);
}

/* ---- lists ------------------------------------------------------------------------------- */

size_t cf_fmt_item_begin(const cf_item *item) {
    if (item->name.text.data != NULL) return item->name.span.begin;
    return item->cond != NULL ? item->cond->span.begin : item->value->span.begin;
}

static void add_item(cf_fmt *f, const cf_item *item) {
    if (item->name.text.data != NULL) {
        cf_fmt_name(f, item->name);
        cf_fmt_add(f, " = ");
    }
    if (item->cond != NULL) {
        emit(f, item->cond, AS_IS);
        cf_fmt_add(f, " => ");
    }
    cf_fmt_value(f, item->value);
}

static void add_tight_argument(cf_fmt *f, const cf_item *item) {
    if (item->name.text.data != NULL) {
        cf_fmt_name(f, item->name);
        cf_fmt_add(f, item->assign ? " = " : ":");
    }
    cf_fmt_value(f, item->value);
}

typedef void item_writer(cf_fmt *f, const cf_item *item);

/* Items between brackets; `open_at` and `close_at` are the brackets' places in the source. */
static void add_items(cf_fmt *f, const cf_item *items, size_t count, item_writer *write,
                      size_t open_at, size_t close_at) {
    if (f->flat) {
        for (size_t i = 0; i < count; i++) {
            if (i > 0) cf_fmt_add(f, ", ");
            write(f, &items[i]);
        }
        if (cf_fmt_newline_behind(f, open_at + 1)) f->fit = CF_FMT_FORCED;
        return;
    }
    f->indent += 2;
    f->last_end = open_at + 1;
    for (size_t i = 0; i < count; i++) {
        const size_t begin = cf_fmt_item_begin(&items[i]);
        cf_fmt_comments_before(f, begin);
        cf_fmt_newline(f);
        if (i > 0) cf_fmt_blank_line(f, begin);
        write(f, &items[i]);
        cf_fmt_add(f, ",");
        const size_t next = i + 1 < count ? cf_fmt_item_begin(&items[i + 1]) : close_at;
        cf_fmt_comments_behind(f, items[i].value->span.end, next);
    }
    cf_fmt_comments_before(f, close_at);
    f->indent -= 2;
    cf_fmt_newline(f);
    f->last_end = close_at + 1;
}

/* Only names, numbers and texts? */
static bool is_plain_list(const cf_ast *node) {
    for (size_t i = 0; i < node->as.list.count; i++) {
        const cf_item *item = &node->as.list.items[i];
        const cf_ast_kind kind = item->value->kind;
        if (item->name.text.data != NULL || item->cond != NULL ||
            (kind != CF_AST_PATH && kind != CF_AST_INT && kind != CF_AST_FLOAT))
            return false;
    }
    return node->as.list.count > 0;
}

/* Plain items, as many in a line as fit. */
static void add_filled(cf_fmt *f, const cf_ast *node) {
    f->indent += 2;
    cf_fmt_newline(f);
    size_t column = f->indent;
    for (size_t i = 0; i < node->as.list.count; i++) {
        const size_t start = f->out->size;
        if (i > 0) cf_fmt_add(f, " ");
        render(f, node->as.list.items[i].value, AS_IS);
        cf_fmt_add(f, ",");
        const size_t bytes = f->out->size - start;
        column += (size_t)cf_utf8_width(f->out->data + start, bytes);
        if (column <= CF_FMT_WIDTH || i == 0) continue;
        f->out->size = start;
        cf_fmt_newline(f);
        const size_t line = f->out->size;
        render(f, node->as.list.items[i].value, AS_IS);
        cf_fmt_add(f, ",");
        column = f->indent + (size_t)cf_utf8_width(f->out->data + line, f->out->size - line);
    }
    f->indent -= 2;
    cf_fmt_newline(f);
}

static void add_list(cf_fmt *f, const cf_ast *node) {
    const char *text = f->stream->text;
    const char *open = node->kind == CF_AST_TUPLE   ? "{"
                       : node->kind == CF_AST_ARRAY ? "["
                                                    : "case [";
    size_t open_at = node->span.begin, close_at = node->span.end - 1;
    const char bracket = open[strlen(open) - 1], close = bracket == '{' ? '}' : ']';
    while (text[open_at] != bracket)
        open_at++;
    while (text[close_at] != close)
        close_at--;
    cf_fmt_add(f, open);
    if (!f->flat && is_plain_list(node) && !cf_fmt_has_comment(f, node->span))
        add_filled(f, node);
    else if (node->as.list.count > 0 || !f->flat)
        add_items(f, node->as.list.items, node->as.list.count, add_item, open_at, close_at);
    cf_fmt_add(f, close == '}' ? "}" : "]");
}

/* ---- pipelines --------------------------------------------------------------------------- */

static void add_in_parens(cf_fmt *f, const cf_ast *node) {
    if (node->kind == CF_AST_PIPELINE) {
        cf_fmt_value(f, node);
        return;
    }
    cf_fmt_add(f, "(");
    emit(f, node, AS_IS);
    cf_fmt_add(f, ")");
}

/* A function is put into parentheses: its body would take the stages behind it. */
static void add_stage(cf_fmt *f, const cf_item *stage, bool first) {
    if (stage->name.text.data != NULL) {
        cf_fmt_name(f, stage->name);
        cf_fmt_add(f, " = ");
    }
    if (stage->value->kind == CF_AST_LAMBDA && !stage->value->parens)
        add_in_parens(f, stage->value);
    else
        emit(f, stage->value, first ? AS_IS : LATER_STAGE);
}

static bool has_broken_lines(const cf_fmt *f, const cf_ast *node) {
    const cf_item *items = node->as.list.items;
    for (size_t i = 1; i < node->as.list.count; i++)
        if (cf_fmt_newline_between(f, items[i - 1].value->span.end,
                                   cf_fmt_item_begin(&items[i])))
            return true;
    return false;
}

static void add_stages_in_line(cf_fmt *f, const cf_ast *node) {
    for (size_t i = 0; i < node->as.list.count; i++) {
        if (i > 0) cf_fmt_add(f, " | ");
        add_stage(f, &node->as.list.items[i], i == 0);
    }
    if (has_broken_lines(f, node)) f->fit = CF_FMT_FORCED;
}

/* The caller has begun the first line. */
void cf_fmt_stages(cf_fmt *f, const cf_ast *node, size_t limit) {
    const cf_item *items = node->as.list.items;
    bool goes_on = false;
    for (size_t i = 0; i < node->as.list.count; i++) {
        const size_t begin = cf_fmt_item_begin(&items[i]);
        if (i > 0) {
            cf_fmt_comments_before(f, begin);
            cf_fmt_newline(f);
            cf_fmt_blank_line(f, begin);
        }
        const size_t start = f->out->size;
        add_stage(f, &items[i], i == 0);
        const bool named = items[i].name.text.data != NULL;
        if (i > 0 && (named || goes_on || cf_fmt_needs_pipe(f, start)))
            cf_fmt_insert(f, start, "| ");
        goes_on = cf_fmt_goes_on(f, start);
        const size_t next =
            i + 1 < node->as.list.count ? cf_fmt_item_begin(&items[i + 1]) : limit;
        cf_fmt_comments_behind(f, items[i].value->span.end, next);
    }
}

void cf_fmt_pipeline(cf_fmt *f, const cf_ast *node, size_t limit) {
    if (!f->flat) {
        const size_t start = f->out->size;
        f->flat = true;
        f->line_begin = line_begin(f, start);
        f->fit = cf_fmt_has_comment(f, node->span) ? CF_FMT_FORCED : CF_FMT_FITS;
        add_stages_in_line(f, node);
        f->flat = false;
        if (f->fit == CF_FMT_FITS) return;
        f->out->size = start;
    }
    cf_fmt_stages(f, node, limit);
}

/* `open_at`: the bracket before it in the source. */
static void add_pipeline_in_brackets(cf_fmt *f, const cf_ast *node, size_t open_at,
                                     size_t close_at) {
    cf_fmt_add(f, "(");
    if (f->flat) {
        add_stages_in_line(f, node);
        if (cf_fmt_newline_behind(f, open_at + 1)) f->fit = CF_FMT_FORCED;
    } else {
        f->indent += 2;
        f->last_end = open_at + 1;
        cf_fmt_comments_before(f, cf_fmt_item_begin(&node->as.list.items[0]));
        cf_fmt_newline(f);
        cf_fmt_stages(f, node, close_at);
        cf_fmt_comments_before(f, close_at);
        f->indent -= 2;
        cf_fmt_newline(f);
        f->last_end = close_at + 1;
    }
    cf_fmt_add(f, ")");
}

static void add_pipeline(cf_fmt *f, const cf_ast *node) {
    const char *text = f->stream->text;
    const size_t open_at = node->span.begin;
    const size_t close_at =
        text[node->span.end - 1] == ')' ? node->span.end - 1 : node->span.end;
    const bool bracket = text[open_at] == '(' && node->as.list.count > 0 &&
                         open_at < cf_fmt_item_begin(&node->as.list.items[0]);
    add_pipeline_in_brackets(f, node, bracket ? open_at : open_at - 1, close_at);
}

/* ---- calls ------------------------------------------------------------------------------- */

/* The operator `-`, `+` or `==` that the value's text begins with; CF_OP_COUNT: none. */
static cf_op first_sign(const cf_ast *node) {
    while (node != NULL && !node->parens) {
        switch (node->kind) {
        case CF_AST_UNARY: return node->as.op.op == CF_OP_NOT ? CF_OP_COUNT : node->as.op.op;
        case CF_AST_INT: return node->as.integer == INT64_MIN ? CF_OP_NEG : CF_OP_COUNT;
        case CF_AST_BINARY: node = node->as.op.left; break;
        case CF_AST_CAST: node = node->as.cast.value; break;
        case CF_AST_INDEX: node = node->as.index.base; break;
        case CF_AST_FIELD: node = node->as.field.base; break;
        case CF_AST_RANGE: node = node->as.range.low; break;
        default: return CF_OP_COUNT;
        }
    }
    return CF_OP_COUNT;
}

static bool starts_with_sign(const cf_ast *node) {
    return first_sign(node) != CF_OP_COUNT;
}

static bool is_plain_word(cf_name name) {
    static const char *const words[] = {"in", "as", "into", "let", "and", "or", "not"};
    if (name.quoted) return false;
    for (size_t i = 0; i < CF_COUNT(words); i++)
        if (cf_str_is(name.text, words[i])) return true;
    return false;
}

/* Must the value have parentheses where arguments have only blanks between them? */
static bool needs_parens(const cf_ast *node, bool first) {
    if (node->parens) return false;
    switch (node->kind) {
    case CF_AST_CALL: return !node->as.call.tight;
    case CF_AST_PIPELINE:
    case CF_AST_LAMBDA:
    case CF_AST_EITHER: return true;
    case CF_AST_PATH: return is_plain_word(node->as.path.names[0]);
    default: return first ? first_sign(node) == CF_OP_SAME : starts_with_sign(node);
    }
}

/* Can `f(a, b)` be written `f a b`? */
static bool can_be_loose(const cf_ast *call) {
    if (call->as.call.count == 0) return false;
    for (size_t i = 0; i < call->as.call.count; i++) {
        const cf_item *arg = &call->as.call.args[i];
        const bool named = arg->name.text.data != NULL;
        if (arg->assign || (!named && starts_with_sign(arg->value))) return false;
        if (arg->value->kind != CF_AST_PIPELINE && needs_parens(arg->value, named))
            return false;
    }
    return true;
}

/* Can `(f a b)` be written `f(a, b)`? */
static bool can_be_tight(const cf_ast *call) {
    const cf_ast *callee = call->as.call.callee;
    if (callee->kind == CF_AST_PATH && is_plain_word(callee->as.path.names[0])) return false;
    for (size_t i = 0; i < call->as.call.count; i++)
        if (call->as.call.args[i].assign) return false;
    return true;
}

static bool takes_rest(const cf_ast *call) {
    const cf_ast *callee = call->as.call.callee;
    if (callee->kind != CF_AST_PATH || callee->as.path.count != 1) return false;
    const cf_str name = callee->as.path.names[0].text;
    return cf_str_is(name, "select") || cf_str_is(name, "derive") ||
           cf_str_is(name, "aggregate");
}

/* `..` without ends: behind a blank it would be an operator, so it has parentheses there. */
static bool is_everything(const cf_ast *node) {
    return node->kind == CF_AST_RANGE && !node->parens && node->as.range.low == NULL &&
           node->as.range.high == NULL;
}

/* `name:value`, `name=value`, or `name = value` where it takes the rest of the stage. */
static void add_argument(cf_fmt *f, const cf_ast *call, size_t i, bool rest,
                         bool sign_is_fine) {
    const cf_item *arg = &call->as.call.args[i];
    const bool named = arg->name.text.data != NULL;
    if (named) {
        cf_fmt_name(f, arg->name);
        cf_fmt_add(f, !arg->assign ? ":" : rest ? " = " : "=");
    }
    if (named && is_everything(arg->value))
        cf_fmt_add(f, "..");
    else if (rest)
        cf_fmt_value(f, arg->value);
    else if (needs_parens(arg->value, named || (i == 0 && sign_is_fine)))
        add_in_parens(f, arg->value);
    else
        emit(f, arg->value, AS_IS);
}

/* `f a b`.  either: the call of `sort -pt`, which must stay just so. */
static void add_loose_call(cf_fmt *f, const cf_ast *call, bool either) {
    emit(f, call->as.call.callee, AS_IS);
    bool first = takes_rest(call);
    for (size_t i = 0; i < call->as.call.count; i++) {
        const cf_item *arg = &call->as.call.args[i];
        const bool rest = arg->assign && first && i + 1 == call->as.call.count;
        cf_fmt_add(f, " ");
        add_argument(f, call, i, rest, either || call->as.call.count > 1);
        if (arg->assign || arg->name.text.data == NULL) first = false;
    }
}

static void add_tight_call(cf_fmt *f, const cf_ast *call) {
    const cf_item *args = call->as.call.args;
    const size_t count = call->as.call.count;
    size_t open_at = call->as.call.callee->span.end, close_at = call->span.end;
    const char *text = f->stream->text;
    while (close_at > open_at && text[close_at - 1] != ')')
        close_at--;
    close_at -= close_at > open_at;
    emit(f, call->as.call.callee, AS_IS);
    if (count == 1 && args[0].name.text.data == NULL) {
        const cf_ast *only = args[0].value;
        if (only->kind == CF_AST_PIPELINE && !only->parens) {
            add_pipeline_in_brackets(f, only, open_at, close_at);
            return;
        }
        cf_fmt_add(f, "(");
        emit(f, only, AS_IS);
    } else {
        cf_fmt_add(f, "(");
        if (count > 0) add_items(f, args, count, add_tight_argument, open_at, close_at);
    }
    cf_fmt_add(f, ")");
}

static void add_call(cf_fmt *f, const cf_ast *node, style how) {
    const bool tight = node->as.call.tight && !(how == LATER_STAGE && can_be_loose(node));
    if (tight)
        add_tight_call(f, node);
    else
        add_loose_call(f, node, false);
}

/* ---- operators --------------------------------------------------------------------------- */

/* The last comparison of `a < b < c`, whose middle is shared; NULL: no such chain. */
static const cf_ast *chain_last(const cf_ast *node) {
    if (node->kind != CF_AST_BINARY || node->as.op.op != CF_OP_AND) return NULL;
    const cf_ast *left = node->as.op.left, *last = node->as.op.right;
    if (last->kind != CF_AST_BINARY || left->kind != CF_AST_BINARY) return NULL;
    const cf_ast *middle = left->as.op.right;
    if (chain_last(left) != NULL) middle = chain_last(left)->as.op.right;
    return last->as.op.left == middle ? last : NULL;
}

static void add_operator(cf_fmt *f, cf_op op) {
    cf_fmt_add(f, " ");
    cf_fmt_add(f, cf_op_text(op));
    cf_fmt_add(f, " ");
}

/* `a && b && c` that is too wide: a line each. */
static size_t add_operator_lines(cf_fmt *f, const cf_ast *node) {
    const cf_ast *left = node->as.op.left;
    const bool more = left->kind == CF_AST_BINARY && left->as.op.op == node->as.op.op &&
                      !left->parens && chain_last(left) == NULL;
    size_t lines = 1;
    if (more) {
        lines += add_operator_lines(f, left);
    } else {
        emit(f, left, OPERAND);
        f->indent += 2;
    }
    cf_fmt_newline(f);
    cf_fmt_add(f, cf_op_text(node->as.op.op));
    cf_fmt_add(f, " ");
    emit(f, node->as.op.right, OPERAND);
    return lines;
}

/* That, if every operand is in one line then; else a bracket in it is opened up instead. */
static bool try_operator_lines(cf_fmt *f, const cf_ast *node) {
    const size_t start = f->out->size;
    const unsigned indent = f->indent;
    const size_t wanted = add_operator_lines(f, node);
    size_t lines = 0;
    for (size_t i = start; i < f->out->size; i++)
        lines += f->out->data[i] == '\n';
    f->indent = indent;
    if (lines == wanted) return true;
    f->out->size = start;
    return false;
}

static void add_binary(cf_fmt *f, const cf_ast *node) {
    const cf_ast *last = chain_last(node);
    const bool logic = node->as.op.op == CF_OP_AND || node->as.op.op == CF_OP_OR;
    const bool wide = !f->flat && f->fit == CF_FMT_TOO_WIDE;
    if (last == NULL && logic && wide && try_operator_lines(f, node)) return;
    emit(f, node->as.op.left, OPERAND);
    if (last == NULL) last = node;
    add_operator(f, last->as.op.op);
    emit(f, last->as.op.right, OPERAND);
}

static void add_unary(cf_fmt *f, const cf_ast *node) {
    const cf_ast *right = node->as.op.right;
    cf_fmt_add(f, cf_op_text(node->as.op.op));
    if (node->as.op.op == CF_OP_NOT && starts_with_sign(right)) cf_fmt_add(f, " ");
    emit(f, right, OPERAND);
}

static void add_range(cf_fmt *f, const cf_ast *node) {
    const bool everything = is_everything(node);
    if (node->as.range.low != NULL) emit(f, node->as.range.low, OPERAND);
    cf_fmt_add(f, everything ? "(..)" : "..");
    if (node->as.range.high != NULL) emit(f, node->as.range.high, OPERAND);
}

static void add_lambda(cf_fmt *f, const cf_ast *node) {
    for (size_t i = 0; i < node->as.lambda.count; i++) {
        const cf_param *param = &node->as.lambda.params[i];
        cf_fmt_name(f, param->name);
        if (param->type != NULL) {
            cf_fmt_add(f, " <");
            cf_fmt_type(f, param->type);
            cf_fmt_add(f, ">");
        }
        if (param->fallback != NULL) {
            cf_fmt_add(f, ":");
            emit(f, param->fallback, AS_IS);
        }
        cf_fmt_add(f, " ");
    }
    cf_fmt_add(f, "-> ");
    if (node->as.lambda.result != NULL) {
        cf_fmt_add(f, "<");
        cf_fmt_type(f, node->as.lambda.result);
        cf_fmt_add(f, "> ");
    }
    cf_fmt_value(f, node->as.lambda.body);
}

static void add_path(cf_fmt *f, const cf_ast *node) {
    for (size_t i = 0; i < node->as.path.count; i++) {
        if (i > 0) cf_fmt_add(f, ".");
        cf_fmt_name(f, node->as.path.names[i]);
    }
    if (node->as.path.star) cf_fmt_add(f, ".*");
}

/* ---- all kinds --------------------------------------------------------------------------- */

static void render_bare(cf_fmt *f, const cf_ast *node, style how) {
    switch (node->kind) {
    case CF_AST_PATH: add_path(f, node); break;
    case CF_AST_FIELD:
        emit(f, node->as.field.base, OPERAND);
        cf_fmt_add(f, ".");
        cf_fmt_name(f, node->as.field.name);
        break;
    case CF_AST_INDEX:
        emit(f, node->as.index.base, OPERAND);
        cf_fmt_add(f, "[");
        emit(f, node->as.index.at, AS_IS);
        cf_fmt_add(f, "]");
        break;
    case CF_AST_UNARY: add_unary(f, node); break;
    case CF_AST_BINARY: add_binary(f, node); break;
    case CF_AST_CAST:
        emit(f, node->as.cast.value, OPERAND);
        cf_fmt_add(f, " as ");
        cf_fmt_type(f, node->as.cast.type);
        break;
    case CF_AST_RANGE: add_range(f, node); break;
    case CF_AST_TUPLE:
    case CF_AST_ARRAY:
    case CF_AST_CASE: add_list(f, node); break;
    case CF_AST_CALL: add_call(f, node, how); break;
    case CF_AST_LAMBDA: add_lambda(f, node); break;
    case CF_AST_EITHER: add_loose_call(f, node->as.either.call, true); break;
    default: add_literal(f, node); break;
    }
}

static void render(cf_fmt *f, const cf_ast *node, style how) {
    if (f->flat && f->fit != CF_FMT_FITS) return;
    if (node->kind == CF_AST_PIPELINE) {
        add_pipeline(f, node);
        return;
    }
    const bool call = node->kind == CF_AST_CALL && !node->as.call.tight;
    if (how == OPERAND && call && node->parens && can_be_tight(node)) {
        add_tight_call(f, node);
        return;
    }
    if (node->parens) cf_fmt_add(f, "(");
    render_bare(f, node, node->parens ? AS_IS : how);
    if (node->parens) cf_fmt_add(f, ")");
}
