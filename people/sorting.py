"""How names sort and are searched: Chinese ones by pinyin, others folded."""

from __future__ import annotations

import unicodedata

from pypinyin import lazy_pinyin

# Characters that are read differently as a family name.
_SURNAMES = {
    "单": "shan", "曾": "zeng", "仇": "qiu", "区": "ou", "解": "xie", "查": "zha", "盖": "ge", "朴": "piao",
    "任": "ren", "尉": "wei", "燕": "yan", "华": "hua", "翟": "zhai", "员": "yun", "召": "shao", "缪": "miao",
    "乐": "yue", "覃": "qin", "晟": "cheng", "逄": "pang", "黑": "he", "种": "chong", "秘": "bi", "牟": "mu",
    "洗": "xian", "繁": "po", "那": "na", "宓": "mi", "哈": "ha", "折": "she",
}  # fmt: skip
_COMPOUND_SURNAMES = {
    "尉迟": ["yu", "chi"],
    "万俟": ["mo", "qi"],
    "长孙": ["zhang", "sun"],
    "单于": ["chan", "yu"],
    "澹台": ["tan", "tai"],
    "宰父": ["zai", "fu"],
    "令狐": ["ling", "hu"],
}


def fold(text: str) -> str:
    """NFKC and casefold, with single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def sort_key(name: str) -> str:
    """ "王伟" is "wang wei", "单雄信" is "shan xiong xin", "Li Na" is "li na"; at most 160 characters.

    One syllable a character, so that 王伟 stands before 王文 and both before 汪洋's neighbours in a list of one order.
    """
    folded = fold(name)
    if not folded:
        return ""
    start: list[str] = []
    rest = folded
    if folded[:2] in _COMPOUND_SURNAMES:
        start, rest = _COMPOUND_SURNAMES[folded[:2]], folded[2:]
    elif folded[0] in _SURNAMES:
        start, rest = [_SURNAMES[folded[0]]], folded[1:]
    syllables = start + [part.strip() for part in lazy_pinyin(rest, v_to_u=False)]
    return " ".join(part for part in syllables if part)[:160]
