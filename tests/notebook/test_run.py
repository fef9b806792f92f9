"""`cutflow run` and `cutflow nb` as CI uses them; files are judged by nbformat where it is installed.

The program is named by CUTFLOW.
"""

import base64
import copy
import io
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ET
import zlib

try:
    import nbformat
except ImportError:
    if os.environ.get("CI"):
        sys.exit("nbformat is missing: ./setup.sh test installs it into .venv")
    nbformat = None

PROGRAM = os.path.abspath(os.environ["CUTFLOW"])
KERNEL = any(os.access(os.path.join(os.path.dirname(PROGRAM), *part, "cutflow-kernel"), os.X_OK) for part in ([], ["kernel"]))
DEADLINE = 60
TABLE = "from [{a = 1, b = 2.5}, {a = 2, b = 3.5}]"
HIST = "from [{x = 1.5}, {x = 2.5}, {x = 2.7}] | hist x bins:4 range:0..4"
# Runs long enough for a deadline, and can be stopped; the file is made by Case.setUp.
LONG = ("read_csv \"long.csv\"\nderive l = [" + ", ".join(f"a + {i}" for i in range(48)) + "]\n"
        "derive x = (l | triplets {p, q, r} | sum sin(p * 1.1) * cos(q * 1.2) * sin(r * 0.3))\naggregate {n = sum x}")


def code(source, cell_id=None, outputs=(), tags=None, count=None, **metadata):
    if tags:
        metadata["tags"] = tags
    return {"cell_type": "code", "execution_count": count, "id": cell_id or f"c{random.getrandbits(40):x}",
            "metadata": metadata, "outputs": list(outputs), "source": source}


def markdown(source, cell_id="text", **more):
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": source, **more}


def notebook(*cells, **metadata):
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def display(data, kind="display_data", **more):
    return {"output_type": kind, "data": data, "metadata": {}, **more}


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def lines_of(text):
    return "".join(text) if isinstance(text, list) else text


class Case(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.write("long.csv", "a\n" + "".join(f"{i % 1000}\n" for i in range(400000)))
        self.env = {"PATH": os.environ["PATH"], "HOME": self.home.name, "TERM": "dumb"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def tearDown(self):
        self.home.cleanup()

    def path(self, name):
        return os.path.join(self.home.name, name)

    def write(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as f:
            if isinstance(content, str):
                f.write(content)
            else:
                json.dump(content, f, indent=1, sort_keys=True, ensure_ascii=False)
                f.write("\n")
        return path

    def read(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as f:
            return f.read()

    def load(self, name):
        return json.loads(self.read(name))

    def program(self, *args, expect=0, stdin="", **env):
        done = subprocess.run([PROGRAM, *args], cwd=self.home.name, env={**self.env, **env}, text=True,
                              input=stdin, capture_output=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def replay(self, *cells, args=(), expect=0, **metadata):
        """Runs cells; the executed notebook."""
        self.write("n.ipynb", notebook(*cells, **metadata))
        self.program("run", "n.ipynb", "-o", "out.ipynb", *args, expect=expect)
        return self.load("out.ipynb")

    def check(self, cell, expect=0, args=()):
        self.write("n.ipynb", notebook(cell))
        return self.program("run", "n.ipynb", "--check", *args, expect=expect)


class Outputs(Case):
    def test_the_last_result_is_the_execute_result_and_the_others_are_displayed(self):
        cell = self.replay(code(f"{TABLE}\n{HIST}"))["cells"][0]
        self.assertEqual([o["output_type"] for o in cell["outputs"]], ["display_data", "execute_result"])
        table, plot = cell["outputs"]
        self.assertEqual(set(table["data"]), {"text/html", "text/plain"})
        self.assertLessEqual({"application/vnd.vegalite.v5+json", "image/svg+xml", "text/plain"}, set(plot["data"]))
        self.assertEqual(plot["execution_count"], 1)
        self.assertEqual(cell["execution_count"], 1)

    def test_printed_text_is_one_stream(self):
        cell = self.replay(code('%print "a"\n%print "b"\n%print err:true "c"'))["cells"][0]
        self.assertEqual([(o["name"], lines_of(o["text"])) for o in cell["outputs"]],
                         [("stdout", "a\nb\n"), ("stderr", "c\n")])

    def test_what_comes_before_text_is_only_displayed(self):
        cell = self.replay(code(f'{TABLE}\n%print "a"'))["cells"][0]
        self.assertEqual([o["output_type"] for o in cell["outputs"]], ["display_data", "stream"])

    def test_help_alone_goes_to_a_pager_that_is_not_there(self):
        self.assertEqual(self.replay(code("filter?"))["cells"][0]["outputs"], [])

    def test_an_error_is_an_output_with_name_message_and_place(self):
        cells = self.replay(code("from [{a = 1}]\nfrom nothing", "bad"), code(TABLE), expect=1)["cells"]
        table, error = cells[0]["outputs"]
        self.assertEqual(table["output_type"], "display_data")
        self.assertEqual(set(error), {"output_type", "ename", "evalue", "traceback"})
        self.assertEqual(error["ename"], "E0010")
        self.assertIn("nothing", error["evalue"])
        self.assertIn("cell 1, line 2", "\n".join(error["traceback"]))
        self.assertEqual(cells[1]["outputs"], [])
        self.assertIsNone(cells[1]["execution_count"])

    def test_cells_without_text_are_not_counted(self):
        cells = self.replay(code("  \n", count=7, outputs=[stream("old\n")]), code(TABLE))["cells"]
        self.assertEqual([(c["execution_count"], len(c["outputs"])) for c in cells], [(None, 0), (1, 1)])

    def test_an_input_is_refused(self):
        self.replay(code('let x = (input "name? ")\nfrom [{a = x}]'), expect=1)


class Files(Case):
    def test_a_second_run_changes_nothing(self):
        self.write("n.ipynb", notebook(markdown("# Title"), code(f"{TABLE}\n{HIST}")))
        self.program("run", "n.ipynb", "--inplace")
        first, info = self.read("n.ipynb"), os.stat(self.path("n.ipynb"))
        self.program("run", "n.ipynb", "--inplace")
        self.assertEqual(first, self.read("n.ipynb"))
        self.assertEqual(info.st_mtime_ns, os.stat(self.path("n.ipynb")).st_mtime_ns)
        self.program("run", "n.ipynb", "--check", "--strict")

    def test_without_a_name_the_result_lies_beside_the_notebook(self):
        self.write("sub/n.ipynb", notebook(code(TABLE)))
        self.program("run", "sub/n.ipynb")
        self.assertEqual(sorted(os.listdir(self.path("sub"))), ["n.executed.ipynb", "n.ipynb"])

    def test_cells_run_in_the_notebooks_folder(self):
        self.write("sub/d.csv", "a\n5\n")
        self.write("sub/n.ipynb", notebook(code('read_csv "d.csv"')))
        self.program("run", "sub/n.ipynb")
        self.program("run", "sub/n.ipynb", "--cwd", ".", expect=1)

    def test_data_of_the_command_line_are_tables(self):
        self.write("d.csv", "a\n5\n")
        self.write("sub/n.ipynb", notebook(code("from d | filter a == 5"), code("from e")))
        self.program("run", "sub/n.ipynb", "--data", "d.csv", "--data", "e=d.csv")
        self.program("run", "sub/n.ipynb", "--data", "none.csv", expect=2)

    def test_output_paths_are_patterns(self):
        for name in "ab":
            self.write(f"{name}.ipynb", notebook(code("let n = 1", tags=["parameters"])))
        self.program("run", "a.ipynb", "b.ipynb", "-p", "n=2", "-o", "o/{stem}-{n}.ipynb", "-j", "2")
        self.assertEqual(sorted(os.listdir(self.path("o"))), ["a-2.ipynb", "b-2.ipynb"])
        self.program("run", "a.ipynb", "b.ipynb", "-o", "same.ipynb", expect=2)
        self.program("run", "a.ipynb", "-o", "{unknown}.ipynb", expect=1)

    def test_permissions_and_links_stay(self):
        path = self.write("real.ipynb", notebook(code(TABLE)))
        os.chmod(path, 0o640)
        os.symlink("real.ipynb", self.path("n.ipynb"))
        self.program("run", "n.ipynb", "--inplace")
        self.assertTrue(os.path.islink(self.path("n.ipynb")))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)
        self.assertEqual(len(self.load("real.ipynb")["cells"][0]["outputs"]), 1)
        self.assertEqual(sorted(os.listdir(self.home.name)), ["long.csv", "n.ipynb", "real.ipynb"])

    def test_old_minors_get_ids_that_do_not_change(self):
        nb = notebook(code(TABLE), code(TABLE))
        nb["nbformat_minor"] = 2
        for cell in nb["cells"]:
            del cell["id"]
        self.write("n.ipynb", nb)
        results = []
        for _ in range(2):
            self.program("run", "n.ipynb", "-o", "out.ipynb")
            results.append(self.read("out.ipynb"))
        self.assertEqual(*results)
        new = self.load("out.ipynb")
        self.assertEqual(new["nbformat_minor"], 5)
        self.assertEqual(len({c["id"] for c in new["cells"]}), 2)
        self.program("nb", "validate", "out.ipynb")

    def test_what_is_no_notebook_is_said_so(self):
        for content, words in (({"worksheets": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}, "version 3"),
                               ('{"cells": [}', "line 1, column 12"), ("[]", "nbformat"), ("", "too early"),
                               (notebook(language_info={"name": "python"}), "python"),
                               ({"cells": [{"cell_type": "code"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5},
                                "cell 1"), ("[" * 100000, "deep")):
            self.write("n.ipynb", content)
            done = self.program("run", "n.ipynb", expect=2)
            self.assertIn(words, done.stderr)
        self.program("run", "missing.ipynb", expect=2)
        self.program("run", "n.txt", expect=2)
        self.program("run", expect=2)
        self.program("run", "--nothing", "n.ipynb", expect=2)

    def test_programs_are_notebooks_too(self):
        self.write("p.cf", f"# %% [markdown]\n# # Head\n\n# %%\n{TABLE}\n\n# %% tags=[\"raises-exception\"]\nfrom nothing\n")
        self.program("run", "p.cf", "-o", "p.ipynb")
        cells = self.load("p.ipynb")["cells"]
        self.assertEqual([c["cell_type"] for c in cells], ["markdown", "code", "code"])
        self.assertEqual(lines_of(cells[0]["source"]), "# Head")
        self.assertEqual(cells[2]["outputs"][0]["ename"], "E0010")
        self.write("whole.cf", f"let n = 1\n{TABLE} | take n\n")
        self.program("run", "whole.cf", "-o", "w.ipynb")
        self.assertEqual(len(self.load("w.ipynb")["cells"]), 1)
        self.assertFalse(os.path.exists(self.path("whole.executed.ipynb")))
        self.program("run", "p.cf", "--inplace", expect=2)

    def test_timing_only_where_asked(self):
        cell = self.replay(code(TABLE))["cells"][0]
        self.assertNotIn("execution", cell["metadata"])
        cell = self.replay(code(TABLE), args=["--timing"])["cells"][0]
        self.assertRegex(cell["metadata"]["execution"]["iopub.status.busy"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")

    def test_a_part_of_the_cells(self):
        cells = [code(f"from [{{a = {i}}}]", f"c{i}", [stream("old\n")], count=9) for i in range(4)]
        got = self.replay(*cells, args=["--from", "c1", "--to", "3"])["cells"]
        self.assertEqual([c["execution_count"] for c in got], [9, 1, 2, 9])
        self.assertEqual([c["outputs"][0]["output_type"] for c in got],
                         ["stream", "execute_result", "execute_result", "stream"])
        self.program("run", "n.ipynb", "--from", "nowhere", expect=2)


class Control(Case):
    def test_expected_errors(self):
        bad = "from nothing"
        self.replay(code(bad, tags=["raises-exception"]), code(f"# NBVAL_RAISES_EXCEPTION\n{bad}"))
        self.replay(code(TABLE, tags=["raises-exception"]), expect=1)
        self.replay(code(bad, tags=["raises-exception"], cutflow={"ename": "E00(10|12)"}))
        self.replay(code(bad, tags=["raises-exception"], cutflow={"ename": "E001"}), expect=1)
        self.replay(code(bad, tags=["raises-exception"], cutflow={"ename": "("}), expect=1)

    def test_allowed_errors(self):
        cells = [code("from nothing"), code(TABLE)]
        self.assertEqual(len(self.replay(*cells, args=["--allow-errors"])["cells"][1]["outputs"]), 1)
        self.replay(*cells, execution={"allow_errors": True})
        self.assertEqual(len(self.replay(*cells, args=["--keep-going"], expect=1)["cells"][1]["outputs"]), 1)

    def test_skipped_cells_keep_what_they_show(self):
        old = [stream("old\n")]
        cells = self.replay(code("from nothing", "a", old, ["skip-execution"], 3), code("from nothing", "b", old, ["nbval-skip"]),
                            code("# NBVAL_SKIP\nfrom nothing", "c", old), code(TABLE))["cells"]
        self.assertEqual([lines_of(c["outputs"][0]["text"]) for c in cells[:3]], ["old\n"] * 3)
        self.assertEqual([c["execution_count"] for c in cells], [3, None, None, 1])

    def test_a_cell_that_takes_too_long_is_stopped_and_the_rest_is_written(self):
        for args, metadata in ((["--cell-timeout", "0.5"], {}), (["--timeout", "0.5"], {}), ([], {"cutflow": {"timeout": 0.5}})):
            cells = self.replay(code(TABLE), code(LONG, "long", **metadata), code(TABLE), args=args, expect=124)["cells"]
            self.assertEqual(len(cells[0]["outputs"]), 1)
            self.assertEqual(cells[1]["outputs"][-1]["ename"], "CellTimeoutError")
            self.assertEqual(cells[2]["outputs"], [])
        self.replay(code(LONG), execution={"timeout": 0.5}, expect=124)

    def test_after_an_interrupt_the_session_goes_on(self):
        cells = self.replay(code("let n = 2"), code(LONG, cutflow={"timeout": 0.5}), code(f"{TABLE} | take n"),
                            args=["--keep-going"], expect=124)["cells"]
        self.assertEqual(len(cells[2]["outputs"]), 1)

    def test_a_session_that_dies_takes_nothing_with_it(self):
        self.write("n.ipynb", notebook(code(TABLE), code(LONG, "long")))
        p = subprocess.Popen([PROGRAM, "run", "n.ipynb", "-o", "out.ipynb", "--json"], cwd=self.home.name, env=self.env,
                             text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.wait_for_cell(p)
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(p.pid)], capture_output=True, text=True, check=True)
        os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
        p.communicate(timeout=DEADLINE)
        self.assertEqual(p.returncode, 3)
        cells = self.load("out.ipynb")["cells"]
        self.assertEqual(len(cells[0]["outputs"]), 1)
        self.assertEqual(cells[1]["outputs"][0]["ename"], "DeadKernelError")

    def wait_for_cell(self, p):
        """Until the first cell is done, and the second one surely runs."""
        while json.loads(p.stdout.readline())["event"] != "cell":
            pass
        time.sleep(0.3)

    def test_signals_end_the_run_with_what_there_is(self):
        for number, expect in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
            self.write("n.ipynb", notebook(code(TABLE), code(LONG, "long")))
            p = subprocess.Popen([PROGRAM, "run", "n.ipynb", "-o", "out.ipynb", "--json"], cwd=self.home.name, env=self.env,
                                 text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.wait_for_cell(p)
            p.send_signal(number)
            p.communicate(timeout=DEADLINE)
            self.assertEqual(p.returncode, expect)
            cells = self.load("out.ipynb")["cells"]
            self.assertEqual(len(cells[0]["outputs"]), 1)
            self.assertEqual(cells[1]["outputs"][0]["ename"], "KeyboardInterrupt")
            os.remove(self.path("out.ipynb"))

    def test_safe_sessions_write_nothing(self):
        self.replay(code(f'{TABLE} | save "x.csv"'), args=["--safe"], expect=1)
        self.assertFalse(os.path.exists(self.path("x.csv")))

    def test_the_worst_of_several_counts(self):
        self.write("good.ipynb", notebook(code(TABLE)))
        self.write("bad.ipynb", notebook(code("from nothing")))
        self.write("differs.ipynb", notebook(code(TABLE, outputs=[stream("x\n")])))
        run = ["run", "--check", "-j", "3"]
        self.program(*run, "good.ipynb", "bad.ipynb", "differs.ipynb", expect=1)
        self.program(*run, "bad.ipynb", "missing.ipynb", expect=2)
        done = self.program("run", "good.ipynb", "bad.ipynb", "-j", "2", expect=1)
        self.assertIn("1 of 2 notebooks are well", done.stderr)

    def test_rounds_with_other_numbers_of_threads_agree(self):
        self.replay(code(f"{TABLE}\n{HIST}"), args=["--repeat", "3"])


    @unittest.skipUnless(KERNEL, "no kernel was built")
    def test_the_kernel_gives_the_same(self):
        cells = [code(f"{TABLE}\n{HIST}"), code('%print "a"\nfilter?'), code("filter?"), code("let n = 1"), code(""),
                 code(f'{TABLE}\n%print "b"\n%print err:true "c"'), code("from [{a = 1}]\nfrom nothing"), code(TABLE)]
        got = self.replay(*cells, args=["--via-kernel", "--allow-errors"])["cells"]
        self.assertEqual([c["execution_count"] for c in got], [1, 2, 3, 4, None, 5, 6, 7])

    def test_a_kernel_that_says_something_else_is_found_out(self):
        fake = self.write("kernel", "#!/bin/sh\nwhile read -r line; do echo '{\"status\":\"ok\",\"execution_count\":1,\"outputs\":[]}'; done\n")
        os.chmod(fake, 0o755)
        self.write("n.ipynb", notebook(code("let n = 1"), code(TABLE)))
        done = self.program("run", "n.ipynb", "--via-kernel", "--no-output", expect=4, CUTFLOW_KERNEL=fake)
        self.assertIn("disagree", done.stderr)
        self.write("kernel", "#!/bin/sh\necho nonsense\ncat >/dev/null\n")
        self.program("run", "n.ipynb", "--via-kernel", "--no-output", expect=3, CUTFLOW_KERNEL=fake)


class Parameters(Case):
    def source(self, *args, cells=None, expect=0):
        cells = cells or [code("let n = 3 # how many\nlet s = \"x\"", "defaults", tags=["parameters"]), code(f"{TABLE} | take n")]
        return [lines_of(c["source"]) for c in self.replay(*cells, args=args, expect=expect)["cells"]]

    def test_values_have_types(self):
        got = self.source("-p", "n=1", "-p", "x=-1.5", "-p", "b=true", "-p", "z=null", "-p", "s=a b", "-p", 'q="7"', "-r", "r=7",
                          "-p", "l=[1, 2]", "-p", "t={a: 1, b: x}", "-p", "d=@2024-12-31", "-p", 's2=say "hi"\\')
        self.assertEqual(got[1], "\n".join([
            "# Parameters", "let n = 1", "let x = -1.5", "let b = true", "let z = null", 'let s = "a b"', 'let q = "7"', 'let r = "7"',
            'let l = [1, 2]', 'let t = {a = 1, b = "x"}', "let d = @2024-12-31", 'let s2 = "say \\"hi\\"\\\\"']))

    def test_the_injected_cell_stands_after_the_defaults_or_at_the_top_and_is_replaced(self):
        self.source("-p", "n=1")
        nb = self.load("out.ipynb")
        self.assertEqual([c["metadata"].get("tags") for c in nb["cells"]], [["parameters"], ["injected-parameters"], None])
        self.assertIn("1 row", lines_of(nb["cells"][2]["outputs"][0]["data"]["text/plain"]))
        self.write("again.ipynb", nb)
        self.program("run", "again.ipynb", "-p", "n=2", "-o", "out.ipynb")
        again = self.load("out.ipynb")
        self.assertEqual(len(again["cells"]), 3)
        self.assertEqual(again["cells"][1]["id"], nb["cells"][1]["id"])
        self.assertEqual(lines_of(again["cells"][1]["source"]), "# Parameters\nlet n = 2")
        self.assertEqual(self.source("-p", "n=1", cells=[markdown("text"), code(TABLE)])[0], "# Parameters\nlet n = 1")

    def test_files_and_yaml(self):
        self.write("p.yaml", "# values\nn: 1\ns: 'it''s'   # text\nl:\n  - x: 1\n    y: [a]\n  - x: 2\n    y: [a, \"b: c\"]\nm: {a: 1}\n")
        self.write("p.json", '{"n": 2}')
        self.assertEqual(self.source("--params", "p.yaml", "--params", "p.json", "-y", "z: 1.0")[1], "\n".join([
            "# Parameters", "let n = 2", 'let s = "it\'s"', 'let l = [{x = 1, y = ["a"]}, {x = 2, y = ["a", "b: c"]}]', "let m = {a = 1}", "let z = 1.0"]))
        self.write("bad.yaml", "a: 1\n   b: 2\n")
        self.assertIn("line 2", self.program("run", "n.ipynb", "--params", "bad.yaml", expect=2).stderr)
        self.write("bad.yaml", "a: |\n  text\n")
        self.program("run", "n.ipynb", "--params", "bad.yaml", expect=2)
        self.program("run", "n.ipynb", "-p", "1x=2", expect=2)

    def test_unknown_names_are_told(self):
        self.source("-p", "n=1")
        done = self.program("run", "n.ipynb", "-p", "m=1", "--no-output")
        self.assertIn("no parameter `m`", done.stderr)

    def test_parameters_are_listed(self):
        self.source()
        done = self.program("run", "n.ipynb", "--list-params")
        self.assertEqual(done.stdout, 'n.ipynb\n  n: int = 3  # how many\n  s: text = "x"\n')

    def test_marked_lets_take_values_without_a_cell(self):
        self.write("p.cf", f"@{{param}}\nlet n = 3\n{TABLE} | take n\n")
        self.program("run", "p.cf", "-p", "n=1", "-o", "p.ipynb")
        cells = self.load("p.ipynb")["cells"]
        self.assertEqual(len(cells), 1)
        self.assertIn("1 row", lines_of(cells[0]["outputs"][0]["data"]["text/plain"]))


class Check(Case):
    def saved(self, source, **more):
        """A cell with the outputs of its source."""
        cell = self.replay(code(source, "c", **more))["cells"][0]
        return copy.deepcopy(cell)

    def test_equal_outputs_agree_and_others_are_shown(self):
        cell = self.saved(TABLE)
        self.check(cell)
        self.assertIn("3.5", lines_of(cell["outputs"][0]["data"]["text/plain"]))
        data = cell["outputs"][0]["data"]
        data["text/plain"] = lines_of(data["text/plain"]).replace("3.5", "3.6")
        done = self.check(cell, 4)
        self.assertRegex(done.stderr, r"- .*3\.6")
        self.assertRegex(done.stderr, r"\+ .*3\.5")

    def test_numbers_may_lie_apart_where_it_is_allowed(self):
        cell = self.saved(TABLE)
        data = cell["outputs"][0]["data"]
        for mime in data:
            data[mime] = lines_of(data[mime]).replace("3.5", "3.50001")
        self.check(cell, 4)
        self.check(cell, 0, ["--rtol", "1e-4"])
        self.check(cell, 4, ["--rtol", "1e-7"])
        self.check(cell, 0, ["--atol", "0.001"])
        self.check({**cell, "metadata": {"cutflow": {"compare": {"rtol": 1e-4}}}})
        self.check({**cell, "metadata": {"cutflow": {"compare": "exact"}}}, 4, ["--rtol", "1e-4"])

    def test_plots_are_compared_by_structure(self):
        cell = self.saved(HIST)
        data = cell["outputs"][0]["data"]
        vega = data["application/vnd.vegalite.v5+json"]
        data["application/vnd.vegalite.v5+json"] = dict(reversed(list(vega.items())))
        data["image/svg+xml"] = lines_of(data["image/svg+xml"]).replace(">\n<", "><").replace("><", ">\n  <")
        data["image/png"] = "AAAA"
        self.check(cell)
        data["application/vnd.vegalite.v5+json"] = {**vega, "mark": "point"}
        self.check(cell, 4)

    def png(self, pixels, level, filter_type=0):
        def chunk(kind, body):
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        rows = b""
        for row in pixels:
            flat = bytes(v for p in row for v in p)
            if filter_type == 1:
                flat = bytes((v - (flat[i - 3] if i >= 3 else 0)) & 255 for i, v in enumerate(flat))
            rows += bytes([filter_type]) + flat
        head = struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, 2, 0, 0, 0)
        return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, level)) +
                                chunk(b"IEND", b"")).decode()

    def test_pictures_are_compared_by_pixels(self):
        pixels = [[(x * 9 % 256, y * 7 % 256, 3) for x in range(20)] for y in range(10)]
        other = copy.deepcopy(pixels)
        other[5][5] = (1, 2, 4)
        for one, two, expect in ((self.png(pixels, 9), self.png(pixels, 1, 1), 0), (self.png(pixels, 9), self.png(other, 9), 1)):
            self.write("a.ipynb", notebook(code("x", "c", [display({"image/png": one})])))
            self.write("b.ipynb", notebook(code("x", "c", [display({"image/png": two})])))
            done = self.program("nb", "diff", "a.ipynb", "b.ipynb", expect=1)
            self.assertEqual("image/png" in done.stdout, expect == 1, done.stdout)

    def test_rows_without_order(self):
        cell = self.saved("from [{a = 1}, {a = 2}]")
        cell["source"] = "from [{a = 2}, {a = 1}]"
        self.check(cell, 4)
        cell["metadata"] = {"cutflow": {"compare": "unordered"}}
        self.check(cell)
        cell["source"] = "from [{a = 2}, {a = 3}]"
        self.check(cell, 4)

    def test_streams_are_what_a_terminal_shows(self):
        self.check(code('%print "done"', outputs=[stream("100.0%\rdone\n")]), 4)  # what is longer stays
        self.check(code('%print "done"', outputs=[stream("10%\r"), stream("500%\b\b\b\rdone\n")]))
        self.check(code('%print "done"', outputs=[stream("d"), stream("o\x1b[31mne\n")]))

    def test_what_is_not_to_be_compared(self):
        old = [stream("old\n")]
        for cell in (code(TABLE, outputs=old, tags=["nbval-ignore-output"]), code(f"# NBVAL_IGNORE_OUTPUT\n{TABLE}", outputs=old),
                     code(TABLE, outputs=old, cutflow={"compare": "ignore"})):
            self.check(cell)
        self.check(code(TABLE, outputs=old), 0, ["--lax"])
        self.check(code(TABLE, outputs=old, tags=["nbval-check-output"]), 4, ["--lax"])

    def test_texts_are_cleaned_before(self):
        cell = code('%print "run 17 took 5.2 ms on 2024-05-06"', outputs=[stream("run 18 took 0.4 s on 2025-01-01\n")])
        self.check(cell, 4)
        self.write("rules", "[run]\nregex: run (?:no )?(\\d+)\nreplace: run N\n")
        self.check(cell, 0, ["--sanitize", "rules"])
        self.check(cell, 4, ["--sanitize", "rules", "--strict"])
        self.write("rules", "[run]\nregex: a+?\nreplace: x\n")
        self.assertIn("[run]", self.check(cell, 2, ["--sanitize", "rules"]).stderr)

    def test_data_are_not_cleaned(self):
        cell = self.saved('from [{d = "5 ms"}]')
        cell["source"] = 'from [{d = "6 ms"}]'
        self.check(cell, 4)

    def test_differences_can_be_accepted(self):
        good, old = self.saved(TABLE), code('%print "new"', "old", [stream("old\n")], count=2)
        good["metadata"] = {"x": 1}
        self.write("n.ipynb", notebook(good, old))
        self.program("run", "n.ipynb", "--update")
        cells = self.load("n.ipynb")["cells"]
        self.assertEqual(cells[0], good)
        self.assertEqual(lines_of(cells[1]["outputs"][0]["text"]), "new\n")
        self.program("run", "n.ipynb", "--check")

    def test_missing_and_new_outputs_differ(self):
        cell = self.saved(TABLE)
        self.check({**cell, "outputs": []}, 4)
        self.check({**cell, "outputs": cell["outputs"] * 2}, 4)


class Reports(Case):
    def setUp(self):
        super().setUp()
        self.write("n.ipynb", notebook(markdown("# A *title*\n\n| a | b |\n|---|--:|\n| 1 | <b> |"), code('%print "out & <in>"', "one"),
                                       code(f"{TABLE}\n{HIST}", "two"), code("# first\nfrom nothing", "bad"), code(TABLE, "never")))

    def test_junit(self):
        self.program("run", "n.ipynb", "--junit", "j.xml", "--no-output", expect=1)
        suite = ET.parse(self.path("j.xml")).getroot().find("testsuite")
        self.assertEqual({k: suite.get(k) for k in ("name", "tests", "failures", "errors", "skipped")},
                         {"name": "n.ipynb", "tests": "4", "failures": "1", "errors": "0", "skipped": "1"})
        cases = suite.findall("testcase")
        self.assertEqual(cases[0].find("system-out").text, "out & <in>\n")
        self.assertEqual(cases[2].get("name"), "bad: first")
        self.assertIn("from nothing", cases[2].find("failure").text)
        self.assertNotIn("\x1b", cases[2].find("failure").text)

    def test_events(self):
        done = self.program("run", "n.ipynb", "--json", "--no-output", expect=1)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([e.get("verdict", e["event"]) for e in events], ["start", "passed", "passed", "failed", "not_run", "end"])
        self.assertEqual(events[-1]["code"], 1)

    def test_annotations_name_the_line_of_the_file(self):
        self.program("nb", "strip", "n.ipynb")  # a source is a list of lines then
        done = self.program("run", "n.ipynb", "--no-output", expect=1, GITHUB_ACTIONS="true")
        line = 1 + self.read("n.ipynb").splitlines().index('    "from nothing"')
        self.assertIn(f"::error file=n.ipynb,line={line},title=cell bad failed::E0010", done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1)

    def test_progress_is_plain_without_a_terminal(self):
        done = self.program("run", "n.ipynb", "--no-output", expect=1)
        self.assertRegex(done.stderr, r"(?m)^\[1/4\] cell one \d+\.\d s$")
        self.assertRegex(done.stderr, r"(?m)^\[3/4\] cell bad \d+\.\d s failed: E0010")
        self.assertNotIn("\r", done.stderr)
        self.assertEqual(self.program("run", "n.ipynb", "--no-output", "-q", "--to", "two").stderr, "")

    def test_a_page_that_needs_nothing_else(self):
        self.program("run", "n.ipynb", "--html", "n.html", expect=1)
        page = self.read("n.html")
        for part in ("<title>A *title*</title>", "<h1>A <em>title</em></h1>", '<td style="text-align:right">&lt;b&gt;</td>',
                     "out &amp; &lt;in&gt;", "data:image/svg+xml;base64,", 'class="out error"', "3.5</td>"):
            self.assertIn(part, page)
        for part in ("<script", "http://", "https://"):
            self.assertNotIn(part, page.replace("http://www.w3.org", ""))

    def test_foreign_html_is_not_obeyed(self):
        cells = [code("from nothing", "a", [display({"text/html": h, "text/plain": "plain"})], ["skip-execution"])
                 for h in ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b\nonclick = 'x'>")]
        self.write("n.ipynb", notebook(*cells, markdown("<script>x</script> [a](javascript:x)")))
        self.program("run", "n.ipynb", "--html", "n.html")
        page = self.read("n.html")
        for part in ("<script", "onerror", "onclick", 'href="javascript'):
            self.assertNotIn(part, page)


class Tools(Case):
    def test_strip(self):
        cell = code(TABLE, "c", [stream("x\n")], count=3, collapsed=True, keep=1)
        kept = code(TABLE, "k", [stream("x\n")], ["keep_output"], 4)
        self.write("n.ipynb", notebook(cell, kept, widgets={}))
        self.program("nb", "strip", "--check", "n.ipynb", expect=1)
        self.program("nb", "strip", "n.ipynb")
        nb = self.load("n.ipynb")
        self.assertEqual([(c["outputs"], c["execution_count"]) for c in nb["cells"]],
                         [([], None), ([{**stream(["x\n"])}], None)])
        self.assertEqual(nb["cells"][0]["metadata"], {"keep": 1})
        self.assertEqual(nb["metadata"], {})
        self.program("nb", "strip", "--check", "n.ipynb")
        text = json.dumps(notebook(cell))
        done = self.program("nb", "strip", "--keep-output", "--stdout", "--extra", "cell.metadata.keep", "-", stdin=text)
        self.assertEqual(json.loads(done.stdout)["cells"][0]["outputs"], [{**stream(["x\n"])}])
        self.assertEqual(json.loads(done.stdout)["cells"][0]["metadata"], {})

    def test_validate(self):
        self.write("n.ipynb", notebook(markdown("x"), code(TABLE, outputs=[display({"a/b": "c", "application/json": [1]})])))
        self.program("nb", "validate", "n.ipynb")

        def fault(words, change):
            nb = notebook(code("x", "c", [stream("x\n")], ["a"]), markdown("x"))
            change(nb)
            self.write("n.ipynb", nb)
            done = self.program("nb", "validate", "n.ipynb", expect=1)
            self.assertIn(words, done.stdout)
            if nbformat is not None:
                self.assertTrue(list(nbformat.validator.iter_validate(nb)))
        fault("cells[0]: `id` is missing", lambda nb: nb["cells"][0].pop("id"))
        fault("no id", lambda nb: nb["cells"][0].update(id="a b"))
        fault("`more` does not belong here", lambda nb: nb["cells"][0]["outputs"][0].update(more=1))
        fault("cells[0].outputs[0].text", lambda nb: nb["cells"][0]["outputs"][0].update(text=[1]))
        fault("no output_type", lambda nb: nb["cells"][0]["outputs"][0].update(output_type="x"))
        fault("stands twice", lambda nb: nb["cells"][0]["metadata"].update(tags=["a", "a"]))
        fault("execution_count", lambda nb: nb["cells"][0].update(execution_count="1"))
        fault("cells[1].source", lambda nb: nb["cells"][1].update(source=1))
        fault("no cell_type", lambda nb: nb["cells"][1].update(cell_type="x"))
        fault("metadata.kernelspec", lambda nb: nb["metadata"].update(kernelspec={"name": "x"}))
        fault("`cells` is missing", lambda nb: nb.pop("cells"))
        fault("`other` does not belong", lambda nb: nb.update(other=1))
        nb = notebook(code("x", "c"), code("x", "c"))
        self.write("n.ipynb", nb)
        self.assertIn("same id", self.program("nb", "validate", "n.ipynb", expect=1).stdout)

    def test_diff(self):
        a = notebook(code("x\ny", "one"), code("same", "two", [stream("1\n")]), code("gone", "three"))
        b = copy.deepcopy(a)
        self.write("a.ipynb", a)
        self.write("b.ipynb", b)
        self.assertEqual(self.program("nb", "diff", "a.ipynb", "b.ipynb").stdout, "")
        b["cells"][0]["source"] = "x\nz"
        b["cells"][1]["outputs"] = [stream("2\n")]
        b["cells"][2] = code("new", "four")
        self.write("b.ipynb", b)
        out = self.program("nb", "diff", "a.ipynb", "b.ipynb", expect=1).stdout
        for part in ("~ cell one, code: source", "- y", "+ z", "~ cell two, code: outputs", "- 1", "+ 2", "- cell three", "+ cell four"):
            self.assertIn(part, out)
        self.assertNotIn("two", self.program("nb", "diff", "--sources", "a.ipynb", "b.ipynb", expect=1).stdout)
        self.program("nb", "diff", "a.ipynb", expect=2)

    def test_scripts_give_the_sources_back(self):
        random.seed(7)
        pieces = ["from x", "", "# %%", "# # %% a", "#", "%% x", "# %% [markdown]", " indented", "ü\u2028", "tab\t", "#!doc", "\r"]
        for _ in range(60):
            cells = []
            for i in range(random.randint(0, 5)):
                source = "\n".join(random.choice(pieces) for _ in range(random.randint(0, 4)))
                make = random.choice([lambda s, i=i: code(s, f"c{i}", tags=random.choice([None, ["a", "b c"]])),
                                      lambda s, i=i: markdown(s, f"c{i}"), lambda s, i=i: {**markdown(s, f"c{i}"), "cell_type": "raw"}])
                cells.append(make(source))
            self.write("n.ipynb", notebook(*cells, kernelspec={"name": "cutflow", "display_name": "Cutflow", "language": "cutflow"}))
            self.program("nb", "to-script", "--ids", "n.ipynb", "-o", "n.cf")
            self.program("nb", "from-script", "n.cf", "-o", "back.ipynb")
            back = self.load("back.ipynb")
            self.assertEqual([(c["cell_type"], c["id"], c["metadata"], lines_of(c["source"])) for c in back["cells"]],
                             [(c["cell_type"], c["id"], c["metadata"], c["source"]) for c in cells], self.read("n.cf"))

    def test_usage(self):
        self.program("nb", expect=2)
        self.program("nb", "nothing", expect=2)
        self.program("nb", "strip", "--nothing", "x", expect=2)
        self.assertIn("usage", self.program("nb", "--help").stdout)
        self.assertIn("usage", self.program("run", "--help").stdout)


@unittest.skipIf(nbformat is None, "no nbformat")
class Format(Case):
    """What nbformat writes is what we write."""

    ODD = ["", "plain", "a\nb", "a\n", "\n", "a\r\nb", "x\x0by\x0cz", "\x1c\x1d\x1e", "n\x85l", "l\u2028p\u2029", "ü€𝄞", "tab\t\"q\" \\ /",
           "\x7f\x01\x00\x1f", "</script>"]

    def text(self):
        return "".join(random.choice(self.ODD) for _ in range(random.randint(0, 4)))

    def number(self):
        return random.choice([0, -1, 1.0, 0.1, 1e100, 1e-7, 123456789012345680000.0, 5e-324, 1.5e16, 1e16, 123456.789, 2 ** 70,
                              random.random(), random.uniform(-1e9, 1e9), 10 ** random.uniform(-20, 20)])

    def value(self, depth=0):
        kind = random.randint(0, 6 if depth < 3 else 4)
        if kind == 5:
            return [self.value(depth + 1) for _ in range(random.randint(0, 3))]
        if kind == 6:
            return {random.choice("abcÄzß€") + self.text(): self.value(depth + 1) for _ in range(random.randint(0, 3))}
        return [None, True, False, self.number(), self.text()][kind]

    def outputs(self):
        data = {"text/plain": self.text(), "application/json": self.value(), "image/svg+xml": self.text(), "image/png": self.text(),
                "application/x+json": self.value(), "application/javascript": self.text(), "x/y": self.text()}
        return random.sample([stream(self.text()), display(data), display(data, "execute_result", execution_count=3),
                              {"output_type": "error", "ename": "E", "evalue": self.text(), "traceback": [self.text(), self.text()]}],
                             random.randint(0, 4))

    def notebook(self, minor):
        cells = []
        for i in range(random.randint(0, 6)):
            cell = random.choice([
                code(self.text(), f"id{i}", self.outputs(), random.choice([None, ["a"]]), random.choice([None, 5]), own=self.value()),
                markdown(self.text(), f"id{i}", attachments={"a.png": {"image/png": "QUJD", "text/plain": self.text()}}),
                {**markdown(self.text(), f"id{i}"), "cell_type": "raw", "metadata": {"trusted": True, "format": "x"}}])
            if minor < 5:
                del cell["id"]
            cells.append(cell)
        return {"cells": cells, "metadata": {"own": self.value(), "signature": "x", "orig_nbformat": 2}, "nbformat": 4, "nbformat_minor": minor}

    def written(self, nb):
        out = io.StringIO()
        nbformat.write(nbformat.from_dict(nb), out)
        return out.getvalue()

    def test_random_notebooks_are_written_as_nbformat_does(self):
        random.seed(11)
        for i in range(150):
            nb = self.notebook(random.choice([0, 2, 4, 5]))
            want = self.written(nb)
            done = subprocess.run([PROGRAM, "nb", "strip", "--keep-output", "--keep-count", "--stdout", "-"], input=want.encode(),
                                  env=self.env, capture_output=True, timeout=DEADLINE, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.decode(), want, f"notebook {i}")
            # The same from a file in which nothing is sorted or split.
            loose = json.dumps(nb).encode()
            done = subprocess.run([PROGRAM, "nb", "strip", "--keep-output", "--keep-count", "--stdout", "-"], input=loose,
                                  env=self.env, capture_output=True, timeout=DEADLINE, check=False)
            self.assertEqual(done.stdout.decode(), want, f"loose notebook {i}")

    def test_number_texts_stay(self):
        text = '{\n "cells": [],\n "metadata": {\n  "a": [\n   0.10,\n   1E5,\n   -0,\n   12345678901234567890123\n  ]\n },\n' \
               ' "nbformat": 4,\n "nbformat_minor": 5\n}\n'
        self.assertEqual(self.program("nb", "strip", "--stdout", "-", stdin=text).stdout, text)

    def test_executed_notebooks_are_as_nbformat_writes_them_and_valid(self):
        self.write("n.ipynb", notebook(code(f"{TABLE}\n{HIST}"), code('%print "a"'), code("from nothing", tags=["raises-exception"])))
        self.program("run", "n.ipynb", "-o", "out.ipynb")
        nb = nbformat.read(self.path("out.ipynb"), as_version=nbformat.NO_CONVERT)
        nbformat.validate(nb)
        self.assertEqual(self.read("out.ipynb"), self.written(nb))


if __name__ == "__main__":
    unittest.main()
