"""How much a text looks like what people write: by the letters that languages use, and by upper case in its place."""

from __future__ import annotations

import re

# The commonest characters of each script: what tells a text from an accident that decodes.
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多"
    "经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性"
    "知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次"
    "度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建"
    "务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路"
    "记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运号编册页票证审批请假休表单附录版"
    "客户投诉处程序订货培训质修退换购买销售品服价说职岗薪酬奖福险税费差旅住餐补贴预算付款供商仓库存采检验收项目进风安密码账网络备份邮"
    "箱考核绩效试离辞续签劳动议件范围责流步骤条"
)
_TRADITIONAL = (
    "這個們來為國說時會對於著過發後裡種經麼學現當沒動還進樣開從實軍無與長機關點業將兩間問並應戰頭體見產話內給門兒東聲員論處義幾"
    "認條氣題爾別變總電數報結務場計資許統區隊決馬書則聽卻達強難權設記類據邊張該規萬覺術領確傳師觀讓識帶導爭運號編冊頁證審請辦單"
    "附錄版表假休頭費購買"
)
_JAPANESE = (
    "日一国人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞"
    "食車何南万毎白天母火右読友左休父雨会社員業合給申請部用者定規則手法第章場内務全対度期有要届承認可取得方必支払通知従込表示設理課"
    "題実施変更暇総条件契約明料"
)
_KOREAN = (
    "이다는에의을가고하지로한서기사도를은인시자대정리어나수아해일보제그전부장과주상니습원들있것게여면라세동성우신구공연경금관회국무및"
    "당년월직업계약청휴급받합야적용규모든안오만스비방위후내재조등입까진실체차식음문했"
)
_KANA = re.compile("[ぁ-んァ-ヴー]")
_WIDE_MARKS = frozenset("，。、；：？！“”（）《》「」『』【】・…—　％～")
_HAN = frozenset(_SIMPLIFIED + _TRADITIONAL) | _WIDE_MARKS
_SETS = {
    "gb18030": _HAN,
    "big5hkscs": frozenset(_TRADITIONAL) | frozenset(_SIMPLIFIED) | _WIDE_MARKS,
    "cp932": frozenset(_JAPANESE) | _WIDE_MARKS,
    "euc_jp": frozenset(_JAPANESE) | _WIDE_MARKS,
    "cp949": frozenset(_KOREAN),
}
_ALL = _HAN | frozenset(_JAPANESE) | frozenset(_KOREAN)
_WEST = ("äöüß", "éèêëàâçîïôùûœ", "áéíóúñü", "àèéìòù", "ãõáâàéêíóôúç", "åäöæøé", "éëïöèá")
_CENTRE = ("áčďéěíňóřšťúůýž", "áäčďéíľĺňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "čćšžđ", "ăâîșțşţ", "äöüß")
_CYRILLIC = ("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя")
_COMMON_CYRILLIC = frozenset("оеаинтсрвлкмдпу")
_ALPHABETS = {
    "cp1252": _WEST, "cp1250": _CENTRE, "cp1251": _CYRILLIC, "koi8-r": _CYRILLIC, "mac_roman": _WEST,
    "iso8859-2": _CENTRE,
}  # fmt: skip
_MARKS = frozenset("“”„‘’‚–—…€«»‹›¿¡°§©®™·•№£¥\u00a0")
CODECS = ("cp1252", "cp1250", "cp1251", "koi8-r", *_SETS, "mac_roman", "iso8859-2")
"""The codecs of text that says nothing of itself; where two are as likely, the earlier one."""


def likeness(text: str, codec: str) -> float:
    """0 to 1: how much the text looks like one of the languages that are written in that codec."""
    strange = [character for character in text if character > "\x7f"]
    if codec.startswith("utf"):
        return _of_any(text)
    if not strange:
        return 0.0
    return _of_alphabet(text, strange, codec) if codec in _ALPHABETS else _of_script(strange, codec)


def _of_any(text: str) -> float:
    """The share of characters that are common in some script; 0 for text with what no text holds."""
    if not text or any(_is_control(character) for character in set(text)):
        return 0.0
    plain = sum(character < "\x7f" for character in text)
    accented = sum("\xa0" <= character < "\u0250" for character in text)
    common = sum(
        "\u0370" <= character < "\u0600" or character in _ALL or bool(_KANA.match(character)) for character in text
    )
    return min(1.0, 1.6 * (plain + min(accented, plain) + common) / len(text))


def _is_control(character: str) -> bool:
    if character < " ":
        return character not in "\t\n\r\f"
    return "\x7f" <= character < "\xa0" or "\ue000" <= character < "\uf900"  # C1 controls, private use


def _of_script(strange: list[str], codec: str) -> float:
    """The share of common characters; a rare one now and then is as it should be."""
    common = _SETS[codec]
    kana = codec in ("cp932", "euc_jp")
    found = sum(character in common or (kana and bool(_KANA.match(character))) for character in strange)
    return min(1.0, 1.6 * found / len(strange))


def _of_alphabet(text: str, strange: list[str], codec: str) -> float:
    """The share of letters of the likeliest language, each in its place."""
    best = 0.0
    counted = _in_place(text)
    for alphabet in _ALPHABETS[codec]:
        good = sum(number for letter, number in counted.items() if letter in alphabet or letter in _MARKS)
        best = max(best, good / len(strange))
    if codec in ("cp1251", "koi8-r"):
        letters = [letter for letter in strange if letter.isalpha()]
        common = sum(letter.lower() in _COMMON_CYRILLIC for letter in letters)
        best *= min(1.0, 1.3 * common / max(1, len(letters)))
    return best


def _in_place(text: str) -> dict[str, int]:
    """How often each letter and mark beyond ASCII, in lower case, stands where it can."""
    counted: dict[str, int] = {}
    padded = f" {text} "
    for before, character, after in zip(padded, text, padded[2:], strict=False):
        if character <= "\x7f" or _is_misplaced(before, character, after):
            continue
        counted[character.lower()] = counted.get(character.lower(), 0) + 1
    return counted


def _is_misplaced(before: str, character: str, after: str) -> bool:
    """True for upper case after lower case, a mark inside a word, and two scripts in one word."""
    if not character.isalpha():
        return before.isalpha() and after.isalpha() and character not in "’·"
    if character > "\u0400" and (_is_latin(before) or _is_latin(after)):
        return True
    return character.isupper() and before.islower()


def _is_latin(character: str) -> bool:
    return character.isalpha() and character < "\u0250"
