"""A line of a chosen rate before a server: what passes waits for its turn, in both directions."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PART = 16_384


class Bucket:
    """One direction: `bps` for all connections together."""

    def __init__(self, bps: float) -> None:
        self.bytes_per_s = bps / 8
        self.free_at = 0.0

    async def take(self, size: int) -> None:
        now = asyncio.get_running_loop().time()
        # What was not used for more than 20 ms is gone: a line has no stock of capacity.
        self.free_at = max(self.free_at, now - 0.02) + size / self.bytes_per_s
        if self.free_at > now:
            await asyncio.sleep(self.free_at - now)


class Line:
    def __init__(self, host: str, port: int, down_bps: float, up_bps: float) -> None:
        self.target = (host, port)
        self.down, self.up = Bucket(down_bps), Bucket(up_bps)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self.target)
        both = (
            asyncio.create_task(pump(reader, far_writer, self.up)),
            asyncio.create_task(pump(far_reader, writer, self.down)),
        )
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass  # the line ends, and nobody asks this task
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for end in (writer, far_writer):
                end.transport.abort()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bucket: Bucket) -> None:
    while part := await reader.read(PART):
        await bucket.take(len(part))
        writer.write(part)
        await writer.drain()


@contextmanager
def slow_line(address: str, down_bps: float, up_bps: float) -> Iterator[str]:
    """`host:port` of a line that ends at `address` (host:port)."""
    host, _, port = address.partition(":")
    line = Line(host, int(port), down_bps, up_bps)
    found: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = queue.Queue()

    async def run() -> None:
        server = await asyncio.start_server(line.serve, "127.0.0.1", 0, limit=PART)
        over = asyncio.Event()
        found.put((asyncio.get_running_loop(), over, server.sockets[0].getsockname()[1]))
        await over.wait()
        server.close()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0.05)  # the transports tell their ends

    # In a thread of its own: the browser's own loop runs in this one.
    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    loop, over, own = found.get(timeout=10)
    try:
        yield f"127.0.0.1:{own}"
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
