# SPDX-License-Identifier: GPL-2.0-or-later
# Start states: aged by a seed, saved and loaded, and states that cannot be taken.
command -v jq >/dev/null || skip "no jq"
sample
$mmreplay cut sample.mmt -o short.mmt --to 3s >/dev/null 2>&1 && mv short.mmt sample.mmt
run() {
	$mmreplay run sample.mmt --json "$@"
}
results() {
	run "$@" | jq -S 'del(.latency_ns, .replay)'
}
for start in recorded empty aged aged:free=0.1,scatter=60%,frag=0.95; do
	run --start $start | jq -c '.start_state | del(.free_pages) | map_values(if type == "number" then (. * 100 | round) else . end)'
done
results --start aged --seed 3 >one.json
results --start aged --seed 3 | cmp - one.json && echo "the same seed, the same past"
results --start aged --seed 4 | cmp -s - one.json || echo "another seed, another past"
# What a run left is what the next begins with.
run --start aged --seed 3 --save-state state.mms | jq -c '[.fragmentation.end | map_values(.nr_free)]' >end.json
run --start state.mms | jq -c '[.fragmentation.begin | map_values(.nr_free)]' | cmp - end.json && echo "the state came back"
run --start state.mms | jq -c '.start_state | [.kind, (.checksum | length)]'
run --start state.mms --save-state again.mms --to 1ns >/dev/null
results --start state.mms >first.json
results --start state.mms | cmp - first.json && echo "the same state, the same bytes"
run --start state.mms --kernel 6.1 | jq -c '[.kernel_profile, .start_state.kind]'
# What is refused.
head -c 3000 state.mms >cut.mms
status run --start cut.mms
{ head -c 500 state.mms; printf 'x'; tail -c +502 state.mms; } >changed.mms
status run --start changed.mms 2>&1 | sed 's/byte [0-9]*/byte N/'
status run --start state.mms -m laptop
status run --start state.mms --copies 2
status run --start sample.mmt
status run --start nowhere.mms
status run --start sideways
status run --start aged:free=2
status run --start aged:colour=1
status run --start recorded -m laptop
status $mmreplay run sample.mmt -q --save-state /nonexistent/state.mms
status $mmreplay run sample.mmt -q --save-state x.mms --backend null
# A recording without keyframes has no state of its own: said in the result.
$mmreplay import ftrace "$SOURCE/traces/tests/data/ftrace.txt" -o bare.mmt >/dev/null 2>&1
status $mmreplay run bare.mmt
status $mmreplay run bare.mmt -m laptop
$mmreplay run bare.mmt -m laptop -k 6.12 --json | jq -c '[.start, .warnings]'
# Nor has one of which only the end has keyframes.
$mmreplay cut sample.mmt -o late.mmt --from 1s >/dev/null 2>&1
run() {
	$mmreplay run late.mmt --json "$@"
}
run | jq -c '[.start, .failed, .warnings]'
run --start recorded | jq -c '[.start, .failed, .warnings]'
# A result that cannot be kept is refused before the replay.
status $mmreplay run sample.mmt -q -o late.mmt
status $mmreplay run sample.mmt -q -o nowhere/result
# What is no file is written into, not replaced.
mkfifo pipe
cat pipe >through.mms &
$mmreplay run -q sample.mmt --save-state end.mms
$mmreplay run -q sample.mmt --save-state pipe
wait
[ -p pipe ] && cmp end.mms through.mms && echo "through a pipe: the same state"
