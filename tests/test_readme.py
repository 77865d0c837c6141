"""What the README promises a reader who types it."""

import re
from pathlib import Path

import jsonschema
import tomli

from dltlab import errors, exports, headless, scenario
from dltlab.check import check, schema
from dltlab.terminal import filming

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def test_the_next_scenario_is_one_file_and_its_claim_holds(tmp_path: Path, monkeypatch) -> None:
    [text] = [block for block in BLOCKS if "[[arms]]" in block]
    path = tmp_path / "wider.toml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("DLTLAB_DATA_DIR", str(tmp_path / "data"))
    assert check(scenario.read(str(path))).arms
    # What the arms give is lacking in its own tables, and no editor may call that a fault.
    jsonschema.validate(tomli.loads(text), schema())
    assert headless.run([str(path)], quiet=True) == errors.HOLDS


def test_the_scenario_that_is_explained_line_by_line_stands_in_the_gallery_as_it_is_quoted() -> None:
    [text] = [block for block in BLOCKS if "[[arms]]" not in block]
    quoted, real = scenario.parse(text, "README.md").table, scenario.read("edge-of-stability").table
    for key in ("problem", "optimizer"):
        for name, value in quoted[key].items():
            wanted = real[key][name]
            assert wanted == value or value.items() <= wanted.items()
    for name in ("sharpness",):
        assert quoted["probes"][name] == real["probes"][name]
        assert quoted["theories"][name].items() <= real["theories"][name].items()
    [claim] = quoted["claims"]
    same = next(one for one in real["claims"] if one["name"] == claim["name"])
    assert {key: same[key] for key in claim} == claim


def test_the_teaching_section_names_every_export_and_what_it_needs() -> None:
    section = TEXT.partition("## Teach with it\n")[2].partition("\n## ")[0]
    project = tomli.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [taught] = project["optional-dependencies"]["teach"]
    installed = set(re.findall(r"\w+", taught.partition("[")[2]))
    for one in (*exports.FORMATS.values(), *filming.FORMATS.values()):
        assert any(f".{pattern.rpartition('.')[2]}" in section for pattern in one.patterns), one.name
        assert not one.extra or one.extra in installed or f"'.[{one.extra}]'" in section, one.extra


def named(text: str) -> list[tuple[str, str]]:
    """The tests that a text names: a file in this folder, and what it is called there."""
    return re.findall(r"`([\w/]+\.py)::(test_\w+)`", text)


def missing(text: str) -> list[tuple[str, str]]:
    """Those of them that are not there."""
    found: list[tuple[str, str]] = []
    for place, name in named(text):
        path = Path(__file__).parent / place
        if not path.is_file() or not re.search(
            rf"^(async )?def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            found.append((place, name))
    return found


def test_every_promise_names_tests_and_they_are_there() -> None:
    assert missing("`test_readme.py::test_nothing` `nowhere.py::test_it`") == [
        ("test_readme.py", "test_nothing"),
        ("nowhere.py", "test_it"),
    ]
    section = TEXT.partition("## What dltlab promises\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| **")]
    assert bool(rows) == bool(section), "where there is a table, it is read"
    for row in rows:
        assert named(row), row
    assert missing(section) == []
