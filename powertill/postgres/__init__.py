"""PostgreSQL of our own: find its binaries, make a data directory, run the server, stop it cleanly.

Nothing is started when POWERTILL_DATABASE_URL names a server that somebody else keeps.
"""
