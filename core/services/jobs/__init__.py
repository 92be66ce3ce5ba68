"""Long work in the background: a durable queue in the records, and the threads that run it."""
