"""Calls into the rooms of facts from asyncio: in a few threads, each with a healthy connection."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections

T = TypeVar("T")

THREADS = 4
POOL = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="database")


async def db(call: Callable[..., T], **arguments: Any) -> T:
    """Run one flow or query in a database thread and return its result."""
    return await asyncio.get_running_loop().run_in_executor(POOL, lambda: _call(call, arguments))


def _call(call: Callable[..., T], arguments: dict[str, Any]) -> T:
    close_old_connections()  # A server that was restarted must not fail the next call for ever.
    try:
        return call(**arguments)
    finally:
        close_old_connections()
