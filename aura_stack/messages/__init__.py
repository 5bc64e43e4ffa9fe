"""Orders that go in, facts that come out, and the hub that wakes whoever looks."""
