"""What to see in this result: captions made from its numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from torch import Tensor

from ....figures import share, strongest_change, weakest_change
from ....interpret.trace import BlockTrace, Trace
from ....lab.wires import Dial
from ....models.predict import Prediction
from ..findings import block_title, branches_cut, direction, settled, small, spread


def percent(fraction: float) -> str:
    """0.934 -> "93%"; what is not quite nothing or not quite all is not rounded to it."""
    if 0 < fraction < 0.01:
        return "1% 以下"
    if 0.99 < fraction < 1:
        return "99% 以上"
    return f"{fraction:.0%}"


def tenths(fraction: float) -> str:
    """0.934 -> "93.4%"; what is not quite nothing or all is not rounded to it."""
    if 0 < fraction < 0.0005 or 0.9995 < fraction < 1:
        return "< 0.1%" if fraction < 0.5 else "> 99.9%"
    return f"{100 * fraction:.1f}%"


def answer(predictions: list[Prediction], trained: bool) -> str:
    first, second = predictions[0], predictions[1] if len(predictions) > 1 else None
    if not trained:
        return f"权重是随机的，“{first.label}”没有意义：它只取决于种子。不过网络的构造是一样的。"
    if second is None or first.probability > 0.9:
        return f"网络几乎可以肯定：“{first.label}”，概率为 {percent(first.probability)}。"
    told = f"“{first.label}”的概率为 {percent(first.probability)}，"
    if first.probability > 0.5:
        return f"{told}其次是“{second.label}”，为 {percent(second.probability)}。"
    return f"网络举棋不定：{told}“{second.label}”为 {percent(second.probability)}。"


def familiar(share_below: float | None, dataset: str) -> str | None:
    """A note where a picture is unlike the training pictures, with the measurement it rests on."""
    if share_below is None or share_below >= 0.05:
        return None
    return (
        f"与大多数训练图片不同：按 logit 所含的证据（能量）计，"
        f"强于它的 {dataset} 测试图片占 {percent(1 - share_below)}。"
        "无论答案看起来多么肯定，都不要相信。"
    )


def street(trace: Trace) -> str:
    strongest, weakest = strongest_change(trace), weakest_change(trace)
    if trace.blocks[0].shortcut_kind == "none":
        return (
            "普通网络没有主路。块自己不传下去的内容，后面各块就再也得不到："
            f"块 {block_title(weakest.name)} 把 ‖x‖ = {weakest.norms['x']:.3g} "
            f"变成 ‖F(x)‖ = {weakest.norms['residual']:.3g}。"
        )
    return (
        f"蓝色的主路带着图片绕过每个块。块 {block_title(strongest.name)} 添加得最多"
        f"（捷径所携带内容的 {percent(share(strongest))}），块 {block_title(weakest.name)} 最少"
        f"（{percent(share(weakest))}）。点击一个块，把它取出来看。"
    )


def block(trace: BlockTrace) -> str:
    """One sentence that reads the drawing of a block."""
    name = block_title(trace.name)
    if trace.shortcut_kind == "none":
        return (
            f"块 {name} 用 F(x) 完全取代了 x（范数从 {trace.norms['x']:.3g} 变为 {trace.norms['residual']:.3g}）。"
            "与它对应的残差块只需学习二者之差。"
        )
    work = "主要由捷径起作用" if share(trace) < 0.4 else "两条分支都重要" if share(trace) < 1.1 else "残差分支占主导"
    cosine = trace.cosine or 0.0
    relation = {
        "along": "与捷径部分同向，是在增强已有的内容",
        "against": "与捷径部分反向，是在削减已有的内容",
        "across": "与捷径几乎垂直，添加的是新内容",
    }[direction(cosine)]
    change_of_shape = {
        "identity": "",
        "padding": "特征图在这里缩小一半：捷径每隔一个像素取一个，新通道补 0。",
        "projection": "形状在这里改变，因此捷径本身是一个 1×1 卷积。",
    }[trace.shortcut_kind]
    return (
        f"块 {name} 的改变量是捷径所携带内容的 {percent(share(trace))}：{work}。"
        f"F(x) {relation}（余弦 {cosine:.2f}）。{change_of_shape}"
    )


def cut(wires: Collection[str], dials: Dial, before: Prediction, after: Prediction, left: float, plain: bool) -> str:
    """What became of the answer: `before` and `after` are the likeliest classes, `left` what the first one has now."""
    done = _done(wires, dials)
    if not done:
        wire = "普通块没有捷径，因此整个块被取出，输入直接传给下一块" if plain else "此后只有捷径带着图片绕过它"
        road = "" if plain else "也可以点击块下方的路，切断它的捷径，作为对照。"
        return f"这是原来的网络。点击一个块，切断它的 F：{wire}。再点一次即可复原。{road}"
    if after.index == before.index:
        was, now = percent(before.probability), percent(left)
        change = "与原来相同" if now == was else f"原来为 {was}"
        return f"{done}之后，回答仍是“{before.label}”：{now}，{change}。"
    return (
        f"{done}之后，回答变成“{after.label}”（{percent(after.probability)}）；"
        f"“{before.label}”原来为 {percent(before.probability)}，现在为 {percent(left)}。"
    )


def _done(wires: Collection[str], dials: Dial) -> str:
    """What was done to the network; empty for nothing."""
    parts = []
    for branch, blocks in zip((" F", "捷径"), branches_cut(wires), strict=True):
        if len(blocks) == 1:
            parts.append(f"切断块 {blocks[0]} 的{branch}")
        elif blocks:
            parts.append(f"切断 {len(blocks)} 个块（{'、'.join(blocks)}）的{branch}")
    for title, factor in (("所有 F(x)", dials.residual), ("所有捷径", dials.shortcut)):
        if factor != 1:
            parts.append(f"{title}乘以 {factor:g}" if title.endswith("捷径") else f"{title} 乘以 {factor:g}")
    return "、".join(parts) + " " * bool(parts and parts[-1][-1].isascii())


def lens(names: Sequence[str], probabilities: Sequence[float], label: str, plain: bool) -> str:
    """How an answer grows: `probabilities` of the class after the stem and after each block."""
    since = settled(probabilities)
    if since is None:
        found = f"网络最后没有选定“{label}”"
    else:
        where = "从初始卷积层起" if since == 0 else f"从块 {block_title(names[since - 1])} 起"
        found = f"{where}，“{label}”的概率一直超过其他所有类别之和"
    why = (
        "普通网络从未被训练成可以这样读出：它的块会取代所得到的内容。"
        if plain
        else "每个块只在经过的内容上做加法，因此在任何一个块之后都可以让末端的分类器来读；不过它是为最后一个块训练的。"
    )
    return f"在每个块之后读出，就像后面的块都不存在：{found}。{why}"


def exactness(trace: BlockTrace) -> str:
    return f"已用这些张量核对：|F(x) + 捷径 − 和| 最大为 {trace.identity_error:.1g}。"


def cam(cams: Mapping[str, Tensor], label: str, opened: str, signed: bool = False) -> str:
    """What the film strip shows, read from its maps."""
    widths = {name: spread(cam) for name, cam in cams.items()}
    block, last = block_title(opened), list(widths)[-1]
    if widths[opened] is None:
        silent = sum(width is None for width in widths.values())
        how = "" if signed else "选择“支持与反对都看”，看看什么在反对它。"
        return f"块 {block} 中没有“{label}”的正面证据（{len(widths)} 个块中有 {silent} 个没有）。{how}"
    words = f"在块 {block} 中，“{label}”的一半证据所占的面积为图片的 {percent(widths[opened] or 0)}"
    if opened != last and widths[last] is not None:
        words += f"；在最后一块 {block_title(last)} 中为 {percent(widths[last] or 0)}"
    return words + "。点击一格，查看那个块。"


def cam_split(parts: dict[str, float], error: float, label: str) -> str:
    """How much of the evidence each branch brought; `parts` are the sums of the signed maps."""
    residual, shortcut, total = parts["residual"], parts["shortcut"], parts["total"]
    exact = f"两张带符号的图相加等于第三张，误差不超过 {error:.0e}：Grad-CAM 没有漏掉捷径。"
    if abs(total) < 0.25 * max(abs(residual), abs(shortcut)) or not total:
        return f"两条分支互相抵消：F(x) 为 {residual:+.2g}，捷径为 {shortcut:+.2g}。{exact}"
    side = "支持" if total > 0 else "反对"
    return (
        f"在求和处，净证据{side}“{label}”：其中 {residual / total:.0%} 来自 F(x)，"
        f"{shortcut / total:.0%} 来自捷径。{exact}"
    )


def evidence(label: str, positive: bool, block: str, trained: bool = True) -> str:
    """What one Grad-CAM map shows."""
    if not positive:
        return f"块 {block_title(block)} 中没有“{label}”的正面证据。"
    if not trained:
        return f"权重是随机的，图中显示的只是“{label}”碰巧来自哪里，而不是它的样子。"
    return f"颜色越红，块 {block_title(block)} 在那里找到的支持“{label}”的证据越多。"


def other_method(method: str, label: str, highest: float, lowest: float, block: str) -> str:
    """How to read the map of one of captum's methods."""
    how = {
        "LayerGradCam": f"captum 自带的 Grad-CAM，块 {block_title(block)}，带符号",
        "GuidedGradCam": f"导向 Grad-CAM：保留精细边缘中块 {block_title(block)} 找到正面证据的部分",
        "GuidedBackprop": "导向反向传播：每个 ReLU 只让正梯度通过，边缘因此精细；"
        "最后几层忘掉所学之后，它也几乎不变（`experiment sanity`）",
        "IntegratedGradients": "积分梯度，从灰色图片到这张图片：各值之和接近 logit 的变化量",
        "Occlusion": "遮挡法：用灰色方块遮住某处时，logit 下降多少",
        "Saliency": "显著图：该像素的微小变化会使 logit 变动多少，不论升降",
    }[method]
    if method == "Saliency":
        return f"{how}。"
    if highest <= 0:
        return f"{how}。没有“{label}”的正面证据。"
    against = "靛蓝处反对它。" if lowest < 0 else ""
    return f"{how}。红色处支持“{label}”。{against}"


def curves(trace: Trace) -> str:
    """What the curves over all blocks show."""
    if trace.blocks[0].shortcut_kind == "none":
        return "没有捷径，F(x) 只能与 x 本身相比，而每个块都取代了 x。"
    few, strongest = small(map(share, trace.blocks)), strongest_change(trace)
    return (
        f"{len(trace.blocks)} 个块中有 {few} 个，F(x) 不到捷径所携带内容的一半。"
        f"块 {block_title(strongest.name)} 改变最大：F(x) 是绕行内容的 {percent(share(strongest))}。"
    )
