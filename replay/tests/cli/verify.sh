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
tail -1 report.json
status $mmreplay verify -q --until 1000 --kernel 6.13 "$stock"
status $mmreplay verify
