"""The installed command: the command line, started quickly.

While hundreds of modules are imported, the garbage collector would look through all of them again and again and find
nothing: a quarter of the time that a command takes to start.
"""

import gc


def main() -> None:
    gc.disable()
    from jobs.cli import main as command_line

    gc.freeze()
    gc.enable()
    command_line()
