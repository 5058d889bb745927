// SPDX-License-Identifier: Apache-2.0
/// The seam between Rondo and the kernel, held by the linker: each call of the list is a symbol
/// that the test program wraps (-Wl,--wrap=…), so no call of the library can miss it.
///
/// A *site* is the k-th call of one name in a run. One fault is armed at a time: the site answers
/// with an errno, without the call being made, or after it where the kernel would have acted too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::test {

/// What else belongs to a failure.
enum class Effect : unsigned char {
    loud,         ///< no effect; whoever asked for the call must hear of it
    quiet,        ///< no effect; Rondo has an answer to it, so the program need not notice
    after,        ///< the call had its effect nonetheless; the program must hear of it
    after_quiet,  ///< the same, and it need not
};

/// One way in which a call can fail.
struct Failure {
    int error;  ///< errno; 0, of an entry of io_uring: a single byte is moved
    Effect effect;
};

inline bool had_effect(Effect effect) noexcept {
    return effect == Effect::after || effect == Effect::after_quiet;
}
inline bool may_be_quiet(Effect effect) noexcept {
    return effect == Effect::quiet || effect == Effect::after_quiet;
}

/// What a call belongs to.
enum class CallKind : unsigned char {
    sockets,
    files,
    processes,
    loop,     ///< waiting, waking, and what a loop is made of
    entries,  ///< of io_uring
    memory,
    threads,
};
constexpr std::size_t call_kinds = 7;

const char* to_string(CallKind kind) noexcept;

/// How a call can fail.
struct Call {
    CallKind kind;
    std::vector<Failure> failures;
};

using Calls = std::map<std::string_view, Call>;

/// By their names.
const Calls& all_calls_that_fail();
CallKind kind_of(std::string_view call);

struct Fault {
    std::string_view call;
    long site = 0;  ///< from 1
    Failure failure{};
};

/// Counts and fails the calls of this process, from any thread.
class Seam {
public:
    /// Counts from zero, without a fault.
    static void start_counting() noexcept;
    /// Counts from zero; `fault` strikes once.
    static void arm(const Fault& fault) noexcept;
    static void disarm() noexcept;

    /// While it lives, calls of its thread are not counted and do not fail.
    class Pause {
    public:
        Pause() noexcept;
        Pause(const Pause&) = delete;
        Pause& operator=(const Pause&) = delete;
        ~Pause();
    };

    static bool struck() noexcept;
    static std::map<std::string_view, long> counts();

    /// For the wrappers: the failure that strikes this call, or nullptr.
    static const Failure* enter(std::string_view call) noexcept;
};

}  // namespace rondo::test
