// SPDX-License-Identifier: Apache-2.0
// How processes begin: what they are told, and how that fails.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "os/os_test.hpp"
#include "support/meet_error.hpp"
#include "support/no_descriptor_left.hpp"
#include "support/waited_on.hpp"

namespace rondo::test {
namespace {

class SpawnTest : public OsTest {};

// ---------------------------------------------------------------------------- what fails

class Scratch {
public:
    Scratch() {
        char pattern[] = "/tmp/rondo_os_XXXXXX";
        folder_ = mkdtemp(pattern);
    }
    ~Scratch() {
        for (const std::string& name : names_) {
            unlink(name.c_str());
        }
        rmdir(folder_.c_str());
    }
    std::string file(const std::string& name, const std::string& text, unsigned mode) {
        const std::string path = folder_ + "/" + name;
        std::ofstream(path) << text;
        chmod(path.c_str(), mode);
        names_.push_back(path);
        return path;
    }
    const std::string& folder() const { return folder_; }

private:
    std::string folder_;
    std::vector<std::string> names_;
};

/// Open to write, beyond all that the driver opens, and close-on-exec.
int high_descriptor(const std::string& path) {
    const int opened = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const int high = fcntl(opened, F_DUPFD_CLOEXEC, 100);
    close(opened);
    return high;
}

TEST_P(SpawnTest, an_exec_that_fails_tells_its_errno) {
    on_driver([]() -> Task<> {
        Scratch scratch;
        const std::string text = scratch.file("text", "no program", 0755);
        const std::string locked = scratch.file("locked", "#!/bin/sh\n", 0644);
        EXPECT_EQ(spawn_error(command("/nowhere/nosuch")),
                  "execute /nowhere/nosuch: No such file or directory");
        EXPECT_EQ(spawn_error(command("nosuch_program")),
                  "execute nosuch_program: No such file or directory");
        EXPECT_EQ(spawn_error(command("")), "execute: No such file or directory");
        EXPECT_EQ(spawn_error(command(text)), "execute " + text + ": Exec format error");
        EXPECT_EQ(spawn_error(command(locked)), "execute " + locked + ": Permission denied");
        EXPECT_EQ(spawn_error(command(scratch.folder())),
                  "execute " + scratch.folder() + ": Permission denied");
        EXPECT_EQ(spawn_error(command("true", std::string(3'000'000, 'x'))),
                  "execute true: Argument list too long");
        co_return;
    });
}

TEST_P(SpawnTest, a_step_before_exec_that_fails_is_named) {
    on_driver([]() -> Task<> {
        ProcessOptions nowhere = command("true");
        nowhere.directory = "/nowhere";
        EXPECT_EQ(spawn_error(nowhere), "change to /nowhere: No such file or directory");

        ProcessOptions closed = command("true");
        closed.pass.emplace_back(999, 5);
        EXPECT_EQ(spawn_error(closed), "pass descriptors to true: Bad file descriptor");

        ProcessOptions limited = command("true");
        limited.limits.emplace_back(12345, 1);
        EXPECT_EQ(spawn_error(limited), "set the limits of true: Invalid argument");
        co_return;
    });
}

TEST_P(SpawnTest, running_out_of_descriptors_leaves_nothing) {
    on_driver([]() -> Task<> {
        rlimit before{};
        getrlimit(RLIMIT_NOFILE, &before);
        ProcessOptions options = command("cat");
        options.in = options.out = options.err = Stdio::pipe();
        meet_error();
        spawn(options);  // and the driver
        co_await turns(3);
        const int first_free = dup(0);
        close(first_free);
        int failed = 0;
        int started = 0;
        for (int more = 0; more < 16; ++more) {
            rlimit limit = before;
            limit.rlim_cur = static_cast<rlim_t>(first_free + more);
            setrlimit(RLIMIT_NOFILE, &limit);
            try {
                const Process process = spawn(options);
                ++started;
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), Errc::exhausted) << error.what();
                ++failed;
            }
            setrlimit(RLIMIT_NOFILE, &before);
            co_await turns(3);
        }
        EXPECT_GE(failed, 7) << "six ends of pipes, and the process";
        EXPECT_GT(started, 0);
    });
}

TEST_P(SpawnTest, a_descriptor_that_was_just_closed_is_free_for_a_process) {
    on_driver([]() -> Task<> {
        meet_error();
        const ProcessOptions options = command("true");
        std::vector<net::UnixStream> streams = co_await waited_on(1);
        std::string before;
        std::optional<Process> process;
        {
            const NoDescriptorLeft full;
            before = spawn_error(options);
            streams.clear();
            process.emplace(spawn(options));
        }
        EXPECT_EQ(before, "start true: Too many open files");
        const ExitStatus status = co_await process->wait();
        EXPECT_TRUE(status.ok());
    });
}

TEST_P(SpawnTest, the_search_passes_over_what_cannot_be_executed) {
    on_driver([]() -> Task<> {
        Scratch locked;
        Scratch good;
        locked.file("tool", "#!/bin/sh\necho locked\n", 0644);
        good.file("tool", "#!/bin/sh\necho good\n", 0755);
        ProcessOptions options = command("tool");
        options.environment.set("PATH", "/nowhere:" + locked.folder() + ":" + good.folder());
        const std::string out = co_await says(options);
        EXPECT_EQ(out, "good\n");
        options.environment.set("PATH", "/nowhere:" + locked.folder());
        EXPECT_EQ(spawn_error(options), "execute tool: Permission denied");
    });
}

// ------------------------------------------------------------------- what a child is told

TEST_P(SpawnTest, the_environment_is_inherited_and_changed) {
    setenv("RONDO_OS_KEPT", "kept", 1);
    setenv("RONDO_OS_GONE", "gone", 1);
    on_driver([]() -> Task<> {
        ProcessOptions options = command("env");
        options.environment.set("RONDO_OS_NEW", "a=b c").unset("RONDO_OS_GONE");
        std::string out = co_await says(options);
        EXPECT_NE(out.find("RONDO_OS_KEPT=kept\n"), std::string::npos);
        EXPECT_NE(out.find("RONDO_OS_NEW=a=b c\n"), std::string::npos);
        EXPECT_EQ(out.find("RONDO_OS_GONE"), std::string::npos);

        options.environment.clear().set("ONLY", "1").set("ONLY", "2");
        out = co_await says(options);
        EXPECT_EQ(out, "ONLY=2\n");
    });
}

TEST_P(SpawnTest, it_starts_in_its_directory) {
    on_driver([]() -> Task<> {
        ProcessOptions options = command("pwd");
        options.directory = "/usr";
        const std::string out = co_await says(options);
        EXPECT_EQ(out, "/usr\n");
    });
}

TEST_P(SpawnTest, arguments_are_passed_as_they_are) {
    on_driver([]() -> Task<> {
        const std::string odd = "a 'b' \"c\" $HOME `id` ; exit 3\n*";
        std::string out = co_await says(command("printf", "%s|", odd, "", "x"));
        EXPECT_EQ(out, odd + "||x|");
        out = co_await says(shell("printf '%s' \"$1\"", odd));
        EXPECT_EQ(out, odd);
        ProcessOptions renamed = command("another name", "-c", "echo $0");
        renamed.program = "/bin/sh";
        out = co_await says(renamed);
        EXPECT_EQ(out, "another name\n");
    });
}

TEST_P(SpawnTest, standard_descriptors_can_be_null_given_or_one) {
    on_driver([]() -> Task<> {
        Scratch scratch;
        const std::string path = scratch.file("log", "", 0644);
        const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
        ProcessOptions options = shell("cat; echo out; echo err >&2; cat /nowhere");
        options.in = Stdio::null();
        options.out = Stdio::descriptor(file);
        options.err = Stdio::output();
        Process process = spawn(options);
        co_await process.wait();
        close(file);
        std::string text;
        std::getline(std::ifstream(path), text, '\0');
        EXPECT_EQ(text.substr(0, 8), "out\nerr\n");
        EXPECT_NE(text.find("/nowhere"), std::string::npos);

        options.out = options.err = Stdio::null();
        Process silent = spawn(options);
        const ExitStatus status = co_await silent.wait();
        EXPECT_EQ(status.code(), 1);
    });
}

TEST_P(SpawnTest, err_goes_into_the_pipe_of_out) {
    on_driver([]() -> Task<> {
        ProcessOptions options = shell("echo a; echo b >&2; echo c");
        options.err = Stdio::output();
        const std::string out = co_await says(options);
        EXPECT_EQ(out, "a\nb\nc\n");
    });
}

TEST_P(SpawnTest, it_gets_the_descriptors_it_is_passed_and_no_other) {
    const int leak = open("/dev/null", O_RDONLY);  // inheritable
    const int swap[2] = {open("/dev/zero", O_RDONLY), open("/dev/full", O_RDONLY)};
    on_driver([&]() -> Task<> {
        os::PipePair pipe = os::make_pipe();
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        ProcessOptions options = command("ls", "-l", "/proc/self/fd");
        std::string out = co_await says(options);
        const auto lines = std::count(out.begin(), out.end(), '\n');
        EXPECT_EQ(lines, 5) << "total, 0, 1, 2, and that of ls: " << out;

        options.pass.emplace_back(swap[0], swap[1]);
        options.pass.emplace_back(swap[1], swap[0]);
        options.pass.emplace_back(pipe.reader.descriptor());
        out = co_await says(options);
        EXPECT_NE(out.find(std::to_string(swap[1]) + " -> /dev/zero"), std::string::npos) << out;
        EXPECT_NE(out.find(std::to_string(swap[0]) + " -> /dev/full"), std::string::npos) << out;
        EXPECT_NE(out.find(std::to_string(pipe.reader.descriptor()) + " -> pipe:"),
                  std::string::npos)
            << out;
        EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 8) << out;
    });
    for (const int fd : {leak, swap[0], swap[1]}) {
        close(fd);
    }
}

TEST_P(SpawnTest, it_blocks_no_signal_and_ignores_what_the_program_ignores) {
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    std::signal(SIGHUP, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGUSR1, [](int) {});
    std::string out;
    on_driver([&]() -> Task<> { out = co_await says(command("cat", "/proc/self/status")); });
    sigset_t after;
    pthread_sigmask(SIG_SETMASK, &before, &after);
    EXPECT_EQ(sigismember(&after, SIGUSR2), 1) << "the program's own mask is as it was";
    for (const int signal : {SIGHUP, SIGPIPE, SIGUSR1}) {
        std::signal(signal, SIG_DFL);
    }
    EXPECT_NE(out.find("SigBlk:\t0000000000000000\n"), std::string::npos) << out;
    EXPECT_NE(out.find("SigIgn:\t0000000000000001\n"), std::string::npos) << "only SIGHUP: " << out;
    EXPECT_NE(out.find("SigCgt:\t0000000000000000\n"), std::string::npos) << out;
}

TEST_P(SpawnTest, a_group_or_a_session_of_its_own) {
    on_driver([]() -> Task<> {
        const auto ids = [](os::ProcessGroup group) {
            ProcessOptions options = shell("cut -d' ' -f5,6 /proc/$$/stat; echo $$");
            options.group = group;
            return options;
        };
        const std::string group = std::to_string(getpgrp());
        const std::string session = std::to_string(getsid(0));
        std::string out = co_await says(ids(os::ProcessGroup::parents));
        EXPECT_EQ(out.substr(0, out.find('\n')), group + " " + session);
        out = co_await says(ids(os::ProcessGroup::own));
        std::string pid = out.substr(out.find('\n') + 1);
        pid.pop_back();
        EXPECT_EQ(out.substr(0, out.find('\n')), pid + " " + session);
        out = co_await says(ids(os::ProcessGroup::session));
        pid = out.substr(out.find('\n') + 1);
        pid.pop_back();
        EXPECT_EQ(out.substr(0, out.find('\n')), pid + " " + pid);
    });
}

TEST_P(SpawnTest, limits_hold_in_the_child) {
    on_driver([]() -> Task<> {
        ProcessOptions options = shell("ulimit -n");
        options.limits.emplace_back(RLIMIT_NOFILE, 77);
        const std::string out = co_await says(options);
        EXPECT_EQ(out, "77\n");
    });
}

TEST_P(SpawnTest, to_pass_a_closed_descriptor_is_misuse) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(on_driver([]() -> Task<> {
                     ProcessOptions options = command("true");
                     options.pass.emplace_back(-1, 5);
                     co_await says(options);
                 }),
                 "a descriptor's number is not negative");
}

TEST_P(SpawnTest, limits_may_be_below_what_the_parent_has_open) {
    std::vector<int> open;
    for (int i = 0; i < 100; ++i) {
        open.push_back(dup(1));
    }
    on_driver([&]() -> Task<> {
        ProcessOptions options = shell("ulimit -n");
        options.limits.emplace_back(RLIMIT_NOFILE, 20);
        options.pass.emplace_back(open.back(), 5);
        const std::string out = co_await says(options);
        EXPECT_EQ(out, "20\n");
    });
    for (const int fd : open) {
        ::close(fd);
    }
}

TEST_P(SpawnTest, another_user_for_root) {
    if (getuid() != 0) {
        ProcessOptions options = command("id");
        options.identity.emplace(12345, 12345);
        on_driver([&]() -> Task<> {
            EXPECT_EQ(spawn_error(options), "set the user of id: Operation not permitted");
            co_return;
        });
        return;
    }
    on_driver([]() -> Task<> {
        ProcessOptions options = shell("id -u; id -g; id -G");
        options.identity.emplace(12345, 23456, std::vector<unsigned>{23456, 34567});
        const std::string out = co_await says(options);
        EXPECT_EQ(out, "12345\n23456\n23456 34567\n");
        EXPECT_EQ(getuid(), 0U);
    });
}

// 0, 1 and 2 of the parent are closed, so that its own pipes get these numbers.
TEST_P(SpawnTest, a_parent_without_standard_descriptors) {
    int kept[3];
    for (int i = 0; i < 3; ++i) {
        kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
    }
    std::string out;
    std::string err;
    std::string listed;
    for (int i = 0; i < 3; ++i) {
        close(i);
    }
    on_driver([&]() -> Task<> {
        ProcessOptions options = shell("cat; echo problem >&2");
        options.in = options.out = options.err = Stdio::pipe();
        Process process = spawn(options);
        CommunicateOptions with;
        with.input = "text";
        Output output = co_await process.communicate(with);
        out = output.out;
        err = output.err;
        ProcessOptions inheriting = shell("readlink /proc/$$/fd/0 /proc/$$/fd/2");
        inheriting.in = inheriting.err = Stdio::inherit();
        listed = co_await says(inheriting);
    });
    for (int i = 0; i < 3; ++i) {
        if (kept[i] >= 0) {
            dup2(kept[i], i);
            close(kept[i]);
        }
    }
    EXPECT_EQ(out, "text");
    EXPECT_EQ(err, "problem\n");
    EXPECT_EQ(listed, "/dev/null\n/dev/null\n");
}

// Also where the output is one that the child must not have, or none.
TEST_P(SpawnTest, complaints_go_where_an_inherited_output_goes) {
    Scratch scratch;
    const std::string data = scratch.file("data", "", 0644);
    for (const bool closed : {false, true}) {
        const std::string report = scratch.file("report", "", 0644);
        const int to_report = high_descriptor(report);
        const int to_data = high_descriptor(data);
        const int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100);
        std::string failure;
        on_driver([&]() -> Task<> {
            ProcessOptions options =
                shell("seen=$(readlink /proc/$$/fd/1 /proc/$$/fd/2); echo \"$seen\" >&5");
            options.out = Stdio::inherit();
            options.err = Stdio::output();
            options.pass.emplace_back(to_report, 5);
            dup3(to_data, STDOUT_FILENO, O_CLOEXEC);
            if (closed) {
                close(STDOUT_FILENO);
            }
            try {
                Process process = spawn(options);
                co_await process.wait();
            } catch (const Error& error) {
                failure = error.what();
            }
        });
        dup2(kept, STDOUT_FILENO);
        for (const int fd : {kept, to_report, to_data}) {
            close(fd);
        }
        std::ifstream file(report);
        const std::string seen((std::istreambuf_iterator<char>(file)),
                               std::istreambuf_iterator<char>());
        EXPECT_EQ(failure, "");
        EXPECT_EQ(seen, "/dev/null\n/dev/null\n");
    }
}

INSTANTIATE_TEST_SUITE_P(os, SpawnTest, testing::ValuesIn(real_drivers()), param_name);

TEST(SpawnSim, the_simulation_refuses_processes) {
    run_sim([]() -> Task<> {
        Errc code = Errc::unexpected;
        std::string text;
        try {
            Process process = spawn(command("true"));
        } catch (const Error& error) {
            code = error.code();
            text = error.what();
        }
        EXPECT_EQ(code, Errc::not_supported);
        EXPECT_EQ(text, "start true: the simulation has no processes");
        co_return;
    });
}

}  // namespace
}  // namespace rondo::test
