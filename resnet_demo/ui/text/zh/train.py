"""The page Train: its form, and what it says around the figures. `training` reads the figures."""

from __future__ import annotations

HEADING = "训练一个网络，和它没有捷径的对照网络"
LEAD = (
    "捷径是把块的输入绕过该块直接送出的连接。这里有两个网络以相同的顺序学习相同的图片，一个有捷径，一个没有：按“开始训练”即可。"
    "侧边栏的图片和网络与此无关，保持不变。"
)
PRESETS = {
    "twins": "ResNet-56 对 Plain-56",
    "deep": "能有多深？",
    "own": "我自己的图片",
}

# The form

DEPTH = "深度"
NETWORKS = "网络"
KINDS = {"both": "两者并列", "residual": "有捷径", "plain": "无捷径"}
PICTURES = "图片"
DATA = {
    "shapes": "图形（当场绘制）",
    "cifar10": "CIFAR-10 照片",
    "cifar100": "CIFAR-100 照片",
    "fashion-mnist": "Fashion-MNIST 服装",
    "my pictures": "我自己的图片（zip）",
}
ZIP = "zip 文件，每个类别一个图片文件夹"
BUDGET = "训练多久"
BUDGETS = {"seconds": "按时间", "epochs": "按轮数"}
EPOCHS = "轮数：全部图片看几遍"
HOW = "训练方法"
RECIPE = "方案"
RECIPES = {
    "fast": "fast：正交化步长，先用小裁剪",
    "paper": "paper：He 等，2015",
    "textbook": "textbook：教科书式循环",
}
BATCH = "批大小（留空则用方案的）"
RATE = "最高学习率（留空则用方案的）"
SEED = "权重与顺序的随机种子"
START, STOP, AGAIN = "开始训练", "停止", "重放：同样的训练再来一次"
FILES = "权重、训练记录和曲线图"


def layers(depth: int) -> str:
    return f"{depth} 层"


def seconds(least: int, most: int) -> str:
    return f"秒数，所有网络合计（{least} 到 {most}）"


# While it runs

NOTHING_YET = "尚未训练：请按“开始训练”。"
READING = "正在获取图片 …"
STOPPING = "将在第一步完成之前停止。"
FAILED, STOPPED, DONE = "训练失败。", "已停止。此前学到的都已保留。", "训练完成。"
WAITING = "曲线将在这里生长，每个网络一条。"
PROGRESS = "训练进度"
GRADIENTS = "每个块被要求改变得有多强烈：梯度"
LAST_TEST = "正在停止：对学到的再做一次测试"


def downloading(arrived: float, size: float) -> str:
    """Both in bytes."""
    return f"正在下载图片：{arrived / 1e6:.0f} / {size / 1e6:.0f} MB …"


def speed(name: str, images_per_second: float) -> str:
    return f"{name} <b>{images_per_second:,.0f}</b> 张/秒"


def seconds_left(seconds: float) -> str:
    return f"大约还剩 <b>{seconds:.0f} 秒</b>"


def done(share: float) -> str:
    return f"已完成 <b>{100 * share:.0f}%</b>"


# Afterwards

OUTCOME = "训练结果"
NOTHING = "没有训练出任何网络。"
SAME = "重放完毕：每次测试都与第一次完全相同。"
NOT_SAME = "已用相同的种子和进度重放，但测试结果有差异。"
RATIOS = "每个块给捷径添加了多少"
READ_RATIOS = "八张训练图片上的 ‖F(x)‖ / ‖捷径‖。小于 1 时，捷径携带的比块添加的多。"
MISTAKES = "最有把握的错误"
LONG_RUN = "长时间训练：随应用附带的网络"
ERRORS = "普通网络和残差网络逐轮的训练错误率与测试错误率"
ALIKE = "CIFAR-10，全部使用相同的方案；仿 He 等，2015，图 1 和图 6。"
UNLIKE = (
    "CIFAR-10，种子和轮数都相同；不同深度的训练方案不完全一样，但每个网络和与它对应的网络总是一样的。"
    "仿 He 等，2015，图 1 和图 6。"
)


def tested(accuracy: str, pictures: int) -> str:
    return f"{pictures:,} 张测试图片，正确率 <b>{accuracy}</b>"


def failed(name: str, reason: str) -> str:
    return f"{name} 提前结束：{reason}"


def seen(pictures: int) -> str:
    return f"看过 {pictures:,} 张图片"


def look(name: str) -> str:
    return f"查看 {name} 的内部"


def confusion(name: str) -> str:
    return f"{name}：把什么认成什么"


def no_mistake(name: str, pictures: int) -> str:
    return f"{name} 在这 {pictures:,} 张图片上没有出错。"


def mistake(truth: str, answer: str) -> str:
    return f"“{truth}”，被认成“{answer}”"


def truly(truth: str) -> str:
    return f"实为“{truth}”"
