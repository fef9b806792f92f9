"""The kernel and the language in JupyterLab, seen as a person sees them: by a browser."""
import glob
import json
import os
import re
import subprocess
import sys
import time
import unittest

import lab

SAMPLES = ["tests/data/delphes_slice_%s.root" % name for name in ("ttbar", "wjets", "qcd")]
ERROR = '[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]'
PICTURES = os.path.join(lab.ROOT, "build", "screenshots")
# For ever: every triple of 400 numbers, in each of 20,000 rows.
FOREVER = ('from (read_json "long.jsonl")\nderive n = (x | triplets | filter a + b + c > 1 | count)\n'
           'aggregate {all = sum n}')

# What the editor shows of a cell: pieces of text with their colours.
PIECES = """(cell) => [...cell.querySelectorAll('.cm-line span')].map((s) => {
    const style = getComputedStyle(s);
    return [s.textContent, style.color, style.fontWeight >= 600, style.fontStyle];
})"""

# Reads a program as the editor does; gives [text, kind] pieces, and how many brackets and texts stay open.
TOKENS = """async (program) => {
    const { parser } = (await window._JUPYTERLAB.cutflow.get('./language'))();
    const state = parser.startState(), pieces = [];
    for (const string of program.split('\\n')) {
        const stream = {
            string, pos: 0, start: 0,
            eol() { return this.pos >= string.length; },
            sol() { return this.pos === 0; },
            peek() { return string.charAt(this.pos) || undefined; },
            next() { return string.charAt(this.pos++); },
            eat(c) { return string[this.pos] === c ? string[this.pos++] : undefined; },
            skipToEnd() { this.pos = string.length; },
            current() { return string.slice(this.start, this.pos); },
            indentation() { return /^\\s*/.exec(string)[0].length; },
            match(what, consume) {
                if (typeof what === 'string') {
                    if (!string.startsWith(what, this.pos)) return null;
                    this.pos += what.length;
                    return true;
                }
                const found = string.slice(this.pos).match(what);
                if (found === null || found.index > 0) return null;
                if (consume !== false) this.pos += found[0].length;
                return found;
            },
        };
        if (stream.eol()) parser.blankLine(state);
        while (!stream.eol()) {
            stream.start = stream.pos;
            const kind = parser.token(stream, state);
            if (stream.pos === stream.start) throw new Error('stands still at ' + string);
            if (kind !== null) pieces.push([stream.current(), kind]);
        }
    }
    return [pieces, state.open.length];
}"""


def help_names():
    """The words in `%help`, by family."""
    out = subprocess.run([lab.program, "-c", "%help"], capture_output=True, text=True, check=True, timeout=60).stdout
    families, name = {}, ""
    for line in out.splitlines():
        if re.fullmatch(r"[a-z-]+( [a-z]+)*:", line):
            name = line[:-1]
        elif line.startswith("    ") and name:
            families.setdefault(name, []).extend(w for w in line.split() if re.fullmatch(r"[a-z][\w.]*", w))
    return families


class Language(unittest.TestCase):
    """The extension's script alone."""

    @classmethod
    def setUpClass(cls):
        cls.browser = lab.Browser()
        cls.page = cls.browser.context.new_page()
        cls.page.add_script_tag(path=os.path.join(lab.ROOT, "kernel/labextension/static/remoteEntry.js"))

    @classmethod
    def tearDownClass(cls):
        cls.browser.end()

    def tokens(self, program):
        return self.page.evaluate(TOKENS, program)

    def kinds(self, program):
        return dict(self.tokens(program)[0])

    def test_names_are_those_of_the_program(self):
        names = self.page.evaluate("""async () => {
            const { verbs, functions } = (await window._JUPYTERLAB.cutflow.get('./language'))();
            return [[...verbs], [...functions]];
        }""")
        families = help_names()
        words = {w for family, all in families.items() if family not in ("commands",) for w in all}
        words -= {"let", "case", "this", "import", "module", "type", "in", "as"}
        self.assertGreater(len(words), 150)
        self.assertEqual(sorted(words - set(names[0]) - set(names[1])), [], "unknown to the editor")
        self.assertEqual(sorted((set(names[0]) | set(names[1])) - words), [], "unknown to the program")
        self.assertEqual(set(names[0]) & set(names[1]), set())
        self.assertLessEqual({"from", "filter", "hist", "group"}, set(names[0]))
        self.assertEqual([w for w in families["aggregates"] + families["math"] if w in names[0]], [])

    def test_version_is_that_of_the_program(self):
        with open(os.path.join(lab.ROOT, "kernel/labextension/package.json"), encoding="utf-8") as f:
            package = json.load(f)
        with open(os.path.join(lab.ROOT, "VERSION"), encoding="utf-8") as f:
            self.assertEqual(package["version"], f.readline().strip())

    def test_kinds_of_words(self):
        kinds = self.kinds('let f = x <float> b:1 -> (x as int) # why\n'
                           '#! doc\nfrom events | derive {mass = sum pt, phi} | hist Jet.eta bins:1_000 range:0x1f..1.5e3\n'
                           'filter t > @2024-12-31 && d < 10days && $cut ?? true | take 5\n%time from x')
        for text, kind in {
                "let": "keyword", "f": "variableName.definition", "<float>": "typeName", "b:": "attributeName",
                "->": "operator", "as": "keyword", "int": "typeName", "# why": "comment", "#! doc": "docComment",
                "from": "keyword", "|": "operator", "mass": "propertyName.definition", "sum": "variableName.standard",
                "pt": "variableName", "phi": "variableName", "hist": "keyword", "eta": "propertyName",
                "1_000": "number", "0x1f": "number", "..": "operator", "1.5e3": "number",
                "@2024-12-31": "string.special", "10days": "number", "$cut": "variableName.special", "true": "atom",
                "5": "number", "%time": "meta"}.items():
            self.assertEqual(kinds.get(text), kind, text)

    def test_texts(self):
        for text in ('"a \\" b"', "'a # b'", '""', '"""a "quoted" b"""', "'''''a'''b'''''", 'r"\\"'):
            self.assertEqual(self.tokens("x == " + text + " | take")[0][2:],
                             [[text, "string"], ["|", "operator"], ["take", "keyword"]], text)
        pieces, left = self.tokens('f"a {pt / 1000:.1f} {{b}} {f\'{x}\'}" + 1')
        self.assertEqual((left, pieces[-1]), (0, ["1", "number"]))
        self.assertEqual(pieces[:6], [['f"', "string"], ["a ", "string"], ["{", "string.special"], ["pt", "variableName"],
                                      ["/", "operator"], ["1000", "number"]])
        self.assertIn([":.1f", "string.special"], pieces)
        pieces, left = self.tokens('x = "one\ntwo"\n3')
        self.assertEqual((left, pieces[-2:]), (0, [['two"', "string"], ["3", "number"]]))

    def test_programs_are_read_to_their_end(self):
        programs = [path for folder in ("tests/lang", "tests/hep", "docs", "notebooks")
                    for path in glob.glob(os.path.join(lab.ROOT, folder, "**", "*.cf"), recursive=True)]
        self.assertGreater(len(programs), 50)
        for path in programs:
            with open(path, encoding="utf-8") as f:
                pieces, left = self.tokens(f.read())
            self.assertEqual((left, [p for p in pieces if p[1] == "invalid"]), (0, []), path)


class Lab(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs(PICTURES, exist_ok=True)
        cls.addClassCleanup(lambda: [end() for end in reversed(cls.ends)])
        cls.ends = []
        cls.lab = lab.Lab(["tests/browser/data/first.ipynb", "docs/demo.cf", "notebooks/tour.ipynb"] + SAMPLES,
                          ["notebooks/data"])
        cls.ends.append(cls.lab.end)
        with open(os.path.join(cls.lab.work, "long.jsonl"), "w", encoding="utf-8") as f:
            f.write((json.dumps({"x": [i / 8 for i in range(400)]}) + "\n") * 20000)
        cls.browser = lab.Browser()
        cls.ends.append(cls.browser.end)
        cls.errors = []
        cls.notebook = lab.Notebook(cls.browser, cls.lab, "first.ipynb",
                                    lambda page: page.on("pageerror", lambda e: cls.errors.append(str(e))))
        cls.page = cls.notebook.page

    def tearDown(self):
        problem = self._outcome.result.failures + self._outcome.result.errors
        if any(self is test for test, _ in problem):
            self.page.screenshot(path=os.path.join(PICTURES, "failed-%s.png" % self._testMethodName))

    def picture(self, name):
        self.page.screenshot(path=os.path.join(PICTURES, name + ".png"))

    def theme(self, name):
        self.notebook.command("apputils:change-theme", {"theme": name})
        self.page.wait_for_function("(n) => document.body.dataset.jpThemeName === n", arg=name)

    def output(self, cell, selector=".jp-OutputArea-output"):
        found = cell.locator(selector).first
        found.wait_for()
        return found

    def colors(self, cell):
        return {text: (color, bold, style) for text, color, bold, style in cell.evaluate(PIECES)}

    def test_1_run_all(self):
        self.notebook.start_command("notebook:run-all-cells")
        for cell in range(3):
            self.output(self.notebook.cells().nth(cell))
        self.notebook.wait_idle()
        tables, flow, mass = [self.notebook.cells().nth(i) for i in range(3)]
        table = self.output(tables, ".cutflow table.cutflow-t")
        self.assertEqual(table.locator("> thead > tr").first.inner_text().split(),
                         ["process", "jets", "muons", "met", "leading"])
        self.assertEqual(table.locator("> tbody > tr").count(), 3)
        table.locator("summary").first.click()
        inner = table.locator("details[open] table")
        self.assertEqual(inner.locator("thead tr").first.inner_text().split(), ["PT", "Eta", "BTag"])
        for cell in (flow, mass):
            drawing = self.output(cell, ".vega-embed canvas, .vega-embed svg")
            box = drawing.bounding_box()
            self.assertTrue(box["width"] > 300 and box["height"] > 100, box)
        self.assertEqual(self.errors, [])
        self.show_all()

    def show_all(self):
        """The whole notebook in one picture, without Lab's side bars."""
        if self.page.locator(".jp-FileBrowser").is_visible():
            self.notebook.command("application:toggle-left-area")
        self.page.set_viewport_size({"width": 1120, "height": 1560})
        self.page.mouse.move(1118, 1558)
        time.sleep(1)
        self.picture("notebook")
        self.page.set_viewport_size({"width": 1400, "height": 1000})

    def test_2_colors(self):
        cell = self.notebook.cells().nth(0)
        self.assertEqual(cell.locator(".cm-content").get_attribute("data-language"), "cutflow")
        colors = self.colors(cell)
        comment, keyword, text, number = [colors[t] for t in ("# Three samples, one table.", "let", '"QCD"', "3")]
        self.assertEqual(len({comment[0], keyword[0], text[0]}), 3)
        self.assertTrue(keyword[1] and comment[2] == "italic" and not text[1])
        self.assertEqual(colors["from"], keyword)
        self.assertNotIn("collisions ", colors)
        self.assertNotEqual(number[0], text[0])

    def test_3_editing(self):
        cell = self.notebook.add_cell("from collisions\ntake 1")
        self.page.keyboard.press("Control+/")
        self.assertEqual(cell.locator(".cm-line").all_inner_texts(), ["from collisions", "# take 1"])
        self.page.keyboard.press("Control+/")
        self.page.keyboard.press("Control+End")
        self.page.keyboard.press("Enter")
        self.page.keyboard.type("derive x = (")
        self.page.keyboard.press("Enter")
        self.page.keyboard.type("Jet |")
        self.page.keyboard.press("Enter")
        lines = [line.rstrip("\n") for line in cell.locator(".cm-line").all_inner_texts()]
        self.assertEqual([len(line) - len(line.lstrip()) for line in lines[:5]], [0, 0, 0, 4, 4], lines)
        self.assertEqual(lines[-1].strip(), ")", "the bracket was closed")

    def test_4_completion_and_help(self):
        self.notebook.add_cell("from collisions\nselect E")
        self.page.keyboard.press("Control+End")
        self.page.keyboard.press("Tab")
        items = self.page.locator(".jp-Completer .jp-Completer-item")
        items.first.wait_for()
        names = [n.strip() for n in self.page.locator(".jp-Completer .jp-Completer-match").all_inner_texts()]
        self.assertIn("Electron", names)
        self.picture("completion")
        kinds = {n.strip() for n in self.page.locator(".jp-Completer .jp-Completer-typeExtended").all_inner_texts()}
        self.assertEqual(kinds, {"column"})
        self.page.keyboard.press("Escape")
        self.notebook.add_cell("from collisions\nhist MissingET.MET")
        self.page.keyboard.press("Control+Home")
        for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
            self.page.keyboard.press(key)
        self.page.keyboard.press("Shift+Tab")
        tip = self.page.locator(".jp-Tooltip")
        tip.wait_for()
        self.assertIn("hist x bins:n range:a..b weight:w", tip.inner_text())
        self.picture("tooltip")
        self.page.keyboard.press("Escape")

    def test_5_error(self):
        cell = self.notebook.run_cell("from collisions\nselect {jets = count(Jte)}")
        error = self.output(cell, ERROR)
        text = error.inner_text()
        self.assertIn("Jte", text)
        self.assertIn("^^^", text)
        self.assertIn("did you mean `Jet`", text)
        self.assertGreater(error.locator("[class*=ansi-red]").count(), 0)
        error.scroll_into_view_if_needed()
        self.picture("error")

    def test_6_interrupt(self):
        self.notebook.run_cell("let kept = 41")
        cell = self.notebook.run_cell(FOREVER, wait=False)
        self.page.wait_for_function("(c) => c.querySelector('.jp-InputPrompt').textContent.includes('*')",
                                    arg=cell.element_handle())
        time.sleep(1)
        self.page.locator('[data-command="notebook:interrupt-kernel"], [data-jp-item-name="interrupt"]').first.click()
        error = self.output(cell, ERROR)
        self.assertIn("interrupted", error.inner_text())
        self.assertEqual(self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.outputs.toJSON()[0].ename"),
            "KeyboardInterrupt")
        cell = self.notebook.run_cell("kept + 1")
        self.assertEqual(self.output(cell, ".jp-OutputArea-executeResult .jp-RenderedText").inner_text().strip(), "42")

    def test_7_restart(self):
        self.notebook.start_command("kernelmenu:restart")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")
        self.notebook.wait_idle()
        cell = self.notebook.run_cell("6 * 7")
        self.assertEqual(self.output(cell, ".jp-OutputArea-executeResult .jp-RenderedText").inner_text().strip(), "42")
        cell = self.notebook.run_cell("kept")
        self.assertIn("kept", self.output(cell, ERROR).inner_text())

    def test_8_program_files(self):
        self.notebook.command("docmanager:open", {"path": "demo.cf"})
        content = self.page.locator(".jp-FileEditor .cm-content")
        content.wait_for()
        self.page.wait_for_selector(".jp-FileEditor .cm-content[data-language=cutflow]")
        self.assertEqual(self.errors, [])

    def open_tour(self):
        tour = lab.Notebook(self.browser, self.lab, "tour.ipynb")
        self.addCleanup(tour.end)
        if tour.page.locator(".jp-FileBrowser").is_visible():
            tour.command("application:toggle-left-area")
        tour.start_command("notebook:run-all-cells")
        tour.page.wait_for_function(
            "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every((p) => /\\d/.test(p.textContent))")
        tour.wait_idle()
        tour.page.mouse.move(1398, 998)
        return tour

    def pictures_of(self, tour, name):
        """From top to bottom, screen by screen."""
        scroller = tour.page.locator(".jp-NotebookPanel .jp-WindowedPanel-outer")
        height, end = scroller.evaluate("""(s) => {
            const cells = s.querySelectorAll('.jp-Cell'), last = cells[cells.length - 1];
            return [s.clientHeight, last.getBoundingClientRect().bottom - s.getBoundingClientRect().top + s.scrollTop];
        }""")
        for i in range(int(end / height) + 1):
            scroller.evaluate("(s, y) => s.scrollTo(0, y)", i * height)
            time.sleep(0.3)
            tour.page.screenshot(path=os.path.join(PICTURES, "%s-%d.png" % (name, i + 1)))

    def test_8_tour(self):
        tour = self.open_tour()
        wrong = [c for c in tour.cells().all() if c.locator(ERROR).count()]
        self.assertEqual(len(wrong), 1, "one cell shows what an error looks like")
        self.assertGreater(tour.page.locator(".cutflow table").count(), 2)
        self.pictures_of(tour, "tour")

    def test_8_tour_in_the_dark(self):
        self.theme("JupyterLab Dark")
        tour = self.open_tour()
        self.assertEqual(tour.page.evaluate("document.body.dataset.jpThemeLight"), "false")
        self.pictures_of(tour, "tour-dark")
        self.theme("JupyterLab Light")

    def test_8_nbconvert(self):
        """Pages, run and coloured by Jupyter's own tool: Pygments knows a language near to ours."""
        page = subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", "--execute", "--stdout", "first.ipynb"],
                              cwd=self.lab.work, env=self.lab.env, capture_output=True, text=True, check=True,
                              timeout=lab.PATIENCE).stdout
        self.assertEqual(set(re.findall("highlight hl-([a-z0-9]+)", page)), {"prql"})
        spans = dict((text, kind) for kind, text in re.findall('<span class="([a-z0-9]+)">([^<]+)</span>', page))
        self.assertEqual([spans.get(t) for t in ("# Three samples, one table.", "|", "3")], ["c1", "o", "mi"])
        self.assertIn("s2", spans.values())
        self.assertNotIn("err", spans.values())
        self.assertTrue("cutflow-t" in page and "data:image/svg+xml" in page, "results")

    def test_9_without_the_extension(self):
        """The kernel names R's mode for editors that do not know the language."""
        page = lab.Notebook(self.browser, self.lab, "first.ipynb",
                            lambda page: page.route("**/cutflow/static/*", lambda route: route.abort()))
        self.addCleanup(page.end)
        cell = page.cells().nth(0)
        page.page.wait_for_selector('.jp-CodeCell .cm-content[data-language="r"]')
        self.assertIn('"QCD"', self.colors(cell))
        self.assertIn("# Three samples, one table.", self.colors(cell))


if __name__ == "__main__":
    unittest.main()
