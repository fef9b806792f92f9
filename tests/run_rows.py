"""Runs the recorded programs: run_rows.py CUTFLOW LATER.txt

Each NAME.prql in the folder `language-tests` beside the corpus must give the rows of NAME.csv:
same order, floats within 1e-9 relative, null told from empty text, columns without a name
compared by position.  LATER.txt lists programs that use what is not there yet, a name and a reason a
line: they must be refused with E0017, so that the list cannot outlive its reasons.
"""

import concurrent.futures
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORPUS = os.path.abspath(os.environ.get("CUTFLOW_CORPUS") or os.path.join(ROOT, "..", "shared", "data"))
PROGRAMS = os.path.join(os.path.dirname(CORPUS), "language-tests")
TABLES = os.path.join(CORPUS, "chinook")
CELL = re.compile(r'"((?:[^"]|"")*)"|([^,"\n]*)')


def cells(text):
    """The rows of a csv text; null is None, a quoted empty text is ''."""
    rows, row, at = [], [], 0
    while at < len(text):
        found = CELL.match(text, at)
        quoted, bare = found.groups()
        row.append(quoted.replace('""', '"') if quoted is not None else (bare or None))
        at = found.end()
        if at >= len(text) or text[at] == "\n":
            rows.append(row)
            row = []
        at += 1
    return rows


def equal(a, b):
    if a == b:
        return True
    if a is None or b is None:
        return False
    try:
        x, y = float(a), float(b)
    except ValueError:
        return a.replace("T", " ") == b.replace("T", " ")
    return x == y or abs(x - y) <= 1e-9 * max(abs(x), abs(y))


def named(header):
    return re.fullmatch(r"[^()*+/]+", header or "") is not None


def compare(want, got):
    if not got or len(want[0]) != len(got[0]):
        return f"columns {got[0] if got else 'none'}, expected {want[0]}"
    for a, b in zip(want[0], got[0]):
        if named(a) and a != b:
            return f"column `{b}`, expected `{a}`"
    if len(want) != len(got):
        return f"{len(got) - 1} rows, expected {len(want) - 1}"
    for i, (a, b) in enumerate(zip(want[1:], got[1:])):
        if len(a) != len(b) or not all(map(equal, a, b)):
            return f"row {i + 1} is {b}, expected {a}"
    return None


def run(program, name):
    return subprocess.run([program, TABLES, "-f", os.path.join(PROGRAMS, name + ".prql"), "--format", "csv"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)


def check(program, name, later):
    try:
        r = run(program, name)
    except subprocess.TimeoutExpired:
        return "it does not end"
    if later:
        return None if r.returncode == 1 and "error[E0017]" in r.stderr else "it is not refused with E0017"
    if r.returncode != 0:
        return f"exit code {r.returncode}\n{r.stderr.strip()}"
    with open(os.path.join(PROGRAMS, name + ".csv"), encoding="utf-8") as f:
        return compare(cells(f.read()), cells(r.stdout))


def read_later(path):
    with open(path, encoding="utf-8") as f:
        lines = [line.split(None, 1) for line in f if line.strip() and not line.startswith("#")]
    for line in lines:
        if len(line) < 2:
            sys.exit(f"{path}: `{line[0]}` has no reason")
    return {name: reason.strip() for name, reason in lines}


def main():
    program, later = os.path.abspath(sys.argv[1]), read_later(sys.argv[2])
    if not os.path.isdir(PROGRAMS) or not os.path.isdir(TABLES):
        print(f"skipped: no {PROGRAMS} or no {TABLES}")
        return 1 if os.environ.get("CI") else 77
    names = sorted(n[:-5] for n in os.listdir(PROGRAMS) if n.endswith(".prql"))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda n: check(program, n, n in later), names))
    failed = [(n, why) for n, why in zip(names, found) if why]
    for name, why in failed:
        print(f"{name}: {why}")
    for name in set(later) - set(names):
        failed.append((name, ""))
        print(f"{name}: is listed in {sys.argv[2]} but is no program")
    print(f"{len(names)} programs, {len(failed)} failed, {len(later)} for later")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
