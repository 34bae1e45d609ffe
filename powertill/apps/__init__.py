"""The facts: vertical rooms, each models, queries and flows, in the order that the import contract names."""
