"""The ADL benchmark's nine histograms (tests/hep/adl_q*.cf) from ROOT and from Parquet.

Four are compared with the published reference files; all nine with a plain loop over the events that uproot
reads.  The program is named by CUTFLOW.
"""

import csv
import io
import itertools
import math
import os
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORPUS = os.environ.get("CUTFLOW_CORPUS") or os.path.join(ROOT, "..", "shared", "data")
SAMPLES = ["root/hep/Run2012B_SingleMu_1000.root", "parquet/hep/Run2012B_SingleMu-1000.parquet",
           "parquet/hep/Run2012B_SingleMu-restructured-1000.parquet"]
PUBLISHED = {"1": "q1.csv", "3": "q3.csv", "5": "q5.csv", "6a": "q6-1.csv"}
BINS = {"1": (0, 2000), "2": (15, 60), "3": (15, 60), "4": (0, 2000), "5": (0, 2000), "6a": (15, 40),
        "6b": (0, 1), "7": (15, 200), "8": (15, 250)}

try:
    import uproot
except ImportError:
    print("skipped: no uproot")
    sys.exit(1 if os.environ.get("CI") else 77)
if not os.path.isdir(os.path.join(CORPUS, "reference", "adl")):
    print("skipped: no corpus")
    sys.exit(1 if os.environ.get("CI") else 77)


def vector(p):
    pt, eta, phi, mass = p["pt"], p["eta"], p["phi"], p["mass"]
    return (math.sqrt((pt * math.cosh(eta)) ** 2 + mass ** 2), pt * math.cos(phi), pt * math.sin(phi),
            pt * math.sinh(eta))


def total(particles):
    return [sum(c) for c in zip(*map(vector, particles))]


def mass_of(particles):
    e, x, y, z = total(particles)
    return math.sqrt(max(e * e - x * x - y * y - z * z, 0))


def pt_of(particles):
    _, x, y, _ = total(particles)
    return math.hypot(x, y)


def between(a, b):
    d = a - b
    return d - 2 * math.pi * round(d / (2 * math.pi))


def near(a, b):
    return math.hypot(a["eta"] - b["eta"], between(a["phi"], b["phi"])) < 0.4


def best_triplet(event):
    return min(itertools.combinations(event["Jet"], 3), key=lambda t: abs(mass_of(t) - 172.5), default=None)


def q5(event):
    pairs = itertools.combinations(event["Muon"], 2)
    if any(a["charge"] != b["charge"] and 60 < mass_of((a, b)) < 120 for a, b in pairs):
        yield event["MET_pt"]


def q6a(event):
    best = best_triplet(event)
    if best:
        yield pt_of(best)


def q6b(event):
    best = best_triplet(event)
    if best:
        yield max(j["btag"] for j in best)


def q7(event):
    leptons = [p for p in event["Muon"] + event["Electron"] if p["pt"] > 10]
    clean = [j["pt"] for j in event["Jet"] if j["pt"] > 30 and not any(near(j, p) for p in leptons)]
    if clean:
        yield sum(clean)


def q8(event):
    leptons = event["Muon"] + event["Electron"]
    kind = ["mu"] * len(event["Muon"]) + ["e"] * len(event["Electron"])
    if len(leptons) < 3:
        return
    pairs = [(i, j) for i, j in itertools.combinations(range(len(leptons)), 2)
             if kind[i] == kind[j] and leptons[i]["charge"] != leptons[j]["charge"]]
    if not pairs:
        return
    z = min(pairs, key=lambda p: abs(mass_of([leptons[p[0]], leptons[p[1]]]) - 91.2))
    other = max((lepton for i, lepton in enumerate(leptons) if i not in z), key=lambda p: p["pt"])
    yield math.sqrt(2 * event["MET_pt"] * other["pt"] * (1 - math.cos(between(event["MET_phi"], other["phi"]))))


QUERIES = {
    "1": lambda e: [e["MET_pt"]],
    "2": lambda e: [j["pt"] for j in e["Jet"]],
    "3": lambda e: [j["pt"] for j in e["Jet"] if abs(j["eta"]) < 1],
    "4": lambda e: [e["MET_pt"]] if sum(j["pt"] > 40 for j in e["Jet"]) >= 2 else [],
    "5": q5, "6a": q6a, "6b": q6b, "7": q7, "8": q8,
}


def read_events():
    with uproot.open(os.path.join(CORPUS, SAMPLES[0])) as f:
        tree = f["Events"]
        fields = {"Jet": ["pt", "eta", "phi", "mass", "btag"], "Muon": ["pt", "eta", "phi", "mass", "charge"],
                  "Electron": ["pt", "eta", "phi", "mass", "charge"]}
        names = ["MET_pt", "MET_phi"] + [f"{k}_{x}" for k, xs in fields.items() for x in xs]
        arrays = tree.arrays(names, library="np")
    for i in range(len(arrays["MET_pt"])):
        event = {"MET_pt": float(arrays["MET_pt"][i]), "MET_phi": float(arrays["MET_phi"][i])}
        for kind, xs in fields.items():
            columns = [arrays[f"{kind}_{x}"][i] for x in xs]
            event[kind] = [dict(zip(xs, map(float, row))) for row in zip(*columns)]
        yield event


def fill(values, low, high):
    """Counts of underflow, 100 bins, overflow."""
    counts = [0] * 102
    for v in values:
        k = math.floor((v - low) / ((high - low) / 100))
        counts[0 if v < low else 101 if v >= high else 1 + min(k, 99)] += 1
    return counts


def published(name, low, high):
    width, counts = (high - low) / 100, [0] * 102
    with open(os.path.join(CORPUS, "reference", "adl", name), encoding="utf-8") as f:
        for row in csv.DictReader(f):
            counts[round((float(row["x"]) - low) / width - 0.5) + 1] = int(float(row["y"]))
    return counts


def ours(query, sample, threads):
    program = os.path.join(ROOT, "tests", "hep", f"adl_q{query}.cf")
    r = subprocess.run([os.environ["CUTFLOW"], "events=" + os.path.join(CORPUS, sample), program, "--format", "csv",
                        "--no-init", "--threads", str(threads)],
                       capture_output=True, text=True, timeout=600, check=False)
    if r.returncode != 0:
        raise AssertionError(r.stderr)
    return [round(float(row["count"])) for row in csv.DictReader(io.StringIO(r.stdout))]


class Adl(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        events = list(read_events())
        cls.expected = {q: fill((v for e in events for v in f(e)), *BINS[q]) for q, f in QUERIES.items()}

    def test_the_plain_loops_give_the_published_histograms(self):
        for query, name in PUBLISHED.items():
            with self.subTest(query=query):
                self.assertEqual(self.expected[query], published(name, *BINS[query]))

    def test_every_query_from_every_format(self):
        for query, sample, threads in itertools.product(QUERIES, SAMPLES, (1, 3)):
            with self.subTest(query=query, sample=sample, threads=threads):
                self.assertEqual(ours(query, sample, threads), self.expected[query])


if __name__ == "__main__":
    unittest.main(verbosity=1)
