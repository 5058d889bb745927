// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "output.hpp"
#include "terminal.hpp"

namespace rondo::cli {
namespace {

constexpr std::chrono::milliseconds redraw_every{100};
constexpr std::string_view erase_line = "\r\x1b[K";

std::string bytes_for_people(std::uint64_t bytes) {
    constexpr std::array<const char*, 5> units = {"B", "kB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1000 && unit + 1 < units.size(); ++unit) {
        value /= 1000;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace

Progress::Progress(const Tally& tally, std::optional<std::size_t> total, bool shown) noexcept
    : tally_(tally), total_(total), shown_(shown) {}

Task<> Progress::keep_drawing() {
    while (shown_) {
        co_await sleep(redraw_every);
        draw();
    }
}

void Progress::erase() noexcept {
    if (drawn_) {
        drawn_ = false;
        complain(erase_line);
    }
}

void Progress::draw() {
    const std::string of_total = total_ ? fmt::format("/{}", *total_) : "";
    std::string text = fmt::format("{}{} done  {} in flight  {} failed  {:.1f}/s", tally_.done,
                                   of_total, tally_.in_flight(), tally_.failed, rate());
    const int width = terminal_width(STDERR_FILENO) - 1;
    text.resize(std::min(text.size(), static_cast<std::size_t>(width)));
    complain(fmt::format("{}{}", erase_line, text));
    drawn_ = true;
}

std::string Progress::summary() const {
    std::string text = fmt::format("{} done: {} ok, {} failed; {:.2f} s, {:.1f}/s, {}", tally_.done,
                                   tally_.done - tally_.failed, tally_.failed, seconds(), rate(),
                                   bytes_for_people(tally_.bytes));
    if (!tally_.first_failure.empty()) {
        text += fmt::format("\nfirst failure: {}", printable(tally_.first_failure));
    }
    return text;
}

double Progress::seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
}

double Progress::rate() const {
    const double passed = seconds();
    return passed > 0 ? static_cast<double>(tally_.done) / passed : 0;
}

}  // namespace rondo::cli
