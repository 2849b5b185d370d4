"""The page Classify."""

from __future__ import annotations

ANSWERS = "网络的回答"
CLICK = "点击一个类别，看网络在哪里找到它的证据。"
NOT_MEASURED = "对于这组权重，没有测量过这张图片与训练图片有多相似。"
OPACITY = "证据图的不透明度"
PICTURE, EVIDENCE = "图片", "证据"  # at both ends of the slider


def sees(label: str) -> str:
    return f"在哪里看到“{label}”"


def overlay(label: str) -> str:
    return f"叠加了“{label}”的 Grad-CAM 的图片"
