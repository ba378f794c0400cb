"""A verb with verbs of its own that still takes arguments: `types ID` beside `types check FILE`."""

from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup


class VerbGroup(TyperGroup):
    """A group whose arguments, unless they begin with one of its verbs, go to its default verb."""

    default = ""

    def parse_args(self, ctx: Any, args: Sequence[str]) -> list[str]:
        """Put the default verb before arguments that name none."""
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, [*args] if named else [self.default, *args])
