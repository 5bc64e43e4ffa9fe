"""aura-stack runs a development stack natively."""
