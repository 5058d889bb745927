// SPDX-License-Identifier: Apache-2.0
#include "fetch_job.hpp"

#include <unistd.h>

#include <string_view>
#include <utility>

#include "terminal.hpp"

namespace rondo::cli {
namespace {

constexpr std::size_t shown_of_long_line = 100;

std::optional<std::size_t> total_of(const FetchOptions& options, const UrlSource& source) {
    return source.is_counted() ? std::optional(options.urls.size()) : std::nullopt;
}

bool has_scheme(std::string_view url) {
    const std::size_t end =
        url.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    return end != std::string_view::npos && end > 0 && url.substr(end).starts_with("://");
}

http::ClientOptions client_options(const FetchOptions& options) {
    http::ClientOptions client;
    client.max_connections = options.concurrency;
    client.max_connections_per_host = options.concurrency;
    return client;
}

}  // namespace

FetchJob::FetchJob(const FetchOptions& options)
    : options_(options),
      source_(options.urls),
      permits_(options.concurrency),
      progress_(tally_, total_of(options, source_), !options.quiet && can_redraw(STDERR_FILENO)),
      output_([this] {
          if (is_terminal(STDOUT_FILENO)) {
              progress_.erase();
          }
      }) {}

Task<> FetchJob::run() {
    const TaskHandle<> drawing = create_task(progress_.keep_drawing());
    http::Client client(client_options(options_));
    co_await task_group(
        [&](TaskGroup& group) -> Task<> { return fetch_while_watched(client, group); });
}

Task<> FetchJob::fetch_while_watched(http::Client& client, TaskGroup& group) {
    TaskHandle<> watching = group.spawn(output_.fail_when_reader_gone());
    co_await task_group([&](TaskGroup& calls) -> Task<> { return start_all(client, calls); });
    watching.cancel();
}

Task<> FetchJob::start_all(http::Client& client, TaskGroup& calls) {
    for (std::size_t id = 1;; ++id) {
        Semaphore::Permit permit = co_await permits_.acquire();
        std::optional<std::string> url = co_await source_.next();
        if (!url.has_value()) {
            co_return;
        }
        ++tally_.started;
        calls.spawn(fetch(client, Target(id, *std::move(url)), std::move(permit)));
    }
}

// Once an exchange has ended nothing stops its line: what is finished is printed.
Task<> FetchJob::fetch(http::Client& client, Target target, Semaphore::Permit) {
    const TimePoint start = now();
    std::string line;
    try {
        if (target.url.size() > UrlSource::line_max) {
            target.url.resize(shown_of_long_line);
            throw Error(Errc::invalid, "fetch", target.url, "the line is too long for a URL");
        }
        http::Request request = request_for(target.url);
        const http::Response response = co_await client.send(std::move(request));
        const bool ok = options_.ok.contains(response.status);
        tally_.bytes += response.bytes;
        if (!ok) {
            count_failure(target.url + ": status " + std::to_string(response.status));
        }
        line = answer_line(target, response, ok, options_.line);
    } catch (const Error& error) {
        count_failure(error.what());
        line = error_line(target, error, now() - start);
    }
    ++tally_.done;
    co_await shield(output_.write(std::move(line)));
}

http::Request FetchJob::request_for(const std::string& url) const {
    http::Request request(has_scheme(url) ? url : "http://" + url);
    if (options_.body.has_value()) {
        request.body(*options_.body);
    }
    if (!options_.method.empty()) {
        request.method(options_.method);
    }
    for (const auto& [name, value] : options_.headers) {
        request.header(name, value);
    }
    if (options_.insecure_tls) {
        request.insecure_tls();
    }
    request.timeout(options_.timeout)
        .connect_timeout(options_.connect_timeout)
        .follow_redirects(options_.max_redirects.has_value())
        .max_redirects(options_.max_redirects.value_or(0))
        .max_body_bytes(options_.max_body);
    return request;
}

void FetchJob::count_failure(std::string why) {
    ++tally_.failed;
    if (tally_.first_failure.empty()) {
        tally_.first_failure = std::move(why);
    }
}

}  // namespace rondo::cli
