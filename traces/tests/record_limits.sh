#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What bounds a recording's cost: numbered files, a ceiling on the rate, on memory, on how long a lock is held.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
MMR=$BUILD/mmreplay

refused() { # refused WORDS RECORD-ARGUMENTS...: wrong usage, told on stderr
	local want=$1 status=0
	shift
	"$REC" -o "$WORK/x.mmt" "$@" 2>"$WORK/err" >/dev/null || status=$?
	expect "status of $*" $status -eq 2
	grep -q -- "$want" "$WORK/err" || fail "$*: found \"$(cat "$WORK/err")\", expected \"$want\""
}
refused "--rotate: found \"10T\", expected a size" --rotate 10T
refused "--rotate-keep: found without --rotate" --rotate-keep 2
refused "--max-rate: found \"-1\"" --max-rate=-1
refused "--max-memory: found \"x\"" --max-memory x

need_recording

# Numbered files by time: each is whole, begins with keyframes, and merge joins them without a gap.
"$REC" -o "$WORK/r.mmt" --rotate 0.5s -- sh -c "$LOAD -d 2; $LOAD -n 20000" >/dev/null 2>"$WORK/r.err" || fail "exit $?: $(cat "$WORK/r.err")"
files=("$WORK"/r.mmt.*)
expect "files" ${#files[@]} -ge 3
[ ! -e "$WORK/r.mmt" ] || fail "there is an r.mmt beside its numbered files"
grep -q "in ${#files[@]} files" "$WORK/r.err" || fail "not told: $(cat "$WORK/r.err")"
alloc=0 kf=0
for file in "${files[@]}"; do
	"$READ" "$file" >"$WORK/r" || fail "$file is not readable"
	expect "${file##*/}: complete" "$(value "$WORK/r" complete)" -eq 1
	expect "${file##*/}: first keyframes, one a zone" "$(value "$WORK/r" kf_first)" -eq "$(value "$WORK/r" zones)"
	expect "${file##*/}: events whose task has a name" "$(($(value "$WORK/r" named) * 10))" -ge \
		"$(($(value "$WORK/r" alloc) * 9))"
	alloc=$((alloc + $(value "$WORK/r" alloc)))
	kf=$((kf + $(value "$WORK/r" kf_all)))
done
"$MMR" merge "${files[@]}" -o "$WORK/m.mmt" >"$WORK/merge" 2>&1 || fail "$(cat "$WORK/merge")"
! grep -q "gaps between files" "$WORK/merge" || fail "$(cat "$WORK/merge")"
"$READ" "$WORK/m.mmt" >"$WORK/m"
expect "allocations of the merged file" "$(value "$WORK/m" alloc)" -eq $alloc
expect "keyframes of the merged file" "$(value "$WORK/m" kf_all)" -eq $kf
# Another file every half second, with keyframes each: a machine with much else to do may lose some. That is told, and all.
"$MMR" check "$WORK/m.mmt" >"$WORK/check" || grep -v -e "events were lost" -e "findings\? in" "$WORK/check" >"$WORK/other" || true
[ ! -s "$WORK/other" ] || fail "$(cat "$WORK/other")"
# A numbered file that is not given is a loss.
"$MMR" merge "${files[0]}" "${files[2]}" -o "$WORK/g.mmt" >/dev/null 2>"$WORK/merge" || fail "$(cat "$WORK/merge")"
grep -q "1 gaps between files" "$WORK/merge" || fail "a missing file is not told: $(cat "$WORK/merge")"
status=0
"$MMR" check "$WORK/g.mmt" >"$WORK/check" || status=$?
expect "status of check where a file is missing" $status -eq 1
grep -q "an unknown number of events were lost" "$WORK/check" || fail "not told: $(cat "$WORK/check")"
status=0
"$REC" -q -o "$WORK/r.mmt" --rotate 5s -d 1 2>"$WORK/err" || status=$?
expect "status where numbered files are there already" $status -eq 1
grep -q "r.mmt.1: exists; move" "$WORK/err" || fail "$(cat "$WORK/err")"

# By size, the last two only.
"$REC" -o "$WORK/k.mmt" --rotate 400K --rotate-keep 2 -- "$LOAD" -d 4 >/dev/null 2>"$WORK/k.err" || fail "exit $?: $(cat "$WORK/k.err")"
files=("$WORK"/k.mmt.*)
expect "files kept" ${#files[@]} -eq 2
[ ! -e "$WORK/k.mmt.1" ] || fail "the first file is still there"
grep -q "in the last 2 of" "$WORK/k.err" || fail "not told: $(cat "$WORK/k.err")"

# A rate ceiling: far fewer events than there are, what is left out is counted, and keyframes follow.
"$REC" -o "$WORK/l.mmt" --max-rate 100000 -- "$LOAD" -d 4 >/dev/null 2>"$WORK/l.err" || fail "exit $?: $(cat "$WORK/l.err")"
"$READ" "$WORK/l.mmt" >"$WORK/l" || fail "not readable"
events=$(($(value "$WORK/l" alloc) + $(value "$WORK/l" free) + $(value "$WORK/l" free_batched)))
expect "events at 100,000 a second for 4 s, and a second's worth at the start" $events -le 900000
expect "lost events are counted" "$(value "$WORK/l" lost)" -ge 100000
expect "stretches that are lost, not single events" "$(value "$WORK/l" losses)" -le 60
expect "keyframes after a loss" "$(value "$WORK/l" kf_all)" -gt $((2 * $(value "$WORK/l" zones)))
grep -q -- "--max-rate was reached" "$WORK/l.err" || fail "not told: $(cat "$WORK/l.err")"
status=0
"$MMR" check "$WORK/l.mmt" >"$WORK/check" || status=$?
expect "status of check where events were lost" $status -eq 1
grep -q "events were lost on CPU" "$WORK/check" || fail "check does not tell: $(cat "$WORK/check")"

# A ceiling on memory makes the rings smaller.
"$REC" --dry-run --max-memory 36M >"$WORK/dry" || fail "exit $?: $(cat "$WORK/dry")"
awk '$1 == "memory:" { ok = $2 <= 36 } END { exit !ok }' "$WORK/dry" || fail "not kept: $(grep memory: "$WORK/dry")"
status=0
"$REC" -q -o "$WORK/x.mmt" --max-memory 1M -d 1 2>"$WORK/err" || status=$?
expect "status where memory cannot do" $status -eq 1
grep -q -- "--max-memory: found 1024 KiB, expected at least" "$WORK/err" || fail "$(cat "$WORK/err")"
