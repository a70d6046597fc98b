# A data map: variability across, confidence up, colour by the share of epochs in which a sample was right; densities at the
# sides; the pools and their bounds. Variables: caption; pools (1: alpha and beta bound them); bin (height of one, up).
set palette defined (0 '#f0b000', 0.5 '#c2506e', 1 '#1f2f7f')
set style fill solid 1.0 noborder
set style textbox opaque noborder margins 0.5,0.3
unset key
set multiplot

# ---- The map ----
set border 3; set grid; set format '%g'; set tics nomirror out scale 0.5
set xtics autofreq nomirror out scale 0.5; set ytics autofreq nomirror out scale 0.5
set xrange [0:0.5]; set yrange [0:1]; set cbrange [0:1]
set lmargin at screen 0.13; set rmargin at screen 0.69; set bmargin at screen 0.13; set tmargin at screen 0.76
set xlabel 'variability' offset 0,0.2; set ylabel 'confidence'
set colorbox user origin 0.84,0.13 size 0.025,0.63
set cblabel 'share of epochs right' offset 1,0 textcolor rgb ink; set cbtics scale 0
if (pools && alpha > 0 && alpha < 1) { set arrow from 0,alpha to 0.5,alpha nohead front lc rgb ink lw 1.5 dt (8,4) }
if (pools && beta > 0 && beta < 0.5 && alpha < 1) { set arrow from beta,alpha to beta,1 nohead front lc rgb ink lw 1.5 dt (8,4) }
if (pools && beta > 0 && alpha < 1) { set label 'easy' at 0.008,0.96 left front boxed }
if (pools && beta < 0.5 && alpha < 1) { set label 'medium' at 0.492,0.96 right front boxed }
if (pools && alpha > 0) { set label 'hard' at 0.008,0.04 left front boxed }
plot data using "variability":(strcol("what") eq 'point' ? column("confidence") : NaN):"right" \
    with points pt 7 ps 0.16 lc palette

# ---- Density across ----
unset arrow; unset label; unset colorbox; unset grid
set border 1; unset ytics; set xtics scale 0; set format x ''; set xlabel ''; set ylabel ''; set yrange [0:*]
set boxwidth 0.01
set tmargin at screen 0.90; set bmargin at screen 0.78
set label caption at screen 0.13,0.95 left
plot data using "variability":(strcol("what") eq 'across' ? column("density") : NaN) \
    with boxes lc rgb other_color

# ---- Density up ----
unset label
set border 2; unset xtics; set xrange [0:*]; set yrange [0:1]
set lmargin at screen 0.71; set rmargin at screen 0.82; set bmargin at screen 0.13; set tmargin at screen 0.76
plot data using (strcol("what") eq 'up' ? column("density") / 2 : NaN):"confidence": \
    (column("density") / 2):(bin/2) \
    with boxxyerror lc rgb other_color
unset multiplot
