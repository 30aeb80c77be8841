"""`custodian ledger rebuild`: the books from the archive alone, and what it finds when one of the two was tampered with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.sinks.accounting_ledger import rebuild
from connectors.sinks.accounting_ledger.comparison import Comparison
from pipeline.cli.output import plain
from tests.integration.archive_room import ArchiveRoom, record_of
from tests.integration.sink_room import NOW, as_superuser, outgoing, settled
from tests.services import Services

EVENTS = [settled(number, side=("sender", "receiver", "both")[number % 3]) for number in range(12)]
RECORDS = [record_of(outgoing(event), number // 3, partition=number % 3) for number, event in enumerate(EVENTS)]
AGAIN = record_of(outgoing(EVENTS[0]), 4)
"""The first settlement, published twice."""
YOUNG = [record_of(outgoing(settled(100 + number)), 4, partition=1 + number) for number in range(2)]


def counts(lines: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """Return the counts of a rebuild by what they count."""
    return {(line["of"], line["difference"]): line["count"] for line in lines if line["kind"] == "count" and line["count"]}


def different(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines that are no counts."""
    return [line for line in lines if line["kind"] != "count"]


def room_with_books(dsn: str, folder: Path) -> ArchiveRoom:
    """Make a room whose books and archive hold the same twelve settlements."""
    room = ArchiveRoom(dsn, folder)
    room.book([*RECORDS, AGAIN], NOW)
    room.archive([*RECORDS, AGAIN], NOW)
    return room


def test_books_rebuilt_from_the_archive_are_the_live_ones_as_far_as_both_go(postgres: str, tmp_path: Path) -> None:
    """Twelve settlements are identical; what only the ledger or only the archive has yet is said; names and --replace are held to."""
    room = room_with_books(postgres, tmp_path)
    code, lines, said = room.custodian("ledger", "rebuild", "--into", "again")
    assert code == 0, said
    accounts = room.rows("SELECT count(*) FROM accounting.balances")[0][0]
    assert counts(lines) == {("entries", "identical"): 12, ("balances", "identical"): accounts}
    assert "13 archived settlements, 12 booked, 1 repeated, 0 refused" in said

    room.book(YOUNG[:1], NOW)  # the archive has not seen it
    room.archive(YOUNG[1:], NOW)  # and the ledger not this one
    assert room.custodian("ledger", "rebuild", "--into", "again")[0] == 2
    code, lines, said = room.custodian("ledger", "rebuild", "--into", "again", "--replace")
    assert (code, different(lines)) == (0, []), said
    found = counts(lines)
    assert {name: found["entries", name] for name in ("identical", "not_archived_yet", "not_booked_yet")} == {
        "identical": 12,
        "not_archived_yet": 1,
        "not_booked_yet": 1,
    }
    assert "younger than what the archive has sequenced" in said
    assert "beyond the ledger's position" in said

    room.rows("CREATE SCHEMA somebodys")
    for wrong in ("accounting", "ledger", "pg_toast", 'x"; DROP SCHEMA ledger', "somebodys"):
        code, lines, said = room.custodian("ledger", "rebuild", "--into", wrong, "--replace")
        assert (code, lines) == (2, []), said
    assert room.rows("SELECT count(*) FROM ledger.entries") == [(13,)]


def test_a_user_who_may_not_make_a_schema_is_told_so(postgres: str, tmp_path: Path, services: Services) -> None:
    """Without CREATE on the database it is exit 78, with what to grant."""
    room = room_with_books(postgres, tmp_path)
    name = room.rows("SELECT current_database()")[0][0]
    as_superuser(
        services.admin_dsn,
        postgres,
        f"ALTER DATABASE {name} OWNER TO CURRENT_USER; REVOKE CREATE ON DATABASE {name} FROM {name}, {name}_owner",
    )
    code, lines, said = room.custodian("ledger", "rebuild", "--into", "again")
    assert (code, lines) == (78, [])
    assert "GRANT CREATE ON DATABASE" in said


def test_what_was_tampered_with_is_found(postgres: str, tmp_path: Path, services: Services) -> None:
    """A posting that is gone, an entry too many and one too few, an amount in the archive, and an amount in the rebuilt books."""
    room = room_with_books(postgres, tmp_path)
    gone, lost, invented, changed = (entry for (entry,) in room.rows("SELECT entry_id FROM ledger.entries ORDER BY 1 LIMIT 4"))
    as_superuser(services.admin_dsn, postgres, f"DELETE FROM ledger.postings WHERE entry_id = '{gone}' AND posting_no = 1")
    as_superuser(services.admin_dsn, postgres, f"DELETE FROM ledger.entries WHERE entry_id = '{lost}'")
    beyond = "entry_id = gen_random_uuid(), record_offset = 999"  # which the ledger has not come to: that is no excuse
    as_superuser(services.admin_dsn, postgres, f"UPDATE ledger.entries SET {beyond} WHERE entry_id = '{invented}'")
    place = room.rows("SELECT record_partition, record_offset FROM ledger.entries WHERE entry_id = %s", [changed])[0]
    seven = r"""regexp_replace(convert_from(value, 'UTF8'), '"target_amount":"\d+"', '"target_amount":"7"')::bytea"""
    where = f'partition = {place[0]} AND "offset" = {place[1]}'
    as_superuser(services.admin_dsn, postgres, f"UPDATE archive.records SET value = {seven} WHERE {where}")
    code, lines, said = room.custodian("ledger", "rebuild", "--into", "again")
    assert code == 1
    found = {line["entry_id"]: line for line in lines if line["kind"] == "entry"}
    assert {entry: line["difference"] for entry, line in found.items() if entry in map(str, (gone, lost, invented, changed))} == {
        str(gone): "differs",
        str(lost): "missing",
        str(invented): "missing",
        str(changed): "differs",
    }
    assert [line["difference"] for entry, line in found.items() if entry not in map(str, (gone, lost, invented, changed))] == ["extra"]
    assert list(found[str(gone)]["fields"]) == ["postings.1"]
    assert found[str(changed)]["fields"]["target_amount"]["rebuilt"] == "7"
    assert "1 archived records do not have the digest" in said
    _, limited, _ = room.custodian("ledger", "rebuild", "--into", "again", "--replace", "--limit", "1")
    assert counts(limited) == counts(lines)
    assert len(different(limited)) == 1

    def compared_again() -> list[dict[str, Any]]:
        archived = {("custody.order-settled.v1", 1, partition): 5 for partition in range(3)}
        comparison = Comparison()
        with room.connection() as connection, rebuild.compared(connection, "again", archived) as (entries, balances):
            return [plain(line) for line in (*comparison.of_entries(entries), *comparison.of_balances(balances))]

    before = compared_again()
    assert before == different(lines)
    untouched = room.rows(
        "SELECT p.entry_id, p.account_id, a.account FROM again.postings p JOIN again.accounts a USING (account_id) "
        "WHERE p.posting_no = 1 AND NOT p.entry_id::text = ANY (%s) AND NOT a.account = ANY (%s) LIMIT 1",
        [list(found), [line["account"] for line in before if line["kind"] == "balance"]],
    )[0]
    as_superuser(
        services.admin_dsn, postgres, f"UPDATE again.postings SET amount = amount + 1 WHERE entry_id = '{untouched[0]}' AND posting_no = 1"
    )
    as_superuser(services.admin_dsn, postgres, f"UPDATE again.balances SET debits = debits + 1 WHERE account_id = {untouched[1]}")
    new = [line for line in compared_again() if line not in before]
    assert [(line.get("entry_id"), line.get("account"), list(line["fields"])) for line in new] == [
        (str(untouched[0]), None, ["postings.1.amount"]),
        (None, untouched[2], ["debits"]),
    ]
