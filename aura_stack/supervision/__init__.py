"""Keeping services as they are wanted: started in order, ready, restarted, stopped with all their descent."""
