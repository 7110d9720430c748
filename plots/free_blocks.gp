# SPDX-License-Identifier: GPL-2.0-or-later
# free_blocks.gp - free blocks per order over time, zone by zone
#
# One row of panels per zone and result; with several results a zone's rows stand below one
# another on the same scales. Left: free blocks of each order, log scale. Right: the memory in
# them, stacked from order 10 (dark, at the bottom) to order 0 (light): the paler the area, the
# more fragmented the zone. The dotted line adds the pages on the CPUs' own lists.
#
# Reads DIR/free_blocks.tsv: time_s, node, zone, order0 .. order10, free_pages, pcp_pages.
# Usage: gnuplot -c free_blocks.gp png|svg OUT SUBTITLE DIRS LABELS   (DIRS, LABELS: tab-separated)
if (ARGC < 5) { print "usage: gnuplot -c free_blocks.gp png|svg OUT SUBTITLE DIRS LABELS"; exit status 2 }
fmt = ARG1
out = ARG2
title_text = "Free blocks per order over time"
subtitle_text = ARG3
load ARG0[1:strlen(ARG0) - strlen("free_blocks.gp")]."style.gp"
dirs = ARG4."\t"
labels = ARG5."\t"
nr_results = list_len(dirs)
file(r) = list_item(dirs, r)."/free_blocks.tsv"
top_order = 10
page_bytes = 4096.

# ---- zones that ever had a free page, in file order over all results ---------------------------
zone_key(dummy) = sprintf("%d %s", column("node"), strcol("zone"))
zones = ""
present = ""
t_min = 1e300
t_max = -1e300
do for [r = 1:nr_results] {
	stats file(r) using (column("free_pages") + column("pcp_pages") > 0 ? (zones = list_add(zones, zone_key(0)), \
		present = list_add(present, sprintf("%d ", r).zone_key(0)), 0) : 0, \
		t = column("time_s"), t_min = min2(t_min, t), t_max = max2(t_max, t), 0) nooutput
}
if (t_max <= t_min) { t_max = t_min + 1 }
nr_zones = list_len(zones)

# ---- layout ------------------------------------------------------------------------------------
row_h = 262.
nr_rows = list_len(present)
if (nr_rows == 0) { print "free_blocks.tsv: no zone ever had a free page"; exit status 1 }
W = 1290.
H = heading_h + nr_rows * row_h + 26
panel_w = 460
panel_x(c) = 84 + c * (panel_w + 96)
key_x = panel_x(1) + panel_w + 26

eval canvas(W, H)
set output out
set multiplot
eval heading(W, H)

# The key, once: order, size of one block, line and area colour.
block_text(o) = o < 8 ? sprintf("%d KiB", 4 * 2 ** o) : sprintf("%d MiB", 2 ** (o - 8))
dash(o) = 1 + (o % 5)
set label 3000 "order (one block)" at screen (key_x - 4) / W, screen 1 - (heading_h + 22) / H left font ",9.5" tc rgb ink
do for [o = 0:top_order] {
	y = 1 - (heading_h + 42 + 16. * (top_order - o)) / H
	set object 3000 + o rectangle from screen key_x / W, screen y - 5 / H to screen (key_x + 14) / W, screen y + 5 / H \
		fc rgb ramp_color(o) fs solid noborder front
	set arrow 3000 + o from screen (key_x + 20) / W, screen y to screen (key_x + 54) / W, screen y \
		nohead lw 1.8 dt dash(o) lc rgb ramp_color(o)
	set label 3100 + o sprintf("%d (%s)", o, block_text(o)) \
		at screen (key_x + 60) / W, screen y left font ",9.5" tc rgb ink
}
y = 1 - (heading_h + 42 + 16. * (top_order + 1)) / H
set arrow 3050 from screen (key_x + 20) / W, screen y to screen (key_x + 54) / W, screen y nohead lw 1.2 dt 3 lc rgb ink
set label 3150 "PCP lists" at screen (key_x + 60) / W, screen y left font ",9.5" tc rgb ink

set xrange [t_min:t_max]
# Rows of other zones are missing values, so that lines run across them.
set datafile missing NaN
blocks(o) = column(sprintf("order%d", o))
stack(o) = (sum [i = o:top_order] (blocks(i) * 2. ** i)) * unit
here(dummy) = zone_key(0) eq zone ? column("time_s") : NaN
row = 0
do for [z = 1:nr_zones] {
	zone = list_item(zones, z)
	# The same scales for a zone in every result, unless one is far smaller: then its own memory scale.
	most_blocks = 1
	most_pages = 1
	do for [r = 1:nr_results] {
		stats file(r) using (zone_key(0) eq zone ? (most_pages = max2(most_pages, column("free_pages") + column("pcp_pages")), \
			(sum [o = 0:top_order] (most_blocks = max2(most_blocks, column(sprintf("order%d", o))), 0))) : 0, 0) nooutput
	}
	most_bytes = most_pages * page_bytes
	step = most_bytes < 1048576. * 4 ? 1024. : most_bytes < 1073741824. * 4 ? 1048576. : 1073741824.
	unit = page_bytes / step
	unit_name = step == 1024. ? "KiB" : step == 1048576. ? "MiB" : "GiB"
	do for [r = 1:nr_results] {
		if (!list_has(present, sprintf("%d ", r).zone)) { continue }
		top = 1 - (heading_h + row * row_h + 26.) / H
		bottom = 1 - (heading_h + (row + 1) * row_h - 38.) / H
		set tmargin at screen top
		set bmargin at screen bottom
		row = row + 1
		if (row == nr_rows) { set xlabel "time in the trace [s]" offset 0, 0.4 font ",10" }

		set lmargin at screen panel_x(0) / W
		set rmargin at screen (panel_x(0) + panel_w) / W
		set label 10 sprintf("Node %s, zone %s%s", word(zone, 1), word(zone, 2), \
			nr_results > 1 ? "  -  ".list_item(labels, r) : "") at graph 0, graph 1.07 left font ",12" tc rgb ink
		set logscale y
		set yrange [0.8:10 ** ceil(log10(most_blocks) + 0.05)]
		set ytics autofreq format "%.0f"
		set ytics ("1" 1, "10" 10, "100" 100, "1 k" 1e3, "10 k" 1e4, "100 k" 1e5, "1 M" 1e6, "10 M" 1e7, "100 M" 1e8)
		set ylabel "free blocks" offset 0, 0
		plot for [o = 0:top_order] file(r) using (here(0)):(max2(blocks(o), 0.1)) with lines \
			lw 1.8 dt dash(o) lc rgb ramp_color(o) notitle

		unset label 10
		set lmargin at screen panel_x(1) / W
		set rmargin at screen (panel_x(1) + panel_w) / W
		unset logscale y
		own_pages = 1
		stats file(r) using (zone_key(0) eq zone ? (own_pages = max2(own_pages, column("free_pages") + column("pcp_pages")), 0) \
			: 0, 0) nooutput
		set yrange [0:(own_pages * 2.5 < most_pages ? own_pages : most_pages) * unit * 1.05]
		set ytics autofreq
		set format y "%g"
		set ylabel sprintf("free memory [%s]", unit_name) offset -0.3, 0
		plot for [o = 0:top_order] file(r) using (here(0)):(stack(o)) with filledcurves x1 fc rgb ramp_color(o) notitle, \
			file(r) using (here(0)):(stack(0) + column("pcp_pages") * unit) with lines lw 1.2 dt 3 lc rgb ink notitle
		set format y "% h"
	}
}
unset multiplot
unset output
