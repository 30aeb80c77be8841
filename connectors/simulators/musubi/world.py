"""The venue's world: institutions, market makers, custodians and the operator, played by the clock.

A pure state machine. `advance(now)` does everything that was due until `now`, in order of time, and returns what
happened as facts; the moments of the facts are those at which they were due, so a world that is asked often and one that
is asked rarely live the same history. The same seed, start and calls give the same facts. Follows contract sections
1.4 to 1.8 and the timeline of 7.1; `speed` divides every duration.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Literal
from uuid import UUID

from connectors.simulators.musubi import market, quoting
from connectors.simulators.musubi.faults import QUOTE_FAULTS
from connectors.simulators.musubi.orders import (
    TERMINAL,
    TRANSITIONS,
    Ending,
    Fact,
    FactKind,
    Flaw,
    Order,
    Quote,
    Side,
    Terms,
    exact_product,
    to_millisecond,
)
from connectors.simulators.musubi.switches import Switches

# Seconds at speed 1 (contract section 1.7 and 7.1).
ORDER_LIFETIME = 300.0
FIRST_QUOTE = 8.0
QUOTE_VALIDITY = 30.0
SELECTION = 3.0
# An institution that takes its time chooses after so much of the first quote's validity.
LATE_SELECTION = 0.7
PLAYED_REACTION = (0.5, 2.0)
EXECUTING_WITHIN = (0.2, 1.0)
SETTLEMENT = (3.5, 4.5)

SETTLEMENT_FAILURES = ("REVERT", "TIMEOUT", "SANCTIONS", "COMPLIANCE_BLOCK")
CANCELS: tuple[Ending, ...] = ("cancel", "cancel_quoting", "cancel_quoted")
OPEN_TO_CANCEL = ("PENDING", "QUOTED")

Institution = Literal["best", "any", "late", "never"]
"""How an institution chooses: the cheapest quote 3 s after the first, any usable one, the cheapest but late, none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Relative shares of the sides on which our custodian stands; `none` are orders of other parties."""

    receiver: float = 50.0
    sender: float = 40.0
    both: float = 10.0
    none: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a world plays: `rate` in orders per second of real time, `orders` 0 for no end, shares between 0 and 1.

    `console_user` is the share of our sender-side orders that a person in the venue's console accepts and co-signs;
    the others wait for our calls. `failing` is the share of orders that do not settle, `cancelling` the share that the
    institution cancels at some moment until EXECUTING. With `settle_directly` every order is settled at the moment of its
    creation. Market makers give `quotes` (fewest, most) per round, the worse ones by up to `quote_spread` of the rate; when
    all have lapsed the next round begins, until `expires_at` or after `rounds` of them (0 for no limit). `first_quote`,
    `quote_validity` and `order_lifetime` are seconds at speed 1.
    """

    seed: int = 1
    speed: float = 1.0
    orders: int = 0
    rate: float = 1.0
    mix: Mix = field(default_factory=Mix)
    console_user: float = 0.75
    failing: float = 0.04
    cancelling: float = 0.0
    settle_directly: bool = False
    quotes: tuple[int, int] = (1, 3)
    quote_spread: float = 0.05
    rounds: int = 0
    first_quote: float = FIRST_QUOTE
    quote_validity: float = QUOTE_VALIDITY
    order_lifetime: float = ORDER_LIFETIME
    institution: Institution = "best"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is going to become of one order, and with which terms; `quotes` is how many come per round, 0 for none ever.

    What is None follows the rules of the world. The first quote of a round has the rate of the terms when `quotes` is given.
    """

    side: Side
    terms: Terms
    ending: Ending = "settle"
    console_user: bool = False
    quotes: int | None = 2
    rounds: int | None = None
    institution: Institution | None = None
    directly: bool = False
    intent_id: str | None = None
    transaction_hash: str | None = None


AnswerKind = Literal["done", "already_done", "not_found", "not_sender", "conflict", "guard_broken"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an accept call came to, with the order as it is now."""

    kind: AnswerKind
    reason: str = ""
    order: Order | None = None
    quote: Quote | None = None


@dataclass(slots=True)
class _Open:
    """An order that has not ended, with what the record does not show."""

    order: Order
    script: Script
    rng: Random
    accepted: bool = False
    quotes: list[Quote] = field(default_factory=list)
    selected: Quote | None = None
    rounds: int = 0
    rates: list[Decimal] = field(default_factory=list)
    """Of the quotes that are still to come in this round."""

    @property
    def played(self) -> bool:
        """Tell whether the sender custodian's part is played for us."""
        return self.script.console_user or self.script.side in ("receiver", "none")


def strikes(rng: Random, chance: float) -> bool:
    """Throw dice for a chance; none are thrown for a chance of 0, so that it leaves the history as it is."""
    return chance > 0 and rng.random() < chance


def _uuid(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


class World:
    """All orders that are open, the agenda of what is due, and the facts not yet collected."""

    def __init__(
        self, rules: Rules, *, start: datetime, switches: Switches | None = None, fault: Callable[[str, Random], bool] | None = None
    ) -> None:
        self.rules = rules
        self._fault = fault or (lambda _, __: False)
        self.switches = switches or Switches()
        self.open: dict[str, _Open] = {}
        self.ended: dict[str, Order] = {}
        self.created = 0
        self.creating = rules.rate > 0
        self._creation_due = False
        self._numbers = count(1)
        self._asked = count(1)
        self._sequence = count()
        self._agenda: list[tuple[datetime, int, Callable[[datetime, str], None], str]] = []
        self._facts: list[Fact] = []
        self._dice = Random(f"{rules.seed}/world")  # noqa: S311 - chance of a simulation, not a secret
        if self.creating:
            self._schedule_creation(to_millisecond(start))

    # -- what the outside asks ------------------------------------------------------------------------------------

    def advance(self, now: datetime) -> list[Fact]:
        """Do what was due until `now` and return every fact since the last call, oldest first."""
        agenda = self._agenda
        while agenda and agenda[0][0] <= now:
            at, _, action, intent_id = heapq.heappop(agenda)
            action(at, intent_id)
        facts, self._facts = self._facts, []
        return facts

    def next_at(self) -> datetime | None:
        """Return when something is due next, None for never."""
        return self._agenda[0][0] if self._agenda else None

    def stop_creating(self) -> None:
        """Create no more orders by itself; those that are open go on."""
        self.creating = False

    def start_creating(self, now: datetime) -> None:
        """Go on creating orders after `stop_creating`, unless all that were asked for are there."""
        if self.creating or self.rules.rate <= 0 or (self.rules.orders and self.created >= self.rules.orders):
            return
        self.creating = True
        if not self._creation_due:
            self._schedule_creation(to_millisecond(now))

    def all_created(self) -> bool:
        """Tell whether no order will be created any more without being asked for."""
        return not self.creating

    def create(self, script: Script, now: datetime) -> Order:
        """Begin an order by its script; raises ValueError for an intent id that exists."""
        self._catch_up(now)
        rng = Random(f"{self.rules.seed}/asked/{next(self._asked)}")  # noqa: S311
        return self._begin(script, to_millisecond(now), rng)

    def restore(self, orders: Sequence[Order], now: datetime) -> None:
        """Take the orders of an earlier life of this venue; those that were open have expired meanwhile.

        Creation goes on behind the highest number, so that no intent comes twice.
        """
        for order in orders:
            if order.status in TERMINAL:
                self.ended[order.intent_id] = order
            else:
                script = Script(side=order.side, terms=_terms(order))
                self.open[order.intent_id] = _Open(order, script, Random(order.intent_id))  # noqa: S311
                self._expire_restored(order, to_millisecond(now))
        self.created = max((order.number for order in orders), default=self.created)
        self._numbers = count(self.created + 1)
        self._asked = count(self.created + 1)
        if self.rules.orders and self.created >= self.rules.orders:
            self.creating = False

    def _expire_restored(self, order: Order, now: datetime) -> None:
        """End an order that a stop of the venue interrupted; one that was executing has failed."""
        if order.status == "EXECUTING":
            self._end(order.intent_id, now, "FAILED", {"failure_reason": "TIMEOUT"})
        else:
            self._end(order.intent_id, now, "EXPIRED")

    def accept_proposal(self, intent_id: str, now: datetime) -> Answer:
        """Accept an order's proposal as its sender custodian: quoting opens (contract section 4.4)."""
        self._catch_up(now)
        known = self._ours(intent_id)
        if isinstance(known, Answer):
            return known
        if known.order.status != "PENDING":
            return Answer("conflict", f"order is {known.order.status}", known.order)
        if known.accepted:
            kind: AnswerKind = "conflict" if self.switches["A-09"] == "conflict" else "already_done"
            return Answer(kind, "proposal is accepted already", known.order)
        self._accept(to_millisecond(now), intent_id)
        return Answer("done", order=known.order)

    def co_sign(self, intent_id: str, quote_id: str, now: datetime) -> Answer:
        """Co-sign a quote as sender custodian: the order becomes QUOTED and settles (contract section 4.6)."""
        self._catch_up(now)
        known = self._ours(intent_id)
        if isinstance(known, Answer):
            return known
        quote = next((quote for quote in known.quotes if quote.quote_id == quote_id), None)
        if quote is None:
            return Answer("not_found", "quote not found", known.order)
        if known.order.status != "PENDING":
            return Answer("conflict", f"order is {known.order.status}", known.order, quote)
        if now >= quote.valid_until:
            return Answer("conflict", "quote has expired", known.order, quote)
        if self.switches["A-10"] != "any_valid" and known.selected is not quote:
            return Answer("conflict", "the institution has not selected this quote", known.order, quote)
        if not known.order.guard_holds(quote.source_amount):
            return Answer("guard_broken", "source amount exceeds source_amount_max", known.order, quote)
        self._sign(known, quote, to_millisecond(now))
        return Answer("done", order=known.order, quote=quote)

    def cancel(self, intent_id: str, now: datetime) -> bool:
        """Withdraw an order as its institution, until it is EXECUTING; False when it is too late or unknown."""
        self._catch_up(now)
        known = self.open.get(intent_id)
        if known is None or known.order.status not in OPEN_TO_CANCEL:
            return False
        self._cancel(to_millisecond(now), intent_id)
        return True

    def select(self, intent_id: str, quote_id: str, now: datetime) -> Quote:
        """Choose a quote as the institution, whatever it chose before; raises ValueError when there is no such live quote."""
        self._catch_up(now)
        known = self.open.get(intent_id)
        live = [quote for quote in known.quotes if quote.quote_id == quote_id and now < quote.valid_until] if known else []
        if known is None or known.order.status != "PENDING" or not live:
            raise ValueError(f"{intent_id} is not pending with a live quote {quote_id}")
        self._choose(known, live[0], to_millisecond(now))
        return live[0]

    def submit(
        self,
        intent_id: str,
        now: datetime,
        *,
        fx_rate: Decimal,
        valid_seconds: float | None = None,
        source_amount: Decimal | None = None,
        target_amount: Decimal | None = None,
    ) -> Quote:
        """Quote as a market maker, with amounts as told or as they follow from the rate; raises ValueError when quoting is not open.

        `valid_seconds` are real seconds, not divided by the speed.
        """
        self._catch_up(now)
        known = self.open.get(intent_id)
        if known is None or not known.accepted or known.order.status != "PENDING":
            raise ValueError(f"{intent_id} takes no quotes: not pending with an accepted proposal")
        product = exact_product(known.order.target_amount, fx_rate)
        source = product if source_amount is None else source_amount
        target = known.order.target_amount if target_amount is None else target_amount
        seconds = self.rules.quote_validity / self.rules.speed if valid_seconds is None else valid_seconds
        valid_until = to_millisecond(now + timedelta(seconds=seconds))
        flaw: Flaw | None = "source" if source != product else None if target in (product, known.order.target_amount) else "target"
        return self._put_quote(known, to_millisecond(now), valid_until, fx_rate, source, target, flaw)

    def quotes(self, intent_id: str) -> list[Quote]:
        """Return the quotes of an open order."""
        known = self.open.get(intent_id)
        return list(known.quotes) if known else []

    def order(self, intent_id: str) -> Order | None:
        """Return an order, open or ended, whoever's it is."""
        known = self.open.get(intent_id)
        return known.order if known else self.ended.get(intent_id)

    def selected(self, intent_id: str) -> Quote | None:
        """Return what the institution of an open order has chosen."""
        known = self.open.get(intent_id)
        return known.selected if known else None

    def proposal_accepted(self, intent_id: str) -> bool:
        """Tell whether an open order's proposal is accepted."""
        known = self.open.get(intent_id)
        return known is not None and known.accepted

    # -- how orders come into being -------------------------------------------------------------------------------

    def _catch_up(self, now: datetime) -> None:
        """Do what is due first, keeping the facts for the next `advance`."""
        self._facts = self.advance(now)

    def _later(self, at: datetime, seconds: float) -> datetime:
        return to_millisecond(at + timedelta(seconds=seconds / self.rules.speed))

    def _schedule(self, at: datetime, action: Callable[[datetime, str], None], intent_id: str) -> None:
        heapq.heappush(self._agenda, (at, next(self._sequence), action, intent_id))

    def _schedule_creation(self, at: datetime) -> None:
        self._creation_due = True
        self._schedule(at, self._create_next, "")

    def _create_next(self, at: datetime, _: str) -> None:
        self._creation_due = False
        if not self.creating:
            return
        number = self.created + 1
        rng = Random(f"{self.rules.seed}/{number}")  # noqa: S311
        self._begin(self._draw_script(rng), to_millisecond(at), rng)
        self.created = number
        if self.rules.orders and number >= self.rules.orders:
            self.creating = False
        else:
            self._schedule_creation(at + timedelta(seconds=self._dice.expovariate(self.rules.rate)))

    def _draw_script(self, rng: Random) -> Script:
        mix = self.rules.mix
        sides: tuple[Side, ...] = ("receiver", "sender", "both", "none")
        side = rng.choices(sides, (mix.receiver, mix.sender, mix.both, mix.none))[0]
        endings: tuple[Ending, ...] = ("revert", "kyc_fail", "cancel", "no_quote", "lapse")
        ending: Ending = "settle"
        if rng.random() < self.rules.failing:
            ending = rng.choices(endings, (4, 1, 2, 2, 1))[0]
        if strikes(rng, self.rules.cancelling):
            ending = rng.choice(CANCELS)
        return Script(
            side=side,
            terms=market.draw_terms(rng),
            ending=ending,
            console_user=rng.random() < self.rules.console_user,
            quotes=0 if ending == "no_quote" else None,
            directly=self.rules.settle_directly,
        )

    def _begin(self, script: Script, at: datetime, rng: Random) -> Order:
        intent_id = script.intent_id or _uuid(rng)
        if intent_id in self.open or intent_id in self.ended:
            raise ValueError(f"intent {intent_id} exists already")
        others = market.OTHER_CUSTODIANS
        ours = market.OUR_CUSTODIAN
        sender, receiver = rng.sample(market.INSTITUTIONS, 2)
        first, second = rng.sample(others, 2)
        jurisdictions = rng.choice(market.JURISDICTIONS)
        order = Order(
            number=next(self._numbers),
            intent_id=intent_id,
            side=script.side,
            status="PENDING",
            updated_at=at,
            sender_party_id=sender,
            sender_custodian_party_id=ours if script.side in ("sender", "both") else first,
            receiver_party_id=receiver,
            receiver_custodian_party_id=ours if script.side in ("receiver", "both") else second,
            source_currency=script.terms.source_currency,
            target_currency=script.terms.target_currency,
            target_amount=script.terms.target_amount,
            source_amount_max=script.terms.source_amount_max,
            created_at=at,
            expires_at=self._later(at, self.rules.order_lifetime),
            kyc_aml_ref=_uuid(rng),
            jurisdiction_sender=jurisdictions[0],
            jurisdiction_receiver=jurisdictions[1],
            intent_signature="3045022100" + rng.randbytes(30).hex(),
        )
        known = _Open(order, script, rng)
        self.open[intent_id] = known
        self._note("created", at, order)
        if script.directly and script.ending == "settle":
            self._settle_directly(known, at)
        else:
            self._plan(known, at)
        return self.ended.get(intent_id) or known.order

    def _plan(self, known: _Open, at: datetime) -> None:
        """Put on the agenda what will happen to a new order without anybody's call."""
        intent_id, rng = known.order.intent_id, known.rng
        self._schedule(known.order.expires_at, self._expire, intent_id)
        if known.script.ending == "kyc_fail":
            self._schedule(self._later(at, rng.uniform(0.2, 0.4)), self._refuse, intent_id)
        elif known.script.ending == "cancel":
            self._schedule(self._later(at, rng.uniform(3.0, 9.0)), self._cancel, intent_id)
        if known.played:
            self._schedule(self._later(at, rng.uniform(*PLAYED_REACTION)), self._accept, intent_id)

    # -- what happens to an order ---------------------------------------------------------------------------------

    def _accept(self, at: datetime, intent_id: str) -> None:
        known = self.open.get(intent_id)
        if known is None or known.accepted or known.order.status != "PENDING":
            return
        known.accepted = True
        self._note("accepted", at, known.order)
        if known.script.quotes != 0:
            self._plan_round(known, at)

    def _plan_round(self, known: _Open, at: datetime) -> None:
        """Let market makers answer about 8 s from now; the institution selects 3 s after the first quote."""
        rules, rng, intent_id = self.rules, known.rng, known.order.intent_id
        first = self._later(at, rules.first_quote * rng.uniform(0.8, 1.2))
        if first >= known.order.expires_at:
            return
        known.rounds += 1
        count = rng.randint(*rules.quotes) if known.script.quotes is None else known.script.quotes
        rate, shuffled = known.script.terms.fx_rate, known.script.quotes is None
        known.rates = quoting.round_rates(rng, rate, count, rules.quote_spread, shuffled=shuffled)
        moments = sorted([first, *(self._later(first, rng.uniform(0.1, 2.0)) for _ in range(count - 1))])
        for moment in moments[:count]:
            self._schedule(moment, self._quote, intent_id)
        if (known.script.institution or rules.institution) == "late":
            self._schedule(self._later(first, rules.quote_validity * LATE_SELECTION), self._select, intent_id)
        else:
            self._schedule(self._later(first, min(SELECTION, rules.quote_validity / 2)), self._select, intent_id)
        if known.script.ending == "cancel_quoting" and known.rounds == 1:
            within = min(SELECTION, rules.quote_validity) if known.played else rules.quote_validity
            self._schedule(self._later(first, rng.uniform(0.0, within)), self._cancel, intent_id)
        self._schedule(self._later(moments[-1], rules.quote_validity), self._lapse, intent_id)

    def _quote(self, at: datetime, intent_id: str) -> None:
        known = self.open.get(intent_id)
        if known is None or known.order.status != "PENDING" or at >= known.order.expires_at:
            return
        rate, source, target, flaw = quoting.quoted_amounts(known.rng, known.order, known.rates.pop(0), self._draw_flaw(known))
        self._put_quote(known, at, self._later(at, self.rules.quote_validity), rate, source, target, flaw)

    def _draw_flaw(self, known: _Open) -> Flaw | None:
        """Throw the order's own dice for each fault per quote that is in force, so that histories repeat."""
        for flaw, name in QUOTE_FAULTS.items():
            if self._fault(name, known.rng):
                return flaw
        return None

    def _put_quote(
        self, known: _Open, at: datetime, valid_until: datetime, rate: Decimal, source: Decimal, target: Decimal, flaw: Flaw | None
    ) -> Quote:
        quote = Quote(
            quote_id=_uuid(known.rng),
            intent_id=known.order.intent_id,
            market_maker_party_id=market.MARKET_MAKERS[len(known.quotes) % len(market.MARKET_MAKERS)],
            fx_rate=rate,
            source_amount=source,
            target_amount=target,
            submitted_at=at,
            valid_until=valid_until,
            flaw=flaw,
        )
        known.quotes.append(quote)
        self._note("quote", at, known.order, quote)
        return quote

    def _usable(self, known: _Open, at: datetime) -> list[Quote]:
        """Return the live quotes that an institution may choose: they agree with the order and keep the cost guard."""
        sound = (quote for quote in known.quotes if quote.flaw in (None, "legacy") and at < quote.valid_until)
        return [quote for quote in sound if known.order.guard_holds(quote.source_amount)]

    def _select(self, at: datetime, intent_id: str) -> None:
        """Choose as the institution; the earliest among equally cheap ones. Nothing shows it but the truth (A-10)."""
        known = self.open.get(intent_id)
        if known is None or known.order.status != "PENDING":
            return
        manner, usable = known.script.institution or self.rules.institution, self._usable(known, at)
        if manner == "never":
            return  # by itself; what was chosen for it from outside stands
        if not usable:
            known.selected = None
            return
        cheapest = min(usable, key=lambda quote: quote.fx_rate)
        self._choose(known, known.rng.choice(usable) if manner == "any" else cheapest, at)

    def _choose(self, known: _Open, quote: Quote, at: datetime) -> None:
        known.selected = quote
        self._note("selected", at, known.order, quote)
        if known.played:
            self._schedule(self._later(at, known.rng.uniform(*PLAYED_REACTION)), self._co_sign_played, known.order.intent_id)

    def _co_sign_played(self, at: datetime, intent_id: str) -> None:
        known = self.open.get(intent_id)
        if known is None or known.order.status != "PENDING" or known.selected is None:
            return
        if at < known.selected.valid_until:
            self._sign(known, known.selected, at)

    def _sign(self, known: _Open, quote: Quote, at: datetime) -> None:
        changes = {
            "fx_rate": quote.fx_rate,
            "source_amount_actual": quote.source_amount,
            "market_maker_party_id": quote.market_maker_party_id,
            "quote_submitted_at": quote.submitted_at,
            "quote_accepted_at": at,
            "quote_valid_until": quote.valid_until,
        }
        self._move(known, at, "QUOTED", changes)
        within = known.rng.uniform(*EXECUTING_WITHIN)
        executes_at = quote.valid_until if known.script.ending == "lapse" else self._later(at, within)
        self._schedule(executes_at, self._execute, quote.intent_id)
        if known.script.ending == "cancel_quoted":
            self._schedule(self._later(at, within * known.rng.uniform(0.1, 0.9)), self._cancel, quote.intent_id)

    def _lapse(self, at: datetime, intent_id: str) -> None:
        """Begin the next round when the last quote of this one has lapsed, unless there have been enough."""
        known = self.open.get(intent_id)
        if known is None or known.order.status != "PENDING":
            return
        known.selected = None
        most = self.rules.rounds if known.script.rounds is None else known.script.rounds
        if most == 0 or known.rounds < most:
            self._plan_round(known, at)

    def _execute(self, at: datetime, intent_id: str) -> None:
        known = self.open.get(intent_id)
        if known is None:
            return
        if known.order.quote_valid_until is not None and at >= known.order.quote_valid_until:
            self._end(intent_id, at, "EXPIRED")
            return
        self._move(known, at, "EXECUTING", {})
        self._schedule(self._later(at, known.rng.uniform(*SETTLEMENT)), self._finish, intent_id)

    def _finish(self, at: datetime, intent_id: str) -> None:
        known = self.open.get(intent_id)
        if known is None:
            return
        if known.script.ending == "revert":
            self._end(intent_id, at, "FAILED", {"failure_reason": known.rng.choice(SETTLEMENT_FAILURES)})
        else:
            transaction_hash = known.script.transaction_hash or known.rng.randbytes(32).hex()
            self._end(intent_id, at, "SETTLED", {"settled_at": at, "transaction_hash": transaction_hash})

    def _refuse(self, at: datetime, intent_id: str) -> None:
        known = self.open.get(intent_id)
        if known is not None and known.order.status == "PENDING":
            self._end(intent_id, at, "FAILED", {"failure_reason": "KYC_FAIL"})

    def _cancel(self, at: datetime, intent_id: str) -> None:
        known = self.open.get(intent_id)
        if known is None or known.order.status not in OPEN_TO_CANCEL:
            return
        match self.switches["A-11"]:
            case "gone":
                del self.open[intent_id]
                self._note("withdrawn", at, known.order)
            case status:
                self._end(intent_id, at, status.upper())

    def _expire(self, at: datetime, intent_id: str) -> None:
        known = self.open.get(intent_id)
        if known is None or known.order.status != "PENDING":
            return
        if known.accepted and not known.quotes and self.switches["A-13"] == "failed_no_quote":
            self._end(intent_id, at, "FAILED", {"failure_reason": "NO_QUOTE"})
        else:
            self._end(intent_id, at, "EXPIRED")

    def _settle_directly(self, known: _Open, at: datetime) -> None:
        """Live an order's whole life in one moment: the load that a benchmark needs."""
        known.accepted = True
        terms = known.script.terms
        signed = {
            "fx_rate": terms.fx_rate,
            "source_amount_actual": exact_product(terms.target_amount, terms.fx_rate),
            "market_maker_party_id": market.MARKET_MAKERS[0],
            "quote_submitted_at": at,
            "quote_accepted_at": at,
            "quote_valid_until": self._later(at, self.rules.quote_validity),
        }
        self._move(known, at, "QUOTED", signed)
        self._move(known, at, "EXECUTING", {})
        self._finish(at, known.order.intent_id)

    # -- how it is written down -----------------------------------------------------------------------------------

    def _ours(self, intent_id: str) -> _Open | Answer:
        """Find an open order that our custodian may accept, or say why not."""
        order, known = self.order(intent_id), self.open.get(intent_id)
        if order is None or order.side == "none":
            return Answer("not_found", "order not found")
        if order.side == "receiver":
            return Answer("not_sender", "only the sender custodian may do this", order)
        return known or Answer("conflict", f"order is {order.status}", order)

    def _move(self, known: _Open, at: datetime, status: str, changes: Mapping[str, object]) -> None:
        if status not in TRANSITIONS[known.order.status]:
            raise AssertionError(f"{known.order.status} never becomes {status}")
        known.order = replace(known.order, status=status, updated_at=at, **changes)  # type: ignore[arg-type]
        self._note("status", at, known.order)

    def _end(self, intent_id: str, at: datetime, status: str, changes: Mapping[str, object] | None = None) -> None:
        known = self.open[intent_id]
        self._move(known, at, status, changes or {})
        self.ended[intent_id] = known.order
        del self.open[intent_id]

    def _note(self, kind: FactKind, at: datetime, order: Order, quote: Quote | None = None) -> None:
        self._facts.append(Fact(kind, at, order, quote))


def _terms(order: Order) -> Terms:
    """Read the terms of an order back; an order without a rate gets one that nobody uses."""
    return Terms(
        source_currency=order.source_currency,
        target_currency=order.target_currency,
        target_amount=order.target_amount,
        fx_rate=order.fx_rate or Decimal(1),
        source_amount_max=order.source_amount_max,
    )
