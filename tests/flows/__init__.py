"""The flows on a real PostgreSQL: every fact is made by the flow that makes it in production."""
