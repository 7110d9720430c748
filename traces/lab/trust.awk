# SPDX-License-Identifier: GPL-2.0-or-later
# trust.awk - the rows of `mmreplay trust --tsv`, with question and workload before each, as two Markdown tables.
#
# Columns: 1 question, 2 workload, 3 metric, 4 predicted, 5 true, 6 error, 7 as on A, 8 its error, 9 bar, 10 verdict,
# 11 and 12 the two errors in units of the bar, 13 and 14 the first of them where B's own requests were replayed on B.
{
	row = $1 " | " $2
	if (!(row in seen)) {
		seen[row] = 1
		rows[++nr_rows] = row
	}
	if (!($3 in known)) {
		known[$3] = 1
		metrics[++nr_metrics] = $3
	}
	if ($10 == "not judged")
		cell[row, $3] = "-"
	else if ($10 == "missed")
		cell[row, $3] = "**" $6 "** (" $8 ")"
	else
		cell[row, $3] = $6 " (" $8 ")"
	if ($10 == "missed")
		misses[++nr_misses] = row " | " $3 " | " $4 " | " $5 " | " $6 " | " $13 " | " why($3, $5, $14)
	values[row, $3] = $4 " / " $5 " / " $7
	error[row] += $11
	naive[row] += $12
	judged[row] += $10 != "not judged"
	good[row] += $10 == "good"
	all_judged[$3] += $10 != "not judged"
	all_good[$3] += $10 == "good"
	total_error += $11
	total_naive += $12
}

# Whose error is it?
function why(metric, truth, own_in_bars,    reason) {
	if (own_in_bars > 1)
		reason = "the model: with the very requests of B it misses, too"
	else
		reason = "the requests: with those of B the model is within the bar; A's came at other times, in other numbers or on other CPUs"
	if (truth + 0 < 100 && truth !~ /%/)
		reason = reason "; " truth " are few"
	return reason
}

function header(first,    m, line, rule) {
	line = first
	rule = "|---|---"
	for (m = 1; m <= nr_metrics; m++) {
		line = line " | " metrics[m]
		rule = rule "|---"
	}
	return line "@" rule
}

function print_header(first, last,    parts) {
	split(header(first), parts, "@")
	print parts[1] " | " last " |"
	print parts[2] "|---|"
}

END {
	print_header("| question | workload", "within bar; error / guess's")
	for (r = 1; r <= nr_rows; r++) {
		row = rows[r]
		line = "| " row
		for (m = 1; m <= nr_metrics; m++)
			line = line " | " cell[row, metrics[m]]
		ratio = naive[row] > 0 ? sprintf("%.2f", error[row] / naive[row]) : "-"
		print line " | " good[row] " of " judged[row] "; " ratio " |"
	}
	line = "| all | "
	for (m = 1; m <= nr_metrics; m++)
		line = line " | " (all_judged[metrics[m]] + 0 ? all_good[metrics[m]] " of " all_judged[metrics[m]] : "-")
	ratio = total_naive > 0 ? sprintf("%.2f", total_error / total_naive) : "-"
	print line " | " ratio " |"
	print ""
	print "## Values: predicted / true / as on A"
	print ""
	print_header("| question | workload", "")
	for (r = 1; r <= nr_rows; r++) {
		row = rows[r]
		line = "| " row
		for (m = 1; m <= nr_metrics; m++)
			line = line " | " values[row, metrics[m]]
		print line " | |"
	}
	print ""
	print "## Why rows miss"
	print ""
	print "| question | workload | metric | predicted | true | error | error with B's own requests | why |"
	print "|---|---|---|---|---|---|---|---|"
	for (m = 1; m <= nr_misses; m++)
		print "| " misses[m] " |"
	print ""
}
