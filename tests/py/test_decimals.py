"""Decimals against Python's decimal module (and, with the corpus, a TPC-H query against DuckDB): to the last digit,
on one, two and three threads.  The program is named by CUTFLOW."""

import decimal
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from decimal import Decimal

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:
    if os.environ.get("CI"):
        sys.exit("pyarrow is missing: ./setup.sh test installs it into .venv")
    print("skipped: no pyarrow")
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.environ["CUTFLOW"]
LINEITEM = os.path.join(os.environ.get("CUTFLOW_CORPUS") or os.path.join(HERE, "..", "..", "..", "shared", "data"),
                        "parquet/tpch-sf0.01/lineitem.parquet")
decimal.getcontext().prec = 60



class Decimals(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.home)
        draw = random.Random(4)

        def some(digits, scale):
            if draw.random() < 0.1:
                return None
            return Decimal(draw.randint(-10 ** draw.randint(0, digits), 10 ** draw.randint(0, digits))).scaleb(-scale)

        self.rows = [{"g": draw.randint(0, 5), "a": some(9, 2), "b": some(12, 5), "big": some(36, 10),
                      "k": Decimal(draw.randint(-3, 3)).scaleb(-1)} for _ in range(3000)]
        schema = pa.schema([("g", pa.int64()), ("a", pa.decimal128(12, 2)), ("b", pa.decimal128(18, 5)),
                            ("big", pa.decimal128(38, 10)), ("k", pa.decimal128(5, 1))])
        pq.write_table(pa.Table.from_pylist(self.rows, schema=schema), os.path.join(self.home, "t.parquet"),
                       row_group_size=700)

    def cutflow(self, text, ok=True):
        """Rows as lists of texts (null: None); the same on any number of threads."""
        outs = set()
        for threads in ["1", "2", "3"]:
            run = subprocess.run([PROGRAM, "t.parquet", "--threads", threads, "--format", "csv", "-c", text],
                                 cwd=self.home, text=True, capture_output=True, timeout=120, check=False)
            self.assertEqual(run.returncode == 0, ok, run.stderr)
            outs.add(run.stdout if ok else run.stderr)
        self.assertEqual(len(outs), 1, text)
        out = outs.pop()
        return [[x or None for x in line.split(",")] for line in out.splitlines()[1:]] if ok else out

    def check(self, text, want):
        """Equal digits, with the scale: texts are compared."""
        self.assertEqual(self.cutflow(text), [[None if x is None else f"{x:f}" if isinstance(x, Decimal) else str(x)
                                               for x in row] for row in want], text)

    def test_values_are_printed_exactly(self):
        self.check("from t", [[r["g"], r["a"], r["b"], r["big"], r["k"]] for r in self.rows])

    def test_arithmetic(self):
        def both(x, y, f):
            return None if x is None or y is None else f(x, y)
        want = [[both(r["a"], r["b"], lambda x, y: x + y), both(r["a"], r["b"], lambda x, y: x - y),
                 both(r["a"], r["b"], lambda x, y: x * y), both(r["a"], r["g"], lambda x, y: y - x),
                 both(r["a"], r["g"], lambda x, y: x * y), None if r["a"] is None else -r["a"],
                 None if r["a"] is None else abs(r["a"])] for r in self.rows]
        want = [[None if x is None else x + 0 for x in row] for row in want]
        self.check("from t | select {u = a + b, v = a - b, w = a * b, x = g - a, y = a * g, z = -a, abs = abs a}", want)

    def test_comparisons(self):
        for op, f in [("<", lambda x, y: x < y), ("==", lambda x, y: x == y), (">=", lambda x, y: x >= y),
                      ("!=", lambda x, y: x != y)]:
            for left, right in [("a", "b"), ("big", "a"), ("a", "k"), ("k", "big"), ("a", "g"), ("g", "big")]:
                want = sum(1 for r in self.rows if r[left] is not None and r[right] is not None
                           and f(r[left], r[right]))
                self.check(f"from t | filter {left} {op} {right} | aggregate {{n = count this}}", [[want]])
        near = sum(r["k"] == Decimal("0.1") for r in self.rows)
        self.check("from t | filter k == 0.1 | aggregate {n = count this}", [[near]])

    def test_aggregates(self):
        groups = sorted({r["g"] for r in self.rows})
        want = []
        for g in groups:
            row = [g]
            for c in ["a", "b", "big"]:
                values = [r[c] for r in self.rows if r["g"] == g and r[c] is not None]
                row += [sum(values), min(values), max(values), len(set(values))]
            want.append(row)
        items = ", ".join(f"{c}{n} = {f} {c}" for c in ["a", "b", "big"]
                          for n, f in enumerate(["sum", "min", "max", "count_distinct"]))
        self.check(f"from t | group g (aggregate {{{items}}}) | sort g", want)
        self.check("from t | filter g > 99 | aggregate {s = sum a, m = min a, n = average a}", [["0.00", None, None]])
        values = [r["a"] for r in self.rows if r["a"] is not None]
        average = float(self.cutflow("from t | aggregate {m = average a}")[0][0])
        self.assertAlmostEqual(average, float(sum(values) / len(values)), delta=1e-15 * abs(average))

    def test_sort_group_distinct_and_picks(self):
        order = sorted((r["big"] for r in self.rows if r["big"] is not None), reverse=True)
        self.check("from t | filter big != null | select big | sort {-big}", [[x] for x in order])
        order = sorted((r["a"] for r in self.rows if r["a"] is not None))
        self.check("from t | filter a != null | select a | sort a | take 9", [[x] for x in order[:9]])
        counts = {}
        for r in self.rows:
            counts[r["k"]] = counts.get(r["k"], 0) + 1
        self.check("from t | group k (aggregate {n = count this}) | sort k", [[k, counts[k]] for k in sorted(counts)])
        self.check("from t | distinct k | select k | sort k", [[k] for k in sorted(counts)])
        self.check("from t | select k | remove (from t | select k | take 2990) | sort k",
                   [[k] for k in sorted(r["k"] for r in self.rows[2990:])])
        best = max((r for r in self.rows if r["big"] is not None), key=lambda r: r["big"])
        self.check("from t | take 100000 | aggregate {m = max big}", [[best["big"]]])

    def test_choices_and_concatenation_have_one_scale(self):
        def scaled(x, scale):
            return None if x is None else x.quantize(Decimal(1).scaleb(-scale))
        self.check("from t | take 50 | select {x = case [k > 0 => k, true => b], y = a ?? b, z = a ?? 7}",
                   [[scaled(r["k"] if r["k"] > 0 else r["b"], 5), scaled(r["b"] if r["a"] is None else r["a"], 5),
                     scaled(Decimal(7) if r["a"] is None else r["a"], 2)] for r in self.rows[:50]])
        self.check("from t | take 5 | select x = k | append (from t | take 5 | select x = b)",
                   [[scaled(r["k"], 5)] for r in self.rows[:5]] + [[r["b"]] for r in self.rows[:5]])

    def test_conversions(self):
        want = [[f"{r['k']:f}", int((abs(r["k"]) + Decimal("0.5")) // 1) * (-1 if r["k"] < 0 else 1)]
                for r in self.rows[:40]]
        self.check("from t | take 40 | select {s = k as text, i = k as int}", want)
        run = subprocess.run([PROGRAM, "t.parquet", "--format", "json", "-c",
                              "from t | take 40 | select {f = b as float, q = b / 2, r = b * 0.5}"], cwd=self.home,
                             text=True, capture_output=True, timeout=60, check=True)
        for got, r in zip(json.loads(run.stdout), self.rows):
            value = None if r["b"] is None else float(r["b"])
            self.assertEqual(got, {"f": value, "q": None if value is None else value / 2,
                                   "r": None if value is None else value * 0.5})

    def test_more_than_38_digits_are_an_error(self):
        message = self.cutflow("from t | select {x = big * big * big}", ok=False)
        self.assertIn("more than 38 digits", message)
        pq.write_table(pa.table({"x": pa.array([Decimal("9" * 38)] * 2, pa.decimal128(38, 0))}),
                       os.path.join(self.home, "t.parquet"))
        self.assertIn("more than 38 digits", self.cutflow("from t | aggregate {s = sum x}", ok=False))
        self.assertIn("more than 38 digits", self.cutflow("from t | select {y = x + 1}", ok=False))
        self.check("from t | aggregate {m = max x, n = min x}", [[Decimal("9" * 38)] * 2])

    def test_saved_as_decimals(self):
        self.cutflow('from t | select {a, c = a * b, d = a + k} | save "out.parquet"')
        saved = pq.read_table(os.path.join(self.home, "out.parquet"))
        self.assertEqual([(f.type.scale, f.type.precision) for f in saved.schema], [(2, 38), (7, 38), (2, 38)])
        for got, r in zip(saved.to_pylist(), self.rows):
            missing = r["a"] is None or r["b"] is None
            self.assertEqual(got["c"], None if missing else r["a"] * r["b"])
            self.assertEqual(got["d"], None if r["a"] is None else r["a"] + r["k"])

    @unittest.skipUnless(os.path.exists(LINEITEM), "no corpus")
    def test_a_tpch_query_as_duckdb_answers_it(self):
        import duckdb
        money = "l_quantity l_extendedprice l_discount l_tax".split()
        cast = ", ".join(f"{c}::DECIMAL(15,2) AS {c}" for c in money)
        duckdb.sql(f"COPY (SELECT l_returnflag, l_linestatus, l_shipdate, {cast} FROM '{LINEITEM}') "
                   f"TO '{self.home}/t.parquet'")
        want = duckdb.sql(f"""SELECT l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice),
            sum(l_extendedprice * (1 - l_discount)), sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)),
            min(l_discount), max(l_extendedprice), count(DISTINCT l_discount), count(*)
            FROM '{self.home}/t.parquet' WHERE l_shipdate <= '1998-09-02' GROUP BY ALL ORDER BY ALL""").fetchall()
        self.assertEqual(len(want), 4)
        self.check("""from t | filter l_shipdate <= @1998-09-02 | group {l_returnflag, l_linestatus} (aggregate {
            a = sum l_quantity, b = sum l_extendedprice, c = sum (l_extendedprice * (1 - l_discount)),
            d = sum (l_extendedprice * (1 - l_discount) * (1 + l_tax)), e = min l_discount, f = max l_extendedprice,
            g = count_distinct l_discount, n = count this}) | sort {l_returnflag, l_linestatus}""", want)


if __name__ == "__main__":
    unittest.main()
