"""One address per page: the canonical form of a URL. Never fetches; rel=canonical is `text/canonical`'s."""

import re
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import idna
from courlan import clean_url
from w3lib.url import safe_url_string

# They tell where a reader came from and never select a page: https://github.com/mpchadwick/tracking-query-params-registry
# courlan's own list would also drop `cid`, `uid` and a bare `?12345`, by which small outlets number their articles.
TRACKERS = frozenset(
    "phpsessid fbclid gclid dclid yclid ysclid msclkid twclid igshid gbraid wbraid clickid partnerid xtor _openstat "
    "ref referer referrer ref_src from_source source campaign medium".split()
)
TRACKER_FAMILIES = ("utm_", "at_", "mc_", "wt_", "mtm_", "pk_", "itm_", "mkt_", "oly_", "vero_", "hsa_", "_ga", "_gl")
ESCAPED_TWICE = re.compile("^(?:amp;)+")  # what is left of `&amp;` between two fields
NO_HOST = re.compile(r"[\x00-\x20<>^|%\"`{}\x7f]")  # https://url.spec.whatwg.org/#forbidden-host-code-point
ESCAPE = re.compile("%[0-9a-fA-F]{2}")
# https://developers.google.com/amp/cache/overview#amp-cache-url-format; a page there is read at its own address
AMP_CACHE = re.compile(
    r"https?://(?:(?:[\w-]+\.)?cdn\.ampproject\.org/(?:c|v|wp)|[\w-]+\.bing-amp\.com/c|www\.(?:google|bing)\.[a-z.]{2,6}/amp)"
    r"/(?P<tls>s/)?(?P<page>[^/?#]+\.[^/?#]+(?:[/?#].*)?)",
    re.IGNORECASE,
)
AMP_VIEWER = re.compile(r"(?:amp_js_v|amp_gsa|usqp)(?:=|$)")
AMP_FIELDS = frozenset("amp amp=1 amp=true amp=yes amp=amp outputtype=amp type=amp view=amp tpl=amp".split())
AMP_PATH = re.compile(r"/amp(?=/?$)|\.amp(?=(?:\.html?)?$)", re.IGNORECASE)


def canonical_url(url: str, base: str = "") -> str:
    """The form under which a page is known: absolute http(s), no fragment, no trackers, no password, host lower-cased.

    Returns "" for what is not a web address (`javascript:`, `mailto:`, garbage), and for one that cannot be asked.
    """
    try:
        parts = urlsplit(_out_of_cache(urljoin(base, url.strip().replace("\\", "/"))))  # as browsers read it
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname or NO_HOST.search(parts.hostname):
            return ""
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
        quoted = ESCAPE.sub(lambda found: found[0].upper(), safe_url_string(urlunsplit(bare)))
        return _askable(_clean(urlsplit(quoted)))
    except ValueError:
        return ""


def without_amp(url: str) -> str:
    """A canonical address without the marks of its AMP version: `?amp=1`, a last segment `amp`, `.amp.html`."""
    parts = urlsplit(url)
    path = AMP_PATH.sub("", parts.path)
    query = "&".join(field for field in parts.query.split("&") if field.lower() not in AMP_FIELDS)
    return canonical_url(urlunsplit(parts._replace(path=path, query=query))) or url


def host_of(url: str) -> str:
    """The host that a limit or a rule of politeness counts by, lower-cased, without port."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def origin_of(url: str) -> str:
    """Scheme and authority, where robots.txt lies: `https://example.org:8443`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def redact_url(url: str) -> str:
    """The same address with its password as `***`, fit for logs, errors and pages."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return re.sub("//[^/]*@", "//***@", url)
    if not password:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))


def _askable(url: str) -> str:
    """The address itself. Raises ValueError where the port or the name is none; names as httpx reads them."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host.isascii():
        idna.encode(host)
    elif host.startswith("xn--"):
        idna.decode(host)
    return url if parts.port != 0 else ""


def _out_of_cache(url: str) -> str:
    """The page's own address where this is an AMP cache's copy of it."""
    found = AMP_CACHE.fullmatch(url)
    if not found:
        return url
    parts = urlsplit(f"{'https' if found['tls'] else 'http'}://{found['page']}")
    return urlunsplit(parts._replace(query="&".join(f for f in parts.query.split("&") if not AMP_VIEWER.match(f))))


def _clean(parts: SplitResult) -> str:
    path = urljoin("/", re.sub("/{2,}", "/", parts.path or "/"))
    page = clean_url(urlunsplit(parts._replace(path=path, query=""))) or ""
    if urlsplit(page).path in {"", "/"}:
        page = page.rstrip("/")
    fields = (ESCAPED_TWICE.sub("", field) for field in parts.query.split("&"))
    query = "&".join(sorted(field for field in fields if field and not _is_tracker(field)))
    if not page or not query:
        return page
    return f"{page}?{query}" if urlsplit(page).path else f"{page}/?{query}"


def _is_tracker(field: str) -> bool:
    name = field.partition("=")[0].lower()
    return name in TRACKERS or name.startswith(TRACKER_FAMILIES)
