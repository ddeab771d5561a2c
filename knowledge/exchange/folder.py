"""The folder of an export: what is as it was is not written again, and what is gone is removed."""

import json
import shutil
from pathlib import Path

from knowledge.exchange.report import NotTaken

LIST = ".foyer-export"


class Folder:
    """Writes files below one folder, and remembers which in a list beside them, so that none of others' is touched."""

    def __init__(self, root: Path) -> None:
        """Raises `NotTaken` for a folder with files that no export wrote."""
        self.root, self.written = root, set[str]()
        self._list = root / LIST
        if root.exists() and not root.is_dir():
            raise NotTaken(f"{root} is no folder")
        if root.is_dir() and not self._list.is_file() and any(p.name != ".git" for p in root.iterdir()):
            raise NotTaken(f"{root} is not empty, and no export wrote it: choose another folder")
        root.mkdir(parents=True, exist_ok=True)
        self._before = self._list.read_text(encoding="utf-8").splitlines() if self._list.is_file() else []
        self._list.touch()

    def write(self, name: str, text: str) -> None:
        path, content = self._place(name), text.encode()
        if not path.is_file() or path.stat().st_size != len(content) or path.read_bytes() != content:
            path.write_bytes(content)

    def copy(self, name: str, source: Path) -> None:
        """Names of copied files say what is in them: one that is there with its size is not copied again."""
        path = self._place(name)
        if not path.is_file() or path.stat().st_size != source.stat().st_size:
            shutil.copyfile(source, path)

    def finish(self) -> None:
        """Remove what an earlier export wrote and this one didn't."""
        for name in set(self._before) - self.written:
            path = self._inside(name)
            path.unlink(missing_ok=True)
            for above in path.relative_to(self.root.resolve()).parents:
                folder = self.root.resolve() / above
                if folder != self.root.resolve() and folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
        lines = "".join(f"{name}\n" for name in sorted(self.written))
        if self._list.read_text(encoding="utf-8") != lines:
            self._list.write_text(lines, encoding="utf-8")

    def _place(self, name: str) -> Path:
        path = self._inside(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.written.add(name)
        return path

    def _inside(self, name: str) -> Path:
        """Where this name lies. A link in the folder must not lead an export out of it."""
        root = self.root.resolve()
        path = root / name
        if not path.resolve().is_relative_to(root) or "\n" in name:
            raise NotTaken(f"{name} would lie outside of {self.root}")
        return path


def toml(text: str) -> str:
    """A basic string of TOML: JSON's, but for DEL, which TOML wants escaped as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
