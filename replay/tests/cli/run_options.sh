# SPDX-License-Identifier: GPL-2.0-or-later
# Stretches, warm-up, repeats, speed and reclaim: what each changes in the result, and what it refuses.
sample
keys() { grep -E "^  \"(before_from|failed)\"|^    \"(who|modelled)\"" "$1"; }
$mmreplay run sample.mmt --json --samples 4 >whole
$mmreplay run sample.mmt --json --samples 4 --from 0 --repeat 3 >again
keys whole
# Repeats are held to each other; the whole trace from its begin is the whole trace.
grep -c '"n": 3' again
stable() { sed -e '/^  "latency_ns": {/,/^  }/d' -e '/^  "replay": {/,/^  }/d' "$1"; }
cmp <(stable whole) <(stable again) && echo "three times the same"
# What is measured before and after a moment adds up to all.
duration=$($mmreplay info --json sample.mmt | sed -n 's/^ *"duration_ns": \([0-9]*\),*$/\1/p')
quarter=$((duration / 4))
$mmreplay run sample.mmt --json --samples 4 --to $((2 * quarter))ns >begin
$mmreplay run sample.mmt --json --samples 4 --from ${quarter}ns --warm-up ${quarter}ns >rest
count() { sed -n "s/^  \"$2\": \([0-9]*\),\$/\1/p" "$1"; }
for key in allocs frees; do
	[ $(($(count begin $key) + $(count rest $key))) = "$(count whole $key)" ] && echo "$key add up"
done
[ "$(count rest before_from)" -gt 0 ] && echo "the rest begins later"
# Scaled time: at this speed all of it takes a fifth of a second.
$mmreplay run sample.mmt --json --speed $(awk "BEGIN {print $duration / 2e8}")x --latency-every 8 >timed
grep -o '"latency_mode": "[a-z_]*"' timed
awk -F'[:,]' '/^    "wall_s"/ {print ($2 >= 0.15 && $2 < 10) ? "in scaled time" : $2}' timed
$mmreplay run sample.mmt --json --latency-every 1 | grep latency_mode
# Who reclaims, and that a modelled number says so.
for who in recorded modelled none; do $mmreplay run sample.mmt --reclaim $who --json >r.$who; keys r.$who; done
$mmreplay run sample.mmt -m $machines/two-node.yaml --json >other; keys other
$mmreplay run sample.mmt | grep -E 'who reclaims|harness' | sed 's, *[0-9.][0-9.]*$, N,'
# On threads the same is asked, and locks are measured.
$mmreplay run sample.mmt --threads 2 --json -o threads >t2
for key in allocs frees; do [ "$(count t2 $key)" = "$(count whole $key)" ] && echo "$key are the same"; done
grep -c '"zone_lock": {' t2
sed -n 3p threads/locks.tsv
status $mmreplay run sample.mmt --from 1000s 2>&1 | sed 's/the end at [0-9.]* s/the end/'
for bad in '--speed fast' '--speed 0x' '--repeat 0' '--from yesterday' '--to 0' '--from 2s --to 1s' '--reclaim me' \
	'--threads 0' '--threads 2 --backend null' '--threads 2 --speed 1x' '--threads 2 --reclaim modelled'; do
	status $mmreplay run sample.mmt $bad 2>&1 | grep -v '^Try\|^information'
done
