"""The page Inside the blocks."""

from __future__ import annotations

STREET = "逐块看网络"
CHANNEL = "要放大的通道（也可点击上方的通道）"
POINTS = {
    "x": "x",
    "residual": "F(x)",
    "shortcut": "捷径(x)",
    "total": "F(x) + 捷径",
    "output": "y = ReLU(和)",
}
COLUMNS = ("量", "范数", "梯度的范数", "形状")
SHORTCUT, COSINE = "捷径", "余弦"
LAYERS = "F 的内部：各层的输出"
OWN_SCALES = "各层使用各自的色标。"
CURVES = "所有块汇总"
ALL_CURVES = "所有块中两条分支的范数、二者之比和余弦"


def block(name: str) -> str:
    return f"块 {name}，按公式画出"


def numbers(name: str) -> str:
    return f"块 {name} 的数值"


def channels(name: str) -> str:
    return f"块 {name} 的全部通道"


def shown(channel: int, some: int, count: int) -> str:
    """Which channels the cards show: one enlarged, and `some` of all of them."""
    those = f"{count} 个通道中最强的 {some} 个" if some < count else f"全部 {count} 个通道"
    return f"上为放大的通道 {channel}，下为{those}。色标相同，因此公式各处的颜色可以比较。点击一个通道，各处同时放大。"
