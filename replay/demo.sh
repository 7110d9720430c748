#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job from end to end, for somebody who sees mmreplay for the first time (`make demo`): record this machine
# under a workload, replay the recording on the same machine and on one with two nodes, draw, compare.
# Where recording is not possible, a checked-in recording is taken and the reason told.
#
# usage: replay/demo.sh
# Environment: RECORD=no takes a checked-in recording anyway; DEMO_OUT=DIR writes there instead of demo/;
#              BUILD=DIR takes the programs from there instead of build/
set -eu
cd "$(dirname "$0")/.."

bin=${BUILD:-build}
out=${DEMO_OUT:-demo}
work=$out/work # scratch space of the workload; removed at the end
samples=traces/samples
two_node=replay/machines/two-node.yaml
record_s=6

# shellcheck disable=SC2317 # the functions are called by name
# The workload, run by the recorder in a shell of its own: three things at a time for record_s seconds.
#   churn    programs that fill 64 MiB of fresh memory and exit
#   file     a file written, flushed, read again and deleted: page cache
#   compile  this project's own core/
run_workload() {
	export TMPDIR=$work
	local end=$((SECONDS + record_s)) job
	until_end() {
		while [ "$SECONDS" -lt $end ]; do "$@"; done
	}
	churn() {
		dd if=/dev/zero of=/dev/null bs=64M count=1 status=none
	}
	file() {
		dd if=/dev/zero of="$work/file" bs=1M count=128 conv=fsync status=none
		dd if="$work/file" of=/dev/null bs=64K status=none
		rm -f "$work/file"
	}
	compile() {
		local source
		for source in core/*.c; do
			[ "$SECONDS" -lt "$end" ] || return 0
			gcc -std=gnu11 -O2 -D_GNU_SOURCE -I. -c "$source" -o "$work/object.o"
		done
	}
	for job in churn file compile; do
		until_end $job &
	done
	wait
}
if [ "${1-}" = --workload ]; then
	run_workload
	exit
fi

step() { printf '\n=== %s\n' "$*"; }

clean_up() {
	# The recorder, if it still runs, ends its recording on SIGTERM.
	local child
	for child in $(jobs -p); do
		kill "$child" 2>/dev/null || true
		wait "$child" || true
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for needed in "$bin/mmreplay" $two_node; do
	[ -e "$needed" ] || { echo "demo: $needed is missing, expected it after make build" >&2; exit 1; }
done
mkdir -p "$out"
rm -rf "$out/recorded" "$out/two-node" "$out/figures" "$out/trace.mmt" "$work"
mkdir "$work"

# Why this machine cannot be recorded; empty where it can, as far as can be told without trying.
why_not() {
	if [ "${RECORD:-yes}" = no ]; then
		echo "RECORD=no was given"
	elif [ ! -x "$bin/mmreplay-record" ]; then
		echo "the recorder was not built here ($(sed -n 's/^-- part mmreplay-record: //p' "$bin/configure.log"))"
	elif [ "$(id -u)" -ne 0 ]; then
		echo "recording the whole system needs root, and this is user $(id -un)"
	elif [ ! -e /sys/kernel/btf/vmlinux ]; then
		echo "this kernel ($(uname -r)) has no BTF: /sys/kernel/btf/vmlinux is missing"
	fi
}

trace=$out/trace.mmt
reason=$(why_not)
if [ -z "$reason" ]; then
	step "1. Record this machine for $record_s s, while programs churn memory, write files and compile"
	# In the background, so that a ^C is handled here and the recorder can finish its file.
	"$bin/mmreplay-record" -o "$trace" -- replay/demo.sh --workload &
	wait $! || reason="the recorder failed; its message is above"
fi
if [ -n "$reason" ]; then
	trace=$(find $samples -name '*.mmt' 2>/dev/null | sort | head -1)
	[ -n "$trace" ] || { echo "demo: no recording in $samples, and this machine cannot be recorded: $reason" >&2; exit 1; }
	step "1. This machine is not recorded: $reason"
	echo "Taken instead: the checked-in recording $trace ($samples/README.md tells where it comes from)."
fi

step "2. What is in the recording: mmreplay info $trace"
"$bin/mmreplay" info "$trace" | tee "$out/info.txt"

step "3. Replay it on the machine it was recorded on: mmreplay run $trace"
"$bin/mmreplay" run -q "$trace" -o "$out/recorded"
echo "results in $out/recorded"

step "4. Replay the same requests on a machine with two nodes: mmreplay run --machine $two_node $trace"
"$bin/mmreplay" run -q "$trace" --machine $two_node -o "$out/two-node"
echo "results in $out/two-node"

figures=
step "5. Draw: mmreplay plot"
if command -v gnuplot >/dev/null; then
	figures=$("$bin/mmreplay" plot "$out/recorded" "$out/two-node" -o "$out/figures")
	echo "$(wc -l <<<"$figures") files in $out/figures"
else
	echo "gnuplot is not installed, so there are no figures"
fi

step "6. Side by side: mmreplay summary"
"$bin/mmreplay" summary "$out/recorded" "$out/two-node"

step "Files"
describe() { printf '%-36s %s\n' "$1" "$2"; }
describe "$trace" "the recording"
describe "$out/info.txt" "what is in it"
describe "$out/recorded/summary.json" "the results on the recorded machine; tables beside it (*.tsv)"
describe "$out/two-node/summary.json" "the results on two nodes"
while read -r file; do
	case $file in
	'') ;;
	*latency*) describe "$file" "how long an allocation takes in the model, by the path it took" ;;
	*free_blocks*) describe "$file" "free blocks of each order over time" ;;
	*placement*) describe "$file" "where the pages came from: node and zone" ;;
	*) describe "$file" "another figure" ;;
	esac
done <<<"$figures"
