"""When a supply is on, limited or cut, and the reason that people will read."""
