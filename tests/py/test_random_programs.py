"""Random programs over real events: right or wrong, each ends with rows or with an error in the user's words, never
with a crash or a mistake of Cutflow's own; and what works gives the same bytes on 1 and 3 threads, and when its plan
goes through JSON.  CUTFLOW names the program, CUTFLOW_SEED the seed (printed), CUTFLOW_ROUNDS the number of programs."""

import concurrent.futures
import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.environ.get("CUTFLOW_CORPUS") or os.path.join(HERE, "..", "..", "..", "shared", "data")
EVENTS = os.path.join(CORPUS, "root", "hep", "Run2012B_SingleMu_1000.root")
SEED = int(os.environ.get("CUTFLOW_SEED", "2012"))
ROUNDS = int(os.environ.get("CUTFLOW_ROUNDS", "150"))

rnd = random.Random(SEED)
LISTS = ["Muon", "Jet", "Electron", "Photon", "lep"]
EVENT_VALUES = ["MET.pt", "run", "nMuon", "PV.z", "count(Muon)", "sum(Jet.pt)", "Muon.pt[0]", "HLT.IsoMu24",
                "(Jet | max_by pt).eta", "x", "1", "2.5", "null", '"a"', "(Muon | any pt > 10)", "mt(MET, MET)"]
FIELDS = ["pt", "eta", "phi", "mass", "charge", "a.pt", "b.eta", "1", "sum pt", "pt / (sum pt)", "mass(a + b)",
          "delta_r(this, j)", "row_number this", "(Muon | count)", "(Jet | filter pt > 20 | sum pt)", "MET.phi"]
TESTS = ["{} > {}", "{} == {}", "{} in 1..20", "{} != null", "abs({}) < 2", "{} > 1 && {} < 30", "{} in [1, 2, 3]"]
LIST_STAGES = ["filter {c}", "sort -pt", "sort {{{f}, -pt}}", "take 2", "take -1", "take 2..3", "derive x = {f}", "pairs",
               "select {{pt, eta, phi, mass, q = {f}}}", "triplets", "cross Jet", "append by:name {l}", "distinct",
               "remove (Muon | take 1)", "group charge (aggregate {{n = count this, pt = max pt}})", "shuffle seed:1"]
ENDS = ["", " | count", " | first", " | max_by pt", " | min_by abs(eta)", " | sum pt", " | any pt > 20", " | average pt"]
STAGES = ["derive x = {v}", "derive lep = {v}", "filter {e}", "filter {n} > 1", "select {{run, Muon, Jet, MET, v = {v}}}",
          "sort {{-MET.pt}}", "take 5", "take 3..8", "group nMuon (take 2)", "distinct run", "shuffle seed:2",
          "group {{k = nMuon}} (aggregate {{n = count this, s = sum {s}}})", "explode {l}", "explode {l} side:left",
          "aggregate {{n = count this, m = max {s}, c = count_distinct run}}", "append (from events | take 3)",
          "sample 0.3 seed:1", "hist {v} bins:5 range:0..50", "hist {s}", "cutflow", "describe", "hist2d {s} {s}",
          "derive r = MET.pt / (sum MET.pt)", "sort {{run, -nMuon}} | derive rk = rank this"]


def condition(values):
    form = rnd.choice(TESTS)
    return form.format(*(rnd.choice(values) for _ in range(form.count("{}"))))


def nested():
    text = rnd.choice(["", "j = "]) + rnd.choice(LISTS)
    for _ in range(rnd.randint(0, 3)):
        text += " | " + rnd.choice(LIST_STAGES).format(c=condition(FIELDS), f=rnd.choice(FIELDS), l=rnd.choice(LISTS))
    return "(" + text + rnd.choice(ENDS) + ")"


def program():
    text = "from events" + rnd.choice(["", "", "", ".Jet", ".Muon"])
    for _ in range(rnd.randint(1, 4)):
        value = rnd.choice([nested(), nested(), rnd.choice(EVENT_VALUES), "sum MET.pt", "Jet.pt * 2"])
        text += "\n| " + rnd.choice(STAGES).format(v=value, e=condition(EVENT_VALUES), n=nested(),
                                                   l=rnd.choice(LISTS), s=rnd.choice(EVENT_VALUES))
    return text


def run(text, *more):
    return subprocess.run([os.environ["CUTFLOW"], "events=" + EVENTS, *more, "-c", text, "--format", "csv"],
                          capture_output=True, timeout=300, check=False)


def fault(text):
    plain = run(text, "--threads", "1")
    if plain.returncode not in (0, 1) or b"E0099" in plain.stderr or b"internal" in plain.stderr:
        return "exit code %d: %s" % (plain.returncode, plain.stderr.decode("utf-8", "replace")[:1500])
    if plain.returncode == 1:
        return None if plain.stderr.startswith((b"error[", b"warning")) else "an error without a message"
    other = run(text, "--threads", "3", "-c", "%set check_plans on")
    if (other.returncode, other.stdout) != (0, plain.stdout):
        return "other rows on 3 threads, with the plan through JSON\n" + other.stderr.decode("utf-8", "replace")[:800]
    return None


def main():
    if not os.path.exists(EVENTS):
        print("skipped: no corpus")
        sys.exit(1 if os.environ.get("CI") else 77)
    programs = [program() for _ in range(ROUNDS)]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for text, why in zip(programs, pool.map(fault, programs)):
            if why:
                bad += 1
                print(text, why, sep="\n", end="\n\n")
    print(f"seed {SEED}: {ROUNDS - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)


main()
