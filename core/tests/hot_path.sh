#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The hit paths in machine code: mmr_alloc_pages() and mmr_free_pages() of a release build divide
# nothing, call nothing but the long way, and are as short as they should be.
set -eu

grep -q '^CMAKE_BUILD_TYPE:STRING=Release' "$BUILD/CMakeCache.txt" || {
	echo "skip: not a release build"
	exit 77
}
command -v objdump >/dev/null || {
	echo "skip: objdump is not installed (package binutils)"
	exit 77
}
[ "$(uname -m)" = x86_64 ] || {
	echo "skip: the instructions looked for are those of x86-64"
	exit 77
}

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
objdump -dr --no-show-raw-insn "$BUILD/core/libmmr_core.a" >"$dir/all"

# function NAME LONG_WAY LIMIT: no division, no system call, calls and tail calls only to LONG_WAY
check() {
	awk -v name="<$1>:" '$2 == name { inside = 1 } inside && NF == 0 { exit } inside' "$dir/all" >"$dir/$1"
	[ -s "$dir/$1" ] || fail "$1 is not in libmmr_core.a"
	grep -E '[[:space:]](i?div[bwlq]?|divs[sd]|syscall|sysenter|int)[[:space:]]' "$dir/$1" >"$dir/bad" &&
		fail "$1 has $(head -n 1 "$dir/bad")"
	# Where calls and jumps lead outside the function: in the line itself, or in the relocation below it.
	awk -v name="$1" '
		/[[:space:]](call|jmp)q?[[:space:]].*<[^>]*>$/ {
			target = $NF
			gsub(/[<>]/, "", target)
			sub(/[+]0x.*/, "", target)
			if (target != name)
				print target
		}
		/R_X86_64_PLT32/ { sub(/-0x.*/, "", $NF); print $NF }' "$dir/$1" | sort -u >"$dir/targets"
	grep -vxE "$2([.][a-z0-9.]*)?" "$dir/targets" >"$dir/bad" && fail "$1 goes to $(head -n 1 "$dir/bad"), expected $2 alone"
	instructions=$(grep -cE '^ +[0-9a-f]+:[[:space:]]+[a-z]' "$dir/$1")
	[ "$instructions" -le "$3" ] || fail "$1 has $instructions instructions, expected at most $3"
	echo "$1: $instructions instructions, no division, no call but $2"
}

check mmr_alloc_pages alloc_pages_long_way 140
check mmr_free_pages free_pages_long_way 140
