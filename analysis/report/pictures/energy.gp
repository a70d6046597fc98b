# Energy: a bar a policy (see bars.gp). Idle power dwarfs the work of a lightly loaded fleet, so the work has a panel, and a
# scale, of its own. Variables: idle_parts (so many parts are the left panel's); of the axes x_idle_low and so on, x_work_low.
set multiplot
set rmargin at screen (left + 0.93)/2
set xlabel 'idle power (J a request)'
set xrange [x_idle_low:x_idle_high]; set format x '%.10g'; set xtics ()
do for [i=1:x_idle_count] { set xtics add (x_idle_tics[i]) }
plot for [k=1:idle_parts] data using (of(k, 'from')):'row':(column('from')):(column('to')):(low(column('row'))):(high(column('row'))) \
    with boxxyerror lc rgb color(roles[k]) dt solid lw 0.5 notitle

unset ytics; unset label # drawn with the first panel
set lmargin at screen (left + 1.01)/2
set rmargin at screen 0.97
set xlabel 'computing and sending (mJ a request)'
set xrange [x_work_low:x_work_high]; set xtics ()
do for [i=1:x_work_count] { set xtics add (x_work_tics[i]) }
plot for [k=idle_parts+1:|parts|] data using (1000*of(k, 'from')):'row':(1000*column('from')):(1000*column('to')):(low(column('row'))):(high(column('row'))) \
    with boxxyerror lc rgb color(roles[k]) dt solid lw 0.5 notitle
unset multiplot
