# SPDX-License-Identifier: Apache-2.0
"""A program of the oracle: a tree of statements, and its text.

The text of a node is `(name number… node…)`. The first number of a statement is the time in ms that
its task sleeps before it, or 0. README.md lists the statements.
"""

import re


class Node:
    __slots__ = ("name", "numbers", "kids")

    def __init__(self, name, numbers=(), kids=()):
        self.name = name
        self.numbers = list(numbers)
        self.kids = list(kids)

    def text(self):
        parts = [self.name, *map(str, self.numbers), *(kid.text() for kid in self.kids)]
        return "(" + " ".join(parts) + ")"

    def lines(self, indent=0):
        head = " " * indent + " ".join([self.name, *map(str, self.numbers)])
        return [head] + [line for kid in self.kids for line in kid.lines(indent + 2)]

    def walk(self):
        yield self
        for kid in self.kids:
            yield from kid.walk()

    def copy(self):
        return Node(self.name, self.numbers, [kid.copy() for kid in self.kids])


def parse(text):
    """The node that `text` describes."""
    stack = [Node("")]
    for token in re.findall(r"[()]|[^\s()]+", text):
        if token == "(":
            stack.append(Node(""))
        elif token == ")":
            node = stack.pop()
            stack[-1].kids.append(node)
        elif stack[-1].name:
            stack[-1].numbers.append(int(token))
        else:
            stack[-1].name = token
    (root,) = stack[0].kids
    return root
