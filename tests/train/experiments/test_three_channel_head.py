# SPDX-License-Identifier: Apache-2.0
"""What three planes cost in weights and multiplications."""

from golden.spec import GeneratorSpec
from train.experiments import three_channel_head
from train.networks.generator import Generator


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
