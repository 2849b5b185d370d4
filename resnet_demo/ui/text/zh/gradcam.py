"""The page Grad-CAM."""

from __future__ import annotations

SIGN = "显示证据"
POSITIVE, SIGNED = "只看支持该类的", "支持与反对都看"
OTHER = "其他方法"
METHOD = "方法（captum）"
METHOD_INFO = "GuidedGradCam 和 LayerGradCam 针对所选的块，其余方法针对像素。"
COMPUTE = "计算"
CHOOSE = "选择一种方法，然后按“计算”：它们会重新运行网络，有的要运行多次。"
ONE_BRANCH = "普通块只有一条分支：所有证据都必须经过 F。"


def every_block(label: str) -> str:
    return f"每个块在哪里看到“{label}”"


def film(label: str) -> str:
    return f"每个块中“{label}”的 Grad-CAM"


def block(name: str) -> str:
    return f"块 {name}"


def overlay(label: str, name: str) -> str:
    return f"块 {name} 中“{label}”的 Grad-CAM"


def which_branch(name: str) -> str:
    return f"证据来自块 {name} 的哪条分支？"


def split(label: str) -> str:
    return f"F(x)、捷径与二者之和中“{label}”的带符号 Grad-CAM"


def method(name: str, label: str) -> str:
    return f"{name}：“{label}”"
