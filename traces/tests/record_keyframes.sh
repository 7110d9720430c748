#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Keyframes during a recording, and an end to how long one may hold a zone's lock.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording

"$REC" -o "$WORK/a.mmt" --keyframe-every 0.5 -- "$LOAD" -d 4 >/dev/null 2>"$WORK/a.err" || fail "exit $?: $(cat "$WORK/a.err")"
"$READ" "$WORK/a.mmt" >"$WORK/a" || fail "not readable"
zones=$(value "$WORK/a" zones)
expect "first keyframes, one a zone" "$(value "$WORK/a" kf_first)" -eq "$zones"
expect "last keyframes, one a zone" "$(value "$WORK/a" kf_last)" -eq "$zones"
# Seven are due; a machine under load may be late for some.
expect "keyframes of all zones, two of them at the ends" "$(value "$WORK/a" kf_all)" -ge $((5 * zones))
expect "keyframes more often than asked for" "$(value "$WORK/a" kf_all)" -le $((10 * zones))
expect "partial keyframes" "$(value "$WORK/a" kf_partial)" -eq 0
expect "lost" "$(value "$WORK/a" lost)" -eq 0

# A walk of a hundred thousand blocks takes milliseconds; here it may take a twentieth of one.
"$REC" -o "$WORK/b.mmt" --keyframe-max-hold 0.05 -- "$LOAD" -n 1000 >/dev/null 2>"$WORK/b.err" || fail "exit $?: $(cat "$WORK/b.err")"
"$READ" "$WORK/b.mmt" >"$WORK/b" || fail "not readable"
expect "keyframes cut short are partial" "$(value "$WORK/b" kf_partial)" -ge 1
expect "blocks they leave out" "$(value "$WORK/b" kf_missing)" -ge 1
grep -q "parts in all, to hold no lock longer than --keyframe-max-hold" "$WORK/b.err" || fail "not told: $(cat "$WORK/b.err")"
"$BUILD/mmreplay" info --json "$WORK/b.mmt" >"$WORK/info"
grep -q '"parts": true' "$WORK/info" || fail "info does not tell the parts"
# Not held longer than asked for, but for the events an interrupt brings into a walk.
longest=$(sed -n '/"keyframe_hold_ns"/,/}/s/.*"longest": \([0-9]*\).*/\1/p' "$WORK/info")
expect "ns a lock was held at a time, 50,000 asked for" "$longest" -le 5000000

status=0
"$REC" -o "$WORK/c.mmt" --no-keyframes --keyframe-every 1 -d 1 2>/dev/null || status=$?
expect "status of a contradiction" $status -eq 2
