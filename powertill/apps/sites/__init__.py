"""Where power goes: sites, the tree down to supply points, accounts and who may do what where."""
