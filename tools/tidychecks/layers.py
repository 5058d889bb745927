# SPDX-License-Identifier: Apache-2.0
"""Which file may include which, and who may call the system."""

import pathlib
import re

from .source import line_of

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)

# Public headers stay light and portable: these stay in the sources.
_HEAVY = re.compile(
    r"^(sys/|net/|netinet/|arpa/|linux/|curl/|openssl/|fmt/|nlohmann/|CLI/|liburing|llhttp|ares|"
    r"(unistd|fcntl|poll|pthread|signal|netdb|dirent)\.h$|(iostream|regex|filesystem)$)"
)

_CALLS = (
    "read|readv|pread|write|writev|pwrite|recv|recvfrom|recvmsg|send|sendto|sendmsg|accept|accept4"
    "|connect|close|open|openat|poll|ppoll|select|epoll_\\w+|io_uring_\\w+|clock_gettime|nanosleep"
    "|clock_nanosleep|usleep|time|gettimeofday|getrandom|eventfd|timerfd_\\w+|pipe2?"
)
_WORLD = re.compile(
    rf"(?<![\w>])::(?:{_CALLS})\s*\("
    r"|\b(?:steady|system|high_resolution)_clock::now\b"
    r"|\b(?:random_device|mt19937(?:_64)?)\b|(?<![\w:.>])s?rand\s*\("
    r"|\bthis_thread::sleep_(?:for|until)\b"
)


def includes(project, name):
    """(line, bracket, path) of each #include."""
    text = project.text(name)
    for match in _INCLUDE.finditer(text):
        yield line_of(text, match.start()), match.group(1), match.group(2)


def module_of(name):
    """The module of a file of include/rondo or src, or None for what stands above the modules."""
    parts = pathlib.PurePath(name).parts
    first = 2 if parts[0] == "include" else 1
    return parts[first] if len(parts) > first + 1 else None


def check_layers(project):
    modules = project.layers["modules"]
    for name in project.under("include", "src"):
        module = module_of(name)
        if module is None:
            continue
        if module not in modules:
            project.error("layers", name, 1, f"{module} is not in tools/layers.toml")
            continue
        for line, bracket, path in includes(project, name):
            _check_include(project, name, module, line, path)
    _check_public(project)
    _check_products(project)


def _check_include(project, name, module, line, path):
    layers = project.layers
    parts = path.removeprefix("rondo/").split("/")
    target = parts[0]
    if len(parts) < 2 or target not in layers["modules"]:
        return
    extra = layers["files"].get(name, [])
    narrow = layers["narrow"].get(name)
    if narrow is not None:
        if target not in narrow and path not in narrow:
            project.error("layers", name, line, f"may include only {', '.join(narrow)}")
    elif target != module and path not in layers["headers"].get(module, []):
        if target not in layers["modules"][module] + extra:
            project.error("layers", name, line, f"{module} may not include {target}")
    own_driver = "/".join(pathlib.PurePath(name).parts[1:3])
    if target == "driver" and len(parts) > 2:
        if "/".join(parts[:2]) not in [*extra, own_driver]:
            project.error("layers", name, line, f"only {_selector(layers)} names {parts[1]}")


def _selector(layers):
    return ", ".join(layers["files"])


def _check_public(project):
    for name in project.under("include"):
        for line, bracket, path in includes(project, name):
            if bracket == '"' and not path.startswith("rondo/"):
                project.error("layers", name, line, "a public header includes rondo/… only")
            elif bracket == "<" and _HEAVY.search(path):
                project.error("layers", name, line, f"<{path}> does not belong in a public header")


def _check_products(project):
    for folder in project.layers["products"]["folders"]:
        for name in project.under(folder):
            for line, bracket, path in includes(project, name):
                top = path.split("/")[0]
                own = bracket == '"' and (
                    (project.root / folder / path).exists()
                    or (project.root / name).parent.joinpath(path).exists()
                )
                if own:
                    continue
                if (bracket == '"' and top in project.layers["modules"]) or "/detail/" in path:
                    project.error("layers", name, line, f"{folder} uses public headers only")


def check_umbrella(project):
    """rondo/rondo.hpp includes every public header, itself or through another."""
    umbrella = "include/rondo/rondo.hpp"
    if umbrella not in project.files:
        return
    without = project.layers["umbrella"]["without"]
    seen, queue = set(), [umbrella]
    while queue:
        name = queue.pop()
        if name in seen or name not in project.files:
            continue
        seen.add(name)
        queue += ["include/" + path for _, _, path in includes(project, name)]
    for name in project.under("include"):
        if name not in seen and module_of(name) not in without:
            project.error("umbrella", name, 1, f"{umbrella} does not include it")


def check_door(project):
    """Only some modules call the system, read a clock or roll dice."""
    door = project.layers["door"]
    for name in project.under("include", "src"):
        if module_of(name) in door["modules"] or name in door.get("exceptions", {}):
            continue
        plain = project.plain(name)
        for match in _WORLD.finditer(plain):
            what = match.group(0).rstrip("( ")
            project.error("door", name, line_of(plain, match.start()), f"{what} outside the door")


def check_lists(project):
    """Source lists are written by hand: a file that is in none would silently not be built."""
    lists = {name for name in project.files if name.endswith("CMakeLists.txt")}
    for name in project.under("src", "cli", "test", "examples", suffixes={".cpp"}):
        folder = pathlib.PurePath(name).parent
        if name.startswith("test/package/"):
            continue
        near = [f"{parent}/CMakeLists.txt" for parent in (folder, *folder.parents)]
        listed = "\n".join(project.text(near_name) for near_name in near if near_name in lists)
        stem = pathlib.PurePath(name)
        words = stem.stem if name.startswith("examples/") else stem.name
        if not re.search(rf"(?<![\w-]){re.escape(words)}(?![\w-])", listed):
            project.error("lists", name, 1, "not in a CMakeLists.txt")
    for name in project.under("include"):
        module = module_of(name)
        if module is not None and f"src/{module}/CMakeLists.txt" in lists:
            inside = "/".join(pathlib.PurePath(name).parts[3:])
            listed = project.text(f"src/{module}/CMakeLists.txt").split()
            if inside not in listed:
                project.error("lists", name, 1, f"not in src/{module}/CMakeLists.txt")
