# SPDX-License-Identifier: GPL-2.0-or-later
# A stock kernel's recording: nothing diverges, and all lists end as the kernel's. What is cut is told.
stock=$samples/stock-6.12-2node-churn.mmt
[ -e "$stock" ] || skip "no $stock"
status $mmreplay verify -q --json "$stock" >report.json
grep -E '"(schema|kernel_profile|diverged|first_divergence|nothing_claimed_from|passed)": [^{]' report.json
tail -1 report.json
equal() {
	sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" report.json
}
[ "$(equal compared_blocks)" -gt 500 ] && [ "$(equal compared_blocks)" = "$(equal equal_blocks)" ] &&
	echo "every free block lies where the kernel's lies"
[ "$(equal compared_pcp_blocks)" = "$(equal equal_pcp_blocks)" ] && echo "so does every per-CPU page"
head -c 400000 "$stock" >cut.mmt
status $mmreplay verify -q --json cut.mmt >report.json
grep -c '"nothing_claimed_from": [0-9]' report.json
grep -E '"(complete|lost)"' report.json
$mmreplay verify -q cut.mmt | tail -3
tail -1 report.json
head -c 3000 "$stock" >begin.mmt
status $mmreplay verify -q begin.mmt
status $mmreplay verify -q --until 1000 --kernel 6.13 "$stock"
status $mmreplay verify
# A block of events that is damaged: what is missing counts as lost, up to the next keyframes; still it fails.
cp "$stock" damaged.mmt
printf 'x' | dd of=damaged.mmt bs=1 seek=415000 conv=notrunc 2>dd.log
status $mmreplay verify -q damaged.mmt 2>&1 | sed -n 's/^\(mmreplay verify: damaged.mmt: byte \).*\(damaged events block\).*/\1... \2/p
	/not whole/,/^exit/p'
$mmreplay verify -q --json damaged.mmt 2>/dev/null >report.json
grep -E '"(damaged|passed|nothing_claimed_from|from|to)"' report.json
# What no function could be probed for is not in the recording, and verify says so.
vendor=$samples/vendor-6.18-1node-demo.mmt
$mmreplay verify -q "$vendor" | sed -n '/does not tell/,/^$/p'
