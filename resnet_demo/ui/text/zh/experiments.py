"""“实验”页面：每个实验问什么，看什么，以及由数据读出的结果。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ....figures.axes import magnitude
from ....figures.runs import network_title
from ....figures.strips import words_from
from .. import findings
from ..facts import (
    Reports,
    after_deleting,
    bearable,
    best_area,
    better_than_random,
    both,
    deeper_responds_less,
    everyone,
    extreme,
    fresh_gradients,
    keeping,
    knows_since,
    place_of,
    pointing,
    points,
    responding_less,
    sides,
    signed,
)
from .reading import percent
from .terms import TERMS

INTRODUCTION = "每个实验都对训练好的或刚初始化的网络做一处改动，再统计后果：有捷径的网络，旁边是去掉捷径的同一网络。"
GROUPS = {
    "holes": "拿走一部分",
    "inside": "看看内部",
    "gradient": "跟随梯度",
    "ground": "看看损失曲面",
    "maps": "检验归因图",
}
TITLES = {
    "lesion": "删去一个残差块，还剩什么？",
    "lesions": "删去许多块，或打乱顺序呢？",
    "dial": "把所有分支一起调小会怎样？",
    "lens": "经过每一块之后，网络知道多少？",
    "responses": "每一层的响应有多强？",
    "refinement": "残差块是在下坡吗？",
    "paths": "梯度走哪些路径？",
    "gradients": "梯度会消失吗？",
    "shattering": "相邻输入的梯度一致吗？",
    "landscape": "损失曲面更平缓吗？",
    "sanity": "权重随机时，归因图会变吗？",
    "localise": "归因图指向物体吗？",
    "faithful": "归因图找到要紧的地方了吗？",
}
QUESTIONS = {
    "lesion": "删去一个残差块：它的输入直接传给下一块。数一数现在有多少张测试图片被分错，然后放回这一块，再删下一块。",
    "lesions": "随机删去越来越多的块，或者让同一阶段的块互换位置。如果网络是一条每一步都依赖上一步的流水线，"
    "它应当立刻失效；如果它是许多路径的集合，就应当一点一点变差。",
    "dial": "把网络中所有的 F(x) 乘以同一个数 α，从 0 到 1.5；再把所有捷径乘以 λ。取 1 时就是训练好的网络。"
    "一路上每经过一块，λ 就自乘一次。",
    "lens": "在每一块之后读取网络的答案，好像后面的块都不存在：这一块的输出经过余下的捷径直接送到分类器。"
    "这样可以看到答案怎样形成，以及每一块贡献多少。",
    "responses": "一层的响应是它的卷积和批归一化的输出，取在 ReLU 和相加之前。它在许多图片上的标准差说明响应有多强。",
    "refinement": "残差块输入处的梯度指出损失朝哪个方向变化。块所加上的 F 指向损失下降的方向吗？"
    "两者的余弦为 1 表示正是如此，为 0 表示两者无关，为负表示 F 指向上坡。",
    "paths": "在每一块，梯度可以穿过 F，也可以绕过它，因此 n 块构成 2ⁿ 条路径。"
    "沿各种长度的单条路径反向走一遍，测量有多少梯度到达图片。",
    "gradients": "人们常说，没有捷径，梯度就会消失。那就测一测：在有和没有批归一化的初始网络中，以及在这个网络中，"
    "损失对每一块输出的梯度的范数。",
    "shattering": "在刚初始化的网络中，取一条直线上相邻输入处的梯度。两个相邻输入想要的改变相同吗？"
    "如果不同，对一张图片有益的一步对下一张就毫无用处。",
    "landscape": "从训练好的权重出发，沿两个随机方向走开，每个滤波器走的距离与它自身的长度成比例，"
    "把损失画成地图和曲面。",
    "sanity": "从分类器开始，自上而下逐块把训练好的权重换成随机数。"
    "能解释网络的归因图必须随之改变；不变的图显示的是图片，而不是网络。",
    "localise": "在画出来的图形上，物体的位置是已知的。归因图的最高点有多少次落在物体上，又有多少比例落在那里？",
    "faithful": "按归因图从最重要处开始去掉像素，看答案怎样下降；或者从空白开始把它们放回去。它必须胜过随机顺序的图。",
}
LOOK = {
    "lesion": "柱子的高度。½ 标出使图片尺寸减半的块，那里输入无法原样通过。点击一根柱子，就会对你的图片切断那一块。",
    "lesions": "曲线是逐步上升，还是一下子跳上去。每个点是一次随机抽取。",
    "dial": "1 附近的谷有多宽；普通网络没有捷径可调。",
    "lens": "错误率是逐块下降，还是到最后才下降。",
    "responses": "残差网络的曲线是否更低，更深的是否还要低。",
    "refinement": "横线以上的柱子。改变形状的块不计。",
    "paths": "右图的柱子与左图相比在什么位置。",
    "gradients": "从右向左下降的曲线，这正是梯度传播的方向；刻度是对数的。",
    "shattering": "曲线随深度下降多快。刻度是对数的；落在底部的点为零或负。",
    "landscape": "低地延伸多远，四壁有多陡。每张地图下面是它的曲面，从斜上方看去：每升高一条等高线，损失就翻一倍。"
    "两个网络中，相同的颜色和高度表示相同的损失。",
    "sanity": "下降的曲线。一直不降的曲线属于不看网络的方法。",
    "localise": "高于均匀图的柱子；均匀图的得分等于物体的面积。",
    "faithful": "曲线与随机顺序相距多远：删除时在其下方，插入时在其上方。",
}
SOURCES = {
    "lesion": "Veit、Wilber、Belongie 2016，图 3",
    "lesions": "Veit、Wilber、Belongie 2016，图 5",
    "dial": "何恺明等 2016（Identity Mappings），3.1 节，文中是这样训练网络；这里是训练之后才改变系数",
    "lens": "nostalgebraist 2020（语言模型的 logit lens）",
    "responses": "何恺明等 2015，图 7",
    "refinement": "Jastrzębski 等 2018",
    "paths": "Veit、Wilber、Belongie 2016，图 6",
    "gradients": "何恺明等 2015，4.1 节",
    "shattering": "Balduzzi 等 2017，图 1",
    "landscape": "Li 等 2018，图 1 和图 5",
    "sanity": "Adebayo 等 2018，图 2 至图 4",
    "localise": "Zhang 等 2016（pointing game）",
    "faithful": "Petsiuk、Das、Saenko 2018",
}
_STRIPS = words_from(TERMS)
_METHODS = {
    "saliency": "显著图",
    "guided backprop": "导向反向传播",
    "the middle": "图片中心",
    "the same everywhere": "均匀图",
    "random": "随机",
}
FIGURES = {
    "lesion": {
        **_STRIPS,
        "label": "删去每一块后错误率增加的百分点",
        "note": "删去该块后增加的错误率，百分点",
        "note tall": "增加的错误率，百分点",
        "median": "中位数 {median}",
    },
    "lesions": {
        "label": "错误率与删去的块数，以及与打乱程度的关系",
        "deleted": "随机删去若干块后的错误率",
        "blocks": "删去的块数",
        "shuffled": "打乱块的顺序后的错误率",
        "order": "与原顺序的 Kendall 秩相关系数",
        "draw": "{what}：错误率 {error}",
    },
    "dial": {
        "label": "错误率与残差分支系数、捷径系数的关系",
        "alpha": "所有 F(x) 乘以系数后的错误率",
        "lambda": "所有捷径乘以系数后的错误率",
        "alpha below": "F(x) 的系数 α；1 为训练所得",
        "lambda below": "捷径的系数 λ；1 为训练所得",
    },
    "lens": {
        "label": "每一块之后读出的错误率，以及每一块对正确类别 logit 的贡献",
        "error": "每一块之后读出的错误率",
        "contribution": "对正确类别 logit 的贡献",
        "below": "块",
        "stem": "初始卷积层",
    },
    "responses": {
        "label": "每一层响应的标准差",
        "std": "每一层响应的标准差",
        "below": "层，从输入到输出",
    },
    "refinement": {
        **_STRIPS,
        "label": "每一块的 F(h) 与负梯度的余弦",
        "note": "F(h) 与负梯度的余弦；大于 0 为下坡",
        "note tall": "余弦；大于 0 为下坡",
        "mean": "平均 {mean}",
        "no block": "每一块都改变形状",
    },
    "paths": {
        "label": "各种长度的路径：有多少条，一条携带多少梯度，合起来多少",
        "counts": "路径的比例",
        "per path": "一条路径的梯度范数",
        "shares": "梯度的比例",
        "below": "路径穿过 F 的块数",
    },
    "gradients": {
        "label": "每一块处梯度的范数：当前网络，以及有和没有批归一化的初始网络",
        "He's start, with batch norm": "He 初始化，有批归一化",
        "He's start, without batch norm": "He 初始化，无批归一化",
        "PyTorch's start, with batch norm": "PyTorch 初始化，有批归一化",
        "PyTorch's start, without batch norm": "PyTorch 初始化，无批归一化",
        "trained": "当前网络，有批归一化",
        "below": "块",
    },
    "shattering": {
        "label": "相邻输入处梯度的余弦与网络深度的关系",
        "agreement": "相邻输入处梯度的余弦",
        "below": "层数（点线：按 1/√层数 下降）",
    },
    "landscape": {
        "label": "训练所得权重周围的损失，沿两个随机方向，画成地图和曲面",
        "below": "第一个方向，以滤波器长度为单位",
        "loss": "损失，每条等高线是前一条的两倍",
        "place": "{a:+g}，{b:+g}：损失 {loss}",
        "centre": "网络",
        "surface": "画成曲面：高度为损失的对数（底为 2），各网络同一刻度",
        "axis": "损失",
        "first": "第一个方向",
        "second": "第二个方向",
    },
    "sanity": {
        **_METHODS,
        "as trained": "训练所得",
        "stem": "初始卷积层",
        "label": "与训练所得归因图的秩相关系数随权重随机化的变化",
        "below": "已随机化的部分数，从分类器往下",
        "note": "与训练所得归因图的秩相关系数",
    },
    "localise": {
        **_METHODS,
        "label": "各方法的归因图指向物体的频率，以及落在物体上的比例",
        "pointing": "最高点落在物体上",
        "energy": "归因图落在物体上的比例",
        "area": "虚线：物体的面积",
    },
    "faithful": {
        **_METHODS,
        "label": "按归因图的顺序删除或插入像素时类别的概率",
        "deletion": "{network}：删除",
        "insertion": "{network}：插入",
        "below": "像素的比例，最重要的在先",
    },
}
DATA_NAMES = {"cifar10": "CIFAR-10", "shapes": "图形"}
LOOK_FOR = "看什么"
SOURCE = "出处"
BUNDLED = "事先测得的结果"
HERE = "在这里运行"
PICTURES = "测试图片数"
RUN = "运行"
STOP = "停止"
DOWNLOAD = "下载 CIFAR-10（170 MB）"
STOPPING = "正在停止……"
STOPPED = "已停止，没有保留任何结果。"
DONE = "完成。"
NOT_YET = "还没有事先测得的结果。请在这里运行。"
NEEDS_MASKS = (
    "这个实验需要已知物体位置的图片，以及认得它们的网络："
    "请在“训练”页面选择图形数据，训练一个网络，打开它的内部，再回到这里。"
)
READING_DATA = "正在读取图片……"


def pair(names: list[str]) -> str:
    """比较的各网络。"""
    return " 和 ".join(names)


def provenance(result: dict[str, Any], source: str) -> str:
    """结果的依据，用小字写出。"""
    told = result["provenance"]
    if result["experiment"] == "shattering":
        asked = "刚初始化的网络，不用图片"
    elif result["data"] == "picture":
        asked = "你的图片，以网络自己的答案作为标签"
    else:
        name = DATA_NAMES.get(result["data"], result["data"])
        asked = f"{told['pictures']:,} 张测试图片（{name}）"
    if "taught" in told:
        names, epochs = told["taught"].removesuffix(" epochs").split(": ")  # as the shell writes it
        asked += f"，{'、'.join(map(network_title, names.split(', ')))} 先在其上训练 {epochs} 轮"
    return f"{asked}，随机种子 {told['seed']}。{SOURCE}：{source}。"


def data_used(data: str, networks: list[str], title: str, masks: bool) -> str:
    """运行时用什么数据。"""
    on = pair(networks)
    if data == "cifar10":
        return f"用 {on}，以及这台计算机上的 CIFAR-10 测试图片。"
    if data == "own":
        return f"用 {on}，以及与它的训练集配套的测试图片。"
    if data == "fresh":
        return "用几种深度的、刚初始化的网络，有和没有捷径；不看任何图片。"
    if data == "picture":
        return f"用 {on} 和你的图片，以 {title} 的答案代替标签。"
    if masks:
        return NEEDS_MASKS
    return "这个实验需要带标签的图片，而这台计算机上没有 CIFAR-10。"


def no_data(title: str, masks: bool) -> str:
    """为什么不能运行；`masks`：必须知道物体在哪里。"""
    if masks:
        return NEEDS_MASKS
    return f"这个实验要数错误，因此需要 {title} 认得的带标签的图片，而这里没有。"


def downloading(arrived: int, size: int) -> str:
    return f"正在下载 CIFAR-10：{arrived / 1e6:.0f} / {size / 1e6:.0f} MB……"


def running(done: float, seconds: float) -> str:
    return f"已完成 {percent(done)}，用时 {seconds:.0f} 秒"


def too_long(seconds: float) -> str:
    return f"超过了每位访客可用的 {seconds:.0f} 秒，请减少图片数。"


# 结果


def reading(name: str, reports: Reports) -> str:
    """读出实验图的句子。"""
    return _READINGS[name](reports) if name in _READINGS else ""


def lesion(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        block, most = extreme(side["added"], largest=True)
        _, least = extreme(side["added"], largest=False)
        told.append(
            f"{side.title} 删去一块后，错误率增加的中位数为 {points(side['median_added'])} 个百分点，"
            f"最少 {points(least)}，最多 {points(most)}（块 {block}）。"
        )
    if residual and plain:
        verdicts = {
            "vital": "残差网络几乎不在乎少一块；对普通网络来说，每一块都不可缺少。",
            "more": "普通网络受损更重，但差距不如 Veit 等人的结果大。",
            "no more": "这里普通网络并没有受损更重，与 Veit 等人的结果不同。",
        }
        told.append(verdicts[findings.missed(residual["median_added"], plain["median_added"])])
    return "".join(told)


def lesions(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        one, rank = after_deleting(side, 1), side["spearman"]
        if one is None:
            continue
        grows = "错误率始终不变" if rank is None else f"错误率与删去块数的秩相关系数为 {rank:.2f}"
        told.append(f"{side.title}：原本错误率 {percent(side['error'])}，少一块时 {percent(one)}（{grows}）。")
    if residual and plain and residual["spearman"] is not None:
        verdicts = {
            "plain lost": "残差网络一步一步变差；普通网络只要少一块就完全失效。",
            "gradual": "残差网络一步一步变差，而普通网络并没有快得多。",
            "not smooth": "这里残差网络的错误率并不平稳上升，与 Veit 等人的结果不同。",
        }
        told.append(
            verdicts[findings.many_missed(residual["spearman"], after_deleting(residual, 1), after_deleting(plain, 1))]
        )
    return "".join(told)


def dial(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        words = f"α {_settings(side['alpha'])}时，{side.title} 的错误率变化不超过 5 个百分点"
        if side == residual:
            words += f"；λ 则须{_settings(side['lambda'])}才行"
        told.append(f"{words}。")
    if plain:
        told.append(f"λ 对 {plain.title} 不起作用：它没有捷径。")
    exact = all(side["exact_at_one"] for side in both(reports))
    told.append(f"取 1 时，答案与原网络{'逐位相同' if exact else '并非逐位相同'}。")
    return "".join(told)


def _settings(errors: Mapping[str, float]) -> str:
    low, high = bearable(errors)
    return f"在 {low:g} 到 {high:g} 之间" if low < high else "取 1 "


def lens(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        since = knows_since(side["error"])
        where = f"从{_after(since)}起答对一半以上" if since else "始终答不对一半"
        told.append(f"{side.title} {where}；对正确类别贡献最大的是{_after(extreme(side['contribution'], True)[0])}。")
    if residual and plain:
        verdicts = {
            "earlier": "有捷径时，答案更早就能读出：每一块都在已有的基础上添加。",
            "at the end": "两个网络都要到最后才能读出答案。",
            "no earlier": "这里有捷径并不能更早读出答案。",
        }
        told.append(verdicts[findings.readable(place_of(residual), place_of(plain), len(residual["error"]) - 1)])
    return "".join(told)


def _after(place: str | None) -> str:
    return "初始卷积层" if place == "stem" else f"块 {place} "


def paths(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    if residual:
        n, (low, high) = len(residual["counts"]) - 1, residual["nine_tenths"]
        mean, error = residual["mean_length"], residual["mean_length_error"]
        told.append(
            f"{residual.title} 有 {sum(residual['counts']):,} 条路径，多数在 {n} 块中穿过约 {n / 2:g} 块的 F。"
            f"十分之九的梯度来自穿过 {low} 到 {high} 块的路径，平均 {mean:.1f} ± {error:.1f} 块"
            f"（每种长度取 {residual['samples']} 条路径估计）。"
        )
        verdicts = {
            "clearly": "可见梯度主要沿较短的路径传播，与 Veit 等人的结果一致。",
            "little": "这比随机选取的路径略短；Veit 等人得到的差别更大。",
            "no": "这些并不是短路径，与 Veit 等人的结果不同。",
        }
        told.append(verdicts[findings.shorter_paths(mean, n)])
    if plain:
        told.append(f"{plain.title} 只有一条路径，穿过全部 {len(plain['counts']) - 1} 块。")
    return "".join(told)


def gradients(reports: Reports) -> str:
    told = []
    for case, words in enumerate(("没有批归一化、用 PyTorch 较小的初始值时", "有批归一化时")):
        shrinks = [f"{side.title} {_times(fresh_gradients(side)[case])}" for side in both(reports)]
        told.append(f"{words}，第一块的梯度与最后一块之比：{'，'.join(shrinks)}。")
    _, plain = sides(reports)
    if plain:
        small, large = fresh_gradients(plain), fresh_gradients(plain, "He")
        found = findings.vanishing_when_fresh(*small)
        verdicts = {
            "without batch norm": "可见权重初始值较小的普通网络，没有批归一化时梯度消失，有批归一化时则不会。",
            "with batch norm": "这里即使有批归一化，梯度也会消失。",
            "no": "这里梯度根本没有消失。",
        }
        told.append(verdicts[found])
        if found == "without batch norm" and large[0] and findings.vanishing_when_fresh(*large) == "no":
            told.append(f"用何恺明等人较大的初始值时，即使没有批归一化也不消失（{_times(large[0])}）。")
        growth = {
            "explodes": f"有批归一化时，梯度在 {plain.title} 的反向传播中爆炸：这并不是何恺明等人所说的健康范数。",
            "grows": "有批归一化时，梯度在反向传播中反而增大。",
        }
        grows = findings.growing_when_fresh(small[1])
        if grows in growth:
            told.append(growth[grows])
    return "".join(told)


def _times(ratio: float | None) -> str:
    if not ratio:
        return "小得无法用 32 位表示" if ratio == 0 else "无法测得"
    return magnitude(ratio)


def responses(reports: Reports) -> str:
    means = "，".join(f"{side.title} {side['mean']:.2f}" for side in everyone(reports))
    told = [f"每层标准差的平均值：{means}。"]
    residual, plain = sides(reports)
    if residual and plain:
        verdicts = {
            "less": "可见残差网络的各层响应较小：它们只需改变通过的内容。",
            "less in the mean": "可见残差网络的平均响应较小，但并没有明显多数的层如此；何恺明等人得到的差别更明显。",
            "alike": "这里两者几乎没有差别；何恺明等人的残差网络明显更小。",
            "more": "这里残差网络的响应反而更大，与何恺明等人的结果不同。",
        }
        fewer, layers = responding_less(residual, plain)
        told.append(f"{layers} 层中有 {fewer} 层，{residual.title} 的响应小于 {plain.title}。")
        told.append(verdicts[findings.responds(residual["mean"], plain["mean"], fewer / layers)])
    less = deeper_responds_less(reports)
    if less is not None:
        told.append(
            "较深的残差网络比浅的响应更小。" if less else "较深的残差网络并不比浅的响应更小，与何恺明等人的结果不同。"
        )
    return "".join(told)


def refinement(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        cosines = side["cosine"]
        if not cosines:
            told.append(f"{side.title}：每一块都改变形状，无从比较。")
            continue
        block, most = extreme(cosines, largest=True)
        down = sum(value > 0 for value in cosines.values())
        told.append(
            f"{side.title} 的 {len(cosines)} 块中有 {down} 块指向下坡，余弦平均 {signed(side['mean'])}"
            f"（中位数 {signed(side['median'])}）；"
            f"最大的是块 {block}（{signed(most)}）。"
        )
    if residual and plain and residual["mean"] is not None and plain["mean"] is not None:
        verdicts = {
            "most": "可见残差块在逐步修正通过的内容。",
            "few": "可见平均而言残差块在逐步修正通过的内容；但这只是少数几块的作用，一般的块并不比普通块更明显地下坡。",
            "no": "这里残差网络并不比普通网络更明显地下坡。",
        }
        means, medians = ([side[what] for side in (residual, plain)] for what in ("mean", "median"))
        told.append(verdicts[findings.refines(*means, *medians)])
    return "".join(told)


def shattering(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        (shallow, first), *_, (deep, last) = side["agreement"].items()
        kind = "有捷径时" if side == residual else "没有时"
        told.append(f"{kind}，余弦从 {shallow} 层的 {first:.2f} 变为 {deep} 层的 {last:.2f}。")
    if residual and plain:
        (_, r), (_, p) = list(residual["agreement"].items())[-1], list(plain["agreement"].items())[-1]
        told.append(
            "没有捷径，相邻输入的梯度几乎毫无共同之处：梯度破碎了。"
            if findings.shattered(r, p)
            else "差别比 Balduzzi 等人的结果小。"
        )
    return "".join(told)


def landscape(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = [
        f"{side.title} 的损失最小为 {magnitude(side['minimum'])}，最高为 {magnitude(side['maximum'])}；"
        f"图中低于 {side['guessing']:.2f}（随机猜测的损失）的部分占 {percent(side['share_below_guessing'])}。"
        for side in both(reports)
    ]
    if residual and plain:
        shares = [side["share_below_guessing"] for side in (residual, plain)]
        verdicts = {
            "alike": "以此衡量，两者几乎没有差别。",
            "farther": "有捷径时，低地延伸得更远。",
            "no farther": "这里有捷径时低地并没有延伸得更远，与 Li 等人的结果不同。",
        }
        told.append(verdicts[findings.low_ground(*shares)])
    return "".join(told)


def sanity(reports: Reports) -> str:
    told = []
    for side in both(reports):
        left = "，".join(
            f"{_method(method)}{value:.2f} 和 {side['left'][method]:.2f}"
            for method, value in side["left_below"].items()
        )
        told.append(f"{side.title} 最后一个阶段的权重随机后、全部权重随机后，剩下的相关系数分别为：{left}。")
    methods = keeping(reports)
    told.append(
        f"最后一个阶段随机后，{'、'.join(map(_method, methods))}还剩一半以上：网络在那里学到了什么，几乎看不出来。"
        if methods
        else "最后一个阶段随机后，没有一种图剩下一半以上：它们都取决于网络在那里学到的内容。"
    )
    return "".join(told)


def localise(reports: Reports) -> str:
    told = []
    for side in both(reports):
        found = pointing(side)
        told.append(
            f"{side.title} 答对的图片占 {percent(side['accuracy'])}。物体占图片的 {percent(side['area'])}；"
            f"最高点最常落在物体上的是{_method(found.best)}（{percent(found.score)}）。"
        )
        told.append(
            f"{found.maps} 种图中，指向物体的次数确实多于仅凭面积所能达到的有 {found.than_area} 种，"
            f"确实多于图片正中央（{percent(found.middle)}）的有 {found.than_middle} 种。"
        )
    return "".join(told)


def faithful(reports: Reports) -> str:
    told = []
    for side in both(reports):
        for kind, words in (("deletion", "删除时下降最快的是"), ("insertion", "插入时上升最快的是")):
            name, area, chance = best_area(side, kind)
            told.append(f"{side.title}：各种图中{words}{_method(name)}（面积 {area:.2f}；随机图 {chance:.2f}）。")
        good = better_than_random(side)
        told.append(
            f"两项都确实胜过随机的有：{'、'.join(map(_method, good))}。"
            if good
            else "没有一种图在两项上都确实胜过随机。"
        )
    if any(best_area(side, "deletion")[1] > best_area(side, "deletion")[2] for side in both(reports)):
        told.append("随机删除快，并不说明随机图有解释力：灰色像素散布在小图片上，使它不像网络见过的任何图片。")
    return "".join(told)


def _method(name: str) -> str:
    return f"“{_METHODS.get(name, name)}”"


_READINGS: dict[str, Callable[[Reports], str]] = {
    "lesion": lesion,
    "lesions": lesions,
    "dial": dial,
    "lens": lens,
    "paths": paths,
    "gradients": gradients,
    "responses": responses,
    "refinement": refinement,
    "shattering": shattering,
    "landscape": landscape,
    "sanity": sanity,
    "localise": localise,
    "faithful": faithful,
}
