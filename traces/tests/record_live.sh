#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two seconds of the live machine under a load that is known to the page, read back to the end.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording

pages=100000
"$REC" -o "$WORK/a.mmt" -- sh -c "$LOAD -n $pages; sleep 1" 2>"$WORK/a.err" || fail "exit $?: $(cat "$WORK/a.err")"
"$READ" "$WORK/a.mmt" >"$WORK/a" || fail "not readable"
zones=$(value "$WORK/a" zones)
expect "the file has its end" "$(value "$WORK/a" complete)" -eq 1
expect "nothing lost" "$(value "$WORK/a" lost)" -eq 0
expect "allocations" "$(value "$WORK/a" alloc)" -ge $pages
expect "frees" "$(value "$WORK/a" free)" -ge $pages
expect "batched frees" "$(value "$WORK/a" free_batched)" -ge $pages
expect "events that make no sense" "$(value "$WORK/a" strange)" -eq 0
# Rarely an interrupt's event takes the next place in the ring after the task's took its time.
expect "times that step back after merging" "$(($(value "$WORK/a" back) * 1000))" -le $pages
expect "events with a task's name" "$(value "$WORK/a" named)" -ge $pages
expect "gfp names" "$(value "$WORK/a" gfp_names)" -ge 20
expect "migratetypes" "$(value "$WORK/a" migratetypes)" -ge 4
expect "first keyframes, one a zone" "$(value "$WORK/a" kf_first)" -eq "$zones"
expect "last keyframes, one a zone" "$(value "$WORK/a" kf_last)" -eq "$zones"
expect "zones walked under their lock" "$(value "$WORK/a" kf_locked)" -ge 2
expect "partial keyframes" "$(value "$WORK/a" kf_partial)" -eq 0
# A pageblock may be retyped between the walk of the lists and the look at the types.
expect "free blocks on another list than their pageblock's" "$(($(value "$WORK/a" kf_type_differs) * 50))" -le \
	"$(($(value "$WORK/a" kf_typed) + 50))"
# Faults are a task's own; were they seen as an interrupt's, so would be everything.
expect "allocations in interrupts" "$(($(value "$WORK/a" alloc_irq) * 4))" -le "$(value "$WORK/a" alloc)"
expect "CPUs' lists read" "$(value "$WORK/a" kf_pcps)" -ge 2
grep -q "bytes/event" "$WORK/a.err" || fail "no summary: $(cat "$WORK/a.err")"

"$REC" -q --no-names --no-keyframes -o "$WORK/b.mmt" -- "$LOAD" -n 1000 2>"$WORK/b.err" >/dev/null || fail "exit $?"
"$READ" "$WORK/b.mmt" >"$WORK/b" || fail "not readable"
[ ! -s "$WORK/b.err" ] || fail "--quiet is not: $(cat "$WORK/b.err")"
expect "names with --no-names" "$(value "$WORK/b" named)" -eq 0
"$BUILD/mmreplay" info --json "$WORK/b.mmt" >"$WORK/b.json"
! grep -q record_load "$WORK/b.json" || fail "--no-names: the command is in the recording: $(grep record_load "$WORK/b.json")"
"$BUILD/mmreplay" info --json "$WORK/a.mmt" >"$WORK/a.json"
grep -q record_load "$WORK/a.json" || fail "the command is not in a recording with names"
expect "keyframes with --no-keyframes" "$(($(value "$WORK/b" kf_first) + $(value "$WORK/b" kf_last)))" -eq 0

# SIGINT keeps everything and is no failure.
"$REC" -q -o "$WORK/c.mmt" 2>"$WORK/c.err" &
recorder=$!
sleep 1.5
"$LOAD" -n 5000 >/dev/null
kill -INT $recorder
wait $recorder || fail "exit $? after SIGINT: $(cat "$WORK/c.err")"
"$READ" "$WORK/c.mmt" >"$WORK/c" || fail "not readable after SIGINT"
expect "the file has its end after SIGINT" "$(value "$WORK/c" complete)" -eq 1
expect "allocations until SIGINT" "$(value "$WORK/c" alloc)" -ge 5000
