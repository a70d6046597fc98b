#!/usr/bin/env bash
# Places: portolan platform --places, what a run leaves of them, and the map in the report.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Two sites, far apart; three of four rows of phones are near the second one.
printf 'ID,Latitude,Longitude,Name\n1,-37.81,144.95,"a, b"\n2,-37.82,144.97,c\n' >sites.csv
printf 'Latitude,Longitude\n-37.811,144.951\n-37.82,144.971\n-37.819,144.97\n-37.821,144.969\n' >phones.csv
mkdir data
cp phones.csv data
cat >town.yaml <<'END'
name: town
phones:
  - {name: people, count: 6, device: phone-midrange@0.1, cell: lte, places: $PORTOLAN_DATA/phones.csv}
cells:
  - {name: lte, count: 2, link: lte-macro, site: tower}
sites:
  - {name: tower, count: 2, server: edge-nuc@0.1, backhaul: fibre-backhaul, region: cloud, places: sites.csv}
regions:
  - {name: cloud, server: cloud-gpu-t4@0.1, wan: wan-regional}
END
cat >wanted.csv <<'END'
kind,name,latitude,longitude,attached_to
site,tower-1,-37.81,144.95,cloud
site,tower-2,-37.82,144.97,cloud
cell,lte-1,-37.81,144.95,tower-1
cell,lte-2,-37.82,144.97,tower-2
phone,0,-37.811,144.951,lte-1
phone,1,-37.82,144.971,lte-2
phone,2,-37.819,144.97,lte-2
phone,3,-37.821,144.969,lte-2
phone,4,-37.811,144.951,lte-1
phone,5,-37.82,144.971,lte-2
END

# ---- portolan platform --places ----

run 2 platform town.yaml --places -
says "town.yaml:3:"
says "needs the environment variable PORTOLAN_DATA"
export PORTOLAN_DATA=$work/data
run 0 platform town.yaml --places -
check "the places on standard output" cmp stdout wanted.csv
run 0 platform town.yaml --places out/places.csv
silent
check "the places in a file" cmp out/places.csv wanted.csv
run 0 platform town.yaml
prints "m from their cells in the mean"
run 2 platform "$SOURCE/platforms/city-lte.yaml" --places none.csv
says "nothing in it has a place; write 'places: FILE.csv'"
check "nothing was written" test ! -e none.csv
run 2 platform town.yaml --places /dev/null
says "/dev/null: is not a regular file"
check "a device stays one" test -c /dev/null
sed 's/count: 2, server/count: 3, server/' town.yaml >more.yaml
run 2 platform more.yaml
says "more.yaml:7:"
says "sites.csv has 2 rows for a count of 3; add rows, or write 'count: 2'"
printf 'latitude,longitude\n1,2\n1,east\n' >data/phones.csv
run 2 check town.yaml
says "data/phones.csv:3:3: 'longitude' is 'east'"
cp phones.csv data

# ---- A run ----

sed 's#platform: .*#platform: town.yaml#; s#rate: 0.1/s#rate: 10/s#' "$SOURCE/scenarios/synthetic.yaml" >town-run.yaml
short=(--set run.requests=600 --set run.warmup=50)
run 0 run town-run.yaml "${short[@]}" --out first -q
check "places.csv of the run" cmp first/places.csv wanted.csv
check "nine files and nothing else" test "$(find first -type f | wc -l)" -eq 9
check "a row a policy and site, and a header" test "$(wc -l <first/sites.csv)" -eq 11
# sites.csv against requests.csv: phones 0 and 4 are tower-1's
awk -F, -v tier="$(column tier first/requests.csv)" '$1 == "random" { n[$3 == 0 || $3 == 4 ? "tower-1" : "tower-2", $tier]++ }
    END { for (s = 1; s <= 2; s++) print "random,tower-" s "," 2 * s "," n["tower-" s, "phone"] + n["tower-" s, "edge"] + n["tower-" s, "cloud"] \
              "," n["tower-" s, "phone"] "," n["tower-" s, "edge"] "," n["tower-" s, "cloud"] ",0" }' first/requests.csv >counted
check "sites.csv counts what requests.csv has" diff counted <(grep '^random,' first/sites.csv)
run 0 run town-run.yaml "${short[@]}" --out one-job -q -j 1
same first one-job
json first/manifest.json inputs.2.role places
json first/manifest.json inputs.2.sha256 "$(sha256sum data/phones.csv | cut -d' ' -f1)"
json first/manifest.json inputs.3.path sites.csv

# The resolved scenario runs from anywhere.
mkdir elsewhere
"$JSON_GET" first/manifest.json scenario >elsewhere/again.yaml
run 0 run elsewhere/again.yaml --out again -q
same first again

run 2 platform town.yaml --places - --json
says "--places writes one thing"

# At most 20,000 phones are listed, evenly taken.
run 0 run town-run.yaml "${short[@]}" --set platform.phones.people.count=100000 --set workload.arrivals.rate=1/min \
    --policy phone-only --out many -q
check "20,000 phones" test "$(grep -c '^phone,' many/places.csv)" -eq 20000
check "each fifth one" test "$(grep '^phone,' many/places.csv | head -n 2 | cut -d, -f2 | tr '\n' ' ')" = "4 9 "

run 0 run "$SOURCE/scenarios/synthetic.yaml" "${short[@]}" --out nowhere -q
check "no files about places without places" test ! -e nowhere/places.csv -a ! -e nowhere/sites.csv

# ---- The report ----

run 0 report first -q
run 0 report nowhere -q
if command -v gnuplot >/dev/null; then
    for ending in tsv gp svg pdf png; do
        check "fleet-map.$ending is missing" test -s "first/plots/fleet-map.$ending"
    done
    check "the map is in the page" grep -qF 'Where the fleet is' first/report.html
    check "no key of gnuplot's, whose widths differ by format" grep -qx 'unset key' first/plots/fleet-map.gp
    check "a title of the legend" grep -q "requests answered at the site, under" first/plots/fleet-map.svg
    check "a row a site and policy" test "$(grep -c '^site' first/plots/fleet-map.tsv)" -eq "$(($(wc -l <first/sites.csv) - 1))"
fi
check "no map without places" test ! -e nowhere/plots/fleet-map.tsv
refuse "no map in the page without places" grep -qF 'Where the fleet is' nowhere/report.html

finish
