"""The prompt and the command line as a user meets them, in a pseudo terminal.

Runs the front end over a toy session (tests/unit/repl/fake_session.c), whose statements are
`rows N`, `say TEXT`, `fail`, `wait`, `work MS`, `ask`; everything else is said back.
The program is named by CUTFLOW_PROBE.
"""

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

PROGRAM = os.environ["CUTFLOW_PROBE"]
DEADLINE = 10
PROMPT = r"cutflow>(\x1b\[0m)? "
MORE = r"      \.\.\.> "
CTRL_C, CTRL_D, CTRL_U, CTRL_R, UP, TAB = "\x03", "\x04", "\x15", "\x12", "\x1b[A", "\t"


class Case(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.env = {
            "PATH": os.environ["PATH"], "HOME": self.home.name, "TERM": "xterm", "LC_ALL": "C.UTF-8",
            "INPUTRC": "/dev/null", "NO_COLOR": "1", "PAGER": "cat",
            "ASAN_OPTIONS": "detect_leaks=0",
        }

    def tearDown(self):
        self.home.cleanup()

    def file(self, name, text=""):
        path = os.path.join(self.home.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def run_program(self, *args, stdin="", **more):
        return subprocess.run([PROGRAM, *args], input=stdin, env=self.env, text=True,
                              capture_output=True, timeout=DEADLINE, check=False, **more)


class Prompt(Case):
    def start(self, *args, rows=24, columns=80):
        p = pexpect.spawn(PROGRAM, list(args), env=self.env, encoding="utf-8", timeout=DEADLINE,
                          dimensions=(rows, columns))
        self.addCleanup(p.close, force=True)
        p.expect(PROMPT)
        return p

    def leave(self, p, code=0):
        p.send(CTRL_D)
        p.expect(pexpect.EOF)
        p.wait()
        self.assertEqual(p.exitstatus, code)

    def say(self, p, text, answer):
        p.send(text + "\r")
        p.expect_exact(answer)
        p.expect(PROMPT)

    def history(self):
        path = os.path.join(self.home.name, ".local/state/cutflow/history")
        with open(path, encoding="utf-8") as f:
            return f.read()


class Statements(Prompt):
    def test_a_line_runs_and_the_prompt_comes_back(self):
        p = self.start()
        self.say(p, "say hello", "hello\r\n")
        self.leave(p)

    def test_the_banner_is_one_line(self):
        p = pexpect.spawn(PROGRAM, env=self.env, encoding="utf-8", timeout=DEADLINE)
        self.addCleanup(p.close, force=True)
        p.expect(PROMPT)
        self.assertEqual(p.before.count("\n"), 1)

    def test_an_open_statement_asks_for_more_and_indents(self):
        p = self.start()
        p.send("from (a\r")
        p.expect(MORE)
        p.send("b)\r")
        p.expect_exact("ran <from (a/  b)>")
        p.expect(PROMPT)

    def test_a_paste_runs_all_its_statements(self):
        p = self.start()
        p.send("\x1b[200~say one\nsay two\nsay three\x1b[201~")
        p.expect_exact("three")
        p.send("\r")
        p.expect_exact("one\r\n\r\ntwo\r\n\r\nthree\r\n")
        p.expect(PROMPT)
        self.leave(p)

    def test_alt_enter_puts_a_line_end_into_the_statement(self):
        p = self.start()
        p.send("first\x1b\rsecond\r")
        p.expect_exact("ran <first>")
        p.expect_exact("ran <second>")

    def test_an_error_stays_at_the_prompt(self):
        p = self.start()
        self.say(p, "fail", "error[E0012]: no column `fail`")
        self.say(p, "say on", "on\r\n")
        self.leave(p)

    def test_a_semicolon_that_hides_a_result_is_mentioned_once(self):
        p = self.start()
        p.send("from a;\r")
        p.expect_exact("the `;` hides the result")
        p.expect(PROMPT)
        p.send("from b;\rsay end\r")
        p.expect_exact("end")
        p.expect(PROMPT)
        self.assertNotIn("hides", p.before)

    def test_empty_lines_do_nothing(self):
        p = self.start()
        p.send("\r")
        p.expect(PROMPT)
        p.send("   \r")
        p.expect(PROMPT)
        self.leave(p)

    def test_input_asks_the_user(self):
        p = self.start()
        p.send("ask\r")
        p.expect_exact("name? ")
        p.send("Ada\r")
        p.expect_exact("hello Ada")
        p.expect(PROMPT)
        self.leave(p)

    def test_the_init_file_runs_first_unless_told_not_to(self):
        self.file(".config/cutflow/init.cf", "say from init\n")
        p = pexpect.spawn(PROGRAM, env=self.env, encoding="utf-8", timeout=DEADLINE)
        self.addCleanup(p.close, force=True)
        p.expect_exact("from init")
        p.expect(PROMPT)
        p = self.start("--no-init")
        self.assertNotIn("from init", p.before)

    def test_timer_shows_a_line(self):
        p = self.start()
        p.send("%set timer on\r")
        p.expect(PROMPT)
        self.say(p, "say x", "time: 12.3 ms, cpu 24 ms, 1235k rows, 1.5 MB read")


class Interrupts(Prompt):
    def test_ctrl_c_at_the_prompt_clears_what_is_typed(self):
        p = self.start()
        p.send("say nothing")
        p.expect_exact("say nothing")
        p.send(CTRL_C)
        p.expect(PROMPT)
        self.say(p, "say fresh", "\rfresh\r\n")
        self.leave(p)

    def test_ctrl_c_clears_all_lines_of_an_open_statement(self):
        p = self.start()
        p.send("from (a\r")
        p.expect(MORE)
        p.send("b")
        p.send(CTRL_C)
        p.expect(PROMPT)
        self.say(p, "say fresh", "\rfresh\r\n")

    def test_ctrl_c_stops_what_runs_and_the_session_stays(self):
        p = self.start()
        p.send("wait\r")
        time.sleep(0.3)
        p.send(CTRL_C)
        p.expect_exact("error[E0064]: interrupted", timeout=5)
        p.expect(PROMPT)
        self.say(p, "say alive", "alive\r\n")
        self.leave(p)

    def test_ctrl_c_ends_a_question(self):
        p = self.start()
        p.send("ask\r")
        p.expect_exact("name? ")
        p.send(CTRL_C)
        p.expect_exact("hello nobody", timeout=5)
        p.expect(PROMPT)

    def test_ctrl_d_leaves_only_an_empty_statement(self):
        p = self.start()
        p.send("from (a\r")
        p.expect(MORE)
        p.send(CTRL_U + CTRL_D)
        p.expect(MORE)
        p.send(")\r")
        p.expect_exact("ran <from (a")
        p.expect(PROMPT)
        self.leave(p)

    def test_a_hangup_ends_the_program(self):
        p = self.start()
        p.kill(signal.SIGHUP)
        p.expect(pexpect.EOF)
        p.wait()
        self.assertEqual(p.exitstatus, 128 + signal.SIGHUP)

    def test_a_termination_ends_what_runs(self):
        p = self.start()
        p.send("wait\r")
        time.sleep(0.3)
        p.kill(signal.SIGTERM)
        p.expect(pexpect.EOF, timeout=10)
        p.wait()
        self.assertEqual(p.exitstatus, 128 + signal.SIGTERM)


class Leaving(Prompt):
    def test_words_that_leave(self):
        for word, code in (("exit", 0), ("quit", 0), ("%exit", 0), ("%exit 3", 3), ("%quit", 0)):
            with self.subTest(word=word):
                p = self.start()
                p.send(word + "\r")
                p.expect(pexpect.EOF)
                p.wait()
                self.assertEqual(p.exitstatus, code)

    def test_a_bad_exit_code_is_said_and_does_not_leave(self):
        p = self.start()
        self.say(p, "%exit many", "the exit code is a number")
        self.leave(p)


class History(Prompt):
    def test_a_statement_of_three_lines_is_one_entry(self):
        p = self.start()
        p.send("from (a\r")
        p.expect(MORE)
        p.send(CTRL_U + "#1 a note\r")
        p.expect(MORE)
        p.send("b)\r")
        p.expect_exact("ran <")
        p.expect(PROMPT)
        p.send("say later\r")
        p.expect(PROMPT)
        self.leave(p)
        p = self.start()
        p.send(UP + UP)
        p.expect_exact("b)")
        p.send("\r")
        p.expect_exact("ran <from (a/# 1 a note/  b)>")

    def test_it_is_on_disk_before_the_statement_runs_and_private(self):
        p = self.start()
        p.send("wait\r")
        time.sleep(0.3)
        self.assertIn("\nwait\n", self.history())
        path = os.path.join(self.home.name, ".local/state/cutflow/history")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        p.send(CTRL_C)
        p.expect(PROMPT)

    def test_repeats_and_lines_with_a_leading_blank_are_left_out(self):
        p = self.start()
        for line in ("say a", "say a", " say secret", "say b"):
            p.send(line + "\r")
            p.expect(PROMPT)
        self.leave(p)
        entries = [x for x in self.history().split("\n") if x and not x.startswith("#")]
        self.assertEqual(entries, ["say a", "say b"])

    def test_two_sessions_keep_both(self):
        a, b = self.start(), self.start()
        self.say(a, "say from a", "from a\r\n")
        self.say(b, "say from b", "from b\r\n")
        self.leave(a)
        self.leave(b)
        self.assertIn("say from a", self.history())
        self.assertIn("say from b", self.history())

    def test_a_long_history_is_cut_at_the_start(self):
        text = "".join(f"#{1700000000 + i}\nsay {i}\n" for i in range(7000))
        self.file(".local/state/cutflow/history", text)
        self.leave(self.start())
        self.assertTrue(self.history().startswith("#1700002000\nsay 2000\n"))
        self.assertTrue(self.history().endswith("say 6999\n"))

    def test_up_searches_what_starts_as_typed(self):
        p = self.start()
        for line in ("say apple", "rows 2", "say pear"):
            p.send(line + "\r")
            p.expect(PROMPT)
        p.send("row" + UP + "\r")
        p.expect_exact("1\r\n")
        p.expect(PROMPT)

    def test_ctrl_r_searches_anywhere(self):
        p = self.start()
        self.say(p, "say apple", "apple\r\n")
        self.say(p, "say pear", "pear\r\n")
        p.send(CTRL_R + "ppl")
        p.send("\r")
        p.expect_exact("apple\r\n")


class Completion(Prompt):
    def test_one_match_is_put_in(self):
        p = self.start()
        p.send("fil" + TAB + "x\r")
        p.expect_exact("ran <filter x>")

    def test_several_matches_are_listed_with_their_types(self):
        p = self.start()
        p.send("Je" + TAB + TAB + TAB)
        p.expect_exact("Jet_count  int")
        p.expect_exact("Jet.pt  [float]")

    def test_a_dotted_name_is_completed_as_a_whole(self):
        p = self.start()
        p.send("a | Jet.p" + TAB + "\r")
        p.expect_exact("ran <a | Jet.pt>")

    def test_lines_above_count(self):
        p = self.start()
        p.send("from (a\r")
        p.expect(MORE)
        p.send("Jet.e" + TAB + ")\r")
        p.expect_exact("ran <from (a/  Jet.eta)>")


class Screen(Prompt):
    def test_ten_rows_are_shown_and_the_count(self):
        p = self.start()
        self.say(p, "rows 1000", "10 of 1000 rows, width 80")

    def test_last_shows_everything_again(self):
        p = self.start()
        self.say(p, "rows 100", "10 of 100 rows")
        p.send("%last\r")
        p.expect_exact("\n99\r\n")
        p.expect(PROMPT)
        self.say(p, "rows 100", "10 of 100 rows")

    def test_a_tall_result_goes_through_the_pager(self):
        self.env["CUTFLOW_PAGER"] = "sed s/^/paged:/"
        p = self.start(rows=12)
        self.say(p, "rows 11", "paged:9\r\n")
        p.send("rows 3\r")
        p.expect_exact("\n2\r\n")
        self.assertNotIn("paged", p.before)

    def test_a_missing_pager_does_not_swallow_the_result(self):
        self.env["CUTFLOW_PAGER"] = "no-such-pager-here"
        p = self.start(rows=12)
        self.say(p, "rows 11", "\n9\r\n")

    def test_the_width_follows_the_window(self):
        p = self.start()
        self.say(p, "rows 1000", "width 80")
        p.setwinsize(30, 133)
        time.sleep(0.2)
        self.say(p, "rows 1000", "width 133")

    def test_progress_is_drawn_late_and_cleared(self):
        p = self.start()
        p.send("work 1500\r")
        p.expect(r"\d+%  \d+ of 1500 rows.* left")
        p.expect_exact("\r\x1b[K")
        p.expect(PROMPT)
        p.send("work 200\r")
        p.expect(PROMPT)
        self.assertNotIn("%", p.before)

    def test_colours_only_where_wanted(self):
        del self.env["NO_COLOR"]
        p = self.start()
        p.send("fail\r")
        p.expect_exact("\x1b[1;31merror[E0012]:\x1b[0m")
        p = self.start("--color", "never")
        p.send("fail\r")
        p.expect_exact("error[E0012]: no")

    def test_formats_can_change(self):
        p = self.start()
        p.send("rows 1\r")
        p.expect_exact("| n |")
        p.expect(PROMPT)
        p.send("%set format plain\r")
        p.expect(PROMPT)
        self.say(p, "rows 1", "\rn\r\n0\r\n")

    def test_edit_runs_what_the_editor_leaves(self):
        script = self.file("editor.sh", '#!/bin/sh\nsed -i s/old/new/ "$1"\n')
        os.chmod(script, 0o755)
        self.env["EDITOR"] = script
        p = self.start()
        self.say(p, "say old", "old\r\n")
        self.say(p, "%edit", "say new\r\nnew\r\n")
        p = self.start("--safe")
        self.say(p, "%edit", "--safe")


class CommandLine(Case):
    def test_programs_run_in_order_in_any_mix(self):
        path = self.file("a.cf", "say file\n")
        r = self.run_program("-c", "say one", path, "-c", "say two")
        self.assertEqual(r.stdout, "one\n\nfile\n\ntwo\n")
        r = self.run_program(path, "-c", "say one", "-", stdin="say in\n")
        self.assertEqual(r.stdout, "file\n\none\n\nin\n")
        odd = self.file("b.txt", "say odd\n")
        self.assertEqual(self.run_program("-f", odd).stdout, "odd\n")

    def test_the_order_of_options_does_not_matter(self):
        a = self.run_program("-c", "rows 2", "--format", "box").stdout
        b = self.run_program("--format=box", "-c", "rows 2").stdout
        self.assertEqual(a, b)
        self.assertIn("| n |", a)

    def test_input_without_a_terminal_is_a_program(self):
        r = self.run_program(stdin="say piped\n")
        self.assertEqual((r.stdout, r.stderr, r.returncode), ("piped\n", "", 0))

    def test_everything_is_shown_without_a_terminal(self):
        r = self.run_program("-c", "rows 1000")
        self.assertEqual(len(r.stdout.splitlines()), 1001)

    def test_results_are_set_off_as_their_format_has_it(self):
        two = ("-c", "rows 1\nrows 1")
        self.assertEqual(self.run_program(*two).stdout, "n\n0\n\nn\n0\n")
        self.assertEqual(self.run_program(*two, "--format", "csv").stdout, "n\n0\n\nn\n0\n")
        self.assertEqual(self.run_program(*two, "--format", "json").stdout, "n\n0\nn\n0\n")
        self.assertEqual(self.run_program(*two, "--format", "none").stdout, "")

    def test_exit_codes(self):
        codes = {
            ("-c", "say x"): 0,
            ("-c", "fail"): 1,
            ("no-such.cf",): 1,
            ("missing.root", "-c", "say x"): 1,
            ("--frmat", "csv"): 2,
            ("--format", "cvs"): 2,
            ("--threads", "0"): 2,
            ("--memory", "much"): 2,
            ("-p", "x"): 2,
            ("-c",): 2,
            ("--version",): 0,
            ("--help",): 0,
            ("describe", "missing.root"): 1,
            ("describe",): 2,
            ("--json", "-c", "say x"): 2,
        }
        for args, code in codes.items():
            with self.subTest(args=args):
                self.assertEqual(self.run_program(*args).returncode, code)

    def test_a_wrong_option_names_the_right_one(self):
        self.assertIn("did you mean `--format`?", self.run_program("--frmat", "csv").stderr)

    def test_the_first_error_stops_unless_told_to_go_on(self):
        text = "fail\n\nsay after\n"
        r = self.run_program(stdin=text)
        self.assertEqual((r.stdout, r.returncode), ("", 1))
        r = self.run_program("--keep-going", stdin=text)
        self.assertEqual((r.stdout, r.returncode), ("after\n", 1))

    def test_an_interrupt_ends_a_program_with_130(self):
        with subprocess.Popen([PROGRAM, "-c", "wait"], env=self.env, text=True,
                              stderr=subprocess.PIPE) as p:
            time.sleep(0.5)
            p.send_signal(signal.SIGINT)
            self.assertIn("interrupted", p.stderr.read())
            self.assertEqual(p.wait(DEADLINE), 130)

    def test_a_reader_that_leaves_early_is_no_error(self):
        r = subprocess.run(f"'{PROGRAM}' -c 'rows 1000000' | head -1", shell=True, env=self.env,
                           text=True, capture_output=True, timeout=DEADLINE, check=False)
        self.assertEqual((r.stdout, r.stderr), ("n\n", ""))

    def test_a_full_disk_is_said(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            r = subprocess.run([PROGRAM, "-c", "say x"], env=self.env, stdout=full, text=True,
                               stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
        self.assertEqual(r.returncode, 1)
        self.assertIn("cannot write to standard output", r.stderr)

    def test_results_come_one_by_one(self):
        with subprocess.Popen([PROGRAM, "-c", "say early\nwait"], env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
            self.assertEqual(p.stdout.readline(), "early\n")
            p.send_signal(signal.SIGINT)

    def test_no_colour_or_progress_without_a_terminal(self):
        r = self.run_program("-c", "work 700\nfail")
        self.assertNotIn("\x1b", r.stdout + r.stderr)
        r = self.run_program("--color=always", "-c", "fail")
        self.assertIn("\x1b[1;31m", r.stderr)

    def test_sub_commands(self):
        self.assertEqual(self.run_program("describe", "x.root").stdout, "described\n")
        self.assertEqual(self.run_program("--json", "describe", "x.root").stdout, "{}\n")
        self.assertEqual(self.run_program("schema", "x.root").stdout, "described\n")

    def test_fmt_checks_or_rewrites(self):
        path = self.file("p.cf", "a  b\n")
        r = self.run_program("fmt", "--check", path)
        self.assertEqual((r.returncode, r.stdout), (1, f"{path}: not in canonical form\n"))
        os.chmod(path, 0o640)
        self.assertEqual(self.run_program("fmt", path).returncode, 0)
        with open(path, encoding="utf-8") as f:
            self.assertEqual(f.read(), "a b\n")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)
        self.assertEqual(self.run_program("fmt", "--check", path).returncode, 0)
        self.assertEqual(self.run_program("fmt", "-", stdin="x  y\n").stdout, "x y\n")
        self.assertEqual(self.run_program("fmt", self.file("q.cf", "broken")).returncode, 1)


if __name__ == "__main__":
    unittest.main(verbosity=1)
