# SPDX-License-Identifier: GPL-2.0-or-later
# Settings, memory and copies: what they change, that a seed decides all that is random, and what is refused.
command -v jq >/dev/null || skip "no jq"
sample
$mmreplay cut sample.mmt -o short.mmt --to 3s >/dev/null 2>&1 && mv short.mmt sample.mmt
run() {
	$mmreplay run sample.mmt --json "$@"
}
run --set vm.min_free_kbytes=65536 --set watermark_boost_factor=0 |
	jq -c '[.start, .reclaim.who, .scenario.settings, .fallback.watermark_boosts]'
run --scale-memory 2 | jq -c '[.start, .scenario.memory_factor, .start_state.free_pages]'
run --scale-memory 50% -m two-socket | jq -c '[.start, .scenario.memory_factor, .start_state.free_pages]'
run --copies 3 | jq -c '[.allocs, .placement, .scenario.copies, .scenario.cpus, (.scenario.copy_offsets_ns | length)]'
run --copies 2 --copy-offset 250ms -m four-socket --place packed | jq -c '[.allocs, .scenario.cpus, .scenario.copy_offsets_ns]'
results() {
	run "$@" | jq -S 'del(.latency_ns, .replay)'
}
results --copies 3 --seed 5 >one.json
results --copies 3 --seed 5 | cmp - one.json && echo "the same seed, the same bytes"
results --copies 3 --seed 6 | cmp -s - one.json || echo "another seed, other offsets"
status run --set vm.colour=1
status run --set min_free_kbytes
status run --set defrag_mode=7
status run --scale-memory 0
status run --scale-memory much
status run --scale-memory 0.0001
status run --copies 0
status run --copies 2000
status run --copy-offset soon
