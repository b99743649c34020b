"""The gate to the network: which addresses count as public, what an operator's list allows, how a URL is read."""

from ipaddress import ip_address

import pytest

from adapters.contract import SourceError
from adapters.network import Gate, Policy, Server, is_public, is_same_server, read_url, resolve, resolve_admitted

PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "2a00:1450::1"]
NOT_PUBLIC = {
    "private": "10.0.0.1",
    "loopback": "127.0.0.1",
    "link-local (cloud metadata)": "169.254.169.254",
    "shared by carriers": "100.64.0.1",
    "unspecified": "0.0.0.0",  # noqa: S104
    "broadcast": "255.255.255.255",
    "multicast": "224.0.1.1",
    "IPv6 loopback": "::1",
    "IPv6 private": "fd00::1",
    "IPv6 link-local": "fe80::1",
    "IPv6 site-local": "fec0::1",
    "IPv6 multicast": "ff0e::1",
    "IPv4-compatible, of 10.0.0.1": "::a00:1",
    "IPv4-mapped, of 10.0.0.1": "::ffff:a00:1",
    "IPv4-translated, of 10.0.0.1": "::ffff:0:a00:1",
    "6to4, of 10.0.0.1": "2002:a00:1::1",
    "Teredo": "2001:0:a00:1::1",
    "NAT64, of 10.0.0.1": "64:ff9b::a00:1",
    "NAT64 of a network's own, of 10.0.0.1": "64:ff9b:1::a00:1",
    "segment routing": "5f00::1",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_addresses_that_are_not_public_or_lead_elsewhere(address: str) -> None:
    assert not is_public(ip_address(address))
    policy = Policy(["db.example.org"], is_public_only=True)
    with pytest.raises(SourceError, match="not public"):
        policy.check(Server("db.example.org", 443), [ip_address("93.184.216.34"), ip_address(address)])
    Policy([address], is_public_only=True).check(Server("db.example.org", 443), [ip_address(address)])


async def test_an_ipv4_mapped_address_is_the_ipv4_address() -> None:
    assert await resolve("::ffff:127.0.0.1") == [ip_address("127.0.0.1")]


async def test_a_host_is_resolved_once_and_the_gate_sees_every_address() -> None:
    admitted = []

    async def admit(server: Server, addresses: object) -> None:
        admitted.append((server, addresses))

    server = Server("localhost", 443)
    addresses = await resolve_admitted(server, Gate(admit))
    assert addresses
    assert admitted == [(server, addresses)]
    assert await resolve_admitted(Server("/run/x", 0), None) == []


async def test_a_server_whose_other_has_no_address_now_may_be_the_same() -> None:
    server, other = Server("db.example.org", 443), Server("no-such-host.invalid", 443)
    assert await is_same_server(server, [ip_address("93.184.216.34")], other)
    assert not await is_same_server(Server("db.example.org", 444), [ip_address("93.184.216.34")], other)


def test_a_url_is_read_into_its_parts() -> None:
    url = read_url("https://u:p%40@[2001:db8::1]:8443/a%20b?limit=5&empty=")
    assert (url.scheme, url.user, url.password, url.host, url.port) == ("https", "u", "p@", "[2001:db8::1]", "8443")
    assert (url.path, url.parameters) == ("/a b", {"limit": "5", "empty": ""})
    assert "p@" not in repr(url)


@pytest.mark.parametrize(
    "url",
    ["https://h/ x", "https://h\\@evil/", "https://h#@evil/", "https://h,evil/", "https://h/?a=1&a=2", "https://h/%00"],
)
def test_a_url_that_two_parsers_could_read_differently_is_refused(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_url(url)
    assert caught.value.code == "option-invalid"
    assert "evil" not in str(caught.value)
