# SPDX-License-Identifier: Apache-2.0
"""Draws programs. One seed gives one program.

Whatever touches something shared is preceded by a sleep of its own length, so that at one moment
one task acts and the others only react: then the order of events is decided by time, and does not
depend on how many turns of the loop a combinator takes. Where two timers meet all the same, the
reference notices and the program is not compared.
"""

import random

from patterns import Patterns
from program import Node
from weights import BURSTS, HAS_CHILDREN, NEEDS_SLOT, THEMES, TURNS, UNTIMED, WAITS

LEAF_DEPTH = 6


class Context:
    """Where a statement stands: how deep, whether in the body of a group, and below which locks and
    semaphores, as (theme, index): to ask for these again is to wait for oneself."""

    def __init__(self, depth, in_group=False, held=frozenset()):
        self.depth = depth
        self.in_group = in_group
        self.held = held

    def inner(self, in_group=None, holds=None):
        held = self.held | {holds} if holds else self.held
        return Context(self.depth + 1, self.in_group if in_group is None else in_group, held)


class Generator(Patterns):
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.bursts = kind_of(seed) != "timed"
        self.left = self.random.choice((15, 30, 50, 80, 120))
        self.children = 0
        self.slots = []  # of tasks that may be awaited or cancelled
        self.loose = []  # of tasks that are only ever dropped
        self.failures = 0
        self.used = set()
        self.objects = self.random.choice((1, 2, 3))
        self.span = self.random.choice((3_000, 20_000, 20_000, 60_000))
        self.weights = {}
        focus = self.random.choice([*THEMES, None])
        for theme, weights in THEMES.items():
            factor = 1 if theme == "plain" else self.random.choice((0, 0.3, 1, 1, 3))
            if theme == focus:  # many tasks that want one thing
                factor, self.objects = 10, 1
            self.weights |= {name: weight * factor for name, weight in weights.items()}
        if self.bursts:
            self.weights = TURNS if kind_of(seed) == "turns" else BURSTS

    def below(self, bound):
        return self.random.randrange(bound)

    def some(self, span=None):
        return 1 + self.below(span or self.span)

    def chance(self, probability):
        return self.random.random() < probability

    def program(self):
        pick = self.random.choice
        numbers = [pick((0, 1, 1, 2)), pick((1, 2, 3)), pick((0, 1, 2)), pick((0, 1, 3)),
                   pick((0, 1, 2)), pick((1, 2, 3)), pick((2, 2, 4)),
                   self.span * 15 + self.some(60 * self.span)]
        context = Context(1)
        kids = []
        for _ in range(self.random.randint(1, 6)):
            kids += self.draw_create("create", self.below(2) * self.some(), context)
        main = self.child(Context(0), statements=self.random.randint(1, 5))
        main.kids[:0] = kids + ([] if self.bursts else self.feeders())
        main.numbers[2] = self.some(30 * self.span)
        return Node("program", numbers, [main])

    def feeders(self):
        """Tasks that now and then do what the others wait for."""
        feeds = {"event_wait": "event_set", "get": "put", "put": "try_get", "cond_wait": "notify",
                 "barrier": "barrier", "sem": "release"}
        found = []
        for feed in sorted({feeds[name] for name in self.used if name in feeds}):
            if self.chance(0.25):
                continue
            kids = []
            for _ in range(self.random.randint(2, 6)):
                kids += getattr(self, "draw_" + feed)(feed, self.some(2 * self.span), Context(2))
            node = Node("child", [self.children, 100 + self.children, self.some(3_000)], kids)
            self.children += 1
            slot = len(self.slots) + len(self.loose)
            self.slots.append(slot)
            found.append(Node("create", [self.below(2) * self.some(), slot], [node]))
        return found

    def nowhere(self):
        """The context of a task of its own, without children."""
        return Context(LEAF_DEPTH)

    def child(self, context, statements=None):
        name = self.children
        self.children += 1
        count = statements or self.random.randint(1, 4)
        inside = Context(context.depth + 1, held=context.held)
        kids = self.statements(inside, count)
        rest = 0 if self.bursts and self.chance(0.7) else self.some(3_000)
        return Node("child", [name, 100 + name, rest], kids)

    def statements(self, context, count):
        found = []
        for _ in range(count):
            if self.left <= 0:
                break
            found += self.statement(context)
        return found

    def block(self, context, least=1):
        return self.statements(context.inner(), self.random.randint(least, 3))

    def statement(self, context):
        self.left -= 1
        names, weights = [], []
        for name, weight in self.weights.items():
            if context.depth >= LEAF_DEPTH and name in HAS_CHILDREN:
                continue
            if name in ("spawn", "cancel_group") and not context.in_group:
                continue
            if name in NEEDS_SLOT and not (self.loose if name == "drop" else self.slots):
                continue
            names.append(name)
            weights.append(weight)
        name = self.random.choices(names, weights)[0]
        self.used.add(name)
        untimed = self.chance(0.8) if self.bursts else name in UNTIMED and self.chance(0.5)
        early = 0 if untimed and name != "sleep" else self.some()
        drawn = getattr(self, "draw_" + name)(name, early, context)
        if name in WAITS and not self.bursts and self.chance(0.4):
            drawn = self.limited(drawn)
        return drawn

    def limited(self, nodes):
        """What may wait in vain waits for a while only."""
        name = self.random.choice(("timeout", "move_on", "move_on"))
        early = self.below(2) * self.some()
        bound = Node(name, [early, self.some(3 * self.span)], nodes)
        return [bound if name == "move_on" else Node("try", [0, 2], [bound])]

    def draw_block(self, name, early, context):
        return [Node(name, [early], self.block(context))]

    def draw_sleep(self, name, early, context):
        return [Node(name, [early])]

    draw_peek = draw_cancel_group = draw_sleep

    def draw_log(self, name, early, context):
        return [Node(name, [early, self.below(100)])]

    def draw_yield(self, name, early, context):
        return [Node(name, [early, 1 + self.below(4)])]

    def draw_raise(self, name, early, context):
        self.failures += 1
        return [Node(name, [early, self.failures])]

    def draw_try(self, name, early, context):
        which = self.random.choice((0, 0, 0, 1, 2))
        return [Node(name, [early, which], self.block(context))]

    def draw_guard(self, name, early, context):
        return [Node(name, [early, self.below(100)], self.block(context))]

    # --- scopes --------------------------------------------------------------------------------

    def deadline(self):
        return self.some(self.span // 3) if self.chance(0.3) else self.some(5 * self.span)

    def draw_finally(self, name, early, context):
        body = Node("block", [0], self.block(context))
        cleanup = Node("block", [0], self.block(context) + [Node("sleep", [self.some()])])
        return [Node(name, [early, self.deadline()], [body, cleanup])]

    def draw_shield(self, name, early, context):
        return [Node(name, [early, self.deadline()], self.block(context))]

    def draw_timeout(self, name, early, context):
        duration = self.some(2 * self.span)
        if self.chance(0.04):  # at once: not beside what has just begun
            early, duration = self.some(), 0
        return [Node(name, [early, duration], self.block(context))]

    draw_move_on = draw_timeout

    def draw_timeout_at(self, name, early, context):
        return [Node(name, [self.some(), self.some(8 * self.span)], self.block(context))]

    # --- several tasks -------------------------------------------------------------------------

    def kids(self, context, most=4):
        return [self.child(context) for _ in range(self.random.randint(1, most))]

    def draw_gather(self, name, early, context):
        return [Node(name, [early], self.kids(context))]

    draw_settle = draw_race = draw_gather

    def draw_limit(self, name, early, context):
        return [Node(name, [early, self.random.randint(1, 3)], self.kids(context, most=6))]

    def draw_completed(self, name, early, context):
        kids = self.kids(context)
        return [Node(name, [early, self.random.randint(1, len(kids) + 1)], kids)]

    def draw_group(self, name, early, context):
        inside = context.inner(in_group=True)
        kids = []
        for _ in range(self.random.randint(0, 2)):
            kids += self.draw_spawn("spawn", self.below(2) * self.some(), inside)
        return [Node(name, [early], kids + self.statements(inside, self.random.randint(1, 4)))]

    def slot(self, droppable):
        slot = len(self.slots) + len(self.loose)
        (self.loose if droppable and self.chance(0.2) else self.slots).append(slot)
        return slot

    def start(self, name, early, context, droppable):
        child = self.child(context if name == "spawn" else Context(context.depth))
        slot = self.slot(droppable)
        started = [Node(name, [early, slot], [child])]
        if slot in self.slots and "cancel" in self.weights and self.chance(0.06):
            # Before its first turn: it never runs.
            started.append(Node("cancel", [0, slot]))
        return started

    def draw_spawn(self, name, early, context):
        return self.start(name, early, context, droppable=False)

    def draw_create(self, name, early, context):
        return self.start(name, early, context, droppable=True)

    def draw_await(self, name, early, context):
        return [Node(name, [early, self.random.choice(self.slots), self.some()])]

    def draw_cancel(self, name, early, context):
        return [Node(name, [early, self.random.choice(self.slots)])]

    def draw_drop(self, name, early, context):
        return [Node(name, [early, self.random.choice(self.loose)])]

    def draw_wait(self, name, early, context):
        count = min(len(self.slots), self.random.randint(1, 4))
        slots = self.random.sample(self.slots, count)
        limit = self.some(3 * self.span) if self.chance(0.5) else 0
        return [Node(name, [early, self.below(3), limit, self.some(), *slots])]

    # --- what is shared ------------------------------------------------------------------------

    def free(self, theme, context):
        """The index of a lock or semaphore that is not held here, as a rule."""
        index = self.below(min(self.objects, 2 if theme == "semaphore" else 3))
        return index if (theme, index) not in context.held or self.chance(0.02) else None

    def draw_lock(self, name, early, context, theme="lock"):
        index = self.free(theme, context)
        if index is None:
            return self.draw_log("log", 0, context)
        inside = context.inner(holds=(theme, index))
        return [Node(name, [early, index], self.statements(inside, self.random.randint(1, 3)))]

    draw_try_lock = draw_lock

    def draw_sem(self, name, early, context):
        return self.draw_lock(name, early, context, theme="semaphore")

    def draw_release(self, name, early, context):
        return [Node(name, [early, self.below(2), 1 + self.below(2)])]

    def draw_cond_wait(self, name, early, context):
        index = self.free("lock", context)
        if index is None:
            return self.draw_log("log", 0, context)
        numbers = [early, index, self.some(self.span // 4), self.random.choice((0, 0, 1, 2, 3))]
        inside = context.inner(holds=("lock", index))
        return [Node(name, numbers, self.statements(inside, self.below(3)))]

    def draw_notify(self, name, early, context):
        index = self.free("lock", context)
        if index is None:
            return self.draw_log("log", 0, context)
        return [Node(name, [early, index, self.below(4), self.some(self.span // 4)])]

    def draw_event_wait(self, name, early, context):
        return [Node(name, [early, self.below(min(2, self.objects))])]

    draw_event_set = draw_event_clear = draw_event_wait
    draw_reset = draw_abort = draw_event_wait

    def draw_barrier(self, name, early, context):
        return [Node(name, [early, self.below(min(2, self.objects)), self.some()])]

    def draw_put(self, name, early, context):
        return [Node(name, [early, self.below(self.objects), self.below(1_000)])]

    draw_try_put = draw_put

    def draw_get(self, name, early, context):
        work = self.some(self.span // 2) if self.chance(0.8) else 0
        return [Node(name, [early, self.below(self.objects), work])]

    def draw_try_get(self, name, early, context):
        return [Node(name, [early, self.below(self.objects)])]

    draw_join = draw_try_get

    def draw_close(self, name, early, context):
        return [Node(name, [early, self.below(self.objects), self.below(2)])]


def kind_of(seed):
    """timed: sleeps before all that is shared; bursts: hardly any sleeps; turns: likewise, and the
    order of all events counts."""
    return {0: "turns", 4: "bursts"}.get(seed % 8, "timed")


def generate(seed):
    return Generator(seed).program()
