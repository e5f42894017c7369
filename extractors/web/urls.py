"""One address per page: the canonical form of a URL. Never fetches; redirects and rel=canonical are the fetcher's."""

from urllib.parse import urljoin, urlsplit, urlunsplit

from courlan import clean_url
from w3lib.url import safe_url_string

# courlan's lax mode keeps some of these, and they never select a page. Advertisers' click ids: https://github.com/mpchadwick/tracking-query-params-registry
TRACKERS = frozenset(
    "phpsessid fbclid gclid dclid yclid ysclid msclkid twclid igshid mc_cid mc_eid _openstat from_source ref_src".split()
)


def canonical_url(url: str, base: str = "") -> str:
    """The form under which a page is known: absolute http(s), no fragment, no trackers, host lower-cased.

    Returns "" for what is not a web address (`javascript:`, `mailto:`, garbage).
    """
    try:
        parts = urlsplit(urljoin(base, url.strip()))
        parts = parts._replace(path=urljoin("/", parts.path or "/"))
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            return ""
        kept = "&".join(field for field in parts.query.split("&") if not _is_tracker(field))
        cleaned = clean_url(safe_url_string(urlunsplit(parts._replace(query=kept, fragment=""))))
    except ValueError:
        return ""
    return cleaned or ""


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
        return url
    if not password:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))


def _is_tracker(field: str) -> bool:
    name = field.partition("=")[0].lower()
    return name.startswith("utm_") or name in TRACKERS
