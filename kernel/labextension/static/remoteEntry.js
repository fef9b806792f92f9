/* Cutflow in JupyterLab 4: colours, comments, brackets and indentation for cells and .cf files.
 *
 * Lab loads this script, lends it the modules that it shares (init) and asks for modules (get).
 * There is no bundler: what is needed of CodeMirror is taken from Lab itself.  The words follow
 * src/lang/lex.c; the lists of names are compared with the program's own by the browser test. */
(function () {
  'use strict';

  /* ---- names ---- */

  const words = (text) => new Set(text.trim().split(/\s+/));

  const verbs = words(`
    aggregate append bar collect combine cross cutflow derive describe distinct except explode
    filter from group heatmap hist hist2d intersect join line loop max_by min_by pairs pivot remove
    sample save scatter select shuffle sort split take triplets union unpivot window zip`);

  const functions = words(`
    abs accuracy acos all any asin atan atan2 attention auc average boost boosted_trees ceil concat
    concat_array confusion cos cosh count count_distinct count_nan count_valid date.add_months
    date.day date.diff date.hour date.minute date.month date.now date.parse date.second date.to_text
    date.trunc date.year degrees delta_phi delta_r dense dropout energy eta exp first fit_minmax
    fit_zscore flatten floor from_text func grid gru hypot if input is_nan is_null lag last
    layer_norm lead ln load_model load_weights log log10 lstm m mass matrix max min mlp mt neg
    one_hot p4 pad phi pi pool pow predict pt radians random_forest rank rank_dense rapidity
    read_csv read_json read_parquet read_root roc round row_number sign sin sinh sqrt stddev sum tan
    tanh text.contains text.ends_with text.extract text.join text.length text.lower text.ltrim
    text.replace text.rtrim text.split text.starts_with text.trim text.upper train`);

  const keywords = words('let into as in case');
  const atStatement = words('import module type');
  const constants = words('true false null');
  const programCommands = words('%time %explain %print');

  /* ---- words ---- */

  const letter = '(?:[A-Za-z_]|[^\\0-\\xa9\\xab-\\xb4\\xb6-\\xb9\\xbb-\\xbf\\xd7\\xf7\\u2000-\\u206f' +
    '\\u20a0-\\u20cf\\u2190-\\u2bff\\u3000-\\u3004\\u3008-\\u3020\\ud800-\\uf8ff\\ufe00-\\ufe0f' +
    '\\ufeff\\ufff0-\\uffff\\u{1f000}-\\u{1faff}])';
  const clock = '\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?(?:Z|[+-]\\d\\d:?\\d\\d)?';
  const pattern = {
    name: new RegExp(`^${letter}(?:${letter}|\\d)*`, 'u'),
    qualified: /^(?:text|date|math)\.[a-z_0-9]+/,
    quotes: /^(["'])\1*/,
    prefixed: /^[fr](["'])\1*/,
    date: new RegExp(`^@(?:\\d{4}-\\d\\d-\\d\\d(?:T${clock})?|${clock})`),
    based: /^0[xbo]\w+/,
    number: /^\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?/,
    unit: /^(?:microsecond|millisecond|second|minute|hour|day|week|month|year)s?(?!\w)/,
    type: /^<(?:relation|func|int|float|bool|text|date|time|timestamp|duration|\[[^<>]*\]|\{[^<>]*\})>/,
    typeName: /^(?:int|float|bool|text|date|time|timestamp|duration)(?!\w)/,
    operator: /^(?:->|=>|==|!=|<=|>=|~=|&&|\|\||\?\?|\/\/|\*\*|\.\.|\.\*|[-+*/%!<>=:?|.])/u,
    blank: /^[\s\u200b\ufeff]+/,
    /* what an argument may begin with: `sum pt` is a call, `sum - pt` and `pt as int` are not */
    argument: new RegExp(`^[ \\t]+(?!(?:as|in|into)[^\\w])(?:${letter}|[\\d"'\`$@({[!]|[-+](?!\\s))`, 'u'),
  };

  const NONE = 0, BRACKET = 1, NEW = 2;

  const startState = () => ({
    open: [],         // brackets and texts, the innermost last
    lineStart: true,  // nothing but blanks before, in this line
    stage: NEW,       // may a verb stand here, or even a function alone (`| count`)?
    head: true,       // a function may stand here, with its arguments behind
    expected: '',     // the word that said what the next name is: let, module, ...
    module: false,    // between `module` and its brace
    command: false,   // the rest of the line belongs to a %-command
    indent: 0,        // of this line
    base: 0,          // of the stage that this line belongs to
    ended: '',        // the line's last sign: 'pipe', 'operator' or neither
    piped: false,     // the line before ended with a pipe
  });

  const innermost = (state) => state.open[state.open.length - 1];

  /* What may come next. */
  function follow(state, stage, head, ended) {
    state.stage = stage;
    state.head = head;
    state.ended = ended;
  }

  function beginLine(stream, state) {
    state.lineStart = true;
    state.command = false;
    state.expected = '';
    const open = innermost(state);
    const inList = open !== undefined && (open.kind === '[' || (open.kind === '{' && !open.module));
    if (!inList && state.ended !== 'operator') state.stage = NEW;
    state.head = true;
  }

  function beginCode(stream, state) {
    state.indent = stream.indentation();
    state.piped = state.ended === 'pipe';
    if (state.ended !== 'operator') state.base = state.indent;
  }

  /* ---- texts ---- */

  function readText(stream, state) {
    const text = innermost(state), begin = stream.pos;
    while (!stream.eol()) {
      const next = stream.peek();
      if (next === text.quote) {
        let run = 0;
        while (run < text.count && stream.eat(text.quote)) run++;
        if (run < text.count) continue;
        state.open.pop();
        follow(state, NONE, false, '');
        return 'string';
      }
      if (next === '{' && text.format) {
        if (stream.match('{{')) continue;
        if (stream.pos > begin) return 'string';
        stream.next();
        state.open.push({ kind: '{', hole: true, indent: state.indent });
        follow(state, NONE, true, '');
        return 'string.special';
      }
      stream.next();
      if (next === '\\' && !text.raw && !stream.eol()) stream.next();
    }
    return 'string';
  }

  /* An even number of quotes is an empty text. */
  function beginText(stream, state, match, prefix) {
    const count = match[0].length - prefix.length;
    follow(state, NONE, false, '');
    if (count % 2 === 0) return 'string';
    state.open.push({ kind: 'text', quote: match[1], count, raw: prefix === 'r', format: prefix === 'f' });
    return prefix === 'f' ? 'string' : readText(stream, state);
  }

  /* ---- names ---- */

  function isCall(stream, state) {
    return stream.peek() === '(' || (state.head && stream.match(pattern.argument, false));
  }

  function readKeyword(stream, state, name, statement) {
    if (constants.has(name)) {
      follow(state, NONE, false, '');
      return 'atom';
    }
    const starts = atStatement.has(name) && statement && stream.match(/^\s+[^\s=|]/, false);
    if (!keywords.has(name) && !starts) return null;
    state.expected = name;
    follow(state, NONE, name === 'in', '');
    return 'keyword';
  }

  function readName(stream, state, lineStart) {
    const statement = lineStart || (state.stage !== NONE && state.open.length === 0);
    const qualified = stream.match(pattern.qualified, false);
    const whole = qualified ? qualified[0].replace(/^math\./, '') : '';
    const name = stream.match(functions.has(whole) ? pattern.qualified : pattern.name)[0];
    const keyword = readKeyword(stream, state, name, statement);
    if (keyword !== null) return keyword;
    const { stage, expected } = state;
    const call = isCall(stream, state);
    follow(state, NONE, false, '');
    state.expected = '';
    if (expected === 'let' || expected === 'into' || expected === 'module' || expected === 'type')
      return 'variableName.definition';
    if (expected === 'as' && pattern.typeName.test(name)) return 'typeName';
    const hole = innermost(state) !== undefined && innermost(state).hole;
    if (!hole && stream.peek() === ':' && stream.string[stream.pos + 1] !== ':') {
      stream.next();
      state.head = true;
      return 'attributeName';
    }
    if (name === 'this' || name === 'that') return 'variableName.special';
    if (stream.match(/^\s*=(?![=>])/, false)) return 'propertyName.definition';
    if (stage !== NONE && verbs.has(name)) return 'keyword';
    if ((stage === NEW || call) && (functions.has(name) || functions.has(whole) || verbs.has(name)))
      return 'variableName.standard';
    return 'variableName';
  }

  /* ---- the rest ---- */

  function readCommand(stream, state) {
    const name = stream.match(/^%[A-Za-z_]\w*/)[0];
    state.command = !programCommands.has(name);
    follow(state, NEW, true, '');
    return 'meta';
  }

  function openBracket(stream, state) {
    const kind = stream.next(), module = kind === '{' && state.module;
    state.open.push({ kind, module, indent: state.indent });
    follow(state, kind === '(' || module ? BRACKET : NONE, true, 'open');
    return 'bracket';
  }

  function closeBracket(stream, state) {
    const kind = stream.next(), open = innermost(state);
    const fits = open !== undefined && open.kind + kind in { '()': 1, '[]': 1, '{}': 1 };
    if (fits) state.open.pop();
    follow(state, NONE, false, '');
    if (fits && open.hole) return 'string.special';
    return 'bracket';
  }

  function readOperator(stream, state) {
    const sign = stream.match(pattern.operator);
    if (sign === null) {
      stream.next();
      return 'invalid';
    }
    switch (sign[0]) {
      case '|': follow(state, NEW, true, 'pipe'); break;
      case '=':
      case '->': follow(state, BRACKET, true, 'operator'); break;
      case '.':
      case '.*':
      case '?': follow(state, NONE, false, ''); return sign[0] === '?' ? 'operator' : 'punctuation';
      default: follow(state, NONE, true, 'operator');
    }
    return 'operator';
  }

  function readNumber(stream, state) {
    follow(state, NONE, false, '');
    if (stream.match(pattern.based)) return 'number';
    stream.match(pattern.number);
    stream.match(pattern.unit);
    return 'number';
  }

  function readSign(stream, state) {
    const next = stream.peek(), open = innermost(state);
    if ('([{'.includes(next)) return openBracket(stream, state);
    if (')]}'.includes(next)) return closeBracket(stream, state);
    if (next === ',' || next === ';') {
      stream.next();
      follow(state, next === ';' ? NEW : NONE, true, next === ',' ? 'operator' : '');
      return 'punctuation';
    }
    if (next === '\\') {
      stream.next();
      state.ended = 'operator';
      return 'operator';
    }
    if (next === '@') {
      follow(state, NONE, false, '');
      if (stream.match(pattern.date)) return 'string.special';
      stream.next();
      return 'meta';
    }
    if (next === ':' && open !== undefined && open.hole && stream.match(/^:[^{}"']*/)) return 'string.special';
    if (next === '<' && stream.match(pattern.type)) return 'typeName';
    return readOperator(stream, state);
  }

  function readCode(stream, state, lineStart) {
    const next = stream.peek(), before = stream.string[stream.pos - 1];
    if (next === '%' && lineStart && state.open.length === 0 && stream.match(/^%[A-Za-z_]/, false))
      return readCommand(stream, state);
    const prefixed = stream.match(pattern.prefixed);
    if (prefixed) return beginText(stream, state, prefixed, prefixed[0][0]);
    const quotes = stream.match(pattern.quotes);
    if (quotes) return beginText(stream, state, quotes, '');
    if (/\d/.test(next)) return readNumber(stream, state);
    if (before === '.' && stream.string[stream.pos - 2] !== '.' && stream.match(pattern.name)) {
      follow(state, NONE, false, '');
      return 'propertyName';
    }
    if (stream.match(pattern.name, false)) return readName(stream, state, lineStart);
    follow(state, state.stage, state.head, '');
    if (stream.match(/^`[^`]*`/)) {
      follow(state, NONE, false, '');
      return 'variableName';
    }
    if (stream.match(/^\$\w+/)) {
      follow(state, NONE, false, '');
      return 'variableName.special';
    }
    return readSign(stream, state);
  }

  function token(stream, state) {
    const open = innermost(state);
    if (open !== undefined && open.kind === 'text') return readText(stream, state);
    if (stream.sol()) beginLine(stream, state);
    if (stream.match(pattern.blank)) return null;
    if (stream.match(/^#!?/)) {
      const doc = stream.current() === '#!' && stream.peek() !== '/';
      stream.skipToEnd();
      return doc ? 'docComment' : 'comment';
    }
    if (state.command) {
      stream.skipToEnd();
      return null;
    }
    const lineStart = state.lineStart;
    if (lineStart) beginCode(stream, state);
    state.lineStart = false;
    const style = readCode(stream, state, lineStart);
    state.module = state.expected === 'module' || (state.module && style === 'variableName.definition');
    return style;
  }

  /* An empty line ends a statement, and what comes starts at the margin. */
  function blankLine(state) {
    if (state.open.length > 0) return;
    state.base = state.indent = 0;
    state.ended = '';
    state.piped = false;
  }

  function indent(state, textAfter, context) {
    const open = innermost(state);
    if (open !== undefined && open.kind === 'text') return null;
    if (open !== undefined && /^\s*[)\]}]/.test(textAfter)) return open.indent;
    const inside = open === undefined ? 0 : open.indent + context.unit;
    const list = open !== undefined && open.kind !== '(' && !open.module;
    switch (state.ended) {
      case 'open': return inside;
      case 'pipe': {
        const further = state.piped || (open !== undefined && state.base > open.indent);
        return state.base + (further ? 0 : context.unit);
      }
      case 'operator': return list ? inside : state.base + context.unit;
      default: return Math.max(state.base, inside);
    }
  }

  const parser = {
    name: 'cutflow', startState, token, blankLine, indent,
    languageData: {
      commentTokens: { line: '#' },
      closeBrackets: { brackets: ['(', '[', '{', '"', "'", '`'], stringPrefixes: ['f', 'r'] },
      indentOnInput: /^\s*[)\]}]$/,
      wordChars: '$',
    },
  };

  /* ---- Lab's side ---- */

  let scope = {};

  /* Newest first, as Lab itself chooses; but what is in use already comes before all. */
  function byVersion(versions) {
    const numbers = (v) => v.split(/[.+-]/).map((n) => parseInt(n, 10) || 0);
    return (a, b) => {
      if (!versions[a].loaded !== !versions[b].loaded) return versions[a].loaded ? -1 : 1;
      const x = numbers(a), y = numbers(b);
      for (let i = 0; i < 3; i++) if ((x[i] || 0) !== (y[i] || 0)) return (y[i] || 0) - (x[i] || 0);
      return 0;
    };
  }

  async function shared(name) {
    const versions = scope[name];
    if (versions === undefined) throw new Error(`cutflow: this JupyterLab shares no ${name}`);
    const factory = await versions[Object.keys(versions).sort(byVersion(versions))[0]].get();
    return factory();
  }

  const icon = [
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 64 64">',
    '<rect x="1" y="1" width="62" height="62" rx="12" fill="#14304f"/>',
    '<rect x="11" y="12" width="42" height="8" rx="2" fill="#7cc4ff"/>',
    '<rect x="11" y="23" width="33" height="8" rx="2" fill="#5aa9e6"/>',
    '<rect x="11" y="34" width="19" height="8" rx="2" fill="#ffb454"/>',
    '<rect x="11" y="45" width="9" height="8" rx="2" fill="#ff7f50"/>',
    '<path d="M53 24 V49 M47 43 L53 50 L59 43" transform="translate(-4 1)"' +
      ' fill="none" stroke="#ffffff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"/>',
    '</svg>',
  ].join('');

  async function extension() {
    const [codemirror, language, ui] = await Promise.all(
      ['@jupyterlab/codemirror', '@codemirror/language', '@jupyterlab/ui-components'].map(shared));
    const plugin = {
      id: 'cutflow:language',
      description: 'The language Cutflow: colours, comments, brackets and indentation.',
      autoStart: true,
      requires: [codemirror.IEditorLanguageRegistry],
      activate: (app, languages) => {
        languages.addLanguage({
          name: 'cutflow', displayName: 'Cutflow', mime: 'text/x-cutflow', extensions: ['cf'],
          support: new language.LanguageSupport(language.StreamLanguage.define(parser)),
        });
        app.docRegistry.addFileType({
          name: 'cutflow', displayName: 'Cutflow program', extensions: ['.cf'],
          mimeTypes: ['text/x-cutflow'], fileFormat: 'text', contentType: 'file',
          icon: new ui.LabIcon({ name: 'cutflow:file', svgstr: icon }),
        });
      },
    };
    return () => ({ __esModule: true, default: plugin });
  }

  const modules = {
    './extension': extension,
    './language': async () => () => ({ parser, verbs, functions }),
  };

  (window._JUPYTERLAB = window._JUPYTERLAB || {}).cutflow = {
    init: (shareScope) => { scope = shareScope; },
    get: (name) => (modules[name] ? modules[name]() : Promise.reject(new Error(`cutflow: no module ${name}`))),
  };
})();
