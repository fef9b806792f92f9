"""The kernel with the real session: long queries, interrupts, help beside a running cell, saved notebooks."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from wire import Client, Kernel, real_program

# For ever, as tests go: 4,455,100 triples in each of 2,000 rows.
FOREVER = "from (read_json %s)\nderive n = (x | triplets | filter sqrt(a * a + b * b + c * c) > 1 | count)\naggregate {all = sum n}"


def kinds(messages):
    return [m["type"] for m in messages]


class Real(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        path = os.path.join(cls.folder, "long.jsonl")
        with open(path, "w", encoding="utf-8") as f:
            for _ in range(2000):
                f.write(json.dumps({"x": [i / 8 for i in range(300)]}) + "\n")
        cls.forever = FOREVER % json.dumps(path)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def setUp(self):
        self.kernel = Kernel(program=real_program)
        self.client = Client(self.kernel)

    def tearDown(self):
        self.client.close()
        self.kernel.end()

    def start_forever(self):
        message_id = self.client.execute(self.forever)
        self.client.until(message_id, "execute_input")
        time.sleep(0.5)
        self.assertIsNone(self.client.get(self.client.shell, 0.1))
        return message_id

    def interrupt(self, message_id):
        self.client.ask("interrupt_request", {}, self.client.control)
        reply = self.client.reply(message_id)
        self.assertEqual((reply["content"]["status"], reply["content"]["ename"]), ("error", "KeyboardInterrupt"))

    def test_interrupt_keeps_the_session(self):
        self.client.run("let kept = 41")
        message_id = self.start_forever()
        self.interrupt(message_id)
        self.assertEqual(kinds(self.client.outputs(message_id))[-2:], ["error", "status"])
        reply, out = self.client.run("kept + 1")
        self.assertEqual((reply["content"]["status"], out[0]["content"]["data"]["text/plain"]), ("ok", "42"))

    def test_help_beside_a_running_cell(self):
        self.client.run("let kept = [{alpha = 1, beta = 2}]")
        subshell = self.client.ask("create_subshell_request", {}, self.client.control)["content"]["subshell_id"]
        message_id = self.start_forever()
        for _ in range(20):
            reply = self.client.ask("complete_request", {"code": "from kept | select al", "cursor_pos": 21}, subshell_id=subshell)
            self.assertEqual(reply["content"]["matches"][0], "alpha")
            reply = self.client.ask("inspect_request", {"code": "filter", "cursor_pos": 3}, subshell_id=subshell)
            self.assertTrue(reply["content"]["found"])
        self.assertIsNone(self.client.get(self.client.shell, 0.1))
        self.interrupt(message_id)

    def test_help_while_cells_come_and_go(self):
        subshell = self.client.ask("create_subshell_request", {}, self.client.control)["content"]["subshell_id"]
        cells = [self.client.execute("let v%d = %d\nfrom [{a = v%d}] | derive b = a" % (i, i, i)) for i in range(100)]
        for i in range(100):
            reply = self.client.ask("complete_request", {"code": "from [{a = 1}] | select ", "cursor_pos": 24},
                                    subshell_id=subshell)
            self.assertIn("a", reply["content"]["matches"])
        for cell in cells:
            self.assertIn("execute_result", kinds(self.client.outputs(cell)))

    def test_errors(self):
        reply, out = self.client.run("from [{a = 1}]\n\nfrom [{a = 1}] | select nope")
        self.assertEqual(kinds(out), ["display_data", "error"])
        error = out[1]["content"]
        self.assertEqual((error["ename"], error["evalue"]), ("E0012", "no column `nope`" + error["evalue"][16:]))
        self.assertIn("cell 1, line 3", "".join(error["traceback"]))
        self.assertTrue(all("\n" not in line for line in error["traceback"]))
        self.assertIn("\x1b[", error["traceback"][0])
        self.assertEqual(reply["content"]["ename"], "E0012")

    def test_an_error_in_a_value_of_an_earlier_cell(self):
        self.client.run('let f = x -> (from [{a = 1}] | select (a + x))')
        _, out = self.client.run("f no_such_name")
        self.assertEqual(kinds(out), ["error"])

    def test_results(self):
        _, out = self.client.run("from [{a = 1, t = \"<b>\"}] | derive b = a / 4")
        data = out[0]["content"]["data"]
        self.assertEqual(sorted(data), ["text/html", "text/plain"])
        self.assertIn("&lt;b&gt;", data["text/html"])
        reply, out = self.client.run("1", user_expressions={"x": "2 + 3", "y": "nope"})
        self.assertEqual(reply["content"]["user_expressions"]["x"]["data"]["text/plain"], "5")
        self.assertEqual(reply["content"]["user_expressions"]["y"]["status"], "error")

    def test_shutdown_while_busy(self):
        self.start_forever()
        self.client.ask("shutdown_request", {"restart": False}, self.client.control)
        self.assertEqual(self.kernel.process.wait(10), 0)

    def test_client_agrees(self):
        cells = ["let n = 3", "from [{a = 1}, {a = n}] | derive b = a ** 2", "nope", "%print n"]
        lines = "".join(json.dumps({"code": c}) + "\n" for c in cells)
        run = subprocess.run([real_program, "client"], input=lines, capture_output=True, text=True, timeout=60, check=True,
                             env={**os.environ, "CUTFLOW_HISTORY": ""})
        for cell, line in zip(cells, run.stdout.splitlines()):
            reply, out = self.client.run(cell)
            answer = json.loads(line)
            self.assertEqual(answer["status"], reply["content"]["status"])
            self.assertEqual([o["output_type"] for o in answer["outputs"]], kinds(out))
            for a, b in zip(answer["outputs"], out):
                self.assertEqual(a.get("data"), b["content"].get("data"))


class Command(unittest.TestCase):
    def test_cutflow_kernel_is_the_program_beside_it(self):
        cutflow = os.path.join(os.path.dirname(os.path.abspath(real_program)), "cutflow")
        for words in (["--version"], ["install", "--nonsense"]):
            runs = [subprocess.run(c + words, capture_output=True, timeout=60, check=False)
                    for c in ([real_program], [cutflow, "kernel"])]
            self.assertEqual((runs[0].returncode, runs[0].stdout), (runs[1].returncode, runs[1].stdout))


class Notebook(unittest.TestCase):
    def test_a_notebook_runs_twice_to_the_same_bytes(self):
        try:
            import nbclient
            import nbformat
        except ImportError:
            self.skipTest("no nbclient")
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        os.environ.update(JUPYTER_DATA_DIR=folder, CUTFLOW_HISTORY="")
        subprocess.run([real_program, "install"], check=True, stdout=subprocess.DEVNULL)
        texts = []
        for _ in range(2):
            nb = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "cutflow", "display_name": "Cutflow",
                                                                   "language": "cutflow"}})
            nb.cells = [nbformat.v4.new_code_cell(c, id="c%d" % i) for i, c in enumerate(
                ["let n = 3", "from [{a = 1}, {a = n}] | hist a bins:4 range:0..4", '%print "x"\n\n1\n\nn'])]
            nbclient.NotebookClient(nb, timeout=60, kernel_name="cutflow", record_timing=False).execute()
            nbformat.validate(nb)
            texts.append(nbformat.writes(nb))
        self.assertEqual(texts[0], texts[1])
        self.assertEqual([[o.output_type for o in c.outputs] for c in nb.cells],
                         [[], ["execute_result"], ["stream", "display_data", "execute_result"]])


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    sys.exit(0 if result.wasSuccessful() else 1)
