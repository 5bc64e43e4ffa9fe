"""What could go wrong on this machine and with this stack, and what dead stacks left."""
