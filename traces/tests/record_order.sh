#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Events and keyframes fit together: a model that starts from the first keyframes and follows the
# events decides as the kernel did, and ends with the lists of the last keyframes. Stock kernels are
# held to more than this elsewhere (cli_verify_samples); the kernel here may be a vendor's, which
# moves some blocks of its own accord.
set -euo pipefail
# shellcheck source=record_lib.sh
. "$(dirname "$0")/record_lib.sh"
need_recording

"$REC" -q -o "$WORK/a.mmt" -- sh -c "$LOAD -n 200000; find /usr/include -name '[a-m]*.h' | xargs cat" >/dev/null
"$BUILD/mmreplay" verify -q --json "$WORK/a.mmt" >"$WORK/a.json" || true # 1 where anything diverged
# The sum of a number over all levels.
sum() { awk -F '[:,]' -v key="\"$1\"" '$1 ~ key && $2 ~ /^ *[0-9]+ *$/ { n += $2 } END { print n + 0 }' "$WORK/a.json"; }
decisions=$(sum decisions)
blocks=$(sum compared_blocks)
expect "decisions" "$decisions" -ge 100000
expect "decided otherwise" "$(sum diverged)" -le $((decisions / 1000))
expect "blocks of the last keyframes" "$blocks" -ge 100
expect "found where the events lead" "$(sum equal_blocks)" -ge $((blocks * 9 / 10))
