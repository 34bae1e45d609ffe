"""One file per kind of charge: a file found here is a kind, so adding one edits no list."""
