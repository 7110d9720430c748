# SPDX-License-Identifier: GPL-2.0-or-later
# Usage errors exit with 2 and say what was expected.
status $mmreplay run
status $mmreplay run --start sideways a.mmt
status $mmreplay run --latency-every x a.mmt
status $mmreplay run --backend slab a.mmt
status $mmreplay run --help
