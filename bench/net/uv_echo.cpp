// SPDX-License-Identifier: Apache-2.0
// Echo with libuv. All connections read into one buffer and answer with uv_try_write; what a short
// write leaves is copied to a request of its own, and nothing more is read until that is done.
#include <uv.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t buffer_size = std::size_t{256} * 1024;
char shared_buffer[buffer_size];

struct Connection {
    uv_tcp_t socket;
    uv_write_t request;
    char* rest;
};

void require(int result, const char* what) {
    if (result < 0) {
        std::fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
        std::exit(1);
    }
}

void drop(Connection* connection) {
    auto* const handle = reinterpret_cast<uv_handle_t*>(&connection->socket);
    if (uv_is_closing(handle) == 0) {
        uv_close(handle,
                 [](uv_handle_t* closed) { delete static_cast<Connection*>(closed->data); });
    }
}

void lend_buffer(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
    *buffer = uv_buf_init(shared_buffer, buffer_size);
}

void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer);

void on_written(uv_write_t* request, int status) {
    auto* const connection = static_cast<Connection*>(request->data);
    std::free(connection->rest);
    connection->rest = nullptr;
    if (status < 0) {
        drop(connection);
        return;
    }
    uv_read_start(reinterpret_cast<uv_stream_t*>(&connection->socket), lend_buffer, on_read);
}

void write_rest(Connection* connection, const char* bytes, std::size_t size) {
    auto* const stream = reinterpret_cast<uv_stream_t*>(&connection->socket);
    uv_read_stop(stream);
    connection->rest = static_cast<char*>(std::malloc(size));
    std::memcpy(connection->rest, bytes, size);
    const uv_buf_t rest = uv_buf_init(connection->rest, static_cast<unsigned>(size));
    connection->request.data = connection;
    if (uv_write(&connection->request, stream, &rest, 1, on_written) < 0) {
        std::free(connection->rest);
        connection->rest = nullptr;
        drop(connection);
    }
}

void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
    auto* const connection = static_cast<Connection*>(stream->data);
    if (got == 0) {
        return;
    }
    if (got < 0) {
        drop(connection);
        return;
    }
    const uv_buf_t bytes = uv_buf_init(buffer->base, static_cast<unsigned>(got));
    int sent = uv_try_write(stream, &bytes, 1);
    if (sent == UV_EAGAIN) {
        sent = 0;
    }
    if (sent < 0) {
        drop(connection);
    } else if (sent < got) {
        write_rest(connection, buffer->base + sent, static_cast<std::size_t>(got - sent));
    }
}

void on_connection(uv_stream_t* listener, int status) {
    if (status < 0) {
        return;
    }
    auto* const connection = new Connection{};
    uv_tcp_init(listener->loop, &connection->socket);
    connection->socket.data = connection;
    auto* const stream = reinterpret_cast<uv_stream_t*>(&connection->socket);
    if (uv_accept(listener, stream) != 0) {
        drop(connection);
        return;
    }
    uv_tcp_nodelay(&connection->socket, 1);
    uv_read_start(stream, lend_buffer, on_read);
}

}  // namespace

int main() {
    uv_loop_t* const loop = uv_default_loop();
    uv_tcp_t listener;
    uv_tcp_init(loop, &listener);
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.1", 0, &address);
    require(uv_tcp_bind(&listener, reinterpret_cast<const sockaddr*>(&address), 0), "bind");
    require(uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 4096, on_connection), "listen");
    int length = sizeof address;
    uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&address), &length);
    std::printf("%u\n", unsigned{ntohs(address.sin_port)});
    std::fflush(stdout);
    uv_run(loop, UV_RUN_DEFAULT);
}
