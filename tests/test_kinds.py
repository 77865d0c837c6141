"""The kinds as text: all of them, and of each every key, from what the schema is made of."""

import re

import pytest

from dltlab import catalog, kinds
from dltlab.check import shelves
from dltlab.errors import UsageError

KNOWN = kinds.sections()


def test_every_kind_of_every_section_is_listed_with_what_it_is():
    text = "\n".join(kinds.listed())
    assert {id(shelf) for shelf in shelves().values()} <= {id(section.shelf) for section in KNOWN}
    assert {"data set", "model"} <= {section.noun for section in KNOWN}
    for section in KNOWN:
        part = text.partition(f"{section.place}\n")[2].partition("\n\n")[0]
        assert re.findall(r"^  (\w+(?: \w+)?)  +\S", part, re.MULTILINE) == list(section.shelf)


@pytest.mark.parametrize(
    ("section", "kind"), [(section, kind) for section in KNOWN for kind in section.shelf], ids=lambda one: str(one)[:20]
)
def test_of_every_kind_all_keys_are_told_with_their_type_and_default(section, kind):
    text = "\n".join(kinds.told(kind))
    part = text[text.index(f"{kind}, of {section.place}") :]
    for parameter in catalog.parameters(section.shelf[kind]):
        found = re.search(rf"^  {parameter.name}\b(.*)\n      \S", part, re.MULTILINE)
        assert found, parameter.name
        assert (found[1] == ", which must be given") == parameter.required
        assert found[1].startswith(" = ") == (not parameter.required and parameter.default is not None)
    assert "any value" not in part


def test_what_a_key_means_stands_below_it_wherever_the_class_says_it():
    text = " ".join("\n".join(kinds.told("sharpness")).split())
    assert "tolerance = 0.01 a number > 0 and < 1 Error bar, relative to the eigenvalue" in text
    # Said of its type, in another module.
    assert "every = 0 a whole number ≥ 0 and ≤ 1,000,000,000 Steps between readings" in text
    text = " ".join("\n".join(kinds.told("level")).split())
    # Said by the class that it comes from.
    assert "The arm that it is about; without it the claim must hold in every arm." in text
    text = " ".join("\n".join(kinds.told("jin_2017")).split())
    assert "failure = 0.1 a number > 0 and < 1 δ." in text
    assert "Args:" not in text


def test_a_name_of_two_sections_is_told_of_both_and_one_of_none_is_refused():
    text = "\n".join(kinds.told("scaling"))
    assert "scaling, of [[panels]]" in text
    assert "scaling, of [[claims]]" in text
    with pytest.raises(UsageError, match="did you mean 'sharpness'"):
        list(kinds.told("sharpnes"))


def test_the_common_tables_and_the_kinds_of_chapters_are_told_too():
    text = "\n".join(kinds.listed())
    for name in ("run", "arms", "knobs", "questions", "new edge"):
        assert re.search(rf"^  {name}  +\S", text, re.MULTILINE)
    assert list(kinds.told("[[arms]]")) == list(kinds.told("arms"))
    assert "  problem = {  }\n      " in "\n".join(kinds.told("arms"))
    assert "data of problem kernel_regression, problem supervised, probe test_loss" in text
    with pytest.raises(UsageError, match="no table or kind 'zzz'; `dltlab schema --list` lists all of them"):
        list(kinds.told("zzz"))
