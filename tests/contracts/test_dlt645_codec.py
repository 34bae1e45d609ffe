"""The DL/T 645 codec against every frame that we know: captures, a peer's frames, noise."""

import csv
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powertill.drivers.meters.dlt645 import bcd
from powertill.drivers.meters.dlt645.codec import FRAME_MAX, DecodeError, Deframer, Frame, decode, encode
from powertill.drivers.meters.dlt645.registers import REGISTERS

CASES = Path(__file__).parents[1] / "cases" / "dlt645" / "frames.csv"
ROWS = list(csv.DictReader(CASES.open(encoding="utf-8", newline="")))
GOOD = [row for row in ROWS if row["checksum"] == "ok"]
BAD = [row for row in ROWS if row["checksum"] == "BAD"]

addresses = st.from_regex(r"[0-9]{12}", fullmatch=True)
frames = st.builds(Frame, addresses, st.integers(0, 255), st.binary(max_size=255))


@pytest.mark.parametrize("row", GOOD, ids=[f"{number}-{row['control']}" for number, row in enumerate(GOOD)])
def test_every_published_frame_is_read_and_written_again_byte_for_byte(row):
    raw = bytes.fromhex(row["frame_hex"])
    frame = decode(raw)
    assert f"{frame.control:02X}" == row["control"]
    if len(row["address"]) == 12:
        assert frame.address == row["address"].upper()
    assert frame.data.hex() == row["data_minus_33_hex"].lower()
    assert encode(frame, wake=len(raw) - len(raw.lstrip(b"\xfe"))) == raw
    assert Deframer().feed(raw) == [raw.lstrip(b"\xfe")]


@pytest.mark.parametrize("row", BAD)
def test_a_published_frame_with_a_wrong_checksum_is_refused(row):
    raw = bytes.fromhex(row["frame_hex"])
    with pytest.raises(DecodeError, match="checksum"):
        decode(raw)
    assert Deframer().feed(raw) == []


def test_the_table_has_both_kinds():
    assert (len(GOOD), len(BAD)) == (138, 2)


@pytest.mark.parametrize(
    ("name", "data", "values"),
    [
        ("import_total", "26000000", (260,)),
        ("import_total", "78563412", (123_456_780,)),
        ("import_block", "2901000062000000600000000300000002000000", (1290, 620, 600, 30, 20)),
        ("voltage_block", "5622ffffffff", (225_600, None, None)),
        ("voltage_a", "1923", (231_900,)),
        ("current_a", "994900", (4999,)),
        ("current_a", "994980", (-4999,)),
        ("power_total", "122500", (251_200,)),
        ("power_total", "122580", (-251_200,)),
        ("remaining", "56980100", (19_856,)),
        ("cover_open_count", "270000", (27,)),
    ],
)
def test_a_register_is_read_in_whole_units(name, data, values):
    assert REGISTERS[name].values(bytes.fromhex(data)) == values
    if None not in values:
        assert REGISTERS[name].encode(*values) == bytes.fromhex(data)


@pytest.mark.parametrize(("name", "data"), [("import_total", "00000e00"), ("import_total", "0000"), ("voltage_a", "")])
def test_digits_that_are_none_are_refused(name, data):
    with pytest.raises(DecodeError):
        REGISTERS[name].values(bytes.fromhex(data))


def test_a_clock_is_read_and_one_that_was_never_set_is_none():
    zone = ZoneInfo("Asia/Shanghai")
    at = bcd.moment(bytes.fromhex("01110116"), bytes.fromhex("555321"), zone)
    assert f"{at:%Y-%m-%d %H:%M:%S}" == "2016-01-11 21:53:55"
    assert (bcd.date_bytes(at).hex(), bcd.time_bytes(at).hex()) == ("01110116", "555321")
    assert bcd.moment(bytes(4), bytes(3), zone) is None
    with pytest.raises(DecodeError):
        bcd.moment(bytes.fromhex("01320116"), bytes(3), zone)


@given(frames)
def test_what_is_written_is_read_again(frame):
    assert decode(encode(frame, wake=3)) == frame


@given(st.binary(max_size=600))
def test_rubbish_gives_a_decode_error_and_nothing_else(raw):
    for read in (decode, lambda data: [r.values(data) for r in REGISTERS.values()], bcd.to_int):
        try:
            read(raw)
        except DecodeError:
            continue


@given(st.lists(frames, max_size=4), st.lists(st.binary(max_size=40), min_size=5, max_size=5), st.data())
def test_whole_frames_come_out_however_the_stream_is_cut(sent, noise, data):
    """Noise without 68 between the frames: with 68 in it a later frame may be swallowed, never invented."""
    stream = b""
    for number, frame in enumerate(sent):
        stream += noise[number].replace(b"\x68", b"\x00") + encode(frame)
    deframer, found, at = Deframer(), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, 80))
        found += deframer.feed(stream[at : at + size])
        at += size
    assert [decode(raw) for raw in found] == sent


@settings(max_examples=100)
@given(
    st.lists(st.binary(max_size=300) | st.just(b"\x68" * 50) | st.just(bytes.fromhex("6800000000000068")), max_size=30)
)
def test_the_deframer_keeps_no_more_than_one_frame_and_tells_no_lies(chunks):
    deframer = Deframer()
    for chunk in chunks:
        for raw in deframer.feed(chunk):
            decode(raw)
        assert len(deframer._kept) < FRAME_MAX


def test_a_lying_length_costs_one_frame_and_not_the_line():
    frame = encode(Frame("000000000161", 0x91, bytes.fromhex("0000010026000000")))
    liar = bytes.fromhex("68610100000000689155")
    assert Deframer().feed(liar + frame * 5)[-1] == frame


def test_noise_that_looks_like_a_start_is_stepped_over():
    frame = encode(Frame("000000000161", 0x91, bytes.fromhex("0000010026000000")))
    assert Deframer().feed(b"\x68\x01\x68" + frame) == [frame]
