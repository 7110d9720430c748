#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Two runs' JSON through compare.py of libbenchmark-tools, as a user would compare two builds.
set -eu

skip() {
	echo "skipped: $*"
	exit 77
}

compare=/usr/share/benchmark/compare.py
[ -f "$compare" ] || skip "$compare is not installed (package libbenchmark-tools)"
python=
for candidate in /usr/bin/python3 python3; do
	if "$candidate" -c 'import scipy.stats' 2>/dev/null; then
		python=$candidate
		break
	fi
done
[ -n "$python" ] || skip "no python3 with scipy, which compare.py imports (package python3-scipy)"

dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
for run in base new; do
	"$BUILD/mmreplay-bench" --benchmark_min_time=0.001 --benchmark_filter='core/pcp/' --benchmark_repetitions=3 \
		--benchmark_out="$dir/$run.json" --benchmark_out_format=json >/dev/null 2>&1
done
"$python" "$compare" --no-color benchmarks "$dir/base.json" "$dir/new.json" >"$dir/report" 2>&1 || {
	cat "$dir/report"
	exit 1
}
for order in 0 1 2 3; do
	grep -qE "^core/pcp/alloc_free_pair/order${order}_median +[+-][0-9.]+ +[+-][0-9.]+" "$dir/report" || {
		echo "FAIL: compare.py says nothing of order $order:"
		cat "$dir/report"
		exit 1
	}
done
