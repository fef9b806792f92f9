"""The DL trigger's ingest against recorded counts and features.  The program is named by CUTFLOW.

Every file of delphes/expected-selection.json: events left after each cut, and the 14 high-level
features of the first selected events (relative 1e-9), as an independent program found them.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.environ.get("CUTFLOW_CORPUS") or os.path.join(HERE, "..", "..", "..", "shared", "data")
PROGRAM = os.path.join(HERE, "..", "hep", "dl_trigger_hlf.cf")
STEPS = {"all": "all", "any lepton": "a_any_lepton", "pt > 23": "b_any_pt23", "maps": "c_maps_nonempty",
         "isolated": "d_isolated"}


def tables(cutflow, data):
    with open(PROGRAM, encoding="utf-8") as f, tempfile.NamedTemporaryFile("w", suffix=".cf", delete=False) as t:
        t.write(f.read() + "\nfrom features | take 20\n")
    try:
        out = subprocess.run([cutflow, t.name, "-p", f"file={data}", "--format", "csv"], capture_output=True, text=True)
    finally:
        os.unlink(t.name)
    if out.returncode != 0:
        sys.exit(f"{data}: exit {out.returncode}\n{out.stderr}")
    return [list(csv.DictReader(part.splitlines())) for part in out.stdout.strip().split("\n\n")]


def close(got, want):
    return abs(got - want) <= 1e-9 * max(1.0, abs(want))


def main():
    cutflow, corpus = os.environ["CUTFLOW"], os.path.join(CORPUS, "delphes")
    if not os.path.isdir(corpus):
        print("skipped: no corpus")
        sys.exit(1 if os.environ.get("CI") else 77)
    with open(os.path.join(corpus, "expected-selection.json"), encoding="utf-8") as f:
        expected = json.load(f)
    passed = failed = 0
    for name, modes in expected["files"].items():
        want = modes["FIXED"]
        cuts, rows = tables(cutflow, os.path.join(corpus, name))
        wrong = []
        for row in cuts:
            if int(row["passed"]) != want["counts"][STEPS[row["cut"]]]:
                wrong.append(f"{row['cut']}: {row['passed']}, not {want['counts'][STEPS[row['cut']]]}")
        if len(rows) != min(20, len(want["first20"])):
            wrong.append(f"{len(rows)} rows")
        for row, event in zip(rows, want["first20"]):
            if int(row["number"]) != event["event_number"]:
                wrong.append(f"event {row['number']}, not {event['event_number']}")
            for feature, value in zip(expected["features"], event["features"]):
                if not close(float(row[feature]), float(value)):
                    wrong.append(f"event {row['number']}: {feature} is {row[feature]}, not {value}")
        passed += not wrong
        failed += bool(wrong)
        for line in wrong[:8]:
            print(f"{name}: {line}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
