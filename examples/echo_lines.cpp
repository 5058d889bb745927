// SPDX-License-Identifier: Apache-2.0
// A server that answers line by line, and two clients at once. docs/streams.md explains it.
#include <cctype>
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>
using namespace std::chrono_literals;
using namespace rondo;

// One connection: each line comes back in capitals.
Task<> answer(net::TcpStream connection) {
    io::BufferedStream stream(std::move(connection));
    auto lines = stream.lines(1024);  // no longer ones
    for (;;) {
        const auto line = co_await lines.next();
        if (!line) {
            co_return;  // the client has said all
        }
        std::string reply(*line);
        for (char& letter : reply) {
            letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
        }
        const Bytes parts[] = {reply, "\r\n"};
        co_await stream.write_all(parts);
    }
}

Task<> serve(net::TcpListener& listener) {
    co_await task_group([&](TaskGroup& group) -> Task<> {
        for (;;) {
            group.spawn(answer(co_await listener.accept()));
        }
    });
}

Task<> talk(net::Address address, std::string name) {
    auto connection = co_await net::TcpStream::connect(address);
    io::BufferedStream stream(std::move(connection));
    for (const char* word : {"hello", "good bye"}) {
        co_await stream.write_all(name + " says " + word + "\n");
        const auto reply = co_await stream.read_line();
        std::printf("%s\n", reply.value_or("nothing").c_str());
        co_await sleep(1s);
    }
}

// A protocol needs no network to be tested: both ends of a connection in memory.
Task<> in_memory() {
    auto [near, far] = io::make_duplex(16);
    io::BufferedStream stream(std::move(far));
    auto writer = [&]() -> Task<> {
        co_await near.write_all("GET /index.html\r\n\r\n");
        near.shutdown_write();
    };
    auto reader = [&]() -> Task<std::string> {
        const std::string verb = co_await stream.read_until(" ");
        const std::string path = co_await stream.read_until("\r\n\r\n");
        co_return "verb of " + std::to_string(verb.size()) + " letters, path of " +
            std::to_string(path.size());
    };
    auto [written, text] = co_await gather(writer, reader);
    std::puts(text.c_str());
}

// What goes wrong, by name.
Task<> failures() {
    auto [near, far] = io::make_duplex();
    co_await near.write_all("no end of a line");
    near.close();
    io::BufferedStream stream(std::move(far));
    try {
        co_await stream.read_line(8);
    } catch (const io::LimitOverrunError& error) {
        std::printf("too long: %s\n", error.what());
    }
    try {
        co_await stream.read_until("\n");
    } catch (const io::IncompleteReadError& error) {
        std::printf("cut off: \"%s\"\n", error.partial().c_str());
    }
}

Task<> async_main() {
    auto listener = net::TcpListener::listen(net::Address::loopback(0));
    auto server = create_task(serve(listener));
    co_await gather(talk(listener.local_address(), "Ann"), talk(listener.local_address(), "Bob"));
    server.cancel();
    co_await in_memory();
    co_await failures();
}

int main() { run(async_main()); }
