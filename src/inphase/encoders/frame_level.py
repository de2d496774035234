"""Frame features in, embeddings out: the default order-aware model and CARL's encoder."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from inphase.encoders.architecture import Architecture, FrameLevel
from inphase.encoders.positions import rotate, sine_cosine

# Positions a second of the `elapsed` code: frames of a usual video.
_ELAPSED_RATE = 30.0


class FrameLevelEncoder(nn.Module):
    """Embed every frame of a clip with the frames around it in view.

    Padding and batch size never change the embedding of a real frame.

    Source: CARL, section 3.3, figure 2, with `architecture=CARL`; its max pooling of the feature
    map comes before, in `inphase.features`. Deviations of the default: see `FrameLevel`.

    Args:
        features: Channels of a frame feature.
        architecture: Layers and sizes.
        frames: Frames of a training clip; the `normalised` position code stretches every clip to
            this length.
    """

    def __init__(self, features: int, architecture: FrameLevel, *, frames: int = 80):
        super().__init__()
        self.architecture = architecture
        self.features, self.frames = features, frames
        a = architecture
        widths = (features, *a.hidden)
        self.hidden = nn.ModuleList(
            _Dense(before, after, a) for before, after in zip(widths[:-1], widths[1:], strict=True)
        )
        # CARL ends its dense part in a bare linear layer; the default in a full dense layer.
        batch = a.norm == "batch"
        self.entry = nn.Linear(widths[-1], a.width) if batch else _Dense(widths[-1], a.width, a)
        mixer = _ConvolutionLayer if a.mixer == "convolution" else _TransformerLayer
        self.layers = nn.ModuleList(mixer(a, number) for number in range(a.layers))
        self.norm = nn.Identity() if batch else nn.LayerNorm(a.width)
        self.output = nn.Linear(a.width, a.output)
        self.position_dropout = nn.Dropout(a.dropout)
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, a.width)) if a.class_token else None

    def forward(
        self,
        features: Float[Tensor, "b t c"],
        times: Float[Tensor, "b t"],
        mask: Bool[Tensor, "b t"],
    ) -> Float[Tensor, "b t d"]:
        """Embed clips; see `with_clips`."""
        return self.with_clips(features, times, mask)[0]

    def with_clips(
        self,
        features: Float[Tensor, "b t c"],
        times: Float[Tensor, "b t"],
        mask: Bool[Tensor, "b t"],
    ) -> tuple[Float[Tensor, "b t d"], Float[Tensor, "b d"] | None]:
        """Embed the frames of clips, and the clips by their class token, if there is one.

        Args:
            features: Frame features; values at padding do not matter if they are finite.
            times: Seconds since the start of each video; used by the `elapsed` code alone.
            mask: True where the frame is real; padding comes last.
        """
        keep = mask[..., None]
        x = features * keep
        if self.architecture.centre:
            x = (x - x.sum(1, keepdim=True) / keep.sum(1, keepdim=True)) * keep
        for layer in self.hidden:
            x = layer(x, mask)
        x = self.entry(x, mask) if isinstance(self.entry, _Dense) else self.entry(x)
        x = self._with_positions(x, times, mask)
        if self.token is not None:
            x = torch.cat([self.token.expand(len(x), 1, -1).to(x.dtype), x], 1)
            mask = F.pad(mask, (1, 0), value=True)
        for layer in self.layers:
            x = layer(x, mask)
        z = self.output(self.norm(x))
        return (z, None) if self.token is None else (z[:, 1:], z[:, 0])

    def _with_positions(self, x: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        if self.architecture.position == "elapsed":
            code = sine_cosine(times * _ELAPSED_RATE, x.shape[-1])
        elif self.architecture.position == "normalised":
            code = sine_cosine(self._stretched(mask), x.shape[-1])
        else:
            return x
        return self.position_dropout(x + code.to(x.dtype))

    def _stretched(self, mask: Bool[Tensor, "b t"]) -> Float[Tensor, "b t"]:
        """Positions 0 to `frames` - 1, whatever the length of the clip."""
        last = (mask.sum(1, keepdim=True) - 1).clamp(min=1)
        index = torch.arange(mask.shape[1], device=mask.device, dtype=torch.float32)
        return index * (self.frames - 1) / last


class ProjectionHead(nn.Module):
    """Two layers from embeddings to the space where the loss is measured; dropped after training.

    Source: CARL, section 3.4, after SimCLR.
    """

    def __init__(self, architecture: Architecture):
        super().__init__()
        self.first = nn.Linear(architecture.output, architecture.projection)
        self.norm = _norm(architecture.projection, architecture) if _batch(architecture) else None
        self.second = nn.Linear(architecture.projection, architecture.output)

    def forward(self, z: Float[Tensor, "b t d"], mask: Bool[Tensor, "b t"]) -> Tensor:
        """Project embeddings."""
        hidden = self.first(z)
        if self.norm is not None:
            hidden = self.norm(hidden, mask)
        return self.second(F.relu(hidden))


def _batch(architecture: Architecture) -> bool:
    return architecture.norm == "batch"


def _norm(width: int, architecture: Architecture) -> nn.Module:
    return _MaskedBatchNorm(width) if _batch(architecture) else _LayerNorm(width)


class _LayerNorm(nn.LayerNorm):
    def forward(self, input: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002
        return super().forward(input)


class _MaskedBatchNorm(nn.BatchNorm1d):
    """Batch normalisation over real frames alone."""

    def forward(self, input: Tensor, mask: Tensor) -> Tensor:
        normalised = torch.zeros_like(input)
        normalised[mask] = super().forward(input[mask]).to(input.dtype)
        return normalised


class _Dense(nn.Module):
    """Dropout, linear, norm, activation."""

    def __init__(self, before: int, after: int, architecture: FrameLevel):
        super().__init__()
        self.dropout = nn.Dropout(architecture.dropout)
        self.linear = nn.Linear(before, after)
        self.norm = _norm(after, architecture)
        self.activation = nn.ReLU() if _batch(architecture) else nn.GELU()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.activation(self.norm(self.linear(self.dropout(x)), mask))


class _ConvolutionLayer(nn.Module):
    """A residual temporal convolution, dilated by 2 to the power of its number."""

    def __init__(self, architecture: FrameLevel, number: int):
        super().__init__()
        width, kernel, dilation = architecture.width, architecture.kernel, 2**number
        self.norm = nn.LayerNorm(width)
        self.convolution = nn.Conv1d(
            width, width, kernel, dilation=dilation, padding=dilation * (kernel // 2)
        )
        self.linear = nn.Linear(width, width)
        self.dropout = nn.Dropout(architecture.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        # Zeros at padding are what a convolution sees beyond the end of a clip anyway.
        h = (self.norm(x) * mask[..., None]).mT
        return x + self.dropout(self.linear(F.gelu(self.convolution(h)).mT))


class _TransformerLayer(nn.Module):
    """A pre-norm transformer layer; rotary if positions are relative."""

    def __init__(self, architecture: FrameLevel, number: int):
        super().__init__()
        width = architecture.width
        self.heads = architecture.heads
        self.rotary = architecture.position == "relative"
        self.attention_norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attention_output = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.feedforward = nn.Sequential(
            nn.Linear(width, architecture.feedforward),
            nn.ReLU(),
            nn.Linear(architecture.feedforward, width),
        )
        self.dropout = nn.Dropout(architecture.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.dropout(self._attend(self.attention_norm(x), mask))
        return x + self.dropout(self.feedforward(self.norm(x)))

    def _attend(self, x: Tensor, mask: Tensor) -> Tensor:
        b, t, width = x.shape
        packed = self.queries_keys_values(x).view(b, t, 3, self.heads, width // self.heads)
        queries, keys, values = packed.permute(2, 0, 3, 1, 4)
        if self.rotary:
            queries, keys = rotate(queries), rotate(keys)
        mixed = F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask[:, None, None, :]
        )
        return self.attention_output(mixed.transpose(1, 2).reshape(b, t, width))
