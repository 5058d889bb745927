// SPDX-License-Identifier: Apache-2.0
/// A picture of what happened when, as bars in a terminal.
#pragma once

#include <string>
#include <vector>

namespace rondo::cli {

/// Something that took time, in seconds from the start of its group.
struct Bar {
    std::string label;
    double start = 0;
    double end = 0;
};

/// Bars under one heading.
struct BarGroup {
    std::string heading;
    std::vector<Bar> bars;
};

struct TimelineStyle {
    int width = 80;  ///< columns; the picture keeps within them, and is at least 40 wide
    bool unicode = false;
    bool colour = false;
};

/// One line per heading and bar, all groups on one scale.
std::string draw_timeline(const std::vector<BarGroup>& groups, const TimelineStyle& style);

}  // namespace rondo::cli
