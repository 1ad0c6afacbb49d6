"""What the spool keeps, in which order, and under which number."""

from __future__ import annotations

import errno
import os
import posix
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.protocol import HostReport, Row
from agents.spool import Spool


def host(value: int = 0) -> tuple[str, int, HostReport]:
    return ("host", 1_000_000 + value, HostReport(uptime_s=value))


def drain(spool: Spool, max_rows: int = 100) -> list[tuple[str, int, int]]:
    """Deliver everything; returns (boot, seq, uptime_s) in order."""
    got = []
    while pending := spool.peek(max_rows):
        got += [(pending.boot, row.seq, row.report[5]) for row in pending.rows]
        spool.ack(pending.boot, pending.rows[-1].seq)
    return got


def test_rows_come_back_in_order_with_numbers_from_one(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    spool.append([host(0), host(1)])
    spool.append([host(2)])
    assert spool.rows == 3
    assert [(seq, value) for _, seq, value in drain(spool)] == [(1, 0), (2, 1), (3, 2)]
    assert spool.rows == 0
    assert spool.peek() is None


def test_a_batch_is_cut_by_rows_and_by_bytes(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    spool.append([host(i) for i in range(10)])
    pending = spool.peek(max_rows=4)
    assert pending
    assert len(pending.rows) == 4
    pending = spool.peek(max_bytes=1)
    assert pending
    assert len(pending.rows) == 1  # one row always goes, however large


def test_a_report_that_json_cannot_hold_is_left_out_and_counted(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    bad = HostReport(uptime_s=object())  # type: ignore[arg-type]
    assert spool.append([("host", 1, bad), ("nothing", 1, ()), host(1)]) == 1
    assert spool.invalid_rows == 2
    assert [value for _, _, value in drain(spool)] == [1]


def test_not_a_number_becomes_unknown(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    spool.append([("host", 1, HostReport(load_1=float("nan"), cpu_percent=1.5))])
    pending = spool.peek()
    assert pending
    assert pending.rows[0].report[:2] == (1.5, None)


def test_numbers_go_on_after_a_restart_even_if_all_is_acknowledged(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), kernel="k")
    spool.append([host(1), host(2)])
    first = drain(spool)
    spool.close()
    again = Spool(str(tmp_path), kernel="k")
    again.append([host(3)])
    assert drain(again) == [(first[0][0], 3, 3)]


def test_a_new_boot_of_the_machine_numbers_anew_and_delivers_the_old_rows_first(
    tmp_path: Path,
) -> None:
    spool = Spool(str(tmp_path), kernel="k1")
    spool.append([host(1), host(2)])
    spool.close()
    again = Spool(str(tmp_path), kernel="k2")
    again.append([host(3)])
    pending = again.peek()
    assert pending
    assert [row.seq for row in pending.rows] == [1, 2]  # one batch, one boot
    got = drain(again)
    assert [(seq, value) for _, seq, value in got] == [(1, 1), (2, 2), (1, 3)]
    assert got[0][0] == got[1][0] != got[2][0]
    again.close()
    assert len([name for name in os.listdir(tmp_path) if "-" in name]) == 1  # old one deleted


def test_a_deleted_spool_begins_a_new_boot(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    spool = Spool(str(folder), kernel="k")
    spool.append([host(1)])
    boot = drain(spool)[0][0]
    shutil.rmtree(folder)
    again = Spool(str(folder), kernel="k")
    again.append([host(2)])
    (other, seq, _), *_ = drain(again)
    assert (other != boot, seq) == (True, 1)


def test_an_old_copy_of_the_folder_does_not_give_numbers_twice(tmp_path: Path) -> None:
    """A machine restored from a snapshot, memory included: the server has gone further."""
    spool = Spool(str(tmp_path / "a"), kernel="k")
    spool.append([host(1)])
    pending = spool.peek()
    assert pending
    spool.ack(pending.boot, 5)  # the server knows numbers 2 to 5 from our other life
    spool.append([host(6)])
    (boot, seq, value), *_ = drain(spool)
    assert (boot != pending.boot, seq, value) == (True, 1, 6)


def test_old_segments_go_when_the_limit_is_reached_and_are_counted(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), limit_bytes=6_000, segment_bytes=1_000)
    for value in range(300):
        spool.append([host(value)])
    assert spool.bytes <= 6_000
    pending = spool.peek()
    assert pending
    first = pending.rows[0].seq
    assert first > 1
    assert pending.lost_before == first
    assert spool.dropped_rows == first - 1
    assert spool.rows == 300 - spool.dropped_rows
    spool.close()
    again = Spool(str(tmp_path), limit_bytes=6_000, segment_bytes=1_000)
    assert again.dropped_rows == first - 1
    got = drain(again)
    assert [seq for _, seq, _ in got] == list(range(first, 301))
    assert again.dropped_rows == first - 1  # counted once


def test_nothing_is_said_to_be_lost_when_nothing_is(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), segment_bytes=300)
    for value in range(50):
        spool.append([host(value)])
    while pending := spool.peek(3):
        assert pending.lost_before == 0
        spool.ack(pending.boot, pending.rows[-1].seq)
    assert spool.dropped_rows == 0


def test_after_a_step_back_of_the_server_what_is_left_is_offered_again(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), segment_bytes=400)
    spool.append([host(i) for i in range(1, 11)])
    spool.append([host(11), host(12)])
    boot = drain(spool)[0][0]
    spool.append([host(13)])
    spool.resume(boot, 4)  # restored from yesterday's backup
    pending = spool.peek()
    assert pending
    assert pending.lost_before == pending.rows[0].seq == 11  # 5 to 10 are deleted
    assert [row.seq for row in pending.rows] == [11, 12, 13]
    assert spool.dropped_rows == 6


def test_a_rejected_row_is_put_aside_and_never_offered_again(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), kernel="k")
    spool.append([host(1), host(2), host(3)])
    pending = spool.peek()
    assert pending
    spool.ack(pending.boot, 1)
    spool.reject(pending.boot, pending.rows[1], "uptime_s is nonsense")
    assert (spool.rows, spool.rejected_rows) == (1, 1)
    spool.close()
    again = Spool(str(tmp_path), kernel="k")
    after = again.peek()
    assert after
    assert [(row.seq, after.lost_before) for row in after.rows] == [(3, 3)]
    again.resume(pending.boot, 1)  # a server that had not understood
    assert [seq for _, seq, _ in drain(again)] == [3]
    assert again.dropped_rows == 0
    kept = (tmp_path / "rejected.jsonl").read_text()
    assert "uptime_s is nonsense" in kept
    assert kept.count("\n") == 1


def only_segment(folder: Path) -> Path:
    (path,) = folder.glob("*/*.seg")
    return path


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    data=st.data(),
)
def test_cut_at_any_byte_the_whole_records_before_the_cut_come_back(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(str(folder), kernel="k")
    ends, value = [0], 0
    for size in sizes:
        for _ in range(size):
            value += 1
            spool.append([host(value)])
            ends.append(only_segment(folder).stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]))
    os.truncate(only_segment(folder), cut)
    whole = sum(1 for end in ends[1:] if end <= cut)
    again = Spool(str(folder), kernel="k")
    again.append([host(1000)])
    got = drain(again)
    assert [value for _, _, value in got] == [*range(1, whole + 1), 1000]
    if cut not in ends:  # a torn record: its number may have been sent, a new boot begins
        assert got[-1][1] == 1
        assert got[-1][0] not in {boot for boot, _, _ in got[:-1]}


@settings(deadline=None, max_examples=80)
@given(position=st.integers(0, 10_000), flip=st.integers(1, 255), count=st.integers(2, 12))
def test_a_changed_byte_costs_one_record_and_never_gives_a_wrong_one(
    tmp_path_factory: pytest.TempPathFactory, position: int, flip: int, count: int
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(str(folder), kernel="k")
    spool.append([host(value) for value in range(1, count + 1)])
    path = only_segment(folder)
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= flip
    path.write_bytes(content)
    again = Spool(str(folder), kernel="k")
    got = drain(again)
    assert all(seq == value for _, seq, value in got)
    assert len({seq for _, seq, _ in got}) == len(got) == count - 1
    # The last record cannot be told from one that was never finished; any other is counted.
    assert again.dropped_rows in (0, 1)
    again.append([host(99)])
    assert (got[0][0], count) not in {(b, s) for b, s, _ in drain(again)} - set(got)


class Machine:
    """A spool with a faithful server: books in order, once, and may lose the answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.booked: dict[str, int] = {}
        self.values: list[int] = []
        self.open()

    def open(self, kernel: str = "k") -> None:
        self.spool = Spool(str(self.folder), segment_bytes=200, kernel=kernel)

    def deliver(self, answered: bool) -> None:
        pending = self.spool.peek(4)
        if pending is None:
            return
        booked = self.booked.get(pending.boot, 0)
        first = pending.rows[0].seq
        assert first <= booked + 1
        self.values += [row.report[5] for row in pending.rows if row.seq > booked]
        self.booked[pending.boot] = max(booked, pending.rows[-1].seq)
        if answered:
            self.spool.ack(pending.boot, self.booked[pending.boot])


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(
        st.sampled_from(["append", "append", "deliver", "unanswered", "kill", "reboot"]),
        max_size=40,
    )
)
def test_through_kills_reboots_and_lost_answers_each_row_is_booked_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    machine = Machine(tmp_path_factory.mktemp("spool"))
    written = kernels = 0
    for step in steps:
        if step == "append":
            machine.spool.append([host(written + 1), host(written + 2)])
            written += 2
        elif step == "deliver":
            machine.deliver(answered=True)
        elif step == "unanswered":
            machine.deliver(answered=False)
        elif step == "kill":  # no close: what was not noted is not noted
            machine.open(f"k{kernels}")
        else:
            kernels += 1
            machine.open(f"k{kernels}")
    while machine.spool.rows:
        machine.deliver(answered=True)
    assert machine.values == list(range(1, written + 1))


def test_killed_while_writing_every_row_it_had_reported_as_kept_is_there(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from agents.protocol import HostReport
        from agents.spool import Spool
        spool = Spool(sys.argv[1], segment_bytes=2000)
        start = int(sys.argv[2])
        for value in range(start, start + 100_000):
            spool.append([("host", value, HostReport(uptime_s=value))], flush=value % 2 > 0)
            print(value, flush=True)
    """)
    start, promised = 0, []
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(start)], stdout=subprocess.PIPE
        )
        assert process.stdout
        for line in process.stdout:
            promised.append(int(line))
            if len(promised) % 97 == 0:
                break
        process.send_signal(signal.SIGKILL)
        promised += [int(line) for line in process.stdout.read().splitlines()]
        process.wait()
        process.stdout.close()
        start = promised[-1] + 10
    got = drain(Spool(str(tmp_path)))
    values = [value for _, _, value in got]
    assert set(promised) <= set(values)
    assert len(set(values)) == len(values)
    assert len({(boot, seq) for boot, seq, _ in got}) == len(got)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB that really fills up."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_on_a_full_disk_rows_are_still_delivered_and_what_is_dropped_is_counted(
    small_disk: Path,
) -> None:
    spool = Spool(str(small_disk / "spool"), segment_bytes=16_384, memory_rows=50, kernel="k")
    value = 0
    while not spool.trouble:
        value += 1
        spool.append([host(value)])
    assert "No space left on device" in spool.trouble
    for _ in range(99):
        value += 1
        spool.append([host(value)])
    assert spool.dropped_rows == 50
    assert spool.rows == value - 50
    got = drain(spool)
    assert [v for _, _, v in got] == [*range(1, value - 99), *range(value - 49, value + 1)]
    spool.append([host(-1)])  # delivery made room: the disk is used again
    assert spool.trouble == ""
    assert [v for _, _, v in drain(Spool(str(small_disk / "spool"), kernel="k"))][-1] == -1


def test_a_disk_that_refuses_half_way_through_a_write_leaves_no_half_row(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), kernel="k")
    spool.append([host(1)])
    size = only_segment(tmp_path).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
    try:
        spool.append([host(2)])
        assert "held in memory" in spool.trouble
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert only_segment(tmp_path).stat().st_size == size
    spool.append([host(3)])
    assert spool.trouble == ""
    got = drain(spool)
    assert [value for _, _, value in got] == [1, 3, 2]  # 2 under the boot held in memory
    assert len({boot for boot, _, _ in got}) == 2


def test_what_is_not_acknowledged_is_flushed_once_and_what_is_acknowledged_never(
    tmp_path: Path, flushes: list[int]
) -> None:
    spool = Spool(str(tmp_path), kernel="k")
    spool.append([host(1)], flush=False)
    pending = spool.peek()
    assert pending
    spool.ack(pending.boot, 1)
    spool.flush()
    assert flushes == []
    spool.append([host(2)], flush=False)
    spool.flush()
    spool.flush()
    assert len(flushes) == 1
    spool.append([host(3)], flush=False)
    spool.close()
    assert len(flushes) == 2


def test_a_new_segment_leaves_none_behind_that_is_not_flushed(
    tmp_path: Path, flushes: list[int]
) -> None:
    spool = Spool(str(tmp_path), segment_bytes=10, kernel="k")
    spool.append([host(1)], flush=False)
    assert flushes == []
    spool.append([host(2)], flush=False)
    assert len(flushes) == 1


def test_where_the_machines_boots_are_not_known_every_row_is_flushed(
    tmp_path: Path, flushes: list[int]
) -> None:
    Spool(str(tmp_path), kernel="").append([host(1)], flush=False)
    assert len(flushes) == 1


def test_rows_that_cannot_be_flushed_keep_their_numbers_and_no_other_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(str(tmp_path), kernel="k")
    spool.append([host(1)], flush=False)

    def refuse(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(posix, "fdatasync", refuse)
        spool.flush()
    assert "may not survive a power cut" in spool.trouble
    spool.append([host(2)])
    got = drain(spool)
    assert [(seq, value) for _, seq, value in got] == [(1, 1), (1, 2)]
    assert got[0][0] != got[1][0]


def test_more_rows_than_memory_holds_come_back_from_the_file(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), kernel="k")
    for value in range(1, 101):
        spool.append([host(value)], flush=False)
        if value == 40:
            drain(spool, 30)
    assert [(seq, value) for _, seq, value in drain(spool)] == [(v, v) for v in range(41, 101)]


def test_a_row_is_what_was_measured(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    report = HostReport(cpu_percent=1.25, uptime_s=7, rx_bytes=2**63)
    spool.append([("host", 123, report)])
    pending = spool.peek()
    assert pending
    assert pending.rows == [Row(1, 123, "host", tuple(report))]
