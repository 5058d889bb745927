# SPDX-License-Identifier: Apache-2.0
# Warnings, sanitizers and ccache. Nothing here reaches a project that consumes Rondo.

if(RONDO_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(CCACHE_PROGRAM ccache)
    mark_as_advanced(CCACHE_PROGRAM)
    if(CCACHE_PROGRAM)
        set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
        set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
    endif()
endif()

# A sanitizer concerns the whole program, and so does the counting of what an input reaches: these
# options are the only global ones.
if(RONDO_SANITIZE)
    add_compile_options(
        "-fsanitize=${RONDO_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer
    )
    add_link_options("-fsanitize=${RONDO_SANITIZE}")
endif()
if(RONDO_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# g++ 12 reports a use of memory that only its own -fsanitize=undefined checks introduce, and
# -Wtsan that it does not model std::atomic_thread_fence; both would be noise in those builds.
function(rondo_warnings target)
    target_compile_options(${target} PRIVATE
        "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion>"
        "$<$<AND:$<BOOL:${RONDO_WERROR}>,$<COMPILE_LANGUAGE:CXX>>:-Werror>"
    )
    if(RONDO_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-tsan)
    endif()
endfunction()

# What every target of ours has in common.
function(rondo_target target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    rondo_warnings(${target})
endfunction()

# Several files of a target in one translation unit, so that what they all include is compiled once;
# with it two names of one scope must differ in a target, not in a file only. Warnings that hold for
# separate files are left to the builds without.
function(rondo_unity target)
    if(NOT RONDO_UNITY)
        return()
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    target_compile_options(${target} PRIVATE -Wno-shadow
        "$<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>"
    )
endfunction()
