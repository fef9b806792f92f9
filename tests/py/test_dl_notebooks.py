"""The notebooks in notebooks/dl-trigger, run one after the other by `cutflow run`, and their flow as one program.

With the slices in tests/data, and with the whole sample if the corpus is there: every cell must run, the cuts must
leave as many events as recorded, and the networks must have learned.  The program is named by CUTFLOW.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CORPUS = os.path.join(os.environ.get("CUTFLOW_CORPUS") or os.path.join(ROOT, "..", "shared", "data"), "delphes")
FOLDER = os.path.join(ROOT, "notebooks", "dl-trigger")
BOOKS = ["1-ingest", "2-prepare", "3-tune", "4-train", "5-evaluate"]
SLICES = os.path.join(ROOT, "tests", "data", "delphes_slice_")
WHOLE = ["qcd", "qcd_isolated", "ttbar", "wjets"]  # with all particles
KEPT = {"slices": ["4", "30", "39"], "whole": ["734", "945", "1,177"]}
LEARNED = {"14 numbers": {"accuracy": 0.85, "auc_qcd": 0.95, "auc_ttbar": 0.95, "auc_wjets": 0.94},
           "and particles": {"accuracy": 0.6, "auc_qcd": 0.8, "auc_ttbar": 0.8, "auc_wjets": 0.8}}  # after 3 passes


def call(arguments, folder):
    program = os.path.abspath(os.environ["CUTFLOW"])
    out = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=800)
    if out.returncode != 0:
        sys.exit(f"exit {out.returncode}: cutflow {' '.join(arguments)}\n{out.stdout}\n{out.stderr}")
    return out.stdout


def shown(path):
    """The texts that a notebook shows, one for each result."""
    with open(path, encoding="utf-8") as f:
        cells = json.load(f)["cells"]
    texts = []
    for cell in cells:
        if cell["cell_type"] == "code" and cell["execution_count"] is None:
            sys.exit(f"{path}: {cell['id']} did not run")
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                sys.exit(f"{path}: {output}")
            texts.append("".join(output.get("data", {}).get("text/plain", output.get("text", ""))))
    return texts


def kept_by_selection(text):
    return re.findall(r"^\d +isolated +([\d,]+)", text, re.M)


def judged(texts):
    """The table of accuracies and areas, a dictionary for each model."""
    for text in texts:
        lines = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if line.startswith("│")]
        if lines and "auc_qcd" in lines[0]:
            return [dict(zip(lines[0], line)) for line in lines[2:]]
    return []


def run_notebooks(name, data):
    """What is wrong with the five notebooks on these data."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for file in os.listdir(FOLDER):
            if file.endswith((".ipynb", ".cf")):
                shutil.copy(os.path.join(FOLDER, file), folder)
        for book in BOOKS:
            parameters = {"1-ingest": ["-p", f"data={data}"], "4-train": ["-p", "particle_epochs=3"]}.get(book, [])
            call(["run", "--quiet", "--inplace", *parameters, f"{book}.ipynb"], folder)
            if name == "slices":  # all of it again gives the same
                call(["run", "--quiet", "--check", "--no-output", *parameters, f"{book}.ipynb"], folder)
        books = {book: shown(os.path.join(folder, f"{book}.ipynb")) for book in BOOKS}
        found = [kept_by_selection(text) for text in books["1-ingest"] if "isolated" in text]
        if KEPT[name] not in found:
            wrong.append(f"kept {found}, not {KEPT[name]}")
        models = judged(books["5-evaluate"])
        if [model.get("model") for model in models] != ["14 numbers", "and particles"]:
            wrong.append(f"models {models}")
        for model in models if name == "whole" else []:
            wrong += [f"{model['model']}: {word} {model[word]}" for word, least in LEARNED[model["model"]].items()
                      if not float(model[word]) > least]
    return wrong


def run_program(data):
    with tempfile.TemporaryDirectory() as folder:
        text = call([os.path.join(FOLDER, "dltrigger_all.cf"), "-p", f"data={data}", "--format", "csv"], folder)
    return [] if "isolated,30," in text and text.count("threshold,fpr,tpr") == 2 else [text]


def main():
    results = {"notebooks, slices": run_notebooks("slices", SLICES), "program, slices": run_program(SLICES)}
    have = os.path.isdir(CORPUS)
    if have:
        with tempfile.TemporaryDirectory() as data:
            for name in WHOLE:
                os.symlink(os.path.abspath(os.path.join(CORPUS, f"{name}.root")), os.path.join(data, f"{name}.root"))
            results["notebooks, whole sample"] = run_notebooks("whole", data + "/")
    for what, wrong in results.items():
        for line in wrong:
            print(f"{what}: {line}")
    failed = sum(bool(wrong) for wrong in results.values())
    print(f"{len(results) - failed} passed, {failed} failed")
    if not have:
        print("skipped: no corpus")
    sys.exit(1 if failed or (not have and os.environ.get("CI")) else 0 if have else 77)


if __name__ == "__main__":
    main()
