"""What stands in an article's place is named; an article that mentions such things is an article."""

import pytest

from extractors.errors import ExtractError
from extractors.text.article import extract_article
from extractors.text.walls import load_walls
from extractors.types import Page

URL = "https://paper.example/news/4711"
LEAD = "Astana and Brussels signed an accord on transit through the Caspian Sea on Tuesday, the two sides said. "
FULL = [f"In part {number} of the accord, on {number * 7} million tonnes of freight. {LEAD * 2}" for number in range(2, 12)]
LOCKED = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": %s}</script>'


def outcome(body: str, *, head: str = "", title: str = "The Paper", url: str = URL) -> str:
    """The reason for which a page is refused, or "article"."""
    html = f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"
    try:
        extract_article(Page(url, html.encode(), "text/html; charset=utf-8"))
    except ExtractError as error:
        return error.reason
    return "article"


def article(*paragraphs: str) -> str:
    return f"<article><h1>Accord</h1>{''.join(f'<p>{text}</p>' for text in paragraphs)}</article>"


@pytest.mark.parametrize(
    "text",
    [
        "Checking your browser before accessing paper.example. This process is automatic and takes five seconds.",
        "Verify you are human by completing the action below.",
        "Проверка браузера перед переходом на сайт. Пожалуйста, подождите несколько секунд.",
        "Подтвердите, что вы не робот, чтобы продолжить.",
        "Робот емес екеніңізді растаңыз.",
        "Робот эмес экениңизди ырастаңыз.",
        "Тасдиқ кунед, ки шумо робот нестед.",
        "Robot emasligingizni tasdiqlang.",
        "Robot olmadığınızı təsdiqləyin.",
        "Robot olmadığınızı doğrulayın.",
        "Հաստատեք, որ ռոբոտ չեք։",
        "დაადასტურეთ, რომ არ ხართ რობოტი.",
        "请完成安全验证后继续访问本网站。",
        "Підтвердьте, що ви не робот.",
    ],
)
def test_a_bot_wall_is_recognised_in_every_language(text: str) -> None:
    assert outcome(f"<main><h2>paper.example</h2><p>{text}</p></main>") == "bot-wall"


@pytest.mark.parametrize(
    "text",
    [
        "Please enable JavaScript to view this site.",
        "Пожалуйста, включите JavaScript в вашем браузере.",
        "Увімкніть JavaScript у браузері.",
        "Сайтты көру үшін JavaScript-ті қосыңыз.",
        "Saytdan foydalanish uchun JavaScript-ni yoqing.",
        "Saytdan istifadə etmək üçün JavaScript-i aktivləşdirin.",
        "Devam etmek için JavaScript'i etkinleştirin.",
        "Շարունակելու համար միացրեք JavaScript-ը։",
        "გთხოვთ, ჩართეთ JavaScript.",
        "请启用 JavaScript 后继续浏览。",
        "Veuillez activer JavaScript pour afficher cette page.",
    ],
)
def test_a_page_that_needs_javascript_is_recognised_in_every_language(text: str) -> None:
    assert outcome(f'<div id="app"></div><noscript><p>{text}</p></noscript>') == "needs-javascript"


@pytest.mark.parametrize(
    "text",
    [
        "We use cookies to give you the best experience. Accept all cookies or manage your cookie settings.",
        "Мы используем файлы cookie. Продолжая, вы соглашаетесь с их использованием.",
        "Біз cookie файлдарын пайдаланамыз.",
        "Çerezleri kullanıyoruz. Devam etmeden önce tercihinizi seçin.",
        "我们使用 Cookie 来改善您的体验。",
        "Nous utilisons des cookies. Tout accepter ou personnaliser.",
    ],
)
def test_a_question_for_consent_is_recognised(text: str) -> None:
    assert outcome(f"<div><p>{text}</p><button>OK</button></div>") == "consent"


@pytest.mark.parametrize(
    "offer",
    [
        "Subscribe to continue reading.",
        "Полный текст доступен только подписчикам.",
        "Чтобы читать дальше, оформите подписку.",
        "Оқуды жалғастыру үшін жазылыңыз.",
        "Davomini oʻqish uchun obuna boʻling.",
        "Okumaya devam etmek için abone olun.",
        "订阅后继续阅读全文。",
        "La suite est réservée aux abonnés.",
    ],
)
def test_a_teaser_that_ends_with_an_offer_is_a_paywall(offer: str) -> None:
    assert outcome(article(LEAD * 3, offer)) == "paywall"


@pytest.mark.parametrize("claim", ["false", '"False"', '"false"'])
def test_a_page_that_says_that_it_is_not_free_and_is_short_is_a_paywall(claim: str) -> None:
    assert outcome(article(LEAD * 3), head=LOCKED % claim) == "paywall"
    assert outcome(article(LEAD * 3), head=LOCKED % "true") == "article"
    assert outcome(article(*FULL), head=LOCKED % claim) == "article"  # all of it is there


def test_a_metered_teaser_is_a_paywall() -> None:
    assert outcome(article(LEAD * 3), head='<meta property="article:content_tier" content="locked">') == "paywall"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ('<div class="main-wrapper"><h1>paper.example</h1><div id="challenge-error-text"></div></div>', "Just a moment..."),
        ('<div id="cf-wrapper"></div><script>window._cf_chl_opt={cType:"managed"}</script>', "paper.example"),
        ('<script src="/__qrator/qauth_utm_v2.js"></script>', ""),
        ('<noscript>DDoS</noscript><script src="https://check.ddos-guard.net/check.js"></script>', "DDoS-Guard"),
        ('<script>document.cookie="beget=begetok"; location.reload();</script>', ""),
        ('<iframe src="/_Incapsula_Resource?SWUDNSAI=31"></iframe>', ""),
        ('<form><div class="g-recaptcha"></div><script src="https://www.google.com/recaptcha/api.js"></script></form>', ""),
    ],
    ids=["cloudflare", "cloudflare, bare", "qrator", "ddos-guard", "a cookie and back", "incapsula", "captcha"],
)
def test_a_challenge_without_a_word_is_known_by_its_marks(body: str, title: str) -> None:
    assert outcome(body, title=title) == "bot-wall"


def test_an_empty_application_needs_javascript() -> None:
    assert outcome('<div id="__next"></div><script src="/app.js"></script>') == "needs-javascript"
    assert outcome("<script>load()</script>") == "no-text"


def test_the_host_of_a_question_for_consent_is_known() -> None:
    assert outcome("<form><button>OK</button></form>", url="https://consent.portal.example/v2/collect") == "consent"


@pytest.mark.parametrize(
    "paragraphs",
    [
        [LEAD * 5, "We use cookies. Accept all cookies.", LEAD * 5],
        [LEAD * 2, "This website uses cookies."],
        [*FULL, "Subscribe to read more stories like this one."],
        [
            "The ministry told users of its portal to enable JavaScript, after the update locked out half of Astana. "
            + LEAD * 3
        ],
        [
            LEAD * 3,
            "Telegram's new channels in Kazakhstan are for subscribers only, the company said. " + LEAD * 3,
            LEAD,
            LEAD,
            LEAD,
        ],
    ],
    ids=[
        "cookies amid an article",
        "cookies below a brief",
        "an offer below all of it",
        "javascript in the news",
        "in the news",
    ],
)
def test_an_article_that_mentions_them_is_an_article(paragraphs: list[str]) -> None:
    assert outcome(article(*paragraphs)) == "article"


def test_a_brief_on_a_page_with_a_form_for_comments_is_an_article() -> None:
    form = '<form><label>Подтвердите, что вы не робот</label><script src="https://www.google.com/recaptcha/api.js"></script></form>'
    banner = '<div class="banner">Мы используем файлы cookie</div><noscript>Включите JavaScript</noscript>'

    assert outcome(article("Астана и Брюссель подписали соглашение о транзите, сообщил МИД.") + form + banner) == "article"


def test_every_kind_is_told_in_many_languages_and_has_its_own_reason() -> None:
    assert [wall.reason for wall in load_walls()] == ["bot-wall", "needs-javascript", "consent", "paywall"]
