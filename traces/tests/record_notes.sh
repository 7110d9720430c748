#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is told besides page events: --dry-run and the recording's features name the same kinds; compaction
# is seen, and where nothing tells what it took, an untraced event and keyframes follow it.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording

"$REC" --dry-run >"$WORK/dry" || fail "--dry-run: exit $?"
"$REC" -q -d 0.2 -o "$WORK/a.mmt"
"$BUILD/mmreplay" info --json "$WORK/a.mmt" >"$WORK/a.json"
for type in kswapd_wake compact_end isolate_page bulk_page alloc_request zone_wmarks; do
	watched=$(sed -n "s/.*\"event.$type\": \([0-9]\),*/\1/p" "$WORK/a.json")
	lacking=$(grep -c "^lacks: $type:" "$WORK/dry" || true)
	case $watched$lacking in
	01 | 10 | 20) echo "ok: $type: $watched in the recording, lacking: $lacking" ;;
	*) fail "$type: the recording's feature is \"$watched\", --dry-run lacks it: $lacking" ;;
	esac
done
grep -q "^lacks: alloc_request: .*--extras" "$WORK/dry" || grep -q "^lacks: alloc_request: this kernel" "$WORK/dry" ||
	fail "--dry-run does not say that alloc_request is left out: $(grep alloc_request "$WORK/dry")"

[ -w /proc/sys/vm/compact_memory ] || skip "no way to compact memory here"
# shellcheck disable=SC2016 # the command's own shell
"$REC" -q -o "$WORK/b.mmt" -d 20 -- sh -c 'sleep 1; echo 1 >/proc/sys/vm/compact_memory; sleep 2' || fail "exit $?"
"$READ" "$WORK/b.mmt" >"$WORK/b" || fail "not readable"
expect "compactions begun" "$(value "$WORK/b" compact_begin)" -ge 1
expect "compactions ended" "$(value "$WORK/b" compact_end)" -ge 1
keyframes=$(value "$WORK/b" kf_all)
zones=$(grep -c '"start_pfn"' "$WORK/a.json")
if grep -q '"event.isolate_page": 2' "$WORK/a.json"; then
	expect "untraced changes" "$(value "$WORK/b" untraced)" -eq 0
else
	expect "untraced changes" "$(value "$WORK/b" untraced)" -ge 1
	expect "keyframes" "$keyframes" -ge $((3 * zones))
fi
