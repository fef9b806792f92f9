"""`cutflow describe --json` against profiles that other readers recorded: check_describe.py over the files
whose every column must agree, or say why it cannot be read.  The program is named by CUTFLOW."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.environ.get("CUTFLOW_CORPUS") or os.path.join(HERE, "..", "..", "..", "shared", "data")
FILES = ["root/compression/*", "root/types/*", "root/versions/*", "root/hep/Run2012B*", "root/hep/cms_dimuon*",
         "root/hep/nano*", "root/hep/scouting_nano*", "root/hep/delphes_10evt*", "root/hep/h2dimuon*", "root/hep/lhcb*",
         "root/hep/tmva*", "parquet/hep/*", "parquet/apache/*", "parquet/awkward/*", "parquet/tpch-sf0.01/*"]

run = subprocess.run([sys.executable, os.path.join(HERE, "check_describe.py"), "--cutflow", os.environ["CUTFLOW"],
                      "--corpus", CORPUS, *FILES], check=False)
sys.exit(1 if run.returncode == 77 and os.environ.get("CI") else run.returncode)
