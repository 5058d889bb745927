// SPDX-License-Identifier: Apache-2.0
/// Programs of the system as peers: children of the test, on the loopback interface.
#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/net_test.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/os/process.hpp"
#include "support/reading.hpp"
#include "support/temporary_folder.hpp"
#include "tls/pki.hpp"

namespace rondo::test {

using Words = std::vector<std::string>;

/// Along PATH, and where a system keeps its servers; "" when it is not installed.
inline std::string find_program(const std::string& name) {
    const char* const path = std::getenv("PATH");
    std::istringstream folders(std::string(path != nullptr ? path : "") + ":/usr/sbin:/sbin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::string candidate = folder + "/" + name;
        if (!folder.empty() && access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
    }
    return "";
}

/// A program that runs beside the test, and is killed with this, as are its children. What it says,
/// on both outputs, is one text.
class Program {
public:
    explicit Program(os::ProcessOptions options) : process_(start(std::move(options))) {}

    Task<> say(std::string text) { co_await process_.in.write_all(text); }
    void hang_up() { process_.in.close(); }

    /// Waits until it has said a whole line with `word`, and gives what stands behind it.
    Task<std::string> line_with(std::string word) {
        for (;;) {
            const std::size_t at = said_.find(word);
            const std::size_t end = at != std::string::npos ? said_.find('\n', at) : at;
            if (end != std::string::npos) {
                const std::size_t begin = at + word.size();
                co_return said_.substr(begin, end - begin);
            }
            const bool goes_on = co_await read();
            if (!goes_on) {
                throw std::runtime_error("it ended without saying \"" + word + "\": " + said_);
            }
        }
    }

    /// ... when that is a number.
    Task<std::uint16_t> port_after(std::string word) {
        const std::string text = co_await line_with(std::move(word));
        co_return static_cast<std::uint16_t>(std::stoul(text));
    }

    /// Ends its input, and waits for its end.
    Task<os::ExitStatus> end() {
        hang_up();
        for (bool goes_on = true; goes_on;) {
            goes_on = co_await read();
        }
        const os::ExitStatus status = co_await process_.wait();
        co_return status;
    }

    /// As far as it was read.
    const std::string& said() const noexcept { return said_; }
    /// To itself, not to its children; to nobody when it has ended.
    void signal(int number) const {
        if (!process_.status()) {
            EXPECT_EQ(::kill(process_.pid(), number), 0);
        }
    }

private:
    static os::Process start(os::ProcessOptions options) {
        options.in = os::Stdio::pipe();
        options.out = os::Stdio::pipe();
        options.err = os::Stdio::output();
        options.group = os::ProcessGroup::own;
        return os::spawn(options);
    }

    Task<bool> read() {
        std::string more(4096, '\0');
        const MutableBytes to(reinterpret_cast<std::byte*>(more.data()), more.size());
        const std::size_t count = co_await process_.out.read_some(to);
        said_.append(more, 0, count);
        co_return count > 0;
    }

    os::Process process_;
    std::string said_;
};

/// Skips when the peer is not installed. Runs on each real driver.
class InteropTest : public LedgerTest, public testing::WithParamInterface<RunOptions> {
protected:
    static constexpr const char* host = "server.test";

    explicit InteropTest(const std::string& peer) : program_(find_program(peer)), peer_(peer) {}

    void SetUp() override {
        if (program_.empty()) {
            GTEST_SKIP() << peer_ << " is not installed";
        }
    }

    /// Runs `main`, for a minute at most.
    template <class F>
    void bounded(F&& main) {
        auto in_time = [&]() -> Task<> { co_await timeout(60s, main); };
        run(in_time, GetParam());
    }

    /// The peer with arguments.
    os::ProcessOptions peer(Words arguments) const {
        arguments.insert(arguments.begin(), program_);
        return os::ProcessOptions(std::move(arguments));
    }

    /// Writes a file of the test's folder, and gives its path.
    std::string write(std::string_view name, const std::string& content) const {
        make_file(folder_ / name, content);
        return folder_ / name;
    }

    const std::string program_;
    const std::string peer_;
    const TemporaryFolder folder_;
    const std::string root_ = write("root.pem", test_root().certificate_pem());
    const Entity leaf_ = make_leaf({host, "localhost"});
    const std::string chain_ = write("chain.pem", leaf_.certificate_pem());
    const std::string key_ = write("key.pem", leaf_.key_pem());
};

}  // namespace rondo::test
