"""Exit codes of the command line, and the error that carries one."""

DONE = 0
REFUSED = 1
NOT_RUNNING = 3
UNHEALTHY = 4
INTERRUPTED = 130


class CommandError(Exception):
    """A command cannot go on; the sentence is shown, the code ends the process."""

    def __init__(self, sentence: str, *, code: int = REFUSED) -> None:
        super().__init__(sentence)
        self.code = code
