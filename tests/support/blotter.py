"""The command as a process of its own, begun with what others parsed of the project."""

from pipelines import cli
from pipelines.transform import runner
from tests.support import parsed_once

if __name__ == "__main__":
    runner.invoke = parsed_once.with_shared_parsing(runner.invoke)
    cli.main()
