// SPDX-License-Identifier: Apache-2.0
/// How far a job is: counted always, shown on stderr while it runs when that is a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <rondo/rondo.hpp>
#include <string>
#include <string_view>

namespace rondo::cli {

/// What happened so far.
struct Tally {
    std::size_t started = 0;
    std::size_t done = 0;  ///< ended, failed or not
    std::size_t failed = 0;
    std::uint64_t bytes = 0;
    std::string first_failure;  ///< "http://host/: 404", for people

    std::size_t in_flight() const noexcept { return started - done; }
};

/// One line of stderr, drawn again ten times a second and erased at the end.
class Progress {
public:
    /// `total`, if known. Not `shown`: it writes nothing.
    Progress(const Tally& tally, std::optional<std::size_t> total, bool shown) noexcept;
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() { erase(); }

    /// Draws until it is stopped.
    Task<> keep_drawing();
    /// Makes room for other text, until the line is drawn again.
    void erase() noexcept;

    /// "12 done: 10 ok, 2 failed; 3.1 s, 3.9/s, 1.2 MB", for the end.
    std::string summary() const;

private:
    using Clock = std::chrono::steady_clock;

    void draw();
    double seconds() const;
    double rate() const;

    const Tally& tally_;
    std::optional<std::size_t> total_;
    Clock::time_point start_ = Clock::now();
    bool shown_;
    bool drawn_ = false;
};

}  // namespace rondo::cli
