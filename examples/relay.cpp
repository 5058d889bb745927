// SPDX-License-Identifier: Apache-2.0
// A relay between two connections, a file sent, and many small writes. docs/streams.md explains it.
#include <cstdio>
#include <memory>
#include <rondo/rondo.hpp>
#include <string>
using namespace rondo;

// All that comes from either side goes to the other, until both have ended.
Task<> relay(net::TcpListener& listener, net::Address target) {
    net::TcpStream client = co_await listener.accept();
    net::TcpStream server = co_await net::TcpStream::connect(target);
    const io::CopiedBoth copied = co_await io::copy_both(client, server);
    std::printf("relayed %llu bytes there and %llu back\n",
                static_cast<unsigned long long>(copied.there),
                static_cast<unsigned long long>(copied.back));
}

// Sends a file to whoever asks. The bytes do not pass through this program.
Task<> send_page(net::TcpListener& listener, int file) {
    net::TcpStream client = co_await listener.accept();
    io::Lease question = co_await client.read_leased();
    while (!question.empty()) {
        question = co_await client.read_leased();
    }
    co_await client.send_file(file);
}

// A hundred thousand rows cost a hundred writes to the system.
Task<> write_rows(io::PipeWriter pipe) {
    io::Stream stream(std::move(pipe));
    io::BufferedWriter out(stream);
    for (int row = 0; row < 100'000; ++row) {
        co_await out.write(std::to_string(row) + "\n");  // waits while the reader is behind
    }
    co_await out.flush();
}

Task<> count_rows(io::PipeReader pipe) {
    io::BufferedStream stream(std::move(pipe));
    auto lines = stream.lines();
    int rows = 0;
    for (;;) {
        const auto line = co_await lines.next();
        if (!line) {
            break;
        }
        ++rows;
    }
    std::printf("%d rows\n", rows);
}

Task<> ask(net::Address address) {
    auto connection = co_await net::TcpStream::connect(address);
    io::BufferedStream stream(std::move(connection));
    co_await stream.write_all("the page, please");
    co_await stream.shutdown_write();
    const std::string page = co_await stream.read_all(1 << 20);
    std::printf("got \"%s\"\n", page.c_str());
}

Task<> async_main() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> page(std::tmpfile(), &std::fclose);
    std::fputs("a page from a file", page.get());
    std::fflush(page.get());
    auto origin = net::TcpListener::listen(net::Address::loopback(0));
    auto proxy = net::TcpListener::listen(net::Address::loopback(0));
    co_await gather(send_page(origin, fileno(page.get())), relay(proxy, origin.local_address()),
                    ask(proxy.local_address()));

    auto [reader, writer] = io::make_pipe();
    co_await gather(write_rows(std::move(writer)), count_rows(std::move(reader)));
}

int main() { run(async_main()); }
