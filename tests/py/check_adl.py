"""ADL benchmark: the histograms of the nine programs against the recorded reference, bin for bin.

check_adl.py CUTFLOW CORPUS

A reference file lists bins by their centre; underflow stands half a bin below the first, overflow half a
bin above the last, and bins without entries are left out.  Queries without a recorded reference must
give the same histogram from ROOT and from Parquet, which this checks for all of them.
"""
import csv
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "..", "hep")
QUERIES = ["1", "2", "3", "4", "5", "6a", "6b", "7", "8"]
REFERENCES = {"1": "q1", "3": "q3", "5": "q5", "6a": "q6-1"}
FILES = ["root/hep/Run2012B_SingleMu_1000.root", "parquet/hep/Run2012B_SingleMu-1000.parquet",
         "parquet/hep/Run2012B_SingleMu-restructured-1000.parquet"]


def run(cutflow, data, query, threads):
    program = os.path.join(PROGRAMS, f"adl_q{query}.cf")
    out = subprocess.run([cutflow, f"events={data}", program, "--format", "csv", "--threads", str(threads)],
                         capture_output=True, text=True)
    if out.returncode != 0:
        sys.exit(f"query {query} on {data}: exit {out.returncode}\n{out.stderr}")
    return out.stdout


def centres(text):
    """{bin centre: count} as the reference files list them."""
    rows = list(csv.DictReader(text.splitlines()))
    width = float(rows[1]["high"]) - float(rows[1]["low"])
    bins = {}
    for row in rows:
        if row["low"] == "":
            x = float(row["high"]) - width / 2
        elif row["high"] == "":
            x = float(row["low"]) + width / 2
        else:
            x = (float(row["low"]) + float(row["high"])) / 2
        if int(row["count"]):
            bins[round(x, 6)] = int(row["count"])
    return bins


def main():
    cutflow, corpus = sys.argv[1], sys.argv[2]
    if not os.path.isdir(corpus):
        print("skipped: no corpus")
        sys.exit(77)
    wrong = checked = 0
    for query in QUERIES:
        outputs = [run(cutflow, os.path.join(corpus, f), query, t) for f in FILES for t in (1, 2)]
        same = all(o == outputs[0] for o in outputs)
        checked += len(outputs)
        if not same:
            wrong += 1
            print(f"query {query}: not the same from every file and number of threads")
        if query in REFERENCES:
            with open(os.path.join(corpus, "reference/adl", REFERENCES[query] + ".csv"), encoding="utf-8") as f:
                want = {round(float(r["x"]), 6): int(float(r["y"])) for r in csv.DictReader(f)}
            got = centres(outputs[0])
            checked += 1
            if got != want:
                wrong += 1
                print(f"query {query}: differs from the reference in", sorted(set(got.items()) ^ set(want.items()))[:6])
    print(f"{checked - wrong} passed, {wrong} failed")
    sys.exit(1 if wrong else 0)


main()
