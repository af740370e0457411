"""Writing one large file: refused when the disk is too small, shown as it grows, never left half written."""
import contextlib
import os
import pathlib
import shutil
import sys


class NoSpace(Exception):
    pass


class Progress:
    """On a terminal a bar in place, elsewhere a line per quarter."""

    def __init__(self, label: str, total: int, quiet: bool):
        self._label, self._total, self._quiet, self._last, self._done = label, total, quiet, -1, 0

    def add(self, count: int) -> None:
        self._done += count
        steps = 100 if sys.stderr.isatty() else 4
        step = self._done * steps // max(self._total, 1)
        if self._quiet or step == self._last:
            return
        self._last = step
        percent = step * (100 // steps)
        size = f"{self._total / 2**20:.0f} MiB"
        if steps == 4:
            print(f"{self._label}: {percent} % {size}", file=sys.stderr)
        else:
            bar = "#" * (percent * 32 // 100)
            end = "\n" if percent == 100 else ""
            print(f"\r{self._label} [{bar:.<32}] {percent:3d} % {size}", end=end, file=sys.stderr, flush=True)


@contextlib.contextmanager
def writing(path: pathlib.Path, total: int, quiet: bool):
    """Gives write(bytes). The file appears under its name only when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(path.parent).free
    if total > free:
        raise NoSpace(f"{path} takes {total / 2**30:.1f} GiB and {free / 2**30:.1f} GiB are free")
    beside = path.with_name(path.name + ".part")
    progress = Progress(path.name, total, quiet)
    try:
        with beside.open("wb") as out:
            def write(raw) -> None:
                out.write(raw)
                progress.add(len(raw))
            yield write
            if out.tell() != total:
                raise AssertionError(f"{path}: {out.tell()} bytes written, {total} planned")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
