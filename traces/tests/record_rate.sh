#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ten seconds of a fault loop at full rate: no event lost.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording

seconds=${MMR_RATE_SECONDS:-10}
"$REC" -o "$WORK/a.mmt" -- "$LOAD" -d "$seconds" >"$WORK/load" 2>"$WORK/a.err" || fail "exit $?: $(cat "$WORK/a.err")"
pages=$(awk '{ print $2 }' "$WORK/load")
"$READ" "$WORK/a.mmt" >"$WORK/a" || fail "not readable"
cat "$WORK/load" "$WORK/a.err"
expect "lost" "$(value "$WORK/a" lost)" -eq 0
expect "allocations" "$(value "$WORK/a" alloc)" -ge "$pages"
expect "frees" "$(value "$WORK/a" free)" -ge "$pages"
