# SPDX-License-Identifier: Apache-2.0
"""Runs a program under the installed asyncio and gives its trace."""

import asyncio

import combinators
import scopes
from scopes import Stopped
from shared_statements import SharedStatements
from virtual_loop import VirtualLoop, checkpoint


class Failure(Exception):
    """(raise d k)"""


def describe(error):
    if isinstance(error, Failure):
        return f"E{error.args[0]}"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, Stopped):
        return f"stopped:{error.args[0]}"
    if isinstance(error, asyncio.BrokenBarrierError):
        return "broken"
    return f"{type(error).__name__} {error}"


# Any other exception is a mistake of the reference, or of the program.
OF_PROGRAMS = (Failure, TimeoutError, Stopped, asyncio.BrokenBarrierError)


class Here:
    """The task that runs a statement, and the task group it may spawn into."""

    def __init__(self, task, group=None):
        self.task = task
        self.group = group


def catches(which, error):
    return which == 0 or isinstance(error, (None, Failure, TimeoutError)[which])


class Interpreter(SharedStatements):
    def __init__(self, program):
        super().__init__(program)
        self.main_limit = program.numbers[7]
        self.main = program.kids[0]
        self.trace = []
        self.tasks = {}
        self.owned = set()
        self.roots = []
        self.closing = False
        self.mistake = None

    def log(self, here, text):
        now = int(asyncio.get_running_loop().time())
        self.trace.append((now, here.task, text))

    # --- tasks ---------------------------------------------------------------------------------

    async def run_main(self):
        here = Here("main")
        try:
            result = await scopes.timeout_at(self.main_limit, self.child(self.main))
            self.log(here, f"ended {result}")
        except Exception as error:
            self.log(here, f"ended {describe(error)}")
        await asyncio.sleep(1)
        self.closing = True
        for task in reversed(self.roots):  # asyncio.run has a set of them, without an order
            task.cancel("shutdown")
        while not all(task.done() for task in self.roots):
            await asyncio.wait(self.roots)

    async def block(self, nodes, here):
        for node in nodes:
            if node.numbers[0]:
                await checkpoint()
                await asyncio.sleep(node.numbers[0])
            await getattr(self, "do_" + node.name)(node, here, *node.numbers[1:])

    async def child(self, node):
        name, value, rest = node.numbers
        here = Here(f"c{name}")
        self.log(here, "start")
        try:
            await self.block(node.kids, here)
            await checkpoint()
            await asyncio.sleep(rest)
        except asyncio.CancelledError:
            self.log(here, "stopped")
            raise
        except Exception as error:
            self.log(here, f"raises {describe(error)}")
            if not isinstance(error, OF_PROGRAMS):
                self.mistake = error
            raise
        self.log(here, f"returns {value}")
        return value

    def children(self, node):
        return [self.child(kid) for kid in node.kids]

    # --- plain statements ----------------------------------------------------------------------

    async def do_log(self, node, here, k):
        self.log(here, f"log {k}")

    async def do_block(self, node, here):
        await self.block(node.kids, here)

    async def do_sleep(self, node, here):
        self.log(here, "slept")

    async def do_yield(self, node, here, turns):
        for _ in range(turns):
            await checkpoint()
            await asyncio.sleep(0)
        self.log(here, "yielded")

    async def do_raise(self, node, here, k):
        raise Failure(k)

    async def do_try(self, node, here, which):
        try:
            await self.block(node.kids, here)
            self.log(here, "tried")
        except Exception as error:
            if not catches(which, error):
                raise
            also = [" " + describe(other) for other in getattr(error, "suppressed", [])]
            self.log(here, f"caught {describe(error)}" + "".join(also))

    async def do_guard(self, node, here, k):
        try:
            await self.block(node.kids, here)
        finally:
            self.log(here, f"left {k}")

    # --- scopes --------------------------------------------------------------------------------

    async def do_finally(self, node, here, deadline):
        body, cleanup = node.kids
        await scopes.finally_(
            self.block(body.kids, here), self.block(cleanup.kids, here), deadline
        )
        self.log(here, "finally over")

    async def do_shield(self, node, here, deadline):
        await scopes.shielded(self.block(node.kids, here), deadline)
        self.log(here, "shield over")

    async def do_timeout(self, node, here, duration):
        until = asyncio.get_running_loop().time() + duration
        await scopes.timeout_at(until, self.block(node.kids, here))
        self.log(here, "in time")

    async def do_timeout_at(self, node, here, when):
        await scopes.timeout_at(when, self.block(node.kids, here))
        self.log(here, "in time")

    async def do_move_on(self, node, here, duration):
        until = asyncio.get_running_loop().time() + duration
        in_time, _ = await scopes.bounded(until, self.block(node.kids, here))
        self.log(here, "in time" if in_time else "moved on")

    # --- several tasks -------------------------------------------------------------------------

    async def do_gather(self, node, here):
        self.log(here, f"gathered {await combinators.gather(self.children(node))}")

    async def do_limit(self, node, here, limit):
        self.log(here, f"gathered {await combinators.gather(self.children(node), limit)}")

    async def do_settle(self, node, here):
        ends = await combinators.settle(self.children(node))
        texts = [describe(end) if isinstance(end, Exception) else str(end) for end in ends]
        self.log(here, "settled " + " ".join(texts))

    async def do_race(self, node, here):
        self.log(here, f"won {await combinators.race(self.children(node))}")

    async def do_completed(self, node, here, take):
        def each(end):
            self.log(here, f"next {describe(end) if isinstance(end, Exception) else end}")

        await combinators.as_completed(self.children(node), take, each)
        self.log(here, "completed")

    async def do_group(self, node, here):
        async def body(group):
            await self.block(node.kids, Here(here.task, group))
            self.log(here, "body over")

        await combinators.task_group(body)
        self.log(here, "group over")

    async def do_spawn(self, node, here, slot):
        self.tasks[slot] = here.group.spawn(self.child(node.kids[0]))

    async def do_cancel_group(self, node, here):
        here.group.cancel()

    async def do_create(self, node, here, slot):
        task = asyncio.create_task(self.child(node.kids[0]))
        if self.closing:
            task.cancel("shutdown")
        self.roots.append(task)
        self.tasks[slot] = task
        self.owned.add(slot)

    async def do_await(self, node, here, slot, rest):
        if slot not in self.tasks:
            self.log(here, "no task")
            return
        failure = None
        try:
            self.log(here, f"awaited {await scopes.join(self.tasks[slot])}")
        except Exception as error:
            failure = error
            self.log(here, f"awaited {describe(error)}")
        await checkpoint()
        await asyncio.sleep(rest)
        if failure is not None:
            raise failure

    async def do_cancel(self, node, here, slot):
        if slot in self.tasks:
            self.log(here, "cancels done" if self.tasks[slot].done() else "cancels")
            self.tasks[slot].cancel("caller")

    async def do_drop(self, node, here, slot):
        task = self.tasks.pop(slot, None)
        if task is not None and slot in self.owned:
            task.cancel("abandoned")

    def state(self, slot):
        task = self.tasks[slot]
        if not task.done():
            return "runs"
        return "stopped" if task.cancelled() else "error" if task.exception() else "value"

    async def do_wait(self, node, here, when, limit, rest, *slots):
        slots = [slot for slot in slots if slot in self.tasks]
        await combinators.wait([self.tasks[slot] for slot in slots], when, limit)
        self.log(here, "waited")
        loop = asyncio.get_running_loop()
        returned = loop.time()
        try:
            await checkpoint()
            await asyncio.sleep(rest)
        except asyncio.CancelledError:
            loop.ties += loop.time() == returned  # see combinators.wait
            raise
        self.log(here, " ".join(["states", *map(self.state, slots)]))


def run(program):
    """The trace of `program`: (ms, task, text) each; and how many timers shared a time."""
    loop = VirtualLoop()
    interpreter = Interpreter(program)
    try:
        loop.run_until_complete(interpreter.run_main())
    finally:
        loop.close()
    if interpreter.mistake is not None:
        raise interpreter.mistake
    return interpreter.trace, loop.ties
