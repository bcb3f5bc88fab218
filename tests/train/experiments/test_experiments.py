# SPDX-License-Identifier: Apache-2.0
"""What the experiments compute, and the files they leave."""

import dataclasses
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import cli
from golden import model_file
from golden.generator import generate
from golden.latents import draw_latents
from golden.spec import GeneratorSpec
from pictures import save_png
from support.failures import InputError
from tests.models import random_model
from tests.train.run.test_packed import CONFIGURATION, RGB, make_generator
from train.data import sprites
from train.data.recombination import FIRST_ROW, LAST_ROW
from train.data.training_set import load
from train.evaluate import evaluation, samples
from train.experiments import (
    augmentation,
    bits,
    discriminators,
    interpolation,
    kept_together,
    latent_gain,
    measures,
    measuring,
    mixed_bits,
    new_latents,
    offsets,
    over_seeds,
    quality,
    recombination,
    registry,
    report,
    three_channel_head,
    transposed_convolution,
)
from train.experiments.registry import BENCHMARKS, EXPERIMENTS, find
from train.experiments.subject import open_subject
from train.loop.recipes import RECIPES
from train.networks.generator import Generator
from train.quantize import pipeline
from train.run import packed
from train.run.config import Start

SPEC = GeneratorSpec.avatars(channels=(6, 5, 4))


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A small model in an empty folder, which becomes the current one."""
    monkeypatch.chdir(tmp_path)
    model_file.save(random_model(SPEC), "model.safetensors")
    return "model.safetensors"


# The files


def test_tables_set_numbers_right():
    text = report.table(("name", "count", "share"), [("a", 1234, 0.12345), ("b", 5, 123.4)])
    assert text == "| name | count | share |\n| --- | --: | --: |\n| a | 1,234 | 0.123 |\n" + (
        "| b | 5 | 123 |\n"
    )


def test_a_report_becomes_three_files_and_an_index(tmp_path):
    out = tmp_path / "results"
    settings = report.Settings(model="m", seed=3)
    found = report.Report(
        title="Title",
        findings="word " * 40 + "\n\n| a |\n| --- |\n",
        numbers={"x": np.float32(1 / 3), "n": np.int64(2), "list": np.array([True, False])},
        picture=np.zeros((4, 5, 3), np.uint8),
        caption="What",
    )
    (tmp_path / "results").mkdir()
    (out / "other.md").write_text("# Other\n\nSo it is.\n")
    (out / "bench.md").write_text("# Beside\n")
    (out / "README.md").write_text("old\n")
    report.save(out, find("offsets"), settings, found)
    report.save_index(out)
    facts = json.loads((out / "offsets.json").read_text())
    command = "avatar experiment offsets --model m --seed 3"
    assert facts == {
        "experiment": "offsets",
        "command": command,
        "x": 0.33333,
        "n": 2,
        "list": [True, False],
    }
    text = (out / "offsets.md").read_text()
    assert text.startswith(f"# Title\n\n    {command}\n\n![What](offsets.png)\n")
    assert max(map(len, text.splitlines())) <= 100
    with Image.open(out / "offsets.png") as image:
        assert image.size == (5, 4)
    index = (out / "README.md").read_text()
    assert index.startswith("# Results")
    assert index.endswith(
        "\n## [Title](offsets.md)\n"
        f"\n{find('offsets').summary}.\n"
        "\n[![Title](offsets.png)](offsets.md)\n"
        "\n## [Beside](bench.md)\n"
        f"\n{BENCHMARKS['bench']}.\n"
        "\n## [Other](other.md)\n"
    )


def test_the_committed_index_is_that_of_its_parts(tmp_path):
    committed = Path(__file__).parents[3] / "docs" / "results"
    shutil.copytree(committed, tmp_path / "copy", ignore=shutil.ignore_patterns("generators"))
    report.save_index(tmp_path / "copy")
    index = (tmp_path / "copy" / "README.md").read_text()
    assert index == (committed / "README.md").read_text()
    for name in (*EXPERIMENTS, *BENCHMARKS):
        assert f"({name}.md)\n" in index


def test_numbers_without_a_value_are_refused(tmp_path):
    found = report.Report(title="T", findings="f", numbers={"x": math.nan})
    with pytest.raises(ValueError, match="nan"):
        report.save(tmp_path, find("offsets"), report.Settings("m", 0), found)
    assert list(tmp_path.iterdir()) == []


def test_every_experiment_has_its_module():
    folder = Path(report.__file__).parent
    for name in EXPERIMENTS:
        assert (folder / f"{name.replace('-', '_')}.py").is_file()


def test_the_verb_repeats_byte_for_byte(model, capsys, monkeypatch):
    monkeypatch.setattr(interpolation, "PAIRS", 4)
    arguments = ["experiment", "interpolation", "--model", model, "--seed", "5", "--json"]
    for out in ("a", "b"):
        assert cli.main([*arguments, "--out", out]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == second
    assert first["model"] == model_file.load(model).digest
    for suffix in ("json", "md", "png"):
        a, b = (Path(out, f"interpolation.{suffix}").read_bytes() for out in "ab")
        assert a == b


def test_a_model_that_tells_of_its_training_in_another_way(model, capsys):
    odd = {"data": ["a"], "pictures": "many", "steps": "lots"}
    model_file.save(dataclasses.replace(random_model(SPEC), training=odd), model)
    assert open_subject(model).made_from == "0 pictures, 0 steps"
    assert cli.main(["experiment", "new-latents", "--model", model, "--out", "out"]) == 2
    assert "does not say what it was trained on" in capsys.readouterr().err


def test_bad_input_is_one_line(model, capsys, tmp_path):
    packed.save(CONFIGURATION, make_generator(), "float.safetensors")
    for arguments, complaint in (
        (["nothing"], "experiment 'nothing' is unknown; choose from quality"),
        (["offsets", "--seed", "-1"], "--seed is -1"),
        (["offsets", "--model", "absent"], "absent: there is no such file"),
        (["new-latents", "--model", model], "does not say what it was trained on"),
        (["discriminators"], "has none of grey-only, colour-only, both"),
        (["transposed-convolution", "--model", "float.safetensors"], "holds floats"),
    ):
        assert cli.main(["experiment", *arguments, "--out", "out"]) == 2
        error = capsys.readouterr().err
        assert error.startswith("avatar: error: ")
        assert error.count("\n") == 1
        assert complaint in error
    assert not Path("out").exists()


def test_the_list_names_all(capsys):
    assert cli.main(["experiment", "list", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(EXPERIMENTS)


# The generator under examination


def test_an_integer_subject_is_the_reference(model):
    subject = open_subject(model)
    assert subject.label == "model (5 bits)"
    wanted = generate(model_file.load(model), draw_latents(3, 4))
    np.testing.assert_array_equal(subject.pictures(subject.draw(3, 4)), wanted)


def test_a_packed_subject_is_the_float_generator(tmp_path):
    path = tmp_path / "g.safetensors"
    packed.save(CONFIGURATION, make_generator(), path)
    subject = open_subject(path)
    assert subject.label == "g (float)"
    z = subject.draw(3, 4)
    assert np.abs(z).max() < 1  # it was trained on tanh
    network = subject.network
    inputs = [torch.tensor(z + v, dtype=torch.float32) for v in (0, *subject.offsets)]
    with torch.no_grad():
        planes = np.stack([network(x)[:, 0].numpy() for x in inputs], -1)
    np.testing.assert_allclose(subject.pictures(z), (planes + 1) * 127.5, atol=0.51)


def test_without_offsets_a_picture_is_grey(model):
    subject = open_subject(model)
    z, none = subject.draw(0, 2), np.zeros(100)
    made = subject.pictures(z, (none, none))
    assert made.std() > 0
    np.testing.assert_array_equal(measures.colourfulness(made), 0)
    assert (measures.colourfulness(subject.pictures(z)) > 0).all()


# What they compute


def test_colourfulness_of_a_plain_colour_and_of_two():
    plain = np.full((1, 4, 4, 3), (200, 80, 30), np.uint8)
    rg, yb = 120, 110
    assert measures.colourfulness(plain)[0] == pytest.approx(0.3 * math.hypot(rg, yb))
    halves = np.zeros((1, 2, 2, 3), np.uint8)
    halves[0, 0] = (200, 0, 0)  # rg 200 and 0, yb 100 and 0
    wanted = math.hypot(100, 50) + 0.3 * math.hypot(100, 50)
    assert measures.colourfulness(halves)[0] == pytest.approx(wanted)


def test_sharpness_of_one_bright_pixel():
    picture = np.zeros((1, 5, 5, 3))
    picture[0, 2, 2] = 9
    # inside, 3 x 3: the pixel loses its mean of 1, its eight neighbours gain it
    assert measures.sharpness(picture)[0] == pytest.approx(math.sqrt((8**2 + 8 * 1) / 9))
    assert measures.sharpness(np.full((1, 5, 5, 3), 7.0))[0] == 0


def test_the_shell_and_the_tail():
    assert offsets.gaussian_tail(1.959964) == pytest.approx(0.025, abs=1e-8)
    x = np.linspace(1e-3, 30, 100_001)
    for degrees in (3, 100):
        density = offsets.chi_density(x, degrees)
        assert np.trapezoid(density, x) == pytest.approx(1, abs=1e-6)
        assert np.trapezoid(density * x**2, x) == pytest.approx(degrees, rel=1e-6)


def test_confusion_follows_the_tail(monkeypatch):
    monkeypatch.setattr(offsets, "DRAWS", 20_000)
    shares, norms = offsets.confusion((0.5, 2.0), 100, np.random.default_rng(0))
    np.testing.assert_allclose(shares, [0.40129, 0.15866], atol=0.015)
    assert norms.mean() == pytest.approx(9.975, abs=0.03)


def test_reduced_offsets_have_so_many_levels():
    v = np.random.default_rng(0).uniform(-3, 3, 1000)
    for width in (2, 3, 4):
        rounded = offsets.reduced(v, width)
        assert len(np.unique(rounded)) == 2**width - 1
        assert np.abs(rounded - v).max() <= np.abs(v).max() / (2 ** (width - 1) - 1) / 2 + 1e-12


def test_costs_of_the_head_are_those_of_the_network():
    spec = GeneratorSpec.avatars(channels=(12, 8, 6), weight_bits=(8, 5, 5, 4))
    one, three, apart = (three_channel_head.costs(spec, way) for way in three_channel_head.WAYS)
    for cost, head in ((one, "planes"), (three, "rgb")):
        network = Generator(GeneratorSpec.avatars((12, 8, 6), (8, 5, 5, 4), head=head))
        sizes = [layer.weight.numel() for layer in network.layers]
        assert cost["weights"] == sum(sizes)
        assert cost["weight_bits"] == sum(n * b for n, b in zip(sizes, spec.weight_bits))
    # useful taps of a plane: 16, then (2 n - 1)^2 * 4 for n inputs along a side, see mission.md
    layers = [100 * 12 * 16, 12 * 8 * 14**2, 8 * 6 * 30**2, 6 * 62**2]
    assert one["macs"] == layers[0] + 3 * sum(layers[1:])
    assert three["macs"] == sum(layers[:3]) + 3 * layers[3]
    assert apart["macs"] == 3 * sum(layers)
    assert apart["weights"] == 3 * one["weights"]


def test_forms_that_differ_are_counted(monkeypatch):
    rng = np.random.default_rng(0)
    cases = list(transposed_convolution.layer_inputs(SPEC, rng))
    assert all(transposed_convolution.differences(*case)[0] == 0 for case in cases)
    per_layer = [transposed_convolution.layer_macs(layer) for layer in SPEC.shapes]
    assert [macs["phases"] for macs in per_layer] == [layer.useful_macs for layer in SPEC.shapes]

    def wrong(maps, weight, **facts):
        out = transposed_convolution.conv_transpose2d_scatter(maps, weight, **facts)
        out[0, 0, 0, 0] += 1
        return out

    forms = transposed_convolution.FORMS | {"scatter": (wrong, None)}
    monkeypatch.setattr(transposed_convolution, "FORMS", forms)
    assert [transposed_convolution.differences(*case)[0] for case in cases] == [1, 1, 1, 1]


# Augmentation


def test_geometric_changes_keep_the_picture():
    pictures = torch.full((40, 3, 32, 32), -1.0)
    pictures[:, :, 12:20, 12:15] = 1.0  # left of the middle
    moved = augmentation.moved(pictures, np.random.default_rng(0))
    light = (moved + 1).sum((1, 2, 3))
    torch.testing.assert_close(light, (pictures + 1).sum((1, 2, 3)), rtol=0.02, atol=0)
    columns = ((moved + 1).sum((1, 2)) * torch.arange(32)).sum(1) / light
    assert (columns < 14).any()
    assert (columns > 17).any()  # mirrored
    assert len(torch.unique(columns)) > 20
    assert moved.min() >= -1.0001


def test_a_classifier_learns_and_is_asked_only_where_it_is_sure(monkeypatch):
    monkeypatch.setattr(augmentation, "STEPS", 60)
    rng = np.random.default_rng(0)
    labels = torch.from_numpy(rng.integers(len(augmentation.CLASSES), size=60))
    pictures = torch.full((60, 3, 32, 32), -1.0)
    for n, label in enumerate(labels):
        pictures[n, :, :, 2 * label] = 1.0
    network = augmentation.fit(pictures, labels, (0, 1), geometric=False)
    assert augmentation.accuracy(network, pictures, labels) == 1
    grey = torch.zeros(1, 3, 32, 32)
    sure, named = augmentation.pseudo_labels(network, torch.cat([pictures, grey]))
    assert sure[:60].float().mean() > 0.8
    assert torch.equal(named[:60], labels)
    probability = augmentation.probabilities(network, grey).max()
    assert sure[60] == (probability >= augmentation.SURE)
    again = augmentation.fit(pictures, labels, (0, 1), geometric=False)
    for a, b in zip(network.parameters(), again.parameters()):
        assert torch.equal(a, b)


def test_few_labelled_sprites_of_every_class():
    _, attributes = sprites.collection(400, 1)
    chosen = augmentation.scarce(attributes, 2, np.random.default_rng(0))
    names = [attributes[n].hair for n in chosen]
    assert sorted(names) == sorted(augmentation.CLASSES * 2)
    assert len(set(chosen)) == len(chosen)


def test_interval_by_hand():
    mean, half = over_seeds.interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert mean == 3
    assert half == pytest.approx(2.776 * math.sqrt(2.5) / math.sqrt(5))


def test_difference_by_hand():
    # both variances 1: standard error sqrt(2 / 3) = 0.816, times 2.776 it is 2.267
    assert not over_seeds.differs([1.0, 2.0, 3.0], [3.26, 4.26, 5.26])
    assert over_seeds.differs([1.0, 2.0, 3.0], [3.27, 4.27, 5.27])
    assert over_seeds.differs([3.27, 4.27, 5.27], [1.0, 2.0, 3.0])
    # variances 1 and 4 of 2 and 3 seeds: (1 + 2 * 4) / 3, times 1 / 2 + 1 / 3, root, times 3.182
    assert not over_seeds.differs([0.0, math.sqrt(2)], [3.7, 5.7, 7.7])
    assert over_seeds.differs([0.0, math.sqrt(2)], [3.8, 5.8, 7.8])


def test_single_seed_differs_from_nothing():
    assert not over_seeds.differs([1.0], [100.0, 100.1, 100.2])
    assert not over_seeds.differs([100.0, 100.1, 100.2], [])


def test_many_seeds_take_the_next_smaller_quantile():
    values = [0.0, 1.0] * 7
    deviation = math.sqrt(14 / 13) / 2
    assert over_seeds.interval(values)[1] == pytest.approx(2.179 * deviation / math.sqrt(14))
    assert not over_seeds.differs(values, values)
    assert over_seeds.differs(values * 3, [value + 1 for value in values])


def test_false_alarms_are_one_in_twenty():
    rng = np.random.default_rng(0)
    alarms = [over_seeds.differs(*rng.normal(size=(2, 3))) for _ in range(4000)]
    assert 0.04 < np.mean(alarms) < 0.06


def test_missed_goals_are_told():
    change = {"re_render": 0.11, "attribute_frechet": 0.14, "random_frechet": 0.31}
    told = "re-render +11%{}, attribute Frechet +14%{}, random Frechet +31%{}"
    missed = " (missed)"
    for widths, marks in (
        ((8, 8, 5, 8), (missed, "", missed)),
        ((8, 8, 8, 8), (missed, "", missed)),
        ((4, 4, 5, 5), ("", "", missed)),
        ((3, 8, 8, 8), ("", "", "")),
    ):
        assert measuring.as_percentages(change, widths) == told.format(*marks)


# Comparisons, with figures from a table


@pytest.fixture
def figures(monkeypatch):
    made_up = dict.fromkeys(measuring.COLUMNS, 2.5)
    made_up |= {"novelty_to_leave_one_out": 1.1, "near_copies": 3, "near_copies_of_fresh": 1}
    known = dict.fromkeys(("real", "training_set", "blends"), made_up)
    monkeypatch.setattr(measuring, "calibration", lambda shape: known)
    monkeypatch.setattr(quality, "calibration", lambda: known)

    def measured(subjects, seed):
        return {s.label: made_up | {"re_render": 10.0 + n} for n, s in enumerate(subjects)}

    for module in (quality, bits, mixed_bits, discriminators, three_channel_head):
        monkeypatch.setattr(module, "measure_all", measured)


def test_goals_that_are_met_and_missed(monkeypatch):
    known = {"training_set": {"attribute_frechet": 2.0}, "blends": {"re_render": 20.0}}
    monkeypatch.setattr(quality, "calibration", lambda: known)
    names = ("attribute_frechet", "re_render", "novelty_to_leave_one_out", "near_copies")
    made_up = {
        "all": (3.0, 9.0, 0.9, 2),
        "none": (3.1, 9.2, 0.89, 3),
    }
    told = quality.goals(
        {
            name: dict(zip(names, each)) | {"near_copies_of_fresh": 2}
            for name, each in made_up.items()
        }
    )
    assert "| all | 1.50 | 0.45 | 0.90 | 2 |" in told
    missed = ("1.55", "0.46", "0.89", "3")
    assert f"| none | {' | '.join(each + ' (missed)' for each in missed)} |" in told


def test_quality_lists_what_there_is(figures, model, capsys):
    folder = Path("models/float")
    folder.mkdir(parents=True)
    packed.save(CONFIGURATION, make_generator(), folder / "best.safetensors")
    packed.save(RGB, make_generator(RGB), folder / "head-3.safetensors")
    grey = random_model(GeneratorSpec.of_size(28, (3, 2), head="grey"))
    model_file.save(grey, "models/grey.safetensors")
    assert cli.main(["experiment", "quality", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "not 32x32 in colour, so left out: models/grey.safetensors\n" in err
    facts = json.loads(out)
    assert list(facts["figures"]) == ["best (float)", "head-3 (float)"]
    text = Path("docs/results/quality.md").read_text()
    assert "| best (float) | 2.5 | 10 | 2.5 | 2.5 | 2.500 | 1.10 | 3 (1) | 4-3-2 |" in text
    missed = "1.10 | 3 (missed)"
    assert f"| best (float) | 1.00 | 4.00 (missed) | {missed} |" in text
    assert f"| head-3 (float) | 1.00 | 4.40 (missed) | {missed} |" in text
    assert cli.main(["experiment", "three-channel-head", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert list(facts["ids"]) == ["head-3 (float)"]


def provenance(weight_bits):
    """A model that says it comes from the packed generator of these tests."""
    spec = CONFIGURATION.spec.with_weight_bits(weight_bits)
    return dataclasses.replace(random_model(spec), training=CONFIGURATION.provenance)


def test_widths_are_compared_with_their_float_generator(figures, model, capsys):
    Path("models/float").mkdir(parents=True)

    def started(way):
        start = Start(way, "0" * 16, GeneratorSpec.avatars((8, 6, 4)), 1.0, 0.0)
        return dataclasses.replace(CONFIGURATION, start=start)

    for config, name in ((started("prune"), "a"), (CONFIGURATION, "b"), (started("grow"), "c")):
        packed.save(config, make_generator(), f"models/float/{name}.safetensors")
    for width in (8, 4):
        model_file.save(provenance(width), f"models/m{width}.safetensors")
    for way, width in (("grow", 5), ("finetune", 3)):
        of = dataclasses.replace(provenance(width), training=started(way).provenance)
        model_file.save(of, f"models/n{width}.safetensors")
    rgb = dataclasses.replace(random_model(RGB.spec), training=CONFIGURATION.provenance)
    model_file.save(rgb, "models/rgb.safetensors")  # a family of its own
    assert cli.main(["experiment", "bits", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    family = ["b (float)", "m8 (8 bits)", "m4 (4 bits)", "n3 (3 bits)"]
    grown = ["c (float)", "n5 (5 bits)"]
    assert list(facts["figures"]) == [*family, *grown, "rgb (5 bits)"]
    assert list(facts["changes"]) == [*family[1:], grown[1]]
    against = [change["against"] for change in facts["changes"].values()]
    assert against == ["b (float)"] * 3 + ["c (float)"]
    # re-render is 10, 11, 12 in this order
    assert facts["changes"]["m4 (4 bits)"]["re_render"] == pytest.approx(0.2)


def test_one_layer_is_narrow_and_one_is_spared(figures, model, capsys, monkeypatch):
    monkeypatch.setattr(pipeline, "CALIBRATION", 16)
    monkeypatch.setattr(pipeline, "EVALUATION", 16)
    folder = Path("models/float")
    folder.mkdir(parents=True)
    assert cli.main(["experiment", "mixed-bits", "--json"]) == 2
    assert "best-20000.safetensors: there is no such file" in capsys.readouterr().err
    generator = make_generator()
    generator.weight[2][:] *= np.where(np.arange(16).reshape(4, 4) == 0, 50, 1)  # no step fits it
    packed.save(CONFIGURATION, generator, folder / "best-20000.safetensors")
    assert cli.main(["experiment", "mixed-bits", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    # Five uniform widths; one layer narrow, one wide, at two widths; three mixes more.
    assert len(facts["psnr"]) == 5 + 2 * 2 * 4 + 3
    assert facts["weakest_layer"] == 3
    assert facts["psnr"]["8-8-5-8"] == min(
        facts["psnr"][f"{b}"] for b in ("5-8-8-8", "8-5-8-8", "8-8-5-8", "8-8-8-5")
    )
    assert list(facts["figures"]) == [
        f"best-20000 ({bits})"
        for bits in (
            "float", "6 bits", "5 bits", "5-5-6-5 bits", "5-5-8-5 bits", "4 bits", "4-4-5-4 bits",
            "4-4-6-4 bits", "3 bits",
        )
    ]  # fmt: skip
    # re-render is 10 for the float and one more for each after it
    assert facts["changes"]["best-20000 (5 bits)"]["re_render"] == pytest.approx(0.2)


def test_gains_are_those_of_training(model, capsys, monkeypatch):
    widened = dataclasses.replace(random_model(SPEC), training={"widened": 1.25, "data": "sprites"})
    model_file.save(widened, "widened.safetensors")
    monkeypatch.setattr(latent_gain, "SAMPLES", 20)

    class Told:
        def __init__(self, shape):
            assert shape == (32, 32, 3)

        def measure(self, pictures):
            return dict.fromkeys(measuring.COLUMNS, 1.0) | {"diversity": float(pictures.mean())}

    monkeypatch.setattr(latent_gain, "reference", Told)
    monkeypatch.setattr(latent_gain, "calibration", lambda shape: {"real": {"diversity": 70.0}})
    monkeypatch.setattr(latent_gain, "comparison", lambda figures, extra, shape: "a table")
    assert cli.main(["experiment", "latent-gain", "--model", model, "--out", "o"]) == 2
    assert "was not trained on drawn sprites" in capsys.readouterr().err
    assert (
        cli.main(
            ["experiment", "latent-gain", "--model", "widened.safetensors", "--out", "o", "--json"]
        )
        == 0
    )
    facts = json.loads(capsys.readouterr().out)
    assert facts["widened"] == 1.25
    assert list(facts["figures"]) == [f"{gain:g}" for gain in latent_gain.GAINS]
    z = samples.latents("normal", 20, 0) * (0.8 / 1.25)
    expected = open_subject("widened.safetensors").pictures(z).mean()
    assert facts["figures"]["0.8"]["diversity"] == pytest.approx(expected, rel=1e-4)


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


SHAPES = {
    "64-planes": GeneratorSpec.avatars((6, 5, 4, 3), latent=40),
    "28-grey": GeneratorSpec.avatars((6, 5), head="grey", base=7),
}


@pytest.mark.parametrize("spec", SHAPES.values(), ids=SHAPES)
def test_experiments_take_generators_of_other_shapes(spec, model, capsys, monkeypatch):
    for module, name, small in (
        (interpolation, "PAIRS", 3),
        (latent_gain, "GAINS", (1.0,)),
        (latent_gain, "SAMPLES", 20),
        (measuring, "SAMPLES", 20),
        (new_latents, "SAMPLES", 8),
        (offsets, "DRAWS", 20_000),
        (offsets, "PICTURES", 9),
        (augmentation, "STEPS", 3),
        (augmentation, "TEST_SPRITES", 20),
        (augmentation, "ADDED", 9),
        (evaluation, "REFERENCE_COUNT", 30),
    ):
        monkeypatch.setattr(module, name, small)
    small = {name: GeneratorSpec.PRESETS[name] for name in ("compact", "tiny")}
    monkeypatch.setattr(GeneratorSpec, "PRESETS", small)
    for kept in (measuring.reference, measuring.calibration):
        kept.cache_clear()
    data = load("sprites", 30, 0, shape=spec.picture_shape)
    training = {"data": "sprites", "pictures": 30, "data_digest": data.digest}
    model_file.save(dataclasses.replace(random_model(spec), training=training), model)
    for name in (each.name for each in EXPERIMENTS.values() if each.takes_model):
        status = cli.main(["experiment", name, "--model", model, "--out", "out", "--json"])
        out, err = capsys.readouterr()
        if name == "offsets" and spec.planes == 1:
            assert status == 2
            assert "makes its picture in one pass, without v1 and v2" in err
        else:
            assert status == 0, (name, err)
            assert json.loads(out)["experiment"] == name
    kept = json.loads(Path("out/new-latents.json").read_text())
    assert kept["training_pictures"] == 30
    facts = json.loads(Path("out/transposed-convolution.json").read_text())
    assert facts["outputs_that_differ"] == 0
    for kept in (measuring.reference, measuring.calibration):
        kept.cache_clear()


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


def test_all_leaves_out_what_has_no_generators(model, capsys, monkeypatch):
    monkeypatch.setattr(interpolation, "PAIRS", 4)
    two = {name: find(name) for name in ("discriminators", "interpolation")}
    monkeypatch.setattr(registry, "EXPERIMENTS", two)
    assert cli.main(["experiment", "all", "--model", model, "--out", "out"]) == 0
    out, err = capsys.readouterr()
    assert out == "out/interpolation.md\n"
    assert "discriminators is left out" in err
    assert "## [Interpolation](interpolation.md)" in Path("out/README.md").read_text()


def test_all_leaves_out_what_a_float_generator_cannot_show(model, capsys, monkeypatch):
    monkeypatch.setattr(interpolation, "PAIRS", 4)
    packed.save(CONFIGURATION, make_generator(), "float.safetensors")
    two = {name: find(name) for name in ("interpolation", "transposed-convolution")}
    monkeypatch.setattr(registry, "EXPERIMENTS", two)
    assert cli.main(["experiment", "all", "--model", "float.safetensors", "--out", "out"]) == 0
    assert "transposed-convolution is left out: float.safetensors: holds" in capsys.readouterr().err
    assert "## [Interpolation](interpolation.md)" in Path("out/README.md").read_text()


def test_a_generator_of_one_picture_has_no_way_between_two():
    alike = np.zeros((interpolation.STEPS + 2, 3, 32, 32, 3), np.uint8)
    with pytest.raises(InputError, match="two latents give the same picture"):
        interpolation.describe(alike, alike, None, (32, 32, 3))


@pytest.mark.parametrize("pictures", [1, 10])
def test_new_latents_need_training_pictures_that_differ(model, capsys, pictures):
    folder = Path("own")
    folder.mkdir()
    for n in range(pictures):
        shade = max(0, n - 6)  # seven of ten are alike
        save_png(folder / f"{n}.png", np.full((32, 32, 3), 20 * shade, np.uint8))
    training = {"data": "own", "pictures": pictures, "data_digest": load("own", None, 0).digest}
    model_file.save(dataclasses.replace(random_model(SPEC), training=training), model)
    assert cli.main(["experiment", "new-latents", "--model", model, "--out", "out"]) == 2
    (error,) = (line for line in capsys.readouterr().err.splitlines() if "error" in line)
    assert "own: most of its pictures are one" in error


def test_discriminators_say_what_is_missing(figures, model, monkeypatch, capsys):
    class Reference:
        fresh = np.zeros((4, 32, 32, 3), np.uint8)

    monkeypatch.setattr(discriminators, "reference", Reference)
    folder = Path("models/float")
    folder.mkdir(parents=True)
    for name in ("grey-only", "both"):
        packed.save(CONFIGURATION, make_generator(), folder / f"{name}.safetensors")
    assert cli.main(["experiment", "discriminators", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["best"]["re-render"] == "grey-only (float)"
    assert "Not there yet: colour-only." in Path("docs/results/discriminators.md").read_text()
