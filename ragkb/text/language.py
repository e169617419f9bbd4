"""Which language a text is in: by its script, then by its commonest words. Small, deterministic, no model."""

from __future__ import annotations

import re
from collections import Counter

SAMPLE = 6_000
"""Code points read from each of the beginning, the middle and the end of a long text."""

_HAN = re.compile("[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_KANA = re.compile("[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9f]")
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_LATIN_WORD = re.compile("[a-zà-öø-ÿœß]+")
_LETTER = re.compile(r"[^\W\d_]")

# The commonest words of each language, and the question words that a short query is made of.
_COMMON = {
    "en": "the a of and to in is that it for was on are with as by this be at from which or have an not has "
    "were what who how when where why does do did can many much i my we our you your should will if there "
    "their between about its",
    "de": "der die das und ist von zu den mit im für auf nicht ein eine einer eines einem einen dem des sich "
    "auch es als an werden wird aus bei sind nach wie was wer wo wann warum wurde war oder hat durch über "
    "zum zur sie wir ich man welche welcher welches viele kann",
    "fr": "le la les de des du et est un une que qui dans en pour pas sur au aux par plus ce cette il elle sont "
    "avec ne se ou été être nous vous où quand comment combien quel quelle quels quelles pourquoi son sa "
    "ses leur d l qu c",
    "es": "el la los las de del y es un una que en por para con no se su sus al lo como más fue son está o pero "
    "sobre este esta entre cuando qué quién cuál cuáles cómo cuándo dónde cuántos cuántas cuánto también "
    "ha hay ser",
    "it": "il lo la i gli le di del della dei delle degli e è un una uno che in per con non si da al alla dal "
    "dalla nel nella sono come più anche ha questo questa sul sulla ed ma quando quale quali chi cosa "
    "dove perché quanto quanti essere stato l",
    "nl": "de het een en van is dat in op te zijn voor met niet aan er om ook als maar door bij uit werd wordt "
    "naar die dit hij wat wie hoe waar wanneer waarom welke hoeveel kan heeft hebben worden over of tot "
    "deze",
    "pt": "o a os as de do da dos das e é um uma que em no na nos nas por para com não se ao à como mais foi "
    "são ou mas seu sua pelo pela este esta quando qual quais quem onde quanto quantos porque também está "
    "ser há entre",
}
_LANGUAGES_OF: dict[str, tuple[str, ...]] = {}
for _language, _words in _COMMON.items():
    for _word in _words.split():
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)


def detect(text: str) -> str:
    """One of "zh", "ja", "ko", "de", "fr", "es", "it", "nl", "pt" and "en"; "" where nothing tells.

    Japanese is told from Chinese by a share of kana. Among languages in Latin letters the one wins whose common words
    stand most often, a word shared by n languages counting 1/n; a tie, or no common word at all, gives "".
    """
    sample = _sample(text)
    words = _LATIN_WORD.findall(sample.lower())
    han, kana, hangul = (len(script.findall(sample)) for script in (_HAN, _KANA, _HANGUL))
    if han + kana + hangul > len(words):  # a character of these scripts weighs as much as a word
        if hangul > han + kana:
            return "ko"
        return "ja" if 8 * kana >= han + kana else "zh"
    return _latin(words)


def cjk_share(text: str) -> float:
    """The share of Han, kana and hangul among the letters of `text`, 0 to 1; 0 where there are no letters."""
    letters = len(_LETTER.findall(text))
    cjk = sum(len(script.findall(text)) for script in (_HAN, _KANA, _HANGUL))
    return min(1.0, cjk / letters) if letters else 0.0


def _sample(text: str) -> str:
    """`text`, or three slices of it where it is long."""
    if len(text) <= 3 * SAMPLE:
        return text
    middle = (len(text) - SAMPLE) // 2
    return "\n".join((text[:SAMPLE], text[middle : middle + SAMPLE], text[-SAMPLE:]))


def _latin(words: list[str]) -> str:
    """The language whose common words weigh most, "" at a tie or where under one word in fifty is one of them."""
    weights: Counter[str] = Counter()
    for word in words:
        owners = _LANGUAGES_OF.get(word, ())
        for language in owners:
            weights[language] += 420 // len(owners)  # subtle: whole numbers (1 to 7 owners), so that a tie is a tie
    (best, weight), (_, second) = [*weights.most_common(2), ("", 0), ("", 0)][:2]
    return best if weight > second and 50 * weight >= 420 * len(words) else ""
