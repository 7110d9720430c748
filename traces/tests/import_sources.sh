#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# import on real recordings (tests/data/README.md tells where each is from): the counts are those the other tool tells,
# the formats agree with each other, losses travel, cut and broken files are refused in one line.
set -u
mmreplay=${BUILD:?}/mmreplay
data=${SOURCE:?}/traces/tests/data
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failed=0
complain() { echo "FAILED: $*"; failed=1; }
import() { "$mmreplay" import "$1" "$2" -o "$3" >"$3.out" 2>&1 || complain "import $1 $(basename "$2"): $(cat "$3.out")"; }
rows() { "$mmreplay" export csv "$1" 2>/dev/null; }
# counts FILE: "alloc 12" … of a trace
counts() { rows "$1" | awk -F, 'NR > 1 { n[$5]++ } END { for (t in n) print t, n[t] }' | sort; }
# text_counts FILE: the same of a text, by the events' names
text_counts() {
	awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^(kmem:)?mm_page_[a-z_]*:$/) { n[$i]++; break } }
		END { for (t in n) print t, n[t] }' "$1" |
		sed -e 's/kmem://; s/://; s/mm_page_alloc_zone_locked/zone_locked/; s/mm_page_pcpu_drain/pcpu_drain/' \
			-e 's/mm_page_alloc_extfrag/extfrag/; s/mm_page_//' | sort
}
# refuses TEXT COMMAND...: exit status 1 and a line that holds TEXT
refuses() {
	local text=$1 out rc
	shift
	out=$("$@" 2>&1 >/dev/null)
	rc=$?
	[ $rc -eq 1 ] || complain "$*: exit status $rc, expected 1"
	grep -qF -- "$text" <<<"$out" || complain "$*: found \"$out\", expected \"$text\""
	[ "$(head -c 4000 <<<"$out" | grep -vc ' holds the [0-9]* events before that$')" -eq 1 ] ||
		complain "$*: more than one line: $out"
}

command -v xz >/dev/null || { echo "skip: no xz to expand the texts with"; exit 77; }
xz -dc "$data/plain.perf-script.txt.xz" >plain.txt
# perf.data: as many of each as perf script prints, which lies beside it; and as it prints them today.
import perf "$data/plain.perf.data" plain.mmt
[ "$(counts plain.mmt)" = "$(text_counts plain.txt)" ] ||
	complain "perf: $(counts plain.mmt), expected $(text_counts plain.txt)"
for name in plain zstd lossy; do
	command -v perf >/dev/null || break
	import perf "$data/$name.perf.data" $name.mmt
	perf script -f -i "$data/$name.perf.data" >$name.now.txt 2>/dev/null
	[ "$(counts $name.mmt)" = "$(text_counts $name.now.txt)" ] || complain "perf: $name: other counts than perf script"
done
"$mmreplay" import --json perf "$data/plain.perf.data" -o json.mmt >json.out || complain "import --json"
[ "$(sed -n 's/^    "alloc": \([0-9]*\),/\1/p' json.out)" = "$(counts plain.mmt | awk '$1 == "alloc" { print $2 }')" ] ||
	complain "import --json: $(cat json.out)"
# Its text holds what the binary holds, to the microsecond.
import ftrace plain.txt text.mmt
fields='{ print substr($2, 1, length($2) - 3), $3, $4, $5, $6, $7, $9, $13, $15 }'
diff <(rows plain.mmt | awk -F, "NR > 1 $fields" | sort) <(rows text.mmt | awk -F, "NR > 1 $fields" | sort) >diff.out ||
	complain "perf.data and its text differ: $(head -4 diff.out)"
"$mmreplay" info --json plain.mmt >info.json
grep -q '"kernel": "6.12' info.json || complain "perf: no kernel release"
grep -q '"nodes": 2' info.json || complain "perf: expected two nodes"

# What perf writes to a pipe has the same in records: made from the file, byte for byte as perf orders it. Cut anywhere
# behind its heads, what is whole is kept.
if command -v python3 >/dev/null; then
	cat >pipe.py <<'END'
import struct, sys
d = open(sys.argv[1], "rb").read()
_, attr_bytes, attrs, attrs_size, data, data_size = struct.unpack_from("<6Q", d, 8)
out = d[:8] + struct.pack("<Q", 16)
def record(kind, body):
    return struct.pack("<IHH", kind, 0, 8 + len(body)) + body
for at in range(attrs, attrs + attrs_size, attr_bytes):
    offset, size = struct.unpack_from("<2Q", d, at + attr_bytes - 16)
    out += record(64, d[at:at + attr_bytes - 16] + d[offset:offset + size])
bits, place = struct.unpack_from("<4Q", d, 72), data + data_size
for feature in range(256):
    if bits[feature // 64] >> feature % 64 & 1:
        offset, size = struct.unpack_from("<2Q", d, place)
        place += 16
        section = d[offset:offset + size]
        if feature == 1:
            out += record(66, struct.pack("<I", size)) + section + bytes(-size % 8)
        elif feature in (4, 6, 7, 11, 14):
            out += record(80, struct.pack("<Q", feature) + section)
out += d[data:data + data_size]
open(sys.argv[2], "wb").write(out)
END
	for name in plain zstd; do
		python3 pipe.py "$data/$name.perf.data" pipe.data && import perf pipe.data pipe.mmt
		[ -e $name.mmt ] || import perf "$data/$name.perf.data" $name.mmt
		cmp <(rows pipe.mmt) <(rows $name.mmt) || complain "perf: $name: a pipe's data differ from the file's"
	done
	python3 pipe.py "$data/plain.perf.data" pipe.data
	"$mmreplay" import perf - -o pipe.mmt <pipe.data >/dev/null 2>&1 || complain "perf from a pipe"
	head -c $(($(stat -c %s pipe.data) - 3000)) pipe.data >cut.data
	refuses "ends inside a record" "$mmreplay" import perf cut.data -o cut.mmt
	[ "$(rows cut.mmt | wc -l)" -gt 1000 ] || complain "perf: cut pipe data: nothing kept"
	cmp -n 60000 <(rows cut.mmt) <(rows plain.mmt) || complain "perf: cut pipe data: other events"
	for part in 17 100 5000; do
		head -c $part pipe.data >cut.data
		refuses "" "$mmreplay" import perf cut.data -o x.mmt
		[ -e x.mmt ] && complain "perf: a cut pipe header left a file"
	done
	# Killed before it wrote its heads; told what alone it sampled.
	python3 -c 'import sys; d = bytearray(open(sys.argv[1], "rb").read()); d[48:56] = bytes(8); open("killed.data", "wb").write(d)' \
		"$data/plain.perf.data"
	refuses "perf was killed before" "$mmreplay" import perf killed.data -o x.mmt
	python3 -c 'import struct, sys
d = bytearray(open(sys.argv[1], "rb").read())
attr_bytes, attrs, size = struct.unpack_from("<3Q", d, 16)
for at in range(attrs, attrs + size, attr_bytes):
    d[at + 16:at + 24] = struct.pack("<Q", 10)
open("tenth.data", "wb").write(d)' "$data/plain.perf.data"
	"$mmreplay" import perf tenth.data -o tenth.mmt >/dev/null 2>err || complain "perf -c 10: $(cat err)"
	grep -q "one event in 10 (-c): marked as partial" err || complain "perf -c 10: not told: $(cat err)"
	"$mmreplay" info tenth.mmt | grep -q "^PARTIAL" || complain "perf -c 10: info does not tell"
fi

# Losses travel: from perf into the trace, through cut and merge.
import perf "$data/lossy.perf.data" lossy.mmt
lost() { "$mmreplay" info --json "$1" | sed -n 's/.*"lost": \([0-9]*\),*/\1/p' | head -1; }
[ "$(lost lossy.mmt)" -gt 0 ] || complain "perf: expected losses"
"$mmreplay" check lossy.mmt >/dev/null && complain "check: a recording with losses is not whole"
last=$(($(rows lossy.mmt | wc -l) - 2))
"$mmreplay" cut lossy.mmt --last $((last / 2)) -o l1.mmt >/dev/null || complain "cut of a lossy recording"
"$mmreplay" cut lossy.mmt --first $((last / 2 + 1)) -o l2.mmt >/dev/null || complain "cut of a lossy recording"
"$mmreplay" merge l2.mmt l1.mmt -o l.mmt >/dev/null || complain "merge of a lossy recording"
[ "$(lost l.mmt)" -ge "$(lost lossy.mmt)" ] || complain "cut and merged: $(lost l.mmt) lost, expected $(lost lossy.mmt)"
cmp <(rows l.mmt) <(rows lossy.mmt) || complain "cut and merged: other events"

# trace.dat: both versions are the same recording, and hold what trace-cmd report printed.
cp "$data/trace-v6.dat" v6.dat
import trace-cmd "$data/trace-v7.dat" v7.mmt
import trace-cmd v6.dat v6.mmt
cmp <(rows v6.mmt) <(rows v7.mmt) || complain "trace.dat: versions 6 and 7 differ"
xz -dc "$data/trace-report.txt.xz" >report.txt
[ "$(counts v7.mmt)" = "$(text_counts report.txt)" ] || complain "trace.dat: other counts than trace-cmd report"
import ftrace report.txt report.mmt
fields='{ print $3, $4, $5, $6, $7, $9, $13, $15 }'
diff <(rows v7.mmt | awk -F, "NR > 1 $fields" | sort) <(rows report.mmt | awk -F, "NR > 1 $fields" | sort) >diff.out ||
	complain "trace.dat and its text differ: $(head -4 diff.out)"

# Text of tracefs, also through a pipe.
import ftrace "$data/ftrace.txt" ftrace.mmt
[ "$(counts ftrace.mmt)" = "$(text_counts "$data/ftrace.txt")" ] || complain "ftrace: other counts"
"$mmreplay" import ftrace - -o piped.mmt <"$data/ftrace.txt" >/dev/null || complain "ftrace from a pipe"
cmp <(rows ftrace.mmt) <(rows piped.mmt) || complain "ftrace: another trace from a pipe"

# The same lines as other options print them: latency-format, also verbose; report -l and --ts-diff. All tell the same.
fields='{ print $3, $4, $5, $6, $7, $9, $13, $15 }'
same_events() { # same_events FILE WHAT
	"$mmreplay" import ftrace "$1" -o other.mmt >/dev/null 2>err || complain "$2: $(cat err)"
	cmp <(rows other.mmt | awk -F, "NR > 1 $fields") <(rows ftrace.mmt | awk -F, "NR > 1 $fields") || complain "$2: other events"
}
# columns PRINTF: name-pid, CPU, flags, seconds, the rest, of each event that is no comment
columns() {
	awk -v how="$1" '/^#/ { print; next } match($0, /-[0-9]+ +(\( *[0-9-]+\) )?\[[0-9]+\] [^ ]+ +[0-9.]+: /) {
		name = substr($0, 1, RSTART - 1); sub(/^ +/, "", name)
		n = split(substr($0, RSTART + 1, RLENGTH - 3), f, " "); rest = substr($0, RSTART + RLENGTH)
		pid = f[1]; cpu = substr(f[n - 2], 2) + 0; irq = substr(f[n - 1], 3, 1); ms = sprintf("%.3f", f[n] * 1000)
		if (how == "latency") printf "%8s-%-7d %3d%s %d us : %s\n", name, pid, cpu, f[n - 1], ms * 1000, rest
		if (how == "report") printf "%8s-%-5d %3d%s %12s: %s\n", name, pid, cpu, f[n - 1], f[n], rest
		if (how == "diff") printf "%16s-%-7d [%03d] %s %s: (+134) %s\n", name, pid, cpu, f[n - 1], f[n], rest
		if (how == "verbose") printf "%16s %7d %3d %d 00000000 00000026 [0601233d] %sms (+0.000ms): %s\n", name, pid, cpu,
			(irq ~ /[hHZz]/ ? 8 : 0) + (irq ~ /[sH]/ ? 16 : 0), ms, rest }' "$data/ftrace.txt"
}
for how in latency report diff verbose; do
	columns $how | sed 's/ us :/us :/' >other.txt
	[ "$(grep -c mm_page_ other.txt)" -gt 100 ] || complain "ftrace as $how: nothing to try"
	same_events other.txt "ftrace as $how"
done
# Times that are counts, and times since the event before: told. Stacks are no events.
sed 's/\([0-9]\)\.\([0-9]*\): mm_page/\1\2: mm_page/' "$data/ftrace.txt" >other.txt
"$mmreplay" import ftrace other.txt -o other.mmt >/dev/null 2>err || complain "ftrace with counts: $(cat err)"
grep -q "counts of the clock" err || complain "ftrace with counts: not told: $(cat err)"
awk '{ sub(/ [0-9]+\.[0-9]+: /, sprintf(" 0.%06d: ", NR * 7 % 11)); print }' "$data/ftrace.txt" >other.txt
"$mmreplay" import ftrace other.txt -o other.mmt >/dev/null 2>err || complain "ftrace with steps: $(cat err)"
grep -q "times step back at" err || complain "ftrace with steps: not told: $(cat err)"
awk '{ print } /mm_page_/ { print "\tffffffff8162184b __alloc_pages+0x26b ([kernel.kallsyms])\n => folio_alloc\n" }' "$data/ftrace.txt" >other.txt
same_events other.txt "ftrace with stacks"
"$mmreplay" import ftrace other.txt -o other.mmt | grep -q " 0 other events left out" || complain "calls are counted as events"
# Flags as numbers: kept, and told.
sed 's/gfp_flags=[^ ]*/gfp_flags=0x140cca/' "$data/ftrace.txt" >other.txt
"$mmreplay" import ftrace other.txt -o other.mmt >/dev/null 2>err || complain "ftrace with raw flags: $(cat err)"
grep -q "without a name; kept as numbers" err || complain "raw flags: not told: $(cat err)"
[ "$(rows other.mmt | awk -F, '$5 == "alloc" && $8 != 1313994' | wc -l)" -eq 0 ] || complain "raw flags: not kept"

# What it is good for: a run on a machine file; not for verify, which needs the kernel's own state.
"$mmreplay" run -q --json plain.mmt --machine "$SOURCE/replay/machines/two-node.yaml" >run.json ||
	complain "run of an imported recording"
grep -q '"allocs": *[1-9]' run.json || complain "run of an imported recording: no allocation"
refuses "no node has memory" "$mmreplay" verify plain.mmt

# What is no such file, or only a part of one.
for format in perf trace-cmd ftrace llfree; do
	refuses "" "$mmreplay" import $format /dev/null -o x.mmt
	refuses "cannot be opened" "$mmreplay" import $format missing -o x.mmt
	[ -e x.mmt ] && complain "$format: a refused import left its file"
done
refuses 'byte 0: no perf.data, expected "PERFILE2"' "$mmreplay" import perf v6.dat -o x.mmt
refuses "byte 0: no tracing data" "$mmreplay" import trace-cmd "$data/plain.perf.data" -o x.mmt
refuses "it looks like trace.dat: mmreplay import trace-cmd" "$mmreplay" import ftrace v6.dat -o x.mmt
refuses "it looks like perf.data: mmreplay import perf" "$mmreplay" import llfree "$data/plain.perf.data" -o x.mmt
refuses "compressed with xz: unpack it first" "$mmreplay" import ftrace "$data/trace-report.txt.xz" -o x.mmt
refuses "an .mmt recording already" "$mmreplay" import perf plain.mmt -o x.mmt
LC_ALL=C sed 's/\[global\] counter/global [counter]/' v6.dat >counter.dat
"$mmreplay" import trace-cmd counter.dat -o counter.mmt >/dev/null 2>err || complain "clock counter: $(cat err)"
grep -q 'counts of the clock "counter", not nanoseconds' err || complain "clock counter: not told: $(cat err)"
refuses "no kmem:mm_page_* event" "$mmreplay" import ftrace "$SOURCE/LICENSE" -o x.mmt
refuses "expected" "$mmreplay" import llfree "$data/plain.perf.data" -o x.mmt
size=$(stat -c %s "$data/plain.perf.data")
for part in 7 100 300 $((size / 2)) $((size - 1)); do
	head -c "$part" "$data/plain.perf.data" >cut.data
	refuses "byte " "$mmreplay" import perf cut.data -o x.mmt
done
size=$(stat -c %s "$data/trace-v7.dat")
# The last section holds texts that nothing here needs.
for part in 9 20 100 $((size / 2)) $((size - 200)); do
	head -c "$part" "$data/trace-v7.dat" >cut.dat
	refuses "" "$mmreplay" import trace-cmd cut.dat -o x.mmt
done
sed 's/6\x00/9\x00/' <(head -c 64 v6.dat) >nine.dat
refuses 'version "9", expected 6 or 7' "$mmreplay" import trace-cmd nine.dat -o x.mmt
grep -m 20 mm_page_alloc: "$data/ftrace.txt" | sed '10s/order=0/order=x/' >bad.txt
refuses "line 10 (byte" "$mmreplay" import ftrace bad.txt -o x.mmt
grep -m 20 mm_page_alloc: "$data/ftrace.txt" | sed '10s/migratetype=[0-9]/migratetype=9/' >bad.txt
refuses "found migratetype 9, expected 0 to 5" "$mmreplay" import ftrace bad.txt -o x.mmt

# Events that were not recorded: told, and what that means.
grep mm_page_free: "$data/ftrace.txt" >frees.txt
"$mmreplay" import ftrace frees.txt -o frees.mmt >/dev/null 2>err || complain "frees alone: $(cat err)"
grep -q "no mm_page_alloc:" err || complain "frees alone: not told"
grep mm_page_alloc: "$data/ftrace.txt" >allocs.txt
"$mmreplay" import ftrace allocs.txt -o allocs.mmt >/dev/null 2>err || complain "allocations alone: $(cat err)"
grep -q "no mm_page_free:" err || complain "allocations alone: not told"

"$mmreplay" import perf "$data/plain.perf.data" -o /dev/full 2>err && complain "a full disk: exit status 0"
grep -q "No space left" err || complain "a full disk: $(cat err)"
"$mmreplay" import xml a -o b >/dev/null 2>&1
[ $? -eq 2 ] || complain "an unknown format: expected exit status 2"
"$mmreplay" import --help | grep -q "Example:" || complain "import --help: no example"

[ $failed -eq 0 ] && echo "imports: $(counts plain.mmt | tr '\n' ' ')"
exit $failed
