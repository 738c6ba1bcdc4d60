/** 驾驶舱 on the wire. */
export interface Figure { id: string; label: string; count: number; area_m2: number; list: string; query: string }
export interface CrossFigure { activity: string; activity_label: string; zone: string; zone_label: string; state: string; state_label: string; count: number; area_m2: number; query: string }
export interface MilestoneProgress { id: string; name: string; due_on: string; days_left: number; is_overdue: boolean; done?: number | null; total?: number | null; query?: string | null }
export interface Dashboard {
  scope_label: string;
  as_of: string;
  log_size: number;
  totals: Figure[];
  by_state: Figure[];
  by_zone: Figure[];
  by_activity: Figure[];
  by_station: Figure[];
  by_source: Figure[];
  focal: Figure[];
  focal_with_issue: Figure[];
  kind_zone_state: CrossFigure[];
  milestones: MilestoneProgress[];
  overdue: Figure;
  missed_reports: Figure;
  quality: Figure[];
}
export interface WorkItem { kind: string; label: string; count: number; list: string; query: string; light: 'green' | 'amber' | 'red'; due_on?: string | null }

/** Where a figure's list stands: its page, with the conditions that made the number. */
export function listOf(figure: { list?: string; query: string }, asOf?: string): { path: string; query: Record<string, string> } {
  const query: Record<string, string> = Object.fromEntries(new URLSearchParams(figure.query));
  if (figure.list === 'clues') {
    const { state, ...rest } = query;
    return { path: '/clues', query: { ...rest, ...(state ? { clue_state: state } : {}) } };
  }
  return { path: '/sites', query: { ...query, ...(asOf && asOf !== 'now' ? { as_of: asOf } : {}) } };
}
