"""What to see while networks learn, and afterwards: captions made from the numbers, whatever these say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from ....figures import network_title
from ....figures.runs import field, is_plain, points
from .. import findings
from ..findings import block_title
from .reading import percent, tenths

if TYPE_CHECKING:
    from ....figures.runs import AnyRecord, Runs

# The race


def race(histories: Runs, classes: int = 10, over: bool = False) -> str:
    """Who is ahead: at the last tests that lie no further than all of them have come, or at the end of all."""
    tests = {name: points(run, "test_accuracy") for name, run in histories.items()}
    tests = {name: places for name, places in tests.items() if places}
    if not tests:
        return _before_the_first_test(histories)
    rest = [network_title(name) for name in histories if name not in tests]
    return _compare(tests, classes, findings.close(histories), over) + (f"{_and(rest)} 尚未测试。" if rest else "")


def _compare(tests: Mapping[str, list[tuple[float, float]]], classes: int, apart: float, over: bool) -> str:
    if len(tests) == 1:
        ((name, places),) = tests.items()
        return _one(name, *places[-1], classes)
    now = findings.standing(tests, over)
    if now is None:
        told = "，".join(f"{network_title(n)} {percent(p[-1][1])}（{p[-1][0]:,.0f} 张后）" for n, p in tests.items())
        return f"测试图片的正确率：{told}。它们看过的图片数不等，暂不下结论。"
    low, high = now.images[0], now.images[-1]
    if len(now.images) == 1:
        after = f"看过 {low:,.0f} 张图片后"
    elif over:
        after = f"经过相同的时间、看过 {low:,.0f} 到 {high:,.0f} 张图片后"
    else:
        after = f"看过大约 {low:,.0f} 张图片后"
    order = list(now.accuracies)
    if len(order) > 2:
        told = "，".join(f"{network_title(name)} {percent(now.accuracies[name])}" for name in order)
        return f"{after}，测试图片的正确率：{told}。"
    return _two(order[0], order[1], now.accuracies, after, classes, apart)


def _before_the_first_test(histories: Runs) -> str:
    trained = {name: points(run, "train_accuracy") for name, run in histories.items()}
    told = [f"{network_title(n)} {percent(p[-1][1])}（{p[-1][0]:,.0f} 张后）" for n, p in trained.items() if p]
    if not told:
        return "还没有学到任何东西：曲线从最初的图片开始。"
    return f"训练图片的正确率：{'，'.join(told)}。第一次测试尚未进行。"


def _one(name: str, images: float, accuracy: float, classes: int) -> str:
    said = f"看过 {images:,.0f} 张图片后，{network_title(name)} 的测试正确率为 {percent(accuracy)}"
    if findings.guesses(accuracy, classes):
        return f"{said}：不比在 {classes} 个类别中随机猜测（{percent(1 / classes)}）好。"
    return f"{said}；随机猜测为 {percent(1 / classes)}。"


def _two(first: str, second: str, now: Mapping[str, float], after: str, classes: int, apart: float) -> str:
    """A sentence on two networks, the better one first."""
    told = [f"{network_title(name)} 的测试正确率为 {percent(now[name])}" for name in (first, second)]
    said = f"{after}，{told[0]}，{told[1]}"
    equal = "到目前为止，捷径没有带来差别。" if findings.twins(first, second) else ""
    verdict = {
        "both guess": f"：两者都还在猜（随机猜测的正确率为 {percent(1 / classes)}）。",
        "too close": f"：差距太小，难分高下。{equal}",
        "unlike": "。两者的差别不只在捷径，因此这不是对捷径的比较。",
        "plain": "：此刻没有捷径的网络领先。",
        "residual, plain guesses": "：同样的层，只是没有捷径，还在猜。",
        "residual": "：同样的层，只是没有捷径，学得更慢。",
    }[findings.ahead(first, second, now, classes, apart)]
    return said + verdict


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{'、'.join(words[:-1])} 和 {words[-1]}"


# Gradients


def gradients(latest: Mapping[str, AnyRecord]) -> str:
    """How the gradient that reaches the first block compares with the last block's, and whether it vanishes."""
    said, ratios = [], {}
    for name, record in latest.items():
        norms: dict[str, float] = field(record, "gradients") or {}
        title = network_title(name)
        broken = [block for block, norm in norms.items() if not math.isfinite(norm)]
        if broken:
            said.append(f"{title} 中块 {block_title(broken[0])} 的梯度不是有限的数。")
        elif len(norms) > 1:
            values = list(norms.values())
            ratio, relation = findings.first_over_last(values), ""
            if ratio is not None:
                ratios[name], relation = ratio, f"，{_relation(ratio)}"
            said.append(f"{title} 的梯度范数在第一块为 {values[0]:.2g}，在最后一块为 {values[-1]:.2g}{relation}。")
    if not said:
        return "尚未测量梯度。"
    return "".join([*said, *_verdict(ratios)])


def _relation(ratio: float) -> str:
    which = findings.compared(ratio)
    if which == "first":
        return f"前者是后者的 {findings.times(ratio)} 倍"
    if which == "last":
        return f"后者是前者的 {findings.times(1 / ratio)} 倍"
    return "大致相同" if which == "about the same" else "第一块什么也得不到"


def _verdict(ratios: Mapping[str, float]) -> list[str]:
    """What follows for the popular claim."""
    if not ratios:
        return []
    vanish = [network_title(name) for name in findings.vanishing_in_weights(ratios)]
    if vanish:
        return [f"在 {_and(vanish)} 中，梯度在反向传播途中缩小。"]
    plain = [network_title(name) for name in ratios if is_plain(name)]
    if plain:
        return [
            f"可见 {_and(plain)} 虽然没有捷径，梯度却没有消失：批归一化维持了它，正如 He 等人所述（第 4.1 节）。"
            "拖慢深层普通网络的另有原因。"
        ]
    return ["在传回输入的途中，梯度没有消失。"]


# The confusion matrix


def confusion(matrix: Tensor, labels: Sequence[str]) -> str:
    """The most frequent mistake, the best and the worst class."""
    found = findings.confusion(matrix)
    if found is None:
        return "尚未测试。"
    if found.only is not None:
        return f"网络对每张图片都回答“{labels[found.only]}”：它还什么都没学会。"
    if not found.count:
        return f"{found.total:,} 张图片全部正确：没有错误可看。"
    pictures, best, worst = found.pictures[found.true], found.best, found.worst
    said = (
        f"最常见的错误是把“{labels[found.true]}”认成“{labels[found.taken]}”：{pictures:,} 张中有 {found.count:,} 张"
        f"（{percent(found.count / pictures)}），反过来有 {found.back:,} 张。"
    )
    if found.shares[best] == found.shares[worst]:
        return f"{said}所有类别认得同样好（{percent(found.shares[best])}）。"
    return (
        f"{said}认得最好的是“{labels[best]}”（正确率 {percent(found.shares[best])}），"
        f"最差的是“{labels[worst]}”（{percent(found.shares[worst])}）。"
    )


# Degradation


def degradation(histories: Runs, accuracies: Mapping[str, Sequence[float]] | None = None) -> str:
    """Whether depth helped or hurt the training error of plain and of residual networks.

    `accuracies` are those of all trainings of a network, of which `histories` has one.
    """
    finals = {name: last for name, run in histories.items() if (last := findings.final(run))}
    if not finals:
        return "尚无带测试的训练记录。"
    said = [_depths(*depths, finals) for depths in findings.by_depth(finals)]
    if said:
        return "".join([*said, _luck(findings.spreads(accuracies or {}))])
    return _twins(finals)


def _depths(shallow: str, deep: str, finals: Mapping[str, tuple[float, float, float]]) -> str:
    (a, _, a_seen), (b, _, b_seen) = finals[shallow], finals[deep]
    said = f"{_errors(deep, finals)}，{_errors(shallow, finals)}"
    if not findings.alike(a_seen, b_seen):
        return f"{said}，但两者训练用的图片数不等，无法比较。"
    compared, plain = findings.error_than(a, b), is_plain(deep)
    if compared == "same":
        return f"{said}：在训练图片上，深度在这里没有带来差别。"
    if compared == "more" and plain:
        return f"{said}：更深的普通网络连训练图片都拟合得更差，这是退化问题，而不是过拟合。"
    if compared == "more":
        return f"{said}：尽管有捷径，更深的网络在这里拟合得更差。"
    if plain:
        return f"{said}：更深的普通网络在这里拟合得更好，因此看不到退化。"
    return f"{said}：有了捷径，更深的网络拟合得更好。"


def _errors(name: str, finals: Mapping[str, tuple[float, float, float]]) -> str:
    train, test, _ = finals[name]
    return f"{network_title(name)} 最终的训练错误率为 {tenths(train)}，测试错误率为 {tenths(test)}"


def _luck(spreads: Mapping[str, findings.Spread]) -> str:
    """What other seeds alone did to the test errors."""
    if not spreads:
        return "每个网络只训练了一次。"
    told = [
        f"{network_title(name)} 的测试错误率在 {tenths(spread.least)} 到 {tenths(spread.most)} 之间"
        for name, spread in spreads.items()
    ]
    count = max(spread.trainings for spread in spreads.values())
    said = f"粗线为每个网络的一次训练。用 {count} 个种子训练时，{'，'.join(told)}"
    ahead = findings.always_better(spreads)
    if ahead is None:
        return f"{said}。"
    better, worse = map(network_title, ahead)
    return f"{said}：{better} 的每一次训练都好于 {worse} 的任何一次。"


def _twins(finals: Mapping[str, tuple[float, float, float]]) -> str:
    said = f"{'；'.join(_errors(name, finals) for name in finals)}。"
    twins = findings.pair(finals)
    if twins:
        (residual, _, residual_seen), (plain, _, plain_seen) = (finals[name] for name in twins)
        if findings.alike(residual_seen, plain_seen):
            said += {
                "same": "在这个深度，捷径对训练错误率没有影响。",
                "more": "同样的层，有捷径时对训练图片拟合得更好。",
                "less": "同样的层，没有捷径时对训练图片拟合得更好。",
            }[findings.error_than(residual, plain)]
    return f"{said}深度是否有害，还要有第二种深度才能判断。"
