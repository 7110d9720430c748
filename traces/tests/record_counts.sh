#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The recorder counts what an independent counter counts. perf counts the same tracepoints once
# inside the recording and once around it, so for every kind of event
#     inside <= recorded <= around
# holds exactly, however busy the machine is, unless the recorder misses or doubles events.
# What hides from BPF with process 1 (hidden() in record_lib.sh) may be missing.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording
need_perf

events=kmem:mm_page_alloc,kmem:mm_page_free,kmem:mm_page_free_batched,kmem:mm_page_alloc_zone_locked
events+=,kmem:mm_page_pcpu_drain,kmem:mm_page_alloc_extfrag
pages=300000
count() { perf stat -a -x, -e "$events" -o "$1" -- "${@:2}"; }
export -f count
count "$WORK/probe" true 2>"$WORK/probe.err" || skip "perf stat cannot count these: $(tail -1 "$WORK/probe.err")"

export events
hidden "$events"
"${HIDDEN[@]}" perf stat -a -x, -e "$events" -o "$WORK/around" -- "$REC" -q --no-keyframes -o "$WORK/a.mmt" -- \
	perf stat -a -x, -e "$events" -o "$WORK/inside" -- "$LOAD" -n $pages >/dev/null
"$READ" "$WORK/a.mmt" >"$WORK/a" || fail "not readable"
expect "nothing lost" "$(value "$WORK/a" lost)" -eq 0
for pair in alloc:alloc free:free free_batched:free_batched alloc_zone_locked:zone_locked \
	pcpu_drain:pcpu_drain alloc_extfrag:extfrag; do
	recorded=$(value "$WORK/a" "${pair#*:}")
	expect "${pair#*:}: recorded against perf inside" "$recorded" -ge \
		$(($(counted "$WORK/inside" "${pair%:*}") - $(counted "$WORK/hidden" "${pair%:*}")))
	expect "${pair#*:}: recorded against perf around" "$recorded" -le "$(counted "$WORK/around" "${pair%:*}")"
done
expect "perf saw the load" "$(counted "$WORK/inside" alloc)" -ge $pages
# What lies between the brackets is two programs' start: if it were most of it all, the test would show nothing.
expect "the brackets are narrow" "$(counted "$WORK/around" alloc)" -le $(($(counted "$WORK/inside" alloc) * 3 / 2))
