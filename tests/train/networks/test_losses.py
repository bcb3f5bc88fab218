# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from train.networks.losses import bce, discriminator_loss, generator_loss, gradient_penalty


@pytest.mark.parametrize("label", [0.0, 0.9, 1.0])
def test_bce_is_pytorchs(label):
    logits = torch.tensor([-30.0, -1.0, 0.0, 2.5, 40.0])
    wanted = torch.nn.BCEWithLogitsLoss()(logits, torch.full_like(logits, label))
    torch.testing.assert_close(bce(logits, label), wanted)


def test_losses_by_their_formulas():
    real, fake = torch.tensor([0.3, -2.0]), torch.tensor([1.2])
    d = -torch.log(torch.sigmoid(real)).mean() - torch.log(1 - torch.sigmoid(fake)).mean()
    torch.testing.assert_close(discriminator_loss(real, fake), d)
    torch.testing.assert_close(generator_loss(fake), -torch.log(torch.sigmoid(fake)).mean())


def test_gradient_penalty_of_a_linear_discriminator_is_half_its_squared_weight():
    weight = torch.randn(3, 32, 32, requires_grad=True)
    penalty = gradient_penalty(lambda x: (x * weight).sum((1, 2, 3)), torch.randn(4, 3, 32, 32))
    torch.testing.assert_close(penalty, weight.square().sum() / 2)
    penalty.backward()
    torch.testing.assert_close(weight.grad, weight)
