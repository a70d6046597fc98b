# A metric over two axes of a sweep. Variables: x_title, x_end, x_values (labels of tics: each x_stride-th is named), the same of
# y; x_turned (1: values stand upright) and x_title_shift; cell_title.
set grid noxtics noytics; unset key; set style fill solid 1 noborder
if (x_turned) { set xtics ('' 0) rotate by 90 right } else { set xtics ('' 0) }
set for [i=1:|x_values|] xtics add (x_values[i] x_stride*(i-1))
set xrange [-0.5:x_end]
set xlabel x_title
if (x_turned) { set xlabel offset screen 0,x_title_shift }
set ytics ('' 0)
set for [i=1:|y_values|] ytics add (y_values[i] y_stride*(i-1))
set yrange [-0.5:y_end]
set ylabel y_title
set cblabel cell_title textcolor rgb ink
set object 1 rectangle from graph 0,0 to graph 1,1 behind fs pattern 4 noborder fc rgb faint # no such setting
set palette cubehelix start 0.5 cycles -1.2 saturation 1
plot data using 'x':'y':($1-0.5):($1+0.5):($2-0.5):($2+0.5):'mean' with boxxyerror fc palette
