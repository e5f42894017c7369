"""`vigie init`: three commented files to begin with."""

from pathlib import Path

VIGIE = """# Vigie's settings. Each can also be given in the environment, as VIGIE_<NAME>, which wins.

# db = "sqlite:///vigie.db"             # or postgresql+psycopg://user:password@host/vigie
# sources = "sources.toml"              # what is read
# alerts = "alerts.toml"                # who is told
# contact = "desk@example.org"          # an address or page in the User-Agent, for webmasters
# cache = "~/.cache/vigie"              # the encoder, built once (220 MB)
# encoder = "encoder"                   # another encoder: a folder with model.onnx and tokenizer.json
# model = "model"                       # another head and pair model: a folder that `vigie train --out` wrote
# themes = "themes"                     # themes of your own: a folder of TOML files, one a theme
# snapshots = "vigie-snapshots"         # the pages as they came, compressed
# keep_snapshots = "90d"                # how long those are kept; left out: for ever
# home = ".vigie"                       # the Prefect server's files and logs
# fresh_hours = 72                      # older news is stored and stays quiet
# max_failed = 1.0                      # the share of failed sources at which a run counts as failed
# allowed_networks = "10.1.0.0/16"      # private networks that sources and webhooks may reach
# host_spacing = 0.5                    # seconds between two requests to one host
# timeout = 45                          # seconds that one page may take in all
# host_pages = 100                      # pages that one run reads of one host; the rest waits for the next run
# run_pages = 5000                      # pages that one run reads in all
# run_megabytes = 1000                  # and what they may weigh, as they come over the wire
# shard = "1/1"                         # "1/3": this machine reads a third of all sites, the first of three machines
# cron = "*/15 * * * *"                 # the schedule of `vigie up` and `vigie serve`, in UTC
# board = "https://vigie.example.org"   # of a web board: alerts then lead to it, not to commands
# port = 4200                           # the Prefect UI of `vigie up`
"""
SOURCES = """# What is read. Without this file the built-in catalogue is: see `vigie sources list`.

[[source]]
id = "astana-times"                     # your name for it, once in the file
name = "The Astana Times"               # as alerts show it
kind = "feed"                           # feed, sitemap, gdelt or page
url = "https://astanatimes.com/feed/"
language = "en"
country = "KZ"
outlet = "state"                        # state, independent, wire, official or think-tank
every = "15m"
enabled = true
# user_agent = "..."                    # only where a host insists
# keep_text = true
"""
ALERTS = """# Who is told what. Without this file the core themes are told on the console.

[[channel]]
name = "console"
kind = "console"

# [[channel]]
# name = "log"
# kind = "file"
# path = "alerts.jsonl"

# [[channel]]
# name = "desk"
# kind = "email"
# smtp = "smtp.example.org:587"
# tls = "starttls"                      # none, starttls or implicit
# from = "vigie@example.org"
# to = ["desk@example.org"]
# username = "vigie"
# password_env = "VIGIE_SMTP_PASSWORD"  # the variable that holds it; or password_file

# [[channel]]
# name = "hook"
# kind = "webhook"
# url = "https://example.org/hooks/vigie"
# secret_env = "VIGIE_HOOK_SECRET"      # whsec_…, signs by Standard Webhooks

[[rule]]
name = "core themes"
channel = "console"
# themes = ["distancing-moscow"]        # left out: the three core themes
# countries = ["KZ", "UZ"]
# languages = ["ru", "en"]
# outlets = ["independent", "wire"]
# when = ["new", "corroborated"]        # left out: new
# min_confidence = 0.6
# quiet = "22:00-07:00"            # what comes at night is sent in the morning
# zone = "Asia/Almaty"
# cap = 10                         # an hour; what is above it goes into a digest
"""
STARTERS = {"vigie.toml": VIGIE, "sources.toml": SOURCES, "alerts.toml": ALERTS}


def write_starters(folder: Path = Path()) -> list[str]:
    """Write the files that are not there yet; a line about each."""
    lines = []
    for name, text in STARTERS.items():
        try:
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
            lines.append(f"{name} written")
        except FileExistsError:
            lines.append(f"{name} exists and was left alone")
    return lines
