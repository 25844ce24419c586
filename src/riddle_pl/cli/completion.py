"""``riddle completion``: what makes a shell complete the command line of ``riddle``."""

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

SHELLS = ("bash", "zsh", "fish")


@app.command()
def completion(shell: Annotated[str, typer.Argument(help=f"{', '.join(SHELLS[:-1])} or {SHELLS[-1]}.")]) -> None:
    """Print the script that makes a shell complete commands and options of riddle.

    Examples: riddle completion bash > ~/.local/share/bash-completion/completions/riddle

    riddle completion zsh > "${fpath[1]}/_riddle"

    riddle completion fish > ~/.config/fish/completions/riddle.fish
    """
    from riddle_pl.cli.verbs import complete
    from riddle_pl.errors import ConfigError, suggestion

    if shell not in SHELLS:
        raise ConfigError(f"shell is {shell!r}; {suggestion(shell, SHELLS)}")
    complete(f"source_{shell}")
