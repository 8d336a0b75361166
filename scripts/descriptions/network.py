"""The network: gated convolutions over word vectors."""
import torch
from torch import nn
from torch.nn import functional as F

CONTEXT = 64
MAXIMA = 64


class DescriptionCNN(nn.Module):
    """ids [batch,length] int64 (0 fills) -> logits [batch,classes].

    A word's vector is its meaning (of a sentence model) beside random numbers that tell it
    from words alike (only words of the classes' texts have them); neither is trained. Two
    paths: a weighted mean, in which a word counts by its prior (at the start, its inverse
    document frequency) and by its scope, which convolutions over the 29 words around it
    read: less behind "unlike"; and maxima of convolutions over 2 to 5 words. Each
    convolution's output is masked, so that fill changes nothing.
    """

    def __init__(self, meaning, place, classes):
        super().__init__()
        self.meaning = nn.Embedding.from_pretrained(meaning)
        self.place = nn.Embedding.from_pretrained(place)
        self.prior = nn.Embedding(len(meaning), 1)
        width = meaning.shape[1] + place.shape[1]
        self.narrow = nn.Conv1d(width, CONTEXT, 1)
        self.context = nn.ModuleList([nn.Conv1d(CONTEXT, CONTEXT, 5, padding=2 * d, dilation=d) for d in (1, 2, 4)])
        self.gate_context = nn.Conv1d(CONTEXT, 1, 1)
        self.value = nn.Conv1d(CONTEXT, width, 1)
        self.phrases = nn.ModuleList([nn.Conv1d(CONTEXT, MAXIMA, k) for k in (2, 3, 4, 5)])
        self.scale = nn.Parameter(torch.tensor(20.0))
        self.mean_head = nn.Linear(width, classes)
        self.max_head = nn.Linear(MAXIMA * 4, classes)
        self.drop = nn.Dropout(.2)
        with torch.no_grad():
            # At the start, a word's value is its own vector.
            self.value.weight.zero_()
            self.value.bias.zero_()
            self.max_head.weight.zero_()
            self.max_head.bias.zero_()

    def vectors(self, ids):
        places = self.place.num_embeddings
        known = (ids < places).to(self.place.weight.dtype)[..., None]
        return torch.cat([self.meaning(ids), self.place(torch.clamp(ids, max=places - 1)) * known], -1).transpose(1, 2)

    def forward(self, ids):
        mask = (ids > 0).to(self.meaning.weight.dtype)[:, None]
        x = self.vectors(ids) * mask
        narrow = self.drop(F.relu(self.narrow(x)) * mask)
        c = narrow
        for layer in self.context:
            c = (c + F.relu(layer(c))) * mask
        scope = self.gate_context(c)
        gates = torch.sigmoid(self.prior(ids).transpose(1, 2)) * torch.sigmoid(scope) * mask
        total = (gates * (x + self.value(c))).sum(2)
        mean = total / (total.square().sum(1, keepdim=True) + 1e-6).sqrt()
        maxima = []
        for conv in self.phrases:
            k = conv.kernel_size[0]
            # Fill behind the text, so that short texts have windows too; relu makes 0 the least.
            maxima.append((F.relu(conv(F.pad(narrow, (0, k - 1)))) * mask).amax(2))
        logits = self.scale * self.mean_head(mean) + self.max_head(self.drop(torch.cat(maxima, 1)))
        return (logits, scope[:, 0]) if self.training else logits
