import type { Clause } from '@/api/wire';

/** 沿革 — what a clause followed, and what followed it. */
export const versionsOf = (clause: Clause, all: readonly Clause[]) => ({
  before: all.filter((c) => c.successors.includes(clause.id)),
  after: all.filter((c) => clause.successors.includes(c.id)),
});

/** Clauses under the law they stand in, in the library's order. */
export function byLaw(clauses: readonly Clause[]): { law: string; clauses: Clause[] }[] {
  const laws = new Map<string, Clause[]>();
  for (const c of clauses) laws.set(c.law, [...(laws.get(c.law) ?? []), c]);
  return [...laws].map(([law, of]) => ({ law, clauses: of }));
}
