"""The page Cut."""

from __future__ import annotations

STREET = "切断一条连接，看什么会坏"
RESIDUAL = "所有 F(x) 乘以"
SHORTCUT = "所有捷径乘以"
MEND = "全部复原"
ANSWER = "网络的回答"
BARS = "浅色条是原网络的回答，深色条是它现在的回答。"
LENS = "答案如何逐块形成"
BLOCK = "此刻流过这个块的内容。点击橙色的线，切断 F；点击蓝色的线，切断捷径；再点一次即可复原。"
PLAIN_BLOCK = "此刻流过这个块的内容。点击橙色的线，取出这个块；再点一次即可复原。"


def block(title: str) -> str:
    return f"块 {title}：它的两条连接"
