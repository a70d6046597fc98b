# How often an exit is right against how sure it is: a panel an exit. Variables: exits (layers), errors (expected calibration
# errors), across and down (panels), least (confidence), step (of tics).
set xrange [least:1]
set yrange [least > 0.2 ? least - 0.2 : 0:1]
set xtics step
set ytics step
set format '%.1f'
unset key
set multiplot layout down,across margins char 7, char 1.5, char 3.2, char 1.5 spacing char 4.5, char 3
set label 1 'confidence' at screen 0.52, char 0.8 center textcolor rgb ink
set label 2 'accuracy' at char 1.2, screen 0.5 center rotate textcolor rgb ink
do for [i=1:|exits|] {
    set title sprintf('exit %d, ECE %s', exits[i], errors[i]) offset 0,-0.7 textcolor rgb ink
    plot x with lines lc rgb faint dt (4,4) lw 1, \
        data using (column('exit') == exits[i] ? column('confidence') : NaN):'accuracy' \
            :'confidence':'confidence':'low':'high' \
            with xyerrorbars lt 1 dt solid lw 1 pt 7 ps 0.6
    unset label
}
unset multiplot
