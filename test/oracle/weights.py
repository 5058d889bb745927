# SPDX-License-Identifier: Apache-2.0
"""Which statements there are, and how often each is drawn."""

# By theme: a theme is more or less frequent from program to program.
THEMES = {
    "plain": {"log": 2, "sleep": 3, "yield": 1, "peek": 2, "block": 1},
    "error": {"raise": 3, "try": 5, "guard": 3, "feud": 3},
    "scope": {"finally": 6, "shield": 4, "timeout": 6, "timeout_at": 2, "move_on": 3},
    "tasks": {"gather": 9, "limit": 3, "settle": 5, "race": 5, "completed": 3, "group": 9,
              "spawn": 12, "cancel_group": 4},
    "handle": {"create": 5, "await": 8, "cancel": 5, "drop": 1, "wait": 2, "siege": 3},
    "lock": {"lock": 6, "try_lock": 1},
    "semaphore": {"sem": 6, "release": 1},
    "condition": {"cond_wait": 6, "notify": 5},
    "event": {"event_wait": 4, "event_set": 3, "event_clear": 1},
    "queue": {"put": 5, "get": 6, "try_put": 1, "try_get": 1, "join": 2, "close": 0.7},
    "barrier": {"barrier": 4, "reset": 1, "abort": 0.3},
}

# Of these programs are made that need no sleeps: each takes the same number of turns in both.
BURSTS = {"log": 2, "sleep": 2, "yield": 4, "block": 1, "try": 1, "guard": 2, "create": 6,
          "cancel": 4, "lock": 8, "sem": 5, "event_wait": 4, "event_set": 3, "event_clear": 2,
          "raise": 0.5}
# Of these even the order of all events is compared, turn by turn. A task that was stopped is
# unwound at once in Rondo, and in the next turn in asyncio: so nobody is cancelled.
TURNS = {name: weight for name, weight in BURSTS.items() if name not in ("cancel", "sem")}

# What may follow without a sleep: it touches nothing that is shared.
UNTIMED = {"log", "block", "guard", "try", "yield", "timeout", "move_on", "shield", "finally",
           "group", "gather", "limit", "settle", "race", "completed", "create", "spawn"}
# What may wait for ever.
WAITS = {"lock", "sem", "cond_wait", "event_wait", "put", "get", "join", "barrier", "await", "wait"}
NEEDS_SLOT = {"await", "cancel", "drop", "wait"}
HAS_CHILDREN = {"feud", "siege", "gather", "limit", "settle", "race", "completed", "group",
                "create", "spawn"}
