# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel lines behaviour by behaviour; one switched alone; a name that is not known.
status $mmreplay kernel 6.12 6.12,pcp=5.14,defrag_mode=1
$mmreplay kernel | head -n 1
$mmreplay kernel --all 7.3 | grep -E '^(axis|shuffle|trace_dialect) '
$mmreplay kernel --json 6.18,capture=request_order | grep -E '"(schema|capture)": "'
status $mmreplay kernel 6.12,pcp=5.15
status $mmreplay kernel 5.10
