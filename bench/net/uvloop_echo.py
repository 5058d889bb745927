#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Echo with uvloop: uvloop_echo.py protocol|streams."""
import asyncio
import socket
import sys

import uvloop


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    # What fills the transport's buffer stops the reading, too.
    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def echo(reader, writer):
    try:
        while data := await reader.read(262144):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def main(how):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    if how == "streams":
        server = await asyncio.start_server(echo, sock=listener, backlog=4096)
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Echo, sock=listener, backlog=4096)
    print(listener.getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main(sys.argv[1]))
