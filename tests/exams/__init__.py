"""The exam: one set of histories for every engine, with an auditor that counts on its own."""
