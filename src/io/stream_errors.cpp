// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/stream_errors.hpp"

#include <utility>

namespace rondo::io {
namespace {

std::string end_after(std::size_t got, std::optional<std::size_t> expected) {
    std::string text = "the stream ended after " + std::to_string(got);
    if (expected) {
        text += " of " + std::to_string(*expected);
    }
    return text + " bytes";
}

}  // namespace

IncompleteReadError::IncompleteReadError(const std::string& stream, std::string partial,
                                         std::optional<std::size_t> expected)
    : Error(Errc::closed, "read", stream, end_after(partial.size(), expected)),
      partial_(std::move(partial)),
      expected_(expected) {}

LimitOverrunError::LimitOverrunError(const std::string& stream, std::size_t limit,
                                     std::size_t consumed)
    : Error(Errc::protocol, "read", stream,
            "more than the limit of " + std::to_string(limit) + " bytes came"),
      limit_(limit),
      consumed_(consumed) {}

}  // namespace rondo::io
