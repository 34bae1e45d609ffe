"""Tables whose rows are only ever added: the database itself refuses to change, remove or empty them."""

import pgtrigger


def append_only(name: str) -> list[pgtrigger.Trigger]:
    """Return the triggers that make a table append-only; `name` is the table's word, for trigger names."""
    return [
        pgtrigger.Protect(name=f"{name}_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        no_truncate(name),
    ]


def no_truncate(name: str) -> pgtrigger.Trigger:
    """Return the trigger that refuses to empty a table."""
    return pgtrigger.Trigger(
        name=f"{name}_no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func=f"RAISE EXCEPTION '{name} is append-only' USING ERRCODE = 'restrict_violation';",
    )
