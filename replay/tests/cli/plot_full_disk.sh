# SPDX-License-Identifier: GPL-2.0-or-later
# A full disk is one line that says so, and no half a picture stays; gnuplot itself notices nothing.
command -v gnuplot >where || skip "no gnuplot"
[ "$(id -u)" = 0 ] || skip "mounting a small tmpfs needs root"
sample
$mmreplay run -q sample.mmt -o result >report
mkdir small
unshare -m bash -c 'mount -t tmpfs -o size=16k tmpfs small && status $mmreplay plot result -o small/pictures
	find small -type f' 2>message || skip "this root may not mount a tmpfs"
sed 's/[a-z_]*\.[a-z]*:/PICTURE:/; s/after [0-9]* bytes/after N bytes/' message
