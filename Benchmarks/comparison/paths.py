"""Where things are."""

from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ENVIRONMENT = HERE / ".venv"
PEERS = HERE / "peers"
SCENARIOS = HERE / "scenarios"
RESULTS = HERE / "results"
README = HERE.parent / "README.md"
