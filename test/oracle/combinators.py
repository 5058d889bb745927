# SPDX-License-Identifier: Apache-2.0
"""Gathers, races and groups, where Rondo differs from asyncio on purpose; scopes.py has the rest.

Each helper states the difference; all else that happens in it is asyncio's doing.
"""

import asyncio
from asyncio import taskgroups

from scopes import with_suppressed
from virtual_loop import checkpoint


class Group(taskgroups.TaskGroup):
    """asyncio.TaskGroup that throws the first error itself, and can be cancelled."""

    def __init__(self):
        super().__init__()
        self.failures = []
        self.ended_own = False
        self.stopped_somebody = False

    def fail(self, error):
        if not any(error is known for known in self.failures):
            self.failures.append(error)

    def spawn(self, coro):
        """Starts a task; in a cancelled group it never runs."""
        if self._aborting or self._parent_task.reason_within(self):
            task = asyncio.get_running_loop().create_task(coro)
            task.cancel(self._parent_task.reason_within(self) or "sibling")
            self.stopped_somebody = True
            return task
        return self._parent_task.adopt(self.create_task(coro), within=self)

    def cancel(self):
        """asyncio 3.15's TaskGroup.cancel."""
        if self._aborting or self._parent_task.reason_within(self):
            return
        self.ended_own = True
        self._parent_task.strike(self, "caller")
        self._abort()

    def _abort(self):
        self._aborting = True
        reason = self._parent_task.reason_within(self) or "sibling"
        for task in self._tasks:
            task.cancel(reason)

    def _on_task_done(self, task):
        parent = self._parent_task
        if task.cancelled():
            wanted = task.reason in ("caller", "abandoned")
            self.stopped_somebody |= not wanted or parent.reason_within(self) is not None
        elif task.exception() is not None:
            self.fail(task.exception())
        parent._aim = (self, "sibling")
        super()._on_task_done(task)
        parent._aim = None


async def task_group(body):
    """Runs `body(group)` in a Group. A cancel that stopped nothing does not end it."""
    me = asyncio.current_task()
    group = Group()
    body_stopped, stopped = True, False
    result = None
    await checkpoint()
    me.enter(group)
    try:
        async with group:
            try:
                result = await body(group)
                body_stopped = False
                if me.reason_within(group):
                    raise asyncio.CancelledError
            except Exception as error:
                body_stopped = False
                group.fail(error)
                raise
    except BaseExceptionGroup:
        pass
    except asyncio.CancelledError:
        quiet = group.ended_own and me.reason_around(group) is None
        stopped = not quiet and (body_stopped or group.stopped_somebody)
    finally:
        me.leave(group)
    if group.failures:
        raise with_suppressed(group.failures)
    if stopped:
        await me.stop()
    return result


async def gather(coros, limit=None):
    """All results, or the first failure, after which the others are cancelled and awaited."""
    slots = asyncio.Semaphore(limit or len(coros) or 1)

    async def in_turn(coro):
        try:
            await slots.acquire()
        except asyncio.CancelledError:
            coro.close()
            raise
        result = await coro
        slots.release()  # not after a failure: then no other one starts
        return result

    async def body(group):
        started = [group.spawn(in_turn(coro) if limit else coro) for coro in coros]
        return started

    started = await task_group(body)
    return [task.result() for task in started]


async def settle(coros):
    """asyncio.gather(return_exceptions=True); a cancel that stopped nobody does not end it."""
    await checkpoint()
    me = asyncio.current_task()
    started = [me.adopt(asyncio.get_running_loop().create_task(coro)) for coro in coros]
    try:
        return await asyncio.gather(*started, return_exceptions=True)
    except asyncio.CancelledError:
        if any(not task.done() or task.cancelled() for task in started):
            raise
        return [task.exception() or task.result() for task in started]


async def race(coros):
    """The first success; the others are cancelled and awaited."""
    await checkpoint()
    me = asyncio.current_task()
    loop = asyncio.get_running_loop()
    order = []
    struck = False

    def winner():
        return next((task for task in order if not task.cancelled() and not task.exception()), None)

    def stop_all(reason):
        nonlocal struck
        if not struck:
            struck = True
            for task in started:
                task.cancel(reason)

    def ended(task):
        order.append(task)
        if winner() is not None:
            stop_all("sibling")

    started = [me.adopt(loop.create_task(coro)) for coro in coros]
    for task in started:
        task.add_done_callback(ended)
    while len(order) < len(started):
        try:
            await asyncio.wait(started)
        except asyncio.CancelledError:
            stop_all(me.strikes[0][1])
    won = winner()
    if won is not None:
        return won.result()
    if any(task.cancelled() for task in started):
        await me.stop()
    raise with_suppressed([task.exception() for task in order])


async def as_completed(coros, take, each):
    """asyncio.as_completed for the first `take`; then the rest are cancelled and awaited."""

    async def settled(coro):
        try:
            return await coro
        except Exception as error:
            return error

    async def body(group):
        started = [group.spawn(settled(coro)) for coro in coros]
        results = asyncio.as_completed(started)
        for _ in range(min(take, len(coros))):
            await checkpoint()
            each(await next(results))
        for unread in results:
            unread.close()
        group.cancel()

    await task_group(body)


async def wait(handles, when, limit):
    """asyncio.wait; a stopped task counts as an error."""
    await checkpoint()
    loop = asyncio.get_running_loop()
    until = loop.time() + limit if limit else None

    def enough():
        ended = [task for task in handles if task.done()]
        failed = [task for task in ended if task.cancelled() or task.exception()]
        late = until is not None and until <= loop.time()
        return len(ended) == len(handles) or (bool(ended), bool(failed), False)[when] or late

    while not enough():
        left = until - loop.time() if until is not None else None
        pending = [task for task in handles if not task.done()]
        try:
            await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            loop.ties += enough()  # one failure ended the wait and cancelled it
            raise
