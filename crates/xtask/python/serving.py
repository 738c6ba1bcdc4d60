"""Serving 10^6 outlined sites, measured from outside: each answer once and cold, then over and over.

serving.py PROGRAM HOME FOLDER [--secs N]: HOME is a demonstration register filled by `qingshan bench sites --from`;
FOLDER holds the harness's request lists (tiles_Z.txt, bbox.txt). Prints JSON lines: kind, requests, cpu_ms_per_request
(server process, user and system), p50_ms, p99_ms, kb_per_request; and the address with its token for the harness's
own load generator, with --print-routes."""
import datetime, http.client, json, os, pathlib, random, signal, socket, subprocess, sys, time, urllib.parse

PROGRAM, HOME, FOLDER = sys.argv[1:4]
SECS = float(sys.argv[sys.argv.index("--secs") + 1]) if "--secs" in sys.argv else 8
PORT = 18432
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


def measure(pid, client, kind, paths, secs=None):
    """Every path once; with `secs`, over and over for so long."""
    took, size, began, at = [], 0, time.perf_counter(), 0
    cpu = cpu_s(pid)
    while (at < len(paths)) if secs is None else (time.perf_counter() - began < secs or at < 3):
        t = time.perf_counter()
        _, content = client.send("GET", paths[at % len(paths)])
        took.append(time.perf_counter() - t)
        size += len(content)
        at += 1
    cpu = cpu_s(pid) - cpu
    took.sort()
    q = lambda p: round(took[min(len(took) - 1, int(p * len(took)))] * 1e3, 3)
    print(json.dumps({"peer": "qingshan", "workload": "w4", "kind": kind, "conns": 1, "requests": at, "p50_ms": q(.5), "p99_ms": q(.99),
                      "cpu_ms_per_request": round(cpu / at * 1e3, 3), "kb_per_request": round(size / at / 1024, 1)}), flush=True)


def main():
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
        began = time.perf_counter()
        while True:
            client.http.request("GET", "/api/v1/sites?limit=1", headers=client.headers)
            answer = client.http.getresponse()
            answer.read()
            if answer.status == 200:
                break
            if answer.status != 503:
                raise SystemExit(f"the first question: {answer.status}")
            time.sleep(1)
        print(json.dumps({"peer": "qingshan", "workload": "w4", "kind": "start", "first_answer_s": round(time.perf_counter() - began, 1), "rss_mb": rss_mb(server.pid)}), flush=True)
        if "--print-routes" in sys.argv:
            return
        lines = lambda name: open(os.path.join(FOLDER, name)).read().split()
        for zoom in (6, 8, 10, 12, 14):
            tiles = list(dict.fromkeys(lines(f"tiles_{zoom}.txt")))
            paths = [f"/api/v1/tiles/sites/{t}.mvt" for t in tiles]
            measure(server.pid, client, f"tile_z{zoom}_cold", paths)
            measure(server.pid, client, f"tile_z{zoom}_kept", paths, SECS / 4)
        boxes = [f"/ogc/collections/sites/items?f=json&limit=1000&bbox={b}" for b in lines("bbox.txt")]
        measure(server.pid, client, "items_bbox_1000", boxes, SECS)
        by = "/api/v1/counts?by=zone,activity,state"
        measure(server.pid, client, "stats_all", [by], SECS / 2)
        stations = urllib.parse.quote(",".join(f"r{n}" for n in range(100, 401)))
        measure(server.pid, client, "stats_filtered", [f"{by}&station={stations}"], SECS / 2)
        draw = random.Random(4)
        measure(server.pid, client, "ledger_page_first", ["/api/v1/ledgers/sites?limit=100"], SECS / 2)
        pages = [f"/api/v1/ledgers/sites?limit=100&station=r{draw.randrange(3333)}" for _ in range(200)]
        measure(server.pid, client, "ledger_page_of_a_station", pages, SECS / 2)
        pages = [f"/api/v1/ledgers/sites?limit=100&offset={draw.randrange(999_900)}" for _ in range(200)]
        measure(server.pid, client, "ledger_page_anywhere", pages, SECS / 2)
        measure(server.pid, client, "site_list_first", ["/api/v1/sites?limit=50"], SECS / 2)
        measure(server.pid, client, "statistics_set", ["/api/v1/statistics"], SECS / 2)
        measure(server.pid, client, "dashboard", ["/api/v1/dashboard"], SECS / 2)
        print(json.dumps({"peer": "qingshan", "workload": "w4", "kind": "end", "rss_mb": rss_mb(server.pid)}), flush=True)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


main()
