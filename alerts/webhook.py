"""Webhooks: a CloudEvent as JSON, signed by Standard Webhooks, through the guarded client. 2xx alone is success."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from httpx_retries import Retry
from standardwebhooks import Webhook

from alerts.message import cloud_event
from extractors.errors import DeliveryError, FetchError
from extractors.types import Delivery

TIMEOUT = 15.0
PAGE = "taken, but answered with a page: is this the address of a webhook?"
DAY = 86_400.0  # seconds: the longest patience that a receiver may ask for


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """An address and the secret that signs (none: unsigned). The client is the run's, behind the SSRF guard.

    While a secret is changed for another, `secret` holds both, with a space between: each signs, and the receiver takes
    the signature that it can check, as Standard Webhooks has it.
    """

    name: str
    url: str
    client: httpx.AsyncClient
    secret: str = ""
    targets: tuple[str, ...] = ("",)
    timeout: float = TIMEOUT

    def __repr__(self) -> str:
        return f"WebhookChannel({self.name!r})"

    async def send(self, delivery: Delivery) -> str:
        """POST once; no redirect is followed, the answer's body is not read. A page as answer is odd, and is told."""
        body = json.dumps(cloud_event(delivery.key, delivery.payload, delivery.created), ensure_ascii=False)
        headers = {"Content-Type": "application/cloudevents+json; charset=utf-8", **self._sign(delivery.key, body)}
        try:
            request = self.client.build_request(
                "POST", self.url, content=body.encode(), headers=headers, timeout=self.timeout
            )
            response = await self.client.send(request, stream=True, follow_redirects=False)
        except FetchError as error:
            raise DeliveryError(self.name, error.reason, final=error.final, retry_after=error.retry_after) from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:  # the last: the name was not resolved in time
            raise DeliveryError(self.name, type(error).__name__) from error
        await response.aclose()
        if not response.is_success:
            raise DeliveryError(self.name, f"http-{response.status_code}", retry_after=_retry_after(response))
        return PAGE if response.headers.get("Content-Type", "").startswith("text/html") else ""

    def _sign(self, key: str, body: str) -> dict[str, str]:
        now = datetime.now(UTC)  # the receiver checks the signature's age, so it is made at each sending
        headers = {"webhook-id": key, "webhook-timestamp": str(int(now.timestamp()))}
        if self.secret:
            headers["webhook-signature"] = " ".join(Webhook(part).sign(key, now, body) for part in self.secret.split())
        return headers


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return min(Retry().parse_retry_after(response.headers.get("Retry-After", "")), DAY)
    except (ValueError, OverflowError):  # the latter of a year beyond the calendar
        return None
