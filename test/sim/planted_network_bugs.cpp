// SPDX-License-Identifier: Apache-2.0
#include "sim/planted_network_bugs.hpp"

#include <cstring>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "rondo/coro/task_group.hpp"
#include "sim/network_test.hpp"
#include "sim/planted.hpp"

namespace rondo::test {
namespace {

struct Message {
    int id = 0;
    int value = 0;
};

// Messages over a stream. What has come of one is kept when waiting for the rest is cancelled.
class Wire {
public:
    explicit Wire(TcpStream stream) noexcept : stream_(std::move(stream)) {}

    Task<> send(Message message) {
        char bytes[sizeof message];
        std::memcpy(bytes, &message, sizeof message);
        co_await stream_.write_all(std::string_view(bytes, sizeof bytes));
    }
    // Empty at the end.
    Task<std::optional<Message>> receive() {
        while (have_ < sizeof bytes_) {
            const MutableBytes rest(reinterpret_cast<std::byte*>(bytes_) + have_,
                                    sizeof bytes_ - have_);
            const std::size_t got = co_await stream_.read_some(rest);
            if (got == 0) {
                co_return std::nullopt;
            }
            have_ += got;
        }
        have_ = 0;
        Message message;
        std::memcpy(&message, bytes_, sizeof message);
        co_return message;
    }

private:
    TcpStream stream_;
    char bytes_[sizeof(Message)] = {};
    std::size_t have_ = 0;
};

Address at(const char* host) { return Address::parse(host, 7000); }

Task<Wire> call(std::string from, const char* to) {
    TcpStream stream = co_await sim::on_host(std::move(from), TcpStream::connect(at(to)));
    co_return Wire(std::move(stream));
}

using Answer = std::function<std::optional<Message>(Message)>;

Task<> serve_one(TcpStream stream, const Answer& answer) {
    Wire wire(std::move(stream));
    for (;;) {
        const std::optional<Message> question = co_await wire.receive();
        if (!question) {
            co_return;
        }
        const std::optional<Message> reply = answer(*question);
        if (reply) {
            co_await wire.send(*reply);
        }
    }
}

// Runs `client` beside a server that answers each message.
Task<> with_server(const char* host, Answer answer, std::function<Task<>()> client) {
    TcpListener listener = TcpListener::listen(at(host));
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn([&]() -> Task<> {
            for (;;) {
                TcpStream stream = co_await listener.accept();
                group.spawn(serve_one(std::move(stream), answer));
            }
        });
        co_await client();
        group.cancel();
    });
}

// A request is given up after a while; its reply, which comes later, is taken for the next one's.
Task<> late_reply(bool bug) {
    const auto client = [&]() -> Task<> {
        Wire wire = co_await call("10.0.0.1", "10.0.0.2");
        for (int id = 1; id <= 3; ++id) {
            co_await wire.send({id, 10 * id});
            auto wait = [&]() -> Task<Message> {
                for (;;) {
                    const auto reply = co_await wire.receive();
                    if (bug || reply->id == id) {
                        co_return *reply;
                    }
                }
            };
            const auto reply = co_await move_on_after(100ms, wait());
            if (reply) {
                expect(reply->value == 20 * id, "the reply to another request");
            }
        }
    };
    co_await with_server(
        "10.0.0.2", [](Message question) { return Message{question.id, 2 * question.value}; },
        client);
}

// What got no answer in time is sent again, though it may have been done.
Task<> done_twice(bool bug) {
    int balance = 0;
    std::set<int> done;
    const auto pay = [&](Message question) {
        if (bug || done.insert(question.id).second) {
            balance += question.value;
        }
        return question;
    };
    const auto client = [&]() -> Task<> {
        auto once = [&]() -> Task<> {
            Wire wire = co_await call("10.0.0.1", "10.0.0.2");
            co_await wire.send({1, 100});
            co_await wire.receive();
        };
        const auto first = co_await move_on_after(300ms, once());
        if (!first) {
            co_await once();
        }
    };
    co_await with_server("10.0.0.2", pay, client);
    expect(balance == 100, "paid twice");
}

// Who holds a lease for a second renews it, and believes to have it while he waits for the answer.
Task<> two_leaders(bool bug) {
    int holder = 0;
    TimePoint until = now();
    const auto grant = [&](Message question) {
        if (holder == question.id || now() >= until) {
            holder = question.id;
            until = now() + 1s;
        }
        return Message{question.id, holder};
    };
    bool first_leads = false;
    TimePoint first_leads_until = now();
    const auto first = [&]() -> Task<> {
        Wire wire = co_await call("10.0.0.1", "10.0.0.3");
        for (int i = 0; i < 12; ++i) {
            const TimePoint asked = now();
            co_await wire.send({1, 0});
            const auto reply = co_await wire.receive();
            first_leads = reply->value == 1;
            first_leads_until = asked + 1s;
            co_await sleep(300ms);
        }
        first_leads = false;
    };
    const auto second = [&]() -> Task<> {
        co_await sleep(1s);
        Wire wire = co_await call("10.0.0.2", "10.0.0.3");
        for (int i = 0; i < 40; ++i) {
            co_await wire.send({2, 0});
            const auto reply = co_await wire.receive();
            if (reply->value == 2) {
                const bool leads = first_leads && (bug || now() < first_leads_until);
                expect(!leads, "two leaders");
                co_return;
            }
            co_await sleep(100ms);
        }
    };
    co_await with_server("10.0.0.3", grant,
                         [&]() -> Task<> { co_await gather(first(), second()); });
}

// An answer that breaks off is taken for a complete one.
Task<> half_an_answer(bool bug) {
    constexpr std::size_t size = 200'000;
    TcpListener listener = TcpListener::listen(at("10.0.0.2"));
    const auto server = [&]() -> Task<> {
        TcpStream stream = co_await listener.accept();
        co_await errno_of(write_text(stream, std::string(size, 'x')));
    };
    const auto client = [&]() -> Task<> {
        std::size_t have = 0;
        bool complete = false;
        try {
            TcpStream stream = co_await TcpStream::connect(at("10.0.0.2"));
            char bytes[4096];
            for (;;) {
                const std::size_t got = co_await stream.read_some(bytes);
                if (got == 0) {
                    complete = true;
                    break;
                }
                have += got;
            }
        } catch (const Error&) {
            complete = bug && have > 0;
        }
        expect(!complete || have == size, "half an answer");
    };
    co_await gather(server(), client());
}

// Who waits without a deadline waits for ever for a peer that fell silent.
Task<> no_deadline(bool bug) {
    const auto client = [&]() -> Task<> {
        Wire wire = co_await call("10.0.0.1", "10.0.0.2");
        auto talk = [&]() -> Task<> {
            for (int i = 0; i < 20; ++i) {
                co_await wire.send({i, i});
                co_await wire.receive();
            }
        };
        if (bug) {
            co_await errno_of(talk());
        } else {
            co_await move_on_after(30s, errno_of(talk()));
        }
    };
    co_await with_server("10.0.0.2", [](Message question) { return question; }, client);
}

}  // namespace

std::vector<PlantedNetworkBug> planted_network_bugs() {
    using sim::Fault;
    std::vector<PlantedNetworkBug> bugs;
    auto plant = [&](const char* name, Task<> (*program)(bool), sim::Faults faults) {
        bugs.push_back(
            {name, faults, [=] { return program(true); }, [=] { return program(false); }});
    };
    plant("a late reply", &late_reply, {Fault::latency});
    plant("done twice", &done_twice, {Fault::latency, Fault::loss});
    plant("two leaders", &two_leaders, {Fault::partitions});
    plant("half an answer", &half_an_answer, {Fault::resets});
    plant("no deadline", &no_deadline, {Fault::black_holes});
    return bugs;
}

}  // namespace rondo::test
