"""The whole program as a newcomer meets it, on the simulated collisions in tests/data: the prompt in a pseudo
terminal, and the command line.  (test_repl.py has the front end alone, over a toy session.)  Named by CUTFLOW."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import pexpect
except ImportError:
    if os.environ.get("CI"):
        sys.exit("pexpect is missing: ./setup.sh test installs it into .venv")
    print("skipped: no pexpect")
    sys.exit(77)

PROGRAM = os.environ["CUTFLOW"]
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "delphes_slice_ttbar.root")
DEADLINE = 20
PROMPT = r"cutflow>(\x1b\[0m)? "
MORE = r"      \.\.\.> "
CTRL_C, CTRL_D, CTRL_U, UP, TAB = "\x03", "\x04", "\x15", "\x1b[A", "\t"
LONG = ("from events | derive x = (EFlowTrack | triplets | filter mass(a + b + c) > 3 | count) "
        "| aggregate {s = sum x}")


class Case(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.addCleanup(self.home.cleanup)
        self.env = {"PATH": os.environ["PATH"], "HOME": self.home.name, "TERM": "xterm", "LC_ALL": "C.UTF-8",
                    "INPUTRC": "/dev/null", "NO_COLOR": "1", "PAGER": "cat", "ASAN_OPTIONS": "detect_leaks=0"}

    def file(self, name, data=b""):
        path = os.path.join(self.home.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return path

    def run_program(self, *args, stdin=b""):
        run = subprocess.run([PROGRAM, *args], input=stdin, env=self.env, capture_output=True, timeout=60,
                             check=False, cwd=self.home.name)
        return run.returncode, run.stdout.decode(errors="replace"), run.stderr.decode(errors="replace")


class Prompt(Case):
    def start(self, *args, rows=24, columns=80):
        p = pexpect.spawn(PROGRAM, list(args or [DATA]), env=self.env, encoding="utf-8", timeout=DEADLINE,
                          dimensions=(rows, columns), cwd=self.home.name)
        self.addCleanup(p.close, force=True)
        p.expect(PROMPT)
        return p

    def say(self, p, text, *answers):
        p.send(text + "\r")
        for answer in answers:
            p.expect_exact(answer)
        p.expect(PROMPT)

    def counts(self, p, n):
        """A table of one number, and the prompt."""
        p.expect(rf"│ +{n} │")
        p.expect(PROMPT)

    def ends(self, p, code=0):
        p.expect(pexpect.EOF)
        p.wait()
        self.assertEqual(p.exitstatus, code)

    def completes(self, p, typed, *shown):
        """Tab twice shows these, in this order; the line is thrown away."""
        p.send(CTRL_U + typed + TAB + TAB)
        for word in shown:
            p.expect_exact(word)
        p.send(CTRL_C)
        p.expect(PROMPT)


class FirstSteps(Prompt):
    def test_a_result_a_value_and_a_name(self):
        p = self.start()
        self.say(p, "from events | select {Event_size, Jet_size} | take 1", "Event_size", "Jet_size", "1 row")
        self.say(p, "let a = 3", "")
        self.say(p, "a * 2", "\r\n", "6")

    def test_lines_are_continued_until_the_statement_ends(self):
        p = self.start()
        for line in ["from events |", "filter (", "Jet | any PT > 400", ") |"]:
            p.send(line + "\r")
            p.expect(MORE)
        p.send("aggregate {n = count this}\r")
        self.counts(p, 0)

    def test_a_paste_of_many_lines_runs_once(self):
        p = self.start()
        p.send("\x1b[200~let x = 20\n\nfrom events\n| take 2\n| aggregate {n = count this}\n\nx + 1\n\x1b[201~")
        p.expect_exact("x + 1")
        p.send("\r")
        p.expect(r"│ +2 │")
        p.expect_exact("21")
        p.expect(PROMPT)

    def test_a_large_paste(self):
        p = self.start()
        text = "from [{a = 1}] | select {b = a}\n\n" * 300
        p.send("\x1b[200~" + text + "\x1b[201~\r")
        p.expect(PROMPT, timeout=60)
        self.say(p, "40 + 2", "42")

    def test_help_as_people_ask_for_it(self):
        p = self.start()
        for word in ["help", "?", "%help", ".help"]:
            self.say(p, word, "A pipeline starts with a table")
        for word in ["help filter", "filter?", "%help filter"]:
            self.say(p, word, "Keeps the rows")

    def test_habits_of_other_shells_are_explained(self):
        p = self.start()
        self.say(p, ".schema events", "commands start with %: `%schema`?")
        for word in [r"\d", ".tables", "show tables", "ls"]:
            self.say(p, word, "`%tables`")
        self.say(p, "SELECT * FROM events", "this is SQL")

    def test_words_that_leave(self):
        for word in ["exit", "quit", "exit()", "quit()", "exit;", ":q", r"\q", ".quit", "%quit"]:
            with self.subTest(word=word):
                p = self.start()
                p.send(word + "\r")
                self.ends(p)

    def test_misspelt_commands_and_names(self):
        p = self.start()
        self.say(p, "%hlp", "did you mean %help?")
        self.say(p, "%exti", "did you mean %exit?")
        self.say(p, "%something", "there are %help", "%exit")
        self.say(p, "from events | filter Jet_sise > 3", "did you mean `Jet_size`?")
        self.say(p, "from event", "did you mean `events`?")

    def test_time_of_short_statements(self):
        p = self.start()
        p.send("%time 1 + 1\r")
        p.expect(r"wall \d+(\.\d+)? (ms|µs|s), CPU \d+(\.\d+)? (ms|µs|s)")


class Tab(Prompt):
    def test_each_step_of_a_pipeline(self):
        p = self.start()
        self.completes(p, "desc", "describe ")
        self.completes(p, "from ev", "events")
        self.completes(p, "from events | fil", "filter ")
        self.completes(p, "from events | filter Jet.P", "PT", "float", "Phi")
        self.completes(p, "from events | filter (Jet | any P", "PT", "Phi")
        self.completes(p, "from events | select {big = Jet_size} | filter b", "big")
        self.completes(p, "from events | hist MissingET.MET bi", "bins:")
        self.completes(p, "from events | filter missing", "MissingET")

    def test_nothing_typed_shows_the_columns(self):
        p = self.start()
        self.completes(p, "from events | filter ", "Event", "Jet_size", "int")
        p.send("from events | filter " + TAB + TAB)
        p.expect_exact("MissingET")
        time.sleep(0.3)
        p.send(CTRL_C)
        p.expect(PROMPT)
        self.assertNotIn("heatmap", p.before)

    def test_a_long_list_fits_the_screen(self):
        p = self.start()
        p.send("from events | " + TAB + TAB)
        p.expect_exact("filter")
        p.expect(PROMPT)
        self.assertLess(p.before.count("\n"), 24)

    def test_commands_and_their_arguments(self):
        p = self.start()
        self.completes(p, "%sch", "%schema ")
        self.completes(p, "%set ", "format", "threads", "timer")
        self.completes(p, "%set format m", "%set format markdown")
        self.completes(p, "%set timer o", "on", "off")
        self.completes(p, "%schema ev", "events")
        self.completes(p, "%help filt", "filter")
        self.completes(p, "%time from ev", "events")

    def test_files_and_folders(self):
        self.file("some data/one.csv", "a\n1\n")
        self.file("some data/two.csv", "a\n1\n")
        p = self.start()
        p.send('from (read_csv "so' + TAB)
        p.expect_exact('"some data/')
        p.send("on" + TAB + '")\r')
        p.expect_exact("1 row")
        p.expect(PROMPT)


class Interrupts(Prompt):
    def test_what_is_typed_is_thrown_away_and_nothing_else(self):
        p = self.start()
        p.send("from events | filter (\r")
        p.expect(MORE)
        p.send("Jet | any" + CTRL_C)
        p.expect(PROMPT)
        for _ in range(3):
            p.send(CTRL_C)
            p.expect(PROMPT)
        self.say(p, "1 + 1", "2")

    def test_a_long_query_stops_and_the_session_stays(self):
        p = self.start()
        self.say(p, "let kept = 5", "")
        for times in [1, 2]:
            p.send(LONG + "\r")
            time.sleep(0.5)
            p.send(CTRL_C * times)
            p.expect_exact("error[E0064]")
            p.expect(PROMPT)
        self.say(p, "kept + 1", "6")
        self.say(p, "from events | aggregate {n = count this}", "45")
        p.send(CTRL_D)
        self.ends(p)

    def test_a_program_stops_with_130(self):
        run = subprocess.Popen([PROGRAM, DATA, "-c", LONG], env=self.env, stderr=subprocess.PIPE)
        time.sleep(1)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=DEADLINE)
        self.assertEqual(run.returncode, 130, err)
        self.assertIn(b"E0064", err)


class History(Prompt):
    def test_it_outlives_the_session_with_statements_whole(self):
        p = self.start()
        p.send("from events |\r")
        p.expect(MORE)
        self.say(p, "aggregate {n = count this}", "45")
        self.say(p, "1 + 1", "2")
        p.send(CTRL_D)
        self.ends(p)
        path = os.path.join(self.home.name, ".local/state/cutflow/history")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        p = self.start()
        p.send("from" + UP)
        p.expect_exact("aggregate {n = count this}")
        p.send("\r")
        p.expect_exact("45")

    def test_a_home_that_cannot_be_written_is_no_trouble(self):
        self.env["HOME"] = "/nonexistent"
        p = self.start()
        self.say(p, "1 + 1", "2")


class Screen(Prompt):
    def test_narrow_terminals_and_resizing(self):
        p = self.start()
        for columns in [40, 20, 120]:
            p.setwinsize(24, columns)
            time.sleep(0.3)
            p.send("from events | take 2\r")
            p.expect_exact("2 rows; 16 columns")
            table = [x for x in p.before.split("\r\n") if x.startswith(("│", "├"))]
            self.assertTrue(table)
            self.assertLessEqual(max(len(x) for x in table), columns)
            p.expect(PROMPT)

    def test_dumb_terminals_get_plain_text(self):
        self.env["TERM"] = "dumb"
        del self.env["NO_COLOR"]
        p = self.start()
        p.send("from events | filter nothing\r")
        p.expect_exact("error[E0012]")
        p.expect(PROMPT)
        p.send("%clear\r")
        p.expect(PROMPT)
        self.assertNotIn("\x1b", p.before)

    def test_colours_unless_no_color(self):
        p = self.start()
        p.send("from events | filter nothing\r")
        p.expect_exact("error[E0012]")
        self.assertNotIn("\x1b[1;31m", p.before)
        del self.env["NO_COLOR"]
        p = self.start()
        p.send("from events | filter nothing\r")
        p.expect_exact("\x1b[1;31merror[E0012]")

    def test_without_any_locale_characters_are_utf8(self):
        del self.env["LC_ALL"]
        p = self.start()
        p.send('from [{a = "é"}]\r')
        p.expect_exact('"é"')
        p.expect_exact("┌")


class CommandLine(Case):
    def test_standard_input_is_the_program(self):
        for text in ["from events | aggregate {n = count this}", "from events\n| aggregate {n = count this}\n",
                     "\ufefffrom events | aggregate {n = count this}\r\n"]:
            self.assertEqual(self.run_program(DATA, stdin=text.encode()), (0, " n\n45\n", ""))
        self.assertEqual(self.run_program(DATA, stdin=b""), (0, "", ""))

    def test_a_reader_that_leaves_early_is_no_error(self):
        query = "from events | explode EFlowTrack | select {pt = EFlowTrack.PT, eta = EFlowTrack.Eta}"
        run = subprocess.run(["sh", "-c", f'"{PROGRAM}" "{DATA}" --format csv -c "{query}" | head -1'], env=self.env,
                             capture_output=True, timeout=60, check=False)
        self.assertEqual(run.stdout, b"pt,eta\n")
        self.assertEqual(run.stderr, b"")

    def test_output_that_cannot_be_written(self):
        run = subprocess.run(["sh", "-c", f'"{PROGRAM}" -c 1 > /dev/full'], env=self.env, capture_output=True,
                             timeout=60, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"No space left", run.stderr)

    def test_files_that_are_not_what_they_should_be(self):
        with open(DATA, "rb") as f:
            self.file("cut.root", f.read(500))
        self.file("noise.parquet", bytes(range(256)) * 9)
        self.file("empty.csv")
        self.file("rooted.txt", "root:x:0\nbin:x:1\n")
        for args, words in [(["none.root"], ["there is no file or folder none.root"]),
                            (["none.cf"], ["none.cf", "No such file"]),
                            (["cut.root", "-c", "from events"], ["cut.root is damaged"]),
                            (["noise.parquet", "-c", "from events"], ["noise.parquet is no Parquet file"]),
                            (["empty.csv", "-c", "from events"], ["empty.csv is empty"]),
                            (["-f", DATA], ["is no program: it holds zero bytes"])]:
            code, out, err = self.run_program(*args)
            self.assertEqual((code, out), (1, ""), args)
            for word in words:
                self.assertIn(word, err)
            self.assertFalse(err.endswith("\n\n"), err)
        self.assertEqual(self.run_program("rooted.txt", "-c", "from events | aggregate {n = count this}")[0], 0)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_a_folder_that_may_not_be_read(self):
        path = os.path.join(self.home.name, "closed")
        os.mkdir(path, 0)
        code, _, err = self.run_program("closed", "-c", "1")
        self.assertEqual(code, 1)
        self.assertIn("Permission denied", err)

    def test_wrong_usage(self):
        for args, word in [(["--nope"], "no option `--nope`"), (["--formt", "csv"], "did you mean `--format`?"),
                           (["-z"], "no option `-z`"), (["--format", "xml"], "no format `xml`"),
                           (["-c"], "`-c` needs a value")]:
            code, _, err = self.run_program(*args)
            self.assertEqual(code, 2)
            self.assertIn(word, err)
        self.assertEqual(self.run_program("--help")[0], 0)

    def test_bytes_that_are_no_text_never_reach_the_screen(self):
        for text in [b"\xff\xfefrom events", b"from \x1b[31mevents", b'from [{a = "\xe9"}]']:
            code, _, err = self.run_program(DATA, stdin=text)
            self.assertEqual(code, 1)
            self.assertIn("\ufffd", err)
            self.assertNotIn("\x1b", err)
        self.assertEqual(self.run_program("fmt", "-", stdin=b"# a\0b\n")[0], 1)

    def test_very_long_lines(self):
        for text, word in [(b"from [{a = 1}] | select {b = a" + b" + 1" * 500000 + b"}", "too long or too deeply nested"),
                           (b"(" * 100000, "is not closed"), (b"x" * 2000000, "no table or value")]:
            code, _, err = self.run_program(stdin=text)
            self.assertEqual(code, 1)
            self.assertIn(word, err)
            self.assertLess(len(err), 5000)
        code, out, _ = self.run_program("--format", "csv", stdin=b'from [{a = "' + b"x" * 10000000 + b'"}]')
        self.assertEqual((code, len(out)), (0, 10000003))


class Parameters(Case):
    def setUp(self):
        super().setUp()
        self.file("p.cf", '@{param}\nlet cut = 1\n@{param}\nlet label = "l"\n@{param}\nlet on = true\n'
                          "from [{cut, label, on}]\n")

    def check(self, *args, want, warned=()):
        code, out, err = self.run_program("--format", "csv", *args, "p.cf")
        self.assertEqual((code, out), (0, f"cut,label,on\n{want}\n"), err)
        self.assertEqual(err, "".join(f"warning: no program has a parameter `{x}`\n" for x in warned))

    def test_json(self):
        self.file("p.json", '{"cut": 30, "label": "a \\"b\\" \\u00e9\\ud83d\\ude00",\n "on": false}')
        self.check("--params", "p.json", want='30,"a ""b"" é😀",false')

    def test_lines(self):
        self.file("p.yaml", "---\n# a comment\ncut: 31   # more\r\nlabel = \"x # y\"\n\non: false")
        self.check("--params=p.yaml", want="31,x # y,false")

    def test_p_counts_more_wherever_it_stands(self):
        self.file("a.json", '{"cut": 30}')
        self.check("-p", "cut=99", "--params", "a.json", want="99,l,true")
        self.check("--params", "a.json", "-p", "cut=99", want="99,l,true")

    def test_unknown_names_warn(self):
        self.file("a.json", '{"cot": 30, "labell": "x"}')
        self.check("--params", "a.json", want="1,l,true", warned=["cot", "labell"])

    def test_mistakes_are_placed(self):
        for text, word in [('{"a": [1]}', "line 1: a parameter is a text"), ('{"a"\n 1}', "line 2: `:` is missing"),
                           ('{"a": "x', "does not end"), ('{"a": 1} x', "after the last"), ("\nnothing", "line 2: a line"),
                           ('{"a": "\\u12"}', "no such character"), ("{", "a name in quotes"), ("a = 'x", "does not end"),
                           ('{"a": 1,}', "a name in quotes"), ("a=\0", "this is no text")]:
            self.file("bad", text)
            code, out, err = self.run_program("--params", "bad", "p.cf")
            self.assertEqual((code, out), (1, ""))
            self.assertIn("bad, line", err)
            self.assertIn(word, err)
        code, _, err = self.run_program("--params", "none", "p.cf")
        self.assertEqual(code, 1)
        self.assertIn("No such file", err)


if __name__ == "__main__":
    unittest.main()
