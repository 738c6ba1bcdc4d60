/** Shapes on the wire, by their nouns: as the server's OpenAPI document has them, sharpened where it says only "object". */
import type { FeatureCollection, Geometry } from 'geojson';

import type { components } from './schema';

type Schemas = components['schemas'];
/** The generated type with some members said more exactly. */
export type With<T, M> = Omit<T, keyof M> & M;

export type Me = Schemas['Me'];
export type Post = Schemas['PostView'];
export type Label = Schemas['CodeView'];
export type Config = With<Schemas['ConfigView'], { amendable: Amendable[] }>;
/** An online source laid under the map; off unless the bureau configures one. */
export type Basemap = Schemas['Basemap'];
/** A layer of the office's own under the map. */
export type Background = Schemas['BackgroundView'];
/** A kind of import, the action that allows it, and what its form must ask. */
export type ImportKind = Schemas['ImportKindView'];
/** A fact a person may set; `list` names the code list of a coded one. */
export interface Amendable { field: string; label: string; kind: 'text' | 'number' | 'date' | 'code'; list?: string | null }
export interface LonLat { lon: number; lat: number }
/** A coordinate as it was read from any notation. */
export interface Converted extends LonLat { diagnostics?: { severity: string; message: string; hint?: string | null }[] }

export type SiteRow = Schemas['SiteRow'];
export type SiteList = Schemas['SiteList'];
export type FactRow = Schemas['FactView'];
export type Records = Record<string, unknown>[];
export type Dossier = With<
  Schemas['DossierView'],
  { shape?: Geometry | null; clues: Records; permits: Records; verifications: Records; carried_over: Records; determinations: Records; boundary_versions?: BoundaryVersion[] }
>;
/** 进度预测: how what remains goes at the pace of late. */
export type Forecast = Schemas['Forecast'];
/** An issue as the page of its site names it. */
export type IssueBrief = Schemas['IssueBrief'];
/** The site laid over one version of the boundary. */
export interface BoundaryVersion {
  version_name: string; valid_from?: string | null; valid_to?: string | null; approval?: string | null;
  is_current: boolean; zone_kind?: string | null; shares: Records;
}
export type Evidence = Schemas['EvidenceView'];
export type EvidenceAdded = Schemas['EvidenceAdded'];
export type TimelineItem = Schemas['TimelineItem'];
export type SiteDifference = Schemas['SiteDiffView'];

/** A missing fact: who can tell it, and the answers it may have. */
export type Question = With<Schemas['QuestionView'], { asked_of: string; is_day: boolean; answers: Label[] }>;
/** `disposals` are the measures an override may choose from, in the words of the tables. */
export type Judgement = With<Schemas['JudgementView'], { questions: Question[]; disposals?: Label[] }>;

export type LedgerPage = Schemas['LedgerPage'];
export type LedgerColumn = Schemas['GridColumn'];
export type LedgerLine = Schemas['GridRow'];
export type LedgerDifference = Schemas['LedgerDiffView'];
export type LedgerGroups = Schemas['LedgerGroups'];
export type PasteResult = Schemas['PasteResult'];

/** Where in a file something stands. */
export interface Place { file_name?: string; sheet?: string | null; layer?: string | null; row?: number | null; column?: string | null; feature?: number | null }
export type ClueRow = Schemas['ClueRow'];
export type ClueList = Schemas['ClueList'];
export type ClueView = With<Schemas['ClueView'], { shape?: Geometry | null; place: Place }>;
export type Match = With<Schemas['MatchView'], { shape?: Geometry | null }>;

export type Diagnostic = With<Schemas['DiagnosticView'], { place: Place }>;
export type Staged = With<
  Schemas['ImportView'],
  { shapes?: FeatureCollection | null; diagnostics: With<Schemas['DiagnosticsView'], { items: Diagnostic[] }> }
>;
export type Committed = Schemas['CommitView'];

export type Figure = Schemas['Figure'];
export type CrossFigure = Schemas['CrossFigure'];
export type Dashboard = Schemas['DashboardView'];
export type MilestoneProgress = Schemas['MilestoneProgress'];
export type WorkItem = With<Schemas['WorkItem'], { light: 'green' | 'amber' | 'red' }>;
export type Statistics = Schemas['StatisticsView'];
export type StatTable = Schemas['StatTableView'];
export type Ratio = Schemas['RatioView'];
export type Finding = Schemas['FindingView'];

export type Person = Schemas['PersonView'];
export type PersonAdded = Schemas['PersonAdded'];
export type Token = Schemas['TokenView'];
export type TokenAdded = Schemas['TokenAdded'];
export type Access = Schemas['AccessView'];
export type TotpProposal = Schemas['TotpProposal'];
export type Proof = Schemas['ProofView'];

export type LogPage = Schemas['LogPage'];
export type LogReport = Schemas['LogReport'];

export type Clause = Schemas['ClauseView'];
export type RuleTable = Schemas['TableView'];
