# SPDX-License-Identifier: Apache-2.0
"""Timeouts, shields and waiting for a task, where Rondo differs from asyncio on purpose.

Each helper states the difference; all else that happens in it is asyncio's doing.
"""

import asyncio
from asyncio import timeouts

from virtual_loop import checkpoint


class Stopped(Exception):
    """rondo::Cancelled: the result of a stopped task was asked for."""


def with_suppressed(errors):
    """The first error, carrying the others: asyncio has ExceptionGroup in its place."""
    first = errors[0]
    known = getattr(first, "suppressed", [])
    first.suppressed = known + [error for error in errors[1:] if error not in known]
    return first


async def join(task):
    """Awaits a task that may be cancelled, and whose cancel must not be taken for the caller's."""
    await checkpoint()
    me = asyncio.current_task()
    me.awaited = task
    try:
        await asyncio.wait([task])
    finally:
        me.awaited = None
    if task.cancelled():
        raise Stopped(task.reason)
    return task.result()


async def shielded(coro, deadline):
    """A shield waits for what it shields, at most for `deadline` after the cancel reached it."""
    me = asyncio.current_task()
    loop = asyncio.get_running_loop()
    task = loop.create_task(coro)
    timer = None
    while not task.done():
        if me.strikes and timer is None:
            timer = loop.call_later(deadline, task.cancel, "deadline")
        me.in_shield = True
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            pass
        me.in_shield = False
    if timer is not None:
        timer.cancel()
    if task.cancelled():
        await me.stop()
    return task.result()


async def finally_(body, cleanup, deadline):
    """try/finally whose cleanup is shielded and runs once."""
    await checkpoint()
    me = asyncio.current_task()
    scope = object()

    async def scoped():
        me.enter(scope)
        try:
            return await body
        finally:
            me.leave(scope)

    try:
        result = await scoped()
    except asyncio.CancelledError:
        try:
            await shielded(cleanup, deadline)
        except Exception:
            pass
        await me.stop()
    except Exception as error:
        try:
            await shielded(cleanup, deadline)
        except asyncio.CancelledError:
            pass
        except Exception as second:
            raise with_suppressed([error, second])
        raise
    await shielded(cleanup, deadline)
    return result


class _Timeout(timeouts.Timeout):
    def _on_timeout(self):
        self._task._aim = (self, "deadline")
        super()._on_timeout()

    def reschedule(self, when):
        # A deadline that has passed strikes before the first wait, not one turn later.
        if when <= asyncio.get_running_loop().time():
            self._when = when
            self._on_timeout()
        else:
            super().reschedule(when)


async def bounded(when, body):
    """asyncio.timeout_at: (True, result), or (False, None) when the deadline passed. Of several
    deadlines that passed the innermost one reports."""
    me = asyncio.current_task()
    if me.strikes:
        body.close()
        await me.stop()
    bound = _Timeout(when)
    failed = stopped = False
    me.enter(bound)
    try:
        async with bound:
            try:
                return True, await body
            except Exception:
                failed = True
                raise
    except asyncio.CancelledError:
        stopped = not bound.expired() or me.reason_around(bound) not in (None, "deadline")
    except TimeoutError:
        if failed:
            raise
    finally:
        me.leave(bound)
    if stopped:
        await me.stop()
    return False, None


async def timeout_at(when, body):
    in_time, result = await bounded(when, body)
    if not in_time:
        raise TimeoutError
    return result
