"""Security providers: the machines that authenticate commands to a meter's security module."""
