# SPDX-License-Identifier: Apache-2.0
"""Watching a run: metrics.jsonl, TensorBoard, losses.png and the alarms."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from pictures import grid
from support.files import replacing
from support.progress import write
from train.loop.alarms import Reference, alarms, generator_climb

METRICS = "metrics.jsonl"
TENSORBOARD = "tensorboard"
LOSSES = "losses.png"
# Of losses.png: axis and the curves on it.
PANELS = {
    "loss": ("d_grey", "d_colour", "g"),
    "mean logit": ("d_grey_real", "d_grey_fake", "d_colour_real", "d_colour_fake"),
    "share judged rightly": ("d_grey_accuracy", "d_colour_accuracy"),
    "to training pictures": ("diversity", "novelty"),
}
CURVE = 3  # lines of losses: fewer show no course
SMOOTHING = 0.9  # share of the past in the smoothed curves, a line


class Watch:
    """What a run tells about itself while it trains; a context manager.

    TensorBoard is not loaded before the first line of metrics, and nothing is drawn before there
    are :data:`CURVE` lines of losses.

    Parameters
    ----------
    run : Path
        Its folder. Lines that metrics.jsonl has already are kept and drawn too.
    pictures : uint8 array, shape (N, 32, 32, 3)
        The training pictures.
    """

    def __init__(self, run, pictures):
        self._run, self._pictures = Path(run), pictures
        path = self._run / METRICS
        text = path.read_text() if path.exists() else ""
        self._lines = [json.loads(line) for line in text.splitlines()]
        self._alarms = alarms()
        names = {alarm.name: alarm for alarm in self._alarms.values()}
        for line in self._lines:
            if line.get("alarm") in names:
                names[line["alarm"]].active = bool(line.get("raised"))
        self._reference = None
        self._board = None
        self._file = path.open("a")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        if self._board is not None:
            self._board.close()

    def log(self, line):
        """Write a line of metrics, a dict with ``step``; its other numbers go to TensorBoard."""
        self._write(line)
        if self._board is None:
            # Takes a second to import.
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(self._run / TENSORBOARD, purge_step=line["step"])
        for name, value in line.items():
            if name not in ("step", "seconds"):
                self._board.add_scalar(name, value, line["step"])

    def look(self, step, samples):
        """Compare samples with the training pictures, and sound what alarms there are.

        An alarm that begins to ring or is over prints one line on standard error.

        Parameters
        ----------
        step : int
        samples : uint8 array, shape (M, 32, 32, 3)
        """
        if self._board is None:
            return
        if self._reference is None:
            self._reference = Reference(self._pictures)
        values = {
            "diversity": self._reference.diversity(samples),
            "novelty": self._reference.novelty(samples),
            "climb": generator_climb(self._lines),
        }
        values = {name: value for name, value in values.items() if value is not None}
        self._board.add_image("samples", grid(samples, scale=2), step, dataformats="HWC")
        if values:
            self.log({"step": step} | values)
        for name, value in values.items():
            alarm = self._alarms[name]
            if not alarm.update(value):
                continue
            if alarm.active:
                text = alarm.message.format(value=value)
            else:
                text = f"over, {name} is {value:.2f}"
            write(f"step {step}: {alarm.name}: {text}", sys.stderr)
            self._board.add_text("alarm", f"{alarm.name}: {text}", step)
            self._write({"step": step, "alarm": alarm.name, "raised": alarm.active, "says": text})

    def draw(self):
        """Rewrite losses.png: losses, mean logits, and what the alarms look at, over the steps."""
        if sum("seconds" in line for line in self._lines) < CURVE:
            return
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        told = set().union(*self._lines)
        panels = [(label, [n for n in names if n in told]) for label, names in PANELS.items()]
        panels = [(label, names) for label, names in panels if names]
        figure = Figure((9, 3 * len(panels)), dpi=100)
        canvas = FigureCanvasAgg(figure)
        axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
        for panel, (label, names) in zip(axes, panels):
            for number, name in enumerate(names):
                steps, values = zip(*((x["step"], x[name]) for x in self._lines if name in x))
                colour = f"C{number}"
                panel.plot(steps, values, color=colour, alpha=0.3, linewidth=0.8)
                panel.plot(steps, smoothed(values), color=colour, label=name)
            panel.set_ylabel(label)
            panel.grid(alpha=0.3)
            panel.legend(loc="upper right")
        for line in self._lines:
            if line.get("raised"):
                axes[0].axvline(line["step"], color="red", linestyle=":")
        axes[-1].set_xlabel("step (pale: as measured; a red line: an alarm)")
        # The layout that Matplotlib would find, which takes it as long again as the drawing.
        margin = 0.5 / figure.get_figheight()
        figure.subplots_adjust(left=0.08, right=0.98, bottom=margin, top=1 - margin / 3)
        with replacing(self._run / LOSSES) as beside:
            canvas.print_figure(beside, format="png")

    def _write(self, line):
        self._lines.append(line)
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def smoothed(values):
    """Return the exponential moving averages of values, without the pull of a start at zero.

    Parameters
    ----------
    values : sequence of float, shape (N,)

    Returns
    -------
    float array, shape (N,)
    """
    averages, average, weight = [], 0.0, 0.0
    for value in values:
        average = SMOOTHING * average + (1 - SMOOTHING) * value
        weight = SMOOTHING * weight + 1 - SMOOTHING
        averages.append(average / weight)
    return np.array(averages)
