#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What export writes is read by other people's tools with no option at all, and each reads the same: Python's csv and json,
# pandas, the sqlite3 shell and awk, also task names that hold commas, quotes and backslashes.
set -u
mmreplay=${BUILD:?}/mmreplay
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failed=0
complain() { echo "FAILED: $*"; failed=1; }
python=
for p in python3 /usr/bin/python3; do
	command -v $p >/dev/null || continue
	python=${python:-$p}
	$p -c 'import pandas' 2>/dev/null && { python=$p; break; }
done
[ -n "$python" ] || { echo "skip: no python3 to read it with"; exit 77; }

# Real events; every kind of event there is, with policies and arguments; names that are hard to write down.
"$mmreplay" cut "${SOURCE:?}/traces/samples/stock-6.12-2node-numa.mmt" --last 39999 -o real.mmt >/dev/null || complain "cut"
# Long enough that pandas looks at it piece by piece: it warns where two of them look like other types.
"$mmreplay" cut "$SOURCE/traces/samples/stock-6.12-2node-sysctls.mmt" --last 149999 -o long.mmt >/dev/null || complain "cut"
cp "$SOURCE/traces/tests/seeds/fuzz_reader/made-7" kinds.mmt
cat >names.txt <<'END'
 a,"b"-11 [000] ..... 1.000001: mm_page_alloc: page=1 pfn=0x20 order=0 migratetype=1 gfp_flags=GFP_KERNEL
 c\d\n-12 [001] ..... 1.000002: mm_page_free: page=1 pfn=0x20 order=0
   '; x-13 [001] ..... 1.000003: mm_page_alloc: page=0 pfn=0x0 order=3 migratetype=0 gfp_flags=GFP_ATOMIC
END
"$mmreplay" import ftrace names.txt -o names.mmt >/dev/null || complain "import"
cat >read.py <<'END'
import csv, json, math, sys, warnings
name, have_pandas = sys.argv[1], True
warnings.simplefilter("error")
try:
    import pandas
except ImportError:
    have_pandas = False
with open(name + ".csv", newline="") as f:
    rows = list(csv.DictReader(f, strict=True))
with open(name + ".jsonl") as f:
    lines = [json.loads(line) for line in f]
words = ("migratetype", "gfp_flags", "flags", "fallback_migratetype", "comm", "zone", "policy", "args", "stack", "cgroup")
def text_of(key, value):
    return str(value) if value is not None else "-" if key in words else ""
bad = []
if len(rows) != len(lines):
    bad.append("%d rows of CSV, %d lines of JSON" % (len(rows), len(lines)))
for row, line in zip(rows, lines):
    if None in row or list(row) != list(line):
        bad.append("row %s: columns %s, keys %s" % (line["event"], list(row), list(line)))
        break
    for key, value in line.items():
        text = row[key]
        if key == "args" and value is not None:
            value = ";".join("%s=%d" % a for a in value.items())
        if text_of(key, value) != text:
            bad.append("event %s: %s is %r in CSV, %r in JSON" % (line["event"], key, text, value))
numbers = ("event", "time_ns", "cpu")
if have_pandas:
    for what, frame in (("csv", pandas.read_csv(name + ".csv")), ("jsonl", pandas.read_json(name + ".jsonl", lines=True))):
        if len(frame) != len(lines):
            bad.append("pandas, %s: %d rows, expected %d" % (what, len(frame), len(lines)))
        for key in numbers:
            if str(frame[key].dtype) != "int64":
                bad.append("pandas, %s: %s is %s, expected int64" % (what, key, frame[key].dtype))
            elif list(frame[key]) != [line[key] for line in lines]:
                bad.append("pandas, %s: other values of %s" % (what, key))
        for key in ("type", "comm", "gfp_flags"):
            got = [None if v == "-" or isinstance(v, float) and math.isnan(v) else v for v in frame[key]]
            if got != [line[key] for line in lines]:
                bad.append("pandas, %s: other values of %s" % (what, key))
        pages = frame.pfn.dropna().astype("int64")
        if list(pages) != [line["pfn"] for line in lines if line["pfn"] is not None]:
            bad.append("pandas, %s: other page frames" % what)
print("\n".join(bad[:5]) or "%s: %d events%s" % (name, len(lines), ", pandas too" if have_pandas else ""))
sys.exit(bool(bad))
END
for name in real long kinds names; do
	"$mmreplay" export csv $name.mmt >$name.csv 2>/dev/null || complain "export csv $name"
	"$mmreplay" export jsonl $name.mmt >$name.jsonl 2>/dev/null || complain "export jsonl $name"
	$python read.py $name || complain "$name"
done
# What comes before the name has no comma in it: awk needs no reader of CSV.
[ "$(awk -F, 'NR > 1 && $5 == "alloc" { n++ } END { print n }' real.csv)" = "$(grep -c '"type":"alloc"' real.jsonl)" ] ||
	complain "awk counts other allocations"
if command -v sqlite3 >/dev/null; then
	printf '.import --csv kinds.csv t\n.import --csv names.csv n\nselect count(*), cast(sum(pfn) as int) from t;\nselect comm from n where tid = 11;\n' |
		sqlite3 >sqlite.out 2>&1
	awk -F, 'NR > 1 { n++; s += $4 } END { printf "%d|%d\n", n, s }' kinds.csv | cat - <(echo 'a,"b"') |
		diff - sqlite.out >diff.out || complain "sqlite3: $(cat diff.out)"
fi
exit $failed
