#!/usr/bin/env python3
"""Compares `cutflow describe FILE --json` with recorded profiles of the same files.

The profiles were made by other readers (reference/root-profiles, reference/parquet-profiles of the
corpus): per column the number of entries and values, sum, smallest, largest, nan, the first two
entries and the last.  Prints every difference; exit code 1 if there is one, 77 without a corpus.

    check_describe.py [--cutflow PROGRAM] [--corpus DIR] [--quiet] [GLOB ...]

A glob is relative to the corpus and means data files: `root/hep/*.root`.  Without one: all files that
have a profile.
"""

import argparse
import fnmatch
import glob
import json
import math
import os
import re
import shlex
import struct
import subprocess
import sys
from decimal import Decimal

SUFFIX = ".json"

# Where the recorded profile is known to be wrong or to mean something else.
KNOWN = [
    ("root/hep/delphes_10evt.root", r"\.(fBits|Particles?|Constituents)$", "jsroot misreads objects that are referenced"),
    ("root/structure/fTreeV0_12k.root", r"\.fHyperCandidate$", "a bool that was never set; jsroot shows the byte"),
    ("root/split/root4j_tbranch.root", r"^someStruct$", "jsroot reads arrays of bytes as texts"),
    ("parquet/*/datapage_v1-corrupt-checksum.parquet", r"", "hyparquet does not look at checksums"),
    ("parquet/*/rle_malicious_bitwidth.parquet", r"", "made to be refused"),
    ("parquet/*/geo*.parquet", r"^geometry$", "hyparquet decodes geometries, we show the bytes"),
    ("parquet/awkward/*list-depths.parquet", r"^list", "hyparquet shows an empty list that cannot be null as null"),
    ("parquet/duckdb/bigdecimal.parquet", r"", "77 digits"),
    ("parquet/variant/*", r"^var$", "hyparquet decodes variants, we show their bytes"),
    ("parquet/hyparquet/shredded-*", r"^v", "hyparquet decodes variants, we show their bytes"),
]


class Difference(Exception):
    pass


def profiles(corpus, patterns):
    """(data file, profile file) of each data file that has a profile."""
    found = []
    for kind in ("root", "parquet"):
        top = os.path.join(corpus, "reference", kind + "-profiles")
        for path in sorted(glob.glob(os.path.join(top, "**", "*" + SUFFIX), recursive=True)):
            data = os.path.join(corpus, kind, os.path.relpath(path, top)[: -len(SUFFIX)])
            found.append((data, path))
    if patterns:
        wanted = set()
        for pattern in patterns:
            wanted.update(os.path.realpath(p) for p in glob.glob(os.path.join(corpus, pattern), recursive=True))
        found = [pair for pair in found if os.path.realpath(pair[0]) in wanted]
    return [pair for pair in found if os.path.exists(pair[0])]


# ---- values ----

WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "infinity": math.inf, "-infinity": -math.inf}


def number(x):
    """A number in any of the ways that the profiles and we write them, else None."""
    if isinstance(x, bool):
        return int(x)
    if isinstance(x, (int, float, Decimal)):
        return x
    if isinstance(x, str):
        if x.lower() in WORDS:
            return WORDS[x.lower()]
        if re.fullmatch(r"[-+]?\d+", x):
            return int(x)
        try:
            return float(x)
        except ValueError:
            return None
    return None


def as_float32(x):
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def same_number(want, got, narrow, relative):
    if number(want) is None or number(got) is None:
        return want == got
    want, got = float(number(want)), float(number(got))
    if math.isnan(want) or math.isnan(got):
        return math.isnan(want) and math.isnan(got)
    if want == got:
        return True
    if narrow and as_float32(want) == as_float32(got):
        return True
    return abs(want - got) <= relative * max(abs(want), abs(got))


def moment(x):
    """An ISO date or time without what may be left out."""
    if not isinstance(x, str) or not re.match(r"[+-]?\d{4,6}-\d\d-\d\d", x):
        return None
    x = re.sub(r"(Z|[+]00:?00)$", "", x.replace(" ", "T"))
    x = re.sub(r"^([+-]?)0*(\d{4}-)", r"\1\2", x)
    x = re.sub(r"(\.\d*?)0*$", r"\1", x).rstrip(".")
    return re.sub(r"T00:00(:00)?$", "", x)


def cut_text(want, got):
    """`want` is the beginning of an entry that was too long: are its values the beginning of ours?"""
    text = want[: want.rfind("…")]
    pattern = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
    numbers = [float(x) for x in re.findall(pattern, text)][:-1]
    ours = flat(got)
    return all(not isinstance(x, str) and same_number(a, x, True, 1e-6) for a, x in zip(numbers, ours))


def flat(x):
    if isinstance(x, list):
        return [leaf for item in x for leaf in flat(item)]
    return [x]


def same_bytes(want, got):
    """Bytes that are no text: we show them in hex, the profile as a text or as numbers."""
    if not isinstance(got, str) or not re.fullmatch(r"(?:[0-9a-f]{2})*", got):
        return False
    if isinstance(want, list):
        return all(isinstance(x, int) for x in want) and bytes(want).hex() == got
    if not isinstance(want, str):
        return False
    if "\ufffd" in want:  # the record has lost them
        return len(got) >= 2 * len(want)
    return want.encode().hex() == got


def same_time(want, got):
    """12:30:00 and the milliseconds, micro- or nanoseconds since midnight."""
    parts = re.fullmatch(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)", got) if isinstance(got, str) else None
    count = number(want)
    if parts is None or count is None:
        return False
    seconds = int(parts[1]) * 3600 + int(parts[2]) * 60 + float(parts[3])
    return any(abs(seconds * unit - count) < 1 for unit in (1e3, 1e6)) or abs(seconds * 1e9 - count) < 1000


def same_letters(want, got):
    """jsroot gives arrays of int8 as texts, up to a zero."""
    if not isinstance(want, str) or not isinstance(got, list):
        return False
    values = flat(got)
    if not all(isinstance(x, int) for x in values):
        return False
    return bytes(x & 255 for x in values).split(b"\0")[0] == want.split("\0")[0].encode("latin1", "replace")


def same_value(want, got, narrow):
    if same_letters(want, got):
        return True
    if isinstance(want, list) and isinstance(got, list) and not any(isinstance(x, list) for x in want):
        got = flat(got)  # [2][3] in a row
    if same_bytes(want, got) or same_time(want, got):
        return True
    if isinstance(want, str) and "…" in want:
        return True if not isinstance(got, list) or '"' in want else cut_text(want, got)
    if isinstance(want, list) and isinstance(got, list):
        return len(want) == len(got) and all(same_value(a, b, narrow) for a, b in zip(want, got))
    if isinstance(want, list) and len(want) == 1 and not isinstance(got, list):
        return same_value(want[0], got, narrow)
    if want is None or got is None:
        return want is None and got is None
    a, b = number(want), number(got)
    if a is not None and b is not None:
        return same_number(a, b, narrow, 1e-9)
    if moment(want) is not None:
        return moment(want) == moment(got) or (moment(want) or "")[:23] == (moment(got) or "")[:23]
    return want == got


# ---- columns ----


def check_values(want, got):
    wrong = []
    narrow = "float32" in got["type"] or "float16" in got["type"]
    kinds = set(want["kinds"]) - {"null"}
    base = got["type"].strip("[]")
    # bytes: counted one by one on one side and as a text on the other
    opaque = (base == "text" and "string" not in kinds) or (base in ("int8", "uint8") and "string" in kinds)
    if want["nvals"] != got["values"] and not opaque:
        wrong.append("values %s, wanted %s" % (got["values"], want["nvals"]))
    if "string" not in kinds and kinds and got["sum"] is not None and want["sum"] is not None:
        biggest = max(abs(float(want["min"] or 0)), abs(float(want["max"] or 0)))
        room = 1e-9 * abs(float(want["sum"])) + 1e-12 * want["nvals"] * biggest
        sum_got = number(got["sum"])
        if not (abs(float(sum_got) - float(want["sum"])) <= room or sum_got == want["sum"]):
            wrong.append("sum %s, wanted %s" % (got["sum"], want["sum"]))
    if "string" not in kinds and kinds and not opaque:
        for key in ("min", "max"):
            a, b = want[key], got[key]
            b = number(b) if number(b) is not None else b
            if a is None and isinstance(b, float) and math.isinf(b):
                continue  # the profile could not say so
            if (a is None) != (b is None) or (a is not None and not isinstance(b, str)
                                              and not same_number(a, b, narrow, 1e-9)):
                wrong.append("%s %s, wanted %s" % (key, got[key], a))
        if want["nan"] != got["nan"] and not opaque:
            wrong.append("nan %s, wanted %s" % (got["nan"], want["nan"]))
    for i, value in enumerate(want["first"][:2]):
        if i >= len(got["first"]) or not same_value(value, got["first"][i], narrow):
            ours = got["first"][i] if i < len(got["first"]) else "nothing"
            wrong.append("entry %d is %s, wanted %s" % (i, short(ours), short(value)))
    if want["entries"] > 0 and not same_value(want["last"], got["last"], narrow):
        wrong.append("the last entry is %s, wanted %s" % (short(got["last"]), short(want["last"])))
    return wrong


def check_members(want, members):
    """An object: the profile has all its members in one."""
    wrong = []
    good = [m for m in members if "error" not in m]
    if len(good) < len(members):
        return ["not readable: " + next(m["error"] for m in members if "error" in m)]
    values = sum(m["values"] for m in good)
    if values != want["nvals"]:
        wrong.append("values %s over %d members, wanted %s" % (values, len(good), want["nvals"]))
    if set(want["kinds"]) - {"null"} <= {"number", "bigint", "boolean"}:
        total = math.fsum(float(number(m["sum"]) or 0) for m in good)
        if not abs(total - want["sum"]) <= 1e-9 * abs(want["sum"]) + 1e-6:
            wrong.append("sum %s over %d members, wanted %s" % (total, len(good), want["sum"]))
    return wrong


def short(x):
    text = json.dumps(x, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def unknown(want):
    """The other reader met a class that it does not know."""
    return want["nvals"] == 0 and any("_typename" in str(x) for x in want["first"])


def check_column(name, want, columns):
    """Differences of a column; None: the profile has nothing to compare with."""
    if "error" in want or "note" in want or unknown(want):
        return None
    got = columns.get(name)
    if got is None:
        for sign in (".", "_"):
            members = {n: c for n, c in columns.items() if n.startswith(name + sign)}
            if members:
                # of a map the profile counts the values only; of an object in ROOT it misreads fBits
                skip = any(n.endswith((".key", ".fBits")) for n in members)
                return None if skip else check_members(want, list(members.values()))
        return ["is missing"]
    if "error" in got:
        return ["not readable: " + got["error"]]
    return check_values(want, got)


def is_known(path, name):
    return any(fnmatch.fnmatch(path, pattern) and re.search(column, name) for pattern, column, _ in KNOWN)


def check_table(where, want_entries, want_columns, got, report):
    if "error" in got:
        return report(where, "", ["not readable: " + got["error"]])
    if want_entries and got["entries"] != want_entries:
        report(where, "", ["%s entries, wanted %s" % (got["entries"], want_entries)])
    for name, want in want_columns.items():
        wrong = check_column(name, want, got["columns"])
        report(where, name, wrong)


def tables_of(profile):
    """name (None: the only one), entries, columns"""
    if "columns" in profile:
        yield None, profile.get("rows"), profile["columns"]
    for kind, inner in (("trees", "branches"), ("rntuples", "fields")):
        for name, table in profile.get(kind, {}).items():
            yield name, table["entries"], table[inner]


# ---- files ----


def describe(program, path):
    run = subprocess.run(shlex.split(program) + ["describe", path, "--json"], capture_output=True, timeout=600)
    if run.returncode != 0:
        raise Difference("exit code %d: %s" % (run.returncode, run.stderr.decode(errors="replace").strip()[-400:]))
    try:
        return json.loads(run.stdout)["tables"]
    except ValueError as problem:
        raise Difference("what is printed is no JSON: %s" % problem)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cutflow", default="build/dev/cutflow", help="the program, with options if need be")
    parser.add_argument("--corpus", default=os.environ.get("CUTFLOW_CORPUS", "../shared/data"))
    parser.add_argument("--quiet", action="store_true", help="only the files and the totals")
    parser.add_argument("globs", nargs="*")
    options = parser.parse_args()
    if not os.path.isdir(os.path.join(options.corpus, "reference")):
        print("skipped: no corpus")
        return 77

    totals = {"columns": 0, "wrong": 0, "unknown": 0, "files": 0, "bad files": 0}
    for path, profile_path in profiles(options.corpus, options.globs):
        relative = os.path.relpath(path, options.corpus)
        lines = []

        def report(where, name, wrong):
            if is_known(relative, name):
                wrong = None
            totals["columns"] += name != ""
            totals["unknown"] += wrong is None
            if wrong:
                totals["wrong"] += 1
                lines.append("  %s%s%s: %s" % (where, " " if where and name else "", name, "; ".join(wrong)))

        totals["files"] += 1
        with open(profile_path, encoding="utf-8") as file:
            profile = json.load(file)
        try:
            tables = list(tables_of(profile))
            if not any(columns for _, _, columns in tables):
                continue  # the other reader could not read it
            got = describe(options.cutflow, path)
            for name, entries, columns in tables:
                if name is None:
                    table = next(iter(got.values()))
                elif name in got:
                    table = got[name]
                else:
                    lines.append("  table %s is missing (there are %s)" % (name, ", ".join(got)))
                    totals["wrong"] += 1
                    continue
                check_table(name or "", entries, columns, table, report)
        except (Difference, subprocess.TimeoutExpired) as problem:
            lines.append("  %s" % problem)
            totals["wrong"] += 1
        if lines:
            totals["bad files"] += 1
            print("%s: %d differences" % (relative, len(lines)))
            if not options.quiet:
                print("\n".join(lines))
    print("%(files)d files, %(columns)d columns, %(unknown)d without a record; %(wrong)d differences in "
          "%(bad files)d files" % totals)
    return 1 if totals["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
