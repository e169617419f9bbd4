"""Names in Chinese text, which no capital marks: companies by their last word, titles by their brackets."""

from __future__ import annotations

import re

_HAN = "\u3400-\u9fff"
_KIND = (
    "股份有限公司|有限责任公司|有限公司|总公司|分公司|子公司|公司|集团|银行|保险|证券|基金|事务所|研究院|研究所|设计院|大学|学院|"
    "医院|委员会|管理局|工厂|总厂"
)
_NAME = re.compile(rf"[{_HAN}A-Za-z0-9·（）()]{{2,16}}?(?:{_KIND})")
_BRACKETS = re.compile(r"[《〈「『“]([^》〉」』”]{2,40})[》〉」』”]")
_SHORT = re.compile(r"(?:以下)?简称[:：]?[“\"「《]?([^”\"」》，。；)）]{2,10})")
_LEAD_IN = re.compile(
    "^(?:关于|对于|根据|按照|依据|截至|截止|目前|现在|去年|今年|本年度?|年度?|月|日|第?[一二三四]季度|上半年|下半年|在|和|与|及|"
    "由|从|本公司|我们公司|我公司|贵公司|各|为|是|对|向|给|把|被|该|此|这家|那家|哪家|哪个|什么|其)+"
)
_NOT_NAMES = re.compile(rf"^(?:我|我们|我司|本|贵|各|母|全|总|分|子|上市|下属|一家|两家|几家|这些|所有)*(?:{_KIND})$")


def han_names(text: str) -> list[str]:
    """The names in `text`, in order, each once: up to 16 characters before a word like 公司, and what stands in 《》.

    Text between two names may be taken for a part of the second; who compares names does it by parts.
    """
    found = [(match.start(), _LEAD_IN.sub("", match.group())) for match in _NAME.finditer(text)]
    found += [(match.start(), match[1]) for match in _BRACKETS.finditer(text)]
    found += [(match.start(), match[1]) for match in _SHORT.finditer(text)]
    kept = (name.strip() for _, name in sorted(found))
    return list(dict.fromkeys(name for name in kept if len(name) > 1 and not _NOT_NAMES.match(name)))
