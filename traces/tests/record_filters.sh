#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Recordings of some events only: what they keep belongs together, and verify and run know that it is not all.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording
MMR=$BUILD/mmreplay

# csv FILE: type, order, tid, tgid, pfn of each event
csv() { "$MMR" export csv "$1" | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	{ print $(at["type"]), $(at["order"]), $(at["tid"]), $(at["tgid"]), $(at["pfn"]) }'; }
# unpaired FILE: frees of a page whose allocation is not in the recording
unpaired() { csv "$1" | awk '$1 == "alloc" { for (p = 0; p < 2 ^ $2; p++) live[$5 + p] = 1 }
	$1 == "free" { any = 0; for (p = 0; p < 2 ^ $2; p++) { any += live[$5 + p]; delete live[$5 + p] } n += !any }
	END { print n + 0 }'; }
partial() { # partial FILE: marked, refused by verify, warned of by run
	local status=0
	"$MMR" info --json "$1" >"$WORK/info"
	grep -q '^  "partial": true' "$WORK/info" || fail "$1: info does not tell that it is partial"
	"$MMR" verify "$1" >"$WORK/out" 2>&1 || status=$?
	expect "status of verify" $status -eq 1
	grep -q "a partial recording" "$WORK/out" || fail "verify: $(cat "$WORK/out")"
	"$MMR" run -q --json "$1" >/dev/null 2>"$WORK/out" || fail "run: $(cat "$WORK/out")"
	grep -q "a partial recording" "$WORK/out" || fail "run does not warn: $(cat "$WORK/out")"
}

# By order: the load's own requests are of order 0, and none of them is kept.
"$REC" -q -o "$WORK/o.mmt" --order 1-10 -- sh -c "$LOAD -n 50000; cat /proc/self/smaps" >/dev/null
csv "$WORK/o.mmt" >"$WORK/o"
expect "allocations of other orders" "$(awk '$1 == "alloc" && $2 < 1' "$WORK/o" | wc -l)" -eq 0
expect "allocations" "$(grep -c ^alloc "$WORK/o")" -ge 1
expect "frees without their allocation" "$(unpaired "$WORK/o.mmt")" -eq 0
partial "$WORK/o.mmt"

# By process: this one's child, frees by whomever.
"$LOAD" -d 60 >/dev/null &
load=$!
"$REC" -q -o "$WORK/t.mmt" --task $load -d 1
kill $load
wait $load 2>/dev/null || true
csv "$WORK/t.mmt" >"$WORK/t"
expect "allocations of the process" "$(awk -v p=$load '$1 == "alloc" && $4 == p' "$WORK/t" | wc -l)" -ge 10000
expect "allocations of others" "$(awk -v p=$load '$1 == "alloc" && $4 != p' "$WORK/t" | wc -l)" -eq 0
expect "frees" "$(grep -c '^free ' "$WORK/t")" -ge 10000
expect "frees without their allocation" "$(unpaired "$WORK/t.mmt")" -eq 0
partial "$WORK/t.mmt"

# By node: all of a node's events, here perhaps all there are.
"$REC" -q -o "$WORK/n.mmt" --node 0 -- "$LOAD" -n 20000 >/dev/null
"$READ" "$WORK/n.mmt" >"$WORK/n"
expect "allocations on node 0" "$(value "$WORK/n" alloc)" -ge 1
expect "zone_locked events on node 0" "$(value "$WORK/n" zone_locked)" -ge 1
partial "$WORK/n.mmt"
status=0
"$REC" -q -o "$WORK/x.mmt" --node 1023 -d 1 2>"$WORK/err" || status=$?
expect "status of a node that is not there" $status -eq 1
grep -q -- "--node: found 1023, which has no memory here" "$WORK/err" || fail "$(cat "$WORK/err")"

# By cgroup, where a cgroup2 can be had; the folder below it counts too.
cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$cgroup" ] && mkdir -p "$cgroup/mmr-test-$$/below" 2>/dev/null || { echo "no cgroup2 to try"; exit 0; }
leave() { rmdir "$cgroup/mmr-test-$$/below" "$cgroup/mmr-test-$$"; cleanup; }
trap leave EXIT
"$REC" -q -o "$WORK/c.mmt" --cgroup "$cgroup/mmr-test-$$" -- sh -c "$LOAD -n 30000
	echo \$\$ >$cgroup/mmr-test-$$/below/cgroup.procs; $LOAD -n 20000; echo \$\$ >$cgroup/cgroup.procs" >/dev/null
"$READ" "$WORK/c.mmt" >"$WORK/c"
expect "allocations in the cgroup" "$(value "$WORK/c" alloc)" -ge 20000
expect "of all" "$(value "$WORK/c" alloc)" -le 29999
partial "$WORK/c.mmt"
