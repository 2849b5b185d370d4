"""Names in zips that do not say their code page, on lists of words that people name classes by."""

from __future__ import annotations

from random import Random

import pytest
from babel import Locale

from resnet_demo.data.code_pages import CODECS, code_page
from resnet_demo.data.names import Printable

LISTS = {
    "gbk": [
        "猫 狗",
        "苹果 香蕉 橙子",
        "玫瑰 向日葵 郁金香 蒲公英 雏菊",
        "可回收垃圾 厨余垃圾 有害垃圾 其他垃圾",
        "训练集 测试集 猫 狗",
        "飞机 汽车 鸟 鹿 青蛙 马 船 卡车",
        "晴天 雨天 多云",
        "健康 锈病 白粉病",
        "男 女",
        "正常 肺炎",
        "建筑 森林 冰川 山 海 街道",
        "大象 蝴蝶 鸡 奶牛 松鼠 蜘蛛",
        "红灯 绿灯 黄灯",
        "训练 测试 验证",
        "我的照片 小猫 小狗",
        "好 坏",
        "合格 不合格",
        "锤子 剪刀 石头 布",
        "草莓 西瓜 葡萄",
        "自行车 摩托车 公交车",
        "老虎 狮子 熊猫",
        "眼镜 帽子 围巾",
        "米饭 面条 饺子 包子",
        "开心 难过 生气 惊讶",
        "垃圾分类 纸箱 塑料瓶 电池",
        "春 夏 秋 冬",
        "水稻 小麦 玉米",
        "裂缝 划痕 凹坑",
        "动物 植物",
        "鸡 鸭 鹅",
        "表格 功能",
    ],
    "big5": [
        "貓 狗",
        "蘋果 香蕉 橘子",
        "玫瑰 向日葵 鬱金香 蒲公英 雛菊",
        "可回收垃圾 廚餘 有害垃圾 其他",
        "訓練集 測試集 貓 狗",
        "飛機 汽車 鳥 鹿 青蛙 馬 船 卡車",
        "晴天 雨天 多雲",
        "健康 鏽病 白粉病",
        "男 女",
        "正常 肺炎",
        "建築 森林 冰川 山 海 街道",
        "大象 蝴蝶 雞 乳牛 松鼠 蜘蛛",
        "紅燈 綠燈 黃燈",
        "訓練 測試 驗證",
        "成功 失敗",
        "功能 許可 蓋子",
        "草莓 西瓜 葡萄",
        "腳踏車 機車 公車",
        "老虎 獅子 熊貓",
        "米飯 麵條 水餃 包子",
        "開心 難過 生氣 驚訝",
        "春 夏 秋 冬",
        "動物 植物",
        "眼鏡 帽子 圍巾",
        "雞 鴨 鵝",
        "裂縫 刮痕",
    ],
    "cp932": [
        "猫 犬",
        "りんご バナナ みかん",
        "バラ ひまわり チューリップ",
        "燃えるゴミ 燃えないゴミ 資源",
        "学習 テスト 猫 犬",
        "飛行機 自動車 鳥 鹿 カエル 馬 船 トラック",
        "晴れ 雨 曇り",
        "健康 病気",
        "男性 女性",
        "正常 肺炎",
        "建物 森 氷河 山 海 道",
        "ソース 表示",
        "象 蝶 鶏 牛 リス 蜘蛛",
        "赤 緑 黄色",
        "訓練 検証 テスト",
        "ねこ いぬ",
        "いちご スイカ ぶどう",
        "自転車 バイク バス",
        "虎 ライオン パンダ",
        "春 夏 秋 冬",
        "動物 植物",
        "眼鏡 帽子",
        "鳥 魚",
        "ラーメン うどん そば",
        "正常 異常",
        "表 裏",
        "ひび割れ 傷",
    ],
    "cp949": [
        "고양이 개",
        "사과 바나나 오렌지",
        "장미 해바라기 튤립 민들레",
        "플라스틱 유리 종이 캔",
        "훈련 테스트 고양이 강아지",
        "비행기 자동차 새 사슴 개구리 말 배 트럭",
        "맑음 비 흐림",
        "건강 질병",
        "남자 여자",
        "정상 폐렴",
        "건물 숲 빙하 산 바다 거리",
        "코끼리 나비 닭 소 다람쥐 거미",
        "빨강 초록 노랑",
        "학습 검증 시험",
        "딸기 수박 포도",
        "자전거 오토바이 버스",
        "호랑이 사자 판다",
        "봄 여름 가을 겨울",
        "동물 식물",
        "안경 모자",
        "닭 오리",
        "라면 김밥 떡볶이 비빔밥",
        "정상 불량",
        "기쁨 슬픔 분노",
    ],
    "cp437": [
        "Möwe Bär",
        "Äpfel Birnen Nüsse",
        "rosé café",
        "pájaro niño año",
        "Löwe Tiger Elefant",
        "français été forêt",
        "Vögel Hunde Katzen",
        "garçon fille",
        "señal ruido",
        "ängel fågel",
        "Bäume Blumen Gräser",
        "Hühner Gänse Kühe",
        "chien éléphant zèbre",
        "león águila",
        "perché là où",
        "grün gelb weiß",
        "öl",
        "hæl pære",
    ],
    "cp850": [
        "Möwe Bär",
        "São Paulo",
        "maçã pêra limão",
        "Ñandú Árbol",
        "coração não",
        "mão pé",
        "Águila León",
        "À côté Èze",
        "leão pássaro cão",
        "Øl Ål ø",
        "JOÃO JOSÉ",
        "fjørå bær",
        "avião navio caminhão",
        "cão gato pássaro",
        "Ærø Ørred",
        "Árvore flor",
        "limão maracujá",
        "Étoile Âne Île",
        "São João",
        "Übung Größe",
        "Niña Águila",
    ],
    "cp866": [
        "кошка собака",
        "яблоко груша",
        "обучение тест",
        "Кот Пёс",
        "хорошо плохо",
        "самолёт птица корабль",
        "медведь волк лиса",
        "машина грузовик",
        "яблоки груши сливы",
    ],
    "utf-8": [
        "猫 狗",
        "Möwe Bär",
        "кот пёс",
        "고양이 개",
    ],
}


@pytest.mark.parametrize("codec", LISTS)
@pytest.mark.parametrize("form", ["{}", "{}/{}-1.png", "data/{}/img (3).jpg"])
def test_the_code_page_of_lists_of_classes(codec, form):
    for words in LISTS[codec]:
        names = [form.format(word, word) for word in words.split()]
        found, _doubtful = code_page([name.encode(codec) for name in names])
        assert [name.encode(codec).decode(found, "replace") for name in names] == names, (words, found)


LANGUAGES = {
    **dict.fromkeys(("de", "fr", "es", "pt", "it", "sv"), "cp437 cp850 cp1252 mac-roman utf-8"),
    **dict.fromkeys(("pl", "cs", "hu", "hr"), "cp852 cp1250 iso8859-2 utf-8"),
    **dict.fromkeys(("ru", "uk", "bg"), "cp866 cp1251 koi8-u iso8859-5 utf-8"),
    "zh_Hans": "gbk gb18030 utf-8", "zh_Hant": "big5 utf-8", "ja": "cp932 euc-jp utf-8", "ko": "cp949 utf-8",
    "tr": "cp857 cp1254 utf-8", "el": "cp737 cp1253 utf-8", "he": "cp862 cp1255 utf-8", "ar": "cp720 cp1256 utf-8",
    "th": "cp874 utf-8", "lt": "cp775 cp1257 utf-8", "vi": "cp1258 utf-8",
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_read_wrongly_is_doubtful(language):
    """On names of countries, of which none was chosen for it: one, two or four at a time."""
    random, wrong = Random(language), []
    names = [name for name in Locale.parse(language).territories.values() if len(name) < 12 and not name.isascii()]
    for codec in LANGUAGES[language].split():
        for count in (1, 1, 2, 2, 4, 4):
            words = [name for name in random.sample(names, count) if name == name.encode(codec, "ignore").decode(codec)]
            found, doubtful = code_page([word.encode(codec) for word in words])
            read = [word.encode(codec).decode(found, "replace") for word in words]
            if read != words and not doubtful:
                wrong.append((codec, found, words, read))
    assert not wrong


@pytest.mark.parametrize("words", ["猫 狗", "训练 测试", "良性 恶性"])
def test_usual_words_are_sure(words):
    assert code_page([word.encode("gbk") for word in words.split()]) == ("gb18030", False)


def test_any_bytes_are_judged():
    """Among them 88 62 and 88 A3, which are two characters each in Big5."""
    random = Random(0)
    for names in ([b"\x88\x62\x88\xa3"], *([random.randbytes(6)] for _ in range(50))):
        found, _doubtful = code_page(names)
        assert found in CODECS


def test_nothing_but_ascii():
    assert code_page([b"cat/0.png", b"dog/0.png"]) == ("utf-8", False)


def test_names_that_cannot_be_printed_stay_apart():
    shown = Printable()
    first, second = shown(("a", "b\udcff", "\udce9.png")), shown(("a", "b\udcfe", "\udce9.png"))
    assert first == ("a", "b\ufffd", "\ufffd.png")
    assert second == ("a", "\ufffdb\ufffd", "\ufffd.png")
    assert shown(("a", "b\udcff", "\udce8.png")) == ("a", "b\ufffd", "\ufffd\ufffd.png")
    assert shown(("Mo\u0308we",)) == shown(("Möwe",)) == ("Möwe",)  # macOS takes umlauts apart
