"""A server for one test run: its own temporary directory, no fsync, gone at the end."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from powertill.postgres import address
from powertill.postgres.server import Server


@contextmanager
def throwaway() -> Iterator[str]:
    """Run a server inside the block and give its URL; stop it and remove its files afterwards.

    It also stops when this process is killed, but then its directory stays.
    """
    home = Path(tempfile.mkdtemp(prefix="powertill-test-", dir="/tmp"))
    home.chmod(0o711)  # When root runs the tests the server's user must walk through.
    server = Server(home, durable=False)
    try:
        server.start()
        yield address.socket_url(server.place)
    finally:
        server.stop()
        elsewhere = home / "postgres"
        if elsewhere.is_symlink():
            shutil.rmtree(os.readlink(elsewhere), ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
