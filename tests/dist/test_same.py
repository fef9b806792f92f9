"""Programs give the same bytes on processes, 1, 2 or 3 of them, as on threads: the ADL benchmark's
nine, and some that need values of earlier passes, texts, nulls, lists, lookups and limits."""

import os
import sys

import cf

SAMPLE = "root/hep/Run2012B_SingleMu_1000.root"
PROGRAMS = [
    "from t | aggregate {n = count this, s = sum x, d = stddev x, t = max name}",
    "from t | derive share = x / (sum x) | filter share > 0.0002 | select {k, share}",
    "from t | group {name, k} (aggregate {n = count this, s = sum x, d = count_distinct x}) | sort {name, k}",
    "from t | sort {-x, k} | take 20",
    "from t | filter x > 60 | select {name, k, y = x * 2} | take 5..17",
    "from t | filter x > (average x) | aggregate {n = count this, a = average x}",
    "from t | sort x | derive r = row_number this | filter r > 7990 | select {r, x, name}",
]


def compare(folder, what, *arguments):
    want = cf.run(folder, "threads", 2, *arguments)
    cf.check(want[1] != "" or want[0] != 0, f"{what}: no output")
    cf.check(want[0] == 0, f"{what}: {want}")
    for slots in (1, 2, 3):
        got = cf.run(folder, "processes", slots, *arguments)
        cf.check(got == want, f"{what} on {slots} processes: {str(got)[:600]} and not {str(want)[:600]}")


def small_programs(folder, data):
    for text in PROGRAMS:
        compare(folder, text, data, "-c", text)


def errors(folder, data):
    """An error in a task is the same error."""
    text = "from t | derive y = name as int | aggregate {s = sum y}"
    want = cf.run(folder, "threads", 1, data, "-c", text)
    cf.check(want[0] == 1, want)
    cf.check(cf.run(folder, "processes", 2, data, "-c", text) == want, "another error")


def saved(folder, data):
    """Files come out the same, byte for byte."""
    made = []
    for engine in ("threads", "processes"):
        path = os.path.join(folder, f"made_{engine}.parquet")
        code, out, err = cf.run(folder, engine, 2, data, "-c", f'from t | filter k > 2 | save "{path}"')
        cf.check(code == 0, (code, out, err))
        with open(path, "rb") as f:
            made.append(f.read())
    cf.check(len(made[0]) > 1000 and made[0] == made[1], "another file")


def adl(folder, data):
    sample = os.path.join(cf.CORPUS, SAMPLE)
    del data
    if not os.path.exists(sample):
        print("no corpus: the ADL programs are not compared")
        return
    hep = os.path.join(cf.ROOT, "tests", "hep")
    for name in sorted(os.listdir(hep)):
        if name.startswith("adl_"):
            compare(folder, name, "events=" + sample, os.path.join(hep, name))


if __name__ == "__main__":
    sys.exit(cf.main([small_programs, errors, saved, adl]))
