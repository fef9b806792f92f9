"""Every test of a folder of tests/lang once more, on processes: run_topic.py FOLDER

Programs that are on threads right away (no data file is read) cost little, so all are run."""

import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    failed = skipped = 0
    tests = sorted(glob.glob(os.path.join(sys.argv[1], "**", "*.cf"), recursive=True))
    for test in tests:
        env = dict(os.environ, CUTFLOW_ENGINE="processes")
        r = subprocess.run([sys.executable, os.path.join(HERE, "..", "run_cf.py"), os.environ["CUTFLOW"], test], env=env,
                           capture_output=True, text=True, check=False)
        skipped += r.returncode == 77
        if r.returncode not in (0, 77):
            failed += 1
            print(test, r.stdout, r.stderr, sep="\n")
    print(f"{len(tests)} tests, {failed} failed, {skipped} skipped")
    return 1 if failed or not tests else 77 if skipped == len(tests) else 0


if __name__ == "__main__":
    sys.exit(main())
