// SPDX-License-Identifier: Apache-2.0
// The same with libuv, as its guide has it: uv_async_send, which coalesces, and where every message
// counts a mutex and a vector that the callback swaps.
#include <uv.h>

#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "report.hpp"
#include "threads.hpp"

namespace {

/// Callbacks for the loop of one thread.
class Posts {
public:
    using Function = void (*)(void*);

    explicit Posts(uv_loop_t& loop) {
        uv_async_init(&loop, &async_,
                      [](uv_async_t* async) { static_cast<Posts*>(async->data)->run(); });
        async_.data = this;
    }
    /// From any thread.
    void post(Function function, void* argument) {
        {
            const std::lock_guard lock(mutex_);
            arrived_.push_back({function, argument});
        }
        uv_async_send(&async_);
    }
    void close() { uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr); }

private:
    struct Post {
        Function function;
        void* argument;
    };
    void run() {
        {
            const std::lock_guard lock(mutex_);
            running_.swap(arrived_);
        }
        for (const Post& post : running_) {
            post.function(post.argument);
        }
        running_.clear();
    }

    uv_async_t async_{};
    std::mutex mutex_;
    std::vector<Post> arrived_;
    std::vector<Post> running_;
};

class Loop {
public:
    Loop() { uv_loop_init(&loop_); }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() { uv_loop_close(&loop_); }
    uv_loop_t& get() { return loop_; }
    void run() { uv_run(&loop_, UV_RUN_DEFAULT); }

private:
    uv_loop_t loop_{};
};

struct Taker {
    Posts posts;
    long n;
    long ran = 0;

    Taker(Loop& loop, long count) : posts(loop.get()), n(count) {}
};

void take_posts(long n, double& seconds) {
    Loop loop;
    Taker taker(loop, n);
    const bench::Stopwatch watch;
    std::thread poster([&] {
        bench::pin_to(1);
        for (long i = 0; i < n; ++i) {
            taker.posts.post(
                [](void* given) {
                    auto& to = *static_cast<Taker*>(given);
                    if (++to.ran == to.n) {
                        to.posts.close();
                    }
                },
                &taker);
        }
    });
    loop.run();
    seconds = watch.seconds();
    poster.join();
    bench::require(taker.ran == n, "W9a");
}

/// uv_async_send alone: there is one message at a time.
struct Player {
    uv_async_t async{};
    Player* opponent = nullptr;
    long left = 0;
    bool serves = false;

    Player(Loop& loop, long rounds, bool serves_first) : left(rounds), serves(serves_first) {
        uv_async_init(&loop.get(), &async,
                      [](uv_async_t* came) { static_cast<Player*>(came->data)->served(); });
        async.data = this;
    }
    void serve() { uv_async_send(&opponent->async); }
    void served() {
        --left;
        if (!serves || left > 0) {
            serve();
        }
        if (left == 0) {
            uv_close(reinterpret_cast<uv_handle_t*>(&async), nullptr);
        }
    }
};

void ping_pong(long n, int second_cpu, double& seconds) {
    Loop here;
    Loop there;
    Player one(here, n, true);
    Player two(there, n, false);
    one.opponent = &two;
    two.opponent = &one;
    std::thread other([&] {
        bench::pin_to(second_cpu);
        there.run();
    });
    const bench::Stopwatch watch;
    one.serve();
    here.run();
    seconds = watch.seconds();
    other.join();
}

}  // namespace

int main(int argc, char** argv) {
    const auto arguments = bench::parse(argc, argv);
    if (!arguments) {
        return bench::usage(argv[0]);
    }
    const std::string_view workload = arguments->workload;
    double seconds = 0;
    bench::pin_to(0);
    if (workload == "W9a") {
        take_posts(arguments->n, seconds);
    } else if (workload == "W9b" || workload == "W9c") {
        ping_pong(arguments->n, workload == "W9b" ? 1 : 0, seconds);
    } else {
        return bench::usage(argv[0]);
    }
    bench::report("uv", *arguments, seconds);
    return 0;
}
