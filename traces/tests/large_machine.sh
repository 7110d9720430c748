#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Machines of other sizes than this one: events of 512 CPUs on 16 nodes are made up, decoded and merged, and are what was
# made, in its order; memory stays what one block per CPU takes. With a thousand million events:
#	EVENTS=1000000000 BUILD=build traces/tests/large_machine.sh
set -u
large=${BUILD:?}/tests/large_machine
events=${EVENTS:-20000000}
failed=0
shape() { "$large" "$@" || { echo "FAILED: large_machine $*"; failed=1; }; }
shape --cpus 512 --nodes 16 --events "$events" --burst 100 --max-mib 256
# Each event is another CPU's; as many CPUs as a file may have; numbers that are no power of two; and one alone.
shape --cpus 512 --nodes 16 --events $((events / 8)) --max-mib 256
shape --cpus 4096 --nodes 64 --events $((events / 8)) --burst 20 --max-mib 1024
shape --cpus 3 --nodes 3 --events $((events / 20)) --seed 7
shape --cpus 1 --nodes 1 --events $((events / 20)) --burst 5
exit $failed
