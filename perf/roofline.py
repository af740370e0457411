#!/usr/bin/env python3
"""Draws a roofline as SVG: model steps (quire bench step --json) under what the machine can do (measure_floors --json).

Usage: roofline.py STEPS.json [STEPS.json ...] --floors FLOORS.json --out ROOFLINE.svg [--threads N]
x: useful operations per byte of weights and KV that a step must read; y: operations per second. The slanted roof is the
read bandwidth, every level one the peak of a kind of arithmetic. A point on the roof cannot be made faster.
"""
import argparse
import html
import json
import math
import pathlib
import sys

WIDTH, HEIGHT = 1000, 640
LEFT, RIGHT, TOP, BOTTOM = 80, 30, 50, 60
COLOURS = ["#1b6ca8", "#c0392b", "#1e8449", "#8e44ad", "#b9770e", "#2c3e50"]
BANDWIDTH = "read bandwidth, huge pages"


class Axis:
    """Logarithmic, from one decade to another."""

    def __init__(self, values, first, last):
        self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        self.high += self.high == self.low
        self._first, self._last = first, last

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self._first + share * (self._last - self._first)

    def decades(self):
        return [10.0**e for e in range(self.low, self.high + 1)]


def read_floors(path: pathlib.Path, threads):
    """(threads, bandwidth in GB/s, {arithmetic: Gop/s}) of the most threads measured, or of `threads`."""
    floors = json.loads(path.read_text())["floors"]
    counts = {floor["threads"] for floor in floors}
    threads = threads or max(counts)
    if threads not in counts:
        raise ValueError(f"--threads {threads}: {path} has figures for {sorted(counts)}")
    mine = {floor["name"]: floor["best"] for floor in floors if floor["threads"] == threads}
    if BANDWIDTH not in mine:
        raise ValueError(f"{path} has no {BANDWIDTH!r}")
    return threads, mine[BANDWIDTH], {n: v for n, v in mine.items() if not n.startswith("read bandwidth")}


def read_points(path: pathlib.Path):
    """(name of the series, [(label, operations per byte, Gop/s)])"""
    report = json.loads(path.read_text())
    points = []
    for step in report["steps"]:
        read = step["weight_bytes"] + step["kv_bytes"]
        if read > 0 and step["operations"] > 0:
            points.append((step["case"], step["operations"] / read, step["gop_per_s"]))
    model = report["model"]
    return f"{model['name']}, {model['weights']}, {report['device']}", points


class Labels:
    """Texts that do not cover each other: each moves up or down, line by line, until it is free."""

    def __init__(self):
        self._boxes = []

    def place(self, x, y, content, anchor="start", size=11, colour="#222"):
        width, line = 0.56 * size * len(content), size + 1
        left = x - width if anchor == "end" else x
        for step in sorted(range(-20, 21), key=abs):
            top = y + step * line - size
            if TOP <= top <= HEIGHT - BOTTOM - line and not any(
                    left < r and left + width > l and top < b and top + line > t for l, t, r, b in self._boxes):
                self._boxes.append((left, top, left + width, top + line))
                y += step * line
                break
        return text(x, y, content, anchor, size, colour)


def text(x, y, content, anchor="start", size=12, colour="#222", extra=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{extra}>'
            f"{html.escape(content)}</text>")


def line(x1, y1, x2, y2, colour="#ddd", width=1.0, dash=""):
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def draw_grid(x: Axis, y: Axis):
    for value in x.decades():
        yield line(x.at(value), TOP, x.at(value), HEIGHT - BOTTOM)
        yield text(x.at(value), HEIGHT - BOTTOM + 18, f"{value:g}", "middle")
    for value in y.decades():
        yield line(LEFT, y.at(value), WIDTH - RIGHT, y.at(value))
        yield text(LEFT - 8, y.at(value) + 4, f"{value:g}", "end")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, "useful operations per byte of weights and KV read", "middle", 13)
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield text(20, middle, "Gop/s", "middle", 13, extra=f' transform="rotate(-90 20 {middle:.1f})"')


def draw_roofs(x: Axis, y: Axis, bandwidth: float, peaks: dict, labels: Labels):
    """Each level roof starts where the slanted one meets it."""
    left, right, bottom = 10.0**x.low, 10.0**x.high, 10.0**y.low
    start = max(left, bottom / bandwidth)
    top = max(peaks.values(), default=bandwidth * right)
    end = min(right, top / bandwidth)
    yield line(x.at(start), y.at(start * bandwidth), x.at(end), y.at(end * bandwidth), "#444", 2)
    middle = math.sqrt(start * end)
    yield labels.place(x.at(middle) - 8, y.at(middle * bandwidth) - 8, f"{bandwidth:.1f} GB/s", "end", 12, "#444")
    for name, peak in peaks.items():
        meets = max(left, peak / bandwidth)
        if meets >= right:
            continue
        yield line(x.at(meets), y.at(peak), WIDTH - RIGHT, y.at(peak), "#444", 1.5, "6 3")
        yield labels.place(WIDTH - RIGHT, y.at(peak) - 4, f"{name}: {peak:,.0f} Gop/s", "end", 11, "#444")


def draw_points(x: Axis, y: Axis, series, labels: Labels):
    for number, (name, points) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        yield labels.place(LEFT + 8, TOP + 16 * (number + 1), "\u25cf " + name, size=12, colour=colour)
        for label, intensity, rate in points:
            yield (f'<circle cx="{x.at(intensity):.1f}" cy="{y.at(rate):.1f}" r="4.5" fill="{colour}">'
                   f"<title>{html.escape(label)}: {rate:.1f} Gop/s, {intensity:.2f} op/byte</title></circle>")
            yield labels.place(x.at(intensity) + 7, y.at(rate) + 4, label, size=10, colour=colour)


def draw(title: str, series, bandwidth: float, peaks: dict) -> str:
    points = [point for _, group in series for point in group]
    x = Axis([p[1] for p in points] + [1.0], LEFT, WIDTH - RIGHT)
    y = Axis([p[2] for p in points] + list(peaks.values()) + [bandwidth], HEIGHT - BOTTOM, TOP)
    labels = Labels()
    body = [text(WIDTH / 2, 26, title, "middle", 16), *draw_grid(x, y), *draw_roofs(x, y, bandwidth, peaks, labels),
            *draw_points(x, y, series, labels)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">\n'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n' + "\n".join(body) + "\n</svg>\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("steps", type=pathlib.Path, nargs="+", help="results of quire bench step --json")
    parser.add_argument("--floors", type=pathlib.Path, required=True, help="result of measure_floors --json")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the SVG to write")
    parser.add_argument("--threads", type=int, help="whose floors; default: the most that were measured")
    args = parser.parse_args()
    try:
        threads, bandwidth, peaks = read_floors(args.floors, args.threads)
        series = [read_points(path) for path in args.steps]
        if not any(points for _, points in series):
            raise ValueError("no step reads or computes anything")
        machine = json.loads(args.floors.read_text())["machine"]
        args.out.write_text(draw(f"{machine}, {threads} threads", series, bandwidth, peaks))
    except (OSError, ValueError, KeyError) as error:
        print(f"roofline.py: {error!r}" if isinstance(error, KeyError) else f"roofline.py: {error}", file=sys.stderr)
        return 1
    for name, points in series:
        for label, intensity, rate in points:
            roof = min(intensity * bandwidth, max(peaks.values(), default=math.inf))
            print(f"{name}: {label}: {rate:.1f} of {roof:.1f} Gop/s, {100 * rate / roof:.0f} % of the roof")
    return 0


if __name__ == "__main__":
    sys.exit(main())
