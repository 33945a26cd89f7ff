# SPDX-License-Identifier: BSD-2-Clause
"""Results as a table, a chart, and the table of docs/PERFORMANCE.md.

rows: {name: {"hull": [numbers], "linux": [numbers], "why": text}}; a name ends
in its unit. Ratios are Hull's median over Linux's."""
import math
import re
import statistics

# What the project wants to reach: the ratio, as a row's name without unit.
TARGETS = {
    "start: hello on microvm": ("<=", 0.06),
    "1 CPU: getppid": ("<=", 0.4),
    "1 CPU: write-null": ("<=", 0.4),
    "1 CPU: clock_gettime": ("<=", 1.0),
    "1 CPU: pipe-pingpong": ("<=", 0.35),
    "1 CPU: futex-pingpong": ("<=", 0.3),
    "1 CPU: sched_yield": ("<=", 0.5),
    "1 CPU: thread": ("<=", 0.3),
    "1 CPU: stat": ("<=", 0.4),
    "1 CPU: open-close": ("<=", 0.4),
    "1 CPU: mmap-64m": ("<=", 0.2),
    "1 CPU: mmap-4k": ("<=", 0.4),
    "1 CPU: page-fault": ("<=", 0.5),
    "files: 64 MiB warm": ("<=", 0.15),
    "files: 64 MiB cold": ("<=", 0.7),
    "c-http, 1 CPU: requests": (">=", 3),
    "c-http, 2 CPU: requests": (">=", 1.6),
    "node: start to first output": ("<=", 0.35),
    "node hello, 1 CPU": ("<=", 0.35),
    "node: requests": (">=", 1.6),
    "java hello, 2 CPU": ("<=", 0.45),
    "spring: start to first answer": ("<=", 0.7),
    "spring: requests": (">=", 1.2),
    "nginx: requests": (">=", 2),
    "redis GET: requests": (">=", 2),
    "redis SET: requests": (">=", 2),
    "memcached get: requests": (">=", 2),
    "memcached set: requests": (">=", 2),
    "network: TCP stream in": (">=", 1.5),
    "network: TCP stream out": (">=", 1.5),
}
# What is small enough to be counted has the same targets there.
TARGETS |= {k.replace("1 CPU", "instructions"): v for k, v in TARGETS.items()
            if k.startswith("1 CPU")}
# Hull's own value, in the row's unit.
ABSOLUTE = {
    "least memory of hello": 8, "least memory of c-http": 16,
    "least memory of redis": 20, "least memory of node": 64,
    "c-http, 2 CPU: p99 over p50": 10,
}


def split(name):
    """("label", "unit")"""
    return re.fullmatch(r"(.*) \[(.*)\]", name).groups()


def more_is_better(name):
    return split(name)[1].endswith("/s")


def middle(values):
    return statistics.median(values) if values else None


def spread(values):
    """From the least to the greatest, as a part of the median."""
    m = middle(values)
    return (max(values) - min(values)) / m if m else 0


def verdict(name, hull, ratio):
    """(the target as text, whether it is met), or ("", None)."""
    label, unit = split(name)
    if label in ABSOLUTE and hull is not None:
        return f"<= {ABSOLUTE[label]} {unit}", hull <= ABSOLUTE[label]
    if label not in TARGETS or ratio is None:
        return "", None
    sign, limit = TARGETS[label]
    return f"{sign} {limit}", ratio <= limit if sign == "<=" else \
        ratio >= limit


def lines(rows):
    """(name, hull, linux, ratio, spread, target, met, why)"""
    for name, r in rows.items():
        h, l = middle(r.get("hull")), middle(r.get("linux"))
        ratio = h / l if h is not None and l else None
        wide = max([spread(r[s]) for s in ("hull", "linux") if r.get(s)],
                   default=0)
        target, met = verdict(name, h, ratio)
        yield name, h, l, ratio, wide, target, met, r.get("why", "")


def number(x):
    if x is None:
        return "-"
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def table(rows):
    print(f"{'what':52} {'hull':>12} {'linux':>12} {'ratio':>7} "
          f"{'spread':>6}  target")
    for name, h, l, ratio, wide, target, met, why in lines(rows):
        text = f"{name:52} {number(h):>12} {number(l):>12} "
        if ratio is not None:
            text += f"{ratio:7.3f} {wide * 100:5.0f}%  {target}"
        if met is False:
            text += " MISSED"
        print(text + (f"  ({why})" if why else ""))


def markdown(rows):
    out = ["| what | Hull | Linux | ratio | spread | target | met |",
           "|---|---|---|---|---|---|---|"]
    for name, h, l, ratio, wide, target, met, why in lines(rows):
        said = {True: "yes", False: "**no**", None: ""}[met]
        out.append(
            f"| {name[:-1].replace(' [', ', ')} | {number(h)} | {number(l)} | "
            + (f"{ratio:.3f} | {wide * 100:.0f} % | " if ratio is not None
               else f"{why or '-'} | | ") + f"{target} | {said} |")
    return "\n".join(out)


def chart(rows, path):
    """A bar a row: Hull over Linux, on a logarithmic scale around 1."""
    shown = [r for r in lines(rows) if r[3]]
    height = 18 * len(shown) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="860" '
           f'height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="8" y="18">Hull over the Linux guest, a tenth to ten '
           'times; green is better for Hull</text>',
           f'<line x1="600" y1="26" x2="600" y2="{height}" stroke="gray"/>']
    for i, (name, _, _, ratio, *_) in enumerate(shown):
        y = 30 + 18 * i
        width = max(-190, min(190, 110 * math.log10(ratio)))
        better = (ratio > 1) == more_is_better(name)
        out.append(f'<text x="8" y="{y + 12}">{name}</text>'
                   f'<rect x="{600 + min(0, width):.1f}" y="{y}" '
                   f'width="{abs(width):.1f}" height="14" '
                   f'fill="{"#2a7" if better else "#c54"}"/>'
                   f'<text x="850" y="{y + 12}" text-anchor="end">'
                   f'{ratio:.3g}x</text>')
    with open(path, "w") as f:
        f.write("\n".join(out + ["</svg>", ""]))


def document(path, result):
    """Puts the table between the marks of docs/PERFORMANCE.md."""
    text = open(path).read()
    begin, end = "<!-- table -->\n", "<!-- end of table -->"
    head, rest = text.split(begin, 1)
    tail = rest.split(end, 1)[1]
    engine = result["engine"]
    body = f"Measured at {result['commit']}, `-accel {engine}`, in " \
           f"{result['minutes']:.0f} minutes; the host's load average was " \
           f"{result['load'][0]:.1f} at the start and " \
           f"{result['load'][1]:.1f} at the end, of two cores.\n\n" + \
           markdown(result["rows"])
    with open(path, "w") as f:
        f.write(head + begin + body + "\n" + end + tail)
