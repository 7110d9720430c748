#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A minute at the full rate of all CPUs, and a minute of a compile beside a fault loop: nothing lost,
# a quarter of one CPU at most, 200 MB at most, 3.2 bytes an event at most on the compile.
#
# usage: BUILD=build traces/tests/record_sustained.sh [SECONDS]     (default 60; as root, machine otherwise idle)
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording
seconds=${1:-60}
source=$(cd "$(dirname "$0")/../.." && pwd)

pipes() {
	local cpu
	for cpu in $(seq 0 $(($(nproc) - 1))); do taskset -c "$cpu" "$LOAD" -p "$1" & done
	wait
}
compile() {
	local end=$((SECONDS + $1)) file
	"$LOAD" -d "$1" &
	while [ $SECONDS -lt $end ]; do
		for file in "$source"/core/*.c; do
			[ $SECONDS -lt $end ] || break
			cc -O2 -std=gnu11 -D_GNU_SOURCE -I"$source" -c "$file" -o /dev/null 2>/dev/null || true
		done
	done
	wait
}
export -f pipes compile
export LOAD source

for job in pipes compile; do
	"$REC" -o "$WORK/$job.mmt" -- bash -c "$job $seconds" >"$WORK/$job.load" 2>"$WORK/$job.err" || fail "exit $?: $(cat "$WORK/$job.err")"
	echo "== $job"
	cat "$WORK/$job.err"
	"$READ" "$WORK/$job.mmt" >"$WORK/read" || fail "not readable"
	events=$(awk '/events,/ { print $2; exit }' "$WORK/$job.err")
	read -r cpu memory < <(sed -n 's/.*(\([0-9.]*\) % of one CPU), \([0-9]*\) MiB.*/\1 \2/p' "$WORK/$job.err")
	bytes=$(stat -c %s "$WORK/$job.mmt")
	expect "$job: lost" "$(value "$WORK/read" lost)" -eq 0
	expect "$job: events per second" $((events / seconds)) -ge 1000
	expect "$job: MiB of memory" "$memory" -le 190
	expect "$job: hundredths of a CPU" "$(awk -v c="$cpu" 'BEGIN { printf "%d", c + 0.5 }')" -le 25
	[ $job = pipes ] || expect "$job: hundredths of a byte per event" $((bytes * 100 / events)) -le 320
	rm "$WORK/$job.mmt"
done
