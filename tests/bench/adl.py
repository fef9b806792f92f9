"""The ADL benchmark: Cutflow beside RDataFrame (from ROOT) and beside DuckDB (from Parquet), in one run.

    adl.py [--events N] [--repeat N] [--threads 1,2] [--queries q1,q6a] [--cutflow BINARY]

Makes the events and compiles the peers if need be (under build/bench), then runs each query with each
system in turn, several times, so that a disturbance of the machine hits all alike; medians count.
All histograms must be equal bin for bin: if not, it says where and exits with 1.  Times only ever go
into the report (build/bench/adl.md).
"""
import argparse
import importlib.util
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
OUT = TOP / "build" / "bench"
WARM_UP_EVENTS = 5000

# The branches that each query needs, for the reader's floor.
BRANCHES = {
    "q1": "MET_pt", "q2": "nJet Jet_pt", "q3": "nJet Jet_pt Jet_eta", "q4": "nJet Jet_pt MET_pt",
    "q5": "nMuon Muon_pt Muon_eta Muon_phi Muon_mass Muon_charge MET_pt",
    "q6a": "nJet Jet_pt Jet_eta Jet_phi Jet_mass", "q6b": "nJet Jet_pt Jet_eta Jet_phi Jet_mass Jet_btag",
    "q7": "nJet Jet_pt Jet_eta Jet_phi nMuon Muon_pt Muon_eta Muon_phi "
          "nElectron Electron_pt Electron_eta Electron_phi",
    "q8": "nMuon Muon_pt Muon_eta Muon_phi Muon_mass Muon_charge MET_pt MET_phi "
          "nElectron Electron_pt Electron_eta Electron_phi Electron_mass Electron_charge",
}
SYSTEMS = ("cutflow/ROOT", "RDataFrame", "cutflow/Parquet", "DuckDB")
PEERS = (("cutflow/ROOT", "RDataFrame"), ("cutflow/Parquet", "DuckDB"))


class Failed(Exception):
    pass


# What is needed ----------------------------------------------------------------------------------

def root_folder():
    spec = importlib.util.find_spec("ROOT")
    if spec is None or not spec.submodule_search_locations:
        raise Failed("there is no ROOT in this Python: run tests/bench/run.sh")
    return pathlib.Path(spec.submodule_search_locations[0])


def compile_program(name, libraries):
    source, program = HERE / f"{name}.cpp", OUT / name
    if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
        return program
    root = root_folder()
    print(f"compiling {source.name}", file=sys.stderr)
    command = ["g++", "-O3", "-march=native", "-std=c++17", "-isystem", root / "include", source,
               "-o", program, "-pthread", f"-L{root / 'lib'}", f"-Wl,-rpath,{root / 'lib'}",
               f"-Wl,-rpath-link,{root.parent / 'root.libs'}"]
    subprocess.run(command + ["-l" + each for each in libraries.split()], check=True)
    return program


def make_data(name, events, seed):
    path = OUT / name
    if not (path.with_suffix(".root").exists() and path.with_suffix(".parquet").exists()):
        print(f"making {events} events in {path}", file=sys.stderr)
        writer = compile_program("write_root", "Core RIO Tree")
        command = [sys.executable, HERE / "make_events.py", path, "--root-writer", writer,
                   "--events", str(events), "--seed", str(seed)]
        made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        path.with_suffix(".json").write_text(made.stdout)
    return path


# One run of one system ---------------------------------------------------------------------------

def run_process(command):
    """(stdout, stderr, {wall, memory in MB}) of a process that must succeed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        said = out.read(), err.read()
    if process.returncode != 0:
        raise Failed(f"{command[0]} ended with {process.returncode}: {said[1] or said[0]}")
    return *said, {"wall": wall, "memory": usage.ru_maxrss / 1024}


def run_peer(command):
    out, _, process = run_process(command)
    said = json.loads(out)
    return {"seconds": said["seconds"], "cpu": said["cpu"], "bins": said["bins"], "process": process}


def run_cutflow(binary, query, threads, file):
    program = (TOP / "tests" / "hep" / f"adl_{query}.cf").read_text()
    timed = re.sub(r"^from ", "%time from ", program, count=1, flags=re.MULTILINE)
    command = [binary, "--no-init", "--threads", threads, "--format", "json", "-c", timed, f"events={file}"]
    out, err, process = run_process(command)
    rows = next((json.loads(line) for line in out.splitlines() if line.startswith("[")), None)
    took = re.search(r"wall ([\d.]+) s, CPU ([\d.]+) s", out + err)
    if rows is None or took is None:
        raise Failed(f"{query}: cannot read what cutflow printed: {out[:200]} {err[:200]}")
    bins = [row["count"] for row in rows]
    return {"seconds": float(took[1]), "cpu": float(took[2]), "bins": bins, "process": process}


def runner(system, cutflow, data, warm):
    """A function (query, threads) -> result."""
    suffix = ".root" if system in ("cutflow/ROOT", "RDataFrame") else ".parquet"
    file, warm_up = data.with_suffix(suffix), warm.with_suffix(suffix)
    if system.startswith("cutflow"):
        return lambda query, threads: run_cutflow(cutflow, query, threads, file)
    program = [sys.executable, HERE / "duck.py"]
    if system == "RDataFrame":
        program = [compile_program("rdf", "Core Imt RIO Hist Tree TreePlayer ROOTVecOps ROOTDataFrame "
                                          "MathCore Thread Net")]
    return lambda query, threads: run_peer([*program, file, query, threads, warm_up])


def reader_floor(query, data, repeat):
    program = compile_program("floor", "Core RIO Tree deflate")
    command = [program, data.with_suffix(".root"), "Events", *BRANCHES[query].split()]
    return statistics.median(json.loads(run_process(command)[0])["seconds"] for _ in range(repeat))


# All runs ----------------------------------------------------------------------------------------

def median_of(results):
    out = {key: statistics.median(r[key] for r in results) for key in ("seconds", "cpu")}
    out["process"] = {key: statistics.median(r["process"][key] for r in results)
                      for key in results[0]["process"]}
    return out


def different(results):
    """Texts that say which of the histograms {system: [result]} differ from the first, and where."""
    known = [(system, r["bins"]) for system, each in results.items() for r in each]
    first_system, first = known[0]
    texts = []
    for system, bins in known[1:]:
        where = [k for k in range(max(len(first), len(bins))) if first[k:k + 1] != bins[k:k + 1]]
        if where:
            k = where[0]
            texts.append(f"{system} and {first_system} differ in bins {where}; in the first of them: "
                         f"{bins[k:k + 1]} and {first[k:k + 1]}")
    return sorted(set(texts))


def measure(options, runners, data):
    """{(query, threads): {system: median}}, floors by query, and texts about differences."""
    measured, floors, wrong = {}, {}, []
    for query in options.queries:
        floors[query] = reader_floor(query, data, options.repeat)
        for threads in options.threads:
            results = {system: [] for system in runners}
            for _ in range(options.repeat):
                for system, run in runners.items():
                    try:
                        results[system].append(run(query, threads))
                    except Failed as failure:
                        wrong.append(f"{query}, threads {threads}: {system}: {failure}")
            results = {system: each for system, each in results.items() if each}
            if results:
                wrong += [f"{query}, threads {threads}: {text}" for text in different(results)]
                measured[query, threads] = {system: median_of(each) for system, each in results.items()}
            print(f"{query}, threads {threads}: done", file=sys.stderr)
    return measured, floors, list(dict.fromkeys(wrong))


# The report --------------------------------------------------------------------------------------

def number(value):
    return "-" if value is None else f"{value:.3g}"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(head, rows):
    return "\n".join([row(head), row(["---"] + ["---:"] * (len(head) - 1))] + [row(cells) for cells in rows])


def quotient(above, below):
    return above / below if above is not None and below else None  # a time may be too short to show


def speed_table(measured, floors, events, queries, threads):
    head = ["query", "floor"]
    for ours, peer in PEERS:
        head += [ours, peer, "ratio", "CPU ratio"]
    rows = []
    for query in queries:
        at = measured.get((query, threads), {})
        cells = [query, number(quotient(events / 1e6, floors[query]) if threads == 1 else None)]
        for ours, peer in PEERS:
            wall = [at[s]["seconds"] if s in at else None for s in (ours, peer)]
            cpu = [at[s]["cpu"] if s in at else None for s in (ours, peer)]
            cells += [number(quotient(events / 1e6, w)) for w in wall]
            cells += [number(quotient(pair[1], pair[0])) for pair in (wall, cpu)]
        rows.append(cells)
    return table(head, rows)


def process_table(measured, queries, threads, key):
    rows = []
    for query in queries:
        at = measured.get((query, threads), {})
        rows.append([query] + [number(at[s]["process"][key] if s in at else None) for s in SYSTEMS])
    return table(["query", *SYSTEMS], rows)


EXPLAINED = """Time of the statement (peers: after a warm-up on a small file). The ratios are Cutflow's
speed over the peer's, by wall and by CPU time: above 1, Cutflow is faster. Floor: reading and
inflating alone."""
PROCESS_TABLES = (("wall", "whole process, seconds (peers: with their warm-up)"),
                  ("memory", "peak memory, MB"))


def report(options, measured, floors, facts, load, wrong):
    text = [f"# ADL benchmark, {options.events:,} events", "",
            f"{facts['jets']:.3f} jets, {facts['jet_triplets']:.1f} triplets of jets, "
            f"{facts['muons']:.3f} muons and {facts['electrons']:.3f} electrons an event. Medians of "
            f"{options.repeat} runs; load of the machine before and after: {load[0]:.1f} and "
            f"{load[1]:.1f}.", "",
            "Histograms: " + ("**not all is well**, see the end." if wrong else "all equal.")]
    for threads in options.threads:
        title = f"## {threads} thread{'s' if threads > 1 else ''}, million events/s"
        text += ["", title, "", EXPLAINED, "",
                 speed_table(measured, floors, options.events, options.queries, threads)]
        for key, title in PROCESS_TABLES:
            text += ["", f"### {title}", "", process_table(measured, options.queries, threads, key)]
    if wrong:
        text += ["", "## What went wrong", ""] + [f"- {each}" for each in wrong]
    return "\n".join(text) + "\n"


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=2012)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", default="1,2", type=lambda s: [int(t) for t in s.split(",")])
    parser.add_argument("--queries", default=",".join(BRANCHES), type=lambda s: s.split(","))
    parser.add_argument("--systems", default=",".join(SYSTEMS), type=lambda s: s.split(","))
    parser.add_argument("--cutflow", type=pathlib.Path, default=TOP / "build" / "release" / "cutflow")
    options = parser.parse_args()
    for given, known in ((options.queries, BRANCHES), (options.systems, SYSTEMS)):
        for each in given:
            if each not in known:
                parser.error(f"`{each}` is none of {', '.join(known)}")
    return options


def main():
    options = parse_options()
    OUT.mkdir(parents=True, exist_ok=True)
    if not options.cutflow.exists():
        print(f"no {options.cutflow}: only the peers are run", file=sys.stderr)
        options.systems = [s for s in options.systems if not s.startswith("cutflow")]
    else:  # a copy, so that all runs use one program even if it is built anew meanwhile
        options.cutflow = shutil.copy2(options.cutflow, OUT / "cutflow")
    try:
        data = make_data(f"events-{options.events}-{options.seed}", options.events, options.seed)
        warm = make_data(f"events-{WARM_UP_EVENTS}-{options.seed}", WARM_UP_EVENTS, options.seed)
        runners = {s: runner(s, options.cutflow, data, warm) for s in options.systems}
        load = [os.getloadavg()[0]]
        measured, floors, wrong = measure(options, runners, data)
    except (Failed, subprocess.CalledProcessError) as failure:
        print(failure, file=sys.stderr)
        return 1
    load.append(os.getloadavg()[0])
    facts = json.loads(data.with_suffix(".json").read_text())
    text = report(options, measured, floors, facts, load, wrong)
    (OUT / "adl.md").write_text(text)
    print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
