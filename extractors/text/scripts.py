"""Which script a text is in, and which languages are written in it. Letters only; the votes on a language are language's."""

import re

# Letters without their marks. Written as numbers: some of these characters come apart when an editor normalises them.
SCRIPTS = {
    "latin": re.compile(r"[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u1e00-\u1eff]"),
    "cyrillic": re.compile(r"[\u0400-\u0481\u048a-\u052f\u1c80-\u1c88\ua640-\ua66e]"),
    "arabic": re.compile(
        r"[\u0620-\u064a\u066e-\u06d3\u06d5\u06ee-\u06ef\u06fa-\u06fc\u0750-\u077f\u08a0-\u08c7\ufb50-\ufdfb\ufe70-\ufefc]"
    ),
    "devanagari": re.compile(r"[\u0904-\u0939\u0958-\u0961]"),
    "han": re.compile(r"[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"),
    "kana": re.compile(r"[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9f]"),
    "hy": re.compile(r"[\u0531-\u0556\u0561-\u0587\ufb13-\ufb17]"),
    "ka": re.compile(r"[\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2d]"),
    "ko": re.compile(r"[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]"),
    "el": re.compile(r"[\u0370-\u0373\u0376-\u0377\u0386-\u03ff\u1f00-\u1ffc]"),
    "he": re.compile(r"[\u05d0-\u05ea\ufb1d-\ufb4f]"),
    "th": re.compile(r"[\u0e01-\u0e30\u0e32-\u0e33\u0e40-\u0e46]"),
    "lo": re.compile(r"[\u0e81-\u0eb0\u0eb2-\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf]"),
    "km": re.compile(r"[\u1780-\u17b3]"),
    "my": re.compile(r"[\u1000-\u102a\u1050-\u1055]"),
    "bo": re.compile(r"[\u0f40-\u0f6c]"),
    "mn": re.compile(r"[\u1820-\u1878]"),
    "bn": re.compile(r"[\u0985-\u09b9\u09ce\u09dc-\u09e1\u09f0-\u09f1]"),
    "gu": re.compile(r"[\u0a85-\u0ab9]"),
    "pa": re.compile(r"[\u0a05-\u0a39\u0a59-\u0a5e]"),
    "ta": re.compile(r"[\u0b83-\u0bb9]"),
    "te": re.compile(r"[\u0c05-\u0c39]"),
    "kn": re.compile(r"[\u0c85-\u0cb9]"),
    "ml": re.compile(r"[\u0d05-\u0d3a]"),
    "si": re.compile(r"[\u0d85-\u0dc6]"),
    "am": re.compile(r"[\u1200-\u135a]"),
}

# The profiles that vote on a text of a script; a script that is not here is written by one language and named by it.
# What ISO 639-1 has no code for (three letters) is there to draw its texts away from the watch's languages, and is `und`.
PROFILES = {
    "latin": (
        "az en fr tk tr uz "
        "af ca crh cs cy da de eo es et eu fi ga gag gl hr hu id is it ku la lt lv "
        "ms mt nl no pl pt ro sk sl so sq sv sw tl vi"
    ).split(),
    "cyrillic": "be kk ky mn ru tg uk uz-cyrl ab alt bg cv kbd kjh koi mk os sah sr tt tyv".split(),
    "arabic": "fa ug ar ps ur".split(),
    "devanagari": "hi mr ne".split(),
}
# What py3langid alone knows: no profile, but they draw their texts away too.
LANGID_ONLY = {
    "latin": "br fo fy gd ha ht ig jv lb lij mg nso oc qu rw st vec wa xh yo zu".split(),
    "cyrillic": ["ba"],
}
UNSPACED = frozenset({"ja", "th", "lo", "km", "my", "bo"})

# The lower-case letters that the watch's languages are written with.
RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
ALPHABETS = {
    "az": "abcçdeəfgğhxıijkqlmnoöprsştuüvyzw",
    "en": "abcdefghijklmnopqrstuvwxyz",
    "fr": "abcdefghijklmnopqrstuvwxyzàâæçéèêëîïôœùûüÿ",
    "tk": "abcçdeäfghijžklmnňoöprsştuüwyýz",
    "tr": "abcçdefgğhıijklmnoöprsştuüvyzâîûxqw",
    "uz": "abcdefghijklmnopqrstuvwxyzʻʼ",
    "be": RUSSIAN + "іў",
    "kk": RUSSIAN + "әғқңөұүһі",
    "ky": RUSSIAN + "ңөү",
    "mn": RUSSIAN + "өү",
    "ru": RUSSIAN,
    "tg": RUSSIAN + "ғӣқӯҳҷ",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "uz-cyrl": RUSSIAN + "ўқғҳ",
    "fa": "ءآأؤئابتثجحخدذرزسشصضطظعغفقلمنهوپچژکگیيكةۀى",
    "ug": "ئابپتجچخدرزژسشغفقكکگڭلمنھوۇۆۈۋېىيیەهء",
}
# Characters that Japan simplified in its own way: a headline may have no kana.
JAPANESE = frozenset("円団実広売対発経済県駅気処伝様児価変囲塩単検権験歳総続帰営厳従戦図応駆徴択沢訳読鉄転両労覧")

NOISE = re.compile(
    r"(?:https?://|www\.)\S+|@\w+"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"  # bounded: a page may be one word of 10,000 characters
    r"|[\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\ufeff]+"
)
OKINA = re.compile(r"(?<=[oOgG])['`´‘’ʼ](?=\w|\s|$)")
LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af]+")
OTHER_WORD = re.compile(r"[\u0370-\u1dff\u3005-\ud7ff\uf900-\ufaff\ufb13-\ufdfb\ufe70-\ufefc]+")
FOREIGN = 3  # from a third of the letters on, a text is in its other script: brands and names are Latin anywhere
KANA = 8  # Japanese has a kana in two or three characters; a Japanese name quoted in Chinese stays under one in eight
HAN = 3  # letters that a Han character stands for, about


def plain(text: str) -> str:
    """The text without addresses, control characters and runs of white space, with one sign for the Uzbek oʻ and gʻ."""
    return OKINA.sub("ʻ", NOISE.sub(" ", text)).strip()


def script_of(text: str) -> tuple[str, int]:
    """A key of PROFILES, "han", "ja" or the code of the one language that is written so, and how many letters there are.

    ("", 0) for a text without letters.
    """
    counts = {script: len(letters.findall(text)) for script, letters in SCRIPTS.items()}
    east = counts["han"] + counts.pop("kana")
    kana = east - counts["han"]
    counts["han"] = east
    weight = {script: n * HAN if script == "han" else n for script, n in counts.items()}
    total = sum(weight.values())
    if not total:
        return "", 0
    latin = weight.pop("latin")
    script = max(weight, key=weight.__getitem__)
    if weight[script] * FOREIGN < total and latin >= weight[script]:
        return "latin", counts["latin"]
    if script == "han" and (kana + sum(map(text.count, JAPANESE))) * KANA > east:
        return "ja", east
    return script, counts[script]


def words_of(text: str, script: str) -> str:
    """The text without the words in another script: the Latin ones, or in a Latin text all others."""
    return " ".join((OTHER_WORD if script == "latin" else LATIN_WORD).sub(" ", text).split())
