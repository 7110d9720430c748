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

# value FILE NAME: what record_read said of NAME in FILE.
value() { awk -v name="$2" '$1 == name { print $2; found = 1 } END { exit !found }' "$1"; }

# expect NAME LEFT OP RIGHT: a comparison that names what was compared when it fails.
expect() {
	[ "$2" "$3" "$4" ] || fail "$1: found $2, expected $3 $4"
	echo "ok: $1: $2 $3 $4"
}
