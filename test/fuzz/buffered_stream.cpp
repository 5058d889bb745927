// SPDX-License-Identifier: Apache-2.0
// A BufferedStream over pieces of any size, against the same calls on a string. The first line of
// the input is the calls, two bytes each: which one, and a number; the rest is what the stream
// says.
#include "rondo/io/buffered_stream.hpp"

#include <optional>

#include "fuzz/scripted_stream.hpp"
#include "fuzz/target.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

using io::BufferedStream;

constexpr int calls_max = 64;

/// What a call gives: bytes, or the name of the error, or the end.
struct Outcome {
    std::optional<std::string> text;
    bool incomplete = false;
    bool overrun = false;

    bool operator==(const Outcome&) const = default;
};

template <class T>
Task<Outcome> outcome_of(Task<T> call) {
    Outcome outcome;
    try {
        T got = co_await std::move(call);
        outcome.text = std::move(got);
    } catch (const io::IncompleteReadError& error) {
        outcome.incomplete = true;
        outcome.text = error.partial();
    } catch (const io::LimitOverrunError&) {
        outcome.overrun = true;
    }
    co_return outcome;
}

/// The same calls, of a stream that has come as a whole.
class Model {
public:
    explicit Model(std::string_view text) noexcept : rest_(text) {}

    Outcome line(std::size_t limit) {
        const std::size_t end = rest_.find('\n');
        std::string_view text = rest_.substr(0, end);
        if (end != rest_.npos && text.ends_with('\r')) {
            text.remove_suffix(1);
        }
        Outcome outcome;
        outcome.overrun = text.size() > limit;
        if (!outcome.overrun && !rest_.empty()) {
            outcome.text = std::string(text);
            rest_.remove_prefix(std::min(end, rest_.size() - 1) + 1);
        }
        return outcome;
    }
    Outcome until(std::string_view delimiter, std::size_t limit) {
        const std::size_t found = rest_.find(delimiter);
        Outcome outcome;
        if (found == rest_.npos) {
            outcome.overrun = rest_.size() - std::min(rest_.size(), delimiter.size() - 1) > limit;
            outcome.incomplete = !outcome.overrun;
            if (outcome.incomplete) {
                outcome.text = take(rest_.size());
            }
        } else if (found > limit) {
            outcome.overrun = true;
        } else {
            outcome.text = take(found + delimiter.size());
        }
        return outcome;
    }
    Outcome exactly(std::size_t count) {
        Outcome outcome;
        outcome.incomplete = count > rest_.size();
        outcome.text = take(count);
        return outcome;
    }
    Outcome all(std::size_t limit) {
        Outcome outcome;
        outcome.overrun = rest_.size() > limit;
        if (!outcome.overrun) {
            outcome.text = take(rest_.size());
        }
        return outcome;
    }
    /// `bytes` came: they must be the next ones.
    void some(std::string_view bytes) {
        RONDO_ASSERT(rest_.starts_with(bytes), "these are the next bytes");
        RONDO_ASSERT(!bytes.empty() || rest_.empty(), "nothing is read at the end only");
        rest_.remove_prefix(bytes.size());
    }
    std::string_view rest() const noexcept { return rest_; }

private:
    std::string take(std::size_t count) {
        std::string text(rest_.substr(0, count));
        rest_.remove_prefix(text.size());
        return text;
    }

    std::string_view rest_;
};

void expect_same(const Outcome& got, const Outcome& expected) {
    RONDO_ASSERT(got == expected, "the stream gives what the model gives");
}

Task<> read_some(BufferedStream& stream, Model& model, std::size_t count) {
    std::string bytes(count + 1, '\0');
    const std::size_t got = co_await stream.read_some(bytes);
    model.some(std::string_view(bytes).substr(0, got));
}

Task<> peek(BufferedStream& stream, Model& model, std::size_t count) {
    const std::string_view shown = co_await stream.peek(count);
    RONDO_ASSERT(model.rest().starts_with(shown), "what is shown comes next");
    RONDO_ASSERT(shown.size() >= std::min(count, model.rest().size()), "at least as much");
    const std::size_t taken = std::min(count / 2, shown.size());
    const std::string copy(shown.substr(0, taken));
    stream.consume(taken);
    if (taken > 0) {
        model.some(copy);
    }
}

Task<> call(BufferedStream& stream, Model& model, unsigned which, std::size_t number) {
    constexpr std::string_view delimiters[] = {"\n", "\r\n", "ab", "aab", "\r\n\r\n"};
    if (which < std::size(delimiters)) {
        const Outcome got = co_await outcome_of(stream.read_until(delimiters[which], number));
        expect_same(got, model.until(delimiters[which], number));
    } else if (which < 8) {
        const Outcome got = co_await outcome_of(stream.read_line(number));
        expect_same(got, model.line(number));
    } else if (which == 8) {
        const Outcome got = co_await outcome_of(stream.read_exactly(number));
        expect_same(got, model.exactly(number));
    } else if (which == 9) {
        co_await read_some(stream, model, number);
    } else if (which == 10) {
        const io::Lease lease = co_await stream.read_leased();
        model.some(lease.bytes().text());
    } else if (which == 11) {
        const Outcome got = co_await outcome_of(stream.read_all(number));
        expect_same(got, model.all(number));
    } else {
        co_await peek(stream, model, number);
    }
}

}  // namespace

void try_input(std::string_view input) {
    Choices choices(input);
    const std::size_t piece = choices.byte();
    Choices calls(choices.line());
    const std::string_view text = choices.rest();
    run_sim([&]() -> Task<> {
        BufferedStream stream{io::Stream(ScriptedStream(text, piece))};
        Model model(text);
        for (int i = 0; i < calls_max && !calls.empty(); ++i) {
            const unsigned which = calls.byte() % 16;
            const std::size_t number = calls.byte();
            co_await call(stream, model, which, number);
            RONDO_ASSERT(stream.buffered() <= model.rest().size(), "no more than came");
        }
        const Outcome rest = co_await outcome_of(stream.read_all(text.size()));
        expect_same(rest, model.all(text.size()));
        RONDO_ASSERT(stream.at_end(), "this is the end");
    });
}

}  // namespace rondo::test
