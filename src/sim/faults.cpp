// SPDX-License-Identifier: Apache-2.0
#include "rondo/sim/faults.hpp"

namespace rondo::sim {

std::string_view to_string(Fault fault) noexcept {
    switch (fault) {
        case Fault::latency: return "latency";
        case Fault::bandwidth: return "bandwidth";
        case Fault::loss: return "loss";
        case Fault::buffers: return "buffers";
        case Fault::short_io: return "short_io";
        case Fault::resets: return "resets";
        case Fault::refusals: return "refusals";
        case Fault::black_holes: return "black_holes";
        case Fault::partitions: return "partitions";
        case Fault::calls: return "calls";
    }
    return "?";
}

std::string to_string(Faults faults) {
    std::string text;
    for (const Fault fault : all_faults) {
        if (faults.has(fault)) {
            text.append(text.empty() ? "" : "+").append(to_string(fault));
        }
    }
    return text;
}

}  // namespace rondo::sim
