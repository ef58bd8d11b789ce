#!/usr/bin/env python3
"""The page of --export-html: well formed, self-contained, and readable on a phone and a wide screen, in light
and in dark, as Chromium shows it.

usage: compare_page.py PORTLOOP
"""
import html
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

from compare_support import TIMEOUT_SECONDS, SKIPPED, OwnedPorts, run, run_tests, test

VOID = {"meta", "br", "link", "img", "hr", "input"}
MIN_TEXT_PX = 10
MIN_CONTRAST = 4.5  # WCAG 2, AA
MIN_OUTLINE_CONTRAST = 3  # of what is drawn; it is computed from luminance, so it holds in greyscale, too
PAPER_PX = 703  # A4 with margins of 12 mm


def make_page():
    ports = OwnedPorts()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "page.html")
        done = run("compare", "127.0.0.1", "-p", ports.spec(), "--models", "sequential,thread-per-connection,loop,loop/uv", "--loops", "1,2,4",
                   "--in-flight", "2,20,200", "--threads", "10,50", "--guests", "python/sequential,python/thread-pool:10", "--explain", "--runs", "2",
                   "--warmup", "0", "--export-html", path)
        assert done.returncode == 0, done
        with open(path) as file:
            return file.read()


class Balance(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()


@test
def every_tag_is_closed_and_every_chart_is_xml():
    balance = Balance()
    balance.feed(PAGE)
    balance.close()
    assert balance.open == [], balance.open
    drawings = [ElementTree.fromstring(drawing) for drawing in re.findall(r"<svg.*?</svg>", PAGE, re.S)]
    for drawing in drawings:
        assert drawing.get("aria-label") or drawing.get("aria-hidden") == "true", ElementTree.tostring(drawing)
    kinds = [drawing.get("class", "chart") for drawing in drawings if drawing.get("aria-label")]
    models = len(set(re.findall(r'<th scope="row" class="model">(.*?)</th>', PAGE)))
    assert kinds.count("lanes") == kinds.count("flight") == models > 10, kinds
    assert kinds.count("chart") == 8, kinds


@test
def the_page_fetches_nothing_and_runs_nothing():
    for part in ("http:", "https:", "<script", "src=", "url(", "@import", "<link", "javascript:"):
        assert part not in PAGE, part


@test
def the_tables_have_captions_and_their_headings_a_scope():
    assert PAGE.count("<main>") == 1 and PAGE.count("<table>") == PAGE.count("<table><caption>") == 4
    headings = re.findall(r"<th\b[^>]*>", PAGE)
    assert headings and all('scope="col"' in heading or 'scope="row"' in heading for heading in headings), headings
    rows = re.findall(r"<tr>(.*?)</tr>", PAGE, re.S)
    for row in rows:
        assert row.startswith("<th scope="), row


MEASURE = """<script>
const results = [], frames = [...document.querySelectorAll('iframe')];
function parts(colour) { return colour.match(/[0-9.]+/g).map(Number).slice(0, 3); }
function luminance(colour) {
  const [r, g, b] = parts(colour).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); }
function measure(frame) {
  const page = frame.contentDocument, view = frame.contentWindow, style = element => view.getComputedStyle(element);
  const outside = [];
  let smallest = 1000, least = 1000;
  for (const svg of page.querySelectorAll('svg')) {
    const box = svg.viewBox.baseVal, scale = svg.getBoundingClientRect().width / box.width;
    const back = style(svg.closest('figure')).backgroundColor;
    for (const text of svg.querySelectorAll('text')) {
      const place = text.getBBox();
      if (place.x < -1 || place.y < -1 || place.x + place.width > box.width + 1 || place.y + place.height > box.height + 1) outside.push(text.textContent);
      smallest = Math.min(smallest, parseFloat(style(text).fontSize) * scale);
      least = Math.min(least, contrast(style(text).fill, back));
    }
  }
  for (const text of page.querySelectorAll('p, li, td, th, dt, dd, h1, h2')) least = Math.min(least, contrast(style(text).color, style(page.body).backgroundColor));
  let outline = 1000;
  const figure = page.querySelector('.charts figure');
  const drawn = '.hollow, .unranked, .curve, .trail, .area, .bar, .run, .cell, .error, .fill, .best';
  for (const shape of page.querySelectorAll(drawn)) {
    const {stroke, fill, opacity} = style(shape), seen = stroke !== 'none' ? stroke : fill;
    if (opacity === '1') outline = Math.min(outline, contrast(seen, style(figure).backgroundColor));
  }
  for (const box of page.querySelectorAll('figure')) {
    if (style(box).borderTopWidth !== '0px') outline = Math.min(outline, contrast(style(box).borderTopColor, style(page.body).backgroundColor));
  }
  const touching = [];
  for (const labels of [...page.querySelectorAll('svg')].map(svg => svg.querySelectorAll('.tick')).concat([...page.querySelectorAll('.ticks')].map(ticks => ticks.children))) {
    const boxes = [...labels].map(label => [label.getBoundingClientRect(), label.textContent]);
    for (const [a, text] of boxes) for (const [b, other] of boxes) {
      if (a !== b && a.left < b.right && b.left < a.right && a.top < b.bottom - 2 && b.top < a.bottom - 2) touching.push([text, other]);
    }
  }
  const charts = page.querySelector('.charts').getBoundingClientRect(), rows = new Map();
  for (const chart of page.querySelectorAll('.charts > figure')) {
    const box = chart.getBoundingClientRect();
    const row = rows.get(box.top) || {right: 0, heights: new Set()};
    rows.set(box.top, {right: Math.max(row.right, box.right), heights: row.heights.add(Math.round(box.height))});
  }
  const holes = [...rows.values()].filter(row => row.heights.size !== 1 || Math.abs(row.right - charts.right) > 1).length;
  const scrolled = [...page.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth + 1 || style(box).overflowX !== 'visible').length;
  const cut = [...page.querySelectorAll('.charts > figure, .model-lanes, tr')].filter(box => style(box).breakInside !== 'avoid').length;
  return {outline, touching, holes, scrolled, cut, width: view.innerWidth, scroll: page.documentElement.scrollWidth, dark: view.matchMedia('(prefers-color-scheme: dark)').matches,
          background: style(page.body).backgroundColor, outside, smallest, least};
}
window.addEventListener('load', () => {
  const measured = document.createElement('pre');
  measured.id = 'measured';
  measured.textContent = JSON.stringify(frames.map(measure));
  document.body.append(measured);
});
</script>"""


def printed(page):
    """The page with the styles of paper on the screen."""
    assert page.count("@media print {") == 1
    return page.replace("@media print {", "@media all {").replace("@media screen and", "@media print and")


def measured(chromium, dark, page, widths):
    """Measures the page in Chromium, in frames of these widths."""
    with tempfile.TemporaryDirectory() as folder:
        wrapper = os.path.join(folder, "wrapper.html")
        frames = "".join(f'<iframe style="width:{width}px;height:3000px;border:0" srcdoc="{html.escape(page)}"></iframe>' for width in widths)
        with open(wrapper, "w") as file:
            file.write(f'<!DOCTYPE html><meta charset="utf-8"><html><body>{frames}{MEASURE}</body></html>')
        done = subprocess.run(
            [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
             f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--user-data-dir=" + os.path.join(folder, "user"),
             "--window-size=1300,3000", "--virtual-time-budget=5000", "--dump-dom", "file://" + wrapper],
            capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        assert "CONSOLE" not in done.stderr, done.stderr
        found = re.search(r'<pre id="measured">(.*?)</pre>', done.stdout, re.S)
        assert found, (done.stdout[-2000:], done.stderr[-2000:])
        return json.loads(html.unescape(found[1]))


def find_chromium():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("skipped: compare_page.py lacks the program chromium")
        sys.exit(SKIPPED)
    return chromium


def check_drawings(frame):
    assert frame["outside"] == [] and frame["touching"] == [], frame
    assert frame["outline"] >= MIN_OUTLINE_CONTRAST, frame
    assert frame["holes"] == 0 and frame["cut"] == 0, frame
    assert frame["least"] >= MIN_CONTRAST, frame


@test
def chromium_shows_it_on_a_phone_and_on_a_screen_in_light_and_in_dark():
    chromium = find_chromium()
    backgrounds = set()
    for dark in (False, True):
        frames = measured(chromium, dark, PAGE, (390, 1200))
        assert [frame["width"] for frame in frames] == [390, 1200], frames
        for frame in frames:
            assert frame["scroll"] <= frame["width"], frame
            assert frame["smallest"] >= MIN_TEXT_PX, frame
            check_drawings(frame)
            assert frame["dark"] is dark, frame
            backgrounds.add(frame["background"])
    assert len(backgrounds) == 2, backgrounds


@test
def on_paper_it_is_light_and_no_table_scrolls():
    for dark in (False, True):
        frame, = measured(find_chromium(), dark, printed(PAGE), (PAPER_PX,))
        assert frame["scroll"] <= frame["width"] and frame["scrolled"] == 0, frame
        assert frame["background"] == "rgb(255, 255, 255)", frame
        check_drawings(frame)


if __name__ == "__main__":
    PAGE = make_page()
    run_tests(globals())
