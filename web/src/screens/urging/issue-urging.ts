import { post } from '@/api/client';
import type { UrgingItem } from '@/api/issues';
import { sentenceOf } from '@/ui/problem';

/** Whether a rung can be taken with one press: it is due, this post's, and its letter is written. */
export const isReady = (item: UrgingItem): boolean => item.is_due && item.is_mine && Boolean(item.letter_text && item.to && item.dates);

/** The entry that taking a rung makes: the letter as it stands today. */
export function urgingOf(item: UrgingItem): Record<string, unknown> {
  return { rung: item.kind, issued_by: item.issued_by_label, to_unit: item.to, issued_on: item.dates?.issued_on, answer_due_on: item.dates?.answer_due_on, text: item.letter_text };
}

export interface Outcome { issued: string[]; failed: { code: string; why: string }[] }

/** Takes one rung after the other; one that is refused keeps none of the others. */
export async function issueAll(items: readonly UrgingItem[], tell: (done: number) => void): Promise<Outcome> {
  const outcome: Outcome = { issued: [], failed: [] };
  for (const [n, item] of items.entries()) {
    try {
      await post(`/issues/${encodeURIComponent(item.issue.issue_id)}/acts`, { kind: 'urging.issued', body: urgingOf(item) });
      outcome.issued.push(item.issue.issue_id);
    } catch (problem) {
      outcome.failed.push({ code: item.issue.issue_code, why: sentenceOf(problem) });
    }
    tell(n + 1);
  }
  return outcome;
}
