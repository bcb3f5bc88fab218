# SPDX-License-Identifier: Apache-2.0
"""Sprites recombined of others, and what they keep together."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import cli
from train.data.recombination import FIRST_ROW, LAST_ROW
from train.evaluate import evaluation
from train.experiments import kept_together, recombination
from train.loop.recipes import RECIPES


def test_recombined_sprites_lie_under_their_parents(model, monkeypatch, capsys):
    """Rows of the picture: heads, bodies, and what was made of them; each number is measured."""
    measured, sheets = [], []

    class Told:
        fresh = np.zeros((4, 32, 32, 3), np.uint8)

        def measure(self, pictures):
            measured.append(pictures)
            return {"recall": 0.5}

    few = dataclasses.replace(RECIPES["few"], recombine=900)
    monkeypatch.setitem(RECIPES, "few", few)
    monkeypatch.setattr(recombination, "ONLY_JOINED", (12, 40))
    monkeypatch.setattr(kept_together, "measure", lambda *_: ("And together.\n", {"own_body": 0.5}))
    monkeypatch.setattr(recombination, "SAMPLES", 9)
    monkeypatch.setattr(recombination, "reference", Told)
    monkeypatch.setattr(recombination, "comparison", lambda figures, extra: str(extra))
    monkeypatch.setattr(
        recombination, "sheet", lambda rows: sheets.append(rows) or rows[0].pictures[0]
    )
    monkeypatch.setattr(evaluation, "TRAINING_COUNT", 90)
    assert cli.main(["experiment", "recombination", "--out", "o", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert list(facts["figures"]) == [
        "900 in other colours",
        "12 heads on other bodies",
        "40 heads on other bodies",
        "900 of both",
    ]
    assert facts["correlated"] == {"own_body": 0.5}
    assert Path("o/recombination.md").read_text().endswith("\nAnd together.\n")
    assert [len(pictures) for pictures in measured] == [9] * 4
    given = evaluation.training_of(recombination.SPRITES)
    assert len(given) == 90
    grounds = {(each.any(-1)).tobytes() for each in given}
    assert {each.any(-1).tobytes() for each in measured[0]} <= grounds
    for coloured in (measured[0], measured[3]):
        assert not {each.tobytes() for each in coloured} & {each.tobytes() for each in given}
    top, foot = ({each[rows].tobytes() for each in given} for rows in (np.s_[:12], np.s_[25:]))
    for joined in measured[1:3]:
        assert {each[:12].tobytes() for each in joined} <= top
        assert {each[25:].tobytes() for each in joined} <= foot
        assert not {each.tobytes() for each in joined} & {each.tobytes() for each in given}
    head, body, together = (row.pictures.any(-1) for row in sheets[0])
    assert len(together) == recombination.SHOWN
    np.testing.assert_array_equal(together[:, :FIRST_ROW], head[:, :FIRST_ROW])
    np.testing.assert_array_equal(together[:, LAST_ROW:], body[:, LAST_ROW:])
    assert (head != body).any((1, 2)).all()


def test_what_goes_together_is_measured_beside_other_draws(monkeypatch):
    for module, name, small in (
        (evaluation, "TRAINING_COUNT", 150),
        (evaluation, "REFERENCE_COUNT", 400),
        (kept_together, "SAMPLES", 300),
        (kept_together, "OTHERS", 2),
    ):
        monkeypatch.setattr(module, name, small)
    findings, numbers = kept_together.measure(1_200, 0)
    names = list(numbers["figures"])
    assert names[:3] == ["the 150 training sprites", "others, draw 1", "others, draw 2"]
    loose, made, generator = (numbers["to_others"][name] for name in names[3:])
    assert made < generator  # which learned from those, and adds its own part
    assert made < loose  # what goes together is kept
    assert made < 1.5
    others = [numbers["figures"][name]["attribute_frechet"] for name in names[1:3]]
    for name, ratio in numbers["to_others"].items():
        mine = numbers["figures"][name]["attribute_frechet"]
        assert ratio == pytest.approx(mine / np.mean(others))
    assert numbers["novelty"][names[0]]["samples"]["near_copies"] == 300
    itself = numbers["from_the_set"]
    assert list(itself)[:2] == ["others, draw 1: 150", "others, draw 2: 150"]
    assert [name.rpartition(": ")[2] for name in list(itself)[2:]] == ["150", "300"] * 3
    for key in ("attribute_frechet", "random_frechet"):
        own = np.mean([each[key]["distance"] for each in list(itself.values())[:2]])
        for each in itself.values():
            assert each[key]["to_others"] == pytest.approx(each[key]["distance"] / own)
        loose, made, generator = list(itself.values())[3::2]
        assert made[key]["distance"] < min(loose[key]["distance"], generator[key]["distance"])
    assert 0 < numbers["own_body"] < 1
    assert f"{numbers['own_body']:.0%} of what is made keeps its own" in findings
