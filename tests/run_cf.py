"""Runs a test written in the language: run_cf.py CUTFLOW FILE.cf

A test says in comments what it expects, after a statement or on lines of their own:

    # expect: LINE               a line of standard output; together, in order, they are all of it
    # expect error: E0012 TEXT   this code and this text on standard error, and exit code 1
    # expect warning: TEXT       this text on standard error
    # data: [NAME=]PATH          a data file: below the repository, else below $CUTFLOW_CORPUS
    # args: --format json ...    more arguments
    # threads: 1 2 3             how often it runs: all outputs must be equal (this is the default)

With CUTFLOW_ENGINE=processes the work is done by programs `cutflow-exec`, and the same is expected.

Rows come as csv.  Blank lines of the output (between results) count only if the test has an empty
`# expect:`; then all of them do.  The test runs in an empty folder, where `data` is the repository's
tests/data and `corpus` the corpus.  Exit code 77: skipped, the corpus is not there.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORPUS = os.path.abspath(os.environ.get("CUTFLOW_CORPUS") or os.path.join(ROOT, "..", "shared", "data"))
SECONDS_MAX = 600
CHECKED = "2 (every plan through JSON and back)"
DIRECTIVE = re.compile(r"#\s*(expect|expect error|expect warning|data|args|threads):(?: (.*)|)$")


class Test:
    """What a file asks for."""

    def __init__(self, path):
        self.path = path
        self.lines, self.errors, self.warnings = [], [], []
        self.data, self.args, self.threads = [], [], ["1", "2", "3"]
        with open(path, encoding="utf-8") as f:
            for line in f:
                found = DIRECTIVE.search(line.rstrip("\n"))
                if found:
                    self.add(found[1], found[2] or "")

    def add(self, word, value):
        if word == "expect":
            self.lines.append(value)
        elif word == "expect error":
            self.errors.append(value.strip())
        elif word == "expect warning":
            self.warnings.append(value.strip())
        elif word == "data":
            self.data.append(value.strip())
        elif word == "args":
            self.args += shlex.split(value)
        else:
            self.threads = value.split()

    def expects_nothing(self):
        return not (self.lines or self.errors or self.warnings)


def skip(why):
    if os.environ.get("CI"):
        print(f"{why}; nothing may be skipped here")
        sys.exit(1)
    print(f"skipped: {why}")
    sys.exit(77)


def find_data(data):
    name, equals, path = data.rpartition("=")
    for folder in (ROOT, CORPUS):
        whole = os.path.join(folder, path)
        if os.path.exists(whole):
            return name + equals + whole
    skip(f"no {path} in the repository or the corpus")


def run(program, test, threads, folder):
    checked = ["-c", "%set check_plans on"] if threads == CHECKED else []
    command = [program, *[find_data(d) for d in test.data], *checked, test.path, "--format", "csv",
               "--no-init", "--threads", threads.split()[0], *test.args]
    if os.environ.get("CUTFLOW_ENGINE"):
        command += ["--engine", os.environ["CUTFLOW_ENGINE"]]
    if len(test.errors) > 1:
        command.append("--keep-going")
    env = {k: v for k, v in os.environ.items() if k not in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    env.update(HOME=folder, LC_ALL="C.UTF-8", TZ="UTC", NO_COLOR="1")
    r = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=SECONDS_MAX, check=False)
    return r.returncode, r.stdout, r.stderr


def run_in_folder(program, test, threads):
    with tempfile.TemporaryDirectory(prefix="cutflow-test-") as folder:
        os.symlink(os.path.join(ROOT, "tests", "data"), os.path.join(folder, "data"))
        if os.path.isdir(CORPUS):
            os.symlink(CORPUS, os.path.join(folder, "corpus"))
        return run(program, test, threads, folder)


def missing_errors(test, stderr):
    for error in test.errors:
        code, _, text = error.partition(" ")
        if not any(f"error[{code}]" in m and text in m for m in re.split(r"(?m)^(?=error\[)", stderr)):
            yield f"no error[{code}] with the text: {text}"
    for warning in test.warnings:
        if warning not in stderr:
            yield f"no warning with the text: {warning}"


def difference(expected, got):
    for i, (want, have) in enumerate(zip(expected, got)):
        if want != have:
            return f"line {i + 1} of the output is `{have}`, expected `{want}`"
    if len(got) > len(expected):
        return f"unexpected line {len(expected) + 1}: `{got[len(expected)]}`"
    return f"the output ends before `{expected[len(got)]}`"


def problems(test, code, stdout, stderr):
    expected, got = list(test.lines), stdout.splitlines()
    if "" not in expected:
        got = [line for line in got if line != ""]
    while got and got[-1] == "":
        got.pop()
    if got != expected:
        yield difference(expected, got)
    wanted = 1 if test.errors else 0
    if code != wanted:
        yield f"exit code {code}, expected {wanted}"
    yield from missing_errors(test, stderr)
    if stderr and not test.errors and not test.warnings:
        yield "an unexpected message"


def main():
    program, path = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    test = Test(path)
    if test.expects_nothing():
        print(f"{path}: expects nothing")
        return 1
    first = None
    for threads in [*test.threads, CHECKED]:
        code, out, err = result = run_in_folder(program, test, threads)
        if first is None:
            first = result
        found = list(problems(test, code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")))
        if result[:2] != first[:2]:
            found.append("the output differs from that with the first number of threads")
        if found:
            print(f"{path} with --threads {threads}:", *found, sep="\n  ")
            print("--- output", out.decode("utf-8", "replace")[:4000], sep="\n")
            print("--- messages", err.decode("utf-8", "replace")[:4000], sep="\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
