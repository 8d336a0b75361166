"""Training: the text encoder on descriptions alone, the decoder on pictures alone."""
import copy
import time

import numpy as np
from scipy import stats
import torch
from torch.nn import functional as F

from glyphs import fonts, network, text

TEXT_STEPS, BATCH = 2500, 128
SPREAD = 0.8  # of the styles' deviation is kept: by the validation fonts, more pictures are read and 94 % of the variance stays


class Faces:
    """The faces of a split as arrays; attributes are in units of the training faces' normal quantiles."""

    def __init__(self, faces, train):
        sizes = np.array(fonts.SIZES)
        self.images = np.array([f.digits for f in faces])  # [faces, sizes, 10, 28, 28]
        count = {}
        for f in faces:
            count[f.group] = count.get(f.group, 0) + 1
        share = np.array([count[f.group] ** -0.5 for f in faces])  # large families count for more than small ones, but not by their number
        self.share = share / share.sum()
        column = lambda name, of: np.array([getattr(f, name) for f in of], np.float64)
        weight, width = (quantile(column(n, faces), column(n, train)) for n in ("thickness", "width"))
        heights = quantile(np.outer(column("height", faces), sizes), np.outer(column("height", train), sizes).ravel())
        self.slant, weight_class = column("slant", faces), column("weight_class", faces)
        self.attributes = np.stack(np.broadcast_arrays(
            weight[:, None], width[:, None], heights, (self.slant / network.SLANTED).clip(-0.1, 1.6)[:, None],
            column("serif", faces)[:, None], column("mono", faces)[:, None]), 2).astype(np.float32)  # [faces, sizes, 6]
        self.bold = ((weight_class >= 600) & (weight > 0)) | (weight > 0.9)
        self.light = ((weight_class <= 300) & (weight < 0)) | (weight < -0.9)

    def labels(self, face, size):
        """The groups of text.WORDS that are true of a face at a size."""
        a = self.attributes[face, size]
        names = ["bold" if self.bold[face] else "light" if self.light[face] else "medium"]
        names += ["slanted"] if self.slant[face] > 0.1 else ["upright"] if self.slant[face] < 0.05 else []
        names += ["mono"] if a[5] else []
        names += ["serif" if a[4] else "sans"]
        names += ["wide"] if a[1] > 0.8 else ["narrow"] if a[1] < -0.8 else []
        names += ["large"] if a[2] > 0.7 else ["small"] if a[2] < -0.7 else []
        return names

    def draw(self, rng, n):
        """Rows of faces, sizes and digits."""
        return rng.choice(len(self.share), n, p=self.share), rng.integers(len(fonts.SIZES), size=n), rng.integers(10, size=n)

    def describe(self, rng, face, size, digit, says=0.35):
        kept = [name for name in self.labels(face, size) if rng.random() < says]
        return text.describe(rng, digit, kept)


def quantile(values, reference):
    """Normal scores of values among the reference's."""
    ranks = (np.searchsorted(np.sort(reference), values, "left") + np.searchsorted(np.sort(reference), values, "right")) / 2
    return stats.norm.ppf((ranks + 0.5) / (len(reference) + 1)).clip(-2.2, 2.2)


def text_encoder(net, faces, rng):
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, TEXT_STEPS)
    for step in range(TEXT_STEPS):
        rows = list(zip(*faces.draw(rng, BATCH)))
        said = ["" if (u := rng.random()) < 0.04 else faces.describe(rng, f, s, None if u < 0.12 else d) for f, s, d in rows]
        face, size, digit = (torch.tensor(np.array(c)) for c in zip(*rows))
        loss = net.loss(torch.tensor([text.encode(t) for t in said]), digit, torch.tensor(faces.attributes[face, size]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 500 == 499:
            print(f"text {step + 1}: {loss.item():.3f}", flush=True)


def decoder(net, faces, judge, rng, seconds):
    """A conditional VAE whose pictures a critic and a classifier of our own also judge, as many steps as fit in the time. Returns its averaged weights'
    decoder and the styles of the training pictures."""
    encoder, critic = network.StyleEncoder(), network.Critic()
    average = copy.deepcopy(net)
    optimizer = torch.optim.Adam([*net.parameters(), *encoder.parameters()], 2e-3, betas=(0.8, 0.99))
    critic_optimizer = torch.optim.Adam(critic.parameters(), 5e-4, betas=(0.5, 0.99))
    images, attributes = torch.tensor(faces.images), torch.tensor(faces.attributes)
    for p in judge.parameters():
        p.requires_grad_(False)
    start, step, done = time.time(), 0, 0.0
    while done < 1:
        done = (time.time() - start) / seconds
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, step / 100) * (0.02 + 0.98 * min(1, 2 * (1 - min(done, 1))))
        face, size, digit = faces.draw(rng, BATCH)
        x, a = images[face, size, digit].float().unsqueeze(1) / 255, attributes[face, size]
        d = torch.eye(10)[digit]
        mean, variance = encoder(x, d, a)
        drawn = net(d, a, mean + torch.randn_like(mean) * (variance / 2).exp())
        made = torch.sigmoid(drawn)
        recall = F.binary_cross_entropy_with_logits(drawn, x, reduction="none").sum((1, 2, 3)).mean() + 4 * (made - x).abs().sum((1, 2, 3)).mean()
        kl = 0.5 * (mean ** 2 + variance.exp() - 1 - variance).sum(1).mean()
        loss = recall + 2 * kl  # recall counts twice or so; styles() makes up for what the prior lacks
        adversarial = done > 0.3
        if adversarial:
            # Noise in place of style, with the attributes of another row: what the exported graph will draw.
            other = torch.randperm(len(a))
            mixed = torch.cat([a[:, :2], a[other, 2:3], a[:, 3:]], 1)
            fake = torch.sigmoid(net(d, mixed, torch.randn_like(mean)))
            loss = loss + 8 * (-critic(fake, d, mixed).mean() - 0.5 * critic(made, d, a).mean()) + 6 * F.cross_entropy(judge(fake), torch.tensor(digit))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 500)
        optimizer.step()
        if adversarial:
            real = critic(x, d, a)
            judged = F.relu(1 - real).mean() + 0.5 * F.relu(1 + critic(fake.detach(), d, mixed)).mean() + 0.5 * F.relu(1 + critic(made.detach(), d, a)).mean()
            critic_optimizer.zero_grad()
            judged.backward()
            critic_optimizer.step()
        step += 1
        keep = min(0.998, step / (step + 20))
        with torch.no_grad():
            for ours, theirs in zip(average.parameters(), net.parameters()):
                ours.lerp_(theirs, 1 - keep)
        if step % 250 == 0:
            print(f"decoder {step} {done:.2f}: recall {recall.item():.1f} kl {kl.item():.1f}" + (f" critic {judged.item():.2f}" if adversarial else ""), flush=True)
    net.load_state_dict(average.state_dict())
    return encoder.eval()


@torch.no_grad()
def styles(glyphs, encoder, faces, rng):
    """Fits the styles of the training pictures, so that normal noise gives styles as they are: a linear model of the attributes and the rest's covariance."""
    for digit in range(10):
        face, size, _ = faces.draw(rng, 2500)
        x = torch.tensor(faces.images[face, size, digit]).float().unsqueeze(1) / 255
        a = torch.tensor(faces.attributes[face, size])
        mean, variance = encoder(x, torch.eye(10)[torch.full((len(x),), digit)], a)
        inputs = torch.cat([a, torch.ones(len(a), 1)], 1)
        fit = torch.linalg.solve(inputs.T @ inputs + 20 * torch.eye(7), inputs.T @ mean)  # ridge
        rest = mean - inputs @ fit
        covariance = rest.T @ rest / len(rest) + torch.diag(variance.exp().mean(0))
        glyphs.shift[digit], glyphs.slope[digit], glyphs.spread[digit] = fit[6], fit[:6], SPREAD * torch.linalg.cholesky(covariance).T
