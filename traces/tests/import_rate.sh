#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Importing a perf.data takes at most a fifth of the CPU time that `perf script` takes to print it, and finds as many
# events. On a recording of this machine, because a few thousand events are over before either is warm.
set -u
mmreplay=${BUILD:?}/mmreplay
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
[ "$(id -u)" = 0 ] || { echo "skip: perf record -a needs root"; exit 77; }
command -v perf >/dev/null || { echo "skip: no perf"; exit 77; }
events=kmem:mm_page_alloc,kmem:mm_page_free,kmem:mm_page_free_batched,kmem:mm_page_alloc_zone_locked
perf record -q -a -m 8M -e $events -o perf.data -- \
	sh -c 'for i in 1 2 3 4 5 6; do dd if=/dev/zero of=/dev/null bs=64M count=4 2>/dev/null; done' 2>err ||
	{ echo "skip: perf record: $(head -1 err)"; exit 77; }

# cpu_ms COMMAND...: user and system time; the smallest of three
cpu_ms() {
	local best=999999999 i t
	for i in 1 2 3; do
		t=$( { TIMEFORMAT='%U %S'; time "$@" >out 2>/dev/null; } 2>&1 | awk '{ print int(($1 + $2) * 1000 + 0.5) }')
		((t < best)) && best=$t
	done
	echo "$best"
}
script=$(cpu_ms perf script -i perf.data)
lines=$(grep -c 'kmem:mm_page_' out)
import=$(cpu_ms "$mmreplay" import perf perf.data -o x.mmt)
found=$(sed -n 's/^x.mmt: \([0-9]*\) events.*/\1/p' out)
echo "$lines events: perf script $script ms, import $import ms"
[ "$found" = "$lines" ] || { echo "FAILED: imported $found events, perf script prints $lines"; exit 1; }
[ $((import * 5)) -le "$script" ] || { echo "FAILED: expected at most a fifth"; exit 1; }
