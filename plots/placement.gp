# SPDX-License-Identifier: GPL-2.0-or-later
# placement.gp - where allocations landed: node by zone
#
# One table per result, side by side: the darker a cell, the larger its share of the allocated
# pages; the share, the pages and the number of allocations stand in it. An empty cell is a zone
# the node does not have.
#
# Reads DIR/placement.tsv: node, zone, allocs, pages, share_pages (0..1).
# Usage: gnuplot -c placement.gp png|svg OUT SUBTITLE DIRS LABELS   (DIRS, LABELS: tab-separated)
if (ARGC < 5) { print "usage: gnuplot -c placement.gp png|svg OUT SUBTITLE DIRS LABELS"; exit status 2 }
fmt = ARG1
out = ARG2
title_text = "Where allocations landed"
subtitle_text = ARG3
load ARG0[1:strlen(ARG0) - strlen("placement.gp")]."style.gp"
dirs = ARG4."\t"
labels = ARG5."\t"
nr_results = list_len(dirs)
file(r) = list_item(dirs, r)."/placement.tsv"

# ---- nodes and zones over all results, so that a cell keeps its place --------------------------
found = ""
nr_nodes = 1
do for [r = 1:nr_results] {
	stats file(r) using (found = list_add(found, strcol("zone")), \
		nr_nodes = max2(nr_nodes, column("node") + 1), 0) nooutput
}
known = "DMA\tDMA32\tNormal\tHighMem\tMovable\tDevice\t"
zones = ""
do for [i = 1:list_len(known)] { if (list_has(found, list_item(known, i))) { zones = zones.list_item(known, i)."\t" } }
do for [i = 1:list_len(found)] { zones = list_add(zones, list_item(found, i)) }
nr_zones = list_len(zones)

# ---- layout: panels left to right, at most three in a row --------------------------------------
cell_w = 132.
cell_h = 74.
columns = min2(3, nr_results)
bands = 1 + (nr_results - 1) / columns
panel_w = nr_zones * cell_w
panel_h = nr_nodes * cell_h
gap_x = 84.
gap_y = 64.
W = max2(620., columns * (panel_w + gap_x) + 30)
H = heading_h + bands * (panel_h + gap_y) + 8

eval canvas(W, H)
set output out
set multiplot
eval heading(W, H)
unset colorbox
unset key
unset grid
unset border
set tics scale 0
set palette defined (0 "#ffffff", 0.02 "#eef3f8", 0.25 "#b9d3e6", 0.5 "#6ea6cc", 0.75 "#2f74a8", 1 "#0b3c68")
set cbrange [0:1]
set xrange [-0.5:nr_zones - 0.5]
set yrange [nr_nodes - 0.5:-0.5]
set xtics ()
do for [i = 1:nr_zones] { set xtics add (list_item(zones, i) i - 1) }
set ytics ()
do for [n = 0:nr_nodes - 1] { set ytics add (sprintf("node %d", n) n) }
text_color(s) = s > 0.6 ? 0xffffff : 0x202020
zone_x(dummy) = list_find(zones, strcol("zone")) - 1

do for [r = 1:nr_results] {
	x = 70 + ((r - 1) % columns) * (panel_w + gap_x)
	y = heading_h + ((r - 1) / columns) * (panel_h + gap_y) + 28
	set lmargin at screen x / W
	set rmargin at screen (x + panel_w) / W
	set tmargin at screen 1 - y / H
	set bmargin at screen 1 - (y + panel_h) / H
	if (nr_results > 1) { set label 10 list_item(labels, r) at graph 0, screen 1 - (y - 14) / H left font ",12" tc rgb ink }
	plot file(r) using (zone_x(0)):"node":(0.49):(0.485):"share_pages" with boxxyerror fs solid border lc rgb "#909090" \
		fc palette notitle, \
		file(r) using (zone_x(0)):(column("node") - 0.2):(percent_text(column("share_pages"))):(text_color(column("share_pages"))) \
		with labels font ",13" tc rgb variable notitle, \
		file(r) using (zone_x(0)):(column("node") + 0.08):(count_text(column("pages"))." pages"):(text_color(column("share_pages"))) \
		with labels font ",9" tc rgb variable notitle, \
		file(r) using (zone_x(0)):(column("node") + 0.28):(count_text(column("allocs"))." allocs"):(text_color(column("share_pages"))) \
		with labels font ",9" tc rgb variable notitle
}
unset multiplot
unset output
