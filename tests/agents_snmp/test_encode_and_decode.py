"""The BER codec: what it writes it reads back, and no bytes make it fail otherwise."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api  # a codec that nobody here wrote

from agents.snmp import ber

oids = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=30).map(lambda n: (1, 3, *n))
values = st.one_of(
    st.tuples(st.just(ber.INTEGER), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(ber.OCTETS), st.binary(max_size=300)),
    st.tuples(st.just(ber.OID), oids),
    st.tuples(st.just(ber.IP_ADDRESS), st.ip_addresses(v=4).map(str)),
    st.tuples(
        st.sampled_from([ber.COUNTER32, ber.GAUGE32, ber.TIMETICKS]), st.integers(0, 2**32 - 1)
    ),
    st.tuples(st.just(ber.COUNTER64), st.integers(0, 2**64 - 1)),
    st.tuples(
        st.sampled_from([ber.NULL, ber.NO_SUCH_OBJECT, ber.NO_SUCH_INSTANCE, ber.END_OF_MIB_VIEW]),
        st.none(),
    ),
)
binds = st.builds(lambda oid, value: ber.VarBind(oid, *value), oids, values)
messages = st.builds(
    ber.Message,
    st.binary(max_size=40),
    st.sampled_from([ber.GET, ber.GETNEXT, ber.RESPONSE, ber.GETBULK]),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**31 - 1),
    st.lists(binds, max_size=12),
)


@given(messages)
def test_a_message_is_read_back_as_it_was_written(message: ber.Message) -> None:
    assert ber.decode_message(ber.encode_message(message)) == message


@given(messages)
def test_pysnmp_reads_the_same_message(message: ber.Message) -> None:
    decoded, rest = decoder.decode(ber.encode_message(message), asn1Spec=api.v2c.Message())
    assert not rest
    assert bytes(api.v2c.apiMessage.get_community(decoded)) == message.community
    assert bytes(encoder.encode(decoded)) == ber.encode_message(message)


@given(st.binary(max_size=400))
def test_garbage_raises_only_a_codec_error(data: bytes) -> None:
    with pytest.raises(ber.BerError):
        ber.decode_message(data)


@given(messages, st.data())
def test_a_damaged_message_is_read_or_refused_but_never_breaks(
    message: ber.Message, data: st.DataObject
) -> None:
    octets = bytearray(ber.encode_message(message))
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ber.BerError):
        ber.decode_message(bytes(octets))


@given(messages, st.data())
def test_a_truncated_message_is_refused(message: ber.Message, data: st.DataObject) -> None:
    octets = ber.encode_message(message)
    with pytest.raises(ber.BerError):
        ber.decode_message(octets[: data.draw(st.integers(0, len(octets) - 1))])


def test_an_unsigned_number_without_its_leading_zero_is_read_as_it_is_meant() -> None:
    bind = ber.tlv(ber.SEQUENCE, ber.encode_oid((1, 3, 6)) + bytes.fromhex("4104ffffffff"))
    data = ber.wrap(b"public", ber.RESPONSE, 1, 0, 0, bind)
    assert ber.decode_message(data).varbinds[0].value == 2**32 - 1


@pytest.mark.parametrize(
    ("tag", "value"),
    [(ber.COUNTER32, -1), (ber.COUNTER32, 2**32), (ber.COUNTER64, 2**64), (ber.OID, (3, 1)),
     (ber.IP_ADDRESS, "1.2.3"), (ber.IP_ADDRESS, "300.1.1.1"), (ber.OCTETS, "text")],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_type_is_refused(tag: int, value: ber.Value) -> None:
    with pytest.raises(ber.BerError):
        ber.encode_value(tag, value)
