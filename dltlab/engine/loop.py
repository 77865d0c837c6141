"""The session: chunk after chunk, a command between two chunks, every fact a record."""

import math
import time
from typing import Any, Final

import numpy as np

from dltlab.commands import Advance, Command, Kick, Mark, Pace, Pause, Reach, Resume, Stop, Turn
from dltlab.engine import acts, keyframes
from dltlab.engine.experiment import Experiment
from dltlab.engine.fleet import Fleet, Flights, Start
from dltlab.engine.inbox import Inbox
from dltlab.engine.journal import Journal
from dltlab.engine.meter import Meter
from dltlab.engine.pacing import UNLIMITED
from dltlab.engine.past import Past
from dltlab.engine.program import Read
from dltlab.engine.readings import Desk, series_name
from dltlab.engine.viewers import Viewers
from dltlab.records import Event, Footer, Frames, Part
from dltlab.text import one_line

CHUNK_SECONDS: Final = 0.04
"""A chunk aims at this: a command is obeyed within two of them."""
_FIRST_PRICE: Final = 0.1, 0.5
"""Seconds of computing, or of waiting for it, after which readings are priced for the first time."""
_PRICES: Final = 5.0
"""Seconds between two prices."""
_MEASURING: Final = 50
"""How much longer than itself a timing of steps and readings lasts; prices go by the products of the run between."""
_WAITING: Final = 0.5
"""Seconds that a session waits for commands at most before it looks around."""


class Loop:
    """A session on its way from a state to its planned end."""

    def __init__(
        self,
        experiment: Experiment,
        fleet: Fleet,
        start: list[Start],
        journal: Journal,
        inbox: Inbox,
        *,
        past: Past | None = None,
        pace: float | None = None,
    ) -> None:
        self.experiment = experiment
        self.fleet = fleet
        fleet.place(start)
        self.step = past.keyframe.step if past and past.keyframe else 0
        self.pace = pace
        self.paused = False
        self.stopping = ""
        """Why the session ends before its planned end, once it does."""
        self._desk = Desk(experiment, fleet, past.recorded if past else None)
        self._journal, self._inbox = journal, inbox
        self.viewers = Viewers(journal.path)
        self._script = sorted(past.acts if past else (), key=lambda event: event.step)
        """Acts still to be done: those of a session that is being continued."""
        self._known = max([past.reached, *(event.step for event in self._script)]) if past else 0
        """The step from which on everything is new; before it a session is computed again, flat out and silently."""
        self._waiting: list[Command | str] = []
        """What was asked for meanwhile."""
        self._new = past is None or past.keyframe is None
        self._lost_before = dict(past.lost) if past else {}
        self._desk.dead |= [self._lost_before.get(who, self.step) < self.step for who in self._members()]
        self._hold_at: int | None = None
        self._started = time.monotonic() - (past.wall if past else 0.0)
        self._next = time.monotonic()
        self._meter = Meter(experiment, fleet, self._flown)
        self._seconds_a_step, self._price_due, self._timing_due = 0.0, math.inf, 0.0
        self._rhythm = keyframes.Rhythm()
        self._kept_at = past.keyframe.step if past and past.keyframe else -1

    @property
    def again(self) -> bool:
        """Whether this was computed before: then only Stop is heard, lest it came out otherwise."""
        return bool(self._script) or self.step < self._known

    @property
    def wall(self) -> float:
        """Seconds since the session started."""
        return time.monotonic() - self._started

    def run(self) -> Footer:
        """Fly to the planned end, or until told to stop or until nothing finite is left."""
        planned = self.experiment.scenario.run.steps
        # What was done before the first step is not in that state, and would count as done.
        if self._new and not (self._script and self._script[0].step <= 0):
            self._keyframe()
        self.say("compiling", "Compiling; the first time on a machine takes longest.")
        self._meter.begin()
        while not self.stopping and self.step < planned:
            self._follow_script()
            for command in self._heard():
                self._obey(command)
            self.stopping = self.stopping or self.viewers.left_alone(paused=self.paused)
            if self.stopping or self.paused or time.monotonic() < self._next:
                continue
            footer = self._chunk(self._limit(planned))
            if footer:
                return footer
            if self._hold_at is not None and self.step >= self._hold_at:
                self._hold_at, self.paused = None, True
                self._peek()
        self._follow_script()
        flights, busy = self._peek()
        if self._all_lost(flights):
            return self._diverged(flights, busy)
        self._desk.dead |= ~flights.finite
        self._keyframe()
        reason, text = ("stopped", self.stopping) if self.stopping else ("finished", f"{planned} steps were planned.")
        return Footer(max(self.step, self._known), reason, text, self.wall)

    def say(self, what: str, text: str, **data: Any) -> Event:
        """Append an event."""
        event = Event(max(self.step, self._known), what, one_line(text), data, self.wall)
        self._journal.append(event)
        return event

    def _patience(self) -> float:
        """Seconds that the inbox may be waited for; a signal that ends the session does not wake who waits there."""
        return _WAITING if self.paused else min(_WAITING, self._next - time.monotonic())

    def _limit(self, planned: int) -> int:
        """The step that the next chunk must not pass."""
        due = [planned]
        due += [self._known] if self.step < self._known else []
        due += [] if self._hold_at is None else [self._hold_at]
        due += [event.step for event in self._script[:1]]
        return min(due)

    # -- flying ---------------------------------------------------------------------------

    def _chunk(self, limit: int) -> Footer | None:
        pace = self._pace()
        flights, busy = self._flown(min(limit - self.step, self._affordable()))
        if self._all_lost(flights):
            return self._diverged(flights, busy)
        self._land(flights, busy)
        steps = int(flights.steps.max())
        fresh = max(busy - self._meter.call, 0.1 * busy) / steps
        self._seconds_a_step = fresh if self._seconds_a_step == 0 else 0.7 * self._seconds_a_step + 0.3 * fresh
        if pace:
            self._next = max(self._next, time.monotonic() - 0.25) + steps / pace
        self._housekeeping()
        return None

    def _pace(self) -> float | None:
        """The steps a second that are kept now."""
        return None if self.again else self.pace

    def _affordable(self) -> int:
        """Steps for the next chunk: as many as fit its time, at the pace that is kept; if it can, up to a frame."""
        every = self.experiment.program.every
        if self._seconds_a_step == 0:
            return 2
        # A call of many blocks should not take longer than what it computes.
        busy, call = max(CHUNK_SECONDS - self._meter.call, self._meter.call), self._meter.call
        fit = min(busy / self._seconds_a_step, (busy + call) * (self._pace() or math.inf))
        steps = int(min(max(fit, 1), self.experiment.program.longest))
        return steps if steps < every else steps - (self.step + steps) % every

    def _all_lost(self, flights: Flights) -> bool:
        """Whether a chunk leaves nothing finite; if some of it is, say who has diverged in it."""
        alive = ~self._desk.dead
        if not flights.finite[alive].any():
            return True
        for member in np.flatnonzero(alive & ~flights.finite):
            self._lost(int(member), self.step + int(flights.steps[member]) - 1)
        return False

    def _lost(self, member: int, at: int) -> None:
        """Say that a member has diverged."""
        arm, seed = self._members()[member]
        if (arm, seed) in self._lost_before:
            return
        titles = {head.name: head.title for head in self.experiment.arms}
        who = f"{titles[arm]}, seed {seed}" if arm is not None else f"Seed {seed}"
        data = {"seed": seed, "step": at} | ({"arm": arm} if arm is not None else {})
        self.say("diverged", f"{who}: the loss stopped being finite at step {at}.", **data)

    def _members(self) -> list[tuple[str | None, int]]:
        """Arm and seed of every member; a scenario without arms has but seeds."""
        heads = self.experiment.arms
        members = enumerate(self.experiment.members)
        return [(heads[arm].name if heads else None, seed) for arm, own in members for seed in own]

    def _flown(self, steps: int, read: int = Read.DUE) -> tuple[Flights, float]:
        """A chunk, and the seconds that it took; nothing of the session has changed yet."""
        begin = time.perf_counter()
        flights = self.fleet.fly(steps, read)
        return flights, time.perf_counter() - begin

    def _land(self, flights: Flights, busy: float) -> None:
        """Be where a chunk ended, and tell what it read."""
        parts = self._desk.parts(flights, self.step)
        self._meter.saw(self.step, int(np.max(flights.steps)), busy, parts)
        self.fleet.land(flights)
        self.step += int(np.max(flights.steps))
        # Whoever is lost reads NaN from here on, and strays by a step a chunk.
        self._desk.dead |= ~flights.finite
        if parts or self.step > self._known:
            self._tell(parts, flights, busy)

    def _peek(self, read: Read = Read.EVERYTHING) -> tuple[Flights, float]:
        """Read every probe where the session stands, or those that are due there, without leaving."""
        flights, busy = self._flown(1, read)
        parts = self._desk.parts(flights, self.step, everything=read is Read.EVERYTHING)
        if parts:
            self._tell(parts, flights, busy)
        return flights, busy

    def _tell(self, parts: tuple[Part, ...], flights: Flights, busy: float) -> None:
        clock = self.fleet.clock(self._desk.dead | ~flights.finite)
        self._journal.append(Frames(self.step, parts, self.wall, busy, clock))

    def _diverged(self, flights: Flights, busy: float) -> Footer:
        """Nothing finite is left: go to the step where that was seen, look around and say so."""
        if (steps := int(np.max(flights.steps[~self._desk.dead])) - 1) > 0:
            self._land(self._flown(steps)[0], busy)
        text = f"the loss stopped being finite{self._circumstances()}."
        self._peek()
        self.say("diverged", text[0].upper() + text[1:], step=self.step)
        return Footer(self.step, "diverged", text, self.wall, max(self.step - 1, 0))

    def _circumstances(self) -> str:
        told = [
            f"{knob.title} = {acts.standing(self.fleet, self.experiment, knob.name):.4g}"
            for knob in self.experiment.knobs
            if knob.name not in self.experiment.budgets
        ]
        for name, value in self._desk.latest.items():
            if f"{name}.theory" in self._desk.latest:
                told.append(f"{name} {_top(value):.4g} against {_top(self._desk.latest[f'{name}.theory']):.4g}")
        return f" ({', '.join(told)})" if told else ""

    # -- obeying --------------------------------------------------------------------------

    def _heard(self) -> list[Command | str]:
        """What is to be obeyed now."""
        self._waiting += self._inbox.take(self._patience())
        now = [asked for asked in self._waiting if not self.again or isinstance(asked, Stop)]
        self._waiting = [asked for asked in self._waiting if self.again and not isinstance(asked, Stop)]
        return now

    def _obey(self, command: Command | str) -> None:
        match command:
            case Pause():
                if not self.paused:
                    self.paused, self._hold_at = True, None
                    self._peek()
                    self._keyframe()
                # Whoever asked, perhaps after another viewer, waits for an answer.
                self.say("pause", f"Paused at step {self.step}.")
            case Resume():
                self._next = time.monotonic() if self.paused else self._next
                self.paused, self._hold_at = False, None
                self.say("resume", "Resumed.")
            case Advance(steps=steps):
                self.paused, self._hold_at, self._next = False, self.step + steps, time.monotonic()
                self.say("advance", f"{steps} step{'s' * (steps > 1)} from step {self.step}.", steps=steps)
            case Reach(step=step) if step > self.step:
                self.paused, self._hold_at, self._next = False, step, time.monotonic()
                self.say("advance", f"On from step {self.step} to step {step}.", to=step)
            case Reach(step=step):
                self.say("refused", f"step {step} cannot be reached: the session stands at step {self.step}.")
            case Turn(knob=name, value=value):
                self._turn(name, value)
            case Kick(radius=radius, direction=direction):
                acts.kick(self.fleet, radius, direction)
                way = "at random" if direction == "random" else "along the lowest curvature"
                self.say("kick", f"Kicked by {radius:.4g} {way}.", radius=radius, direction=direction)
            case Pace(rate=rate):
                self.pace, self._next = rate, time.monotonic()
                self.say("pace", f"{rate:g} steps a second." if rate else "Flat out.", rate=rate)
            case Mark(text=text):
                self.say("mark", text)
            case Stop():
                self.stopping = "it was told to stop."
            case str():
                self.say("refused", command)

    def _turn(self, name: str, value: float) -> None:
        known = {knob.name: knob for knob in self.experiment.knobs}
        knob = known.get(name)
        if knob is None or not knob.low <= value <= knob.high:
            bounds = f"; it lies between {knob.low:g} and {knob.high:g}" if knob else f"; knobs: {', '.join(known)}"
            self.say("refused", f"{name} = {value:g} cannot be set{bounds}.")
            return
        old = acts.standing(self.fleet, self.experiment, name)
        acts.turn(self.fleet, self.experiment, name, value)
        self.say("turn", f"{knob.title} {old:g} → {value:g}.", knob=name, value=value, old=old)
        if name in self.experiment.budgets:
            self._meter.ready()
            self._keep_to_budgets(anew=self.experiment.budgets[name])

    def _follow_script(self) -> None:
        """Do the acts again that are due here; where the session was forked, keep the changed state."""
        forked = False
        while self._script and self._script[0].step <= self.step:
            event = self._script.pop(0)
            if event.what == "fork":
                # What is due here is read of the state that the parent had.
                self._peek(Read.DUE)
                forked = True
            acts.again(self.fleet, self.experiment, event)
        if forked:
            self._keyframe()

    # -- keeping house --------------------------------------------------------------------

    def _housekeeping(self) -> None:
        now = self.wall
        if self._rhythm.due(now) and not self.again:
            self._keyframe()
        if self._price_due == math.inf:
            # The first readings start from noise, and take many times what later ones take.
            self._meter.forget()
            self._price_due = now + _FIRST_PRICE[1]
        first = self._meter.bare == 0 and self._meter.busy > _FIRST_PRICE[0]
        if (first or now >= self._price_due) and self._meter.prepared:
            self._tell_price()

    def _tell_price(self) -> None:
        """Say what the readings cost, and let budgets answer."""
        if (begin := self.wall) >= self._timing_due:
            self._meter.measure()
            self._timing_due = self.wall + _MEASURING * (self.wall - begin)
        self._price_due = self.wall + _PRICES
        found = self._meter.price()
        text = f"{found['steps_per_second']:,.0f} steps a second of computing; probes take {found['share']:.0%}."
        self.say("price", text, **found)
        self._keep_to_budgets()

    def _keep_to_budgets(self, *, anew: str = "") -> None:
        """Read as often as the budgets allow; a session that is computed again keeps to what it did then."""
        if self.again:
            return
        for name, (every, share) in self._meter.paces(anew=anew).items():
            probe, budget = series_name(name, ""), self.fleet.budgets[name]
            acts.pace(self.fleet, probe, every)
            # What a step with its readings takes is another thing now.
            self._seconds_a_step = 0.0
            limit = "without a limit" if budget >= UNLIMITED else f"at a budget of {budget:.3g} bare steps a step"
            text = f"{probe} is read every {f'{every} steps' if every > 1 else 'step'} {limit}; it takes {share:.0%}."
            self.say("cadence", text, probe=probe, every=every, share=share, budget=budget)

    def _keyframe(self) -> None:
        """Keep the whole state, unless it is kept: acts since then, which are told, are done again by who goes on."""
        if self._kept_at == self.step:
            return
        self._kept_at = self.step
        size = self._journal.append(keyframes.taken(self.step, self.fleet.gathered()))
        self._rhythm.took(self.wall, size)


def _top(value: np.ndarray) -> float:
    """The largest finite number of a reading: the first eigenvalue, the worst member."""
    finite = np.ravel(value)[np.isfinite(np.ravel(value))]
    return float(finite.max()) if finite.size else float("nan")
