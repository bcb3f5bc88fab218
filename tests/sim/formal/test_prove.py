# SPDX-License-Identifier: Apache-2.0
"""sim.formal.prove: proofs pass, and each finds the fault that was made for it."""

import tempfile

import pytest
from amaranth.back import rtlil

from sim.formal.prove import PROOFS, run
from support.cache import cache_dir

pytestmark = pytest.mark.sim


@pytest.fixture
def folder():
    """Give a folder that is not under /tmp, which the packaged tools replace by their own."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir()) as path:
        yield path


def by_name(name):
    return next(proof for proof in PROOFS if proof.name == name)


def test_a_proof_passes_and_finds_its_fault(folder):
    proof = by_name("stream-rule-encoder")
    assert run(proof, folder)
    assert run(proof, folder, faulty=True)


def test_names_are_unique():
    assert len({proof.name for proof in PROOFS}) == len(PROOFS)


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_every_fault_is_there_to_be_made(proof):
    """The piece of text that a fault replaces is in its module, once."""
    assert rtlil.convert(proof.harness(faulty=True), name="top")


@pytest.mark.slow
@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_every_fault_is_found(proof, folder):
    assert run(proof, folder, faulty=True)
