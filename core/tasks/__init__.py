"""What jobs do, one kind a file; `core.jobs.registry` names them."""
