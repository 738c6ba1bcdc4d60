/** 性质判别 on the wire: what the tables propose, why, what is missing, and what people decided. */
export interface Coded { code: string; label: string; note?: string | null }

export interface Judgement {
  as_of: string;
  tables_version: string;
  facts: { name: string; label: string; value: string; value_label?: string; why?: string; sources?: { seq: number }[] }[];
  proposal: Proposal | null;
  questions: { fact: string; label: string; reason?: string; text?: string; answers?: { label: string; verdict: string; verdict_label?: string }[] }[];
  trace: { table: string; table_label?: string; row: string; value: string; failed?: string | null; failed_label?: string | null }[];
  decision?: Decision | null;
  awaiting?: Decision | null;
  differences?: { member: string; label?: string; before: string; after: string }[];
  fines?: { label: string; text?: string; amount?: string | null }[];
  verdicts?: Coded[];
}

export interface Proposal {
  verdict: string;
  verdict_label?: string;
  disposal: string[];
  disposal_labels?: string[];
  severity?: string | null;
  severity_label?: string | null;
  deadline?: string | null;
  deadline_label?: string | null;
  basis: string[];
  citations?: string[];
  bodies: string[];
  body_labels?: string[];
  row: string;
  missing_facts: string[];
  warnings?: string[];
}

export interface Decision {
  seq: number;
  decided_by: string;
  verdict: string;
  verdict_label?: string;
  row?: string | null;
  judged_as_of: string;
  tables_version: string;
  is_override: boolean;
  reason?: string | null;
  second_reader?: string | null;
}
