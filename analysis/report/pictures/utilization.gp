# How busy the tiers are over time: a panel a tier, side by side. Variables: policies; tiers; panel_left and panel_right of each;
# panel_bottom, panel_top.
set multiplot
set bmargin at screen panel_bottom
set tmargin at screen panel_top
set xlabel 'simulated time (s)'
set ylabel 'busy cores (%)'
do for [k=1:|tiers|] {
    set lmargin at screen panel_left[k]
    set rmargin at screen panel_right[k]
    set title tiers[k] offset 0,-0.6 textcolor rgb ink
    plot for [i=1:|policies|] data \
        using (strcol('policy') eq policies[i] && strcol('tier') eq tiers[k] ? column('time_s') : NaN):'percent' \
        with linespoints pointinterval -40 lw 1.4 ps 0.5 notitle
    unset ylabel; unset label; unset arrow # drawn with the first panel
}
unset multiplot
