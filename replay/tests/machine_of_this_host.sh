#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `machine from-host` says of this host what `machine from-trace` says of a recording made on it.
set -euo pipefail
[ "$(id -u)" -eq 0 ] || { echo "skip: recording needs root"; exit 77; }
[ -x "$BUILD/mmreplay-record" ] || { echo "skip: mmreplay-record was not built"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILD/mmreplay-record" --dry-run >"$work/dry" || { echo "skip: $(grep '^recording:' "$work/dry")"; exit 77; }
"$BUILD/mmreplay-record" -o "$work/host.mmt" -d 1 2>"$work/log" || { cat "$work/log"; exit 1; }
"$BUILD/mmreplay" machine from-trace "$work/host.mmt" >"$work/trace.yaml"
"$BUILD/mmreplay" machine from-host >"$work/host.yaml"
diff "$work/trace.yaml" "$work/host.yaml"
"$BUILD/mmreplay" run "$work/host.mmt" -m "$work/host.yaml" -q
