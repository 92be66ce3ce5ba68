"""Technical means without a meaning of their own: settings, files, devices, memory, networks."""
