"""A mark for tests that ask the SQLite file itself."""

import pytest

from tests.servers import every_home

of_the_file = pytest.mark.skipif(every_home.wished, reason="asks the SQLite file itself")
