"""Takes logs off the disk. Done again after a crash in between, it comes to the same end."""

import asyncio
import errno
from pathlib import Path

from tisktask_common.ids import JobId, RunId
from tisktask_logstream.archive.library import Library
from tisktask_logstream.archive.log_store import LogStore
from tisktask_logstream.log_names import read_path


class Removal:
    """Deletes the logs of a job or of a whole run. Who looks at one hears of it, and finds that it is not there."""

    def __init__(self, library: Library, store: LogStore) -> None:
        self._library = library
        self._store = store

    async def remove_logs_of_job(self, run: RunId, job: JobId) -> None:
        """Delete a job's logs; that there were some stays known."""
        await self._store.note_deletion(job)
        await self._remove_files(run, job)
        await self._store.note_files_deleted(job)

    async def remove_run(self, run: RunId) -> None:
        """Delete all logs of a run that is there no more, and all that is known of them."""
        await self._remove_files(run)
        await self._store.delete_logs_of_run(run)

    async def _remove_files(self, run: RunId, job: JobId | None = None) -> None:
        folder = self._library.folder / run
        files = await asyncio.to_thread(_list_files, folder, job)
        names = [name for file in files if (name := read_path(file))]
        for name in names:
            await self._library.discard(name)
        await asyncio.to_thread(_unlink, folder, files)
        for name in names:
            self._library.ring(name)


def _list_files(folder: Path, job: JobId | None) -> list[Path]:
    try:
        files = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    if job is None:
        return files
    return [file for file in files if file.name.startswith(f"{job}.") and file.suffix in {".log", ".index"}]


def _unlink(folder: Path, files: list[Path]) -> None:
    # The bytes before their index: an index alone is nobody's log.
    for file in sorted(files, key=lambda file: file.suffix != ".log"):
        file.unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError as error:
        # Logs of other jobs of the run; or it has gone before.
        if error.errno not in {errno.ENOTEMPTY, errno.ENOENT}:
            raise


def list_run_folders(folder: Path) -> list[str]:
    """Name the runs that there are folders of. Called from threads."""
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
