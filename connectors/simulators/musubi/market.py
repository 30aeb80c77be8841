"""Who trades what: parties, currencies, and seeded terms with realistic scales.

Every product of a target amount and a rate fits the scale of its source currency, because the venue rounds nothing
(A-22) and a ledger refuses what is finer than its currency. Names of parties are roles with a letter, no one's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from connectors.simulators.musubi.orders import Terms, exact_product


def party(name: str) -> str:
    """Return the party id `Name::fingerprint` of a played party (contract section 3.6)."""
    return f"{name}::1220{hashlib.sha256(name.encode()).hexdigest()}"


OPERATOR = party("Musubi")
OUR_CUSTODIAN = party("CustodianA")
OTHER_CUSTODIANS = tuple(party(f"Custodian{letter}") for letter in "BCDE")
INSTITUTIONS = tuple(party(f"Institution{letter}") for letter in "ABCDEFGHJK")
MARKET_MAKERS = tuple(party(f"MarketMaker{letter}") for letter in "ABC")
JURISDICTIONS = (("JP", "KR"), ("JP", "SG"), ("KR", "JP"), ("SG", "JP"))

# Decimals that an amount of the currency may have.
SCALES = {"JPYSC0": 4, "USDCx": 6, "EURCx": 6, "KRWC0": 0, "DAIx": 18}


@dataclass(frozen=True, slots=True)
class Pair:
    """A traded pair: typical rate, size of the target as powers of ten, and (amount, rate) decimals in use."""

    source: str
    target: str
    rate: Decimal
    magnitude: tuple[float, float]
    decimals: tuple[tuple[int, int], ...]
    weight: int


PAIRS = (
    Pair("JPYSC0", "USDCx", Decimal("112.0"), (2.0, 6.5), ((0, 1), (0, 2), (2, 2), (1, 3), (0, 4), (2, 1)), 50),
    Pair("USDCx", "JPYSC0", Decimal("0.008929"), (4.0, 8.5), ((0, 5), (0, 6)), 20),
    Pair("JPYSC0", "EURCx", Decimal("161.35"), (2.0, 6.0), ((0, 2), (2, 2), (1, 3)), 10),
    Pair("EURCx", "USDCx", Decimal("0.9213"), (2.0, 6.5), ((2, 4), (0, 4), (3, 3)), 8),
    Pair("USDCx", "KRWC0", Decimal("0.000721"), (5.0, 9.5), ((0, 6),), 7),
    Pair("DAIx", "JPYSC0", Decimal("0.008931245"), (4.0, 8.0), ((4, 14), (0, 18), (2, 16)), 5),
)
_WEIGHTS = tuple(pair.weight for pair in PAIRS)


def draw_rate(rng: Random, middle: Decimal, decimals: int, *, spread: float = 0.02) -> Decimal:
    """Draw a rate within `spread` of the middle with exactly so many decimals, never zero."""
    units = int(middle.scaleb(decimals) * Decimal(10_000 + rng.randint(-int(spread * 10_000), int(spread * 10_000))))
    return Decimal(max(units // 10_000, 1)).scaleb(-decimals)


def draw_terms(rng: Random) -> Terms:
    """Draw the terms of an order: exact decimals, sometimes round, mostly with a cost guard."""
    pair = rng.choices(PAIRS, _WEIGHTS)[0]
    amount_decimals, rate_decimals = rng.choice(pair.decimals)
    whole = max(int(10 ** rng.uniform(*pair.magnitude)), 1)
    if rng.random() < 0.3:
        step = 10 ** max(len(str(whole)) - 2, 0)
        whole, amount_decimals = max(whole // step, 1) * step, 0
    units = whole * 10**amount_decimals + rng.randrange(10**amount_decimals)
    amount = Decimal(units).scaleb(-amount_decimals)
    rate = draw_rate(rng, pair.rate, rate_decimals)
    guard = None if rng.random() < 0.1 else draw_guard(rng, exact_product(amount, rate), SCALES[pair.source])
    return Terms(
        source_currency=pair.source,
        target_currency=pair.target,
        target_amount=amount,
        fx_rate=rate,
        source_amount_max=guard,
    )


def draw_guard(rng: Random, source: Decimal, scale: int) -> Decimal:
    """Draw a maximum that lies 1 to 8 % above the source amount, in whole units where that is enough."""
    factor = Decimal(rng.randint(101, 108)).scaleb(-2)
    guard = exact_product(source, factor)
    digits = 0 if guard >= 1000 else scale
    units = int(guard.scaleb(digits)) + 1
    return Decimal(units).scaleb(-digits)
