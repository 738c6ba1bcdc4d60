/** Shapes of rectification on the wire, by their nouns: as the server's OpenAPI document has them. */
import type { Geometry } from 'geojson';

import type { components } from './schema';
import type { Label } from './wire';

type Schemas = components['schemas'];

/** The members of an entry, whatever its kind. */
export type Body = Record<string, unknown>;
/** An entry that is kept: who, when, and what it says. */
export type Kept<T = object> = Pick<Schemas['Kept_IssueOpened'], 'entry_id' | 'seq' | 'occurred_at' | 'actor'> & T;
/** Something that waits for an answer, and the answer once it is there. */
export interface Answered<A = object, B = object> { recorded: Kept<A>; answer?: Kept<B> | null }

export type Light = Schemas['Light'];
export type Signature = Schemas['Signature'];
/** A code of the list of measures, with its unit. */
export type MeasureLabel = Label & { group?: string | null };
export type Quantity = Schemas['Quantity'];
export type PlanMeasure = Schemas['RectificationMeasure'];
export type MeasureDone = Schemas['MeasureDone'];
export type PhotoPair = Schemas['PhotoPair'];
export type LineCheck = Schemas['LineCheck'];
export type PlanDrafted = Schemas['PlanDrafted'];

export type Lack = Schemas['Lack'];
export type Deadline = Schemas['DeadlineView'];

export type IssueRow = Schemas['IssueRow'];
export type IssueList = Schemas['IssueList'];
export type IssueOpened = Schemas['IssueOpened'];
export type IssueProposal = Schemas['IssueProposal'];
export type IssueView = Schemas['IssueView'];
export type QuantityView = Schemas['QuantityView'];
export type MeasureView = Schemas['MeasureView'];
export type ChecklistLine = Schemas['ChecklistLine'];
export type RungView = Schemas['RungView'];
export type OpenStep = Schemas['OpenStepView'];
export type ActBrief = Schemas['ActBrief'];
export type ActReceipt = Schemas['ActReceipt'];

export type WorkEntry = Schemas['WorkEntry'];
export type WorkGroup = Schemas['WorkGroup'];
export type Worklist = Schemas['Worklist'];
export type Duties = Schemas['Duties'];
export type UrgingItem = Schemas['UrgingItem'];
export type UrgingList = Schemas['UrgingList'];
export type Draw = Schemas['LookBackDraw'];
export type LookBackPlan = Schemas['LookBackPlan'];

export type SuspicionRow = Schemas['SuspicionRow'];
export type SuspicionList = Schemas['SuspicionList'];
/** 复发疑似: the site as it was closed out, and what was seen on it since. */
type Relapse = Omit<Schemas['RelapseView'], 'site_shape' | 'clue_shape'> & { site_shape?: Geometry | null; clue_shape?: Geometry | null };
export type SuspicionView = Omit<Schemas['SuspicionView'], 'relapse'> & { relapse?: Relapse | null };
export type SuspectFile = Schemas['SuspectFileView'];
export type SuspectPair = Schemas['PairView'];
export type PairSide = Schemas['PairSideView'];
export type SuspicionCounts = Schemas['SuspicionCounts'];
export type SuspicionStatistics = Schemas['SuspicionStatistics'];
export type SuspicionRun = Schemas['RunView'];

export type IssueStatistics = Schemas['IssueStatisticsView'];
export type LessonList = Schemas['LessonList'];
export type PublicityList = Schemas['PublicityList'];
