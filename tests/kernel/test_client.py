"""`cutflow-kernel client`: cells as JSON lines in, outputs as notebooks hold them out."""
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

from wire import PATIENCE, toy_program


class Client(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.env = {**os.environ, "TMPDIR": self.folder.name, "CUTFLOW_HISTORY": ""}

    def start(self, **env):
        p = subprocess.Popen([toy_program, "client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env={**self.env, **env}, text=True)
        self.addCleanup(p.stdin.close)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.stderr.close)
        return p

    def run_cells(self, *cells, env=None):
        """Answers and exit code; nothing stays behind."""
        lines = "".join((json.dumps(c) if not isinstance(c, str) else c) + "\n" for c in cells)
        p = self.start(**(env or {}))
        out, err = p.communicate(lines, timeout=PATIENCE * 2)
        self.assertEqual(os.listdir(self.folder.name), [])
        self.assertNotIn("Sanitizer", err)
        return [json.loads(line) for line in out.splitlines()], p.returncode

    def test_outputs(self):
        answers, code = self.run_cells({"code": "print a\nprint b\nerror c\nprint d\nvalue 1\nvalue \u00e9"}, {"code": ""})
        self.assertEqual(code, 0)
        self.assertEqual(answers[0], {"status": "ok", "execution_count": 1, "outputs": [
            {"output_type": "stream", "name": "stdout", "text": "ab"},
            {"output_type": "stream", "name": "stderr", "text": "c"},
            {"output_type": "stream", "name": "stdout", "text": "d"},
            {"output_type": "display_data", "data": {"text/plain": "1"}, "metadata": {}},
            {"output_type": "execute_result", "execution_count": 2 - 1, "data": {"text/plain": "\u00e9"}, "metadata": {}}]})
        self.assertEqual(answers[1]["outputs"], [])

    def test_errors(self):
        answers, code = self.run_cells({"code": "value 1\nfail no"}, {"code": "value 2"})
        self.assertEqual([a["status"] for a in answers], ["error", "ok"])
        self.assertEqual(answers[0]["outputs"][1], {"output_type": "error", "ename": "E0030", "evalue": "no", "traceback":
                                                    ["\x1b[1;31merror\x1b[0m: no", "  cell 1"]})
        self.assertEqual(code, 0)

    def test_progress_leaves_no_trace(self):
        answers, _ = self.run_cells({"code": "print a\npartial 1700\nvalue b"}, {"code": "work 1500"},
                                    env={"CUTFLOW_PROGRESS": "1"})
        self.assertEqual([o["output_type"] for o in answers[0]["outputs"]], ["stream", "execute_result"])
        self.assertEqual(answers[1]["outputs"], [])

    def test_timeout(self):
        answers, code = self.run_cells({"code": "print a\nwork 60000", "timeout": 0.3}, {"code": "value 1"})
        self.assertEqual([a["status"] for a in answers], ["timeout", "ok"])
        self.assertEqual(answers[0]["outputs"][1]["ename"], "KeyboardInterrupt")
        self.assertEqual(code, 0)

    def test_a_kernel_that_does_not_stop_is_killed(self):
        answers, code = self.run_cells({"code": "print a\nstubborn 60000", "timeout": 0.3}, {"code": "value 1"})
        self.assertEqual([a["status"] for a in answers], ["timeout"])
        self.assertEqual(code, 3)

    def test_death(self):
        answers, code = self.run_cells({"code": "value 1"}, {"code": "crash"}, {"code": "value 2"})
        self.assertEqual([a["status"] for a in answers], ["ok", "died"])
        self.assertEqual(code, 3)

    def test_bad_lines(self):
        for line in ("x", "[]", '{"code": '):
            answers, code = self.run_cells(line)
            self.assertEqual((answers, code), ([], 1))
        answers, code = self.run_cells("", "  ", {"no": "code"})
        self.assertEqual([a["status"] for a in answers], ["ok"])

    def test_many_cells(self):
        answers, code = self.run_cells(*[{"code": "value %d" % i} for i in range(500)])
        self.assertEqual([a["outputs"][0]["data"]["text/plain"] for a in answers], [str(i) for i in range(500)])
        self.assertEqual(code, 0)

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            p = self.start()
            p.stdin.write('{"code": "value 1"}\n{"code": "work 60000"}\n')
            p.stdin.flush()
            p.stdout.readline()
            time.sleep(0.2)
            p.send_signal(number)
            self.assertEqual(p.wait(PATIENCE), 128 + number)
            self.assertEqual(os.listdir(self.folder.name), [])


if __name__ == "__main__":
    unittest.main()
