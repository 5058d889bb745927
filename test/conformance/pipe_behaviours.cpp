// SPDX-License-Identifier: Apache-2.0
// Pipes of the system. What is expected stands in pipe(7).
#include <csignal>

#include "conformance/over_streams.hpp"
#include "rondo/os/pipe.hpp"

namespace rondo::test {
namespace {

using os::make_pipe;
using os::PipePair;
using os::PipeStream;

RONDO_BEHAVIOUR(pipe, "bytes come out in order, and then the end", "onetwo, 0") {
    PipePair pipe = make_pipe();
    co_await pipe.writer.write_all("one");
    co_await pipe.writer.write_all("two");
    pipe.writer.close();
    const std::string text = co_await read_text(pipe.reader);
    const std::string end = co_await outcome_of_read(pipe.reader);
    co_return in_order(text, end);
}

RONDO_BEHAVIOUR(pipe, "a read waits for bytes", "false, 4") {
    PipePair pipe = make_pipe();
    TaskHandle<std::string> read = create_task(outcome_of_read(pipe.reader));
    co_await sleep(1ms);
    const bool early = read.done();
    co_await pipe.writer.write_all("late");
    const std::string got = co_await read;
    co_return in_order(early, got);
}

RONDO_BEHAVIOUR(pipe, "a read that waits hears of the end", "0") {
    PipePair pipe = make_pipe();
    TaskHandle<std::string> read = create_task(outcome_of_read(pipe.reader));
    co_await sleep(1ms);
    pipe.writer.close();
    co_return co_await read;
}

RONDO_BEHAVIOUR(pipe, "shutdown_write closes a writing end", "false, 0") {
    PipePair pipe = make_pipe();
    pipe.writer.shutdown_write();
    const std::string end = co_await outcome_of_read(pipe.reader);
    co_return in_order(pipe.writer.is_open(), end);
}

RONDO_BEHAVIOUR(pipe, "a write that nobody can read fails, without a signal", "closed") {
    std::signal(SIGPIPE, SIG_DFL);
    PipePair pipe = make_pipe();
    pipe.reader.close();
    co_return co_await outcome_of_write(pipe.writer);
}

RONDO_BEHAVIOUR(pipe, "a write that waits hears that the reader has gone", "closed") {
    PipePair pipe = make_pipe();
    const std::string large(1 << 20, 'x');
    TaskHandle<std::string> writing = create_task(outcome_of_write(pipe.writer, large));
    co_await sleep(1ms);
    pipe.reader.close();
    co_return co_await writing;
}

// pipe(7): since Linux 2.6.11 it holds 65536 bytes.
RONDO_BEHAVIOUR(pipe, "64 KiB go in, one byte more waits", "done, timed_out") {
    PipePair pipe = make_pipe();
    const std::string full(65536, 'x');
    const std::string fits = co_await outcome_of_write(pipe.writer, full);
    const std::string more = co_await outcome([&] { return bounded_write(pipe.writer, "y", 2ms); });
    co_return in_order(fits, more);
}

RONDO_BEHAVIOUR(pipe, "a megabyte goes through", "true") {
    PipePair pipe = make_pipe();
    const std::string text = numbered_text(1 << 20);
    auto [seen, none] =
        co_await gather(read_text(pipe.reader, text.size()), write(pipe.writer, text));
    co_return observed(seen == text);
}

RONDO_BEHAVIOUR(pipe, "a cancelled read takes no byte", "kept") {
    PipePair pipe = make_pipe();
    TaskHandle<std::string> read = create_task(outcome_of_read(pipe.reader));
    co_await sleep(1ms);
    read.cancel();
    co_await ended(read);
    co_await pipe.writer.write_all("kept");
    co_return co_await read_text(pipe.reader, 4);
}

RONDO_BEHAVIOUR(pipe, "a write stopped halfway closes the pipe for writing", "timed_out, closed") {
    PipePair pipe = make_pipe();
    const std::string large(1 << 20, 'x');
    const std::string first =
        co_await outcome([&] { return bounded_write(pipe.writer, large, 2ms); });
    const std::string second = co_await outcome_of_write(pipe.writer);
    co_return in_order(first, second);
}

RONDO_BEHAVIOUR(pipe, "a write stopped before its first byte closes nothing", "timed_out, fine") {
    PipePair pipe = make_pipe();
    const std::string full(65536, 'x');
    co_await pipe.writer.write_all(full);
    const std::string late =
        co_await outcome([&] { return bounded_write(pipe.writer, "late", 2ms); });
    co_await read_text(pipe.reader, full.size());
    co_await pipe.writer.write_all("fine");
    const std::string text = co_await read_text(pipe.reader, 4);
    co_return in_order(late, text);
}

RONDO_BEHAVIOUR(pipe, "each end has one direction", "closed, closed") {
    PipePair pipe = make_pipe();
    const std::string write = co_await outcome_of_write(pipe.reader);
    const std::string read = co_await outcome_of_read(pipe.writer);
    co_return in_order(write, read);
}

RONDO_BEHAVIOUR(pipe, "a second reader is told busy", "busy, 1") {
    PipePair pipe = make_pipe();
    TaskHandle<std::string> first = create_task(outcome_of_read(pipe.reader));
    co_await sleep(1ms);
    const std::string second = co_await outcome_of_read(pipe.reader);
    co_await pipe.writer.write_all("x");
    const std::string got = co_await first;
    co_return in_order(second, got);
}

RONDO_BEHAVIOUR(pipe, "a closed end refuses all calls", "closed, closed") {
    PipePair pipe = make_pipe();
    pipe.reader.close();
    pipe.writer.close();
    const std::string read = co_await outcome_of_read(pipe.reader);
    const std::string write = co_await outcome_of_write(pipe.writer);
    co_return in_order(read, write);
}

RONDO_BEHAVIOUR(pipe, "a moved-from end is closed, the new one works", "false, x") {
    PipePair pipe = make_pipe();
    PipeStream writer = std::move(pipe.writer);
    co_await writer.write_all("x");
    const std::string text = co_await read_text(pipe.reader, 1);
    const bool open = pipe.writer.is_open();
    co_return in_order(open, text);
}

}  // namespace
}  // namespace rondo::test
