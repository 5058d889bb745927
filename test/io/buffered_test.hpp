// SPDX-License-Identifier: Apache-2.0
/// What the tests of BufferedStream share.
#pragma once

#include "io/io_test.hpp"

namespace rondo::test {

using io::BufferedStream;

class BufferedTest : public IoTest {
protected:
    /// Runs `body` on a buffered end that reads `text` and then the end.
    template <class F>
    void with_text(std::string text, F body) {
        on_driver([&]() -> Task<> {
            Ends ends = co_await connected();
            BufferedStream stream(std::move(ends.server));
            auto write = [&]() -> Task<> {
                co_await ends.client.write_all(text);
                co_await ends.client.shutdown_write();
            };
            // Who closes early is a test of the reader's.
            co_await gather([&] { return body(stream); }, [&] { return code_of(write()); });
            stream.close();
        });
    }
};

inline Task<std::vector<std::string>> all_lines(BufferedStream& stream, std::size_t limit = 1000) {
    std::vector<std::string> all;
    auto lines = stream.lines(limit);
    for (;;) {
        const auto line = co_await lines.next();
        if (!line) {
            co_return all;
        }
        all.emplace_back(*line);
    }
}

}  // namespace rondo::test
