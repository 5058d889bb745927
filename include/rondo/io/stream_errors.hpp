// SPDX-License-Identifier: Apache-2.0
/// What a BufferedStream found instead of what it was asked for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "rondo/base/error.hpp"

namespace rondo::io {

/// The stream ended in the middle of what was to be read. asyncio.IncompleteReadError. Its code is
/// Errc::closed.
class IncompleteReadError : public Error {
public:
    /// `expected`: how many bytes were to be read, if that was known.
    IncompleteReadError(const std::string& stream, std::string partial,
                        std::optional<std::size_t> expected);

    /// What came before the end. It is no longer in the stream.
    const std::string& partial() const noexcept { return partial_; }
    std::optional<std::size_t> expected() const noexcept { return expected_; }

private:
    std::string partial_;
    std::optional<std::size_t> expected_;
};

/// More came than was allowed without what was looked for. asyncio.LimitOverrunError. All of it is
/// still in the stream: each further try fails as well, until another call takes the bytes. Its
/// code is Errc::protocol.
class LimitOverrunError : public Error {
public:
    LimitOverrunError(const std::string& stream, std::size_t limit, std::size_t consumed);

    std::size_t limit() const noexcept { return limit_; }
    /// So many bytes in the stream lie before the delimiter, if there is one.
    std::size_t consumed() const noexcept { return consumed_; }

private:
    std::size_t limit_;
    std::size_t consumed_;
};

}  // namespace rondo::io
