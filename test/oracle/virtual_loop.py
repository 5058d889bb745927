# SPDX-License-Identifier: Apache-2.0
"""asyncio's own loop on virtual time, and its tasks with a cancellation that lasts.

One unit of loop.time() is one millisecond of the program, so that sums are exact.
"""

import asyncio
from asyncio import base_events, tasks


class Deadlock(Exception):
    """Nothing is ready and no timer is armed."""


class _Clock:
    """The selector: no descriptors, and waiting makes the clock jump."""

    def __init__(self):
        self.now = 0.0

    def select(self, timeout):
        if timeout is None:
            raise Deadlock
        self.now += timeout
        return ()


class VirtualLoop(base_events.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = _Clock()
        self._clock_resolution = 0.25
        self._last_timer = None
        self.ties = 0  # events at one moment whose order is nobody's promise
        self.set_task_factory(lambda loop, coro, **more: LevelTask(coro, loop=loop, **more))
        self.set_exception_handler(lambda loop, context: None)

    def time(self):
        return self._selector.now

    def call_at(self, when, callback, *args, context=None):
        return super().call_at(when, self._fire, when, callback, args, context=context)

    def _fire(self, when, callback, args):
        self.ties += when == self._last_timer
        self._last_timer = when
        callback(*args)

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass


class LevelTask(tasks._PyTask):
    """asyncio's task with four of Rondo's rules: a cancel lasts; a result wins; a cancel strikes a
    whole tree at once, where asyncio's takes a turn from each task to its children; and what was
    stopped is unwound only after its children ended.

    `strikes` lists the cancels that are in force, oldest first, each with the scope it was aimed
    at (None: the whole task) and its reason. `scopes` are the timeouts, groups and bodies of
    finally that the task is inside of.
    """

    def __init__(self, coro, **more):
        self.scopes = []
        self.strikes = []
        self.reason = None
        self._aim = None
        self.in_shield = False  # waits for what a cancel does not stop
        self._offspring = []
        self.awaited = None  # the task whose end this one waits for, by way of a future
        super().__init__(coro, **more)

    def strike(self, scope, reason):
        """A cancel that `scope` will take back."""
        self._aim = (scope, reason)
        self.cancel()

    def cancel(self, msg=None):
        aim, self._aim = self._aim or (None, msg or "caller"), None
        if self.done():
            return False
        if aim[0] is None:
            if self.reason is not None:
                return True
            self.reason = aim[1]
        self.strikes.append(aim)
        waits_for = self.awaited or self._fut_waiter
        completed = waits_for is not None and waits_for.done()
        if completed or self is asyncio.current_task(self._loop):
            self._num_cancels_requested += 1
        else:
            super().cancel(msg=aim[1])
        for around, child in self._offspring:
            if aim[0] is None or aim[0] in around:
                child.cancel(aim[1])
        return True

    def adopt(self, child, within=None):
        """`child` is cancelled with each scope up to `within`, or with any."""
        count = len(self.scopes) if within is None else self.scopes.index(within) + 1
        self._offspring.append((self.scopes[:count], child))
        return child

    def _living_here(self):
        """A child of the innermost scope that has not ended."""
        for around, child in self._offspring:
            if around == self.scopes and not child.done():
                return child
        return None

    def _Task__wakeup(self, future):
        """Called when what the task waits for is done. A stopped task waits for its children."""
        held = future.cancelled() and self.strikes and not self.in_shield
        child = self._living_here() if held else None
        if child is None:
            super()._Task__wakeup(future)
        else:
            child.add_done_callback(lambda _: self._Task__wakeup(future))

    async def stop(self):
        """Stops the innermost scope: raises CancelledError after its children ended."""
        while child := self._living_here():
            try:
                await asyncio.wait([child])
            except asyncio.CancelledError:
                pass
        raise asyncio.CancelledError

    def enter(self, scope):
        self.scopes.append(scope)

    def leave(self, scope):
        """Takes back the cancels that were aimed at `scope`."""
        assert self.scopes.pop() is scope
        self.strikes = [strike for strike in self.strikes if strike[0] is not scope]
        self._num_cancels_requested = len(self.strikes)

    def reason_around(self, scope):
        """Why what encloses `scope` was cancelled first; None when it was not."""
        around = self.scopes[: self.scopes.index(scope)]
        for aim, reason in self.strikes:
            if aim is None or aim in around:
                return reason
        return None

    def reason_within(self, scope):
        """Why `scope` itself was cancelled first; None when it was not."""
        around = self.scopes[: self.scopes.index(scope) + 1]
        for aim, reason in self.strikes:
            if aim is None or aim in around:
                return reason
        return None


async def checkpoint():
    """What each await of an operation begins with: in a cancelled scope it stops."""
    me = asyncio.current_task()
    if me.strikes:
        await me.stop()
