"""The notebooks of this repository: replayed without Jupyter, and through the real kernel by nbclient and
papermill; the outputs must be those that are saved."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "notebooks")
CUTFLOW = os.environ.get("CUTFLOW", os.path.join(ROOT, "build/dev/cutflow"))
KERNEL = os.environ.get("CUTFLOW_KERNEL", os.path.join(os.path.dirname(CUTFLOW), "kernel/cutflow-kernel"))
NAMES = ["tour.ipynb", "dimuon.ipynb", "adl.ipynb"]
SECONDS = 300


def read(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def texts(notebook):
    """What each code cell shows, without pixels, counts and the wording of a traceback's place."""
    out = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        shown = []
        for o in cell["outputs"]:
            if "data" in o:
                data = {k: v for k, v in o["data"].items() if k != "image/png"}
                shown.append({k: "".join(v) if isinstance(v, list) else v for k, v in data.items()})
            elif o["output_type"] == "error":
                shown.append({"ename": o["ename"], "evalue": o["evalue"]})
            else:
                shown.append({o["name"]: "".join(o["text"])})
        out.append(shown)
    return out


class Notebooks(unittest.TestCase):
    def test_replayed_without_jupyter(self):
        paths = [os.path.join(FOLDER, n) for n in NAMES]
        done = subprocess.run([CUTFLOW, "run", "--check", *paths], capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_changed_output_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, "tour.ipynb")
            shutil.copytree(os.path.join(FOLDER, "data"), os.path.join(folder, "data"))
            notebook = read(os.path.join(FOLDER, "tour.ipynb"))
            first = next(c for c in notebook["cells"] if c["cell_type"] == "code" and c["outputs"])
            first["outputs"][0]["data"]["text/plain"] = ["something else"]
            first["outputs"][0]["data"].pop("text/html", None)
            with open(copy, "w", encoding="utf-8") as f:
                json.dump(notebook, f)
            done = subprocess.run([CUTFLOW, "run", "--check", copy], capture_output=True, text=True, timeout=SECONDS)
            self.assertEqual(done.returncode, 4, done.stdout + done.stderr)


class RealKernel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            import nbclient  # noqa: F401
            import papermill  # noqa: F401
        except ImportError:
            raise unittest.SkipTest("skipped: no nbclient or papermill")
        if not os.path.exists(KERNEL):
            raise unittest.SkipTest("skipped: no kernel was built")
        cls.folder = tempfile.mkdtemp()
        subprocess.run([KERNEL, "install", "--prefix", cls.folder], check=True, capture_output=True, timeout=SECONDS)
        os.environ["JUPYTER_PATH"] = os.path.join(cls.folder, "share/jupyter")
        os.environ["JUPYTER_DATA_DIR"] = os.path.join(cls.folder, "data")
        os.environ["CUTFLOW_HISTORY"] = os.path.join(cls.folder, "history")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_nbclient_gives_the_saved_outputs(self):
        import nbclient
        import nbformat

        for name in NAMES:
            with self.subTest(name):
                path = os.path.join(FOLDER, name)
                notebook = nbformat.read(path, as_version=4)
                nbclient.NotebookClient(notebook, timeout=SECONDS, kernel_name="cutflow",
                                        resources={"metadata": {"path": FOLDER}}).execute()
                self.assertEqual(texts(notebook), texts(read(path)))

    def test_papermill_gives_the_saved_outputs(self):
        import papermill

        for name in ["dimuon.ipynb", "adl.ipynb"]:  # an expected error is a failure to papermill
            with self.subTest(name):
                out = os.path.join(self.folder, name)
                papermill.execute_notebook(os.path.join(FOLDER, name), out, cwd=FOLDER, progress_bar=False,
                                           kernel_name="cutflow")
                self.assertEqual(texts(read(out)), texts(read(os.path.join(FOLDER, name))))


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
