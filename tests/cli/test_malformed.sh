#!/usr/bin/env bash
# Malformed platforms, workloads, scenarios and outcome tables: each is refused with status 2 and the place of the fault, by
# every command that reads it, and nothing is written. malformed/EXPECTED says what is wanted of each file.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

corpus=$SOURCE/tests/cli/malformed
mkdir parent # of the results folder that must not appear
cat >good.yaml <<YAML
platform: $SOURCE/platforms/one-phone.yaml
workload: {arrivals: {rate: 1/s}}
model: {synthetic: {samples: 10}}
hidden: 64
policies: [phone-only]
run: {requests: 10}
split: {phone: 1, edge: 1}
YAML
run 0 run good.yaml --out good -q

# refused FILE PLACE TEXT COMMAND...: the command names FILE, PLACE (line:column, line: or nothing) and TEXT.
refused() {
    local file=$1 place=$2 text=$3
    shift 3
    run 2 "$@"
    says "portolan: $file:${place:+$place}"
    says "$text"
    check "standard output is not empty" test ! -s stdout
    check "one line of error, not $(wc -l <stderr)" test "$(wc -l <stderr)" -eq 1
    check "something was written: $(ls -A parent)" test -z "$(ls -A parent)"
}

# try FILE PLACE TEXT: FILE by itself, and where a run meets it. The name tells what kind of file it is.
try() {
    local file=$1 out=(--out parent/out)
    refused "$@" check "$file"
    case $(basename "$file") in
    platform-*)
        refused "$@" platform "$file"
        refused "$@" run good.yaml --set "platform=$file" "${out[@]}"
        ;;
    workload-*) refused "$@" run good.yaml --set "workload=$file" "${out[@]}" ;;
    outcomes-*) refused "$@" run good.yaml --set "model=$file" "${out[@]}" ;;
    scenario-*) refused "$@" run "$file" "${out[@]}" ;;
    esac
}

# ---- The corpus ----

tried=0
while read -r name place text; do
    [ "${name:0:1}" = "#" ] && continue
    case $place in *:) ;; *) place=$place: ;; esac # a colon at the end: 3:1 is not 3:12
    try "$corpus/$name" "$place" "$text"
    tried=$((tried + 1))
done <"$corpus/EXPECTED"
check "every file of the corpus has its line in EXPECTED" \
    test "$tried" -eq "$(find "$corpus" -name '*-*.yaml' -o -name '*-*.csv' | wc -l)"

# ---- What is too large, too strange or too fleeting to keep as a file ----

head -c 100000000 /dev/zero | tr '\0' '[' >platform-brackets.yaml
try platform-brackets.yaml 1:1: "has 100000000 bytes; at most"
head -c 1000000 /dev/zero | tr '\0' '[' >scenario-brackets.yaml
try scenario-brackets.yaml 1: "nested deeper than 32 levels"
head -c 200000 /dev/zero | tr '\0' '{' >platform-braces.yaml
try platform-braces.yaml 1: ""
: >platform-empty.yaml
try platform-empty.yaml 1:1: "the file is empty"
: >workload-empty.yaml
try workload-empty.yaml 1:1: "the file is empty"
: >scenario-empty.yaml
try scenario-empty.yaml 1:1: "the file is empty"
: >outcomes-empty.csv
try outcomes-empty.csv 1:1: "not an outcome table"
printf '# only a comment\n' >scenario-comment.yaml
try scenario-comment.yaml 1:1: "the file is empty"
printf 'name: a\0b\n' >scenario-nul.yaml
try scenario-nul.yaml 1:8: ""
printf '\377\376n\0a\0' >platform-utf16.yaml
try platform-utf16.yaml "" ""
printf 'name: caf\351\nphones: []\n' >platform-latin1.yaml
try platform-latin1.yaml 1: "not YAML text"
head -c 65536 "$PORTOLAN" >workload-binary.yaml
try workload-binary.yaml 1:1: "not YAML text"
head -c 65536 "$PORTOLAN" >outcomes-binary.csv
try outcomes-binary.csv 1:1: "not an outcome table"
{
    echo 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
    for i in 1 2 3 4 5 6 7 8 9; do
        p=$((i - 1))
        echo "a$i: &a$i [*a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p]"
    done
} >platform-alias-bomb.yaml
try platform-alias-bomb.yaml "" "with its aliases expanded the file has more than"
{
    echo 'phones: []'
    for ((i = 0; i < 5000; i++)); do echo "key$i: 1"; done
} >platform-many-keys.yaml
try platform-many-keys.yaml 4097:1: "more than 4096 keys"
{
    echo 'arrivals:'
    seq -f '  - %.0f' 250000
} >workload-many-values.yaml
try workload-many-values.yaml "" "more than 200000 values"
{
    printf 'name: '
    head -c 1000000 /dev/zero | tr '\0' 'x'
    echo
    echo 'phones: []'
} >platform-long-name.yaml
try platform-long-name.yaml 1: "a name has 1 to 63 letters"
{
    echo 'sample,label,tokens,exit1_p0,exit1_p1'
    printf '0,0,5,'
    head -c 1000000 /dev/zero | tr '\0' '9'
    echo ',0'
} >outcomes-long-number.csv
try outcomes-long-number.csv 2:7: "a probability is a number"
{
    echo 'Sample_ID,Exit,Confidence,Prediction,Label'
    echo '4294967294,0,0.5,1,1'
    echo '4294967295,0,0.5,1,1'
} >outcomes-large-sample.csv
try outcomes-large-sample.csv 3:1: "a sample's number"

# Files that are none.
mkdir scenario-folder.yaml
try scenario-folder.yaml "" "is not a regular file"
try nothere/scenario-missing.yaml "" "cannot open"
ln -s scenario-loop.yaml scenario-loop.yaml
try scenario-loop.yaml "" "cannot open"
# A platform, workload or table that a scenario names and that is not there is the scenario's fault, at that place.
refused "--set platform" 1:1: "nothere.yaml" run good.yaml --set platform=nothere.yaml --out parent/out
refused "--set workload" 1:1: "nothere.yaml" run good.yaml --set workload=nothere.yaml --out parent/out
refused "--set model" 1:1: "nothere.csv" run good.yaml --set model=nothere.csv --out parent/out

printf '%d files of the corpus\n' "$tried"
finish
