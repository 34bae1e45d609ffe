"""Play the acts in order; where the story stopped, or was killed, it goes on."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from powertill.clock import Clock
from powertill.simulators.story.acts import ACTS
from powertill.simulators.story.scene import Scene

LIVE_SPEED = 60  # when the story is over the town goes on, a minute a second


def play(*, home: Path, room: str, say: Callable[[str], None]) -> None:
    """Play what is left of the story."""
    place = home / "story.json"
    scene = Scene(home=home, room=room, clock=Clock(), say=say)
    done = _done(place)
    for act in ACTS[done:]:
        act(scene)
        done += 1
        _note(place, done)


def _done(place: Path) -> int:
    try:
        return int(json.loads(place.read_text("utf-8"))["acts_done"])
    except FileNotFoundError:
        return 0


def _note(place: Path, done: int) -> None:
    draft = place.with_name("story.json.new")
    draft.write_text(json.dumps({"acts_done": done}) + "\n", "utf-8")
    os.replace(draft, place)
