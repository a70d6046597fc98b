# What all pictures share. A picture's script is: its variables, then this text with the picture's own at "# (picture)".
# It is run once a file format. Sizes of pictures are in inches, places on them in parts of the whole (0 to 1).
#
# Variables: name, data (its file), width, height; legend_count and, of each entry, legend_texts, legend_x and legend_y (of
# its beginning), legend_lines (a line type, 0: dashes, -1: no line, -2: a square in the colour of legend_roles). Where there
# are such: title and title_y; left, right, bottom, top (the edges of the axes); of an axis x_low, x_high, x_log, x_count and
# x_tics.

do for [format in 'svg pdf png'] {
reset # what the picture sets is not left to the next format
set encoding utf8
set datafile separator tab
set datafile columnheaders
set datafile commentschars ''
set datafile missing NaN # a row that a filter leaves out does not break its line

# Colours for the colour-blind; dashes, points and lightness for grey.
# Okabe and Ito, "Color Universal Design" (jfly.uni-koeln.de/color, 2008), in an order in which neighbours differ in
# lightness too; those of the tiers: Paul Tol, "Colour schemes" (SRON/EPS/TN/09-002, issue 3.2, 2021), high-contrast, made
# to be told apart in grey. A second round of the colours has other dashes and points.
ink = '#222222'; rule = '#d9d9d9'; faint = '#999999'
phone_color = '#ddaa33'; edge_color = '#bb5566'; cloud_color = '#004488'; other_color = '#bbbbbb'
waiting_color = '#e69f00'; calls_color = '#56b4e9'; computing_color = '#0072b2'; network_color = '#cccccc'
promotion_color = '#cc79a7'; connection_color = '#009e73'; tail_color = '#cc79a7'
phones_idle_color = '#f1dfb5'; servers_idle_color = '#99b3d0'
phones_computing_color = phone_color; radio_color = other_color; servers_computing_color = cloud_color
color(role) = value(role . '_color')
set linetype  1 lc rgb '#0072b2' dt solid           pt  7 lw 2 ps 0.6
set linetype  2 lc rgb '#e69f00' dt (10,4)          pt  5 lw 2 ps 0.6
set linetype  3 lc rgb '#000000' dt (3,3)           pt  8 lw 2 ps 0.7
set linetype  4 lc rgb '#56b4e9' dt (12,3,3,3)      pt 13 lw 2 ps 0.7
set linetype  5 lc rgb '#d55e00' dt (12,3,3,3,3,3)  pt  4 lw 2 ps 0.6
set linetype  6 lc rgb '#009e73' dt (6,3)           pt 11 lw 2 ps 0.7
set linetype  7 lc rgb '#cc79a7' dt (1,3)           pt  6 lw 2 ps 0.6
set linetype  8 lc rgb '#888888' dt (16,4)          pt  9 lw 2 ps 0.7
set linetype  9 lc rgb '#0072b2' dt (3,3)           pt  6 lw 2 ps 0.6
set linetype 10 lc rgb '#e69f00' dt (12,3,3,3)      pt  4 lw 2 ps 0.6
set linetype 11 lc rgb '#000000' dt (10,4)          pt  9 lw 2 ps 0.7
set linetype 12 lc rgb '#56b4e9' dt solid           pt 12 lw 2 ps 0.7
set linetype 13 lc rgb '#d55e00' dt (1,3)           pt  5 lw 2 ps 0.6
set linetype 14 lc rgb '#009e73' dt (12,3,3,3,3,3)  pt 10 lw 2 ps 0.7
set linetype 15 lc rgb '#cc79a7' dt (16,4)          pt  7 lw 2 ps 0.6
set linetype 16 lc rgb '#888888' dt (6,3)           pt  8 lw 2 ps 0.7
set linetype cycle 16
set border 3 lc rgb ink lw 1
set grid back lc rgb rule lt 1 dt solid lw 0.5
set tics nomirror out scale 0.5 textcolor rgb ink
set xtics offset 0,0.4
set xlabel offset 0,0.9 textcolor rgb ink
set ylabel offset 0.6,0 textcolor rgb ink
set key outside bottom center horizontal Left reverse height 0.8 samplen 2.5 spacing 1.1 textcolor rgb ink
set style fill solid 1.0 border rgb ink
set boxwidth 0.75

if (format eq 'svg') {
    set terminal svg size 144*width,144*height dynamic font 'sans-serif,16' linewidth 1 noenhanced \
        background '#ffffff'
}
if (format eq 'pdf') { # its font is 8 points at last
    set terminal pdfcairo size width,height font 'Sans,8' fontscale 0.75 \
        linewidth 1.2 pointscale 0.8 noenhanced
}
if (format eq 'png') {
    set terminal pngcairo size 400*width,400*height font 'Sans,33' \
        linewidth 3.2 pointscale 4.2 noenhanced
}
set output name . '.' . format

# ---- Legend and title: gnuplot's own legend has other widths in each format, and lies over the data if they are large ----
if (legend_count) { unset key }
sample = 0.32/width; gap = 0.08/width
do for [i=1:legend_count] {
    x = legend_x[i]; y = legend_y[i]; line = legend_lines[i]
    if (line == 0) { set arrow from screen x,y to screen x+sample,y nohead lc rgb faint dt (4,4) lw 1.5 }
    if (line > 0) { set arrow from screen x,y to screen x+sample,y nohead lt line }
    if (line > 0) { set label '' at screen x+sample/2,y point lt line ps 0.7 }
    if (line == -2) { set label '' at screen x+sample/2,y point pt 5 ps 1.1 lc rgb color(legend_roles[i]) }
    set label legend_texts[i] at screen (line == -1 ? x : x+sample+gap),y left textcolor rgb ink
}
if (exists('title')) { set label title at screen 0.5,title_y center textcolor rgb ink }

# ---- Axes ----
if (exists('left')) {
    set lmargin at screen left; set rmargin at screen right
    set bmargin at screen bottom; set tmargin at screen top
}
if (exists('x_low')) {
    if (x_log) { set logscale x }
    set xrange [x_low:x_high]; set format x '%.10g'; set xtics ()
    do for [i=1:x_count] { set xtics add (x_tics[i]) }
}
if (exists('y_low')) {
    if (y_log) { set logscale y }
    set yrange [y_low:y_high]; set format y '%.10g'; set ytics ()
    do for [i=1:y_count] { set ytics add (y_tics[i]) }
}
if (exists('cb_low')) {
    set cbrange [cb_low:cb_high]; set format cb '%.10g'; set cbtics ()
    do for [i=1:cb_count] { set cbtics add (cb_tics[i]) }
}

# (picture)

unset output
}
