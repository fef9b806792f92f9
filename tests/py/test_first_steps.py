"""What someone meets who tries the program for the first time: captions, tables of files with several
trees, commands, files that are saved and read again.  The program is named by CUTFLOW."""

import os
import shutil
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.environ["CUTFLOW"]
CORPUS = os.environ.get("CUTFLOW_CORPUS") or os.path.join(HERE, "..", "..", "..", "shared", "data")
NANO = os.path.join(CORPUS, "root/hep/nano_dy.root")


class FirstSteps(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.home)

    def run_it(self, text, *args, form="csv"):
        return subprocess.run([PROGRAM, "--format", form, *args, "-c", text], cwd=self.home, text=True,
                              capture_output=True, timeout=120, check=False)

    def cutflow(self, text, *args, form="csv"):
        run = self.run_it(text, *args, form=form)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def failure(self, text, *args):
        run = self.run_it(text, *args)
        self.assertEqual(run.returncode, 1, run.stdout)
        return run.stderr

    def put(self, name, text):
        with open(os.path.join(self.home, name), "w", encoding="utf-8") as f:
            f.write(text)

    def got(self, name):
        with open(os.path.join(self.home, name), encoding="utf-8") as f:
            return f.read()

    def caption(self, text):
        return self.cutflow(text, form="box").rstrip("\n").split("\n")[-1]

    def test_the_mean_of_a_histogram_is_that_of_its_values(self):
        rows = "from [{x = 1.25}, {x = 3.5}, {x = 9}, {x = null}]\n"
        self.assertEqual(self.caption(rows + "hist x bins:1 range:0..5"),
                         "3 entries, overflow 1, mean 2.375, 1 null left out")
        self.assertEqual(self.caption(rows + "hist x bins:1 range:0..5 weight:0.5"),
                         "3 entries, sum of weights 1.5, overflow 0.5, mean 2.375, 1 null left out")
        self.assertIn("mean %.5f" % ((1.25 * 1.25 + 3.5 * 3.5) / 4.75),
                      self.caption(rows + "hist x bins:1 range:0..5 weight:x"))

    def test_integers_of_64_bits_without_a_sign_keep_their_digits(self):
        ids = "id\n9007199254740993\n18446744073709551615\n5\n"
        self.put("u.csv", ids)
        self.assertEqual(self.cutflow("from u", "u.csv"), ids)
        self.cutflow('from u | save "v.csv"', "u.csv")
        self.assertEqual(self.got("v.csv"), ids)
        self.assertEqual(self.cutflow("from u | filter id > 9007199254740992 | sort {-id}", "u.csv"),
                         "id\n18446744073709551615\n9007199254740993\n")
        self.assertEqual(self.cutflow("from u | filter id > 1e19 | aggregate {n = count this}", "u.csv"), "n\n1\n")
        self.assertEqual(self.cutflow("from u | aggregate {a = max id, b = min id, c = count_distinct id}", "u.csv"),
                         "a,b,c\n18446744073709551615,5,3\n")
        self.assertEqual(self.cutflow("from u | append u | distinct", "u.csv"), ids)
        self.assertEqual(self.cutflow('from u | take 2..2 | select {t = id as text, f = f"<{id}>"}', "u.csv"),
                         "t,f\n18446744073709551615,<18446744073709551615>\n")
        self.put("n.csv", "x\n-3\n18446744073709551615\n")
        self.assertEqual(self.cutflow("from n", "n.csv"), "x\n-3\n18446744073709551615\n")

    def test_a_link_stays_when_what_it_leads_to_is_saved(self):
        self.put("real.csv", "old\n")
        link = os.path.join(self.home, "link.csv")
        os.symlink("real.csv", link)
        self.cutflow('from [{a = 1}] | save "link.csv"')
        self.assertTrue(os.path.islink(link))
        self.assertEqual(self.got("real.csv"), "a\n1\n")

    def test_no_rows_saved_as_json_can_be_read(self):
        self.cutflow('from [{a = 1}] | filter a > 1 | save "none.json"')
        self.assertEqual(self.cutflow('from (read_json "none.json") | aggregate {n = count this}'), "n\n0\n")

    def test_load_runs_the_statements_of_a_file(self):
        self.put("setup.cf", "let limit = 2\nfrom [{a = 1}];\n")
        self.assertEqual(self.cutflow("%load setup.cf\nfrom [{a = 1}, {a = 3}] | filter a > limit"), "a\n3\n")
        self.put("again.cf", "%load again.cf\n")
        self.assertIn("again.cf loads itself", self.failure("%load again.cf"))
        self.put("wrong.cf", "\nfrom [{a = 1}] | select b\n")
        self.assertIn("wrong.cf, line 2", self.failure("%load wrong.cf"))
        self.assertIn("error[E0080]", self.failure("%load nosuch.cf"))

    def test_print_writes_all_rows(self):
        self.assertEqual(self.cutflow("%print [{a = 1}, {a = 2}]"), "a\n1\n2\n")
        self.assertEqual(self.cutflow("%print 1 + 2"), "3\n")

    def test_commands_in_other_letters_are_recognized(self):
        self.assertIn("did you mean %help?", self.failure("%HELP"))
        self.assertIn("write `%help`", self.failure("help"))

    def test_a_date_as_parameter_needs_no_sign(self):
        self.put("p.cf", "@{param}\nlet d = @2020-01-01\n[d]\n")
        for text in ("2023-05-05", "@2023-05-05"):
            run = subprocess.run([PROGRAM, "--format", "json", "p.cf", "-p", "d=" + text], cwd=self.home, text=True,
                                 capture_output=True, timeout=60, check=False)
            self.assertEqual(run.stdout, '["2023-05-05"]\n', run.stderr)

    def test_any_name_can_stand_before_a_file(self):
        self.put("f.csv", "a\n1\n")
        self.assertEqual(self.cutflow("from `my data`", "my data=f.csv"), "a\n1\n")

    def test_help_shows_what_users_write_only(self):
        self.assertIn("no help on `hist_bin`", self.failure("%help hist_bin"))

    def test_schema_knows_what_was_meant(self):
        self.put("tracks.csv", "a\n1\n")
        self.assertIn("did you mean %schema tracks?", self.failure("%schema trcks", "tracks.csv"))

    @unittest.skipUnless(os.path.exists(NANO), "no corpus")
    def test_each_tree_of_a_file_is_a_table(self):
        self.assertEqual(self.cutflow("from nano_dy.Runs | take 1 | select {run}", NANO), "run\n1\n")
        self.assertEqual(self.cutflow("from nano_dy.Events | take 1 | select {run}", NANO), "run\n1\n")
        self.assertEqual(self.cutflow("from nano_dy.Muon | take 1 | aggregate {n = count this}", NANO), "n\n1\n")
        self.assertIn("\n  nano_dy.Runs\n", self.cutflow("%tables", NANO))
        self.assertIn("Runs", self.cutflow("%schema nano_dy.Runs", NANO))


if __name__ == "__main__":
    unittest.main()
