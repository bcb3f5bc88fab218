# SPDX-License-Identifier: Apache-2.0
"""What an experiment gets and gives, and its files: NAME.json, NAME.md and NAME.png."""

from __future__ import annotations

import json
import math
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pictures import save_png
from support.files import make_folder, replacing
from train.experiments.registry import BENCHMARKS, EXPERIMENTS
from train.experiments.subject import Missing

SIGNIFICANT = 5  # digits of a number in JSON: fewer than what another BLAS would change
INDEX = "README.md"


@dataclass(frozen=True)
class Settings:
    """What the user chose.

    Attributes
    ----------
    model : str
        Path of a model file or of a packed generator.
    seed : int
        Seed of everything random.
    """

    model: str
    seed: int


@dataclass(frozen=True)
class Report:
    """What an experiment found.

    Attributes
    ----------
    title : str
    findings : str
        Markdown: tables, and what they say.
    numbers : dict
        All figures, in values that JSON can hold or NumPy's.
    picture : uint8 array, shape (height, width, 3), or None
    caption : str
        What the picture shows.
    """

    title: str
    findings: str
    numbers: dict
    picture: np.ndarray | None = None
    caption: str = ""


def table(header, rows):
    """Return a Markdown table; columns whose cells are all numbers are set right.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequences
        Strings are taken as they are, other values are printed with :func:`number`.
    """
    rows = [[cell if isinstance(cell, str) else number(cell) for cell in row] for row in rows]
    right = [all(_is_numeric(row[n]) for row in rows) for n in range(len(header))]
    lines = [header, ["--:" if numeric else "---" for numeric in right], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def number(value):
    """Print a number for people: whole ones with commas, others with three significant digits."""
    if value is None:
        return "-"
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _is_numeric(cell):
    return not cell or cell[0] in "-+.0123456789"


def captioned(name, caption):
    """Return the Markdown that shows NAME.png over its caption."""
    return f"![{caption}]({name}.png)\n\n{caption}"


def save(folder, experiment, settings, report):
    """Write an experiment's files, each whole or not at all.

    The JSON holds the command and every number, the Markdown the findings under a heading.

    Parameters
    ----------
    folder : str or Path
        Made unless it exists.
    experiment : train.experiments.registry.Experiment
    settings : Settings
    report : Report

    Returns
    -------
    dict
        What the JSON holds.
    """
    model = f" --model {settings.model}" if experiment.takes_model else ""
    command = f"avatar experiment {experiment.name}{model} --seed {settings.seed}"
    facts = {"experiment": experiment.name, "command": command, **report.numbers}
    text = f"# {report.title}\n\n    {command}\n\n"
    if report.picture is not None:
        text += captioned(experiment.name, report.caption) + "\n\n"
    text += _flowed(report.findings)
    return save_part(folder, experiment.name, facts, text, report.picture)


def save_part(folder, name, facts, text, picture=None):
    """Write a part of docs/results: its numbers, NAME.json, its text, NAME.md, and NAME.png.

    Parameters
    ----------
    folder : str or Path
        Made unless it exists.
    name : str
    facts : dict
        Values that JSON can hold or NumPy's.
    text : str
        Markdown, the first line of which is its heading.
    picture : uint8 array, shape (height, width, 3), optional

    Returns
    -------
    dict
        What the JSON holds.
    """
    facts = _plain(facts)
    make_folder(folder)
    if picture is not None:
        save_png(Path(folder, f"{name}.png"), picture)
    numbers = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    _save_text(Path(folder, f"{name}.json"), numbers + "\n")
    _save_text(Path(folder, f"{name}.md"), text)
    return facts


def save_all(folder, experiments, settings, *, notice):
    """Do experiments, write their files, and the page that links every part.

    Parameters
    ----------
    folder, settings
        As of :func:`save`.
    experiments : iterable of train.experiments.registry.Experiment
    notice : callable
        Takes a line of text for each that is left out because its generators are missing.

    Returns
    -------
    dict
        What each one's JSON holds, by its name.
    """
    results = {}
    for each in experiments:
        try:
            results[each.name] = save(folder, each, settings, each.run(settings))
        except Missing as error:
            notice(f"{each.name} is left out: {error}")
    save_index(folder)
    return results


def save_index(folder):
    """Write README.md, which links every part of a folder: a title, a sentence and a picture each.

    Experiments come first, then the parts that programs of ``benchmarks/`` wrote, then others,
    which have no sentence.

    Parameters
    ----------
    folder : str or Path
    """
    folder = Path(folder)
    titles = {path.stem: _title(path) for path in sorted(folder.glob("*.md")) if path.name != INDEX}
    order = [name for name in (*EXPERIMENTS, *BENCHMARKS) if name in titles]
    order += [name for name in titles if name not in order]
    sentences = {name: each.summary for name, each in EXPERIMENTS.items()} | BENCHMARKS
    text = INTRODUCTION
    for name in order:
        text += f"\n## [{titles[name]}]({name}.md)\n"
        if name in sentences:
            text += f"\n{sentences[name]}.\n"
        if (folder / f"{name}.png").exists():
            text += f"\n[![{titles[name]}]({name}.png)]({name}.md)\n"
    _save_text(folder / INDEX, text)


def _title(path):
    """Return the heading of a part."""
    return path.read_text().partition("\n")[0].lstrip("# ")


def _flowed(text):
    """Break the lines of Markdown's paragraphs and lists anew; tables stay as they are."""
    parts = []
    for part in text.strip().split("\n\n"):
        if part.startswith("- "):
            lines = [textwrap.fill(line, 100, subsequent_indent="  ") for line in part.splitlines()]
            parts.append("\n".join(lines))
        else:
            parts.append(part.strip() if part[0] == "|" else textwrap.fill(part, 100))
    return "\n\n".join(parts) + "\n"


def _save_text(path, text):
    with replacing(path) as beside:
        beside.write_text(text)


def _plain(value):
    """Turn NumPy's values into JSON's, floats rounded to :data:`SIGNIFICANT` digits."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(each) for each in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no number of JSON")
        return float(f"{value:.{SIGNIFICANT}g}")
    return value


INTRODUCTION = """\
# Results

Each part is a page with tables and a picture, and a JSON file with its numbers and its command.
`make results` makes the parts of `avatar experiment` again from the generators in `generators/`
and the models in `models/`; it trains no generator. Two parts round or train something on the way:
the weights of mixed-bits and the classifiers of augmentation. On a processor of another kind these
come out a little otherwise. The parts at the end train generators of their own or measure times,
each by the command on its page.

A kbit is 1,000 bits. Distances between pictures are root mean squares over pixels and colours, in
grey levels from 0 to 255. Known pictures, real sprites say, are measured in quality.json.
"""
