#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Events that interrupt the recording of another: the kernel skips the first program, so the second one alone sees
# them, and what was interrupted comes out of its lane after them. Pipes on every CPU are interrupted by the frees
# of processes that ended.
#
# With second programs none is lost: a page whose free were missing would be allocated twice. Without them (--lean)
# that many are lost, they are told, and they do show so: the test would see them.
# As many pages as hide from BPF with process 1 (hidden() in record_lib.sh) may seem allocated twice.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording
need_perf
hidden kmem:mm_page_free
[ ${#HIDDEN[@]} != 0 ] || skip "perf cannot count what process 1 frees"

ACCOUNT=$BUILD/tests/record_account
export LOAD

# interrupted OPTION ...: record the load. Sets nr_nested, nr_kept, nr_lost, nr_twice and nr_unseen.
interrupted() {
	local out=$WORK/out
	# shellcheck disable=SC2016 # the inner shell expands it
	"${HIDDEN[@]}" "$REC" "$@" -o "$WORK/a.mmt" -- bash -c '
		for cpu in $(seq "$(nproc)"); do "$LOAD" -p 6 & done
		while [ $SECONDS -lt 6 ]; do for k in 1 2 3 4 5 6 7 8; do /bin/true & done; wait -n; done
		wait' >/dev/null 2>"$out" || fail "exit $?: $(cat "$out")"
	nr_nested=$(sed -n 's/^ *\([0-9]*\) events interrupted the recording of another; .*/\1/p' "$out")
	nr_kept=$(sed -n 's/.* of another; \([0-9]*\) of them kept$/\1/p' "$out")
	nr_nested=${nr_nested:-0} nr_kept=${nr_kept:-0}
	nr_lost=$(awk '$1 == "lost" { print $2 }' "$out")
	"$ACCOUNT" "$WORK/a.mmt" >"$WORK/account" || fail "the keyframes cannot be followed"
	nr_twice=$(value "$WORK/account" twice_allocated)
	nr_unseen=$(counted "$WORK/hidden" free)
	echo "$* : $nr_nested interrupted another, $nr_kept kept, $nr_lost lost, $nr_twice pages allocated twice, $nr_unseen frees unseen"
}

for attempt in 1 2 3; do
	interrupted
	[ "$nr_nested" -lt 40 ] || break
	[ $attempt -lt 3 ] || skip "this machine's interrupts free too little"
done
expect "lost" "$nr_lost" -eq 0
expect "kept" "$nr_kept" -eq "$nr_nested"
expect "allocated twice" "$nr_twice" -le $((nr_unseen + nr_nested / 8))
"$BUILD/mmreplay" check "$WORK/a.mmt" >/dev/null || fail "check finds fault with it"

for attempt in 1 2 3; do
	interrupted --lean
	[ "$nr_nested" -lt 40 ] || break
	[ $attempt -lt 3 ] || skip "without second programs too few events interrupted others to compare"
done
expect "kept without a second program" "$nr_kept" -eq 0
expect "lost, and told" "$nr_lost" -eq "$nr_nested"
expect "allocated twice" "$nr_twice" -ge $((nr_nested / 3))
