# SPDX-License-Identifier: GPL-2.0-or-later
# latency_cdf.gp - how long allocations and frees took, by the path they went
#
# Left: the cumulative distribution. Right: its tail, the share still slower, on a log scale.
# Points mark p50, p90, p99 and p99.9. With several results the line's dashes tell them apart.
# What was faster than the clock can tell (latency 0) is drawn at the left edge.
#
# Reads DIR/latency.tsv: path, latency_ns, count, fraction (cumulative within its path, 0..1).
# Usage: gnuplot -c latency_cdf.gp png|svg OUT SUBTITLE DIRS LABELS   (DIRS, LABELS: tab-separated)
if (ARGC < 5) { print "usage: gnuplot -c latency_cdf.gp png|svg OUT SUBTITLE DIRS LABELS"; exit status 2 }
fmt = ARG1
out = ARG2
title_text = "Latency by path through the allocator"
subtitle_text = ARG3
load ARG0[1:strlen(ARG0) - strlen("latency_cdf.gp")]."style.gp"
dirs = ARG4."\t"
labels = ARG5."\t"
nr_results = list_len(dirs)
file(r) = list_item(dirs, r)."/latency.tsv"

# ---- what there is: paths in the order of enum mmr_path, unknown ones behind -------------------
found = ""
x_min = 1e300
x_max = 1
zeros = 0
do for [r = 1:nr_results] {
	stats file(r) using (found = list_add(found, strcol("path")), x = column("latency_ns"), \
		x_min = x > 0 ? min2(x_min, x) : x_min, x_max = max2(x_max, x), zeros = zeros || x <= 0, 0) nooutput
}
if (x_min > x_max) { x_min = 1 }
x_left = 10 ** floor(log10(x_min) - 0.05)
place(l) = max2(l, x_left)
time_text(t) = t == 0 ? "< ".ns_text(x_min) : ns_text(t)
known = "pcp_hit\tpcp_refill\tbuddy\tfallback\tslowpath\tfailed\tfree_pcp\tfree_drain\tfree_buddy\t"
paths = ""
do for [i = 1:list_len(known)] { if (list_has(found, list_item(known, i))) { paths = paths.list_item(known, i)."\t" } }
do for [i = 1:list_len(found)] { paths = list_add(paths, list_item(found, i)) }

is_free(p) = p[1:min2(4, strlen(p))] eq "free"
allocs = ""
frees = ""
do for [i = 1:list_len(paths)] {
	p = list_item(paths, i)
	if (is_free(p)) { frees = frees.p."\t" } else { allocs = allocs.p."\t" }
}

# A path keeps colour and point from figure to figure. Luminance differs, too.
path_slot(p) = list_has(known, p) ? list_find(known, p) : 10
path_color(p) = word("#0072b2 #e69f00 #009e73 #b05090 #c0392b #000000 #0072b2 #e69f00 #009e73 #777777", path_slot(p))
path_point(p) = int(word("7 5 9 13 11 2 7 5 9 3", path_slot(p)))
path_dash(p) = int(word("1 2 4 5 3 1 1 2 4 6", path_slot(p)))

# ---- the numbers of one curve: count, quantiles, and the points that mark them -----------------
array quantile[4] = [0.5, 0.9, 0.99, 0.999]
array at_ns[4]
array at_fraction[4]
scan_row(l, f) = (sum [q = 1:4] (at_ns[q] < 0 && f >= quantile[q] ? (at_ns[q] = l, at_fraction[q] = f, 0) : 0))
scan = "samples = 0; max_ns = -1; first_ns = -1; first_fraction = 0; do for [q = 1:4] { at_ns[q] = -1 }; ". \
	"stats file(r) using (strcol('path') eq p ? (first_ns < 0 ? (first_ns = column('latency_ns'), ". \
	"first_fraction = column('fraction')) : 0, samples = samples + column('count'), ". \
	"max_ns = column('latency_ns'), scan_row(column('latency_ns'), column('fraction'))) : 0, 0) nooutput"

# ---- layout ------------------------------------------------------------------------------------
nr_rows = (strlen(allocs) > 0) + (strlen(frees) > 0)
most = max2(list_len(allocs), list_len(frees)) * nr_results
line_h = 18.
row_h = max2(310., 70 + line_h * (most + 2))
W = 1370.
H = heading_h + nr_rows * row_h + 14
panel_w = 350
panel_x(c) = 90 + c * (panel_w + 88)
key_x = panel_x(1) + panel_w + 24

# One line of the table beside the panels; its columns end at these distances from key_x.
array column_end[5] = [166, 230, 294, 358, 422]
array cell[5]
cells = "do for [n = 1:5] { label_id = label_id + 1; set label label_id cell[n] ". \
	"at screen (key_x + column_end[n]) / W, screen y right font ',9.5' tc rgb ink }"

eval canvas(W, H)
set output out
set multiplot
eval heading(W, H)
if (nr_results > 1) {
	do for [r = 1:nr_results] {
		set arrow 2000 + r from screen (W - 320.) / W, screen 1 - (16. + 15 * (r - 1)) / H \
			to screen (W - 276.) / W, screen 1 - (16. + 15 * (r - 1)) / H nohead lw 2 dt r lc rgb ink
		set label 2000 + r list_item(labels, r) at screen (W - 266.) / W, screen 1 - (16. + 15 * (r - 1)) / H \
			left font ",10" tc rgb ink
	}
}

set logscale x
set xrange [x_left: 10 ** ceil(log10(x_max) + 0.02)]
set xtics ("1 ns" 1, "10 ns" 10, "100 ns" 100, "1 µs" 1e3, "10 µs" 1e4, "100 µs" 1e5, "1 ms" 1e6, "10 ms" 1e7, \
	"100 ms" 1e8, "1 s" 1e9, "10 s" 1e10)
if (zeros) { set xtics add ("less" x_left) }
set mxtics 10
tail_floor = 1e-6
tail(f) = max2(1 - f, tail_floor)
dash(p, r) = nr_results > 1 ? r : path_dash(p)

point_x(kind, k) = strcol("kind") eq kind && column("curve") == k ? column("x") : NaN

row = 0
label_id = 3000
do for [group = 1:2] {
	members = group == 1 ? allocs : frees
	if (strlen(members) == 0) { continue }
	top = 1 - (heading_h + row * row_h + 28.) / H
	bottom = 1 - (heading_h + (row + 1) * row_h - 46.) / H
	set tmargin at screen top
	set bmargin at screen bottom
	nr_curves = list_len(members) * nr_results
	array curve_path[nr_curves]
	array curve_result[nr_curves]
	y = top
	array cell[5] = ["count", "p50", "p99", "p99.9", "max"]
	eval cells
	set print $points
	print "kind\tcurve\tx\ty"
	do for [c = 1:nr_curves] {
		p = list_item(members, 1 + (c - 1) / nr_results)
		r = 1 + (c - 1) % nr_results
		curve_path[c] = p
		curve_result[c] = r
		eval scan
		y = top - line_h * c / H
		label_id = label_id + 1
		set label label_id p at screen (key_x + 44) / W, screen y left font ",9.5" tc rgb ink
		set arrow label_id from screen key_x / W, screen y to screen (key_x + 36) / W, screen y \
			nohead lw 1.8 dt dash(p, r) lc rgb path_color(p)
		label_id = label_id + 1
		set label label_id "" at screen (key_x + 18) / W, screen y \
			point pt path_point(p) ps 0.75 lc rgb path_color(p)
		cell[1] = count_text(samples)
		do for [n = 1:4] { cell[n + 1] = samples == 0 ? "" : time_text(n == 4 ? max_ns : at_ns[n == 1 ? 1 : n + 1]) }
		eval cells
		do for [q = 1:4] {
			if (at_ns[q] >= 0) { print sprintf("mark\t%d\t%.9g\t%.9g", c, place(at_ns[q]), at_fraction[q]) }
		}
		if (first_ns >= 0) {
			print sprintf("rise\t%d\t%.9g\t0", c, place(first_ns))
			print sprintf("rise\t%d\t%.9g\t%.9g", c, place(first_ns), first_fraction)
		}
	}
	unset print

	set label 10 (group == 1 ? "Allocations" : "Frees") at graph 0, graph 1.06 left font ",12" tc rgb ink
	set xlabel "latency" offset 0, 0.4 font ",10"
	unset key
	do for [c = 0:1] {
		set lmargin at screen panel_x(c) / W
		set rmargin at screen (panel_x(c) + panel_w) / W
		if (c == 0) {
			unset logscale y
			set yrange [0:1.02]
			set ytics ("0 %%" 0, "25 %%" 0.25, "50 %%" 0.5, "75 %%" 0.75, "100 %%" 1)
			set ylabel "share at most this slow" offset 0.5, 0
		} else {
			unset label 10
			set logscale y
			set yrange [tail_floor:1]
			set ytics ("100 %%" 1, "10 %%" 0.1, "1 %%" 0.01, "0.1 %%" 1e-3, "0.01 %%" 1e-4, \
				"10 ppm" 1e-5, "1 ppm" 1e-6)
			set ylabel "share slower (tail)" offset 0.9, 0
		}
		y_of(f) = c == 0 ? f : tail(f)
		plot for [k = 1:nr_curves] file(curve_result[k]) \
			using (strcol("path") eq curve_path[k] ? place(column("latency_ns")) : NaN):(y_of(column("fraction"))) \
			with steps lw 1.8 dt dash(curve_path[k], curve_result[k]) lc rgb path_color(curve_path[k]) \
			notitle, \
			for [k = 1:nr_curves] $points using (point_x("rise", k)):(y_of(column("y"))) with lines lw 1.8 \
			dt dash(curve_path[k], curve_result[k]) lc rgb path_color(curve_path[k]) notitle, \
			for [k = 1:nr_curves] $points using (point_x("mark", k)):(y_of(column("y"))) with points \
			pt path_point(curve_path[k]) ps 0.75 lc rgb path_color(curve_path[k]) notitle
	}
	row = row + 1
}
unset multiplot
unset output
