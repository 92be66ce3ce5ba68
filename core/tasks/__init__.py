"""What jobs do, one kind a file; `core.tasks.registry` names them."""
