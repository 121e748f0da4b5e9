import dataclasses

import pytest

from data.errors import ProtocolError
from rerank.compare import check_comparable, compare
from tests.rerank.made_runs import run_of_hits


def test_the_better_one_is_named_with_the_difference():
    better = run_of_hits([True] * 10 + [False] * 10, "rootsift", "ransac")
    worse = run_of_hits([False] * 20, "rootsift", "rapid")
    comparison = compare(better, worse)
    assert comparison.distinguishable
    assert comparison.p == pytest.approx(2 / 1024)
    assert comparison.difference.value == 50.0
    assert comparison.sentence().startswith(
        "toy_night, R@1 at 25 m over 20 queries: rootsift+ransac (50.0 %) is better than "
        "rootsift+rapid (0.0 %) by 50.0 points ["
    )
    assert comparison.sentence().endswith("McNemar's exact p = 0.002.")


def test_the_order_of_the_two_does_not_matter():
    better, worse = run_of_hits([True] * 10 + [False], "a"), run_of_hits([False] * 11, "b")
    there, back = compare(better, worse), compare(worse, better)
    assert back.difference.value == -there.difference.value < 0
    assert back.p == there.p
    assert back.sentence().split(" points")[0] == there.sentence().split(" points")[0]
    low, high = back.sentence().split("[")[1].split("]")[0].split(", ")
    assert 0.0 <= float(low) < there.difference.value <= float(high)


def test_what_cannot_be_told_apart_is_said_so():
    a, b = run_of_hits([True] * 6 + [False] * 4, "a"), run_of_hits([True] * 5 + [False] * 5, "b")
    comparison = compare(a, b)
    assert not comparison.distinguishable
    assert "a (60.0 %) and b (50.0 %) are not distinguishable: they differ by 10.0" in comparison.sentence()


def test_a_run_against_itself_is_not_distinguishable():
    run = run_of_hits([True, False, True])
    sentence = compare(run, run).sentence()
    assert "rootsift+ransac (first) (66.7 %) and rootsift+ransac (second) (66.7 %)" in sentence
    assert "not distinguishable: they differ by 0.0 points [0.0, 0.0]" in sentence


def test_other_n_and_threshold():
    a, b = run_of_hits([True, False], "a"), run_of_hits([False, False], "b")
    assert compare(a, b, n=2).recall_b.value == 100.0
    assert compare(a, b, threshold_m=5.0).recall_a.value == 0.0
    assert compare(a, b, threshold_m=30.0).recall_b.value == 100.0


def other_protocol(run, **changes):
    protocol = dataclasses.replace(run.identity.protocol, **changes)
    return dataclasses.replace(run, identity=dataclasses.replace(run.identity, protocol=protocol))


def test_other_protocols_are_refused_naming_what_differs():
    run = run_of_hits([True, False])
    with pytest.raises(ProtocolError) as caught:
        compare(run, other_protocol(run, candidates_digest="other", exif=False))
    message = str(caught.value)
    assert "candidates (digest)" in message
    assert "EXIF orientation applied: True against False" in message
    assert "threshold in metres" not in message


def test_a_given_threshold_stands_in_for_those_of_the_runs():
    run = run_of_hits([True, False])
    other = other_protocol(run, threshold_m=10.0)
    with pytest.raises(ProtocolError, match=r"threshold in metres: 25.0 against 10.0"):
        check_comparable(run, other)
    assert compare(run, other, threshold_m=10.0).counts.both == 1


def test_software_and_settings_are_notes_alone():
    run = run_of_hits([True, False])
    environment = dataclasses.replace(run.environment, threads=64)
    comparison = compare(
        run, dataclasses.replace(run_of_hits([True, False], "r2d2"), environment=environment)
    )
    assert "threads: 2 against 64" in comparison.notes
    assert "method: rootsift+ransac against r2d2" in comparison.notes


def test_one_query_and_none():
    assert not compare(run_of_hits([True], "a"), run_of_hits([False], "b")).distinguishable
    assert compare(run_of_hits([], "a"), run_of_hits([], "b")).p == 1.0
