"""Protections of accepting without a person, how each is taken away, and the test that has to notice; see `negative_controls.py`."""

from __future__ import annotations

from tests.faults.controls import Control, Edit

_TESTS = "tests/integration/test_commands.py::"
_BURSTS = "tests/integration/test_bursts.py::"
_TABLE = "tests/unit/commands/test_decide.py::"
_FLOW = "tests/unit/workflow/test_accepting.py::"
_PEOPLE = "pipeline/stores/migrations/0018_pre_people.sql"
_QUOTES = "tests/unit/workflow/test_quotes.py::"
_ENGINE = "tests/unit/risk/test_engine.py::"
_EXECUTOR = "pipeline/commands/executor.py"

ACCEPTING = (
    Control(
        name="command journal",  # the attempt is no longer committed before its call
        edits=(
            Edit(
                file="pipeline/stores/journal.py",
                old='            row = connection.execute(_SQL["begin_call"], values).fetchone()\n',
                new="            row = (1, 'nobody')\n",
            ),
            Edit(
                file="pipeline/stores/journal.py",
                old='            connection.execute(_SQL["insert_attempt"], {**values,',
                new="            str({**values,",
            ),
        ),
        test=_TESTS + "test_an_applied_call_without_its_answer_is_not_repeated[accept_applied_502=1]",
        says=r"assert|not within",
    ),
    Control(
        name="one open command",
        edits=(
            Edit(
                file="pipeline/stores/migrations/0005_pre_commands.sql",
                old="CREATE UNIQUE INDEX one_open_command",
                new="CREATE INDEX one_open_command",
            ),
        ),
        test=_TESTS + "test_a_second_command_for_an_open_intent_is_refused_visibly",
        says=r"journalled",
    ),
    Control(
        name="a committed decision that allows it",
        edits=(Edit(file="pipeline/commands/decide.py", old='        "verdict": ("ACCEPT", decision.verdict),\n', new=""),),
        test=_TESTS + "test_without_an_accept_nothing_is_sent[REFER]",
        says=r"not_allowed",
    ),
    Control(
        name="the gate believes",  # whatever the sink has kept is taken for a decision
        edits=(
            Edit(
                file="pipeline/stores/journal.py",
                old="        (doubt,) = belief.doubts(connection, self._trust, [decided.heard])\n",
                new="        (doubt,) = belief.doubts(connection, self._trust, [decided.heard]) and (None,)\n",
            ),
        ),
        test=_TESTS + "test_a_referral_is_answered_by_as_many_people_as_it_needs[0]",
        says=r"'succeeded'",
    ),
    Control(
        name="what stands in the topic is believed",  # by workflow, sink and gate, as before there was such a question
        edits=(
            Edit(
                file="pipeline/stores/belief.py",
                old="    return [_doubt(trust, one, answered, committed) for one in heard]\n",
                new="    return [_doubt(trust, one, answered, committed) and None for one in heard]\n",
            ),
        ),
        test="tests/integration/test_belief.py::test_the_workflow_waits_for_the_real_answer[ACCEPT-True]",
        says=r"command-issued",
    ),
    Control(
        name="counted approvals",  # a referral's row that says approved is enough
        edits=(
            Edit(
                file="pipeline/stores/belief.sql",
                old="AND p.shown_sha256 = r.shown_sha256) >= r.approvers_needed",
                new="AND p.shown_sha256 = r.shown_sha256) >= 0",
            ),
        ),
        test="tests/integration/test_belief.py::test_an_answer_with_too_few_counted_approvals_is_not_believed",
        says=r"not believed",
    ),
    Control(
        name="signatures of an external engine",
        edits=(
            Edit(
                file="pipeline/log/signatures.py",
                old="        key.verify(base64.b64decode(text), signed_bytes(value, context_sha256))\n",
                new="        str(key), base64.b64decode(text), signed_bytes(value, context_sha256)\n",
            ),
        ),
        test=_TESTS + "test_the_gate_checks_what_an_external_engine_signed[for another question]",
        says=r"'succeeded'",
    ),
    Control(
        name="the decision before the call",
        edits=(
            Edit(
                file="pipeline/stores/journal.py",
                old="        if decided is None:\n            return Barred(",
                new="        if decided is None:\n            return None and Barred(",
            ),
            Edit(
                file="pipeline/stores/journal.sql",
                old="           AND (c.shadow OR c.calls_open",
                new="           AND (true OR c.calls_open",
            ),
        ),
        test=_TESTS + "test_a_decision_that_is_not_committed_yet_is_waited_for",
        says=r"expired|assert",
    ),
    Control(
        name="reading before repeating",
        edits=(
            Edit(
                file="pipeline/commands/executor.py",
                old="        if claim.calls_open:\n            return decide.resolve(claim, look, time)\n",
                new="        if claim.calls_open:\n            return Send(claim.quote_valid_until)\n",
            ),
        ),
        test=_TESTS + "test_an_applied_call_without_its_answer_is_not_repeated[accept_applied_502=1]",
        says=r"assert|not within",
    ),
    Control(
        name="reading before sending",
        edits=(
            Edit(
                file="pipeline/commands/decide.py",
                old="    reason = unfit(order, look, time)\n    if reason is not None:\n",
                new="    reason = unfit(order, look, time)\n    if reason is not None and seconds_before(order) < 0:\n",
            ),
            Edit(
                file="pipeline/commands/decide.py",
                old="def not_sent(",
                new="def seconds_before(_: Order) -> int:\n    return 0\n\n\ndef not_sent(",
            ),
        ),
        test=_TESTS + "test_what_has_changed_since_the_decision_is_not_sent[record0-changed0-terms_changed]",
        says=r"assert",
    ),
    Control(
        name="409 is an outcome",
        edits=(
            Edit(
                file="pipeline/commands/decide.py",
                old="        case Answered() if answer.http_status in (400, 409):\n            return AskRecord(answer)\n",
                new="        case Answered() if answer.http_status in (400, 409):\n            return Wait(0.0)\n",
            ),
        ),
        test=_TESTS + "test_a_409_is_an_outcome_and_never_retried",
        says=r"assert",
    ),
    Control(
        name="a refusal outlives its executor",
        edits=(
            Edit(
                file="pipeline/commands/executor.py",
                old="        if claim.refusal is not None:\n",
                new="        if claim.refusal is not None and claim.epoch < 0:\n",
            ),
        ),
        test=_TESTS + "test_a_refusal_is_final_for_whoever_goes_on[accept_proposal]",
        says=r"assert",
    ),
    Control(
        name="halts in the attempt's transaction",
        edits=(
            Edit(
                file="pipeline/stores/journal.py",
                old='            if halt is not None:\n                return Barred("halted", halt.told)\n',
                new="",
            ),
        ),
        test=_TESTS + "test_a_halt_that_has_returned_is_seen_by_every_attempt",
        says=r"assert not any",
    ),
    Control(
        name="lease epoch of a claim",
        edits=(
            Edit(
                file="pipeline/stores/journal.sql",
                old=" AND lease_epoch = %(epoch)s AND state IN ('journalled', 'sent') AND lease_until > clock_timestamp()\n",
                new="\n",
            ),
        ),
        test=_TESTS + "test_a_claim_passes_on_when_its_executor_stands_still",
        says=r"isinstance|CheckViolation|rule against",
    ),
    Control(
        name="different people",  # what was typed is counted, as it was before people were logins
        edits=(
            Edit(
                file=_PEOPLE,
                old="        VALUES (referral, 'login:' || person.login, label, word,",
                new="        VALUES (referral, 'label:' || label, label, word,",
            ),
            Edit(file=_PEOPLE, old="CREATE UNIQUE INDEX one_word_per_login", new="CREATE INDEX one_word_per_login"),
        ),
        test="tests/integration/test_approvals.py::test_four_eyes_are_two_different_people",
        says=r"repeated",
    ),
    Control(
        name="who can write is not a person",
        edits=(Edit(file=_PEOPLE, old="    IF custodian.can_write(session_user) THEN\n", new="    IF false THEN\n"),),
        test="tests/integration/test_people.py::test_who_can_write_the_tables_is_not_counted[owner]",
        says=r"DID NOT RAISE|none of a person",
    ),
    Control(
        name="who can approve cannot write",
        edits=(
            Edit(
                file="pipeline/stores/grants.py",
                old="    EXECUTE format('GRANT SELECT ON ALL TABLES",
                new="    EXECUTE format('GRANT SELECT, INSERT ON ALL TABLES",
            ),
        ),
        test="tests/integration/test_people.py::test_who_can_approve_can_write_nothing",
        says=r"AssertionError: INSERT INTO \S+ DEFAULT VALUES: ",
    ),
    Control(
        name="two people end a halt",
        edits=(Edit(file=_PEOPLE, old="    IF cardinality(agreed) < 2 THEN\n", new="    IF cardinality(agreed) < 1 THEN\n"),),
        test="tests/integration/test_people.py::test_a_halt_ends_by_the_word_of_two_people_about_exactly_this_halt",
        says=r"counted",
    ),
    Control(
        name="three calls at most",
        edits=(Edit(file="pipeline/commands/decide.py", old="    if claim.calls_open >= CALLS_MAX or unfit(", new="    if unfit("),),
        test=_TABLE + "test_a_co_signature_is_repeated_after_two_readings_and_three_calls_at_most",
        says=r"assert isinstance",
    ),
    Control(
        name="halt before the send",  # the same protection, seen from the venue
        edits=(
            Edit(
                file="pipeline/stores/journal.py",
                old='            if halt is not None:\n                return Barred("halted", halt.told)\n',
                new="",
            ),
        ),
        test=_TESTS + "test_nothing_is_sent_while_halted[tokyo-None]",
        says=r"'succeeded'",
    ),
    Control(
        name="shadow sends nothing",
        edits=(
            Edit(
                file="pipeline/commands/executor.py",
                old='        may_send = not (claim.order.shadow or self.accepting == "shadow")\n',
                new="        may_send = True\n",
            ),
        ),
        test=_TESTS + "test_shadow_sends_nothing[shadow-live]",
        says=r"'succeeded'",
    ),
    Control(
        name="cost guard before the send",
        edits=(
            Edit(
                file="pipeline/commands/decide.py",
                old="        return Reason.COST_GUARD_BROKEN\n",
                new="        return None\n",
            ),
        ),
        test=_TESTS + "test_what_has_changed_since_the_decision_is_not_sent[record3-changed3-cost_guard_broken]",
        says=r"cost_guard_broken",
    ),
    Control(
        name="cost guard of what is offered",
        edits=(
            Edit(
                file="pipeline/processors/workflow/quotes.py",
                old=" and bool(keeps_maximum(state, quote))\n",
                new="\n",
            ),
        ),
        test=_QUOTES + "test_a_quote_over_the_maximum_is_an_alarm_and_no_choice",
        says=r"assert",
    ),
    Control(
        name="valid_until of the quote that was read",
        edits=(
            Edit(
                file="pipeline/commands/decide.py",
                old="    if time.latest >= quote.valid_until:\n        return Reason.QUOTE_EXPIRED\n",
                new="",
            ),
        ),
        test=_TABLE + "test_a_command_that_is_not_fit_ends_without_a_call[quote_expired-expired-seen15-at15]",
        says=r"AssertionError: Send\(",
    ),
    Control(
        name="valid_until right before leaving",
        edits=(
            Edit(
                file="pipeline/commands/decide.py",
                old="    return Reason.QUOTE_EXPIRED if quote_valid_until is not None and time.latest >= quote_valid_until else None\n",
                new="    return None\n",
            ),
        ),
        test=_TABLE + "test_right_before_leaving_the_time_is_looked_at_again",
        says=r"QUOTE_EXPIRED",
    ),
    Control(
        name="time to decide",
        edits=(
            Edit(
                file="pipeline/processors/workflow/answers.py",
                old="    if now >= ask.decide_by:\n        return _too_late(state, ask, answer, now)\n",
                new="",
            ),
        ),
        test=_FLOW + "test_an_accept_that_is_read_after_its_time_has_no_effect",
        says=r"assert",
    ),
    Control(
        name="context of an answer",
        edits=(
            Edit(
                file="pipeline/processors/workflow/answers.py",
                old="    if answer.context_sha256 != ask.context_sha256:\n"
                '        return [AnswerSeen(answer, "decision_of_other_context")]\n',
                new="",
            ),
        ),
        test=_FLOW + "test_an_answer_to_another_context_has_no_effect",
        says=r"assert",
    ),
    Control(
        name="only an offered quote",
        edits=(
            Edit(
                file="pipeline/processors/workflow/answers.py",
                old="    if answer.quote_id not in ask.offered or quote is None:\n",
                new="    if quote is None:\n",
            ),
            Edit(
                file="pipeline/processors/workflow/answers.py",
                old="    if not quotes.is_offered(state, quote) or lapses_at is None or now >= lapses_at:\n",
                new="    if lapses_at is None or now >= lapses_at:\n",
            ),
        ),
        test="tests/faults/test_external_engine.py::test_what_a_bad_engine_says_does_no_harm_and_can_be_seen",
        says=r"check_calls|over_guard|not within|command_while_open",
    ),
    Control(
        name="a referral waits for people",  # REFER is executed without an approval
        edits=(
            Edit(
                file="pipeline/processors/workflow/answers.py",
                old='            return [*at_all, Moved(trigger=Trigger.REFERRED, at=now, note="waits for a person")]\n',
                new="            return _accept(rules, state, ask, answer, now)\n",
            ),
        ),
        test=_FLOW + "test_a_referral_waits_for_an_answer_that_refers_to_it",
        says=r"assert",
    ),
    Control(
        name="another answer does not answer a referral",
        edits=(
            Edit(
                file="pipeline/processors/workflow/answers.py",
                old="    person = REFERRED.get(state.phase) == ask.question and answer.refers_to == state.referral\n",
                new="    person = REFERRED.get(state.phase) == ask.question\n",
            ),
        ),
        test=_FLOW + "test_a_referral_waits_for_an_answer_that_refers_to_it",
        says=r"assert",
    ),
    Control(
        name="approval of exactly what was shown",
        edits=(
            Edit(
                file=_PEOPLE,
                old="    IF waits.state = 'pending' AND shown = waits.shown_sha256 THEN\n",
                new="    IF waits.state = 'pending' THEN\n",
            ),
        ),
        test="tests/integration/test_approvals.py::test_an_approval_of_something_else_is_stale_and_says_what_changed",
        says=r"stale",
    ),
    Control(
        name="no other quote while one is in doubt",
        edits=(
            Edit(
                file="pipeline/processors/workflow/quotes.py",
                old="    free = state.pinned in (None, quote.quote_id) and not",
                new="    free = not",
            ),
            Edit(
                file="pipeline/processors/workflow/quotes.py",
                old="    seen = [quote for quote in shown if state.pinned in (None, quote.quote_id)]\n",
                new="    seen = shown\n",
            ),
        ),
        test=_QUOTES + "test_after_an_unknown_outcome_no_other_quote_is_named",
        says=r"assert",
    ),
    Control(
        name="answers are committed before they are published",
        edits=(
            Edit(
                file="pipeline/engines/step.py",
                old="        settled = {} if self._settle is None else self._settled(connection, batches, self._settle)\n"
                "        with connection.transaction():\n",
                new="        with connection.transaction():\n"
                "            settled = {} if self._settle is None else self._settled(connection, batches, self._settle)\n",
            ),
        ),
        test="tests/integration/test_settled_step.py::test_an_answer_that_was_published_and_not_committed_comes_out_the_same",
        says=r"assert",
    ),
    Control(
        name="outcomes are marked after they are published",
        edits=(
            Edit(
                file="pipeline/stores/journal.py",
                old="                publish([_completed(row) for row in rows])\n"
                '                connection.execute(_SQL["published"], {"commands": [row["command_id"] for row in rows]})\n',
                new='                connection.execute(_SQL["published"], {"commands": [row["command_id"] for row in rows]})\n'
                '                connection.execute("COMMIT")\n'
                "                publish([_completed(row) for row in rows])\n",
            ),
        ),
        test=_TESTS + "test_an_outcome_is_marked_only_after_it_is_acknowledged",
        says=r"assert",
    ),
    Control(
        name="one decider at a time",  # a reservation is no longer atomic with what it was read from
        edits=(
            Edit(
                file="pipeline/stores/exposures.py",
                old='        self._connection.execute(_SQL["lock"], (LOCK_CLASS, EVERYWHERE))\n',
                new="",
            ),
        ),
        test="tests/integration/test_exposures.py::test_who_decides_at_one_venue_waits_for_the_other",
        says=r"not within [0-9.]+ s: the decider at the other venue waits",
    ),
    Control(
        name="the limits are asked again when people have agreed",
        edits=(
            Edit(
                file="pipeline/decisions/agreed.py",
                old="    stopped = bool(against)\n",
                new="    stopped = False\n",
            ),
        ),
        test="tests/integration/test_agreed.py::test_five_approved_orders_do_not_pass_a_limit_whose_word_is_reject",
        says=r"At index 1 diff: 'approved' != 'rejected'",
    ),
    Control(
        name="an approval is reserved in the transaction of its answer",
        edits=(
            Edit(
                file="pipeline/decisions/agreed.py",
                old="        exposures.reserve(order, referred.question, made.decision_id, signed, at)\n",
                new="        str((order, signed))\n",
            ),
        ),
        test="tests/integration/test_agreed.py::test_five_approved_orders_do_not_pass_a_limit_whose_word_is_reject",
        says=r"At index 1 diff: 'approved' != 'rejected'",
    ),
    Control(
        name="an answer waits for whoever decides",
        edits=(
            Edit(
                file="pipeline/decisions/agreed.py",
                old="    exposures.lock([referred.venue])\n",
                new="",
            ),
        ),
        test="tests/integration/test_agreed.py::test_an_answer_waits_for_who_decides_at_the_moment",
        says=r"not within [0-9.]+ s: the answer waits",
    ),
    Control(
        name="an approved order that settled is not forgotten",
        edits=(
            Edit(
                file="pipeline/policy/exposures.py",
                old='    if state == "settled" or ended == lifecycle.SETTLED:\n',
                new='    if state == "settled":\n',
            ),
        ),
        test="tests/integration/test_exposures.py::"
        "test_in_whatever_order_the_news_of_an_approved_order_is_read_it_counts_once[approved, settled]",
        says=r"\('settle', 'approve'\), 1, ",
    ),
    Control(
        name="ingest's share of the request cap",  # accept calls and their readings go before everything again
        edits=(
            Edit(
                file="pipeline/stores/request_budget.py",
                old="   AND (NOT %(accepting)s OR others_until <= n.now OR",
                new="   AND (true OR others_until <= n.now OR",
            ),
        ),
        test=_BURSTS + "test_accepting_leaves_ingest_its_share_while_it_waits",
        says=r"two are granted at once|the rest waits",
    ),
    Control(
        name="claims bounded by rate and lease",  # all is taken in hand at once, and nothing renews it
        edits=(
            Edit(file="pipeline/commands/executor.py", old="        if pace is None:\n", new="        if pace is None or pace > 0:\n"),
            Edit(
                file="pipeline/commands/executor.py",
                old="            await asyncio.sleep(self.limits.lease * RENEW_SHARE)\n",
                new="            await asyncio.sleep(3600 + RENEW_SHARE)\n",
            ),
        ),
        test=_BURSTS + "test_a_burst_beyond_the_cap_is_worked_off_and_ingest_goes_on",
        says=r"all are accepted|nothing is begun and lost",
    ),
    Control(
        name="a claim is renewed while it waits",
        edits=(
            Edit(
                file="pipeline/commands/executor.py",
                old="            await asyncio.sleep(self.limits.lease * RENEW_SHARE)\n",
                new="            await asyncio.sleep(3600 + RENEW_SHARE)\n",
            ),
        ),
        test=_BURSTS + "test_a_claim_is_renewed_while_its_turn_waits_for_permits",
        says=r"still the first claim",
    ),
    Control(
        name="two people for a policy",
        edits=(
            Edit(
                file="pipeline/stores/migrations/0024_pre_policies.sql",
                old="    IF cardinality(agreed) < 2 THEN\n",
                new="    IF cardinality(agreed) < 1 THEN\n",
            ),
        ),
        test="tests/integration/test_policies.py::test_two_people_put_a_policy_in_force_for_every_process_at_once",
        says=r"assert \['activated'",
    ),
    Control(
        name="the same version has the same bytes",
        edits=(
            Edit(
                file="pipeline/stores/migrations/0024_pre_policies.sql",
                old="    IF FOUND THEN\n",
                new="    IF false THEN\n",
            ),
            Edit(file="pipeline/stores/migrations/0024_pre_policies.sql", old="    UNIQUE (name, version)\n", new="    CHECK (true)\n"),
        ),
        test="tests/integration/test_policies.py::test_the_same_version_with_other_bytes_is_refused",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="a run of the server is looked at",  # an attempt begins in a run of which nobody knows what it holds
        edits=(
            Edit(
                file="pipeline/stores/journal.py",
                old="            if self._look is not None and not continuity.is_known(connection):\n                return Barred(",
                new="            if False:\n                return Barred(",
            ),
        ),
        test="tests/integration/test_continuity.py::test_no_attempt_begins_in_a_run_that_nobody_has_looked_at",
        says=r"assert None == 'lost'",
    ),
    Control(
        name="what the tables forgot is read before it is sent",
        edits=(
            Edit(
                file="pipeline/stores/migrations/0027_pre_roles.sql",
                old="     WHERE state IN ('journalled', 'sent') AND NOT shadow",
                new="     WHERE false AND NOT shadow",
            ),
        ),
        test="tests/integration/test_continuity.py::test_a_call_that_the_tables_forgot_is_not_made_again[before the look]",
        says=r"'refused'",
    ),
    Control(
        name="what is missing is never a rejection",
        edits=(Edit(file="pipeline/policy/engine.py", old='"MISSING": "REFER"}\n', new='"MISSING": otherwise}\n'),),
        test=_ENGINE + "test_a_missing_input_is_waited_for_and_then_referred_and_never_rejected[REJECT]",
        says=r"3\.0: 'REJECT'",
    ),
    Control(
        name="what is missing is waited for",
        edits=(Edit(file="pipeline/policy/engine.py", old='{**words, "MISSING": "WAIT"}', new="words"),),
        test=_ENGINE + "test_a_missing_input_is_waited_for_and_then_referred_and_never_rejected[REJECT]",
        says=r"0\.0: 'REFER'",
    ),
    Control(
        name="what was declined without its evidence opens again",
        edits=(
            Edit(
                file="pipeline/processors/workflow/decide.py",
                old="    opens = _rejected_unseen(state) and now < accept_by(rules, state)\n",
                new="    opens = _rejected_unseen(state) and now < now\n",
            ),
        ),
        test=_FLOW + "test_what_was_answered_for_want_of_evidence_is_asked_again_when_it_comes[REJECT]",
        says=r"not enough values to unpack \(expected 1, got 0\)",
    ),
    Control(
        name="what the venue refused is no yes of the engine's on the same facts",
        edits=(
            Edit(
                file="pipeline/policy/engine.py",
                old="        refused = _asked_all(_BUILT_IN_REFUSED, case) if facts.request.context.refusals else []\n",
                new="        refused: list[Outcome] = []\n",
            ),
        ),
        test=_ENGINE + "test_what_the_venue_refused_on_the_same_facts_is_for_people[True-REFER]",
        says=r"'ACCEPT' == 'REFER'",
    ),
    Control(
        name="what the venue refused is no command on the same facts",  # whatever an engine says
        edits=(
            Edit(
                file="pipeline/processors/workflow/answers.py",
                old='        case "ACCEPT" if ask.repeats and not person:\n',
                new='        case "ACCEPT" if ask.repeats and person and not person:\n',
            ),
        ),
        test=_FLOW + "test_a_conflict_without_quotes_is_for_people",
        says=r"== \['decision_malformed'\]",
    ),
    Control(
        name="no decision of before a refusal",
        edits=(
            Edit(
                file="pipeline/stores/journal.py",
                old="            if refused is not None:\n",
                new="            if refused is not None and not refused:\n",
            ),
        ),
        test=_TESTS + "test_a_decision_older_than_a_refusal_is_none_to_go_by",
        says=r"'succeeded'",
    ),
    Control(
        name="the quote that the institution chose, or none",
        edits=(
            Edit(
                file="pipeline/policy/engine.py",
                old="        theirs = picked(facts.quotes, facts.now)\n",
                new="        theirs = picked(facts.quotes, facts.now)[:0]\n",
            ),
        ),
        test=_ENGINE + "test_beside_the_institutions_choice_no_other_quote_is_signed[rules5-theirs5-REJECT]",
        says=r"'ACCEPT'",
    ),
    Control(
        name="nothing is co-signed that the ledger would refuse",
        edits=(Edit(file="pipeline/policy/engine.py", old="_against(self._bookable[1], case) + ", new=""),),
        test=_ENGINE + "test_what_the_books_could_not_hold_is_for_people[scales1-given1-112.0000000001-REFER]",
        says=r"'ACCEPT'",
    ),
    Control(
        name="no proposal is accepted that the ledger would refuse",
        edits=(Edit(file="pipeline/policy/engine.py", old="_against(self._bookable[0], case) + ", new=""),),
        test=_ENGINE + "test_what_the_books_could_not_hold_is_seen_with_the_proposal_where_it_shows_there",
        says=r"'ACCEPT' == 'REFER'",
    ),
    Control(
        name="a call that waited is looked at again",
        edits=(Edit(file=_EXECUTOR, old="        if self._age(look) > LOOK_AGE_AT_GATE:\n", new="        if claim is None:\n"),),
        test=_TESTS + "test_a_call_that_waited_for_its_permit_is_looked_at_again[True]",
        says=r"looked at, and again when the permit came",
    ),
    Control(
        name="a look of two seconds at most when the call leaves",
        edits=(Edit(file=_EXECUTOR, old=" or self._age(look) > LOOK_AGE_MAX:\n", new=":\n"),),
        test=_TESTS + "test_a_call_that_is_held_up_after_its_checks_does_not_leave[the look is old]",
        says=r"\(1, 'done'\)",
    ),
    Control(
        name="a call leaves at once after its checks or not at all",
        edits=(Edit(file=_EXECUTOR, old="self.clock.monotonic() - began_at > GATE_SECONDS_MAX or ", new=""),),
        test=_TESTS + "test_a_call_that_is_held_up_after_its_checks_does_not_leave[the checks are old]",
        says=r"\(1, 'done'\)",
    ),
    Control(
        name="parties and jurisdictions as they were decided on",
        edits=(
            Edit(
                file=_EXECUTOR,
                old="        if changed := decide.other_parties(decided, look.order):\n",
                new="        if changed := decide.other_parties(decided, None):\n",
            ),
        ),
        test=_TESTS + "test_a_party_or_jurisdiction_that_the_decision_did_not_see_is_not_sent_for[receiver_party_id]",
        says=r"'succeeded'",
    ),
    Control(
        name="hours, rates and screenings as they are when it leaves",
        edits=(Edit(file=_EXECUTOR, old="if lapsed else None\n", new="if not lapsed else None\n"),),
        test=_TESTS + "test_what_the_policy_would_not_say_any_more_is_not_sent",
        says=r"'succeeded'",
    ),
    Control(
        name="what was left out in shadow is asked anew in live",
        edits=(
            Edit(
                file="pipeline/processors/workflow/outcomes.py",
                old='    return last is not None and last.outcome == "shadowed" and not last.void\n',
                new="    return last is None and kind is not None and False\n",
            ),
        ),
        test=_FLOW + "test_what_was_accepted_in_shadow_only_is_asked_anew_in_live",
        says=r"assert",
    ),
    Control(
        name="people alone answer a referral",  # an external engine may do so where a setting allows it
        edits=(
            Edit(
                file="pipeline/stores/belief.py",
                old="        if trust.keys is None or not trust.answers_referrals:\n",
                new="        if trust.keys is None:\n",
            ),
        ),
        test="tests/integration/test_belief.py::test_nothing_in_the_topic_answers_a_referral[0-ACCEPT-external]",
        says=r"assert \[\] == \['not believed'\]",
    ),
    Control(
        name="logins do not look alike",
        edits=(Edit(file=_PEOPLE, old=" CHECK (login ~ '^[a-z0-9]([a-z0-9_.@-]{0,61}[a-z0-9])?$')", new=""),),
        test="tests/integration/test_people.py::test_no_two_logins_look_alike[officer.]",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="a database that has gone back is halted",
        edits=(
            Edit(
                file="pipeline/stores/continuity.py",
                old='    connection.execute(_SQL["halt"], {"reason": f"the database has gone back: {found[0].told}"[:_REASON_MAX]})\n',
                new="",
            ),
        ),
        test="tests/integration/test_continuity.py::test_what_is_lacking_halts_everything_and_brings_halts_back",
        says=r"halts everything first",  # the database takes no note of it otherwise
    ),
    Control(
        name="halts come back from the acts",
        edits=(
            Edit(
                file="pipeline/stores/continuity.py",
                old="        if isinstance(one, ForgottenHalt):\n",
                new="        if isinstance(one, ForgottenHalt) and one.venue == one.by:\n",
            ),
        ),
        test="tests/integration/test_continuity.py::test_what_is_lacking_halts_everything_and_brings_halts_back",
        says=r"Left contains one more item: ForgottenHalt",
    ),
    Control(
        name="a halt is looked for whatever the offsets show",
        edits=(
            Edit(
                file="pipeline/stores/continuity.py",
                old="[*behind, *forgotten(connection, acts())]",
                new="[*behind, *(forgotten(connection, acts()) if behind else [])]",
            ),
        ),
        test="tests/integration/test_continuity.py::test_a_halt_that_no_offset_shows_as_lost_stops_the_first_attempt",
        says=r"assert dict_keys\(\[\]\) ==",
    ),
    Control(
        name="a resume of the topic ends no halt",
        edits=(
            Edit(
                file="pipeline/stores/continuity.py",
                old="        if ended is not None and ended < halt.at:\n",
                new="        later = [act for act in acts if act.action == 'resume' and act.at > time_text(halt.at)]\n"
                "        if ended is not None and ended < halt.at and not later:\n",
            ),
        ),
        test="tests/integration/test_continuity.py::test_a_halt_whose_row_is_gone_is_forgotten_whatever_the_topic_says_of_its_end",
        says=r"not enough values to unpack",
    ),
    Control(
        name="what was left out in shadow is woken however old",
        edits=(
            Edit(
                file="pipeline/stores/states.py",
                old="WHERE state = 'shadowed')",
                new="WHERE state = 'shadowed' AND completed_at > now() - interval '1 hour')",
            ),
        ),
        test="tests/integration/test_refused_since.py::test_states_whose_commands_were_left_out_in_shadow_are_woken",
        says=r"assert 0 == 2",
    ),
    Control(
        name="only risk writes what the engine has said",
        edits=(
            Edit(
                file="pipeline/stores/grants.py",
                old='        "commands.journal": _KEEP,\n',
                new='        "commands.journal": _KEEP,\n        "risk.decisions": "SELECT, INSERT",\n',
            ),
        ),
        test="tests/integration/test_roles.py::test_the_password_of_commands_makes_no_word_of_anybody_else",
        says=r"assert|DID NOT RAISE",
    ),
    Control(
        name="who opens a referral does not say what it asks",
        edits=(
            Edit(
                file="pipeline/stores/belief.py",
                old="return _doubt_of_referral(trust, referral)",
                new="return None",
            ),
        ),
        test="tests/integration/test_belief.py::test_who_opens_referrals_changes_nothing_of_what_people_are_asked"
        "[approvers_needed = 1-built in]",
        says=r"assert \[\] == \['not believed'\]",
    ),
    Control(
        name="commands emit nothing but answers",
        edits=(
            Edit(
                file="pipeline/stores/grants.py",
                old='("decision-made.v1",)',
                new='("decision-made.v1", "order-settled.v1")',
            ),
        ),
        test="tests/integration/test_roles.py::test_the_password_of_commands_makes_no_word_of_anybody_else",
        says=r"assert|DID NOT RAISE",
    ),
    Control(
        name="a refusal is what the journal says was refused",
        edits=(
            Edit(
                file="pipeline/stores/exposures.py",
                old='if self._connection.execute(_SQL["not_carried_out"], about).fetchone() is None:',
                new='if not _SQL["not_carried_out"]:',
            ),
        ),
        test="tests/integration/test_exposures.py::test_a_forged_refusal_gives_nothing_back[known0]",
        says=r"assert True is False",
    ),
    Control(
        name="an accepted order never counts for less",
        edits=(
            Edit(
                file="pipeline/stores/exposures.sql",
                old="ELSE greatest(e.target_amount, EXCLUDED.target_amount) END",
                new="ELSE EXCLUDED.target_amount END",
            ),
        ),
        test="tests/integration/test_exposures.py::test_another_question_about_the_same_order_makes_it_count_for_no_less[after]",
        says=r"assert \(Decimal\('1'\)",
    ),
    Control(
        name="what a limit lacks is no no",
        edits=(
            Edit(
                file="pipeline/decisions/agreed.py",
                old="    if lacking and len(late)",
                new="    if False and len(late)",
            ),
        ),
        test="tests/integration/test_agreed.py::test_what_a_limit_cannot_know_yet_declines_nothing_that_people_approved",
        says=r"assert|diff",
    ),
    Control(
        name="the snapshot that the venue shows",
        edits=(
            Edit(
                file=_EXECUTOR,
                old="        if other := decide.other_evidence(decided, look.snapshot):\n",
                new="        if other := None:\n",
            ),
        ),
        test=_TESTS + "test_a_snapshot_that_the_venue_does_not_show_is_nothing_to_go_by[forged0-kyc_status-accept_proposal]",
        says=r"evidence_changed|'succeeded'",
    ),
    Control(
        name="all quotes as they were decided on",
        edits=(Edit(file=_EXECUTOR, old="        if signs and (others := ", new="        if False and (others := "),),
        test=_TESTS + "test_all_quotes_are_as_they_were_decided_on[the cheapest withdrawn]",
        says=r"quotes_changed|'succeeded'",
    ),
    Control(
        name="evidence from the future",
        edits=(Edit(file="pipeline/domain/moments.py", old="    return at > now + AHEAD_MAX\n", new="    return False\n"),),
        test="tests/unit/workflow/test_accepting.py::test_evidence_of_a_time_that_has_not_come_is_not_believed[3600-False]",
        says=r"assert",
    ),
)
