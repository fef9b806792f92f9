"""Checks what `%help` says: run_help.py CUTFLOW

Every name that `%help` lists has a text; its example runs and gives the rows that the text shows.  Examples of what is refused
as not there yet (E0017) are counted, and so are those that show no rows.
"""

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

WITHOUT_EXAMPLE = {"commands", "language"}


def run(program, text, *args):
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([program, "--no-init", "-c", text, *args], capture_output=True, text=True, timeout=120,
                              cwd=folder, stdin=subprocess.DEVNULL, check=False)


def listed(program):
    """(group, name) of everything that `%help` lists."""
    group = None
    for line in run(program, "%help").stdout.splitlines():
        heading = re.fullmatch(r"([a-z][a-z -]*):", line)
        if heading:
            group = heading[1]
        elif group and line.startswith("    "):
            yield from ((group, name) for name in line.split())


def section(text, title):
    """The indented lines below a title, without their indentation; None: there is no such title."""
    found = re.search(rf"(?m)^{title}:\n((?:    .*\n|\n(?=    ))*)", text + "\n")
    return re.sub(r"(?m)^    ", "", found[1]) if found else None


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def check(program, group, name):
    """A word for the count, and what is wrong or None."""
    shown = run(program, f"%help {name}")
    if shown.returncode != 0 or not shown.stdout.strip():
        return "bad", f"%help {name} shows nothing: {shown.stderr.strip()}"
    example, rows = section(shown.stdout, "example"), section(shown.stdout, "gives")
    if example is None:
        return "without", None if group in WITHOUT_EXAMPLE else f"{name} has no example"
    if group == "commands":
        return "shown", None # some are the prompt's own
    r = run(program, example, "--format", "csv")
    if "error[E0017]" in r.stderr:
        return "later", None
    if rows is None:
        return "shown", None if "error[E00" not in r.stderr or "error[E0080]" in r.stderr else f"{name}: {r.stderr}"
    if lines(r.stdout) != lines(rows):
        return "bad", f"{name} gives\n{r.stdout}{r.stderr}and not\n{rows}"
    return "right", None


def main():
    program = os.path.abspath(sys.argv[1])
    names = list(listed(program))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda x: check(program, *x), names))
    for _, problem in results:
        if problem:
            print(problem)
    failed = sum(1 for _, problem in results if problem)
    counts = {word: sum(1 for w, _ in results if w == word) for word in sorted({w for w, _ in results})}
    print(f"{len(names)} names, {failed} failed;", ", ".join(f"{n} {w}" for w, n in counts.items()))
    return 1 if failed or len(names) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
