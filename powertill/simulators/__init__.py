"""The rehearsal town: devices and services that speak the real wire formats on loopback."""
