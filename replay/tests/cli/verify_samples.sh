# SPDX-License-Identifier: GPL-2.0-or-later
# On stock kernels the model makes the kernel's decisions: no divergence on any level, and every list of the last
# keyframes equal, block by block and in order. The vendor's kernel differs by what its vendor changed.
for recording in "$samples"/stock-*.mmt; do
	$mmreplay verify -q "$recording" --json >report.json
	echo "$(basename "$recording"): exit $?"
	grep -q '"first_divergence": null' report.json && echo "no divergence"
	[ "$(sed -n 's/.*"compared_blocks": \([0-9]*\).*/\1/p' report.json)" = \
		"$(sed -n 's/.*"equal_blocks": \([0-9]*\).*/\1/p' report.json)" ] && echo "keyframes equal"
done
$mmreplay verify -q "$samples"/vendor-*.mmt | grep "^This kernel is patched"
