# SPDX-License-Identifier: GPL-2.0-or-later
# A result that cannot be written is an error that names the file.
sample
status $mmreplay run --json sample.mmt >/dev/full
[ "$(id -u)" = 0 ] || skip "mounting a small tmpfs needs root"
mkdir small
unshare -m bash -c 'mount -t tmpfs -o size=8k tmpfs small && status '"$mmreplay"' run -q sample.mmt -o small/result' ||
	skip "this root may not mount a tmpfs"
