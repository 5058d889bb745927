// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include <stdexcept>

namespace oracle {
namespace {

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Node node() {
        expect('(');
        Node result;
        result.name = std::string(word());
        for (skip_spaces(); peek() != ')'; skip_spaces()) {
            if (peek() == '(') {
                result.kids.push_back(node());
            } else {
                result.numbers.push_back(std::stoll(std::string(word())));
            }
        }
        expect(')');
        return result;
    }

private:
    void skip_spaces() {
        while (at_ < text_.size() && text_[at_] == ' ') {
            ++at_;
        }
    }
    char peek() const {
        if (at_ == text_.size()) {
            throw std::invalid_argument("a program ends too early");
        }
        return text_[at_];
    }
    void expect(char wanted) {
        skip_spaces();
        if (peek() != wanted) {
            throw std::invalid_argument(std::string("a program lacks a ") + wanted);
        }
        ++at_;
    }
    std::string_view word() {
        skip_spaces();
        const std::size_t end = text_.find_first_of(" ()", at_);
        if (end == std::string_view::npos || end == at_) {
            throw std::invalid_argument("a program lacks a word");
        }
        const std::string_view found = text_.substr(at_, end - at_);
        at_ = end;
        return found;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

Node parse(std::string_view text) { return Parser(text).node(); }

}  // namespace oracle
