// SPDX-License-Identifier: Apache-2.0
// The lesson of asyncio, over real HTTP: two slow APIs, called one after the other, then together.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <rondo/http/client.hpp>
#include <rondo/http/server.hpp>
#include <rondo/rondo.hpp>
#include <string>
#include <vector>

#include "commands.hpp"
#include "driver_check.hpp"
#include "output.hpp"
#include "terminal.hpp"
#include "timeline.hpp"

namespace rondo::cli {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr Seconds foursquare_wait{2};
constexpr Seconds spotify_wait{1};

/// The two APIs, on a free port of this machine.
class SlowServer {
public:
    explicit SlowServer(double speed) : speed_(speed) {}

    std::string url() const { return "http://" + listener_.local_address().to_string(); }
    Task<> serve() {
        http::ServerOptions options;
        options.grace = Duration::zero();  // Ctrl-C ends the show at once
        co_await http::serve(
            listener_, [this](const http::ServerRequest& request) { return answer(request); },
            options);
    }

private:
    Task<http::ServerResponse> answer(const http::ServerRequest& request) {
        if (request.path() == "/foursquare") {
            co_await sleep(foursquare_wait / speed_);
            co_return http::ServerResponse(200, R"({"venues": ["Cafe Rondo"]})",
                                           "application/json");
        }
        if (request.path() == "/spotify") {
            co_await sleep(spotify_wait / speed_);
            co_return http::ServerResponse(200, R"({"songs": ["Rondo alla turca"]})",
                                           "application/json");
        }
        co_return http::ServerResponse(404, "no such API\n");
    }

    double speed_;
    net::TcpListener listener_ = net::TcpListener::listen(net::Address::loopback(0));
};

/// Calls the APIs, says when what happened, and remembers it for the picture.
class Show {
public:
    Show(std::string url, TimelineStyle style) : url_(std::move(url)), style_(style) {}

    Task<> play() {
        print(fmt::format("A server at {} has two slow APIs, /foursquare and /spotify.\n", url_));

        begin("one after the other", "co_await call(foursquare); co_await call(spotify);");
        co_await call("foursquare");
        co_await call("spotify");
        const double apart = seconds();

        begin("together, with gather", "co_await gather(call(foursquare), call(spotify));");
        co_await gather(call("foursquare"), call("spotify"));
        const double together = seconds();

        print("\n" + draw_timeline(groups_, style_));
        print(fmt::format("one after the other {:.2f} s, together {:.2f} s\n", apart, together));
    }

private:
    void begin(std::string heading, std::string_view code) {
        print(fmt::format("\n{}:  {}\n", heading, code));
        groups_.push_back(BarGroup{std::move(heading), {}});
        start_ = now();
    }
    double seconds() const { return Seconds(now() - start_).count(); }
    void say(std::string_view what) const {
        print(fmt::format("  {:4.2f} s  {}\n", seconds(), what));
    }

    Task<> call(std::string name) {
        const std::size_t number = groups_.back().bars.size();
        groups_.back().bars.push_back(Bar{name, seconds(), 0});
        say(name + " call started");
        const http::Response response = co_await client_.get(url_ + "/" + name);
        groups_.back().bars[number].end = seconds();
        say(fmt::format("{} call finished: {} {}", name, response.status, response.body));
    }

    std::string url_;
    TimelineStyle style_;
    http::Client client_;
    std::vector<BarGroup> groups_;
    TimePoint start_;
};

Task<> play_while_serving(Show& show, SlowServer& server, TaskGroup& group) {
    TaskHandle<> serving = group.spawn(server.serve());
    co_await show.play();
    serving.cancel();
}

Task<> demo(double speed) {
    SlowServer server(speed);
    Show show(server.url(), TimelineStyle{terminal_width(STDOUT_FILENO), locale_is_utf8(),
                                          wants_colour(STDOUT_FILENO)});
    co_await task_group([&](TaskGroup& group) { return play_while_serving(show, server, group); });
}

}  // namespace

void add_demo(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "demo",
        "Shows what asyncio is about: two slow API calls, one after the other and together.\n"
        "They go over real HTTP to a server of its own.");
    auto speed = std::make_shared<double>(1);
    command->add_option("--speed", *speed, "Divides the waits of 2 s and 1 s by this")
        ->check(CLI::Range(0.1, 1000.0))
        ->capture_default_str();
    command->callback([&action, speed] {
        action = [speed] {
            require_network_driver();
            ::setenv("no_proxy", "*", 1);  // the server is on this machine
            run(demo(*speed));
            return 0;
        };
    });
}

}  // namespace rondo::cli
