// SPDX-License-Identifier: Apache-2.0
// Reads programs, one a line, and writes the trace of each, closed by a line with a dot.
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include "interpreter.hpp"

int main() try {
    for (std::string line; std::getline(std::cin, line);) {
        const oracle::Node program = oracle::parse(line);
        oracle::Interpreter interpreter(program);
        for (const std::string& event : interpreter.run()) {
            std::cout << event << '\n';
        }
        std::cout << "." << std::endl;
    }
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "oracle: %s\n", error.what());
    return 1;
}
