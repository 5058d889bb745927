// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/outcome.hpp"

namespace rondo {
namespace {

const char* why(Reason reason) noexcept {
    switch (reason) {
        case Reason::none: return "cancelled";
        case Reason::caller: return "cancelled: by its caller";
        case Reason::deadline: return "cancelled: a deadline passed";
        case Reason::sibling: return "cancelled: a sibling task failed or won";
        case Reason::shutdown: return "cancelled: its loop shuts down";
        case Reason::abandoned: return "cancelled: its handle was dropped";
    }
    return "cancelled";
}

}  // namespace

Cancelled::Cancelled(Reason reason, CancelPlace place)
    : what_(why(reason)), place_(place), reason_(reason) {
    if (place.file != nullptr) {
        what_.append(", at ").append(place.file).append(":").append(std::to_string(place.line));
    }
}

}  // namespace rondo
