"""Packages and their data; the rule book in ``rules/`` is shipped as ``budget_watch.rulebook``."""

from setuptools import find_packages, setup

ROOMS = ["budget_watch*", "ingest*", "dashboard*", "fixtures*"]
DATA = [
    "*.yaml",
    "*.csv",
    "*.json",
    "*.css",
    "*.js",
    "*.svg",
    "*.html",
    "*.typ",
    "*.otf",
    "*.ttf",
    "*.mako",
]

setup(
    packages=[*find_packages(include=ROOMS), "budget_watch.rulebook"],
    package_dir={"budget_watch.rulebook": "rules"},
    package_data={"": [*DATA, *(f"**/{pattern}" for pattern in DATA)]},
)
