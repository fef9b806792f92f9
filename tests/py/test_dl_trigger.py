"""The DL trigger's features against others' numbers, in both modes.  The program is named by CUTFLOW.

recorded    every file of delphes/expected-selection.json: events left after each cut, and the 14 high-level
            features of the first selected events (relative 1e-9), as an independent program found them
converter   the events of the slices in tests/data and 1,000 of the corpus against dl_converter.py: cuts, the
            14 features (relative 1e-9), every number of every particle (stored as float32: relative 2e-6)
sequence    what a recurrent network gets: order, padding, scaling, against the same done by numpy; in the
            published data the lepton's flag is sqrt(800) in its row and -1 / sqrt(800) in all others
models      the published networks have as many parameters as published
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow.parquet as pq

import dl_converter as dl

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CORPUS = os.path.join(os.environ.get("CUTFLOW_CORPUS") or os.path.join(ROOT, "..", "shared", "data"), "delphes")
MODULES = {dl.FIXED: "dltrigger", dl.AS_RUN: "dltrigger_asrun"}
RECORDED = dict(zip(dl.STEPS, ["all", "a_any_lepton", "b_any_pt23", "c_maps_nonempty", "d_isolated"]))
SLICES = [os.path.join(ROOT, "tests", "data", f"delphes_slice_{name}.root") for name in ("qcd", "ttbar", "wjets")]
SAMPLE = [("qcd.root", 400), ("qcd_isolated.root", 500), ("ttbar.root", 450), ("wjets.root", 400)]
SEQUENCES = 40  # events of each file whose sequences are compared

FEATURES = """
import MODULE
let events = (read_root "FILE" | take COUNT | derive label = 1)
let kept = (from events | MODULE.select_events | MODULE.high_level | MODULE.particle_list
  select {number = (Event | first).Number, hlf, particles})
from events | MODULE.select_events | cutflow by:label
from kept | save "features.parquet" compression:snappy ;
from (read_parquet "features.parquet") | take SEQUENCES | MODULE.sequence | save "sequence.parquet" ;
"""
RECORD = """
import MODULE
let events = (read_root "FILE" | derive label = 1)
from events | MODULE.select_events | cutflow by:label
from events | MODULE.select_events | MODULE.high_level | take 20 | select {number = (Event | first).Number, hlf}
"""


class Report:
    passed = failed = 0

    def check(self, what, wrong):
        self.passed += not wrong
        self.failed += bool(wrong)
        for line in wrong[:8]:
            print(f"{what}: {line}")


def output(text, folder, values):
    """What a program prints; values stand for the words in capitals."""
    for name, value in values.items():
        text = text.replace(name, str(value))
    path = os.path.join(folder, "program.cf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    environment = {**os.environ, "CUTFLOW_PATH": os.path.join(ROOT, "notebooks", "dl-trigger")}
    out = subprocess.run([os.path.abspath(os.environ["CUTFLOW"]), path, "--format", "csv"], cwd=folder,
                         env=environment, capture_output=True, text=True, timeout=600)
    if out.returncode != 0:
        sys.exit(f"exit {out.returncode}\n{text}\n{out.stderr}")
    return out.stdout.strip()


def run(text, folder, **values):
    """The program's tables, rows as dictionaries."""
    csv.field_size_limit(1 << 24)
    return [list(csv.DictReader(part.splitlines())) for part in output(text, folder, values).split("\n\n")]


def wrong_cuts(rows, want):
    found = {row["cut"]: int(row["passed"]) for row in rows}
    return [] if found == want else [f"cuts {found}, not {want}"]


def differences(what, names, got, want, relative, absolute):
    """At most a few lines that name the places where two arrays differ."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    if got.shape != want.shape:
        return [f"{what}: shape {got.shape}, not {want.shape}"]
    bad = np.argwhere(~(np.abs(got - want) <= relative * np.abs(want) + absolute))
    return [f"{what} {names(place)}: {got[tuple(place)]!r}, not {want[tuple(place)]!r}" for place in bad[:4]]


def column(place):
    return f"column {place[-1]}" if len(place) == 1 else f"row {place[0]}, column {place[1]}"


# ---- recorded ----

def test_recorded(report, folder):
    with open(os.path.join(CORPUS, "expected-selection.json"), encoding="utf-8") as f:
        expected = json.load(f)
    for name, modes in expected["files"].items():
        for mode, module in MODULES.items():
            cuts, rows = run(RECORD, folder, MODULE=module, FILE=os.path.abspath(os.path.join(CORPUS, name)))
            want = modes[mode]
            wrong = wrong_cuts(cuts, {step: want["counts"][key] for step, key in RECORDED.items()})
            if [int(row["number"]) for row in rows] != [event["event_number"] for event in want["first20"]]:
                wrong.append(f"events {[row['number'] for row in rows]}")
            for row, event in zip(rows, want["first20"]):
                wrong += differences(f"event {row['number']}", column, json.loads(row["hlf"]),
                                     [float(x) for x in event["features"]], 1e-9, 1e-9)
            report.check(f"recorded: {name}, {mode}", wrong)


# ---- converter and sequence ----

def wrong_features(events, table, mode):
    """Each event that the converter keeps beside the row that Cutflow wrote."""
    wrong, kept = [], []
    for i, event in enumerate(events):
        converted = dl.convert(event, mode)
        if converted is None:
            continue
        number = int(event["Event", "Number"][0])
        kept.append((number, converted))
        if len(kept) <= 2:
            plain = dl.convert(event, mode, plain=True)
            wrong += differences("loops and numpy", column, converted[1], plain[1], 1e-12, 1e-12)
    if [number for number, _ in kept] != table["number"].to_pylist():
        return wrong + ["other events were kept"], kept
    for row, (number, (hlf, rows)) in enumerate(kept):
        wrong += differences(f"event {number}, hlf", column, table["hlf"][row].as_py(), hlf, 1e-9, 1e-9)
        got = stacked(table["particles"][row])
        wrong += differences(f"event {number}, particles", column, got, rows, 2e-6, 1e-9)
        if got.shape == rows.shape:
            wrong += differences(f"event {number}, flags", column, got[:, 13:19], rows[:, 13:19], 0, 0)
    return wrong, kept


def stacked(cell):
    """[[float]] of one row as an array."""
    return cell.values.flatten().to_numpy(zero_copy_only=False).reshape(len(cell.values), -1)


def wrong_sequences(kept, table, mode):
    wrong = [] if table.num_rows == min(SEQUENCES, len(kept)) else [f"{table.num_rows} sequences"]
    for row, (number, (_, rows)) in enumerate(kept[:SEQUENCES]):
        want = dl.sequence(rows) if mode == dl.AS_RUN else dl.by_distance(rows)
        got = stacked(table["sequence"][row])
        wrong += differences(f"event {number}", column, got, want, 1e-5, 1e-5)
        if mode == dl.AS_RUN and got.shape == want.shape:
            flag = got[:, 16] if got[-1, 16] > 0 else got[:, 17]
            wrong += differences(f"event {number}, flag", column, flag, [-0.0353553] * 800 + [28.284271], 2e-6, 0)
    return wrong


def test_converter(report, folder, path, count):
    events = list(dl.read_events(path, count))
    compared = 0
    for mode, module in MODULES.items():
        cuts, = run(FEATURES, folder, MODULE=module, FILE=os.path.abspath(path), COUNT=count, SEQUENCES=SEQUENCES)
        table = pq.read_table(os.path.join(folder, "features.parquet"))
        wrong, kept = wrong_features(events, table, mode)
        compared = len(kept)
        report.check(f"converter: {path}, {mode}", wrong_cuts(cuts, dl.count_cuts(events, mode)) + wrong)
        sequences = pq.read_table(os.path.join(folder, "sequence.parquet"))
        report.check(f"sequence: {path}, {mode}", wrong_sequences(kept, sequences, mode))
        for name in ("features.parquet", "sequence.parquet"):
            os.unlink(os.path.join(folder, name))
    return compared


# ---- models ----

DATA = """let row = k -> {x = [k, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], y = k,
  s = [[k, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]]}
let rows = (from [row(0), row(1), row(2)])
let model = (rows | train (NETWORK) x:INPUT y:y epochs:1 steps:801)
model
"""
SIDE_BY_SIDE = 'concat {(FIRST), (dropout 0.2)} | dense 25 activation:"relu"'
TRANSFORMER = ('attention heads:8 key:19 | layer_norm epsilon:0.000001 | dropout 0.2 | dense 20 activation:"relu"'
               ' | flatten | dense 10 activation:"relu"')
MODELS = [
    ("mlp [50, 20, 10]", "x", 2013),
    ("gru 50 | dropout 0.2", "s", 10803),
    ('gru 50 reset:"before" biases:1 gate:"hard_sigmoid" | dropout 0.2', "s", 10653),
    (SIDE_BY_SIDE.replace("FIRST", "gru 50 | dropout 0.2"), "{s, x}", 12353),
    (SIDE_BY_SIDE.replace("FIRST", 'gru 50 reset:"before" biases:1 | dropout 0.2'), "{s, x}", 12203),
    (SIDE_BY_SIDE.replace("FIRST", "lstm 50 | dropout 0.2"), "{s, x}", 15703),
    (SIDE_BY_SIDE.replace("FIRST", TRANSFORMER), "{s, x}", 173378),
]


def test_models(report, folder):
    for network, names, parameters in MODELS:
        text = output(DATA, folder, {"NETWORK": network, "INPUT": names})
        found = [line.split()[-1] for line in text.splitlines() if line.startswith("total")]
        report.check(f"models: {network}", [] if found == [f"{parameters:,}"] else [text])


def main():
    report = Report()
    have = os.path.isdir(CORPUS)
    with tempfile.TemporaryDirectory() as folder:
        test_models(report, folder)
        compared = sum(test_converter(report, folder, path, 45) for path in SLICES)
        if have:
            test_recorded(report, folder)
            compared += sum(test_converter(report, folder, os.path.join(CORPUS, name), count) for name, count in SAMPLE)
    print(f"{compared} events agree in every number" if not report.failed else "")
    print(f"{report.passed} passed, {report.failed} failed")
    if not have:
        print("skipped: no corpus")
    sys.exit(1 if report.failed or (not have and os.environ.get("CI")) else 0 if have else 77)


if __name__ == "__main__":
    main()
