#include "lang/dump.h"

/* `(call filter (> pt 3))`: kind or operator first, then the parts. */

typedef struct {
    cf_text *out;
    bool plain;
} dumper;

static void dump(const dumper *d, const cf_ast *node);

static void add(const dumper *d, const char *text) {
    cf_text_adds(d->out, text);
}

static void add_str(const dumper *d, cf_str s) {
    cf_text_add(d->out, s.data, s.size);
}

static void add_number(const dumper *d, int64_t n) {
    char text[32];
    cf_text_add(d->out, text, cf_format_i64(text, n));
}

static void add_name(const dumper *d, cf_name name) {
    if (name.quoted) cf_text_addc(d->out, '`');
    add_str(d, name.text);
    if (name.quoted) cf_text_addc(d->out, '`');
}

static void add_quoted(const dumper *d, cf_str s) {
    cf_text_addc(d->out, '"');
    for (size_t i = 0; i < s.size; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (c == '\n')
            add(d, "\\n");
        else if (c < 0x20)
            cf_text_addf(d->out, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            cf_text_addf(d->out, "\\%c", c);
        else
            cf_text_addc(d->out, (char)c);
    }
    cf_text_addc(d->out, '"');
}

static void dump_type(const dumper *d, const cf_type_ast *t) {
    switch (t->kind) {
    case CF_TYPE_NAME: add_str(d, t->name); return;
    case CF_TYPE_LIST:
        add(d, "[");
        dump_type(d, t->element);
        add(d, "]");
        return;
    case CF_TYPE_TUPLE:
        add(d, "{");
        for (size_t i = 0; i < t->count; i++) {
            if (i > 0) add(d, ", ");
            add_name(d, t->names[i]);
            add(d, "=");
            dump_type(d, t->types[i]);
        }
        add(d, "}");
        return;
    }
}

static void dump_item(const dumper *d, const cf_item *item, const char *sign) {
    if (item->name.text.data != NULL) {
        add_name(d, item->name);
        add(d, sign);
    }
    if (item->cond != NULL) {
        dump(d, item->cond);
        add(d, " => ");
    }
    dump(d, item->value);
}

static void dump_items(const dumper *d, const char *kind, const cf_ast *node) {
    cf_text_addf(d->out, "(%s", kind);
    for (size_t i = 0; i < node->as.list.count; i++) {
        add(d, " ");
        dump_item(d, &node->as.list.items[i], "=");
    }
    add(d, ")");
}

static void dump_call(const dumper *d, const cf_ast *node) {
    add(d, node->as.call.tight && !d->plain ? "(tight " : "(call ");
    dump(d, node->as.call.callee);
    for (size_t i = 0; i < node->as.call.count; i++) {
        add(d, " ");
        dump_item(d, &node->as.call.args[i], node->as.call.args[i].assign ? "=" : ":");
    }
    add(d, ")");
}

static void dump_path(const dumper *d, const cf_ast *node) {
    for (size_t i = 0; i < node->as.path.count; i++) {
        if (i > 0) add(d, ".");
        add_name(d, node->as.path.names[i]);
    }
    if (node->as.path.star) add(d, ".*");
}

static void dump_lambda(const dumper *d, const cf_ast *node) {
    add(d, "(fn (");
    for (size_t i = 0; i < node->as.lambda.count; i++) {
        const cf_param *param = &node->as.lambda.params[i];
        if (i > 0) add(d, " ");
        add_name(d, param->name);
        if (param->type != NULL) {
            add(d, "<");
            dump_type(d, param->type);
            add(d, ">");
        }
        if (param->fallback != NULL) {
            add(d, ":");
            dump(d, param->fallback);
        }
    }
    add(d, ") ");
    if (node->as.lambda.result != NULL) {
        add(d, "<");
        dump_type(d, node->as.lambda.result);
        add(d, "> ");
    }
    dump(d, node->as.lambda.body);
    add(d, ")");
}

static void dump_fstring(const dumper *d, const cf_ast *node) {
    add(d, "(f");
    for (size_t i = 0; i < node->as.fstring.count; i++) {
        const cf_piece *piece = &node->as.fstring.pieces[i];
        add(d, " ");
        if (piece->value == NULL) {
            add_quoted(d, piece->text);
            continue;
        }
        dump(d, piece->value);
        if (piece->format.size > 0) add(d, ":");
        add_str(d, piece->format);
    }
    add(d, ")");
}

static void dump_two(const dumper *d, const char *kind, const cf_ast *a, const cf_ast *b) {
    cf_text_addf(d->out, "(%s ", kind);
    if (a != NULL)
        dump(d, a);
    else
        add(d, "_");
    add(d, " ");
    if (b != NULL)
        dump(d, b);
    else
        add(d, "_");
    add(d, ")");
}

static void dump_number(const dumper *d, const char *kind, int64_t n) {
    cf_text_addf(d->out, "(%s ", kind);
    add_number(d, n);
    add(d, ")");
}

static void dump_float(const dumper *d, double x) {
    char text[32];
    cf_text_add(d->out, text, cf_format_f64(text, x));
}

static void dump_duration(const dumper *d, const cf_ast *node) {
    add(d, "(duration ");
    add_number(d, node->as.duration.count);
    add(d, " ");
    add_str(d, node->as.duration.unit);
    add(d, ")");
}

static void dump_field(const dumper *d, const cf_ast *node) {
    add(d, "(field ");
    dump(d, node->as.field.base);
    add(d, " ");
    add_name(d, node->as.field.name);
    add(d, ")");
}

static void dump_cast(const dumper *d, const cf_ast *node) {
    add(d, "(as ");
    dump(d, node->as.cast.value);
    add(d, " ");
    dump_type(d, node->as.cast.type);
    add(d, ")");
}

static void dump_unary(const dumper *d, const cf_ast *node) {
    cf_text_addf(d->out, "(%s ", cf_op_text(node->as.op.op));
    dump(d, node->as.op.right);
    add(d, ")");
}

static void dump(const dumper *d, const cf_ast *node) {
    switch (node->kind) {
    case CF_AST_NULL: add(d, "null"); break;
    case CF_AST_BOOL: add(d, node->as.boolean ? "true" : "false"); break;
    case CF_AST_INT: add_number(d, node->as.integer); break;
    case CF_AST_FLOAT: dump_float(d, node->as.number); break;
    case CF_AST_TEXT: add_quoted(d, node->as.text); break;
    case CF_AST_FSTRING: dump_fstring(d, node); break;
    case CF_AST_DATE: dump_number(d, "date", node->as.integer); break;
    case CF_AST_TIME: dump_number(d, "time", node->as.integer); break;
    case CF_AST_TIMESTAMP: dump_number(d, "timestamp", node->as.integer); break;
    case CF_AST_DURATION: dump_duration(d, node); break;
    case CF_AST_PARAM:
        add(d, "$");
        add_str(d, node->as.text);
        break;
    case CF_AST_PATH: dump_path(d, node); break;
    case CF_AST_FIELD: dump_field(d, node); break;
    case CF_AST_INDEX: dump_two(d, "index", node->as.index.base, node->as.index.at); break;
    case CF_AST_UNARY: dump_unary(d, node); break;
    case CF_AST_BINARY:
        dump_two(d, cf_op_text(node->as.op.op), node->as.op.left, node->as.op.right);
        break;
    case CF_AST_CAST: dump_cast(d, node); break;
    case CF_AST_RANGE: dump_two(d, "..", node->as.range.low, node->as.range.high); break;
    case CF_AST_TUPLE: dump_items(d, "tuple", node); break;
    case CF_AST_ARRAY: dump_items(d, "array", node); break;
    case CF_AST_CASE: dump_items(d, "case", node); break;
    case CF_AST_CALL: dump_call(d, node); break;
    case CF_AST_PIPELINE: dump_items(d, "pipe", node); break;
    case CF_AST_LAMBDA: dump_lambda(d, node); break;
    case CF_AST_EITHER:
        dump_two(d, "either", node->as.either.value, node->as.either.call);
        break;
    }
}

static void dump_stmt(const dumper *d, const cf_stmt *s);

static void dump_module(const dumper *d, const cf_stmt *s) {
    add(d, "(module ");
    add_name(d, s->name);
    for (size_t i = 0; i < s->body_count; i++) {
        add(d, " ");
        dump_stmt(d, s->body[i]);
    }
    add(d, ")");
}

static void dump_import(const dumper *d, const cf_stmt *s) {
    add(d, "(import ");
    for (size_t i = 0; i < s->path_count; i++) {
        if (i > 0) add(d, ".");
        add_name(d, s->path[i]);
    }
    add(d, ")");
}

static void dump_let(const dumper *d, const cf_stmt *s) {
    add(d, s->kind == CF_STMT_LET ? "(let " : "(type ");
    add_name(d, s->name);
    if (s->type != NULL) {
        add(d, " <");
        dump_type(d, s->type);
        add(d, ">");
    }
    if (s->value != NULL) {
        add(d, " ");
        dump(d, s->value);
    }
    add(d, ")");
}

static void dump_pipeline(const dumper *d, const cf_stmt *s) {
    if (s->name.text.data != NULL) {
        add(d, "(into ");
        add_name(d, s->name);
        add(d, " ");
    }
    dump(d, s->value);
    if (s->name.text.data != NULL) add(d, ")");
}

static void dump_stmt(const dumper *d, const cf_stmt *s) {
    if (s->doc.size > 0) {
        add(d, "#!");
        add_quoted(d, s->doc);
        add(d, " ");
    }
    if (s->annotation != NULL) {
        add(d, "@");
        dump(d, s->annotation);
        add(d, " ");
    }
    switch (s->kind) {
    case CF_STMT_PIPELINE: dump_pipeline(d, s); break;
    case CF_STMT_LET:
    case CF_STMT_TYPE: dump_let(d, s); break;
    case CF_STMT_IMPORT: dump_import(d, s); break;
    case CF_STMT_MODULE: dump_module(d, s); break;
    case CF_STMT_COMMAND:
    case CF_STMT_HELP:
        add(d, s->kind == CF_STMT_HELP ? "(help " : "(% ");
        add_quoted(d, s->command);
        add(d, " ");
        add_quoted(d, s->rest);
        add(d, ")");
        break;
    }
    if (s->hidden) add(d, ";");
}

void cf_program_dump(cf_text *out, const cf_program *program, bool plain) {
    const dumper d = {out, plain};
    for (size_t i = 0; i < program->count; i++) {
        dump_stmt(&d, program->stmts[i]);
        cf_text_addc(out, '\n');
    }
}
