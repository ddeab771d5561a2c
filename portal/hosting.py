"""The process above the web server and the worker of `run`: it starts both, and starts again what dies.

It takes the place of the command that was called (`portal.serving`), so that neither the portal nor its command line
stays in memory a third time: what is imported here is its size.
"""

import os
import signal
import subprocess
import sys
import threading
import time

WEB = ("-m", "portal.answering")
WORKER = ("-m", "portal", "worker")


def main(web: str) -> None:
    """Keep both until a signal ends us; `web` is what `portal.answering` is told."""
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    kept = [
        threading.Thread(target=_keep, args=(words, stop))
        for words in ((*WEB, web), (*WORKER, "--with-parent", str(os.getpid())))
    ]
    for keeper in kept:
        keeper.start()
    for keeper in kept:
        keeper.join()


def end_with_parent(parent: int) -> None:
    """For a kept process: a parent that was killed can't end it; it notices, and ends by itself.

    Its parent's id is told, not asked for: who asks late may already have another.
    """
    threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()


def _keep(words: tuple[str, ...], stop: threading.Event) -> None:
    """Start it, start it again when it dies, and end it when we stop."""
    while not stop.is_set():
        started = time.monotonic()
        process = subprocess.Popen([sys.executable, *words])
        while process.poll() is None and not stop.wait(0.2):
            pass
        if stop.is_set():
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=35)
            except subprocess.TimeoutExpired:
                process.kill()
        elif time.monotonic() - started < 5:
            stop.wait(2)  # it dies at once: don't spin


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1])
