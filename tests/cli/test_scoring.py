"""Scoring against an answer key counts what was found, what was missed and what was false."""

from budget_watch.cli.scoring import tally

KEY = {
    "planted": [
        {"rule": "PZ01", "level": "red", "grain": {"pay_cert_id": "a"}},
        {"rule": "PZ01", "level": "red", "grain": {"pay_cert_id": "b"}},
        {"rule": "ZX06", "level": "orange", "grain": {"dept_code": "101", "month": 9}},
    ],
    "near_misses": [{"rule": "PZ01", "grain": {"pay_cert_id": "n"}}],
}


def hit(rule: str, level: str, **grain: object) -> dict[str, object]:
    return {"rule": rule, "level": level, "grain": grain}


def test_found_missed_false_and_near_misses_are_counted_apart() -> None:
    counts = tally(
        KEY,
        [
            hit("PZ01", "red", pay_cert_id="a"),
            hit("PZ01", "red", pay_cert_id="n"),
            hit("ZX06", "orange", dept_code="101", month="9", fiscal_year=2026),
        ],
    )
    assert {
        rule: (c.planted, c.found, c.hits, c.false, c.near_misses_fired, c.recall, c.precision)
        for rule, c in counts.items()
    } == {"PZ01": (2, 1, 2, 1, 1, 0.5, 0.5), "ZX06": (1, 1, 1, 0, 0, 1.0, 1.0)}
    assert counts["PZ01"].missed == [{"grain": {"pay_cert_id": "b"}, "level": "red"}]


def test_the_right_place_with_another_level_is_missed_and_false() -> None:
    count = tally(KEY, [hit("ZX06", "yellow", dept_code="101", month=9)])["ZX06"]
    assert (count.found, count.false) == (0, 1)
