# SPDX-License-Identifier: GPL-2.0-or-later
# A result that cannot be written is an error that names the file.
sample
$mmreplay run -q --json sample.mmt >/dev/full
echo "exit $?"
[ "$(id -u)" = 0 ] || skip "mounting a small tmpfs needs root"
mkdir small
unshare -m bash -c 'mount -t tmpfs -o size=8k tmpfs small && status $mmreplay run -q sample.mmt -o small/result' \
	2>message || skip "this root may not mount a tmpfs"
# Which table is the first that does not fit depends on the times measured.
sed 's|/[a-z_]*\.[a-z]*:|/TABLE:|' message
