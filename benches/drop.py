"""Drops one directory of small files on the page of hivesum and on that of copyparty, in turn, in one Chromium.

Measured from the drop to the page's word that every file is done; for hivesum also how long its thread was blocked at
most (long tasks, which the browser reports from 50 ms on). Then one large file: on hivesum's page, which asks for BLAKE3
and SHA-256, and on a page that sends it to a server which drops what it gets, its transport. Run by drop.sh.
"""

import argparse
import socket
import statistics
import threading

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

# Long tasks of this document since it was opened, in milliseconds.
WATCH = """
window.__long = [];
new PerformanceObserver((list) => __long.push(...list.getEntries().map((task) => task.duration)))
    .observe({ type: 'longtask' });
"""
PLACE = """
const box = document.querySelector(arguments[0]).getBoundingClientRect();
return [box.x + box.width / 2, box.y + Math.min(box.height, innerHeight - box.y) * arguments[1]];
"""
# The longest that either may take.
MOST_SECONDS = 600


def open_browser(args):
    options = webdriver.ChromeOptions()
    options.binary_location = args.chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,900"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(args.chromedriver))
    driver.set_script_timeout(MOST_SECONDS)
    return driver


def drop(driver, selector, down, path):
    """Drops the path on an element, as a file manager does, so far down as this part of its height."""
    x, y = driver.execute_script(PLACE, selector, down)
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [path], "dragOperationsMask": 1}
        driver.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})


def wait_for(driver, condition):
    """Waits within the page, so that asking costs it one short task per 20 ms."""
    script = """
    const [condition, done] = arguments;
    const holds = new Function(`return ${condition}`);
    const timer = setInterval(() => { if (holds()) { clearInterval(timer); done(performance.now()); } }, 20);
    """
    return driver.execute_async_script(script, condition)


def hivesum(args, _run):
    driver = open_browser(args)
    try:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        driver.get(args.hivesum)
        wait_for(driver, "document.querySelector('[data-testid=drop-zone]')")
        driver.execute_script("__long.length = 0")
        begin = driver.execute_script("return performance.now()")
        drop(driver, "[data-testid=drop-zone]", 0.5, args.directory)
        said = f"{args.files:,} files hashed"
        end = wait_for(driver, f"document.querySelector('[data-testid=queue-headline]')?.textContent.startsWith('{said}')")
        tasks = driver.execute_script("return __long")
        return (end - begin) / 1000, max(tasks, default=0)
    finally:
        driver.quit()


def copyparty(args, run):
    driver = open_browser(args)
    try:
        # Each upload goes to a folder of its own.
        folder = f"{args.copyparty}/{run}/"
        driver.get(folder)
        # Its uploader starts by itself, without a question before it.
        driver.execute_script("localStorage.setItem('ask_up', '0')")
        driver.get(folder)
        wait_for(driver, "window.up2k?.gotallfiles")
        begin = driver.execute_script("return performance.now()")
        # While something is dragged, its upper part takes uploads and its lower part searches.
        drop(driver, "html", 0.25, args.directory)
        end = wait_for(driver, f"up2k.ui.ctr.ok === {args.files}")
        return (end - begin) / 1000, 0
    finally:
        driver.quit()


SINK_PAGE = b"""<!doctype html><title>sink</title><body style="height:100vh" ondragover="event.preventDefault()" ondrop="
event.preventDefault();
fetch('/', { method: 'POST', body: event.dataTransfer.files[0] }).then(() => { window.isDone = true; });
">"""


def sink():
    """A server that reads each body to its end and drops it, one thread per connection; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        into, pending = bytearray(1 << 20), b""
        with connection:
            while more := connection.recv(1 << 16):
                pending += more
                if b"\r\n\r\n" not in pending:
                    continue
                head, _, pending = pending.partition(b"\r\n\r\n")
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
                left = int(fields.get(b"content-length", 0)) - len(pending)
                while left > 0:
                    left -= connection.recv_into(into)
                pending = b""
                answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
                connection.sendall(answer % len(SINK_PAGE) + SINK_PAGE)

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def drop_large(args, url, selector, is_done):
    driver = open_browser(args)
    try:
        driver.get(url)
        wait_for(driver, f"document.querySelector('{selector}')")
        begin = driver.execute_script("return performance.now()")
        drop(driver, selector, 0.5, args.large)
        return (wait_for(driver, is_done) - begin) / 1000
    finally:
        driver.quit()


def compare_with_transport(args):
    hashed = "document.querySelector('[data-testid=queue-headline]')?.textContent.startsWith('1 file hashed')"
    sides = {
        "hivesum": lambda: drop_large(args, args.hivesum, "[data-testid=drop-zone]", hashed),
        "transport": lambda: drop_large(args, transport, "body", "window.isDone"),
    }
    transport, ratios = sink(), []
    for run in range(args.runs):
        took = {name: sides[name]() for name in (sides if run % 2 == 0 else reversed(sides))}
        ratios.append(took["hivesum"] / took["transport"])
        print(f"one file: hivesum {took['hivesum']:.2f} s  transport {took['transport']:.2f} s  {ratios[-1]:.3f}", flush=True)
    print(f"hivesum / transport, median of {args.runs} pairs: {statistics.median(ratios):.3f}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("hivesum", "copyparty", "directory", "large", "chromium", "chromedriver"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--files", type=int, required=True)
    parser.add_argument("--runs", type=int, required=True)
    args = parser.parse_args()
    if args.files == 0:
        return compare_with_transport(args)
    ratios = []
    for run in range(args.runs):
        # The order changes, so that neither always follows the other.
        sides = (hivesum, copyparty) if run % 2 == 0 else (copyparty, hivesum)
        took = {side: side(args, run) for side in sides}
        ours, blocked = took[hivesum]
        theirs, _ = took[copyparty]
        ratios.append(ours / theirs)
        print(f"hivesum {ours:.2f} s (longest task {blocked:.0f} ms)  copyparty {theirs:.2f} s  {ratios[-1]:.3f}", flush=True)
    print(f"hivesum / copyparty, median of {args.runs} pairs: {statistics.median(ratios):.3f}")
    compare_with_transport(args)


main()
