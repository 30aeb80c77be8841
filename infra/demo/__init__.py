"""`make demo`: a venue, Kafka, PostgreSQL and the pipeline on this machine from nothing, a live view, and a summary that can fail.

Rooms: `stage` starts and ends everything, `figures` reads what there is to see (heartbeats, metrics, tables, truth), `view` draws it,
`summary` compares the venue's truth with the books. Data flows stage -> figures -> view and summary; nothing here is used by the pipeline.
"""
