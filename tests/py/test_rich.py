"""The forms of results for notebooks, judged by readers that are not ours: an XML parser, a PNG reader written
here, JSON's rules and the published schema of Vega-Lite v5.

The unit test test_rich_session writes samples of every kind when it is given a folder; it lies beside the program
that CUTFLOW names."""

import base64
import glob
import html.parser
import json
import math
import os
import re
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zlib

DRAWINGS = ["hist", "hist_weighted", "hist_negative", "hist_many", "hist2d", "line", "line_long", "line_dates",
            "scatter", "scatter_many", "bar", "bar_two", "bar_many", "confusion", "correlation", "cutflow", "cutflow_by"]
PIXELS = ["hist", "hist2d", "scatter", "cutflow_by"]  # looked at dot by dot, which takes its time
TABLES = ["table", "nasty", "value"]
failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print(f"not true: {what}")


def read(folder, name, ending):
    path = os.path.join(folder, f"{name}.{ending}")
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


# ---- SVG ----

def check_svg(name, data):
    root = ET.fromstring(data)
    space = "{http://www.w3.org/2000/svg}"
    check(root.tag == space + "svg", f"{name}: an svg element")
    width, height = float(root.get("width")), float(root.get("height"))
    check(root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}", f"{name}: view box")
    tags = {element.tag for element in root.iter()}
    check(tags <= {space + "svg", space + "path", space + "text"}, f"{name}: only plain elements, not {tags}")
    for element in root.iter():
        allowed = {"d", "fill", "stroke", "stroke-width", "opacity", "stroke-linecap", "stroke-linejoin", "x", "y",
                   "font-size", "text-anchor", "font-weight", "transform", "shape-rendering", "width", "height",
                   "viewBox", "font-family"}
        check(set(element.attrib) <= allowed, f"{name}: attributes {set(element.attrib) - allowed}")
    for path in root.iter(space + "path"):
        check(re.fullmatch(r"[MLhvz0-9. -]+", path.get("d")) is not None, f"{name}: {path.get('d')[:60]}")
        for x, y in re.findall(r"[ML](-?[0-9.]+) (-?[0-9.]+)", path.get("d")):
            check(-1 <= float(x) <= width + 1 and -1 <= float(y) <= height + 1, f"{name}: {x} {y} is on the page")
    for text in root.iter(space + "text"):
        check(text.text, f"{name}: letters")
        if text.get("x") is not None:
            x, y = float(text.get("x")), float(text.get("y"))
            check(0 <= x <= width and 0 < y < height, f"{name}: {text.text} is on the page")


# ---- PNG ----

def png_rows(data):
    """Width, height and the rows of RGB bytes; every chunk's sum is checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, head = 8, b"", None
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0]
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        if kind == b"IDAT":
            packed += body
        at += 12 + size
    width, height, depth, color = head[:4]
    assert depth == 8 and color == 2
    raw, rows, before = zlib.decompress(packed), [], bytes(3 * width)
    for y in range(height):
        start = y * (3 * width + 1)
        before = unfiltered(raw[start], raw[start + 1:start + 1 + 3 * width], before)
        rows.append(before)
    return width, height, rows


def unfiltered(kind, line, above):
    if kind == 0:
        return bytes(line)
    if kind == 2:
        return bytes((a + b) & 255 for a, b in zip(line, above))
    out = bytearray(line)
    for i in range(len(out)):
        left = out[i - 3] if i >= 3 else 0
        corner = above[i - 3] if i >= 3 else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + above[i]) // 2
        else:
            p = left + above[i] - corner
            guess = min((left, above[i], corner), key=lambda x: abs(p - x))
        out[i] = (out[i] + guess) & 255
    return bytes(out)


def check_png(name, data, svg):
    width, height, rows = png_rows(data)
    root = ET.fromstring(svg)
    check((width, height) == (2 * float(root.get("width")), 2 * math.ceil(float(root.get("height")))) or
          abs(height - 2 * float(root.get("height"))) < 1, f"{name}: two pixels a unit")
    colors = {row[i:i + 3] for row in rows[::3] for i in range(0, len(row), 9)}
    check(len(colors) > 8 and b"\xff\xff\xff" in colors, f"{name}: {len(colors)} colours on white")
    check(rows[0] == b"\xff" * (3 * width), f"{name}: the paper is white")


# ---- Vega-Lite ----

def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def schema_check():
    """The published schema's judge, or None."""
    try:
        import altair
        import jsonschema
    except ImportError:
        return None
    path = os.path.join(os.path.dirname(altair.__file__), "vegalite", "v5", "schema", "vega-lite-schema.json")
    if not os.path.exists(path):
        return None
    with open(path) as file:
        judge = jsonschema.Draft7Validator(json.load(file))
    return lambda spec: [f"{list(e.path)}: {e.message[:120]}" for e in judge.iter_errors(spec)]


def compiler():
    try:
        import vl_convert
    except ImportError:
        return None
    return vl_convert.vegalite_to_vega


def check_vega(name, data, judge, compiled):
    spec = json.loads(data, parse_constant=no_constant)
    check("vega-lite/v5" in spec["$schema"], f"{name}: version 5")
    check(len(spec["data"]["values"]) > 0, f"{name}: data inside")
    for wrong in judge(spec) if judge else []:
        check(False, f"{name}: {wrong}")
    if compiled:
        check("marks" in compiled(spec), f"{name}: compiles to Vega")


# ---- HTML ----

class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.cells = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        for key, _ in attrs:
            check(key in {"class", "title"}, f"attribute {key}")
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        check(self.open and self.open.pop() == tag, f"{tag} closes what is open")

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1] += data


def check_html(name, data):
    text = data.decode("utf-8")
    ET.fromstring(text)
    page = Page()
    page.feed(text)
    page.close()
    check(page.open == [], f"{name}: everything is closed")
    allowed = {"div", "style", "table", "thead", "tbody", "tr", "th", "td", "p", "details", "summary"}
    check(page.tags <= allowed, f"{name}: tags {page.tags - allowed}")
    return page


def check_nasty(page):
    check(page.cells[0] == "<script>alert('x')</script>", "a name with a tag is a name")
    check("<b>&amp;\"'</b>" in page.cells, "a value with tags is a value")
    check(any("a\\nb\\x00c\\x1bd\ufffd" in cell for cell in page.cells), "control characters are told")


# ---- bundles ----

def check_bundle(folder, name):
    bundle = json.loads(read(folder, name, "bundle.json"), parse_constant=no_constant)
    check(isinstance(bundle["text/plain"], str) and bundle["text/plain"], f"{name}: plain text")
    check("application/json" not in bundle, f"{name}: no tree instead of a table")
    want = {"text/html": "html", "image/svg+xml": "svg"}
    for key, ending in want.items():
        file = read(folder, name, ending)
        check((key in bundle) == (file is not None), f"{name}: {key}")
        if file is not None:
            check(bundle[key] == file.decode("utf-8"), f"{name}: {key} as such")
    if "image/png" in bundle:
        check(base64.b64decode(bundle["image/png"], validate=True) == read(folder, name, "png"), f"{name}: pixels")
    if "application/vnd.vegalite.v5+json" in bundle:
        check("text/html" not in bundle, f"{name}: a drawing is no table")


def main():
    probe = os.path.join(os.path.dirname(os.environ.get("CUTFLOW", "")), "tests", "test_rich_session")
    if not os.path.exists(probe):
        print("skipped: no", probe)
        return 77
    judge, compiled = schema_check(), compiler()
    if judge is None:
        print("skipped: no schema of Vega-Lite (altair, jsonschema)")
    if compiled is None:
        print("skipped: no compiler of Vega-Lite (vl-convert-python)")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([probe, folder], check=True, stdout=subprocess.DEVNULL)
        names = {os.path.basename(p).split(".")[0] for p in glob.glob(os.path.join(folder, "*.bundle.json"))}
        check(names == set(DRAWINGS + TABLES + ["scalar"]), f"samples {names}")
        for name in DRAWINGS:
            svg, png = read(folder, name, "svg"), read(folder, name, "png")
            check_svg(name, svg)
            check_vega(name, read(folder, name, "vl.json"), judge, compiled)
            if png is not None and name in PIXELS:
                check_png(name, png, svg)
        if read(folder, "hist", "png") is None:
            print("skipped: no pixels (libcairo.so.2 or fonts)")
        for name in TABLES:
            page = check_html(name, read(folder, name, "html"))
            if name == "nasty":
                check_nasty(page)
        for name in sorted(names):
            check_bundle(folder, name)
    print(f"{len(names)} samples, {failures} failures")
    return 1 if failures else 0


sys.exit(main())
