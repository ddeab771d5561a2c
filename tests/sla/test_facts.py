from tests.sla.facts import FACTS, NO_POLICY_CAN, proofs


def test_every_fact_is_proved_or_said_to_be_beyond_a_policy():
    missing = [fact for fact, tests in proofs().items() if not tests and fact not in NO_POLICY_CAN]
    assert not missing


def test_marks_name_facts_that_exist():
    assert set(proofs()) == set(FACTS)
