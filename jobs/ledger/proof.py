"""The proof of the chains: at every start of what is new, whole on demand (docs/adr/0014).

A run that adds anything notes where each chain ended when the check at its start had passed; the next start goes on
from there. These notes are chained like everything else, and the digests in them must still be those of the rows: so a
moved note is found, and so are chains that somebody made anew. Of what is older each start proves a part, in turn.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, select

from jobs.errors import LedgerDamaged
from jobs.ledger import chain
from jobs.ledger.chain import Break, End
from jobs.ledger.schema import IN_ORDER, checks

AGAIN = 1000  # older rows of each table that a start proves again

Ends = Mapping[str, End]  # of the chains, by table


def at_start(connection: Connection, *, again: int = AGAIN) -> Ends:
    """Raises LedgerDamaged. Gives where the chains end that now are proven."""
    _refuse(_breaks_at_start(connection, again))
    ends = {table.name: chain.head(connection, table) for table in IN_ORDER if table is not checks}
    return {name: end for name, end in ends.items() if end != chain.START}


def whole(connection: Connection) -> None:
    """Raises LedgerDamaged, naming the first row whose digest does not fit, in any table."""
    _refuse(breaks(connection))


def note(connection: Connection, run_id: int, ends: Ends) -> None:
    """That these passed the check at the start of a run."""
    if ends:
        chain.append(connection, checks, run_id=run_id, ends=json.dumps(ends, sort_keys=True))


def breaks(connection: Connection) -> Iterator[Break]:
    """The first place in each table where its chain does not hold; none where all is as it was written."""
    of_checks = list(chain.breaks_from(connection, checks))
    noted: dict[str, dict[int, str]] = defaultdict(dict)
    for ends in () if of_checks else connection.execute(select(checks.c.ends)).scalars():
        for name, (length, digest) in json.loads(ends).items():
            noted[name][length] = digest
    for table in IN_ORDER:
        yield from of_checks if table is checks else chain.breaks_from(connection, table, noted=noted[table.name])


def _breaks_at_start(connection: Connection, again: int) -> Iterator[Break]:
    newest, _ = chain.head(connection, checks)
    yield from chain.breaks_from(connection, checks, chain.at(connection, checks, max(0, newest - again)))
    last = connection.execute(select(checks.c.ends).where(checks.c.id == newest)).scalar_one_or_none()
    passed = json.loads(last) if last else {}
    for table in IN_ORDER:
        if table is checks:
            continue
        length, digest = passed.get(table.name, chain.START)
        if length:
            begin = newest * again % length if length > again else 0
            until = min(begin + again, length)
            older = chain.at(connection, table, begin)
            yield from chain.breaks_from(connection, table, older, until=until, noted={length: digest})
            if (found := chain.at(connection, table, length)) != (length, digest):
                yield Break(f"row {length} of table {table.name}", f"the digest {digest}", found[1])
        yield from chain.breaks_from(connection, table, (length, digest))


def _refuse(found: Iterator[Break]) -> None:
    if (first := next(found, None)) is not None:
        raise LedgerDamaged(chain.in_words(first))
