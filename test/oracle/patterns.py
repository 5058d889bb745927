# SPDX-License-Identifier: Apache-2.0
"""Arrangements of several tasks that chance alone would seldom make."""

from program import Node


class Patterns:
    """Part of the generator, which draws single statements."""

    def draw_feud(self, name, early, context):
        """Several tasks that fail, also after they were cancelled."""
        kids = []
        for _ in range(self.random.randint(2, 4)):
            kid = self.child(context, statements=1)
            (fails,) = self.draw_raise("raise", self.some(self.span // 2), context)
            if self.chance(0.3):
                kid.kids.append(fails)
            elif self.chance(0.5):
                kid.kids.insert(self.below(2), Node("shield", [0, self.deadline()], [fails]))
            else:
                body, cleanup = Node("block", [0], kid.kids), Node("block", [0], [fails])
                kid.kids = [Node("finally", [0, self.deadline()], [body, cleanup])]
            kids.append(kid)
        drawn = Node(self.random.choice(("gather", "gather", "race", "settle")), [early], kids)
        return [Node("try", [0, 0], [drawn])] if self.chance(0.5) else [drawn]

    def draw_siege(self, name, early, context):
        """Several tasks soon want one thing, and some are cancelled while they wait for it."""
        reliefs = {"lock": None, "sem": "release", "cond_wait": "notify", "event_wait": "event_set",
                   "get": "put", "put": "try_get", "barrier": "barrier"}
        kind, relief = self.random.choice(list(reliefs.items()))
        index = self.below(min(2, self.objects))
        pace = max(2, self.span // 8)

        def one(what):
            # Its first number is when, its second which one.
            (node,) = getattr(self, "draw_" + what)(what, self.some(pace), self.nowhere())
            node.numbers[1] = index
            if what == "cond_wait":  # soon waits for a notify, whichever comes
                node.numbers[2:] = [self.some(pace // 8 + 1), 0]
            if what == "notify":  # of one, which a cancel may meet while it waits for the lock
                node.numbers[2:] = [1 + self.below(4) // 3, self.some(4 * pace)]
            return node

        found, slots = [], []
        for _ in range(self.random.randint(3, 5)):
            slots.append(self.slot(droppable=False))
            found.append(self.begin(slots[-1], [one(kind)]))
        if relief:
            kids = [one(relief) for _ in range(self.random.randint(1, 4))]
            found.append(self.begin(self.slot(droppable=False), kids))
        for _ in range(self.random.randint(1, 3)):
            found.append(Node("cancel", [self.some(2 * pace), self.random.choice(slots)]))
        return found

    def begin(self, slot, kids):
        """A task that does `kids`, and some more."""
        number = self.children
        self.children += 1
        self.left -= 1
        more = self.statements(self.nowhere(), self.below(2))
        return Node("create", [0, slot], [Node("child", [number, 100 + number, self.some(3_000)],
                                               kids + more)])
