"""Kinds of networks that are near to a ResNet, and are refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from torch import Tensor

from ..errors import InputError
from ..i18n import Message, _

DEPTHWISE = _("a network with depthwise convolutions")
# By what their tensors are called; the first that fits is said.
FOREIGN: tuple[tuple[re.Pattern[str], Message], ...] = (
    (re.compile(r"\.filt$|\.blur"), _("an anti-aliased network, which has blur filters")),
    (re.compile(r"\d\.(?:se|eca|attn)\.conv\.weight$|\.eca\."), _("a network with efficient channel attention (ECA)")),
    (re.compile(r"\.se\.(?:channel|spatial|conv_attn|mlp_)"), _("a network with attention in its blocks")),
    (re.compile(r"\.expand[13]x[13]\."), _("a SqueezeNet, which concatenates its branches")),
    (
        re.compile(r"\.(?:se|se_module|se_block|se_layer|squeeze|excitation)\."),
        _("a network with squeeze and excitation (SE)"),
    ),
    (
        re.compile(r"(?:layers?|stages?|blocks?)[._]?\d+\.\d+\.(?:fc[12]?|fc_?\d|se_?\w+)\.(?:\d\.)?weight$"),
        _("a network with squeeze and excitation (SE)"),
    ),
    (re.compile(r"(?:^|\.)queue(?:_ptr)?$"), _("a network of MoCo, which compares pictures and names no classes")),
    (
        re.compile(r"(?:^|\.)attnpool\.|(?:^|\.)text_projection$"),
        _("a network of CLIP, which compares pictures with words and names no classes"),
    ),
    (re.compile(r"(?:^|\.)head\.last_layer\."), _("a network of DINO, which compares pictures and names no classes")),
    (
        re.compile(r"(?:^|\.)prototypes\."),
        _("a network of SwAV, which compares pictures with prototypes and names no classes"),
    ),
    (
        re.compile(r"(?:layers?|stages?)[._]?\d+\.\d+\.prelu\.weight$|(?:^|\.)body\.\d+\.res_layer\."),
        _("a network that compares faces (InsightFace’s IResNet), with PReLU in its blocks"),
    ),
    (
        re.compile(
            r"(?:^|\.)blocks\.\d+\.attn\.(?:qkv|[qkv]|proj|relative_\w+)\b|encoder_layer_\d+\.self_attention|cls_token"
        ),
        _("a vision transformer"),
    ),
    (
        re.compile(r"\.(?:ca|sa|cbam|attn|self_attn|mhsa|attention|non_local)\."),
        _("a network with attention in its blocks"),
    ),
    (re.compile(r"\.conv2\.(?:fc1|bn0)\."), _("a ResNeSt, with split attention")),
    (re.compile(r"\.IN\.weight$"), _("an IBN-Net, with instance norm in its blocks")),
    (
        re.compile(r"(?:^|\.)(?:rpn|rpn_head|roi_heads?|fpn|bbox_head|neck\.(?:lateral|fpn)_convs)\."),
        _("a detector of objects"),
    ),
    (re.compile(r"\.conv1\.net\.weight$"), _("a network for videos (TSM), which shifts channels in time")),
    (
        re.compile(r"(?:^|\.)(?:deconv_layers|keypoint_head)\."),
        _("a network that finds the places of things in a picture, with deconvolutions"),
    ),
    (
        re.compile(r"(?:^|\.)(?:aux_classifier|decode_head|decoder|segmentation_head|classifier\.\d\.convs)\."),
        _("a network for segmentation"),
    ),
    (re.compile(r"\.branches\.\d|fuse_layers|incre_modules"), _("an HRNet")),
    (
        re.compile(r"(?:weight_orig|weight_mask|weight_[uvg]|parametrizations\.\w+\.original\d?)$"),
        _("a network whose weights are pruned or written in another form (remove that before you save it)"),
    ),
    (re.compile(r"\.\d+\.convs\.\d+\."), _("a Res2Net")),
    (re.compile(r"\d\.conv_(?:exp|transition)\."), _("a CSPNet, whose stages let a part of the channels pass by")),
    (re.compile(r"(?:^|\.)s\d\.b\d+\.conv1\.|trunk_output\.block\d"), _("a RegNet")),
    (re.compile(r"denseblock|denselayer"), _("a DenseNet")),
    (re.compile(r"convShortcut|block1\.layer\.0"), _("a Wide ResNet of pre-activation blocks that project")),
    (re.compile(r"(?:^|\.)level\d\.(?:tree\d|root)\."), _("a DLA, whose stages are trees of blocks")),
    (re.compile(r"\.(?:conv_kxk|rbr_(?:dense|reparam))\."), _("a RepVGG, whose convolutions stand side by side")),
    (re.compile(r"(?:^|\.)features\.\d+\.conv[1-6]\.0\.weight$"), _("a SelecSLS, which concatenates its branches")),
    (re.compile(r"\.(?:conv_concat|conv_mid)\."), _("a VoVNet, which concatenates its branches")),
    (re.compile(r"\.c1x1_a\."), _("a DPN, whose branches are added and concatenated")),
    (re.compile(r"(?:^|\.)(?:[Cc]onv2d_1a|[Mm]ixed_\d)"), _("an Inception network, which concatenates its branches")),
    (re.compile(r"\.(?:mlp_tokens|linear_tokens|token_mixer)\b"), _("a network that mixes tokens")),
    (re.compile(r"depthwise|dwconv|conv_dw|_expand_conv"), DEPTHWISE),
    (re.compile(r"(?:^|\.)maxpool\.\d\.weight"), _("a network with a convolution in the place of max pooling")),
    (re.compile(r"(?:^|\.)stages\.\d\.\d+\.conv1_1x1\.conv"), _("a network of timm’s ByobNet, with other blocks")),
)


def refuse_foreign(keys: Iterable[str], tensors: Mapping[str, Tensor], file: str) -> None:
    """Raise InputError where names of tensors are those of another kind of network, or else their shapes."""
    keys = list(keys)
    found = [(what, key) for pattern, what in FOREIGN for key in keys if pattern.search(key)]
    depthwise = [key for key in keys if tensors[key].ndim == 4 and _is_depthwise(tensors[key])]
    if len(depthwise) > 1:  # and not only the stem of a network for grey pictures
        found.append((DEPTHWISE, depthwise[0]))
    if found:
        what, key = found[0]
        raise InputError(
            "{file} is {what}, not a ResNet known here ({tensor}).", file=file, what=what, tensor=key[:120]
        )
    convolutions = [key for key in keys if key.endswith(".weight") and tensors[key].ndim > 2]
    if convolutions and all(tensors[key].ndim in (3, 5) for key in convolutions):
        raise InputError(
            "{file} is not a ResNet known here: {tensor} is a convolution in {n} dimensions, and pictures have two.",
            file=file,
            tensor=convolutions[0][:120],
            n=tensors[convolutions[0]].ndim - 2,
        )


def _is_depthwise(weight: Tensor) -> bool:
    """Whether each filter sees one channel, more than a pixel of it."""
    return weight.shape[1] == 1 < weight.shape[2] == weight.shape[3]
