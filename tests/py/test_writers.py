"""What `save` writes, judged by others: ROOT files by uproot, TFRecords by a decoder of our own that knows
only the formats' definitions, folders of Parquet files by pyarrow.  And cutflow-mkevents, whose events are
to look like the ones they were measured from.  The program is named by CUTFLOW, the other lies beside it."""

import json
import math
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import numpy as np
    import pyarrow.dataset as ds
    import uproot
except ImportError:
    if os.environ.get("CI"):
        sys.exit("uproot or pyarrow is missing: ./setup.sh test installs them into .venv")
    print("skipped: no uproot or no pyarrow")
    sys.exit(77)

PROGRAM = os.path.abspath(os.environ["CUTFLOW"])
MAKER = os.path.join(os.path.dirname(PROGRAM), "cutflow-mkevents")

ROWS = [
    {"i": 1, "x": 1.5, "b": True, "t": "one", "l": [1.5, 2.5], "M": [{"pt": 1.5, "q": 1}, {"pt": 2.5, "q": -1}],
     "MET": {"pt": 10.5, "phi": 0.5}, "vv": [[1.5, 2.5], []], "ts": ["a", "bc"], "label": 0},
    {"i": -2, "x": 2.5, "b": False, "t": "", "l": [], "M": [], "MET": {"pt": 11.5, "phi": -0.5}, "vv": [], "ts": [],
     "label": 1},
    {"i": 3, "x": None, "b": True, "t": "ü" * 300, "l": [7.5], "M": [{"pt": 3.5, "q": 2}],
     "MET": {"pt": 12.5, "phi": 0.25}, "vv": [[3.5]], "ts": [""], "label": 0},
]


def plain(x):
    """Arrays of any library as lists; NaN as None, so that it equals itself."""
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, (list, tuple)):
        return [plain(y) for y in x]
    return None if isinstance(x, float) and math.isnan(x) else x


# ---- TFRecord, from its definition ----

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(data, at):
    x = shift = 0
    while True:
        byte = data[at]
        at += 1
        x |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return x, at


def message(data):
    """(field number, content) of a protocol buffer of length-delimited fields."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        assert tag & 7 == 2, tag
        size, at = varint(data, at)
        assert at + size <= len(data)
        yield tag >> 3, data[at:at + size]
        at += size


def values(kind, data):
    if kind == 1:
        return [content.decode() for _, content in message(data)]
    packed = b"".join(content for _, content in message(data))
    if kind == 2:
        return [x[0] for x in struct.iter_unpack("<f", packed)]
    out, at = [], 0
    while at < len(packed):
        x, at = varint(packed, at)
        out.append(x - (1 << 64) if x >> 63 else x)
    return out


def tfrecords(path):
    with open(path, "rb") as f:
        data = f.read()
    at = 0
    while at < len(data):
        size, = struct.unpack_from("<Q", data, at)
        assert struct.unpack_from("<I", data, at + 8)[0] == masked(data[at:at + 8])
        record = data[at + 12:at + 12 + size]
        assert struct.unpack_from("<I", data, at + 12 + size)[0] == masked(record)
        at += 16 + size
        (_, features), = message(record)
        row = {}
        for _, entry in message(features):
            parts = dict(message(entry))
            (kind, content), = message(parts[2])
            row[parts[1].decode()] = values(kind, content)
        yield row


class Writers(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.home)
        with open(os.path.join(self.home, "rows.json"), "w", encoding="utf-8") as f:
            f.write("\n".join(json.dumps(row) for row in ROWS))

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def cutflow(self, text, ok=True):
        run = subprocess.run([PROGRAM, "--format", "json", "-c", text], cwd=self.home, text=True, capture_output=True,
                             timeout=120, check=False)
        self.assertEqual(run.returncode == 0, ok, run.stderr)
        return run.stdout if ok else run.stderr

    def save(self, what, ok=True):
        return self.cutflow('from (read_json "rows.json") | ' + what, ok)

    def make(self, *args):
        run = subprocess.run([MAKER, *args], cwd=self.home, text=True, capture_output=True, timeout=120, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)

    def check_left(self, *names):
        self.assertEqual(sorted(os.listdir(self.home)), sorted(["rows.json", *names]))

    # ---- ROOT ----

    def test_uproot_reads_what_was_written(self):
        for packing in ["zstd", "lz4", "zlib", "none"]:
            self.save(f'save "out.root" compression:{packing}')
            with uproot.open(self.path("out.root")) as file:
                self.assertEqual(file.keys(), ["Events;1"])
                tree = file["Events"]
                self.assertEqual(tree.num_entries, len(ROWS))
                for name in ["i", "x", "b", "t", "l", "vv", "ts"]:
                    self.assertEqual(plain(tree[name].array()), [row[name] for row in ROWS], name)
                for name in ["pt", "q"]:
                    self.assertEqual(plain(tree["M_" + name].array()), [[m[name] for m in r["M"]] for r in ROWS])
                for name in ["pt", "phi"]:
                    self.assertEqual(plain(tree["MET_" + name].array()), [r["MET"][name] for r in ROWS])
                self.assertEqual(plain(tree["nM"].array()), [len(r["M"]) for r in ROWS])

    def test_a_tree_of_another_name(self):
        self.save('save "out.root" tree:"skim"')
        with uproot.open(self.path("out.root")) as file:
            self.assertEqual(file.keys(), ["skim;1"])

    def test_uproot_reads_a_clones_array(self):
        self.save('select {M, l, MET} | save "out.root" layout:delphes tree:"Delphes"')
        with uproot.open(self.path("out.root")) as file:
            tree = file["Delphes"]
            self.assertEqual(tree["M"].typename, "int32_t")
            self.assertEqual(plain(tree["M"]["M.pt"].array()), [[m["pt"] for m in r["M"]] for r in ROWS])
            self.assertEqual(plain(tree["M_size"].array()), [len(r["M"]) for r in ROWS])
            self.assertEqual(plain(tree["MET.phi"].array()), [r["MET"]["phi"] for r in ROWS])
            self.assertIn("M", [info.name for infos in file.file.streamers.values() for info in infos.values()])

    def test_rows_of_several_baskets(self):
        self.make("--events", "3000", "--class", "qcd", "-o", "a.root")
        self.cutflow('from (read_root "a.root") | select {EFlowTrack, Electron, MET = (MissingET | select MET)} '
                     '| save "b.root" compression:lz4')
        with uproot.open(self.path("a.root")) as one, uproot.open(self.path("b.root")) as two:
            self.assertGreater(two["Events"]["EFlowTrack_PT"].num_baskets, 2)
            for name in ["EFlowTrack.PT", "EFlowTrack.PID", "Electron.Eta"]:
                a = one["Delphes"][name].array()
                b = two["Events"][name.replace(".", "_")].array()
                self.assertEqual(plain(a), plain(b))

    def test_equal_rows_make_equal_files(self):
        self.save('save "a.root"')
        with open(self.path("a.root"), "rb") as f:
            first = f.read()
        self.save('save "a.root"')
        with open(self.path("a.root"), "rb") as f:
            self.assertEqual(f.read(), first)

    # ---- TFRecord ----

    def test_examples_hold_the_rows(self):
        self.save('save "out.tfrecord"', ok=False)  # vv has lists of several lengths
        self.check_left()
        self.save('select !{vv} | save "out.tfrecord"')
        got = list(tfrecords(self.path("out.tfrecord")))
        self.assertEqual(len(got), len(ROWS))
        for row, example in zip(ROWS, got):
            want = {"i": [row["i"]], "b": [int(row["b"])], "t": [row["t"]], "l": row["l"], "ts": row["ts"],
                    "M.pt": [m["pt"] for m in row["M"]], "M.q": [m["q"] for m in row["M"]],
                    "MET.pt": [row["MET"]["pt"]], "MET.phi": [row["MET"]["phi"]], "label": [row["label"]]}
            if row["x"] is not None:
                want["x"] = [row["x"]]
            self.assertEqual(example, want)

    def test_lists_of_equal_lists_are_laid_end_to_end(self):
        with open(self.path("m.json"), "w", encoding="utf-8") as f:
            f.write('{"m": [[1.5, 2.5], [3.5, 4.5]]}\n{"m": [[5.5, 6.5]]}')
        self.cutflow('from (read_json "m.json") | save "m.tfrecord"')
        self.assertEqual(list(tfrecords(self.path("m.tfrecord"))), [{"m": [1.5, 2.5, 3.5, 4.5]}, {"m": [5.5, 6.5]}])

    # ---- folders ----

    def read_folder(self, name):
        return ds.dataset(self.path(name), partitioning="hive", exclude_invalid_files=True).to_table().to_pylist()

    def test_pyarrow_reads_a_folder(self):
        self.save('select {i, M, label} | save "out" by:label')
        self.check_left("out")
        self.assertEqual(sorted(os.listdir(self.path("out"))), ["_SUCCESS", "label=0", "label=1"])
        rows = sorted(self.read_folder("out"), key=lambda r: abs(r["i"]))
        self.assertEqual(rows, [{k: r[k] for k in ["i", "M", "label"]} for r in ROWS])

    def test_several_keys_and_rows_per_file(self):
        self.make("--events", "500", "-o", "a.parquet")
        self.cutflow('from (read_parquet "a.parquet") | select {n = Jet_size, e = Electron_size, '
                     'ht = (Jet | select PT | sum)} | save "out" by:{n, e} rows_per_file:40')
        want = json.loads(self.cutflow('from (read_parquet "a.parquet") | select {n = Jet_size, e = Electron_size, '
                                       'ht = (Jet | select PT | sum)}'))
        key = lambda r: (r["n"], r["e"], r["ht"])
        self.assertEqual(sorted(self.read_folder("out"), key=key), sorted(want, key=key))
        for folder, _, files in os.walk(self.path("out")):
            for name in files:
                if name != "_SUCCESS":
                    self.assertLessEqual(ds.dataset(os.path.join(folder, name)).count_rows(), 40)

    def test_odd_values_as_folders(self):
        for i, t in enumerate(["a/b", "x=y", "50%", "", "ü", "two\nlines", ".."]):
            with open(self.path("rows.json"), "w", encoding="utf-8") as f:
                f.write(json.dumps({"i": i, "t": t}) + json.dumps({"i": -1, "t": "plain"}))
            self.save('save "out" by:t overwrite:true')
            rows = sorted(self.read_folder("out"), key=lambda r: r["i"])
            self.assertEqual(rows, [{"i": -1, "t": "plain"}, {"i": i, "t": t or None}])

    def test_a_folder_that_is_there(self):
        self.save('save "out" by:label')
        before = self.read_folder("out")
        self.assertIn("overwrite:true", self.save('filter i == 3 | save "out" by:label', ok=False))
        self.assertEqual(self.read_folder("out"), before)
        self.save('filter i == 3 | save "out" by:label overwrite:true')
        self.assertEqual([r["i"] for r in self.read_folder("out")], [3])
        with open(self.path("out", "diary.txt"), "w", encoding="utf-8") as f:
            f.write("mine")
        self.assertIn("other things", self.save('save "out" by:label overwrite:true', ok=False))
        self.assertTrue(os.path.exists(self.path("out", "diary.txt")))
        self.check_left("out")

    def test_wrong_options(self):
        self.assertIn("no column `lable`", self.save('save "out" by:lable', ok=False))
        self.assertIn("is a float", self.save('save "out" by:x', ok=False))
        self.assertIn("has no `tree`", self.save('save "out.csv" tree:"a"', ok=False))
        self.assertIn("goes with `by`", self.save('save "out.parquet" rows_per_file:3', ok=False))
        self.assertIn("zstd, lz4", self.save('save "out.root" compression:lzma', ok=False))
        self.check_left()

    # ---- what does not come to its end ----

    def test_an_error_on_the_way_leaves_nothing(self):
        for name in ['"out.root"', '"out.parquet"', '"out.tfrecord"', '"out" by:label', '"out.csv"']:
            text = f"derive {{bad = 9223372036854775807 + i}} | select {{i, bad, label}} | save {name}"
            self.assertIn("E0060", self.save(text, ok=False))
            self.check_left()

    def test_an_interrupt_leaves_nothing(self):
        self.make("--events", "2000", "-o", "a000.root")
        for i in range(1, 200):
            os.link(self.path("a000.root"), self.path(f"a{i:03}.root"))
        there = set(os.listdir(self.home))
        for name in ['"out.root"', '"out.parquet"', '"out.tfrecord"', '"out" by:k']:
            text = (f'from (read_root "a*.root") | select {{t = (EFlowTrack | select PT), k = Jet_size}} | save {name}')
            with subprocess.Popen([PROGRAM, "-c", text], cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True) as run:
                while run.poll() is None and set(os.listdir(self.home)) == there:
                    time.sleep(0.005)
                time.sleep(0.1)  # rows are on their way; whenever it comes, nothing may be left
                run.send_signal(signal.SIGINT)
                _, err = run.communicate(timeout=60)
            self.assertEqual(run.returncode, 130, err)
            self.assertEqual(set(os.listdir(self.home)), there)

    # ---- made events ----

    def test_an_event_is_the_same_whatever_their_number(self):
        self.make("--events", "300", "--seed", "7", "--class", "ttbar", "-o", "a.root", "--threads", "1")
        self.make("--events", "700", "--seed", "7", "--class", "ttbar", "-o", "b.root", "--threads", "3")
        self.make("--events", "300", "--seed", "8", "--class", "ttbar", "-o", "c.root")
        trees = [uproot.open(self.path(x))["Delphes"] for x in ["a.root", "b.root", "c.root"]]
        for name in ["EFlowTrack.PT", "Jet.BTag", "MissingET.Phi", "Event.Number"]:
            a, b, c = (tree[name].array(entry_stop=300) for tree in trees)
            self.assertEqual(plain(a), plain(b))
            if name != "Event.Number":
                self.assertNotEqual(plain(a), plain(c))

    def test_root_and_parquet_hold_the_same_events(self):
        self.make("--events", "100", "-o", "a.root")
        self.make("--events", "100", "-o", "a.parquet")
        query = ' | select {EFlowTrack, EFlowPhoton, Jet, Electron_size, MissingET, Event}'
        self.assertEqual(self.cutflow('from (read_root "a.root")' + query),
                         self.cutflow('from (read_parquet "a.parquet")' + query))

    def test_made_events_look_like_simulated_ones(self):
        # Means of the simulated samples: tracks, photons, neutral hadrons, electrons, muons, jets, missing energy,
        # share of events whose leading lepton has more than 23 GeV.
        wanted = {"qcd": (369, 524, 386, .51, 1.11, 2.47, 25, .558), "ttbar": (398, 556, 400, .74, 1.39, 5.5, 68, .929),
                  "wjets": (356, 510, 379, .48, .87, 1.47, 41, .92)}
        for name, means in wanted.items():
            self.make("--events", "3000", "--class", name, "-o", "a.root")
            with uproot.open(self.path("a.root")) as file:
                tree = file["Delphes"]
                sizes = [np.mean(tree[x + "_size"].array(library="np")) for x in
                         ["EFlowTrack", "EFlowPhoton", "EFlowNeutralHadron", "Electron", "MuonTight", "Jet"]]
                met = np.mean([x[0] for x in tree["MissingET.MET"].array(library="np")])
                leptons = [max([*e, *m]) for e, m in zip(tree["Electron.PT"].array(library="np"),
                                                         tree["MuonTight.PT"].array(library="np"))]
                got = [*sizes, met, np.mean(np.array(leptons) > 23)]
                for mean, want in zip(got, means):
                    self.assertLess(abs(mean - want), .08 * want, (name, got))

    def test_wrong_usage_of_the_maker(self):
        for args in [[], ["--events", "x", "-o", "a.root"], ["--events", "3"], ["--class", "top", "-o", "a.root"]]:
            run = subprocess.run([MAKER, *args], cwd=self.home, capture_output=True, timeout=60, check=False)
            self.assertEqual(run.returncode, 2)
            self.assertIn(b"usage", run.stderr)
        self.check_left()


if __name__ == "__main__":
    unittest.main()
