// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/read_file.hpp"

#include <algorithm>
#include <string>

#include "rondo/loop/await_operation.hpp"

namespace rondo::io::detail {

Task<Lease> read_file(int file, std::uint64_t offset, std::uint64_t size) {
    Lease piece = Lease::take();
    const auto wanted = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, Lease::capacity));
    const int got =
        co_await AwaitOperation(OperationKind::read, file, piece.space().data(), wanted, offset);
    if (got < 0) {
        throw Error("read", "file " + std::to_string(file), -got);
    }
    piece.resize(static_cast<std::size_t>(got));
    co_return piece;
}

}  // namespace rondo::io::detail
