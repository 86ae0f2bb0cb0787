"""The table of rules is true of the code: `make rules` takes each of them away."""

import ast

import pytest

from tests.rules.breaking import PROJECT, Rule, rules

ALL = rules()


@pytest.mark.parametrize("rule", ALL, ids=[rule.says[:60] for rule in ALL])
def test_a_rule_names_the_line_that_holds_it_and_the_test_that_misses_it(rule: Rule) -> None:
    """What is taken away stands there once, what is left is a program, and the tests exist."""
    left: dict[str, str] = {}
    for file, was, now in rule.without:
        text = left.get(file) or (PROJECT / file).read_text()
        assert text.count(was) == 1, (file, was)
        left[file] = text.replace(was, now)
        if file.endswith(".py"):
            ast.parse(left[file])
    for test in rule.tests:
        if not test.startswith("lint: "):
            file, _, name = test.partition("::")
            assert name.partition("[")[0] in (PROJECT / file).read_text()


def test_no_rule_stands_there_twice() -> None:
    """Each has a sentence of its own."""
    said = [rule.says for rule in ALL]
    assert sorted(said) == sorted(set(said))
