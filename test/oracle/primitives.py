# SPDX-License-Identifier: Apache-2.0
"""Synchronization where Rondo differs from asyncio on purpose."""

import asyncio

from virtual_loop import checkpoint


class Condition(asyncio.Condition):
    """A waiter that is stopped does not take the lock again, and hands on its notify."""

    async def wait(self):
        self.release()
        woken = asyncio.get_running_loop().create_future()
        self._waiters.append(woken)
        try:
            await woken
        finally:
            self._waiters.remove(woken)
        try:
            if self.locked():
                await checkpoint()
            await self.acquire()
        except asyncio.CancelledError:
            # Not notify(): that asks for the lock to be held.
            for other in self._waiters:
                if not other.done():
                    other.set_result(False)
                    break
            raise


class QueueClosed(Exception):
    """asyncio.QueueShutDown, which is younger than the oldest asyncio that will do."""


class _Closable:
    """asyncio 3.13's Queue.shutdown. A closed queue is neither full nor empty: so who waits gets as
    far as the function that refuses."""

    closed = False

    def close(self, discard):
        self.closed = True
        while discard and self.qsize():
            self.get_nowait()
            self.task_done()
        for waiting in (self._putters, self._getters):
            while waiting:
                self._wakeup_next(waiting)

    def full(self):
        return not self.closed and super().full()

    def empty(self):
        return not self.closed and super().empty()

    def put_nowait(self, item):
        if self.closed:
            raise QueueClosed
        super().put_nowait(item)

    def get_nowait(self):
        if self.closed and not self.qsize():
            raise QueueClosed
        return super().get_nowait()


class Queue(_Closable, asyncio.Queue):
    pass


class LifoQueue(_Closable, asyncio.LifoQueue):
    pass


class PriorityQueue(_Closable, asyncio.PriorityQueue):
    pass


class Barrier(asyncio.Barrier):
    """Gives indices without holes or doubles also when a waiter was cancelled before."""

    def __init__(self, parties):
        super().__init__(parties)
        self._arrived = []

    async def wait(self):
        token = [None]
        self._arrived.append(token)
        if len(self._arrived) == self.parties and not self.broken:
            for index, each in enumerate(self._arrived):
                each[0] = index
            self._arrived = []
        try:
            await super().wait()
        finally:
            self._arrived = [other for other in self._arrived if other is not token]
        return token[0]
