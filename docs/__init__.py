"""Documents, and the command that writes the generated parts of them."""
