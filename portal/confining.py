"""Takes limits, then runs a script: `python -I confining.py MEMORY SECONDS OUTPUT SCRIPT ARGUMENT…`.

Memory and what is written are in bytes, seconds are of the processor; a crash leaves no dump. What can't be undone
is done before a line of the script is read. Imports nothing of the portal.
"""

import resource
import runpy
import sys


def confine(memory: int, seconds: int, output: int) -> None:
    limits = {"AS": memory, "CPU": seconds, "FSIZE": output, "CORE": 0}
    for kind, most in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (most, most))


if __name__ == "__main__":
    confine(*map(int, sys.argv[1:4]))
    sys.argv = sys.argv[4:]
    runpy.run_path(sys.argv[0], run_name="__main__")
