"""stub"""


def demo_command() -> None:
    """Tell the main job."""
