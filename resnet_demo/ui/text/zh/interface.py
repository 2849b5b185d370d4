"""What stands around the pages: the header, the tabs, the words explained, sharing and saving. Some of it is HTML."""

from __future__ import annotations

TITLE = "ResNet 实验室"
NAME = "ResNet 实验室"
LEAD = (
    '残差块只计算一个改变量 <b class="rd-r">F(x)</b>，再把它加到捷径送来的 <b class="rd-s">x</b> 上。'
    "选一张图片和一个网络，看看每个块里，什么经由哪条路而来。"
)
TABS = {
    "learn": "学习",
    "classify": "分类",
    "inside": "块的内部",
    "gradcam": "Grad-CAM",
    "cut": "切断",
    "experiments": "实验",
    "train": "训练",
}
SHARE = "复制本页链接"
COPIED = "已复制"
COPY_BY_HAND = "请从浏览器地址栏复制"

GLOSSARY_TITLE = "术语和符号"
GLOSSARY = (
    (
        "块",
        "组成 ResNet 的单元。2.1 是第 2 阶段的第二个块（从 0 数起），库中称为 <code>layer2.1</code>。"
        "每进入下一阶段，特征图变小，数目变多。",
    ),
    ('<b class="rd-r">F(x)</b>', "块自身的各层由输入 x 算出的结果，即改变量，也称残差。"),
    ('<b class="rd-s">捷径</b>', "绕过这些层、把 x 直接送去与 F(x) 相加的连接，也称跳跃连接。"),
    ("‖x‖", "范数：特征图全部数值合成的长度，衡量其中有多少内容。"),
    ("余弦", "两个量的方向是否一致：1 为同向，0 为垂直，−1 为反向。"),
    (
        "通道、特征图",
        "每个块处理的是一叠小图，即各个通道；每个通道显示某种特征出现在哪里。红色大于零，靛蓝小于零，零与页面底色相同。",
    ),
    ("梯度", "每个权重变动时损失随之变化多少；训练据此调整权重。梯度的范数说明一个块被要求改变得有多强烈。"),
    (
        "训练与测试",
        "网络从训练图片中学习，每次取一批（batch）；全部看过一遍称为一轮（epoch）。学得如何，要用从未学过的测试图片来检验。",
    ),
    ("切断 F(x)", "该块不再添加任何东西：只有捷径送来的内容继续向前。"),
    ("普通网络", "层完全相同、但没有捷径的网络：用来对照，看捷径有什么用。"),
    ("logit、概率", "logit 是一个类别的原始得分；softmax 把全部得分换算成概率。"),
    (
        "Grad-CAM（CAM）",
        "证据图（类激活图）：块的各通道在哪里活跃，并按它使该类别的 logit 升高多少来加权（Selvaraju 等，2017）。",
    ),
)

LIKELIEST_FIRST = "类别，按概率从高到低"
BEFORE_AND_NOW = "类别：上为原来，下为现在"


def save_figure(kind: str) -> str:
    return f"将此图保存为 {kind}"


def save_channels(title: str) -> str:
    return f"将“{title}”的各通道保存为 PNG"


def channels(title: str, shown: int, count: int, height: int, width: int) -> str:
    return f"{title}：{count} 个通道中的 {shown} 个，每个 {height}×{width} 像素"


def enlarged(title: str, channel: int) -> str:
    return f"{title}：放大的通道 {channel}"
