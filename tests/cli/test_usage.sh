#!/usr/bin/env bash
# Usage: exit statuses, every form of list, check and platform, and wrong arguments. Nothing may be written by what fails.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

quick=$SOURCE/scenarios/quickstart.yaml

# wrong TEXT ARGUMENT...: status 2, the text on standard error, nothing on standard output, nothing written.
wrong() {
    local text=$1
    shift
    run 2 "$@"
    says "$text"
    check "standard output is not empty" test ! -s stdout
    check "something was written" test ! -e out -a ! -e results
}

# ---- portolan itself ----

wrong "Usage: portolan COMMAND"
wrong "did you mean 'run'" runn
wrong "there is no command 'x'" x
run 0 --help
prints "Usage: portolan COMMAND"
run 0 help
run 0 --version
prints "portolan 0."
for command in run check list platform; do
    run 0 "$command" --help
    prints "Usage: portolan $command"
    prints "--json"
    prints "--quiet"
done

# ---- run ----

wrong "a scenario file is needed" run
wrong "one scenario at a time" run "$quick" "$quick" --out out
wrong "unrecognized option" run "$quick" --outt out
wrong "requires an argument" run "$quick" --out
wrong "nothere.yaml: cannot open" run nothere.yaml --out out
wrong "$SOURCE: is not a regular file" run "$SOURCE" --out out
wrong "--set wants key=value" run "$quick" --out out --set run.requests
wrong "--set wants key=value" run "$quick" --out out --set =5
wrong "--set run.requests:1:1: 'requests'" run "$quick" --out out --set run.requests=many
wrong "--set run.requests:1:1: 'requests' is 0" run "$quick" --out out --set run.requests=0
wrong "did you mean 'threshold'" run "$quick" --out out --set policies.confidence.treshold=0.9
wrong "'9' is no item of the list" run "$quick" --out out --set policies.9.threshold=1
wrong "'nobody' is no item of the list" run "$quick" --out out --set policies.nobody.threshold=1
wrong "is no item of the list" run "$quick" --out out --set policies.-1.threshold=1
wrong "'lte-macro' at $SOURCE/scenarios/../platforms/city-lte.yaml:9 has no keys; if it is a preset, put {like: lte-macro, up: 5Mbps} in its place" \
    run "$quick" --out out --set platform.cells.lte.link.up=5Mbps
run 0 run "$quick" --out out -q --set run.requests=100 --set run.warmup=0 --policy cloud-only \
    --set 'platform.cells.lte.link={like: lte-macro, up: 5Mbps}'
rm -rf out
wrong "put {like: lte-macro, up: ...} in its place" run "$quick" --out out --set platform.cells.lte.link.up.x=5Mbps
wrong "there is no policy 'nobody'" run "$quick" --out out --policy nobody
wrong "did you mean 'confidence'" run "$quick" --out out --policy confidense
wrong "--set seed:1:1: 'seed'" run "$quick" --out out --seed x
wrong "'seed' is -1" run "$quick" --out out --seed -1
wrong "'seed' is 1.5; it must be a whole number" run "$quick" --out out --seed 1.5
wrong "--jobs is '0'" run "$quick" --out out --jobs 0
wrong "--jobs is '2x'" run "$quick" --out out --jobs 2x
wrong "PORTOLAN_DATA, which is not set" run "$SOURCE/scenarios/sst2-bert12.yaml" --out out
wrong "the name of the results folder" run "$quick" --out ""

# A folder that is not empty is left alone, an empty one is taken.
mkdir full && echo precious >full/file
run 2 run "$quick" --set run.requests=10 --set run.warmup=0 --out full
says "full exists and is not an empty folder"
check "nothing in the folder has changed" test "$(ls full)$(cat full/file)" = fileprecious
check "nothing beside it" test -z "$(ls -d full.* 2>/dev/null)"
echo precious >plain-file
run 2 run "$quick" --set run.requests=10 --set run.warmup=0 --out plain-file
check "a file in its place is left alone" test "$(cat plain-file)" = precious
mkdir empty
run 0 run "$quick" --set run.requests=10 --set run.warmup=0 --out empty/ -q
check "an empty folder is taken" test -f empty/summary.json
run 0 run "$quick" --set run.requests=10 --set run.warmup=0 --out a/b/c -q
check "missing parents are made" test -f a/b/c/summary.json

# ---- list ----

wrong "name one of" list
wrong "one list at a time" list policies metrics
wrong "there is no list 'xyzzy'; there are policies, devices, links, workloads, traces, metrics, columns" list xyzzy
wrong "there is no list 'device', did you mean 'devices'?" list device
for what in policies devices links workloads metrics columns; do
    run 0 list "$what"
    check "list $what prints" test -s stdout
    run 0 list "$what" --json
    check "list $what --json has rows" test "$("$JSON_GET" stdout '#')" -gt 1
    "$JSON_GET" stdout 0.name >/dev/null || fail "list $what: rows have a name"
    run 0 list "$what" -q
    silent
done
run 0 list policies
for policy in phone-only edge-only cloud-only random matched-random confidence entropy patience oracle-cost oracle-reward; do
    prints "  $policy "
done
prints threshold
run 0 list columns
prints "  samples.csv "
prints "wait_edge_s"
run 0 list metrics
prints latency_p99_s

# ---- check ----

wrong "a file is needed" check
run 0 check "$quick" "$SOURCE/platforms/city-lte.yaml"
prints "quickstart.yaml: a valid scenario"
prints "city-lte.yaml: a valid platform"
# Places for the platforms that want real ones: as many sites, and a phone.
mkdir -p data/places
printf 'Latitude,Longitude\n-37.81,144.96\n' >data/places/users-melbcbd-generated.csv
{
    echo 'LATITUDE,LONGITUDE'
    for i in $(seq 100 224); do echo "-37.8,144.$i"; done
} >data/places/site-optus-melbCBD.csv
export PORTOLAN_DATA=$work/data
for file in "$SOURCE"/platforms/*.yaml; do
    run 0 check -q "$file"
    silent
done
unset PORTOLAN_DATA
cat >workload.yaml <<'YAML'
arrivals: {rate: 1/s}
YAML
printf 'sample,label,tokens,exit1_p0,exit1_p1\n0,1,5,0.25,0.75\n' >table.csv
run 0 check workload.yaml table.csv
prints "workload.yaml: a valid workload"
prints "table.csv: a valid outcome table"
run 0 check --json "$quick" table.csv
json stdout 0.kind scenario
json stdout 1.kind "outcome table"
json stdout 1.ok true
echo 'arrivals: {rate: 1}' >wrong.yaml
run 2 check "$quick" wrong.yaml
says "portolan: wrong.yaml:1:18: "
prints "quickstart.yaml: a valid scenario" # the others are checked all the same
run 2 check --json wrong.yaml "$quick"
json stdout 0.ok false
json stdout 0.error_file wrong.yaml
json stdout 0.line 1
json stdout 0.column 18
json stdout 1.ok true
run 2 check -q wrong.yaml
check "standard output is not empty" test ! -s stdout
says "wrong.yaml:1:18"
echo 'colour: red' >other.yaml
wrong "other.yaml:1:1: not a file of Portolan" check other.yaml
wrong "nothere.yaml: cannot open" check nothere.yaml

# ---- platform ----

wrong "a platform file is needed" platform
wrong "one platform at a time" platform "$SOURCE/platforms/city-lte.yaml" "$SOURCE/platforms/one-phone.yaml"
wrong "nothere.yaml: cannot open" platform nothere.yaml
wrong "workload.yaml:1:1: a platform has no key 'arrivals'" platform workload.yaml
wrong "PORTOLAN_DATA, which is not set" platform "$SOURCE/platforms/melbourne.yaml"
export PORTOLAN_DATA=$work/data
for file in "$SOURCE"/platforms/*.yaml; do
    name=$(basename "$file" .yaml)
    run 0 platform "$file"
    prints "$name"
    run 0 platform -q "$file"
    silent
    run 0 platform --json "$file"
    json stdout name "$name"
    run 0 platform --xml "$file"
    prints "<platform version="
    ! command -v xmllint >/dev/null || check "xmllint reads it" xmllint --noout --nonet stdout
    run 0 platform --dot "$file"
    prints "graph "
    ! command -v dot >/dev/null || check "dot reads it" dot -Tplain -o /dev/null stdout
done
unset PORTOLAN_DATA

finish
