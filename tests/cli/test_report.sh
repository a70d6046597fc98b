#!/usr/bin/env bash
# portolan report: its files, its errors, and the page in a browser (chromium, where it is installed): no error on the
# console, nothing asked of the network, and buttons that do what they say.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

quick=$SOURCE/scenarios/synthetic.yaml
short=(--set run.requests=2000 --set run.warmup=50)

run 0 run "$quick" "${short[@]}" --out first
says "portolan report first"
run 0 run "$quick" "${short[@]}" --set policies.confidence.threshold=0.95 --out second -q

# ---- Files ----

run 0 report first
says "report: first/report.html"
if command -v gnuplot >/dev/null; then
    pictures='accuracy-cost accuracy-p95 energy latency-cdf latency-parts reliability tier-shares'
    for picture in $pictures; do
        for ending in tsv gp svg pdf png; do
            check "$picture.$ending is missing" test -s "first/plots/$picture.$ending"
        done
    done
    check "35 files and nothing else" test "$(find first/plots -type f | wc -l)" -eq 35
    run 0 report first --json -q
    json stdout pictures 7
    json stdout drawn true
    json stdout report first/report.html
fi
cp -r first again
run 0 report again -q
silent
cp again/report.html again.html
run 0 report again -q --out elsewhere/page.html
check "the same folder gives the same page" cmp again.html elsewhere/page.html
for file in first/plots/*; do
    check "the same folder gives the same $file" cmp "$file" "again/plots/$(basename "$file")"
done
refuse "the page has a date" grep -qE "$(date +%Y)-[01][0-9]-[0-3][0-9]" first/report.html
refuse "the page has the host's name" grep -qF ">$(hostname)<" first/report.html

run 0 run "$quick" "${short[@]}" --report --out at-once -q
silent
check "run --report writes the page" test -s at-once/report.html

# ---- Wrong use ----

run 2 report
run 2 report first second
says "one too many"
run 2 report nowhere
says "nowhere/summary.json: cannot open"
run 2 report first --compare nowhere
says "nowhere/summary.json"
cp -r second broken
printf '{"policies": [' >broken/summary.json
run 2 report broken
says "broken/summary.json:1:14: is not JSON"
check "nothing is half-written" test ! -e broken/report.html
cp -r second rows
head -c 100000 second/requests.csv >rows/requests.csv
run 2 report rows
says "rows/requests.csv:"
cp -r second hostile
sed -i 's/"scenario": "synthetic"/"scenario": "<script>bad()<\/script>"/' hostile/summary.json
run 0 report hostile -q
refuse "a name became markup" grep -qF '<script>bad' hostile/report.html
check "the name is shown" grep -qF '<h1>&lt;script&gt;bad()&lt;/script&gt;</h1>' hostile/report.html

# ---- In a browser ----

run 0 report first --compare second -q

# browse PAGE WIDTH: the DOM after its scripts have run, in the file dom; what the console said, in the file console.
browse() {
    timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
        --user-data-dir="$work/profile" --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr \
        --window-size="$2,900" --dump-dom "file://$work/$1" >dom 2>log </dev/null
    grep -F ':CONSOLE' log >console
}

if command -v chromium >/dev/null; then
    # The check of the console must be able to fail: this page says something, and is not allowed to fetch.
    sed 's#</body>#<script>console.log("spoken"); fetch("http://example.org/")</script></body>#' first/report.html >noisy.html
    browse noisy.html 1400
    check "the console is heard" grep -qF spoken console
    check "the page's policy forbids the network" grep -qF 'Content Security Policy' console
    {
        sed '/<\/body>/,$d' first/report.html
        printf '<script>\n'
        cat "$SOURCE/tests/cli/browser_checks.js"
        printf '</script>\n</body>\n</html>\n'
    } >checked.html
    for width in 500 1400; do # 500: chromium makes no window narrower
        context="in a window of $width pixels"
        browse checked.html "$width"
        cp console stderr
        check "the console is silent" test ! -s console
        check "the checks ran" grep -q '^ok nothing was fetched' dom
        while read -r line; do fail "$line"; done < <(grep '^FAILED' dom)
    done
else
    echo "chromium is not installed: the page was not opened"
fi

finish
