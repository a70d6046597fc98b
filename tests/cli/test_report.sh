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

# ---- Pictures that were in the folder before ----

planted='<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1"><script>document.title=2</script></svg>'
cp -r second planted
mkdir -p planted/plots
for picture in accuracy-cost pareto planted; do echo "$planted" >"planted/plots/$picture.svg"; done
run 0 report planted -q
refuse "a picture from the folder is in the page" grep -qF 'onload' planted/report.html
refuse "its code is" grep -qF "$(printf '%s' "$planted" | base64 -w 0 | head -c 60)" planted/report.html
refuse "its name is" grep -qF 'planted.svg' planted/report.html
run 0 sweep "$SOURCE/scenarios/sweeps/quick.yaml" --set run.requests=50 --set run.warmup=5 --out swept -q
check "a sweep without --plots has no pictures" test ! -e swept/plots
mkdir -p swept/plots
for picture in accuracy-by-threshold pareto planted; do echo "$planted" >"swept/plots/$picture.svg"; done
run 0 report swept --json
refuse "a sweep's page holds a picture from the folder" grep -qE 'onload|planted' swept/report.html
if command -v gnuplot >/dev/null; then
    json stdout pictures 5 # four metrics along the axis, and the front
    json stdout lines_left_out 0
    refuse "an old picture is still there" grep -qF onload swept/plots/pareto.svg
fi

# ---- In a browser ----

run 0 report first --compare second -q

# The page as it is allows only its own script; this copy allows that of the tests too.
# loosened PAGE
loosened() {
    sed "s#script-src 'sha256-[^']*'#script-src 'unsafe-inline'#" "$1"
}

# browse PAGE WIDTH: the DOM after its scripts have run, in the file dom; what the console said, in the file console.
browse() {
    timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
        --user-data-dir="$work/profile" --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr \
        --window-size="$2,900" --dump-dom "file://$work/$1" >dom 2>log </dev/null
    grep -F ':CONSOLE' log >console
}

if command -v chromium >/dev/null; then
    # The check of the console must be able to fail: this page says something, and is not allowed to fetch.
    loosened first/report.html |
        sed 's#</body>#<script>console.log("spoken"); fetch("http://example.org/")</script></body>#' >noisy.html
    browse noisy.html 1400
    check "the console is heard" grep -qF spoken console
    check "the page's policy forbids the network" grep -qF 'Content Security Policy' console
    # The page itself: silent, its script has run, and code that finds its way into it does not.
    for page in first planted swept; do
        cp "$page/report.html" whole.html
        browse whole.html 1400
        cp console stderr
        check "the console is silent for $page" test ! -s console
        check "the script of $page has run" grep -qE '<button type="button" class="tool js" data-more="metrics" aria-pressed="false">' dom
        refuse "a picture of $page has run" grep -qE '<title>[12]</title>' dom
    done
    sed 's#<main>#<main><img src="x" onerror="document.title=3"><script>document.title=4</script>#' first/report.html >injected.html
    browse injected.html 1400
    refuse "code in the page has run" grep -qE '<title>[34]</title>' dom
    check "its refusal is told" grep -qF 'Content Security Policy' console
    {
        loosened first/report.html | sed '/<\/body>/,$d'
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
