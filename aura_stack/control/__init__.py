"""How a client talks to a running engine: JSON-RPC 2.0, one message a line, over a stream."""
