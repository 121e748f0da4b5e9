from collections.abc import Iterator

from networks.batching import equal_batches


def batches(text: str, size: int) -> list[str]:
    return ["".join(group) for group in equal_batches(text, size, str.lower)]


def test_equal_shapes_go_together_in_order_of_arrival() -> None:
    assert batches("abaAbBab", 3) == ["aaA", "bbB", "ab"] or batches("abaAbBab", 3) == [
        "aaA",
        "bbB",
        "a",
        "b",
    ]


def test_a_size_of_one_keeps_the_order() -> None:
    assert batches("abcab", 1) == ["a", "b", "c", "a", "b"]


def test_few_items_wait_whatever_their_shapes() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield number

    given = 0
    for group in equal_batches(items(), 2, lambda number: number):
        given += len(group)
        assert taken - given < 8 or taken == 100
    assert given == 100


def test_the_fullest_group_goes_first_when_too_many_wait() -> None:
    assert batches("abccdefghijklm", 3)[0] == "cc"
