# SPDX-License-Identifier: Apache-2.0
"""Losses of the two discriminators and of the generator."""

from __future__ import annotations

import torch
from torch.nn import functional


def bce(logits, label):
    """Mean binary cross-entropy of logits (N,) against one label, 0.0 to 1.0, for all.

    Equal to ``BCEWithLogitsLoss`` with a constant target: ``softplus(x) - label * x``.
    """
    logits = logits.float()
    return (functional.softplus(logits) - label * logits).mean()


def discriminator_loss(real_logits, fake_logits, real_label=1.0):
    """``BCE(D(x), real_label) + BCE(D(G(z)), 0)``, logits (N,) and (M,)."""
    return bce(real_logits, real_label) + bce(fake_logits, 0.0)


def generator_loss(fake_logits):
    """Non-saturating: ``BCE(D(G(z)), 1)``, that is mean ``-log D(G(z))``; logits (N,)."""
    return bce(fake_logits, 1.0)


def relativistic_loss(better, worse):
    """Mean ``softplus(D(worse) - D(better))`` of paired logits (N,) and (N,).

    The discriminators' loss with drawn pictures the better ones, the generator's with its own.
    Source: Huang et al., arXiv:2501.05441, equation 2.
    """
    return functional.softplus(worse.float() - better.float()).mean()


def gradient_penalty(discriminator, pictures):
    """R1: half the squared gradient of the logits at pictures (N, C, 32, 32), batch mean.

    Source: Mescheder et al., arXiv:1801.04406, equation 9, without its gamma.
    """
    pictures = pictures.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(pictures).sum(), pictures, create_graph=True)
    return gradient.float().square().sum((1, 2, 3)).mean() / 2
