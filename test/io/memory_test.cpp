// SPDX-License-Identifier: Apache-2.0
// What streams hold while they wait, and what they allocate.
#include "driver/readiness_base.hpp"
#include "io/io_test.hpp"
#include "rondo/io/buffered_writer.hpp"
#include "rondo/io/copy.hpp"
#include "sync/allocations.hpp"

namespace rondo::test {
namespace {

std::size_t leases_out() {
    return dynamic_cast<detail::ReadinessBase&>(current_loop().driver()).leases_out();
}

class IoMemoryTest : public IoTest {};

TEST_P(IoMemoryTest, a_buffered_stream_that_waits_holds_no_buffer) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        io::BufferedStream stream(std::move(ends.server));
        auto reader = create_task(stream.read_line());
        co_await turns(50);
        EXPECT_EQ(leases_out(), 0U);
        co_await ends.client.write_all("half");
        co_await turns(50);
        EXPECT_EQ(leases_out(), 0U) << "what is there is kept in memory of its size";
        EXPECT_EQ(stream.buffered(), 4U);
        co_await ends.client.write_all(" a line\nnext");
        co_await reader;
        EXPECT_EQ(leases_out(), 0U);
    });
}

TEST_P(IoMemoryTest, little_that_was_read_ahead_holds_none_either) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        io::BufferedStream stream(std::move(ends.server));
        co_await ends.client.write_all("first\nsecond\n" + std::string(4000, 'x'));
        co_await stream.read_line();
        EXPECT_EQ(leases_out(), 0U);
        auto lines = stream.lines();
        const auto second = co_await lines.next();
        EXPECT_EQ(second.value_or(""), "second");
        EXPECT_EQ(leases_out(), 0U);
        co_await stream.peek(4000);
        EXPECT_EQ(leases_out(), 0U);
    });
}

TEST_P(IoMemoryTest, a_writer_holds_one_between_write_and_flush) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        io::BufferedWriter out(ends.client);
        EXPECT_EQ(leases_out(), 0U);
        co_await out.write("text");
        EXPECT_EQ(leases_out(), 1U);
        co_await out.flush();
        EXPECT_EQ(leases_out(), 0U);
    });
}

TEST_P(IoMemoryTest, a_copy_that_waits_for_bytes_holds_none) {
    on_driver([&]() -> Task<> {
        Ends ends = co_await connected();
        auto [from, to] = io::make_pipe();
        auto copying = create_task([&]() -> Task<> { co_await io::copy(from, ends.client); });
        co_await turns(50);
        EXPECT_EQ(leases_out(), 0U);
        co_await to.write_all("text");
        to.close();
        co_await copying;
        EXPECT_EQ(leases_out(), 0U);
    });
}

TEST_P(IoMemoryTest, a_copy_allocates_nothing_per_portion) {
    on_driver([&]() -> Task<> {
        Ends left = co_await connected();
        Ends right = co_await connected();
        auto relay =
            create_task([&]() -> Task<> { co_await io::copy_both(left.server, right.client); });
        std::array<char, 100> to{};
        const std::string portion(100, 'p');
        long before = 0;
        for (int i = 0; i < 300; ++i) {
            if (i == 200) {
                before = allocations();
            }
            co_await left.client.write_all(portion);
            for (std::size_t got = 0; got < portion.size();) {
                got += co_await right.server.read_some(to);
            }
        }
        EXPECT_LE(allocations() - before, 3) << "of 100 portions";
        relay.cancel();
        co_await ended(relay);
    });
}

// In memory and on the real drivers, where pieces are not drawn.
std::vector<Place> exact_places() {
    std::vector<RunOptions> drivers = real_drivers();
    drivers.push_back(sim_options(0));
    return places(drivers, {Over::memory, Over::tcp});
}

INSTANTIATE_TEST_SUITE_P(io, IoMemoryTest, testing::ValuesIn(exact_places()), place_name);

}  // namespace
}  // namespace rondo::test
