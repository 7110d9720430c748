# SPDX-License-Identifier: GPL-2.0-or-later
# Usage errors exit with 2 and say what was expected.
status $mmreplay run
status $mmreplay run --start sideways a.mmt
status $mmreplay run --latency-every x a.mmt
status $mmreplay run --backend slab a.mmt
status $mmreplay run --set min_free_kbytes a.mmt
status $mmreplay run --set min_free_kbytes=1,x a.mmt
status $mmreplay run --policy cc1=bind: a.mmt
status $mmreplay run --cpuset-cpus 3-1 a.mmt
status $mmreplay run --cpuset-mems cc1=0, a.mmt
status $mmreplay run --help
