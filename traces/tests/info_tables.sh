#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What info tells of a checked-in recording is what one finds by counting its exported rows; a stretch of it is what cut
# makes of it; the totals are perf kmem's for the same perf.data, where both can read it.
set -u
mmreplay=${BUILD:?}/mmreplay
sample=sample.mmt
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failed=0
complain() { echo "FAILED: $*"; failed=1; }
command -v python3 >/dev/null || { echo "skip: no python3 to read JSON with"; exit 77; }

"$mmreplay" cut "${SOURCE:?}/traces/samples/stock-6.12-2node-numa.mmt" --last 249999 -o sample.mmt >/dev/null || complain "cut --last"
"$mmreplay" info --json -t pages -l 0 --interval 1s "$sample" >info.json || complain "info --json"
"$mmreplay" info --json --quick "$sample" >quick.json || complain "info --json --quick"
"$mmreplay" export csv "$sample" -o all.csv || complain "export"
"$mmreplay" cut "$sample" --from 3s --to 4s -o cut.mmt >/dev/null 2>&1 || complain "cut"
"$mmreplay" info --json cut.mmt >cut.json || complain "info of the cut"
"$mmreplay" info --json --from 3s --to 4s "$sample" >stretch.json || complain "info --from --to"
cat >check.py <<'END'
import csv, json, sys
info, quick, cut, stretch = (json.load(open(n + ".json")) for n in ("info", "quick", "cut", "stretch"))
bad = []
def same(what, found, expected):
    if found != expected:
        bad.append("%s: found %s, expected %s" % (what, found, expected))
live, total, hits, kinds, tasks = {}, {}, {}, {}, {}
sums = dict(allocated=[0, 0], freed=[0, 0], allocated_and_freed=0, freed_only=0, failed=0)
rates = {}
start = None
for row in csv.DictReader(open("all.csv")):
    start = int(row["time_ns"]) if start is None else start
    second = (int(row["time_ns"]) - start) // 1000000000
    rates.setdefault(second, {}).setdefault(row["type"], 0)
    rates[second][row["type"]] += 1
    if row["type"] not in ("alloc", "free"):
        continue
    if not row["pfn"]:
        sums["failed"] += 1
        continue
    pfn, nr = int(row["pfn"]), 1 << int(row["order"])
    if row["type"] == "alloc":
        sums["allocated"][0] += 1
        sums["allocated"][1] += nr
        hits[pfn] = hits.get(pfn, 0) + 1
        kind = (row["order"], row["migratetype"], row["gfp_flags"])
        kinds[kind] = kinds.get(kind, 0) + 1
        for p in range(pfn, pfn + nr):
            live[p] = row["tid"]
    else:
        sums["freed"][0] += 1
        sums["freed"][1] += nr
        for p in range(pfn, pfn + nr):
            if live.pop(p, None) is None:
                sums["freed_only"] += 1
            else:
                sums["allocated_and_freed"] += 1
use = info["use"]
same("allocated", [use["allocated"]["requests"], use["allocated"]["pages"]], sums["allocated"])
same("freed", [use["freed"]["requests"], use["freed"]["pages"]], sums["freed"])
same("failed", use["failed"]["requests"], sums["failed"])
same("allocated and freed", use["allocated_and_freed"]["pages"], sums["allocated_and_freed"])
same("freed only", use["freed_only"]["pages"], sums["freed_only"])
same("in use", use["allocated_only"]["pages"], len(live))
same("KiB", use["allocated_only"]["kib"], 4 * len(live))
same("in use, by gfp", sum(g["live_kib"] for g in info["gfp"]), 4 * len(live))
same("in use, by kind", sum(k["live_kib"] for k in info["kinds"]), 4 * len(live))
same("in use, by page", {p["pfn"] for p in info["pages"] if p["live_kib"]} <= set(live), True)
same("kinds", {(str(k["order"]), k["migratetype"], k["gfp"]): k["allocs"] for k in info["kinds"]}, kinds)
same("pages", {p["pfn"]: p["allocs"] for p in info["pages"]}, hits)
for i, r in enumerate(info["rates"]["intervals"]):
    for kind in ("alloc", "free", "free_batched", "zone_locked", "pcpu_drain", "extfrag"):
        same("rate of %s in second %d" % (kind, i), r[kind], rates.get(i, {}).get(kind, 0))
same("in use after the last interval", info["rates"]["intervals"][-1]["live_kib"], 4 * len(live))
for key in ("events", "kernel", "cpus", "nodes", "duration_ns", "lost", "keyframes", "bytes_per_event", "cpu_events"):
    same("--quick: " + key, quick[key], info[key])
for key in ("events", "orders", "gfp", "kinds", "use"):
    same("a stretch: " + key, stretch[key], cut[key])
print("\n".join(bad))
sys.exit(bool(bad))
END
python3 check.py >check.out || complain "$(head -5 check.out)"

# perf kmem's own totals; its columns of migratetypes are in another order than the kernel's and cannot be compared.
kib() { sed -n "s/^Total $1 *: *\([0-9,]*\) *\[ *\([0-9,]*\) KB \]/\1 \2/p" kmem.out | tr -d ,; }
for name in plain zstd; do
	command -v perf >/dev/null || break
	perf kmem -f -i "$SOURCE/traces/tests/data/$name.perf.data" --page stat >kmem.out 2>/dev/null
	[ -n "$(kib 'allocation requests')" ] || continue
	"$mmreplay" import perf "$SOURCE/traces/tests/data/$name.perf.data" -o $name.mmt >/dev/null || complain "import $name"
	"$mmreplay" info --json $name.mmt | python3 -c '
import json, sys
use = json.load(sys.stdin)["use"]
for key in "allocated", "freed", "allocated_and_freed", "allocated_only", "freed_only", "failed":
    print(use[key]["requests"], use[key]["kib"])' >ours.out
	for what in 'allocation requests' 'free requests' 'alloc+freed requests' 'alloc-only requests' 'free-only requests' \
		'allocation failures'; do
		kib "$what"
	done | diff - ours.out >diff.out || complain "$name: perf kmem tells other totals: $(tr '\n' ' ' <diff.out)"
done

for wrong in "-t nothing $sample" "-s nothing $sample" "-l x $sample" "--from 2s --to 1s $sample" "--quick -t use $sample" "" \
	"$sample $sample"; do
	# shellcheck disable=SC2086
	"$mmreplay" info $wrong >/dev/null 2>&1
	[ $? -eq 2 ] || complain "mmreplay info $wrong: expected exit status 2"
done
"$mmreplay" info --interval 1ns "$sample" >/dev/null 2>err && complain "a rate for each ns: exit status 0"
grep -q "lines, expected at most" err || complain "a rate for each ns: $(cat err)"
[ "$("$mmreplay" info "$sample" | wc -l)" -le 48 ] || complain "info is more than a screen"
"$mmreplay" info -t tasks -s live -l 3 "$sample" | grep -q "and [0-9]* more (--lines)" || complain "-l: nothing left out"
"$mmreplay" info --help | grep -q "Example" || complain "info --help: no example"

[ $failed -eq 0 ] && echo "info: as counted from rows"
exit $failed
