# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ./dev fuzz: builds the targets of test/fuzz with libFuzzer, runs each, and reports. Part of ./dev.

fuzz_targets() { (cd test/fuzz/corpus && ls); }

known_target() { [[ -d test/fuzz/corpus/$1 ]]; }

# number_after <word> <file>: the last number that stands behind the word; 0 when there is none.
number_after() {
    local found
    found=$(grep -oE "$1 +[0-9]+" "$2" | tail -n 1 | grep -oE '[0-9]+$') || found=0
    echo "$found"
}

# fuzz_one <target> <seconds>: from the committed corpus and what earlier runs found, into the
# latter. Prints a line of the report.
fuzz_one() {
    local target=$1 seconds=$2 folder=build/fuzz/fuzzing verdict=ok
    local log=$folder/$target.log corpus=test/fuzz/corpus/$target
    mkdir -p "$folder/$target"
    ASAN_OPTIONS=quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1 \
        build/fuzz/test/fuzz/"fuzz_$target" \
        -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 \
        -artifact_prefix="$folder/$target-" "$folder/$target" "$corpus" \
        >"$log" 2>&1 </dev/null || verdict=FOUND
    printf '%-16s %-6s %11s %8s %11s %9s\n' "$target" "$verdict" \
        "$(number_after stat::number_of_executed_units: "$log")" \
        "$(number_after stat::average_exec_per_sec: "$log")" \
        "$(grep -m1 INITED "$log" | grep -oE 'cov: [0-9]+' | grep -oE '[0-9]+')" \
        "$(number_after cov: "$log")"
    [[ $verdict == ok ]] || { tail -n 40 "$log"; return 1; }
}

# keep_found <target>: adds to the committed corpus what reaches more than it does.
keep_found() {
    local folder=build/fuzz/fuzzing
    build/fuzz/test/fuzz/"fuzz_$1" -set_cover_merge=1 -use_counters=0 \
        "test/fuzz/corpus/$1" "$folder/$1" >"$folder/$1.merge.log" 2>&1 ||
        { tail -n 40 "$folder/$1.merge.log"; return 1; }
}

# fuzz [TARGET…] [--seconds N] [--keep]
cmd_fuzz() {
    local seconds=60 keep='' target status=0
    local targets=()
    while (($#)); do
        case $1 in
            --seconds) seconds=${2:?--seconds wants a number} && shift ;;
            --keep) keep=1 ;;
            *) known_target "$1" || die "no target $1; there are: $(fuzz_targets | xargs)"
                targets+=("$1") ;;
        esac
        shift
    done
    ((${#targets[@]})) || mapfile -t targets < <(fuzz_targets)
    need "${for_build[@]}" "${for_test[@]}" "${for_clang[@]}"
    say "building"
    build_preset fuzz --target "${targets[@]/#/fuzz_}" >build/fuzz.log 2>&1 ||
        { cat build/fuzz.log >&2; die "the build failed"; }
    printf '%-16s %-6s %11s %8s %11s %9s\n' target '' executions 'per s' 'coverage of' 'the end'
    for target in "${targets[@]}"; do
        fuzz_one "$target" "$seconds" || status=1
        [[ -z $keep ]] || keep_found "$target" || status=1
    done
    ((status == 0)) || say "inputs that fail lie in build/fuzz/fuzzing/TARGET-…"
    return "$status"
}
