"""The classes, as a person reads them; data and addresses keep the English names."""

from __future__ import annotations

from collections.abc import Sequence

CIFAR10 = {
    "airplane": "飞机",
    "automobile": "汽车",
    "bird": "鸟",
    "cat": "猫",
    "deer": "鹿",
    "dog": "狗",
    "frog": "青蛙",
    "horse": "马",
    "ship": "船",
    "truck": "卡车",
}
SHAPES = {
    "arrow": "箭头",
    "crescent": "月牙",
    "cross": "十字",
    "disc": "圆盘",
    "heart": "心形",
    "hourglass": "沙漏",
    "ring": "圆环",
    "square": "正方形",
    "star": "星形",
    "triangle": "三角形",
}
PHOTOS = {"lion": "狮子", "cheetah": "猎豹", "tower": "铁塔"}


def titles(labels: Sequence[str]) -> tuple[str, ...]:
    """Whole sets that are known; a visitor's own classes keep the names that they were given."""
    for known in (CIFAR10, SHAPES, PHOTOS):
        if tuple(known) == tuple(labels):
            return tuple(known.values())
    return tuple(labels)
