// Invented people, stations and sites for the fake register; 麻武 exists so that a phone of 后河 can be shown not to hold it.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

import { png } from './pictures.mjs';

const PASSWORD = 'Qing-Shan-2019-lvdun';
export const REGISTER = { name: 'fake', reserve_code: 'R-DEMO' };
const person = (n, login, name, post, role, unit, station) => ({ person_id: `p-00000000000${n}`, login, password: PASSWORD, name, post, role, unit, station_ids: [station] });
export const PEOPLE = [
  person(1, 'houhe-1', '后河护林员甲', '护林员（后河甲）', 'ranger', '后河保护站', 'houhe'),
  person(2, 'houhe-2', '后河护林员乙', '护林员（后河乙）', 'ranger', '后河保护站', 'houhe'),
  person(3, 'mawu-1', '麻武护林员甲', '护林员（麻武甲）', 'ranger', '麻武保护站', 'mawu'),
  person(4, 'houhe-head', '后河站长', '站长（后河）', 'station_head', '后河保护站', 'houhe'),
];
const square = (lon, lat, m) => {
  const [dx, dy] = [m / 2 / 90_600, m / 2 / 111_000];
  return { type: 'Polygon', coordinates: [[[lon - dx, lat - dy], [lon + dx, lat - dy], [lon + dx, lat + dy], [lon - dx, lat + dy], [lon - dx, lat - dy]]] };
};
const RAW = [
  ['0190a000-0000-7000-8000-000000000001', 'HH-2019-001', '后河采石场', 'houhe', 106.5307, 35.5512, 'A04', 'awaiting_verification', '待核查', 'amber', '2026-11-29'],
  ['0190a000-0000-7000-8000-000000000002', 'HH-2019-002', '后河旅游步道', 'houhe', 106.5402, 35.5571, 'A06', 'in_verification', '核查中', 'green', '2026-12-20'],
  ['0190a000-0000-7000-8000-000000000003', 'HH-2019-003', '后河小水电站', 'houhe', 106.5219, 35.5466, 'A05', 'verified_with_issue', '存在问题', 'red', '2026-11-20'],
  ['0190a000-0000-7000-8000-000000000004', 'HH-2019-004', '后河养殖场', 'houhe', 106.5355, 35.5433, 'A08', 'awaiting_verification', '待核查', 'green', '2027-01-10'],
  ['0190a000-0000-7000-8000-000000000101', 'MW-2019-001', '麻武砖瓦粘土场', 'mawu', 106.4102, 35.6011, 'A04', 'awaiting_verification', '待核查', 'amber', '2026-12-01'],
  ['0190a000-0000-7000-8000-000000000102', 'MW-2019-002', '麻武停车场', 'mawu', 106.4201, 35.6092, 'A06', 'no_issue', '无问题', 'green', '2026-12-30'],
];
export const SITES = RAW.map(([site_id, site_code, name, station_id, lon, lat, activity, state, state_label, lights, due_on]) => ({ site_id, site_code, name, station_id, lon, lat, activity, state, state_label, lights, due_on, shape: square(lon, lat, 120) }));
export const siteOf = (stream) => SITES.find((s) => `site/${s.site_id}` === stream);

const zones = [
  { zone_kind: 'core', name: '核心区', shape: square(106.52, 35.55, 2600) },
  { zone_kind: 'buffer', name: '缓冲区', shape: square(106.545, 35.55, 1900) },
  { zone_kind: 'experimental', name: '实验区', shape: square(106.56, 35.56, 3200) },
];
const lists = {
  verdict: [['issue_violation', '存在问题-违法违规', '存在问题'], ['issue_unapproved', '存在问题-未批先建', '存在问题'], ['issue_unrestored', '存在问题-生态破坏未修复', '存在问题'], ['no_issue_lawful', '无问题-合法合规', '无问题'], ['outside_reserve', '不在保护区范围内（排除）', '排除'], ['undetermined', '待定（需补充材料）', '待定']],
  clue_truth: [['true', '属实'], ['partly', '部分属实'], ['false', '不属实']],
  ecological_effect: [['significant', '明显不利'], ['slight', '轻微'], ['none', '无'], ['to_be_assessed', '待评估']],
  unverified: [['no_access', '无法到达'], ['locked', '大门上锁/无人'], ['refused_entry', '不准进入'], ['danger', '危险'], ['weather', '天气'], ['boundary_unclear', '位置不清'], ['other', '其他']],
  shot: [['far', '远景'], ['near', '近景'], ['north', '北向'], ['east', '东向'], ['south', '南向'], ['west', '西向'], ['detail', '细部'], ['document', '文件'], ['sketch', '草图'], ['signature', '签名'], ['voice', '录音'], ['video', '视频']],
  patrol_kind: [['routine', '日常'], ['inspection', '稽查'], ['monitoring', '监测'], ['joint', '联合']],
  patrol_mode: [['foot', '徒步'], ['vehicle', '车辆'], ['motorcycle', '摩托'], ['boat', '船'], ['horse', '马'], ['drone', '无人机']],
  finding: [['human_activity', '人类活动'], ['fire', '火情'], ['pest', '病虫害'], ['wildlife', '野生动物'], ['facility', '设施损坏'], ['grazing', '放牧'], ['other', '其他']],
  severity: [['light', '轻'], ['medium', '中'], ['heavy', '重']],
};
const asCodes = ([code, label, group]) => ({ code, label, ...(group ? { group } : {}) });
const forms = (p) => ({
  lists: Object.fromEntries(Object.entries(lists).map(([k, v]) => [k, v.map(asCodes)])),
  people: PEOPLE.filter((o) => o.station_ids[0] === p.station_ids[0]).map(({ post, unit }) => ({ post, unit })),
  shots: [{ activities: ['A04'], required: ['far', 'near', 'north', 'east', 'south', 'west'] }],
});
/** The rule files of this repository, as the register would put them in. */
const rulesets = fileURLToPath(new URL('../../rulesets', import.meta.url));
const ruleFiles = () => Object.fromEntries(readdirSync(rulesets, { recursive: true }).map(String).filter((f) => f.endsWith('.toml')).sort().map((f) => [f.replaceAll('\\', '/'), readFileSync(join(rulesets, f), 'utf8')]));

const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');
const asTask = (s) => ({ site_id: s.site_id, site_code: s.site_code, facility_name: s.name, state: s.state, state_label: s.state_label, lights: s.lights, due_on: s.due_on, kind: s.state === 'verified_with_issue' ? 'look_back' : 'verify', lon: s.lon, lat: s.lat });
const asSite = (s) => ({ site_id: s.site_id, site_code: s.site_code, state: s.state, station_id: s.station_id, version: 17, lon: s.lon, lat: s.lat, shape: s.shape, zone_kind: 'experimental', activity_label: s.activity === 'A04' ? '采石场' : '人类活动', facts: { facility_name: s.name, activity_type_code: s.activity, area_m2: 14400, owner_name: `${s.name}业主` }, required_shots: s.activity === 'A04' ? ['far', 'near', 'north', 'east', 'south', 'west'] : ['far', 'near'], pictures: [{ sha256: sha(s.site_id), view: 'far', lon: s.lon - 0.001, lat: s.lat, azimuth_deg: 90 }], clue_shapes: [square(s.lon + 0.0004, s.lat, 90)] });
const asSheet = (s) => ({ site_id: s.site_id, as_of: '2026-11-26', table: 'T4', missing: [{ fact: 'adverse', label: '是否造成明显不利影响', asked_of: 'station', answers: [{ value: 'y', label: '是' }, { value: 'n', label: '否' }] }, { fact: 'active', label: '是否仍在生产', asked_of: 'station', answers: [{ value: 'y', label: '是' }, { value: 'n', label: '否' }] }], sheet: {} });

const RELIEF = png(64, 48).toString('base64');
const CAMERA = readFileSync(fileURLToPath(new URL('./camera.jpg', import.meta.url))).toString('base64');
/** Come once the pack can be worked with. */
const OPTIONAL = new Set(['relief', 'pictures']);

const made = new Map();
/** A pack is made once for a person and a state of what the journey turned. */
export function packFor(p, taps = {}) {
  const key = `${p.person_id} ${JSON.stringify(taps.pack ?? 0)}`;
  if (!made.has(key)) made.set(key, make(p, taps));
  return made.get(key);
}
function make(p, taps) {
  const own = SITES.filter((s) => p.station_ids.includes(s.station_id));
  const made_at = '2026-11-26T00:10:02Z';
  const contents = {
    tasks: { items: own.map(asTask) }, sites: { items: own.map(asSite) }, sheets: { items: own.map(asSheet) },
    rules: { ruleset_sha256: 'a'.repeat(64), files: ruleFiles() },
    zones: { boundary_version: '2019', sliver_m2: 10, items: zones, stations: p.station_ids.map((id) => ({ station_id: id, name: `${id}`, shape: square(own[0]?.lon ?? 106.53, own[0]?.lat ?? 35.55, 9000) })) },
    routes: { items: [{ route_id: `${p.station_ids[0]}-1`, name: '一号线', is_planned: true, shape: { type: 'LineString', coordinates: own.map((s) => [s.lon, s.lat]) } }] },
    ground: { layers: [{ name: '道路', data_source: '演示数据', review_number: '演示S(2026)001号' }], items: [{ name: '后河林道', kind: 'roads', shape: { type: 'LineString', coordinates: own.map((s) => [s.lon + 0.002, s.lat + 0.001]) } }], labels: own.slice(0, 1).map((s) => ({ text: '后河村', lon: s.lon + 0.004, lat: s.lat - 0.002 })) },
    relief: { items: [{ name: '山影', data_source: '演示数据', bbox: [106.5, 35.53, 106.56, 35.57], media_type: 'image/png', base64: RELIEF }] },
    pictures: { items: own.map((s) => ({ sha256: sha(s.site_id), jpeg: CAMERA })) },
    forms: { ...forms(p), pack: taps.pack ?? 0 },
  };
  const parts = new Map(Object.entries(contents).map(([name, body]) => {
    const bytes = Buffer.from(JSON.stringify(body));
    return [name, { bytes, sha256: sha(bytes) }];
  }));
  const notes = [...parts].map(([name, { bytes, sha256 }]) => ({ name, sha256, size_bytes: bytes.length, made_at, count: contents[name].items?.length, is_optional: OPTIONAL.has(name) }));
  const manifest = { version: `p-${notes.map((n) => n.sha256.slice(0, 4)).join('')}`, made_at, log_size: 4711, station_ids: p.station_ids, as_of: '2026-11-26', parts: notes, size_bytes: notes.reduce((sum, n) => sum + n.size_bytes, 0), rules: { ruleset_sha256: 'a'.repeat(64), boundary_version: '2019' }, person_id: p.person_id };
  return { manifest, parts, etag: `"${manifest.version}"` };
}
