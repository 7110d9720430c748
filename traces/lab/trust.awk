# SPDX-License-Identifier: GPL-2.0-or-later
# trust.awk - the rows of `mmreplay trust --tsv`, with question and workload before each, as Markdown tables.
#
# Columns: 1 question, 2 workload, 3 metric, 4 predicted, 5 true, 6 error, 7 as on A, 8 its error, 9 bar, 10 verdict,
# 11 and 12 the two errors in units of the bar, 13 and 14 the first of them where B's own requests were replayed on B.
#
# The floor of a row is what the same workload does when A is recorded again: the error of the guess "as on A" in the
# question same-again, or in same-again-X for questions that end in -X.
{
	row = $1 " | " $2
	if (!(row in question)) {
		question[row] = $1
		workload[row] = $2
		rows[++nr_rows] = row
	}
	if (!($3 in known)) {
		known[$3] = 1
		metrics[++nr_metrics] = $3
	}
	if ($1 ~ /^same-again/) {
		floor[$1, $2, $3] = $8
		floor_bars[$1, $2, $3] = $12
		suffixes[substr($1, length("same-again") + 1)] = 1
	}
	judged[row, $3] = $10 != "not judged"
	missed[row, $3] = $10 == "missed"
	predicted[row, $3] = $4
	truth[row, $3] = $5
	error[row, $3] = $6
	as_on_a[row, $3] = $7
	guess[row, $3] = $8
	error_bars[row, $3] = $11
	guess_bars[row, $3] = $12
	own[row, $3] = $13
	own_bars[row, $3] = $14
}

# The question that is the floor of @name.
function floor_of(name,    suffix, best) {
	best = ""
	for (suffix in suffixes)
		if (length(suffix) > length(best) && substr(name, length(name) - length(suffix) + 1) == suffix)
			best = suffix
	return "same-again" best
}

# Whose error is it? The words are explained in the text above the table.
function why(row, metric, at_floor,    reason) {
	if (own_bars[row, metric] > 1)
		reason = "model"
	else if (at_floor > 1)
		reason = "floor"
	else
		reason = "requests"
	if (truth[row, metric] + 0 < 100 && truth[row, metric] !~ /%/)
		reason = reason ", few"
	return reason
}

function print_header(first, last,    m, line, rule) {
	line = first
	rule = "|---|---"
	for (m = 1; m <= nr_metrics; m++) {
		line = line " | " metrics[m]
		rule = rule "|---"
	}
	print line " | " last " |"
	print rule "|---|"
}

function ratio(a, b) { return b > 0 ? sprintf("%.2f", a / b) : "-" }

function print_errors(    r, m, row, metric, key, line, mark, nr, good, sum, sum_guess, sum_floor, all, all_guess, all_floor) {
	print_header("| question | workload", "within bar; error / guess's; error / floor")
	for (r = 1; r <= nr_rows; r++) {
		row = rows[r]
		line = "| " row
		nr = good = sum = sum_guess = sum_floor = 0
		for (m = 1; m <= nr_metrics; m++) {
			metric = metrics[m]
			if (!judged[row, metric]) {
				line = line " | -"
				continue
			}
			key = floor_of(question[row]) SUBSEP workload[row] SUBSEP metric
			mark = floor_bars[key] > 1 ? "!" : ""
			line = line " | " (missed[row, metric] ? "**" error[row, metric] "**" : error[row, metric]) \
				" (" guess[row, metric] "; " (key in floor ? floor[key] mark : "?") ")"
			nr++
			good += !missed[row, metric]
			nr_judged[metric]++
			nr_good[metric] += !missed[row, metric]
			sum += error_bars[row, metric]
			sum_guess += guess_bars[row, metric]
			sum_floor += floor_bars[key]
		}
		print line " | " good " of " nr "; " ratio(sum, sum_guess) "; " ratio(sum, sum_floor) " |"
		all += sum
		all_guess += sum_guess
		all_floor += sum_floor
	}
	line = "| all | "
	for (m = 1; m <= nr_metrics; m++)
		line = line " | " (nr_judged[metrics[m]] ? nr_good[metrics[m]] " of " nr_judged[metrics[m]] : "-")
	print line " | " ratio(all, all_guess) "; " ratio(all, all_floor) " |"
}

function print_values(    r, m, row, line) {
	print_header("| question | workload", "")
	for (r = 1; r <= nr_rows; r++) {
		row = rows[r]
		line = "| " row
		for (m = 1; m <= nr_metrics; m++)
			line = line " | " predicted[row, metrics[m]] " / " truth[row, metrics[m]] " / " as_on_a[row, metrics[m]]
		print line " | |"
	}
}

function print_misses(    r, m, row, metric, key) {
	print "| question | workload | metric | predicted | true | error | floor | error with B's own requests | why |"
	print "|---|---|---|---|---|---|---|---|---|"
	for (r = 1; r <= nr_rows; r++) {
		row = rows[r]
		for (m = 1; m <= nr_metrics; m++) {
			metric = metrics[m]
			if (!missed[row, metric])
				continue
			key = floor_of(question[row]) SUBSEP workload[row] SUBSEP metric
			print "| " row " | " metric " | " predicted[row, metric] " | " truth[row, metric] " | " error[row, metric] \
				" | " floor[key] " | " own[row, metric] " | " why(row, metric, floor_bars[key]) " |"
		}
	}
}

END {
	print_errors()
	print "\n## Values: predicted / true / as on A\n"
	print_values()
	print "\n## Why rows miss\n"
	print "*model*: with the very requests of B it misses, too. *floor*: with those it is within the bar, but A recorded again"
	print "differs from A by more than the bar. *requests*: neither; A's requests came in other numbers, at other times or on"
	print "other CPUs. *few*: B has under 100 of these.\n"
	print_misses()
}
