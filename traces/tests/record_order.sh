#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Events and keyframes fit together.
#
# Page by page, without a model, in every recording: what was free at first, less what was allocated,
# plus what was freed, is what is free at last. A thousandth may differ (allocations in bulk have no
# event, nor have the pages that a hypervisor's balloon holds while the keyframe is taken), and what
# compaction isolated.
#
# Decision by decision, in one recording of five: a model that starts from the first keyframes and
# follows the events decides as the kernel did, and ends with the lists of the last ones. Free page
# reporting takes blocks off the lists and puts them back at the tail, without an event; each pass of
# it moves everything that comes later to another place. So blocks are looked for on their list, not
# at their place, and a recording with many such passes is not held against the recorder. Stock
# kernels are held to more than this elsewhere (cli_verify_samples).
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording

ACCOUNT=$BUILD/tests/record_account
isolated() { awk '$1 == "compact_isolated" { print $2 }' /proc/vmstat; }
# The sum of a number over all levels.
sum() { awk -F '[:,]' -v key="\"$1\"" '$1 ~ key && $2 ~ /^ *[0-9]+ *$/ { n += $2 } END { print n + 0 }' "$WORK/a.json"; }

for attempt in 1 2 3 4 5; do
	before=$(isolated)
	"$REC" -q -o "$WORK/a.mmt" -- sh -c "$LOAD -n 200000; find /usr/include -name '[a-m]*.h' | xargs cat" >/dev/null
	moved=$(($(isolated) - before))
	"$ACCOUNT" "$WORK/a.mmt" >"$WORK/account" || fail "the keyframes cannot be followed"
	pages=$(value "$WORK/account" end_free)
	expect "pages of the last keyframes" "$pages" -ge 10000
	expect "free at first" "$(value "$WORK/account" begin_free)" -ge 10000
	expect "free at last, and no event says so" "$(value "$WORK/account" end_not_freed)" -le $((pages / 1000 + moved))
	expect "freed, and not free at last" "$(value "$WORK/account" end_absent)" -le $((pages / 1000 + moved))
	expect "allocated twice" "$(value "$WORK/account" twice_allocated)" -le $((pages / 1000 + moved))

	"$BUILD/mmreplay" verify -q --json "$WORK/a.mmt" >"$WORK/a.json" || true # 1 where anything diverged
	decisions=$(sum decisions)
	blocks=$(sum compared_blocks)
	expect "decisions" "$decisions" -ge 100000
	expect "blocks of the last keyframes" "$blocks" -ge 100
	echo "decided otherwise: $(sum diverged) of $decisions; on their list: $(sum listed_blocks) of $blocks blocks"
	if [ "$(sum diverged)" -le $((decisions / 1000)) ] && [ "$(sum listed_blocks)" -ge $((blocks * 9 / 10)) ]; then
		echo "ok: recording $attempt is as the model has it"
		exit 0
	fi
done
fail "in none of five recordings does the model come to the kernel's lists"
