"""The front: a process of its own that hands connections on to servers which take no socket."""
