// SPDX-License-Identifier: Apache-2.0
#include "timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace rondo::cli {
namespace {

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view plain = "\x1b[0m";
constexpr std::array<std::string_view, 4> colours = {"\x1b[36m", "\x1b[32m", "\x1b[33m",
                                                     "\x1b[35m"};
constexpr int cells_min = 8;
constexpr int cells_max = 60;

std::string repeat(std::string_view text, int count) {
    std::string out;
    for (int number = 0; number < count; ++number) {
        out += text;
    }
    return out;
}

class Canvas {
public:
    Canvas(const std::vector<BarGroup>& groups, const TimelineStyle& style) : style_(style) {
        for (const BarGroup& group : groups) {
            for (const Bar& bar : group.bars) {
                label_width_ = std::max(label_width_, bar.label.size());
                end_ = std::max(end_, bar.end);
            }
        }
        const std::size_t times = fmt::format("{:.2f} - {:.2f} s", end_, end_).size();
        const int around = static_cast<int>(label_width_ + times) + 7;
        cells_ = std::clamp(style.width - around, cells_min, cells_max);
    }

    std::string heading(std::string_view text) const {
        return style_.colour ? fmt::format("{}{}{}\n", bold, text, plain)
                             : fmt::format("{}\n", text);
    }

    std::string line(const Bar& bar, std::size_t number) const {
        const int from = std::min(cell_of(bar.start), cells_ - 1);
        const int to = std::clamp(cell_of(bar.end), from + 1, cells_);
        std::string filled = repeat(style_.unicode ? "█" : "#", to - from);
        if (style_.colour) {
            filled = fmt::format("{}{}{}", colours[number % colours.size()], filled, plain);
        }
        return fmt::format("  {:<{}}  |{}{}{}| {:.2f} {} {:.2f} s\n", bar.label, label_width_,
                           repeat(" ", from), filled, repeat(" ", cells_ - to), bar.start,
                           style_.unicode ? "–" : "-", bar.end);
    }

private:
    int cell_of(double seconds) const {
        return end_ > 0 ? static_cast<int>(std::lround(seconds / end_ * cells_)) : 0;
    }

    const TimelineStyle& style_;
    std::size_t label_width_ = 0;
    double end_ = 0;
    int cells_ = cells_min;
};

}  // namespace

std::string draw_timeline(const std::vector<BarGroup>& groups, const TimelineStyle& style) {
    const Canvas canvas(groups, style);
    std::string out;
    for (const BarGroup& group : groups) {
        out += canvas.heading(group.heading);
        for (std::size_t number = 0; number < group.bars.size(); ++number) {
            out += canvas.line(group.bars[number], number);
        }
    }
    return out;
}

}  // namespace rondo::cli
