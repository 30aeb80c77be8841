-- What an external engine signed, byte by byte, with its signature: the gate checks it again right before a call.

ALTER TABLE risk.answers ADD COLUMN signed bytea, ADD COLUMN signature text;

COMMENT ON COLUMN risk.answers.signed IS 'The value of the record as it was signed; null where it was not signed.';
COMMENT ON COLUMN risk.answers.signature IS 'KEY_ID:BASE64, Ed25519 over "custody.decision-made.v1 CONTEXT_SHA256", a line feed and `signed`.';
