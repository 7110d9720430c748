# SPDX-License-Identifier: GPL-2.0-or-later
# What the recorder's script tests share; sourced, never run. BUILD is the build folder.
# shellcheck shell=bash

REC=$BUILD/mmreplay-record
READ=$BUILD/tests/record_read
LOAD=$BUILD/tests/record_load
WORK=$(mktemp -d "${TMPDIR:-/tmp}/mmr-record.XXXXXX")
MOUNTS=()

cleanup() {
	local m
	for m in "${MOUNTS[@]}"; do umount "$m"; done
	rm -rf "$WORK"
}
trap cleanup EXIT

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*"; exit 1; }

[ -x "$REC" ] || skip "no mmreplay-record was built here"

# need_recording: skip where this machine does not let us record.
need_recording() {
	[ -r /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
	"$REC" -q -d 0.1 -o "$WORK/probe.mmt" 2>"$WORK/probe.err" || skip "$(cat "$WORK/probe.err")"
	rm -f "$WORK/probe.mmt"
}

# need_perf: skip where perf cannot count here. It looks for tracefs at its usual place: mounted there for this test
# only, in a namespace of its own, in which the test begins again.
need_perf() {
	command -v perf >/dev/null || skip "no perf here to count independently"
	if [ -z "${MMR_OWN_MOUNTS:-}" ] && [ ! -d /sys/kernel/tracing/events ]; then
		unshare -m true 2>/dev/null || skip "tracefs is not mounted and no mount namespace can be made"
		rm -rf "$WORK"
		MMR_OWN_MOUNTS=1 exec unshare -m "$0"
	fi
	[ -d /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing || skip "tracefs cannot be mounted"
}

# hidden EVENTS: what to put before a command so that perf counts process 1's EVENTS into $WORK/hidden; sets HIDDEN,
# empty where perf may not. Some virtual machines' kernels run no BPF program in the context of process 1, their agent,
# nor in an interrupt on top of it; perf sees the latter's events.
hidden() {
	HIDDEN=(perf stat -x, -e "$1" -p 1 -o "$WORK/hidden" --)
	"${HIDDEN[@]}" true 2>/dev/null || HIDDEN=()
}

# counted FILE TYPE: what perf stat counted; 0 where it did not.
counted() { { cat "$1" 2>/dev/null || true; } | awk -F, -v name="kmem:mm_page_$2" '$3 == name { n = $1 } END { print n + 0 }'; }

# value FILE NAME: what record_read said of NAME in FILE.
value() { awk -v name="$2" '$1 == name { print $2; found = 1 } END { exit !found }' "$1"; }

# expect NAME LEFT OP RIGHT: a comparison that names what was compared when it fails.
expect() {
	[ "$2" "$3" "$4" ] || fail "$1: found $2, expected $3 $4"
	echo "ok: $1: $2 $3 $4"
}
