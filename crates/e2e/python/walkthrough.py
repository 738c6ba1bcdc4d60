"""走一遍 — the walkthrough on the command line, from a judgement to the reopened false close-out: every command as a clerk types it.

walkthrough.py PROGRAM HOME: HOME is a demonstration register (`cargo xtask demo --no-serve`); it is written to, so give a
copy. Prints each command and what came of it; ends with an error where something does not go as told."""
import atexit, json, pathlib, random, shlex, shutil, struct, subprocess, sys, tempfile, zlib

PROGRAM, HOME = sys.argv[1:3]
FILES = pathlib.Path(tempfile.mkdtemp(prefix="walkthrough-"))
atexit.register(shutil.rmtree, FILES, ignore_errors=True)
RESULT = ("厂房三座全部拆除，建筑垃圾和弃渣清运一百二十方，运到县城填埋场，坡面削成三级台地后覆土四十厘米，"
          "撒播冰草、苜蓿等本地草种，沟口砌浆砌石挡墙，看护房一并拆走，进场便道用块石封堵并立牌")
COPIED = RESULT.replace("一百二十", "六十").replace("厂房三座", "料棚两座")


def run(post, *args, code=0):
    """One command by a post; its JSON. What is refused is told on the error stream."""
    command = [PROGRAM, "--home", HOME, "--as", post, "--json", *map(str, args)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    print("$ qingshan --as", post, shlex.join(map(str, args)).replace(str(FILES), "…"), flush=True)
    if done.returncode != code:
        sys.exit(f"ended with {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout or done.stderr)


def told(text):
    print("   →", text, flush=True)


def is_so(holds, what):
    if not holds:
        sys.exit(f"not so: {what}")
    told(what)


def picture(name, seed):
    """A PNG of coarse squares that no other seed draws."""
    draw = random.Random(seed)
    squares = [[bytes(draw.randrange(256) for _ in range(3)) for _ in range(12)] for _ in range(9)]
    rows = b"".join((b"\0" + b"".join(c * 20 for c in line)) * 20 for line in squares)
    part = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 240, 180, 8, 2, 0, 0, 0)
    path = FILES / name
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))
    return path


class Issue:
    """An issue on its way, and who has a hand in it."""

    def __init__(self, site, unit, on="2019-08-20", reopens=()):
        self.site = site
        opened = run("office", "issues", "open", site["code"], "--unit", unit, "--description", "未经批准建设，破坏植被",
                     "--due", "2019-12-31" if not reopens else "2020-12-31", "--on", on, *reopens)
        self.id, self.code = opened["issue_id"], opened["issue_code"]
        told(f"{self.code} {opened['state_label']}")

    def page(self):
        return run("office", "issues", "show", self.code)

    def act(self, post, kind, on, body, code=0):
        path = FILES / "登记.json"
        path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
        return run(post, "issues", "act", self.code, kind, "--body", path, "--on", on, code=code)

    def attach(self, path):
        return run(self.site["head"], "issues", "attach", self.site["code"], path)[0]["sha256"]

    def plan_and_begin(self):
        amount = lambda measure, value: [{"measure": measure, "value": value}]
        drafted = self.act(self.site["head"], "plan.drafted", "2019-08-21", {
            "target": "拆除设施，恢复植被", "disposal": ["restore"], "due_on": "2019-10-31", "budget_10k_yuan": 12.5,
            "assessment_report": "演示评估〔2019〕1号", "measures": [
                {"sequence": 1, "content": "拆除设施", "quantities": amount("demolished_m2", 120)},
                {"sequence": 2, "content": "覆土植树", "quantities": amount("planted_trees", 300)}]})
        self.act("bureau_leader", "plan.reviewed", "2019-08-22", {
            "plan": drafted["entry_id"], "result": "approved", "reviewed_on": "2019-08-22", "reviewers": signed("审核", 2),
            "document_number": "演示审〔2019〕1号"})
        self.act(self.site["head"], "rectification.started", "2019-08-23", {"started_on": "2019-08-23"})

    def report(self, before, after, text):
        self.act(self.site["head"], "progress.reported", "2019-09-01", {
            "measure": 1, "to_on": "2019-09-01", "text": "拆除完毕", "evidence": [after],
            "quantities": [{"measure": "demolished_m2", "value": 120}], "spent_10k_yuan": 4.2})
        for line in self.page()["checklist"]:
            self.act(self.site["head"], "completion.evidenced", "2019-09-08", {
                "line": line["line"], "statement": f"{line['label']}已落实", "evidence": [after],
                "value": (line.get("values") or [None])[0]})
        done = lambda n: {"sequence": n, "done_on": "2019-09-09", "evidence": [after]}
        self.act(self.site["head"], "rectification.reported", "2019-09-10", {
            "completed_on": "2019-09-09", "result_text": text, "measures": [done(1), done(2)],
            "restored_area_m2": round(self.site["area_m2"] * 0.9), "photo_pairs": [{"before": before, "after": after, "before_azimuth_deg": 350, "after_azimuth_deg": 4}]})

    def accept(self, post, level, on, code=0):
        checks = [{"line": line["line"], "is_met": True} for line in self.page()["checklist"]]
        return self.act(post, "acceptance.recorded", on, {
            "level": level, "result": "passed", "inspected_on": on, "units": ["生态环境局", "林草局"],
            "methods": ["papers", "on_site"], "members": signed(level, 3), "checks": checks,
            "document_number": f"演示验〔2019〕{level}号"}, code=code)


def signed(level, count):
    return [{"post": f"{level}验收人{n}", "unit": f"{level}单位{n}"} for n in range(1, count + 1)]


def codes_in(value):
    if isinstance(value, dict):
        found = [value["code"]] if isinstance(value.get("code"), str) else []
        return found + [c for v in value.values() for c in codes_in(v)]
    return [c for v in value for c in codes_in(v)] if isinstance(value, list) else []


def decided(used):
    """A site with an issue found on the spot; looked at again with photos, judged by the rules, decided upon."""
    for judged in run("office", "judge", "--all", "--as-of", "2019-08-19"):
        zones = [f for f in judged["sheet"]["facts"] if f["name"] == "zone" and f["value"] != "outside"]
        if judged["state"] != "verified_with_issue" or judged["sheet"].get("table") != "tourism" or not zones:
            continue
        dossier = run("office", "sites", judged["site_code"])
        code, facts = dossier["site_code"], dossier["facts"]
        if code in used or not isinstance(dossier["claims"].get("permits_text"), list) or not facts.get("shape") or (facts.get("area_m2") or 0) < 300:
            continue
        site = {"code": code, "head": f"station_head@{facts['station_id']}", "lead": f"area_lead@{facts['station_id']}", "shape": facts["shape"],
                "area_m2": facts["area_m2"]}
        photos = [a for n in ("远景", "近景") for a in ("--evidence", picture(f"{code}-{n}.png", code + n))]
        run("office", "verify", code, "--conclusion", "issue_violation", "--on", "2019-08-19", "--team", "站长,护林员",
            "--effect", "slight", "--position", f"{facts['lon']},{facts['lat']}", *photos,
            "--fact", "built=2012", "--fact", "approvals=none", "--fact", "consistent=y")
        judged = run("office", "judge", "--site", code, "--as-of", "2019-08-19")
        proposal = judged["proposal"]
        told(f"{code} {judged['facility_name']}：拟判 {proposal['verdict']}（{proposal['severity']} 类），处置 {'、'.join(proposal['disposal'])}")
        run("office", "characterize", code, "--accept", "--signed", "包抓领导", "--on", "2019-08-19")
        return site
    sys.exit("no site is left that can be decided on")


def main():
    print("一、性质判别，立账，方案，整改，举证，报告")
    first = decided(set())
    issue = Issue(first, "演示旅游开发公司")
    issue.plan_and_begin()
    urged = issue.act("office", "urging.issued", "2019-09-02", {
        "rung": "phone", "issued_by": "领导小组办公室", "issued_on": "2019-09-02", "to_unit": "演示旅游开发公司",
        "text": "电话催办：请于9月10日前报告整改情况", "receipt": "接话人：项目负责人"})
    issue.act(first["head"], "urging.answered", "2019-09-03", {"urging": urged["entry_id"], "answered_on": "2019-09-03", "text": "正在清运，9月10日前报告"})
    before, after = issue.attach(picture("整改前.png", 1)), issue.attach(picture("整改后.png", 2))
    issue.report(before, after, RESULT)

    print("二、自验、县级验收、市级认定、公示、省级备案、销号")
    issue.accept(first["lead"], "self", "2019-09-12")
    issue.accept("office", "county", "2019-09-16")
    issue.accept("city", "city", "2019-09-20")
    shot = issue.attach(picture("公示截图.png", 3))
    issue.act("city", "notice.published", "2019-09-25", {
        "title": "销号公示", "started_on": "2019-09-25", "ended_on": "2019-10-12", "working_days": 10, "channel": "政府网站", "evidence": [shot]})
    issue.accept("province", "province", "2019-10-15")
    issue.act("bureau_leader", "close_out.recorded", "2019-10-16", {
        "number": "演示销〔2019〕1号", "reason": "rectified", "reason_text": "逐条落实，验收通过", "closed_on": "2019-10-16",
        "document_number": "演示平环〔2019〕16号", "signatures": signed("销号", 2)})
    closed = issue.page()
    is_so(closed["state"] == "closed_out", f"{issue.code} {closed['state_label']}")

    print("三、照搬的整改：换了名称和数字的同一段文字、同一张照片，验收时被发现")
    second = decided({first["code"]})
    copy = Issue(second, "演示建材有限公司")
    copy.plan_and_begin()
    own = copy.attach(picture("原貌.png", 4))
    taken = copy.attach(FILES / "整改后.png")
    copy.report(own, taken, COPIED)
    copy.accept(second["lead"], "self", "2019-09-12")
    refused = copy.accept("office", "county", "2019-09-16", code=1)
    is_so("rectify.no_suspicion" in codes_in(refused), "县级验收不通过：有重大疑点未判定")
    found = run("discipline", "suspicions", "list", "--site", second["code"])["items"]
    kinds = {s["suspicion"]: s for s in found}
    is_so({"reused_photo", "copied_text"} <= set(kinds), "疑点：" + "、".join(sorted(s["suspicion_label"] for s in found)))
    copy.act("discipline", "suspicion.judged", "2019-09-18", {"suspicion": kinds["reused_photo"]["entry_id"], "verdict": "fake", "reason": "整改后照片取自另一点位"})
    refused = copy.accept("office", "county", "2019-09-19", code=1)
    is_so("issue.step_refused" in codes_in(refused), "认定虚假整改的，不予验收")

    print("四、其后一批影像落在已销号点位：自动登记复发疑似，判定，重新立账")
    patch = {"type": "Feature", "geometry": first["shape"], "properties": {
        "图斑编号": "演示-复发-0001", "监测批次": "演示2020年第1期", "活动类型": "旅游设施", "变化类型": "新增", "前时相": "2019-10-20", "后时相": "2020-03-02"}}
    batch = FILES / "演示数据-后期遥感监测图斑.geojson"
    batch.write_text(json.dumps({"type": "FeatureCollection", "features": [patch]}, ensure_ascii=False), encoding="utf-8")
    run("office", "import", "patches", batch, "--received-on", "2020-04-01", "--crs", "CGCS2000", "--yes")
    page = issue.page()
    relapses = page["issue"]["relapses"]
    is_so(len(relapses) == 1, "复发疑似：" + relapses[0]["recorded"]["reason"])
    is_so(page["people"][relapses[0]["recorded"]["actor"]] == "系统自动", "登记人：系统自动")
    issue.act("city", "relapse.judged", "2020-04-07", {"suspicion": relapses[0]["recorded"]["entry_id"], "verdict": "false_rectification", "reason": "影像与验收结论不符"})
    is_so(issue.page()["state"] == "relapsed", f"{issue.code} 反弹")
    fresh = Issue(first, "演示旅游开发公司", "2020-04-08", ("--reopens", issue.id))
    marked = issue.page()["issue"]["reopened_by"]
    is_so(marked == fresh.id and fresh.page()["issue"]["opened"]["reopens"] == issue.id, f"{fresh.code} 接续 {issue.code}，原销号已标注")
    verified = run("operator", "log", "verify")
    is_so(not verified["faults"], f"存证日志 {verified['size']} 条，根哈希 {verified['root_hash'][:16]}…，核验无误")


main()
