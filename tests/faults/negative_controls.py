"""Takes one protection away at a time and shows that a test notices.

    python -m tests.faults.negative_controls            # all of them
    python -m tests.faults.negative_controls --list
    python -m tests.faults.negative_controls "position guard"

The tree is copied into a temporary folder, a protection is removed there by exact replacement of text, and the named test runs on the copy:
it has to fail, for the reason that is expected. Where the text to replace is gone, this script says so and fails: then the protection has
moved, and the control has to follow it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.faults.accepting_controls import ACCEPTING
from tests.faults.controls import Control, ControlError, Edit, show

ADVANCE = "                opened.advance({partition: kept[-1].offset + 1 for partition, kept in fresh.items()})\n"
"""Where a sink's position is stored with its rows."""

_ROLES = "tests/integration/test_roles.py::"
_WALLS = "tests/faults/test_kafka_walls.py::"
_WAYS = "tests/unit/test_transport.py::test_a_weak_way_beyond_this_machine_is_refused_unless_its_section_wants_it"

SPINE = (
    Control(
        name="outputs before commit",
        edits=(
            Edit(
                file="pipeline/engines/step.py",
                old="        if outcome.outputs:\n            self._publisher.publish(outcome.outputs)\n",
                new="",
            ),
            Edit(
                file="pipeline/engines/step.py",
                old='        self._failpoints.reach(f"{self._processor.name}.after_commit")\n',
                new='        self._failpoints.reach(f"{self._processor.name}.after_commit")\n'
                "        self._publisher.publish(outcome.outputs)\n",
            ),
        ),
        test="tests/exams/test_points.py::test_each_point_on_real_services[faust-killed after_commit]",
        says=r"committed before it was said",
    ),
    Control(
        name="position guard",
        edits=(
            Edit(
                file="pipeline/log/position.py",
                old="        if record.offset > expected:\n",
                new="        if record.offset > expected and (expected := record.offset) < 0:\n",
            ),
        ),
        test="tests/faults/test_positions.py::test_a_hole_stops_the_worker_with_an_alarm_and_work_resumes_by_itself",
        says=r"each consumer meets its hole",
    ),
    Control(
        name="ends of the calendar",
        edits=(Edit(file="pipeline/log/envelope.py", old="    return at if is_moment(at) else None\n", new="    return at\n"),),
        test="tests/properties/test_ends_of_the_calendar.py::test_a_workflow_goes_on_and_co_signs_no_such_quote",
        says=r"OverflowError",
    ),
    Control(
        name="marks of transactions",
        edits=(
            Edit(
                file="pipeline/log/log_batches.py",
                old="        if batch.control or (batch.transactional and batch.producer_id in taken_back):\n",
                new="        if batch.last < 0:\n",
            ),
        ),
        test="tests/exams/test_transactions.py::test_marks_are_passed_over_and_what_was_taken_back_has_no_effect[librdkafka]",
        says=r"position_hole|every worker has ended",
    ),
    Control(
        name="what was taken back",
        edits=(
            Edit(
                file="pipeline/engines/_faust_transport.py",
                old='        consumer._isolation_level = "read_committed"\n',
                new="",
            ),
        ),
        test="tests/exams/test_transactions.py::test_marks_are_passed_over_and_what_was_taken_back_has_no_effect[faust]",
        says=r"audit.booked == expected",
    ),
    Control(
        name="unique booking key",
        edits=(
            Edit(
                file="connectors/sinks/accounting_ledger/migrations/0002_pre_key_with_venue.sql",
                old="CREATE UNIQUE INDEX settlement_is_booked_once_per_venue",
                new="CREATE INDEX settlement_is_booked_once_per_venue",
            ),
        ),
        test="tests/integration/test_ledger.py::test_the_database_books_a_key_once",
        # Without the key it is another rule that refuses: an entry has to bring its postings.
        says=r"DID NOT RAISE|CheckViolation",
    ),
    Control(
        name="the client is a term",
        edits=(
            Edit(
                file="pipeline/domain/orders.py",
                old="TERM_NAMES = tuple(f.name for f in fields(Terms))\n",
                new="TERM_NAMES = tuple(f.name for f in fields(Terms))[:-2]\n",
            ),
        ),
        test="tests/exams/test_settlement_exam.py::test_each_history_comes_out_right_in_memory[another client]",
        says=r"settlement_conflict|settlement_unattributed",
    ),
    Control(
        name="nothing is booked from a hint for nobody",
        edits=(
            Edit(
                file="pipeline/processors/settlement/decide.py",
                old="    if not event.is_record and unnamed_clients(side, event.stated):\n        return [claimed]\n",
                new="",
            ),
        ),
        test="tests/unit/settlement/test_settled_event.py::test_a_hint_that_does_not_name_our_client_books_nothing[sender]",
        says=r"assert True == \(",
    ),
    Control(
        name="settlement dedupe",
        edits=(
            Edit(
                file="pipeline/processors/settlement/decide.py",
                old="    if state.booked is not None:\n        return _compare(state.booked, event, side, now)\n",
                new="",
            ),
        ),
        test="tests/faults/test_stream.py::test_repeats_gaps_other_shapes_and_contradictions",
        says=r"check_emitted|dead letters",
    ),
    Control(
        name="dead letters of the settlement processor",
        edits=(
            Edit(
                file="pipeline/engines/step.py",
                old="            outcome.outputs.append(dead_letter_of_record(",
                new="            str(dead_letter_of_record(",
            ),
        ),
        test="tests/faults/test_bad_records.py::test_poison_records_in_the_topics_are_dead_lettered_and_the_partitions_go_on",
        says=r"has 0 dead letters",
    ),
    Control(
        name="dead letters of the stream",
        edits=(
            Edit(
                file="pipeline/ingest/hints.py",
                old="            return Item(outgoing=letter_of(self._connector.venue, seen))\n",
                new="            letter_of(self._connector.venue, seen)\n            return Item()\n",
            ),
        ),
        test="tests/faults/test_stream.py::test_bad_input_by_the_stream_is_dead_lettered_and_the_stream_goes_on",
        says=r"0 dead letters",
    ),
    Control(
        name="what is unfinished is read again",
        edits=(
            Edit(
                file="pipeline/ingest/sweep.py",
                old="            await self._read(intent)\n",
                new="            str(intent)\n",
            ),
        ),
        test="tests/unit/ingest/test_unfinished.py::test_a_settlement_without_a_hash_is_read_until_it_is_whole",
        says=r"it is published whole",
    ),
    Control(
        name="the unfinished list is stored",
        edits=(
            Edit(
                file="pipeline/ingest/publish.py",
                old="                    unfinished=unfinished,\n",
                new="",
            ),
        ),
        test="tests/unit/ingest/test_unfinished.py::test_a_hint_is_on_the_list_before_its_place_in_the_stream_is_stored",
        says=r"assert \(1, set\(\)\)",
    ),
    Control(
        name="sweep",
        edits=(
            Edit(
                file="pipeline/ingest/sweep.py",
                old="        await self._book.note(page.seen)\n",
                new="",
            ),
        ),
        test="tests/unit/ingest/test_unfinished.py::test_terms_that_change_after_the_settlement_are_found_by_the_sweep",
        says=r"not within 20 s",
    ),
    Control(
        name="one order that fails by name",
        edits=(
            Edit(
                file="pipeline/ingest/reconcile.py",
                old="                self._say_failed(intent, error)\n"
                '                await by_name.put_step(self._book, intent, "failing", self._clock)\n',
                new="                raise\n",
            ),
        ),
        test="tests/unit/ingest/test_isolation.py::test_one_order_that_fails_by_name_does_not_stop_the_round[5xx]",
        says=r"rounds are done|not within",
    ),
    Control(
        name="one part of a round that fails",
        edits=(
            Edit(
                file="pipeline/ingest/reconcile.py",
                old="            self._failures.append(error)\n            return None\n",
                new="            raise\n",
            ),
        ),
        test="tests/unit/ingest/test_isolation.py::test_one_part_of_a_round_that_fails_does_not_stop_the_others[list SETTLED-5xx]",
        says=r"the others are published|status 500",
    ),
    Control(
        name="lease epoch",
        edits=(
            Edit(
                file="pipeline/stores/cursors.py",
                old="            if not leases.hold(connection, grant):\n",
                new="            if leases.hold(connection, grant) is None:\n",
            ),
        ),
        test="tests/integration/test_ingest.py::test_a_lease_has_one_owner_and_its_epoch_grows",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="stored position wins on Faust",
        edits=(
            Edit(
                file="pipeline/engines/_faust_transport.py",
                old="        self._ensure_consumer()._coordinator._do_fetch_commit_offsets = self._stored_as_committed\n",
                new="",
            ),
            Edit(
                file="pipeline/engines/_faust_transport.py",
                old="    async def seek_to_committed(self)",
                new="    async def seek_to_committed_no_more(self)",
            ),
        ),
        test="tests/faults/test_positions.py::test_the_stored_position_wins_over_committed_offsets_ahead_back_and_deleted",
        says=r"not within|assert not up.deaths",
    ),
    Control(
        name="stored position wins in the batch loop",
        edits=(
            Edit(
                file="pipeline/kafka.py",
                old="        self._fetch([TopicPartition(t, p, offset) for (t, p), offset in offsets.items()])\n",
                new="        self._fetch([TopicPartition(t, p) for (t, p), offset in offsets.items()])\n",
            ),
        ),
        test="tests/faults/test_positions.py::test_the_stored_position_wins_over_committed_offsets_ahead_back_and_deleted",
        says=r"not within|unexpected alarms|assert not up.deaths|up ended",
    ),
    Control(
        name="a repartitioned topic is refused",
        edits=(
            Edit(
                file="pipeline/log/topic_guard.py",
                old="        if present[topic].partitions != known.partitions:\n",
                new="        if present[topic].partitions < known.partitions:\n",
            ),
        ),
        test="tests/exams/test_points.py::test_each_point_on_real_services[librdkafka-repartitioned at rest]",
        says=r"'fatal' == 'repartitioned'|the worker is still there",
    ),
    Control(
        name="a repartitioned topic is refused by init",
        edits=(
            Edit(
                file="pipeline/supervisor/preparation.py",
                old="            refuse_repartitioned(connection, admin.describe(names))\n",
                new="",
            ),
        ),
        test="tests/integration/test_cli.py::test_init_refuses_a_topic_that_was_given_partitions[the new number]",
        says=r"assert 0 == 78",
    ),
    Control(
        name="a commit without an answer is told by its position",  # what the position says is done is done anew
        edits=(
            Edit(
                file="pipeline/log/position.py",
                old="        if record.offset < expected:\n            continue\n",
                new="        if record.offset < expected:\n            expected = record.offset\n",
            ),
        ),
        test="tests/exams/test_points.py::test_each_point_on_real_services[librdkafka-commit applied, answer lost]",
        says=r"a state is not the chain of its records",
    ),
    Control(
        name="a commit without an answer is not taken for done",
        edits=(
            Edit(
                file="pipeline/engines/step.py",
                old="                outcome = transact(self._open())\n",
                new="                try:\n"
                "                    outcome = transact(self._open())\n"
                "                except Exception as error:\n"
                '                    if "connection" not in str(error):\n'
                "                        raise\n"
                "                    outcome = Outcome()\n",
            ),
        ),
        test="tests/exams/test_points.py::test_each_point_on_real_services[librdkafka-commit lost]",
        says=r"the positions reach the ends|'hole'|exit code 80|every worker has ended",
    ),
    Control(
        name="order per key",  # two records of a key change places within a batch
        edits=(
            Edit(
                file="pipeline/engines/step.py",
                old="            kept = [record for batch in fresh.values() for record in batch]\n            repeated",
                new="            kept = [record for batch in fresh.values() for record in reversed(batch)]\n            repeated",
            ),
        ),
        test="tests/exams/test_points.py::test_each_point_on_real_services[librdkafka-order per key]",
        says=r"a state is not the chain of its records",
    ),
    Control(
        name="a record that fails stops alone",
        edits=(
            Edit(
                file="pipeline/log/faults.py",
                old="        case _:\n            return True\n",
                new="        case _:\n            return False\n",
            ),
        ),
        test="tests/exams/test_points.py::test_each_point_on_real_services[librdkafka-breaking]",
        says=r"every worker has ended",
    ),
    Control(
        name="an attempt is noted before it is made",  # without the note nobody counts the deaths of processes
        edits=(Edit(file="pipeline/deliver/trials.py", old="            self._book.put([row], heard=heard)\n", new=""),),
        test="tests/exams/test_points.py::test_each_point_in_memory[killing]",
        says=r"the worker has ended|'killed'",
    ),
    Control(
        name="a fault of the program is not taken for the records'",  # it would empty the topic into the dead letters
        edits=(Edit(file="pipeline/log/faults.py", old=" if allowed and letters < LETTERS_MAX else ", new=" if allowed else "),),
        test="tests/exams/test_points.py::test_each_point_in_memory[parked]",
        says=r"not enough values to unpack",
    ),
    Control(
        name="a broken client ends its worker",
        edits=(
            Edit(
                file="pipeline/kafka.py",
                old="    if error.fatal() or error.code() == KafkaError._FATAL:\n",
                new="    if error.fatal():\n",
            ),
        ),
        test="tests/exams/test_members.py::test_two_workers_with_one_name_lose_and_double_nothing[librdkafka]",
        says=r"the worker is still there",
    ),
    Control(
        name="static members",
        edits=(
            Edit(
                file="pipeline/engines/faust.py",
                old="            consumer_group_instance_id=engine.member(self._processor.name),\n",
                new="",
            ),
        ),
        test="tests/exams/test_members.py::test_a_static_member_comes_back_without_a_rebalance[faust-static]",
        says=r"generation\(\)",
    ),
    Control(
        name="a pause ends with its assignment",
        edits=(Edit(file="pipeline/kafka.py", old="        self._consumer.resume(partitions)\n", new=""),),
        test="tests/faults/test_paused_partitions.py"
        "::test_a_partition_that_was_paused_when_it_went_away_is_read_when_it_comes_back[begun later]",
        says=r"comes back is read again",
    ),
    Control(
        name="rows before their position",  # the position is committed first: a kill in between loses records
        edits=(
            Edit(file="pipeline/deliver/delivery.py", old=ADVANCE, new=""),
            Edit(
                file="pipeline/deliver/delivery.py",
                old='self._store.open(list(batches)) as opened:\n            self._failpoints.reach(f"{self.consumer}.in_transaction")\n',
                new="self._store.open(list(batches)) as opened:\n"
                "            opened.advance({p: batch[-1].offset + 1 for p, batch in batches.items()})\n"
                '            opened.transaction.execute("COMMIT")\n'
                '            opened.transaction.execute("BEGIN")\n'
                '            self._failpoints.reach(f"{self.consumer}.in_transaction")\n',
            ),
        ),
        test="tests/integration/test_deliver.py::test_a_kill_at_any_step_loses_nothing_and_doubles_nothing[archive.in_transaction]",
        says=r"assert_position_and_rows_agree",
    ),
    Control(
        name="a position with its rows",  # the position is committed after them: what is repeated is refused by key, but it is repeated
        edits=(
            Edit(file="pipeline/deliver/delivery.py", old=ADVANCE, new=""),
            Edit(
                file="pipeline/deliver/delivery.py",
                old='        self._failpoints.reach(f"{self.consumer}.after_commit")\n',
                new='        self._failpoints.reach(f"{self.consumer}.after_commit")\n'
                "        if fresh:\n"
                "            with self._store.open(list(batches)) as opened:\n" + ADVANCE,
            ),
        ),
        test="tests/integration/test_deliver.py::test_a_kill_at_any_step_loses_nothing_and_doubles_nothing[archive.after_commit]",
        says=r"assert_position_and_rows_agree",
    ),
    Control(
        name="a state with its position",
        edits=(
            Edit(
                file="pipeline/engines/step.py",
                old="            positions.advance(connection, name, {partition: batch[-1].offset + 1 "
                "for partition, batch in fresh.items() if batch})\n",
                new="",
            ),
            Edit(
                file="pipeline/engines/step.py",
                old="            self._write(connection, outcome)\n        return outcome\n\n    def _fresh",
                new="            self._write(connection, outcome)\n"
                '        self._failpoints.reach(f"{name}.after_commit")\n'
                "        with connection.transaction():\n"
                "            positions.advance(connection, name, {p: batch[-1].offset + 1 for p, batch in fresh.items() if batch})\n"
                "        return outcome\n\n    def _fresh",
            ),
        ),
        test="tests/exams/test_points.py::test_each_point_on_real_services[faust-killed after_commit]",
        says=r"a state is not the chain of its records",
    ),
    Control(
        name="verbatim bytes in the archive",
        edits=(
            Edit(
                file="connectors/sinks/compliance_archive/rows.py",
                old="hashlib.sha256(record.value).digest()",
                new="hashlib.sha256(record.value.strip()).digest()",
            ),
        ),
        test="tests/faults/test_bad_records.py::test_poison_records_in_the_topics_are_dead_lettered_and_the_partitions_go_on",
        says=r"archived with other bytes",
    ),
    Control(
        name="only what was emitted is emitted again",
        edits=(
            Edit(
                file="pipeline/cli/re_emitting.py",
                old="            if same and (event.venue, event.intent_id) == (venue, intent):\n",
                new="            if same or (event.venue, event.intent_id) == (venue, intent):\n",
            ),
        ),
        test="tests/unit/cli/test_re_emitting.py::test_another_settlement_than_the_one_remembered_is_never_emitted",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="a requeue writes no answer",
        edits=(
            Edit(
                file="pipeline/cli/requeuing.py",
                old="    if origin.topic not in {kind.topic(prefix) for kind in PUT_BACK}:\n",
                new="    if not origin.topic:\n",
            ),
        ),
        test="tests/unit/cli/test_requeuing.py::test_what_is_said_once_is_never_put_back[decision-made.v1]",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="a requeue believes no letter about a record",
        edits=(
            Edit(
                file="pipeline/cli/requeuing.py",
                old="    if record is None or hashlib.sha256(record.value).hexdigest() != letter.sha256:\n",
                new="    if record is None:\n",
            ),
        ),
        test="tests/unit/cli/test_requeuing.py::test_a_letter_is_not_believed_about_a_record_that_nobody_has[other at Kafka]",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="failpoints are refused where money moves",
        edits=(
            Edit(
                file="pipeline/failpoints.py",
                old='    if found.armed and mode.accepting == "live" and not mode.failpoints:\n',
                new='    if found.armed and mode.accepting == "nowhere":\n',
            ),
        ),
        test="tests/unit/test_failpoints.py::test_an_armed_failpoint_is_refused_while_accepting_is_live",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="one worker does what is due",
        edits=(
            Edit(
                file="pipeline/supervisor/upkeep.py",
                old=" or not rows.take(connection, task.name):\n",
                new=":\n",
            ),
        ),
        test="tests/integration/test_upkeep.py::test_while_one_does_it_no_other_does_and_who_dies_of_it_leaves_it_due",
        says=r"assert not True",
    ),
    Control(
        name="a topic made anew is another one for the archive",
        edits=(
            Edit(
                file="pipeline/stores/positions.py",
                old="next_offset = 0, epoch = epoch + 1, topic_id",
                new="next_offset = 0, topic_id",
            ),
        ),
        test="tests/integration/test_epochs.py::test_the_archive_goes_on_in_a_topic_made_anew",
        says=r"the archive has no such record, or one with other bytes",
    ),
    Control(
        name="an act commits with what it publishes",
        edits=(
            Edit(
                file="pipeline/stores/acts.py",
                old="        outbox.put_again(connection, publishes)\n    return True\n",
                new="    return True\n",
            ),
            Edit(
                file="pipeline/cli/orders.py",
                old="        out = publish_now(",
                new="        from pipeline.stores import outbox\n\n"
                '        failpoints.reach("act.after_commit")\n'
                "        outbox.put_again(connection, [] if outgoing is None else [outgoing])\n"
                "        out = publish_now(",
            ),
        ),
        test="tests/faults/test_acts.py::test_an_act_that_is_killed_is_done_whole_or_not_at_all[act.after_commit]",
        says=r"assert 1 == \(2 \* True\)",
    ),
    Control(
        name="what nobody gave is taken back",  # PUBLIC calls every function, and a grant that somebody added stays
        edits=(
            Edit(
                file="pipeline/stores/grants.py",
                old="    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM %s', place, everybody);\n",
                new="",
            ),
        ),
        test=_ROLES + "test_the_catalogue_is_what_the_table_of_grants_says",
        says=r"PUBLIC has EXECUTE on function",
    ),
    Control(
        name="a role has no more than its line",  # the owner's rights for all, as in a database of one login
        edits=(
            Edit(
                file="pipeline/stores/grants.py",
                old="""    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', split_part(one.what, '.', 1), whom);\n""",
                new="""    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', split_part(one.what, '.', 1), whom);
    IF one.rights <> 'EXECUTE' THEN EXECUTE format('GRANT ALL ON %s TO %s', one.what, whom); END IF;\n""",
            ),
        ),
        test=_ROLES + "test_a_role_does_to_every_table_what_its_line_says_and_no_more[ledger]",
        says=r"UPDATE \S+ SET \S+ = DEFAULT WHERE false: not refused",
    ),
    Control(
        name="a role writes its own rows only",
        edits=(
            Edit(
                file="pipeline/stores/grants.py",
                old="    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', one.what);\n",
                new="",
            ),
        ),
        test=_ROLES + "test_a_role_writes_only_its_own_rows_of_what_roles_share[ledger]",
        says=r"ledger: UPDATE custodian\.positions",
    ),
    Control(
        name="no role is the owner",
        edits=(Edit(file="pipeline/supervisor/preparation.py", old="    if too_much:\n", new="    if False:\n"),),
        test=_ROLES + "test_who_prepares_the_database_is_no_role",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="a child has no secret of others",
        edits=(
            Edit(
                file="pipeline/supervisor/supervisor.py",
                old="            **own_environment(child.plan.role, os.environ, child.plan.kafka),\n",
                new="            **os.environ,\n",
            ),
        ),
        test="tests/unit/test_own_secrets.py::test_a_supervised_role_starts_without_the_secrets_of_others",
        says=r"assert 'the-deploy-secret' not in",
    ),
    Control(
        name="Kafka grants a role what it does",  # and not every topic to whoever has a login
        edits=(
            Edit(file="pipeline/supervisor/acls.py", old='            "Write": kind in may.writes,\n', new='            "Write": True,\n'),
        ),
        test="tests/unit/test_acls.py::test_grants_name_login_prefix_and_groups",
        says=r"KeyError: \('topic', \('Read',\)\)",
    ),
    Control(
        name="Kafka denies what nobody granted",
        edits=(
            Edit(file="pipeline/supervisor/acls.py", old='            "Write": kind in may.writes,\n', new='            "Write": True,\n'),
        ),
        test=_WALLS + "test_a_login_can_do_nothing_but_its_roles_work",
        says=r"assert \{'archive': ",
    ),
    Control(
        name="http beyond this machine",
        edits=(
            Edit(
                file="pipeline/transport.py",
                old='    if parts.scheme == "https" or is_loopback(',
                new='    if parts.scheme in ("http", "https") or is_loopback(',
            ),
        ),
        test=_WAYS + "[venues.tokyo-http://10.0.0.7--venues.tokyo: base_url: 10.0.0.7 is beyond]",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="logins of Kafka beyond this machine",
        edits=(
            Edit(
                file="pipeline/transport.py",
                old='    if protocol not in ("SSL", "SASL_SSL"):\n',
                new='    if protocol == "PLAINTEXT":\n',
            ),
        ),
        test=_WAYS + "[kafka-broker-1:9092-more2-security.protocol is SASL_PLAINTEXT]",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="PostgreSQL beyond this machine",
        edits=(
            Edit(
                file="pipeline/transport.py",
                old='    if parts.get("sslmode") != "verify-full":\n',
                new='    if parts.get("sslmode") not in ("require", "verify-ca", "verify-full"):\n',
            ),
        ),
        test=_WAYS + "[postgres-host=db user=u sslmode=require--sslmode is require]",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="a certificate is checked",
        edits=(
            Edit(
                file="connectors/transports/trust.py",
                old="            context = self.trust.context()\n",
                new="            context = ssl._create_unverified_context()\n",
            ),
        ),
        test="tests/unit/transports/test_tls.py::test_nothing_is_said_to_whom_we_cannot_believe[another CA-read_the_record]",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="what a stranger wrote is shown as escapes",
        edits=(Edit(file="pipeline/printable.py", old="    if text.isprintable() and (", new="    if lines or text.isprintable() and ("),),
        test="tests/unit/cli/test_screens.py::test_a_guarded_stream_takes_nothing_else_whoever_writes",
        says=r"assert not \(\(",
    ),
    Control(
        name="what looks like nothing is shown",  # zero width, fillers, variation selectors
        edits=(Edit(file="pipeline/printable.py", old=" and not _INVISIBLE.match(letter)\n", new="\n"),),
        test="tests/unit/cli/test_screens.py::test_every_character_is_shown_as_itself_or_as_an_escape_that_means_it",
        says=r"assert not \(\(",
    ),
    Control(
        name="a spreadsheet calculates nothing",
        edits=(Edit(file="pipeline/cli/output.py", old="""("'" if cell.startswith(_FORMULA) else "") + """, new=""),),
        test="tests/unit/cli/test_screens.py::test_a_spreadsheet_calculates_nothing_that_a_stranger_wrote[=]",
        says=r"where False = <built-in method startswith",
    ),
    Control(
        name="what the environment overrides is said",
        edits=(Edit(file="pipeline/supervisor/role.py", old='        log.warning("%s = %s comes', new='        log.debug("%s = %s comes'),),
        test="tests/unit/test_failpoints.py::test_what_the_environment_says_about_accepting_is_logged",
        says=r"assert \[\] ==",
    ),
    Control(
        name="a server that takes no writes is left",
        edits=(Edit(file="pipeline/stores/postgres.py", old=" or state == READ_ONLY:\n", new=":\n"),),
        test="tests/integration/test_failover.py::test_a_session_that_takes_no_writes_any_more_is_tried_again",
        says=r"PostgreSQL rejects writing \(25006\)",
    ),
    Control(
        name="a record of a former topic moves no position",
        edits=(Edit(file="pipeline/log/position.py", old="        if record.epoch != epoch:\n", new="        if record.epoch < 0:\n"),),
        test="tests/integration/test_epochs.py::test_a_worker_that_lives_over_a_renewal_writes_nothing",
        says=r"DID NOT RAISE",
    ),
    Control(
        name="a letter leads to its own topic",  # not to whatever stands at its offset in the one that was made anew
        edits=(Edit(file="pipeline/cli/requeuing.py", old="    if epoch == epoch_of(origin.topic):\n", new="    if epoch:\n"),),
        test="tests/unit/cli/test_requeuing.py::test_a_record_of_a_topic_that_is_no_more_comes_from_the_archive_alone",
        says=r"assert b'of the new topic' == b'k'",
    ),
    Control(
        name="every alarm is counted from the start",
        edits=(Edit(file="pipeline/metrics.py", old="    for kind in ALARM_KINDS:\n        ALARMS.labels(kind)\n", new=""),),
        test="tests/unit/test_metrics.py::test_every_kind_is_counted_from_the_start",
        says=r"KeyError: \('custodian_alarms_total'",
    ),
)

CONTROLS = (*SPINE, *ACCEPTING)


def main(arguments: Sequence[str]) -> int:
    """Show the named controls, or all; return 1 when one of them shows nothing."""
    if "--list" in arguments:
        print("\n".join(f"{control.name:45}{control.test}" for control in CONTROLS))
        return 0
    unknown = set(arguments) - {control.name for control in CONTROLS}
    if unknown:
        print(f"there is no control {sorted(unknown)}; --list shows those there are", file=sys.stderr)
        return 2
    failed = 0
    for control in CONTROLS:
        if not arguments or control.name in arguments:
            try:
                show(control)
                print(f"red without it: {control.name}", flush=True)
            except ControlError as error:
                failed += 1
                print(error, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
