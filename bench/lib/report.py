"""The table of a run: absolute figures, and what they are of this machine's PostgreSQL and of a bare HTTP echo."""

HEADINGS = ["row", "per second", "x PostgreSQL", "x echo", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "server us/op",
            "RSS MiB", "lost", "note"]


def anchor_of(rows):
    """The fastest form of PostgreSQL that was measured, or None."""
    speeds = [row.per_second for row in rows if row.key.startswith("pg-") and row.per_second]
    return max(speeds, default=None)


def echo_of(rows):
    return next((row.per_second for row in rows if row.key == "echo"), None)


def millis(micros):
    return "" if micros is None else f"{micros / 1000:.2f}"


def ratio(value, base):
    return "" if not value or not base else f"{value / base:.2f}"


def cells(row, anchor, echo):
    if row.error:
        return [row.what] + [""] * (len(HEADINGS) - 2) + ["FAILED: " + row.error]
    return [row.what, "" if row.per_second is None else f"{row.per_second:,.0f}", ratio(row.per_second, anchor),
            ratio(row.per_second, echo), millis(row.p50), millis(row.p99), millis(row.p999), millis(row.max),
            "" if row.cpu_micros is None else f"{row.cpu_micros:.1f}", "" if row.rss_mib is None else str(row.rss_mib),
            str(row.lost), row.note]


def table(rows):
    anchor, echo = anchor_of(rows), echo_of(rows)
    return [cells(row, anchor, echo) for row in rows]


def as_text(facts, rows):
    lines = [f"{title:<11}{text}" for title, text in facts] + [""]
    body = [HEADINGS] + table(rows)
    widths = [max(len(line[i]) for line in body) for i in range(len(HEADINGS))]
    for line in body:
        figures = "  ".join(cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1]))
        lines.append(f"{line[0]:<{widths[0]}}  {figures}  {line[-1]}".rstrip())
    return "\n".join(lines)


def as_markdown(facts, rows):
    lines = [f"- **{title}**: {text}" for title, text in facts] + [""]
    lines.append("| " + " | ".join(HEADINGS) + " |")
    lines.append("|---|" + "---:|" * (len(HEADINGS) - 2) + "---|")
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in table(rows)]
    return "\n".join(lines)
