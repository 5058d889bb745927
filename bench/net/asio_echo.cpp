// SPDX-License-Identifier: Apache-2.0
// Echo with Asio and C++20 coroutines, told that one thread runs it, with concrete executor types.
// Compiled twice: on epoll, and on io_uring.
#include <array>
#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <cstdio>

namespace {

using Executor = asio::io_context::executor_type;
template <class T>
using Awaitable = asio::awaitable<T, Executor>;
using Tuple = asio::experimental::as_tuple_t<asio::use_awaitable_t<Executor>>;
using Socket = Tuple::as_default_on_t<asio::basic_stream_socket<asio::ip::tcp, Executor>>;
using Acceptor = Tuple::as_default_on_t<asio::basic_socket_acceptor<asio::ip::tcp, Executor>>;

Awaitable<void> echo(Socket socket) {
    std::array<char, std::size_t{256} * 1024> bytes;
    for (;;) {
        const auto [read_error, got] = co_await socket.async_read_some(asio::buffer(bytes));
        if (read_error) {
            co_return;
        }
        const auto [write_error, sent] =
            co_await asio::async_write(socket, asio::buffer(bytes, got));
        if (write_error) {
            co_return;
        }
    }
}

Awaitable<void> serve(asio::io_context& context) {
    using asio::ip::tcp;
    Acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    std::printf("%u\n", unsigned{acceptor.local_endpoint().port()});
    std::fflush(stdout);
    for (;;) {
        auto [error, socket] = co_await acceptor.async_accept();
        if (error) {
            continue;
        }
        asio::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        asio::co_spawn(context, echo(std::move(socket)), asio::detached);
    }
}

}  // namespace

int main() {
    asio::io_context context(1);
    asio::co_spawn(context, serve(context), asio::detached);
    context.run();
}
