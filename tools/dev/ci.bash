# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ./dev ci and ./dev matrix: steps, and a table of what they took. Part of ./dev.

table=()
failures=()
failed=0

# step <title> <command…>: runs it, its output into a log that is shown only on failure. A command
# that ends with 77 was skipped; the last line of its output says why.
step() {
    local title=$1 log start seconds status verdict=ok
    shift
    mkdir -p build/log
    log=build/log/${title//[^a-zA-Z0-9]/_}.log
    printf '%-44s ' "$title"
    start=$(date +%s)
    # Not `if (…)`: a condition would switch errexit off inside.
    set +e
    (set -e; "$@") >"$log" 2>&1 </dev/null
    status=$?
    set -e
    case $status in
        0) ;;
        77) verdict=skipped ;;
        *) verdict=FAILED failed=1 ;;
    esac
    seconds=$(($(date +%s) - start))
    printf '%-7s %5d s\n' "$verdict" "$seconds"
    case $verdict in
        FAILED)
            echo "--- last lines of $log" && tail -n 120 "$log" && echo "---"
            failures+=("$title" "$(digest "$log")")
            ;;
        skipped) tail -n 1 "$log" ;;
    esac
    table+=("$(printf '%-44s %-7s %5d s' "$title" "$verdict" "$seconds")")
}

# digest <log>: what failed in it, in a few lines.
digest() {
    local test='^\s+[0-9]+ - .* \([[:alpha:]_ ]+\)$' case='^\[  FAILED  \] .*ms\)$'
    local error=': Failure$|(runtime|[: ]) ?error: |Sanitizer: |AssertionError|^FAILED: '
    grep -aE "$test|$case" "$1" | grep -vE '\((Skipped|Disabled)\)$' |
        sed -E 's/ +# GetParam.*>/ /' | cut -c1-200 | head -n 20 || true
    grep -aE -A5 "$error" "$1" | cut -c1-200 | head -n 60 || true
}

print_table() {
    ((${#failures[@]} == 0)) || printf '\n%s' "${failures[@]}"
    printf '\n'
    printf '%s\n' "${table[@]}" "$(printf '%-44s %-7s %5d s' total '' "$SECONDS")"
    return "$failed"
}

with_driver() {
    local driver=$1
    shift
    if [[ $driver == uring ]] && ! kernel_has_uring; then
        echo "the kernel refuses io_uring here"
        return 77
    fi
    RONDO_DRIVER=$driver "$@"
}

# io_uring_setup is system call 425 everywhere.
kernel_has_uring() {
    python3 -c 'import ctypes, sys
sys.exit(ctypes.CDLL(None).syscall(425, 4, (ctypes.c_char * 120)()) < 0)'
}

# The commands of the README, as it gives them.
readme_command() {
    local command
    command=$(grep -m1 -oE "^\./dev $1\b[^#]*" README.md) || die "README.md gives no ./dev $1"
    bash -euc "$command"
}

readme_demo() {
    readme_command demo | tee build/log/demo.txt
    tail -n1 build/log/demo.txt |
        grep -qE '^one after the other 3\.[0-9]+ s, together 2\.[0-9]+ s$' ||
        die "the last line of the demo is not as promised"
}

# test_modules <preset> <module>…: builds and tests these modules, but for what is marked slow; not
# the examples either, which ./dev matrix runs under the sanitizers.
test_modules() {
    local preset=$1
    shift
    mkdir -p build
    configure "$preset" -DRONDO_CLI=OFF -DRONDO_EXAMPLES=OFF \
        "-DRONDO_TEST_MODULES=$(IFS=';' && echo "$*")"
    cmake --build --preset "$preset" -j "$JOBS"
    test_preset "$preset" -LE slow
}

headers() { build_preset "$1" --target all_verify_interface_header_sets; }

# Meant to fit 45 minutes on two cores, with nothing compiled before: all modules with g++ -O2, on
# both drivers; what makes and resumes coroutines with clang -O2 and under g++'s ASan as well; the
# rest, but for the programs and their peers, under clang's; where threads meet, under clang's TSan.
# ./dev matrix is the whole. Sanitizers are built at -O0: it takes half to a third of the time of
# -O1.
cmd_ci() {
    local heart=(compilers coro loop driver)
    local rest=(base sync io sim net os conformance tls http torture fuzz)
    local threads=(base loop sync driver net os)
    step "setup" cmd_setup
    step "tidy: our rules" cmd_tidy --fast
    step "tidy: its own tests" python3 tools/test_tidy.py
    step "format" cmd_format --check
    step "README: ./dev demo" readme_demo
    step "README: ./dev test (g++ release)" readme_command test
    step "oracle: 2000 programs" cmd_oracle 2000
    step "g++ release, RONDO_DRIVER=epoll" with_driver epoll test_preset gcc-release -LE slow
    step "g++ release: headers alone" headers gcc-release
    step "instructions within their limits" cmd_bench micro --quick
    step "clang release" test_modules clang-release "${heart[@]}"
    step "clang-tidy, without its analyzer" clang_tidy_units
    step "g++ ASan and UBSan" test_modules gcc-asan "${heart[@]}"
    step "clang ASan and UBSan" test_modules clang-asan "${rest[@]}"
    step "clang TSan" test_modules clang-tsan "${threads[@]}"
    step "package consumers" test/package/run
    print_table
}

# What gcc-debug would find by compiling each file alone, clang-debug finds in half the time.
matrix_build() {
    local units=()
    [[ $1 != gcc-debug ]] || units=(-DRONDO_UNITY=ON)
    mkdir -p build
    configure "$1" "${units[@]}" && cmake --build --preset "$1" -j "$JOBS"
}

# Both compilers, every build, both kernel drivers, nothing left out; or the presets that are named.
# torture/sample is a tenth of torture/slow. Much of the tests' time is waiting.
cmd_matrix() {
    (($#)) || set -- "${presets[@]}"
    split "$@"
    step "setup" cmd_setup
    local preset driver TEST_JOBS=$((2 * JOBS))
    for preset in "${chosen[@]}"; do
        step "$preset: build" matrix_build "$preset"
        [[ $preset != *-release ]] || step "$preset: headers alone" headers "$preset"
        for driver in uring epoll; do
            step "$preset: $driver" with_driver "$driver" test_preset "$preset" -E torture/sample
        done
    done
    step "fuzz: build" build_preset fuzz
    step "clang-tidy" clang_tidy
    step "package consumers" test/package/run
    print_table
}
