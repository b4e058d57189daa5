"""Frames of a log: any cut leaves a prefix, and no damage passes for less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_drift.serving.log.frames import (
    HEAD,
    MOST_BYTES,
    CorruptLogError,
    frame,
    read_frames,
)

# Payloads are JSON, which begins and ends with a brace.
PAYLOADS = st.lists(st.text(max_size=20).map(lambda text: b"{%b}" % text.encode()), max_size=6)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "segment"


def read(place, data):
    """The payloads of a file with such bytes, and where it is corrupt, if it is."""
    place.write_bytes(data)
    found = []
    try:
        found.extend(one.payload for one in read_frames(place))
    except CorruptLogError as error:
        return found, error.offset
    return found, None


@given(payloads=PAYLOADS, data=st.data())
def test_any_cut_of_a_segment_is_a_prefix_of_it(place, payloads, data):
    whole = b"".join(map(frame, payloads))
    cut = data.draw(st.integers(0, len(whole)))
    found, corrupt = read(place, whole[:cut])
    assert (found, corrupt) == (payloads[: len(found)], None)
    assert sum(len(one) + HEAD.size for one in found) <= cut
    if len(found) < len(payloads):
        assert sum(len(one) + HEAD.size for one in payloads[: len(found) + 1]) > cut


@given(payloads=PAYLOADS.filter(len), zeros=st.integers(0, 5000), data=st.data())
def test_an_end_that_was_never_written_is_a_cut(place, payloads, zeros, data):
    whole = b"".join(map(frame, payloads))
    cut = data.draw(st.integers(0, len(whole)))
    found, corrupt = read(place, whole[:cut] + b"\0" * zeros)
    assert (found, corrupt) == (payloads[: len(found)], None)


@given(payloads=PAYLOADS.filter(len), data=st.data())
def test_a_changed_byte_is_an_error_and_the_frames_before_it_are_given(place, payloads, data):
    whole = bytearray(b"".join(map(frame, payloads)))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    ends = [sum(len(one) + HEAD.size for one in payloads[:n]) for n in range(len(payloads) + 1)]
    intact = sum(end <= at for end in ends) - 1
    assert read(place, bytes(whole)) == (payloads[:intact], ends[intact])


def test_reading_goes_on_at_the_end_of_a_frame(place):
    place.write_bytes(frame(b"{1}") + frame(b"{2}") + frame(b"{3}"))
    first, *_ = read_frames(place)
    assert [one.payload for one in read_frames(place, first.end)] == [b"{2}", b"{3}"]
    assert list(read_frames(place))[-1].end == place.stat().st_size


def test_the_error_names_the_file_and_the_byte(place):
    place.write_bytes(frame(b"{1}") + b"\1\0\0\0xxxx!" + frame(b"{2}"))
    with pytest.raises(CorruptLogError) as error:
        list(read_frames(place))
    assert str(error.value).startswith(f"{place}: the frame at byte 11 is corrupt")


@pytest.mark.parametrize("length", [0, MOST_BYTES])
def test_a_frame_of_no_or_too_many_bytes_is_not_made(length):
    with pytest.raises(ValueError, match=f"found {length}"):
        frame(b" " * length)
