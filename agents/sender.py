"""Delivers the spool: one batch in flight, repeated until the server has booked it.

`Sender.step` makes one request and judges the answer; `run` is the loop around it. What each
answer means:

| answer                                    | what happens                                      |
|-------------------------------------------|---------------------------------------------------|
| 200 with an acknowledgement               | rows forgotten, next batch at once                |
| 409 report.out_of_order                   | go on from the server's `acked_seq`               |
| 409 report.clock                          | our clock is wrong: send in the server's time     |
| 413                                       | half as many rows; a single row is put aside      |
| 422 report.invalid                        | the same, so the bad row is found and put aside   |
| 401, 403 with a code of schoolops         | no more batches; asked again once an hour         |
| 429, 503                                  | wait as `Retry-After` says, else back off         |
| anything else, or no answer               | back off: full jitter, 5 minutes at most          |

A report that was just measured is sent by the thread that measured it (`deliver_now`), when all is
well: waking another thread would cost more than the sending. Whatever is not settled within two
seconds is left to `run`, which waits, connects and repeats.

Only an answer in schoolops' own form (problem+json with a code) may stop the agent or cost a
row: a web filter or a captive portal that answers in the server's place changes nothing.
"""

from __future__ import annotations

import posix
import time
import zlib

from agents.config import ConfigKeeper
from agents.errors import AgentError, BadAnswer
from agents.events import Event, Lock
from agents.jsontext import from_json
from agents.log import say
from agents.protocol import (
    CONTENT_TYPE,
    MAX_ROWS,
    REPORT_PATH,
    encode_batch,
    make_batch,
)
from agents.spool import Pending, Spool
from agents.transport import Answer, Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

BATCH_BYTES = 128 * 1024
"""JSON of a batch, about 1,000 rows. The wire allows more; the memory of a router does not."""
PLAIN_BYTES = 1000
"""A body that fits into one packet anyway is not compressed."""
PATIENCE_S = 2.0
"""How long a measuring thread waits for an answer."""
FIRST_WAIT_S = 2.0
MAX_WAIT_S = 300.0
MAX_RETRY_AFTER_S = 3600.0
REFUSED_WAIT_S = 3600.0
CLOCK_AGREES_US = 2_000_000


def now_us() -> int:
    """UTC in microseconds."""
    return time.time_ns() // 1000


def random_fraction() -> float:
    """Uniform in [0, 1); `random` would cost memory for its tables."""
    return int.from_bytes(posix.urandom(7), "little") / (1 << 56)


def compress(data: bytes) -> bytes:
    """gzip; small windows for small bodies, since deflate clears its tables each time."""
    bits, memory = (16 + 15, 8) if len(data) > 16_384 else (16 + 13, 6)
    deflate = zlib.compressobj(6, zlib.DEFLATED, bits, memory)
    return deflate.compress(data) + deflate.flush()


def problem_of(answer: Answer) -> dict[str, Any]:
    """The problem+json of an answer with a code, else {}."""
    if "problem+json" not in answer.headers.get("content-type", ""):
        return {}
    try:
        data = from_json(answer.body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) and isinstance(data.get("code"), str) else {}


class Sender:
    """Takes rows from `spool` to the server behind `client`."""

    def __init__(
        self,
        client: Client,
        spool: Spool,
        config: ConfigKeeper,
        agent: str,
        *,
        clock: Callable[[], int] = now_us,
        fraction: Callable[[], float] = random_fraction,
    ) -> None:
        self.state = "starting"
        """starting, delivering, waiting (backs off), refused."""
        self.reason = ""
        self.acked_rows = 0
        self.acked_at: int | None = None
        self.offset_us: int | None = None
        """Server's clock less ours."""
        self.wake = Event()
        """Set it when there are new rows."""
        self.on_commands: Callable[[list[Any], int], object] | None = None
        """Called with the commands of a reply and the server's time; must not block."""
        self._client = client
        self._spool = spool
        self._config = config
        self._agent = agent
        self._clock = clock
        self._fraction = fraction
        self.failures = 0
        """Failed requests in a row."""
        self._lock = Lock()
        """Held by the thread that makes a request."""
        self._asked: Pending | None = None
        """Sent by `deliver_now`, and not answered yet."""
        self._owed_s = 0.0
        """What the answer to `deliver_now` asks to wait."""
        self._max_rows = MAX_ROWS
        self._wanted_etag = ""
        self._fetch_failed = False
        self._shift_us = 0
        """Added to all times that are sent, once the server has refused our clock."""

    # -- the loop --------------------------------------------------------------------------

    def run(self, stop: Event) -> None:
        """Deliver until `stop` is set. An unforeseen error is told and survived."""
        while not stop.is_set():
            try:
                with self._lock:
                    wait = self.step()
            except Exception as error:
                wait = self._back_off(f"internal error: {type(error).__name__}: {error}")
            if wait is None:
                self.wake.wait()
                self.wake.clear()
            elif wait > 0:
                stop.wait(wait)
        self._client.close()

    def step(self) -> float | None:
        """Do the next request. Returns the seconds to wait before the next, 0 for none, or None
        when there is nothing to do until new rows come."""
        try:
            if self._owed_s:
                owed, self._owed_s = self._owed_s, 0.0
                return owed
            if self._asked is not None:
                asked, self._asked = self._asked, None
                return self._judge(self._client.receive(), asked)
            if self.state == "refused" or (self._needs_config() and not self._fetch_failed):
                return self._fetch_config()
            pending = self._spool.peek(self._max_rows, BATCH_BYTES)
            if pending is None:
                if self._needs_config():
                    return self._fetch_config()
                self._all_well()
                return None
            return self._judge(self._client.request(*self._request(pending)), pending)
        except AgentError as error:
            return self._back_off(str(error))

    def deliver_now(self) -> bool:
        """Deliver what waits from the calling thread, if nothing is in the way. True if nothing
        waits any more; otherwise the caller flushes the spool and wakes `run`."""
        if self.state != "delivering" or self.failures or not self._lock.acquire(blocking=False):
            return False
        try:
            if self._asked is not None or not self._client.is_open or self._needs_config():
                return False
            pending = self._spool.peek(self._max_rows, BATCH_BYTES)
            if pending is None:
                return True
            self._client.send(*self._request(pending))
            if not self._client.is_answered(PATIENCE_S):
                self._asked = pending
                return False
            self._owed_s = self._judge(self._client.receive(PATIENCE_S), pending)
            return not (self._owed_s or self._spool.rows or self._needs_config())
        except AgentError:
            return False  # a kept connection has ended: `run` repeats it over a new one
        except Exception as error:
            self._owed_s = self._back_off(f"internal error: {type(error).__name__}: {error}")
            return False
        finally:
            self._lock.release()

    # -- config ----------------------------------------------------------------------------

    def _needs_config(self) -> bool:
        return self._config.is_outdated(self._wanted_etag)

    def _fetch_config(self) -> float | None:
        self._fetch_failed = True  # until it has worked, rows go first
        answer = self._config.fetch(self._client, self._wanted_etag)
        if answer.status in (200, 304):
            self._fetch_failed = False
            self.failures = 0
            if self.state in ("refused", "starting"):
                self._set("delivering", "")
            return 0.0
        return self._judge_refusal(answer)

    # -- batches ---------------------------------------------------------------------------

    def _request(self, pending: Pending) -> tuple[str, str, bytes, dict[str, str]]:
        rows = pending.rows
        if self._shift_us:
            rows = [r._replace(observed_at=r.observed_at + self._shift_us) for r in rows]
        now = self._clock() + self._shift_us
        batch = make_batch(self._agent, pending.boot, rows, pending.lost_before, now)
        batch = batch._replace(shifted_by=self._shift_us)
        body = encode_batch(batch)
        headers = {"Content-Type": CONTENT_TYPE}
        if len(body) > PLAIN_BYTES:
            headers["Content-Encoding"] = "gzip"
            body = compress(body)
        return "POST", REPORT_PATH, body, headers

    def _judge(self, answer: Answer, pending: Pending) -> float:
        if answer.status == 200:
            return self._take_ack(answer, pending)
        problem = problem_of(answer)
        code, detail = str(problem.get("code", "")), str(problem.get("detail", ""))
        if code == "report.out_of_order" and isinstance(problem.get("acked_seq"), int):
            self._spool.resume(pending.boot, problem["acked_seq"])
            wait = self._back_off(detail)
            return 0.0 if self.failures == 1 else wait
        if code == "report.clock" and isinstance(problem.get("server_time"), int):
            return self._take_time(problem["server_time"], detail)
        if answer.status == 413 or code == "report.invalid":
            reason = detail or "the server takes no batch of this size"
            return self._narrow(pending, reason, certain=bool(code))
        return self._judge_refusal(answer)

    def _take_ack(self, answer: Answer, pending: Pending) -> float:
        try:
            data = from_json(answer.body)
            acked, server_time = int(data["acked_seq"]), int(data["server_time"])
            self._wanted_etag = str(data.get("config_etag") or "")
        except (ValueError, KeyError, TypeError):
            raise BadAnswer(
                f"{self._client.server.name} answers, but not as schoolops; is the URL right, "
                "and no login page of a network in between?"
            ) from None
        if acked < pending.rows[0].seq:
            # Booked nothing of what was sent: no reason to believe that it ever will.
            self._spool.resume(pending.boot, acked)
            return self._back_off("the server acknowledges nothing")
        self.acked_rows += min(acked, pending.rows[-1].seq) - pending.rows[0].seq + 1
        self.acked_at = self._clock()
        self.offset_us = server_time - self.acked_at
        self._spool.ack(pending.boot, acked)
        self._max_rows = min(self._max_rows * 2, MAX_ROWS)
        self._all_well()
        if data.get("commands") and self.on_commands:
            self.on_commands(data["commands"], server_time)
        return 0.0

    def _take_time(self, server_time: int, detail: str) -> float:
        """Go on in the server's time. The clock stays as it is; the server shows the offset."""
        shift = server_time - self._clock()
        again = abs(shift - self._shift_us) < CLOCK_AGREES_US
        self._shift_us = 0 if abs(shift) < CLOCK_AGREES_US else shift
        self.offset_us = shift
        say(f"{detail}; until then times are sent {shift // 1_000_000} s shifted")
        return self._back_off(detail) if again else 0.0

    def _narrow(self, pending: Pending, reason: str, *, certain: bool) -> float:
        """Something in this batch is not wanted: try with half of it, down to the row."""
        count = len(pending.rows)
        if count > 1:
            self._max_rows = count // 2
            return 0.0
        if not certain:
            return self._back_off(reason)
        self._spool.reject(pending.boot, pending.rows[0], reason)
        say(f"a report was refused for good and put aside: {reason}")
        return 0.0

    def _judge_refusal(self, answer: Answer) -> float:
        problem = problem_of(answer)
        detail = str(problem.get("detail", ""))
        if answer.status in (401, 403) and problem:
            self._set("refused", detail or "the server does not accept this agent")
            return REFUSED_WAIT_S * (1 + self._fraction() / 10)
        wait = self._back_off(detail or _describe(answer, self._client.server.name))
        if answer.status in (429, 503) and "retry-after" in answer.headers:
            from agents.httpdate import retry_after_s

            asked = retry_after_s(answer.headers["retry-after"], self._clock() // 1_000_000)
            if asked is not None:
                # A tenth on top, at random: not all agents of a city in the same second.
                return min(asked, MAX_RETRY_AFTER_S) * (1 + self._fraction() / 10)
        return wait

    # -- state -----------------------------------------------------------------------------

    def _back_off(self, reason: str) -> float:
        self.failures += 1
        if self.state != "refused":
            self._set("waiting", reason)
        ceiling = min(FIRST_WAIT_S * 2 ** min(self.failures - 1, 20), MAX_WAIT_S)
        return float(self._fraction() * ceiling)

    def _all_well(self) -> None:
        self.failures = 0
        self._set("delivering", "")

    def _set(self, state: str, reason: str) -> None:
        if (state, reason) != (self.state, self.reason):
            if state != "delivering":
                say(f"cannot deliver: {reason}")
            elif self.state != "starting":
                say("delivering again")
            self.state, self.reason = state, reason


def _describe(answer: Answer, name: str) -> str:
    if 300 <= answer.status < 400:
        return f"{name} sends us elsewhere (HTTP {answer.status}); join with the final URL"
    if answer.status == 404:
        return f"{name} has no schoolops at this URL (HTTP 404)"
    return f"{name} answers HTTP {answer.status}"
