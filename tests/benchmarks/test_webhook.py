"""The receiver's bench, at the smallest size: what it acknowledged is in the ledger, and it reports on both targets."""

from benchmarks import webhook


def test_the_smallest_measure_of_the_receiver_runs_from_end_to_end() -> None:
    found = webhook.measure(flat_out=200, at_rate=40, rounds=1)
    assert found.events_a_second > 0
    assert found.p99_milliseconds > 0
    fast, prompt = (target.in_words() for target in webhook.targets(found))
    assert "to be at least 500 a second" in fast
    assert "to be under 100 ms" in prompt
