"""Serving 10^6 outlined sites, measured from outside, the peers beside it in the same rounds.

serving.py PROGRAM HOME FOLDER [--harness DIR --peers A,B] [--rounds N] [--secs N] [--issues]: HOME is a demonstration register filled by
`qingshan bench sites --from`; FOLDER holds the harness's request lists (tiles_Z.txt, bbox.txt). Ours stays up from end to
end, a peer is started for its turn. Prints JSON lines, one a measurement: peer, kind, conns, requests, p50_ms, p99_ms,
cpu_ms_per_request (of the server's processes and, for those over a database, the database's), kb_per_request; at the end
the medians of the rounds."""
import argparse, datetime, http.client, json, os, pathlib, random, signal, socket, statistics, subprocess, sys, tempfile, threading, time, types, urllib.parse

parser = argparse.ArgumentParser()
for name in ("program", "home", "folder"):
    parser.add_argument(name)
parser.add_argument("--harness")
parser.add_argument("--peers", default="")
parser.add_argument("--rounds", type=int, default=1)
parser.add_argument("--secs", type=float, default=4)
parser.add_argument("--only", default="")
parser.add_argument("--issues", action="store_true", help="pages over issues too")
ASKED = parser.parse_args()
PROGRAM, HOME, FOLDER, SECS = ASKED.program, ASKED.home, ASKED.folder, ASKED.secs
PORT, PEER_PORT = 18432, 18431
ZOOMS = (6, 8, 10, 12, 14)
MEASURED = []
PASSWORD = "松林-石窟-3-号棚"
TICK = os.sysconf("SC_CLK_TCK")


def run(*args):
    told = subprocess.run([PROGRAM, "--home", HOME, "--json", *args], capture_output=True, text=True, check=True)
    return json.loads(told.stdout)


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_mb(pid):
    line = [l for l in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if l.startswith("VmRSS")][0]
    return round(int(line.split()[1]) / 1024, 1)


class Client:
    def __init__(self):
        self.http = http.client.HTTPConnection("127.0.0.1", PORT, timeout=300)
        self.headers = {}

    def send(self, method, path, body=None):
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.http.request(method, path, body and json.dumps(body), headers)
        answer = self.http.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {content[:200]}")
        return answer, content

    def log_in(self, password):
        answer, content = self.send("POST", "/api/v1/session", {"login": "cesu", "password": password})
        self.headers = {"Cookie": answer.getheader("set-cookie").split(";")[0], "X-CSRF-Token": json.loads(content)["csrf_token"]}


def token_of(client):
    kept = pathlib.Path(HOME) / "bench-token"
    if kept.exists():
        return kept.read_text()
    once = run("people", "add", "cesu", "测速", "--post", "office")["one_time_password"]
    client.log_in(once)
    client.send("POST", "/api/v1/session/password", {"old": once, "new": PASSWORD})
    client.log_in(PASSWORD)
    until = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()
    _, content = client.send("POST", "/api/v1/tokens", {"name": "bench", "scope": "read", "expires_on": until})
    secret = json.loads(content)["secret"]
    kept.write_text(secret)
    return secret


def tell(**row):
    MEASURED.append(row)
    print(json.dumps(row), flush=True)


def lines(name):
    return open(os.path.join(FOLDER, name)).read().split()


def is_wanted(kind):
    return not ASKED.only or any(part in kind for part in ASKED.only.split(","))


def measure(pid, client, kind, paths, secs=SECS):
    """The paths over and over, by one client that waits for each answer."""
    if not is_wanted(kind):
        return
    took, size, at = [], 0, 0
    client.send("GET", paths[-1])
    cpu, began = cpu_s(pid), time.perf_counter()
    while time.perf_counter() - began < secs or at < 3:
        t = time.perf_counter()
        _, content = client.send("GET", paths[at % len(paths)])
        took.append(time.perf_counter() - t)
        size += len(content)
        at += 1
    cpu = cpu_s(pid) - cpu
    took.sort()
    q = lambda p: round(took[min(len(took) - 1, int(p * len(took)))] * 1e3, 3)
    tell(peer="qingshan", kind=kind, conns=1, requests=at, p50_ms=q(.5), p99_ms=q(.99), cpu_ms_per_request=round(cpu / at * 1e3, 3),
         kb_per_request=round(size / at / 1024, 1))


def press(w4, pid, kind, paths, conns, is_cold=False):
    """The paths by the harness's load generator."""
    if not is_wanted(kind):
        return
    cpu = w4.tree_cpu(pid)
    got = w4.wrk(PORT, paths, int(SECS), conns)
    cpu = w4.tree_cpu(pid) - cpu
    requests = max(1, got.get("requests", 1))
    if is_cold and requests > len(paths):
        raise SystemExit(f"{kind}: {requests} requests for {len(paths)} addresses: some were kept")
    tell(peer="qingshan", kind=kind, conns=conns, requests=requests, rps=round(requests / got.get("secs", 1), 1), p50_ms=got.get("p50_ms"),
         p99_ms=got.get("p99_ms"), cpu_ms_per_request=round(cpu / requests * 1e3, 3), kb_per_request=round(got.get("bytes", 0) / requests / 1024, 1),
         errors=got.get("errors", got.get("error")))


def press_as(w4, pid, token, kind, paths, conns=8):
    """The same for addresses that take the token in a header alone."""
    if not is_wanted(kind):
        return
    with tempfile.NamedTemporaryFile("w") as asked:
        asked.write("\n".join(paths) + "\n")
        asked.flush()
        how = ["wrk", "-t1", f"-c{conns}", f"-d{int(SECS)}s", "--timeout", "60s", "-s", os.path.join(ASKED.harness, "wrk_list.lua")]
        cpu = w4.tree_cpu(pid)
        told = subprocess.run([*how, "-H", f"Authorization: Bearer {token}", f"http://127.0.0.1:{PORT}"],
                              env=dict(os.environ, BENCH_PATHS=asked.name), capture_output=True, text=True, check=True)
        cpu = w4.tree_cpu(pid) - cpu
    got = json.loads([line for line in told.stdout.splitlines() if line.startswith("{")][-1])
    requests = max(1, got["requests"])
    tell(peer="qingshan", kind=kind, conns=conns, requests=requests, rps=round(requests / got["secs"], 1), p50_ms=got["p50_ms"],
         p99_ms=got["p99_ms"], cpu_ms_per_request=round(cpu / requests * 1e3, 3), kb_per_request=round(got["bytes"] / requests / 1024, 1),
         errors=got["errors"])


def crowd(pid, client, kind, paths, conns=8, secs=SECS):
    """The paths by so many clients at once; how long the server took is its own word, from its log."""
    if not is_wanted(kind):
        return
    log = pathlib.Path(HOME) / "serve.log"
    client.send("GET", paths[-1])
    time.sleep(.1)
    start, cpu, until = log.stat().st_size, cpu_s(pid), time.perf_counter() + secs
    sizes, failed = [], []

    def ask(first):
        own, at = Client(), first
        own.headers = client.headers
        try:
            while time.perf_counter() < until:
                _, content = own.send("GET", paths[at % len(paths)])
                sizes.append(len(content))
                at += conns
        except (SystemExit, OSError, http.client.HTTPException) as fault:
            # A thread that ends tells nobody why.
            failed.append(fault)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(conns)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    cpu = cpu_s(pid) - cpu
    # The log is written a little after the answers.
    time.sleep(.1)
    with open(log, "rb") as lines_told:
        lines_told.seek(start)
        told = [json.loads(line) for line in lines_told if line.startswith(b"{")]
    took = sorted(line["duration_us"] / 1e3 for line in told if line.get("message") == "request")
    q = lambda p: round(took[min(len(took) - 1, int(p * len(took)))], 3)
    tell(peer="qingshan", kind=kind, conns=conns, requests=len(sizes), p50_ms=q(.5), p95_ms=q(.95), p99_ms=q(.99),
         cpu_ms_per_request=round(cpu / len(sizes) * 1e3, 3), kb_per_request=round(sum(sizes) / len(sizes) / 1024, 1))


def issues(server, client):
    """Pages over the issues that `qingshan bench issues` opened; lists by another unit or kind of work with every request."""
    _, content = client.send("GET", "/api/v1/worklist")
    kinds = [group["kind"] for group in json.loads(content)["groups"]]
    crowd(server.pid, client, "worklist", ["/api/v1/worklist"] + [f"/api/v1/worklist?kind={kind}" for kind in kinds])
    units = ["responsible_unit=" + urllib.parse.quote(f"演示单位{n}") for n in range(97)]
    crowd(server.pid, client, "issues_all", ["/api/v1/issues", "/api/v1/issues?sort=-opened_on&limit=100"])
    overdue = "/api/v1/issues?overdue=yes"
    crowd(server.pid, client, "issues_overdue", [overdue] + [f"{overdue}&{unit}" for unit in units])
    crowd(server.pid, client, "issues_by_unit", [f"/api/v1/issues?{unit}" for unit in units])
    crowd(server.pid, client, "duties", ["/api/v1/duties", "/api/v1/duties?overdue=yes", "/api/v1/duties?limit=200"])
    # What nobody asked for before, as after every entry of the log: each address is another page length and order.
    pages = [f"limit={limit}" for limit in range(10, 400)]
    orders = ("due_on", "-due_on", "opened_on", "-opened_on", "state", "responsible_unit", "issue_code")
    sorted_pages = [f"sort={order}&{page}" for page in pages for order in orders]
    afresh = lambda path, asks: [f"{path}{'&' if '?' in path else '?'}{ask}" for ask in asks]
    crowd(server.pid, client, "worklist_afresh", afresh("/api/v1/worklist", pages))
    crowd(server.pid, client, "issues_afresh", afresh("/api/v1/issues", sorted_pages))
    crowd(server.pid, client, "overdue_afresh", afresh("/api/v1/issues?overdue=yes", sorted_pages))
    crowd(server.pid, client, "duties_afresh", afresh("/api/v1/duties", [f"{page}{more}" for page in pages for more in ("", "&overdue=yes")]))
    crowd(server.pid, client, "urging", ["/api/v1/urging"])
    crowd(server.pid, client, "issue_statistics", ["/api/v1/issues/statistics"])
    crowd(server.pid, client, "work_items", ["/api/v1/work-items"])
    crowd(server.pid, client, "dashboard_crowd", ["/api/v1/dashboard"])


def ours(server, client, token, w4, number):
    """One turn of ours. A tile is cold while nobody asked for it before: each of these addresses is asked for once."""
    if w4:
        for zoom in ZOOMS:
            tiles = [f"/api/v1/tiles/sites/{t}.mvt?token={token}" for t in lines(f"tiles_{zoom}.txt")]
            fresh = 500
            # More requests than the seconds allow; at eight connections the list begins anew with other addresses.
            for conns in (1, 8):
                mark = f"&n={number}-{conns}-"
                paths = [f"{t}{mark}{turn}" for turn in range(fresh) for t in tiles]
                press(w4, server.pid, f"tile_z{zoom}", paths, conns, is_cold=True)
                for tile in dict.fromkeys(tiles):
                    client.send("GET", tile)
                press(w4, server.pid, f"kept_z{zoom}", tiles, conns)
        boxes = [f"/ogc/collections/sites/items?f=json&limit=1000&bbox={b}&token={token}" for b in lines("bbox.txt")]
        for conns in (1, 8):
            press(w4, server.pid, "items_bbox_1000", boxes, conns)
    by = "/api/v1/counts?by=zone,activity,state"
    spans = [range(first, first + 301) for first in range(0, 3_000, 37)]
    wanted = [urllib.parse.quote(",".join(f"r{n}" for n in span)) for span in spans]
    draw = random.Random(number)
    pages = [f"/api/v1/ledgers/sites?limit=100&offset={draw.randrange(999_900)}" for _ in range(200)]
    for kind, paths in (
        ("stats_all", [by]),
        ("stats_filtered", [f"{by}&station={stations}" for stations in wanted]),
        ("ledger_page_first", ["/api/v1/ledgers/sites?limit=100"]),
        ("ledger_page_anywhere", pages),
        ("site_list_first", ["/api/v1/sites?limit=50"]),
        ("dashboard", ["/api/v1/dashboard"]),
    ):
        measure(server.pid, client, kind, paths)
        if w4:
            press_as(w4, server.pid, token, kind, paths)


def peer(w4, name):
    """One turn of a peer, by the harness's own means; columnar engines answer statistics in their own process."""
    if name in ("polars", "duckdb", "sqlite"):
        python = os.environ.get("BENCH_PY_DUCK", sys.executable) if name == "duckdb" else sys.executable
        script = os.path.join(ASKED.harness, "peers/w4_stats.py")
        told = subprocess.run([python, script, FOLDER, name], capture_output=True, text=True)
        if told.returncode:
            print(json.dumps(dict(peer=name, error=told.stderr[-300:])), flush=True)
        for line in told.stdout.splitlines():
            tell(**json.loads(line))
        return
    # The harness tells by its own function; here its lines are kept as well.
    w4.emit = lambda **row: tell(**row)
    if name == "postgis-direct":
        w4.pg_direct(FOLDER, dict(zooms=ZOOMS), SECS)
        return
    how = types.SimpleNamespace(port=PEER_PORT, secs=int(SECS), conns=[1, 8], zooms=ZOOMS)
    w4.serve_one(name, w4.servers(FOLDER, PEER_PORT)[name], FOLDER, how)


# Pages of a table in its order, asked of peers that tell rows. Ours are ledgers of their columns with words and headings.
PAGES = {"tipg": "/collections/public.sites_api/items?f=geojson&limit=100&sortby=pid&offset={bbox}",
         "pygeoapi-postgis": "/collections/sites/items?f=json&limit=100&sortby=pid&offset={bbox}"}


def pages_of(w4, name, number):
    """A peer's pages of 100 rows, the first one and anywhere: offsets stand where the harness reads its boxes."""
    draw = random.Random(number)
    for kind, offsets in (("ledger_page_first", [0]), ("ledger_page_anywhere", [draw.randrange(999_900) for _ in range(200)])):
        if not is_wanted(kind):
            continue
        if name == "postgis-direct":
            rows_by_sql(w4, kind, offsets)
            continue
        w4.emit = lambda **row: tell(**dict(row, kind=kind))
        spec = dict(w4.servers(FOLDER, PEER_PORT)[name], routes=dict(items=PAGES[name]))
        if name == "tipg":
            spec["env"] = dict(spec["env"], TIPG_DB_TABLES='["public.sites_api"]')
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "bbox.txt").write_text("\n".join(map(str, offsets)))
            w4.serve_one(name, spec, folder, types.SimpleNamespace(port=PEER_PORT, secs=int(SECS), conns=[1, 8], zooms=()))


def rows_by_sql(w4, kind, offsets):
    """The same over one connection of the database, without HTTP and outlines."""
    import psycopg
    sql = "select pid, category, status, found, reserve, zone, area_m2 from sites_api order by pid limit 100 offset %s"
    took, pid = [], w4.postmaster_pid()
    with psycopg.connect(w4.PG, autocommit=True) as db:
        cpu, began = w4.tree_cpu(pid), time.perf_counter()
        while time.perf_counter() - began < SECS or len(took) < 3:
            t = time.perf_counter()
            db.execute(sql, [offsets[len(took) % len(offsets)]]).fetchall()
            took.append(time.perf_counter() - t)
        cpu = w4.tree_cpu(pid) - cpu
    took.sort()
    q = lambda p: round(took[min(len(took) - 1, int(p * len(took)))] * 1e3, 3)
    tell(peer="postgis-direct", kind=kind, conns=1, requests=len(took), p50_ms=q(.5), p99_ms=q(.99),
         cpu_ms_per_request=round(cpu / len(took) * 1e3, 3))


def medians():
    told = {}
    for row in MEASURED:
        if "cpu_ms_per_request" in row:
            told.setdefault((row["kind"], row["peer"], row.get("conns", 1)), []).append(row)
    for (kind, name, conns), rows in sorted(told.items()):
        of = lambda key: statistics.median(float(r.get(key) or 0) for r in rows)
        cpu = statistics.median(r["cpu_ms_per_request"] + (r.get("db_cpu_ms_per_request") or 0) for r in rows)
        print(f"{kind:<22} {name:<18} {conns} conns  cpu {cpu:>9.3f} ms  p50 {of('p50_ms'):>9.3f}  p99 {of('p99_ms'):>9.3f}  "
              f"{of('kb_per_request'):>7.1f} KB  rss {of('rss_mb'):>7.1f} MB  rounds {len(rows)}")


def wait_until_loaded(client):
    began = time.perf_counter()
    while True:
        client.http.request("GET", "/api/v1/sites?limit=1", headers=client.headers)
        answer = client.http.getresponse()
        answer.read()
        if answer.status == 200:
            return round(time.perf_counter() - began, 1)
        if answer.status != 503:
            raise SystemExit(f"the first question: {answer.status}")
        time.sleep(1)


def main():
    w4 = None
    if ASKED.harness:
        sys.path.insert(0, ASKED.harness)
        import w4
    log = open(os.path.join(HOME, "serve.log"), "w")
    server = subprocess.Popen([PROGRAM, "--home", HOME, "serve", "--port", str(PORT)], stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", PORT), 1).close()
                break
            except OSError:
                time.sleep(.1)
        client = Client()
        token = token_of(client)
        client.headers = {"Authorization": f"Bearer {token}"}
        loaded_s = wait_until_loaded(client)
        tell(peer="qingshan", kind="start", first_answer_s=loaded_s, cpu_s=round(cpu_s(server.pid), 1), rss_mb=rss_mb(server.pid))
        for number in range(ASKED.rounds):
            print(json.dumps(dict(round=number, load_average=os.getloadavg())), flush=True)
            ours(server, client, token, w4, number)
            for name in filter(None, ASKED.peers.split(",")):
                peer(w4, name)
                if name in PAGES or name == "postgis-direct":
                    pages_of(w4, name, number)
        tell(peer="qingshan", kind="served", rss_mb=rss_mb(server.pid))
        if ASKED.issues:
            issues(server, client)
        measure(server.pid, client, "statistics_set", ["/api/v1/statistics"])
        tell(peer="qingshan", kind="end", rss_mb=rss_mb(server.pid))
        medians()
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


main()
