"""Events a second and core of the DL trigger's ingest (tests/bench/ingest.sh).

Selection, 14 features and all particles with their isolations, written to Parquet (the loops in plain Python write
nothing), on one thread.  Times are of the processor.  Cutflow is a whole process; of the others only the work is
timed, after the libraries were loaded and the functions compiled.
"""
import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyarrow.parquet as pq
import uproot

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "py")]

import dl_converter
import ingest_numba

BENCH = os.path.join(ROOT, "build", "bench")
CORPUS = os.path.join(os.environ.get("CUTFLOW_CORPUS") or os.path.join(ROOT, "..", "shared", "data"), "delphes")
FEATURES = """
import dltrigger
from (read_root "FILE") | derive label = 1 | dltrigger.features | """
WRITE = 'save "OUT" compression:zstd;'
SUM = "aggregate {s = sum (particles | sum (sum this)), t = sum (sum hlf)};"
CODECS = {"zlib": 101, "lz4": 404, "zstd": 505}


def recompressed(source, codec):
    """The same tree with another compression, by ROOT, kept in build/bench."""
    path = os.path.join(BENCH, f"delphes_{codec}.root")
    if os.path.exists(path) and os.path.getmtime(path) >= os.path.getmtime(source):
        return path
    script = f"""
import ROOT
ROOT.gErrorIgnoreLevel = ROOT.kError
source = ROOT.TFile.Open({source!r})
out = ROOT.TFile({path + '.part'!r}, "RECREATE", "", {CODECS[codec]})
source.Get("Delphes").CloneTree(-1)
out.Write()
out.Close()
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, stdout=subprocess.DEVNULL)
    os.replace(path + ".part", path)
    return path


def floor_seconds(path):
    """Reading and unpacking the baskets that the ingest needs, and nothing else."""
    lines, names = [], [f"{c}.{leaf}" for c, leaves in ingest_numba.LEAVES.items() for leaf in leaves]
    with uproot.open(path) as f:
        for name in names:
            branch = f["Delphes"][name]
            count = branch.member("fWriteBasket")
            lines += [f"{at} {size}\n" for at, size in
                      zip(branch.member("fBasketSeek")[:count], branch.member("fBasketBytes")[:count])]
    out = subprocess.run([os.path.join(BENCH, "ingest_floor"), path], input="".join(lines), text=True, check=True,
                         capture_output=True)
    seconds, size = out.stdout.split()
    return float(seconds), int(size)


def cutflow_seconds(program, path, out):
    """out: None to write nothing, and sum up all numbers instead."""
    with tempfile.NamedTemporaryFile("w", suffix=".cf") as f:
        f.write((FEATURES + (WRITE if out else SUM)).replace("FILE", path).replace("OUT", out or ""))
        f.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([program, f.name, "--threads", "1"], check=True,
                       env={**os.environ, "CUTFLOW_PATH": os.path.join(ROOT, "notebooks", "dl-trigger")})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def numba_seconds(path, out):
    start = time.process_time()
    features = ingest_numba.ingest(*ingest_numba.read(path))
    if out:
        ingest_numba.write(out, *features)
    return time.process_time() - start


def converter_seconds(path, events, plain):
    """Reading is not counted: it is a small part, and uproot reads all events at once in the rows above."""
    read = list(dl_converter.read_events(path, events))
    start = time.process_time()
    for event in read:
        dl_converter.convert(event, dl_converter.FIXED, plain)
    return time.process_time() - start


def largest_difference(a, b):
    """Relative to the larger of 1 and the value, over every number of every kept event."""
    worst = 0.0
    one, other = pq.read_table(a), pq.read_table(b)
    if one.num_rows != other.num_rows:
        sys.exit(f"{one.num_rows} events are kept by Cutflow, {other.num_rows} by numba")
    for name in ("hlf", "particles"):
        x, y = (t[name].combine_chunks() for t in (one, other))
        while hasattr(x, "flatten") and x.type.num_fields:
            if not np.array_equal(np.diff(x.offsets), np.diff(y.offsets)):
                sys.exit(f"{name}: other lengths")
            x, y = x.flatten(), y.flatten()
        x, y = x.to_numpy(zero_copy_only=False), y.to_numpy(zero_copy_only=False)
        worst = max(worst, float((np.abs(x - y) / np.maximum(1, np.abs(y))).max()))
    return one.num_rows, worst


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cutflow", default=os.path.join(ROOT, "build", "release", "cutflow"))
    parser.add_argument("--file", default="ttbar.root", help="of the corpus")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--plain", type=int, default=100, help="events for the loops in plain Python")
    options = parser.parse_args()
    source = os.path.abspath(os.path.join(CORPUS, options.file))
    if not os.path.exists(source):
        sys.exit(f"{source} is not there: set CUTFLOW_CORPUS")
    with uproot.open(source) as f:
        events = f["Delphes"].num_entries
    ours, theirs = (os.path.join(BENCH, f"ingest_{name}.parquet") for name in ("cutflow", "numba"))
    lines = ["| file | what | events/s/core | of the floor |", "| --- | --- | ---: | ---: |"]
    ingest_numba.run(source, theirs)  # compiles
    for codec in CODECS:
        path = recompressed(source, codec)
        times = {"unpacking the same baskets": lambda: floor_seconds(path)[0],
                 "Cutflow": lambda: cutflow_seconds(options.cutflow, path, ours),
                 "Cutflow, nothing written": lambda: cutflow_seconds(options.cutflow, path, None),
                 "uproot, awkward and numba": lambda: numba_seconds(path, theirs),
                 "the same, nothing written": lambda: numba_seconds(path, None)}
        best = {what: min(measure() for _ in range(options.repeat)) for what, measure in times.items()}
        for what, seconds in best.items():
            share = best["unpacking the same baskets"] / seconds
            lines.append(f"| {codec} | {what} | {events / seconds:,.0f} | {100 * share:.1f} % |")
    for what, plain, count in (("plain Python, numpy for an event's isolations", False, 3 * options.plain),
                               ("plain Python, loops", True, options.plain)):
        seconds = converter_seconds(source, count, plain)
        lines.append(f"| (in memory) | {what} | {count / seconds:,.0f} | |")
    kept, difference = largest_difference(ours, theirs)
    lines += ["", f"{options.file}: {events} events, {kept} kept; the largest difference between Cutflow's and numba's "
              f"numbers is {difference:.1e}, relative to the larger of 1 and the number. Best of {options.repeat}; load when done: "
              f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."]
    text = "\n".join(lines) + "\n"
    print(text, end="")
    with open(os.path.join(BENCH, "ingest.md"), "w", encoding="utf-8") as f:
        f.write(text)
    sys.exit(1 if difference > 1e-5 else 0)


main()
