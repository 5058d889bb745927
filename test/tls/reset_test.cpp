// SPDX-License-Identifier: Apache-2.0
// A peer that resets the connection in the middle of a handshake: before, in and after each record
// that it sends, as a client and as a server, on each driver.
#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "sim/sim_driver.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

/// How much of a conversation is said, and what of it was.
struct Cut {
    std::size_t after = SIZE_MAX;
    std::string said;
};

/// An io::ByteStream over TCP that resets the connection instead of saying the rest.
class CutStream {
public:
    CutStream(TcpStream under, Cut& cut) : under_(std::move(under)), cut_(&cut) {}

    Task<std::size_t> read_some(MutableBytes to) {
        if (!is_open()) {
            co_return std::size_t{0};
        }
        const std::size_t count = co_await under_.read_some(to);
        co_return count;
    }
    Task<> write_all(Bytes bytes) {
        const std::string_view part = bytes.text().substr(0, cut_->after - cut_->said.size());
        cut_->said += part;
        if (!part.empty()) {
            co_await under_.write_all(part);
        }
        if (part.size() < bytes.size()) {
            under_.reset();
            throw Error("write", "cut", ECONNRESET);
        }
    }
    void shutdown_write() { under_.shutdown_write(); }
    void close() noexcept { under_.close(); }
    bool is_open() const noexcept { return under_.is_open(); }
    std::string name() const { return "cut"; }

private:
    TcpStream under_;
    Cut* cut_;
};

/// In each record of a conversation: before it, in its head, behind that, and in its middle. Not in
/// the last bytes, for some signatures are shorter than others.
std::vector<std::size_t> points_of(const std::string& said) {
    constexpr std::size_t head = 5;
    constexpr std::size_t differs = 16;
    std::vector<std::size_t> points;
    const auto byte = [&](std::size_t at) {
        return std::size_t{static_cast<unsigned char>(said.at(at))};
    };
    for (std::size_t at = 0; at < said.size();) {
        const std::size_t size = head + byte(at + 3) * 256 + byte(at + 4);
        for (const std::size_t into : {std::size_t{0}, std::size_t{3}, head, size / 2}) {
            if (at + into + differs < said.size()) {
                points.push_back(at + into);
            }
        }
        at += size;
    }
    return points;
}

/// Those that the simulation counts; the fixture counts those of the process.
std::size_t simulated_descriptors() {
    auto* const driver = dynamic_cast<detail::SimDriver*>(&current_loop().driver());
    return driver != nullptr ? driver->open_descriptors() : 0;
}

class TlsResetTest : public TlsTest {
protected:
    /// What the two ends of a handshake fail with; "" where they do not.
    struct Ends {
        std::string client;
        std::string server;
        Ends(std::string one, std::string other)
            : client(std::move(one)), server(std::move(other)) {}
    };

    static Task<std::string> code_of(Task<TlsStream> handshake) {
        std::string code;
        try {
            const TlsStream stream = co_await std::move(handshake);
        } catch (const Error& error) {
            code = to_string(error.code());
        }
        co_return code;
    }

    static ClientContext client_of(tls::Version version) {
        ClientOptions options = client_options();
        options.max_version = version;
        options.sessions_max = 0;  // every handshake is a whole one
        return ClientContext(options);
    }

    /// The client speaks through `cut`, or the server.
    static Task<Ends> shake(ClientContext client, ServerContext server, bool cuts_client,
                            Cut& cut) {
        Pair pair = co_await connected();
        io::Stream speaker{CutStream(std::move(cuts_client ? pair.client : pair.server), cut)};
        io::Stream victim{std::move(cuts_client ? pair.server : pair.client)};
        io::Stream& of_client = cuts_client ? speaker : victim;
        io::Stream& of_server = cuts_client ? victim : speaker;
        auto [one, other] =
            co_await gather(code_of(tls::connect(std::move(of_client), test_host, client)),
                            code_of(tls::accept(std::move(of_server), server)));
        co_return Ends(std::move(one), std::move(other));
    }

    static Task<> cut_everywhere(tls::Version version, bool cuts_client) {
        const ClientContext client = client_of(version);
        const ServerContext server{server_options()};
        Cut whole;
        const Ends good = co_await shake(client, server, cuts_client, whole);
        EXPECT_EQ(good.client + good.server, "");
        const std::vector<std::size_t> points = points_of(whole.said);
        EXPECT_GT(points.size(), 8U);
        const std::size_t descriptors = simulated_descriptors();
        for (const std::size_t point : points) {
            Cut cut;
            cut.after = point;
            const Ends ends = co_await shake(client, server, cuts_client, cut);
            EXPECT_EQ(cuts_client ? ends.server : ends.client, "reset") << "after byte " << point;
            EXPECT_EQ(cut.said.size(), point);
            EXPECT_EQ(ERR_peek_error(), 0U) << "an error is left for whoever comes next";
            EXPECT_EQ(leases_out(), 0U);
            EXPECT_EQ(simulated_descriptors(), descriptors);
            expect_idle(current_loop().stats());
        }
    }
};

TEST_P(TlsResetTest, a_servers_handshake_that_its_client_resets_fails_with_reset) {
    for (const tls::Version version : {tls::Version::tls_1_2, tls::Version::tls_1_3}) {
        on_driver([version] { return cut_everywhere(version, true); });
    }
}

TEST_P(TlsResetTest, a_clients_handshake_that_its_server_resets_fails_with_reset) {
    for (const tls::Version version : {tls::Version::tls_1_2, tls::Version::tls_1_3}) {
        on_driver([version] { return cut_everywhere(version, false); });
    }
}

INSTANTIATE_TEST_SUITE_P(tls, TlsResetTest, testing::ValuesIn(all_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
