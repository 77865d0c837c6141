"""A whole scenario against every room's shelf: its faults, its schema, its tables with every default filled in.

The rooms are imported when they are asked, for the engine brings JAX along.
"""

import os
from typing import Any

import msgspec

from dltlab import catalog, places
from dltlab.catalog import Shelf
from dltlab.errors import AbsentDataError, ScenarioError
from dltlab.scenario import Document, gallery, sound
from dltlab.tables import Scenario


def check(document: Document) -> Scenario:
    """Build all that a scenario names, and run nothing.

    Raises:
        ScenarioError: With every fault that any room finds, as the file goes. What rests on a faulty part is left out.
        AbsentDataError: With no fault but that data are not on this machine.
    """
    from dltlab import claims
    from dltlab.panels import chosen

    found = sound(document)
    scenario = found.scenario
    survey = _engine().survey(document, found)
    panels, undrawn = chosen.tried(scenario.panels, document)
    judged, unjudged = claims.tried(scenario.claims, document)
    faults = [*survey.faults, *undrawn, *unjudged]
    arms = None if "arms" in found.lacking else [arm.name for arm in scenario.arms]
    faults += chosen.strangers(panels, survey.series, arms, document, survey.open)
    if arms is not None:
        faults += claims.check_arms(judged, scenario.arms, document)
    if survey.series is not None:
        faults += claims.check_series(judged, survey.series, document, survey.open)
    known = gallery() if scenario.companions else {}
    for index, name in enumerate(scenario.companions):
        if name not in known:
            message = f"the gallery has no scenario {name!r}; {catalog.near_miss(name, known)}"
            faults.append(document.fault(("companions", index), message))
    faults += unasked(scenario, document)
    if faults:
        refusal = AbsentDataError if survey.absent.issuperset(faults) else ScenarioError
        raise refusal(*places.in_order(faults, document.name))
    return scenario


def unasked(scenario: Scenario, document: Document) -> list[str]:
    """Faults of questions that would never be asked, since no chapter of their kind is ever opened."""
    from dltlab.chapters import DETECTORS

    faults = []
    for index, question in enumerate(scenario.questions):
        if isinstance(question.at, str) and question.at not in DETECTORS:
            message = f"no chapter {question.at!r}; {catalog.near_miss(question.at, DETECTORS)}"
            faults.append(document.fault(("questions", index, "at"), message))
    return faults


def resolved(scenario: Scenario) -> dict[str, Any]:
    """The tables of a scenario that :func:`check` passed, or lacks data alone, with every default of a constructor."""
    known = shelves()
    tables = msgspec.to_builtins(scenario)
    # TOML has no null: what is nothing is not said.
    tables["run"] = {key: value for key, value in tables["run"].items() if value is not None}
    for section in ("arms", "questions"):
        tables[section] = [{key: value for key, value in one.items() if value is not None} for one in tables[section]]
    for section in ("problem", "optimizer"):
        tables[section] = catalog.resolved(known[section], tables[section])
    for section, noun in (("probes", "probe"), ("theories", "theory")):
        tables[section] = {name: catalog.resolved(known[noun], one) for name, one in tables[section].items()}
    for section, noun in (("panels", "panel"), ("claims", "claim")):
        tables[section] = [catalog.resolved(known[noun], one) for one in tables[section]]
    return tables


def schema() -> dict[str, Any]:
    """JSON Schema (draft 7) of scenario files, for editors."""
    # What a problem or an optimizer lacks may stand in every arm.
    known = {noun: catalog.schema(shelf, partly=noun in ("problem", "optimizer")) for noun, shelf in shelves().items()}
    body = catalog.schema_of(Scenario)
    properties = body["properties"]
    for section in ("problem", "optimizer"):
        properties[section] = {"description": properties[section]["description"], **known[section]}
    for section, noun in (("probes", "probe"), ("theories", "theory")):
        properties[section]["additionalProperties"] = known[noun]
    for section, noun in (("panels", "panel"), ("claims", "claim")):
        properties[section]["items"] = known[noun]
    about = {"title": "A scenario of dltlab", "description": "A phenomenon of deep learning theory, ready to run."}
    return {"$schema": "http://json-schema.org/draft-07/schema#", **body, **about}


def _engine() -> Any:
    # Nothing is computed here that is worth a GPU's memory, which JAX would take whole.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    from dltlab.engine import machine

    machine.prepare()
    from dltlab.engine import experiment

    return experiment


def shelves() -> dict[str, Shelf]:
    """Every shelf that a scenario's open tables name things from, by noun."""
    from dltlab.claims import CLAIMS
    from dltlab.panels import PANELS

    return {**_engine().shelves(), "panel": PANELS, "claim": CLAIMS}
