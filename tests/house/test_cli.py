"""The command line: a file is a command, known errors are sentences, faults of ours keep their traceback."""

import argparse
from types import SimpleNamespace

import pytest

from powertill import __main__ as cli
from powertill.core.errors import CODES, Refusal
from powertill.trouble import Trouble


@pytest.mark.parametrize("name", cli.names())
def test_every_command_keeps_the_contract(name):
    command = cli.load(name)
    assert command.HELP.endswith(".")
    assert "\n" not in command.HELP
    command.add_arguments(argparse.ArgumentParser())
    assert callable(command.run)


def test_help_lists_every_command(capsys):
    assert cli.main([]) == 0
    listed = capsys.readouterr().out
    assert [name for name in cli.names() if f"  {name} " not in listed] == []


def test_an_unknown_command_is_misuse(capsys):
    assert cli.main(["sing"]) == cli.MISUSED
    assert "no command 'sing'" in capsys.readouterr().err


def command(monkeypatch, run):
    monkeypatch.setattr(cli, "load", lambda name: SimpleNamespace(HELP="x", add_arguments=lambda p: None, run=run))
    return cli.main(["version"])


def raising(error):
    def run(args):
        raise error

    return run


def test_the_exit_code_is_the_commands(monkeypatch):
    assert command(monkeypatch, lambda args: 7) == 7


def test_trouble_is_one_sentence_and_its_remedy(monkeypatch, capsys):
    assert command(monkeypatch, raising(Trouble("The port is taken.", "Choose another."))) == cli.FAILED
    assert capsys.readouterr().err == "The port is taken. Choose another.\n"


def test_a_refusal_shows_its_code(monkeypatch, capsys):
    code = next(code for code, texts in CODES.items() if "%" not in "".join(texts))
    assert command(monkeypatch, raising(Refusal(code))) == cli.FAILED
    assert f"[{code}]" in capsys.readouterr().err


def test_ctrl_c_is_no_fault(monkeypatch):
    assert command(monkeypatch, raising(KeyboardInterrupt())) == cli.INTERRUPTED


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    with pytest.raises(ZeroDivisionError):
        command(monkeypatch, raising(ZeroDivisionError()))


def test_time_is_shown_and_moved(capsys, monkeypatch, tmp_path):
    from powertill.clock import Clock

    monkeypatch.setattr("powertill.clock.config", lambda: SimpleNamespace(home=tmp_path))
    assert cli.main(["time", "--jump", "2999-01-01T00:00:00Z"]) == cli.FAILED
    assert "time here is real" in capsys.readouterr().err
    assert cli.main(["time", "--simulate", "--jump", "2999-01-01T08:00:00+08:00", "--speed", "0"]) == 0
    assert "2999-01-01 00:00:0" in capsys.readouterr().out
    assert Clock(tmp_path).simulated
    assert cli.main(["time", "--jump", "tomorrow"]) == cli.FAILED
    assert "not a time with a zone" in capsys.readouterr().err
