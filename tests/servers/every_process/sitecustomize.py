"""Python runs this at its start: homes live on the tests' server in processes of tests, too."""

import importlib.util
import os
from pathlib import Path

if os.environ.get("BUDGET_WATCH_TEST_SERVER"):
    _spec = importlib.util.spec_from_file_location(
        "every_home", Path(__file__).parents[1] / "every_home.py"
    )
    assert _spec is not None and _spec.loader is not None
    _module = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_module)
    _module.install()
