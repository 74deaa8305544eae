"""One module for each command of `ioc`, named like it; each holds one constant `COMMAND`, a Typer."""
