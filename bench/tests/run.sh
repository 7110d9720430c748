#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# mmreplay-bench as a program: every benchmark runs a little and leaves a sound model, the JSON holds
# what it should, options nobody knows are refused.
set -eu

dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
bench=$BUILD/mmreplay-bench

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

"$bench" --benchmark_list_tests >"$dir/list"
for name in core/pcp/alloc_free_pair/order0 core/pcp/alloc_free_pair/order3 core/order9_pair \
	core/random_lifetime/order0 core/random_lifetime/order0_bursts core/mixed_orders \
	core/buddy/mixed_orders jemalloc/pcp/alloc_free_pair/order0 jemalloc/order9_pair \
	jemalloc_no_tcache/random_lifetime/order0 jemalloc/mixed_orders; do
	grep -qx "$name" "$dir/list" || fail "no benchmark $name"
done

# The large live sets of the peers are left out: they take most of the time.
"$bench" --benchmark_min_time=0.001 --benchmark_filter='^core/|_pair' --benchmark_out="$dir/out.json" \
	--benchmark_out_format=json >"$dir/console" 2>"$dir/table" || fail "exit $?: $(cat "$dir/table")"
grep -q 'ERROR' "$dir/console" && fail "$(grep ERROR "$dir/console")"
ran=$(grep -c '"run_type": "iteration"' "$dir/out.json")
listed=$(grep -cE '^core/|_pair' "$dir/list")
[ "$ran" = "$listed" ] || fail "$ran results in the JSON, $listed benchmarks listed"
grep -q '"items_per_second": ' "$dir/out.json" || fail "no items_per_second in the JSON"
grep -q '"core_kernel_profile": ' "$dir/out.json" || fail "no kernel profile in the JSON's context"
grep -q '"core_machine": "1 node, 16 GiB, zone Normal: PCP batch [1-9]' "$dir/out.json" ||
	fail "no PCP settings in the JSON's context"
grep -qE '^core/pcp/alloc_free_pair/order0 +[0-9.]+ +jemalloc/pcp/alloc_free_pair/order0 +[0-9.]+ +[0-9.]+  bar 1.00: (met|MISSED)$' \
	"$dir/table" || fail "no ratio of the PCP pair in: $(cat "$dir/table")"

grep -qE '^core/order9_pair +[0-9.]+ +bar 30 ns: (met|MISSED)$' "$dir/table" ||
	fail "no verdict on the order-9 pair in: $(cat "$dir/table")"
grep -qE '^metadata per touched page +1[01]\.[0-9]+ +bar 12 bytes: met$' "$dir/table" ||
	fail "metadata above the bar, or not said: $(cat "$dir/table")"
grep -q '"metadata_bytes_per_page": ' "$dir/out.json" || fail "no metadata_bytes_per_page in the JSON"

# Repetitions come to the same number of iterations; Google Benchmark aborts where they do not.
"$bench" --benchmark_min_time=0.01 --benchmark_repetitions=3 --benchmark_filter='core/(mixed|buddy|.*order9_bursts)' \
	--benchmark_report_aggregates_only=true >"$dir/console" 2>"$dir/err" || fail "repetitions: $(cat "$dir/err")"
"$bench" --benchmark_min_time=0.001 --benchmark_repetitions=3 --benchmark_filter='order9_pair' \
	--benchmark_report_aggregates_only=true >"$dir/out" 2>"$dir/table"
core=$(awk '$1 == "core/order9_pair_median" { printf "%.0f", $4 }' "$dir/out")
table=$(awk '$1 == "core/order9_pair" && $3 ~ /^jemalloc/ { printf "%.0f", $2 }' "$dir/table")
[ -n "$core" ] && [ "$core" = "$table" ] || fail "the table says $table ns, the median is $core ns: $(cat "$dir/out" "$dir/table")"
[ "$(grep -c '_median ' "$dir/console")" = 3 ] || fail "expected three medians in: $(cat "$dir/console")"

# Standard output stays JSON when JSON is asked for.
"$bench" --benchmark_min_time=0.001 --benchmark_filter=order9_pair --benchmark_format=json >"$dir/stdout.json" 2>"$dir/err"
[ "$(head -c 1 "$dir/stdout.json")" = "{" ] || fail "stdout is not JSON: $(head -1 "$dir/stdout.json")"
[ "$(tail -n 1 "$dir/stdout.json")" = "}" ] || fail "stdout does not end as JSON"

# A recording is replayed to its end, whatever the name of its folder; one that is none is a failure.
sample=$(find "$SOURCE/traces/samples" -name '*.mmt' | head -n 1)
if [ -n "$sample" ] && grep -q '^replay/' "$dir/list"; then
	mkdir "$dir/a b" && cp "$sample" "$dir/a b/x.mmt"
	MMREPLAY_SAMPLES="$dir/a b" "$bench" --benchmark_min_time=0.001 --benchmark_filter=^replay/ >"$dir/console" 2>"$dir/err" ||
		fail "replay: exit $?: $(cat "$dir/console" "$dir/err")"
	grep -q '^replay/events/core/x  *[0-9]' "$dir/console" || fail "no replay of x.mmt in: $(cat "$dir/console")"
	echo "not a trace" >"$dir/a b/y.mmt"
	status=0
	MMREPLAY_SAMPLES="$dir/a b" "$bench" --benchmark_filter=core/y >"$dir/console" 2>"$dir/err" || status=$?
	[ "$status" = 1 ] || fail "a file that is no trace exits $status, expected 1"
	grep -q 'y.mmt: ' "$dir/console" || fail "the failure does not name y.mmt: $(cat "$dir/console")"
	mkdir "$dir/none"
	MMREPLAY_SAMPLES="$dir/none" "$bench" --benchmark_list_tests 2>"$dir/err" | grep -q '^replay/' &&
		fail "replays without recordings"
	grep -q "none: no recordings" "$dir/err" || fail "nothing said about missing recordings"
fi

status=0
"$bench" --benchmark_filter=no/such/benchmark >"$dir/out" 2>"$dir/err" || status=$?
[ "$status" = 2 ] || fail "a filter that picks nothing exits $status, expected 2"
grep -q 'no/such/benchmark' "$dir/err" || fail "nothing said of the filter: $(cat "$dir/err")"
grep -q 'benchmark_list_tests says' "$dir/err" || fail "nothing said of what there is: $(cat "$dir/err")"

status=0
"$bench" --no-such-option >/dev/null 2>&1 || status=$?
[ "$status" = 2 ] || fail "an unknown option exits $status, expected 2"
"$bench" --help | grep -q 'Example:' || fail "--help has no example"
