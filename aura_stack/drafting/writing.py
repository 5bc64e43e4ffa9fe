"""Puts drafted files in their places: what they say was checked before the first of them is written."""

import os
from collections.abc import Callable, Mapping

from aura_stack.errors import AuraError, InvalidDefinition
from aura_stack.system.files import replace

Check = Callable[[str], object]
"""Reads the definition of which the stack file is given; raises InvalidDefinition for one with mistakes."""


def rehearse(files: Mapping[str, str], stack_file: str, folders: frozenset[str], check: Check) -> None:
    """Write the files into a scratch folder that has the same folders, and read them there.

    Args:
        files: contents by paths, relative to the folder that they are for.
        stack_file: which of them is the stack file.
        folders: where services run.
        check: what reads it.

    Raises:
        AuraError: the draft is not valid, which is a mistake of ours.
    """
    import tempfile  # noqa: PLC0415 - no other command needs it

    try:
        scratch_folder = tempfile.TemporaryDirectory(prefix="aura-stack-")
    except OSError as error:
        raise AuraError(f"no scratch folder can be made to check the draft in: {error.strerror}") from error
    with scratch_folder as scratch:
        for folder in folders:
            os.makedirs(os.path.join(scratch, folder), exist_ok=True)
        put(scratch, files)
        try:
            check(os.path.join(scratch, stack_file))
        except InvalidDefinition as invalid:
            message = (
                f"the draft would not be a valid definition: {invalid.message.replace(scratch + os.sep, '')}"
            )
            raise AuraError(message, "this is a mistake of aura-stack; nothing was written") from invalid


def put(directory: str, files: Mapping[str, str]) -> None:
    """Write the files, each in one step, in their order.

    Args:
        directory: where the paths begin.
        files: contents by paths.

    Raises:
        AuraError: one cannot be written.
    """
    for path, text in files.items():
        target = os.path.join(directory, path)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            replace(target, text.encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise AuraError(f"{path} cannot be written: {error.strerror}") from error
