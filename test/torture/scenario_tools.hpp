// SPDX-License-Identifier: Apache-2.0
/// What several scenarios need.
#pragma once

#include <dirent.h>
#include <fcntl.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>

#include "rondo/rondo.hpp"
#include "support/reading.hpp"
#include "torture/faults.hpp"
#include "torture/scenarios.hpp"

namespace rondo::test {

using namespace std::chrono_literals;
using net::Address;
using net::TcpListener;
using net::TcpStream;

/// A descriptor that the driver of the running loop closes.
class Owned {
public:
    explicit Owned(int fd) noexcept : fd_(fd) {}
    Owned(Owned&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Owned& operator=(Owned&&) = delete;
    ~Owned() {
        if (fd_ >= 0) {
            Operation close(OperationKind::close, fd_);
            current_loop().driver().submit(close);
        }
    }
    int fd() const noexcept { return fd_; }

private:
    int fd_;
};

inline Owned nameless_file() {
    const Seam::Pause uncounted;
    const int fd = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    require(fd >= 0, "no temporary file");
    return Owned(fd);
}

/// A folder of its own for a run. What a failed run leaves in it, its end removes, by calls that
/// are not counted.
class Folder {
public:
    Folder() {
        std::string name = "/tmp/rondo-torture-XXXXXX";
        require(mkdtemp(name.data()) != nullptr, "no temporary folder");
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        const Seam::Pause uncounted;
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string at(const char* name) const { return path_ + "/" + name; }
    const std::string& path() const noexcept { return path_; }

    std::size_t entries() const {
        DIR* const folder = opendir(path_.c_str());
        require(folder != nullptr, "the folder went away");
        std::size_t count = 0;
        while (const dirent* const entry = readdir(folder)) {
            count += entry->d_name[0] != '.' ? 1 : 0;
        }
        closedir(folder);
        return count;
    }

private:
    std::string path_;
};

inline Task<TcpStream> accept_one(TcpListener& listener) {
    TcpStream stream = co_await listener.accept();
    co_return stream;
}

/// The same as read_to_end(), of a stream that has no buffers to lend.
template <class S>
Task<std::string> read_some_all(S& stream) {
    std::string text;
    std::string part(8192, '\0');
    for (;;) {
        const std::size_t got = co_await stream.read_some(MutableBytes(part));
        if (got == 0) {
            co_return text;
        }
        text.append(part, 0, got);
    }
}

/// Sends back what a connection says.
inline Task<> answer(TcpStream stream) {
    const std::string text = co_await read_to_end(stream);
    co_await stream.write_all(text);
    stream.shutdown_write();
}

/// Says `size` bytes to whom answer() serves.
inline Task<> ask(Address address, std::size_t size) {
    TcpStream stream = co_await TcpStream::connect(address);
    const std::string text(size, 'q');
    co_await stream.write_all(text);
    stream.shutdown_write();
    const std::string echo = co_await read_to_end(stream);
    require(echo == text, "the echo differs");
}

}  // namespace rondo::test
