"""The lesson in Chinese: what its steps say, and the sentences that read their results out, whatever these are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ....figures import network_title
from ....figures.runs import is_plain
from ....lab.wires import Dial
from ....models.predict import Prediction
from .. import findings
from ..findings import block_title
from ..steps import Step, minus, raised, rounded
from .reading import percent, tenths

START = "开始课程"
INVITATION = "第一次接触残差网络？九个小步骤，每一步都有用你的图片做的现场实验。"
STEPS_LABEL = "课程的各个步骤"
BACK, NEXT = "← 上一步", "下一步 →"
QUESTION = "先想一想。"
REVEAL = "查看答案"
SOURCE = "出处："
ANSWER_OF = "{}：浅色为原来，深色为现在"
NOT_SEEN = "还没有打开过"
SEEN = "你看到了什么"
ONWARD = "接下来去哪里"

LABELS = {  # of the controls, by key
    "error": "错误率来自",
    "depth": "层数",
    "row": "特征图的行",
    "column": "列",
    "place": "残差块（从输入端数起）",
    "measure": "测量",
    "layers": "层数",
    "begin": "网络",
    "alpha": "所有 F(x) 乘以",
    "deleted": "随机删除几个块",
    "draw": "第几次随机抽取",
    "show": "显示",
    "away": "离训练好的权重多远",
    "line": "第几个随机方向",
    "after": "在几个块之后停下",
}
OPTIONS = {  # what the choices are called, by key
    "error": {"train": "训练图片", "test": "测试图片"},
    "depth": {"all": "全部"},
    "measure": {"share": "每个块加入多少", "kept": "开头还剩多少"},
    "begin": {
        "norm": "未训练，有批归一化",
        "bare": "未训练，无批归一化",
        "small": "未训练，无批归一化，初始权重较小",
        "trained": "训练好的",
    },
    "show": {"count": "有多少条路径", "gradient": "梯度走哪些路径"},
}
PAGES = {"cut": "切断更多连接", "train": "自己训练这样一对网络", "inside": "看看每个块的内部"}

MEASURES = {"share": "各块的 ‖F(x)‖ / ‖捷径‖", "kept": "各块输出与初始卷积层输出的余弦"}
GRADIENT = "损失对各块输出的梯度范数（对数刻度）"
PATHS = {  # what the pale and the full bars are
    "count": ("经过这么多个 F 的路径数", "删除之后剩下的"),
    "gradient": ("经过这么多个 F 的路径所占的比例", "经由它们的梯度所占的比例"),
}
ERRORS = {
    kind: f"逐轮的{title}错误率，左边是普通网络，右边是残差网络"
    for kind, title in (("train", "训练"), ("test", "测试"))
}
WALK = "沿直线的损失"
WALK_CUT_OFF = "沿直线的损失，只画到 {:g}"
STEM = "初始卷积层"
GROWN = "如果网络在该块之后停下，“{}”的概率"

STEPS = (
    Step(
        title="更深本应不差，实际却更差",
        paragraphs=(
            "深度网络由许多层叠成。每一层接收一叠小图，也就是**特征图**，对它们做滤波，再把新的特征图交给下一层。"
            "层数越多，能计算的东西越多。而且深层网络总能模仿浅层网络：照抄浅层网络的各层，"
            "其余各层把收到的东西原样传下去。所以，只要权重选得最好，更深的网络在训练图片上至少不会更差。",
            "训练的结果却不是这样。普通网络（没有捷径的网络）深到一定程度就变差了。不只是测试图片，"
            "连学过的训练图片也拟合得更差。何恺明等人把它称为**退化问题**。下图是为本应用在 CIFAR-10 上训练的网络："
            "左边是普通网络，右边的层完全相同，只是多了捷径。",
        ),
        formula=r"\min_\theta L_{\text{深}}(\theta) \;\le\; \min_\theta L_{\text{浅}}(\theta)",
        source="He 等，2015，第 1 节，图 1、图 6",
        question="更深的普通网络在测试图片上更差。这是过拟合吗？",
        choices=("是：权重更多，所以死记硬背", "不是：看看训练图片就知道"),
        right=1,
        answer="过拟合的网络在学过的图片上很好，在别的图片上很差。而这个网络在学过的图片上也更差。"
        "它本来可以做得更好，因为浅层网络就藏在它里面，只是梯度下降找不到通往那里的路。这是优化的困难。",
    ),
    Step(
        title="公式",
        paragraphs=(
            "要模仿浅层网络，就得把收到的东西原样传下去。让几个中间夹着 ReLU 的层学会这一点并不容易。"
            "那就让它变得容易。**残差块**不直接计算输出：它的各层只计算一个改变量 F(x)，另有一条连线把 x "
            "从旁边送过去，然后两者相加。要原样传下去，只需让 F 等于零。",
            "相加是逐个数进行的。之后 ReLU 把小于零的数变成零。下面是某个块的一个通道，输入是你的图片。"
            "用滑块选一个位置，或者在特征图上点一下，跟着这一个数走一遍。",
        ),
        formula=r"\mathbf{y} = \mathrm{ReLU}\bigl(\mathcal{F}(\mathbf{x}) + \mathbf{x}\bigr)",
        source="He 等，2015，式 (1)、图 2",
        question="如果 F 的权重全是零，这个块输出什么？",
        choices=("处处为零", "原样的 x", "取决于图片"),
        right=1,
        answer="F(x) = 0，所以和就是 x。而 x 来自上一个 ReLU，没有小于零的数，因此末尾的 ReLU 什么也不改变。"
        "如果没有捷径，输出就全是零，图片就丢失了。",
    ),
    Step(
        title="细看一个残差块",
        paragraphs=(
            "F 由若干卷积组成，每个卷积后面接批归一化，中间是 ReLU（这里是两个卷积；50 层及以上的网络是三个）。"
            "图中每个方块都是你的图片的真实特征图，等式各处用的是同一个通道。深红表示大于零，靛蓝表示小于零。"
            "连线的粗细表示它所传内容的范数：所有数的平方和再开方。",
            "从第二个阶段起，每个阶段开始时特征图的边长减半，数目增多。这时 F(x) 与 x 的形状不同，不能相加，"
            "所以捷径必须改变 x：要么每隔一个像素取一个，新的通道补零（方案 A）；要么用 1×1 卷积（方案 B）。",
        ),
        formula=r"\mathcal{F}(\mathbf{x}) = \mathrm{BN}\bigl(W_2 * \mathrm{ReLU}(\mathrm{BN}(W_1 * \mathbf{x}))\bigr)",
        source="He 等，2015，图 2、第 3.3 节；三个卷积的情形见图 5",
        question="从第一个块看到最后一个块。图片变成了什么？",
        answer="起初特征图还像原来的图片：边缘和色块。后来越来越粗，只显示某样东西在哪里，不再显示它的样子。"
        "最后每个通道取平均，变成一个数，分类器看到的只有这些数。",
    ),
    Step(
        title="捷径传递了什么",
        paragraphs=(
            "把一个等式代入下一个：到达第 L 个块的，是初始卷积层的输出，加上一路上所有的改变量。"
            "任何东西都不必为了不丢失而重新计算一遍。（如果相加之后没有 ReLU，例如 He 等 2016 的做法，"
            "这个公式是精确的。这里有 ReLU，它只是去掉小于零的部分。）",
            "在你的图片上做两种测量。第一，每个块加入的量，与捷径所传的相比有多大？第二，开头的东西还剩多少："
            "求块的输出与“只经过捷径、从初始卷积层直接传到这里的结果”之间的余弦。1 表示方向相同，0 表示毫无共同之处。",
        ),
        formula=r"\mathbf{x}_L = \mathbf{x}_0 + \sum_{l=0}^{L-1} \mathcal{F}_l(\mathbf{x}_l)",
        source="He 等，2016，式 (4)；各层响应有多小，见 He 等，2015，图 7",
        question="F(x) 的长度是 x 的 20%，并且与 x 垂直。它们的和比 x 长多少？",
        choices=("20%", "2%", "一点也不长"),
        right=1,
        answer="勾股定理：1 + 0.2² 的平方根约等于 1.02。垂直的改变量带来新的东西，却几乎不使整体变长。F(x) "
        "与捷径之间的余弦，可以在“块的内部”页面上看到。",
    ),
    Step(
        title="梯度的感受",
        paragraphs=(
            "训练要问每个权重：损失随它怎样变化？答案就是梯度。梯度从后往前逐块传递，每个块都用自己的斜率去乘它。"
            "在普通网络里，这是一个很长的连乘。因子小，梯度就消失；因子大，梯度就爆炸。捷径给每个因子加上 "
            "1（相加之后的 ReLU 除外）。",
            "于是人们说：**捷径解决了梯度消失**。何恺明等人的说法不同。他们的普通网络带有批归一化，"
            "反向传播的梯度范数是健康的，可它照样训练得更差。来测量一下：十张示例图片通过两个网络，再把梯度传回来。"
            "想知道那个说法从何而来，就去掉批归一化，并像过去那样用较小的初始权重。",
        ),
        formula=r"\frac{\partial L}{\partial \mathbf{x}} = \frac{\partial L}{\partial \mathbf{y}}"
        r"\left(1 + \frac{\partial \mathcal{F}}{\partial \mathbf{x}}\right)",
        source="He 等，2015，第 4.1 节；He 等，2016，式 (5)",
        question="如果没有捷径时梯度也不消失，那么梯度还会有什么毛病？",
        answer="方向。只有当梯度在一步的距离之内大致不变时，它才有用。在很深的普通网络里，输入稍有不同，"
        "梯度就像噪声一样乱变（“破碎的梯度”，Balduzzi 等，2017，图 1）；有捷径时要好得多。"
        "本应用的实验“相邻输入的梯度一致吗？”测量的就是这一点。",
    ),
    Step(
        title="切断看看",
        paragraphs=(
            "如果每个块只是往经过的东西里加一点，那么少一个块，网络也应该过得去。Veit 等人试过："
            "从训练好的网络中删除单个块。有捷径时几乎没有影响，特征图尺寸减半的地方除外。普通网络（他们用的是 VGG）"
            "则缺一层都不行。",
            "点一个块，切断它的残差分支 F；再点一次就接回去。两个网络都对你的图片作答：一个有捷径，"
            "另一个是与它对应的普通网络，对后者是把整个块拿掉。一张图片证明不了什么，所以多试几张图片，多试几个块。",
        ),
        formula=r"\mathbf{y} = \mathrm{ReLU}\bigl(\cancel{\mathcal{F}(\mathbf{x})} + \mathbf{x}\bigr)",
        source="Veit 等，2016，第 4.1 节、图 3",
        question="在有捷径的深层网络里，你估计缺了哪一类块影响最大？",
        choices=("最后几个块", "特征图尺寸减半的块", "都一样"),
        right=1,
        answer="特征图尺寸减半时，捷径传不了全部内容：四个像素里丢掉三个，新的通道补零（方案 A）。F "
        "本来要填进去的东西就永远缺失了。在别处，其余的块得到的输入与平时相差不多，照常工作。"
        "Veit 等人得到的结果如此；在这里的 ResNet-56 中，这两个块都在影响最大的三个之列，"
        "但影响最大的是第一个块：其余所有的块都建立在它之上。",
    ),
    Step(
        title="许多短路径",
        paragraphs=(
            "每个块都有两条路：穿过 F，或者从旁边绕过。n 个块就有 2ⁿ 条从图片通往答案的路径。普通网络只有一条。"
            "删除一个块，一半的路径没有了，另一半本来就不经过它。而在普通网络里，唯一的一条断了。",
            "路径有长有短。就像抛 n 次硬币时正面的次数，大多数路径经过大约一半的 F。但每经过一个 F，"
            "梯度就会变弱或变强，对学习重要的是最后传到多少。Veit 等人测量发现：梯度几乎都来自较短的路径。"
            "在你的图片上量一量。",
        ),
        formula=r"2^n = \sum_{k=0}^{n} \binom{n}{k}",
        source="Veit 等，2016，图 2、图 5、图 6",
        question="共有 27 个块，删除一个。还剩多少路径？",
        choices=("27 份里的 26 份", "一半", "一条也不剩"),
        right=1,
        answer="一半：绕过被删除块的 2²⁶ 条。每再删一个块又减半，而答案起初变化很小。这些路径共用权重，"
        "并不是许多独立网络组成的委员会；但没有哪一条是缺不得的。",
    ),
    Step(
        title="更平滑的地面",
        paragraphs=(
            "把损失想成一片地形：每个地点是一组权重，高度就是那里的损失。训练只感觉得到脚下的坡度，一步步往下走。"
            "地面平滑，就能走得很低；地面崎岖，坡度就说明不了下一步会遇到什么。",
            "谁也画不出一百万维的地形，但可以沿一条直线走过去。从训练好的权重出发，朝一个随机方向的两侧走，"
            "测量损失。方向中对应每个滤波器的部分都缩放到与该滤波器一样长，否则不同网络无法比较。Li 等人发现："
            "很深的普通网络周围一片混乱，加上捷径之后则像一只碗。",
        ),
        formula=r"\begin{gathered} f(a) = L(\theta + a\,\mathbf{d}) \\"
        r" \|\mathbf{d}_i\| = \|\theta_i\| \text{（对每个滤波器 } i \text{）} \end{gathered}",
        source="Li 等，2018，第 4 节，图 1、图 5",
        question="为什么方向必须按滤波器缩放？",
        answer="把批归一化之前的权重全部乘以十，网络的计算结果不变。但同样长的一步，相对而言只有原来的十分之一，"
        "同一个损失曲面看起来就更平坦。让方向随滤波器一起缩放，就消除了这种错觉。",
    ),
    Step(
        title="要记住的",
        paragraphs=(
            "残差块计算一个改变量，再加到收到的东西上：**y = F(x) + x**。什么都不做因此变得容易，深度就不再有害。"
            "经过的内容一点一点地改变，缺几个块也无妨，梯度也有了短的回路。",
            "最后再看一次你的图片：让网络提前停下，把到目前为止的内容经由剩下的捷径送去分类。有捷径时，"
            "所有的块都加在同一个和上，在任何地方都可以让分类器来读；但只有在最后一个阶段读出的才有意义，"
            "它就是为那里训练的。普通网络从来不是为这样读取而训练的。再往下是你在前面各步看到的结果。",
        ),
        formula=r"\text{logits} = W\,\mathrm{mean}\Bigl(\mathbf{x}_0 + \sum_l \mathcal{F}_l(\mathbf{x}_l)\Bigr)"
        r" + \mathbf{b}",
        source="He 等，2015、2016；这种提前读取的方法称为 logit lens（nostalgebraist，2020）",
        question="朋友说：“ResNet 之所以有效，是因为捷径防止了梯度消失。”你怎么回答？",
        answer="有了批归一化，没有捷径时梯度也不消失，反而变大（第 5 步），"
        "而普通网络连训练图片都拟合得更差（第 1 步）。"
        "捷径让保留已有的东西变得容易，也让梯度在相邻的地方保持一致。所以加深才有好处。",
    ),
)


# 1


def degradation(finals: Mapping[str, float], error: str, epochs: Mapping[str, int]) -> str:
    """Errors at the end of the training, as fractions by network: what depth did, or what the shortcuts did."""
    where = {"train": "训练错误率", "test": "测试错误率"}[error]
    said = [_depths(*depths, finals, where) for depths in findings.by_depth(finals)]
    if not said:
        told = [f"{network_title(name)} 的{where}是 {tenths(finals[name])}" for name in finals]
        said = [f"{'，'.join(told)}。"] if told else ["这里没有带训练记录的网络。"]
        twins = findings.pair(finals)
        if twins:
            said.append(_twins(*(finals[name] for name in twins)))
    lengths = set(epochs.values())
    after = f"训练 {lengths.pop()} 轮之后（各训练一次）：" if len(lengths) == 1 else "训练结束时（各训练一次）："
    return after + "".join(said)


def _depths(shallow: str, deep: str, finals: Mapping[str, float], where: str) -> str:
    said = f"{network_title(deep)} 的{where}是 {tenths(finals[deep])}，"
    said += f"{network_title(shallow)} 是 {tenths(finals[shallow])}"
    learned = "，而且是在它学过的图片上" if where == "训练错误率" else ""
    verdict = {
        "same": "：这里深浅没有差别。",
        "less": "：这里更深更好。",
        "more": f"：更深反而更差{learned}。",
    }[findings.error_than(finals[shallow], finals[deep])]
    return said + verdict


def _twins(residual: float, plain: float) -> str:
    return {
        "same": "在这个深度，有没有捷径没有差别。",
        "less": "同样的层，没有捷径时更好。",
        "more": "同样的层，有捷径时更好。",
    }[findings.error_than(residual, plain)]


# 2


def number(found: Mapping[str, float], kind: str, error: float) -> str:
    """One number's way through the block; `error` is the largest deviation from the sum over all its numbers."""
    change, carried, total, output = (minus(found[point], 3) for point in ("residual", "shortcut", "total", "output"))
    cut = "ReLU 让它通过。" if found["total"] > 0 else "ReLU 把它变成 0。"
    if kind == "none":
        return (
            f"这个普通块没有捷径：只有 F(x) = {change}，x 丢失了。{cut}所以 y = {output}。"
            "在旁边换成对应的残差网络，比较一下。"
        )
    what = "这里捷径送来" if kind != "identity" else "这里 x 是"
    exact = "对这个块的所有数都核对过：和是精确的" + (f"，误差不超过 {error:.0e}。" if error else "。")
    return f"{what} {carried}，F(x) 改变它 {change}，和是 {total}。{cut}所以 y = {output}。{exact}"


# 3


def block(
    name: str,
    place: tuple[int, int],
    kind: str,
    share: float,
    cosine: float | None,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> str:
    """A block: its place among so many, how much it adds, and whether it changes the shape of what passes."""
    (channels, height, width), after = shapes
    said = f"{_block(name)}是 {place[1]} 个块中的第 {place[0]} 个，输入 {channels} 张 {height}×{width} 的特征图"
    said += "" if after == (channels, height, width) else f"，输出 {after[0]} 张 {after[1]}×{after[2]} 的"
    if kind == "none":
        return f"{said}。它没有捷径：x 被 F(x) 取代，F(x) 的范数是 x 的 {percent(share)}。"
    if cosine is None:
        return f"{said}。它的两条分支中有一条什么也没有传。"
    angle = {
        "along": "与它部分同向，加强已有的东西",
        "against": "与它部分反向，减去已有的东西",
        "across": "与它近乎垂直，加入新的东西",
    }[findings.direction(cosine)]
    changed = {"identity": "", "padding": "这里捷径丢掉一部分像素，并给新通道补零。",
               "projection": "这里捷径是一个 1×1 卷积。"}[kind]  # fmt: skip
    return f"{said}。F(x) 的范数是捷径的 {percent(share)}，{angle}（余弦 {minus(cosine, 2)}）。{changed}"


def _block(name: str) -> str:
    return f"块 {block_title(name)} "


# 4


def carried(measure: str, names: Sequence[str], opened: str, found: Mapping[str, Sequence[float]]) -> str:
    """One of the two measurements, by network and block: at the opened block, and over all."""
    place, block = names.index(opened), _block(opened)
    if measure == "share":
        return "".join(_added(network_title(name), block, values[place], values) for name, values in found.items())
    here = "，".join(f"{network_title(name)} 是 {minus(values[place], 2)}" for name, values in found.items())
    ends = "，".join(f"{network_title(name)} 是 {minus(values[-1], 2)}" for name, values in found.items())
    verdict = _remembers({name: values[-1] for name, values in found.items()})
    return f"在{block}之后，与初始卷积层输出的余弦：{here}。在最后一个块之后：{ends}。{verdict}"


def _added(title: str, block: str, share: float, shares: Sequence[float]) -> str:
    known = [value for value in shares if not math.isnan(value)]
    if not known:
        return f"{title} 没有捷径，F(x) 无从比较：每个块都取代了全部内容。"
    small = findings.small(known)
    here = "的捷径什么也没有传" if math.isnan(share) else f"加入的是捷径所传的 {percent(share)}"
    return f"在 {title} 中，{block}{here}。{len(known)} 个块里有 {small} 个，F(x) 不到捷径的一半。"


def _remembers(ends: Mapping[str, float]) -> str:
    """Which of the twins has more of the beginning at its end."""
    return {
        None: "",
        "neither": "到了末尾，两者保留的开头一样多。",
        "residual": "可见有捷径的网络保留的开头更多。",
        "plain": "可见没有捷径的网络保留的开头更多。",
    }[findings.keeps_more(ends)]


# 5


def gradient(norms: Mapping[str, Sequence[float]], begin: str, errors: Mapping[str, float]) -> str:
    """Norms of the gradient at all blocks' outputs, and how the trained networks fit: training errors, where known."""
    ratios, said = {}, []
    for name, values in norms.items():
        ratio = findings.first_over_last(values)
        if ratio is None:
            said.append(f"{network_title(name)} 的梯度不是有限的数。")
            continue
        ratios[name] = ratio
        said.append(
            f"{network_title(name)} 的梯度范数，在最后一个块是 {rounded(values[-1])}，"
            f"在第一个块是 {rounded(values[0])}，{_times(ratio)}。"
        )
    return "".join([*said, *_verdict(ratios, begin, errors)])


def _times(ratio: float) -> str:
    return f"是前者的 {rounded(ratio)} 倍" if ratio else "什么也没有传到"


def _verdict(ratios: Mapping[str, float], begin: str, errors: Mapping[str, float]) -> list[str]:
    found = findings.vanishing(ratios, batch_norm=begin in ("norm", "trained"))
    if found is None:
        return []
    residual, plain = (network_title(name) for name in sorted(ratios, key=is_plain))
    saying = f"没有批归一化，{plain} 的梯度消失了：那个说法就是从这里来的。"
    said = {
        "with batch norm": f"这里 {plain} 的梯度消失了，有没有批归一化都一样。",
        "only when plain": f"{saying}捷径把它维持住了。",
        "in both": f"{saying}有捷径时也是如此。",
        "no: large weights": f"即使没有批归一化，{plain} 的梯度也没有消失：这样的初始权重足够大。",
        "no: healthy": f"{plain} 的梯度没有消失，是健康的。",
        "no: grows": f"{plain} 的梯度没有消失，反而变大，很深的普通网络加上批归一化就是这样。",
    }[found]
    strong = [network_title(name) for name in findings.exploding(ratios)]
    if found == "no: large weights" and strong:
        said += f"而 {'、'.join(strong)} 的梯度爆炸了，这也不好：步子再小也嫌大。"
    elif found == "no: grows" and strong:
        said += f"{'、'.join(strong)} 的梯度甚至爆炸了：在这样的深度，这并不是何恺明等人所说的健康范数。"
    if found in ("no: healthy", "no: grows") and findings.plain_fits_worse(errors):
        fits, misfits = map(tenths, findings.residual_first(errors))
        said += (
            f"可是训练之后，{plain} 的训练错误率仍有 {misfits}，"
            f"{residual} 只有 {fits}。可见捷径在这里解决的并不是梯度消失。"
        )
    return [said]


# 6


def cut(wires: Sequence[str], dials: Dial, told: Mapping[str, tuple[Prediction, Prediction, float]]) -> str:
    """What became of each network's answer: the likeliest class before and now, and how likely the first one is now."""
    done = _done(wires, dials)
    if not done:
        said = [f"{network_title(name)} 的回答是{_sure(before)}" for name, (before, _, _) in told.items()]
        alone = "" if len(said) > 1 else "这里没有可以对照的网络。"
        return f"网络原样：{'，'.join(said)}。点一个块，切断它的 F。{alone}"
    said = [_changed(network_title(name), *found) for name, found in told.items()]
    return f"{done}：{'；'.join(said)}。{_which(told)}"


def _done(wires: Sequence[str], dials: Dial) -> str:
    parts = []
    deleted, shortcuts = findings.branches_cut(wires)
    if deleted:
        parts.append(f"去掉{_blocks(deleted)}")
    if shortcuts:
        parts.append(f"切断{_blocks(shortcuts)}{' ' * findings.few(shortcuts)}的捷径")
    for title, factor in ((" F(x) ", dials.residual), ("捷径", dials.shortcut)):
        if factor != 1:
            parts.append(f"所有{title}乘以 {factor:g}")
    return "，".join(parts)


def _blocks(titles: Sequence[str]) -> str:
    return f"块 {'、'.join(titles)}" if findings.few(titles) else f" {len(titles)} 个块"


def _changed(title: str, before: Prediction, after: Prediction, left: float) -> str:
    was, now = percent(before.probability), percent(left)
    if after.index != before.index:
        moved = f"仍是 {was}" if was == now else f"的概率：{was} → {now}"
        return f"{title} 改答{_sure(after)}，原来的“{before.label}”{moved}"
    return f"{title} 仍答“{before.label}”，概率" + (f"还是 {now}" if was == now else f"：{was} → {now}")


def _which(told: Mapping[str, tuple[Prediction, Prediction, float]]) -> str:
    """Which of the twins lost its answer."""
    return {
        None: "",
        "plain": "有捷径的网络保住了答案，普通网络没有保住。",
        "residual": "这一次普通网络保住了答案，有捷径的网络没有保住。",
        "both": "两者都没有保住答案。",
        "neither": "在这张图片上，两者都保住了答案。",
    }[findings.lost(told)]


def _sure(prediction: Prediction) -> str:
    return f"“{prediction.label}”（{percent(prediction.probability)}）"


# 7


def paths(n: int, gone: Sequence[str], told: Mapping[str, tuple[Prediction, Prediction, float]]) -> str:
    """The paths through n blocks, those that are left without some, and what the networks then answer."""
    left = n - len(gone)
    said = f"有捷径时，{n} 个块构成 2{raised(n)} = {2**n:,} 条路径；没有捷径时只有一条。"
    if not gone:
        answers = "，".join(f"{network_title(name)} 的回答是{_sure(before)}" for name, (before, _, _) in told.items())
        return f"{said}现在什么也没有删除：{answers}。"
    share = "一半" if len(gone) == 1 else f" {2 ** len(gone):,} 分之一"
    without = _blocks(findings.branches_cut(gone)[0])
    said += f"去掉{without}，还剩{share}，即 2{raised(left)} = {2**left:,} 条；普通网络唯一的那条断了。"
    return f"{said}{'；'.join(_changed(network_title(name), *found) for name, found in told.items())}。{_which(told)}"


def path_gradients(n: int, span: tuple[int, int] | None, mean: float, samples: int, plain: bool) -> str:
    """Which lengths carry nine tenths of the gradient; and the mean length, weighted with the gradient.

    `samples` is how many random paths of each length were measured.
    """
    if plain:
        return f"这是普通网络：唯一的路径经过全部 {n} 个 F，承担全部梯度。"
    if span is None:
        return "这里没有一条路径传递梯度：网络对答案十分肯定，损失已经没有坡度。"
    said = (
        f"路径平均经过 {n} 个 F 中的 {n / 2:g} 个；按梯度加权，平均经过 {mean:.1f} 个。"
        f"十分之九的梯度来自经过 {_span(span)} 个 F 的路径（每种长度最多随机取 {samples} 条路径估计）。"
    )
    verdict = {
        "short": "可见短路径传递的梯度超过它们的数目所占的份额。",
        "long": "这里反而是长路径传递的更多，与 Veit 等人的发现不同。",
        "all": "这里长短路径传递的梯度与数目大致相称，与 Veit 等人的发现不同。",
    }[findings.heavy_paths(mean, n)]
    return said + verdict


def _span(lengths: tuple[int, int]) -> str:
    return str(lengths[0]) if lengths[0] == lengths[1] else f"{lengths[0]} 到 {lengths[1]}"


# 8


def walk(distance: float, found: Mapping[str, tuple[float, float]]) -> str:
    """The loss of each network as it is, and so far away in the random direction."""
    told = "，".join(f"{network_title(name)} {_loss(centre)}" for name, (centre, _) in found.items())
    said = f"在训练好的权重处，十张示例图片的损失：{told}"
    if not distance:
        return f"{said}。离开这里走走看。"
    there = "，".join(f"{network_title(name)} {_loss(away)}" for name, (_, away) in found.items())
    said += f"；走出滤波器长度的 {distance:.0%} 之后：{there}。"
    verdict = {
        None: "",
        "equal": "两者的变化大致相同。",
        "plain": "在这个方向上，没有捷径的上升得更多。",
        "residual": "在这个方向上，有捷径的上升得更多。",
    }[findings.rises_more(found)]
    return said + verdict


def _loss(value: float) -> str:
    return f"是 {rounded(value)}" if math.isfinite(value) else "不是有限的数"


# 9


def grown(name: str, whole: bool, told: Mapping[str, Prediction]) -> str:
    """What each network would answer after a block, or after the stem."""
    answers = "，".join(f"{network_title(network)} 的回答是{_sure(best)}" for network, best in told.items())
    if whole:
        return f"在最后一个块之后：{answers}。现在让它早一点停下。"
    return f"如果在{'初始卷积层' if name == 'stem' else _block(name)}之后停下：{answers}。"
