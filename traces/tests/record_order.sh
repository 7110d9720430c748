#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Events and keyframes fit together: a model that starts from the first keyframes and follows the
# events names the page of each allocation under the zone's lock before it happens, and ends with
# the lists of the last keyframes. On stock kernels it names all but what compaction leaves to
# repair; a kernel that takes pieces out of turn (it then has zone.block_stuck) leaves more.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording

"$REC" -q -o "$WORK/a.mmt" -- sh -c "$LOAD -n 200000; find /usr/include -name '[a-m]*.h' | xargs cat" >/dev/null
"$BUILD/tests/record_model" "$WORK/a.mmt" >"$WORK/a" || fail "not readable"
cat "$WORK/a"
exact=99 equal=99
if grep -q block_stuck /sys/kernel/btf/vmlinux; then exact=75 equal=50; fi
taken=$(value "$WORK/a" taken)
blocks=$(value "$WORK/a" blocks)
expect "allocations under a zone's lock" "$taken" -ge 1000
expect "named before they happened" "$(value "$WORK/a" right)" -ge $((taken * exact / 100))
expect "blocks of the last keyframes" "$blocks" -ge 100
expect "found where the events lead" "$(value "$WORK/a" equal)" -ge $((blocks * equal / 100))
