# Where the fleet is: phones as dots, edge sites as discs whose area is what they answered, lines to cells that lie elsewhere.
# Variables: west, east, south, north (degrees); x_step, y_step (of tics), x_decimals, y_decimals (of their labels); bar_from,
# bar_to, bar_y, bar_text (the scale); phones, sites (how many); cells_apart (1: some lie away from their site); answered (1:
# it is known how many each site answered, at most `most`), shown (under which policy), discs_title, discs_title_y;
# entry_count and, of each entry of the legend, entry_texts, entry_kinds, entry_answers (of a disc); entries_y.
phone_point = 7; phone_size = 0.3
cell_point = 4; cell_size = 0.35; cell_color = '#777777'
idle_point = 2; idle_size = 0.35; idle_color = ink
site_point = 7; site_size = 0.8; site_color = edge_color
disc_point = 7; disc_color = '#70bb5566'
largest = 1.6 + 7/sqrt(sites) < 3 ? 1.6 + 7/sqrt(sites) : 3
size(n) = largest*sqrt(1.0*n/most) # not of whole numbers

set xrange [west:east]
set yrange [south:north]
set xtics x_step geographic
set ytics y_step geographic
set format x '%.' . x_decimals . 'd°%E'
set format y '%.' . y_decimals . 'd°%N'
set border 15
unset key
set arrow from screen bar_from,bar_y to screen bar_to,bar_y heads size screen 0.008,90 lc rgb ink lw 1.5
set label bar_text at screen bar_from - 0.02,bar_y right textcolor rgb ink

if (answered) { set label discs_title at screen 0.5,discs_title_y center textcolor rgb ink }
do for [i=1:entry_count] { # beside each other, each in an equal part of the map's width
    kind = entry_kinds[i]
    set label entry_texts[i] at screen left + (right - left)*(i - 0.75)/entry_count,entries_y left textcolor rgb ink \
        point pt value(kind . '_point') ps (kind eq 'disc' ? size(entry_answers[i]) : value(kind . '_size')) \
        lc rgb color(kind) offset character 1.6,0
}

is(k, c) = strcol('kind') eq k ? column(c) : NaN
disc(c) = strcol('kind') eq 'site' && strcol('policy') eq shown && column('answered') > 0 ? column(c) : NaN
idle(c) = strcol('kind') eq 'site' && strcol('policy') eq shown && column('answered') == 0 ? column(c) : NaN
plot for [k=1:cells_apart] data using (is('cell', 'longitude')):(is('cell', 'latitude')): \
             (column('site_longitude')-column('longitude')):(column('site_latitude')-column('latitude')) \
         with vectors nohead lc rgb faint lw 0.6, \
     for [k=1:cells_apart] data using (is('cell', 'longitude')):(is('cell', 'latitude')) \
         with points pt 4 ps 0.35 lw 0.6 lc rgb cell_color, \
     data using (is('phone', 'longitude')):(is('phone', 'latitude')) \
         with points pt 7 ps (phones > 3000 ? 0.14 : 0.25) lw 0.2 lc rgb '#40ddaa33', \
     for [k=1:answered] data using (disc('longitude')):(disc('latitude')):(size(column('answered'))) \
         with points pt 7 ps variable lc rgb disc_color, \
     for [k=1:answered] data using (disc('longitude')):(disc('latitude')):(size(column('answered'))) \
         with points pt 6 ps variable lc rgb edge_color lw 0.6, \
     for [k=1:answered] data using (idle('longitude')):(idle('latitude')) with points pt 2 ps 0.35 lw 0.8 lc rgb ink, \
     for [k=1:!answered] data using (is('site', 'longitude')):(is('site', 'latitude')) \
         with points pt 7 ps 0.8 lc rgb edge_color
