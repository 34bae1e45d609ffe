"""Who did what: the operation table, the chained log and the four-eyes table."""
