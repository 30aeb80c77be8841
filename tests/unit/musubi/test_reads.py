"""Taking replies apart: exact bytes of each order, one bad order spoils nothing else, queries say how they sort."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transports.rest import Reply, UnreadableReplyError, VenueRefusedError
from connectors.venues.musubi import reads
from connectors.venues.musubi.parse import parse_order
from pipeline.errors import ContractBreachError, PoisonRecordError, SettingsError
from pipeline.ports import OrderQuery, SchemaVersionError, Sighting, Unreadable
from schemas.events import Observation

NOW = datetime(2025, 3, 15, 9, tzinfo=UTC)
INTENT = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
OTHER = "0d1c9f6e-3a52-4f0e-9c77-6f2f3b1a8e55"


def reply(body: bytes, status: int = 200) -> Reply:
    """Return a reply with this body."""
    try:
        document = reads.read_json(body)
    except PoisonRecordError:
        document = None
    meta = document.get("meta") if isinstance(document, dict) else None
    request_id = meta.get("request_id") if isinstance(meta, dict) else None
    return Reply(status=status, body=body, headers={}, received_at=NOW, document=document, request_id=request_id)


class OneReply:
    """A client that answers everything with one reply, or a refusal."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.reply, self.asked = reply(body, status), list[tuple[str, Any]]()

    async def get(self, path: str, params: Any = None, retry: bool = True, bound: Any = None) -> Reply:
        """Answer."""
        self.asked.append((path, params))
        if self.reply.status >= 400:
            raise VenueRefusedError(self.reply.status, None, "", reply=self.reply)
        return self.reply


def client(body: bytes, status: int = 200) -> Any:
    """Return a client in the place of the real one."""
    return OneReply(body, status)


def test_each_listed_order_keeps_its_exact_bytes() -> None:
    """Spaces, order of keys and spelling of numbers inside an element stay."""
    parts = [b'{ "intent_id" : "a", "n": 1.50 }', b'{"status":"\\u0041",\n"x":{}}']
    body = b'{"meta":{"request_id":"req_1"},\n "data" : [ ' + b" ,\n".join(parts) + b' ] , "pagination":null}'
    assert [part for _, part in reads.split(body)] == parts


CRUMBS = st.text(alphabet='{}[]:,"a1 \n', max_size=12) | st.sampled_from(['"data":', '"data":[', "[1,]", "[1 2]", '[{"a":"]"},[2]]', "]"])


@given(st.lists(CRUMBS, max_size=5))
def test_a_page_is_taken_apart_just_when_it_is_json_with_one_list(crumbs: list[str]) -> None:
    """Whatever a reply is put together from: its elements are those that the standard library reads, with their bytes, or it is refused."""
    for text in ("".join(crumbs), f'{{"data":[{"".join(crumbs)}]}}', f'{{"m":0,"data":{"".join(crumbs)}}}'):
        expected = _list_in(text)
        try:
            parts = reads.split(text.encode())
        except PoisonRecordError:
            assert expected is None
            continue
        assert [value for value, _ in parts] == [json.loads(body) for _, body in parts]
        # What stands beside and behind `data` is walked over, not judged, so more is taken apart than is JSON; never otherwise.
        assert expected in (None, [value for value, _ in parts])


def _list_in(text: str) -> list[Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    found = document.get("data") if isinstance(document, dict) and text.count('"data"') == 1 else None
    return found if isinstance(found, list) else None


async def test_a_page_is_asked_for_in_the_size_that_the_query_says() -> None:
    """The page size is the query's, and a shorter page than that is the last where the venue does not say how many there are."""
    venue = client(b'{"data":[' + b",".join([b"7"] * 20) + b"]}")
    pages = [
        await reads.orders(venue, OrderQuery(page_size=size), page=1, venue="t", own_party=None, hinted_at=lambda _: None)
        for size in (20, 21)
    ]
    assert [params["page_size"] for _, params in venue.asked] == [20, 21]
    assert [page.last for page in pages] == [False, True]


@pytest.mark.parametrize("bad", [b'{"intent_id":"a","intent_id":"b"}', b'{"n":NaN}', b'{"t":"\xff"}', b'{"n":1e400}', b"7", b"null"])
async def test_one_bad_order_spoils_nothing_but_itself(bad: bytes) -> None:
    """The order before and the order behind a bad one are read, the bad one is handed out with its bytes."""
    good = [json.dumps({"intent_id": intent, "status": "PENDING"}).encode() for intent in (INTENT, OTHER)]
    body = b'{"data":[' + b",".join([good[0], bad, good[1]]) + b"]}"
    page = await reads.orders(client(body), OrderQuery(), page=1, venue="tokyo", own_party=None, hinted_at=lambda _: None)
    first, middle, last = page.seen
    assert isinstance(first, Sighting)
    assert isinstance(last, Sighting)
    assert (first.event.intent_id, last.event.intent_id) == (INTENT, OTHER)
    assert isinstance(middle, Unreadable)
    assert (middle.origin, middle.body) == ("read", bad)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"data":{}}',
        b'{"data":[1',
        b'{"data":[1 2]}',
        b'{"data":[1,]}',
        b'{"data":[1}',
        b'{"meta":{}}',
        b'{"data":[],"data":[]}',
        b"",
    ],
)
async def test_a_page_that_is_no_list_is_an_error_with_the_reply(body: bytes) -> None:
    """An unreadable envelope is a breach of contract, not an empty list."""
    with pytest.raises(UnreadableReplyError):
        await reads.orders(client(body), OrderQuery(), page=1, venue="tokyo", own_party=None, hinted_at=lambda _: None)


async def test_a_single_order_keeps_the_bytes_of_data() -> None:
    """The document of a read order is the member `data`, byte for byte; the request id is kept."""
    inner = b'{ "intent_id":"' + INTENT.encode() + b'", "status" : "PENDING" }'
    body = b'{"data":' + inner + b',"meta":{"request_id":"req_x9y0z1a2"}}'
    reading = await reads.order(client(body), INTENT, venue="tokyo", own_party=None, hinted_at=lambda _: "2025-03-15T09:00:00Z")
    (seen,) = reading.seen
    assert isinstance(seen, Sighting)
    assert seen.event.document.encode() == inner
    assert seen.event.observed == Observation(
        origin="read", observed_at="2025-03-15T09:00:00.000000Z", hinted_at="2025-03-15T09:00:00Z", request_id="req_x9y0z1a2"
    )


async def test_an_order_that_cannot_be_read_is_one_document_however_it_came() -> None:
    """Its bytes and digest are those of the order itself, by name under any request id and by list; order and status are read loosely."""
    inner = b'{"intent_id":"' + INTENT.upper().encode() + b'","status":"SETTLED","settled_at":"yesterday"}'
    readings = [
        await reads.order(client(b'{"data":' + inner + b',"meta":{"request_id":"' + number + b'"}}'), INTENT, **ANYBODY)
        for number in (b"req_1", b"req_2")
    ]
    page = await reads.orders(client(b'{"data":[' + inner + b"]}"), OrderQuery(), page=1, **ANYBODY)
    seen = [one for reading in readings for one in reading.seen] + list(page.seen)
    assert {(one.body, one.intent_id, one.status) for one in seen if isinstance(one, Unreadable)} == {(inner, INTENT, "SETTLED")}
    assert len(seen) == 3


ANYBODY: dict[str, Any] = {"venue": "t", "own_party": None, "hinted_at": lambda _: None}


async def test_the_same_order_has_one_id_by_stream_by_read_and_by_list() -> None:
    """What states the same terms is the same fact, wherever it was seen."""
    inner = json.dumps({"intent_id": INTENT, "status": "SETTLED", "transaction_hash": "ab", "fx_rate": "1.50"}).encode()
    single = await reads.order(client(b'{"data":' + inner + b"}"), INTENT, venue="t", own_party=None, hinted_at=lambda _: None)
    listed = await reads.orders(
        client(b'{"data":[' + inner + b"]}"), OrderQuery(), page=1, venue="t", own_party=None, hinted_at=lambda _: None
    )
    streamed = parse_order(
        json.dumps({"intentId": INTENT, "status": "SETTLED", "transactionHash": "ab", "fxRate": "1.5"}).encode(),
        venue="t",
        own_party=None,
        observed=Observation(origin="stream", observed_at="2025-03-15T09:00:00Z"),
    )
    ids = {seen.ce_id for seen in (*single.seen, *listed.seen, streamed) if isinstance(seen, Sighting)}
    assert ids == {streamed.ce_id}


async def test_a_malformed_id_never_gets_into_a_path() -> None:
    """The venue is not asked at all."""
    asked = client(b"{}")
    with pytest.raises(PoisonRecordError):
        await reads.order(asked, "../token", venue="t", own_party=None, hinted_at=lambda _: None)
    with pytest.raises(PoisonRecordError):
        await reads.quotes(asked, "../token", venue="t", hinted_at=lambda _: None)
    assert asked.asked == []


async def test_no_order_is_an_absence_and_no_quotes_are_none() -> None:
    """404 is an answer; for quotes other refusals are, too."""
    body = b'{"error":{"code":"NOT_FOUND"}}'
    reading = await reads.order(client(body, 404), INTENT, venue="t", own_party=None, hinted_at=lambda _: None)
    assert (reading.seen, reading.absent) == ((), body.decode())
    for status in (403, 404, 409):
        assert (await reads.quotes(client(body, status), INTENT, venue="t", hinted_at=lambda _: None)).seen == ()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"data":{"party_id":"A::1","schema_version":"v3"}}', "schema_version 'v3'"),
        (b'{"data":{"party_id":"A::1"}}', "no schema_version"),
        (b'{"data":[]}', "without an object"),
        (b'{"data":{"schema_version":"v2"}}', "without a party_id"),
    ],
)
async def test_the_gate_lets_only_v2_pass(body: bytes, found: str) -> None:
    """Any other version, or none, is refused with what was found; v2 gives our party id."""
    with pytest.raises(SchemaVersionError, match=found):
        await reads.whoami(client(body), venue="t")
    identity = await reads.whoami(client(b'{"data":{"partyId":"A::1","schema_version":"v2"}}'), venue="t")
    assert identity.party_id == "A::1"


async def test_what_a_refused_gate_means() -> None:
    """404 is a backend from before v2; 401 and 403 are our credentials; 400 is a breach of contract."""
    with pytest.raises(SchemaVersionError, match="before schema v2"):
        await reads.whoami(client(b"", 404), venue="t")
    for status in (401, 403):
        with pytest.raises(SettingsError, match=r"venues\.t\.auth"):
            await reads.whoami(client(b"", status), venue="t")
    with pytest.raises(ContractBreachError):
        await reads.whoami(client(b"", 400), venue="t")


def test_every_query_says_how_it_is_sorted_and_none_leans_on_updated_after() -> None:
    """sort_by and sort_order are always sent."""
    asked = reads.parameters(OrderQuery(statuses=("SETTLED", "FAILED"), sort_by="settled_at", created_after=NOW))
    assert asked == {"sort_by": "settled_at", "sort_order": "desc", "status": "FAILED,SETTLED", "created_after": "2025-03-15T09:00:00Z"}
    assert reads.parameters(OrderQuery(descending=False)) == {"sort_by": "created_at", "sort_order": "asc"}


async def test_a_list_ends_without_a_pagination_block() -> None:
    """A page that is not full is the last one when the venue does not say."""
    page = await reads.orders(client(b'{"data":[]}'), OrderQuery(), page=3, venue="t", own_party=None, hinted_at=lambda _: None)
    assert page.last


async def test_a_compliance_snapshot_is_the_exact_bytes_of_its_member() -> None:
    """The path names the order; the document is the member `data`, byte for byte."""
    inner = b'{ "fx_order":{"intentId":"' + INTENT.encode() + b'","compliance":{"riskRating":"LOW"}} }'
    asked = client(b'{"data":' + inner + b',"meta":{"request_id":"req_x9y0z1a2"}}')
    (seen,) = (await reads.compliance(asked, INTENT, venue="t")).seen
    assert isinstance(seen, Sighting)
    assert seen.event.document.encode() == inner
    assert seen.event.observed.request_id == "req_x9y0z1a2"
    assert asked.asked == [(f"/api/v1/compliance/orders/{INTENT}", None)]


async def test_a_snapshot_that_is_not_there_or_not_for_us_is_an_absence() -> None:
    """403, 404 and 409 are answers; 401 after a new token is our credentials."""
    for status in (403, 404, 409, 410):
        assert (await reads.compliance(client(b"no", status), INTENT, venue="t")).absent == "no"
    with pytest.raises(SettingsError):
        await reads.compliance(client(b"no", 401), INTENT, venue="t")


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"data":{"fx_order":{}}}'])
async def test_a_snapshot_that_cannot_be_read_keeps_all_its_bytes(body: bytes) -> None:
    """What goes to the dead letters is the whole reply."""
    (seen,) = (await reads.compliance(client(body), INTENT, venue="t")).seen
    assert isinstance(seen, Unreadable)
    assert (seen.body, seen.event_type) == (body, "compliance")


class Pages:
    """A client that pages a list of quotes, and says so or not."""

    def __init__(self, number: int, *, pagination: bool, ignores_page: bool = False) -> None:
        self.quotes = [{"quote_id": f"a1b2c3d4-e5f6-4890-abcd-{n:012d}", "fx_rate": "1.5"} for n in range(number)]
        self.pagination, self.ignores_page, self.asked = pagination, ignores_page, 0

    async def get(self, path: str, params: Any = None, retry: bool = True, bound: Any = None) -> Reply:
        """Answer with a page."""
        self.asked += 1
        at = 0 if self.ignores_page else (params["page"] - 1) * params["page_size"]
        document: dict[str, Any] = {"data": self.quotes[at : at + params["page_size"]]}
        if self.pagination:
            document["pagination"] = {"total_pages": -(-len(self.quotes) // params["page_size"])}
        return reply(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("pages", "requests"),
    [
        (Pages(250, pagination=True), 3),
        (Pages(250, pagination=False), 3),
        (Pages(100, pagination=False, ignores_page=True), 2),
        (Pages(3, pagination=False), 1),
        (Pages(0, pagination=True), 1),
    ],
)
async def test_all_quotes_are_read_whether_or_not_the_venue_says_how_many_there_are(pages: Pages, requests: int) -> None:
    """Pagination is followed where it is, and a full page leads on where it is not (A-16)."""
    reading = await reads.quotes(pages, INTENT, venue="t", hinted_at=lambda _: None)  # type: ignore[arg-type]
    found = [seen.event.quote_id for seen in reading.seen if isinstance(seen, Sighting)]  # type: ignore[union-attr]
    assert found == [quote["quote_id"] for quote in pages.quotes]
    assert pages.asked == requests
