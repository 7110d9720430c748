#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Events that interrupt the recording of another: the kernel skips the first program, so the second one alone sees
# them, and what was interrupted comes out of its lane after them. Pipes on every CPU are interrupted by the frees
# of processes that ended.
#
# With second programs none is lost: a page whose free were missing would be allocated twice. Without them (--lean)
# that many are lost, they are told, and they do show so: the test would see them.
#
# Some virtual machines' kernels run no BPF program in the context of process 1, their agent, nor in an interrupt on
# top of it. perf sees the frees there: so many pages may seem allocated twice.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording
command -v perf >/dev/null || skip "no perf here to count independently"
# perf looks for tracefs at its usual place: mounted there for this test only, in its own namespace.
if [ -z "${MMR_OWN_MOUNTS:-}" ] && [ ! -d /sys/kernel/tracing/events ]; then
	unshare -m true 2>/dev/null || skip "tracefs is not mounted and no mount namespace can be made"
	MMR_OWN_MOUNTS=1 exec unshare -m "$0"
fi
[ -d /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing || skip "tracefs cannot be mounted"
# shellcheck disable=SC2054 # the comma is the separator perf writes
unseen=(perf stat -x, -e kmem:mm_page_free -p 1 -o "$WORK/unseen" --)
"${unseen[@]}" true 2>/dev/null || skip "perf cannot count what process 1 frees"

ACCOUNT=$BUILD/tests/record_account
export LOAD

# interrupted OPTION ...: record the load. Sets nr_nested, nr_kept, nr_lost, nr_twice and nr_unseen.
interrupted() {
	local out=$WORK/out
	# shellcheck disable=SC2016 # the inner shell expands it
	"${unseen[@]}" "$REC" "$@" -o "$WORK/a.mmt" -- bash -c '
		for cpu in $(seq "$(nproc)"); do "$LOAD" -p 6 & done
		while [ $SECONDS -lt 6 ]; do for k in 1 2 3 4 5 6 7 8; do /bin/true & done; wait -n; done
		wait' >/dev/null 2>"$out" || fail "exit $?: $(cat "$out")"
	nr_nested=$(sed -n 's/^ *\([0-9]*\) events interrupted the recording of another; .*/\1/p' "$out")
	nr_kept=$(sed -n 's/.* of another; \([0-9]*\) of them kept$/\1/p' "$out")
	nr_nested=${nr_nested:-0} nr_kept=${nr_kept:-0}
	nr_lost=$(awk '$1 == "lost" { print $2 }' "$out")
	"$ACCOUNT" "$WORK/a.mmt" >"$WORK/account" || fail "the keyframes cannot be followed"
	nr_twice=$(value "$WORK/account" twice_allocated)
	nr_unseen=$(awk -F, '$3 == "kmem:mm_page_free" { print $1 + 0 }' "$WORK/unseen")
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
