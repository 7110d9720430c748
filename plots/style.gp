# SPDX-License-Identifier: GPL-2.0-or-later
# style.gp - what every figure shares: how result files are read, colours, fonts, number formats
#
# Loaded first by each figure, after it has set
#   fmt = png | svg, out = the picture's path, title_text, subtitle_text

set encoding utf8
set datafile separator tab
set datafile columnheaders
set datafile commentschars "#"

# ---- lists: strings whose elements end in a tab ------------------------------------------------
list_head(s) = strstrt(s, "\t") ? s[1:strstrt(s, "\t") - 1] : s
list_tail(s) = strstrt(s, "\t") ? s[strstrt(s, "\t") + 1:] : ""
list_item(s, i) = i <= 1 ? list_head(s) : list_item(list_tail(s), i - 1)
list_len(s) = strlen(s) == 0 ? 0 : 1 + list_len(list_tail(s))
list_has(s, x) = strstrt("\t".s, "\t".x."\t") > 0
list_add(s, x) = list_has(s, x) ? s : s.x."\t"
# the 1-based place of @x in @s
list_find(s, x) = list_head(s) eq x ? 1 : 1 + list_find(list_tail(s), x)

min2(a, b) = a < b ? a : b
max2(a, b) = a > b ? a : b

# ---- numbers for people ------------------------------------------------------------------------
# three significant digits
digits3(x) = x < 9.995 ? sprintf("%.2f", x) : x < 99.95 ? sprintf("%.1f", x) : sprintf("%.0f", x)
ns_text(t) = t != t || t < 0 ? "-" : t < 999.5 ? sprintf("%.0f ns", t) : t < 999.5e3 ? digits3(t / 1e3)." µs" : \
	t < 999.5e6 ? digits3(t / 1e6)." ms" : digits3(t / 1e9)." s"
count_text(n) = n < 10000 ? sprintf("%.0f", n) : n < 999.5e3 ? digits3(n / 1e3)." k" : \
	n < 999.5e6 ? digits3(n / 1e6)." M" : digits3(n / 1e9)." G"
percent_text(f) = f > 0 && f < 0.0005 ? "< 0.1 %" : sprintf("%.1f %%", 100 * f)

# ---- the canvas --------------------------------------------------------------------------------
# canvas(w, h) is the terminal for a picture of w x h points; PNG has two pixels a point.
font_name = "DejaVu Sans,Liberation Sans,Arial,sans-serif"
canvas(w, h) = fmt eq "svg" ? \
	sprintf("set terminal svg noenhanced size %d,%d font \"%s,11\" background rgb 'white' linewidth 1.2", \
		w, h, font_name) : \
	sprintf("set terminal pngcairo noenhanced size %d,%d font 'DejaVu Sans,11' fontscale 2 linewidth 2.2 pointscale 2", \
		2 * w, 2 * h)

ink = "#202020"
faint = "#d8d8d8"
set style line 100 lc rgb faint lw 0.6 dt 1
set border 3 lc rgb "#606060" lw 0.8
set tics nomirror out scale 0.6 textcolor rgb ink font ",9.5"
set xlabel "" textcolor rgb ink font ",10"
set ylabel "" textcolor rgb ink font ",10"
set grid back ls 100
set style fill noborder

# heading(w, h) puts title and subtitle at the top left, at the same place in every picture.
heading(w, h) = sprintf("set label 1001 title_text at screen %f, screen %f left front font ',15' tc rgb ink; ". \
	"set label 1002 subtitle_text at screen %f, screen %f left front font ',10' tc rgb '#505050'", \
	14. / w, 1 - 20. / h, 14. / w, 1 - 42. / h)
heading_h = 62

# ---- sequential colours, light to dark, even in greyscale --------------------------------------
# Eleven steps (one per order): luminance falls evenly, so that paper keeps the sequence.
ramp = "#e8d27c #e4bf62 #e2a951 #e0924c #d5744a #c3584d #a94354 #89345a #68295a #452150 #221539 "
ramp_color(i) = word(ramp, i + 1)
