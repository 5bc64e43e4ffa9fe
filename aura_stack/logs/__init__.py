"""Every byte a service prints: captured, stored, followed and shown."""
