"""What may alert: fresh news, by the one rule of the watch. Old news is stored, linked and stays quiet."""

from datetime import timedelta

from extractors.types import Report


def is_fresh(report: Report, hours: float) -> bool:
    """Whether a report's claimed date lies within `hours` before it was seen.

    An undated report, or one dated later than it was seen, is fresh unless its source's first poll listed it: a first
    poll lists an archive of unknown age. What a backfill brought never is.
    """
    if report.quiet:
        return False
    if report.published is None or report.published > report.seen:
        return not report.first_poll
    return report.seen - report.published <= timedelta(hours=hours)
