"""alerts list, retry, test: the outbox."""

from typing import Annotated

import typer

from flows.cli.options import Db, Format


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The outbox: list, retry, test.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(retry)
    group.command()(test)
    app.add_typer(group, name="alerts")


def list_(
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Only dead letters.")] = False,
    pending: Annotated[bool, typer.Option("--pending", help="Only what still waits.")] = False,
    format: Format = "table",  # noqa: A002 - the option's name
    db: Db = "",
) -> None:
    """List deliveries with their state, attempts and last error.

    Example: vigie alerts list --dead
    """
    from flows.listing import list_outbox  # noqa: PLC0415

    list_outbox("dead" if dead else "pending" if pending else None, format, db)


def retry(
    keys: Annotated[list[str] | None, typer.Argument(help="Keys of dead letters; all of them otherwise.")] = None,
    db: Db = "",
) -> None:
    """Put dead letters back into the outbox; the next run sends them under their old keys.

    Example: vigie alerts retry msg_0123456789abcdef01234567
    """
    from flows.listing import retry_dead  # noqa: PLC0415

    retry_dead(keys or None, db)


def test(channel: Annotated[str, typer.Argument(help="A channel's name in alerts.toml.")]) -> None:
    """Send one message, marked as a test, to a channel.

    Example: vigie alerts test desk-mail
    """
    from flows.running import test_channel  # noqa: PLC0415

    test_channel(channel)
