"""What the tests of executors share: the programs, a data file of several partitions, one run."""

import glob
import os
import subprocess
import sys
import tempfile

CUTFLOW = os.path.abspath(os.environ["CUTFLOW"])
EXEC = os.path.abspath(os.environ["CUTFLOW_EXEC_PROGRAM"])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORPUS = os.path.abspath(os.environ.get("CUTFLOW_CORPUS") or os.path.join(ROOT, "..", "shared", "data"))
FILES, ROWS = 8, 1000


def environment(folder, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "CUTFLOW_EXEC"))}
    env.update(HOME=folder, TMPDIR=folder, LC_ALL="C.UTF-8", TZ="UTC", NO_COLOR="1", **more)
    return env


def command(engine, slots, *arguments):
    return [CUTFLOW, "--no-init", "--format", "csv", "--engine", engine, "--threads", str(slots), *arguments]


def run(folder, engine, slots, *arguments, **env):
    r = subprocess.run(command(engine, slots, *arguments), cwd=folder, env=environment(folder, **env),
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def make_data(folder):
    """Files of one relation: each is a partition at least."""
    os.mkdir(os.path.join(folder, "many"))
    for i in range(FILES):
        with open(os.path.join(folder, "many", f"part{i}.csv"), "w", encoding="utf-8") as f:
            f.write("k,x,name\n")
            for j in range(ROWS):
                n = i * ROWS + j
                f.write(f"{n % 7},{(n * 7919 % 1009) / 16 + 0.1},n{n % 5}\n")
    return "t=" + os.path.join(folder, "many", "*.csv")


def executors_of(folder):
    """Executors that work for somebody in this folder, as far as /proc says."""
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(path + "/cmdline", "rb") as f:
                name = f.read().split(b"\0")[0]
            if os.path.basename(name) == b"cutflow-exec" and os.readlink(path + "/cwd") == os.path.realpath(folder):
                found.append(int(os.path.basename(path)))
        except OSError:
            pass  # it ended meanwhile
    return found


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


failures = []


def check(fine, what):
    if not fine:
        frame = sys._getframe(1)
        failures.append(f"{frame.f_code.co_name}, line {frame.f_lineno}: {what}")
        print("FAILED", failures[-1])


def main(tests):
    for test in tests:
        with tempfile.TemporaryDirectory(prefix="cutflow-dist-") as folder:
            data = make_data(folder)
            before = sorted(os.listdir(folder))
            test(folder, data)
            left = [n for n in sorted(os.listdir(folder)) if n not in before and not n.startswith("made_")]
            check(not left, f"{test.__name__} left {left}")
            check(not executors_of(folder), f"{test.__name__} left executors")
        print(test.__name__)
    return 1 if failures else 0
