"""Reports: templates as data, written from views into Word, PDF and HTML.

A template (YAML) says which chapters, sentences, tables and charts; the material is figures and
lists from `budget_watch.views`; the outcome is a document model that `word`, `pdf` and `html`
write. No figure is computed here and nothing is printed that has no figure behind it.
"""

from budget_watch.digest.build import build
from budget_watch.digest.errors import DigestError, DigestRefusedError

__all__ = ["DigestError", "DigestRefusedError", "build"]
