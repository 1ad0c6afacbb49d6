"""What lies behind the school lines: a TCP target, downloads and uploads, a resolver.

Each line has an address of its own. A listening socket there takes TCP connects; over HTTP
`GET /download` sends at the line's rate down and `POST /upload` is read at its rate up, all
streams together; over UDP a resolver answers. The line's delay holds for answers (a handshake
is the kernel's own, so TCP connect times on loopback stay near zero). Lost packets and a dead
line are real to the peer: connects are swallowed by a full accept queue and run into their
time-out, questions to the resolver stay without answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import time

from sample_site.equipment import web
from sample_site.equipment.model import SimLine
from sample_site.equipment.world import World

BLOCK = 32_768
WINDOW_S = 0.1
DEFAULT_BYTES = 64 << 20
_BUFFER = 16_384  # small: what waits in buffers would count as carried by a slow line


class Bucket:
    """Lets `rate` bits a second pass, for all streams of a direction together."""

    def __init__(self) -> None:
        self._free_at = 0.0

    async def take(self, octets: int, rate_bps: int) -> None:
        """Wait until so many bytes may pass."""
        now = time.monotonic()
        self._free_at = max(self._free_at, now - 0.02) + octets * 8 / max(rate_bps, 1000)
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)


class Line:
    """One line's end: opens at `start`, follows the world's faults."""

    def __init__(self, line: SimLine, world: World) -> None:
        self._line, self._world = line, world
        self._down, self._up = Bucket(), Bucket()
        self._random = random.Random(line.key)  # noqa: S311 - believable, not secret
        self._tcp: socket.socket | None = None
        self._udp: socket.socket | None = None
        self._fillers: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._narrow = False

    def start(self, port: int) -> int:
        """Open TCP and UDP on the line's address; returns the port. Raises OSError."""
        loop = asyncio.get_running_loop()
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER * 4)
            tcp.bind((self._line.address, port))
            tcp.listen(128)
            tcp.setblocking(False)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind((self._line.address, int(tcp.getsockname()[1])))
            udp.setblocking(False)
        except OSError:
            tcp.close()
            raise
        self._tcp, self._udp = tcp, udp
        loop.add_reader(tcp.fileno(), self._accept)
        loop.add_reader(udp.fileno(), self._question)
        self._run(self._watch())
        return int(tcp.getsockname()[1])

    def stop(self) -> None:
        loop = asyncio.get_running_loop()
        for task in self._tasks:
            task.cancel()
        for sock in (self._tcp, self._udp):
            if sock is not None:
                loop.remove_reader(sock.fileno())
                sock.close()
        for sock in self._fillers:
            sock.close()
        self._tcp = self._udp = None

    def _run(self, work: asyncio._CoroutineLike[None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- the gate ---------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Every window: let all connects through, none (dead), or some and no more (loss)."""
        while True:
            line, alive = self._world.line_now(self._line)
            if alive and not line.loss_percent:
                self._open_gate()
            else:
                self._narrow_gate(self._before_a_loss(line.loss_percent) if alive else 0)
            await asyncio.sleep(WINDOW_S)

    def _before_a_loss(self, loss_percent: float) -> int:
        """How many connects of this window come through before one is lost.

        After it all others of the window are lost as well, hence the smaller chance: of the
        handful that an agent sends at once, `loss_percent` are lost on average.
        """
        chance = loss_percent / 100
        chance *= 0.4 + 0.6 * chance
        passed = 0
        while passed < 100 and self._random.random() >= chance:
            passed += 1
        return passed

    def _narrow_gate(self, let_through: int) -> None:
        """Leave room for so many connects; then the kernel drops them without a word."""
        if self._tcp is None:
            return
        if not self._narrow:
            asyncio.get_running_loop().remove_reader(self._tcp.fileno())
            self._narrow = True
        if let_through:
            self._remove_fillers()
            self._accept()
            self._tcp.listen(let_through - 1)
        elif not self._fillers:
            self._accept()
            self._tcp.listen(0)
            for _ in range(2):
                filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                filler.setblocking(False)
                filler.connect_ex(self._tcp.getsockname())
                self._fillers.append(filler)

    def _open_gate(self) -> None:
        if self._narrow and self._tcp is not None:
            self._narrow = False
            self._remove_fillers()
            self._tcp.listen(128)
            asyncio.get_running_loop().add_reader(self._tcp.fileno(), self._accept)

    def _remove_fillers(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()

    def _accept(self) -> None:
        assert self._tcp is not None
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._tcp.accept()
                connection.setblocking(False)
                self._run(self._serve(connection))

    # -- HTTP -------------------------------------------------------------------------------

    async def _serve(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_BUFFER // 2, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection)
        transport.set_write_buffer_limits(high=BLOCK)
        await web.serve(reader, asyncio.StreamWriter(transport, protocol, reader, loop),
                        self._handle)  # fmt: skip

    async def _handle(self, request: web.Request, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(self._now().delay_ms / 1000)
        if request.method == "POST":
            left = request.length
            while left > 0:
                block = await request.reader.read(min(BLOCK, left))
                if not block:
                    return False
                left -= len(block)
                await self._pass(self._up, len(block), upward=True)
            writer.write(web.head(200, 2) + b"{}")
        elif request.path.startswith("/download"):
            size = min(int(request.query.get("bytes", DEFAULT_BYTES)), 1 << 30)
            writer.write(web.head(200, size, kind="application/octet-stream"))
            block = bytes(self._random.randbytes(BLOCK))
            while size > 0:
                part = block[: min(BLOCK, size)]
                await self._pass(self._down, len(part), upward=False)
                writer.write(part)
                await writer.drain()
                size -= len(part)
        else:
            writer.write(web.head(200, 2) + b"{}")
        await writer.drain()
        return request.headers.get("connection", "").lower() != "close"

    async def _pass(self, bucket: Bucket, octets: int, *, upward: bool) -> None:
        while True:
            line, alive = self._world.line_now(self._line)
            if alive:
                await bucket.take(octets, line.up_bps if upward else line.down_bps)
                return
            await asyncio.sleep(0.2)

    def _now(self) -> SimLine:
        return self._world.line_now(self._line)[0]

    # -- DNS --------------------------------------------------------------------------------

    def _question(self) -> None:
        assert self._udp is not None
        with contextlib.suppress(OSError):
            while True:
                data, sender = self._udp.recvfrom(1500)
                line, alive = self._world.line_now(self._line)
                lost = self._random.random() * 100 < line.loss_percent
                answer = resolve(data, self._line.address)
                if alive and not lost and answer:
                    asyncio.get_running_loop().call_later(
                        line.delay_ms / 1000, self._reply, answer, sender
                    )

    def _reply(self, answer: bytes, sender: tuple[str, int]) -> None:
        if self._udp is not None:
            with contextlib.suppress(OSError):
                self._udp.sendto(answer, sender)


def resolve(question: bytes, address: str) -> bytes | None:
    """The resolver's answer: any name's A record is `address`; other types have none."""
    if len(question) < 17 or question[2] & 0x80 or question[4:6] != b"\0\1":
        return None
    end = 12
    while end < len(question) and question[end]:
        end += 1 + question[end]
    end += 5
    if end > len(question):
        return None
    (kind,) = struct.unpack_from("!H", question, end - 4)
    records = 1 if kind == 1 else 0
    head = question[:2] + b"\x81\x80\0\1" + struct.pack("!HHH", records, 0, 0)
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(address)
    return head + question[12:end] + record * records
