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


def test_what_an_ordinary_city_shows_counts_neither_as_false_nor_as_found() -> None:
    usual = {"rule": "ZX06", "level": "yellow", "grain": {"dept_code": "102"}}
    found = [
        hit("ZX06", "yellow", dept_code="102", month=8),
        hit("ZX06", "orange", dept_code="102", month=9),  # not at this level
        hit("ZX06", "orange", dept_code="101", month=9),
    ]
    count = tally(KEY | {"ordinary": [usual]}, found)["ZX06"]
    assert (count.hits, count.false, count.found, count.ordinary) == (2, 1, 1, 1)
    assert (count.precision, count.recall) == (0.5, 1.0)


def test_a_planted_anomaly_is_found_even_where_the_ordinary_lies_too() -> None:
    usual = {"rule": "ZX06", "level": "orange", "grain": {"dept_code": "101"}}
    count = tally(KEY | {"ordinary": [usual]}, [hit("ZX06", "orange", dept_code="101", month=9)])[
        "ZX06"
    ]
    assert (count.found, count.ordinary, count.false) == (1, 0, 0)
