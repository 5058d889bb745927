# SPDX-License-Identifier: Apache-2.0
"""The statements that use what the tasks of a program share."""

import asyncio

import primitives
from primitives import QueueClosed
from virtual_loop import checkpoint


class SharedStatements:
    """Part of the interpreter, which has log() and block()."""

    def __init__(self, program):
        permits, sizes, parties = (program.numbers[i:j] for i, j in ((0, 2), (2, 5), (5, 7)))
        self.locks = [asyncio.Lock() for _ in range(3)]
        self.conditions = [primitives.Condition(lock) for lock in self.locks]
        self.counts = [0, 0, 0]
        self.semaphores = [asyncio.Semaphore(count) for count in permits]
        self.events = [asyncio.Event() for _ in range(2)]
        kinds = (primitives.Queue, primitives.LifoQueue, primitives.PriorityQueue)
        self.queues = [kind(size) for kind, size in zip(kinds, sizes)]
        self.barriers = [primitives.Barrier(count) for count in parties]

    # --- locks ---------------------------------------------------------------------------------

    async def do_lock(self, node, here, i):
        await checkpoint()
        await self.locks[i].acquire()
        try:
            self.log(here, f"holds {i}")
            await self.block(node.kids, here)
        finally:
            self.locks[i].release()

    async def do_try_lock(self, node, here, i):
        if self.locks[i].locked():
            self.log(here, f"busy {i}")
            return
        await self.locks[i].acquire()
        try:
            self.log(here, f"holds {i}")
            await self.block(node.kids, here)
        finally:
            self.locks[i].release()

    async def do_sem(self, node, here, i):
        await checkpoint()
        await self.semaphores[i].acquire()
        try:
            self.log(here, f"permit {i}")
            await self.block(node.kids, here)
        finally:
            self.semaphores[i].release()

    async def do_release(self, node, here, i, count):
        for _ in range(count):
            self.semaphores[i].release()

    async def do_cond_wait(self, node, here, i, hold, until):
        condition = self.conditions[i]
        await checkpoint()
        await condition.acquire()
        held = True
        try:
            self.log(here, f"holds {i}")
            await checkpoint()
            await asyncio.sleep(hold)
            if until == 0:
                await checkpoint()
                held = False
                await condition.wait()
                held = True
            while self.counts[i] < until:
                await checkpoint()
                held = False
                await condition.wait()
                held = True
            self.log(here, f"notified {self.counts[i]}")
            await self.block(node.kids, here)
        finally:
            if held:
                condition.release()

    async def do_notify(self, node, here, i, count, hold):
        condition = self.conditions[i]
        await checkpoint()
        await condition.acquire()
        try:
            self.counts[i] += 1
            self.log(here, f"notifies {count}")
            condition.notify(count) if count else condition.notify_all()
            await checkpoint()
            await asyncio.sleep(hold)
        finally:
            condition.release()

    # --- events, queues, barriers --------------------------------------------------------------

    async def do_event_wait(self, node, here, i):
        await checkpoint()
        await self.events[i].wait()
        self.log(here, f"saw event {i}")

    async def do_event_set(self, node, here, i):
        self.events[i].set()

    async def do_event_clear(self, node, here, i):
        self.events[i].clear()

    async def do_put(self, node, here, i, value):
        await checkpoint()
        try:
            await self.queues[i].put(value)
            self.log(here, f"put {i} {value}")
        except QueueClosed:
            self.log(here, f"closed {i}")

    async def do_get(self, node, here, i, work):
        await checkpoint()
        try:
            self.log(here, f"got {i} {await self.queues[i].get()}")
        except QueueClosed:
            self.log(here, f"closed {i}")
            return
        if work:
            await checkpoint()
            await asyncio.sleep(work)
            self.queues[i].task_done()

    async def do_try_put(self, node, here, i, value):
        try:
            self.queues[i].put_nowait(value)
            self.log(here, f"put {i} {value}")
        except asyncio.QueueFull:
            self.log(here, f"full {i}")
        except QueueClosed:
            self.log(here, f"closed {i}")

    async def do_try_get(self, node, here, i):
        try:
            self.log(here, f"got {i} {self.queues[i].get_nowait()}")
        except asyncio.QueueEmpty:
            self.log(here, f"empty {i}")
        except QueueClosed:
            self.log(here, f"closed {i}")

    async def do_close(self, node, here, i, discard):
        self.queues[i].close(discard)

    async def do_join(self, node, here, i):
        await checkpoint()
        await self.queues[i].join()
        self.log(here, f"joined {i}")

    async def do_barrier(self, node, here, i, rest):
        await checkpoint()
        try:
            self.log(here, f"passed {i} as {await self.barriers[i].wait()}")
            return
        except asyncio.BrokenBarrierError as error:
            self.log(here, f"broken {i}")
            failure = error
        await checkpoint()
        await asyncio.sleep(rest)
        raise failure

    async def do_reset(self, node, here, i):
        await self.barriers[i].reset()

    async def do_abort(self, node, here, i):
        await self.barriers[i].abort()

    async def do_peek(self, node, here):
        flags = [lock.locked() for lock in self.locks]
        flags += [semaphore.locked() for semaphore in self.semaphores]
        flags += [event.is_set() for event in self.events]
        flags += [barrier.broken for barrier in self.barriers]
        sizes = [queue.qsize() for queue in self.queues]
        sizes += [barrier.n_waiting for barrier in self.barriers]
        self.log(here, "sees " + " ".join(str(int(number)) for number in flags + sizes))
