# SPDX-License-Identifier: Apache-2.0
"""The machine: latents in, pixels out, as its program says."""

from amaranth import (
    Array,
    Cat,
    ClockDomain,
    ClockSignal,
    DomainRenamer,
    Module,
    Mux,
    ResetSignal,
    Signal,
    signed,
)
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.array import GAP, LANES
from hw.engine.accumulator import AccumulatorBanks
from hw.engine.feature_memory import FeatureMemory
from hw.engine.feeder import Feeder
from hw.engine.latent_memory import LatentMemory
from hw.engine.load_bus import load_bus, loaded_ram, memories
from hw.engine.pixel_buffer import RGB, PixelBuffer
from hw.engine.readout import Readout
from hw.engine.requantizer import OUT_BITS, Requantizer, channel_layout, multipliers
from hw.engine.scoreboard import Scoreboard
from hw.engine.sequencer import Sequencer
from hw.engine.systolic_array import SystolicArray
from hw.engine.tap_adder import TAPS, TapAdder, tap_places
from hw.engine.weight_memory import WeightReader, weight_source, word_layout
from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay, delays
from hw.program import LAYERS, map_shape

ADDRESS_LATENCY = 2  # from a beat to the memories' addresses, all over the chip
FETCH_LATENCY = ADDRESS_LATENCY + FeatureMemory.latency + 1  # to its activations: a multiplexer
assert WeightReader.latency == FETCH_LATENCY  # a load's word arrives beside a beat's activations
SUMS_LATENCY = AccumulatorBanks.read_latency + TapAdder.latency  # from a step to four sums
OUTPUT_LATENCY = SUMS_LATENCY + Requantizer.latency  # from a step to four activations
TABLE_LATENCY = BlockRam.latency  # from there to pixels
WRITE_LATENCY = OUTPUT_LATENCY + 2  # from a step to the end of its write to a map

# What the pixel buffer takes from the word of the pass, and from each step.
CONSTANTS = ("size", "block_row", "picture_words", "pictures", "doubled", "shifted", "planes")
OF_STEP = (
    "spread", "phase", "slot", "colour", "inside_y", "inside_x", "block", "y_odd", "x_odd",
    "counts", "ready",
)  # fmt: skip


def trace_layout(capacity):
    """Return the layout of the requantizer's trace: up to four activations a valid cycle.

    Fields
    ------
    valid : something left the requantizer
    layer : 0 for the first
    last : it is the last layer
    mask : lanes that hold an activation (not in the last layer)
    row, address : where the first goes: rows ``4 * row`` and on, word of the map
    values : activations, or t of the last layer
    """
    return data.StructLayout(
        {
            "valid": 1,
            "layer": range(LAYERS),
            "last": 1,
            "mask": LANES,
            "row": range(max(2, capacity.array.rows // LANES)),
            "address": map_shape(capacity),
            "values": data.ArrayLayout(signed(OUT_BITS), LANES),
        }
    )


def weight_word(capacity):
    """Return the layout of a word of the weight stream."""
    return word_layout(capacity.weight_bits, capacity.array.word_weights)


class Core(wiring.Component):
    """The machine without its weight memory.

    Nothing of a network is elaborated into logic; `contents` only fills memories.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    contents : hw.contents.Contents
        Words at power-up; its weights are not used here.

    Members
    -------
    i_latents : In(stream.Signature(signed(8)))
        The numbers of a latent in order, one latent after another; those of two passes are stored.
    weights : In(weight_source(weight_word(capacity)))
        The words of :func:`hw.contents.weight_words`, again for each pass.
    known, last_weight : Out(1), Out
        Address of the last of them, and whether it is known.
    o_pixels : Out(stream.Signature(RGB))
        The pixels of a picture, row-major; the pictures of two passes are stored.
    o_trace : Out(trace_layout(capacity))
        What leaves the requantizer, for benches and layer sums.
    load : In(load_bus(memories(capacity)))
        Writes the model's memories, while the machine is held in reset.
    """

    def __init__(self, capacity, contents):
        self.capacity, self.contents = capacity, contents
        self.memories = memories(capacity)
        super().__init__(
            {
                "i_latents": In(stream.Signature(signed(8))),
                "weights": In(weight_source(weight_word(capacity))),
                "known": Out(1),
                "last_weight": Out(range(max(2, capacity.weight_words))),
                "o_pixels": Out(stream.Signature(RGB)),
                "o_trace": Out(trace_layout(capacity)),
                "load": In(load_bus(self.memories)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        capacity, shape = self.capacity, self.capacity.array

        m.submodules.sequencer = sequencer = Sequencer(capacity)
        m.submodules.feeder = feeder = Feeder(capacity)
        m.submodules.latent_memory = latents = LatentMemory(
            capacity.latent_words, rows=shape.rows, most=capacity.latent
        )
        wiring.connect(m, wiring.flipped(self.i_latents), latents.i)
        wiring.connect(m, sequencer.o, feeder.i_tiles)
        feed, sweeps = self._ram(m, "feed"), self._ram(m, "sweeps")
        m.d.comb += [
            feed.address.eq(sequencer.program_address),
            sequencer.program_data.eq(feed.data),
            sweeps.address.eq(sequencer.sweep_address),
            sequencer.sweep_data.as_value().eq(sweeps.data),
            latents.known.eq(sequencer.known),
            latents.last.eq(sequencer.facts.latent),
            latents.latents.eq(sequencer.facts.latents),
            self.last_weight.eq(sequencer.facts.weight_words),
            self.known.eq(sequencer.known),
        ]

        m.submodules.maps = maps = FeatureMemory(shape.rows, capacity.map_words)
        m.submodules.array = array = SystolicArray(
            shape,
            weight_bits=capacity.weight_bits,
            psum_width=capacity.psum_width,
            multipliers=self._multipliers(platform),
        )
        self._fetch(m, feeder, latents, maps, array)

        m.submodules.accumulators = accumulators = AccumulatorBanks(
            shape.columns,
            hop=shape.hop,
            psum_width=capacity.psum_width,
            acc_width=capacity.acc_width,
        )
        self._accumulate(m, feeder, array, accumulators)

        m.submodules.readout = readout = Readout(capacity)
        m.submodules.pixels = pixels = PixelBuffer(shape.lanes, capacity.pixel_words)
        wiring.connect(m, pixels.o, wiring.flipped(self.o_pixels))
        read = self._ram(m, "read")
        m.d.comb += [
            read.address.eq(readout.program_address),
            readout.program_data.eq(read.data),
            readout.job_done.eq(accumulators.job_done),
            readout.picture_free.eq(pixels.free),
            pixels.take.eq(readout.picture_take),
            *(getattr(pixels, name).eq(readout.facts[name]) for name in CONSTANTS),
        ]
        self._requantize(m, readout, accumulators, maps, pixels)

        m.submodules.scoreboard = scoreboard = Scoreboard()
        m.d.comb += [
            scoreboard.job_start.eq(feeder.job_start),
            scoreboard.layer_start.eq(feeder.layer_start),
            scoreboard.half_read.eq(readout.step.frees_half),
            scoreboard.job_written.eq(
                delay(m, readout.step.job_last, WRITE_LATENCY, reset_less=False)
            ),
            scoreboard.layer_first.eq(sequencer.o.p.layer_first),
            scoreboard.allow.eq(sequencer.o.p.allow),
            feeder.half_free.eq(scoreboard.half_free),
            feeder.written.eq(scoreboard.written),
            feeder.latent_ready.eq(latents.ready),
            latents.done.eq(  # behind its reads
                delay(m, feeder.latent_done, ADDRESS_LATENCY, reset_less=False)
            ),
        ]
        return m

    def _multipliers(self, platform):
        """Return how many the requantizers leave to the array, None where no chip is told."""
        has = getattr(platform, "multipliers", None)
        return None if has is None else has - multipliers(self.capacity.acc_width)

    def _ram(self, m, name, *, copy=""):
        """Add the memory of the model that is called so."""
        place = [each.name for each in self.memories].index(name)
        init = self.contents.words[name]
        return loaded_ram(m, self.load, place, self.memories[place], init, copy=copy)

    def _fetch(self, m, feeder, latents, maps, array):
        """Bring a beat's activations to the array, and its weight words beside them."""
        beat, lag = feeder.beat, FETCH_LATENCY
        address = delay(m, beat.address, ADDRESS_LATENCY)
        m.d.comb += [latents.address.eq(address), maps.address.eq(address)]

        first, is_signed = (delay(m, flag, lag - 1) for flag in (beat.first, beat.signed))
        rows_used = delay(m, beat.rows_used, lag - 2)
        act = Signal(array.act.shape(), reset_less=True)
        for r in range(self.capacity.array.rows):
            used = delay(m, rows_used > r, 1)
            in_map = Cat(maps.data[r], is_signed & maps.data[r][-1]).as_signed()
            value = Mux(first, latents.numbers[r], in_map)
            # A mask and no multiplexer: Yosys would make a reset of the registers of it.
            m.d.sync += act[r].eq(value & used.replicate(len(act[r])))
        m.d.comb += [
            array.act.eq(act),
            array.swap.eq(delay(m, beat.swap, lag, reset_less=False)),
            array.load.eq(delay(m, feeder.load, lag, reset_less=False)),
            array.index.eq(delay(m, feeder.index, lag)),
            array.word.eq(self.weights.word),
            feeder.word_valid.eq(self.weights.valid),
            self.weights.take.eq(feeder.load),
            self.weights.job_first.eq(feeder.job_first),
            self.weights.again.eq(feeder.again),
        ]

    def _accumulate(self, m, feeder, array, accumulators):
        """Let the control of a beat arrive before its sums, as the banks want it."""
        beat = feeder.beat
        lag = FETCH_LATENCY + array.latency - AccumulatorBanks.control_lead
        m.d.comb += [
            accumulators.psums.eq(array.psums),
            accumulators.valid.eq(delay(m, beat.valid, lag, reset_less=False)),
            accumulators.half.eq(delay(m, beat.half, lag)),
            accumulators.address.eq(delay(m, beat.sum, lag)),
            accumulators.opens.eq(delay(m, beat.opens, lag)),
            accumulators.job_last.eq(delay(m, beat.job_last, lag, reset_less=False)),
        ]

    def _requantize(self, m, readout, accumulators, maps, pixels):
        """Carry finished sums to the map or the pixel buffer."""
        capacity, step = self.capacity, readout.step
        columns, lanes = capacity.array.columns, capacity.array.lanes
        to_sums, to_out = SUMS_LATENCY, OUTPUT_LATENCY
        steps = delays(m, step, to_out + TABLE_LATENCY)
        valid = delays(m, step.valid, to_out + TABLE_LATENCY, reset_less=False)

        # Each column reads the accumulator that lies as far back as its tap; beside the step. In
        # the last layer, a column whose place is outside the raster counts as 0.
        places = tap_places(lanes)
        before_mask = steps[accumulators.read_latency - 2]
        for c in range(columns):
            y, x = places[c] if c < len(places) else (0, 0)
            address = Signal.like(accumulators.read_address[c], reset_less=True)
            m.d.sync += address.eq(readout.sums_y[y] + readout.sums_x[x])
            near = before_mask.near_y[y] & before_mask.near_x[x]
            m.d.sync += accumulators.read_mask[c].eq(near | ~before_mask.last)
            m.d.comb += accumulators.read_address[c].eq(address)
        m.d.comb += accumulators.read_half.eq(step.half)

        # Sums: four columns of a quad, or taps of the last layer.
        m.submodules.adder = adder = TapAdder(lanes, acc_width=capacity.acc_width)
        at_data = steps[accumulators.read_latency]
        sums = data.ArrayLayout(signed(capacity.acc_width), LANES)
        quads = Signal(data.ArrayLayout(sums, capacity.array.quads))
        m.d.comb += [
            quads.eq(accumulators.data),
            adder.spread.eq(at_data.spread),
            *(adder.columns[n].eq(accumulators.data[n]) for n in range(TAPS * lanes)),
        ]
        selected = Signal(sums, reset_less=True)
        m.d.sync += selected.eq(Array(quads[n] for n in range(len(quads)))[at_data.quad])
        selected = delay(m, selected, adder.latency - 1)

        # Constants of the channels, beside the sums.
        layout = channel_layout(capacity.acc_width)
        plane_layout = data.ArrayLayout(signed(capacity.plane_bias_width), LANES)
        channels, plane_biases = self._ram(m, "channels"), self._ram(m, "plane_biases")
        at_address = steps[to_sums - 1 - BlockRam.latency]
        from_plane = delay(m, at_address.biased, BlockRam.latency)
        m.d.comb += [
            channels.address.eq(at_address.channel),
            plane_biases.address.eq(at_address.bias),
        ]
        word = data.View(layout, channels.data)
        channel = Signal(layout, reset_less=True)
        biases = Signal(data.ArrayLayout(signed(capacity.acc_width + 1), LANES), reset_less=True)
        m.d.sync += channel.eq(channels.data)
        for lane in range(LANES):
            own = data.View(plane_layout, plane_biases.data)[lane]
            m.d.sync += biases[lane].eq(Mux(from_plane, own, word.lanes[lane].bias))

        at_sums, done = steps[to_sums], steps[to_out]
        outputs = []
        for lane in range(LANES):
            m.submodules[f"requantizer_{lane}"] = requantizer = Requantizer(capacity.acc_width)
            m.d.comb += [
                requantizer.acc.eq(Mux(at_sums.last, adder.sums[lane], selected[lane])),
                requantizer.bias.eq(biases[lane]),
                requantizer.mul.eq(channel.lanes[lane].mul),
                requantizer.neg.eq(channel.lanes[lane].neg),
                requantizer.shift.eq(channel.shift),
                requantizer.clip.eq(at_sums.clip),
            ]
            outputs.append(requantizer.out)

        # Hidden layers: four channels to the banks of their rows.
        writes = valid[to_out] & ~done.last
        m.d.comb += maps.write_address.eq(delay(m, done.address, 1))
        values = [delay(m, out[:8], 1) for out in outputs]
        for r in range(capacity.array.rows):
            quad, lane = divmod(r, LANES)
            m.d.comb += [
                maps.write_en[r].eq(
                    delay(m, writes & done.mask[lane] & (done.row == quad), 1, reset_less=False)
                ),
                maps.write_data[r].eq(values[lane]),
            ]

        # The last layer: through the table to the pixels.
        looked_up = steps[-1]
        table = [self._ram(m, "table", copy=f"_{n}") for n in range(lanes)]
        for lane in range(lanes):
            m.d.comb += [
                table[lane].address.eq(outputs[lane] ^ (1 << OUT_BITS - 1)),  # t + 512
                pixels.values[lane].eq(table[lane].data),
            ]
        m.d.comb += [
            pixels.valid.eq(valid[-1] & looked_up.last),
            pixels.done.eq(looked_up.ends),
            *(getattr(pixels, name).eq(looked_up[name]) for name in OF_STEP),
            self.o_trace.valid.eq(valid[to_out]),
            *(
                self.o_trace[name].eq(done[name])
                for name in ("layer", "last", "mask", "row", "address")
            ),
            *(self.o_trace.values[lane].eq(out) for lane, out in enumerate(outputs)),
        ]


class Machine(wiring.Component):
    """:class:`Core` and what starts and stops it; where weights come from is to be added.

    Parameters
    ----------
    capacity : hw.capacity.Capacity
    contents : hw.contents.Contents
        Words at power-up.
    members : dict of str to Member, optional
        Beside those here.

    Members
    -------
    running : In(1)
        1 unless connected. 0 holds everything but the memories' words in reset, from the next cycle
        on: only then may words be loaded.
    i_latents, o_pixels, o_trace, load
        As in :class:`Core`.
    """

    def __init__(self, capacity, contents, members=None):
        self.capacity, self.contents = capacity, contents
        super().__init__(
            {
                "running": In(1, init=1),
                "i_latents": In(stream.Signature(signed(8))),
                "o_pixels": Out(stream.Signature(RGB)),
                "o_trace": Out(trace_layout(capacity)),
                "load": In(load_bus(memories(capacity))),
            }
            | (members or {})
        )

    def add_core(self, m):
        """Add the core; return it, and whether it is held in reset.

        The domain `engine` has the clock of all, and its reset leaves a register: it goes to
        thousands of flip-flops all over the chip.
        """
        stopped = Signal(init=1)
        m.d.sync += stopped.eq(~self.running)
        m.domains.engine = ClockDomain(local=True)
        m.d.comb += [ClockSignal("engine").eq(ClockSignal()), ResetSignal("engine").eq(stopped)]
        core = Core(self.capacity, self.contents)
        m.submodules.core = DomainRenamer("engine")(core)
        wiring.connect(m, wiring.flipped(self.i_latents), core.i_latents)
        wiring.connect(m, core.o_pixels, wiring.flipped(self.o_pixels))
        wiring.connect(m, wiring.flipped(self.load), core.load)
        m.d.comb += self.o_trace.eq(core.o_trace)
        return core, stopped


class Generator(Machine):
    """The machine with all weights in on-chip memory.

    Parameters and members are those of :class:`Machine`.
    """

    def elaborate(self, platform):
        m = Module()
        core, _ = self.add_core(m)
        weights = WeightReader(weight_word(self.capacity), self.capacity.weight_words)
        m.submodules.weights = DomainRenamer("engine")(weights)
        kinds = memories(self.capacity)
        place = [each.name for each in kinds].index("weights")
        init = self.contents.words["weights"]
        ram = loaded_ram(m, self.load, place, kinds[place], init, gap=GAP)
        wiring.connect(m, weights.o, core.weights)
        m.d.comb += [
            ram.address.eq(weights.address),
            weights.data.as_value().eq(ram.data),
            weights.last.eq(core.last_weight),
        ]
        return m
