# Which tier gave the answers: a bar a policy (see bars.gp), the percentages in it.
set xrange [0:100]
set xlabel 'share of answers (%)'
set xtics 20
plot for [k=1:|parts|] data using (100*of(k, 'from')):'row':(100*column('from')):(100*column('to')):(low(column('row'))):(high(column('row'))) \
        with boxxyerror lc rgb color(roles[k]) dt solid lw 0.5 notitle, \
    data using (column('to')-column('from') > 0.07 ? 50*(column('from')+column('to')) : NaN):'row': \
        (sprintf('%.0f', 100*(column('to')-column('from')))):(strcol('part') eq 'phone' ? 0x222222 : 0xffffff) \
        with labels textcolor rgb variable notitle
