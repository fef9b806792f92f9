"""Executors that die, freeze, talk nonsense or are of another build: the answer is right all the
same, or an error says what happened; and nothing is left behind."""

import os
import signal
import stat
import subprocess
import sys
import time

import cf

FIRST = "from t | group {k} (aggregate {n = count this, s = sum x, m = average x}) | sort k"
QUERY = FIRST + "\n%engine"
SLOW = "slow=150"


def answer(folder, data):
    code, out, err = cf.run(folder, "threads", 2, data, "-c", FIRST)
    cf.check(code == 0 and out.count("\n") == 8, (code, out, err))
    return out


def start(folder, data, slots=2, **env):
    return subprocess.Popen(cf.command("processes", slots, data, "-c", QUERY), cwd=folder,
                            env=cf.environment(folder, **env), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for_executors(folder, count):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = cf.executors_of(folder)
        if len(found) >= count:
            return found
        time.sleep(0.01)
    cf.check(False, "no executor was started")
    return []


def finish(p):
    out, err = p.communicate(timeout=120)
    return p.returncode, out.decode(), err.decode()


def same(folder, data, result):
    code, out, err = result
    want = answer(folder, data)
    cf.check(code == 0 and out.startswith(want), (code, out, err))
    return out


def killed(folder, data):
    p = start(folder, data, CUTFLOW_EXEC_TEST=SLOW)
    victims = wait_for_executors(folder, 2)
    time.sleep(0.3)  # in the midst of a task, more likely than not
    for pid in victims[:1]:
        os.kill(pid, signal.SIGKILL)
    out = same(folder, data, finish(p))
    cf.check(", 1 retried" in out and "ended by signal 9" in out, out)


def stopped(folder, data):
    p = start(folder, data, CUTFLOW_EXEC_TEST=SLOW, CUTFLOW_EXEC_SILENCE_MS="1500")
    victims = wait_for_executors(folder, 2)
    time.sleep(0.3)
    os.kill(victims[0], signal.SIGSTOP)
    out = same(folder, data, finish(p))
    cf.check(", 1 retried" in out and "no sign of life" in out, out)


def poisoned(folder, data):
    code, out, err = cf.run(folder, "processes", 2, data, "-c", FIRST, CUTFLOW_EXEC_TEST="die=3")
    cf.check(code == 1 and "error[E0086]" in err, (code, out, err))
    words = " ".join(err.split())
    cf.check("rows 3000 to 3999" in words and "failed in 3 executors" in words, err)
    cf.check("signal 9" in words, err)


def fake(folder, name, script):
    path = os.path.join(folder, "made_" + name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n" + script)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return path


def hello_of(folder, **env):
    r = subprocess.run([cf.EXEC], input=b"", stdout=subprocess.PIPE, cwd=folder, timeout=60, check=True,
                       env=cf.environment(folder, **env))
    return r.stdout


def nonsense(folder, data):
    """Whatever an executor that is none may send: an error that says so, soon."""
    hello = os.path.join(folder, "made_bytes")
    with open(hello, "wb") as f:
        f.write(hello_of(folder))
    scripts = {
        "words": ("echo hello, world; sleep 20\n", "no frame"),
        "end": ("exit 7\n", "exit code 7"),
        "short": (f"head -c 30 '{hello}'; exit 0\n", "exit code 0"),
        "twice": (f"cat '{hello}' '{hello}'; sleep 20\n", "only a caller sends"),
        "magic": (f"cat '{hello}'; sed s/CFX1/CFX2/ '{hello}'; sleep 20\n", "no frame"),
        "build": (f"sed s/0/9/ '{hello}'; sleep 20\n", "wrong checksum"),
    }
    for name, (script, words) in scripts.items():
        begin = time.monotonic()
        code, out, err = cf.run(folder, "processes", 1, data, "-c", FIRST, CUTFLOW_EXEC=fake(folder, name, script))
        cf.check(code == 1 and "error[E0086]" in err, (name, code, out, err))
        cf.check(words in " ".join(err.split()), (name, err))
        cf.check(time.monotonic() - begin < 15, f"{name}: it waited for the fake's end")


def other_version(folder, data):
    """Neither side works with another build: the error says which they are, and is not tried again."""
    code, out, err = cf.run(folder, "processes", 2, data, "-c", FIRST, CUTFLOW_EXEC_TEST="other")
    cf.check(code == 1 and "another build" in err and "protocol 99" in err, (code, out, err))
    r = subprocess.run([cf.EXEC], input=hello_of(folder, CUTFLOW_EXEC_TEST="other"), cwd=folder, timeout=60,
                       capture_output=True, check=False)
    cf.check(r.returncode == 3 and b"another build" in r.stderr, r)
    r = subprocess.run([cf.EXEC], input=b"not a frame", cwd=folder, timeout=60, capture_output=True, check=False)
    cf.check(r.returncode == 4, r)


def missing(folder, data):
    code, out, err = cf.run(folder, "processes", 1, data, "-c", FIRST,
                            CUTFLOW_EXEC=os.path.join(folder, "nowhere"))
    cf.check(code == 1 and "cannot start" in err, (code, out, err))


def interrupted(folder, data):
    p = start(folder, data, CUTFLOW_EXEC_TEST="slow=60000")
    wait_for_executors(folder, 2)
    time.sleep(0.3)
    os.kill(p.pid, signal.SIGINT)
    code, out, err = finish(p)
    cf.check(code == 130, (code, out, err))


def orphaned(folder, data):
    """The caller is killed: its executors notice, even in the midst of a task."""
    p = start(folder, data, CUTFLOW_EXEC_TEST="slow=60000")
    pids = wait_for_executors(folder, 2)
    p.kill()
    p.communicate()
    until = time.monotonic() + 60
    while time.monotonic() < until and any(cf.state_of(pid) not in ("gone", "Z") for pid in pids):
        time.sleep(0.05)
    cf.check(all(cf.state_of(pid) in ("gone", "Z") for pid in pids), "executors live on")


def not_sent(folder, data):
    """What cannot be sent runs on threads, and %engine says why."""
    code, out, err = cf.run(folder, "processes", 2, data, "-c", "%explain analyze from t | aggregate {count this}",
                            "-c", "%engine")
    cf.check(code == 0 and "0 running" in out and "on threads of this process" in out, (code, out, err))
    again = ["-c", FIRST, "-c", "%engine threads"]
    code, out, err = cf.run(folder, "processes", 3, data, *again)
    cf.check(code == 0 and out.startswith(answer(folder, data)) and "threads: 3 slots" in out, (code, out, err))


def safe(folder, data):
    code, out, err = cf.run(folder, "processes", 2, "--safe", data, "-c", QUERY)
    cf.check(code == 1 and "starts no program" in err, (code, out, err))


if __name__ == "__main__":
    sys.exit(cf.main([killed, stopped, poisoned, nonsense, other_version, missing, interrupted, orphaned,
                      not_sent, safe]))
