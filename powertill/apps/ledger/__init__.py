"""The money and energy books: append-only double entry and the split balance."""
