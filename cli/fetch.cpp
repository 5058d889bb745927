// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>
#include <rondo/rondo.hpp>
#include <string>

#include "commands.hpp"
#include "driver_check.hpp"
#include "exit_code.hpp"
#include "fetch_job.hpp"
#include "output.hpp"

namespace rondo::cli {
namespace {

constexpr double seconds_max = 1e6;
constexpr std::size_t concurrency_max = 100'000;
constexpr std::size_t descriptors_beside_calls = 64;
constexpr std::size_t descriptors_of_a_call = 4;  // its connection, or three for its lookup

/// The options as they were typed.
struct FetchArguments {
    FetchOptions options;
    std::vector<std::string> headers;
    std::string data;
    std::string json;
    std::string ok = "200-399";
    double timeout = 30;
    double connect_timeout = 10;
    bool location = false;
    int max_redirects = 10;
};

[[noreturn]] void usage_error(const std::string& message) { throw CLI::ValidationError(message); }

std::string contents_of(const std::string& path, const char* option) {
    const bool is_stdin = path == "-";
    const int fd = is_stdin ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::string contents;
    char bytes[16 * 1024];
    ssize_t count = fd < 0 ? -1 : ::read(fd, bytes, sizeof bytes);
    for (; count > 0; count = ::read(fd, bytes, sizeof bytes)) {
        contents.append(bytes, static_cast<std::size_t>(count));
    }
    if (count < 0) {
        usage_error(fmt::format("{} @{}: {}", option, path, std::strerror(errno)));
    }
    if (!is_stdin) {
        ::close(fd);
    }
    return contents;
}

/// "@file" is the file's contents, anything else is itself.
std::string data_of(const std::string& text, const char* option, const FetchOptions& options) {
    if (!text.starts_with('@')) {
        return text;
    }
    const auto& urls = options.urls;
    if (text == "@-" && std::find(urls.begin(), urls.end(), "-") != urls.end()) {
        usage_error("stdin cannot be both the URLs and the data");
    }
    return contents_of(text.substr(1), option);
}

bool has_header(const FetchOptions& options, std::string_view name) {
    return std::any_of(options.headers.begin(), options.headers.end(), [name](const auto& header) {
        return http::equal_ignoring_case(header.first, name);
    });
}

void add_default_header(FetchOptions& options, const char* name, const char* value) {
    if (!has_header(options, name)) {
        options.headers.emplace_back(name, value);
    }
}

void read_headers(FetchArguments& arguments) {
    for (const std::string& text : arguments.headers) {
        const std::size_t colon = text.find(':');
        if (colon == std::string::npos || colon == 0) {
            usage_error(fmt::format("-H {}: a header looks like \"Name: value\"", text));
        }
        const std::size_t value = text.find_first_not_of(" \t", colon + 1);
        arguments.options.headers.emplace_back(
            text.substr(0, colon), value == std::string::npos ? "" : text.substr(value));
    }
}

/// CLI11 lets NaN pass as within any range.
Duration duration_of(const char* option, double seconds) {
    if (std::isnan(seconds)) {
        usage_error(fmt::format("{}: nan is no number of seconds", option));
    }
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

/// What is typed becomes what is done.
void understand(FetchArguments& arguments, const CLI::App& command) {
    FetchOptions& options = arguments.options;
    read_headers(arguments);
    if (command.count("--json") > 0) {
        options.body = data_of(arguments.json, "--json", options);
        add_default_header(options, "Content-Type", "application/json");
        add_default_header(options, "Accept", "application/json");
    } else if (command.count("--data") > 0) {
        options.body = data_of(arguments.data, "-d", options);
        add_default_header(options, "Content-Type", "application/x-www-form-urlencoded");
    }
    const std::optional<StatusSet> ok = StatusSet::parse(arguments.ok);
    if (!ok) {
        usage_error(fmt::format("--ok {}: give codes and ranges such as 200-299,404, or any",
                                arguments.ok));
    }
    options.ok = *ok;
    options.timeout = duration_of("--timeout", arguments.timeout);
    options.connect_timeout = duration_of("--connect-timeout", arguments.connect_timeout);
    if (arguments.location || command.count("--max-redirs") > 0) {
        options.max_redirects = arguments.max_redirects;
    }
}

/// Asks the system for as many descriptors as calls may need. Lookups are short, so that fewer are
/// enough for all but a storm of them; a connection for each there must be.
void make_room_for(std::size_t calls) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    const rlim_t needed = calls + descriptors_beside_calls;
    const rlim_t wanted = descriptors_of_a_call * calls + descriptors_beside_calls;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = std::min(wanted, limit.rlim_max);
        static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
    }
    if (limit.rlim_cur < needed) {
        throw Error(Errc::exhausted, "fetch", fmt::format("-c {}", calls),
                    fmt::format("this system allows {} open files, see ulimit -n",
                                static_cast<std::size_t>(limit.rlim_max)));
    }
}

void say_at_end(const FetchOptions& options, FetchJob& job, const char* how) {
    job.progress().erase();
    if (!options.quiet) {
        complain(fmt::format("{}{}\n", how, job.progress().summary()));
    }
}

int fetch(const FetchOptions& options) {
    require_network_driver();
    make_room_for(options.concurrency);
    FetchJob job(options);
    try {
        run(job.run());
    } catch (const Interrupted& interrupted) {
        say_at_end(options, job, "interrupted: ");
        return exit_code_of_signal(interrupted.signal());
    } catch (...) {
        job.progress().erase();
        throw;
    }
    say_at_end(options, job, "");
    return static_cast<int>(job.tally().failed > 0 ? ExitCode::some_failed : ExitCode::ok);
}

void add_request_options(CLI::App& command, FetchArguments& arguments) {
    FetchOptions& options = arguments.options;
    command.add_option("-X,--method", options.method, "GET, or POST with data, unless given")
        ->type_name("NAME");
    command.add_option("-H,--header", arguments.headers, "\"Name: value\"; may be repeated")
        ->type_name("HEADER")
        ->allow_extra_args(false);
    CLI::Option* data =
        command.add_option("-d,--data", arguments.data, "Body; @file sends a file, @- stdin")
            ->type_name("DATA");
    command.add_option("--json", arguments.json, "The same as JSON, with the headers for it")
        ->type_name("DATA")
        ->excludes(data);
    command.add_flag("-L,--location", arguments.location, "Follow redirects, at most 10");
    command
        .add_option("--max-redirs", arguments.max_redirects, "Follow redirects, at most so many")
        ->check(CLI::Range(0, 1000))
        ->type_name("N");
    command.add_flag("-k,--insecure", options.insecure_tls,
                     "Do not verify who answers over https: anybody on the way can");
}

void add_limit_options(CLI::App& command, FetchArguments& arguments) {
    FetchOptions& options = arguments.options;
    command.add_option("-c,--concurrency", options.concurrency, "Calls at once")
        ->check(CLI::Range(std::size_t{1}, concurrency_max))
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--timeout", arguments.timeout, "Seconds for a whole call; 0: no bound")
        ->check(CLI::Range(0.0, seconds_max))
        ->type_name("S")
        ->capture_default_str();
    command
        .add_option("--connect-timeout", arguments.connect_timeout,
                    "Seconds until the connection stands; 0: 300")
        ->check(CLI::Range(0.0, seconds_max))
        ->type_name("S")
        ->capture_default_str();
    options.max_body = std::size_t{64} << 20;
    command
        .add_option("--max-body", options.max_body,
                    "A call with a longer answer fails; with a unit: 10k, 64M")
        ->transform(CLI::AsSizeValue(false))
        ->type_name("BYTES")
        ->default_str("64M");
    command
        .add_option("--ok", arguments.ok, "Status codes that are no failure: 200-299,404, or any")
        ->type_name("CODES")
        ->capture_default_str();
}

constexpr const char* fetch_footer = R"(
Each call prints one line of JSON as it ends:
  {"id":1,"url":"...","status":200,"ok":true,"bytes":1256,"timings":{...,"total":81.4}}
  {"id":2,"url":"...","status":null,"ok":false,...,"error":{"kind":"refused","message":"..."}}
Times are milliseconds since the call began.

Exit code: 0 all calls succeeded, 1 wrong usage or rondo itself failed, 2 some calls failed (no
answer, or a status that --ok does not name), 130 interrupted, 141 nobody reads stdout any more.

Examples:
  rondo fetch https://example.org/ https://example.net/
  rondo fetch -c 200 --timeout 5 - < urls.txt > results.jsonl
  rondo fetch --json '{"name":"Ada"}' -H 'Authorization: Bearer ...' https://api.example.org/people
  rondo fetch --body https://example.org/ | jq -r .body)";

}  // namespace

void add_fetch(CLI::App& program, Action& action) {
    CLI::App* command =
        program.add_subcommand("fetch", "Calls many URLs at once; prints a line of JSON for each.");
    auto arguments = std::make_shared<FetchArguments>();
    command
        ->add_option("URL", arguments->options.urls,
                     "What to call; - reads URLs from stdin, one on a line, # begins a comment")
        ->required();
    add_request_options(*command, *arguments);
    add_limit_options(*command, *arguments);
    command->add_flag("--include-headers", arguments->options.line.headers,
                      "The answer's headers in each line");
    command->add_flag("--include-body,--body", arguments->options.line.body,
                      "The answer's body in each line; base64 if it is no text");
    command->add_flag("-q,--quiet", arguments->options.quiet,
                      "No progress and no summary on stderr");
    command->footer(fetch_footer);
    command->callback([&action, arguments, command] {
        understand(*arguments, *command);
        action = [arguments] { return fetch(arguments->options); };
    });
}

}  // namespace rondo::cli
