"""Which language a text is in: by its script, then by its commonest words. Small, deterministic, no model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ragkb.text.stems import ENGLISH, STEMMED

SAMPLE = 6_000
"""Code points read from each of the beginning, the middle and the end of a long text."""

_HAN = re.compile("[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_KANA = re.compile("[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9f]")
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_WORD = re.compile(r"(?:[^\W\d_\u1100-\u11ff\u3040-\u318f\u3400-\u9fff\uac00-\ud7a3]|[\u0900-\u0963])+")
_LETTER = re.compile(r"[^\W\d_]")
_UNIT = 720_720  # what a common word counts; subtle: divided by 1 to 16 languages it is whole, so that a tie is a tie
_CLEARLY = (
    3  # different common words by which another language has to lead before it is taken for one that was expected
)

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
    "ca": "el la els les de del dels i és un una que en per amb no es al als com més va són o però aquest aquesta "
    "quan quin quina quins quines quants on qui amb han ha seva",
    "ro": "și şi în de la a cu pe nu este un o din care că pentru mai sunt se ce al ale cine unde când cum câte "
    "câți cât după prin fost fi sau lui ei dar sa",
    "sv": "och att det som en på är av för med den till inte har de ett om var jag men sig så från vi kan när hur "
    "vad vem vilka vilken vilket också eller efter under vid där ska skulle blev",
    "da": "og at det som en på er af for med den til ikke har de et om var jeg men sig så fra vi kan når hvordan "
    "hvad hvem hvilke hvilken også eller efter under ved der skal blev hvor mange",
    "no": "og at det som en på er av for med den til ikke har de et om var jeg men seg så fra vi kan når hvordan "
    "hva hvem hvilke hvilken også eller etter under ved der skal ble hvor mange",
    "fi": "ja on ei se että oli hän en mutta ovat kun joka mitä niin kuin ole myös tai sen jos vain mikä kuka missä "
    "milloin miksi kuinka monta voi ovatko olla jotka sekä",
    "hu": "a az és hogy nem is egy van volt de meg ez mint csak már még ki mi hol mikor miért hány vagy melyik "
    "által után azt ezt lehet kell",
    "pl": "i w na z do nie się że jest to o jak po co ale przez dla od za są był była było kto gdzie kiedy dlaczego "
    "ile który która które lub oraz ich przy jego czy",
    "cs": "v na se je že do to jako aby také mezi bude pro ale za by po které který která jsou byl byla bylo kdo kde "
    "kdy proč kolik jak od nebo při není ve podle",
    "tr": "ve bir bu da de için ile olarak olan en çok daha gibi ne kim nerede zaman nasıl kaç hangi sonra kadar ama "
    "ya değil var tarafından mi mı her",
    "vi": "và của là các có trong được cho những với không người một này khi để từ đã ở như ai gì đâu bao nhiêu",
    "el": "και το του της η τα ο τη των στην που με για από στο την τον οι να είναι ένα μια δεν στη ως ήταν ποιος "
    "ποια ποιο πού πότε πώς πόσοι πόσες πόσα τι θα σε",
    "ru": "и в не на что с по как к из у за от для это был его о а то же но мы она они была было были при или со кто "
    "где когда почему сколько какой какая какие чем который которые",
    "uk": "і в не на що з як до у за від для це був його про а та але ми вони була було були при або хто де коли "
    "чому скільки який яка які є й",
    "bg": "и в на не че с за от да се е по са като до при към но или беше които който кой къде кога защо колко това",
    "ar": "في من على إلى أن عن مع هذا هذه التي الذي كان كانت ما هو هي لا كم متى أين كيف ماذا لماذا أو بعد بين",
    "fa": "در و به از که این را با است برای آن یک خود تا بر های می شد شده چه چند کجا",
    "hi": "के का की में है और से को पर ने यह एक हैं कि था थी थे लिए क्या कौन कहाँ कब कैसे कितने नहीं भी इस",
}
_BY_SCRIPT = ("zh", "ja", "ko")
_LANGUAGES_OF: dict[str, tuple[str, ...]] = {}
for _language, _words in _COMMON.items():
    for _word in dict.fromkeys(_words.split()):
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)


def detect(text: str, expected: str = "") -> str:
    """ISO 639-1 code of a language of _COMMON, or "zh", "ja", "ko"; "" where nothing tells.

    expected: language of what the text was taken from, given back unless another one clearly is it. Japanese is told
    from Chinese by a share of kana. Among the others the one wins whose common words stand most often, a word shared by
    n languages counting 1/n; a tie, or too few common words, gives "".
    """
    sample = _sample(text)
    words = _WORD.findall(sample.lower())
    han, kana, hangul = (len(script.findall(sample)) for script in (_HAN, _KANA, _HANGUL))
    if han + kana + hangul > len(words):  # a character of these scripts weighs as much as a word
        if hangul > han + kana:
            return "ko"
        return "ja" if 8 * kana >= han + kana else "zh"
    return _by_words(words, expected)


def stemmed_as(text: str, expected: str = "") -> str:
    """The language whose stems the words of a chunk get: its own, or English where that has none or none is told.

    expected: language of its document, as somebody wrote it ("de", "de-AT").
    """
    found = detect(text, expected.replace("_", "-").partition("-")[0].lower())
    return found if found in STEMMED else ENGLISH


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


def _by_words(words: Sequence[str], expected: str) -> str:
    """The language whose common words weigh most; see detect."""
    if expected in _COMMON or expected in _BY_SCRIPT:
        # subtle: each word once and no single letters, else a table in °C, V and A is French
        weights = _weights({word for word in words if len(word) > 1})
        best, weight = max(weights.items(), key=lambda item: item[1], default=("", 0))
        return best if weight >= max(2 * weights[expected], weights[expected] + _CLEARLY * _UNIT) else expected
    (best, weight), (_, second) = [*_weights(words).most_common(2), ("", 0), ("", 0)][:2]
    return best if weight > second and 50 * weight >= _UNIT * len(words) else ""


def _weights(words: Iterable[str]) -> Counter[str]:
    """What the common words among these weigh, by language."""
    weights: Counter[str] = Counter()
    for word in words:
        owners = _LANGUAGES_OF.get(word, ())
        for language in owners:
            weights[language] += _UNIT // len(owners)
    return weights
