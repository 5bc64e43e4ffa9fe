"""A supervisor on an imagined kernel: the rim only notes what it was asked, the test says what happens."""

from aura_stack.errors import Place
from aura_stack.messages import events
from aura_stack.stack.model import Command, Condition, ProbeKind, Ready, Restart, Service, Stop
from aura_stack.supervision import lifecycle
from aura_stack.supervision.supervisor import Supervisor
from aura_stack.supervision.verdict import NotExecutable, Verdict

HERE = Place("stack.yaml", 1, 1)
CRASH = Verdict(ok=False, words="exited 3", code=3)
SUCCESS = Verdict(ok=True, words="exited 0", code=0)


def service(name, *needs, restart=None, grace=10.0, **conditions):
    depends_on = dict.fromkeys(needs, Condition.READY) | {k: Condition(v) for k, v in conditions.items()}
    return Service(
        name=name,
        place=HERE,
        command=Command((name,), name, HERE),
        depends_on=depends_on,
        ready=Ready(ProbeKind.TCP, "1", 1),
        restart=restart or Restart(),
        stop=Stop(15, grace),
    )


class World:
    """Supervisor, rim and kernel in one: what was asked is in `asked`, what was told in `events`."""

    def __init__(self, *services, broken=()):
        self.asked = []
        self.events = []
        self.time = 0.0
        self.broken = set(broken)
        self.alive = {}  # service → run, while its main process lives
        self.left = {}  # service → run, while anything of it lives
        self.doomed = set()  # services whose run the rim was asked to end
        self.swept = set()  # services of whose run it was asked to end what is left
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
        self.overlaps += service.name in self.left
        self.doomed.discard(service.name)
        self.swept.discard(service.name)
        self.alive[service.name] = self.left[service.name] = run
        self.pid += 1
        return self.pid

    def probe(self, service, run):
        self.asked.append(f"probe {service.name} {run}")

    def end(self, service, run, grace):
        assert self.left[service.name] == run
        self.asked.append(f"end {service.name} {grace:g}")
        self.doomed.add(service.name)

    def sweep(self, service, run, grace):
        assert self.left[service.name] == run
        self.asked.append(f"sweep {service.name} {grace:g}")
        self.swept.add(service.name)

    def later(self, service, delay, run):
        self.delays.append((service.name, run))
        self.longest = max(self.longest, delay)

    def now(self):
        return self.time

    def chance(self):
        return 0.0

    # what happens

    def tell(self, name, message):
        self.supervisor.tell(name, message)

    def becomes_ready(self, name):
        self.tell(name, lifecycle.Answered(self.alive[name]))

    def never_answers(self, name):
        verdict = Verdict(ok=False, words="not ready after 60 s", code=1, retry=False)
        self.tell(name, lifecycle.Unanswered(self.alive[name], verdict))

    def exits(self, name, verdict=CRASH):
        self.tell(name, lifecycle.Exited(self.alive.pop(name), verdict))

    def empties(self, name):
        self.tell(name, lifecycle.Emptied(self.left.pop(name)))

    def goes(self, name, verdict=CRASH):
        self.exits(name, verdict)
        self.empties(name)

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
