"""The network that is exported, and the parts it is trained with.

A text becomes the distribution of a digit and of six attributes, from which the first 16 noise values choose; the decoder draws that digit in a style
that the other 16 choose. What a text does not say is left to the noise, and with the same noise "bold" is bolder than "light".
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from glyphs import text

GAUSSIAN, YES_NO = ("weight", "width", "height"), ("slant", "serif", "mono")
ATTRIBUTES = GAUSSIAN + YES_NO
STYLE = 16
LATENTS = 10 + len(ATTRIBUTES) + STYLE
SLANTED = 0.2  # tangent of a usual italic


def normal_cdf(x):
    return 0.5 * (1 + torch.erf(x / math.sqrt(2)))


class TextEncoder(nn.Module):
    """Token ids to digit logits, and means and log deviations of the attributes."""

    def __init__(self, words):
        super().__init__()
        self.embedding = nn.Embedding(words, 32, padding_idx=0)
        self.convolution = nn.Conv1d(32, 96, 3, padding=1)
        self.hidden = nn.Linear(96, 96)
        self.digit, self.mean, self.deviation = nn.Linear(96, 10), nn.Linear(96, 6), nn.Linear(96, 3)

    def forward(self, ids):
        h = torch.relu(self.convolution(self.embedding(ids).transpose(1, 2))).amax(2)
        h = torch.relu(self.hidden(h)) + h
        return self.digit(h), self.mean(h), self.deviation(h)

    def loss(self, ids, digit, attributes):
        """Negative log likelihood; the yes-or-no attributes by a probit (yes where mean + noise > 0)."""
        logits, mean, deviation = self(ids)
        yes = normal_cdf(mean[:, 3:]).clamp(1e-5, 1 - 1e-5)
        gaussian = 0.5 * ((attributes[:, :3] - mean[:, :3]) / deviation.exp()) ** 2 + deviation
        return F.cross_entropy(logits, digit) + gaussian.sum(1).mean() + F.binary_cross_entropy(yes, (attributes[:, 3:] > 0.5).float()) * 3


class Decoder(nn.Module):
    """Digit (one-hot), attributes and style to logits of a picture."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(10 + 6 + STYLE, 192), nn.Linear(192, 7 * 7 * 32)
        self.up = nn.Conv2d(32, 4 * 48, 3, padding=1)
        self.middle = nn.ModuleList(nn.Conv2d(48, 48, 3, padding=1) for _ in range(2))
        self.out = nn.Conv2d(48, 4, 3, padding=1)

    def forward(self, digit, attributes, style):
        h = F.leaky_relu(self.first(torch.cat([digit, attributes, style], 1)), 0.2)
        h = F.leaky_relu(self.second(h), 0.2).view(-1, 32, 7, 7)
        h = F.leaky_relu(F.pixel_shuffle(self.up(h), 2), 0.2)
        for convolution in self.middle:
            h = h + F.leaky_relu(convolution(h), 0.2)
        return F.pixel_shuffle(self.out(h), 2)


class StyleEncoder(nn.Module):
    """A picture, its digit and its attributes to the mean and log variance of its style (a conditional VAE's posterior)."""

    def __init__(self):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 24, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(24, 48, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(48 * 49, 192), nn.LeakyReLU(0.2))
        self.mix = nn.Sequential(nn.Linear(192 + 16, 128), nn.LeakyReLU(0.2), nn.Linear(128, 2 * STYLE))

    def forward(self, image, digit, attributes):
        mean, variance = self.mix(torch.cat([self.convolutions(image), digit, attributes], 1)).chunk(2, 1)
        return mean, variance.clamp(-8, 2)


class Critic(nn.Module):
    """Scores how real a picture of that digit with those attributes is (projection, Miyato and Koyama 2018)."""

    def __init__(self):
        super().__init__()
        norm = nn.utils.spectral_norm
        self.features = nn.Sequential(
            norm(nn.Conv2d(1, 32, 4, 2, 1)), nn.LeakyReLU(0.2), norm(nn.Conv2d(32, 64, 4, 2, 1)), nn.LeakyReLU(0.2),
            norm(nn.Conv2d(64, 64, 3, 1, 1)), nn.LeakyReLU(0.2), nn.Flatten(), norm(nn.Linear(64 * 49, 128)), nn.LeakyReLU(0.2))
        self.score, self.project = norm(nn.Linear(128, 1)), norm(nn.Linear(16, 128))

    def forward(self, image, digit, attributes):
        h = self.features(image)
        return self.score(h)[:, 0] + (h * self.project(torch.cat([digit, attributes], 1))).sum(1)


class Glyphs(nn.Module):
    """The exported graph: token ids [N,16] and noise [N,32] to pictures [N,1,28,28] in 0..1."""

    def __init__(self):
        super().__init__()
        self.text, self.decoder = TextEncoder(len(text.vocabulary())), Decoder()
        # The styles of the training faces are shift + attributes @ slope + z @ spread, one of each a digit.
        self.register_buffer("shift", torch.zeros(10, STYLE))
        self.register_buffer("slope", torch.zeros(10, 6, STYLE))
        self.register_buffer("spread", torch.eye(STYLE).repeat(10, 1, 1))

    def attributes(self, ids, z):
        logits, mean, deviation = self.text(ids)
        # Gumbel noise of normal noise, so that the highest is drawn with the logits' probabilities.
        gumbel = -torch.log(-torch.log(normal_cdf(z[:, :10]).clamp(1e-6, 1 - 1e-6)))
        digit = (logits.log_softmax(1) + gumbel).argmax(1)
        scalars = (mean[:, :3] + deviation.exp() * z[:, 10:13]).clamp(-2.2, 2.2)
        switches = torch.sigmoid(8 * (mean[:, 3:] + z[:, 13:16]))
        return digit, torch.cat([scalars, switches], 1)

    def forward(self, input_ids, z):
        digit, a = self.attributes(input_ids, z)
        style = self.shift[digit] + (a.unsqueeze(1) @ self.slope[digit]).squeeze(1) + (z[:, 16:].unsqueeze(1) @ self.spread[digit]).squeeze(1)
        one_hot = torch.eye(10)[digit]
        return torch.sigmoid(self.decoder(one_hot, a, style))
