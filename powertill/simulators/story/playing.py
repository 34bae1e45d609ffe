"""Play the acts in order; where the story stopped, or was killed, it goes on."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from django.db import close_old_connections

from powertill.clock import Clock
from powertill.simulators.story.acts import ACTS, Act
from powertill.simulators.story.scene import AWAY, Scene

LIVE_SPEED = 10  # when the story is over; faster, and a quote of ten minutes would expire under a cashier's hands
BEGINNINGS_MAX = 20  # of one act, while the database comes and goes
AGAIN_S = 1


def play(*, home: Path, room: str, say: Callable[[str], None]) -> None:
    """Play what is left of the story, and say where it goes on."""
    place = home / "story.json"
    scene = Scene(home=home, room=room, clock=Clock(), say=say)
    begun, done = _progress(place)
    if done == len(ACTS):
        say("The story has been played to its end.")
    elif begun:
        say(f"The story was interrupted. It goes on with act {done + 1} of {len(ACTS)}: {title(ACTS[done])}")
    for number, act in list(enumerate(ACTS))[done:]:
        _note(place, begun=number + 1, done=number)
        _play_act(scene, act)
        _note(place, begun=number + 1, done=number + 1)


def title(act: Act) -> str:
    """Return what an act is about: its first sentence."""
    return (act.__doc__ or act.__name__).strip().splitlines()[0]


def _play_act(scene: Scene, act: Act) -> None:
    """Play one act; when the database is restarted under it, from its beginning: each can be begun again."""
    for _ in range(BEGINNINGS_MAX - 1):
        try:
            close_old_connections()
            return act(scene)
        except AWAY as fault:
            what = (str(fault).splitlines() or ["no answer"])[0]
            scene.say(f"The database is away ({what}). The story goes on with: {title(act)}")
            time.sleep(AGAIN_S)
    return act(scene)


def _progress(place: Path) -> tuple[int, int]:
    """Return how many acts were begun and how many were played."""
    try:
        kept = json.loads(place.read_text("utf-8"))
    except FileNotFoundError:
        return 0, 0
    return int(kept["acts_begun"]), int(kept["acts_done"])


def _note(place: Path, *, begun: int, done: int) -> None:
    draft = place.with_name("story.json.new")
    draft.write_text(json.dumps({"acts_begun": begun, "acts_done": done}) + "\n", "utf-8")
    os.replace(draft, place)
