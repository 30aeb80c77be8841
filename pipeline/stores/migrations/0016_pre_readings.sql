-- In which order a processor of several topics read them, and when it looked what was due: offsets alone do not tell, and a replay has to know.

CREATE TABLE custodian.readings (
    processor text        NOT NULL,
    partition integer     NOT NULL CHECK (partition >= 0),
    -- Grows in the order of transactions: whoever writes holds the positions of this partition number.
    number    bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    at        timestamptz NOT NULL,
    topics    text[]      NOT NULL,
    firsts    bigint[]    NOT NULL,
    ends      bigint[]    NOT NULL,
    looked    timestamptz,
    CHECK (cardinality(topics) = cardinality(firsts) AND cardinality(topics) = cardinality(ends)),
    PRIMARY KEY (processor, partition, number)
);
COMMENT ON TABLE custodian.readings IS
    'One row for each transaction of a processor: the topics whose records it did, in that order, each with its first offset and the one behind its last; without topics: it woke the states that were due at the time `at`. `looked`: when this worker had looked last what was due.';
