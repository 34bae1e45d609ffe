"""The command line: a file found here is a command with HELP, add_arguments(parser) and run(args) -> int."""
