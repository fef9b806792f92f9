#!/usr/bin/env python3
"""What we write to Parquet, read by pyarrow and by DuckDB.

    CUTFLOW_KEEP=DIR test_parquet_writer_io     leaves X.parquet and the same rows as X.parquet.jsonl
    check_parquet.py DIR                        compares them, row by row

Needs pyarrow and duckdb.
"""
import datetime
import decimal
import glob
import json
import math
import struct
import sys

import duckdb
import pyarrow.parquet as pq

EPOCH = datetime.datetime(1970, 1, 1)


def plain(x):
    """A value as the JSON lines have it, or as near as makes no difference."""
    if isinstance(x, float):
        return "nan" if math.isnan(x) else x
    if isinstance(x, decimal.Decimal):
        return decimal.Decimal(x)
    if isinstance(x, datetime.timedelta):
        return x // datetime.timedelta(microseconds=1)
    if isinstance(x, datetime.datetime):
        return ("us", (x - EPOCH) // datetime.timedelta(microseconds=1))
    if isinstance(x, datetime.date):
        return x.isoformat()
    if isinstance(x, datetime.time):
        return x.isoformat()
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    return x


def same(want, got):
    if isinstance(got, dict) and isinstance(want, dict):
        return want.keys() == got.keys() and all(same(want[k], got[k]) for k in want)
    if isinstance(got, list) and isinstance(want, list):
        return len(want) == len(got) and all(map(same, want, got))
    if isinstance(got, tuple):  # a timestamp
        return isinstance(want, str) and ("us", moment(want)) == got
    if isinstance(want, str) and isinstance(got, str) and want != got:
        return clock(want) is not None and clock(want) == clock(got)
    if isinstance(got, decimal.Decimal):
        return decimal.Decimal(str(want)) == got
    if isinstance(got, float) and isinstance(want, (float, decimal.Decimal)):
        want = float(want)  # the shortest text of a 32-bit float is not that of the 64-bit one
        return want == got or struct.unpack("f", struct.pack("f", want))[0] == got
    if isinstance(got, bool) or isinstance(want, bool):
        return got is want
    if isinstance(got, int) and isinstance(want, str):
        return duration(want) == got
    return want == got


def moment(text):
    when = datetime.datetime.fromisoformat(text.rstrip("Z").replace(" ", "T"))
    return (when - EPOCH) // datetime.timedelta(microseconds=1)


def clock(text):
    try:
        t = datetime.time.fromisoformat(text)
    except ValueError:
        return None
    return ((t.hour * 60 + t.minute) * 60 + t.second) * 10**6 + t.microsecond


UNITS = {"microseconds": 1, "milliseconds": 10**3, "seconds": 10**6, "minutes": 6 * 10**7, "hours": 36 * 10**8, "days": 864 * 10**8}


def duration(text):
    for unit in sorted(UNITS, key=len, reverse=True):
        if text.endswith(unit):
            return int(decimal.Decimal(text[: -len(unit)].strip()) * UNITS[unit])
    return None


def compare(path, reader, rows, wanted):
    if len(rows) != len(wanted):
        return f"{path}: {reader} sees {len(rows)} rows, not {len(wanted)}"
    for i, (want, got) in enumerate(zip(wanted, rows)):
        for name in want:
            if not same(want[name], plain(got[name])):
                return f"{path}: row {i}, {name}: {reader} sees {got[name]!r}, not {want[name]!r}"
    return None


def main():
    paths = sorted(glob.glob(sys.argv[1] + "/*.parquet.jsonl"))
    bad = 0
    for text in paths:
        path = text[: -len(".jsonl")]
        with open(text, encoding="utf-8") as f:
            wanted = [json.loads(line, parse_float=decimal.Decimal) for line in f]
        arrow = pq.read_table(path).to_pylist()
        relation = duckdb.connect().execute(f"from '{path}'")
        names = [d[0] for d in relation.description]
        duck = [dict(zip(names, row)) for row in relation.fetchall()]
        for reader, rows in (("pyarrow", arrow), ("DuckDB", duck)):
            trouble = compare(path, reader, rows, wanted)
            bad += trouble is not None
            print(trouble or f"ok   {path}: {reader}, {len(rows)} rows")
    if not paths:
        print("no files: run the unit test with CUTFLOW_KEEP first")
    return 1 if bad or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
