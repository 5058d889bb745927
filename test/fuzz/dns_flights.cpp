// SPDX-License-Identifier: Apache-2.0
// Questions to name servers that answer as the input says, over sockets of the system and on one
// loop: each question ends, what it gives was said by a server, and nothing is left. The input is a
// mode, and then what is done about each question that arrives.
#include <dirent.h>

#include <memory>
#include <vector>

#include "fuzz/target.hpp"
#include "net/dns/ares_flights.hpp"
#include "net/dns_message.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/run.hpp"
#include "rondo/net/tcp_listener.hpp"
#include "rondo/net/udp_socket.hpp"
#include "support/reading.hpp"

namespace rondo::test {
namespace {

using net::Address;
using net::TcpListener;
using net::TcpStream;
using net::UdpSocket;
using namespace net::detail;

/// How questions are asked, by the bits of a byte.
struct AskMode {
    bool two_servers;
    bool two_tries;
    bool rotates;
    bool gives_up;  ///< the first question is cancelled
    RecordType type;

    explicit AskMode(unsigned bits) noexcept
        : two_servers((bits & 1) != 0),
          two_tries((bits & 2) != 0),
          rotates((bits & 4) != 0),
          gives_up((bits & 8) != 0),
          type((bits & 16) != 0   ? RecordType::aaaa
               : (bits & 32) != 0 ? RecordType::txt
                                  : RecordType::a) {}
};

/// What is answered, and what was.
struct Script {
    Choices choices;
    std::vector<std::string> said;

    explicit Script(std::string_view input) noexcept : choices(input) {}
};

DnsReply good_answer(const DnsQuery& query) {
    DnsReply reply(query);
    switch (query.type) {
        case type_a: reply.a("10.0.0.1"); break;
        case type_aaaa: reply.aaaa("fd00::1"); break;
        default: reply.record(query.type, 60, "\4text"); break;
    }
    return reply;
}

std::string changed(std::string message, Choices& choices) {
    for (unsigned changes = choices.byte() % 8 + 1U; changes > 0; --changes) {
        const std::size_t at = choices.byte() % message.size();
        message[at] = static_cast<char>(choices.byte());
    }
    return message;
}

std::string rubbish(const DnsQuery& query, Choices& choices) {
    std::string message;
    add_two(message, query.id);
    const std::size_t size = choices.byte();
    message += choices.text(size);
    return message;
}

/// None of them: silence; by TCP, an end. Beyond the end of the input all are good.
std::vector<std::string> answers(Script& script, const DnsQuery& query) {
    const std::string good = good_answer(query).message();
    std::vector<std::string> all;
    switch (script.choices.byte() % 8) {
        case 1: break;
        case 2: all.push_back(DnsReply(query, script.choices.byte() % 16U).message()); break;
        case 3: all.push_back(DnsReply(query).truncated().message()); break;
        case 4: all.push_back(rubbish(query, script.choices)); break;
        case 5: all.push_back(changed(good, script.choices)); break;
        case 6:
            all.push_back(good_answer(query).id(query.id ^ 1U).message());
            all.push_back(good);
            break;
        case 7:
            all.push_back(good);
            all.push_back(good);
            break;
        default: all.push_back(good); break;
    }
    script.said.insert(script.said.end(), all.begin(), all.end());
    return all;
}

/// By UDP and by TCP at one port.
class ScriptedServer {
public:
    explicit ScriptedServer(Script& script) : script_(script) {
        while (!tcp_.is_open()) {
            udp_ = UdpSocket::bind(Address::loopback(0));
            try {
                tcp_ = TcpListener::listen(udp_.local_address());
            } catch (const Error& error) {
                RONDO_ASSERT(error.code() == Errc::in_use, error.what());
            }
        }
    }

    Address address() const { return udp_.local_address(); }

    Task<> serve_udp() {
        for (;;) {
            const auto datagram = co_await udp_.receive_leased();
            const DnsQuery query = DnsQuery::parse(datagram.bytes().text());
            const std::vector<std::string> all = answers(script_, query);
            for (const std::string& answer : all) {
                co_await udp_.send_to(answer, datagram.from);
            }
        }
    }

    Task<> serve_tcp() {
        for (;;) {
            TcpStream stream = co_await tcp_.accept();
            try {
                co_await serve_one(stream);
            } catch (const Error&) {  // it has gone
            }
        }
    }

private:
    Task<> serve_one(TcpStream& stream) {
        for (;;) {
            const std::string head = co_await read_count(stream, 2);
            if (head.size() < 2) {
                co_return;
            }
            const std::size_t size = static_cast<unsigned char>(head[0]) * std::size_t{256} +
                                     static_cast<unsigned char>(head[1]);
            const std::string message = co_await read_count(stream, size);
            if (message.size() < size) {
                co_return;
            }
            const std::vector<std::string> all = answers(script_, DnsQuery::parse(message));
            if (all.empty()) {
                co_return;
            }
            for (const std::string& answer : all) {
                std::string framed;
                add_two(framed, static_cast<unsigned>(answer.size()));
                framed += answer;
                co_await stream.write_all(framed);
            }
        }
    }

    Script& script_;
    UdpSocket udp_;
    TcpListener tcp_;
};

Task<AnswerPtr> ask(AresFlights& flights, Question question) {
    Landing landing(flights, std::move(question));
    AnswerPtr answer = co_await landing;
    co_return answer;
}

Task<> give_up(AresFlights& flights, Question question, unsigned turns) {
    auto asking = create_task(ask(flights, std::move(question)));
    for (; turns > 0 && !asking.done(); --turns) {
        co_await yield();
    }
    asking.cancel();
    co_await asking.wait();
}

bool same_record(const NameRecord& a, const NameRecord& b) {
    return a.ttl == b.ttl && a.priority == b.priority && a.weight == b.weight && a.port == b.port &&
           a.address == b.address && a.text == b.text;
}

bool same_answer(const NameAnswer& a, const NameAnswer& b) {
    return a.status == b.status && a.ttl == b.ttl &&
           std::equal(a.records.begin(), a.records.end(), b.records.begin(), b.records.end(),
                      same_record);
}

void expect_said(const NameAnswer& answer, const Question& question, const Script& script) {
    RONDO_ASSERT(answer.status == NameStatus::found || answer.records.empty(), "found, or nothing");
    switch (answer.status) {
        case NameStatus::timed_out:
        case NameStatus::no_server:
        case NameStatus::no_memory:
        case NameStatus::bad_answer: return;
        default: break;
    }
    const bool said =
        std::any_of(script.said.begin(), script.said.end(), [&](const std::string& message) {
            const auto bytes = std::as_bytes(std::span(message.data(), message.size()));
            return same_answer(parse_answer(bytes, question), answer);
        });
    RONDO_ASSERT(said, "what a question gives was said by a server");
}

Task<> ask_questions(AresFlights& flights, const AskMode& mode, Script& script) {
    if (mode.gives_up) {
        const unsigned turns = script.choices.byte() % 64U;
        co_await give_up(flights, Question("given-up.example", mode.type), turns);
        RONDO_ASSERT(flights.size() == 0, "a question that was given up");
    }
    for (const char* const name : {"a.example", "b.example"}) {
        const Question question(name, mode.type);
        const AnswerPtr answer = co_await ask(flights, question);
        RONDO_ASSERT(answer != nullptr, "each question has an answer");
        expect_said(*answer, question, script);
        RONDO_ASSERT(flights.size() == 0, "a question that has its answer");
    }
}

Task<> ask_servers(const AskMode& mode, Script& script) {
    std::vector<std::unique_ptr<ScriptedServer>> servers;
    std::vector<Address> addresses;
    for (int i = mode.two_servers ? 2 : 1; i > 0; --i) {
        servers.push_back(std::make_unique<ScriptedServer>(script));
        addresses.push_back(servers.back()->address());
    }
    Cache cache{CacheLimits()};
    AskOptions options;
    options.timeout = std::chrono::milliseconds(5);
    options.tries = mode.two_tries ? 2 : 1;
    options.asked_max = 4;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        for (const auto& server : servers) {
            group.spawn(server->serve_udp());
            group.spawn(server->serve_tcp());
        }
        AresFlights flights(current_loop(), cache, options);
        flights.set_servers(addresses, mode.rotates);
        co_await ask_questions(flights, mode, script);
        group.cancel();
    });
    const LoopStats stats = current_loop().stats();
    RONDO_ASSERT(stats.operations == 0 && stats.timers == 0, "the loop has nothing left");
}

std::ptrdiff_t descriptors() {
    DIR* const folder = opendir("/proc/self/fd");
    std::ptrdiff_t count = 0;
    while (readdir(folder) != nullptr) {
        ++count;
    }
    closedir(folder);
    return count;
}

}  // namespace

void try_input(std::string_view input) {
    const std::ptrdiff_t before = descriptors();
    Script script(input);
    const AskMode mode(script.choices.byte());
    RunOptions options;
    options.driver = DriverKind::epoll;
    options.handle_signals = false;
    run([&] { return ask_servers(mode, script); }, options);
    RONDO_ASSERT(descriptors() == before, "no descriptor is left");
}

}  // namespace rondo::test
