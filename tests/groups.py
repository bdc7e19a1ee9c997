"""Which tests one process runs, where several share the work: those of a file, or those that share a server."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

BROWSER = "tests/browser"
# Modules where somebody else's trainings, or the end of the server, would be in the way.
OWN_SERVER = ("test_hands_and_eyes.py", "test_server_killed.py", "test_training_goes_on.py")


def group_of(test: str) -> str:
    """The group of a test, given its full name."""
    path = PurePosixPath(test.partition("::")[0])
    if path.parent != PurePosixPath(BROWSER):
        return str(path)
    return "own servers" if path.name in OWN_SERVER else "shared server"


class ByGroup(LoadScopeScheduling):
    """Hands groups out whole; the marks of ``--dist loadgroup`` are lost on the way with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
