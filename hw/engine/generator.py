# SPDX-License-Identifier: Apache-2.0
"""The generator: latents in, colour pixels out."""

from amaranth import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.spec import TABLE_SIZE
from hw.engine.accumulator import AccumulatorBanks, acc_address
from hw.engine.feature_memory import PIXEL_STRIDE, FeatureMemory, map_address
from hw.engine.feeder import Feeder
from hw.engine.lane_scatter import LaneScatter
from hw.engine.latent_memory import LatentMemory
from hw.engine.pixel_buffer import RGB, PixelBuffer
from hw.engine.readout import Readout
from hw.engine.requantizer import OUT_BITS, Requantizer, channel_layout
from hw.engine.scoreboard import Scoreboard
from hw.engine.sequencer import Sequencer
from hw.engine.systolic_array import SystolicArray
from hw.engine.tap_combiner import TapCombiner
from hw.engine.weight_memory import WeightMemory, weight_source, word_layout
from hw.primitives.block_ram import BlockRam
from hw.primitives.delay import delay, delays
from hw.tiling import LANES

FETCH_LATENCY = 2 + FeatureMemory.latency  # from a beat to its activations: address, memory, mux
assert WeightMemory.latency == FETCH_LATENCY  # a load's word arrives beside a beat's activations
SUMS_LATENCY = AccumulatorBanks.read_latency + TapCombiner.latency  # from a step to four sums
OUTPUT_LATENCY = SUMS_LATENCY + Requantizer.latency  # from a step to four activations
TABLE_LATENCY = BlockRam.latency  # from there to pixels


def trace_layout(tiling):
    """Return the layout of the requantizer's trace: up to four activations a valid cycle.

    Fields
    ------
    valid : something left the requantizer
    layer : 0 to 3
    mask : lanes that hold an activation (layers 1 to 3)
    row, group : lane 0 is channel ``group * rows + row`` (layers 1 to 3)
    phase : group of output phases (layer 4)
    y, x : pixel of the map; in layer 4 the step of :class:`hw.engine.tap_combiner.TapCombiner`
    plane : 0, 1, 2
    values : activations, or t of layer 4
    """
    return data.StructLayout(
        {
            "valid": 1,
            "layer": 2,
            "mask": LANES,
            "row": range(tiling.array.rows),
            "group": range(tiling.map_groups),
            "phase": 2,
            "y": 5,
            "x": 5,
            "plane": 2,
            "values": data.ArrayLayout(signed(OUT_BITS), LANES),
        }
    )


def weight_word(tiling):
    """Return the layout of a word of the weight stream of `tiling`."""
    return word_layout(tiling.weight_bits, tiling.array.word_weights)


class Core(wiring.Component):
    """The generator without its weight memory.

    Nothing of a model is elaborated into logic; `contents` only fills memories.

    Parameters
    ----------
    tiling : Tiling
        Network and array.
    contents : Contents
        Memory contents; its weights are not used here.

    Members
    -------
    i_latents : In(stream.Signature(signed(8)))
        The numbers of a latent in order, one avatar after another; two are stored.
    weights : In(weight_source(weight_word(tiling)))
        The words of :func:`hw.contents.weight_words`, again for each avatar.
    o_pixels : Out(stream.Signature(RGB))
        1024 pixels an avatar, row-major; two pictures are stored.
    o_trace : Out(trace_layout(tiling))
        What leaves the requantizer, for benches.
    """

    def __init__(self, tiling, contents):
        self.tiling, self.contents = tiling, contents
        super().__init__(
            {
                "i_latents": In(stream.Signature(signed(8))),
                "weights": In(weight_source(weight_word(tiling))),
                "o_pixels": Out(stream.Signature(RGB)),
                "o_trace": Out(trace_layout(tiling)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tiling, shape = self.tiling, self.tiling.array

        m.submodules.sequencer = sequencer = Sequencer(tiling)
        m.submodules.feeder = feeder = Feeder(tiling)
        m.submodules.latents = latents = LatentMemory(tiling.spec.latent, rows=shape.rows)
        wiring.connect(m, wiring.flipped(self.i_latents), latents.i)
        wiring.connect(m, sequencer.o, feeder.i_tiles)

        maps = self._feature_memories(m)
        m.submodules.array = array = SystolicArray(
            shape, weight_bits=tiling.weight_bits, psum_width=tiling.psum_width
        )
        self._fetch(m, feeder, latents, maps, array)

        m.submodules.accumulators = accumulators = AccumulatorBanks(
            shape.columns, hop=shape.hop, psum_width=tiling.psum_width, acc_width=tiling.acc_width
        )
        self._accumulate(m, feeder, array, accumulators)

        m.submodules.readout = readout = Readout(tiling)
        m.submodules.pixels = pixels = PixelBuffer(shape.layer4_phases)
        wiring.connect(m, pixels.o, wiring.flipped(self.o_pixels))
        m.d.comb += [
            readout.job_done.eq(accumulators.job_done),
            readout.picture_free.eq(pixels.free),
            pixels.take.eq(readout.picture_take),
        ]
        row_written, job_written = self._requantize(m, readout, accumulators, maps, pixels)

        m.submodules.scoreboard = scoreboard = Scoreboard()
        m.d.comb += [
            scoreboard.job_start.eq(feeder.job_start),
            scoreboard.layer_start.eq(feeder.layer_start),
            scoreboard.half_read.eq(readout.step.frees_half),
            scoreboard.row_written.eq(row_written),
            scoreboard.job_written.eq(job_written),
            scoreboard.layer_first.eq(sequencer.o.p.layer_first),
            scoreboard.layer.eq(sequencer.o.p.layer),
            scoreboard.rows_needed.eq(sequencer.o.p.rows_needed),
            feeder.half_free.eq(scoreboard.half_free),
            feeder.drained.eq(scoreboard.drained),
            feeder.latent_ready.eq(latents.ready),
            latents.done.eq(delay(m, feeder.latent_done, 1, reset_less=False)),  # behind its reads
        ]
        return m

    def _feature_memories(self, m):
        """Add the two maps: layers 1 and 3 write the first, layer 2 the second."""
        groups = [facts.row_tiles for facts in self.tiling.layers]
        pixels = [facts.in_size**2 * PIXEL_STRIDE for facts in self.tiling.layers]
        depths = (max(groups[1] * pixels[1], groups[3] * pixels[3]), groups[2] * pixels[2])
        maps = [FeatureMemory(self.tiling.array.rows, depth) for depth in depths]
        m.submodules.map_a, m.submodules.map_b = maps
        return maps

    def _fetch(self, m, feeder, latents, maps, array):
        """Bring a beat's activations to the array, and its weight words beside them."""
        tiling, beat = self.tiling, feeder.beat
        map_a, map_b = maps

        def at(size):
            return map_address(size, beat.row_tile, beat.y, beat.x, beat.plane)

        group = Signal.like(latents.group)
        address_a, address_b = Signal.like(map_a.address), Signal.like(map_b.address)
        m.d.sync += [
            group.eq(beat.row_tile),
            address_a.eq(Mux(beat.layer == 1, at(4), at(16))),
            address_b.eq(at(8)),
        ]
        m.d.comb += [
            latents.group.eq(group),
            map_a.address.eq(address_a),
            map_b.address.eq(address_b),
        ]

        lag = FETCH_LATENCY
        early_layer, layer = delays(m, beat.layer, lag - 1)[-2:]
        last_row_tile = delay(m, beat.last_row_tile, lag - 2)
        act = Signal(array.act.shape(), reset_less=True)
        for r in range(tiling.array.rows):
            idle = [n for n, facts in enumerate(tiling.layers) if r >= facts.last_rows]
            idle_layers = Const(sum(1 << n for n in idle), 4)
            used = delay(m, ~(idle_layers.bit_select(early_layer, 1) & last_row_tile), 1)
            in_map = Mux(layer == 2, map_b.data[r], map_a.data[r])
            value = Mux(layer == 0, latents.numbers[r], in_map)
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
        ]

    def _accumulate(self, m, feeder, array, accumulators):
        """Let the control of a beat arrive before its sums, as the banks want it."""
        beat = feeder.beat
        lag = FETCH_LATENCY + array.latency - AccumulatorBanks.control_lead
        address = acc_address(beat.layer, beat.acc_y, beat.acc_x, beat.plane)
        m.d.comb += [
            accumulators.psums.eq(array.psums),
            accumulators.valid.eq(delay(m, beat.valid, lag, reset_less=False)),
            accumulators.half.eq(delay(m, beat.half, lag)),
            accumulators.address.eq(delay(m, address, lag)),
            accumulators.opens.eq(delay(m, beat.opens, lag)),
            accumulators.job_last.eq(delay(m, beat.job_last, lag, reset_less=False)),
        ]

    def _requantize(self, m, readout, accumulators, maps, pixels):
        """Carry finished sums to the maps or the pixel buffer.

        Returns two flags: the last activation of a row is written, that of a job is.
        """
        tiling = self.tiling
        step = readout.step
        m.d.comb += [
            accumulators.read_half.eq(step.half),
            accumulators.read_address.eq(acc_address(step.layer, step.y, step.x, step.plane)),
        ]

        m.submodules.combiner = combiner = TapCombiner(
            tiling.array.layer4_phases, acc_width=tiling.acc_width
        )
        to_sums, to_out = SUMS_LATENCY, OUTPUT_LATENCY
        steps = delays(m, step, to_out + TABLE_LATENCY)
        valid = delays(m, step.valid, to_out + TABLE_LATENCY, reset_less=False)

        # Sums: four columns of a quad, or layer 4's taps.
        read = accumulators.read_latency
        before_data, at_data = steps[read - 1], steps[read]
        sums = data.ArrayLayout(signed(tiling.acc_width), LANES)
        columns = Signal(data.ArrayLayout(sums, tiling.quads))
        m.d.comb += [
            columns.eq(accumulators.data),
            combiner.valid.eq(valid[read - 1] & (before_data.layer == 3)),
            combiner.group.eq(before_data.phase),
            combiner.plane.eq(before_data.plane),
            combiner.y.eq(before_data.y),
            combiner.x.eq(before_data.x),
            combiner.taps.eq(accumulators.data.as_value()),
        ]
        selected = Signal(sums, reset_less=True)
        m.d.sync += selected.eq(Array(columns[n] for n in range(tiling.quads))[at_data.quad])
        selected = delay(m, selected, combiner.latency - 1)

        # Constants of the channels, beside the sums.
        layout = channel_layout(tiling.acc_width)
        m.submodules.channels = channels = BlockRam(
            layout.size, tiling.channel_words, self.contents.channels
        )
        plane_layout = data.ArrayLayout(signed(tiling.plane_bias_width), LANES)
        m.submodules.plane_biases = plane_biases = BlockRam(
            plane_layout.size, tiling.plane_bias_words, self.contents.plane_biases
        )
        at_address = steps[to_sums - 1 - BlockRam.latency]
        from_plane = (at_address.layer == 0) & (at_address.plane != 0)
        from_plane = delay(m, from_plane, BlockRam.latency)
        m.d.comb += [
            channels.address.eq(at_address.channel),
            plane_biases.address.eq(
                Cat(at_address.plane[1], at_address.x[:2], at_address.y[:2], at_address.channel)
            ),
        ]
        word = data.View(layout, channels.data)
        channel = Signal(layout, reset_less=True)
        biases = Signal(data.ArrayLayout(signed(tiling.acc_width + 1), LANES), reset_less=True)
        m.d.sync += channel.eq(channels.data)
        for lane in range(LANES):
            m.d.sync += biases[lane].eq(
                Mux(
                    from_plane,
                    data.View(plane_layout, plane_biases.data)[lane],
                    word.lanes[lane].bias,
                )
            )

        m.submodules.scatter = scatter = LaneScatter(
            tiling.array.rows,
            groups=tiling.map_groups,
            first_rows=tiling.first_rows,
            address_width=max(len(feature_map.address) for feature_map in maps),
        )
        last_layer = delay(m, steps[to_sums - 1].layer == 3, 1)
        outputs = []
        for lane in range(LANES):
            m.submodules[f"requantizer_{lane}"] = requantizer = Requantizer(tiling.acc_width)
            m.d.comb += [
                requantizer.acc.eq(Mux(last_layer, combiner.sums[lane], selected[lane])),
                requantizer.bias.eq(biases[lane]),
                requantizer.mul.eq(channel.lanes[lane].mul),
                requantizer.shift.eq(channel.shift),
                requantizer.wide.eq(last_layer),
                scatter.values[lane].eq(requantizer.out[:8]),
            ]
            outputs.append(requantizer.out)
        for lane in range(tiling.array.layer4_phases):
            m.submodules[f"table_{lane}"] = table = BlockRam(8, TABLE_SIZE, self.contents.table)
            m.d.comb += [
                table.address.eq(outputs[lane] ^ (TABLE_SIZE // 2)),  # t + 512
                pixels.values[lane].eq(table.data),
            ]

        done = steps[to_out]
        doubled = Signal()  # the job's raster skips every other pixel of the map
        map_y, map_x = Signal(5), Signal(5)
        m.d.comb += [
            doubled.eq((done.layer == 1) | (done.layer == 2)),
            map_y.eq(Mux(doubled, Cat(done.phase[1], done.y), done.y)),
            map_x.eq(Mux(doubled, Cat(done.phase[0], done.x), done.x)),
            scatter.valid.eq(valid[to_out] & (done.layer != 3)),
            scatter.mask.eq(done.mask),
            scatter.row.eq(done.row),
            scatter.group.eq(done.group),
            scatter.layer.eq(done.layer),
            scatter.y.eq(map_y),
            scatter.x.eq(map_x),
            scatter.plane.eq(done.plane),
        ]
        into_b = delay(m, done.layer == 1, 1)
        for feature_map, selects in zip(maps, (~into_b, into_b), strict=True):
            m.d.comb += feature_map.write_en.eq(Mux(selects, scatter.en, 0))
            for r in range(tiling.array.rows):
                m.d.comb += [
                    feature_map.write_address[r].eq(scatter.address[r]),
                    feature_map.write_data[r].eq(scatter.data[r]),
                ]

        before_pixels, looked_up = steps[-2:]
        m.d.comb += [
            pixels.valid.eq(delay(m, valid[-2] & (before_pixels.layer == 3), 1, reset_less=False)),
            pixels.group.eq(looked_up.phase),
            pixels.plane.eq(looked_up.plane),
            pixels.y.eq(looked_up.y),
            pixels.x.eq(looked_up.x),
            self.o_trace.valid.eq(valid[to_out]),
            self.o_trace.layer.eq(done.layer),
            self.o_trace.mask.eq(done.mask),
            self.o_trace.row.eq(done.row),
            self.o_trace.group.eq(done.group),
            self.o_trace.phase.eq(done.phase),
            self.o_trace.y.eq(map_y),
            self.o_trace.x.eq(map_x),
            self.o_trace.plane.eq(done.plane),
            *(self.o_trace.values[lane].eq(out) for lane, out in enumerate(outputs)),
        ]
        lag = to_out + 2  # one cycle for the scatter, one for the write
        return (delay(m, flag, lag, reset_less=False) for flag in (step.row_last, step.job_last))


class Generator(wiring.Component):
    """:class:`Core` with all weights in on-chip memory.

    Parameters
    ----------
    tiling : Tiling
        Network and array.
    contents : Contents
        Memory contents.

    Members
    -------
    i_latents, o_pixels, o_trace
        As in :class:`Core`.
    """

    def __init__(self, tiling, contents):
        self.tiling, self.contents = tiling, contents
        super().__init__(
            {
                "i_latents": In(stream.Signature(signed(8))),
                "o_pixels": Out(stream.Signature(RGB)),
                "o_trace": Out(trace_layout(tiling)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.weights = weights = WeightMemory(
            weight_word(self.tiling), self.tiling.weight_words, self.contents.weights
        )
        m.submodules.core = core = Core(self.tiling, self.contents)
        wiring.connect(m, weights.o, core.weights)
        wiring.connect(m, wiring.flipped(self.i_latents), core.i_latents)
        wiring.connect(m, core.o_pixels, wiring.flipped(self.o_pixels))
        m.d.comb += self.o_trace.eq(core.o_trace)
        return m


class StreamedGenerator(wiring.Component):
    """:class:`Core` with weights that come as a stream from anywhere.

    Parameters
    ----------
    tiling : Tiling
        Network and array.
    contents : Contents
        Memory contents; its weights are not used.

    Members
    -------
    i_weights : In(stream.Signature(weight_word(tiling)))
        The words of :func:`hw.contents.weight_words`, again for each avatar.
    i_latents, o_pixels, o_trace
        As in :class:`Core`.
    """

    def __init__(self, tiling, contents):
        self.tiling, self.contents = tiling, contents
        super().__init__(
            {
                "i_latents": In(stream.Signature(signed(8))),
                "i_weights": In(stream.Signature(weight_word(tiling))),
                "o_pixels": Out(stream.Signature(RGB)),
                "o_trace": Out(trace_layout(tiling)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = Core(self.tiling, self.contents)
        wiring.connect(m, wiring.flipped(self.i_latents), core.i_latents)
        wiring.connect(m, core.o_pixels, wiring.flipped(self.o_pixels))
        m.d.comb += [
            core.weights.valid.eq(self.i_weights.valid),
            self.i_weights.ready.eq(core.weights.take),
            core.weights.word.eq(delay(m, self.i_weights.p, WeightMemory.latency)),
            self.o_trace.eq(core.o_trace),
        ]
        return m
