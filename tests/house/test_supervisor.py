"""The supervisor: one log, restarts with patience, a clean end in order, and no orphans after kill -9."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from powertill.config import Config
from powertill.doors import only_one, wait_for_port
from powertill.keeping import BACKOFF_S, HEALTHY_S, RESTARTS_MAX, Log, Restarts
from powertill.postgres.running import is_running
from powertill.processes import LINE_MAX, PREPARATIONS, PROCESSES, Lines, Process, wanted
from powertill.supervisor import Supervisor
from powertill.trouble import Trouble

ROOT = Path(__file__).parents[2]


def python(name, program, **more):
    """A process that runs a few lines of Python instead of one of our commands."""
    return type("Given", (Process,), {"argv": lambda self: [sys.executable, "-c", program]})(name, **more)


def run(home, *processes, **more):
    out = io.StringIO()
    config = Config(home=home, database_url=more.pop("database_url", "postgresql://elsewhere/x"), port=1)
    code = Supervisor(config, processes=processes, out=out, **more).run()
    return code, out.getvalue()


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_once_ends_with_the_code_of_the_story(tmp_path):
    code, log = run(tmp_path, python("story", "print('sold'); raise SystemExit(3)", ends=True), once=True)
    assert code == 3
    assert "story    | sold" in log


def test_the_others_are_asked_to_stop_and_may_finish(tmp_path):
    polite = "import signal,sys,time; signal.signal(15, lambda *_: (print('finished'), sys.exit(0))); time.sleep(60)"
    story = python("story", "import time; time.sleep(1)", ends=True)
    code, log = run(tmp_path, python("town", polite), story, once=True)
    assert code == 0
    assert "town     | finished" in log


def test_a_story_that_a_signal_ended_is_no_success(tmp_path):
    code, _ = run(tmp_path, python("story", "import os; os.kill(os.getpid(), 9)", ends=True), once=True)
    assert code == 128 + signal.SIGKILL


def test_a_story_that_a_signal_ended_goes_on_while_the_others_live(tmp_path, monkeypatch):
    note = tmp_path / "begun"
    killed_once = (
        f"import os; p = {str(note)!r}; open(p, 'a').write('x');"
        "os.path.getsize(p) == 1 and os.kill(os.getpid(), 9); print('to its end')"
    )
    story = python("story", killed_once, ends=True)
    stop_when(monkeypatch, lambda: note.exists() and note.stat().st_size == 2)
    code, log = run(tmp_path, python("town", "import time; time.sleep(60)"), story)
    assert code == 0
    assert "story died (code -9); it starts again in 1 s" in log
    assert "story ended with code 0" in log
    assert note.read_text() == "xx"


def stop_when(monkeypatch, so):
    """Ask the supervisor to stop, as Ctrl-C does, a moment after something is so."""
    look_after, since = Supervisor._look_after, []

    def looked(self, now_s):
        look_after(self, now_s)
        if so():
            since.append(now_s)
        if since and now_s > since[0] + 2:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Supervisor, "_look_after", looked)


def test_a_dead_child_starts_again(tmp_path):
    shy = f"p = {str(tmp_path / 'n')!r}; open(p, 'a').write('x')"
    story = python(
        "story", f"import os,time\nwhile os.path.getsize({str(tmp_path / 'n')!r}) < 2: time.sleep(.1)", ends=True
    )
    (tmp_path / "n").touch()
    code, log = run(tmp_path, python("town", shy), story, once=True)
    assert code == 0
    assert "town died (code 0); it starts again in 1 s" in log


def test_a_failed_preparation_stops_everything(tmp_path):
    with pytest.raises(Trouble, match=r"migrate failed \(code 4\)"):
        run(tmp_path, preparations=(python("migrate", "raise SystemExit(4)", ends=True),))


def test_a_child_that_ignores_us_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("powertill.supervisor.STOP_S_MAX", 0.5)
    deaf = "import signal,time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    story = python("story", "import time; time.sleep(1)", ends=True)
    assert run(tmp_path, python("town", deaf), story, once=True)[0] == 0


def test_grandchildren_do_not_stay_behind(tmp_path):
    note = tmp_path / "grandchild"
    parent = (
        "import subprocess,sys,time;"
        f"p = subprocess.Popen(['sleep', '60']); open({str(note)!r}, 'w').write(str(p.pid)); time.sleep(60)"
    )
    story = python(
        "story", f"import os,time\nwhile not os.path.exists({str(note)!r}): time.sleep(.1)\ntime.sleep(.3)", ends=True
    )
    run(tmp_path, python("web-like", parent), story, once=True)
    wait_until(lambda: not _lives(int(note.read_text())))


def test_once_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("powertill.supervisor.ONCE_S_MAX", 0.5)
    with pytest.raises(Trouble, match="did not end within"):
        run(tmp_path, python("story", "import time; time.sleep(60)", ends=True), once=True)


def test_restarts_wait_longer_and_longer_and_then_give_up():
    restarts = Restarts()
    waits = [restarts.plan("web", lived_s=1, now_s=0) for _ in range(RESTARTS_MAX)]
    assert waits[:7] == [*BACKOFF_S, BACKOFF_S[-1]]
    with pytest.raises(Trouble, match="100 times in a row"):
        restarts.plan("web", lived_s=1, now_s=0)


def test_a_long_life_is_forgiven():
    restarts = Restarts()
    restarts.plan("web", lived_s=1, now_s=0)
    restarts.plan("web", lived_s=1, now_s=0)
    assert restarts.plan("web", lived_s=HEALTHY_S, now_s=0) == BACKOFF_S[0]


def test_a_restart_is_due_once_and_not_early():
    restarts = Restarts()
    restarts.plan("web", lived_s=1, now_s=100)
    assert restarts.take_due(100.9) == []
    assert restarts.take_due(101) == ["web"]
    assert restarts.take_due(102) == []


def test_lines_are_cut_and_bounded():
    lines = Lines()
    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.feed(b"o\r\n") == ["two"]
    assert len(lines.feed(b"x" * (LINE_MAX + 1))) == 1
    assert lines.feed(b"\xff bad\nrest") == ["\ufffd bad"]
    assert lines.close() == ["rest"]
    assert lines.close() == []


def test_the_log_names_who_speaks_without_colours_in_a_file():
    out = io.StringIO()
    Log(out).say("web", "hello")
    assert out.getvalue() == "web      | hello\n"


def test_a_second_one_in_the_same_home_is_told_who_is_first(tmp_path):
    with only_one(tmp_path), pytest.raises(Trouble, match=rf"already runs in .* \(process {os.getpid()}\)"):
        only_one(tmp_path).__enter__()
    with only_one(tmp_path):
        pass  # free again


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        with pytest.raises(Trouble, match=f"Port {port} on 127.0.0.1 cannot be had"):
            wait_for_port("127.0.0.1", port, wait_s_max=0)
    wait_for_port("127.0.0.1", port)


def test_the_demo_adds_to_the_list_and_takes_nothing_away():
    plain, demo = wanted(PROCESSES, demo=False), wanted(PROCESSES, demo=True)
    assert [process.name for process in plain] == ["web", "headend", "dispatch", "clock"]
    assert set(plain) < set(demo)
    assert [process.name for process in wanted(PREPARATIONS, demo=False)] == ["migrate"]


def _lives(number):
    try:
        return "Z" not in Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


LONG_RUN = """
import sys
from pathlib import Path
from powertill.config import Config
from powertill.processes import Process
from powertill.supervisor import Supervisor
class Sleeper(Process):
    def argv(self):
        return [sys.executable, "-c", "import os, time; print('child', os.getpid(), flush=True); time.sleep(600)"]
sys.exit(Supervisor(Config(home=Path(sys.argv[1]), port=1), processes=(Sleeper("town"),)).run())
"""


@pytest.fixture
def supervisor(home):
    """A real supervisor with PostgreSQL and one child, in a process of its own: (process, child's number)."""
    process = subprocess.Popen(
        [sys.executable, "-c", LONG_RUN, str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=_clean()
    )
    child = next(int(match[1]) for line in process.stdout if (match := re.search(r"child (\d+)", line)))
    yield process, child
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: not is_running(home))


def _clean():
    return {key: value for key, value in os.environ.items() if not key.startswith("POWERTILL_")}


def test_sigterm_stops_children_then_postgres(supervisor, home):
    process, child = supervisor
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not _lives(child)
    assert not is_running(home)
    log = process.stdout.read()
    assert log.index("stopping") < log.index("shutting down") < log.index("stopped")


def test_kill_9_leaves_nothing_and_the_next_start_works(supervisor, home):
    process, child = supervisor
    process.kill()
    wait_until(lambda: not _lives(child))
    code, log = run(home, python("story", "print('again')", ends=True), once=True, database_url="")
    assert code == 0
    assert "again" in log


def test_a_killed_postgres_is_started_again(supervisor, home):
    process, child = supervisor
    first = int((home / "postgres/data/postmaster.pid").read_text().split()[0])
    os.kill(first, signal.SIGKILL)
    for line in process.stdout:
        if "postgres died; it starts again in 1 s" in line:
            break
    assert next(line for line in process.stdout if "ready to accept connections" in line)
    assert _lives(child)
