"""`python -m powertill <command>`: find the command's file, run it, and turn known errors into sentences."""

import argparse
import os
import sys
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from powertill import commands
from powertill.trouble import Trouble

FAILED = 1
MISUSED = 2
INTERRUPTED = 130  # what shells report for Ctrl-C


def names() -> list[str]:
    """Return every command: the files in powertill/commands, `_` written as `-`."""
    found = (module.name for module in iter_modules(commands.__path__))
    return sorted(name.replace("_", "-") for name in found if not name.startswith("_"))


def load(name: str) -> ModuleType:
    """Import one command; the others stay unread, so that each starts fast."""
    return import_module(f"powertill.commands.{name.replace('-', '_')}")


def main(argv: list[str]) -> int:
    """Run one command and return the process's exit code."""
    name = argv[0] if argv and argv[0] not in {"-h", "--help"} else "help"
    if name not in names():
        print(f"There is no command {name!r}. `powertill help` lists them.", file=sys.stderr)
        return MISUSED
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "powertill.settings")
    command = load(name)
    parser = argparse.ArgumentParser(prog=f"powertill {name}", description=command.HELP)
    command.add_arguments(parser)
    return _run(command, parser.parse_args(argv[1:]))


def _run(command: ModuleType, args: argparse.Namespace) -> int:
    try:
        return int(command.run(args))
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        return FAILED


def _sentence(error: Exception) -> str | None:
    """Return what an anticipated error says, None for a fault of ours, which deserves its traceback."""
    if isinstance(error, Trouble):
        return str(error)
    from powertill.core.errors import Refusal  # not needed, nor loaded, when all goes well

    return f"{error.text()} [{error.code}]" if isinstance(error, Refusal) else None


def console() -> None:
    """The entry point of the installed program `powertill`."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    console()
