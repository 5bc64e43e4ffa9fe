"""A supervisor on an imagined kernel: the rim only notes what it was asked, the test says what happens."""

from aura_stack.errors import Place
from aura_stack.messages import events
from aura_stack.stack.model import Command, Condition, Health, ProbeKind, Ready, Restart, Service, Stop
from aura_stack.supervision import lifecycle
from aura_stack.supervision.supervisor import Supervisor
from aura_stack.supervision.verdict import NotExecutable, Verdict

HERE = Place("stack.yaml", 1, 1)
CRASH = Verdict(ok=False, words="exited 3", code=3)
SUCCESS = Verdict(ok=True, words="exited 0", code=0)


def service(name, *needs, restart=None, grace=10.0, health=False, follows=(), **conditions):
    depends_on = dict.fromkeys(needs, Condition.READY) | {k: Condition(v) for k, v in conditions.items()}
    return Service(
        name=name,
        place=HERE,
        command=Command((name,), name, HERE),
        depends_on=depends_on,
        ready=Ready(ProbeKind.TCP, "1", 1),
        restart=restart or Restart(),
        stop=Stop(15, grace),
        health=Health(Ready(ProbeKind.TCP, "1", 1)) if health else None,
        follows=tuple(follows),
    )


class World:
    """Supervisor, rim and kernel in one: what was asked is in `asked`, what was told in `events`."""

    def __init__(self, *services, broken=()):
        self.asked = []
        self.events = []
        self.time = 0.0
        self.broken = set(broken)
        self.runs = {}  # (service, run) → whether its main process lives, while anything of it does
        self.doomed = set()  # runs that the rim was asked to end
        self.swept = set()  # runs of which it was asked to end what is left
        self.released = []  # services whose sockets were let go
        self.shared = set()  # services whose new run can begin beside the old one
        self.delays = []
        self.longest = 0.0
        self.pid = 100
        self.overlaps = 0
        self.supervisor = Supervisor(services, self, self.events.append)

    # the rim

    def spawn(self, service, run):
        self.asked.append(f"spawn {service.name} {run}")
        if service.name in self.broken:
            raise NotExecutable(Verdict(ok=False, words="command not found", code=127, retry=False))
        self.overlaps += len(self.of(service.name)) != self.allowed(service.name, run)
        self.runs[service.name, run] = True
        self.pid += 1
        return self.pid

    def probe(self, service, run):
        self.asked.append(f"probe {service.name} {run}")

    def attend(self, service, run):
        self.asked.append(f"attend {service.name} {run}")

    def end(self, service, run, grace):
        self.asked.append(f"end {service.name} {grace:g}" + self.which(service.name, run))
        self.doomed.add((service.name, run))

    def sweep(self, service, run, grace):
        self.asked.append(f"sweep {service.name} {grace:g}" + self.which(service.name, run))
        self.swept.add((service.name, run))

    def later(self, service, delay, run):
        self.delays.append((service.name, run))
        self.longest = max(self.longest, delay)

    def now(self):
        return self.time

    def chance(self):
        return 0.0

    def release(self, service):
        self.released.append(service.name)

    def behind(self, _service, _run):
        return 0

    def may_stand_beside(self, service):
        return service.name in self.shared

    # the kernel

    @property
    def alive(self):
        return {name: self.first(name) for (name, _), lives in self.runs.items() if lives}

    @property
    def left(self):
        return {name: self.first(name) for name, _ in self.runs}

    def of(self, name):
        """The runs of a service of which anything lives, the current one first."""
        runs = [run for other, run in self.runs if other == name]
        return sorted(runs, key=lambda run: run != self.supervisor.statuses[name].run) if runs[1:] else runs

    def first(self, name):
        return self.of(name)[0]

    def allowed(self, name, run):
        """How many runs there may be of it when this one begins."""
        other = self.supervisor.statuses[name].other
        return int(other is not None and other.phase is lifecycle.Phase.COMING and other.run == run)

    def which(self, name, run):
        """Says which run was meant where there are two."""
        assert (name, run) in self.runs
        return f" of {run}" if len(self.of(name)) > 1 else ""

    # what happens

    def tell(self, name, message):
        self.supervisor.tell(name, message)

    def becomes_ready(self, name, run=None):
        self.tell(name, lifecycle.Answered(run or self.first(name)))

    def never_answers(self, name, run=None):
        verdict = Verdict(ok=False, words="not ready after 60 s", code=1, retry=False)
        self.tell(name, lifecycle.Unanswered(run or self.first(name), verdict))

    def ails(self, name):
        verdict = Verdict(ok=False, words="was unhealthy", code=1)
        self.tell(name, lifecycle.Unwell(self.first(name), verdict))

    def exits(self, name, verdict=CRASH, run=None):
        run = run or self.first(name)
        self.runs[name, run] = False
        self.tell(name, lifecycle.Exited(run, verdict))

    def empties(self, name, run=None):
        run = run or self.first(name)
        del self.runs[name, run]
        self.tell(name, lifecycle.Emptied(run))

    def goes(self, name, verdict=CRASH, run=None):
        run = run or self.first(name)
        self.exits(name, verdict, run)
        self.empties(name, run)

    def delay_passes(self):
        name, run = self.delays.pop(0)
        self.tell(name, lifecycle.Elapsed(run))

    # what is seen

    def state(self, name):
        return str(self.supervisor.statuses[name].state)

    def states(self):
        return {name: str(status.state) for name, status in self.supervisor.statuses.items()}

    def told(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def take_asked(self):
        asked, self.asked = self.asked, []
        return asked


__all__ = ["CRASH", "HERE", "SUCCESS", "World", "events", "service"]
