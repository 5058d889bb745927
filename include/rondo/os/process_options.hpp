// SPDX-License-Identifier: Apache-2.0
/// What a new process is: its program, and all that it does not simply inherit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo::os {

/// What one of a child's standard descriptors is.
class Stdio {
public:
    enum class Kind : std::uint8_t { automatic, inherit, null, pipe, descriptor, output };

    /// The parent's, for spawn(); what os::run() needs, there.
    constexpr Stdio() noexcept = default;
    /// The parent's; the null device if the parent has closed it.
    static constexpr Stdio inherit() noexcept { return Stdio(Kind::inherit); }
    /// Reads as empty; what is written vanishes. asyncio's DEVNULL.
    static constexpr Stdio null() noexcept { return Stdio(Kind::null); }
    /// A pipe, whose other end is Process::in, out or err. asyncio's PIPE.
    static constexpr Stdio pipe() noexcept { return Stdio(Kind::pipe); }
    /// The same open file as the parent's `number`, which stays the parent's and must be open until
    /// spawn() returns.
    static constexpr Stdio descriptor(int number) noexcept {
        return Stdio(Kind::descriptor, number);
    }
    /// Of `err` only: where `out` goes. asyncio's STDOUT.
    static constexpr Stdio output() noexcept { return Stdio(Kind::output); }

    constexpr Kind kind() const noexcept { return kind_; }
    constexpr int number() const noexcept { return number_; }

private:
    constexpr explicit Stdio(Kind kind, int number = -1) noexcept : kind_(kind), number_(number) {}
    Kind kind_ = Kind::automatic;
    int number_ = -1;
};

/// The environment of a child: the parent's of the moment of spawn(), with changes.
class Environment {
public:
    Environment() = default;
    /// Adds or replaces a variable. Requires: `name` is not empty and contains no '='.
    Environment& set(std::string_view name, std::string_view value);
    Environment& unset(std::string_view name);
    /// Nothing of the parent's, and nothing that was set before.
    Environment& clear() noexcept;

    /// "NAME=value" for each variable, as a child gets them.
    std::vector<std::string> lines() const;
    /// The value that a child sees.
    std::optional<std::string> get(std::string_view name) const;

private:
    struct Change {
        std::string name;
        std::optional<std::string> value;
    };
    Environment& change(std::string_view name, std::optional<std::string> value);

    std::vector<Change> changes_;
    bool inherits_ = true;
};

/// Which process group a child is in.
enum class ProcessGroup : std::uint8_t {
    parents,  ///< the parent's: Ctrl-C on the terminal reaches both
    own,      ///< one that it leads; Process then signals the whole group, see send_signal()
    session,  ///< the same in a session of its own, without a terminal
};

/// The user that a child runs as. For root.
struct Identity {
    unsigned user;
    unsigned group;
    std::vector<unsigned> groups;  ///< supplementary

    Identity(unsigned user_id, unsigned group_id, std::vector<unsigned> others = {})
        : user(user_id), group(group_id), groups(std::move(others)) {}
};

/// A descriptor that a child gets beyond 0, 1 and 2, as another or the same number.
struct PassedDescriptor {
    int from;  ///< the parent's; need not be inheritable
    int to;    ///< the child's

    constexpr explicit PassedDescriptor(int number) noexcept : from(number), to(number) {}
    constexpr PassedDescriptor(int parents, int childs) noexcept : from(parents), to(childs) {}
};

/// setrlimit of a child: RLIMIT_AS and so on.
struct ResourceLimit {
    int resource;
    std::uint64_t soft;
    std::uint64_t hard;

    constexpr ResourceLimit(int which, std::uint64_t limit) noexcept
        : resource(which), soft(limit), hard(limit) {}
    constexpr ResourceLimit(int which, std::uint64_t soft_limit, std::uint64_t hard_limit) noexcept
        : resource(which), soft(soft_limit), hard(hard_limit) {}
};

/// What spawn() and os::run() start. Made by command() or shell(); then set what differs.
///
/// No shell comes in between, so arguments are passed as they are, whatever they contain.
struct ProcessOptions {
    /// The program and its arguments; a program without '/' is looked for along the child's PATH.
    /// Requires: `words` is not empty, and no word contains a zero byte.
    explicit ProcessOptions(std::vector<std::string> words);

    std::vector<std::string> arguments;  ///< argv, the program's name first
    std::string program;                 ///< what is executed; empty: arguments[0]
    std::string directory;               ///< where it starts; empty: the parent's
    Environment environment;
    Stdio in;
    Stdio out;
    Stdio err;
    std::vector<PassedDescriptor> pass;
    ProcessGroup group = ProcessGroup::parents;
    std::optional<Identity> identity;
    std::vector<ResourceLimit> limits;
};

/// A program with its arguments: `command("ls", "-l", folder)`.
template <class... Words>
ProcessOptions command(std::string_view program, const Words&... arguments) {
    std::vector<std::string> words;
    words.reserve(sizeof...(arguments) + 1);
    words.emplace_back(program);
    (words.emplace_back(arguments), ...);
    return ProcessOptions(std::move(words));
}

/// `script` for /bin/sh, whose $1, $2, … are `arguments`. Never build `script` from data: pass it
/// as arguments, which the shell does not interpret.
template <class... Words>
ProcessOptions shell(std::string_view script, const Words&... arguments) {
    return command("/bin/sh", "-c", script, "sh", arguments...);
}

}  // namespace rondo::os
