"""What the library says where something cannot be used, by its English templates; see `templates`."""

from __future__ import annotations

import re

from ..templates import Templates

_SENTENCES = {
    # Pictures
    "There is no file {}.": "没有文件 {0}。",
    "{} is not a picture that can be read here; use JPEG, PNG, WebP, GIF or BMP.": (
        "{0} 不是这里能读取的图片；请使用 JPEG、PNG、WebP、GIF 或 BMP。"
    ),
    "{} is too large; at most {} megapixels are read.": "{0} 太大；最多读取 {1} 百万像素。",
    "{} is damaged: the picture in it cannot be decoded.": "{0} 已损坏：其中的图片无法解码。",
    "The picture has {} x {} pixels; at most {} megapixels are read.": (
        "这张图片有 {0} × {1} 像素；最多读取 {2} 百万像素。"
    ),
    "The picture has {} x {} pixels; each side needs at least {}.": (
        "这张图片有 {0} × {1} 像素；每边至少需要 {2} 像素。"
    ),
    "The picture has {} x {} pixels; its long side may be at most {} times its short one.": (
        "这张图片有 {0} × {1} 像素；长边最多可为短边的 {2} 倍。"
    ),
    "There is no picture in the request.": "请求中没有图片。",
    "The picture's base64 text is damaged.": "图片的 base64 文本已损坏。",
    "There is no class {}; there are {}, or 0 to {}.": "没有类别 {0}；可选的有：{1}，或 0 到 {2}。",
    # Networks and their weights
    "There is no network {}; there are resnet and plain of depth 8, 14, 20, … 6n+2, resnet18-cifar, plain18-cifar, "
    "resnet18, 34, 50, 101, 152 and plain18, 34.": (
        "没有网络 {0}；可选的有：深度为 8、14、20、…、6n+2 的 resnet 和 plain，resnet18-cifar，plain18-cifar，"
        "resnet18、34、50、101、152，以及 plain18、34。"
    ),
    "The bundled weights of {} were trained from seed {}, not from {}.": (
        "随附的 {0} 权重由种子 {1} 训练得到，没有种子 {2} 的。"
    ),
    "No trained weights come with {} (they do with {}); train it, or load a checkpoint file.": (
        "{0} 没有随附的已训练权重（有的是 {1}）；请训练它，或载入检查点文件。"
    ),
    "The ImageNet weights of {} are not on this computer and could not be downloaded ({}); connect to the internet, "
    "upload a checkpoint, or choose random weights.": (
        "{0} 的 ImageNet 权重不在这台电脑上，也无法下载（{1}）；请连接互联网、上传检查点，或选择随机权重。"
    ),
    "Weights are {} or {}, or come from a file; not {}.": "权重是 {0} 或 {1}，或来自文件，而不是 {2}。",
    "{} names {} classes for a network of {}.": "{0} 列出了 {1} 个类别，而网络有 {2} 个。",
    "{} is not a checkpoint; files ending in {} are read.": "{0} 不是检查点；能读取的文件以 {1} 结尾。",
    "{} is larger than the {} MB that are read.": "{0} 超过了可读取的 {1} MB。",
    "{} declares tensors larger than the file.": "{0} 声明的张量比文件本身还大。",
    "{} unpacks to more than {} MB.": "{0} 解压后超过 {1} MB。",
    "{} is not a safetensors file, or is damaged.": "{0} 不是 safetensors 文件，或已损坏。",
    "{} is not a PyTorch checkpoint, or is damaged.": "{0} 不是 PyTorch 检查点，或已损坏。",
    "{} holds more than tensors (Python objects, which could run code); save its state_dict.": (
        "{0} 除张量外还含有 Python 对象（可能会运行代码）；请只保存 state_dict。"
    ),
    "{} holds no state_dict, that is, no tensors by name.": "{0} 中没有 state_dict，即没有按名称存放的张量。",
    "{} holds {}, which is not a named tensor; save the state_dict alone.": (
        "{0} 含有 {1}，它不是具名张量；请只保存 state_dict。"
    ),
    "{}: the tensor {} does not hold plain real numbers.": "{0}：张量 {1} 存放的不是普通实数。",
    "{} lacks the tensor {}.": "{0} 缺少张量 {1}。",
    "{} has, beyond what the network knows, the tensor {}.": "{0} 含有网络所没有的张量 {1}。",
    "{} and {} more": "{0}（另有 {1} 个）",
    "{} describes a network of more than {} MB.": "{0} 描述的网络超过 {1} MB。",
    "{}: the tensor {} has the shape {}, where the network has {}.": ("{0}：张量 {1} 的形状是 {2}，而网络中的是 {3}。"),
    "{}: the tensor {} holds values that are not finite (NaN or infinity).": (
        "{0}：张量 {1} 含有非有限的数值（NaN 或无穷大）。"
    ),
    "{}: the tensor {} holds a negative variance.": "{0}：张量 {1} 含有负的方差。",
    "The checkpoint holds the tensor {} twice, the second time as {}.": (
        "检查点中张量 {0} 出现了两次，第二次名为 {1}。"
    ),
    "This is no ResNet that is known here: it lacks a first convolution or a last linear layer.": (
        "这不是这里认识的 ResNet：它缺少第一个卷积层或最后的线性层。"
    ),
    "This is no ResNet that is known here: it has no blocks layer1.0, layer1.1 and so on.": (
        "这不是这里认识的 ResNet：它没有 layer1.0、layer1.1 等块。"
    ),
    "This is no ResNet that is known here: its convolutions have impossible shapes.": (
        "这不是这里认识的 ResNet：它的卷积层形状不可能存在。"
    ),
    "This is no ResNet that is known here: it has too many blocks, or no classes.": (
        "这不是这里认识的 ResNet：它的块太多，或者没有类别。"
    ),
    "The checkpoint's config cannot be used. {}": "检查点的 config 无法使用。{0}",
    "Blocks, widths and classes are whole numbers.": "块数、宽度和类别数都是整数。",
    "Every stage needs a number of blocks and a width, not {} and {}.": (
        "每个阶段都需要块数和宽度，而不是 {0} 和 {1}。"
    ),
    "Blocks, widths and classes are counted from one.": "块数、宽度和类别数都从一起算。",
    "There is no block {} or no stem {}.": "没有块 {0}，或没有初始卷积层 {1}。",
    "A shortcut is of kind 'A' (zero padding) or 'B' (projection), not {}.": (
        "捷径的类型是 'A'（补零）或 'B'（投影），而不是 {0}。"
    ),
    "Plain twins exist for networks of basic blocks only, as in the paper.": (
        "与论文一样，只有由基本块组成的网络才有对应的普通网络。"
    ),
    "The CIFAR family has depths 6n+2 (8, 14, 20, 26, 32, …); {} is not one of them.": (
        "CIFAR 系列的深度是 6n+2（8、14、20、26、32、…）；{0} 不在其中。"
    ),
    "The checkpoint's config cannot be used; it does not have the fields of ours.": (
        "检查点的 config 无法使用；它没有我们所用的字段。"
    ),
    "The checkpoint's config describes a network larger than any known here.": (
        "检查点的 config 描述的网络比这里认识的任何网络都大。"
    ),
    "The checkpoint's description of its pictures cannot be used.": "检查点中对图片的描述无法使用。",
    "The checkpoint's description of its pictures has an impossible normalisation.": (
        "检查点中对图片的描述含有不可能的归一化。"
    ),
    "The checkpoint's account of its training cannot be used.": "检查点中的训练记录无法使用。",
    "The checkpoint's metadata is not valid JSON.": "检查点的元数据不是有效的 JSON。",
    "{} cannot be written: {}.": "无法写入 {0}：{1}。",
    "The network tells {} classes apart, {} has {}.": "网络区分 {0} 个类别，而 {1} 有 {2} 个。",
    "The network's answer to this picture is not a finite number; its weights are of no use.": (
        "网络对这张图片的输出不是有限的数；它的权重没有用处。"
    ),
    # Data sets
    "There is no data set {}; there are {}, or a folder or zip of class folders.": (
        "没有数据集 {0}；可选的有：{1}，或一个由类别文件夹组成的文件夹或 zip。"
    ),
    "{} is not in {} and could not be downloaded ({}); connect to the internet, or say with --data-dir where it "
    "lies.": ("{0} 不在 {1} 中，也无法下载（{2}）；请连接互联网，或用 --data-dir 指明它的位置。"),
    "{} is not in {}.": "{0} 不在 {1} 中。",
    "CIFAR-10 is not on this computer; start the app with --data-dir where it lies.": (
        "CIFAR-10 不在这台电脑上；启动应用时请用 --data-dir 指明它的位置。"
    ),
    "The file {}": "文件 {0}",
    "The folder {}": "文件夹 {0}",
    "The upload": "上传的文件",
    "{} is not a zip; a data set is a folder or a zip of class folders.": (
        "{0} 不是 zip；数据集是由类别文件夹组成的文件夹或 zip。"
    ),
    "{} is damaged: its list of files cannot be read.": "{0} 已损坏：无法读取其中的文件列表。",
    "{} holds more than {} files.": "{0} 含有超过 {1} 个文件。",
    "{} is locked with a password; pack the pictures without one.": "{0} 有密码保护；请不加密码打包图片。",
    "{} is packed with a method that is not read here; pack it as an ordinary zip.": (
        "{0} 使用了这里无法读取的压缩方法；请打包成普通的 zip。"
    ),
    "{} holds a file of more than {} MB.": "{0} 含有超过 {1} MB 的文件。",
    "{} unpacks to more than {} GB.": "{0} 解压后超过 {1} GB。",
    "{} holds {} pictures; at most {} are read.": "{0} 含有 {1} 张图片；最多读取 {2} 张。",
    "{} holds a folder whose name is longer than {} characters.": "{0} 含有名称超过 {1} 个字符的文件夹。",
    "{} has a folder of the class {} for {}.": "{0} 中类别 {1} 的文件夹 {2}。",
    "training, but not for testing": "只用于训练，没有用于测试的",
    "testing, but not for training": "只用于测试，没有用于训练的",
    "{} must hold a folder of pictures for each of at least two classes; it holds {}.": (
        "{0} 必须至少含有两个类别的图片文件夹；其中 {1}。"
    ),
    "only one, {}": "只有一个：{0}",
    "no such folder": "一个也没有",
    "{} has too few pictures ({}) of the class {}: {}.": "{0} 中类别 {2} 的图片（{1}）太少：{3}。",
    "JPEG, PNG, WebP, GIF or BMP": "JPEG、PNG、WebP、GIF 或 BMP",
    "none to train with": "没有可以用来训练的",
    "none to test with": "没有可以用来测试的",
    "{} has no picture of the class {} that can be read.": "{0} 中没有类别 {1} 的可读图片。",
    "{} holds more than {} gigapixels; make its pictures smaller.": "{0} 含有超过 {1} 十亿像素；请缩小图片。",
    "{} holds more than {} pictures that cannot be read.": "{0} 含有超过 {1} 张无法读取的图片。",
    "One picture could not be read and was left out: {}.": "有一张图片无法读取，已略去：{0}。",
    "{} pictures could not be read and were left out; the first is {}.": (
        "有 {0} 张图片无法读取，已略去；第一张是 {1}。"
    ),
    "The pictures come as a zip file with one folder of pictures per class.": (
        "图片应是一个 zip 文件，其中每个类别一个图片文件夹。"
    ),
    "There are no pictures of yours yet: upload a zip with one folder of pictures per class.": (
        "还没有你自己的图片：请上传一个 zip，其中每个类别一个图片文件夹。"
    ),
    "Here one can train on at most {} pictures of {} classes, and these are {} of {}; use the library for more.": (
        "这里最多可以用 {1} 个类别的 {0} 张图片训练，而这些是 {3} 个类别的 {2} 张；更多请用程序库。"
    ),
    # Training
    "There is no recipe {}; there are {}.": "没有训练方案 {0}；可选的有：{1}。",
    "A recipe has numbers from 0 up, whole ones for batch, share and shift, and one of the schedules {}.": (
        "训练方案中的数都从 0 起，batch、每份的图片数和平移量是整数，学习率曲线是其中之一：{0}。"
    ),
    "A training needs a budget: either seconds or epochs.": "训练需要预算：秒数或 epoch 数。",
    "A training needs a budget: either a number of epochs or of minutes.": "训练需要预算：epoch 数或分钟数。",
    "A training needs a budget: either --epochs or --minutes.": "训练需要预算：--epochs 或 --minutes。",
    "The budget of a training must be more than nothing.": "训练的预算必须大于零。",
    "At depth {} a batch can have at most {} pictures here.": "深度为 {0} 时，这里的 batch 最多可有 {1} 张图片。",
    "Training needs two pictures at least.": "训练至少需要两张图片。",
    "Batches of {} cannot be divided evenly among {} processes.": "{0} 张图片的 batch 无法由 {1} 个进程平分。",
    "Batches of {} have {} shares, which cannot be divided evenly among {} processes.": (
        "{0} 张图片的 batch 分为 {1} 份，无法由 {2} 个进程平分。"
    ),
    "The seed must be a whole number from 0 to {}, not {}.": "种子必须是 0 到 {0} 的整数，而不是 {1}。",
    "A schedule tells how many steps were taken in each of the {} parts of a training.": (
        "训练记录说明训练的 {0} 个部分中每一部分走了多少步。"
    ),
    "{} is of a training that was stopped after {} steps of its {} epochs; by epochs, only a whole training can be "
    "repeated.": "{0} 来自一次在第 {1} 步被停止的训练（计划 {2} 个 epoch）；按 epoch 的训练只能整个重复。",
    "Nothing can be compiled here ({}): install a C++ compiler, or train without compiling.": (
        "这里无法编译（{0}）：请安装 C++ 编译器，或不经编译直接训练。"
    ),
    "The training diverged: its loss grew beyond all measure; a lower learning rate or another seed may do.": (
        "训练发散了：损失无限增大；较小的学习率或另一个种子也许可行。"
    ),
    # Looking inside, and experiments
    "There is no block {}; there are {} to {}.": "没有块 {0}；可选的有 {1} 到 {2}。",
    "There is no block {}; there are {}.": "没有块 {0}；可选的有：{1}。",
    "There is no method {}; there are {}.": "没有方法 {0}；可选的有：{1}。",
    "Grad-CAM is taken at {}, not at {}.": "Grad-CAM 取自 {0}，而不是 {1}。",
    "The evidence is shown {} or {}, not {}.": "证据可以显示为 {0} 或 {1}，而不是 {2}。",
    "What is looked into is one picture, a tensor of shape [1, 3, H, W], not {}.": (
        "要查看的是一张图片，即形状为 [1, 3, H, W] 的张量，而不是 {0}。"
    ),
    "The picture's values must be finite real numbers.": "图片的数值必须是有限的实数。",
    "The target must be a class from 0 to {}, not {}.": "目标必须是 0 到 {0} 的类别，而不是 {1}。",
    "The number of classes to show must be a whole number from 1, not {}.": (
        "要显示的类别数必须是从 1 起的整数，而不是 {0}。"
    ),
    "There is no experiment {}; there are {}.": "没有实验 {0}；可选的有：{1}。",
    "There is no result of {} to show.": "没有 {0} 的结果可以显示。",
    "An experiment needs one picture at least.": "实验至少需要一张图片。",
    "The data set {} does not tell where its objects are; shapes does.": (
        "数据集 {0} 没有标出物体的位置；shapes 标出了。"
    ),
    "The network tells {}, {}, … apart, which are not in {}; take one that was trained on it.": (
        "网络区分 {0}、{1} 等类别，{2} 中没有这些；请选用在它上面训练的网络。"
    ),
    "A dial goes from 0 up, not to {}.": "旋钮从 0 往上，不能是 {0}。",
    "The square needs an odd number of steps, 3 at least, not {}.": "方形区域需要奇数个步长，至少 3 个，而不是 {0}。",
    "Every block of this network changes the shape of what passes: none can be taken away.": (
        "这个网络的每个块都改变所经数据的形状：一个也不能去掉。"
    ),
    "There must be one draw at least.": "至少需要抽取一次。",
    "There must be one sample at least.": "至少需要一个样本。",
    "No path carries any gradient.": "没有任何路径传递梯度。",
    # The page
    "A page shows networks in which one picture takes at most {} MB, in this one it takes {} MB; use the library for "
    "larger ones.": ("页面只显示单张图片最多占用 {0} MB 的网络，而在这个网络中它占用 {1} MB；更大的请用程序库。"),
    "{} must be a number from {} to {}, not {}.": "{0} 必须是 {1} 到 {2} 的数，而不是 {3}。",
    "{} must be a whole number from {} to {}, not {}.": "{0} 必须是 {1} 到 {2} 的整数，而不是 {3}。",
    "{} is one of {}, not {}.": "{0} 是以下之一：{1}，而不是 {2}。",
    "A language is one of {}, not {}.": "语言是以下之一：{0}，而不是 {1}。",
    "The control {} is one of {}, not {}.": "控件 {0} 是以下之一：{1}，而不是 {2}。",
    "The control {}": "控件 {0}",
    "The dial of F(x)": "F(x) 的旋钮",
    "The dial of the shortcuts": "捷径的旋钮",
    "The depth": "深度",
    "The kind of network": "网络的种类",
    "The data set": "数据集",
    "The recipe": "训练方案",
    "The budget in seconds": "以秒计的预算",
    "The number of epochs": "epoch 数",
    "The batch": "batch 的大小",
    "The learning rate": "学习率",
    "The seed": "种子",
    "The number of pictures": "图片的数量",
    "The class": "类别",
    "The channel": "通道",
    "The step": "步骤",
    "There is nothing to click in this step's drawing; use its controls.": (
        "这一步的图中没有可以点击的东西；请使用控件。"
    ),
    "A place is a row and a column, as 3,5, not {}.": "位置由行和列组成，例如 3,5，而不是 {0}。",
    "This visit has ended: its page lost the connection, or others needed the room; reload the page to begin anew.": (
        "本次访问已结束：页面断开了连接，或位置已让给他人；请重新载入页面。"
    ),
}


def said(sentence: str) -> str:
    """A sentence of the library in this language."""
    # Names are set off from Chinese by a space; of Chinese that is filled in, none is.
    return re.sub("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", _TEMPLATES.said(sentence))


_TEMPLATES = Templates(_SENTENCES)
