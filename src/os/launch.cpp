// SPDX-License-Identifier: Apache-2.0
// From ProcessOptions to a running child.
#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "base/spawn.hpp"
#include "os/child.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"
#include "rondo/os/process.hpp"

namespace rondo::os {
namespace {

using rondo::detail::SpawnDescriptor;
using rondo::detail::SpawnRequest;
using rondo::detail::SpawnStep;

constexpr std::string_view standard_path = "/usr/local/bin:/usr/bin:/bin";

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
    std::vector<const char*> all;
    all.reserve(texts.size() + 1);
    for (const std::string& text : texts) {
        RONDO_REQUIRE(text.find('\0') == std::string::npos,
                      "an argument or a variable of a process contains a zero byte");
        all.push_back(text.c_str());
    }
    all.push_back(nullptr);
    return all;
}

/// Where a program is to be looked for, as execvp does: an empty place is the current directory.
std::vector<std::string> candidates_of(const std::string& program, const Environment& environment) {
    if (program.empty() || program.find('/') != std::string::npos) {
        return {program};
    }
    std::vector<std::string> paths;
    const std::string path = environment.get("PATH").value_or(std::string(standard_path));
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        const std::string folder = path.substr(begin, end - begin);
        paths.push_back((folder.empty() ? std::string(".") : folder) + "/" + program);
        begin = end + 1;
    }
    return paths;
}

/// The child's standard descriptors, and our ends of the pipes among them.
class Standard {
public:
    explicit Standard(const ProcessOptions& options, const std::string& name) {
        RONDO_REQUIRE(
            options.in.kind() != Stdio::Kind::output && options.out.kind() != Stdio::Kind::output,
            "only err can go where out goes");
        add(0, options.in, "stdin of " + name);
        add(1, options.out, "stdout of " + name);
        add(2, options.err, "stderr of " + name);
        for (const PassedDescriptor& passed : options.pass) {
            list_.push_back({valid(passed.from), valid(passed.to)});
        }
    }

    std::vector<SpawnDescriptor>& list() noexcept { return list_; }
    void give_ends_to(Process& process) noexcept {
        process.in = std::move(ours_[0]);
        process.out = std::move(ours_[1]);
        process.err = std::move(ours_[2]);
    }

private:
    void add(int number, const Stdio& what, std::string name) {
        switch (what.kind()) {
            case Stdio::Kind::automatic:
            case Stdio::Kind::inherit:
            case Stdio::Kind::output: break;
            case Stdio::Kind::null: list_.push_back({SpawnDescriptor::null_device, number}); break;
            case Stdio::Kind::descriptor: list_.push_back({valid(what.number()), number}); break;
            case Stdio::Kind::pipe: add_pipe(number, std::move(name)); break;
        }
    }
    static int valid(int descriptor) {
        RONDO_REQUIRE(descriptor >= 0, "a descriptor's number is not negative");
        return descriptor;
    }
    void add_pipe(int number, std::string name) {
        std::string same_name = name;
        int fds[2] = {-1, -1};
        check_result(current_loop().driver().make_pipe(fds), "make a pipe for", name);
        const int theirs = number == 0 ? 0 : 1;
        const auto at = static_cast<std::size_t>(number);
        ours_[at] = PipeStream::adopt(fds[1 - theirs], std::move(same_name));
        theirs_[at] = PipeStream::adopt(fds[theirs], std::move(name));
        list_.push_back({fds[theirs], number});
    }

    PipeStream ours_[3];
    PipeStream theirs_[3];  ///< closed once the child has them
    std::vector<SpawnDescriptor> list_;
};

[[noreturn]] void throw_failure(const SpawnRequest& request, const ProcessOptions& options,
                                const std::string& program) {
    switch (request.step) {
        case SpawnStep::clone: throw Error("start", program, request.error);
        case SpawnStep::session: throw Error("make a process group for", program, request.error);
        case SpawnStep::limits: throw Error("set the limits of", program, request.error);
        case SpawnStep::identity: throw Error("set the user of", program, request.error);
        case SpawnStep::directory: throw Error("change to", options.directory, request.error);
        case SpawnStep::descriptors: throw Error("pass descriptors to", program, request.error);
        case SpawnStep::execute: break;
    }
    throw Error("execute", program, request.error);
}

void start(SpawnRequest& request, const ProcessOptions& options, const std::string& program) {
    const std::vector<std::string> candidates = candidates_of(program, options.environment);
    const std::vector<std::string> environment = options.environment.lines();
    const std::vector<const char*> candidate_pointers = pointers(candidates);
    const std::vector<const char*> argument_pointers = pointers(options.arguments);
    const std::vector<const char*> environment_pointers = pointers(environment);
    std::vector<rondo::detail::SpawnLimit> limits;
    limits.reserve(options.limits.size());
    for (const ResourceLimit& limit : options.limits) {
        limits.push_back({limit.resource, limit.soft, limit.hard});
    }
    request.candidates = candidate_pointers.data();
    request.arguments = argument_pointers.data();
    request.environment = environment_pointers.data();
    request.directory = options.directory.empty() ? nullptr : options.directory.c_str();
    request.limits = limits.data();
    request.limit_count = limits.size();
    request.new_session = options.group == ProcessGroup::session;
    request.new_group = options.group == ProcessGroup::own;
    if (options.identity) {
        request.has_identity = true;
        request.user = options.identity->user;
        request.group = options.identity->group;
        request.groups = options.identity->groups.data();
        request.group_count = options.identity->groups.size();
    }
    if (!rondo::detail::spawn_process(request)) {
        throw_failure(request, options, program);
    }
}

}  // namespace

Process spawn(const ProcessOptions& options) {
    RONDO_REQUIRE(!options.arguments.empty(), "a command without a program");
    const std::string& program =
        options.program.empty() ? options.arguments.front() : options.program;
    if (!current_loop().driver().uses_threads()) {
        throw Error(Errc::not_supported, "start", program, "the simulation has no processes");
    }
    Standard standard(options, program);
    SpawnRequest request;
    request.descriptors = standard.list().data();
    request.descriptor_count = standard.list().size();
    request.error_follows_output = options.err.kind() == Stdio::Kind::output;
    const auto discard = [](detail::Child* child) noexcept { child->discard(); };
    std::unique_ptr<detail::Child, decltype(discard)> prepared(
        new detail::Child(program, options.group != ProcessGroup::parents), discard);
    current_loop().driver().finish_closes();  // the process needs a descriptor
    start(request, options, program);
    detail::Child& child = *prepared.release();
    child.begin(request.pid, request.pidfd);
    Process process(child);
    standard.give_ends_to(process);
    return process;
}

}  // namespace rondo::os
