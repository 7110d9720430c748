# SPDX-License-Identifier: GPL-2.0-or-later
# lab.sh - what the lab's commands share; sourced by bash, never run.
# shellcheck shell=bash

LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
LAB_CACHE=${MMR_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mmreplay/lab}
LAB_NAME=${0##*/}

# Exit codes of every lab command.
EXIT_FAILED=1
EXIT_USAGE=2
EXIT_SKIP=77

say() { printf 'lab %s: %s\n' "$LAB_NAME" "$*" >&2; }
die() { say "$@"; exit $EXIT_FAILED; }
usage_error() { say "$* (see --help)"; exit $EXIT_USAGE; }
skip() { say "skipped: $*"; exit $EXIT_SKIP; }

# need_tools TOOL ...: skip, naming the Debian package, where one is missing.
need_tools() {
	local tool package
	for tool; do
		command -v "$tool" >/dev/null && continue
		case $tool in
		qemu-system-x86_64) package=qemu-system-x86 ;;
		busybox) package=busybox-static ;;
		dpkg-deb) package=dpkg ;;
		apt-get | apt-cache) package=apt ;;
		xz) package=xz-utils ;;
		*) package=$tool ;;
		esac
		skip "no $tool here (Debian package $package)"
	done
}

# show_help FILE: the block of comments after the SPDX line is the command's help.
show_help() { sed -n '3,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"; }

# The kernels in the cache as "VERSION RELEASE", newest first. 6.12.107 is a version,
# 6.12.107+deb13-amd64 (what uname -r says) a release.
cached_kernels() {
	local folder
	for folder in "$LAB_CACHE"/kernels/*/; do
		[ ! -f "$folder/version" ] || printf '%s %s\n' "$(<"$folder/version")" "$(basename "$folder")"
	done | sort -rV
}

# select_kernel WANT: of "VERSION RELEASE [default]" lines on stdin, newest first, the release of the
# first default one whose version starts with WANT, or else of the first one. WANT may end in a
# flavour: 7.3-rt, 6.12-cloud.
select_kernel() {
	local want=${1%%-*} flavour=
	case $1 in *-*) flavour=${1#*-}- ;; esac
	awk -v want="$want." -v flavour="$flavour" '
		index($1 ".", want) != 1 { next }
		flavour == "" && $2 ~ /-(cloud|rt)-amd64$/ { next }
		flavour != "" && $2 !~ "-" flavour "amd64$" { next }
		first == "" { first = $2 }
		$3 == "default" && preferred == "" { preferred = $2 }
		END { if (first != "") print preferred != "" ? preferred : first }'
}
