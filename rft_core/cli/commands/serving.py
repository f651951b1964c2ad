"""Serve the dashboard."""

from typing import Annotated

import typer

from rft_core.errors import UserError
from rft_core.serving.launch_limits import LaunchLimits

app = typer.Typer()


@app.command("app")
def serve(
    port: Annotated[int, typer.Option(help="Port to serve on.", min=1, max=65535)] = 8501,
    share: Annotated[
        bool,
        typer.Option(
            "--share",
            help=(
                "Let other machines reach it; visitors only look until they give the PIN. See"
                " SECURITY.md."
            ),
        ),
    ] = False,
    pin: Annotated[
        str | None, typer.Option(help="PIN of the instructor, 6 characters or more; or in RFT_PIN.")
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(
            help="A name that visitors type, besides this machine's own. May be repeated."
        ),
    ] = None,
    viewers_launch: Annotated[
        bool,
        typer.Option(
            "--viewers-launch",
            help="With --share: viewers may launch runs, and nothing else, within the limits.",
        ),
    ] = False,
    limit_queued: Annotated[
        int | None, typer.Option(help="Runs of one viewer that may wait or be at work.")
    ] = None,
    limit_minutes: Annotated[
        float | None,
        typer.Option(help="Minutes that a viewer's run may take before it is asked to stop."),
    ] = None,
    limit_images: Annotated[
        int | None, typer.Option(help="Training and test images that a viewer's run may use.")
    ] = None,
    limit_disk: Annotated[
        float | None,
        typer.Option(
            help=(
                "Gigabytes in the home from which on no viewer launches; runs already launched"
                " go on."
            )
        ),
    ] = None,
) -> None:
    """Serve the dashboard on 127.0.0.1, or with --share to a class."""
    from rft_core.serving.server import serve_app

    limits = LaunchLimits(
        queued=limit_queued, minutes=limit_minutes, images=limit_images, disk=limit_disk
    )
    if not viewers_launch and limits != LaunchLimits():
        raise UserError(
            "limits are for viewers who may launch runs; add --viewers-launch, or leave them out"
        )
    serve_app(
        port,
        share=share,
        pin=pin,
        names=tuple(host or ()),
        launching=limits if viewers_launch else None,
    )
