"""What the app says where something cannot be done."""

from __future__ import annotations

from collections.abc import Iterable

NO_PICTURE = "还没有图片：请上传一张，或选择一个示例。"
NO_FILE = "没有文件：请上传一个检查点。"
NO_NETWORK = "还没有你自己的网络：请上传一个检查点。"
NO_SHORTCUT = "普通块没有捷径可切。"
NO_RACE = "还没有可以重放的训练：请先训练一次。"


def no_twin(name: str) -> str:
    return f"{name} 在这里没有对应的网络：只有由基本块组成的网络才有；在这里训练的网络，还须两者的训练方式相同。"


def not_trained(name: str) -> str:
    return f"本次访问中没有训练过 {name}。"


def too_deep(most: int, blocks: int) -> str:
    return f"页面最多显示 {most} 个块的网络，这个网络有 {blocks} 个；更深的网络请用程序库。"


def no_example(name: str, offered: Iterable[str]) -> str:
    """`name` comes quoted."""
    return f"没有名为 {name} 的示例；可选的有：{'、'.join(offered)}。"


def no_page(name: str, pages: Iterable[str]) -> str:
    """`name` comes quoted."""
    return f"没有名为 {name} 的页面；可选的有：{'、'.join(pages)}。"
