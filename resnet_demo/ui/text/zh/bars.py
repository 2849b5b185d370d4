"""The bars: the picture, the network, and what is asked of them."""

from __future__ import annotations

PICTURE = "图片"
YOUR_PICTURE = "你的图片"
DROP_PICTURE = "将图片拖放到此处，或点击上传"
EXAMPLES = "示例图片"
RANDOM_PICTURE = "随机抽取 CIFAR-10 测试图片"

A_NETWORK = "网络"
NETWORK = "网络结构"
WEIGHTS = "权重"
SEED = "随机权重的种子（按回车键生成）"
TRAINED_FROM = "训练所用的种子"
OWN_WEIGHTS = "使用自己的权重"
CHECKPOINT = "检查点文件：safetensors、pt、pth 或 th"

TRAINED = "已训练"
DOWNLOAD = "ImageNet（需下载）"
RANDOM = "随机"
OWN = "你的文件"
HERE = "在此训练"

EVIDENCE_FOR = "显示哪一类的证据"
BLOCK = "块（内部、Grad-CAM、切断）"

FROM_FILE = "来自你的文件，只有你能看到"
BY_YOU = "由你在本次访问中训练，只有你能看到"
NO_WEIGHTS = "此网络暂无训练好的权重"


def example(name: str) -> str:
    return f"示例：{name}"


def labelled(label: str) -> str:
    """What people say a test picture shows."""
    return f"这张图片的人工标注是“{label}”。"


def exact_input(size: int) -> str:
    return f"网络的实际输入，{size}×{size} 像素"


def network_sees(size: int) -> str:
    return f"网络看到的：{size}×{size}"


def title(name: str, small_stem: bool) -> str:
    return name + "（3×3 初始卷积层）" * small_stem


def twin(plain: bool, other: str | None) -> str:
    """What the button does that goes to the twin, `other` if there is one."""
    words = "加上捷径" if plain else "去掉捷径"
    return f"{words}：{other}" if other else words


# What is known of a network, as HTML


def parameters(count: int) -> str:
    return f"<b>{count:,}</b> 个参数"


def blocks(count: int, plain: bool) -> str:
    return f"<b>{count}</b> 个块" + "，没有捷径" * plain


def untrained(seed: int) -> str:
    return f"未经训练：随机权重，种子 {seed}"


def trained_on(dataset: str) -> str:
    return f"在 <b>{dataset}</b> 上训练"


def by_luck(least: float, most: float, trainings: int) -> str:
    """How far the accuracies of the same training from several seeds lie apart."""
    return f"{trainings} 个种子：{100 * least:.2f}% 至 {100 * most:.2f}%"


def taken_for(dataset: str) -> str:
    return f"视为 <b>{dataset}</b> 的网络"


def accuracy(share: float, pictures: int | None, validation: bool, says_file: bool) -> str:
    """How many of a set's pictures are right, and where only its file says so."""
    whose = "验证" if validation else "测试"
    asked = f"{whose}集" if pictures is None else f"{pictures:,} 张{whose}图片"
    return f"{asked}中 <b>{100 * share:.2f}%</b> 正确" + "（文件自述）" * says_file
