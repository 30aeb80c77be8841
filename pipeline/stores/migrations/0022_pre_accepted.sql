-- Which proposals were accepted lately, for whoever looks for their quotes, and which commands were left out in shadow, for when that ends.

CREATE INDEX journal_accepted ON commands.journal (venue, completed_at) WHERE kind = 'accept_proposal' AND state = 'succeeded';
CREATE INDEX journal_shadowed ON commands.journal (issued_at) WHERE state = 'shadowed';
