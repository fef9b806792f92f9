"""Partitioned datasets: folders called `key=value` over files, as pyarrow and as Cutflow write
them, are one relation with the keys as columns.  Judged by pyarrow.  The program is named by CUTFLOW."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq
except ImportError:
    if os.environ.get("CI"):
        sys.exit("pyarrow is missing: ./setup.sh test installs it into .venv")
    print("skipped: no pyarrow")
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.environ["CUTFLOW"]
SPLIT = os.path.join(os.environ.get("CUTFLOW_CORPUS") or os.path.join(HERE, "..", "..", "..", "shared", "data"),
                     "parquet/fastparquet/split")


class Partitions(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.home)

    def cutflow(self, text, *args, ok=True):
        run = subprocess.run([PROGRAM, "--format", "json", *args, "-c", text], cwd=self.home, text=True,
                             capture_output=True, timeout=60, check=False)
        self.assertEqual(run.returncode == 0, ok, run.stderr)
        return json.loads(run.stdout) if ok else run.stderr

    def put(self, path, columns):
        full = os.path.join(self.home, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        pq.write_table(pa.table(columns), full)

    def puts(self, path, text):
        full = os.path.join(self.home, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)

    def test_what_pyarrow_writes_comes_back(self):
        rows = [{"id": i, "x": i / 4, "year": 2018 + i % 3, "month": 1 + i % 12,
                 "site": ["a b", "ä/ö", "50%", None][i % 4]} for i in range(200)]
        keys = ds.partitioning(pa.schema([("year", pa.int32()), ("month", pa.int32()), ("site", pa.string())]),
                               flavor="hive")
        ds.write_dataset(pa.Table.from_pylist(rows), os.path.join(self.home, "out"), format="parquet",
                         partitioning=keys)
        for source in ['(read_parquet "out")', "out", "events"]:
            self.assertEqual(self.cutflow(f"from {source} | sort id", "out"), rows)
        self.assertEqual(self.cutflow("from out | filter year == 2019 && site == null | aggregate {n = count this}",
                                      "out/"),
                         [{"n": sum(r["year"] == 2019 and r["site"] is None for r in rows)}])

    def test_types_of_keys(self):
        for name, kind, values in [("n", "int", ["-5", "0", "007"]), ("d", "date", ["2018-01-31", "2020-02-29"]),
                                   ("t", "text", ["1", "x"]), ("big", "text", ["99999999999999999999", "1"]),
                                   ("none", "text", ["__HIVE_DEFAULT_PARTITION__"]),
                                   ("some", "int", ["__HIVE_DEFAULT_PARTITION__", "3"])]:
            for value in values:
                self.put(f"{name}/{name}={value}/p.parquet", {"x": [1]})
            types = {c["column"]: c["type"] for c in self.cutflow(f'from (read_parquet "{name}") | describe')}
            self.assertEqual(types, {"x": "int", name: kind})
        self.assertEqual([r["d"] for r in self.cutflow('from (read_parquet "d")')], ["2018-01-31", "2020-02-29"])
        self.assertEqual([r["some"] for r in self.cutflow('from (read_parquet "some")')], [3, None])

    def test_a_filter_on_keys_reads_only_the_files_that_can_match(self):
        for year in range(2010, 2020):
            for day in ["01", "02"]:
                self.put(f"set/year={year}/day={year}-01-{day}/site=s{year % 3}/part.parquet", {"x": [year] * 10})
        for condition, files in [("year == 2015", 2), ("year >= 2018", 4), ("day < @2011-01-01", 2), ("2012 > year", 4),
                                 ('site == "s1"', 6), ("x == 2015", 2), ('year > 2016 && site == "s1"', 2),
                                 ('site > "s2"', 0), ("year == 2015.5", 0)]:
            run = subprocess.run([PROGRAM, "-c", f'%explain analyze from (read_parquet "set") | filter {condition}'],
                                 cwd=self.home, text=True, capture_output=True, timeout=60, check=True)
            self.assertIn(f"20 partitions ({20 - files} skipped)", run.stdout, condition)
            rows = self.cutflow(f'from (read_parquet "set") | filter {condition}')
            self.assertEqual(len(rows), files * 10 if "x" not in condition else 20, condition)

    def test_files_that_cannot_match_are_not_read(self):
        self.put("set/k=1/a.parquet", {"x": [1, 2]})
        self.put("set/k=2/b.parquet", {"x": [3, 4]})
        path = os.path.join(self.home, "set/k=2/b.parquet")
        with open(path, "r+b") as f:  # the pages are noise, the footer stays
            f.seek(4)
            f.write(b"\xff" * 16)
        self.assertEqual(self.cutflow('from (read_parquet "set") | filter k == 1 | sort x'),
                         [{"x": 1, "k": 1}, {"x": 2, "k": 1}])
        self.assertIn("b.parquet", self.cutflow('from (read_parquet "set") | filter k > 0', ok=False))

    def test_csv_json_and_globs(self):
        for year in [2018, 2019]:
            self.puts(f"csv/year={year}/a.csv", f"x\n{year}.5\n")
            self.puts(f"csv/year={year}/deeper/b.csv", "x\n1\n2\n")
            self.puts(f"json/year={year}/a.json", f'[{{"x": [{year}]}}]')
            self.puts(f"csv/year={year}/_SUCCESS", "")
        self.assertEqual(self.cutflow('from (read_csv "csv") | group year (aggregate {n = count this, s = sum x})'),
                         [{"year": 2018, "n": 3, "s": 2021.5}, {"year": 2019, "n": 3, "s": 2022.5}])
        self.assertEqual(self.cutflow('from (read_json "json")'),
                         [{"x": [2018], "year": 2018}, {"x": [2019], "year": 2019}])
        self.assertEqual(self.cutflow('from (read_csv "csv/year=*/a.csv")'),
                         [{"x": 2018.5, "year": 2018}, {"x": 2019.5, "year": 2019}])
        self.assertEqual(self.cutflow('from (read_csv "csv/year=2018/a.csv")'), [{"x": 2018.5}])

    def test_a_key_wins_over_a_column_of_its_name(self):
        self.put("set/k=1/a.parquet", {"k": [7], "x": [1]})
        self.assertEqual(self.cutflow('from (read_parquet "set")'), [{"x": 1, "k": 1}])

    def test_only_keys_are_asked_for(self):
        self.put("set/k=1/a.parquet", {"x": [1, 2, 3]})
        self.put("set/k=2/a.parquet", {"x": [4]})
        self.assertEqual(self.cutflow('from (read_parquet "set") | select k'), [{"k": k} for k in [1, 1, 1, 2]])
        self.assertEqual(self.cutflow('from (read_parquet "set") | aggregate {s = sum k}'), [{"s": 5}])

    def test_what_does_not_fit_is_named(self):
        self.put("set/k=1/a.parquet", {"x": [1]})
        self.put("set/k=2/b.parquet", {"x": ["text"]})
        message = self.cutflow('from (read_parquet "set")', ok=False)
        for word in ["k=1/a.parquet", "k=2/b.parquet", "`x`"]:
            self.assertIn(word, message)
        self.put("mixed/k=1/a.parquet", {"x": [1]})
        self.put("mixed/b.parquet", {"x": [1]})
        message = self.cutflow('from (read_parquet "mixed")', ok=False)
        self.assertIn("different keys", message)
        self.assertIn("mixed/b.parquet", message)
        self.put("other/k=1/a.parquet", {"x": [1]})
        self.put("other/j=1/a.parquet", {"x": [1]})
        self.assertIn("different keys", self.cutflow('from (read_parquet "other")', ok=False))

    def test_a_folder_that_links_to_itself_ends(self):
        self.put("set/k=1/a.parquet", {"x": [1]})
        os.symlink("..", os.path.join(self.home, "set/k=1/again"))
        self.assertIn("link back", self.cutflow('from (read_parquet "set")', ok=False))

    def test_plain_folders_are_as_before(self):
        self.put("plain/a.parquet", {"x": [1]})
        self.put("plain/inner/b.parquet", {"x": [2]})
        self.assertEqual(self.cutflow('from (read_parquet "plain")'), [{"x": 1}])

    def test_root_files(self):
        source = os.path.join(HERE, "..", "data")
        for name in ["qcd", "ttbar"]:
            os.makedirs(os.path.join(self.home, f"set/process={name}"))
            shutil.copy(os.path.join(source, f"delphes_slice_{name}.root"),
                        os.path.join(self.home, f"set/process={name}/events.root"))
        got = self.cutflow('from (read_root "set") | group process (aggregate {n = count this, m = max MissingET.MET[0]})')
        for row, name in zip(got, ["qcd", "ttbar"]):
            alone = self.cutflow("from events | aggregate {n = count this, m = max MissingET.MET[0]}",
                                 os.path.join(source, f"delphes_slice_{name}.root"))
            self.assertEqual(row, {"process": name, **alone[0]})

    @unittest.skipUnless(os.path.isdir(SPLIT), "no corpus")
    def test_a_dataset_of_another_program(self):
        want = ds.dataset(SPLIT, partitioning="hive", exclude_invalid_files=True).to_table()
        keys = self.cutflow(f'from (read_parquet "{SPLIT}") | group {{cat, catnum}} (aggregate {{n = count this, '
                            "s = sum num}) | sort {cat, catnum}")
        judged = want.group_by(["cat", "catnum"]).aggregate([([], "count_all"), ("num", "sum")]).to_pylist()
        judged = sorted(judged, key=lambda r: (r["cat"], r["catnum"]))
        self.assertEqual([(r["cat"], r["catnum"], r["n"]) for r in keys],
                         [(r["cat"], r["catnum"], r["count_all"]) for r in judged])
        for ours, theirs in zip(keys, judged):
            self.assertAlmostEqual(ours["s"], theirs["num_sum"], places=6)


if __name__ == "__main__":
    unittest.main()
