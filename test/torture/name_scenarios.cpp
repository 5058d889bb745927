// SPDX-License-Identifier: Apache-2.0
// Names, from a hosts file and from a name server of this loop: by UDP, and by TCP where the answer
// says that it was cut. The sockets of c-ares are its own; those of the server, the polls and the
// memory are ours.
#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "net/dns_message.hpp"
#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

std::string reply_to(std::string_view message, bool tcp) {
    const DnsQuery query = DnsQuery::parse(message);
    DnsReply reply(query, query.name == "none.example" ? code_no_name : 0U);
    if (query.name == "long.example" && !tcp) {
        return reply.truncated().message();
    }
    if (query.name == "none.example") {
        return reply.message();
    }
    if (query.type == type_mx) {
        return reply.record(type_mx, 60, std::string("\0\x0a", 2) + wire_name("mail.example"))
            .message();
    }
    return reply.a("192.0.2.7").message();
}

class NameServer {
public:
    NameServer()
        : listener_(TcpListener::listen(Address::loopback(0))),
          socket_(net::UdpSocket::bind(listener_.local_address())) {}

    Address address() const { return listener_.local_address(); }

    Task<> answer_by_udp() {
        for (;;) {
            std::array<char, 512> room{};
            const auto received = co_await socket_.receive_from(room);
            const std::string reply = reply_to({room.data(), received.size}, false);
            co_await socket_.send_to(reply, received.from);
        }
    }

    Task<> answer_by_tcp() {
        for (;;) {
            TcpStream accepted = co_await accept_one(listener_);
            io::BufferedStream stream{io::Stream(std::move(accepted))};
            const std::string size = co_await stream.read_exactly(2);
            const auto high = static_cast<unsigned char>(size[0]);
            const auto low = static_cast<unsigned char>(size[1]);
            const std::string message = co_await stream.read_exactly(high * 256U + low);
            const std::string reply = reply_to(message, true);
            std::string framed;
            add_two(framed, static_cast<unsigned>(reply.size()));
            framed += reply;
            co_await stream.write_all(framed);
        }
    }

private:
    TcpListener listener_;
    net::UdpSocket socket_;
};

net::ResolverOptions options_for(const NameServer& server) {
    net::ResolverOptions options;
    options.servers = {server.address()};
    options.timeout = 100ms;
    options.use_search = false;
    options.hosts_file.clear();
    return options;
}

template <class Look>
Task<> with_server(Look look) {
    NameServer server;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(server.answer_by_udp());
        group.spawn(server.answer_by_tcp());
        net::Resolver resolver(options_for(server));
        co_await look(resolver);
        require(resolver.questions() == 0, "a question that is still on its way");
        group.cancel();
    });
}

Task<> expect_address(net::Resolver& resolver, std::string host, const char* address) {
    const auto addresses = co_await resolver.resolve(host, 80, net::Family::ipv4);
    require(addresses.size() == 1 && addresses[0].host() == address, "another address");
}

Task<> name_by_udp() {
    auto look = [](net::Resolver& resolver) -> Task<> {
        co_await expect_address(resolver, "host.example", "192.0.2.7");
        co_await expect_address(resolver, "host.example", "192.0.2.7");  // from the cache
    };
    co_await with_server(look);
}

Task<> name_by_tcp() {
    auto look = [](net::Resolver& resolver) -> Task<> {
        co_await expect_address(resolver, "long.example", "192.0.2.7");
    };
    co_await with_server(look);
}

Task<> shared_question() {
    auto look = [](net::Resolver& resolver) -> Task<> {
        co_await gather(expect_address(resolver, "host.example", "192.0.2.7"),
                        expect_address(resolver, "host.example", "192.0.2.7"),
                        expect_address(resolver, "other.example", "192.0.2.7"));
    };
    co_await with_server(look);
}

Task<> mail_server() {
    auto look = [](net::Resolver& resolver) -> Task<> {
        const auto records = co_await resolver.resolve_mail("example");
        require(records.size() == 1 && records[0].host == "mail.example", "another mail server");
    };
    co_await with_server(look);
}

Task<> missing_name() {
    auto look = [](net::Resolver& resolver) -> Task<> {
        bool missing = false;
        try {
            co_await resolver.resolve("none.example", 80, net::Family::ipv4);
        } catch (const Error& error) {
            if (error.code() != Errc::not_found) {
                throw;
            }
            missing = true;
        }
        require(missing, "a name that nobody has");
    };
    co_await with_server(look);
}

Task<> hosts_file() {
    const Folder folder;
    const std::string path = folder.at("hosts");
    {
        const Seam::Pause uncounted;
        std::ofstream(path) << "192.0.2.9 printer.example printer # upstairs\n";
    }
    net::ResolverOptions options;
    options.servers = {Address::loopback(1)};
    options.timeout = 20ms;
    options.tries = 1;
    options.use_search = false;
    options.hosts_file = path;
    net::Resolver resolver(options);
    co_await expect_address(resolver, "printer", "192.0.2.9");
    const std::string name = co_await resolver.resolve_name(Address::parse("192.0.2.9", 0));
    require(name == "printer.example", "another name");
}

// c-ares is told of memory that ran out, or of a poll that failed, by silence.
bool ends_in_silence(const Error& error, const Fault& fault) {
    const bool ours = kind_of(fault.call) == CallKind::memory || fault.call == "entry poll" ||
                      fault.call == "epoll_ctl";
    return ours && (error.code() == Errc::timed_out || error.code() == Errc::unreachable);
}

// A poll that failed is an event to c-ares, which looks, and asks to be told again.
const std::vector<std::string_view> polls = {"epoll_ctl"};

// A hosts file that cannot be read has no names.
bool asks_in_vain(const Error& error, const Fault& fault) {
    return fault.call == "open" || fault.call == "stat" || fault.call == "read" ||
           ends_in_silence(error, fault);
}

}  // namespace

Scenarios name_scenarios() {
    return {
        {"name by udp", &name_by_udp, 0, polls, &ends_in_silence},
        {"name by tcp", &name_by_tcp, 0, polls, &ends_in_silence},
        {"shared question", &shared_question, 0, polls, &ends_in_silence},
        {"mail server", &mail_server, 0, polls, &ends_in_silence},
        {"missing name", &missing_name, 0, polls, &ends_in_silence},
        {"hosts file", &hosts_file, 0, {"read"}, &asks_in_vain},
    };
}

}  // namespace rondo::test
