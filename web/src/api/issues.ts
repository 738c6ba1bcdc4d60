/** Shapes of rectification on the wire, by their nouns; bodies of entries as `crates/domain/src/entries` has them. */
import type { Label, Ratio, StatTable } from './wire';

export type Light = 'green' | 'amber' | 'red';
export type Mark = 'V' | 'P' | 'D' | 'G';
/** The members of an entry, whatever its kind. */
export type Body = Record<string, unknown>;

/** An entry that is kept: who, when, and what it says. */
export interface Head { entry_id: string; seq: number; occurred_at: string; actor: string }
export type Kept<T = Body> = Head & T;
/** Something that waits for an answer, and the answer once it is there. */
export interface Answered<A = Body, B = Body> { recorded: Kept<A>; answer?: Kept<B> | null }

export interface Signature { post: string; unit?: string | null; account?: string | null }
/** A code of the list of measures, with its unit. */
export interface MeasureLabel extends Label { group?: string | null }
export interface Quantity { measure: string; value: number; stated?: string | null }
export interface PlanMeasure { sequence: number; content: string; quantities?: Quantity[]; unit?: string | null; person?: string | null; due_on?: string | null }
export interface MeasureDone { sequence: number; done_on?: string | null; text?: string | null; evidence: string[] }
export interface PhotoPair { before: string; after: string; before_azimuth_deg?: number | null; after_azimuth_deg?: number | null }
export interface LineCheck { line: string; is_met: boolean; remark?: string | null }
export interface ChainLink { level: string; is_after_notice?: boolean; signatures: number; units: number }
export interface ClosingRequirements {
  version: string; lines: string[]; line_values?: Record<string, string[]>; chain: ChainLink[]; notice_working_days: number; index: string[];
  needs_restored_area: boolean; viewpoint_tolerance_deg: number; extension_count: number; extension_days: number;
}

/** One thing a step lacks, in words. */
export interface Lack { fact: string; code: string; line?: string | null; line_label?: string | null; text: string; hint?: string | null }
export interface Due { timer: string; label: string; due_on: string; days_left: number; light: Light }
export interface Deadline extends Due { began_on: string; count?: number | null; unit?: string | null; clause?: string | null; mark?: Mark | null }
export interface LightCounts { green: number; amber: number; red: number; none: number }

export interface IssueRow {
  issue_id: string; issue_code: string; site_code: string; facility_name?: string | null; station_id?: string | null; station_label?: string | null;
  state: string; state_label: string; close_out_case: string; severity?: string | null; source_kind?: string | null; source_label?: string | null;
  description: string; responsible_unit: string; responsible_person?: string | null; supervising_unit?: string | null; area_lead?: string | null;
  opened_on: string; due_on?: string | null; next_deadline?: Due | null; light?: Light | null; is_overdue: boolean; is_focal: boolean; is_open: boolean;
  sides: string[]; percent?: number | null; waits: string[]; next_rung?: { kind: string; label: string; becomes_due_on: string; is_due: boolean } | null;
  reopens?: string | null; reopened_by?: string | null;
}
export interface IssueList { total: number; by_state: Record<string, number>; by_light: LightCounts; items: IssueRow[]; next_cursor?: string | null; as_of: string; log_size: number }

export interface IssueOpened {
  issue_code?: string | null; external_code?: string | null; characterization?: string | null; carried_over_from?: string | null; reopens?: string | null;
  source_kind: string; description: string; severity?: string | null; close_out_case: string; case_reason?: string | null; requirements: ClosingRequirements;
  responsible_unit: string; responsible_person?: string | null; supervising_unit?: string | null; area_lead?: string | null;
  found_on?: string | null; plan_due_on?: string | null; due_on?: string | null; band?: string | null; demand?: string | null;
}
export interface CaseChoice { code: string; label: string; text: string; clause?: string | null; mark: Mark; is_proposed: boolean; requirements: ClosingRequirements }
export interface IssueProposal {
  site_code: string; proposal: IssueOpened; cases: CaseChoice[]; case_finding?: { case: string; rule: string; reason: string; mark: Mark } | null;
  missing: Lack[]; deadlines: Deadline[]; based_on: number;
}

export interface PlanDrafted { target: string; disposal?: string[]; measures: PlanMeasure[]; due_on: string }
/** The fold of an issue as far as screens read single members; bodies are shown by the fields of their act. */
export interface Issue {
  id: string; state: string; opened: Kept<IssueOpened>; close_out_case: string; requirements: ClosingRequirements;
  responsible: { unit: string; person?: string | null; supervising_unit?: string | null; area_lead?: string | null };
  due_on?: string | null; amendments?: Kept[]; plan?: Kept<PlanDrafted> | null; reviews?: Kept[]; started?: Kept | null; progress?: Kept[]; extensions?: Answered[];
  reports?: Kept[]; completions?: Kept[]; acceptances?: Kept<{ level: string; result: string }>[]; notices?: Kept[]; objections?: Answered[]; close_out?: Kept | null;
  look_back_plans?: Kept[]; look_backs?: Kept[]; relapses?: Answered[]; urgings?: Answered<{ rung: string }>[]; penalties?: Kept[]; accountability?: Kept[];
  referrals?: Answered[]; suspicions?: Answered[]; lessons?: Kept[]; publicity?: Kept[]; sides?: string[]; reopened_by?: string | null;
}
export interface QuantityView { measure: string; label: string; unit_label: string; planned: number; done: number }
export interface MeasureView { sequence: number; content: string; unit?: string | null; person?: string | null; due_on?: string | null; quantities: QuantityView[]; has_evidence: boolean }
export interface ChecklistLine {
  line: string; label: string; clause?: string | null; is_unconfirmed: boolean; mark?: Mark; note?: string | null; evidence_kinds: string[]; values: string[];
  is_evidenced: boolean; entries: Kept[]; remark?: string | null;
}
export interface ChainView { level: string; label: string; authority?: string | null; signatures: number; units: number; is_after_notice: boolean; passed?: string | null }
export interface LetterDates { due_on: string; issued_on: string; answer_due_on: string; overdue_days: number }
export interface RungView {
  kind: string; label: string; days: number; unit: string; issued_by: string; issued_by_label: string; to: string; answer_days: number; letter: boolean;
  mark: Mark; note?: string | null; taken?: string | null;
}
export interface NextRung {
  kind: string; label: string; issued_by?: string; issued_by_label?: string; to?: string | null; becomes_due_on: string; is_due: boolean;
  dates?: LetterDates | null; letter_text?: string | null; may?: boolean;
}
export interface OpenStep { step: string; label: string; kind: string; action: string; may: boolean; is_own_work: boolean; missing: Lack[] }
export interface ActBrief { kind: string; label: string; action: string }
export interface VoidEntry { entry_id: string; kind: string; kind_label: string; step: string; step_label: string; from: string; code: string; text: string; missing: Lack[] }
export interface IssueView {
  issue_id: string; issue_code: string; site_code: string; facility_name?: string | null; station_id?: string | null; station_label?: string | null;
  version: number; as_of: string; log_size: number; today: string; state: string; state_label: string;
  strip: { state: string; label: string; reached_on?: string | null; is_current: boolean }[];
  light?: Light | null; is_overdue: boolean; is_focal: boolean; sides: string[]; issue: Issue; hidden?: string[];
  measures: MeasureView[]; quantities: QuantityView[]; spent_10k_yuan: number; percent?: number | null; checklist: ChecklistLine[]; chain: ChainView[];
  index: { number: number; code: string; label: string; is_needed: boolean; is_there: boolean }[];
  deadlines: Deadline[]; ladder: RungView[]; next_rung?: NextRung | null; open_steps: OpenStep[]; acts: ActBrief[]; void: VoidEntry[]; people: Record<string, string>;
}
export interface ActReceipt { receipt?: { entry_id: string; seq: number } | null; entry_id?: string | null; issue_id: string; issue_code: string; state: string; state_label: string; is_new: boolean }

export interface WorkEntry { issue?: IssueRow | null; site_code: string; facility_name?: string | null; due_on?: string | null; days_left?: number | null; light?: Light | null }
export interface WorkGroup { kind: string; label: string; action: string; count: number; lights: LightCounts; items: WorkEntry[] }
export interface Worklist { today: string; total: number; groups: WorkGroup[]; next_cursor?: string | null }

export interface DutyRow {
  issue_id: string; issue_code: string; site_code: string; facility_name?: string | null; station_label?: string | null; policy: string; task: string; target?: string | null;
  demand: string; due_on?: string | null; days_left?: number | null; light?: Light | null; progress: string; state: string; state_label: string;
  responsible_unit: string; responsible_person?: string | null; area_lead?: string | null;
}
export interface Duties {
  scope_label: string; as_of: string; today: string; holders: { post: string; label: string; unit: string; duty?: string | null }[];
  milestones: { id: string; name: string; text: string; from_on?: string | null; due_on: string; days_left: number; light: Light; deliverables: string[]; duty_labels: string[]; done?: number | null; total?: number | null }[];
  requirements: { number: string; text: string }[]; rows: DutyRow[]; total: number; determined?: number; overdue?: number; next_cursor?: string | null;
}

export interface UrgingItem {
  issue: IssueRow; kind: string; label: string; issued_by: string; issued_by_label: string; letter: boolean; answer_days: number; mark: Mark;
  to?: string | null; becomes_due_on: string; is_due: boolean; is_mine: boolean; dates?: LetterDates | null; letter_text?: string | null;
}
export interface UrgingList {
  today: string; total: number; by_rung: Record<string, number>; items: UrgingItem[];
  reminders: { issue: IssueRow; days_before: number; to: string; due_on: string }[]; next_cursor?: string | null;
}

export interface Draw { seed: string; percent: number; candidates: number; focal: number; drawn: { issue: IssueRow; method: string; risk: number }[] }
export interface LookBackPlan { planned: number; skipped: { issue_code: string; code: string; text: string }[] }

export interface SuspicionVerdict { verdict: string; verdict_label: string; reason: string; actor: string; judged_at: string }
export interface SuspicionRow {
  entry_id: string; seq: number; suspicion: string; suspicion_label: string; grade?: string | null; grade_label?: string | null; text: string; hint?: string | null;
  found_at: string; found_by: string; likeness?: number | null; site_code: string; facility_name?: string | null; station_id?: string | null; station_label?: string | null;
  issue_id: string; issue_code?: string | null; issue_state: string; issue_state_label: string; responsible_unit: string;
  other_sites: { site_code: string; facility_name?: string | null; is_visible: boolean }[];
  verdict?: SuspicionVerdict | null; stops: boolean; may_judge: boolean; own_work: boolean;
}
export interface SuspicionList {
  total: number; open: number; by_suspicion: Record<string, number>; by_grade: Record<string, number>; by_verdict: Record<string, number>;
  items: SuspicionRow[]; as_of: string; log_size: number;
}
export interface SuspectFile {
  sha256: string; file_name?: string | null; media_type?: string | null; taken_at?: string | null; lon?: number | null; lat?: number | null;
  azimuth_deg?: number | null; device?: string | null; distance_m?: number | null;
}
export interface TextPart { text: string; differs?: string | null }
export interface PairSide {
  site_code: string; facility_name?: string | null; issue_id?: string | null; entry_id?: string | null; entry_kind?: string | null; entry_kind_label?: string | null;
  occurred_at?: string | null; is_visible: boolean; photo?: SuspectFile | null; text?: { member: string; member_label?: string | null; parts: TextPart[] } | null;
}
export interface SuspectPair { what: string; likeness?: number | null; grade: string; grade_label?: string | null; turned?: string | null; own: PairSide; other: PairSide }
export interface SuspicionView {
  row: SuspicionRow; entries: { entry_id: string; kind: string; kind_label: string; occurred_at: string; actor: string; summary?: string | null }[];
  files: SuspectFile[]; pairs: SuspectPair[];
  relapse?: { clue_id?: string | null; batch_id?: string | null; overlap_area_m2?: number | null; overlap_share?: number | null; acquired_on?: string | null } | null;
  version: number; log_size: number;
}
export interface SuspicionCounts { found: number; open: number; judged: number; by_verdict: Record<string, number> }
export interface SuspicionStatistics {
  scope_label: string; as_of: string; total: SuspicionCounts;
  rows: (SuspicionCounts & { suspicion: string; suspicion_label: string; grade?: string | null; grade_label?: string | null })[];
  ratios: { id: string; label: string; numerator: number; denominator: number }[];
  by_station: SuspicionGroup[]; by_unit: SuspicionGroup[];
}
export interface SuspicionGroup { key?: string | null; label: string; found: number; open: number; fake: number }
export interface SuspicionRun {
  state: 'never' | 'running' | 'done' | 'failed'; stage?: string | null; stage_label?: string | null; done: number; total: number; dry_run: boolean;
  started_at?: string | null; finished_at?: string | null; started_by?: string | null; error?: { code: string; message: string } | null;
  outcome?: { found: number; photos: number; texts: number; issues_checked: number; findings?: { site_code: string; issue_code?: string | null; suspicion_label: string; grade: string; text: string }[] } | null;
}

export interface IssueStatistics {
  scope_label: string; as_of: string; tables: StatTable[]; ratios: Ratio[];
  quantities: { measure: string; label: string; unit_label: string; planned_printed: string; done_printed: string; issue_count: number }[];
  penalties: { penalty_count: number; amount_yuan: number; paid_yuan: number; head_count: number; referral_count: number }; overdue_site_codes: string[];
}
export interface LessonList { total: number; items: { issue_code?: string | null; site_code?: string | null; lesson: Kept }[] }
export interface PublicityList { total: number; items: { issue_code?: string | null; site_code?: string | null; publicity: Kept }[] }
